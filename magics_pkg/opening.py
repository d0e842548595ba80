"""Trace -> Exploration: which backward call it is about, its leaves, its numbers, and what is to be said."""

from __future__ import annotations

import dataclasses
import functools
import sys
from collections.abc import Iterable, Mapping, Sequence
from types import CodeType
from typing import Any

import numpy as np

from . import backends
from .backends import Backend, Snapshot
from .cells.cell import Outcome
from .errors import OutputError
from .exploration import Exploration
from .graphs import faults, linear, marks
from .graphs.depth import Folding
from .graphs.graph import Graph, Node
from .graphs.linear import Array, RowPasses
from .graphs.names import Namespace
from .graphs.outputs import is_complex, outputs_of, unshown
from .graphs.seed import Seed
from .graphs.subject import Subject
from .lessons import explain, mistakes
from .lessons.several import several
from .options import Weights
from .panel.canvas import Canvas
from .panel.inspection import Inspection
from .panel.live import Leaf, Session
from .panel.quiz import asked_of, can_be
from .panel.settings import Settings, weights_for
from .panel.whatif import WhatIf
from .reruns.program import Stuck
from .style.elements import leaf_nodes
from .style.format import shape
from .tracing.passes import BackwardPasses, reachable_leaves
from .tracing.recorder import Recorder, trace_of
from .tracing.trace import Backward, Trace
from .words import say


def weights_of(given: Weights, size: Sequence[int], name: str) -> Array:
    """--weights as an array of the output's shape; Errors: OutputError naming the shape that is expected."""
    wanted = tuple(int(each) for each in size)
    count = int(np.prod(wanted))
    fits = len(given.entries) == count if given.shape is None else given.shape == wanted
    if not fits:
        bare = given.shape is None
        got = say("got_count", n=len(given.entries)) if bare else say("got_shape", shape=shape(given.shape or ()))
        told = {"name": name, "shape": shape(wanted), "given": given.text, "got": got}
        raise OutputError(say("weights_do_not_fit", n=count, **told))
    return np.array(given.entries, dtype=np.float64).reshape(wanted)


def call_backward(passes: BackwardPasses, output: Any, v: Array | None) -> None:
    """`output.backward(v, retain_graph=True)`, as the last line of the cell would do it; v is ones by default."""
    backend = backends.of(output)
    assert backend is not None  # whoever asks has checked
    size, dtype = tuple(output.shape), backend.dtype(output)
    weights = np.ones(size, dtype) if v is None else np.asarray(v).astype(dtype)
    tensor = backend.given(weights, output)
    passes.run(backend, backend.tensor.backward, (output, tensor), {"retain_graph": True}, ())


def open_exploration(
    trace: Trace,
    passes: BackwardPasses,
    settings: Settings,
    *,
    output: Any = None,
    wrt: Sequence[Any] = (),
    weights: Array | None = None,
) -> Exploration:
    """What there is to see and to move, of this output or of the cell's own.

    Errors: OutputError where there is no such output; UsageError for a leaf that is not there."""
    if output is None and (root := faults.stuck(trace)) is not None:
        kept, none = linear.still(marks.without_graph(trace, root), {})
        said = tuple(mistakes.without_graph(trace, root))
        kept = dataclasses.replace(kept, nodes=tuple(_marked(trace, node) for node in kept.nodes))
        return Exploration(kept, none, None, said, settings)
    outputs = outputs_of(trace, output)
    assert trace.backend is not None  # there are tensors
    found = _call_of(trace, outputs[0])
    whole = found is not None and _same(found[0].roots, outputs)
    leaves = found[0].nodes if found is not None and whole else reachable_leaves(trace.backend, outputs)
    if any(is_complex(each) for each in {leaf.dtype: leaf for leaf in leaves}.values()):
        raise OutputError(say("complex_leaves"))
    if why := unshown(trace, (*outputs, *leaves)):
        trace.close()
        return Exploration(notes=[say(why)], settings=settings)
    still = found is None or trace.error is not None
    finish = functools.partial(_still, trace) if still else _moving if settings.inputs is None else _changing
    subject = Subject(trace, outputs, settings.max_nodes)
    canvas = Canvas(subject, wrt or None, settings.max_nodes, Folding(settings.depth), finish)
    canvas.told = (explain.second_derivative(trace),)
    graph, numbers = canvas.draw()
    if found is None or trace.error is not None:
        trace.close()
        said = explain.notes(trace, trace.backward, graph, None)
        if trace.error is None and not trace.notes:
            said = (say("not_kept"), *said)
        return Exploration(graph, numbers, None, said, settings, canvas.keep())
    session = session_of(trace, passes, outputs, found, graph, weights, subject, subject.names)
    backward, snapshot, _ = found
    said = (*explain.notes(trace, backward, graph, session.linear), *explain.memory(snapshot.nbytes))
    if settings.opens == "quiz" and not session.linear.linear and not can_be(graph, session):
        settings = dataclasses.replace(settings, opens="")
        said = (say("no_quiz"), *said) if any(asked_of(graph)) else said
    what_if = None if settings.inputs is None else _what_if(trace, passes, settings.inputs, session, subject, outputs)
    return Exploration(graph, session.linear, session, said, settings, canvas.keep(), what_if)


def _same(some: Sequence[Any], others: Sequence[Any]) -> bool:
    return len(some) == len(others) and all(one is other for one, other in zip(some, others, strict=True))


def _what_if(
    trace: Trace,
    passes: BackwardPasses,
    wanted: Sequence[Any],
    session: Session,
    subject: Subject,
    outputs: Sequence[Any],
) -> WhatIf:
    """The inputs of the panel's leaves. Errors: UsageError for a leaf that is not there."""

    def opened(
        again: Trace, passed: BackwardPasses, made: Sequence[Any], graph: Graph, weights: Any, remade: Any
    ) -> Session:
        found = _call_of(again, made[0])
        if found is None:
            raise Stuck(say("again_other"))
        assert again.backend is not None
        return session_of(again, passed, made, found, graph, weights, remade, Namespace(again.namespace, again.backend))

    found = _call_of(trace, outputs[0])
    done = [each for each in trace.backwards if each.error is None]
    target = next(place for place, each in enumerate(done) if found is not None and each is found[0])
    made = WhatIf(session, subject, outputs, opened)
    try:
        made.start(passes.tape, outputs, target, wanted)
    except BaseException:
        made.close()
        raise
    return made


def session_of(
    trace: Trace,
    passes: BackwardPasses,
    outputs: Sequence[Any],
    found: tuple[Backward, Snapshot, int],
    graph: Graph,
    weights: Array | Seed | None,
    subject: Any,
    names: Namespace,
) -> Session:
    """What moves the v of a call that `_call_of` has found; ``subject``: knows what was computed for each card."""
    assert trace.backend is not None  # there are tensors
    backward, snapshot, root = found
    called = any(each is outputs[0] for each in backward.roots)
    if not called:  # named, and kept by a call that started elsewhere: what it would add to .grad as it is now
        reached = reachable_leaves(trace.backend, outputs[:1])
        backward = Backward(
            "", (outputs[0],), snapshot=snapshot, before=_held_by(trace.backend, reached), nodes=reached
        )
        weights = np.ones(tuple(outputs[0].shape)) if weights is None else weights
    sweeps = passes.sweeps.get(id(snapshot)) if isinstance(passes, RowPasses) else None
    if sweeps is None or sweeps.weighting.root != root:
        given = backward.gradients if called else None
        done = snapshot.whole_pass if called and linear.ran_whole(backward) else None
        sweeps = linear.take(snapshot, linear.weighting_of(trace.backend, backward.roots, given, root), done=done)
    leaves = leaves_of(backward, _names(names, graph, backward))
    session = Session(
        trace.backend,
        snapshot,
        sweeps,
        graph,
        leaves,
        create_graph=backward.create_graph,
        weights=weights,
        beside=[each for each in trace.kept if each is not snapshot],
    )
    session.told = several(trace, found[0])
    session.inspection = Inspection(session, subject, backward)
    return session


def _moving(graph: Graph) -> tuple[Graph, None]:
    """The session has the numbers."""
    return graph, None


def _changing(graph: Graph) -> tuple[Graph, None]:
    """The same of a graph whose values change too."""
    return dataclasses.replace(graph, moving=True), None


def _still(trace: Trace, graph: Graph) -> tuple[Graph, linear.Linear]:
    """What each leaf's `.grad` holds, where nothing can be moved."""
    assert trace.backend is not None  # there are tensors
    kept, numbers = linear.still(graph, _held_now(graph))
    return dataclasses.replace(kept, nodes=tuple(_marked(trace, node) for node in kept.nodes)), numbers


def _marked(trace: Trace, node: Node) -> Node:
    """A card where the cell went wrong says so: what backward was called on, or what the failed operation was given."""
    if trace.error is None or not node.output or trace.failed is not None:
        return node
    told = " · ".join(each for each in (node.note, mistakes.raised(trace)) if each)
    return dataclasses.replace(node, mark="error", note=told)


def _call_of(trace: Trace, output: Any) -> tuple[Backward, Snapshot, int] | None:
    """The latest call from this output whose graph is kept, its kept graph, and which of its outputs this is."""
    best = trace.backward
    ordered = [best] if best is not None and best.error is None else []
    ordered += [each for each in reversed(trace.backwards) if each is not best and each.error is None]
    for backward in ordered:
        for root, each in enumerate(backward.roots):
            if each is output and backward.snapshot is not None:
                return backward, backward.snapshot, root
    for backward in ordered:
        kept = backward.snapshots.get(id(output))
        if kept is not None:
            return backward, kept, 0
    return None


def leaves_of(backward: Backward, names: Mapping[Any, str]) -> list[Leaf]:
    """The leaves of a backward call, with why the sliders leave some alone; `names` by AccumulateGrad node."""
    leaves = []
    for tensor, before in backward.before.items():
        node = backward.nodes[tensor]
        reason = backward.changed.get(tensor, "")
        if backward.kind == "autograd.grad":
            reason = "autograd.grad"
        elif backward.inputs is not None and not any(each is tensor for each in backward.inputs):
            reason = "not among inputs="
        leaves.append(Leaf(tensor, node, names.get(node, ""), before, reason=reason))
    return leaves


def _names(names: Namespace, graph: Graph, backward: Backward) -> dict[Any, str]:
    """Names of leaves by AccumulateGrad node: as the graph has them, else as the namespace does."""
    shown: dict[Any, str] = {}
    for each in graph.quantities:
        names_of = each.parts or (each.name.removesuffix(".grad"),)
        shown.update(zip(leaf_nodes(each.key), names_of, strict=False))
    for leaf, node in backward.nodes.items():
        shown.setdefault(node, names.name(leaf))
    return shown


def _held_now(graph: Graph) -> dict[Any, Any]:
    nodes = [node for each in graph.quantities for node in leaf_nodes(each.key)]
    return {node: node.variable.grad for node in nodes}


def _held_by(backend: Backend, leaves: Iterable[Any]) -> dict[Any, Any]:
    return {leaf: None if leaf.grad is None else backend.copy(leaf.grad) for leaf in leaves}


def explore(
    y: Any = None, v: Any = None, wrt: Any = None, *, inputs: Any = None, settings: Settings | None = None
) -> Exploration:
    """The panel for a tensor that exists already: what `%backward y` shows, with no magic.

    Runs `y.backward(v, retain_graph=True)`, v being ones by default. Without y it is a context manager that is about
    what its block computes: `with explore() as e: ...`. ``inputs``: True, or the leaves, by name or themselves, whose
    entries have sliders too; what a block computes is run again for them, on copies.

    Errors: TypeError and ValueError for a wrong v; OutputError for a y without a graph."""
    frame = sys._getframe(1)
    settings = settings or Settings()
    if inputs is not None and inputs is not False:
        settings = dataclasses.replace(settings, inputs=() if inputs is True else _several(inputs))
    if y is None:
        return Block(frame.f_code, {**frame.f_globals, **frame.f_locals}, v, _several(wrt), settings)
    return explore_tensor(y, v, _several(wrt), {**frame.f_globals, **frame.f_locals}, settings)


def explore_tensor(y: Any, v: Any, wrt: Sequence[Any], names: dict[str, Any], settings: Settings) -> Exploration:
    """Run y's backward and open its panel; `names` are those that its tensors may be called by."""
    (output, *_) = outputs_of(Trace(None, backends.of(y), namespace=names), y)
    backend = backends.of(output)
    assert backend is not None  # outputs_of has checked
    backend.look_at(names)
    passes = RowPasses()
    call_backward(passes, output, None if v is None else weights_for(tuple(output.shape), v))
    trace = dataclasses.replace(trace_of(output, names), backwards=tuple(passes.finish()))
    return open_exploration(trace, passes, settings, output=output, wrt=wrt)


def _several(wrt: Any) -> tuple[Any, ...]:
    if wrt is None:
        return ()
    if isinstance(wrt, str):
        return tuple(each.strip() for each in wrt.split(",") if each.strip())
    return tuple(wrt) if isinstance(wrt, tuple | list) else (wrt,)


class Block(Exploration):
    """`with explore() as e:`: an Exploration of what the block computes, filled in when it ends."""

    def __init__(self, code: CodeType, names: dict[str, Any], v: Any, wrt: Sequence[Any], settings: Settings) -> None:
        super().__init__(settings=settings)
        self._code, self._names, self._wanted, self._wrt = code, names, v, wrt
        self._recorder: Recorder | None = None

    def __enter__(self) -> Exploration:
        frame = sys._getframe(1)
        self._recorder = Recorder(self._code, RowPasses, self.settings.inputs is not None)
        self._recorder.__enter__()
        self._frame_names = lambda: {**frame.f_globals, **frame.f_locals}
        return self

    def __exit__(self, *error: Any) -> None:
        recorder = self._recorder
        if recorder is None:
            return
        self._recorder = None
        recorder.__exit__(*error)
        try:
            ((trace, passes), *_) = recorder.traces(None, None, Outcome(error=error[1]), self._frame_names())
            if error[1] is None:
                made = open_exploration(trace, passes, self.settings, wrt=self._wrt)
                self._what_if, self.settings = made._what_if, made.settings
                self._fill(made._graph, made._linear, made._session, made.notes, made._canvas)
                if self._wanted is not None:
                    self.weights = self._wanted
        finally:
            recorder.close()
            del self._frame_names
