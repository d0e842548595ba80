"""Parts and rearrangements as PyTorch calls them: ``select``, ``narrow``, ``flip``, ``roll``, ``repeat``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .. import errors
from ..mode import overridable
from ..ops import shape as rows
from ..ops.index import index_select
from ..tensor import Tensor, wrap
from .shape import dim_of, dims_of, flatten, sizes


# ------------------------------------------------------------------------------------------------ parts
@overridable
def select(input: Tensor, dim: int, index: Any) -> Tensor:
    """Entry ``index`` along ``dim``, which disappears."""
    shape = input._d.shape
    if not shape:
        raise IndexError("select() cannot be applied to a 0-dim tensor.")
    d, i = dim_of(dim, len(shape)), int(index)
    if not -shape[d] <= i < shape[d]:
        raise IndexError(f"select(): index {i} out of range for tensor of size {list(shape)} at dimension {d}")
    return rows.select(input, d, i)


@overridable
def narrow(input: Tensor, dim: int, start: Any, length: int) -> Tensor:
    """``length`` entries along ``dim`` from ``start`` on."""
    if not input._d.ndim:
        raise RuntimeError("narrow() cannot be applied to a 0-dim tensor.")
    if length < 0:
        raise RuntimeError("narrow(): length must be non-negative.")
    if isinstance(start, Tensor) and (start._d.ndim or start._d.dtype.kind not in "iu"):
        raise RuntimeError("start must be an 0-dim integral Tensor.")
    d, first = dim_of(dim, input._d.ndim), int(start)
    n = input._d.shape[d]
    if not -n <= first <= n:
        raise IndexError(f"start out of range (expected to be in range of [{-n}, {n}], but got {first})")
    first = first + n if first < 0 else first
    if first + length > n:
        raise RuntimeError(f"start ({first}) + length ({length}) exceeds dimension size ({n}).")
    return rows.slice_of(input, d, first, first + length, 1)


@overridable
def diagonal(input: Tensor, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Tensor:
    """The diagonal of two dimensions, as the last dimension; a view."""
    n = input._d.ndim
    a, b = dim_of(dim1, n), dim_of(dim2, n)
    if a == b:
        raise RuntimeError(f"diagonal dimensions cannot be identical {dim1}, {dim2}")
    return rows.diagonal(input, offset, a, b)


@overridable
def unfold(self: Tensor, dimension: int, size: int, step: int) -> Tensor:
    """Windows of ``size`` entries along ``dimension``, one every ``step``, as a new last dimension; a view."""
    d = dim_of(dimension, self._d.ndim)
    n = self._d.shape[d] if self._d.ndim else 1
    if size > n:
        raise RuntimeError(f"maximum size for tensor at dimension {d} is {n} but size is {size}")
    if step <= 0:
        raise RuntimeError(f"step is {step} but must be > 0")
    if not self._d.ndim:
        return rows.slice_of(rows.view_as(self, (1,)), 0, 0, size, 1)
    return rows.unfold(self, d, size, step)


def _triangle(name: str, row: Callable[..., Tensor]) -> Callable[..., Tensor]:
    @overridable
    def triangle(input: Tensor, diagonal: int = 0) -> Tensor:
        if input._d.ndim < 2:
            raise RuntimeError(f"{name}: input tensor must have at least 2 dimensions")
        return row(input, diagonal)

    triangle.__name__, triangle.__doc__ = name, row.__doc__
    return triangle


# ------------------------------------------------------------------------------------------------ the order of entries
@overridable
def flip(input: Tensor, *dims: Any, **named: Any) -> Tensor:
    """The order of entries reversed along ``dims``."""
    return rows.flip(input, dims_of(sizes("flip", "dims", dims, named.get("dims")), input._d.ndim))


def _flip(name: str, ndim: int, dim: int) -> Callable[..., Tensor]:
    @overridable
    def flipped(input: Tensor) -> Tensor:
        """``flip`` along a fixed dimension."""
        if input._d.ndim < ndim:
            raise RuntimeError(f"Input must be >= {ndim}-d.")
        return rows.flip(input, (dim,))

    flipped.__name__ = name
    return flipped


@overridable
def roll(input: Tensor, shifts: Any, dims: Any = ()) -> Tensor:
    """Entries shifted round along ``dims``; over all elements where there are none."""
    by = tuple(shifts) if isinstance(shifts, tuple | list) else (shifts,)
    along = tuple(dims) if isinstance(dims, tuple | list) else (dims,)
    if not by:
        raise RuntimeError("`shifts` required")
    if len(by) != len(along) and not (len(by) == 1 and not along):
        raise RuntimeError(f"shifts and dimensions must align. shifts: {len(by)}, dims:{len(along)}")
    if along and not input._d.ndim:
        raise IndexError(f"Dimension specified as {along[0]} but tensor has no dimensions")
    return rows.roll(input, by, tuple([dim_of(d, input._d.ndim) for d in along]))


@overridable
def rot90(input: Tensor, k: int = 1, dims: Any = (0, 1)) -> Tensor:
    """Turned by ``k`` quarters in the plane of two dimensions."""
    n = input._d.ndim
    if len(dims) != 2:
        raise RuntimeError(f"expected total rotation dims == 2, but got dims = {len(dims)}")
    if n < 2:
        raise RuntimeError(f"expected total dims >= 2, but got total dims = {n}")
    a, b = (dim_of(d, n) for d in dims)
    if a == b:
        raise RuntimeError(f"expected rotation dims to be different, but got dim0 = {dims[0]} and dim1 = {dims[1]}")
    return rows.rot90(input, k % 4, (a, b))


# ------------------------------------------------------------------------------------------------ copies side by side
@overridable
def repeat(self: Tensor, *repeats: Any, **named: Any) -> Tensor:
    """Copies side by side: ``repeats[i]`` of them along dimension i."""
    times = sizes("repeat", "repeats", repeats, named.get("repeats"))
    if len(times) < self._d.ndim:
        raise RuntimeError("Number of dimensions of repeat dims can not be smaller than number of dimensions of tensor")
    if any(n < 0 for n in times):
        shape = (1,) * (len(times) - self._d.ndim) + self._d.shape
        made = [n * m for n, m in zip(times, shape, strict=True)]
        raise RuntimeError(f"Trying to create tensor with negative dimension {next(n for n in made if n < 0)}: {made}")
    return rows.repeat(self, times)


@overridable
def tile(input: Tensor, *dims: Any, **named: Any) -> Tensor:
    """``repeat`` that takes fewer sizes than there are dimensions."""
    times = sizes("tile", "dims", dims, named.get("dims"))
    return repeat(input, (1,) * (input._d.ndim - len(times)) + times)


@overridable
def repeat_interleave(input: Tensor, repeats: Any, dim: int | None = None, *, output_size: Any = None) -> Tensor:
    """Each entry along ``dim`` repeated in place; of all elements where ``dim`` is None."""
    x = input if dim is not None else flatten(input)
    d = dim_of(dim or 0, x._d.ndim)
    if not x._d.ndim:
        raise errors.dim_range(1, 0)
    n = x._d.shape[d]
    if isinstance(repeats, Tensor):
        times = np.asarray(repeats._d)
        if times.ndim > 1:
            raise RuntimeError("repeats must be 0-dim or 1-dim tensor")
        if times.size not in (1, n):
            raise RuntimeError(
                f"repeats must have the same size as input along dim, but got repeats.size(0) = {times.size} and "
                f"input.size({d}) = {n}"
            )
        if (times < 0).any():
            raise RuntimeError("repeats can not be negative")
        return index_select(x, d, wrap(np.repeat(np.arange(n), times)))
    if repeats < 0:
        raise RuntimeError("Repeats must be non-negative")
    shape = x._d.shape
    wide = rows.expand_to(rows.unsqueeze(x, d + 1), (*shape[: d + 1], repeats, *shape[d + 1 :]))
    return rows.view_as(rows.clone(wide, "C"), (*shape[:d], n * repeats, *shape[d + 1 :]))


tril, triu = _triangle("tril", rows.tril), _triangle("triu", rows.triu)
FUNCTIONS = {
    "select": select, "narrow": narrow, "diagonal": diagonal, "tril": tril, "triu": triu,
    "flip": flip, "fliplr": _flip("fliplr", 2, 1), "flipud": _flip("flipud", 1, 0), "roll": roll, "rot90": rot90,
    "tile": tile, "repeat_interleave": repeat_interleave,
}  # fmt: skip
METHODS = {**FUNCTIONS, "unfold": unfold, "repeat": repeat}
IN_PLACE = {"tril_": tril, "triu_": triu}
