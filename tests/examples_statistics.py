"""Arguments for the rows of statistics: medians, running extremes, spread with mean; see ``example.py``."""

from __future__ import annotations

import numpy as np

from .example import Example, random

LONG = np.linspace(-1.0, 2.0, 12)[np.random.default_rng(3).permutation(12)].reshape(3, 4)
BATCH, ROWS = random(2, 3, 2, seed=5), np.array([[0.9, -1.4, 2.1], [0.2, 0.1, -0.3]])

STATISTICS = {
    "var_mean": [Example(LONG), Example(LONG, 1, 0, True), Example(BATCH, (0, 2), 2)],
    "std_mean": [Example(LONG), Example(LONG, 1, 0, True), Example(BATCH, (0, 2), 2)],
    "aminmax": [Example(LONG), Example(LONG, 1), Example(LONG, 0, True)],
    "cummax": [Example(LONG, 1), Example(LONG, 0)],
    "cummin": [Example(LONG, 1), Example(LONG, 0)],
    "logcumsumexp": [Example(LONG, 1), Example(BATCH, 1), Example(np.array(0.7), 0)],
    "dist": [Example(LONG, random(3, 4, seed=8), p) for p in (2.0, 1.0, 3.0, 0.5, np.inf)]
    + [Example(LONG, random(4, seed=9))],
    "renorm": [Example(ROWS, 2.0, 0, 1.5), Example(BATCH, 3.0, 1, 0.7), Example(ROWS, 1.0, 1, 1.0)],
    "median_all": [Example(LONG), Example(BATCH)],
    "nanmedian_all": [Example(LONG)],
    "median_dim": [Example(LONG, 1), Example(LONG, 0, True)],
    "nanmedian_dim": [Example(LONG, 1), Example(LONG, 0, True)],
    "mode": [Example(LONG, 1), Example(LONG, 0, True)],
}
