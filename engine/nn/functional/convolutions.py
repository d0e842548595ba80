"""Convolutions as functions, for one, two and three dimensions of space, and their transposes.

Source of the errors: ``aten/src/ATen/native/Convolution.cpp`` (the texts, not the code, are PyTorch's).
"""

from __future__ import annotations

import warnings
from typing import Any

from ... import errors
from ...mode import overridable
from ...ops import convolution as _rows
from ...ops import padding as _padding  # noqa: F401  fills the table
from ...table.kernel import PUBLIC
from ...tensor import Tensor

Ints = tuple[int, ...]


def _each(name: str, value: Any, dims: int) -> Ints:
    """``value``, a number or one for each dimension, as a tuple."""
    values = (value,) * dims if isinstance(value, int) else tuple(value)
    if len(values) == 1:
        values *= dims
    if len(values) != dims:
        raise RuntimeError(
            f"expected {name} to be a single integer value or a list of {dims} values to match the convolution "
            f"dimensions, but got {name}={list(values)}"
        )
    return values


def _checked_types(function: str, dims: int, input: Any, weight: Any, *options: Any) -> None:
    numbers = all(isinstance(v, int | str) or all(isinstance(n, int) for n in v) for v in options)
    if not (isinstance(input, Tensor) and isinstance(weight, Tensor) and numbers):
        signature = (
            "(Tensor input, Tensor weight, Tensor bias = None, tuple of ints stride = 1, tuple of ints padding = 0, "
            "tuple of ints dilation = 1, int groups = 1)"
        )
        raise errors.combination(function, (input, weight, *options), [signature])
    if input._d.ndim not in (dims + 1, dims + 2) and weight._d.ndim == dims + 2:
        raise RuntimeError(
            f"Expected {dims + 1}D (unbatched) or {dims + 2}D (batched) input to {function}, but got input of size: "
            f"{list(input.shape)}"
        )


def _check(x: Tensor, weight: Tensor, bias: Tensor | None, options: tuple[Any, ...]) -> None:
    """PyTorch's errors, in its order, for what does not fit."""
    stride, padding, dilation, transposed, _, groups = options
    shape, kernels = list(x.shape), list(weight.shape)
    if any(p < 0 for p in padding):
        raise RuntimeError("negative padding is not supported")
    if any(s <= 0 for s in stride):
        raise RuntimeError("non-positive stride is not supported")
    if any(d <= 0 for d in dilation):
        raise RuntimeError(f"dilation should be greater than zero, but got {list(dilation)}")
    _check_groups(kernels, groups)
    given = "transposed=1" if transposed else f"groups={groups}"
    channels = kernels[0] if transposed else kernels[1] * groups
    if shape[1] != channels:
        raise RuntimeError(
            f"Given {given}, weight of size {kernels}, expected input{shape} to have {channels} channels, but got "
            f"{shape[1]} channels instead"
        )
    out_channels = kernels[1] * groups if transposed else kernels[0]
    if bias is not None and list(bias.shape) != [out_channels]:
        told = f"Given {given}, weight" if transposed else "Given weight"
        raise RuntimeError(
            f"{told} of size {kernels}, expected bias to be 1-dimensional with {out_channels} elements, but got bias "
            f"of size {list(bias.shape)} instead"
        )
    _check_size(shape, kernels, options)


def _check_groups(kernels: list[int], groups: int) -> None:
    if groups <= 0:
        raise RuntimeError("non-positive groups is not supported")
    if kernels[0] < groups:
        raise RuntimeError(
            f"Given groups={groups}, expected weight to be at least {groups} at dimension 0, but got weight of size "
            f"{kernels} instead"
        )
    if kernels[0] % groups:
        raise RuntimeError(
            f"Given groups={groups}, expected weight to be divisible by {groups} at dimension 0, but got weight of "
            f"size [{kernels}] instead"
        )


def _check_size(shape: list[int], kernels: list[int], options: tuple[Any, ...]) -> None:
    stride, padding, dilation, transposed, output_padding, _ = options
    if transposed:
        out = _rows.transposed_size(shape[2:], kernels[2:], stride, padding, dilation, output_padding)
        if any(o >= max(s, d) for o, s, d in zip(output_padding, stride, dilation, strict=True)):
            named = zip(("depth", "height", "width")[-len(stride) :], stride, dilation, output_padding, strict=True)
            each = [(f"output_padding_{n}: {o}", f"stride_{n}: {s}", f"dilation_{n}: {d}") for n, s, d, o in named]
            raise RuntimeError(
                "output padding must be smaller than either stride or dilation, but got "
                + " ".join(" ".join(part) for part in zip(*each, strict=True))
            )
        if any(n < 1 for n in out):
            raise RuntimeError(
                f"Given input size per channel: {_by(shape[2:])}. Calculated output size per channel: {_by(out)}. "
                "Output size is too small"
            )
        return
    padded = [n + 2 * p for n, p in zip(shape[2:], padding, strict=True)]
    reach = [d * (k - 1) + 1 for k, d in zip(kernels[2:], dilation, strict=True)]
    if any(n < k for n, k in zip(padded, reach, strict=True)):
        raise RuntimeError(
            f"Calculated padded input size per channel: {_by(padded)}. Kernel size: {_by(reach)}. Kernel size can't be "
            "greater than actual input size"
        )


def _by(size: Any) -> str:
    return f"({' x '.join(map(str, size))})"


def _same_padding(input: Tensor, weight: Tensor, stride: Ints, dilation: Ints) -> tuple[Tensor, Ints]:
    """The input, with zeros after it where they must be more than before it, and the padding on either side."""
    if any(s != 1 for s in stride):
        raise RuntimeError("padding='same' is not supported for strided convolutions")
    total = [d * (k - 1) for k, d in zip(weight.shape[2:], dilation, strict=True)]
    if any(t % 2 for t in total):
        warnings.warn(
            "Using padding='same' with even kernel lengths and odd dilation may require a zero-padded copy of the "
            "input be created",
            UserWarning,
            stacklevel=5,
        )
        after = [n for t in reversed(total) for n in (0, t % 2)]
        input = PUBLIC["constant_pad_nd"](input, tuple(after), 0)
    return input, tuple(t // 2 for t in total)


@overridable
def convolution(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    stride: Any,
    padding: Any,
    dilation: Any,
    transposed: bool,
    output_padding: Any,
    groups: int,
) -> Tensor:
    """A convolution, plain or ``transposed``, over as many dimensions as ``weight`` has beyond two."""
    dims = weight._d.ndim - 2
    if dims < 1:
        raise RuntimeError("weight should have at least three dimensions")
    if input._d.ndim != dims + 2:
        raise RuntimeError(
            f"Expected {dims + 2}-dimensional input for {dims + 2}-dimensional weight{list(weight.shape)}, but got "
            f"{input._d.ndim}-dimensional input of size {list(input.shape)} instead"
        )
    options = (
        _each("stride", stride, dims),
        _each("padding", padding, dims),
        _each("dilation", dilation, dims),
        transposed,
        _each("output_padding", output_padding, dims),
        groups,
    )
    told = _rows.mixed(input, input, bias)
    if told is not None:
        raise told
    _check(input, weight, bias, options)
    if input._d.dtype.kind == "b":
        raise errors.not_implemented("slow_conv2d_cpu", input._d.dtype)
    return PUBLIC["convolution"](input, weight, bias, *options)


def _over(dims: int, transposed: bool) -> Any:
    name = f"conv{'_transpose' if transposed else ''}{dims}d"

    def run(
        input: Tensor, weight: Tensor, bias: Any, stride: Any, padding: Any, extra: Any, groups: int, dilation: Any
    ) -> Tensor:
        _checked_types(name, dims, input, weight, stride, padding, dilation, extra)
        batched = input._d.ndim != dims + 1
        if not batched:
            input = input.unsqueeze(0)
        if isinstance(padding, str):
            if padding not in ("same", "valid"):
                raise RuntimeError(f"Invalid padding string: '{padding}'")
            _check_groups(list(weight.shape), groups)
            if weight._d.ndim != input._d.ndim:
                convolution(input, weight, bias, 1, 0, 1, False, 0, groups)  # which raises
            if padding == "same":
                strides, dilations = _each("stride", stride, dims), _each("dilation", dilation, dims)
                input, padding = _same_padding(input, weight, strides, dilations)
            else:
                padding = 0
        out = convolution(input, weight, bias, stride, padding, dilation, transposed, extra, groups)
        return out if batched else out.squeeze(0)

    def plain(
        input: Tensor,
        weight: Tensor,
        bias: Tensor | None = None,
        stride: Any = 1,
        padding: Any = 0,
        dilation: Any = 1,
        groups: int = 1,
    ) -> Tensor:
        return run(input, weight, bias, stride, padding, 0, groups, dilation)

    def turned(
        input: Tensor,
        weight: Tensor,
        bias: Tensor | None = None,
        stride: Any = 1,
        padding: Any = 0,
        output_padding: Any = 0,
        groups: int = 1,
        dilation: Any = 1,
    ) -> Tensor:
        return run(input, weight, bias, stride, padding, output_padding, groups, dilation)

    front = turned if transposed else plain
    front.__name__ = front.__qualname__ = name
    space = "".join(", " + "DHW"[3 - dims + i] for i in range(dims))
    kernel = "(in, out/groups, ...)" if transposed else "(out, in/groups, ...)"
    what = "The transpose of a convolution" if transposed else "A convolution"
    front.__doc__ = f"""{what} over {dims} dimension{"s"[: dims - 1]} of space.

    Shapes: input (N, in{space}) or (in{space}), weight {kernel}, bias (out); result (N, out, ...) or (out, ...).
    """
    return overridable(front)


conv1d, conv2d, conv3d = (_over(n, False) for n in (1, 2, 3))
conv_transpose1d, conv_transpose2d, conv_transpose3d = (_over(n, True) for n in (1, 2, 3))
