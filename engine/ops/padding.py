"""Padding with a number; that with a tensor's own elements is a case of ``resample.py``."""

import numpy as np

from ..table.kernel import rule
from ..table.op import op


@rule
def opposite(pad):
    """What takes ``pad`` away again."""
    return tuple([-n for n in pad])


@op(
    x=lambda g, pad: constant_pad_nd(g, opposite(pad), 0),
    jvp=lambda t, pad: constant_pad_nd(t, pad, 0),
)
def constant_pad_nd(x, pad, value=0):
    """``x`` with ``value`` around it; ``pad`` is (before, after) of the last dimension, of the one before it, ..."""
    sides = [(0, 0)] * (x.ndim - len(pad) // 2) + [*zip(pad[-2::-2], pad[-1::-2], strict=True)]
    size = tuple([low + n + high for n, (low, high) in zip(x.shape, sides, strict=True)])
    inner = [slice(max(-low, 0), n + min(high, 0)) for n, (low, high) in zip(x.shape, sides, strict=True)]
    outer = [slice(max(low, 0), n - max(high, 0)) for n, (low, high) in zip(size, sides, strict=True)]
    # in C: the number is cast as C would do it, 2.7 to 2 for whole numbers
    out = np.full(size, np.asarray(value).astype(x.dtype), x.dtype)
    out[tuple(outer)] = x[tuple(inner)]
    return out
