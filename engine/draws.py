"""More distributions from the bits of a ``random.Generator``: the numbers that PyTorch's CPU gives for the same seed.

Source: PyTorch 2.13's ``ATen/core/TransformationHelper.h`` and ``ATen/native/Distributions.h`` (the methods, not the
code).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from .random import Generator, Shape

Uniform = Callable[[], float]
_F8 = np.dtype(np.float64)


def _uniforms(shape: Shape, source: Generator) -> np.ndarray:
    with source:
        return source.uniforms(math.prod(shape), _F8).reshape(shape)  # type: ignore[arg-type]  # a tuple here


def _each(function: Callable[[float], float], values: np.ndarray) -> np.ndarray:
    """``function`` of the C library on every entry: NumPy's own is not the same in the last place."""
    return np.fromiter(map(function, values.ravel().tolist()), _F8, values.size).reshape(values.shape)


def _exp(x: float) -> float:
    try:
        return math.exp(x)
    except OverflowError:
        return math.inf


def exponential(shape: Shape, rate: float, dtype: Any, source: Generator) -> np.ndarray:
    """Exponential numbers: ``-log(1 - u) / rate``."""
    drawn = -1.0 / rate * _each(math.log1p, -_uniforms(shape, source))
    return np.zeros(shape, dtype) if math.isinf(rate) else drawn.astype(dtype)


def cauchy(shape: Shape, median: float, sigma: float, dtype: Any, source: Generator) -> np.ndarray:
    """Cauchy's distribution: ``median + sigma · tan(π (u - 1/2))``."""
    tiny = np.finfo(np.float64).eps
    u = np.clip(_uniforms(shape, source), tiny, 1 - tiny)
    return (median + sigma * _each(math.tan, math.pi * (u - 0.5))).astype(dtype)


def geometric(shape: Shape, p: float, dtype: Any, source: Generator) -> np.ndarray:
    """The number of trials up to the first success: ``⌈log(u) / log(1 - p)⌉``."""
    with np.errstate(divide="ignore"):
        return np.ceil(np.log(_uniforms(shape, source)) / math.log1p(-p)).astype(dtype)


def log_normal(shape: Shape, mean: float, std: float, dtype: Any, source: Generator) -> np.ndarray:
    """``e^n`` for normal numbers n."""
    with np.errstate(over="ignore"), source:
        normals = source.normals(math.prod(shape), mean, std)  # type: ignore[arg-type]  # a tuple here
        return _each(_exp, normals).astype(dtype).reshape(shape)


def categories(chances: np.ndarray, count: int, source: Generator) -> np.ndarray:
    """``count`` categories for each row, drawn with replacement in proportion to its entries."""
    out = np.empty((len(chances), count), np.int64)
    with source:
        for row, weights in zip(out, chances, strict=True):
            if not (weights >= 0).all():
                raise RuntimeError("invalid multinomial distribution (encountering probability entry < 0)")
            if not np.isfinite(weights).all():
                raise RuntimeError(
                    "invalid multinomial distribution (encountering probability entry = infinity or NaN)"
                )
            sums = np.cumsum(weights)
            if not sums[-1] > 0:
                raise RuntimeError("invalid multinomial distribution (sum of probabilities <= 0)")
            sums /= sums[-1]
            sums[-1] = 1
            row[:] = np.searchsorted(sums, source.uniforms(count, _F8))
    return out


def distinct_categories(chances: np.ndarray, count: int, source: Generator) -> np.ndarray:
    """``count`` different categories for each row: those with the largest ``p / e`` for exponential numbers e."""
    if not ((chances >= 0) & (chances < math.inf)).all():
        raise RuntimeError("probability tensor contains either `inf`, `nan` or element < 0")
    if not chances.sum(-1).all():
        raise RuntimeError("invalid multinomial distribution (sum of probabilities <= 0)")
    with np.errstate(divide="ignore"):
        weights = chances / exponential(chances.shape, 1.0, chances.dtype, source)
    return np.argsort(-weights, -1, kind="stable")[:, :count]


def poisson(rates: np.ndarray, source: Generator) -> np.ndarray:
    """For each rate a number of events, in the dtype of the rates."""
    with source:
        uniform = _one_by_one(source)
        return np.array([_events(float(rate), uniform) for rate in rates.flat], rates.dtype).reshape(rates.shape)


def _one_by_one(source: Generator) -> Uniform:
    return lambda: float(source.uniforms(1, _F8)[0])


def _events(rate: float, uniform: Uniform) -> int:
    """A Poisson number: by products of uniform ones, by transformed rejection (Hörmann, 1993) from 10 on."""
    if not rate >= 0:
        raise RuntimeError("invalid Poisson rate, expected rate to be non-negative")
    if rate == 0:
        return 0
    if rate < 10:
        count, product, limit = 0, uniform(), math.exp(-rate)
        while product > limit:
            count, product = count + 1, product * uniform()
        return count
    b = 0.931 + 2.53 * math.sqrt(rate)
    a = -0.059 + 0.02483 * b
    inverse_alpha = 1.1239 + 1.1328 / (b - 3.4)
    while True:
        u, v = uniform() - 0.5, uniform()
        us = 0.5 - abs(u)
        k = math.floor((2 * a / us + b) * u + rate + 0.43)
        if us >= 0.07 and v <= 0.9277 - 3.6224 / (b - 2):
            return k
        if k < 0 or (us < 0.013 and v > us):
            continue
        left = math.log(v) + math.log(inverse_alpha) - math.log(a / (us * us) + b)
        if left <= -rate + k * math.log(rate) - math.lgamma(k + 1):
            return k


def binomial(counts: np.ndarray, chances: np.ndarray, source: Generator) -> np.ndarray:
    """For each pair a number of successes, in the dtype of the counts."""
    with source:
        uniform = _one_by_one(source)
        pairs = zip(counts.flat, chances.flat, strict=True)
        drawn = [_successes(float(n), float(p), uniform) for n, p in pairs]
    return np.array(drawn, counts.dtype).reshape(counts.shape)


def _successes(n: float, p: float, uniform: Uniform) -> float:
    if n <= 0 or p <= 0:
        return 0.0
    if p >= 1:
        return n
    if p > 0.5:
        return n - _successes(n, 1 - p, uniform)
    if p != p:
        return math.nan
    if n * p >= 10:
        return _rejected_successes(n, p, uniform)
    successes, trials = 0.0, 0.0
    while True:  # the waits between successes are geometric
        u = uniform()
        trials += math.ceil(math.log(u) / math.log1p(-p)) if u else math.inf
        if trials > n:
            return successes
        successes += 1


def _stirling_tail(k: float) -> float:
    """``log k!`` less Stirling's approximation of it."""
    if k <= 9:
        return math.lgamma(k + 1) - (0.5 * math.log(2 * math.pi) + (k + 0.5) * math.log(k + 1) - (k + 1))
    square = (k + 1) * (k + 1)
    return (1 / 12 - (1 / 360 - 1 / 1260 / square) / square) / (k + 1)


def _rejected_successes(n: float, p: float, uniform: Uniform) -> float:
    """A binomial number by transformed rejection (Hörmann's BTRS, 1993)."""
    deviation = math.sqrt(n * p * (1 - p))
    b = 1.15 + 2.53 * deviation
    a = -0.0873 + 0.0248 * b + 0.01 * p
    ratio, alpha, m = p / (1 - p), (2.83 + 5.1 / b) * deviation, math.floor((n + 1) * p)
    while True:
        u, v = uniform() - 0.5, uniform()
        us = 0.5 - abs(u)
        k = math.floor((2 * a / us + b) * u + n * p + 0.5)
        if us >= 0.07 and v <= 0.92 - 4.2 / b:
            return k
        if k < 0 or k > n:
            continue
        bound = (m + 0.5) * math.log((m + 1) / (ratio * (n - m + 1)))
        bound += (n + 1) * math.log((n - m + 1) / (n - k + 1))
        bound += (k + 0.5) * math.log(ratio * (n - k + 1) / (k + 1))
        bound += _stirling_tail(m) + _stirling_tail(n - m) - _stirling_tail(k) - _stirling_tail(n - k)
        if math.log(v * alpha / (a / (us * us) + b)) <= bound:
            return k
