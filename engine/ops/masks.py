"""Masks: what is filled, and what is picked, where they are true."""

import numpy as np

from ..table.kernel import RAW, raw
from ..table.op import op


@op(
    x=lambda g, mask, x_shape: sum_to(masked_fill(g, mask, 0), x_shape),
    mask=None,
    jvp=lambda t, mask: masked_fill(t, mask, 0),
)
def masked_fill(x, mask, value):
    """``x`` with a number where ``mask``; the two broadcast."""
    return filled(x, mask, x.dtype.type(value))


def filled(x, mask, value):
    """A copy of ``x``, broadcast with ``mask``, with ``value`` where that is true."""
    if type(x) is not ndarray:
        x = np.asarray(x)
    shape = x.shape if x.shape == mask.shape else np.broadcast_shapes(x.shape, mask.shape)
    out = np.array(x if x.shape == shape else np.broadcast_to(x, shape), order="C")
    np.copyto(out, value, where=mask)
    return out if shape else out[()]


RAW["filled"] = raw(filled)


@op(
    x=lambda g, mask, x_shape: sum_to(masked_fill(g, mask, 0), x_shape),
    y=lambda g, mask: sum(masked_only(g, mask)),
    mask=None,
    apart=("y",),
    node="MaskedFillBackward1",
    called="masked_fill",
    jvp="linear",
)
def masked_fill_tensor(x, mask, y):
    """``x`` with the 0-d tensor ``y`` where ``mask``; the two broadcast."""
    return filled(x, mask, y.astype(x.dtype))


@op(x=lambda g, mask: masked_only(g, mask), mask=None, node="MulBackward0", jvp="linear")
def masked_only(x, mask):
    """``x`` where ``mask``, 0 elsewhere."""
    return np.where(mask, x, x.dtype.type(0))


@op(x=lambda g, mask, x_shape: masked_back(g, mask, x_shape), mask=None, jvp="linear")
def masked_select(x, mask):
    """The elements of ``x`` where ``mask``, as a vector; the two broadcast."""
    shape = np.broadcast_shapes(x.shape, mask.shape)
    return expand_to(x, shape)[expand_to(mask, shape)]


@op(x=lambda g, mask: masked_select(g, mask), mask=None, node="MaskedScatterBackward0", jvp="linear")
def masked_back(x, mask, shape):
    """Zeros of ``shape`` with the vector ``x`` where ``mask``; summed where ``masked_select`` broadcast."""
    out = np.zeros(np.broadcast_shapes(shape, mask.shape), x.dtype)
    out[expand_to(mask, out.shape)] = x
    return sum_to(out, shape)
