"""One Chromium and one server of each kind for all browser tests; each test opens a notebook of its own."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest

pytest.importorskip("playwright", reason="playwright is not installed")
pytest.importorskip("jupyterlab", reason="JupyterLab is not installed")
pytest.importorskip("notebook", reason="Notebook 7 is not installed")

from playwright.sync_api import Browser

from tests.browser.page import NotebookView, View, chromium, find_chromium
from tests.browser.server import Server, make_notebook

Opener = Callable[[Sequence[Any]], NotebookView]
KINDS = ("lab", "notebook")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A headless Chromium; skips where there is none."""
    path = find_chromium()
    if path is None:
        pytest.skip("no Chromium found (install one, or name it in BACKWARD_CHROMIUM)")
    with chromium(path) as running:
        yield running


@pytest.fixture(scope="session", params=KINDS)
def server(request: pytest.FixtureRequest, browser: Browser) -> Iterator[Server]:
    """A running JupyterLab, then a running Notebook 7: every test that opens a notebook runs in both."""
    with Server(request.param) as running:
        yield running


@pytest.fixture(scope="session")
def lab(browser: Browser) -> Iterator[Server]:
    """A running JupyterLab, for tests that need no second front end."""
    with Server("lab") as running:
        yield running


def opener(server: Server, browser: Browser, request: pytest.FixtureRequest) -> Opener:
    """A function that opens a new notebook of the given cells; what it opened is closed with the fixture that asks."""
    counter = itertools.count()

    def open_notebook(cells: Sequence[Any]) -> NotebookView:
        notebook = make_notebook(server.root / f"{request.node.name.split('[')[0]}-{next(counter)}.ipynb", cells)
        view = NotebookView(browser)
        request.addfinalizer(server.stop_kernels)
        request.addfinalizer(view.close)
        return view.open(server, notebook)

    return open_notebook


@pytest.fixture
def open_notebook(server: Server, browser: Browser, request: pytest.FixtureRequest) -> Opener:
    """Opens notebooks in both front ends."""
    return opener(server, browser, request)


@pytest.fixture
def open_lab(lab: Server, browser: Browser, request: pytest.FixtureRequest) -> Opener:
    """Opens notebooks in JupyterLab."""
    return opener(lab, browser, request)


@pytest.fixture
def view(browser: Browser) -> Iterator[View]:
    """A page for files."""
    page = View(browser)
    yield page
    page.close()
