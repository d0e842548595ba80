"""How far two arrays are apart: in bits, in units in the last place, and in what a sentence can say."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..style.format import number, shape
from ..words import say

Array = np.ndarray[Any, Any]
TOLD = 1_000_000  # units in the last place above which their number tells nothing: the values lie around zero


@dataclass(frozen=True)
class Difference:
    """Two results of one operation.

    absolute, relative: the largest over all entries; inf where one is finite and the other is not, NaN where the two
    cannot be subtracted. ulps: units in the last place, None for what are no floats. count: entries that differ.
    kind: what is not the same, where that is not a number ("dtype float32 and float64"). scale: the largest finite
    entry. unit: the relative distance of floats of this dtype.
    """

    absolute: float = 0.0
    relative: float = 0.0
    ulps: int | None = None
    count: int = 0
    size: int = 0
    kind: str = ""
    scale: float = 0.0
    unit: float = 0.0

    @property
    def same(self) -> bool:
        """Whether they are equal to the bit; one NaN is as good as another."""
        return not self.count and not self.kind

    def __str__(self) -> str:
        if self.same:
            return say("diff_same")
        if self.kind:
            return say("diff_kind", kind=self.kind)
        if self.ulps is None:
            told = {"count": self.count, "size": self.size}
            found = self.absolute > 0
            return say("diff_count_most", most=number_of(self.absolute), **told) if found else say("diff_count", **told)
        return say("diff_most", most=self.most)

    @property
    def most(self) -> str:
        """How far floats are apart: 6e-8 (1 ulp)."""
        ulps = f" ({self.ulps} ulp)" if 0 < (self.ulps or 0) <= TOLD else ""
        return f"{number_of(self.absolute)}{ulps}"

    @property
    def rank(self) -> float:
        """Orders differences by how much they should worry a reader."""
        return math.inf if math.isnan(self.absolute) else self.absolute

    def within(self, units: float, scale: float = 0.0) -> bool:
        """Whether it is no more than so many roundings of numbers of this scale, or of its own."""
        return self.absolute <= units * self.unit * max(scale, self.scale)


def number_of(value: float) -> str:
    """A difference in 2 digits: 1.2e-7, 0.25."""
    if value == 0 or 1e-3 <= value < 1e6 or not math.isfinite(value):
        return number(value, 2)
    digits, _, power = f"{value:.1e}".partition("e")
    return f"{digits.removesuffix('.0')}e{int(power)}"


def difference(one: Array, other: Array, names: tuple[str, str] | None = None) -> Difference:
    """Compare two arrays; ``names`` are those of the libraries that they come from."""
    first, second = names = names or (say("one_library"), say("other_library"))
    told = {"first": first, "second": second}
    if one.shape != other.shape:
        kind = say("diff_shape", one=shape(one.shape), other=shape(other.shape), **told)
        return Difference(math.nan, math.nan, kind=kind)
    if one.dtype != other.dtype:
        kind = say("diff_dtype", one=one.dtype.name, other=other.dtype.name, **told)
        return Difference(math.nan, math.nan, kind=kind)
    if one.dtype.kind not in "fc":
        return _whole(one, other)
    parts = [_floats(*each, names) for each in zip(_parts(one), _parts(other), strict=True)]
    worst = max(parts, key=lambda each: each.rank)
    return worst if len(parts) == 1 or worst.same else _joined(parts, worst)


def _joined(parts: list[Difference], worst: Difference) -> Difference:
    """One Difference for the real and the imaginary part."""
    ulps = max(each.ulps or 0 for each in parts)
    count = max(each.count for each in parts)
    relative = max(each.relative for each in parts)
    scale = max(each.scale for each in parts)
    return Difference(worst.absolute, relative, ulps, count, worst.size, worst.kind, scale, worst.unit)


def _parts(array: Array) -> list[Array]:
    return [array.real, array.imag] if array.dtype.kind == "c" else [array]


def _whole(one: Array, other: Array) -> Difference:
    unlike = one != other
    count = int(np.count_nonzero(unlike))
    if not count or one.dtype.kind == "b":
        return Difference(math.nan if count else 0.0, count=count, size=one.size)
    apart = max(abs(int(a) - int(b)) for a, b in zip(one[unlike].tolist(), other[unlike].tolist(), strict=True))
    return Difference(float(apart), math.nan, count=count, size=one.size)


def _floats(one: Array, other: Array, names: tuple[str, str]) -> Difference:
    one, other = np.ascontiguousarray(one).reshape(-1), np.ascontiguousarray(other).reshape(-1)
    first, second = _bits(one), _bits(other)
    unlike = (first != second) & ~(np.isnan(one) & np.isnan(other))
    count = int(np.count_nonzero(unlike))
    scale, unit = max(scale_of(one), scale_of(other)), float(np.finfo(one.dtype).eps)
    if not count:
        return Difference(ulps=0, size=one.size, scale=scale, unit=unit)
    one, other, first, second = one[unlike], other[unlike], first[unlike], second[unlike]
    strange = ~(np.isfinite(one) & np.isfinite(other))
    if strange.any():
        place = int(np.argmax(strange))
        values = {"one": number(float(one[place])), "other": number(float(other[place]))}
        kind = say("diff_value", first=names[0], second=names[1], **values)
        return Difference(math.inf, math.inf, None, count, unlike.size, kind, scale, unit)
    with np.errstate(all="ignore"):
        apart = np.abs(one.astype(np.float64) - other.astype(np.float64))
        larger = np.maximum(np.abs(one), np.abs(other)).astype(np.float64)
        relative = float(np.max(np.where(larger > 0, apart / larger, 0.0)))
    ulps = _ulps(first, second, one.dtype.itemsize)
    kind = "" if ulps else say("diff_sign")
    return Difference(float(np.max(apart)), relative, ulps, count, unlike.size, kind, scale, unit)


def scale_of(array: Array | None) -> float:
    """The largest finite entry of floats, in size; 0 for anything else."""
    if array is None or array.dtype.kind not in "fc":
        return 0.0
    sizes = np.abs(array)
    return float(np.max(sizes, initial=0.0, where=np.isfinite(sizes)))


def _bits(array: Array) -> Array:
    return array.view(f"u{array.dtype.itemsize}")


def _ulps(first: Array, second: Array, size: int) -> int:
    """The largest number of floats that lie between two, of which there are as many as steps between their bits."""
    sign = np.uint64(1 << (8 * size - 1))
    one, other = first.astype(np.uint64), second.astype(np.uint64)
    low, high = one & ~sign, other & ~sign
    across = (one & sign) != (other & sign)
    steps = np.where(across, low + high, np.maximum(low, high) - np.minimum(low, high))
    return int(steps.max())


def worst(differences: list[Difference]) -> Difference | None:
    """That of several which is the largest, None of none."""
    return max(differences, key=lambda each: each.rank, default=None)
