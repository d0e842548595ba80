"""Sliders moved as a person moves them: the page, the kernel's own x.grad, and torch's answer for that v agree."""

from __future__ import annotations

import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.browser.page import NotebookView, number
from tests.browser.server import Server

pytestmark = pytest.mark.browser

SETUP = "%load_ext magics_pkg\nimport {} as torch"
LIBRARIES = {"lab": "torch", "notebook": "engine"}  # JupyterLab on the engine is in all other files
PROGRAM = """x = torch.tensor([0.5, -1.25, 2.0], requires_grad=True)
w = torch.tensor([1.5, 0.25, -0.75], requires_grad=True)
y = torch.tanh(x * w) + x ** 2 / 3 + x.sum()
v = torch.tensor({v})
y.backward(v)"""
WRITTEN = [1.0, 0.5, -0.25]
CELL = "%%backward -o e\n" + PROGRAM.format(v=WRITTEN)
# The same program once more in names of its own, with the v of the sliders: what the cell would have left.
AGAIN = """
def _again(e):
    space = {'torch': torch}
    exec(PROGRAM.format(v=[float(entry) for entry in e.weights]), space)
    return [bool((space[name].grad == globals()[name].grad).all()) for name in 'xw']
""".replace("PROGRAM", repr(PROGRAM))
READ = (
    "import json; print(json.dumps({'v': [float(a) for a in e.weights], 'x': x.grad.tolist(), 'w': w.grad.tolist()}))"
)


def kernel(view: NotebookView) -> dict[str, Any]:
    """v, x.grad and w.grad as the kernel has them, once it has followed."""
    view.settled()
    return dict(json.loads(view.execute(READ)))


def answer(torch: ModuleType, v: list[float]) -> dict[str, list[float]]:
    """PyTorch's x.grad and w.grad for this v."""
    space: dict[str, Any] = {"torch": torch}
    exec(PROGRAM.format(v=v), space)
    return {name: space[name].grad.tolist() for name in "xw"}


def shown(view: NotebookView) -> dict[str, list[float]]:
    """x.grad and w.grad as the page shows them."""
    return {name: [number(view.text(f"{name}.grad[{index}]")) for index in range(3)] for name in "xw"}


def agree(view: NotebookView, torch: ModuleType) -> list[float]:
    """The page, the kernel, a second run with this v, and PyTorch say the same; returns v."""
    found = kernel(view)
    expected = answer(torch, found["v"])
    page = shown(view)
    for name in "xw":
        assert found[name] == pytest.approx(expected[name], rel=1e-5, abs=1e-7)
        assert page[name] == pytest.approx(expected[name], rel=6e-4, abs=1e-6)
    view.execute(AGAIN)
    assert view.execute("print(_again(e))") == "[True, True]"
    return list(found["v"])


@pytest.fixture
def panel(server: Server, open_notebook: Any) -> NotebookView:
    """A notebook in JupyterLab, then one in Notebook 7, run: its panel is ready, with the sliders as written."""
    view: NotebookView = open_notebook([SETUP.format(LIBRARIES[server.kind]), CELL])
    view.run_all()
    view.settled()
    return view


def test_starts_as_written(panel: NotebookView, torch: ModuleType) -> None:
    """The sliders start at the cell's own v, and the panel shows what the cell has left."""
    assert agree(panel, torch) == WRITTEN


def test_keyboard(panel: NotebookView, torch: ModuleType) -> None:
    """Arrow keys move a slider, and everything follows."""
    panel.slider("v[1]").press("ArrowRight", times=5)
    panel.slider("v[2]").press("ArrowLeft", times=2)
    v = agree(panel, torch)
    assert v[0] == WRITTEN[0]
    assert v[1] > WRITTEN[1]
    assert v[2] < WRITTEN[2]


def test_mouse(panel: NotebookView, torch: ModuleType) -> None:
    """A drag with the mouse moves a slider, and everything follows; its last position is what stays."""
    panel.slider("v[0]").drag(0.1, seconds=0.5)
    v = agree(panel, torch)
    assert v[0] < WRITTEN[0]
    assert v[1:] == WRITTEN[1:]


def test_typed_into_the_readout(panel: NotebookView, torch: ModuleType) -> None:
    """A weight can be typed, 0.0001 as well as one beyond the slider's range."""
    for index, typed in ((0, "0.0001"), (1, "10")):
        readout = panel.page.locator(".backward-panel .widget-readout").nth(index)
        readout.scroll_into_view_if_needed()
        readout.dblclick()
        readout.press("Control+a")
        readout.press_sequentially(typed)
        readout.press("Enter")
    assert agree(panel, torch) == [0.0001, 10.0, WRITTEN[2]]


@pytest.mark.parametrize("button, v", [("ones", [1.0, 1.0, 1.0]), ("zeros", [0.0, 0.0, 0.0]), ("e₁", [0.0, 1.0, 0.0])])
def test_buttons(panel: NotebookView, torch: ModuleType, button: str, v: list[float]) -> None:
    """A button sets all weights at once, and "as written" brings back the cell's own."""
    panel.page.get_by_role("button", name=button, exact=True).click()
    assert agree(panel, torch) == v
    panel.page.get_by_role("button", name="as written", exact=True).click()
    assert agree(panel, torch) == WRITTEN


def test_page_follows_while_the_kernel_is_busy(panel: NotebookView, torch: ModuleType, tmp_path: Path) -> None:
    """While another cell runs the page follows at once, and x.grad is right when the kernel is idle."""
    before, enough = shown(panel), tmp_path / "enough"
    panel.start(f"import os, time\nwhile not os.path.exists({str(enough)!r}): time.sleep(0.01)")
    panel.slider("v[0]").press("ArrowLeft", times=10)
    during = shown(panel)
    assert not panel.started_is_done()
    assert during["x"][0] != before["x"][0]
    enough.touch()
    panel.page.wait_for_function("() => window.__started.done", timeout=15_000)
    v = agree(panel, torch)
    assert v[0] < WRITTEN[0]
    assert shown(panel) == during


def test_running_the_cell_again(panel: NotebookView, torch: ModuleType) -> None:
    """A second run replaces the panel: one panel, its sliders as written, live."""
    panel.slider("v[0]").press("ArrowLeft", times=10)
    panel.run_all()
    panel.wait_for('.backward-panel[data-state="ready"]')
    assert panel.page.locator(".backward-panel").count() == 1
    assert agree(panel, torch) == WRITTEN
    panel.slider("v[0]").press("ArrowLeft", times=3)
    assert agree(panel, torch)[0] < WRITTEN[0]


def test_page_makes_no_complaint(panel: NotebookView) -> None:
    """The panel causes no error in the browser's console and asks no other host for anything."""
    panel.complaints.clear()
    panel.slider("v[0]").press("ArrowLeft", times=3)
    panel.slider("v[1]").drag(0.9)
    kernel(panel)
    assert panel.complaints == []
    assert not [url for url in panel.requests if not url.startswith(("http://127.0.0.1", "data:", "blob:"))]
