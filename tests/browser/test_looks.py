"""How panels look at every size, light, dark, printed, in high contrast: nothing cut off, covered or unreadable."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.browser import looks
from tests.browser.page import NotebookView, View
from tests.browser.server import Server, make_notebook

pytestmark = pytest.mark.browser

SIZES = {"narrow": (600, 900), "projector": (1024, 768), "notebook": (1200, 900), "hall": (1920, 1080)}
SYSTEM = """() => { const e = document.body.appendChild(document.createElement('p'));
  return ['CanvasText', 'Canvas'].map(name => { e.style.color = name; return getComputedStyle(e).color; }); }"""
LIVE = ("tanh", "large", "hook", "numbers-alone", "network", "inputs")


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A saved page of each kind of panel."""
    return looks.save_pages(tmp_path_factory.mktemp("pages"))


@pytest.fixture
def sized(browser: Browser) -> Iterator[Any]:
    """A function that opens a view of one size and theme."""
    views: list[View] = []

    def make(size: str, dark: bool = False) -> View:
        width, height = SIZES[size]
        views.append(View(browser, width=width, height=height, dark=dark))
        return views[-1]

    yield make
    for view in views:
        view.close()


def show(view: View, path: Path) -> None:
    """Open a saved page, and every part of it that can be opened."""
    view.page.goto(path.as_uri())
    view.wait_for(".backward-grid .backward-sentence")


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
def test_saved_pages_at_every_size(sized: Any, pages: dict[str, Path], size: str, dark: bool) -> None:
    """From 600 pixels to a projector in a hall: no text cut off, none over another, no panel that scrolls sideways."""
    view = sized(size, dark)
    found = {}
    for name, path in pages.items():
        show(view, path)
        if wrong := looks.ugly(view):
            found[name] = wrong
        looks.shoot(view, f"saved/{name}-{size}-{'dark' if dark else 'light'}")
    assert found == {}
    assert view.complaints == []


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_each_drawer_is_legible(sized: Any, pages: dict[str, Path], dark: bool) -> None:
    """Whatever can be opened under the picture is as legible, at 600 pixels too, and as readable to a machine."""
    view, found = sized("narrow", dark), {}
    for name in ("tanh", "matrix", "accumulated", "long-names"):
        show(view, pages[name])
        for tab in view.page.locator("[role=tab]").all():
            if tab.get_attribute("aria-selected") != "true":
                tab.click()
            drawer = f"{name}-{tab.get_attribute('data-drawer')}"
            wrong = [*looks.ugly(view).items(), *looks.unreadable(view)]
            if wrong:
                found[drawer] = wrong
            looks.shoot(view, f"drawers/{drawer}-{'dark' if dark else 'light'}")
    assert found == {}


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_saved_pages_are_accessible(sized: Any, pages: dict[str, Path], dark: bool) -> None:
    """axe-core finds nothing serious in any kind of panel: names, roles, order, contrast."""
    view = sized("projector", dark)
    found = {}
    for name, path in pages.items():
        show(view, path)
        if wrong := looks.unreadable(view):
            found[name] = wrong
    assert found == {}


def test_the_measures_see_what_they_look_for(sized: Any, pages: dict[str, Path]) -> None:
    """A text that is cut off, covered or too pale is found: the tests above cannot pass blindly."""
    view = sized("projector")
    show(view, pages["tanh"])
    view.page.add_style_tag(content=".backward-spelled { width: 40px; overflow: hidden; white-space: nowrap }")
    assert "cut off" in looks.ugly(view)
    view.page.add_style_tag(content=".backward-formula { position: absolute; top: 72px }")
    assert "covered" in looks.ugly(view)
    view.page.add_style_tag(content=".backward-page { --backward-muted: #ccc }")
    assert any("color-contrast" in each for each in looks.unreadable(view))


def test_on_paper(sized: Any, pages: dict[str, Path]) -> None:
    """Printed it is light, has no buttons, and cuts nothing off, whatever the reader's system is."""
    view = sized("notebook", dark=True)
    view.page.emulate_media(media="print")
    for name, path in pages.items():
        show(view, path)
        assert looks.ugly(view) == {}, name
        assert (
            view.page.locator("button:visible").count() <= view.page.locator("[role=tab], .backward-player *").count()
        )
        ground = view.page.locator(".backward-grid").evaluate("e => getComputedStyle(e).backgroundColor")
        assert ground == "rgb(255, 255, 255)"
        cut = "e => e.scrollWidth > e.clientWidth + 1"
        assert not any(each.evaluate(cut) for each in view.page.locator(".backward-drawing, pre").all()), name
        looks.shoot(view, f"printed/{name}")


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_in_forced_colours_and_without_motion(sized: Any, pages: dict[str, Path], dark: bool) -> None:
    """With the system's own high contrast everything is there; nothing ever moves by itself."""
    view = sized("projector", dark)
    view.page.emulate_media(forced_colors="active", reduced_motion="reduce")
    for name in ("tanh", "steps", "large"):
        show(view, pages[name])
        assert looks.ugly(view) == {}
        moving = "() => document.getAnimations().filter(each => each.playState === 'running').length"
        assert view.page.evaluate(moving) == 0
        looks.shoot(view, f"forced-colours/{name}-{'dark' if dark else 'light'}")
        tops = "e => getComputedStyle(e).borderTopColor"
        chosen = view.page.locator('[role=tab][aria-selected="true"]').evaluate(tops)
        assert chosen not in [each.evaluate(tops) for each in view.page.locator('[aria-selected="false"]').all()]
        ink = [view.page.locator(each).first.evaluate("e => getComputedStyle(e).fill") for each in (".number", ".card")]
        system = view.page.evaluate(SYSTEM)
        assert ink == [system[0], system[1]], "the picture is in colours that a dark system has no ground for"


def test_colours_are_told_apart_without_colour(sized: Any, pages: dict[str, Path]) -> None:
    """A negative gradient is dashed in the graph and hatched in a strip: its sign does not hang on a colour."""
    view = sized("projector")
    show(view, pages["tanh"])
    dashes = view.page.evaluate(
        "() => ['positive', 'negative'].map(sign => getComputedStyle(document.querySelector(`.edge path.${sign}`))"
        ".strokeDasharray)"
    )
    assert dashes[0] == "none"
    assert dashes[1] != "none"
    show(view, pages["matrix"])
    hatched = view.page.locator(".backward-strip [data-sign=negative]").first
    assert "repeating-linear-gradient" in hatched.evaluate("e => getComputedStyle(e).backgroundImage")


def test_the_keyboard_reaches_everything(sized: Any, pages: dict[str, Path]) -> None:
    """Tab goes through sliders, buttons, graph and tables, shows where it is, and leaves again."""
    view = sized("projector")
    show(view, pages["tanh"])
    seen = []
    for _ in range(60):
        view.page.keyboard.press("Tab")
        where = view.page.evaluate(
            """() => { const e = document.activeElement, looks = getComputedStyle(e);
            const card = e.querySelector?.('.card');
            const marked = looks.outlineStyle !== 'none' || looks.borderColor !== 'rgba(0, 0, 0, 0)' ||
              (card && getComputedStyle(card).strokeWidth > '1.2');
            return e === document.body ? null : [e.tagName + '.' + (e.className.baseVal ?? e.className), marked]; }"""
        )
        if where is None:
            break
        assert where[1], f"no mark at {where[0]}"
        seen.append(where[0])
    joined = " ".join(seen)
    assert seen.count("INPUT.") >= 3
    for part in ("BUTTON.", "g.node", "TD."):
        assert part in joined, part


def test_the_picture_is_copied_as_an_image(sized: Any, pages: dict[str, Path]) -> None:
    """The button puts a PNG of the picture into the clipboard; where that is closed, it saves the file."""
    view = sized("projector")
    view.context.grant_permissions(["clipboard-read", "clipboard-write"])
    show(view, pages["tanh"])
    button = view.page.get_by_role("button", name="copy image")
    button.click()
    said = view.page.locator(".backward-copy [role=status]")
    said.filter(has_text="copied").wait_for(timeout=10_000)
    size = view.page.evaluate(
        """async () => { const [item] = await navigator.clipboard.read();
        const picture = await createImageBitmap(await item.getType('image/png'));
        return [picture.width, picture.height]; }"""
    )
    svg = view.page.locator(".backward-drawing svg")
    assert size == [round(2 * float(svg.get_attribute(side) or 0)) for side in ("width", "height")]
    view.page.evaluate("() => { navigator.clipboard.write = async () => { throw new Error('closed'); }; }")
    with view.page.expect_download() as download:
        button.click()
    assert download.value.suggested_filename == "y.png"
    image = Path(download.value.path()).read_bytes()
    assert struct.unpack(">II", image[16:24]) == tuple(size)
    assert "saved as y.png" in (said.text_content() or "")
    assert view.complaints == []


@pytest.mark.parametrize("theme", ["JupyterLab Light", "JupyterLab Dark"])
def test_live_panels(browser: Browser, theme: str) -> None:
    """In JupyterLab, in both themes, wide and at 600 pixels: as legible, and nothing serious for axe-core."""
    shade = "dark" if "Dark" in theme else "light"
    setup = "%load_ext magics_pkg\nimport engine as torch"
    with Server("lab", theme=theme) as server:
        found = {}
        view = NotebookView(browser, width=1440, height=2400, dark=shade == "dark")
        view.open(server, make_notebook(server.root / "live.ipynb", [""]))
        view.page.evaluate("() => window.jupyterapp.commands.execute('application:toggle-left-area')")
        for name in LIVE:
            options, cell = looks.CELLS[name]
            view.rewrite([setup, f"%%backward {options}\n{cell}"])
            view.page.set_viewport_size({"width": 1440, "height": 2400})
            view.run_all()
            panel = view.wait_for('.backward-panel[data-state="ready"]')
            for width in (1440, 760):  # the panel of the second is less than 600 wide
                view.page.set_viewport_size({"width": width, "height": 2400})
                view.page.wait_for_timeout(300)
                if wrong := [*looks.ugly(view).items(), *looks.unreadable(view)]:
                    found[name, width] = wrong
                looks.shoot(panel, f"live/{name}-{width}-{shade}")
        view.page.add_style_tag(content=".backward-sentence * { color: #999 !important; background: #888 !important }")
        assert any("color-contrast" in each for each in looks.unreadable(view)), "axe-core sees no colours here"
        view.close()
    assert found == {}
