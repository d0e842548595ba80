"""Softmax and its logarithm, and the logarithm of a sum of exponentials: none of them overflows."""

import numpy as np

from ..kernel import rule
from ..op import op
from .reduce import misdirected


@op(
    x=lambda g, out, dim: softmax_slope(g, out, dim),
    jvp=lambda t, out, dim: softmax_slope(t, out, dim),
    diagnose=misdirected,
)
def softmax(x, dim):
    """``exp(x) / Σ exp(x)`` over ``dim``."""
    if not x.size:
        return np.array(x)
    e = np.exp(x - np.maximum.reduce(x, dim, None, None, True))
    return e / np.add.reduce(e, dim, None, None, True)


@rule
def softmax_slope(g, out, dim):
    """``out · (g - Σ g·out)``: the Jacobian of softmax is symmetric."""
    sent = g * out
    return sent - out * sum(sent, dim, True)


@op(
    x=lambda g, out, dim: g - exp(out) * sum(g, dim, True),
    jvp=lambda t, out, dim: t - sum(t * exp(out), dim, True),
    diagnose=misdirected,
)
def log_softmax(x, dim):
    """``x - log Σ exp(x)`` over ``dim``."""
    if not x.size:
        return np.array(x)
    apart = x - np.maximum.reduce(x, dim, None, None, True)
    return apart - np.log(np.add.reduce(np.exp(apart), dim, None, None, True))


@op(
    x=lambda g, x, out, dim, keepdim: kept(g, x.shape, dim, keepdim) * exp(x - kept(out, x.shape, dim, keepdim)),
    jvp=lambda t, x, out, dim, keepdim: sum(t * exp(x - kept(out, x.shape, dim, keepdim)), dim, keepdim),
    diagnose=misdirected,
)
def logsumexp(x, dim, keepdim=False):
    """``log Σ exp(x)`` over ``dim``."""
    if not x.size:
        return np.log(np.add.reduce(np.exp(x), dim, None, None, keepdim))
    top = np.maximum.reduce(x, dim, None, None, True)
    top = np.where(np.isfinite(top), top, x.dtype.type(0))
    sums = np.log(np.add.reduce(np.exp(x - top), dim, None, None, keepdim))
    return sums + (top.reshape(sums.shape) if type(sums) is ndarray else top.ravel()[0])
