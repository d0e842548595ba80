"""Every program of the five pages in its own words, on real PyTorch, in JupyterLab: sliders are moved, all agrees.

Programs of the Chinese pages have Chinese panels, those of the English one English, those of the Russian one Russian.
"""

from __future__ import annotations

import json
import re
from typing import Any

import numpy as np
import pytest

from magics_pkg.style.format import number as written
from tests.browser.page import NotebookView, number
from tests.test_programs import PROGRAMS, Program

pytestmark = pytest.mark.browser

SHOWN = [each for each in PROGRAMS if each.error is None and each.panel]
PAGES = {"A": "zh", "B": "zh", "C": "zh", "D": "en", "E": "ru"}
HINT = {"zh": "提示：", "en": "Hint: ", "ru": "Подсказка: "}
GRAPH = {"zh": "计算图", "en": "graph", "ru": "граф"}
COLOUR = re.compile(r"\x1b\[[\d;]*m")
# A fresh run of a program, in names of its own, whose last backward call is given another v
KERNEL = """%load_ext magics_pkg
import warnings, torch, torch.nn as nn
from torch.autograd import Variable
torch.set_num_threads(1)
def _fresh(code, v):
    call = torch.Tensor.backward
    def run(replaced):
        names, calls = {'torch': torch, 'nn': nn, 'Variable': Variable, 'print': lambda *_: None}, []
        def backward(y, gradient=None, *args, **kwargs):
            calls.append(y)
            if replaced == len(calls):
                gradient = torch.tensor(v, dtype=y.dtype).reshape(y.shape)
            return call(y, gradient, *args, **kwargs)
        torch.Tensor.backward = backward
        try:
            torch.manual_seed(0)
            with warnings.catch_warnings():
                warnings.simplefilter('ignore')
                exec(code, names)
        finally:
            torch.Tensor.backward = call
        return names, len(calls)
    return run(run(0)[1])[0]
def _told(e, code):
    import json
    v = e.weights.ravel().tolist()
    again = _fresh(code, v)
    grads = {leaf: globals()[leaf].grad for leaf in e.grads}  # the user's own tensors'
    print(json.dumps({'v': v, 'grads': {leaf: grad.tolist() for leaf, grad in grads.items()},
                      'same': [leaf for leaf, grad in grads.items() if torch.equal(grad, again[leaf].grad)]}))
torch.manual_seed(0)"""
TEXTS = """panel => [...panel.querySelectorAll('[data-value]:not(.widget-readout)')].map(each =>
  [each.dataset.value, each.textContent])"""  # a readout has a format of its own


def entries(name: str, found: Any) -> dict[str, float]:
    """Each entry of a gradient under the name that Python has for it."""
    whole = np.asarray(found, float)
    places = np.ndindex(whole.shape) if whole.ndim else []
    return {f"{name}[{', '.join(map(str, at))}]": float(whole[at]) for at in places} or {name: float(whole)}


def texts(view: NotebookView) -> dict[str, str]:
    """Every number that moves, by its name; wherever it stands it is the same."""
    found: dict[str, str] = {}
    for name, text in view.page.locator(".backward-panel").evaluate(TEXTS):
        assert found.setdefault(name, text) == text, name
    return found


def agree(view: NotebookView, program: Program) -> list[float]:
    """x.grad, the user's own, has the bits of a fresh run with this v; v and it are what the page shows. Returns v."""
    view.settled()
    told = json.loads(view.execute(f"_told(e, {program.code!r})"))
    shown = texts(view)
    assert set(told["same"]) == set(told["grads"]), "not the bits of a fresh run"
    assert told["grads"]
    for leaf, grad in told["grads"].items():
        for name, right in entries(f"{leaf}.grad", grad).items():
            assert shown[name] == written(right), name
    names = [each for each in shown if re.fullmatch(r"v(\[.*\])?", each)]
    assert [shown[each] for each in names] == [written(each) for each in told["v"]]
    return list(told["v"])


def run(open_lab: Any, program: Program) -> tuple[NotebookView, list[dict[str, Any]]]:
    """The program under the magic, in a kernel that speaks its page's language: what it printed, and its errors."""
    speaks = f"%config BackwardMagics.language = {PAGES[program.name[0]]!r}"
    view: NotebookView = open_lab([KERNEL, speaks, f"%%backward -o e\n{program.code}"])
    errors = view.run_all(errors=program.error is not None)
    output = view.page.locator(".jp-CodeCell").nth(2).locator(".jp-Cell-outputArea")
    for text in program.printed:
        assert " ".join(text.split()) in " ".join(output.inner_text().split())
    return view, errors


@pytest.mark.parametrize("program", SHOWN, ids=lambda each: each.name)
def test_sliders_are_moved(open_lab: Any, program: Program) -> None:
    """The page's figures as the cell ends; then each slider moves, by keys, one by mouse: x.grad and texts follow."""
    view, _ = run(open_lab, program)
    view.settled()
    title = view.page.locator(".backward-graph .backward-title").first.inner_text()
    assert GRAPH[PAGES[program.name[0]]] == title.lower()
    first, shown = agree(view, program), texts(view)
    for expression, figure in program.figures.items():
        if figure is not None and re.fullmatch(r"\w+\.grad", expression):
            for name, right in entries(expression, figure).items():
                assert number(shown[name]) == pytest.approx(right, rel=6e-4), name
    sliders = view.page.locator(".backward-panel").get_by_role("slider")
    assert sliders.count() == len(first)
    for turn in range(len(first)):
        for _ in range(turn + 2):
            sliders.nth(turn).press("ArrowLeft" if turn % 2 else "ArrowRight")
    moved = agree(view, program)
    assert all(a != b for a, b in zip(first, moved, strict=True))
    view.slider("v" if len(first) == 1 else "v[0]").drag(0.3)
    assert agree(view, program)[0] not in (first[0], moved[0])
    assert view.complaints == []


@pytest.mark.parametrize("program", [each for each in PROGRAMS if not each.panel], ids=lambda each: each.name)
def test_nothing_to_show(open_lab: Any, program: Program) -> None:
    """Without a backward pass or a last expression there is what it prints, and no panel."""
    view, _ = run(open_lab, program)
    assert view.page.locator(".backward-panel").count() == 0
    assert view.complaints == []


@pytest.mark.parametrize("program", [each for each in PROGRAMS if each.error], ids=lambda each: each.name)
def test_its_error(open_lab: Any, program: Program) -> None:
    """PyTorch's own error, the hint in the page's language, the graph as far as it got, and nothing to move."""
    view, (error,) = run(open_lab, program)
    assert program.error is not None
    assert error["ename"] == program.error[0].__name__
    assert error["evalue"].startswith(program.error[1])
    said = COLOUR.sub("", "\n".join(error["traceback"])).splitlines()
    assert program.hint in " ".join(each for each in said if each.startswith(HINT[PAGES[program.name[0]]]))
    view.wait_for(".backward-panel [data-node]")
    assert view.page.locator(".backward-panel").get_by_role("slider").count() == 0
    for expression, figure in program.figures.items():
        found = json.loads(view.execute(f"print('null' if {expression} is None else {expression}.tolist())"))
        assert found == (None if figure is None else pytest.approx(figure, rel=1e-6))
    assert view.complaints == []
