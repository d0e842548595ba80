"""LU decompositions, and what solves with them."""

import builtins

import numpy as np

from ..table.kernel import PUBLIC, RAW, raw, rule
from ..table.op import op
from . import lapack
from . import systems as _systems  # noqa: F401  formulas name its rows


def _both(name, function):
    """The function ``name`` of formulas: ``function`` on arrays, and its result as a Tensor on Tensors."""
    RAW[name] = raw(function)

    def on_tensors(*args):
        from ..tensor import wrap

        return wrap(function(*[getattr(a, "_d", a) for a in args]))

    PUBLIC[name] = on_tensors


_both("permuted", lambda pivots, like: lapack.permutation(pivots, like.shape[-2], like.dtype))
_both("ones_below", lambda like: np.eye(like.shape[-2], builtins.min(like.shape[-2:]), dtype=like.dtype))


@rule
def lower_of(LU):
    """L of a decomposition in one matrix."""
    k = builtins.min(LU.shape[-2:])
    return tril(slice_of(LU, len(LU.shape) - 1, 0, k, 1), -1) + ones_below(LU)


@rule
def upper_of(LU):
    """U of a decomposition in one matrix."""
    return triu(slice_of(LU, len(LU.shape) - 2, 0, builtins.min(LU.shape[-2:]), 1))


@rule
def lu_slope(gL, gU, P, L, U):
    """The gradient of A from those of the factors of ``A = P L U``; either may be None."""
    m, n, d = L.shape[-2], U.shape[-1], len(L.shape)
    k = builtins.min(m, n)
    L1, U1 = slice_of(L, d - 2, 0, k, 1), slice_of(U, d - 1, 0, k, 1)
    gL1 = None if gL is None else slice_of(gL, d - 2, 0, k, 1)
    gU1 = None if gU is None else slice_of(gU, d - 1, 0, k, 1)
    low = zeros_as(L1) if gL is None else matmul(turned(L1), gL1)
    high = zeros_as(U1) if gU is None else matmul(gU1, turned(U1))
    if m < n and gU is not None:
        gU2, U2 = slice_of(gU, d - 1, k, n, 1), slice_of(U, d - 1, k, n, 1)
        low = low - matmul(gU2, turned(U2))
    if m > n and gL is not None:
        gL2, L2 = slice_of(gL, d - 2, k, m, 1), slice_of(L, d - 2, k, m, 1)
        high = high - matmul(turned(L2), gL2)
    out = solve_triangular(turned(U1), tril(low, -1) + triu(high), False, False)
    out = solve_triangular(turned(L1), out, True, True, True)
    if m < n:
        rest = (
            zeros_as(slice_of(U, d - 1, k, n, 1)) if gU is None else solve_triangular(turned(L1), gU2, True, True, True)
        )
        out = cat([out, rest], d - 1)
    if m > n:
        rest = zeros_as(slice_of(L, d - 2, k, m, 1)) if gL is None else solve_triangular(turned(U1), gL2, False, False)
        out = cat([out, rest], d - 2)
    return matmul(P, out)


@op(
    x=lambda g, out, pivots: lu_slope(
        tril(slice_of(g, len(g.shape) - 1, 0, builtins.min(g.shape[-2:]), 1), -1),
        triu(slice_of(g, len(g.shape) - 2, 0, builtins.min(g.shape[-2:]), 1)),
        permuted(pivots, out), lower_of(out), upper_of(out),
    ),
    outputs=("out", "pivots", "info"),
    node="LinalgLuFactorExBackward0",
    called="linalg_lu_factor_ex",
    jvp=lambda d, out, pivots: lu_tangent(d, out, pivots),
)  # fmt: skip
def lu_factor_ex(x):
    """L below the diagonal and U above, in one matrix; pivots; the number of the first that is zero."""
    return lapack.factor(x)


@rule
def lu_tangents(d, L, U):
    """The tangents of L and U along ``d``, that of ``L U``."""
    m, n, last = L.shape[-2], U.shape[-1], len(L.shape) - 1
    k = builtins.min(m, n)
    L1, U1 = slice_of(L, last - 1, 0, k, 1), slice_of(U, last, 0, k, 1)
    d1 = slice_of(slice_of(d, last - 1, 0, k, 1), last, 0, k, 1)
    inner = solve_triangular(U1, solve_triangular(L1, d1, False, True, True), True, False)
    dL, dU = matmul(L1, tril(inner, -1)), matmul(triu(inner), U1)
    if m > n:
        rest = slice_of(d, last - 1, k, m, 1) - matmul(slice_of(L, last - 1, k, m, 1), dU)
        dL = cat([dL, solve_triangular(U1, rest, True, False)], last - 1)
    if n > m:
        rest = slice_of(d, last, k, n, 1) - matmul(dL, slice_of(U, last, k, n, 1))
        dU = cat([dU, solve_triangular(L1, rest, False, True, True)], last)
    return dL, dU


@rule
def lu_tangent(d, LU, pivots):
    """The tangent of a decomposition in one matrix along ``d``."""
    dL, dU = lu_tangents(matmul(turned(permuted(pivots, LU)), d), lower_of(LU), upper_of(LU))
    return unpack_back(dL, dU, LU.shape)


@op(
    x=lambda g, out, U, pivots: lu_slope(g.get(0), g.get(1), permuted(pivots, out), out, U),
    several=True,
    outputs=("out", "U", "pivots"),
    node="LinalgLuBackward0",
    called="linalg_lu",
    jvp=lambda d, out, U, pivots: lu_tangents(matmul(turned(permuted(pivots, out)), d), out, U),
)
def lu(x):
    """L and U of ``x = P L U``, and the pivots that say P."""
    LU, pivots, _ = lapack.factor(x)
    return lower_of(LU), upper_of(LU), pivots


@op(
    x=lambda g, x_shape: unpack_back(g.get(0), g.get(1), x_shape),
    several=True,
    outputs=("out", "U"),
    jvp=lambda d: (tril(slice_of(d, len(d.shape) - 1, 0, builtins.min(d.shape[-2:]), 1), -1), upper_of(d)),
)
def lu_unpack(x):
    """L and U of a decomposition in one matrix."""
    return lower_of(x), upper_of(x)


@rule
def unpack_back(gL, gU, shape):
    """The gradient of the one matrix that holds L and U."""
    d, k = len(shape), builtins.min(shape[-2:])
    low = None if gL is None else slice_back(tril(gL, -1), tuple(shape), d - 1, 0, k, 1)
    high = None if gU is None else slice_back(triu(gU), tuple(shape), d - 2, 0, k, 1)
    return high if low is None else low if high is None else low + high


@op(
    LU=lambda g, LU, pivots, out, left, adjoint: sum_to(
        lu_solve_slope(lu_solve(LU, pivots, g, left, not adjoint), LU, permuted(pivots, LU), out, left, adjoint),
        LU.shape,
    ),
    y=lambda g, LU, pivots, left, adjoint, y_shape: sum_to(lu_solve(LU, pivots, g, left, not adjoint), y_shape),
    pivots=None,
    node="LinalgLuSolveBackward0",
    called="linalg_lu_solve",
    holomorphic=False,
    jvp=lambda d, e, LU, pivots, out, left, adjoint: lu_solve(
        LU, pivots, e - applied(adjoint_if(lu_product_tangent(d, LU, pivots), adjoint), out, left, False), left, adjoint
    ),
)  # fmt: skip
def lu_solve(LU, pivots, y, left=True, adjoint=False):
    """``solve_ex`` with what ``lu_factor_ex`` made of the matrix; ``adjoint``: for its conjugate transpose."""
    L, U, P = lower_of(LU), upper_of(LU), permuted(pivots, LU)
    if left != adjoint:
        x = matmul(turned(P), y) if left else matmul(y, P)
        steps = ((L, False, True), (U, True, False))
    else:
        x = y
        steps = ((mH(U), False, False), (mH(L), True, True)) if left else ((U, True, False), (L, False, True))
    if not left and adjoint:
        steps = ((mH(L), True, True), (mH(U), False, False))
    for a, upper, unit in steps:
        x = lapack.solve_triangular(a, x, upper, left, unit)
    return x if left != adjoint else matmul(P, x) if left else matmul(x, turned(P))


@rule
def adjoint_if(x, adjoint):
    """``xᴴ`` if ``adjoint``."""
    return mH(x) if adjoint else x


@rule
def lu_product_tangent(d, LU, pivots):
    """The tangent of ``P L U`` along that of the one matrix."""
    L, U = lower_of(LU), upper_of(LU)
    return matmul(permuted(pivots, LU), matmul(tril(d, -1), U) + matmul(L, triu(d)))


@rule
def lu_solve_slope(gB, LU, P, out, left, adjoint):
    """The gradient of the one matrix from ``gB``, that of the right-hand side."""
    gA = -(matmul(gB, mH(out)) if left else matmul(mH(out), gB))
    gA = matmul(turned(P), adjoint_if(gA, adjoint))
    return tril(matmul(gA, mH(upper_of(LU))), -1) + triu(matmul(mH(lower_of(LU)), gA))
