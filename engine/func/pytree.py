"""Nested tuples, lists and dicts of tensors: taken apart, put together again, and described in PyTorch's words."""

from __future__ import annotations

from collections import OrderedDict, defaultdict, deque
from collections.abc import Callable, Sequence
from typing import Any

LEAF = None  # the kind of a leaf


class Spec:
    """The structure of nested containers: the kind of the outermost, what makes it again, and those inside."""

    __slots__ = ("children", "context", "kind")

    def __init__(self, kind: Any, context: Any = None, children: Sequence[Spec] = ()) -> None:
        self.kind, self.context, self.children = kind, context, list(children)

    @property
    def count(self) -> int:
        """How many leaves there are."""
        return 1 if self.kind is LEAF else sum(child.count for child in self.children)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Spec):
            return NotImplemented
        return (self.kind, self.context, self.children) == (other.kind, other.context, other.children)

    __hash__ = None  # type: ignore[assignment]

    def shown(self) -> str:
        """The containers themselves, with a star for each leaf."""
        return repr(put_together([_Star()] * self.count, self))

    def __repr__(self, indent: int = 0) -> str:
        if self.kind is LEAF:
            return "*"
        head = f"TreeSpec({self.kind.__name__}, {self.context}, ["
        inside = ""
        if self.children:
            deeper = indent + 2
            inside = self.children[0].__repr__(deeper)
            inside += "," if len(self.children) > 1 else ""
            inside += ",".join("\n" + " " * deeper + child.__repr__(deeper) for child in self.children[1:])
        return head + inside + "])"


class _Star:
    def __repr__(self) -> str:
        return "*"


def _named_tuple(value: Any) -> bool:
    return isinstance(value, tuple) and hasattr(value, "_fields")


def taken_apart(value: Any) -> tuple[list[Any], Spec]:
    """The leaves of ``value``, in order, and its structure."""
    kind = type(value)
    if kind in (dict, OrderedDict, defaultdict):
        context: Any = list(value)
        children: list[Any] = list(value.values())
        if kind is defaultdict:
            context = [value.default_factory, context]
    elif kind in (tuple, list) or _named_tuple(value) or kind is deque:
        context, children = kind if _named_tuple(value) else value.maxlen if kind is deque else None, list(value)
    elif _structseq(value):
        context, children = kind, list(value)
    else:
        return [value], Spec(LEAF)
    leaves: list[Any] = []
    specs = []
    for child in children:
        found, spec = taken_apart(child)
        leaves += found
        specs.append(spec)
    return leaves, Spec(kind, context, specs)


def _structseq(value: Any) -> bool:
    return isinstance(value, tuple) and type(value) is not tuple


def put_together(leaves: Sequence[Any], spec: Spec) -> Any:
    """The inverse of ``taken_apart``."""
    made, rest = _made(list(leaves), spec)
    if rest:
        raise ValueError(f"put_together: got {len(leaves)} leaves for a structure of {spec.count}")
    return made


def _made(leaves: list[Any], spec: Spec) -> tuple[Any, list[Any]]:
    if spec.kind is LEAF:
        return leaves[0], leaves[1:]
    children = []
    for child in spec.children:
        made, leaves = _made(leaves, child)
        children.append(made)
    kind, context = spec.kind, spec.context
    if kind is defaultdict:
        return defaultdict(context[0], zip(context[1], children, strict=True)), leaves
    if kind in (dict, OrderedDict):
        return kind(zip(context, children, strict=True)), leaves
    if kind is deque:
        return deque(children, context), leaves
    if kind in (tuple, list):
        return kind(children), leaves
    return (kind(*children) if hasattr(kind, "_fields") else kind(children)), leaves


def mapped(function: Callable[[Any], Any], value: Any) -> Any:
    """``value`` with every leaf replaced by what ``function`` makes of it; slices are looked into, too."""
    kind = type(value)
    if kind is tuple or kind is list:
        return kind([mapped(function, v) for v in value])
    if kind is dict:
        return {k: mapped(function, v) for k, v in value.items()}
    if kind is slice:
        return slice(mapped(function, value.start), mapped(function, value.stop), mapped(function, value.step))
    if _named_tuple(value):
        return kind(*[mapped(function, v) for v in value])
    if isinstance(value, tuple):
        return kind([mapped(function, v) for v in value])
    if kind in (OrderedDict, defaultdict, deque):
        leaves, spec = taken_apart(value)
        return put_together([function(leaf) for leaf in leaves], spec)
    return function(value)


def broadcast_to(tree: Any, spec: Spec) -> list[Any] | None:
    """One value of ``tree`` for each leaf of ``spec``; a leaf of ``tree`` stands for all below; None if unlike."""
    leaves, given = taken_apart(tree)
    return _broadcast(leaves, given, spec)


def _broadcast(leaves: list[Any], given: Spec, spec: Spec) -> list[Any] | None:
    if given.kind is LEAF:
        return leaves * spec.count
    if spec.kind is LEAF or given.kind is not spec.kind or len(given.children) != len(spec.children):
        return None
    if given.context != spec.context:
        return None
    found: list[Any] = []
    for own, other in zip(given.children, spec.children, strict=True):
        part = _broadcast(leaves[: own.count], own, other)
        if part is None:
            return None
        found += part
        leaves = leaves[own.count :]
    return found
