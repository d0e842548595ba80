"""The backward pass: gradients go down the graph, newest node first, and are added to ``.grad`` at the leaves.

An edge always points to an older node, so a heap of keys gives the order with no count of dependencies; where the next
node is the newest of all, as in a chain, the pass goes straight on and never touches the heap. No recursion.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from heapq import heappop, heappush
from typing import Any

import numpy as np

from . import errors
from .conjugate import conjugating
from .hooks import Hooked
from .kernel import RAW
from .mode import here
from .node import accumulating
from .tensor import Tensor, wrap
from .versions import check, last_write


class Watch:
    """What a careful sweep looks out for: gradients to capture, nodes worth visiting, and what to note down.

    names: where every edge is noted, the node to note it under and its slots, by key. replay: ``retain_grad`` is noted
    in ``retained``, not carried out.
    """

    def __init__(
        self,
        capture: Sequence[int] = (),
        only: set[int] | None = None,
        names: Mapping[int, tuple[Any, Sequence[int]]] | None = None,
        replay: bool = False,
    ) -> None:
        self.capture = set(capture)
        self.found: dict[int, Any] = {}
        self.only, self.names, self.replay = only, names, replay
        self.leaves: dict[Any, Any] = {}
        self.nodes: dict[Any, Any] = {}
        self.edges: dict[tuple[Any, int], Any] = {}
        self.retained: list[tuple[Any, Any]] = []

    def arriving(self, stepped: Any, g: Any, recorded: bool) -> Any:
        """A gradient after the hooks of ``stepped``, with ``retain_grad`` put aside in a replay."""
        if not self.replay or stepped.retain is None:
            return stepped.arriving(g, recorded)
        keep, stepped = stepped.retain, stepped.without_retain()
        g = stepped.arriving(g, recorded)
        self.retained.append((keep, g))
        return g


@np.errstate(all="ignore")  # as a decorator half the cost of a `with`
def sweep(roots: Sequence[tuple[Any, Any]], free: bool) -> list[tuple[Any, Any]]:
    """Send gradients, arrays, from ``roots`` down; return (leaf cell, gradient) pairs in the order of arrival."""
    __tracebackhide__ = True
    grads: dict[int, Any] = {}
    waiting: dict[int, Any] = {}
    heap: list[int] = []
    leaves: list[Any] = []
    for node, g in roots:
        _deliver(node, g, grads, waiting, heap, leaves)
    while heap:
        key = heappop(heap)
        node = waiting.pop(key)
        g = grads.pop(key)
        while True:
            if key > last_write[0]:
                check(node)
            g = node.step(node, g, free)
            edge, others = node.edge, node.others
            if others is None:
                node = edge
            elif type(others) is tuple:
                for edge, part in zip(node.edges, g, strict=True):
                    _deliver(edge, part, grads, waiting, heap, leaves)
                break
            else:  # two edges: one is delivered, in line, and the pass goes straight on with the other
                g, part = g
                if others.key > 0 > edge.key:
                    node, edge = edge, others
                else:  # in order: gradients are added up in the order in which they arrive
                    node, g, part = others, part, g
                key = edge.key
                if key in grads:
                    grads[key] = grads[key] + part
                else:
                    grads[key] = part
                    if key > 0:
                        leaves.append(edge)
                    else:
                        waiting[key] = edge
                        heappush(heap, key)
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
    __tracebackhide__ = True
    grads: dict[int, Any] = {}
    waiting: dict[int, Any] = {}
    heap: list[int] = []
    leaves: list[Any] = []
    names = watch.names
    for node, g in roots:
        _deliver(node, g, grads, waiting, heap, leaves)
    with np.errstate(all="ignore"):
        while heap:
            key = heappop(heap)
            node, g = waiting.pop(key), grads.pop(key)
            if key > last_write[0]:
                check(node)
            stepped = node.step
            if type(stepped) is Hooked:
                g = watch.arriving(stepped, g, recorded)
            if key in watch.capture:  # what the tensor's own hooks leave
                watch.found[key] = g
            if watch.only is not None and key not in watch.only:
                continue
            sent = _step(stepped, recorded)(node, g, free)
            name, slots = names.get(key, (None, ())) if names is not None else (None, ())
            if name is not None:
                watch.nodes[name] = g
            for i, (edge, part) in enumerate(zip(node.edges, (sent,) if node.others is None else sent, strict=True)):
                if part is None:
                    continue
                if name is not None:
                    watch.edges[name, slots[i]] = part
                if watch.only is None or edge.key in watch.only or edge.key in watch.capture:
                    _deliver(edge, part, grads, waiting, heap, leaves)
    return [(cell, grads[cell.key]) for cell in leaves]


def _step(stepped: Any, recorded: bool) -> Callable[..., Any]:
    """What to call on a node, on arrays or Tensors, when the hooks on what arrives have run."""
    if type(stepped) is not Hooked:
        return conjugating(stepped.spec.twin() if recorded else stepped, stepped.spec)
    inner = conjugating(stepped.spec.twin() if recorded else stepped.inner, stepped.spec)
    return lambda node, g, free: stepped.leaving(node, inner(node, g, free), g, recorded)


def begin(outputs: Sequence[Tensor], gradients: Sequence[Any], recorded: bool) -> list[tuple[Any, Any]]:
    """The roots of a pass: (node, gradient) pairs, after PyTorch's checks."""
    __tracebackhide__ = True
    roots = []
    for i, (output, g) in enumerate(zip(outputs, gradients, strict=True)):
        if output._n is None:
            raise errors.no_graph(i)
        d = output._d
        if g is None:
            if d.size != 1:
                raise errors.not_scalar()
            if d.dtype.kind == "c":
                raise errors.not_real(output.dtype)
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
    __tracebackhide__ = True
    free = not (create_graph if retain_graph is None else retain_graph)
    roots = begin(outputs, gradients, create_graph)
    if inputs is not None:
        for t, g in zip(inputs, captured(roots, inputs, free, create_graph), strict=True):
            if g is not None:
                _accumulate_tensor(t, g, create_graph)
        return
    watch = here.watch
    if watch is None and not create_graph and not RAW["COMPLEX"]:
        arrived = sweep(roots, free)
    else:
        arrived = careful_sweep(roots, free, create_graph, watch or Watch())
    for cell, g in arrived:
        if cell.step is None:
            with accumulating:
                cell.grad = accumulated(cell.grad, g, create_graph)
        else:
            g = arrive(cell, g, create_graph)
        if watch is not None:
            watch.leaves[cell] = g


def arrive(cell: Any, g: Any, recorded: bool) -> Any:
    """The gradient of a leaf with hooks is complete: run them, add it to ``.grad``; return it as it was added."""
    stepped = cell.step
    g = stepped.arriving(g, recorded)
    with accumulating:
        cell.grad = accumulated(cell.grad, g, recorded)
    stepped.leaving(cell, (), g, recorded)
    for hook in tuple(stepped.accumulated.values()):
        hook(cell.variable)
    return g


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
    __tracebackhide__ = True
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


__all__ = ["Watch", "begin", "captured", "careful_sweep", "run_backward", "sweep"]
