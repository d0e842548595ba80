"""`%%backward` and `%backward` in a real IPython: what a cell keeps, the ways in, and that nothing is left over."""

from __future__ import annotations

import gc
import threading
import weakref
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


# ---------------------------------------------------------------- a cell stays what it was
def test_a_cell_keeps_its_ways(shell: InteractiveShell) -> None:
    """Prints, the last expression, Out, _ and names are as without the magic."""
    ran = cells.run(shell, "%%backward\nprint('first')\n" + FIRST + "x.grad * 2")
    assert ran.printed.startswith("first\nOut[")
    np.testing.assert_allclose(ran.result.numpy(), [0.4, 4, 40])
    assert shell.user_ns["_"] is ran.result
    assert shell.user_ns["Out"][shell.execution_count - 1] is ran.result
    assert not [name for name in shell.user_ns if "backward" in name.lower()]


def test_it_runs_once(shell: InteractiveShell) -> None:
    """The cell runs exactly once."""
    cells.run(shell, "count = 0")
    cells.run(shell, "%%backward\ncount += 1\n" + FIRST)
    assert shell.user_ns["count"] == 1


def test_silenced(shell: InteractiveShell) -> None:
    """A semicolon at the end keeps the result from being shown, not the panel."""
    ran = cells.run(shell, "%%backward\n" + FIRST + "x.grad;")
    assert "Out[" not in ran.printed
    assert "x.grad = Jᵀ v" in ran.printed


def test_the_error_is_the_cells_own(shell: InteractiveShell) -> None:
    """One traceback, true lines, no frame of ours, and the graph as far as it got."""
    ran = cells.run(shell, "%%backward\n" + VECTOR + "z = y + torch.ones(7)\n")
    assert type(ran.error) is RuntimeError
    assert ran.printed.count("Traceback (most recent call last)") == 1
    assert "line 4" in ran.printed
    assert "magics_pkg" not in ran.printed
    assert "y  × 2  x * 2" in ran.printed
    assert (
        "y + torch.ones(7)  ...  (RuntimeError: The size of tensor a (3) must match"
        in ran.printed.partition("Traceback")[0]
    )


def test_any_error_passes(shell: InteractiveShell) -> None:
    """An error that has nothing to do with tensors is shown as it is."""
    ran = cells.run(shell, "%%backward\n" + FIRST + "1 / 0")
    assert type(ran.error) is ZeroDivisionError
    assert not getattr(ran.error, "__notes__", None)
    np.testing.assert_allclose(grad(shell), [0.2, 2, 20])


def test_syntax_error(shell: InteractiveShell) -> None:
    """A SyntaxError has the cell's own line."""
    ran = cells.run(shell, "%%backward\nx = 1\ny = = 2\n")
    assert type(ran.error) is SyntaxError
    assert ran.error.lineno == 3


def test_hint_where_the_library_has_none(shell: InteractiveShell, torch: Any) -> None:
    """PyTorch's own error gets our hint as a note."""
    cells.run(shell, "import torch")
    ran = cells.run(shell, "%%backward\n" + VECTOR + "y.backward()")
    assert "torch.ones_like(y)" in ran.error.__notes__[0]


def test_await(shell: InteractiveShell) -> None:
    """A cell with a top-level await works, its error and its panel too."""
    ran = cells.run(shell, "%%backward\nimport asyncio\nawait asyncio.sleep(0)\n" + FIRST + "x.grad")
    assert ran.error is None
    assert "x.grad = Jᵀ v" in ran.printed
    np.testing.assert_allclose(ran.result.numpy(), [0.2, 2, 20], rtol=1e-6)


def test_comment_above(shell: InteractiveShell) -> None:
    """A comment above the magic does no harm, and later lines keep their numbers."""
    ran = cells.run(shell, "# what v means\n\n%%backward\n" + VECTOR + "1 / 0")
    assert type(ran.error) is ZeroDivisionError
    assert "line 6" in ran.printed


# ---------------------------------------------------------------- ways in
def test_last_expression(shell: InteractiveShell) -> None:
    """Without a backward call the magic makes it, on the last expression, with ones; the graph stays usable."""
    ran = cells.run(shell, "%%backward\n" + VECTOR + "y")
    assert "x.grad  [2, 2, 2]" in ran.printed
    np.testing.assert_allclose(grad(shell), [2, 2, 2])
    assert cells.run(shell, "y.sum().backward()").error is None


def test_last_expression_with_weights(shell: InteractiveShell) -> None:
    """--weights is the v of that call."""
    cells.run(shell, "%%backward --weights [-0.5, 1, 0]\n" + VECTOR + "y")
    np.testing.assert_allclose(grad(shell), [-1, 2, 0])


def test_named_output(shell: InteractiveShell) -> None:
    """`%%backward y` is about y, whatever the cell ends in."""
    ran = cells.run(shell, "%%backward y\n" + VECTOR + "z = y * 3")
    assert "J = ∂y/∂x" in ran.printed
    np.testing.assert_allclose(grad(shell), [2, 2, 2])


def test_named_output_that_was_called(shell: InteractiveShell) -> None:
    """A backward that the cell itself has called on it is not called again."""
    ran = cells.run(shell, "%%backward y\n" + FIRST)
    assert "v       [0.1, 1, 10]" in ran.printed
    np.testing.assert_allclose(grad(shell), [0.2, 2, 20], rtol=1e-6)


def test_named_output_inside_anothers_graph(shell: InteractiveShell) -> None:
    """y's graph is kept although the cell has freed it through a loss; what it adds is added."""
    ran = cells.run(shell, "%%backward y -o e\n" + VECTOR + "loss = (y * y).sum()\nloss.backward()")
    assert "J = ∂y/∂x" in ran.printed
    np.testing.assert_allclose(grad(shell), [16 + 2] * 3)
    shell.user_ns["e"].weights = [0, 0, 1]
    np.testing.assert_allclose(grad(shell), [16, 16, 18])


def test_named_output_overtaken(shell: InteractiveShell) -> None:
    """Another backward after that of the named output: said, and the panel is about the last one."""
    ran = cells.run(shell, "%%backward y\n" + FIRST + "w = torch.ones(2, requires_grad=True)\n(w * 3).sum().backward()")
    assert "another backward after that of y" in usage(ran)
    assert "w.grad" in ran.printed


def test_autograd_grad_after_backward(shell: InteractiveShell) -> None:
    """The sliders weight the backward call, not the autograd.grad after it."""
    code = FIRST + "(g,) = torch.autograd.grad((x * x).sum(), x)\n"
    cells.run(shell, "%%backward -o e\n" + code)
    shell.user_ns["e"].weights = [1, 0, 0]
    np.testing.assert_allclose(grad(shell), [2, 0, 0])


def test_weights_over_a_call(shell: InteractiveShell) -> None:
    """--weights on a cell that calls backward: the sliders start there, and x.grad is set accordingly."""
    ran = cells.run(shell, "%%backward --weights -1,0,0.5\n" + FIRST)
    assert "v       [-1, 0, 0.5]" in ran.printed
    np.testing.assert_allclose(grad(shell), [-2, 0, 1])


def test_wrt(shell: InteractiveShell) -> None:
    """--wrt shows those leaves only; all get their gradients."""
    code = "a = torch.tensor([1.], requires_grad=True)\nb = torch.tensor([2.], requires_grad=True)\n(a * b).backward()"
    ran = cells.run(shell, "%%backward --wrt b -o e\n" + code)
    assert "b.grad" in ran.printed
    assert "a.grad" not in ran.printed
    assert list(shell.user_ns["e"].grads) == ["b"]
    np.testing.assert_allclose(grad(shell, "a"), [2])


def test_line_magic(shell: InteractiveShell) -> None:
    """`%backward y` for a tensor that exists already: y.backward(v, retain_graph=True), and the panel."""
    cells.run(shell, VECTOR)
    ran = cells.run(shell, "%backward y --weights -1,0,1")
    assert "x.grad  [-2, 0, 2]" in ran.printed
    np.testing.assert_allclose(grad(shell), [-2, 0, 2])
    cells.run(shell, "%backward y")
    np.testing.assert_allclose(grad(shell), [0, 2, 4])


def test_quiet_and_name(shell: InteractiveShell) -> None:
    """--quiet shows nothing, -o keeps the Exploration."""
    ran = cells.run(shell, "%%backward --quiet -o e\n" + FIRST)
    assert not ran.printed
    assert "x.grad  [0.2, 2, 20]" in repr(shell.user_ns["e"])


def test_save(shell: InteractiveShell, tmp_path: Path) -> None:
    """--save writes a page."""
    page = tmp_path / "my page.html"
    ran = cells.run(shell, f"%%backward --save '{page}' --quiet\n" + FIRST)
    assert "saved" in ran.printed
    assert "x.grad" in page.read_text(encoding="utf-8")


def test_help(shell: InteractiveShell) -> None:
    """--help and `?` print the options, and the cell is not run."""
    ran = cells.run(shell, "%%backward --help\nhelped = True")
    assert "--weights" in ran.printed
    assert "helped" not in shell.user_ns
    assert "--weights" in cells.run(shell, "%backward --help").printed
    assert "--max-nodes" in (shell.find_cell_magic("backward").__doc__ or "")


def test_config(shell: InteractiveShell) -> None:
    """Defaults by %config; a wrong one is refused."""
    assert "renderer" in cells.run(shell, "%config BackwardMagics").printed
    assert cells.run(shell, "%config BackwardMagics.renderer = 'dot'").error is None
    magics = shell.magics_manager.registry["BackwardMagics"]
    assert magics.renderer == "dot"
    cells.run(shell, "%config BackwardMagics.range = '2:-2'")
    assert magics.range == ""
    cells.run(shell, "%config BackwardMagics.range = '-3:3'")
    cells.run(shell, "%%backward -o e --quiet\n" + FIRST)
    assert shell.user_ns["e"].settings.range == (-3.0, 3.0)


def test_last_of_several_calls(shell: InteractiveShell) -> None:
    """The sliders weight the last call; what the others added stays."""
    code = (
        VECTOR + "y.backward(torch.tensor([1., 1., 1.]), retain_graph=True)\ny.backward(torch.tensor([0.1, 1., 10.]))"
    )
    ran = cells.run(shell, "%%backward -o e\n" + code)
    assert "was not empty before this backward" in ran.printed
    np.testing.assert_allclose(grad(shell), [2.2, 4, 22])
    shell.user_ns["e"].weights = [0, 0, 1]
    np.testing.assert_allclose(grad(shell), [2, 2, 4])


def test_optimizer_step_in_the_cell(shell: InteractiveShell) -> None:
    """Rows were taken at backward time, so the sliders work after a step, to rounding, and the panel says so."""
    code = """w = torch.tensor([1., 2.], requires_grad=True)
y = w * w
y.backward(torch.tensor([1., 1.]))
with torch.no_grad():
    w -= 0.1 * w.grad
"""
    cells.run(shell, "%%backward -o e\n" + code)
    shell.user_ns["e"].weights = [0.5, -1]
    np.testing.assert_allclose(grad(shell, "w"), [1, -4], rtol=1e-6)
    assert "equal to rounding" in shell.user_ns["e"].message


@pytest.mark.parametrize(
    ("line", "left", "words"),
    [
        ("x.grad = None", None, "set x.grad to None"),
        ("x.grad.zero_()", [0, 0, 0], "set x.grad to zero"),
        ("x.grad.mul_(0.5)", [0.1, 1, 10], "changed x.grad"),
    ],
)
def test_the_cells_last_word(shell: InteractiveShell, line: str, left: Any, words: str) -> None:
    """What the cell did to .grad after its backward stands at every v, and the panel says so."""
    ran = cells.run(shell, "%%backward -o e\n" + FIRST + line + "\n")
    assert words in ran.printed
    shell.user_ns["e"].weights = [5, 5, 5]
    if left is None:
        assert shell.user_ns["x"].grad is None
    else:
        np.testing.assert_allclose(grad(shell), left, rtol=1e-6)


def test_autograd_grad(shell: InteractiveShell) -> None:
    """autograd.grad touches no .grad, and neither do the sliders then."""
    ran = cells.run(
        shell, "%%backward -o e\n" + VECTOR + "(g,) = torch.autograd.grad(y, x, torch.tensor([1., 2., 3.]))"
    )
    assert "touches no .grad" in ran.printed
    shell.user_ns["e"].weights = 1
    assert shell.user_ns["x"].grad is None


# ---------------------------------------------------------------- nothing left over
def counts() -> tuple[int, int]:
    """Widgets and threads that exist."""
    from ipywidgets.widgets import widget

    return len(widget._instances), threading.active_count()


def test_running_a_cell_again(shell: InteractiveShell) -> None:
    """Running a cell again closes the panel of its last run: no widgets, threads, tensors or graphs stay."""
    cell = "%%backward -o e --quiet\n" + FIRST
    seen = []
    for _ in range(30):
        cells.run(shell, cell)
        shell.user_ns["e"].panel.sliders[0].value = 0.15
        seen.append((weakref.ref(shell.user_ns["e"]), weakref.ref(shell.user_ns["x"])))
        if len(seen) == 3:
            before = counts()
    gc.collect()
    assert all(now <= then for now, then in zip(counts(), before, strict=True))
    assert [each for each, _ in seen if each() is not None] == [seen[-1][0]]
    assert [each for _, each in seen if each() is not None] == [seen[-1][1]]


def test_a_closed_panel(shell: InteractiveShell) -> None:
    """The old Exploration says that it is closed."""
    cells.run(shell, "%%backward -o e --quiet\n" + FIRST)
    cells.run(shell, "old = e")
    cells.run(shell, "%%backward -o e --quiet\n" + FIRST)
    old = shell.user_ns["old"]
    assert old.closed
    assert repr(old) == "<Exploration, closed>"
    assert "closed" in str(cells.run(shell, "old.weights").error)
    np.testing.assert_allclose(shell.user_ns["e"].weights, [0.1, 1, 10], rtol=1e-6)


def test_two_panels_in_one_cell(shell: InteractiveShell) -> None:
    """Two line magics in one cell are two panels."""
    cells.run(shell, VECTOR)
    cells.run(shell, "%backward y -o a\n%backward y -o b")
    assert not shell.user_ns["a"].closed
    assert not shell.user_ns["b"].closed


def test_unload(shell: InteractiveShell) -> None:
    """%unload_ext takes everything back and closes the panels; %load_ext brings it again."""
    hooks, transformers = len(shell.events.callbacks["post_run_cell"]), len(shell.input_transformers_cleanup)
    cells.run(shell, "%%backward -o e --quiet\n" + FIRST)
    cells.run(shell, "%unload_ext magics_pkg")
    assert shell.user_ns["e"].closed
    assert shell.find_cell_magic("backward") is None
    assert shell.find_line_magic("backward") is None
    assert "BackwardMagics" not in {type(each).__name__ for each in shell.configurables}
    assert len(shell.events.callbacks["post_run_cell"]) == hooks - 1
    assert len(shell.input_transformers_cleanup) == transformers - 2
    cells.run(shell, "%load_ext magics_pkg")
    assert cells.run(shell, "%%backward\n" + FIRST).error is None


def test_reload(shell: InteractiveShell) -> None:
    """%reload_ext leaves one of everything."""
    transformers = len(shell.input_transformers_cleanup)
    assert cells.run(shell, "%reload_ext magics_pkg").error is None
    assert len(shell.input_transformers_cleanup) == transformers
    assert cells.run(shell, "%%backward\n" + FIRST).error is None
