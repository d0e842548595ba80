"""A page's program with its own imports, in JupyterLab on a kernel that has no torch."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest

from tests.browser.page import number

pytestmark = pytest.mark.browser

NO_TORCH = "%load_ext magics_pkg\nfrom tests.as_torch_programs import hide_torch\nhide_torch()"
PROGRAM = """import torch
from torch.autograd import Variable
x = Variable(torch.Tensor([-0.8143, -1.5852, -0.8598]), requires_grad=True)
y = x * 2
while y.data.norm() < 1000:
    y = y * 2
y.backward(torch.FloatTensor([0.1, 1.0, 0.0001]))"""
READY = '.backward-panel[data-state="ready"]'


def on_torch(v: list[float]) -> list[float]:
    """What the program leaves in x.grad on PyTorch, with this v."""
    names: dict[str, Any] = {"v": v}
    exec(PROGRAM.replace("[0.1, 1.0, 0.0001]", "v"), names)  # the test's own text
    return [float(each) for each in names["x"].grad]


def test_hint(open_alone: Any) -> None:
    """Without the option the cell fails, and what is shown under it names the option."""
    view = open_alone([NO_TORCH, f"%%backward\n{PROGRAM}"])
    (error,) = view.run_all(errors=True)
    assert (error["ename"], error["evalue"]) == ("ModuleNotFoundError", "No module named 'torch'")
    hint = view.wait_for(".jp-OutputArea :text('%%backward --as torch above the cell with this import')")
    assert "import engine as torch" in hint.inner_text()


def test_a_page_as_it_is(open_alone: Any, torch: ModuleType) -> None:
    """With the option it runs as it is, and its sliders give PyTorch's figures."""
    view = open_alone([NO_TORCH, f"%%backward --as torch -o e\n{PROGRAM}"])
    view.complaints.clear()  # those of the front end's own start
    view.run_all()
    view.wait_for(READY)
    assert [number(view.text(f"x.grad[{place}]")) for place in range(3)] == pytest.approx([51.2, 512, 0.0512])
    view.slider("v[1]").drag(0.2)
    view.slider("v[2]").press("ArrowRight", times=3)
    view.settled()
    v = eval(view.execute("import sys; print(e.weights.tolist())"))
    assert v != [0.1, 1.0, 0.0001]
    grad = [float(each) for each in view.execute("print(*x.grad.tolist())").split()]
    assert grad == on_torch(v)
    assert [number(view.text(f"x.grad[{place}]")) for place in range(3)] == pytest.approx(grad, rel=1e-3)
    assert view.execute("print([name for name in sys.modules if name.split('.')[0] == 'torch'])") == "[]"
    assert view.execute("print(torch.__name__, Variable.__module__)") == "engine engine.autograd"
    assert view.complaints == []
