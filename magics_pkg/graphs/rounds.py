"""The rounds of loops that are open: each is a group, what stands in it has groups of its own, and of many rounds those
in the middle are groups of ten, a hundred, and so on, opened like functions and modules.

Which round an operation was in is seen by the steps of the code: an instruction that comes again, or one before it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..tracing.trace import Call, Trace
from ..words import say
from .depth import Home
from .groups import Chain, Group, Tree
from .loops import goes_on, loops_of

FEW = 12  # rounds that are shown side by side
ENDS = 2  # of more than these, so many at either end
TOGETHER = 20  # groups that a group of rounds is opened to, at most


@dataclass
class _Last:
    """The call that was made last in a loop."""

    lasti: int
    visit: Any
    round: int
    seen: set[Any] = field(default_factory=set)


@dataclass
class Rounds:
    """The rounds of a trace's loops. What it makes is made once: a name is always the same group."""

    trace: Trace
    tree: Tree
    _made: dict[Any, Group] = field(default_factory=dict)

    def homes(self, base: Mapping[Any, Home], opened: Callable[[str], bool]) -> dict[Any, Home]:
        """The homes of nodes where these loops are open."""
        walk = _Walk(self, opened)
        walked = {call.index: walk.steps(call) for call in self.trace.calls}
        chains: dict[Any, Chain] = {}
        homes = {}
        for node, home in base.items():
            steps = walked.get(home.call.index, ()) if home.call is not None else ()
            if not any(number for _, number in steps):
                homes[node] = home
                continue
            steps = steps[: len(home.chain)]
            if steps not in chains:
                chains[steps] = tuple(self._chain(steps, walk.last))
            homes[node] = Home(chains[steps], home.call)
        return homes

    def counted(self, loops: frozenset[str], opened: Callable[[str], bool]) -> dict[str, str]:
        """How many rounds each of these loops has, whose rounds are drawn as one, in words: as many as it opens into.

        One that stands in another has so many in all of that one's rounds."""
        walk = _Walk(self, opened, loops)
        inside: set[str] = set()
        for call in self.trace.calls:
            steps = [group.name for group, _ in walk.steps(call) if group.name in loops]
            inside.update(steps[1:])
        found = {group.name: last.round for group, last in walk.last.items() if group.name in loops}
        return {
            name: say("rounds_in_all" if name in inside else "n_rounds", n=found[name]) if name in found else ""
            for name in loops
        }

    def _chain(self, steps: tuple[tuple[Group, int], ...], last: Mapping[Group, _Last]) -> list[Group]:
        chain: list[Group] = []
        for group, number in steps:
            if chain and group.origin is not None:
                group.parent = chain[-1]
            chain.append(group)
            if number:
                for first, end in ranges(number, last[group].round):
                    chain.append(self.many(group, first, end, chain[-1]))
                one = self.round(group, number)
                one.parent = chain[-1]
                chain.append(one)
        return chain

    def copy(self, group: Group, around: Group | None) -> Group:
        """A group as it stands in one round."""
        if around is None:
            return group
        name = f"{group.name} · {around.mark}"
        return self._once(
            (group, around), lambda: dataclasses.replace(group, name=name, origin=group, mark=around.mark)
        )

    def round(self, loop: Group, number: int) -> Group:
        """One round of a loop."""
        short = say("round", n=number)
        mark = f"{short} · {loop.mark}" if loop.mark else short
        name = f"{short} · {loop.name}"
        return self._once((loop, number), lambda: Group(name, "round", loop.place, span=loop.span, mark=mark))

    def many(self, loop: Group, first: int, end: int, parent: Group) -> Group:
        """Several rounds of a loop."""
        name = f"{say('rounds', first=first, last=end)} · {loop.name}"
        return self._once((loop, first, end), lambda: Group(name, "rounds", loop.place, parent, span=loop.span))

    def _once(self, key: Any, make: Callable[[], Group]) -> Group:
        known = self._made.get(key)
        if known is None:
            known = self._made[key] = make()
            self.tree.groups.setdefault(known.name, known)
        return known


class _Walk:
    """One walk through all calls, which counts the rounds of the loops that are open, and of others by name."""

    def __init__(self, rounds: Rounds, opened: Callable[[str], bool], others: frozenset[str] = frozenset()) -> None:
        self.rounds, self.opened, self.tree, self.others = rounds, opened, rounds.tree, others
        self.last: dict[Group, _Last] = {}

    def steps(self, call: Call) -> tuple[tuple[Group, int], ...]:
        """The groups around a call, those in rounds as they stand there, and of open loops which round it is."""
        chain = self.tree.chain(call.site)
        around: Group | None = None
        steps = []
        for place, group in enumerate(chain):
            here, number = self.rounds.copy(group, around), 0
            if group.loop is not None and (self.opened(here.name) or here.name in self.others):
                below = next((each for each in chain[place + 1 :] if each.kind in ("function", "module")), None)
                number = self._number(here, call, below)
                if here.name in self.others:
                    number = 0
                else:
                    around = self.rounds.round(here, number)
            steps.append((here, number))
        return tuple(steps)

    def _number(self, group: Group, call: Call, below: Group | None) -> int:
        assert group.loop is not None
        frame = call.site.frames[group.loop[0]]
        lasti, visit = frame.lasti, None if below is None else (below, self.tree.visit(call, below))
        last = self.last.get(group)
        if last is None:
            last = self.last[group] = _Last(lasti, visit, 1)
        elif self._begins(group, call, last, lasti, visit):
            last.round += 1
            last.seen.clear()
        last.lasti, last.visit = lasti, visit
        last.seen.add(call.site)
        return last.round

    def _begins(self, group: Group, call: Call, last: _Last, lasti: int, visit: Any) -> bool:
        """Whether a round began between two calls: not where a loop inside of this one may have gone back."""
        assert group.loop is not None
        place, loop = group.loop
        frames = call.site.frames[place:]
        if goes_on(frames[0].code, loop, last.lasti, lasti):
            return False
        if lasti != last.lasti:
            return True
        if visit is not None and last.visit is not None:
            return bool(visit != last.visit)
        inner = (each.holds(frame.lasti) for frame in frames[1:] for each in loops_of(frame.code))
        return call.site in last.seen and not any(inner)


def ranges(number: int, count: int) -> list[tuple[int, int]]:
    """The groups of rounds around one of so many, the widest first: none around the first and the last two."""
    if count <= FEW or not ENDS < number <= count - ENDS:
        return []
    first, last = ENDS + 1, count - ENDS
    found = [(first, last)]
    while last - first >= TOGETHER:
        size = 10
        while last - first >= TOGETHER * size:
            size *= 10
        first += (number - first) // size * size
        last = min(first + size - 1, last)
        found.append((first, last))
    return found
