"""Joining and parting as PyTorch calls them: ``cat``, ``stack``, ``split``, ``chunk``, ``unbind`` and their kin."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from itertools import pairwise
from operator import index
from typing import Any

from .. import dtypes, errors
from ..mode import here, overridable, overridden
from ..ops import join as rows
from ..ops.join import listed
from ..ops.shape import reshaped, slice_of
from ..table.kernel import RAW
from ..tensor import Tensor
from .out import written
from .shape import FUNCTIONS as SHAPES
from .shape import dim_of


# ------------------------------------------------------------------------------------------------ joining
def cat(tensors: Sequence[Tensor], dim: int = 0, *, axis: int | None = None, out: Any = None) -> Tensor:
    """``tensors`` one behind the other along ``dim``.

    Shapes: equal but for ``dim``; empty vectors are left out.
    """
    if axis is not None:
        dim = axis
    if out is not None:
        xs, _ = rows.joinable(tensors, dim)
        return _into("cat", out, lambda: rows.cat(xs, dim), xs)
    return rows.cat(tensors, dim)


def stack(tensors: Sequence[Tensor], dim: int = 0, *, out: Any = None) -> Tensor:
    """``tensors`` of one shape as entries along a new dimension ``dim``."""
    if out is not None:
        xs, _ = rows.stackable(tensors, dim)
        return _into("stack", out, lambda: rows.stack(xs, dim), xs)
    return rows.stack(tensors, dim)


def _into(name: str, out: Any, run: Callable[[], Tensor], xs: list[Tensor]) -> Tensor:
    """``written``, with PyTorch's error for what cannot be cast."""
    d = dtypes.result_type([x._d.dtype for x in xs], [], [])
    if isinstance(out, Tensor) and dtypes.category(d) > dtypes.category(out._d.dtype):
        title = out.dtype.title
        raise TypeError(f"torch.cat(): input types can't be cast to the desired output type {title}")
    return written(name, out, run, xs, True)


def _at_least(name: str, count: int, dim: Callable[[list[Tensor]], int]) -> Callable[..., Tensor]:
    raised = SHAPES[f"atleast_{count}d"]

    @overridable
    def joined(tensors: Sequence[Tensor]) -> Tensor:
        """``cat`` along a fixed dimension, with dimensions of size 1 added as needed."""
        xs = listed(name, tensors)
        if not xs:
            raise RuntimeError(f"{name} expects a non-empty TensorList")
        xs = [raised(x) for x in xs]
        return rows.cat(xs, dim(xs))

    joined.__name__ = name
    return joined


hstack = _at_least("hstack", 1, lambda xs: 0 if xs[0]._d.ndim == 1 else 1)
vstack = _at_least("vstack", 2, lambda xs: 0)
dstack = _at_least("dstack", 3, lambda xs: 2)


def _stacked(function: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """``function`` with ``out=``."""

    @functools.wraps(function)
    def front(tensors: Sequence[Tensor], *, out: Any = None) -> Tensor:
        if out is None:
            return function(tensors)
        return _into(function.__name__, out, lambda: function(tensors), listed(function.__name__, tensors))

    return front


@overridable
def column_stack(tensors: Sequence[Tensor]) -> Tensor:
    """Vectors as the columns of a matrix; matrices side by side."""
    xs = listed("column_stack", tensors)
    if not xs:
        raise RuntimeError("column_stack expects a non-empty TensorList")
    return rows.cat([reshaped(x, (x._d.size, 1)) if x._d.ndim < 2 else x for x in xs], 1)


# ------------------------------------------------------------------------------------------------ parting
def split(tensor: Tensor, split_size_or_sections: Any = None, dim: int = 0, **named: Any) -> tuple[Tensor, ...]:
    """Views along ``dim``: each of one size, the last perhaps smaller; or of the sizes listed."""
    if RAW["BUSY"] and here.modes:
        return overridden(split, (tensor, split_size_or_sections, dim), named)
    given = named["split_size"] if named else split_size_or_sections
    if type(given) is not int:
        if isinstance(given, tuple | list):
            return split_with_sizes(tensor, given, dim)
        given = index(given)
    return split_of(tensor, given, dim, rows.split)


def split_of(tensor: Tensor, given: int, dim: int, row: Callable[..., Any]) -> tuple[Tensor, ...]:
    """Parts of ``given`` entries by the row ``row``, after PyTorch's checks."""
    shape = tensor._d.shape
    if not shape:
        raise RuntimeError("split expects at least a 1-dimensional tensor")
    d = dim if 0 <= dim < len(shape) else dim_of(dim, len(shape))
    n = shape[d]
    if given < 0:
        raise RuntimeError(f"split expects split_size be non-negative, but got split_size={given}")
    if not given and n:
        raise RuntimeError(f"split_size can only be 0 if dimension size is 0, but got dimension size of {n}")
    return row(tensor, _equal(n, given), d)


def _equal(n: int, size: int) -> tuple[int, ...]:
    if not n:
        return (0,)
    whole, rest = divmod(n, size)
    return (size,) * whole + ((rest,) if rest else ())


@overridable
def split_with_sizes(tensor: Tensor, split_sizes: Sequence[int], dim: int = 0) -> tuple[Tensor, ...]:
    """Views along ``dim`` of the sizes listed."""
    d = dim_of(dim, tensor._d.ndim)
    if not tensor._d.ndim:
        raise RuntimeError("split expects at least a 1-dimensional tensor")
    wanted, n = tuple(split_sizes), tensor._d.shape[d]
    if any(s < 0 for s in wanted):
        raise RuntimeError(
            f"split_with_sizes expects split_sizes have only non-negative entries, but got split_sizes={list(wanted)}"
        )
    if sum(wanted) != n:
        raise RuntimeError(
            f"split_with_sizes expects split_sizes to sum exactly to {n} (input tensor's size at dimension {d}), but "
            f"got split_sizes={list(wanted)}"
        )
    return rows.split_with_sizes(tensor, wanted, d)


def chunk(input: Tensor, chunks: int, dim: int = 0) -> tuple[Tensor, ...]:
    """At most ``chunks`` views of equal size along ``dim``, the last perhaps smaller."""
    if RAW["BUSY"] and here.modes:
        return overridden(chunk, (input, chunks, dim), {})
    return chunked(input, chunks, dim, rows.split, rows.split_with_sizes)


def chunked(input: Tensor, chunks: int, dim: int, row: Callable[..., Any], empty: Callable[..., Any]) -> Any:
    """At most ``chunks`` equal parts by the row ``row``; by ``empty`` where there is nothing to part."""
    shape = input._d.shape
    if not shape:
        raise RuntimeError("chunk expects at least a 1-dimensional tensor")
    if chunks <= 0:
        raise RuntimeError(f"chunk expects `chunks` to be greater than 0, got: {chunks}")
    d = dim if 0 <= dim < len(shape) else dim_of(dim, len(shape))
    n = shape[d]
    if not n:
        return empty(input, (0,) * chunks, d)
    return row(input, _equal(n, -(-n // chunks)), d)


@overridable
def tensor_split(input: Tensor, indices_or_sections: Any, dim: int = 0) -> tuple[Tensor, ...]:
    """Views along ``dim``: so many of nearly equal size, or cut at the places listed."""
    if not input._d.ndim:
        raise RuntimeError("tensor_split expected at least a 1-dimensional tensor, but got a tensor with 0 dims")
    d = dim_of(dim, input._d.ndim)
    n, given = input._d.shape[d], indices_or_sections
    given = given.tolist() if isinstance(given, Tensor) else given
    if isinstance(given, tuple | list):
        cuts = [0, *[slice(i).indices(n)[1] for i in given], n]
    else:
        if given <= 0:
            raise RuntimeError(f"number of sections must be larger than 0, got {given}")
        small, more = divmod(n, given)
        cuts = [i * small + min(i, more) for i in range(given + 1)]
    return tuple([slice_of(input, d, a, max(a, b), 1) for a, b in pairwise(cuts)])


def _split_along(name: str, ndim: int, dim: int) -> Callable[..., tuple[Tensor, ...]]:
    @overridable
    def parted(input: Tensor, indices_or_sections: Any) -> tuple[Tensor, ...]:
        """``tensor_split`` along a fixed dimension, into parts of equal size."""
        n = input._d.ndim
        if n < ndim:
            raise RuntimeError(
                f"torch.{name} requires a tensor with at least {ndim} dimension, but got a tensor with {n} dimensions!"
            )
        d = 0 if n == 1 else dim
        k = indices_or_sections
        if not isinstance(k, int | tuple | list):
            raise errors.combination(name, (k,), ("(int sections)", "(tuple of ints indices)"))
        if isinstance(k, int) and (k <= 0 or input._d.shape[d] % k):
            raise RuntimeError(
                f"torch.{name} attempted to split along dimension {d}, but the size of the dimension "
                f"{input._d.shape[d]} is not divisible by the split_size {k}!"
            )
        return tensor_split(input, k, d)

    parted.__name__ = name
    return parted


def unbind(input: Tensor, dim: int = 0) -> tuple[Tensor, ...]:
    """Every entry along ``dim``, as views."""
    n = input._d.ndim
    if not n:
        raise IndexError(f"Dimension specified as {dim} but tensor has no dimensions")
    return rows.unbind(input, dim if 0 <= dim < n else dim_of(dim, n))


FUNCTIONS: dict[str, Any] = {
    "cat": cat, "concat": cat, "concatenate": cat, "stack": stack, "hstack": hstack, "vstack": vstack,
    "row_stack": vstack, "dstack": dstack, "column_stack": column_stack,
    "split": split, "split_with_sizes": split_with_sizes, "chunk": chunk, "tensor_split": tensor_split,
    "hsplit": _split_along("hsplit", 1, 1), "vsplit": _split_along("vsplit", 2, 0),
    "dsplit": _split_along("dsplit", 3, 2), "unbind": unbind,
}  # fmt: skip
FUNCTIONS |= {name: _stacked(FUNCTIONS[name]) for name in ("hstack", "vstack", "row_stack", "dstack", "column_stack")}
METHODS = {
    name: FUNCTIONS[name]
    for name in ("split", "split_with_sizes", "chunk", "tensor_split", "hsplit", "vsplit", "dsplit", "unbind")
}
IN_PLACE: dict[str, Any] = {}
