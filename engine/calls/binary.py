"""Functions of two or three variables as PyTorch calls them."""

from __future__ import annotations

from typing import Any

from .. import dtypes, errors
from ..mode import overridable
from ..ops import binary as rows
from ..tensor import Tensor
from .arithmetic import NUMBERS, TWO_FORMS, plain, promoted
from .operators import of_tensors, with_out

_PLAIN = (float, int, type(None))


def clamp(input: Tensor, min: Any = None, max: Any = None) -> Tensor:
    """``input`` kept between ``min`` and ``max``, numbers or tensors; either may be missing.

    At a bound the gradient passes.
    """
    plain_bounds = type(min) in _PLAIN and type(max) in _PLAIN and min is not max
    if plain_bounds and isinstance(input, Tensor) and input._d.dtype.kind == "f":
        return rows.clamp_number(input, min, max)
    return _clamp(input, min, max)


@overridable
def _clamp(input: Tensor, min: Any, max: Any) -> Tensor:
    """``clamp`` on any arguments."""
    if not isinstance(input, Tensor):
        raise errors.argument("clamp", "input", 1, input)
    if input._d.dtype.kind == "c":
        raise NotImplementedError("clamp is not supported for complex types")
    if min is None and max is None:
        raise RuntimeError("torch.clamp: At least one of 'min' or 'max' must not be None")
    if all(bound is None or isinstance(bound, NUMBERS) for bound in (min, max)):
        if any(isinstance(plain(bound), complex) for bound in (min, max)):
            raise RuntimeError("value cannot be converted to type double without overflow")
        return rows.clamp_number(promoted(input, min, max), plain(min), plain(max))
    if not all(bound is None or isinstance(bound, Tensor) for bound in (min, max)):
        raise errors.combination("clamp", (min, max), _CLAMP)
    if max is None:
        return rows.clamp_low(input, min)
    return rows.clamp_high(input, max) if min is None else rows.clamp_tensor(input, min, max)


_clamp.__name__ = "clamp"
_CLAMP = ("(Tensor min = None, Tensor max = None)", "(Number min = None, Number max = None)")


def _no_complex_clamp(input: Tensor, bound: Any) -> None:
    if input._d.dtype.kind == "c" or isinstance(plain(bound), complex):
        raise NotImplementedError("clamp is not supported for complex types")


def _bound_forms(name: str) -> list[str]:
    return [f"(Tensor input, {kind} {name}, *, Tensor out = None)" for kind in ("Tensor", "Number")]


@overridable
def clamp_min(input: Tensor, min: Any) -> Tensor:
    """``input``, but at least ``min``."""
    if not isinstance(input, Tensor):
        raise errors.combination("clamp_min", (input, min), _bound_forms("min"))
    if isinstance(min, NUMBERS):
        _no_complex_clamp(input, min)
        return rows.clamp_min_number(promoted(input, min), plain(min))
    return rows.clamp_min_tensor(input, min)


@overridable
def clamp_max(input: Tensor, max: Any) -> Tensor:
    """``input``, but at most ``max``."""
    if not isinstance(input, Tensor):
        raise errors.combination("clamp_max", (input, max), _bound_forms("max"))
    if isinstance(max, NUMBERS):
        _no_complex_clamp(input, max)
        return rows.clamp_max_number(promoted(input, max), plain(max))
    return rows.clamp_max_tensor(input, max)


# How PyTorch's C++ calls dtypes
C_NAMES = {
    "D": "c10::complex<double>", "F": "c10::complex<float>",
    "f": "float", "d": "double", "l": "long int", "i": "int", "h": "short int", "b": "signed char", "B": "unsigned char"
}  # fmt: skip


_LERP = [f"(Tensor input, Tensor end, {kind} weight, *, Tensor out = None)" for kind in ("Tensor", "Number")]


def lerp(input: Tensor, end: Tensor, weight: Any) -> Tensor:
    """The point between ``input`` and ``end`` at ``weight``."""
    if not isinstance(end, Tensor) or not isinstance(input, Tensor):
        raise errors.combination("lerp", (input, end, weight), _LERP)
    found = [(name, t) for name, t in (("end", end), ("weight", weight)) if isinstance(t, Tensor)]
    for name, t in found:
        if t._d.dtype is not input._d.dtype and (name == "end" or t._d.ndim):
            a, b = (C_NAMES.get(d.char, dtypes.OF[d].name) for d in (input._d.dtype, t._d.dtype))
            raise RuntimeError(f"expected dtype {a} for `{name}` but got dtype {b}")
    if isinstance(weight, complex) and input._d.dtype.kind == "f":
        name = C_NAMES[input._d.dtype.char]
        raise RuntimeError(f"value cannot be converted to type {name} without overflow")
    if isinstance(weight, Tensor):
        return rows.lerp_tensor(input, end, weight)
    return rows.lerp_number(input, end, plain(weight))


_XLOGY = (TWO_FORMS[0], "(Number self, Tensor other, *, Tensor out = None)", TWO_FORMS[1])


@overridable
def xlogy(input: Any, other: Any) -> Tensor:
    """``input · log(other)``, 0 where ``input`` is 0; either may be a number."""
    if isinstance(other, Tensor):
        return rows.xlogy(input, other) if isinstance(input, Tensor) else rows.xlogy_of_number(other, input)
    if not isinstance(input, Tensor):
        raise errors.combination("xlogy", (input, other), _XLOGY)
    return rows.xlogy_by_number(input, other)


def addcmul(input: Tensor, tensor1: Tensor, tensor2: Tensor, *, value: Any = 1) -> Tensor:
    """``input + value · tensor1 · tensor2``."""
    return rows.addcmul(input, tensor1, tensor2, value)


def addcdiv(input: Tensor, tensor1: Tensor, tensor2: Tensor, *, value: Any = 1) -> Tensor:
    """``input + value · tensor1 / tensor2``."""
    return rows.addcdiv(input, tensor1, tensor2, value)


def copysign(input: Tensor, other: Any) -> Tensor:
    """The magnitude of ``input`` with the sign of ``other``."""
    if not isinstance(input, Tensor):
        raise errors.combination("copysign", (input, other), TWO_FORMS)
    return (rows.copysign if isinstance(other, Tensor) else rows.copysign_number)(input, other)


def heaviside(input: Tensor, values: Tensor) -> Tensor:
    """0 where ``input`` is negative, 1 where it is positive, ``values`` where it is 0."""
    for position, (name, t) in enumerate((("input", input), ("values", values)), 1):
        if not isinstance(t, Tensor):
            raise errors.argument("heaviside", name, position, t)
    if input._d.dtype.kind == "c" or values._d.dtype.kind == "c":
        raise RuntimeError("heaviside is not yet implemented for complex tensors.")
    if input._d.dtype is not values._d.dtype:
        raise RuntimeError("heaviside is not yet implemented for tensors with different dtypes.")
    return rows.heaviside(input, values)


FUNCTIONS = {
    **{name: of_tensors(getattr(rows, name), real=True) for name in ("maximum", "minimum", "fmax", "fmin")},
    **{name: of_tensors(getattr(rows, name)) for name in ("atan2", "hypot")},
    **{name: of_tensors(getattr(rows, name)) for name in ("logaddexp", "logaddexp2", "gcd", "lcm", "nextafter")},
    "xlogy": xlogy, "ldexp": of_tensors(rows.ldexp), "clamp": clamp, "clip": clamp, "clamp_min": clamp_min,
    "clamp_max": clamp_max, "lerp": lerp, "addcmul": addcmul, "addcdiv": addcdiv, "copysign": copysign,
    "heaviside": heaviside,
}  # fmt: skip
FUNCTIONS["arctan2"] = FUNCTIONS["atan2"]
METHODS = dict(FUNCTIONS)
IN_PLACE = {
    name + "_": f
    for name, f in FUNCTIONS.items()
    if name not in ("maximum", "minimum", "fmax", "fmin", "logaddexp", "logaddexp2")
}
FUNCTIONS = {name: with_out(f) for name, f in FUNCTIONS.items()}
