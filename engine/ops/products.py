"""Products added to something, cross products, distances."""

import numpy as np

from ..table.kernel import RAW, raw, rule
from ..table.op import op
from . import linalg as _linalg  # noqa: F401  formulas name its rules
from .matrix_errors import different_addbmm, different_addmv, different_addr, different_baddbmm


def _added(x, product, beta, alpha):
    """``beta · x + alpha · product``; with beta 0, x is not looked at."""
    if alpha != 1:
        product = product * factor(alpha, product.dtype)
    if beta == 0:
        return product
    return product + (x if beta == 1 else x * factor(beta, product.dtype))


RAW["plus_product"] = raw(_added)


@op(
    x=lambda g, x_shape, beta: sum_to(scaled(g, beta), x_shape),
    mat=lambda g, vec, alpha: scaled(outer_product(g, vec), alpha),
    vec=lambda g, mat, alpha: scaled(mv(t(mat), g), alpha),
    jvp=lambda x, d1, d2, mat, vec, beta, alpha: scaled(x, beta) + scaled(mv(d1, vec) + mv(mat, d2), alpha),
    refuse=different_addmv,
)
def addmv(x, mat, vec, beta=1, alpha=1):
    """``beta · x + alpha · mat @ vec``."""
    return plus_product(x, mat.dot(vec), beta, alpha)


@op(
    x=lambda g, x_shape, beta: sum_to(scaled(g, beta), x_shape),
    vec1=lambda g, vec2, alpha: scaled(mv(g, vec2), alpha),
    vec2=lambda g, vec1, alpha: scaled(mv(t(g), vec1), alpha),
    jvp=lambda x, d1, d2, vec1, vec2, beta, alpha: (
        scaled(x, beta) + scaled(outer_product(d1, vec2) + outer_product(vec1, d2), alpha)
    ),
    refuse=different_addr,
)
def addr(x, vec1, vec2, beta=1, alpha=1):
    """``beta · x + alpha · vec1 vec2ᵀ``."""
    return plus_product(x, np.multiply.outer(vec1, vec2), beta, alpha)


@op(
    x=lambda g, x_shape, beta: sum_to(scaled(g, beta), x_shape),
    batch1=lambda g, batch2, alpha: scaled(bmm(g, transpose(batch2, 1, 2)), alpha),
    batch2=lambda g, batch1, alpha: scaled(bmm(transpose(batch1, 1, 2), g), alpha),
    jvp=lambda x, d1, d2, batch1, batch2, beta, alpha: (
        scaled(x, beta) + scaled(bmm(d1, batch2) + bmm(batch1, d2), alpha)
    ),
    refuse=different_baddbmm,
)
def baddbmm(x, batch1, batch2, beta=1, alpha=1):
    """``beta · x + alpha · batch1 @ batch2``, pair by pair."""
    return plus_product(x, np.matmul(batch1, batch2), beta, alpha)


@op(
    x=lambda g, x_shape, beta: sum_to(scaled(g, beta), x_shape),
    batch1=lambda g, batch2, alpha, batch1_shape: scaled(
        bmm(expand_to(g, (batch1_shape[0], *g.shape)), transpose(batch2, 1, 2)), alpha
    ),
    batch2=lambda g, batch1, alpha, batch2_shape: scaled(
        bmm(transpose(batch1, 1, 2), expand_to(g, (batch2_shape[0], *g.shape))), alpha
    ),
    jvp=lambda x, d1, d2, batch1, batch2, beta, alpha: (
        scaled(x, beta) + scaled(sum(bmm(d1, batch2) + bmm(batch1, d2), 0), alpha)
    ),
    refuse=different_addbmm,
)
def addbmm(x, batch1, batch2, beta=1, alpha=1):
    """``beta · x + alpha · Σ batch1 @ batch2``, summed over the pairs."""
    return plus_product(x, np.add.reduce(np.matmul(batch1, batch2), 0, batch1.dtype), beta, alpha)


# ------------------------------------------------ cross products
@op(
    x=lambda g, y, dim, x_shape: sum_to(linalg_cross(y, g, dim), x_shape),
    y=lambda g, x, dim, y_shape: sum_to(linalg_cross(g, x, dim), y_shape),
    node="LinalgCrossBackward0",
    called="linalg_cross",
    jvp="multilinear",
)
def linalg_cross(x, y, dim=-1):
    """The cross product of vectors of three along ``dim``."""
    a, b = np.moveaxis(x, dim, 0), np.moveaxis(y, dim, 0)
    parts = [a[i - 2] * b[i - 1] - a[i - 1] * b[i - 2] for i in range(3)]
    return np.stack(parts, dim)


# ------------------------------------------------ distances
@op(
    x=lambda g, x, y, p, out: sum_to(sum(spread_out(g) * distance_slope(x, y, p, out), -2), x.shape),
    y=lambda g, x, y, p, out: sum_to(-sum(spread_out(g) * distance_slope(x, y, p, out), -3), y.shape),
    jvp=lambda dx, dy, x, y, p, out: sum(distance_slope(x, y, p, out) * (one_row(dx) - one_column(dy)), -1),
)
def cdist(x, y, p=2.0):
    """The p-norm of every difference of a row of ``x`` and a row of ``y``."""
    apart = np.abs(one_row(x) - one_column(y))
    if p == 0:
        return np.add.reduce(apart != 0, -1, x.dtype)
    if p == math.inf:
        return np.maximum.reduce(apart, -1, initial=0)
    if p == 1:
        return np.add.reduce(apart, -1)
    if p == 2:
        return np.sqrt(np.add.reduce(apart * apart, -1))
    return np.add.reduce(apart**p, -1) ** (1 / p)


@rule
def one_row(x):
    """``x`` with a dimension of one before its last."""
    return reshape(x, (*x.shape[:-1], 1, x.shape[-1]))


@rule
def one_column(x):
    """``x`` with a dimension of one before its last but one."""
    return reshape(x, (*x.shape[:-2], 1, *x.shape[-2:]))


@rule
def spread_out(g):
    """``g`` with a last dimension of one."""
    return reshape(g, (*g.shape, 1))


@rule
def distance_slope(x, y, p, out):
    """The derivative of every distance by the difference that it is of; 0 where a distance is 0."""
    apart = one_row(x) - one_column(y)
    out = spread_out(out)
    if p == 0:
        return zeros_as(apart)
    if p == 1:
        return sign(apart)
    if p == math.inf:
        return where(abs(apart) == out, sign(apart), 0.0)
    if p == 2:
        return where(out == 0, 0.0, apart / out)
    size = where(apart == 0, 1.0, abs(apart))
    whole = where(out == 0, 1.0, out)
    return where(apart == 0, 0.0, sign(apart) * pow_number(size / whole, p - 1))


@op(
    x=lambda g, x, y, out: euclidean_slope(g, x, y, out),
    y=lambda g, x, y, out: euclidean_slope(turned(g), y, x, turned(out)),
    node="EuclideanDistBackward0",
    called="cdist",
    jvp=lambda dx, dy, x, y, out: euclidean_tangent(dx, dy, x, y, out),
)
def euclidean_dist(x, y):
    """``cdist`` for p = 2 by one product of matrices, which is faster, and less exact near 0."""
    squares = [np.add.reduce(v * v, -1, keepdims=True) for v in (x, y)]
    out = squares[0] + np.swapaxes(squares[1], -1, -2) - 2 * np.matmul(x, np.swapaxes(y, -1, -2))
    return np.sqrt(np.maximum(out, 0))


@rule
def euclidean_slope(g, x, y, out):
    """``x Σ g/out - (g/out) y``; 0 where a distance is 0."""
    ratio = where(out == 0, 0.0, g / out)
    return x * sum(ratio, -1, True) - matmul(ratio, y)


@rule
def euclidean_tangent(dx, dy, x, y, out):
    """The tangent of the distances."""
    inner = sum(x * dx, -1, True) + turned(sum(y * dy, -1, True))
    cross = matmul(dx, turned(y)) + matmul(x, turned(dy))
    return where(out == 0, 0.0, (inner - cross) / out)
