"""The backward calls of a cell side by side: what each added to each `.grad`, and what happened to it in between."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..backends import plain
from ..graphs.names import Namespace
from ..style.format import number, one_line
from ..tracing.trace import Backward, Trace
from ..words import say

ENTRIES = 6  # of a gradient that are written out
CALLS = 40  # at most; of a long loop the first and the latest
FIRST = 4


def several(trace: Trace, present: Backward) -> list[dict[str, Any]] | None:
    """Each call as plain data, in order; None where there is but one. `present`: the call that the sliders move."""
    calls = [each for each in trace.backwards if each.error is None and each.told]
    if len(calls) < 2 or trace.backend is None:
        return None
    names = Namespace(trace.namespace, trace.backend)
    left: dict[Any, Any] = {}  # by leaf, what the call before left in `.grad`
    told = [_call(trace, names, place, each, left, each is present) for place, each in enumerate(calls)]
    return told if len(told) <= CALLS else [*told[:FIRST], *told[FIRST - CALLS :]]


def _call(
    trace: Trace, names: Namespace, place: int, backward: Backward, left: dict[Any, Any], live: bool
) -> dict[str, Any]:
    returns = backward.kind == "autograd.grad"
    leaves = []
    for leaf, before, after in backward.told:
        now, was = plain(after), None if before is None else plain(before)
        with np.errstate(all="ignore"):
            added = now if was is None or returns else now.astype(np.float64) - was
        since = "" if returns or leaf not in left else _since(left[leaf], was)
        if not returns:
            left[leaf] = now
        leaves.append(
            {
                "name": one_line(names.name(leaf) or say("a_leaf")),
                "before": None if was is None or returns else _numbers(was),
                "added": _numbers(added),
                "after": _numbers(now),
                "since": since,
                "more": now.size > ENTRIES,
            }
        )
    position = backward.position
    return {
        "place": place + 1,
        "line": trace.line(position) if position is not None else None,
        "source": one_line(position.expression) if position is not None else backward.kind,
        "returns": returns,
        "created": backward.create_graph,
        "live": live,
        "leaves": leaves,
    }


def _since(left: Any, before: Any) -> str:
    """What became of `.grad` between two calls."""
    if before is None:
        return say("since_none")
    if left.shape == before.shape and np.array_equal(left, before, equal_nan=True):
        return ""
    return say("since_changed" if np.any(before) else "since_zero")


def _numbers(array: Any) -> list[str]:
    return [number(each) for each in np.asarray(array).reshape(-1)[:ENTRIES].tolist()]
