"""What the panel would show had the cell's leaves held other numbers: its calls run again on copies.

The user's own tensors stay as they are, and so does the live `x.grad`: it is that of the cell's own numbers at v. The
copies have a session of their own, with the same cards and edges, which the panel shows as long as an input is moved.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ..backends import plain, version_of
from ..errors import unknown
from ..graphs.seed import Seed
from ..reruns.program import Program, Reading, Stuck, program_of
from ..reruns.rerun import Missing, Passes, Rerun
from ..reruns.rewritten import rewritten
from ..style.elements import Graph, Key, Node, Values, leaf_nodes, values_in, values_of
from ..style.format import shape
from ..tracing.noted import Slot
from ..tracing.passes import BackwardPasses
from ..tracing.trace import Backward, Trace
from ..words import say

if TYPE_CHECKING:
    from ..graphs.subject import Subject
    from .live import Session

LONGEST = 40  # letters of what Python was given
Array = np.ndarray[Any, Any]
# trace, passes, outputs, graph, v, subject -> the session of that call
Opened = Callable[[Trace, BackwardPasses, Sequence[Any], Graph, Any, Any], "Session"]


class Remade:
    """What one run has computed, as those that look into a card ask for it."""

    def __init__(self, run: Rerun, trace: Trace, roots: Mapping[Any, Any]) -> None:
        self.trace, self._run, self._roots = trace, run, roots

    @property
    def computed(self) -> Remade:
        """Who looks up tensors."""
        return self

    def tensor(self, arrival: tuple[Any, int]) -> tuple[Any, int] | None:
        """The tensor whose gradient arrives there, and its version when it was made."""
        root = self._roots.get(arrival)
        if root is not None:
            return root, version_of(root)
        return self._run.made.get(arrival) or self._run.late.get(arrival)

    def value(self, arrival: tuple[Any, int], limit: int, array: Callable[[Any], Any]) -> Values | None:
        """What was computed there, None where it is gone."""
        found = self.tensor(arrival)
        if found is None:
            return None
        tensor, version = found
        if version_of(tensor) == version:
            return values_in(tensor, array, limit)
        kept = self.trace.old_values.get((id(tensor), version))
        return None if kept is None else values_of(kept, limit)


class WhatIf:
    """The inputs of one cell. ``problem``: why they cannot be moved, in a sentence.

    names: of the leaves that have inputs. session: of the copies, None where nothing is moved. graph: the panel's, with
    the numbers of the copies. read: what Python had been given otherwise."""

    def __init__(self, own: Session, subject: Subject, outputs: Sequence[Any], opened: Opened) -> None:
        self.own, self.backend, self._opened = own, own.backend, opened
        self._web = subject.web.following
        self._roots = [self.backend.root(each) for each in outputs]
        cell, names, module = subject.trace.cell, subject.trace.namespace, own.backend.module
        self._head = cell.head if cell is not None else ""
        self._library = next((name for name, each in names.items() if each is module and name[:1] != "_"), "torch")
        self.problem = ""
        self.names: dict[str, Slot] = {}
        self.program: Program = Program(own.backend)
        self._outputs: list[Slot] = []
        self.given: dict[Slot, Array] = {}
        self.session: Session | None = None
        self.graph: Graph | None = None
        self.read: list[tuple[Reading, Any]] = []
        self._nodes: dict[Any, Any] = {}
        self._seconds = [layer.created for layer in reversed(subject.layers.all)]  # a third graph leads to the second
        self._created: dict[Any, Values] = {}  # gradients with a graph, as the passes of a run made them
        self._run: Rerun | None = None
        self._held: dict[str, list[Slot | None]] = {}  # by card
        self._kept: Any = None  # what the session's inspection holds weakly

    def start(self, tape: Any, outputs: Sequence[Any], target: int, wanted: Sequence[Any]) -> None:
        """Make the program, and prove it. Errors: UsageError for a leaf that is not there."""
        graph = self.own.graph
        cards = [card.grad for identity in graph.leaves if (card := graph.node(identity)).grad is not None]
        shown = [node for index in cards if index is not None for node in leaf_nodes(graph.quantities[index].key)]
        place = {each.node: each for each in self.own.leaves}
        leaves = {each.name: each.tensor for node in shown if (each := place.get(node)) is not None and each.name}
        leaves = {name: each for name, each in leaves.items() if each.is_floating_point() and each.numel()}
        wanted = [next((name for name, leaf in leaves.items() if leaf is each), each) for each in wanted]
        for name in wanted:
            if not isinstance(name, str) or name not in leaves:
                raise unknown(say("input_leaf"), shown_as(name), list(leaves))
        chosen = {name: each for name, each in leaves.items() if not wanted or name in wanted}
        if tape is None or tape.trace is None:
            self.problem = say("again_no_cell")
        elif tape.hooks or any(not each.endswith(".backward") for each in self.own.snapshot.hooks):
            self.problem = say("again_hook")
        elif tape.notes:
            self.problem = say("again_much")
        if self.problem:
            return
        slots = [tape.slot_of(each) for each in outputs]
        self.program = program_of(tape, chosen.values(), target)
        for name, leaf in chosen.items():
            slot = tape.slot_of(leaf)
            if slot in self.program.leaves:
                self.names[name] = slot
        self._resolve(graph)
        self._outputs = [slot for slot in slots if slot is not None]
        self.given = {slot: value.copy() for slot, value in self.program.leaves.items()}
        try:
            if not self.names or len(self._outputs) < len(slots):
                raise Stuck(say("again_none"))
            run, _ = self._again(self.given)
            self._match(run)
            for done in run.passes.passes:
                done.close()
        except Stuck as error:
            self.problem, self.names = str(error), {}  # no slider for what cannot be moved

    # ---------------------------------------------------------------- what a user asks for
    @property
    def moved(self) -> bool:
        """Whether some input is not as the cell had it."""
        return self.session is not None

    @property
    def inputs(self) -> dict[str, Array]:
        """What the leaves hold at present, by name; copies."""
        return {name: self.given[slot].copy() for name, slot in self.names.items()}

    @property
    def branches(self) -> tuple[str, ...]:
        """What Python was given, where it would be given something else; after a branch nothing else counts."""
        told = []
        for reading, now in self.read:
            where = say("again_at", line=reading.place.line, source=reading.place.expression)
            key = "branch" if reading.branches else "branch_number"
            told.append(
                say(
                    key,
                    where=where if reading.place.line else reading.place.expression,
                    was=_given(reading.value),
                    now=_given(now),
                )
            )
            if reading.branches:
                break
        return tuple(dict.fromkeys(told))

    def cell(self) -> str:
        """The cell's text with the present inputs, to be run by a person."""
        graph, written = self.own.graph, self.program.leaves
        spans = {card.name: card.span for card in graph.nodes if card.kind == "leaf"}
        moved = {
            name: (self.given[slot], spans.get(name))
            for name, slot in self.names.items()
            if not np.array_equal(self.given[slot], written[slot], equal_nan=True)
        }
        text = rewritten(graph.code, moved, self._library)
        return f"{self._head}\n{text}" if self._head else text

    @property
    def home(self) -> dict[str, Array]:
        """What the cell gave them."""
        return {name: self.program.leaves[slot] for name, slot in self.names.items()}

    def values_for(self, name: str, value: Any) -> Array:
        """Numbers for one leaf, in its shape and dtype: one for every entry, or one each.

        Errors: UsageError, TypeError, ValueError for what fits no leaf."""
        if name not in self.names:
            raise unknown(say("input_leaf"), name, list(self.names))
        like = self.program.leaves[self.names[name]]
        try:
            with np.errstate(all="ignore"):
                array = np.asarray(plain(value), dtype=np.float64).astype(like.dtype)
        except (TypeError, ValueError):
            raise TypeError(say("input_wants", name=name, shape=shape(like.shape))) from None
        if array.ndim and array.shape != like.shape:
            raise ValueError(say("input_shape", name=name, wanted=shape(like.shape), found=shape(array.shape)))
        return np.broadcast_to(array, like.shape).copy()

    def move(self, inputs: Mapping[str, Any]) -> None:
        """Give leaves other numbers; those that are not named stay. Errors: Stuck, and then all is as it was."""
        if self.problem:
            raise Stuck(self.problem)
        given = dict(self.given)
        for name, value in inputs.items():
            given[self.names[name] if name in self.names else self._unknown(name)] = self.values_for(name, value)
        written = self.program.leaves
        if all(np.array_equal(each, written[slot], equal_nan=True) for slot, each in given.items()):
            self.reset()
            return
        run, trace = self._again(given)
        try:
            outputs, nodes = self._match(run)
            old = self._nodes, self._run
            self._nodes, self._run = nodes, run
            try:
                graph = self.remade(self.own.graph)
                v = self.own.seeded
                weights = None if v.is_same(Seed.of(self.own.weighting.v)) else v  # else its own pass has it already
                roots = {self.backend.root(each): each for each in outputs}
                subject = Remade(run, trace, roots)
                session = self._opened(trace, run.passes, outputs, graph, weights, subject)
            except BaseException:
                self._nodes, self._run = old
                raise
        except Exception:
            trace.close()
            raise
        self._let_go()
        self.session, self.graph, self.given, self.read, self._kept = session, graph, given, run.read, subject

    def _unknown(self, name: str) -> Slot:
        raise unknown(say("input_leaf"), name, list(self.names))

    def reset(self) -> None:
        """The inputs as the cell had them: the panel shows the user's own tensors again."""
        self._let_go()
        self.given = {slot: value.copy() for slot, value in self.program.leaves.items()}
        self.session = self.graph = self._run = self._kept = None
        self.read, self._nodes = [], {}

    def regraph(self, graph: Graph) -> Graph:
        """Another graph of the cell's call, with the numbers of the copies where an input is moved."""
        self._resolve(graph)
        if self.session is None:
            return graph
        try:
            self.graph = self.remade(graph)
        except Stuck:
            self.reset()
            return graph
        self.session.regraph(self.graph)
        return self.graph

    def _resolve(self, graph: Graph) -> None:
        """Which of the cell's tensors the cards show, while these are there: later their ids may be others'."""
        held = [card for card in graph.nodes if card.shows and card.shows[0] == "held"]
        self._held = {card.id: [self.program.slot(each) for each in card.shows[1:]] for card in held}

    def close(self) -> None:
        """Let go of everything."""
        self.reset()
        self.program, self.names, self._web, self._roots = Program(self.backend), {}, {}, []
        self._seconds, self._created = [], {}

    def _let_go(self) -> None:
        if self.session is not None:
            self.session.close()

    # ---------------------------------------------------------------- one run
    def _again(self, given: Mapping[Slot, Array]) -> tuple[Rerun, Trace]:
        """The program run with these numbers, and its passes as a trace has them."""
        first = self._outputs[0]
        passes = Passes(lambda: run.tensors.get(first), self.own.linear.weights)
        run = Rerun(self.program, given, passes)
        try:
            run.run()
        except BaseException:
            for each in passes.passes:
                each.close()
            raise
        names = {name: run.tensors.get(slot) for name, slot in self.names.items()}
        trace = Trace(None, self.backend, (), tuple(passes.finish()), names, old_values=run.old_values)
        return run, trace

    def _match(self, run: Rerun) -> tuple[list[Any], dict[Any, Any]]:
        """The outputs of a run, and which of its nodes stands for which of the cell's own.

        Errors: Stuck where the graph is another one."""
        try:
            outputs = [run.tensor(slot) for slot in self._outputs]
        except Missing as missing:
            raise Stuck(str(missing) or say("again_none")) from None
        nodes: dict[Any, Any] = {}
        pending: list[tuple[Any, Any]] = []
        for (old, nr), output in zip(self._roots, outputs, strict=True):
            new, place = self.backend.root(output)
            if place != nr:
                raise Stuck(say("again_other"))
            pending.append((old, new))
        self._walk(pending, nodes)
        self._created = {}
        again = [each.created for each in run.passes.passes if each.created is not None]
        for second in self._seconds:  # what a pass went through may be reached by no other
            known = {nodes.get(node) for node in (*second.made, *second.sums)} - {None}
            other = next((each for each in again if not known.isdisjoint((*each.made, *each.sums))), None)
            if other is not None:
                pending = [(old, new) for (old, _), (new, _) in zip(second.roots, other.roots, strict=True)]
                self._walk(pending, nodes)
                self._created |= other.values
        return outputs, nodes

    def _walk(self, pending: list[tuple[Any, Any]], nodes: dict[Any, Any]) -> None:
        """Every node under these pairs, one beside the other."""
        while pending:
            old, new = pending.pop()
            if old in nodes:
                if nodes[old] is not new:
                    raise Stuck(say("again_other"))
                continue
            nodes[old] = new
            below, others = self._web.get(old, ()), new.next_functions
            if old.name() != new.name() or len(below) != len(others):
                raise Stuck(say("again_other"))
            for (one, i), (other, j) in zip(below, others, strict=True):
                if (one is None) is not (other is None) or i != j:
                    raise Stuck(say("again_other"))
                if one is not None:
                    pending.append((one, other))

    # ---------------------------------------------------------------- the same graph with other numbers
    def remade(self, graph: Graph) -> Graph:
        """The cards and edges of a graph of the cell's own, with the numbers of the present run."""
        assert self._run is not None  # whoever asks has run
        backward = next((each for each in reversed(self._run.passes.passes) if each.values), None)
        quantities = tuple(replace(each, key=self._key(each.key)) for each in graph.quantities)
        nodes = tuple(replace(each, value=self._value(each, backward)) for each in graph.nodes)
        return replace(graph, quantities=quantities, nodes=nodes)

    def _key(self, key: Key) -> Key:
        if key[0] == "sum":
            return ("sum", *map(self._key, key[1:]))
        if key[0] == "all":
            return ("all", *((self._key(each), size) for each, size in key[1:]))
        if key[1] not in self._nodes:  # a second graph's, which no root of this one leads to
            raise Stuck(say("again_other"))
        return (key[0], self._nodes[key[1]], *key[2:])

    def _value(self, card: Node, backward: Backward | None) -> Values:
        """What a card's tensor holds in this run, as far as the card showed it."""
        count, run = len(card.value.entries), self._run
        if not count or not card.shows or run is None:
            return card.value
        if card.shows[0] == "made":
            node = self._nodes.get(card.shows[1])
            made = Remade(run, Trace(None, None, old_values=run.old_values), {})
            found = None if node is None else made.value((node, card.shows[2]), count, self.backend.array)
            found = self._created.get((node, card.shows[2]), found)
            return found or Values(card.value.shape, card.value.dtype)
        parts = [self._of_slot(slot, backward, count) for slot in self._held.get(card.id, [None])]
        if any(each is None for each in parts):
            return Values(card.value.shape, card.value.dtype)
        if len(parts) == 1 and parts[0] is not None:
            return parts[0]
        entries = [number for each in parts if each is not None for _, number in each.entries][:count]
        places = (((place,), number) for place, number in enumerate(entries))
        return Values(card.value.shape, card.value.dtype, tuple(places), card.value.complete)

    def _of_slot(self, slot: Slot | None, backward: Backward | None, limit: int) -> Values | None:
        """What the counterpart of one of the cell's tensors held when backward ran."""
        tensor = self._run.tensors.get(slot) if self._run is not None and slot is not None else None
        if tensor is None:
            return None
        version, kept = (backward.values if backward else {}).get(tensor, (version_of(tensor), None))
        if kept is not None and version != version_of(tensor):
            return values_of(plain(kept), limit)
        return values_in(tensor, self.backend.array, limit)


def shown_as(leaf: Any) -> str:
    """What somebody has asked for that is no leaf of the panel's, in a word."""
    return leaf if isinstance(leaf, str) else type(leaf).__name__


def _given(value: Any) -> str:
    """A number, or the beginning of many."""
    text = " ".join(str(value).split())
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 2]} …"
