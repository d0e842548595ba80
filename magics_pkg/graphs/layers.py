"""Second graphs: what a pass with ``create_graph`` made, drawn on top of the graph that it went through.

Each node of a second graph is the derivative of a node of the first; a card holds those that belong together.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..backends.created import Arrival, Created
from ..tracing.trace import Backward, Call, Trace
from ..words import say
from .depth import Folding
from .groups import Group, Tree
from .names import Namespace, label
from .web import Web, reach

OPEN = 16  # cards of second graphs that are open unasked
NAMED = 2  # leaves that a title names


@dataclass(eq=False)
class Derived:
    """Nodes of a second graph that are one card: the derivative of ``node`` along some of its inputs, or, where
    ``node`` is None, the sum of what arrives at ``to``.

    to: where in the first graph the card's value arrives; None for what several inputs share."""

    layer: Layer
    node: Any
    slots: frozenset[int] = frozenset()
    to: Arrival | None = None


@dataclass(eq=False)
class Layer:
    """One second graph. name: unlike that of any other group. title: a sentence; alone: the graph below it by name."""

    created: Created
    name: str = ""
    title: str = ""
    alone: str = ""
    of: dict[Any, Derived] = field(default_factory=dict)
    under: frozenset[Any] = frozenset()

    @property
    def cards(self) -> int:
        """How many cards it is when it is open."""
        return len(set(self.of.values()))


class Layers:
    """The second graphs under some outputs, the first made first."""

    def __init__(self, trace: Trace, web: Web, names: Namespace) -> None:
        self.trace, self.names = trace, names
        known: set[Any] = set(web.numbers)
        self.all: list[Layer] = []
        self._calls: dict[Layer, Backward] = {}
        assert trace.backend is not None
        for each in reversed(trace.backwards):  # the latest first: what it went through may be a second graph itself
            created = each.created
            if created is None or not any(node in known for node in (*created.made, *created.sums)):
                continue
            layer = Layer(created, under=frozenset(reach(trace.backend, created.roots).following))
            known |= layer.under
            _derive(layer)
            self._calls[layer] = each
            self.all.insert(0, layer)

    @property
    def roots(self) -> list[Arrival]:
        """Where the first graphs begin."""
        return [root for layer in self.all for root in layer.created.roots]

    def name(self, tree: Tree, owned: dict[Any, Call]) -> None:
        """Names for them, by which they can be opened and folded as functions are."""
        for layer in self.all:
            backward = self._calls[layer]
            layer.alone = self.called(layer.created.roots[0], owned)
            line = self.trace.line(backward.position) if backward.position is not None else None
            inputs = [arrival for arrival in dict.fromkeys(layer.created.gradient_of.values()) if _is_leaf(arrival)]
            told = [self.called(each, owned) for each in inputs[:NAMED]]
            below = told[0] if len(inputs) == 1 else f"({', '.join([*told, '…'] if len(inputs) > NAMED else told)})"
            name = f"∂{layer.alone}/∂{below}" if told else f"∂{layer.alone}"
            name += f" · {say('line', line=line)}" if line is not None else ""
            taken = sum(each.name.partition(" #")[0] == name for each in self.all)
            layer.name = name if not taken else f"{name} #{taken + 1}"
            source = backward.position.expression if backward.position is not None else backward.kind
            layer.title = say("layer", source=source, where=say("in_line", line=line) if line is not None else "")
            tree.groups[layer.name] = Group(layer.name, "pass", 0)

    def named(self, arrival: Arrival, owned: dict[Any, Call]) -> str:
        """The name of what a gradient arrives at, "" where it has none."""
        node, nr = arrival
        variable = getattr(node, "variable", None)
        if variable is not None:
            return self.names.name(variable) or "leaf"
        for name, tensor in self.names.made.get(node, ()):
            if tensor.output_nr == nr:
                return name
        call = owned.get(node)
        return label(self.trace, call, nr) if call is not None and call.record.node is node else ""

    def called(self, arrival: Arrival, owned: dict[Any, Call]) -> str:
        """The same, else its source, else its operation."""
        node, call = arrival[0], owned.get(arrival[0])
        source = self.trace.expression(call.site) if call is not None and call.record.node is node else ""
        return self.named(arrival, owned) or (f"({source})" if source else str(node.name()).removesuffix("Backward0"))

    def opened(self, folding: Folding) -> frozenset[Layer]:
        """Those that are drawn card by card: those that were asked for, and as many of the others as are legible."""
        chosen, room = set(), OPEN if folding.depth in (None, math.inf) else 0
        for layer in self.all:
            if layer.name in folding.folded:
                continue
            if layer.name in folding.opened or layer.cards <= room:
                chosen.add(layer)
                room -= layer.cards
        return frozenset(chosen)

    def folded(self, parts: Mapping[Any, Any]) -> dict[Any, Layer]:
        """By card the second graph that it is all of, where that could be opened."""
        found: dict[Any, Layer] = {}
        for layer in self.all:
            cards = {parts[node] for node in layer.of if node in parts}
            one = cards.pop() if len(cards) == 1 else None
            if one is not None and one.derived is None and one.group is None and not one.middle and layer.cards > 1:
                found[one] = layer
        return found

    def derived(self, opened: Iterable[Layer]) -> dict[Any, Derived]:
        """By node which card of an open second graph it belongs to."""
        return {node: each for layer in opened for node, each in layer.of.items()}

    def level(self, nodes: Iterable[Any]) -> int:
        """On how many of the graphs a card stands: 0 for what the first pass went through."""
        few = len(self.all)
        for node in nodes:
            few = min(few, next((at for at, layer in enumerate(self.all) if node in layer.under), few))
        return few


def _derive(layer: Layer) -> None:
    """The cards of a second graph."""
    known: dict[Any, Derived] = {}
    created = layer.created
    for node, (first, slots) in created.made.items():
        key = first, slots
        if key not in known:
            to = first.next_functions[next(iter(slots))] if len(slots) == 1 else None
            known[key] = Derived(layer, first, slots, to)
        layer.of[node] = known[key]
    for node, at in created.sums.items():
        if at not in known:
            known[at] = Derived(layer, None, to=at)
        layer.of[node] = known[at]


def _is_leaf(arrival: Arrival) -> bool:
    return hasattr(arrival[0], "variable")
