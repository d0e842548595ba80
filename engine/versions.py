"""Versions of memory: in-place writes are logged by who owns the memory, so that going forward costs nothing.

A node that is newer than the last write anywhere needs no look; an older one compares what it saved with the log.
"""

from __future__ import annotations

import re
import weakref
from collections import deque
from typing import Any

import numpy as np

from . import errors
from .dtypes import OF
from .kernel import tick

_LOG = 256  # writes remembered per owner; a node older than all of them counts at least these


class _Entry:
    __slots__ = ("alive", "count", "keys", "writer")

    def __init__(self, alive: Any) -> None:
        self.alive, self.count = alive, 0
        self.writer = ""  # the node that the last write gave the tensor as its history
        self.keys: deque[int] = deque(maxlen=_LOG)


_writes: dict[int, _Entry] = {}
last_write = [0]  # the key of the newest write anywhere


def owner(data: Any) -> Any:
    """The array at the bottom of a chain of views."""
    while type(data) is np.ndarray and type(data.base) is np.ndarray:
        data = data.base
    return data


def version(data: Any) -> int:
    """How many in-place writes the memory behind ``data`` has seen."""
    bottom = owner(data)
    entry = _writes.get(id(bottom))
    return entry.count if entry is not None and entry.alive() is bottom else 0


def wrote(data: Any, writer: str = "") -> None:
    """Log one in-place write to the memory behind ``data``, by the node called ``writer`` if it was recorded."""
    bottom = owner(data)
    key = id(bottom)
    entry = _writes.get(key)
    if entry is None or entry.alive() is not bottom:
        entry = _writes[key] = _Entry(weakref.ref(bottom, lambda _: _writes.pop(key, None)))
    entry.count += 1
    entry.writer = writer or entry.writer
    last_write[0] = tick()
    entry.keys.append(last_write[0])


def boxed(scalar: Any, array: np.ndarray[Any, Any]) -> None:
    """Log that nodes which hold ``scalar`` hold what is now the memory of ``array``, about to be written."""
    alive = weakref.ref(owner(array), lambda _: _scalars.pop(id(scalar), None))
    _scalars[id(scalar)] = (scalar, alive)


_scalars: dict[int, tuple[Any, Any]] = {}


def behind(value: Any) -> Any:
    """The memory behind a saved value, also of a scalar that has become memory since."""
    if id(value) in _scalars and _scalars[id(value)][0] is value:
        value = _scalars[id(value)][1]()
    return owner(value)


def check(node: Any) -> None:
    """Raise PyTorch's error if something that ``node`` saved was written since."""
    if node.saved is None:
        return
    for value in node.saved:
        if not isinstance(value, np.ndarray | np.generic):
            continue
        memory = behind(value)
        entry = _writes.get(id(memory))
        if entry is None or entry.alive() is not memory:
            continue
        late = sum(key < node.key for key in entry.keys)
        if late:
            title = OF[value.dtype].title
            raise errors.modified(title, value.shape, _producer(node, value, entry), entry.count, entry.count - late)


def _producer(node: Any, value: Any, entry: _Entry) -> str:
    """How the message names what made a saved value: the node itself, or who wrote it last, or whose output it was."""
    spec = node.step.spec
    name = spec.kept[[v is value for v in node.saved].index(True)]
    if name == "out":
        made = getattr(spec, "inside", "") or node.name()
    else:
        edges = dict(zip(spec.wanted, node.edges, strict=True))
        edge = edges.get(name)
        made = entry.writer or (edge.name() if edge is not None and hasattr(edge, "name") and edge.key < 0 else "")
    return f", which is output 0 of {re.sub('Backward[0-9]+$', '', made)}," if made else ""
