"""Arguments for the rows of layers: convolutions, pooling, padding, resizing. ``example.py``: what an Example is."""

from __future__ import annotations

import numpy as np

from engine.ops import convolution, padding, resample  # noqa: F401  they fill the table when they are read

from .example import Example, random

IMAGE, LINE = random(2, 4, 5, 6), random(2, 4, 7)
PLAIN = ((2, 1), (1, 0), (1, 2), False, (0, 0), 2)  # stride, padding, dilation, transposed, output padding, groups
TURNED = ((2, 1), (1, 0), (1, 2), True, (1, 0), 2)
DENSE = ((1,), (1,), (1,), False, (0,), 1)
TAPS = (
    resample.Taps(5, np.array([[0, 1], [1, 2], [5, 4]]), np.array([[0.3, 0.7], [0.5, 0.5], [1.0, 1.0]])),
    resample.Taps(6, np.array([[1], [0], [5], [5]]), None),
)


def _back(options: tuple) -> tuple:
    """The options of a convolution as its derivatives take them: without the output padding."""
    return (*options[:4], options[5])


LAYERS: dict[str, list[Example]] = {
    "convolution": [
        Example(IMAGE, random(6, 2, 3, 2), random(6), *PLAIN),
        Example(IMAGE, random(4, 3, 3, 2), random(6), *TURNED),
        Example(LINE, random(3, 4, 3), random(3), *DENSE),
    ],
    "convolution_input": [
        Example(random(2, 6, 3, 4), random(6, 2, 3, 2), (2, 4, 5, 6), *_back(PLAIN)),
        Example(random(2, 6, 10, 8), random(4, 3, 3, 2), (2, 4, 5, 6), *_back(TURNED)),
        Example(random(2, 3, 7), random(3, 4, 3), (2, 4, 7), *_back(DENSE)),
    ],
    "convolution_weight": [
        Example(IMAGE, random(2, 6, 3, 4), (6, 2, 3, 2), *_back(PLAIN)),
        Example(IMAGE, random(2, 6, 10, 8), (4, 3, 3, 2), *_back(TURNED)),
        Example(LINE, random(2, 3, 7), (3, 4, 3), *_back(DENSE)),
    ],
    "constant_pad_nd": [Example(IMAGE, (1, -2, 0, 3), 0.5), Example(LINE, (-1, 2), 0.0)],
    "resample": [Example(IMAGE, TAPS, "Resample")],
}
