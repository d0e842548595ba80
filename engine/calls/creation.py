"""Tensors from nothing: filled ones, ranges, and ``new_*`` and ``*_like`` after the model of another."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from .. import dtypes, errors
from ..factory import (
    array_of,
    as_tensor,
    asarray,
    creating,
    default_float,
    from_numpy,
    leaf,
    numpy_dtype,
    scalar_tensor,
    shape_of,
    tensor,
    warn_copy,
)
from ..mode import overridable
from ..ops import fill as rows
from ..table.kernel import PUBLIC
from ..tensor import Tensor, wrap
from .values import number_in

# PyTorch's names of C++ types in one of its errors


def model(function: str, input: Any) -> Tensor:
    """``input``, if it is a tensor."""
    if not isinstance(input, Tensor):
        raise errors.argument(function, "input", 1, input)
    return input


def _requested(function: str, args: tuple[Any, ...], size: Any, text: str = "") -> tuple[int, ...]:
    return shape_of(function, args if size is None else (tuple(size),), text)


# ------------------------------------------------------------------------------------------------------------ filled
@creating
def zeros(*args: Any, size: Any = None, dtype: Any = None) -> Any:
    """Zeros: ``zeros(2, 3)`` or ``zeros((2, 3))``."""
    return np.zeros(
        _requested("zeros", args, size, "zeros: Dimension size must be non-negative."), dtype or default_float()
    )


@creating
def ones(*args: Any, size: Any = None, dtype: Any = None) -> Any:
    """Ones: ``ones(2, 3)`` or ``ones((2, 3))``."""
    return np.ones(_requested("ones", args, size), dtype or default_float())


@creating
def empty(*args: Any, size: Any = None, dtype: Any = None) -> Any:
    """Whatever was in memory: ``empty(2, 3)``."""
    return np.empty(_requested("empty", args, size), dtype or default_float())


@creating
def full(size: Any, fill_value: Any, *, dtype: Any = None) -> Any:
    """``fill_value`` everywhere; its kind gives the dtype."""
    if not isinstance(size, tuple | list):
        raise TypeError(f"full(): argument 'size' (position 1) must be tuple of ints, not {type(size).__name__}")
    return _full("full", shape_of("full", (size,)), fill_value, dtype)


def _full(function: str, shape: tuple[int, ...], value: Any, dtype: np.dtype[Any] | None) -> np.ndarray[Any, Any]:
    if isinstance(value, Tensor) and not value.dim() and not value.requires_grad:
        value = value.item()
    if not isinstance(value, int | float | complex | np.generic):
        raise TypeError(f"{function}(): argument 'fill_value' (position 2) must be Number, not {type(value).__name__}")
    if isinstance(value, np.generic):
        value = value.item()
    if dtype is None:
        dtype = dtypes.int64.numpy if type(value) is int else array_of(value).dtype
    value = number_in(value, dtype, longest=False)
    with np.errstate(all="ignore"):
        return np.full(shape, value, dtype)


@creating
def eye(n: int, m: int | None = None, *, dtype: Any = None) -> Any:
    """Ones on the diagonal of ``n`` rows and ``m`` columns, zeros elsewhere."""
    for name, value in (("n", n), ("m", n if m is None else m)):
        if value < 0:
            raise RuntimeError(f"{name} must be greater or equal to 0, got {value}")
    return np.eye(n, m, dtype=dtype or default_float())


# ------------------------------------------------------------------------------------------------------------ ranges
def _python(function: str, name: str, position: int, value: Any) -> Any:
    """A number, or a tensor that holds one, as a Python number."""
    if isinstance(value, Tensor | np.generic):
        return value.item()
    if not isinstance(value, int | float):
        raise TypeError(
            f"{function}(): argument '{name}' (position {position}) must be Number, not {type(value).__name__}"
        )
    return value


@creating
def arange(*args: Any, start: Any = None, end: Any = None, step: Any = None, dtype: Any = None) -> Any:
    """``start + i · step`` below ``end``: ``arange(end)``, ``arange(start, end)``, ``arange(start, end, step)``.

    Shapes: [ceil((end - start) / step)].
    Units: int64 where every bound is whole, else the default dtype.
    """
    given = dict(zip(("end",) if len(args) == 1 and end is None else ("start", "end", "step"), args, strict=False))
    given |= {name: v for name, v in (("start", start), ("end", end), ("step", step)) if v is not None}
    if "end" not in given:
        raise TypeError("arange() received an invalid combination of arguments: it needs an end")
    values = {name: _python("arange", name, i + 1, v) for i, (name, v) in enumerate(given.items())}
    first, last, by = values.get("start", 0), values["end"], values.get("step", 1)
    if dtype is None:
        dtype = dtypes.int64.numpy if all(isinstance(v, int) for v in (first, last, by)) else default_float()
    if not (math.isfinite(first) and math.isfinite(last)):
        raise RuntimeError(f"unsupported range: {first:g} -> {last:g}")
    begin, end, stride = first, last, by  # only in int64 does PyTorch count whole steps between whole bounds
    if dtype.kind in "iu":
        if by and not int(by):
            raise ValueError("step must be nonzero")
        first, last, by = int(first), int(last), int(by)
    if not by:
        raise RuntimeError("step must be nonzero")
    if (last - first) * by < 0:
        raise RuntimeError("upper bound and lower bound inconsistent with step sign")
    if dtype.kind not in "iu" or dtype.itemsize < 8:
        count = math.ceil((end - begin) / stride)
    else:
        count = -((first - last) // by)
    return (first + by * np.arange(count)).astype(dtype)


_OPTIONS = "torch.dtype dtype = None, torch.layout layout = None, torch.device device = None, "
_OPTIONS += "bool pin_memory = False, bool requires_grad = False)"


def _steps(function: str, start: Any, end: Any, steps: Any) -> int:
    if not hasattr(steps, "__index__"):
        base = "float base = 10.0, " * (function == "logspace")
        kinds = (("Tensor", "Tensor"), ("Number", "Tensor"), ("Tensor", "Number"), ("Number", "Number"))
        forms = [f"({a} start, {b} end, int steps, {base}*, Tensor out = None, {_OPTIONS}" for a, b in kinds]
        raise errors.combination(function, (start, end, steps), forms)
    if any(isinstance(t, Tensor) and t._d.ndim for t in (start, end)):
        dims = [t._d.ndim if isinstance(t, Tensor) else 0 for t in (start, end)]
        raise RuntimeError(
            f"{function} only supports 0-dimensional start and end tensors, but got start with {dims[0]} dimension(s) "
            f"and end with {dims[1]} dimension(s)."
        )
    if steps.__index__() < 0:
        raise RuntimeError("number of steps must be non-negative")
    return steps.__index__()


@creating
def linspace(start: Any, end: Any, steps: int, *, dtype: Any = None) -> Any:
    """``steps`` numbers from ``start`` to ``end``, both included, at equal distances.

    The upper half is counted from the end, as in PyTorch, so that both bounds are met exactly.
    """
    count = _steps("linspace", start, end, steps)
    first, last = _python("linspace", "start", 1, start), _python("linspace", "end", 2, end)
    dtype = dtype or default_float()
    return _between(first, last, count, dtype).astype(dtype)


def _between(first: Any, last: Any, count: int, dtype: np.dtype[Any]) -> np.ndarray[Any, Any]:
    kind = np.float64 if dtype.kind in "iu" else dtype.type
    if dtype.kind in "iu":
        first, last = int(first), int(last)
    if count == 1:
        return np.array([first], kind)
    low, high = kind(first), kind(last)
    step = (high - low) / kind(max(count - 1, 1))
    up = np.arange(count).astype(kind)
    down = up[::-1]
    return np.where(up < count // 2, low + step * up, high - step * down)


@creating
def logspace(start: Any, end: Any, steps: int, base: float = 10.0, *, dtype: Any = None) -> Any:
    """``base`` to the power of ``linspace(start, end, steps)``."""
    count = _steps("logspace", start, end, steps)
    first, last = _python("logspace", "start", 1, start), _python("logspace", "end", 2, end)
    d = dtype or default_float()
    powers = _between(first, last, count, d if d.kind in "iu" else dtypes.float64.numpy)
    with np.errstate(all="ignore"):
        return np.power(float(base), powers).astype(d)


# ----------------------------------------------------------------------------------------------------------- refilled
def fill(input: Tensor, value: Any) -> Tensor:
    """``value`` in place of every element of ``input``."""
    return _refilled(input, value, "FillBackward0", "FillBackward1")


def _fill(input: Tensor, value: Any) -> Tensor:
    return _refilled(input, value, "FillBackward2", "FillBackward3")


def _refilled(input: Tensor, value: Any, by_number: str, by_tensor: str) -> Tensor:
    if not isinstance(value, Tensor):
        return rows.overwritten(input, wrap(_full("fill_", input.shape, value, input._d.dtype)), by_number)
    if value.dim():
        raise RuntimeError(
            f"fill_ only supports 0-dimension value tensor but got tensor with {value.dim()} dimensions."
        )
    if value._d.dtype is not input._d.dtype:
        value = PUBLIC["cast"](value, input._d.dtype)
    return rows.filled_with(input, value, by_tensor)


def _zero(input: Tensor) -> Tensor:
    return rows.overwritten(input, wrap(np.zeros_like(input._d)), "ZeroBackward0")


# -------------------------------------------------------------------------------------------- after another's model
def _like(name: str, make: Callable[..., Any]) -> Callable[..., Tensor]:
    def like(input: Tensor, *, dtype: Any = None) -> Any:
        data = model(name, input)._d
        return make(data, dtype or data.dtype)

    like.__name__ = like.__qualname__ = name
    like.__doc__ = f"``{name[:-5]}`` in the shape and dtype of ``input``."
    return creating(like)


zeros_like = _like("zeros_like", np.zeros_like)
ones_like = _like("ones_like", np.ones_like)
empty_like = _like("empty_like", np.empty_like)


@creating
def full_like(input: Tensor, fill_value: Any, *, dtype: Any = None) -> Any:
    """``fill_value`` everywhere, in the shape and dtype of ``input``."""
    data = model("full_like", input)._d
    return _full("full_like", data.shape, fill_value, dtype or data.dtype)


def _new(name: str, make: Callable[..., Any], text: str = "") -> Callable[..., Tensor]:
    def new(self: Tensor, *args: Any, size: Any = None, dtype: Any = None) -> Any:
        return make(_requested(name, args, size, text), dtype or self._d.dtype)

    new.__name__ = new.__qualname__ = name
    new.__doc__ = f"``{name[4:]}`` in the dtype of this tensor."
    return creating(new)


@creating
def new_full(self: Tensor, size: Any, fill_value: Any, *, dtype: Any = None) -> Any:
    """``full`` in the dtype of this tensor."""
    return _full("new_full", shape_of("new_full", (size,)), fill_value, dtype or self._d.dtype)


@overridable
def new_tensor(
    self: Tensor, data: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """``tensor(data)`` in the dtype of this tensor."""
    if isinstance(data, Tensor):
        warn_copy("tensor.new_tensor(sourceTensor)")
    return leaf(array_of(data, numpy_dtype("new_tensor", dtype) or self._d.dtype), requires_grad, device)


# --------------------------------------------------------------------------------------------------------- of others
@overridable
def meshgrid(*tensors: Any, indexing: str | None = None) -> tuple[Tensor, ...]:
    """Grids of coordinates: the i-th result varies along dimension i alone (``ij``; ``xy`` swaps the first two).

    Shapes: [n1], [n2], ... to [n1, n2, ...] each; views of the arguments.
    """
    found = list(tensors[0]) if len(tensors) == 1 and isinstance(tensors[0], list | tuple) else list(tensors)
    if not found:
        raise RuntimeError("meshgrid expects a non-empty TensorList")
    if indexing is None:
        warnings.warn(
            "torch.meshgrid: in an upcoming release, it will be required to pass the indexing argument.",
            UserWarning,
            stacklevel=3,
        )
    elif indexing not in ("ij", "xy"):
        raise RuntimeError(f'torch.meshgrid: indexing must be one of "xy" or "ij", but received: {indexing}')
    if wrong := [t for t in found if t.dim() > 1]:
        raise RuntimeError(f"torch.meshgrid: Expected 0D or 1D tensor in the tensor list but got: {wrong[0]}")
    swapped = indexing == "xy" and len(found) > 1
    if swapped:
        found[:2] = found[1::-1]
    shape = [t.numel() for t in found]
    grids = [t.view([-1 if i == j else 1 for j in range(len(found))]).expand(shape) for i, t in enumerate(found)]
    if swapped:
        grids[:2] = grids[1::-1]
    return tuple(grids)


FUNCTIONS = {
    "tensor": tensor, "as_tensor": as_tensor, "asarray": asarray, "from_numpy": from_numpy,
    "scalar_tensor": scalar_tensor, "zeros": zeros, "ones": ones, "empty": empty, "full": full, "eye": eye,
    "arange": arange, "linspace": linspace, "logspace": logspace, "zeros_like": zeros_like, "ones_like": ones_like,
    "empty_like": empty_like, "full_like": full_like, "fill": overridable(fill), "meshgrid": meshgrid,
}  # fmt: skip
METHODS = {
    "new_zeros": _new("new_zeros", np.zeros), "new_ones": _new("new_ones", np.ones),
    "new_empty": _new("new_empty", np.empty), "new_full": new_full, "new_tensor": new_tensor,
}  # fmt: skip
IN_PLACE = {"zero_": _zero, "fill_": _fill}
