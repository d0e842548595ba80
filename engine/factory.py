"""Tensors from data: ``tensor``, ``as_tensor``, ``from_numpy``, and what all functions that make tensors share.

Source: PyTorch's ``torch/csrc/utils/tensor_new.cpp`` (the rules of inference and the texts, not the code).
"""

from __future__ import annotations

import functools
import inspect
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from . import dtypes, errors
from .elements import filled
from .mode import overridable
from .size import device as Device
from .table.kernel import PUBLIC, RAW
from .tensor import Tensor, wrap

_KINDS = {bool: dtypes.bool, int: dtypes.int64, complex: dtypes.complex64}
_SUPPORTED = (
    "float64, float32, float16, complex64, complex128, int64, int32, int16, int8, uint64, uint32, uint16, uint8"
)


# ------------------------------------------------------------------------------------- what creation functions share
def numpy_dtype(function: str, dtype: Any) -> np.dtype[Any] | None:
    """The NumPy dtype of an argument ``dtype``; None for None."""
    if dtype is None:
        return None
    if not isinstance(dtype, dtypes.dtype | type) or dtype not in (float, int, bool, complex, *dtypes.ALL):
        raise TypeError(f"{function}(): argument 'dtype' must be torch.dtype, not {type(dtype).__name__}")
    return dtypes.numpy_of(dtype) if dtype is not complex else dtypes.complex128.numpy


def leaf(data: Any, requires_grad: bool = False, device: Any = None) -> Tensor:
    """A Tensor on new data, without history.

    Errors: RuntimeError if whole numbers are to require a gradient, or for a device other than the CPU.
    """
    if device is not None:
        Device(device)
    out = wrap(data)
    if requires_grad:
        if data.dtype.kind not in "fc":
            raise errors.only_floating_made()
        out.requires_grad_()
    return out


def creating(function: Callable[..., Any]) -> Callable[..., Tensor]:
    """Decorator: gives a function that makes an array the options of PyTorch's creation functions.

    The function gets ``dtype``, a NumPy dtype or None for its own choice; ``device``, ``requires_grad`` and what only
    matters elsewhere (``layout``, ``pin_memory``, ``memory_format``) are dealt with here.
    """
    name = function.__name__

    @functools.wraps(function)
    def made(
        *args: Any,
        dtype: Any = None,
        device: Any = None,
        requires_grad: bool = False,
        layout: Any = None,
        pin_memory: bool = False,
        memory_format: Any = None,
        out: Any = None,
        **kwargs: Any,
    ) -> Tensor:
        if out is not None:
            dtype = _dtype_of_out(dtype, out)
        data = function(*args, dtype=numpy_dtype(name, dtype), **kwargs)
        if memory_format is not None and memory_format.name != "preserve_format":
            data = RAW["in_format"](data, memory_format.name)
        new = leaf(data, requires_grad, device)
        return new if out is None else RAW["written_out"](name, out, lambda: new, ())

    parameters = [p for p in inspect.signature(function).parameters.values() if p.name != "dtype"]
    options = [p for n, p in inspect.signature(made, follow_wrapped=False).parameters.items() if n in _OPTIONS]
    made.__signature__ = inspect.Signature(sorted([*parameters, *options], key=lambda p: p.kind))  # type: ignore[attr-defined]  # functions take it
    return overridable(made)


def _dtype_of_out(dtype: Any, out: Any) -> Any:
    """The dtype in which what goes into ``out`` is made."""
    if isinstance(dtype, dtypes.dtype) and isinstance(out, Tensor) and dtype is not out.dtype:
        raise RuntimeError(f"dtype {dtype.title} does not match dtype of out parameter ({out.dtype.title})")
    return out.dtype if isinstance(out, Tensor) else dtype


_OPTIONS = ("dtype", "device", "requires_grad")


def shape_of(function: str, size: tuple[Any, ...], text: str = "") -> tuple[int, ...]:
    """The shape that ``f(2, 3)`` and ``f((2, 3))`` ask for.

    Errors: TypeError for what is no whole number, RuntimeError for negative sizes (``text``, or PyTorch's usual one).
    """
    if not size:
        raise TypeError(f'{function}() missing 1 required positional arguments: "size"')
    if len(size) == 1 and isinstance(size[0], tuple | list):
        size = tuple(size[0])
        where = "but found element of type {} at pos {}"
    else:
        where = "not {}"
    found = []
    for i, n in enumerate(size):
        if isinstance(n, bool) or not hasattr(n, "__index__"):
            kind = where.format(type(n).__name__, i)
            raise TypeError(f"{function}(): argument 'size' (position 1) must be tuple of ints, {kind}")
        found.append(n.__index__())
    for n in found:
        if n < 0:
            raise RuntimeError(text or f"Trying to create tensor with negative dimension {n}: {found}")
    return tuple(found)


def default_float() -> np.dtype[Any]:
    """The NumPy dtype of ``get_default_dtype()``."""
    return dtypes.get_default_dtype().numpy


# ------------------------------------------------------------------------------------------------------ from data
@overridable
def tensor(
    data: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False, pin_memory: bool = False
) -> Tensor:
    """A leaf with a copy of ``data``: a number, nested sequences of numbers, an array.

    Units: whole numbers become int64, ``bool`` bool, Python floats the default dtype; arrays keep their dtype.
    Errors: ValueError for ragged sequences, TypeError or RuntimeError for what is not a number.
    Source: torch.tensor.
    """
    wanted = numpy_dtype("tensor", dtype)
    if isinstance(data, Tensor):
        warn_copy("torch.tensor(sourceTensor)")
    return leaf(array_of(data, wanted), requires_grad, device)


def warn_copy(written: str) -> None:
    warnings.warn(
        "To copy construct from a tensor, it is recommended to use sourceTensor.detach().clone() or "
        f"sourceTensor.detach().clone().requires_grad_(True), rather than {written}.",
        UserWarning,
        stacklevel=4,
    )


@overridable
def as_tensor(data: Any, dtype: Any = None, device: Any = None) -> Tensor:
    """``data`` itself if it is a tensor, on the memory of an array, else a new tensor; cast where ``dtype`` differs."""
    wanted = numpy_dtype("as_tensor", dtype)
    if isinstance(data, Tensor):
        return data if wanted is None or wanted is data._d.dtype else PUBLIC["cast"](data, wanted)
    if isinstance(data, np.ndarray):
        array = checked(data)
        return leaf(array if wanted is None else array.astype(wanted, copy=False), device=device)
    return leaf(array_of(data, wanted), device=device)


def from_numpy(ndarray: np.ndarray[Any, Any]) -> Tensor:
    """A tensor on the memory of ``ndarray``: a write into either shows in both.

    Errors: TypeError for other types and for dtypes that PyTorch lacks, ValueError for negative strides.
    """
    if not isinstance(ndarray, np.ndarray):
        kind = type(ndarray)
        name = kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__name__}"
        raise TypeError(f"expected np.ndarray (got {name})")
    if not ndarray.flags.writeable:
        from .exchange import NOT_WRITABLE

        text = NOT_WRITABLE.format("NumPy array", "NumPy array", "").replace("copy the buffer", "copy the array")
        warnings.warn(text.replace("converting it", "converting it"), UserWarning, stacklevel=2)
        return wrap(np.array(checked(ndarray)))
    return wrap(checked(ndarray))


@overridable
def asarray(
    obj: Any, *, dtype: Any = None, device: Any = None, copy: bool | None = None, requires_grad: bool | None = None
) -> Tensor:
    """``obj`` as a tensor: itself, or on its memory, where that is possible, unless ``copy`` is true.

    Errors: ValueError where ``copy`` is false and another dtype is asked for.
    """
    wanted = numpy_dtype("asarray", dtype)
    if isinstance(obj, Tensor):
        out = obj
        if wanted is not None and wanted is not obj._d.dtype:
            if copy is False:
                names = dtypes.OF[obj._d.dtype].title, dtypes.OF[wanted].title
                raise ValueError(f"can't alias tensor with dtype '{names[0]}' into dtype '{names[1]}'.")
            out = PUBLIC["cast"](obj, wanted) if wanted.kind in "fc" else PUBLIC["cast_whole"](obj, wanted)
        elif copy:
            out = PUBLIC["clone"](obj)
        if requires_grad is not None and requires_grad != out.requires_grad:
            out = out.detach().requires_grad_(requires_grad)
        return out
    if isinstance(obj, bytes | bytearray | memoryview) and dtype is not None:
        from .exchange import frombuffer

        out = frombuffer(obj, dtype=dtype)
    elif isinstance(obj, np.ndarray):
        array = checked(obj)
        if copy is False and wanted is not None and wanted is not array.dtype:
            names = dtypes.OF[array.dtype].title, dtypes.OF[wanted].title
            raise ValueError(f"can't alias tensor with dtype '{names[0]}' into dtype '{names[1]}'.")
        out = from_numpy(obj) if wanted is None or wanted is array.dtype else wrap(array.astype(wanted))
    elif copy is False:
        raise ValueError("can't alias arbitrary sequence into a tensor.")
    else:
        return leaf(array_of(obj, wanted), bool(requires_grad), device)
    if copy:
        out = wrap(np.array(out._d))
    return out.requires_grad_() if requires_grad else out


def scalar_tensor(s: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """A 0-d tensor of the default dtype."""
    return leaf(array_of(s, numpy_dtype("scalar_tensor", dtype) or default_float()), requires_grad, device)


def checked(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """``array``, if PyTorch could take it as a tensor's memory."""
    if array.dtype not in dtypes.OF:
        native = array.dtype.newbyteorder("=")
        if native in dtypes.OF:
            raise ValueError(
                "given numpy array has byte order different from the native byte order. Conversion between byte orders "
                "is currently not supported."
            )
        raise TypeError(
            f"can't convert np.ndarray of type {array.dtype.type.__module__}.{array.dtype.type.__name__}. The only "
            f"supported types are: {_SUPPORTED}, and bool."
        )
    if any(s < 0 for s in array.strides):
        raise ValueError(
            "At least one stride in the given numpy array is negative, and tensors with negative strides are not "
            "currently supported. (You can probably work around this by making a copy of your array  with "
            "array.copy().) "
        )
    same = dtypes.OF[array.dtype].numpy  # the very object: long and long long are equal, and two
    return array if array.dtype is same else array.view(same)


def array_of(data: Any, dtype: np.dtype[Any] | None = None) -> Any:
    """A new array (a NumPy scalar for one number) of ``data``, in ``dtype`` or the one that PyTorch infers."""
    if isinstance(data, Tensor):
        data = np.asarray(data._d)
    if isinstance(data, np.ndarray) or (isinstance(data, np.generic) and dtype is None):
        array = np.array(checked(np.asarray(data)), dtype or dtypes.OF[data.dtype].numpy)
        return array if array.ndim else array[()]
    if isinstance(data, str | bytes):
        raise TypeError(f"new(): invalid data type '{type(data).__name__}'")
    sizes = _sizes(data)
    flat: list[Any] = []
    dtype = dtype or _inferred(data)
    _flatten(data, sizes, 0, flat)
    array = filled(flat, dtype).reshape(sizes)
    return array if sizes else array[()]


def _is_sequence(value: Any) -> bool:
    if isinstance(value, list | tuple | range | str | bytes):
        return True
    if isinstance(value, np.ndarray):
        return value.ndim > 0
    return isinstance(value, Sequence) or (
        hasattr(value, "__getitem__")
        and hasattr(value, "__len__")
        and not isinstance(value, Tensor | dict | np.generic)
    )


def _sizes(data: Any) -> tuple[int, ...]:
    """The shape of nested sequences, as their first elements have it."""
    sizes: list[int] = []
    while _is_sequence(data):
        if isinstance(data, str | bytes):
            raise ValueError(f"too many dimensions '{type(data).__name__}'")
        if sizes and len(sizes) == 1 and isinstance(data, np.ndarray):
            _warn_slow()
        sizes.append(len(data))
        if len(sizes) > 128:
            raise ValueError("too many dimensions 'list'")
        if not len(data):
            break
        data = data[0]
    return tuple(sizes)


def _warn_slow() -> None:
    warnings.warn(
        "Creating a tensor from a list of numpy.ndarrays is extremely slow. Please consider converting the list to a "
        "single numpy.ndarray with numpy.array() before converting to a tensor.",
        UserWarning,
        stacklevel=6,
    )


def _inferred(data: Any) -> np.dtype[Any]:
    """The dtype that holds every number in ``data``."""
    if isinstance(data, Tensor):
        return data._d.dtype
    if isinstance(data, np.ndarray | np.generic):
        return checked(np.asarray(data)).dtype
    if isinstance(data, float):
        return default_float()
    for kind in (bool, int, complex):
        if isinstance(data, kind):
            return dtypes.complex128.numpy if kind is complex and default_float().itemsize == 8 else _KINDS[kind].numpy
    if isinstance(data, str | bytes):
        raise TypeError(f"new(): invalid data type '{type(data).__name__}'")
    if not _is_sequence(data):
        raise RuntimeError(f"Could not infer dtype of {type(data).__name__}")
    found: np.dtype[Any] | None = None
    kinds = set(map(type, data))
    if kinds and kinds <= {float, int, bool, complex}:  # one of each kind says it all
        data = [kind() for kind in kinds]
    for element in data:
        found = dtypes.promote(found, _inferred(element))
    return default_float() if found is None else found


def _flatten(data: Any, sizes: tuple[int, ...], dim: int, flat: list[Any]) -> None:
    """Append the elements of ``data`` in order; ValueError where it is ragged."""
    if dim == len(sizes):
        flat.append(data)
        return
    if not _is_sequence(data):
        raise TypeError("not a sequence")
    if len(data) != sizes[dim]:
        raise ValueError(f"expected sequence of length {sizes[dim]} at dim {dim} (got {len(data)})")
    if dim == len(sizes) - 1:
        flat.extend(data)
        return
    for part in data:
        _flatten(part, sizes, dim + 1, flat)
