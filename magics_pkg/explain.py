"""Plain short sentences for what is worth a teacher's word; every sentence of the panel stands in this file."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from .names import Namespace

if TYPE_CHECKING:
    from .graph import Graph, Node
    from .linear import Linear
    from .trace import Backward, Call, Trace

MUCH = 64 * 2**20  # bytes
CUTS = {"detach": "detach()", "detach_": "detach_()", "data": ".data"}
# Operations whose backward needs nothing saved, so that it frees nothing
KEEPS_NOTHING = ("Add", "Sub", "Rsub", "Neg", "Sum", "Mean", "View", "Reshape", "Clone", "Permute", "T", "Transpose",
                 "Expand", "Squeeze", "Unsqueeze", "Select", "Slice", "Cat", "Stack", "Accumulate")  # fmt: skip

# What `Backward.changed` says that a cell did to a leaf's gradient
BECAME = {"set to None": "set {}.grad to None", "set to zero": "set {}.grad to zero", "changed": "changed {}.grad"}
STALE = (
    "Values that backward needs were changed after it ran, so the gradients now come from the rows of J:"
    " equal to rounding."
)
HOOKED = (
    "Code of yours takes part in this backward pass ({}), so the gradient need not be linear in v:"
    " every move runs it again in the kernel."
)
NOT_FINITE = "J has an entry that is not finite, so its rows cannot be added up: every move asks the kernel."
NOT_A_WEIGHT = "v has an entry that is not finite: no slider can stand there until a button gives it a number."
NOT_KEPT = "The graph under this was not kept, so the weights cannot be moved here."
RETURNED = "autograd.grad returns its gradients and touches no .grad; the sliders move what is shown, not .grad."
CREATED = "create_graph=True: the gradients have a graph of their own, so they can be differentiated again."


def no_backward(trace: Trace) -> str:
    """Why a cell without a backward call shows no gradient."""
    name = last_output(trace)
    advice = f"end the cell with {name}, or write %%backward {name}" if name else "end the cell with the output"
    return f"This cell calls no backward and its last expression is no output, so there is no v: {advice}."


def last_output(trace: Trace) -> str:
    """The name of the newest tensor with a graph that the cell has left, "" when there is none."""
    for call in reversed(trace.calls):
        for output in call.outputs:
            if getattr(output, "grad_fn", None) is not None:
                name = name_of(trace, output)
                if name:
                    return name
    return ""


def name_of(trace: Trace, tensor: Any) -> str:
    """The user's name for a tensor after the cell, "" when it has none."""
    return Namespace(trace.namespace, trace.backend).name(tensor) if trace.backend is not None else ""


def raised(trace: Trace) -> str:
    """Where the cell went wrong, in a few words: for the card there."""
    kind = type(trace.error).__name__
    last = trace.backwards[-1] if trace.backwards else None
    if last is not None and last.error is trace.error:
        where = f" in line {trace.line(last.position)}" if last.position else ""
        return f"{kind}: this backward{where} failed"
    if trace.failed is not None:
        place = trace.position(trace.failed.site)
        where = f" in line {trace.line(place)}" if place else ""
        return f"{kind}: {trace.expression(trace.failed.site) or trace.failed.name}{where} failed"
    return f"{kind} after this"


def notes(trace: Trace, backward: Backward | None, graph: Graph, linear: Linear | None) -> tuple[str, ...]:
    """Every sentence that fits this panel, the most urgent first."""
    said: list[str] = []
    if backward is not None and backward.snapshot is not None and (hooks := backward.snapshot.hooks):
        said.append(HOOKED.format(_hooks(trace, backward, hooks)))
    elif linear is not None and not linear.linear:
        said.append(NOT_FINITE if np.isfinite(linear.v).all() else NOT_A_WEIGHT)
    said += not_a_number(graph, linear)
    said += cuts(trace)
    said += without_gradient(trace, graph, backward)
    if backward is not None:
        said += accumulation(trace, backward)
        said += changed(trace, backward)
        if backward.kind == "autograd.grad":
            said.append(RETURNED)
        elif backward.create_graph:
            said.append(CREATED)
        elif len(trace.backwards) > 1 and freed(backward, graph):
            said.append(
                "This backward freed its graph: another one through it raises an error,"
                " unless this one has retain_graph=True. The panel keeps a copy of its own."
            )
    return tuple(dict.fromkeys(said))


MODULE_HOOK = "BackwardHook"  # in the names of what a module's backward hooks are made of, in either library


def _hooks(trace: Trace, backward: Backward, hooks: Iterable[str]) -> str:
    """The hooks by name; of those on a leaf the user knows the tensor, not the node that accumulates its gradient."""
    leaves = [name_of(trace, leaf) for leaf in backward.before]
    leaf = leaves[0] if len(leaves) == 1 and leaves[0] else "a leaf"
    told = (each.replace("torch::autograd::AccumulateGrad", leaf) for each in hooks)
    return _listed(list(dict.fromkeys("a module's backward hook" if MODULE_HOOK in each else each for each in told)))


def memory(nbytes: int) -> tuple[str, ...]:
    """What the panel keeps alive, where that is much."""
    if nbytes < MUCH:
        return ()
    return (f"The panel keeps {nbytes / 2**20:.0f} MB of saved values, until its cell is run again or it is closed.",)


def accumulation(trace: Trace, backward: Backward) -> list[str]:
    """backward adds to what is in `.grad` already."""
    if backward.error is not None or backward.kind == "autograd.grad":
        return []
    names = [name for leaf, old in backward.before.items() if old is not None and (name := name_of(trace, leaf))]
    if not names:
        return []
    listed = _listed([f"{name}.grad" for name in names])
    verb = "was" if len(names) == 1 else "were"
    return [f"{listed} {verb} not empty before this backward, so the new gradient was added to what was there."]


def changed(trace: Trace, backward: Backward) -> list[str]:
    """What the cell itself did to `.grad` after its backward: the sliders leave that alone."""
    return [
        f"The cell {BECAME.get(what, BECAME['changed']).format(name_of(trace, leaf) or 'a leaf')} after its backward:"
        " the sliders leave that alone, and the panel shows what backward gave."
        for leaf, what in backward.changed.items()
    ]


def freed(backward: Backward, graph: Graph) -> bool:
    """Whether the user's graph is gone now."""
    if backward.retain_graph or backward.create_graph or backward.error is not None or not backward.kind:
        return False
    return any(node.kind == "op" and node.op and not node.op.startswith(KEEPS_NOTHING) for node in graph.nodes)


def not_a_number(graph: Graph, linear: Linear | None) -> list[str]:
    """The first operation that made a NaN or inf out of finite numbers, forward or backward."""
    nodes = {node.id: node for node in graph.nodes}
    inputs: dict[str, list[str]] = {}
    for edge in graph.edges:
        inputs.setdefault(edge.head, []).append(edge.tail)
    for node in graph.nodes:
        bad = _bad(entry[1] for entry in node.value.entries)
        if bad and node.kind == "op":
            sources = [nodes[each] for each in inputs.get(node.id, []) if each in nodes]
            if not any(_bad(entry[1] for entry in each.value.entries) for each in sources):
                return [f"{_called(node)} made the first {bad}{_line(node)}: it came from finite numbers."]
    return _bad_gradient(graph, linear, nodes)


def _bad_gradient(graph: Graph, linear: Linear | None, nodes: dict[str, Node]) -> list[str]:
    if linear is None or np.isnan(linear.base).all():  # nothing is known before the first move
        return []
    shown = linear.shown(linear.start)

    def of(index: int | None) -> str:
        if index is None:
            return ""
        begin = linear.offsets[index]
        return _bad(shown[begin : begin + len(graph.quantities[index].indices)].tolist())

    for edge in graph.edges:
        node = nodes.get(edge.head)
        bad = of(edge.grad)
        if bad and node is not None and not of(node.grad):
            return [f"Going back, {_called(node)}{_line(node)} made the first {bad} gradient out of a finite one."]
    return []


def cuts(trace: Trace) -> list[str]:
    """Where the path to the output is cut: a detached tensor that an operation of the graph then used."""
    made: dict[int, Call] = {}
    for call in trace.calls:
        if call.record.cut and call.name in CUTS:
            for output in call.outputs:
                made[id(output)] = call
    said = []
    if made:
        for call in trace.calls:
            if call.record.node is None:
                continue
            for each in call.record.args or ():
                cut = made.pop(id(each), None)
                if cut is not None and any(output is each for output in cut.outputs):
                    place = trace.position(cut.site)
                    where = f" in line {trace.line(place)}" if place else ""
                    said.append(f"{trace.expression(cut.site) or CUTS[cut.name]}{where} cuts the path:"
                                " nothing flows back through it.")  # fmt: skip
    return said


def without_gradient(trace: Trace, graph: Graph, backward: Backward | None) -> list[str]:
    """Leaves of this cell that got no gradient, and why."""
    if backward is None or backward.error is not None or not trace.calls:
        return []
    reached = [id(leaf) for leaf in backward.before]
    said = []
    for leaf in _leaves_used(trace):
        name = name_of(trace, leaf)
        if not name:
            continue
        if id(leaf) not in reached:
            output = next((node.name for node in graph.nodes if node.id == graph.output), "") or "the output"
            said.append(f"{name} got no gradient: no path leads from it to {output}.")
        elif backward.inputs is not None and not any(each is leaf for each in backward.inputs):
            said.append(f"{name} got no gradient: it is not among inputs=.")
    return said


def _leaves_used(trace: Trace) -> list[Any]:
    if trace.backend is None:
        return []
    tensors = [value for value in trace.namespace.values() if isinstance(value, trace.backend.tensor)]
    found = {id(each): each for each in tensors if each.is_leaf and each.requires_grad}
    used = {id(each) for call in trace.calls for each in call.record.args or ()}
    return [leaf for key, leaf in found.items() if key in used]


def _called(node: Node) -> str:
    return node.source or node.name or node.symbol or node.op


def _line(node: Node) -> str:
    return f" in line {node.line}" if node.line else ""


def _bad(values: Iterable[float | int | bool]) -> str:
    """ "NaN", "inf", or "" for finite numbers."""
    for value in values:
        if isinstance(value, float | np.floating) and not math.isfinite(value):
            return "NaN" if math.isnan(value) else "inf"
    return ""


def _listed(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else ", ".join(words[:-1]) + " and " + words[-1]
