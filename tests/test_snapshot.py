"""A kept graph: it runs whatever the program does to its own, and nothing of the program's notices."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import engine as torch
from engine.autograd.graph import Snapshot


def program() -> tuple[Any, Any, Any]:
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    h = x * 3
    return x, h, h * h


def test_runs_after_the_graph_was_freed() -> None:
    """The user's graph is freed and stays so; the kept one gives the bits of a pass."""
    x, _, y = program()
    kept = Snapshot([y])
    v = torch.tensor([1.0, 10.0])
    y.backward(v)
    with pytest.raises(RuntimeError, match="second time"):
        y.backward(v)
    again = kept.run([v])
    assert again.leaves[x.grad_fn or y.grad_fn.next_functions[0][0].next_functions[0][0]].tolist() == x.grad.tolist()
    assert kept.nbytes > 0
    kept.close()
    assert kept.nbytes == 0


def test_edges_of_a_square() -> None:
    """h * h sends its gradient along two edges, each by its slot; they sum in the node that they reach."""
    _, h, y = program()
    found = Snapshot([y]).run([torch.tensor([1.0, 1.0])])
    assert found.edges[y.grad_fn, 0].tolist() == found.edges[y.grad_fn, 1].tolist() == [3, 6]
    assert [g.tolist() for g in found.nodes[h.grad_fn]] == [[6, 12]]


def test_a_run_carries_out_no_retain_grad() -> None:
    """What retain_grad kept stays; the pass says what it would be."""
    _, h, y = program()
    h.retain_grad()
    kept = Snapshot([y])
    y.backward(torch.tensor([1.0, 10.0]))
    assert h.grad.tolist() == [6, 120]
    found = kept.run([torch.tensor([0.0, 1.0])])
    assert h.grad.tolist() == [6, 120]
    assert [(t is h, g.tolist()) for t, g in found.retained] == [(True, [0, 12])]


def test_retain_grad_adds_up(torch: Any) -> None:
    """A second pass adds to a retained gradient, in PyTorch and here."""
    import engine

    for lib in (torch, engine):
        x = lib.tensor([1.0, 2.0], requires_grad=True)
        h = x * 3
        h.retain_grad()
        y = (h * h).sum()
        y.backward(retain_graph=True)
        y.backward()
        assert h.grad.tolist() == [12, 24]


def test_observes_the_users_own_pass() -> None:
    """Gradients of the user's call are noted as it runs, hooks and all, with the bits that it leaves."""
    x, h, y = program()
    calls = []
    h.register_hook(lambda g: calls.append(g.tolist()) or g * 2)
    kept = Snapshot([y])
    assert not kept.linear
    with kept.observe():
        y.backward(torch.tensor([1.0, 10.0]))
    assert calls == [[6, 120]]
    (leaf,) = kept.observed.leaves
    assert kept.observed.leaves[leaf].tolist() == x.grad.tolist() == [36, 720]
    assert kept.observed.nodes[h.grad_fn][0].tolist() == [12, 240]


def test_written_memory_is_found_out() -> None:
    """Where what was saved has been written since, a run raises as backward would."""
    x, _, y = program()
    kept = Snapshot([y])
    with torch.no_grad():
        x.add_(1)
    assert kept.run([torch.tensor([1.0, 1.0])]).leaves
    z = x * x
    kept = Snapshot([z])
    with torch.no_grad():
        x.add_(1)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        kept.run([torch.tensor([1.0, 1.0])])


def test_create_graph() -> None:
    """A pass under create_graph gives Tensors that can be differentiated again."""
    x, _, y = program()
    kept = Snapshot([y])
    (g,) = kept.run([torch.tensor([1.0, 1.0])], create_graph=True).leaves.values()
    assert torch.autograd.grad(g.sum(), x)[0].tolist() == [18, 18]


def test_several_outputs_of_one_operation() -> None:
    """A split's gradients are shown by output number, None for one that none arrived at."""
    x = torch.tensor([1.0, 2.0, 3.0, 4.0], requires_grad=True)
    first, second = x.chunk(2)
    y = second * 2
    found = Snapshot([y]).run([torch.tensor([1.0, 1.0])])
    arrived = found.nodes[first.grad_fn]
    assert arrived[0] is None
    assert np.array_equal(arrived[1], [2, 2])
    assert found.leaves[first.grad_fn.next_functions[0][0]].tolist() == [0, 0, 2, 2]
