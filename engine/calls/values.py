"""A Python number as an element of a dtype, as PyTorch converts it: with an error where it does not fit.

Source: PyTorch's ``c10/util/overflows.h`` (the rules and the texts, not the code).
"""

from __future__ import annotations

from typing import Any

import numpy as np

_C_NAMES = {
    "uint8": "uint8_t", "int8": "int8_t", "int16": "int16_t", "int32": "int", "int64": "int64_t", "bool": "bool",
    "float16": "c10::Half", "float32": "float", "float64": "double", "complex64": "c10::complex<float>",
    "complex128": "c10::complex<double>",
}  # fmt: skip


def number_in(value: Any, d: np.dtype[Any], longest: bool = True) -> Any:
    """``value``, a number, as a NumPy scalar of dtype ``d``; ``longest``: no integer is longer than 64 bits.

    Errors: RuntimeError where it does not fit, ValueError for what is no 64-bit integer.
    """
    if isinstance(value, np.generic):
        value = value.item()
    if longest and isinstance(value, int) and not isinstance(value, bool) and not -(2**63) <= value < 2**63:
        raise ValueError("Overflow when unpacking long long")
    if isinstance(value, complex) and d.kind not in "cb":
        if value.imag:
            raise _overflow(d)
        value = value.real
    if not _fits(value, d):
        raise _overflow(d)
    if d.kind == "b":
        return np.bool_(value)
    if d.kind in "iu":
        return np.array(int(value)).astype(d)[()]  # negative numbers wrap around in unsigned dtypes
    return d.type(value)


def _fits(value: Any, d: np.dtype[Any]) -> bool:
    if d.kind in "iu":
        limits = np.iinfo(d)
        if isinstance(value, float):
            return limits.min <= value <= limits.max  # not so NaN
        return (-limits.max if d.kind == "u" else limits.min) <= value <= limits.max
    if d.kind == "c":
        part = np.dtype("f4" if d.itemsize == 8 else "f8")
        value = complex(value)
        return _fits(value.real, part) and _fits(value.imag, part)
    if d.kind == "f" and isinstance(value, float) and d.itemsize < 8 and value - value == 0:
        return abs(value) <= float(np.finfo(d).max)
    return True


def _overflow(d: np.dtype[Any]) -> RuntimeError:
    return RuntimeError(f"value cannot be converted to type {_C_NAMES[d.name]} without overflow")
