"""Shapes: views of the same memory, and the few rearrangements that have to copy."""

import numpy as np

from ..graph.versions import owner
from ..table.kernel import RAW, on_arrays, raw, rule
from ..table.op import op, view


# ------------------------------------------------------------------------------------------------ another shape
@view(x=lambda g, x_shape: reshape(g, x_shape), node="ViewBackward0", called="view")
def view_as(x, shape):
    """The same elements, in the same order, in another shape."""
    return x.reshape(shape)


@view(x=lambda g, x_shape: reshape(g, x_shape), node="ReshapeAliasBackward0", called="reshape")
def reshape_alias(x, shape):
    """``view`` of what does not lie in C order without gaps: how ``reshape`` calls it then."""
    return x.reshape(shape)


@op(x=lambda g, x_shape: reshape(g, x_shape), node="UnsafeViewBackward0", called="reshape", jvp="linear")
def unsafe_view(x, shape):
    """``view`` of a fresh copy that nobody else sees: the second half of a ``reshape`` that has to copy."""
    return x.reshape(shape)


def restride(x, shape, strides, offset=0):
    """A view of the memory of ``x`` with a shape and byte strides of its own, ``offset`` bytes further on."""
    memory = owner(x)
    if not memory.flags.c_contiguous:
        memory = memory.transpose(sorted(range(memory.ndim), key=lambda i: -memory.strides[i]))
    start = x.__array_interface__["data"][0] - memory.__array_interface__["data"][0]
    return np.ndarray(shape, x.dtype, memory, start + offset, strides)


def shares(x, shape):
    """Whether ``x`` in ``shape`` can be the same memory."""
    if x.flags.c_contiguous or not x.size:
        return True
    return x.reshape(shape).__array_interface__["data"] == x.__array_interface__["data"]


RAW.update(owner=owner, restride=raw(restride), shares=shares)


def reshaped(x, shape):
    """``x`` in ``shape``: a view where memory allows it, else a copy."""
    d = x._d
    if type(d) is not np.ndarray or d.flags.c_contiguous:
        return view_as(x, shape)
    return reshape_alias(x, shape) if shares(d, shape) else unsafe_view(clone(x, "C"), shape)


@on_arrays("reshape", reshaped)
def _reshape(x, shape):
    return x.reshape(shape)


@op(x=lambda g: clone(g, "K"), node="CloneBackward0", jvp="linear")
def clone(x, order="K"):
    """A copy; ``order`` "K" keeps the order of the elements in memory, "C" makes it that of the indices.

    Or ``order`` is the name of a memory format.
    """
    if len(order) > 1:
        return in_format(x, order)
    if order == "K" and type(x) is ndarray and 0 in x.strides and x.size > 1:
        order = "C"  # an expanded view: PyTorch's copy of it is in C order
    return np.array(x, order=order) if type(x) is ndarray else x.copy()  # writes are logged by object


@view(x=lambda g: alias(g), node="AliasBackward0")
def alias(x):
    """The same tensor under another name: ``x[...]``."""
    return x[...]


# ------------------------------------------------------------------------------------------------ broadcasting
@view(x=lambda g, x_shape: sum_to(g, x_shape), node="ExpandBackward0", called="expand")
def expand_to(x, shape):
    """``x`` repeated along new or single dimensions to ``shape``, without copying."""
    if type(x) is not ndarray:  # in a formula: a gradient may be a NumPy scalar
        x = np.asarray(x)
    if not x.ndim:
        return np.ndarray(shape, x.dtype, x, 0, (0,) * len(shape))
    ahead = len(shape) - x.ndim
    strides = [0] * ahead + [s if n == m else 0 for s, n, m in zip(x.strides, x.shape, shape[ahead:], strict=True)]
    if not x.size:
        return np.broadcast_to(x, shape)
    return np.ndarray(shape, x.dtype, x, 0, strides) if x.flags.c_contiguous else restride(x, shape, strides)


@op(x=lambda g, x_shape: expand_to(g, x_shape), node="SumBackward1", jvp="linear")
def sum_to(x, shape):
    """``x`` summed to ``shape``: what undoes broadcasting."""
    return fit(x, (shape, x.dtype))


@rule
def unreduce(g, shape, dim, keepdim):
    """What each element of a sum over ``dim`` receives: ``g`` in the shape of the input."""
    if dim is None:
        return expand_to(g, shape)
    if not keepdim:
        dims = {d % max(len(shape), 1) for d in (dim if type(dim) is tuple else (dim,))}
        g = reshape(g, tuple([1 if i in dims else n for i, n in enumerate(shape)]))
    return expand_to(g, shape)


@op(x=lambda g, x_shape, repeats: fold_repeats(g, x_shape, repeats), jvp="linear")
def repeat(x, repeats):
    """Copies of ``x`` side by side: ``repeats[i]`` of them along dimension i."""
    return np.tile(x, repeats) if repeats else np.array(x)


@op(x=lambda g, repeats: repeat(g, repeats), node="SumBackward1", jvp="linear")
def fold_repeats(x, shape, repeats):
    """The sum of the copies that ``repeat`` made of something of ``shape``."""
    full = (1,) * (len(repeats) - len(shape)) + tuple(shape)
    pairs = [n for pair in zip(repeats, full, strict=True) for n in pair]
    return np.add.reduce(x.reshape(pairs), tuple(range(0, len(pairs), 2))).reshape(shape)


# ------------------------------------------------------------------------------------------------ order of dimensions
@view(x=lambda g, dim0, dim1: transpose(g, dim0, dim1))
def transpose(x, dim0, dim1):
    """``x`` with dimensions ``dim0`` and ``dim1`` exchanged."""
    return x.swapaxes(dim0, dim1) if x.ndim else x[...]


@view(x=lambda g: t(g))
def t(x):
    """The transpose of a matrix; vectors stay as they are."""
    return x.T


@view(x=lambda g, dims: permute(g, inverse(dims)))
def permute(x, dims):
    """``x`` with its dimensions in the order ``dims``."""
    return x.transpose(dims) if dims else x[...]


@rule
def inverse(dims):
    """The order of dimensions that undoes ``dims``."""
    out = [0] * len(dims)
    for i, d in enumerate(dims):
        out[d] = i
    return tuple(out)


# ------------------------------------------------------------------------------------------------ single dimensions
@view(x=lambda g, x_shape: reshape(g, x_shape))
def unsqueeze(x, dim):
    """``x`` with a new dimension of size 1 at ``dim``."""
    return x.reshape((*x.shape[:dim], 1, *x.shape[dim:]))


@view(
    x=lambda g, x_shape, dim: reshape(g, x_shape),
    node=lambda n: f"SqueezeBackward{0 if n.saved[0] is None else 1 if type(n.saved[0]) is int else 2}",
)
def squeeze(x, dim=None):
    """``x`` without its dimensions of size 1, or without those of them that ``dim`` names."""
    if dim is None:
        return x.squeeze() if x.ndim else x[...]
    dims = [d for d in (dim if type(dim) is tuple else (dim,)) if x.ndim and x.shape[d] == 1]
    return x.squeeze(tuple(dims)) if dims else x[...]


# ------------------------------------------------------------------------------------------------ of the tensor itself
@view(x=lambda g, x_shape: reshape(g, x_shape), node="UnsqueezeBackward1")
def unsqueeze_(x, dim):
    """``unsqueeze`` of the tensor itself."""
    return unsqueeze(x, dim)


@view(
    x=lambda g, x_shape, dim: reshape(g, x_shape),
    node=lambda n: f"SqueezeBackward{3 if n.saved[0] is None else 4 if type(n.saved[0]) is int else 5}",
)
def squeeze_(x, dim=None):
    """``squeeze`` of the tensor itself."""
    return squeeze(x, dim)


@view(x=lambda g, dim0, dim1: transpose(g, dim0, dim1), node="TransposeBackward1")
def transpose_(x, dim0, dim1):
    """``transpose`` of the tensor itself."""
    return transpose(x, dim0, dim1)


@view(x=lambda g: t(g), node="TBackward1")
def t_(x):
    """``t`` of the tensor itself."""
    return x.T


# ------------------------------------------------------------------------------------------------ parts
@view(x=lambda g, x_shape, dim, index: select_back(g, x_shape, dim, index))
def select(x, dim, index):
    """Entry ``index`` along ``dim``, which disappears: ``x[index]`` for dim 0."""
    return x[index, ...] if dim == 0 else x[(slice(None),) * dim + (index, ...)]


@op(x=lambda g, dim, index: select(g, dim, index), node="SelectBackward0Backward0", jvp="linear")
def select_back(x, shape, dim, index):
    """Zeros of ``shape`` with ``x`` at ``index`` along ``dim``."""
    out = np.zeros(shape, x.dtype)
    out[(slice(None),) * dim + (index,)] = x
    return out


@view(
    x=lambda g, x_shape, dim, start, stop, step: slice_back(g, x_shape, dim, start, stop, step),
    node="SliceBackward0",
    called="slice",
)
def slice_of(x, dim, start, stop, step):
    """Entries ``start:stop:step`` along ``dim``."""
    return x[start:stop:step] if dim == 0 else x[(slice(None),) * dim + (slice(start, stop, step),)]


@op(
    x=lambda g, dim, start, stop, step: slice_of(g, dim, start, stop, step),
    node="SliceBackward0Backward0",
    jvp="linear",
)
def slice_back(x, shape, dim, start, stop, step):
    """Zeros of ``shape`` with ``x`` at ``start:stop:step`` along ``dim``."""
    out = np.zeros(shape, x.dtype)
    out[(slice(None),) * dim + (slice(start, stop, step),)] = x
    return out


@view(x=lambda g, x_shape, offset, dim1, dim2: diagonal_back(g, x_shape, offset, dim1, dim2))
def diagonal(x, offset=0, dim1=0, dim2=1):
    """The diagonal of dimensions ``dim1`` and ``dim2``, as the last dimension."""
    part = x.diagonal(offset, dim1, dim2)  # which NumPy makes read-only
    ahead = part.__array_interface__["data"][0] - x.__array_interface__["data"][0]
    return restride(x, part.shape, part.strides, ahead if part.size else 0)


@op(
    x=lambda g, offset, dim1, dim2: diagonal(g, offset, dim1, dim2),
    node="DiagonalBackward0Backward0",
    jvp="linear",
)
def diagonal_back(x, shape, offset, dim1, dim2):
    """Zeros of ``shape`` with ``x`` on the diagonal of ``dim1`` and ``dim2``."""
    out = np.zeros(shape, x.dtype)
    whole = np.moveaxis(out, (dim1, dim2), (-2, -1))
    i = np.arange(x.shape[-1])
    whole[..., i + builtins.max(-offset, 0), i + builtins.max(offset, 0)] = x
    return out


@view(x=lambda g, x_shape, dim, size, step: unfold_back(g, x_shape, dim, size, step))
def unfold(x, dim, size, step):
    """Windows of ``size`` entries along ``dim``, one every ``step``, as a new last dimension."""
    count = (x.shape[dim] - size) // step + 1
    shape = (*x.shape[:dim], count, *x.shape[dim + 1 :], size)
    strides = (*x.strides[:dim], x.strides[dim] * step, *x.strides[dim + 1 :], x.strides[dim])
    return restride(x, shape, strides)


@op(x=lambda g, dim, size, step: unfold(g, dim, size, step), node="UnfoldBackwardBackward0", jvp="linear")
def unfold_back(x, shape, dim, size, step):
    """Zeros of ``shape`` with the windows ``x`` added where they were taken."""
    out = np.zeros(shape, x.dtype)
    windows = unfold(out, dim, size, step)
    for i in range(size):
        windows[..., i] += x[..., i]
    return out


# ------------------------------------------------------------------------------------------------ copies
@op(x=lambda g, dims: flip(g, dims), jvp="linear")
def flip(x, dims):
    """``x`` with the order reversed along ``dims``."""
    return np.flip(x, dims).copy() if x.ndim else np.array(x)


@op(x=lambda g, shifts, dims: roll(g, tuple([-s for s in shifts]), dims), jvp="linear")
def roll(x, shifts, dims):
    """``x`` shifted round by ``shifts`` along ``dims``; over all elements when ``dims`` is empty."""
    return laid(np.roll(x, shifts, dims) if dims else np.roll(x, shifts[0]))


@op(x=lambda g, k, dims: rot90(g, -k, dims), jvp="linear")
def rot90(x, k=1, dims=(0, 1)):
    """``x`` turned by ``k`` quarters in the plane of ``dims``."""
    return np.rot90(x, k, dims).copy()


@op(x=lambda g, diagonal: tril(g, diagonal), jvp="linear")
def tril(x, diagonal=0):
    """The lower triangle of each matrix, from ``diagonal`` down, zeros above."""
    return laid(np.tril(x, diagonal))


@op(x=lambda g, diagonal: triu(g, diagonal), jvp="linear")
def triu(x, diagonal=0):
    """The upper triangle of each matrix, from ``diagonal`` up, zeros below."""
    return laid(np.triu(x, diagonal))
