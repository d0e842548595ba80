"""The backward pass: gradients go down the graph, newest node first, and are added to ``.grad`` at the leaves.

An edge always points to an older node, so a heap of keys gives the order with no count of dependencies; where the next
node is the newest of all, as in a chain, the pass goes straight on and never touches the heap. No recursion.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from heapq import heappop, heappush
from sys import getrefcount
from typing import Any

import numpy as np

from .. import autograd_errors, errors
from ..mode import CAREFUL, here, outside, record
from ..table.kernel import RAW, raw
from ..tensor import Tensor, wrap
from .careful import Queue, Watch, careful_sweep, passing, run_carefully
from .hooks import Undefined
from .node import Output, accumulating
from .rebase import hang
from .versions import check, last_write, wrote

_warned = False


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
    try:
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
    except Undefined as told:
        _go_on(Queue(grads, waiting, heap, leaves), node, told.parts, free)
    return [(cell, grads[cell.key]) for cell in leaves]


def _go_on(queue: Queue, node: Any, parts: Sequence[Any], free: bool) -> None:
    """The rest of a sweep in which ``node`` sent back a gradient that is None."""
    __tracebackhide__ = True
    for edge, part in zip(node.edges, parts, strict=True):
        queue.add(edge, part)
    run_carefully(queue, free, False, Watch())


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
    outputs: Sequence[Any],
    gradients: Sequence[Any],
    retain_graph: bool | None,
    create_graph: bool,
    inputs: Sequence[Any] | None = None,
) -> None:
    """Add each leaf's gradient to its ``.grad``; only those of ``inputs``, edges, where given."""
    __tracebackhide__ = True
    if here.levels and any(level.nested for level in here.levels):
        raise autograd_errors.backward_in_transform()
    free = not (create_graph if retain_graph is None else retain_graph)
    roots = begin(outputs, gradients, create_graph)
    if create_graph:
        _warn_of_cycle()
    watch = here.watch
    if inputs is None and watch is None and not (create_graph or CAREFUL):
        _accumulate(sweep(roots, free), False)
        return
    if inputs is not None:
        targets = {n.key for n in inputs} | {n.edge.key for n in inputs if type(n) is Output}
        asked = Watch((), reaching([node for node, _ in roots], targets))
        asked.ends = {key for key in targets if key < 0}
    else:
        asked = watch or Watch()
    here.watch = None  # what hooks run is no part of it
    try:
        with passing(asked):
            careful_sweep(roots, free, create_graph, asked, lambda *leaf: _accumulate([leaf], create_graph, asked))
    finally:
        here.watch = watch


LARGE = 1 << 16  # bytes from which on a gradient that nobody else holds is taken as it is


def _alone() -> int:
    """The reference count, in a loop as that of ``_accumulate``, of an array that nobody else holds."""
    for _, g in [(None, np.empty(1))]:
        return getrefcount(g)
    return 0


def _below(g: Any) -> tuple[Any, int]:
    """The array at the bottom of a view, and its reference count."""
    base = g.base
    return base, getrefcount(base)


ALONE = _alone()  # measured, for it depends on the interpreter
ALONE_BELOW = _below(np.empty((2, 2)).T)[1]


def _own(g: Any, leaf: Any) -> Any:
    """The array whose memory is that of ``g`` and of nobody else, if it is laid out as ``leaf``; or None."""
    if g.strides != leaf.strides:
        return None
    if g.flags.owndata:
        return g
    base, count = _below(g)  # as of a matrix that was transposed twice on its way
    return base if count <= ALONE_BELOW and type(base) is np.ndarray and base.strides == g.strides else None


def _accumulate(arrived: Sequence[tuple[Any, Any]], recorded: bool, watch: Watch | None = None) -> None:
    """Add each leaf's gradient to its ``.grad``, after its hooks."""
    __tracebackhide__ = True
    for cell, g in arrived:
        if cell.step is None:
            if g is not None:
                with accumulating:
                    own = None  # a copy is a sixth of the time of a cross entropy
                    if cell.grad is None and watch is None and g.nbytes > LARGE and getrefcount(g) <= ALONE:
                        own = _own(g, cell.data)
                    cell.grad = accumulated(cell, g, recorded) if own is None else wrap(own)
        else:
            g = arrive(cell, g, recorded)
        if watch is not None:
            watch.leaves[cell] = g


def _warn_of_cycle() -> None:
    """PyTorch's warning, once in a process."""
    global _warned
    if not _warned:
        _warned = True
        warnings.warn(
            "Using backward() with create_graph=True will create a reference cycle between the parameter and its "
            "gradient which can cause a memory leak. We recommend using autograd.grad when creating the graph to avoid "
            "this. If you have to use this function, make sure to reset the .grad fields of your parameters to None "
            "after use to break the cycle and avoid the leak.",
            UserWarning,
            stacklevel=outside(),
        )


def arrive(cell: Any, g: Any, recorded: bool) -> Any:
    """The gradient of a leaf with hooks is complete: run them, add it to ``.grad``; return it as it was added."""
    stepped = cell.step
    g = stepped.arriving(g, recorded)
    if g is not None:
        with accumulating:
            cell.grad = accumulated(cell, g, recorded)
    before = record(recorded)
    try:
        for hook in tuple(stepped.accumulated.values()):
            result = hook(leaf := cell.variable)
            if result is not None and result is not leaf:
                raise autograd_errors.accumulated_hook_returned(result)
    finally:
        record(before)
    stepped.leaving(cell, (), g, recorded)
    return g


@raw  # NumPy's warnings, of inf - inf, are dropped as in every kernel
def accumulated(cell: Any, g: Any, recorded: bool) -> Any:
    """``.grad`` after ``g`` was added: in place, keeping its identity, unless the addition itself is recorded."""
    if recorded:
        return added_recorded(cell, g)
    old = cell.grad
    if old is None:
        # a gradient may be memory that others hold: v itself, another leaf's gradient, a broadcast view
        return wrap(laid_as(cell.data, g) if type(g) is np.ndarray else g)
    if type(old._d) is np.ndarray:
        if getrefcount(old._d) > 2:  # a graph saved it, or a view shares it: the write must be found out
            wrote(old._d)
        np.add(old._d, g, out=old._d)
    else:
        old._d = old._d + g
    return old


def laid_as(leaf: Any, g: Any) -> Any:
    """A copy of ``g``, laid out as ``leaf``, and in C order where that has gaps."""
    if g.strides == leaf.strides and g.flags.c_contiguous:
        return np.array(g)
    if leaf.transpose(sorted(range(leaf.ndim), key=lambda i: -leaf.strides[i])).flags.c_contiguous:
        out = np.empty_like(leaf, g.dtype)
        out[...] = g
        return out
    return np.array(g, order="C")


def added_recorded(cell: Any, g: Tensor) -> Tensor:
    before = record(True)
    try:
        if cell.grad is not None:
            return cell.grad + g
        out = wrap(laid_as(cell.data, g._d) if type(g._d) is np.ndarray else g._d)
        if g._n is not None:
            out._n = hang("copy", {"x": None, "y": g._n}, {"y_shape": g._d.shape, "y_dtype": g._d.dtype})
        return out
    finally:
        record(before)


RAW.update(
    accumulated=accumulated, added_recorded=added_recorded, laid_as=laid_as, getrefcount=getrefcount, wrote=wrote
)


def captured(roots: Sequence[tuple[Any, Any]], inputs: Sequence[Any], free: bool, recorded: bool) -> list[Any]:
    """The gradient that arrives at each of ``inputs``, edges, None where none does; only what they need is run."""
    __tracebackhide__ = True
    targets = {n.key for n in inputs}
    watch = Watch(targets, reaching([node for node, _ in roots], targets))
    found = watch.found

    def finish(cell: Any, g: Any) -> None:
        found[cell.key] = g if cell.step is None else cell.step.arriving(g, recorded, captured=True)

    with passing(watch):
        careful_sweep(roots, free, recorded, watch, finish)
    return [found.get(n.key) for n in inputs]


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


__all__ = ["CAREFUL", "Watch", "begin", "captured", "careful_sweep", "run_backward", "sweep"]
