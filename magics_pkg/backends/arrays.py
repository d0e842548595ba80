"""What a panel works out from gradients and values of any size, where they are: only what is shown comes to the host.

The engine's numbers are NumPy's arrays and are on the host already; PyTorch's stay tensors, on whatever device.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from ..style.elements import LEAF_LIMIT, corner
from . import of, plain

Array = np.ndarray[Any, Any]
Terms = tuple[Any, ...]  # what `raw` gives, of one shape, to be added in their own dtype
HOST = (np.ndarray, np.generic)  # what NumPy computes from arrays without dimensions is none
# Entries that are widened to float64 at once; on the host below 10,000, from where on OpenBLAS sets threads on a
# product: on a busy machine these wait for each other ten times as long as one alone takes.
CHUNK, ON_DEVICE = 1 << 13, 1 << 16


def raw(value: Any) -> Any:
    """A tensor's numbers where they are: an array, or one of PyTorch's own tensors outside of any graph."""
    if isinstance(value, HOST):
        return value
    backend = of(value)
    return np.asarray(value) if backend is None else backend.raw(value)


def entries_of(value: Any, indices: Sequence[int] | Array) -> Array:
    """These flat entries of a tensor, on the host."""
    return entries((raw(value),), indices)


def entries(terms: Terms, indices: Sequence[int] | Array) -> Array:
    """These flat entries of a sum, on the host."""
    found = [_entries(each, indices) for each in terms]
    return sum(found[1:], found[0])


def _entries(value: Any, indices: Sequence[int] | Array) -> Array:
    shape = tuple(value.shape)
    size, count = math.prod(shape), len(indices)
    if isinstance(value, HOST) and value.flags.c_contiguous:
        return value.reshape(-1)[np.asarray(indices, dtype=np.intp)]
    if size <= LEAF_LIMIT:
        whole: Array = plain(value).reshape(-1)
        return whole[np.asarray(indices, dtype=np.intp)]
    if count and indices[0] == 0 and indices[-1] == count - 1:
        part: Array = plain(value[corner(shape, count)]).reshape(-1)[:count]
        return part
    places = np.unravel_index(np.asarray(indices, dtype=np.intp), shape)
    if isinstance(value, np.ndarray):
        return value[places]
    module = of(value).module  # type: ignore[union-attr]  # it is a tensor
    picked: Array = plain(value[tuple(module.from_numpy(np.array(each)).to(value.device) for each in places)])
    return picked


def first_bad(value: Any) -> tuple[str, int] | None:
    """The first entry that is no finite number: "NaN" or "inf", and its flat index. None where all are finite."""
    value = raw(value)
    on_host = isinstance(value, HOST)
    if not (value.dtype.kind in "fc" if on_host else value.is_floating_point() or value.is_complex()):
        return None
    finite: Any = np.isfinite(value) if on_host else of(value).module.isfinite(value)  # type: ignore[union-attr]
    if bool(finite.all()):
        return None
    flat = finite.reshape(-1)
    place = int((flat if on_host else flat.byte()).argmin())
    return ("NaN" if np.isnan(_entries(value, [place])).any() else "inf"), place


def wide(value: Any) -> Any:
    """In float64, or the widest that its device has."""
    if isinstance(value, HOST):
        return value.astype(np.float64)
    try:
        return value.double()
    except TypeError:  # Apple's GPUs
        return value.float()


def total(terms: Terms) -> Any:
    """A sum in its own dtype; of bfloat16, which NumPy has not, in float32 as `plain` shows it."""
    if len(terms) > 1 and "bfloat16" in str(terms[0].dtype):
        terms = tuple(each.float() for each in terms)
    return sum(terms[1:], terms[0])


def products(rows: Sequence[Sequence[Terms]]) -> tuple[Array, Array]:
    """Gram matrix and totals of some rows, each the sum of its groups, in float64; a row without any is zero."""
    height = len(rows)
    gram, sums = np.zeros((height, height)), np.zeros(height)
    present = [index for index, groups in enumerate(rows) if groups]
    if not present:
        return gram, sums
    tensors = [each for index in present for terms in rows[index] for each in terms]
    module = None
    if math.prod(tensors[0].shape) <= LEAF_LIMIT or any(isinstance(each, HOST) for each in tensors):
        tensors = [plain(each) for each in tensors]
    else:
        module = of(tensors[0]).module  # type: ignore[union-attr]  # it is a tensor
    squares: Any = 0
    totals: Any = 0
    for pieces in _pieces(tensors):
        taken = iter(pieces)
        lines = []
        for index in present:
            groups = [total(tuple(next(taken) for _ in terms)) for terms in rows[index]]
            lines.append(total(tuple(wide(each) for each in groups)))
        block = np.stack(lines) if module is None else module.stack(lines)
        squares, totals = squares + block @ block.T, totals + block.sum(1)
    if not isinstance(totals, int):
        gram[np.ix_(present, present)], sums[present] = plain(squares), plain(totals)
    return gram, sums


def _pieces(tensors: list[Any]) -> Iterator[list[Any]]:
    """The same entries of each, flat, a few at a time; what does not lie in one piece of memory is not copied whole."""
    first = tensors[0]
    shape, size = tuple(first.shape), math.prod(first.shape)
    whole, most = all(_is_whole(each) for each in tensors), CHUNK if isinstance(first, HOST) else ON_DEVICE
    if not whole and len(shape) > 1 and all(tuple(each.shape) == shape for each in tensors):
        step = max(1, most // max(size // max(shape[0], 1), 1))
        for begin in range(0, shape[0], step):
            yield [each[begin : begin + step].reshape(-1) for each in tensors]
        return
    flat = [each.reshape(-1) for each in tensors]
    for begin in range(0, size, most):
        yield [each[begin : begin + most] for each in flat]


def _stretch(value: Any, begin: int, end: int) -> Any:
    """Flat entries of a tensor, of which no more than the rows around them is copied."""
    row = max(math.prod(value.shape[1:]), 1)
    first = begin // row
    return value[first : -(-end // row)].reshape(-1)[begin - first * row : end - first * row]


def _is_whole(value: Any) -> bool:
    return bool(value.flags.c_contiguous if isinstance(value, HOST) else value.is_contiguous())


def alike(values: Sequence[Any]) -> list[Any]:
    """The same where one of them is: arrays that stand for nothing become tensors beside tensors."""
    like = next((each for each in values if not isinstance(each, HOST)), None)
    backend = of(like)
    if backend is None:
        return list(values)
    return [backend.given(each, like) if isinstance(each, HOST) else each for each in values]


def combined(weighted: Sequence[tuple[float, Any]]) -> Any:
    """Σ weight · value, worked out in float64, in the dtype of the values."""
    found: Any = None
    values = alike([value for _, value in weighted])
    with np.errstate(all="ignore"):
        for (weight, _), value in zip(weighted, values, strict=True):
            term = weight * wide(value)
            found = term if found is None else found + term
        if found is None:
            return None
        dtype = values[-1].dtype
        return found.astype(dtype) if isinstance(found, HOST) else found.to(dtype)


def joined(values: Sequence[Any]) -> Any:
    """One after the other, flat."""
    backend = of(values[0])
    at_once = backend.joined(values) if backend is not None and len(values) > 1 else None
    if at_once is not None:
        return at_once
    flat = [each.reshape(-1) for each in alike([raw(each) for each in values])]
    if len(flat) == 1:
        return flat[0]
    backend = of(flat[0])
    return np.concatenate([plain(each) for each in flat]) if backend is None else backend.module.cat(flat)


def copied(values: Sequence[Any]) -> Any:
    """The same in memory of its own."""
    flat = joined(values)
    if len(values) > 1:
        return flat
    return flat.copy() if isinstance(flat, HOST) else flat.clone()


def side_by_side(sizes: Sequence[int], rows: Sequence[Sequence[Sequence[Terms]]]) -> list[Sequence[Terms]]:
    """Rows of several quantities, by size, one after the other: what is missing in some is zero there.

    Terms are as the library gave them: many small ones are joined before anything is worked out from them."""
    made: list[Sequence[Terms]] = []
    for row in rows:
        filled = [_one(size, groups) for size, groups in zip(sizes, row, strict=True)] if any(row) else []
        made.append(((joined(filled),),) if filled else ())
    return made


def _one(size: int, groups: Sequence[Terms]) -> Any:
    """A sum of groups of terms as one value."""
    if len(groups) == 1 and len(groups[0]) == 1:
        return groups[0][0]
    totals = [total(tuple(map(raw, terms))) for terms in groups]
    return np.zeros(size) if not totals else totals[0] if len(totals) == 1 else total(tuple(map(wide, totals)))


def has_any(value: Any) -> bool:
    """Whether anything in it is not zero."""
    return bool(raw(value).any())


def only(value: Any) -> float | None:
    """The one entry that is not zero, None where there are several or none."""
    flat = raw(value).reshape(-1)
    if int((flat != 0).sum()) != 1:
        return None
    return float(entries((flat,), [int(abs(flat).argmax())])[0])


def is_same(one: Any, other: Any) -> bool:
    """Whether two tensors hold the same numbers, NaN being equal to NaN."""
    one, other = raw(one), raw(other)
    if tuple(one.shape) != tuple(other.shape):
        return False
    if isinstance(one, HOST):
        return np.array_equal(one, other, equal_nan=True)
    return bool(((one == other) | ((one != one) & (other != other))).all())


def largest(value: Any, most: int) -> tuple[list[int], float, float]:
    """Of each of so many stretches of a tensor, where its largest entry is; smallest and largest finite one."""
    starts = np.linspace(0, math.prod(value.shape), most + 1).astype(np.intp).tolist()
    backend = of(value)
    to_number: Any = np.nan_to_num if backend is None else backend.module.nan_to_num
    stacked: Any = np.stack if backend is None else backend.module.stack
    places, lows, highs = [], [], []
    for a, b in pairwise(starts):
        piece = wide(_stretch(value, a, b))
        places.append(to_number(abs(piece), nan=math.inf, posinf=math.inf).argmax() + a)
        lows.append(to_number(piece, nan=math.inf, posinf=math.inf, neginf=math.inf).min())
        highs.append(to_number(piece, nan=-math.inf, posinf=-math.inf, neginf=-math.inf).max())
    low, high = float(stacked(lows).min()), float(stacked(highs).max())
    found = [int(each) for each in plain(stacked(places))]
    return found, *((low, high) if low <= high else (0.0, 0.0))
