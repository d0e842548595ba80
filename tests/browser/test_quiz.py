"""`--quiz`: nothing tells a gradient before its guess, typed or dragged; a wrong guess hears what it left out."""

from __future__ import annotations

import itertools
import random
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from playwright.sync_api import Browser

from magics_pkg.style.format import MINUS, number
from tests import cells
from tests.browser.page import NotebookView, View
from tests.browser.test_drawers import READY
from tests.browser.test_live import SETUP
from tests.browser.test_saved_page import evaluate

pytestmark = pytest.mark.browser

X = "x = torch.tensor([0.53, -1.27, 2.09], requires_grad=True)\n"
CELL = (
    X + "(x * 3.17).sum().backward()\ny = torch.tanh(x) * x + x ** 2 / 3\ny.backward(torch.tensor([1.03, 0.57, -0.29]))"
)
# Whatever a person may see or hear of a page: its visible texts, and the texts of its attributes.
TOLD = """() => {
  const texts = [], walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node; (node = walker.nextNode()); ) {
    const element = node.parentElement;
    if (element.closest('script, style') || !element.checkVisibility({checkVisibilityCSS: true})) continue;
    texts.push(node.data);
  }
  for (const element of document.body.querySelectorAll('*'))
    for (const name of ['aria-label', 'aria-valuetext', 'title', 'alt', 'data-value'])
      if (element.hasAttribute(name)) texts.push(element.getAttribute(name));
  return texts; }"""
EDGES = """() => [...document.querySelectorAll('[data-edge] path')].map(path => {
  const {stroke, strokeWidth, strokeDasharray} = getComputedStyle(path);
  return [stroke, strokeWidth, strokeDasharray].join(' '); })"""


def saved(folder: Path, library: str, source: str) -> tuple[Path, dict[str, Any]]:
    """A quiz as a page, and what the cell has left; with the numbers of every gradient that the panel knows."""
    path = folder / f"{library}.html"
    with cells.shell(library) as shell:
        ran = cells.run(shell, f"%%backward --quiz -o e --save {path}\n{source}")
        assert ran.error is None, ran.printed
        made = shell.user_ns["e"]
        graph, session = made.graph, made._session
        known = {}
        for quantity, offset in zip(graph.quantities, session.linear.offsets, strict=True):
            for place in range(len(quantity.indices)):
                known[quantity.name, place] = float(session.shown()[offset + place])
        weights = {number(float(each)) for each in session.v.reshape(-1)}
        return path, {"known": known, "weights": weights, "text": repr(made), "html": made.bundle()["text/html"]}


def open_page(view: View, path: Path) -> View:
    """Open a quiz."""
    view.page.goto(path.as_uri())
    view.wait_for(".backward-guess")
    return view


def guess(view: View, value: float) -> str:
    """Type a guess; what is said of it."""
    box = view.page.locator(".backward-guess input[type=text]")
    box.fill(repr(value))
    box.press("Enter")
    return view.page.locator(".backward-verdict").inner_text()


def test_nothing_tells_a_gradient(view: View, browser: Browser, tmp_path: Path, library: ModuleType) -> None:
    """No text, name, colour or width of a page does, with its script or without; nor do the text and the table."""
    path, truth = saved(tmp_path, library.__name__, CELL)
    secret = {number(each) for each in truth["known"].values()} - truth["weights"]
    assert len(secret) > 10
    open_page(view, path)
    told = view.page.evaluate(TOLD)
    words = {word.strip("[](),;") for text in told for word in text.split()}
    assert not secret & words
    assert len(set(view.page.evaluate(EDGES))) == 1
    view.page.locator("[data-node]").first.click()
    assert view.page.locator(".backward-inspect").count() == 0
    view.page.locator("[data-drawer=quiz]").click()  # it closes, and nothing else opens or shows
    view.page.locator("[data-node]").first.click()
    assert view.page.locator(".backward-drawer > *").count() == 0
    assert not secret & {word.strip("[](),;") for text in view.page.evaluate(TOLD) for word in text.split()}
    context = browser.new_context(java_script_enabled=False)
    still = context.new_page()
    still.goto(path.as_uri())
    text = still.locator("main").inner_text()
    context.close()
    for shown in (text, truth["text"].replace("-", MINUS), truth["html"].replace("-", MINUS)):
        assert not secret & {word.strip("[](),;<>/") for word in shown.split()}
        assert "a quiz" in shown
    view.page.locator("[data-drawer=quiz]").click()
    view.page.get_by_role("button", name="show everything").click()
    assert len(set(view.page.evaluate(EDGES))) > 1
    assert secret & {word for text in view.page.evaluate(TOLD) for word in text.split()}
    assert view.complaints == []


def test_a_guess_is_dragged(view: View, tmp_path: Path) -> None:
    """The slider beside the box is named after its entry, works by keys and mouse, and box and slider are in step."""
    path, truth = saved(tmp_path, "engine", CELL)
    open_page(view, path)
    box = view.page.locator(".backward-guess input[type=text]")
    slider = view.slider("guess x.grad[0]")
    far = float(slider.locator.get_attribute("max") or 0)
    assert slider.locator.get_attribute("aria-valuetext") == "no guess yet"
    slider.press("Enter")
    assert box.get_attribute("aria-invalid") == "true"
    slider.press("ArrowRight", times=3)
    assert float(box.input_value()) == pytest.approx(3 * far / 200)
    assert slider.locator.get_attribute("aria-valuetext") == box.input_value()
    box.fill(f"{MINUS}1,5")
    assert float(slider.locator.input_value()) == pytest.approx(-1.5)
    box.fill(str(3 * far))
    assert float(slider.locator.get_attribute("max") or 0) >= 3 * far
    slider.drag(0.9)
    assert float(box.input_value().replace(MINUS, "-")) > 0
    right = truth["known"]["x.grad", 0]
    step = float(slider.locator.get_attribute("step") or 0)
    at = float(slider.locator.input_value())
    slider.press("ArrowLeft" if at > right else "ArrowRight", times=round(abs(at - right) / step))
    slider.press("Enter")
    said = view.page.locator(".backward-verdict").inner_text()
    assert said == f"Right: x.grad[0] = {number(right)}"
    assert view.text("x.grad[0]") == number(right)
    assert view.page.locator("tfoot [data-value='x.grad[0]']").is_visible()
    assert view.text("x.grad[1]") == "?"
    assert view.slider("guess x.grad[1]").locator.get_attribute("aria-valuetext") == "no guess yet"
    assert box.input_value() == ""
    assert view.complaints == []


def program(generator: random.Random) -> tuple[str, list[tuple[list[str], float]], float]:
    """A random small graph of sums of multiples: its text, its paths with the product along each, and what was held.

    The products are multiplied here, along the program's own lines; nothing of the magic's takes part."""
    count = generator.randint(2, 4)
    names = ["x", *[f"n{place}" for place in range(count)]]
    lines, parents = ["x = torch.tensor(1.5, requires_grad=True)"], {}
    held = generator.choice([0.0, 0.0, 7.25])
    if held:
        lines.append(f"(x * {held}).backward()")
    for place, name in enumerate(names[1:], 1):
        used = generator.sample(names[:place], min(place, generator.randint(1, 2)))
        used = used if names[place - 1] in used else [names[place - 1], *used[1:]]
        parents[name] = [(each, generator.choice([-1, 1]) * generator.randint(2, 9)) for each in used]
        lines.append(f"{name} = " + " + ".join(f"{each} * {factor}" for each, factor in parents[name]))
    weight = generator.choice([1.0, -0.5, 3.0])
    lines.append(f"{names[-1]}.backward(torch.tensor({weight}))")
    paths: list[tuple[list[str], float]] = []

    def walk(name: str, way: list[str], product: float) -> None:
        if name == "x":
            paths.append((way, product))
        for parent, factor in parents.get(name, ()):
            walk(parent, [*way, parent], product * factor)

    walk(names[-1], [names[-1]], weight)
    return "\n".join(lines), paths, held


def explanations(paths: list[tuple[list[str], float]], held: float, gap: float) -> list[tuple[int, ...]]:
    """Every smallest choice of terms that makes up a gap exactly."""
    values = [value for _, value in paths] + ([held] if held else [])
    for size in range(1, len(values)):
        found = [
            each
            for each in itertools.combinations(range(len(values)), size)
            if abs(sum(values[place] for place in each) - gap) < 1e-9
        ]
        if found:
            return found
    return []


@pytest.mark.parametrize("seed", range(4))
def test_what_a_guess_leaves_out(view: View, tmp_path: Path, library: ModuleType, seed: int) -> None:
    """In random graphs a guess without some of the paths hears of just these, in a page that has no kernel."""
    source, paths, held = program(random.Random(seed))
    path, truth = saved(tmp_path, library.__name__, source)
    right = held + sum(value for _, value in paths)
    assert truth["known"]["x.grad", 0] == pytest.approx(right)
    open_page(view, path)
    if abs(right) < 1e-9:
        right = 0.0
    for size in range(1, len(paths)):
        for out in itertools.islice(itertools.combinations(range(len(paths)), size), 8):
            gap = sum(paths[place][1] for place in out)
            if abs(gap) <= 0.02 * abs(right) or gap == 0:
                continue  # as good as right
            said = guess(view, right - gap)
            share = f", {number(100 * abs(gap / right))} %" if right else ""
            assert said.startswith(f"Off by {number(abs(gap))}{share}.")
            wanted = explanations(paths, held, gap)
            assert any(set(each) == set(out) for each in wanted) or all(len(each) < size for each in wanted)
            told = [
                tuple(each for each in way.split(" → ") if each == "x" or each[0] == "n")
                for way in view.page.locator(".backward-way").all_text_contents()
            ]
            named = [[tuple(paths[place][0]) for place in each if place < len(paths)] for each in wanted[:3]]
            assert sorted(told) == sorted(itertools.chain(*named)), (said, wanted)
            assert ("what it held" in said) == any(len(paths) in each for each in wanted[:3]) or len(wanted) == 1
    assert guess(view, right).startswith("Right: x.grad = ")
    assert view.complaints == []


def test_chance_is_no_explanation(view: View, tmp_path: Path) -> None:
    """Of random wrong guesses only those are explained whose gap some of the paths make up within a tenth."""
    generator = random.Random(5)
    cases = []
    for _ in range(300):
        values = [generator.choice([-1, 1]) * 10 ** generator.uniform(-2, 2) for _ in range(generator.randint(1, 6))]
        cases.append([values, sum(values) + generator.uniform(-1, 1) * max(map(abs, values))])
    explained = 0
    for (values, given), found in zip(cases, evaluate(view, tmp_path, "leftOut", cases), strict=True):
        gap = sum(values) - given
        explained += bool(found)
        for places in found:
            assert 0 < len(places) < len(values)
            assert sum(values[place] for place in places) == pytest.approx(
                gap, rel=0.1, abs=2e-6 * max(map(abs, values))
            )
    assert explained < 20


def test_answers_outlive_a_redrawing(open_lab: Any, library: ModuleType) -> None:
    """A panel drawn anew, with a function opened, keeps what was answered, and hides the rest."""
    made = "def f(a):\n    return torch.tanh(a) * a\n" + X
    cell = "%%backward --quiz --depth 0 -o e\ny = f(x) + f(x * 2)\ny.backward(torch.ones(3))"
    view: NotebookView = open_lab([SETUP.format(library.__name__), made, cell])
    view.run_all()
    view.wait_for(READY)
    right = float(view.execute("print(float(x.grad[0]))"))
    assert guess(view, right).startswith("Right: x.grad[0]")
    view.execute("e.open('f()')")
    view.wait_for('[data-fold="f()"]')
    assert view.text("x.grad[0]") == number(right)
    assert view.text("x.grad[1]") == "?"
    assert view.page.locator(".backward-quiz > .backward-where").text_content() == "1 of 3 right, 2 to go"
    assert len(set(view.page.evaluate(EDGES))) == 1
    assert view.complaints == []
