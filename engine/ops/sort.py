"""Sorting: values in order, and where they came from."""

import numpy as np

from ..kernel import RAW, raw
from ..op import op


def order(x, dim, descending):
    """Indices that sort ``x`` along ``dim``; equal values keep their order, NaN counts as the largest."""
    if not x.ndim:
        return np.zeros((), np.int64)
    if not descending:
        return np.argsort(x, dim, kind="stable")
    back = np.argsort(np.flip(x, dim), dim, kind="stable")
    return x.shape[dim] - 1 - np.flip(back, dim)


RAW["order"] = raw(order)


@op(
    x=lambda g, dim, indices, x_shape: gather_back(g, dim, indices, x_shape),
    outputs=("out", "indices"),
    jvp=lambda t, dim, indices: gather(t, dim, indices),
)
def sort(x, dim=-1, descending=False):
    """``x`` in order along ``dim``, and the indices that put it so."""
    indices = order(x, dim, descending)
    return gather(x, dim, indices), indices


@op(
    x=lambda g, dim, indices, x_shape: gather_back(g, dim, indices, x_shape),
    outputs=("out", "indices"),
    node="SortBackward1",
    called="sort",
    jvp=lambda t, dim, indices: gather(t, dim, indices),
)
def sort_stable(x, dim=-1, descending=False):
    """``sort``, asked to keep the order of equal values, which it does anyway."""
    return sort(x, dim, descending)


@op(
    x=lambda g, dim, indices, x_shape: gather_back(g, dim, indices, x_shape),
    outputs=("out", "indices"),
    jvp=lambda t, dim, indices: gather(t, dim, indices),
)
def topk(x, k, dim=-1, largest=True):
    """The ``k`` largest along ``dim``, or smallest, in order, and their indices."""
    indices = corner(order(x, dim, largest), (*x.shape[:dim], k, *x.shape[dim + 1 :]) if x.ndim else ())
    return gather(x, dim, indices), indices


@op(
    x=lambda g, dim, indices, keepdim, x_shape: place(g, indices, x_shape, dim, keepdim),
    outputs=("out", "indices"),
    jvp=lambda t, dim, indices, keepdim: pick(t, indices, dim, keepdim),
)
def kthvalue(x, k, dim=-1, keepdim=False):
    """The ``k``-th smallest along ``dim``, and its index."""
    if not x.ndim:
        return x, np.int64(0)
    indices = np.take(order(x, dim, False), [k - 1] if keepdim else k - 1, dim)
    return pick(x, indices, dim, keepdim), indices
