"""Functions of one variable as PyTorch calls them."""

from __future__ import annotations

from typing import Any

from .. import errors, return_types
from ..mode import here, overridable
from ..ops import functions as rows
from ..tensor import Tensor
from .operators import with_out
from .out import accepts_out


def round(input: Tensor, *, decimals: int | None = None) -> Tensor:
    """The nearest whole number, or to ``decimals`` places; halves go to the even one."""
    return rows.round(input) if decimals is None else rows.round_decimals(input, decimals)


_names = (
    "exp", "exp2", "expm1", "log", "log1p", "log2", "log10", "sqrt", "rsqrt", "abs", "sign", "sgn", "ceil", "floor",
    "trunc", "frac", "sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh", "asinh",
    "acosh", "atanh", "sigmoid", "deg2rad", "rad2deg", "sinc",
)  # fmt: skip
_same = {
    "absolute": "abs", "fix": "trunc", "arcsin": "asin", "arccos": "acos", "arctan": "atan", "arcsinh": "asinh",
    "arccosh": "acosh", "arctanh": "atanh",
}  # fmt: skip


def _abs(input: Tensor) -> Tensor:
    if input._d.dtype.kind == "c":
        raise RuntimeError("In-place abs is not supported for complex tensors.")
    return rows.abs(input)


_abs.row = rows.abs.row  # type: ignore[attr-defined]  # what the in-place form of floats is made from


@overridable
def nan_to_num(
    input: Tensor, nan: float | None = None, posinf: float | None = None, neginf: float | None = None
) -> Tensor:
    """``input`` with numbers in place of NaN, inf and -inf: 0, the largest and the smallest unless given."""
    if isinstance(input, Tensor) and input._n is not None and input._d.dtype.kind == "c" and here.grad:
        raise RuntimeError("nan_to_num does not support automatic differentiation for outputs with complex dtype.")
    return rows.nan_to_num(input, nan, posinf, neginf)


@overridable
def frexp(input: Tensor) -> Any:
    """The mantissa in ±[0.5, 1) and the exponent (int32) with ``input = mantissa · 2^exponent``."""
    if not isinstance(input, Tensor):
        raise errors.argument("frexp", "input", 1, input)
    if input._d.dtype.kind != "f":
        raise RuntimeError("torch.frexp() only supports floating-point dtypes")
    return return_types.frexp(*rows.frexp(input))


FUNCTIONS: dict[str, Any] = {name: getattr(rows, name) for name in _names} | {"round": round, "nan_to_num": nan_to_num}
FUNCTIONS |= {name: FUNCTIONS[other] for name, other in _same.items()}
METHODS = {**FUNCTIONS, "__abs__": rows.abs, "frexp": frexp}
IN_PLACE = {name + "_": f for name, f in FUNCTIONS.items()} | {"abs_": _abs, "absolute_": _abs}
FUNCTIONS = {name: with_out(f) for name, f in FUNCTIONS.items()}
FUNCTIONS["frexp"] = accepts_out(frexp)
