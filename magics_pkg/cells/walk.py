"""Where a call comes from: the frames between it and the cell, noted while the cell runs.

Frames above a module's call stand still as long as it runs, so the path to it is noted among its frame's names, and the
operations in it walk no further: that halves what finding the place of a call costs in a transformer.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import count
from types import CodeType, FrameType
from typing import Any

DEPTH = 100  # frames noted for one call: a deep recursion keeps its innermost
NESTED = 5  # notes taken at once
_walkers = count()
# Code and instruction offset of each frame, innermost first, with an `Entry` for the offset of a module; what two calls
# share stands in one list, as the last entry of both
Path = Sequence[Any]


class Entry:
    """One call of a module. ``above``: the path from the frame that called it, once another module's call was in it."""

    __slots__ = ("above", "module")
    module: Any
    above: Path | None


def walker(stop: CodeType | None, module_call: CodeType | None) -> Callable[[FrameType | None], Path | None]:
    """A function from a frame to its call path up to ``stop``; None where it never meets it.

    ``module_call``: the code whose frames are calls of a module, ``self``.
    """
    mark = f".backward {next(_walkers)}"  # no name in a program has a dot; another walker may stop elsewhere

    def path_of(frame: FrameType | None, nested: int = 0) -> Path | None:
        path: list[Any] = []
        innermost = True
        for _ in range(DEPTH):
            if frame is None:
                return None if stop is not None else path
            code = frame.f_code
            path.append(code)  # quicker than a method that was looked up before
            if code is module_call:
                names = frame.f_locals
                entry = names.get(mark)
                if entry is None:
                    entry = names[mark] = Entry()  # goes when the call ends
                    entry.module, entry.above = names["self"], None
                path.append(entry)
                # most modules run one operation: what were noted in the innermost would hardly ever be read
                if entry.above is None and not innermost and nested < NESTED:
                    entry.above = path_of(frame.f_back, nested + 1)
                    if entry.above is None:
                        return None
                if entry.above is not None:
                    path.append(entry.above)
                    return path
                innermost = False
            else:
                path.append(frame.f_lasti)
                if code is stop:
                    return path
            frame = frame.f_back
        return path

    return path_of


def module_call(path: Path, place: int) -> Any:
    """The `Entry` of a path at the ``place``-th of its frames, counted from the outermost."""
    pieces = [path]
    while len(pieces[-1]) % 2:
        pieces.append(pieces[-1][-1])
    for piece in reversed(pieces):
        count = len(piece) // 2
        if place < count:
            return piece[2 * (count - place) - 1]
        place -= count
    raise IndexError(place)
