"""A large gradient that nobody else holds becomes ``.grad`` without a copy; any other is copied."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import engine
from engine.graph import sweep

ROOT = Path(__file__).resolve().parents[1]
N = sweep.LARGE  # elements: four times as many bytes


def _shared(x: Any, others: list[Any]) -> bool:
    return any(np.shares_memory(x.grad.numpy(), other) for other in others)


@pytest.mark.parametrize(
    "function",
    [
        lambda x: x,
        lambda x: x + 1,
        lambda x: x.view(-1),
        lambda x: x.reshape(2, -1).t().t().reshape(-1),
        lambda x: x.flip(0).flip(0),
        lambda x: x * 1.0,
    ],
)
def test_v_is_never_taken(function: Callable[[Any], Any]) -> None:
    """The v that the program passed stays its own, whatever way it came to the leaf."""
    x = engine.ones(N, requires_grad=True)
    y, v = function(x), engine.rand(N)
    y.backward(v)
    assert not _shared(x, [v.numpy()])
    before = v.clone()
    x.grad.zero_()
    assert (v == before).all()


def test_two_leaves_do_not_share() -> None:
    """One gradient that goes to two leaves is taken by neither, or by one."""
    x, w = engine.ones(N, requires_grad=True), engine.ones(N, requires_grad=True)
    ((x + w) * 2.0).sum().backward()
    assert not _shared(x, [w.grad.numpy()])
    x.grad.zero_()
    assert (w.grad == 2).all()


def test_what_a_graph_saved_is_not_taken() -> None:
    """With ``create_graph`` and hooks the arrays are in use elsewhere."""
    seen = []
    x = engine.ones(N, requires_grad=True)
    y = x * 3.0
    y.register_hook(seen.append)
    y.backward(engine.ones(N), retain_graph=True)
    first = x.grad
    x.grad = None
    y.backward(engine.ones(N))
    assert not _shared(x, [first.numpy(), *[g.numpy() for g in seen]])


PRODUCT = """
import engine
x, w = engine.ones({n}, requires_grad=True), engine.full(({n},), 2.0)
y, made = x * w, []
run = y.grad_fn.step
def step(node, g, free):
    out = run(node, g, free)
    made.append(out.__array_interface__["data"])
    return out
step.spec = run.spec
y._n.step = step
y.backward(engine.ones({n}))
print(x.grad.numpy().__array_interface__["data"] == made[0])
"""


def test_a_product_is_taken() -> None:
    """The gradient of a product is new memory: its array is the one that ``.grad`` holds.

    In a process of its own: where others have left hooks on leaves, a pass takes another way.
    """
    ran = subprocess.run(
        [sys.executable, "-c", PRODUCT.format(n=N)], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert ran.stdout.strip() == "True"


def test_two_passes_add_up() -> None:
    """What was taken is added to in place the next time, and keeps its identity."""
    x = engine.ones(N, requires_grad=True)
    (x * 2.0).sum().backward()
    grad = x.grad
    (x * 3.0).sum().backward()
    assert x.grad is grad
    assert (grad == 5).all()
