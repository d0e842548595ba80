"""``autograd.Function``: each program says the same on PyTorch and here."""

from __future__ import annotations

import gc
import textwrap
import weakref
from types import ModuleType
from typing import Any

import pytest

import engine
from engine.autograd.graph import Snapshot
from tests import function_memory_programs, function_programs
from tests.said import same

pytestmark = pytest.mark.usefixtures("young")

PROGRAMS = function_programs.PROGRAMS | function_memory_programs.PROGRAMS


@pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS)
def test_says_the_same(torch: ModuleType, program: str) -> None:
    """Values, types, errors, warnings and the order of calls are PyTorch's."""
    same(torch, function_programs.MAKE + textwrap.dedent(program))


def square() -> Any:
    """``x²`` by hand, on the engine."""

    class Square(engine.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            ctx.save_for_backward(x)
            return x * x

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            return 2 * ctx.saved_tensors[0] * g

    return Square


def test_snapshot_runs_custom_functions() -> None:
    """A kept graph runs the program's backward again after the user's pass has freed its own; it is not linear."""
    x = engine.tensor([1.0, 2.0], requires_grad=True)
    y = square().apply(square().apply(x))
    kept = Snapshot([y])
    assert not kept.linear
    v = engine.tensor([1.0, 1.0])
    y.backward(v)
    with pytest.raises(RuntimeError, match="second time"):
        y.backward(v)
    found = kept.run([v])
    (g,) = found.leaves.values()
    assert g.tolist() == x.grad.tolist() == [4, 32]
    assert [part.tolist() for part in found.nodes[y.grad_fn]] == [[1, 1]]
    (second,) = kept.run([v], create_graph=True).leaves.values()
    assert engine.autograd.grad(second.sum(), x)[0].tolist() == [12, 48]


def test_snapshot_knows_several_outputs() -> None:
    """Gradients into a custom function are noted by output, None where none arrived."""

    class Pair(engine.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            return x * 2, x * 3

        @staticmethod
        def backward(ctx: Any, g: Any, h: Any) -> Any:
            return 2 * g + 3 * h

    x = engine.tensor([1.0, 2.0], requires_grad=True)
    a, b = Pair.apply(x)
    y = b * 1
    found = Snapshot([y]).run([engine.tensor([1.0, 10.0])])
    assert found.nodes[a.grad_fn][0] is None
    assert found.nodes[a.grad_fn][1].tolist() == [1, 10]
    (g,) = found.leaves.values()
    assert g.tolist() == [3, 30]


def test_dies_without_the_collector() -> None:
    """A custom function's graph goes with its last name: its node, context and saved tensors."""
    gc.collect()
    gc.disable()
    try:
        x = engine.tensor([1.0, 2.0], requires_grad=True)
        h = x * 1
        y = square().apply(h)
        y.sum().backward(retain_graph=True)
        engine.autograd.grad(y.sum(), x, create_graph=True)
        alive = [weakref.ref(t) for t in (x, h, y, y.grad_fn)]
        del x, h, y
        assert [r() for r in alive] == [None] * 4
    finally:
        gc.enable()


def test_written_input_makes_no_cycle() -> None:
    """A saved input that is then written with the result hangs on no circle."""
    gc.collect()
    gc.disable()
    try:
        x = engine.tensor([1.0, 2.0], requires_grad=True)
        h = x * 1
        y = square().apply(h)
        h.add_(y)
        alive = weakref.ref(y.grad_fn)
        del x, h, y
        assert alive() is None
    finally:
        gc.enable()
