"""Arithmetic as PyTorch calls it: operators, ``alpha``, ``rounding_mode``, numbers on either side."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import dtypes, errors
from ..mode import overridable
from ..ops import arithmetic as rows
from ..tensor import Tensor, wrap
from .cast import converted
from .operators import careful, operator, swapped, with_out

NUMBERS = (float, int, complex, np.generic)
TWO_FORMS = [f"(Tensor input, {kind} other, *, Tensor out = None)" for kind in ("Tensor", "Number")]
_RSUB = ("(Tensor input, Tensor other, *, Number alpha = 1)", "(Tensor input, Number other, Number alpha = 1)")


def promoted(t: Tensor, *numbers: Any) -> Tensor:
    """``t`` in the dtype in which PyTorch computes with these numbers; whole numbers have no history to keep."""
    d = t._d.dtype
    if d.kind == "c" or (d.kind == "f" and not any(isinstance(plain(n), complex) for n in numbers)):
        return t
    dims, zero = ([d], []) if t._d.ndim else ([], [d])
    to = dtypes.result_type(dims, zero, [dtypes.number_dtype(plain(n)) for n in numbers if n is not None])
    if to is d:
        return t
    return converted(t, to) if d.kind == "f" else wrap(t._d.astype(to))


def plain(number: Any) -> Any:
    """A NumPy number as Python's."""
    return number.item() if isinstance(number, np.generic) else number


def _check_alpha(alpha: Any, *operands: Any) -> None:
    kinds = {t._d.dtype.kind for t in operands if isinstance(t, Tensor)}
    if type(alpha) is float and not kinds & set("fc") and not any(type(n) is float for n in operands):
        raise RuntimeError("For integral input tensors, argument alpha must not be a floating point number.")
    if type(alpha) is bool and kinds != {"b"}:
        raise RuntimeError("Boolean alpha only supported for Boolean results.")


def add(input: Any, other: Any, *, alpha: Any = 1) -> Tensor:
    """``input + alpha · other``."""
    if type(alpha) is int and alpha == 1:
        return rows.add(input, other)
    _check_alpha(alpha, input, other)
    return rows.add_scaled(input, other, alpha)


def sub(input: Any, other: Any, *, alpha: Any = 1) -> Tensor:
    """``input - alpha · other``."""
    if type(alpha) is int and alpha == 1:
        return rows.sub(input, other)
    _check_alpha(alpha, input, other)
    return rows.sub_scaled(input, other, alpha)


def rsub(input: Tensor, other: Any, *, alpha: Any = 1) -> Tensor:
    """``other - alpha · input``."""
    if not isinstance(input, Tensor):
        raise errors.combination("rsub", (input, other), _RSUB)
    if isinstance(other, Tensor):
        return rows.rsub_scaled(input, other, alpha)
    return rows.rsub(input, other) if alpha == 1 else rows.rsub_number_scaled(input, other, alpha)


def div(input: Any, other: Any, *, rounding_mode: str | None = None) -> Tensor:
    """``input / other``; rounded down by ``"floor"``, towards zero by ``"trunc"``."""
    if rounding_mode is None:
        return rows.div(input, other)
    if rounding_mode not in ("trunc", "floor"):
        raise RuntimeError(
            f"div expected rounding_mode to be one of None, 'trunc', or 'floor' but found '{rounding_mode}'"
        )
    return rows.div_rounded(input, other, rounding_mode)


def remainder(input: Any, other: Any) -> Tensor:
    """What division leaves, with the sign of ``other``."""
    if isinstance(other, Tensor):
        return rows.remainder(input, other) if isinstance(input, Tensor) else rows.rremainder(other, input)
    return rows.remainder_number(input, other)


def fmod(input: Tensor, other: Any) -> Tensor:
    """What division leaves, with the sign of ``input``."""
    if not isinstance(input, Tensor):
        raise errors.combination("fmod", (input, other), TWO_FORMS)
    return (rows.fmod if isinstance(other, Tensor) else rows.fmod_number)(input, other)


@overridable
def pow(input: Any, exponent: Any) -> Tensor:
    """``input ** exponent``; either may be a number."""
    if isinstance(input, NUMBERS) and isinstance(exponent, Tensor):
        base = promoted(exponent, input)
        if base._d.dtype.kind == "b":
            raise errors.not_implemented("pow", base._d.dtype)
        return rows.pow_base(base, plain(input))
    if isinstance(exponent, NUMBERS) and isinstance(input, Tensor):
        number = plain(exponent)
        return rows.pow_number(promoted(input, number), number)
    if not isinstance(input, Tensor):
        raise errors.argument("pow", "input", 1, input)
    if not isinstance(exponent, Tensor | np.ndarray):
        raise errors.argument("pow", "exponent", 2, exponent)
    return rows.pow_tensor(input, exponent)


def _pow(self: Tensor, exponent: Any) -> Any:
    """``self ** exponent``."""
    if (type(exponent) is int or type(exponent) is float) and self._d.dtype.kind == "f":
        return rows.pow_number(self, exponent)
    if isinstance(exponent, Tensor | np.ndarray | float | int | complex | np.generic):
        return pow(self, exponent)
    return NotImplemented


@overridable
def float_power(input: Any, exponent: Any) -> Tensor:
    """``input ** exponent`` in float64, or complex128 if either is complex."""
    both = [v for v in (input, exponent) if isinstance(v, Tensor)]
    whole = any(isinstance(v, complex) for v in (input, exponent)) or any(t._d.dtype.kind == "c" for t in both)
    d = (dtypes.complex128 if whole else dtypes.float64).numpy
    input, exponent = (converted(v, d) if isinstance(v, Tensor) else v for v in (input, exponent))
    return pow(input, exponent)


def _float_power(input: Tensor, exponent: Any) -> Tensor:
    out = float_power(input, exponent)
    if out._d.dtype is not input._d.dtype:
        raise RuntimeError(
            f"the base given to float_power_ has dtype {input.dtype.title} but the operation's result requires dtype "
            + out.dtype.title
        )
    return out


@overridable
def square(input: Tensor) -> Tensor:
    """``input²``."""
    if not isinstance(input, Tensor):
        raise errors.argument("square", "input", 1, input)
    return rows.square(promoted(input, 2))


@overridable
def positive(input: Tensor) -> Tensor:
    """``+input``: the tensor itself."""
    if input._d.dtype.kind == "b":
        raise RuntimeError("The `+` operator, on a bool tensor is not supported.")
    return input


def _rdiv(self: Tensor, other: Any) -> Any:
    """``other / self``: PyTorch multiplies with the reciprocal."""
    return rows.reciprocal(self) * other


_rdiv.__name__ = "__rdiv__"
_mod = careful(remainder)
FUNCTIONS: dict[str, Any] = {
    "add": add, "sub": sub, "subtract": sub, "mul": rows.mul, "multiply": rows.mul, "div": div, "divide": div,
    "true_divide": rows.div, "neg": rows.neg, "negative": rows.neg, "pow": pow, "square": square,
    "reciprocal": rows.reciprocal, "rsub": rsub, "floor_divide": rows.floor_divide, "remainder": remainder,
    "fmod": fmod, "float_power": float_power, "positive": positive,
}  # fmt: skip
METHODS = {
    **{name: f for name, f in FUNCTIONS.items() if name != "rsub"},
    "__add__": operator(rows.add), "__sub__": operator(rows.sub), "__rsub__": operator(rows.rsub, "__rsub__"),
    "__mul__": operator(rows.mul), "__truediv__": operator(rows.div),
    "__rtruediv__": careful(overridable(_rdiv), np.ndarray),
    "__floordiv__": operator(rows.floor_divide, "__floordiv__"),
    "__rfloordiv__": swapped(rows.floor_divide, "__rfloordiv__"),
    "__mod__": _mod, "__rmod__": swapped(remainder, "__rmod__"), "__pow__": _pow, "__rpow__": swapped(pow, "__rpow__"),
    "__neg__": rows.neg, "__pos__": positive,
}  # fmt: skip
METHODS |= {"__radd__": METHODS["__add__"], "__rmul__": METHODS["__mul__"], "__rdiv__": METHODS["__rtruediv__"]}
IN_PLACE = {
    name + "_": FUNCTIONS[name]
    for name in (
        "add", "sub", "subtract", "mul", "multiply", "div", "divide", "true_divide", "neg", "negative", "pow", "square",
        "reciprocal", "floor_divide", "remainder", "fmod", "float_power",
    )
}  # fmt: skip
IN_PLACE["float_power_"] = _float_power
OPERATORS = {
    "__iadd__": "add_", "__isub__": "sub_", "__imul__": "mul_", "__itruediv__": "div_", "__ipow__": "pow_",
    "__ifloordiv__": "floor_divide_", "__imod__": "remainder_",
}  # fmt: skip
FUNCTIONS = {name: f if name in ("rsub", "positive") else with_out(f) for name, f in FUNCTIONS.items()}
