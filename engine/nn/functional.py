"""``torch.nn.functional``: layers, activations and losses as functions."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from .. import absent, dtypes, errors, random
from ..calls import activations, linalg
from ..calls import softmax as calls_softmax
from ..inplace import apply
from ..kernel import PUBLIC, RAW
from ..mode import here, overridable, overridden
from ..tensor import Tensor, wrap
from .criteria import (
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    cross_entropy,
    huber_loss,
    kl_div,
    l1_loss,
    mse_loss,
    nll_loss,
    smooth_l1_loss,
)


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
    if weight.numel() != 1:
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


# --------------------------------------------------------------------------------------------------------------- layers
def linear(input: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """``input @ weightᵀ + bias``.

    Shapes: input (..., in), weight (out, in), bias (out); result (..., out).
    """
    try:
        return linalg.linear(input, weight, bias)
    except AttributeError:
        for position, (name, value) in enumerate((("input", input), ("weight", weight)), 1):
            if not isinstance(value, Tensor):
                raise errors.argument("linear", name, position, value) from None
        raise


@overridable
def dropout(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """While ``training``: each element 0 with probability ``p``, else ``x / (1 - p)``."""
    if not 0.0 <= p <= 1.0:
        raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")
    if not training or p == 0 or not input.numel():
        return input
    kept = np.zeros(input.shape, input._d.dtype)
    if p < 1:
        kept = random.bernoulli(1 - p, input.shape, input._d.dtype) / input._d.dtype.type(1 - p)
    return input.mul_(wrap(kept)) if inplace else input * wrap(kept)


@overridable
def embedding(
    input: Tensor,
    weight: Tensor,
    padding_idx: int | None = None,
    max_norm: float | None = None,
    norm_type: float = 2.0,
    scale_grad_by_freq: bool = False,
    sparse: bool = False,
) -> Tensor:
    """The rows of ``weight`` that ``input`` names; the row ``padding_idx`` receives no gradient."""
    if max_norm is not None or scale_grad_by_freq or sparse:
        raise NotImplementedError("this engine's embedding has no max_norm, scale_grad_by_freq or sparse")
    if input.dtype not in (dtypes.int64, dtypes.int32):
        raise RuntimeError(
            "Expected tensor for argument #1 'indices' to have one of the following scalar types: Long, Int; but got "
            f"torch.{input.dtype.title}Tensor instead (while checking arguments for embedding)"
        )
    if input.numel() and not (input._d.min() >= 0 and input._d.max() < weight.size(0)):
        raise IndexError("index out of range in self")
    if padding_idx is not None:
        padding_idx += weight.size(0) if padding_idx < 0 else 0
    return PUBLIC["embedding"](weight, input, -1 if padding_idx is None else padding_idx)


@overridable
def one_hot(tensor: Tensor, num_classes: int = -1) -> Tensor:
    """1 in the column that each entry names, 0 in the others.

    Shapes: (...) to (..., num_classes); without ``num_classes``, the largest entry and one.
    """
    d = tensor._d
    if tensor.dtype is not dtypes.int64:
        raise RuntimeError("one_hot is only applicable to index tensor of type LongTensor.")
    if not d.size and num_classes <= 0:
        raise RuntimeError("Can not infer total number of classes from empty tensor.")
    if d.size and d.min() < 0:
        raise RuntimeError("Class values must be non-negative.")
    if num_classes > 0 and d.size and d.max() >= num_classes:
        raise RuntimeError("Class values must be smaller than num_classes.")
    count = num_classes if num_classes > 0 else int(d.max()) + 1
    return wrap((np.asarray(d)[..., None] == np.arange(count)).astype(np.int64))


@overridable
def normalize(input: Tensor, p: float = 2.0, dim: int = 1, eps: float = 1e-12) -> Tensor:
    """``x / max(‖x‖, eps)`` along ``dim``."""
    return input / input.norm(p, dim, keepdim=True).clamp_min(eps).expand_as(input)


_public: dict[str, Any] = dict(activations.FUNCTIONAL)
for _name, _count in _OPTIONS.items():
    _public[_name] = _with_inplace(_public[_name], _count)
globals().update(_public)

__all__ = [
    "binary_cross_entropy", "binary_cross_entropy_with_logits", "cross_entropy", "dropout", "embedding", "glu",
    "huber_loss", "kl_div", "l1_loss", "linear", "log_softmax", "mse_loss", "nll_loss", "normalize", "one_hot", "prelu",
    "smooth_l1_loss", "softmax", "softmin", *_public,
]  # fmt: skip

__getattr__ = absent.lookup("torch.nn.functional", lambda: __all__)
