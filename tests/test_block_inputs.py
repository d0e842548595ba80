"""`with explore(inputs=True) as e:`: the block's calls run again on copies, as those of a cell with `--inputs`."""

from __future__ import annotations

import contextlib
import gc
import random
import textwrap
import weakref
from typing import Any

import pytest
from IPython.core.interactiveshell import InteractiveShell

from magics_pkg import explore
from magics_pkg.errors import UsageError
from magics_pkg.exploration import Exploration
from magics_pkg.graphs import linear
from magics_pkg.panel.live import Closed
from magics_pkg.panel.settings import Settings
from magics_pkg.reruns import rerun
from magics_pkg.reruns.program import Stuck
from tests import cells
from tests.test_quiz import CUBE
from tests.test_what_if import CELLS, bits, everything, numbers, program, same


@pytest.fixture
def shell(magics: InteractiveShell, monkeypatch: pytest.MonkeyPatch) -> InteractiveShell:
    """All rows are taken, on a busy machine too: another number of them is another panel."""
    monkeypatch.setattr(rerun, "PATIENCE", 60)
    monkeypatch.setattr(linear.take, "__defaults__", (None, 60))
    cells.run(magics, "from magics_pkg import explore\nfrom magics_pkg.panel.settings import Settings")
    return magics


def block(shell: InteractiveShell, code: str, asked: str = "inputs=True") -> Exploration:
    """Run a text as the block of an `explore`; its Exploration."""
    line = f"with explore({asked}, settings=Settings(graph=False)) as e:\n"
    ran = cells.run(shell, line + textwrap.indent(code, "    "))
    assert ran.error is None, ran.printed
    found = shell.user_ns["e"]
    assert isinstance(found, Exploration)
    return found


@pytest.mark.parametrize("seed", range(12))
def test_random_programs(shell: InteractiveShell, seed: int) -> None:
    """At random inputs and a random v a block shows what a fresh block does, bit for bit; back home, what it showed."""
    chance = random.Random(4000 + seed)
    code = program(seed)
    written = {"x": numbers(chance), "w": numbers(chance)}
    text = code.format(**written)
    if cells.run(shell, text).error is not None:  # a change in place that backward cannot bear
        return
    e = block(shell, text)
    leaves = [each for each in ("x", "w") if each in e.inputs]
    assert leaves, e._what_if.problem
    e.weights = [0.5, 2.0]
    before = everything(e)
    moved = {name: numbers(chance) for name in leaves}
    e.inputs = moved
    e.weights = v = [chance.uniform(-1, 1), chance.uniform(-1, 1)]
    fresh = block(shell, code.format(**written | moved), "inputs=None")
    fresh.weights = v
    same(everything(e), everything(fresh))
    e.inputs = {name: written[name] for name in leaves}
    e.weights = [0.5, 2.0]
    assert everything(e) == before


@pytest.mark.parametrize("name", CELLS)
def test_programs(shell: InteractiveShell, name: str) -> None:
    """Writes, views, several passes, graphs of gradients, a leaf from before: as a fresh block has it."""
    cells.run(shell, "x0 = torch.tensor([1., -1., 2.])")
    e = block(shell, CELLS[name].format(x=[1.0, 2.0, 3.0]))
    (leaf,) = [each for each in e.inputs if each != "w"]
    e.inputs = {leaf: [0.5, -2.0, 1.25]}
    same(everything(e), everything(block(shell, CELLS[name].format(x=[0.5, -2.0, 1.25]), "inputs=None")))


STUCK = {
    "hook": ("h = x * x\nh.register_hook(lambda g: g * 2)\n(h * x).sum().backward()", "a hook takes part"),
    "custom": ("(Cube.apply(x) * x).sum().backward()", "Cube is a function of the program's own"),
    "earlier": ("(early * x).sum().backward()", "made before this cell or block"),
}


@pytest.mark.parametrize("name", STUCK)
def test_what_cannot_run_again(shell: InteractiveShell, name: str) -> None:
    """Hooks, functions of the program's own, graphs from before the block: the panel says why, and all else works."""
    code, why = STUCK[name]
    cells.run(shell, f"{CUBE}x = torch.tensor([1., 2., 3.], requires_grad=True)\nearly = x * 3")
    e = block(shell, code)
    spec = e.panel.picture.spec["inputs"]
    assert spec["entries"] == []
    assert spec["problem"].startswith("The inputs cannot be moved: ")
    assert why in spec["problem"]
    with pytest.raises(Stuck, match=why):
        e.inputs = {"x": [1.0, 2.0, 3.0]}
    e.weights = 2.0


def test_in_a_function(library: Any) -> None:
    """A function's own names, which end with it; the leaves that are asked for, by name or themselves."""

    def made(inputs: Any) -> tuple[Exploration, Any]:
        x = library.tensor([0.5, -1.25], requires_grad=True)
        w = library.tensor([2.0, 3.0], requires_grad=True)
        with explore(inputs=inputs) as e:
            y = library.tanh(x) * w
            y.backward(library.tensor([1.0, 0.5]))
        return e, (x if inputs is True else None)

    e, x = made(True)
    assert sorted(e.inputs) == ["w", "x"]
    own = bits(x.grad)
    e.inputs = {"x": [1.0, 2.0]}
    assert bits(x.grad) == own
    assert e.inputs["x"].tolist() == [1.0, 2.0]
    assert e.grads["w"].tolist() == pytest.approx([0.7615942, 0.4820138])
    assert sorted(made("w")[0].inputs) == ["w"]
    assert sorted(made(["x"])[0].inputs) == ["x"]
    w = library.tensor([2.0, 3.0], requires_grad=True)
    with explore(inputs=w) as other:
        (w * w).sum().backward()
    assert list(other.inputs) == ["w"]
    with pytest.raises(UsageError, match="the leaf"), explore(inputs="q"):
        (w * w).sum().backward()
    with pytest.raises(UsageError, match="the leaf"), explore(inputs=[x]):
        (w * w).sum().backward()


def test_nothing_stays(library: Any) -> None:
    """A block that raises, or one whose panel was closed, holds none of its tensors."""

    def made(fails: bool) -> weakref.ref[Any]:
        x = library.tensor([0.5, -1.25], requires_grad=True)
        with contextlib.suppress(KeyError), explore(inputs=True) as e:
            y = library.tanh(x) * 2
            y.sum().backward()
            if fails:
                raise KeyError
        if not fails:
            e.inputs = {"x": [1.0, 2.0]}
        e.close()
        with pytest.raises(Closed):
            _ = e.inputs
        return weakref.ref(y)

    gone = [made(True), made(False)]
    gc.collect()
    assert [each() for each in gone] == [None, None]


def test_a_block_without_inputs_keeps_nothing(library: Any) -> None:
    """No copies are made where nobody has asked for inputs."""
    x = library.tensor([0.5, -1.25], requires_grad=True)
    with explore(settings=Settings()) as e:
        assert e._recorder.tapes == []
        (x * x).sum().backward()
    assert e.panel.picture.spec["inputs"] is None
