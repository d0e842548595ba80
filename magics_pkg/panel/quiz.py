"""The quiz: which entries are guessed, and the paths that make each up, so that a page without a kernel can judge."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from ..backends.arrays import entries_of, has_any
from .jacobian import STEPS, called_on, cards_by_node, leaf_of, root_of

if TYPE_CHECKING:
    from ..style.elements import Graph
    from .live import Leaf, Session

ASKED = 4  # entries of each leaf that the quiz asks for
PATHS = 40  # that lead to one leaf; of more nobody leaves out just one

Way = tuple[Any, ...]  # nodes and slots in turn, from the output to a leaf
Array = np.ndarray[Any, Any]


def quiz(graph: Graph, session: Session) -> list[dict[str, Any]] | None:
    """Entries of the leaves' gradients to be guessed; None where v does not act linearly.

    paths: names of the cards along each, and what it brings for the rest of v and for a 1 at each slider's entry;
    None where they are too many, or the graph cannot be run any more. held: what `.grad` held before the pass."""
    if not session.linear.linear:
        return None
    asked = []
    ways = _ways(session, *root_of(graph)[1:])
    cards = cards_by_node(graph)
    for identity in graph.leaves:
        card = graph.node(identity)
        leaf = leaf_of(graph, session, card)
        if card.grad is None or graph.quantities[card.grad].key[0] != "leaf":
            continue
        for place, column in enumerate(graph.quantities[card.grad].indices[:ASKED]):
            paths = None
            if leaf is not None and ways is not None:
                names = {way: [called_on(cards, node, leaf) for node in way[::2]] for way in ways.get(leaf.node, {})}
                paths = _paths(names, ways.get(leaf.node, {}), column)
            asked.append({"quantity": card.grad, "place": place, "paths": paths, "held": _held(leaf, column)})
    return asked or None


def _held(leaf: Leaf | None, column: int) -> float:
    """0 also for what is no number: then the paths and this do not sum to the truth, and nothing is said of them."""
    held = 0.0 if leaf is None or leaf.before is None else float(entries_of(leaf.before, [column])[0])
    return held if math.isfinite(held) else 0.0


def _paths(names: dict[Way, list[str]], ways: dict[Way, Array], column: int) -> list[dict[str, Any]] | None:
    tables = ((names[way], table[:, column]) for way, table in ways.items())
    found = [{"names": along, "by": brings.tolist()} for along, brings in tables if np.any(brings)]
    return found if all(math.isfinite(each) for path in found for each in path["by"]) else None


def _ways(session: Session, output: Any, nr: int) -> dict[Any, dict[Way, Array]] | None:
    """By leaf every way to it, and what comes along: a row for the rest of v, and one for each slider's entry."""
    picked = session.linear.weights
    rest = session.seeded.moved_to(picked, 0.0)
    found: dict[Any, dict[Way, Array]] = {}
    seeds = [session.seed(rest), *(session.hot(index) for index in picked)]
    steps = 0
    for row, seed in enumerate(seeds):
        pending: list[tuple[Any, int, Any, Way]] = [(output, nr, seed, ())]
        while pending:
            node, number, gradient, way = pending.pop()
            steps += 1
            if steps > STEPS:
                return None
            if hasattr(node, "variable"):
                size = math.prod(gradient.shape)
                first = range(min(ASKED, size))  # a quantity's first entries are a leaf's
                numbers = entries_of(gradient, first).astype(np.float64)
                ways = found.setdefault(node, {})
                if (*way, node) not in ways and len(ways) == PATHS:
                    return None
                ways.setdefault((*way, node), np.zeros((len(seeds), numbers.size)))[row] = numbers
                continue
            following = node.next_functions
            try:
                sent = session.vjp(node, number, gradient)
            except RuntimeError:
                return None
            for slot, part in enumerate(sent[: len(following)]):
                if following[slot][0] is not None and part is not None and has_any(part):
                    pending.append((*following[slot], part, (*way, node, slot)))
    return found
