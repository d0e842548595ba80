"""Inverses, determinants, linear systems, LU, Cholesky and LDL decompositions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..calls.products import broadcast_shapes_or_error
from ..ops import cholesky as cholesky_rows
from ..ops import lu as lu_rows
from ..ops import systems as rows
from ..ops.matrix_errors import (
    LinAlgError,
    at_batch,
    not_floating,
    not_invertible,
    not_matrix,
    not_positive,
    not_square,
    title,
)
from ..ops.shape import expand_to, reshaped
from ..table.kernel import PUBLIC
from ..tensor import Tensor
from .seen import named, seen


def _square(name: str, A: Tensor) -> None:
    not_square(name, A)
    not_floating(name, A)


# ------------------------------------------------ inverses, determinants
@seen
def inv(A: Tensor) -> Tensor:
    """The inverse of a square matrix, or of each in a batch.

    Errors: LinAlgError for a singular matrix.
    """
    _square("linalg.inv", A)
    out, info = rows.inv_ex(A)
    not_invertible("linalg.inv", info._d)
    return out


@seen
def inv_ex(A: Tensor, *, check_errors: bool = False) -> Any:
    """The inverse, and where it failed the number of the first pivot that is zero."""
    _square("linalg.inv", A)
    out, info = rows.inv_ex(A)
    if check_errors:
        not_invertible("linalg.inv_ex", info._d)
    return named("linalg_inv_ex", (out, info))


@seen
def det(A: Tensor) -> Tensor:
    """The determinant of a square matrix, or of each in a batch."""
    _square("linalg.det", A)
    return rows.det(A)


@seen
def slogdet(A: Tensor) -> Any:
    """The sign of the determinant and the logarithm of its absolute value."""
    _square("linalg.slogdet", A)
    return named("linalg_slogdet", rows.slogdet(A))


# ------------------------------------------------ systems
def _fits(name: str, A: Tensor, B: Tensor, left: bool, square: bool = True) -> None:
    not_matrix(name, A)
    not_matrix(name, B, "B")
    if A._d.dtype is not B._d.dtype:
        raise RuntimeError(
            f"{name}: Expected A and B to have the same dtype, but found A of type {title(A)} and B of type "
            f"{title(B)} instead"
        )
    if square:
        not_square(name, A)
    (n, m), (p, q) = A._d.shape[-2:], B._d.shape[-2:]
    if (m != p) if left else (n != q):
        equation = "AX = B" if left else "XA = B"
        raise RuntimeError(f"{name}: Incompatible shapes of A and B for the equation {equation} ({n}x{m} and {p}x{q})")


def is_vector(A: Tensor, B: Tensor) -> bool:
    """Whether ``B`` holds vectors and not matrices beside the matrices ``A``."""
    return B._d.ndim == 1 or (B._d.ndim == A._d.ndim - 1 and B._d.shape == A._d.shape[:-1])


@seen
def solve_ex(A: Tensor, B: Tensor, *, left: bool = True, check_errors: bool = False) -> Any:
    """``solve``, and where it failed the number of the first pivot that is zero."""
    out, info = _solved("linalg.solve", A, B, left)
    if check_errors:
        not_invertible("torch.linalg.solve_ex", info._d)
    return named("linalg_solve_ex", (out, info))


def _solved(name: str, A: Tensor, B: Tensor, left: bool) -> Any:
    not_floating(name, A)
    vector = is_vector(A, B)
    if vector and not left:
        _fits(name, A, PUBLIC["unsqueeze"](B, B._d.ndim), left)
    if not vector:
        _fits(name, A, B, left)
        broadcast_shapes_or_error(A._d.shape[:-2], B._d.shape[:-2])
    else:
        not_square(name, A)
        n, m = A._d.shape[-1], B._d.shape[-1]
        if n != m:
            raise RuntimeError(f"{name}: Incompatible shapes of A and B for the equation AX = B ({n}x{n} and {m}x1)")
        if A._d.dtype is not B._d.dtype:
            _fits(name, A, PUBLIC["unsqueeze"](B, B._d.ndim), left)
    return rows.solve_ex(A, B, left, vector)


@seen
def solve(A: Tensor, B: Tensor, *, left: bool = True) -> Tensor:
    """The X with ``A X = B``; ``X A = B`` with ``left=False``.

    Shapes: A (..., n, n); B (n,), or (..., n, k), or the batch of A followed by n.
    """
    out, info = _solved("linalg.solve", A, B, left)
    not_invertible("torch.linalg.solve", info._d)
    return out


@seen
def solve_triangular(A: Tensor, B: Tensor, *, upper: bool, left: bool = True, unitriangular: bool = False) -> Tensor:
    """The X with ``A X = B``, or ``X A = B``, for a triangular A, whose other triangle is not read."""
    _fits("linalg.solve_triangular", A, B, left)
    not_floating("linalg.solve_triangular", A)
    broadcast_shapes_or_error(A._d.shape[:-2], B._d.shape[:-2])
    return rows.solve_triangular(A, B, upper, left, unitriangular)


@seen
def tensorinv(A: Tensor, ind: int = 2) -> Tensor:
    """The inverse of ``A`` as a matrix whose rows are its first ``ind`` dimensions."""
    if ind <= 0:
        raise RuntimeError(f"Expected a strictly positive integer for 'ind', but got {ind}")
    shape = A._d.shape
    first, rest = shape[:ind], shape[ind:]
    n, m = int(np.prod(first)), int(np.prod(rest))
    if n != m:
        raise RuntimeError(
            f"Expected self to satisfy the requirement prod(self.shape[ind:]) == prod(self.shape[:ind]), but got {m} "
            f"!= {n}"
        )
    out, info = rows.inv_ex(reshaped(A, (m, n)))
    not_invertible("linalg.inv", info._d)
    return reshaped(out, (*rest, *first))


@seen
def tensorsolve(A: Tensor, B: Tensor, dims: Sequence[int] | None = None) -> Tensor:
    """The X with ``tensordot(A, X, X.ndim) = B``."""
    if dims is not None:
        moved = [d % A._d.ndim for d in dims]
        A = PUBLIC["permute"](A, (*[d for d in range(A._d.ndim) if d not in moved], *moved))
    rest = A._d.shape[B._d.ndim :]
    n = int(np.prod(rest))
    if A._d.size != n * n:
        raise RuntimeError(f"shape '{[n, n]}' is invalid for input of size {A._d.size}")
    if B._d.size != n:
        raise RuntimeError(
            "Expected self to satisfy the requirement prod(self.shape[other.ndim:]) == prod(self.shape[:other.ndim]), "
            f"but got {n} != {B._d.size}"
        )
    return reshaped(solve(reshaped(A, (n, n)), B if B._d.ndim == 1 else reshaped(B, (n,))), rest)


# ------------------------------------------------ LU
def _pivoted(name: str, A: Tensor, pivot: bool) -> None:
    not_matrix(name, A)
    not_floating(name, A)
    if not pivot:
        raise RuntimeError(f"{name}: LU without pivoting is not implemented on the CPU")


@seen
def lu_factor_ex(A: Tensor, *, pivot: bool = True, check_errors: bool = False) -> Any:
    """``lu_factor``, and the number of the first pivot that is zero."""
    _pivoted("linalg.lu_factor", A, pivot)
    out = rows_of_lu(A)
    if check_errors and np.any(out[2]._d):
        _no_lu("linalg.lu_factor_ex", out[2]._d)
    return named("linalg_lu_factor_ex", out)


def rows_of_lu(A: Tensor) -> Any:
    """LU in one matrix, pivots, and infos."""
    return lu_rows.lu_factor_ex(A)


def _no_lu(name: str, info: Any) -> None:
    where, k = at_batch(info)
    raise LinAlgError(
        f"torch.{name}: {where}U[{k},{k}] is zero and using it on lu_solve would result in a division by zero. If you "
        "still want to perform the factorization, consider calling linalg.lu(A, pivot) or linalg.lu_factor_ex(A, "
        "pivot)"
    )


@seen
def lu_factor(A: Tensor, *, pivot: bool = True) -> Any:
    """L below the diagonal and U above, in one matrix, and the pivots: which rows were exchanged, counted from 1."""
    _pivoted("linalg.lu_factor", A, pivot)
    out = rows_of_lu(A)
    if np.any(out[2]._d):
        _no_lu("linalg.lu_factor", out[2]._d)
    return named("linalg_lu_factor", out[:2])


@seen
def lu(A: Tensor, *, pivot: bool = True) -> Any:
    """P, L and U with ``A = P L U``."""
    _pivoted("linalg.lu_factor", A, pivot)
    lower, upper, pivots = lu_rows.lu(A)
    return named("linalg_lu", (PUBLIC["permuted"](pivots, lower), lower, upper))


@seen
def lu_solve(LU: Tensor, pivots: Tensor, B: Tensor, *, left: bool = True, adjoint: bool = False) -> Tensor:
    """The X with ``A X = B``, from what ``lu_factor`` made of A; ``adjoint``: with the conjugate transpose of A."""
    name = "torch.linalg.lu_solve"
    not_floating(name, LU)
    if LU._d.dtype is not B._d.dtype:
        raise RuntimeError(
            f"linalg.lu_solve: Expected LU and B to have the same dtype, but found LU of type {title(LU)} and B of "
            f"type {title(B)} instead"
        )
    if pivots._d.dtype.name != "int32":
        raise RuntimeError(
            f"linalg.lu_solve: pivots should be a Tensor of scalar type torch.int32. Got {title(pivots)}"
        )
    not_square("torch.linalg.lu_solve", LU, "LU")
    _fits("linalg.lu_solve", LU, B, left)
    if LU._d.shape[-1] != pivots._d.shape[-1]:
        raise RuntimeError("linalg.lu_solve: Number of pivots per batch should be same as the dimension of the matrix")
    if LU._d.shape[:-2] != pivots._d.shape[:-1]:
        raise RuntimeError(
            "linalg.lu_solve: Expected LU.shape[:-1] and pivots.shape to be the same, but got pivots with shape "
            f"{list(pivots._d.shape)} instead"
        )
    return lu_rows.lu_solve(LU, pivots, B, left, adjoint)


# ------------------------------------------------ Cholesky, LDL
@seen
def cholesky_ex(A: Tensor, *, upper: bool = False, check_errors: bool = False) -> Any:
    """``cholesky``, and the order of the first leading minor that is not positive."""
    _square("linalg.cholesky", A)
    out, info = cholesky_rows.cholesky_ex(A, upper)
    if check_errors:
        not_positive("linalg.cholesky_ex", info._d)
    return named("linalg_cholesky_ex", (out, info))


@seen
def cholesky(A: Tensor, *, upper: bool = False) -> Tensor:
    """Lower triangular L with ``A = L Lᴴ``; with ``upper`` the U with ``A = Uᴴ U``.

    Errors: LinAlgError for a matrix that is not positive-definite.
    """
    _square("linalg.cholesky", A)
    out, info = cholesky_rows.cholesky_ex(A, upper)
    not_positive("linalg.cholesky", info._d)
    return out


@seen
def ldl_factor_ex(A: Tensor, *, hermitian: bool = False, check_errors: bool = False) -> Any:
    """``ldl_factor``, and the number of the first pivot that is zero."""
    _square("torch.linalg.ldl_factor_ex", A)
    out = cholesky_rows.ldl_factor_ex(A, hermitian)
    if check_errors:
        not_invertible("torch.linalg.ldl_factor_ex", out[2]._d)
    return named("linalg_ldl_factor_ex", out)


@seen
def ldl_factor(A: Tensor, *, hermitian: bool = False) -> Any:
    """An LDL decomposition in one matrix, and LAPACK's pivots."""
    _square("torch.linalg.ldl_factor_ex", A)
    out = cholesky_rows.ldl_factor_ex(A, hermitian)
    not_invertible("torch.linalg.ldl_factor", out[2]._d)
    return named("linalg_ldl_factor", out[:2])


@seen
def ldl_solve(LD: Tensor, pivots: Tensor, B: Tensor, *, hermitian: bool = False) -> Tensor:
    """The X with ``A X = B``, from what ``ldl_factor`` made of A."""
    not_matrix("torch.linalg.ldl_solve", LD, "LD")
    not_floating("torch.linalg.ldl_solve", LD)
    _fits("torch.linalg.ldl_solve", LD, B, True)
    if B._d.ndim < 2:
        raise RuntimeError(
            "torch.linalg.ldl_solve: Expected B to have at least 2 dimensions, but it has "
            f"{B._d.ndim} dimensions instead"
        )
    batch = broadcast_shapes_or_error(LD._d.shape[:-2], B._d.shape[:-2])
    B = B if B._d.shape[:-2] == batch else expand_to(B, (*batch, *B._d.shape[-2:]))
    return cholesky_rows.ldl_solve(LD, pivots, B, hermitian)
