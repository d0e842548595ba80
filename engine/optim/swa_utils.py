"""``torch.optim.swa_utils``: averages of the weights that a training went through.

Source: torch.optim.swa_utils; Izmailov et al., Averaging weights leads to wider optima, 2018.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Sequence
from copy import deepcopy
from typing import Any

from ..calls.creation import tensor
from ..dtypes import int64
from ..mode import no_grad
from ..naming import absent
from ..nn.batchnorm import _BatchNorm
from ..nn.module import Module
from ..tensor import Tensor
from .optimizer import Optimizer
from .schedule import LRScheduler, for_each

__all__ = [
    "SWALR", "AveragedModel", "get_ema_avg_fn", "get_ema_multi_avg_fn", "get_swa_avg_fn", "get_swa_multi_avg_fn",
    "update_bn",
]  # fmt: skip


def _check_decay(decay: float) -> None:
    if not 0.0 <= decay <= 1.0:
        raise ValueError(f"Invalid decay value {decay} provided. Please provide a value in [0,1] range.")


def get_ema_avg_fn(decay: float = 0.999) -> Callable[..., Tensor]:
    """The average in which each step counts for ``1 - decay``, of one parameter."""
    _check_decay(decay)

    @no_grad()
    def ema_update(average: Tensor, current: Tensor, _: Any) -> Tensor:
        return average * decay + current * (1 - decay)

    return ema_update


def get_ema_multi_avg_fn(decay: float = 0.999) -> Callable[..., None]:
    """The same of many parameters, in place."""
    _check_decay(decay)

    @no_grad()
    def ema_update(averages: Sequence[Tensor], currents: Sequence[Tensor], _: Any) -> None:
        for average, current in zip(averages, currents, strict=True):
            if average.is_floating_point() or average.is_complex():
                average.lerp_(current, 1 - decay)
            else:
                average.copy_(average * decay + current * (1 - decay))

    return ema_update


def get_swa_avg_fn() -> Callable[..., Tensor]:
    """The average in which all steps count alike, of one parameter."""

    @no_grad()
    def swa_update(average: Tensor, current: Tensor, count: Any) -> Tensor:
        return average + (current - average) / (count + 1)

    return swa_update


def get_swa_multi_avg_fn() -> Callable[..., None]:
    """The same of many parameters, in place."""

    @no_grad()
    def swa_update(averages: Sequence[Tensor], currents: Sequence[Tensor], count: Any) -> None:
        for average, current in zip(averages, currents, strict=True):
            if average.is_floating_point() or average.is_complex():
                average.lerp_(current, float(1 / (count + 1)))
            elif isinstance(count, Tensor):
                average.addcdiv_(current - average, count + 1)
            else:
                average.add_(current - average, alpha=1.0 / (count + 1))

    return swa_update


class AveragedModel(Module):
    """A copy of ``model`` whose parameters are the average of those that ``update_parameters`` was shown."""

    n_averaged: Tensor

    def __init__(
        self,
        model: Module,
        device: Any = None,
        avg_fn: Callable[..., Tensor] | None = None,
        multi_avg_fn: Callable[..., None] | None = None,
        use_buffers: bool = False,
    ) -> None:
        super().__init__()
        if avg_fn is not None and multi_avg_fn is not None:
            raise AssertionError("Only one of avg_fn and multi_avg_fn should be provided")
        self.module = deepcopy(model) if device is None else deepcopy(model).to(device)
        self.register_buffer("n_averaged", tensor(0, dtype=int64, device=device))
        self.avg_fn, self.multi_avg_fn, self.use_buffers = avg_fn, multi_avg_fn, use_buffers

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """What the averaged model computes."""
        return self.module(*args, **kwargs)

    def update_parameters(self, model: Module) -> None:
        """Let the parameters of ``model`` count as well; the first are copied."""
        ours, theirs = (list(m.parameters()) for m in (self.module, model))
        if self.use_buffers:
            ours, theirs = [*ours, *self.module.buffers()], [*theirs, *model.buffers()]
        pairs = [(average.detach(), current.detach()) for average, current in zip(ours, theirs, strict=False)]
        if self.n_averaged == 0:
            for average, current in pairs:
                average.copy_(current)
        elif self.multi_avg_fn is not None:
            for _, group in itertools.groupby(sorted(pairs, key=_dtype), key=_dtype):
                averages, currents = zip(*group, strict=True)
                self.multi_avg_fn(list(averages), list(currents), self.n_averaged)
        else:
            update = self.avg_fn or get_swa_avg_fn()
            for average, current in pairs:
                average.copy_(update(average, current, self.n_averaged))
        if not self.use_buffers:
            for ours_, theirs_ in zip(self.module.buffers(), model.buffers(), strict=True):
                ours_.detach().copy_(theirs_.detach())
        self.n_averaged += 1


def _dtype(pair: tuple[Tensor, Tensor]) -> str:
    return str(pair[0].dtype)


@no_grad()
def update_bn(loader: Iterable[Any], model: Module, device: Any = None) -> None:
    """Make the running statistics of every batch normalisation anew: those of the batches of ``loader``."""
    momenta = {m: m.momentum for m in model.modules() if isinstance(m, _BatchNorm)}
    if not momenta:
        return
    was_training = model.training
    model.train()
    for layer in momenta:
        layer.reset_running_stats()
        layer.momentum = None
    for batch in loader:
        inputs = batch[0] if isinstance(batch, list | tuple) else batch
        model(inputs if device is None else inputs.to(device))
    for layer, momentum in momenta.items():
        layer.momentum = momentum
    model.train(was_training)


class SWALR(LRScheduler):
    """From the rate there is to ``swa_lr`` within ``anneal_epochs``, and no further."""

    _apart = ("anneal_func",)

    def __init__(
        self,
        optimizer: Optimizer,
        swa_lr: Any,
        anneal_epochs: int = 10,
        anneal_strategy: str = "cos",
        last_epoch: int = -1,
    ) -> None:
        for lr, group in zip(for_each("swa_lr", optimizer, swa_lr), optimizer.param_groups, strict=True):
            group["swa_lr"] = lr
        if anneal_strategy not in ("cos", "linear"):
            raise ValueError(f"anneal_strategy must be one of 'cos' or 'linear', instead got {anneal_strategy}")
        self._set_anneal_func(anneal_strategy)
        if not isinstance(anneal_epochs, int) or anneal_epochs < 0:
            raise ValueError(f"anneal_epochs must be equal or greater than 0, got {anneal_epochs}")
        self.anneal_epochs = anneal_epochs
        super().__init__(optimizer, last_epoch)

    def _set_anneal_func(self, strategy: str) -> None:
        self._anneal_strategy = strategy
        self.anneal_func = _along_a_cosine if strategy == "cos" else _along_a_line

    def get_lr(self) -> list[Any]:
        """The rates at this step."""
        self._warn()
        epochs = max(1, self.anneal_epochs)
        step = max(1, self._step_count - 1) if self.anneal_epochs == 0 else self._step_count - 1
        before, now = (self.anneal_func(max(0, min(1, at / epochs))) for at in (step - 1, step))
        rates = []
        for group in self.optimizer.param_groups:
            lr, last = group["lr"], group["swa_lr"]
            first = last if before == 1 else (lr - before * last) / (1 - before)
            rates.append(last * now + first * (1 - now))
        return rates

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from a state."""
        self.__dict__.update(state_dict)
        self._set_anneal_func(self._anneal_strategy)


def _along_a_line(t: float) -> float:
    return t


def _along_a_cosine(t: float) -> float:
    return (1 - math.cos(math.pi * t)) / 2


__getattr__ = absent.lookup("torch.optim.swa_utils", lambda: __all__)
