"""``python docs/make_demo.py`` writes demo.ipynb and docs/questions.ipynb, run, with outputs that need no kernel.

The notebooks' texts stand in ``docs/demo.md`` and ``docs/questions.md``: prose becomes markdown cells, a fenced block
becomes a code cell, and a block fenced as ``python raises`` is tagged ``raises-exception``. Of each output the static
picture is kept and the widget is not: without a kernel a widget shows nothing.
"""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient

from magics_pkg.panel.page import MIME
from magics_pkg.panel.twin import is_live

ROOT = Path(__file__).resolve().parents[1]
TEXT = ROOT / "docs" / "demo.md"
DEMO = ROOT / "demo.ipynb"
NOTEBOOKS = {TEXT: DEMO, ROOT / "docs" / "questions.md": ROOT / "docs" / "questions.ipynb"}
WIDGET = "application/vnd.jupyter.widget-view+json"
STILL = re.compile(r'<div class="backward-still-\w+">')
FENCE = re.compile(r"^```python(?P<raises> raises)?\n(?P<code>.*?)^```$\n?", re.MULTILINE | re.DOTALL)


def cells(text: str) -> list[Any]:
    """The cells of a markdown text: prose between level-2 headings and code blocks, in order, with stable ids."""
    found: list[Any] = []

    def prose(part: str) -> None:
        for section in re.split(r"^(?=## )", part.strip(), flags=re.MULTILINE):
            if section.strip():
                found.append(nbformat.v4.new_markdown_cell(section.strip()))

    end = 0
    for block in FENCE.finditer(text):
        prose(text[end : block.start()])
        tags = {"tags": ["raises-exception"]} if block["raises"] else {}
        found.append(nbformat.v4.new_code_cell(block["code"].rstrip("\n"), metadata=tags))
        end = block.end()
    prose(text[end:])
    for number, cell in enumerate(found):
        cell["id"] = f"cell-{number:02}"
    return found


def notebook(text: Path = TEXT) -> Any:
    """A text as a notebook, not yet run."""
    metadata = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
    return nbformat.v4.new_notebook(cells=cells(text.read_text(encoding="utf-8")), metadata=metadata)


def run(demo: Any) -> Any:
    """Run the demo from top to bottom in a kernel that imports this repository."""
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    NotebookClient(demo, timeout=120, resources={"metadata": {"path": str(ROOT)}}, store_widget_state=False).execute()
    return demo


def without_kernel(demo: Any) -> Any:
    """Drop from a notebook that has run whatever belongs to this run alone: widgets, times, the folder's name."""
    for cell in demo.cells:
        cell.metadata.pop("execution", None)
        if "outputs" in cell:
            cell.outputs = [output for output in cell.outputs if not is_live(output)]
        for output in cell.get("outputs", []):
            for kind in (WIDGET, MIME):
                output.get("data", {}).pop(kind, None)
            if "text/html" in output.get("data", {}):  # the class by which a widget hides its picture
                output["data"]["text/html"] = STILL.sub("<div>", output["data"]["text/html"])
            if "text" in output:  # a warning names the file that it comes from
                output["text"] = output["text"].replace(f"{ROOT}{os.sep}", "")
            if "traceback" in output:
                output["traceback"] = [line.replace(f"{ROOT}{os.sep}", "") for line in output["traceback"]]
    demo.metadata.pop("widgets", None)
    demo.metadata["language_info"] = {"name": "python", "pygments_lexer": "ipython3"}
    return demo


def main() -> None:
    """Write each notebook, or those that are named: demo, questions."""
    for text, path in NOTEBOOKS.items():
        if sys.argv[1:] and text.stem not in sys.argv[1:]:
            continue
        made = without_kernel(run(notebook(text)))
        nbformat.validate(made)
        nbformat.write(made, path)
        print(f"{path.name}: {len(made.cells)} cells, {path.stat().st_size / 1024:.0f} KB")


if __name__ == "__main__":
    sys.exit(main())
