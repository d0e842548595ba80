"""What stands in ``x[...]``, read as PyTorch reads it: first views for numbers, slices and None, then index arrays.

NumPy counts a number among several index arrays as one of them, PyTorch takes it first: ``x[0, :, [1, 2]]`` on
(2, 3, 4) is (3, 2) here and (2, 3) there.
"""

from __future__ import annotations

import operator
import warnings
from typing import Any

import numpy as np

from ..tensor import Tensor

SELECT, SLICE, UNSQUEEZE = "select", "slice", "unsqueeze"
_WHOLE = slice(None)
_NO_DIMENSION = (
    "invalid index of a 0-dim tensor. Use `tensor.item()` in Python or `tensor.item<T>()` in C++ to convert a 0-dim "
    "tensor to a number"
)
_NO_SLICE = "slice() cannot be applied to a 0-dim tensor."
_DEPRECATED = (
    "Using a non-tuple sequence for multidimensional indexing is deprecated and will be changed in pytorch 2.9; use "
    "x[tuple(seq)] instead of x[seq]. In pytorch 2.9 this will be interpreted as tensor index, x[torch.tensor(seq)], "
    "which will result either in an error or a different result"
)


class Index:
    """An index taken apart.

    steps: views to take one after the other, ``(kind, dim, *arguments)``. basic: the same as one NumPy index.
    arrays: for each dimension of what the steps give, an index array, a mask, or None.
    """

    __slots__ = ("_at", "_item", "_rest", "_shape", "arrays", "basic", "steps")

    def __init__(self, shape: tuple[int, ...], index: Any) -> None:
        items = index if type(index) is tuple else _items(index)
        self.steps: list[tuple[Any, ...]] = []
        self.basic: list[Any] = []
        self.arrays: list[Any] = []
        self._shape, self._at = shape, 0
        named = sum([_consumes(item) for item in items])
        if named > len(shape):
            if not shape and len(items) == 1:
                raise IndexError(_NO_SLICE if type(index) is slice else _NO_DIMENSION)
            raise IndexError(f"too many indices for tensor of dimension {len(shape)}")
        self._rest = len(shape) - named  # what an ellipsis stands for: a second one stands for nothing
        for self._item, item in enumerate(items):
            self._add(item)

    def _add(self, item: Any) -> None:
        kind = type(item)
        if kind is int:
            self._select(item)
        elif kind is slice:
            start, stop, step = bounds(item, self._shape[self._at])
            if item.start not in (None, 0) or step != 1 or stop != self._shape[self._at]:
                self.steps.append((SLICE, len(self.arrays), start, stop, step))
            self._keep(slice(start, stop, step))
        elif item is None or kind is bool:
            self.steps.append((UNSQUEEZE, len(self.arrays)))
            self.basic.append(None)
            self.arrays.append(None if item is None else np.array([item]))
        elif item is Ellipsis:
            while self._rest:
                self._keep(_WHOLE)
                self._rest -= 1
        else:
            self._add_array(_array(item))

    def _add_array(self, array: Any) -> None:
        if array.ndim:
            mask = array.dtype.kind == "b"
            for i in range(array.ndim if mask else 1):
                self._keep(_WHOLE)
                self.arrays[-1] = array if not i else _PART_OF_MASK
        elif array.dtype.kind == "b":
            self._add(bool(array))
        else:
            self._select(int(array))

    def _keep(self, part: slice) -> None:
        self.basic.append(part)
        self.arrays.append(None)
        self._at += 1

    def _select(self, i: int) -> None:
        n = self._shape[self._at]
        if not -n <= i < n:
            raise out_of_bounds(i, self._item, n)  # PyTorch counts items where it says dimension
        self.steps.append((SELECT, len(self.arrays), i))
        self.basic.append(i)
        self._at += 1

    def advanced(self) -> bool:
        """Whether there are index arrays or masks."""
        return any(a is not None for a in self.arrays)

    def indices(self, shape: tuple[int, ...]) -> tuple[Any, ...]:
        """NumPy's index for the arrays, on what the steps gave, which has ``shape``.

        Errors: IndexError, PyTorch's, for masks of another shape and arrays that do not broadcast.
        """
        found: list[Any] = []
        shapes: list[tuple[int, ...]] = []
        checks: list[tuple[int, int, int]] = []  # place in ``found``, number among the index arrays, size
        for dim, a in enumerate(self.arrays):
            if a is _PART_OF_MASK:
                continue
            if a is None:
                found.append(_WHOLE)
            elif a.dtype.kind == "b":
                _check_mask(a, dim, shape)
                shapes += [(int(np.count_nonzero(a)),)] * a.ndim
                found.append(a)
            else:
                checks.append((len(found), len(shapes), shape[dim]))
                shapes.append(a.shape)
                found.append(a)
        picked = _broadcast(shapes)
        whole = [n for n, a in zip(shape, [*self.arrays, *[None] * len(shape)], strict=False) if a is None]
        for place, number, n in checks:
            if 0 not in picked and 0 not in whole:
                _check_range(found[place], number, n)
            elif n:
                found[place] = np.zeros_like(found[place])  # nothing is picked: PyTorch does not look
        while found and found[-1] is _WHOLE:
            found.pop()
        return tuple(found)


class _Part:
    """Stands for the second and later dimensions of a mask."""


_PART_OF_MASK: Any = _Part()


def _check_mask(mask: Any, dim: int, shape: tuple[int, ...]) -> None:
    for i, n in enumerate(mask.shape):
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


def _check_range(a: Any, dim: int, n: int) -> None:
    """PyTorch's error for an entry outside of ``[-n, n)``; it counts index arrays where it says dimension."""
    if a.size and not (-n <= a.min() and a.max() < n):
        wrong = a[(a < -n) | (a >= n)]
        raise out_of_bounds(int(wrong[0]), dim, n)


def out_of_bounds(i: int, dim: int, n: int) -> IndexError:
    """PyTorch's error for an index outside of a dimension."""
    return IndexError(f"index {i} is out of bounds for dimension {dim} with size {n}")


def bounds(part: slice, n: int) -> tuple[int, int, int]:
    """Start, stop and step of a slice of ``n`` entries.

    Errors: ValueError for a step that is not positive.
    """
    step = 1 if part.step is None else operator.index(part.step)
    if step < 0:
        raise ValueError("step must be greater than zero")
    start, stop, step = part.indices(n)
    return start, max(start, stop), step


def _items(index: Any) -> tuple[Any, ...]:
    """An index that is no tuple as one; short lists with more than numbers in them count as tuples, for now."""
    if not isinstance(index, list) or len(index) >= 32:
        return (index,)
    if any(i is None or i is Ellipsis or isinstance(i, Tensor | list | tuple | slice | np.ndarray) for i in index):
        warnings.warn(_DEPRECATED, UserWarning, stacklevel=5)
        return tuple(index)
    return (index,)


def _consumes(item: Any) -> int:
    """How many dimensions an item stands for."""
    if item is None or item is Ellipsis or type(item) is bool:
        return 0
    d = item._d if isinstance(item, Tensor) else item
    if isinstance(d, np.ndarray | np.generic) and d.dtype.kind in "bu" and d.dtype.itemsize == 1:
        return d.ndim
    return 1


def _array(item: Any) -> Any:
    """An index array, a mask, or a 0-d number."""
    if isinstance(item, Tensor):
        a = item._d
        if a.dtype.char == "B":
            warnings.warn(
                "indexing with dtype torch.uint8 is now deprecated, please use a dtype torch.bool instead.",
                UserWarning,
                stacklevel=6,
            )
            return a.astype(bool)
        if a.dtype.char not in "?il" and a.dtype.name not in ("int32", "int64"):
            raise IndexError("tensors used as indices must be long, int, byte or bool tensors")
        return np.array(a)  # a copy: the graph keeps it, and the program may write to it
    if isinstance(item, np.ndarray):
        return item.astype(bool) if item.dtype.char == "B" else np.array(item)
    if isinstance(item, list | tuple | range):
        a = np.asarray([i.item() if isinstance(i, Tensor) else i for i in item])
        return a if a.dtype.kind == "b" and a.size else a.astype(np.int64)
    if isinstance(item, str):
        raise TypeError("new(): invalid data type 'str'")
    try:
        return np.int64(operator.index(item))
    except TypeError:
        raise IndexError(
            "only integers, slices (`:`), ellipsis (`...`), None and long or byte Variables are valid indices (got "
            f"{type(item).__name__})"
        ) from None
