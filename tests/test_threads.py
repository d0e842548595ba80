"""Threads and interruptions: no update is lost, no mode leaks, and everything can be used again."""

from __future__ import annotations

import _thread
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import engine
from engine.mode import Here, _away, here
from engine.table.kernel import RAW

LIBRARIES = ["torch", "engine"]
THREADS = 16
ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(params=LIBRARIES)
def lib(request: pytest.FixtureRequest) -> Any:
    """Real PyTorch, then the engine."""
    return engine if request.param == "engine" else request.getfixturevalue("torch")


def together(work: Callable[[int], None], count: int = THREADS) -> None:
    """Run ``work(number)`` in threads that begin at one time; the first error of any is raised."""
    barrier = threading.Barrier(count)
    errors: list[BaseException] = []

    def run(number: int) -> None:
        try:
            barrier.wait(20)
            work(number)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(i,)) for i in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


def test_kernels_do_not_share_their_memory(lib: Any) -> None:
    """Convolutions in several threads at once, each of which works in memory that calls hand on, do not meet."""
    conv2d = lib.nn.functional.conv2d
    images = [lib.full((2, 3, 24, 24), float(i + 1), requires_grad=True) for i in range(THREADS)]
    w = lib.ones(4, 3, 3, 3)

    def work(number: int) -> None:
        for _ in range(20):
            images[number].grad = None
            out = conv2d(images[number], w, padding=1)
            out.sum().backward()
            assert out[:, :, 1:-1, 1:-1].eq(27.0 * (number + 1)).all()
            assert images[number].grad[:, :, 1:-1, 1:-1].eq(36.0).all()

    together(work)


def test_no_update_is_lost(lib: Any) -> None:
    """Sixteen threads add to shared leaves, of one element and of many; every contribution arrives."""
    scalar = lib.tensor(1.0, requires_grad=True)
    vector = lib.ones(5, requires_grad=True)

    def work(number: int) -> None:
        for _ in range(60):
            ((vector * scalar).sum() + scalar).backward()

    together(work)
    assert scalar.grad.item() == 6 * 60 * THREADS
    assert vector.grad.tolist() == [60 * THREADS] * 5


def test_one_graph_in_many_threads(lib: Any) -> None:
    """One retained graph, run by all at once, with hooks on its way."""
    x = lib.ones(3, requires_grad=True)
    y = (x * 2).exp()
    calls: list[int] = []
    y.register_hook(lambda g: calls.append(1))
    z = (y * y).sum()

    def work(number: int) -> None:
        for _ in range(20):
            z.backward(retain_graph=True)

    together(work)
    assert len(calls) == 20 * THREADS
    expected = 4 * np.exp(4.0) * 20 * THREADS
    assert np.allclose(x.grad.tolist(), [expected] * 3, rtol=1e-4)


def test_careful_passes_lose_nothing_either(lib: Any) -> None:
    """The same through custom functions, second derivatives, chosen inputs and hooks on leaves."""

    class Double(lib.autograd.Function):  # type: ignore[name-defined]  # the base is a parameter
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            ctx.save_for_backward(x)
            return x * 2

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            assert ctx.saved_tensors[0].shape == g.shape
            return 2 * g

    x = lib.ones(3, requires_grad=True)
    seen: list[int] = []
    x.register_hook(lambda g: seen.append(1))

    def work(number: int) -> None:
        for _ in range(20):
            Double.apply(x).sum().backward()
            Double.apply(x).sum().backward(inputs=[x])
            (g,) = lib.autograd.grad((x**3).sum(), x, create_graph=True)
            g.sum().backward()

    together(work)
    assert x.grad.tolist() == [(2 + 2 + 6) * 20 * THREADS] * 3
    assert len(seen) == (2 + 2) * 20 * THREADS


def test_modes_do_not_leak(lib: Any) -> None:
    """Half of the threads record and half do not, with hooks on what is saved in some; each sees its own."""
    x = lib.ones(2, requires_grad=True)
    packed: list[int] = []

    def work(number: int) -> None:
        for _ in range(100):
            if number % 4 == 0:
                with lib.no_grad():
                    assert not (x * 2).requires_grad
                    assert not lib.is_grad_enabled()
            elif number % 4 == 1:
                with lib.autograd.graph.saved_tensors_hooks(lambda t: packed.append(1) or t.detach(), lambda t: t):
                    y = x * x
                y.sum().backward()
            elif number % 4 == 2:
                with lib.inference_mode():
                    assert (x * 2).is_inference()
            else:
                assert (x * 2).requires_grad
                assert not (x * 2).is_inference()
                assert lib.is_grad_enabled()

    together(work)
    assert len(packed) == 2 * 100 * THREADS // 4
    assert x.grad.tolist() == [2 * 100 * THREADS // 4] * 2
    assert lib.is_grad_enabled()


def test_nothing_looks_for_modes_afterwards() -> None:
    """When all threads are back in the default, the flag that every operation reads is down."""

    def work(number: int) -> None:
        engine.set_grad_enabled(number % 2 == 0)
        engine.set_grad_enabled(True)

    before = RAW["BUSY"]
    together(work)
    assert RAW["BUSY"] == before


def whole(lib: Any, x: Any, y: Any) -> None:
    """Assert that tensors and modes work as if nothing had been."""
    assert lib.is_grad_enabled()
    x.grad = None
    (x * x).sum().backward()
    assert x.grad.tolist() == [2, 4]
    assert (y + 1).requires_grad
    y.add_(1)
    assert y.requires_grad
    with lib.no_grad():
        x.mul_(1)
    if lib is engine:
        assert here.modes == Here.modes  # those of every thread: none, or what looks for a test's subclass of Tensor
        assert here.watch is None
        assert here.passing is None
        assert threading.get_ident() not in _away


@pytest.mark.parametrize("where", ["hook", "function", "pack", "unpack", "leaf", "create_graph"])
def test_interrupted_pass(lib: Any, where: str) -> None:
    """Ctrl-C inside a hook, a custom function or a hook on what is saved comes out; everything still works."""

    def stop(*args: Any) -> Any:
        raise KeyboardInterrupt

    class Stop(lib.autograd.Function):  # type: ignore[name-defined]  # the base is a parameter
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            return x * 1

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            raise KeyboardInterrupt

    x = lib.tensor([1.0, 2.0], requires_grad=True)
    y = x * 3
    handle = (x if where == "leaf" else y).register_hook(stop if where in ("hook", "leaf", "create_graph") else print)

    def interrupted() -> None:
        if where == "function":
            Stop.apply(y).sum().backward()
        elif where in ("pack", "unpack"):
            pack, unpack = (stop, print) if where == "pack" else (lambda t: t.detach(), stop)
            with lib.autograd.graph.saved_tensors_hooks(pack, unpack):
                z = y * y
            z.sum().backward()
        else:
            (y * y).sum().backward(create_graph=where == "create_graph")

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    handle.remove()
    whole(lib, x, y)


@pytest.fixture
def _interruptible() -> Iterator[None]:
    """An interrupt is an exception, also where a shell that started the tests in the background had turned it off."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("_interruptible")
@pytest.mark.parametrize("how", ["interrupt_main", "signal"])
def test_interrupted_from_outside(how: str) -> None:
    """A real interrupt in the middle of a pass, at whatever moment it comes, twenty times over."""
    x = engine.tensor([1.0, 2.0], requires_grad=True)
    y = x
    for _ in range(3000):
        y = y * 1.0001
    total = (y + x).sum()
    w = x * 3
    caught = 0
    for attempt in range(20):
        pause = 0.0005 * (attempt + 1)

        def interrupt(pause: float = pause) -> None:
            time.sleep(pause)
            _thread.interrupt_main() if how == "interrupt_main" else signal.raise_signal(signal.SIGINT)

        thread = threading.Thread(target=interrupt)
        try:
            thread.start()
            for _ in range(50):
                total.backward(retain_graph=True)
            thread.join()
            time.sleep(0.01)
        except KeyboardInterrupt:
            caught += 1
        finally:
            thread.join()
    assert caught == 20
    whole(engine, x, w)
    total.backward()
    assert np.allclose(x.grad.tolist(), np.array([2, 4]) + 1 + 1.0001**3000, rtol=1e-2)


def test_pass_inside_a_pass(lib: Any) -> None:
    """A hook may run a pass, on the same graph or another; a custom function's backward too; ten levels deep."""
    x = lib.tensor([1.0, 2.0], requires_grad=True)
    depth: list[int] = []

    def deeper(g: Any) -> None:
        if len(depth) < 10:
            depth.append(1)
            with lib.enable_grad():
                y = x * 2
                y.register_hook(deeper)
                (y * y).sum().backward()

    y = x * 2
    y.register_hook(deeper)
    z = (y * y).sum()
    z.backward(retain_graph=True)
    assert x.grad.tolist() == [8 * 11, 16 * 11]


def test_locks_survive_a_failing_hook() -> None:
    """An error while a gradient is added leaves no lock held: another thread gets through."""
    x = engine.tensor([1.0, 2.0], requires_grad=True)

    def fail(t: Any) -> None:
        raise ValueError("a hook")

    handle = x.register_post_accumulate_grad_hook(fail)
    with pytest.raises(ValueError, match="a hook"):
        (x * 2).sum().backward()
    handle.remove()
    thread = threading.Thread(target=lambda: (x * 2).sum().backward())
    thread.start()
    thread.join(10)
    assert not thread.is_alive()
    assert x.grad.tolist() == [4, 4]


# Each of these reads other files of operations when it is first run, some of them in the backward pass
FIRST_USES = """
import sys, threading
import engine as torch

sys.setswitchinterval(1e-6)
USES = [
    lambda x: (x * x).sum(), lambda x: x.softmax(0).max(), lambda x: (x @ x.T).relu().mean(),
    lambda x: x.sort()[0][0].norm(),
    lambda x: torch.cat([x.cumsum(0), x.flip(1)]).std(), lambda x: x.gather(1, torch.tensor([[0], [1], [1]])).prod(),
    lambda x: torch.where(x > 1, x.exp(), x.abs()).var(),
    lambda x: x.index_select(0, torch.tensor([2, 0])).clamp(0, 2).sum(),
    lambda x: torch.linalg.svd(x)[1].sum(), lambda x: torch.nn.functional.layer_norm(x, (2,)).pow(2).sum(),
    lambda x: torch.complex(x, x).abs().sum(), lambda x: torch.special.erf(x).amax(), lambda x: x[1:, 0].logsumexp(0),
    lambda x: torch.nn.functional.mse_loss(x, torch.zeros_like(x)), lambda x: (x.clone().mul_(3) / 2 - x**3).median(),
    lambda x: torch.einsum("ij,kj->ik", x, x).det(),
]
wrong, barrier = [], threading.Barrier(len(USES))

def used(i):
    x = torch.tensor([[0.5, 2.0], [1.5, 1.0], [3.0, 0.25]], requires_grad=True)
    y = USES[i](x)
    (g,) = torch.autograd.grad(y, x, create_graph=True)
    (g * x).sum().backward()
    return y.item(), g.tolist(), x.grad.tolist()

def run(i):
    try:
        barrier.wait(60)
        found[i] = [used((i + k) % len(USES)) for k in range(len(USES))]
    except BaseException as error:
        wrong.append(repr(error))

found = {}
threads = [threading.Thread(target=run, args=(i,)) for i in range(len(USES))]
for thread in threads: thread.start()
for thread in threads: thread.join()
assert not wrong, wrong
expected = [used(i) for i in range(len(USES))]
for i, results in found.items():
    assert repr(results) == repr(expected[i:] + expected[:i]), (i, results)
print(*sorted(n for n in sys.modules if n.startswith("engine.ops.")))
"""


@pytest.mark.parametrize("attempt", range(3))
def test_first_uses_in_many_threads(attempt: int) -> None:
    """Sixteen threads begin with sixteen operations whose files nobody has read yet: each finds them whole."""
    ran = subprocess.run([sys.executable, "-c", FIRST_USES], cwd=ROOT, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    assert len(ran.stdout.split()) > 20
