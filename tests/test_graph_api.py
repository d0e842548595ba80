"""``torch.autograd.graph``, ``backward`` and ``grad`` with every argument: the same on PyTorch and here."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from types import ModuleType

import pytest

from tests.against import cases
from tests.graph_programs import GRAPHS
from tests.pass_programs import PASSES, SETUP
from tests.said import same

# What operations save, in PyTorch's order; not among them: indices (kept as plain values here) and gather's input.
SAVING = """
x * w ; x / w ; x @ w ; x @ w[0] ; x ** w ; x[0] @ w[0] ; T.atan2(x, w) ; T.maximum(x, w) ; T.bmm(x[None], w[None])
T.lerp(x, w, x) ; T.addmm(x, w, x * 1) ; T.addcmul(x, w, x * 1) ; T.where(x > 2, x, w) ; x.max(0) ; x * w.double()
T.nn.functional.linear(x, w, w[0]) ; T.softmax(x, 0) ; T.nn.functional.mse_loss(x, w) ; x.std() ; x.norm() ; x.prod()
x.sum() ; x.sigmoid() ; x.logsumexp(0) ; x.cumprod(0) ; T.nn.functional.gelu(x) ; x * T.tensor(2., requires_grad=True)
x * T.tensor([2, 3]) ; x * 3 ; x + w ; x.T ; x.exp() ; x.tanh() ; x.sqrt() ; x.log() ; x.abs() ; T.stack([x, w]).mean()
"""


@pytest.mark.parametrize("expression", cases(SAVING))
def test_what_is_saved(torch: ModuleType, expression: str) -> None:
    """An operation packs the tensors that PyTorch packs, in its order, with their dtypes and histories."""
    program = f"""
    x = T.tensor([[1., 2.], [3., 4.]], requires_grad=True)
    w = T.tensor([[5., 6.], [7., 8.]], requires_grad=True)
    with T.autograd.graph.saved_tensors_hooks(lambda t: (say(t), t.detach())[1], lambda t: t):
        y = {expression}
    y = y if isinstance(y, T.Tensor) else y[0]
    y.sum().backward()
    say(x.grad, w.grad)
    """
    same(torch, program)


@pytest.mark.parametrize("program", PASSES.values(), ids=PASSES)
def test_passes(torch: ModuleType, program: str) -> None:
    """Arguments of ``backward`` and ``grad``, hooks and their order, errors and warnings are PyTorch's."""
    same(torch, SETUP + textwrap.dedent(program))


@pytest.mark.parametrize("program", GRAPHS.values(), ids=GRAPHS)
def test_graphs(torch: ModuleType, program: str) -> None:
    """Nodes, edges and hooks on what is saved are PyTorch's."""
    same(torch, SETUP + textwrap.dedent(program))


def test_create_graph_warns_once() -> None:
    """``backward(create_graph=True)`` warns of the cycle, once in a process, where the program called it."""
    code = (
        "import warnings, {0} as T\n"
        "warnings.simplefilter('always')\n"
        "with warnings.catch_warnings(record=True) as caught:\n"
        "    for _ in range(2):\n"
        "        (T.ones(1, requires_grad=True) * 2).backward(create_graph=True)\n"
        "print([str(w.message).partition(' (Trig')[0] for w in caught], [w.filename for w in caught])"
    )

    def run(library: str) -> str:
        command = [sys.executable, "-c", code.format(library)]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    ours = run("engine")
    assert "will create a reference cycle between the parameter and its gradient" in ours
    assert "['<string>']" in ours
    assert ours.partition("]")[0] == run("torch").partition("]")[0]
