"""Normalisation as functions: batch, layer, group, instance, RMS and local response norm.

Source of the errors: ``torch/nn/functional.py``, ``aten/src/ATen/native/Normalization.cpp``, ``layer_norm.h``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from ... import errors
from ...mode import overridable
from ...tensor import Tensor
from ...typeinfo import finfo
from . import native
from .paddings import pad
from .pools import avg_pool2d, avg_pool3d

Optional = Tensor | None


# -------------------------------------------------------------------------------------------------------------- batch
@overridable
def batch_norm(
    input: Tensor,
    running_mean: Optional,
    running_var: Optional,
    weight: Optional = None,
    bias: Optional = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    """``(x - mean) / √(variance + eps) · weight + bias``, the moments those of each channel.

    While ``training`` they are the batch's, and the running ones move towards them by ``momentum``; otherwise the
    running ones are used. Shapes: input (N, C) or (N, C, ...), all others (C).
    """
    shape = input.shape
    if training and shape and shape[0] * math.prod(shape[2:]) == 1:
        raise ValueError(f"Expected more than 1 value per channel when training, got input size {shape!r}")
    if training and eps <= 0.0:
        raise ValueError(f"batch_norm eps must be positive during training, but got {eps}")
    if eps < 0.0:
        raise ValueError(f"batch_norm eps must be non-negative, but got {eps}")
    return native.batch_norm(input, weight, bias, running_mean, running_var, training, momentum, eps, True)


@overridable
def instance_norm(
    input: Tensor,
    running_mean: Optional = None,
    running_var: Optional = None,
    weight: Optional = None,
    bias: Optional = None,
    use_input_stats: bool = True,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    """``batch_norm`` of each sample for itself. Shapes: input (N, C, ...), all others (C)."""
    if use_input_stats and math.prod(input.shape[2:]) == 1:
        raise ValueError(f"Expected more than 1 spatial element when training, got input size {input.shape!r}")
    return native.instance_norm(input, weight, bias, running_mean, running_var, use_input_stats, momentum, eps, True)


# -------------------------------------------------------------------------------------------------------------- layer
@overridable
def layer_norm(
    input: Tensor,
    normalized_shape: Sequence[int],
    weight: Optional = None,
    bias: Optional = None,
    eps: float = 1e-5,
    cudnn_enable: bool = True,
) -> Tensor:
    """``(x - mean) / √(variance + eps) · weight + bias``, the moments those of the last dimensions.

    Shapes: weight and bias ``normalized_shape``, which are the last dimensions of the input.
    """
    return native.native_layer_norm(input, normalized_shape, weight, bias, eps)[0]


@overridable
def rms_norm(
    input: Tensor, normalized_shape: Sequence[int], weight: Optional = None, eps: float | None = None
) -> Tensor:
    """``x / √(mean of x² + eps) · weight``, the mean over the last dimensions; eps is that of the dtype if None."""
    dims = native.check_layer(input, normalized_shape, weight, None, star="*")
    if input._d.dtype.kind not in "fc":
        raise errors.not_implemented("rms_norm", input._d.dtype)
    if eps is None:
        eps = finfo(input.dtype).eps
    squares = input.pow(2).mean(tuple(range(-dims, 0)), keepdim=True)
    out = input * (squares + eps).rsqrt()
    return out if weight is None else out * weight


# ------------------------------------------------------------------------------------------------------------- groups
@overridable
def group_norm(
    input: Tensor,
    num_groups: int,
    weight: Optional = None,
    bias: Optional = None,
    eps: float = 1e-5,
    cudnn_enabled: bool = True,
) -> Tensor:
    """``(x - mean) / √(variance + eps) · weight + bias``, the moments those of each group of channels in a sample.

    Shapes: input (N, C, ...), weight and bias (C).
    """
    shape = list(input.shape)
    if len(shape) < 2:
        raise RuntimeError(f"Expected at least 2 dimensions for input tensor but received {len(shape)}")
    if shape[0] * shape[1] // num_groups * math.prod(shape[2:]) == 1:
        sizes = [shape[0] * shape[1] // num_groups, num_groups, *shape[2:]]
        raise ValueError(f"Expected more than 1 value per channel when training, got input size {sizes}")
    return native.grouped(input, weight, bias, shape[1], num_groups, eps)[0]


@overridable
def local_response_norm(input: Tensor, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0) -> Tensor:
    """``x / (k + alpha · mean of x² over size neighbouring channels)^beta``."""
    dim = input.dim()
    if dim < 3:
        raise ValueError(f"Expected 3D or higher dimensionality {' ' * 24} input (got {dim} dimensions)")
    if not input.numel():
        return input
    div = input.mul(input)
    around = (0, 0, size // 2, (size - 1) // 2)
    if dim == 3:
        div = avg_pool2d(pad(div.unsqueeze(1), around), (size, 1), stride=1).squeeze(1)
    else:
        sizes = input.shape
        div = div.view((sizes[0], 1, sizes[1], sizes[2], -1))
        div = avg_pool3d(pad(div, (0, 0, *around)), (size, 1, 1), stride=1).squeeze(1).view(sizes)
    return input / div.mul(alpha).add(k).pow(beta)
