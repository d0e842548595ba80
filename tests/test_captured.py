"""A pass whose gradients PyTorch captures gives what hooks on every node note: the same bits, in the same order."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np
import pytest
from IPython.core.interactiveshell import InteractiveShell

from magics_pkg.backends import of
from magics_pkg.backends.kept import Kept
from tests import cells

# Each makes y; x and w are leaves
PROGRAMS = {
    "a chain": "y = (x * w).sin().exp()",
    "what is used twice": "h = x * w\ny = h.sin() + h * h",
    "a loop": "h = x\nfor _ in range(5):\n    h = torch.tanh(h * w) + x\ny = h",
    "several outputs of a node": "a, b = (x * w).split(2)\ny = (a.sum() + b[0] * a).exp()",
    "an output that nobody uses": "a, b = (x * w).chunk(2)\ny = b.exp()",
    "what is broadcast": "y = (x.reshape(4, 1) * w + x.sum()).mean(0)",
    "two dtypes": "y = (x * w.double()).sum() + x",
    "a leaf as an operand twice": "y = x * x + x",
    "an output inside the graph": "h = x * w\ny = h.exp() + h\ny = h * 1, y",
    "in place": "h = x * w\nh[1:].mul_(2)\ny = h.sin()",
    "layers": "y = torch.nn.functional.layer_norm(x * w, (4,), w, x).softmax(0)",
}


def same(one: Any, other: Any) -> bool:
    """Both None, or of one dtype, with the same bits."""
    if one is None or other is None:
        return one is other
    return bool(one.dtype == other.dtype and one.shape == other.shape and (one == other).all())


@pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS)
@pytest.mark.parametrize("freed", [False, True], ids=["kept", "sealed"])
def test_as_hooks_note_it(torch: ModuleType, monkeypatch: pytest.MonkeyPatch, program: str, freed: bool) -> None:
    """Leaves, nodes, edges and the order of nodes; also of a graph that was sealed after the user's own pass."""
    names: dict[str, Any] = {
        "torch": torch,
        "x": torch.tensor([0.5, -1.25, 2.0, 0.75], requires_grad=True),
        "w": torch.tensor([1.5, 0.25, -0.75, 1.0], requires_grad=True),
    }
    exec(program, names)  # this file's own text
    outputs = list(names["y"]) if isinstance(names["y"], tuple) else [names["y"]]
    kept = Kept(of(outputs[0]), outputs)  # type: ignore[arg-type]  # it is torch's
    gradients = [torch.rand_like(each) for each in outputs]
    if freed:
        with kept.observe(), kept.sealing():
            torch.autograd.backward(outputs, gradients, retain_graph=True)
    assert kept._ways is not None
    captured = kept.run(gradients)
    monkeypatch.setitem(vars(kept), "_ways", None)
    noted = kept.run(gradients)
    assert list(captured.nodes) == list(noted.nodes)
    for node, got in noted.nodes.items():
        mine = captured.nodes[node]
        assert all(same(*pair) for pair in zip(got, mine, strict=False))
        assert all(each is None for each in got[len(mine) :])
    assert set(captured.edges) == set(noted.edges)
    assert len(captured.edges) == len(noted.edges) > 0
    assert all(same(captured.edges[edge], noted.edges[edge]) for edge in noted.edges)
    assert captured.leaves.keys() == noted.leaves.keys()
    assert all(same(captured.leaves[leaf], noted.leaves[leaf]) for leaf in noted.leaves)
    kept.close()


def test_few_nodes_are_watched(torch: ModuleType) -> None:
    """Only those that send to where others send as well."""
    x = torch.ones(3, requires_grad=True)
    h = x * 2
    for _ in range(50):
        h = h.sin()
    kept = Kept(of(h), [h + x])  # type: ignore[arg-type]  # it is torch's
    assert kept._ways is not None
    assert {each.name() for each in kept._ways.watched} == {"MulBackward0", "AddBackward0"}
    kept.close()


@pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS)
@pytest.mark.parametrize("held", [False, True], ids=["no gradient yet", "a gradient there"])
def test_the_users_pass_is_a_row(torch: ModuleType, program: str, held: bool) -> None:
    """What was noted while a loss ran backward is what a pass of the panel's notes: the same bits, nodes and edges."""
    names: dict[str, Any] = {
        "torch": torch,
        "x": torch.tensor([0.5, -1.25, 2.0, 0.75], requires_grad=True),
        "w": torch.tensor([1.5, 0.25, -0.75, 1.0], requires_grad=True),
    }
    exec(program, names)  # this file's own text
    y = names["y"] if not isinstance(names["y"], tuple) else names["y"][0] + names["y"][1]
    loss = y.square().sum()
    for each in (names["x"], names["w"]) if held else ():
        each.grad = torch.ones_like(each)
    kept = Kept(of(loss), [loss])  # type: ignore[arg-type]  # it is torch's
    with kept.observe(), kept.sealing():
        loss.backward(retain_graph=True)
    mine = kept.whole_pass
    assert mine is not None
    for each in (names["x"], names["w"]):
        if each.grad is None:
            continue
        each.grad.zero_()  # in the user's memory, not in the row's
    run = kept.run([torch.tensor(1.0, dtype=loss.dtype)])
    assert list(mine.nodes) == list(run.nodes)
    assert set(mine.edges) == set(run.edges)
    assert set(mine.leaves) == set(run.leaves)
    assert all(same(mine.edges[way], each) for way, each in run.edges.items())
    assert all(same(mine.leaves[leaf], each) for leaf, each in run.leaves.items())


@pytest.mark.parametrize("hooked", [False, True])
def test_a_pass_of_which_only_a_part_is_held(torch: ModuleType, monkeypatch: pytest.MonkeyPatch, hooked: bool) -> None:
    """What there was no room for while the program's own pass ran is not taken for zero: nothing of it is used."""
    x = torch.tensor([0.5, -1.25, 2.0, 0.75], requires_grad=True)
    for room in (100, 40):  # bytes: the pass has 4 + 16 + 2 * 16
        monkeypatch.setattr("magics_pkg.backends.swept.HELD", room)
        h = x * x
        if hooked:
            h.register_hook(lambda grad: grad * 2)
        loss = h.sum()
        kept = Kept(of(loss), [loss])  # type: ignore[arg-type]  # it is torch's
        with kept.observe(), kept.sealing():
            loss.backward(retain_graph=True)
        assert kept.linear is not hooked
        assert (kept.whole_pass is not None) == (room == 100 and not hooked)
        assert (kept.observed is not None) == (room == 100 and hooked)


def test_a_hook_on_a_large_gradient(magics: InteractiveShell, monkeypatch: pytest.MonkeyPatch) -> None:
    """More than a million entries are held as few are; beyond all room the panel says what it does not know."""
    cell = (
        "%%backward -o e\nx = torch.ones({}, requires_grad=True)\nh = x * 2\nh.register_hook(lambda g: g * 10)\n"
        "h.sum().backward()"
    )
    cells.run(magics, cell.format(1_100_000))
    made = magics.user_ns["e"]
    assert set(made._numbers().base[: len(made.graph.quantities[0].indices)]) == {20.0}
    assert any("[1, 1, 1, 1, …] came in, [10, 10, 10, 10, …] went on" in note for note in made.notes)
    monkeypatch.setattr("magics_pkg.backends.swept.HELD", 40)
    cells.run(magics, cell.format(5))
    made = magics.user_ns["e"]
    told = "nan here, are known as soon as a slider has been moved" in "\n".join(made.notes)
    assert told == (magics.user_ns["torch"].__name__ == "torch")  # the engine holds its passes anyway
    assert "NaN" not in "\n".join(made.notes)
    made.weights = 1.0
    assert np.isfinite(made._live.shown()).all()


@pytest.mark.parametrize(
    "hook", ["register_prehook(lambda got: (got[0] * 2,))", "register_hook(lambda gave, got: None)"]
)
def test_hooks_that_nothing_tells_of(torch: ModuleType, hook: str) -> None:
    """On a leaf's own node: they are seen as they run, and what they made of the gradient is what arrived."""
    x = torch.tensor([0.5, -1.25], requires_grad=True)
    loss = (x * 3).sum()
    node = loss.grad_fn.next_functions[0][0].next_functions[0][0]
    handle = eval(f"node.{hook}", {"node": node})  # this file's own text
    kept = Kept(of(loss), [loss])  # type: ignore[arg-type]  # it is torch's
    with kept.observe(), kept.sealing():
        loss.backward(retain_graph=True)
    handle.remove()
    assert not kept.linear
    assert kept.whole_pass is None
    assert kept.observed is not None
    assert same(kept.observed.leaves[node], x.grad)
