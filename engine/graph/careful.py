"""The backward pass with care: on Tensors, with gradients that are None, with somebody who watches.

``sweep.py`` has the quick one. This one costs a call or two per node more, and knows what a pass can be asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from heapq import heappop, heappush
from typing import Any

import numpy as np

from ..mode import CAREFUL, here, record
from ..table.kernel import RAW
from .conjugate import conjugating
from .hooks import HOOKED_LEAVES, Hooked, Undefined
from .node import Parts, accumulating
from .versions import check, last_write

Finish = Callable[[Any, Any], None]  # what becomes of a leaf and its gradient


class Watch:
    """What a careful sweep looks out for: gradients to capture, nodes worth visiting, and what to note down.

    names: where every edge is noted, the node to note it under and its slots, by key. replay: ``retain_grad`` is noted
    in ``retained``, not carried out. ends: nodes at which ``backward(inputs=...)`` ends; they run, for nobody.
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
        self.ends: set[int] = set()
        self.visible: set[int] = set()  # what is worth bringing a gradient to, where not everything is

    def arriving(self, stepped: Any, g: Any, recorded: bool, captured: bool = False) -> Any:
        """A gradient after the hooks of ``stepped``, with ``retain_grad`` put aside in a replay."""
        if not self.replay or stepped.retain is None or g is None:
            return stepped.arriving(g, recorded, captured)
        keep, stepped = stepped.retain, stepped.without_retain()
        g = stepped.arriving(g, recorded, captured)
        self.retained.append((keep, g))
        return g


class Queue:
    """Gradients on their way, by key of the node that they are for, and the keys of those still to be run.

    awaited: by key of a leaf how many gradients are still to come, where leaves are finished as soon as none is.
    """

    __slots__ = ("awaited", "grads", "heap", "leaves", "ready", "waiting")

    def __init__(self, grads: dict[int, Any], waiting: dict[int, Any], heap: list[int], leaves: list[Any]) -> None:
        self.grads, self.waiting, self.heap, self.leaves = grads, waiting, heap, leaves
        self.awaited: dict[int, int] = {}
        self.ready: list[Any] = []

    def add(self, node: Any, g: Any) -> None:
        """Add a gradient to what is for ``node``; None adds nothing, but the node is visited."""
        key, grads = node.key, self.grads
        if key in grads:
            before = grads[key]
            grads[key] = g if before is None else before if g is None else before + g
        else:
            grads[key] = g
            if key < 0:
                self.waiting[key] = node
                heappush(self.heap, key)
            else:
                self.leaves.append(node)
        if self.awaited and key > 0:
            self.awaited[key] -= 1
            if not self.awaited[key]:
                self.ready.append(node)

    def finish(self, finish: Finish) -> None:
        """Hand over the leaves that nothing more will arrive at; at the end, all that are left."""
        cells, self.ready = self.ready, []
        for cell in cells if self.heap else [*cells, *self.leaves]:
            if cell.key in self.grads:
                finish(cell, self.grads.pop(cell.key))


@contextmanager
def passing(watch: Watch) -> Iterator[None]:
    """Hooks that run inside find out which pass they belong to."""
    before, here.passing = here.passing, watch
    try:
        yield
    finally:
        here.passing = before


def careful_sweep(
    roots: Sequence[tuple[Any, Any]], free: bool, recorded: bool, watch: Watch, finish: Finish | None = None
) -> list[tuple[Any, Any]]:
    """``sweep`` that can work on Tensors (``create_graph``), capture gradients, skip nodes and note every edge.

    A gradient can be None, as a custom function sends it back: it goes down the graph like any other. Leaves go to
    ``finish``, as soon as the gradient is complete where some leaf has hooks; without it they are returned.
    """
    __tracebackhide__ = True
    queue = Queue({}, {}, [], [])
    watch.roots = [node for node, _ in roots]
    if finish is not None and HOOKED_LEAVES in CAREFUL:
        queue.awaited = awaited(watch)
    if watch.only is not None:
        watch.visible = watch.only | watch.capture | watch.ends
    for node, g in roots:
        if watch.only is None or node.key in watch.visible:
            queue.add(node, g)
    before = record(True) if recorded else here.grad
    try:
        with np.errstate(all="ignore"):
            run_carefully(queue, free, recorded, watch, finish if queue.awaited else None)
        if finish is not None:
            queue.finish(finish)
    finally:
        record(before)
    return [(cell, queue.grads[cell.key]) for cell in queue.leaves if cell.key in queue.grads]


def awaited(watch: Watch) -> dict[int, int]:
    """How many gradients a pass will bring to each leaf, by key."""
    counts: dict[int, int] = {}
    seen: set[int] = set()
    stack = list(watch.roots)
    while stack:
        node = stack.pop()
        if node.key > 0:
            counts[node.key] = counts.get(node.key, 0) + 1
        elif node.key not in seen and (watch.only is None or node.key in watch.only or node.key in watch.ends):
            seen.add(node.key)
            stack += node.edges
    return counts


def run_carefully(queue: Queue, free: bool, recorded: bool, watch: Watch, finish: Finish | None = None) -> None:
    """Run what is in the queue, and what that leads to."""
    __tracebackhide__ = True
    noting = watch.names is not None and watch.only is None and not recorded and not CAREFUL
    while queue.heap:
        if queue.ready and finish is not None:
            queue.finish(finish)
        key = heappop(queue.heap)
        node, g = queue.waiting.pop(key), queue.grads.pop(key)
        if noting and g is not None and type(g) is not Parts and type(node.step) is not Hooked:
            _note(node, g, free, watch, queue)
        elif "anomaly" in CAREFUL:
            RAW["run_anomalous"](_visit, node, g, free, recorded, watch, queue)
        else:
            _visit(node, g, free, recorded, watch, queue)


def _note(node: Any, g: Any, free: bool, watch: Watch, queue: Queue) -> None:
    """What `_visit` does where there is nothing to take care of but to note it, in half of the time."""
    __tracebackhide__ = True
    key, names = node.key, watch.names
    if key > last_write[0]:
        check(node)
    try:
        sent = node.step(node, g, free)
    except Undefined as told:
        sent = told.parts
    else:
        if node.others is None:
            sent = (sent,)
    if names is not None and key in names:
        name, slots = names[key]
        watch.nodes[name] = g
        for slot, part in zip(slots, sent, strict=True):
            if part is not None:
                watch.edges[name, slot] = part
    for edge, part in zip(node.edges, sent, strict=True):
        queue.add(edge, part)


def _visit(node: Any, g: Any, free: bool, recorded: bool, watch: Watch, queue: Queue) -> Any:
    """Run one node, hooks and all, and send its gradients on; what it sent, or None where it was not to be run."""
    __tracebackhide__ = True
    key, stepped, only, edges = node.key, node.step, watch.only, node.edges
    wanted = None
    if only is not None:
        needed = key in only or key in watch.ends
        if key in watch.capture:  # after the tensor's hooks; before them, as in PyTorch, where the node runs as well
            watch.found[key] = g
        if not needed:
            watch.found[key] = g if type(stepped) is not Hooked else watch.arriving(stepped, g, recorded, True)
            return None
        visible = watch.visible
        wanted = [edge.key in visible for edge in edges]
    if type(stepped) is Hooked:
        g = watch.arriving(stepped, g, recorded)
    if key > last_write[0]:
        check(node)
    sent = _step(node, stepped, g, free, recorded, wanted)
    if watch.names is not None and key in watch.names:
        name, slots = watch.names[key]
        watch.nodes[name] = g
        for slot, part in zip(slots, sent, strict=True):
            if part is not None:
                watch.edges[name, slot] = part
    add = queue.add
    for i, edge in enumerate(edges):
        if wanted is None or wanted[i]:
            add(edge, sent[i])
    return sent


def _step(
    node: Any, stepped: Any, g: Any, free: bool, recorded: bool, wanted: list[bool] | None = None
) -> Sequence[Any]:
    """The gradients that a node sends back, one for each edge: on arrays or Tensors, after its hooks.

    None for an edge that is not ``wanted``, as PyTorch does not compute it; a custom function does.
    """
    spec = stepped.spec
    custom = getattr(spec, "takes_none", False)
    undefined = g is None or (type(g) is Parts and not g)
    idle = wanted is not None and not custom and True not in wanted
    if (undefined and not custom) or idle:
        sent: Any = (None,) * len(node.edges)
        if free and not undefined and spec.data:
            node.saved = None
    else:
        inner = stepped.inner if type(stepped) is Hooked else stepped
        step = conjugating(spec.twin(), spec) if recorded else inner
        try:
            sent = step(node, g, free)
        except Undefined as told:
            sent = told.parts
        else:
            sent = (sent,) if node.others is None else sent
        if wanted is not None and not custom and False in wanted:
            sent = tuple([part if needed else None for part, needed in zip(sent, wanted, strict=True)])
    if type(stepped) is Hooked and stepped.after:
        sent = stepped.leaving(node, sent, g, recorded)
    return sent


def outputs_of(node: Any) -> tuple[bool, int]:
    """Whether an operation is of those with several outputs, and how many gradients its node takes."""
    spec = node.step.spec if node.key < 0 else None
    several = (
        getattr(spec, "inputs", None) == ("x",) or len(getattr(spec, "shapes", ())) > 1
    )  # of split; a custom one's
    several = several or (spec is not None and getattr(spec.row, "several", False))
    return several, len(spec.outputs) if several and spec is not None else 1


def call_node(node: Any, gradients: Sequence[Any]) -> Any:
    """What ``grad_fn(*gradients)`` returns: one gradient for each entry of ``next_functions``."""
    several, expected = outputs_of(node)
    if len(gradients) != expected:
        raise TypeError(f"expected {expected} arguments, got {len(gradients)} instead")
    for i, g in enumerate(gradients):
        if not (g is None or isinstance(g, RAW["Tensor"])):
            raise TypeError(f"argument {i} is not a Variable")
    if node.key > 0:
        if gradients[0] is not None:
            with accumulating:
                node.grad = RAW["accumulated"](node, gradients[0]._d, False)
        return ()
    check(node)
    given = [g if g is None or here.grad else g._d for g in gradients]
    parts = Parts({i: part for i, part in enumerate(given) if part is not None}) if several else given[0]
    plain = node.step.inner if type(node.step) is Hooked else node.step
    with np.errstate(all="ignore"):
        sent = dict(zip(node.slots, _step(node, plain, parts, False, here.grad), strict=True))
    wrapped = {i: t if t is None or here.grad else RAW["wrap"](t) for i, t in sent.items()}
    found = tuple([wrapped.get(i) for i in range(len(node.next_functions))])
    return found[0] if len(found) == 1 else found


RAW["call_node"] = call_node
