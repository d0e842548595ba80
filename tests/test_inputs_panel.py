"""The panel of `--inputs`: sliders, what it sends, other entries, saved pages, the cell's text with other inputs."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from IPython.core.interactiveshell import InteractiveShell

from magics_pkg.exploration import Exploration
from magics_pkg.panel import page
from magics_pkg.reruns.rewritten import rewritten
from tests import cells
from tests.test_what_if import BRANCH, bits, opened

VECTOR = (
    "x = torch.tensor([1., -2., 0.5], requires_grad=True)\ny = torch.tanh(x) * x\n"
    "y.backward(torch.tensor([1., 2., 3.]))"
)


def slide(e: Exploration, *values: float) -> dict[str, Any]:
    """Set the inputs' sliders as the page does; what the panel then sends."""
    for slider, value in zip(e.panel._inputs.sliders, values, strict=False):
        slider.min, slider.max = min(slider.min, value), max(slider.max, value)
        slider.step, slider.value = 1e-12, value
    e._wishes.settle()
    return dict(e.panel.picture.given)


def texts(given: dict[str, Any]) -> dict[str, str]:
    """What the cards show, by name."""
    return {name: text for each in given["cards"].values() for name, text in each}


def test_sliders(magics: InteractiveShell) -> None:
    """One for each entry, of its name, at its value, in a range that holds it; a move sends what a fresh cell shows."""
    e = opened(magics, VECTOR)
    sliders = e.panel._inputs.sliders
    assert [each.description for each in sliders] == ["x[0]", "x[1]", "x[2]"]
    assert [each.value for each in sliders] == [1.0, -2.0, 0.5]
    assert all(each.min <= -4 and each.max >= 4 for each in sliders)
    spec = e.panel.picture.spec["inputs"]
    assert texts(spec)["x[1]"] == "−2"
    given = slide(e, 0.25)
    fresh = opened(magics, VECTOR.replace("1., -2.", "0.25, -2."), "--inputs")
    assert texts(given) == texts(fresh.panel.picture.spec["inputs"])
    assert given["at"] == [0.25, -2.0, 0.5]
    assert np.frombuffer(given["truth"]["values"]).tolist() == fresh._live.shown().tolist()
    assert e.panel.picture.rows == fresh.panel.picture.rows
    assert e.panel.picture.state == "ready"
    assert "keep their values" in given["said"][-1]


def test_a_move_of_v(magics: InteractiveShell) -> None:
    """v moves both: x.grad of the user's own, and what is shown of the copies."""
    e = opened(magics, VECTOR)
    x = magics.user_ns["x"]
    slide(e, 0.25)
    e.panel.sliders[0].value = 2.0
    e._session.settle()
    mine = opened(magics, VECTOR.replace("torch.tensor([1., 2., 3.])", "torch.tensor([2., 2., 3.])"), "")
    assert bits(x.grad) == bits(mine.grads["x"])
    moved = opened(magics, VECTOR.replace("([1., 2.", "([2., 2.").replace("1., -2.", "0.25, -2."), "")
    moved.weights = moved.weights
    assert np.frombuffer(e.panel.picture.truth["values"]).tolist() == moved._live.shown().tolist()


def test_refused_on_the_way(magics: InteractiveShell) -> None:
    """What raises with these inputs is a sentence; the numbers stay those before, and the next move goes on."""
    e = opened(magics, "x = torch.tensor([4., 1.], requires_grad=True)\ny = x[x > 0.5]\n(y * y).sum().backward()")
    before = slide(e, 3.0)
    given = slide(e, 3.0, -1.0)
    assert given["said"][0].startswith("Not computed: with these inputs line 3, x[x > 0.5], has shape (1,)")
    assert given["cards"] == before["cards"]
    assert given["at"] == [3.0, -1.0]
    assert e.inputs["x"].tolist() == [3.0, 1.0]
    assert not [each for each in slide(e, 3.0, 2.0)["said"] if "Not computed" in each]
    assert e.grads["x"].tolist() == [6.0, 4.0]


def test_many_entries(magics: InteractiveShell) -> None:
    """Sixteen have a slider; another is asked for by its name and takes the oldest one's place."""
    e = opened(magics, "w = torch.arange(20.).reshape(4, 5).requires_grad_()\n(w * w).sum().backward()")
    panel, asks = e.panel, e.panel._asks["inputs"]
    assert len(panel._inputs.sliders) == 16
    assert asks({"entry": "w[3, 4]"}) == {"found": True}
    names = [each.description for each in panel._inputs.sliders]
    assert (names[0], names[-1]) == ("w[0, 1]", "w[3, 4]")
    for wrong in ("w[4, 0]", "w[1]", "q[0, 0]", "w[0, 0, 0]", "", "w[a]"):
        assert asks({"entry": wrong}) == {"found": False}
    panel._inputs.sliders[-1].max = 50
    panel._inputs.sliders[-1].value = 21.0
    e._wishes.settle()
    assert e.inputs["w"][3, 4] == 21.0
    asks({"written": True})
    assert e.inputs["w"][3, 4] == 19.0
    assert panel._inputs.sliders[-1].value == 19.0


def test_unfolded(magics: InteractiveShell) -> None:
    """A module that is opened shows the copies' numbers."""
    code = ("torch.manual_seed(1)\nnet = nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 1))\n"
            "x = torch.tensor([[1., 2.]], requires_grad=True)\nnet(x).sum().backward()")  # fmt: skip
    cells.run(magics, code)
    e = opened(magics, code, "--inputs x --depth 0")
    e.inputs = {"x": [[0.5, -1.0]]}
    e.open("net")
    fresh = opened(magics, code.replace("[[1., 2.]]", "[[0.5, -1.0]]"), "--depth 0")
    fresh.open("net")
    assert [node.value for node in e.graph.nodes] == [node.value for node in fresh.graph.nodes]
    assert bits(e.grads["x"]) == bits(fresh.grads["x"])
    e.fold("net")
    e.inputs = {"x": [[1.0, 2.0]]}
    e.open("net")
    assert e.graph.moving


def test_saved(magics: InteractiveShell, tmp_path: Any) -> None:
    """A page has no sliders for inputs, and says so; what was moved it names."""
    e = opened(magics, VECTOR)
    e.inputs = {"x": [0.25, -2, 0.5]}
    text = e.save(tmp_path / "page.html").read_text(encoding="utf-8")
    content = page.unpacked(json.loads(text.split('<script type="application/json">')[1].split("</script>")[0]))
    assert content is not None
    assert content["spec"]["inputs"] is None
    assert "The inputs, x, move only with a running kernel." in content["spec"]["notes"]
    assert "Here an input is not as the cell has it: x = [0.25, -2.0, 0.5]." in content["spec"]["notes"]


def sums(parts: dict[str, Any]) -> list[float]:
    """What a quiz's paths bring together, at v as written."""
    weights = (1.0, 1.0, 2.0, 3.0)
    return [
        sum(sum(by * v for by, v in zip(path["by"], weights, strict=True)) for path in each["paths"])
        for each in parts["quiz"]
    ]


def test_quiz(magics: InteractiveShell) -> None:
    """What a guess is judged by are the gradients of these inputs, and their paths, also of another picture."""
    e = opened(magics, VECTOR, "--inputs --quiz")
    own = bits(magics.user_ns["x"].grad)
    given = slide(e, 0.25, -1.0)
    fresh = opened(magics, VECTOR.replace("1., -2.", "0.25, -1."), "").grads["x"].tolist()
    np.testing.assert_allclose(sums(given["parts"]), fresh, rtol=1e-5)
    assert bits(e._session.leaves[0].tensor.grad) == own
    assert "?" in repr(e)
    e.weights = e.weights  # which draws anew
    np.testing.assert_allclose(sums(e.panel.picture.spec["parts"]), fresh, rtol=1e-5)
    assert e.panel.picture.spec["inputs"]["moved"]


def test_a_quiz_that_comes_to_need_the_kernel(magics: InteractiveShell) -> None:
    """With an input of 0 the root's derivative is not finite: from there on the page knows nothing, and asks."""
    code = (
        "x = torch.tensor([1., 4., 9.], requires_grad=True)\ny = torch.sqrt(x) * 3 + x\n"
        "y.backward(torch.tensor([1., 2., 3.]))"
    )
    e = opened(magics, code, "--inputs --quiz")
    picture = e.panel.picture
    asks = e.panel._asks["quiz"]
    assert picture.spec["linear"]
    asks({"name": "x.grad[1]", "told": True})
    slide(e, 0.0)
    assert not picture.spec["linear"]
    known = np.frombuffer(picture.truth["values"])
    assert known[np.isfinite(known)].tolist() == [2 * (3 * 0.25 + 1)]  # of x = 4, told before
    rows = np.frombuffer(picture.rows)
    assert rows[np.isfinite(rows)].tolist() == [3.5]
    assert e.panel._asks["quiz"]({"name": "x.grad[0]", "v": [1.0, 2.0, 3.0]})["truth"] == "Infinity"
    answer = e.panel._asks["quiz"]({"name": "x.grad[2]", "v": [1.0, 2.0, 3.0]})
    assert answer["truth"] == sum(path["by"][0] for path in answer["paths"]) == 4.5
    slide(e, 4.0)
    assert picture.spec["linear"]
    np.testing.assert_array_equal(np.frombuffer(picture.truth["values"]), e._live.shown())
    assert e._live.shown()[:3].tolist() == [1.75, 3.5, 4.5]


# ---------------------------------------------------------------- the cell with these inputs
def test_run_again_by_hand(magics: InteractiveShell) -> None:
    """Pasted and run, the text takes the path that these inputs take."""
    e = opened(magics, BRANCH)
    e.inputs = {"x": [0.25, 8.5]}
    answer = e.panel._asks["inputs"]({"cell": True})
    assert answer["cell"].startswith(
        "%%backward --inputs --no-graph -o panel\nx = torch.tensor([0.25, 8.5], requires_grad"
    )
    ran = cells.run(magics, answer["cell"])
    assert ran.error is None
    fresh = opened(magics, BRANCH.replace("[1., 2.]", "[0.25, 8.5]"), "")
    assert bits(magics.user_ns["panel"].grads["x"]) == bits(fresh.grads["x"])


@pytest.mark.parametrize(
    ("code", "lines"),
    [
        ("x = torch.tensor([1., 2.], requires_grad=True)", ["x = torch.tensor([0.5, 3.0], requires_grad=True)"]),
        ("a = 1; x = (torch.tensor([1,\n  2.])).requires_grad_()",
         ["a = 1; x = (torch.tensor([0.5, 3.0])).requires_grad_()", ""]),
        ("x = torch.ones(2, requires_grad=True)",
         ["x = torch.ones(2, requires_grad=True)", "with torch.no_grad(): x.copy_(torch.tensor([0.5, 3.0]))"]),
        ("x = torch.tensor(\n    [1., 2.],\n    requires_grad=True,\n)",
         ["x = torch.tensor(", "    [0.5, 3.0],", "    requires_grad=True,", ")"]),
    ],
)  # fmt: skip
def test_rewritten(magics: InteractiveShell, code: str, lines: list[str]) -> None:
    """Literal numbers are replaced where they stand, on as many lines; what is not literal is written over."""
    e = opened(magics, code + "\n(x * x).sum().backward()")
    e.inputs = {"x": [0.5, 3]}
    text = e._what_if.cell().rstrip().split("\n")
    assert text[1:-1] == lines
    assert cells.run(magics, "\n".join(text)).error is None
    assert magics.user_ns["x"].grad.tolist() == [1.0, 6.0]


def test_from_another_cell() -> None:
    """A leaf that the cell does not make is written over at its top; a module's is named as Python has it."""
    given = {"net.0.weight": (np.array([[1.0, np.nan]], np.float32), None), "s": (np.array(0.1, np.float32), None)}
    assert rewritten("loss.backward()", given, "th").split("\n") == [
        'with th.no_grad(): net[0].weight.copy_(th.tensor([[1.0, float("nan")]]))',
        "with th.no_grad(): s.copy_(th.tensor(0.1))",
        "loss.backward()",
    ]
