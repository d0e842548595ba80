"""Work that makes many objects and drops few: Python's collector would go through all of the program's each time."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

MANY = 20_000  # objects that count as old at once, where so many were made


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
            if gc.get_count()[0] > MANY and not gc.get_freeze_count():
                _age()
            gc.enable()


def _age() -> None:
    """Every object counts as old from now on: the next collection of all looks at it, and no earlier one.

    Only where the program has frozen nothing, since its objects would thaw too."""
    gc.freeze()
    gc.unfreeze()
