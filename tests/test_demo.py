"""demo.ipynb runs from top to bottom, says what the five pages say, and shows pictures without a kernel."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import pytest

nbformat = pytest.importorskip("nbformat", reason="nbformat is not installed")
pytest.importorskip("nbclient", reason="nbclient is not installed")

ROOT = Path(__file__).resolve().parents[1]
MAKER = runpy.run_path(str(ROOT / "docs" / "make_demo.py"))
ERRORS = [
    "gradients can be either Tensors or None, but got float",
    "grad can be implicitly created only for scalar outputs",
]


@pytest.fixture(scope="module")
def committed() -> Any:
    """The notebook as it stands in the repository."""
    return nbformat.read(ROOT / "demo.ipynb", as_version=4)


@pytest.fixture(scope="module")
def ran() -> Any:
    """The notebook run now, from the text that it is made of."""
    return MAKER["run"](MAKER["notebook"]())


def programs(notebook: Any) -> list[Any]:
    """The cells with a panel."""
    return [cell for cell in notebook.cells if cell.cell_type == "code" and cell.source.startswith("%%backward")]


def raised(notebook: Any) -> list[str]:
    """The texts of the errors that cells ended with."""
    return [each.evalue for cell in programs(notebook) for each in cell.outputs if each.output_type == "error"]


def printed(notebook: Any) -> list[str]:
    """What the cells printed."""
    return [each.text for cell in programs(notebook) for each in cell.outputs if each.output_type == "stream"]


def pictures(cell: Any) -> list[str]:
    """The static HTML that a cell has shown."""
    return ["".join(each.data.get("text/html", "")) for each in cell.outputs if "data" in each]


def test_is_made_from_its_text(committed: Any) -> None:
    """The committed notebook has the cells of docs/demo.md: run docs/make_demo.py after a change."""
    assert [c.source for c in MAKER["notebook"]().cells] == [c.source for c in committed.cells]


@pytest.mark.parametrize("which", ["committed", "ran"])
def test_two_cells_raise(which: str, request: pytest.FixtureRequest) -> None:
    """Exactly the two cells that are marked so end with an error."""
    notebook = request.getfixturevalue(which)
    assert raised(notebook) == ERRORS
    marked = [cell for cell in programs(notebook) if "raises-exception" in cell.metadata.get("tags", [])]
    assert [any(each.output_type == "error" for each in cell.outputs) for cell in marked] == [True, True]


@pytest.mark.parametrize("which", ["committed", "ran"])
def test_figures(which: str, request: pytest.FixtureRequest) -> None:
    """The cells print the figures of the five pages."""
    text = "".join(printed(request.getfixturevalue(which)))
    for figures in (
        "tensor([0.2000, 2.0000, 0.0020])",
        "tensor(3., grad_fn=<AddBackward0>) tensor(5.) tensor(2.)",
        "tensor([36., 81.]) tensor([-12.,  -8.])",
        "tensor([5.1200e+01, 5.1200e+02, 5.1200e-02])",
        "tensor([1., 1., 2.])",
        "tensor([ 0.4000,  4.0000, 40.0000])",
        "tensor([-1.0000, -0.5000,  0.0000,  0.5000,  1.0000])",
        "tensor([ 2.,  4.,  6.,  8., 10.], grad_fn=<DivBackward0>)",
    ):
        assert figures in text


def test_every_program_has_a_picture(committed: Any) -> None:
    """Each program's committed output has a drawing that needs no kernel."""
    assert [cell.source for cell in programs(committed) if not any("svg" in html for html in pictures(cell))] == []


def test_no_widget_is_committed(committed: Any) -> None:
    """No output refers to a widget, whose kernel is gone: a viewer would show an error in its place."""
    assert "widget-view" not in nbformat.writes(committed)
    assert "widgets" not in committed.metadata


def test_names_no_folder_of_its_maker(committed: Any) -> None:
    """The tracebacks name files as the repository does."""
    text = "".join(line for cell in programs(committed) for out in cell.outputs for line in out.get("traceback", []))
    assert "engine/" in text
    assert "/engine/" not in text


def test_no_picture_runs_code(committed: Any) -> None:
    """The committed pictures hold no script."""
    html = "".join(picture for cell in programs(committed) for picture in pictures(cell)).lower()
    assert "<script" not in html
    assert "javascript:" not in html


def test_runs_with_panels(ran: Any) -> None:
    """Each program that runs shows a live panel, with the static picture beside it for viewers without widgets."""
    for cell in programs(ran):
        shown = [each.data for each in cell.outputs if "data" in each]
        live = any(MAKER["WIDGET"] in data for data in shown) and any(
            "<img" in data.get("text/html", "") for data in shown
        )
        assert live or "raises-exception" in cell.metadata.get("tags", []), cell.source
