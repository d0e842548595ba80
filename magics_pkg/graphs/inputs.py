"""What goes into a graph: the leaves under it, and the tensors that its calls took and that want no gradient."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..backends import dtype_name, version_of
from ..style.elements import Key, Values
from ..tracing.trace import Call, Trace
from ..words import say
from .fold import Part, Parts
from .groups import Tree
from .names import Namespace, label, operand, tensors_in
from .values import looked_through
from .web import Web

TOGETHER = 3  # leaves of a folded card that are still drawn one by one


@dataclass(eq=False)
class Input:
    """A leaf or a constant: its tensor, the cards that use it, and what its own card says.

    node: AccumulateGrad; None for a constant. uses: by part, the edges into it as (node, slot). maker: the call that
    made it. named: whether ``name`` stands for it after the cell. count: how many are drawn as this one; members:
    these, where the card has all their numbers. ids: the card, and copies of it by the part they stand by.
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
    members: tuple[Input, ...] = ()
    ids: dict[Part | None, str] = field(default_factory=dict)

    @property
    def key(self) -> Key:
        """Where its gradient is found."""
        if not self.members:
            return ("leaf", self.node)
        return ("all", *((each.key, each.tensor.numel()) for each in self.members))

    @property
    def parts(self) -> tuple[str, ...]:
        """The names of the leaves whose gradients are shown as one."""
        return tuple(each.name for each in self.members)

    def into(self, part: Part) -> tuple[Key, tuple[int, ...]]:
        """Where the gradient on its edge to a folded card is found, and its shape."""
        if not self.members:
            return sum_of(self.uses[part]), tuple(self.tensor.shape)
        keys = tuple((each.into(part)[0], each.tensor.numel()) for each in self.members)
        return ("all", *keys), (sum(size for _, size in keys),)


class Inputs:
    """The inputs of one graph, with names."""

    def __init__(
        self, trace: Trace, names: Namespace, web: Web, parts: Parts, tree: Tree, roots: tuple[Any, ...]
    ) -> None:
        assert trace.backend is not None
        self.trace, self.names, self.backend, self.tree = trace, names, trace.backend, tree
        self.makers: dict[int, Call] = {}
        for call in trace.calls:
            if call.record.node is None and not call.wrote:
                for each in call.outputs:
                    self.makers.setdefault(id(each), call)
        self.notes: list[str] = []
        self.leaves = self._leaves(web, parts, roots)
        self.constants = self._constants(parts.ordered)
        for each in (*self.leaves, *self.constants):
            each.maker = self.makers.get(id(each.tensor))
            self._name(each)
            if each.maker is not None:
                each.note = self._cut(each.maker, each)

    def __iter__(self) -> Iterator[Input]:
        return iter((*self.leaves, *self.constants))

    def _leaves(self, web: Web, parts: Parts, roots: tuple[Any, ...]) -> list[Input]:
        found: dict[Any, Input] = {node: Input(node.variable, node) for node in web.leaves}
        used: dict[tuple[Any, ...], tuple[Any, Part, Any, int]] = {}
        for node in web.nodes:
            part = parts.of[node]
            for slot, (leaf, _) in web.takes(node):  # of the edges into folded visits, the newest
                place = (leaf, part, slot) if part.count > 1 and part.group is None else (leaf, node, slot)
                used[place] = leaf, part, node, slot
        latest = {(leaf, part): parts.visits[node] for leaf, part, node, _ in used.values()}
        for leaf, part, node, slot in used.values():
            if part.group is None or parts.visits[node] == latest[leaf, part]:
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
                    if not each.requires_grad and self._comes_from_outside(each, call, part):
                        found.setdefault(id(each), Input(each)).uses.setdefault(part, [])
        return list(found.values())

    def _comes_from_outside(self, tensor: Any, call: Call, part: Part) -> bool:
        """Whether a tensor was given to a card, and not made in it; a module's own buffers are its own affair."""
        maker = self.makers.get(id(tensor))
        if part.group is None:
            return maker is None or maker.unit != call.unit
        if maker is not None:
            return part.group not in self.tree.chain(maker.site)
        return bool(self.names.name(tensor)) and id(tensor) not in part.group.buffers

    def merge(self, leaves: int, constants: int, single: list[Input]) -> None:
        """Draw inputs that the same cards use as one, where there are more leaves or constants than this.

        The parameters of what is folded are drawn as one, and so is what only a place uses that is folded otherwise,
        wherever that is much. ``single``: leaves that were asked for by name.
        """
        inner: dict[Part, list[Input]] = {}
        owned: dict[Any, list[Input]] = {}
        for each in self.leaves:
            if each in single:
                continue
            if _is_parameter(each):
                owned.setdefault(frozenset(each.uses), []).append(each)
            elif len(each.uses) == 1 and (part := next(iter(each.uses))).level is not None and len(part.sites) > 1:
                inner.setdefault(part, []).append(each)
        gone: set[int] = set()
        for group in inner.values():
            if len(group) > TOGETHER:
                gone.update(map(id, group[1:]))
                group[0].count = len(group)
        for group in owned.values():
            if len(group) > 1:
                gone.update(map(id, group[1:]))
                self.leaves[self.leaves.index(group[0])] = _together(group)
        self.leaves = [each for each in self.leaves if id(each) not in gone]
        if len(self.leaves) > leaves:
            self.leaves = [*single, *_merged([each for each in self.leaves if each not in single], leaves)]
            self.notes.append(say("leaves_together"))
        if len(self.constants) > constants:
            alike = _merged(self.constants, len(self.constants))
            named = [each for each in alike if each.named]
            self.constants = [*named, *(each for each in alike if not each.named)][:constants]
            if len(alike) > constants:
                self.notes.append(say("constants_left_out"))

    def calls_of(self, part: Part) -> list[Call]:
        """The calls that a part's newest visit was made of."""
        if part.call is None or part.middle or part.derived is not None:
            return []
        units = [part.call.unit]
        if part.group is not None:
            units = sorted(unit.index for visit, unit in part.units if visit == part.newest and isinstance(unit, Call))
        calls = []
        for unit in units:
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
        used = self.tree.parameters.get(id(each.tensor), "") or self._used_as(each)
        each.name = self.names.name(each.tensor, written or used)
        each.named = bool(each.name)
        each.name = each.name or written or used
        if not each.name and each.node is not None:
            each.name = made or "leaf"
        each.source = made or each.name

    def _used_as(self, each: Input) -> str:
        """What the user's code calls a tensor where it is used."""
        for part in each.uses:
            for call in () if part.group is not None else self.calls_of(part):
                record = call.record
                given = list(tensors_in(record.args or (), record.kwargs, self.backend.tensor))
                for place, one in given:
                    if one is each.tensor and (text := operand(self.trace, call, place, [p for p, _ in given])):
                        return text
        return ""

    def _cut(self, maker: Call, each: Input) -> str:
        """What kept a tensor that was computed from a leaf from wanting a gradient."""
        cut = maker.record.cut and each.node is None and maker.name in ("detach", "data")
        return say("card_cut", what=maker.name) if cut else ""

    def value(self, each: Input, limit: int) -> tuple[Values, str]:
        """What the tensor held when it was used, as far as known, and a note where it holds something else now."""
        if each.members:
            return self._values(each.members, limit), ""
        tensor, backward = each.tensor, self.trace.backward
        version, kept = (backward.values if backward else {}).get(tensor, (version_of(tensor), None))
        if kept is not None and version != version_of(tensor):
            return looked_through(kept, self.backend.array, limit), say("card_written_since")
        return looked_through(tensor, self.backend.array, limit), ""

    def _values(self, members: tuple[Input, ...], limit: int) -> Values:
        """The first entries of several, one after the other."""
        entries: list[Any] = []
        for each in members:
            if len(entries) < limit:
                entries += [number for _, number in self.value(each, limit - len(entries))[0].entries]
        total = sum(each.tensor.numel() for each in members)
        first = dtype_name(members[0].tensor.dtype)
        places = (((place,), number) for place, number in enumerate(entries))
        return Values((total,), first, tuple(places), len(entries) == total)


def sum_of(ways: Sequence[tuple[Any, int]]) -> Key:
    """The key of the gradient that flows back along all of these."""
    keys = [("edge", node, slot) for node, slot in ways]
    return keys[0] if len(keys) == 1 else ("sum", *keys)


def _first_use(each: Input, web: Web) -> tuple[int, int, int]:
    """Inputs stand in the order in which the operations take them."""
    uses = [(part.first, web.numbers[node], slot) for part, edges in each.uses.items() for node, slot in edges]
    return min(uses, default=(0, 0, 0))


def _is_parameter(each: Input) -> bool:
    """Whether only folded modules use it, as their own."""
    return bool(each.uses) and all(
        part.group is not None and id(each.tensor) in part.group.parameters for part in each.uses
    )


def _together(leaves: list[Input]) -> Input:
    """One Input with the numbers of all of these, which the same folded modules use."""
    uses = {part: [way for each in leaves for way in each.uses[part]] for part in leaves[0].uses}
    group = next(iter(uses)).group
    assert group is not None
    name = f"{group.name.partition(' #')[0]}.parameters()"
    return Input(None, leaves[0].node, uses, None, name, True, name, "", len(leaves), tuple(leaves))


def _merged(inputs: list[Input], most: int) -> list[Input]:
    """One Input for all with the same uses; if these are still too many, one for the rest."""
    alike: dict[Any, list[Input]] = {}
    for each in inputs:
        alike.setdefault(frozenset(each.uses), []).append(each)
    groups = list(alike.values())
    if len(groups) > most:
        groups[most - 1 :] = [[each for group in groups[most - 1 :] for each in group]]
    for first, *others in groups:
        if others and first.members:
            first.tensor, first.members = first.members[0].tensor, ()
        first.count = sum(each.count for each in (first, *others))
        for each in others:
            for part, edges in each.uses.items():
                if part not in first.uses:
                    first.uses[part] = edges
    return [group[0] for group in groups]
