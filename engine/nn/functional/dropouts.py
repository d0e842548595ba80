"""Dropout as functions: of elements, of whole channels, and the kinds for ``selu``."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np

from ... import errors, random
from ...mode import overridable
from ...tensor import Tensor, wrap

_ALPHA = 1.7580993408473766  # what selu tends to, far on the negative side


def _noise(p: float, like: Any) -> Any:
    """1 with probability ``p``, else 0, drawn in the order in which the elements of ``like`` lie in memory."""
    order = sorted(range(like.ndim), key=lambda d: -abs(like.strides[d]))
    drawn = random.bernoulli(p, tuple(like.shape[d] for d in order), like.dtype)
    return drawn.transpose(np.argsort(order)) if like.ndim else drawn


def dropped(
    input: Tensor, p: float, training: bool, inplace: bool, feature: bool = False, alpha: bool = False
) -> Tensor:
    if not training or p == 0 or not input._d.size:
        return input
    d = np.asarray(input._d)
    if feature and d.ndim < 2:
        raise RuntimeError("Feature dropout requires at least 2 dimensions in the input")
    if p == 1:
        zero = wrap(np.zeros((), d.dtype))
        return input.mul_(zero) if inplace else input * zero
    if d.dtype.kind == "c":
        raise errors.not_implemented("bernoulli_scalar_cpu_", d.dtype)
    noise = _noise(1 - p, np.empty((*d.shape[:2], *[1] * (d.ndim - 2)), d.dtype) if feature else d)
    if not alpha:
        noise = noise / d.dtype.type(1 - p)
        return input.mul_(wrap(noise)) if inplace else input * wrap(noise)
    a = 1 / math.sqrt((_ALPHA * _ALPHA * p + 1) * (1 - p))
    shift = wrap((noise - 1) * d.dtype.type(_ALPHA * a) + d.dtype.type(_ALPHA * a * p))
    factor = wrap(noise * d.dtype.type(a))
    return input.mul_(factor).add_(shift) if inplace else input * factor + shift


def check(p: float) -> None:
    if not 0.0 <= p <= 1.0:
        raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")


@overridable
def dropout(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """While ``training``: each element 0 with probability ``p``, else ``x / (1 - p)``."""
    check(p)
    return dropped(input, p, training, inplace)


@overridable
def dropout1d(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """``dropout`` of whole channels of (N, C, L) or (C, L)."""
    check(p)
    dims = input.dim()
    if dims not in (2, 3):
        raise RuntimeError(
            f"dropout1d: Expected 2D or 3D input, but received a {dims}D input. Note that dropout1d exists to provide "
            "channel-wise dropout on inputs with 1 spatial dimension, a channel dimension, and an optional batch "
            "dimension (i.e. 2D or 3D inputs)."
        )
    return _of_channels(input, p, training, inplace, dims == 3)


def _of_channels(input: Tensor, p: float, training: bool, inplace: bool, batched: bool) -> Tensor:
    if batched:
        return dropped(input, p, training, inplace, feature=True)
    input = input.unsqueeze_(0) if inplace else input.unsqueeze(0)
    out = dropped(input, p, training, inplace, feature=True)
    return out.squeeze_(0) if inplace else out.squeeze(0)


def _warn_of_dims(name: str, dims: int, space: int) -> None:
    warnings.warn(
        f"{name}: Received a {dims}-D input to {name}, which is deprecated and will result in an error in a future "
        f"release. To retain the behavior and silence this warning, please use dropout instead. Note that {name} "
        f"exists to provide channel-wise dropout on inputs with {space} spatial dimensions, a channel dimension, and "
        f"an optional batch dimension (i.e. {space + 1}D or {space + 2}D inputs).",
        UserWarning,
        stacklevel=4,
    )


@overridable
def dropout2d(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """``dropout`` of whole channels of (N, C, H, W); three dimensions are taken for (N, C, L)."""
    check(p)
    dims = input.dim()
    if dims not in (3, 4):
        _warn_of_dims("dropout2d", dims, 2)
    if dims == 3:
        warnings.warn(
            "dropout2d: Received a 3D input to dropout2d and assuming that channel-wise 1D dropout behavior is desired "
            "- input is interpreted as shape (N, C, L), where C is the channel dim. This behavior will change in a "
            "future release to interpret the input as one without a batch dimension, i.e. shape (C, H, W). To maintain "
            "the 1D channel-wise dropout behavior, please switch to using dropout1d instead.",
            UserWarning,
            stacklevel=3,
        )
    return dropped(input, p, training, inplace, feature=True)


@overridable
def dropout3d(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """``dropout`` of whole channels of (N, C, D, H, W) or (C, D, H, W)."""
    check(p)
    dims = input.dim()
    if dims not in (4, 5):
        _warn_of_dims("dropout3d", dims, 3)
    return _of_channels(input, p, training, inplace, dims == 5)


@overridable
def alpha_dropout(input: Tensor, p: float = 0.5, training: bool = False, inplace: bool = False) -> Tensor:
    """``dropout`` to what ``selu`` tends to, which keeps mean and variance."""
    check(p)
    return dropped(input, p, training, inplace, alpha=True)


@overridable
def feature_alpha_dropout(input: Tensor, p: float = 0.5, training: bool = False, inplace: bool = False) -> Tensor:
    """``alpha_dropout`` of whole channels."""
    check(p)
    return dropped(input, p, training, inplace, feature=True, alpha=True)
