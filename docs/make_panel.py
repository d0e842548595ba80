"""``python -m docs.make_panel`` writes docs/panel.png and docs/panel-dark.png: a cell and its panel in JupyterLab."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.browser.page import NotebookView, chromium, find_chromium
from tests.browser.server import Server, make_notebook

FOLDER = Path(__file__).resolve().parent
SETUP = "%load_ext magics_pkg\nimport engine as torch"
CELL = """%%backward
x = torch.tensor([0.5, -1.25, 2.0], requires_grad=True)
w = torch.tensor([1.5, 0.25, -0.75], requires_grad=True)
y = torch.tanh(x * w) + x ** 2 / 3
y.backward(torch.tensor([1.0, 0.5, -0.25]))"""
THEMES = {"panel.png": "JupyterLab Light", "panel-dark.png": "JupyterLab Dark"}


def photograph(path: Path, theme: str, chromium_path: str) -> None:
    """Run the cell in JupyterLab with this theme, move a slider, and save what is seen."""
    with Server("lab", theme=theme) as server, chromium(chromium_path) as browser:
        view = NotebookView(browser, width=1440, height=1200, dark="Dark" in theme)
        view.open(server, make_notebook(server.root / "panel.ipynb", [SETUP, CELL]))
        view.page.evaluate("() => window.jupyterapp.commands.execute('application:toggle-left-area')")
        view.run_all()
        view.wait_for('.backward-panel[data-state="ready"]')
        view.slider("v[1]").drag(0.8)
        view.page.mouse.move(0, 0)
        view.page.wait_for_timeout(500)
        view.page.locator(".jp-CodeCell").nth(1).screenshot(path=path)
        view.close()


def main() -> None:
    """Write both pictures."""
    found = find_chromium()
    if found is None:
        sys.exit("no Chromium found: install one, or name it in BACKWARD_CHROMIUM")
    for name, theme in THEMES.items():
        photograph(FOLDER / name, theme, found)
        print(FOLDER / name)


if __name__ == "__main__":
    main()
