"""Sorting: values in order, and where they came from; what stands in the middle, and what is there most often."""

import numpy as np

from ..table.kernel import RAW, raw
from ..table.op import op
from .reduce import misdirected


# ------------------------------------------------------------------------------------------------ orders
def order(x, dim, descending):
    """Indices that sort ``x`` along ``dim``; equal values keep their order, NaN counts as the largest."""
    if not x.ndim:
        return np.zeros((), np.int64)
    if not descending:
        return x.argsort(dim, kind="stable")
    ahead = (slice(None),) * (dim % x.ndim)
    back = (*ahead, slice(None, None, -1))
    return x.shape[dim] - 1 - x[back].argsort(dim, kind="stable")[back]


def part(order, dim, start, stop):
    """Entries ``start`` to ``stop`` along ``dim``."""
    return order[(slice(None),) * (dim % order.ndim) + (slice(start, stop),)]


def tied(x, order, dim):
    """Whether ``order`` names equal elements of ``x``, or several NaN, one after the other along ``dim``."""
    found = x[along(order, dim)]
    ahead = (slice(None),) * (dim % x.ndim)
    up, down = found[(*ahead, slice(1, None))], found[(*ahead, slice(None, -1))]
    return (up == down).any() or (x.dtype.kind in "fc" and ((up != up) & (down != down)).any())


def unstable_order(x, dim, descending):
    """``order`` with equal elements where PyTorch leaves them."""
    found = order(x, dim, descending)
    if not x.ndim or x.shape[dim] <= 16 or not tied(x, found, dim):
        return found
    return unstable().sorted_order(x, found, dim)


def first_of(x, dim, k, descending):
    """The first ``k`` of ``order``, values and indices, equal elements chosen as PyTorch chooses them."""
    found = order(x, dim, descending)
    if not x.ndim:
        return (x, found) if k else (np.zeros(0, x.dtype), np.zeros(0, np.int64))
    ahead = (slice(None),) * (dim % x.ndim)
    first = found[(*ahead, slice(0, k + 1))]
    values, cut = x[along(first, dim)], (*ahead, slice(0, k))
    later, sooner = values[(*ahead, slice(1, None))], values[(*ahead, slice(0, -1))]
    if not k or ((later < sooner) if descending else (later > sooner)).all():
        return values[cut], first[cut]
    indices = unstable().top(x, found, dim, k)
    return x[along(indices, dim)], indices


def kth_of(x, dim, k, keepdim):
    """The index of the ``k``-th smallest, from 0; of equal ones that which PyTorch gives."""
    found = order(x, dim, False)
    one = part(found, dim, k, k + 1)
    if tied(x, part(found, dim, builtins.max(k - 1, 0), k + 2), dim):
        one = unstable().kth(x, found, dim, k)
    return one if keepdim else one.reshape(one.shape[: dim % x.ndim] + one.shape[dim % x.ndim + 1 :])


def unstable():
    """The module that knows where PyTorch leaves equal elements, read when there are some."""
    from . import unstable as module

    return module


RAW.update(
    unstable=unstable, order=raw(order), part=raw(part), tied=raw(tied), unstable_order=raw(unstable_order),
    first_of=raw(first_of), kth_of=raw(kth_of),
)  # fmt: skip


# ------------------------------------------------------------------------------------------------ rows
def in_order_of(x, out):
    """``out`` with its dimensions laid out in memory as those of ``x``, which has its shape."""
    if x.flags.c_contiguous and out.flags.c_contiguous:
        return out
    made = np.empty_like(x, out.dtype) if 0 not in x.strides else np.empty(x.shape, out.dtype)
    made[...] = out
    return made


RAW["in_order_of"] = raw(in_order_of)


@op(
    x=lambda g, dim, indices, x_shape: gather_back(g, dim, indices, x_shape),
    outputs=("out", "indices"),
    jvp=lambda t, dim, indices: gather(t, dim, indices),
)
def sort(x, dim=-1, descending=False):
    """``x`` in order along ``dim``, and the indices that put it so."""
    indices = unstable_order(x, dim, descending)
    return in_order_of(x, gather(x, dim, indices)), in_order_of(x, indices)


@op(
    x=lambda g, dim, indices, x_shape: gather_back(g, dim, indices, x_shape),
    outputs=("out", "indices"),
    node="SortBackward1",
    called="sort",
    jvp=lambda t, dim, indices: gather(t, dim, indices),
)
def sort_stable(x, dim=-1, descending=False, stable=True):
    """``sort`` that was asked whether to keep the order of equal values."""
    indices = (order if stable else unstable_order)(x, dim, descending)
    return in_order_of(x, gather(x, dim, indices)), in_order_of(x, indices)


@op(
    x=lambda g, dim, indices, x_shape: gather_back(g, dim, indices, x_shape),
    outputs=("out", "indices"),
    jvp=lambda t, dim, indices: gather(t, dim, indices),
)
def topk(x, k, dim=-1, largest=True):
    """The ``k`` largest along ``dim``, or smallest, in order, and their indices."""
    values, indices = first_of(x, dim, k, largest)
    return laid(values), laid(indices)


@op(
    x=lambda g, dim, indices, keepdim, x_shape: place(g, indices, x_shape, dim, keepdim),
    outputs=("out", "indices"),
    jvp=lambda t, dim, indices, keepdim: pick(t, indices, dim, keepdim),
    real="kthvalue_cpu",
)
def kthvalue(x, k, dim=-1, keepdim=False):
    """The ``k``-th smallest along ``dim``, and its index."""
    if not x.ndim:
        return x, np.int64(0)
    indices = kth_of(x, dim, k - 1, keepdim)
    return laid(pick(x, indices, dim, keepdim)), laid(indices)


def middle(x, dim, keepdim, ignore):
    """The index of the lower median along ``dim``; of the first NaN where there is one, unless ``ignore``."""
    found = np.moveaxis(order(x, dim, False), dim, -1)
    n = x.shape[dim]
    at = np.full((*found.shape[:-1], 1), (n - 1) // 2)
    if x.dtype.kind == "f":
        nan = np.moveaxis(np.isnan(x), dim, -1)
        count = np.add.reduce(nan, -1, keepdims=True)
        if ignore:
            at = np.maximum(n - count - 1, 0) // 2
            at = np.where(count == n, 0, at)
        else:
            at = np.where(count > 0, n - count, at)
    picked = np.take_along_axis(found, at, -1)
    return np.moveaxis(picked, -1, dim) if keepdim else picked[..., 0]


def nan_as(d):
    """NaN in a dtype, also of whole numbers: what the C++ conversion makes of it."""
    return np.array(math.nan).astype(d)[()]


RAW.update(middle=raw(middle), nan_as=raw(nan_as))


@op(
    x=lambda g, x, out: given_to(g, ties(x, out, None, True)),
    node="MedianBackward0",
    called="median",
    jvp=lambda t, x, out: sum_all(t * ties(x, out, None, True)),
)
def median_all(x):
    """The lower median of all elements, NaN if one is; equal ones share the gradient."""
    v = np.sort(x, None)
    return v[(v.size - 1) // 2 if v[-1] == v[-1] else -1] if v.size else nan_as(x.dtype)


@op(
    x=lambda g, x, out: given_to(g, ties(x, out, None, True)),
    node="NanmedianBackward0",
    called="nanmedian",
    jvp=lambda t, x, out: sum_all(t * ties(x, out, None, True)),
)
def nanmedian_all(x):
    """The lower median of the elements that are not NaN; equal ones share the gradient."""
    v = np.sort(x, None)
    v = v[v == v] if v.size and v[-1] != v[-1] else v
    return v[(v.size - 1) // 2] if v.size else nan_as(x.dtype)


@op(
    x=lambda g, dim, indices, keepdim, x_shape: place(g, indices, x_shape, dim, keepdim),
    outputs=("out", "indices"),
    node="MedianBackward1",
    called="median",
    jvp=lambda t, indices, dim, keepdim: pick(t, indices, dim, keepdim),
    diagnose=misdirected,
)
def median_dim(x, dim, keepdim=False):
    """The lower median along ``dim``, NaN if one is, and its index."""
    indices = middle(x, dim, keepdim, False) if x.ndim else np.int64(0)
    return pick(x, indices, dim, keepdim), indices


@op(
    x=lambda g, dim, indices, keepdim, x_shape: place(g, indices, x_shape, dim, keepdim),
    outputs=("out", "indices"),
    node="NanmedianBackward1",
    called="nanmedian",
    jvp=lambda t, indices, dim, keepdim: pick(t, indices, dim, keepdim),
    diagnose=misdirected,
)
def nanmedian_dim(x, dim, keepdim=False):
    """The lower median along ``dim`` of what is not NaN, and its index."""
    indices = middle(x, dim, keepdim, True) if x.ndim else np.int64(0)
    return laid(pick(x, indices, dim, keepdim)), laid(indices)


@op(
    x=lambda g, dim, indices, keepdim, x_shape: place(g, indices, x_shape, dim, keepdim),
    outputs=("out", "indices"),
    jvp=lambda t, indices, dim, keepdim: pick(t, indices, dim, keepdim),
    diagnose=misdirected,
    real="mode_cpu",
)
def mode(x, dim=-1, keepdim=False):
    """The value that is there most often along ``dim``, of several the smallest, and where PyTorch finds it."""
    if not x.ndim:
        return x, np.int64(0)
    found = np.moveaxis(unstable_order(x, dim, False), dim, -1)
    rows = np.take_along_axis(np.moveaxis(x, dim, -1), found, -1)
    n = rows.shape[-1]
    ends = np.ones(rows.shape, bool)
    ends[..., :-1] = rows[..., 1:] != rows[..., :-1]
    at = np.arange(n)
    before = np.maximum.accumulate(np.where(ends, at, -1), -1)
    before = np.concatenate([np.full((*rows.shape[:-1], 1), -1), before[..., :-1]], -1)
    last = np.argmax(np.where(ends, at - before, 0), -1)[..., None]
    picked = np.take_along_axis(found, last, -1)
    indices = np.moveaxis(picked, -1, dim) if keepdim else picked[..., 0]
    return pick(x, indices, dim, keepdim), indices
