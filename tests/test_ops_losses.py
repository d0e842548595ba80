"""Losses against PyTorch: every reduction, weights, gradients by inputs and by targets."""

from __future__ import annotations

from types import ModuleType

import numpy as np
import pytest

from .against import agree, cases

SMOOTH = """
F.mse_loss(x, y) ; F.mse_loss(x, y, reduction='sum') ; F.mse_loss(x, y, reduction='none') ; F.mse_loss(x, y[0])
F.mse_loss(x, x) ; F.mse_loss(x, y.detach()) ; F.l1_loss(x, y) ; F.l1_loss(x, y, reduction='sum') ; F.huber_loss(x, y)
F.huber_loss(x, y, delta=0.5, reduction='sum') ; F.huber_loss(x, y, reduction='none') ; F.smooth_l1_loss(x, y)
F.smooth_l1_loss(x, y, beta=0.3, reduction='sum') ; F.smooth_l1_loss(x, y, reduction='none')
F.smooth_l1_loss(x, y, beta=0.0) ; F.binary_cross_entropy(p, t.detach())
F.binary_cross_entropy(x.sigmoid(), t.detach()) ; F.binary_cross_entropy(p, t.detach(), reduction='sum')
F.binary_cross_entropy(p, t.detach(), w.detach())
F.binary_cross_entropy(p, t.detach(), w.detach(), reduction='none')
F.binary_cross_entropy_with_logits(x, t.detach()) ; F.binary_cross_entropy_with_logits(x, t)
F.binary_cross_entropy_with_logits(x, t.detach(), w.detach(), reduction='none')
F.binary_cross_entropy_with_logits(x, t.detach(), pos_weight=w[0].detach(), reduction='sum')
F.nll_loss(x.log_softmax(1), k) ; F.nll_loss(x.log_softmax(1), k, c.detach()) ; F.nll_loss(i.log_softmax(1), j)
F.nll_loss(x.log_softmax(1), k, reduction='sum') ; F.nll_loss(i.log_softmax(1), j, c.detach(), reduction='none')
"""
LINEAR = """
F.nll_loss(x, k) ; F.nll_loss(x, k, reduction='sum') ; F.nll_loss(x, k, reduction='none')
F.nll_loss(x, k, c.detach()) ; F.nll_loss(x, k, ignore_index=2) ; F.nll_loss(x[0], k[0]) ; F.nll_loss(i, j)
F.nll_loss(i, j, c.detach()) ; F.nll_loss(x, k, c.detach(), reduction='none', ignore_index=0)
F.nll_loss(i, j, reduction='none') ; F.nll_loss(x, k - 100) ; F.nll_loss(i, j, reduction='sum')
F.nll_loss(x, k * 0 - 100) ; F.nll_loss(x, k * 0 - 100, reduction='sum') ; F.binary_cross_entropy(p, t)
F.binary_cross_entropy(p, t, reduction='sum') ; F.binary_cross_entropy(p.round(), t.detach())
F.binary_cross_entropy_with_logits(x * 100, t.round().detach())
F.binary_cross_entropy(p.round(), t.round().detach()) ; F.nll_loss(x, k + 5) ; F.nll_loss(x, k.double())
F.nll_loss(x, k[:1]) ; F.nll_loss(x, k, c[:2].detach()) ; F.mse_loss(x, c[:2]) ; F.binary_cross_entropy(x, t)
F.binary_cross_entropy(p, t[0]) ; F.mse_loss(x, y, reduction='all')
"""


@pytest.fixture
def arrays() -> dict[str, np.ndarray]:
    """Scores, probabilities, targets, weights."""
    r = np.random.default_rng(2)
    return {"x": r.normal(size=(2, 3)), "y": r.normal(size=(2, 3)), "p": r.uniform(0.1, 0.9, (2, 3)),
            "t": r.uniform(0, 1, (2, 3)), "w": r.uniform(0.5, 2, (2, 3)), "c": r.uniform(0.5, 2, 3),
            "i": r.normal(size=(2, 3, 4, 2)), "k": np.array([2, 0]), "j": r.integers(0, 3, (2, 4, 2))}  # fmt: skip


@pytest.mark.parametrize("call", cases(SMOOTH))
def test_losses(torch: ModuleType, call: str, arrays: dict[str, np.ndarray]) -> None:
    """Values, graphs, gradients and second gradients in float64."""
    agree(torch, call, arrays, 1e-8)


@pytest.mark.parametrize("call", cases(LINEAR))
def test_at_the_edges(torch: ModuleType, call: str, arrays: dict[str, np.ndarray]) -> None:
    """Ignored classes, probabilities of 0 and 1, overflowing logits, gradients by targets, errors."""
    agree(torch, call, arrays, 1e-8, second=False)


UNUSUAL = """
F.smooth_l1_loss(x, y) ; F.smooth_l1_loss(x, y, beta=0.5) ; F.smooth_l1_loss(x, y, beta=0.) ; F.huber_loss(x, y)
F.huber_loss(y, x, delta=0.5) ; F.mse_loss(x, y) ; F.elu(x) ; F.celu(x, 2.) ; F.selu(x) ; F.softplus(x)
x.renorm(2, 0, 1.)
"""


@pytest.mark.parametrize("call", cases(UNUSUAL))
@pytest.mark.parametrize("values", [[np.nan, 1.0], [0.0, np.inf], [1.0, -np.inf]], ids=str)
def test_not_finite(torch: ModuleType, call: str, values: list[float]) -> None:
    """Where the loss is NaN the gradient is too, as in PyTorch."""
    agree(torch, call, {"x": np.array([values, [0.5, -2.0]]), "y": np.zeros((2, 2))}, 1e-9, second=False)


@pytest.mark.parametrize("call", cases(SMOOTH))
def test_in_float32(torch: ModuleType, call: str, arrays: dict[str, np.ndarray]) -> None:
    """float32 in, float32 out, gradients too."""
    agree(
        torch,
        call,
        {n: a.astype(np.float32) if a.dtype.kind == "f" else a for n, a in arrays.items()},
        1e-4,
        second=False,
    )
