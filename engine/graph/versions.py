"""Versions of memory: in-place writes are logged by who owns the memory, so that going forward costs nothing.

A node that is newer than the last write anywhere needs no look; an older one compares what it saved with the log.
"""

from __future__ import annotations

import re
import weakref
from typing import Any

import numpy as np

from .. import autograd_errors as errors
from ..dtypes import OF
from ..table.kernel import RAW, tick

_LOG = 256  # writes remembered per owner; a node older than all of them counts at least these


class _Writes(list[int]):
    """The keys of the writes to one owner, newest last, as long as that lives."""

    __slots__ = ("alive", "dropped", "writer")

    def __init__(self, alive: Any) -> None:
        self.alive, self.dropped = alive, 0
        self.writer = ""  # the node that the last write gave the tensor as its history

    @property
    def seen(self) -> int:
        """How many writes there were."""
        return self.dropped + len(self)


class _Alive(weakref.ref[Any]):
    """Forgets the writes to an owner when that dies: a class with a slot costs a third of a closure."""

    __slots__ = ("key",)
    key: int


def _forget(alive: Any) -> None:
    _writes.pop(alive.key, None)


_writes: dict[int, _Writes] = {}
last_write = [0]  # the key of the newest write anywhere


def owner(data: Any) -> Any:
    """The array at the bottom of a chain of views."""
    while type(data) is np.ndarray and type(data.base) is np.ndarray:
        data = data.base
    return data


def version(data: Any) -> int:
    """How many in-place writes the memory behind ``data`` has seen."""
    writes = _writes.get(id(owner(data)))
    return writes.seen if writes is not None else 0


def _first_write(data: Any) -> _Writes:
    alive = _Alive(data, _forget)
    alive.key = id(data)
    writes = _writes[alive.key] = _Writes(alive)
    return writes


def wrote(data: Any, writer: str = "") -> None:
    """Log one in-place write to the memory behind the array ``data``, by the node ``writer`` if it was recorded."""
    while type(data.base) is ndarray:
        data = data.base
    writes = _writes.get(id(data))
    if writes is None:
        writes = _first_write(data)
    elif len(writes) == _LOG:
        writes.dropped += _LOG // 2
        del writes[: _LOG // 2]
    if writer:
        writes.writer = writer
    last_write[0] = key = tick()
    writes.append(key)


def wrote_unread(data: Any) -> None:
    """Count a write to memory that nothing saved yet, so that no node has to look for it."""
    data = owner(data)
    writes = _writes.get(id(data))
    (_first_write(data) if writes is None else writes).append(tick())


ndarray = np.ndarray
RAW.update(wrote=wrote, wrote_unread=wrote_unread, last_write=last_write, WRITES=_writes)


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
            if type(value) is tuple:  # index arrays
                for a in value:
                    if type(a) is ndarray:
                        _check_memory(node, a)
            continue
        _check_memory(node, value)


def _check_memory(node: Any, value: Any) -> None:
    writes = _writes.get(id(behind(value)))
    late = sum([key < node.key for key in writes]) if writes is not None else 0
    if writes is not None and late:
        title = OF[value.dtype].title
        raise errors.modified(title, value.shape, _producer(node, value, writes), writes.seen, writes.seen - late)


def _producer(node: Any, value: Any, writes: _Writes) -> str:
    """How the message names what made a saved value: the node itself, or who wrote it last, or whose output it was."""
    spec = node.step.spec
    name = next((name for name, v in zip(spec.kept, node.saved, strict=False) if v is value), "")
    if name == "out":
        made = getattr(spec, "inside", "") or node.name()
    else:
        edges = dict(zip(spec.wanted, node.edges, strict=True))
        edge = edges.get(name)
        made = writes.writer or (edge.name() if edge is not None and hasattr(edge, "name") and edge.key < 0 else "")
    return f", which is output 0 of {re.sub('Backward[0-9]+$', '', made)}," if made else ""
