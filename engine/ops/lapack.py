"""Matrix by matrix: what LAPACK does and NumPy does not, for batches. Arrays in, arrays out; scipy at its first use."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


def each(function: Callable[..., Any], *batches: Array) -> Any:
    """``function`` of every matrix of ``batches``, which have the same leading dimensions: an array for each result."""
    batch = batches[0].shape[:-2]
    if not batch:
        return function(*batches)
    count = int(np.prod(batch))
    flat = [b.reshape(count, *b.shape[len(batch) :]) for b in batches]
    results = [function(*matrices) for matrices in zip(*flat, strict=True)]
    if not results:  # an empty batch: the shapes of the results of zeros
        made = function(*[np.ones(b.shape[1:], b.dtype) for b in flat])
        empty = [
            np.zeros((*batch, *np.shape(r)), np.asarray(r).dtype) for r in (made if type(made) is tuple else (made,))
        ]
        return tuple(empty) if type(made) is tuple else empty[0]
    if type(results[0]) is tuple:
        return tuple(np.stack(column).reshape(*batch, *np.shape(column[0])) for column in zip(*results, strict=True))
    return np.stack(results).reshape(*batch, *results[0].shape)


def _lapack(names: tuple[str, ...], like: Array) -> Any:
    from scipy.linalg import get_lapack_funcs

    return get_lapack_funcs(names, (like,))


def inverse(x: Array) -> tuple[Array, Array]:
    """Inverses, and for each the number of the first pivot that is zero."""
    try:
        return np.linalg.inv(x), np.zeros(x.shape[:-2], np.int32)
    except np.linalg.LinAlgError:
        return each(_inverse, x)


def _inverse(a: Array) -> tuple[Array, Any]:
    lu, _, info = _factor(a)
    if info:
        return lu, np.int32(info)
    return np.linalg.inv(a), np.int32(0)


def solve(a: Array, b: Array) -> tuple[Array, Array]:
    """The X with ``a X = b``, and for each ``a`` the number of the first pivot that is zero."""
    batch = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    try:
        return np.linalg.solve(a, b), np.zeros(a.shape[:-2], np.int32)
    except np.linalg.LinAlgError:
        a, b = np.broadcast_to(a, (*batch, *a.shape[-2:])), np.broadcast_to(b, (*batch, *b.shape[-2:]))
        return each(_solve, a, b)


def _solve(a: Array, b: Array) -> tuple[Array, Any]:
    _, _, info = _factor(a)
    if not info:
        return np.linalg.solve(a, b), np.int32(0)
    return np.full(b.shape, np.nan, b.dtype), np.int32(info)


def _factor(a: Array) -> tuple[Array, Array, int]:
    (getrf,) = _lapack(("getrf",), a)
    if not a.size:
        return a.copy(), np.arange(min(a.shape)), 0
    lu, pivots, info = getrf(a)
    return np.ascontiguousarray(lu), pivots, info


def factor(x: Array) -> tuple[Array, Array, Array]:
    """LU decompositions in one matrix, with pivots counted from 1, and the number of the first that is zero."""

    def one(a: Array) -> tuple[Array, Array, Any]:
        lu, pivots, info = _factor(a)
        return lu, pivots.astype(np.int32) + np.int32(1), np.int32(info)

    return each(one, x)


def permutation(pivots: Array, m: int, dtype: Any) -> Array:
    """The matrices P of ``A = P L U`` from ``pivots``, which say which rows were exchanged, one after the other."""
    order = np.broadcast_to(np.arange(m), (*pivots.shape[:-1], m)).copy()
    for i in range(pivots.shape[-1]):
        j = pivots[..., i : i + 1].astype(np.int64) - 1
        there = np.take_along_axis(order, j, -1)
        np.put_along_axis(order, j, order[..., i : i + 1], -1)
        order[..., i : i + 1] = there
    out = np.zeros((*order.shape, m), dtype)
    np.put_along_axis(out, order[..., None, :], np.asarray(1, dtype), -2)
    return out


def solve_triangular(a: Array, b: Array, upper: bool, left: bool, unitriangular: bool) -> Array:
    """The X with ``a X = b``, or ``X a = b``, for triangular ``a``; inf where the diagonal has zeros."""
    from scipy.linalg import get_blas_funcs

    (trsm,) = get_blas_funcs(("trsm",), (a, b))

    def one(a: Array, b: Array) -> Array:
        if not b.size or not a.size:
            return b.copy()
        return np.ascontiguousarray(trsm(1, a, b, side=int(not left), lower=int(not upper), diag=int(unitriangular)))

    batch = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    return each(one, np.broadcast_to(a, (*batch, *a.shape[-2:])), np.broadcast_to(b, (*batch, *b.shape[-2:])))


def cholesky(x: Array) -> tuple[Array, Array]:
    """Lower triangular L with ``x = L Lᴴ``, from the lower triangle; the order of the minor that is not positive."""
    try:
        return np.linalg.cholesky(x), np.zeros(x.shape[:-2], np.int32)
    except np.linalg.LinAlgError:
        (potrf,) = _lapack(("potrf",), x)

    def one(a: Array) -> tuple[Array, Any]:
        c, info = potrf(a, lower=1, clean=1)
        return np.ascontiguousarray(c), np.int32(info)

    return each(one, x)


@np.errstate(all="ignore")
def householder_product(x: Array, tau: Array) -> Array:
    """The first columns of the product of the reflections ``1 - tauᵢ vᵢ vᵢᴴ``; vᵢ below the diagonal of ``x``."""
    n, k = x.shape[-1], tau.shape[-1]
    out = np.zeros(x.shape, x.dtype)
    out[..., np.arange(n), np.arange(n)] = 1
    for i in reversed(range(k)):
        v = reflector(x, i)
        out = out - tau[..., i, None, None] * v[..., None] * np.matmul(v[..., None, :].conj(), out)
    return out


def reflector(x: Array, i: int) -> Array:
    """Column i of ``x`` from below the diagonal on, 1 on it, 0 above."""
    v = x[..., :, i].copy()
    v[..., :i] = 0
    v[..., i] = 1
    return v


def geqrf(x: Array) -> tuple[Array, Array]:
    """R and the reflections of a QR decomposition in one matrix, and the factors tau."""
    (geqrf,) = _lapack(("geqrf",), x)

    def one(a: Array) -> tuple[Array, Array]:
        if not a.size:
            return a.copy(), np.zeros(min(a.shape), a.dtype)
        qr, tau, _, _ = geqrf(a)
        return np.ascontiguousarray(qr), tau

    return each(one, x)


def lstsq(a: Array, b: Array, rcond: float, driver: str) -> tuple[Array, Array]:
    """Least squares by LAPACK's ``driver``: solutions and ranks."""
    from scipy.linalg import lstsq as least

    def one(a: Array, b: Array) -> tuple[Array, Any]:
        found = least(a, b, cond=rcond, lapack_driver="gelsy" if driver == "gels" else driver, check_finite=False)
        return found[0], np.int64(found[2])

    batch = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    a, b = np.broadcast_to(a, (*batch, *a.shape[-2:])), np.broadcast_to(b, (*batch, *b.shape[-2:]))
    if not a.size or not b.size:
        return np.zeros((*batch, a.shape[-1], b.shape[-1]), a.dtype), np.zeros(batch, np.int64)
    return each(one, a, b)


def matrix_exp(x: Array) -> Array:
    """``e^x`` of matrices."""
    from scipy.linalg import expm

    return expm(x).astype(x.dtype, copy=False) if x.size else x.copy()


def ldl_factor(x: Array, hermitian: bool) -> tuple[Array, Array, Array]:
    """LDL decompositions in one matrix, LAPACK's pivots, and the number of the first pivot that is zero."""
    (sytrf,) = _lapack(("hetrf" if hermitian and x.dtype.kind == "c" else "sytrf",), x)

    def one(a: Array) -> tuple[Array, Array, Any]:
        if not a.size:
            return a.copy(), np.zeros(0, np.int32), np.int32(0)
        ld, pivots, info = sytrf(a, lower=1)
        return np.tril(ld), pivots.astype(np.int32), np.int32(info)

    return each(one, x)


def ldl_solve(ld: Array, pivots: Array, b: Array, hermitian: bool) -> Array:
    """The X with ``A X = b``, from what ``ldl_factor`` made of A."""
    hermitian = hermitian and ld.dtype.kind == "c"
    batch = np.broadcast_shapes(ld.shape[:-2], b.shape[:-2])
    lower, d, order = each(lambda a, p: _ldl_parts(a, p[0], hermitian), ld, pivots[..., None, :])
    x = np.broadcast_to(b, (*batch, *b.shape[-2:]))
    rows = np.broadcast_to(order, (*batch, order.shape[-1]))[..., None]
    x = np.take_along_axis(x, np.broadcast_to(rows, x.shape), -2)
    x = np.linalg.solve(d, np.linalg.solve(lower, x))
    turned = lower.swapaxes(-1, -2)
    x = np.linalg.solve(turned.conj() if hermitian else turned, x)
    out = np.empty_like(x)
    np.put_along_axis(out, np.broadcast_to(rows, x.shape), x, -2)
    return out


def _ldl_parts(ld: Array, pivots: Array, hermitian: bool) -> tuple[Array, Array, Array]:
    """L and D of one matrix with ``P A Pᵀ = L D L*``, and P as an order of rows."""
    n = len(ld)
    lower, d, order = np.tril(ld, -1) + np.eye(n, dtype=ld.dtype), np.zeros_like(ld), np.arange(n)
    k = 0
    while k < n:
        pair = pivots[k] < 0
        last = k + 1 if pair else k
        d[k, k], to = ld[k, k], abs(int(pivots[k])) - 1
        if pair:
            d[last, last], d[last, k] = ld[last, last], ld[last, k]
            d[k, last] = ld[last, k].conj() if hermitian else ld[last, k]
            lower[last, k] = 0
        lower[[last, to], :k] = lower[[to, last], :k]
        order[[last, to]] = order[[to, last]]
        k = last + 1
    return lower, d, order
