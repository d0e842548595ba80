"""``gradcheck`` and ``gradgradcheck``: what passes in PyTorch passes here, what fails fails with its message."""

from __future__ import annotations

import textwrap
from types import ModuleType
from typing import Any

import pytest

import engine
from tests.said import same

SETUP = """
check, check2 = T.autograd.gradcheck, T.autograd.gradgradcheck
x = T.tensor([[1., -2.], [3., 0.5]], dtype=T.float64, requires_grad=True)
w = T.tensor([[2., 1.], [-1., 0.25]], dtype=T.float64, requires_grad=True)
z = T.tensor([1 + 2j, -0.5 + 1j], dtype=T.complex128, requires_grad=True)
def make(forward, backward):
    both = {"forward": staticmethod(forward), "backward": staticmethod(backward)}
    return type("F", (T.autograd.Function,), both).apply
"""

PROGRAMS = {
    "what is right": """
        say(check(lambda x: x.exp(), x), check(lambda x, w: (x * w, x @ w), (x, w)), check(lambda x: x.sum(), (x,)))
        fails(lambda: check(lambda x, w: x * w.detach(), [x, w]))
        say(check(lambda x, w: x * w, [x, w]), check(T.sigmoid, x, fast_mode=True))
        say(check(lambda x: x.t(), x), check(lambda x: x * 0, x), check(lambda x, n: x ** n, (x, 3)))
        say(check2(lambda x: x.exp(), x), check2(lambda x, w: (x * w, x @ w), (x, w)), check2(lambda x: x ** 3, x))
        say(check2(lambda x: x.sin(), x, T.ones(2, 2, dtype=T.float64, requires_grad=True)))
        say(check2(lambda x: x.tanh(), x, gen_non_contig_grad_outputs=True, fast_mode=True))
        say(x, w)
    """,
    "complex numbers": """
        say(check(lambda z: z * z, z), check(lambda z: z.abs(), z), check(lambda z: (z * z.conj()).real, z))
        say(check(lambda z: z.exp(), z, fast_mode=False), check2(lambda z: z * z, z))
    """,
    "forward mode": """
        say(check(lambda x, w: (x * w).sin(), (x, w), check_forward_ad=True))
        say(check(lambda x: x.exp(), x, check_forward_ad=True, check_backward_ad=False, check_undefined_grad=False))
        say(check2(lambda x: x ** 3, x, check_fwd_over_rev=True))
    """,
    "what is wrong": """
        double = make(lambda ctx, x: x * 2, lambda ctx, g: g * 3)
        fails(lambda: check(double, x))
        say(check(double, x, raise_exception=False), check(double, x, atol=2.))
        fails(lambda: check(lambda x, w: (x * w, double(w)), (x, w)))
        constant = make(lambda ctx, x: x * 2, lambda ctx, g: T.full_like(g, 2.))
        fails(lambda: check(constant, x))
        def square(ctx, x):
            ctx.save_for_backward(x)
            return x * x
        wrong2 = make(square, lambda ctx, g: 2 * g * ctx.saved_tensors[0].detach())
        say(check(wrong2, x))
        fails(lambda: check2(wrong2, x, T.ones(2, 2, dtype=T.float64, requires_grad=True)))
        fails(lambda: check(lambda x: x.detach() * 2, x))
        wrong = make(lambda ctx, z: z * 2, lambda ctx, g: g * 3)
        fails(lambda: check(wrong, z))
    """,
    "what differs from pass to pass": """
        count = []
        def backward(ctx, g):
            count.append(1)
            return g * 2 + 1e-9 * len(count)
        noisy = make(lambda ctx, x: x * 2, backward)
        fails(lambda: check(noisy, x))
        say(check(make(lambda ctx, x: x * 2, lambda ctx, g: (count.append(1), g * (2 + 1e-9 * len(count)))[1]), x,
                  nondet_tol=1e-6))
    """,
    "what is undefined": """
        def forward(ctx, x):
            ctx.set_materialize_grads(False)
            return x * 2
        fails(lambda: check(make(forward, lambda ctx, g: (_ for _ in ()).throw(RuntimeError("none")) if g is None
                                 else g * 2), x))
        fails(lambda: check(make(forward, lambda ctx, g: T.ones(2, 2, dtype=T.float64) if g is None else g * 2), x))
        say(check(make(forward, lambda ctx, g: T.ones(2, 2, dtype=T.float64) if g is None else g * 2), x,
                  check_undefined_grad=False))
        say(check(make(forward, lambda ctx, g: None if g is None else g * 2), x))
    """,
    "odd inputs": """
        fails(lambda: check(lambda x: x, x.detach()))
        fails(lambda: check(lambda x: x.sum(), T.ones(1, dtype=T.float64).expand(3).requires_grad_()))
        f = T.tensor([1., 2.], requires_grad=True)
        fails(lambda: check(lambda x: x * 2, f, eps=1e-2, atol=1e-2))
        fails(lambda: check(lambda x: x, x, check_forward_ad=False, check_backward_ad=False))
        fails(lambda: check(lambda x: x, x, check_forward_ad=True, check_backward_ad=False))
        fails(lambda: check2(lambda x: x, x, check_rev_over_rev=False))
        say(check(lambda x: (x * 2, (x > 100).long()), x), check(lambda x: x[:0], x))
    """,
}


@pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS)
def test_says_the_same(torch: ModuleType, program: str) -> None:
    """Results, messages with both matrices, and warnings are PyTorch's."""
    same(torch, SETUP + textwrap.dedent(program))


def test_fast_mode_shows_the_whole_matrices(torch: ModuleType) -> None:
    """One product for each matrix is compared; where it is off, both are computed and shown."""
    for lib in (torch, engine):

        class Double(lib.autograd.Function):  # type: ignore[name-defined]  # the base is a parameter
            @staticmethod
            def forward(ctx: Any, x: Any) -> Any:
                return x * 2

            @staticmethod
            def backward(ctx: Any, g: Any) -> Any:
                return g * 3

        x = lib.tensor([1.0, 2.0], dtype=lib.float64, requires_grad=True)
        with pytest.raises(RuntimeError, match="Jacobian mismatch for output 0 with respect to input 0") as told:
            lib.autograd.gradcheck(Double.apply, x, fast_mode=True)
        slow = str(told.value).partition("in slow mode:")[2]
        assert "Numerical:\n tensor([[2.0000, 0.0000],\n        [0.0000, 2.0000]], dtype=torch.float64)" in slow
        assert "Analytical:\ntensor([[3., 0.],\n        [0., 3.]], dtype=torch.float64)" in slow
        assert "The max per-element difference (slow mode) is: 1.0" in slow


def test_batches_are_refused() -> None:
    """What this engine does not check it says."""
    x = engine.ones(2, dtype=engine.float64, requires_grad=True)
    with pytest.raises(NotImplementedError, match="does not check batched gradients"):
        engine.autograd.gradcheck(lambda x: x * 2, x, check_batched_grad=True)


def test_is_module_and_function(torch: ModuleType) -> None:
    """``from torch.autograd.gradcheck import GradcheckError`` works, and ``torch.autograd.gradcheck(...)`` still."""
    from engine.autograd.gradcheck import GradcheckError, gradcheck

    x = engine.ones(2, dtype=engine.float64, requires_grad=True)
    assert engine.autograd.gradcheck(lambda x: x * 2, x)
    assert gradcheck(lambda x: x * 2, x)
    assert issubclass(GradcheckError, RuntimeError)
    assert torch.autograd.gradcheck is not None
