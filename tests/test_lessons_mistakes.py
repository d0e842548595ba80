"""Cells that raise, as learners write them: the panel is about the backward that failed, and names what is to blame."""

from __future__ import annotations

from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest
from IPython.core.interactiveshell import InteractiveShell

from tests import cells

X = "x = torch.tensor([1., 2.], requires_grad=True)\n"
W = "w = torch.ones(2, requires_grad=True)\n"
GAN = (
    "G, D = nn.Linear(2, 2), nn.Linear(2, 1)\nfake = torch.relu(G(torch.ones(1, 2)))\n"
    "D(fake).mean().backward()\nloss = -D(fake).mean()\nloss.backward()"
)
RNN = (
    "cell = nn.Linear(2, 2)\nh = torch.zeros(1, 2)\nfor _ in range(3):\n    h = torch.tanh(cell(h))\n"
    "    h.sum().backward()"
)


@pytest.fixture(scope="module")
def shell(library: ModuleType) -> Iterator[InteractiveShell]:
    """An IPython with torch bound to a library."""
    with cells.shell(library.__name__) as made:
        yield made


def explored(shell: InteractiveShell, source: str, *earlier: str) -> Any:
    """A cell's Exploration; other cells ran before it."""
    for each in earlier:
        cells.run(shell, each)
    shell.user_ns.pop("e", None)
    cells.run(shell, f"%%backward -o e --quiet\n{source}")
    return shell.user_ns["e"]


def marks(e: Any, kind: str) -> list[str]:
    """The cards with a mark, by what the user calls them."""
    return [node.name or node.source for node in e.graph.nodes if node.mark == kind]


@pytest.mark.parametrize(
    ("body", "output", "freed", "said"),
    [
        (X + "h = torch.sigmoid(x)\na = h.sum()\nb = (h * 2).sum()\na.backward()\nb.backward()", "b", ["h"],
         "The backward in line 6 freed what torch.sigmoid(x) had saved, and the one in line 7 needs it again"),
        (GAN, "loss", ["G(torch.ones(1, 2))", "fake"],
         "The backward in line 4 freed what torch.relu(G(torch.ones(1, 2))) had saved"),
        (X + "a = (x ** 2).sum()\nb = (x ** 3).sum()\na.backward()\nb.backward()\na.backward()", "a", ["x ** 2"],
         "The backward in line 5 freed what x ** 2 had saved, and the one in line 7"),
        (X + "h = x ** 2\nfor t in range(3):\n    loss = ((h - t) ** 2).sum()\n    loss.backward()", "loss", ["h"],
         "The backward in line 6 has run before and freed what x ** 2 had saved, and now needs it again: compute"),
        (RNN, "h.sum()", ["cell(h)", "h #2"],
         "The graph of this round goes on into that of the round before, where the backward in line 6 freed"),
        (W + "def train(w):\n    p = (w * w).sum()\n    p.backward()\n    p.backward()\ntrain(w)", "p", ["w * w"],
         "The backward in line 5 freed what w * w had saved, and the one in line 6 needs it again"),
    ],
)  # fmt: skip
def test_a_second_time(shell: InteractiveShell, body: str, output: str, freed: list[str], said: str) -> None:
    """The graph drawn is that of the backward that failed; freed is what an earlier one freed, not what this one did
    on its way there; the advice fits a loop, a state that a loop carries over, and a function."""
    e = explored(shell, body)
    assert marks(e, "error") == [output]
    assert marks(e, "freed") == freed
    assert len(e.notes) == 1
    assert e.notes[0].startswith(said)


def test_twice_within_a_function(shell: InteractiveShell) -> None:
    """Both calls of a function from another cell belong to one line of this one."""
    train = "def train(w):\n    p = (w * w).sum()\n    p.backward()\n    p.backward()"
    (note,) = explored(shell, f"{W}train(w)", train).notes
    assert note.startswith("train(w) in line 3 goes backward twice: the first time freed what w * w had saved")


def test_an_output_that_was_freed_itself(shell: InteractiveShell) -> None:
    """The card where backward failed may be the one that was freed: it says both, and the sentence names it."""
    e = explored(shell, "x = torch.tensor(3., requires_grad=True)\ny = x ** 2\ny.backward()\ny.backward()")
    (card,) = (node for node in e.graph.nodes if node.mark == "error")
    assert card.note == "freed in line 4 · RuntimeError: this backward in line 5 failed"
    assert e.notes[0].startswith("The backward in line 4 freed what x ** 2 had saved")


def test_freed_by_an_earlier_cell(shell: InteractiveShell) -> None:
    """A cell that is run twice: the backward that freed the graph is not in it."""
    e = explored(shell, "w = z * z\nw.sum().backward()", X + "z = x.exp()\nz.sum().backward()")
    assert marks(e, "freed") == ["z"]
    assert e.notes == (
        "A backward before this cell freed what z had saved: compute z again, or write retain_graph=True in that"
        " backward.",
    )


def test_the_backward_that_failed_after_one_that_went_through(shell: InteractiveShell) -> None:
    """Its output is drawn, not that of the one before; nothing moves, so nothing is said of sliders."""
    e = explored(shell, X + "(x ** 2).sum().backward()\ng = torch.autograd.grad(x ** 3, x)")
    assert marks(e, "error") == ["x ** 3"]
    assert e.notes == (
        "x ** 3 has 2 entries, and each has a gradient of its own: v must say how much each counts."
        " grad_outputs=torch.ones_like(x ** 3) counts all alike.",
    )


@pytest.mark.parametrize(
    ("call", "said"),
    [
        ("y.backward(torch.ones(2, 1))", "y has shape (2,), and v has shape (2, 1): v must have one weight for each"),
        ("y.sum().backward(torch.ones(1))", "y.sum() has shape (), and v has shape (1,)"),
        ("y.backward([1., 1.])", "Hint: the weights v must be a tensor of the output's shape"),
        ("y.sum().backward(1.0)", "Hint: backward takes a tensor, not a number"),
    ],
)
def test_a_wrong_v(shell: InteractiveShell, call: str, said: str) -> None:
    """Both shapes are named; where there is no better sentence the panel has the hint."""
    (note,) = explored(shell, f"{X}y = x * 2\n{call}").notes
    assert note.startswith(said)


def test_gradients_that_were_zero(shell: InteractiveShell) -> None:
    """After zero_grad(set_to_none=False) nothing accumulates, and nobody is told to call zero_grad()."""
    body = "net = nn.Linear(2, 1)\nfor _ in range(2):\n    net.zero_grad(set_to_none=False)\n"
    e = explored(shell, f"{body}    net(torch.ones(1, 2)).sum().backward()")
    assert (
        "net.weight.grad and net.bias.grad were 0 before this backward, so adding to them changed nothing." in e.notes
    )
    assert not [note for note in e.notes if "not empty" in note]
    assert marks(e, "held") == []


NET = "net = nn.Sequential(nn.Linear(2, 2), nn.Tanh(), nn.Linear(2, 1))\n"


@pytest.mark.parametrize(
    ("body", "saved", "said"),
    [
        (NET + "opt = torch.optim.SGD(net.parameters(), lr=0.1)\nloss = net(torch.ones(1, 2)).sum()\n"
         "loss.backward(retain_graph=True)\nopt.step()\nloss.backward()", ["saved version 1 of net.2.weight"],
         "opt.step() in line 6 wrote over a value that net.2 had saved"),
        (X + "y = x.exp()\nv = y[:1]\nv.mul_(3)\ny.sum().backward()", ["saved version 0 of y"],
         "v.mul_(3) in line 5 wrote over a value that x.exp() had saved"),
        (X + "net = nn.Sequential(nn.Sigmoid(), nn.ReLU(inplace=True))\nnet(x).sum().backward()",
         ["saved version 0 of a value"], "net.1 in line 4 wrote over a value that net.0 had saved"),
        (W + "buf = torch.zeros(2)\ntotal = 0\nfor i in range(3):\n    buf[0] = i\n    total += (w * buf).sum()\n"
         "total.backward()", ["saved version 1 of buf", "saved version 2 of buf"],
         "buf[0] = i in line 6 wrote over a value that w * buf had saved"),
    ],
)  # fmt: skip
def test_written_over(shell: InteractiveShell, body: str, saved: list[str], said: str) -> None:
    """An optimizer's step, a view, a module that works in place, a buffer of a loop: what wrote, over what, and which
    version each card had saved."""
    e = explored(shell, body)
    assert [node.note.rpartition(" · ")[2] for node in e.graph.nodes if node.mark == "saved"] == saved
    (note,) = e.notes
    assert note.startswith(said)


def test_the_write_through_a_view_is_on_the_whole(shell: InteractiveShell) -> None:
    """What wrote through v is drawn on the card of y as it is since."""
    e = explored(shell, X + "y = x.exp()\nv = y[:1]\nv.mul_(3)\ny.sum().backward()")
    assert [(node.name, node.note) for node in e.graph.nodes if "wrote over" in node.note] == [
        ("y", "wrote over it: version 1, not 0")
    ]


def test_a_view_of_a_leaf(shell: InteractiveShell) -> None:
    """The leaf is named, though what was written to is a view of it."""
    (note,) = explored(shell, f"{W}w[0].add_(1)").notes
    assert note.startswith("w is a leaf")


FROZEN = "net = nn.Linear(2, 1)\nfor p in net.parameters():\n    p.requires_grad_(False)\n"
FROZEN += "loss = net(torch.ones(3, 2)).mean()"


@pytest.mark.parametrize(
    ("body", "root", "cuts", "said"),
    [
        (FROZEN, "loss", [],
         ["net.weight and net.bias are frozen (requires_grad=False), so loss has no graph: requires_grad_() on one lets"
          " it have one."]),
        (W + "loss = torch.tensor((w * 2).sum().item())", "loss", [],
         ["torch.tensor((w * 2).sum().item()) in line 3 takes Python's numbers, which carry no graph, so loss has none:"
          " compute it from the tensors themselves, without .item() or torch.tensor(...)."]),
        ("a = torch.ones(2)\nb = (a * 3).sum()\na.requires_grad_()", "b", ["a→b"],
         ["a did not have requires_grad=True yet when a * 3 in line 3 was computed, so b has no graph: write it where a"
          " is made."]),
        (X + "hits = (x > 1).float().mean()", "hits", ["x→hits"],
         ["x > 1 in line 3 has no derivative, so the path from x to hits ends there."]),
        (X + "best = x.argmax().float()", "best", ["x→best"],
         ["x.argmax() in line 3 has no derivative, so the path from x to best ends there."]),
        ("p = torch.ones(2)\nq = torch.ones(2)\nloss = ((p - q) ** 2).mean()", "loss", [],
         ["p and q were made without requires_grad=True, so loss has no graph: write it where one of them is made."]),
        (X + "y = (x * 3).sum()\n(g,) = torch.autograd.grad(y, x, create_graph=True)\nz = g.sum()", "z", ["y→z"],
         ["The gradient that autograd.grad in line 4 gave is constant, since what it differentiates is linear: so z has"
          " no graph, create_graph=True or not."]),
        (X + "(x ** 3).sum().backward()", "x.grad", [],
         ["x.grad came from backward in line 3 without create_graph=True, so it has no graph of its own and cannot be"
          " differentiated again."]),
        (X + "k = torch.tensor([x[0], x[1]]).sum()", "k", ["x[0]→k", "x[1]→k"],
         ["x[0] has requires_grad=True, but torch.tensor([x[0], x[1]]) in line 3 cuts the path to k: it was computed"
          " without a graph.", "x[1] has requires_grad=True, but torch.tensor([x[0], x[1]]) in line 3 cuts the path to"
          " k: it was computed without a graph."]),
    ],
)  # fmt: skip
def test_no_graph(shell: InteractiveShell, body: str, root: str, cuts: list[str], said: list[str]) -> None:
    """Frozen, a number of Python's, too late, a comparison, whole numbers, a constant gradient: each has its reason."""
    call = f"{root}.sum().backward()" if root == "x.grad" else f"{root}.backward()"
    e = explored(shell, f"{body}\n{call.replace('x.grad.sum()', 'x.grad')}")
    assert list(e.notes) == said
    called = {node.id: node.name or node.source for node in e.graph.nodes}
    assert [f"{called[each.tail]}→{called[each.head]}" for each in e.graph.edges if each.severed] == cuts
    assert called[e.graph.nodes[0].id] == root


def test_a_model_without_a_graph_is_told_in_short(shell: InteractiveShell) -> None:
    """Of forty frozen parameters four are named, and few are drawn."""
    body = "net = nn.Sequential(*(nn.Linear(2, 2) for _ in range(20)))\nfor p in net.parameters():\n"
    e = explored(shell, f"{body}    p.requires_grad_(False)\nnet(torch.ones(1, 2)).sum().backward()")
    (note,) = e.notes
    assert note.startswith("net.0.weight, net.0.bias, net.1.weight, net.1.bias and 36 more are frozen")
    assert len(e.graph.nodes) < 20


def test_an_input_that_is_not_in_the_graph(shell: InteractiveShell) -> None:
    """autograd.grad names a place in a list; the sentence names the tensor."""
    e = explored(shell, f"{X}{W}y = (x * 2).sum()\ntorch.autograd.grad(y, [x, w])")
    assert e.notes == (
        "No path leads from w to y, so autograd.grad has nothing to give for w: allow_unused=True makes it None.",
    )
