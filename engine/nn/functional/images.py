"""Functions of images: windows as columns and back, channels shuffled, depth to space.

Source of the errors: ``aten/src/ATen/native/im2col_shape_check.h``, ``PixelShuffle.h``, ``ChanelShuffle.cpp``.
"""

from __future__ import annotations

import math
from typing import Any

from ... import errors
from ...mode import overridable
from ...ops import images as _rows
from ...table.kernel import PUBLIC
from ...tensor import Tensor

Ints = tuple[int, ...]


def _pair(name: str, value: Any) -> Ints:
    values = (value, value) if isinstance(value, int) else tuple(value)
    if len(values) == 1:
        values *= 2
    if len(values) != 2:
        raise RuntimeError(f"It is expected {name} equals to 2, but got size {len(values)}")
    return values


def _options(kernel_size: Any, dilation: Any, padding: Any, stride: Any) -> tuple[Ints, Ints, Ints, Ints]:
    kernel, stride = _pair("kernel_size", kernel_size), _pair("stride", stride)
    dilation, padding = _pair("dilation", dilation), _pair("padding", padding)
    for what, name, values in (
        ("kernel size", "kernel", kernel), ("dilation", "dilation", dilation), ("stride", "stride", stride),
    ):  # fmt: skip
        if min(values) <= 0:
            raise RuntimeError(
                f"{what} should be greater than zero, but got {name}_height: {values[0]} {name}_width: {values[1]}"
            )
    if min(padding) < 0:
        raise RuntimeError(f"padding should be non-negative, but got pad_height: {padding[0]} pad_width: {padding[1]}")
    return kernel, dilation, padding, stride


@overridable
def unfold(input: Tensor, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1) -> Tensor:
    """Each window of the images as a column: (N, C, H, W) to (N, C · kernel places, windows)."""
    shape = list(input.shape)
    if len(shape) < 2:
        low = max(len(shape), 1)
        raise IndexError(f"Dimension out of range (expected to be in range of [{-low}, {low - 1}], but got 1)")
    options = _options(kernel_size, dilation, padding, stride)
    if len(shape) not in (3, 4) or 0 in shape[-3:]:
        raise RuntimeError(
            "Expected 3D or 4D (batch mode) tensor with possibly 0 batch size and other non-zero dimensions for input, "
            f"but got: {shape}"
        )
    kernel, dilation, padding, stride = options
    size = _rows.blocks(shape[-2:], *options)
    if min(size) < 1:
        raise RuntimeError(
            f"Given input with spatial size ({shape[-2]}, {shape[-1]}), kernel_size={kernel}, dilation={dilation}, "
            f"padding={padding}, calculated shape of the array of sliding blocks as {size}, but its components must be "
            "at least one."
        )
    if input._d.dtype.kind in "iu":
        raise errors.not_implemented("im2col_out_cpu", input._d.dtype)
    return PUBLIC["im2col"](input, *options)


@overridable
def fold(
    input: Tensor, output_size: Any, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1
) -> Tensor:
    """Columns added up where ``unfold`` found them, in images of ``output_size``."""
    size = _pair("output_size", output_size)
    options = _options(kernel_size, dilation, padding, stride)
    shape = list(input.shape)
    if len(shape) not in (2, 3) or 0 in shape[-2:]:
        raise RuntimeError(
            "Expected 2D or 3D (batch mode) tensor for input with possibly 0 batch size and non-zero dimensions for "
            f"input, but got: {shape}"
        )
    first = len(shape) - 2
    kernel, dilation, padding, stride = options
    if shape[first] % math.prod(kernel):
        raise RuntimeError(
            "Expected size of input's dimension 1 to be divisible by the product of kernel_size, but got "
            f"input.size(1)={shape[first]} and kernel_size={kernel}."
        )
    counts = _rows.blocks(size, *options)
    given = f"Given output_size={size}, kernel_size={kernel}, dilation={dilation}, padding={padding}, stride={stride}, "
    if shape[-1] != math.prod(counts):
        raise RuntimeError(
            f"{given}expected size of input's dimension 2 to match the calculated number of sliding blocks "
            f"{counts[0]} * {counts[1]} = {math.prod(counts)}, but got input.size(2)={shape[-1]}."
        )
    if min(counts) < 1:
        raise RuntimeError(
            f"{given}expected input.size(-1) to match the calculated shape of the array of sliding blocks {counts}"
        )
    return PUBLIC["col2im"](input, size, *options)


@overridable
def pixel_shuffle(input: Tensor, upscale_factor: int) -> Tensor:
    """(..., C · r², H, W) to (..., C, H · r, W · r)."""
    _check_images("pixel_shuffle", input)
    if upscale_factor <= 0:
        raise RuntimeError(f"pixel_shuffle expects a positive upscale_factor, but got {upscale_factor}")
    if input.size(-3) % upscale_factor**2:
        raise RuntimeError(
            "pixel_shuffle expects its input's 'channel' dimension to be divisible by the square of upscale_factor, "
            f"but input.size(-3)={input.size(-3)} is not divisible by {upscale_factor**2}"
        )
    return PUBLIC["pixel_shuffle"](input, upscale_factor)


@overridable
def pixel_unshuffle(input: Tensor, downscale_factor: int) -> Tensor:
    """(..., C, H · r, W · r) to (..., C · r², H, W)."""
    _check_images("pixel_unshuffle", input)
    if downscale_factor <= 0:
        raise RuntimeError(f"pixel_unshuffle expects a positive downscale_factor, but got {downscale_factor}")
    for dim, name in ((-2, "height"), (-1, "width")):
        if input.size(dim) % downscale_factor:
            raise RuntimeError(
                f"pixel_unshuffle expects {name} to be divisible by downscale_factor, but input.size({dim})="
                f"{input.size(dim)} is not divisible by {downscale_factor}"
            )
    return PUBLIC["pixel_unshuffle"](input, downscale_factor)


def _check_images(name: str, input: Tensor) -> None:
    if input.dim() < 3:
        raise RuntimeError(
            f"{name} expects input to have at least 3 dimensions, but got input with {input.dim()} dimension(s)"
        )


@overridable
def channel_shuffle(input: Tensor, groups: int) -> Tensor:
    """The channels of (N, C, ...), dealt out one from each of ``groups`` in turn."""
    if input.dim() <= 2:
        raise RuntimeError(f"channel_shuffle expects input with > 2 dims, but got input with sizes {list(input.shape)}")
    if groups <= 0:
        raise RuntimeError(f"Number of groups to divide channels in must be positive. Value of groups:{groups}")
    if input.size(1) % groups:
        raise RuntimeError(
            f"Number of channels must be divisible by groups. Got {input.size(1)} channels and {groups} groups."
        )
    return PUBLIC["channel_shuffle"](input, groups)
