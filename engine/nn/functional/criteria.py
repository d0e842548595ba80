"""Losses as functions. Each is the mean over all elements unless ``reduction`` says "sum" or "none".

Source: torch.nn.functional, ``aten/src/ATen/native/LossNLL.cpp`` (the behaviour, not the text, is followed).
"""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np

from ... import dtypes, errors
from ...mode import overridable
from ...table.kernel import PUBLIC
from ...tensor import Tensor
from ..reduction import reduced, reduction_of, warn_of_sizes


def _tensors(function: str, input: Any, target: Any) -> None:
    if isinstance(input, Tensor) and isinstance(target, Tensor):
        return
    name, position, value = ("target", 2, target) if isinstance(input, Tensor) else ("input", 1, input)
    error: TypeError = errors.argument(function, name, position, value)
    raise error


def _together(input: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    """Both in one shape and one dtype."""
    try:
        shape = np.broadcast_shapes(input._d.shape, target._d.shape)
    except ValueError:
        raise errors.no_broadcast(input.shape, target.shape) from None
    pair = [t if t._d.shape == shape else t.expand(shape) for t in (input, target)]
    d = dtypes.promote(pair[0]._d.dtype, pair[1]._d.dtype)
    first, second = (t if t._d.dtype is d else PUBLIC["cast"](t, d) for t in pair)
    return first, second


# ------------------------------------------------------------------------------------------------------- of distances
@overridable
def mse_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    weight: Tensor | None = None,
) -> Tensor:
    """``(input - target)²``."""
    _tensors("mse_loss", input, target)
    warn_of_sizes(input, target)
    reduction = reduction_of(size_average, reduce, reduction)
    if weight is not None:
        return _weighted((input - target) ** 2, weight, reduction)
    if input._d.shape != target._d.shape or input._d.dtype is not target._d.dtype:
        input, target = _together(input, target)
    return PUBLIC["mse_loss"](input, target, reduction)


def _weighted(losses: Tensor, weight: Tensor, reduction: str) -> Tensor:
    if weight.shape != losses.shape:
        raise ValueError("Weights and input must have the same size.")
    losses = losses * weight
    return losses.sum() / weight.sum() if reduction == "mean" else reduced(losses, reduction)


@overridable
def l1_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    weight: Tensor | None = None,
) -> Tensor:
    """``|input - target|``."""
    _tensors("l1_loss", input, target)
    warn_of_sizes(input, target)
    reduction = reduction_of(size_average, reduce, reduction)
    losses = (input - target).abs()
    return reduced(losses, reduction) if weight is None else _weighted(losses, weight, reduction)


@overridable
def smooth_l1_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    beta: float = 1.0,
) -> Tensor:
    """``½(input - target)²/beta``, from a distance of ``beta`` on ``|input - target| - beta/2``."""
    _tensors("smooth_l1_loss", input, target)
    warn_of_sizes(input, target)
    reduction = reduction_of(size_average, reduce, reduction)
    if beta < 0:
        raise RuntimeError("smooth_l1_loss does not support negative values for beta.")
    if beta == 0:
        return reduced((input - target).abs(), reduction)
    return PUBLIC["smooth_l1_loss"](*_together(input, target), reduction, beta)


@overridable
def huber_loss(
    input: Tensor, target: Tensor, reduction: str = "mean", delta: float = 1.0, weight: Tensor | None = None
) -> Tensor:
    """``½(input - target)²``, from a distance of ``delta`` on ``delta · (|input - target| - delta/2)``."""
    _tensors("huber_loss", input, target)
    warn_of_sizes(input, target)
    reduction = reduction_of(None, None, reduction)
    if delta <= 0:
        raise RuntimeError("huber_loss does not support non-positive values for delta.")
    if weight is not None:
        return _weighted(PUBLIC["huber_loss"](*_together(input, target), "none", delta), weight, reduction)
    return PUBLIC["huber_loss"](*_together(input, target), reduction, delta)


# --------------------------------------------------------------------------------------------------- of probabilities
@overridable
def binary_cross_entropy(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """``-(target · log(input) + (1 - target) · log(1 - input))``, for an input between 0 and 1."""
    _tensors("binary_cross_entropy", input, target)
    reduction = reduction_of(size_average, reduce, reduction)
    if input.shape != target.shape:
        raise ValueError(
            f"Using a target size ({target.shape!r}) that is different to the input size ({input.shape!r}) is "
            "deprecated. Please ensure they have the same size."
        )
    _same_kind(input, target)
    weight = None if weight is None else weight.expand(input.shape)
    return PUBLIC["binary_cross_entropy"](input, target, weight, reduction)


def _same_kind(input: Tensor, target: Tensor) -> None:
    if input.dtype is not target.dtype:
        raise RuntimeError(f"Found dtype {target.dtype.title} but expected {input.dtype.title}")


@overridable
def binary_cross_entropy_with_logits(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    pos_weight: Tensor | None = None,
) -> Tensor:
    """``binary_cross_entropy(sigmoid(input), target)``, without overflow; positives count ``pos_weight`` times."""
    _tensors("binary_cross_entropy_with_logits", input, target)
    reduction = reduction_of(size_average, reduce, reduction)
    if input.shape != target.shape:
        raise ValueError(f"Target size ({target.shape!r}) must be the same as input size ({input.shape!r})")
    input, target = _together(input, target)
    weight, pos_weight = (None if w is None else w.expand(input.shape) for w in (weight, pos_weight))
    return PUBLIC["binary_cross_entropy_with_logits"](input, target, weight, pos_weight, reduction)


@overridable
def kl_div(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    log_target: bool = False,
) -> Tensor:
    """``target · (log(target) - input)``, for an input of log-probabilities."""
    _tensors("kl_div", input, target)
    if reduction == "mean" and size_average is None and reduce is None:
        warnings.warn(
            "reduction: 'mean' divides the total loss by both the batch size and the support size.'batchmean' divides "
            "only by the batch size, and aligns with the KL div math definition.'mean' will be changed to behave the "
            "same as 'batchmean' in the next major release.",
            UserWarning,
            stacklevel=3,
        )
    by_batch = reduction == "batchmean"
    reduction = reduction_of(size_average, reduce, "sum" if by_batch else reduction)
    loss = reduced(divergences(input, target, log_target), reduction)
    return loss / input.size(0) if by_batch and input.dim() else loss


def divergences(input: Tensor, target: Tensor, log_target: bool) -> Tensor:
    if log_target:
        return target.exp() * (target - input)
    return PUBLIC["xlogy"](target, target) - target * input


# ---------------------------------------------------------------------------------------------------------- of classes
@overridable
def nll_loss(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    ignore_index: int = -100,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """``-input[n, target[n]]``: the negative log-likelihood of the right classes.

    Shapes: input (C), (N, C) or (N, C, ...); target (), (N) or (N, ...), with whole numbers below C.
    """
    _tensors("nll_loss_nd", input, target)
    return _nll(input, target, weight, ignore_index, reduction_of(size_average, reduce, reduction))


def _nll(input: Tensor, target: Tensor, weight: Tensor | None, ignore_index: int, reduction: str) -> Tensor:
    _check_classes(input, target, weight)
    if target._d.dtype is not dtypes.int64.numpy:
        if target.dtype is not dtypes.uint8:
            raise errors.hinted(
                RuntimeError(f"expected target dtype to be Long or Byte, but got {target.dtype.title}"),
                "classes are whole numbers: target.long(); probabilities have the shape of the input.",
            )
        target = PUBLIC["cast"](target, dtypes.int64.numpy)
    if input._d.ndim <= 2:
        return PUBLIC["nll_loss_1d"](input, target, weight, reduction, ignore_index)[0]
    shape = target.shape
    if input.dim() != 4:
        input = input.reshape(input.size(0), input.size(1), 1, -1)
        target = target.reshape(input.size(0), 1, -1)
    losses = PUBLIC["nll_loss_2d"](input, target, weight, reduction, ignore_index)[0]
    return losses.view(shape) if reduction == "none" and losses.shape != shape else losses


def _check_classes(input: Tensor, target: Tensor, weight: Tensor | None) -> None:
    """PyTorch's errors where shapes do not fit each other."""
    sizes, places = input._d.shape, target._d.shape
    dims = len(sizes)
    if dims < 1:
        raise ValueError(f"Expected 1 or more dimensions (got {dims})")
    if dims == 1 and len(places) == 1 and places != (1,):
        raise ValueError(f"For 1D input, 1D target must have size 1, but got target size: {places[0]}")
    if dims > 1 and places and sizes[0] != places[0]:
        raise ValueError(f"Expected input batch_size ({sizes[0]}) to match target batch_size ({places[0]}).")
    if dims <= 2 and len(places) > 1:
        raise RuntimeError("0D or 1D target tensor expected, multi-target not supported")
    if dims > 2 and (places[1:] != sizes[2:] or len(places) != dims - 1):
        if dims == 4:
            raise RuntimeError(f"size mismatch (got input: {list(sizes)} , target: {list(places)}")
        raise RuntimeError(f"Expected target size {[sizes[0], *sizes[2:]]}, got {list(places)}")
    if weight is not None:
        _check_weight(input, weight, sizes[1 if dims > 1 else 0])


def _check_weight(input: Tensor, weight: Tensor, classes: int) -> None:
    if weight._d.shape != (classes,):
        raise RuntimeError(
            f"weight tensor should be defined either for all {classes} classes or no classes but got weight tensor of "
            f"shape: {list(weight.shape)}"
        )
    if weight.dtype is not input.dtype:
        raise RuntimeError(f"expected scalar type {input.dtype.title} but found {weight.dtype.title}")


@overridable
def cross_entropy(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    ignore_index: int = -100,
    reduce: bool | None = None,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Tensor:
    """``-log_softmax(input)[target]``: how surprised a softmax of ``input`` is by the right classes.

    Shapes: input (C), (N, C) or (N, C, ...), not yet through a softmax; target either classes, (), (N) or (N, ...),
    or probabilities, in the shape of the input.
    """
    _tensors("cross_entropy_loss", input, target)
    reduction = reduction_of(size_average, reduce, reduction)
    if not 0.0 <= label_smoothing <= 1.0:
        raise RuntimeError(f"label_smoothing must be between 0.0 and 1.0. Got: {label_smoothing:g}")
    dim = 0 if input._d.ndim == 1 else 1
    if input._d.shape == target._d.shape:
        return _soft_cross_entropy(input, target, weight, ignore_index, reduction, label_smoothing, dim)
    logs = PUBLIC["log_softmax"](input, dim)
    loss = _nll(logs, target, weight, ignore_index, reduction)
    if not label_smoothing:
        return loss
    smooth = _uniform_cross_entropy(logs, target, weight, ignore_index, reduction, dim)
    return loss * (1 - label_smoothing) + smooth * (label_smoothing / input.size(dim))


def _per_class(weight: Tensor, dims: int, dim: int) -> Tensor:
    return weight.view([-1 if i == dim else 1 for i in range(dims)])


def _soft_cross_entropy(
    input: Tensor, target: Tensor, weight: Any, ignore_index: int, reduction: str, label_smoothing: float, dim: int
) -> Tensor:
    """For probabilities as targets."""
    if not target.is_floating_point():
        raise RuntimeError(
            f"Expected floating point type for target with class probabilities, got {target.dtype.title}"
        )
    if ignore_index >= 0:
        raise RuntimeError("ignore_index is not supported for floating point target")
    classes = input.size(dim)
    logs = PUBLIC["log_softmax"](input, dim)
    if label_smoothing:
        target = target * (1 - label_smoothing) + label_smoothing / classes
    losses = logs * target
    if weight is not None:
        losses = losses * _per_class(weight, input.dim(), dim)
    if reduction == "none":
        return -losses.sum(dim)
    total = -losses.sum()
    return total if reduction == "sum" else total / (input.numel() // classes if classes else math.nan)


def _uniform_cross_entropy(
    logs: Tensor, target: Tensor, weight: Any, ignore_index: int, reduction: str, dim: int
) -> Tensor:
    """What label smoothing adds: the loss against all classes alike."""
    losses = -(logs if weight is None else logs * _per_class(weight, logs.dim(), dim)).sum(dim)
    ignored = PUBLIC["eq"](target, ignore_index)
    losses = losses.masked_fill(ignored, 0.0)
    if reduction != "mean":
        return reduced(losses, reduction)
    counted = target._d[~ignored._d]
    return losses.sum() / (counted.size if weight is None else float(weight._d[counted].sum()))
