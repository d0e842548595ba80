"""``interpolate`` and its older names: an image, line or volume in another size.

How positions and weights are computed follows ``aten/src/ATen/native/UpSample.h`` and ``cpu/UpSampleKernel.cpp``.
"""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from ... import errors
from ...mode import overridable
from ...ops.resample import Taps
from ...table.kernel import PUBLIC
from ...tensor import Tensor, wrap
from .adaptive import adaptive_avg_pool1d, adaptive_avg_pool2d, adaptive_avg_pool3d

MODES = {  # mode -> for each number of dimensions of space: PyTorch's name of the operation
    "nearest": {1: "UpsampleNearest1D", 2: "UpsampleNearest2D", 3: "UpsampleNearest3D"},
    "nearest-exact": {1: "UpsampleNearestExact1D", 2: "UpsampleNearestExact2D", 3: "UpsampleNearestExact3D"},
    "linear": {1: "UpsampleLinear1D"},
    "bilinear": {2: "UpsampleBilinear2D"},
    "trilinear": {3: "UpsampleTrilinear3D"},
    "bicubic": {2: "UpsampleBicubic2D"},
    "lanczos": {2: "UpsampleLanczos2D"},
}
LINEAR = ("linear", "bilinear", "trilinear")
WANTED = {"linear": 3, "bilinear": 4, "trilinear": 5}


# ------------------------------------------------------------------------------------------------------- taps of modes
def _step(n: int, size: int, factor: float | None, corners: bool, real: type) -> Any:
    """How far apart in the input two neighbouring results lie."""
    if corners:
        return real(n - 1) / real(size - 1) if size > 1 else real(0)
    return real(1.0 / factor) if factor else real(n) / real(size)


def _positions(n: int, size: int, factor: float | None, corners: bool, real: type) -> Any:
    at: Any = np.arange(size, dtype=real)
    step = _step(n, size, factor, corners, real)
    return at * step if corners else (at + real(0.5)) * step - real(0.5)


@functools.lru_cache(256)
def _nearest(n: int, size: int, factor: float | None, exact: bool, same: bool) -> Taps:
    if n == size and same:  # images whose size stays are copied, whatever the factor was; lines and volumes are not
        return Taps(n, np.arange(n)[:, None], None)
    step = np.float32(1.0 / factor) if factor else np.float32(n) / np.float32(size)
    at = np.arange(size, dtype=np.float32)
    places = np.floor((at + np.float32(0.5)) * step if exact else at * step).astype(np.int64)
    return Taps(n, np.minimum(places, n - 1)[:, None], None)


@functools.lru_cache(256)
def _linear(n: int, size: int, factor: float | None, corners: bool, real: type) -> Taps:
    if n == size:
        return Taps(n, np.arange(n)[:, None], None)
    at = np.maximum(_positions(n, size, factor, corners, real), 0)
    low = np.minimum(at.astype(np.int64), n - 1)
    high = np.minimum(low + 1, n - 1)
    share = np.clip(at - low, 0, 1)
    return Taps(n, np.stack([low, high], 1), np.stack([1 - share, share], 1))


def _cubic_weights(x: Any, a: float) -> Any:
    x = np.abs(x)
    near = ((a + 2) * x - (a + 3)) * x * x + 1
    far = ((a * x - 5 * a) * x + 8 * a) * x - 4 * a
    return np.where(x <= 1, near, np.where(x < 2, far, 0))


@functools.lru_cache(256)
def _cubic(n: int, size: int, factor: float | None, corners: bool, real: type) -> Taps:
    at = _positions(n, size, factor, corners, real)
    low = np.floor(at)
    places = low.astype(np.int64)[:, None] + np.arange(-1, 3)
    return Taps(n, np.clip(places, 0, n - 1), _cubic_weights((at - low)[:, None] - np.arange(-1, 3), -0.75))


FILTERS: dict[str, tuple[int, Callable[[Any], Any]]] = {  # how far each reaches, to both sides together
    "bilinear": (2, lambda x: np.maximum(1 - np.abs(x), 0)),
    "bicubic": (4, lambda x: _cubic_weights(x, -0.5)),
    "lanczos": (6, lambda x: np.where(np.abs(x) < 3, np.sinc(x) * np.sinc(x / 3), 0)),
}


@functools.lru_cache(256)
def _filtered(n: int, size: int, factor: float | None, corners: bool, mode: str) -> Taps:
    """Taps that also smooth: a result that stands for several elements is their weighted mean."""
    if n == size:
        return Taps(n, np.arange(n)[:, None], None)
    reach, weigh = FILTERS[mode]
    step = float(_step(n, size, factor, corners, float))
    wide = max(step, 1.0)
    support = reach / 2 * wide
    center = step * (np.arange(size) + 0.5)
    begin = np.maximum((center - support + 0.5).astype(np.int64), 0)
    end = np.minimum((center + support + 0.5).astype(np.int64), n)
    places = begin[:, None] + np.arange(int((end - begin).max()))
    inside = places < end[:, None]
    weights = np.where(inside, weigh((places - center[:, None] + 0.5) / wide), 0)
    return Taps(n, np.where(inside, places, n), weights / weights.sum(1, keepdims=True))


def _taps(mode: str, dims: int, antialias: bool, corners: bool, real: type) -> Callable[..., Taps]:
    if antialias:
        return lambda n, size, factor: _filtered(n, size, factor, corners, mode)
    if mode in LINEAR:
        return lambda n, size, factor: _linear(n, size, factor, corners, real)
    if mode == "bicubic":
        return lambda n, size, factor: _cubic(n, size, factor, corners, real)
    return lambda n, size, factor: _nearest(n, size, factor, mode == "nearest-exact", dims == 2 and mode == "nearest")


def _bytes(x: Any, taps: tuple[Taps, ...]) -> Any:
    """Bytes by PyTorch's arithmetic for them: weights of 15 bits, and bytes between the two dimensions."""
    for axis, along in zip((3, 2), reversed(taps), strict=True):
        if along.identity or along.weights is None:
            continue
        weights = np.zeros((len(along.index), along.size + 1))
        np.add.at(weights, (np.arange(len(weights))[:, None], along.index), along.weights)
        bits = 0
        while bits < 22 and int(0.5 + weights.max() * (1 << (bits + 1))) < 1 << 15:
            bits += 1
        exact = np.trunc(weights[:, :-1] * (1 << bits) + np.where(weights[:, :-1] < 0, -0.5, 0.5))
        sums = np.moveaxis(np.tensordot(exact, x.astype(np.float64), (1, axis)), 0, axis)  # whole numbers below 2**53
        x = np.clip(np.floor((sums + (1 << (bits - 1))) / (1 << bits)), 0, 255).astype(np.uint8)
    return np.ascontiguousarray(x)


# ------------------------------------------------------------------------------------------------------------ the call
def _sizes(input: Tensor, size: Any, scale_factor: Any, dims: int) -> tuple[list[int] | None, list[float] | None]:
    if size is not None and scale_factor is not None:
        raise ValueError("only one of size or scale_factor should be defined")
    if size is None and scale_factor is None:
        raise ValueError("either size or scale_factor should be defined")
    what, value = ("output size", size) if size is not None else ("scale_factor", scale_factor)
    if not isinstance(value, list | tuple):
        values = [value] * dims
    elif len(value) != dims:
        of = "output size of" if size is not None else "scale_factor of shape"
        order = "output size in (o1, o2, ...,oK)" if size is not None else "scale_factor in (s1, s2, ...,sK)"
        raise ValueError(
            f"Input and {what.split()[0] if size is not None else what} must have the same number of spatial "
            f"dimensions, but got input with spatial dimensions of {list(input.shape[2:])} and {of} {value}. Please "
            f"provide input tensor in (N, C, d1, d2, ...,dK) format and {order} format."
        )
    else:
        values = list(value)
    if size is None:
        return None, values
    if not all(isinstance(n, int) for n in values):
        raise TypeError(
            "expected size to be one of int or Tuple[int] or Tuple[int, int] or Tuple[int, int, int], but got size "
            f"with types {[type(n) for n in values]}"
        )
    return values, None


@overridable
def interpolate(
    input: Tensor,
    size: Any = None,
    scale_factor: Any = None,
    mode: str = "nearest",
    align_corners: bool | None = None,
    recompute_scale_factor: bool | None = None,
    antialias: bool = False,
) -> Tensor:
    """``input`` in another ``size``, or ``scale_factor`` times as large.

    mode: "nearest", "nearest-exact", "linear" (3D), "bilinear" and "bicubic" (4D), "trilinear" (5D), "area"; "lanczos"
    (4D) with ``antialias``. Shapes: input (N, C, L), (N, C, H, W) or (N, C, D, H, W).
    """
    if mode in ("nearest", "area", "nearest-exact") and align_corners is not None:
        raise ValueError(
            "align_corners option can only be set with the interpolating modes: linear | bilinear | bicubic | trilinear"
        )
    dims = input.dim() - 2
    sizes, factors = _sizes(input, size, scale_factor, dims)
    if recompute_scale_factor and size is not None:
        raise ValueError("recompute_scale_factor is not meaningful with an explicit size.")
    if sizes is None and factors is not None:
        sizes = [int(n * f) for n, f in zip(input.shape[2:], factors, strict=True)]
        if recompute_scale_factor or mode == "area":
            factors = None
    if antialias and not (mode in ("bilinear", "bicubic", "lanczos") and dims == 2):
        raise ValueError(
            "Anti-alias option is restricted to bilinear, bicubic, and lanczos modes and requires a 4-D tensor as input"
        )
    if mode == "area" and dims in (1, 2, 3):
        return (adaptive_avg_pool1d, adaptive_avg_pool2d, adaptive_avg_pool3d)[dims - 1](input, sizes)
    _check_mode(mode, dims, bool(align_corners), antialias)
    return _resized(input, sizes or [], factors or [None] * dims, mode, bool(align_corners), antialias)


def _check_mode(mode: str, dims: int, align_corners: bool, antialias: bool) -> None:
    if mode == "lanczos" and dims == 2:
        if align_corners:
            raise ValueError("Lanczos mode does not support align_corners=True")
        if not antialias:
            raise ValueError("Lanczos mode requires antialias=True")
    if dims in MODES.get(mode, {}):
        return
    if mode in WANTED and 1 <= dims <= 3:
        raise NotImplementedError(f"Got {dims + 2}D input, but {mode} mode needs {WANTED[mode]}D input")
    raise NotImplementedError(
        f"Input Error: Only 3D, 4D and 5D input Tensors supported (got {dims + 2}D) for the modes: nearest | linear | "
        f"bilinear | bicubic | trilinear | lanczos | area | nearest-exact (got {mode})"
    )


def _resized(input: Tensor, sizes: list[int], factors: list[Any], mode: str, corners: bool, antialias: bool) -> Tensor:
    d, dims = input._d, len(sizes)
    space = d.shape[2:]
    if 0 in d.shape[1 : 2 if 0 not in space else None] and 0 not in space:
        raise RuntimeError(f"Non-empty {dims + 2}D data tensor expected but got a tensor with sizes {list(d.shape)}")
    if 0 in space or min(sizes) <= 0:
        letters = "DHW"[3 - dims :]
        had, got = (", ".join(f"{c}: {n}" for c, n in zip(letters, ns, strict=True)) for ns in (space, sizes))
        raise RuntimeError(f"Input and output sizes should be greater than 0, but got input ({had}) output ({got})")
    name = MODES[mode][dims] + ("Aa" if antialias else "")
    whole = d.dtype == np.uint8
    if d.dtype.kind != "f" and not (whole and dims > 0):
        kind = name.lower().replace("upsample", "upsample_")
        raise errors.not_implemented(kind + "_channels_last", d.dtype)
    real: Any = np.float32 if d.dtype == np.float32 else np.float64
    make = _taps(mode, dims, antialias, corners, real)
    taps = tuple(make(n, m, f) for n, m, f in zip(space, sizes, factors, strict=True))
    if whole and "nearest" not in mode:
        return wrap(_bytes(d, taps))
    return PUBLIC["resample"](input, taps, name)


@overridable
def upsample(
    input: Tensor, size: Any = None, scale_factor: Any = None, mode: str = "nearest", align_corners: Any = None
) -> Tensor:
    """The older name of ``interpolate``."""
    _deprecated("upsample")
    return interpolate(input, size, scale_factor, mode, align_corners)


@overridable
def upsample_nearest(input: Tensor, size: Any = None, scale_factor: Any = None) -> Tensor:
    """``interpolate`` with ``mode="nearest"``."""
    _deprecated("upsample_nearest")
    return interpolate(input, size, scale_factor, mode="nearest")


@overridable
def upsample_bilinear(input: Tensor, size: Any = None, scale_factor: Any = None) -> Tensor:
    """``interpolate`` with ``mode="bilinear"`` and ``align_corners=True``."""
    _deprecated("upsample_bilinear")
    return interpolate(input, size, scale_factor, mode="bilinear", align_corners=True)


def _deprecated(name: str) -> None:
    warnings.warn(
        f"`nn.functional.{name}` is deprecated. Use `nn.functional.interpolate` instead.", UserWarning, stacklevel=4
    )
