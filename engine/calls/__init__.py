"""PyTorch's ways of calling: thin fronts over the rows of the table.

Each family says what it gives: ``FUNCTIONS`` for ``torch.<name>``, ``METHODS`` for ``Tensor.<name>``, ``IN_PLACE`` for
the functions that have a form with an underscore.
"""

from . import (
    activations,
    arithmetic,
    arrange,
    binary,
    cast,
    compare,
    creation,
    functions,
    gather,
    index,
    join,
    linalg,
    reduce,
    reshaping,
    sampling,
    shape,
    softmax,
    sort,
)

FAMILIES = (
    activations, arithmetic, arrange, binary, cast, compare, creation, functions, gather, index, join, linalg, reduce,
    reshaping, sampling, shape, softmax, sort,
)  # fmt: skip
