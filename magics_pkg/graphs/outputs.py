"""Which tensors a graph starts from: those named, else those of the cell's backward call, else its last expression."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .. import backends
from ..errors import OutputError
from ..tracing.trace import Trace
from ..words import say
from .names import look_up, tensors_in


def outputs_of(trace: Trace, output: Any = None) -> tuple[Any, ...]:
    """The output tensors. ``output``: a name, a tensor, several tensors, or None for what the cell itself says.

    Errors: OutputError, one sentence, where there is no such tensor or it has no graph.
    """
    if isinstance(output, str):
        return _checked(_named(trace, output), output)
    if output is not None:
        return _checked(output, say("the_output"))
    if trace.roots:
        return _checked(trace.roots, say("the_output"))
    if trace.error is not None:
        return _as_far_as_it_got(trace)
    if trace.backward is not None:
        return _checked(trace.backward.roots, say("the_output"))
    if trace.result is None:
        raise OutputError(say("names_no_output"))
    return _checked(trace.result, say("last_expression"))


def _named(trace: Trace, name: str) -> Any:
    try:
        return look_up(trace.namespace, name)
    except LookupError:
        raise OutputError(say("not_there", name=name)) from None
    except (SyntaxError, ValueError):
        raise OutputError(say("not_a_name", name=name)) from None


def _checked(output: Any, what: str) -> tuple[Any, ...]:
    several = tuple(output) if isinstance(output, tuple | list) else (output,)
    if not several:
        raise OutputError(say("is_empty", what=what))
    for each in several:
        if backends.of(each) is None:
            raise OutputError(say("is_no_tensor", what=what, kind=type(each).__name__))
        if not each.requires_grad:
            raise OutputError(say("has_no_graph", what=what))
        if is_complex(each):
            raise OutputError(say("is_complex", what=what))
    return several


def unshown(trace: Trace, tensors: Iterable[Any]) -> str:
    """Which sentence says why there are no numbers to show: of these tensors, or of what the cell computed; else ""."""
    assert trace.backend is not None  # there are tensors
    recorded = (each for call in trace.calls if call.record.node is not None for each in call.outputs)
    known = (each for each in (*tensors, *recorded) if isinstance(each, trace.backend.tensor))
    return next((why for each in known if (why := trace.backend.unshown(each))), "")


def is_complex(tensor: Any) -> bool:
    """Whether its numbers have two parts, which no slider and no colour can show."""
    return "complex" in str(tensor.dtype)


def _as_far_as_it_got(trace: Trace) -> tuple[Any, ...]:
    """In a cell that raised: what its backward started from, else what the failed call was given, else the latest."""
    if trace.backward is not None and _with_graph(trace.backward.roots):
        return _with_graph(trace.backward.roots)
    given: tuple[Any, ...] = ()
    if trace.failed is not None and trace.backend is not None:
        record = trace.failed.record
        given = tuple(each for _, each in tensors_in(record.args or (), record.kwargs, trace.backend.tensor))
    if computed := tuple(each for each in _with_graph(given) if each.grad_fn is not None):
        return computed
    for call in reversed(trace.calls):
        for each in call.outputs:
            if getattr(each, "grad_fn", None) is not None:
                return (each,)
    if leaves := _with_graph(given):
        return leaves
    raise OutputError(say("raised_too_early"))


def _with_graph(tensors: Iterable[Any]) -> tuple[Any, ...]:
    found = {id(each): each for each in tensors if getattr(each, "requires_grad", False)}
    return tuple(found.values())
