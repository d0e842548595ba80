"""Joining and parting: several tensors in one, one in several."""

import numpy as np

from .. import errors
from ..table.kernel import PUBLIC, RAW, on_arrays, raw, rule
from ..table.lists import joining, parting
from ..tensor import Tensor


# ------------------------------------------------------------------------------------------------ what PyTorch refuses
def listed(function, tensors):
    """``tensors`` as a list.

    Errors: PyTorch's TypeErrors for what is no tuple or list, or has something else than Tensors in it.
    """
    if not isinstance(tensors, tuple | list):
        raise TypeError(
            f"{function}(): argument 'tensors' (position 1) must be tuple of Tensors, not {type(tensors).__name__}"
        )
    for i, x in enumerate(tensors):
        if not isinstance(x, Tensor):
            raise TypeError(f"expected Tensor as element {i} in argument 0, but got {type(x).__name__}")
    return list(tensors)


def dimension(dim, ndim):
    """A dimension counted from the front, or PyTorch's IndexError."""
    low = ndim or 1
    if not -low <= dim < low:
        raise errors.dim_range(dim, ndim)
    return dim % low


def joinable(tensors, dim=0):
    """What ``cat`` puts together, and along what; or PyTorch's error."""
    xs = listed("cat", tensors)
    if not xs:
        raise ValueError("torch.cat(): expected a non-empty list of Tensors")
    for i, x in enumerate(xs):
        if not x._d.ndim:
            raise RuntimeError(f"zero-dimensional tensor (at position {i}) cannot be concatenated")
    counted = [(i, x._d.shape) for i, x in enumerate(xs) if x._d.shape != (0,)] or [(0, xs[0]._d.shape)]
    first = counted[0][1]
    d = dimension(dim, len(first))
    for i, shape in counted[1:]:
        if len(shape) != len(first):
            raise RuntimeError(f"Tensors must have same number of dimensions: got {len(first)} and {len(shape)}")
        for n, m in zip((*first[:d], *first[d + 1 :]), (*shape[:d], *shape[d + 1 :]), strict=True):
            if n != m:
                raise RuntimeError(
                    f"Sizes of tensors must match except in dimension {d}. Expected size {n} but got size {m} for "
                    f"tensor number {i} in the list."
                )
    return xs, (d,)


def stackable(tensors, dim=0):
    """What ``stack`` puts together, and along what; or PyTorch's error."""
    xs = listed("stack", tensors)
    if not xs:
        raise RuntimeError("stack expects a non-empty TensorList")
    shape = xs[0]._d.shape
    d = dimension(dim, len(shape) + 1)
    for i, x in enumerate(xs):
        if x._d.shape != shape:
            raise RuntimeError(
                f"stack expects each tensor to be equal size, but got {list(shape)} at entry 0 and "
                f"{list(x._d.shape)} at entry {i}"
            )
    return xs, (d,)


# ------------------------------------------------------------------------------------------------ joining
@joining(lambda g, shapes, dim: cut(g, shapes, dim), node="CatBackward0", check=joinable)
def cat(tensors, dim=0):
    """``tensors`` one behind the other along ``dim``; empty vectors are left out."""
    try:
        out = np.concatenate(tensors, dim)
    except ValueError:
        out = np.concatenate([d for d in tensors if d.ndim != 1 or d.size], dim)
    return out if out.flags.c_contiguous else laid_or_channels_last(out)


def laid_or_channels_last(out):
    """A result in the order of its dimensions, unless its channels come last in memory."""
    return out if out.ndim in (4, 5) and np.moveaxis(out, 1, -1).flags.c_contiguous else np.array(out, order="C")


RAW["laid_or_channels_last"] = raw(laid_or_channels_last)


@rule
def cut(g, shapes, dim):
    """What the tensors joined along ``dim`` receive of ``g``."""
    out, start, many = [], 0, len(g.shape) > 1
    for shape in shapes:
        if many and shape == (0,):
            out.append(zeros_as(slice_of(reshape(g, (-1,)), 0, 0, 0, 1)))
        else:
            out.append(slice_of(g, dim % len(g.shape), start, start + shape[dim], 1))
            start += shape[dim]
    return tuple(out)


@on_arrays("cut", PUBLIC["cut"])
def _cut(g, shapes, dim):
    out, start, ahead = [], 0, (slice(None),) * (dim % g.ndim)
    for shape in shapes:
        stop = start + (shape[dim] if len(shape) == g.ndim else 0)
        part = g[start:stop] if not ahead else g[(*ahead, slice(start, stop))]
        out.append(part if len(shape) == g.ndim else part.reshape(shape))
        start = stop
    return tuple(out)


@joining(lambda g, shapes, dim: entries(g, shapes, dim), node="StackBackward0", check=stackable, alike=True)
def stack(tensors, dim=0):
    """``tensors`` of one shape as entries along a new dimension ``dim``."""
    shape = tensors[0].shape
    if not shape:
        if dim not in (0, -1):
            raise IndexError(dim)
        return np.array(tensors)
    if not dim:
        return laid(np.concatenate(tensors).reshape((len(tensors), *shape)))
    if dim < 0:
        dim += len(shape) + 1
    if not 0 <= dim <= len(shape):
        raise IndexError(dim)
    wide = (*shape[:dim], 1, *shape[dim:])
    return laid(np.concatenate([d.reshape(wide) for d in tensors], dim))


@rule
def entries(g, shapes, dim):
    """Every entry of ``g`` along ``dim``."""
    dim %= len(g.shape)
    return tuple([select(g, dim, i) for i in range(len(shapes))])


@on_arrays("entries", PUBLIC["entries"])
def _entries(g, shapes, dim):
    return tuple(g) if not dim else tuple(np.moveaxis(g, dim, 0))


# ------------------------------------------------------------------------------------------------ parting
@parting(lambda parts, sizes, dim: cat(parts, dim), node="SplitBackward0")
def split(x, sizes, dim=0):
    """Parts of given sizes along ``dim``: ``split`` by one size, and ``chunk``."""
    return pieces(x, sizes, dim)


@parting(lambda parts, sizes, dim: cat(parts, dim), node="SplitWithSizesBackward0")
def split_with_sizes(x, sizes, dim=0):
    """Parts of given sizes along ``dim``."""
    return pieces(x, sizes, dim)


def pieces(x, sizes, dim):
    """Views of ``sizes`` entries each along ``dim``."""
    out, start, ahead = [], 0, (slice(None),) * dim
    for n in sizes:
        out.append(x[start : start + n] if not ahead else x[(*ahead, slice(start, start + n))])
        start += n
    return out


RAW["pieces"] = raw(pieces)


@parting(lambda parts, dim: stack(parts, dim), node="UnbindBackward0")
def unbind(x, dim=0):
    """Every entry along ``dim``, which disappears."""
    if x.ndim > 1:
        return list(x if not dim else np.moveaxis(x, dim, 0))
    return [x[i, ...] for i in range(len(x))]


RAW["unbind_all"] = unbind
