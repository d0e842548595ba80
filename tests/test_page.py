"""The saved page: one file, no network, no script but ours, and the user's text never more than text."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from html import unescape
from html.parser import HTMLParser

import numpy as np
import pytest

from magics_pkg.panel import spec
from magics_pkg.panel.page import STILL, content, packed, page, unpacked
from tests import pictures
from tests.test_svg import draw

PICTURES = [pictures.first, pictures.squares, pictures.large, pictures.special, pictures.hostile]


class Elements(HTMLParser):
    """Every start tag with its attributes, and the text of each script."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        if self.tags and self.tags[-1][0] == "script" and self.lasttag == "script":
            self.scripts.append(data)


def saved(make: pictures.Made) -> str:
    """A saved page."""
    graph, linear = make()
    return page(content(graph, linear, draw(graph, linear), notes=pictures.HOSTILE))


@pytest.mark.parametrize("make", PICTURES)
def test_only_our_script_may_run(make: pictures.Made) -> None:
    """Two script elements: data, and the one whose hash the page's policy names."""
    found = Elements(saved(make))
    scripts = [attributes for tag, attributes in found.tags if tag == "script"]
    assert [attributes.get("type") for attributes in scripts] == ["application/json", "module"]
    (policy,) = (each["content"] for tag, each in found.tags if tag == "meta" and "http-equiv" in each)
    digest = base64.b64encode(hashlib.sha256(spec.page_script(False).encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in (policy or "")
    assert (policy or "").startswith("default-src 'none'")
    assert not [name for _, attributes in found.tags for name in attributes if name.startswith("on")]


@pytest.mark.parametrize("make", PICTURES)
def test_nothing_is_fetched(make: pictures.Made) -> None:
    """No address in it but the names of XML's own kinds and pictures that it carries."""
    text = saved(make)
    assert set(re.findall(r"https?://[^\s\"'<>)]*", text)) <= {"http://www.w3.org/2000/svg"}
    found = Elements(text)
    assert not [
        each for tag, each in found.tags if tag in ("link", "iframe", "object", "embed", "base") or "src" in each
    ]


@pytest.mark.parametrize("make", PICTURES)
def test_the_data_is_json(make: pictures.Made) -> None:
    """The data element holds plain JSON with the rows that the page computes with."""
    graph, linear = make()
    text = saved(make)
    data = unpacked(json.loads(re.search(r'<script type="application/json">(.*?)</script>', text, re.S)[1]))  # type: ignore[index]
    assert data is not None
    rows = np.frombuffer(base64.b64decode(data["rows"]), "<f8").reshape(len(linear.start) + 1, -1)
    np.testing.assert_array_equal(rows[0], linear.base)
    assert data["spec"]["live"] is False
    assert [each["name"] for each in data["spec"]["quantities"]] == [
        each.name.replace("\u202e", "\ufffd").replace("\n", " ") for each in graph.quantities
    ]


def test_without_a_script_there_is_a_picture_and_a_table() -> None:
    """A reader without scripts sees the picture as drawn and the gradients in a table."""
    text = saved(pictures.first)
    still = text[text.index('data-state="ready">') : text.index("<script")]
    assert "<svg" in still
    assert "<th>x.grad</th><td>0.2</td><td>2</td><td>20</td>" in still
    assert unescape("x * 2") in still


def test_a_gradient_that_is_not_linear_says_so() -> None:
    """Without a kernel a hook cannot run again; the page says why its sliders change nothing."""
    picture = pictures.Picture()
    pictures.scaled(picture, picture.leaf("x", [1.0, 2.0]), 2, "x * 2", "y")
    graph, linear = picture.build([1.0, 1.0], linear=False)
    assert "only a running kernel can follow the sliders" in page(content(graph, linear, "", text="y <- x"))


def test_pages_are_small() -> None:
    """Eight cards with everything in one file take less than 160 kB."""
    assert len(saved(pictures.drawing).encode()) < 160_000


def test_a_page_of_100_cards_is_small() -> None:
    """100 cards and more, with sliders for three weights, take less than 200 kB; without a script there is a table."""
    graph, linear = pictures.chain(100, 3, branch=True)
    svg = draw(graph, linear)
    text = page(content(graph, linear, svg))
    assert len(graph.nodes) >= 100
    assert len(svg) > STILL
    assert len(text.encode()) < 200_000
    assert "<th>w1.grad</th>" in text


def test_what_is_packed_is_unpacked_or_left_alone() -> None:
    """The output of another version, or something else under our name, is nobody's panel."""
    graph, linear = pictures.hostile()
    panel = content(graph, linear, draw(graph, linear), notes=pictures.HOSTILE)
    assert unpacked(json.loads(json.dumps(packed(panel)))) == json.loads(json.dumps(panel))
    assert len(json.dumps(packed(panel))) < len(json.dumps(panel)) / 3
    for other in (None, 3, "text", {}, {"version": 2, "panel": ""}, {"version": 1, "panel": "AAAA"}, {"version": 1}):
        assert unpacked(other) is None


def test_the_modules_make_one_script() -> None:
    """Nothing is imported or exported within it, and no two modules have a name in common."""
    whole = "".join(spec._plain(name) for name in (*spec.MODULES, "page"))
    for text in (spec.script(), whole):
        assert not re.search(r"^import ", text, re.M)
        names = re.findall(r"^(?:async )?(?:function|class|const|let) (\w+)", text, re.M)
        assert len(names) == len(set(names))
    assert spec.script().count("export ") == 1
    assert "</script" not in spec.page_script()


def test_no_text_of_the_script_goes_over_lines() -> None:
    """The page's script loses its indentation, so no template may hold a line break."""
    for name in (*spec.MODULES, "page"):
        text = (spec.STATIC / f"{name}.js").read_text(encoding="utf-8")
        assert all(line.count("`") % 2 == 0 for line in text.splitlines()), name


def test_the_scripts_fit_into_one_file() -> None:
    """The modules become one script, in which no two may declare the same name at their top."""
    names: list[str] = []
    for name in (*spec.MODULES, "page"):
        text = (spec.STATIC / f"{name}.js").read_text(encoding="utf-8")
        declared = r"^(?:export )?(?:async )?(?:const|let|function|class) (\[.*?\]|\w+)"
        for told in re.findall(declared, text, re.MULTILINE):
            names += re.findall(r"\w+", told)
    assert sorted(set(names)) == sorted(names)
