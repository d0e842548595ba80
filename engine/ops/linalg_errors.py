"""PyTorch's errors for matrices that do not go together, and for those that cannot be inverted."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import dtypes, errors
from ..tensor import Tensor

Array = np.ndarray[Any, Any]
_SHORT = {"float32": "float", "float64": "double", "int64": "long int", "int32": "int", "int16": "short int"}


class LinAlgError(RuntimeError):
    """A linear system that has no single answer."""


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


def not_solvable(name: str, x: Array, y: Array | None = None, vector: bool = False) -> Exception | None:
    """What is wrong with a matrix that ``inv``, ``det`` or ``solve`` does not take."""
    if x.ndim < 2:
        return RuntimeError(f"{name}: The input tensor A must have at least 2 dimensions.")
    if x.shape[-1] != x.shape[-2]:
        sizes = f"{x.shape[-2]} by {x.shape[-1]}"
        return RuntimeError(f"{name}: A must be batches of square matrices, but they are {sizes} matrices")
    if x.dtype.kind not in "fc":
        what = "linalg.inv" if name == "linalg.inv" else name
        return RuntimeError(f"{what}: Expected a floating point or complex tensor as input. Got {title(x)}")
    if y is not None and y.shape[-1 if vector else -2] == x.shape[-1]:
        return LinAlgError(f"torch.{name}: The solver failed because the input matrix is singular.")
    if y is not None:
        return RuntimeError(f"{name}: Incompatible shapes of A and B for the equation AX = B "
                            f"({x.shape[-2]}x{x.shape[-1]} and {y.shape[-2]}x{y.shape[-1]})")  # fmt: skip
    return None


def singular(x: Array) -> Exception | None:
    """Why ``inv`` failed: the first pivot that is zero."""
    told = not_solvable("linalg.inv", x)
    if told is not None:
        return told
    for at, matrix in enumerate(x.reshape(-1, *x.shape[-2:])):
        pivot = _zero_pivot(np.array(matrix, np.float64))
        if pivot:
            where = f"(Batch element {at}): " if x.ndim > 2 else ""
            return LinAlgError(
                f"linalg.inv: {where}The diagonal element {pivot} is zero, the inversion could not be completed "
                "because the input matrix is singular."
            )
    return None


def _zero_pivot(a: Array) -> int:
    """The first zero on the diagonal of U in the LU decomposition of ``a``, counted from 1; 0 if there is none."""
    for k in range(len(a)):
        best = k + int(np.abs(a[k:, k]).argmax())
        if a[best, k] == 0:
            return k + 1
        a[[k, best]] = a[[best, k]]
        a[k + 1 :] -= np.outer(a[k + 1 :, k] / a[k, k], a[k])
    return 0


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
