"""Special functions against PyTorch: values, graphs, gradients of both orders, errors."""

from __future__ import annotations

from types import ModuleType

import numpy as np
import pytest

from .against import agree, cases

ARRAYS = {
    "x": np.array([0.3, 0.8, 1.7, 2.9]),
    "y": np.array([[0.4], [1.3], [2.2]]),
    "near": np.array([0.0, -0.0, 1e-17, -0.7]),
    "share": np.array([0.1, 0.5, 0.9]),
    "n": np.array([0, 1, 2, 5]),
    "c": np.array([1 + 2j]),
}
CALLS = """
T.special.erf(x) ; T.special.erfc(x) ; T.special.erfinv(share) ; T.special.erfcx(x) ; T.special.ndtr(x)
T.special.ndtri(share) ; T.special.log_ndtr(near) ; T.special.logit(share) ; T.special.logit(share, eps=0.2)
T.special.expit(x) ; T.special.entr(x) ; T.special.gammaln(x) ; T.special.psi(x) ; T.special.digamma(x)
T.special.polygamma(0, x) ; T.special.polygamma(2, x) ; x.polygamma(1) ; T.special.multigammaln(x + 1, 3)
T.mvlgamma(x + 2, 2) ; T.special.i0(near) ; T.i0(x) ; T.special.i0e(near) ; T.special.i1(near) ; T.special.i1e(near)
T.special.xlogy(x, y) ; T.special.xlogy(2.5, x) ; T.special.xlogy(x, 2) ; T.xlogy(0, x) ; x.xlogy(0.5)
T.special.xlog1py(x, y) ; T.special.xlog1py(2.5, x) ; T.special.xlog1py(x, 2) ; T.special.zeta(2.5, x)
T.igamma(x.detach(), y) ; T.special.gammaincc(y.detach(), x) ; T.special.zeta(x.detach() + 1.5, y)
T.special.logsumexp(y, 0) ; T.special.log_softmax(y, 0) ; T.special.softmax(y, 0) ; T.special.sinc(x)
T.special.round(x, decimals=1) ; T.special.log1p(x) ; T.special.expm1(x) ; T.special.exp2(x)
T.frexp(x) ; T.nextafter(x, y) ; T.special.erf(n) ; T.special.i1(n) ; T.special.ndtr(n) ; n.lgamma()
"""
PLAIN = """
airy_ai(x) ; bessel_j0(near) ; bessel_j1(x) ; bessel_y0(x) ; bessel_y1(near) ; modified_bessel_i0(x)
modified_bessel_i1(near) ; modified_bessel_k0(x) ; modified_bessel_k1(near) ; scaled_modified_bessel_k0(x)
scaled_modified_bessel_k1(x) ; spherical_bessel_j0(near) ; chebyshev_polynomial_t(x, n) ; chebyshev_polynomial_u(x, 3)
chebyshev_polynomial_v(x, n) ; chebyshev_polynomial_w(0.3, n.double()) ; shifted_chebyshev_polynomial_t(share, 4)
shifted_chebyshev_polynomial_u(x, n) ; shifted_chebyshev_polynomial_v(x, n) ; shifted_chebyshev_polynomial_w(x, n)
hermite_polynomial_h(x, n) ; hermite_polynomial_he(y, n) ; laguerre_polynomial_l(x, n) ; legendre_polynomial_p(share, 6)
legendre_polynomial_p(x, -n) ; chebyshev_polynomial_t(n, n) ; hermite_polynomial_h(near, -1.5)
"""
WRONG = """
T.erf(2.0) ; T.special.zeta(2, 3) ; T.special.xlog1py(2, 3) ; T.xlogy(2, 3) ; T.igamma(2.0, x) ; T.igamma(n, n)
T.polygamma(-1, x) ; T.mvlgamma(x, 0) ; T.special.i1(c) ; T.special.airy_ai(c) ; T.erf(c) ; T.digamma(c)
T.special.entr(c) ; T.frexp(n) ; T.nextafter(n, n) ; T.nextafter(x, 2.0) ; T.special.legendre_polynomial_p(2, 3)
T.special.chebyshev_polynomial_t(c, c)
"""
UNDERIVED = ("T.igamma(x, y)", "T.igammac(x, y)", "T.special.zeta(x + 1, y)", "T.special.zeta(x + 1, 2.0)")


@pytest.mark.parametrize("call", cases(CALLS))
def test_values_and_gradients(torch: ModuleType, call: str) -> None:
    """Values, dtypes, every node's name, first and second derivatives are PyTorch's."""
    agree(torch, call, ARRAYS, 2e-8)  # PyTorch's trigamma is that exact


@pytest.mark.parametrize("call", cases(PLAIN))
def test_functions_without_a_derivative(torch: ModuleType, call: str) -> None:
    """The same numbers, and like PyTorch's no graph."""
    agree(torch, "T.special." + call, ARRAYS, 1e-10)


@pytest.mark.parametrize("call", cases(WRONG))
def test_wrong_arguments(torch: ModuleType, call: str) -> None:
    """The type and the text of the error are PyTorch's."""
    agree(torch, call, ARRAYS, 0)


@pytest.mark.parametrize("call", UNDERIVED)
def test_derivatives_that_nobody_wrote(torch: ModuleType, call: str) -> None:
    """PyTorch records a node that cannot run backward; the error when it should is the same."""
    import engine

    told = []
    for T in (torch, engine):
        x, y = T.tensor(ARRAYS["x"], requires_grad=True), T.tensor(ARRAYS["y"], requires_grad=True)
        out = eval(call, {"T": T, "x": x, "y": y})
        with pytest.raises(NotImplementedError) as error:
            out.sum().backward()
        told.append((out.grad_fn.name(), str(error.value)))
    assert told[0] == told[1]


def test_every_name_is_there(torch: ModuleType) -> None:
    """``engine.special`` has what ``torch.special`` documents, and nothing else."""
    import engine

    assert engine.special.__all__ == sorted(set(torch.special.__all__))
