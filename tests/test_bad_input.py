"""Bad input in a `%%backward` cell: each a clear error in one line, and nothing lost."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from IPython.core.interactiveshell import InteractiveShell

from tests import cells
from tests.cells import FIRST, VECTOR, grad, usage


@pytest.fixture
def shell(library: ModuleType) -> Iterator[InteractiveShell]:
    """An IPython with the magics loaded and torch bound to each library."""
    with cells.shell(library.__name__) as made:
        yield made


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("--weights 1,2", "y has shape (3,), so it needs 3 weights"),
        ("--weights [[1, 2, 3]]", "y has shape (3,), so it needs 3 weights"),
        ("--weights 1", "y has shape (3,), so it needs 3 weights"),
    ],
)
def test_weights_of_the_wrong_shape(shell: InteractiveShell, line: str, words: str) -> None:
    """One line that names the shape expected; the cell has run, nothing is lost."""
    ran = cells.run(shell, f"%%backward y {line}\n" + FIRST + "x.grad")
    assert words in usage(ran)
    assert "Out[" in ran.printed
    np.testing.assert_allclose(grad(shell), [0.2, 2, 20], rtol=1e-6)


def test_weights_of_the_wrong_shape_without_a_call(shell: InteractiveShell) -> None:
    """Then no backward is run either."""
    ran = cells.run(shell, "%%backward --weights 1,2\n" + VECTOR + "y")
    assert "shape (3,)" in usage(ran)
    assert shell.user_ns["x"].grad is None


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        ("%%backward\n3", "not a tensor"),
        ("%%backward\ntorch.ones(3)", "has no graph"),
        ("%%backward n\nn = 3", "n is not a tensor but of type int"),
        ("%%backward t\nt = torch.ones(3)", "t has no graph"),
        ("%%backward missing\nx = 1", "missing"),
        ("%%backward --wieghts 1\nx = 1", "did you mean --weights?"),
        ("%%backward\n# nothing here\n", "the cell is empty"),
        ("%%backward\n\n", "the cell is empty"),
        ("%%backward\n", "empty"),
        ("%backward", "%backward needs a tensor"),
        ("%backward nowhere", "nowhere"),
        ("%backward (x * 2).sum()", "not a name"),
        ("%%backward\nz = torch.tensor([1 + 1j], requires_grad=True)\nz * z", "complex"),
        ("%%backward\nz = torch.tensor([1 + 1j], requires_grad=True)\nz.abs().sum().backward()", "complex"),
    ],
)
def test_bad_cells(shell: InteractiveShell, cell: str, words: str) -> None:
    """An output that is none, an empty cell, a wrong option: one clean line."""
    assert words in usage(cells.run(shell, cell))


def test_help_needs_no_cell(shell: InteractiveShell) -> None:
    """`%%backward --help` alone prints the options."""
    ran = cells.run(shell, "%%backward --help")
    assert ran.error is None
    assert "--weights" in ran.printed


def test_a_page_that_cannot_be_written(shell: InteractiveShell, tmp_path: Path) -> None:
    """The panel is there all the same; one line says what is wrong with the path."""
    ran = cells.run(shell, f"%%backward -o e --save {tmp_path}/missing/page.html\n" + FIRST)
    assert "cannot be written: No such file" in usage(ran)
    assert "x.grad  [0.2, 2, 20]" in ran.printed
    assert not shell.user_ns["e"].closed


def test_result_of_a_bad_cell_is_shown(shell: InteractiveShell) -> None:
    """The value of a last expression that is no output is not lost."""
    ran = cells.run(shell, "%%backward\n[1, 2]")
    assert "Out[" in ran.printed
    assert shell.user_ns["_"] == [1, 2]


def test_unknown_leaf(shell: InteractiveShell) -> None:
    """An unknown name in --wrt: the nearest is named, the panel shown with all leaves."""
    code = "weight = torch.tensor([1.], requires_grad=True)\n(weight * 2).backward()"
    ran = cells.run(shell, "%%backward --wrt wieght\n" + code)
    assert "did you mean weight?" in usage(ran)
    assert "weight.grad  [2]" in ran.printed


def test_no_backward_at_all(shell: InteractiveShell) -> None:
    """A cell that only defines is no error: a sentence says how to go on."""
    ran = cells.run(shell, "%%backward\n" + VECTOR)
    assert ran.error is None
    assert "%%backward y" in ran.printed


def test_freed_in_another_cell(shell: InteractiveShell) -> None:
    """A line magic on a freed graph is PyTorch's own error."""
    cells.run(shell, "x = torch.tensor([2.], requires_grad=True)\ny = x * x\ny.backward()")
    ran = cells.run(shell, "%backward y")
    assert "second time" in str(ran.error)


def test_hostile_names(shell: InteractiveShell) -> None:
    """Names and strings that try to be code stay text."""
    code = 'd = {"<script>alert(1)</script>\\n\'": torch.tensor([1.], requires_grad=True)}\n'
    code += "имя = d['<script>alert(1)</script>\\n\\''] * 2\nимя.backward()"
    ran = cells.run(shell, "%%backward -o e\n" + code)
    assert ran.error is None
    bundle = shell.user_ns["e"].bundle()
    assert "<script>alert" not in bundle["text/html"]
    assert "имя" in bundle["text/plain"]


def test_nan_and_inf(shell: InteractiveShell) -> None:
    """NaN and inf are shown as such, and the first operation that made one is named."""
    code = "x = torch.tensor([-1., 0., 1.], requires_grad=True)\ny = torch.log(x)\ny.backward(torch.ones(3))"
    ran = cells.run(shell, "%%backward\n" + code)
    assert "[nan, -inf, 0]" in ran.printed
    assert "torch.log(x)" in ran.printed
    assert "made the first NaN" in ran.printed


@pytest.mark.parametrize(("line", "code"), [("--weights nan,inf,1", FIRST), ("", FIRST.replace("0.1, 1.", "nan, inf"))])
def test_weights_that_are_not_finite(shell: InteractiveShell, line: str, code: str) -> None:
    """No slider stands at NaN or inf, and no zero stands for them; a v of numbers brings the sliders back."""
    code = code.replace("nan, inf", "float('nan'), float('inf')").replace("10.", "1.")
    assert cells.run(shell, f"%%backward -o e {line}\n" + code).error is None
    explored = shell.user_ns["e"]
    np.testing.assert_equal(grad(shell), np.array([np.nan, np.inf, 2], np.float32))
    np.testing.assert_equal(explored._live.shown()[:3], [np.nan, np.inf, 2])
    assert [each.description for each in explored.panel.sliders] == ["v[2]"]
    assert "v has an entry that is not finite" in " ".join(explored.notes)
    explored._wishes.preset("ones", None)
    assert [each.description for each in explored.panel.sliders] == ["v[0]", "v[1]", "v[2]"]
    explored.panel.sliders[0].value = 0.5
    assert grad(shell).tolist() == [1, 2, 2]
    explored.weights = [1, float("nan"), 1]
    assert [each.description for each in explored.panel.sliders] == ["v[0]", "v[2]"]
    explored._wishes.pick(1)
    assert grad(shell).tolist() == [2, 0, 2]


@pytest.mark.parametrize("shape", ["0", "3, 0"])
def test_empty_tensors(shell: InteractiveShell, shape: str, tmp_path: Path) -> None:
    """Without any number there is still a graph, a panel and a page."""
    code = f"x = torch.ones({shape}, requires_grad=True)\ny = x * 2\ny.backward(torch.ones({shape}))"
    ran = cells.run(shell, f"%%backward -o e --save {tmp_path}/page.html\n" + code)
    assert ran.error is None
    assert "html" in "".join(shell.user_ns["e"].bundle())


def test_a_million_entries(shell: InteractiveShell) -> None:
    """A large output gets a few sliders, not a million."""
    ran = cells.run(shell, "%%backward -o e\nx = torch.ones(1_000_000, requires_grad=True)\ny = x * 2\ny")
    assert ran.error is None
    assert 1 <= len(shell.user_ns["e"].panel.sliders) <= 16
    assert len(ran.printed) < 5000
    assert len(shell.user_ns["e"].bundle()["text/html"]) < 100_000


def test_graphviz_failure(shell: InteractiveShell, monkeypatch: pytest.MonkeyPatch) -> None:
    """When Graphviz fails the panel says so and shows the text form; the sliders work."""
    from magics_pkg.pictures import layout

    def fail(*_: Any, **__: Any) -> Any:
        raise layout.LayoutError("out of memory")

    monkeypatch.setattr(layout, "layout", fail)
    ran = cells.run(shell, "%%backward -o e --quiet\n" + FIRST)
    assert ran.error is None
    panel = shell.user_ns["e"].panel
    assert "out of memory" in " ".join(panel.notes)
    assert "y  × 2  x * 2" in panel.text
    assert "x * 2" in shell.user_ns["e"].bundle()["text/html"]
    panel.sliders[0].value = panel.sliders[0].max
    assert grad(shell)[0] == np.float32(2 * panel.sliders[0].max)


def test_a_fault_of_ours_hides_nothing(shell: InteractiveShell, monkeypatch: pytest.MonkeyPatch) -> None:
    """When drawing the graph breaks altogether, the cell has run, and its result is shown."""
    from magics_pkg import opening

    def fail(*_: Any, **__: Any) -> Any:
        raise KeyError("a bug")

    monkeypatch.setattr(opening, "Canvas", fail)
    ran = cells.run(shell, "%%backward\n" + FIRST + "x.grad")
    assert ran.error is None
    assert "Out[" in ran.printed
    assert "The panel could not be made (KeyError: 'a bug')" in ran.printed
