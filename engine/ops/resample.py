"""Rows in which each result is a weighted sum of few elements along each dimension: resizing, adaptive means, padding.

Such an operation is linear, and separate in each dimension: ``Taps`` says for one dimension which elements a result is
made of. Its derivative is the same operation with transposed taps. Elements that are not asked for are never multiplied
with 0: an inf or NaN stays where it is.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from ..table.kernel import RAW, rule
from ..table.op import op


class Taps:
    """For each result of one dimension the elements that it is made of, and their weights.

    index: (results, taps), where ``size`` stands for no element; weights: the same shape, None for all 1.
    """

    def __init__(self, size: int, index: np.ndarray[Any, Any], weights: np.ndarray[Any, Any] | None) -> None:
        self.size, self.index, self.weights = size, index, weights
        self.identity = weights is None and index.shape == (size, 1) and (index[:, 0] == np.arange(size)).all()
        self.missing = [np.flatnonzero(column == size) for column in index.T]
        self.columns = [
            _as_slice(c) if not m.size else np.minimum(c, max(size - 1, 0))
            for c, m in zip(index.T, self.missing, strict=True)
        ]

    @functools.cached_property
    def transposed(self) -> Taps:
        """For each element the results that it is part of."""
        results, taps = self.index.shape
        flat = self.index.ravel()
        order = np.argsort(flat, kind="stable")
        order = order[flat[order] < self.size]
        flat = flat[order]
        counts = np.bincount(flat, minlength=self.size)
        column = np.arange(flat.size) - np.repeat(np.cumsum(counts) - counts, counts)
        width = int(counts.max(initial=1)) or 1
        index = np.full((self.size, width), results)
        index[flat, column] = order // taps
        weights = None
        if self.weights is not None:
            weights = np.zeros((self.size, width))
            weights[flat, column] = self.weights.ravel()[order]
        made = Taps(results, index, weights)
        made.__dict__["transposed"] = self
        return made

    def along(self, x: np.ndarray[Any, Any], axis: int) -> np.ndarray[Any, Any]:
        """``x`` with dimension ``axis`` made anew."""
        if self.identity:
            return x
        behind = x.ndim - axis - 1
        out = None
        for tap in range(self.index.shape[1]):
            column, missing = self.columns[tap], self.missing[tap]
            if not self.size:
                part = np.zeros((*x.shape[:axis], len(self.index), *x.shape[axis + 1 :]), x.dtype)
            elif isinstance(column, slice):
                part = x[(slice(None),) * axis + (column,)]
            else:
                part = x.take(column, axis)
            if self.weights is not None:
                part = part * self.weights[:, tap].astype(x.dtype).reshape(-1, *[1] * behind)
            elif out is None and isinstance(column, slice):
                part = part.copy()
            if missing.size:
                part[(slice(None),) * axis + (missing,)] = 0
            if out is None:
                out = part
            else:
                out += part
        assert out is not None
        return out


def _as_slice(column: np.ndarray[Any, Any]) -> Any:
    """``column`` as a slice, which is quicker than an array of indices, if its steps are equal."""
    if len(column) < 2:
        return slice(int(column[0]), int(column[0]) + 1) if len(column) else slice(0)
    step = int(column[1] - column[0])
    if step < 1 or (np.diff(column) != step).any():
        return column
    return slice(int(column[0]), int(column[-1]) + 1, step)


@rule
def turned_taps(taps):
    """The taps of the transposed operation."""
    return tuple([t.transposed for t in taps])


@op(
    x=lambda g, taps, name: resample(g, turned_taps(taps), name + "Backward"),
    node=lambda node: node.step.spec.saved(node, "name") + "Backward0",
    jvp="linear",
)
def resample(x, taps, name):
    """``x`` with its last dimensions made anew, each from its ``taps``; ``name`` is PyTorch's of the operation."""
    return resampled(x, taps)


@np.errstate(all="ignore")  # PyTorch does not warn of inf and NaN
def resampled(x, taps):
    """``x`` with its last dimensions made anew."""
    for i, along in enumerate(taps):
        x = along.along(x, x.ndim - len(taps) + i)
    return np.array(x) if all(t.identity for t in taps) else np.ascontiguousarray(x)


RAW["resampled"] = resampled


def _that_keeps_its_input(name: str) -> Any:
    """A row like ``resample`` whose node keeps the input, as PyTorch's does: its graph runs backward once."""

    def kept(x, taps):
        return resampled(x, taps)

    kept.__name__ = kept.__qualname__ = f"resample_{name.lower()}"
    kept.__doc__ = f"``resample``, as part of PyTorch's ``{name}Backward0``."
    return op(
        x=eval(f"lambda g, x, taps: resample(g, turned_taps(taps), '{name}Backward')"),
        jvp="linear",
        node=f"{name}Backward0",
        called=name.lower(),
    )(kept)


KEEPING = [f"{name}{dims}D" for name in ("AvgPool", "AdaptiveAvgPool") for dims in (2, 3)]
KEEPING += [f"{name}Pad{dims}D" for name in ("Reflection", "Replication") for dims in (1, 2, 3)]
for _name in KEEPING:
    _that_keeps_its_input(_name)
