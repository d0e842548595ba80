"""Single elements of data as numbers that a dtype takes: PyTorch's rules, and its errors for what it does not take."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from .tensor import Tensor


def _no_number(element: Any, dtype: np.dtype[Any]) -> Exception:
    kind = f"numpy.{type(element).__name__}" if isinstance(element, np.generic) else type(element).__name__
    if isinstance(element, str | bytes):
        return TypeError(f"new(): invalid data type '{kind}'")
    if dtype.kind == "f":
        return TypeError(f"must be real number, not {kind}")
    return TypeError(f"'{kind}' object cannot be interpreted as an integer")


def _number(element: Any, dtype: np.dtype[Any]) -> Any:
    """One element as a Python number that ``dtype`` can take."""
    if isinstance(element, Tensor | np.ndarray):
        if len(np.ravel(element._d if isinstance(element, Tensor) else element)) != 1:
            raise ValueError("only one element tensors can be converted to Python scalars")
        if isinstance(element, Tensor) and element.requires_grad:
            warnings.warn(
                "Converting a tensor with requires_grad=True to a scalar may lead to unexpected behavior.\n"
                "Consider using tensor.detach() first.",
                UserWarning,
                stacklevel=7,
            )
        element = element.item()
    elif isinstance(element, np.generic):
        return _scalar(element, dtype)
    elif not isinstance(element, float | int | bool | complex):
        raise _no_number(element, dtype)
    if dtype.kind in "iuf" and isinstance(element, complex):
        raise _no_number(element, dtype)
    return element


def _scalar(element: Any, dtype: np.dtype[Any]) -> Any:
    """One of NumPy's scalars as a number that ``dtype`` can take: for whole ones Python's float and int, no other."""
    if isinstance(element, np.integer):
        return int(element)
    if dtype.kind in "biu":
        if isinstance(element, float) or (dtype.kind == "b" and isinstance(element, complex | np.bool_)):
            return element
        raise _no_number(element, dtype)
    if not isinstance(element, np.number | np.bool_):
        raise _no_number(element, dtype)
    return float(element) if dtype.kind == "f" else element


def filled(flat: list[Any], dtype: np.dtype[Any]) -> np.ndarray[Any, Any]:
    """The elements as a vector of ``dtype``, floats cut to whole numbers where it holds those."""
    kinds = set(map(type, flat))
    if not kinds <= {float, int, bool}:
        flat = [_number(element, dtype) for element in flat]
    if dtype.kind in "iu" and not (dtype.itemsize == 8 and kinds <= {int, bool}):
        flat = [whole(element, dtype) for element in flat]
    with np.errstate(all="ignore"):
        try:
            return np.array(flat, dtype)
        except OverflowError:
            raise ValueError("Overflow when unpacking long long") from None


def whole(value: Any, dtype: np.dtype[Any], names: dict[str, str] | None = None) -> int:
    """A number as an element of an integer dtype; unsigned ones wrap negative numbers, as PyTorch's do."""
    limits = np.iinfo(dtype)
    name = (names or {}).get(dtype.name, dtype.name)
    if isinstance(value, float):
        if not limits.min <= value <= limits.max:
            raise RuntimeError(f"value cannot be converted to type {name} without overflow")
        return int(value)
    n = int(value)
    if not -(2**63) <= n < 2**63:
        raise ValueError("Overflow when unpacking long long")
    low = -limits.max if dtype.kind == "u" else limits.min
    if not low <= n <= limits.max:
        raise RuntimeError(f"value cannot be converted to type {name} without overflow")
    return n % (limits.max + 1) if n < 0 and dtype.kind == "u" else n
