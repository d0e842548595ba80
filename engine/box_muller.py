"""Uniform numbers to normal ones, rounded as PyTorch's CPU kernels round them.

PyTorch evaluates the float32 form with AVX2: Cephes' polynomials and fused multiply-adds. The same polynomials with
the same roundings are evaluated here on arrays, so that a seed gives the very bits; a library's ``log`` and ``cos``
would differ in the last place for one number in ten.

Source: S. Moshier, Cephes, ``logf`` and ``sinf`` (coefficients); Box and Muller, 1958 (the transform).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

__all__ = ["BLOCK", "fused_multiply_add", "normal_blocks", "normal_pair"]

BLOCK = 16  # PyTorch transforms 16 numbers at a time: 8 radii, then their 8 angles

single = np.float32

LOG = [
    7.0376836292e-2,
    -1.1514610310e-1,
    1.1676998740e-1,
    -1.2420140846e-1,
    1.4249322787e-1,
    -1.6668057665e-1,
    2.0000714765e-1,
    -2.4999993993e-1,
    3.3333331174e-1,
]
LN2_HIGH, LN2_LOW = 0.693359375, -2.12194440e-4
SIN = [-1.9515295891e-4, 8.3321608736e-3, -1.6666654611e-1]
COS = [2.443315711809948e-5, -1.388731625493765e-3, 4.166664568298827e-2]
QUARTER_PI = [0.78515625, 2.4187564849853515625e-4, 3.77489497744594108e-8]  # its sum, in three exact parts


Number = np.ndarray | np.floating


def fused_multiply_add(x: np.ndarray, y: Number, z: Number) -> np.ndarray:
    """``x * y + z`` with one rounding, for float32 and float64 (there but for rare half-way cases).

    float32 products are exact in float64. In float64 the errors of the product (Dekker's) and of the sum (Knuth's)
    are found and added.
    """
    with np.errstate(all="ignore"):
        if x.dtype == np.float32:
            return (np.multiply(x, y, dtype=np.float64) + z).astype(np.float32)
        return _fused_double(x, y, z)


def _fused_double(x: np.ndarray, y: Number, z: Number) -> np.ndarray:
    """``x * y + z`` in float64 with the errors of both steps added back."""
    product = x * y
    x_high, x_low = _halves(x)
    y_high, y_low = _halves(y)
    product_error = x_low * y_low - (((product - x_high * y_high) - x_low * y_high) - x_high * y_low)
    total = product + z
    z_part = total - product
    sum_error = (product - (total - z_part)) + (z - z_part)
    fused = total + (sum_error + product_error)
    # Near the largest numbers the splitting itself overflows.
    return np.where(np.isfinite(fused), fused, total)


def _halves(x: Any) -> tuple[Any, Any]:
    """Veltkamp's split: ``high + low = x``, each of 26 bits, so that products of halves are exact."""
    scaled = x * 134217729.0
    high = scaled - (scaled - x)
    return high, x - high


def normal_blocks(uniforms: np.ndarray, mean: float, std: float) -> np.ndarray:
    """Rows of 16 uniforms u to normals: ``sqrt(-2 ln(1 - u[j])) * (cos, sin)(2 pi u[j + 8]) * std + mean``.

    Shapes: (n, 16), float32 or float64, to the same.
    """
    kind = uniforms.dtype.type
    left, right = kind(1) - uniforms[:, : BLOCK // 2], uniforms[:, BLOCK // 2 :]
    theta = kind(2 * math.pi) * right
    if kind is single:
        radius = np.sqrt(single(-2) * _log(left))
        sin, cos = _sin_cos(theta)
    else:
        radius = np.sqrt(-2.0 * _by_libm(math.log, left))
        sin, cos = _by_libm(math.sin, theta), _by_libm(math.cos, theta)
    normals = np.concatenate([radius * cos, radius * sin], axis=1)
    if mean == 0 and std == 1:
        return normals
    return fused_multiply_add(normals, kind(std), kind(mean))


def normal_pair(first: float, second: float) -> tuple[float, float]:
    """Two uniforms to two standard normals: ``sqrt(-2 ln(1 - second)) * (cos, sin)(2 pi first)``."""
    radius = math.sqrt(-2.0 * math.log1p(-second))
    theta = 2.0 * math.pi * first
    return radius * math.cos(theta), radius * math.sin(theta)


def _by_libm(function: Callable[[float], float], x: np.ndarray) -> np.ndarray:
    """A function of the C library, as PyTorch's float64 kernel calls it; NumPy's own differ in the last bit."""
    return np.fromiter(map(function, x.ravel().tolist()), np.float64, x.size).reshape(x.shape)


def _polynomial(x: np.ndarray, coefficients: list[float]) -> np.ndarray:
    """Horner's rule in float32 with fused steps, the highest power first."""
    y = np.full_like(x, coefficients[0])
    for coefficient in coefficients[1:]:
        y = fused_multiply_add(y, x, single(coefficient))
    return y


def _log(x: np.ndarray) -> np.ndarray:
    """float32 ``ln(x)`` of normal, positive x: ``ln m + e ln 2`` with m in [sqrt(1/2), sqrt(2))."""
    mantissa, exponent = np.frexp(x)
    below = mantissa < single(math.sqrt(0.5))
    exponent = (exponent - below).astype(single)
    x = mantissa - single(1)
    x = np.where(below, x + mantissa, x)
    square = x * x
    y = _polynomial(x, LOG) * x
    y = fused_multiply_add(y, square, exponent * single(LN2_LOW))
    y = fused_multiply_add(square, single(-0.5), y)
    return fused_multiply_add(exponent, single(LN2_HIGH), x + y)


def _sin_cos(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """float32 ``(sin x, cos x)`` of x >= 0, by reduction to an octant."""
    octant = ((x * single(4 / math.pi)).astype(np.int32) + 1) & ~1
    turns = octant.astype(single)
    for part in QUARTER_PI:
        x = fused_multiply_add(turns, single(-part), x)
    square = x * x
    cos = fused_multiply_add(_polynomial(square, COS) * square, square, square * single(-0.5)) + single(1)
    sin = fused_multiply_add(_polynomial(square, SIN) * square, x, x)
    swapped = (octant & 2) != 0
    sin_sign = np.where(octant & 4, single(-1), single(1))
    cos_sign = np.where((octant - 2) & 4, single(1), single(-1))
    return np.where(swapped, cos, sin) * sin_sign, np.where(swapped, sin, cos) * cos_sign
