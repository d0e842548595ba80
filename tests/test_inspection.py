"""One card looked into: what it says is what the library itself says, and asking changes nothing."""

from __future__ import annotations

import gc
import json
import math
import weakref
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from IPython.core.interactiveshell import InteractiveShell

from magics_pkg.panel import inspection
from magics_pkg.panel.parts import answering, parts_of
from magics_pkg.words import say
from tests import cells
from tests.graphs import TANH, named
from tests.test_parts import explored

pytestmark = pytest.mark.usefixtures("young")

V = "y.backward(torch.tensor([1., 0.5, -0.25]))"
MIXED = """x = torch.tensor([0.5, -1.25, 2.0], requires_grad=True)
b = torch.tensor(2., requires_grad=True)
h = x * b
s = torch.softmax(h, 0)
r = h.view(1, 3)
n = nn.functional.cross_entropy(r, torch.tensor([1]))
p = torch.unbind(h)[1]
m = r @ torch.ones(3, 2)
y = torch.tanh(h) + s + n + p + m.sum()
"""


@pytest.fixture
def shell(library: ModuleType) -> Iterator[InteractiveShell]:
    """An IPython with the magics loaded and torch bound to each library."""
    with cells.shell(library.__name__) as made:
        yield made


def told(made: Any, name: str, **asked: Any) -> dict[str, Any]:
    """What the page is told of the first card of this name or source; it travels as JSON."""
    card = next(each for each in made.graph.nodes if name in (each.name, each.source))
    answer = answering(lambda: made.graph, made._session)["inspect"]({"node": card.id, **asked})
    return dict(json.loads(json.dumps(answer, allow_nan=False)))


def local_of(made: Any, name: str) -> dict[str, dict[str, Any]]:
    """The local derivatives of a card by the name of the input."""
    return {each["to"]: each for each in told(made, name)["local"]}


def test_values_and_gradients(shell: InteractiveShell) -> None:
    """The whole value is the tensor's, the whole gradient that of a pass at the present v."""
    made = explored(shell, TANH.replace("x * w)", "(h := x * w))") + V)
    space = shell.user_ns
    assert told(made, "y")["value"]["numbers"] == space["y"].tolist()
    assert told(made, "h")["value"]["numbers"] == space["h"].tolist()
    made.weights = [0.3, -2.0, 1.0]
    assert told(made, "x")["gradient"]["numbers"] == space["x"].grad.tolist()
    assert told(made, "x", only="gradient")["gradient"] == told(made, "x")["gradient"]
    assert set(told(made, "x", only="gradient")) == {"node", "gradient"}
    known = told(made, "torch.tanh((h := x * w))")["gradient"]["numbers"]
    np.testing.assert_allclose(known, [0.3, -2.0, 1.0], rtol=1e-6)


@pytest.mark.parametrize(
    "call",
    ["tanh(a)", "exp(a)", "relu(a)", "sigmoid(a)", "clamp(a, -1, 1)", "nn.functional.gelu(a)", "abs(a)", "sqrt(a * a)"],
)
def test_elementwise_derivatives(shell: InteractiveShell, call: str) -> None:
    """A number for each entry, the library's own derivative of the one operation."""
    call = call if call.startswith("nn") else f"torch.{call}"
    made = explored(shell, f"a = torch.tensor([0.5, -1.25, 2.0], requires_grad=True)\ny = {call}\n{V}")
    torch = shell.user_ns["torch"]
    inner = shell.user_ns["a"] if "a * a" not in call else torch.tensor([0.25, 1.5625, 4.0])
    leaf = inner.detach().clone().requires_grad_()
    out = eval(call.replace("a * a", "a"), {"torch": torch, "nn": torch.nn, "a": leaf})
    (right,) = torch.autograd.grad(out.sum(), leaf)
    (found,) = told(made, "y")["local"]
    assert (found["kind"], found["shape"]) == ("diagonal", [3])
    assert found["numbers"] == right.tolist()


def test_other_derivatives(shell: InteractiveShell) -> None:
    """Rows, small matrices, views, several outputs, calls of several nodes: each as the library has it."""
    made = explored(shell, MIXED + V)
    torch, space = shell.user_ns["torch"], shell.user_ns
    h, r = space["h"].detach(), space["r"].detach()
    jacobian = torch.autograd.functional.jacobian
    softmax = local_of(made, "s")["h"]
    assert (softmax["kind"], softmax["height"], softmax["width"]) == ("matrix", 3, 3)
    right = jacobian(lambda t: torch.softmax(t, 0), h).reshape(-1)
    np.testing.assert_allclose(softmax["numbers"], right.tolist(), rtol=1e-5, atol=1e-8)
    assert local_of(made, "h")["b"]["numbers"] == space["x"].tolist()  # b is shared by all
    assert local_of(made, "h")["x"] == {"to": "x", "kind": "diagonal", "shape": [3], "size": 3, "numbers": [2.0] * 3}
    assert local_of(made, "r")["h"]["kind"] == "diagonal"
    loss = local_of(made, "n")["r"]
    right = jacobian(lambda t: torch.nn.functional.cross_entropy(t, torch.tensor([1])), r).reshape(-1)
    assert loss["kind"] == "row"
    np.testing.assert_allclose(loss["numbers"], right.tolist(), rtol=1e-5)
    assert local_of(made, "p")["h"]["numbers"] == [0.0, 1.0, 0.0]
    product = local_of(made, "m")["r"]
    assert (product["height"], product["width"], product["numbers"]) == (2, 3, [1.0] * 6)


def test_what_has_no_number_for_each_entry(shell: InteractiveShell) -> None:
    """Large and not elementwise: it says so; large and elementwise: still a number for each entry."""
    program = "x = torch.linspace(-1, 1, 60, requires_grad=True)\ns = torch.softmax(x, 0)\ny = torch.tanh(s).sum()\n"
    made = explored(shell, program + "y.backward()")
    (found,) = told(made, "s")["local"]
    assert found == {"to": "x", "kind": "none", "why": say("local_whole", rows=60, columns=60)}
    (found,) = told(made, "torch.tanh(s)")["local"]
    assert (found["kind"], len(found["numbers"])) == ("diagonal", 60)


def test_a_function_of_the_programs_own_is_not_run(shell: InteractiveShell) -> None:
    """Nothing of the user's runs because somebody looks: no custom backward, no hook."""
    program = """ran = []
class Double(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * 2
    @staticmethod
    def backward(ctx, g):
        ran.append("backward")
        return g * 2
def seen(g):
    ran.append("hook")
x = torch.tensor([1., 2., 3.], requires_grad=True)
h = torch.exp(x)
h.register_hook(seen)
d = Double.apply(h)
y = d * 3
"""
    made = explored(shell, program + V)
    before = list(shell.user_ns["ran"])
    found = {name: told(made, name) for name in ("x", "h", "d", "y")}
    assert shell.user_ns["ran"] == before
    assert found["d"]["local"][0]["why"] == say("local_custom")
    assert found["d"]["saved"] == {"tensors": [{"name": "tensors[0]", "shape": [3], "dtype": "float32"}], "freed": True}
    assert found["h"]["facts"]["hooks"] == ["seen"]
    assert found["y"]["facts"]["hooks"] == found["x"]["facts"]["hooks"] == []
    assert found["h"]["local"][0]["numbers"] == shell.user_ns["h"].tolist()


def test_facts(shell: InteractiveShell) -> None:
    """Each attribute is the tensor's own."""
    made = explored(shell, MIXED.replace("s =", "h.retain_grad()\ns =") + V)
    for name in ("x", "b", "h", "r", "s", "p", "y"):
        tensor, facts = shell.user_ns[name], told(made, name)["facts"]
        for each in ("requires_grad", "is_leaf", "retains_grad"):
            assert facts[each] == getattr(tensor, each)
        assert facts["is_view"] == tensor._is_view()
        assert facts["version"] == facts["made"] == tensor._version
        assert facts["device"] == ""
    leaf = "x.register_hook(print)\nx.register_post_accumulate_grad_hook(lambda t: None)\n"
    made = explored(shell, TANH.replace("y =", leaf + "y =") + V)
    assert told(made, "x")["facts"]["hooks"] == ["print", "<lambda>"]


def test_saved(shell: InteractiveShell) -> None:
    """Names, shapes and dtypes of what the node saved, and whether the program's own graph still has it."""
    program = "x = torch.tensor([1., 2., 3.], requires_grad=True)\nh = x * x\ns = h.sum()\ny = torch.tanh(h) + s\n"
    shape = {"shape": [3], "dtype": "float32"}
    made = explored(shell, program + V)
    assert told(made, "h")["saved"] == {"tensors": [{"name": n, **shape} for n in ("other", "self")], "freed": True}
    assert told(made, "torch.tanh(h)")["saved"] == {"tensors": [{"name": "result", **shape}], "freed": True}
    assert told(made, "s")["saved"] == {"tensors": [], "freed": False}
    made_of = explored(shell, MIXED + V)
    by = {each["by"].removesuffix("Backward0") for each in told(made_of, "n")["saved"]["tensors"]}
    assert by == {"LogSoftmax", "NllLoss"}
    made = explored(shell, program + V)
    node = shell.user_ns["h"].grad_fn
    with pytest.raises(RuntimeError, match="second time"):
        _ = node._saved_self  # it is as it says
    made = explored(shell, program + V.replace("]))", "]), retain_graph=True)"))
    assert told(made, "h")["saved"]["freed"] is False
    assert shell.user_ns["h"].grad_fn._saved_self is not None


def test_what_was_written_over(shell: InteractiveShell) -> None:
    """A value is that of its time, or it says that it is not; the derivative is never one of other numbers."""
    program = "x = torch.tensor([1., 2., 3.], requires_grad=True)\nh = x * 2\nk = h * 3\nh.mul_(10)\ny = k + h\n"
    made = explored(shell, program + V)
    cards = [each for each in made.graph.nodes if each.kind == "op"]
    first = next(each for each in cards if each.source == "x * 2")
    asked = answering(lambda: made.graph, made._session)["inspect"]({"node": first.id})
    assert (asked["value"]["numbers"], asked["value"]["note"]) == ([2.0, 4.0, 6.0], say("value_changed"))
    assert (asked["facts"]["version"], asked["facts"]["made"]) == (1, 0)
    made = explored(shell, "x = torch.tensor([1., 2., 3.], requires_grad=True)\nk = torch.exp(x)\ny = k * 2\n" + V)
    right = told(made, "k")["local"][0]["numbers"]
    assert right == shell.user_ns["k"].tolist()
    cells.run(shell, "with torch.no_grad():\n    k.zero_()\n    x.add_(1)")
    assert told(made, "k")["local"] == [{"to": "x", "kind": "none", "why": say("local_changed")}]
    assert (told(made, "x")["value"]["numbers"], told(made, "x")["facts"]["made"]) == ([1.0, 2.0, 3.0], 0)
    assert told(made, "k")["value"]["note"] == say("value_changed")


def test_large_tensors(shell: InteractiveShell) -> None:
    """As many entries as are shown, none of the largest left out; a gradient follows v."""
    program = "torch.manual_seed(1)\nx = torch.randn(100, 50, requires_grad=True)\ny = (x * x).sum()\ny.backward()"
    made = explored(shell, program)
    x = shell.user_ns["x"].detach().numpy().reshape(-1)
    value = told(made, "x")["value"]
    assert (value["size"], len(value["numbers"]), len(value["places"])) == (5000, inspection.STRIP, inspection.STRIP)
    assert (value["low"], value["high"]) == (float(x.min()), float(x.max()))
    assert int(np.abs(x).argmax()) in value["places"]
    assert value["numbers"] == x[value["places"]].tolist()
    made.weights = 3.0
    gradient = told(made, "x", only="gradient")["gradient"]
    assert gradient["numbers"] == shell.user_ns["x"].grad.numpy().reshape(-1)[gradient["places"]].tolist()


def test_numbers_that_are_none(shell: InteractiveShell) -> None:
    """NaN and infinity travel as words."""
    made = explored(shell, "x = torch.tensor([0., -1., 1.], requires_grad=True)\ny = torch.log(x)\n" + V)
    assert told(made, "y")["value"]["numbers"] == ["-Infinity", "NaN", 0.0]
    assert told(made, "y")["local"][0]["numbers"] == ["Infinity", -1.0, 1.0]


def test_looking_changes_nothing(shell: InteractiveShell) -> None:
    """No gradient, version or graph of the user's is another after every card was looked into."""
    made = explored(shell, MIXED + V)
    space = shell.user_ns
    before = [(space[name].grad.tolist(), space[name].grad, space[name]._version) for name in "xb"]
    for card in made.graph.nodes:
        answering(lambda: made.graph, made._session)["inspect"]({"node": card.id})
    for name, (numbers, grad, version) in zip("xb", before, strict=True):
        assert space[name].grad is grad
        assert (grad.tolist(), space[name]._version) == (numbers, version)
    with pytest.raises(RuntimeError, match="second time"):
        space["y"].sum().backward()
    for odd in ({}, {"node": 3}, {"node": "no such card"}):
        assert answering(lambda: made.graph, made._session)["inspect"](odd) is None


def test_both_libraries_say_the_same(torch: ModuleType) -> None:
    """Cards, facts, saved tensors, values and derivatives of one program agree on the engine and on PyTorch."""
    said = {}
    for library in ("engine", "torch"):
        with cells.shell(library) as made:
            e = explored(made, TANH.replace("y =", "h = (x * w).reshape(3, 1)\ny = (h.sum() * x).exp() +") + V)
            parts = parts_of(e.graph, e._session, saved=True)["inspect"]
            said[library] = json.loads(json.dumps(parts))
    assert torch.__name__ in said
    assert said["engine"]["cards"] == said["torch"]["cards"]
    rounded = {library: _rounded(each["answers"]) for library, each in said.items()}
    ours, theirs = rounded["engine"], rounded["torch"]
    for identity, answer in ours.items():
        for each in (answer, theirs[identity]):  # a plain number is saved as a tensor: of its own dtype by PyTorch
            for tensor in each.get("saved", {}).get("tensors", ()):
                if tensor["shape"] == []:
                    tensor["dtype"] = ""
        assert answer == theirs[identity], said["engine"]["cards"][identity]


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _rounded(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_rounded(each) for each in value]
    return float(f"{value:.4g}") if isinstance(value, float) and math.isfinite(value) else value


def test_rules_are_those_of_the_call(shell: InteractiveShell) -> None:
    """Short names stand in the formula; a call of several nodes has its own rule, not that of its last node."""
    made = explored(shell, MIXED + V)
    cards = parts_of(made.graph, made._session)["inspect"]["cards"]
    rule = {each["name"]: each.get("rules") for each in cards.values()}
    assert rule["h"] == ["∂(x·b)/∂x = b", "∂(x·b)/∂b = x"]
    assert rule["n"] == ["∂y/∂a = (softmax(a) − one-hot of the target)/n"]
    assert cards[named(made.graph, "h").id]["line"] == 4


def test_a_saved_page_has_short_answers(shell: InteractiveShell) -> None:
    """What a page without a kernel carries is short, and there for every card."""
    lines = "".join(f"h = torch.tanh(h * {1 + i / 100})\n" for i in range(45))
    made = explored(
        shell, f"x = torch.linspace(-1, 1, 500, requires_grad=True)\nh = x\n{lines}y = h.sum()\ny.backward()"
    )
    parts = parts_of(made.graph, made._session, saved=True)["inspect"]
    assert set(parts["answers"]) == {each.id for each in made.graph.nodes if each.repeat_of is None}
    assert len(parts["answers"]) > 90
    assert len(json.dumps(parts, separators=(",", ":"))) < 80_000


def test_closing_lets_go(shell: InteractiveShell) -> None:
    """The panel's tensors end with it."""
    made = explored(shell, TANH.replace("x * w)", "(h := x * w))") + V)
    held = weakref.ref(shell.user_ns["h"])
    cells.run(shell, "del h, y")
    assert told(made, "h")["value"]["numbers"]
    made.close()
    gc.collect()
    assert held() is None
