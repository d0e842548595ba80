"""Normalising each channel over the batch, or over each example alone, with running statistics.

Source: torch.nn.modules.batchnorm and instancenorm, PyTorch 2.13; Ioffe and Szegedy, 2015; Ulyanov et al., 2016.
"""

from __future__ import annotations

import warnings
from typing import Any

from .. import dtypes
from ..calls.creation import empty, ones, zeros
from ..tensor import Tensor
from . import functional as F
from . import init
from .module import Module
from .parameter import Parameter


class _Norm(Module):
    """Weight and bias for each channel, and the statistics that are kept."""

    _version = 2
    _dims: tuple[int, ...] = ()  # which numbers of dimensions an input may have
    weight: Any
    bias: Any
    running_mean: Any
    running_var: Any
    num_batches_tracked: Any

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__()
        self.num_features, self.eps, self.momentum = num_features, eps, momentum
        self.affine, self.track_running_stats = affine, track_running_stats
        for name, wanted in (("weight", affine), ("bias", affine and bias)):
            made = Parameter(empty(num_features, device=device, dtype=dtype)) if wanted else None
            self.register_parameter(name, made)
        kept = track_running_stats
        self.register_buffer("running_mean", zeros(num_features, device=device, dtype=dtype) if kept else None)
        self.register_buffer("running_var", ones(num_features, device=device, dtype=dtype) if kept else None)
        self.register_buffer("num_batches_tracked", zeros((), dtype=dtypes.int64) if kept else None)
        self.reset_parameters()

    def reset_running_stats(self) -> None:
        """Mean 0, variance 1, no batches seen."""
        if self.track_running_stats:
            self.running_mean.zero_()
            self.running_var.fill_(1)
            self.num_batches_tracked.zero_()

    def reset_parameters(self) -> None:
        """Weight 1, bias 0, and the statistics anew."""
        self.reset_running_stats()
        if self.affine:
            init.ones_(self.weight)
            if self.bias is not None:
                init.zeros_(self.bias)

    def _check_input_dim(self, input: Tensor) -> None:
        if input.dim() not in self._dims:
            wanted = " or ".join(f"{n}D" for n in self._dims)
            raise ValueError(f"expected {wanted} input (got {input.dim()}D input)")

    def extra_repr(self) -> str:
        return (
            f"{self.num_features}, eps={self.eps}, momentum={self.momentum}, affine={self.affine}, "
            f"bias={self.bias is not None}, track_running_stats={self.track_running_stats}"
        )

    def _load_from_state_dict(self, state_dict: Any, prefix: str, local_metadata: Any, *lists: Any) -> None:
        version = local_metadata.get("version")
        if (version is None or version < 2) and self.track_running_stats:
            state_dict.setdefault(prefix + "num_batches_tracked", self.num_batches_tracked)
        super()._load_from_state_dict(state_dict, prefix, local_metadata, *lists)


class _BatchNorm(_Norm):
    """Over the batch while training, with the running statistics afterwards."""

    def forward(self, input: Tensor) -> Tensor:
        """``functional.batch_norm(input, ...)``; while training it notes mean and variance."""
        self._check_input_dim(input)
        share = 0.0 if self.momentum is None else self.momentum
        if self.training and self.track_running_stats and self.num_batches_tracked is not None:
            self.num_batches_tracked.add_(1)
            if self.momentum is None:
                share = 1.0 / float(self.num_batches_tracked)
        by_batch = self.training or (self.running_mean is None and self.running_var is None)
        kept = not self.training or self.track_running_stats
        mean, var = (self.running_mean, self.running_var) if kept else (None, None)
        return F.batch_norm(input, mean, var, self.weight, self.bias, by_batch, share, self.eps)


class BatchNorm1d(_BatchNorm):
    """``(x - mean) / √(var + eps) · weight + bias`` for each channel. Shapes: (N, C) or (N, C, L)."""

    _dims = (2, 3)


class BatchNorm2d(_BatchNorm):
    """``(x - mean) / √(var + eps) · weight + bias`` for each channel. Shapes: (N, C, H, W)."""

    _dims = (4,)


class BatchNorm3d(_BatchNorm):
    """``(x - mean) / √(var + eps) · weight + bias`` for each channel. Shapes: (N, C, D, H, W)."""

    _dims = (5,)


class _InstanceNorm(_Norm):
    """Over each example alone."""

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float = 0.1,
        affine: bool = False,
        track_running_stats: bool = False,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__(num_features, eps, momentum, affine, track_running_stats, device, dtype, bias=bias)

    def forward(self, input: Tensor) -> Tensor:
        """``functional.instance_norm(input, ...)``."""
        self._check_input_dim(input)
        alone = input.dim() == self._dims[0]
        channels = 0 if alone else 1
        if input.size(channels) != self.num_features:
            if self.affine:
                raise ValueError(
                    f"expected input's size at dim={channels} to match num_features ({self.num_features}), but got: "
                    f"{input.size(channels)}."
                )
            warnings.warn(
                f"input's size at dim={channels} does not match num_features. You can silence this warning by not "
                "passing in num_features, which is not used because affine=False",
                UserWarning,
                stacklevel=2,
            )
        batch = input.unsqueeze(0) if alone else input
        by_example = self.training or not self.track_running_stats
        momentum = self.momentum if self.momentum is not None else 0.0
        out = F.instance_norm(
            batch, self.running_mean, self.running_var, self.weight, self.bias, by_example, momentum, self.eps
        )  # fmt: skip
        return out.squeeze(0) if alone else out


class InstanceNorm1d(_InstanceNorm):
    """``(x - mean) / √(var + eps)`` for each channel of each example. Shapes: ([N,] C, L)."""

    _dims = (2, 3)


class InstanceNorm2d(_InstanceNorm):
    """``(x - mean) / √(var + eps)`` for each channel of each example. Shapes: ([N,] C, H, W)."""

    _dims = (3, 4)


class InstanceNorm3d(_InstanceNorm):
    """``(x - mean) / √(var + eps)`` for each channel of each example. Shapes: ([N,] C, D, H, W)."""

    _dims = (4, 5)
