"""Which autograd node belongs to which card: by the call that made it, and, where there are too many, by call path."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, field
from typing import Any

from ..tracing.trace import Call, Site, Trace
from .depth import Home, Plan
from .groups import Chain, Group, Tree
from .layers import Derived
from .web import Arrival, Web


@dataclass(eq=False)
class Part:
    """What one card stands for: a call's autograd nodes, those of all visits to a place, or those of a folded group.

    first, last: sequence numbers of its oldest and newest node. visits: what tells its visits apart; newest: the last
    of them. arrival: where the gradient of the card's own value arrives. sites: the places that were visited. level:
    how deep in the user's frames the visits were told apart; 0: by line. middle: a stretch of the graph that is not
    drawn. group: the function or module that it is. inside: the groups that it stands in. units: visit and unit of
    each operation of a group. derived: what it is of a second graph that is open.
    """

    first: int
    last: int = 0
    visits: set[Hashable] = field(default_factory=set)
    newest: Hashable = None
    call: Call | None = None  # the newest
    arrival: Arrival | None = None
    nodes: int = 0
    sites: set[Site] = field(default_factory=set)
    level: int | None = None
    middle: bool = False
    group: Group | None = None
    inside: Chain = ()
    units: set[tuple[Hashable, Hashable]] = field(default_factory=set)
    derived: Derived | None = None

    @property
    def joins(self) -> bool:
        """Whether several ways to another card are one edge."""
        return self.group is not None or self.derived is not None

    @property
    def count(self) -> int:
        """How often it was visited."""
        return len(self.visits)

    @property
    def operations(self) -> int:
        """How many operations the newest visit to a group did."""
        return sum(visit == self.newest for visit, _ in self.units)

    @property
    def repeats(self) -> bool:
        """Whether some place in it was visited more than once."""
        return self.group is not None or self.count > len(self.sites)


@dataclass(frozen=True)
class Parts:
    """All parts, the oldest first; which of them each node is in, and in which visit to it."""

    ordered: list[Part]
    of: dict[Any, Part]
    visits: dict[Any, Hashable]


def parts_of(
    trace: Trace,
    web: Web,
    owned: dict[Any, Call],
    roots: Iterable[Arrival],
    most: int,
    tree: Tree,
    homes: dict[Any, Home],
    plan: Plan,
    derived: dict[Any, Derived],
) -> Parts:
    """The cards' parts; at most about ``most`` of them.

    The plan's groups are one part each. Of the rest, visits to a place become one part first (a loop), then what a
    function or module did, then a line of the cell, and at last the middle of the graph becomes one.
    """
    units: dict[Any, Any] = {node: trace.calls[owned[node].unit] if node in owned else node for node in web.nodes}
    units |= {node: each for node, each in derived.items() if node in units}
    cards = {node: plan.card(home.chain) for node, home in homes.items()}
    loose = {unit for node, unit in units.items() if cards[node] is None}
    rounds = {units[node]: each for node, home in homes.items() if (each := _round_of(home.chain)) is not None}
    named, levels = _groups(
        trace, loose, rounds, max(most - len({each for each in cards.values() if each is not None}), 1)
    )
    found: dict[Hashable, Part] = {}
    parts = Parts([], {}, {})
    for node in web.nodes:
        unit, group, home, number = units[node], cards[node], homes[node], web.numbers[node]
        name: Hashable = named[unit] if group is None else group
        part = found.get(name)
        if part is None:
            part = found[name] = Part(number, group=group, inside=home.chain)
            part.level = levels[name] if group is None else None
            part.derived = derived.get(node) if group is None else None
        part.last, part.call = number, owned.get(node) or (None if group is None else part.call)
        part.inside = _shared(part.inside, home.chain if group is None else home.chain[: home.chain.index(group)])
        if group is None:
            part.newest = unit
        elif home.call is not None:
            part.newest = tree.visit(home.call, group)
            part.units.add((part.newest, unit))
        part.visits.add(part.newest)
        part.nodes += 1
        if part.call is not None:
            part.sites.add(part.call.site)
        parts.of[node], parts.visits[node] = part, part.newest
    parts.ordered.extend(sorted(found.values(), key=lambda each: each.first))
    if len(parts.ordered) > most:
        parts.ordered[:] = _without_middle(parts.ordered, parts.of, most)
    _find_arrivals(web, parts, roots)
    return parts


def _shared(one: Chain, other: Chain) -> Chain:
    if one == other:
        return one
    ends = (i for i, (here, there) in enumerate(zip(one, other, strict=False)) if here is not there)
    return one[: next(ends, min(len(one), len(other)))]


def _round_of(chain: Chain) -> Group | None:
    """The innermost round that is open around what stands in these groups."""
    return next((each for each in reversed(chain) if each.kind == "round"), None)


def _groups(
    trace: Trace, units: set[Any], rounds: dict[Any, Group], most: int
) -> tuple[dict[Any, Hashable], dict[Hashable, int | None]]:
    """For each unit the group that it is drawn in, and each group's level; see `parts_of`. ``rounds``: the round that
    a unit was in, where that is open: what was done in another is not the same.

    The finest level that leaves few enough groups for all, then finer ones for single groups while there is room.
    """
    calls = [unit for unit in units if isinstance(unit, Call)]
    others: dict[Any, Hashable] = {unit: unit for unit in units if not isinstance(unit, Call)}
    depth = max((len(call.site.user) for call in calls), default=0)
    keys: list[tuple[int | None, Callable[[Any], Hashable]]] = [(None, lambda unit: unit), (None, _place)]
    paths = _paths(calls)
    keys += [*((level, _path_to(paths, level)) for level in range(depth, 0, -1)), (0, _line_of(trace))]
    if rounds:
        keys[1:] = [(level, _in_rounds(key, rounds)) for level, key in keys[1:]]
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


def _in_rounds(key: Callable[[Any], Hashable], rounds: dict[Any, Group]) -> Callable[[Any], Hashable]:
    return lambda unit: (rounds.get(unit), key(unit))


def _size_and_place(group: tuple[Hashable, tuple[int, list[Call]]]) -> tuple[int, int]:
    calls = group[1][1]
    return len(calls), min(call.index for call in calls)


def _place(unit: Any) -> Hashable:
    """Every visit to the same place is one."""
    place: Hashable = unit.site.place
    return place


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
        middle.visits |= part.visits
        middle.nodes += part.nodes
        middle.last = max(middle.last, part.last)
    for node, part in part_of.items():
        if id(part) in inside:
            part_of[node] = middle
    return [*ordered[:head], middle, *ordered[len(ordered) - tail :]]


def _find_arrivals(web: Web, parts: Parts, roots: Iterable[Arrival]) -> None:
    """Where a part's own gradient arrives: at the newest of its nodes that something else, or the user, starts from."""

    def offer(part: Part, arrival: Arrival) -> None:
        known = part.arrival
        if known is None or web.numbers[arrival[0]] > web.numbers[known[0]]:
            part.arrival = arrival

    for node in web.nodes:
        part = parts.of[node]
        for _, arrival in web.crossings(node):
            inner = parts.of[arrival[0]]
            if inner is not part or parts.visits[node] != parts.visits[arrival[0]]:
                offer(inner, arrival)
    for arrival in roots:
        if arrival[0] in parts.of:
            offer(parts.of[arrival[0]], arrival)
