"""A page in headless Chromium: notebooks that run, sliders moved as a person moves them, and what can be read."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

from tests.browser.server import Server

CHROMIUMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge")
FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-background-timer-throttling")
WIDTH, HEIGHT = 1280, 900
OFFLINE = "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1"

IDLE = """() => { const session = window.jupyterapp?.shell?.currentWidget?.sessionContext;
  const kernel = session?.session?.kernel;
  return kernel && kernel.connectionStatus === 'connected' && kernel.status === 'idle'; }"""
RAN = """() => { const panel = window.jupyterapp.shell.currentWidget;
  return panel.sessionContext.session.kernel.status === 'idle' &&
    !panel.content.widgets.some(cell => cell.model.type === 'code' && cell.model.executionState === 'running'); }"""
ERRORS = """() => { const errors = [];
  for (const cell of window.jupyterapp.shell.currentWidget.content.model.cells)
    if (cell.type === 'code') for (let i = 0; i < cell.outputs.length; i++)
      if (cell.outputs.get(i).type === 'error') errors.push(cell.outputs.get(i).toJSON());
  return errors; }"""
EXECUTE = """async code => {
  const kernel = window.jupyterapp.shell.currentWidget.sessionContext.session.kernel;
  const future = kernel.requestExecute({code, store_history: false});
  let text = '';
  future.onIOPub = message => {
    if (message.header.msg_type === 'stream') text += message.content.text;
    if (message.header.msg_type === 'error') text += message.content.traceback.join('\\n'); };
  const reply = await future.done;
  return {status: reply.content.status, text}; }"""
# Other texts for the notebook's cells, which are the same cells to the kernel; nothing of their last run stays.
REWRITE = """texts => {
  const {content} = window.jupyterapp.shell.currentWidget, shared = content.model.sharedModel;
  texts.forEach((source, place) => place < shared.cells.length ? shared.cells[place].setSource(source)
    : shared.insertCell(place, {cell_type: 'code', source, metadata: {}}));
  if (shared.cells.length > texts.length) shared.deleteCellRange(texts.length, shared.cells.length);
  content.activeCellIndex = 0;
  content.mode = 'command'; }"""
FORGET = """import sys as _sys
_shell = get_ipython()
if "magics_pkg" in _shell.extension_manager.loaded: _shell.run_line_magic("unload_ext", "magics_pkg")
_shell.run_line_magic("reset", "-f")"""
START = """code => { const kernel = window.jupyterapp.shell.currentWidget.sessionContext.session.kernel;
  window.__started = {done: false};
  kernel.requestExecute({code, store_history: false}).done.then(() => { window.__started.done = true; }); }"""


def number(text: str) -> float:
    """The number that a text of the page shows; its minus is a true one."""
    return float(text.replace("\N{MINUS SIGN}", "-"))


def find_chromium() -> str | None:
    """The path of a Chromium: $BACKWARD_CHROMIUM, one on the PATH, or the one that playwright has downloaded."""
    named = os.environ.get("BACKWARD_CHROMIUM")
    found = next(filter(None, map(shutil.which, [named] if named else CHROMIUMS)), None)
    if found:
        return found
    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).exists() else None


@contextlib.contextmanager
def chromium(path: str, *, online: bool = False) -> Iterator[Browser]:
    """A headless Chromium that reaches no host but this one, unless ``online``."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=[*FLAGS, *([] if online else [OFFLINE])])
        try:
            yield browser
        finally:
            browser.close()


class Slider:
    """One slider of a page, found by its accessible name, moved by keyboard and by mouse."""

    def __init__(self, page: Page, locator: Locator) -> None:
        self.page, self.locator = page, locator

    def press(self, key: str, times: int = 1) -> None:
        """Press a key on the handle, as a person without a mouse does."""
        self.locator.scroll_into_view_if_needed()
        for _ in range(times):
            self.locator.press(key)  # which focuses: the page's own keyboard types wherever the focus has gone

    def drag(self, to: float, *, start: float | None = None, seconds: float = 0.3, rate: float = 60) -> None:
        """Pull the handle with the mouse to a share (0..1) of the track, with ``rate`` moves per second."""
        self.locator.scroll_into_view_if_needed()
        box = self.locator.bounding_box()
        track = self.locator.evaluate(
            "e => { const r = (e.closest('.noUi-base') ?? e).getBoundingClientRect(); return [r.left, r.width] }"
        )
        assert box is not None
        middle = box["y"] + box["height"] / 2
        x = box["x"] + box["width"] / 2
        if self.locator.evaluate("e => e.matches('input')"):  # a range input in a saved page: press on its thumb
            share = self.locator.evaluate("e => (e.value - e.min) / (e.max - e.min)")
            x = track[0] + 8 + share * (track[1] - 16)
        end = track[0] + to * track[1]
        self.page.mouse.move(x, middle)
        self.page.mouse.down()
        if start is not None:
            x = track[0] + start * track[1]
        steps = max(1, round(seconds * rate))
        begin = time.perf_counter()
        for step in range(1, steps + 1):
            time.sleep(max(0.0, begin + step / rate - time.perf_counter()))
            self.page.mouse.move(x + (end - x) * step / steps, middle)
        self.page.mouse.up()


class View:
    """A page that shows panels: texts by their ``data-value``, sliders by their names, and every complaint it made."""

    def __init__(self, browser: Browser, *, width: int = WIDTH, height: int = HEIGHT, dark: bool = False) -> None:
        self.context = browser.new_context(
            viewport={"width": width, "height": height}, color_scheme="dark" if dark else "light"
        )
        self.context.add_init_script(path=str(Path(__file__).with_name("probe.js")))
        self.page = self.context.new_page()
        self.complaints: list[str] = []
        self.requests: list[str] = []
        self.page.on("pageerror", lambda error: self.complaints.append(f"page error: {error}"))
        self.page.on("dialog", self._dialog)
        self.page.on("console", lambda message: self._console(message.type, message.text))
        self.page.on("request", lambda request: self.requests.append(request.url))

    def _dialog(self, dialog: Any) -> None:
        self.complaints.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def _console(self, kind: str, text: str) -> None:
        if kind == "error":
            self.complaints.append(f"console: {text}")

    def close(self) -> None:
        """Close the page and forget its session."""
        self.context.close()

    def text(self, name: str, *, nth: int = 0) -> str:
        """The text of the ``nth`` element that shows the number called ``name``, for example ``x.grad[0]``."""
        return self.page.locator(f'[data-value="{name}"]').nth(nth).text_content(timeout=10_000) or ""

    def wait_for(self, selector: str, *, seconds: float = 30) -> Locator:
        """The first element that matches, once it is visible."""
        locator = self.page.locator(selector).first
        locator.wait_for(timeout=seconds * 1000)
        return locator

    def wait_text(self, name: str, expected: str, *, seconds: float = 10) -> None:
        """Until the page shows ``expected`` for the number called ``name``; the difference is the error."""
        end = time.monotonic() + seconds
        while (shown := self.text(name)) != expected:
            assert time.monotonic() < end, f"the page shows {shown!r} for {name}, not {expected!r}"
            time.sleep(0.02)

    def settled(self, panel: Locator | None = None, *, state: str = "ready", seconds: float = 30) -> None:
        """Until the kernel has answered for where the sliders stand: then `.grad` is set, and the page shows it."""
        panel = panel or self.page.locator(".backward-panel").first
        expect(panel).to_have_attribute("data-state", state, timeout=seconds * 1000)

    def wait_other(self, name: str, before: str, *, seconds: float = 10) -> str:
        """Until the page shows something else than ``before`` for the number called ``name``; what it is."""
        expect(self.page.locator(f'[data-value="{name}"]').first).not_to_have_text(before, timeout=seconds * 1000)
        return self.text(name)

    def slider(self, name: str, *, nth: int = 0) -> Slider:
        """The ``nth`` slider with this accessible name."""
        locator = self.page.get_by_role("slider", name=name, exact=True).nth(nth)
        locator.wait_for(timeout=30_000)
        return Slider(self.page, locator)


class NotebookView(View):
    """A notebook in JupyterLab or Notebook 7: ``open``, ``run_all``, and ``execute`` for a look into its kernel."""

    def open(self, server: Server, notebook: Path, *, seconds: float = 90) -> NotebookView:
        """Open the notebook and wait for its kernel."""
        self.page.goto(server.url(notebook), wait_until="domcontentloaded")
        self.page.wait_for_function(IDLE, timeout=seconds * 1000)
        return self

    def rewrite(self, texts: Sequence[str], *, seconds: float = 30) -> NotebookView:
        """Other cells in the same notebook, whose kernel has forgotten all names, panels and settings of the last."""
        self.page.set_default_timeout(30_000)
        self.page.set_viewport_size({"width": WIDTH, "height": HEIGHT})
        self.page.emulate_media(media="screen", reduced_motion="no-preference")
        self.page.mouse.move(0, 0)
        self.page.wait_for_function(IDLE, timeout=seconds * 1000)
        self.page.evaluate("() => window.jupyterapp.commands.execute('notebook:clear-all-cell-outputs')")
        self.execute(FORGET)
        self.page.evaluate(REWRITE, list(texts))
        self.page.evaluate("() => __probe.forget()")
        expect(self.page.locator(".backward-panel")).to_have_count(0)
        self.complaints.clear()
        self.requests.clear()
        return self

    def run_all(self, *, seconds: float = 120, errors: bool = False) -> list[dict[str, Any]]:
        """Run All Cells; returns the errors that cells ended with, and fails on any unless ``errors``."""
        self.page.evaluate("() => window.jupyterapp.commands.execute('notebook:run-all-cells')")
        self.page.wait_for_function(RAN, timeout=seconds * 1000)
        self.page.evaluate(EXECUTE, "")  # answered after the cells, also after those that follow an expected error
        found = list(self.page.evaluate(ERRORS))
        lines = [line for error in found for line in error["traceback"]]
        assert errors or not found, re.sub(r"\x1b\[[\d;]*m", "", "\n".join(lines))
        return found

    def execute(self, code: str) -> str:
        """Run code in the kernel beside the notebook's cells and return what it printed."""
        answer = self.page.evaluate(EXECUTE, code)
        assert answer["status"] == "ok", answer["text"]
        return str(answer["text"]).strip()

    def start(self, code: str) -> None:
        """Start code in the kernel and do not wait for it: the kernel is busy meanwhile."""
        self.page.evaluate(START, code)

    def started_is_done(self) -> bool:
        """Whether the code of the last ``start`` has ended."""
        return bool(self.page.evaluate("() => window.__started.done"))
