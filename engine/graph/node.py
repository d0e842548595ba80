"""The graph: a node per recorded operation, a cell per leaf, a relay per output of an operation that has several.

An edge always points to an older node, so keys alone give the order of a backward pass. A node holds arrays, never
Tensors: nothing in the graph points back at what was computed, so it dies with its last name, by reference counts.
"""

from __future__ import annotations

import itertools
import threading
import weakref
from collections.abc import Callable, Sequence
from typing import Any

from ..table.kernel import RAW
from .hooks import Handle, hooked

_leaf_key = itertools.count(1).__next__
LAST = 2**64 - 1  # PyTorch's sequence number of AccumulateGrad
accumulating = threading.Lock()


def rest_of(edges: Sequence[Any]) -> Any:
    """What ``Node.others`` holds: the edges after the first as a tuple, a single one as itself, None if there is none.

    A tuple for one edge would be 64 of the 460 bytes of a product's node, and 25 ns.
    """
    return None if len(edges) < 2 else edges[1] if len(edges) == 2 else tuple(edges[1:])


class Node:
    """One recorded operation: PyTorch's ``grad_fn``.

    key: negative, the newer the smaller. step: turns the gradient of the output into those of the inputs.
    edge, others: where these go, first and rest (``rest_of``). saved: what the step needs; None once it was freed.
    """

    __slots__ = ("__weakref__", "edge", "key", "others", "saved", "step")

    key: int
    step: Any
    edge: Any
    others: Any
    saved: Any

    def name(self) -> str:
        """PyTorch's name of this kind of node, as ``MulBackward0``."""
        return self.step.spec.row.node_name_of(self)

    @property
    def next_functions(self) -> tuple[tuple[Any, int], ...]:
        """``(node, output number)`` for each differentiable input; ``(None, 0)`` where none wants a gradient."""
        spec = self.step.spec
        wanted, listed = spec.wanted, spec.row.differentiable(self)
        ways = [(edge, 0) if type(edge) is Node else shown(edge) for edge in self.edges]
        if len(wanted) == len(listed) and tuple(wanted) == tuple(listed):
            return tuple(ways)
        known = dict(zip(wanted, ways, strict=True))
        return tuple([known.get(p, (None, 0)) for p in listed])

    def _sequence_nr(self) -> int:
        return -self.key - 1

    def __call__(self, *gradients: Any) -> Any:
        """The gradients of the inputs from those of the outputs, Tensors or None; without hooks."""
        return RAW["call_node"](self, gradients)

    @property
    def edges(self) -> tuple[Any, ...]:
        """Where gradients go, one for each input that wants one."""
        others = self.others
        return (
            (self.edge,) if others is None else (self.edge, *others) if type(others) is tuple else (self.edge, others)
        )

    @property
    def slots(self) -> tuple[int, ...]:
        """For each edge, its place in ``next_functions``."""
        spec = self.step.spec
        inputs = list(spec.row.differentiable(self))
        return tuple([inputs.index(p) for p in spec.wanted])

    def register_hook(self, hook: Callable[..., Any]) -> Handle:
        """``hook(grad_inputs, grad_outputs)`` runs after this node; what it returns replaces ``grad_inputs``."""
        return hooked(self).add(hook, hooked(self).after)

    def register_prehook(self, hook: Callable[..., Any]) -> Handle:
        """``hook(grad_outputs)`` runs before this node; what it returns replaces ``grad_outputs``."""
        return hooked(self).add(hook, hooked(self).before)

    @property
    def metadata(self) -> dict[str, Any]:
        """A dictionary that stays with the node; anomaly mode keeps there where the node was made."""
        return _metadata(self)

    def __repr__(self) -> str:
        return f"<{self.name().rpartition('::')[2]} object at {id(self):#x}>"


def _metadata(node: Any) -> dict[str, Any]:
    from .anomaly import metadata

    return metadata(node)


class Output:
    """Output ``nr`` of a node that has several: hands its gradient on as one part of the node's."""

    __slots__ = ("__weakref__", "edge", "key", "nr", "step")
    others = None
    saved: Any = ()

    def __init__(self, node: Node, nr: int, key: int) -> None:
        self.key, self.step, self.edge, self.nr = key, part_of, node, nr

    @property
    def edges(self) -> tuple[Any, ...]:
        return (self.edge,)


class Parts(dict[int, Any]):
    """Gradients of some outputs of one node, by output number; ``+`` merges.

    It does so in place: a relay makes its part anew, and the sweep alone holds what it adds up. A copy for each of 1000
    outputs would be half a million entries.
    """

    undefined: tuple[int, ...] = ()  # those at which a None arrived

    def __add__(self, more: dict[int, Any]) -> Parts:
        if getattr(more, "undefined", ()):
            self.undefined = (*self.undefined, *more.undefined)  # type: ignore[attr-defined]  # Parts
        for nr, g in more.items():
            self[nr] = self[nr] + g if nr in self else g
        return self


def part_of(relay: Output, g: Any, free: bool) -> Parts:
    """The step of an Output."""
    if g is not None:
        return Parts({relay.nr: g})
    parts = Parts()
    parts.undefined = (relay.nr,)
    return parts


class _PartSpec:
    """What other code asks of a step, for an Output's."""

    takes_none = True
    wanted = ("node",)
    kept: tuple[str, ...] = ()
    data: tuple[str, ...] = ()

    @staticmethod
    def twin() -> Any:
        return part_of


part_of.spec = _PartSpec()  # type: ignore[attr-defined]  # functions take attributes


class AccumulateGrad:
    """The cell of a leaf: its memory, its ``.grad``, its hooks. It outlives the Tensor if the graph still needs it."""

    __slots__ = ("__weakref__", "_tensor", "data", "grad", "key", "step")
    saved: Any = ()
    edges: tuple[Any, ...] = ()
    slots: tuple[int, ...] = ()
    next_functions: tuple[Any, ...] = ()

    def __init__(self, tensor: Any, data: Any) -> None:
        self.key, self.data, self.grad, self.step = _leaf_key(), data, None, None
        self._tensor = weakref.ref(tensor)

    def name(self) -> str:
        """Always ``torch::autograd::AccumulateGrad``."""
        return "torch::autograd::AccumulateGrad"

    def _sequence_nr(self) -> int:
        return LAST

    def __call__(self, *gradients: Any) -> Any:
        """Add a gradient to ``.grad``, without hooks."""
        return RAW["call_node"](self, gradients)

    @property
    def variable(self) -> Any:
        """The leaf; a new handle on the same memory and ``.grad`` if the program dropped its own."""
        tensor = self._tensor()
        if tensor is None:
            tensor = RAW["wrap"](self.data)
            tensor._n = self
            self._tensor = weakref.ref(tensor)
        return tensor

    def register_hook(self, hook: Callable[..., Any]) -> Handle:
        """``hook(grad_inputs, grad_outputs)`` after the gradient was added to ``.grad``."""
        return hooked(self).add(hook, hooked(self).after)

    def register_prehook(self, hook: Callable[..., Any]) -> Handle:
        """``hook(grad_outputs)`` before the gradient is added to ``.grad``."""
        return hooked(self).add(hook, hooked(self).before)

    @property
    def metadata(self) -> dict[str, Any]:
        """A dictionary that stays with the cell."""
        return _metadata(self)

    def __repr__(self) -> str:
        return f"<AccumulateGrad object at {id(self):#x}>"


class Severed(AccumulateGrad):
    """Stands for the history of a view taken under ``no_grad``: what arrives here is dropped."""

    __slots__ = ()

    @property
    def grad(self) -> None:
        return None

    @grad.setter
    def grad(self, g: Any) -> None:
        pass


class Unfollowed(Severed):
    """The same for a view that was there before its base began to want a gradient: it may be written."""

    __slots__ = ()


def shown(edge: Any) -> tuple[Any, int]:
    """An edge as PyTorch shows it: the node, and which of its outputs."""
    if isinstance(edge, Severed):
        return None, 0
    return (edge.edge, edge.nr) if type(edge) is Output else (edge, 0)
