"""Sentences on what has no gradient: leaves that no path reaches, names whose `.grad` is read in vain."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..graphs import absent, facts
from ..graphs.facts import in_line, name_of
from ..words import few, listed, say

if TYPE_CHECKING:
    from ..graphs.graph import Graph
    from ..tracing.trace import Backward, Trace


def output_of(graph: Graph) -> str:
    """What a sentence calls the output."""
    return graph.called.get(graph.output, "") or say("the_output")


def without_gradient(trace: Trace, graph: Graph, backward: Backward | None) -> list[str]:
    """Leaves of this cell that no path leads from."""
    if backward is None or backward.error is not None or not trace.calls:
        return []
    told = {id(cut.source) for cut in facts.cuts(trace) if cut.kind == "no_grad"}
    unused = [leaf for leaf in absent.unused(trace, backward) if id(leaf) not in told]
    names = [name for leaf in unused if (name := name_of(trace, leaf))]
    made = [name for leaf in absent.materialized(backward) if (name := name_of(trace, leaf))]
    said = [say("materialized", leaf=name, output=output_of(graph)) for name in made]
    if not names:
        return said
    return [say("no_path", n=len(names), leaf=listed(few(names)), output=output_of(graph)), *said]


def not_among(trace: Trace, backward: Backward | None) -> list[str]:
    """Leaves that a path leads from, and that `inputs=` leaves out."""
    if backward is None or backward.error is not None or backward.inputs is None or backward.kind == "autograd.grad":
        return []
    given = {id(each) for each in backward.inputs}
    names = [name for leaf in backward.before if id(leaf) not in given and (name := name_of(trace, leaf))]
    return [say("not_among_inputs", n=len(names), leaf=listed(few(names)))] if names else []


def missing(trace: Trace) -> list[str]:
    """Names whose `.grad` is None, and why."""
    said = []
    for each in absent.missing(trace):
        if each.kind == "not_asked":
            said.append(say("not_asked", name=each.name))
            continue
        if each.kind == "read_early":
            said.append(say("read_early", name=each.name, where=say("in_line", line=each.line)))
            continue
        call = facts.maker_of(trace, each.tensor)
        what = trace.expression(call.site) if call is not None else type(each.tensor.grad_fn).__name__
        told = {"name": each.name, "what": what, "where": in_line(trace, call)}
        maker = facts.maker_of(trace, each.leaf)
        if each.kind == "overwritten":
            told["made"] = in_line(trace, maker)
        elif each.kind == "not_a_leaf_inside" and maker is not None:
            told["leaf"] = trace.expression(maker.site)
        said.append(say(each.kind, **told))
    return said
