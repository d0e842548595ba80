"""Arguments for the rows of decompositions, linear systems, and products added to something.

Signs and phases of vectors are chosen: complex ones are held against torch, not against differences.
"""

from __future__ import annotations

import numpy as np

from .example import Example, random
from .examples_complex import MATRIX, Z

SQUARE = np.array([[2.0, 0.3, -0.4], [0.1, 1.7, 0.5], [-0.6, 0.2, 1.4]])
SQUARES = np.stack([SQUARE, SQUARE.T + 0.3])
SINGULAR = np.array([[1.0, 2.0, 0.5], [0.5, 1.0, 0.25], [0.3, -0.4, 1.0]])
TALL, WIDE, VECTOR, RIGHT = random(4, 3, seed=1), random(2, 3, seed=2), random(3, seed=3), random(3, 2, seed=4)
POSITIVE = SQUARE @ SQUARE.T + np.eye(3)
POSITIVES = np.stack([POSITIVE, POSITIVE[::-1, ::-1] + np.eye(3)])
COMPLEX_TALL = TALL + 1j * random(4, 3, seed=5)
HERMITIAN = MATRIX @ MATRIX.conj().T + np.eye(3)
LOWER = np.linalg.cholesky(POSITIVE)
PIVOTS = np.array([2, 3, 3], np.int32)
TAU = random(3, low=0.2, high=1.4, seed=6)
BATCH, OTHERS = random(2, 2, 3, seed=7), random(2, 3, 2, seed=8)
SIZE = random(2, 2, seed=9)
LARGE = random(8, 8, seed=10)
RANK7 = LARGE - np.outer(LARGE @ np.ones(8), np.ones(8)) / 8

DECOMPOSITIONS = {
    "inv_ex": [Example(SQUARE), Example(SQUARES), Example(MATRIX)],
    "solve_ex": [
        Example(SQUARE, VECTOR, True, True), Example(SQUARE, RIGHT), Example(SQUARES, RIGHT),
        Example(SQUARES, WIDE, True, True), Example(SQUARE, RIGHT.T, False), Example(MATRIX, Z.T),
    ],
    "solve_triangular": [
        Example(SQUARE, RIGHT, True), Example(SQUARE, RIGHT, False, True, True), Example(SQUARES, RIGHT.T, True, False),
        Example(MATRIX, Z, False, False, True),
    ],
    "triangular_solve": [Example(RIGHT, SQUARE), Example(RIGHT, SQUARE, False, True, True), Example(Z.T, MATRIX)],
    "det": [
        Example(SQUARE), Example(SQUARES), Example(SINGULAR), Example(np.zeros((3, 3))), Example(np.ones((1, 1))),
        Example(MATRIX), Example(RANK7, scale=1e3),
    ],
    "minors": [Example(SQUARE), Example(SINGULAR), Example(np.ones((1, 1)))],
    "slogdet": [Example(SQUARE), Example(SQUARES), Example(MATRIX)],
    "lu_factor_ex": [Example(SQUARE), Example(SQUARES), Example(TALL), Example(WIDE), Example(MATRIX)],
    "lu": [Example(SQUARE), Example(SQUARES), Example(TALL), Example(WIDE), Example(MATRIX)],
    "lu_unpack": [Example(SQUARE), Example(TALL), Example(WIDE), Example(MATRIX)],
    "lu_solve": [
        Example(SQUARE, PIVOTS, RIGHT), Example(SQUARE, PIVOTS, RIGHT, True, True),
        Example(SQUARE, PIVOTS, RIGHT.T, False), Example(MATRIX, PIVOTS, Z, False, True),
        Example(MATRIX, PIVOTS, Z.T, True, True),
    ],
    "cholesky_ex": [
        Example(POSITIVE, hermitian=(0,)), Example(POSITIVES, True, hermitian=(0,)), Example(HERMITIAN, hermitian=(0,)),
    ],
    "cholesky": [Example(POSITIVE, hermitian=(0,)), Example(HERMITIAN, True, hermitian=(0,))],
    "cholesky_inverse": [Example(np.tril(SQUARE), sparse=(0,)), Example(LOWER.T, True, sparse=(0,))],
    "cholesky_solve": [Example(RIGHT, np.tril(SQUARE), sparse=(1,)), Example(RIGHT, LOWER.T, True, sparse=(1,))],
    "qr": [Example(TALL), Example(SQUARE), Example(WIDE), Example(SQUARES), Example(COMPLEX_TALL)],
    "householder_product": [Example(TALL, TAU), Example(TALL, TAU[:2]), Example(COMPLEX_TALL, TAU + 0.3j)],
    "ormqr": [
        Example(TALL, TAU, random(4, 2, seed=11)), Example(TALL, TAU, random(2, 4, seed=11), False, True),
        Example(COMPLEX_TALL, TAU + 0.3j, COMPLEX_TALL[:, :2] + 1, True, True),
    ],
    "eigh": [Example(POSITIVE, hermitian=(0,)), Example(POSITIVES, "U", hermitian=(0,))],
    "eig": [Example(SQUARE, first=True), Example(SQUARES, first=True)],
    "svd": [Example(TALL, False), Example(WIDE, False), Example(SQUARES, False), Example(SQUARE)],
    "pinv": [Example(TALL, 0.0, 1e-12), Example(WIDE, 0.0, 1e-12), Example(COMPLEX_TALL, 0.0, 1e-12)],
    "matrix_exp": [Example(SQUARE * 0.4), Example(SQUARES * 0.3), Example(MATRIX * 0.3)],
    "lstsq": [
        Example(TALL, random(4, 2, seed=12), 1e-12, "gelsd"), Example(TALL, random(4, 2, seed=12), 1e-12, "gelsy"),
        Example(WIDE, random(2, 2, seed=13), 1e-12, "gelsy"),
    ],
}  # fmt: skip
PRODUCTS = {
    "addmv": [Example(VECTOR[:2], WIDE, VECTOR), Example(VECTOR[:1], WIDE, VECTOR, 2, 0.5)],
    "addr": [Example(WIDE, VECTOR[:2], VECTOR), Example(VECTOR, VECTOR[:2], VECTOR, 0.5, 3)],
    "baddbmm": [Example(SIZE, BATCH, OTHERS), Example(OTHERS[:, :2] + 1, BATCH, OTHERS, 0.3, 2)],
    "addbmm": [Example(SIZE, BATCH, OTHERS), Example(SIZE[0], BATCH, OTHERS, 0.3, 2)],
    "linalg_cross": [Example(VECTOR, VECTOR[::-1] + 1), Example(WIDE, VECTOR[None], 1), Example(Z, Z[::-1] + 1, 1)],
    "cdist": [Example(WIDE, TALL, p) for p in (2.0, 1.0, 3.0, 1.5, 0.5, np.inf, 0.0)]
    + [Example(BATCH, BATCH[:1, ::-1] + 0.5, 2.0)],
    "euclidean_dist": [Example(WIDE, TALL), Example(BATCH, BATCH[:, ::-1] + 0.5)],
}
