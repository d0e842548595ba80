"""Arguments for the rows of losses and distances; ``example.py`` says what an Example is."""

from __future__ import annotations

import numpy as np

from .example import Example, random

SCORES = random(4, 5)
ONE_EACH, SOME = np.array([1, 0, 4, 2]), np.array([[3, 0, -1, 1, 1], [-1] * 5, [0, 1, 2, 3, 4], [2, 2, -1, 0, 0]])
WEIGHTS = random(5, low=0.2)
SIGNS = np.sign(random(4, 5, seed=1))

MARGINS: dict[str, list[Example]] = {
    "soft_margin_loss": [Example(SCORES, SIGNS, r, fixed=(1,)) for r in ("mean", "sum", "none")],
    "multi_margin_loss": [
        Example(SCORES, ONE_EACH, WEIGHTS, 2, 0.7, "mean", fixed=(2,)),
        Example(SCORES, ONE_EACH, None, 1, 1.0, "none"),
        Example(SCORES[0], ONE_EACH[:1], None, 2, 1.0, "none"),
    ],
    "multilabel_margin_loss": [Example(SCORES, SOME, "mean"), Example(SCORES[0], SOME[0], "none")],
    "distance_norm": [Example(SCORES, p, 1, False) for p in (2.0, 1.0, 3.0)],
    "pdist": [Example(SCORES, p) for p in (2.0, 1.0, 3.0)],
    "trilinear": [Example(random(3, 2), random(4, 2, 5), random(3, 5))],
}
