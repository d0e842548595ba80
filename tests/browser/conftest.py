"""One Chromium and one server of each kind for all browser tests, and one notebook for those that can share it."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
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
FAILED = pytest.StashKey[bool]()
NUMBERS = itertools.count()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A headless Chromium; skips where there is none."""
    path = find_chromium()
    if path is None:
        pytest.skip("no Chromium found (install one, or name it in BACKWARD_CHROMIUM)")
    with chromium(path) as running:
        yield running


@pytest.fixture(scope="session")
def lab(browser: Browser) -> Iterator[Server]:
    """A running JupyterLab, for tests that need no second front end."""
    with Server("lab") as running:
        yield running


@pytest.fixture(scope="session")
def notebook(browser: Browser) -> Iterator[Server]:
    """A running Notebook 7."""
    with Server("notebook") as running:
        yield running


@pytest.fixture(scope="session", params=KINDS)
def server(request: pytest.FixtureRequest) -> Server:
    """JupyterLab, then Notebook 7: for tests of what a front end does. Both run until the last test."""
    found: Server = request.getfixturevalue(request.param)
    return found


def opener(server: Server, browser: Browser, request: pytest.FixtureRequest) -> Opener:
    """A function that opens a new notebook of the given cells; what it opened is closed with the fixture that asks."""

    def open_notebook(cells: Sequence[Any]) -> NotebookView:
        notebook = make_notebook(server.root / f"{request.node.name.split('[')[0]}-{next(NUMBERS)}.ipynb", cells)
        view = NotebookView(browser)
        request.addfinalizer(lambda: server.stop_kernels(notebook))
        request.addfinalizer(view.close)
        return view.open(server, notebook)

    return open_notebook


@pytest.fixture
def open_alone(lab: Server, browser: Browser, request: pytest.FixtureRequest) -> Opener:
    """Opens notebooks in JupyterLab, each with a kernel of its own: for cells that change more than their names."""
    return opener(lab, browser, request)


@pytest.fixture
def open_new(server: Server, browser: Browser, request: pytest.FixtureRequest) -> Opener:
    """Opens notebooks in both front ends, each with a kernel of its own: for cells with tags and prose between them."""
    return opener(server, browser, request)


class Desk:
    """The notebook of one front end that tests write their cells into, one after the other."""

    def __init__(self, server: Server, browser: Browser) -> None:
        self.server, self.browser = server, browser
        self.path: Path | None = None
        self.view: NotebookView | None = None

    def open(self, cells: Sequence[str]) -> NotebookView:
        """The notebook with these cells; a new one where the last test has failed."""
        if self.view is None:
            self.path = make_notebook(self.server.root / f"desk-{next(NUMBERS)}.ipynb", [""])
            self.view = NotebookView(self.browser).open(self.server, self.path)
        return self.view.rewrite(cells)

    def close(self) -> None:
        """Close it, with its kernel."""
        if self.view is not None:
            self.view.close()
            self.server.stop_kernels(self.path)
        self.view = None


@pytest.fixture(scope="session")
def desks(browser: Browser) -> Iterator[dict[Server, Desk]]:
    """One notebook for many tests: to open one, and to start its kernel, takes most of a small test's time."""
    made: dict[Server, Desk] = {}
    yield made
    for desk in made.values():
        if desk.view is not None:
            desk.view.close()  # its kernel ends with its server


def shared(
    server: Server, desks: dict[Server, Desk], browser: Browser, request: pytest.FixtureRequest
) -> Iterator[Opener]:
    """Writes cells into a notebook that tests share: no name, panel or setting is left from before."""
    desk = desks.setdefault(server, Desk(server, browser))
    yield desk.open
    if request.node.stash.get(FAILED, False):
        desk.close()


@pytest.fixture
def open_lab(lab: Server, desks: Any, browser: Browser, request: pytest.FixtureRequest) -> Iterator[Opener]:
    """Opens cells in JupyterLab, in the notebook that tests share."""
    yield from shared(lab, desks, browser, request)


@pytest.fixture
def open_notebook(server: Server, desks: Any, browser: Browser, request: pytest.FixtureRequest) -> Iterator[Opener]:
    """Opens cells in both front ends, in the notebooks that tests share."""
    yield from shared(server, desks, browser, request)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Notes which test has failed: nobody knows what it has left."""
    report = yield
    item.stash[FAILED] = item.stash.get(FAILED, False) or report.failed
    return report


@pytest.fixture
def view(browser: Browser) -> Iterator[View]:
    """A page for files."""
    page = View(browser)
    yield page
    page.close()
