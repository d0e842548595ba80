"""Which cards are joined by which edges: every way of the autograd graph that leads from one part to another."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Any

from .fold import Part, Parts
from .web import Arrival, Web


@dataclass(eq=False)
class Link:
    """One edge: the ways that it stands for, as (node, slot), all to one arrival in ``tail``.

    carried: from one visit of a loop to the next. visit: that of the head.
    """

    tail: Part
    arrival: Arrival
    carried: bool
    visit: Hashable
    ways: list[tuple[Any, int]] = field(default_factory=list)


def links_of(web: Web, parts: Parts) -> dict[Part, list[Link]]:
    """Edges by head: every one of them, but of those between visits to folded places the newest."""
    links: dict[Part, dict[Hashable, Link]] = {}
    for node in web.nodes:
        head, visit = parts.of[node], parts.visits[node]
        for slot, arrival in web.crossings(node):
            tail = parts.of[arrival[0]]
            if tail is head and (head.middle or not head.repeats or visit == parts.visits[arrival[0]]):
                continue
            carried = tail is head or tail.first > head.first
            place = _place(head, tail, node, slot, arrival, carried)
            found = links.setdefault(head, {})
            known = found.get((tail, place))
            if known is None or known.arrival != arrival or known.visit != visit or not _joined(head, tail):
                known = found[tail, place] = Link(tail, arrival, carried, visit)
            known.ways.append((node, slot))
    return {head: _newest(web, head, list(found.values())) for head, found in links.items()}


def _newest(web: Web, head: Part, links: list[Link]) -> list[Link]:
    """Between runs of lines, or of rounds, the newest value that goes from one to the other: hundreds may."""
    kept: dict[tuple[Part, bool], Link] = {}
    for link in links:
        known = kept.get((link.tail, link.carried))
        if known is None or web.numbers[known.arrival[0]] < web.numbers[link.arrival[0]]:
            kept[link.tail, link.carried] = link
    return [link for link in links if not _of_lines(head, link.tail) or kept[link.tail, link.carried] is link]


def _of_lines(head: Part, tail: Part) -> bool:
    return any(each.group is not None and each.group.kind in ("lines", "rounds") for each in (head, tail))


def _joined(head: Part, tail: Part) -> bool:
    """Whether several ways between two parts are one edge."""
    return head.joins or tail.joins


def _place(head: Part, tail: Part, node: Any, slot: int, arrival: Arrival, carried: bool) -> Hashable:
    """Equal for ways that are drawn as one edge, or of which the newest is drawn."""
    several = head.count > 1 or tail.count > 1
    if _joined(head, tail):
        return ("carried", carried) if several else arrival
    return slot if several else (node, slot)
