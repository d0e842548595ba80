"""Special functions; SciPy is imported when the first one is called."""

import functools

import numpy as np

from .. import errors
from ..table.kernel import PUBLIC, RAW, raw, rule
from ..table.op import elementwise
from .functions import no_complex, not_float


@functools.cache
def special(name):
    """A function of ``scipy.special``."""
    import scipy.special

    return getattr(scipy.special, name)


RAW["special"] = special


def real(name):
    """A kernel from a function of SciPy's, for real floating-point numbers."""

    def kernel(*operands):
        if operands[0].dtype.kind != "f":
            raise TypeError
        return special(name)(*operands)

    return kernel


def swapped_operands(name, x, y):
    """SciPy's function ``name`` at (``y``, ``x``)."""
    if x.dtype.kind != "f":
        raise TypeError
    return special(name)(y, x)


RAW["swapped_operands"] = raw(swapped_operands)


def not_derived(g, name):
    """Raises PyTorch's error: nobody has written this derivative."""
    raise errors.not_derived(name)


RAW["not_derived"] = PUBLIC["not_derived"] = not_derived


# ---------------------------------------------------------------- error functions and normal probabilities
@elementwise(
    real("erf"), floating=True, x=lambda g, x: g * (2 / math.sqrt(math.pi) * exp(-(x * x))),
    diagnose=no_complex("erf_vml_cpu"),
)  # fmt: skip
def erf(x):
    """The error function: ``out = 2/√π · ∫₀ˣ e^(-t²) dt``."""


@elementwise(
    real("erfc"), floating=True, x=lambda g, x: g * (-2 / math.sqrt(math.pi) * exp(-(x * x))),
    diagnose=no_complex("erfc_vml_cpu"),
)  # fmt: skip
def erfc(x):
    """``out = 1 - erf(x)``, exact for large ``x``."""


@elementwise(
    real("erfinv"), floating=True, x=lambda g, x: g * (math.sqrt(math.pi) / 2 * exp(square(erfinv(x)))),
    diagnose=no_complex("erfinv_vml_cpu"),
)  # fmt: skip
def erfinv(x):
    """The inverse of the error function."""


@elementwise(
    real("erfcx"), floating=True, x=lambda g, x, out: (2.0 * x * out - 2.0 / math.sqrt(math.pi)) * g,
    node="SpecialErfcxBackward0", called="special_erfcx", diagnose=no_complex("erfcx_cpu"),
)  # fmt: skip
def erfcx(x):
    """``out = e^(x²) · erfc(x)``."""


@elementwise(
    real("ndtri"), floating=True, x=lambda g, out: g * (math.sqrt(2 * math.pi) * exp(square(out) / 2)),
    node="SpecialNdtriBackward0", called="special_ndtri", diagnose=no_complex("ndtri_cpu"),
)  # fmt: skip
def ndtri(x):
    """The ``out`` below which a standard normal number lies with probability ``x``."""


@elementwise(
    real("log_ndtr"), floating=True, x=lambda g, x: g / erfcx(x * -math.sqrt(0.5)) * math.sqrt(2 / math.pi),
    node="SpecialLogNdtrBackward0", called="special_log_ndtr", diagnose=no_complex("log_ndtr_cpu"),
)  # fmt: skip
def log_ndtr(x):
    """The logarithm of the probability that a standard normal number lies below ``x``."""


@elementwise(x=lambda g, number: g * number, node="MulBackward1")
def mul_number(x, number):
    """``out = x · number``, as PyTorch's own code writes it."""
    return x * x.dtype.type(number)


@elementwise(x=lambda g: g, node="AddBackward1")
def add_number(x, number):
    """``out = x + number``, as PyTorch's own code writes it."""
    return x + x.dtype.type(number)


# ---------------------------------------------------------------- gamma functions
@elementwise(floating=True, x=lambda g, x: g * digamma(x), diagnose=no_complex("lgamma_vml_cpu"))
def lgamma(x):
    """The logarithm of the absolute value of the gamma function."""
    if x.dtype.kind != "f":
        raise TypeError
    out = special("gammaln")(x)
    return np.where(np.isinf(x), x.dtype.type(math.inf), out)


@elementwise(floating=True, x=lambda g, x: g * polygamma(x, 1), diagnose=no_complex("digamma"))
def digamma(x):
    """The derivative of the logarithm of the gamma function."""
    if x.dtype.kind != "f":
        raise TypeError
    out = special("digamma")(x)
    return np.where(np.equal(x, 0), np.copysign(x.dtype.type(math.inf), -x), out)


@elementwise(floating=True, x=lambda g, x, order: g * polygamma(x, order + 1), diagnose=no_complex("polygamma"))
def polygamma(x, order):
    """The ``order``-th derivative of ``digamma``."""
    if x.dtype.kind != "f":
        raise TypeError
    return special("polygamma")(order, x).astype(x.dtype) if order else digamma(x)


@rule
def digamma_sum(x, p):
    """``Σ digamma(x - j/2)`` for j from 0 to p - 1."""
    total = digamma(x)
    for j in range(1, p):
        total = total + digamma(x - j / 2)
    return total


@elementwise(floating=True, x=lambda g, x, p: g * digamma_sum(x, p), diagnose=no_complex("mvlgamma_cpu"))
def mvlgamma(x, p):
    """The logarithm of the multivariate gamma function of dimension ``p``."""
    if x.dtype.kind != "f":
        raise TypeError
    out = p * (p - 1) * math.log(math.pi) / 4 + lgamma(x)
    for j in range(1, p):
        out = out + lgamma(x - x.dtype.type(j / 2))
    return out.astype(x.dtype)


@elementwise(
    real("gammainc"), x=lambda g: not_derived(g, "igamma: input"),
    y=lambda g, x, y: g * exp((x - 1) * log(y) - y - lgamma(x)), diagnose=not_float("igamma_cpu"),
)  # fmt: skip
def igamma(x, y):
    """The regularised lower incomplete gamma function: ``out = 1/Γ(x) · ∫₀ʸ t^(x-1) e^(-t) dt``."""


@elementwise(
    real("gammaincc"), x=lambda g: not_derived(g, "igammac: input"),
    y=lambda g, x, y: g * -exp((x - 1) * log(y) - y - lgamma(x)), diagnose=not_float("igammac_cpu"),
)  # fmt: skip
def igammac(x, y):
    """The regularised upper incomplete gamma function: ``out = 1 - igamma(x, y)``."""


@elementwise(
    floating=True,
    x=lambda g, x, eps: where(
        (x < (eps or 0.0)) | (x > 1 - (eps or 0.0)), math.nan if eps is None else 0.0, g / (x * (1 - x))
    ),
    diagnose=no_complex("logit_cpu"),
)
def logit(x, eps=None):
    """``out = log(x / (1 - x))``, the inverse of the sigmoid; ``eps`` keeps ``x`` that far from 0 and 1."""
    if x.dtype.kind != "f":
        raise TypeError
    x = x if eps is None else np.clip(x, x.dtype.type(eps), x.dtype.type(1 - eps))
    return np.log(x / (1 - x))


# ---------------------------------------------------------------- zeta
_ZETA = {"floating": True, "called": "special_zeta", "diagnose": no_complex("zeta_cpu")}


@elementwise(
    real("zeta"), x=lambda g: not_derived(g, "zeta"), y=lambda g, x, y: g * (-x * zeta(x + 1.0, y)),
    node="SpecialZetaBackward0", **_ZETA,
)  # fmt: skip
def zeta(x, y):
    """The zeta function of Hurwitz: ``out = Σ 1 / (k + y)^x`` for k from 0 on."""


@elementwise(x=lambda g, x, y: g * (-y * zeta_of_number(x, y + 1.0)), y=None, node="SpecialZetaBackward1", **_ZETA)
def zeta_of_number(x, y):
    """``zeta(y, x)`` for a Python number ``y``."""
    return swapped_operands("zeta", x, y)


@elementwise(real("zeta"), x=lambda g: not_derived(g, "zeta"), y=None, node="SpecialZetaBackward2", **_ZETA)
def zeta_by_number(x, y):
    """``zeta`` with a Python number ``y``."""


# ---------------------------------------------------------------- entropies, products with logarithms
@elementwise(
    floating=True, x=lambda g, x: g * -(1 + log(x)), node="SpecialEntrBackward0", called="special_entr",
    diagnose=no_complex("entr_cpu"),
)  # fmt: skip
def entr(x):
    """``out = -x · log(x)``, 0 at 0 and -inf below."""
    if x.dtype.kind != "f":
        raise TypeError
    return special("entr")(x)


def _log1p_where(g, x, y):
    return where((x == 0) & (y <= -1), 0.0, g * log1p(y))


_XLOG1PY = {"floating": True, "called": "special_xlog1py", "diagnose": no_complex("xlog1py_cpu")}


@elementwise(
    real("xlog1py"), x=_log1p_where, y=lambda g, x, y: g * (x / (y + 1)), node="SpecialXlog1PyBackward0", **_XLOG1PY
)
def xlog1py(x, y):
    """``out = x · log(1 + y)``, 0 where ``x`` is 0 unless ``y`` is NaN."""


@elementwise(x=lambda g, x, y: g * (y / (x + 1)), y=None, node="SpecialXlog1PyBackward1", **_XLOG1PY)
def xlog1py_of_number(x, y):
    """``xlog1py(y, x)`` for a Python number ``y``."""
    return swapped_operands("xlog1py", x, y)


@elementwise(real("xlog1py"), x=_log1p_where, y=None, node="SpecialXlog1PyBackward2", **_XLOG1PY)
def xlog1py_by_number(x, y):
    """``xlog1py`` with a Python number ``y``."""
