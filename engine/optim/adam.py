"""Adam and its kin: a running mean of the gradient over the root of a running mean of its square.

Source: torch.optim, PyTorch 2.13; Kingma and Ba, 2015 (Adam, Adamax); Loshchilov and Hutter, 2019 (AdamW); Reddi et
al., 2018 (amsgrad); Dozat, 2016 (NAdam); Liu et al., 2020 (RAdam).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from ..tensor import Tensor, box
from .stepping import Array, Stepping, check, counter, kept, numbers, raised


def _decayed(d: Array, g: Array, group: dict[str, Any]) -> Array:
    """The gradient with weight decay in it; or the weights themselves decay, where the two are decoupled."""
    decay = group["weight_decay"]
    if not decay:
        return g
    if group["decoupled_weight_decay"]:
        d *= 1 - group["lr"] * decay
        return g
    return g + d * decay


def _means(g: Array, state: dict[str, Any], group: dict[str, Any]) -> tuple[Array, Array]:
    """The running means of the gradient and of its square, with ``g`` in them."""
    beta1, beta2 = group["betas"]
    m, v = kept(state, "exp_avg"), kept(state, "exp_avg_sq")
    m += (g - m) * (1 - beta1)
    v *= beta2
    v += g * (1 - beta2) * g
    return m, v


class Adam(Stepping):
    """``p ← p - lr · m̂ / (√v̂ + eps)``: m̂ and v̂ are running means of g and g², without their bias to 0."""

    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        amsgrad: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
        decoupled_weight_decay: bool = False,
    ) -> None:
        defaults: dict[str, Any] = {
            "lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "amsgrad": amsgrad,
            "maximize": maximize, "foreach": foreach, "capturable": capturable, "differentiable": differentiable,
            "fused": fused, "decoupled_weight_decay": decoupled_weight_decay,
        }  # fmt: skip
        check(defaults, "lr", "eps", "betas", "weight_decay")
        if not all(isinstance(b, float) for b in betas) and not all(isinstance(b, Tensor) for b in betas):
            raise ValueError("betas must be either both floats or both Tensors")
        defaults["betas"] = tuple([b.item() if isinstance(b, Tensor) else b for b in betas])
        super().__init__(params, defaults)

    def begin(self, p: Tensor, group: dict[str, Any]) -> dict[str, Any]:
        """Both means at 0, and their largest with amsgrad."""
        state = {"step": counter(), "exp_avg": numbers(p), "exp_avg_sq": numbers(p)}
        return state | {"max_exp_avg_sq": numbers(p)} if group["amsgrad"] else state

    def move(self, d: Array, g: Array, state: dict[str, Any], group: dict[str, Any]) -> None:
        """One step of ``d``."""
        beta1, beta2 = group["betas"]
        step = raised(state)
        m, v = _means(_decayed(d, g, group), state, group)
        if group["amsgrad"]:
            v = np.maximum(kept(state, "max_exp_avg_sq"), v, out=kept(state, "max_exp_avg_sq"))
        root = np.sqrt(v)
        root /= (1 - beta2**step) ** 0.5
        root += group["eps"]
        moved = m * (group["lr"] / (1 - beta1**step))
        moved /= root
        d -= moved


class AdamW(Adam):
    """Adam with the weights decaying on their own: ``p ← p · (1 - lr · weight_decay)`` before each step."""

    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
        foreach: bool | None = None,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        super().__init__(
            params, lr, betas, eps, weight_decay, amsgrad, foreach=foreach, maximize=maximize, capturable=capturable,
            differentiable=differentiable, fused=fused, decoupled_weight_decay=True,
        )  # fmt: skip

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        for group in state.get("param_groups", ()):
            group["decoupled_weight_decay"] = True


class Adamax(Stepping):
    """Adam with the largest gradient, slowly forgotten, in place of the root of the mean square."""

    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        foreach: bool | None = None,
        *,
        maximize: bool = False,
        differentiable: bool = False,
        capturable: bool = False,
    ) -> None:
        defaults = {
            "lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "foreach": foreach,
            "maximize": maximize, "differentiable": differentiable, "capturable": capturable,
        }  # fmt: skip
        check(defaults, "lr", "eps", "betas", "weight_decay")
        super().__init__(params, defaults)

    def begin(self, p: Tensor, group: dict[str, Any]) -> dict[str, Any]:
        """The mean and the largest at 0."""
        return {"step": counter(), "exp_avg": numbers(p), "exp_inf": numbers(p)}

    def move(self, d: Array, g: Array, state: dict[str, Any], group: dict[str, Any]) -> None:
        """One step of ``d``."""
        beta1, beta2 = group["betas"]
        step = raised(state)
        if group["weight_decay"]:
            g = g + d * group["weight_decay"]
        m, most = kept(state, "exp_avg"), kept(state, "exp_inf")
        m += (g - m) * (1 - beta1)
        most *= beta2
        np.maximum(most, np.abs(g) + group["eps"], out=most)
        d -= m * (group["lr"] / (1 - beta1**step)) / most


class NAdam(Stepping):
    """Adam with Nesterov's momentum: the step looks ahead by the momentum that the next one will have."""

    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum_decay: float = 4e-3,
        decoupled_weight_decay: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
    ) -> None:
        defaults = {
            "lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "momentum_decay": momentum_decay,
            "decoupled_weight_decay": decoupled_weight_decay, "maximize": maximize, "foreach": foreach,
            "capturable": capturable, "differentiable": differentiable,
        }  # fmt: skip
        check(defaults, "lr", "eps", "betas", "weight_decay", "momentum_decay")
        super().__init__(params, defaults)

    def begin(self, p: Tensor, group: dict[str, Any]) -> dict[str, Any]:
        """Both means at 0, the product of momenta at 1."""
        return {"step": counter(), "mu_product": counter(1.0), "exp_avg": numbers(p), "exp_avg_sq": numbers(p)}

    def move(self, d: Array, g: Array, state: dict[str, Any], group: dict[str, Any]) -> None:
        """One step of ``d``."""
        (beta1, beta2), lr, decay = group["betas"], group["lr"], group["momentum_decay"]
        step = raised(state)
        g = _decayed(d, g, group)
        mu = beta1 * (1.0 - 0.5 * 0.96 ** (step * decay))
        next_mu = beta1 * (1.0 - 0.5 * 0.96 ** ((step + 1) * decay))
        product = box(state["mu_product"])
        product *= mu
        m, v = _means(g, state, group)
        root = np.sqrt(v / (1 - beta2**step)) + group["eps"]
        d -= g * (lr * (1.0 - mu) / (1.0 - float(product))) / root
        d -= m * (lr * next_mu / (1.0 - float(product) * next_mu)) / root


class RAdam(Stepping):
    """Adam that trusts the mean square only once it has seen enough gradients: before, ``p ← p - lr · m̂``."""

    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        decoupled_weight_decay: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
    ) -> None:
        defaults = {
            "lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "maximize": maximize,
            "foreach": foreach, "capturable": capturable, "decoupled_weight_decay": decoupled_weight_decay,
            "differentiable": differentiable,
        }  # fmt: skip
        check(defaults, "lr", "eps", "betas", "weight_decay")
        super().__init__(params, defaults)

    def begin(self, p: Tensor, group: dict[str, Any]) -> dict[str, Any]:
        """Both means at 0."""
        return {"step": counter(), "exp_avg": numbers(p), "exp_avg_sq": numbers(p)}

    def move(self, d: Array, g: Array, state: dict[str, Any], group: dict[str, Any]) -> None:
        """One step of ``d``."""
        beta1, beta2 = group["betas"]
        step = raised(state)
        m, v = _means(_decayed(d, g, group), state, group)
        moved = m / (1 - beta1**step) * group["lr"]
        all_seen = 2 / (1 - beta2) - 1  # the length of the mean in the long run, and now
        length = all_seen - 2 * step * beta2**step / (1 - beta2**step)
        if length > 5.0:
            moved *= (1 - beta2**step) ** 0.5 / (np.sqrt(v) + group["eps"])
            moved *= ((length - 4) * (length - 2) * all_seen / ((all_seen - 4) * (all_seen - 2) * length)) ** 0.5
        d -= moved
