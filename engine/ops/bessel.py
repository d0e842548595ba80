"""Bessel functions and Airy's, from SciPy; PyTorch knows the derivative of the first four alone."""

import numpy as np

from ..table.kernel import rule
from ..table.op import elementwise
from .functions import no_complex
from .special import real


# ---------------------------------------------------------------- with a derivative
@elementwise(real("i0"), floating=True, x=lambda g, x: g * i1(x), diagnose=no_complex("i0_vml_cpu"))
def i0(x):
    """The modified Bessel function of the first kind, of order 0."""


@elementwise(
    real("i0e"), floating=True, x=lambda g, x, out: g * (i1e(x) - sgn(x) * out), node="SpecialI0EBackward0",
    called="special_i0e", diagnose=no_complex("i0e_cpu"),
)  # fmt: skip
def i0e(x):
    """``out = e^(-|x|) · i0(x)``."""


@rule
def off_zero(x):
    """``x``, and 1 where it is so near 0 that ``1 / x`` means nothing."""
    return where(abs(x) > np.finfo(np.float64).eps, x, 1.0)


@elementwise(
    real("i1"), floating=True,
    x=lambda g, x, out: g * where(off_zero(x) == x, i0(off_zero(x)) - out / off_zero(x), 0.5),
    node="SpecialI1Backward0", called="special_i1", diagnose=no_complex("i1_cpu"),
)  # fmt: skip
def i1(x):
    """The modified Bessel function of the first kind, of order 1."""


@elementwise(
    real("i1e"), floating=True,
    x=lambda g, x, out: g * where(
        off_zero(x) == x, i0e(off_zero(x)) - out * (sgn(off_zero(x)) + 1 / off_zero(x)), 0.5
    ),
    node="SpecialI1EBackward0", called="special_i1e", diagnose=no_complex("i1e_cpu"),
)  # fmt: skip
def i1e(x):
    """``out = e^(-|x|) · i1(x)``."""


# ---------------------------------------------------------------- without
def _plain(name, doc, kernel):
    def stub(x):
        raise NotImplementedError

    stub.__name__ = stub.__qualname__ = name
    stub.__doc__ = doc
    row = elementwise(kernel, floating=True, x=None, called="special_" + name, diagnose=no_complex(name + "_cpu"))
    return row(stub)


def _airy(x):
    if x.dtype.kind != "f":
        raise TypeError
    return special("airy")(x)[0]


def _spherical(x):
    if x.dtype.kind != "f":
        raise TypeError
    return special("spherical_jn")(0, x).astype(x.dtype)


airy_ai = _plain("airy_ai", "Airy's function Ai, a solution of ``y'' = x · y``.", _airy)
spherical_bessel_j0 = _plain("spherical_bessel_j0", "``out = sin(x) / x``, 1 at 0.", _spherical)
bessel_j0 = _plain("bessel_j0", "The Bessel function of the first kind, of order 0.", real("j0"))
bessel_j1 = _plain("bessel_j1", "The Bessel function of the first kind, of order 1.", real("j1"))
bessel_y0 = _plain("bessel_y0", "The Bessel function of the second kind, of order 0.", real("y0"))
bessel_y1 = _plain("bessel_y1", "The Bessel function of the second kind, of order 1.", real("y1"))
modified_bessel_i0 = _plain("modified_bessel_i0", "``i0`` without a derivative.", real("i0"))
modified_bessel_i1 = _plain("modified_bessel_i1", "``i1`` without a derivative.", real("i1"))
modified_bessel_k0, modified_bessel_k1 = (
    _plain(f"modified_bessel_k{n}", f"The modified Bessel function of the second kind, of order {n}.", real(f"k{n}"))
    for n in (0, 1)
)
scaled_modified_bessel_k0 = _plain("scaled_modified_bessel_k0", "``out = e^x · modified_bessel_k0(x)``.", real("k0e"))
scaled_modified_bessel_k1 = _plain("scaled_modified_bessel_k1", "``out = e^x · modified_bessel_k1(x)``.", real("k1e"))
