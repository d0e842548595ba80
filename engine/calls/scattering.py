"""Writes and sums at places that an index names, as PyTorch calls them: ``scatter_reduce``, ``put``, and places."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from .. import errors
from ..mode import overridable
from ..ops import scattering as rows
from ..ops.shape import reshaped
from ..tensor import Tensor, wrap
from .gather import check_index, check_room, check_source, rows_of
from .shape import sizes


@overridable
def scatter_reduce(
    input: Tensor, dim: int, index: Tensor, src: Tensor, reduce: str, *, include_self: bool = True
) -> Tensor:
    """The sum, product, mean, largest or smallest of what ``src`` has for each place that ``index`` names.

    ``reduce``: "sum", "prod", "mean", "amax" or "amin". ``include_self``: of what was there as well.
    """
    if reduce not in ("sum", "prod", "mean", "amax", "amin"):
        raise RuntimeError(f"reduce argument must be either sum, prod, mean, amax or amin, got {reduce}")
    d = check_index("scatter", input, dim, index, src)
    check_source("scatter", input, src)
    check_room(input, d, index, src)
    if not index._d.size:
        return input.clone()
    if reduce in ("amax", "amin") and input._d.dtype.kind == "c":
        raise errors.not_implemented(f"scatter_gather_tensor_cpu_reduce_{reduce}", input._d.dtype)
    if reduce == "mean" and input._d.dtype.kind == "b":
        raise errors.not_implemented("scatter_gather_tensor_cpu_reduce_mean", input._d.dtype)
    x, at, s = _raised(input, index, src)
    out = rows.scatter_reduce(x, d, at, s, reduce, include_self)
    return reshaped(out, ()) if x is not input else out


def _raised(*tensors: Tensor) -> tuple[Tensor, ...]:
    """0-d tensors among others as vectors of one element."""
    if all(t._d.ndim == tensors[0]._d.ndim for t in tensors):
        return tensors
    return tuple([t if t._d.ndim else reshaped(t, (1,)) for t in tensors])


@overridable
def index_reduce(
    input: Tensor, dim: int, index: Tensor, source: Tensor, reduce: str, *, include_self: bool = True
) -> Tensor:
    """The product, mean, largest or smallest of the entries of ``source`` that ``index`` sends to each entry."""
    warnings.warn("index_reduce() is in beta and the API may change at any time.", UserWarning, stacklevel=3)
    if reduce not in ("prod", "mean", "amax", "amin"):
        raise RuntimeError(f"index_reduce(): Expected reduce to be one of prod, mean, amax or amin but got {reduce}.")
    d, at = rows_of("index_reduce", input, dim, index)
    own, theirs = input._d.shape, source._d.shape
    if (*own[:d], *own[d + 1 :]) != (*theirs[:d], *theirs[d + 1 :]) or len(own) != len(theirs):
        raise RuntimeError(
            "source tensor shape must match self tensor shape, excluding the specified dimension. Got self.shape = "
            f"{list(own)} source.shape = {list(theirs)}"
        )
    if not at._d.size:
        return input.clone()
    x, s = (t if t._d.ndim else reshaped(t, (1,)) for t in (input, source))
    whole = np.broadcast_to(at._d.reshape((-1,) + (1,) * (s._d.ndim - d - 1)), s._d.shape)
    out = rows.index_reduce(x, d, wrap(whole), s, reduce, include_self)
    return out if input._d.ndim else reshaped(out, ())


@overridable
def put(input: Tensor, index: Tensor, source: Tensor, accumulate: bool = False) -> Tensor:
    """``source`` at the elements that ``index`` numbers in C order, or added there."""
    if index._d.dtype.name != "int64":
        raise RuntimeError(f"put_(): Expected a long tensor for index, but got {index.dtype.title}")
    if source._d.dtype is not input._d.dtype:
        raise RuntimeError(
            f"put_(): self and source expected to have the same dtype, but got self.dtype = {input.dtype.title} and "
            f"source.dtype = {source.dtype.title}"
        )
    if source._d.size != index._d.size:
        raise IndexError(
            "put_(): Expected source and index to have the same number of elements, but got source.numel() = "
            f"{source._d.size}, index.numel() = {index._d.size}"
        )
    n, at = input._d.size, np.asarray(index._d)
    wrong = at[(at < -n) | (at >= n)] if at.ndim else np.atleast_1d(at)[np.atleast_1d((at < -n) | (at >= n))]
    if wrong.size:
        raise IndexError(f"out of range: tried to access index {wrong.flat[0]} on a tensor of {n} elements.")
    return rows.put_elements(input, index, source, accumulate)


@overridable
def masked_scatter(input: Tensor, mask: Tensor, source: Tensor) -> Tensor:
    """The elements of ``source``, one after the other, where ``mask``."""
    if input._d.dtype is not source._d.dtype:
        raise RuntimeError(
            f"masked_scatter: expected self and source to have same dtypes but got{input.dtype.title} and "
            f"{source.dtype.title}"
        )
    if mask._d.dtype.kind != "b":
        raise RuntimeError(f"masked_scatter_ only supports boolean masks, but got mask with dtype {mask.dtype.title}")
    shape = np.broadcast_shapes(input._d.shape, mask._d.shape)
    if source._d.size < np.count_nonzero(np.broadcast_to(mask._d, shape)):
        raise RuntimeError("Number of elements of source < number of ones in mask")
    return rows.masked_scatter(input, mask, source)


# ------------------------------------------------------------------------------------------------ places
@overridable
def nonzero_static(input: Tensor, *, size: int, fill_value: int = -1) -> Tensor:
    """The indices of the first ``size`` elements that are not 0, one row each; ``fill_value`` where there are fewer."""
    if size < 0:
        raise RuntimeError(f"nonzero_static: 'size' must be an non-negative integer, but got {size}")
    found = np.argwhere(np.asarray(input._d))[:size]
    out = np.full((size, input._d.ndim), fill_value, np.int64)
    out[: len(found)] = found
    return wrap(out)


@overridable
def unravel_index(indices: Tensor, shape: Any) -> tuple[Tensor, ...]:
    """For each place in C order, its index along every dimension of a tensor of ``shape``."""
    if indices._d.dtype.kind not in "iu":
        raise TypeError(f"expected 'indices' to be integer dtype, but got {indices.dtype}")
    given = shape.tolist() if isinstance(shape, Tensor) else shape
    wanted = sizes("unravel_index", "shape", (given if isinstance(given, list | tuple) else (given,),))
    if any(n < 0 for n in wanted):
        raise ValueError(f"'shape' cannot have negative values, but got {wanted}")
    rest, out = np.asarray(indices._d, np.int64), []
    for n in reversed(wanted):
        out.append(wrap(np.asarray(rest % n)))
        rest = rest // n
    return tuple(out[::-1])


METHODS: dict[str, Any] = {f.__name__: f for f in (scatter_reduce, index_reduce, put, masked_scatter, nonzero_static)}
FUNCTIONS: dict[str, Any] = {**METHODS, "unravel_index": unravel_index}
IN_PLACE = {f.__name__ + "_": f for f in (scatter_reduce, index_reduce, put, masked_scatter)}
