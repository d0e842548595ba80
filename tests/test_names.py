"""What cards are called: names from the namespace and the code, signs, groups."""

from __future__ import annotations

from collections.abc import Iterator
from types import ModuleType

import pytest
from IPython.core.interactiveshell import InteractiveShell

from magics_pkg.graphs.graph import graph_of
from magics_pkg.graphs.wording import numbered
from magics_pkg.tracing.recorder import trace_cell
from tests.graphs import X, bare_shell, drawn, named


@pytest.fixture
def shell(library: ModuleType) -> Iterator[InteractiveShell]:
    """An IPython in which torch is each library."""
    with bare_shell(library) as made:
        yield made


def test_loop_that_reuses_a_name(shell: InteractiveShell) -> None:
    """Each round has a name of its own and the same source; the name itself is the last one's."""
    source = "y = x * 2\nwhile y.detach().numpy().max() < 100:\n    y = y * 2\ny.backward(torch.ones(3))"
    graph = drawn(shell, X + source)
    names = [node.name for node in graph.nodes if node.kind == "op"]
    assert names == ["y #1", "y #2", "y #3", "y #4", "y #5", "y"]
    assert {node.source for node in graph.nodes[2:]} == {"y * 2"}
    assert {node.line for node in graph.nodes[2:]} == {5}
    assert "(y #3).grad" in [quantity.name for quantity in graph.quantities]


def test_numbering() -> None:
    """The name after the cell is its owner's; without one all are numbered."""
    assert numbered(["y", "", "y", "z", "y"], {4}) == ["y #1", "", "y #2", "z", "y"]
    assert numbered(["h", "h"], set()) == ["h #1", "h #2"]


@pytest.mark.parametrize(
    "source, expected",
    [
        ("a, b = x * 2, x * 3\ny = a + b", ["a", "b", "y"]),
        ("(a, b), c = (x * 2, x * 3), x * 4\ny = a + b + c", ["a", "b", "c", "", "y"]),
        ("hs = [x * 2, x * 3]\ny = hs[0] + hs[1]", ["hs[0]", "hs[1]", "y"]),
        ("hs = [x * k for k in range(2)]\ny = hs[0] + hs[1]", ["hs[0]", "hs[1]", "y"]),
        ("hs = []\nfor k in range(2):\n    hs.append(x * k)\ny = hs[0] + hs[1]", ["hs[0]", "hs[1]", "y"]),
        ("d = {'a': x * 2}\nd['b'] = d['a'] * 3\ny = d['b'] + 1", ["d['a']", "d['b']", "y"]),
        ("y = (h := x * 2) + h", ["h", "y"]),
        ("h: object = x * 2\ny = h + 1", ["h", "y"]),
        ("def f(u):\n    h = u * 2\n    return h + 1\ny = f(x)", ["h", "y"]),
        ("def f(u):\n    return u * 2\ny = f(x) + f(x)", ["", "", "y"]),
        ("f = lambda u: u * 2\nz = f(x)\ny = z + 1", ["z", "y"]),
        ("жар = x * 2\ny = жар + 1", ["жар", "y"]),
        ("y = z = x * 2\ny = y + z", ["z", "y"]),
        ("h = x * 2\nh += 1\nh.mul_(2)\ny = h + 1", ["h #1", "h #2", "h", "y"]),
        ("def main():\n    q = x * 2\n    return q + 1\ny = main()", ["q", "y"]),
        ("a, b = (x * 2).unbind()[:2]\ny = a * b", ["", "a", "y"]),
    ],
)
def test_names(shell: InteractiveShell, source: str, expected: list[str]) -> None:
    """Names come from the namespace after the cell, else from the assignment around the expression."""
    graph = drawn(shell, X + source, output="y")
    assert [node.name for node in graph.nodes if node.kind == "op"] == expected


@pytest.mark.parametrize(
    "source, expected",
    [
        ("class Box: pass\no = Box()\no.w = torch.ones(3, requires_grad=True)\ny = o.w * 2", "o.w"),
        ("cfg = {'p': torch.ones(3, requires_grad=True)}\ny = cfg['p'] * 2", "cfg['p']"),
        ("ws = [torch.ones(3, requires_grad=True)]\ny = ws[0] * 2", "ws[0]"),
        ("def f():\n    w = torch.ones(3, requires_grad=True)\n    return w * 2\ny = f()", "w"),
        ("y = torch.ones(3, requires_grad=True) * 2", "torch.ones(3, requires_grad=True)"),
        ("x = torch.ones(3, requires_grad=True)\ny = x * 2\ndel x", "x"),
        ("z = torch.ones(3, requires_grad=True)\ny = z", "z"),
    ],
)
def test_leaf_names(shell: InteractiveShell, source: str, expected: str) -> None:
    """A leaf is called by the namespace, else by its assignment, else by its expression."""
    graph = drawn(shell, source, output="y")
    assert [graph.node(each).name for each in graph.leaves] == [expected]


def test_overwritten_name(shell: InteractiveShell) -> None:
    """A leaf whose name means something else now is not mistaken for it."""
    graph = drawn(shell, X + "x = x * 2\ny = x + 1", output="y")
    leaf = graph.node(graph.leaves[0])
    assert leaf.name == "x #1"
    assert "something else" in leaf.note
    assert named(graph, "x").kind == "op"


def test_signs(shell: InteractiveShell) -> None:
    """Operators are drawn as signs, with the number they have, either way round."""
    lines = "x + 2|2 + x|x - 1|1 - x|x * 3|3 * x|x / 4|4 / x|-x|x ** 3|2 ** x|x ** 0.5|x @ x|x * k|x.sum()|x.exp()|x[0]"
    expected = "+ 2|+ 2|− 1|1 −|× 3|× 3|÷ 4|4 ÷|−|x³|2^x|x^0.5|@|× 5|Σ|exp|[0]"
    for line, sign in zip(lines.split("|"), expected.split("|"), strict=True):
        graph = drawn(shell, X + f"k = 5\ny = {line}", output="y")
        assert [node.symbol for node in graph.nodes if node.kind == "op"] == [sign], line


def test_named_outputs(shell: InteractiveShell) -> None:
    """An output may be an attribute or an entry; looking it up runs nothing."""
    _, trace = trace_cell(shell, X + "hs = [x * 2]\nd = {'k': hs[0] * 3}\nd['k'].sum().backward()")
    for text, source in (("hs[0]", "x * 2"), ("d['k']", "hs[0] * 3")):
        graph = graph_of(trace, text)
        assert (graph.node(graph.output).name, graph.node(graph.output).source) == (text, source)


def test_modules(shell: InteractiveShell) -> None:
    """Parameters have their paths; what a module did is its group; forward's own source is shown."""
    source = (
        "class Net(nn.Module):\n    def __init__(self):\n        super().__init__()\n"
        "        self.fc1 = nn.Linear(2, 3)\n        self.fc2 = nn.Linear(3, 1)\n"
        "    def forward(self, x):\n        h = torch.tanh(self.fc1(x))\n        return self.fc2(h)\n"
        "model = Net()\nX = torch.ones(4, 2)\nloss = model(X).sum()\nloss.backward()"
    )
    graph = drawn(shell, source)
    leaves = [graph.node(each).name for each in graph.leaves]
    assert sorted(leaves) == ["model.fc1.bias", "model.fc1.weight", "model.fc2.bias", "model.fc2.weight"]
    assert "model.fc1.weight.grad" in [quantity.name for quantity in graph.quantities]
    sources = [node.source for node in graph.nodes if node.kind == "op"]
    assert sources[-4:] == ["self.fc1(x)", "torch.tanh(self.fc1(x))", "self.fc2(h)", "model(X).sum()"]
    assert named(graph, "h").group == ("model",)
    assert named(graph, "loss").group == ()
    assert named(graph, "X").kind == "constant"


def test_modules_inside_of_a_librarys(shell: InteractiveShell) -> None:
    """In a Sequential all operations have one source: each is called by its module, if that has no other operation."""
    source = "r = nn.ReLU()\nmodel = nn.Sequential({})\ny = model(torch.ones(4, 2))\ny.sum().backward()"
    graph = drawn(shell, source.format("nn.Linear(2, 3), nn.ReLU(), nn.Softplus(), nn.Linear(3, 1)"))
    assert [node.name for node in graph.nodes if node.kind == "op"] == ["model.0", "model.1", "model.2", "y", ""]
    assert "model.1.grad" in [quantity.name for quantity in graph.quantities]
    graph = drawn(shell, source.format("nn.Linear(2, 3), r, nn.Linear(3, 3), r, nn.Linear(3, 1)"))
    assert [node.name for node in graph.nodes if node.kind == "op"] == ["model.0", "", "model.2", "", "y", ""]


def test_second_graph_of_a_librarys_module(shell: InteractiveShell) -> None:
    """The cards of a derivative go by the modules that they are the derivative of and by."""
    source = (
        "u = nn.Sequential(nn.Linear(1, 2), nn.Tanh(), nn.Linear(2, 1))\nt = torch.ones(3, 1, requires_grad=True)\n"
        "y = u(t)\n(d,) = torch.autograd.grad(y, t, torch.ones_like(y), create_graph=True)\nd.sum().backward()"
    )
    graph = drawn(shell, source)
    made = {node.name: node.source for node in graph.nodes if node.level}
    assert made["∂y/∂u.1"] == "derivative of u.2"
    assert made["∂y/∂u.0"] == "derivative of u.1"
    assert made["d"] == "derivative of u.0"


def test_what_sentences_call_a_card(shell: InteractiveShell) -> None:
    """Its name, else its code; but its sign where other operations have the same code."""
    source = "y = (x * 2).abs() + 1\ny.sum().backward()"
    assert list(drawn(shell, X + source).called.values()) == ["x", "x * 2", "(x * 2).abs()", "y", "y.sum()"]
    source = "y = nn.TransformerEncoderLayer(2, 1, 2, dropout=0.0)(torch.ones(3, 1, 2)).sum()\ny.backward()"
    graph = drawn(shell, source)
    shared = [node for node in graph.nodes if node.kind == "op" and not node.name]
    assert {"+", "relu"} <= {graph.called[node.id] for node in shared}
    assert len({node.source for node in shared}) == 1


def test_groups(shell: InteractiveShell) -> None:
    """Each call of a function is a group; one card alone, or everything, is none."""
    function = "def f(u):\n    h = u * 2\n    return h + 1\n"
    graph = drawn(shell, X + function + "a = f(x)\nb = f(a)\ny = b.sum()", output="y")
    groups = [node.group for node in graph.nodes if node.kind == "op"]
    assert groups == [("f()",), ("f()",), ("f() #2",), ("f() #2",), ()]
    graph = drawn(shell, X + function + "y = f(x)", output="y")
    assert {node.group for node in graph.nodes} == {()}


def test_nothing_user_given_is_run(shell: InteractiveShell) -> None:
    """Names that look like markup or code are text."""
    source = X + "d = {'<script>alert(1)</script>': x * 2}\ny = d['<script>alert(1)</script>'] + 1"
    graph = drawn(shell, source, output="y")
    assert "d['<script>alert(1)</script>']" in [node.name for node in graph.nodes]
