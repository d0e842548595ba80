"""Distinct values, memberships, places among boundaries, and counts in bins, as PyTorch calls them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .. import errors, return_types
from ..graph.forward import no_forward
from ..mode import overridable
from ..ops import statistics
from ..tensor import Tensor, wrap
from .creation import linspace
from .out import accepts_out
from .shape import dim_of


# ------------------------------------------------------------------------------------------------ distinct values
def _entries(input: Tensor, dim: int | None) -> tuple[Any, int]:
    """What is compared: all elements, or the entries along ``dim``, brought to the front."""
    if dim is None:
        return np.asarray(input._d).reshape(-1), 0
    d = dim_of(dim, input._d.ndim)
    shape = input._d.shape
    if 0 in (*shape[:d], *shape[d + 1 :]):
        raise RuntimeError("There are 0 sized dimensions, and they aren't selected, so unique cannot be applied")
    return np.moveaxis(np.atleast_1d(input._d), d, 0), d


def _results(
    input: Tensor, dim: int | None, found: Any, inverse: Any, counts: Any, asked: tuple[bool, bool], node: Any
) -> Any:
    """The results asked for; ``node``: the name of the values' node, and what is told that it has no derivative."""
    inverse = inverse.reshape(input._d.shape if dim is None else -1)
    extra = [wrap(np.asarray(a, np.int64)) for a, wanted in zip((inverse, counts), asked, strict=True) if wanted]
    out = wrap(found)
    if hasattr(input, "_level"):
        raise no_forward(node[1])
    if input._n is not None:
        out = statistics.distinct(input, out, *node)
    return (out, *extra) if extra else out


@overridable
def unique(
    input: Tensor,
    sorted: bool = True,
    return_inverse: bool = False,
    return_counts: bool = False,
    dim: int | None = None,
) -> Any:
    """The distinct elements, or entries along ``dim``, in order; which of them each is, and how often each is there."""
    if input._d.dtype.kind == "c":
        raise errors.not_implemented("unique" if dim is None else "unique_dim", input._d.dtype)
    entries, d = _entries(input, dim)
    if dim is None:
        found, inverse, counts = np.unique(entries, return_inverse=True, return_counts=True, equal_nan=False)
    elif not len(entries):
        found, inverse, counts = entries, np.zeros(0, np.int64), np.zeros(0, np.int64)
    else:
        flat = entries.reshape(len(entries), -1)
        order = np.lexsort(flat.T[::-1])
        new = np.concatenate([[True], (flat[order][1:] != flat[order][:-1]).any(1)])
        inverse = np.empty(len(order), np.int64)
        inverse[order] = np.cumsum(new) - 1
        found, counts = entries[order[new]], np.diff(np.flatnonzero(np.append(new, True)))
    node = ("Unique2Backward0", "_unique2") if dim is None else ("UniqueDimBackward0", "unique_dim")
    return _results(input, dim, np.moveaxis(found, 0, d), inverse, counts, (return_inverse, return_counts), node)


@overridable
def unique_consecutive(
    input: Tensor, return_inverse: bool = False, return_counts: bool = False, dim: int | None = None
) -> Any:
    """The elements, or entries along ``dim``, that differ from the one before; which each is, and how often."""
    if dim is not None and not input._d.ndim:
        raise IndexError(f"Dimension specified as {dim} but tensor has no dimensions")
    entries, d = _entries(input, dim)
    if len(entries):
        flat = entries.reshape(len(entries), -1)
        new = np.concatenate([[True], (flat[1:] != flat[:-1]).any(1)])
    else:
        new = np.zeros(0, bool)
    inverse, counts = np.cumsum(new) - 1, np.diff(np.flatnonzero(np.append(new, True)))
    found = np.moveaxis(entries[new], 0, d)
    node = ("UniqueConsecutiveBackward0", "unique_consecutive")
    return _results(input, dim, found, inverse, counts, (return_inverse, return_counts), node)


@overridable
def isin(elements: Any, test_elements: Any, *, assume_unique: bool = False, invert: bool = False) -> Tensor:
    """Which of ``elements`` are among ``test_elements``; NaN is among none."""
    if not isinstance(elements, Tensor) and not isinstance(test_elements, Tensor):
        expected = tuple(
            f"({a}, {b}, *, bool assume_unique = False, bool invert = False, Tensor out = None)"
            for a, b in (
                ("Tensor elements", "Tensor test_elements"),
                ("Number element", "Tensor test_elements"),
                ("Tensor elements", "Number test_element"),
            )
        )
        raise errors.combination("isin", (elements, test_elements), expected)
    for t in (elements, test_elements):
        if isinstance(t, Tensor) and t._d.dtype.kind in "bc":
            raise RuntimeError(f"Unsupported input type encountered for isin(): {t.dtype.title}")
    x, among = (np.asarray(t._d if isinstance(t, Tensor) else t) for t in (elements, test_elements))
    return wrap(np.isin(x, among, invert=invert))


# ------------------------------------------------------------------------------------------------ places
def _side(name: str, right: bool, side: str | None) -> Any:
    if side is not None:
        if side not in ("left", "right"):
            raise RuntimeError(f"torch.{name}(): side can only be 'left' or 'right' but got {side}")
        if side == "left" and right:
            raise RuntimeError(
                f"torch.{name}(): side and right can't be set to opposites, got side of left while right was True"
            )
    return "right" if right or side == "right" else "left"


@overridable
def bucketize(input: Any, boundaries: Tensor, *, out_int32: bool = False, right: bool = False) -> Tensor:
    """Between which of the sorted ``boundaries`` each element lies; one on a boundary counts as below, or ``right``."""
    if boundaries._d.ndim != 1:
        raise RuntimeError(f"boundaries tensor must be 1 dimension, but got dim({boundaries._d.ndim})")
    value = input._d if isinstance(input, Tensor) else np.asarray(input)
    if value.dtype.kind == "c":
        raise errors.not_implemented("searchsorted_out_cpu", value.dtype)
    found = np.searchsorted(boundaries._d, value, "right" if right else "left")
    return wrap(np.asarray(found, np.int32 if out_int32 else np.int64))


@overridable
def searchsorted(
    sorted_sequence: Tensor,
    input: Any,
    *,
    out_int32: bool = False,
    right: bool = False,
    side: str | None = None,
    sorter: Tensor | None = None,
) -> Tensor:
    """Where to put each element of ``input`` so that the sequence along the last dimension stays sorted.

    Shapes: one sequence for all, or one for each of the first dimensions, which are then those of ``input``.
    """
    where_to = _side("searchsorted", right, side)
    edges, value = sorted_sequence._d, np.asarray(input._d if isinstance(input, Tensor) else input)
    _check_search(edges, value, isinstance(input, Tensor))
    if value.dtype.kind == "c":
        raise errors.not_implemented("searchsorted_out_cpu", value.dtype)
    if sorter is not None:
        _check_sorter(edges, sorter)
        edges = np.take_along_axis(edges, sorter._d, -1)
    if edges.ndim == 1:
        found = np.searchsorted(edges, value, where_to)
    else:
        found = np.empty(value.shape, np.int64)
        for at in np.ndindex(value.shape[:-1]):
            found[at] = np.searchsorted(edges[at], value[at], where_to)
    return wrap(np.asarray(found, np.int32 if out_int32 else np.int64))


def _check_search(edges: Any, value: Any, tensor: bool) -> None:
    name = "torch.searchsorted()"
    if not value.ndim and edges.ndim != 1 and edges.ndim:
        raise RuntimeError(
            f"{name}: input value can be a scalar only when boundaries tensor dimension is 1, but we got boundaries "
            f"tensor dim({edges.ndim}) and input value's dim(0) numel(1)"
        )
    if not edges.ndim:
        raise RuntimeError(f"{name}: boundaries tensor should have positive dimension, but got 0 dimension")
    if edges.ndim != 1 and (edges.ndim != value.ndim or edges.shape[:-1] != value.shape[:-1]):
        raise RuntimeError(
            f"{name}: boundaries tensor should be 1 dimension or the first N-1 dimensions of boundaries tensor and "
            f"input value tensor must match, but we got boundaries tensor {list(edges.shape)} and input value tensor "
            f"{list(value.shape)}"
        )


def _check_sorter(edges: Any, sorter: Tensor) -> None:
    if sorter._d.shape != edges.shape:
        raise RuntimeError(
            "torch.searchsorted(): boundary and sorter must have the same size, but got boundary tensor "
            f"{list(edges.shape)}and got sorter tensor {list(sorter._d.shape)}"
        )
    if sorter._d.dtype.name != "int64":
        raise RuntimeError(
            f"torch.searchsorted(): sorter must be a tensor of long dtype but got dtype {sorter.dtype.title}"
        )
    if sorter._d.size and not (sorter._d.min() >= 0 and sorter._d.max() < edges.shape[-1]):
        raise RuntimeError("torch.searchsorted(): sorter index out of range")


# ------------------------------------------------------------------------------------------------ counts
@overridable
def bincount(input: Tensor, weights: Tensor | None = None, minlength: int = 0) -> Tensor:
    """How often each whole number from 0 on is there, or the sum of its ``weights``."""
    d = input._d
    if d.dtype.kind not in "iu":
        raise errors.not_implemented("bincount_cpu", d.dtype)
    if minlength < 0:
        raise RuntimeError("minlength should be >= 0")
    if d.ndim != 1 or (d.size and d.min() < 0):
        raise RuntimeError("bincount only supports 1-d non-negative integral inputs.")
    if weights is None:
        return wrap(np.bincount(d, minlength=minlength).astype(np.int64))
    if weights._d.shape != d.shape:
        raise RuntimeError("weights should be 1-d and have the same length as input")
    kind = weights._d.dtype if weights._d.dtype.char in "fd" else np.dtype("f8")
    out = np.zeros(max(minlength, int(d.max()) + 1 if d.size else 0), kind)
    np.add.at(out, d, weights._d.astype(kind))
    return _counted("bincount", wrap(out), weights)


def _counted(name: str, out: Tensor, *given: Tensor | None) -> Tensor:
    """``out`` as PyTorch records it where an argument wants a gradient: with a node that has no derivative."""
    for t in given:
        if t is not None and t._n is not None:
            return statistics.counts_of(t, out, name)
    return out


def _range(name: str, x: Any, low: float, high: float, apart: float, where: str = "") -> tuple[Any, Any]:
    """The ends of the bins: those of the data where both are equal; ``apart`` from them where these are equal too."""
    if low == high and x.size:
        low, high = x.min(), x.max()
    if not (math.isfinite(low) and math.isfinite(high)):
        raise RuntimeError(f"{name}: {where}range [{low}, {high}] is not finite")
    if low > high:
        raise RuntimeError(f"{name}: max must be larger than min")
    return (low - apart, high + apart) if low == high else (low, high)


@overridable
def histc(input: Tensor, bins: int = 100, min: float = 0, max: float = 0) -> Tensor:
    """How many elements lie in each of ``bins`` equal parts of ``[min, max]``, of their own range where both are 0."""
    x = input._d.reshape(-1)
    if x.dtype.char not in "fd":
        raise errors.not_implemented("linspace_cpu" if x.dtype.kind == "b" else "histogram_cpu", x.dtype)
    if bins <= 0:
        raise RuntimeError(f"torch.histogram(): bins must be > 0, but got {bins} for dimension 0")
    low, high = _range("torch.histc", x, min, max, 1)
    inside = x[(x >= low) & (x <= high)]
    at = ((inside - x.dtype.type(low)) * x.dtype.type(bins / (high - low))).astype(np.int64)
    return wrap(np.bincount(np.minimum(at, bins - 1), minlength=bins).astype(x.dtype))


def _edges(x: Any, bins: Any, low: float, high: float, dim: int) -> Any:
    if isinstance(bins, Tensor):
        return np.asarray(bins._d)
    if bins <= 0:
        raise RuntimeError(f"torch.histogram(): bins must be > 0, but got {bins} for dimension {dim}")
    if low == high and not x.size:
        high = low + 1
    low, high = _range("torch.histogramdd", x, low, high, 0.5, f"dimension {dim}'s ")
    return linspace(low, high, bins + 1, dtype=wrap(x).dtype)._d


def _histogram(points: Any, edges: list[Any], weight: Any, density: bool) -> Any:
    """Sums of weights in the boxes between ``edges``, one array a dimension; the last edge belongs to the last box."""
    shape = tuple([len(e) - 1 for e in edges])
    at, inside = [], np.ones(len(points), bool)
    for d, e in enumerate(edges):
        x = points[:, d]
        place = np.searchsorted(e, x, "right") - 1
        place[x == e[-1]] = len(e) - 2
        inside &= (x >= e[0]) & (x <= e[-1])
        at.append(place)
    out = np.zeros(shape, points.dtype)
    values = np.ones(len(points), points.dtype) if weight is None else weight._d.reshape(-1)
    np.add.at(out, tuple([a[inside] for a in at]), values[inside])
    if density:
        out = out / out.sum()
        for d, e in enumerate(edges):
            out = out / np.diff(e).reshape((-1,) + (1,) * (len(edges) - d - 1))
    return wrap(out)


@overridable
def histogram(
    input: Tensor, bins: Any = 100, *, range: Any = None, weight: Tensor | None = None, density: bool = False
) -> Any:
    """Counts, or sums of weights, in bins, and the edges of these: so many equal ones, or given as a tensor."""
    x = input._d.reshape(-1)
    if x.dtype.char not in "fd":
        raise errors.not_implemented("histogramdd", x.dtype)
    if weight is not None and weight._d.shape != input._d.shape:
        raise RuntimeError(
            "torch.histogramdd(): if weight tensor is provided it should have the same shape as the input tensor "
            f"excluding its innermost dimension, but got input with shape [{x.size}, 1] and weight with shape "
            f"{list(weight._d.shape)}"
        )
    low, high = range if range is not None else (0, 0)
    edges = _edges(x, bins, low, high, 0)
    counts = _counted("histogram", _histogram(x[:, None], [edges], weight, density), input, weight)
    return return_types.histogram(counts, wrap(edges))


@overridable
def histogramdd(
    input: Tensor, bins: Any, *, range: Any = None, weight: Tensor | None = None, density: bool = False
) -> Any:
    """Counts, or sums of weights, of points in boxes, and the edges of these along each dimension."""
    points = input._d.reshape(-1, input._d.shape[-1])
    n = points.shape[1]
    each = list(bins) if isinstance(bins, tuple | list) else [bins] * n
    if len(each) != n:
        raise RuntimeError("histogramdd: The size of bins must be equal to the innermost dimension of the input.")
    ends = [0.0] * 2 * n if range is None else list(range)
    edges = [_edges(points[:, d], b, ends[2 * d], ends[2 * d + 1], d) for d, b in enumerate(each)]
    name = "_histogramdd_from_bin_" + ("tensors" if any(isinstance(b, Tensor) for b in each) else "cts")
    counts = _counted(name, _histogram(points, edges, weight, density), input, weight)
    return return_types.histogramdd(counts, tuple([wrap(e) for e in edges]))


METHODS: dict[str, Any] = {f.__name__: f for f in (unique, unique_consecutive, bincount, histc, histogram)}
FUNCTIONS: dict[str, Any] = {
    **METHODS, "histogramdd": histogramdd, "histc": accepts_out(histc), "isin": accepts_out(isin),
    "bucketize": accepts_out(bucketize), "searchsorted": accepts_out(searchsorted),
}  # fmt: skip
IN_PLACE: dict[str, Any] = {}
