"""Rows of a table, looked up by index, one by one or in bags."""

import numpy as np

from ..table.kernel import RAW, on_arrays, rule
from ..table.op import op
from ..tensor import wrap


@on_arrays("known", lambda array: wrap(array) if isinstance(array, np.ndarray) else array)
def known(array):
    """An array that a formula computes with, as a tensor where the formula is recorded."""
    return array


@on_arrays("lookup_shares", lambda places: wrap(RAW["lookup_shares"](places._d)))
def lookup_shares(places):
    """For each place, one over the number of times that its row is looked up."""
    _, back, counts = np.unique(places, return_inverse=True, return_counts=True)
    return (1 / counts)[back].reshape(np.shape(places))


@rule
def per_lookup(g, places, by_frequency):
    """``g`` as it reaches the rows: divided by how often each is looked up, if that is asked for."""
    return g * lookup_shares(places)[..., None] if by_frequency else g


@op(
    x=lambda g, places, padding, by_frequency, x_shape: embedding_dense_backward(
        per_lookup(g, places, by_frequency), places, padding, x_shape
    ),
    places=None,
    node="EmbeddingBackward0",
    jvp=lambda t, places: embedding(t, places),
)
def embedding(x, places, padding=-1, by_frequency=False):
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


# ------------------------------------------------ bags; of each lookup: the place, the bag, the share, the frequency
@rule
def by_lookup(x, *factors):
    """The rows of ``x``, each times its factors; those that are None are 1."""
    for factor in factors:
        x = x if factor is None else x * known(factor)[:, None]
    return x


@rule
def bag_slope(g, shape, y, lookups):
    """What the table receives when the bags receive ``g``."""
    places, bags, shares, frequencies = lookups
    return index_back(by_lookup(index_by(g, (bags,)), y, shares, frequencies), (places,), tuple(shape))


@rule
def bag_weight_slope(g, x, lookups):
    """What the weights of the lookups receive when the bags receive ``g``."""
    places, bags, shares, _ = lookups
    return sum(by_lookup(index_by(g, (bags,)) * index_by(x, (places,)), shares), 1)


@op(
    x=lambda g, x_shape, y, lookups: bag_slope(g, x_shape, y, lookups),
    y=lambda g, x, lookups: bag_weight_slope(g, x, lookups),
    node="EmbeddingBagBackward0",
    jvp="multilinear",
)
def embedding_bag(x, y=None, lookups=(), count=0):
    """The rows of ``x`` that are looked up, times ``y`` and their shares, added up in ``count`` bags."""
    places, bags, shares, _ = lookups
    out = np.zeros((count, x.shape[1]), x.dtype)
    np.add.at(out, bags, by_lookup(x[places], y, shares))
    return out


@rule
def bag_max_slope(g, shape, chosen):
    """What the table receives when the largest entries of bags receive ``g``."""
    places, found = chosen
    return index_back(g * known(found), (places, np.arange(shape[1])), tuple(shape))


@op(
    x=lambda g, x_shape, chosen: bag_max_slope(g, x_shape, chosen),
    node="EmbeddingBagBackward0",
    jvp="linear",
)
def embedding_bag_max(x, chosen):
    """For ``chosen`` (places, found): ``x[places[i, j], j]`` where found, else 0: the largest entry of each bag."""
    places, found = chosen
    return x[places, np.arange(x.shape[1])] * found
