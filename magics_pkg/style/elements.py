"""The Graph that is drawn: cards, edges, and the numbers on them, as plain values with no tensor left inside."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from .format import one_line

# How a sweep's results are found: ("leaf", node), ("node", node, nr), ("edge", node, slot); ("sum", key, key, ...);
# ("all", (key, size), ...), one after the other
Key = tuple[Any, ...]
OWNER = re.compile(r"[^\W\d]\w*(\.\w+|\[[^\[\] ]*\])*(\(\))?")  # y, model.fc1.weight, hs[0], cfg['p'], f()
NUMBERED = re.compile(r" #\d+$")  # of several of one name
LIMIT = 24  # entries copied of an operation's value and gradient
LEAF_LIMIT = 100  # and of a leaf's or an output's


def leaf_nodes(key: Key) -> list[Any]:
    """The leaves whose `.grad` is what this key finds: one, several, or none for anything else."""
    if key[0] == "all":
        return [node for each, _ in key[1:] for node in leaf_nodes(each)]
    return [key[1]] if key[0] == "leaf" else []


@dataclass(frozen=True)
class Values:
    """A copy of a tensor's first entries as Python numbers; ``complete`` when these are all.

    bad: the first of all entries that is NaN or infinite, "NaN" or "inf", with its index."""

    shape: tuple[int, ...]
    dtype: str
    entries: tuple[tuple[tuple[int, ...], float | int | bool], ...] = ()
    complete: bool = False
    bad: tuple[str, tuple[int, ...]] | None = None


@dataclass(frozen=True)
class Quantity:
    """A gradient that is shown: its name, shape, which flat entries, and where a sweep finds it.

    parts: the names of the gradients that it holds one after the other."""

    name: str
    shape: tuple[int, ...]
    indices: tuple[int, ...]
    key: Key
    parts: tuple[str, ...] = ()


@dataclass(frozen=True)
class Node:
    """A card. ``grad``: index in ``Graph.quantities``. ``repeat_of``: the leaf that this is drawn again for.

    ``span``: first line, first column, last line, last column in ``Graph.code``, characters from 0, lines from 1.
    ``mark``: which lesson a card teaches, for CSS; ``note`` has the words.
    ``shows``: whose value: ("made", node, nr), or ("held", id of a tensor, ...) one after the other.
    ``level``: on how many graphs the card stands, 0 for the first; ``derives``: the card whose derivative it is;
    ``second``: the name of the open second graph that it is a card of.
    ``folded``: the name of the function or module that the card stands for, ``operations``: how many it holds.
    """

    id: str
    kind: str
    output: bool
    name: str
    symbol: str
    source: str
    line: int | None
    op: str
    shape: tuple[int, ...]
    dtype: str
    value: Values
    grad: int | None = None
    repeat_of: str | None = None
    group: tuple[str, ...] = ()
    count: int = 1
    note: str = ""
    span: tuple[int, int, int, int] | None = None
    folded: str = ""
    operations: int = 0
    mark: str = ""
    shows: Key = ()
    level: int = 0
    derives: str = ""
    second: str = ""


@dataclass(frozen=True)
class Second:
    """A second graph: ``name`` is that of its group or card, ``title`` says what made it, ``alone`` whose derivatives
    it is made of; ``root``: the card where the graph below it begins."""

    name: str
    title: str
    alone: str
    root: str


@dataclass(frozen=True)
class Edge:
    """From an input's card to its consumer's. ``carried``: from one round of a loop to the next; without these, and
    only then, there is no cycle. ``severed``: the code that cuts the path here, "" where nothing does."""

    id: str
    tail: str
    head: str
    grad: int | None = None
    carried: bool = False
    severed: str = ""


@dataclass(frozen=True)
class Graph:
    """What a cell computed. Nodes come in the order in which they were made, each after its inputs."""

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    quantities: tuple[Quantity, ...]
    output: str
    leaves: tuple[str, ...]
    code: str = ""
    notes: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    seconds: tuple[Second, ...] = ()
    loops: Mapping[str, str] = field(default_factory=dict)  # whose rounds are drawn as one, and how many those are
    moving: bool = False  # whether the values on the cards may become other ones

    def node(self, name: str) -> Node:
        """The node with this id."""
        return next(each for each in self.nodes if each.id == name)

    @cached_property
    def called(self) -> dict[str, str]:
        """What a sentence calls each card, by its id: its name, else its code, else its sign."""
        return {node.id: one_line(node.name or self.code_of(node) or node.symbol or node.op) for node in self.nodes}

    def code_of(self, node: Node) -> str:
        """A card's piece of code; "" where other operations have the same: in `model(x)` there may be many.

        What a loop does again is the same operation, and has no name of its own, or one with a number."""
        kinds = self._kinds.get(node.source, ())
        same = len(kinds) == 1 and (not node.name or NUMBERED.search(node.name))
        return node.source if node.kind != "op" or same or self._shared[node.source] < 2 else ""

    @cached_property
    def _shared(self) -> Counter[str]:
        return Counter(node.source for node in self.nodes if node.kind == "op")

    @cached_property
    def _kinds(self) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        for node in self.nodes:
            if node.kind == "op":
                found.setdefault(node.source, set()).add(node.op)
        return found


def values_of(array: Any, limit: int = LIMIT) -> Values:
    """The first ``limit`` entries of an array, copied."""
    array = np.asarray(array)
    return _values(array, tuple(int(each) for each in array.shape), str(array.dtype), limit)


def values_in(tensor: Any, array: Callable[[Any], Any], limit: int = LIMIT) -> Values:
    """The first ``limit`` entries of a tensor or a copy: ``array`` makes numbers of no more of it than that."""
    if isinstance(tensor, np.ndarray):
        return values_of(tensor, limit)
    shape = tuple(int(each) for each in tensor.shape)
    part = tensor.detach() if math.prod(shape) <= limit else tensor.detach()[corner(shape, limit)]
    return _values(np.asarray(array(part)), shape, str(tensor.dtype).rpartition(".")[2], limit)


def _values(array: Any, shape: tuple[int, ...], dtype: str, limit: int) -> Values:
    size = math.prod(shape)
    shown = min(size, limit)
    numbers = array.tolist() if array.size == shown else array[corner(array.shape, limit)].reshape(-1)[:limit].tolist()
    flat = _flat(numbers) if isinstance(numbers, list) else [numbers]
    return Values(shape, dtype, tuple(zip(_indices(shape, shown), flat, strict=False)), shown == size)


def corner(shape: tuple[int, ...], limit: int) -> tuple[slice, ...]:
    """A part of an array that holds its first ``limit`` entries, so that a large one is never copied whole."""
    slices: list[slice] = []
    for size in reversed(shape):
        slices.append(slice(0, min(size, limit)))
        limit = -(-limit // max(size, 1))
    return tuple(reversed(slices))


def _flat(nested: list[Any]) -> list[Any]:
    while nested and isinstance(nested[0], list):
        nested = [each for inner in nested for each in inner]
    return nested


def _indices(shape: tuple[int, ...], count: int) -> Iterator[tuple[int, ...]]:
    """The first ``count`` indices of an array, the last dimension fastest."""
    if not shape:
        return iter([()] * count)
    if len(shape) == 1:
        return ((i,) for i in range(count))
    return (tuple(int(each) for each in np.unravel_index(i, shape)) for i in range(count))


def grouped(nodes: list[Node], folds: bool, opened: frozenset[str]) -> list[Node]:
    """Only groups that tell cards apart stay: not those of a single card, nor one around all. Where there are folded
    ones, which a reader opens and closes, one around all is told as well; one that was opened always is."""
    operations = sum(node.kind == "op" for node in nodes)
    most = operations + folds
    sizes: dict[tuple[str, ...], int] = {}
    for node in nodes:
        for depth in range(1, len(node.group) + 1):
            sizes[node.group[:depth]] = sizes.get(node.group[:depth], 0) + 1
    told = []
    for node in nodes:
        paths = [node.group[:depth] for depth in range(1, len(node.group) + 1)]
        kept = tuple(path[-1] for path in paths if 1 < sizes[path] < most or path[-1] in opened)
        told.append(replace(node, group=kept) if kept != node.group else node)
    return told


def owner_of(name: str) -> str:
    """A name as the owner of an attribute: "y", "hs[0]", "(x * w)"."""
    return name if OWNER.fullmatch(name) else f"({name})"
