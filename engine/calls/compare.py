"""Comparisons, choices, logic and bits as PyTorch calls them."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from .. import dtypes, errors
from ..mode import overridable
from ..ops import compare as rows
from ..tensor import Tensor, wrap
from .operators import of_tensors, operator, swapped, with_out
from .out import written


def _condition(condition: Any) -> Tensor:
    if not isinstance(condition, Tensor):
        raise errors.argument("where", "condition", 1, condition)
    d = condition._d.dtype
    if d.kind == "b":
        return condition
    if d is dtypes.uint8.numpy:
        warnings.warn(
            "where received a uint8 condition tensor. This behavior is deprecated and will be removed in a future "
            "version of PyTorch. Use a boolean condition instead.",
            UserWarning,
            stacklevel=4,
        )
        return wrap(condition._d.astype(np.bool_))
    raise errors.where_condition(d)


def where(condition: Tensor, input: Any = None, other: Any = None, *, out: Any = None) -> Any:
    """``input`` where ``condition``, else ``other``; with ``condition`` alone, the indices where it holds."""
    if out is not None:
        return written("where", out, lambda: where(condition, input, other), (condition, input, other))
    plain = isinstance(condition, Tensor) and condition._d.dtype.kind == "b"
    if plain and isinstance(input, Tensor) and other is not None:
        return rows.where(condition, input, other)
    return _where_of(condition, input, other)


@overridable
def _where_of(condition: Tensor, input: Any, other: Any) -> Any:
    """``where`` on any arguments."""
    if input is None and other is None:
        return tuple([wrap(i) for i in np.nonzero(np.atleast_1d(condition._d))])
    if input is None or other is None:
        raise errors.combination("where", (condition, input if other is None else other), _WHERE)
    return rows.where(_condition(condition), input, other)


_WHERE = (
    "(Tensor condition)",
    "(Tensor condition, Tensor input, Tensor other, *, Tensor out = None)",
    "(Tensor condition, Number self, Tensor other)",
    "(Tensor condition, Tensor input, Number other)",
    "(Tensor condition, Number self, Number other)",
)


@overridable
def _where(self: Tensor, condition: Tensor, other: Any) -> Tensor:
    """``self`` where ``condition``, else ``other``."""
    return rows.where(_condition(condition), self, other)


_where.__name__ = _where_of.__name__ = "where"


def _two(name: str, input: Any, other: Any) -> None:
    for position, (word, t) in enumerate((("input", input), ("other", other)), 1):
        if not isinstance(t, Tensor):
            raise errors.argument(name, word, position, t)


def isclose(input: Tensor, other: Tensor, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False) -> Tensor:
    """Where ``|input - other| ≤ atol + rtol · |other|``."""
    _two("isclose", input, other)
    if input._d.dtype is not other._d.dtype:
        a, b = (dtypes.OF[t._d.dtype].title for t in (input, other))
        raise RuntimeError(f"{a} did not match {b}")
    for name, value in (("rtol", rtol), ("atol", atol)):
        if value < 0:
            raise RuntimeError(f"{name} must be greater than or equal to zero, but got {value:g}")
    return rows.isclose(input, other, rtol, atol, equal_nan)


@overridable
def allclose(input: Tensor, other: Tensor, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False) -> bool:
    """Whether all elements are close: ``|input - other| ≤ atol + rtol · |other|``."""
    _two("allclose", input, other)
    return bool(np.all(isclose(input, other, rtol, atol, equal_nan)._d))


@overridable
def equal(input: Tensor, other: Tensor) -> bool:
    """Whether two tensors have the same shape and the same elements."""
    _two("equal", input, other)
    return input._d.shape == other._d.shape and bool(np.all(input._d == other._d))


def _invert(self: Tensor) -> Tensor:
    """``~self``: every bit turned; ``not`` for bools."""
    if self._d.dtype.kind in "fc":
        raise errors.invert()
    return rows.bitwise_not(self)


_invert.__name__ = "__invert__"
_compare = ("eq", "ne", "lt", "le", "gt", "ge")
_kinds = ("isnan", "isinf", "isfinite", "isposinf", "isneginf", "isreal", "signbit")
_asking = ("isnan", "isinf", "isfinite", "isreal")  # PyTorch's take no ``out``
_logic = ("logical_not", "logical_and", "logical_or", "logical_xor")
_bits = ("bitwise_not", "bitwise_and", "bitwise_or", "bitwise_xor", "bitwise_left_shift", "bitwise_right_shift")
_same = {"eq": "", "ne": "not_equal", "lt": "less", "le": "less_equal", "gt": "greater", "ge": "greater_equal"}
_symbols = {
    "and": "bitwise_and", "or": "bitwise_or", "xor": "bitwise_xor", "lshift": "bitwise_left_shift",
    "rshift": "bitwise_right_shift",
}  # fmt: skip

_reflected = {"lshift": "__rlshift__", "rshift": "__rrshift__"}  # what function modes see

FUNCTIONS: dict[str, Any] = {name: getattr(rows, name) for name in (*_compare, *_kinds, *_bits)}
FUNCTIONS |= {name: of_tensors(getattr(rows, name)) for name in _logic[1:]} | {"logical_not": rows.logical_not}
FUNCTIONS |= {long: FUNCTIONS[short] for short, long in _same.items() if long}
METHODS = {**FUNCTIONS, "where": _where, "isclose": isclose, "allclose": allclose, "equal": equal}
METHODS |= {f"__{name}__": operator(getattr(rows, name), "__eq__" * (name == "eq")) for name in _compare}
METHODS |= {f"__{symbol}__": operator(getattr(rows, name), f"__{symbol}__") for symbol, name in _symbols.items()}
METHODS |= {
    f"__r{symbol}__": swapped(getattr(rows, name), _reflected.get(symbol, name)) for symbol, name in _symbols.items()
}
METHODS["__invert__"] = overridable(_invert)
IN_PLACE = {name + "_": getattr(rows, name) for name in (*_compare, *_logic[:1], *_bits)}
IN_PLACE |= {name + "_": of_tensors(getattr(rows, name)) for name in _logic[1:]}
IN_PLACE |= {long + "_": getattr(rows, short) for short, long in _same.items() if long}
OPERATORS = {f"__i{symbol}__": name + "_" for symbol, name in _symbols.items()}
FUNCTIONS = {name: f if name in _asking else with_out(f) for name, f in FUNCTIONS.items()}
FUNCTIONS |= {"where": where, "isclose": isclose, "allclose": allclose, "equal": equal}
