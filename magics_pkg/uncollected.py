"""Work that makes many objects and drops few: Python's collector would go through all of the program's each time."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def uncollected() -> Iterator[None]:
    """No garbage is collected inside, unless nobody collects it anyway.

    A graph of 10,000 operations is half a million objects that stay: collections were a quarter of its cell's time."""
    on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if on:
            gc.enable()
