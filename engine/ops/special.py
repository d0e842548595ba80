"""Special functions; SciPy is imported when the first one is called."""

import functools

import numpy as np

from ..kernel import RAW
from ..op import elementwise


@functools.cache
def special(name):
    """A function of ``scipy.special``."""
    import scipy.special

    return getattr(scipy.special, name)


RAW["special"] = special


@elementwise(floating=True, x=lambda g, x: g * (2 / math.sqrt(math.pi) * exp(-(x * x))))
def erf(x):
    """The error function: ``out = 2/√π · ∫₀ˣ e^(-t²) dt``."""
    return special("erf")(x)


@elementwise(floating=True, x=lambda g, x: g * (-2 / math.sqrt(math.pi) * exp(-(x * x))))
def erfc(x):
    """``out = 1 - erf(x)``, exact for large ``x``."""
    return special("erfc")(x)


@elementwise(floating=True, x=lambda g, x: g * (math.sqrt(math.pi) / 2 * exp(square(erfinv(x)))))
def erfinv(x):
    """The inverse of the error function."""
    return special("erfinv")(x)


@elementwise(floating=True, x=lambda g, x: g * digamma(x))
def lgamma(x):
    """The logarithm of the absolute value of the gamma function."""
    out = special("gammaln")(x)
    return np.where(np.isinf(x), x.dtype.type(math.inf), out)


@elementwise(floating=True, x=lambda g, x: g * polygamma(x, 1))
def digamma(x):
    """The derivative of the logarithm of the gamma function."""
    return special("digamma")(x)


@elementwise(floating=True, x=lambda g, x, order: g * polygamma(x, order + 1))
def polygamma(x, order):
    """The ``order``-th derivative of ``digamma``."""
    return special("polygamma")(order, x).astype(x.dtype)


@elementwise(
    floating=True,
    x=lambda g, x, eps: where(
        (x < (eps or 0.0)) | (x > 1 - (eps or 0.0)), math.nan if eps is None else 0.0, g / (x * (1 - x))
    ),
)
def logit(x, eps=None):
    """``out = log(x / (1 - x))``, the inverse of the sigmoid; ``eps`` keeps ``x`` that far from 0 and 1."""
    x = x if eps is None else np.clip(x, x.dtype.type(eps), x.dtype.type(1 - eps))
    return np.log(x / (1 - x))
