"""Indexing as PyTorch calls it: ``x[...]``, ``x[...] = value``, and the functions that take index tensors and masks."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import errors
from ..inplace import apply, check_overlap, check_partial_overlap, check_writable, wants_gradient
from ..kernel import PUBLIC, RAW
from ..mode import here, overridable, overridden
from ..ops import index as rows
from ..ops.shape import alias, reshaped, select, slice_of, unsqueeze
from ..rebase import follow, follow_quietly, hang, move, region
from ..tensor import Tensor, box, wrap
from ..versions import wrote
from .indices import SELECT, SLICE, Index, bounds, out_of_bounds
from .shape import expanded


# ------------------------------------------------------------------------------------------------ x[...]
def getitem(self: Tensor, index: Any) -> Tensor:
    """``x[index]``: a view for numbers, slices, None and ``...``; a copy for index arrays and masks."""
    if RAW["BUSY"] and here.modes:
        return overridden(getitem, (self, index), {})
    if type(index) is int:
        try:
            return select(self, 0, index)
        except IndexError:
            if self._d.ndim:
                raise out_of_bounds(index, 0, self._d.shape[0]) from None
    elif type(index) is slice and self._d.ndim:
        return slice_of(self, 0, *bounds(index, self._d.shape[0]))
    elif type(index) is tuple and len(index) == 2 <= self._d.ndim and type(index[0]) is type(index[1]) is int:
        i, j = index
        n, m = self._d.shape[:2]
        if -n <= i < n and -m <= j < m:
            return select(select(self, 0, i), 0, j)
    taken = Index(self._d.shape, index)
    if taken.advanced():
        part = viewed(self, taken)
        return rows.index_by(part, taken.indices(part._d.shape))
    if not taken.steps:
        return alias(self)
    return viewed(self, taken)


def viewed(x: Tensor, taken: Index) -> Tensor:
    """The views that an index takes before its arrays, one node for each where they are recorded."""
    if len(taken.steps) > 1 and (x._n is None or not here.grad) and None not in taken.basic:
        out = wrap(box(x)[(*taken.basic, ...)])
        RAW["track"](x, out)
        return out
    for kind, dim, *rest in taken.steps:
        if kind == SELECT:
            x = select(x, dim, *rest)
        elif kind == SLICE:
            x = slice_of(x, dim, *rest)
        else:
            x = unsqueeze(x, dim)
    return x


getitem.__name__ = getitem.__qualname__ = "__getitem__"


# ------------------------------------------------------------------------------------------------ x[...] = value
def setitem(self: Tensor, index: Any, value: Any) -> None:
    """``x[index] = value``, in memory and in the graph."""
    if RAW["BUSY"] and here.modes:
        overridden(setitem, (self, index, value), {})
        return
    if type(index) is int and type(value) is float and self._n is None and self._base is None and self._d.ndim == 1:
        data = box(self)  # the commonest write of all: a number into an entry of what nothing is known about
        if -len(data) <= index < len(data) and data.dtype.kind == "f":
            data[index] = value
            wrote(data)
            return
    v = _valued(self, value)
    if index is False:
        return
    taken = Index(self._d.shape, None if index is True else index)
    if taken.advanced():
        _set_by_arrays(self, taken, v)
    else:
        _set_part(self, taken, v)


setitem.__name__ = setitem.__qualname__ = "__setitem__"


def _valued(self: Tensor, value: Any) -> Tensor:
    if isinstance(value, Tensor):
        return value
    if not isinstance(value, int | float | complex | np.number | np.bool_):
        kind = "numpy.ndarray" if isinstance(value, np.ndarray) else type(value).__name__
        raise TypeError(f"can't assign a {kind} to a torch.{self.dtype.title}Tensor")
    with np.errstate(all="ignore"):
        return wrap(np.asarray(value).astype(self._d.dtype)[()])


def _fitted(v: Tensor, shape: tuple[int, ...]) -> Tensor:
    """``v`` without leading ones and expanded to ``shape``; as it is where it has that shape, or none."""
    d = v._d
    if d.shape == shape or not d.ndim:
        return v
    first = next((i for i, n in enumerate(d.shape) if n != 1), d.ndim)
    return expanded(reshaped(v, d.shape[first:]), shape)


def _set_part(self: Tensor, taken: Index, v: Tensor) -> None:
    """``x[part] = value`` where the part is a view."""
    recording = here.grad and (self._n is not None or wants_gradient(self, (v,)))
    if recording:
        check_writable(self, of_part=bool(taken.steps))
    data = box(self)
    recording = recording and data.dtype.kind in "fc"
    if recording and data.dtype.kind == "c":
        RAW["complex_graph"]()
    part = data[(*taken.basic, ...)]
    same = v._d.shape == part.shape
    v = _fitted(v, part.shape)
    check_overlap(part)
    if v._d is not self._d and (v._d.ndim or same):
        check_partial_overlap(part, v._d)
    with np.errstate(all="ignore"):
        part[...] = v._d
    if not recording:
        wrote(data)
        follow_quietly(self)
        return
    base = self if self._base is None else self._base
    old, shape = base._n, {"y_shape": v._d.shape, "y_dtype": v._d.dtype}
    if base is not self or taken.steps:
        node = hang("copy_slices", {"x": old, "y": v._n}, {"places": region(base, part), **shape})
    elif same or v._d.ndim or v._d.dtype is not data.dtype:
        node = hang("copy", {"x": old, "y": v._n}, shape)
    else:
        node = hang("filled_with", {"x": old, "value": v._n}, {"name": "FillBackward3"})
    wrote(data, node.name() if node is not None else "")
    move(base, node)
    follow(base, old)


def _set_by_arrays(self: Tensor, taken: Index, v: Tensor) -> None:
    """``x[arrays] = value``."""
    if not v._d.ndim and v._d.dtype is not self._d.dtype:
        v = PUBLIC["cast"](v, self._d.dtype)
    recording = here.grad and (self._n is not None or wants_gradient(self, (v,)))
    if recording:
        check_writable(self, of_part=bool(taken.steps))
        part = viewed(self, taken)
        indices = taken.indices(part._d.shape)
        check_partial_overlap(part._d, v._d, full=True)
        apply(part, index_put, (indices, _stripped(v)), {})
        return
    target = box(self)[(*taken.basic, ...)]
    indices = taken.indices(target.shape)
    check_partial_overlap(target, v._d, full=True)
    _check_put(target, indices, v)
    target[indices] = _stripped(v)._d
    wrote(target)
    follow_quietly(self)


def _stripped(v: Tensor) -> Tensor:
    """``v`` without leading dimensions of size 1."""
    first = next((i for i, n in enumerate(v._d.shape) if n != 1), v._d.ndim)
    return reshaped(v, v._d.shape[first:]) if first else v


def _check_put(part: Any, indices: tuple[Any, ...], v: Tensor) -> None:
    if v._d.dtype is not part.dtype:
        raise RuntimeError(
            "Index put requires the source and destination dtypes match, got "
            f"{wrap(part).dtype.title} for the destination and {v.dtype.title} for the source."
        )
    first = next((i for i, n in enumerate(v._d.shape) if n != 1), v._d.ndim)
    place = np.broadcast_to(part.dtype.type(0), part.shape)[indices].shape
    shape = v._d.shape[first:] if len(v._d.shape) > len(place) else v._d.shape
    try:
        fits = np.broadcast_shapes(shape, place) == place
    except ValueError:
        fits = False
    if not fits:
        raise RuntimeError(
            f"shape mismatch: value tensor of shape {list(v._d.shape)} cannot be broadcast to indexing result of shape "
            f"{list(place)}"
        )


def _positions(x: Tensor, indices: Any) -> tuple[Any, ...]:
    """The ``indices`` of index_put, a tuple of index tensors and None, as NumPy's index."""
    if isinstance(indices, tuple) and all(isinstance(i, np.ndarray | slice) for i in indices):  # from ``x[...] = v``
        return indices
    taken = Index(x._d.shape, tuple([slice(None) if i is None else _vector(i) for i in indices]))
    return taken.indices(x._d.shape)


@overridable
def index_put(input: Tensor, indices: Any, values: Tensor, accumulate: bool = False) -> Tensor:
    """``values`` at the places that a tuple of index tensors names, or added there."""
    at = _positions(input, indices)
    _check_put(input._d, at, values)
    return rows.index_put(input, values, at, accumulate)


def _vector(i: Any) -> Any:
    return wrap(np.asarray(i._d).reshape(1)) if isinstance(i, Tensor) and not i._d.ndim else i


# ------------------------------------------------------------------------------------------------ masks
@overridable
def masked_fill(input: Tensor, mask: Tensor, value: Any) -> Tensor:
    """``value``, a number or a 0-d tensor, where ``mask``."""
    if mask._d.dtype.kind != "b":
        names = {"float32": "float", "float64": "double", "int64": "long int", "int32": "int"}
        raise RuntimeError(
            "masked_fill_ only supports boolean masks, but got mask with dtype "
            + names.get(mask.dtype.name, mask.dtype.name)
        )
    _check_broadcast(mask._d.shape, input._d.shape)
    if not isinstance(value, Tensor):
        return rows.masked_fill(input, mask, value)
    if value._d.ndim:
        raise RuntimeError(
            "masked_fill_ only supports a 0-dimensional value tensor, but got tensor with "
            f"{value._d.ndim} dimension(s)."
        )
    if value._d.dtype is not input._d.dtype:
        value = PUBLIC["cast"](value, input._d.dtype)
    return rows.masked_fill_tensor(input, mask, value)


def _check_broadcast(a: tuple[int, ...], b: tuple[int, ...]) -> None:
    try:
        np.broadcast_shapes(a, b)
    except ValueError:
        raise errors.no_broadcast(a, b) from None


@overridable
def masked_select(input: Tensor, mask: Tensor) -> Tensor:
    """The elements where ``mask``, as a vector."""
    if mask._d.dtype.kind != "b":
        raise RuntimeError("masked_select: expected BoolTensor for mask")
    _check_broadcast(input._d.shape, mask._d.shape)
    return rows.masked_select(input, mask)


@overridable
def nonzero(input: Tensor, *, as_tuple: bool = False) -> Any:
    """The indices of what is not 0: one row each, or a vector for each dimension."""
    if as_tuple:
        return tuple([wrap(i) for i in np.nonzero(np.atleast_1d(input._d))])
    return wrap(np.argwhere(np.asarray(input._d)))


@overridable
def argwhere(input: Tensor) -> Tensor:
    """The indices of what is not 0, one row each."""
    return wrap(np.argwhere(np.asarray(input._d)))


# ------------------------------------------------------------------------------------------------ copies in place
def _copied(input: Tensor, src: Any, non_blocking: bool = False) -> Tensor:
    v = _valued(input, src)
    if v._d.shape != input._d.shape:
        _check_broadcast(input._d.shape, v._d.shape)
        if np.broadcast_shapes(input._d.shape, v._d.shape) != input._d.shape:
            raise errors.in_place_shape(input._d.shape, np.broadcast_shapes(input._d.shape, v._d.shape))
    return rows.copy(input, v)


METHODS: dict[str, Any] = {
    "__getitem__": getitem, "__setitem__": setitem, "index_put": index_put,
    "masked_fill": masked_fill, "masked_select": masked_select, "nonzero": nonzero, "argwhere": argwhere,
}  # fmt: skip
FUNCTIONS: dict[str, Any] = {
    "index_put": index_put, "masked_fill": masked_fill, "masked_select": masked_select, "nonzero": nonzero,
    "argwhere": argwhere,
}  # fmt: skip
IN_PLACE: dict[str, Any] = {"index_put_": index_put, "masked_fill_": masked_fill, "copy_": _copied}
