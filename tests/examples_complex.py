"""Arguments for the rows of complex numbers, and complex ones for rows that other families have examples of."""

from __future__ import annotations

import numpy as np

from .example import POSITIVE, Example, X, Y, random

Z, W = X + 1j * Y, Y[::-1] + 0.4j * X
VECTOR = Z[0]
MATRIX = np.array([[2.0 + 1j, 0.3, -0.4j], [0.1, 1.7 - 0.5j, 0.5], [-0.6j, 0.2 + 1j, 1.4]])
PAIRS = random(2, 3, 2, seed=7)

COMPLEX = {
    "conj": [Example(Z)],
    "conj_physical": [Example(Z)],
    "view_as_real": [Example(Z)],
    "view_as_complex": [Example(PAIRS)],
    "angle": [Example(Z), Example(X)],
    "complex_from": [Example(X, Y), Example(X, Y[0])],
    "polar": [Example(POSITIVE, Y)],
    "vdot": [Example(VECTOR, W[1]), Example(X[0], Y[0])],
}
# Holomorphic and not, of one input and of several: what central differences say about the conjugates
ON_COMPLEX = {
    **{name: [Example(Z)] for name in ("abs", "sgn", "exp", "log", "sqrt", "rsqrt", "sin", "tan", "tanh", "sigmoid")},
    **{name: [Example(Z)] for name in ("reciprocal", "square", "atan", "sum_all", "mean_all", "prod_all", "neg")},
    **{name: [Example(Z, W), Example(Z, W[0])] for name in ("add", "sub", "mul", "div", "pow_tensor")},
    "pow_number": [Example(Z, 3), Example(Z, 1.5), Example(Z, 1 + 2j)],
    "pow_base": [Example(Z, 1 + 2j), Example(Z, 2.0)],
    "var": [Example(Z), Example(Z, 1, 0, True)],
    "std": [Example(Z), Example(Z, 1, 0, True)],
    "vector_norm": [Example(Z, p, 1, False) for p in (2.0, 1.0, 3.0, 0.5, np.inf)],
    "cumprod": [Example(Z, 1)],
    "mm": [Example(Z, W.T)],
    "mv": [Example(Z, VECTOR)],
    "dot": [Example(VECTOR, W[1])],
    "addmm": [Example(VECTOR[:2], Z, W.T, 2j, 0.5 + 1j)],
    "cat": [Example([Z, W], 0)],
    "unbind": [Example(Z, 0)],
    "as_strided_view": [Example(Z, ((2, 2), (6, 2), 1, "halves"))],
    "put_places": [Example(X[:, :2], ((2, 2), (6, 2), 1, "halves"), (2, 3))],
    "copy_slices": [Example(Z, X[:, :2], ((2, 2), (6, 2), 1, "halves"))],
    "copy": [Example(Z, X)],
    "where": [Example(X > 0, Z, W)],
}
