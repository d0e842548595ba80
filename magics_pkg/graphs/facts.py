"""What a run teaches, as facts: where a path is cut, what was freed or written over, what has no gradient.

`marks.py` draws them on the cards, `explain.py` puts them into sentences.
"""

from __future__ import annotations

import ast
import math
import re
import weakref
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ..backends import address_of, overlap
from ..backends.arrays import entries_of
from ..cells.source import Position
from ..style.format import number
from ..tracing.trace import Backward, Call, Trace
from ..words import say
from . import faults
from .faults import Written
from .names import Namespace, label, look_up

CUTS = {"detach": "detach()", "detach_": "detach_()", "data": ".data"}
COPIES = ("tensor", "as_tensor", "asarray")  # of numbers, in a new tensor
ENDS = ("whole", "late")  # of paths that nobody cut
NEW = re.compile(r"(.*_like|new_.*)")  # made in the form of a tensor, with nothing of its values


@dataclass(frozen=True, eq=False)
class Cut:
    """A place where a path ends: ``made`` came from ``source``, which wants a gradient, through ``call``.

    kind: "detach", "data", "grad" (autograd.grad without a graph), "no_grad", "new" (``torch.tensor(x)``); only where
    nothing is left of a path: "whole" (the operation has no derivative), "late" (x wanted no gradient yet)."""

    call: Call
    kind: str
    source: Any
    made: Any


_names: weakref.WeakKeyDictionary[Trace, Namespace] = weakref.WeakKeyDictionary()


def names_of(trace: Trace) -> Namespace:
    """The user's names after the cell."""
    found = _names.get(trace)
    if found is None:
        assert trace.backend is not None  # there are tensors
        found = _names[trace] = Namespace(trace.namespace, trace.backend)
    return found


def named(trace: Trace) -> dict[str, Any]:
    """The tensors of the user's names, also ``hs[0]`` and ``net.0.weight``."""
    names = names_of(trace)
    return {name: each for each in names.held for name in names.tensors.get(id(each), ())}


def name_of(trace: Trace, tensor: Any) -> str:
    """The user's name for a tensor after the cell, "" when it has none; of several, the one that the cell gave it."""
    if trace.backend is None or tensor is None:
        return ""
    names = names_of(trace).tensors.get(id(tensor), ())
    if len(names) < 2:
        return names[0] if names else ""
    maker = maker_of(trace, tensor)
    given = label(trace, maker) if maker is not None else ""
    return given if given in names else names[0]


def other_name(trace: Trace, tensor: Any) -> str:
    """Another name of a tensor, "" where it has one only."""
    first = name_of(trace, tensor)
    names = [name for name in names_of(trace).tensors.get(id(tensor), ()) if name != first]
    assigned = {node.id for node in ast.walk(trace.cell.tree) if isinstance(node, ast.Name)} if trace.cell else set()
    return next((name for name in names if name in assigned), names[0] if names else "")


def where(trace: Trace, call: Call) -> int | None:
    """The line of a call, as the notebook counts."""
    place = trace.position(call.site)
    return trace.line(place) if place is not None else None


def maker_of(trace: Trace, tensor: Any) -> Call | None:
    """The call that made a tensor, as it is now."""
    node = getattr(tensor, "grad_fn", None)
    found = None
    for call in trace.calls:
        if any(each is tensor for each in call.outputs) and call.record.node is node:
            found = call
            if not call.wrote:
                return call
    return found


class Past:
    """Where tensors without a graph came from."""

    def __init__(self, trace: Trace) -> None:
        self.trace = trace
        self.made = {id(call.record.result): call for call in trace.calls if _unrecorded(call)}

    def cuts_above(self, tensor: Any) -> list[Cut]:
        """The places where the paths to this tensor end."""
        return [cut for cut in self._above(weakref.ref(tensor), tensor) if isinstance(cut, Cut)]

    def sources_of(self, tensor: Any) -> list[Any]:
        """Tensors that this one was computed from, those that want no gradient; the first one that was used first."""
        found = [each for each in self._above(weakref.ref(tensor), tensor) if not isinstance(each, Cut)]
        return [each for each in reversed(found) if each is not tensor]

    def copied_at(self, tensor: Any) -> Call | None:
        """Where this one, or what it was computed from, was made of Python's numbers."""
        every = [tensor, *self.sources_of(tensor)]
        calls = (self.made.get(id(weakref.ref(each))) for each in every)
        return next((call for call in calls if call is not None and call.name in COPIES), None)

    def _above(self, reference: Any, made: Any) -> Iterator[Any]:
        pending, seen = [reference], set()
        while pending:
            each = pending.pop()
            if id(each) in seen:
                continue
            seen.add(id(each))
            call = self.made.get(id(each))
            tensor = each()
            if call is None or not call.record.sources:
                if tensor is not None and not tensor.requires_grad:
                    yield tensor
                continue
            kind = self._kind(call)
            sources = [source for ref in call.record.sources if (source := ref()) is not None and source.requires_grad]
            if kind == "grad":  # what was differentiated, not by what
                sources = [each for each in sources if not each.is_leaf] or sources
            yield from (Cut(call, kind, source, made) for source in sources if kind)
            pending += [ref for ref in call.record.sources if (source := ref()) is None or not source.requires_grad]

    def _kind(self, call: Call) -> str:
        assert self.trace.backend is not None
        if call.name in CUTS:
            return call.name.rstrip("_")
        if self.trace.backend.kind_of(call.record.func):
            return "grad"
        if NEW.fullmatch(call.name):
            return ""
        if call.name in COPIES and call.record.cut:
            return "new"
        return {"off": "no_grad", "on": "whole", "": "late"}[call.record.cut]


def _unrecorded(call: Call) -> bool:
    record = call.record
    itself = any(each is record.result for each in record.sources)  # as x.requires_grad_() is
    return record.node is None and isinstance(record.result, weakref.ref) and not call.wrote and not itself


def constants(trace: Trace) -> list[Any]:
    """Tensors without a graph that recorded operations took, each once."""
    found: dict[int, Any] = {}
    for call in trace.calls:
        for each in call.record.args or () if call.record.node is not None else ():
            if getattr(each, "requires_grad", True) is False and each.is_floating_point():
                found.setdefault(id(each), each)
    return list(found.values())


def cuts(trace: Trace) -> list[Cut]:
    """Where the paths to what recorded operations took are cut."""
    if trace.backend is None:
        return []
    past = Past(trace)
    return [cut for each in constants(trace) for cut in past.cuts_above(each) if cut.kind not in ENDS]


def clones(trace: Trace) -> list[Call]:
    """Calls of clone that the gradient flows through."""
    found = [call for call in trace.calls if call.name == "clone" and call.record.node is not None and call.site.user]
    backward = trace.backward
    below = faults.below(backward.roots) if found and backward is not None and backward.roots else None
    return [call for call in found if below is None or call.record.node in below]


def freed(trace: Trace, first: Backward | None) -> str:
    """By which backward of the cell something was freed: the remark of its cards."""
    return say("card_freed_before") if first is None else say("card_freed", where=at(trace, first.position))


def written_over(trace: Trace, over: Written) -> Any:
    """The tensor that was written over, where the user has a name for it; else None."""
    made = over.call.outputs if over.call is not None else ()
    known = (each for each in names_of(trace).held if over.fits(each))
    near = (each for each in known if (any(overlap(each, one) for one in made) if made else each.is_leaf))
    return next((each for each in (*made, *near) if over.fits(each) and name_of(trace, each)), None)


def owner_of(trace: Trace, tensor: Any) -> Any:
    """The leaf whose memory a tensor is a part of, as far as it has a name; else the tensor itself."""
    leaves = (each for each in names_of(trace).held if each.is_leaf and each.requires_grad)
    return next((each for each in leaves if overlap(each, tensor)), tensor)


def writer(trace: Trace, over: Written) -> tuple[str, str]:
    """The code that wrote over a saved value, and " in line 3": a call, else a step of an optimizer; "" for neither."""
    if over.call is not None:
        return trace.expression(over.call.site) or over.call.name, in_line(trace, over.call)
    for node in ast.walk(trace.cell.tree) if trace.cell is not None else ():
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "step":
            try:
                owner = look_up(trace.namespace, ast.unparse(node.func.value))
            except (LookupError, ValueError, SyntaxError):
                continue
            if type(owner).__module__.partition(".")[2].startswith("optim"):
                return ast.unparse(node), say("in_line", line=node.lineno)
    return "", ""


def walks(trace: Trace) -> bool:
    """Whether the cell walks the graph itself."""
    names = ("grad_fn", "next_functions")
    if trace.cell is None or not any(name in trace.cell.compiled for name in names):
        return False
    return any(isinstance(node, ast.Attribute) and node.attr in names for node in ast.walk(trace.cell.tree))


def weighting_leaf(backward: Backward) -> Any:
    """The leaf that was given as v, also as ``x.detach()``, else None."""
    given = [each for each in backward.gradients or () if hasattr(each, "detach")]

    def is_given(leaf: Any) -> bool:
        same = (each for each in given if each.shape == leaf.shape and each.dtype == leaf.dtype)
        return any(each is leaf or address_of(each) == address_of(leaf) for each in same)

    return next((leaf for leaf in backward.before if given and is_given(leaf)), None)


def holder_of(trace: Trace, tensor: Any) -> Any:
    """The leaf whose ``.grad`` this tensor is, else None."""
    return next((each for each in names_of(trace).held if each.is_leaf and each.grad is tensor), None)


def call_of(trace: Trace, call: Call) -> Backward | None:
    """The backward that a recorded call ran."""
    return next((each for each in trace.backwards if each.path == call.record.path), None)


def gradients_of(trace: Trace) -> list[Call]:
    """The calls that made gradients with a graph."""
    backend = trace.backend
    recorded = [call for call in trace.calls if call.record.node is not None] if backend is not None else []
    found = [call for call in recorded if backend.kind_of(call.record.func)]  # type: ignore[union-attr]  # there are calls
    return [call for call in found if (run := call_of(trace, call)) is None or run.create_graph]


def order_of(trace: Trace) -> int:
    """Of which order the derivatives are that a backward through gradients gives: 2 through those of a first one."""
    orders: dict[Any, int] = {}
    for call in gradients_of(trace):
        args = (*(call.record.args or ()), *(call.record.kwargs or {}).values())
        roots = [each for given in args for each in (given if isinstance(given, tuple | list) else (given,))]
        under = faults.below(each for each in roots if hasattr(each, "grad_fn"))
        made = {each.grad_fn for each in call.outputs if getattr(each, "grad_fn", None) is not None}
        order = 1 + max((orders[node] for node in orders if node in under), default=0)
        orders |= dict.fromkeys(made, order)
    return 1 + max(orders.values(), default=1)


def hooks_on(trace: Trace, tensor: Any) -> list[str]:
    """The names of the hooks on a tensor."""
    if trace.backend is None or not isinstance(tensor, trace.backend.tensor):
        return []
    return [getattr(hook, "__qualname__", type(hook).__name__) for hook in trace.backend.hooks_on(tensor)]


def short(values: Any) -> str:
    """A few numbers: 2, [1, 2], [1, 2, 3, 4, …]."""
    shape = tuple(values.shape)
    size = math.prod(shape)
    told = ", ".join(number(each) for each in entries_of(values, range(min(size, 4))).tolist())
    return f"[{told}{', …' if size > 4 else ''}]" if shape else told


def in_line(trace: Trace, call: Call | None) -> str:
    """ " in line 3", "" where that is not known."""
    line = where(trace, call) if call is not None else None
    return say("in_line", line=line) if line else ""


def at(trace: Trace, position: Position | None) -> str:
    """The same for a position."""
    return say("in_line", line=trace.line(position)) if position is not None else ""
