"""Arguments for the rows of Fourier transforms."""

from __future__ import annotations

from .example import Example, X, Y, random
from .examples_complex import Z

BATCH = random(2, 3, 5, seed=4)

FOURIER = {
    "fft_c2c": [Example(Z, (1,), 0, True), Example(Z, (0, 1), 1, False), Example(Z, (), 2, True)],
    "fft_r2c": [
        Example(X, (1,), 0, True), Example(X, (0, 1), 2, False), Example(BATCH, (0, 2), 1, True),
        Example(BATCH[..., :4], (1, 2), 0, True),
    ],
    "fft_c2r": [Example(Z, (1,), 0, 4), Example(Z, (0, 1), 2, 5), Example(Z, (1,), 1, 5)],
    "twice_inside": [Example(Z, 1, 4), Example(Z, 1, 5), Example(Y, 0, 2)],
}  # fmt: skip
