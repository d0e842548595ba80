"""Levels of transforms: each ``jvp`` or ``vmap`` that is running is a ``Level``, and knows how deep it stands.

While one is open an ``Interpreter`` is the thread's topmost function mode; without one nothing of this costs anything.
Reverse mode needs no level to be right: a graph knows by itself what was computed from what.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from ..mode import here, pop, push

FORWARD, VMAP, REVERSE = "jvp", "vmap", "grad"


class Level:
    """One running transform. ``depth``: how many others it runs inside of, from 1; 0 once it has ended."""

    __slots__ = ("depth", "kind", "nested", "randomness", "size")

    def __init__(self, kind: str, size: int = 0, randomness: str = "error", nested: bool = True) -> None:
        self.kind, self.size, self.randomness = kind, size, randomness
        self.nested = nested  # whether others may run inside: not that of autograd.forward_ad
        self.depth = 0

    def __repr__(self) -> str:
        return f"<{self.kind} level {self.depth}>"


INTERPRETERS: list[Any] = []  # interpreter.py puts the one there is


def open_level(level: Level) -> Level:
    """Make ``level`` the deepest of this thread."""
    here.levels += (level,)
    level.depth = len(here.levels)
    if level.kind != REVERSE and INTERPRETERS[0] not in here.modes:
        push(INTERPRETERS[0])
    return level


def close_level(level: Level) -> None:
    """End ``level`` and whatever was opened inside of it."""
    for inner in here.levels[level.depth - 1 :]:
        inner.depth = 0
    here.levels = tuple([each for each in here.levels if each.depth])
    if all(each.kind == REVERSE for each in here.levels) and INTERPRETERS[0] in here.modes:
        others = [mode for mode in here.modes if mode is not INTERPRETERS[0]]
        while here.modes:
            pop()
        for mode in others:
            push(mode)


@contextmanager
def opened(level: Level) -> Iterator[Level]:
    """``level`` for the time of a ``with``."""
    open_level(level)
    try:
        yield level
    finally:
        close_level(level)


def below(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Run ``function`` as if no level were open."""
    __tracebackhide__ = True
    modes = here.modes
    here.modes = tuple([mode for mode in modes if mode is not INTERPRETERS[0]])
    try:
        return function(*args, **kwargs)
    finally:
        here.modes = modes


def levels() -> tuple[Level, ...]:
    """The transforms that are running in this thread, outermost first."""
    return here.levels
