"""Plain short sentences for what is worth a teacher's word, with the user's own names; the words are in `words/`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from operator import itemgetter
from typing import TYPE_CHECKING

import numpy as np

from ..backends import saves
from ..backends.arrays import has_any
from ..graphs import facts
from ..graphs.facts import in_line, name_of
from ..graphs.seed import Seed
from ..style.elements import OWNER
from ..style.format import entry, number, unravel
from ..words import FEW, MANY, few, listed, say
from . import absent
from .finite import not_a_number, part, unseen, zeros
from .mistakes import lesson

if TYPE_CHECKING:
    from ..graphs.graph import Graph, Node
    from ..graphs.linear import Linear
    from ..tracing.trace import Backward, Trace

    Told = Callable[[Graph, Linear | None], list[str]]

MUCH = 64 * 2**20  # bytes
LEAVES = "\0"  # stands for the leaves of a sentence until all are known
SPELLED = 3  # entries of a weighted sum that are written out
# What `Backward.changed` says that a cell did to a leaf's gradient
BECAME = {"set to None": "cell_set_none", "set to zero": "cell_set_zero"}
MODULE_HOOK = "BackwardHook"  # in the names of what a module's backward hooks are made of, in either library
ACCUMULATE = ("torch::autograd::AccumulateGrad", "AccumulateGrad")


def no_backward(trace: Trace) -> str:
    """Why a cell without a backward call shows no gradient."""
    name = last_output(trace)
    return say("no_backward", advice=say("end_with", name=name) if name else say("end_with_output"))


def last_output(trace: Trace) -> str:
    """The name of the newest tensor with a graph that the cell has left, "" when there is none."""
    for call in reversed(trace.calls):
        for output in call.outputs:
            if getattr(output, "grad_fn", None) is not None:
                name = name_of(trace, output)
                if name:
                    return name
    return ""


def notes(trace: Trace, backward: Backward | None, graph: Graph, linear: Linear | None) -> tuple[str, ...]:
    """Every sentence that fits this panel, the most urgent first."""
    said: list[str] = [*lesson(trace, graph)]
    if backward is not None and backward.snapshot is not None and (hooks := backward.snapshot.hooks):
        said += hook_changes(trace, backward, graph, linear)
        if linear is not None:  # nothing moves where the cell failed
            said.append(say("hooked", hooks=hook_names(hooks, [name_of(trace, leaf) for leaf in backward.before])))
            said += [say("unseen")] if unseen(graph, linear) else []
    elif linear is not None and not linear.linear:
        said.append(say("not_finite" if Seed.of(linear.v).finite else "not_a_weight"))
    said += not_a_number(graph, linear)
    said += cuts(trace)
    said += absent.without_gradient(trace, graph, backward)
    said += zero_gradients(graph, linear) if backward is not None and backward.error is None and trace.calls else []
    said += absent.not_among(trace, backward)
    said += absent.missing(trace)
    if backward is not None and backward.error is None:
        said += accumulation(trace, backward)
        said += changed(trace, backward)
        said += of_v(trace, backward, graph, linear)
        said += second_derivative(trace)(graph, linear)
        if backward.kind == "autograd.grad":
            said += [say("returned")] if linear is not None else []
        elif backward.create_graph:
            said.append(say("created"))
        elif trace.error is None and len(trace.backwards) > 1 and freed(backward, graph):
            said.append(say("freed"))
        said += walked(trace, graph)
        said += retained(trace, graph)
    return tuple(dict.fromkeys(said))


def hook_names(hooks: Iterable[str], leaves: Sequence[str]) -> str:
    """The hooks by name; of those on a leaf the user knows the tensor, not the node that accumulates its gradient."""
    leaf = leaves[0] if len(leaves) == 1 and leaves[0] else say("a_leaf")
    told = [each.replace(ACCUMULATE[0], leaf) for each in hooks]
    placed = {each.rpartition(" on ")[0] for each in told}  # an object's method is that object's hook
    told = [each for each in told if each.removesuffix(".__call__") == each or each[: -len(".__call__")] not in placed]
    return listed(list(dict.fromkeys(say("module_hook") if MODULE_HOOK in each else _hook(each) for each in told)))


def _hook(told: str) -> str:
    """ "clip on MulBackward0", as the libraries' graphs tell of a hook, in the reader's language."""
    hook, on, place = told.rpartition(" on ")
    leaf = say("a_leaf")  # has cases, where there is no name
    return say("hook_on", hook=hook, place=leaf if place == leaf else place) if on else told


def hook_changes(trace: Trace, backward: Backward, graph: Graph, linear: Linear | None) -> list[str]:
    """What each hook on a tensor made of the gradient that came in, at v as written."""
    if linear is None or trace.backend is None:
        return []
    said = []
    shown = linear.shown(linear.start)
    held = {name_of(trace, leaf): old for leaf, old in backward.before.items() if old is not None}
    named = facts.named(trace)
    for node in graph.nodes:
        hooks = facts.hooks_on(trace, named.get(node.name))
        if not hooks or node.grad is None or node.repeat_of is not None or node.name in held:
            continue
        after = part(graph, linear, shown, node.grad)
        before = incoming(graph, linear, shown, node)
        if before is None or not np.isfinite(after).all():
            continue
        hook = listed(hooks)
        if np.array_equal(before, after):
            said.append(say("hook_same", n=len(hooks), hook=hook, name=node.name))
        else:
            sizes = {"before": _short(before, node.shape), "after": _short(after, node.shape)}
            said.append(say("hook_changed", n=len(hooks), hook=hook, name=node.name, **sizes))
    return said if len(said) <= FEW else [*said[:FEW], say("and_more_such", n=len(said) - FEW)]


def incoming(graph: Graph, linear: Linear, shown: np.ndarray, node: Node) -> np.ndarray | None:
    """The sum of what the edges bring back to a card, None where it is not known."""
    same = {node.id, *(each.id for each in graph.nodes if each.repeat_of == node.id)}
    parts = [
        part(graph, linear, shown, edge.grad) for edge in graph.edges if edge.tail in same and edge.grad is not None
    ]
    if not parts or len({part.shape for part in parts}) > 1:
        return None
    return np.asarray(np.sum(parts, axis=0))


def _short(values: np.ndarray, shape: tuple[int, ...]) -> str:
    return facts.short(values) if shape else number(float(values[0]))


def memory(nbytes: int) -> tuple[str, ...]:
    """What the panel keeps alive, where that is much."""
    return (say("memory", size=f"{nbytes / 2**20:.0f}"),) if nbytes >= MUCH else ()


def accumulation(trace: Trace, backward: Backward) -> list[str]:
    """backward adds to what is in `.grad` already."""
    if backward.kind == "autograd.grad":
        return []
    every = {name: old for leaf, old in backward.before.items() if old is not None and (name := name_of(trace, leaf))}
    held = {name: old for name, old in every.items() if has_any(old)}
    if not held:
        zeroed = [f"{name}.grad" for name in every]
        return [say("held_zero", n=len(zeroed), grads=listed(few(zeroed)))] if zeroed else []
    grads = [f"{name}.grad" for name in held]
    if len(grads) > FEW:  # those of a model: what each held stands on its card
        return [say("accumulated_many", grads=listed(few(grads)))]
    told = listed([facts.short(old) for old in islice(held.values(), MANY)], len(held))
    return [say("accumulated", n=len(grads), grads=listed(grads), held=told)]


def changed(trace: Trace, backward: Backward) -> list[str]:
    """What the cell itself did to `.grad` after its backward: the sliders leave that alone."""
    return [
        say(BECAME.get(what, "cell_changed"), leaf=name_of(trace, leaf) or say("a_leaf"))
        for leaf, what in backward.changed.items()
    ]


def freed(backward: Backward, graph: Graph) -> bool:
    """Whether the user's graph is gone now."""
    if backward.retain_graph or backward.create_graph or backward.error is not None or not backward.kind:
        return False
    return any(node.kind == "op" and node.op and saves(node.op) for node in graph.nodes)


def of_v(trace: Trace, backward: Backward, graph: Graph, linear: Linear | None) -> list[str]:
    """What v means here: a weight for each entry, one row of J, or the leaf itself."""
    output = next((node for node in graph.nodes if node.output), None)
    if output is None:
        return []
    leaf = facts.weighting_leaf(backward)
    if leaf is not None and len(backward.roots) == 1:
        called = name_of(trace, leaf) or say("a_leaf")
        if backward.roots[0] is not leaf:
            return [say("v_is_leaf", leaf=called)]
        return [say("v_is_leaf_identity", leaf=called, output=facts.other_name(trace, leaf) or say("the_output"))]
    return weights(graph, linear)


def weights(graph: Graph, linear: Linear | None) -> list[str]:
    """What v means where it is nothing else: the weight of each entry, or one row of J."""
    output = next((node for node in graph.nodes if node.output), None)
    grads = [graph.quantities[grad].name for each in graph.leaves if (grad := graph.node(each).grad) is not None]
    if linear is None or linear.v.size < 2 or not grads or output is None:
        return []
    name, written = graph.called[output.id] or "y", linear.as_written  # as the panel calls it
    whole = name if OWNER.fullmatch(name) else f"({name})"
    entries = [entry(whole, unravel(flat, output.shape)) for flat in range(min(written.size, SPELLED))]
    if (hot := Seed.of(written).hot) is not None:
        at = entry(whole, unravel(hot, output.shape))
        rows = [f"∂{at}/∂{grad.removesuffix('.grad')}" for grad in grads[:SPELLED]]
        return [say("one_hot", entry=at, output=name, row=", ".join(rows))]
    marks = [entry("v", unravel(flat, output.shape)) for flat in range(len(entries))]
    terms = [f"{mark}·{each}" for mark, each in zip(marks, entries, strict=True)]
    several = sum(node.output for node in graph.nodes) > 1  # what other outputs add
    spelled = " + ".join([*terms, "…"] if written.size > SPELLED or several else terms)
    return [say("weights", output=name, grad=listed(few(grads)), sum=spelled)]


def redrawn(
    said: Sequence[str],
    before: tuple[Graph, Linear | None],
    after: tuple[Graph, Linear | None],
    *others: Told,
) -> tuple[str, ...]:
    """The notes of a panel that is drawn in another way: what speaks of cards speaks of those that there are now.

    others: what makes notes that nothing but the trace knows all of."""
    told = list(said)
    for kind in (not_a_number, zero_gradients, weights, *others):
        old, new = kind(*before), kind(*after)
        places = [place for place, each in enumerate(told) if each in old]
        if kind in others and not (places and new):  # it was not said, or the card that it is about is folded away
            continue
        if places or kind is not weights:  # v may mean something else here
            told[places[0] if places else len(told) : 0] = new
            told = [each for each in told if each in new or each not in old]
    return tuple(dict.fromkeys(told))


def second_derivative(trace: Trace) -> Told:
    """Where backward starts from a gradient: asked once, and said of each graph that is drawn of this trace."""
    calls = facts.gradients_of(trace)
    n, where = (facts.order_of(trace), in_line(trace, calls[-1])) if calls else (0, "")
    order = say(f"order_{n}" if n < 4 else "order_more", n=n) if calls else ""

    def said(graph: Graph, _: Linear | None) -> list[str]:
        node = next((each for each in reversed(graph.nodes) if "gradient" in each.mark), None)
        grads = [graph.quantities[grad].name for each in graph.leaves if (grad := graph.node(each).grad) is not None]
        if not calls or node is None or not grads:
            return []
        told = {"output": graph.called[node.id], "where": where, "grad": listed(few(grads))}
        return [say("second_derivative", order=order, **told)]

    return said


def walked(trace: Trace, graph: Graph) -> list[str]:
    """PyTorch's names for what a cell walks through."""
    output = next((node for node in graph.nodes if node.output), None)
    if not facts.walks(trace) or output is None or not output.op:
        return []
    return [say("walked", output=graph.called[output.id], op=output.op)]


def retained(trace: Trace, graph: Graph) -> list[str]:
    """Gradients in the middle that the cell keeps."""
    if trace.backend is None:
        return []
    named = facts.named(trace)
    found = [(node.name, named[node.name]) for node in graph.nodes if node.kind == "op" and node.name in named]
    kept = [name for name, each in found if not each.is_leaf and each.retains_grad]
    return [say("retained", n=len(kept), name=listed(few(kept)))] if kept else []


def cuts(trace: Trace) -> list[str]:
    """Where a path that leads to the output is cut, and where a copy only looks like it."""
    said: dict[str, list[tuple[int, str]]] = {}  # the leaves of each, with the call that took them
    for cut in facts.cuts(trace):
        what = trace.expression(cut.call.site) or facts.CUTS.get(cut.call.name, cut.kind)
        told = {"what": what, "where": in_line(trace, cut.call)}
        if cut.kind == "no_grad":
            leaves = said.setdefault(say("cut_no_grad", leaf=LEAVES, **told), [])
            leaves.append((cut.call.index, name_of(trace, cut.source) or say("a_leaf")))
        else:
            said.setdefault(say("cut", **told), [])
    found = []
    for text, leaves in said.items():
        names = [name for _, name in sorted(leaves, key=itemgetter(0))]
        found.append(text.replace(LEAVES, listed(few(list(dict.fromkeys(names))))) if names else text)
    for call in facts.clones(trace):
        if what := trace.expression(call.site):
            found.append(say("cloned", what=what, where=in_line(trace, call)))
    return found


def zero_gradients(graph: Graph, linear: Linear | None) -> list[str]:
    """Leaves whose gradient is zero, which is not None."""
    named = [
        (graph.node(each).name, grad) for each in zeros(graph, linear) if (grad := graph.node(each).grad) is not None
    ]
    output, grads = absent.output_of(graph), [graph.quantities[grad].name for _, grad in named]
    if len(grads) <= FEW:
        told = zip(named, grads, strict=True)
        return [say("zero_not_none", leaf=name, grad=grad, output=output) for (name, _), grad in told]
    return [say("zeros_not_none", grads=listed([*grads[:FEW], say("and_more", n=len(grads) - FEW)]), output=output)]
