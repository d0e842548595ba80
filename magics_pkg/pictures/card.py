"""Graph -> what each card says, measured: title, source, value and gradient in columns wide enough for any number.

The columns never depend on the gradients' values, so a slider moves numbers and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import ceil, prod
from typing import TYPE_CHECKING

import numpy as np

from ..style.format import MINUS, NUMBER_WIDTH, elide, entry, number, one_line, shape, unravel, width, within
from ..style.theme import SIZES
from ..words import say

if TYPE_CHECKING:
    from ..graphs.graph import Edge, Graph, Node
    from ..graphs.linear import Linear

PAD = 11
TITLE_LINE, CODE_LINE, NUMBER_LINE = 19, 16, 17
GAP = 10
BLOCK_GAP = 4  # above a block of several lines
COLUMN = NUMBER_WIDTH * SIZES["number"]
LABEL_GAP = 7
ROWS, COLUMNS, LONGEST_ROW, ON_EDGE = 4, 4, 6, 3
NOTE_ROOM = 340.0  # and so may a remark
CODE_ROOM = 236.0  # a source expression may make a card so wide; what is longer loses its middle
TITLE_ROOM = 190.0


@dataclass(frozen=True)
class Cell:
    """One number of a card: a fixed text, or the place of a moving one."""

    name: str
    text: str = ""
    quantity: int | None = None  # index in Graph.quantities
    place: int = 0  # which of the quantity's shown entries
    weight: int | None = None  # flat index into v instead


@dataclass(frozen=True)
class Block:
    """One labelled group of lines of numbers: `value`, `grad` or `v`."""

    label: str
    lines: tuple[tuple[Cell, ...], ...]
    more: bool = False


@dataclass(frozen=True)
class Card:
    """A node's card, in pixels."""

    width: float
    height: float
    title: str
    symbol: str
    meta: str
    source: str
    note: str
    blocks: tuple[Block, ...]
    indent: float = 0.0  # where the number columns begin
    column: float = 0.0


@dataclass(frozen=True)
class EdgeLabel:
    """The gradient that one edge carries, where the cards do not say it already."""

    width: float
    height: float
    cells: tuple[Cell, ...]
    more: bool


def cards(graph: Graph) -> dict[str, Card]:
    """One measured card for each node."""
    return {node.id: _card(graph, node) for node in graph.nodes}


def written(graph: Graph) -> dict[str, list[tuple[str, str]]]:
    """The values on each card in their order, as (name, text): "y[0]", "4". Empty where none is known any more."""
    found = {}
    for node in graph.nodes:
        block = next((each for each in _blocks(graph, node) if each.label == say("value")), None)
        if block is None or node.repeat_of is not None:
            continue
        name = one_line(node.name or node.source or node.op)
        lines, _ = _arrange(node.shape, {_ravel(index, node.value.shape) for index, _ in node.value.entries})
        places = [flat for line in lines for flat in line]
        texts = [cell.text for line in block.lines for cell in line]
        found[node.id] = [
            (entry(name, unravel(flat, node.shape)), text) for flat, text in zip(places, texts, strict=False)
        ]
    return found


def labels(graph: Graph, linear: Linear) -> dict[str, EdgeLabel]:
    """A label for each edge whose gradient is not just what its input's card shows."""
    nodes = {node.id: node for node in graph.nodes}
    return {
        edge.id: _label(graph, edge.grad)
        for edge in graph.edges
        if edge.grad is not None and _says_more(graph, linear, edge, nodes[edge.tail])
    }


def _says_more(graph: Graph, linear: Linear, edge: Edge, tail: Node) -> bool:
    if edge.grad is None or not graph.quantities[edge.grad].indices:
        return False
    if tail.repeat_of is not None or tail.grad is None:
        return True
    if not linear.linear:
        if "hook" in tail.mark or "hook" in tail.note:
            return True
        return sum(other.tail == edge.tail and other.grad is not None for other in graph.edges) > 1
    own, total = graph.quantities[edge.grad], graph.quantities[tail.grad]
    both = sorted(set(own.indices) & set(total.indices))
    if own.shape != total.shape or not both:
        return True
    here = [linear.offsets[edge.grad] + own.indices.index(flat) for flat in both]
    there = [linear.offsets[tail.grad] + total.indices.index(flat) for flat in both]
    return not all(
        np.allclose(numbers[..., here], numbers[..., there], rtol=1e-9, atol=0, equal_nan=True)
        for numbers in (linear.base, linear.rows)
    )


def _card(graph: Graph, node: Node) -> Card:
    again = node.repeat_of is not None
    run = bool(node.folded) and node.symbol == "⋯"  # an expression: what it computes says more
    title = one_line(
        (not run and within(node.folded, node.group)) or node.name or node.symbol or node.op or node.source or "?"
    )
    symbol = one_line(node.symbol) if (node.folded or node.name) and node.symbol != title else ""
    source = "" if node.kind == "leaf" or again else one_line(node.source)
    if node.folded and not run and node.name != node.folded:
        source = f"{one_line(node.name)} = {source}" if source else one_line(node.name)
    if source in (title, symbol):
        source = ""
    blocks = () if again else tuple(_blocks(graph, node))
    indent = max((width(block.label, SIZES["meta"]) for block in blocks), default=0) + GAP if blocks else 0
    column = COLUMN if graph.moving and node.value.entries else _column(blocks)
    columns = max((len(line) for block in blocks for line in block.lines), default=0)
    numbers = indent + columns * column + (columns - 1) * GAP if columns else 0
    if any(block.more for block in blocks):
        numbers += GAP + width("…", SIZES["number"])
    meta = _meta(node, blocks)
    shown_symbol = elide(symbol, TITLE_ROOM / 2, SIZES["number"])
    beside = width(meta, SIZES["meta"]) + 2 * GAP + (width(shown_symbol, SIZES["number"]) + GAP if symbol else 0)
    shown_title = elide(
        title, max(CODE_ROOM if node.folded else TITLE_ROOM, numbers - beside), SIZES["name"], bold=True
    )
    head = width(shown_title, SIZES["name"], bold=True) + beside
    code = min(width(source, SIZES["code"], mono=True), CODE_ROOM)
    note = one_line(node.note)
    inner = max(head, code, numbers, min(width(note, SIZES["meta"]), NOTE_ROOM))
    lines = sum(len(block.lines) for block in blocks)
    gaps = BLOCK_GAP * sum(len(block.lines) > 1 for block in blocks[1:])
    height = PAD + TITLE_LINE + CODE_LINE * bool(source) + NUMBER_LINE * lines + gaps + CODE_LINE * bool(note) + PAD - 4
    return Card(
        width=ceil(inner + 2 * PAD),  # whole pixels: Graphviz rounds to them
        height=height,
        title=shown_title,
        symbol=shown_symbol,
        meta=meta,
        source=elide(source, inner + 0.01, SIZES["code"], mono=True),
        note=elide(note, inner + 0.01, SIZES["meta"]),
        blocks=blocks,
        indent=indent,
        column=column,
    )


def _meta(node: Node, blocks: Sequence[Block]) -> str:
    words = say({"leaf": "leaf", "constant": "data"}[node.kind]) if node.kind != "op" else node.op
    if node.repeat_of is not None:
        words = say("again", what=words)
    if node.folded:
        words = say("operations", n=node.operations)
    if node.kind == "leaf" and node.count > 1:
        return say("leaves", n=node.count)
    if node.count > 1:
        words += f" · {say('times', n=node.count)}"
    if node.kind != "op" or any(block.more for block in blocks) or not blocks:
        words += f" · {shape(node.shape)}"
    return words.removeprefix(" · ")


def _blocks(graph: Graph, node: Node) -> Iterable[Block]:
    values = {_ravel(index, node.value.shape): value for index, value in node.value.entries}
    quantity = graph.quantities[node.grad] if node.grad is not None else None
    weighted = node.id == graph.output
    known = set(values) if values else set(quantity.indices) if quantity else set()
    if values and quantity and not weighted:
        known &= set(quantity.indices)
    lines, more = _arrange(node.shape, known)
    if not lines:
        return
    if values:
        cells = ((Cell("", _value(values[flat])) for flat in line) for line in lines)
        yield Block(say("value"), tuple(tuple(line) for line in cells), more)
    if weighted:
        marks = ((Cell(entry("v", unravel(flat, node.shape)), weight=flat) for flat in line) for line in lines)
        yield Block("v", tuple(tuple(line) for line in marks), more)
    if quantity is not None and node.grad is not None and not (weighted and node.kind != "leaf"):
        name = one_line(quantity.name)
        places = {flat: place for place, flat in enumerate(quantity.indices)}
        moving = tuple(
            tuple(
                Cell(entry(name, unravel(flat, quantity.shape)), quantity=node.grad, place=places[flat])
                for flat in line
                if flat in places
            )
            for line in lines
        )
        yield Block(say("grad"), moving, more)


def _value(value: float | int | bool) -> str:
    text = number(value)
    return text if len(text) <= 9 else text[:8] + "…"


def _column(blocks: Sequence[Block]) -> float:
    """A moving number may become any number; fixed ones are as wide as they are."""
    if any(not cell.text for block in blocks for line in block.lines for cell in line):
        return COLUMN
    texts = (cell.text for block in blocks for line in block.lines for cell in line)
    return max((width(text, SIZES["number"]) for text in texts), default=0)


def _ravel(index: Sequence[int], sizes: Sequence[int]) -> int:
    flat = 0
    for place, size in zip(index, sizes, strict=True):
        flat = flat * size + place
    return flat


def _arrange(sizes: Sequence[int], known: set[int]) -> tuple[list[list[int]], bool]:
    """Flat indices as lines of a small matrix, and whether some entries are left out."""
    if len(sizes) == 2:
        lines = [
            [row * sizes[1] + column for column in range(min(sizes[1], COLUMNS)) if row * sizes[1] + column in known]
            for row in range(min(sizes[0], ROWS))
        ]
        lines = [line for line in lines if line]
    else:
        row = sorted(known)
        lines = [row if len(row) == prod(sizes) and len(row) <= LONGEST_ROW else row[:COLUMNS]] if row else []
    return lines, sum(map(len, lines)) < prod(sizes)


def _label(graph: Graph, index: int) -> EdgeLabel:
    quantity = graph.quantities[index]
    cells = tuple(
        Cell(entry(one_line(quantity.name), unravel(flat, quantity.shape)), quantity=index, place=place)
        for place, flat in enumerate(quantity.indices[:ON_EDGE])
    )
    more = len(cells) < prod(quantity.shape)
    room = width(f"{MINUS}0.001234", SIZES["meta"])
    total = len(cells) * (room + LABEL_GAP) + (width("…", SIZES["meta"]) if more else 0)
    return EdgeLabel(ceil(total + 10), 17, cells, more)
