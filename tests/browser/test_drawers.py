"""What stands under the picture, opened and moved as a person does, in JupyterLab and in a saved page."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.browser.page import NotebookView, number
from tests.browser.test_live import PROGRAM, SETUP, WRITTEN

pytestmark = pytest.mark.browser

READY = '.backward-panel[data-state="ready"]'
CELL = "%%backward -o e {}\n" + PROGRAM.format(v=WRITTEN)


def said(view: Any) -> list[list[str]]:
    """The open step: each row's label and numbers."""
    return [
        [cell.text_content() or "" for cell in row.locator("th, .backward-entry, .backward-rule").all()]
        for row in view.page.locator(".backward-step tr").all()
    ]


def title(view: Any) -> str:
    """The card that the open step is about."""
    return view.page.locator(".backward-step-title b").text_content() or ""


def walk(view: Any) -> list[str]:
    """Every step's card, by keyboard."""
    forward = view.page.get_by_role("button", name="step forward")
    count = int((view.page.locator(".backward-player .backward-where").text_content() or "").split("/")[1])
    titles = [title(view)]
    for _ in range(count - 1):
        forward.press("Enter")
        titles.append(title(view))
    return titles


def test_steps(open_lab: Any, library: ModuleType) -> None:
    """`--step` opens them: from v to the leaves, each number that of the moment, under the sliders too."""
    view: NotebookView = open_lab([SETUP.format(library.__name__), CELL.format("--step")])
    view.run_all()
    view.wait_for(READY)
    assert title(view) == "y"
    assert said(view)[0] == ["starts with v", "1", "0.5", "−0.25"]
    titles = walk(view)
    assert titles[0] == "y"
    assert set(titles[-2:]) <= {"x", "w"}
    x = title(view) if title(view) == "x" else None
    if x is None:
        view.page.locator('[data-node]:has(.name:text-is("x"))').first.click()
    assert title(view) == "x"
    rows = said(view)
    assert rows[-1][0] in (".grad", "held + new = .grad")
    assert rows[-1][1:] == [view.text(f"x.grad[{place}]") for place in range(3)]
    parts = [[number(each) for each in row[1:]] for row in rows if row[0].startswith(("arrives", "+ from"))]
    assert [sum(each) for each in zip(*parts, strict=True)] == pytest.approx(list(map(number, rows[-1][1:])), rel=2e-3)
    view.slider("v[0]").press("ArrowRight", times=7)
    view.wait_text("v[0]", view.text("v[0]"))
    assert said(view)[-1][1:] == [view.text(f"x.grad[{place}]") for place in range(3)]
    view.page.locator('[data-drawer="steps"]').click()
    assert not view.page.locator(".backward-step").count()
    assert not view.page.locator("svg.walking").count()
    assert view.complaints == []


TALL = "torch.manual_seed(0)\nx = torch.randn(3, 3, requires_grad=True)\nh = x\n" + "h = torch.tanh(h @ x)\n" * 12
SEEN = """card => {
  const [own, room] = [card, card.closest('.backward-drawing')].map(each => each.getBoundingClientRect());
  return own.top >= room.top - 1 && own.bottom <= room.bottom + 1; }"""


def test_a_tall_picture_follows(open_lab: Any) -> None:
    """The card of each step, and the one whose code is chosen, comes into sight in the picture; the page stays."""
    view: NotebookView = open_lab([SETUP.format("engine"), f"%%backward\n{TALL}h.backward(torch.ones(3, 3))"])
    view.run_all()
    view.wait_for(READY)
    figure = view.page.locator(".backward-drawing")
    room, whole = figure.evaluate("e => [e.clientHeight, e.scrollHeight]")
    assert whole > 1.5 * room
    view.page.locator('[data-drawer="steps"]').click()
    forward = view.page.get_by_role("button", name="step forward")
    count = int((view.page.locator(".backward-player .backward-where").text_content() or "").split("/")[1])
    forward.scroll_into_view_if_needed()
    stands = forward.bounding_box()
    scrolled = set()
    for _ in range(count - 1):
        forward.press("Enter")
        now = figure.locator("[data-node].now")
        assert now.last.evaluate(SEEN) or now.first.evaluate(SEEN), title(view)
        scrolled.add(figure.evaluate("e => e.scrollTop"))
    assert len(scrolled) > 2
    assert forward.bounding_box() == stands
    view.page.locator('[data-drawer="inspect"]').click()
    for place in (-1, 0):
        view.page.locator(".backward-piece").nth(place).click()
        assert figure.locator("[data-node].pinned").first.evaluate(SEEN)


def test_steps_in_a_saved_page(open_lab: Any, view: Any, tmp_path: Path, library: ModuleType) -> None:
    """The same without a kernel."""
    notebook: NotebookView = open_lab([SETUP.format(library.__name__), CELL.format("--quiet --step")])
    notebook.run_all()
    page = tmp_path / "steps.html"
    notebook.execute(f"e.save({str(page)!r})")
    view.page.goto(page.as_uri())
    view.wait_for(".backward-step")
    assert walk(view)[0] == "y"
    play = view.page.get_by_role("button", name="play")
    play.click()
    view.page.wait_for_function(
        "() => document.querySelector('.backward-player .backward-where').textContent[0] !== '1'"
    )
    assert view.complaints == []


def test_jacobian(open_lab: Any, library: ModuleType) -> None:
    """Rows follow v; an entry's paths come from the kernel and add up to it; by keyboard too."""
    view: NotebookView = open_lab([SETUP.format(library.__name__), CELL.format("")])
    view.run_all()
    view.wait_for(READY)
    view.page.locator('[data-drawer="jacobian"]').click()
    cells = view.page.locator(".backward-heat td")
    assert cells.count() == 9
    assert [number(cells.nth(place).text_content() or "") for place in (1, 2)] == [1.0, 1.0]
    look = "e => [e.dataset.sign, getComputedStyle(e).backgroundColor]"
    before = cells.nth(6).evaluate(look)
    assert before[0] == "negative"  # v[2] is
    view.slider("v[2]").drag(0.95)
    view.settled()
    assert cells.nth(6).evaluate(look)[0] == "positive"
    cells.nth(0).press("ArrowDown")
    view.page.locator(".backward-heat td:focus").press("Enter")
    rows = view.page.locator(".backward-paths tbody tr")
    rows.first.wait_for()
    assert rows.count() == 1
    assert (rows.first.locator("td").nth(0).text_content() or "").startswith("y → ")
    assert view.page.locator(".backward-told").text_content().startswith("∂y[1]/∂x[0] = 1")
    cells.nth(0).click()
    view.page.wait_for_function("() => document.querySelectorAll('.backward-paths tbody tr').length === 3")
    parts = [number(each.text_content() or "") for each in view.page.locator(".backward-product").all()]
    assert sum(parts[:-1]) == pytest.approx(parts[-1], rel=1e-3)
    assert parts[-1] == pytest.approx(number(cells.nth(0).text_content() or ""), rel=1e-3)
    assert view.complaints == []


STOP = """() => {
  if (!(document.querySelector(".backward-more progress")?.value > 100)) return false;
  [...document.querySelectorAll(".backward-more button")].find((each) => each.textContent === "stop").click();
  return true;
}"""


def test_jacobian_of_a_large_output(open_lab: Any, library: ModuleType) -> None:
    """Its rows are computed when asked for; stopping keeps those that are there."""
    cell = (
        "%%backward -o e\ntorch.manual_seed(0)\nx = torch.randn(40, requires_grad=True)\n"
        "y = torch.tanh(torch.randn(2000, 40) @ x)\ny.backward(torch.ones(2000))"
    )
    view: NotebookView = open_lab([SETUP.format(library.__name__), cell])
    view.run_all()
    view.wait_for(READY)
    view.page.locator('[data-drawer="jacobian"]').click()
    assert view.page.locator(".backward-heat tbody tr").count() == 16
    view.page.get_by_role("button", name="compute the other 1984 rows").click()
    view.page.locator(".backward-more progress").wait_for()
    view.page.wait_for_function(STOP)  # from outside a click may come after the last row
    canvas = view.page.locator(".backward-map canvas")
    rows = int(canvas.get_attribute("height") or 0)
    assert 100 < rows < 2000
    view.page.get_by_role("button", name="compute the other").wait_for()
    canvas.hover(position={"x": 5, "y": 5})
    told = view.page.locator(".backward-told").text_content() or ""
    flat = int(told.split("y[")[1].split("]")[0])
    column = int(told.split("x[")[1].split("]")[0])
    right = float(view.execute(f"print(e.jacobian['x'][{flat}, {column}])"))
    assert number(told.split(" = ")[1].split(",")[0]) == pytest.approx(right, rel=1e-3, abs=1e-6)
    assert view.complaints == []


def test_passes(open_lab: Any, library: ModuleType) -> None:
    """Each call is a row, chosen by pointer or keys; what it added, held and left."""
    cell = (
        "%%backward\nx = torch.tensor([2., 2., 2.], requires_grad=True)\ny = x * 2\nv = torch.tensor([0.1, 1., 10.])\n"
        "y.backward(v, retain_graph=True)\nx.grad.zero_()\ny.backward(v, retain_graph=True)\ny.backward(v)"
    )
    view: NotebookView = open_lab([SETUP.format(library.__name__), cell])
    view.run_all()
    view.wait_for(READY)
    view.page.locator('[data-drawer="passes"]').click()
    rows = view.page.locator(".backward-pass")
    assert [row.locator("td .backward-entry").all_text_contents() for row in rows.all()] == [["0.2", "2", "20"]] * 3
    assert view.page.locator(".backward-between").all_text_contents() == ["x.grad set to zero"]
    side = view.page.locator(".backward-side tr")
    assert [row.locator(".backward-entry").all_text_contents() for row in side.all()] == [
        ["0.2", "2", "20"], ["0.2", "2", "20"], ["0.4", "4", "40"],
    ]  # fmt: skip
    rows.first.focus()
    assert view.page.locator(".backward-side tr").count() == 1
    rows.first.press("ArrowDown")
    assert rows.nth(1).get_attribute("aria-selected") == "true"
    assert view.complaints == []


def test_quiz(open_lab: Any, library: ModuleType) -> None:
    """Nothing gives a gradient away before its guess; a wrong one hears how far off it is, and what it left out."""
    view: NotebookView = open_lab([SETUP.format(library.__name__), CELL.format("--quiz")])
    view.run_all()
    view.wait_for(READY)
    grads = view.page.locator('.backward-panel [data-at]:not([data-value^="v"])')
    assert set(grads.all_text_contents()) == {"?"}
    assert not view.page.locator(".backward-gradients tbody td").first.is_visible()
    truth = eval(view.execute("print(x.grad.tolist(), w.grad.tolist(), sep=',')"))
    guess = view.page.locator(".backward-guess input[type=text]")

    def answer(number: float) -> str:
        guess.fill(f"{number:.5g}")
        guess.press("Enter")
        return view.page.locator(".backward-verdict").inner_text()

    guess.fill("a lot")
    guess.press("Enter")
    assert guess.get_attribute("aria-invalid") == "true"
    square = 2 * 0.5 / 3 * WRITTEN[0]  # what goes by way of x ** 2 / 3
    said = answer(truth[0][0] - square)
    assert said.startswith("Off by 0.3333")
    assert "It leaves out the path y → + → ÷ 3 → x² → x." in said
    assert "with every weight 1" in answer(float(view.execute("print(e.jacobian['x'][:, 0].sum())")))
    assert "the sign is not" in answer(-truth[0][0])
    for leaf, name in enumerate("xw"):
        for place in range(3):
            assert answer(truth[leaf][place]).startswith(f"Right: {name}.grad[{place}] = ")
            assert view.text(f"{name}.grad[{place}]") != "?"
    assert view.page.locator(".backward-quiz > .backward-where").text_content() == "6 of 6 right"
    assert "?" not in grads.all_text_contents()
    assert view.page.locator(".backward-gradients tbody td").first.is_visible()
    assert view.complaints == []
