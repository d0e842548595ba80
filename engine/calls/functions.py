"""Functions of one variable as PyTorch calls them."""

from __future__ import annotations

from typing import Any

from ..ops import functions as rows
from ..ops import special
from ..tensor import Tensor


def round(input: Tensor, *, decimals: int | None = None) -> Tensor:
    """The nearest whole number, or to ``decimals`` places; halves go to the even one."""
    return rows.round(input) if decimals is None else rows.round_decimals(input, decimals)


_names = (
    "exp", "exp2", "expm1", "log", "log1p", "log2", "log10", "sqrt", "rsqrt", "abs", "sign", "sgn", "ceil", "floor",
    "trunc", "frac", "nan_to_num", "sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh", "asinh",
    "acosh", "atanh", "sigmoid", "deg2rad", "rad2deg", "sinc",
)  # fmt: skip
_special = ("erf", "erfc", "erfinv", "lgamma", "digamma", "logit")
_same = {
    "absolute": "abs", "fix": "trunc", "arcsin": "asin", "arccos": "acos", "arctan": "atan", "arcsinh": "asinh",
    "arccosh": "acosh", "arctanh": "atanh",
}  # fmt: skip


def polygamma(n: int, input: Tensor) -> Tensor:
    """The ``n``-th derivative of ``digamma``."""
    return special.polygamma(input, n) if n else special.digamma(input)


def _polygamma(self: Tensor, n: int) -> Tensor:
    """The ``n``-th derivative of ``digamma``."""
    return polygamma(n, self)


FUNCTIONS: dict[str, Any] = {name: getattr(rows, name) for name in _names}
FUNCTIONS |= {name: getattr(special, name) for name in _special} | {"round": round}
FUNCTIONS |= {name: FUNCTIONS[other] for name, other in _same.items()}
METHODS = {**FUNCTIONS, "__abs__": rows.abs, "polygamma": _polygamma}
IN_PLACE = {name + "_": f for name, f in FUNCTIONS.items()}
FUNCTIONS["polygamma"] = polygamma
