"""Graphs on top of each other, as a person sees them: one alone, both, folded; in a saved page and in JupyterLab."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests import cells
from tests.browser.page import NotebookView, View, number
from tests.browser.test_drawers import READY
from tests.browser.test_live import SETUP

pytestmark = pytest.mark.browser

CELL = """x = torch.tensor([1., 2., 3.], requires_grad=True)
y = (torch.sin(x) * x).sum()
(g,) = torch.autograd.grad(y, x, create_graph=True)
g.backward(torch.tensor([1., 0.5, -0.25]))"""
SEEN = """() => [...document.querySelectorAll('[data-node]')]
  .filter(each => getComputedStyle(each).visibility !== 'hidden')
  .map(each => each.querySelector('.name').textContent)"""
LINES = """kind => [...document.querySelectorAll(kind)]
  .filter(each => getComputedStyle(each).visibility !== 'hidden').length"""


def saved(view: View, folder: Path, library: str) -> None:
    """A page of the cell, opened."""
    path = folder / "page.html"
    with cells.shell(library) as shell:
        ran = cells.run(shell, f"%%backward --quiet --save {path}\n{CELL}")
        assert ran.error is None, ran.printed
    view.page.goto(path.as_uri())
    view.wait_for(".backward-layers")


def test_one_graph_alone(view: View, tmp_path: Path, library: ModuleType) -> None:
    """The graph of y alone, or everything, by mouse and by keys; what is unseen has no edge, label, frame or link."""
    saved(view, tmp_path, library.__name__)
    everything = view.page.evaluate(SEEN)
    assert {"x", "sin", "×", "y", "g", "∂y/∂(sin)", "∂y/∂x #1", "∂y/∂x #2"} == set(everything)
    assert view.page.evaluate(LINES, ".derivative") == 3
    alone, both = view.page.locator(".backward-layers button").all()
    assert (alone.inner_text(), both.get_attribute("aria-pressed")) == ("y", "true")
    alone.press("Enter")
    assert view.page.evaluate(SEEN) == ["x", "sin", "×", "y"]
    assert alone.get_attribute("aria-pressed") == "true"
    for kind in (".derivative", ".second", ".of-second"):
        assert view.page.evaluate(LINES, kind) == 0
    assert view.page.evaluate(LINES, ".edge") == 4
    before = view.text("x.grad[0]")
    view.slider("v[0]").press("ArrowRight", times=10)
    assert view.text("x.grad[0]") != before
    both.click()
    assert view.page.evaluate(SEEN) == everything
    assert view.page.evaluate(LINES, ".derivative") == 3
    assert view.complaints == []


def test_links_and_words(view: View, tmp_path: Path, library: ModuleType) -> None:
    """A card of the second graph lights its link, says whose derivative it is, and can be looked into."""
    saved(view, tmp_path, library.__name__)
    card = view.page.locator("[data-node].derived", has_text="∂ sin")
    assert "derivative of torch.sin(x)" in (card.get_attribute("aria-label") or "")
    card.dispatch_event("pointerover")
    (link,) = view.page.locator(".derivative.lit").all()
    assert link.locator("title").text_content() == "∂y/∂x #2: derivative of torch.sin(x)"
    for node in view.page.locator("[data-node]").all():
        node.click()
        assert view.page.locator(".backward-inside .backward-step-title b").count() == 1
    assert view.complaints == []


def test_live(open_lab: Any, library: ModuleType) -> None:
    """In JupyterLab a slider moves x.grad through both graphs; the second folds to one card and opens again."""
    view: NotebookView = open_lab([SETUP.format(library.__name__), "%%backward -o e\n" + CELL])
    view.run_all()
    view.wait_for(READY)
    view.slider("v[1]").press("ArrowRight", times=20)
    view.wait_for(READY)
    right = view.execute("s = e.weights[1]; import math; print(s * (2 * math.cos(2.) - 2 * math.sin(2.)))")
    assert number(view.text("x.grad[1]")) == pytest.approx(float(right), rel=1e-3)
    assert float(view.execute("print(float(x.grad[1]))")) == pytest.approx(float(right), rel=1e-5)
    view.page.locator("[data-fold='∂y/∂x · line 4']").click()
    view.wait_for("[data-open='∂y/∂x · line 4']")
    assert view.page.locator(".derived").count() == 0
    assert number(view.text("x.grad[1]")) == pytest.approx(float(right), rel=1e-3)
    view.page.locator("[data-open='∂y/∂x · line 4']").click()
    view.wait_for("[data-fold='∂y/∂x · line 4']")
    assert view.page.locator(".derived").count() == 4
    view.page.locator("[data-drawer=steps]").click()
    assert view.page.locator(".backward-step tr").count() > 0
    assert view.complaints == []
