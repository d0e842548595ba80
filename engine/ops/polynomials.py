"""Orthogonal polynomials, from SciPy; PyTorch has no derivative of any."""

import numpy as np

from ..table.kernel import RAW, raw
from ..table.op import elementwise
from .functions import no_complex


def of_degree(name, x, n, more=0):
    """SciPy's polynomial ``name`` of whole degree ``n + more`` at ``x``; 0 for a negative degree."""
    if x.dtype.kind != "f":
        raise TypeError
    degree = np.nan_to_num(n).astype(np.int64) + more
    with np.errstate(all="ignore"):
        out = special(name)(np.maximum(degree, 0), x.astype(np.float64))
    return np.where(degree < 0, 0.0, out)


RAW["of_degree"] = raw(of_degree)


def _polynomial(name, doc, kernel):
    def stub(x, n):
        raise NotImplementedError

    stub.__name__ = stub.__qualname__ = name
    stub.__doc__ = doc
    told = no_complex(name + "_cpu")
    return elementwise(kernel, floating=True, x=None, n=None, called="special_" + name, diagnose=told)(stub)


def _of(name):
    return lambda x, n: of_degree(name, x, n).astype(x.dtype)


def _chebyshev_u(x, n, sign):
    return (of_degree("eval_chebyu", x, n) + sign * of_degree("eval_chebyu", x, n, -1)).astype(x.dtype)


RAW["chebyshev_u_pair"] = raw(_chebyshev_u)


def _shifted(kernel):
    raw_kernel = raw(kernel)
    return lambda x, n: raw_kernel(x + x - x.dtype.type(1), n) if x.dtype.kind == "f" else no_whole_numbers()


def no_whole_numbers():
    """Sends a kernel's caller to promotion: SciPy has these functions for floating-point numbers alone."""
    raise TypeError


RAW["no_whole_numbers"] = no_whole_numbers

_T, _U = _of("eval_chebyt"), _of("eval_chebyu")


def _V(x, n):
    return chebyshev_u_pair(x, n, -1.0)


def _W(x, n):
    return chebyshev_u_pair(x, n, 1.0)


chebyshev_polynomial_t = _polynomial("chebyshev_polynomial_t", "Chebyshev's polynomial of the first kind.", _T)
chebyshev_polynomial_u = _polynomial("chebyshev_polynomial_u", "Chebyshev's polynomial of the second kind.", _U)
chebyshev_polynomial_v = _polynomial("chebyshev_polynomial_v", "Chebyshev's polynomial of the third kind.", _V)
chebyshev_polynomial_w = _polynomial("chebyshev_polynomial_w", "Chebyshev's polynomial of the fourth kind.", _W)
shifted_chebyshev_polynomial_t, shifted_chebyshev_polynomial_u = (
    _polynomial(f"shifted_chebyshev_polynomial_{k}", f"``chebyshev_polynomial_{k}(2x - 1, n)``.", _shifted(f))
    for k, f in (("t", _T), ("u", _U))
)
shifted_chebyshev_polynomial_v, shifted_chebyshev_polynomial_w = (
    _polynomial(f"shifted_chebyshev_polynomial_{k}", f"``chebyshev_polynomial_{k}(2x - 1, n)``.", _shifted(f))
    for k, f in (("v", _V), ("w", _W))
)
hermite_polynomial_h = _polynomial(
    "hermite_polynomial_h", "Hermite's polynomial, the physicists'.", _of("eval_hermite")
)
hermite_polynomial_he = _polynomial(
    "hermite_polynomial_he", "The probabilists' Hermite polynomial.", _of("eval_hermitenorm")
)
laguerre_polynomial_l = _polynomial("laguerre_polynomial_l", "Laguerre's polynomial.", _of("eval_laguerre"))
legendre_polynomial_p = _polynomial("legendre_polynomial_p", "Legendre's polynomial.", _of("eval_legendre"))
