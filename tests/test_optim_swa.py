"""Averages of weights: programs that show the same in the engine and in PyTorch."""

from __future__ import annotations

from types import ModuleType

import pytest

from .both import programs, run_both

HEAD = """
from torch.optim import swa_utils
from torch.optim.swa_utils import AveragedModel, SWALR, update_bn
def network():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.ReLU(), nn.Linear(4, 1))
"""

PROGRAMS = """
# a training with averages
model = network()
averaged = AveragedModel(model)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=20)
swa = SWALR(optimizer, swa_lr=0.05, anneal_epochs=4)
data = [(torch.randn(8, 3), torch.randn(8, 1)) for _ in range(3)]
for epoch in range(12):
    for x, y in data:
        optimizer.zero_grad()
        F.mse_loss(model(x), y).backward()
        optimizer.step()
    if epoch > 4:
        averaged.update_parameters(model)
        swa.step()
    else:
        schedule.step()
    show(optimizer.param_groups[0]["lr"], swa.get_last_lr())
show(averaged, averaged.n_averaged, list(averaged.state_dict()), list(averaged.state_dict().values()))
update_bn(data, averaged)
show([b for b in averaged.buffers()], averaged.module[1].momentum, averaged.training)
averaged.eval()
show(averaged(data[0][0]))
# each way to average
for options in ({}, {"use_buffers": True}, {"avg_fn": swa_utils.get_ema_avg_fn(0.9)},
                {"multi_avg_fn": swa_utils.get_ema_multi_avg_fn(0.8)},
                {"multi_avg_fn": swa_utils.get_swa_multi_avg_fn()},
                {"multi_avg_fn": swa_utils.get_ema_multi_avg_fn(0.8), "use_buffers": True},
                {"avg_fn": lambda a, b, n: (a + b * n) / (n + 1)}):
    model = network()
    averaged = AveragedModel(model, **options)
    for _ in range(4):
        with torch.no_grad():
            for p in model.parameters():
                p.add_(torch.randn_like(p))
        model(torch.randn(5, 3))
        averaged.update_parameters(model)
    show(list(averaged.state_dict().values()))
# rates
for strategy in ("cos", "linear"):
    for epochs in (0, 1, 3):
        w = [nn.Parameter(torch.zeros(1)) for _ in range(2)]
        optimizer = torch.optim.SGD([{"params": w[:1], "lr": 0.3}, {"params": w[1:]}], lr=0.1)
        swa = SWALR(optimizer, [0.01, 0.02], epochs, strategy)
        for _ in range(5):
            optimizer.step()
            swa.step()
            show(swa.get_last_lr())
        state = swa.state_dict()
        show(sorted(k for k in state if not k.startswith("_is")), state["_last_lr"], state["_anneal_strategy"])
        other = SWALR(optimizer, [0.01, 0.02], epochs, "linear")
        other.load_state_dict(state)
        other.step()
        show(other.get_last_lr(), other.last_epoch)
# state and copies
import copy
model = network()
averaged = AveragedModel(model, multi_avg_fn=swa_utils.get_ema_multi_avg_fn(0.9))
averaged.update_parameters(model)
other = AveragedModel(network())
show(other.load_state_dict(averaged.state_dict()), other.n_averaged)
show(copy.deepcopy(averaged).n_averaged)
# errors
fails(lambda: swa_utils.get_ema_avg_fn(1.5))
fails(lambda: swa_utils.get_ema_multi_avg_fn(-1.0))
fails(lambda: AveragedModel(network(), None, swa_utils.get_swa_avg_fn(), swa_utils.get_swa_multi_avg_fn()))
optimizer = torch.optim.SGD(network().parameters(), lr=0.1)
fails(lambda: SWALR(optimizer, 0.1, anneal_strategy="none"))
fails(lambda: SWALR(optimizer, 0.1, anneal_epochs=-1))
fails(lambda: SWALR(optimizer, [0.1, 0.2]))
"""


@pytest.mark.parametrize("program", programs(PROGRAMS))
def test_as_in_torch(torch: ModuleType, program: str) -> None:
    """The same averages, rates and errors with both libraries."""
    run_both(torch, HEAD + program, 1e-5)
