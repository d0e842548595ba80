"""The gradients of one pass on PyTorch's graph: noted by hooks, or captured by the pass itself, which costs less."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from ..cells.uncollected import uncollected
from .private import ages, metadata_of

HELD = 256 * 2**20  # bytes of gradients of the user's own pass that are held together
Tensors = tuple[Any, ...]


class Pass:
    """Gradients of one pass: at ``leaves``, along ``edges`` by (node, slot), into ``nodes`` by output number.

    ``retained``: for tensors with ``retain_grad``, (tensor, what its ``.grad`` would be after this pass).
    """

    __slots__ = ("edges", "leaves", "nodes", "retained")

    def __init__(self) -> None:
        self.leaves: dict[Any, Any] = {}
        self.nodes: dict[Any, Tensors] = {}
        self.edges = Sent()
        self.retained: list[tuple[Any, Any]] = []

    def detach(self) -> None:
        """Keep no graph of what was noted."""
        for noted in (self.nodes, self.edges.noted):
            for node, tensors in noted.items():
                noted[node] = tuple(each if each is None else each.detach() for each in tensors)


class Sent(Mapping[tuple[Any, int], Any]):
    """What was sent along each edge: as its node gave it, else what arrived where no other edge leads."""

    __slots__ = ("arrived", "leaves", "noted")

    def __init__(self) -> None:
        self.noted: dict[Any, Tensors] = {}  # what nodes gave, as PyTorch's own tuples
        self.arrived: Mapping[Any, Tensors] = {}  # of a captured pass
        self.leaves: Mapping[Any, Any] = {}

    def __getitem__(self, edge: tuple[Any, int]) -> Any:
        node, slot = edge
        found = self._given(node)[slot] if node in self.noted or node in self.arrived else None
        if found is None:
            raise KeyError(edge)
        return found

    def get(self, edge: tuple[Any, int], otherwise: Any = None) -> Any:
        """The same without an error: asked for thousands at once."""
        noted = self.noted.get(edge[0])
        if noted is None:
            return super().get(edge, otherwise)
        found = noted[edge[1]]
        return otherwise if found is None else found

    def _given(self, node: Any) -> Sequence[Any]:
        noted = self.noted.get(node)
        return noted if noted is not None else [self._at(*way) for way in node.next_functions]

    def _at(self, node: Any, nr: int) -> Any:
        arrived = self.arrived.get(node)
        return arrived[nr] if arrived is not None else self.leaves.get(node)

    def __iter__(self) -> Iterator[tuple[Any, int]]:
        for node in dict.fromkeys((*self.noted, *self.arrived)):
            yield from ((node, slot) for slot, each in enumerate(self._given(node)) if each is not None)

    def __len__(self) -> int:
        return sum(1 for _ in self)


class Ways:
    """What a pass is asked for, so that it gives every gradient in a graph without a hook on each node.

    numbers: the ages of the nodes but leaves'. It is asked for what arrives at each; where several edges lead to one
    place, the nodes that send there are watched. outputs: what is asked for of each, in the order in which a pass runs
    them, the youngest first."""

    def __init__(self, edge: Callable[[Any, int], Any], numbers: Mapping[Any, int], roots: Sequence[Any]) -> None:
        followed = {node: node.next_functions for node in numbers}
        counts: dict[tuple[Any, int], int] = {}
        for way in (
            *((root.node, root.output_nr) for root in roots),
            *(way for ways in followed.values() for way in ways),
        ):
            counts[way] = counts.get(way, 0) + 1
        self.watched = [node for node, ways in followed.items() if any(counts[way] > 1 and way[0] for way in ways)]
        outputs: dict[Any, list[int]] = {node: [] for node in sorted(numbers, key=numbers.__getitem__, reverse=True)}
        for node, nr in counts:
            if node in outputs:
                outputs[node].append(nr)
        self.asked = [edge(node, nr) for node, several in outputs.items() for nr in several]
        self.outputs = outputs

    @staticmethod
    def of(edge: Callable[[Any, int], Any], inner: Sequence[Any], roots: Sequence[Any]) -> Ways | None:
        """None where PyTorch does not tell in which order it runs nodes, or how many outputs they have."""
        numbers, counted = ages(inner)
        told = counted and len(set(numbers.values())) == len(numbers) and all(metadata_of(each.node) for each in roots)
        return Ways(edge, numbers, roots) if told else None

    def fill(self, done: Pass, found: Sequence[Any]) -> None:
        """Put what was asked for into a pass whose leaves are known."""
        place = 0
        for node, several in self.outputs.items():
            if several == [0]:
                done.nodes[node] = (found[place],)
            else:
                got = dict(zip(several, found[place:], strict=False))
                done.nodes[node] = tuple(got.get(nr) for nr in range(max(several) + 1))
            place += len(several)
        done.edges.arrived, done.edges.leaves = done.nodes, done.leaves


@contextmanager
def watching(
    nodes: Sequence[Any], got_by: dict[Any, Tensors], gave_by: dict[Any, Tensors], large: list[Any] | None = None
) -> Generator[None]:
    """While it lasts, each of these nodes that runs is noted with what it got and gave.

    ``large``: where it is given, no more is held than there is room for, and nodes whose gradients are not are put
    there."""
    held = 0

    def watcher(node: Any) -> Callable[[Any, Any], None]:
        def note(gave: Tensors, got: Tensors) -> None:
            got_by[node], gave_by[node] = got, gave

        def note_some(gave: Tensors, got: Tensors) -> None:
            nonlocal held
            try:  # no call in it: of the user's own pass every call is looked at
                for each in gave or got:
                    if each is not None:
                        held += each.nbytes
            except RuntimeError:  # a sparse one's pieces have sizes of their own
                pass
            if held <= HELD:
                got_by[node], gave_by[node] = got, gave
                return
            assert large is not None
            got_by[node], gave_by[node] = (None,) * len(got), (None,) * len(gave)
            large.append(node)

        return note if large is None else note_some

    with uncollected():
        handles = [node.register_hook(watcher(node)) for node in nodes]
    try:
        yield
    finally:
        for each in handles:
            each.remove()
