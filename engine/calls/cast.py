"""Other dtypes as PyTorch asks for them: ``to``, ``float``, ``type``."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from .. import dtypes
from ..mode import overridable
from ..ops import functions as rows
from ..size import contiguous_format, memory_format, preserve_format
from ..size import device as Device
from ..tensor import Tensor


def converted(t: Tensor, d: np.dtype[Any], copy: bool = False, order: memory_format | None = None) -> Tensor:
    """``t`` in the dtype ``d`` and memory format ``order``: itself where it has both already, unless ``copy``."""
    if order is not None and order is not preserve_format:
        if t._d.dtype is d and not copy and (order is contiguous_format or t.is_contiguous(order)):
            return t
        return rows.cast_in_format(t, d, order.name)
    if t._d.dtype is d and not copy:
        return t
    if t._d.dtype.kind == "c" and d.kind not in "cb":
        warnings.warn("Casting complex values to real discards the imaginary part", UserWarning, stacklevel=3)
    return rows.cast(t, d) if d.kind in "fc" else rows.cast_whole(t, d)


@overridable
def to(self: Tensor, *args: Any, **kwargs: Any) -> Tensor:
    """This tensor in another dtype, or on another device (there is one: the CPU).

    ``to(dtype)``, ``to(device, dtype)``, ``to(other)``; itself where nothing changes, unless ``copy=True``.
    """
    d, copy = kwargs.get("dtype"), bool(kwargs.get("copy", False))
    if unknown := set(kwargs) - {"dtype", "device", "copy", "non_blocking", "memory_format", "other"}:
        raise TypeError(f"to() received an invalid combination of arguments - got ({', '.join(sorted(unknown))}=)")
    flags = []
    for value in (*args, kwargs.get("other"), kwargs.get("device")):
        if isinstance(value, Tensor):
            d = value.dtype
        elif isinstance(value, bool):
            flags.append(value)  # non_blocking, then copy
        elif isinstance(value, dtypes.dtype | type):
            d = value
        elif value is not None and not isinstance(value, Device):
            Device(value)
    copy = copy or flags[1:2] == [True]
    order = kwargs.get("memory_format")
    return converted(self, self._d.dtype if d is None else dtypes.numpy_of(d), copy, order)


def _shorthand(name: str, of: dtypes.dtype) -> Any:
    d = of.numpy

    def method(self: Tensor, *, memory_format: Any = None) -> Tensor:
        return converted(self, d, order=memory_format)

    method.__name__ = method.__qualname__ = name
    method.__doc__ = f"This tensor as {dtypes.OF[d].name}; itself where it is."
    return overridable(method)


_BY_TITLE = {f"torch.{d.title}Tensor": d for d in dtypes.ALL}


@overridable
def type_of(self: Tensor, dtype: Any = None, non_blocking: bool = False) -> Any:
    """The name of this kind of tensor, ``torch.FloatTensor``; with a ``dtype``, this tensor in it."""
    if dtype is None:
        return f"torch.{self.dtype.title}Tensor"
    d = _BY_TITLE.get(dtype) if isinstance(dtype, str) else getattr(dtype, "scalar", dtype)
    if not isinstance(d, dtypes.dtype):
        raise ValueError(f"invalid type: '{getattr(dtype, '__name__', dtype)}'")
    return converted(self, d.numpy)


@overridable
def type_as(self: Tensor, other: Tensor) -> Tensor:
    """This tensor in the dtype of ``other``."""
    return converted(self, other._d.dtype)


@overridable
def cpu(self: Tensor) -> Tensor:
    """This tensor: it lies in the CPU's memory."""
    return self


type_of.__name__ = "type"

FUNCTIONS: dict[str, Any] = {}
_titles = ("float", "double", "half", "long", "int", "short", "cfloat", "cdouble")
METHODS = {
    **{name: _shorthand(name, getattr(dtypes, name)) for name in _titles},
    "bool": _shorthand("bool", dtypes.bool), "char": _shorthand("char", dtypes.int8),
    "byte": _shorthand("byte", dtypes.uint8), "to": to, "type": type_of, "type_as": type_as, "cpu": cpu,
}  # fmt: skip
IN_PLACE: dict[str, Any] = {}
