"""The autograd graph under a cell's outputs, and which call made each of its nodes."""

from __future__ import annotations

import bisect
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ..backends import Backend, Reached, age_of, ages, node_of
from ..tracing.trace import Call, Trace
from .names import tensors_in

Arrival = tuple[Any, int]  # a node and which of its outputs: where a gradient arrives


@dataclass(frozen=True)
class Web:
    """The autograd graph under some roots: nodes from old to new, what follows each, and the leaves' nodes."""

    nodes: list[Any]
    following: dict[Any, tuple[Arrival, ...]]
    leaves: list[Any]
    numbers: dict[Any, int]
    counted: bool = True  # whether a call's nodes are told by their numbers

    def crossings(self, node: Any) -> Sequence[tuple[int, Arrival]]:
        """The ways from a node to those that made its inputs, with their slots; not those to leaves."""
        return self._ways[0].get(node, ())

    def takes(self, node: Any) -> Sequence[tuple[int, Arrival]]:
        """The ways from a node to leaves, with their slots."""
        return self._ways[1].get(node, ())

    @cached_property
    def _ways(self) -> tuple[dict[Any, list[tuple[int, Arrival]]], dict[Any, list[tuple[int, Arrival]]]]:
        ends = self.ends
        inner: dict[Any, list[tuple[int, Arrival]]] = {}
        outer: dict[Any, list[tuple[int, Arrival]]] = {}
        for node in self.nodes:
            for slot, arrival in enumerate(self.following[node]):
                if arrival[0] is not None:
                    (outer if arrival[0] in ends else inner).setdefault(node, []).append((slot, arrival))
        return inner, outer

    @cached_property
    def ends(self) -> frozenset[Any]:
        """The leaves' nodes, to be asked for."""
        return frozenset(self.leaves)


def reach(backend: Backend, roots: Iterable[Arrival], known: Reached | None = None) -> Web:
    """Everything under the roots; ``known``: what a backward call has found there."""
    reached = Reached.under((node for node, _ in roots), known)
    numbers, counted = ages(reached.ways)
    ends = set(reached.leaves)
    inner = [each for each in reached.ways if each not in ends]
    inner.sort(key=numbers.__getitem__)
    return Web(inner, reached.ways, reached.leaves, numbers, counted and backend.counts)


def owners(trace: Trace, web: Web) -> dict[Any, Call]:
    """The call that made each node: made between its sequence numbers, and reached from its result through such nodes.

    Of calls whose results have been let go, the sequence numbers alone tell.
    """
    if not web.counted:
        return _owners_by_reach(trace, web)
    owned: dict[Any, Call] = {}
    loose: list[Call] = []
    for call in trace.calls:
        record = call.record
        if record.node is None:
            if record.after > record.before:
                loose.append(call)
            continue
        pending = [record.node]
        if isinstance(record.result, tuple):
            pending += [n for each in record.result if (n := getattr(each, "grad_fn", None)) is not None]
        passed: set[Any] = set()  # not in the graph any more: the result was a view, and its base was written over
        while pending:
            node = pending.pop()
            number = web.numbers.get(node)
            if number is None and node not in passed and record.after - record.before > 2:
                passed.add(node)
                number = age_of(node)
            elif number is None or node in owned:
                continue
            if number is None or not record.before <= number < record.after:
                continue
            if node in web.numbers:
                owned[node] = call
            ways = web.following.get(node) or node.next_functions
            pending += [each for each, _ in ways if each is not None]
    starts = [call.record.before for call in loose]
    for node in web.nodes if loose else ():
        if node not in owned:
            place = bisect.bisect_right(starts, web.numbers[node]) - 1
            if place >= 0 and web.numbers[node] < loose[place].record.after:
                owned[node] = loose[place]
    if len(owned) < len(web.nodes):
        _own_views(trace, web, owned)
    return owned


def _owners_by_reach(trace: Trace, web: Web) -> dict[Any, Call]:
    """The same without numbers: what lies between a call's result and what it was given, and no earlier call made."""
    owned: dict[Any, Call] = {}
    for call in trace.calls:
        record = call.record
        given = tensors_in(record.args or (), record.kwargs, trace.backend.tensor) if trace.backend is not None else ()
        ends = {node_of(each) for _, each in given} - {record.node}
        pending = [] if record.node is None else [record.node]
        if isinstance(record.result, tuple):
            pending += [getattr(each, "grad_fn", None) for each in record.result]
        passed: set[Any] = set()
        while pending:
            node = pending.pop()
            if node is None or node in owned or node in ends or node in web.ends or node in passed:
                continue
            passed.add(node)
            if node in web.numbers:
                owned[node] = call
            pending += [each for each, _ in web.following.get(node) or node.next_functions]
    _own_views(trace, web, owned)
    return owned


def _own_views(trace: Trace, web: Web, owned: dict[Any, Call]) -> None:
    """A view whose base was written over gets a new node, outside any call: it is still what the view's call made."""
    for call in trace.calls:
        if call.record.node is not None:
            for each in call.outputs:
                node = getattr(each, "grad_fn", None)
                if node in web.numbers and node not in owned:
                    owned[node] = call
