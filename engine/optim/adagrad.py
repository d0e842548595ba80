"""Steps over the root of a sum or running mean of squared gradients: Adagrad, Adadelta, RMSprop.

Source: torch.optim, PyTorch 2.13; Duchi et al., 2011 (Adagrad); Zeiler, 2012 (Adadelta); Hinton, 2012 (RMSprop).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from ..tensor import Tensor, box
from .stepping import Array, Stepping, check, counter, kept, numbers, raised


class Adagrad(Stepping):
    """``p ← p - lr · g / (√Σg² + eps)``, the sum over all steps."""

    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 1e-2,
        lr_decay: float = 0,
        weight_decay: float = 0,
        initial_accumulator_value: float = 0,
        eps: float = 1e-10,
        foreach: bool | None = None,
        *,
        maximize: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        defaults = {
            "lr": lr, "lr_decay": lr_decay, "eps": eps, "weight_decay": weight_decay,
            "initial_accumulator_value": initial_accumulator_value, "foreach": foreach, "maximize": maximize,
            "differentiable": differentiable, "fused": fused,
        }  # fmt: skip
        check(defaults, "lr", "lr_decay", "weight_decay", "initial_accumulator_value", "eps")
        super().__init__(params, defaults)
        for group in self.param_groups:
            for p in group["params"]:
                self.begun(p, group)

    def begin(self, p: Tensor, group: dict[str, Any]) -> dict[str, Any]:
        """The sum at ``initial_accumulator_value``."""
        value = self.defaults["initial_accumulator_value"]
        return {"step": counter(), "sum": numbers(p, complex(value, value) if p.is_complex() else value)}

    def move(self, d: Array, g: Array, state: dict[str, Any], group: dict[str, Any]) -> None:
        """One step of ``d``."""
        step = raised(state)
        if group["weight_decay"]:
            g = g + d * group["weight_decay"]
        total = kept(state, "sum")
        total += g * g
        d -= g * (group["lr"] / (1 + (step - 1) * group["lr_decay"])) / (np.sqrt(total) + group["eps"])


class Adadelta(Stepping):
    """``p ← p - lr · Δ`` with ``Δ = g · √(mean Δ² + eps) / √(mean g² + eps)``: steps in the units of p itself."""

    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 1.0,
        rho: float = 0.9,
        eps: float = 1e-6,
        weight_decay: float = 0,
        foreach: bool | None = None,
        *,
        capturable: bool = False,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        defaults = {
            "lr": lr, "rho": rho, "eps": eps, "weight_decay": weight_decay, "maximize": maximize,
            "capturable": capturable, "foreach": foreach, "differentiable": differentiable,
        }  # fmt: skip
        check(defaults, "lr")
        if not 0.0 <= rho <= 1.0:
            raise ValueError(f"Invalid rho value: {rho}")
        check(defaults, "eps", "weight_decay")
        super().__init__(params, defaults)

    def begin(self, p: Tensor, group: dict[str, Any]) -> dict[str, Any]:
        """Both means at 0."""
        return {"step": counter(), "square_avg": numbers(p), "acc_delta": numbers(p)}

    def move(self, d: Array, g: Array, state: dict[str, Any], group: dict[str, Any]) -> None:
        """One step of ``d``."""
        raised(state)
        rho, eps = group["rho"], group["eps"]
        if group["weight_decay"]:
            g = g + d * group["weight_decay"]
        squares, deltas = kept(state, "square_avg"), kept(state, "acc_delta")
        squares *= rho
        squares += g * (1 - rho) * g
        delta = np.sqrt(deltas + eps) / np.sqrt(squares + eps) * g
        deltas *= rho
        deltas += delta * (1 - rho) * delta
        d -= delta * group["lr"]


class RMSprop(Stepping):
    """``p ← p - lr · g / (√mean g² + eps)``; ``centered``: the variance in place of the mean square."""

    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum: float = 0,
        centered: bool = False,
        capturable: bool = False,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        defaults = {
            "lr": lr, "momentum": momentum, "alpha": alpha, "eps": eps, "centered": centered,
            "weight_decay": weight_decay, "capturable": capturable, "foreach": foreach, "maximize": maximize,
            "differentiable": differentiable,
        }  # fmt: skip
        check(defaults, "lr", "eps", "momentum", "weight_decay", "alpha")
        super().__init__(params, defaults)

    def begin(self, p: Tensor, group: dict[str, Any]) -> dict[str, Any]:
        """The means at 0."""
        state = {"step": counter(), "square_avg": numbers(p)}
        if group["momentum"] > 0:
            state["momentum_buffer"] = numbers(p)
        if group["centered"]:
            state["grad_avg"] = numbers(p)
        return state

    def move(self, d: Array, g: Array, state: dict[str, Any], group: dict[str, Any]) -> None:
        """One step of ``d``."""
        raised(state)
        alpha, momentum = group["alpha"], group["momentum"]
        if group["weight_decay"]:
            g = g + d * group["weight_decay"]
        squares = kept(state, "square_avg")
        squares *= alpha
        squares += g * (1 - alpha) * g
        if group["centered"]:
            mean = kept(state, "grad_avg")
            far = g - mean
            # lerp from whichever end is nearer, as PyTorch does: alpha below a half is unusual
            mean[...] = mean + far * (1 - alpha) if 1 - alpha < 0.5 else g - far * alpha
            squares = squares - mean * mean
        root = np.sqrt(squares) + group["eps"]
        if momentum > 0:
            total = kept(state, "momentum_buffer")
            total *= momentum
            total += g / root
            d -= total * group["lr"]
        else:
            d -= g * group["lr"] / root


class Rprop(Stepping):
    """Only the sign of the gradient counts: a step grows while the sign stays, and shrinks when it turns.

    Source: torch.optim.Rprop; Riedmiller and Braun, 1993.
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 1e-2,
        etas: tuple[float, float] = (0.5, 1.2),
        step_sizes: tuple[float, float] = (1e-6, 50),
        *,
        capturable: bool = False,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        defaults = {
            "lr": lr, "etas": etas, "step_sizes": step_sizes, "foreach": foreach, "maximize": maximize,
            "differentiable": differentiable, "capturable": capturable,
        }  # fmt: skip
        check(defaults, "lr")
        if not 0.0 < etas[0] < 1.0 < etas[1]:
            raise ValueError(f"Invalid eta values: {etas[0]}, {etas[1]}")
        super().__init__(params, defaults)

    def begin(self, p: Tensor, group: dict[str, Any]) -> dict[str, Any]:
        """Every step at lr."""
        lr = group["lr"]
        return {
            "step": counter(), "prev": numbers(p), "step_size": numbers(p, complex(lr, lr) if p.is_complex() else lr)
        }  # fmt: skip

    def move(self, d: Array, g: Array, state: dict[str, Any], group: dict[str, Any]) -> None:
        """One step of ``d``; where the sign has turned it stays."""
        raised(state)
        (less, more), (least, most) = group["etas"], group["step_sizes"]
        before, size = kept(state, "prev"), kept(state, "step_size")
        same = g * before
        size *= np.where(same > 0, more, np.where(same < 0, less, 1)).astype(size.dtype)
        np.clip(size, least, most, out=size)
        g = np.where(same < 0, 0, g).astype(size.dtype)
        d -= np.sign(g) * size
        before[...] = g


class ASGD(Stepping):
    """Gradient descent with a rate that falls, and the mean of all parameters from step ``t0`` on, in the state.

    Source: torch.optim.ASGD; Polyak and Juditsky, 1992.
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 1e-2,
        lambd: float = 1e-4,
        alpha: float = 0.75,
        t0: float = 1e6,
        weight_decay: float = 0,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
        capturable: bool = False,
    ) -> None:
        defaults = {
            "lr": lr, "lambd": lambd, "alpha": alpha, "t0": t0, "weight_decay": weight_decay, "foreach": foreach,
            "maximize": maximize, "differentiable": differentiable, "capturable": capturable,
        }  # fmt: skip
        check(defaults, "lr", "weight_decay")
        super().__init__(params, defaults)

    def begin(self, p: Tensor, group: dict[str, Any]) -> dict[str, Any]:
        """The rate at lr, the mean at 0."""
        return {"step": counter(), "eta": counter(group["lr"]), "mu": counter(1.0), "ax": numbers(p)}

    def move(self, d: Array, g: Array, state: dict[str, Any], group: dict[str, Any]) -> None:
        """One step of ``d``, then of the mean."""
        step, lr, lambd = raised(state), group["lr"], group["lambd"]
        if group["weight_decay"]:
            g = g + d * group["weight_decay"]
        eta, mean = state["eta"].item(), kept(state, "ax")
        d *= 1 - lambd * eta
        d -= g * eta
        if (mu := state["mu"].item()) == 1:
            mean[...] = d
        else:
            mean += (d - mean) * mu
        box(state["eta"])[...] = lr / (1 + lambd * lr * step) ** group["alpha"]
        box(state["mu"])[...] = 1 / max(1, step - group["t0"])
