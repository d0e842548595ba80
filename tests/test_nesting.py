"""Transforms inside of transforms inside of transforms, at random, of random functions, against PyTorch."""

from __future__ import annotations

import random
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from .same import same

Function = Callable[[Any], Any]
START = np.array([0.7, -0.4, 1.1])
SCALES = np.array([0.5, 1.5])


# Each makes a function of a vector of three, with such a vector as result, from another.
def gradient(T: ModuleType, f: Function) -> Function:
    """The gradient of the sum."""
    return T.func.grad(lambda x: f(x).sum())  # type: ignore[no-any-return]


def rows(T: ModuleType, f: Function) -> Function:
    """Sums over the Jacobian, in reverse mode."""
    return lambda x: T.func.jacrev(f)(x).sin().sum(0)


def columns(T: ModuleType, f: Function) -> Function:
    """Sums over the Jacobian, in forward mode."""
    return lambda x: T.func.jacfwd(f)(x).sin().sum(1)


def pushed(T: ModuleType, f: Function) -> Function:
    """A tangent, in a direction that depends on the point."""
    return lambda x: T.func.jvp(f, (x,), (x.cos(),))[1]


def pulled(T: ModuleType, f: Function) -> Function:
    """A cotangent back, one that depends on the point."""
    return lambda x: T.func.vjp(f, x)[1](x.cos())[0]


def mapped(T: ModuleType, f: Function) -> Function:
    """The mean over a batch of scaled points."""
    return lambda x: T.vmap(lambda s: f(x * s))(T.tensor(SCALES)).mean(0)


def captured(T: ModuleType, f: Function) -> Function:
    """The function times its value at the point, which an inner transform must not differentiate."""
    return lambda x: f(x.detach()) * x + f(x)


def inside(T: ModuleType, f: Function) -> Function:
    """A gradient by another variable, of what captures the point."""
    return lambda x: T.func.grad(lambda y: (f(x * y) * y).sum())(x.sin())


TRANSFORMS = [gradient, rows, columns, pushed, pulled, mapped, captured, inside]


def elementary(T: ModuleType, rng: random.Random) -> Function:
    """A function of three or four steps, smooth, with views, products, reductions and writes among them."""
    steps: list[Callable[[Any, Any], Any]] = [
        lambda v, x: v.sin(),
        lambda v, x: v * x,
        lambda v, x: v.tanh() + x,
        lambda v, x: v * v.sum(),
        lambda v, x: T.outer(v, x).sum(0),
        lambda v, x: T.stack([v, x]).prod(0),
        lambda v, x: v.flip(0) * x[0],
        lambda v, x: T.cat([v[:1] * x[1], v[1:]]),
        lambda v, x: v.softmax(0) * x,
        lambda v, x: (v.unsqueeze(1) @ x.unsqueeze(0)).diagonal() + v.cumsum(0),
        lambda v, x: v.exp() / (1 + x**2),
        lambda v, x: T.where(v > 0, v, v * x),
        lambda v, x: v[[2, 0, 1]] * 0.5,
    ]
    chosen = [rng.choice(steps) for _ in range(rng.randint(2, 3))]

    def f(x: Any) -> Any:
        v = x
        for step in chosen:
            v = step(v, x)
        return v

    return f


@pytest.mark.parametrize("seed", range(150))
def test_nested_transforms(torch: ModuleType, seed: int) -> None:
    """Up to four transforms deep; the same program, the same numbers."""

    def program(T: ModuleType) -> Any:
        rng = random.Random(seed)
        f = elementary(T, rng)
        for _ in range(rng.choice([1, 2, 2, 3, 3, 4])):
            f = rng.choice(TRANSFORMS)(T, f)
        return f(T.tensor(START))

    same(torch, program, 1e-6)
