"""Odd cells of real PyTorch: the cell stays what it was, its gradients move as in a run from scratch, cards open."""

from __future__ import annotations

from collections.abc import Iterator
from types import ModuleType

import pytest
from IPython.core.interactiveshell import InteractiveShell

from tests import cells
from tests.odd_cells import CELLS
from tests.test_real_torch import again, agree, magic, plain, tensors, with_v
from tests.torch_cells import written

# Refused in words of PyTorch's own for a checkpoint; ours come before
CHECKPOINTS = {"checkpoint dropout", "checkpoint_sequential"}


@pytest.fixture(scope="module")
def shell(torch: ModuleType) -> Iterator[InteractiveShell]:
    """One IPython with the magics loaded, in which torch is PyTorch."""
    with cells.shell("torch") as made:
        cells.run(made, "import torch.nn.functional as F")
        yield made


@pytest.mark.parametrize("name", CELLS)
def test_all_that_is_promised(shell: InteractiveShell, torch: ModuleType, name: str) -> None:
    """Names and random numbers after the cell, gradients at another v and back, each card, the next backward."""
    source, v = CELLS[name]
    first = with_v(torch, source, v)
    expected, _ = plain(torch, first)
    state = torch.get_rng_state()
    explored = magic(shell, torch, first)
    assert torch.equal(torch.get_rng_state(), state)
    agree(tensors(shell.user_ns, torch), tensors(expected, torch))
    for moved in ([-2.0, 0.25], v):
        right = tensors(plain(torch, written(source, moved, False))[0], torch)
        explored.weights = moved
        agree(tensors(shell.user_ns, torch), {key: each for key, each in right.items() if key.endswith(".grad")})
    for card in explored.graph.nodes:
        assert explored._live.inspection.answer(explored.graph, {"node": card.id})
    told, ran = again(shell, expected)
    assert bool(ran.error) == bool(told) if name in CHECKPOINTS else str(ran.error or "") == told


def test_a_hook_on_several_gradients(shell: InteractiveShell, torch: ModuleType) -> None:
    """Inside the graph it runs at each move; on leaves PyTorch allows that to the cell's own pass alone, which is said.

    What was refused has changed nothing."""
    source = (
        "x = torch.tensor([1., 2.], requires_grad=True)\nh, k = x * 2, x * x\n"
        "torch.autograd.graph.register_multi_grad_hook({}, lambda gs: seen.append(gs))\n"
        "y = h * k\ny.backward(torch.tensor([1., 0.5]))"
    )
    seen = shell.user_ns["seen"] = []
    explored = magic(shell, torch, source.format("(h, k)"))
    explored.weights = [-2.0, 0.25]
    assert shell.user_ns["x"].grad.tolist() == [-12.0, 6.0]
    assert len(seen) == 2
    explored = magic(shell, torch, source.format("(x,)"))
    grad = shell.user_ns["x"].grad
    with pytest.raises(RuntimeError, match="works in the cell's own backward alone"):
        explored.weights = [-2.0, 0.25]
    assert shell.user_ns["x"].grad is grad
    assert grad.tolist() == [6.0, 12.0]


def test_only_what_was_compiled_is_said_to_be(shell: InteractiveShell, torch: ModuleType) -> None:
    """A reentrant checkpoint goes through Dynamo's files as well, uncompiled at any time."""
    source = (
        "from torch.utils.checkpoint import checkpoint\nx = torch.ones(2, requires_grad=True)\n"
        "y = checkpoint(torch.sin, x, use_reentrant=True)\ny.backward(torch.ones(2))"
    )
    assert "compiled" not in repr(magic(shell, torch, source))
    compiled = (
        "f = torch.compile(torch.sin, backend='eager')\nx = torch.ones(2, requires_grad=True)\nf(x).sum().backward()"
    )
    assert "compiled" in repr(magic(shell, torch, compiled))
