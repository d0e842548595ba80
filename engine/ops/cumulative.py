"""Running sums and products along one dimension."""

import numpy as np

from ..table.kernel import rule
from ..table.op import op
from .reduce import misdirected


@op(x=lambda g, dim: sum_after(g, dim), jvp="linear", diagnose=misdirected)
def cumsum(x, dim):
    """``out[i] = x[0] + ... + x[i]`` along ``dim``; whole numbers add up in int64."""
    whole = np.int64 if x.dtype.kind in "biu" else None
    return laid(np.add.accumulate(x, dim, whole) if x.ndim else np.add.reduce(x, dim, whole))


@op(x=lambda g, dim: cumsum(g, dim), node="FlipBackward0", jvp="linear")
def sum_after(x, dim):
    """``out[i] = x[i] + ... + x[n-1]`` along ``dim``."""
    return np.flip(np.add.accumulate(np.flip(x, dim), dim), dim) if x.ndim else x


@op(
    x=lambda g, x, out, dim: cumprod_slope(g, x, out, dim),
    jvp=lambda t, x, out, dim: cumprod_tangent(t, x, out, dim),
    diagnose=misdirected,
)
def cumprod(x, dim):
    """``out[i] = x[0] · ... · x[i]`` along ``dim``; whole numbers multiply in int64."""
    whole = np.int64 if x.dtype.kind in "biu" else None
    return laid(np.multiply.accumulate(x, dim, whole) if x.ndim else np.multiply.reduce(x, dim, whole))


@rule
def cumprod_slope(g, x, out, dim):
    """``Σ_{i≥k} g[i] · out[i] / x[k]``, without the division where there is a zero."""
    if not x.ndim or x.shape[dim] == 1:
        return g
    if not (x == 0).any():
        return sum_after(g * out, dim) / x
    y, last = transpose(x, dim, -1), transpose(g, dim, -1)
    n = y.shape[-1]
    products = cumprod(leave_one_out(y), -1)  # [..., k, i]
    sent = where(np.triu(np.ones((n, n), bool)), products * reshape(last, (*last.shape[:-1], 1, n)), 0.0)
    return transpose(sum(sent, -1), dim, -1)


@rule
def cumprod_tangent(t, x, out, dim):
    """``Σ_{k≤i} t[k] · out[i] / x[k]``, without the division where there is a zero."""
    if not x.ndim:
        return t
    y, last = transpose(x, dim, -1), transpose(t, dim, -1)
    n = y.shape[-1]
    products = cumprod(leave_one_out(y), -1)  # [..., k, i]
    sent = where(np.triu(np.ones((n, n), bool)), products * reshape(last, (*last.shape[:-1], n, 1)), 0.0)
    return transpose(sum(sent, -2), dim, -1)
