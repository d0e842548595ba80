"""Sampling images at any places: ``grid_sample``, and ``affine_grid``, which makes the places.

Where a sample falls between elements, these are weighted; the weights are linear (or cubic) in the grid, so both are
composed of recorded operations on constants that are found first: which elements, and where each line's pieces are.
Source: ``aten/src/ATen/native/GridSampler.h``.
"""

from __future__ import annotations

import itertools
import math
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from ... import errors
from ...mode import overridable
from ...table.kernel import PUBLIC
from ...tensor import Tensor, wrap

MODES, PADDINGS = ("bilinear", "nearest", "bicubic"), ("zeros", "border", "reflection")
Array = Any  # an ndarray


def _reflected(at: Array, n: int, corners: bool) -> tuple[Array, Array]:
    """Places mirrored into an image of ``n`` elements, and the sign that each has then."""
    low, span = (0.0, n - 1.0) if corners else (-0.5, float(n))
    if span <= 0:
        return np.zeros_like(at), np.zeros_like(at)
    away = np.abs(at - low)
    odd = np.floor(away / span) % 2 == 1
    rest = np.fmod(away, span)
    return np.where(odd, span - rest, rest) + low, np.where(odd, -1, 1) * np.where(at < low, -1, 1)


def _clipped(at: Array, n: int, padding: str, corners: bool) -> tuple[Array, Array]:
    """Places after padding, and the slope that each has then."""
    slope = np.ones_like(at)
    if padding == "reflection":
        at, slope = _reflected(at, n, corners)
    if padding != "zeros":
        slope = np.where((at <= 0) | (at >= n - 1), 0, slope)
        at = np.clip(at, 0, n - 1)
    return at, slope


def _cubic(x: Any) -> list[Any]:
    """The weights of the four elements around a place, ``x`` after the second."""
    a = -0.75

    def near(t: Any) -> Any:
        return ((a + 2) * t - (a + 3)) * t * t + 1

    def far(t: Any) -> Any:
        return ((a * t - 5 * a) * t + 8 * a) * t - 4 * a

    return [far(x + 1), near(x), near(1 - x), far(2 - x)]


def _taps(places: Tensor, n: int, mode: str, padding: str, corners: bool) -> list[tuple[Array, Any]]:
    """For one dimension the elements that each place is made of, and their weights (None for 1)."""
    d = places._d
    scale, shift = ((n - 1) / 2, (n - 1) / 2) if corners else (n / 2, (n - 1) / 2)
    at = d * d.dtype.type(scale) + d.dtype.type(shift)
    if mode == "bicubic":
        low = np.floor(at)
        between = places * scale + wrap(np.asarray(shift - low, d.dtype))
        moved = [_clipped(low + i, n, padding, corners)[0] for i in range(-1, 3)]
        return [(np.rint(m).astype(np.int64), w) for m, w in zip(moved, _cubic(between), strict=True)]
    at, slope = _clipped(at, n, padding, corners)
    at = np.nan_to_num(at, nan=-2.0, posinf=-2.0, neginf=-2.0)
    if mode == "nearest":
        ones = places.masked_fill(wrap(np.ones(d.shape, bool)), 1)  # the grid's gradient is 0, not None
        return [(np.rint(at).astype(np.int64), ones if places.requires_grad else None)]
    low = np.floor(at)
    # the part above ``low``, as a line in the grid with that slope
    line = wrap(np.asarray(slope * scale, d.dtype))
    share = places * line + wrap(np.asarray(at - low - d * line._d, d.dtype))
    return [(low.astype(np.int64), 1 - share), (low.astype(np.int64) + 1, share)]


def _sampled(input: Tensor, grid: Tensor, mode: str, padding: str, corners: bool) -> Tensor:
    n, channels, *space = input.shape
    dims = len(space)
    count = math.prod(grid.shape[1:-1])
    flat_grid = grid.reshape((n, count, dims))
    each = [_taps(flat_grid[..., dims - 1 - k], size, mode, padding, corners) for k, size in enumerate(space)]
    flat_input = input.reshape((n, channels, math.prod(space)))
    rows = np.arange(n)[:, None]
    out: Any = None
    for combination in itertools.product(*each):
        flat, inside, weight = np.zeros((n, count), np.int64), np.ones((n, count), bool), None
        for (index, factor), size in zip(combination, space, strict=True):
            inside &= (index >= 0) & (index < size)
            flat = flat * size + np.clip(index, 0, size - 1)
            weight = factor if weight is None else weight if factor is None else weight * factor
        values = PUBLIC["index_by"](flat_input, (rows, slice(None), flat))
        if not inside.all():
            values = values.masked_fill(wrap(~inside[..., None]), 0)
        values = values if weight is None else values * weight.unsqueeze(-1)
        out = values if out is None else out + values
    return out.permute(0, 2, 1).reshape((n, channels, *grid.shape[1:-1]))


def _check(input: Tensor, grid: Tensor, mode: str) -> None:
    shape, places = list(input.shape), list(grid.shape)
    if shape[0] != places[0]:
        raise RuntimeError(
            "grid_sampler(): expected grid and input to have same batch size, but got input with sizes "
            f"{shape} and grid with sizes {places}"
        )
    if places[-1] != len(shape) - 2:
        raise RuntimeError(
            f"grid_sampler(): expected grid to have size {len(shape) - 2} in last dimension, but got grid with sizes "
            f"{places}"
        )
    for i, size in enumerate(shape[2:], 2):
        if not size:
            raise RuntimeError(
                f"grid_sampler(): expected input to have non-empty spatial dimensions, but input has sizes {shape} "
                f"with dimension {i} being empty"
            )
    if len(shape) not in (4, 5) or len(shape) != len(places):
        raise RuntimeError(
            "grid_sampler(): expected 4D or 5D input and grid with same number of dimensions, but got input with sizes "
            f"{shape} and grid with sizes {places}"
        )
    if mode == "bicubic" and len(shape) != 4:
        raise RuntimeError("grid_sampler(): bicubic interpolation only supports 4D input")
    if input._d.dtype.kind != "f":
        raise errors.not_implemented(f"grid_sampler_{len(shape) - 2}d_cpu", input._d.dtype)
    if grid.dtype is not input.dtype:
        raise RuntimeError(f"expected scalar type {input.dtype.title} but found {grid.dtype.title}")


@overridable
def grid_sampler(
    input: Tensor, grid: Tensor, interpolation_mode: int, padding_mode: int, align_corners: bool
) -> Tensor:
    """``grid_sample`` with modes by number."""
    _check(input, grid, MODES[interpolation_mode])
    return _sampled(input, grid, MODES[interpolation_mode], PADDINGS[padding_mode], align_corners)


grid_sampler_2d = grid_sampler_3d = grid_sampler


@overridable
def grid_sample(
    input: Tensor,
    grid: Tensor,
    mode: str = "bilinear",
    padding_mode: str = "zeros",
    align_corners: bool | None = None,
) -> Tensor:
    """``input`` at the places of ``grid``, where -1 and 1 are the ends of each dimension.

    Shapes: input (N, C, H, W) and grid (N, h, w, 2) with (x, y), to (N, C, h, w); the same with a third dimension.
    """
    if mode not in MODES:
        raise ValueError(
            f"nn.functional.grid_sample(): expected mode to be 'bilinear', 'nearest' or 'bicubic', but got: '{mode}'"
        )
    if padding_mode not in PADDINGS:
        raise ValueError(
            "nn.functional.grid_sample(): expected padding_mode to be 'zeros', 'border', or 'reflection', but got: "
            f"'{padding_mode}'"
        )
    if align_corners is None:
        _warn_of_default()
    return grid_sampler(input, grid, MODES.index(mode), PADDINGS.index(padding_mode), bool(align_corners))


def _warn_of_default() -> None:
    warnings.warn(
        "Default grid_sample and affine_grid behavior has changed to align_corners=False since 1.3.0. Please specify "
        "align_corners=True if the old behavior is desired. See the documentation of grid_sample for details.",
        UserWarning,
        stacklevel=4,
    )


def _ends(n: int, corners: bool, like: Tensor) -> Array:
    if n <= 1:
        return np.zeros(n, like._d.dtype)
    return (np.linspace(-1, 1, n) * (1 if corners else (n - 1) / n)).astype(like._d.dtype)


@overridable
def affine_grid(theta: Tensor, size: Sequence[int], align_corners: bool | None = None) -> Tensor:
    """The places at which ``grid_sample`` maps an image by the affine maps ``theta``.

    Shapes: theta (N, 2, 3), size (N, C, H, W) to (N, H, W, 2); or (N, 3, 4), (N, C, D, H, W) to (N, D, H, W, 3).
    """
    if align_corners is None:
        _warn_of_default()
    if not theta.is_floating_point():
        raise ValueError(f"Expected theta to have floating point type, but got {theta.dtype}")
    size = list(size)
    if len(size) not in (4, 5):
        raise NotImplementedError(
            "affine_grid only supports 4D and 5D sizes, for 2D and 3D affine transforms, respectively. "
            f"Got size {size}."
        )
    dims = len(size) - 2
    if theta.dim() != 3 or tuple(theta.shape[1:]) != (dims, dims + 1):
        raise ValueError(
            f"Expected a batch of {dims}D affine matrices of shape Nx{dims}x{dims + 1} for size {size}. Got "
            f"{theta.shape!r}."
        )
    if min(size) <= 0:
        raise ValueError(f"Expected non-zero, positive output size. Got {size}")
    space = size[2:]
    ends = np.meshgrid(*[_ends(n, bool(align_corners), theta) for n in space], indexing="ij")
    base = np.stack([*reversed(ends), np.ones(space, theta._d.dtype)], -1).reshape(1, -1, dims + 1)
    places = wrap(np.repeat(base, size[0], 0)).bmm(theta.transpose(1, 2))
    return places.view((size[0], *space, dims))
