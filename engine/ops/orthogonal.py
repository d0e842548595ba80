"""QR decompositions, and products of Householder's reflections.

None is holomorphic, so ``mH`` and ``conj`` stand in the formulas.

Source: PyTorch's ``FunctionsManual.cpp`` for QR (the mathematics); products of reflections as derived below.
"""

import builtins

import numpy as np

from ..table.kernel import PUBLIC, RAW, rule
from ..table.op import op
from . import factors as _factors  # noqa: F401  formulas name its rules
from . import lapack


@op(
    x=lambda g, out, R, mode: qr_slope(g.get(0), g.get(1), out, R, mode),
    several=True,
    outputs=("out", "R"),
    node="LinalgQrBackward0",
    called="linalg_qr",
    holomorphic=False,
    jvp=lambda d, out, R, mode: qr_tangents(d, out, R, mode),
)
def qr(x, mode="reduced"):
    """Q with orthonormal columns and upper triangular R: ``x = Q R``."""
    if mode == "r":
        return np.zeros(0, x.dtype), np.linalg.qr(x, mode="r")
    q, r = np.linalg.qr(x, mode=mode)
    return q, r


def qr_underivable(Q, R, mode):
    """Raise PyTorch's error where a QR decomposition has no derivative."""
    if mode == "r":
        raise RuntimeError(
            "The derivative of linalg.qr depends on Q, which is not computed when mode='r'. Please use linalg.qr(A, "
            "mode='reduced') if you are going to differentiate through linalg.qr."
        )
    if mode == "complete" and Q.shape[-2] > R.shape[-1]:
        raise RuntimeError("The QR decomposition is not differentiable when mode='complete' and nrows > ncols.")


RAW["qr_underivable"] = PUBLIC["qr_underivable"] = qr_underivable


@rule
def qr_slope(gQ, gR, Q, R, mode):
    """The gradient of A from those of Q and R; either may be None."""
    qr_underivable(Q, R, mode)
    m, n, d = Q.shape[-2], R.shape[-1], len(Q.shape)
    inner = both_of(None if gR is None else matmul(gR, mH(R)), None if gQ is None else -matmul(mH(Q), gQ))
    if m >= n:
        inner = triu(inner)
        inner = inner + mH(inner)
        gA = both_of(matmul(Q, where(diagonal_of(n), 0.5 * inner, inner)), gQ)
        return solve_triangular(mH(R), gA, False, False)
    inner = tril(mH(inner) - inner)
    gA = matmul(Q, where(diagonal_of(m), 0.5 * inner, inner))
    gA = solve_triangular(mH(slice_of(R, d - 1, 0, m, 1)), gA, False, False)
    gA = cat([gA, zeros_as(slice_of(R, d - 1, m, n, 1))], d - 1)
    return gA if gR is None else gA + matmul(Q, gR)


@rule
def qr_tangents(dA, Q, R, mode):
    """The tangents of Q and R."""
    qr_underivable(Q, R, mode)
    m, n, d = Q.shape[-2], R.shape[-1], len(Q.shape)
    k = builtins.min(m, n)
    R1 = slice_of(R, d - 1, 0, k, 1)
    inner = solve_triangular(R1, matmul(mH(Q), slice_of(dA, d - 1, 0, k, 1)), True, False)
    both = triu(inner + mH(inner))
    high = where(diagonal_of(k), 0.5 * both, both)
    if m >= n:
        dR = matmul(high, R)
        return solve_triangular(R, dA - matmul(Q, dR), True, False), dR
    turn = inner - high
    return matmul(Q, turn), matmul(mH(Q), dA) - matmul(turn, R)


@op(
    x=lambda g, x, tau: householder_back(g, x, tau, False), tau=lambda g, x, tau: householder_back(g, x, tau, True),
    node="LinalgHouseholderProductBackward0", called="linalg_householder_product", holomorphic=False,
    jvp=lambda dx, dtau, x, tau: householder_tangent(dx, dtau, x, tau),
)  # fmt: skip
def householder_product(x, tau):
    """The first columns of the product of the reflections ``1 - tauᵢ vᵢ vᵢᴴ``; vᵢ below the diagonal of ``x``."""
    return lapack.householder_product(x, tau)


@rule
def column(x, i):
    """Column i of ``x`` from below the diagonal on, 1 on it, 0 above: as a matrix of one column."""
    m = x.shape[-2]
    low = slice_of(tril(x, -1), len(x.shape) - 1, i, i + 1, 1)
    return where((np.arange(m) == i).reshape(m, 1), 1.0, low)


@rule
def reflected(v, t, x, back):
    """``(1 - t v vᴴ) x``, or with the conjugate of ``t``."""
    t = reshape(conj(t) if back else t, (*t.shape, 1))
    return x - t * matmul(v, matmul(mH(v), x))


@rule
def entry(tau, i):
    """``tau[..., i:i+1]``."""
    return slice_of(tau, len(tau.shape) - 1, i, i + 1, 1)


@rule
def first_columns(x):
    """Columns of the identity, in the shape and dtype of ``x``."""
    return where(np.eye(x.shape[-2], x.shape[-1], dtype=bool), 1.0, zeros_as(x))


@rule
def householder_back(g, x, tau, by_tau):
    """The gradient of ``householder_product`` by the reflections' vectors, or by ``tau``."""
    return reflections_back(g, x, tau, first_columns(x), by_tau)


@rule
def reflections_back(g, x, tau, start, by_tau):
    """The gradient of ``H₀ H₁ ... start`` by the vectors of the reflections, or by their ``tau``.

    With what stands before reflection i taken to the gradient, Gᵢ, and what stands behind it applied to ``start``, Rᵢ:
    by its matrix ``M = Gᵢ Rᵢᴴ``, by tau ``-vᴴ M v``, by v ``-conj(tau) M v - tau Mᴴ v``.
    """
    k, n, d = tau.shape[-1], x.shape[-1], len(x.shape)
    behind = [start]
    for i in range(k - 1, 0, -1):
        behind.append(reflected(column(x, i), entry(tau, i), behind[-1], False))
    parts = []
    for i in range(k):
        v, t, rest = column(x, i), entry(tau, i), behind[k - 1 - i]
        Mv, Mhv = matmul(g, matmul(mH(rest), v)), matmul(rest, matmul(mH(g), v))
        if by_tau:
            parts.append(-reshape(matmul(mH(v), Mv), tuple(t.shape)))
        else:
            t = reshape(t, (*t.shape, 1))
            slope = -(conj(t) * Mv + t * Mhv)
            parts.append(where((np.arange(v.shape[-2]) > i).reshape(-1, 1), slope, 0.0))
        g = reflected(v, entry(tau, i), g, True)
    if by_tau:
        return cat(parts, len(tau.shape) - 1) if parts else zeros_as(tau)
    if n > k:
        parts.append(zeros_as(slice_of(x, d - 1, k, n, 1)))
    return cat(parts, d - 1) if parts else zeros_as(x)


@rule
def householder_tangent(dx, dtau, x, tau):
    """The tangent of ``householder_product``."""
    start = first_columns(x)
    return reflect_tangent(dx, dtau, zeros_as(start), x, tau, start, False)


@rule
def reflect_tangent(dx, dtau, dy, x, tau, y, transpose):
    """The tangent of ``reflect`` from the left."""
    order = range(tau.shape[-1])
    for i in order if transpose else reversed(order):
        v, t, dt = column(x, i), entry(tau, i), entry(dtau, i)
        below = (np.arange(v.shape[-2]) > i).reshape(-1, 1)
        dv = where(below, slice_of(dx, len(dx.shape) - 1, i, i + 1, 1), 0.0)
        t, dt = (reshape(conj(a) if transpose else a, (*a.shape, 1)) for a in (t, dt))
        inner = matmul(mH(v), y)
        turn = dt * matmul(v, inner) + t * (matmul(dv, inner) + matmul(v, matmul(mH(dv), y)))
        dy = dy - t * matmul(v, matmul(mH(v), dy)) - turn
        y = y - t * matmul(v, inner)
    return dy


@rule
def reflect(x, tau, y, left, transpose):
    """``Q y``, ``Qᴴ y``, ``y Q`` or ``y Qᴴ``; Q the product of the reflections in ``x``."""
    if not left:
        return mH(reflect(x, tau, mH(y), True, not transpose))
    order = range(tau.shape[-1])
    for i in order if transpose else reversed(order):
        y = reflected(column(x, i), entry(tau, i), y, transpose)
    return y


@rule
def ormqr_back(g, x, tau, y, left, transpose, by_tau):
    """The gradient of ``ormqr`` by the vectors of the reflections, or by their ``tau``."""
    if not left:
        return ormqr_back(mH(g), x, tau, mH(y), True, not transpose, by_tau)
    return reflections_back(y, x, tau, g, by_tau) if transpose else reflections_back(g, x, tau, y, by_tau)


@op(
    x=lambda g, x, tau, y, left, transpose: ormqr_back(g, x, tau, y, left, transpose, False),
    tau=lambda g, x, tau, y, left, transpose: ormqr_back(g, x, tau, y, left, transpose, True),
    y=lambda g, x, tau, left, transpose: reflect(x, tau, g, left, not transpose),
    holomorphic=False,
    jvp=lambda dx, dtau, dy, x, tau, y, left, transpose: ormqr_tangent(dx, dtau, dy, x, tau, y, left, transpose),
)
def ormqr(x, tau, y, left=True, transpose=False):
    """``Q y``, ``Qᴴ y``, ``y Q`` or ``y Qᴴ``; Q the product of the reflections in ``x``."""
    return reflect(x, tau, y, left, transpose)


@rule
def ormqr_tangent(dx, dtau, dy, x, tau, y, left, transpose):
    """The tangent of ``ormqr``."""
    if left:
        return reflect_tangent(dx, dtau, dy, x, tau, y, transpose)
    return mH(reflect_tangent(dx, dtau, mH(dy), x, tau, mH(y), not transpose))


@op(
    x=lambda g: underivable(g, "geqrf"), outputs=("out", "tau"), node="NotImplemented",
    jvp=lambda g: underivable(g, "geqrf"),
)  # fmt: skip
def geqrf(x):
    """R and the reflections of a QR decomposition in one matrix, and their ``tau``."""
    return lapack.geqrf(x)
