"""Linear systems: inverses, determinants, and what solves them.

Formulas of holomorphic rows are written without conjugates; ``mH`` stands where a row is not holomorphic.
Source: PyTorch's ``FunctionsManual.cpp`` (the mathematics, not the code).
"""

import numpy as np

from ..table.kernel import PUBLIC, RAW, rule
from ..table.op import op
from . import complexes, lapack  # noqa: F401  formulas name rows of complexes
from . import linalg as _products  # noqa: F401  and rules of linalg

RAW["lapack"] = lapack


# ------------------------------------------------ inverses and systems
@op(
    x=lambda g, out: -matmul(matmul(turned(out), g), turned(out)),
    outputs=("out", "info"),
    node="LinalgInvExBackward0",
    called="linalg_inv_ex",
    jvp=lambda d, out: -matmul(matmul(out, d), out),
)
def inv_ex(x):
    """The inverse of a square matrix, or of each in a batch, and the number of the first pivot that is zero."""
    return lapack.inverse(x)


@rule
def inverted(x):
    """The inverse, with no error for a singular matrix."""
    return inv_ex(x)[0]


@op(
    x=lambda g, x, out, left, vector, x_shape: sum_to(
        -outer_back(solved(turned(x), g, left, vector), out, left, vector), x_shape
    ),
    y=lambda g, x, left, vector, y_shape: sum_to(solved(turned(x), g, left, vector), y_shape),
    outputs=("out", "info"),
    node="LinalgSolveExBackward0",
    called="linalg_solve_ex",
    jvp=lambda d, e, x, out, left, vector: solved(x, e - applied(d, out, left, vector), left, vector),
)
def solve_ex(x, y, left=True, vector=False):
    """The ``out`` with ``x @ out = y``, or ``out @ x = y``; ``vector``: ``y`` holds vectors and not matrices."""
    if vector:
        out, info = lapack.solve(x, y[..., None])
        return out[..., 0], info
    if left:
        return lapack.solve(x, y)
    out, info = lapack.solve(turned(x), turned(y))
    return turned(out), info


@rule
def solved(x, y, left, vector):
    """``solve_ex``, with no error for a singular matrix."""
    return solve_ex(x, y, left, vector)[0]


@rule
def outer_back(g, out, left, vector):
    """``g outᵀ``, or ``outᵀ g`` where the matrix stands on the right."""
    if vector:
        return reshape(g, (*g.shape, 1)) * reshape(out, (*out.shape[:-1], 1, out.shape[-1]))
    return matmul(g, turned(out)) if left else matmul(turned(out), g)


@rule
def applied(x, y, left, vector):
    """``x y`` or ``y x``."""
    if vector:
        return sum(x * reshape(y, (*y.shape[:-1], 1, y.shape[-1])), -1)
    return matmul(x, y) if left else matmul(y, x)


@op(
    x=lambda g, x, out, upper, left, unitriangular, x_shape: sum_to(
        triangle(
            -outer_back(
                solve_triangular(turned(x), g, not upper, left, unitriangular), out, left, False
            ), upper, unitriangular,
        ),
        x_shape,
    ),
    y=lambda g, x, upper, left, unitriangular, y_shape: sum_to(
        solve_triangular(turned(x), g, not upper, left, unitriangular), y_shape
    ),
    node="LinalgSolveTriangularBackward0",
    called="linalg_solve_triangular",
    jvp=lambda d, e, x, out, upper, left, unitriangular: solve_triangular(
        x, e - applied(triangle(d, upper, unitriangular), out, left, False), upper, left, unitriangular
    ),
)  # fmt: skip
def solve_triangular(x, y, upper, left=True, unitriangular=False):
    """``solve_ex`` for a triangular ``x``, of which the other triangle is not read."""
    return lapack.solve_triangular(x, y, upper, left, unitriangular)


@rule
def triangle(x, upper, unitriangular):
    """The triangle that a triangular system reads."""
    return triu(x, int(unitriangular)) if upper else tril(x, -int(unitriangular))


@rule
def old_back(g, A, upper, transpose, unitriangular):
    """The gradient of the right-hand side of ``triangular_solve``."""
    return solve_triangular(A if transpose else turned(A), g, upper == transpose, True, unitriangular)


@rule
def old_matrix(A, upper, transpose, unitriangular):
    """The matrix that ``triangular_solve`` reads."""
    whole = triangle(A, upper, unitriangular)
    return turned(whole) if transpose else whole


@rule
def old_slope(g, copied, A, solution, upper, transpose, unitriangular):
    """The gradient of the matrix of ``triangular_solve``, which is also given back as a copy."""
    if g is None:
        return copied
    back = old_back(g, A, upper, transpose, unitriangular)
    slope = -(matmul(solution, turned(back)) if transpose else matmul(back, turned(solution)))
    slope = sum_to(triangle(slope, upper, unitriangular), A.shape)
    return slope if copied is None else slope + copied


@op(
    x=lambda g, x_shape, A, out, upper, transpose, unitriangular: sum_to(
        old_back(g[0], A, upper, transpose, unitriangular) if 0 in g else zeros_as(out), x_shape
    ),
    A=lambda g, A, out, upper, transpose, unitriangular: old_slope(
        g.get(0), g.get(1), A, out, upper, transpose, unitriangular
    ),
    several=True,
    outputs=("out", "cloned_coefficient"),
    node="TriangularSolveBackward0",
    jvp=lambda d, e, A, out, upper, transpose, unitriangular: (
        old_back(
            d - matmul(old_matrix(e, upper, transpose, unitriangular), out), A, upper, not transpose, unitriangular
        ),
        e,
    ),
)
def triangular_solve(x, A, upper=True, transpose=False, unitriangular=False):
    """``solve_triangular`` as it was, the right-hand side first; also a copy of the matrix."""
    a = np.swapaxes(A, -1, -2) if transpose else A
    return lapack.solve_triangular(a, x, upper != transpose, True, unitriangular), A.copy()


# ------------------------------------------------ determinants
@op(
    x=lambda g, x, out: cofactors(x, out) * reshape(g, (*g.shape, 1, 1)),
    node="LinalgDetBackward0",
    called="linalg_det",
    jvp=lambda d, x, out: sum(cofactors(x, out) * d, (-2, -1)),
)
def det(x):
    """The determinant of a square matrix, or of each in a batch."""
    with np.errstate(all="ignore"):  # NumPy casts in a module of its own
        out = np.linalg.det(x)
    if not np.all(out):  # LAPACK's pivots overlook NaN, and 0 · inf
        out = np.where((out == 0) & ~np.isfinite(x).all((-2, -1)), out.dtype.type(math.nan), out)[()]
    return out


@rule
def cofactors(x, out):
    """The derivative of a determinant: ``det(x) · x⁻ᵀ``; of a singular matrix, minor by minor."""
    return minors(x) if nearly_singular(x, out) else reshape(out, (*out.shape, 1, 1)) * turned(inverted(x))


def nearly_singular(x, out):
    """Whether ``det(x) · x⁻ᵀ`` is 0 · inf, or 0 · inf once it is differentiated again."""
    x = x._d
    if not np.all(out._d) or not np.isfinite(x).all():
        return True
    limit = np.finfo(x.dtype).eps ** -0.5
    return bool(x.size) and bool((np.linalg.cond(x) > limit).any())


PUBLIC["nearly_singular"] = nearly_singular
RAW["nearly_singular"] = lambda x, out: not np.all(out)


@op(x=lambda g, x: minors_slope(g, x), node="LinalgDetBackward0", jvp=lambda d, x: minors_slope(d, x))
def minors(x):
    """The cofactor matrix of a square matrix: ``out[i, j] = (-1)^(i+j)`` · det of ``x`` without row i and column j."""
    n = x.shape[-1]
    if n > 6:  # from singular values: n² determinants would take long
        u, s, vh = np.linalg.svd(x)
        others = np.where(np.eye(n, dtype=bool), 1, s[..., None, :]).prod(-1).astype(x.dtype)
        sign = np.linalg.det(u) * np.linalg.det(vh)
        return sign[..., None, None] * np.matmul(u.conj() * others[..., None, :], vh.conj())
    out = np.empty(x.shape, x.dtype)
    for i in range(n):
        for j in range(n):
            left = np.delete(np.delete(x, i, -2), j, -1)
            out[..., i, j] = (-1) ** (i + j) * (np.linalg.det(left) if n > 1 else 1)
    return out


@rule
def minors_slope(g, x):
    """The derivative of ``minors`` along ``g``, and against it: its Jacobian is symmetric."""
    n = x.shape[-1]
    if n == 1:
        return zeros_as(x)
    sent = zeros_as(x)  # <g, cofactors> is Σ_i det of x with row i replaced by that of g
    for i in range(n):
        row = np.eye(n, dtype=bool)[i].reshape(n, 1)
        replaced = where(row, row_at(g, i), x)
        sent = sent + where(row, 0.0, minors(replaced))
    return sent


@rule
def row_at(g, i):
    """Row i of each matrix, as a matrix of one row."""
    return sum(where(np.eye(g.shape[-1], dtype=bool)[i].reshape(-1, 1), g, 0.0), -2, True)


@op(
    x=lambda g, x, out: slogdet_slope(g.get(0), g.get(1), x, out),
    several=True,
    outputs=("out", "logabsdet"),
    node="LinalgSlogdetBackward0",
    called="linalg_slogdet",
    holomorphic=False,
    jvp=lambda d, x, out: slogdet_tangent(sum(turned(inverted(x)) * d, (-2, -1)), out),
)
def slogdet(x):
    """The sign of a determinant and the logarithm of its absolute value."""
    with np.errstate(all="ignore"):
        sign, logarithm = np.linalg.slogdet(x)
    if not np.isfinite(logarithm).all():
        lost = np.isnan(logarithm) | ((sign == 0) & ~np.isfinite(x).all((-2, -1)))
        sign = np.where(lost, sign.dtype.type(0), sign)[()]
        logarithm = np.where(lost, logarithm.dtype.type(math.nan), logarithm)[()]
    return sign, logarithm


@rule
def slogdet_tangent(trace, sign):
    """The tangents of sign and logarithm from that of log det."""
    return (sign * (imag(trace) * 1j), real(trace)) if has_complex(sign) else (zeros_as(sign), trace)


@rule
def slogdet_slope(gs, gl, x, sign):
    """``x⁻ᴴ`` times the gradient by log det, a complex number: the logarithm's and the angle's."""
    if has_complex(x) and gs is not None:
        turn = imag(conj(gs) * sign) * -1j
        gl = turn if gl is None else gl + turn
    if gl is None:
        return zeros_as(x)
    return reshape(gl, (*gl.shape, 1, 1)) * mH(inverted(x))
