"""Trace -> Graph: a card for each call of the user's that the output depends on, its inputs, the gradients between."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from .. import errors
from ..backends import custom_function, version_of
from ..cells.source import Position
from ..style.elements import (
    LEAF_LIMIT,
    LIMIT,
    Edge,
    Graph,
    Key,
    Node,
    Quantity,
    Values,
    grouped,
    leaf_nodes,
    owner_of,
    values_of,
)
from ..tracing.trace import Call, Trace
from ..words import say
from .depth import Folding
from .fold import Part, parts_of
from .inputs import Input, Inputs, sum_of
from .links import links_of
from .marks import Cards, Marks
from .names import tensors_in
from .outputs import outputs_of
from .stacked import Stacked
from .subject import Subject
from .web import Arrival
from .wording import module_names, numbered

__all__ = ["Edge", "Graph", "Node", "Quantity", "Values", "graph_of", "values_of"]

MAX_NODES = 100
SPREAD = 6  # a leaf used at places more than so many levels apart is drawn again
USES = 6  # and one copy of it serves at most so many cards


def graph_of(
    trace: Trace,
    output: Any = None,
    wrt: Iterable[Any] | None = None,
    max_nodes: int = MAX_NODES,
    folding: Folding | None = None,
) -> Graph:
    """The Graph under an output (a name, tensors, or None for the cell's own), at most about ``max_nodes`` cards.

    wrt: names or tensors of the leaves whose gradients are shown; None for all.
    Errors: OutputError where there is no such output; UsageError for a leaf that is not there.
    """
    return drawn(Subject(trace, outputs_of(trace, output), max_nodes), wrt, max_nodes, folding or Folding())


def drawn(subject: Subject, wrt: Iterable[Any] | None, max_nodes: int, folding: Folding) -> Graph:
    """The Graph of a subject, folded in one way."""
    return _Assembly(subject, max_nodes, folding, wrt).graph()


class _Assembly:
    """One Graph being put together."""

    def __init__(self, subject: Subject, max_nodes: int, folding: Folding, wrt: Iterable[Any] | None) -> None:
        trace = self.trace = subject.trace
        self.subject, self.folding = subject, folding
        self.web, self.arrivals, self.names = subject.web, subject.arrivals, subject.names
        self.wording, self.computed = subject.wording, subject.computed
        self.plan, homes = subject.plan(folding, max_nodes), subject.homes_in(folding)
        leaves = min(self.plan.leaves, max_nodes // 2)
        most = max(max_nodes - leaves, 1)
        layers, self.reached = subject.layers, subject.reached
        derived, roots = layers.derived(layers.opened(folding)), [*self.arrivals, *layers.roots]
        parts = parts_of(trace, self.web, subject.owned, roots, most, subject.tree, homes, self.plan, derived)
        self.parts, self.part_of = parts.ordered, parts.of
        modules = module_names(self.parts, subject.tree)
        self.stacked = Stacked(subject.layers, parts.of, self.wording, folding, subject.owned, modules)
        self.links = links_of(self.web, parts)
        self.inputs = Inputs(trace, self.names, self.web, parts, subject.tree, subject.roots)
        single = self._asked_for(wrt)
        self.inputs.merge(max(max_nodes // 2, 1), max(max_nodes - len(self.parts) - leaves, 4), single)
        self.chosen = [each for each in single or self.inputs.leaves if self._reached(leaf_nodes(each.key))]
        self.quantities: list[Quantity] = []
        self.taken: dict[str, int] = {}
        self.nodes: list[Node] = []
        self.edges: list[Edge] = []
        self.ids: dict[Part, str] = {}
        self.told: dict[Part, tuple[str, str]] = {}

    def graph(self) -> Graph:
        """Names first, for every quantity is named after a card; then cards in the order in which they were made."""
        self._name()
        chosen = self.chosen
        depths = self._depths()
        copies = {each: self._copies(each, depths) for each in self.inputs}
        feeding: dict[Part, list[Input]] = {}
        for each in self.inputs:
            for part in each.uses:
                feeding.setdefault(part, []).append(each)
            if not each.uses:
                self._add_input(each, None, chosen)
        for part in self.parts:
            for each in feeding.get(part, ()):
                self._add_input(each, copies[each][part], chosen)
            self._add_part(part)
        for part in self.parts:
            self._add_edges(part, [(each, copies[each][part]) for each in feeding.get(part, ())])
        if self.trace.failed is not None and self.trace.error is not None:
            self._add_failed(self.trace.failed, self.trace.error)
        outputs = tuple(self._output_id(arrival) for arrival in self.arrivals)
        single = {self.ids[part]: part.arrival[0] for part in self.parts if part.arrival and part.group is None}
        cards = Cards(self.nodes, self.edges, self._card_of, self._card_of_node, single, outputs[0])
        Marks(self.trace, self.names, cards).put()
        return Graph(
            tuple(grouped(self.nodes, self.plan.folds, self.folding.opened | self.stacked.names | self.stacked.loops)),
            tuple(self.edges),
            tuple(self.quantities),
            outputs[0],
            tuple(each.ids[None] for each in self.inputs.leaves if each in chosen),
            self.trace.cell.source if self.trace.cell else "",
            (*self.trace.notes, *self.inputs.notes, *self.computed.notes, *self.stacked.notes(), *self._unrecorded()),
            outputs,
            self.stacked.seconds(self._output_id),
            self.subject.counted(self.stacked.loops, self.folding),
        )

    def _reached(self, nodes: Iterable[Any]) -> bool:
        """Whether the pass comes by: of a second graph's first graph it may not."""
        return any(node in self.reached for node in nodes)

    def _unrecorded(self) -> list[str]:
        """How many operations no call of the cell's was seen to make."""
        count = sum(node.note == say("card_unrecorded") for node in self.nodes)
        return [say("unrecorded", n=count)] if count else []

    # ---------------------------------------------------------------- what it is called
    def _name(self) -> None:
        """Names for every card: from the namespace, else the code; the same name twice gets numbers."""
        entries: list[tuple[int, Any, str, bool]] = []  # order of making, card, name, whether it stands for it now
        for each in self.inputs:
            order = min((part.first for part in each.uses), default=0) - 1
            entries.append((order, each, each.name, each.named))
        for part in self.parts:
            name, stands = self._part_name(part)
            entries.append((part.last, part, name or self.stacked.modules.get(part, ""), stands))
        entries.sort(key=lambda entry: entry[0])
        names = numbered([entry[2] for entry in entries], {i for i, entry in enumerate(entries) if entry[3]})
        for (_, card, plain, stands), name in zip(entries, names, strict=True):
            if isinstance(card, Part):
                self.told[card] = name, self.stacked.source(card, self.told)
                continue
            card.name = name
            if card.node is not None and plain in self.trace.namespace and not stands:
                card.note = say("card_renamed", name=plain)

    def _part_name(self, part: Part) -> tuple[str, bool]:
        arrival = part.arrival
        if part.group is not None and arrival is None:
            return part.group.name, True
        made = self.computed.tensor(arrival) if arrival is not None else None
        if part.derived is not None:
            name = self.names.name(made[0]) if made is not None and version_of(made[0]) == made[1] else ""
            return self.stacked.name(part, name)
        written = self.wording.label(part, arrival[1] if arrival else 0)
        if made is None:
            return written, False
        tensor, version = made
        name = self.names.name(tensor, written) if version_of(tensor) == version or arrival in self.arrivals else ""
        if part.group is not None:  # a name that is only the code's would hide which module it is
            return name or part.group.name, True
        return name or written, bool(name)

    # ---------------------------------------------------------------- cards and edges
    def _quantity(
        self, name: str, key: Key, shape: tuple[int, ...], limit: int = LIMIT, parts: tuple[str, ...] = ()
    ) -> int:
        times = self.taken[name] = self.taken.get(name, 0) + 1
        if times > 1:
            name = f"{name} ({times})"
        self.quantities.append(Quantity(name, shape, tuple(range(min(math.prod(shape), limit))), key, parts))
        return len(self.quantities) - 1

    def _place(self, position: Position | None) -> dict[str, Any]:
        """A card's line and span, where it has a place in the cell."""
        if position is None or self.trace.cell is None or position.filename != self.trace.cell.filename:
            return {"line": None, "span": None}
        span = position.line, position.column, position.end_line, position.end_column
        return {"line": self.trace.line(position), "span": span}

    def _add_part(self, part: Part) -> None:
        """An operation's card."""
        arrival = part.arrival
        output = arrival in self.arrivals
        name, source = self.told[part]
        limit = LEAF_LIMIT if output else LIMIT
        value = self.computed.value(arrival, limit)
        op = arrival[0].name() if arrival and not part.middle and part.group is None else ""
        grad = None
        reached = arrival is not None and self._reached([arrival[0]])
        if arrival is not None and reached and not part.middle and (shape := self.computed.drawn(arrival)) is not None:
            grad = self._quantity(f"{owner_of(name or source or op)}.grad", ("node", *arrival), shape, limit)
        self.ids[part] = f"n{len(self.nodes)}"
        self.nodes.append(
            Node(
                id=self.ids[part],
                kind="op",
                output=output,
                name=name,
                symbol=self.stacked.sign(part, op),
                source=source,
                op=op,
                shape=value.shape,
                dtype=value.dtype,
                value=Values(value.shape, value.dtype) if part.middle else value,
                grad=grad,
                group=self.stacked.groups(part),
                count=part.count,
                folded=self.stacked.fold(part)[0],
                operations=self.stacked.fold(part)[1],
                note=self._note(part),
                shows=("made", *arrival) if arrival is not None and not part.middle else (),
                level=self.stacked.level([part]),
                second=part.derived.layer.name if part.derived is not None else "",
                derives=self.ids.get(of, "") if (of := self.stacked.of(part)) is not None else "",
                **self._place(self.wording.position(part)),
            )
        )

    def _note(self, part: Part) -> str:
        if part.middle:
            return say("card_middle", n=part.count)
        custom = custom_function(part.arrival[0]) if part.arrival is not None and part.group is None else ""
        if custom == "BackwardHookFunction":
            return say("card_module_hook")
        if custom:
            return say("card_custom")
        if part.call is None and part.group is None and self.trace.calls:
            return say("card_unrecorded")
        return ""

    def _add_input(self, each: Input, copy: Part | None, chosen: list[Input]) -> None:
        """A leaf's or constant's card, or a copy of it, unless it is there."""
        if copy in each.ids:
            return
        leaf = each.node is not None
        value, note = self.inputs.value(each, LEAF_LIMIT if leaf else LIMIT)
        first = each.ids.get(None)
        grad = None
        if leaf and each in chosen:
            if first is not None:
                grad = self.nodes[int(first[1:])].grad
            else:
                grad = self._quantity(f"{owner_of(each.name)}.grad", each.key, value.shape, LEAF_LIMIT, each.parts)
        each.ids[copy] = f"n{len(self.nodes)}"
        self.nodes.append(
            Node(
                id=each.ids[copy],
                kind="leaf" if leaf else "constant",
                output=leaf and (each.node, 0) in self.arrivals,
                name=each.name,
                symbol="",
                source=each.source,
                op="",
                shape=value.shape,
                dtype=value.dtype,
                value=value,
                grad=grad,
                repeat_of=first if copy is not None else None,
                count=each.count,
                note=each.note or note,
                shows=("held", *map(id, [one.tensor for one in each.members] or [each.tensor])),
                level=self.stacked.level(each.uses),
                **self._place(self.trace.position(each.maker.site) if each.maker is not None else None),
            )
        )

    def _add_edges(self, part: Part, inputs: list[tuple[Input, Part | None]]) -> None:
        """The edges into a card: constants first, then in the order of the operation's inputs."""
        edges: list[tuple[Any, str, tuple[str, str], Key, tuple[int, ...] | None, bool]] = []
        for each, copy in inputs:
            tail, told = each.ids[copy], (each.name, each.source)
            if each.node is None:
                self.edges.append(Edge(f"e{len(self.edges)}", tail, self.ids[part]))
            elif each.members or (part.joins and each.count == 1):
                key, whole = each.into(part)
                seen = self._reached(node for node, _ in each.uses[part])
                edges.append((self._order(each.uses[part][0]), tail, told, key, whole if seen else None, False))
            else:
                for way in each.uses[part][: None if part.group is None else 1]:
                    arrival = self.web.following[way[0]][way[1]]
                    shape = self.computed.drawn(arrival) if self._reached([way[0]]) else None
                    edges.append((self._order(way), tail, told, ("edge", *way), shape, False))
        for link in self.links.get(part, ()):
            shape = self.computed.drawn(link.arrival) if self._reached(node for node, _ in link.ways) else None
            order, tail = self._order(link.ways[-1]), self.ids[link.tail]
            edges.append((order, tail, self.told[link.tail], sum_of(link.ways), shape, link.carried))
        head = self.told[part][0] or self.told[part][1] or self.ids[part]
        for _, tail, told, key, shape, carried in sorted(edges, key=lambda edge: edge[0]):
            grad = None
            if shape is not None:
                grad = self._quantity(f"{told[0] or told[1] or tail}→{head}", key, shape)
            self.edges.append(Edge(f"e{len(self.edges)}", tail, self.ids[part], grad, carried))

    def _order(self, way: tuple[Any, int]) -> tuple[int, int]:
        return self.web.numbers[way[0]], way[1]

    def _add_failed(self, call: Call, error: BaseException) -> None:
        """The call that raised, as a card without a value, under what it was given."""
        part = Part(0, call=call)
        text = (str(error).splitlines() or [""])[0]
        identity = f"n{len(self.nodes)}"
        tails = []
        given = tensors_in(call.record.args or (), call.record.kwargs, self.inputs.backend.tensor)
        for _, tensor in given:
            made = self.part_of.get(tensor.grad_fn) if tensor.grad_fn is not None else None
            known = [each.ids[None] for each in self.inputs if each.tensor is tensor and None in each.ids]
            tails += [self.ids[made]] if made is not None else known
        self.nodes.append(
            Node(
                id=identity,
                kind="op",
                output=False,
                name="",
                symbol=self.wording.sign(part, ""),
                source=self.wording.source(part),
                op="",
                shape=(),
                dtype="",
                value=Values((), ""),
                note=f"{type(error).__name__}: {text}",
                mark="error",
                **self._place(self.wording.position(part)),
            )
        )
        self.edges += [Edge(f"e{len(self.edges) + i}", tail, identity) for i, tail in enumerate(tails)]

    def _card_of(self, tensor: Any) -> str | None:
        """The card of a tensor."""
        if tensor.grad_fn is not None:
            return self._card_of_node(tensor.grad_fn)
        return next((next(iter(each.ids.values())) for each in self.inputs if each.tensor is tensor), None)

    def _card_of_node(self, node: Any) -> str | None:
        part = self.part_of.get(node)
        return self.ids[part] if part is not None else None

    # ---------------------------------------------------------------- leaves
    def _depths(self) -> dict[Part, int]:
        """How many cards lie between a part and the output, at most."""
        depths = dict.fromkeys(self.parts, 0)
        for head in reversed(self.parts):
            for link in self.links.get(head, ()):
                if not link.carried:
                    depths[link.tail] = max(depths[link.tail], depths[head] + 1)
        return depths

    def _copies(self, each: Input, depths: dict[Part, int]) -> dict[Part, Part | None]:
        """Which card of an input each of its uses takes: None is the first, else the part that a copy stands by.

        One card shared by a long chain makes the layout explode, and its edges cross everything.
        """
        copies: dict[Part, Part | None] = {}
        start: Part | None = None
        taken = 0
        for part in sorted(each.uses, key=lambda use: use.first):
            if start is None:
                start, copies[part], taken = part, None, 1
            elif abs(depths[start] - depths[part]) <= SPREAD and taken < USES:
                copies[part], taken = copies[start], taken + 1
            else:
                start, copies[part], taken = part, part, 1
        return copies

    def _output_id(self, arrival: Arrival) -> str:
        part = self.part_of.get(arrival[0])
        if part is not None:
            return self.ids[part]
        return next(each.ids[None] for each in self.inputs.leaves if each.node is arrival[0])

    def _asked_for(self, wrt: Iterable[Any] | None) -> list[Input]:
        """The leaves that were asked for by name, or as tensors."""
        leaves = self.inputs.leaves
        chosen: list[Input] = []
        for each in wrt or ():
            found = [leaf for leaf in leaves if leaf.tensor is each or (isinstance(each, str) and self._is(leaf, each))]
            if not found:
                text = each if isinstance(each, str) else say("this_tensor")
                raise errors.unknown(say("wrt_leaf"), text, [leaf.name for leaf in leaves if leaf.name])
            chosen += [leaf for leaf in found if leaf not in chosen]
        return chosen

    def _is(self, leaf: Input, name: str) -> bool:
        return name == leaf.name or name in self.names.tensors.get(id(leaf.tensor), ())
