"""Writes and sums at places that an index names, beyond the everyday ones: ``put``, ``scatter_reduce``."""

import numpy as np

from ..table.kernel import RAW, raw, rule
from ..table.op import op

_COMBINE = {"sum": np.add, "mean": np.add, "prod": np.multiply, "amax": np.maximum, "amin": np.minimum}


def neutral(reduce, d):
    """What does not change the result of ``reduce``, in dtype ``d``."""
    if reduce in ("sum", "mean"):
        return d.type(0)
    if reduce == "prod":
        return d.type(1)
    if d.kind == "b":
        return reduce == "amin"
    low, high = (-np.inf, np.inf) if d.kind == "f" else (np.iinfo(d).min, np.iinfo(d).max)
    return d.type(low if reduce == "amax" else high)


def reduced_into(x, dim, index, src, reduce, include_self):
    """``x`` with what ``src`` has for each place put together there, ``include_self``: with what was there."""
    out, at = np.array(x), along(index, dim)
    if not include_self:
        out[at] = neutral(reduce, x.dtype)
    COMBINE[reduce].at(out, at, corner(src, index.shape))
    if reduce == "mean":
        count = np.full(x.shape, int(include_self), np.int64)
        np.add.at(count, at, 1)
        count = np.maximum(count, 1)
        out = out // count.astype(x.dtype) if x.dtype.kind in "iu" else out / count.astype(x.dtype)
    return out


RAW.update(neutral=raw(neutral), reduced_into=raw(reduced_into), COMBINE=_COMBINE)


# ------------------------------------------------ what each receives
@rule
def ones_where(x, mask):
    """1 where ``mask``, 0 elsewhere, in the dtype of ``x``."""
    return masked_only(zeros_as(x) + 1, mask)


@rule
def counted(g, dim, index, src, include_self):
    """How many numbers a mean at each place was taken of."""
    start = zeros_as(g) + 1 if include_self else zeros_as(g)
    count = scatter_add(start, dim, index, zeros_as(src) + 1)
    return where(count == 0, 1.0, count)


@rule
def reduce_self_slope(g, x, dim, index, src, reduce, include_self, out):
    """What ``x`` receives."""
    if reduce == "sum":
        sent = g
    elif reduce == "mean":
        sent = g / counted(g, dim, index, src, include_self)
    elif reduce == "prod":
        whole = where(x == 0, 1.0, x)
        sent = g * scatter_reduce(whole, dim, index, src, "prod", include_self) / whole
    else:
        sent = masked_only(g / shares_at(x, dim, index, src, out), x == out)
    return sent if include_self else scatter_number(sent, dim, index, 0)


@rule
def shares_at(x, dim, index, src, out):
    """Among how many equal numbers each place shares its gradient, at least 1."""
    found = gather(out, dim, index)
    count = scatter_add(ones_where(x, x == out), dim, index, ones_where(src, src == found))
    return where(count == 0, 1.0, count)


@rule
def reduce_source_slope(g, x, dim, index, src, reduce, include_self, out):
    """What ``src`` receives."""
    whole, src = src, corner(src, tuple(index.shape))
    if reduce == "sum":
        sent = gather(g, dim, index)
    elif reduce == "mean":
        sent = gather(g / counted(g, dim, index, src, include_self), dim, index)
    elif reduce == "prod":
        zero = src == 0
        zeros = gather(scatter_add(zeros_as(x), dim, index, ones_where(src, zero)), dim, index)
        single = zero & (zeros == 1)
        others = scatter_reduce(x, dim, index, where(single, 1.0, src), "prod", include_self)
        sent = where(single, gather(g * others, dim, index), gather(g * out, dim, index) / where(zero, 1.0, src))
    else:
        sent = masked_only(gather(g / shares_at(x, dim, index, src, out), dim, index), src == gather(out, dim, index))
    return into_corner(sent, tuple(whole.shape))


@rule
def reduce_tangent(t, u, x, dim, index, src, reduce, include_self, out):
    """The tangent of the result, from those of ``x`` and ``src``."""
    one = zeros_as(out) + 1
    first = t * reduce_self_slope(one, x, dim, index, src, reduce, include_self, out)
    second = u * reduce_source_slope(one, x, dim, index, src, reduce, include_self, out)
    return scatter_add(first, dim, index, second)


def _reducing(node):
    return op(
        x=lambda g, x, dim, index, src, reduce, include_self, out: reduce_self_slope(
            g, x, dim, index, src, reduce, include_self, out
        ),
        src=lambda g, x, dim, index, src, reduce, include_self, out: reduce_source_slope(
            g, x, dim, index, src, reduce, include_self, out
        ),
        index=None,
        node=node,
        jvp=lambda tangent_x, tangent_src, x, dim, index, src, reduce, include_self, out: reduce_tangent(
            tangent_x, tangent_src, x, dim, index, src, reduce, include_self, out
        ),
    )


@_reducing("ScatterReduceBackward0")
def scatter_reduce(x, dim, index, src, reduce, include_self=True):
    """``x`` with the sum, product, mean, largest or smallest of what ``src`` has for each place."""
    return reduced_into(x, dim, index, src, reduce, include_self)


@_reducing("IndexReduceBackward0")
def index_reduce(x, dim, index, src, reduce, include_self=True):
    """``scatter_reduce`` of whole entries along ``dim``; ``index`` in the shape of ``src``."""
    return reduced_into(x, dim, index, src, reduce, include_self)


@op(
    x=lambda g: underivable(g, "scatter"),
    src=lambda g: underivable(g, "scatter"),
    index=None,
    node="NotImplemented",
    called="scatter",
    jvp="linear",
)
def scatter_combined(x, dim, index, src, reduce):
    """``scatter`` with ``reduce="add"`` or ``"multiply"``, which PyTorch does not derive."""
    return reduced_into(x, dim, index, src, reduce, True)


# ------------------------------------------------ other writes
@op(
    x=lambda g, index, accumulate: g if accumulate else put_elements(g, index, zeros_as(take(g, index)), False),
    src=lambda g, index, src_shape: reshape(take(g, index), src_shape),
    index=None,
    node="PutBackward0",
    called="put",
    jvp="linear",
)
def put_elements(x, index, src, accumulate=False):
    """``x`` with ``src`` at, or added to, the elements that ``index`` numbers in C order."""
    out = np.array(x, order="C")
    flat, at, values = out.reshape(-1), index.reshape(-1), src.reshape(-1)
    if accumulate:
        np.add.at(flat, at, values)
    else:
        flat[at] = values
    return out


@op(
    x=lambda g, mask, x_shape: sum_to(masked_fill(g, mask, 0), x_shape),
    src=lambda g, mask, src_shape: reshape(into_corner(masked_select(g, mask), (math.prod(src_shape),)), src_shape),
    mask=None,
    jvp="linear",
)
def masked_scatter(x, mask, src):
    """``x`` with the elements of ``src``, one after the other, where ``mask``; the first two broadcast."""
    shape = np.broadcast_shapes(x.shape, mask.shape)
    out, where_to = np.array(np.broadcast_to(x, shape)), np.broadcast_to(mask, shape)
    out[where_to] = src.reshape(-1)[: np.count_nonzero(where_to)]
    return out


@op(
    x=lambda g, dim, index: index_fill(g, dim, index, 0),
    value=lambda g, dim, index: sum_all(index_select(g, dim, index)),
    index=None,
    node="IndexFillBackward1",
    called="index_fill",
    jvp="linear",
)
def index_fill_tensor(x, dim, index, value):
    """``x`` with the entries at ``index`` along ``dim`` set to a 0-d tensor."""
    out = np.array(x)
    out[(slice(None),) * dim + (index,) if out.ndim else ...] = value
    return out
