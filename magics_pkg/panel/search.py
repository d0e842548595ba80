"""What a person types to find an operation: its name, node, line or a piece of its source, in what is folded too."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from ..graphs.depth import Folding
from ..graphs.groups import Chain
from ..graphs.subject import Subject
from ..style.format import one_line

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
    node: Any = None  # the last that was made there; None where it is about one round


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
                node,
            )
        )
    return [*found, *_in_rounds(subject, last)]


def _in_rounds(subject: Subject, last: dict[Any, tuple[Any, Any]]) -> list[Place]:
    """Each round of a loop, and what has a name in one that is not the last."""
    if not any(group.kind == "loop" for group in subject.tree.groups.values()):
        return []
    known = {node for node, _ in last.values()}
    found: dict[Any, Place] = {}
    for node, home in subject.every_round().items():
        rounds = [place for place, group in enumerate(home.chain) if group.kind == "round"]
        for place in rounds:
            group, chain = home.chain[place], home.chain[: place + 1]
            short, _, loop = group.name.partition(" · ")
            line = subject.trace.line(group.span) if group.span is not None else None
            found.setdefault(group, Place(short, loop, "", line, 1, chain))
        named, call = subject.names.made.get(node, ()), home.call
        if rounds and named and node not in known and call is not None:
            position, text = subject.trace.position(call.site), one_line(subject.trace.expression(call.site))
            line = subject.trace.line(position) if position is not None else None
            found[node] = Place(named[0][0], text, node.name(), line, 1, home.chain)
    return list(found.values())


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
    listed, homes = [], subject.homes_in(folding)
    for place in found[:FOUND]:
        chain = place.chain if place.node is None else homes[place.node].chain
        hidden = card(chain)
        groups = [group.name for group in chain if group.kind not in ("run", "loop")]
        listed.append(
            {
                "name": one_line(place.name),
                "source": place.source,
                "op": place.op,
                "line": place.line,
                "count": place.count,
                "open": groups[-1] if hidden is not None and hidden.kind != "run" else "",
                "inside": groups[-1] if groups else "",
                "round": next((group.name for group in reversed(chain) if group.kind == "round"), ""),
                "run": next((group.name for group in chain if group.kind == "run"), ""),
            }
        )
    return {"text": text, "found": listed, "more": len(found) - len(listed)}
