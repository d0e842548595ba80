"""``reduction=`` of the losses, and ``size_average=``, ``reduce=`` from before."""

from __future__ import annotations

import warnings
from typing import Any

from ..tensor import Tensor


def reduction_of(size_average: bool | None, reduce: bool | None, reduction: str, stacklevel: int = 5) -> str:
    """The reduction asked for, in the words of today.

    Errors: ValueError for what is none of "mean", "sum", "none".
    """
    if size_average is None is reduce and reduction in ("mean", "sum", "none"):
        return reduction
    if size_average is not None or reduce is not None:
        if reduce is not None and not reduce:
            reduction = "none"
        else:
            reduction = "mean" if size_average is None or size_average else "sum"
        warnings.warn(
            f"size_average and reduce args will be deprecated, please use reduction='{reduction}' instead.",
            UserWarning,
            stacklevel=stacklevel,
        )
    if reduction not in ("mean", "sum", "none"):
        raise ValueError(f"{reduction} is not a valid value for reduction")
    return reduction


def reduced(losses: Tensor, reduction: str) -> Tensor:
    """The losses, their mean, or their sum."""
    return losses.mean() if reduction == "mean" else losses.sum() if reduction == "sum" else losses


def warn_of_sizes(input: Any, target: Any) -> None:
    """PyTorch's warning where input and target differ in shape, and will broadcast."""
    if input._d.shape != target._d.shape:
        warnings.warn(
            f"Using a target size ({target.shape!r}) that is different to the input size ({input.shape!r}). This will "
            "likely lead to incorrect results due to broadcasting. Please ensure they have the same size.",
            UserWarning,
            stacklevel=4,
        )
