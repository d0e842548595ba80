"""Memory that kernels work in and hand on to the next one: bounded, and never part of a result.

A large temporary goes back to the system when it is freed, and the next one comes page by page, each cleared first:
5 µs for 4 KB on a virtual machine, with which a convolution of 4 ms took 9.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

Array = Any  # an ndarray
KEPT = 1 << 22  # bytes that are kept at most
ALIGNED = 64  # bytes: a line of the cache

_spare: list[Array] = []


def workspace(dtype: Any, *shapes: tuple[int, ...]) -> tuple[Array, list[Array]]:
    """Memory for ``hand_on``, and undefined arrays of ``shapes`` in it.

    It is out of the list while it is used, so nobody else works in it: no thread, no signal's handler, no finaliser.
    """
    places, size = [], 0
    for shape in shapes:
        places.append(size)
        size += -(-math.prod(shape) * dtype.itemsize // ALIGNED) * ALIGNED
    try:
        memory = _spare.pop()
    except IndexError:
        memory = None
    if memory is None or len(memory) < size:
        memory = np.empty(size, np.uint8)
    return memory, [np.ndarray(shape, dtype, memory, at) for shape, at in zip(shapes, places, strict=True)]


def hand_on(memory: Array) -> None:
    """Keep ``memory`` for the next kernel; nothing may be in use that lies in it."""
    if not _spare and len(memory) <= KEPT:
        _spare.append(memory)
