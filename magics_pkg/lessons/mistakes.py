"""The lesson of what a cell raised: on the card where it went wrong, and as a sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..graphs import facts
from ..graphs.facts import at, in_line, name_of
from ..words import say
from .finite import called

if TYPE_CHECKING:
    from ..graphs.graph import Graph
    from ..tracing.trace import Trace


def raised(trace: Trace) -> str:
    """Where the cell went wrong, in a few words: for the card there."""
    kind = type(trace.error).__name__
    last = facts.failing(trace)
    if last is not None:
        return say("failed_backward", error=kind, where=at(trace, last.position))
    if trace.failed is not None:
        what = trace.expression(trace.failed.site) or trace.failed.name
        return say("failed_call", error=kind, what=what, where=in_line(trace, trace.failed))
    return say("failed_after", error=kind)


def lesson(trace: Trace, graph: Graph) -> list[str]:
    """The lesson of what the cell raised."""
    second = facts.failing(trace)
    if second is not None and (first := facts.freed_by(trace)) is not None:
        marked = [node for node in graph.nodes if node.mark == "freed"]
        what = called(graph, marked[-1]) if marked else say("the_output")
        told = {"first": at(trace, first.position), "second": at(trace, second.position)}
        return [say("second_time", what=what, **told)]
    over = facts.written(trace)
    if over is not None and over.call is not None:
        what = trace.expression(over.call.site) or over.call.name
        savers = [node for node in graph.nodes if node.mark == "saved"]
        saver = called(graph, savers[-1]) if savers else "backward"
        told = {"expected": str(over.expected), "found": str(over.found)}
        return [say("written_over", what=what, where=in_line(trace, over.call), saver=saver, **told)]
    if facts.says(trace, facts.LEAF) and trace.failed is not None:
        args = trace.failed.record.args or (None,)
        what = trace.expression(trace.failed.site) or trace.failed.name
        leaf = name_of(trace, args[0]) or say("a_leaf")
        return [say("written_leaf", leaf=leaf, what=what, where=in_line(trace, trace.failed))]
    if second is not None and facts.says(trace, facts.VECTOR):
        root = next((each for each in second.roots if each.numel() != 1), None)
        if root is not None:
            return [say("needs_weights", output=name_of(trace, root) or "y", n=root.numel())]
    return []


def without_graph(trace: Trace, root: Any) -> list[str]:
    """Why a backward has no graph to go through."""
    past, call = facts.Past(trace), facts.maker_of(trace, root)
    output = name_of(trace, root) or (trace.expression(call.site) if call is not None else "") or say("the_output")
    found = past.cuts_above(root)
    said = []
    for cut in found:
        what = trace.expression(cut.call.site) or cut.kind
        if cut.kind == "grad":
            said.append(say("no_graph_grad", output=output, where=in_line(trace, cut.call)))
        else:
            leaf = name_of(trace, cut.source) or say("a_leaf")
            said.append(say("no_graph_cut", output=output, leaf=leaf, what=what, where=in_line(trace, cut.call)))
    if not found:
        names = [name for each in past.sources_of(root) if (name := name_of(trace, each))]
        said = [say("no_graph_data", leaf=name, output=output) for name in names[:1]]
    return list(dict.fromkeys(said)) or [say("no_graph_none", output=output)]
