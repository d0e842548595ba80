"""The backward calls of a cell: what was there before each, the graph it is about to free, and what came after."""

from __future__ import annotations

import dataclasses
import itertools
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from typing import Any

from ..backends import Backend, Reached, Snapshot, version_of
from ..backends.arrays import copied, has_any, is_same, joined
from ..backends.created import Creating
from ..cells.uncollected import uncollected
from ..cells.walk import Path
from ..words import say
from .trace import Backward

PARAMETERS = {
    "backward": ("roots", "gradients", "retain_graph", "create_graph", "inputs"),
    "autograd.backward": ("roots", "gradients", "retain_graph", "create_graph", "grad_variables", "inputs"),
    "autograd.grad": ("roots", "inputs", "gradients", "retain_graph", "create_graph"),
}
# What the three functions call the same thing
SAME = {
    "self": "roots",
    "tensors": "roots",
    "outputs": "roots",
    "gradient": "gradients",
    "grad_tensors": "gradients",
    "grad_variables": "gradients",
    "grad_outputs": "gradients",
}
TOLD = 4096  # entries of all gradients of a call together that are kept, so that calls can be told apart
CREATED = 8  # graphs made by passes that are known node by node
COMPARED = 1_000_000  # entries of all gradients together that are compared number by number after the cell


class Values(Mapping[Any, tuple[int, Any]]):
    """By tensor, the version and a copy of the value that it had when this was made.

    Copied together: a copy for each of 12,000 parameters, of which a panel shows a few, takes five times as long."""

    def __init__(self, backend: Backend, tensors: Sequence[Any]) -> None:
        alike: dict[Any, list[Any]] = {}
        for each in tensors:
            alike.setdefault(each.dtype, []).append(each)
        self._versions = {each: version_of(each) for each in tensors}
        self._copies: dict[Any, Any] = {}
        self._joined: dict[Any, tuple[Any, list[Any]]] = {}
        self._places: dict[Any, int] | None = None
        for dtype, several in alike.items():
            flat = backend.joined(several) if len(several) > 1 else None
            if flat is None:
                self._copies.update((each, backend.copy(each)) for each in several)
            else:
                self._joined[dtype] = flat, several

    def __getitem__(self, tensor: Any) -> tuple[int, Any]:
        version = self._versions[tensor]
        if tensor in self._copies:
            return version, self._copies[tensor]
        if self._places is None:
            self._places = {}
            for _, several in self._joined.values():
                ends = itertools.accumulate(each.numel() for each in several)
                self._places.update(zip(several, ends, strict=True))
        end = self._places[tensor]
        return version, self._joined[tensor.dtype][0][end - tensor.numel() : end].reshape(tuple(tensor.shape))

    def __iter__(self) -> Iterator[Any]:
        return iter(self._versions)

    def __len__(self) -> int:
        return len(self._versions)


class BackwardPasses:
    """Runs the user's backward calls as they are, and notes around each what a panel needs.

    Only the latest call that went through keeps its graph and tensors; ``autograd.grad`` takes it from no backward.
    ``output``: see Recorder.
    """

    def __init__(self, output: Callable[[], Any] | None = None) -> None:
        self.output = output
        self.backend: Backend | None = None
        self.passes: list[Backward] = []
        self.notes: list[str] = []
        self.tape: Any = None  # of --compare
        self._open: list[int] = []  # the passes that still keep something
        self._after: dict[Any, tuple[Any, int]] = {}  # leaf: its .grad after the last pass, version
        self._numbers: Any = None  # all of these, one after the other

    def run(self, backend: Backend, func: Any, args: Any, kwargs: dict[str, Any], path: Path) -> Any:
        """Run one call; the graph is kept first, because the call frees it."""
        self.backend = backend
        with uncollected():
            noted = self._note(backend, backend.kind_of(func), args, kwargs, path)
            self.before(backend, noted)
        entry = self.tape.before_pass(func, args, kwargs, path) if self.tape is not None else None
        creating = Creating(backend, noted.roots) if noted.create_graph else None
        try:
            # what is noted of a pass is all that makes objects in it, unless code of the program's runs in it too
            ours = noted.snapshot is not None and noted.snapshot.linear
            with creating or nullcontext(), uncollected() if ours else nullcontext():
                result = backend.run(noted.snapshot, noted.kind, func, args, kwargs)
        except BaseException as error:
            if self.tape is not None:
                self.tape.drop(entry)
            self._open.append(len(self.passes))
            self.passes.append(dataclasses.replace(noted, error=error))
            raise
        if self.tape is not None:
            self.tape.after_pass(entry, result, noted.snapshot)
        if creating is not None:
            returns = noted.kind == "autograd.grad"
            inputs = tuple(noted.inputs or ()) if returns else tuple(noted.before)
            given = _several(result) if returns else tuple(leaf.grad for leaf in inputs)
            creating.finish(inputs, given, accumulates=not returns)
        created = creating.created if creating is not None and creating.created else None
        noted = dataclasses.replace(noted, told=_told(backend, noted, result), created=created)
        self._forget(noted)
        self._supersede(noted.kind)
        self._open.append(len(self.passes))
        self.passes.append(noted)
        if noted.kind != "autograd.grad":
            self._remember(backend, noted.before)
        return result

    def before(self, backend: Backend, noted: Backward) -> None:
        """The call is about to be made."""

    def _supersede(self, kind: str) -> None:
        """Let go of what earlier calls keep, now that this one has gone through."""
        held = []
        for i in self._open:
            earlier = self.passes[i]
            if kind == "autograd.grad" and earlier.kind != kind:
                held.append(i)
                continue
            earlier.close()
            self.passes[i] = dataclasses.replace(
                earlier, roots=(), gradients=None, inputs=None, snapshot=None, snapshots={}, before={}, values={},
                reached=None,
            )  # fmt: skip
        self._open = held

    def _forget(self, noted: Backward) -> None:
        """A long loop must not hold the graphs that its earlier rounds made, and that a pass has freed since."""
        if noted.created is None:
            return
        made = [i for i, each in enumerate(self.passes) if each.created is not None]
        freed = [i for i, each in enumerate(self.passes) if not each.create_graph and not each.retain_graph]
        for i in made:
            if i < max(freed, default=-1) or i in made[: -CREATED + 1]:
                self.passes[i] = dataclasses.replace(self.passes[i], created=None)

    def named(self) -> Any:
        """The output that the user named, once there is a tensor of this library by that name."""
        found = self.output() if self.output is not None else None
        return found if self.backend is not None and isinstance(found, self.backend.tensor) else None

    def finish(self) -> list[Backward]:
        """The passes, the last of them with what the cell did to each ``.grad`` afterwards."""
        for i in range(len(self.passes) - 1, -1, -1):
            if self.passes[i].error is None and self.passes[i].kind != "autograd.grad":
                self.passes[i] = dataclasses.replace(self.passes[i], changed=self._changes())
                break
        self._after = {}
        return self.passes

    def _note(self, backend: Backend, kind: str, args: Any, kwargs: dict[str, Any], path: Path) -> Backward:
        given = dict(zip(PARAMETERS[kind], args, strict=False))
        given.update((SAME.get(name, name), value) for name, value in kwargs.items())
        roots = tuple(each for each in _several(given.get("roots")) if isinstance(each, backend.tensor))
        gradients, inputs = given.get("gradients"), given.get("inputs")
        leaves, reached = reachable(backend, roots)
        self.notes.clear()
        keep = kind != "autograd.grad" or all(self.passes[i].kind == kind for i in self._open)
        if given.get("is_grads_batched"):
            keep = False
            self.notes.append(say("batched"))
        snapshots = {}
        if keep and (named := self.named()) is not None and not _holds(roots, named):
            kept = self._keep(backend, (named,), reached)
            snapshots = {id(named): kept} if kept is not None else {}
        return Backward(
            kind,
            roots,
            None if gradients is None else tuple(_several(gradients)),
            bool(given.get("create_graph")),
            given.get("retain_graph"),
            None if inputs is None else tuple(_several(inputs)),
            before={leaf: _copy(backend, leaf.grad) for leaf in leaves},
            nodes=leaves,
            values=Values(backend, [leaf for leaf in leaves if leaf.numel() <= 10_000]),
            snapshot=self._keep(backend, roots, reached) if keep else None,
            snapshots=snapshots,
            path=path,
            origins=tuple(weakref.ref(each) for each in roots),
            at=backend.sequence_number(),
            reached=reached if keep else None,
        )

    def _keep(self, backend: Backend, outputs: tuple[Any, ...], reached: Reached) -> Snapshot | None:
        """A kept graph; a cell must run even where its graph cannot be kept, and then the panel says so."""
        if not outputs or not all(each.requires_grad for each in outputs):
            return None
        try:
            return backend.snapshot(list(outputs), reached)
        except Exception as error:  # whatever it is, the user's own call must still be made
            self.notes.append(say("cannot_move", error=error or type(error).__name__))
            return None

    def _remember(self, backend: Backend, leaves: Iterable[Any]) -> None:
        self._after = {leaf: (grad := leaf.grad, version_of(grad)) for leaf in leaves}
        grads = [grad for grad, _ in self._after.values() if grad is not None]
        small = grads and sum(grad.numel() for grad in grads) <= COMPARED
        self._numbers = copied(grads) if small and not any(map(backend.unshown, grads)) else None

    def _changes(self) -> dict[Any, str]:
        """Leaf by leaf, what became of ``.grad`` after the last pass; leaves that it left alone are not in it.

        Any write counts, also one that left the same numbers for the v as written, as zero_() after v = 0.
        """
        changes = {}
        rewritten = self._rewritten()
        for leaf, (grad, version) in self._after.items():
            now = leaf.grad
            if now is None:
                if grad is not None:
                    changes[leaf] = "set to None"
                continue
            assert self.backend is not None
            if self.backend.unshown(now):
                continue
            if now is not grad or version_of(now) != version or leaf in rewritten:
                changes[leaf] = "changed" if has_any(now) else "set to zero"
        return changes

    def _rewritten(self) -> set[Any]:
        """The leaves whose ``.grad`` is the same tensor with other numbers: by NumPy or .data, no version tells."""
        grads = {leaf: grad for leaf, (grad, _) in self._after.items() if grad is not None}
        if self._numbers is None or is_same(joined(list(grads.values())), self._numbers):
            return set()
        found, end = set(), 0
        for leaf, grad in grads.items():
            begin, end = end, end + grad.numel()
            if not is_same(joined([grad]), self._numbers[begin:end]):
                found.add(leaf)
        return found


def reachable_leaves(backend: Backend, roots: Iterable[Any]) -> dict[Any, Any]:
    """The leaves under these tensors, and the node of each."""
    return reachable(backend, roots)[0]


def reachable(backend: Backend, roots: Iterable[Any]) -> tuple[dict[Any, Any], Reached]:
    """The same, with everything on the way to them."""
    roots = list(roots)
    leaves = {root: backend.leaf_node(root) for root in roots if root.grad_fn is None and root.requires_grad}
    reached = Reached.under(root.grad_fn for root in roots if root.grad_fn is not None)
    for node in reached.leaves:
        leaves.setdefault(node.variable, node)
    return leaves, reached


def _told(backend: Backend, noted: Backward, result: Any) -> tuple[tuple[Any, Any, Any], ...]:
    """What a call did to each small leaf, before and after it; what ``autograd.grad`` gave for each input."""
    if noted.kind == "autograd.grad":
        found = [(each, None, got) for each, got in zip(noted.inputs or (), _several(result), strict=False)]
    else:
        found = [(leaf, before, leaf.grad) for leaf, before in noted.before.items()]
    room, told = TOLD, []
    for leaf, before, after in found:
        size = after.numel() if isinstance(after, backend.tensor) else 0
        if size and size <= room:
            room -= size
            told.append((leaf, before, _copy(backend, after)))
    return tuple(told)


def _several(given: Any) -> tuple[Any, ...]:
    return () if given is None else tuple(given) if isinstance(given, tuple | list) else (given,)


def _holds(tensors: tuple[Any, ...], one: Any) -> bool:
    return any(each is one for each in tensors)


def _copy(backend: Backend, tensor: Any) -> Any:
    return None if tensor is None else backend.copy(tensor)
