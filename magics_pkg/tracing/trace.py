"""What happened in a cell: every call on tensors with its place in the source, and every backward pass it ran."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field, replace
from types import CodeType
from typing import Any, NamedTuple

from ..backends import Backend, Reached, Snapshot
from ..backends.created import Created
from ..cells.cell import Cell
from ..cells.source import Position, Source, Sources, Span
from ..cells.walk import Path, module_call


class Record(NamedTuple):
    """One call as the recorder notes it: nothing is worked out while the cell runs.

    path: the frames between the call and the cell; see `walk`.
    before, after: the library's sequence number around the call; the call's own nodes lie between.
    args: None where nothing was recorded for autograd. result: then a weak reference. cut: such a call had an input
    that wanted a gradient: "off" where recording was off, else "on". sources: weak references to its tensors then,
    which are the same objects as in the ``result`` of what made them. node: the result's ``grad_fn``.
    """

    func: Any
    path: Path
    before: int
    after: int
    args: tuple[Any, ...] | None
    kwargs: dict[str, Any] | None
    result: Any
    version: int
    node: Any
    cut: str = ""
    sources: tuple[Any, ...] = ()


class Frame(NamedTuple):
    """One level of a call path; ``kind`` is "cell", "function", "module" or "library"."""

    kind: str
    code: CodeType
    lasti: int
    module: Any = None


class Site:
    """A place that calls come from: the frames between the cell and the operation, outermost first.

    outer: the place of the frame around, so that what holds for a frame is worked out once for all that is called in
    it. frame: the innermost; first: the outermost; depth: how many there are; caller: the site of the innermost that is
    the user's; base: that of the innermost that is no library's, whose groups these are. user: the levels whose source
    is the user's. user_key: equal for sites that differ only below the innermost of these, 0 for none. below_module:
    whether the call was made inside a library's module, which that frame had called.
    place: equal for sites that are one place to the user; a call inside a library's module is a place of its own.
    """

    __slots__ = ("_frames", "base", "below_module", "caller", "depth", "first", "frame", "outer", "place",
                 "user", "user_key", "visits")  # fmt: skip

    def __init__(self, outer: Site | None = None, frame: Frame | None = None) -> None:
        self.outer, self.frame, self.visits = outer, frame, 0
        self.first = frame
        self.base: Site = self
        self.caller: Site | None = None if outer is None else outer.caller
        self._frames: tuple[Frame, ...] | None = None
        self.depth, self.user_key, self.below_module = 0, 0, False
        self.user: tuple[int, ...] = ()
        if outer is not None and frame is not None:
            kind = frame.kind
            self.depth = outer.depth + 1
            if outer.depth:
                self.first = outer.first
            if kind == "cell" or kind == "function":
                self.user, self.user_key, self.caller = (*outer.user, outer.depth), id(self), self
            else:
                self.user, self.user_key = outer.user, outer.user_key
                if kind == "library":
                    self.base = outer.base
                self.below_module = outer.below_module or kind == "module"
        self.place: Hashable = id(self) if self.below_module else self.user_key or id(self)

    @property
    def frames(self) -> tuple[Frame, ...]:
        """All of them; put together where they are asked for, which they are of few of the thousands in a network."""
        if self._frames is None:
            found = []
            site: Site | None = self
            while site is not None and site.frame is not None:
                found.append(site.frame)
                site = site.outer
            self._frames = tuple(reversed(found))
        return self._frames


@dataclass(slots=True, eq=False)  # frozen ones take three times as long to make, and a cell may have 10,000
class Call:
    """One call on tensors.

    visit: how often its site had been there before. unit: index of the last call that is one with it for the user, as
    the two of ``1 / x``. closes: whether it is the last under its expression, so that its result is the expression's.
    alone: whether it is the only one there.
    wrote: whether it wrote over a tensor that was there before.
    """

    index: int
    name: str
    site: Site
    visit: int
    record: Record
    unit: int
    closes: bool
    alone: bool
    wrote: bool

    def bare(self) -> Call:
        """That it was made, and where, without the tensors."""
        record = self.record
        if record.node is None:
            return self
        return replace(self, record=record._replace(args=None, kwargs=None, result=None, node=None))

    @property
    def outputs(self) -> tuple[Any, ...]:
        """The tensors that it returned, as far as they are still there."""
        result = self.record.result
        if isinstance(result, weakref.ref):
            result = result()
        if isinstance(result, tuple | list):
            return tuple(result)
        return () if result is None else (result,)


@dataclass(frozen=True, eq=False)
class Backward:
    """One call that ran, or tried to run, a backward pass.

    kind: "backward", "autograd.backward", "autograd.grad"; "" for tensors that no call started from.
    gradients: v as written, None where it was left out. before: each reachable leaf's ``.grad`` before it, copied;
    values: its own version and value then; nodes: its AccumulateGrad. changed: what the cell did to a leaf's ``.grad``
    after its last pass. snapshots: kept graphs by the id of the output that they start from, beside ``snapshot``, that
    of ``roots``. told: small leaves with copies of their ``.grad`` before and after; of ``autograd.grad`` what it gave.
    created: the graph that it made, with ``create_graph``. origins: weak references to ``roots``, which stay.
    at: the library's sequence number before it. reached: the nodes that it could come to.
    """

    kind: str
    roots: tuple[Any, ...]
    gradients: tuple[Any, ...] | None = None
    create_graph: bool = False
    retain_graph: bool | None = None
    inputs: tuple[Any, ...] | None = None
    position: Position | None = None
    before: dict[Any, Any] = field(default_factory=dict)
    values: Mapping[Any, Any] = field(default_factory=dict)
    nodes: dict[Any, Any] = field(default_factory=dict)
    snapshot: Snapshot | None = None
    snapshots: dict[int, Snapshot] = field(default_factory=dict)
    changed: dict[Any, str] = field(default_factory=dict)
    error: BaseException | None = None
    path: Path = ()
    told: tuple[tuple[Any, Any, Any], ...] = ()
    created: Created | None = None
    origins: tuple[Any, ...] = ()
    at: int = 0
    reached: Reached | None = None

    @property
    def frees(self) -> bool:
        """Whether its graph is gone afterwards."""
        return not (self.create_graph if self.retain_graph is None else self.retain_graph)

    def snapshot_of(self, *outputs: Any) -> Snapshot | None:
        """The kept graph that starts from these outputs."""
        if len(self.roots) == len(outputs) and all(a is b for a, b in zip(self.roots, outputs, strict=True)):
            return self.snapshot
        return self.snapshots.get(id(outputs[0])) if len(outputs) == 1 else None

    @property
    def kept(self) -> tuple[Snapshot, ...]:
        """Every graph that it keeps."""
        return tuple(each for each in (self.snapshot, *self.snapshots.values()) if each is not None)

    def close(self) -> None:
        """Let go of the kept graphs."""
        for each in self.kept:
            each.close()


@dataclass(frozen=True, eq=False)
class Trace:
    """A cell's run, or only ``roots`` where tensors that exist already are looked at.

    result: the value of the cell's last expression. failed: the call that raised. old_values: what tensors held before
    an operation wrote over them, by (id, version). notes: sentences on what could not be followed.
    """

    cell: Cell | None
    backend: Backend | None
    calls: tuple[Call, ...] = ()
    backwards: tuple[Backward, ...] = ()
    namespace: dict[str, Any] = field(default_factory=dict)
    result: Any = None
    error: BaseException | None = None
    failed: Call | None = None
    roots: tuple[Any, ...] = ()
    old_values: dict[tuple[int, int], Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    sources: Sources = field(default_factory=lambda: Sources({}))

    @property
    def backward(self) -> Backward | None:
        """The call that the panel is about: the one that raised the cell's error, else the last backward that went
        through, else the last one."""
        for choice in (
            [b for b in self.backwards if b.error is not None and b.error is self.error],
            [b for b in self.backwards if b.error is None and b.kind != "autograd.grad"],
            [b for b in self.backwards if b.kind != "autograd.grad"],
            [b for b in self.backwards if b.error is None],
            list(self.backwards),
        ):
            if choice:
                return choice[-1]
        return None

    def span(self, site: Site, level: int | None = None) -> tuple[Source, Span] | None:
        """Source and span at one of a site's user levels, the innermost by default."""
        if not site.user:
            return None
        frame = site.frames[site.user[-1] if level is None else level]
        span = self.sources.span(frame.code, frame.lasti)
        return None if span is None else (self.sources.of(frame.code.co_filename), span)

    def expression(self, site: Site) -> str:
        """The exact source expression, or statement, that the innermost user frame was at."""
        found = self.span(site)
        return found[0].expression(found[0].whole(found[1])) if found else ""

    def position(self, site: Site, below: int | None = None) -> Position | None:
        """The place in the cell itself, else in the user's file, that a site belongs to; of its first levels only."""
        user = [i for i in site.user if below is None or i < below]
        inside = [i for i in user if self.cell and site.frames[i].code.co_filename == self.cell.filename]
        found = self.span(site, (inside or user)[-1]) if user else None
        return position_of(*found, above=self.cell.lines_above if self.cell and inside else 0) if found else None

    def line(self, position: Position) -> int:
        """A position's line as tracebacks and notebooks count: the magic's own line is the first of its cell."""
        inside = self.cell is not None and position.filename == self.cell.filename
        return position.line + (self.cell.lines_above if self.cell is not None and inside else 0)

    @property
    def kept(self) -> tuple[Snapshot, ...]:
        """Every graph that is kept."""
        return tuple(each for backward in self.backwards for each in backward.kept)

    def close(self) -> None:
        """Let go of every kept graph."""
        for each in self.backwards:
            each.close()


def position_of(source: Source, span: Span, above: int = 0) -> Position:
    """A span as a Position; ``above``: how many lines of the source stand above the user's first."""
    line, end_line, column, end_column = span = source.whole(span)
    return Position(
        line - above,
        source.characters(line, column),
        end_line - above,
        source.characters(end_line, end_column),
        source.filename,
        source.expression(span),
    )


class Sites:
    """Raw call paths as Sites, one for each different path.

    ``only_first``: whether this code is there only when a function is called for the first time.
    """

    def __init__(self, cell: CodeType | None, sources: Sources, only_first: Callable[[CodeType], bool]) -> None:
        self._cell, self._sources, self._only_first = cell, sources, only_first
        self._none = Site()
        self._frames: dict[tuple[int, int], Frame] = {}  # of functions, by code and offset
        self._kinds: dict[int, str] = {}  # by code; "" for one that a first call alone has
        self._known: dict[tuple[int, int, int], Site] = {}  # by the site around, code, and offset or module
        self._shared: dict[int, tuple[Path, Site]] = {}  # by what several paths have in common

    @property
    def codes(self) -> list[CodeType]:
        """Every function on a path."""
        # by identity: a long cell's code takes a fifth of a millisecond to hash, each time
        frames = (site.frame for site in self._known.values())
        return list({id(frame.code): frame.code for frame in frames if frame is not None}.values())

    def of(self, path: Path) -> Site:
        """The site of a path: what it shares with others is looked up once."""
        site, last, known = self._none, len(path) - 2, self._known
        if len(path) % 2:
            above = path[-1]
            if id(above) not in self._shared:
                self._shared[id(above)] = above, self.of(above)
            site, last = self._shared[id(above)][1], last - 1
        for place in range(last, -1, -2):
            code, at = path[place], path[place + 1]
            key = id(site), id(code), at if type(at) is int else id(at.module)
            site = known.get(key) or known.setdefault(key, self._inside(site, code, at))
        return site

    def _inside(self, site: Site, code: CodeType, at: Any) -> Site:
        kind = self._kinds.get(id(code))
        if kind is None:
            kind = self._kinds[id(code)] = "" if self._only_first(code) else self._kind(code)
        if not kind:  # what such a frame calls is made in the same place as at later calls
            return site
        if type(at) is not int:
            return Site(site, Frame("module", code, -1, at.module))
        frame = self._frames.get((id(code), at))
        if frame is None:
            frame = self._frames[id(code), at] = Frame(kind, code, at)
        return Site(site, frame)

    def _kind(self, code: CodeType) -> str:
        if code is self._cell:
            return "cell"
        return "function" if self._sources.is_user(code.co_filename) else "library"


def calls_of(records: list[tuple[Any, ...]], sites: Sites) -> tuple[Call, ...]:
    """Records as Calls: which site, which visit, and which calls of one visit to one expression belong together.

    ``net(x)`` of a Sequential is one expression and many calls; only the last is what ``out = net(x)`` names. Calls
    under one expression with no module between are one to the user: a function of the library made of others.
    """
    noted = [(record := Record(*each), sites.of(record.path)) for each in records]
    told: dict[Any, tuple[str, bool]] = {}  # by function
    calls: list[Call] = []
    begin = 0
    while begin < len(noted):
        end = begin + 1
        site = noted[begin][1]
        run = {site}
        while end < len(noted) and (following := noted[end][1]).user_key == site.user_key:
            if following in run and not _is_one_call(noted[end - 1], noted[end]):
                break
            run.add(following)
            end += 1
        plain = not any(each.below_module for each in run)
        for index in range(begin, end):
            record, site = noted[index]
            unit, closes = end - 1 if plain else index, index == end - 1
            alone = end - begin == 1
            if record.func not in told:
                told[record.func] = (name := name_of(record.func)), writes(name)
            name, wrote = told[record.func]
            calls.append(Call(index, name, site, site.visits, record, unit, closes, alone, wrote))
            site.visits += 1
        begin = end
    return tuple(calls)


def _is_one_call(first: tuple[Record, Site], second: tuple[Record, Site]) -> bool:
    """Whether one call of a library's module made both, which may call another one inside of it more than once."""
    entries = []
    for record, site in (first, second):
        inside = range(site.user[-1] + 1 if site.user else 0, len(site.frames))
        place = next((each for each in inside if site.frames[each].kind == "module"), None)
        entries.append(None if place is None else module_call(record.path, place))
    return entries[0] is not None and entries[0] is entries[1]


IN_PLACE = frozenset(
    {"__setitem__", "__iadd__", "__isub__", "__imul__", "__itruediv__", "__idiv__", "__ifloordiv__", "__imod__"}
    | {"__ipow__", "__imatmul__", "__iand__", "__ior__", "__ixor__", "__ilshift__", "__irshift__", "data ="}
)
NO_WRITE = frozenset({"requires_grad_", "share_memory_", "rename_"})


def writes(name: str) -> bool:
    """Whether an operation of this name writes over its first argument."""
    return name in IN_PLACE or (name.endswith("_") and not name.endswith("__") and name not in NO_WRITE)


def name_of(func: Any) -> str:
    """An operation's name: "mul", "__getitem__"; a property's is its own ("T")."""
    name = str(getattr(func, "__name__", type(func).__name__))
    if name in ("__get__", "__set__"):
        owner = getattr(getattr(func, "__self__", None), "__name__", "")
        return f"{owner}" if name == "__get__" else f"{owner} ="
    return name


def sources_of(cell: Cell | None, cells: tuple[str, ...], backend: Backend | None) -> Sources:
    """The sources that a trace looks things up in."""
    given = {cell.filename: Source(cell.filename, cell.compiled)} if cell else {}
    return Sources(given, cells, (backend.folder,) if backend else ())
