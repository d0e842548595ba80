"""Timing that is fair on a busy machine: competitors take turns, medians are compared, one table is printed."""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable, Mapping, Sequence

Clock = Callable[[], float]


def seconds(function: Callable[[], object], calls: int, clock: Clock = time.perf_counter) -> float:
    """The mean time of one call among ``calls`` in a row."""
    begin = clock()
    for _ in range(calls):
        function()
    return (clock() - begin) / calls


def interleaved(
    competitors: Mapping[str, Callable[[], object]],
    rounds: int,
    slice_seconds: float,
    clock: Clock = time.perf_counter,
) -> dict[str, float]:
    """Median seconds per call of each competitor; in every round each runs for about ``slice_seconds``, in turn."""
    calls = {}
    for name, function in competitors.items():
        function()
        calls[name] = max(1, round(slice_seconds / seconds(function, 3, clock)))
        seconds(function, calls[name])  # warm
    times: dict[str, list[float]] = {name: [] for name in competitors}
    for _ in range(rounds):
        for name, function in competitors.items():
            times[name].append(seconds(function, calls[name], clock))
    return {name: statistics.median(values) for name, values in times.items()}


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which a share of ``values`` lies, with linear interpolation."""
    ordered = sorted(values)
    position = (len(ordered) - 1) * share
    low, high = math.floor(position), math.ceil(position)
    return ordered[low] + (ordered[high] - ordered[low]) * (position - low)


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Rows as aligned text, the first column to the left, the others to the right."""
    everything = [list(header), *map(list, rows)]
    widths = [max(len(row[column]) for row in everything) for column in range(len(header))]
    lines = []
    for row in everything:
        cells = [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]
        lines.append("  ".join(cells))
    lines.insert(1, "  ".join("-" * width for width in widths))
    return "\n".join(lines)


def verdict(what: str, measured: float, limit: float, unit: str) -> bool:
    """Print one line that holds a measurement against its limit; True when it is within."""
    within = measured <= limit
    relation = "<=" if within else "> "
    print(f"{'ok  ' if within else 'MISS'} {what}: {measured:.3g}{unit} {relation} {limit:g}{unit}")
    return within
