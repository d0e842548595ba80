"""``x[index]``, and rows that take index arrays, for a whole batch at once."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..calls.index import getitem, setitem
from ..table.kernel import PUBLIC
from ..tensor import Tensor, wrap
from .levels import Level
from .lifted import Batched, Shadow, batched, plain
from .rules import NoRule, lifted


def _listed(index: Any) -> list[Any]:
    return list(index) if isinstance(index, tuple) else [index]


def _of_level(level: Level, values: Any) -> bool:
    return any(isinstance(v, Batched) and v._level is level for v in values)


def _is_array(entry: Any) -> bool:
    return isinstance(entry, Tensor | np.ndarray | list | bool) and not (
        isinstance(entry, Tensor) and not entry._d.ndim and entry._d.dtype.kind != "b"
    )


def _apart(index: list[Any]) -> bool:
    """Whether something stands between two index arrays: then what they pick comes first in the result."""
    kinds = [_is_array(e) for e in index if not isinstance(e, int) or isinstance(e, bool)]
    at = [i for i, array in enumerate(kinds) if array]
    return bool(at) and at[-1] - at[0] + 1 != len(at)


def get(level: Level, x: Any, index: Any) -> Any:
    """``x[index]``: entry by entry where arrays stand apart, or an index has a batch of its own that slices precede."""
    entries = _listed(index)
    if any(isinstance(e, Tensor) and e._d.dtype.kind == "b" for e in entries if isinstance(e, Batched)):
        raise RuntimeError(
            "vmap: We do not support batching operators that can support dynamic shape. Attempting to batch over "
            "indexing with a boolean mask."
        )
    if any(isinstance(e, slice) and _of_level(level, (e.start, e.stop, e.step)) for e in entries):
        raise NoRule
    inner = x.physical if isinstance(x, Batched) and x._level is level else x
    if not _of_level(level, entries):
        if _apart(entries):
            raise NoRule
        with plain([inner, *[e for e in entries if isinstance(e, Tensor)]]):
            return batched(getitem(inner, (slice(None), *entries)), level)
    return _picked(level, x, inner, entries)


def _picked(level: Level, x: Any, inner: Any, entries: list[Any]) -> Any:
    """``x[i, j, ...]`` with arrays, one or more of a batch, at the front, and numbers among them."""
    arrays = []
    for position, e in enumerate(entries):
        if isinstance(e, int) and not isinstance(e, bool):
            e = wrap(np.int64(e + x._d.shape[position] if e < 0 else e))
        if not isinstance(e, Tensor) or e._d.dtype.kind == "b":
            raise NoRule
        arrays.append(e)
    most = max(e._d.ndim for e in arrays)
    own = []
    for e in arrays:
        own.append(lifted(e.physical, most) if isinstance(e, Batched) and e._level is level else e)
    with plain([inner, *own]):
        if inner is not x:
            rows = np.arange(level.size).reshape(level.size, *(1,) * most)
            own = [wrap(rows), *own]
        return batched(getitem(inner, tuple(own)), level)


def put(level: Level, x: Any, index: Any, value: Any) -> None:
    """``x[index] = value``, with one index for all entries."""
    entries = _listed(index)
    if _of_level(level, entries) or _apart(entries):
        raise NoRule
    if any(isinstance(e, slice) and _of_level(level, (e.start, e.stop, e.step)) for e in entries):
        raise NoRule
    inner = x.physical
    own = value.physical if isinstance(value, Batched) and value._level is level else value
    at = (slice(None), *entries)
    with plain([inner, own, *[e for e in entries if isinstance(e, Tensor)]]):
        if own is not value:
            own = lifted(own, getitem(inner.detach(), at)._d.ndim - 1)
        setitem(inner, at, own)


# ----------------------------------------------------------------------------------------------- rows with index arrays
def run(level: Level, row: Any, args: tuple[Any, ...]) -> Any:
    """A row whose index arrays, plain arguments, are of a batch themselves."""
    if row.name == "index_by":
        x, indices = args
        tensors = [_tensor(level, i) for i in indices]
        inner = x.physical if isinstance(x, Batched) and x._level is level else x
        return _picked(level, x, inner, tensors).physical
    raise NoRule


def _tensor(level: Level, index: Any) -> Any:
    if isinstance(index, Shadow):
        return batched(index.physical, index.level)
    if isinstance(index, np.ndarray):
        return wrap(index)
    raise NoRule


def _indexed(level: Any, row: Any, inner: list[Any], has: list[bool], ndims: list[int]) -> Any:
    """index_by and its kin, with one index for all entries."""
    at = row.params.index("indices")
    indices = inner[at]
    kinds = [isinstance(i, np.ndarray) for i in indices]
    where = [i for i, array in enumerate(kinds) if array]
    if where and where[-1] - where[0] + 1 != len(where):
        raise NoRule
    out = []
    for p, a, batch in zip(row.params, inner, has, strict=True):
        if p == "indices":
            a = (slice(None), *a)
        elif p == "shape":
            a = (level.size, *a)
        elif p == "x" and not batch:
            a = a.expand((level.size, *a._d.shape))
        elif p == "y" and batch:
            a = lifted(a, _picked_ndim(indices, ndims[0]))
        out.append(a)
    return row.front(*out)


def _picked_ndim(indices: Any, ndim: int) -> int:
    """How many dimensions ``x[indices]`` has, for an x of ``ndim``."""
    arrays = [i for i in indices if isinstance(i, np.ndarray)]
    used = sum(i.ndim if i.dtype.kind == "b" else 1 for i in arrays)
    return ndim - used + max((1 if i.dtype.kind == "b" else i.ndim for i in arrays), default=0)


INDEXED = dict.fromkeys(("index_by", "index_back", "index_put", "index_erase"), _indexed)
__all__ = ["INDEXED", "PUBLIC", "get", "put", "run"]
