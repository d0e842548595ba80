"""Normalising over features: layers, groups of channels, root mean squares, neighbours.

Source: torch.nn.modules.normalization, PyTorch 2.13; Ba et al., 2016 (layer); Wu and He, 2018 (group); Zhang and
Sennrich, 2019 (RMS).
"""

from __future__ import annotations

import numbers
from collections.abc import Sequence
from typing import Any

from ..calls.creation import empty
from ..tensor import Tensor
from . import functional as F
from . import init
from .module import Module
from .parameter import Parameter


class _Affine(Module):
    """A layer with a weight, and perhaps a bias, that start as 1 and 0."""

    weight: Any
    bias: Any

    def _add(self, shape: Any, weight: bool, bias: bool | None, device: Any, dtype: Any) -> None:
        """The two parameters; ``bias=None``: a layer that has none at all."""
        for name, wanted in (("weight", weight), ("bias", bias)):
            if wanted is not None:
                made = Parameter(empty(shape, device=device, dtype=dtype)) if wanted else None
                self.register_parameter(name, made)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Weight 1, bias 0."""
        if self._parameters["weight"] is not None:
            init.ones_(self._parameters["weight"])
        if self._parameters.get("bias") is not None:
            init.zeros_(self._parameters["bias"])


def _shape(value: int | Sequence[int]) -> tuple[int, ...]:
    return (int(value),) if isinstance(value, numbers.Integral) else tuple(value)  # type: ignore[arg-type]


class LayerNorm(_Affine):
    """``(x - mean) / √(var + eps) · weight + bias`` over the last dimensions, ``normalized_shape``."""

    def __init__(
        self,
        normalized_shape: int | Sequence[int],
        eps: float = 1e-5,
        elementwise_affine: bool = True,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self.normalized_shape, self.eps, self.elementwise_affine = _shape(normalized_shape), eps, elementwise_affine
        self._add(self.normalized_shape, elementwise_affine, elementwise_affine and bias, device, dtype)

    def forward(self, input: Tensor) -> Tensor:
        """``functional.layer_norm(input, ...)``."""
        return F.layer_norm(input, self.normalized_shape, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        return (
            f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}, "
            f"bias={self.bias is not None}"
        )


class RMSNorm(_Affine):
    """``x / √(mean x² + eps) · weight`` over the last dimensions, ``normalized_shape``."""

    def __init__(
        self,
        normalized_shape: int | Sequence[int],
        eps: float | None = None,
        elementwise_affine: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self.normalized_shape, self.eps, self.elementwise_affine = _shape(normalized_shape), eps, elementwise_affine
        self._add(self.normalized_shape, elementwise_affine, None, device, dtype)

    def forward(self, x: Tensor) -> Tensor:
        """``functional.rms_norm(x, ...)``."""
        return F.rms_norm(x, self.normalized_shape, self.weight, self.eps)

    def extra_repr(self) -> str:
        return f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}"


class GroupNorm(_Affine):
    """``(x - mean) / √(var + eps) · weight + bias``, mean and variance over each of ``num_groups`` of channels."""

    def __init__(
        self,
        num_groups: int,
        num_channels: int,
        eps: float = 1e-5,
        affine: bool = True,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__()
        if num_channels % num_groups != 0:
            raise ValueError(f"num_channels ({num_channels}) must be divisible by num_groups ({num_groups})")
        self.num_groups, self.num_channels, self.eps, self.affine = num_groups, num_channels, eps, affine
        self._add(num_channels, affine, affine and bias, device, dtype)

    def forward(self, input: Tensor) -> Tensor:
        """``functional.group_norm(input, ...)``."""
        return F.group_norm(input, self.num_groups, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        return (
            f"{self.num_groups}, {self.num_channels}, eps={self.eps}, affine={self.affine}, "
            f"bias={self.bias is not None}"
        )


class LocalResponseNorm(Module):
    """``x / (k + alpha · mean of squares over the nearest channels)^beta``."""

    def __init__(self, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0) -> None:
        super().__init__()
        self.size, self.alpha, self.beta, self.k = size, alpha, beta, k

    def forward(self, input: Tensor) -> Tensor:
        """``functional.local_response_norm(input, ...)``."""
        return F.local_response_norm(input, self.size, self.alpha, self.beta, self.k)

    def extra_repr(self) -> str:
        return f"{self.size}, alpha={self.alpha}, beta={self.beta}, k={self.k}"
