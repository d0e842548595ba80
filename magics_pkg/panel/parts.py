"""What the drawers under the picture show, as plain data: each part by the name of its drawer in `static/`.

A part is made from the Graph and the Session behind it; None where there is nothing of its kind to show.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from ..backends.arrays import entries_of
from ..style.format import number, one_line
from . import inspection
from .jacobian import Answers, jacobian
from .quiz import quiz

if TYPE_CHECKING:
    from ..style.elements import Edge, Graph, Node
    from .live import Session

HELD = 6  # entries of what a leaf's `.grad` held that are written out


def parts_of(graph: Graph, session: Session | None, saved: bool = False, opens: str = "") -> dict[str, Any]:
    """Every part that there is; ``saved``: for a page that has no kernel to ask; a quiz only where that ``opens``."""
    if session is None:
        return {"inspect": inspection.inspect(graph, None)}
    made = {name: make(graph, session) for name, make in PARTS.items()}
    made["quiz"] = quiz(graph, session) if opens == "quiz" else None
    if saved:
        made["inspect"]["answers"] = inspection.answers(graph, session)
    return {name: data for name, data in made.items() if data is not None}


def answering(graph: Callable[[], Graph], session: Session) -> dict[str, Callable[[dict[str, Any]], Any]]:
    """Who answers what the page asks for, by the kind of question; ``graph``: the one that is shown now."""
    rows = Answers(session)
    looked = session.inspection
    return {"inspect": lambda asked: looked.answer(graph(), asked), "jacobian": rows.rows, "paths": rows.paths}


# ---------------------------------------------------------------- steps
def steps(graph: Graph, session: Session) -> list[dict[str, Any]] | None:
    """The backward pass card by card, in the order in which it ran."""
    order = session.order()
    if not order:
        return None
    into: dict[str, list[Edge]] = {}
    out: dict[str, list[Edge]] = {}
    for edge in graph.edges:
        if edge.grad is not None:
            into.setdefault(edge.head, []).append(edge)
            out.setdefault(edge.tail, []).append(edge)
    cards = {node.id: node for node in graph.nodes if node.repeat_of is None}
    first = {node.id: node.repeat_of or node.id for node in graph.nodes}  # a leaf drawn again is one leaf
    places = _places(graph, cards.values(), {node: place for place, node in enumerate(order)}, into, out, first)
    ran = sorted((each for each in cards.values() if each.id in places), key=lambda each: places[each.id])
    arriving: dict[str, list[Edge]] = {}
    for tail, edges in out.items():
        arriving.setdefault(first[tail], []).extend(edges)
    return [_step(graph, session, cards, first, node, arriving.get(node.id, []), into.get(node.id, [])) for node in ran]


def _places(
    graph: Graph,
    cards: Iterable[Node],
    ran: dict[Any, int],
    into: dict[str, list[Edge]],
    out: dict[str, list[Edge]],
    first: dict[str, str],
) -> dict[str, tuple[float, int]]:
    """When each card's turn came: an operation's when its node ran, a leaf's after the last that sends it something."""
    when: dict[str, tuple[float, int]] = {}
    for card in cards:
        key = graph.quantities[card.grad].key if card.grad is not None else ("",)
        if key[0] == "node" and key[1] in ran:
            when[card.id] = (ran[key[1]], 0)
    # a card whose own gradient is not shown ran with what it sends on
    for card in cards:
        if card.kind == "op" and card.id not in when:
            keys = [graph.quantities[e.grad].key for e in into.get(card.id, ()) if e.grad is not None]
            sends = [ran[key[1]] for key in keys if key[0] == "edge" and key[1] in ran]
            if sends:
                when[card.id] = (min(sends), 0)
    for tail, edges in out.items():
        card_id = first[tail]
        turns = [when[edge.head][0] for edge in edges if edge.head in when]
        if turns and when.get(card_id, (0, 1))[1] != 0:
            when[card_id] = (max(*turns, when.get(card_id, (0.0, 1))[0]), 1)
    return when


def _step(
    graph: Graph,
    session: Session,
    cards: dict[str, Node],
    first: dict[str, str],
    node: Node,
    arriving: list[Edge],
    sent: list[Edge],
) -> dict[str, Any]:
    called = graph.called
    return {
        "node": node.id,
        "kind": node.kind,
        "name": called[node.id],
        "source": source if (source := one_line(node.source)) != called[node.id] else "",
        "op": node.op,
        "output": node.output,
        "grad": node.grad,
        "rules": list(inspection.rules_on(graph, node)) if node.kind == "op" else [],
        "held": _held(session, graph, node),
        "ins": [{"quantity": e.grad, "from": called[first[e.head]]} for e in arriving],
        "outs": [{"quantity": e.grad, "to": called[first[e.tail]], "edge": e.id} for e in sent],
    }


def _held(session: Session, graph: Graph, node: Node) -> str:
    """What a leaf's `.grad` held before the pass, in numbers; "" where it was empty."""
    key = graph.quantities[node.grad].key if node.kind == "leaf" and node.grad is not None else ("", None)
    before = next((leaf.before for leaf in session.leaves if leaf.node is key[1]), None)
    if before is None:
        return ""
    size = math.prod(before.shape)
    first = entries_of(before, range(min(size, HELD)))
    return "  ".join(map(number, first.tolist())) + (" …" if size > HELD else "")


PARTS: dict[str, Callable[[Graph, Session], Any]] = {
    "inspect": inspection.inspect,
    "steps": steps,
    "passes": lambda graph, session: session.told,
    "jacobian": jacobian,
}
