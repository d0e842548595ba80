"""Pooling layers: the largest, the mean or a norm of each window.

Source: torch.nn.modules.pooling, PyTorch 2.13.
"""

from __future__ import annotations

from typing import Any

from ..tensor import Tensor
from . import functional as F
from .module import Module
from .sizes import each


class _MaxPool(Module):
    """The largest number in each window; with ``return_indices`` also where it was."""

    _function = ""

    def __init__(
        self,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        dilation: Any = 1,
        return_indices: bool = False,
        ceil_mode: bool = False,
    ) -> None:
        super().__init__()
        self.kernel_size, self.stride = kernel_size, stride if stride is not None else kernel_size
        self.padding, self.dilation = padding, dilation
        self.return_indices, self.ceil_mode = return_indices, ceil_mode

    def forward(self, input: Tensor) -> Any:
        """``functional.max_pool<n>d(input, ...)``."""
        return getattr(F, self._function)(
            input, self.kernel_size, self.stride, self.padding, self.dilation, ceil_mode=self.ceil_mode,
            return_indices=self.return_indices,
        )  # fmt: skip

    def extra_repr(self) -> str:
        return (
            f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}, dilation={self.dilation}, "
            f"ceil_mode={self.ceil_mode}"
        )


class MaxPool1d(_MaxPool):
    """The largest number in each window of ``kernel_size``. Shapes: ([N,] C, L) to ([N,] C, L')."""

    _function = "max_pool1d"


class MaxPool2d(_MaxPool):
    """The largest number in each window. Shapes: ([N,] C, H, W) to ([N,] C, H', W')."""

    _function = "max_pool2d"


class MaxPool3d(_MaxPool):
    """The largest number in each window. Shapes: ([N,] C, D, H, W) to ([N,] C, D', H', W')."""

    _function = "max_pool3d"


class _MaxUnpool(Module):
    """The inverse of max pooling: every number goes back to where its index says, zeros elsewhere."""

    _dims = 0

    def __init__(self, kernel_size: Any, stride: Any = None, padding: Any = 0) -> None:
        super().__init__()
        self.kernel_size = each(kernel_size, self._dims)
        self.stride = each(stride if stride is not None else kernel_size, self._dims)
        self.padding = each(padding, self._dims)

    def forward(self, input: Tensor, indices: Tensor, output_size: Any = None) -> Tensor:
        """``functional.max_unpool<n>d(input, indices, ...)``."""
        unpool = getattr(F, f"max_unpool{self._dims}d")
        return unpool(input, indices, self.kernel_size, self.stride, self.padding, output_size)

    def extra_repr(self) -> str:
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class MaxUnpool1d(_MaxUnpool):
    """The inverse of ``MaxPool1d``, with its indices."""

    _dims = 1


class MaxUnpool2d(_MaxUnpool):
    """The inverse of ``MaxPool2d``, with its indices."""

    _dims = 2


class MaxUnpool3d(_MaxUnpool):
    """The inverse of ``MaxPool3d``, with its indices."""

    _dims = 3


class AvgPool1d(Module):
    """The mean of each window of ``kernel_size``. Shapes: ([N,] C, L) to ([N,] C, L')."""

    def __init__(
        self,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
    ) -> None:
        super().__init__()
        self.kernel_size = each(kernel_size, 1)
        self.stride = each(stride if stride is not None else kernel_size, 1)
        self.padding = each(padding, 1)
        self.ceil_mode, self.count_include_pad = ceil_mode, count_include_pad

    def forward(self, input: Tensor) -> Tensor:
        """``functional.avg_pool1d(input, ...)``."""
        return F.avg_pool1d(
            input, self.kernel_size, self.stride, self.padding, self.ceil_mode, self.count_include_pad
        )  # fmt: skip

    def extra_repr(self) -> str:
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class _AvgPool(Module):
    """The mean of each window."""

    _function = ""

    def __init__(
        self,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
        divisor_override: int | None = None,
    ) -> None:
        super().__init__()
        self.kernel_size, self.stride = kernel_size, stride if stride is not None else kernel_size
        self.padding, self.ceil_mode = padding, ceil_mode
        self.count_include_pad, self.divisor_override = count_include_pad, divisor_override

    def forward(self, input: Tensor) -> Tensor:
        """``functional.avg_pool<n>d(input, ...)``."""
        return getattr(F, self._function)(
            input, self.kernel_size, self.stride, self.padding, self.ceil_mode, self.count_include_pad,
            self.divisor_override,
        )  # fmt: skip

    def extra_repr(self) -> str:
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class AvgPool2d(_AvgPool):
    """The mean of each window. Shapes: ([N,] C, H, W) to ([N,] C, H', W')."""

    _function = "avg_pool2d"


class AvgPool3d(_AvgPool):
    """The mean of each window. Shapes: ([N,] C, D, H, W) to ([N,] C, D', H', W')."""

    _function = "avg_pool3d"


class _LPPool(Module):
    """``(Σ xᵖ)^(1/p)`` over each window."""

    _function = ""

    def __init__(self, norm_type: float, kernel_size: Any, stride: Any = None, ceil_mode: bool = False) -> None:
        super().__init__()
        self.norm_type, self.kernel_size, self.stride, self.ceil_mode = norm_type, kernel_size, stride, ceil_mode

    def forward(self, input: Tensor) -> Tensor:
        """``functional.lp_pool<n>d(input, ...)``."""
        pool = getattr(F, self._function)
        return pool(input, float(self.norm_type), self.kernel_size, self.stride, self.ceil_mode)

    def extra_repr(self) -> str:
        return (
            f"norm_type={self.norm_type}, kernel_size={self.kernel_size}, stride={self.stride}, "
            f"ceil_mode={self.ceil_mode}"
        )


class LPPool1d(_LPPool):
    """``(Σ xᵖ)^(1/p)`` over each window of length ``kernel_size``."""

    _function = "lp_pool1d"


class LPPool2d(_LPPool):
    """``(Σ xᵖ)^(1/p)`` over each window in the last two dimensions."""

    _function = "lp_pool2d"


class LPPool3d(_LPPool):
    """``(Σ xᵖ)^(1/p)`` over each window in the last three dimensions."""

    _function = "lp_pool3d"


class _AdaptiveMax(Module):
    """The largest of as many windows as ``output_size`` says, of whatever size that takes."""

    _function = ""

    def __init__(self, output_size: Any, return_indices: bool = False) -> None:
        super().__init__()
        self.output_size, self.return_indices = output_size, return_indices

    def forward(self, input: Tensor) -> Any:
        """``functional.adaptive_max_pool<n>d(input, output_size)``."""
        return getattr(F, self._function)(input, self.output_size, self.return_indices)

    def extra_repr(self) -> str:
        return f"output_size={self.output_size}"


class AdaptiveMaxPool1d(_AdaptiveMax):
    """The largest of ``output_size`` windows."""

    _function = "adaptive_max_pool1d"


class AdaptiveMaxPool2d(_AdaptiveMax):
    """The largest of each of ``output_size`` windows in the last two dimensions."""

    _function = "adaptive_max_pool2d"


class AdaptiveMaxPool3d(_AdaptiveMax):
    """The largest of each of ``output_size`` windows in the last three dimensions."""

    _function = "adaptive_max_pool3d"


class _AdaptiveAvg(Module):
    """The mean of as many windows as ``output_size`` says, of whatever size that takes."""

    _function = ""

    def __init__(self, output_size: Any) -> None:
        super().__init__()
        self.output_size = output_size

    def forward(self, input: Tensor) -> Tensor:
        """``functional.adaptive_avg_pool<n>d(input, output_size)``."""
        return getattr(F, self._function)(input, self.output_size)

    def extra_repr(self) -> str:
        return f"output_size={self.output_size}"


class AdaptiveAvgPool1d(_AdaptiveAvg):
    """The mean of each of ``output_size`` windows."""

    _function = "adaptive_avg_pool1d"


class AdaptiveAvgPool2d(_AdaptiveAvg):
    """The mean of each of ``output_size`` windows in the last two dimensions."""

    _function = "adaptive_avg_pool2d"


class AdaptiveAvgPool3d(_AdaptiveAvg):
    """The mean of each of ``output_size`` windows in the last three dimensions."""

    _function = "adaptive_avg_pool3d"


class _FractionalMax(Module):
    """The largest of windows whose places are drawn: ``output_size`` of them, or ``output_ratio`` of the input's."""

    _dims = 0

    def __init__(
        self,
        kernel_size: Any,
        output_size: Any = None,
        output_ratio: Any = None,
        return_indices: bool = False,
        _random_samples: Any = None,
    ) -> None:
        super().__init__()
        n, name = self._dims, type(self).__name__
        if n == 3 and any(k <= 0 for k in each(kernel_size, n)):
            raise ValueError(f"kernel_size must be greater than 0, but got {kernel_size}")
        self.kernel_size, self.return_indices = each(kernel_size, n), return_indices
        self.register_buffer("_random_samples", _random_samples)
        self.output_size = None if output_size is None else each(output_size, n)
        self.output_ratio = None if output_ratio is None else each(output_ratio, n)
        if output_size is None and output_ratio is None:
            raise ValueError(f"{name} requires specifying either an output size, or a pooling ratio")
        if output_size is not None and output_ratio is not None:
            raise ValueError("only one of output_size and output_ratio may be specified")
        if not all(0 < ratio < 1 for ratio in self.output_ratio or ()):
            raise ValueError(f"output_ratio must be between 0 and 1 (got {output_ratio})")

    def forward(self, input: Tensor) -> Any:
        """``functional.fractional_max_pool<n>d(input, ...)``."""
        return getattr(F, f"fractional_max_pool{self._dims}d")(
            input, self.kernel_size, self.output_size, self.output_ratio, self.return_indices,
            _random_samples=self._random_samples,
        )  # fmt: skip


class FractionalMaxPool2d(_FractionalMax):
    """The largest of windows whose places are drawn. Shapes: ([N,] C, H, W) to ([N,] C, H', W')."""

    _dims = 2


class FractionalMaxPool3d(_FractionalMax):
    """The largest of windows whose places are drawn. Shapes: ([N,] C, D, H, W) to ([N,] C, D', H', W')."""

    _dims = 3
