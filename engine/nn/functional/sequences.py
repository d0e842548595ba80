"""The loss of a sequence whose alignment is not known.

Source: torch.nn.functional, ``aten/src/ATen/native/LossCTC.cpp`` (the behaviour, not the text, is followed).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ... import errors
from ...mode import overridable
from ...table.kernel import PUBLIC
from ...tensor import Tensor, box, wrap
from ..reduction import reduction_of

_CHECKING = " (while checking arguments for ctc_loss_allocate_outputs)"


@overridable
def ctc_loss(
    log_probs: Tensor,
    targets: Tensor,
    input_lengths: Any,
    target_lengths: Any,
    blank: int = 0,
    reduction: str = "mean",
    zero_infinity: bool = False,
) -> Tensor:
    """Minus the log of the probability of ``targets`` under all their alignments.

    Shapes: log_probs (T, N, C) or (T, C); targets (N, symbols), or those of all samples one after the other.
    """
    reduction = reduction_of(None, None, reduction)
    batched = log_probs.dim() == 3
    logs = log_probs if batched else log_probs.unsqueeze(1)
    lengths, sizes = _lengths(input_lengths), _lengths(target_lengths)
    rows = _rows(logs, targets, lengths, sizes, blank)
    if logs._d.dtype.kind != "f":
        raise errors.not_implemented("ctc_loss_cpu", logs._d.dtype)
    loss = PUBLIC["ctc_loss"](logs, wrap(rows), lengths, sizes, blank, zero_infinity)[0]
    if zero_infinity:
        loss = PUBLIC["where"](loss == float("inf"), wrap(loss._d.dtype.type(0)), loss)
    if reduction == "mean":
        return (loss / wrap(np.array(sizes, np.int64)).clamp(min=1)).mean()
    if reduction == "sum":
        return loss.sum()
    return loss if batched else loss.squeeze(0)


def _lengths(lengths: Any) -> tuple[int, ...]:
    if isinstance(lengths, Tensor):
        if lengths._d.dtype.kind not in "iu":
            raise RuntimeError("input_lengths and target_lengths must be integral")
        return tuple(lengths.reshape(-1).tolist())
    return tuple(int(n) for n in lengths)


def _rows(logs: Tensor, targets: Tensor, lengths: tuple[int, ...], sizes: tuple[int, ...], blank: int) -> Any:
    """The targets as an array, one row for each sample, after PyTorch's checks."""
    if logs.dim() != 3:
        raise RuntimeError(
            f"Expected 3-dimensional tensor, but got {logs.dim()}-dimensional tensor for argument #1 "
            f"'log_probs'{_CHECKING}"
        )
    steps, samples, classes = logs.shape
    if not 0 <= blank < classes:
        raise RuntimeError("blank must be in label range")
    for name, given in (("input_lengths", lengths), ("target_lengths", sizes)):
        if len(given) != samples:
            raise RuntimeError(f"{name} must be of size batch_size")
    for name, given in (("target_lengths", sizes), ("input_lengths", lengths)):
        if min(given, default=0) < 0:
            raise RuntimeError(f"Expected {name} to have value at least 0, but got value {min(given)}{_CHECKING}")
    symbols, longest = box(targets).astype(np.int64), max(sizes, default=0)
    rows = np.full((samples, longest), blank)
    inside = np.arange(longest) < np.array(sizes, np.int64)[:, None]
    if symbols.ndim == 1:
        if len(symbols) != sum(sizes):
            raise _size(f"{sum(sizes)} at dimension 0", len(symbols))
        rows[inside] = symbols
    else:
        if len(symbols) != samples:
            raise _size(f"{samples} at dimension 0", len(symbols))
        if symbols.shape[1] < longest:
            raise _size(f"at least {longest} at dimension 1", symbols.shape[1])
        rows = np.where(inside, symbols[:, :longest], blank)
    if max(lengths, default=0) > steps:
        raise RuntimeError(
            f"Expected input_lengths to have value at most {steps}, but got value {max(lengths)}{_CHECKING}"
        )
    if rows.size and not 0 <= rows.min() <= rows.max() < classes:
        raise IndexError(f"a target names no class: from {rows.min()} to {rows.max()} of {classes}")
    return rows


def _size(wanted: str, got: int) -> RuntimeError:
    return RuntimeError(
        f"Expected tensor to have size {wanted}, but got size {got} for argument #2 'targets'{_CHECKING}"
    )
