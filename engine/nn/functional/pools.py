"""Pooling as functions: the largest element or the mean of windows.

Source of the errors: ``aten/src/ATen/native/Pool.h``, ``Pooling.cpp`` and the files of each kind.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ... import errors
from ...mode import overridable
from ...ops import pooling as _pooling  # noqa: F401  fills the table
from ...ops.resample import Taps, resampled
from ...table.kernel import PUBLIC
from ...tensor import Tensor, wrap

Ints = tuple[int, ...]
WORDS = {1: "one int", 2: "two ints", 3: "three ints"}


def each(function: str, name: str, value: Any, dims: int) -> Ints:
    """``value``, a number or one for each dimension, as a tuple."""
    values = (value,) * dims if isinstance(value, int) else tuple(value)
    if len(values) == 1:
        values *= dims
    if len(values) != dims:
        if dims == 1:
            raise RuntimeError(f"{function}() argument '{name}' should contain one int (got {len(values)})")
        raise RuntimeError(f"{function}: {name} must either be a single int, or a tuple of {WORDS[dims]}")
    return values


def pooled_size(n: int, kernel: int, stride: int, padding: int, dilation: int, ceil_mode: bool) -> int:
    """How many windows fit into ``n`` elements; with ``ceil_mode`` also one that begins inside and ends outside."""
    size = (n + 2 * padding - dilation * (kernel - 1) - 1 + (stride - 1 if ceil_mode else 0)) // stride + 1
    return size - 1 if ceil_mode and (size - 1) * stride >= n + padding else size


def _sizes(function: str, input: Tensor, kernel: Ints, stride: Ints, padding: Ints, dilation: Ints, ceil: bool) -> Ints:
    """The number of windows in each dimension, after PyTorch's checks."""
    dims = len(kernel)
    if any(s == 0 for s in stride):
        raise RuntimeError("stride should not be zero")
    if any(p < 0 for p in padding):
        raise RuntimeError(f"pad must be non-negative, but got pad: {next(p for p in padding if p < 0)}")
    for p, k, d in zip(padding, kernel, dilation, strict=True):
        if p > (d * (k - 1) + 1) // 2:
            raise RuntimeError(
                "pad should be at most half of effective kernel size, but got "
                f"pad={p}, kernel_size={k} and dilation={d}"
            )
    if any(k <= 0 for k in kernel):
        raise RuntimeError("kernel size should be greater than zero, but got " + _named("k", kernel))
    if any(s <= 0 for s in stride):
        raise RuntimeError("stride should be greater than zero, but got " + _named("d", stride))
    if any(d <= 0 for d in dilation):
        raise RuntimeError("dilation should be greater than zero, but got " + _named("dilation", dilation))
    shape = input._d.shape
    if function != "max_pool1d":
        _check_images(input, dims, f"{function}_with_indices_out_cpu_template()" if "max" in function else function)
    if function == "avg_pool3d" and any(n < k for n, k in zip(shape[-3:], kernel, strict=True)):
        had = _named("", shape[-3:])
        raise RuntimeError(f"input image ({had}) smaller than kernel size ({_named('k', kernel)})")
    size = tuple(map(pooled_size, shape[-dims:], kernel, stride, padding, dilation, (ceil,) * dims))
    if any(n < 1 for n in size):
        channels = shape[-dims - 1]
        given, out = ("x".join(map(str, (channels, *n))) for n in (shape[-dims:], size))
        raise RuntimeError(f"Given input size: ({given}). Calculated output size: ({out}). Output size is too small")
    return size


def _named(name: str, values: Ints) -> str:
    return " ".join(f"{name}{axis}: {v}" for axis, v in zip("THW"[3 - len(values) :], values, strict=True))


def _check_images(input: Tensor, dims: int, kind: str) -> None:
    shape = input._d.shape
    if len(shape) not in (dims + 1, dims + 2):
        raise RuntimeError(f"non-empty {dims + 1}D or {dims + 2}D (batch mode) tensor expected for input")
    inside = shape[-dims - 1 :]
    if 0 not in inside:
        return
    if dims == 3:
        raise RuntimeError(
            f"{kind}: Expected input's non-batch dimensions to have positive length, but input has a shape of "
            f"{list(shape)} and non-batch dimension {inside.index(0)} has length zero!"
        )
    raise RuntimeError(
        "Expected 3D or 4D (batch mode) tensor with optional 0 dim batch size for input, but got:" + str(list(shape))
    )


# ------------------------------------------------------------------------------------------------------------- maxima
def _max_pool(
    name: str, input: Tensor, kernel: Any, stride: Any, padding: Any, dilation: Any, ceil_mode: bool
) -> tuple[Tensor, Tensor]:
    dims = int(name[-2])
    kernel = each(name, "kernel_size", kernel, dims)
    stride = each(name, "stride", stride, dims) if stride or stride == 0 else kernel
    padding, dilation = each(name, "padding", padding, dims), each(name, "dilation", dilation, dims)
    size = _sizes(name, input, kernel, stride, padding, dilation, ceil_mode)
    if input._d.dtype.kind not in "fiu":
        raise errors.not_implemented(name, input._d.dtype)
    return PUBLIC[name](input, kernel, stride, padding, dilation, size)


def _max_pool1d(
    name: str, input: Tensor, kernel: Any, stride: Any, padding: Any, dilation: Any, ceil_mode: bool
) -> tuple[Tensor, Tensor]:
    shape = input._d.shape
    if len(shape) not in (2, 3) or 0 in shape[-2:]:
        raise RuntimeError(
            "max_pool1d: Expected 2D or 3D (batch mode) tensor with optional 0 dim batch size for input, but got:"
            + str(list(shape))
        )
    kernel = each(name, "kernel_size", kernel, 1)
    stride = each(name, "stride", stride, 1) if stride or stride == 0 else kernel
    padding, dilation = each(name, "padding", padding, 1), each(name, "dilation", dilation, 1)
    for what, (value,) in (("kernel_size", kernel), ("stride", stride), ("dilation", dilation)):
        if value <= 0:
            raise RuntimeError(f"max_pool1d() {what} must be greater than zero, but got {value}")
    wide = (1, *kernel), (1, *stride), (0, *padding), (1, *dilation)
    length = pooled_size(shape[-1], kernel[0], stride[0], padding[0], dilation[0], ceil_mode)
    if length < 1 and padding[0] * 2 <= dilation[0] * (kernel[0] - 1) + 1:
        raise RuntimeError(f"max_pool1d() Invalid computed output size: {length}")
    _sizes(name, input, kernel, stride, padding, dilation, ceil_mode)
    if input._d.dtype.kind != "f":
        raise errors.not_implemented("max_pool1d_impl", input._d.dtype)
    out, where = PUBLIC["max_pool2d"](input.unsqueeze(-2), *wide, (1, length))
    return out.squeeze(-2), where.squeeze(-2)


def _maximum(dims: int) -> tuple[Any, Any]:
    name = f"max_pool{dims}d"
    run = _max_pool1d if dims == 1 else _max_pool

    def pool(
        input: Tensor,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        dilation: Any = 1,
        ceil_mode: bool = False,
        return_indices: bool = False,
    ) -> Any:
        if not isinstance(input, Tensor):
            raise errors.argument(name, "input", 1, input)
        out, where = run(name, input, kernel_size, stride, padding, dilation, ceil_mode)
        return (out, where) if return_indices else out

    def with_indices(
        input: Tensor,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        dilation: Any = 1,
        ceil_mode: bool = False,
        return_indices: bool = True,
    ) -> tuple[Tensor, Tensor]:
        return run(name, input, kernel_size, stride, padding, dilation, ceil_mode)

    pool.__name__ = pool.__qualname__ = name
    pool.__doc__ = f"The largest element of each window in the last {dims} dimensions; an index counts within an image."
    with_indices.__name__ = with_indices.__qualname__ = name + "_with_indices"
    with_indices.__doc__ = f"``{name}`` and where in each image the elements were found."
    return overridable(pool), overridable(with_indices)


max_pool1d, max_pool1d_with_indices = _maximum(1)
max_pool2d, max_pool2d_with_indices = _maximum(2)
max_pool3d, max_pool3d_with_indices = _maximum(3)


# -------------------------------------------------------------------------------------------------------------- means
def _mean_taps(n: int, k: int, s: int, p: int, size: int, include_pad: bool, divide: bool) -> tuple[Taps, Any]:
    """The taps of the means of windows, and how many elements each counts."""
    begin = np.arange(size) * s - p
    end = np.minimum(begin + k, n + p)
    counts = end - begin
    at = begin[:, None] + np.arange(k)
    inside = (at >= 0) & (at < np.minimum(end, n)[:, None])
    if not include_pad:
        counts = inside.sum(1)
    weights = np.broadcast_to(1 / np.maximum(counts, 1)[:, None], at.shape) if divide else None
    return Taps(n, np.where(inside, at, n), weights), counts


def _avg_pool(
    name: str,
    input: Tensor,
    kernel: Any,
    stride: Any,
    padding: Any,
    ceil_mode: bool,
    count_include_pad: bool,
    divisor: int | None,
) -> Tensor:
    dims = int(name[-2])
    kernel = each(name, "kernel_size", kernel, dims)
    stride = each(name, "stride", stride, dims) if stride or stride == 0 else kernel
    padding = each(name, "padding", padding, dims)
    if divisor == 0:
        raise RuntimeError("divisor must be not zero")
    if dims == 2 and input._d.ndim <= 2:
        low = input._d.ndim
        raise IndexError(f"Dimension out of range (expected to be in range of [{-low}, {low - 1}], but got -3)")
    size = _sizes(name, input, kernel, stride, padding, (1,) * dims, ceil_mode)
    whole = input._d.dtype.kind in "iu"
    if input._d.dtype.kind not in "f" and input._d.dtype != np.int64:
        raise errors.not_implemented(name, input._d.dtype)
    made = [
        _mean_taps(n, k, s, p, m, count_include_pad, not whole and divisor is None)
        for n, k, s, p, m in zip(input._d.shape[-dims:], kernel, stride, padding, size, strict=True)
    ]
    taps = [t for t, _ in made]
    if whole:
        counts = np.ones((), np.int64)
        for _, count in made:
            counts = counts[..., None] * count
        return wrap(np.trunc(resampled(input._d, taps) / (divisor or np.maximum(counts, 1))).astype(np.int64))
    if divisor is not None:
        last = taps[-1]
        taps[-1] = Taps(last.size, last.index, np.full(last.index.shape, 1 / divisor))
    return PUBLIC[f"resample_avgpool{dims}d"](input, tuple(taps))


@overridable
def avg_pool1d(
    input: Tensor,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> Tensor:
    """The mean of each window in the last dimension."""
    if input._d.ndim not in (2, 3):
        raise RuntimeError(
            f"Expected 2 to 3 dimensions, but got {input._d.ndim}-dimensional tensor for argument #1 'self'"
        )
    kernel = each("avg_pool1d", "kernel_size", kernel_size, 1)
    stride = each("avg_pool1d", "stride", stride, 1) if stride or stride == 0 else kernel
    padding = each("avg_pool1d", "padding", padding, 1)
    wide = (1, *kernel), (1, *stride), (0, *padding)
    return _avg_pool("avg_pool2d", input.unsqueeze(-2), *wide, ceil_mode, count_include_pad, None).squeeze(-2)


def _mean(dims: int) -> Any:
    name = f"avg_pool{dims}d"

    def pool(
        input: Tensor,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
        divisor_override: int | None = None,
    ) -> Tensor:
        if not isinstance(input, Tensor):
            raise errors.argument(name, "input", 1, input)
        return _avg_pool(name, input, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override)

    pool.__name__ = pool.__qualname__ = name
    pool.__doc__ = f"The mean of each window in the last {dims} dimensions, or its sum over ``divisor_override``."
    return overridable(pool)


avg_pool2d, avg_pool3d = _mean(2), _mean(3)


# ---------------------------------------------------------------------------------------------------------- powers
def _power_pool(dims: int, maxima: Callable[..., Any], means: Callable[..., Tensor]) -> Any:
    name = f"lp_pool{dims}d"

    def pool(input: Tensor, norm_type: float, kernel_size: Any, stride: Any = None, ceil_mode: bool = False) -> Tensor:
        if norm_type in (float("inf"), -float("inf")):
            sign = 1 if norm_type > 0 else -1
            out = maxima(input.abs() if sign > 0 else -input.abs(), kernel_size, stride, 0, 1, ceil_mode)
            return out if sign > 0 else -out
        out = means(input.pow(norm_type), kernel_size, stride, 0, ceil_mode)
        count = int(np.prod(each(name, "kernel_size", kernel_size, dims)))
        return (out.sign() * out.abs().relu()).mul(count).pow(1.0 / norm_type)

    pool.__name__ = pool.__qualname__ = name
    pool.__doc__ = f"``(Σ x^p)^(1/p)`` of each window in the last {dims} dimensions."
    return overridable(pool)


lp_pool1d = _power_pool(1, max_pool1d, avg_pool1d)
lp_pool2d = _power_pool(2, max_pool2d, avg_pool2d)
lp_pool3d = _power_pool(3, max_pool3d, avg_pool3d)
