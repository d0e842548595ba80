"""What else a person meets: names that look like code, cells that fail, a saved page, a narrow and a dark window."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any

import nbformat
import pytest

from tests.browser.page import View, number
from tests.browser.server import ROOT

pytestmark = pytest.mark.browser

SETUP = "%load_ext magics_pkg\nimport engine as torch"
D3 = """x = torch.tensor([2., 2., 2.], requires_grad=True)
y = x * 2
y.backward(torch.tensor([0.1, 1., 10.]))"""
READY = '.backward-panel[data-state="ready"]'
NAMES = [
    "<script>window.attacked = 1</script>",
    "<img src=x onerror='window.attacked = 1'>",
    'quote " and \\ backslash',
    "two\nlines",
    "градиент 梯度 🙂",
    "]]><svg onload='window.attacked = 1'/>",
]


def test_names_are_text(open_lab: Any) -> None:
    """A name that looks like code is drawn as text and never run."""
    cell = "\n".join(
        ["%%backward", f"names = {NAMES!r}", "d = {name: torch.tensor([1., 2.], requires_grad=True) for name in names}"]
        + [f"d[{name!r}] = torch.tensor([1., 2.], requires_grad=True)" for name in NAMES]
        + ["y = " + " + ".join(f"d[{name!r}] * {place + 2}" for place, name in enumerate(NAMES))]
        + ["градиент = y * 2", "градиент.backward(torch.tensor([1., -1.]))"]
    )
    view = open_lab([SETUP, cell])
    view.run_all()
    panel = view.wait_for(READY)
    view.slider("v[0]").press("ArrowLeft", times=2)
    assert view.page.evaluate("() => window.attacked") is None
    assert not [text for text in view.complaints if "dialog" in text]
    assert panel.locator("script, img, [onerror], [onload]").count() == 0
    assert "градиент" in panel.inner_text()


def test_scalar_output(open_lab: Any) -> None:
    """A scalar has one slider, called v, and a matrix leaf's entries have two indices."""
    cell = "%%backward\nx = torch.ones(2, 2, requires_grad=True)\ny = (x + 2).mean()\ny.backward()"
    view = open_lab([SETUP, cell])
    view.run_all()
    view.wait_for(READY)
    assert number(view.text("x.grad[0, 1]")) == 0.25
    view.slider("v").drag(0.9)
    view.settled()
    moved = float(view.execute("print(float(x.grad[0, 1]))"))
    assert moved != 0.25
    assert number(view.text("x.grad[0, 1]")) == pytest.approx(moved, rel=1e-3)


def test_run_all_stops_at_an_error(open_notebook: Any) -> None:
    """A cell that raises ends Run All with its own error, once, and still draws the graph as far as it got."""
    failing = "%%backward\nx = torch.tensor([2., 2.], requires_grad=True)\ny = x * 2\ny.backward()"
    view = open_notebook([SETUP, failing, "after = 1"])
    (error,) = view.run_all(errors=True)
    assert error["ename"] == "RuntimeError"
    assert error["evalue"] == "grad can be implicitly created only for scalar outputs"
    assert view.execute("print('after' in globals())") == "False"
    panel = view.wait_for(".backward-panel")
    assert panel.locator("[data-node]").count() == 2
    assert not panel.get_by_role("slider").count()


def test_demo(open_new: Any) -> None:
    """demo.ipynb runs from top to bottom: its two errors leave the run going, and every program gets a panel."""
    notebook = nbformat.read(ROOT / "demo.ipynb", as_version=4)
    programs = [cell for cell in notebook.cells if cell.source.startswith("%%backward")]
    view = open_new(notebook.cells)
    view.complaints.clear()
    errors = view.run_all(errors=True)
    assert [error["ename"] for error in errors] == ["TypeError", "RuntimeError"]
    outputs = "[...window.jupyterapp.shell.currentWidget.content.model.cells].map(cell => cell.outputs?.toJSON() ?? [])"
    widgets = f"() => JSON.stringify({outputs}).split('vnd.jupyter.widget-view').length - 1"
    assert view.page.evaluate(widgets) == len(programs)
    view.wait_for(".backward-panel[data-state]")
    assert view.complaints == []
    view.slider("v[1]").press("ArrowRight", times=3)
    assert number(view.text("x.grad[1]")) > 2


def test_a_thousand_weights_are_no_thousand_sliders(open_lab: Any) -> None:
    """A large output has few sliders, and the page stays usable."""
    cell = "%%backward\nx = torch.ones(1000, requires_grad=True)\ny = x * 2\ny.backward(torch.ones(1000))"
    view = open_lab([SETUP, cell])
    view.run_all()
    view.wait_for(".backward-panel")
    assert view.page.get_by_role("slider").count() <= 16


def test_saved_page(view: View, open_lab: Any, tmp_path: Path, library: ModuleType) -> None:
    """A page saved with --save works from a file, without a kernel or a network: its sliders move its numbers."""
    path = tmp_path / "saved.html"
    notebook = open_lab([SETUP.replace("engine", library.__name__), f"%%backward --save {path}\n{D3}"])
    notebook.run_all()
    view.page.goto(path.as_uri())
    view.wait_for(READY)
    assert [number(view.text(f"x.grad[{place}]")) for place in range(3)] == pytest.approx([0.2, 2, 20])
    view.slider("v[1]").drag(0.1)
    first, moved, last = (number(view.text(f"x.grad[{place}]")) for place in range(3))
    assert (first, last) == pytest.approx((0.2, 20))
    assert moved != 2
    view.slider("v[1]").press("ArrowRight")
    assert number(view.text("x.grad[1]")) > moved
    assert view.complaints == []
    assert [url for url in view.requests if not url.startswith(("file:", "data:", "blob:"))] == []


@pytest.mark.parametrize("width", [600, 1024, 1600])
def test_nothing_is_cut_off(browser: Any, open_lab: Any, tmp_path: Path, width: int) -> None:
    """At 600 pixels and at a projector's width a saved panel needs no scrolling sideways."""
    path = tmp_path / "saved.html"
    open_lab([SETUP, f"%%backward --save {path}\n{D3}"]).run_all()
    view = View(browser, width=width)
    try:
        view.page.goto(path.as_uri())
        view.wait_for(READY)
        assert view.page.evaluate("() => document.documentElement.scrollWidth") <= width
    finally:
        view.close()
