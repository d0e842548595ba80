"""What people ask next: a cell for each question, on both libraries; what is said, marked on the cards, and cut."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from IPython.core.interactiveshell import InteractiveShell

from tests import cells
from tests.graphs import check

TEXT = Path(__file__).resolve().parents[1] / "docs" / "questions.md"
# For each cell of docs/questions.md: parts of its sentences, cards with their marks, cut edges from card to card
ANSWERS: tuple[tuple[tuple[str, ...], dict[str, str], tuple[str, ...]], ...] = (
    (("v says how much each entry of y counts", "v[0]·y[0] + v[1]·y[1] + v[2]·y[2]"), {}, ()),
    (("y has 3 entries",), {"y": "error"}, ()),
    (("in line 4 freed what x ** 2 had saved", "line 5 needs it again"), {"x ** 2": "freed", "y": "error"}, ()),
    (("x.grad was not empty", "[2, 4]"), {"x": "held"}, ()),
    (("x has requires_grad=True, but x ** 2 in line 4 cuts the path to y",), {"y": "error"}, ("x→y",)),
    (("y += 1 in line 4 wrote over a value that torch.exp(x) had saved",), {"y #1": "saved", "y": "error"}, ()),
    (("x is a leaf", "x += 1 in line 4 tried to"), {"x += 1": "error"}, ()),
    (("h.grad is None: h is no leaf, but the result of x * 3 in line 3",), {"h": "missing"}, ()),
    (("w.grad is None", "w * 3 in line 3", "the leaf that was made in line 2"), {"w": "missing"}, ()),
    (("h.detach() in line 6 cuts", "x + 1 in line 5 was computed without a graph", "x.data in line 6 cuts",
      "h.clone() in line 6 is a copy"), {"k": "cut", "x.data": "cut", "h.clone()": "copy"},
     ("h→h.detach()", "x→k", "x→x.data")),
    (("torch.sqrt(x) in line 3 made the first NaN gradient", "at x[0] = 0 it got 0"), {"torch.sqrt(x)": "bad"}, ()),
    (("v is z itself, and y is z",), {"z": "v"}, ()),
    (("v is 1 at y[0] and 0 elsewhere", "∂y[0]/∂x"), {}, ()),
    (("g is itself a gradient, made in line 4", "x.grad is a second derivative"), {"g": "gradient"}, ()),
    (("g is itself a gradient", "v[0]·g[0] + v[1]·g[1] gives x.grad"), {"g": "gradient"}, ()),
    (("g is itself a gradient", "w.grad is a second derivative"), {"g": "gradient"}, ()),
    (("came from autograd.grad in line 4 without create_graph=True",), {}, ("y→g.sum()",)),
    (("y.grad_fn is SumBackward0",), {"x": "accumulate"}, ()),
    (("u got no gradient: no path leads from it to y", "w.grad is 0 and not None"), {"u": "none", "w": "zero"}, ()),
    (("changed the gradient of h: [6, 12] came in, [60, 120] went on", "retain_grad() keeps"), {"h": "hook"}, ()),
)  # fmt: skip


@functools.cache
def questions() -> list[str]:
    """The cells of the questions, without that which loads the magic."""
    return re.findall(r"```python(?: raises)?\n(.*?)\n```", TEXT.read_text(encoding="utf-8"), re.DOTALL)[1:]


@pytest.fixture(scope="module")
def shell(library: ModuleType) -> Iterator[InteractiveShell]:
    """An IPython with torch bound to a library."""
    with cells.shell(library.__name__) as made:
        yield made


def explored(shell: InteractiveShell, source: str) -> Any:
    """A cell's Exploration."""
    cells.run(shell, source.replace("%%backward", "%%backward -o e --quiet", 1))
    return shell.user_ns["e"]


def test_every_question_has_its_answer() -> None:
    """The list above is about the cells that there are."""
    assert len(questions()) == len(ANSWERS)


@pytest.mark.parametrize("place", range(len(ANSWERS)))
def test_answer(shell: InteractiveShell, place: int) -> None:
    """A question's cell says the answer, marks the cards that it is about, and cuts the edges where a path ends."""
    from magics_pkg.lessons.finite import marked

    says, marks, severed = ANSWERS[place]
    e = explored(shell, questions()[place])
    told = " ".join(e.notes)
    for sentence in says:
        assert sentence in told
    graph = marked(e.graph, e._numbers())
    found = {name: node.mark for node in graph.nodes for name in (node.name, node.source) if node.mark and name}
    assert marks.items() <= found.items()
    called = {node.id: node.name or node.source for node in graph.nodes}
    assert sorted(f"{called[x.tail]}→{called[x.head]}" for x in graph.edges if x.severed) == sorted(severed)
    assert e.to_svg().count('class="cut"') == len(severed)


def test_a_chain_without_a_graph(shell: InteractiveShell) -> None:
    """What several steps under no_grad made is cut from the leaf that the first of them took, though that is gone."""
    source = "%%backward\nx = torch.ones(2, requires_grad=True)\nw = torch.ones(2, requires_grad=True)\n"
    source += "with torch.no_grad():\n    k = ((x * 2) + 1).exp()\n(k * w).sum().backward()"
    e = explored(shell, source)
    assert "x * 2 in line 5 was computed without a graph (no_grad): nothing flows back through it to x." in e.notes
    assert [edge.severed for edge in e.graph.edges if edge.severed] == ["x * 2"]


def test_what_is_no_cut(shell: InteractiveShell) -> None:
    """Comparisons, and tensors made in the form of another, cut nothing."""
    source = (
        "%%backward\nx = torch.ones(2, requires_grad=True)\ny = x * (x > 0) + torch.zeros_like(x)\ny.sum().backward()"
    )
    e = explored(shell, source)
    assert not [edge for edge in e.graph.edges if edge.severed]
    assert not [note for note in e.notes if "cuts" in note or "without a graph" in note]


def test_detached_state_of_a_loop(shell: InteractiveShell) -> None:
    """A state that is detached at each round closes no circle in the drawing."""
    source = "%%backward\nw = torch.ones(2, requires_grad=True)\nh = torch.zeros(2)\nloss = 0\nfor _ in range(4):\n"
    source += "    h = (h.detach() + w).tanh()\n    loss = loss + h.sum()\nloss.backward()"
    e = explored(shell, source)
    assert [edge for edge in e.graph.edges if edge.severed]
    assert "<svg" in e.to_svg()


def test_made_without_requires_grad(shell: InteractiveShell) -> None:
    """Where nothing wants a gradient, the tensor that could have is named and drawn."""
    e = explored(shell, "%%backward\nx = torch.tensor([1., 2.])\ny = (x ** 2).sum()\ny.backward()")
    assert e.notes == ("x was made without requires_grad=True, so y has no graph: write it where x is made.",)
    assert [(node.name, node.mark) for node in e.graph.nodes] == [("y", "error"), ("x", "missing")]


def test_the_v_of_a_function(shell: InteractiveShell) -> None:
    """Where v is the leaf and y is not, the gradient is the derivative times the leaf."""
    e = explored(shell, "%%backward\nz = torch.linspace(1, 5, steps=5, requires_grad=True)\ny = z ** 2\ny.backward(z)")
    assert any(note.startswith("v is z itself: z.grad = Jᵀ z") for note in e.notes)


def test_write_under_no_grad(shell: InteractiveShell) -> None:
    """A step of an optimiser between forward and backward is named, though it has no card."""
    source = "%%backward\nw = torch.ones(2, requires_grad=True)\nloss = (w * w).sum()\nwith torch.no_grad():\n"
    source += "    w -= 0.1\nloss.backward()"
    e = explored(shell, source)
    assert any(note.startswith("w -= 0.1 in line 5 wrote over a value that w * w had saved") for note in e.notes)
    assert "saved" in [node.mark for node in e.graph.nodes]


def test_a_still_panel_in_a_notebook(shell: InteractiveShell) -> None:
    """What a cell that raised shows is a panel too, with nothing to move; closing it leaves no widget."""
    e = explored(shell, questions()[1])
    spec = e.panel.picture.spec
    assert spec["still"]
    assert not e.panel.sliders
    assert "mark-error" in e.panel.picture.svg
    e.close()


def test_a_model_that_held_gradients_is_told_in_one_line(shell: InteractiveShell) -> None:
    """Of many gradients four are named, without their numbers, which stand on the cards."""
    cell = "net = nn.Sequential(*(nn.Linear(3, 3) for _ in range(4)))\nnet(torch.ones(3)).sum().backward()"
    cells.run(shell, cell)
    said = cells.run(shell, "%%backward\ny = net(torch.ones(3)).sum()\ny.backward()").printed
    line = next(each for each in said.splitlines() if "not empty before" in each)
    assert "and 4 more were not empty" in line
    assert "[" not in line


@pytest.mark.parametrize(
    ("body", "edges"),
    [
        ("w = torch.ones(3, requires_grad=True)\ny = x * 2 + (w * 0).detach()", ["w → w * 0"]),
        ("y = x * 2 + (torch.exp(x * 3) * 4).detach()", ["x → torch.exp(x * 3) * 4"]),
        ("h = x * 2\ny = h * (h * 3).detach()", ["h → h * 3"]),
        ("def f(h):\n    return h * (h * 3).detach()\ny = f(x * 2)", ["h → h * 3"]),
    ],
)
def test_what_comes_before_a_cut(shell: InteractiveShell, body: str, edges: list[str]) -> None:
    """A card before a cut hangs on the nearest cards that it was computed from, whatever is folded."""
    source = f"%%backward\nx = torch.ones(3, requires_grad=True)\n{body}\ny.backward(torch.ones(3))"
    e = explored(shell, source)
    (cut,) = [edge for edge in e.graph.edges if edge.severed]
    found = [edge for edge in e.graph.edges if edge.head == cut.tail]
    called = {node.id: node.name or node.source for node in e.graph.nodes}
    called |= {node.id: "h" for node in e.graph.nodes if node.source == "x * 2"}
    assert [f"{called[edge.tail]} → {called[edge.head]}" for edge in found] == edges
    check(e.graph)
    for name in e._canvas.names if e._canvas is not None else ():
        e.fold(name)
        check(e.graph)
    assert "<svg" in e.to_svg()
