"""A backward pass that makes a graph of its own: which node of the first graph made each node of the second.

Hooks on the first graph's nodes tell, while the user's own pass runs: what a node makes comes between the hook before
and its own, and leads from what it sends to what it got; what else comes between adds up gradients where paths meet.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from ..style.elements import Values, values_in
from . import Backend
from .private import age_of

Arrival = tuple[Any, int]  # a node and which of its outputs: where a gradient arrives

MOST = 400  # nodes of a first graph; of more, nobody looks at each one's derivative


class Created:
    """The graph that one pass made.

    roots: where the first graph begins. made: by node of the second graph the first graph's node that made it, and for
    which of its inputs. sums: by node, where in the first graph the gradients meet that it adds up. gradient_of: by
    (node, output), where in the first graph that gradient arrives. values: the same tensors' first entries.
    accumulates: whether it went into ``.grad``."""

    def __init__(self, roots: tuple[Arrival, ...]) -> None:
        self.roots = roots
        self.made: dict[Any, tuple[Any, frozenset[int]]] = {}
        self.sums: dict[Any, Arrival] = {}
        self.gradient_of: dict[Arrival, Arrival] = {}
        self.values: dict[Arrival, Values] = {}
        self.accumulates = False

    def __bool__(self) -> bool:
        return bool(self.made or self.sums)


class Creating:
    """While it lasts, a pass from these tensors is watched; ``created`` is what it made."""

    def __init__(self, backend: Backend, roots: Iterable[Any]) -> None:
        self._backend = backend
        self._roots = tuple(backend.root(each) for each in roots if each.requires_grad)
        self._nodes = _under(node for node, _ in self._roots)
        self._handles: list[Any] = []
        self._failed = False
        self._first = frozenset(self._nodes)
        self._counted = backend.counts and all(age_of(node) is not None for node in self._nodes[:1])
        self.created = Created(self._roots)

    def __enter__(self) -> Creating:
        self._begin = self._since = self._backend.sequence_number()
        if len(self._nodes) <= MOST:  # else the graph that the pass makes is one card
            self._handles = [node.register_hook(self._watcher(node)) for node in self._nodes]
        return self

    def __exit__(self, *error: object) -> None:
        for each in self._handles:
            each.remove()
        self._backend.unhook(self._nodes)

    def _watcher(self, node: Any) -> Callable[[Any, Any], None]:
        def note(sent: Any, got: Any) -> None:
            if self._failed:
                return
            now = self._backend.sequence_number()
            try:
                self._note(node, sent, got, now)
            except Exception:  # the user's own pass must go on; its graph is one card then
                self._failed = True
                self.created = Created(self._roots)
            self._since = now

        return note

    def _note(self, node: Any, sent: Any, got: Any, now: int) -> None:
        """What one node of the first graph has made."""
        stop = {each.grad_fn for each in got if each is not None}
        for nr, each in enumerate(got):
            self._arrived(each, (node, nr))
        slots: dict[Any, set[int]] = {}
        for slot, ((following, nr), each) in enumerate(zip(node.next_functions, sent, strict=False)):
            if following is None or each is None or each.grad_fn is None or each.grad_fn in stop:
                continue
            for made in self._between(each.grad_fn, self._since, now, stop):
                slots.setdefault(made, set()).add(slot)
            self._sent(each, (following, nr))
        self.created.made |= {made: (node, frozenset(found)) for made, found in slots.items()}

    def _sent(self, tensor: Any, to: Arrival) -> None:
        arrival = tensor.grad_fn, tensor.output_nr
        self.created.gradient_of[arrival] = to
        if "complex" not in str(tensor.dtype):
            self.created.values[arrival] = values_in(tensor, self._backend.array)

    def _arrived(self, tensor: Any, at: Arrival) -> None:
        """A gradient that no node made is the sum of several."""
        made = None if tensor is None else tensor.grad_fn
        if made is None or made in self.created.made or at in self._roots:
            return
        found = list(self._between(made, self._begin, self._backend.sequence_number(), self.created.made))
        if not found:
            return
        self.created.sums |= {each: self.created.sums.get(each, at) for each in found}
        self._sent(tensor, at)

    def finish(self, inputs: Iterable[Any], given: Iterable[Any], accumulates: bool) -> None:
        """What the call gave for each of its inputs, or left in ``.grad``: no node of the first graph made it."""
        self.created.accumulates = accumulates
        for tensor, each in zip(inputs, given, strict=False):
            if isinstance(each, self._backend.tensor) and each.grad_fn is not None and self.created:
                self._arrived(each, self._backend.root(tensor))
        self._nodes, self._first = [], frozenset()

    def _between(self, start: Any, since: int, now: int, stop: Any) -> Iterator[Any]:
        """The nodes under this one that were made meanwhile."""
        pending, seen = [start], set()
        while pending:
            node = pending.pop()
            if node is None or node in seen or node in stop or not self._is_new(node, since, now):
                continue
            seen.add(node)
            yield node
            pending += [each for each, _ in node.next_functions]

    def _is_new(self, node: Any, since: int, now: int) -> bool:
        """Whether a node was made between two moments; where nodes have no numbers, whether it was not there before."""
        if self._counted:
            age = age_of(node)  # a leaf's is beyond every number
            return age is not None and since <= age < now
        known = node in self._first or node in self.created.made or node in self.created.sums
        return not known and not hasattr(node, "variable")


def _under(roots: Iterable[Any]) -> list[Any]:
    """Every node under these, the leaves' too, without recursion."""
    found: dict[Any, None] = {}
    pending = list(roots)
    while pending and len(found) <= MOST:
        node = pending.pop()
        if node not in found:
            found[node] = None
            pending += [each for each, _ in node.next_functions if each is not None]
    return list(found)
