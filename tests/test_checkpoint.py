"""``torch.utils.checkpoint``: each program says the same on PyTorch and here."""

from __future__ import annotations

import gc
import textwrap
import weakref
from types import ModuleType
from typing import Any

import pytest

import engine
from tests.said import same

pytestmark = pytest.mark.usefixtures("young")

SETUP = """
import importlib
C = importlib.import_module(T.__name__ + ".utils.checkpoint")
checkpoint = C.checkpoint
x = T.tensor([1., 2.], requires_grad=True)
w = T.tensor([3., 4.], requires_grad=True)
def f(x, w, *rest):
    say("run", T.is_grad_enabled())
    return (x * w).sin() * x
"""

PROGRAMS = {
    "both kinds": """
        for kind in (False, True):
            x.grad = w.grad = None
            y = checkpoint(f, x, w, use_reentrant=kind)
            say(y.detach(), y.requires_grad)
            y.sum().backward()
            say(x.grad, w.grad)
            fails(lambda: y.sum().backward())
        f(x, w).sum().backward()
        say(x.grad, w.grad)
    """,
    "retained graphs": """
        y = checkpoint(f, x, w, use_reentrant=False)
        y.sum().backward(retain_graph=True)
        y.sum().backward()
        say(x.grad, w.grad)
        z = checkpoint(f, x, w, use_reentrant=True)
        z.sum().backward(retain_graph=True)
        z.sum().backward()
        say(x.grad)
    """,
    "second derivatives": """
        y = checkpoint(lambda x: (x ** 3).exp() * 1e-3, x, use_reentrant=False)
        g, = T.autograd.grad(y.sum(), x, create_graph=True)
        say(T.autograd.grad(g.sum(), x)[0])
    """,
    "grad and inputs": """
        y = checkpoint(f, x, w, use_reentrant=False)
        say(T.autograd.grad(y.sum(), [x, w]))
        y = checkpoint(f, x, w, use_reentrant=True)
        fails(lambda: T.autograd.grad(y.sum(), [x, w]))
        y = checkpoint(f, x, w, use_reentrant=True)
        fails(lambda: y.sum().backward(inputs=[x]))
    """,
    "keyword arguments": """
        fails(lambda: checkpoint(lambda x, n=1: x * x * n, x, n=5, use_reentrant=True))
        y = checkpoint(lambda x, n=1: x * x * n, x, n=5, use_reentrant=False)
        y.sum().backward()
        say(x.grad)
        fails(lambda: checkpoint(f, x, w, use_reentrant=True, debug=True))
        fails(lambda: checkpoint(f, x, w, use_reentrant=False, determinism_check="some"))
        checkpoint(f, x, w)
    """,
    "several outputs, no tensors": """
        def g(x, n, flag=None):
            return x * n, x.exp(), 7, None
        for kind in (False, True):
            x.grad = None
            a, b, c, d = checkpoint(g, x, 3, use_reentrant=kind)
            say(c, d)
            (a * b).sum().backward()
            say(x.grad)
    """,
    "nothing wants a gradient": """
        u = T.ones(2)
        for kind in (False, True):
            y = checkpoint(lambda x: x * 2, u, use_reentrant=kind)
            say(y)
        with T.no_grad():
            say(checkpoint(f, x, w, use_reentrant=False))
        y = checkpoint(lambda u: u * x, u, use_reentrant=False)
        y.sum().backward()
        say(x.grad)
        y = checkpoint(lambda x: x.detach() * 2, x, use_reentrant=True)
        fails(lambda: y.sum().backward())
    """,
    "random numbers are drawn again": """
        for kind in (False, True):
            x.grad = None
            T.manual_seed(3)
            masks = []
            def drop(x):
                masks.append(T.rand(2))
                return (x * masks[-1]).exp()
            y = checkpoint(drop, x, use_reentrant=kind)
            after = T.rand(2)
            y.sum().backward()
            say(len(masks), masks[0].tolist() == masks[1].tolist(), T.rand(2).tolist() == after.tolist())
            T.manual_seed(3)
            z = checkpoint(drop, x, use_reentrant=kind, preserve_rng_state=False)
            z.sum().backward()
            say(masks[2].tolist() == masks[3].tolist())
    """,
    "other tensors the second time": """
        runs = []
        def more(x):
            runs.append(1)
            return (x * x).exp().sin() if len(runs) > 1 else (x * x).exp()
        y = checkpoint(more, x, use_reentrant=False)
        y.sum().backward()
        say(x.grad)
        runs.clear()
        def fewer(x):
            runs.append(1)
            return x * 2 if len(runs) > 1 else (x * x).exp().sin()
        y = checkpoint(fewer, x, use_reentrant=False)
        fails(lambda: y.sum().backward())
        runs.clear()
        with C.set_checkpoint_early_stop(False):
            y = checkpoint(more, x, use_reentrant=False)
        fails(lambda: y.sum().backward())
        runs.clear()
        def shape(x):
            runs.append(1)
            return (T.cat([x, x]) if len(runs) > 1 else x).exp().sum()
        y = checkpoint(shape, x, use_reentrant=False)
        fails(lambda: y.backward())
        say(issubclass(C.CheckpointError, RuntimeError))
    """,
    "where computing again stops": """
        def tail(x):
            y = (x * x).exp()
            say("tail")
            z = y + 1
            say("after what is saved", T.is_grad_enabled())
            return z
        checkpoint(tail, x, use_reentrant=False).sum().backward()
        with C.set_checkpoint_early_stop(False):
            y = checkpoint(tail, x, use_reentrant=False)
        y.sum().backward()
        checkpoint(tail, x, use_reentrant=False, early_stop=False).sum().backward()
        say(x.grad)
    """,
    "contexts": """
        import contextlib
        @contextlib.contextmanager
        def noting(name):
            say(name, "in")
            yield
            say(name, "out")
        y = checkpoint(f, x, w, use_reentrant=False, context_fn=lambda: (noting("forward"), noting("again")))
        y.sum().backward()
    """,
    "inside one another": """
        def outer(x, kind):
            y = checkpoint(f, x * 2, w, use_reentrant=kind)
            return (y * x).exp() * 1e-3
        for kind in (False, True):
            x.grad = w.grad = None
            checkpoint(outer, x, kind, use_reentrant=kind).sum().backward()
            say(x.grad, w.grad)
    """,
    "sequences": """
        layers = [lambda x: x * 2, lambda x: x.sin(), lambda x: x * x, lambda x: x.exp(), lambda x: x * x]
        for kind in (False, True):
            x.grad = None
            y = C.checkpoint_sequential(layers, 2, x, use_reentrant=kind)
            y.sum().backward()
            say(y.detach(), x.grad)
        C.checkpoint_sequential(layers, 2, x)
        fails(lambda: C.checkpoint_sequential(layers, 2, x, use_reentrant=False, n=1))
        net = T.nn.Sequential(T.nn.Tanh(), T.nn.Sigmoid(), T.nn.Tanh())
        x.grad = None
        C.checkpoint_sequential(net, 3, x, use_reentrant=False).sum().backward()
        say(x.grad)
    """,
    "an input that was written": """
        h = x * 1
        y = checkpoint(lambda h: h * h, h, use_reentrant=False)
        h.add_(1)
        try:
            y.sum().backward()
        except RuntimeError as error:
            say(str(error)[:95], "at version 1; expected version 0" in str(error))
        fails(lambda: C.detach_variable([x]))
        a, n = C.detach_variable((x, 5))
        say(a, n, a is x)
    """,
    "an error inside": """
        fails(lambda: checkpoint(lambda x: 1 / 0, x, use_reentrant=False))
        runs = []
        def g(x):
            runs.append(1)
            if len(runs) > 1:
                1 / 0
            return x.exp()
        y = checkpoint(g, x, use_reentrant=False)
        fails(lambda: y.sum().backward())
        say(T.is_grad_enabled(), (x * x).sum().item())
    """,
}


@pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS)
def test_says_the_same(torch: ModuleType, program: str) -> None:
    """Values, gradients, how often and in which mode the function runs, errors and warnings are PyTorch's."""
    same(torch, SETUP + textwrap.dedent(program))


def test_saves_memory() -> None:
    """What a checkpointed function computes on the way dies with the call."""
    alive: list[Any] = []

    def f(x: Any) -> Any:
        y = x * x
        alive.append(weakref.ref(y._d))
        return y.exp() * y

    x = engine.ones(1000, requires_grad=True)
    z = engine.utils.checkpoint.checkpoint(f, x, use_reentrant=False)
    assert alive[0]() is None
    z.sum().backward()
    y = f(x)
    assert alive[-1]() is not None
    del y
    assert alive[-1]() is None


@pytest.mark.parametrize("reentrant", [False, True])
def test_dies_without_the_collector(reentrant: bool) -> None:
    """Before a pass and after it, the graph goes with its last name."""
    gc.collect()
    gc.disable()
    try:
        for passes in (0, 1):
            x = engine.tensor([1.0, 2.0], requires_grad=True)
            h = x * 1
            y = engine.utils.checkpoint.checkpoint(lambda h: (h * h).exp(), h, use_reentrant=reentrant)
            h.add_(y.detach())
            if passes:
                y = engine.utils.checkpoint.checkpoint(lambda h: (h * h).exp(), h, use_reentrant=reentrant)
                y.sum().backward(retain_graph=True)
            h.add_(y)
            alive = [weakref.ref(t) for t in (x, h, y, y.grad_fn)]
            del x, h, y
            assert [r() for r in alive] == [None] * 4
    finally:
        gc.enable()
