"""What stands in ``x[...]``, read as PyTorch reads it: first views for numbers, slices and None, then index arrays.

NumPy counts a number among several index arrays as one of them, PyTorch takes it first: ``x[0, :, [1, 2]]`` on
(2, 3, 4) is (3, 2) here and (2, 3) there. Source: PyTorch's ``python_variable_indexing.cpp`` and ``TensorIndexing.h``
(the rules and the texts, not the code).
"""

from __future__ import annotations

import operator
import warnings
from typing import Any

import numpy as np

from .. import errors
from ..factory import array_of
from ..tensor import Tensor, box

SELECT, SLICE, UNSQUEEZE = "select", "slice", "unsqueeze"
_WHOLE = slice(None)
_NO_DIMENSION = (
    "invalid index of a 0-dim tensor. Use `tensor.item()` in Python or `tensor.item<T>()` in C++ to convert a 0-dim "
    "tensor to a number"
)
_DEPRECATED = (
    "Using a non-tuple sequence for multidimensional indexing is deprecated and will be changed in pytorch 2.9; use "
    "x[tuple(seq)] instead of x[seq]. In pytorch 2.9 this will be interpreted as tensor index, x[torch.tensor(seq)], "
    "which will result either in an error or a different result"
)
_WRONG_DTYPE = "tensors used as indices must be long, int, byte or bool tensors"
_NO_INDEX = "only integers, slices (`:`), ellipsis (`...`), None and long or byte Variables are valid indices (got {})"
_INDEX_DTYPES = {np.dtype("q"), np.dtype("i"), np.dtype("?"), np.dtype("B")}


class Index:
    """An index taken apart.

    steps: views to take one after the other, ``(kind, dim, *arguments)``. arrays: for each dimension of what the steps
    give, an index array, a mask, or None; a mask stands at the first of its dimensions.
    """

    __slots__ = ("_dim", "_shape", "arrays", "steps")

    def __init__(self, shape: tuple[int, ...], index: Any) -> None:
        if isinstance(index, np.integer):
            index = int(index)
        bare = type(index) is int or type(index) is slice
        items = index if type(index) is tuple else (index,) if bare else _items(index)
        self.steps: list[tuple[Any, ...]] = []
        self.arrays: list[Any] = []
        self._shape, self._dim = list(shape), 0
        named = sum([_consumes(item) for item in items])
        if named > len(shape) and not bare:
            raise IndexError(f"too many indices for tensor of dimension {len(shape)}")
        for place, item in enumerate(items):
            kind = type(item)
            if kind is int:
                self._select(item, place)
            elif kind is slice:
                self._slice(item)
            elif item is None:
                self._unsqueeze()
            elif item is Ellipsis:
                self._dim += len(shape) - named  # the second one as much as the first
            elif kind is bool:
                self._truth(item)
            else:
                self._other(item, place)

    def _other(self, item: Any, place: int) -> None:
        if isinstance(item, Tensor):
            a = box(item)
            if not a.ndim and a.dtype.kind in "biu":
                if a.dtype.itemsize == 1 and a.dtype.kind != "i":
                    self._truth(bool(a))
                else:
                    self._select(int(a), place)
                return
        elif _is_sequence(item):
            a = _array_of(item)
            if not a.ndim:
                self._select(int(a), place)
                return
        else:
            try:
                self._select(operator.index(item), place)
            except TypeError:
                raise IndexError(_NO_INDEX.format(errors.kind_of(item))) from None
            return
        self._record(a)

    def _record(self, a: Any) -> None:
        if a.dtype.char == "B" and a.dtype.itemsize == 1:
            _warn_bytes()
            a = a.astype(bool)
        self.arrays += [None] * (self._dim - len(self.arrays))
        span = a.ndim if a.dtype.kind == "b" else 1
        self.arrays += [a, *[PART_OF_MASK] * (span - 1)]
        self._dim += span

    def _truth(self, yes: bool) -> None:
        self._unsqueeze()
        self._dim -= 1
        self._record(np.zeros(1 if yes else 0, np.int64))

    def _unsqueeze(self) -> None:
        n = len(self._shape)
        if self._dim > n:
            raise errors.dim_range(self._dim, n + 1)
        self.steps.append((UNSQUEEZE, self._dim))
        self._shape.insert(self._dim, 1)
        self._dim += 1

    def _slice(self, item: slice) -> None:
        if not self._shape:
            bounds(item, 0)
            raise IndexError("slice() cannot be applied to a 0-dim tensor.")
        if self._dim >= len(self._shape):
            raise errors.dim_range(self._dim, len(self._shape))
        n = self._shape[self._dim]
        start, stop, step = bounds(item, n)
        if step != 1 or not is_whole(item, n):
            self.steps.append((SLICE, self._dim, start, stop, step))
            self._shape[self._dim] = -((start - stop) // step)
        self._dim += 1

    def _select(self, i: int, place: int) -> None:
        if not self._shape and not i and not self._dim:
            raise IndexError(_NO_DIMENSION)
        n = self._shape[self._dim] if self._dim < len(self._shape) else 0
        if not -n <= i < n:
            if not -(2**63) <= i < 2**63:
                raise ValueError("Overflow when unpacking long long")
            raise out_of_bounds(i, place, n)  # PyTorch counts items where it says dimension
        self.steps.append((SELECT, self._dim, i))
        del self._shape[self._dim]

    def indices(self) -> tuple[Any, ...]:
        """NumPy's index for the arrays, on what the steps gave."""
        return numpy_index(self.arrays, tuple(self._shape))


class _Part:
    """Stands for the second and later dimensions of a mask."""


PART_OF_MASK: Any = _Part()


def numpy_index(arrays: list[Any], shape: tuple[int, ...]) -> tuple[Any, ...]:
    """NumPy's index for a list of index arrays, masks and None, one for each dimension of ``shape``, or fewer.

    Errors: IndexError, PyTorch's, for masks of another shape and arrays that do not broadcast.
    """
    found: list[Any] = []
    shapes: list[tuple[int, ...]] = []
    sizes: list[int] = []  # of the dimensions that arrays of numbers pick from
    for a in arrays:
        if a is not None and a is not PART_OF_MASK and a.dtype not in _INDEX_DTYPES:
            raise IndexError(_WRONG_DTYPE)
    entries = len(arrays) - sum([a is PART_OF_MASK for a in arrays])
    if entries > len(shape):
        raise IndexError(f"too many indices for tensor of dimension {len(shape)} (got {entries})")
    for dim, a in enumerate(arrays):
        if a is PART_OF_MASK:
            continue
        if a is None:
            found.append(_WHOLE)
        elif a.dtype.kind == "b":
            _check_mask(a, dim, shape)
            shapes += [(int(np.count_nonzero(a)),)] * a.ndim
            sizes += a.shape
            found.append(a)
        else:
            if dim < len(shape):
                sizes.append(shape[dim])
            shapes.append(a.shape)
            found.append(a)
    if len(arrays) > len(shape):
        raise IndexError(f"too many indices for tensor of dimension {len(shape)} (got {len(arrays)})")
    picked = _broadcast(shapes) if len(shapes) > 1 else shapes[0] if shapes else ()
    if 0 in sizes and 0 not in picked:
        raise IndexError("index is out of bounds for dimension with size 0")
    if 0 in picked or 0 in shape:  # nothing is picked: PyTorch does not look
        found = [a if isinstance(a, slice) or a.dtype.kind == "b" else np.zeros_like(a) for a in found]
    while found and found[-1] is _WHOLE:
        found.pop()
    return tuple(found)


def range_error(indices: tuple[Any, ...], shape: tuple[int, ...]) -> IndexError:
    """PyTorch's error for an entry of an index array outside of its dimension."""
    dim = number = 0
    for a in indices:
        if isinstance(a, slice):
            dim += 1
            continue
        if a.dtype.kind != "b":
            wrong = a[(a < -shape[dim]) | (a >= shape[dim])]
            if wrong.size:
                return out_of_bounds(int(wrong[0]), number, shape[dim])
        span = a.ndim if a.dtype.kind == "b" else 1
        dim, number = dim + span, number + span
    return IndexError("index out of range")


def _check_mask(mask: Any, dim: int, shape: tuple[int, ...]) -> None:
    for i, n in enumerate(mask.shape):
        if dim + i >= len(shape):
            raise errors.dim_range(dim + i, len(shape))
        if n != shape[dim + i]:
            raise IndexError(
                f"The shape of the mask {list(mask.shape)} at index {i} does not match the shape of the indexed tensor "
                f"{list(shape)} at index {dim + i}"
            )


def _broadcast(shapes: list[tuple[int, ...]]) -> tuple[int, ...]:
    try:
        return np.broadcast_shapes(*shapes)
    except ValueError:
        raise IndexError(
            "shape mismatch: indexing tensors could not be broadcast together with shapes "
            + ", ".join(str(list(s)) for s in shapes)
        ) from None


def out_of_bounds(i: int, dim: int, n: int) -> IndexError:
    """PyTorch's error for an index outside of a dimension."""
    return IndexError(f"index {i} is out of bounds for dimension {dim} with size {n}")


def bounds(part: slice, n: int) -> tuple[int, int, int]:
    """Start, stop and step of a slice of ``n`` entries.

    Errors: ValueError for a step that is not positive.
    """
    start, stop, step = part.indices(n)
    if step < 0:
        raise ValueError("step must be greater than zero")
    return start, max(start, stop), step


def is_whole(part: slice, n: int) -> bool:
    """Whether a slice with step 1 takes all of ``n`` entries, and says so without counting from the end."""
    start, stop = part.start, part.stop
    return (start is None or operator.index(start) == 0) and (stop is None or operator.index(stop) >= n)


def _items(index: Any) -> tuple[Any, ...]:
    """An index that is no tuple as one; short sequences with more than numbers in them count as tuples, for now."""
    if isinstance(index, Tensor | np.ndarray) or not _is_sequence(index) or len(index) >= 32:
        return (index,)
    if any(i is None or i is Ellipsis or isinstance(i, Tensor | slice) or _is_sequence(i) for i in index):
        warnings.warn(_DEPRECATED, UserWarning, stacklevel=4)
        return tuple(index)
    return (index,)


def _is_sequence(item: Any) -> bool:
    """Whether PyTorch takes ``item`` for a sequence."""
    if isinstance(item, list | tuple | range | str | bytes | np.ndarray):
        return True
    return hasattr(item, "__getitem__") and hasattr(item, "__len__") and not isinstance(item, dict | np.generic)


def _consumes(item: Any) -> int:
    """How many dimensions an item stands for; PyTorch knows the dimensions of masks that are tensors only."""
    if item is None or item is Ellipsis or type(item) is bool:
        return 0
    if isinstance(item, Tensor) and item._d.dtype.itemsize == 1 and item._d.dtype.kind in "bu":
        return item._d.ndim
    return 1


def _warn_bytes() -> None:
    text = "indexing with dtype torch.uint8 is now deprecated, please use a dtype torch.bool instead."
    warnings.warn(text, UserWarning, stacklevel=7)


def _array_of(item: Any) -> Any:
    """An index array or a mask of a sequence."""
    if isinstance(item, np.ndarray):
        return np.array(item) if item.dtype.char in "?B" else item.astype(np.int64)
    if type(item) is list and item and all(type(i) is int for i in item):
        return np.array(item, np.int64)
    kept = array_of(item)
    return kept if kept.dtype.char in "?B" and kept.size else np.asarray(array_of(item, np.dtype(np.int64)))
