"""Losses as ``nn.functional`` calls them: checks, broadcasting, then one row."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from .. import errors
from ..mode import overridable
from ..ops import arithmetic, functions, reduce, shape
from ..ops import losses as rows
from ..tensor import Tensor
from .shape import broadcast_shapes


def _check_reduction(reduction: str) -> None:
    if reduction not in ("none", "mean", "sum"):
        raise ValueError(f"{reduction} is not a valid value for reduction")


def _together(input: Tensor, target: Tensor, ours: bool = True) -> tuple[Tensor, Tensor]:
    """Both expanded to one shape; PyTorch warns where that was needed."""
    if not isinstance(target, Tensor):
        raise errors.argument("mse_loss", "target", 2, target)
    a, b = input._d.shape, target._d.shape
    if a == b:
        return input, target
    warnings.warn(
        f"Using a target size ({errors.size(b)}) that is different to the input size ({errors.size(a)}). This will "
        "likely lead to incorrect results due to broadcasting. Please ensure they have the same size.",
        UserWarning,
        stacklevel=4,
    )
    try:
        both = tuple(broadcast_shapes(a, b))
    except RuntimeError:
        raise errors.no_broadcast(a, b) from None
    return _expanded(input, both), _expanded(target, both)


def _expanded(x: Tensor, to: tuple[int, ...]) -> Tensor:
    return x if x._d.shape == to else shape.expand_to(x, to)


def _alike(input: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    """Whole numbers as targets count as floats; of two float dtypes the wider one."""
    if input._d.dtype is target._d.dtype:
        return input, target
    d = np.promote_types(input._d.dtype, target._d.dtype) if target._d.dtype.kind == "f" else input._d.dtype
    return tuple([x if x._d.dtype is d else functions.cast(x, d) for x in (input, target)])  # type: ignore[return-value]  # two


@overridable
def mse_loss(input: Tensor, target: Tensor, reduction: str = "mean", weight: Tensor | None = None) -> Tensor:
    """``(input - target)²``, averaged."""
    _check_reduction(reduction)
    x, y = _alike(*_together(input, target))
    if weight is None:
        return rows.mse_loss(x, y, reduction)
    squares = arithmetic.mul(rows.mse_loss(x, y, "none"), weight)
    if reduction == "mean":
        return arithmetic.div(reduce.sum_all(squares), reduce.sum_all(weight))
    return reduce.sum_all(squares) if reduction == "sum" else squares


@overridable
def l1_loss(input: Tensor, target: Tensor, reduction: str = "mean") -> Tensor:
    """``|input - target|``, averaged."""
    _check_reduction(reduction)
    x, y = _together(input, target)
    apart = functions.abs(arithmetic.sub(x, y))
    return reduce.mean_all(apart) if reduction == "mean" else reduce.sum_all(apart) if reduction == "sum" else apart


@overridable
def huber_loss(input: Tensor, target: Tensor, reduction: str = "mean", delta: float = 1.0) -> Tensor:
    """``½(input - target)²``, from a distance of ``delta`` on a line; averaged."""
    _check_reduction(reduction)
    if delta <= 0:
        raise RuntimeError("huber_loss does not support non-positive values for delta.")
    return rows.huber_loss(*_alike(*_together(input, target)), reduction, float(delta))


@overridable
def smooth_l1_loss(input: Tensor, target: Tensor, reduction: str = "mean", beta: float = 1.0) -> Tensor:
    """``½(input - target)²/beta``, from a distance of ``beta`` on ``|input - target| - beta/2``; averaged."""
    _check_reduction(reduction)
    if beta < 0:
        raise RuntimeError("smooth_l1_loss does not support negative values for beta.")
    if beta == 0:
        return l1_loss(input, target, reduction)
    return rows.smooth_l1_loss(*_alike(*_together(input, target)), reduction, float(beta))


@overridable
def binary_cross_entropy(
    input: Tensor, target: Tensor, weight: Tensor | None = None, reduction: str = "mean"
) -> Tensor:
    """``-(target · log input + (1 - target) · log(1 - input))`` of probabilities, averaged."""
    _check_reduction(reduction)
    if input._d.shape != target._d.shape:
        raise ValueError(
            f"Using a target size ({errors.size(target._d.shape)}) that is different to the input size "
            f"({errors.size(input._d.shape)}) is deprecated. Please ensure they have the same size."
        )
    if weight is not None:
        weight = _expanded(weight, input._d.shape)
    return rows.binary_cross_entropy(input, target, weight, reduction)


@overridable
def binary_cross_entropy_with_logits(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    reduction: str = "mean",
    pos_weight: Tensor | None = None,
) -> Tensor:
    """The same of logits, ``sigmoid(input)`` being the probability, without overflow."""
    _check_reduction(reduction)
    if input._d.shape != target._d.shape:
        raise ValueError(
            f"Target size ({errors.size(target._d.shape)}) must be the same as input size "
            f"({errors.size(input._d.shape)})"
        )
    return rows.binary_cross_entropy_with_logits(input, target, weight, pos_weight, reduction)


@overridable
def nll_loss(
    input: Tensor, target: Tensor, weight: Tensor | None = None, reduction: str = "mean", ignore_index: int = -100
) -> Tensor:
    """``-input[n, target[n]]`` of log-probabilities, averaged by the weights of the classes.

    Shapes: input (C,), (N, C) or (N, C, ...); target as input without C.
    Errors: IndexError for a target that is no class.
    """
    _check_reduction(reduction)
    x, y = input._d, target._d
    if not x.ndim:
        raise ValueError(f"Expected 1 or more dimensions (got {x.ndim})")
    if x.ndim > 1 and y.ndim and x.shape[0] != y.shape[0]:
        raise ValueError(f"Expected input batch_size ({x.shape[0]}) to match target batch_size ({y.shape[0]}).")
    classes = x.shape[1 if x.ndim > 1 else 0]
    if y.dtype.char not in "lqB":
        raise errors.hinted(
            RuntimeError(f"expected target dtype to be Long or Byte, but got {target.dtype.title}"),
            "a target is the number of a class: torch.tensor([0, 2]), not [0., 2.]",
        )
    wanted = x.shape[:1] + x.shape[2:] if x.ndim > 1 else ()
    if y.shape != wanted:
        raise _target_shape(x, y, wanted)
    if weight is not None and weight._d.shape != (classes,):
        raise RuntimeError(
            f"weight tensor should be defined either for all {classes} classes or no classes but got weight tensor of "
            f"shape: {list(weight._d.shape)}"
        )
    row = rows.nll_loss_1d if x.ndim < 3 else rows.nll_loss_2d
    return row(input, target, weight, reduction, ignore_index)[0]


def _target_shape(x: Any, y: Any, wanted: tuple[int, ...]) -> Exception:
    if x.ndim < 3:
        if y.ndim > 1:
            return RuntimeError("0D or 1D target tensor expected, multi-target not supported")
        return RuntimeError(f"size mismatch (got input: {list(x.shape)}, target: {list(y.shape)})")
    if x.ndim == 4 and y.ndim != 3:
        text = "only batches of spatial targets supported (3D tensors) but got targets of dimension: "
        return RuntimeError(text + str(y.ndim))
    return RuntimeError(f"Expected target size {list(wanted)}, got {list(y.shape)}")
