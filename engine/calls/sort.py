"""Sorting as PyTorch calls it: values and indices as a named pair."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .. import errors, return_types
from ..mode import overridable
from ..ops import sort as rows
from ..table.kernel import RAW
from ..tensor import Tensor, wrap
from .out import accepts_out, expected_out
from .shape import dim_of


@overridable
def sort(input: Tensor, dim: int = -1, descending: bool = False, *, stable: bool | None = None) -> Any:
    """Values in order along ``dim``, and where they came from; with ``stable`` equal values keep their order."""
    _no_complex(" Sort does not support complex dtypes on CPU", input)
    d = dim_of(dim, input._d.ndim)
    if stable is None:
        return return_types.sort(*rows.sort(input, d, descending))
    return return_types.sort(*rows.sort_stable(input, d, descending, bool(stable)))


@overridable
def argsort(input: Tensor, dim: int = -1, descending: bool = False, stable: bool = False) -> Tensor:
    """The indices that sort along ``dim``."""
    _no_complex(" Sort does not support complex dtypes on CPU", input)
    find, x = RAW["order" if stable else "unstable_order"], np.asarray(input._d)
    return wrap(RAW["in_order_of"](x, find(x, dim_of(dim, x.ndim), descending)))


@overridable
def msort(input: Tensor) -> Tensor:
    """Values in order along the first dimension."""
    _no_complex(" Sort does not support complex dtypes on CPU", input)
    return rows.sort(input, 0, False)[0]


@overridable
def topk(input: Tensor, k: Any, dim: int = -1, largest: bool = True, sorted: bool = True) -> Any:
    """The ``k`` largest values along ``dim``, or the smallest, in order, and their indices."""
    _no_complex(" topk does not support complex dtypes on CPU", input)
    if input._d.dtype.kind == "b":
        raise RuntimeError("topk does not support bool dtypes on CPU")
    d, count = dim_of(dim, input._d.ndim), int(k)
    if not 0 <= count <= (input._d.shape[d] if input._d.ndim else 1):
        raise RuntimeError("selected index k out of range")
    return return_types.topk(*rows.topk(input, count, d, largest))


@overridable
def kthvalue(input: Tensor, k: int, dim: int = -1, keepdim: bool = False) -> Any:
    """The ``k``-th smallest value along ``dim``, and its index."""
    d = _nonempty("kthvalue", input, dim)
    if not 1 <= k <= (input._d.shape[d] if input._d.ndim else 1):
        raise RuntimeError("selected number k out of range for dimension " + str(d))
    if input._d.dtype.kind == "b":
        raise errors.not_implemented("kthvalue_cpu", input._d.dtype)
    return return_types.kthvalue(*rows.kthvalue(input, k, d, keepdim))


# ------------------------------------------------------------------------------------------------ the middle
def _median(name: str, whole: Callable[..., Tensor], along: Callable[..., Any]) -> Callable[..., Any]:
    @overridable
    def median(input: Tensor, dim: Any = None, keepdim: bool = False) -> Any:
        """The lower median of all; with ``dim`` a pair (values, indices)."""
        if input._d.dtype.kind in "bc":
            raise errors.not_implemented("median_cpu" if dim is None else "median_out", input._d.dtype)
        if dim is None:
            return whole(input)
        d = _nonempty("median", input, dim)
        return getattr(return_types, name)(*along(input, d, keepdim))

    median.__name__ = median.__qualname__ = name
    return median


def _nonempty(name: str, input: Tensor, dim: int) -> int:
    d = dim_of(dim, input._d.ndim)
    if input._d.ndim and not input._d.shape[d]:
        raise IndexError(f"{name.removeprefix('nan')}(): Expected reduction dim {d} to have non-zero size.")
    return d


median = _median("median", rows.median_all, rows.median_dim)
nanmedian = _median("nanmedian", rows.nanmedian_all, rows.nanmedian_dim)


@overridable
def mode(input: Tensor, dim: int = -1, keepdim: bool = False) -> Any:
    """The value that is there most often along ``dim``, of several the smallest, and an index of it."""
    return return_types.mode(*rows.mode(input, _nonempty("mode", input, dim), keepdim))


def _no_complex(text: str, input: Tensor) -> None:
    if input._d.dtype.kind == "c":
        raise RuntimeError(text)


METHODS: dict[str, Any] = {f.__name__: f for f in (sort, argsort, msort, topk, kthvalue, median, nanmedian, mode)}
FUNCTIONS = {
    name: f if name == "argsort" else accepts_out(f, name == "kthvalue", expected_out) for name, f in METHODS.items()
}
IN_PLACE: dict[str, Any] = {}
