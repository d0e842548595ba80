"""``torch.special``: SciPy's special functions, those of which PyTorch knows a derivative with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from . import errors
from .calls import functions, softmax, special
from .calls.arithmetic import TWO_FORMS
from .calls.binary import xlogy
from .calls.cast import converted
from .calls.operators import with_out
from .dtypes import get_default_dtype
from .mode import overridable
from .naming.absent import lookup
from .ops import bessel, polynomials
from .ops import special as rows
from .tensor import Tensor


@overridable
def ndtr(input: Tensor) -> Tensor:
    """The probability that a standard normal number lies below ``input``."""
    if not isinstance(input, Tensor):
        raise errors.argument("special_ndtr", "input", 1, input)
    if input._d.dtype.kind in "biu":
        input = converted(input, get_default_dtype().numpy)
    return rows.mul_number(rows.add_number(rows.erf(rows.mul_number(input, 0.5**0.5)), 1), 0.5)


ndtr.__name__ = "special_ndtr"


def _either(name: str, both: Any, of_number: Any, by_number: Any) -> Callable[..., Tensor]:
    """A function of two variables, of which either may be a number."""

    def function(input: Any, other: Any) -> Tensor:
        if isinstance(other, Tensor):
            return both(input, other) if isinstance(input, Tensor) else of_number(other, input)
        if not isinstance(input, Tensor):
            forms = (TWO_FORMS[0], "(Number self, Tensor other, *, Tensor out = None)", TWO_FORMS[1])
            raise errors.combination(name, (input, other), forms)
        return by_number(input, other)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = both.__doc__
    return with_out(overridable(function))


def _polynomial(row: Any) -> Callable[..., Tensor]:
    kinds = (("Tensor", "Tensor"), ("Number", "Tensor"), ("Tensor", "Number"))

    def polynomial(x: Any, n: Any) -> Tensor:
        if not isinstance(x, Tensor) and not isinstance(n, Tensor):
            raise errors.combination(row.__name__, (x, n), [f"({a} x, {b} n, *, Tensor out = None)" for a, b in kinds])
        return row(x, n)

    polynomial.__name__ = polynomial.__qualname__ = row.__name__
    polynomial.__doc__ = row.__doc__
    return with_out(overridable(polynomial))


_POLYNOMIALS = """
chebyshev_polynomial_t chebyshev_polynomial_u chebyshev_polynomial_v chebyshev_polynomial_w hermite_polynomial_h
hermite_polynomial_he laguerre_polynomial_l legendre_polynomial_p shifted_chebyshev_polynomial_t
shifted_chebyshev_polynomial_u shifted_chebyshev_polynomial_v shifted_chebyshev_polynomial_w
"""
_BESSEL = """
airy_ai bessel_j0 bessel_j1 bessel_y0 bessel_y1 i0 i0e i1 i1e modified_bessel_i0 modified_bessel_i1 modified_bessel_k0
modified_bessel_k1 scaled_modified_bessel_k0 scaled_modified_bessel_k1 spherical_bessel_j0
"""
_ELSEWHERE = {  # PyTorch has these under another name too
    "expit": "sigmoid", "gammaln": "lgamma", "psi": "digamma", "gammainc": "igamma", "gammaincc": "igammac",
    "multigammaln": "mvlgamma",
    **{name: name for name in ("exp2", "expm1", "log1p", "sinc", "round", "erf", "erfc", "erfinv", "logit", "digamma")},
    **{name: name for name in ("polygamma", "logsumexp", "log_softmax", "softmax")},
}  # fmt: skip
_known = functions.FUNCTIONS | special.FUNCTIONS | softmax.FUNCTIONS
_public: dict[str, Any] = {
    **{name: _known[other] for name, other in _ELSEWHERE.items()},
    **{name: with_out(getattr(rows, name)) for name in ("erfcx", "ndtri", "log_ndtr", "entr")},
    **{name: with_out(getattr(bessel, name)) for name in _BESSEL.split()},
    **{name: _polynomial(getattr(polynomials, name)) for name in _POLYNOMIALS.split()},
    "ndtr": with_out(ndtr),
    "xlogy": with_out(xlogy),
    "zeta": _either("special_zeta", rows.zeta, rows.zeta_of_number, rows.zeta_by_number),
    "xlog1py": _either("special_xlog1py", rows.xlog1py, rows.xlog1py_of_number, rows.xlog1py_by_number),
}
del functions, special, softmax  # ``softmax`` is a function here
globals().update(_public)
__all__ = sorted(_public)


def __dir__() -> list[str]:
    return __all__


__getattr__ = lookup("torch.special", lambda: __all__)
