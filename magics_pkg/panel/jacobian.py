"""∂output/∂leaf, row by row as it is asked for, and what makes up one entry: the paths, and the product along each."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ..backends.arrays import entries_of, has_any, only
from ..style.format import one_line

if TYPE_CHECKING:
    from ..style.elements import Graph, Node
    from .live import Leaf, Session

COLUMNS = 512  # entries of a leaf that have a column
ROWS = 4096  # of an output that have a row
PAUSE = 0.04  # seconds of rows in one answer: the page asks for the next ones, or stops asking
PATHS = 64  # that are written out for one entry
STEPS = 20_000  # nodes that a walk along the paths may pass

Array = np.ndarray[Any, Any]


def jacobian(graph: Graph, session: Session) -> dict[str, Any] | None:
    """The drawer's data: which leaves there are, and how many rows and columns; None where v does not act linearly."""
    if not session.linear.linear:
        return None
    rows = session.seeded.size
    leaves = []
    for identity in graph.leaves:
        card = graph.node(identity)
        leaf = leaf_of(graph, session, card)
        if card.grad is not None and leaf is not None:
            columns = leaf.tensor.numel()
            name = graph.quantities[card.grad].name.removesuffix(".grad")
            leaves.append(
                {"quantity": card.grad, "name": one_line(name), "columns": min(columns, COLUMNS), "of": columns}
            )
    return {"rows": min(rows, ROWS), "of": rows, "leaves": leaves} if leaves else None


def leaf_of(graph: Graph, session: Session, card: Node) -> Leaf | None:
    """The leaf whose gradient a card shows."""
    key = graph.quantities[card.grad].key if card.grad is not None else ("",)
    return next((each for each in session.leaves if key[0] == "leaf" and each.node is key[1]), None)


class Answers:
    """What the page asks of a Jacobian."""

    def __init__(self, session: Session) -> None:
        self.session = session

    @property
    def graph(self) -> Graph:
        """As it is folded at present."""
        return self.session.graph

    def rows(self, asked: Mapping[str, Any]) -> dict[str, Any] | None:
        """As many rows of one leaf's Jacobian from ``start`` on as a moment allows."""
        leaf, start = self._asked_leaf(asked), asked.get("start")
        if leaf is None or not isinstance(start, int) or not 0 <= start < self.session.seeded.size:
            return None
        began = time.perf_counter()
        rows: list[Array] = []
        columns = min(leaf.tensor.numel(), COLUMNS)
        last = min(self.session.seeded.size, ROWS)
        while start + len(rows) < last and (not rows or time.perf_counter() - began < PAUSE):
            rows.append(self.session.row(leaf, start + len(rows), columns))
        numbers = [[_json(float(each)) for each in row] for row in rows]
        return {"quantity": asked["quantity"], "start": start, "rows": numbers}

    def paths(self, asked: Mapping[str, Any]) -> dict[str, Any] | None:
        """The paths that make up ∂output[row]/∂leaf[column]; in words why not, where the graph cannot be run."""
        leaf, row, column = self._asked_leaf(asked), asked.get("row"), asked.get("column")
        if leaf is None or not isinstance(row, int | None) or not isinstance(column, int):
            return None
        if not (0 <= (row or 0) < self.session.seeded.size and 0 <= column < leaf.tensor.numel()):
            return None
        same = {"quantity": asked["quantity"], "row": row, "column": column}
        try:
            found, whole = paths(self.graph, self.session, leaf, row, column)
        except RuntimeError as error:
            return same | {"paths": [], "whole": False, "error": str(error).splitlines()[0]}
        return same | {"paths": found, "whole": whole, "error": ""}

    def _asked_leaf(self, asked: Mapping[str, Any]) -> Leaf | None:
        which = asked.get("quantity")
        card = next((each for each in self.graph.nodes if each.grad == which and each.kind == "leaf"), None)
        return None if card is None else leaf_of(self.graph, self.session, card)


def paths(
    graph: Graph, session: Session, leaf: Leaf, row: int | None, column: int
) -> tuple[list[dict[str, Any]], bool]:
    """Each path from output[row] back to leaf[column] that carries something: its cards, the factors, the product.

    From all of the output, weighted by the present v, where ``row`` is None. Also whether these are all. A factor is
    known where the gradient on the way has one entry other than 0."""
    cards = cards_by_node(graph)
    _, output, nr = root_of(graph)
    hot = session.seed() if row is None else session.hot(row)
    found: list[dict[str, Any]] = []
    pending: list[tuple[Any, int, Any, tuple[Any, ...]]] = [(output, nr, hot, ())]
    steps = 0
    while pending:
        node, number, gradient, way = pending.pop()
        steps += 1
        if steps > STEPS or len(found) >= PATHS:
            return _sorted(found), False
        here = (node, only(gradient))
        if node is leaf.node:
            value = float(entries_of(gradient, [column])[0])
            if value != 0:
                found.append(_path((*way, (node, value if here[1] is None else here[1])), cards, leaf, value))
            continue
        if hasattr(node, "variable"):
            continue
        ways = node.next_functions
        for slot, sent in reversed(list(enumerate(session.vjp(node, number, gradient)))):
            following, into = ways[slot] if slot < len(ways) else (None, 0)
            if following is not None and sent is not None and has_any(sent):
                pending.append((following, into, sent, (*way, here)))
    return _sorted(found), True


def cards_by_node(graph: Graph) -> dict[Any, Node]:
    """The card that shows what arrives at a node."""
    keys = ((graph.quantities[card.grad].key, card) for card in graph.nodes if card.grad is not None)
    return {key[1]: card for key, card in keys if key[0] == "node"}


def root_of(graph: Graph) -> tuple[Any, ...]:
    """The key of the output's own gradient: ("node", node, nr), or a leaf's."""
    card = graph.node(graph.output)
    key = graph.quantities[card.grad].key if card.grad is not None else ("", None)
    return key if key[0] == "node" else ("leaf", key[1], 0)


def _sorted(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(found, key=lambda each: -abs(float(each["value"])))


def _path(way: tuple[Any, ...], cards: dict[Any, Node], leaf: Leaf, value: float) -> dict[str, Any]:
    """One path as the page shows it: the cards that it passes, and by what each step multiplies."""
    names: list[str] = []
    ids: list[str | None] = []
    factors: list[float | str | None] = []
    size: float | None = 1.0
    for node, now in way:
        if names:
            factors.append(None if now is None or not size else _json(now / size))
        size = now
        card = cards.get(node)
        names.append(called_on(cards, node, leaf))
        ids.append(card.id if card is not None else None)
    return {"names": names, "nodes": ids, "factors": factors, "value": _json(value)}


def called_on(cards: dict[Any, Node], node: Any, leaf: Leaf) -> str:
    """What a path calls a node that it passes."""
    if node is leaf.node:
        return leaf.name
    card = cards.get(node)
    if card is None:
        return str(node.name()).removesuffix("Backward0")
    return one_line(card.name or card.symbol or card.source or card.op)


def _json(value: float) -> float | str:
    """JSON has no NaN and no infinity."""
    return value if np.isfinite(value) else str(value)
