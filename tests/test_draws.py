"""Exponential, geometric and other random numbers are PyTorch's for the same seed, bit for bit."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np
import pytest

import engine

from .test_random import MKL_STREAMS

DRAWS = {
    "exponential_": lambda T, d: T.empty(50, dtype=d).exponential_(1.7),
    "exponential_ of a transposed matrix": lambda T, d: T.empty(5, 4, dtype=d).t().exponential_(),
    "cauchy_": lambda T, d: T.empty(50, dtype=d).cauchy_(0.3, 2.0),
    "geometric_": lambda T, d: T.empty(50, dtype=d).geometric_(0.2),
    "log_normal_": lambda T, d: T.empty(51, dtype=d).log_normal_(0.3, 0.8),
    "multinomial with replacement": lambda T, d: T.multinomial(T.arange(1, 9, dtype=d), 100, True),
    "multinomial": lambda T, d: T.multinomial(T.arange(1, 25, dtype=d).view(3, 8), 5),
    "multinomial, one": lambda T, d: T.multinomial(T.arange(1, 25, dtype=d).view(3, 8), 1, True),
    "poisson": lambda T, d: T.poisson(T.linspace(0, 40, 60, dtype=d)),
    "binomial": lambda T, d: T.binomial(T.arange(60, dtype=d) * 3, T.linspace(0, 1, 60, dtype=d)),
}
OF_EXPONENTIALS = {"exponential_", "exponential_ of a transposed matrix", "multinomial", "multinomial, one"}


@pytest.mark.parametrize("seed", [0, 7, 12345])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", DRAWS)
def test_bits(torch: ModuleType, name: str, dtype: str, seed: int) -> None:
    """The numbers, and those that are drawn next."""
    if MKL_STREAMS and name in OF_EXPONENTIALS:
        pytest.skip("on Intel's processors PyTorch draws exponential numbers from MKL's streams")
    ours, theirs = _drawn(engine, name, dtype, seed), _drawn(torch, name, dtype, seed)
    for a, b in zip(ours, theirs, strict=True):
        assert a.dtype == b.dtype
        np.testing.assert_array_equal(a, b)


def _drawn(T: Any, name: str, dtype: str, seed: int) -> list[Any]:
    T.manual_seed(seed)
    return [DRAWS[name](T, getattr(T, dtype)).numpy(), T.rand(5).numpy()]
