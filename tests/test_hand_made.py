"""Graphs that tests of the picture, the page and the text make by hand are those of traced cells, on each library."""

from __future__ import annotations

from types import ModuleType
from xml.etree import ElementTree

import pytest

from magics_pkg.panel import view
from magics_pkg.pictures import svg, text
from tests import cells, pictures
from tests.test_svg import draw

MADE = [pictures.first, pictures.drawing]


def numbers(picture: str) -> dict[str, str]:
    """Every number in a picture that moves, by its name."""
    elements = ElementTree.fromstring(picture).iter()
    return {each.attrib["data-value"]: "".join(each.itertext()) for each in elements if "data-value" in each.attrib}


@pytest.mark.parametrize("make", MADE, ids=lambda make: make.__name__)
def test_as_traced(make: pictures.Made, library: ModuleType) -> None:
    """The same text, the same numbers in the picture with the same widths of edges, the same sliders."""
    graph, linear = make()
    with cells.shell(library.__name__) as shell:
        ran = cells.run(shell, f"%%backward -o e\n{graph.code}")
        assert ran.error is None, ran.printed
        made = shell.user_ns["e"]
        traced, live = made.graph, made._live.linear
        assert text.render(traced, live) == text.render(graph, linear)
        assert numbers(made.to_svg()) == numbers(draw(graph, linear))
        assert sorted(svg.strengths(live)[0]) == pytest.approx(sorted(svg.strengths(linear)[0]), rel=1e-5)
        by_hand, panel = (view.Panel(*each, "") for each in ((graph, linear), (traced, live)))
        assert [s.description for s in panel.sliders] == [s.description for s in by_hand.sliders]
        assert [(s.value, s.min, s.max) for s in panel.sliders] == [(s.value, s.min, s.max) for s in by_hand.sliders]
        by_hand.close()
        panel.close()
