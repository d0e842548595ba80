"""The graph that is drawn: a card for each call, edges, values, outputs; on every kind of program."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from IPython.core.interactiveshell import InteractiveShell

from magics_pkg.cells.cell import run_cell
from magics_pkg.errors import OutputError, UsageError
from magics_pkg.graphs.graph import graph_of, values_of
from magics_pkg.tracing.recorder import trace_cell, trace_of
from tests.graphs import TANH, X, arrows, bare_shell, cards, check, drawn, named


@pytest.fixture
def shell(library: ModuleType) -> Iterator[InteractiveShell]:
    """An IPython in which torch is each library."""
    with bare_shell(library) as made:
        yield made


def test_the_picture_in_the_readme(shell: InteractiveShell) -> None:
    """Cards, edges and quantities of the program that the panel's drawing shows."""
    graph = drawn(shell, TANH + "y.backward(torch.tensor([1.0, 0.5, -0.25]))")
    assert cards(graph) == [
        ("", "×", "x * w"),
        ("", "tanh", "torch.tanh(x * w)"),
        ("", "x²", "x ** 2"),
        ("", "÷ 3", "x ** 2 / 3"),
        ("y", "+", "torch.tanh(x * w) + x ** 2 / 3"),
    ]
    assert arrows(graph) == [
        "x → x * w",
        "w → x * w",
        "x * w → torch.tanh(x * w)",
        "x → x ** 2",
        "x ** 2 → x ** 2 / 3",
        "torch.tanh(x * w) → y",
        "x ** 2 / 3 → y",
    ]
    assert [graph.node(each).name for each in graph.leaves] == ["x", "w"]
    output = graph.node(graph.output)
    assert (output.name, output.op, output.line, output.shape, output.dtype) == (
        "y",
        "AddBackward0",
        4,
        (3,),
        "float32",
    )
    assert output.span == (3, 4, 3, 34)
    names = [quantity.name for quantity in graph.quantities]
    assert {"x.grad", "w.grad", "y.grad", "(x * w).grad", "x→x * w"} <= set(names)
    assert graph.code == TANH + "y.backward(torch.tensor([1.0, 0.5, -0.25]))"
    assert named(graph, "x").value.entries == (((0,), 1.0), ((1,), 2.0), ((2,), 3.0))


def test_quantities_are_found_in_a_sweep(shell: InteractiveShell) -> None:
    """Every quantity's key names something that a sweep of the kept graph returns, in its shape."""
    _, trace = trace_cell(shell, TANH + "z = (y * y).sum()\nz.backward()")
    graph = graph_of(trace)
    sweep = trace.backward.snapshot.run([None])
    for quantity in graph.quantities:
        match quantity.key:
            case ("leaf", node):
                found = sweep.leaves[node]
            case ("node", node, nr):
                found = sweep.nodes[node][nr]
            case ("edge", node, slot):
                found = sweep.edges[node, slot]
        assert tuple(np.asarray(found).shape) == quantity.shape
    trace.close()


def test_parallel_edges(shell: InteractiveShell) -> None:
    """x * x is two edges, each with its own part of the gradient."""
    graph = drawn(shell, X + "y = x * x", output="y")
    assert arrows(graph) == ["x → y", "x → y"]
    first, second = (graph.quantities[edge.grad] for edge in graph.edges)
    assert (first.key[2], second.key[2]) == (0, 1)
    assert (first.name, second.name) == ("x→y", "x→y (2)")


def test_one_card_for_one_call(shell: InteractiveShell) -> None:
    """1 / x is one card of two nodes; edges inside it are not drawn."""
    graph = drawn(shell, X + "y = 1 / x", output="y")
    assert cards(graph) == [("y", "1 ÷", "1 / x")]
    assert arrows(graph) == ["x → y"]
    assert graph.node(graph.output).op == "MulBackward0"


def test_output_is_a_leaf(shell: InteractiveShell) -> None:
    """y = z; y.backward(z): one card, leaf and output at once."""
    graph = drawn(shell, "z = torch.linspace(-1, 1, steps=5, requires_grad=True)\ny = z\ny.backward(z)")
    (node,) = graph.nodes
    assert (node.kind, node.output, node.name) == ("leaf", True, "z")
    assert graph.output == graph.leaves[0] == node.id


def test_several_outputs(shell: InteractiveShell) -> None:
    """autograd.backward over two tensors marks both."""
    graph = drawn(shell, X + "a = x * 2\nb = a + 1\ntorch.autograd.backward([a.sum(), b.sum()])")
    assert len(graph.outputs) == 2
    assert graph.output == graph.outputs[0]


def test_constants_are_quiet(shell: InteractiveShell) -> None:
    """A tensor without grad is a card without a gradient; where it was cut off, it says so."""
    graph = drawn(shell, X + "c = torch.ones(3)\nd = (x * 2).detach()\ny = x * c + d", output="y")
    assert (named(graph, "c").kind, named(graph, "c").note) == ("constant", "")
    assert named(graph, "d").note == "cut by detach"
    assert all(edge.grad is None for edge in graph.edges if edge.tail == named(graph, "c").id)
    assert "c → x * c" in arrows(graph)


def test_values_are_those_of_the_time(shell: InteractiveShell) -> None:
    """A tensor that was written over later is shown as it was when its card made it."""
    graph = drawn(shell, X + "h = x * 2\ng = h + 1\nh.mul_(10)\ny = g + h", output="y")
    first, last = [node for node in graph.nodes if node.name.startswith("h")]
    assert [entry[1] for entry in first.value.entries] == [2, 4, 6]
    assert [entry[1] for entry in last.value.entries] == [20, 40, 60]


def test_view_of_what_was_written_over(shell: InteractiveShell) -> None:
    """A view's node is made anew when its base changes; its card is still that of the call that made the view."""
    graph = drawn(shell, X + "h = x * 1\nv = h.view(3, 1)\nh.mul_(2)\ny = v.sum()", output="y")
    assert not [node for node in graph.nodes if "not recorded" in node.note]
    assert [node.name for node in graph.nodes if node.kind == "op"] in (["h #1", "h", "v", "y"], ["h #1", "h", "y"])


def test_leaf_as_it_was_when_backward_ran(shell: InteractiveShell) -> None:
    """A step after the backward does not change what the picture says the leaf held."""
    graph = drawn(shell, X + "(x * x).sum().backward()\nwith torch.no_grad():\n    x -= x.grad")
    leaf = graph.node(graph.leaves[0])
    assert [entry[1] for entry in leaf.value.entries] == [1, 2, 3]
    assert leaf.note == "changed in place since"
    assert leaf.source == "torch.tensor([1., 2., 3.], requires_grad=True)"


def test_existing_tensors(shell: InteractiveShell) -> None:
    """%backward y: names and values of what the namespace has, shapes of all, nothing run."""
    run_cell(shell, X + "h = torch.tanh(x * 2)\ny = h.sum() + (x * x).sum()")
    graph = graph_of(trace_of(shell.user_ns["y"], shell.user_ns))
    check(graph)
    assert [node.name for node in graph.nodes] == ["x", "", "h", "", "", "", "y"]
    assert [node.symbol for node in graph.nodes][1:] == ["×", "tanh", "Σ", "×", "Σ", "+"]
    assert all(node.grad is not None for node in graph.nodes)
    assert graph.nodes[1].shape == (3,)
    assert graph.nodes[2].value.complete
    assert graph.code == ""


def test_made_in_an_earlier_cell(shell: InteractiveShell) -> None:
    """The part of the graph that an earlier cell made is drawn too, and said to be so."""
    run_cell(shell, X + "h = x * 2")
    graph = drawn(shell, "y = h + 1", output="y")
    assert [node.name for node in graph.nodes] == ["x", "h", "y"]
    assert "not recorded" in named(graph, "h").note
    assert named(graph, "y").note == ""


def test_cell_that_raises(shell: InteractiveShell) -> None:
    """The graph as far as it got, with the call that raised as a card of its own."""
    graph = drawn(shell, X + "y = x * 2\nz = y + torch.ones(2)\nw = z * 3")
    assert graph.node(graph.output).name == "y"
    guilty = graph.nodes[-1]
    assert (guilty.source, guilty.symbol, guilty.line) == ("y + torch.ones(2)", "+", 4)
    assert guilty.note.startswith("RuntimeError: The size of tensor a (3)")
    assert (graph.edges[-1].tail, graph.edges[-1].head, graph.edges[-1].grad) == (graph.output, guilty.id, None)


def test_call_on_leaves_that_raises(shell: InteractiveShell) -> None:
    """What was computed before is drawn even where the call that raised took only leaves."""
    graph = drawn(shell, X + "y = x * 2\nx + torch.ones(2)")
    assert [node.name for node in graph.nodes if node.kind == "op"] == ["y", ""]
    graph = drawn(shell, X + "x + torch.ones(2)")
    assert (graph.node(graph.output).kind, graph.nodes[-1].symbol) == ("leaf", "+")


def test_cell_whose_backward_raises(shell: InteractiveShell) -> None:
    """A wrong v still shows the graph that it was meant for."""
    graph = drawn(shell, X + "y = x * 2\ny.backward([0.1, 1.0, 0.0001])")
    assert graph.node(graph.output).name == "y"
    outcome, trace = trace_cell(shell, X + "y = x * 2\nraise ValueError('mine')")
    assert str(outcome.error) == "mine"
    assert graph_of(trace).node(graph_of(trace).output).name == "y"


@pytest.mark.parametrize(
    "source, output, text",
    [
        ("x = 3", None, "calls no backward() and ends in no tensor"),
        ("3", None, "not a tensor but of type int"),
        ("y = [1]", "y", "not a tensor but of type int"),
        ("y = []", "y", "is empty"),
        ("y = {}", "y", "not a tensor but of type dict"),
        ("y = torch.ones(3)", "y", "y has no graph"),
        ("y = (torch.ones(3, requires_grad=True) * 2).detach()", "y", "y has no graph"),
        ("y = 1", "q", "there is no q"),
        ("y = 1", "y.nothing", "there is no y.nothing"),
        ("y = [1]", "y[3]", "there is no y[3]"),
        ("y = 1", "print('run')", "is not a name"),
        ("1 / 0", None, "raised before"),
    ],
)
def test_no_such_output(shell: InteractiveShell, source: str, output: str | None, text: str) -> None:
    """Each way of having no output is one sentence."""
    _, trace = trace_cell(shell, source)
    with pytest.raises(OutputError) as caught:
        graph_of(trace, output)
    assert text in str(caught.value)
    assert "\n" not in str(caught.value)


def test_last_expression(shell: InteractiveShell) -> None:
    """Without a backward the cell's value is the output; with one, that one's is."""
    assert drawn(shell, X + "x * 2").nodes[-1].source == "x * 2"
    graph = drawn(shell, X + "y = x * 2\ny.sum().backward()\ny * 3")
    assert graph.node(graph.output).source == "y.sum()"


def test_wrt(shell: InteractiveShell) -> None:
    """Only the chosen leaves' gradients are shown; a wrong name gets the nearest right one."""
    graph = drawn(shell, TANH, output="y", wrt=["w"])
    assert [graph.node(each).name for each in graph.leaves] == ["w"]
    assert named(graph, "x").grad is None
    with pytest.raises(UsageError, match="'ww' is not known; did you mean w"):
        drawn(shell, TANH, output="y", wrt=["ww"])


def test_second_derivative(shell: InteractiveShell) -> None:
    """What autograd.grad made with create_graph is drawn on the graph that it went through; see test_layers.py."""
    graph = drawn(
        shell,
        X + "y = (x ** 3).sum()\ng, = torch.autograd.grad(y, x, create_graph=True)\nh = (g * g).sum()\nh.backward()",
    )
    assert (named(graph, "g").symbol, named(graph, "g").source) == ("∂ x³", "derivative of x ** 3")
    assert graph.node(named(graph, "g").derives).source == "x ** 3"


def test_nan_inf_bool_and_empty(shell: InteractiveShell) -> None:
    """Values are copied as they are."""
    graph = drawn(shell, "x = torch.tensor([0., -1.], requires_grad=True)\ny = torch.log(x)", output="y")
    entries = [entry[1] for entry in graph.node(graph.output).value.entries]
    assert entries[0] == float("-inf")
    assert entries[1] != entries[1]
    graph = drawn(shell, "x = torch.zeros(0, requires_grad=True)\ny = x.sum()", output="y")
    assert graph.nodes[0].value.entries == ()
    assert graph.nodes[0].value.complete


def test_large_tensors_are_not_copied(shell: InteractiveShell) -> None:
    """A million elements leave a handful of entries."""
    graph = drawn(shell, "x = torch.ones(1000, 1000, requires_grad=True)\ny = x * 2", output="y")
    for node in graph.nodes:
        assert len(node.value.entries) == 100
        assert not node.value.complete
        assert node.value.entries[0] == ((0, 0), node.value.entries[0][1])


@pytest.mark.parametrize(
    "shape", [(), (1,), (5,), (2, 3), (3, 2, 4), (0,), (2, 0), (7, 1, 3), (200,), (11, 13), (50, 2, 2)]
)
def test_first_entries(shape: tuple[int, ...]) -> None:
    """The entries are the first in C order with their indices, whatever the shape."""
    array = np.arange(int(np.prod(shape)), dtype=np.float32).reshape(shape)
    values = values_of(array, 24)
    expected = [(tuple(map(int, index)), float(value)) for index, value in np.ndenumerate(array)][:24]
    assert list(values.entries) == expected
    assert values.complete == (array.size <= 24)
    assert values_of(array.T, 24).shape == array.T.shape


def test_graph_holds_no_tensor(shell: InteractiveShell) -> None:
    """Apart from the nodes in the keys everything is plain Python."""
    graph = drawn(shell, TANH, output="y")
    plain = dataclasses.replace(graph, quantities=())
    assert "tensor" not in repr(plain).replace("torch.tensor([", "").lower()


def test_thirty_nodes_are_quick(shell: InteractiveShell) -> None:
    """Trace and graph of 30 cards cost a few milliseconds; the limit leaves room for a slow, busy machine."""
    steps = "\n".join(f"h{i} = torch.tanh(y * {i} + x)\ny = y + h{i} * w" for i in range(6))
    source = X + f"w = torch.ones(3, requires_grad=True)\ny = x * w\n{steps}\ny.backward(torch.ones(3))"
    times = []
    for _ in range(10):
        began = time.process_time()
        _, trace = trace_cell(shell, source)
        graph = graph_of(trace)
        times.append(time.process_time() - began)
        trace.close()
    assert len(graph.nodes) >= 30
    assert min(times) < 0.04


def test_torch_gives_the_same_graph(shell: InteractiveShell, torch: Any) -> None:
    """On real PyTorch the cards, names and edges are the same."""
    source = TANH + "z = 1 / y\nfor i in range(3):\n    z = z * 2\n(z - w).sum().backward()"
    ours = drawn(shell, source)
    shell.user_ns["torch"] = torch
    theirs = drawn(shell, source)
    assert cards(ours) == cards(theirs)
    assert sorted(arrows(ours)) == sorted(arrows(theirs))
    assert [each.name for each in ours.quantities] == [each.name for each in theirs.quantities]
