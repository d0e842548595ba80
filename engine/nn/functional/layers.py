"""Layers as functions: ``linear``, ``embedding``, ``dropout`` and what prepares their inputs."""

from __future__ import annotations

import numpy as np

from ... import dtypes, errors
from ...calls import linalg
from ...kernel import PUBLIC
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
