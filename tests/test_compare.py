"""`%%backward --compare`: each operation and gradient on both libraries, in both directions; the cell runs once."""

from __future__ import annotations

import gc
import importlib
import subprocess
import sys
import weakref
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from IPython.core.interactiveshell import InteractiveShell

from magics_pkg import backends
from magics_pkg.reruns.compare import Comparison, Row
from magics_pkg.tracing import tape
from tests import cells
from tests.cells import FIRST, VECTOR, usage
from tests.compare_programs import PROGRAMS, X
from tests.test_programs import PROGRAMS as SOURCE_PROGRAMS
from tests.torch_cells import CELLS, written

pytest.importorskip("torch", reason="the comparison needs both libraries")
LIBRARIES = ("engine", "torch")
ABSENT = ("bfloat16", "scripted")  # cells with what the engine has not got
OTHER = {"engine": "torch", "torch": "engine"}


@pytest.fixture(params=LIBRARIES)
def library(request: pytest.FixtureRequest) -> str:
    """The library that the cell uses."""
    return str(request.param)


@pytest.fixture
def shell(library: str) -> Iterator[InteractiveShell]:
    """An IPython whose ``torch`` is this library."""
    with cells.shell(library) as made:
        yield made


def compared(shell: InteractiveShell, code: str, fails: bool = False) -> Comparison:
    """Run a cell with --compare; what it found."""
    ran = cells.run(shell, "%%backward --compare -o panel --no-graph\n" + code)
    assert fails or ran.error is None, ran.printed
    found = shell.user_ns["panel"].comparison
    assert isinstance(found, Comparison)
    return found


def row(found: Comparison, expression: str) -> Row:
    """The row of an expression."""
    return next(each for each in found.rows if each.expression == expression)


# ---------------------------------------------------------------- what it finds
@pytest.mark.parametrize("name", PROGRAMS)
def test_programs(shell: InteractiveShell, name: str) -> None:
    """Views, writes, several outputs, random numbers, functions, hooks: each row says what it should."""
    code, verdicts = PROGRAMS[name]
    found = compared(shell, code, fails=name == "an error")
    for expression, words in verdicts.items():
        assert words in row(found, expression).verdict, str(found)
    assert found.agrees, str(found)
    assert not found.notes


@pytest.mark.parametrize(
    "program", [each for each in SOURCE_PROGRAMS if each.error is None], ids=lambda program: program.name
)
def test_source_programs(shell: InteractiveShell, program: Any) -> None:
    """The programs of the five pages are the same on both, to the bit, gradients included."""
    printed = cells.run(shell, "%%backward --compare --no-graph\n" + program.code).printed
    (told,) = [line for line in printed.splitlines() if "engine 2.13.0+numpy" in line] or [printed]
    assert "all equal to the bit" in told or "There is no operation in this cell" in told
    assert "could not be compared" not in told or "randn" in program.code


@pytest.mark.parametrize("name", CELLS)
def test_cells_for_torch(shell: InteractiveShell, library: str, name: str) -> None:
    """Compiled, checkpointed, hooked, transformed, on threads: nothing is said to differ that does not."""
    source, v = CELLS[name]
    cells.run(shell, "import numpy as np\nF = torch.nn.functional")
    ran = cells.run(shell, "%%backward --compare --no-graph -o panel\n" + written(source, v, len(v) == 1))
    if library == "engine" and name in ABSENT:
        assert ran.error is not None
        return
    found = shell.user_ns["panel"].comparison
    assert found.agrees, str(found)
    assert not found.notes


NETWORK = """torch.manual_seed(0)
net = torch.nn.Sequential(torch.nn.Conv2d(1, 2, 3), torch.nn.ReLU(), torch.nn.Flatten(), torch.nn.Linear(32, 3))
opt = torch.optim.Adam(net.parameters(), lr=0.1)
x = torch.randn(5, 1, 6, 6)
t = torch.tensor([0, 1, 2, 0, 1])
for _ in range(4):
    opt.zero_grad()
    loss = torch.nn.functional.cross_entropy(net(x), t)
    loss.backward()
    opt.step()
"""


def test_a_network(shell: InteractiveShell) -> None:
    """A network that is trained: one row for each operation of its modules, by their names, all within rounding."""
    found = compared(shell, NETWORK)
    assert found.agrees, str(found)
    layer = next(each for each in found.rows if each.operation == "linear in net.3")
    assert (layer.expression, layer.count, layer.shape) == ("net(x)", 4, (5, 3))
    assert row(found, "net.0.weight.grad").count == 4
    assert len([each for each in found.rows if each.expression == "opt.step()"]) <= 3


def test_gradients_in_the_middle(shell: InteractiveShell) -> None:
    """What arrives at each operation is compared, not at leaves alone."""
    found = compared(shell, X + "y = x * 2\nz = y * y\nz.sum().backward()")
    assert row(found, "x * 2").gradients is not None
    assert row(found, "x * 2").gradients.same


# ---------------------------------------------------------------- what is wrong is found
def wrong_value(right: Any) -> Any:
    """exp that is 1 % too large."""
    return lambda x: right(x) * 1.01


def wrong_gradient(right: Any) -> Any:
    """exp with its value, and a gradient of 1 too much."""
    return lambda x: right(x) + (x - x.detach())


def replaced(library: str, monkeypatch: pytest.MonkeyPatch, wrong: Any) -> None:
    """Put a wrong ``Tensor.exp`` into a library."""
    tensor = importlib.import_module(library).Tensor
    monkeypatch.setattr(tensor, "exp", wrong(tensor.exp))


PROGRAM = X + "y = (x / 4).exp() * 3\nz = y + x\nz.backward(torch.ones(3))"


def test_a_wrong_value(shell: InteractiveShell, library: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """An operation that is wrong on one library stands first; those after it differ only as their inputs do."""
    replaced(OTHER[library], monkeypatch, wrong_value)
    found = compared(shell, PROGRAM)
    assert not found.agrees
    first = found.rows[0]
    assert (first.expression, first.status, first.line) == ("(x / 4).exp()", "differs", 3)
    assert first.values is not None
    assert first.values.relative == pytest.approx(0.0099, rel=0.01)
    assert row(found, "(x / 4).exp() * 3").status == row(found, "y + x").status == "inherited"
    assert "as its inputs do" in row(found, "y + x").verdict
    assert row(found, "x / 4").status in ("same", "differs")  # its value is right; its gradient is the wrong one's
    assert found.largest is first
    assert "by more than rounding, the largest difference is" in found.summary
    assert str(found).splitlines()[1].startswith("! (x / 4).exp()")


def test_a_wrong_gradient(shell: InteractiveShell, library: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A right value with a wrong derivative is found at the leaf, and where the wrong gradient arrives."""
    replaced(OTHER[library], monkeypatch, wrong_gradient)
    found = compared(shell, PROGRAM)
    assert row(found, "(x / 4).exp()").status in ("same", "rounds")
    assert row(found, "x.grad").status == "differs"
    assert "the gradient here differs" in row(found, "x / 4").verdict
    assert found.largest_gradient is row(found, "x.grad")


def test_an_error_on_one(shell: InteractiveShell, library: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """An operation that raises on the other library is a difference; the rest goes on from the cell's own value."""

    def refuses(right: Any) -> Any:
        def exp(x: Any) -> Any:
            raise ValueError("not today")

        return exp

    replaced(OTHER[library], monkeypatch, refuses)
    found = compared(shell, PROGRAM)
    assert found.rows[0].status == "refused"
    assert found.rows[0].verdict == f"{OTHER[library]} raises ValueError: not today"
    assert row(found, "y + x").status == "same"
    assert "cannot be compared: the gradient goes through" in row(found, "x.grad").verdict
    assert "1 raises an error" in found.summary


@pytest.mark.parametrize("library", ["torch"], indirect=True)
def test_what_the_engine_lacks(shell: InteractiveShell) -> None:
    """A function, a dtype, a mode that the other library has not got is named, and the rest goes on."""
    found = compared(
        shell,
        "torch.manual_seed(0)\nnet = torch.nn.LSTM(2, 3)\nx = torch.randn(4, 1, 2, requires_grad=True)\n"
        "out, _ = net(x)\nout.sum().backward()\nb = torch.ones(2).to(torch.bfloat16) * 2\n"
        "with torch.autocast('cpu'):\n    c = torch.ones(2, 2) @ torch.ones(2, 2)\n"
        "d = torch.vmap(torch.relu)(torch.ones(3))",
    )
    lstm = next(each for each in found.rows if each.operation == "lstm in net")
    assert lstm.verdict == "cannot be compared: engine has no lstm"
    assert "lstm could not be run on engine" in row(found, "x.grad").verdict
    assert "engine has no bfloat16" in row(found, "torch.ones(2).to(torch.bfloat16)").verdict
    assert "autocast" in row(found, "torch.ones(2, 2) @ torch.ones(2, 2)").verdict
    assert "inside vmap" in row(found, "torch.vmap(torch.relu)(torch.ones(3))").verdict
    assert found.agrees


def test_both_libraries_in_one_cell(shell: InteractiveShell) -> None:
    """The calls of each run on the other."""
    found = compared(
        shell,
        "import torch as a, engine as b\nx = a.ones(3, requires_grad=True)\ny = b.ones(3, requires_grad=True)\n"
        "(x * 2).sum().backward()\n(y * 3).sum().backward()",
    )
    assert {"x * 2", "y * 3", "x.grad", "y.grad"} <= {each.expression for each in found.rows}
    assert found.same


def test_how_much_is_kept(shell: InteractiveShell, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a cell with too many calls, or tensors too large to be copied, the rest is compared, and it says so."""
    monkeypatch.setattr(tape, "CALLS", 3)
    found = compared(shell, X + "y = x * 2\nz = y * 3\nw = z * 4\nw.sum().backward()")
    assert {each.expression for each in found.rows} == {"x * 2", "y * 3"}
    assert found.notes == ("only the cell's first 3 calls were kept for the comparison",)
    assert str(found).endswith("Note: only the cell's first 3 calls were kept for the comparison")
    monkeypatch.undo()
    monkeypatch.setattr(tape, "ENTRIES", 100)
    found = compared(shell, X + "y = torch.ones(1000) * x[0]\nz = x * 2\n(y.sum() + z.sum()).backward()")
    assert "larger than what is kept" in row(found, "torch.ones(1000) * x[0]").verdict
    assert row(found, "z.sum()").status == "same"


# ---------------------------------------------------------------- what it leaves alone
STATE = """torch.manual_seed(3)
count += 1
x = torch.tensor([0.5, -1.25, 2.0], requires_grad=True)
y = torch.tanh(torch.nn.functional.dropout(x, 0.5)) * torch.randn(3)
y.backward(torch.tensor([0.1, 1.0, 10.0]))
"""


def test_nothing_is_changed(shell: InteractiveShell, library: str) -> None:
    """Tensors, gradients, both libraries' random states, modes and dtypes: as after a plain run. It ran once."""
    both = [importlib.import_module(each) for each in LIBRARIES]

    def state() -> list[Any]:
        found = [(each.get_rng_state().numpy().tobytes(), str(each.get_default_dtype())) for each in both]
        return [*found, *(each.is_grad_enabled() for each in both)]

    cells.run(shell, "count = 0\n" + STATE)
    plain, names = state(), {each: shell.user_ns[each] for each in "xy"}
    compared(shell, STATE)
    assert shell.user_ns["count"] == 2
    assert state() == plain
    for name, before in names.items():
        after = shell.user_ns[name]
        np.testing.assert_array_equal(after.detach().numpy(), before.detach().numpy())
        assert after._version == before._version
    np.testing.assert_array_equal(shell.user_ns["x"].grad.numpy(), names["x"].grad.numpy())
    assert cells.run(shell, "y.sum().backward()").error is not None  # the graph that the cell freed is still freed


def test_sliders_move_as_ever(shell: InteractiveShell) -> None:
    """The panel is the one that it would be without the option."""
    compared(shell, FIRST)
    shell.user_ns["panel"].weights = [1, 2, 3]
    np.testing.assert_array_equal(cells.grad(shell), [2, 4, 6])


def test_memory(shell: InteractiveShell) -> None:
    """What was kept for the comparison is let go of when it has been made; its rows stay when the panel is closed."""
    found = compared(shell, X + "y = x * 2\nz = y * 3\nz.sum().backward()")
    gone = weakref.ref(shell.user_ns["z"])
    shell.user_ns["panel"].close()
    for name in ("x", "y", "z"):
        del shell.user_ns[name]
    gc.collect()
    assert gone() is None
    assert shell.user_ns["panel"].comparison is found
    assert row(found, "y * 3").status == "same"


# ---------------------------------------------------------------- how it is asked for
def test_without_the_other_library(shell: InteractiveShell, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where PyTorch is not installed the line says so, before the cell runs."""
    monkeypatch.setattr(backends, "is_installed", lambda name: name != "torch")
    told = usage(cells.run(shell, "%%backward --compare\nran = True"))
    assert told.startswith("--compare needs both libraries, and torch is not installed: pip install torch")
    assert "ran" not in shell.user_ns


@pytest.mark.parametrize("library", ["engine"], indirect=True)
def test_as_torch(shell: InteractiveShell) -> None:
    """A program that imports torch runs on the engine, and is compared with PyTorch itself."""
    cell = "import torch\nx = torch.ones(3, requires_grad=True)\n(x * 2).sum().backward()"
    printed = cells.run(shell, "%%backward --as torch --compare\n" + cell).printed
    assert "3 operations and 1 gradient on engine 2.13.0+numpy and torch 2.13.0" in printed


def test_not_on_a_line(shell: InteractiveShell) -> None:
    """%backward y has no operations to compare."""
    cells.run(shell, VECTOR)
    assert "%%backward --compare" in usage(cells.run(shell, "%backward --compare y"))


def test_no_graph(shell: InteractiveShell) -> None:
    """Where there is no panel the operations are compared all the same."""
    ran = cells.run(shell, "%%backward --compare\ntorch.ones(3) * 2")
    assert "2 operations on" in ran.printed
    assert "has no graph" in str(ran.error)


def test_the_last_expression(shell: InteractiveShell) -> None:
    """The backward call that the magic makes itself is compared too."""
    found = compared(shell, X + "x * 2")
    assert row(found, "x.grad").status == "same"


def test_quiet(shell: InteractiveShell) -> None:
    """--quiet shows nothing; without --compare there is nothing."""
    ran = cells.run(shell, "%%backward --compare --quiet -o panel\n" + FIRST)
    assert ran.printed == ""
    assert shell.user_ns["panel"].comparison.same
    cells.run(shell, "%%backward --quiet -o panel\n" + FIRST)
    assert shell.user_ns["panel"].comparison is None


def test_help(shell: InteractiveShell) -> None:
    """--help tells of it."""
    assert "--compare" in cells.run(shell, "%%backward --help\n").printed


def test_torch_is_imported_only_then() -> None:
    """A cell on the engine imports PyTorch with --compare, and not without."""
    code = """
import sys
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
shell.run_line_magic("load_ext", "magics_pkg")
cell = "\\nimport engine as torch\\nx = torch.ones(3, requires_grad=True)\\n(x * 2).sum().backward()"
shell.run_cell("%%backward" + cell)
print("torch" in sys.modules)
shell.run_cell("%%backward --compare" + cell)
print("torch" in sys.modules)
"""
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    lines = ran.stdout.splitlines()
    assert [line for line in lines if line in ("True", "False")] == ["False", "True"]
    assert any(line.startswith("3 operations and 1 gradient on engine") for line in lines)


# ---------------------------------------------------------------- how it is shown
def test_html(shell: InteractiveShell) -> None:
    """A table in the notebook's own colours; what the cell says is escaped."""
    found = compared(shell, X + 'y = x * len("<b>&")\ny.sum().backward()')
    page = found._repr_html_()
    assert "&lt;b&gt;&amp;" in page
    assert "<b>" not in page
    assert '<tr data-status="same">' in page
    assert page.count("<tr ") == len(found.rows)
    assert 'data-jp-theme-light="false"' in page


def test_long_tables(shell: InteractiveShell) -> None:
    """A long cell's table is cut, and says by how much; a loop's calls are one row."""
    lines = "".join(f"y = y + {i}\n" for i in range(100))
    found = compared(shell, X + "y = x\n" + lines + "y.sum().backward()")
    assert len(found.rows) == 102
    assert str(found).splitlines()[-1] == "  ... 42 more lines"
    loop = compared(shell, X + "y = x\nfor i in range(100):\n    y = y + i\ny.sum().backward()")
    assert row(loop, "y + i").count == 100
    assert len(loop.rows) == 3


def test_summary(shell: InteractiveShell, library: str) -> None:
    """One sentence: how many, on what, and how far they are apart."""
    versions = {"engine": "engine 2.13.0+numpy", "torch": f"torch {importlib.import_module('torch').__version__}"}
    found = compared(shell, FIRST)
    where = f"{versions[library]} and {versions[OTHER[library]]}"
    assert found.summary == f"1 operation and 1 gradient on {where}: all equal to the bit."
