"""What a graph is drawn from, however it is folded: the autograd graph, its calls, their groups, names and values."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

from ..tracing.trace import Trace
from .depth import Folding, Home, Plan, homes_of, plan_of
from .groups import Tree
from .layers import Layers
from .lines import Lines
from .names import Namespace, tensors_in
from .rounds import Rounds
from .runs import Runs
from .values import Computed
from .web import Arrival, owners, reach
from .wording import Wording

STATEMENTS = 0.75  # of the cards, that a cell's statements may take before their lines are groups


class Subject:
    """Worked out once, because it stays the same when the graph is folded in another way.

    most: cards, above which a cell's lines are groups."""

    def __init__(self, trace: Trace, roots: tuple[Any, ...], most: float = math.inf) -> None:
        backend = trace.backend
        assert backend is not None  # there are tensors
        self.trace, self.roots = trace, roots
        self.arrivals: dict[Arrival, Any] = {backend.root(root): root for root in roots}
        known = trace.backward.reached if trace.backward is not None else None
        self.web = reach(backend, self.arrivals, known)
        self.names = Namespace(trace.namespace, backend)
        self.layers = Layers(trace, self.web, self.names)
        self.reached = frozenset(self.web.following)  # by a pass from the outputs
        if self.layers.all:
            self.web = reach(backend, [*self.arrivals, *self.layers.roots], known)
        self.owned = owners(trace, self.web)
        self.lines, self.runs = Lines(trace), Runs(trace)
        self.lines.divide({call.site for call in self.owned.values()}, most * STATEMENTS)
        self.runs.find(self.owned.values(), most)
        self.tree = Tree(trace, dict(self.names.modules), self.lines.chain, self.runs.around)
        self.layers.name(self.tree, self.owned)
        self.homes = homes_of(self.web, self.owned, self.tree)
        self.rounds = Rounds(trace, self.tree)
        self._looked: tuple[frozenset[str], dict[Any, Home]] = frozenset(), self.homes
        self._counted: dict[Any, dict[str, str]] = {}
        self.wording = Wording(trace, self.names)
        self.computed = Computed(trace, self.names, self.owned, self.arrivals)
        for each in self.layers.all:
            self.computed.created |= each.created.values

    def narrow(self) -> None:
        """Let go of what is no part of this graph: other rounds of a training loop, and the rest of the namespace."""
        units = {call.unit for call in self.owned.values()}
        calls = tuple(call if call.unit in units else call.bare() for call in self.trace.calls)
        trace = dataclasses.replace(self.trace, calls=calls, result=None)
        self.trace = self.wording.trace = self.computed.trace = self.tree.trace = self.rounds.trace = trace
        self.lines.trace = self.runs.trace = self.layers.trace = trace
        given = (
            each
            for call in trace.calls
            for _, each in tensors_in(call.record.args or (), call.record.kwargs, self.names.tensor)
        )
        made = (each for call in trace.calls for each in call.outputs)
        leaves = (each.variable for each in self.web.leaves)
        self.names.narrow([*self.roots, *given, *made, *leaves], self.web.following)

    def plan(self, folding: Folding, most: int) -> Plan:
        """Which groups are drawn as one card each."""
        return plan_of(self.web, self.homes_in(folding), folding, most, self.homes)

    def homes_in(self, folding: Folding) -> dict[Any, Home]:
        """Each node's home, in rounds where loops are open."""
        loops = frozenset(name for name in folding.opened if self.tree.groups[name].kind == "loop")
        if self._looked[0] != loops:
            self._looked = loops, self.rounds.homes(self.homes, loops.__contains__) if loops else self.homes
        return self._looked[1]

    def counted(self, loops: frozenset[str], folding: Folding) -> dict[str, str]:
        """These loops, whose rounds are drawn as one, and how many those are, in words."""
        opened = frozenset(name for name in folding.opened if self.tree.groups[name].kind == "loop")
        if loops and (loops, opened) not in self._counted:
            self._counted[loops, opened] = self.rounds.counted(loops, opened.__contains__)
        return self._counted.get((loops, opened), {})

    def every_round(self) -> dict[Any, Home]:
        """Each node's home were every loop open."""
        return self.rounds.homes(self.homes, lambda _: True)
