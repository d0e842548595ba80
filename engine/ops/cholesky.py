"""Cholesky and LDL decompositions, and what solves with them."""

import numpy as np

from ..table.kernel import RAW, raw, rule
from ..table.op import op
from . import lapack
from . import systems as _systems  # noqa: F401  formulas name its rows


def _cholesky(node, called):
    """The decorator of a Cholesky decomposition under PyTorch's name ``node``."""
    return op(
        x=lambda g, out, upper: cholesky_slope(g, out, upper), outputs=("out", "info"), node=node, called=called,
        holomorphic=False, jvp=lambda d, out, upper: cholesky_tangent(d, out, upper),
    )  # fmt: skip


def cholesky_of(x, upper):
    """A Cholesky decomposition, from the triangle that it is to fill, and the minor that is not positive."""
    out, info = lapack.cholesky(mH(x) if upper else x)
    return mH(out) if upper else out, info


RAW["cholesky_of"] = raw(cholesky_of)


@_cholesky("LinalgCholeskyExBackward0", "linalg_cholesky_ex")
def cholesky_ex(x, upper=False):
    """Lower triangular L with ``x = L Lᴴ``, or upper triangular U with ``x = Uᴴ U``."""
    return cholesky_of(x, upper)


@_cholesky("CholeskyBackward0", "cholesky")
def cholesky(x, upper=False):
    """``cholesky_ex`` under the older name."""
    return cholesky_of(x, upper)


@rule
def cholesky_slope(g, out, upper):
    """``L⁻ᴴ sym(Φ(Lᴴ gL)) L⁻¹``, Φ the lower triangle with half the diagonal."""
    L = mH(out) if upper else out
    low = tril(matmul(mH(L), mH(g) if upper else g))
    inner = 0.5 * (low + mH(tril(low, -1)))
    inner = solve_triangular(mH(L), inner, True, True)
    return solve_triangular(L, inner, False, False)


@rule
def cholesky_tangent(d, out, upper):
    """``L Φ(L⁻¹ dA L⁻ᴴ)``."""
    L = mH(out) if upper else out
    inner = solve_triangular(mH(L), solve_triangular(L, d, False, True), True, False)
    dL = matmul(L, where(np.eye(d.shape[-1], dtype=bool), 0.5 * inner, tril(inner)))
    return mH(dL) if upper else dL


@rule
def gram(L, upper):
    """``L Lᴴ``, or ``Lᴴ L`` for an upper triangular L."""
    return matmul(mH(L), L) if upper else matmul(L, mH(L))


@op(
    x=lambda g, x, out, upper: inverse_slope(g, x, out, upper), holomorphic=False,
    jvp=lambda d, x, out, upper: -matmul(matmul(out, gram_tangent(x, d, upper)), out),
)  # fmt: skip
def cholesky_inverse(x, upper=False):
    """The inverse of the matrix whose Cholesky decomposition is ``x``."""
    L = triu(x) if upper else tril(x)
    return lapack.inverse(gram(L, upper))[0]


@rule
def gram_tangent(L, d, upper):
    """The tangent of ``gram``."""
    half = matmul(mH(L), d) if upper else matmul(d, mH(L))
    return half + mH(half)


@rule
def inverse_slope(g, x, out, upper):
    """The gradient of ``cholesky_inverse``."""
    common = matmul(out, matmul(g + mH(g), out))
    return -(matmul(x, common) if upper else matmul(common, x))


@op(
    x=lambda g, L, upper, x_shape: sum_to(cholesky_solve(g, L, upper), x_shape),
    L=lambda g, L, upper, out, L_shape: sum_to(
        cholesky_solve_slope(cholesky_solve(g, L, upper), L, out, upper), L_shape
    ),
    holomorphic=False,
    jvp=lambda d, e, L, upper, out: cholesky_solve(d - matmul(gram_tangent(L, e, upper), out), L, upper),
)
def cholesky_solve(x, L, upper=False):
    """The ``out`` with ``A out = x``, from the Cholesky decomposition ``L`` of A."""
    a, b = (mH(L), L) if upper else (L, mH(L))
    return lapack.solve_triangular(b, lapack.solve_triangular(a, x, False, True, False), True, True, False)


@rule
def cholesky_solve_slope(gB, L, out, upper):
    """The gradient of the decomposition."""
    common = matmul(gB, mH(out))
    common = common + mH(common)
    return -(matmul(L, common) if upper else matmul(common, L))


# ------------------------------------------------ LDL
def underived(name):
    """The formulas of an operation whose derivative PyTorch refuses."""
    return {"node": "NotImplemented", "jvp": lambda *given: underivable(given[0], name)}


@op(
    x=lambda g: underivable(g, "linalg_ldl_factor_ex"),
    outputs=("out", "pivots", "info"),
    **underived("linalg_ldl_factor_ex"),
)
def ldl_factor_ex(x, hermitian=False):
    """An LDL decomposition in one matrix, LAPACK's pivots, the number of the first that is zero."""
    return lapack.ldl_factor(x, hermitian)


@op(
    pivots=None, LD=lambda g: underivable(g, "linalg_ldl_solve"), y=lambda g: underivable(g, "linalg_ldl_solve"),
    **underived("linalg_ldl_solve"),
)  # fmt: skip
def ldl_solve(LD, pivots, y, hermitian=False):
    """``solve_ex`` with what ``ldl_factor_ex`` made of the matrix."""
    return lapack.ldl_solve(LD, pivots, y, hermitian)
