"""The backward pass: gradients go down the graph, newest node first, and are added to ``.grad`` at the leaves.

An edge always points to an older node, so a heap of keys gives the order with no count of dependencies; where the next
node is the newest of all, as in a chain, the pass goes straight on and never touches the heap. No recursion.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from heapq import heappop, heappush
from typing import Any

import numpy as np

from . import errors
from .node import Node, Output, accumulating
from .tensor import Tensor, wrap
from .versions import check, last_write


class Watch:
    """What a careful sweep looks out for: gradients to capture, nodes worth visiting, edges to note."""

    def __init__(self, capture: Sequence[int] = (), only: set[int] | None = None, record: bool = False) -> None:
        self.capture = set(capture)
        self.found: dict[int, Any] = {}
        self.only = only
        self.record = record
        self.nodes: dict[Any, Any] = {}
        self.edges: dict[tuple[Any, int], Any] = {}


def sweep(roots: Sequence[tuple[Any, Any]], free: bool) -> list[tuple[Any, Any]]:
    """Send gradients, arrays, from ``roots`` down; return (leaf cell, gradient) pairs in the order of arrival."""
    grads: dict[int, Any] = {}
    waiting: dict[int, Any] = {}
    heap: list[int] = []
    leaves: list[Any] = []
    for node, g in roots:
        _deliver(node, g, grads, waiting, heap, leaves)
    with np.errstate(all="ignore"):
        while heap:
            key = heappop(heap)
            node = waiting.pop(key)
            g = grads.pop(key)
            while True:
                if key > last_write[0]:
                    check(node)
                g = node.step(node, g, free)
                if node.others:
                    slot = 0
                    for edge in (node.edge, *node.others):  # _deliver, in line: 0.4 us of a product's 2
                        key = edge.key
                        if key in grads:
                            grads[key] = grads[key] + g[slot]
                        else:
                            grads[key] = g[slot]
                            if key > 0:
                                leaves.append(edge)
                            else:
                                waiting[key] = edge
                                heappush(heap, key)
                        slot += 1  # noqa: SIM113  enumerate would make a tuple per edge
                    break
                node = node.edge
                key = node.key
                if key in grads:  # it is waiting for more already
                    grads[key] = grads[key] + g
                    break
                if key > 0:
                    grads[key] = g
                    leaves.append(node)
                    break
                if heap and heap[0] < key:
                    grads[key] = g
                    waiting[key] = node
                    heappush(heap, key)
                    break
    return [(cell, grads[cell.key]) for cell in leaves]


def _deliver(
    node: Any, g: Any, grads: dict[int, Any], waiting: dict[int, Any], heap: list[int], leaves: list[Any]
) -> None:
    key = node.key
    if key in grads:
        grads[key] = grads[key] + g
        return
    grads[key] = g
    if key > 0:
        leaves.append(node)
    else:
        waiting[key] = node
        heappush(heap, key)


def careful_sweep(roots: Sequence[tuple[Any, Any]], free: bool, recorded: bool, watch: Watch) -> list[tuple[Any, Any]]:
    """``sweep`` that can work on Tensors (``create_graph``), capture gradients, skip nodes and note every edge."""
    grads: dict[int, Any] = {}
    waiting: dict[int, Any] = {}
    heap: list[int] = []
    leaves: list[Any] = []
    for node, g in roots:
        _deliver(node, g, grads, waiting, heap, leaves)
    with np.errstate(all="ignore"):
        while heap:
            key = heappop(heap)
            node, g = waiting.pop(key), grads.pop(key)
            if key > last_write[0]:
                check(node)
            stepped = node.step
            arrived = key in watch.capture
            if arrived:  # a captured gradient is what the tensor's own hooks leave
                g = watch.found[key] = stepped.arriving(g, recorded) if hasattr(stepped, "arriving") else g
            if watch.only is not None and key not in watch.only:
                continue
            if watch.record:
                watch.nodes[node] = g
            sent = _step(stepped, arrived, recorded)(node, g, free)
            edges = node.edges
            for slot, (edge, part) in enumerate(zip(edges, sent if node.others else (sent,), strict=True)):
                if part is None:
                    continue
                if watch.record:
                    watch.edges[node, slot] = part
                if watch.only is None or edge.key in watch.only or edge.key in watch.capture:
                    _deliver(edge, part, grads, waiting, heap, leaves)
    return [(cell, grads[cell.key]) for cell in leaves]


def _step(stepped: Any, arrived: bool, recorded: bool) -> Callable[..., Any]:
    """What to call on a node, on arrays or Tensors: without the hooks that ran when the gradient ``arrived``."""
    if not hasattr(stepped, "arriving"):
        return stepped.spec.twin() if recorded else stepped
    if not arrived:
        return stepped.twin() if recorded else stepped
    inner = stepped.spec.twin() if recorded else stepped.inner
    return lambda node, g, free: stepped.leaving(node, inner(node, g, free), g, recorded)


def begin(outputs: Sequence[Tensor], gradients: Sequence[Any], recorded: bool) -> list[tuple[Any, Any]]:
    """The roots of a pass: (node, gradient) pairs, after PyTorch's checks."""
    roots = []
    for i, (output, g) in enumerate(zip(outputs, gradients, strict=True)):
        if output._n is None:
            raise errors.no_graph(i)
        d = output._d
        if g is None:
            if d.size != 1:
                raise errors.not_scalar()
            g = wrap(np.ones_like(d) if type(d) is np.ndarray else type(d)(1))
        elif not isinstance(g, Tensor):
            raise errors.gradient_type(g)
        elif g._d.shape != d.shape:
            raise errors.mismatch(i, g._d.shape, d.shape)
        elif g._d.dtype is not d.dtype:
            if "c" in (g._d.dtype.kind, d.dtype.kind):
                raise errors.gradient_dtype(i, g.dtype, output.dtype)
            g = wrap(g._d.astype(d.dtype)) if g._n is None else g.to(output.dtype)
        roots.append((output._n, g if recorded else g._d))
    return roots


def run_backward(
    outputs: Sequence[Tensor],
    gradients: Sequence[Any],
    retain_graph: bool | None,
    create_graph: bool,
    inputs: Sequence[Tensor] | None = None,
) -> None:
    """Add each leaf's gradient to its ``.grad``; only those of ``inputs`` where given."""
    free = not (create_graph if retain_graph is None else retain_graph)
    roots = begin(outputs, gradients, create_graph)
    if inputs is not None:
        for t, g in zip(inputs, captured(roots, inputs, free, create_graph), strict=True):
            if g is not None:
                _accumulate_tensor(t, g, create_graph)
        return
    arrived = careful_sweep(roots, free, True, Watch()) if create_graph else sweep(roots, free)
    for cell, g in arrived:
        arrive(cell, g, create_graph)


def arrive(cell: Any, g: Any, recorded: bool) -> None:
    """A leaf's gradient is complete: run its hooks, add it to ``.grad``."""
    stepped = cell.step
    if stepped is None:
        with accumulating:
            cell.grad = accumulated(cell.grad, g, recorded)
        return
    g = stepped.arriving(g, recorded)
    with accumulating:
        cell.grad = accumulated(cell.grad, g, recorded)
    stepped.leaving(cell, (), g, recorded)
    for hook in tuple(stepped.accumulated.values()):
        hook(cell.variable)


def accumulated(old: Any, g: Any, recorded: bool) -> Any:
    """``.grad`` after ``g`` was added: in place, keeping its identity, unless the addition itself is recorded."""
    if recorded:
        return g if old is None else old + g
    if old is None:
        # a gradient may be memory that others hold: v itself, another leaf's gradient, a broadcast view
        return wrap(np.array(g) if type(g) is np.ndarray else g)
    if old._n is None and type(old._d) is np.ndarray:
        np.add(old._d, g, out=old._d)
        return old
    if old._n is None:
        old._d = old._d + g
        return old
    return old + wrap(g)


def _accumulate_tensor(t: Tensor, g: Any, recorded: bool) -> None:
    if t.is_leaf:
        with accumulating:
            t._n.grad = accumulated(t._n.grad, g, recorded)
    else:
        t._g = accumulated(getattr(t, "_g", None), g, recorded)


def captured(roots: Sequence[tuple[Any, Any]], inputs: Sequence[Tensor], free: bool, recorded: bool) -> list[Any]:
    """The gradient that arrives at each of ``inputs``, None where none does; only what they need is run."""
    for t in inputs:
        if t._n is None:
            raise errors.input_needs_no_grad()
    targets = {t._n.key for t in inputs}
    watch = Watch([k for k in targets if k < 0], reaching([node for node, _ in roots], targets))
    found = watch.found
    for cell, g in careful_sweep(roots, free, recorded, watch):
        found[cell.key] = g if cell.step is None else cell.step.arriving(g, recorded)
    return [found.get(t._n.key) for t in inputs]


def reaching(roots: Sequence[Any], targets: set[int]) -> set[int]:
    """Keys of the nodes below ``roots`` from which a target is reached, and of the leaves among the targets."""
    seen: dict[int, Any] = {}
    stack = list(roots)
    while stack:
        node = stack.pop()
        if node.key not in seen:
            seen[node.key] = node
            stack += node.edges
    keep = {k for k in targets if k > 0 and k in seen}
    for key in sorted((k for k in seen if k < 0), reverse=True):  # oldest first
        if any(edge.key in keep or edge.key in targets for edge in seen[key].edges):
            keep.add(key)
    return keep


class Snapshot:
    """What a backward pass from ``outputs`` needs, kept runnable whatever the program does to its graph.

    A private copy of the nodes, sharing the saved arrays: a pass that frees the user's graph leaves this one alone.
    Where saved memory has been written since, ``run`` raises PyTorch's "modified by an inplace operation".
    """

    def __init__(self, outputs: Sequence[Tensor]) -> None:
        self._outputs = list(outputs)
        self._copies: dict[int, Any] = {}
        self._users: dict[int, Any] = {}
        stack = [t._n for t in outputs if t._n is not None]
        while stack:
            node = stack.pop()
            if node.key not in self._users:
                self._users[node.key] = node
                stack += node.edges
        for key in sorted(self._users, reverse=True):  # leaves, then oldest first: edges before what points at them
            self._copies[key] = _copy(self._users[key], self._copies)

    @property
    def linear(self) -> bool:
        """Whether the result is sure to be linear in v: no hook, no custom function is in the way."""
        return not any(hasattr(n.step, "arriving") and n.step.active for n in self._users.values())

    @property
    def nbytes(self) -> int:
        """Bytes of the saved arrays that this keeps alive, each counted once."""
        arrays = {id(v): v.nbytes for n in self._copies.values() for v in n.saved or () if isinstance(v, np.ndarray)}
        return sum(arrays.values())

    def run(self, gradients: Sequence[Any], create_graph: bool = False) -> Pass:
        """One backward pass from the outputs; touches no ``.grad``."""
        given = [wrap(g) if isinstance(g, np.ndarray | np.generic) else g for g in gradients]
        roots = [(self._copies[node.key], g) for node, g in begin(self._outputs, given, create_graph)]
        watch = Watch(record=True)
        arrived = careful_sweep(roots, False, create_graph, watch)
        leaves = {}
        for cell, g in arrived:
            leaves[cell] = g if cell.step is None else cell.step.arriving(g, create_graph)
        return Pass(leaves, *self._shown(watch))

    def _shown(self, watch: Watch) -> tuple[dict[Any, Any], dict[Any, Any]]:
        """Edges and nodes by the user's own nodes, with a relay's parts where they belong."""
        nodes: dict[Any, tuple[Any, ...]] = {}
        edges: dict[tuple[Any, int], Any] = {}
        for copy, g in watch.nodes.items():
            node = self._users[copy.key]
            if type(node) is Node:
                nodes[node] = tuple(g.get(i) for i in range(max(g) + 1)) if isinstance(g, dict) else (g,)
        for (copy, index), g in watch.edges.items():
            node = self._users[copy.key]
            if type(node) is Node:
                spec = node.step.spec
                slot = list(spec.row.differentiable(node)).index(spec.wanted[index])
                edges[node, slot] = g
        return edges, nodes

    def close(self) -> None:
        """Let everything go."""
        self._outputs, self._copies, self._users = [], {}, {}


class Pass:
    """Gradients of one pass: at ``leaves`` by cell, along ``edges`` by (node, slot), into ``nodes`` by output."""

    __slots__ = ("edges", "leaves", "nodes")

    def __init__(self, leaves: dict[Any, Any], edges: dict[Any, Any], nodes: dict[Any, Any]) -> None:
        self.leaves, self.edges, self.nodes = leaves, edges, nodes


def _copy(node: Any, copies: dict[int, Any]) -> Any:
    if node.key > 0:
        return node
    if type(node) is Output:
        relay = Output(copies[node.edge.key], node.nr, node.key)
        relay.step = node.step
        return relay
    twin = Node()
    twin.key, twin.step, twin.saved = node.key, node.step, node.saved
    twin.edge = copies[node.edge.key]
    twin.others = tuple([copies[e.key] for e in node.others])
    return twin


__all__ = ["Pass", "Snapshot", "captured", "run_backward"]
