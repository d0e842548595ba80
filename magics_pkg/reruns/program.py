"""A cell's calls as a program: what is run again, and on which tensors, when its leaves hold other numbers.

Made from a tape once its cell has run. It keeps copies of what came from outside of the calls, and none of the cell's
own tensors.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..backends import Backend, custom_function, node_of
from ..cells.walk import Path
from ..style.format import one_line
from ..tracing.noted import Alias, Array, Noted, Read, Settings, Slot, Use
from ..tracing.tape import Tape
from ..words import say

# What makes memory that nobody has written: its numbers are taken as the cell found them
UNWRITTEN = frozenset({"empty", "empty_like", "empty_strided", "empty_permuted", "new_empty", "new_empty_strided"})


class Stuck(RuntimeError):
    """The calls cannot be run again with these numbers; the text says which, and why."""


@dataclass(frozen=True)
class Place:
    """Where a call stands in the cell."""

    expression: str
    line: int | None


@dataclass(eq=False)
class Seed:
    """A tensor from outside of the calls: ``like`` it, or on the memory of one that is known. ``why``: it cannot be."""

    slot: Slot
    like: Any = None
    alias: Alias | None = None
    requires_grad: bool = False
    why: str = ""


@dataclass(eq=False)
class Write:
    """What a tensor came to hold without any call that was seen; ``follows``: it had been computed from a leaf."""

    slot: Slot
    like: Any
    value: Array
    follows: bool
    kept: bool = False  # whether the first run has shown that it is needed


@dataclass(eq=False)
class Made:
    """What a step gives or writes over. ``value``: the cell's own, till the first run has shown that it is the same."""

    slot: Slot
    shape: tuple[int, ...]
    dtype: str
    value: Array | None
    like: Any = None  # where it is not computed again


@dataclass(eq=False)
class Step:
    """One call. ``gives``: the leaves that get their numbers before it, ``gave``: after it.

    taken: its results are the cell's own, for it drew random numbers that no leaf takes part in. target: the pass that
    the panel is about."""

    func: Any
    args: Any
    kwargs: Any
    settings: Settings
    place: Place
    name: str
    kind: str = ""
    random: bytes | None = None
    taken: bool = False
    why: str = ""
    target: bool = False
    seeds: list[Seed] = field(default_factory=list)
    writes: list[Write] = field(default_factory=list)
    wants: list[tuple[Slot, bool]] = field(default_factory=list)  # leaves that want a gradient from here on, or do not
    made: list[Made] = field(default_factory=list)
    written: list[Made] = field(default_factory=list)
    before: list[tuple[Slot, Slot | None]] = field(default_factory=list)  # leaves, and what their .grad held
    after: list[tuple[Slot, Made | None]] = field(default_factory=list)  # whose gradient, and what it was
    gives: list[Slot] = field(default_factory=list)
    gave: list[Slot] = field(default_factory=list)
    reads: list[Reading] = field(default_factory=list)  # before it


@dataclass(eq=False)
class Reading:
    """A number that Python was given."""

    func: Any
    args: Any
    kwargs: Any
    place: Place
    value: Any
    seeds: list[Seed]

    @property
    def branches(self) -> bool:
        """Whether it was a yes or no."""
        return isinstance(self.value, bool)


@dataclass(eq=False)
class Program:
    """Steps in order, with what the leaves held when they came in. ``reads``: those after the last step."""

    backend: Backend
    steps: list[Step] = field(default_factory=list)
    leaves: dict[Slot, Array] = field(default_factory=dict)
    reads: list[Reading] = field(default_factory=list)
    known: dict[int, tuple[Any, Slot]] = field(default_factory=dict)  # by the id of the cell's tensor, while it lives
    proven: bool = False

    @property
    def random(self) -> bool:
        """Whether random numbers are drawn anew."""
        return any(step.random is not None and not step.taken for step in self.steps)

    def slot(self, identity: int) -> Slot | None:
        """That of a tensor of the cell's which is still there."""
        found = self.known.get(identity)
        return found[1] if found is not None and found[0]() is not None else None


def program_of(tape: Tape, leaves: Iterable[Any], target: int) -> Program:
    """The program of a tape; ``leaves``: tensors whose numbers are to be moved; ``target``: which of its passes counts.

    A leaf that took part in no call is left out."""
    return _Compiler(tape, leaves, target).program()


class _Compiler:
    """A Program being put together."""

    def __init__(self, tape: Tape, leaves: Iterable[Any], target: int) -> None:
        self.tape, self.backend, self.target = tape, tape.backend, target
        slots = [tape.slot_of(leaf) for leaf in leaves]
        self.made = Program(tape.backend)
        self.leaves = [slot for slot in slots if slot is not None]
        self.seen: set[Slot] = set()
        self.wants: dict[Slot, bool] = {}
        self.following: set[Any] = set()  # slots and memories with what was computed from a leaf
        self.places: dict[Any, Place] = {}

    def program(self) -> Program:
        """Every call in order; then the cell's tensors are let go."""
        made, tape = self.made, self.tape
        before, after = self._givings()
        reads = list(tape.reads)
        passes = 0
        for place, entry in enumerate(tape.entries):
            due = [self._reading(reads.pop(0)) for _ in range(len(reads)) if reads[0].at <= place]
            step = self._step(entry)
            step.reads = due
            step.target = bool(entry.kind) and passes == self.target
            passes += bool(entry.kind)
            step.gives, step.gave = before.get(place, []), after.get(place, [])
            made.steps.append(step)
        made.reads = [self._reading(each) for each in reads]
        for slot in tape.slots:
            made.known[id(slot.tensor)] = weakref.ref(slot.tensor), slot
        return made

    def _givings(self) -> tuple[dict[int, list[Slot]], dict[int, list[Slot]]]:
        """Before and after which calls the leaves get their numbers: when they came to what the graph knows of them."""
        before: dict[int, list[Slot]] = {}
        after: dict[int, list[Slot]] = {}
        for slot in self.leaves:
            where: tuple[dict[int, list[Slot]], int] | None = None
            for place, entry in enumerate(self.tape.entries):
                use = next((each for each in _uses(entry) if each.slot is slot), None)
                if use is not None and (use.forced or where is None):
                    where = before, place
                if use is not None and use.requires_grad and (entry.kind or _records(entry)):
                    if use.value.array is not None and where is not None:
                        where[0].setdefault(where[1], []).append(slot)
                        self.made.leaves[slot] = np.array(use.value.array)
                    break
                if any(each.slot is slot for each in (*entry.results, *entry.written)):
                    where = after, place
        return before, after

    # ---------------------------------------------------------------- one call
    def _step(self, entry: Noted) -> Step:
        step = Step(
            entry.func, entry.args, entry.kwargs, entry.settings, self._place(entry.path), entry.name, entry.kind
        )
        follows = False
        for use in _uses(entry):
            self._bring(step, use)
            follows = follows or self._follows(use.slot)
        if entry.kind:
            self._pass(step, entry, follows)
            return step
        records = _records(entry)
        step.random = entry.random
        drawn = entry.random is not None or entry.generator
        step.taken = (drawn and not follows and not records) or entry.name in UNWRITTEN
        if entry.generator and not step.taken:
            step.why = say("again_generator", call=self._told(step))
        if entry.settings.autocast:
            step.why = say("again_autocast", call=self._told(step))
        step.made = [self._result(use, step.taken) for use in entry.results]
        step.written = [self._result(use, step.taken) for use in entry.written]
        for use in (*entry.results, *entry.written):
            self.seen.add(use.slot)
            if use.value.problem:
                step.why = step.why or say("again_unknown", call=self._told(step))
            if follows or use.slot in self.made.leaves:
                self.following |= {use.slot, use.slot.memory}
        return step

    def _pass(self, step: Step, entry: Noted, follows: bool) -> None:
        step.before = [(leaf.slot, held.slot if held is not None else None) for leaf, held in entry.before]
        for slot, use in entry.after:
            step.after.append((slot, None if use is None else self._result(use)))
            if use is not None:
                self.seen.add(use.slot)
                if follows:
                    self.following |= {use.slot, use.slot.memory}

    def _bring(self, step: Step | Reading, use: Use) -> None:
        """What a call is given comes from an earlier one, from outside, or was written over from outside."""
        slot = use.slot
        if slot in self.made.leaves and slot not in self.seen:
            self.following |= {slot, slot.memory}
        if slot not in self.seen:
            self.seen.add(slot)
            step.seeds.append(self._seed(use))
        elif use.forced and isinstance(step, Step) and use.value.array is not None:
            like = self.backend.given(use.value.array, slot.tensor)
            step.writes.append(Write(slot, like, use.value.array, self._follows(slot)))
        if isinstance(step, Step) and self.wants.get(slot, use.requires_grad) is not use.requires_grad:
            step.wants.append((slot, use.requires_grad))
            if use.requires_grad and not slot.tensor.is_leaf:
                step.why = self._seed(use).why
        self.wants[slot] = use.requires_grad

    def _seed(self, use: Use) -> Seed:
        slot, tensor = use.slot, use.slot.tensor
        if use.requires_grad and not tensor.is_leaf:
            custom = custom_function(node_of(tensor))
            return Seed(slot, why=say("again_custom", name=custom) if custom else say("again_earlier"))
        if use.value.array is None:
            return Seed(slot, why=say("again_value"))
        alias = use.alias if use.alias is not None and use.alias.owner in self.seen else None
        if alias is not None and self._follows(alias.owner):
            self.following |= {slot, slot.memory}
        return Seed(slot, self.backend.given(use.value.array, tensor), alias, use.requires_grad)

    def _result(self, use: Use, taken: bool = False) -> Made:
        value = use.value
        self.wants[use.slot] = use.requires_grad
        like = self.backend.given(value.array, use.slot.tensor) if taken and value.array is not None else None
        return Made(use.slot, value.shape, value.dtype, value.array, like)

    def _follows(self, slot: Slot) -> bool:
        return slot in self.following or slot.memory in self.following

    def _reading(self, read: Read) -> Reading:
        made = Reading(read.func, read.args, read.kwargs, self._place(read.path), read.value, [])
        for use in read.inputs:
            self._bring(made, use)
        return made

    # ---------------------------------------------------------------- words
    def _place(self, path: Path) -> Place:
        if not path or self.tape.sites is None:
            return Place("", None)
        site, trace = self.tape.sites.of(path), self.tape.trace
        found = self.places.get(site)
        if found is None:
            position = trace.position(site)
            inside = position is not None and trace.cell is not None and position.filename == trace.cell.filename
            line = trace.line(position) if inside else None
            found = self.places[site] = Place(one_line(trace.expression(site)), line)
        return found

    @staticmethod
    def _told(step: Step) -> str:
        return step.place.expression or step.name


def _uses(entry: Noted) -> Iterable[Use]:
    """All that goes into a call; of a pass also the leaves under it and what their ``.grad`` held."""
    yield from entry.inputs
    for leaf, held in entry.before:
        yield leaf
        if held is not None:
            yield held


def _records(entry: Noted) -> bool:
    return any(use.node is not None for use in (*entry.results, *entry.written))
