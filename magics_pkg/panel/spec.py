"""Graph + Linear -> what the page needs to compute and draw, the same for a notebook's widget and for a saved page.

Also the two files that both run: the ES modules of `static/` as one module, and the style sheet.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..style import theme
from ..style.format import one_line
from ..words import labels

if TYPE_CHECKING:
    from ..graphs.graph import Graph
    from ..graphs.linear import Linear

STATIC = Path(__file__).parents[1] / "static"
MODULES = (
    "number", "dom", "copy", "linear", "numbers", "picture", "folds", "layers", "sentence", "tables", "weights",
    "presets", "search", "tree", "drawers", "heat", "source", "inspect", "steps", "passes", "jacobian", "quiz", "given",
    "still", "panel",
)  # fmt: skip
KERNEL = {"given"}  # modules that a page without a kernel has no use for
NO_QUIZ = 'class Quiz { static id = "quiz"; }\n'  # what stands for the quiz in a page that is none
STRIP = 128  # entries of a large v that are shown as a strip
ALIKE = 8  # ranges that differ by no more than this become one
LONG, SHORT = 1e7, 2e-3  # ranges beyond these have no room for their numbers without an exponent
FINE = 1e-12  # of a slider's range: its own arithmetic is off by less


@dataclass(frozen=True)
class Slide:
    """One slider: where it stands at first, and where "as written" puts it.

    `anchors` are pairs of what it shows and what that means to the last bit: 0.1 for float32's 0.10000000149011612."""

    name: str
    flat: int
    low: float
    high: float
    start: float
    home: float
    anchors: tuple[tuple[float, float], ...]

    @property
    def power(self) -> int:
        """A step is 10 to this power: a hundredth to a five-hundredth of the range, 0.01 for -2 to 2."""
        return Decimal(repr((self.high - self.low) / 2)).adjusted() - 2

    @property
    def step(self) -> float:
        """A round step; next to none where the start lies between two of them, which would move it."""
        return float(f"1e{self.power}") if self._fits() else (self.high - self.low) * FINE

    @property
    def readout(self) -> str:
        """The readout's format: as many places as a step has, in as much room as there is."""
        places, size = max(0, -self.power), max(abs(self.low), abs(self.high))
        if self._fits() and places <= 6 and size < LONG:
            return f".{places}f"
        return ".4g" if size >= SHORT else ".3e"

    def _fits(self) -> bool:
        steps = (self.start - self.low) / float(f"1e{self.power}")
        return abs(steps - round(steps)) < 1e-6


def slides(linear: Linear, limits: tuple[float, float] | None = None) -> tuple[Slide, ...]:
    """A slider for each picked weight: one range for weights of like size, another for 0.0001 beside 10."""
    written = [float(linear.as_written[flat]) for flat in linear.weights]
    return slides_of(linear.names, linear.weights, linear.start, written, limits)


def slides_of(
    names: Sequence[str],
    flats: Sequence[int],
    start_at: Sequence[float],
    written: Sequence[float],
    limits: tuple[float, float] | None = None,
) -> tuple[Slide, ...]:
    """Sliders of these names that stand at these values; ``written``: where "as written" puts them."""
    homes, starts = [shortest(each) for each in written], [shortest(each) for each in start_at]
    widest = max((reach(each) for each in (*homes, *starts) if each), default=2.0)
    out = []
    for place, (name, flat) in enumerate(zip(names, flats, strict=True)):
        start, home = starts[place], homes[place]
        own = max(reach(each) if each else 0.0 for each in (start, home)) or max(widest, 2.0)
        wide = widest if own * ALIKE >= widest else own
        low, high = limits or (-max(wide, own), max(wide, own))
        low, high = min(low, start, home), max(high, start, home)
        if not low < high:
            low, high = low - reach(low), high + reach(high)
        out.append(Slide(name, flat, low, high, start, home, ((start, start_at[place]), (home, written[place]))))
    return tuple(out)


def shortest(x: float) -> float:
    """The shortest decimal that means the same: 0.1 for a float32's 0.10000000149011612."""
    if not math.isfinite(x):
        return 0.0
    with np.errstate(over="ignore"):
        narrow = np.float32(x)
    return float(str(narrow)) if float(narrow) == x else x


def reach(value: float) -> float:
    """The smallest of 1, 2, 5, 10, ... that is at least twice the value's size; 2 for zero."""
    size = 2 * abs(value)
    if not 0 < size < math.inf:
        return 2.0
    power = math.floor(math.log10(size))
    nice = (float(f"{digit}e{power}") for digit in (1, 2, 5, 10, 20))
    return next((each for each in nice if each >= size * (1 - 1e-9)), size)


def exact(value: float, low: float, high: float, anchors: Iterable[tuple[float, float]]) -> float:
    """A slider's value as it was meant: an anchor to the last bit, else 12 digits of its range."""
    span = high - low  # `weights.js` reads it in the same way, so that page and kernel mean the same v
    for shown, meant in anchors:
        if abs(value - shown) <= FINE * span:
            return meant
    places = min(max(12 - Decimal(repr(span)).adjusted(), 0), 100)
    return float(Decimal(value).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)) if abs(value) < 1e15 else value


def spec(
    graph: Graph,
    linear: Linear,
    sliders: Sequence[Slide],
    *,
    live: bool,
    notes: Sequence[str] = (),
    text: str = "",
    parts: Mapping[str, Any] | None = None,
    opens: str = "",
    inputs: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """What the panel shows, as plain JSON; `parts`: what the drawers show, by name; `opens`: the one that is open."""
    output = next((node for node in graph.nodes if node.id == graph.output), None)
    sizes = [int(size) for size in output.shape] if output is not None else []
    picked = set(linear.weights)
    nodes = {node.id: node for node in graph.nodes}
    first = [nodes[leaf].grad for leaf in graph.leaves if nodes[leaf].grad is not None]
    return {
        "output": one_line(output.name or output.source or "y") if output is not None else "",
        "still": output is None,
        "words": labels(),
        "outputShape": sizes,
        "size": prod(sizes),
        "complete": len(picked) == prod(sizes),
        "linear": bool(linear.linear),
        "live": live,
        "operations": sum(node.operations or node.count for node in graph.nodes if node.kind == "op"),
        "weights": told(sliders),
        "inputs": inputs,
        "fixed": _fixed(graph, linear, picked),
        "strip": [_json(float(value)) or 0.0 for value in linear.v[:STRIP]] if len(picked) < prod(sizes) else [],
        "quantities": [
            {
                "name": one_line(quantity.name),
                "shape": list(quantity.shape),
                "indices": [int(flat) for flat in quantity.indices],
                "offset": offset,
            }
            for quantity, offset in zip(graph.quantities, linear.offsets, strict=True)
        ],
        "leaves": list(dict.fromkeys(first)),
        "notes": [*graph.notes, *notes],
        "text": text,
        "tree": _tree(graph) if text and graph.output else None,
        "parts": dict(parts or {}),
        "opens": opens,
        "seconds": [{"name": each.name, "alone": one_line(each.alone)} for each in graph.seconds],
        "code": graph.code,
        "spans": {node.id: list(node.span) for node in graph.nodes if node.span},
    }


def told(sliders: Iterable[Slide]) -> list[dict[str, Any]]:
    """Sliders as the page knows them."""
    return [
        {
            "name": each.name,
            "flat": each.flat,
            "low": each.low,
            "high": each.high,
            "start": each.start,
            "home": each.home,
            "anchors": [[shown, meant if math.isfinite(meant) else shown] for shown, meant in each.anchors],
        }
        for each in sliders
    ]


def veiled(opens: str, parts: Mapping[str, Any] | None) -> bool:
    """Whether the gradients are to be guessed: then nothing that a page shows by itself may tell them."""
    return opens == "quiz" and bool(parts and parts.get("quiz"))


def _tree(graph: Graph) -> dict[str, Any]:
    """What each card was made from, for where text stands in the picture's place."""
    first = {node.id: node.repeat_of or node.id for node in graph.nodes}
    inputs: dict[str, list[str]] = {}
    for edge in graph.edges:
        below = inputs.setdefault(edge.head, [])
        if not edge.carried and first[edge.tail] not in below:
            below.append(first[edge.tail])
    return {"root": graph.output, "inputs": inputs}


def _fixed(graph: Graph, linear: Linear, picked: set[int]) -> list[tuple[int, float | str]]:
    """Entries of v that a card shows and that no slider moves."""
    shown: set[int] = set()
    for node in graph.nodes:
        if node.id == graph.output:
            shown |= {int(np.ravel_multi_index(index, node.shape)) if index else 0 for index, _ in node.value.entries}
    values = {flat: float(linear.v[flat]) for flat in sorted(shown - picked)}
    return [(flat, in_words(value)) for flat, value in values.items()]


def in_words(x: float) -> float | str:
    """What JavaScript's Number() reads; JSON has no NaN and no infinity."""
    if math.isfinite(x):
        return x
    return "NaN" if math.isnan(x) else "Infinity" if x > 0 else "-Infinity"


def _json(x: float) -> float | None:
    return x if math.isfinite(x) else None


def rows(linear: Linear) -> bytes:
    """(m+1) x N numbers, base first."""
    return np.vstack([linear.base[None], linear.rows]).astype("<f8").tobytes()


def form(linear: Linear) -> bytes:
    """Q x (m+1) x (m+1) inner products, then Q x (m+1) totals."""
    return np.concatenate([linear.gram.reshape(-1), linear.sums.reshape(-1)]).astype("<f8").tobytes()


def _plain(name: str) -> str:
    """A module without its imports and exports, which one file does not need."""
    text = (STATIC / f"{name}.js").read_text(encoding="utf-8")
    return re.sub(r"^export ", "", re.sub(r"^import .*\n", "", text, flags=re.M), flags=re.M)


@cache
def script() -> str:
    """The ES module that anywidget loads."""
    return "".join(_plain(name) for name in MODULES) + "export default view;\n"


@cache
def page_script(asks: bool = True) -> str:
    """The same modules with stand-ins for the notebook, starting by themselves; in every page, so without comments and
    indentation, and without the quiz where it ``asks`` nothing."""
    texts = {name: _plain(name) for name in (*MODULES, "page") if name not in KERNEL}
    text = "".join((texts if asks else {**texts, "quiz": NO_QUIZ}).values()) + "start();\n"
    text = re.sub(r"^ *//.*\n|(?<=[;,{()]) +// .*$", "", text, flags=re.M)
    return re.sub(r"^ +", "", text, flags=re.M)


def _sheet(*names: str) -> str:
    return "".join((STATIC / f"{name}.css").read_text(encoding="utf-8") for name in names)


@cache
def style() -> str:
    """The style sheet in a notebook."""
    return theme.variables() + _sheet("graph", "panel", "inspect")


@cache
def page_style() -> str:
    """The style sheet of a saved page."""
    return _dense(theme.page_variables(".backward-page") + _sheet("graph", "panel", "inspect", "slider", "page"))


def _dense(sheet: str) -> str:
    """A style sheet without comments and the spaces around its blocks: it is in every page."""
    sheet = re.sub(r"/\*.*?\*/\n?|^ +", "", sheet, flags=re.S | re.M)
    return sheet.replace(" { ", "{").replace("; }", "}").replace("; ", ";")


@cache
def notebook_style() -> str:
    """The style sheet of panels in a page made of a notebook, which has the notebook's theme."""
    return theme.variables(".backward-page") + _sheet("graph", "panel", "inspect", "slider", "exported")
