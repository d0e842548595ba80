"""Activations as functions, with PyTorch's ``inplace=``."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

from ... import errors
from ...calls import activations as calls_activations
from ...calls import softmax as calls_softmax
from ...mode import here, overridable, overridden
from ...table.inplace import apply
from ...table.kernel import PUBLIC, RAW
from ...tensor import Tensor


# ---------------------------------------------------------------------------------------------------------- activations
def _with_inplace(function: Callable[..., Tensor], count: int) -> Callable[..., Tensor]:
    """``function``, which takes ``count`` options, with PyTorch's ``inplace`` after them."""

    def activation(input: Tensor, *options: Any, inplace: bool = False, **named: Any) -> Tensor:
        if len(options) > count:
            *options, inplace = options  # type: ignore[assignment]  # a list from here on
        if not inplace:
            return function(input, *options, **named)
        if RAW["BUSY"] and here.modes:
            return overridden(activation, (input, *options), {"inplace": True, **named})
        return apply(input, function, tuple(options), named)

    activation.__name__ = activation.__qualname__ = function.__name__
    activation.__doc__ = function.__doc__
    return activation


_OPTIONS = {
    "relu": 0, "relu6": 0, "selu": 0, "silu": 0, "mish": 0, "hardswish": 0, "hardsigmoid": 0, "leaky_relu": 1,
    "elu": 1, "celu": 1, "hardtanh": 2, "threshold": 2,
}  # fmt: skip


def _chosen_dim(name: str, dims: int) -> int:
    warnings.warn(
        f"Implicit dimension choice for {name} has been deprecated. Change the call to include dim=X as an argument.",
        UserWarning,
        stacklevel=5,
    )
    return 0 if dims in (0, 1, 3) else 1


def _over(name: str, function: Callable[..., Tensor]) -> Callable[..., Tensor]:
    def over(input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None) -> Tensor:
        if not isinstance(input, Tensor):
            raise errors.argument(name, "input", 1, input)
        return function(input, _chosen_dim(name, input.dim()) if dim is None else dim, dtype=dtype)

    over.__name__ = over.__qualname__ = name
    return overridable(over)


def _softmin(input: Tensor, dim: int, dtype: Any = None) -> Tensor:
    return calls_softmax.softmax(-input, dim, dtype=dtype)


softmax = _over("softmax", calls_softmax.softmax)
log_softmax = _over("log_softmax", calls_softmax.log_softmax)
softmin = _over("softmin", _softmin)
softmax.__doc__ = "``exp(x) / Σ exp(x)`` over ``dim``."
log_softmax.__doc__ = "``x - log Σ exp(x)`` over ``dim``."
softmin.__doc__ = "``softmax(-x)``."


@overridable
def prelu(input: Tensor, weight: Tensor) -> Tensor:
    """``max(x, 0) + weight · min(x, 0)``, one weight for all or one for each channel."""
    if input._d.dtype is not weight._d.dtype:
        titles = f"{input.dtype.title} and {weight.dtype.title}"
        raise RuntimeError(f"prelu: Type promoting not supported. Got {titles}")
    if weight.dim() > 1:
        raise RuntimeError(f"prelu: Expected `weight` to be a scalar or 1D tensor, but got: ndim = {weight.dim()}")
    if weight.numel() != 1:
        if not input.dim():
            raise RuntimeError("Not allow zero-dim input tensor.")
        channels = input.size(1) if input.dim() > 1 else 1
        if channels != weight.numel():
            raise RuntimeError(
                "Mismatch of parameter numbers and input channel size. Found parameter numbers = "
                f"{weight.numel()} and channel size = {channels}."
            )
        weight = weight.view([-1 if i == min(1, input.dim() - 1) else 1 for i in range(input.dim())])
    elif weight.dim() != input.dim():
        weight = weight.view([1] * input.dim())
    return PUBLIC["prelu"](input, weight)


@overridable
def glu(input: Tensor, dim: int = -1) -> Tensor:
    """``a · sigmoid(b)`` of the two halves of ``input`` along ``dim``."""
    if not input.dim():
        raise RuntimeError("glu does not support 0-dimensional tensors")
    if input.size(dim) % 2:
        raise RuntimeError(
            f"Halving dimension must be even, but dimension {dim % input.dim()} is size {input.size(dim)}"
        )
    return PUBLIC["glu"](input, dim % input.dim())


_public: dict[str, Any] = dict(calls_activations.FUNCTIONAL)
for _name, _count in _OPTIONS.items():
    _public[_name] = _with_inplace(_public[_name], _count)
globals().update(_public)
