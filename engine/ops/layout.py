"""In which order PyTorch lays out the dimensions of a new result, where its inputs are not in C order.

Source: PyTorch's ``TensorIteratorBase::reorder_dimensions`` (the rules, not the code).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np


def order(shape: Sequence[int], operands: Sequence[Sequence[int]]) -> list[int]:
    """The dimensions of ``shape`` from the innermost out, by the strides of each operand; 0 where it broadcasts."""
    dims = list(range(len(shape)))[::-1]
    for i in range(1, len(dims)):
        moving = i
        for j in range(i - 1, -1, -1):
            verdict = _compared(dims[j], dims[moving], shape, operands)
            if verdict > 0:
                dims[j], dims[moving] = dims[moving], dims[j]
                moving = j
            elif verdict < 0:
                break
    return dims


def _compared(a: int, b: int, shape: Sequence[int], operands: Sequence[Sequence[int]]) -> int:
    """1 if dimension ``a`` has to come outside of ``b``, -1 if inside, 0 if nothing decides."""
    for strides in operands:
        if strides[a] == 0 or strides[b] == 0:
            continue
        if strides[a] != strides[b]:
            return 1 if strides[a] > strides[b] else -1
        if shape[a] > shape[b]:
            return 1
    return 0


def laid_out(data: Any, operands: Sequence[Sequence[int]]) -> Any:
    """A copy of ``data`` with its dimensions in the order that ``operands`` ask for."""
    dims = order(data.shape, operands)[::-1]
    if dims == sorted(dims):
        return np.ascontiguousarray(data)
    return np.ascontiguousarray(data.transpose(dims)).transpose(np.argsort(dims))
