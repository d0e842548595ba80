"""``python -m docs.make_panel`` writes the README's pictures, light and dark: cells and their panels in JupyterLab."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.browser.page import NotebookView, chromium, find_chromium
from tests.browser.server import Server, make_notebook
from tests.networks import RESNET, RESNET_STEP

FOLDER = Path(__file__).resolve().parent
SETUP = "%load_ext magics_pkg\nimport engine as torch"
CELL = """%%backward
x = torch.tensor([0.5, -1.25, 2.0], requires_grad=True)
w = torch.tensor([1.5, 0.25, -0.75], requires_grad=True)
y = torch.tanh(x * w) + x ** 2 / 3
y.backward(torch.tensor([1.0, 0.5, -0.25]))"""
NETWORK = f"%%backward\n{RESNET_STEP}"
THEMES = {"": "JupyterLab Light", "-dark": "JupyterLab Dark"}


@dataclass(frozen=True)
class Picture:
    """Cells to run, what to do in the panel of the last, and which part of the page to save."""

    cells: tuple[str, ...]
    act: Callable[[NotebookView], None]
    part: str
    height: int = 1200


def photograph(path: Path, theme: str, chromium_path: str, picture: Picture) -> None:
    """Run the cells in JupyterLab with this theme, and save what is seen."""
    with Server("lab", theme=theme) as server, chromium(chromium_path) as browser:
        view = NotebookView(browser, width=1440, height=picture.height, dark="Dark" in theme)
        view.open(server, make_notebook(server.root / "panel.ipynb", list(picture.cells)))
        view.page.evaluate("() => window.jupyterapp.commands.execute('application:toggle-left-area')")
        view.run_all()
        view.wait_for('.backward-panel[data-state="ready"]')
        picture.act(view)
        view.page.mouse.move(0, 0)
        view.page.wait_for_timeout(500)
        view.page.locator(picture.part).last.screenshot(path=path)
        view.close()


def move(view: NotebookView) -> None:
    """Pull a slider."""
    view.slider("v[1]").drag(0.8)


def fold(view: NotebookView) -> None:
    """Fold three stages of the network."""
    for stage in (1, 3, 4):
        view.page.locator(f'[data-fold="model.layer{stage}"]').click()
        view.wait_for(f'[data-open="model.layer{stage}"]')
    view.page.evaluate("() => document.activeElement.blur()")


PICTURES = {
    "panel": Picture((SETUP, CELL), move, ".jp-CodeCell"),
    "network": Picture((f"{SETUP}\nnn = torch.nn{RESNET}", NETWORK), fold, ".backward-graph", 2300),
}


def main() -> None:
    """Write all pictures, or those named."""
    found = find_chromium()
    if found is None:
        sys.exit("no Chromium found: install one, or name it in BACKWARD_CHROMIUM")
    for name in sys.argv[1:] or PICTURES:
        for ending, theme in THEMES.items():
            photograph(FOLDER / f"{name}{ending}.png", theme, found, PICTURES[name])
            print(FOLDER / f"{name}{ending}.png")


if __name__ == "__main__":
    main()
