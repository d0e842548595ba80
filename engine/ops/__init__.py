"""The rows of the table, by family."""

from . import (  # noqa: F401  importing a family fills the table
    activations,
    arithmetic,
    binary,
    compare,
    cumulative,
    embedding,
    extremes,
    fill,
    functions,
    gates,
    index,
    join,
    linalg,
    losses,
    reduce,
    shape,
    softmax,
    sort,
    special,
)
