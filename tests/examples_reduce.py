"""Arguments for the rows of reductions, extremes, running sums, softmax, matrix products and losses."""

from __future__ import annotations

import numpy as np

from .example import Example


def _apart(*shape: int, seed: int = 0) -> np.ndarray:
    """Numbers none of which is near another, or near zero: no ties, no kinks."""
    values = np.linspace(-1.9, 2.2, int(np.prod(shape)) + 1)
    return (
        np.random.default_rng([seed, *shape])
        .permutation(values[np.abs(values) > 0.05][: int(np.prod(shape))])
        .reshape(shape)
    )


X, Y, VECTOR, BATCH = _apart(2, 3), _apart(2, 3, seed=1), _apart(3, seed=2), _apart(2, 2, 3, seed=3)
ZEROS = np.array([[1.5, 0.0, -0.7], [0.0, 2.0, 0.0]])
SQUARE = np.array([[2.0, 0.3, -0.4], [0.1, 1.7, 0.5], [-0.6, 0.2, 1.4]])
SQUARES = np.stack([SQUARE, SQUARE.T + 0.3])
SINGULAR = np.array([[1.0, 2.0, 0.5], [0.5, 1.0, 0.25], [0.3, -0.4, 1.0]])
P, T = np.abs(X) / 2.5, np.abs(Y) / 2.5  # in (0, 1)
CLASSES, PLACES = np.array([2, 0]), np.array([[1, 0, 1], [0, 1, 1]])
INDICES = np.array([2, 0])

REDUCE = {
    "sum_all": [Example(X)],
    "sum": [Example(X, 0), Example(X, (0, 1), True), Example(BATCH, (0, -1))],
    "mean_all": [Example(X)],
    "mean": [Example(X, 1), Example(X, (0, 1), True)],
    "nansum": [Example(X, 0), Example(X)],
    "prod_all": [Example(X), Example(ZEROS), Example(X * ZEROS + 1)],
    "prod_dim": [Example(X, 1), Example(ZEROS, 1), Example(ZEROS, 0, True)],
    "var": [Example(X), Example(X, 1, 0, True), Example(BATCH, (0, 2), 2)],
    "std": [Example(X), Example(X, 1, 0, True), Example(BATCH, (0, 2), 2)],
    "vector_norm": [
        Example(X, p, dim, keepdim)
        for p in (2.0, 1.0, 3.0, 1.5, 0.5, np.inf, -np.inf)
        for dim, keepdim in ((None, False), (1, True), ((0, 1), False))
    ],
    "max_all": [Example(X)],
    "min_all": [Example(X)],
    "amax": [Example(X), Example(X, 1), Example(BATCH, (0, 2), True)],
    "amin": [Example(X), Example(X, 0, True)],
    "max_dim": [Example(X, 1), Example(X, 0, True)],
    "min_dim": [Example(X, -1), Example(X, 0, True)],
    "place": [
        Example(VECTOR[:2], INDICES, (2, 3), 1, False),
        Example(VECTOR[:2, None], INDICES[:, None], (2, 3), 1, True),
    ],
    "pick": [Example(X, INDICES, 1, False), Example(X, INDICES[:, None], 1, True)],
    "cumsum": [Example(X, 1), Example(X, 0)],
    "sum_after": [Example(X, 1), Example(X, -2)],
    "cumprod": [Example(X, 1), Example(ZEROS, 1), Example(ZEROS, 0)],
    "softmax": [Example(X, 1), Example(BATCH, 0)],
    "log_softmax": [Example(X, 1), Example(BATCH, -2)],
    "embedding": [Example(X, np.array([[1, 0], [1, 1]])), Example(X, np.array([1, 1]), 0)],
    "embedding_dense_backward": [
        Example(X, np.array([1, 1]), -1, (4, 3)),
        Example(BATCH, np.array([[1, 0], [3, 1]]), 1, (4, 3)),
    ],
    "logsumexp": [Example(X, 1), Example(X, (0, 1)), Example(BATCH, (0, 2), True)],
}
LINALG = {
    "mm": [Example(X, Y.T)],
    "mv": [Example(X, VECTOR)],
    "dot": [Example(VECTOR, VECTOR[::-1] * 2)],
    "bmm": [Example(BATCH, BATCH.transpose(0, 2, 1) + 1)],
    "addmm": [Example(VECTOR[:2], X, Y.T), Example(X @ Y.T, X, Y.T, 2, 0.5), Example(VECTOR[:1], X, Y.T, 3, 1)],
    "drop_dim": [Example(X[:1], 0)],
    "diag_embed": [Example(VECTOR), Example(X, -1), Example(X, 1, 0, 2)],
    "diagonal_copy": [Example(X), Example(SQUARE, 1)],
    "trace": [Example(X), Example(SQUARE)],
}  # fmt: skip
LOSSES = {
    "mse_loss": [Example(X, Y, r) for r in ("mean", "sum", "none")],
    "huber_loss": [Example(X, Y, r, 0.8) for r in ("mean", "sum", "none")],
    "smooth_l1_loss": [Example(X, Y, r, 0.8) for r in ("mean", "sum", "none")],
    "binary_cross_entropy": [
        Example(P, T), Example(P, T, None, "none"), Example(P, T, np.abs(Y), "sum", fixed=(2,)),
    ],
    "binary_cross_entropy_with_logits": [
        Example(X, T), Example(X, T, None, None, "none"),
        Example(X, T, np.abs(Y), np.abs(VECTOR), "sum", fixed=(2, 3)),
    ],
    "nll_loss_1d": [
        Example(X, CLASSES), Example(X, CLASSES, np.abs(VECTOR), "none", fixed=(2,)),
        Example(X, CLASSES, None, "sum", 2),
    ],
    "nll_loss_2d": [Example(BATCH, PLACES), Example(BATCH, PLACES, np.abs(VECTOR[:2]), "mean", 0, fixed=(2,))],
    "nll_place": [
        Example(np.array(1.3), CLASSES, (2, 3), np.array(2.0), fixed=(2,)),
        Example(VECTOR[:2], CLASSES, (2, 3), np.array(2.0), None, "none", fixed=(2,)),
    ],
}  # fmt: skip
