"""Whole panels in Chinese and in Russian, looked at from outside: nothing shown or read out is English but names."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import pytest
from playwright.sync_api import Browser

from tests import cells
from tests.browser.page import NotebookView, View
from tests.browser.server import Server, make_notebook
from tests.foreign import strangers

pytestmark = pytest.mark.browser

CODE = """x = torch.linspace(-1, 1, 40, requires_grad=True)
w = torch.tensor([0.5, 2.0], requires_grad=True)
(w * 3).sum().backward()
y = torch.relu(x).reshape(2, 20).sum(1) * w
y.backward(torch.tensor([0.1, 10.0]))"""
# Every text that a person sees or hears, but for code and for the panel's own data
TOLD = """() => {
  const root = document.querySelector('.backward-panel'), told = [];
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  for (let node; (node = walker.nextNode()); )
    if (!node.parentElement.closest('script, style, code')) told.push(node.data);
  for (const element of root.querySelectorAll('*'))
    for (const name of ['aria-label', 'aria-valuetext', 'title', 'alt', 'placeholder'])
      if (element.hasAttribute(name)) told.push(element.getAttribute(name));
  return told; }"""


def told(view: View) -> set[str]:
    """What the panel says, each of its drawers open once, a card of each kind looked into."""
    said = set(view.page.evaluate(TOLD))
    for tab in view.page.locator("[role=tab]").all():
        if tab.get_attribute("aria-selected") == "false" and tab.is_visible():
            tab.click()
        said |= set(view.page.evaluate(TOLD))
        if tab.get_attribute("data-drawer") == "inspect":
            for card in view.page.locator("[data-node]").all():
                card.dispatch_event("click")
                said |= set(view.page.evaluate(TOLD))
    return said


def english(view: View, code: str) -> set[str]:
    """The words that nobody has translated."""
    return {f"{word} in {text[:200]}" for text in told(view) for word in strangers(text, code)}


@pytest.mark.parametrize("language", ["zh", "ru"])
def test_a_saved_page(view: View, tmp_path: Path, language: str, library: ModuleType) -> None:
    """Drawers, cards, strips, buttons, the quiz: everything in a saved page."""
    with cells.shell(library.__name__) as shell:
        cells.run(shell, f"%config BackwardMagics.language = {language!r}")
        for option in ("", "--quiz"):
            path = tmp_path / f"page{option}.html"
            assert cells.run(shell, f"%%backward {option} --quiet --save {path}\n{CODE}").error is None
            view.page.goto(path.as_uri())
            view.wait_for(".backward-drawing svg")
            if option:
                view.page.locator(".backward-quiz input[type=text]").fill("77")
                view.page.locator(".backward-quiz input[type=text]").press("Enter")
                assert not english(view, CODE)
                view.page.locator(".backward-quiz button").last.click()  # show everything
            assert not english(view, CODE)


@pytest.mark.parametrize(("locale", "graph", "library"), [("zh_CN", "计算图", "engine"), ("ru_RU", "Граф", "torch")])
def test_the_language_of_jupyterlab(browser: Browser, locale: str, graph: str, library: str) -> None:
    """Where JupyterLab's menu has a language, a panel speaks it with nothing configured, live and in its hints."""
    raises = "%%backward\ny.backward()"
    with Server("lab", locale=locale) as server:
        path = make_notebook(
            server.root / "language.ipynb",
            [f"%load_ext magics_pkg\nimport {library} as torch", f"%%backward\n{CODE}", raises],
        )
        view = NotebookView(browser)
        try:
            view.open(server, path)
            (error,) = view.run_all(errors=True)
            view.wait_for('.backward-panel[data-state="ready"]')
            assert graph.lower() in view.page.locator(".backward-graph .backward-title").first.inner_text().lower()
            assert any(
                line.startswith(("提示：", "Подсказка: ")) for line in "\n".join(error["traceback"]).splitlines()
            )
            assert not english(view, CODE)
        finally:
            view.close()
