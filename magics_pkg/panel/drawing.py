"""Graph + numbers -> the picture, by way of cards, Graphviz and SVG; a failure is a sentence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..lessons.finite import marked
from ..pictures import card, dot, layout, svg
from ..words import say
from .quiz import unknown

if TYPE_CHECKING:
    from ..graphs.graph import Graph
    from ..graphs.linear import Linear
    from .settings import Settings


@dataclass(frozen=True)
class Picture:
    """The drawn graph, or a sentence why there is none."""

    svg: str = ""
    problem: str = ""


def tried(graph: Graph, linear: Linear, settings: Settings, veiled: bool = False) -> Picture:
    """The picture, where the settings want one; a failure is a sentence, never an exception."""
    if not settings.graph:
        return Picture()
    try:
        return Picture(drawn(graph, linear, settings, veiled))
    except Exception as error:  # drawing must never hide the cell's result
        return Picture(problem=say("not_drawn", error=error or type(error).__name__))


def drawn(graph: Graph, linear: Linear, settings: Settings, veiled: bool = False) -> str:
    """The picture with the sliders at their start; ``veiled``: with nothing in it that tells a gradient.

    Errors: LayoutError when Graphviz fails."""
    graph = marked(graph, None if veiled else linear)
    cards, labels = card.cards(graph), card.labels(graph, linear)
    engine = "dot" if settings.renderer == "dot" else "wasi"
    layout.check(len(cards) + len(labels), len(graph.edges) + len(labels), settings.seconds)
    geometry = layout.layout(dot.source(graph, cards, labels), engine, settings.seconds)
    return svg.draw(graph, unknown(linear) if veiled else linear, geometry, cards, labels)
