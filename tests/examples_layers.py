"""Arguments for the rows of layers: convolutions, pooling, padding, resizing. ``example.py``: what an Example is."""

from __future__ import annotations

import numpy as np

from engine.ops import resample

from .example import Example, random
from .examples_losses import MARGINS

IMAGE, LINE = random(2, 4, 5, 6), random(2, 4, 7)
PLAIN = ((2, 1), (1, 0), (1, 2), False, (0, 0), 2)  # stride, padding, dilation, transposed, output padding, groups
TURNED = ((2, 1), (1, 0), (1, 2), True, (1, 0), 2)
DENSE = ((1,), (1,), (1,), False, (0,), 1)
TAPS = (
    resample.Taps(5, np.array([[0, 1], [1, 2], [5, 4]]), np.array([[0.3, 0.7], [0.5, 0.5], [1.0, 1.0]])),
    resample.Taps(6, np.array([[1], [0], [5], [5]]), None),
)


MASK = np.where(np.tri(3, 5, dtype=bool), 0.3, -np.inf)[None]
TABLE, LOOKUPS = random(5, 2), (np.array([3, 0, 3, 1]), np.array([0, 0, 1, 2]))
WINDOWS = (np.array([[0, 1, 2], [1, 2, 3], [3, 4, 5]]), np.array([[0, 1], [4, 5]]))  # 5 and 6 are beyond the end
VOLUME = random(2, 3, 5, 3)
PLACES = np.random.default_rng(2).integers(0, 30, (2, 4, 3))
APART = np.array([3, 17] * 8).reshape(2, 4, 2, 1)


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
    **{f"resample_{name.lower()}": [Example(IMAGE, TAPS)] for name in resample.KEEPING},
    "native_batch_norm": [
        Example(IMAGE, random(4), random(4, seed=1), None, None, True, 1e-5, scale=30),
        Example(IMAGE, random(4), random(4, seed=1), random(4), random(4, low=0.5), False, 1e-5, fixed=(3, 4)),
    ],
    "native_layer_norm": [
        Example(IMAGE, random(5, 6), random(5, 6, seed=1), 2, 1e-5, scale=30),
        Example(LINE, None, None, 1, 1e-5, scale=30),
        Example(LINE, None, random(7), 1, 1e-5, scale=30),
    ],
    "native_group_norm": [Example(IMAGE, random(4), random(4, seed=1), 2, 1e-5, scale=30)],
    "embedding_bag": [
        Example(TABLE, random(4), (*LOOKUPS, None, None), 3),
        Example(TABLE, None, (*LOOKUPS, np.array([0.5, 0.5, 1.0, 2.0]), None), 3),
    ],
    "embedding_bag_max": [Example(TABLE, (np.array([[0, 3], [2, 2]]), np.array([[1.0], [0.0]])))],
    "im2col": [Example(IMAGE, (2, 3), (2, 1), (1, 0), (1, 2)), Example(IMAGE[0], (2, 2), (1, 1), (0, 0), (1, 1))],
    "col2im": [
        Example(random(2, 24, 10), (5, 6), (2, 3), (2, 1), (1, 0), (1, 2)),
        Example(random(16, 20), (5, 6), (2, 2), (1, 1), (0, 0), (1, 1)),
    ],
    "pixel_shuffle": [Example(IMAGE, 2)],
    "pixel_unshuffle": [Example(random(2, 3, 4, 6), 2)],
    "channel_shuffle": [Example(IMAGE, 2)],
    "flash_attention": [
        Example(*[random(2, 2, n, 4, seed=n) for n in (3, 5, 5)], None, 0.5),
        Example(*[random(2, 2, n, 4, seed=n) for n in (3, 5, 5)], MASK, 0.5, fixed=(3,)),
    ],
    "max_pool2d": [Example(IMAGE, (2, 3), (2, 1), (1, 1), (1, 2), (3, 4))],
    "max_pool3d": [Example(VOLUME, (2, 2, 1), (1, 2, 1), (0, 0, 0), (1, 1, 1), (2, 2, 3))],
    "adaptive_max_pool2d": [Example(IMAGE, WINDOWS)],
    "adaptive_max_pool3d": [Example(VOLUME, (np.array([[0, 1], [2, 3]]), *WINDOWS[:1], np.array([[1, 2]])))],
    "fractional_max_pool2d": [Example(IMAGE, WINDOWS)],
    "fractional_max_pool3d": [Example(VOLUME, (np.array([[0, 1], [2, 3]]), *WINDOWS[:1], np.array([[1, 2]])))],
    "pool_pick": [Example(IMAGE, PLACES, 2, fixed=(1,))],
    "pool_place": [Example(random(2, 4, 3), PLACES, (2, 4, 5, 6), 2, fixed=(1,))],
    "max_unpool2d": [Example(random(2, 4, 2, 1), APART, (2, 4, 5, 6), 2, fixed=(1,))],
    "max_unpool3d": [Example(random(2, 4, 2, 1, 1), APART[..., None], (2, 4, 5, 3, 2), 3, fixed=(1,))],
}
LAYERS |= MARGINS
