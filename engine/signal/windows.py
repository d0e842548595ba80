"""``torch.signal.windows``: tapers of ``M`` points, symmetric, or with ``sym=False`` one period of a periodic one.

Each is computed in float64 and then cast.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from .. import dtypes
from ..factory import leaf
from ..mode import overridable
from ..naming import absent
from ..size import strided
from ..tensor import Tensor

__all__ = [
    "bartlett", "blackman", "cosine", "exponential", "gaussian", "general_cosine", "general_hamming", "hamming", "hann",
    "kaiser", "nuttall",
]  # fmt: skip


def _window(function: Callable[..., Any]) -> Callable[..., Tensor]:
    """Decorator of a function of M, ``sym`` and its own arguments: dtype, device and PyTorch's checks."""

    @functools.wraps(function)
    def window(
        M: int,
        *,
        sym: bool = True,
        dtype: dtypes.dtype | None = None,
        layout: Any = strided,
        device: Any = None,
        requires_grad: bool = False,
        **own: Any,
    ) -> Tensor:
        name = function.__name__
        name = "general_cosine" if name in _COSINES else name
        dtype = dtypes.get_default_dtype() if dtype is None else dtype
        if M < 0:
            raise ValueError(f"{name} requires non-negative window length, got M={M}")
        if layout is not strided:
            raise ValueError(f"{name} is implemented for strided tensors only, got: {layout}")
        if dtype not in (dtypes.float32, dtypes.float64):
            raise ValueError(f"{name} expects float32 or float64 dtypes, got: {dtype}")
        values = function(M, sym, **own)
        return leaf(np.asarray(values if M else [], dtype.numpy), requires_grad, device)

    return overridable(window)


_COSINES = ("general_hamming", "hamming", "hann", "nuttall")


def _places(M: int, sym: bool) -> Any:
    """``i / (M - 1)``, or ``i / M`` for a periodic window, for i from 0 on."""
    return np.arange(M) / max(M - 1 if sym else M, 1)


@_window
def exponential(M: int, sym: bool, *, center: float | None = None, tau: float = 1.0) -> Any:
    """``e^(-|i - center| / tau)``."""
    if tau <= 0:
        raise ValueError(f"Tau must be positive, got: {tau} instead.")
    if sym and center is not None:
        raise ValueError("Center must be None for symmetric windows")
    middle = (M if not sym and M > 1 else M - 1) / 2 if center is None else center
    return np.exp(-np.abs(np.arange(M) - middle) / tau)


@_window
def cosine(M: int, sym: bool) -> Any:
    """``sin(π (i + 1/2) / M)``."""
    return np.sin(math.pi * (np.arange(M) + 0.5) / max(M + 1 if not sym and M > 1 else M, 1))


@_window
def gaussian(M: int, sym: bool, *, std: float = 1.0) -> Any:
    """``e^(-½ ((i - middle) / std)²)``."""
    if std <= 0:
        raise ValueError(f"Standard deviation must be positive, got: {std} instead.")
    middle = (M if not sym and M > 1 else M - 1) / 2
    return np.exp(-0.5 * ((np.arange(M) - middle) / std) ** 2)


@_window
def kaiser(M: int, sym: bool, *, beta: float = 12.0) -> Any:
    """``I0(β √(1 - x²)) / I0(β)`` for x from -1 to 1."""
    if beta < 0:
        raise ValueError(f"beta must be non-negative, got: {beta} instead.")
    return kaiser_of(M, sym, beta)


def kaiser_of(M: int, sym: bool, beta: float) -> Any:
    """The values of a Kaiser window."""
    if M == 1:
        return [1.0]
    from scipy.special import i0

    x = 2 * _places(M, sym) - 1
    return i0(beta * np.sqrt(np.maximum(1 - x * x, 0))) / i0(beta)


@_window
def bartlett(M: int, sym: bool) -> Any:
    """``1 - |x|`` for x from -1 to 1."""
    return bartlett_of(M, sym)


def bartlett_of(M: int, sym: bool) -> Any:
    """The values of a Bartlett window."""
    return [1.0] if M == 1 else 1 - np.abs(2 * _places(M, sym) - 1)


def cosines_of(M: int, sym: bool, a: Iterable[float]) -> Any:
    """``Σ (-1)^k a[k] cos(2π k x)`` for x from 0 to 1."""
    if M == 1:
        return [1.0]
    x = 2 * math.pi * _places(M, sym)
    return sum((-1) ** k * weight * np.cos(k * x) for k, weight in enumerate(a))


@_window
def general_cosine(M: int, sym: bool, *, a: Any) -> Any:
    """``Σ (-1)^k a[k] cos(2π k x)`` for x from 0 to 1."""
    if M > 1 and not isinstance(a, Iterable):
        raise TypeError("Coefficients must be a list/tuple")
    if M > 1 and not a:
        raise ValueError("Coefficients cannot be empty")
    return cosines_of(M, sym, a)


@_window
def general_hamming(M: int, sym: bool, *, alpha: float = 0.54) -> Any:
    """``α - (1 - α) cos(2π x)`` for x from 0 to 1."""
    return cosines_of(M, sym, (alpha, 1 - alpha))


@_window
def hamming(M: int, sym: bool) -> Any:
    """``general_hamming`` with α = 0.54."""
    return cosines_of(M, sym, (0.54, 0.46))


@_window
def hann(M: int, sym: bool) -> Any:
    """``sin²(π x)`` for x from 0 to 1."""
    return cosines_of(M, sym, (0.5, 0.5))


@_window
def blackman(M: int, sym: bool) -> Any:
    """``0.42 - 0.5 cos(2π x) + 0.08 cos(4π x)`` for x from 0 to 1."""
    return cosines_of(M, sym, (0.42, 0.5, 0.08))


@_window
def nuttall(M: int, sym: bool) -> Any:
    """Nuttall's sum of four cosines."""
    return cosines_of(M, sym, (0.3635819, 0.4891775, 0.1365995, 0.0106411))


__getattr__ = absent.lookup("torch.signal.windows", lambda: __all__)
