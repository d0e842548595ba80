"""Graph -> DOT: boxes of our own size for Graphviz to place, by our own ids; no word of the user's is in it.

`labelled` writes the DOT for people instead, with every label escaped.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from ..style.format import one_line, shape

if TYPE_CHECKING:
    import graphviz

    from ..graphs.graph import Edge, Graph, Node
    from .card import Card, EdgeLabel

Path = tuple[str, ...]  # the names of a group and of those around it, the outermost first

CHAIN = 4  # how much more an edge between operations wants to be straight than one from a leaf
POINTS = 72  # pixels for an inch of Graphviz's
LABEL = "label-"  # an edge label stands in the layout as a node of its own, so nothing can run over it


def source(graph: Graph, cards: Mapping[str, Card], labels: Mapping[str, EdgeLabel]) -> str:
    """The DOT of the boxes: fixed sizes, no labels, groups as clusters."""
    drawing = _digraph()
    drawing.attr("node", shape="box", fixedsize="true", label="")
    drawing.attr("edge", dir="none")
    tree: dict[Path, list[str]] = {}
    home = {node.id: node.group for node in graph.nodes}
    for node in graph.nodes:
        tree.setdefault(node.group, []).append(node.id)
    for edge in graph.edges:
        if edge.id in labels:
            tree.setdefault(_shared(home[edge.tail], home[edge.head]), []).append(LABEL + edge.id)
    _cluster(drawing, (), tree, dict(cards) | {LABEL + name: label for name, label in labels.items()})
    # An edge with a label spans two ranks; what else flows into the same card then starts as high.
    deep = {edge.head for edge in graph.edges if edge.id in labels}
    # Operations stand under each other, and leaves beside them: as equals each would push the next to the right.
    chain = {node.id for node in graph.nodes if node.kind == "op"}
    for edge in graph.edges:
        label = labels.get(edge.id)
        weak = {"constraint": "false"} if edge.carried else {}
        pull = CHAIN if edge.tail in chain else 1
        if label is None:
            far = {"minlen": "2" if edge.head in deep else "1"}
            drawing.edge(edge.tail, edge.head, id=edge.id, weight=str(pull), **far, **weak)
            continue
        drawing.edge(edge.tail, LABEL + edge.id, id=f"{edge.id}-upper", weight=str(2 * pull), **weak)
        drawing.edge(LABEL + edge.id, edge.head, id=f"{edge.id}-lower", weight=str(2 * pull), **weak)
    return drawing.source


def groups(graph: Graph) -> dict[str, Path]:
    """Cluster name (Graphviz draws a box round a subgraph named so) -> the path that it stands for."""
    return _paths(node.group for node in graph.nodes)


def _digraph() -> graphviz.Digraph:
    import graphviz

    # nslimit keeps network simplex from running for seconds on graphs with many shared leaves. With newrank groups
    # stand under each other, as their cards do; without it they may stand side by side.
    attributes = {"rankdir": "TB", "nodesep": "0.3", "ranksep": "0.42", "nslimit": "2", "newrank": "true"}
    return graphviz.Digraph(graph_attr=attributes)


def _size(width: float, height: float) -> dict[str, str]:
    return {"width": f"{width / POINTS:.4f}", "height": f"{height / POINTS:.4f}"}


def _shared(one: Path, other: Path) -> Path:
    """The groups around both."""
    ends = (depth for depth, (here, there) in enumerate(zip(one, other, strict=False)) if here != there)
    return one[: next(ends, min(len(one), len(other)))]


def _cluster(
    drawing: graphviz.Digraph, path: Path, tree: Mapping[Path, list[str]], boxes: Mapping[str, Card | EdgeLabel]
) -> None:
    names = {found: name for name, found in _paths(tree).items()}
    for name in tree.get(path, ()):
        drawing.node(name, **_size(boxes[name].width, boxes[name].height))
    depth = len(path)
    for inner in names:
        if len(inner) == depth + 1 and inner[:depth] == path:
            with drawing.subgraph(name=names[inner]) as part:
                # the label is drawn by us; a blank line of it keeps the room
                part.attr(label=" ", fontsize="9", margin="12", labeljust="l")
                _cluster(part, inner, tree, boxes)


def _paths(every: Iterable[Path]) -> dict[str, Path]:
    paths: dict[Path, None] = {}
    for group in every:
        for depth in range(1, len(group) + 1):
            paths.setdefault(group[:depth])
    return {f"cluster-{order}": path for order, path in enumerate(paths)}


def labelled(graph: Graph) -> str:
    """The DOT with labels, to be read or drawn by any Graphviz: name or symbol, source, shape."""
    import graphviz

    drawing = _digraph()
    drawing.attr("node", shape="box", fontname="sans-serif", fontsize="11")
    drawing.attr("edge", dir="none")
    for node in graph.nodes:
        lines = [line for line in _lines(node) if line]
        # `escape` keeps backslashes and a leading "<" (HTML to Graphviz) as plain text
        label = "\\n".join(graphviz.escape(line) for line in lines)
        drawing.node(node.id, label=label, peripheries="2" if node.output else "1")
    for edge in graph.edges:
        drawing.edge(edge.tail, edge.head, **_style(edge))
    for node in graph.nodes:
        if node.derives:
            drawing.edge(node.derives, node.id, style="dotted", constraint="false")
    return drawing.source


def _lines(node: Node) -> list[str]:
    code = one_line(node.source) if node.kind == "op" else ""
    kind = f"{node.op or node.kind} {shape(node.shape)}"
    return [one_line(node.name or node.symbol), code if code != node.name else "", kind]


def _style(edge: Edge) -> dict[str, str]:
    return {"style": "dashed", "constraint": "false"} if edge.carried else {}
