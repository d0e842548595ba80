"""Every text in ``engine/autograd_errors.py`` against PyTorch's own: one program, run on both libraries."""

from __future__ import annotations

import inspect
from types import ModuleType
from typing import Any

import pytest

import engine
from engine import autograd_errors
from tests.test_errors import failure

pytestmark = pytest.mark.usefixtures("young")

F = """
x = T.tensor([1., 2.], requires_grad=True)
def make(forward, backward=lambda ctx, *g: g[0], **more):
    both = {"forward": staticmethod(forward), "backward": staticmethod(backward)}
    return type("F", (T.autograd.Function,), both | more)
"""
MODE = """
x = T.tensor([1., 2.], requires_grad=True)
with T.inference_mode():
    a = T.ones(2)
"""
UNDER_NO_GRAD = """
x = T.ones(4, requires_grad=True) * 1
with T.no_grad():
    v = x[:2]
"""

PROGRAMS: dict[str, list[str]] = {
    "modified": [
        "x = T.ones(3, requires_grad=True); y = x.exp(); y += 1; y.sum().backward()",
        "x = T.ones(2, 2, requires_grad=True); w = T.ones(2, 2); y = x * w; w[0] = 3; w.mul_(2); y.sum().backward()",
        "x = T.ones(3, requires_grad=True, dtype=T.float64); y = x * 2; z = y ** 2; y[0] = 0; z.sum().backward()",
        """
        with T.autograd.detect_anomaly():
            x = T.ones(3, requires_grad=True); y = x.exp(); y += 1; y.sum().backward()
        """,
        F + "h = x * 1\n"
        "f = make(lambda ctx, x: (ctx.save_for_backward(x), x * 2)[1], lambda ctx, g: ctx.saved_tensors[0] * g)\n"
        "y = f.apply(h)\n"
        "h.add_(1); y.sum().backward()",
    ],
    "backward_in_transform": [
        "T.func.grad(lambda v: v.sum().backward())(T.ones(3))",
        "T.vmap(lambda v: v.sum().backward())(T.ones(3, 2))",
        "x = T.ones(3, requires_grad=True); T.func.jvp(lambda v: (v * x).sum().backward(), (T.ones(3),), (T.ones(3),))",
    ],
    "nan_returned": [
        """
        with T.autograd.detect_anomaly():
            (T.zeros(2, requires_grad=True).sqrt() * 0).sum().backward()
        """
    ],
    "inference_write": [MODE + "a.add_(1)", MODE + "a[0] = 1", MODE + "a[0].fill_(1)", MODE + "a += 1"],
    "inference_saved": [MODE + "a * x", MODE + "x.mul(a)", MODE + "x @ a", MODE + "x.exp() * a"],
    "packing_writes": [
        """
        with T.autograd.graph.saved_tensors_hooks(lambda t: t.mul_(2), lambda t: t):
            T.ones(2, requires_grad=True).exp()
        """
    ],
    "unpacked_type": [
        """
        with T.autograd.graph.saved_tensors_hooks(lambda t: t, lambda t: 5):
            y = T.ones(2, requires_grad=True).exp()
        y.sum().backward()
        """
    ],
    "saved_hooks_twice": [
        """
        y = T.ones(2, requires_grad=True).exp()
        y.grad_fn._raw_saved_result.register_hooks(lambda t: t.detach(), lambda t: t)
        y.grad_fn._raw_saved_result.register_hooks(lambda t: t.detach(), lambda t: t)
        """
    ],
    "saved_hooks_freed": [
        """
        y = T.ones(2, requires_grad=True).exp()
        raw = y.grad_fn._raw_saved_result
        y.sum().backward()
        raw.register_hooks(lambda t: t.detach(), lambda t: t)
        """
    ],
    "not_saveable": [F + "make(lambda ctx, x: (ctx.save_for_backward(5), x * 2)[1]).apply(x)"],
    "gradient_count": [
        F + "make(lambda ctx, x, y: x * 2, lambda ctx, g: g).apply(x, 1).sum().backward()",
        F + "make(lambda ctx, x: x * 2, lambda ctx, g: (g, g)).apply(x).sum().backward()",
    ],
    "gradient_of_no_tensor": [F + "make(lambda ctx, x, y: x * 2, lambda ctx, g: (g, g)).apply(x, 1).sum().backward()"],
    "gradient_is_no_tensor": [F + "make(lambda ctx, x: x * 2, lambda ctx, g: 1.0).apply(x).sum().backward()"],
    "accumulated_hook_returned": [
        "x = T.ones(2, requires_grad=True)\nx.register_post_accumulate_grad_hook(lambda p: 3)\nx.sum().backward()",
        "x = T.ones(2, requires_grad=True)\nx.register_post_accumulate_grad_hook(lambda p: p.grad)\nx.sum().backward()",
    ],
    "invalid_gradient": [
        F + "make(lambda ctx, x: x * 2, lambda ctx, g: T.ones(3)).apply(x).sum().backward()",
        F + "y = T.ones(2)\nmake(lambda ctx, y, x: x * 2, lambda ctx, g: (g, T.ones(()))).apply(y, x).sum().backward()",
    ],
    "complex_gradient": [
        F + "c = T.ones(2, dtype=T.complex64)\nmake(lambda ctx, x: x * 2, lambda ctx, g: c).apply(x).sum().backward()"
    ],
    "dirty_leaf": [F + "make(lambda ctx, x: (x.mul_(2), ctx.mark_dirty(x), x)[2]).apply(x)"],
    "dirty_not_returned": [F + "make(lambda ctx, x: (x.mul_(2), ctx.mark_dirty(x), x + 1)[2]).apply(x * 1)"],
    "differentiated_twice": [
        F + "once = T.autograd.function.once_differentiable\n"
        "f = make(lambda ctx, x: x * 2, once(lambda ctx, g: 2 * g))\n"
        "g, = T.autograd.grad((f.apply(x) ** 2).sum(), x, create_graph=True)\ng.sum().backward()"
    ],
    "accessed_twice": [
        F + "make(lambda ctx, x: (ctx.save_for_backward(x), x * 2)[1],\n"
        "    lambda ctx, g: (ctx.saved_tensors, ctx.saved_tensors), clear_saved_tensors_on_access=True"
        ").apply(x).sum().backward()"
    ],
    "batch_mismatch": [
        F + "T.autograd.grad(x * 2, x, T.ones(3, 3), is_grads_batched=True)",
        F + "T.autograd.grad(x * 2, x, T.ones(3, 4, 5), is_grads_batched=True)",
    ],
    "hook_changed_size": [
        "x = T.ones(3, requires_grad=True); x.register_hook(lambda g: g[:2]); (x * 2).sum().backward()",
        "x = T.ones(1, requires_grad=True); y = -x; y.grad_fn.register_hook(lambda i, o: (i[0][0],)); y.backward()",
        "import functools; x = T.ones(1, requires_grad=True); x.register_hook(functools.partial(T.sum)); x.backward()",
    ],
    "hook_changed_type": [
        "x = T.ones(3, requires_grad=True); x.register_hook(lambda g: g.double()); x.sum().backward()",
        "x = T.ones(1, requires_grad=True); y = -x; y.grad_fn.register_prehook(lambda o: (o[0].int(),)); y.backward()",
    ],
    "hook_returned": [
        "x = T.ones(1, requires_grad=True); x.register_hook(lambda g: 3); x.backward()",
        "x = T.ones(1, requires_grad=True); y = x + 1; y.grad_fn.register_prehook(lambda o: o[0]); y.backward()",
        "x = T.ones(1, requires_grad=True); y = x + 1; y.grad_fn.register_hook(lambda i, o: [i[0]]); y.backward()",
    ],
    "hook_count": [
        "x = T.ones(1, requires_grad=True); y = x * 2; y.grad_fn.register_hook(lambda i, o: (i[0],)); y.backward()",
        "x = T.ones(1, requires_grad=True); y = x * 2; y.grad_fn.register_prehook(lambda o: o + o); y.backward()",
    ],
    "hook_replaced_none": [
        "x = T.ones(1, requires_grad=True); y = x * 2; y.grad_fn.register_hook(lambda i, o: i[:1] * 2); y.backward()",
    ],
    "output_view_in_place": [
        "x = T.ones(4, requires_grad=True) * 1; a, b = x.split(2); b += 1",
        "x = T.ones(2, 2, requires_grad=True) * 1; a, b = x.unbind(); a.zero_()",
        """
        class F(T.autograd.Function):
            @staticmethod
            def forward(ctx, x):
                return x
            @staticmethod
            def backward(ctx, g):
                return g
        F.apply(T.ones(2, requires_grad=True) * 1).add_(1)
        """,
    ],
    "inference_view_in_place": [
        """
        x = T.ones(4, requires_grad=True) * 1
        with T.inference_mode():
            v = x[:2]
        v += 1
        """
    ],
    "output_view_base": ["x = T.ones(4, requires_grad=True) * 1; a, b = x.split(2); x += 1; a.sum().backward()"],
    "no_grad_view": [
        UNDER_NO_GRAD + "v += 1",
        UNDER_NO_GRAD + "x += 1; v.sum().backward()",
        UNDER_NO_GRAD + "x += 1; v.unsqueeze_(0)",
        UNDER_NO_GRAD + "v[:1].mul_(2)",
        UNDER_NO_GRAD + "w = v[:1]; x += 1; w.grad_fn",
        "z, x = T.ones(4), T.ones(4, requires_grad=True); z.chunk(2)[0].mul_(x[:2])",
        "z, x = T.ones(4), T.ones(4, requires_grad=True); v = z.unbind()[0]; z.mul_(x); v.grad_fn",
        "z = T.ones(4); v = z.split(2)[0]; z.requires_grad_(); v.mul_(2)",
    ],
}
CASES = [(name, program) for name, programs in PROGRAMS.items() for program in programs]
HELPERS = {"hinted", "size", "_hook"}


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the functions of autograd_errors.py that ran."""
    names: list[str] = []

    def spied(name: str, function: Any) -> Any:
        def spy(*args: Any, **kwargs: Any) -> Any:
            names.append(name)
            return function(*args, **kwargs)

        return spy

    for name in PROGRAMS:
        monkeypatch.setattr(autograd_errors, name, spied(name, getattr(autograd_errors, name)))
    return names


def test_every_text_has_a_program() -> None:
    """A function of autograd_errors.py without a program here is an error, and so is a program without a function."""
    members = inspect.getmembers(autograd_errors, inspect.isfunction)
    functions = {name for name, f in members if f.__module__ == autograd_errors.__name__}
    assert set(PROGRAMS) == functions - HELPERS


@pytest.mark.parametrize(("name", "program"), CASES)
def test_text_is_that_of_pytorch(name: str, program: str, torch: ModuleType, made: list[str]) -> None:
    """Type and text of the error are PyTorch's, to the letter, and the text comes from autograd_errors.py."""
    own, theirs = failure(engine, program), failure(torch, program)
    assert (type(own).__name__, str(own)) == (type(theirs).__name__, str(theirs))
    assert name in made
