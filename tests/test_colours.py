"""The colours of `theme.py`, measured: contrast, and whether signs are told apart in grey and by the colour-blind.

Source: WCAG 2.2 for contrast; Machado, Oliveira and Fernandes 2009 for dichromats; CIELAB for distances.
"""

from __future__ import annotations

import itertools
import re
from typing import Any

import numpy as np
import pytest

from magics_pkg.panel.spec import STATIC
from magics_pkg.style import theme

Colour = np.ndarray[Any, Any]  # sRGB, 0 to 1
THEMES = {"light": 1, "dark": 2}
# Grounds that are not ours: JupyterLab's own, where the panel follows its theme
GROUNDS = {"light": ("#ffffff",), "dark": ("#111111", "#212121")}
TEXT, GRAPHIC = 4.5, 3.0
SIGHTS = {
    "protanopia": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "deuteranopia": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.01182, 0.04294, 0.968881)),
    "tritanopia": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.3039)),
    "all colours": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
}
WHITE = np.array([0.95047, 1.0, 1.08883])
TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
APART, APART_IN_GREY = 30.0, 14.0  # CIELAB: 2 is the least that is seen side by side
STRENGTHS = (0.1, 0.25, 0.5, 1.0)


def rgb(hexadecimal: str) -> Colour:
    """#1f5f9e as numbers."""
    return np.array([int(hexadecimal[at : at + 2], 16) / 255 for at in (1, 3, 5)])


def colour(name: str, which: str) -> Colour:
    """A colour of the theme; of an expression the colour that stands beside it."""
    return rgb(theme.COLOURS[name][THEMES[which]])


def grounds(which: str) -> list[Colour]:
    """What the panel may stand on: its own ground and the raised one, and JupyterLab's."""
    own = [colour("ground", which), *map(rgb, GROUNDS[which])]
    text = colour("text", which)
    return [*own, *(mixed(text, each, 0.05) for each in own), colour("raised", which)]


def mixed(top: Colour, below: Colour, share: float) -> Colour:
    """``color-mix(in srgb, top share, below)``."""
    return top * share + below * (1 - share)


def linear(srgb: Colour) -> Colour:
    """Without the gamma."""
    return np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)


def luminance(srgb: Colour) -> float:
    """WCAG's relative luminance."""
    return float(linear(srgb) @ TO_XYZ[1])


def contrast(a: Colour, b: Colour) -> float:
    """WCAG's contrast ratio, 1 to 21."""
    low, high = sorted((luminance(a), luminance(b)))
    return (high + 0.05) / (low + 0.05)


def lab(srgb: Colour, sight: str = "all colours") -> Colour:
    """CIELAB of a colour as somebody sees it."""
    seen = np.clip(np.array(SIGHTS[sight]) @ linear(srgb), 0, 1)
    x, y, z = (np.cbrt(t) if t > 0.008856 else 7.787 * t + 16 / 116 for t in TO_XYZ @ seen / WHITE)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def distance(a: Colour, b: Colour, sight: str) -> float:
    """How far apart two colours are for somebody."""
    return float(np.linalg.norm(lab(a, sight) - lab(b, sight)))


def strengths_in_css() -> list[tuple[str, float, str]]:
    """Each heat map of the style sheets: the sign, the share of its colour at full strength, what it is mixed with."""
    css = "".join(each.read_text(encoding="utf-8") for each in sorted(STATIC.glob("*.css")))
    found = re.findall(
        r"color-mix\(in srgb, var\(--backward-(positive|negative)\) calc\(var\(--strength, 0\) \* ([\d.]+)%\), "
        r"(?:var\(--backward-)?(\w+)\)?\)", css,
    )  # fmt: skip
    assert len(found) >= 8, found
    assert len(found) == css.count("var(--strength"), "a heat map is written in another way"
    return [(sign, float(share), below) for sign, share, below in found]


@pytest.mark.parametrize("which", THEMES)
@pytest.mark.parametrize("name", ["text", "muted", "strong", "warning", "error"])
def test_texts_are_read(name: str, which: str) -> None:
    """Text has a contrast of 4.5 with whatever it stands on."""
    for ground in grounds(which):
        assert contrast(colour(name, which), ground) >= TEXT, ground


@pytest.mark.parametrize("which", THEMES)
@pytest.mark.parametrize("name", ["positive", "negative", "accent", "muted", "warning", "error", "strong"])
def test_lines_that_mean_something_are_seen(name: str, which: str) -> None:
    """Edges, frames and marks have a contrast of 3 with the ground, as somebody sees it who lacks a colour."""
    for ground, sight in itertools.product(grounds(which), SIGHTS):
        seen = [
            np.clip(np.array(SIGHTS[sight]) @ linear(each), 0, 1) @ TO_XYZ[1] + 0.05
            for each in (colour(name, which), ground)
        ]
        assert max(seen) / min(seen) >= GRAPHIC - 0.35 * (sight != "all colours"), (ground, sight)


@pytest.mark.parametrize("which", THEMES)
@pytest.mark.parametrize("sight", SIGHTS)
def test_signs_are_told_apart(sight: str, which: str) -> None:
    """Positive and negative are two colours for everybody."""
    assert distance(colour("positive", which), colour("negative", which), sight) >= APART


@pytest.mark.parametrize("which", THEMES)
def test_signs_are_told_apart_in_grey(which: str) -> None:
    """On paper without colour one is darker: no sign hangs on its dashes alone."""
    positive, negative = (lab(colour(sign, which))[0] for sign in ("positive", "negative"))
    assert abs(positive - negative) >= APART_IN_GREY


@pytest.mark.parametrize("which", THEMES)
@pytest.mark.parametrize("sight", SIGHTS)
def test_heat_maps_are_read_by_everybody(sight: str, which: str) -> None:
    """A cell grows away from the ground with its strength, and from a cell of the other sign, for every reader."""
    for sign, share, below in strengths_in_css():
        for ground in grounds(which)[:1] if below == "transparent" else [colour("raised", which)]:
            other = colour("negative" if sign == "positive" else "positive", which)
            far = [distance(mixed(colour(sign, which), ground, share * each), ground, sight) for each in STRENGTHS]
            assert far == sorted(far)
            assert far[0] > 1, (sign, share)
            apart = distance(mixed(colour(sign, which), ground, share), mixed(other, ground, share), sight)
            assert apart >= 12, (sign, share, apart)


@pytest.mark.parametrize("which", THEMES)
def test_numbers_are_read_on_heat_maps(which: str) -> None:
    """Where a cell has a number in it, the number has a contrast of 4.5 with the strongest colour."""
    for sign, share, below in strengths_in_css():
        if share == 1:
            continue  # strips: their numbers are said beside them
        for ground in grounds(which)[:-1] if below == "transparent" else [colour("raised", which)]:
            cell = mixed(colour(sign, which), ground, share)
            for name in ("text", "strong"):
                assert contrast(colour(name, which), cell) >= TEXT, (sign, share, name, ground)


@pytest.mark.parametrize("which", THEMES)
def test_marked_code_is_read(which: str) -> None:
    """The code of the card under the pointer."""
    assert contrast(colour("text", which), colour("mark", which)) >= TEXT
    assert distance(colour("mark", which), colour("ground", which), "all colours") >= 5


def test_the_measures_measure() -> None:
    """Black on white is 21, red and green are one colour for a deuteranope, and greys are greys."""
    assert contrast(rgb("#000000"), rgb("#ffffff")) == pytest.approx(21)
    red, green = rgb("#b04a3c"), rgb("#6f7a2c")
    assert distance(red, green, "deuteranopia") < distance(red, green, "all colours") / 2
    assert lab(rgb("#777777"))[1:] == pytest.approx([0, 0], abs=0.1)
    assert lab(rgb("#ffffff"))[0] == pytest.approx(100)
