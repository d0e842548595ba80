"""The backward pass with care: on Tensors, with gradients that are None, with somebody who watches.

``sweep.py`` has the quick one. This one costs a call or two per node more, and knows what a pass can be asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from heapq import heappop, heappush
from typing import Any

import numpy as np

from .conjugate import conjugating
from .hooks import Hooked, Undefined
from .kernel import RAW
from .mode import here, record
from .node import Parts, accumulating
from .versions import check, last_write

CAREFUL: set[str] = set()  # why every pass has to be a careful one


class Watch:
    """What a careful sweep looks out for: gradients to capture, nodes worth visiting, and what to note down.

    names: where every edge is noted, the node to note it under and its slots, by key. replay: ``retain_grad`` is noted
    in ``retained``, not carried out.
    """

    def __init__(
        self,
        capture: Iterable[int] = (),
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
        self.roots: list[Any] = []

    def arriving(self, stepped: Any, g: Any, recorded: bool, captured: bool = False) -> Any:
        """A gradient after the hooks of ``stepped``, with ``retain_grad`` put aside in a replay."""
        if not self.replay or stepped.retain is None or g is None:
            return stepped.arriving(g, recorded, captured)
        keep, stepped = stepped.retain, stepped.without_retain()
        g = stepped.arriving(g, recorded, captured)
        self.retained.append((keep, g))
        return g

    def deliver(self, edge: Any, part: Any, queue: Queue) -> None:
        """Bring a gradient, or None for an undefined one, to where it goes, if that is worth visiting."""
        if self.only is None or edge.key in self.only or edge.key in self.capture:
            queue.add(edge, part)


class Queue:
    """Gradients on their way, by key of the node that they are for, and the keys of those still to be run."""

    __slots__ = ("grads", "heap", "leaves", "waiting")

    def __init__(self, grads: dict[int, Any], waiting: dict[int, Any], heap: list[int], leaves: list[Any]) -> None:
        self.grads, self.waiting, self.heap, self.leaves = grads, waiting, heap, leaves

    def add(self, node: Any, g: Any) -> None:
        """Add a gradient to what is for ``node``; None adds nothing, but the node is visited."""
        key, grads = node.key, self.grads
        if key in grads:
            before = grads[key]
            grads[key] = g if before is None else before if g is None else before + g
            return
        grads[key] = g
        if key > 0:
            self.leaves.append(node)
        else:
            self.waiting[key] = node
            heappush(self.heap, key)


@contextmanager
def passing(watch: Watch) -> Iterator[None]:
    """Hooks that run inside find out which pass they belong to."""
    before, here.passing = here.passing, watch
    try:
        yield
    finally:
        here.passing = before


def careful_sweep(roots: Sequence[tuple[Any, Any]], free: bool, recorded: bool, watch: Watch) -> list[tuple[Any, Any]]:
    """``sweep`` that can work on Tensors (``create_graph``), capture gradients, skip nodes and note every edge.

    A gradient can be None, as a custom function sends it back: it goes down the graph like any other.
    """
    __tracebackhide__ = True
    queue = Queue({}, {}, [], [])
    for node, g in roots:
        watch.deliver(node, g, queue)
    before = record(True) if recorded else here.grad
    watch.roots = [node for node, _ in roots]
    try:
        with np.errstate(all="ignore"):
            run_carefully(queue, free, recorded, watch)
    finally:
        record(before)
    return [(cell, queue.grads[cell.key]) for cell in queue.leaves]


def run_carefully(queue: Queue, free: bool, recorded: bool, watch: Watch) -> None:
    """Run what is in the queue, and what that leads to."""
    __tracebackhide__ = True
    while queue.heap:
        key = heappop(queue.heap)
        node, g = queue.waiting.pop(key), queue.grads.pop(key)
        if "anomaly" in CAREFUL:
            RAW["run_anomalous"](_visit, node, g, free, recorded, watch, queue)
        else:
            _visit(node, g, free, recorded, watch, queue)


def _visit(node: Any, g: Any, free: bool, recorded: bool, watch: Watch, queue: Queue) -> Any:
    """Run one node, hooks and all, and send its gradients on; what it sent, or None where it was not to be run."""
    __tracebackhide__ = True
    key, stepped = node.key, node.step
    if key > last_write[0]:
        check(node)
    captured = key in watch.capture
    if type(stepped) is Hooked:
        g = watch.arriving(stepped, g, recorded, captured)
    if captured:  # what the tensor's own hooks leave
        watch.found[key] = g
    if watch.only is not None and key not in watch.only:
        return None
    if captured and type(stepped) is Hooked:
        g = stepped.entering(g, recorded)
    sent = _step(node, stepped, g, free, recorded)
    if watch.names is not None and key in watch.names:
        name, slots = watch.names[key]
        watch.nodes[name] = g
        for slot, part in zip(slots, sent, strict=True):
            if part is not None:
                watch.edges[name, slot] = part
    for edge, part in zip(node.edges, sent, strict=True):
        watch.deliver(edge, part, queue)
    return sent


def _step(node: Any, stepped: Any, g: Any, free: bool, recorded: bool) -> Sequence[Any]:
    """The gradients that a node sends back, one for each edge: on arrays or Tensors, after its hooks."""
    spec = stepped.spec
    undefined = g is None or (type(g) is Parts and not g)
    if undefined and not getattr(spec, "takes_none", False):
        sent: Any = (None,) * len(node.edges)
    else:
        step = spec.twin() if recorded else stepped.inner if type(stepped) is Hooked else stepped
        step = conjugating(step, spec)
        try:
            sent = step(node, g, free)
        except Undefined as told:
            sent = told.parts
        else:
            sent = (sent,) if node.others is None else sent
    if type(stepped) is Hooked and stepped.after:
        sent = stepped.leaving(node, sent, g, recorded)
    return sent


def call_node(node: Any, gradients: Sequence[Any]) -> Any:
    """What ``grad_fn(*gradients)`` returns: one gradient for each entry of ``next_functions``."""
    spec = node.step.spec if node.key < 0 else None
    several = (
        getattr(spec, "inputs", None) == ("x",) or len(getattr(spec, "shapes", ())) > 1
    )  # of split; a custom one's
    several = several or (spec is not None and getattr(spec.row, "several", False))
    expected = len(spec.outputs) if several and spec is not None else 1
    if len(gradients) != expected:
        raise TypeError(f"expected {expected} arguments, got {len(gradients)} instead")
    for i, g in enumerate(gradients):
        if not (g is None or isinstance(g, RAW["Tensor"])):
            raise TypeError(f"argument {i} is not a Variable")
    if node.key > 0:
        if gradients[0] is not None:
            with accumulating:
                node.grad = RAW["accumulated"](node.grad, gradients[0]._d, False)
        return ()
    given = [g if g is None or here.grad else g._d for g in gradients]
    parts = Parts({i: part for i, part in enumerate(given) if part is not None}) if several else given[0]
    plain = node.step.inner if type(node.step) is Hooked else node.step
    with np.errstate(all="ignore"):
        sent = dict(zip(node.slots, _step(node, plain, parts, False, here.grad), strict=True))
    wrapped = {i: t if t is None or here.grad else RAW["wrap"](t) for i, t in sent.items()}
    found = tuple([wrapped.get(i) for i in range(len(node.next_functions))])
    return found[0] if len(found) == 1 else found


RAW["call_node"] = call_node
