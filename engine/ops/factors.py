"""Eigenvalues and singular values, and what is made of them: pseudo-inverses, least squares, exponentials.

None is holomorphic: signs and phases are chosen. Source: PyTorch's ``FunctionsManual.cpp`` (the mathematics).
"""

import builtins

import numpy as np

from ..table.kernel import PUBLIC, RAW, rule
from ..table.op import op
from . import lapack
from . import systems as _systems  # noqa: F401  formulas name its rows


@rule
def both_of(x, y):
    """``x + y``, where None stands for zeros."""
    return y if x is None else x if y is None else x + y


@rule
def diagonal_of(n):
    """The mask of the diagonal."""
    return np.eye(n, dtype=bool)


@rule
def rows_scaled(s, x):
    """``diag(s) x``."""
    return reshape(s, (*s.shape, 1)) * x


@rule
def columns_scaled(x, s):
    """``x diag(s)``."""
    return x * reshape(s, (*s.shape[:-1], 1, s.shape[-1]))


def phase_matters(name, *diagonals):
    """Raise PyTorch's error where a loss depends on the phases of complex vectors, which are arbitrary."""
    total = 0
    for d in diagonals:
        total = total + getattr(d, "_d", d).imag
    if not np.allclose(total, 0, rtol=1e-2, atol=1e-2):
        what, how = (
            ("singular vectors", "this phase term, making it ill-defined")
            if name == "svd"
            else ("eigenvectors", "this quantity, so it is ill-defined")
        )
        raise RuntimeError(
            f"{name}_backward: The {what} in the complex case are specified up to multiplication by e^{{i phi}}. The "
            f"specified loss function depends on {how}."
        )


RAW["phase_matters"] = PUBLIC["phase_matters"] = phase_matters


# ------------------------------------------------ eigenvalues
@op(
    x=lambda g, out, V: eigh_slope(g.get(0), g.get(1), out, V),
    several=True,
    outputs=("out", "V"),
    node="LinalgEighBackward0",
    called="linalg_eigh",
    holomorphic=False,
    jvp=lambda d, out, V: eigh_tangents(matmul(mH(V), matmul(d, V)), out, V),
)
def eigh(x, UPLO="L"):
    """Eigenvalues, ascending, and eigenvectors of a Hermitian matrix, of which one triangle is read."""
    return tuple(np.linalg.eigh(x, UPLO))


@rule
def eigh_tangents(inner, L, V):
    """The tangents of eigenvalues and vectors from ``Vᴴ dA V``."""
    return real(diagonal(inner, 0, -2, -1)), matmul(V, where(diagonal_of(L.shape[-1]), 0.0, inner / gaps(L)))


@rule
def gaps(L):
    """``L[j] - L[i]``, 1 on the diagonal."""
    n = L.shape[-1]
    apart = reshape(L, (*L.shape[:-1], 1, n)) - reshape(L, (*L.shape[:-1], n, 1))
    return where(diagonal_of(n), 1.0, apart)


@rule
def eigh_slope(gL, gV, L, V):
    """``V (diag(gL) + skew(Vᴴ gV) / E) Vᴴ``."""
    if gV is None:
        return matmul(columns_scaled(V, gL), mH(V))
    inner = matmul(mH(V), gV)
    if has_complex(V):
        phase_matters("linalg_eigh", diagonal(inner, 0, -2, -1))
    inner = (inner - mH(inner)) * 0.5 / gaps(L)
    inner = where(diagonal_of(L.shape[-1]), 0.0, inner)
    inner = inner if gL is None else inner + diag_embed(gL)
    return matmul(V, matmul(inner, mH(V)))


@op(
    x=lambda g, x, out, V: eig_slope(g.get(0), g.get(1), x, out, V),
    several=True,
    outputs=("out", "V"),
    node="LinalgEigBackward0",
    called="linalg_eig",
    holomorphic=False,
    to_complex=True,
    jvp=lambda d, out, V: eig_tangents(solved(V, matmul(as_complex(d), V), True, False), out, V),
)
def eig(x):
    """Eigenvalues and eigenvectors, complex, of a square matrix."""
    values, vectors = np.linalg.eig(x)
    d = complex_of.get(values.dtype, values.dtype)
    return values.astype(d, copy=False), vectors.astype(d, copy=False)


@rule
def as_complex(x):
    """``x`` as complex numbers."""
    return x if has_complex(x) else complex_from(x, zeros_as(x))


@rule
def eig_tangents(inner, L, V):
    """The tangents of eigenvalues and vectors from ``V⁻¹ dA V``; the vectors keep their length."""
    turn = matmul(V, where(diagonal_of(L.shape[-1]), 0.0, inner / gaps(L)))
    along = real(diagonal(matmul(mH(V), turn), 0, -2, -1))
    return diagonal(inner, 0, -2, -1), turn - columns_scaled(V, along)


@rule
def eig_slope(gL, gV, x, L, V):
    """``V⁻ᴴ (diag(gL) + (Vᴴ gV - Vᴴ V diag(Re(Vᴴ gV))) / conj(E)) Vᴴ``."""
    if gV is None:
        slope = solved(mH(V), rows_scaled(gL, mH(V)), True, False)
    else:
        inner = matmul(mH(V), gV)
        along = diagonal(inner, 0, -2, -1)
        phase_matters("linalg_eig", along)
        inner = (inner - matmul(mH(V), columns_scaled(V, real(along)))) / conj(gaps(L))
        inner = where(diagonal_of(L.shape[-1]), 0.0, inner)
        inner = inner if gL is None else inner + diag_embed(gL)
        slope = solved(mH(V), matmul(inner, mH(V)), True, False)
    return slope if has_complex(x) else real(slope)


# ------------------------------------------------ singular values
@op(
    x=lambda g, out, S, Vh: svd_slope(g.get(0), g.get(1), g.get(2), out, S, Vh),
    several=True,
    outputs=("out", "S", "Vh"),
    node="LinalgSvdBackward0",
    called="linalg_svd",
    holomorphic=False,
    jvp=lambda d, out, S, Vh: svd_tangents(d, out, S, Vh),
)
def svd(x, full_matrices=True):
    """Singular vectors and values: ``x = U diag(S) Vh``."""
    return tuple(np.linalg.svd(x, full_matrices=full_matrices))


@rule
def skew(x):
    """``x - xᴴ``."""
    return x - mH(x)


@rule
def svd_slope(gU, gS, gVh, U, S, Vh):
    """The gradient of A from those of U, S and Vh; each may be None."""
    k, d = S.shape[-1], len(U.shape)
    U, Vh = slice_of(U, d - 1, 0, k, 1), slice_of(Vh, d - 2, 0, k, 1)
    if gU is None and gVh is None:
        return matmul(columns_scaled(U, gS), Vh)
    m, n = U.shape[-2], Vh.shape[-1]
    inner, phases = None, []
    E = gaps(S * S)
    if gU is not None:
        gU = slice_of(gU, d - 1, 0, k, 1)
        turn = skew(matmul(mH(U), gU))
        phases.append(diagonal(turn, 0, -2, -1))
        inner = columns_scaled(turn, S)
    if gVh is not None:
        gVh = slice_of(gVh, d - 2, 0, k, 1)
        turn = skew(matmul(Vh, mH(gVh)))
        phases.append(diagonal(turn, 0, -2, -1))
        inner = both_of(inner, rows_scaled(S, turn))
    if has_complex(U):
        phase_matters("svd", *phases)
    inner = where(diagonal_of(k), 0.0, inner / E)
    inner = inner if gS is None else inner + diag_embed(gS)
    if has_complex(U) and len(phases) == 2:
        inner = inner + diag_embed(phases[0] / (2.0 * S))
    gA = matmul(U, inner)
    if m > k and gU is not None:
        out = columns_scaled(gU, 1.0 / S)
        gA = gA + out - matmul(U, matmul(mH(U), out))
    gA = matmul(gA, Vh)
    if n > k and gVh is not None:
        out = rows_scaled(1.0 / S, gVh)
        gA = gA + matmul(U, out - matmul(matmul(out, mH(Vh)), Vh))
    return gA


@rule
def svd_tangents(dA, U, S, Vh):
    """The tangents of U, S and Vh; vectors beyond the singular values are taken to stay."""
    k, d = S.shape[-1], len(U.shape)
    more = U.shape[-1] - k, Vh.shape[-2] - k
    U1, Vh1 = slice_of(U, d - 1, 0, k, 1), slice_of(Vh, d - 2, 0, k, 1)
    dP = matmul(mH(U1), matmul(dA, mH(Vh1)))
    dS, E = real(diagonal(dP, 0, -2, -1)), gaps(S * S)
    left, right = columns_scaled(dP, S), rows_scaled(S, dP)
    turnU = where(diagonal_of(k), 0.0, (left + mH(left)) / E)
    turnV = where(diagonal_of(k), 0.0, (right + mH(right)) / E)
    if has_complex(U):
        turnU = turnU + diag_embed(skew_diagonal(dP) / (2.0 * S))
    dU, dVh = matmul(U1, turnU), matmul(mH(turnV), Vh1)
    if U.shape[-2] > k:
        out = columns_scaled(matmul(dA, mH(Vh1)), 1.0 / S)
        dU = dU + out - matmul(U1, matmul(mH(U1), out))
    if Vh.shape[-1] > k:
        out = rows_scaled(1.0 / S, matmul(mH(U1), dA))
        dVh = dVh + out - matmul(matmul(out, mH(Vh1)), Vh1)
    if more[0]:
        dU = cat([dU, zeros_as(slice_of(U, d - 1, k, k + more[0], 1))], d - 1)
    if more[1]:
        dVh = cat([dVh, zeros_as(slice_of(Vh, d - 2, k, k + more[1], 1))], d - 2)
    return dU, dS, dVh


@rule
def skew_diagonal(x):
    """The diagonal of ``x - xᴴ``."""
    return diagonal(skew(x), 0, -2, -1)


# ------------------------------------------------ pseudo-inverses, exponentials
@op(
    x=lambda g, x, out: pinv_slope(g, x, out), node="LinalgPinvBackward0", called="linalg_pinv", holomorphic=False,
    jvp=lambda d, x, out: pinv_tangent(d, x, out),
)  # fmt: skip
def pinv(x, atol, rtol, hermitian=False):
    """The pseudo-inverse, where singular values up to ``max(atol, rtol · the largest)`` count as zeros."""
    if hermitian:
        s, u = np.linalg.eigh(x)
        vh = mH(u)
        size = np.abs(s)
    else:
        u, s, vh = np.linalg.svd(x, full_matrices=False)
        size = s
    largest = np.max(size, axis=-1, initial=0, keepdims=True)
    small = size <= np.maximum(np.asarray(atol)[..., None], np.asarray(rtol)[..., None] * largest)
    s = np.where(small, 0, 1 / np.where(small, 1, s)).astype(s.dtype)
    return matmul(mH(vh) * s[..., None, :], mH(u))


@rule
def pinv_slope(g, x, out):
    """``-out̅ᴴ ...``: by the smaller side, as PyTorch."""
    outh, gh = mH(out), mH(g)
    if x.shape[-2] <= x.shape[-1]:
        K = matmul(gh, out)
        Kh = matmul(K, outh)
        left = -mH(matmul(out, K)) + Kh - matmul(matmul(x, out), Kh)
        return left + matmul(matmul(outh, out), gh - matmul(K, x))
    K = matmul(out, gh)
    Kh = matmul(outh, K)
    left = -mH(matmul(K, out)) + matmul(matmul(gh - matmul(x, K), out), outh)
    return left + Kh - matmul(matmul(Kh, out), x)


@rule
def pinv_tangent(d, x, out):
    """The tangent of a pseudo-inverse, of constant rank."""
    dh, gram, outer = mH(d), matmul(out, mH(out)), matmul(mH(out), out)
    rest = matmul(gram, dh) - matmul(matmul(gram, matmul(dh, x)), out)
    return -matmul(matmul(out, d), out) + rest + matmul(dh - matmul(out, matmul(x, dh)), outer)


@op(x=lambda g, x: exp_along(turned(x), g), node="LinalgMatrixExpBackward0", called="linalg_matrix_exp",
    jvp=lambda d, x: exp_along(x, d))  # fmt: skip
def matrix_exp(x):
    """``e^x = Σ xⁿ / n!`` of square matrices."""
    return lapack.matrix_exp(x)


@rule
def exp_along(x, d):
    """The derivative of ``matrix_exp`` at ``x`` along ``d``: a corner of the exponential of a matrix twice as large."""
    n, last = x.shape[-1], len(x.shape) - 1
    if not n:
        return d
    whole = cat([cat([x, d], last), cat([zeros_as(x), x], last)], last - 1)
    return slice_of(slice_of(matrix_exp(whole), last - 1, 0, n, 1), last, n, 2 * n, 1)


# ------------------------------------------------ least squares
@op(
    x=lambda g, x, y, out, vector: lstsq_slope(g.get(0), g.get(1), x, y, out, vector, False),
    y=lambda g, x, y, out, vector: lstsq_slope(g.get(0), g.get(1), x, y, out, vector, True),
    several=True,
    outputs=("out", "residuals", "rank"),
    node="LinalgLstsqBackward0",
    called="linalg_lstsq",
    holomorphic=False,
    jvp=lambda d, e, x, y, out, residuals, vector: lstsq_tangents(d, e, x, y, out, residuals, vector),
)
def lstsq(x, y, rcond, driver, vector=False):
    """The X for which ``‖x X - y‖`` is smallest, and what is left over: the squared norms."""
    y = y[..., None] if vector else y
    solution, rank = lapack.lstsq(x, y, rcond, driver)
    m, n = x.shape[-2:]
    residuals = np.zeros(0, x.real.dtype)
    if m > n and (driver == "gels" or (driver != "gelsy" and np.all(rank == n))):
        apart = matmul(x, solution) - y
        residuals = (apart * apart.conj()).real.sum(-2)
    if driver == "gels":
        rank = np.zeros(0, np.int64)
    return solution[..., 0] if vector else solution, residuals, rank


@rule
def one_wide(x, vector):
    """Vectors as matrices of one column."""
    return reshape(x, (*x.shape, 1)) if vector else x


@rule
def lstsq_tangents(dx, dy, x, y, solution, residuals, vector):
    """The tangents of the solution and of what is left over."""
    dy, y, solution = one_wide(dy, vector), one_wide(y, vector), one_wide(solution, vector)
    inv = pinv_of(x)
    dX = matmul(pinv_tangent(dx, x, inv), y) + matmul(inv, dy)
    dX = reshape(dX, tuple(dX.shape[:-1])) if vector else dX
    if not math.prod(residuals.shape):
        return dX, zeros_as(residuals)
    apart = matmul(x, solution) - y
    return dX, 2.0 * sum(real(conj(apart) * (matmul(dx, solution) - dy)), -2)


@rule
def pinv_of(x):
    """The pseudo-inverse for least squares."""
    return pinv(x, 0.0, 2.0**-52 * builtins.max(x.shape[-2:]), False)


@rule
def lstsq_slope(gX, gR, x, y, solution, vector, by_y):
    """The gradient of ``lstsq``: through the pseudo-inverse, and from the residuals."""
    wide, solution, slope = one_wide(y, vector), one_wide(solution, vector), None
    if gX is not None:
        gX, inv = one_wide(gX, vector), pinv_of(x)
        slope = matmul(mH(inv), gX) if by_y else pinv_slope(matmul(gX, mH(wide)), x, inv)
    if gR is not None and math.prod(gR.shape):
        apart = columns_scaled(2.0 * (matmul(x, solution) - wide), gR)
        slope = both_of(slope, -apart if by_y else matmul(apart, mH(solution)))
    slope = zeros_as(wide if by_y else x) if slope is None else slope
    if not by_y:
        return sum_to(slope, x.shape)
    return reshape(slope, tuple(y.shape)) if vector else sum_to(slope, y.shape)
