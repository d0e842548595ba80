"""``linear`` and ``one_hot``."""

from __future__ import annotations

import numpy as np

from ... import dtypes, errors
from ...calls import linalg
from ...mode import overridable
from ...tensor import Tensor, wrap


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
