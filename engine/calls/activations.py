"""Activation functions as PyTorch calls them: few in ``torch``, all in ``torch.nn.functional``."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..mode import overridable
from ..ops import activations as rows
from ..ops import functions
from ..tensor import Tensor

_ALPHA, _SCALE = 1.6732632423543772848170429916717, 1.0507009873554804934193349852946


@overridable
def selu(input: Tensor) -> Tensor:
    """``elu`` with the two constants that keep mean 0 and variance 1."""
    return rows.elu(input, _ALPHA, _SCALE, 1.0)


@overridable
def relu6(input: Tensor) -> Tensor:
    """``out = min(max(x, 0), 6)``."""
    return rows.hardtanh(input, 0.0, 6.0)


@overridable
def softsign(input: Tensor) -> Tensor:
    """``out = x / (1 + |x|)``."""
    return input / (functions.abs(input) + 1)


@overridable
def tanhshrink(input: Tensor) -> Tensor:
    """``out = x - tanh(x)``."""
    return input - functions.tanh(input)


def hardtanh(input: Tensor, min_val: float = -1.0, max_val: float = 1.0) -> Tensor:
    """``input`` kept between two bounds; at a bound the gradient is 0."""
    if min_val > max_val:
        raise ValueError("min_val cannot be greater than max_val")
    return rows.hardtanh(input, min_val, max_val)


def softshrink(input: Tensor, lambd: float = 0.5) -> Tensor:
    """``input`` moved by ``lambd`` towards 0, and 0 where ``|input| ≤ lambd``."""
    if isinstance(input, Tensor) and input._d.dtype.kind == "f":
        most = np.finfo(input._d.dtype).max
        if not 0 <= lambd <= most:
            raise RuntimeError(
                f"lambda must be in range [0, {most:g}] for input dtype {input.dtype.title}, but found {lambd:g}"
            )
    return rows.softshrink(input, lambd)


def gelu(input: Tensor, approximate: str = "none") -> Tensor:
    """``input`` times the standard normal distribution function, or its approximation by ``"tanh"``."""
    if approximate not in ("none", "tanh"):
        raise RuntimeError("approximate argument must be either none or tanh.")
    return rows.gelu(input, approximate)


def prelu(input: Tensor, weight: Tensor) -> Tensor:
    """``max(x, 0) + weight · min(x, 0)``, one weight for all or one for each channel."""
    from ..nn.functional.activation import prelu as function  # seldom used

    return function(input, weight)


FUNCTIONS: dict[str, Any] = {
    "relu": rows.relu, "selu": selu, "celu": rows.celu, "threshold": rows.threshold, "hardshrink": rows.hardshrink,
}  # fmt: skip
METHODS = {"relu": rows.relu, "hardshrink": rows.hardshrink, "prelu": prelu}
IN_PLACE = {"relu_": rows.relu}

# What torch.nn.functional has of them
FUNCTIONAL: dict[str, Any] = {
    **FUNCTIONS, "relu6": relu6, "hardtanh": hardtanh, "leaky_relu": rows.leaky_relu, "elu": rows.elu,
    "silu": rows.silu, "mish": rows.mish, "gelu": gelu, "logsigmoid": rows.logsigmoid, "softplus": rows.softplus,
    "softsign": softsign, "tanhshrink": tanhshrink, "softshrink": softshrink, "hardsigmoid": rows.hardsigmoid,
    "hardswish": rows.hardswish, "sigmoid": functions.sigmoid, "tanh": functions.tanh,
}  # fmt: skip
