"""The functions that take index tensors and masks: ``index_put``, ``masked_fill``, ``masked_select``, ``nonzero``."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import errors
from ..mode import followed, overridable
from ..ops import index as rows
from ..ops import masks
from ..table.inplace import apply, check_partial_overlap
from ..table.kernel import PUBLIC, RAW
from ..tensor import Tensor, box, wrap
from .indices import PART_OF_MASK, numpy_index, range_error
from .out import accepts_out, same_scalar
from .subscript import delitem, getitem, setitem
from .values import number_in


# ------------------------------------------------------------------------------------------------ index_put
def _check_tensors(name: str, indices: Any, values: Any, position: int) -> None:
    """Raise PyTorch's error unless ``indices`` is a sequence of tensors, and ``values`` a tensor."""
    if not isinstance(indices, tuple | list):
        kind = type(indices).__name__
        raise TypeError(f"{name}(): argument 'indices' (position {position - 1}) must be tuple of Tensors, not {kind}")
    for place, i in enumerate(indices):
        if not isinstance(i, Tensor | np.ndarray | slice):
            raise TypeError(f"expected Tensor as element {place} in argument 0, but got {type(i).__name__}")
    if not isinstance(values, Tensor):
        raise errors.argument(name, "values", position, values)


def _positions(x: Tensor, indices: Any) -> tuple[Any, ...]:
    """The ``indices`` of index_put, a sequence of index tensors, as NumPy's index."""
    if type(indices) is tuple and all(isinstance(i, np.ndarray | slice) for i in indices):  # from ``x[...] = v``
        return indices
    arrays: list[Any] = []
    for i in indices:
        a = box(i)
        if a.dtype.char == "B":
            a = a.astype(bool)
        if not a.ndim:
            a = a.reshape(1)
        arrays += [a, *[PART_OF_MASK] * (a.ndim - 1 if a.dtype.kind == "b" else 0)]
    return numpy_index(arrays, x._d.shape)


@overridable
def index_put(input: Tensor, indices: Any, values: Tensor, accumulate: bool = False) -> Tensor:
    """``values`` at the places that a tuple of index tensors names, or added there."""
    return _put("index_put", input, indices, values, accumulate, 3)


RAW["index_put_front"] = index_put


def _put(name: str, input: Tensor, indices: Any, values: Any, accumulate: bool, position: int) -> Tensor:
    _check_tensors(name, indices, values, position)
    at = _positions(input, indices)
    values = check_put(input._d, at, values, accumulate)
    try:
        return rows.index_put(input, values, at, accumulate)
    except IndexError:
        raise range_error(at, input._d.shape) from None


def _method(self: Tensor, indices: Any, values: Tensor, accumulate: bool = False) -> Tensor:
    """``values`` at the places that a tuple of index tensors names, or added there."""
    return _put("index_put", self, indices, values, accumulate, 2)


@overridable
def index_put_(self: Tensor, indices: Any, values: Tensor, accumulate: bool = False) -> Tensor:
    """``index_put``, written into this tensor."""

    def written(input: Tensor, values: Tensor) -> Tensor:
        return _put("index_put_", input, indices, values, accumulate, 2)

    _check_tensors("index_put_", indices, values, 2)
    bools = [i for i in indices if i._d.dtype.kind == "b"]
    for t in (values, *indices) if values._d.size != 1 or len(bools) != 1 or len(indices) != 1 else ():
        if isinstance(t, Tensor):
            check_partial_overlap(box(self), t._d, full=True)
    return apply(self, written, (values,), {})


_method.__name__ = _method.__qualname__ = "index_put"
_method = overridable(_method)


def check_put(part: Any, indices: tuple[Any, ...], v: Tensor, accumulate: bool = False) -> Tensor:
    """``v`` as it is written at ``indices`` of the array ``part``: one number for one mask may have another dtype.

    Errors: PyTorch's, for another dtype or shape.
    """
    place = _picked(part.shape, indices)
    alone = v._d.size == 1 and not accumulate and _is_one_mask(indices)
    try:
        fits = alone or np.broadcast_shapes(v._d.shape, place) == place
    except ValueError:
        fits = False
    if not fits:
        raise RuntimeError(
            f"shape mismatch: value tensor of shape {list(v._d.shape)} cannot be broadcast to indexing result of shape "
            f"{list(place)}"
        )
    if alone:
        if not followed(v):
            v = wrap(np.full(v._d.shape, number_in(v.item(), part.dtype)))
    elif v._d.dtype is not part.dtype:
        raise RuntimeError(
            "Index put requires the source and destination dtypes match, got "
            f"{wrap(part).dtype.title} for the destination and {v.dtype.title} for the source."
        )
    return v


RAW["check_put"] = check_put


def _is_one_mask(indices: tuple[Any, ...]) -> bool:
    arrays = [a for a in indices if not isinstance(a, slice)]
    return len(arrays) == 1 and arrays[0].dtype.kind == "b"


def _picked(shape: tuple[int, ...], indices: tuple[Any, ...]) -> tuple[int, ...]:
    """The shape of what ``indices`` pick from ``shape``."""
    if len(indices) == 1 and not isinstance(indices[0], slice) and indices[0].dtype.kind != "b":
        return (*indices[0].shape, *shape[1:])
    blind = [a if isinstance(a, slice) or a.dtype.kind == "b" else np.zeros_like(a) for a in indices]
    whole = np.broadcast_to(np.int8(0), [max(n, 1) for n in shape] if 0 in shape else shape)
    return whole[tuple(blind)].shape if 0 not in shape else np.zeros(shape, bool)[tuple(indices)].shape


# ------------------------------------------------------------------------------------------------ masks
_C_NAMES = {
    "float32": "float", "float64": "double", "int64": "long int", "int32": "int", "int16": "short int",
    "int8": "signed char", "uint8": "unsigned char", "float16": "c10::Half", "complex64": "c10::complex<float>",
    "complex128": "c10::complex<double>",
}  # fmt: skip


@overridable
def masked_fill(input: Tensor, mask: Tensor, value: Any) -> Tensor:
    """``value``, a number or a 0-d tensor, where ``mask``."""
    if not isinstance(mask, Tensor) or not isinstance(value, Tensor | int | float | complex | np.number | np.bool_):
        expected = ("(Tensor mask, Tensor value)", "(Tensor mask, Number value)")  # which PyTorch explains at length
        raise errors.combination("masked_fill", (mask, value), expected)
    if isinstance(value, Tensor) and value._d.ndim:
        raise RuntimeError(
            "masked_fill_ only supports a 0-dimensional value tensor, but got tensor with "
            f"{value._d.ndim} dimension(s)."
        )
    _check_broadcast(mask._d.shape, input._d.shape)
    if mask._d.dtype.kind != "b":
        raise RuntimeError(
            f"masked_fill_ only supports boolean masks, but got mask with dtype {_C_NAMES[mask.dtype.name]}"
        )
    d = input._d.dtype
    if not isinstance(value, Tensor):
        return masks.masked_fill(input, mask, value if type(value) is float and d.char == "d" else number_in(value, d))
    if value._d.dtype is not d:
        number_in(value.item(), d)
        value = PUBLIC["cast"](value, d)
    return masks.masked_fill_tensor(input, mask, value)


def _fill_masked(input: Tensor, mask: Tensor, value: Any) -> Tensor:
    if isinstance(mask, Tensor):
        _check_broadcast(input._d.shape, mask._d.shape)  # in the other order than where it makes a new tensor
    return masked_fill(input, mask, value)


def _check_broadcast(a: tuple[int, ...], b: tuple[int, ...]) -> None:
    if a == b:
        return
    try:
        np.broadcast_shapes(a, b)
    except ValueError:
        raise errors.no_broadcast(a, b) from None


@overridable
def masked_select(input: Tensor, mask: Tensor) -> Tensor:
    """The elements where ``mask``, as a vector."""
    if not isinstance(mask, Tensor):
        raise errors.argument("masked_select", "mask", 1, mask)
    if mask._d.dtype.kind != "b":
        raise RuntimeError("masked_select: expected BoolTensor for mask")
    _check_broadcast(input._d.shape, mask._d.shape)
    return masks.masked_select(input, mask)


@overridable
def nonzero(input: Tensor, *, as_tuple: bool = False) -> Any:
    """The indices of what is not 0: one row each, or a vector for each dimension."""
    if as_tuple:
        return tuple([wrap(np.array(i)) for i in np.nonzero(np.atleast_1d(input._d))])
    return wrap(np.argwhere(np.asarray(input._d)))


@overridable
def argwhere(input: Tensor) -> Tensor:
    """The indices of what is not 0, one row each."""
    return wrap(np.argwhere(np.asarray(input._d)))


# ------------------------------------------------------------------------------------------------ copies in place
def _copied(input: Tensor, src: Any, non_blocking: bool = False) -> Tensor:
    if isinstance(src, int | float | complex | np.number):
        src = wrap(np.asarray(src)[()])
    if not isinstance(src, Tensor):
        raise errors.argument("copy_", "other", 1, src)
    v = src
    if v._d.shape != input._d.shape:
        _check_broadcast(input._d.shape, v._d.shape)
        if np.broadcast_shapes(input._d.shape, v._d.shape) != input._d.shape:
            raise errors.in_place_shape(input._d.shape, np.broadcast_shapes(input._d.shape, v._d.shape))
    return rows.copy(input, v)


METHODS: dict[str, Any] = {
    "__getitem__": getitem, "__setitem__": setitem, "__delitem__": delitem, "index_put": _method,
    "index_put_": index_put_, "masked_fill": masked_fill, "masked_select": masked_select, "nonzero": nonzero,
    "argwhere": argwhere,
}  # fmt: skip
FUNCTIONS: dict[str, Any] = {
    "index_put": index_put, "masked_fill": masked_fill, "nonzero": nonzero, "argwhere": argwhere,
    "masked_select": accepts_out(masked_select, True, same_scalar("masked_select")),
}  # fmt: skip
IN_PLACE: dict[str, Any] = {"masked_fill_": _fill_masked, "copy_": _copied}
