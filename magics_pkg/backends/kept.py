"""PyTorch's graphs, kept runnable: by a panel, and by nobody else.

A backward pass frees what its graph saved, and PyTorch has no public copy of a graph. So the user's own call runs with
``retain_graph=True``, and afterwards every saved tensor of the nodes that ran gets hooks that hand it out to the panel
alone: everyone else meets PyTorch's own "second time" error, as after the plain call.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from ..cells.uncollected import uncollected
from ..words import say
from . import CHANGED, FREED, Gone, Reached, custom_function, saves
from .called import HooksCalled
from .private import (
    accumulated_hooks,
    address_of,
    counts_writes,
    hooks_by_key,
    hooks_of,
    is_hooked,
    metadata_of,
    raw_names,
    readable,
    with_hooks,
)
from .seals import Guard, Holder
from .swept import Pass, Ways, watching

if TYPE_CHECKING:
    from .torch import Torch

COMPRESSED = ("torch.sparse_csr", "torch.sparse_csc", "torch.sparse_bsr", "torch.sparse_bsc")
MANY = "A leaf node was passed to"  # what a hook on several gradients asks, and cannot ask of leaves in other passes
REENTRANT = "CheckpointFunctionBackward"


class Kept:
    """A graph under ``outputs``, for a panel; see `backends.Snapshot`."""

    def __init__(self, backend: Torch, outputs: Sequence[Any], reached: Reached | None = None) -> None:
        self._backend = backend
        self._like = [(each.dtype, each.device) for each in outputs]
        self._is_scalar = len(outputs) == 1 and outputs[0].numel() == 1
        edge = backend.module.autograd.graph.GradientEdge
        self._outputs = [edge(*backend.root(each)) for each in outputs]  # whatever is written over the tensors later
        reached = Reached.under((each.node for each in self._outputs), reached)
        self._followed = reached.ways
        self._nodes = list(self._followed)
        if any(kind.__name__ == REENTRANT for kind in set(map(type, self._nodes))):
            raise ValueError(say("reentrant"))
        self._leaves = reached.leaves
        ends = set(self._leaves)
        self._inner = [node for node in self._nodes if node not in ends]  # what a pass of the panel's runs
        if any(str(layout) in COMPRESSED for layout in {node.variable.layout for node in self._leaves}):
            raise ValueError(say("sparse_leaf"))
        self._inputs = [edge(node, 0) for node in self._leaves]
        known = {id(each): each for each in (*backend.noted_tensors(), *outputs)}.values()
        self._named = _hooks_of(backend, self._nodes, known)
        every = (*known, *(node.variable for node in self._leaves))
        self._hooked = {id(each): hooks for each in every if (hooks := hooks_by_key(each))}
        self._retained = [
            (each, None if each.grad is None else backend.copy(each.grad)) for each in known if each.retains_grad
        ]
        self._ran: Collection[Any] = ()  # in the user's pass that is being watched
        self._called = HooksCalled()  # in that pass
        self._holders: list[Holder] = []
        self._handles: list[Any] = []
        self.observed: Pass | None = None
        self.whole_pass: Pass | None = None
        self._shapes: dict[Any, tuple[Any, ...]] = {}  # of each node's outputs, where nothing but a pass tells

    @cached_property
    def _counts_writes(self) -> bool:
        return counts_writes(self._backend.tensor)

    @cached_property
    def _ways(self) -> Ways | None:
        return Ways.of(self._backend.module.autograd.graph.GradientEdge, self._inner, self._outputs)

    @property
    def hooks(self) -> tuple[str, ...]:
        """What takes part in a pass beside PyTorch's own operations, in words."""
        return tuple(dict.fromkeys(self._named))

    @property
    def linear(self) -> bool:
        """Whether the result is sure to be linear in v, and another pass not to be noticed."""
        return not self._named

    @property
    def nbytes(self) -> int:
        """Bytes of the saved tensors that only this keeps alive."""
        tensors = [each.tensor for each in self._holders if each.tensor is not None]
        return sum(dict(map(address_of, tensors)).values())

    # ------------------------------------------------------------------ the user's own call
    @contextmanager
    def observe(self) -> Generator[None]:
        """Watch the user's pass: which nodes run, which Python functions they call, and, if any, their gradients."""
        seen = Pass()
        self._ran = seen.nodes
        watched = self._called = HooksCalled()
        plain = self._plain_leaves() if self.linear else {}
        nodes = [node for node in self._nodes if node not in plain] if plain else self._nodes
        large: list[Any] = []
        try:
            with watching(nodes, seen.nodes, seen.edges.noted, large), watched:
                yield
        finally:
            self._learn(seen)
            known = {each.partition(" on ")[0] for each in self._named}
            self._named += [each for each in watched.names if each not in known]
            if self._ran:
                self._observed(seen, plain, bool(large))
            self._ran = ()

    def _plain_leaves(self) -> dict[Any, tuple[Any, int]]:
        """Leaves of which the one edge to them tells what arrives, and what the pass leaves in ``.grad`` as well."""
        roots = {root.node for root in self._outputs}
        found: dict[Any, Any] = {leaf: None for leaf in self._leaves if leaf not in roots}
        several = set()
        for node, ways in self._followed.items():
            for slot, (leaf, _) in enumerate(ways):
                if leaf in found:
                    if found[leaf] is not None:
                        several.add(leaf)
                    found[leaf] = node, slot
        return {leaf: way for leaf, way in found.items() if leaf not in several and leaf.variable.grad is None}

    def _observed(self, seen: Pass, plain: dict[Any, tuple[Any, int]], large: bool) -> None:
        """Keep what the panel needs of the user's own pass, and what spares it one of its own; nothing of one of which
        only a part is held: what is missing would be taken for zero."""
        if large or (self.linear and (self._retained or not self._is_scalar)):
            return
        if not self.linear:
            seen.detach()
            for leaf in self._leaves:  # PyTorch may have put what arrived into ``.grad`` as it was
                if leaf not in plain and (got := seen.nodes.get(leaf, (None,))[0]) is not None:
                    seen.nodes[leaf] = (got.clone(),)
                # a hook that nothing tells of may have acted: what is in ``.grad`` is what arrived
                if leaf in plain and (grad := leaf.variable.grad) is not None:
                    seen.nodes[leaf] = (grad.detach().clone(),)
            seen.leaves = {leaf: seen.nodes[leaf][0] for leaf in self._leaves if leaf in seen.nodes}
            self.observed = seen
            return
        gave = seen.edges.noted
        for leaf in self._leaves:
            if leaf in plain:
                node, slot = plain[leaf]
                arrived = gave[node][slot] if node in gave else None
            else:
                got = seen.nodes.pop(leaf, (None,))[0]
                arrived = (
                    None if got is None else got.detach().clone()
                )  # PyTorch may have put it into ``.grad`` as it was
                gave.pop(leaf, None)
            if arrived is not None:
                seen.leaves[leaf] = arrived
        self.whole_pass = seen

    @contextmanager
    def sealing(self) -> Generator[None]:
        """What runs inside frees nothing, and nobody but the panel notices; also where a hook raises half way."""
        # it may write over what its graph saved: into a .grad that the graph was computed from, or in a hook
        adds = any(node.variable.grad is not None for node in self._leaves)
        try:
            yield
        finally:
            self._called.stop()  # what follows is ours, and each call of it would be looked at
            with uncollected():
                writes = adds or bool(self._named or self._called.names)
                intact, other = (_packer(self._holders, self._backend, each) for each in (True, False))
                kinds: dict[type, bool] = {type(node): True for node in self._leaves}  # whether such nodes save nothing
                for node in self._ran:
                    if type(node) not in kinds:
                        kinds[type(node)] = self._is_empty(node)
                    if not kinds[type(node)]:
                        self._seal(node, _saved(node, writes), (intact, other))

    def _is_empty(self, node: Any) -> bool:
        """Whether there is nothing to seal in nodes of this kind, what they saved having names."""
        return self._backend.names_saved and not raw_names(node) and _is_plain(node)

    def _seal(self, node: Any, found: Iterator[tuple[Any, bool]], packs: tuple[Pack, Pack]) -> None:
        """``packs``: for what a node holds as it was saved, and for what was written over."""
        plain, counts = _is_plain(node), self._counts_writes
        if not self._backend.names_saved:
            plain = not node.saved_tensors if custom_function(node) else plain and not saves(node.name())
        for saved, intact in found:
            try:
                saved.register_hooks(packs[not intact], Holder.give)
                if not counts:  # not in the packing, in which nothing may be saved
                    self._holders[-1].watch(self._backend.module)
            except RuntimeError as error:
                # nothing was saved there; else the program has hooks of its own on it, as checkpointing has
                plain = plain and "None" in str(error)
        if not plain:
            self._handles.append(node.register_prehook(Guard(self._backend.seals)))

    # ------------------------------------------------------------------ the panel's passes
    def run(self, gradients: Sequence[Any], create_graph: bool = False) -> Pass:
        """One backward pass; touches no ``.grad``.

        Errors: Gone where the graph was freed or its values changed since."""
        module = self._backend.module
        given = [g if g is None or hasattr(g, "detach") else self.gradient(root, g) for root, g in enumerate(gradients)]
        done = Pass()
        ways = self._ways if self.linear and not create_graph else None
        got: dict[Any, tuple[Any, ...]] = done.nodes if ways is None else {}
        watched = watching(self._inner if ways is None else ways.watched, got, done.edges.noted)
        asked = self._inputs if ways is None else [*self._inputs, *ways.asked]
        then = with_hooks(self._backend.noted_tensors(), self._hooked)  # later ones take no part
        with uncollected(), self._backend.seals.opened(), self._retaining(done), watched, then:
            try:
                found = module.autograd.grad(
                    self._outputs, asked, given,
                    retain_graph=True, create_graph=create_graph, allow_unused=True,
                ) if self._inputs else ()  # fmt: skip
            except RuntimeError as error:
                if FREED[:40] in str(error):  # by a call in another cell, which kept nothing
                    raise Gone(str(error)) from None
                if MANY in str(error):
                    raise RuntimeError(say("multi_grad")) from None
                raise
        done.leaves = {leaf: g for leaf, g in zip(self._leaves, found, strict=False) if g is not None}
        if ways is not None and found:
            ways.fill(done, found[len(self._leaves) :])
        if create_graph:
            done.detach()
        self._learn(done)
        return done

    def _learn(self, done: Pass) -> None:
        """Note the shapes of what arrived at nodes that do not tell."""
        telling: dict[type, bool] = {}  # whether nodes of a kind do
        for node, got in done.nodes.items():
            kind = type(node)
            if kind not in telling:
                telling[kind] = bool(metadata_of(node))
            if not telling[kind]:
                self._shapes[node] = tuple(None if each is None else each.shape for each in got)

    def _shapes_of(self, node: Any) -> tuple[Any, ...]:
        told = tuple(each.shape for each in metadata_of(node)) or self._shapes.get(node, ())
        return told or ((node.variable.shape,) if hasattr(node, "variable") else ())

    def gradient(self, root: int, numbers: Any) -> Any:
        """Numbers as a tensor like this output."""
        dtype, device = self._like[root]
        if hasattr(numbers, "detach"):
            return numbers.to(dtype=dtype, device=device)
        return self._backend.module.from_numpy(np.array(numbers)).to(dtype=dtype, device=device)

    def vjp(self, node: Any, nr: int, gradient: Any) -> tuple[Any, ...]:
        """What this one node sends back where ``gradient`` arrives at its output ``nr``; hooks do not run."""
        given = [None] * max(len(self._shapes_of(node)), nr + 1)
        given[nr] = gradient
        with self._backend.seals.opened():
            found = node(*given)
        sent = found if isinstance(found, tuple) else (found,)
        # the engine sums what was broadcast; a node that is called does not
        return tuple(self._summed(each, *to) for each, to in zip(sent, node.next_functions, strict=False))

    def _summed(self, gradient: Any, node: Any, nr: int) -> Any:
        shapes = self._shapes_of(node) if node is not None else ()
        shape = shapes[nr] if nr < len(shapes) else None
        return gradient if None in (gradient, shape) or gradient.shape == shape else gradient.sum_to_size(shape)

    def saved(self, node: Any) -> dict[str, Any]:
        """What a node saved, by name; of a custom function, whose values have none, `saved_tensors`."""
        found: dict[str, Any] = {}
        with self._backend.seals.opened():
            for raw in raw_names(node):
                name = raw.removeprefix("_raw_saved_")
                value = getattr(node, readable(raw))
                several = isinstance(value, tuple | list)
                found |= {f"{name}[{i}]": each for i, each in enumerate(value)} if several else {name: value}
        return {name: value for name, value in found.items() if value is not None}

    def hooks_on(self, node: Any, nr: int, tensor: Any) -> tuple[str, ...]:
        """Those that the tensor tells of; PyTorch lists no node's own."""
        known = getattr(node, "variable", tensor)
        return tuple(map(_called, (*hooks_of(known), *accumulated_hooks(known))))

    @contextmanager
    def _retaining(self, done: Pass) -> Generator[None]:
        """``retain_grad`` acts in every pass: take what it did into the pass, and put the user's back."""
        now = [(tensor, tensor.grad, held) for tensor, held in self._retained]
        for tensor, _, _ in now:
            tensor.grad = None
        try:
            yield
        finally:
            for tensor, old, held in now:
                new = tensor.grad
                if new is not None:
                    done.retained.append((tensor, new if held is None else held + new))
                tensor.grad = old

    def close(self) -> None:
        """Let everything go; nodes that the user still holds go on refusing."""
        for each in self._holders:
            each.tensor = None
        self._outputs, self._nodes, self._leaves, self._inner, self._inputs = [], [], [], [], []
        self._followed = {}
        self._holders, self._handles, self._retained = [], [], []
        self.observed = self.whole_pass = None
        self.__dict__.pop("_ways", None)


def _called(hook: Any) -> str:
    return str(getattr(hook, "__qualname__", type(hook).__name__))


Pack = Callable[[Any], Holder]


def _packer(holders: list[Holder], backend: Torch, intact: bool) -> Pack:
    """A function that puts a saved tensor into a holder, the same one for all nodes."""
    seals = backend.seals

    def pack(tensor: Any) -> Holder:
        made = Holder(tensor, seals, intact)
        holders.append(made)
        return made

    return pack


def _is_plain(node: Any) -> bool:
    """Whether all that it may have saved has names in Python."""
    return "::" not in node.name() and type(node).__name__ != "CopySlices"


def _saved(node: Any, writes: bool) -> Iterator[tuple[Any, bool]]:
    """The SavedTensors of a node, and whether they hold what was saved; a call that freed them earlier has left none.

    ``writes``: whether the pass may have written over some of it; what it has read is else as it was."""
    for name in raw_names(node):
        try:
            value = getattr(node, name)
        except RuntimeError:
            continue
        intact = not writes or _is_intact(node, name.replace("_raw", "", 1))
        if isinstance(value, tuple | list):
            yield from ((each, intact) for each in value)
        elif value is not None:
            yield value, intact


def _is_intact(node: Any, name: str) -> bool:
    try:
        getattr(node, name, None)  # nothing is known of a custom function's
    except RuntimeError as error:
        return CHANGED not in str(error)
    return True


def _hooks_of(backend: Torch, nodes: Sequence[Any], known: Iterable[Any]) -> list[str]:
    """The custom functions of a graph, and the hooks that tensors tell of, by name."""
    found = []
    inside = set(nodes)
    leaves = ((node, variable) for node in nodes if (variable := getattr(node, "variable", None)) is not None)
    tensors = {id(each): (node, each) for node, each in leaves if is_hooked(each)}
    for each in known:
        if each.grad_fn in inside:
            tensors[id(each)] = (each.grad_fn, each)
    for node, tensor in tensors.values():
        found += [f"{_called(hook)} on {node.name()}" for hook in (*hooks_of(tensor), *accumulated_hooks(tensor))]
    custom = backend.module.autograd.function.BackwardCFunction
    found += [f"{node.name().removesuffix('Backward')}.backward" for node in nodes if isinstance(node, custom)]
    return found
