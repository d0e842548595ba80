"""dtypes: PyTorch's names over NumPy's types, and PyTorch's promotion rules.

Source: PyTorch's ``c10/core/ScalarType`` and ``aten/src/ATen/native/TypeProperties.cpp`` (the rules, not the code).
"""

from __future__ import annotations

import builtins
from collections.abc import Iterable
from typing import Any

import numpy as np

BOOL, INTEGER, FLOATING, COMPLEX = range(4)
_CATEGORY = {"b": BOOL, "i": INTEGER, "u": INTEGER, "f": FLOATING, "c": COMPLEX}


class dtype:
    """A PyTorch dtype; compare with ``is`` or ``==``. ``numpy`` is the NumPy dtype behind it."""

    __slots__ = ("is_complex", "is_floating_point", "is_signed", "itemsize", "name", "numpy", "title")

    def __init__(self, name: str, code: str, title: str) -> None:
        self.name, self.numpy, self.title = name, np.dtype(code), title
        self.is_floating_point = self.numpy.kind == "f"
        self.is_complex = self.numpy.kind == "c"
        self.is_signed = self.numpy.kind not in "bu"
        self.itemsize = self.numpy.itemsize

    def __repr__(self) -> str:
        return f"torch.{self.name}"

    def __reduce__(self) -> str:
        return self.name

    def to_real(self) -> dtype:
        """The dtype of the real part."""
        return {"complex64": float32, "complex128": float64}.get(self.name, self)


float16 = half = dtype("float16", "f2", "Half")
float32 = float = dtype("float32", "f4", "Float")
float64 = double = dtype("float64", "f8", "Double")
int8 = dtype("int8", "i1", "Char")
int16 = short = dtype("int16", "i2", "Short")
int32 = int = dtype("int32", "i4", "Int")
int64 = long = dtype("int64", "i8", "Long")
uint8 = dtype("uint8", "u1", "Byte")
bool = dtype("bool", "?", "Bool")
complex64 = cfloat = dtype("complex64", "c8", "ComplexFloat")
complex128 = cdouble = dtype("complex128", "c16", "ComplexDouble")

ALL = (float16, float32, float64, int8, int16, int32, int64, uint8, bool, complex64, complex128)
OF: dict[Any, dtype] = {d.numpy: d for d in ALL}
_PYTHON = {"float": None, "int": int64, "bool": bool, "complex": complex64}
_default = float32


def get_default_dtype() -> dtype:
    """The dtype of a tensor made from Python floats; float32 unless set."""
    return _default


def set_default_dtype(d: dtype) -> None:
    """Set the dtype of tensors made from Python floats.

    Errors: TypeError unless ``d`` is a floating-point dtype.
    """
    global _default
    if not isinstance(d, dtype):
        raise TypeError("invalid dtype object: only floating-point types are supported as the default type")
    if not d.is_floating_point:
        raise TypeError("only floating-point types are supported as the default type")
    _default = d


def numpy_of(d: Any) -> np.dtype[Any]:
    """The NumPy dtype of a dtype of ours, or of Python's ``float``, ``int``, ``bool``."""
    if isinstance(d, dtype):
        return d.numpy
    if isinstance(d, type) and d.__name__ in _PYTHON:
        return (_PYTHON[d.__name__] or float64).numpy
    raise TypeError(f"dtype must be a torch.dtype, not {type(d).__name__}")


def category(d: np.dtype[Any]) -> Any:
    """0 for bool, 1 integer, 2 floating, 3 complex."""
    return _CATEGORY[d.kind]


def number_dtype(number: Any) -> np.dtype[Any]:
    """The dtype that a Python number, or NumPy's like it, stands for in promotion."""
    if isinstance(number, np.generic):
        number = number.item()
    if isinstance(number, builtin_bool):
        return bool.numpy
    if isinstance(number, builtin_int):
        return int64.numpy
    if isinstance(number, builtin_float):
        return _default.numpy
    return complex128.numpy if _default is float64 else complex64.numpy


def promote(a: np.dtype[Any] | None, b: np.dtype[Any] | None) -> np.dtype[Any] | None:
    """The smallest dtype that holds both; a higher category wins whatever its width."""
    if a is None or b is None:
        return b if a is None else a
    if category(a) == category(b):
        return np.result_type(a, b)
    low, high = sorted((a, b), key=category)
    if high.kind == "c" and low is float64.numpy:
        return complex128.numpy
    return high


def _combine(higher: np.dtype[Any] | None, lower: np.dtype[Any] | None) -> np.dtype[Any] | None:
    if higher is None or lower is None or category(higher) >= category(lower):
        return lower if higher is None else promote(higher, None) if category(higher) else promote(higher, lower)
    if category(higher) == FLOATING:
        return complex128.numpy if higher is float64.numpy else complex64.numpy
    return promote(higher, lower)


def result_type(
    dimensioned: Iterable[np.dtype[Any]], zero_dim: Iterable[np.dtype[Any]], numbers: Iterable[np.dtype[Any]]
) -> np.dtype[Any]:
    """PyTorch's rule: the highest category wins; in it, tensors with dimensions, then 0-d tensors, then numbers."""
    groups = []
    for group in (dimensioned, zero_dim, numbers):
        d: np.dtype[Any] | None = None
        for member in group:
            d = promote(d, member)
        groups.append(d)
    result = _combine(groups[0], _combine(groups[1], groups[2]))
    assert result is not None
    return result


builtin_bool, builtin_int, builtin_float = builtins.bool, builtins.int, builtins.float
