"""SVG -> PNG, by resvg in process; where it is not installed, the graph as Graphviz's own program draws it."""

from __future__ import annotations

import re

from ..words import say

SCALE = 2.0  # pixels of the image for each of the picture's: sharp on a screen of high density, and in print
LARGEST = 16_000.0  # pixels along a side, about where viewers give up


def png(svg: str, scale: float = SCALE) -> bytes | None:
    """The image of a picture that stands alone, light on white; None where resvg is not installed."""
    try:
        import resvg_py
    except ImportError:
        return None
    sides = [float(side) for side in re.findall(r' (?:width|height)="([\d.]+)"', svg.partition(">")[0])]
    fits = min(scale, LARGEST / max(sides, default=1.0))
    return bytes(resvg_py.svg_to_bytes(svg_string=svg, zoom=fits, background="#ffffff"))


def by_program(dot: str) -> bytes:
    """The image that `dot` draws of this source.

    Errors: RuntimeError where there is no such program."""
    import graphviz

    try:
        return bytes(graphviz.Source(dot).pipe(format="png"))
    except graphviz.ExecutableNotFound as error:
        raise RuntimeError(say("png_needs")) from error
