"""Arguments for the rows that reshape, index, join, part and sort; ``example.py`` says what an Example is."""

from __future__ import annotations

import numpy as np

from .example import Example, random

X, Y, CUBE, VECTOR, SCALAR = random(2, 3), random(2, 3, seed=1), random(2, 3, 4), random(4), np.array(0.7)
COLUMNS = np.array([[0, 2], [1, 1]])
SOME = np.array([[True, False, True], [False, True, False]])
AT = (np.array([1, 0, 1]), slice(None), np.array([0, 3, 0]))
WINDOW = ((2, 2), (3, 1), 1)  # shape, strides, offset in the elements of X
LONG = np.linspace(-1.0, 2.0, 12)[np.random.default_rng(3).permutation(12)].reshape(3, 4)

SHAPE_EXAMPLES: dict[str, list[Example]] = {
    "view_as": [Example(X, (3, 2))],
    "unsafe_view": [Example(X, (3, 2))],
    "reshape_alias": [Example(X, (3, 2))],
    "clone": [Example(X)],
    "alias": [Example(X)],
    "expand_to": [Example(VECTOR, (3, 4)), Example(random(2, 1), (5, 2, 3)), Example(SCALAR, (2, 2))],
    "sum_to": [Example(X, (3,)), Example(X, (2, 1))],
    "repeat": [Example(X, (2, 1, 3)), Example(X, (1, 2))],
    "fold_repeats": [Example(random(4, 9), (2, 3), (2, 3))],
    "transpose": [Example(CUBE, 0, 2)],
    "t": [Example(X)],
    "permute": [Example(CUBE, (2, 0, 1))],
    "unsqueeze": [Example(X, 1)],
    "squeeze": [Example(random(2, 1, 3, 1), d) for d in (None, 1, (1, 3))],
    "transpose_": [Example(CUBE, 0, 2)],
    "t_": [Example(X)],
    "unsqueeze_": [Example(X, 1)],
    "squeeze_": [Example(random(2, 1, 3, 1), 1)],
    "select": [Example(CUBE, 1, -1), Example(VECTOR, 0, 2)],
    "select_back": [Example(random(2, 4), (2, 3, 4), 1, 2)],
    "slice_of": [Example(CUBE, 2, 0, 4, 2)],
    "slice_back": [Example(random(2, 3, 2), (2, 3, 4), 2, 0, 4, 2)],
    "diagonal": [Example(X), Example(CUBE, 1, 1, 2), Example(CUBE, -1, 2, 0)],
    "diagonal_back": [Example(random(2), (2, 3), 0, 0, 1)],
    "unfold": [Example(CUBE, 2, 2, 1)],
    "unfold_back": [Example(random(2, 3, 3, 2), (2, 3, 4), 2, 2, 1)],
    "flip": [Example(CUBE, (0, 2))],
    "roll": [Example(CUBE, (1, -2), (0, 2)), Example(CUBE, (3,), ())],
    "rot90": [Example(CUBE, 1, (0, 1)), Example(CUBE, 2, (0, 2))],
    "tril": [Example(X), Example(CUBE, -1)],
    "triu": [Example(X), Example(CUBE, 1)],
    "index_by": [Example(CUBE, AT), Example(X, (SOME,))],
    "index_back": [Example(random(3, 3), AT, (2, 3, 4))],
    "index_put": [
        Example(CUBE, random(3), (np.array([0, 1]), slice(None), np.array([0, 3])), False),
        Example(CUBE, random(3, 3), AT, True),
    ],
    "index_erase": [Example(CUBE, AT)],
    "as_strided_view": [Example(X, WINDOW)],
    "put_places": [Example(random(2, 2), WINDOW, (2, 3))],
    "copy_slices": [Example(X, random(2, 2), WINDOW), Example(X, SCALAR, WINDOW)],
    "erase": [Example(X, WINDOW)],
    "copy": [Example(X, random(3))],
    "gather": [Example(X, 1, COLUMNS)],
    "gather_back": [Example(random(2, 2), 1, COLUMNS, (2, 3))],
    "scatter": [Example(X, 1, np.array([[0, 2], [1, 0]]), Y)],
    "scatter_number": [Example(X, 1, COLUMNS, 0.5)],
    "scatter_add": [Example(X, 1, COLUMNS, Y)],
    "corner": [Example(CUBE, (1, 2, 4))],
    "into_corner": [Example(random(1, 2, 4), (2, 3, 4))],
    "index_select": [Example(CUBE, 1, np.array([2, 0, 2]))],
    "select_rows_back": [Example(CUBE, 1, np.array([2, 0, 2]), (2, 4, 4))],
    "index_add": [Example(X, 1, np.array([2, 0, 2]), Y, 2.0)],
    "index_fill": [Example(X, 1, np.array([2, 0]), 0.5)],
    "index_copy": [Example(X, 1, np.array([2, 0]), random(2, 2))],
    "take": [Example(X, np.array([5, 0, 5]))],
    "take_back": [Example(random(3), np.array([5, 0, 5]), (2, 3))],
    "masked_fill": [Example(X, SOME, 0.5)],
    "masked_fill_tensor": [Example(X, SOME, SCALAR)],
    "masked_only": [Example(X, SOME)],
    "masked_select": [Example(X, SOME), Example(random(3), SOME)],
    "masked_back": [Example(random(3), SOME, (2, 3))],
    "cat": [Example([X, Y], 0), Example([X, random(2, 1)], 1)],
    "stack": [Example([X, Y], 1)],
    "split": [Example(VECTOR, (2, 2), 0)],
    "split_with_sizes": [Example(CUBE, (1, 2), 1)],
    "unbind": [Example(CUBE, 1)],
    "sort": [Example(LONG, 1, False), Example(LONG, 0, True)],
    "sort_stable": [Example(LONG, 1, False)],
    "topk": [Example(LONG, 2, 1, True), Example(LONG, 2, 0, False)],
    "kthvalue": [Example(LONG, 2, 1, True), Example(LONG, 2, 0, False)],
}
