"""Losses for many classes: programs that show the same in the engine and in PyTorch."""

from __future__ import annotations

from types import ModuleType

import pytest

from .both import programs, run_both

PROGRAMS = """
# adaptive softmax
for seed, options in enumerate(({}, {"div_value": 2.0}, {"head_bias": True, "dtype": torch.float64})):
    torch.manual_seed(seed)
    m = nn.AdaptiveLogSoftmaxWithLoss(16, 20, [5, 10, 15], **options)
    show(m, list(m.state_dict()), list(m.parameters()), m.cutoffs, m.head_size, m.n_clusters)
    x = torch.randn(8, 16, dtype=m.head.weight.dtype, requires_grad=True)
    for t in (torch.tensor([0, 4, 5, 9, 10, 14, 15, 19]), torch.tensor([1, 1, 2, 2, 3, 3, 4, 4]), torch.full((8,), 17)):
        out = m(x, t)
        show(out.output, out.loss, type(out).__name__, out._fields)
        m.zero_grad()
        out.loss.backward()
        show([p.grad for p in m.parameters()], x.grad)
    show(m.log_prob(x), m.log_prob(x).exp().sum(1), m.predict(x), m.predict(x) == m.log_prob(x).argmax(1))
    out = m(x[0], torch.tensor(12))
    show(out.output, out.loss)
    torch.manual_seed(3)
    m.reset_parameters()
    show(list(m.parameters()))
# its errors
for cutoffs in ([], [5, 5], [0, 5], [6, 5], [5, 20], [2.5]):
    fails(lambda: nn.AdaptiveLogSoftmaxWithLoss(16, 20, cutoffs))
m = nn.AdaptiveLogSoftmaxWithLoss(16, 20, [5, 10])
fails(lambda: m(torch.randn(2, 16), torch.tensor([1, 20])))
fails(lambda: m(torch.randn(2, 16), torch.tensor([1, 2, 3])))
fails(lambda: m(torch.randn(2, 16), torch.tensor([[1], [2]])))
fails(lambda: m(torch.randn(2, 16), torch.tensor(1)))
fails(lambda: m(torch.randn(2, 16, 1), torch.tensor([1, 2])))
# a linear layer and the cross entropy
for seed, options in enumerate(({}, {"bias": True, "reduction": "sum"}, {"out_features": (2,), "label_smoothing": 0.1},
                                {"weight": torch.tensor([1.0, 2.0, 0.5]), "reduction": "none"})):
    torch.manual_seed(seed)
    m = nn.LinearCrossEntropyLoss(4, 3, **options)
    show(m, list(m.state_dict()), list(m.parameters()))
    x = torch.randn(5, 4, requires_grad=True)
    loss = m(x, torch.randint(0, 3, (5, *m.out_features)))
    loss.sum().backward()
    show(loss, x.grad, [p.grad for p in m.parameters()])
fails(lambda: nn.LinearCrossEntropyLoss(4, 3, weight=torch.ones(2)))
fails(lambda: nn.LinearCrossEntropyLoss(4, 3, label_smoothing=2))
"""


@pytest.mark.parametrize("program", programs(PROGRAMS))
def test_as_in_torch(torch: ModuleType, program: str) -> None:
    """The same weights, losses, gradients and errors with both libraries."""
    run_both(torch, program, 1e-5)
