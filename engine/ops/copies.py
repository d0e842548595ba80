"""Copies of what views show, what is written in their place, and steps through memory: ``as_strided``."""

from types import FunctionType

import numpy as np

from ..graph.versions import owner
from ..table.kernel import RAW, raw
from ..table.lists import parting
from ..table.op import TABLE, op, view
from .shape import diagonal, select, slice_of


# ------------------------------------------------------------------------------------------------ views, copied
def _copied(name):
    """The row ``<name>_copy``: what the view ``name`` shows, in memory of its own."""
    row = TABLE[name]
    stub = FunctionType(
        row.stub.__code__.replace(co_name=name + "_copy"), row.stub.__globals__, name + "_copy", row.stub.__defaults__
    )
    stub.__doc__ = f"``{row.called}``, in memory of its own."
    node = {"view_as": "View", "expand_to": "Expand", "slice_of": "Slice"}.get(name, name.title().replace("_", ""))
    kernel = row.kernel
    return op(
        lambda *args: np.array(kernel(*args)), x=row.formulas["x"], node=node + "Backward0_copy", jvp="linear",
        called=row.called + "_copy",
    )(stub)  # fmt: skip


COPIED = (
    "alias", "expand_to", "permute", "select", "slice_of", "squeeze", "t", "transpose", "unfold", "unsqueeze",
    "view_as",
)  # fmt: skip
COPIES = {name: _copied(name) for name in COPIED}


@parting(lambda parts, sizes, dim: cat(parts, dim), node="SplitWithSizesBackward0_copy", views=False)
def split_with_sizes_copy(x, sizes, dim=0):
    """``split_with_sizes``, each in memory of its own."""
    return [np.array(part) for part in pieces(x, sizes, dim)]


@parting(lambda parts, sizes, dim: cat(parts, dim), node="UnsafeSplitBackward0", views=False)
def unsafe_split(x, sizes, dim=0):
    """``split`` whose parts may be written: they are no views for autograd, and here none at all."""
    return [np.array(part) for part in pieces(x, sizes, dim)]


@parting(lambda parts, sizes, dim: cat(parts, dim), node="UnsafeSplitWithSizesBackward0", views=False)
def unsafe_split_with_sizes(x, sizes, dim=0):
    """``split_with_sizes`` whose parts may be written."""
    return [np.array(part) for part in pieces(x, sizes, dim)]


@parting(lambda parts, dim: stack(parts, dim), node="UnbindBackward0_copy", views=False)
def unbind_copy(x, dim=0):
    """``unbind``, each in memory of its own."""
    return [np.array(part) for part in np.moveaxis(x, dim, 0)]


@op(
    x=lambda g, x_shape, dim, start, stop: slice_back(g, x_shape, dim, start, stop, 1),
    node="NarrowCopyBackward0",
    jvp="linear",
)
def narrow_copy(x, dim, start, stop):
    """Entries ``start`` to ``stop`` along ``dim``, in memory of their own."""
    return np.array(slice_of(x, dim, start, stop, 1))


# ------------------------------------------------------------------------------------------------ written in place
@op(
    x=lambda g, offset, dim1, dim2: diagonal_scatter(g, zeros_as(diagonal(g, offset, dim1, dim2)), offset, dim1, dim2),
    y=lambda g, offset, dim1, dim2: diagonal(g, offset, dim1, dim2),
    jvp="linear",
)
def diagonal_scatter(x, y, offset=0, dim1=0, dim2=1):
    """``x`` with ``y`` on a diagonal."""
    out = np.array(x, order="C")
    diagonal(out, offset, dim1, dim2)[...] = y
    return out


@op(
    x=lambda g, dim, index: select_scatter(g, zeros_as(select(g, dim, index)), dim, index),
    y=lambda g, dim, index: select(g, dim, index),
    jvp="linear",
)
def select_scatter(x, y, dim, index):
    """``x`` with ``y`` as entry ``index`` along ``dim``."""
    out = np.array(x)
    select(out, dim, index)[...] = y
    return out


@op(
    x=lambda g, dim, start, stop, step: slice_scatter(
        g, zeros_as(slice_of(g, dim, start, stop, step)), dim, start, stop, step
    ),
    y=lambda g, dim, start, stop, step: slice_of(g, dim, start, stop, step),
    jvp="linear",
)
def slice_scatter(x, y, dim, start, stop, step):
    """``x`` with ``y`` at ``start:stop:step`` along ``dim``."""
    out = np.array(x)
    slice_of(out, dim, start, stop, step)[...] = y
    return out


# ------------------------------------------------------------------------------------------------ steps through memory
def memory_of(x):
    """The memory of ``x`` as a vector of its elements, and where in it ``x`` begins."""
    memory = owner(x)
    if not memory.flags.c_contiguous:
        memory = memory.transpose(sorted(range(memory.ndim), key=lambda i: -memory.strides[i]))
    flat = memory.reshape(-1)
    flat = flat if flat.dtype is x.dtype else flat.view(x.dtype)
    start = x.__array_interface__["data"][0] - flat.__array_interface__["data"][0]
    return flat, start // x.itemsize


def placed(shape, strides, offset):
    """For each element of a tensor, where in its memory it is."""
    out = np.full(shape, offset, np.int64)
    for d, (n, step) in enumerate(zip(shape, strides, strict=True)):
        out += (np.arange(n) * step).reshape((n,) + (1,) * (len(shape) - d - 1))
    return out


RAW.update(memory_of=raw(memory_of), placed=raw(placed))


def places_in(x, shape, strides, offset):
    """For each element that ``as_strided`` shows, the index in ``x`` of what it shows; -1 where ``x`` has it not."""
    flat, start = memory_of(x)
    step = tuple([s // x.itemsize for s in x.strides])
    where_is = np.full(flat.size, -1, np.int64)
    where_is[placed(x.shape, step, start).reshape(-1)] = np.arange(x.size)
    return where_is[placed(shape, strides, offset)]


@view(
    x=lambda g, places, x_shape: places_back(g, places, x_shape),
    node="AsStridedBackward0",
    jvp=lambda tangent_x, places: at_places(tangent_x, places),
)
def as_strided(x, shape, strides, offset, places):
    """The memory of ``x`` in steps of its own; ``places``: for each element its index in ``x``."""
    flat, _ = memory_of(x)
    n = x.itemsize
    return np.ndarray(shape, x.dtype, flat, offset * n, [s * n for s in strides]) if flat.size else x.reshape(shape)


@op(x=lambda g, places, x_shape: places_back(g, places, x_shape), node="AsStridedBackward0_copy", jvp="linear")
def at_places(x, places):
    """The elements of ``x``, in C order, at ``places``; 0 at -1."""
    found = np.asarray(x).reshape(-1)[places] if x.size else np.zeros(places.shape, x.dtype)
    return np.where(places < 0, x.dtype.type(0), found)


@op(x=lambda g, places: at_places(g, places), node="AsStridedBackward0Backward0", jvp="linear")
def places_back(x, places, shape):
    """Zeros of ``shape`` with ``x`` added at ``places``, but for -1."""
    out = np.zeros(shape, x.dtype)
    kept_ones = places >= 0
    np.add.at(out.reshape(-1), places[kept_ones], x[kept_ones])
    return out


@op(
    x=lambda g, places, x_shape: places_back(at_places(g, places), places, x_shape),
    y=lambda g, places: at_places(g, places),
    jvp="linear",
)
def as_strided_scatter(x, y, places):
    """``x`` with ``y`` where ``as_strided`` would show it.

    The gradient of ``x`` is PyTorch's, which is not that of this function: it has ``g`` where ``y`` is written, and
    zeros where ``x`` is kept.
    """
    out = np.array(x, order="C")
    out.reshape(-1)[places] = y
    return out
