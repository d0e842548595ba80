"""`--inputs`: values and gradients at other inputs are those of the cell freshly run with them; nothing is touched."""

from __future__ import annotations

import gc
import random
import tracemalloc
import weakref
from typing import Any

import numpy as np
import pytest
from IPython.core.interactiveshell import InteractiveShell

from magics_pkg.errors import UsageError
from magics_pkg.exploration import Exploration
from magics_pkg.graphs import linear
from magics_pkg.panel.live import Closed
from magics_pkg.reruns import rerun
from magics_pkg.reruns.program import Stuck
from tests import cells
from tests.cells import usage
from tests.test_random_graphs import CHANGES, EXPRESSIONS

pytestmark = pytest.mark.usefixtures("young")


@pytest.fixture
def shell(magics: InteractiveShell, monkeypatch: pytest.MonkeyPatch) -> InteractiveShell:
    """All rows are taken, on a busy machine too: another number of them is another panel."""
    monkeypatch.setattr(rerun, "PATIENCE", 60)
    monkeypatch.setattr(linear.take, "__defaults__", (None, 60))
    return magics


def opened(shell: InteractiveShell, code: str, line: str = "--inputs") -> Exploration:
    """Run a cell; its Exploration."""
    ran = cells.run(shell, f"%%backward {line} --no-graph -o panel\n{code}")
    assert ran.error is None, ran.printed
    found = shell.user_ns["panel"]
    assert isinstance(found, Exploration)
    return found


def bits(value: Any) -> bytes | None:
    """A tensor's or an array's dtype, shape and bits."""
    if value is None:
        return None
    array = value.detach().numpy() if hasattr(value, "detach") else np.asarray(value)
    return f"{array.dtype}{array.shape}".encode() + np.ascontiguousarray(array).tobytes()


def everything(e: Exploration) -> dict[str, Any]:
    """All numbers that a panel shows: on cards, on edges, of each leaf."""
    try:
        jacobian = {name: bits(each) for name, each in e.jacobian.items()}
    except RuntimeError:  # the cell has written over what the graph needs
        jacobian = {}
    return {
        "values": [(node.name, node.op, node.value) for node in e.graph.nodes],
        "shown": [str(each) for each in e._live.shown()],
        "rows": dict(zip(e._live.linear.weights, e._live.linear.rows.tolist(), strict=False)),
        "grads": {name: bits(grad) for name, grad in e.grads.items()},
        "jacobian": jacobian,
    }


def same(found: dict[str, Any], wanted: dict[str, Any]) -> None:
    """Two panels show the same, to the bit; on a busy machine a fresh cell may have had no time for all rows."""
    if not wanted["jacobian"]:  # the engine's optimizer writes unseen, so the copies are as they were
        del found["jacobian"], wanted["jacobian"]
    found["rows"] = {entry: row for entry, row in found["rows"].items() if entry in wanted["rows"]}
    assert wanted["rows"]
    assert found == wanted


# ---------------------------------------------------------------- the same as a fresh run
SETUP = (
    "def f(a, b):\n    c = a * b\n    for i in range(3):\n        c = c + a\n    return c\n"
    "torch.manual_seed(3)\n"
    "g = lambda u: u * u - u\nm = nn.Sequential(nn.Linear(3, 3), nn.Tanh(), nn.Dropout(0.5), nn.Linear(3, 3))\n"
    "x = torch.tensor({x}, requires_grad=True)\nw = torch.tensor({w}).requires_grad_()\nc = torch.rand(3)\n"
)
MORE = ["torch.dropout({a}, 0.5, True)", "torch.rand(3) * {a}", "nn.functional.softmax({a}, 0)"]


def program(seed: int) -> str:
    """A cell of up to 20 lines that ends in a backward with a v; {x} and {w} stand for its inputs."""
    chance = random.Random(seed)
    names, lines = ["x", "w"], []
    for k in range(chance.randint(1, 20)):
        target = chance.choice(["y", "z", "u", f"q{k}"])
        if target in names and chance.random() < 0.3:
            lines.append(chance.choice(CHANGES).format(t=target))
            continue
        a, b = chance.choice([*names, "c"]), chance.choice(names)
        lines.append(f"{target} = " + chance.choice(EXPRESSIONS + MORE).format(a=a, b=b))
        names += [] if target in names else [target]
    ends = " + ".join(chance.sample(names, min(len(names), 3)))
    last = f"\nout = ({ends}).sum() * torch.ones(2)\nout.backward(torch.tensor([0.5, 2.]))"
    return SETUP + "\n".join(lines) + last


def numbers(chance: random.Random) -> list[float]:
    """Three inputs."""
    return [round(chance.uniform(-2, 2), 3) for _ in range(3)]


@pytest.mark.parametrize("seed", range(60))
def test_random_programs(shell: InteractiveShell, seed: int) -> None:
    """Whatever the cell does, the panel at random inputs and a random v is a fresh cell's, bit for bit."""
    chance = random.Random(1000 + seed)
    code = program(seed)
    written = {"x": numbers(chance), "w": numbers(chance)}
    cells.run(shell, code.format(**written))  # a first call of the engine's compiles, in frames of its own
    ran = cells.run(shell, "%%backward --inputs --no-graph -o panel\n" + code.format(**written))
    if ran.error is not None:  # a change in place that backward cannot bear
        assert "inplace" in str(ran.error) or "view" in str(ran.error)
        return
    e = shell.user_ns["panel"]
    leaves = [each for each in ("x", "w") if each in e.inputs]
    assert leaves, e._what_if.problem
    e.weights = [0.5, 2.0]  # from here on the numbers are a pass's, not a sum of rows
    x, before = shell.user_ns["x"], everything(e)
    for _ in range(2):
        moved = {name: numbers(chance) for name in leaves}
        e.inputs = moved
        e.weights = v = [chance.uniform(-1, 1), chance.uniform(-1, 1)]
        fresh = opened(shell, code.format(**written | moved), "")
        fresh.weights = v
        same(everything(e), everything(fresh))
        assert shell.user_ns["x"] is not x
    e.inputs = {name: written[name] for name in leaves}
    e.weights = [0.5, 2.0]
    assert everything(e) == before


CELLS = {
    "in place": "x = torch.tensor({x}, requires_grad=True)\ny = x * 1\ny[0] = 3.\ny.mul_(x)\nz = y[1:]\nz += x[:2]\n"
    "y.sum().backward()",
    "no_grad and detach": "x = torch.tensor({x}, requires_grad=True)\nwith torch.no_grad():\n    s = (x * x).sum()\n"
    "y = x * s + x.detach()\ny.backward(torch.ones(3))",
    "accumulation": "x = torch.tensor({x}, requires_grad=True)\n(x * x).sum().backward()\nx.grad.mul_(2)\n"
    "(x ** 3).sum().backward()\n",
    "zeroed between": "x = torch.tensor({x}, requires_grad=True)\n(x * x).sum().backward()\nx.grad = None\n"
    "(x ** 3).sum().backward()\n",
    "second derivative": "x = torch.tensor({x}, requires_grad=True)\ny = (x ** 4).sum()\n"
    "g, = torch.autograd.grad(y, x, create_graph=True)\n(g * x).sum().backward()\n",
    "a step by hand": "x = torch.tensor({x}, requires_grad=True)\nw = torch.ones(3, requires_grad=True)\n"
    "for _ in range(3):\n    loss = ((x * w) ** 2).sum()\n    loss.backward()\n"
    "    with torch.no_grad():\n        w -= 0.1 * w.grad\n    w.grad = None\n((x * w) ** 2).sum().backward()\n",
    "float64 and shapes": "x = torch.tensor({x}, dtype=torch.float64, requires_grad=True)\n"
    "y = (x.reshape(3, 1) @ x.reshape(1, 3)).t()\ny.backward(torch.eye(3, dtype=torch.float64))",
    "integer indices": "i = torch.tensor([2, 0, 2])\nx = torch.tensor({x}, requires_grad=True)\n"
    "y = x[i] * i\ny.backward(torch.tensor([1., 2., 3.]))",
    "several outputs": "x = torch.tensor({x}, requires_grad=True)\nvalues, order = x.sort()\n"
    "a, b, c = values.unbind()\n(a * 1 + b * 2 + c * c).backward()",
    "an optimizer's step": "x = torch.tensor({x}, requires_grad=True)\nopt = torch.optim.SGD([x], lr=0.1)\n"
    "(x ** 3).sum().backward()\nopt.step()",
    "a clone of .grad": "x = torch.tensor({x}, requires_grad=True)\n(x ** 3).sum().backward()\nk = x.grad.clone()\n"
    "(x * k).sum().backward()",
    "an argument from before": "xs = [torch.tensor({x}, requires_grad=True)]\ny = (x0 * xs[0]).sum()\ny.backward()",
}  # fmt: skip


@pytest.mark.parametrize("name", CELLS)
def test_cells(shell: InteractiveShell, name: str) -> None:
    """Writes, views, blocks without grad, several passes, graphs of gradients: as the fresh cell has it."""
    cells.run(shell, "x0 = torch.tensor([1., -1., 2.])")
    e = opened(shell, CELLS[name].format(x=[1.0, 2.0, 3.0]))
    (leaf,) = [each for each in e.inputs if each != "w"]
    for x in ([0.5, -2.0, 1.25], [3.0, 2.0, 1.0]):
        e.inputs = {leaf: x}
        same(everything(e), everything(opened(shell, CELLS[name].format(x=x), "")))
        assert e.inputs[leaf].tolist() == x


def test_the_users_own(shell: InteractiveShell) -> None:
    """Values, `.grad`, versions and random numbers stay; x.grad follows v alone, at the cell's own values."""
    e = opened(shell, "torch.manual_seed(0)\nx = torch.tensor([2., 2.], requires_grad=True)\n"
               "y = torch.dropout(x * x, 0.5, True) + torch.rand(2)\ny.backward(torch.tensor([1., 10.]))")  # fmt: skip
    names = shell.user_ns
    grad, version, state = names["x"].grad, names["x"]._version, names["torch"].get_rng_state().tolist()
    e.inputs = {"x": [3, 5]}
    assert names["x"].tolist() == [2.0, 2.0]
    assert names["x"].grad is grad
    assert names["x"]._version == version
    assert names["torch"].get_rng_state().tolist() == state
    first = names["x"].grad.tolist()
    e.weights = [2, 20]
    assert names["x"].grad.tolist() == [2 * each for each in first]
    assert e.grads["x"].tolist() == [first[0] * 3, first[1] * 5]
    e.inputs = {"x": 2}
    assert e.grads["x"] is names["x"].grad


# ---------------------------------------------------------------- branches
BRANCH = (
    "x = torch.tensor([1., 2.], requires_grad=True)\ny = x * 2\nwhile y.norm() < 30:\n    y = y * 2\n"
    "if x[0] > 0.5:\n    y = -y\ny.backward(torch.ones(2))"
)


def test_branches(shell: InteractiveShell) -> None:
    """The path stays the recorded one; which line chose it, and what it would be now, is known."""
    e = opened(shell, BRANCH)
    e.inputs = {"x": [1.0, 2.1]}
    assert not e.branches
    e.inputs = {"x": [0.25, 2.0]}
    assert e.branches == ("line 6, x[0] > 0.5, was True when the cell ran and is False with these inputs:"
                          " what is drawn is the path that was recorded.",)  # fmt: skip
    e.inputs = {"x": [4.0, 8.0]}
    assert e.branches[0].startswith("line 4, y.norm() < 30, was True")
    assert e.grads["x"].tolist() == [-16.0, -16.0]
    e.inputs = {"x": [1, 2]}
    assert not e.branches


@pytest.mark.parametrize(
    ("read", "was", "now"),
    [
        ("x.sum().item()", "3.0", "5.0"),
        ("float(x.sum())", "3.0", "5.0"),
        ("int(x.sum())", "3", "5"),
        ("x.tolist()[1]", "[1.0, 2.0]", "[1.0, 4.0]"),
        ("float(x.detach().numpy()[1])", "[1. 2.]", "[1. 4.]"),
        ("len([1, 2, 3, 4, 5, 6][x.sum().int():])", "3", "5"),
    ],
)
def test_numbers_that_python_was_given(shell: InteractiveShell, read: str, was: str, now: str) -> None:
    """What the cell did with a number of Python's is as recorded, and is told of."""
    e = opened(shell, f"x = torch.tensor([1., 2.], requires_grad=True)\nk = {read}\n(x * k).sum().backward()")
    k = shell.user_ns["k"]
    e.inputs = {"x": [1, 4]}
    (told,) = e.branches
    assert f"gave Python {was} when the cell ran and gives {now} with these inputs" in told
    assert e.grads["x"].tolist() == [k, k]


# ---------------------------------------------------------------- what cannot be run again
REFUSED = {
    "hook": ("x = torch.ones(2, requires_grad=True)\nx.register_hook(lambda g: g * 2)\n(x * x).sum().backward()",
             "a hook"),
    "function": (
        "class Twice(torch.autograd.Function):\n    @staticmethod\n    def forward(ctx, x):\n        return x * 2\n"
        "    @staticmethod\n    def backward(ctx, g):\n        return g * 2\n"
        "x = torch.ones(2, requires_grad=True)\ny = Twice.apply(x * x)\n(y * x).sum().backward()",
        "Twice is a function"),
    "another cell": ("(h * h).sum().backward()", "before this cell"),
    "NumPy": ("x = torch.ones(2, requires_grad=True)\ny = (x * 3).detach()\ny.numpy()[0] = 5.\n"
              "(x * y).sum().backward()",
              "no recorded call has changed"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_refused(shell: InteractiveShell, name: str) -> None:
    """What is the program's own code, or out of sight, is named; the rest of the panel works."""
    cells.run(shell, "h0 = torch.ones(2, requires_grad=True)\nh = h0 * 2")
    code, words = REFUSED[name]
    e = opened(shell, code)
    assert words in e._what_if.problem
    before = everything(e)
    with pytest.raises(Stuck, match=words):
        e.inputs = {"x": 1}
    assert everything(e) == before


@pytest.mark.parametrize(
    ("code", "x", "words"),
    [
        ("y = x[x > 0]\n(y * 2).sum().backward()", [1.0, -1.0],
         r"line 3, x\[x > 0\], has shape \(1,\) in place of \(2,\)"),
        ("i = x.detach().long()\ny = torch.ones(3)[i] * x\ny.sum().backward()", [1.0, 7.0], "raises IndexError"),
        ("y = torch.linalg.inv(torch.diag(x))\ny.sum().backward()", [1.0, 0.0], "raises .*singular"),
    ],
)  # fmt: skip
def test_errors_half_way(shell: InteractiveShell, code: str, x: list[float], words: str) -> None:
    """An error of a call with these inputs, or another shape, is a sentence; all stays as it was."""
    e = opened(shell, "x = torch.tensor([1., 2.], requires_grad=True)\n" + code)
    e.inputs = {"x": [2.0, 1.0]}
    before = everything(e)
    with pytest.raises(Stuck, match=words):
        e.inputs = {"x": x}
    assert everything(e) == before
    assert e.inputs["x"].tolist() == [2.0, 1.0]


def test_wrong_inputs(shell: InteractiveShell) -> None:
    """Names and shapes that do not fit are refused before anything is run."""
    e = opened(shell, "x = torch.tensor([1., 2.], requires_grad=True)\n(x * x).sum().backward()")
    for wrong, error in (({"z": 1}, UsageError), ({"x": [1, 2, 3]}, ValueError), ({"x": "a"}, TypeError)):
        with pytest.raises(error):
            e.inputs = wrong
    assert e.inputs["x"].tolist() == [1.0, 2.0]
    e.close()
    with pytest.raises(Closed):
        _ = e.inputs


def test_the_line(shell: InteractiveShell) -> None:
    """Leaves by name; an unknown one is one line, and the panel has them all; above a tensor there is no cell."""
    code = "x = torch.ones(2, requires_grad=True)\nw = torch.ones(2, requires_grad=True)\n(x * w).sum().backward()"
    assert list(opened(shell, code).inputs) == ["x", "w"]
    assert list(opened(shell, code, "--inputs w").inputs) == ["w"]
    assert list(opened(shell, code, "--inputs w,x").inputs) == ["x", "w"]
    assert opened(shell, code, "").inputs == {}
    ran = cells.run(shell, "%%backward --inputs ww --no-graph -o panel\n" + code)
    assert usage(ran) == "--inputs: the leaf 'ww' is not known; did you mean w?"
    assert list(shell.user_ns["panel"].inputs) == ["x", "w"]
    assert "%%backward --inputs" in usage(cells.run(shell, "%backward x --inputs"))


def test_with_compare(shell: InteractiveShell) -> None:
    """One tape serves both."""
    pytest.importorskip("torch", reason="the comparison needs both libraries")
    e = opened(shell, "x = torch.tensor([1., 2.], requires_grad=True)\n(x * x).sum().backward()", "--inputs --compare")
    assert e.comparison is not None
    assert e.comparison.same
    e.inputs = {"x": [3, 4]}
    assert e.grads["x"].tolist() == [6.0, 8.0]


def test_nothing_is_left(shell: InteractiveShell) -> None:
    """The cell's own tensors are not held for the inputs, nor the copies once the panel is closed."""
    e = opened(shell, "x = torch.tensor([1., 2.], requires_grad=True)\nlarge = torch.ones(1000) * 2\n"
               "y = x * large[0]\ny.backward(torch.ones(2))")  # fmt: skip
    large = weakref.ref(shell.user_ns.pop("large"))
    e.inputs = {"x": [3, 4]}
    copy = weakref.ref(e._live.leaves[0].tensor)
    gc.collect()
    assert large() is None
    assert copy() is not None
    e.close()
    gc.collect()
    assert copy() is None


def test_moves_leave_nothing(shell: InteractiveShell) -> None:
    """Hundreds of moves of a large leaf hold no more objects, and no more memory, than a few."""
    code = "x = torch.linspace(-1, 1, 4000).requires_grad_()\ny = (torch.sin(x) * x).reshape(-1, 4).sum(0)\n"
    e = opened(shell, f"{code}y.backward(torch.ones(4))")
    values = np.linspace(-1, 1, 4000)

    def held(first: int, count: int) -> tuple[int, int]:
        for place in range(first, first + count):
            values[0] = place * 1e-3
            e.inputs = {"x": values.copy()}
        gc.collect()
        return len(gc.get_objects()), tracemalloc.get_traced_memory()[0]

    held(0, 10)
    tracemalloc.start()
    try:
        held(10, 10)
        objects, memory = held(20, 10)
        later, more = held(30, 200)
    finally:
        tracemalloc.stop()
    assert later - objects < 20
    assert more - memory < 2**17, "eight copies of the leaf"
