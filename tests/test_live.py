"""v -> x.grad: bit for bit what the cell would have left, from any thread, and nothing left over."""

from __future__ import annotations

import gc
import threading
import time
import weakref
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import engine as torch
from magics_pkg import backends
from magics_pkg.graphs.linear import Weighting, take
from magics_pkg.panel.latest import Latest
from magics_pkg.panel.live import Closed, Leaf, Session

pytestmark = pytest.mark.usefixtures("each_library", "young")

THIRD = np.float32(1 / 3)


def quantity(name: str, size: int, key: tuple[Any, ...]) -> Any:
    """What the session asks of a graph's quantity: all its entries are shown."""
    return SimpleNamespace(name=name, shape=(size,), indices=tuple(range(size)), key=key)


def node_of(leaf: Any) -> Any:
    """The leaf's AccumulateGrad node."""
    return (leaf * 1).grad_fn.next_functions[0][0]


def start(y: Any, v: Any, *leaves: Any, **settings: Any) -> Session:
    """What the magic does around `y.backward(v)`: keep the graph, take the rows, run the call, open a session."""
    backend = backends.of(y)
    assert backend is not None
    snapshot = backend.snapshot([y])
    weighting = Weighting((np.array(v, np.float32),))
    before = [None if leaf.grad is None else leaf.grad.detach().numpy().copy() for leaf in leaves]
    sweeps = take(snapshot, weighting)
    call = {"create_graph": settings.get("create_graph", False)}
    backend.run(snapshot, "backward", backend.tensor.backward, (y, torch.tensor(v)), call)
    followed = [
        Leaf(leaf, node_of(leaf), f"x{i}", old) for i, (leaf, old) in enumerate(zip(leaves, before, strict=True))
    ]
    graph: Any = SimpleNamespace(
        quantities=[quantity(f"{leaf.name}.grad", leaf.tensor.numel(), ("leaf", leaf.node)) for leaf in followed]
    )
    return Session(backend, snapshot, sweeps, graph, followed, **settings)


def bits(tensor: Any) -> bytes:
    """A tensor's dtype, shape and bits."""
    array = tensor.detach().numpy()
    return f"{array.dtype}{array.shape}".encode() + array.tobytes()


def leaf() -> Any:
    """A leaf whose products round."""
    return torch.tensor([0.1, -1.7, 2.3], requires_grad=True)


@pytest.mark.parametrize("v", [[0.3, -2.7, 1e-4], [0.0, 0.0, 0.0], [float(THIRD), 1e30, -1e-30]])
def test_same_bits(v: list[float]) -> None:
    """A move leaves what the same program leaves when it is written with that v."""
    x, other = leaf(), leaf()
    session = start(torch.tanh(x * x) * 3, [0.1, 1.0, 10.0], x)
    session.set(np.array(v))
    (torch.tanh(other * other) * 3).backward(torch.tensor(v))
    assert bits(x.grad) == bits(other.grad)


def test_accumulation_keeps_the_rest() -> None:
    """What other passes added stays, in the same order of additions."""
    x, other = leaf(), leaf()
    (x * THIRD).sum().backward()
    session = start(x * x, [0.1, 1.0, 10.0], x)
    session.set(np.array([0.7, 0.7, 0.7]))
    (other * THIRD).sum().backward()
    (other * other).backward(torch.tensor([0.7, 0.7, 0.7]))
    assert bits(x.grad) == bits(other.grad)


def test_moves_do_not_add_up() -> None:
    """Moving away and back leaves the same bits as before."""
    x = leaf()
    session = start(x * x, [0.1, 1.0, 10.0], x)
    first = bits(x.grad)
    for v in ([1, 2, 3], [-1, 0, 0], [0.1, 1.0, 10.0]):
        session.set(np.array(v))
    assert bits(x.grad) == first


def test_the_users_graph_stays_freed() -> None:
    """The panel goes on working over a graph through which the user's own second call raises."""
    x = leaf()
    y = x * x
    session = start(y, [0.1, 1.0, 10.0], x)
    session.set(np.array([1, 1, 1]))
    with pytest.raises(RuntimeError, match="second time"):
        y.backward(torch.tensor([1.0, 1.0, 1.0]))


def test_v_and_grad_mode_are_left_alone() -> None:
    """v's tensor and the thread's grad mode stay what they were."""
    x = leaf()
    session = start(x * x, [0.1, 1.0, 10.0], x)
    for mode in (torch.no_grad(), torch.enable_grad()):
        with mode:
            enabled = torch.is_grad_enabled()
            session.set(np.array([1, 1, 1]))
            assert torch.is_grad_enabled() is enabled
    assert not x.grad.requires_grad


def test_create_graph() -> None:
    """Under create_graph the new gradient has a graph of its own, as the cell's had."""
    x, other = leaf(), leaf()
    session = start(x**3, [1.0, 1.0, 1.0], x, create_graph=True)
    session.set(np.array([2.0, 0.5, -1]))
    (other**3).backward(torch.tensor([2.0, 0.5, -1]), create_graph=True)
    assert bits(x.grad) == bits(other.grad)
    (second,) = torch.autograd.grad(x.grad.sum(), x)
    (expected,) = torch.autograd.grad(other.grad.sum(), other)
    assert bits(second) == bits(expected)


def test_scalar_output_and_leaf() -> None:
    """0-d tensors on both ends."""
    x = torch.tensor(3.0, requires_grad=True)
    session = start(x * x, 1.0, x)
    session.set(np.array(0.5))
    assert x.grad.item() == 3.0
    assert x.grad.shape == ()


def test_stale_values_fall_back_to_rows() -> None:
    """After an in-place change of what backward needs, rows answer to rounding, and the panel says so."""
    x, w, other = leaf(), leaf(), leaf()
    said: list[tuple[Any, ...]] = []
    session = start(x * w * w, [0.1, 1.0, 10.0], x, w)
    session.report = lambda *told: said.append(told)
    with torch.no_grad():
        w -= 1
    session.submit([0.3, 0.4, 0.5])
    session.settle()
    fresh = leaf()
    (other * fresh * fresh).backward(torch.tensor([0.3, 0.4, 0.5]))
    np.testing.assert_allclose(x.grad.numpy(), other.grad.numpy(), rtol=1e-6)
    assert not session.exact
    assert "equal to rounding" in said[-1][3]


def test_stale_values_without_rows_are_an_error() -> None:
    """An entry that has no row cannot be moved then, and nothing is changed."""
    x = torch.tensor(np.linspace(1, 2, 20).astype(np.float32).tolist(), requires_grad=True)
    session = start(x * x, [1.0] * 20, x)
    kept = bits(x.grad)
    with torch.no_grad():
        x += 1
    with pytest.raises(RuntimeError, match="inplace"):
        session.set(np.full(20, 2.0))
    assert bits(x.grad) == kept


def test_hooks_run_at_each_move() -> None:
    """A hook is part of the answer: every move runs it once, and it may make the gradient other than linear."""
    x, runs = leaf(), []
    y = x * x

    def clip(g: Any) -> Any:
        runs.append(g)
        return g.clamp(-1, 1)

    y.register_hook(clip)
    session = start(y, [0.5, 1.0, 10.0], x)
    assert len(runs) == 1
    session.set(np.array([5, -5, 0.25]))
    assert len(runs) == 2
    np.testing.assert_allclose(x.grad.numpy(), x.detach().numpy() * 2 * np.array([1, -1, 0.25]), rtol=1e-6)


def test_an_exception_is_reported() -> None:
    """A hook that raises in a slider's callback is shown, and leaves x.grad alone."""
    x, told = leaf(), []
    y = x * x
    fail = [False]

    def hook(g: Any) -> None:
        if fail[0]:
            raise ValueError("no more")

    y.register_hook(hook)
    session = start(y, [0.5, 1.0, 10.0], x)
    session.report = lambda *said: told.append(said)
    kept = bits(x.grad)
    fail[0] = True
    session.submit([1, 1, 1])
    session.settle()
    assert told[-1][2:4] == ("error", "ValueError: no more")
    assert bits(x.grad) == kept
    fail[0] = False
    session.submit([1, 1, 1])
    session.settle()
    assert told[-1][2:4] == ("ready", "")


def test_a_leaf_with_a_reason_is_left_alone() -> None:
    """What the cell itself did to .grad after its backward stands at every v."""
    x = leaf()
    session = start(x * x, [0.1, 1.0, 10.0], x)
    session.leaves[0].reason = "set to zero"
    kept = bits(x.grad)
    session.set(np.array([5, 5, 5]))
    assert bits(x.grad) == kept


def test_changes_by_others_are_told() -> None:
    """Another cell's write to x.grad or to the name x is said; a move sets x.grad again."""
    x = leaf()
    session = start(x * x, [0.1, 1.0, 10.0], x)
    assert session.check({"x0": x}) == ""
    x.grad.zero_()
    assert "x0.grad was changed" in session.check({"x0": x})
    session.set(np.array([1, 1, 1]))
    assert session.check({"x0": x}) == ""
    x.grad = None
    assert "x0.grad was changed" in session.check({"x0": x})
    assert session.renamed() == ""
    session.check({"x0": 3})
    assert "By now x0 stands for another tensor" in session.renamed()


def test_pick() -> None:
    """Other entries of v can be given the sliders; the rest keeps its present value."""
    x = torch.tensor([float(i) for i in range(20)], requires_grad=True)
    session = start(x * x, [1.0] * 20, x)
    session.set(np.arange(20))
    made = session.pick([18, 3])
    assert made.names == ("v[18]", "v[3]")
    assert made.start == (18.0, 3.0)
    session.submit([100, 200])
    session.settle()
    expected = 2.0 * np.arange(20) * np.arange(20)
    expected[18], expected[3] = 2 * 18 * 100, 2 * 3 * 200
    np.testing.assert_allclose(x.grad.numpy(), expected, rtol=1e-6)
    np.testing.assert_allclose(session.shown(), expected, rtol=1e-6)


def test_jacobian() -> None:
    """Row i of J is the gradient of output i."""
    x = leaf()
    session = start(x * x, [0.1, 1.0, 10.0], x)
    np.testing.assert_allclose(session.jacobian(session.leaves[0]), np.diag(2 * x.detach().numpy()), rtol=1e-6)


def test_close_lets_go() -> None:
    """After close nothing keeps the tensors, and a move is refused."""
    x = leaf()
    session = start(x * x, [0.1, 1.0, 10.0], x)
    gone = weakref.ref(x)
    session.close()
    session.close()
    with pytest.raises(Closed):
        session.set(np.array([1, 1, 1]))
    session.submit([1, 1, 1])
    del x
    gc.collect()
    assert gone() is None


def test_other_threads() -> None:
    """Callbacks on several threads at once end with the last v followed."""
    x = leaf()
    session = start(x * x, [0.1, 1.0, 10.0], x)
    running = threading.active_count()

    def drag(seed: int) -> None:
        for i in range(50):
            session.submit([seed + i, seed - i, i])

    threads = [threading.Thread(target=drag, args=(seed,)) for seed in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    session.submit([1, 2, 3])
    session.settle()
    np.testing.assert_allclose(x.grad.numpy(), 2 * x.detach().numpy() * np.array([1, 2, 3]), rtol=1e-6)
    assert threading.active_count() <= running


def test_cheap_work_runs_at_once() -> None:
    """Cheap work is done in the call itself, for every item."""
    done: list[int] = []
    latest = Latest(done.append)
    for i in range(20):
        latest.put(i)
    assert done == list(range(20))


def test_costly_work_is_coalesced() -> None:
    """Costly work is done now and then; the latest wins, the last is done, no thread stays."""
    done: list[int] = []

    def work(i: int) -> None:
        time.sleep(0.02)
        done.append(i)

    latest = Latest(work, pause=0.05)
    threads = threading.active_count()
    for i in range(60):
        latest.put(i)
        time.sleep(0.005)
    latest.settle()
    assert done[-1] == 59
    assert len(done) < 15
    time.sleep(0.1)
    assert threading.active_count() <= threads


def test_close_drops_what_waits() -> None:
    """After close nothing runs any more."""
    done: list[int] = []

    def work(i: int) -> None:
        time.sleep(0.02)
        done.append(i)

    latest = Latest(work, pause=0.05)
    latest.put(0)
    latest.put(1)
    latest.close()
    latest.put(2)
    time.sleep(0.1)
    assert done == [0]


def test_work_that_raises_does_not_block() -> None:
    """The next item is taken all the same."""
    done: list[int] = []

    def work(i: int) -> None:
        if i == 0:
            raise ValueError(i)
        done.append(i)

    latest = Latest(work)
    with pytest.raises(ValueError, match="0"):
        latest.put(0)
    latest.put(1)
    assert done == [1]
