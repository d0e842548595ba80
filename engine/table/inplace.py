"""In-place operations and views: ``add_`` from ``add``, and what may be written.

Where nothing is recorded a write is one NumPy call and a line in the log (versions.py); where it is, ``rebase.py``
gives the tensor, its base and the base's other views their new histories.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any

import numpy as np

from .. import autograd_errors, dtypes, errors
from ..graph.hooks import Hooked
from ..graph.node import Node
from ..graph.rebase import follow_quietly, hang, part_of_several, rebase
from ..graph.strays import PART, UNRECORDED, Forbidden, history, not_followed, sever
from ..graph.versions import behind, owner, wrote
from ..mode import INFERENCE_VIEWS, here, overridden
from ..tensor import Tensor, box, wrap
from .in_place_source import row_of, source
from .kernel import RAW, tick
from .op import Row


def track(base: Tensor, out: Tensor) -> None:
    """Note that ``out`` is a view of ``base``; each knows the other, the base weakly."""
    d, whole = out._d, base._d
    if d is whole:  # NumPy had nothing to do
        out._d = d = d[...]
    memory = d.base if type(d) is ndarray else None
    if memory is None or (memory is not whole and memory is not whole.base):
        return  # a copy
    # what owns its memory is no view; an unset slot is slow to read
    out._b = root = base if whole.base is None else getattr(base, "_b", base)
    n = root._n
    if n is not None:
        if out._n is None and not here.grad:
            sever(out)
    elif RAW["BUSY"] and not here.grad:
        out._views = UNRECORDED
    elif root is not base and (mark := getattr(base, "_views", None)) is not None and mark in (UNRECORDED, PART):
        out._views = mark
    views = getattr(root, "_views", None)
    if views is None:
        root._views = [reference(out)]
        return
    if len(views) > 64 and len(views).bit_count() == 1:  # at each doubling, forget those that are gone
        views[:] = [v for v in views if v() is not None]
    views.append(reference(out))


def track_all(base: Tensor, outs: list[Tensor]) -> None:
    """``track`` of all the parts that one operation made, none of which is a copy."""
    root = getattr(base, "_b", base)
    for out in outs:
        out._b = root
    n = root._n
    if n is not None:
        if not here.grad:
            for out in outs:
                if out._n is None:
                    sever(out)
    else:
        mark = PART if here.grad else UNRECORDED
        for out in outs:
            out._views = mark
    views = getattr(root, "_views", None)
    if views is None:
        views = root._views = []
    elif len(views) > 64:
        views[:] = [v for v in views if v() is not None]
    views.extend(map(reference, outs))


ndarray, reference = np.ndarray, weakref.ref
RAW.update(track=track, track_all=track_all, follow_quietly=follow_quietly, Hooked=Hooked)


def _filling(d: Any, args: tuple[Any, ...]) -> Any:
    value = args[0] if len(args) == 1 else None
    if type(value) is float:
        return value if d.dtype.kind == "f" and -1e30 < value < 1e30 else None
    return value if type(value) is int and d.dtype.kind in "fi" and -128 <= value <= 127 else None


def _copying(d: Any, args: tuple[Any, ...]) -> Any:
    t = args[0] if len(args) == 1 else None
    if type(t) is not Tensor or type(t._d) is not ndarray or (t._n is not None and here.grad):
        return None
    v = t._d
    return v if v.dtype is d.dtype and v.shape == d.shape and v is not d and v.base is None else None


# What three methods write where nothing is recorded; None where it takes more to say
_VALUES: dict[str, Any] = {
    "zero_": lambda d, args: None if args else 0, "fill_": _filling, "copy_": _copying,
}  # fmt: skip
_BY_VALUE = ("fill_", "masked_fill_")  # these read their operand before they write


def in_place(name: str, front: Callable[..., Any]) -> Callable[..., Any]:
    """The method ``name`` that writes the result of ``front(self, ...)`` into ``self``."""
    elementwise = name not in _BY_VALUE
    row = row_of(front)
    if row is not None:
        return _generated(name, front, row)

    value_of = _VALUES.get(name)

    def method(self: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        if RAW["BUSY"] and here.modes:
            return overridden(method, (self, *args), kwargs)
        if value_of is not None and not kwargs:
            d = self._d
            if type(d) is ndarray and type(d.base) is not ndarray and (self._n is None or not here.grad):
                value = value_of(d, args)
                if value is not None:  # nothing to record, no view, nothing to convert: one write
                    d[...] = value
                    wrote(d)
                    if self._n is not None:
                        follow_quietly(self)
                    return self
        return apply(self, front, args, kwargs, elementwise)

    method.__name__ = method.__qualname__ = name
    method.__doc__ = f"``{name.strip('_')}``, written into this tensor."
    method.front = front  # type: ignore[attr-defined]  # what torch.func runs in its place
    return method


def _generated(name: str, front: Callable[..., Any], row: Row) -> Callable[..., Any]:
    """The same from generated text (``in_place_source.py``), compiled at its first call."""
    method = row.lazy(lambda: source(row, name))
    RAW[f"{name}_method"] = method
    method.__name__ = method.__qualname__ = name
    method.__doc__ = f"``{name.strip('_')}``, written into this tensor."
    method.__module__, method.front = "engine", front
    return method


def _in_general(method: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    __tracebackhide__ = True
    if RAW["BUSY"] and here.modes:
        return overridden(method, args, kwargs)
    return apply(args[0], method.front, args[1:], kwargs)


RAW["written_in_general"] = _in_general


def apply(
    self: Tensor, front: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], elementwise: bool = True
) -> Tensor:
    """Write ``front(self, ...)`` into ``self``, in memory and in the graph."""
    if here.grad and type(history(self)) is Forbidden:
        check_writable(self)
    old = self._n
    recording = here.grad and (old is not None or wants_gradient(self, (*args, *kwargs.values())))
    recording = recording and self._d.dtype.kind in "fc"
    value = self
    if recording:
        if self._d.dtype.kind == "c":
            RAW["complex_graph"]()
        check_writable(self)
        # what the operation saves of itself is the value from before
        value = wrap(np.array(self._d))
        value._n = old
    if elementwise:
        check_overlap(self._d)
        for t in args:
            if type(t) is Tensor and t is not self:
                check_partial_overlap(self._d, t._d)
    mark = tick()
    modes, here.modes = here.modes, ()
    try:
        result = front(value, *args, **kwargs)
    finally:
        here.modes = modes
    check_fits(self, result)
    node = result._n
    if recording and (type(node) is not Node or node.key > mark or result._d.dtype is not self._d.dtype):
        node = _replaced(self, old, result)
    data = box(self)
    write(self, result._d, node.name() if recording and node is not None else "")
    if recording and node is not None:
        others = [v for v in node.saved or () if v is not result._d and isinstance(v, np.ndarray | np.generic)]
        if not any(behind(v) is owner(data) for v in others):
            node.key = tick()  # what it saved is younger than the write; else the version check has to find it
        if node.saved:
            node.saved = tuple([data if v is result._d else v for v in node.saved])
        rebase(self, old, node)
    else:
        follow_quietly(self)
    return self


def wants_gradient(self: Tensor, operands: tuple[Any, ...]) -> bool:
    """Whether the base of ``self`` or an operand wants a gradient."""
    base = self._base
    return (base is not None and base._n is not None) or any(
        isinstance(t, Tensor) and t._n is not None for t in operands
    )


def _replaced(self: Tensor, old: Any, result: Tensor) -> Any:
    """The node of ``self.copy_(result)``: for a result of another dtype, or that records nothing itself."""
    d = result._d
    return hang("copy", {"x": old, "y": result._n}, {"y_shape": d.shape, "y_dtype": d.dtype})


def check_writable(self: Tensor, of_part: bool = False) -> None:
    """Raise PyTorch's error where a recorded write to ``self``, or to a part of it, is not allowed."""
    base = self._base
    if base is None:
        if self._n is not None and self._n.key > 0:
            raise errors.leaf_view_in_place() if of_part else errors.leaf_in_place()
        return
    n = history(self)
    part = n.part if type(n) is Forbidden else part_of_several(n)
    if part is not None:
        raise autograd_errors.output_view_in_place(*part)
    if id(self) in INFERENCE_VIEWS:
        raise autograd_errors.inference_view_in_place()
    told = not_followed(self, None if type(n) is Forbidden else n, base._n, True)
    if told is not None:
        raise told
    if base._n is not None and base._n.key > 0:
        raise errors.leaf_view_in_place()


def check_fits(self: Tensor, result: Tensor) -> None:
    """Raise PyTorch's error if ``result`` has another shape, or a dtype that ``self`` cannot hold."""
    if result._d.shape != self._d.shape:
        raise errors.in_place_shape(self._d.shape, result._d.shape)
    a, b = result._d.dtype, self._d.dtype
    if dtypes.category(a) > dtypes.category(b):
        raise errors.cannot_cast(dtypes.OF[a].title, dtypes.OF[b].title)


def check_overlap(data: np.ndarray[Any, Any]) -> None:
    """Raise PyTorch's error if two elements of ``data`` are the same memory."""
    if 0 in data.strides and data.size and any(n > 1 and s == 0 for n, s in zip(data.shape, data.strides, strict=True)):
        raise errors.overlapping()


def check_partial_overlap(written: Any, read: Any, full: bool = False) -> None:
    """Raise PyTorch's error if two tensors share some of their memory, or all of it where ``full`` overlap is wrong."""
    if full and written is read:
        raise errors.partly_overlapping()
    if type(written) is not np.ndarray or type(read) is not np.ndarray or owner(written) is not owner(read):
        return
    if not (written.size and read.size and _dense(written) and _dense(read)):
        return  # too hard to tell: PyTorch lets it pass
    a, b = (d.__array_interface__["data"][0] for d in (written, read))
    if a == b and written.size == read.size:
        if written.ndim == read.ndim and _steps(written) == _steps(read) and not full:
            return
    elif a + written.nbytes <= b or b + read.nbytes <= a:
        return
    raise errors.partly_overlapping()


def _steps(d: np.ndarray[Any, Any]) -> list[tuple[int, int]]:
    return [(s, n) for s, n in zip(d.strides, d.shape, strict=True) if n != 1]


def _dense(d: np.ndarray[Any, Any]) -> bool:
    """Whether the elements lie side by side, in whatever order of dimensions."""
    step = d.itemsize
    for s, n in sorted(_steps(d)):
        if s != step:
            return False
        step *= n
    return True


def write(self: Tensor, value: Any, writer: str = "") -> None:
    """Put ``value`` into the memory of ``self``, and log it."""
    data = box(self)
    check_overlap(data)
    data[...] = value
    wrote(data, writer)
