"""Which gradients are missing, in cells as learners write them, and what is said of cuts, rows and derivatives."""

from __future__ import annotations

import pytest
from IPython.core.interactiveshell import InteractiveShell

from tests.test_lessons_mistakes import W, X, explored, marks, shell

__all__ = ["shell"]

HEADS = (
    "class Two(nn.Module):\n    def __init__(self):\n        super().__init__()\n        self.a = nn.Linear(2, 1)\n"
    "        self.b = nn.Linear(2, 1)\n    def forward(self, x):\n        return self.a(x)\nnet = Two()\nloss ="
    " net(torch.ones(1, 2)).sum()\nloss.backward()"
)


@pytest.mark.parametrize(
    ("body", "missing", "said"),
    [
        ("class M: pass\nm = M()\nm.w = torch.ones(2, requires_grad=True)\nm.h = m.w * 2\nm.h.sum().backward()\n"
         "m.h.grad",
         ["m.h"], "m.h.grad is None: m.h is no leaf, but the result of m.w * 2 in line 5"),
        (X + "hs = [x * 2, x * 3]\n(hs[0] + hs[1]).sum().backward()\nprint(hs[1].grad)", ["hs[1]"],
         "hs[1].grad is None: hs[1] is no leaf, but the result of x * 3 in line 3"),
        ("w = torch.ones(2, requires_grad=True) * 0.01\nw.sum().backward()\nw.grad", ["w"],
         "w.grad is None: w is the result of torch.ones(2, requires_grad=True) * 0.01 in line 2, and the leaf is"
         " torch.ones(2, requires_grad=True) inside of it"),
        (W + "t = torch.ones(2)\n(t * w).sum().backward()\nt.grad", ["t"],
         "t.grad is None: t has requires_grad=False."),
        (X + "y = (x ** 2).sum()\nprint(x.grad)\ny.backward()", [],
         "x.grad is None in line 4: no backward has run before that."),
        (X + "u = torch.tensor(1., requires_grad=True)\ny = (x * 2).sum()\ny.backward()\nu.grad", [],
         "u got no gradient: no path leads from it to y. So it is None, which is not zero."),
        (X + "u = torch.tensor(1., requires_grad=True)\nz = u * 2\n(x * 2).sum().backward()", [],
         "u got no gradient: no path leads from it to (x * 2).sum()."),
        (HEADS, [], "net.b.weight and net.b.bias got no gradient: no path leads from them to loss. So they are None"),
        (X + W + "(x * w).sum().backward(inputs=[x])", [], "w got no gradient: it is not among inputs=."),
        (X + W + "y = (x * 2).sum()\ntorch.autograd.grad(y, [x, w], allow_unused=True, materialize_grads=True)", [],
         "No path leads from w to y: its gradient would be None, and materialize_grads=True makes zeros of that."),
    ],
)  # fmt: skip
def test_none(shell: InteractiveShell, body: str, missing: list[str], said: str) -> None:
    """One sentence says why a `.grad` is None, with the name as the cell writes it."""
    e = explored(shell, body)
    assert marks(e, "missing") == missing
    assert len([note for note in e.notes if note.startswith(said)]) == 1
    assert len([note for note in e.notes if "None" in note]) <= 1


def test_what_is_not_none(shell: InteractiveShell) -> None:
    """A leaf that an earlier backward gave its gradient has one; autograd.grad gives what it was asked for."""
    e = explored(shell, f"{X}{W}(x * w).sum().backward()\n(x ** 2).sum().backward()")
    assert not [note for note in e.notes if "got no gradient" in note]
    e = explored(shell, f"{X}{W}y = (x ** 2).sum()\nz = w * 2\ntorch.autograd.grad(y, x)")
    assert not [note for note in e.notes if "got no gradient" in note]


def test_cuts_of_a_model(shell: InteractiveShell) -> None:
    """One sentence for each call that cuts, however many parameters are behind it."""
    body = (
        "old = nn.Sequential(*(nn.Linear(2, 2) for _ in range(20)))\nwith torch.no_grad():\n    k = old(torch.ones(2))"
    )
    e = explored(shell, f"{W}{body}\n(k * w).sum().backward()")
    cuts = [note for note in e.notes if "without a graph" in note]
    assert len(cuts) == 1
    assert "to old.0.weight, old.0.bias, old.1.weight, old.1.bias and 36 more." in cuts[0]
    assert len(e.graph.nodes) < 50


def test_a_copy_that_is_cut_off(shell: InteractiveShell) -> None:
    """Of `clone().detach()` nobody says that the gradient flows through it; `torch.tensor(x)` cuts as well."""
    e = explored(shell, f"{X}c = x.clone().detach()\n(x * c).sum().backward()")
    assert [note for note in e.notes if "clone" in note] == [
        "x.clone().detach() in line 3 cuts the path: nothing flows back through it."
    ]
    e = explored(shell, f"{X}c = torch.tensor(x)\n(x * c).sum().backward()")
    assert "torch.tensor(x) in line 3 cuts the path: nothing flows back through it." in e.notes


def test_rows_of_two_leaves_and_several_outputs(shell: InteractiveShell) -> None:
    """A row of J has a part for each leaf; what other outputs add is not left out; an expression stands in brackets."""
    e = explored(shell, f"{X}{W}y = x * w\ny.backward(torch.tensor([0., 1.]))")
    assert any("one row of the Jacobian J: ∂y[1]/∂x, ∂y[1]/∂w." in note for note in e.notes)
    e = explored(shell, f"{X}torch.autograd.backward([x * 3, (x ** 2).sum()], [torch.ones(2), torch.tensor(2.)])")
    assert any("v[0]·(x * 3)[0] + v[1]·(x * 3)[1] + … gives x.grad" in note for note in e.notes)
    assert not [note for note in e.graph.notes if "shapes" in note]


def test_many_v_at_once(shell: InteractiveShell) -> None:
    """A call with is_grads_batched has a panel, which says why nothing moves."""
    e = explored(shell, f"{X}y = x ** 2\ntorch.autograd.grad(y, x, torch.eye(2), is_grads_batched=True)")
    assert any("is_grads_batched=True takes several v at once" in note for note in e._all_said())
    assert "<svg" in e.to_svg()


def test_orders(shell: InteractiveShell) -> None:
    """The gradient of a gradient of a gradient is a third derivative; a second one is made where create_graph stood."""
    body = "x = torch.tensor(2., requires_grad=True)\ny = x ** 4\n(d,) = torch.autograd.grad(y, x, create_graph=True)\n"
    again = "(d2,) = torch.autograd.grad(d, x, create_graph=True)\nd2.backward()"
    assert any("what arrives at x.grad is a third derivative" in note for note in explored(shell, body + again).notes)
    e = explored(
        shell, "x = torch.tensor(3., requires_grad=True)\ny = x ** 2\ny.backward(create_graph=True)\nx.grad.backward()"
    )
    assert any(
        "made in line 4 with create_graph=True, so what arrives at x.grad is a second" in note for note in e.notes
    )


@pytest.mark.parametrize("v", ["x.detach()", "x.data", "x"])
def test_a_v_that_is_the_leaf_without_its_graph(shell: InteractiveShell, v: str) -> None:
    """Why is the gradient of x equal to x: because v is x, whether it has a graph or not; a copy is another tensor."""
    e = explored(shell, f"{X}y = x * 1\ny.backward({v})")
    assert any(note.startswith("v is x itself: x.grad = Jᵀ x") for note in e.notes)
    assert marks(e, "v") == ["x"]
    e = explored(shell, f"{X}y = x * 1\ny.backward(torch.tensor([1., 2.]))")
    assert not [note for note in e.notes if "v is x" in note]
