"""Arguments for every row of the table with a derivative: what the gradient checks run on, gathered from the families."""

from __future__ import annotations

from .example import Example
from .examples_elementwise import ELEMENTWISE
from .examples_reduce import LINALG, LOSSES, REDUCE
from .examples_shape import SHAPE_EXAMPLES

EXAMPLES: dict[str, list[Example]] = {}

for _family in (ELEMENTWISE, REDUCE, LINALG, LOSSES, SHAPE_EXAMPLES):
    if _twice := EXAMPLES.keys() & _family.keys():
        raise ValueError(f"examples in two families: {sorted(_twice)}")
    EXAMPLES |= _family
