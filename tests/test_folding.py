"""Large graphs stay legible: loops, functions, lines and leaves share cards, copies of a leaf keep edges short."""

from __future__ import annotations

import time
from collections.abc import Iterator
from types import ModuleType

import pytest
from IPython.core.interactiveshell import InteractiveShell

from magics_pkg.graphs.graph import graph_of
from magics_pkg.tracing.recorder import trace_of
from tests.graphs import TANH, X, bare_shell, cards, check, drawn


@pytest.fixture
def shell(library: ModuleType) -> Iterator[InteractiveShell]:
    """An IPython in which torch is each library."""
    with bare_shell(library) as made:
        yield made


def test_shared_leaf_is_drawn_again(shell: InteractiveShell) -> None:
    """A leaf that a long chain uses has copies, so that no edge runs across the whole picture."""
    graph = drawn(shell, X + "y = x\nfor i in range(40):\n    y = y * x", output="y")
    copies = [node for node in graph.nodes if node.repeat_of]
    original = graph.node(graph.leaves[0])
    assert len(copies) > 3
    assert {node.repeat_of for node in copies} == {original.id}
    assert {node.grad for node in copies} == {original.grad}
    uses: dict[str, int] = {}
    for edge in graph.edges:
        uses[edge.tail] = uses.get(edge.tail, 0) + 1
    assert max(uses[node.id] for node in (original, *copies)) <= 8
    assert not [node for node in drawn(shell, TANH, output="y").nodes if node.repeat_of], (
        "a small graph needs no copies"
    )


def test_loop_folds(shell: InteractiveShell) -> None:
    """Above the limit a loop is one card for each place in it, with its visits and its carried edges."""
    source = X + "h = x\nfor i in range(200):\n    a = h * 1.01\n    h = a + 1\ny = h.sum()"
    graph = drawn(shell, source, output="y", max_nodes=20)
    assert [(node.symbol, node.count) for node in graph.nodes] == [("", 1), ("× 1.01", 200), ("+ 1", 200), ("Σ", 1)]
    carried = [edge for edge in graph.edges if edge.carried]
    assert [(graph.node(edge.tail).symbol, graph.node(edge.head).symbol) for edge in carried] == [("+ 1", "× 1.01")]
    assert [entry[1] for entry in graph.nodes[2].value.entries][:1] == [float(shell.user_ns["h"][0])]


def test_functions_fold(shell: InteractiveShell) -> None:
    """Where places are too many, what a function did is one card with the expression that called it."""
    body = "\n".join(f"    u = u * {i} + 1" for i in range(30))
    graph = drawn(shell, X + f"def f(u):\n{body}\n    return u\ny = f(x).sum()", output="y", max_nodes=10)
    assert cards(graph)[0] == ("", "⋯", "f(x)")
    assert graph.nodes[1].count == 60


def test_unrecorded_code_folds_in_the_middle(shell: InteractiveShell) -> None:
    """Where nothing says which lines made a graph, its first and last cards stay, and one stands for the others."""
    lines = "\n".join(f"y = y * {i}" for i in range(1000))
    shell.run_cell(X + f"y = x\n{lines}").raise_error()
    graph = graph_of(trace_of(shell.user_ns["y"], shell.user_ns), max_nodes=21)
    check(graph)
    assert len(graph.nodes) <= 21
    (middle,) = [node for node in graph.nodes if node.symbol == "⋯"]
    assert middle.count > 900
    assert "not drawn" in middle.note


def test_many_leaves_share_a_card(shell: InteractiveShell) -> None:
    """Hundreds of leaves do not make hundreds of cards."""
    source = "ws = [torch.ones(2, requires_grad=True) for _ in range(300)]\ny = sum(w * 2 for w in ws)"
    graph = drawn(shell, source, output="y", max_nodes=30)
    assert len(graph.nodes) <= 40
    assert sum(node.count for node in graph.nodes if node.kind == "leaf" and node.repeat_of is None) == 300


def test_a_hundred_thousand_operations(shell: InteractiveShell) -> None:
    """No recursion and no minutes: such a loop is three cards, recorded or not."""
    source = X + "y = x\nfor i in range(100_000):\n    y = y * 1.0001\nz = y.sum()"
    began = time.process_time()
    graph = drawn(shell, source, output="z")
    assert [(node.name, node.count) for node in graph.nodes] == [("x", 1), ("y", 100_000), ("z", 1)]
    graph = graph_of(trace_of(shell.user_ns["z"], shell.user_ns), max_nodes=20)
    check(graph)
    assert len(graph.nodes) == 20
    assert time.process_time() - began < 60
