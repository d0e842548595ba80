"""Indexing: copies by index arrays and masks, and writes."""

import builtins

import numpy as np

from ..table.kernel import PUBLIC, RAW, on_arrays, raw, rule
from ..table.op import op, view
from .layout import laid_out


def _recorded_in_dtype(g, d):
    return g if g._d.dtype is d else PUBLIC["cast"](g, d)


@on_arrays("in_dtype", _recorded_in_dtype)
def in_dtype(g, d):
    """A gradient in the dtype of what it belongs to."""
    if g.dtype is d:
        return g
    return (g if d.kind == "c" else g.real).astype(d)


# ------------------------------------------------------------------------------------------------ x[i, mask, ...]
@op(x=lambda g, indices, x_shape: index_back(g, indices, x_shape), node="IndexBackward0", called="index", jvp="linear")
def index_by(x, indices):
    """``x[indices]``: index arrays, masks, and full slices between them. A copy."""
    if not x.flags.c_contiguous:
        return as_picked(x, indices)
    if len(indices) == 1 and indices[0].dtype.kind == "i":
        return x.take(indices[0], 0)  # a fifth of what x[...] costs
    return np.ascontiguousarray(x[indices])


def as_picked(x, indices):
    """``x[indices]`` of what is not in C order, its dimensions laid out in memory as PyTorch does it."""
    data, dim, kept, places, arrays = x[indices], 0, [], [], []
    for a in indices:
        if isinstance(a, slice):
            kept.append((dim, x.strides[dim]))
            dim += 1
        else:
            places.append(dim)
            several = a.nonzero() if a.dtype.kind == "b" else (a,)
            arrays += several
            dim += len(several)
    kept += enumerate(x.strides[dim:], dim)
    shape = np.broadcast_shapes(*[a.shape for a in arrays])
    apart = any(places[0] < d < dim and d < places[-1] for d, _ in kept)
    before = 0 if apart else builtins.sum([d < places[0] for d, _ in kept])
    own = [s for _, s in kept]
    source = [*own[:before], *[0] * len(shape), *own[before:]]
    operands = [source]
    for a in arrays:
        steps = np.broadcast_to(a, shape).strides
        operands.append([*[0] * before, *steps, *[0] * (len(own) - before)])
    return laid_out(data, operands)


RAW.update(as_picked=raw(as_picked), laid_out=laid_out)


INDEX = index_by.row.step(("x",))
index_kernel = index_by.row.kernel


@op(x=lambda g, indices: index_by(g, indices), node="IndexPutBackward0", jvp="linear")
def index_back(x, indices, shape):
    """Zeros of ``shape`` with ``x`` added at ``indices``; what is there twice is added twice."""
    out = np.zeros(shape, x.dtype)
    np.add.at(out, indices, x)
    return out


@op(
    x=lambda g, indices, accumulate: g if accumulate else index_erase(g, indices),
    y=lambda g, indices, y_shape, y_dtype: in_dtype(of_value(index_by(g, indices), y_shape), y_dtype),
    apart=("y",),
    jvp="linear",
)
def index_put(x, y, indices, accumulate=False):
    """``x`` with ``y`` at ``indices``, or added there."""
    out = np.array(x)
    if accumulate:
        np.add.at(out, indices, y)
    else:
        put(out, indices, y)
    return out


def put(x, indices, y):
    """Write ``y`` at ``indices`` of ``x``; one number may have any number of dimensions."""
    x[indices] = y.reshape(()) if y.size == 1 else y


RAW["put"] = put


@rule
def of_value(g, shape):
    """What comes back to a value of ``shape`` that was written at places with the gradient ``g``."""
    return reshape(sum_to(g, ()), shape) if math.prod(shape) == 1 else sum_to(g, shape)


@op(x=lambda g, indices: index_erase(g, indices), node="IndexPutBackward0", jvp="linear")
def index_erase(x, indices):
    """``x`` with zeros at ``indices``."""
    out = np.array(x)
    out[indices] = 0
    return out


# ------------------------------------------------------------------------------------------------ writes into parts
# They pick numbers, and of complex ones perhaps only a half: nothing to conjugate
@view(
    x=lambda g, places, x_shape: put_places(g, places, x_shape), node="AsStridedBackward0", called="as_strided",
    holomorphic=False,
)  # fmt: skip
def as_strided_view(x, places):
    """The elements of ``x`` at ``places``: how a view is recorded anew after its base was written."""
    return part_of(x, places)


def part_of(x, places):
    """``places`` of ``x``, which is in C order: by (shape, strides, offset) in elements, or by flat indices.

    A fourth entry: the places are those of real numbers in an ``x`` of complex ones.
    """
    if type(places) is ndarray:
        return x.reshape(-1)[places]
    shape, strides, offset = places[:3]
    x = np.ascontiguousarray(x)
    d = real_of[x.dtype] if len(places) == 4 else x.dtype
    n = d.itemsize
    return np.ndarray(shape, d, x, offset * n, [s * n for s in strides]) if x.size else np.zeros(shape, d)


RAW["part_of"] = raw(part_of)


def overlaps(shape, strides):
    """Whether two elements of a view may be the same memory."""
    reach = 0
    for step, n in sorted((builtins.abs(s), n) for s, n in zip(strides, shape, strict=True) if n > 1):
        if step <= reach:
            return True
        reach += step * (n - 1)
    return False


RAW["overlaps"] = raw(overlaps)


@op(
    x=lambda g, places: as_strided_view(g, places), node="AsStridedBackward0Backward0", jvp="linear",
    holomorphic=False,
)  # fmt: skip
def put_places(x, places, shape):
    """Zeros of ``shape`` with ``x`` added at ``places``, which may overlap."""
    out = np.zeros(shape, complex_of[x.dtype] if len(places) == 4 and type(places) is tuple else x.dtype)
    if type(places) is ndarray:
        np.add.at(out.reshape(-1), places, x)
    elif overlaps(places[0], places[1]):
        memory = out.reshape(-1).view(x.dtype)
        np.add.at(memory, part_of(np.arange(memory.size), places[:3]), x)
    else:
        part = part_of(out, places)
        part += x
    return out


@op(
    x=lambda g, places: erase(g, places),
    y=lambda g, places, y_shape, y_dtype: in_dtype(sum_to(as_strided_view(g, places), y_shape), y_dtype),
    node="torch::autograd::CopySlices",
    called="__setitem__",
    jvp="linear",
    apart=("y",),
    holomorphic=False,
)
def copy_slices(x, y, places):
    """``x`` with ``y`` at ``places``: what a write into a view does to its base."""
    out = np.array(x, order="C")
    y = y if out.dtype.kind == "c" else y.real
    if type(places) is ndarray:
        out.reshape(-1)[places] = y
    else:
        part_of(out, places)[...] = y
    return out


@op(
    x=lambda g, places: erase(g, places), node="torch::autograd::CopySlices", called="zero_", jvp="linear",
    holomorphic=False,
)  # fmt: skip
def erase(x, places):
    """``x`` with zeros at ``places``."""
    return copy_slices(x, x.dtype.type(0), places)


@op(
    x=lambda g: zeros_as(g),
    y=lambda g, y_shape, y_dtype: in_dtype(sum_to(g, y_shape), y_dtype),
    apart=("y",),
    node="torch::autograd::CopyBackwards",
    jvp="linear",
)
def copy(x, y):
    """``y`` in the shape and dtype of ``x``: what ``x.copy_(y)`` makes of it."""
    return np.array(expand_to(y if x.dtype.kind in "cb" else y.real, x.shape), x.dtype, order="C")


# ------------------------------------------------------------------------------------------------ along one dimension
def along(index, dim):
    """Index arrays that pick, for every place of ``index``, the entry that it names along ``dim``.

    Like ``np.ogrid``, in a tenth of its time: the ranges are made once.
    """
    shape = index.shape
    if not shape:
        return ()
    if len(shape) == 1:
        return (index,)
    grid = []
    for i, n in enumerate(shape):
        if i == dim or i == dim + len(shape):
            grid.append(index)
            continue
        key = n, len(shape) - i
        if key not in RANGES:
            made = np.arange(n).reshape((n,) + (1,) * (len(shape) - i - 1))
            if n > 1024:
                grid.append(made)
                continue
            RANGES[key] = made
        grid.append(RANGES[key])
    return tuple(grid)


RAW["RANGES"] = {}
RAW["along"] = raw(along)


@op(x=lambda g, dim, index, x_shape: gather_back(g, dim, index, x_shape), index=None, jvp="linear")
def gather(x, dim, index):
    """``out[i][j] = x[i][index[i][j]]`` for dim 1, and so for any dimension."""
    return laid(x[along(index, dim)])


@op(x=lambda g, dim, index: gather(g, dim, index), index=None, node="ScatterAddBackward0", jvp="linear")
def gather_back(x, dim, index, shape):
    """Zeros of ``shape`` with ``x`` added where ``gather`` took it from."""
    out = np.zeros(shape, x.dtype)
    np.add.at(out, along(index, dim), x)
    return out


@op(
    x=lambda g, dim, index: scatter_number(g, dim, index, 0),
    src=lambda g, dim, index, src_shape: into_corner(gather(g, dim, index), src_shape),
    index=None,
    jvp="linear",
)
def scatter(x, dim, index, src):
    """``x`` with ``src`` written at the places that ``gather`` would read."""
    out = np.array(x)
    out[along(index, dim)] = corner(src, index.shape)
    return out


@op(x=lambda g, dim, index: scatter_number(g, dim, index, 0), index=None, node="ScatterBackward1", called="scatter",
    jvp=lambda t, dim, index: scatter_number(t, dim, index, 0))  # fmt: skip
def scatter_number(x, dim, index, value):
    """``x`` with a number written at the places that ``gather`` would read."""
    out = np.array(x)
    out[along(index, dim)] = value
    return out


@op(
    x=lambda g: g,
    src=lambda g, dim, index, src_shape: into_corner(gather(g, dim, index), src_shape),
    index=None,
    jvp="linear",
)
def scatter_add(x, dim, index, src):
    """``x`` with ``src`` added at the places that ``gather`` would read."""
    out = np.array(x)
    np.add.at(out, along(index, dim), corner(src, index.shape))
    return out


@op(x=lambda g, x_shape: into_corner(g, x_shape), node="SliceBackward0", jvp="linear")
def corner(x, shape):
    """The first ``shape[d]`` entries of each dimension d."""
    return x if x.shape == shape else np.ascontiguousarray(x[tuple([slice(n) for n in shape])])


@op(x=lambda g, x_shape: corner(g, x_shape), node="SliceBackward0Backward0", jvp="linear")
def into_corner(x, shape):
    """Zeros of ``shape`` with ``x`` in their first entries."""
    if x.shape == shape:
        return x
    out = np.zeros(shape, x.dtype)
    out[tuple([slice(n) for n in x.shape])] = x
    return out


@op(x=lambda g, dim, index, x_shape: select_rows_back(g, dim, index, x_shape), index=None, jvp="linear")
def index_select(x, dim, index):
    """The entries along ``dim`` that ``index`` lists."""
    return np.take(x, index, dim) if x.ndim else np.array(x)


@op(x=lambda g, dim, index: index_select(g, dim, index), index=None, node="IndexAddBackward0", jvp="linear")
def select_rows_back(x, dim, index, shape):
    """Zeros of ``shape`` with the entries of ``x`` added where ``index_select`` took them from."""
    out = np.zeros(shape, x.dtype)
    np.add.at(out, (slice(None),) * dim + (index,) if shape else (), x)
    return out


@op(
    x=lambda g: g,
    source=lambda g, dim, index, alpha: index_select(g, dim, index) * alpha,
    index=None,
    jvp="linear",
)
def index_add(x, dim, index, source, alpha=1):
    """``x`` with the entries of ``source``, times ``alpha``, added at ``index`` along ``dim``."""
    out = np.array(x)
    np.add.at(out, (slice(None),) * dim + (index,) if out.ndim else (), source * np.array(alpha).astype(x.dtype)[()])
    return out


@op(x=lambda g, dim, index: index_fill(g, dim, index, 0), index=None,
    jvp=lambda t, dim, index: index_fill(t, dim, index, 0))  # fmt: skip
def index_fill(x, dim, index, value):
    """``x`` with the entries at ``index`` along ``dim`` set to a number."""
    out = np.array(x)
    out[(slice(None),) * dim + (index,) if out.ndim else ...] = value
    return out


@op(
    x=lambda g, dim, index: index_fill(g, dim, index, 0),
    source=lambda g, dim, index: index_select(g, dim, index),
    index=None,
    jvp="linear",
)
def index_copy(x, dim, index, source):
    """``x`` with the entries at ``index`` along ``dim`` taken from ``source``."""
    out = np.array(x)
    out[(slice(None),) * dim + (index,) if out.ndim else ...] = source
    return out


@op(x=lambda g, index, x_shape: take_back(g, index, x_shape), index=None, jvp="linear")
def take(x, index):
    """The elements of ``x``, read in C order, that ``index`` lists."""
    return np.take(x, index)


@op(x=lambda g, index: take(g, index), index=None, node="PutBackward0", jvp="linear")
def take_back(x, index, shape):
    """Zeros of ``shape`` with ``x`` added where ``take`` took it from."""
    out = np.zeros(shape, x.dtype)
    np.add.at(out.reshape(-1), index, x)
    return out
