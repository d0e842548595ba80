"""Special functions that ``torch`` itself gives; ``engine/special.py`` has the others."""

from __future__ import annotations

from typing import Any

from ..mode import overridable
from ..ops import bessel
from ..ops import special as rows
from ..tensor import Tensor
from .operators import of_tensors, with_out


def polygamma(n: int, input: Tensor) -> Tensor:
    """The ``n``-th derivative of ``digamma``."""
    if n < 0:
        raise RuntimeError("polygamma(n, x) does not support negative n.")
    return rows.polygamma(input, n)


@overridable
def _polygamma(self: Tensor, n: int) -> Tensor:
    """The ``n``-th derivative of ``digamma``."""
    return polygamma(n, self)


@overridable
def mvlgamma(input: Tensor, p: int) -> Tensor:
    """The logarithm of the multivariate gamma function of dimension ``p``."""
    if p < 1:
        raise RuntimeError("p has to be greater than or equal to 1")
    return rows.mvlgamma(input, p)


_polygamma.__name__ = "polygamma"
FUNCTIONS: dict[str, Any] = {
    name: getattr(rows, name) for name in ("erf", "erfc", "erfinv", "lgamma", "digamma", "logit")
} | {"igamma": of_tensors(rows.igamma), "igammac": of_tensors(rows.igammac), "mvlgamma": mvlgamma, "i0": bessel.i0}
METHODS = {**FUNCTIONS, "polygamma": _polygamma}
IN_PLACE = {name + "_": f for name, f in METHODS.items()}
FUNCTIONS = {name: with_out(f) for name, f in FUNCTIONS.items()} | {"polygamma": with_out(overridable(polygamma))}
