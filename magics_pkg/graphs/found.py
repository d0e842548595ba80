"""What a sweep holds of each quantity that is shown, found by its key."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np

from ..backends.arrays import Array, Terms, raw
from ..style.elements import Quantity


def found(sweep: Any, key: tuple[Any, ...]) -> Terms:
    """The gradients whose sum this sweep sent to a quantity; none where nothing arrived."""
    return tuple(map(raw, sent(sweep, key)))


def sent(sweep: Any, key: tuple[Any, ...]) -> Terms:
    """The same as the library gave them."""
    if key[0] == "sum":
        return tuple(term for each in key[1:] for term in sent(sweep, each))
    value = value_in(sweep, key)
    return () if value is None else (value,)


def value_in(sweep: Any, key: tuple[Any, ...]) -> Any:
    """What a sweep holds there, as the library gave it."""
    kind, node, *rest = key
    if kind == "leaf":
        return sweep.leaves.get(node)
    if kind == "edge":
        return sweep.edges.get((node, rest[0]))
    arrived = sweep.nodes.get(node) if kind == "node" else None
    return arrived[rest[0]] if arrived is not None and rest[0] < len(arrived) else None


def members(quantity: Quantity) -> Iterator[tuple[tuple[Any, ...], int, Array, slice]]:
    """Each key that a quantity shows entries of, its size, which of its entries, and where among those shown."""
    indices = np.asarray(quantity.indices, dtype=np.intp)
    if quantity.key[0] != "all":
        yield quantity.key, int(np.prod(quantity.shape)), indices, slice(0, len(indices))
        return
    bounds = np.cumsum([0, *(size for _, size in quantity.key[1:])])
    places, none = np.searchsorted(indices, bounds).tolist(), indices[:0]
    for (key, size), first, (begin, end) in zip(quantity.key[1:], bounds.tolist(), pairwise(places), strict=False):
        yield key, size, indices[begin:end] - first if end > begin else none, slice(begin, end)
