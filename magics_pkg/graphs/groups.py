"""Functions, modules and runs as a tree: which of them a call was made in, and at which of their own calls that was."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from ..cells.source import Position
from ..cells.walk import module_call
from ..tracing.trace import Call, Frame, Site, Trace
from ..words import say
from .loops import Loop, head_of, loops_of

# What is no group of its own: a comprehension, and a module's forward, which its module stands for
SKIPPED = ("<listcomp>", "<genexpr>", "<dictcomp>", "<setcomp>", "<lambda>", "forward")
TITLES = {"function": "function", "lines": "", "run": "⋯", "loop": "⟳", "round": "", "rounds": ""}
UNCOUNTED = ("lines", "loop", "round", "rounds")  # no level of functions and modules


@dataclass(eq=False)
class Group:
    """A function or a module as one place of the program calls it, a run of lines or of operations.

    name: unlike that of any other group. place: where its frame stands in the frames of the sites below it. level: how
    many groups it stands in; modules: how many of them are modules.
    span: where a run of lines, or a loop, stands. loop: in which of a site's frames it is, and its instructions.
    origin: what it is outside of rounds; mark: which round it is, or stands in.
    """

    name: str
    kind: str  # "function", "module", "lines", "run", "loop", "round", "rounds"
    place: int
    parent: Group | None = None
    module: Any = None
    level: int = 0
    modules: int = 0
    span: Position | None = None
    loop: tuple[int, Loop] | None = None
    origin: Group | None = None
    mark: str = ""

    @cached_property
    def parameters(self) -> frozenset[int]:
        """The ids of its module's parameters; thousands of groups that are folded away are never asked."""
        return frozenset() if self.module is None else frozenset(map(id, self.module.parameters()))

    @cached_property
    def buffers(self) -> frozenset[int]:
        """The ids of its module's buffers."""
        return frozenset(map(id, getattr(self.module, "buffers", tuple)()))

    @property
    def title(self) -> str:
        """What it is: the class of a module."""
        return type(self.module).__name__ if self.kind == "module" else TITLES[self.kind]


Chain = tuple[Group, ...]  # groups inside each other, the outermost first


@dataclass
class _Last:
    """The call that was made last inside a function: which one of all, where, and in which call of the function."""

    index: int
    site: Site
    outer: Hashable
    number: int


@dataclass
class Tree:
    """The groups of a trace's calls. ``modules``: names by id of what the user's namespace holds."""

    trace: Trace
    modules: dict[int, str]
    lines: Callable[[Site], Chain] = lambda site: ()  # the groups of lines around a site
    run: Callable[[Site, Group | None], Group | None] = lambda site, outer: None  # that of its run
    groups: dict[str, Group] = field(default_factory=dict)
    parameters: dict[int, str] = field(default_factory=dict)  # names by id, of modules that the namespace does not know
    _known: dict[Hashable, Group] = field(default_factory=dict)
    _chains: dict[Site, Chain] = field(default_factory=dict)
    _frames: dict[Site, Chain] = field(default_factory=dict)  # see `_entered`
    _inside: dict[Group, Chain] = field(default_factory=dict)  # a group with those around it
    _counts: dict[str, int] = field(default_factory=dict)
    _numbers: dict[Group, dict[int, int]] | None = None

    def chain(self, site: Site) -> Chain:
        """The groups around a site."""
        chain = self._chains.get(site)
        if chain is None:
            chain = self._entered(site)
            run = self.run(site, chain[-1] if chain else None)
            if run is not None:
                self.groups.setdefault(run.name, run)
                chain = (*chain, run)
            self._chains[site] = chain
        return chain

    def _entered(self, site: Site) -> Chain:
        """The groups around what is called at a site, one object for all that is called in the innermost of these.
        Worked out once for each frame, from the outside in: a recursion may be deep."""
        pending = []
        at: Site | None = site.base
        while at is not None and at not in self._frames:
            pending.append(at)
            at = None if at.outer is None else at.outer.base
        for each in reversed(pending):
            self._frames[each] = self._enter(each)
        return self._frames[site.base]

    def _enter(self, site: Site) -> Chain:
        outer, frame = site.outer, site.frame
        if outer is None or frame is None:
            return ()
        chain, reached, place = self._frames[outer.base], id(outer), outer.depth
        if place == 0 and (lines := self.lines(site)):
            for each in lines:
                self.groups.setdefault(each.name, each)
            chain, reached = lines, id(lines[-1])
        if frame.kind == "module" or (frame.kind == "function" and frame.code.co_name not in SKIPPED):
            whole = reached, id(frame.module) if frame.kind == "module" else id(frame.code)
            group = self._known.get(whole)
            if group is None:
                group = self._known[whole] = self._made(frame, place, chain[-1] if chain else None)
                self._inside[group] = (*chain, group)
            chain, reached = self._inside[group], id(group)
        for loop in loops_of(frame.code) if frame.kind in ("cell", "function") else ():
            if loop.holds(frame.lasti):
                inside = reached, id(frame.code), loop
                group = self._known.get(inside)
                if group is None:
                    group = self._known[inside] = self._loop(frame, place, loop, chain[-1] if chain else None)
                    self._inside[group] = (*chain, group)
                chain, reached = self._inside[group], id(group)
        return chain

    def _loop(self, frame: Frame, place: int, loop: Loop, outer: Group | None) -> Group:
        text, span = head_of(self.trace, frame.code, loop)
        name = self._numbered(text or say("a_loop"))
        level, modules = self._depth(outer)
        above = -1 if outer is None else outer.place
        group = Group(name, "loop", above, outer, None, level, modules, span=span, loop=(place, loop))
        self.groups[name] = group
        return group

    def _numbered(self, name: str) -> str:
        self._counts[name] = times = self._counts.get(name, 0) + 1
        return name if times == 1 else f"{name} #{times}"

    @staticmethod
    def _depth(outer: Group | None) -> tuple[int, int]:
        """The levels of groups, and of modules, that a group inside of this one is at."""
        if outer is None:
            return 0, 0
        return outer.level + (outer.kind not in UNCOUNTED), outer.modules + (outer.kind == "module")

    def _made(self, frame: Frame, place: int, outer: Group | None) -> Group:
        module = frame.module
        group = Group(
            self._numbered(self._name(frame, outer)),
            "function" if module is None else "module",
            place,
            outer,
            module,
            *self._depth(outer),
        )
        self.groups[group.name] = group
        return group

    def _name(self, frame: Frame, outer: Group | None) -> str:
        if frame.module is None:
            return f"{frame.code.co_name}()"
        known = self.modules.get(id(frame.module))
        if known is None:
            known = self.modules[id(frame.module)] = type(frame.module).__name__
            # a module that no name of the user's leads to: those inside of it go by its class
            for name, each in frame.module.named_modules():
                self.modules.setdefault(id(each), f"{known}.{name}")
            for name, each in frame.module.named_parameters():
                self.parameters.setdefault(id(each), f"{known}.{name}")
        return known

    # ---------------------------------------------------------------- which time
    def visit(self, call: Call, group: Group) -> Hashable:
        """Equal for calls that the same call of this group made. Of modules it is noted; of functions it is seen by
        their steps: one that goes back where no loop does has begun anew."""
        group = group.origin or group
        if group.kind in UNCOUNTED:
            return 0
        if group.kind == "run":
            return self._visits[call.index]
        if group.kind == "module":
            return id(module_call(call.record.path, group.place))
        if self._numbers is None:
            self._numbers = self._number()
        return self._numbers[group].get(call.index, 0)

    @cached_property
    def _visits(self) -> list[int]:
        """Of each call, how often its place was visited before."""
        counts: dict[Hashable, int] = {}
        visits = []
        for call in self.trace.calls:
            counts[call.site.place] = number = counts.get(call.site.place, -1) + 1
            visits.append(number)
        return visits

    def _number(self) -> dict[Group, dict[int, int]]:
        numbers: dict[Group, dict[int, int]] = {}
        last: dict[Group, _Last] = {}
        for call in self.trace.calls:
            outer: Hashable = None
            for group in self.chain(call.site):
                if group.kind == "loop":
                    continue
                if group.kind != "function":
                    outer = self.visit(call, group)
                    continue
                before = last.get(group)
                number = 0 if before is None else before.number + _anew(before, call, outer, group.place)
                last[group] = _Last(call.index, call.site, outer, number)
                numbers.setdefault(group, {})[call.index] = number
                outer = (outer, number)
        return numbers


def _anew(before: _Last, call: Call, outer: Hashable, place: int) -> bool:
    """Whether a function was called again between two calls made in it."""
    if before.outer != outer or before.index != call.index - 1:
        return True
    then, now = before.site.frames[place:], call.site.frames[place:]
    for one, other in zip(then, now, strict=False):
        if one != other:
            if one.code is not other.code or other.lasti > one.lasti or _loops(one, one.lasti, other.lasti):
                return False
            return not any(_loops(each, each.lasti, each.lasti) for each in now[: now.index(other)])
    return not any(_loops(each, each.lasti, each.lasti) for each in now)


def _loops(frame: Frame, *offsets: int) -> bool:
    """Whether one loop of this frame's code holds all these offsets."""
    return any(each.holds(*offsets) for each in loops_of(frame.code))
