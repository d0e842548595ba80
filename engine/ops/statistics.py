"""Statistics that not every program needs: several results at once, running extremes, distances, limited norms."""

import numpy as np

from .. import errors
from ..table.kernel import PUBLIC, on_arrays, rule
from ..table.op import op
from .extremes import empty
from .reduce import misdirected, whole_var


# ------------------------------------------------ spread and mean together
@rule
def spread_slope(g, x, out, dim, correction, keepdim, root):
    """What ``x`` receives from its variance, or its square ``root``, and from its mean."""
    spread, middle = g.get(0), g.get(1)
    sent = None
    if spread is not None:
        sent = var_slope(unless_zero(spread, out + out) if root else spread, x, dim, correction, keepdim)
    if middle is not None:
        part = unreduce(middle / count_of(x.shape, dim), tuple(x.shape), dim, keepdim)
        sent = part if sent is None else sent + part
    return sent


@op(
    x=lambda g, x, dim, correction, keepdim: spread_slope(g, x, None, dim, correction, keepdim, False),
    outputs=("out", "mean_of_x"),
    several=True,
    holomorphic=False,
    jvp=lambda t, x, dim, correction, keepdim: (
        sum(real(t * conj(var_slope(1.0, x, dim, correction, True))), dim, keepdim),
        mean(t, dim, keepdim),
    ),
    refuse=whole_var,
    diagnose=misdirected,
)
def var_mean(x, dim=None, correction=1, keepdim=False):
    """The variance over ``dim``, and the mean."""
    return var(x, dim, correction, keepdim), mean(x, dim, keepdim)


@op(
    x=lambda g, x, out, dim, correction, keepdim: spread_slope(g, x, out, dim, correction, keepdim, True),
    outputs=("out", "mean_of_x"),
    several=True,
    holomorphic=False,
    jvp=lambda t, x, out, dim, correction, keepdim: (
        unless_zero(sum(real(t * conj(var_slope(1.0, x, dim, correction, True))), dim, keepdim), out + out),
        mean(t, dim, keepdim),
    ),
    refuse=whole_var,
    diagnose=misdirected,
)
def std_mean(x, dim=None, correction=1, keepdim=False):
    """The standard deviation over ``dim``, and the mean."""
    return std(x, dim, correction, keepdim), mean(x, dim, keepdim)


@rule
def both_shared(g, x, out, most, dim, keepdim):
    """What equal smallest and equal largest elements receive, in equal shares."""
    low, high = g.get(0), g.get(1)
    sent = None if low is None else shared(low, x, out, dim, keepdim)
    if high is None:
        return sent
    part = shared(high, x, most, dim, keepdim)
    return part if sent is None else sent + part


@op(
    x=lambda g, x, out, most, dim, keepdim: both_shared(g, x, out, most, dim, keepdim),
    outputs=("out", "most"),
    several=True,
    jvp=lambda t, x, out, most, dim, keepdim: (
        sum(t * ties(x, kept(out, x.shape, dim, keepdim), dim), dim, keepdim),
        sum(t * ties(x, kept(most, x.shape, dim, keepdim), dim), dim, keepdim),
    ),
    diagnose=empty("aminmax"),
)
def aminmax(x, dim=None, keepdim=False):
    """The smallest and the largest over ``dim``; equal ones share the gradient."""
    return laid(np.minimum.reduce(x, dim, None, None, keepdim)), laid(np.maximum.reduce(x, dim, None, None, keepdim))


# ------------------------------------------------ running
def _running(accumulate):
    def kernel(x, dim):
        if not x.ndim:
            return x, np.int64(0)
        values = accumulate(x, dim)
        where_new = (x == values) | (x != x)
        shape = [1] * x.ndim
        shape[dim] = x.shape[dim]
        places = np.arange(x.shape[dim]).reshape(shape)
        return laid(values), laid(np.maximum.accumulate(np.where(where_new, places, 0), dim))

    return kernel


@op(
    _running(np.maximum.accumulate),
    x=lambda g, dim, indices, x_shape: gather_back(g, dim, indices, x_shape),
    outputs=("out", "indices"),
    jvp=lambda t, dim, indices: gather(t, dim, indices),
    diagnose=misdirected,
)
def cummax(x, dim):
    """The largest element so far along ``dim``, and where it is; of equal ones the last."""


@op(
    _running(np.minimum.accumulate),
    x=lambda g, dim, indices, x_shape: gather_back(g, dim, indices, x_shape),
    outputs=("out", "indices"),
    jvp=lambda t, dim, indices: gather(t, dim, indices),
    diagnose=misdirected,
)
def cummin(x, dim):
    """The smallest element so far along ``dim``, and where it is; of equal ones the last."""


@op(
    x=lambda g, x, out, dim: logcumsumexp_slope(g, x, out, dim),
    jvp=lambda t, x, out, dim: logcumsumexp_tangent(t, x, out, dim),
    diagnose=misdirected,
)
def logcumsumexp(x, dim):
    """``out[i] = log(exp(x[0]) + ... + exp(x[i]))`` along ``dim``."""
    if not x.ndim:
        return np.array(x)
    if x.dtype.kind != "c":
        return laid(np.logaddexp.accumulate(x, dim))
    y = np.moveaxis(x, dim, 0)
    out = np.array(y)
    for k in range(1, len(out)):  # one after the other, as PyTorch does it: the imaginary part is not wound back
        old, new = out[k - 1], y[k]
        larger, smaller = np.where(new.real > old.real, new, old), np.where(new.real > old.real, old, new)
        out[k] = larger + np.log1p(np.exp(smaller - larger))
    return np.moveaxis(out, 0, dim)


@rule
def shares_of_sums(x, out, dim):
    """``exp(x[k] - out[i])`` for ``i ≥ k``, 0 for others: ``(..., k, i)``, ``dim`` the last."""
    y, sums = transpose(x, dim, -1), transpose(out, dim, -1)
    n = y.shape[-1]
    apart = reshape(y, (*y.shape, 1)) - reshape(sums, (*sums.shape[:-1], 1, n))
    later = np.triu(np.ones((n, n), bool))
    return where(later, exp(where(later, apart, 0.0)), 0.0)


@rule
def logcumsumexp_slope(g, x, out, dim):
    """``Σ_{i≥k} g[i] · exp(x[k] - out[i])``."""
    if not len(x.shape):
        return g
    last = transpose(g, dim, -1)
    sent = shares_of_sums(x, out, dim) * reshape(last, (*last.shape[:-1], 1, last.shape[-1]))
    return transpose(sum(sent, -1), dim, -1)


@on_arrays("logcumsumexp_slope", PUBLIC["logcumsumexp_slope"])
def _logcumsumexp_slope(g, x, out, dim):
    """In linear memory: what is summed so far, carried from the last entry to the first."""
    if not x.ndim:
        return g
    g, y, sums = (np.moveaxis(a, dim, 0) for a in (g, x, out))
    sent, carried = np.empty(y.shape, np.result_type(g, y)), 0
    for k in range(len(y) - 1, -1, -1):
        carried = g[k] + (carried * np.exp(sums[k] - sums[k + 1]) if k + 1 < len(y) else 0)
        sent[k] = carried * np.exp(y[k] - sums[k])
    return np.moveaxis(sent, 0, dim)


@rule
def logcumsumexp_tangent(t, x, out, dim):
    """``Σ_{k≤i} t[k] · exp(x[k] - out[i])``."""
    if not len(x.shape):
        return t
    last = transpose(t, dim, -1)
    return transpose(sum(shares_of_sums(x, out, dim) * reshape(last, (*last.shape, 1)), -2), dim, -1)


# ------------------------------------------------ norms
@op(
    x=lambda g, x, y, p, out: sum_to(norm_slope(g, x - y, p, None, out), tuple(x.shape)),
    y=lambda g, x, y, p, out: sum_to(-norm_slope(g, x - y, p, None, out), tuple(y.shape)),
    jvp=lambda tangent_x, tangent_y, x, y, p, out: sum(
        real((tangent_x - tangent_y) * conj(norm_slope(1.0, x - y, p, None, out)))
    ),
    diagnose=lambda x, y, p: errors.no_broadcast(x.shape, y.shape),
)
def dist(x, y, p=2.0):
    """The p-norm of ``x - y``; the two broadcast."""
    return vector_norm(x - y, p)


@rule
def others(x, dim):
    """Every dimension but ``dim``."""
    return tuple([i for i in range(len(x.shape)) if i != dim])


@rule
def limit(norms, most):
    """By what norms above ``most`` are scaled down."""
    return where(norms > most, most / (norms + 1e-7), 1.0)


@rule
def renorm_slope(g, x, p, dim, most):
    """Of ``x · f(n)``: ``g · f(n) + Σ(g·x) · f'(n) · dn/dx``, n the norms of the entries along ``dim``."""
    norms = vector_norm(x, p, others(x, dim), True)
    slope = where(norms > most, -most / ((norms + 1e-7) * (norms + 1e-7)), 0.0)
    turned = norm_slope(sum(real(conj(g) * x), others(x, dim), True) * slope, x, p, others(x, dim), norms)
    return where(norms > most, g * limit(norms, most) + turned, g)


@rule
def renorm_tangent(t, x, p, dim, most):
    """``t · f(n) + x · f'(n) · dn``."""
    norms = vector_norm(x, p, others(x, dim), True)
    slope = where(norms > most, -most / ((norms + 1e-7) * (norms + 1e-7)), 0.0)
    along = real(t * conj(norm_slope(1.0, x, p, others(x, dim), norms)))
    return t * limit(norms, most) + x * (slope * sum(along, others(x, dim), True))


@op(
    x=lambda g, x, p, dim, most: renorm_slope(g, x, p, dim, most),
    jvp=lambda t, x, p, dim, most: renorm_tangent(t, x, p, dim, most),
    holomorphic=False,
)
def renorm(x, p, dim, most):
    """``x`` with each entry along ``dim`` scaled down to the p-norm ``most`` where its norm is larger."""
    return (x * limit(vector_norm(x, p, others(x, dim), True), most)).astype(x.dtype)


# ------------------------------------------------ counts, which have a graph and no derivative
def _named(node):
    return node.saved[0]


@op(x=lambda g, node_name, told: not_derived(g, told), values=None, node=_named, jvp="linear")
def distinct(x, values, node_name, told):
    """``values``, found in ``x``; ``node_name`` is what PyTorch calls the node, ``told`` the function in its error."""
    return values


@op(x=lambda g, told: underivable(g, told), values=None, node="NotImplemented", jvp="linear")
def counts_of(x, values, told):
    """``values``, counted in ``x``; ``told`` is the function in PyTorch's error."""
    return values
