"""Sorting as PyTorch calls it: values and indices as a named pair."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import return_types
from ..mode import overridable
from ..ops import sort as rows
from ..tensor import Tensor, wrap
from .shape import dim_of


@overridable
def sort(input: Tensor, dim: int = -1, descending: bool = False, *, stable: bool | None = None) -> Any:
    """Values in order along ``dim``, and where they came from; equal values keep their order."""
    row = rows.sort if stable is None else rows.sort_stable
    return return_types.sort(*row(input, dim_of(dim, input._d.ndim), descending))


@overridable
def argsort(input: Tensor, dim: int = -1, descending: bool = False, stable: bool = False) -> Tensor:
    """The indices that sort along ``dim``."""
    return wrap(rows.order(np.asarray(input._d), dim_of(dim, input._d.ndim), descending))


@overridable
def msort(input: Tensor) -> Tensor:
    """Values in order along the first dimension."""
    return rows.sort(input, 0, False)[0]


@overridable
def topk(input: Tensor, k: int, dim: int = -1, largest: bool = True, sorted: bool = True) -> Any:
    """The ``k`` largest values along ``dim``, or the smallest, in order, and their indices."""
    d = dim_of(dim, input._d.ndim)
    if not 0 <= k <= (input._d.shape[d] if input._d.ndim else 1):
        raise RuntimeError("selected index k out of range")
    return return_types.topk(*rows.topk(input, k, d, largest))


@overridable
def kthvalue(input: Tensor, k: int, dim: int = -1, keepdim: bool = False) -> Any:
    """The ``k``-th smallest value along ``dim``, and its index."""
    d = dim_of(dim, input._d.ndim)
    if not 1 <= k <= (input._d.shape[d] if input._d.ndim else 1):
        raise RuntimeError("selected number k out of range for dimension " + str(d))
    return return_types.kthvalue(*rows.kthvalue(input, k, d, keepdim))


FUNCTIONS = {"sort": sort, "argsort": argsort, "msort": msort, "topk": topk, "kthvalue": kthvalue}
METHODS = dict(FUNCTIONS)
IN_PLACE: dict[str, Any] = {}
