"""``out=``: an operation's result written into tensors that the caller gives.

``accepts_out`` makes a function that takes it; without ``out=`` it costs 0.1 µs, so functions of the small programs
take it as a parameter of their own and call ``written`` themselves.
"""

from __future__ import annotations

import functools
import sys
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from .. import dtypes, errors, return_types
from ..graph.versions import owner, wrote
from ..mode import here, no_grad
from ..table.inplace import check_overlap
from ..tensor import Tensor, box

Mismatch = Callable[[Any, Any], BaseException]


def accepts_out(function: Callable[..., Any], apart: bool = False, mismatch: Mismatch | None = None) -> Any:
    """``function`` with a keyword ``out``.

    apart: ``out`` may not share memory with an input at all. mismatch: PyTorch's error where dtypes must be equal, of
    the result's dtype and that of ``out``; without it, the result may be cast.
    """

    @functools.wraps(function)
    def front(*args: Any, out: Any = None, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        if out is None:
            return function(*args, **kwargs)
        return written(front.__name__, out, lambda: function(*args, **kwargs), (args, kwargs), apart, mismatch)

    return front


def of_two(function: Callable[..., Any], mismatch: Mismatch | None = None) -> Any:
    """``accepts_out`` for functions of two operands that small programs call: 0.06 µs."""

    @functools.wraps(function)
    def front(input: Any, other: Any, *, out: Any = None) -> Any:
        __tracebackhide__ = True
        if out is None:
            return function(input, other)
        return written(front.__name__, out, lambda: function(input, other), (input, other), mismatch=mismatch)

    return front


def in_its_dtype(function: Callable[..., Any]) -> Any:
    """``accepts_out`` for functions that compute in the dtype of ``out``, where no ``dtype`` is asked for."""

    @functools.wraps(function)
    def front(input: Any, *args: Any, out: Any = None, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        if out is None:
            return function(input, *args, **kwargs)
        asked = {"dtype": getattr(out, "dtype", None), **kwargs}
        return written(front.__name__, out, lambda: function(input, *args, **asked), input)

    return front


def written(
    name: str, out: Any, run: Callable[[], Any], given: Any, apart: bool = False, mismatch: Mismatch | None = None
) -> Any:
    """``out`` with the result of ``run()`` in it; ``given`` are the arguments of the call of ``name``.

    Errors: PyTorch's, for tensors that want a gradient, shared memory, and dtypes that do not fit. Where the shape does
    not fit ``out`` is resized, with PyTorch's warning unless it was empty.
    """
    __tracebackhide__ = True
    outs = out if isinstance(out, tuple | list) else (out,)
    for t in outs:
        if not isinstance(t, Tensor):
            raise TypeError(f"{name}(): argument 'out' must be Tensor, not {type(t).__name__}")
    inputs = list(_tensors(given))
    if here.grad and any(t._n is not None for t in (*inputs, *outs)):
        raise RuntimeError(
            f"{name}(): functions with out=... arguments don't support automatic differentiation, but one of the "
            "arguments requires grad."
        )
    if here.levels and any(hasattr(t, "_level") for t in (*inputs, *outs)):
        raise NotImplementedError(
            f"Trying to use forward AD with {name}_out that does not support it because it is an out= function"
        )
    with no_grad():
        results = run()
    for t, result in zip(outs, results if isinstance(results, tuple) else (results,), strict=True):
        check_overlap(box(t))
        put(t, result, mismatch, functools.partial(_check_apart, inputs, apart))
    return out if not isinstance(results, tuple) else _named(results, outs)


def _named(results: Any, outs: Any) -> Any:
    kind = type(results)
    if kind is tuple:
        return tuple(outs)
    return _out_type(kind.__name__ + "_out", kind._fields)(*outs)


@functools.cache
def _out_type(name: str, fields: tuple[str, ...]) -> Any:
    return return_types.named(name, *fields)


def put(out: Tensor, result: Tensor, mismatch: Mismatch | None = None, check: Callable[[Tensor], Any] = id) -> None:
    """Write ``result`` into ``out``, resized to its shape with ``check(out)`` before and after."""
    a, b = result._d.dtype, out._d.dtype
    if mismatch is not None and a is not b:
        raise mismatch(a, b)
    if dtypes.category(a) > dtypes.category(b):
        raise errors.cannot_cast(dtypes.OF[a].title, dtypes.OF[b].title)
    check(out)
    if out._d.shape != result._d.shape:
        if out._d.size:
            told = _RESIZED.format(list(out._d.shape), list(result._d.shape))
            warnings.warn(told, UserWarning, stacklevel=_callers_level())
        resize(out, result._d.shape)
        check(out)
    data = box(out)
    data[...] = result._d
    wrote(data)


def _callers_level() -> int:
    """The ``stacklevel`` of the nearest caller outside of the engine; generated functions have no module name."""
    level, frame = 1, sys._getframe(1)
    while frame.f_back is not None and (frame.f_globals.get("__name__", "<string>") or "engine").startswith("engine"):
        level, frame = level + 1, frame.f_back
    return level


_RESIZED = (
    "An output with one or more elements was resized since it had shape {}, which does not match the required output "
    "shape {}. This behavior is deprecated, and in a future PyTorch release outputs will not be resized unless they "
    "have zero elements. You can explicitly reuse an out tensor t by resizing it, inplace, to zero elements with "
    "t.resize_(0)."
)


def resize(t: Tensor, shape: tuple[int, ...]) -> None:
    """Give ``t`` another shape, in C order: the memory that it has where that is enough, else new memory, zeros."""
    data = box(t)
    memory = owner(data)
    count = int(np.prod(shape, dtype=np.int64))
    start = (data.__array_interface__["data"][0] - memory.__array_interface__["data"][0]) if memory.size else 0
    if start + count * data.itemsize <= memory.nbytes and memory.flags.c_contiguous:
        t._d = np.ndarray(shape, data.dtype, memory, start)
    else:
        t._d = np.zeros(shape, data.dtype)
        flat, old = t._d.reshape(-1), memory.reshape(-1) if memory.dtype is data.dtype else data.reshape(-1)
        flat[: min(old.size, count)] = old[:count]
    if t._n is not None and t._n.key > 0:
        t._n.data = t._d


def _tensors(value: Any) -> Iterator[Tensor]:
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, list | tuple):
        for v in value:
            yield from _tensors(v)
    elif isinstance(value, dict):
        yield from _tensors(list(value.values()))


def _check_apart(inputs: list[Tensor], apart: bool, out: Tensor) -> None:
    """Raise PyTorch's error if ``out`` and an input share memory: some of it, or ``apart``, any."""
    a = box(out)
    for other in inputs:
        b = other._d
        if type(b) is not np.ndarray or owner(a) is not owner(b) or not a.size or not b.size:
            continue
        same = (a.shape, a.strides) == (b.shape, b.strides)
        same = same and a.__array_interface__["data"] == b.__array_interface__["data"]
        if (apart or not same) and np.may_share_memory(a, b):
            raise errors.partly_overlapping()


# ------------------------------------------------------------------------------------------------ dtypes that differ
def expected_out(result: Any, out: Any) -> RuntimeError:
    """For most functions that do not cast."""
    a, b = (errors.IN_C[dtypes.OF[d].name] for d in (result, out))
    return RuntimeError(f"Expected out tensor to have dtype {a}, but got {b} instead")


def same_scalar(name: str) -> Mismatch:
    """For ``index_select`` and ``masked_select``."""
    return lambda result, out: RuntimeError(f"{name}(): self and result must have the same scalar type")


def as_input(result: Any, out: Any) -> RuntimeError:
    """For ``amax`` and ``amin``."""
    a, b = (dtypes.OF[d].title for d in (result, out))
    return RuntimeError(
        f"Expected the dtype for input and out to match, but got {a} for input's dtype and {b} for out's dtype."
    )


def as_self(name: str) -> Mismatch:
    """For ``take``."""
    return lambda result, out: RuntimeError(
        f"{name}(): self and out expected to have the same dtype, but got self.dtype = {dtypes.OF[result].title} and "
        f"out.dtype = {dtypes.OF[out].title}"
    )
