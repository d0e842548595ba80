"""The picture: numbers and names as text, the right number in the right place, widths and colours by the gradient."""

from __future__ import annotations

import math
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from html import escape

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from magics_pkg.graphs.graph import Graph
from magics_pkg.graphs.linear import Linear
from magics_pkg.panel.static import fallback
from magics_pkg.pictures import card, dot, layout, svg
from magics_pkg.style import theme
from magics_pkg.style.format import MINUS, NUMBER_WIDTH, elide, entry, number, one_line, unravel, width
from tests import pictures

NAMESPACE = "{http://www.w3.org/2000/svg}"
PICTURES = [
    pictures.first,
    pictures.drawing,
    pictures.squares,
    pictures.accumulated,
    pictures.large,
    pictures.special,
    pictures.hostile,
    pictures.looped,
]


def draw(graph: Graph, linear: Linear) -> str:
    """The SVG of a graph."""
    cards, labels = card.cards(graph), card.labels(graph, linear)
    return svg.draw(graph, linear, layout.layout(dot.source(graph, cards, labels)), cards, labels)


def parse(text: str) -> ElementTree.Element:
    """The SVG as a tree; fails where it is no well-formed XML."""
    return ElementTree.fromstring(text)


def find(root: ElementTree.Element, attribute: str) -> dict[str, ElementTree.Element]:
    """The first element of each value of an attribute."""
    found: dict[str, ElementTree.Element] = {}
    for element in root.iter():
        if attribute in element.attrib:
            found.setdefault(element.attrib[attribute], element)
    return found


@pytest.mark.parametrize(
    "x, expected",
    [
        (1.22791, "1.228"),
        (-0.303067, "−0.3031"),
        (4.0, "4"),
        (512.0, "512"),
        (0.1, "0.1"),
        (0.0001, "0.0001"),
        (0.00012345, "1.234e−4"),
        (-0.0012345, "−0.001234"),
        (1.5625, "1.563"),
        (51234.5, "51235"),
        (1234567.0, "1234567"),
        (12345678.0, "1.235e7"),
        (9.9999e-5, "0.0001"),
        (-1e-10 / 3, "−3.33e−11"),
        (1e-300, "1e−300"),
        (1e300, "1e300"),
        (0.0, "0"),
        (-0.0, "0"),
        (math.nan, "nan"),
        (math.inf, "inf"),
        (-math.inf, "−inf"),
        (True, "True"),
        (7, "7"),
    ],
)
def test_number(x: float, expected: str) -> None:
    """4 significant digits, whole numbers whole, ties away from zero, a true minus sign, no trailing zeros."""
    assert number(x) == expected


@given(st.floats(-1e307, 1e307))
def test_number_is_short_and_near(x: float) -> None:
    """Whatever the number, its text fits its column and means it to 4 digits (3 or fewer next to a long exponent)."""
    text = number(x)
    assert len(text) <= 9
    assert width(text, 1) <= NUMBER_WIDTH + 1e-9
    short = len(text.partition("e")[2]) > 2
    assert float(text.replace(MINUS, "-")) == pytest.approx(x, rel=0.06 if short else 5.1e-4, abs=5e-324)


@given(st.lists(st.integers(1, 5), max_size=4), st.data())
def test_unravel(sizes: list[int], data: st.DataObject) -> None:
    """Flat positions become the indices that NumPy gives them."""
    flat = data.draw(st.integers(0, math.prod(sizes) - 1))
    assert unravel(flat, sizes) == tuple(int(each) for each in np.unravel_index(flat, tuple(sizes)))


def test_entry() -> None:
    """Entries are named as Python writes them."""
    assert [entry("x.grad", index) for index in [(), (0,), (0, 1)]] == ["x.grad", "x.grad[0]", "x.grad[0, 1]"]


@given(st.text(max_size=60), st.floats(20, 300))
def test_elide_fits(text: str, room: float) -> None:
    """A text whose middle is left out fits its room and keeps its ends."""
    shown = elide(text, room, 11, mono=True)
    assert width(shown, 11, mono=True) <= room + 1e-6
    assert shown == text or "…" in shown


def test_one_line() -> None:
    """Line breaks become spaces, and marks that nobody sees are seen."""
    assert one_line("a\n  b\tc") == "a b c"
    assert one_line("\u202egnp\x00") == "\ufffdgnp\ufffd"


@pytest.mark.parametrize("make", PICTURES)
def test_every_number_stands_where_it_belongs(make: pictures.Made) -> None:
    """Each `data-at` shows that place of the linear map, each `data-weight` that entry of v; no card is missing."""
    graph, linear = make()
    root = parse(draw(graph, linear))
    shown = linear.shown(linear.start)
    for element in root.iter():
        if "data-at" in element.attrib:
            assert element.text == number(float(shown[int(element.attrib["data-at"])]))
        if "data-weight" in element.attrib:
            assert element.text == number(float(linear.v[int(element.attrib["data-weight"])]))
    assert find(root, "data-node").keys() == {node.id for node in graph.nodes}
    assert find(root, "data-edge").keys() == {edge.id for edge in graph.edges}


def test_data_values_are_named_as_python_writes_them() -> None:
    """x.grad[0, 1] for a matrix, v for a scalar output's weight."""
    names = find(parse(draw(*pictures.squares())), "data-value")
    assert {"x.grad[0, 0]", "x.grad[1, 1]", "v", "z.grad[0, 1]"} <= names.keys()
    assert "out.grad" not in names
    names = find(parse(draw(*pictures.first())), "data-value")
    assert {"x.grad[0]", "x.grad[1]", "x.grad[2]", "v[0]", "v[1]", "v[2]"} == names.keys()


def test_edges_are_labelled_where_the_cards_do_not_say_it() -> None:
    """A gradient that is the sum of two edges is written on both; one that the card shows already, nowhere."""
    assert card.labels(*pictures.first()) == {}
    graph, linear = pictures.squares()
    assert [(edge.tail, edge.head) for edge in graph.edges if edge.id in card.labels(graph, linear)] == [
        ("n1", "n2")
    ] * 2
    graph, linear = pictures.drawing()
    labelled = {(edge.tail, edge.head) for edge in graph.edges if edge.id in card.labels(graph, linear)}
    assert labelled == {("n0", "n2"), ("n0", "n4")}


def test_an_accumulated_gradient_is_not_its_edge() -> None:
    """Where .grad held something before, the edge says what was added."""
    labels = card.labels(*pictures.accumulated())
    assert [[cell.name for cell in label.cells] for label in labels.values()] == [["x→y[0]", "x→y[1]", "x→y[2]"]]


def test_edges_show_size_and_sign() -> None:
    """Wider for a larger gradient; the class says the sign, NaN its own."""
    graph, linear = pictures.drawing()
    root = parse(draw(graph, linear))
    norms, sums = svg.strengths(linear)
    looks = []
    for edge in graph.edges:
        path = find(root, "data-edge")[edge.id].find(f"{NAMESPACE}path")
        assert path is not None
        assert edge.grad is not None
        assert path.attrib["class"] == ("positive" if sums[edge.grad] > 0 else "negative")
        looks.append((norms[edge.grad], float(path.attrib["stroke-width"])))
    widths = [wide for _, wide in sorted(looks)]
    assert widths == sorted(widths)
    assert widths[0] < widths[-1] == 4.0
    assert svg.sign_of(math.nan, 1) == svg.sign_of(1, math.inf) == "broken"
    assert svg.sign_of(0, 1) == "mixed"
    assert svg.sign_of(0, 0) == "nothing"
    assert svg.thickness(math.inf, 1) == svg.thickness(1e9, 1) == svg.THICKEST


def test_strengths_are_norms_and_totals_over_all_entries() -> None:
    """The quadratic form gives the norm of what v gives, also of entries that no card shows."""
    graph, linear = pictures.large()
    norms, sums = svg.strengths(linear)
    gradient = 2 * linear.v
    leaf = graph.nodes[0].grad
    assert norms[leaf] == pytest.approx(np.linalg.norm(gradient))
    assert sums[leaf] == pytest.approx(gradient.sum(), rel=1e-6)


def test_special_values_are_written() -> None:
    """NaN and inf are shown as such."""
    texts = {element.text for element in parse(draw(*pictures.special())).iter()}
    assert {"nan", "−inf"} <= texts


@pytest.mark.parametrize("wrap", [draw, lambda graph, linear: svg.standalone(draw(graph, linear))])
def test_names_are_text(wrap: Callable[[Graph, Linear], str]) -> None:
    """Nothing that a user named becomes an element, an attribute or a control character."""
    graph, linear = pictures.hostile()
    text = wrap(graph, linear)
    root = parse(text)
    tags = {element.tag.removeprefix(NAMESPACE) for element in root.iter()}
    assert tags <= {"svg", "g", "rect", "path", "text", "tspan", "title", "desc", "style"}
    attributes = {name for element in root.iter() for name in element.attrib}
    assert not [name for name in attributes if name.startswith("on") or "href" in name]
    titles = [element.text or "" for element in root.iter(f"{NAMESPACE}title")]
    assert any(pictures.HOSTILE[0] in title for title in titles)
    shown = [element.text or "" for element in root.iter(f"{NAMESPACE}text")]
    assert not [each for each in shown if "\n" in each or "\u202e" in each]
    assert "переменная" in shown


def test_long_sources_lose_their_middle() -> None:
    """A card does not grow with its source; the tooltip has all of it, or a thousand-number literal's ends."""
    picture = pictures.Picture()
    x = picture.leaf("x", [1.0])
    source = "torch.relu(" + " + ".join(f"weight_{i} * x" for i in range(20)) + ")"
    picture.op("relu", source, "ReluBackward0", (x,), lambda a: a, lambda g, a: (g,), "y")
    graph, linear = picture.build([1.0])
    cards = card.cards(graph)
    assert cards["n1"].width <= card.CODE_ROOM + 2 * card.PAD + 1
    assert cards["n1"].source.startswith("torch.relu(")
    assert "…" in cards["n1"].source
    assert escape(source) in draw(graph, linear)
    assert len(svg.sentence(graph.nodes[0])) < 700


def test_the_picture_has_words() -> None:
    """A label for the whole, a description of every node, a name for each card."""
    graph, linear = pictures.drawing()
    root = parse(draw(graph, linear))
    assert root.attrib["aria-label"] == "Graph of y, from x, w, in 5 operations"
    description = root.find(f"{NAMESPACE}desc")
    assert description is not None
    assert "x * w: MulBackward0 from x, w, shape (3,)." in (description.text or "")
    assert all(element.attrib["aria-label"] for element in find(root, "data-node").values())


def test_a_file_stands_alone() -> None:
    """A picture of its own has no variable left, brings its ground, and turns dark with the reader's system."""
    text = svg.standalone(draw(*pictures.drawing()))
    assert "var(--" not in text
    assert "prefers-color-scheme: dark" in text
    assert theme.COLOURS["positive"][1] in text
    assert theme.COLOURS["positive"][2] in text
    parse(text)


def test_the_fallback_survives_sanitising() -> None:
    """The still picture is an image and a table: no script, style, class or id, and the user's names escaped."""
    text = fallback(*pictures.drawing(), draw(*pictures.drawing()))
    root = ElementTree.fromstring(text.replace('">', '"/>', 1))  # <img> needs no end in HTML, but in XML
    assert {element.tag for element in root.iter()} == {"div", "img", "table", "tbody", "tr", "th", "td"}
    assert root.find("img").attrib["src"].startswith("data:image/svg+xml;base64,")  # type: ignore[union-attr]
    shown = [element.text for element in root.iter("td")]
    assert {"1.228", "−0.3031", "0.2983"} <= set(shown)
    hostile = fallback(*pictures.hostile(), "", text="<script>alert(1)</script>")
    assert "<script" not in hostile
    assert "<img" not in hostile


def contrast(one: str, other: str) -> float:
    """The contrast of two colours, as WCAG defines it."""

    def luminance(colour: str) -> float:
        parts = (int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("shade", [1, 2])
def test_colours_can_be_told_apart(shade: int) -> None:
    """Text has a contrast of 4.5 or more on its ground, lines that mean something 3, in light and in dark."""
    ground = theme.COLOURS["ground"][shade]
    for name in ("text", "muted", "strong", "warning", "error"):
        assert contrast(theme.COLOURS[name][shade], ground) >= 4.5, name
    for name in ("positive", "negative", "accent"):
        assert contrast(theme.COLOURS[name][shade], ground) >= 3, name
