"""What the optimizers that move each parameter on its own have in common: a formula on arrays, and what it keeps.

A step works on the arrays themselves: nothing of it is recorded, so an operation of the engine were 1 µs for naught.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..dtypes import float64, get_default_dtype
from ..graph.versions import wrote
from ..mode import enable_grad
from ..tensor import Tensor, box, wrap
from .optimizer import Optimizer

Array = np.ndarray[Any, Any]

_TITLES = {"lr": "learning rate", "eps": "epsilon value"}


def check(defaults: dict[str, Any], *names: str) -> None:
    """Raise PyTorch's ValueError where an option of ``names`` is out of its range."""
    lr = defaults["lr"]
    if isinstance(lr, Tensor) and lr.numel() != 1:
        raise ValueError("Tensor lr must be 1-element")
    for name in names:
        value = defaults[name]
        if name == "betas":
            for i, beta in enumerate(value):
                if not 0.0 <= beta < 1.0:
                    raise ValueError(f"Invalid beta parameter at index {i}: {beta}")
        elif not value >= 0.0:
            raise ValueError(f"Invalid {_TITLES.get(name, f'{name} value')}: {value}")


def numbers(p: Tensor, value: complex = 0.0) -> Tensor:
    """``value`` in the shape and dtype of ``p``: a state begins like that."""
    return wrap(np.full_like(box(p), value))


def counter(value: float = 0.0) -> Tensor:
    """A number that the state keeps as a tensor: PyTorch's ``step``."""
    wide = get_default_dtype() is float64
    return wrap(np.array(value, np.float64 if wide else np.float32))


def raised(state: dict[str, Any]) -> float:
    """The number of this step; the state counts it."""
    count = box(state["step"])
    count += 1
    return float(count)


class Stepping(Optimizer):
    """Define ``begin``, what the state of a parameter starts with, and ``move``, which changes its array."""

    def __init__(self, params: Any, defaults: dict[str, Any]) -> None:
        super().__init__(params, defaults)
        name = type(self).__name__
        if defaults["differentiable"]:
            raise NotImplementedError(f"this engine's {name} does not record its steps: differentiable=False")
        if defaults.get("fused") and defaults["foreach"]:
            raise RuntimeError("`fused` and `foreach` cannot be `True` together.")

    @np.errstate(all="ignore")
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Change every parameter that has a gradient; ``closure`` computes the loss anew, and is returned."""
        loss = None
        if closure is not None:
            with enable_grad():
                loss = closure()
        for group in self.param_groups:
            if group.get("capturable"):
                raise RuntimeError("capturable=True is for CUDA graphs: this engine's tensors are on the CPU")
            options = {**group, "lr": float(group["lr"])} if isinstance(group["lr"], Tensor) else group
            maximize = group["maximize"]
            for p in group["params"]:
                cell = p._n  # the property `grad` asks no more of a leaf
                grad = cell.grad if cell is not None and cell.key > 0 else p.grad
                if grad is None:
                    continue
                d, g = box(p), -grad._d if maximize else grad._d
                if d.dtype.kind == "c":  # complex numbers as pairs, which are moved each on its own
                    self.move(_pairs(d), _pairs(g), self.begun(p, options), options)
                else:
                    self.move(d, g, self.begun(p, options), options)
                wrote(d)
        return loss

    def begun(self, p: Tensor, group: dict[str, Any]) -> dict[str, Any]:
        """The state of ``p``, begun if there is none."""
        state = self.state[p]
        if not state:
            state.update(self.begin(p, group))
        return state

    def begin(self, p: Tensor, group: dict[str, Any]) -> dict[str, Any]:
        """What the state of ``p`` starts with."""
        raise NotImplementedError

    def move(self, d: Array, g: Array, state: dict[str, Any], group: dict[str, Any]) -> None:
        """One step of the parameter whose values are ``d``, in place; ``g`` is its gradient."""
        raise NotImplementedError


def _pairs(d: Any) -> Any:
    return d[None].view(d.real.dtype)


def kept(state: dict[str, Any], name: str) -> Array:
    """The array of a state's tensor, complex numbers as pairs."""
    d = box(state[name])
    return d if d.dtype.kind != "c" else _pairs(d)
