"""In-place operations and views: ``add_`` from ``add``, ``y[0] = 1``, and graphs that follow what was written.

A write into a view gives its base a new history, CopySlices: what was there, with one region replaced; the base's other
views get theirs from that. Where nothing is recorded a write is one NumPy call and a line in the log (versions.py).
"""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any

import numpy as np

from . import dtypes, errors
from .kernel import PUBLIC, RAW
from .mode import here, overridden
from .node import Output
from .tensor import FROM_DATA, Tensor, box, wrap
from .versions import owner, wrote


def track(base: Tensor, out: Tensor) -> None:
    """Note that ``out`` is a view of ``base``; each knows the other, the base weakly."""
    d = out._d
    if type(d) is not np.ndarray or d.base is None:
        return  # a copy
    try:
        root = base._b
    except AttributeError:
        root = base
    out._b = root
    if root is FROM_DATA:
        return
    try:
        views = root._views
    except AttributeError:
        root._views = [weakref.ref(out)]
        return
    if len(views) > 64 and len(views).bit_count() == 1:  # at each doubling, forget those that are gone
        views[:] = [v for v in views if v() is not None]
    views.append(weakref.ref(out))


RAW["track"] = track


def in_place(name: str, front: Callable[..., Any]) -> Callable[..., Any]:
    """The method ``name`` that writes the result of ``front(self, ...)`` into ``self``."""

    def method(self: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        if RAW["BUSY"] and here.modes:
            return overridden(method, (self, *args), kwargs)
        return apply(self, front, args, kwargs)

    method.__name__ = method.__qualname__ = name
    method.__doc__ = f"``{name.strip('_')}``, written into this tensor."
    return method


def apply(self: Tensor, front: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Tensor:
    """Write ``front(self, ...)`` into ``self``, in memory and in the graph."""
    operands = [t for t in args if isinstance(t, Tensor)]
    recording = here.grad and (self._n is not None or any(t._n is not None for t in operands))
    if recording:
        check_writable(self)
    value = self
    if recording:  # what the operation saves of itself is the value from before
        value = wrap(np.array(self._d, copy=True))
        value._n = self._n
    modes, here.modes = here.modes, ()
    try:
        result = front(value, *args, **kwargs)
    finally:
        here.modes = modes
    check_fits(self, result)
    data = box(self)
    write(self, result._d)
    if recording:
        node = result._n
        if node is not None and getattr(node, "saved", None):
            node.saved = tuple([data if v is result._d else v for v in node.saved])
        rebase(self, node)
    return self


def check_writable(self: Tensor) -> None:
    """Raise PyTorch's error where a recorded write is not allowed."""
    base = self._base
    if base is None:
        if self._n is not None and self._n.key > 0:
            raise errors.leaf_in_place()
        return
    if base._n is not None and base._n.key > 0:
        raise errors.leaf_view_in_place()
    if type(self._n) is Output:
        raise errors.output_view_in_place(self._n.nr, self._n.edge.name())


def check_fits(self: Tensor, result: Tensor) -> None:
    """Raise PyTorch's error if ``result`` has another shape, or a dtype that ``self`` cannot hold."""
    if result._d.shape != self._d.shape:
        raise errors.in_place_shape(self._d.shape, result._d.shape)
    a, b = result._d.dtype, self._d.dtype
    if dtypes.category(a) > dtypes.category(b):
        raise errors.cannot_cast(dtypes.OF[a].title, dtypes.OF[b].title)


def write(self: Tensor, value: Any) -> None:
    """Put ``value`` into the memory of ``self``, and log it unless ``self`` came from ``.data``."""
    data = box(self)
    if any(n > 1 and s == 0 for n, s in zip(data.shape, data.strides, strict=True)):
        raise errors.overlapping()
    data[...] = value
    if not self._from_data:
        wrote(data)


def rebase(self: Tensor, node: Any) -> None:
    """Give ``self``, just written, the history ``node``; its base and the base's other views follow."""
    base = self._base
    if base is None:
        self._n = node
        base = self
    else:
        value = wrap(self._d)
        value._n = node
        whole = wrap(box(base))
        whole._n = base._n
        base._n = PUBLIC["copy_slices"](whole, value, region(base, self))._n
    if base._n is None:
        return
    for reference in getattr(base, "_views", ()):
        v = reference()
        if v is not None and type(v._n) is not Output:
            whole = wrap(box(base))
            whole._n = base._n
            v._n = PUBLIC["as_strided_view"](whole, region(base, v))._n


def region(base: Tensor, part: Tensor) -> np.ndarray[Any, Any]:
    """Where the elements of a view lie in its base: flat indices in the base's logical order, in the view's shape."""
    whole, data = box(base), part._d
    memory = owner(whole)
    places = np.full(memory.shape, -1)
    if memory.strides != places.strides:
        places = np.empty_like(memory, dtype=np.int64)  # the same layout, dense
    scale = places.itemsize / memory.itemsize
    start = memory.__array_interface__["data"][0]

    def there(a: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        offset = int((a.__array_interface__["data"][0] - start) * scale)
        strides = tuple(int(s * scale) for s in a.strides)
        return np.ndarray(a.shape, np.int64, places, offset, strides)

    there(whole)[...] = np.arange(whole.size).reshape(whole.shape)
    return there(data).copy()
