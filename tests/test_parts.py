"""What the drawers show: the steps of a pass in the order in which it runs, true rules, numbers that add up."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from IPython.core.interactiveshell import InteractiveShell

from magics_pkg.panel import rules
from magics_pkg.panel.parts import parts_of
from tests import cells
from tests.graphs import TANH

CELL = TANH + "y.backward(torch.tensor([1., 0.5, -0.25]))"


@pytest.fixture
def shell(library: ModuleType) -> Iterator[InteractiveShell]:
    """An IPython with the magics loaded and torch bound to each library."""
    with cells.shell(library.__name__) as made:
        yield made


def explored(shell: InteractiveShell, source: str) -> Any:
    """The Exploration of a cell."""
    ran = cells.run(shell, f"%%backward -o e --quiet\n{source}")
    assert ran.error is None, ran.printed
    return shell.user_ns["e"]


def steps_of(made: Any) -> list[dict[str, Any]]:
    """The steps of its pass; what the page gets is JSON."""
    parts = parts_of(made.graph, made._session)
    return list(json.loads(json.dumps(parts))["steps"])


def values(made: Any, which: int) -> Any:
    """The numbers of a quantity, now."""
    offset = made._session.linear.offsets[which]
    return made._session.shown()[offset : offset + len(made.graph.quantities[which].indices)]


def test_order_is_that_of_the_pass(shell: InteractiveShell) -> None:
    """Cards come as their nodes ran, seen by a hook on each; a leaf comes after the last that sends it something."""
    order: list[Any] = []
    cells.run(shell, CELL.replace("y.backward", "pass #"))
    torch = shell.user_ns["torch"]
    pending, hooked = [shell.user_ns["y"].grad_fn], set()
    while pending:
        node = pending.pop()
        if node is not None and node not in hooked:
            hooked.add(node)
            node.register_hook(lambda *_, node=node: order.append(node.name()))
            pending += [each for each, _ in node.next_functions]
    shell.user_ns["y"].backward(torch.ones(3))
    steps = steps_of(explored(shell, CELL))
    ran = [each for each in order if "AccumulateGrad" not in each]
    assert [step["op"] for step in steps if step["kind"] == "op"] == ran
    assert steps[0]["name"] == "y"
    done: list[str] = []
    for step in steps:
        done.append(step["name"])
        assert all(each["from"] in done for each in step["ins"])


def test_what_arrives_adds_up(shell: InteractiveShell) -> None:
    """At each step the gradients from where paths meet sum to the card's own; held + new is the leaf's .grad."""
    made = explored(shell, "x = torch.tensor([1., 2., 3.], requires_grad=True)\n(x * 5).sum().backward()\n"
                    "h = x * x\ny = h * h + h\ny.backward(torch.tensor([1., 0.5, -0.25]))")  # fmt: skip
    made.weights = [0.3, -2.0, 1.0]
    for step in steps_of(made):
        if step["grad"] is None or not step["ins"]:
            continue
        total = sum(values(made, each["quantity"]) for each in step["ins"])
        if step["kind"] == "leaf":
            assert step["held"] == "5  5  5"
            total = total + 5
        np.testing.assert_allclose(values(made, step["grad"]), total, rtol=1e-5)


def test_names_stand_in_the_rules(shell: InteractiveShell) -> None:
    """Short names of the user's are the formula's; what is an expression stays a letter."""
    steps = {step["op"]: step["rules"] for step in steps_of(explored(shell, CELL))}
    assert steps["MulBackward0"] == ["∂(x·w)/∂x = w", "∂(x·w)/∂w = x"]
    assert steps["TanhBackward0"] == ["∂tanh(a)/∂a = 1 − tanh²(a) = 1 − y²"]
    assert rules.written("mul", {0: "b", 1: "a"}) == ("∂(a·b)/∂a = b", "∂(a·b)/∂b = a")
    assert rules.written("div", {0: "h"}) == ("∂(h/b)/∂h = 1/b",)
    assert rules.written("no such operation", {0: "x"}) == ()


FORMULAS = {
    "½": "0.5", "²": "**2", "³": "**3", "·": "*", "−": "-", "√a": "sqrt(a)", "√π": "sqrt(pi)", "ln": "log",
}  # fmt: skip


@pytest.mark.parametrize(
    "word",
    ["exp", "expm1", "exp2", "log", "log2", "log10", "log1p", "sqrt", "rsqrt", "reciprocal", "sin", "cos", "tan",
     "asin", "acos", "atan", "sinh", "cosh", "tanh", "sigmoid", "neg", "abs", "silu", "softplus", "erf"],
)  # fmt: skip
def test_rules_are_true(torch: ModuleType, word: str) -> None:
    """Each formula, read as arithmetic, is PyTorch's own derivative."""
    (rule,) = rules.RULES[word]
    text = re.sub(r"^∂.*?/∂a = ", "", rule)
    text = re.sub(r"(tan|tanh|sin|cos)²\(a\)", r"(\1(a))**2", text)
    text = re.sub(r"√\(([^()]*(?:\([^()]*\))?[^()]*)\)", r"sqrt(\1)", text)
    text = text.replace("1/(2√a)", "1/(2*sqrt(a))").replace("σ(", "sigmoid(").replace("ln 10", "log(10)")
    text = text.replace("ln 2", "log(2)").replace("2^a", "2**a").replace("−a²", "-(a**2)")
    for sign, meaning in FORMULAS.items():
        text = text.replace(sign, meaning)
    a = torch.tensor([0.3, 0.7, 0.45], dtype=torch.float64, requires_grad=True)
    function = getattr(torch, word, None) or getattr(torch.nn.functional, word)
    y = function(a)
    (right,) = torch.autograd.grad(y.sum(), a)
    names = {name: getattr(torch, name) for name in ("exp", "sin", "cos", "tan", "tanh", "sinh", "cosh", "sigmoid")}
    names |= {
        "sign": torch.sign, "sqrt": lambda t: torch.as_tensor(t, dtype=torch.float64).sqrt(),
        "log": lambda t: torch.as_tensor(t, dtype=torch.float64).log(), "pi": torch.pi,
        "a": a.detach(), "y": y.detach(),
    }  # fmt: skip
    for each in text.split(" = "):
        found = eval(each, names)  # a formula of ours
        torch.testing.assert_close(torch.as_tensor(found, dtype=torch.float64).expand(3), right)
