"""PyTorch's names with an underscore, taken away one by one: the panel still comes out, and its numbers are right."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from IPython.core.interactiveshell import InteractiveShell

from magics_pkg import backends
from magics_pkg.backends import private
from magics_pkg.backends import torch as on_torch
from magics_pkg.graphs import linear
from magics_pkg.tracing import recorder
from tests import cells
from tests.test_real_torch import ROUNDED, again, agree, magic, plain, scalar, tensors, with_v
from tests.torch_cells import CELLS, written

ROOT = Path(__file__).resolve().parents[1]
TEXTS = {"_dynamo": "torch/elsewhere/"}  # what takes the place of a name that is read in a text
# Cells that need what the names are for: broadcasting, modules, writes, views, custom functions, hooks, transforms
CHOSEN = [
    "pages",
    "perceptron",
    "optimizer step",
    "custom function",
    "in place",
    "views",
    "hooks",
    "vmap",
    "transforms",
]
CHOSEN += ["several results", "into its own graph", "written after"]
# The nodes that PyTorch makes anew for a view whose base was written over belong to the view's call then, not to the
# next one; what was made inside a transform is drawn without its code.
OWNED = [name for name in CHOSEN if name not in ("views", "vmap")]


@pytest.fixture(scope="module")
def shell(torch: ModuleType) -> Iterator[InteractiveShell]:
    """One IPython with the magics loaded, in which torch is PyTorch."""
    with cells.shell("torch") as made:
        cells.run(made, "import torch.nn.functional as F")
        yield made


def forget() -> None:
    """What was learned of PyTorch's names before."""
    private._names_of.cache_clear()
    backends._loaded.clear()


@pytest.fixture
def without(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Takes names away: nothing of the magic's finds them any more, as if PyTorch had dropped them."""

    def take(*gone: str) -> None:
        def is_gone(name: str) -> bool:
            return any(name.startswith(each) if each in ("_saved_", "_raw_saved") else name == each for each in gone)

        def found(of: Any, name: str, *otherwise: Any) -> Any:
            return getattr(of, "no such name" if is_gone(name) else name, *otherwise)

        monkeypatch.setattr(private, "getattr", found, raising=False)
        monkeypatch.setattr(
            private, "dir", lambda kind: [each for each in dir(kind) if not is_gone(each)], raising=False
        )
        left = {each for each in recorder.PASSED if not set(each.split(".")) & set(gone)}
        monkeypatch.setattr(recorder, "PASSED", frozenset(left))
        for each in gone:
            if each == "_dynamo":
                monkeypatch.setattr(on_torch, "DYNAMO", TEXTS[each])
        forget()

    yield take
    monkeypatch.undo()
    forget()


def cards(explored: Any) -> list[tuple[str, str, str]]:
    """Each operation's card: node, sign and code."""
    return sorted((each.op, each.symbol, each.source) for each in explored.graph.nodes if each.kind == "op")


@pytest.mark.parametrize("gone", private.NAMES)
def test_numbers_are_right_without(shell: InteractiveShell, torch: ModuleType, without: Any, gone: str) -> None:
    """The cell is what it was; at two places of v every gradient is that of a fresh run, and the panel shows it."""
    without(gone)
    for name in CHOSEN:
        source, v = CELLS[name]
        first = with_v(torch, source, v)
        single = written(source, v, True) == first
        expected, _ = plain(torch, first)
        explored = magic(shell, torch, first)
        agree(tensors(shell.user_ns, torch), tensors(expected, torch))
        for moved in ([each * -1.7 + 0.3 for each in v], v):
            right = tensors(plain(torch, written(source, moved, single))[0], torch)
            explored.weights = moved[0] if scalar(shell) else np.reshape(moved, explored.weights.shape)
            moving = {key: each for key, each in right.items() if key.endswith(".grad")}
            agree(tensors(shell.user_ns, torch), moving, exact=name not in ROUNDED)
        at, numbers = 0, explored._live.shown()
        for quantity in explored.graph.quantities:
            here = numbers[at : at + len(quantity.indices)]
            at += len(quantity.indices)
            leaf = next((each for each in explored._live.leaves if quantity.key[:2] == ("leaf", each.node)), None)
            if leaf is not None and not leaf.reason and leaf.tensor.grad is not None:
                there = leaf.tensor.grad.detach().reshape(-1)[list(quantity.indices)].numpy()
                np.testing.assert_allclose(here, there, rtol=1e-5, atol=1e-6)
        assert explored._repr_mimebundle_()["text/plain"]
        explored.close()


@pytest.mark.parametrize("gone", ["_get_sequence_nr", "_sequence_nr"])
@pytest.mark.parametrize("name", [*OWNED, "second derivative", "recurrent", "transformer"])
def test_cards_without_numbers_of_nodes(
    shell: InteractiveShell, torch: ModuleType, without: Any, gone: str, name: str
) -> None:
    """The same cards, each with its own code, where calls are told by what their results were computed from."""
    source = with_v(torch, *CELLS[name])
    before = cards(magic(shell, torch, source))
    without(gone)
    assert cards(magic(shell, torch, source)) == before


@pytest.mark.parametrize("gone", ["_version", "_saved_", "_raw_saved"])
@pytest.mark.parametrize("name", [*CHOSEN, "retained", "checkpoint", "convolution"])
def test_a_freed_graph_is_freed_without(
    shell: InteractiveShell, torch: ModuleType, without: Any, gone: str, name: str
) -> None:
    """The next cell meets PyTorch's own error where the plain one does, and no error where it does not."""
    source = with_v(torch, *CELLS[name])
    expected, _ = plain(torch, source)
    without(gone)
    magic(shell, torch, source)
    told, ran = again(shell, expected)
    assert bool(ran.error) == bool(told), (ran.error, told)
    if name != "checkpoint":
        assert (str(ran.error) if ran.error else "") == told


@pytest.mark.parametrize("write", ["x += 1", "x.add_(1)", "x[0] = 7.", "x.view(-1)[1] = 5.", "x.detach().mul_(3)"])
def test_writes_are_noticed_without_versions(
    shell: InteractiveShell, torch: ModuleType, without: Any, monkeypatch: pytest.MonkeyPatch, write: str
) -> None:
    """A move after a write says that the numbers are those of before it, and gives these."""
    without("_version")
    monkeypatch.setattr(linear.take, "__defaults__", (None, 60))  # seconds: also where the machine is busy
    source = "x = torch.tensor([1., 2.], requires_grad=True)\ny = x ** 3\ny.backward(torch.tensor([1., 1.]))\n"
    explored = magic(shell, torch, f"{source}with torch.no_grad():\n    {write}\n")
    explored.weights = [2, 5]
    np.testing.assert_allclose(cells.grad(shell), [6, 60], rtol=1e-6)
    assert explored.message


def test_notes(shell: InteractiveShell, torch: ModuleType, without: Any) -> None:
    """What cannot be known then is said in the panel; with every name there is no such note."""
    source = "x = torch.tensor([1., 2.], requires_grad=True)\n(x * x).sum().backward()\n"
    assert "This PyTorch" not in repr(magic(shell, torch, source))
    for gone, text in {
        "_version": "does not count how often a tensor is written over",
        "_raw_saved": "does not hand out what its graphs save",
        "_saved_": "does not hand out what its graphs save",
        "_backward_hooks": "does not list the hooks",
        "_post_accumulate_grad_hooks": "does not list the hooks",
    }.items():
        without(gone)
        assert text in repr(magic(shell, torch, source)), gone


def test_hooks_are_seen_as_they_run_without(shell: InteractiveShell, torch: ModuleType, without: Any) -> None:
    """Hooks that nobody lists are noticed in the user's own pass, and take part in every move."""
    without("_backward_hooks")
    for name in ("hooks", "node hook", "saved tensors hooks", "checkpoint"):
        source, v = CELLS[name]
        plainly = magic(shell, torch, with_v(torch, source, v))
        assert bool(plainly._live.snapshot.hooks) == (name != "saved tensors hooks"), name


def test_a_custom_function_without_its_class(shell: InteractiveShell, torch: ModuleType, without: Any) -> None:
    """It is named, not run for the inspector, and what it saved is left alone."""
    without("_forward_cls")
    source, v = CELLS["custom function"]
    explored = magic(shell, torch, with_v(torch, source, v))
    (card,) = (each for each in explored.graph.nodes if each.op == "SquareBackward")
    assert card.note
    assert explored._live.inspection.told(explored.graph, card, 10)["saved"] == {"tensors": [], "freed": False}


def test_the_inspector_without(shell: InteractiveShell, torch: ModuleType, without: Any) -> None:
    """It says the rest: derivatives of one card through several nodes, with what was broadcast summed."""
    source = (
        "x = torch.tensor([[1., 2.], [3., 4.]], requires_grad=True)\nb = torch.tensor(2., requires_grad=True)\n"
        "s = torch.nn.functional.softmax(x, 1)\nh = x * b\nm = 1 / h\ny = (h.max(1).values * s.sum() + m.sum()).sum()\n"
        "y.backward()\n"
    )

    def told(explored: Any) -> list[Any]:
        every = [explored._live.inspection.told(explored.graph, each, 10) for each in explored.graph.nodes]
        return sorted(str(each["local"]) for each in every if "local" in each)

    before = told(magic(shell, torch, source))
    for gone in ("_input_metadata", "_sequence_nr", "_is_view", "_version"):
        without(gone)
        assert told(magic(shell, torch, source)) == before, gone
    without("_is_view")
    explored = magic(shell, torch, source)
    assert all(
        "is_view" not in explored._live.inspection.told(explored.graph, e, 1)["facts"] for e in explored.graph.nodes
    )


class Node:
    """A node of a library that tells nothing of it but what follows."""

    def __init__(self, *following: Any) -> None:
        self.next_functions = tuple((each, 0) for each in following)


def test_order_without_numbers() -> None:
    """Each node after those that its inputs came from, in a chain of any length; the newest is computed from all."""
    first = node = Node()
    chain = [node]
    for _ in range(20_000):
        chain.append(node := Node(node, first, None))
    numbers, counted = private.ages(reversed(chain))
    assert not counted
    assert sorted(chain, key=numbers.__getitem__) == chain
    side = Node(chain[5])
    assert private.newest([chain[3], chain[-1], chain[7]]) is chain[-1]
    assert private.newest([Node(side), side]).next_functions[0][0] is side


ABSENT = """
import torch
del torch.autograd._get_sequence_nr, torch._C._functorch.is_functorch_wrapped_tensor
del torch.nn.Module._wrapped_call_impl
def gone(self, *_):
    raise AttributeError("no such name")
for name in ("_version", "_is_view", "_post_accumulate_grad_hooks"):
    setattr(torch.Tensor, name, property(gone))
from tests import cells
with cells.shell("torch") as shell:
    cells.run(shell, '''class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.w = torch.nn.Parameter(torch.tensor([1., 2.]))
    __call__ = lambda self, x: self.forward(x)
    def forward(self, x):
        return x * self.w + 1''')
    ran = cells.run(shell, '''%%backward -o e
net = Net()
x = torch.tensor([3., 4.], requires_grad=True)
h = net(x)
h *= 2
g = torch.func.grad(lambda t: (t * t).sum())(x)
y = h * h + g.detach()
y.backward(torch.tensor([1., 10.]))''')
    assert ran.error is None, ran.printed
    e = shell.user_ns["e"]
    print(shell.user_ns["x"].grad.tolist(), sorted(n.op for n in e.graph.nodes if n.kind == "op"))
    e.weights = [2, 3]
    print(shell.user_ns["x"].grad.tolist(), shell.user_ns["net"].w.grad.tolist())
"""


def test_names_that_are_really_gone(torch: ModuleType) -> None:
    """A PyTorch from which they were deleted, as far as it can be done from Python."""
    ran = subprocess.run([sys.executable, "-c", ABSENT], cwd=ROOT, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    nodes = "['AddBackward0', 'AddBackward0', 'AddBackward0', 'MulBackward0', 'MulBackward0', 'MulBackward0']"
    assert ran.stdout.splitlines() == [f"[32.0, 1440.0] {nodes}", "[64.0, 432.0] [192.0, 864.0]"]
