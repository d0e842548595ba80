"""Where a NaN or inf first came from, and which gradients cannot but be zero: what the numbers of a panel tell."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ..style.format import entry, number, one_line, unravel
from ..words import say

if TYPE_CHECKING:
    from ..graphs.graph import Graph, Node
    from ..graphs.linear import Linear


def not_a_number(graph: Graph, linear: Linear | None) -> list[str]:
    """The first operation that made a NaN or inf out of finite numbers, forward or backward."""
    node, bad = first_bad(graph)
    if node is not None:
        return [say("first_bad", what=called(node), bad=bad, where=_line(node))]
    node, bad, at = first_bad_gradient(graph, linear)
    if node is None:
        return []
    if at:
        return [say("zero_times_inf", what=called(node), where=_line(node), entry=at)]
    return [say("first_bad_gradient", what=called(node), where=_line(node), bad=bad)]


def marked(graph: Graph, linear: Linear | None) -> Graph:
    """The graph with the card marked that made the first number that is none, or whose gradient cannot but be zero."""
    node, bad = first_bad(graph)
    key = "card_first_bad"
    if node is None:
        key = "card_first_bad_gradient"
        node, bad, _ = first_bad_gradient(graph, linear)
    notes = {node.id: ("bad", say(key, bad=bad))} if node is not None else {}
    notes |= {each: ("zero", say("card_zero")) for each in zeros(graph, linear)}
    if not notes:
        return graph
    return replace(graph, nodes=tuple(_noted(each, *notes.get(each.id, ("", ""))) for each in graph.nodes))


def _noted(node: Node, mark: str, note: str) -> Node:
    if not mark:
        return node
    return replace(node, mark=node.mark or mark, note=f"{node.note} · {note}" if node.note else note)


def first_bad(graph: Graph) -> tuple[Node | None, str]:
    """The first card with a value that is no number, made from finite ones; and what that is."""
    nodes = {node.id: node for node in graph.nodes}
    inputs: dict[str, list[str]] = {}
    for edge in graph.edges:
        inputs.setdefault(edge.head, []).append(edge.tail)
    for node in graph.nodes:
        bad = _bad(each[1] for each in node.value.entries)
        if bad and node.kind == "op":
            sources = [nodes[each] for each in inputs.get(node.id, []) if each in nodes]
            if not any(_bad(each[1] for each in source.value.entries) for source in sources):
                return node, bad
    return None, ""


def first_bad_gradient(graph: Graph, linear: Linear | None) -> tuple[Node | None, str, str]:
    """The first card that sends a gradient back that is no number, out of a finite one; where 0 × inf did it, at
    which entry."""
    if linear is None or np.isnan(linear.base).all():  # nothing is known before the first move
        return None, "", ""
    shown = linear.shown(linear.start)
    nodes = {node.id: node for node in graph.nodes}
    for edge in graph.edges:
        node = nodes.get(edge.head)
        if edge.grad is None or node is None:
            continue
        sent = part(graph, linear, shown, edge.grad)
        bad = _bad(sent.tolist())
        got = part(graph, linear, shown, node.grad) if node.grad is not None else None
        if bad and (got is None or not _bad(got.tolist())):
            return node, bad, _zero_times_inf(graph, nodes[edge.tail], node, sent, got)
    return None, "", ""


def _zero_times_inf(graph: Graph, tail: Node, head: Node, sent: np.ndarray, got: np.ndarray | None) -> str:
    if got is None or sent.shape != got.shape or tail.shape != head.shape:
        return ""
    places = np.flatnonzero(np.isnan(sent) & (got == 0))
    if not places.size:
        return ""
    index = unravel(int(places[0]), tail.shape)
    value = dict(tail.value.entries).get(index)
    name = entry(one_line(tail.name or tail.source), index)
    return f"{name} = {number(value)}" if value is not None else name


def zeros(graph: Graph, linear: Linear | None) -> list[str]:
    """Leaves that a path leads to, along which every derivative is zero."""
    if linear is None or not linear.linear or not len(linear.rows):
        return []
    found = []
    for each in graph.leaves:
        grad = graph.node(each).grad
        if grad is None or not graph.quantities[grad].indices:
            continue
        begin = linear.offsets[grad]
        here = slice(begin, begin + len(graph.quantities[grad].indices))
        if not linear.rows[:, here].any() and not linear.base[here].any() and not linear.gram[grad].any():
            found.append(each)
    return found


def _bad(values: Iterable[float | int | bool]) -> str:
    """ "NaN", "inf", or "" for finite numbers."""
    for value in values:
        if isinstance(value, float | np.floating) and not math.isfinite(value):
            return "NaN" if math.isnan(value) else "inf"
    return ""


def part(graph: Graph, linear: Linear, shown: np.ndarray, index: int) -> np.ndarray:
    """The shown entries of one quantity."""
    begin = linear.offsets[index]
    return np.asarray(shown[begin : begin + len(graph.quantities[index].indices)])


def called(node: Node) -> str:
    """What a sentence calls a card: its code, else its name or sign."""
    return node.source or node.name or node.symbol or node.op


def _line(node: Node) -> str:
    return say("in_line", line=node.line) if node.line else ""
