"""A graph kept runnable: a private copy of the nodes, so that a pass that frees the user's leaves this one alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from ..mode import here
from ..tensor import Tensor, wrap
from .careful import outputs_of
from .hooks import Hooked
from .node import AccumulateGrad, Node, Output, rest_of
from .sweep import Watch, begin, careful_sweep


class Snapshot:
    """What a backward pass from ``outputs`` needs, kept runnable whatever the program does to its graph.

    It shares the saved arrays: where such memory has been written since, ``run`` raises PyTorch's "modified by an
    inplace operation". ``observed``: the user's own pass, if it ran under ``observe()``.
    """

    def __init__(self, outputs: Sequence[Tensor]) -> None:
        self._outputs = list(outputs)
        self._copies: dict[int, Any] = {}
        self._users: dict[int, Any] = {}
        self.observed: Pass | None = None
        stack = [t._n for t in outputs if t._n is not None]
        while stack:
            node = stack.pop()
            if node.key not in self._users:
                self._users[node.key] = node
                stack += node.edges
        for key in sorted(self._users, reverse=True):  # leaves, then oldest first: edges before what points at them
            self._copies[key] = _copy(self._users[key], self._copies)
        slots: dict[Any, tuple[int, ...]] = {}  # by the step's own description, which decides them
        for node in self._users.values():
            if isinstance(node, Node) and node.step.spec not in slots:
                slots[node.step.spec] = node.slots
        self._names = {k: (node, slots[node.step.spec]) for k, node in self._users.items() if isinstance(node, Node)}
        self._retained = dict(_retained(self._users.values()))
        for node in self._copies.values():  # hooks that come or go later have no part in a pass of this
            if node.key <= 0 and type(node.step) is Hooked:
                node.step = node.step.frozen()

    @property
    def linear(self) -> bool:
        """Whether the result is sure to be linear in v: no hook, no custom function is in the way."""
        plain, users = _PLAIN, self._users.values()
        return all(type(n) in plain and (type(n.step) is not Hooked or not n.step.hooks) for n in users)

    @property
    def hooks(self) -> tuple[str, ...]:
        """What else takes part in a pass: hooks, with the node that each is on, and custom functions, by name."""
        found = []
        for key, node in self._users.items():
            if type(node) not in _PLAIN:
                found.append(f"{node.name().removesuffix('Backward')}.backward")
            if type(step := self._copies[key].step) is Hooked:
                place = node.edge if type(node) is Output else node
                found += [f"{getattr(h, '__qualname__', type(h).__name__)} on {place.name()}" for h in step.hooks]
        return tuple(found)

    @property
    def nbytes(self) -> int:
        """Bytes of the saved arrays that this keeps alive, each counted once."""
        arrays = {id(v): v.nbytes for n in self._copies.values() for v in n.saved or () if isinstance(v, np.ndarray)}
        return sum(arrays.values())

    @property
    def whole_pass(self) -> Pass | None:
        """``observed`` from one output with one entry, with which ``run`` would note the same, hooks aside."""
        one = len(self._outputs) == 1 and self._outputs[0]._d.size == 1
        return self.observed if one and not self._retained else None

    @contextmanager
    def observe(self) -> Iterator[None]:
        """Note down the backward pass that this thread runs inside, hooks and all: it becomes ``observed``."""
        watch = Watch(names=self._names)
        here.watch = watch
        try:
            yield
        finally:
            here.watch = None
        if watch.leaves or watch.nodes:
            self.observed = _pass(watch)

    def run(self, gradients: Sequence[Any], create_graph: bool = False) -> Pass:
        """One backward pass from the outputs; touches no ``.grad``. Hooks run again, as in any pass."""
        given = [wrap(g) if isinstance(g, np.ndarray | np.generic) else g for g in gradients]
        roots = [(self._copies[node.key], g) for node, g in begin(self._outputs, given, create_graph)]
        watch = Watch(names=self._names, replay=True)
        for cell, g in careful_sweep(roots, False, create_graph, watch):
            watch.leaves[cell] = g if cell.step is None else cell.step.arriving(g, create_graph)
        return _pass(watch, self._retained)

    def gradient(self, root: int, numbers: Any) -> Tensor:
        """Numbers as a tensor like this output."""
        return wrap(np.asarray(numbers, self._outputs[root]._d.dtype))

    def vjp(self, node: Any, nr: int, gradient: Any) -> tuple[Any, ...]:
        """What this one node sends back where ``gradient`` arrives at its output ``nr``; hooks do not run.

        One gradient for each entry of its ``next_functions``, None where none goes.
        """
        copy = self._copies[node.key]
        given = [None] * outputs_of(copy)[1]
        given[nr] = gradient
        found = copy(*given)
        return found if isinstance(found, tuple) else (found,)

    def saved(self, node: Any) -> dict[str, Any]:
        """What a node saved, as Tensors, by PyTorch's name for each: ``result`` for ``_saved_result``.

        What a custom function saved has no names, and what the program's own hooks have packed is left packed.
        """
        copy = self._copies[node.key]
        if getattr(copy.step.spec, "takes_none", False):
            kept = (copy.saved or ((), ()))[1] or ()
            found = {f"tensors[{i}]": None if k.packed is not None else k.tensor(copy) for i, k in enumerate(kept)}
            return {name: value for name, value in found.items() if value is not None}
        names = [_SHOWN.get(name, name) for name in getattr(copy.step.spec, "data", ())]
        found = {name: getattr(copy, f"_saved_{name}", None) for name in names}
        return {name: value for name, value in found.items() if value is not None}

    def hooks_on(self, node: Any, nr: int, tensor: Any) -> tuple[str, ...]:
        """The hooks that run where the gradient of this output of a node arrives, by name."""
        step = node.step
        steps = [step, step.outputs.get(nr)] if type(step) is Hooked else []
        return tuple(getattr(h, "__qualname__", type(h).__name__) for each in steps if each for h in each.hooks)

    def close(self) -> None:
        """Let everything go."""
        self._outputs, self._copies, self._users, self._names, self._retained = [], {}, {}, {}, {}
        self.observed = None


_PLAIN = (Node, Output, AccumulateGrad)
_SHOWN = {"x": "self", "y": "other", "out": "result"}  # PyTorch's names for what rows call so


class Pass:
    """Gradients of one pass: at ``leaves`` by cell, along ``edges`` by (node, slot), into ``nodes`` by output number.

    ``retained``: for tensors with ``retain_grad``, (tensor, what its ``.grad`` would be after this pass).
    """

    __slots__ = ("edges", "leaves", "nodes", "retained")

    def __init__(
        self, leaves: dict[Any, Any], edges: dict[Any, Any], nodes: dict[Any, Any], retained: list[tuple[Any, Any]]
    ) -> None:
        self.leaves, self.edges, self.nodes, self.retained = leaves, edges, nodes, retained


def _retained(nodes: Iterable[Any]) -> Iterator[tuple[Any, Any]]:
    """For each ``retain_grad`` in a graph, what keeps the gradient and a copy of what is kept so far."""
    for node in nodes:
        keep = getattr(node.step, "retain", None)
        if keep is not None and (tensor := keep.tensor()) is not None:
            old = getattr(tensor, "_g", None)
            yield keep, None if old is None else wrap(np.array(old._d))


def _pass(watch: Watch, held: dict[Any, Any] | None = None) -> Pass:
    nodes = {
        node: tuple(g.get(i) for i in range(max(g) + 1)) if isinstance(g, dict) else (g,)
        for node, g in watch.nodes.items()
    }
    retained = []
    for keep, g in watch.retained:
        tensor, old = keep.tensor(), (held or {}).get(keep)
        if tensor is not None:
            new = g if isinstance(g, Tensor) else wrap(np.array(g))
            retained.append((tensor, new if old is None else old + new))
    return Pass(watch.leaves, watch.edges, nodes, retained)


def _copy(node: Any, copies: dict[int, Any]) -> Any:
    if node.key > 0:
        return node
    if type(node) is Output:
        relay = Output(copies[node.edge.key], node.nr, node.key)
        relay.step = node.step
        return relay
    twin = Node()
    twin.key, twin.step, twin.saved = node.key, node.step, node.saved
    edges = [copies[e.key] for e in node.edges]
    twin.edge, twin.others = edges[0], rest_of(edges)
    return twin
