"""Stochastic gradient descent, with momentum."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..tensor import Tensor
from .optimizer import Optimizer


class SGD(Optimizer):
    """``p ← p - lr · d``, where d is the gradient, or with momentum μ a running sum of gradients: ``b ← μ · b + g``.

    Source: torch.optim.SGD; Sutskever et al., 2013 (nesterov).
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-3,
        momentum: float = 0,
        dampening: float = 0,
        weight_decay: float = 0,
        nesterov: bool = False,
        *,
        maximize: bool = False,
        foreach: bool | None = None,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        for name, value in (("learning rate", lr), ("momentum value", momentum), ("weight_decay value", weight_decay)):
            if value < 0.0:
                raise ValueError(f"Invalid {name}: {value}")
        if nesterov and (momentum <= 0 or dampening != 0):
            raise ValueError("Nesterov momentum requires a momentum and zero dampening")
        if differentiable:
            raise NotImplementedError("this engine's SGD does not record its steps: differentiable=False")
        defaults = {  # in PyTorch's order, which state_dict shows
            "lr": lr, "momentum": momentum, "dampening": dampening, "weight_decay": weight_decay, "nesterov": nesterov,
            "maximize": maximize, "foreach": foreach, "differentiable": differentiable, "fused": fused,
        }  # fmt: skip
        super().__init__(params, defaults)

    def update(self, group: dict[str, Any]) -> None:
        """One step for the parameters of ``group``."""
        lr = float(group["lr"])
        for p in group["params"]:
            if p.grad is not None:
                p.add_(self._direction(p, group), alpha=-lr)

    def _direction(self, p: Tensor, group: dict[str, Any]) -> Tensor:
        """Where ``p`` goes: its gradient with decay and momentum; keeps the running sum."""
        g = -p.grad if group["maximize"] else p.grad
        if group["weight_decay"]:
            g = g.add(p, alpha=group["weight_decay"])
        momentum = group["momentum"]
        if not momentum:
            return g
        state = self.state[p]
        b = state.get("momentum_buffer")
        if b is None:
            b = state["momentum_buffer"] = g.detach().clone()
        else:
            b.mul_(momentum).add_(g, alpha=1 - group["dampening"])
        return g.add(b, alpha=momentum) if group["nesterov"] else b
