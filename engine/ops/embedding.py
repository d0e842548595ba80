"""Rows of a table, looked up by index."""

import numpy as np

from ..op import op


@op(
    x=lambda g, places, padding, x_shape: embedding_dense_backward(g, places, padding, x_shape),
    places=None,
    node="EmbeddingBackward0",
    jvp="linear",
)
def embedding(x, places, padding=-1):
    """``x[places]``; the row ``padding`` receives no gradient."""
    return x.take(places, 0)


@op(
    x=lambda g, places, padding: embedding(g, places) * ne(places, padding)[..., None],
    places=None,
    node="EmbeddingDenseBackwardBackward0",
    jvp="linear",
)
def embedding_dense_backward(x, places, padding, shape):
    """Zeros of ``shape`` with the rows of ``x`` added where they were looked up."""
    out = np.zeros(shape, x.dtype)
    np.add.at(out, places, x)
    if padding >= 0:
        out[padding] = 0
    return out
