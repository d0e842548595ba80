"""Arguments for the rows that write and sum at places that an index names; see ``example.py``."""

from __future__ import annotations

import numpy as np

from .example import Example, random

LONG = np.linspace(-1.0, 2.0, 12)[np.random.default_rng(3).permutation(12)].reshape(3, 4)
SOURCE = np.linspace(-1.3, 1.9, 8)[np.random.default_rng(5).permutation(8)].reshape(2, 4)
INDEX = np.array([[0, 2, 1, 0], [0, 1, 1, 2]])
ZEROS = SOURCE * np.array([[0, 1, 1, 1], [1, 1, 0, 1]])
ENTRIES = np.broadcast_to(np.array([2, 2])[:, None], (2, 4))
SOME = np.array([[True, False, True, False], [False, True, False, False], [False] * 4])

SCATTERING = {
    "scatter_reduce": [
        Example(LONG, 0, INDEX, SOURCE, reduce, include)
        for reduce in ("sum", "prod", "mean", "amax", "amin")
        for include in (True, False)
    ]
    + [Example(LONG, 0, INDEX, ZEROS, "prod", True), Example(LONG, 0, INDEX[:1, :3], SOURCE, "mean", True)],
    "index_reduce": [Example(LONG, 0, ENTRIES, SOURCE, reduce, True) for reduce in ("prod", "mean", "amax", "amin")],
    "put_elements": [
        Example(LONG, np.array([3, -1]), random(2), False),
        Example(LONG, np.array([[3, 3]]), random(2), True),
    ],
    "masked_scatter": [Example(LONG, SOME, random(2, 3)), Example(random(4), SOME, random(4, seed=2))],
    "index_fill_tensor": [Example(LONG, 1, np.array([2, 0]), np.array(0.5))],
}
