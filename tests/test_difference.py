"""How far two arrays are apart, and the words for it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from magics_pkg.reruns.difference import difference, number_of

F32 = np.float32
ONE = np.array([1, 0, np.nan], F32)
STEP = np.nextafter(F32(1), F32(2))


@pytest.mark.parametrize(
    ("one", "other", "words"),
    [
        (ONE, ONE.copy(), "same to the bit"),
        (ONE, np.array([STEP, 0, np.nan], F32), "differs by at most 1.2e-7 (1 ulp)"),
        (ONE, np.array([1, -0.0, np.nan], F32), "differs: the sign of a zero"),
        (ONE, np.array([1, 0, 2], F32), "differs: nan on engine, 2 on torch"),
        (ONE, np.array([-1, 0, np.nan], F32), "differs by at most 2"),
        (ONE, ONE.astype(np.float64), "differs: dtype float32 on engine, float64 on torch"),
        (ONE, ONE[:2], "differs: shape (3,) on engine, (2,) on torch"),
        (np.arange(3), np.array([0, 1, 7]), "differs in 1 of 3 entries, by at most 5"),
        (np.array([True, False]), np.array([True, True]), "differs in 1 of 2 entries"),
        (np.array(1 + 1j), np.array(1 + 1.5j), "differs by at most 0.5"),
        (np.array(1, np.float16), np.array(1.001, np.float16), "differs by at most 9.8e-4 (1 ulp)"),
        (np.zeros((2, 0)), np.zeros((2, 0)), "same to the bit"),
        (np.array(np.inf), np.array(np.inf), "same to the bit"),
        (np.array(np.inf), np.array(3.0), "differs: inf on engine, 3 on torch"),
    ],
)
def test_words(one: Any, other: Any, words: str) -> None:
    """A difference in words: to the bit, in units in the last place, or what else is not the same."""
    found = difference(one, other, ("engine", "torch"))
    assert str(found) == words
    assert found.same == (words == "same to the bit")


def test_ulps_count_the_floats_between() -> None:
    """Units in the last place are steps from one float to the next, across zero too."""
    tiny = np.nextafter(F32(0), F32(1))
    assert difference(np.array(tiny), np.array(-tiny)).ulps == 2
    assert difference(np.array(-1.0), np.array(1.0)).ulps == 2 * int(np.array(1.0).view(np.int64))
    several = difference(np.array([1, 1], F32), np.array([STEP, 1], F32))
    assert (several.ulps, several.count, several.size) == (1, 1, 2)


def test_within_rounding() -> None:
    """Roundings are measured by the largest number around; what is no number is never within any."""
    found = difference(np.array([1e-3], F32), np.array([1e-3 + 6e-8], F32))
    assert not found.within(64)
    assert found.within(64, scale=1.0)
    assert not difference(np.array([1.0]), np.array([np.nan])).within(64, 1e9)
    assert not difference(np.array([1.0]), np.array([1.0], F32)).within(64, 1e9)
    assert not difference(np.array([1]), np.array([2])).within(64, 1e9)
    assert not difference(np.array([True]), np.array([False])).within(64, 1e9)
    assert difference(np.array([0.0]), np.array([-0.0])).within(64)


def test_numbers() -> None:
    """2 digits, with an exponent where there would be many zeros."""
    assert [number_of(each) for each in (0.25, 6e-8, 1.23e-7, 0, 12.0, 3e7, float("inf"))] == [
        "0.25", "6e-8", "1.2e-7", "0", "12", "3e7", "inf",
    ]  # fmt: skip
