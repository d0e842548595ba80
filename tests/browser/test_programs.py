"""Every program of the five pages, on real PyTorch, in JupyterLab: sliders are moved, and everything agrees."""

from __future__ import annotations

import ast
import time
from typing import Any

import pytest

from tests.browser.conftest import opener
from tests.browser.page import NotebookView, number
from tests.test_programs import PROGRAMS, Program

pytestmark = pytest.mark.browser

SHOWN = [each for each in PROGRAMS if each.error is None and each.panel]
# A fresh run of a program, in names of its own, whose last backward call is given another v
KERNEL = """%load_ext magics_pkg
import warnings, torch, torch.nn as nn
warnings.simplefilter("ignore")
from torch.autograd import Variable
torch.set_num_threads(1)
def fresh(code, v):
    call, calls = torch.Tensor.backward, []
    def run(replaced):
        names = {'torch': torch, 'nn': nn, 'Variable': Variable, 'print': lambda *_: None}
        count = 0
        def backward(y, gradient=None, *args, **kwargs):
            nonlocal count
            count += 1
            if replaced == count:
                gradient = torch.tensor(v, dtype=y.dtype).reshape(y.shape)
            calls.append(count)
            return call(y, gradient, *args, **kwargs)
        torch.Tensor.backward = backward
        try:
            exec(code, names)
        finally:
            torch.Tensor.backward = call
        return names
    run(0)
    return run(max(calls))
def told(explored, code):
    names = fresh(code, explored.weights.ravel().tolist())
    leaves = {leaf: grad for leaf, grad in explored.grads.items()}
    again = {leaf: names[leaf].grad for leaf in leaves}
    return {leaf: (grad.ravel().tolist(), torch.equal(grad, again[leaf])) for leaf, grad in leaves.items()}
"""


@pytest.fixture(scope="module")
def opened(lab: Any, browser: Any, request: pytest.FixtureRequest) -> NotebookView:
    """One notebook with all the programs, each under the magic, run."""
    view = opener(lab, browser, request)([KERNEL, *map(cell_of, SHOWN)])
    view.run_all()
    view.wait_for('.backward-panel[data-state="ready"]')
    return view


def cell_of(program: Program) -> str:
    """A program under the magic, its random numbers the same each time."""
    return f"%%backward -o e{SHOWN.index(program)}\ntorch.manual_seed(0)\n{program.code}"


@pytest.mark.parametrize("program", SHOWN, ids=lambda each: each.name)
def test_program(opened: NotebookView, program: Program) -> None:
    """Each slider is moved with keys: the page's text and the kernel's x.grad are a fresh run's with that v."""
    place = SHOWN.index(program)
    cell = opened.page.locator(".jp-CodeCell").nth(place + 1)
    cell.scroll_into_view_if_needed()
    panel = cell.locator('.backward-panel[data-state="ready"]')
    panel.wait_for(timeout=30_000)
    sliders = panel.get_by_role("slider")
    assert sliders.count() == int(opened.execute(f"print(e{place}.weights.size)"))
    for turn in range(min(sliders.count(), 4)):
        handle = sliders.nth(turn)
        handle.scroll_into_view_if_needed()
        handle.focus()
        for _ in range(turn + 2):
            opened.page.keyboard.press("ArrowLeft" if turn % 2 else "ArrowRight")
    time.sleep(0.4)
    code = f"torch.manual_seed(0)\n{program.code}"
    found = ast.literal_eval(opened.execute(f"print(told(e{place}, {code!r}))"))
    for leaf, (grad, same) in found.items():
        assert same, f"{leaf}.grad has not the bits of a fresh run"
        cells = panel.locator(f'[data-value^="{leaf}.grad"]')
        shown = {each.get_attribute("data-value"): each.text_content() for each in cells.all()}
        entries = list(shown)[: len(grad)]
        assert [number(shown[each] or "") for each in entries] == pytest.approx(grad, rel=1e-3, abs=1e-6)


def test_nothing_is_complained_of(opened: NotebookView) -> None:
    """No panel made the page raise or log an error."""
    assert [each for each in opened.complaints if "favicon" not in each and "Failed to load resource" not in each] == []
