"""`explore(y)`, `with explore() as e:`, and what an Exploration offers."""

from __future__ import annotations

import gc
import weakref
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import engine as torch
from magics_pkg import Exploration, explore
from magics_pkg.errors import OutputError
from magics_pkg.panel.live import Closed
from magics_pkg.reruns.program import Stuck

pytestmark = pytest.mark.usefixtures("each_library")


def program() -> tuple[Any, Any]:
    """x, and y = x * x."""
    x = torch.tensor([0.5, -1.25, 2.0], requires_grad=True)
    return x, x * x


def test_explore() -> None:
    """explore(y) is y.backward(ones, retain_graph=True), and the panel."""
    x, y = program()
    e = explore(y)
    assert isinstance(e, Exploration)
    np.testing.assert_array_equal(x.grad.numpy(), 2 * x.detach().numpy())
    y.backward(torch.ones(3))


def test_explore_with_v_and_wrt() -> None:
    """v and wrt, as numbers, tensors, names."""
    a, b = (torch.tensor([value], requires_grad=True) for value in (2.0, 3.0))
    e = explore(a * b, v=torch.tensor([10.0]), wrt=[a])
    assert list(e.grads) == ["a"]
    assert e.grads["a"].item() == 30
    assert list(explore(a * b, v=[1], wrt="b").grads) == ["b"]


def test_weights_can_be_set() -> None:
    """`.weights` gives v in the output's shape; setting it sets x.grad, and the panel's sliders."""
    x, y = program()
    e = explore(y, v=[0.1, 1, 10])
    np.testing.assert_allclose(e.weights, [0.1, 1, 10], rtol=1e-6)
    sliders = e.panel.sliders
    e.weights = [1, 0, -1]
    np.testing.assert_array_equal(x.grad.numpy(), [1, 0, -4])
    assert e.panel.weights == (1, 0, -1)
    assert len(e.panel.sliders) == len(sliders)
    e.weights = 2
    np.testing.assert_array_equal(x.grad.numpy(), [2, -5, 8])


@pytest.mark.parametrize(
    ("v", "kind", "words"),
    [([1, 2], ValueError, "shape (3,), not (2,)"), ([[1, 2, 3]], ValueError, "shape (3,), not (1, 3)"),
     ("abc", TypeError, "must be numbers"), ({"a": 1}, TypeError, "must be numbers")],
)  # fmt: skip
def test_wrong_weights(v: Any, kind: type[Exception], words: str) -> None:
    """A v of the wrong shape, length or type is refused, and x.grad stays."""
    x, y = program()
    with pytest.raises(kind) as caught:
        explore(y, v=v)
    assert words in str(caught.value)
    assert x.grad is None
    e = explore(y)
    kept = x.grad.numpy().copy()
    with pytest.raises(kind):
        e.weights = v
    np.testing.assert_array_equal(x.grad.numpy(), kept)


def test_wrong_outputs() -> None:
    """What is no tensor, or has no graph, is an OutputError."""
    with pytest.raises(OutputError, match="not a tensor"):
        explore(3)
    with pytest.raises(OutputError, match="no graph"):
        explore(torch.ones(3))


def test_sliders_move_the_gradient() -> None:
    """A slider of the panel sets x.grad, and the kernel answers with its numbers."""
    x, y = program()
    e = explore(y, v=[0.1, 1, 10])
    e.panel.sliders[2].value = 5
    assert x.grad.numpy()[2] == 20
    truth = e.panel.picture.truth
    assert truth["v"] == [pytest.approx(0.1), 1, 5]
    at = e._live.linear.offsets[[q.name for q in e.graph.quantities].index("x.grad")]
    np.testing.assert_array_equal(np.frombuffer(truth["values"])[at : at + 3], x.grad.numpy())
    assert e.panel.picture.state == "ready"


def test_jacobian() -> None:
    """∂y/∂x in full, shaped by the output and the leaf."""
    x, y = program()
    np.testing.assert_array_equal(explore(y).jacobian["x"], np.diag(2 * x.detach().numpy()))
    w = torch.ones(2, 2, requires_grad=True)
    assert explore((w * 2).sum(0)).jacobian["w"].shape == (2, 2, 2)


def test_pick_and_presets() -> None:
    """Sliders for other entries of a large v, and the buttons that only the kernel can answer."""
    x = torch.tensor([float(i) for i in range(40)], requires_grad=True)
    e = explore(x * x)
    assert len(e.panel.sliders) == 16
    e._wishes.pick(30)
    assert "v[30]" in e._live.linear.names
    assert len(e.panel.sliders) == 16
    e._wishes.preset("hot", 30)
    np.testing.assert_array_equal(np.nonzero(x.grad.numpy())[0], [30])
    e._wishes.preset("zeros", None)
    assert not x.grad.numpy().any()
    e._wishes.preset("ones", None)
    np.testing.assert_array_equal(x.grad.numpy(), 2 * np.arange(40))
    e._wishes.preset("random", None)
    assert len(set(e.weights.tolist())) == 40
    e._wishes.preset("written", None)
    np.testing.assert_array_equal(e.weights, np.ones(40))


def test_pictures(tmp_path: Path) -> None:
    """SVG, DOT and a page of its own."""
    _, y = program()
    e = explore(y)
    assert e.to_svg().startswith("<svg")
    assert e.to_dot().startswith("digraph")
    page = e.save(tmp_path / "page.html")
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")
    assert "text/html" in e.bundle()


def test_block() -> None:
    """`with explore() as e:` is about what the block computes, with its own backward call or the last one's."""
    with explore() as e:
        x = torch.tensor([1.0, 2.0], requires_grad=True)
        y = torch.tanh(x) * 3
        y.backward(torch.tensor([0.5, 1.0]))
    np.testing.assert_allclose(e.weights, [0.5, 1])
    assert any(node.source == "torch.tanh(x)" for node in e.graph.nodes)
    e.weights = [0, 1]
    assert x.grad.numpy()[0] == 0


def test_block_that_raises() -> None:
    """An exception passes, and nothing is recorded any more."""
    with pytest.raises(ZeroDivisionError), explore() as e:
        1 / 0  # noqa: B018  the division is the test
    with pytest.raises(Closed):
        e.weights  # noqa: B018  reading it is the test
    assert torch.ones(2).sum().item() == 2


def test_repr_is_the_text() -> None:
    """print(e) is the terminal's form, at the present v."""
    x, y = program()
    e = explore(y)
    e.weights = [0, 0, 1]
    assert "x.grad  [0, 0, 4]" in repr(e)
    assert "v       [0, 0, 1]" in repr(e)
    assert x.grad is e.grads["x"]
    assert "text/plain" in e._repr_mimebundle_()


def test_hooks() -> None:
    """With a hook the kernel answers alone: each move runs it once, and there is a panel all the same."""
    x, y = program()
    runs: list[Any] = []
    y.register_hook(lambda g: runs.append(g) or g.clamp(-1, 1))
    e = explore(y, v=[0.5, 5, 5])
    assert len(runs) == 1
    assert not e._live.linear.linear
    assert "hook" in repr(e)
    assert len(e.panel.sliders) == 3
    e.panel.sliders[0].value = -0.5
    assert len(runs) == 2
    np.testing.assert_allclose(x.grad.numpy(), 2 * x.detach().numpy() * np.array([-0.5, 1, 1]))


def test_close() -> None:
    """After close nothing is kept, and the numbers stay in x.grad."""
    x = torch.tensor([0.5, -1.25, 2.0], requires_grad=True)

    def opened() -> tuple[Exploration, Any]:
        y = x * x
        return explore(y), weakref.ref(y)

    e, gone = opened()
    assert e.panel.sliders
    kept = x.grad.numpy().copy()
    e.close()
    e.close()
    gc.collect()
    assert gone() is None
    np.testing.assert_array_equal(x.grad.numpy(), kept)
    assert repr(e) == "<Exploration, closed>"
    for use in (lambda: e.weights, lambda: e.graph, lambda: e.widget, e.to_svg, lambda: e.jacobian):
        with pytest.raises(Closed):
            use()


def test_closes_with_a_with() -> None:
    """`with explore(y) as e:` closes the panel at its end."""
    _, y = program()
    with explore(y) as e:
        assert e.weights.shape == (3,)
    assert e.closed


def test_without_a_notebook_no_widget_is_made() -> None:
    """In a terminal nothing of the panel is even made."""
    _, y = program()
    e = explore(y)
    e._repr_mimebundle_()
    assert e._panel is None


def test_a_tensor_that_is_there_already_says_why_inputs_cannot_be_moved() -> None:
    """What made it was not recorded: `explore(y, inputs=True)` says how it would be, and has no sliders."""
    x, y = program()
    e = explore(y, inputs=True)
    assert "or with explore(inputs=True)." in e.panel.picture.spec["inputs"]["problem"]
    with pytest.raises(Stuck, match="only calls that are recorded run again"):
        e.inputs = {"x": [1.0, 2.0, 3.0]}
    assert explore(y, inputs=False).panel.picture.spec["inputs"] is None
    assert x.grad is not None
