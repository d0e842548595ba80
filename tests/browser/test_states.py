"""Every state of a panel, light and dark, in JupyterLab: legible, accessible, and photographed where somebody looks."""

from __future__ import annotations

from collections.abc import Iterator

import nbformat
import pytest
from playwright.sync_api import Browser

from tests.browser import looks, states
from tests.browser.page import NotebookView
from tests.browser.server import Server, make_notebook

pytestmark = pytest.mark.browser

THEMES = {"light": "JupyterLab Light", "dark": "JupyterLab Dark"}
HEIGHT = 24_000  # whatever is out of sight is not drawn
NARROW = 760  # then a panel is less than 600 wide


@pytest.fixture(scope="module", params=THEMES)
def notebook(request: pytest.FixtureRequest, browser: Browser) -> Iterator[tuple[str, NotebookView]]:
    """A notebook with a cell for each state, run in each theme."""
    shade = request.param
    with Server("lab", theme=THEMES[shade]) as server:
        texts = [states.SETUP, *(each.cell for each in states.STATES.values())]
        goes_on = {"tags": ["raises-exception"]}  # some are meant to
        cells = [nbformat.v4.new_code_cell(text, metadata=goes_on) for text in texts]
        view = NotebookView(browser, width=1440, height=HEIGHT, dark=shade == "dark")
        view.open(server, make_notebook(server.root / "states.ipynb", cells))
        view.page.evaluate("() => window.jupyterapp.commands.execute('application:toggle-left-area')")
        view.run_all(errors=True)
        view.page.wait_for_function(
            "count => document.querySelectorAll('.backward-panel[data-state=\"ready\"]').length === count",
            arg=len(states.STATES),
            timeout=240_000,
        )
        view.page.evaluate(
            "names => document.querySelectorAll('.backward-panel').forEach((panel, place) =>"
            " panel.setAttribute('data-test', names[place]))",
            list(states.STATES),
        )
        yield shade, view
        view.close()


@pytest.mark.parametrize("name", states.STATES)
def test_state(notebook: tuple[str, NotebookView], name: str) -> None:
    """The panel says the state that it is in; no text in it is cut off, covered or pale."""
    shade, view = notebook
    state, which = states.STATES[name], f'[data-test="{name}"]'
    panel = view.wait_for(which)
    state.act(view, panel)
    view.wait_for(f'{which}[data-state="{state.state}"]')
    view.page.mouse.move(0, 0)
    looks.shoot(view.page.locator(f".jp-Cell:has({which})"), f"states/{name}-{shade}")
    assert [*looks.ugly(view, which).items(), *looks.unreadable(view, which)] == []


def test_states_beside_each_other(notebook: tuple[str, NotebookView]) -> None:
    """All panels in one page, each in its state, are as readable to a machine as each by itself."""
    assert looks.unreadable(notebook[1], alone=False) == []


@pytest.mark.parametrize("name", states.STATES)
def test_state_at_600_pixels(notebook: tuple[str, NotebookView], name: str) -> None:
    """As legible in a narrow notebook, in the state that the test before has left."""
    shade, view = notebook
    which = f'[data-test="{name}"]'
    if (view.page.viewport_size or {})["width"] != NARROW:
        view.page.set_viewport_size({"width": NARROW, "height": HEIGHT})
        view.page.wait_for_timeout(1000)
    looks.shoot(view.wait_for(which), f"states/{name}-narrow-{shade}")
    assert looks.ugly(view, which) == {}
