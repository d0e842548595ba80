"""The quiz: which entries are guessed, and the paths that make each up, so that a page without a kernel can judge."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ..backends.arrays import entries_of, has_any
from ..lessons.explain import hook_names
from ..style.format import entry, one_line, unravel
from ..words import say
from .jacobian import STEPS, called_on, cards_by_node, leaf_of, root_of
from .spec import in_words

if TYPE_CHECKING:
    from ..graphs.linear import Linear
    from ..style.elements import Graph, Node, Quantity
    from .live import Leaf, Session

ASKED = 4  # entries of each leaf that the quiz asks for
PATHS = 40  # that lead to one leaf; of more nobody leaves out just one

Way = tuple[Any, ...]  # nodes and slots in turn, from the output to a leaf
Array = np.ndarray[Any, Any]


def asked_of(graph: Graph) -> Iterator[tuple[Node, int, int]]:
    """What is to be guessed: the card of a leaf, which of its gradient's entries that are shown, and which of all."""
    for identity in graph.leaves:
        card = graph.node(identity)
        if card.grad is not None and graph.quantities[card.grad].key[0] == "leaf":
            yield from (
                (card, place, column) for place, column in enumerate(graph.quantities[card.grad].indices[:ASKED])
            )


def can_be(graph: Graph, session: Session | None) -> bool:
    """Whether there is something to guess, and somebody who knows."""
    return session is not None and _knows(session) and any(True for _ in asked_of(graph))


def _knows(session: Session) -> bool:
    """Whether the numbers shown are a pass's: the user's own may have been too large to be held."""
    return session.linear.linear or session._known is not None or session._last is not None


def quiz(graph: Graph, session: Session) -> list[dict[str, Any]] | None:
    """Entries of the leaves' gradients to be guessed; None where there are none.

    paths: names of the cards along each, and what it brings for the rest of v and for a 1 at each slider's entry, or
    at the present v where v does not act linearly; None where they are too many, or the graph cannot be run any more,
    or for the reason that ``why`` tells. held: what `.grad` held before the pass."""
    if not can_be(graph, session):
        return None
    asked = []
    hooks = () if session.linear.linear else session.snapshot.hooks
    why = say("quiz_hooked", hooks=hook_names(hooks, [each.name for each in session.leaves])) if hooks else ""
    ways = None if hooks else _ways(session, *root_of(graph)[1:])
    cards = cards_by_node(graph)
    for card, place, column in asked_of(graph):
        leaf, paths, told = leaf_of(graph, session, card), None, why
        if leaf is not None and ways is not None:
            names = {way: [called_on(cards, node, leaf) for node in way[::2]] for way in ways.get(leaf.node, {})}
            paths = _paths(names, ways.get(leaf.node, {}), column)
            told = "" if paths is not None else say("quiz_not_finite")
        asked.append({"quantity": card.grad, "place": place, "paths": paths, "held": _held(leaf, column), "why": told})
    return asked


def judged(graph: Graph, session: Session, name: str) -> dict[str, Any]:
    """What the page judges a guess by, where only the kernel knows: the entry of this name at the present v."""
    numbers = session.shown()
    for each in quiz(graph, session) or ():
        quantity, at = graph.quantities[each["quantity"]], session.linear.offsets[each["quantity"]] + each["place"]
        if name_of(quantity, each["place"]) == name:
            return {"truth": in_words(float(numbers[at])), **{key: each[key] for key in ("paths", "held", "why")}}
    return {}


def name_of(quantity: Quantity, place: int) -> str:
    """One of the entries that are shown, as the page calls it: `x.grad[0]`."""
    return entry(one_line(quantity.name), unravel(quantity.indices[place], quantity.shape))


class Veil:
    """What a page may know where it has to ask: of the gradients those that were guessed, or everything.

    told: their names."""

    def __init__(self) -> None:
        self.told: set[str] = set()
        self.lifted = False

    def numbers(self, graph: Graph, linear: Linear, asked: Iterable[Mapping[str, Any]], known: Array) -> Array:
        """These numbers, NaN where nobody may see them yet."""
        seen = np.full(len(known), np.nan)
        for each in asked:
            at = linear.offsets[each["quantity"]] + each["place"]
            if name_of(graph.quantities[each["quantity"]], each["place"]) in self.told:
                seen[at] = known[at]
        return seen


def unknown(linear: Linear) -> Linear:
    """The same panel with no number in it."""
    return replace(
        linear,
        base=np.full_like(linear.base, np.nan),
        gram=np.full_like(linear.gram, np.nan),
        sums=np.full_like(linear.sums, np.nan),
    )


def _held(leaf: Leaf | None, column: int) -> float:
    """0 also for what is no number: then the paths and this do not sum to the truth, and nothing is said of them."""
    held = 0.0 if leaf is None or leaf.before is None else float(entries_of(leaf.before, [column])[0])
    return held if math.isfinite(held) else 0.0


def _paths(names: dict[Way, list[str]], ways: dict[Way, Array], column: int) -> list[dict[str, Any]] | None:
    tables = ((names[way], table[:, column]) for way, table in ways.items())
    found = [{"names": along, "by": brings.tolist()} for along, brings in tables if np.any(brings)]
    return found if all(math.isfinite(each) for path in found for each in path["by"]) else None


def _ways(session: Session, output: Any, nr: int) -> dict[Any, dict[Way, Array]] | None:
    """By leaf every way to it, and what comes along: a row for the rest of v, and one for each slider's entry.

    Where v does not act linearly there is a row for the present v alone."""
    found: dict[Any, dict[Way, Array]] = {}
    seeds = [session.seed()]
    if session.linear.linear:
        picked = session.linear.weights
        rest = session.seeded.moved_to(picked, 0.0)
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
