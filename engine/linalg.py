"""``torch.linalg``: norms, determinants, inverses, linear systems."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from . import absent
from .calls.linalg import det as _det
from .calls.linalg import matmul as matmul
from .calls.reduce import cast_to, dims
from .calls.shape import dim_of
from .mode import overridable
from .ops import extremes
from .ops import linalg as rows
from .ops import reduce as reductions
from .ops.linalg_errors import LinAlgError as LinAlgError
from .ops.linalg_errors import not_solvable
from .tensor import Tensor

_INFINITY = float("inf")


def _seen(name: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Decorator: a function mode sees one call named as PyTorch's, ``linalg_norm``."""

    def make(function: Callable[..., Any]) -> Callable[..., Any]:
        front = overridable(function)
        front.__name__ = name
        return front

    return make


@_seen("linalg_vector_norm")
def vector_norm(x: Tensor, ord: Any = 2, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
    """``(Σ|x|^ord)^(1/ord)`` over ``dim``; over every element when there is none."""
    x = x if dtype is None else cast_to(x, dtype)
    return reductions.vector_norm(x, float(ord), dims("linalg_vector_norm", dim, x), keepdim)


@_seen("linalg_matrix_norm")
def matrix_norm(
    A: Tensor, ord: Any = "fro", dim: Sequence[int] = (-2, -1), keepdim: bool = False, *, dtype: Any = None
) -> Tensor:
    """The norm of matrices: "fro", 1 and -1 (columns), inf and -inf (rows)."""
    A = A if dtype is None else cast_to(A, dtype)
    n = A._d.ndim
    if n < 2:
        raise RuntimeError("linalg.matrix_norm: The input tensor A must have at least 2 dimensions.")
    row, column = (dim_of(d, n) for d in dim)
    if ord == "fro":
        return reductions.vector_norm(A, 2.0, (row, column), keepdim)
    if ord not in (1, -1, _INFINITY, -_INFINITY):
        raise NotImplementedError(f"this engine has no singular values, and so no matrix norm of order {ord!r}")
    over, then = (row, column) if abs(ord) == 1 else (column, row)
    sums = reductions.vector_norm(A, 1.0, over, keepdim)
    then -= not keepdim and over < then
    return (extremes.amax if ord > 0 else extremes.amin)(sums, then, keepdim)


@_seen("linalg_norm")
def norm(A: Tensor, ord: Any = None, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
    """The norm of vectors or of matrices, as ``dim`` says; without ``ord`` that of all elements as one vector."""
    if ord is None:
        return vector_norm(A, 2, dim, keepdim, dtype=dtype)
    if (isinstance(dim, tuple | list) and len(dim) == 2) or (dim is None and A._d.ndim == 2):
        return matrix_norm(A, ord, (-2, -1) if dim is None else dim, keepdim, dtype=dtype)
    if dim is None and A._d.ndim != 1:
        raise RuntimeError(
            "linalg.norm: If dim is not specified but ord is, the input must be 1D or 2D. Got " + f"{A._d.ndim}D."
        )
    return vector_norm(A, ord, dim, keepdim, dtype=dtype)


@_seen("linalg_det")
def det(A: Tensor) -> Tensor:
    """The determinant of a square matrix, or of each in a batch."""
    return _det(A)


@_seen("linalg_inv")
def inv(A: Tensor) -> Tensor:
    """The inverse of a square matrix, or of each in a batch.

    Errors: LinAlgError for a singular matrix.
    """
    return rows.inv(A)


@_seen("linalg_solve")
def solve(A: Tensor, B: Tensor, *, left: bool = True) -> Tensor:
    """The X with ``A X = B``; ``X A = B`` with ``left=False``.

    Shapes: A (..., n, n); B (n,), or (..., n, k), or the batch of A followed by n.
    """
    if not left:
        return rows.turned(solve(rows.turned(A), rows.turned(B)))
    told = not_solvable("linalg.solve", A._d)
    if told is not None:
        raise told
    vector = B._d.ndim == 1 or (B._d.ndim == A._d.ndim - 1 and B._d.shape == A._d.shape[:-1])
    return rows.solve(A, B, vector)


@_seen("linalg_matrix_power")
def matrix_power(A: Tensor, n: int) -> Tensor:
    """``A @ A @ ... @ A``, n times; of the inverse for a negative n."""
    if n == 0:
        from .calls.creation import eye

        return eye(A._d.shape[-1], dtype=A.dtype)
    base, left = (inv(A) if n < 0 else A), abs(n)
    if left == 3:
        return matmul(matmul(base, base), base)
    out = base if left % 2 else None
    while left := left // 2:
        base = matmul(base, base)
        if left % 2:
            out = base if out is None else matmul(out, base)
    assert out is not None  # n is not 0, so some bit was set
    return out


@_seen("linalg_multi_dot")
def multi_dot(tensors: Sequence[Tensor]) -> Tensor:
    """The product of several matrices."""
    out = tensors[0]
    for x in tensors[1:]:
        out = matmul(out, x)
    return out


__getattr__ = absent.lookup("torch.linalg", lambda: [name for name in globals() if name[0] != "_"])
