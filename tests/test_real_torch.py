"""Cells of real PyTorch under the magic: the cell stays what it was, and what moves is what PyTorch would give."""

from __future__ import annotations

import contextlib
import gc
import io
import warnings
import weakref
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from IPython.core.interactiveshell import InteractiveShell

from magics_pkg import words
from magics_pkg.graphs.graph import graph_of
from magics_pkg.panel.live import Closed
from magics_pkg.tracing.recorder import trace_cell
from tests import cells
from tests.torch_cells import CELLS, written

# To rounding: the values that backward needs have been changed since, or v passes through bfloat16
ROUNDED = {"into its own graph", "optimizer step", "training loop", "written after", "entry written under no_grad"}
# What a second backward is told, where the cell's own has freed its graph
AGAIN = "y.backward(torch.ones_like(y))"


@pytest.fixture(scope="module")
def shell(torch: ModuleType) -> Iterator[InteractiveShell]:
    """One IPython with the magics loaded, in which torch is PyTorch."""
    with cells.shell("torch") as made:
        cells.run(made, "import torch.nn.functional as F")
        yield made


def plain(torch: ModuleType, source: str) -> tuple[dict[str, Any], str]:
    """The names after this cell, run in plain Python with the same seed, and what it printed."""
    names: dict[str, Any] = {"torch": torch, "nn": torch.nn, "F": torch.nn.functional, "__name__": "__main__"}
    torch.manual_seed(0)
    text = io.StringIO()
    with contextlib.redirect_stdout(text), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        exec(source, names)  # the test's own text
    return names, text.getvalue()


def magic(shell: InteractiveShell, torch: ModuleType, source: str) -> Any:
    """Run the cell under the magic with the same seed; its Exploration."""
    shell.user_ns.pop("e", None)
    torch.manual_seed(0)
    ran = cells.run(shell, "%%backward -o e --quiet\n" + source)
    assert ran.error is None, ran.printed
    return shell.user_ns["e"]


def again(shell: InteractiveShell, names: dict[str, Any]) -> tuple[str, Any]:
    """A second backward in the plain cell's names, and under the magic: the first's error, the second's result."""
    told = ""
    try:
        exec(AGAIN, names)  # the test's own text
    except RuntimeError as error:
        told = str(error)
    return told, cells.run(shell, AGAIN)


def tensors(names: dict[str, Any], torch: ModuleType) -> dict[str, Any]:
    """Every tensor and gradient that the names lead to, by its own name."""
    found = {}
    for name, each in names.items():
        if isinstance(each, torch.nn.Module):
            found |= {f"{name}.{inner}": t for inner, t in (*each.named_parameters(), *each.named_buffers())}
        elif isinstance(each, torch.Tensor):
            found[name] = each
    for name, each in list(found.items()):
        if (each.is_leaf or each.retains_grad) and each.grad is not None:
            found[f"{name}.grad"] = each.grad
    return found


def bits(tensor: Any) -> tuple[Any, ...]:
    """dtype, shape and bits of a tensor."""
    plain = tensor.detach().resolve_conj().contiguous()
    held = plain.view(-1).view(plain.new_empty(0).byte().dtype).numpy().tobytes() if plain.numel() else b""
    return str(plain.dtype), tuple(plain.shape), held


def agree(found: dict[str, Any], expected: dict[str, Any], exact: bool = True) -> None:
    """The same tensors, to the bit or to rounding."""
    for name, right in expected.items():
        assert name in found, name
        if exact:
            assert bits(found[name]) == bits(right), (name, found[name], right)
        else:
            np.testing.assert_allclose(
                found[name].detach().float().numpy(), right.detach().float().numpy(), rtol=1e-5, atol=1e-6, err_msg=name
            )


def scalar(shell: InteractiveShell) -> bool:
    """Whether the output of the latest cell is one number."""
    return not shell.user_ns["e"]._live.weighting.v.shape


def with_v(torch: ModuleType, source: str, v: list[float]) -> str:
    """The cell with v as a number or a list, whichever its output asks for."""
    try:
        plain(torch, written(source, v, len(v) == 1))
    except RuntimeError:
        return written(source, v, False)
    return written(source, v, len(v) == 1)


@pytest.mark.parametrize("name", CELLS)
def test_the_cell_is_what_it_was(shell: InteractiveShell, torch: ModuleType, name: str) -> None:
    """The same tensors, gradients, parameters, buffers and random numbers as without the magic; run once."""
    source = with_v(torch, *CELLS[name])
    expected, _ = plain(torch, source)
    state = torch.get_rng_state()
    magic(shell, torch, source)
    assert torch.equal(torch.get_rng_state(), state), "no random number more or less was drawn"
    agree(tensors(shell.user_ns, torch), tensors(expected, torch))


@pytest.mark.parametrize("name", CELLS)
def test_a_freed_graph_is_freed(shell: InteractiveShell, torch: ModuleType, name: str) -> None:
    """What the next cell meets is what it would have met: the same error, or none."""
    source = with_v(torch, *CELLS[name])
    expected, _ = plain(torch, source)
    magic(shell, torch, source)
    told, ran = again(shell, expected)
    if name in ("checkpoint",):  # PyTorch has a text of its own for it, which our refusal comes before
        assert bool(told) == bool(ran.error)
    else:
        assert (str(ran.error) if ran.error else "") == told
    if not told:
        agree(tensors(shell.user_ns, torch), tensors(expected, torch))


@pytest.mark.parametrize("name", CELLS)
def test_a_move_is_a_fresh_run(shell: InteractiveShell, torch: ModuleType, name: str) -> None:
    """At another v, and back, every gradient is that of the cell run from scratch with that v."""
    source, v = CELLS[name]
    first = with_v(torch, source, v)
    explored = magic(shell, torch, first)
    single = written(source, v, True) == first
    for moved in ([each * -1.7 + 0.3 for each in v], [0.0 for _ in v], v):
        expected, _ = plain(torch, written(source, moved, single))
        explored.weights = moved[0] if scalar(shell) else np.reshape(moved, explored.weights.shape)
        after, right = tensors(shell.user_ns, torch), tensors(expected, torch)
        moving = {key: each for key, each in right.items() if key.endswith(".grad")}
        agree(after, moving, exact=name not in ROUNDED)


@pytest.mark.parametrize("name", CELLS)
def test_what_is_shown_is_what_is_there(shell: InteractiveShell, torch: ModuleType, name: str) -> None:
    """The panel's numbers of each leaf are those in its .grad, at the start and after a move."""
    source, v = CELLS[name]
    explored = magic(shell, torch, with_v(torch, source, v))
    for moved in (None, [each * 0.5 - 1 for each in v]):
        if moved is not None:
            explored.weights = moved[0] if scalar(shell) else np.reshape(moved, explored.weights.shape)
        numbers, at = explored._live.shown(), 0
        grads = {leaf.node: leaf for leaf in explored._live.leaves if not leaf.reason}
        for quantity in explored.graph.quantities:
            shown = numbers[at : at + len(quantity.indices)]
            at += len(quantity.indices)
            leaf = grads.get(quantity.key[1]) if quantity.key[0] == "leaf" else None
            if leaf is not None and leaf.tensor.grad is not None:
                there = leaf.tensor.grad.detach().float().numpy().reshape(-1)[list(quantity.indices)]
                np.testing.assert_allclose(shown, there, rtol=1e-2 if name == "bfloat16" else 1e-5, atol=1e-6)


def test_what_cannot_be_followed_is_named(shell: InteractiveShell, torch: ModuleType) -> None:
    """A reentrant checkpoint runs a backward of its own, which no other pass may: drawn, not moved, and said why."""
    source = (
        "from torch.utils.checkpoint import checkpoint\nlayer = nn.Linear(4, 2)\n"
        "x = torch.randn(4, requires_grad=True)\n"
        "y = checkpoint(lambda a: F.dropout(torch.tanh(layer(a)), 0.5), x, use_reentrant=True)\n"
        "y.backward(torch.ones(2))\n"
    )
    expected, _ = plain(torch, source)
    explored = magic(shell, torch, source)
    agree(tensors(shell.user_ns, torch), tensors(expected, torch))
    with pytest.raises(Closed, match="could be moved"):
        explored.weights = 2
    assert "use_reentrant=False" in repr(explored)


NAMED = {  # what has no numbers to show or to move, and a word of the sentence that says so in each language
    "meta": ('x = torch.ones(3, requires_grad=True, device="meta")\n(x * x).sum().backward()', "meta"),
    "default device": (
        'torch.set_default_device("meta")\nx = torch.ones(3, requires_grad=True)\ny = x * x\n'
        "y.backward(torch.ones(3))\ntorch.set_default_device(None)",
        "meta",
    ),
    "nested": (
        "a, b = torch.randn(2, 3, requires_grad=True), torch.randn(4, 3, requires_grad=True)\n"
        "n = torch.nested.as_nested_tensor([a, b], layout=torch.jagged)\n(n * 2).values().sum().backward()",
        "to_padded_tensor",
    ),
    "nested in one piece": (
        "a, b = torch.randn(2, 3, requires_grad=True), torch.randn(4, 3, requires_grad=True)\n"
        "n = torch.nested.as_nested_tensor([a, b])\ntorch.nested.to_padded_tensor(n * 2, 0.).sum().backward()",
        "to_padded_tensor",
    ),
    "compressed": (
        "s = torch.eye(3).to_sparse_csr().requires_grad_()\nd = torch.ones(3, 2, requires_grad=True)\n"
        "(s @ d).sum().backward()",
        "to_sparse_coo",
    ),
}


@pytest.mark.parametrize("language", words.LANGUAGES)
@pytest.mark.parametrize("name", NAMED)
def test_what_has_no_numbers_is_named(shell: InteractiveShell, torch: ModuleType, name: str, language: str) -> None:
    """The cell runs as it is, and one sentence in the reader's language says what cannot be shown, and why."""
    source, word = NAMED[name]
    expected, _ = plain(torch, source)
    torch.manual_seed(0)
    words.use(language)
    try:
        ran = cells.run(shell, "%%backward\n" + source)
    finally:
        words.use(None)
    assert ran.error is None
    (told,) = [line for line in ran.printed.splitlines() if word in line]
    assert "Error" not in told
    for each, right in expected.items():
        if isinstance(right, torch.Tensor) and right.is_leaf and right.grad is not None:
            found = shell.user_ns[each].grad
            assert found.is_meta or found.tolist() == right.grad.tolist()


UNSEEN = {  # how many cards have no code, and the shape of what is computed
    "grad": ("y = torch.func.grad(lambda t: (t.sin() * t).sum())(x)", 6),
    "vmap of grad": ("y = torch.vmap(torch.func.grad(lambda t: (t * t * t).sum()))(x.reshape(3, 1))", None),
    "jit": ("y = torch.jit.trace(lambda t: t * t + 1, torch.ones(3))(x)", 2),
}


@pytest.mark.parametrize("language", words.LANGUAGES)
@pytest.mark.parametrize("name", UNSEEN)
def test_what_was_not_seen_is_named(shell: InteractiveShell, torch: ModuleType, name: str, language: str) -> None:
    """Operations inside transforms and scripts are drawn, move, and a sentence says why they have no code."""
    line, count = UNSEEN[name]
    source = f"x = torch.tensor([0.5, 1., 2.], requires_grad=True)\n{line}\ny.sum().backward()"
    words.use(language)
    try:
        explored = magic(shell, torch, source)
        unseen = sum(node.note == words.say("card_unrecorded") for node in explored.graph.nodes)
        assert unseen == (count or unseen) > 0
        assert words.say("unrecorded", n=unseen) in repr(explored)
    finally:
        words.use(None)
    explored.weights = 3.0
    right = plain(torch, source.replace("backward()", "backward(torch.tensor(3.))"))[0]["x"].grad
    assert cells.grad(shell).tolist() == right.tolist()


@pytest.mark.parametrize("sparse", ["coo", "parameters", "product"])
def test_sparse(shell: InteractiveShell, torch: ModuleType, sparse: str) -> None:
    """Sparse tensors and sparse gradients are drawn, and move."""
    source = {
        "coo": "x = torch.eye(3).to_sparse().requires_grad_()\ny = torch.sparse.sum(x * 2)",
        "parameters": "t = nn.Embedding(200, 8, sparse=True)\nx = t.weight\ny = t(torch.tensor([1, 2, 2])).sum()",
        "product": "v = torch.tensor([3., 4., 5.], requires_grad=True)\nx = torch.ones(3, 2, requires_grad=True)\n"
        "i = torch.tensor([[0, 1, 1], [2, 0, 2]])\n"
        "y = torch.sparse.mm(torch.sparse_coo_tensor(i, v, (2, 3)), x).sum()",
    }[sparse]
    explored = magic(shell, torch, f"{source}\ny.backward()")
    explored.weights = 3.0
    right = plain(torch, f"{source}\ny.backward(torch.tensor(3.))")[0]["x"].grad.to_dense()
    assert shell.user_ns["x"].grad.to_dense().tolist() == right.tolist()
    assert explored.bundle()["text/plain"]


def test_a_recurrent_network_is_one_card(shell: InteractiveShell, torch: ModuleType) -> None:
    """PyTorch runs an LSTM in one call: one card has its name, its parameters with their gradients stand beside it."""
    source = "model = nn.LSTM(3, 5)\nstates, _ = model(torch.randn(7, 2, 3))\ny = states.sum()\ny.backward()"
    explored = magic(shell, torch, source)
    assert [node.symbol for node in explored.graph.nodes if node.kind == "op"] == ["lstm", "Σ"]
    leaves = {explored.graph.node(each).name for each in explored.graph.leaves}
    assert leaves == {f"model.{name}" for name, _ in shell.user_ns["model"].named_parameters()}


def test_a_compiled_function_stays_compiled(shell: InteractiveShell, torch: ModuleType) -> None:
    """Under the magic it runs eagerly, and says so; after it, as before."""
    cells.run(shell, "f = torch.compile(lambda a: (a * a).sin(), backend='aot_eager')\nx = torch.ones(2)")
    cells.run(shell, "x.requires_grad_()\nf(x)")
    explored = magic(shell, torch, "y = f(x)\ny.backward(torch.ones(2))")
    assert [each.op for each in explored.graph.nodes if each.kind == "op"] == ["MulBackward0", "SinBackward0"]
    assert "without being compiled" in repr(explored)
    ran = cells.run(shell, "f(x).grad_fn.name()")
    assert ran.result == "CompiledFunctionBackward"


def test_a_cell_of_both_libraries(shell: InteractiveShell, torch: ModuleType) -> None:
    """Each has its own graph, and a panel of its own: that of the last backward is named."""
    ran = cells.run(
        shell,
        "%%backward -o e\nimport engine\na = engine.tensor([1., 2.], requires_grad=True)\n(a * a).sum().backward()\n"
        "x = torch.tensor([3., 4.], requires_grad=True)\n(x * x * x).sum().backward()",
    )
    assert ran.error is None
    assert ran.printed.index("x.grad = ") < ran.printed.index("a.grad = ")
    shell.user_ns["e"].weights = 2
    assert cells.grad(shell).tolist() == [54, 96]
    assert cells.grad(shell, "a").tolist() == [2, 4]


def test_large_tensors_are_not_copied(shell: InteractiveShell, torch: ModuleType, monkeypatch: Any) -> None:
    """Of what NumPy cannot share the memory of, only the entries that are shown are brought to it."""
    sizes = []
    widen = torch.Tensor.float
    monkeypatch.setattr(torch.Tensor, "float", lambda tensor: sizes.append(tensor.numel()) or widen(tensor))
    source = "x = torch.zeros(1000, 1000, dtype=torch.bfloat16, requires_grad=True)\ny = (x * 2 + 1).exp()\nz = y.sum()"
    torch.manual_seed(0)
    (trace,) = [trace_cell(shell, source)[1]]
    drawn = graph_of(trace, "z")
    assert [each.dtype for each in drawn.nodes] == ["bfloat16"] * 5
    assert [each.shape for each in drawn.nodes][:4] == [(1000, 1000)] * 4
    assert max(sizes) <= 100


def test_closing_gives_the_memory_back(shell: InteractiveShell, torch: ModuleType) -> None:
    """What backward saved is let go of with the panel, though the user still holds the output."""
    explored = magic(shell, torch, "x = torch.randn(512, 512, requires_grad=True)\ny = x.exp()\ny.backward(y.detach())")
    assert explored._live.snapshot.nbytes == 4 * 512 * 512
    result = weakref.ref(explored._live.snapshot._holders[0].tensor)
    explored.close()
    gc.collect()
    assert result() is None
    with pytest.raises(RuntimeError, match="second time"):
        shell.user_ns["y"].backward(torch.ones(512, 512))
