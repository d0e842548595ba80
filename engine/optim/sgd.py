"""Stochastic gradient descent, with momentum."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from ..tensor import Tensor, wrap
from .stepping import Array, Stepping, check


class SGD(Stepping):
    """``p ← p - lr · d``, where d is the gradient, or with momentum μ a running sum of gradients: ``b ← μ · b + g``.

    Source: torch.optim.SGD; Sutskever et al., 2013 (nesterov).
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 1e-3,
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
        defaults = {  # in PyTorch's order, which state_dict shows
            "lr": lr, "momentum": momentum, "dampening": dampening, "weight_decay": weight_decay, "nesterov": nesterov,
            "maximize": maximize, "foreach": foreach, "differentiable": differentiable, "fused": fused,
        }  # fmt: skip
        check(defaults, "lr", "momentum", "weight_decay")
        if nesterov and (momentum <= 0 or dampening != 0):
            raise ValueError("Nesterov momentum requires a momentum and zero dampening")
        super().__init__(params, defaults)

    def begun(self, p: Tensor, group: dict[str, Any]) -> dict[str, Any]:
        """Without momentum there is nothing to keep."""
        return self.state[p] if group["momentum"] else {}

    def move(self, d: Array, g: Array, state: dict[str, Any], group: dict[str, Any]) -> None:
        """One step of ``d``; keeps the running sum."""
        if group["weight_decay"]:
            g = g + d * group["weight_decay"]
        if momentum := group["momentum"]:
            b = state.get("momentum_buffer")
            if b is None:
                total = np.array(g)
                state["momentum_buffer"] = wrap(total)
            else:
                total = b._d
                total *= momentum
                total += g * (1 - group["dampening"])
            g = g + total * momentum if group["nesterov"] else total
        d -= g * group["lr"]
