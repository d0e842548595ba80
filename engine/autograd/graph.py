"""``torch.autograd.graph``: nodes and edges, hooks on what is saved, and a graph that can be kept."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np

from ..graph.careful import Watch
from ..graph.hooks import Handle
from ..graph.node import Node, Output, shown
from ..graph.snapshot import Pass, Snapshot
from ..graph.versions import wrote
from ..mode import CAREFUL, here, settle
from ..naming import absent
from ..table.kernel import tick
from ..tensor import Tensor, box, wrap


# ------------------------------------------------------------------------------------------------------ gradient edges
class _Edge(NamedTuple):
    node: Any
    output_nr: int
    ownership_token: Any = None


class GradientEdge(_Edge):
    """Where the gradient of a tensor arrives: output ``output_nr`` of ``node``."""

    relay: Any = None  # what stands for it in the graph, where it came from a tensor
    like: Any = None  # the tensor's shape and dtype


def get_gradient_edge(tensor: Tensor) -> GradientEdge:
    """The edge at which the gradient of ``tensor`` arrives; ``backward`` and ``grad`` take it in a tensor's place."""
    if tensor._n is None:
        raise RuntimeError("It is not possible to get the gradient edge for a Tensor that does not require gradients")
    edge = GradientEdge(*shown(tensor._n))
    edge.relay, edge.like = tensor._n, (tensor._d.shape, tensor._d.dtype)
    return edge


class _Root:
    """Stands for the tensor at an edge: its place in the graph, its shape and dtype."""

    def __init__(self, n: Any, like: Any) -> None:
        self._n = n
        shape, dtype = like
        self._d = np.broadcast_to(np.zeros((), dtype), shape)

    @property
    def dtype(self) -> Any:
        """As a tensor's."""
        from ..dtypes import OF

        return OF[self._d.dtype]


def root(edge: Any) -> _Root:
    """An edge as a place where a pass begins. Errors: RuntimeError for one that was made by hand of a node."""
    if edge.like is not None:
        return _Root(edge.relay, edge.like)
    node, nr = edge.node, edge.output_nr
    if node.key > 0:
        return _Root(node, (node.data.shape, node.data.dtype))
    shapes = getattr(node.step.spec, "shapes", ())
    like = shapes[nr] if nr < len(shapes) else None
    if like is None:
        raise RuntimeError("this edge knows no shape: take get_gradient_edge(tensor) of the tensor itself")
    return _Root(node if len(shapes) == 1 else Output(node, nr, tick()), like)


def found(edge: Any, roots: Sequence[Any]) -> Any:
    """What stands for an edge in the graph below ``roots``."""
    if edge.relay is not None:
        return edge.relay
    seen: set[int] = set()
    stack = [n for n in roots if n is not None]
    while stack:
        n = stack.pop()
        if n.key in seen:
            continue
        seen.add(n.key)
        if shown(n) == (edge.node, edge.output_nr):
            return n
        stack += n.edges
    return edge.node


def increment_version(tensor: Tensor | Iterable[Tensor]) -> None:
    """Count one in-place write to each tensor, as if an operation had made it."""
    for t in (tensor,) if isinstance(tensor, Tensor) else tensor:
        wrote(box(t))


# ------------------------------------------------------------------------------------------------------- saved tensors
class saved_tensors_hooks:
    """Inside, what operations save for their derivatives is ``pack_hook(tensor)``; a pass asks ``unpack_hook`` for it.

    The innermost pair counts. Thread-local.
    """

    def __init__(self, pack_hook: Callable[[Any], Any], unpack_hook: Callable[[Any], Any]) -> None:
        self.pack_hook, self.unpack_hook = pack_hook, unpack_hook

    def __enter__(self) -> None:
        if here.no_saving is not None:
            raise RuntimeError(here.no_saving)
        here.saving = (*here.saving, (self.pack_hook, self.unpack_hook))
        settle()

    def __exit__(self, *_: object) -> None:
        here.saving = here.saving[:-1]
        settle()


class save_on_cpu(saved_tensors_hooks):
    """Inside, what is saved stays where it is: this engine has no other device."""

    def __init__(self, pin_memory: bool = False, device_type: str = "cuda") -> None:
        super().__init__(lambda t: t.detach(), lambda t: t)


@contextmanager
def disable_saved_tensors_hooks(error_message: str) -> Iterator[None]:
    """Inside, ``saved_tensors_hooks`` raises RuntimeError with this message."""
    if here.saving:
        raise RuntimeError(error_message)
    before, here.no_saving = here.no_saving, error_message
    try:
        yield
    finally:
        here.no_saving = before


_mutable = False


@contextmanager
def allow_mutation_on_saved_tensors() -> Iterator[None]:
    """Inside, a tensor that was saved may be written: a copy of it is what is saved. Run the passes inside, too."""
    global _mutable
    if _mutable:
        raise RuntimeError("allow_mutation_on_saved_tensors contexts cannot be nested")

    def unpack(t: Tensor) -> Tensor:
        if not _mutable:
            raise AssertionError(
                "Trying to backward outside of the 'allow_mutation_on_saved_tensors' contextin which the graph was "
                "originally recorded."
            )
        return t

    with saved_tensors_hooks(lambda t: wrap(np.array(box(t))), unpack):
        _mutable = True
        try:
            yield
        finally:
            _mutable = False


# --------------------------------------------------------------------------------------------------------------- hooks
class _Handles(Handle):
    def __init__(self, handles: Sequence[Handle]) -> None:
        self.handles = tuple(handles)

    def remove(self) -> None:
        """Take all of the hooks off."""
        for handle in self.handles:
            handle.remove()


def register_multi_grad_hook(tensors: Sequence[Any], fn: Callable[..., Any], *, mode: str = "all") -> Handle:
    """``fn(gradients)`` when all of those that a pass computes are known; in mode ``any``, ``fn(first)``."""
    if mode not in ("all", "any"):
        raise ValueError(f"Expects mode to be one of {('all', 'any')} but got {mode}")
    CAREFUL.add("multi-grad hooks")  # from here on passes say which they are
    lock = threading.Lock()
    if mode == "any":
        ran: weakref.WeakSet[Watch] = weakref.WeakSet()

        def first(grad: Any) -> None:
            watch = here.passing
            with lock:
                new = watch not in ran
                ran.add(watch)
            if new:
                fn(grad)

        return _Handles([t.register_hook(first) for t in tensors if t.requires_grad])
    keys = [get_gradient_edge(t).relay.key for t in tensors]  # not the nodes: hooks on one would hold the others
    passes: weakref.WeakKeyDictionary[Watch, tuple[list[Any], list[int]]] = weakref.WeakKeyDictionary()

    def hook(i: int) -> Callable[[Any], None]:
        def inner(grad: Any) -> None:
            watch = here.passing
            with lock:
                if watch not in passes:
                    passes[watch] = [None] * len(keys), [sum(will_run(watch, key) for key in keys)]
                gradients, missing = passes[watch]
                gradients[i] = grad
                missing[0] -= 1
                done = missing[0] == 0
            if done:
                del passes[watch]
                fn(gradients)

        return inner

    return _Handles([t.register_hook(hook(i)) for i, t in enumerate(tensors)])


def will_run(watch: Watch, key: int) -> bool:
    """Whether a pass visits the node with this key."""
    if watch.only is not None:
        return key in watch.only or key in watch.capture
    seen: set[int] = set()
    stack = list(watch.roots)
    while stack:
        each = stack.pop()
        if each.key == key:
            return True
        if each.key not in seen:
            seen.add(each.key)
            stack += each.edges
    return False


__all__ = [
    "GradientEdge", "Node", "Pass", "Snapshot", "allow_mutation_on_saved_tensors", "disable_saved_tensors_hooks",
    "get_gradient_edge", "increment_version", "register_multi_grad_hook", "save_on_cpu", "saved_tensors_hooks",
]  # fmt: skip


__getattr__ = absent.lookup("torch.autograd.graph", lambda: __all__)
