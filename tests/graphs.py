"""Graphs of cells, for the tests of tracing: run a cell, and look at its graph."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from graphlib import TopologicalSorter
from types import ModuleType
from typing import Any

import numpy as np
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

import engine
from magics_pkg.graphs.graph import Graph, Node, graph_of
from magics_pkg.tracing.recorder import trace_cell

X = "x = torch.tensor([1., 2., 3.], requires_grad=True)\n"
TANH = X + "w = torch.tensor([1.5, 0.25, -0.75], requires_grad=True)\ny = torch.tanh(x * w) + x ** 2 / 3\n"


@contextlib.contextmanager
def bare_shell(library: ModuleType = engine) -> Iterator[InteractiveShell]:
    """An IPython without magics of ours, in which torch is this library."""
    settings = Config()
    settings.HistoryManager.enabled = False
    InteractiveShell.clear_instance()
    made = InteractiveShell.instance(config=settings)
    made.user_ns.update(torch=library, nn=library.nn)
    try:
        yield made
    finally:
        made.restore_sys_module_state()
        InteractiveShell.clear_instance()


def drawn(shell: InteractiveShell, source: str, **options: Any) -> Graph:
    """The graph of a cell; it must be a graph that can be drawn."""
    _, trace = trace_cell(shell, source)
    graph = graph_of(trace, **options)
    check(graph)
    trace.close()
    return graph


def check(graph: Graph) -> None:
    """What every graph promises to those who draw it."""
    ids = [node.id for node in graph.nodes]
    assert len(set(ids)) == len(ids)
    assert len({edge.id for edge in graph.edges}) == len(graph.edges)
    names = [quantity.name for quantity in graph.quantities]
    assert len(set(names)) == len(names), "each number has a name of its own"
    assert {graph.output, *graph.leaves, *graph.outputs} <= set(ids)
    assert all(edge.tail in ids and edge.head in ids for edge in graph.edges)
    assert all(graph.node(each).output for each in graph.outputs)
    order = TopologicalSorter({each: [] for each in ids})
    for edge in graph.edges:
        if not edge.carried:
            order.add(edge.head, edge.tail)
    order.prepare()  # raises where there is a cycle
    for node in graph.nodes:
        assert node.kind in ("leaf", "op", "constant")
        assert (node.kind == "constant") <= (node.grad is None)
        assert len(node.value.entries) <= 100
        assert node.repeat_of is None or node.repeat_of in ids
    for index in [each.grad for each in (*graph.nodes, *graph.edges) if each.grad is not None]:
        quantity = graph.quantities[index]
        assert len(quantity.indices) <= max(int(np.prod(quantity.shape)), 0)


def named(graph: Graph, name: str) -> Node:
    """The first card of this name."""
    return next(node for node in graph.nodes if node.name == name)


def cards(graph: Graph) -> list[tuple[str, str, str]]:
    """Name, sign and source of each operation."""
    return [(node.name, node.symbol, node.source) for node in graph.nodes if node.kind == "op"]


def arrows(graph: Graph) -> list[str]:
    """Each edge as the names of its ends."""
    said = {node.id: node.name or node.source for node in graph.nodes}
    return [f"{said[edge.tail]} → {said[edge.head]}" for edge in graph.edges]
