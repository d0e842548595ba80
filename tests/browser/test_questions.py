"""The fourteen questions that people ask: for each, what the panel under one cell says and draws, in JupyterLab."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import nbformat
import pytest
from playwright.sync_api import Browser, Locator

from tests.browser.conftest import opener
from tests.browser.page import NotebookView

NOTEBOOK = Path(__file__).resolve().parents[2] / "docs" / "questions.ipynb"


@dataclass(frozen=True)
class Lesson:
    """What one panel must show: sentences of its notes, remarks by the card's name, and how many edges are cut."""

    question: str
    says: tuple[str, ...]
    marks: tuple[tuple[str, str], ...] = ()  # card, class
    remarks: tuple[str, ...] = ()
    severed: int = 0


LESSONS = (
    Lesson("1", ("v says how much each entry of y counts",)),
    Lesson("1, without v", ("y has 3 entries", "torch.ones_like(y)"), (("y", "error"),)),
    Lesson("2", ("line 4 freed what x ** 2 had saved", "retain_graph=True"), (("x²", "freed"), ("y", "error")),
           ("freed in line 4",)),
    Lesson("3", ("added to what was there: [2, 4]", "zero_grad()"), (("x", "held"),), ("held [2, 4] before",)),
    Lesson("4", ("x has requires_grad=True, but x ** 2 in line 4 cuts the path to y",), (("y", "error"),), severed=1),
    Lesson("5", ("y += 1 in line 4 wrote over a value that torch.exp(x) had saved", "version 0 was saved"),
           (("y #1", "saved"), ("y", "error")), ("saved version 0 of y", "wrote over it: version 1, not 0")),
    Lesson("5, on a leaf", ("x is a leaf", "x += 1 in line 4 tried to"), (("+= 1", "error"),)),
    Lesson("6", ("h.grad is None: h is no leaf", "h.retain_grad()"), (("h", "missing"),), (".grad is None: no leaf",)),
    Lesson("6, overwritten", ("the name w now stands for the result of w * 3 in line 3", "made in line 2"),
           (("w", "missing"),), ("the name w now stands for something else",)),
    Lesson("7", ("h.detach() in line 6 cuts the path", "x + 1 in line 5 was computed without a graph",
                 "x.data in line 6 cuts", "h.clone() in line 6 is a copy that stays in the graph"),
           (("k", "cut"), ("x.data", "cut"), ("h.detach()", "cut")),
           ("cut by detach", "computed without a graph", "a copy, still in the graph"), severed=3),
    Lesson("8", ("torch.sqrt(x) in line 3 made the first NaN gradient", "at x[0] = 0 it got 0", "0 × inf is NaN"),
           (("√", "bad"),), ("the first NaN gradient",)),
    Lesson("9", ("v is z itself, and y is z: J is the identity",), (("z", "v"),), ("v is z itself",)),
    Lesson("10", ("v is 1 at y[0] and 0 elsewhere", "one vector-Jacobian product")),
    Lesson("11", ("g is itself a gradient", "a second derivative", "made a graph of its own"), (("g", "gradient"),)),
    Lesson("11, times a vector", ("g is itself a gradient", "in line 4 made a graph of its own"), (("g", "gradient"),)),
    Lesson("11, through a step", ("g is itself a gradient", "in line 4 made a graph of its own"), (("g", "gradient"),)),
    Lesson("11, without a graph", ("came from autograd.grad in line 4 without create_graph=True",), severed=1),
    Lesson("12", ("y.grad_fn is SumBackward0", "AccumulateGrad"), (("x", "accumulate"),), ("AccumulateGrad",)),
    Lesson("13", ("u got no gradient", "None, which is not zero", "w.grad is 0 and not None"),
           (("u", "none"), ("w", "zero")), ("None: no path to y", "0, not None")),
    Lesson("14", ("changed the gradient of h: [6, 12] came in, [60, 120] went on", "retain_grad() keeps its gradient"),
           (("h", "hook"),), ("hook: <lambda> · kept by retain_grad()",)),
)  # fmt: skip


@pytest.fixture(scope="module")
def asked(lab: Any, browser: Browser, request: pytest.FixtureRequest, library: ModuleType) -> NotebookView:
    """The notebook of the questions, run on each library."""
    cells = [cell for cell in nbformat.read(NOTEBOOK, as_version=4).cells if cell.cell_type == "code"]
    view = opener(lab, browser, request)(
        [
            nbformat.v4.new_code_cell(
                cell.source.replace("import engine as", f"import {library.__name__} as"), metadata=cell.metadata
            )
            for cell in cells
        ]
    )
    view.page.set_viewport_size({"width": 1280, "height": 20_000})  # whatever is out of sight is not drawn
    view.run_all(errors=True)
    view.page.wait_for_function(
        "count => document.querySelectorAll('.backward-panel[data-state=\"ready\"] svg').length >= count",
        arg=len(LESSONS),
    )
    return view


def panel(view: NotebookView, place: int) -> Locator:
    """The panel under one question."""
    return view.page.locator(".backward-panel").nth(place)


@pytest.mark.browser
@pytest.mark.parametrize("place", range(len(LESSONS)), ids=[each.question for each in LESSONS])
def test_lesson(asked: NotebookView, place: int) -> None:
    """The answer stands in the notes and on the cards, with edges cut where paths end."""
    lesson, shown = LESSONS[place], panel(asked, place)
    notes = shown.locator(".backward-notes").inner_text()
    for sentence in lesson.says:
        assert sentence in notes
    for name, mark in lesson.marks:
        cards = shown.locator(f".mark-{mark}")
        assert name in [each.strip() for each in cards.locator(".name").all_text_contents()]
    remarks = " | ".join(shown.locator(".remark").all_text_contents())
    for remark in lesson.remarks:
        assert remark in remarks
    assert shown.locator(".edge.severed .cut").count() == lesson.severed


@pytest.mark.browser
def test_what_each_card_needs_is_in_it(asked: NotebookView) -> None:
    """No remark is wider than its card."""
    wide = asked.page.evaluate("""() => [...document.querySelectorAll('[data-node]')].flatMap(node => {
      const card = node.querySelector('.card').getBoundingClientRect();
      return [...node.querySelectorAll('.remark, .name, .code')].filter(text =>
        text.getBoundingClientRect().right > card.right + 1).map(text => text.textContent); })""")
    assert wide == []


@pytest.mark.browser
def test_hook_is_seen_before_and_after(asked: NotebookView) -> None:
    """The edge into a hooked card has the gradient that came in, the card what the hook made of it."""
    shown = panel(asked, len(LESSONS) - 1)
    edge = shown.locator('[data-value="h→h².grad[0]"], .label tspan').all_text_contents()
    assert "6" in edge
    assert shown.locator('[data-node] [data-value="h.grad[0]"]').first.text_content() == "60"


@pytest.mark.browser
def test_a_panel_that_failed_has_no_sliders(asked: NotebookView) -> None:
    """A cell that raised has nothing to move: its lesson stands above the drawing."""
    shown = panel(asked, 1)
    assert shown.get_by_role("slider").count() == 0
    notes, graph = (shown.locator(each).bounding_box() for each in (".backward-notes", ".backward-graph"))
    assert notes is not None
    assert graph is not None
    assert notes["y"] < graph["y"]


@pytest.mark.browser
@pytest.mark.parametrize(
    ("language", "graph", "said"),
    [("zh", "计算图", "向量-雅可比积"), ("ru", "Граф", "произведение вектора на якобиан")],
)
def test_language(open_lab: Any, language: str, graph: str, said: str) -> None:
    """%config BackwardMagics.language: titles, buttons, cards and sentences are in that language; hooks stay."""
    view = open_lab([
        "%load_ext magics_pkg\nimport engine as torch",
        f"%config BackwardMagics.language = {language!r}",
        "%%backward\nx = torch.tensor([1., 2., 3.], requires_grad=True)\n"
        "y = torch.stack([x[0] * x[1], x[1] * x[2]])\ny.backward(torch.tensor([1., 0.]))",
    ])  # fmt: skip
    view.run_all()
    shown = view.wait_for('.backward-panel[data-state="ready"]')
    assert said in shown.locator(".backward-notes").inner_text()
    assert graph.lower() in shown.locator(".backward-graph .backward-title").inner_text().lower()
    assert shown.locator('[data-preset="ones"]').inner_text() in ("全 1", "единицы")
    view.slider("v[0]").press("ArrowRight", 50)
    view.wait_text("x.grad[0]", "3")


@pytest.mark.browser
def test_lessons_of_other_cells(open_alone: Any, library: ModuleType) -> None:
    """Cells as learners write them: two losses on one graph, data with a NaN, a leaf that asked too late."""
    shared = "x = torch.tensor([1., 2.], requires_grad=True)\nh = torch.sigmoid(x)\na, b = h.sum(), (h * 2).sum()\n"
    nan = "w = torch.ones(2, requires_grad=True)\ndata = torch.tensor([1., float('nan')])\n(w * data).sum().backward()"
    late = "%%backward\na = torch.ones(2)\nb = (a * 3).sum()\na.requires_grad_()\nb.backward()"
    cells = [f"%%backward\n{shared}a.backward()\nb.backward()", f"%%backward\n{nan}", late]
    raises = {"tags": ["raises-exception"]}
    made = [nbformat.v4.new_code_cell(cell, metadata=raises) for cell in cells]
    view = open_alone([f"%load_ext magics_pkg\nimport {library.__name__} as torch", *made])
    view.page.set_viewport_size({"width": 1280, "height": 4000})  # whatever is out of sight is not drawn
    view.run_all(errors=True)
    view.page.wait_for_function(
        "() => document.querySelectorAll('.backward-panel[data-state=\"ready\"] svg').length >= 3"
    )
    for place, mark, card, remark, said in (
        (0, "freed", "h", "freed in line 5", "The backward in line 5 freed what torch.sigmoid(x) had saved"),
        (1, "bad", "data", "held NaN from the start", "data held NaN already when this graph began (data[1])"),
        (2, "unreached", "a", "", "a did not have requires_grad=True yet when a * 3 in line 3 was computed"),
    ):
        shown = panel(view, place)
        assert said in shown.locator(".backward-notes").inner_text()
        cards = shown.locator(f".mark-{mark}")
        assert [each.strip() for each in cards.locator(".name").all_text_contents()] == [card]
        assert remark in " ".join(cards.locator(".remark").all_text_contents())
    assert panel(view, 0).locator(".mark-error .name").all_text_contents() == ["b"]
    assert panel(view, 2).locator(".edge.severed .cut").count() == 1
