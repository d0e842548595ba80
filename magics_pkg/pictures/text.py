"""The terminal's form of a panel: the graph as an indented tree, v, and each gradient, one fact a line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..style import format
from ..words import say

if TYPE_CHECKING:
    from ..graphs.graph import Edge, Graph, Node, Quantity
    from ..graphs.linear import Linear

LINES = 60  # of the tree, at most
ENTRIES = 6  # of a tensor, at most
CUT = "✂ "  # no gradient comes along here

Array = np.ndarray[Any, Any]


def number(value: float | int | bool) -> str:
    """4 significant digits with a plain minus, so that a terminal's text can be pasted back."""
    return format.number(value).replace(format.MINUS, "-")


def numbers(values: Sequence[float], shape: Sequence[int], complete: bool = True) -> str:
    """`2`, `[1, 2]`, `[[1, 2], [3, 4]]`, and `[1, 2, ...] (1000,)` for what is too long for a line."""
    if not shape:
        return number(values[0]) if len(values) else "..."
    whole = complete and len(values) == int(np.prod(shape))
    if whole and len(values) <= ENTRIES + len(shape) * 2:
        return _nested(list(values), tuple(shape))
    head = ", ".join(number(each) for each in values[:ENTRIES])
    return f"[{head}, ...] {format.shape(shape)}" if head else f"[...] {format.shape(shape)}"


def _nested(values: list[float], shape: tuple[int, ...]) -> str:
    if not shape:
        return number(values[0])
    step = int(np.prod(shape[1:]))
    return "[" + ", ".join(_nested(values[i * step : (i + 1) * step], shape[1:]) for i in range(shape[0])) + "]"


def render(
    graph: Graph | None,
    linear: Linear | None,
    shown: Array | None = None,
    notes: Sequence[str] = (),
    v: Array | None = None,
    *,
    veiled: bool = False,
) -> str:
    """The whole text: sentence, tree, v, gradients, notes; `shown` are the N numbers at the present v, flat.

    veiled: no gradient is told, nor a note, which may tell one."""
    parts: list[str] = []
    if graph is not None and graph.nodes:
        if shown is None and linear is not None:
            shown = linear.shown(linear.start)
        gradients = _Veiled(graph, linear, shown) if veiled else _Gradients(graph, linear, shown)
        if graph.output:
            parts.append(sentence(graph))
        parts.append("\n".join(_tree(graph, gradients)))
        table = _table(graph, linear.v if v is None and linear is not None else v, gradients)
        if table:
            parts.append("\n".join(table))
    said = (say("veiled"),) if veiled else notes
    parts += [say("note", text=format.one_line(note)) for note in said]
    return "\n".join(parts)


def sentence(graph: Graph) -> str:
    """`x.grad = Jᵀ v, with J = ∂y/∂x`."""
    by_id = {node.id: node for node in graph.nodes}
    leaves = [format.one_line(by_id[each].name or by_id[each].source) for each in graph.leaves if each in by_id]
    output = by_id.get(graph.output)
    if not leaves or output is None:
        return say("no_gradient")
    name = format.one_line(output.name or output.source)
    name = name if name.isidentifier() else f"({name})"
    listed = leaves[0] if len(leaves) == 1 else f"({', '.join(leaves)})"
    return say("with_j", grads=", ".join(f"{leaf}.grad" for leaf in leaves), output=name, leaf=listed)


class _Gradients:
    """The text of a quantity at the present v."""

    def __init__(self, graph: Graph, linear: Linear | None, shown: Array | None) -> None:
        self.graph, self.linear, self.shown = graph, linear, shown

    def of(self, index: int | None) -> str:
        if index is None or self.linear is None or self.shown is None:
            return ""
        quantity: Quantity = self.graph.quantities[index]
        begin = self.linear.offsets[index]
        values = [float(each) for each in self.shown[begin : begin + len(quantity.indices)]]
        return numbers(values, quantity.shape)


class _Veiled(_Gradients):
    """A quiz: nobody may see them yet."""

    def of(self, index: int | None) -> str:
        card = next((each for each in self.graph.nodes if each.id == self.graph.output), None)
        if card is not None and card.kind == "op" and card.grad == index:
            return super().of(index)  # v itself
        return "" if index is None else "?"


def _tree(graph: Graph, gradients: _Gradients) -> list[str]:
    """Output first, inputs below; a single input stays in its consumer's column, several branch off."""
    nodes = {node.id: node for node in graph.nodes}
    inputs: dict[str, list[Edge]] = {}
    for edge in graph.edges:
        if not edge.carried:
            inputs.setdefault(edge.head, []).append(edge)
    lines: list[str] = []
    seen: set[str] = set()
    waiting: list[tuple[str, str, str]] = [(graph.output, "", "")] if graph.output else []
    waiting += [(node.id, "", "") for node in reversed(graph.nodes) if node.output and node.id != graph.output]
    used = {edge.tail for edge in graph.edges}
    waiting += [(node.id, "", "") for node in graph.nodes if node.mark in ("error", "none") and node.id not in used]
    waiting += [(second.root, f"{say('below', name=second.alone)} ", "") for second in graph.seconds]
    waiting.reverse()
    while waiting:
        if len(lines) >= LINES:
            left = len(graph.nodes) - len(seen)
            lines.append(say("more_operations", n=left) if left > 0 else "...")
            break
        place, first, rest = waiting.pop()
        node = nodes.get(place)
        if node is None:
            continue
        again = node.id in seen
        if again and first and not rest and node.id in {second.root for second in graph.seconds}:
            continue  # drawn already, as a part of what stands on top of it
        seen.add(node.id)
        lines.append(first + _line(node, gradients, again))
        sources = [] if again else inputs.get(node.id, [])
        if len(sources) == 1:
            waiting.append((sources[0].tail, rest + CUT * bool(sources[0].severed), rest))
            continue
        branches = []
        for position, edge in enumerate(sources):
            last = position == len(sources) - 1
            branch = rest + ("└ " if last else "├ ") + CUT * bool(edge.severed)
            branches.append((edge.tail, branch, rest + ("  " if last else "│ ")))
        waiting += reversed(branches)
    return lines


def _line(node: Node, gradients: _Gradients, again: bool) -> str:
    name = format.one_line(node.name)
    source = format.one_line(node.source)
    head = name or (node.symbol if node.kind == "op" else source) or node.id
    if again:
        return f"{head}  {say('above')}"
    parts = [head]
    if node.folded and node.folded not in (head, source):
        parts.append(format.one_line(node.folded))
    if node.kind == "op":
        if name and node.symbol:
            parts.append(format.one_line(node.symbol))
        if source and source != name:
            parts.append(source)
    elif node.kind == "leaf" and node.count == 1:
        parts.append(say("leaf"))
    parts.append(numbers([each[1] for each in node.value.entries], node.shape, node.value.complete))
    if node.folded:
        parts.append(say("operations", n=node.operations))
    if node.count > 1:
        parts.append(say("leaves" if node.kind == "leaf" else "times", n=node.count))
    grad = gradients.of(node.grad)
    if grad:
        parts.append(f"{'v' if node.output else say('grad')} {grad}")
    if node.note and not isinstance(gradients, _Veiled):
        parts.append(say("bracketed", text=format.one_line(node.note)))
    return "  ".join(part for part in parts if part)


def _table(graph: Graph, v: Array | None, gradients: _Gradients) -> list[str]:
    """v and each leaf's gradient, names in one column."""
    rows: list[tuple[str, str]] = []
    output = next((node for node in graph.nodes if node.id == graph.output), None)
    if v is not None and output is not None:
        rows.append(("v", numbers([float(each) for each in v[: ENTRIES + 4]], output.shape)))
    by_id = {node.id: node for node in graph.nodes}
    for leaf in graph.leaves:
        node = by_id.get(leaf)
        if node is not None and node.grad is not None:
            name = format.one_line(graph.quantities[node.grad].name)
            rows.append((name, gradients.of(node.grad) or "None"))
    width = max((len(name) for name, _ in rows), default=0)
    return [f"{name:<{width}}  {value}" for name, value in rows]
