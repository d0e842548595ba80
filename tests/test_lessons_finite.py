"""Where a NaN comes from, in cells as learners write them: data that had it, -inf before it, training that diverges."""

from __future__ import annotations

import pytest
from IPython.core.interactiveshell import InteractiveShell

from magics_pkg.lessons.finite import marked
from tests.test_lessons_mistakes import W, X, explored, shell

__all__ = ["shell"]

DIVERGED = (
    "w = torch.tensor([10.], requires_grad=True)\nfor _ in range(8):\n    loss = (w ** 4).sum()\n    w.grad = None\n"
    "    loss.backward()\n    with torch.no_grad():\n        w -= w.grad"
)
MASKED = "att = x.masked_fill(torch.tensor([True, True]), -float('inf')).softmax(-1)\n(att * x).sum().backward()"
TWICE = "sm = torch.exp(100 * x) / torch.exp(100 * x).sum()\nsm[0].backward()"


@pytest.mark.parametrize(
    ("body", "card", "said"),
    [
        (W + "data = torch.tensor([1., float('nan')])\n((w * data) ** 2).mean().backward()", "data",
         ["data held NaN already when this graph began (data[1]): no operation here made it."]),
        (DIVERGED, "w", ["w held NaN already when this graph began (w[0]): no operation here made it."]),
        (X + MASKED, "x.masked_fill(torch.tensor([True, True]), -float('inf'))",
         ["x.masked_fill(torch.tensor([True, True]), -float('inf')) made the first inf in line 3: it came from finite"
          " numbers.", "Out of that x.masked_fill(torch.tensor([True, True]), -float('inf')).softmax(-1) in line 3 made"
          " the first NaN."]),
        (X + TWICE, "torch.exp(100 * x)",
         ["torch.exp(100 * x) made the first inf in line 3: it came from finite numbers.",
          "Out of that torch.exp(100 * x) / torch.exp(100 * x).sum() in line 3 made the first NaN."]),
    ],
)  # fmt: skip
def test_the_cause(shell: InteractiveShell, body: str, card: str, said: list[str]) -> None:
    """The card that is marked and the sentences name what had or made it first, in the user's own code."""
    e = explored(shell, body)
    graph = marked(e.graph, e._numbers())
    assert [node.name or node.source for node in graph.nodes if node.mark == "bad"] == [card]
    about = [note for note in e.notes if "NaN" in note or "the first inf" in note]
    assert about == said


def test_a_panel_of_what_has_diverged(shell: InteractiveShell) -> None:
    """It can be drawn though its leaf was written over since and its rows cannot be added up."""
    e = explored(shell, DIVERGED)
    assert "<svg" in e.to_svg()
    assert str(e.grads["w"].tolist()) == "[nan]"
