"""Arguments for the rows of copied views and of what is written in their place; see ``example.py``."""

from __future__ import annotations

import numpy as np

from .example import Example, random
from .examples_shape import SHAPE_EXAMPLES

X, CUBE, VECTOR = random(2, 3), random(2, 3, 4), random(4)
PLACES = np.array([[1, 2], [4, 5]])  # of elements of X, in C order

COPY_EXAMPLES = {
    name + "_copy": SHAPE_EXAMPLES[name]
    for name in (
        "alias", "expand_to", "permute", "select", "slice_of", "split_with_sizes", "squeeze", "t", "transpose",
        "unbind", "unfold", "unsqueeze", "view_as",
    )
}  # fmt: skip
COPY_EXAMPLES |= {
    "unsafe_split": [Example(VECTOR, (2, 2), 0)],
    "unsafe_split_with_sizes": [Example(CUBE, (1, 2), 1)],
    "narrow_copy": [Example(CUBE, 1, 1, 3)],
    "diagonal_scatter": [Example(X, random(2, seed=3)), Example(CUBE, random(4, 2, seed=3), -1, 1, 0)],
    "select_scatter": [Example(CUBE, random(2, 4, seed=3), 1, 2)],
    "slice_scatter": [Example(CUBE, random(2, 3, 2, seed=3), 2, 0, 4, 2)],
    "as_strided": [Example(X, (2, 2), (3, 1), 1, PLACES, fixed=(1,))],
    "at_places": [Example(X, PLACES, fixed=(1,)), Example(X, np.array([5, -1, 5]), fixed=(1,))],
    "places_back": [Example(random(2, 2), PLACES, (2, 3), fixed=(1,))],
}
