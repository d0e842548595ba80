"""Tensors from a pattern of indices: blocks, combinations, triangles, strides, windows."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .. import dtypes, errors
from ..factory import creating, default_float, shape_of
from ..mode import overridable
from ..ops import blocks as rows
from ..table.kernel import PUBLIC
from ..tensor import Tensor, wrap
from .creation import empty, meshgrid, model


# -------------------------------------------------------------------------------------------------- of other tensors
@overridable
def block_diag(*tensors: Tensor) -> Tensor:
    """Zeros, with each of ``tensors`` as a block, the next one below and to the right of it; vectors are rows."""
    return rows.block_diag(tensors) if tensors else empty((1, 0))


def _vector(input: Tensor) -> None:
    if input._d.ndim != 1:
        raise RuntimeError(f"Expect a 1D vector, but got shape {list(input._d.shape)}")


@overridable
def combinations(input: Tensor, r: int = 2, with_replacement: bool = False) -> Tensor:
    """Every choice of ``r`` entries of a vector, in order, one per row."""
    _vector(model("combinations", input))
    if r < 0:
        raise RuntimeError(f"Expect a non-negative number, but got {r}")
    if r == 0:
        return wrap(np.empty(0, input._d.dtype))
    n = input._d.size
    places = np.meshgrid(*[np.arange(n)] * r, indexing="ij")
    mask = np.ones([n] * r, np.bool_)
    for a, b in itertools.pairwise(places):
        mask &= a <= b if with_replacement else a < b
    grids = meshgrid(*[input] * r, indexing="ij")
    return PUBLIC["stack"]([grid.masked_select(wrap(mask)) for grid in grids], 1)


@overridable
def cartesian_prod(*tensors: Tensor) -> Tensor:
    """Every choice of one entry from each of several vectors, one per row; of one vector itself."""
    for i, t in enumerate(tensors):
        if not isinstance(t, Tensor):
            raise TypeError(f"expected Tensor as element {i} in argument 0, but got {type(t).__name__}")
        _vector(t)
    if len(tensors) == 1:
        return tensors[0]
    return PUBLIC["stack"]([grid.flatten() for grid in meshgrid(*tensors, indexing="ij")], 1)


@overridable
def diagflat(input: Tensor, offset: int = 0) -> Tensor:
    """A matrix with the entries of ``input`` on its diagonal."""
    return PUBLIC["diag_embed"](model("diagflat", input).contiguous().view(-1), offset)


# ------------------------------------------------------------------------------------------------------------ indices
def _triangle(name: str, rows_and_columns: Callable[..., Any]) -> Callable[..., Tensor]:
    def indices(row: int, col: int, offset: int = 0, *, dtype: Any = None) -> Any:
        for word, value in (("row", row), ("col", col)):
            if value < 0:
                raise RuntimeError(f"{word} must be non-negative, got{value}")
        d = dtype or dtypes.int64.numpy
        if d.kind not in "iu":
            raise errors.not_implemented(name, d)
        return np.stack(rows_and_columns(row, offset, col)).astype(d)

    indices.__name__ = indices.__qualname__ = name
    indices.__doc__ = (
        f"Rows and columns of the entries of a matrix that ``{name[:4]}`` keeps.\n\n    Shapes: [2, count]."
    )
    return creating(indices)


@creating
def range(start: Any = 0, end: Any = None, step: Any = 1, *, dtype: Any = None) -> Any:
    """``start + i · step`` up to ``end``, included; PyTorch advises ``arange``."""
    warnings.warn(
        "torch.range is deprecated and will be removed in a future release because its behavior is inconsistent with "
        "Python's range builtin. Instead, use torch.arange, which produces values in [start, end).",
        UserWarning,
        stacklevel=4,
    )
    if end is None:
        start, end = 0, start
    if not step:
        raise RuntimeError("step must be nonzero")
    if (end - start) * step < 0:
        raise RuntimeError("upper bound and lower bound inconsistent with step sign")
    count = int((end - start) / step + 1)
    return (start + step * np.arange(count)).astype(dtype or default_float())


# ------------------------------------------------------------------------------------------------------------ strides
def _strided(size: Sequence[int], stride: Sequence[int], d: np.dtype[Any]) -> Any:
    if len(size) != len(stride):
        raise RuntimeError(
            f"dimensionality of sizes ({len(size)}) must match dimensionality of strides ({len(stride)})"
        )
    shape = shape_of("empty_strided", (tuple(size),))
    if any(s < 0 for s in stride):
        raise RuntimeError(f"Storage size calculation overflowed with sizes={list(size)} and strides={list(stride)}")
    extent = 1 + sum((n - 1) * s for n, s in zip(shape, stride, strict=True)) if 0 not in shape else 0
    return np.ndarray(shape, d, np.empty(extent, d), 0, tuple([s * d.itemsize for s in stride]))


@creating
def empty_strided(size: Sequence[int], stride: Sequence[int], *, dtype: Any = None) -> Any:
    """Whatever was in memory, with ``stride`` elements from one entry of each dimension to the next."""
    return _strided(size, stride, dtype or default_float())


@creating
def new_empty_strided(self: Tensor, size: Sequence[int], stride: Sequence[int], *, dtype: Any = None) -> Any:
    """``empty_strided`` in the dtype of this tensor."""
    return _strided(size, stride, dtype or self._d.dtype)


@creating
def empty_permuted(size: Sequence[int], physical_layout: Sequence[int], *, dtype: Any = None) -> Any:
    """Whatever was in memory, which holds the dimensions in the order of ``physical_layout``."""
    n = len(size)
    if n != len(physical_layout):
        raise RuntimeError(
            "Number of dimensions in size does not match the length of the physical_layout; i.e. "
            f"len(size) = {n} is not equal to len(physical_layout) = {len(physical_layout)}"
        )
    for i, d in enumerate(physical_layout):
        if not 0 <= d < n:
            raise RuntimeError(
                f"Dimension out of range (expected to be between 0 and {n - 1}, but got {d} at index {i}).  "
                "NB: negative dims not currently supported; file an issue if you want it."
            )
    if len(set(physical_layout)) < n:
        raise RuntimeError("Duplicate dim not allowed")
    memory = np.empty([size[d] for d in physical_layout], dtype or default_float())
    return memory.transpose(np.argsort(physical_layout)) if n else memory


# ------------------------------------------------------------------------------------------------------------ windows
def _windows() -> Any:
    from ..signal import windows

    return windows


def _window(name: str, values: Callable[..., Any], **own: Any) -> Callable[..., Tensor]:
    """``torch.<name>``: periodic unless told otherwise."""

    def window(window_length: int, periodic: bool = True, *arguments: Any, dtype: Any = None, **named: Any) -> Any:
        given = own | dict(zip(own, arguments, strict=False)) | named
        if unknown := set(given) - set(own):
            raise errors.combination(name, (window_length, periodic, *arguments), [f"(no {sorted(unknown)})"])
        d = dtype or default_float()
        if d.kind not in "fc":
            raise RuntimeError(f"{name} expects floating point dtypes, got: {dtypes.OF[d]}")
        if window_length < 0:
            raise RuntimeError(f"{name} requires non-negative window_length, got window_length={window_length}")
        return np.asarray(values(window_length, not periodic, **given) if window_length else [], d)

    window.__name__ = window.__qualname__ = name
    window.__doc__ = f"A {name[:-7].title()} window of ``window_length`` points: one period, or symmetric."
    return creating(window)


def _hamming(M: int, sym: bool, alpha: float, beta: float) -> Any:
    return _windows().cosines_of(M, sym, (alpha, beta))


FUNCTIONS = {
    "block_diag": block_diag, "combinations": combinations, "cartesian_prod": cartesian_prod, "diagflat": diagflat,
    "triu_indices": _triangle("triu_indices", lambda n, k, m: np.triu_indices(n, k, m)),
    "tril_indices": _triangle("tril_indices", lambda n, k, m: np.tril_indices(n, k, m)),
    "range": range, "empty_strided": empty_strided, "empty_permuted": empty_permuted,
    "hann_window": _window("hann_window", lambda M, sym: _windows().cosines_of(M, sym, (0.5, 0.5))),
    "hamming_window": _window("hamming_window", _hamming, alpha=0.54, beta=0.46),
    "blackman_window": _window("blackman_window", lambda M, sym: _windows().cosines_of(M, sym, (0.42, 0.5, 0.08))),
    "bartlett_window": _window("bartlett_window", lambda M, sym: _windows().bartlett_of(M, sym)),
    "kaiser_window": _window(
        "kaiser_window", lambda M, sym, beta: _windows().kaiser_of(M, sym, beta), beta=12.0
    ),
}  # fmt: skip
METHODS = {"diagflat": diagflat, "new_empty_strided": new_empty_strided}
IN_PLACE: dict[str, Any] = {}
