"""Gradients that are too long, or too large, made shorter before a step.

Source: torch.nn.utils.clip_grad, PyTorch 2.13; Pascanu et al., 2013.
"""

from __future__ import annotations

import types
import warnings
from collections.abc import Iterable
from typing import Any

import numpy as np

from ...mode import no_grad
from ...table.inplace import write
from ...tensor import Tensor, wrap


def _listed(tensors: Tensor | Iterable[Tensor]) -> list[Tensor]:
    return [tensors] if isinstance(tensors, Tensor) else list(tensors)


def _norm(d: Any, p: float) -> Any:
    """The p-norm of all elements."""
    size = np.abs(d)
    if p == np.inf:
        return size.max()
    if p == -np.inf:
        return size.min()
    if p == 0:
        return (size != 0).sum().astype(size.dtype)
    if p == 2:
        return np.sqrt((size * size).sum())
    return (size**p).sum() ** (1 / p)


@no_grad()
@np.errstate(all="ignore")
def get_total_norm(
    tensors: Tensor | Iterable[Tensor],
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> Tensor:
    """The norm of all ``tensors`` as if they were one vector."""
    rows, p = _listed(tensors), float(norm_type)
    if not rows:
        return wrap(np.array(0.0, np.float32))
    total = _norm(np.array([_norm(t._d, p) for t in rows]), p)
    if error_if_nonfinite and not np.isfinite(total):
        raise RuntimeError(
            f"The total norm of order {p} for gradients from `parameters` is non-finite, so it cannot be clipped. To "
            "disable this error and scale the gradients by the non-finite norm anyway, set `error_if_nonfinite=False`"
        )
    return wrap(np.asarray(total))


@no_grad()
@np.errstate(all="ignore")
def clip_grads_with_norm_(
    parameters: Tensor | Iterable[Tensor], max_norm: float, total_norm: Tensor, foreach: bool | None = None
) -> None:
    """Scale the gradients of ``parameters``, whose norm is ``total_norm``, so that it is at most ``max_norm``."""
    factor = np.minimum(float(max_norm) / (total_norm._d + 1e-6), 1.0)
    for p in _listed(parameters):
        if p.grad is not None:
            d = p.grad._d
            write(p.grad, d * factor.astype(d.dtype))


def clip_grad_norm_(
    parameters: Tensor | Iterable[Tensor],
    max_norm: float,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> Tensor:
    """Scale all gradients so that their norm together is at most ``max_norm``; returns what it was."""
    rows = _listed(parameters)
    if isinstance(parameters, types.GeneratorType) and not rows:
        warnings.warn("`parameters` is an empty generator, no gradient clipping will occur.", UserWarning, stacklevel=2)
    gradients = [p.grad for p in rows if p.grad is not None]
    total = get_total_norm(gradients, norm_type, error_if_nonfinite, foreach)
    clip_grads_with_norm_(rows, max_norm, total, foreach)
    return total


@no_grad()
def clip_grad_value_(parameters: Tensor | Iterable[Tensor], clip_value: float, foreach: bool | None = None) -> None:
    """Put every entry of every gradient within ±``clip_value``."""
    bound = float(clip_value)
    for p in _listed(parameters):
        if p.grad is not None:
            write(p.grad, np.clip(p.grad._d, -bound, bound))
