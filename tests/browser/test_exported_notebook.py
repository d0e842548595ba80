"""A notebook made into a page by nbconvert: its panels live with no kernel and no network, or at least pictures."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from nbclient import NotebookClient
from nbconvert import HTMLExporter

import engine as torch
from magics_pkg.nbconvert import BackwardHTMLExporter, LivePanels
from tests.browser.page import View
from tests.browser.page import number as read
from tests.browser.server import ROOT, make_notebook

nbformat = pytest.importorskip("nbformat")
pytestmark = pytest.mark.browser

SETUP = "%load_ext magics_pkg\nimport engine as torch"
FIRST = """%%backward
x = torch.tensor([0.5, -1.25, 2.0], requires_grad=True)
y = torch.tanh(x) * 3
y.backward(torch.tensor([0.1, 1.0, 10.0]))"""
SECOND = """%%backward
w = torch.ones(2, 2, requires_grad=True)
out = ((w + 2) ** 2 * 3).mean()
out.backward()"""


@pytest.fixture(scope="module")
def notebook(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A notebook that has run, with its widgets' state saved."""
    path = make_notebook(tmp_path_factory.mktemp("exported") / "two.ipynb", [SETUP, FIRST, SECOND])
    found = nbformat.read(path, as_version=4)
    NotebookClient(found, timeout=120, resources={"metadata": {"path": str(ROOT)}}).execute()
    assert "widgets" in found.metadata
    return found


def opened(view: View, folder: Path, exporter: HTMLExporter, notebook: Any) -> View:
    """The page that this exporter makes, opened from disk."""
    path = folder / "notebook.html"
    path.write_text(exporter.from_notebook_node(notebook)[0], encoding="utf-8")
    view.page.goto(path.as_uri())
    return view


def test_panels_are_live_without_a_network(view: View, tmp_path: Path, notebook: Any) -> None:
    """Both panels follow their sliders, with the engine's numbers; nothing is asked of the network."""
    opened(view, tmp_path, BackwardHTMLExporter(), notebook)
    view.wait_for(".backward-drawing svg")
    assert view.page.locator(".backward-panel").count() == 2
    assert view.page.locator("script[type=module]").count() == 2  # ours, and the template's own for diagrams
    view.slider("v[1]").press("ArrowRight", times=3)
    x = torch.tensor([0.5, -1.25, 2.0], requires_grad=True)
    (torch.tanh(x) * 3).backward(torch.tensor([0.1, read(view.text("v[1]")), 10.0]))
    for place, expected in enumerate(x.grad.numpy()):
        assert read(view.text(f"x.grad[{place}]")) == pytest.approx(expected, rel=1e-3)
    view.page.get_by_role("button", name="zero", exact=True).click()
    assert view.text("w.grad[0, 1]") == "0"
    assert view.text("x.grad[0]") != "0"
    assert view.complaints == []
    assert [url for url in view.requests if not url.startswith(("file:", "data:", "blob:"))] == []


def test_what_the_network_gave_stays_where_it_is_needed(notebook: Any) -> None:
    """Formulas in the prose keep their library, and so do scripts of others."""
    prose = deepcopy(notebook)
    prose.cells.append(nbformat.v4.new_markdown_cell("The sum $x + y$."))
    exporter = BackwardHTMLExporter()
    assert f'<script src="{exporter.mathjax_url}"' not in exporter.from_notebook_node(notebook)[0]
    assert f'<script src="{exporter.mathjax_url}"' in exporter.from_notebook_node(prose)[0]
    assert f'<script src="{exporter.require_js_url}"' not in exporter.from_notebook_node(prose)[0]
    drawn = nbformat.v4.new_output("display_data", {"text/html": "<script>require(['plotly'])</script>"})
    prose.cells[0].outputs = [drawn]
    assert f'<script src="{exporter.require_js_url}"' in exporter.from_notebook_node(prose)[0]


@pytest.mark.parametrize("state", [True, False], ids=["with the widgets' state", "without"])
def test_plain_html_shows_picture_and_table(view: View, tmp_path: Path, notebook: Any, state: bool) -> None:
    """`--to html`, opened with no network: a picture and a table for each panel, whether their state was saved or not.

    With the state nbconvert's page asks the network for a widget to draw."""
    saved = deepcopy(notebook)
    if not state:
        saved.metadata.pop("widgets")
    view.page.context.set_offline(True)
    opened(view, tmp_path, HTMLExporter(), saved)
    assert any("html-manager" in url for url in view.requests) is state
    for place in range(2):
        assert view.page.locator('img[alt^="Graph of"]').nth(place).is_visible()
        assert view.page.locator(".jp-OutputArea table").nth(place).is_visible()
    assert view.page.locator('img[alt^="Graph of"]').count() == 2
    sizes = view.page.evaluate("() => [...document.querySelectorAll('img')].map(e => e.naturalWidth)")
    assert min(sizes) > 100
    assert "x.grad" in view.page.locator("table").first.inner_text()
    assert np.isclose(read(view.page.locator("table tr").nth(1).locator("td").first.inner_text()), 0.2359, rtol=1e-3)


def test_any_exporter_can_have_the_preprocessor(view: View, tmp_path: Path, notebook: Any) -> None:
    """`--HTMLExporter.preprocessors=magics_pkg.nbconvert.LivePanels` does it too."""
    exporter = HTMLExporter(template_name="basic")
    exporter.register_preprocessor(LivePanels, enabled=True)
    opened(view, tmp_path, exporter, notebook)
    view.wait_for(".backward-drawing svg")
    assert view.text("x.grad[1]") == "0.8412"
