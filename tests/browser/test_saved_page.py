"""The page's own JavaScript, in a saved page: live without a kernel, the same arithmetic as Python, no text cut off."""

from __future__ import annotations

import json
import math
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from magics_pkg.graphs.linear import still
from magics_pkg.panel import spec
from magics_pkg.panel.page import content, page
from magics_pkg.style.format import MINUS, number
from tests import pictures
from tests.browser.page import View
from tests.browser.page import number as read
from tests.test_svg import draw

pytestmark = pytest.mark.browser

PICTURES = [
    pictures.drawing,
    pictures.squares,
    pictures.accumulated,
    pictures.large,
    pictures.special,
    pictures.hostile,
]
# Texts of the picture that stick out of their card or label, by more than a pixel.
STICKING_OUT = """() => [...document.querySelectorAll('[data-node], .label')].flatMap(group => {
  const box = group.querySelector('rect').getBoundingClientRect();
  return [...group.querySelectorAll('text')].filter(text => {
    const own = text.getBoundingClientRect();
    return own.left < box.left - 1 || own.right > box.right + 1 || own.top < box.top - 2 || own.bottom > box.bottom + 2;
  }).map(text => text.textContent); })"""
# Pairs of texts in one card or label that run over each other.
COLLIDING = """() => [...document.querySelectorAll('[data-node], .label')].flatMap(group => {
  const boxes = [...group.querySelectorAll('text')].map(text => [text.textContent, text.getBoundingClientRect()]);
  const meet = (p, q) =>
    p.left < q.right - 1 && q.left < p.right - 1 && p.top < q.bottom - 5 && q.top < p.bottom - 5;
  return boxes.flatMap(([a, p], i) => boxes.slice(i + 1).filter(([b, q]) => meet(p, q)).map(([b]) => [a, b])); })"""


def show(view: View, folder: Path, make: pictures.Made, **options: Any) -> View:
    """Open a saved page and wait until its script has drawn it."""
    graph, linear = make()
    path = folder / "page.html"
    path.write_text(page(content(graph, linear, draw(graph, linear), **options)), encoding="utf-8")
    view.page.goto(path.as_uri())
    view.wait_for(".backward-drawing svg")
    return view


def values(view: View) -> dict[str, str]:
    """Every number in the page that moves, by its name; fails where two places disagree."""
    script = "() => [...document.querySelectorAll('[data-value]')].map(e => [e.dataset.value, e.textContent])"
    found: dict[str, str] = {}
    for name, text in view.page.evaluate(script):
        assert found.setdefault(name, text) == text, name
    return found


def press(view: View, preset: str) -> None:
    """Press one of the buttons."""
    view.page.get_by_role("button", name=preset, exact=True).click()


def test_every_preset_shows_what_python_gets(view: View, tmp_path: Path) -> None:
    """Ones, one-hot, zeros, as written: every number in the page is the one that the rows give for that v."""
    graph, linear = pictures.drawing()
    show(view, tmp_path, pictures.drawing)
    for preset, v in [("ones", [1, 1, 1]), ("e₁", [0, 1, 0]), ("zeros", [0, 0, 0]), ("as written", [1, 0.5, -0.25])]:
        press(view, preset)
        shown, found = linear.shown(v), values(view)
        for quantity, offset in zip(graph.quantities, linear.offsets, strict=True):
            for place in range(3):
                name = f"{quantity.name}[{place}]"
                if name in found:
                    assert found[name] == number(float(shown[offset + place]))
        assert [found[f"v[{place}]"] for place in range(3)] == [number(each) for each in v]
        pressed = view.page.locator('[aria-pressed="true"]').all_text_contents()
        assert pressed == [preset]
    press(view, "random")
    found = values(view)
    v = [read(found[f"v[{place}]"]) for place in range(3)]
    assert read(found["x.grad[0]"]) == pytest.approx(linear.shown(v)[linear.offsets[0]], rel=6e-4)
    assert view.complaints == []


def test_any_number_can_be_typed(view: View, tmp_path: Path) -> None:
    """A readout takes a number beyond the range, with a comma, a true minus or an exponent; words change nothing."""
    show(view, tmp_path, pictures.first)
    for text, expected in [
        ("123.456", 246.912),
        (f"{MINUS}0.5", -1),
        ("1e-6", 2e-6),
        ("0,25", 0.5),
        ("hello", 0.5),
        ("", 0.5),
    ]:
        readout = view.page.get_by_role("textbox", name="v[1], type any number")
        readout.fill(text)
        readout.press("Enter")
        assert read(view.text("x.grad[1]")) == pytest.approx(expected, rel=1e-3)
        assert read(readout.text_content() or "") == pytest.approx(expected / 2, rel=1e-3)


def test_keys_move_a_slider_by_round_steps(view: View, tmp_path: Path) -> None:
    """An arrow key is a step of 0.01 from -2 to 2, 0.001 from -0.2 to 0.2; Page keys ten of them."""
    show(view, tmp_path, pictures.first)
    view.slider("v[1]").press("ArrowRight")
    assert view.text("v[1]") == "1.01"
    view.slider("v[1]").press("PageDown", times=2)
    assert view.text("v[1]") == "0.81"
    view.slider("v[0]").press("ArrowLeft")
    assert view.text("v[0]") == "0.099"
    assert view.text("x.grad[0]") == "0.198"


def test_the_sentence_spells_out_what_is_pointed_at(view: View, tmp_path: Path) -> None:
    """x.grad = Jᵀ v, and the entry under the pointer as a sum of products that follows the sliders."""
    show(view, tmp_path, pictures.drawing)
    said = view.page.locator(".backward-sentence")
    assert "x.grad = Jᵀ v" in (said.text_content() or "")
    view.page.locator('td[data-value="w.grad[1]"]').hover()
    assert (said.text_content() or "").endswith("w.grad[1] = ∂y[1]/∂w[1] · v[1] = −1.135 × 0.5 = −0.5677")
    press(view, "ones")
    assert (said.text_content() or "").endswith("= −1.135 × 1 = −1.135")
    show(view, tmp_path, pictures.accumulated)
    assert "x.grad = what it held + Jᵀ v" in (said.text_content() or "")
    assert (said.text_content() or "").endswith("= 0.2 + 2 × 0.1 = 0.4")
    show(view, tmp_path, pictures.squares)
    assert "x.grad = ∂out/∂x · v" in (said.text_content() or "")


def test_a_scalar_has_its_own_words(view: View, tmp_path: Path) -> None:
    """A scalar output has one weight, v, and no one-hot buttons."""
    show(view, tmp_path, pictures.squares)
    assert view.page.locator("[data-preset]").all_text_contents() == ["as written", "one", "zero", "random"]
    press(view, "zero")
    assert view.text("x.grad[0, 1]") == "0"


def test_a_large_v_keeps_what_only_a_kernel_could_change(view: View, tmp_path: Path) -> None:
    """Two of a thousand entries have sliders; the other numbers stay as written."""
    _, linear = pictures.large()
    show(view, tmp_path, pictures.large)
    assert view.page.get_by_role("slider").count() == 2
    before = values(view)
    view.slider("v[3]").press("ArrowRight")
    after = values(view)
    assert {name for name in before if before[name] != after[name]} == {"v[3]", "x.grad[3]"}
    press(view, "as written")
    assert values(view) == before
    assert before["v[2]"] == number(float(linear.v[2]))


def test_numbers_are_written_alike(view: View, tmp_path: Path) -> None:
    """JavaScript and Python write the same text for the same number, ties and limits included."""
    generator = random.Random(0)
    numbers = [generator.uniform(-1, 1) * 10.0 ** generator.randint(-320, 308) for _ in range(5000)]
    numbers += [generator.uniform(-1, 1) * 10.0 ** generator.randint(-10, 9) for _ in range(5000)]
    numbers += [generator.randint(-99999, 99999) / 2**place for place in range(12) for _ in range(100)]
    numbers += [10.0**power * (1 + sign * 1e-16) for power in range(-12, 12) for sign in (-2, 0, 3)]
    numbers += [9999.5, 99995.0, 999.95, 0.00099995, 1e7, 9999999.5, 1e-9, 5e-324, 1.7e308, 0.0]
    found = evaluate(view, tmp_path, "number", [[each] for each in numbers])
    assert found == [number(each) for each in numbers]
    assert evaluate(view, tmp_path, "number", [[None]], convert="() => [NaN]") == ["nan"]


def test_weights_are_read_alike(view: View, tmp_path: Path) -> None:
    """Python and JavaScript take the same v from a slider's value, to the last bit."""
    generator = random.Random(1)
    cases = []
    for _ in range(3000):
        reach = generator.choice([0.0002, 0.2, 1.0, 2.0, 5.0, 20.0, 1e3, 5e6])
        value = generator.uniform(-reach, reach)
        value = round(value, generator.randint(1, 8)) if generator.random() < 0.5 else value
        percent = (value + reach) * 100 / (2 * reach)
        cases.append([percent * (2 * reach) / 100 - reach, -reach, reach, [[reach / 2, 0.1]]])
    assert evaluate(view, tmp_path, "exact", cases) == [spec.exact(*case) for case in cases]  # type: ignore[arg-type]


def evaluate(view: View, folder: Path, name: str, calls: list[list[Any]], convert: str = "x => x") -> list[Any]:
    """Call a function of the page's modules with each of these lists of arguments."""
    path = folder / "empty.html"
    path.write_text("<!doctype html><title>modules</title>", encoding="utf-8")
    view.page.goto(path.as_uri())
    body = spec.script().replace("export default view;", f"window.tested = {name};")
    view.page.add_script_tag(content=body, type="module")
    view.page.wait_for_function("() => window.tested")
    code = f"text => JSON.parse(text).map(arguments => window.tested(...({convert})(arguments)))".replace(
        "arguments", "given"
    )
    return list(view.page.evaluate(code, json.dumps(calls)))


@pytest.mark.parametrize("make", PICTURES)
def test_no_text_is_cut_off_or_covered(view: View, tmp_path: Path, make: pictures.Made) -> None:
    """Every text lies inside its card and none over another, also for the widest numbers that v can make."""
    show(view, tmp_path, make)
    assert view.page.evaluate(STICKING_OUT) == []
    assert view.page.evaluate(COLLIDING) == []
    if view.page.get_by_role("textbox").count():
        readout = view.page.get_by_role("textbox").first
        for value in ("-0.00123456", "-1.23456e-7", "-1.23456e11"):
            readout.fill(value)
            readout.press("Enter")
            assert view.page.evaluate(STICKING_OUT) == []
            assert view.page.evaluate(COLLIDING) == []


def test_names_are_never_run(view: View, tmp_path: Path) -> None:
    """Names that look like code do nothing, in the picture, the tables, the notes and the code."""
    show(view, tmp_path, pictures.hostile, notes=pictures.HOSTILE)
    for node in view.page.locator("[data-node]").all():
        node.dispatch_event("pointerover")
    press(view, "random")
    assert view.complaints == []
    assert view.page.locator("main img, main script:not([type='application/json'])").count() == 0


def test_special_values(view: View, tmp_path: Path) -> None:
    """NaN and inf are shown as such, and leave the other numbers alone."""
    show(view, tmp_path, pictures.special)
    assert view.text("x.grad[0]") in ("nan", "inf")
    press(view, "e₁")
    assert view.text("x.grad[1]") == "1"


def test_edges_follow(view: View, tmp_path: Path) -> None:
    """Widths, signs and the background of the tables move with v, by the same rules as Python's."""
    from magics_pkg.pictures import svg

    graph, linear = pictures.drawing()
    show(view, tmp_path, pictures.drawing)
    press(view, "e₁")
    largest = svg.reference(
        [float(svg.strengths(linear)[0][edge.grad]) for edge in graph.edges if edge.grad is not None]
    )
    vector = np.array([1.0, 0, 1, 0])
    for edge in graph.edges:
        assert edge.grad is not None
        norm = math.sqrt(vector @ linear.gram[edge.grad] @ vector)
        total = float(linear.sums[edge.grad] @ vector)
        path = view.page.locator(f'[data-edge="{edge.id}"] path')
        assert path.get_attribute("class") == svg.sign_of(total, norm)
        assert float(path.get_attribute("stroke-width") or 0) == pytest.approx(svg.thickness(norm, largest), abs=0.011)
    signs = [
        view.page.locator(f'tfoot td[data-value="x.grad[{place}]"]').get_attribute("data-sign") for place in range(3)
    ]
    assert signs == ["none", "negative", "none"]


def test_keyboard_and_names(view: View, tmp_path: Path) -> None:
    """Every control has a name; the graph and each table are one tab stop, with arrow keys within."""
    show(view, tmp_path, pictures.drawing)
    unnamed = view.page.evaluate(
        "() => [...document.querySelectorAll('button, input, select, [tabindex=\"0\"]')].filter(e =>"
        " !e.textContent.trim() && !e.getAttribute('aria-label') && !e.getAttribute('title')).map(e => e.outerHTML)"
    )
    assert unnamed == []
    assert view.page.locator('[data-node][tabindex="0"]').count() == 1
    view.page.locator('[data-node][tabindex="0"]').press("ArrowDown")
    assert view.page.evaluate("() => document.activeElement.dataset.node") == "n1"
    assert view.page.locator("[data-node].lit").count() == 1
    assert "w" in (view.page.evaluate("() => document.activeElement.getAttribute('aria-label')"))


def test_one_patch_is_quick(view: View, tmp_path: Path) -> None:
    """With 100 cards a slider's change is on the page within 3 ms (median of 30)."""
    show(view, tmp_path, lambda: pictures.chain(100, 3, branch=True))
    view.slider("v[0]").locator.focus()
    times = view.page.evaluate(
        """() => { const slider = document.querySelector('input[type=range]'), times = [];
        for (let i = 0; i < 35; i++) { const key = i % 2 ? 'ArrowLeft' : 'ArrowRight';
          const begin = performance.now();
          slider.dispatchEvent(new KeyboardEvent('keydown', {key, bubbles: true, cancelable: true}));
          times.push(performance.now() - begin); }
        return times.slice(5).sort((a, b) => a - b); }"""
    )
    assert times[len(times) // 2] <= 3


def test_a_page_where_nothing_moves(view: View, tmp_path: Path) -> None:
    """A page of a cell that raised has no v, so no column of weights with nothing in it."""

    def make() -> tuple[Any, Any]:
        graph, _ = pictures.drawing()
        return still(graph, {})

    show(view, tmp_path, make)
    assert view.page.locator(".backward-weights").count() == 0
    grid = view.page.locator(".backward-grid").bounding_box()
    shown = view.page.locator(".backward-graph").bounding_box()
    assert grid is not None
    assert shown is not None
    assert shown["x"] == pytest.approx(grid["x"], abs=2), "the picture begins where the page does"
    assert view.complaints == []
