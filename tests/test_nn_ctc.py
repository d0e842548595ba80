"""The loss of sequences without an alignment: programs that show the same in the engine and in PyTorch."""

from __future__ import annotations

from types import ModuleType

import pytest

import engine

from .both import programs, run_both

PROGRAMS = """
# every reduction, targets in rows and one after the other
torch.manual_seed(0)
x = torch.randn(12, 3, 5, dtype=torch.float64, requires_grad=True)
rows = torch.tensor([[1, 1, 2, 4], [3, 2, 0, 0], [4, 4, 4, 1]])
sizes, lengths = torch.tensor([4, 2, 3]), torch.tensor([12, 7, 10])
for targets in (rows, torch.tensor([1, 1, 2, 4, 3, 2, 4, 4, 4]), rows.int()):
    for reduction in ("none", "mean", "sum"):
        for these in ((lengths, sizes), ((12, 7, 10), (4, 2, 3)), (lengths.int(), sizes.int())):
            loss = F.ctc_loss(x.log_softmax(2), targets, *these, reduction=reduction)
            show(loss, loss.grad_fn, torch.autograd.grad(loss.sum(), x))
# another blank, empty targets, no time
torch.manual_seed(0)
x = torch.randn(6, 3, 4, requires_grad=True)
for lengths, sizes in (((6, 6, 6), (0, 1, 2)), ((6, 3, 1), (0, 0, 1)), ((6, 0, 2), (2, 0, 1)), ((6, 6, 6), (0, 0, 0))):
    for blank in (0, 3):
        loss = F.ctc_loss(x.log_softmax(2), torch.tensor([[1, 2], [2, 1], [1, 1]]), lengths, sizes, blank)
        show(loss, torch.autograd.grad(loss, x))
# what no alignment allows
torch.manual_seed(0)
x = torch.randn(4, 2, 3, requires_grad=True)
for zero in (False, True):
    for reduction in ("none", "mean", "sum"):
        logs = x.log_softmax(2)
        loss = F.ctc_loss(logs, torch.tensor([[1, 1, 1], [2, 1, 2]]), (4, 4), (3, 3), 0, reduction, zero)
        show(loss, loss.grad_fn, torch.autograd.grad(loss.sum(), logs))
# one sequence, and the module
torch.manual_seed(0)
x = torch.randn(7, 4, requires_grad=True)
for reduction in ("none", "mean", "sum"):
    module = nn.CTCLoss(blank=1, reduction=reduction, zero_infinity=True)
    loss = module(x.log_softmax(1), torch.tensor([0, 3, 3]), torch.tensor(7), torch.tensor(3))
    show(module, loss, torch.autograd.grad(loss, x))
# its gradient has none
x = torch.randn(7, 1, 4, requires_grad=True)
g, = torch.autograd.grad(F.ctc_loss(x, torch.tensor([[0, 3, 3]]), (7,), (3,), 1), x, create_graph=True)
show(g.requires_grad, g.grad_fn.name())
fails(lambda: torch.autograd.grad(g.sum(), x))
# errors
x, t = torch.randn(6, 2, 4), torch.tensor([[1, 2], [2, 3]])
fails(lambda: F.ctc_loss(x, t.ravel(), (6, 5), (2, 1)))
fails(lambda: F.ctc_loss(x, t[:1], (6, 5), (2, 1)))
fails(lambda: F.ctc_loss(x, t, (6, 5), (2, 2), blank=7))
fails(lambda: F.ctc_loss(x, t, (6, 9), (2, 2)))
fails(lambda: F.ctc_loss(x, t, (6, -1), (2, 2)))
fails(lambda: F.ctc_loss(x, t, (6, 5), (2, 3)))
fails(lambda: F.ctc_loss(x, t, (6, 5), (2, -3)))
fails(lambda: F.ctc_loss(x, t, (6,), (2, 2)))
fails(lambda: F.ctc_loss(x, t, (6, 5), (2,)))
fails(lambda: F.ctc_loss(x.long(), t, (6, 5), (2, 2)))
fails(lambda: F.ctc_loss(x[0, 0], t, (6, 5), (2, 2)))
fails(lambda: F.ctc_loss(x, t, (6, 5), (2, 2), reduction="all"))
"""


@pytest.mark.parametrize("program", programs(PROGRAMS))
def test_ctc_loss(torch: ModuleType, program: str) -> None:
    """The same values, gradients and errors with both libraries."""
    run_both(torch, program, 1e-5)


def test_forward_mode_and_a_target_without_a_class() -> None:
    """Forward mode agrees with the gradient; a target that names no class is an error, in PyTorch it is undefined."""
    torch = engine
    x, t = torch.randn(5, 2, 4, dtype=torch.float64), torch.tensor([[1, 2], [2, 3]])
    x.requires_grad_()
    loss = lambda x: torch.nn.functional.ctc_loss(x.log_softmax(2), t, (5, 4), (2, 1))  # noqa: E731
    assert torch.autograd.gradcheck(loss, x)
    v = torch.randn_like(x)
    _, tangent = torch.func.jvp(loss, (x.detach(),), (v,))
    assert torch.allclose(tangent, (torch.autograd.grad(loss(x), x)[0] * v).sum())
    with pytest.raises(IndexError, match="a target names no class: from 10 to 12 of 4"):
        torch.nn.functional.ctc_loss(x, t + 9, (5, 4), (2, 2))
