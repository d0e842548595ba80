"""Pooling to a given size, to random windows, and back: adaptive and fractional pooling, ``max_unpool``."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from ... import errors, random
from ...mode import overridable
from ...ops import pooling as _pooling  # noqa: F401  fills the table
from ...ops.resample import Taps
from ...table.kernel import PUBLIC
from ...tensor import Tensor, wrap
from .pools import each

Ints = tuple[int, ...]


@functools.lru_cache(256)
def _windows(n: int, size: int) -> Any:
    """The places that each of ``size`` results of ``n`` elements covers; ``n`` for none."""
    at = np.arange(size)
    begin, end = at * n // max(size, 1), -(-(at + 1) * n // max(size, 1))
    places = begin[:, None] + np.arange(int((end - begin).max(initial=1)))
    return np.where(places < end[:, None], places, n)


@functools.lru_cache(256)
def _mean_taps(n: int, size: int) -> Taps:
    windows = _windows(n, size)
    inside = windows < n
    return Taps(n, windows, inside / np.maximum(inside.sum(1, keepdims=True), 1))


def _size(name: str, output_size: Any, shape: Ints, dims: int, wrong: str) -> Ints:
    sizes = (output_size,) * dims if isinstance(output_size, int) else tuple(output_size)
    if len(sizes) != dims:
        if dims == 1:
            raise RuntimeError(f"{name}() argument 'output_size' should contain one int (got {len(sizes)})")
        raise RuntimeError(wrong)
    if len(shape) <= dims:
        raise ValueError(f"Input dimension should be at least {dims + 1}")
    return tuple(n if m is None else m for m, n in zip(sizes, shape[-dims:], strict=True))


def _adaptive_mean(name: str, input: Tensor, output_size: Any) -> Tensor:
    dims = int(name[-2])
    size = _size(name, output_size, input._d.shape, dims, f"{name}: output_size must be {dims}")
    if any(m < 0 for m in size):
        listed = f"{size[0]}, " + ",".join(map(str, size[1:]))
        raise RuntimeError(
            f"{name}: elements of output_size must be greater than or equal to 0 but received {{{listed}}}"
        )
    _check_inside(name, input, dims)
    if all(m == 1 for m in size):
        return input.mean(tuple(range(-dims, 0)), keepdim=True)
    if input._d.dtype.kind != "f":
        raise errors.not_implemented(name, input._d.dtype)
    taps = tuple(map(_mean_taps, input._d.shape[-dims:], size))
    return PUBLIC[f"resample_adaptiveavgpool{dims}d"](input, taps)


def _check_inside(name: str, input: Tensor, dims: int) -> None:
    shape = list(input.shape)
    if len(shape) not in (dims + 1, dims + 2):
        raise RuntimeError(f"{name}(): Expected {dims + 1}D or {dims + 2}D tensor, but got {shape}")
    for i in range(1 if len(shape) == dims + 2 else 0, len(shape)):
        if shape[i] == 0 and (i >= len(shape) - dims or "max" in name):
            raise RuntimeError(
                f"{name}(): Expected input to have non-zero size for non-batch dimensions, but input has sizes {shape} "
                f"with dimension {i} being empty"
            )


@overridable
def adaptive_avg_pool1d(input: Tensor, output_size: Any) -> Tensor:
    """The means of ``output_size`` windows that together cover the last dimension."""
    (size,) = _size("adaptive_avg_pool1d", output_size, input._d.shape, 1, "")
    wide = input.unsqueeze(-2)
    if size == 1:
        return wide.mean((-1, -2), keepdim=True).squeeze(-2)
    return _adaptive_mean("adaptive_avg_pool2d", wide, (1, size)).squeeze(-2)


@overridable
def adaptive_avg_pool2d(input: Tensor, output_size: Any) -> Tensor:
    """The means of ``output_size`` windows that together cover the image; None keeps a dimension's size."""
    return _adaptive_mean("adaptive_avg_pool2d", input, output_size)


@overridable
def adaptive_avg_pool3d(input: Tensor, output_size: Any) -> Tensor:
    """The means of ``output_size`` windows that together cover the space; None keeps a dimension's size."""
    return _adaptive_mean("adaptive_avg_pool3d", input, output_size)


# ------------------------------------------------------------------------------------------------------------- maxima
def _adaptive_maximum(dims: int) -> tuple[Any, Any]:
    name = f"adaptive_max_pool{dims}d"

    def run(input: Tensor, output_size: Any) -> tuple[Tensor, Tensor]:
        wrong = f"{name}(): internal error: output_size.size() must be {dims}"
        size = _size(name, output_size, input._d.shape, dims, wrong)
        if dims == 1:
            input, size = input.unsqueeze(-2), (1, *size)
        kind, inner = f"adaptive_max_pool{max(dims, 2)}d", max(dims, 2)
        if any(m < 0 for m in size):
            whole = [*input.shape[:-inner], *size]
            raise RuntimeError(f"Trying to create tensor with negative dimension {min(size)}: {whole}")
        _check_inside(kind, input, inner)
        if input._d.dtype.kind != "f":
            raise errors.not_implemented(kind, input._d.dtype)
        out, where = PUBLIC[kind](input, tuple(map(_windows, input._d.shape[-inner:], size)))
        return (out.squeeze(-2), where.squeeze(-2)) if dims == 1 else (out, where)

    def pool(input: Tensor, output_size: Any, return_indices: bool = False) -> Any:
        out, where = run(input, output_size)
        return (out, where) if return_indices else out

    def with_indices(input: Tensor, output_size: Any, return_indices: bool = True) -> tuple[Tensor, Tensor]:
        return run(input, output_size)

    pool.__name__ = pool.__qualname__ = name
    pool.__doc__ = "The largest elements of ``output_size`` windows that together cover the last dimensions."
    with_indices.__name__ = with_indices.__qualname__ = name + "_with_indices"
    with_indices.__doc__ = f"``{name}`` and where in each image the elements were found."
    return overridable(pool), overridable(with_indices)


adaptive_max_pool1d, adaptive_max_pool1d_with_indices = _adaptive_maximum(1)
adaptive_max_pool2d, adaptive_max_pool2d_with_indices = _adaptive_maximum(2)
adaptive_max_pool3d, adaptive_max_pool3d_with_indices = _adaptive_maximum(3)


def _random_windows(n: int, kernel: int, size: int, samples: Any) -> Any:
    """Where windows begin for each (batch, channel), by the sequence of Graham's paper: pseudo-random steps."""
    at = np.arange(size)
    if size > 1:
        alpha = samples.dtype.type(n - kernel) / samples.dtype.type(size - 1)
        u = samples[..., None]
        begin = ((at + u) * alpha).astype(np.int64) - (u * alpha).astype(np.int64)
        begin[..., -1] = n - kernel
    else:
        begin = np.full((*samples.shape, 1), n - kernel)
    return begin[..., None] + np.arange(kernel)


def _fractional(dims: int) -> tuple[Any, Any]:
    name = f"fractional_max_pool{dims}d"

    def run(input: Tensor, kernel: Any, size: Any, ratio: Any, samples: Tensor | None) -> tuple[Tensor, Tensor]:
        if size is None and ratio is None:
            raise ValueError(f"{name} requires specifying either an output_size or an output_ratio")
        space = input._d.shape[-dims:]
        if size is None:
            ratios = ratio if isinstance(ratio, tuple | list) else (ratio,) * dims
            if len(ratios) > dims:
                raise ValueError(f"{name} requires output_ratio to either be a single Int or tuple of Ints.")
            size = tuple(int(n * r) for n, r in zip(space, ratios, strict=True))
        kernel, size = each(name, "kernel_size", kernel, dims), each(name, "output_size", size, dims)
        batched = input._d.ndim == dims + 2
        if samples is None:
            lead = (input._d.shape[0] if batched else 1, input._d.shape[-dims - 1], dims)
            samples = wrap(random.rand(lead, input._d.dtype))
        if any(m + k - 1 > n for m, k, n in zip(size, kernel, space, strict=True)):
            raise RuntimeError(f"{name}(): pool size {list(kernel)} too large relative to input size {list(space)}")
        draws = samples._d if batched else samples._d[0]
        # the draws stand in the order of W, H, and T before them
        order = range(dims) if dims == 3 else (1, 0)
        parts = zip(space, kernel, size, order, strict=True)
        windows = tuple(_random_windows(n, k, m, draws[..., i]) for n, k, m, i in parts)
        return PUBLIC[name](input, windows)

    def pool(
        input: Tensor,
        kernel_size: Any,
        output_size: Any = None,
        output_ratio: Any = None,
        return_indices: bool = False,
        _random_samples: Tensor | None = None,
    ) -> Any:
        out, where = run(input, kernel_size, output_size, output_ratio, _random_samples)
        return (out, where) if return_indices else out

    def with_indices(
        input: Tensor,
        kernel_size: Any,
        output_size: Any = None,
        output_ratio: Any = None,
        return_indices: bool = True,
        _random_samples: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        return run(input, kernel_size, output_size, output_ratio, _random_samples)

    pool.__name__ = pool.__qualname__ = name
    pool.__doc__ = "The largest elements of windows of ``kernel_size`` at random steps that cover the last dimensions."
    with_indices.__name__ = with_indices.__qualname__ = name + "_with_indices"
    with_indices.__doc__ = f"``{name}`` and where in each image the elements were found."
    return overridable(pool), overridable(with_indices)


fractional_max_pool2d, fractional_max_pool2d_with_indices = _fractional(2)
fractional_max_pool3d, fractional_max_pool3d_with_indices = _fractional(3)


# ------------------------------------------------------------------------------------------------------- the way back
def _unpooled_size(input: Tensor, kernel: Ints, stride: Ints, padding: Ints, output_size: Any) -> Ints:
    dims = len(kernel)
    default = [
        (n - 1) * s + k - 2 * p for n, s, k, p in zip(input._d.shape[-dims:], stride, kernel, padding, strict=True)
    ]
    if output_size is None:
        return tuple(default)
    sizes = list(output_size)
    if len(sizes) == dims + 2:
        sizes = sizes[2:]
    if len(sizes) != dims:
        raise ValueError(
            f"output_size should be a sequence containing {dims} or {dims + 2} elements, but it has a length of "
            f"'{len(sizes)}'"
        )
    for i, (m, n, s) in enumerate(zip(sizes, default, stride, strict=True)):
        if not n - s < m < n + s:
            raise ValueError(f'invalid output_size "{sizes}" (dim {i} must be between {n - s} and {n + s})')
    return tuple(sizes)


def _unpool(dims: int) -> Any:
    name = f"max_unpool{dims}d"

    def unpool(
        input: Tensor, indices: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0, output_size: Any = None
    ) -> Tensor:
        kernel = each(name, "kernel_size", kernel_size, dims)
        stride = kernel if stride is None else each(name, "stride", stride, dims)
        size = _unpooled_size(input, kernel, stride, each(name, "padding", padding, dims), output_size)
        if indices._d.dtype != np.int64:
            raise RuntimeError(f"elements in indices should be type int64 but got: {indices.dtype.title}")
        if input._d.shape != indices._d.shape:
            raise RuntimeError(
                f"Expected shape of indices to be same as that of the input tensor ({list(input.shape)}) but got "
                f"indices tensor with shape: {list(indices.shape)}"
            )
        if input._d.ndim not in (dims + 1, dims + 2):
            raise RuntimeError(
                f"Input to {name} should be a {dims + 1}d or {dims + 2}d Tensor, but got a tensor with "
                f"{input._d.ndim} dimensions."
            )
        volume = int(np.prod(size))
        wrong = indices._d[(indices._d < 0) | (indices._d >= volume)]
        if wrong.size:
            by = "x".join(map(str, size if dims > 1 else (*size, 1)))
            raise RuntimeError(f"Found an invalid max index: {wrong[0]} (output volumes are of size {by})")
        if dims == 1:
            input, indices = input.unsqueeze(-1), indices.unsqueeze(-1)
            shape = (*input._d.shape[:-2], *size, 1)
            return PUBLIC["max_unpool2d"](input, indices, shape, 2).squeeze(-1)
        return PUBLIC[name](input, indices, (*input._d.shape[:-dims], *size), dims)

    unpool.__name__ = unpool.__qualname__ = name
    unpool.__doc__ = f"Zeros, and the elements of ``input`` where ``max_pool{dims}d`` said that it found them."
    return overridable(unpool)


max_unpool1d, max_unpool2d, max_unpool3d = _unpool(1), _unpool(2), _unpool(3)
