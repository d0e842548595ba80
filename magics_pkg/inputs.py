"""What goes into a graph: the leaves under it, and the tensors that its calls took and that want no gradient."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from .backends import version_of
from .fold import Part, Web
from .names import Namespace, label, operand, tensors_in
from .trace import Call, Trace

TOGETHER = 3  # leaves of a folded card that are still drawn one by one


@dataclass(eq=False)
class Input:
    """A leaf or a constant: its tensor, the cards that use it, and what its own card says.

    node: AccumulateGrad; None for a constant. uses: by part, the edges into it as (node, slot). maker: the call that
    made it. named: whether ``name`` stands for it after the cell. count: how many are drawn as this one. ids: the card,
    and copies of it by the part they stand by.
    """

    tensor: Any
    node: Any = None
    uses: dict[Part, list[tuple[Any, int]]] = field(default_factory=dict)
    maker: Call | None = None
    name: str = ""
    named: bool = False
    source: str = ""
    note: str = ""
    count: int = 1
    ids: dict[Part | None, str] = field(default_factory=dict)


class Inputs:
    """The inputs of one graph, with names."""

    def __init__(
        self,
        trace: Trace,
        names: Namespace,
        web: Web,
        parts: list[Part],
        part_of: dict[Any, Part],
        roots: tuple[Any, ...],
    ) -> None:
        assert trace.backend is not None
        self.trace, self.names, self.backend = trace, names, trace.backend
        self.makers: dict[int, Call] = {}
        for call in trace.calls:
            if call.record.node is None and not call.wrote:
                for each in call.outputs:
                    self.makers.setdefault(id(each), call)
        self.notes: list[str] = []
        self.leaves = self._leaves(web, part_of, roots)
        self.constants = self._constants(parts)
        for each in (*self.leaves, *self.constants):
            each.maker = self.makers.get(id(each.tensor))
            self._name(each)
            each.note = self._cut(each)

    def __iter__(self) -> Iterator[Input]:
        return iter((*self.leaves, *self.constants))

    def _leaves(self, web: Web, part_of: dict[Any, Part], roots: tuple[Any, ...]) -> list[Input]:
        found: dict[Any, Input] = {node: Input(node.variable, node) for node in web.leaves}
        used: dict[tuple[Any, ...], tuple[Any, Part, Any, int]] = {}
        for node in web.nodes:
            part = part_of[node]
            for slot, (leaf, _) in enumerate(web.following[node]):
                if leaf in found:  # of the edges into folded visits, the newest
                    place = (leaf, part, slot) if part.count > 1 else (leaf, node, slot)
                    used[place] = leaf, part, node, slot
        for leaf, part, node, slot in used.values():
            found[leaf].uses.setdefault(part, []).append((node, slot))
        for root in roots:  # the user's own handle on a leaf, where the graph has another
            if root.grad_fn is None:
                found[self.backend.leaf_node(root)].tensor = root
        return sorted(found.values(), key=lambda each: _first_use(each, web))

    def _constants(self, parts: list[Part]) -> list[Input]:
        """Tensors that the user's calls took and that want no gradient; not those of calls that are folded by line."""
        found: dict[int, Input] = {}
        for part in parts:
            if part.call is None or part.middle or part.level is not None:
                continue
            for call in self.calls_of(part):
                record = call.record
                for _, each in tensors_in(record.args or (), record.kwargs, self.backend.tensor):
                    maker = self.makers.get(id(each))
                    if each.requires_grad or (maker is not None and maker.unit == call.unit):
                        continue
                    found.setdefault(id(each), Input(each)).uses.setdefault(part, [])
        return list(found.values())

    def merge(self, leaves: int, constants: int) -> None:
        """Draw inputs that the same cards use as one, where there are more leaves or constants than this.

        What only a folded card uses, a module's parameters, is drawn as one wherever it is much.
        """
        inner: dict[Part, list[Input]] = {}
        for each in self.leaves:
            if len(each.uses) == 1 and (part := next(iter(each.uses))).level is not None and len(part.sites) > 1:
                inner.setdefault(part, []).append(each)
        for group in inner.values():
            if len(group) > TOGETHER:
                self.leaves = [each for each in self.leaves if each not in group[1:]]
                group[0].count = len(group)
        if len(self.leaves) > leaves:
            self.leaves = _merged(self.leaves, leaves)
            self.notes.append("so many leaves that those used alike share a card")
        if len(self.constants) > constants:
            alike = _merged(self.constants, len(self.constants))
            named = [each for each in alike if each.named]
            self.constants = [*named, *(each for each in alike if not each.named)][:constants]
            if len(alike) > constants:
                self.notes.append("not every tensor without a gradient is drawn")

    def calls_of(self, part: Part) -> list[Call]:
        """The calls that a part's newest visit was made of."""
        if part.call is None or part.middle:
            return []
        calls, unit = [], part.call.unit
        index = unit
        while index >= 0 and self.trace.calls[index].unit == unit:
            calls.append(self.trace.calls[index])
            index -= 1
        return calls

    def _name(self, each: Input) -> None:
        """From the namespace; else from the assignment, or as it is written where it is used; a leaf by its source."""
        maker = each.maker
        made = self.trace.expression(maker.site) if maker is not None else ""
        written = label(self.trace, maker) if maker is not None else ""
        used = self._used_as(each)
        each.name = self.names.name(each.tensor, written or used)
        each.named = bool(each.name)
        each.name = each.name or written or used
        if not each.name and each.node is not None:
            each.name = made or "leaf"
        each.source = made or each.name

    def _used_as(self, each: Input) -> str:
        """What the user's code calls a tensor where it is used."""
        for part in each.uses:
            for call in self.calls_of(part):
                record = call.record
                given = list(tensors_in(record.args or (), record.kwargs, self.backend.tensor))
                for place, one in given:
                    if one is each.tensor and (text := operand(self.trace, call, place, [p for p, _ in given])):
                        return text
        return ""

    def _cut(self, each: Input) -> str:
        """What kept a tensor that was computed from a leaf from wanting a gradient."""
        maker = each.maker
        cut = maker is not None and maker.record.cut and each.node is None and maker.name in ("detach", "data")
        return f"cut by {maker.name}" if maker is not None and cut else ""

    def array(self, each: Input) -> tuple[Any, str]:
        """What the tensor held when it was used, as far as known, and a note where it holds something else now."""
        tensor, backward = each.tensor, self.trace.backward
        version, kept = (backward.values if backward else {}).get(tensor, (version_of(tensor), None))
        if kept is not None and version != version_of(tensor):
            return kept, "changed in place since"
        return self.backend.array(tensor), ""


def _first_use(each: Input, web: Web) -> tuple[int, int, int]:
    """Inputs stand in the order in which the operations take them."""
    uses = [(part.first, web.numbers[node], slot) for part, edges in each.uses.items() for node, slot in edges]
    return min(uses, default=(0, 0, 0))


def _merged(inputs: list[Input], most: int) -> list[Input]:
    """One Input for all with the same uses; if these are still too many, one for the rest."""
    alike: dict[Any, list[Input]] = {}
    for each in inputs:
        alike.setdefault(frozenset(each.uses), []).append(each)
    groups = list(alike.values())
    if len(groups) > most:
        groups[most - 1 :] = [[each for group in groups[most - 1 :] for each in group]]
    for first, *others in groups:
        first.count = sum(each.count for each in (first, *others))
        for each in others:
            for part, edges in each.uses.items():
                if part not in first.uses:
                    first.uses[part] = edges
    return [group[0] for group in groups]
