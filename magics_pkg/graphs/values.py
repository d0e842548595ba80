"""What was computed at each place of a graph: the tensor if it is still there, its value when made, its shape."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ..backends import FREED, dtype_name, is_gone, version_of
from ..backends.arrays import first_bad
from ..style.elements import LIMIT, Values, values_in
from ..style.format import unravel
from ..tracing.trace import Call, Trace
from ..words import say
from .names import Namespace, tensors_in
from .web import Arrival


class Computed:
    """Looks up values by where their gradient arrives: a node and which of its outputs."""

    def __init__(self, trace: Trace, names: Namespace, owned: dict[Any, Call], roots: dict[Arrival, Any]) -> None:
        assert trace.backend is not None
        self.trace, self.names, self.backend, self.owned, self.roots = trace, names, trace.backend, owned, roots
        self.notes: list[str] = []
        self.created: dict[Arrival, Values] = {}  # gradients with a graph, as a pass made them
        self._swept: dict[Any, Any] | None = None
        self._given: dict[Arrival, Any] | None = None

    def tensor(self, arrival: Arrival) -> tuple[Any, int] | None:
        """The tensor whose gradient arrives there, and its version when it was made."""
        node, nr = arrival
        root = self.roots.get(arrival)
        if root is not None:
            return root, version_of(root)
        call = self.owned.get(node)
        for each in call.outputs if call is not None else ():
            if call is not None and call.record.node is node and not isinstance(call.record.result, tuple):
                return each, call.record.version
            if getattr(each, "grad_fn", None) is node and each.output_nr == nr:
                return each, version_of(each)
        for _, each in self.names.made.get(node, ()):
            if each.output_nr == nr:
                return each, version_of(each)
        given = self._arguments().get(arrival) if call is None else None
        return None if given is None else (given, version_of(given))

    def _arguments(self) -> dict[Arrival, Any]:
        """What calls were given, by where its gradient arrives: no call made the output of a custom function."""
        if self._given is None:
            self._given = {}
            for call in self.trace.calls:
                for _, each in tensors_in(call.record.args or (), call.record.kwargs, self.backend.tensor):
                    if each.grad_fn is not None:
                        self._given.setdefault((each.grad_fn, each.output_nr), each)
        return self._given

    def value(self, arrival: Arrival | None, limit: int = LIMIT) -> Values:
        """A copy of what was computed there; without entries where it is gone or was written over."""
        if arrival is None:
            return Values((), "")
        if arrival in self.created:
            return self.created[arrival]
        made = self.tensor(arrival)
        if made is None:
            return Values(self.shape(arrival) or (), "")
        tensor, version = made
        if version_of(tensor) == version:
            return looked_through(tensor, self.backend.array, limit)
        kept = self.trace.old_values.get((id(tensor), version))
        if kept is not None:
            return looked_through(kept, self.backend.array, limit)
        return Values(tuple(tensor.shape), dtype_name(tensor.dtype))

    def drawn(self, arrival: Arrival) -> tuple[int, ...] | None:
        """The shape of a gradient that can be shown: None where nobody knows it, or it is complex."""
        if "complex" not in self._dtype(*arrival):
            return self.shape(arrival)
        if (told := say("complex")) not in self.notes:
            self.notes.append(told)
        return None

    def _dtype(self, node: Any, nr: int) -> str:
        made, metadata = self.tensor((node, nr)), self.backend.metadata(node)
        if made is None and nr < len(metadata):
            return metadata[nr][1]
        if (node, nr) in self.created:
            return self.created[node, nr].dtype
        some = made[0] if made is not None else _nth(self._sweep().get(node, ()), nr)
        return str(getattr(some, "dtype", ""))

    def shape(self, arrival: Arrival) -> tuple[int, ...] | None:
        """The shape of the gradient that arrives there, None where nobody knows."""
        node, nr = arrival
        variable = getattr(node, "variable", None)
        if variable is not None:
            return tuple(variable.shape)
        made = self.tensor(arrival)
        if made is not None:
            return tuple(made[0].shape)
        metadata = self.backend.metadata(node)
        if nr < len(metadata):
            return metadata[nr][0]
        if arrival in self.created:
            return self.created[arrival].shape
        swept = _nth(self._sweep().get(node, ()), nr)
        return None if swept is None else tuple(swept.shape)

    def _sweep(self) -> dict[Any, Any]:
        """Where the library does not tell shapes, a backward pass with zeros does, if nobody can notice it."""
        if self._swept is None:
            self._swept = {}
            backward, roots = self.trace.backward, list(self.roots.values())
            kept = None if backward is None else backward.snapshot_of(*roots)
            try:
                snapshot = kept or self.backend.snapshot(roots)
                if kept is not None and kept.observed is not None and backward is not None and backward.inputs is None:
                    self._swept = dict(kept.observed.nodes)
                elif snapshot.linear:
                    zeros = [np.zeros(tuple(root.shape), self.backend.dtype(root)) for root in roots]
                    self._swept = dict(snapshot.run(zeros).nodes)
                if kept is None:
                    snapshot.close()
            except Exception as error:  # a graph that was freed, or that cannot be kept: its shapes stay unknown
                told_elsewhere = isinstance(error, RuntimeError) and (is_gone(error) or FREED[:40] in str(error))
                if self.trace.error is None and not told_elsewhere:
                    self.notes.append(say("shapes_unknown", error=error or type(error).__name__))
        return self._swept


def looked_through(tensor: Any, array: Callable[[Any], Any], limit: int) -> Values:
    """A copy of a tensor's first entries, and which of all is the first that is no finite number."""
    values = values_in(tensor, array, limit)
    if values.complete:
        return values
    found = first_bad(tensor)
    return values if found is None else replace(values, bad=(found[0], unravel(found[1], values.shape)))


def _nth(values: Sequence[Any], nr: int) -> Any:
    return values[nr] if nr < len(values) else None
