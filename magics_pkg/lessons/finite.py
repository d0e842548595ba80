"""Where a NaN or inf first came from, and which gradients cannot but be zero: what the numbers of a panel tell."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ..style.format import entry, number, unravel
from ..words import say

if TYPE_CHECKING:
    from ..graphs.graph import Graph, Node
    from ..graphs.linear import Linear


def not_a_number(graph: Graph, linear: Linear | None) -> list[str]:
    """The first operation that made a NaN or inf out of finite numbers, forward or backward."""
    node, bad = first_bad(graph, linear)
    if node is not None:
        said = [say("first_bad", what=called(graph, node), bad=bad, where=_line(node) + _place(graph, node))]
        then = first_bad(graph, linear, "NaN")[0] if bad == "inf" else None
        return said if then is None else [*said, say("then_nan", what=called(graph, then), where=_line(then))]
    node, bad = given_bad(graph, linear)
    if node is not None:
        return [say("given_bad", name=graph.called[node.id], bad=bad, where=_place(graph, node, always=True))]
    node, bad, at = first_bad_gradient(graph, linear)
    if node is None:
        return []
    if at:
        return [say("zero_times_inf", what=called(graph, node), where=_line(node), entry=at)]
    return [say("first_bad_gradient", what=called(graph, node), where=_line(node), bad=bad)]


def marked(graph: Graph, linear: Linear | None) -> Graph:
    """The graph with the card marked that made the first number that is none, or whose gradient cannot but be zero."""
    node, bad = first_bad(graph, linear)
    key = "card_first_bad"
    if node is None:
        key = "card_given_bad"
        node, bad = given_bad(graph, linear)
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


def first_bad(graph: Graph, linear: Linear | None, kind: str = "") -> tuple[Node | None, str]:
    """The first card with a value that is no number, made from finite ones; and what that is. ``kind``: "NaN" only."""
    nodes = {node.id: node for node in graph.nodes}
    inputs: dict[str, list[str]] = {}
    if _is_harmless(graph, linear):
        return None, ""
    for edge in graph.edges:
        inputs.setdefault(edge.head, []).append(edge.tail)
    for node in graph.nodes:
        bad = _bad_value(node, kind)
        if bad and node.kind == "op":
            sources = [nodes[each] for each in inputs.get(node.id, []) if each in nodes]
            if all(_is_known(source) and not _bad_value(source, kind) for source in sources):
                return node, bad
    return None, ""


def given_bad(graph: Graph, linear: Linear | None) -> tuple[Node | None, str]:
    """A leaf, or data, that held no number when the graph began."""
    if _is_harmless(graph, linear):
        return None, ""
    found = ((node, _bad_value(node)) for node in graph.nodes if node.kind != "op")
    return next(((node, bad) for node, bad in found if bad), (None, ""))


def _is_harmless(graph: Graph, linear: Linear | None) -> bool:
    """Whether all that comes out is finite, as where a mask of attention puts -inf into a softmax."""
    outputs = [node for node in graph.nodes if node.output]
    if linear is None or not outputs or not all(_is_known(node) and not _bad_value(node) for node in outputs):
        return False
    return linear.linear or bool(np.isfinite(linear.sums[:, 0]).all())


def _bad_value(node: Node, kind: str = "") -> str:
    """Of all of a card's value, whatever is shown of it: "NaN", "inf", or "" for finite numbers."""
    first = node.value.bad[0] if node.value.bad else ""
    if not kind:
        return first or _bad(value for _, value in node.value.entries)
    return kind if first == kind or any(_bad([value]) == kind for _, value in node.value.entries) else ""


def _is_known(node: Node) -> bool:
    """Whether there is anything to know a value by."""
    return bool(node.value.entries) or math.prod(node.shape) == 0


def _place(graph: Graph, node: Node, always: bool = False) -> str:
    """Which entry was the first, where the card does not show it."""
    shown = next((index for index, value in node.value.entries if _bad([value])), None)
    index = node.value.bad[1] if node.value.bad else shown
    if not node.shape or index is None or (index == shown and not always):
        return ""
    return f" ({entry(graph.called[node.id], index)})"


def first_bad_gradient(graph: Graph, linear: Linear | None) -> tuple[Node | None, str, str]:
    """The first card that sends a gradient back that is no number, out of a finite one; where 0 × inf did it, at
    which entry."""
    if linear is None or unseen(graph, linear):
        return None, "", ""
    shown = linear.shown(linear.start)
    nodes = {node.id: node for node in graph.nodes}
    for edge in graph.edges:
        node = nodes.get(edge.head)
        if edge.grad is None or node is None:
            continue
        sent = part(graph, linear, shown, edge.grad)
        bad = _bad_gradient(linear, sent, edge.grad)
        got = part(graph, linear, shown, node.grad) if node.grad is not None else None
        if bad and (got is None or node.grad is None or not _bad_gradient(linear, got, node.grad)):
            return node, bad, _zero_times_inf(graph, nodes[edge.tail], node, sent, got)
    return None, "", ""


def unseen(graph: Graph, linear: Linear) -> bool:
    """Whether nothing is known of the gradients on the way before the first move: not even of v where it starts."""
    if linear.linear:
        return False
    roots = [node.grad for node in graph.nodes if node.output and node.grad is not None]
    shown = [number for grad in roots for number in part(graph, linear, linear.base, grad).tolist()]
    return bool(np.isnan(shown or linear.base).all())


def _bad_gradient(linear: Linear, shown: np.ndarray, index: int) -> str:
    """Of all entries of a gradient, whatever is shown of it: "NaN", "inf", or "" for finite numbers."""
    if (bad := _bad(shown.tolist())) or linear.linear or np.isfinite(linear.sums[index, 0]):
        return bad
    return _bad([linear.gram[index, 0, 0]])


def _zero_times_inf(graph: Graph, tail: Node, head: Node, sent: np.ndarray, got: np.ndarray | None) -> str:
    if got is None or sent.shape != got.shape or tail.shape != head.shape:
        return ""
    places = np.flatnonzero(np.isnan(sent) & (got == 0))
    if not places.size:
        return ""
    index = unravel(int(places[0]), tail.shape)
    value = dict(tail.value.entries).get(index)
    name = entry(graph.called[tail.id], index)
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


def called(graph: Graph, node: Node) -> str:
    """What a sentence calls a card: its code where that is its own, else its name or sign."""
    return graph.code_of(node) or graph.called[node.id]


def _line(node: Node) -> str:
    return say("in_line", line=node.line) if node.line else ""
