"""Anomaly mode: each node remembers where the program made it, and a pass that goes wrong says so."""

from __future__ import annotations

import sys
import threading
import traceback
import warnings
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np

from .. import autograd_errors as errors
from ..mode import CAREFUL, observe, outside
from ..table.kernel import RAW
from .node import Node

_ENGINE = __name__.partition(".")[0]


class State:
    """Whether anomaly mode is on, in every thread, and whether it looks for NaN."""

    on = False
    check_nan = True


class Running(threading.local):
    """The node whose derivative runs in this thread: what is made meanwhile is its child."""

    running: Any = None


state, _here = State(), Running()
_metadata: weakref.WeakKeyDictionary[Any, dict[str, Any]] = weakref.WeakKeyDictionary()


def metadata(node: Any) -> dict[str, Any]:
    """``node.metadata``: a dictionary that stays with the node."""
    return _metadata.setdefault(node, {})


def is_anomaly_enabled() -> bool:
    """Whether anomaly mode is on."""
    return state.on


def is_anomaly_check_nan_enabled() -> bool:
    """Whether anomaly mode looks for NaN."""
    return state.check_nan


def set_anomaly_enabled(on: bool, check_nan: bool = True) -> None:
    """Turn anomaly mode on or off, in every thread."""
    state.on, state.check_nan = on, check_nan
    errors.modified_hint[:] = [errors.MODIFIED_IN_ANOMALY if on else errors.MODIFIED]
    (CAREFUL.add if on else CAREFUL.discard)("anomaly")
    observe("anomaly", on)


def store_stack(node: Any) -> None:
    """Note where the program is as the place that made ``node``."""
    frames = traceback.extract_stack()
    frame: Any = sys._getframe()
    while frame is not None and str(frame.f_globals.get("__name__") or _ENGINE).partition(".")[0] == _ENGINE:
        frame = frame.f_back
        frames.pop()
    where = metadata(node)
    where["traceback_"] = traceback.format_list(frames)
    if _here.running is not None:
        where["parent_"] = _here.running


def report(node: Any) -> None:
    """Warn where the node whose derivative failed, and what it is the derivative of, were made."""
    name = node.name()
    where = _metadata.get(node, {})
    if "traceback_" not in where:
        _warn(
            f"Error detected in {name}. No forward pass information available. Enable detect anomaly during forward "
            "pass for more information."
        )
    else:
        lines = "".join(where["traceback_"])
        _warn(f"Error detected in {name}. Traceback of forward call that caused the error:\n{lines}")
    parent = where.get("parent_")
    while parent is not None:
        said = _metadata.get(parent, {})
        if "traceback_" not in said:
            _warn(
                "\n\nPrevious calculation was induced by "
                f"{parent.name()}. No forward pass information available. Enable detect anomaly during forward pass "
                "for more information."
            )
        else:
            lines = "".join(said["traceback_"])
            _warn(
                f"\n\nPrevious calculation was induced by {parent.name()}. Traceback of forward call that induced the "
                f"previous calculation:\n{lines}"
            )
        parent = said.get("parent_")


def _warn(text: str) -> None:
    warnings.warn(text, UserWarning, stacklevel=outside())


def run(visit: Callable[..., Any], node: Any, *args: Any) -> None:
    """Run one node of a pass: where that fails, or gives NaN, say where the node was made."""
    __tracebackhide__ = True
    if not isinstance(node, Node):
        visit(node, *args)
        return
    before, _here.running = _here.running, node
    try:
        sent = visit(node, *args)
        if state.check_nan and sent is not None:
            _check_nan(node, sent)
    except BaseException:
        report(node)
        raise
    finally:
        _here.running = before


def _check_nan(node: Any, sent: Any) -> None:
    for slot, part in zip(node.slots, sent, strict=True):
        if part is not None and np.isnan(getattr(part, "_d", part)).any():
            raise errors.nan_returned(node.name(), slot)


RAW["run_anomalous"] = run
