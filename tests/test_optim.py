"""SGD: the same steps as PyTorch's, and the same words."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np
import pytest

import engine

from .nn_expressions import OPTIMIZERS
from .test_nn import told

OPTIONS: list[dict[str, Any]] = [
    {"lr": 0.1},
    {"lr": 0.05, "momentum": 0.9},
    {"lr": 0.05, "momentum": 0.9, "nesterov": True, "weight_decay": 0.01},
    {"lr": 0.05, "momentum": 0.9, "dampening": 0.5},
    {"lr": 0.001, "maximize": True, "weight_decay": 0.1},
]


def train(library: ModuleType, loss: str, options: dict[str, Any]) -> tuple[list[Any], list[float], list[Any]]:
    """First weights, 20 losses, last gradients and weights of a small network."""
    library.manual_seed(3)
    nn = library.nn
    net = nn.Sequential(nn.Linear(5, 16), nn.Tanh(), nn.Linear(16, 8), nn.ReLU(), nn.Linear(8, 3))
    x = library.randn(32, 5)
    target = library.randint(0, 3, (32,)) if loss == "CrossEntropyLoss" else library.randn(32, 3)
    criterion, optimizer = getattr(nn, loss)(), library.optim.SGD(net.parameters(), **options)
    start = [p.detach().numpy().copy() for p in net.parameters()]
    losses = []
    for _ in range(20):
        optimizer.zero_grad()
        value = criterion(net(x), target)
        value.backward()
        losses.append(value.item())
        optimizer.step()
    return start, losses, [a.detach().numpy() for p in net.parameters() for a in (p.grad, p)]


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("loss", ["MSELoss", "CrossEntropyLoss", "L1Loss"])
def test_training_follows_torch(torch: ModuleType, loss: str, options: dict[str, Any]) -> None:
    """From one seed: the same weights to start with, and over 20 steps the same losses, gradients and weights."""
    ours, theirs = train(engine, loss, options), train(torch, loss, options)
    for a, b in zip(ours[0], theirs[0], strict=True):
        np.testing.assert_array_max_ulp(a, b, 1)
    np.testing.assert_allclose(ours[1], theirs[1], rtol=2e-6)
    for a, b in zip(ours[2], theirs[2], strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=5e-7)


@pytest.mark.parametrize("expression", OPTIMIZERS.strip().splitlines())
def test_as_torch(torch: ModuleType, expression: str) -> None:
    """An expression gives the same repr, or the same error, and the same warnings, as in PyTorch."""
    assert told(engine, expression) == told(torch, expression)


@pytest.mark.parametrize("library", ["engine", "torch"])
def test_zero_grad(library: str, torch: ModuleType) -> None:
    """zero_grad forgets gradients, or fills the same tensor with zeros."""
    lib = engine if library == "engine" else torch
    w = lib.tensor([1.0, 2.0], requires_grad=True)
    optimizer = lib.optim.SGD([w], lr=0.1)
    (w * w).sum().backward()
    kept = w.grad
    optimizer.zero_grad(set_to_none=False)
    assert w.grad is kept
    assert kept.tolist() == [0, 0]
    optimizer.zero_grad()
    assert w.grad is None


@pytest.mark.parametrize("library", ["engine", "torch"])
def test_a_step_changes_the_leaf_in_place(library: str, torch: ModuleType) -> None:
    """A step keeps the object, counts as a write, and leaves parameters without a gradient alone."""
    lib = engine if library == "engine" else torch
    w, idle = (lib.tensor([1.0, 2.0], requires_grad=True) for _ in range(2))
    optimizer = lib.optim.SGD([{"params": [w], "lr": 0.5}, {"params": [idle]}], lr=0.1)
    y = (w * w).sum()
    y.backward(retain_graph=True)
    optimizer.step()
    assert w.tolist() == [0, 0]
    assert w.requires_grad
    assert w.is_leaf
    assert idle.tolist() == [1, 2]
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.backward()


def test_closure_is_recorded() -> None:
    """The closure computes its loss with gradients on, and step returns it."""
    w = engine.tensor(3.0, requires_grad=True)
    optimizer = engine.optim.SGD([w], lr=0.1)

    def closure() -> Any:
        optimizer.zero_grad()
        loss = w * w
        loss.backward()
        return loss

    assert optimizer.step(closure).item() == 9
    assert w.item() == pytest.approx(2.4)


def test_state_is_carried_over() -> None:
    """A state_dict loaded into another optimizer continues with its momentum."""
    a, b = (engine.tensor([1.0], requires_grad=True) for _ in range(2))
    first = engine.optim.SGD([a], lr=0.1, momentum=0.9)
    a.grad = engine.tensor([1.0])
    first.step()
    second = engine.optim.SGD([b], lr=0.5)
    second.load_state_dict(first.state_dict())
    with engine.no_grad():
        b.copy_(a)
    b.grad = engine.tensor([1.0])
    for optimizer in (first, second):
        optimizer.step()
    assert b.tolist() == a.tolist()
    assert second.param_groups[0]["lr"] == 0.1
