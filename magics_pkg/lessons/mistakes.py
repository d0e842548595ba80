"""The lesson of what a cell raised: on the card where it went wrong, and as a sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..errors import hint
from ..graphs import facts, faults
from ..graphs.facts import at, in_line, name_of
from ..style.format import shape
from ..words import few, listed, say
from .finite import called

if TYPE_CHECKING:
    from ..graphs.graph import Graph
    from ..tracing.trace import Backward, Trace


def raised(trace: Trace) -> str:
    """Where the cell went wrong, in a few words: for the card there."""
    kind = type(trace.error).__name__
    last = faults.failing(trace)
    if last is not None:
        return say("failed_backward", error=kind, where=at(trace, last.position))
    if trace.failed is not None:
        what = trace.expression(trace.failed.site) or trace.failed.name
        return say("failed_call", error=kind, what=what, where=in_line(trace, trace.failed))
    return say("failed_after", error=kind)


def lesson(trace: Trace, graph: Graph) -> list[str]:
    """The lesson of what the cell raised; the hint for its error where there is no better one."""
    if trace.error is None:
        return []
    second = faults.failing(trace)
    if second is not None and faults.second_time(trace):
        return [_second_time(trace, graph, second)]
    over = faults.written(trace)
    what, where = facts.writer(trace, over) if over is not None else ("", "")
    if over is not None and what:
        wrote = say("card_wrote", found=over.expected + 1, expected=over.expected)
        drawn = next((node for node in graph.nodes if wrote in node.note), None)
        if drawn is not None and drawn.source == what and not graph.code_of(drawn):  # one of many in `model(x)`
            what = called(graph, drawn)
        savers = [node for node in graph.nodes if node.mark == "saved"]
        saver = called(graph, savers[-1]) if savers else "backward"
        told = {"expected": str(over.expected), "found": str(over.found)}
        return [say("written_over", what=what, where=where, saver=saver, **told)]
    if faults.says(trace, faults.LEAF) and trace.failed is not None:
        args = trace.failed.record.args or (None,)
        what = trace.expression(trace.failed.site) or trace.failed.name
        leaf = name_of(trace, facts.owner_of(trace, args[0])) or say("a_leaf")
        return [say("written_leaf", leaf=leaf, what=what, where=in_line(trace, trace.failed))]
    found = _weights(trace, second) if second is not None else []
    advice = hint(trace.error)
    return found or ([say("hint", text=advice)] if advice else [])


def _second_time(trace: Trace, graph: Graph, second: Backward) -> str:
    """A backward through what was freed: by another one, by itself in a loop, or by one of an earlier cell."""
    first, _ = faults.lost(trace)
    remark = facts.freed(trace, first)
    node = next((each for each in reversed(graph.nodes) if remark in each.note), None)
    what = called(graph, node) if node is not None else say("the_output")
    if first is None:
        again = [node.name] if node is not None and node.name else _named(trace, second.roots)
        return say("freed_before", what=what, output=next(iter(again), what))
    where = at(trace, second.position)
    if first.path == second.path:
        rounds = [call for call in trace.calls if node is not None and _made(trace, node, call)]
        return say("second_time_carried" if len(rounds) > 1 else "second_time_again", what=what, where=where)
    if first.position is not None and first.position == second.position:
        return say("second_time_within", source=first.position.expression, where=where, what=what)
    return say("second_time", what=what, first=at(trace, first.position), second=where)


def _made(trace: Trace, node: Any, call: Any) -> bool:
    """Whether a call is of a card's expression."""
    return trace.expression(call.site) == node.source and facts.where(trace, call) == node.line


def _named(trace: Trace, tensors: tuple[Any, ...]) -> list[str]:
    """What the user calls these tensors, or the code that made them."""
    found = []
    for each in tensors:
        call = facts.maker_of(trace, each)
        found.append(name_of(trace, each) or (trace.expression(call.site) if call is not None else ""))
    return [each for each in found if each]


def _weights(trace: Trace, second: Backward) -> list[str]:
    """A v that is not there, or not of the output's shape; an input that is not in the graph."""
    if faults.says(trace, faults.VECTOR):
        root = next((each for each in second.roots if each.numel() != 1), None)
        if root is not None:
            name = next(iter(_named(trace, (root,))), "")
            ones = f"torch.ones_like({name or 'y'})"
            call = f"grad_outputs={ones}" if second.kind == "autograd.grad" else f"backward({ones})"
            return [say("needs_weights", output=name or say("the_output"), n=root.numel(), call=call)]
    if (found := faults.says(trace, faults.UNUSED)) and int(found[1]) < len(second.inputs or ()):
        (given,) = (second.inputs or ())[int(found[1]) :][:1]
        names = [next(iter(_named(trace, (each,))), "") for each in (given, *second.roots[:1])]
        if all(names):
            return [say("unused_input", leaf=names[0], output=names[1])]
    if found := faults.says(trace, faults.SHAPE):
        place = int(found[1])
        given = [each for each in second.gradients or () if each is not None]
        if place < len(second.roots) and place < len(given) and hasattr(given[place], "shape"):
            root = second.roots[place]
            output = next(iter(_named(trace, (root,))), "") or say("the_output")
            sizes = {"shape": shape(tuple(root.shape)), "given": shape(tuple(given[place].shape))}
            return [say("needs_shape", output=output, **sizes)]
    return []


def without_graph(trace: Trace, root: Any) -> list[str]:
    """Why a backward has no graph to go through."""
    past = facts.Past(trace)
    output = next(iter(_named(trace, (root,))), "") or say("the_output")
    if (leaf := facts.holder_of(trace, root)) is not None:
        done = [each for each in trace.backwards if each.error is None and each.kind != "autograd.grad"]
        where = at(trace, done[-1].position) if done else ""
        return [say("no_graph_grad", output=f"{name_of(trace, leaf)}.grad", call="backward", where=where)]
    said = [_cut_off(trace, cut, output) for cut in past.cuts_above(root)]
    return list(dict.fromkeys(said)) or _not_asked(trace, past, root, output)


def _cut_off(trace: Trace, cut: facts.Cut, output: str) -> str:
    """How a path that led to the output ends before it."""
    what, where = trace.expression(cut.call.site) or cut.kind, in_line(trace, cut.call)
    if cut.kind == "grad":
        run = facts.call_of(trace, cut.call)
        if run is not None and run.create_graph:
            return say("no_graph_linear", output=output, where=where)
        return say("no_graph_grad", output=output, call="autograd.grad", where=where)
    leaf = next(iter(_named(trace, (cut.source,))), "") or say("a_leaf")
    key = {"whole": "no_graph_whole", "late": "no_graph_late"}.get(cut.kind, "no_graph_cut")
    return say(key, output=output, leaf=leaf, what=what, where=where)


def _not_asked(trace: Trace, past: facts.Past, root: Any, output: str) -> list[str]:
    """Nothing that the output was computed from wants a gradient."""
    sources = [(each, name) for each in past.sources_of(root) if (name := name_of(trace, each))]
    parameter = getattr(getattr(trace.backend.module, "nn", None), "Parameter", ()) if trace.backend else ()
    frozen = [name for each, name in sources if isinstance(each, parameter)]
    if frozen:
        return [say("no_graph_frozen", n=len(frozen), leaf=listed(few(frozen)), output=output)]
    names = list(dict.fromkeys(name for _, name in sources))
    if names:
        return [say("no_graph_data", n=len(names), leaf=listed(few(names)), output=output)]
    if (call := past.copied_at(root)) is not None and (what := trace.expression(call.site)):
        return [say("no_graph_new", what=what, where=in_line(trace, call), output=output)]
    return [say("no_graph_none", output=output)]
