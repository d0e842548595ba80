"""Complex numbers are refused where PyTorch refuses them and answered where it answers: no order is made up."""

from __future__ import annotations

import warnings
from types import ModuleType
from typing import Any

import pytest

import engine

CALLS = """
T.max(c) ; c.max(0) ; T.min(c) ; c.min(0) ; c.amax() ; c.amin(0) ; T.aminmax(c) ; c.argmin() ; c.kthvalue(1) ; c.topk(1)
T.msort(c) ; c.argsort() ; c.sort() ; c.median() ; c.quantile(.5) ; c.mode() ; c.unique() ; T.searchsorted(c, c)
c <= 2.0 ; T.gt(c, 1) ; 1 < c ; c > c ; c == 1 ; T.maximum(c, c) ; c.fmax(c) ; c.clamp_min(0) ; c.clamp(0, 1) ; c.sign()
c // 2 ; c % 2 ; T.fmod(c, c) ; T.remainder(c, 2) ; c.floor() ; c.round() ; c.frac() ; T.atan2(c, c) ; T.hypot(c, c)
c.cummax(0) ; c.cummin(0) ; c.nansum() ; c.nanmean() ; c.logsumexp(0) ; c.cumprod(0) ; c.var() ; c.prod() ; c.norm()
c.erf() ; c.erfc() ; c.lgamma() ; c.digamma() ; c.i0() ; T.heaviside(c, c) ; T.nextafter(c, c) ; T.copysign(c, c)
T.deg2rad(c) ; T.sinc(c) ; T.sigmoid(c) ; T.rsqrt(c) ; T.expm1(c) ; T.log1p(c) ; T.angle(c) ; T.signbit(c) ; T.gcd(c, c)
F.relu(c) ; F.relu6(c) ; F.hardtanh(c) ; F.gelu(c) ; F.leaky_relu(c) ; F.elu(c) ; F.selu(c) ; F.celu(c) ; F.softplus(c)
F.threshold(c, 0., 1.) ; F.hardshrink(c) ; F.softshrink(c) ; F.hardsigmoid(c) ; F.hardswish(c) ; F.mish(c) ; F.silu(c)
F.logsigmoid(c) ; F.prelu(c, c[:1]) ; F.softmax(c, 0) ; F.log_softmax(c, 0) ; F.dropout(c) ; F.layer_norm(c, (2,))
F.mse_loss(c, c) ; F.l1_loss(c, c) ; F.smooth_l1_loss(c, c) ; F.huber_loss(c, c) ; F.cosine_similarity(c, c, 0)
c.scatter_reduce(0, T.tensor([0, 1]), c, 'amax') ; F.pad(c, (1, 1)) ; F.avg_pool1d(c[None], 1)
F.max_pool1d(c[None], 1)
"""


@pytest.mark.parametrize("call", [call.strip() for call in CALLS.replace("\n", ";").strip(";").split(";")])
def test_as_torch(torch: ModuleType, call: str) -> None:
    """The engine answers if PyTorch does; else it raises PyTorch's error, text and all."""
    ours, theirs = _said(engine, call), _said(torch, call)
    assert ours == theirs


def _said(library: Any, call: str) -> str:
    names = {"T": library, "F": library.nn.functional, "c": library.tensor([1 + 1j, 2.0])}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            eval(call, names)
        except Exception as error:
            return f"{type(error).__name__}: {str(error).splitlines()[0]}"
    return "an answer"
