"""Runs of lines and of elementwise operations: folded where there are too many to draw, and opened in place."""

from __future__ import annotations

from collections.abc import Iterator
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from IPython.core.interactiveshell import InteractiveShell

from magics_pkg.graphs.depth import Folding
from magics_pkg.graphs.graph import graph_of
from magics_pkg.tracing.recorder import trace_cell
from tests.graphs import X, bare_shell, check, drawn

LONG = X + "y = x\n" + "\n".join(f"y = y * 1.{i:03d}" for i in range(1000))
BODY = "\n".join(
    f"    a = torch.tanh(h * {k}.5 + x) * torch.sin(h) - 0.1\n    h = torch.exp(-a * 0.3).sum() * 0.5 + a * x"
    for k in range(12)
)
ROUNDS = X + f"h = x\nfor i in range(7):\n{BODY}\ny = h.sum()"


@pytest.fixture
def shell(library: ModuleType) -> Iterator[InteractiveShell]:
    """An IPython in which torch is each library."""
    with bare_shell(library) as made:
        yield made


def test_lines_fold(shell: InteractiveShell) -> None:
    """A thousand lines are twenty cards that say which lines they are, one after the other."""
    graph = drawn(shell, LONG, output="y")
    check(graph)
    folded = [node for node in graph.nodes if node.folded]
    assert len(folded) == 20
    assert sum(node.operations for node in folded) == 1000
    assert folded[0].folded == "lines 4-53"
    assert folded[0].span is not None
    assert folded[0].span[0] == 3, "the line below the magic's own is the first of the code"
    last = folded[-1]
    assert last.output
    assert [entry[1] for entry in last.value.entries] == pytest.approx(shell.user_ns["y"].tolist())


def test_lines_open_in_place(shell: InteractiveShell) -> None:
    """A run of lines opens to its parts and these to operations; the other runs stay as they are."""
    _, trace = trace_cell(shell, LONG)
    folding = Folding()
    closed = graph_of(trace, "y")
    folding = folding.open("lines 154-203")
    once = graph_of(trace, "y", folding=folding)
    names = [node.folded for node in once.nodes if node.folded]
    assert "lines 154-203" not in names
    assert "lines 154-156" in names
    assert len([name for name in names if name in {node.folded for node in closed.nodes}]) == 19
    twice = graph_of(trace, "y", folding=folding.open("lines 154-156"))
    check(twice)
    assert [node.source for node in twice.nodes if node.line in (154, 155, 156) and not node.folded] == [
        "y * 1.150", "y * 1.151", "y * 1.152",
    ]  # fmt: skip


def test_few_lines_stay(shell: InteractiveShell) -> None:
    """What fits is drawn operation by operation."""
    graph = drawn(shell, X + "y = x\n" + "\n".join(f"y = y * {i}.5 + x" for i in range(30)), output="y")
    assert not [node for node in graph.nodes if node.folded]


def test_elementwise_runs_fold(shell: InteractiveShell) -> None:
    """A run of elementwise operations is one card with its expression; a sum in the midst of one is not in it."""
    graph = drawn(shell, ROUNDS, output="y")
    check(graph)
    folded = [node for node in graph.nodes if node.folded]
    assert len(folded) == 36
    first = folded[0]
    assert first.source == "torch.tanh(h * 0.5 + x) * torch.sin(h) - 0.1"
    assert (first.operations, first.count, first.symbol) == (6, 7, "⋯")
    assert {node.source for node in folded if ".sum()" in node.source} == {"torch.exp(-a * 0.3).sum() * 0.5 + a * x"}
    assert sum(node.symbol == "Σ" for node in graph.nodes) == 13
    edges = {(edge.tail, edge.head) for edge in graph.edges if not edge.carried}
    order = {node.id: place for place, node in enumerate(graph.nodes)}
    assert all(order[tail] < order[head] for tail, head in edges), "no cycle"


def test_a_run_opens(shell: InteractiveShell) -> None:
    """Opened, a run shows its operations in a frame with the expression as its name."""
    _, trace = trace_cell(shell, ROUNDS)
    name = "torch.tanh(h * 3.5 + x) * torch.sin(h) - 0.1"
    graph = graph_of(trace, "y", folding=Folding().open(name))
    check(graph)
    inside = [node for node in graph.nodes if name in node.group]
    assert [node.symbol for node in inside] == ["× 3.5", "+", "tanh", "sin", "×", "− 0.1"]
    assert {node.count for node in inside} == {7}


def test_gradients_of_runs(shell: InteractiveShell) -> None:
    """The gradient on a run's card is that of its value."""
    shell.run_line_magic("load_ext", "magics_pkg")
    body = ROUNDS.replace("y = h.sum()", "h.retain_grad()\nkept = h\ny = h.sum()\ny.backward()")
    shell.run_cell(f"%%backward -o e --quiet\n{body}").raise_error()
    made: Any = shell.user_ns["e"]
    card = [node for node in made.graph.nodes if node.folded][-1]
    linear = made._numbers()
    begin = linear.offsets[card.grad]
    shown = linear.shown(linear.start)[begin : begin + 3]
    np.testing.assert_allclose(shown, shell.user_ns["kept"].grad.numpy(), rtol=1e-6)
    made.close()
