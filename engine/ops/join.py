"""Joining and parting: several tensors in one, one in several."""

import numpy as np

from ..kernel import RAW, rule
from ..lists import joining, parting


@joining(lambda g, i, shapes, dim: piece(g, i, shapes, dim), node="CatBackward0")
def cat(tensors, dim=0):
    """``tensors`` one behind the other along ``dim``; empty vectors are left out."""
    kept = [d for d in tensors if d.ndim != 1 or d.size] or tensors
    return np.concatenate(kept, dim)


@rule
def piece(g, i, shapes, dim):
    """What the i-th of the tensors joined along ``dim`` receives of ``g``."""
    if shapes[i] == (0,):
        return slice_of(reshape(g, (-1,)), 0, 0, 0, 1)
    sizes = [0 if s == (0,) and len(g.shape) > 1 else s[dim] for s in shapes]
    start = builtins.sum(sizes[:i])
    return slice_of(g, dim, start, start + sizes[i], 1)


@joining(lambda g, i, shapes, dim: select(g, dim, i), node="StackBackward0")
def stack(tensors, dim=0):
    """``tensors`` of one shape as entries along a new dimension ``dim``."""
    return np.stack(tensors, dim)


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
    out, start = [], 0
    for n in sizes:
        out.append(x[(slice(None),) * dim + (slice(start, start + n),)])
        start += n
    return out


RAW["pieces"] = pieces


@parting(lambda parts, dim: stack(parts, dim), node="UnbindBackward0")
def unbind(x, dim=0):
    """Every entry along ``dim``, which disappears."""
    return [x[(slice(None),) * dim + (i, ...)] for i in range(x.shape[dim])]


RAW["unbind_all"] = unbind
