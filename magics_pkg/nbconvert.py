"""`jupyter nbconvert --to backward_html notebook.ipynb`: the notebook as a page, its panels live with no network.

The script and its style sheet come once, with the first panel. `LivePanels` does it in any other exporter to HTML:
`--to html --HTMLExporter.preprocessors=magics_pkg.nbconvert.LivePanels`.
"""

from __future__ import annotations

import html
import re
from typing import Any

from nbconvert.exporters.html import HTMLExporter
from nbconvert.preprocessors import Preprocessor

from .panel import page, spec
from .panel.twin import VIEW, is_live

MATH = re.compile(r"\$|\\\\[(\[]|\\begin\{")
SCRIPTS = ("application/javascript", "text/latex", "text/vnd.mermaid")


class LivePanels(Preprocessor):
    """Outputs of `%%backward` become panels that compute in the page."""

    def preprocess(self, nb: Any, resources: Any) -> tuple[Any, Any]:
        """Each panel in place of its widget; the widgets' state goes when no widget of others needs it."""
        found = False
        for cell in nb.cells:
            if "outputs" in cell:
                cell.outputs = [output for output in cell.outputs if not is_live(output)]
        for output in _outputs(nb):
            data = output.get("data", {})
            panel = page.unpacked(data.get(page.MIME))
            if panel is None:
                continue
            output["data"] = {"text/html": page.element(panel) + ("" if found else _once())}
            found = True
        if not any(VIEW in output.get("data", {}) for output in _outputs(nb)):
            nb.metadata.pop("widgets", None)
        return nb, resources


class BackwardHTMLExporter(HTMLExporter):
    """HTML with live panels that asks the network for nothing that the notebook does not use."""

    export_from_notebook = "HTML with live %%backward panels"

    def _init_preprocessors(self) -> None:
        super()._init_preprocessors()
        self.register_preprocessor(LivePanels(parent=self), enabled=True)

    def from_notebook_node(self, nb: Any, resources: Any = None, **kw: Any) -> Any:
        """The page; without the libraries from the network that only other notebooks need."""
        text, resources = super().from_notebook_node(nb, resources, **kw)
        others = [data for data in (each.get("data", {}) for each in _outputs(nb)) if page.MIME not in data]
        scripted = any(kind in data for data in others for kind in SCRIPTS) or any(
            "<script" in "".join(data.get("text/html", "")) for data in others
        )
        if not scripted:
            text = _without(text, self.require_js_url)
            if not any(MATH.search(cell.source) for cell in nb.cells if cell.cell_type == "markdown"):
                text = _without(text, self.mathjax_url)
        return text, resources


def _outputs(nb: Any) -> list[Any]:
    return [output for cell in nb.cells for output in cell.get("outputs", ())]


def _once() -> str:
    """What all panels of a page share."""
    return f'<style>{spec.notebook_style()}</style><script type="module">{spec.page_script()}</script>'


def _without(text: str, url: str) -> str:
    """The page without the script from this address."""
    return re.sub(rf'<script src="{re.escape(html.escape(url))}">\s*</script>', "", text)
