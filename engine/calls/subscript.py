"""``x[...]`` and ``x[...] = value``.

The commonest forms go straight to NumPy; ``indices.py`` takes the others apart, and finds PyTorch's words for what is
wrong. Where views are recorded each step gets its node and only the last a Tensor: one per step costs 0.8 us.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import errors
from ..graph.node import Node
from ..graph.rebase import check_part, follow, follow_quietly, hang, move, region
from ..graph.versions import wrote
from ..mode import here, overridden
from ..ops import index as rows
from ..ops.shape import alias, select, slice_of, unsqueeze
from ..table.inplace import apply, check_overlap, check_partial_overlap, check_writable, track, wants_gradient
from ..table.kernel import RAW, tick
from ..tensor import Tensor, box, wrap
from .assignment import write_recorded
from .indices import SELECT, SLICE, Index, bounds, is_whole, range_error
from .shape import expanded, view
from .values import number_in

ndarray, new = np.ndarray, object.__new__
_AHEAD = [(slice(None),) * n for n in range(65)]
_SELECT, _SLICE, _UNSQUEEZE = (f.row.step(("x",)) for f in (select, slice_of, unsqueeze))


# ------------------------------------------------------------------------------------------------ x[...]
def getitem(self: Tensor, index: Any) -> Tensor:
    """``x[index]``: a view for numbers, slices, None and ``...``; a copy for index arrays and masks."""
    if RAW["BUSY"] and here.modes:
        return overridden(getitem, (self, index), {})
    d, n = self._d, self._n
    if type(d) is not ndarray:
        d = box(self)
    kind = type(index)
    if n is not None:
        if not here.grad:
            n = None
        elif d.dtype.kind == "c":
            RAW["complex_graph"]()
    if kind is int:
        try:
            part = d[index, ...]
        except IndexError:
            return _taken(self, index)
        out = new(Tensor)
        out._d = part
        if n is None:
            out._n = None
        else:
            out._n = node = new(Node)
            node.key, node.step, node.edge, node.others = tick(), _SELECT.run, n, None
            node.saved = (0, index, d.shape)
        track(self, out)
        return out
    if kind is Tensor:
        a = index._d
        if d.ndim and _is_index(a):
            return _picked(self, d, n, (a,))
    elif kind is tuple:
        if index and type(index[0]) is Tensor:
            arrays = tuple([t._d for t in index if type(t) is Tensor])
            if len(arrays) == len(index) <= d.ndim and all(map(_is_index, arrays)):
                return _picked(self, d, n, arrays)
        elif n is not None:
            found = _stepped(self, d, n, index)
            return found if found is not None else _taken(self, index)
        elif _is_plain(index):
            try:
                part = d[index if Ellipsis in index else (*index, ...)]
            except (IndexError, TypeError):
                return _taken(self, index)
            out = new(Tensor)
            out._d, out._n = part, None
            track(self, out)
            return out
    elif kind is slice:
        if d.ndim:
            return slice_of(self, 0, *bounds(index, d.shape[0]))
    elif index is None:
        return unsqueeze(self, 0)
    elif kind is list and index and all(type(i) is int for i in index) and d.ndim:
        return _picked(self, d, n, (np.array(index),))
    return _taken(self, index)


getitem.__name__ = getitem.__qualname__ = "__getitem__"


def _is_index(a: Any) -> bool:
    return type(a) is ndarray and a.ndim > 0 and a.dtype.char in "l?"


def _is_plain(items: tuple[Any, ...]) -> bool:
    """Whether NumPy reads these items as PyTorch does: numbers, slices that go forward, and one ``...``."""
    dots = False
    for item in items:
        kind = type(item)
        if kind is slice:
            step = item.step
            if step is not None and (type(step) is not int or step < 1):
                return False
        elif item is Ellipsis:
            if dots:
                return False
            dots = True
        elif kind is not int:
            return False
    return True


def _stepped(self: Tensor, d: Any, n: Any, items: tuple[Any, ...]) -> Tensor | None:
    """``self[items]`` of numbers, slices, None and one ``...``, a node for each; None where it is not as simple."""
    dim, left = 0, len(items)
    saved: tuple[Any, ...]
    for item in items:
        kind, shape = type(item), d.shape
        left -= 1
        if kind is int:
            if dim >= len(shape) or not -shape[dim] <= item < shape[dim]:
                return None
            d = d[(*_AHEAD[dim], item, ...)]
            step, saved = _SELECT.run, (dim, item, shape)
        elif kind is slice:
            if dim >= len(shape):
                return None
            try:
                start, stop, by = item.indices(shape[dim])
            except (TypeError, ValueError):
                return None
            if by < 1:
                return None
            if stop < start:
                stop = start
            dim += 1
            if by == 1 and is_whole(item, shape[dim - 1]):
                continue
            d = d[(*_AHEAD[dim - 1], slice(start, stop, by))]
            step, saved = _SLICE.run, (dim - 1, start, by, stop, shape)
        elif item is None:
            d = d.reshape((*shape[:dim], 1, *shape[dim:]))  # None in NumPy's index would give it a stride of 0
            dim += 1
            step, saved = _UNSQUEEZE.run, (shape,)
        elif item is Ellipsis and not any(i is None or i is Ellipsis for i in items[len(items) - left :]):
            if len(shape) - left < dim:
                return None
            dim = len(shape) - left
            continue
        else:
            return None
        node = new(Node)
        node.key, node.step, node.edge, node.others, node.saved = tick(), step, n, None, saved
        n = node
    if n is self._n:
        return None
    out = new(Tensor)
    out._d, out._n = d, n
    track(self, out)
    return out


def _picked(self: Tensor, d: Any, n: Any, indices: tuple[Any, ...]) -> Tensor:
    """A copy by index arrays that stand at the first dimensions, already NumPy's."""
    try:
        data = rows.index_kernel(d, indices) if d.size else None  # NumPy takes any mask where there is nothing
    except IndexError:
        data = None
    if data is None:
        return _taken(self, tuple([wrap(a) for a in indices]))
    out = new(Tensor)
    out._d, out._n = data, None
    if n is not None:
        out._n = node = new(Node)
        node.key, node.step, node.edge, node.others = tick(), rows.INDEX.run, n, None
        node.saved = (indices, d.shape)
    return out


def _taken(self: Tensor, index: Any) -> Tensor:
    """``self[index]`` for any index, with PyTorch's errors."""
    taken = Index(self._d.shape, index)
    if not taken.arrays:
        return viewed(self, taken.steps) if taken.steps else alias(self)
    part = viewed(self, taken.steps) if taken.steps else self
    indices = taken.indices()
    try:
        return rows.index_by(part, indices)
    except IndexError:
        raise range_error(indices, part._d.shape) from None


def viewed(x: Tensor, steps: list[tuple[Any, ...]]) -> Tensor:
    """The view that ``steps`` lead to, one after the other; a node for each where they are recorded."""
    d, n = box(x), x._n if here.grad else None
    saved: tuple[Any, ...]
    for kind, dim, *rest in steps:
        shape = d.shape
        if kind == SELECT:
            d = d[(*_AHEAD[dim], rest[0], ...)]
            spec, saved = _SELECT, (dim, rest[0], shape)
        elif kind == SLICE:
            start, stop, step = rest
            d = d[(*_AHEAD[dim], slice(start, stop, step))]
            spec, saved = _SLICE, (dim, start, step, stop, shape)
        else:
            d = d.reshape((*shape[:dim], 1, *shape[dim:]))  # None would give it a stride of 0
            spec, saved = _UNSQUEEZE, (shape,)
        if n is not None:
            node = new(Node)
            node.key, node.step, node.edge, node.others, node.saved = tick(), spec.run, n, None, saved
            n = node
    out = wrap(d)
    out._n = n
    track(x, out)
    return out


# ------------------------------------------------------------------------------------------------ x[...] = value
def setitem(self: Tensor, index: Any, value: Any) -> None:
    """``x[index] = value``, in memory and in the graph."""
    if RAW["BUSY"] and here.modes:
        overridden(setitem, (self, index, value), {})
        return
    d, n, kind = self._d, self._n, type(value)
    if type(d) is not ndarray:
        d = box(self)
    if kind is float:
        v = value if d.dtype.kind == "f" and -1e30 < value < 1e30 else None
    elif kind is int:
        v = value if d.dtype.kind in "fi" and -128 <= value <= 127 else None
    elif kind is Tensor:
        v = value._d
        if v.dtype is not d.dtype or (v.base is not None and type(v) is ndarray) or v is d or v is d.base:
            v = None
    else:
        v = None
    if v is None:
        _set(self, index, value)
        return
    if here.grad and (n is not None or (kind is Tensor and value._n is not None)):
        if not write_recorded(self, d, index, v, value._n if kind is Tensor else None):
            _set(self, index, value)
        return
    if not _write_plainly(d, index, v):
        _set(self, index, value)
        return
    wrote(d)
    if n is not None or d.base is not None:
        follow_quietly(self)


setitem.__name__ = setitem.__qualname__ = "__setitem__"


def delitem(self: Tensor, index: Any) -> None:
    """Tensors have no way to lose entries."""
    raise TypeError("Tensor does not support deleting items")


def _write_plainly(d: Any, index: Any, v: Any) -> bool:
    """Write where NumPy reads index and value as PyTorch does; False if nothing was written."""
    kind = type(index)
    if kind is int:
        pass
    elif kind is tuple:
        if not _is_plain(index):
            return False
    elif kind is slice:
        step = index.step
        if not d.ndim or (step is not None and (type(step) is not int or step < 1)):
            return False
    elif kind is Tensor:
        index = index._d
        if type(index) is not ndarray or not index.ndim or index.dtype.char not in "l?" or index is d:
            return False
        if type(v) is ndarray and index.dtype.char == "?" and v.ndim:
            return False  # PyTorch broadcasts where NumPy does not
    else:
        return False
    if 0 in d.strides and d.size:
        return False  # an expanded tensor
    try:
        d[index] = v
    except (IndexError, ValueError, TypeError, OverflowError, FloatingPointError):
        return False
    return True


def _set(self: Tensor, index: Any, value: Any) -> None:
    """``self[index] = value`` for any index and value."""
    v = valued(self, value)
    if index is False:
        return
    taken = Index(self._d.shape, None if index is True else index)
    if taken.arrays:
        _set_by_arrays(self, taken, v)
    else:
        _set_part(self, taken.steps, v)


def valued(self: Tensor, value: Any) -> Tensor:
    """What is assigned, as a tensor: itself, or a number in the dtype of ``self``."""
    if isinstance(value, Tensor):
        return value
    if not isinstance(value, int | float | complex | np.integer):
        raise TypeError(f"can't assign a {errors.kind_of(value)} to a torch.{self.dtype.title}Tensor")
    return wrap(number_in(value, self._d.dtype))


def _fitted(v: Tensor, shape: tuple[int, ...]) -> Tensor:
    """``v`` without leading ones and expanded to ``shape``; as it is where it has that shape, or none."""
    d = v._d
    if d.shape == shape or not d.ndim:
        return v
    v = view(v, _without_ones(d.shape))
    return v if v._d.shape == shape else expanded(v, shape)


def _without_ones(shape: tuple[int, ...]) -> tuple[int, ...]:
    """A shape without leading ones."""
    return shape[next((i for i, n in enumerate(shape) if n != 1), len(shape)) :]


def _stripped(v: Tensor) -> Tensor:
    """``v`` without leading dimensions of size 1."""
    shape = v._d.shape
    return view(v, _without_ones(shape)) if shape and shape[0] == 1 else v


def _set_part(self: Tensor, steps: list[tuple[Any, ...]], v: Tensor) -> None:
    """``x[part] = value`` where the part is a view."""
    recording = here.grad and (self._n is not None or wants_gradient(self, (v,)))
    data = box(self)
    part = data
    for kind, dim, *rest in steps:
        ahead = _AHEAD[dim]
        part = part[(*ahead, rest[0], ...) if kind == SELECT else (*ahead, slice(*rest) if kind == SLICE else None)]
    same = v._d.shape == part.shape
    fills = not v._d.ndim and not same
    v = _fitted(v, part.shape)
    if recording:
        check_part(self, steps)
        check_writable(self, of_part=bool(steps))
        recording = data.dtype.kind in "fc"
    check_overlap(part)
    if v._d is not self._d and not fills:
        check_partial_overlap(part, v._d)
    with np.errstate(all="ignore"):
        part[...] = v._d if v._d.dtype.kind != "c" or part.dtype.kind in "cb" else v._d.real
    if not recording:
        wrote(data)
        follow_quietly(self)
        return
    if data.dtype.kind == "c":
        RAW["complex_graph"]()
    base = self if self._base is None else self._base
    old, shape = base._n, {"y_shape": v._d.shape, "y_dtype": v._d.dtype}
    if base is not self or steps:
        node = hang("copy_slices", {"x": old, "y": v._n}, {"places": region(base, part), **shape})
    elif not fills:
        node = hang("copy", {"x": old, "y": v._n}, shape)
    else:
        node = hang("filled_with", {"x": old, "value": v._n}, {"name": "FillBackward3"})
    wrote(data, node.name() if node is not None else "")
    move(base, node)
    follow(base, old)


def _set_by_arrays(self: Tensor, taken: Index, v: Tensor) -> None:
    """``x[arrays] = value``."""
    recording = here.grad and (self._n is not None or wants_gradient(self, (v,)))
    if recording:
        check_part(self, taken.steps)
        check_writable(self, of_part=bool(taken.steps))
        part = viewed(self, taken.steps) if taken.steps else self
    else:
        part = wrap(box(self))
        part = viewed(part, taken.steps) if taken.steps else part
    v = _stripped(v)
    for a in (v._d, *taken.arrays):
        check_partial_overlap(part._d, a, full=True)
    indices = taken.indices()
    if recording:
        apply(part, RAW["index_put_front"], (indices, v), {})
        return
    v = RAW["check_put"](part._d, indices, v)
    check_overlap(part._d)
    try:
        rows.put(part._d, indices, v._d)
    except IndexError:
        raise range_error(indices, part._d.shape) from None
    wrote(part._d)
    follow_quietly(self)
