"""Modules are groups: folded where there is much, opened to any depth, each edge as the autograd graph has it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from IPython.core.interactiveshell import InteractiveShell

from magics_pkg.backends import plain
from magics_pkg.graphs.depth import Folding
from magics_pkg.graphs.graph import Graph, Node, graph_of
from magics_pkg.graphs.outputs import outputs_of
from magics_pkg.tracing.recorder import trace_cell
from magics_pkg.tracing.trace import Trace
from tests import networks
from tests.graphs import X, bare_shell, check

NETWORKS = [("engine", "RESNET"), ("torch", "RESNET"), ("torch", "TRANSFORMER")]
DEPTHS = (None, 0, 1, 2, 3, math.inf)


@pytest.fixture
def shell(library: ModuleType) -> Iterator[InteractiveShell]:
    """An IPython in which torch is the engine, then one in which it is PyTorch."""
    with bare_shell(library) as made:
        yield made


@pytest.fixture(scope="module", params=NETWORKS, ids="-".join)
def network(request: pytest.FixtureRequest) -> Iterator[Trace]:
    """The trace of a network's step; the network comes from another cell."""
    library, name = request.param
    with bare_shell(pytest.importorskip(library)) as made:
        made.run_cell(getattr(networks, name)).raise_error()
        outcome, trace = trace_cell(made, getattr(networks, f"{name}_STEP"))
        assert outcome.error is None
        yield trace
        trace.close()


def drawn(shell: InteractiveShell, source: str, folding: Folding | None = None, most: int = 100) -> Graph:
    """The graph of a cell that computes ``loss``, folded so."""
    outcome, trace = trace_cell(shell, f"{source}\nloss.backward()")
    assert outcome.error is None, outcome.error
    graph = graph_of(trace, max_nodes=most, folding=folding)
    check(graph)
    trace.close()
    return graph


def operations(graph: Graph) -> list[Node]:
    """Its cards of operations."""
    return [node for node in graph.nodes if node.kind == "op"]


def ways_of(key: tuple[Any, ...]) -> Iterator[tuple[Any, int]]:
    """The ways of the autograd graph, as (node, slot), behind the gradient on an edge."""
    if key[0] == "edge":
        yield key[1:]
    elif key[0] == "sum":
        for each in key[1:]:
            yield from ways_of(each)
    else:
        for each, _ in key[1:]:
            yield from ways_of(each)


def everything(trace: Trace) -> dict[Any, tuple[Any, ...]]:
    """Each node of the autograd graph with its ``next_functions``."""
    found: dict[Any, tuple[Any, ...]] = {}
    pending = [root.grad_fn for root in outputs_of(trace)]
    while pending:
        node = pending.pop()
        if node is not None and node not in found:
            found[node] = node.next_functions
            pending += [each for each, _ in node.next_functions]
    return found


@pytest.mark.parametrize("depth", DEPTHS)
def test_edges_are_those_of_the_autograd_graph(network: Trace, depth: float | None) -> None:
    """What the edges leave out lies inside of cards: without their ways the graph falls apart into just the cards."""
    graph = graph_of(network, max_nodes=400, folding=Folding(depth))
    check(graph)
    assert not [edge for edge in graph.edges if edge.carried], "nothing here is a loop"
    drawn_ways = {
        way: edge for edge in graph.edges if edge.grad is not None for way in ways_of(graph.quantities[edge.grad].key)
    }
    nodes = everything(network)
    piece = {node: node for node in nodes}

    def find(node: Any) -> Any:
        while piece[node] is not node:
            node = piece[node]
        return node

    for node, following in nodes.items():
        for slot, (other, _) in enumerate(following):
            if other is not None and other.next_functions and (node, slot) not in drawn_ways:
                piece[find(other)] = find(node)
    card = {}
    for each in operations(graph):
        assert each.grad is not None
        kind, node, _ = graph.quantities[each.grad].key
        assert kind == "node"
        card[each.id] = find(node)
    assert len(set(card.values())) == len(card)
    assert set(card.values()) == {find(node) for node in nodes if node.next_functions}
    for (node, slot), edge in drawn_ways.items():
        assert card[edge.head] is find(node)
        target = nodes[node][slot][0]
        if edge.tail in card:
            assert card[edge.tail] is find(target)
        else:
            assert graph.node(edge.tail).kind == "leaf"
            assert not target.next_functions


def test_a_network_is_legible(network: Trace) -> None:
    """Folded by itself it is at most thirty cards or so, each module under its path, with its class and its size."""
    graph = graph_of(network)
    assert 8 <= len(graph.nodes) <= 32
    folded = {node.folded: node for node in graph.nodes if node.folded}
    name, title = ("model.layer2.0", "BasicBlock") if "model.layer2.0" in folded else (
        "encoder.layers.1", "TransformerEncoderLayer"
    )  # fmt: skip
    card = folded[name]
    assert (card.name, card.symbol) == (name, title)
    assert card.operations in (9, 13)
    assert card.group == (("model", "model.layer2") if title == "BasicBlock" else ("encoder",))
    (parameters,) = [node for node in graph.nodes if node.name == f"{name}.parameters()"]
    assert parameters.shape == (230144,) if title == "BasicBlock" else (2224,)
    assert parameters.grad is not None


def test_depth(network: Trace) -> None:
    """`--depth 0` leaves the outermost modules and all parameters, each level opens more, `all` everything."""
    sizes = []
    for depth in DEPTHS[1:]:
        graph = graph_of(network, max_nodes=400, folding=Folding(depth))
        sizes.append(len(graph.nodes))
        assert sum(max(node.operations, 1) for node in operations(graph)) in (
            networks.RESNET_OPERATIONS,
            networks.TRANSFORMER_OPERATIONS,
        )
    assert sizes == sorted(sizes)
    assert sizes[0] <= 9
    assert not [node for node in graph.nodes if node.folded]


def test_opened_and_folded_by_name(network: Trace) -> None:
    """A group that is opened by name is a frame around its cards; one that is folded by name is a card."""
    first = graph_of(network)
    name = next(node.folded for node in first.nodes if node.operations > 1)
    opened = graph_of(network, folding=Folding().open(name))
    inside = [node for node in opened.nodes if name in node.group]
    assert len(inside) > 5
    assert not [node for node in opened.nodes if node.folded == name]
    outer = name.split(".")[0]
    closed = graph_of(network, folding=Folding().open(name).fold(outer))
    assert next(node.folded for node in closed.nodes if node.folded) == outer
    assert len(closed.nodes) < len(first.nodes)


BLOCK = """
class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(3, 3)
        self.act = nn.Tanh()
    def forward(self, x):
        return self.act(self.fc(x)) * x
x = torch.ones(2, 3, requires_grad=True)
"""


def test_gradient_of_a_card(shell: InteractiveShell) -> None:
    """A folded module's gradient is what arrives at its output; its parameters' is all of theirs, one after another."""
    torch = shell.user_ns["torch"]
    source = BLOCK + "b = Block()\nh = b(x)\nh.retain_grad()\nloss = (h * h).sum()\nloss.backward()"
    outcome, trace = trace_cell(shell, source)
    assert outcome.error is None
    graph = graph_of(trace, folding=Folding(0))
    (card,) = [node for node in graph.nodes if node.folded]
    assert (card.folded, card.name, card.symbol, card.source) == ("b", "h", "Block", "b(x)")
    assert graph.quantities[card.grad].key[:2] == ("node", shell.user_ns["h"].grad_fn)
    values = np.asarray([value for _, value in card.value.entries]).reshape(2, 3)
    np.testing.assert_array_equal(values, plain(shell.user_ns["h"]))
    (parameters,) = [node for node in graph.nodes if node.name == "b.parameters()"]
    quantity = graph.quantities[parameters.grad]
    assert (quantity.name, quantity.parts) == ("b.parameters().grad", ("b.fc.weight", "b.fc.bias"))
    vector = torch.nn.utils.parameters_to_vector(shell.user_ns["b"].parameters()).detach()
    np.testing.assert_array_equal([value for _, value in parameters.value.entries], plain(vector))
    assert [node.name for node in graph.nodes if node.kind == "leaf"] == ["b.parameters()", "x"]
    trace.close()


def test_a_module_in_a_loop(shell: InteractiveShell) -> None:
    """Called at one place again and again a module is one card with its visits, and an edge from each to the next."""
    source = BLOCK + "b = Block()\nh = x\nfor _ in range(3):\n    h = b(h)\nloss = h.sum()"
    graph = drawn(shell, source, Folding(0))
    (card,) = [node for node in graph.nodes if node.folded]
    assert (card.folded, card.count, card.operations) == ("b", 3, 3)
    assert [(edge.tail, edge.head) for edge in graph.edges if edge.carried] == [(card.id, card.id)]
    graph = drawn(shell, source, Folding(math.inf))
    assert not [edge for edge in graph.edges if edge.carried]


def test_a_sequential_in_a_loop(shell: InteractiveShell) -> None:
    """Visits to a module are told apart though its own loop goes over the same place of the library."""
    source = BLOCK + "net = nn.Sequential(nn.Tanh(), nn.Linear(3, 3), nn.Tanh())\nh = x\n"
    graph = drawn(shell, source + "for _ in range(4):\n    h = net(h)\nloss = h.sum()", Folding(0))
    (card,) = [node for node in graph.nodes if node.folded]
    assert (card.count, card.operations) == (4, 3)


def test_one_module_at_two_places(shell: InteractiveShell) -> None:
    """The same instance called at two places is two cards; its parameters flow into both."""
    source = BLOCK + "b = Block()\nfirst = b(x)\nsecond = b(first)\nloss = second.sum()"
    graph = drawn(shell, source, Folding(0))
    assert [node.folded for node in graph.nodes if node.folded] == ["b", "b #2"]
    (parameters,) = [node for node in graph.nodes if node.name == "b.parameters()"]
    heads = [graph.node(edge.head).name for edge in graph.edges if edge.tail == parameters.id]
    assert heads == ["first", "second"]


def test_modules_in_modules_and_functions(shell: InteractiveShell) -> None:
    """ModuleList, Sequential, functions between, and a module that no name leads to: by its class."""
    source = BLOCK + (
        "class Net(nn.Module):\n    def __init__(self):\n        super().__init__()\n"
        "        self.blocks = nn.ModuleList(Block() for _ in range(3))\n"
        "        self.head = nn.Sequential(nn.Linear(3, 3), nn.Tanh(), nn.Linear(3, 1))\n"
        "    def forward(self, x):\n        for block in self.blocks:\n            x = twice(block, x)\n"
        "        return self.head(x)\n"
        "def twice(module, x):\n    return module(x) * 2\n"
        "def main(x):\n    net = Net()\n    return net(x)\n"
        "loss = main(x).sum()"
    )
    everything_open = drawn(shell, source, Folding(math.inf))
    assert len(operations(everything_open)) == 3 * 4 + 3 + 1
    graph = drawn(shell, source, Folding(2))
    assert [node.folded for node in graph.nodes if node.folded] == ["twice()", "Net.head"]
    (loop, head) = [node for node in graph.nodes if node.folded]
    assert (loop.count, loop.operations, head.symbol, head.operations) == (3, 4, "Sequential", 3)
    assert [edge.tail == edge.head == loop.id for edge in graph.edges if edge.carried] == [True]
    graph = drawn(shell, source, Folding(3))
    names = [node.folded for node in graph.nodes if node.folded]
    assert names == ["Net.blocks.0", "Net.blocks.1", "Net.blocks.2", "Net.head.0", "Net.head.2"]
    assert {node.name for node in graph.nodes if node.kind == "leaf"} >= {"Net.blocks.0.parameters()"}


def test_small_graphs_stay_open(shell: InteractiveShell) -> None:
    """Where there is little to see, nothing is folded unasked."""
    graph = drawn(shell, BLOCK + "b = Block()\nloss = b(x).sum()")
    assert [node.symbol for node in operations(graph)] == ["linear", "tanh", "×", "Σ"]
    assert not [node for node in graph.nodes if node.folded]


def test_asked_for_by_name(shell: InteractiveShell) -> None:
    """A parameter that --wrt names keeps its card, whatever is folded."""
    _, trace = trace_cell(shell, BLOCK + "b = Block()\nloss = b(x).sum()\nloss.backward()")
    graph = graph_of(trace, wrt=["b.fc.bias"], folding=Folding(0))
    check(graph)
    assert [graph.node(each).name for each in graph.leaves] == ["b.fc.bias"]
    trace.close()


def test_functions_of_ones_own_stay_inside(shell: InteractiveShell) -> None:
    """A node that no recorded call made is drawn with the module that it was made in, so that no cycle appears."""
    source = X + (
        "class Square(torch.autograd.Function):\n    @staticmethod\n    def forward(ctx, a):\n"
        "        ctx.save_for_backward(a)\n        return a * a\n    @staticmethod\n    def backward(ctx, g):\n"
        "        (a,) = ctx.saved_tensors\n        return 2 * a * g\n"
        "class Net(nn.Module):\n    def forward(self, x):\n        return Square.apply(x + 1) * 3\n"
        "net = Net()\nloss = net(x).sum()"
    )
    graph = drawn(shell, source, Folding(0))
    (card,) = [node for node in graph.nodes if node.folded]
    assert (card.folded, card.operations) == ("net", 3)
    assert len(operations(graph)) == 2
    assert not [edge for edge in graph.edges if edge.carried]
