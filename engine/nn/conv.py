"""Convolutions, and the transposed ones that undo their shapes.

Source: torch.nn.modules.conv, PyTorch 2.13.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from ..calls.creation import empty
from ..tensor import Tensor
from . import functional as F
from . import init
from .module import Module
from .parameter import Parameter
from .sizes import each

_STRINGS = {"same", "valid"}
_MODES = {"zeros", "reflect", "replicate", "circular"}


class _Conv(Module):
    """What all convolutions keep: ``_dims`` dimensions besides batch and channels."""

    _dims = 0
    transposed = False
    weight: Any
    bias: Any

    def __init__(
        self, in_channels: int, out_channels: int, kernel_size: Any, stride: Any, padding: Any, dilation: Any,
        output_padding: Any, groups: int, bias: bool, padding_mode: str, device: Any, dtype: Any,
    ) -> None:  # fmt: skip
        super().__init__()
        n = self._dims
        kernel_size, stride, dilation = each(kernel_size, n), each(stride, n), each(dilation, n)
        if groups <= 0:
            raise ValueError("groups must be a positive integer")
        if in_channels % groups != 0:
            raise ValueError("in_channels must be divisible by groups")
        if out_channels % groups != 0:
            raise ValueError("out_channels must be divisible by groups")
        if isinstance(padding, str):
            if padding not in _STRINGS:
                raise ValueError(f"Invalid padding string {padding!r}, should be one of {_STRINGS}")
            if padding == "same" and any(s != 1 for s in stride):
                raise ValueError("padding='same' is not supported for strided convolutions")
        if padding_mode not in _MODES:
            raise ValueError(f"padding_mode must be one of {_MODES}, but got padding_mode='{padding_mode}'")
        self.in_channels, self.out_channels, self.kernel_size = in_channels, out_channels, kernel_size
        self.stride, self.dilation, self.groups, self.padding_mode = stride, dilation, groups, padding_mode
        self.padding = padding if isinstance(padding, str) else each(padding, n)
        self.output_padding = each(output_padding, n)
        self._reversed_padding_repeated_twice = self._around()
        self.weight = Parameter(empty(self._weight_shape(), device=device, dtype=dtype))
        if bias:
            self.bias = Parameter(empty(out_channels, device=device, dtype=dtype))
        else:
            self.register_parameter("bias", None)
        self.reset_parameters()

    def _weight_shape(self) -> tuple[int, ...]:
        first, second = self.out_channels, self.in_channels
        if self.transposed:
            first, second = second, first
        return (first, second // self.groups, *self.kernel_size)

    def _around(self) -> list[int]:
        """The padding as ``functional.pad`` takes it: last dimension first, before and after."""
        if not isinstance(self.padding, str):
            return [p for p in reversed(self.padding) for _ in range(2)]
        if self.padding == "valid":
            return [0, 0] * self._dims
        totals = [d * (k - 1) for d, k in zip(self.dilation, self.kernel_size, strict=True)]
        return [part for total in reversed(totals) for part in (total // 2, total - total // 2)]

    def reset_parameters(self) -> None:
        """Draw weight and bias uniformly from ±1/√fan_in."""
        init.kaiming_uniform_(self.weight, a=math.sqrt(5))
        if self.bias is not None:
            fan_in, _ = init._calculate_fan_in_and_fan_out(self.weight)
            bound = 1 / math.sqrt(fan_in) if fan_in > 0 else 0
            init.uniform_(self.bias, -bound, bound)

    def extra_repr(self) -> str:
        n = self._dims
        text = f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}, stride={self.stride}"
        if self.padding != (0,) * len(self.padding):
            text += f", padding={self.padding}"
        if self.dilation != (1,) * n:
            text += f", dilation={self.dilation}"
        if self.output_padding != (0,) * n:
            text += f", output_padding={self.output_padding}"
        if self.groups != 1:
            text += f", groups={self.groups}"
        if self.bias is None:
            text += ", bias=False"
        return text + (f", padding_mode={self.padding_mode}" if self.padding_mode != "zeros" else "")


class _Forward(_Conv):
    """A convolution."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: Any = 0,
        dilation: Any = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(
            in_channels, out_channels, kernel_size, stride, padding, dilation, 0, groups, bias, padding_mode, device,
            dtype,
        )  # fmt: skip

    def _conv_forward(self, input: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        convolve = getattr(F, f"conv{self._dims}d")
        if self.padding_mode == "zeros":
            return convolve(input, weight, bias, self.stride, self.padding, self.dilation, self.groups)
        padded = F.pad(input, self._reversed_padding_repeated_twice, mode=self.padding_mode)
        return convolve(padded, weight, bias, self.stride, (0,) * self._dims, self.dilation, self.groups)

    def forward(self, input: Tensor) -> Tensor:
        """``functional.conv<n>d(input, weight, bias, ...)``."""
        return self._conv_forward(input, self.weight, self.bias)


class Conv1d(_Forward):
    """``out[n, o, t] = bias[o] + Σ weight[o, i, k] · x[n, i, t · stride + k · dilation - padding]``.

    Shapes: ([N,] C_in, L) to ([N,] C_out, L'); weight (C_out, C_in / groups, kernel_size).
    """

    _dims = 1


class Conv2d(_Forward):
    """A convolution over height and width.

    Shapes: ([N,] C_in, H, W) to ([N,] C_out, H', W'); weight (C_out, C_in / groups, *kernel_size).
    """

    _dims = 2


class Conv3d(_Forward):
    """A convolution over depth, height and width.

    Shapes: ([N,] C_in, D, H, W) to ([N,] C_out, D', H', W'); weight (C_out, C_in / groups, *kernel_size).
    """

    _dims = 3


class _Transposed(_Conv):
    """The transpose of a convolution: what its gradient does."""

    transposed = True

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: Any = 0,
        output_padding: Any = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: Any = 1,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        if padding_mode != "zeros":
            raise ValueError(f'Only "zeros" padding mode is supported for {type(self).__name__}')
        super().__init__(
            in_channels, out_channels, kernel_size, stride, padding, dilation, output_padding, groups, bias,
            padding_mode, device, dtype,
        )  # fmt: skip

    def forward(self, input: Tensor, output_size: Sequence[int] | None = None) -> Tensor:
        """``functional.conv_transpose<n>d(input, weight, bias, ...)``, of ``output_size`` if given."""
        convolve = getattr(F, f"conv_transpose{self._dims}d")
        extra = self.output_padding if output_size is None else self._missing(input, list(output_size))
        return convolve(
            input, self.weight, self.bias, self.stride, self.padding, extra, self.groups, self.dilation
        )  # fmt: skip

    def _missing(self, input: Tensor, size: list[int]) -> list[int]:
        """The output padding that gives ``size``."""
        n, lead = self._dims, input.dim() - self._dims
        if len(size) == n + lead:
            size = size[lead:]
        if len(size) != n:
            raise ValueError(
                f"ConvTranspose{n}D: for {input.dim()}D input, output_size must have {n} or {lead + n} elements (got "
                f"{len(size)})"
            )
        rows = zip(input.shape[lead:], self.stride, self.padding, self.dilation, self.kernel_size, strict=True)
        least = [(x - 1) * s - 2 * p + d * (k - 1) + 1 for x, s, p, d, k in rows]
        most = [m + s - 1 for m, s in zip(least, self.stride, strict=True)]
        if any(s < low or s > high for s, low, high in zip(size, least, most, strict=True)):
            raise ValueError(
                f"requested an output size of {size}, but valid sizes range from {least} to {most} (for an input of "
                f"{input.size()[2:]})"
            )
        return [s - low for s, low in zip(size, least, strict=True)]


class ConvTranspose1d(_Transposed):
    """The transpose of ``Conv1d``.

    Shapes: ([N,] C_in, L) to ([N,] C_out, L'); weight (C_in, C_out / groups, kernel_size).
    """

    _dims = 1


class ConvTranspose2d(_Transposed):
    """The transpose of ``Conv2d``.

    Shapes: ([N,] C_in, H, W) to ([N,] C_out, H', W'); weight (C_in, C_out / groups, *kernel_size).
    """

    _dims = 2


class ConvTranspose3d(_Transposed):
    """The transpose of ``Conv3d``.

    Shapes: ([N,] C_in, D, H, W) to ([N,] C_out, D', H', W'); weight (C_in, C_out / groups, *kernel_size).
    """

    _dims = 3
