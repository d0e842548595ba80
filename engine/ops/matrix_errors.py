"""PyTorch's errors for matrices that cannot be decomposed, inverted or added to."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..tensor import Tensor
from .linalg_errors import title as title

Array = np.ndarray[Any, Any]


class LinAlgError(RuntimeError):
    """A linear system that has no single answer."""


# ------------------------------------------------ products added to something
def _not_expanded(x: Tensor, target: tuple[int, ...]) -> Exception | None:
    """PyTorch's error if ``x`` does not expand to ``target``."""
    shape = tuple(x.shape)
    if len(shape) > len(target):
        return RuntimeError(
            f"expand(torch.{title(x)}Tensor{{{list(shape)}}}, size={list(target)}): the number of sizes provided "
            f"({len(target)}) must be greater or equal to the number of dimensions in the tensor ({len(shape)})"
        )
    for i in range(1, len(shape) + 1):
        if shape[-i] not in (1, target[-i]):
            return RuntimeError(
                f"The expanded size of the tensor ({target[-i]}) must match the existing size ({shape[-i]}) at "
                f"non-singleton dimension {len(target) - i}.  Target sizes: {list(target)}.  Tensor sizes: "
                f"{list(shape)}"
            )
    return None


def different_addmv(x: Tensor, mat: Tensor, vec: Tensor, *rest: Any) -> Exception | None:
    """What is wrong with the operands of ``addmv``."""
    if mat.ndim != 2 or vec.ndim != 1 or x.ndim > 1:
        return RuntimeError(f"vector + matrix @ vector expected, got {x.ndim}, {mat.ndim}, {vec.ndim}")
    n, m = mat.shape
    if vec.shape[0] != m or (x.ndim and x.shape[0] not in (1, n)):
        got = x.shape[0] if x.ndim else 1
        return RuntimeError(f"size mismatch, got input ({got}), mat ({n}x{m}), vec ({vec.shape[0]})")
    if not x.dtype is mat.dtype is vec.dtype:
        names = f"{title(x)}, {title(mat)}, and {title(vec)}"
        return RuntimeError("addmv input tensors must have the same dtype, but got " + names)
    return None


def different_addr(x: Tensor, vec1: Tensor, vec2: Tensor, beta: Any = 1, alpha: Any = 1) -> Exception | None:
    """What is wrong with the operands of ``addr``."""
    for name, v in (("vec1", vec1), ("vec2", vec2)):
        if v.ndim != 1:
            return RuntimeError(f"addr: Expected 1-D argument {name}, but got {v.ndim}-D")
    return _not_expanded(x, (vec1.shape[0], vec2.shape[0]))


def _factors(a: Tensor, b: Tensor) -> Exception | None:
    for i, v in enumerate((a, b), 1):
        if v.ndim != 3:
            return RuntimeError(f"batch{i} must be a 3D tensor")
    if a.shape[0] != b.shape[0]:
        return RuntimeError(f"batch1 and batch2 must have same number of batches, got {a.shape[0]} and {b.shape[0]}")
    return None


def different_baddbmm(x: Tensor, a: Tensor, b: Tensor, *rest: Any) -> Exception | None:
    """What is wrong with the operands of ``baddbmm``."""
    told = _factors(a, b) or _not_expanded(x, (a.shape[0], a.shape[1], b.shape[2]))
    if told is not None:
        return told
    if a.shape[2] != b.shape[1]:
        return RuntimeError(
            f"Expected size for first two dimensions of batch2 tensor to be: [{a.shape[0]}, {a.shape[2]}] but got: "
            f"[{b.shape[0]}, {b.shape[1]}]."
        )
    if a.dtype is not b.dtype:
        return RuntimeError(f"expected scalar type {title(a)} but found {title(b)}")
    return RuntimeError("Input dtypes must be the same, got: input " + title(x)) if x.dtype is not a.dtype else None


def different_addbmm(x: Tensor, a: Tensor, b: Tensor, *rest: Any) -> Exception | None:
    """What is wrong with the operands of ``addbmm``."""
    told = _factors(a, b) or _not_expanded(x, (a.shape[1], b.shape[2]))
    if told is not None:
        return told
    if a.shape[2] != b.shape[1]:
        return RuntimeError(
            f"Incompatible matrix sizes for bmm ({a.shape[1]}x{a.shape[2]} and {b.shape[1]}x{b.shape[2]})"
        )
    if not x.dtype is a.dtype is b.dtype:
        other = b if a.dtype is not b.dtype else a
        return RuntimeError(f"self and mat2 must have the same dtype, but got {title(x)} and {title(other)}")
    return None


# ------------------------------------------------ square matrices, factors
def not_matrix(name: str, x: Tensor, what: str = "A") -> None:
    """Raise PyTorch's error unless ``x`` is a matrix or a batch of matrices."""
    if x._d.ndim < 2:
        raise RuntimeError(f"{name}: The input tensor {what} must have at least 2 dimensions.")


def not_square(name: str, x: Tensor, what: str = "A") -> None:
    """Raise PyTorch's error unless ``x`` is a square matrix or a batch of them."""
    not_matrix(name, x, what)
    rows, columns = x._d.shape[-2:]
    if rows != columns:
        raise RuntimeError(
            f"{name}: {what} must be batches of square matrices, but they are {rows} by {columns} matrices"
        )


def not_floating(name: str, x: Tensor) -> None:
    """Raise PyTorch's error unless ``x`` is of floating-point or complex numbers."""
    if x._d.dtype.kind not in "fc":
        raise RuntimeError(f"{name}: Expected a floating point or complex tensor as input. Got {title(x)}")
    if x._d.dtype.itemsize == 2:
        raise RuntimeError(f"{name}: Low precision dtypes not supported. Got {title(x)}")


def at_batch(info: Array) -> tuple[str, int]:
    """Where an array of LAPACK's infos is first not 0: ``(Batch element 2): `` or nothing, and what it says."""
    flat = np.ravel(info)
    i = int(np.flatnonzero(flat)[0])
    return f"(Batch element {i}): " if np.ndim(info) else "", int(flat[i])


def not_positive(name: str, info: Array) -> None:
    """Raise PyTorch's error where a Cholesky decomposition failed."""
    if np.any(info):
        where, k = at_batch(info)
        raise LinAlgError(
            f"{name}: {where}The factorization could not be completed because the input is not positive-definite (the "
            f"leading minor of order {k} is not positive-definite)."
        )


def not_invertible(name: str, info: Array) -> None:
    """Raise PyTorch's error where a matrix turned out to be singular."""
    if not np.any(info):
        return
    where, k = at_batch(info)
    if "inv" in name:
        said = (
            f"{name}: {where}The diagonal element {k} is zero, the inversion could not be completed because the input "
            "matrix is singular."
        )
    else:
        said = f"{name}: {where}The solver failed because the input matrix is singular."
    raise LinAlgError(said)
