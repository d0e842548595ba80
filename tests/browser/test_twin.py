"""A panel's still picture beside its widget: shown where no widget is drawn, and never both."""

from __future__ import annotations

from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient
from playwright.sync_api import Browser

from tests.browser.page import NotebookView
from tests.browser.server import ROOT, Server, make_notebook

pytestmark = pytest.mark.browser

SETUP = "%load_ext magics_pkg\nimport engine as torch"
CELL = "%%backward -o e\nx = torch.tensor([1., 2.], requires_grad=True)\ny = x * 3\ny.backward(torch.tensor([1., 10.]))"
STILL = 'div[class^="backward-still"]'
# What the last cell's outputs take of the page, beside the panel
EXTRA = """() => { const area = [...document.querySelectorAll('.jp-OutputArea:has(.backward-panel)')].pop();
  const panel = area.querySelector('.jp-OutputArea-child:has(.backward-panel)');
  return area.getBoundingClientRect().height - panel.getBoundingClientRect().height; }"""


def test_one_of_two(open_notebook: Any) -> None:
    """The widget hides its picture, and the room for it; a closed panel leaves the picture."""
    view: NotebookView = open_notebook([SETUP, CELL])
    view.run_all()
    view.wait_for('.backward-panel[data-state="ready"]')
    assert view.page.locator(STILL).count() == 1
    assert view.page.locator(STILL).is_hidden()
    assert view.page.evaluate(EXTRA) < 2
    view.execute("e.close()")
    view.page.locator(STILL).locator("img").wait_for(state="visible")
    assert view.page.locator(".backward-panel").count() == 0
    assert view.page.locator(STILL).locator("table").is_visible()


def test_an_expression_is_shown_the_same(open_lab: Any) -> None:
    """`e` as a cell's last line and `display(e)`: one panel each, and no picture beside it."""
    code = "x = torch.tensor([1., 2.], requires_grad=True)\nfrom magics_pkg import explore\ne = explore(x * 3)\n"
    view: NotebookView = open_lab([SETUP, code + "display(e)\ne"])
    view.run_all()
    view.wait_for('.backward-panel[data-state="ready"]')
    view.page.wait_for_function("() => document.querySelectorAll('.backward-panel svg.backward-picture').length === 2")
    assert [each.is_visible() for each in view.page.locator(STILL).all()] == [False, False]


def test_a_notebook_that_is_only_opened_shows_the_picture(lab: Server, browser: Browser) -> None:
    """Jupyter makes models of the state that was saved, and does not draw them before the notebook is trusted."""
    path = make_notebook(lab.root / "opened.ipynb", [SETUP, CELL])
    notebook = nbformat.read(path, as_version=4)
    NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(ROOT)}}).execute()
    assert "widgets" in notebook.metadata
    nbformat.write(notebook, path)
    view = NotebookView(browser)
    try:
        view.open(lab, path)
        view.page.locator(STILL).locator("img").wait_for(state="visible")
        view.page.wait_for_timeout(3000)  # no model that comes late hides it
        assert view.page.locator(STILL).locator("img").is_visible()
        assert view.page.locator(".backward-panel").count() == 0
    finally:
        view.close()
        lab.stop_kernels(path)
