"""Graph + geometry -> SVG: cards with stable `data-node`, `data-edge`, `data-value`, coloured by CSS variables.

`data-at` is a number's place in the flat vector of `linear.py`, `data-weight` its place in v; the page patches by them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from math import isfinite, sqrt
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..style import theme
from ..style.format import MINUS, elide, number, one_line, shape, width, within
from ..style.theme import SIZES
from ..words import say
from .card import BLOCK_GAP, CODE_LINE, GAP, LABEL_GAP, NUMBER_LINE, PAD, TITLE_LINE, Card, Cell, EdgeLabel
from .dot import LABEL, groups

if TYPE_CHECKING:
    from ..graphs.graph import Edge, Graph, Node
    from ..graphs.linear import Linear
    from .layout import Box, Geometry

STATIC = Path(__file__).parents[1] / "static"
MARGIN = 6.0  # room for strokes
SIGN = 12.0  # room for the sign before a group's name
THINNEST, THICKEST = 1.2, 6.0  # an edge's width goes with the square root of its gradient's norm


def draw(
    graph: Graph,
    linear: Linear,
    geometry: Geometry,
    cards: Mapping[str, Card],
    labels: Mapping[str, EdgeLabel],
    values: np.ndarray | None = None,
) -> str:
    """The picture for v as written; `values` are the numbers where the kernel knows them better than the rows."""
    shown = linear.shown(linear.start) if values is None else values
    pen = _Pen(graph, linear, np.asarray(shown, dtype=float))
    wide, tall = geometry.width + 2 * MARGIN, geometry.height + 2 * MARGIN
    view = f"{-MARGIN:g} {-MARGIN:g} {wide:g} {tall:g}"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="backward-picture" viewBox="{view}" '
        f'width="{wide:g}" height="{tall:g}" '
        f'role="group" aria-label="{_attribute(summary(graph))}"><desc>{_text(describe(graph))}</desc>'
    ]
    boxes = [(geometry.clusters[name], path) for name, path in groups(graph).items() if name in geometry.clusters]
    titles = {second.name: second.title for second in graph.seconds}
    parts += (_frame(box, path, titles, graph.loops) for box, path in boxes)
    parts.append(_derivatives(graph, geometry))
    parts.append('<g class="edges" aria-hidden="true">')
    parts += (pen.edge(edge, geometry) for edge in graph.edges)
    parts.append('</g><g class="labels">')
    parts += (_frame_name(box, path, titles, graph.loops) for box, path in boxes)
    parts += (pen.label(name, label, geometry.nodes[LABEL + name]) for name, label in labels.items())
    parts.append('</g><g class="nodes">')
    parts += (pen.node(node, cards[node.id], geometry.nodes[node.id]) for node in graph.nodes)
    parts.append("</g></svg>")
    return "".join(parts)


class _Pen:
    """Draws one element after another with the same numbers."""

    def __init__(self, graph: Graph, linear: Linear, shown: np.ndarray) -> None:
        self.graph, self.linear, self.shown = graph, linear, shown
        self.norms, self.sums = strengths(linear)
        edges = [edge.grad for edge in graph.edges if edge.grad is not None]
        self.reference = reference([float(self.norms[index]) for index in edges])

    def edge(self, edge: Edge, geometry: Geometry) -> str:
        whole = geometry.edges.get(edge.id)
        path = _path([whole] if whole else [geometry.edges[f"{edge.id}-{half}"] for half in ("upper", "lower")])
        kind = " carried" if edge.carried else ""
        wide, sign = THINNEST, "plain"
        if edge.grad is not None:
            wide = thickness(float(self.norms[edge.grad]), self.reference)
            sign = sign_of(float(self.sums[edge.grad]), float(self.norms[edge.grad]))
        title = f"{self.graph.called[edge.tail]} → {self.graph.called[edge.head]}"
        grad = f' data-grad="{edge.grad}"' if edge.grad is not None else ""
        cut = ""
        if edge.severed:
            kind, cut, title = f"{kind} severed", _slashes(geometry, edge.id), f"{title}: {edge.severed}"
        return (
            f'<g class="edge{kind}" data-edge="{_attribute(edge.id)}" data-tail="{_attribute(edge.tail)}" '
            f'data-head="{_attribute(edge.head)}"{grad}><title>{_text(title)}</title>'
            f'<path class="{sign}" stroke-width="{wide:.2f}" d="{path}"/>{cut}</g>'
        )

    def label(self, name: str, label: EdgeLabel, box: Box) -> str:
        x, y = box.centre
        gap = f' dx="{LABEL_GAP:g}"'
        numbers = "".join(self.on_edge(cell, gap if place else "") for place, cell in enumerate(label.cells))
        dots = f"<tspan{gap}>…</tspan>" if label.more else ""
        return (
            f'<g class="label" data-label="{_attribute(name)}">'
            f'<rect x="{box.x:g}" y="{box.y:g}" width="{box.width:g}" height="{box.height:g}"/>'
            f'<text x="{x:.1f}" y="{y + 4:.1f}">{numbers}{dots}</text></g>'
        )

    def on_edge(self, cell: Cell, gap: str) -> str:
        assert cell.quantity is not None  # a label holds nothing else
        at = self.linear.offsets[cell.quantity] + cell.place
        text = number(float(self.shown[at]))
        return f'<tspan data-value="{_attribute(cell.name)}" data-at="{at}"{gap}>{text}</tspan>'

    def number(self, cell: Cell, x: float, y: float) -> str:
        where = f'x="{x:.1f}" y="{y:.1f}"'
        if cell.weight is not None:
            text = number(float(self.linear.v[cell.weight]))
            name = f'data-value="{_attribute(cell.name)}" data-weight="{cell.weight}"'
            return f'<text class="number weight" {name} {where}>{text}</text>'
        if cell.quantity is None:
            return f'<text class="number value" {where}>{_text(cell.text)}</text>'
        at = self.linear.offsets[cell.quantity] + cell.place
        text = number(float(self.shown[at]))
        return f'<text class="number" data-value="{_attribute(cell.name)}" data-at="{at}" {where}>{text}</text>'

    def node(self, node: Node, card: Card, box: Box) -> str:
        left, right = box.x + PAD, box.x + box.width - PAD
        y = box.y + PAD + 10.5
        kinds = [node.kind, *(["output"] if node.output else []), *(["again"] if node.repeat_of is not None else [])]
        kinds += ["folded"] if node.folded else []
        kinds += [f"mark-{node.mark}"] if node.mark else []
        kinds += ["derived"] if node.second else []
        told = f' data-of="{_attribute(node.repeat_of)}"' if node.repeat_of is not None else ""
        told += f' data-level="{node.level}"' if node.level else ""
        told += f' data-open="{_attribute(node.folded)}"' if node.folded else ""
        stack = _stack(box) if node.folded else ""
        parts = [
            f'<g class="node {" ".join(kinds)}" data-node="{_attribute(node.id)}"{told} tabindex="-1" role="img" '
            f'aria-label="{_attribute(one_line(sentence(node)))}"><title>{_text(sentence(node))}</title>{stack}'
            f'<rect class="card" x="{box.x:g}" y="{box.y:g}" width="{box.width:g}" height="{box.height:g}" rx="5"/>'
            f'<text class="name" x="{left:.1f}" y="{y:.1f}">{_text(card.title)}</text>'
        ]
        if card.symbol:
            after = left + width(card.title, SIZES["name"], bold=True) + GAP
            parts.append(f'<text class="symbol" x="{after:.1f}" y="{y:.1f}">{_text(card.symbol)}</text>')
        sign = '<tspan class="sign">+ </tspan>' if node.folded else ""
        parts.append(f'<text class="meta" x="{right:.1f}" y="{y:.1f}">{sign}{_text(card.meta)}</text>')
        y += TITLE_LINE - 3
        if card.source:
            parts.append(f'<text class="code" x="{left:.1f}" y="{y - 0.5:.1f}">{_text(card.source)}</text>')
            y += CODE_LINE
        for place, block in enumerate(card.blocks):
            y += BLOCK_GAP if place and len(block.lines) > 1 else 0
            parts.append(f'<text class="row" x="{left:.1f}" y="{y + 1.5:.1f}">{_text(block.label)}</text>')
            for line in block.lines:
                for nth, cell in enumerate(line):
                    edge = left + card.indent + card.column * (nth + 1) + GAP * nth
                    parts.append(self.number(cell, edge, y + 1.5))
                y += NUMBER_LINE
            if block.more:
                parts.append(f'<text class="dots" x="{right:.1f}" y="{y - NUMBER_LINE + 1.5:.1f}">…</text>')
        if card.note:
            parts.append(f'<text class="remark" x="{left:.1f}" y="{y + 1.5:.1f}">{_text(card.note)}</text>')
        parts.append("</g>")
        return "".join(parts)


def strengths(linear: Linear) -> tuple[np.ndarray, np.ndarray]:
    """Norm and total of every quantity over all its entries, at v as written: sqrt(uᵀGu) and s·u with u = [1, v]."""
    weights = np.array([1.0, *linear.start[: linear.gram.shape[1] - 1]])
    with np.errstate(all="ignore"):
        squares = np.einsum("qij,i,j->q", linear.gram, weights, weights)
        return np.sqrt(np.maximum(squares, 0)), linear.sums @ weights


def reference(norms: Sequence[float]) -> float:
    """The norm that is drawn at full strength: the largest finite one at the start."""
    return max((norm for norm in norms if isfinite(norm) and norm > 0), default=1.0)


def thickness(norm: float, largest: float) -> float:
    """An edge's width: it grows with the square root of the norm, so that 0.01 beside 1 is still seen."""
    if not isfinite(norm):
        return THICKEST
    return min(THICKEST, THINNEST + (4.0 - THINNEST) * sqrt(norm / largest)) if norm > 0 else 1.0


def sign_of(total: float, norm: float) -> str:
    """The class of an edge: positive or negative by the gradient's total, mixed where that cancels out."""
    if not (isfinite(total) and isfinite(norm)):
        return "broken"
    if norm == 0:
        return "nothing"
    if abs(total) <= 1e-9 * norm:
        return "mixed"
    return "positive" if total > 0 else "negative"


def _path(pieces: Iterable[Sequence[tuple[float, float]]]) -> str:
    """Bézier pieces one after another, joined by straight lines (under the label)."""
    out: list[str] = []
    for piece in pieces:
        start, *rest = piece
        out.append(f"{'L' if out else 'M'}{start[0]:g} {start[1]:g}C" + " ".join(f"{x:g} {y:g}" for x, y in rest))
    return "".join(out)


def _stack(box: Box) -> str:
    """The edge of a second card under a folded one."""
    left, right, low = box.x + 5, box.x + box.width - 5, box.y + box.height
    return f'<path class="stack" d="M{left:g} {low + 3:g}H{right:g}"/>'


def _slashes(geometry: Geometry, edge: str) -> str:
    """Two strokes across the middle of an edge, with the line between them taken out."""
    whole = geometry.edges.get(edge) or geometry.edges[f"{edge}-upper"]
    (ax, ay), (bx, by) = _middle(whole)
    size = sqrt((bx - ax) ** 2 + (by - ay) ** 2) or 1.0
    dx, dy, x, y = (bx - ax) / size, (by - ay) / size, (ax + bx) / 2, (ay + by) / 2
    gap = f"M{x - 4 * dx:.1f} {y - 4 * dy:.1f}L{x + 4 * dx:.1f} {y + 4 * dy:.1f}"
    strokes = ""
    for side in (-4, 4):
        cx, cy = x + side * dx, y + side * dy
        wide, tall = 7 * (-dy) + 3 * dx, 7 * dx + 3 * dy
        strokes += f"M{cx - wide:.1f} {cy - tall:.1f}L{cx + wide:.1f} {cy + tall:.1f}"
    return f'<path class="gap" d="{gap}"/><path class="cut" d="{strokes}"/>'


def _middle(points: Sequence[tuple[float, float]]) -> tuple[tuple[float, float], tuple[float, float]]:
    """Two points close together around the middle of a curve of Bézier pieces."""
    pieces = [points[i : i + 4] for i in range(0, len(points) - 3, 3)]
    piece = pieces[len(pieces) // 2]
    begin, end = (0.0, 0.1) if len(pieces) % 2 == 0 else (0.45, 0.55)

    def at(t: float) -> tuple[float, float]:
        weights = ((1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3)
        return tuple(sum(w * p[axis] for w, p in zip(weights, piece, strict=True)) for axis in (0, 1))  # type: ignore[return-value]  # two axes

    return at(begin), at(end)


def _derivatives(graph: Graph, geometry: Geometry) -> str:
    """A thin dotted line from each card to the card of a second graph that is its derivative."""
    lines = []
    for node in graph.nodes:
        if node.derives:
            route = _beside(geometry.nodes[node.derives], geometry.nodes[node.id])
            title = say("derivative_link", derivative=graph.called[node.id], of=graph.called[node.derives])
            lines.append(
                f'<g class="derivative" data-tail="{_attribute(node.derives)}" data-head="{_attribute(node.id)}">'
                f'<title>{_text(title)}</title><path d="{_path([route])}"/></g>'
            )
    return f'<g class="derivatives" aria-hidden="true">{"".join(lines)}</g>' if lines else ""


def _beside(one: Box, other: Box) -> tuple[tuple[float, float], ...]:
    """A curve from the side of one card to that of another; cards in between lie over it."""
    right = other.centre[0] >= one.centre[0]
    ax, bx = (one.x + one.width, other.x) if right else (one.x, other.x + other.width)
    if (bx - ax) * (1 if right else -1) < 20:  # they stand under each other: both from the same side
        bx = other.x + other.width if right else other.x
    ay, by = one.centre[1], other.centre[1]
    bend = max(24.0, abs(bx - ax) / 2) * (1 if right else -1)
    back = -bend if bx in (other.x, other.x + other.width) and (bx == other.x) == right else bend
    return (ax, ay), (ax + bend, ay), (bx + back, by), (bx, by)


def _frame(box: Box, path: Sequence[str], titles: Mapping[str, str], loops: Mapping[str, str]) -> str:
    rect = f'<rect x="{box.x:g}" y="{box.y:g}" width="{box.width:g}" height="{box.height:g}" rx="7"/>'
    second = f' second" data-second="{_attribute(path[-1])}' if path[-1] in titles else ""
    rounds = loops.get(path[-1])
    title = titles.get(path[-1], path[-1]) + (f" · {rounds}" if rounds else "")
    return f'<g class="group{second}"><title>{_text(title)}</title>{rect}</g>'


def _frame_name(box: Box, path: Sequence[str], titles: Mapping[str, str], loops: Mapping[str, str]) -> str:
    """A group's name, and the sign that only a live panel shows: there a click on either folds it, or opens a loop.

    Of a loop also how many rounds it has, at the other end of the line."""
    second = " of-second" if path[-1] in titles else ""
    rounds = loops.get(path[-1], "")
    apart = width(rounds, SIZES["meta"]) + GAP if rounds else 0
    label = elide(one_line(within(path[-1], path[:-1])), box.width - 18 - SIGN - apart, SIZES["meta"])
    way, sign = ("open", "+") if path[-1] in loops else ("fold", MINUS)
    right = f'x="{box.x + box.width - 9:g}" y="{box.y + 14:g}"'
    count = f'<text class="group-name rounds" {right}>{_text(rounds)}</text>' if rounds else ""
    x, y, wide = box.x + 9, box.y + 14, width(label, SIZES["meta"]) + SIGN + 8
    return (
        f'<g class="fold{second}" data-{way}="{_attribute(path[-1])}">'
        f'<rect class="touch" x="{x - 4:g}" y="{y - 11:g}" width="{wide:.1f}" height="15" rx="3"/>'
        f'<text class="group-name" x="{x:g}" y="{y:g}"><tspan class="sign">{sign} </tspan>{_text(label)}</text></g>'
        f"{count}"
    )


def sentence(node: Node) -> str:
    """What a tooltip and a screen reader say of a node; a literal with a thousand numbers is cut short."""
    kind = _kind(node)
    if node.folded:
        kind = say("of_operations", what=node.symbol, operations=say("operations", n=node.operations))
    parts = [
        node.folded or node.name or node.symbol,
        kind,
        say("shape", shape=shape(node.shape)) + say("comma") + node.dtype,
    ]
    if node.folded and node.name != node.folded:
        parts.append(node.name)
    if node.source and node.source != node.name:
        parts.append(node.source if len(node.source) <= 600 else f"{node.source[:400]} … {node.source[-100:]}")
    if node.count > 1:
        parts.append(say("leaves" if node.kind == "leaf" else "times", n=node.count))
    parts += [say("line", line=node.line)] if node.line else []
    parts += [node.note] if node.note else []
    return " · ".join(part for part in parts if part)


def _kind(node: Node) -> str:
    return node.op if node.kind == "op" else say("leaf" if node.kind == "leaf" else "no_gradient")


def summary(graph: Graph) -> str:
    """One line for the picture as a whole."""
    names = graph.called
    leaves = say("comma").join(names[leaf] for leaf in graph.leaves) or say("no_leaf")
    steps = sum(max(node.operations, 1) for node in graph.nodes if node.kind == "op")
    output = names.get(graph.output) or say("the_output")
    return say("summary", output=output, leaves=leaves, operations=say("operations", n=steps))


def describe(graph: Graph) -> str:
    """The graph in words, a line for each node: what it is and what it is made from."""
    names = graph.called
    lines = [summary(graph) + say("page_full_stop")]
    made_from: dict[str, list[str]] = {}
    for edge in graph.edges:
        made_from.setdefault(edge.head, []).append(names[edge.tail])
    for node in graph.nodes:
        inputs = made_from.get(node.id)
        made = say("made_from", names=say("comma").join(inputs)) if inputs else ""
        if node.derives:
            made += say("describe_derivative", name=names[node.derives])
        told = {"name": names[node.id], "kind": _kind(node), "shape": shape(node.shape)}
        lines.append(say("describe", made=made, **told))
    colon, stop = say("page_colon"), say("page_full_stop")
    lines += [f"{name}{colon}{rounds}{stop}" for name, rounds in sorted(graph.loops.items()) if rounds]
    return "\n".join(lines)


def standalone(svg: str) -> str:
    """The picture as a file of its own: colours written out, light on white, dark where the reader's system is."""
    css = (STATIC / "graph.css").read_text(encoding="utf-8")
    night = f"@media screen and (prefers-color-scheme: dark) {{ {theme.literal(css, dark=True)} }}"
    ground = '<rect class="ground" x="-6" y="-6" width="100%" height="100%"/>'
    head, rest = _SIGN.sub("", svg).split(">", 1)  # there is nobody to open and fold, and resvg loses its way in them
    return f"{head}><style>{escape(theme.literal(css), quote=False)}{escape(night, quote=False)}</style>{ground}{rest}"


_SIGN = re.compile(r'<tspan class="sign">[^<]*</tspan>')
_ILLEGAL = re.compile("[\x00-\x08\x0b-\x1f\ud800-\udfff\ufffe\uffff]")


def _legal(text: str) -> str:
    """Without the characters that XML forbids."""
    return _ILLEGAL.sub("\ufffd", text)


def _text(text: str) -> str:
    return escape(_legal(text), quote=False)


def _attribute(text: str) -> str:
    return escape(_legal(text), quote=True).replace("\n", "&#10;")
