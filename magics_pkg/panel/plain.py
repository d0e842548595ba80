"""Graph + numbers -> plain data that JSON can hold: what `Exploration.to_json` writes.

Its form, with every key's meaning, is `to_json.schema.json` beside this file. It is kept: "backward-magics/1" becomes
another number when a key goes or changes its meaning; a new key may come.

Numbers of a node or an edge are its first entries, the last dimension fastest, and whether they are all. NaN and
infinities, which JSON has not, are the texts "NaN", "Infinity" and "-Infinity", which float() reads; a complex number
is [real, imaginary].
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import backends
from ..style.format import one_line
from .spec import in_words

if TYPE_CHECKING:
    from ..graphs.graph import Edge, Graph, Node
    from ..graphs.linear import Linear

FORMAT = "backward-magics/1"
Array = np.ndarray[Any, Any]


def in_json(
    graph: Graph, linear: Linear, shown: Array, v: Array, grads: Mapping[str, Any], notes: Sequence[str]
) -> str:
    """Everything as JSON: see the module's docstring. `shown`: the numbers of the graph, `grads`: tensors or None."""
    numbers = _Numbers(graph, linear, shown)
    data = {
        "format": FORMAT,
        "code": graph.code,
        "notes": list(notes),
        "output": graph.output,
        "outputs": list(graph.outputs or (graph.output,)),
        "v": plain(v.tolist()),
        "linear": bool(linear.linear),
        "nodes": [numbers.node(each) for each in graph.nodes],
        "edges": [numbers.edge(each) for each in graph.edges],
        "gradients": {name: None if grad is None else _whole(grad) for name, grad in grads.items()},
    }
    return json.dumps(data, allow_nan=False, ensure_ascii=False)


def _whole(grad: Any) -> dict[str, Any]:
    array = backends.plain(grad)
    return {"shape": list(array.shape), "dtype": str(array.dtype), "values": plain(array.tolist())}


class _Numbers:
    """Nodes and edges with the gradients that are shown at present."""

    def __init__(self, graph: Graph, linear: Linear, shown: Array) -> None:
        self.graph, self.linear, self.shown = graph, linear, shown

    def node(self, node: Node) -> dict[str, Any]:
        value = node.value
        entries = [plain(number) for _, number in value.entries]
        held = {"shape": list(value.shape), "dtype": value.dtype, "entries": entries, "complete": value.complete}
        return {
            "id": node.id,
            "kind": node.kind,
            "name": one_line(node.name),
            "symbol": node.symbol,
            "op": node.op,
            "source": node.source,
            "line": node.line,
            "span": list(node.span) if node.span else None,
            "shape": list(node.shape),
            "dtype": node.dtype,
            "value": held if entries else None,
            "grad": self.quantity(node.grad),
            "repeat_of": node.repeat_of,
            "group": list(node.group),
            "folded": node.folded,
            "operations": node.operations,
            "count": node.count,
            "note": node.note,
            "mark": node.mark,
            "derives": node.derives or None,
            "level": node.level,
        }

    def edge(self, edge: Edge) -> dict[str, Any]:
        grad = self.quantity(edge.grad)
        ends = {"id": edge.id, "tail": edge.tail, "head": edge.head}
        return {**ends, "grad": grad, "carried": edge.carried, "severed": edge.severed}

    def quantity(self, which: int | None) -> dict[str, Any] | None:
        """A gradient's first entries as they are shown now."""
        if which is None:
            return None
        quantity, at = self.graph.quantities[which], self.linear.offsets[which]
        count = len(quantity.indices)
        return {
            "name": one_line(quantity.name),
            "shape": list(quantity.shape),
            "entries": [plain(each) for each in self.shown[at : at + count].tolist()],
            "complete": count == math.prod(quantity.shape),
            **({"parts": list(quantity.parts)} if quantity.parts else {}),
        }


def plain(x: Any) -> Any:
    """A number, or lists of them, as JSON can hold it."""
    if isinstance(x, list):
        return [plain(each) for each in x]
    if isinstance(x, complex):
        return [plain(x.real), plain(x.imag)]
    return in_words(x) if isinstance(x, float) else x
