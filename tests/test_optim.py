"""Optimizers: the same steps as PyTorch's, the same states, and the same words."""

from __future__ import annotations

import copy
import pickle
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import engine

from .optim_expressions import OPTIMIZERS
from .test_nn import told

STEPS: list[tuple[str, dict[str, Any]]] = [
    ("SGD", {"lr": 0.1}),
    ("SGD", {"lr": 0.05, "momentum": 0.9}),
    ("SGD", {"lr": 0.05, "momentum": 0.9, "nesterov": True, "weight_decay": 0.01}),
    ("SGD", {"lr": 0.05, "momentum": 0.9, "dampening": 0.5}),
    ("SGD", {"lr": 0.001, "maximize": True, "weight_decay": 0.1}),
    ("Adam", {}),
    ("Adam", {"lr": 0.05, "amsgrad": True, "weight_decay": 0.1, "betas": (0.8, 0.9), "eps": 1e-4}),
    ("Adam", {"maximize": True}),
    ("AdamW", {"lr": 0.05}),
    ("AdamW", {"lr": 0.05, "amsgrad": True, "maximize": True}),
    ("Adamax", {"lr": 0.05, "weight_decay": 0.1}),
    ("NAdam", {"lr": 0.05}),
    ("NAdam", {"weight_decay": 0.1, "decoupled_weight_decay": True}),
    ("RAdam", {"lr": 0.05}),
    ("RAdam", {"lr": 0.05, "weight_decay": 0.1, "decoupled_weight_decay": True}),
    ("RMSprop", {}),
    ("RMSprop", {"centered": True, "momentum": 0.9, "lr": 0.001}),
    ("RMSprop", {"centered": True, "alpha": 0.3, "weight_decay": 0.1}),
    ("Adagrad", {"lr": 0.1, "lr_decay": 0.1, "initial_accumulator_value": 0.2}),
    ("Adadelta", {"weight_decay": 0.1}),
    ("Rprop", {}),
    ("ASGD", {"lr": 0.1, "t0": 3.0, "weight_decay": 0.01}),
]


def train(
    library: ModuleType, name: str, options: dict[str, Any], loss: str = "MSELoss", dtype: str = "float32"
) -> tuple[list[Any], list[float], list[Any], Any]:
    """First weights, 20 losses, last gradients and weights of a small network, and the optimizer's state."""
    library.manual_seed(3)
    nn, dtype = library.nn, getattr(library, dtype)
    net = nn.Sequential(nn.Linear(5, 16), nn.Tanh(), nn.Linear(16, 8), nn.ReLU(), nn.Linear(8, 3)).to(dtype)
    x = library.randn(32, 5).to(dtype)
    target = library.randint(0, 3, (32,)) if loss == "CrossEntropyLoss" else library.randn(32, 3).to(dtype)
    criterion, optimizer = getattr(nn, loss)(), getattr(library.optim, name)(net.parameters(), **options)
    start = [p.detach().numpy().copy() for p in net.parameters()]

    def closure() -> Any:
        optimizer.zero_grad()
        value = criterion(net(x), target)
        value.backward()
        return value

    losses = [optimizer.step(closure).item() for _ in range(20)]
    return start, losses, [a.detach().numpy() for p in net.parameters() for a in (p.grad, p)], optimizer.state_dict()


def same_states(ours: Any, theirs: Any, tolerance: float) -> None:
    """Two states have the same keys in the same order, and the same values."""
    assert type(ours).__name__ == type(theirs).__name__
    if isinstance(theirs, dict):
        assert list(ours) == list(theirs)
        for key in theirs:
            same_states(ours[key], theirs[key], tolerance)
    elif isinstance(theirs, list | tuple):
        assert len(ours) == len(theirs)
        for a, b in zip(ours, theirs, strict=True):
            same_states(a, b, tolerance)
    elif hasattr(theirs, "numpy"):
        assert str(ours.dtype) == str(theirs.dtype)
        np.testing.assert_allclose(ours.numpy(), theirs.numpy(), rtol=tolerance, atol=tolerance)
    else:
        assert ours == (pytest.approx(theirs, rel=tolerance) if isinstance(theirs, float) else theirs)


@pytest.mark.parametrize("loss", ["MSELoss", "CrossEntropyLoss"])
@pytest.mark.parametrize("name, options", STEPS, ids=str)
def test_training_follows_torch(torch: ModuleType, name: str, options: dict[str, Any], loss: str) -> None:
    """From one seed: the same weights to start with, and over 20 steps the same losses, gradients and weights."""
    ours, theirs = train(engine, name, options, loss), train(torch, name, options, loss)
    for a, b in zip(ours[0], theirs[0], strict=True):
        np.testing.assert_array_max_ulp(a, b, 1)
    np.testing.assert_allclose(ours[1], theirs[1], rtol=2e-6 if name == "SGD" else 1e-4)
    for a, b in zip(ours[2], theirs[2], strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5 if name == "SGD" else 2e-3, atol=5e-7 if name == "SGD" else 2e-4)


@pytest.mark.parametrize("name, options", STEPS, ids=str)
def test_numbers_and_states_are_torch_s(torch: ModuleType, name: str, options: dict[str, Any]) -> None:
    """In float64 losses, weights, gradients and the whole state agree to 12 digits after 20 steps."""
    ours, theirs = (train(library, name, options, "MSELoss", "float64") for library in (engine, torch))
    np.testing.assert_allclose(ours[1], theirs[1], rtol=1e-12)
    for a, b in zip(ours[2], theirs[2], strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-12)
    same_states(ours[3], theirs[3], 1e-10)


LBFGS: list[dict[str, Any]] = [
    {"lr": 0.1}, {"line_search_fn": "strong_wolfe"}, {"history_size": 3, "max_iter": 5}, {"max_iter": 1, "lr": 0.01}
]  # fmt: skip


@pytest.mark.parametrize("options", LBFGS, ids=str)
def test_lbfgs_tries_the_points_that_torch_tries(torch: ModuleType, options: dict[str, Any]) -> None:
    """In float64 losses, weights and the state agree; the closure was called as often."""
    ours, theirs = (train(library, "LBFGS", options, "MSELoss", "float64") for library in (engine, torch))
    assert ours[3]["state"][0]["func_evals"] == theirs[3]["state"][0]["func_evals"]
    assert sorted(ours[3]["state"][0]) == sorted(theirs[3]["state"][0])
    np.testing.assert_allclose(ours[1][:8], theirs[1][:8], rtol=1e-5)


def test_lbfgs_minimises_rosenbrock(torch: ModuleType) -> None:
    """With a line search the banana's minimum is found, along PyTorch's path."""
    paths = []
    for library in (engine, torch):
        x = library.tensor([-1.5, 2.0], dtype=library.float64, requires_grad=True)
        optimizer = library.optim.LBFGS([x], line_search_fn="strong_wolfe", max_iter=4)

        def closure(x: Any = x, optimizer: Any = optimizer) -> Any:
            optimizer.zero_grad()
            loss = (1 - x[0]) ** 2 + 100 * (x[1] - x[0] ** 2) ** 2
            loss.backward()
            return loss

        path = []
        for _ in range(20):
            optimizer.step(closure)
            path.append(x.detach().numpy().copy())
        paths.append(path)
    np.testing.assert_allclose(paths[0], paths[1], rtol=1e-6)
    np.testing.assert_allclose(paths[0][-1], [1, 1], atol=1e-5)


@pytest.mark.parametrize("name", ["SGD", "Adam", "Adamax", "NAdam", "RMSprop", "Rprop", "Adagrad", "Adadelta"])
def test_complex_parameters(torch: ModuleType, name: str) -> None:
    """Complex numbers move as pairs of real ones."""
    out = []
    for library in (engine, torch):
        w = library.tensor([1 + 2j, -0.5j, 3.0], dtype=library.complex128, requires_grad=True)
        optimizer = getattr(library.optim, name)([w], lr=0.1)
        for _ in range(3):
            optimizer.zero_grad()
            w.grad = w.detach() * (2 - 1j)
            optimizer.step()
        out.append(w.detach().numpy())
    np.testing.assert_allclose(out[0], out[1], rtol=1e-12)


@pytest.mark.parametrize("expression", OPTIMIZERS.strip().splitlines())
def test_as_torch(torch: ModuleType, expression: str) -> None:
    """An expression gives the same repr, or the same error, and the same warnings, as in PyTorch."""
    (ours, our_warnings), (theirs, their_warnings) = told(engine, expression), told(torch, expression)
    assert ours == theirs
    assert our_warnings == their_warnings


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


@pytest.mark.parametrize("name", ["SGD", "Adam"])
@pytest.mark.parametrize("library", ["engine", "torch"])
def test_a_step_changes_the_leaf_in_place(library: str, name: str, torch: ModuleType) -> None:
    """A step keeps the object, counts as a write, and leaves parameters without a gradient alone."""
    lib = engine if library == "engine" else torch
    w, idle = (lib.tensor([1.0, 2.0], requires_grad=True) for _ in range(2))
    optimizer = getattr(lib.optim, name)([{"params": [w], "lr": 0.5}, {"params": [idle]}], lr=0.1)
    y = (w * w).sum()
    y.backward(retain_graph=True)
    optimizer.step()
    np.testing.assert_allclose(w.tolist(), [0, 0] if name == "SGD" else [0.5, 1.5], atol=1e-6)
    assert w.requires_grad
    assert w.is_leaf
    assert idle.tolist() == [1, 2]
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.backward()


@pytest.mark.parametrize("library", ["engine", "torch"])
def test_closure_is_recorded(library: str, torch: ModuleType) -> None:
    """The closure computes its loss with gradients on, and step returns it."""
    lib = engine if library == "engine" else torch
    w = lib.tensor(3.0, requires_grad=True)
    optimizer = lib.optim.SGD([w], lr=0.1)

    def closure() -> Any:
        optimizer.zero_grad()
        loss = w * w
        loss.backward()
        return loss

    with lib.no_grad():
        assert optimizer.step(closure).item() == 9
    assert w.item() == pytest.approx(2.4)


@pytest.mark.parametrize("name", ["SGD", "Adam", "RMSprop"])
@pytest.mark.parametrize("library", ["engine", "torch"])
def test_state_is_carried_over(library: str, name: str, torch: ModuleType) -> None:
    """A state_dict loaded into another optimizer continues where the first one was; so do a copy and a pickle."""
    lib = engine if library == "engine" else torch
    options = {"momentum": 0.9} if name != "Adam" else {}
    a, b = (lib.tensor([1.0], requires_grad=True) for _ in range(2))
    first = getattr(lib.optim, name)([a], lr=0.1, **options)
    a.grad = lib.tensor([1.0])
    first.step()
    second = getattr(lib.optim, name)([b], lr=0.5)
    second.load_state_dict(copy.deepcopy(first.state_dict()))
    third = pickle.loads(pickle.dumps(first))
    with lib.no_grad():
        b.copy_(a)
    (c,) = third.param_groups[0]["params"]
    for optimizer, p in ((first, a), (second, b), (third, c)):
        p.grad = lib.tensor([1.0])
        optimizer.step()
    assert b.tolist() == a.tolist() == c.tolist()
    assert second.param_groups[0]["lr"] == 0.1


def hooks_seen(lib: ModuleType) -> list[str]:
    """What every hook of an optimizer sees, in order."""
    w = lib.tensor([1.0], requires_grad=True)
    w.grad = lib.tensor([1.0])
    o = lib.optim.SGD([w], lr=0.1)
    log = []
    o.register_step_pre_hook(lambda opt, args, kwargs: log.append(f"pre {opt is o} {len(args)} {sorted(kwargs)}"))
    handle = o.register_step_post_hook(lambda opt, args, kwargs: log.append(f"post {w.tolist()}"))
    o.register_state_dict_pre_hook(lambda opt: log.append("state pre"))
    o.register_state_dict_post_hook(lambda opt, state: {**state, "more": 1})
    o.register_state_dict_post_hook(lambda opt, state: log.append("first"), prepend=True)
    o.register_load_state_dict_pre_hook(lambda opt, state: log.append(f"load pre {sorted(state)}"))
    o.register_load_state_dict_post_hook(lambda opt: log.append("loaded"))
    o.step()
    state = o.state_dict()
    log.append(str(sorted(state)))
    o.load_state_dict(state)
    handle.remove()
    o.step(closure=lambda: 1.0)
    return log


def test_hooks(torch: ModuleType) -> None:
    """Hooks around a step, the state and its loading run when PyTorch's do, with the same arguments."""
    assert hooks_seen(engine) == hooks_seen(torch)


class Halving:
    """An optimizer as a user writes it: ``step`` alone, with a state of its own."""

    @staticmethod
    def of(lib: ModuleType) -> Any:
        class Half(lib.optim.Optimizer):  # type: ignore[name-defined]  # a class per library
            def __init__(self, params: Any) -> None:
                super().__init__(params, {"by": 2.0})

            @lib.no_grad()
            def step(self) -> None:
                for group in self.param_groups:
                    for p in group["params"]:
                        self.state[p]["seen"] = self.state[p].get("seen", 0) + 1
                        p.div_(group["by"])

        return Half


@pytest.mark.parametrize("library", ["engine", "torch"])
def test_an_optimizer_of_one_s_own(library: str, torch: ModuleType) -> None:
    """A subclass that defines ``step`` works with groups, state, hooks and a scheduler."""
    lib = engine if library == "engine" else torch
    w = lib.tensor([8.0], requires_grad=True)
    optimizer = Halving.of(lib)([{"params": [w], "lr": 1.0}])
    log: list[int] = []
    optimizer.register_step_post_hook(lambda *_: log.append(1))
    optimizer.step()
    optimizer.step()
    assert w.tolist() == [2.0]
    assert optimizer.state_dict()["state"] == {0: {"seen": 2}}
    assert log == [1, 1]
    with pytest.raises(NotImplementedError):
        lib.optim.Optimizer([w], {}).step()


def test_steps_are_not_recorded() -> None:
    """What the engine does not have says so: recorded steps, CUDA graphs."""
    w = engine.tensor([1.0], requires_grad=True)
    with pytest.raises(NotImplementedError, match="does not record its steps"):
        engine.optim.Adam([w], differentiable=True)
    w.grad = engine.tensor([1.0])
    with pytest.raises(RuntimeError, match="CUDA graphs"):
        engine.optim.Adam([w], capturable=True).step()
