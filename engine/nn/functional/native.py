"""What ``torch.<name>`` takes or gives otherwise than ``nn.functional.<name>``: another order, or more results.

Source of the errors: ``aten/src/ATen/native/Normalization.cpp``, ``layer_norm.h``, ``group_norm.cpp``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ... import errors
from ...mode import followed, overridable
from ...ops import normalization as _normalization  # noqa: F401  fills the table
from ...table.kernel import PUBLIC
from ...tensor import Tensor
from . import lookup

Optional = Tensor | None


def _check_channels(input: Tensor, **given: Optional) -> None:
    channels = input._d.shape[1] if input._d.ndim > 1 else 0
    for name, value in given.items():
        if value is not None and value._d.size != channels:
            raise RuntimeError(f"{name} should contain {channels} elements not {value._d.size}")


def _batch(
    input: Tensor,
    weight: Optional,
    bias: Optional,
    running_mean: Optional,
    running_var: Optional,
    training: bool,
    momentum: float | None,
    eps: float,
) -> tuple[Tensor, Tensor, Tensor]:
    """The normalised input and what it was normalised by; the running moments are moved."""
    if not training:
        for name, value in (("running_mean", running_mean), ("running_var", running_var)):
            if value is None:
                raise RuntimeError(f"{name} must be defined in evaluation mode")
    _check_channels(input, running_mean=running_mean, running_var=running_var, weight=weight, bias=bias)
    if input._d.dtype.kind != "f":
        raise errors.not_implemented("batch_norm", input._d.dtype)
    row = PUBLIC["native_batch_norm"]
    out, center, scale, variance = row(input, weight, bias, running_mean, running_var, training, eps)
    if training:
        count = input._d.size // max(input._d.shape[1], 1)
        share = 0.0 if momentum is None else momentum
        for running, new in ((running_mean, center._d), (running_var, variance._d * (count / max(count - 1, 1)))):
            if running is not None:
                running._d[...] = (1 - share) * running._d + share * new
    return out, center, scale


@overridable
def batch_norm(
    input: Tensor,
    weight: Optional,
    bias: Optional,
    running_mean: Optional,
    running_var: Optional,
    training: bool,
    momentum: float,
    eps: float,
    cudnn_enabled: bool = True,
) -> Tensor:
    """``torch.batch_norm``: ``nn.functional.batch_norm`` with the arguments in another order."""
    if not input._d.size:
        _check_channels(input, running_mean=running_mean, running_var=running_var, weight=weight, bias=bias)
        out = input.clone()
        out = out if weight is None else out * weight[0]
        return out if bias is None else out + bias[0]
    return _batch(input, weight, bias, running_mean, running_var, training, momentum, eps)[0]


@overridable
def native_batch_norm(
    input: Tensor,
    weight: Optional,
    bias: Optional,
    running_mean: Optional,
    running_var: Optional,
    training: bool,
    momentum: float,
    eps: float,
) -> tuple[Tensor, Tensor, Tensor]:
    """``batch_norm``, and the mean and 1/√(variance + eps) of the batch; nothing where ``training`` is off."""
    return _batch(input, weight, bias, running_mean, running_var, training, momentum, eps)


@overridable
def instance_norm(
    input: Tensor,
    weight: Optional,
    bias: Optional,
    running_mean: Optional,
    running_var: Optional,
    use_input_stats: bool,
    momentum: float,
    eps: float,
    cudnn_enabled: bool = True,
) -> Tensor:
    """``torch.instance_norm``: ``nn.functional.instance_norm`` with the arguments in another order."""
    if not use_input_stats and (running_mean is None or running_var is None):
        raise RuntimeError("Expected running_mean and running_var to be defined when use_input_stats is false")
    n, c, *space = input.shape
    wide = input.contiguous().view((1, n * c, *space))
    weights, biases, means, variances = (
        None if t is None else t.repeat(n) for t in (weight, bias, running_mean, running_var)
    )
    out = batch_norm(wide, weights, biases, means, variances, use_input_stats, momentum, eps)
    for running, each in ((running_mean, means), (running_var, variances)):
        if running is not None and each is not None:
            running._d[...] = each._d.reshape(n, c).mean(0)
    return out.view((n, c, *space))


def check_layer(input: Tensor, normalized_shape: Any, weight: Optional, bias: Optional, star: str = "*, ") -> int:
    """The number of dimensions to normalise over, after PyTorch's checks."""
    shape = list(normalized_shape)
    if not shape:
        raise RuntimeError(
            "Expected normalized_shape to be at least 1-dimensional, i.e., containing at least one element, but got "
            "normalized_shape = []"
        )
    for name, value in (("weight", weight), ("bias", bias)):
        if value is not None and list(value.shape) != shape:
            raise RuntimeError(
                f"Expected {name} to be of same shape as normalized_shape, but got {name} of shape {list(value.shape)} "
                f"and normalized_shape = {shape}"
            )
    if list(input.shape[-len(shape) :]) != shape or len(shape) > input._d.ndim:
        raise RuntimeError(
            f"Given normalized_shape={shape}, expected input with shape [{star}{', '.join(map(str, shape))}], but got "
            f"input of size{list(input.shape)}"
        )
    return len(shape)


@overridable
def native_layer_norm(
    input: Tensor, normalized_shape: Sequence[int], weight: Optional, bias: Optional, eps: float
) -> tuple[Tensor, Tensor, Tensor]:
    """``layer_norm``, and the mean and 1/√(variance + eps) of each layer."""
    if isinstance(normalized_shape, int):
        raise TypeError("layer_norm(): argument 'normalized_shape' (position 2) must be tuple of ints, not int")
    dims = check_layer(input, normalized_shape, weight, bias)
    if input._d.dtype.kind != "f":
        raise errors.not_implemented("LayerNormKernelImpl", input._d.dtype)
    out: tuple[Tensor, Tensor, Tensor] = PUBLIC["native_layer_norm"](input, weight, bias, dims, eps)
    return out


def grouped(
    input: Tensor, weight: Optional, bias: Optional, channels: int, groups: int, eps: float
) -> tuple[Tensor, Tensor, Tensor]:
    """The input normalised in each group of channels, and the moments, without their history."""
    shape = list(input.shape)
    if channels % groups:
        raise RuntimeError(
            f"Expected number of channels in input to be divisible by num_groups, but got input of shape {shape} and "
            f"num_groups={groups}"
        )
    for name, value in (("weight", weight), ("bias", bias)):
        if value is not None and list(value.shape) != [channels]:
            raise RuntimeError(
                f"Expected {name} to be a vector of size equal to the number of channels in input, but got {name} of "
                f"shape {list(value.shape)} and input of shape {shape}"
            )
    if input._d.dtype.kind != "f":
        raise errors.not_implemented("GroupNormKernelImpl", input._d.dtype)
    out: tuple[Tensor, Tensor, Tensor] = PUBLIC["native_group_norm"](input, weight, bias, groups, eps)
    return out


@overridable
def native_group_norm(
    input: Tensor, weight: Optional, bias: Optional, N: int, C: int, HxW: int, group: int, eps: float
) -> tuple[Tensor, Tensor, Tensor]:
    """``group_norm``, and the mean and 1/√(variance + eps) of each group."""
    out, center, scale = grouped(input, weight, bias, C, group, eps)
    if followed(input):  # PyTorch differentiates these two as well
        parts = input.reshape((N, group, C // group * HxW))
        center = parts.mean(2)
        scale = (parts.var(2, correction=0) + eps).rsqrt()
    return out, center, scale


# ------------------------------------------------------------------------------------------------------------- tables
@overridable
def embedding(
    weight: Tensor, indices: Tensor, padding_idx: int = -1, scale_grad_by_freq: bool = False, sparse: bool = False
) -> Tensor:
    """``torch.embedding``: ``nn.functional.embedding`` with the table first."""
    return lookup.rows_of(weight, indices, padding_idx, scale_grad_by_freq, sparse)


@overridable
def embedding_bag(
    weight: Tensor,
    indices: Tensor,
    offsets: Tensor,
    scale_grad_by_freq: bool = False,
    mode: int = 0,
    sparse: bool = False,
    per_sample_weights: Optional = None,
    include_last_offset: bool = False,
    padding_idx: int | None = None,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """``torch.embedding_bag``: the bags, and which lookup is in which, the sizes, and where the largest were."""
    return lookup.bags_of(
        weight, indices, offsets, scale_grad_by_freq, mode, sparse, per_sample_weights, include_last_offset, padding_idx
    )
