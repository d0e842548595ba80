"""PyTorch's errors for matrices and vectors that do not go together."""

from __future__ import annotations

from typing import Any

from .. import dtypes, errors
from ..tensor import Tensor

_SHORT = {"float32": "float", "float64": "double", "int64": "long int", "int32": "int", "int16": "short int"}


def title(x: Any) -> str:
    """The dtype of a Tensor or an array as PyTorch's C++ code writes it: ``Float``."""
    return dtypes.OF.get(x.dtype, x.dtype).title


def _sizes(x: Tensor, y: Tensor) -> RuntimeError:
    return errors.hinted(
        RuntimeError(
            f"mat1 and mat2 shapes cannot be multiplied ({x.shape[0]}x{x.shape[1]} and {y.shape[0]}x{y.shape[1]})"
        ),
        f"(n x k) @ (k x m): the inner sizes, here {x.shape[1]} and {y.shape[0]}, have to be equal; is a .T missing?",
    )


def different_mm(x: Tensor, y: Tensor) -> Exception | None:
    """What is wrong with two matrices that ``mm`` does not take."""
    if x.ndim != 2:
        return RuntimeError("self must be a matrix")
    if y.ndim != 2:
        return RuntimeError("mat2 must be a matrix")
    if x.dtype is not y.dtype:
        names = " != ".join(_SHORT.get(d.dtype.name, d.dtype.name) for d in (x, y))
        return RuntimeError(f"expected m1 and m2 to have the same dtype, but got: {names}")
    return _sizes(x, y) if x.shape[1] != y.shape[0] else None


def different_addmm(x: Tensor, mat1: Tensor, mat2: Tensor, beta: Any, alpha: Any) -> Exception | None:
    """What is wrong with the operands of ``addmm``."""
    if mat1.ndim != 2 or mat2.ndim != 2:
        at, wrong = (1, mat1) if mat1.ndim != 2 else (2, mat2)
        return RuntimeError(f"mat{at} must be a matrix, got {wrong.ndim}-D tensor")
    if mat1.dtype is not mat2.dtype:
        return RuntimeError(f"mat1 and mat2 must have the same dtype, but got {title(mat1)} and {title(mat2)}")
    if mat1.shape[1] != mat2.shape[0]:
        return _sizes(mat1, mat2)
    target = (mat1.shape[0], mat2.shape[1])
    for i in range(1, x.ndim + 1):
        if i <= 2 and x.shape[-i] not in (1, target[-i]):
            return RuntimeError(
                f"The expanded size of the tensor ({target[-i]}) must match the existing size ({x.shape[-i]}) at "
                f"non-singleton dimension {2 - i}.  Target sizes: {list(target)}.  Tensor sizes: {list(x.shape)}"
            )
    if x.dtype is not mat1.dtype:
        return RuntimeError(f"self and mat2 must have the same dtype, but got {title(x)} and {title(mat2)}")
    return None


def different_mv(x: Tensor, vec: Tensor) -> Exception | None:
    """What is wrong with a matrix and a vector that ``mv`` does not take."""
    if x.ndim != 2 or vec.ndim != 1:
        return RuntimeError(f"vector + matrix @ vector expected, got 1, {x.ndim}, {vec.ndim}")
    if x.shape[1] != vec.shape[0]:
        sizes = f"got input ({x.shape[0]}), mat ({x.shape[0]}x{x.shape[1]}), vec ({vec.shape[0]})"
        return RuntimeError("size mismatch, " + sizes)
    if x.dtype is not vec.dtype:
        names = f"{title(vec)}, {title(x)}, and {title(vec)}"
        return RuntimeError("addmv input tensors must have the same dtype, but got " + names)
    return None


def different_dot(x: Tensor, y: Tensor, name: str = "dot") -> Exception | None:
    """What is wrong with two vectors that ``dot``, or ``vdot``, does not take."""
    if x.ndim != 1 or y.ndim != 1:
        return RuntimeError(f"1D tensors expected, but got {x.ndim}D and {y.ndim}D tensors")
    if x.dtype is not y.dtype:
        names = f"{title(x)} and {title(y)}"
        return RuntimeError(name + " : expected both vectors to have same dtype, but found " + names)
    n, m = x.shape[0], y.shape[0]
    if n != m:
        return RuntimeError(
            f"inconsistent tensor size, expected tensor [{n}] and src [{m}] to have the same number of elements, but "
            f"got {n} and {m} elements respectively"
        )
    return None


def different_bmm(x: Tensor, y: Tensor) -> Exception | None:
    """What is wrong with two batches of matrices that ``bmm`` does not take."""
    for i, d in enumerate((x, y), 1):
        if d.ndim != 3:
            return RuntimeError(f"batch{i} must be a 3D tensor")
    if x.dtype is not y.dtype:
        return RuntimeError(f"expected scalar type {title(x)} but found {title(y)}")
    if x.shape[0] != y.shape[0] or x.shape[2] != y.shape[1]:
        return RuntimeError(
            f"Expected size for first two dimensions of batch2 tensor to be: [{x.shape[0]}, {x.shape[2]}] but got: "
            f"[{y.shape[0]}, {y.shape[1]}]."
        )
    return None
