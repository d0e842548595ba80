"""Distances between vectors, and the form that is linear in two of them."""

import numpy as np

from ..table.kernel import RAW, rule
from ..table.op import op


@op(
    x=lambda g, x, p, dim, keepdim, out: norm_slope(
        kept(g, x.shape, dim, keepdim), x, p, dim, kept(out, x.shape, dim, keepdim)
    ),
    node="NormBackward1",
    called="norm",
    jvp=lambda t, x, p, dim, keepdim, out: sum(
        real(t * conj(norm_slope(1.0, x, p, dim, kept(out, x.shape, dim, keepdim)))), dim, keepdim
    ),
)
def distance_norm(x, p, dim, keepdim=False):
    """``(Σ|x|^p)^(1/p)`` over ``dim``."""
    return vector_norm(x, p, dim, keepdim)


def pairs_of(n):
    """(i, j) for i < j < n."""
    return np.triu_indices(n, 1)


RAW["pairs_of"] = pairs_of


@rule
def pair_slope(g, x, p, out):
    """What the rows of ``x`` receive when the distance of each pair of them receives ``g``."""
    first, second = np.triu_indices(x.shape[0], 1)
    apart = index_by(x, (first,)) - index_by(x, (second,))
    sent = norm_slope(g[:, None], apart, p, 1, out[:, None])
    return index_back(sent, (first,), tuple(x.shape)) - index_back(sent, (second,), tuple(x.shape))


@rule
def pair_tangent(t, x, p, out):
    """How the distances of the rows of ``x`` change when these move along ``t``."""
    first, second = np.triu_indices(x.shape[0], 1)
    apart, moved = (index_by(a, (first,)) - index_by(a, (second,)) for a in (x, t))
    return sum(moved * norm_slope(1.0, apart, p, 1, out[:, None]), 1)


@op(x=lambda g, x, p, out: pair_slope(g, x, p, out), jvp=lambda t, x, p, out: pair_tangent(t, x, p, out))
def pdist(x, p=2.0):
    """The distance of each pair of rows, in the p-norm."""
    first, second = pairs_of(len(x))
    return np.asarray(vector_norm(x[first] - x[second], p, 1, False))


@op(
    x=lambda g, weight, y: trilinear(g, permute(weight, (1, 0, 2)), y),
    weight=lambda g, x, y: reshape(
        mm(t(g), reshape(x[:, :, None] * y[:, None, :], (x.shape[0], x.shape[1] * y.shape[1]))),
        (g.shape[1], x.shape[1], y.shape[1]),
    ),
    y=lambda g, x, weight: trilinear(g, permute(weight, (2, 0, 1)), x),
    jvp="multilinear",
)
def trilinear(x, weight, y):
    """``out[n, o] = Σ_ij x[n, i] · weight[o, i, j] · y[n, j]``."""
    return np.einsum("ni,oij,nj->no", x, weight, y, optimize=True)
