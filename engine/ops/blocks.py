"""Matrices side by side on a diagonal."""

import numpy as np

from ..table.kernel import rule
from ..table.lists import joining
from .join import listed


def blocks(tensors):
    """The tensors of a call, after PyTorch's checks."""
    xs = listed("block_diag", tensors)
    for i, x in enumerate(xs):
        if x._d.ndim > 2:
            raise RuntimeError(
                f"torch.block_diag: Input tensors must have 2 or fewer dimensions. Input {i} has {x._d.ndim} dimensions"
            )
    return xs, ()


@joining(lambda g, shapes: on_diagonal(g, shapes), node="BlockDiagBackward0", check=blocks)
def block_diag(tensors):
    """Zeros, with each of ``tensors`` as a block, the next one below and to the right of it; vectors are rows."""
    parts = [np.atleast_2d(d) for d in tensors]
    out = np.zeros([builtins.sum(d.shape[i] for d in parts) for i in (0, 1)], parts[0].dtype)
    row = column = 0
    for d in parts:
        out[row : row + d.shape[0], column : column + d.shape[1]] = d
        row, column = row + d.shape[0], column + d.shape[1]
    return out


@rule
def on_diagonal(g, shapes):
    """What each block receives of ``g``."""
    out, row, column = [], 0, 0
    for shape in shapes:
        height, width = (1, 1, *shape)[-2:]
        part = slice_of(slice_of(g, 0, row, row + height, 1), 1, column, column + width, 1)
        out.append(reshape(part, shape))
        row, column = row + height, column + width
    return tuple(out)
