"""``torch.func``: the same programs on PyTorch and on the engine, and what transforms must leave alone."""

from __future__ import annotations

import gc
import threading
from types import ModuleType
from typing import Any

import pytest

import engine
from engine import func
from engine.mode import here
from engine.table.kernel import RAW

from .custom_programs import CUSTOM
from .func_programs import ERRORS, PROGRAMS
from .same import same


@pytest.mark.parametrize("name", PROGRAMS)
def test_programs(torch: ModuleType, name: str) -> None:
    """Values, shapes, dtypes, structures, and what still wants a gradient: PyTorch's."""
    same(torch, PROGRAMS[name], 2e-5 if name in ("float32", "ensembles") else 1e-8)


@pytest.mark.parametrize("name", ERRORS)
def test_errors(torch: ModuleType, name: str) -> None:
    """What PyTorch refuses is refused in its words."""
    same(torch, ERRORS[name])


@pytest.mark.parametrize("name", CUSTOM)
def test_custom_functions(torch: ModuleType, name: str) -> None:
    """``autograd.Function`` under each transform: results, and refusals, are PyTorch's."""
    same(torch, CUSTOM[name], 1e-8)


def test_tied_weights(torch: ModuleType) -> None:
    """One tensor under two names is replaced under both; two values for it are an error, unless ties are ignored."""

    def program(T: ModuleType) -> Any:
        class Tied(T.nn.Module):  # type: ignore[misc, name-defined]  # T is a variable
            def __init__(self) -> None:
                super().__init__()
                self.foo = T.nn.Parameter(T.ones(1))
                self.bar = self.foo

            def forward(self, x: Any) -> Any:
                return x + self.foo + self.bar

        tied, zero = Tied(), T.zeros(1)
        call = T.func.functional_call
        found = [call(tied, {"foo": zero}, (zero,)), call(tied, {"foo": zero}, (zero,), tie_weights=False)]
        try:
            call(tied, {"foo": zero, "bar": zero + 1}, (zero,))
        except ValueError as error:
            found.append(str(error))
        return [*found, tied.foo.detach()]

    same(torch, program)


def test_buffers_come_back(torch: ModuleType) -> None:
    """What a module assigns to a buffer is put into the dict, and its own is as before."""

    def program(T: ModuleType) -> Any:
        class Counter(T.nn.Module):  # type: ignore[misc, name-defined]  # T is a variable
            def __init__(self) -> None:
                super().__init__()
                self.register_buffer("seen", T.zeros(()))

            def forward(self, x: Any) -> Any:
                self.seen = self.seen + 1
                return x * self.seen

        counter, given = Counter(), {"seen": T.tensor(4.0)}
        return T.func.functional_call(counter, given, (T.ones(2),)), given, counter.seen

    same(torch, program)


def test_nothing_is_left_behind() -> None:
    """After a transform, and after an error in one, no mode is on and no gradient was accumulated."""
    x = engine.tensor([1.0, 2.0], requires_grad=True)
    busy, modes = RAW["BUSY"], here.modes  # a test may have left an inference tensor, for which every call is looked at
    engine.vmap(func.jacfwd(func.grad(lambda v: v**3)))(x)
    with pytest.raises(ZeroDivisionError):
        engine.vmap(lambda v: func.jvp(lambda u: u * (1 / 0), (v,), (v,)))(x)
    assert RAW["BUSY"] <= busy  # it may have died meanwhile
    assert here.modes == modes
    assert x.grad is None
    assert func.levels.levels() == ()


def test_levels_are_of_a_thread() -> None:
    """A transform in one thread is not seen by another."""
    seen: list[Any] = []

    def inside(v: Any) -> Any:
        other = threading.Thread(target=lambda: seen.append((engine.ones(2) * 2).tolist()))
        other.start()
        other.join()
        return v * 2

    engine.vmap(inside)(engine.ones(3))
    assert seen == [[2.0, 2.0]]


def test_no_cycles() -> None:
    """What transforms make dies by reference counts."""
    gc.collect()
    gc.disable()
    try:
        for _ in range(3):
            engine.vmap(func.hessian(lambda v: (v**3).sum()))(engine.ones(2, 3))
            func.jvp(engine.sin, (engine.ones(2),), (engine.ones(2),))
        assert gc.collect() < 20
    finally:
        gc.enable()


def test_a_wrapped_function_keeps_its_name() -> None:
    """Transforms of a function have its name and docstring, as PyTorch's."""

    def named(v: Any) -> Any:
        """What it does."""
        return v.sum()

    for transformed in (func.grad(named), func.grad_and_value(named), engine.vmap(named), func.jacrev(named)):
        assert (transformed.__name__, transformed.__doc__) == ("named", "What it does.")
