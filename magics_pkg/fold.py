"""Which autograd node belongs to which card: by the call that made it, and, where there are too many, by call path."""

from __future__ import annotations

import bisect
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, field
from typing import Any

from .backends import Backend
from .trace import Call, Site, Trace

Arrival = tuple[Any, int]  # a node and which of its outputs: where a gradient arrives


@dataclass(eq=False)
class Part:
    """What one card stands for: a call's autograd nodes, or those of all visits to a place.

    first, last: sequence numbers of its oldest and newest node. count: visits. arrival: where the gradient of the
    card's own value arrives. sites: the places that were visited. level: how deep in the user's frames the visits were
    told apart; 0: by line. middle: a stretch of the graph that is not drawn.
    """

    first: int
    last: int = 0
    units: set[Hashable] = field(default_factory=set)
    call: Call | None = None  # the newest
    arrival: Arrival | None = None
    nodes: int = 0
    sites: set[Site] = field(default_factory=set)
    level: int | None = None
    middle: bool = False

    @property
    def count(self) -> int:
        return len(self.units)


@dataclass(frozen=True)
class Web:
    """The autograd graph under some roots: nodes from old to new, what follows each, and the leaves' nodes."""

    nodes: list[Any]
    following: dict[Any, tuple[Arrival, ...]]
    leaves: list[Any]
    numbers: dict[Any, int]


def reach(backend: Backend, roots: Iterable[Arrival]) -> Web:
    """Everything under the roots, without recursion."""
    following: dict[Any, tuple[Arrival, ...]] = {}
    numbers: dict[Any, int] = {}
    pending = [node for node, _ in roots]
    while pending:
        node = pending.pop()
        if node in following:
            continue
        following[node] = ways = node.next_functions
        numbers[node] = node._sequence_nr()
        pending += [each for each, _ in ways if each is not None and each not in following]
    leaves = [each for each in following if numbers[each] == backend.last_sequence_number]
    inner = [each for each in following if numbers[each] != backend.last_sequence_number]
    return Web(sorted(inner, key=numbers.__getitem__), following, leaves, numbers)


def owners(trace: Trace, web: Web) -> dict[Any, Call]:
    """The call that made each node: made between its sequence numbers, and reached from its result through such nodes.

    Of calls whose results have been let go, the sequence numbers alone tell.
    """
    owned: dict[Any, Call] = {}
    loose: list[Call] = []
    for call in trace.calls:
        record = call.record
        if record.node is None:
            if record.after > record.before:
                loose.append(call)
            continue
        pending = [record.node]
        if isinstance(record.result, tuple):
            pending += [n for each in record.result if (n := getattr(each, "grad_fn", None)) is not None]
        passed: set[Any] = set()  # not in the graph any more: the result was a view, and its base was written over
        while pending:
            node = pending.pop()
            number = web.numbers.get(node)
            if number is None and node not in passed and record.after - record.before > 2:
                passed.add(node)
                number = node._sequence_nr()
            elif number is None or node in owned:
                continue
            if not record.before <= number < record.after:
                continue
            if node in web.numbers:
                owned[node] = call
            ways = web.following.get(node) or node.next_functions
            pending += [each for each, _ in ways if each is not None]
    starts = [call.record.before for call in loose]
    for node in web.nodes if loose else ():
        if node not in owned:
            place = bisect.bisect_right(starts, web.numbers[node]) - 1
            if place >= 0 and web.numbers[node] < loose[place].record.after:
                owned[node] = loose[place]
    if len(owned) < len(web.nodes):
        _own_views(trace, web, owned)
    return owned


def _own_views(trace: Trace, web: Web, owned: dict[Any, Call]) -> None:
    """A view whose base was written over gets a new node, outside any call: it is still what the view's call made."""
    for call in trace.calls:
        if call.record.node is not None:
            for each in call.outputs:
                node = getattr(each, "grad_fn", None)
                if node in web.numbers and node not in owned:
                    owned[node] = call


def parts_of(
    trace: Trace, web: Web, owned: dict[Any, Call], roots: Iterable[Arrival], most: int
) -> tuple[list[Part], dict[Any, Part]]:
    """The cards' parts, oldest first, and which part each node is in; at most about ``most`` parts.

    Visits to a place become one part first (a loop), then what a function or module did, then a line of the cell, and
    at last the middle of the graph becomes one.
    """
    units = {node: trace.calls[owned[node].unit] if node in owned else node for node in web.nodes}
    named, levels = _groups(trace, set(units.values()), most)
    parts: dict[Hashable, Part] = {}
    part_of: dict[Any, Part] = {}
    for node in web.nodes:
        unit = units[node]
        name, number = named[unit], web.numbers[node]
        part = parts.get(name)
        if part is None:
            part = parts[name] = Part(number, level=levels[name])
        part.last, part.call = number, owned.get(node)
        part.units.add(unit)
        part.nodes += 1
        if part.call is not None:
            part.sites.add(part.call.site)
        part_of[node] = part
    ordered = sorted(parts.values(), key=lambda each: each.first)
    if len(ordered) > most:
        ordered = _without_middle(ordered, part_of, most)
    _find_arrivals(web, part_of, roots)
    return ordered, part_of


def _groups(trace: Trace, units: set[Any], most: int) -> tuple[dict[Any, Hashable], dict[Hashable, int | None]]:
    """For each unit the group that it is drawn in, and each group's level; see `parts_of`.

    The finest level that leaves few enough groups for all, then finer ones for single groups while there is room.
    """
    calls = [unit for unit in units if isinstance(unit, Call)]
    others: dict[Any, Hashable] = {unit: unit for unit in units if not isinstance(unit, Call)}
    depth = max((len(call.site.user) for call in calls), default=0)
    keys: list[tuple[int | None, Callable[[Any], Hashable]]] = [(None, lambda unit: unit), (None, _place)]
    paths = _paths(calls)
    keys += [*((level, _path_to(paths, level)) for level in range(depth, 0, -1)), (0, _line_of(trace))]
    sizes = [len({key(call) for call in calls}) + len(others) for _, key in keys]
    chosen = next((i for i, size in enumerate(sizes) if size <= most), len(keys) - 1)
    groups: dict[Hashable, tuple[int, list[Call]]] = {}
    for call in calls:
        groups.setdefault((chosen, keys[chosen][1](call)), (chosen, []))[1].append(call)
    for finer in range(chosen - 1, 0, -1):
        for name, (at, members) in sorted(groups.items(), key=_size_and_place):
            split: dict[Hashable, tuple[int, list[Call]]] = {}
            for call in members:
                split.setdefault((finer, keys[finer][1](call)), (finer, []))[1].append(call)
            if at == finer + 1 and len(groups) + len(others) + len(split) - 1 <= most:
                del groups[name]
                groups.update(split)
    named = others | {call: name for name, (_, members) in groups.items() for call in members}
    levels = dict.fromkeys(others.values(), None) | {name: keys[at][0] for name, (at, _) in groups.items()}
    return named, levels


def _size_and_place(group: tuple[Hashable, tuple[int, list[Call]]]) -> tuple[int, int]:
    calls = group[1][1]
    return len(calls), min(call.index for call in calls)


def _place(unit: Any) -> Hashable:
    """Every visit to the same place is one."""
    site = unit.site
    return ("module", id(site)) if site.below_module else ("user", site.user_key or id(site))


def _paths(calls: Iterable[Call]) -> dict[Site, list[int]]:
    """For each site a number at each of its user frames: the same number where all frames down to there are the same.

    Numbered once from the outside in, because a recursion a thousand deep has a thousand levels to look at."""
    numbers: dict[Hashable, int] = {}
    paths: dict[Site, list[int]] = {}
    for site in {call.site for call in calls}:
        user, at = set(site.user), 0
        path = paths[site] = []
        for place, frame in enumerate(site.frames):
            at = numbers.setdefault((at, id(frame.code), frame.lasti, id(frame.module)), len(numbers) + 1)
            if place in user:
                path.append(at)
    return paths


def _path_to(paths: dict[Site, list[int]], level: int) -> Callable[[Any], Hashable]:
    """Everything done under the same user frame at this depth is one."""

    def key(unit: Any) -> Hashable:
        path = paths[unit.site]
        return ("path", path[min(level, len(path)) - 1]) if path else id(unit.site)

    return key


def _line_of(trace: Trace) -> Callable[[Any], Hashable]:
    """Everything done in the same line of the outermost user frame is one."""

    def key(unit: Any) -> Hashable:
        site = unit.site
        found = trace.span(site, site.user[0]) if site.user else None
        return (found[0].filename, found[1][0]) if found else id(site)

    return key


def _without_middle(ordered: list[Part], part_of: dict[Any, Part], most: int) -> list[Part]:
    """The oldest and the newest parts stay; a stretch of the graph's own order between them can hold no cycle."""
    head = max((most - 1) // 2, 1)
    tail = max(most - 1 - head, 1)
    stretch = ordered[head : len(ordered) - tail]
    middle = Part(stretch[0].first, stretch[-1].last, middle=True)
    inside = set(map(id, stretch))
    for part in stretch:
        middle.units |= part.units
        middle.nodes += part.nodes
        middle.last = max(middle.last, part.last)
    for node, part in part_of.items():
        if id(part) in inside:
            part_of[node] = middle
    return [*ordered[:head], middle, *ordered[len(ordered) - tail :]]


def _find_arrivals(web: Web, part_of: dict[Any, Part], roots: Iterable[Arrival]) -> None:
    """Where a part's own gradient arrives: at the newest of its nodes that something else, or the user, starts from."""

    def offer(part: Part, arrival: Arrival) -> None:
        known = part.arrival
        if known is None or web.numbers[arrival[0]] > web.numbers[known[0]]:
            part.arrival = arrival

    for node in web.nodes:
        part = part_of[node]
        for arrival in web.following[node]:
            inner = part_of.get(arrival[0])
            if inner is not None and (inner is not part or part.count > 1):
                offer(inner, arrival)
    for arrival in roots:
        if arrival[0] in part_of:
            offer(part_of[arrival[0]], arrival)
