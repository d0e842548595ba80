"""What a person types to find an operation: its name, node, line or a piece of its source, in what is folded too."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from .depth import Folding
from .format import one_line
from .groups import Chain
from .subject import Subject

FOUND = 20  # places that are listed
LONGEST = 200  # characters that are looked for


@dataclass(frozen=True)
class Place:
    """One place of the program: what it made, by which node, where, how often, and the groups around it."""

    name: str
    source: str
    op: str
    line: int | None
    count: int
    chain: Chain


def places(subject: Subject) -> list[Place]:
    """Every place that made a node of the graph, in the order in which they were first visited."""
    last: dict[Any, tuple[Any, Any]] = {}
    counts: dict[Any, int] = {}
    for node in subject.web.nodes:
        call = subject.owned.get(node)
        if call is not None:
            last[call.site.place] = node, call
            counts[call.site.place] = counts.get(call.site.place, 0) + 1
    trace, made = subject.trace, subject.names.made
    found = []
    for key, (node, call) in last.items():
        position = trace.position(call.site)
        inside = position is not None and trace.cell is not None and position.filename == trace.cell.filename
        named = made.get(node, ())
        found.append(
            Place(
                named[0][0] if named else "",
                one_line(trace.expression(call.site)),
                node.name(),
                trace.line(position) if inside and position is not None else None,
                counts[key],
                subject.tree.chain(call.site),
            )
        )
    return found


def matching(known: Iterable[Place], text: str) -> list[Place]:
    """The places that a text is about, the best first: names, then lines and nodes, then pieces of source."""
    wanted = one_line(text).strip().lower()[:LONGEST]
    if not wanted:
        return []
    ranked = [(rank, place) for place in known if (rank := _rank(place, wanted)) is not None]
    return [place for _, place in sorted(ranked, key=lambda each: each[0])]


def _rank(place: Place, wanted: str) -> int | None:
    name, op = place.name.lower(), place.op.lower()
    if wanted == name:
        return 0
    if place.line is not None and wanted == str(place.line):
        return 1
    if name.startswith(wanted) or op.startswith(wanted):
        return 2
    if wanted in name or wanted in op or any(wanted in group.name.lower() for group in place.chain):
        return 4
    return 3 if wanted in place.source.lower() else None


def answer(subject: Subject, known: list[Place], folding: Folding, most: int, asked: dict[str, Any]) -> dict[str, Any]:
    """What the page lists. ``open``: the group that has to be opened to see a place, "" where none hides it."""
    text = str(asked.get("text", ""))
    found = matching(known, text)
    card = subject.plan(folding, most).card
    listed = []
    for place in found[:FOUND]:
        hidden = card(place.chain)
        groups = [group.name for group in place.chain if group.kind != "run"]
        listed.append(
            {
                "name": one_line(place.name),
                "source": place.source,
                "op": place.op,
                "line": place.line,
                "count": place.count,
                "open": groups[-1] if hidden is not None and hidden.kind != "run" else "",
                "inside": groups[-1] if groups else "",
                "run": next((group.name for group in place.chain if group.kind == "run"), ""),
            }
        )
    return {"text": text, "found": listed, "more": len(found) - len(listed)}
