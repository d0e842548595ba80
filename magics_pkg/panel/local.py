"""The local derivative of one card in numbers: its nodes are run alone, with ones and with one-hots.

Nothing else of the graph runs, no hook, and no function of the program's own.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..backends import custom_function, is_gone, newest, plain
from ..backends.arrays import alike, is_same, raw, total
from ..words import say

if TYPE_CHECKING:
    from ..style.elements import Graph, Key, Node
    from .live import Session

MOST = 32  # nodes that one card is run through
TALL, WIDE = 8, 12  # a Jacobian of at most so many rows and columns is written out
LARGE = 2**24  # entries of an output, above which nothing is run for this alone

Array = np.ndarray[Any, Any]
Way = tuple[Any, int]  # a node and a place among its `next_functions`


@dataclass(frozen=True)
class Derivative:
    """∂output/∂input of one operation.

    kind: "diagonal": a number for each entry, the others being 0; "row": of an output with one entry; "matrix": rows
    are the output's entries, columns the input's; "none", and ``why``.
    """

    kind: str
    array: Any = None
    why: str = ""


def derivatives(session: Session, graph: Graph, card: Node, device: str = "") -> list[tuple[str, Derivative]]:
    """By each input that a gradient goes to: the id of its card, and the derivative. ``device``: if not the CPU."""
    edges = [each for each in graph.edges if each.head == card.id and each.grad is not None]
    ways = {each.id: tuple(_ways(graph.quantities[each.grad].key)) for each in edges if each.grad is not None}
    shapes = {each.id: graph.quantities[each.grad].shape for each in edges if each.grad is not None}
    key = graph.quantities[card.grad].key if card.grad is not None else ("",)
    if key[0] != "node" or not card.dtype:
        return []
    if card.folded:
        return [(each.tail, Derivative("none", why=say("local_several"))) for each in edges]
    if card.count > 1:  # of a loop's rounds the last is told: what went into an earlier one is no input of it
        own = set(nodes_of(graph, card))
        edges = [each for each in edges if any(node in own for node, _ in ways[each.id])]
    run = _Run(session, key[1], key[2], card, device, frozenset(way for each in ways.values() for way in each))
    return [(each.tail, run.by(ways[each.id], shapes[each.id])) for each in edges]


def _ways(key: Key) -> Iterator[Way]:
    if key[0] == "edge":
        yield key[1], key[2]
    elif key[0] == "sum":
        for each in key[1:]:
            yield from _ways(each)


def nodes_of(graph: Graph, card: Node) -> list[Any]:
    """The nodes that one operation's card stands for, the newest first; a call may have made several."""
    key = graph.quantities[card.grad].key if card.grad is not None else ("",)
    if key[0] != "node":
        return []
    edges = [each.grad for each in graph.edges if each.head == card.id and each.grad is not None]
    stops = {way for each in edges for way in _ways(graph.quantities[each].key)}
    found = [key[1]]
    for node in found:
        for slot, (following, _) in enumerate(node.next_functions):
            outside = following is None or hasattr(following, "variable") or (node, slot) in stops
            if not outside and following not in found and len(found) < MOST:
                found.append(following)
    return found


class _Stopped(Exception):
    """There is no such number, and why."""


class _Run:
    """Gradients sent from a card's output to its inputs, each kind of gradient once."""

    def __init__(self, session: Session, node: Any, nr: int, card: Node, device: str, stops: frozenset[Way]) -> None:
        self.session, self.node, self.nr, self.stops, self.shape = session, node, nr, stops, card.shape
        self.device = device
        self._dtype = getattr(session.backend.module, card.dtype)
        self._sent: dict[Any, dict[Way, Any]] = {}

    def by(self, ways: tuple[Way, ...], shape: tuple[int, ...]) -> Derivative:
        """The derivative by the input at these ways."""
        size, wide = math.prod(self.shape), math.prod(shape)
        if size > LARGE:
            return Derivative("none", why=say("local_huge"))
        try:
            ones = self._into(ways, "ones", shape)
            if size == wide and self._is_diagonal(ways, ones):
                return Derivative("diagonal", ones)
            if size == 1:
                return Derivative("row", ones)
            if size <= TALL and wide <= WIDE:
                rows = [plain(self._into(ways, index, shape)).reshape(-1) for index in range(size)]
                return Derivative("matrix", np.stack(rows) if rows else np.zeros((0, wide)))
        except _Stopped as stopped:
            return Derivative("none", why=str(stopped))
        return Derivative("none", why=say("local_whole", rows=size, columns=wide))

    def _is_diagonal(self, ways: tuple[Way, ...], ones: Any) -> bool:
        """Whether each entry goes its own way: powers of two then come out as they went in, to the bit."""
        for which in ("first", "second"):
            _, factors = alike([ones, np.array(_factors(self.shape, which)).reshape(ones.shape)])
            with np.errstate(all="ignore"):
                if not is_same(self._into(ways, which, ones.shape), ones * factors):
                    return False
        return True

    def _gradient(self, which: Any) -> Any:
        """One kind of gradient of the output, as the library's own tensor."""
        made = self.session.backend.module.from_numpy(np.array(_factors(self.shape, which))).to(self._dtype)
        return made.to(self.device) if self.device else made

    def _into(self, ways: tuple[Way, ...], which: Any, shape: tuple[int, ...]) -> Any:
        if which not in self._sent:
            self._sent[which] = self._send(self._gradient(which))
        arrived = [part for way in ways if (part := self._sent[which].get(way)) is not None]
        if not arrived:
            return np.zeros(shape)
        with np.errstate(all="ignore"):
            return raw(total(tuple(arrived))).reshape(shape)

    def _send(self, gradient: Any) -> dict[Way, Any]:
        """What arrives at each of the ways where this is the gradient of the output."""
        pending = {self.node: {self.nr: gradient}}
        found: dict[Way, Any] = {}
        for _ in range(MOST):
            if not pending:
                return found
            node = newest(pending)
            for nr, arriving in pending.pop(node).items():
                for slot, part in enumerate(self._vjp(node, nr, arriving)):
                    following, place = node.next_functions[slot]
                    if part is None or following is None:
                        continue
                    if (node, slot) in self.stops:
                        known = (found[node, slot],) if (node, slot) in found else ()
                        found[node, slot] = total((*known, raw(part)))
                    elif not hasattr(following, "variable"):
                        into = pending.setdefault(following, {})
                        into[place] = into[place] + part if place in into else part
        raise _Stopped(say("local_several"))

    def _vjp(self, node: Any, nr: int, gradient: Any) -> tuple[Any, ...]:
        if custom_function(node):
            raise _Stopped(say("local_custom"))
        try:
            return self.session.vjp(node, nr, gradient)
        except RuntimeError as error:
            if not is_gone(error) and "second time" not in str(error):
                raise
            raise _Stopped(say("local_changed")) from None


def _factors(shape: tuple[int, ...], which: Any) -> Array:
    """Ones; a one-hot, by its index; or powers of two with signs, which no two entries share in order."""
    if which == "ones":
        return np.ones(shape)
    if isinstance(which, int):
        hot = np.zeros(math.prod(shape))
        hot[which] = 1
        return hot.reshape(shape)
    draws = np.random.default_rng(1 if which == "first" else 2)
    return np.asarray(draws.choice((-1.0, 1.0), shape) * 2.0 ** draws.integers(0, 4, shape))
