"""Where widgets cannot render: the picture as an image and a table of the gradients, in HTML that survives sanitising.

No style sheet, script or SVG element is in it, so a code host or an exported page shows it as it is.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from html import escape
from typing import TYPE_CHECKING

import numpy as np

from ..pictures.svg import standalone, summary
from ..style.format import number, one_line

if TYPE_CHECKING:
    from ..graphs.graph import Graph
    from ..graphs.linear import Linear

COLUMNS, ENTRIES = 6, 24


def fallback(graph: Graph, linear: Linear, svg: str, text: str = "", values: np.ndarray | None = None) -> str:
    """The still picture of v as written, or its text form, above a table of what arrived at each leaf."""
    picture = image(graph, svg) if svg else f"<pre>{escape(text)}</pre>" if text else ""
    return f"<div>{picture}{table(graph, linear, values)}</div>"


def image(graph: Graph, svg: str) -> str:
    """An <img> with the SVG in its address: an image runs no script, whatever is in it."""
    data = base64.b64encode(standalone(svg).encode()).decode("ascii")
    return f'<img alt="{escape(summary(graph), quote=True)}" src="data:image/svg+xml;base64,{data}">'


def table(graph: Graph, linear: Linear, values: np.ndarray | None = None) -> str:
    """v, and what arrived at each leaf, as an HTML table."""
    if values is None:
        values = linear.shown(linear.start)
    rows = list(_rows("v", linear.start))
    nodes = {node.id: node for node in graph.nodes}
    for leaf in graph.leaves:
        index = nodes[leaf].grad
        if index is None:
            continue
        quantity = graph.quantities[index]
        at = linear.offsets[index]
        rows += _rows(quantity.name, values[at : at + len(quantity.indices)])
    body = "".join(rows)
    return f"<table><tbody>{body}</tbody></table>" if body else ""


def _rows(name: str, entries: Sequence[float] | np.ndarray) -> Iterable[str]:
    shown = entries[:ENTRIES]
    for start in range(0, len(shown), COLUMNS):
        head = f"<th>{escape(one_line(name)) if start == 0 else ''}</th>"
        cells = "".join(f"<td>{number(float(value))}</td>" for value in shown[start : start + COLUMNS])
        more = "<td>…</td>" if len(entries) > ENTRIES and start + COLUMNS >= ENTRIES else ""
        yield f"<tr>{head}{cells}{more}</tr>"
