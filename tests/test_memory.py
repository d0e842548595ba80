"""No cycles: with the collector off a graph dies with its last name, whatever feature of autograd took part."""

from __future__ import annotations

import gc
import textwrap
import weakref
from collections.abc import Iterator
from typing import Any

import pytest

import engine

pytestmark = pytest.mark.usefixtures("young")

# Each program leaves tensors in `kept`, which is all that holds them when it has run; T is the engine.
PROGRAMS = {
    "operations": """
        h = x * x
        kept += [h, (h.exp() + h).sum()]
    """,
    "a pass": """
        h = x * x
        y = (h.exp() * h).sum()
        y.backward()
        kept += [h, y]
    """,
    "a retained pass": """
        h = x * x
        y = (h.exp() * h).sum()
        y.backward(retain_graph=True)
        y.backward(retain_graph=True)
        kept += [h, y]
    """,
    "grad of grad": """
        h = x ** 3
        g, = T.autograd.grad(h.sum(), x, create_graph=True)
        k, = T.autograd.grad(g.sum(), x, create_graph=True)
        kept += [h, g, k]
    """,
    "batches of gradients": """
        h = x * x
        g, = T.autograd.grad(h, x, T.eye(2), is_grads_batched=True, create_graph=True)
        kept += [h, g]
    """,
    "hooks": """
        h = x * x
        y = h.exp()
        h.register_hook(lambda g: g * 2)
        y.grad_fn.register_hook(lambda i, o: None)
        y.grad_fn.register_prehook(lambda o: None)
        y.register_hook(lambda g: None).remove()
        y.sum().backward(retain_graph=True)
        kept += [h, y]
    """,
    "hooks on leaves": """
        z = T.ones(2, requires_grad=True)
        z.register_hook(lambda g: g * 2)
        z.register_post_accumulate_grad_hook(lambda t: None)
        y = z * x
        y.sum().backward()
        kept += [z, y]
    """,
    "retain_grad": """
        h = x * x
        h.retain_grad()
        y = h.sum()
        y.backward(retain_graph=True)
        kept += [h, y, h.grad]
    """,
    "backward into inner tensors": """
        h = x * x
        y = (h * h).sum()
        y.backward(inputs=[h], retain_graph=True)
        kept += [h, y]
    """,
    "views": """
        h = x * x
        v = h[0:1]
        w = v.view(1, 1).expand(2, 1)
        kept += [h, v, w, h.detach(), h.data]
    """,
    "writes": """
        h = x * x
        v = h[0:1]
        h.mul_(2)
        v.add_(x[1])
        v.exp_()
        y = (h * v).sum()
        y.backward(retain_graph=True)
        kept += [h, v, y]
    """,
    "writes of what was computed from it": """
        h = x * 1
        y = h.exp()
        h.add_(y)
        h[0] = y[1]
        kept += [h, y]
    """,
    "parts": """
        h = x * x
        a, b = h.split(1)
        c, d = h.unbind()
        m, i = h.max(0)
        y = a + b + c + d + m
        y.sum().backward(retain_graph=True)
        kept += [h, a, b, c, d, m, i, y]
    """,
    "custom functions": """
        class F(T.autograd.Function):
            @staticmethod
            def forward(ctx, x, n):
                r = x * n
                ctx.save_for_backward(x, r)
                ctx.n = n
                return r, r + 1
            @staticmethod
            def backward(ctx, g, h):
                x, r = ctx.saved_tensors
                return (g + h) * ctx.n + 0 * r + 0 * x, None
        h = x * x
        a, b = F.apply(h, 2)
        y = (a * b).sum()
        g, = T.autograd.grad(y, x, create_graph=True)
        g.sum().backward(retain_graph=True)
        kept += [h, a, b, y, g]
        del F
    """,
    "custom functions that write": """
        class F(T.autograd.Function):
            @staticmethod
            def forward(ctx, x):
                x.mul_(2)
                ctx.mark_dirty(x)
                ctx.save_for_backward(x)
                return x
            @staticmethod
            def backward(ctx, g):
                return g * 2
        h = x * x
        F.apply(h)
        y = h.sum()
        y.backward(retain_graph=True)
        kept += [h, y]
        del F
    """,
    "hooks on what is saved": """
        with T.autograd.graph.saved_tensors_hooks(lambda t: t.detach(), lambda t: t):
            h = x * x
            y = h.exp()
            y.exp_()
        y.sum().backward(retain_graph=True)
        z = x.exp()
        z.grad_fn._raw_saved_result.register_hooks(lambda t: t, lambda t: t)
        kept += [h, y, z]
    """,
    "writing to what was saved": """
        with T.autograd.graph.allow_mutation_on_saved_tensors():
            h = x * 1
            y = h * h
            h.add_(y)
            h.sum().backward(retain_graph=True)
        kept += [h, y]
    """,
    "edges and hooks for several gradients": """
        h = x * x
        y = h.exp()
        edge = T.autograd.graph.get_gradient_edge(h)
        T.autograd.grad(y.sum(), edge, retain_graph=True)
        T.autograd.graph.register_multi_grad_hook((h, y), lambda gs: None)
        T.autograd.graph.register_multi_grad_hook((h, y), lambda g: None, mode="any")
        y.sum().backward(retain_graph=True)
        kept += [h, y]
        del edge
    """,
    "anomaly mode": """
        with T.autograd.set_detect_anomaly(True):
            h = x * x
            y = h.exp()
            g, = T.autograd.grad(y.sum(), x, create_graph=True)
            g.sum().backward(retain_graph=True)
        kept += [h, y, g]
    """,
    "inference mode": """
        with T.inference_mode():
            a = T.ones(2)
            b = a * 2
            v = x[0:1]
        kept += [a, b, v]
    """,
    "checkpoints": """
        h = x * x
        y = T.utils.checkpoint.checkpoint(lambda h: (h * h).exp(), h, use_reentrant=False)
        z = T.utils.checkpoint.checkpoint(lambda h: (h * h).exp(), h, use_reentrant=True)
        (y * z).sum().backward(retain_graph=True)
        kept += [h, y, z]
    """,
    "a snapshot": """
        h = x * x
        y = h.exp()
        snapshot = T.autograd.graph.Snapshot([y])
        snapshot.run([T.ones(2)])
        snapshot.run([T.ones(2)], create_graph=True)
        snapshot.close()
        kept += [h, y]
        del snapshot
    """,
    "errors": """
        h = x * x
        y = h.exp()
        y.add_(1)
        try:
            y.sum().backward()
        except RuntimeError:
            pass
        z = x.exp()
        z.register_hook(lambda g: 1 / 0)
        try:
            z.sum().backward()
        except ZeroDivisionError:
            pass
        kept += [h, y, z]
    """,
    "gradcheck": """
        z = T.ones(2, dtype=T.float64, requires_grad=True)
        T.autograd.gradcheck(lambda z: z.exp(), z)
        T.autograd.gradgradcheck(lambda z: z.exp(), z)
        kept += [z]
    """,
}


@pytest.fixture
def uncollected() -> Iterator[None]:
    """No collector; what it would find afterwards is for the test to say."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


@pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS)
@pytest.mark.usefixtures("uncollected")
def test_dies_with_its_last_name(program: str) -> None:
    """Tensors, their memory and their nodes are gone when the last name is; only the leaf with a name stays."""
    x = engine.tensor([1.0, 2.0], requires_grad=True)
    kept: list[Any] = []
    names: dict[str, Any] = {"T": engine, "x": x, "kept": kept}
    exec(compile(textwrap.dedent(program), "<program>", "exec"), names)
    names.clear()
    nodes = [t.grad_fn for t in kept if t.grad_fn is not None]
    alive = [weakref.ref(each) for each in (*kept, *nodes)]
    alive += [weakref.ref(t._d) for t in kept if type(t._d) is not float and hasattr(t._d, "__weakref__")]
    del nodes
    kept.clear()
    x.grad = None
    assert [r() for r in alive if r() is not None] == []


@pytest.mark.usefixtures("uncollected")
def test_a_gradient_with_a_history_is_pytorchs_cycle() -> None:
    """``backward(create_graph=True)`` makes the cycle that PyTorch warns of; ``x.grad = None`` breaks it."""
    x = engine.tensor([1.0, 2.0], requires_grad=True)
    y = (x**3).sum()
    y.backward(create_graph=True)
    alive = weakref.ref(y.grad_fn)
    del y
    x.grad = None
    assert alive() is None


@pytest.mark.usefixtures("uncollected")
def test_long_graphs_die_without_recursion() -> None:
    """100,000 nodes, in a chain and through custom functions' edges, die one after the other."""

    class F(engine.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            ctx.save_for_backward(x)
            return x * 1

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            return g

    x = engine.tensor([1.0], requires_grad=True)
    for step, length in ((lambda y: y * x, 100_000), (F.apply, 20_000)):
        y = x
        for _ in range(length):
            y = step(y)
        alive = weakref.ref(y.grad_fn)
        y.backward()
        del y
        assert alive() is None
