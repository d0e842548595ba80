"""A line search: a step length that satisfies the strong Wolfe conditions.

Source: Nocedal and Wright, Numerical Optimization, algorithms 3.5 and 3.6; constants and order of evaluations follow
torch.optim.lbfgs, so that the same points are tried.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

ENOUGH, FLATTER = 1e-4, 0.9  # how much of the promised decrease, and of the slope, is asked for


class Point(NamedTuple):
    """A step length, and the loss, the gradient and the slope there."""

    t: Any
    loss: float
    g: Any
    slope: Any


def cubic(a: Point, b: Point, bounds: tuple[Any, Any] | None = None) -> Any:
    """The minimum within ``bounds`` of the cubic through two points with their slopes; the middle if it has none."""
    low, high = bounds if bounds is not None else (a.t, b.t) if a.t <= b.t else (b.t, a.t)
    d1 = a.slope + b.slope - 3 * (a.loss - b.loss) / (a.t - b.t)
    square = d1**2 - a.slope * b.slope
    if not square >= 0:
        return (low + high) / 2.0
    d2 = math.sqrt(square) if isinstance(square, float) else np.sqrt(square)
    if a.t <= b.t:
        best = b.t - (b.t - a.t) * ((b.slope + d2 - d1) / (b.slope - a.slope + 2 * d2))
    else:
        best = a.t - (a.t - b.t) * ((a.slope + d2 - d1) / (a.slope - b.slope + 2 * d2))
    return min(max(best, low), high)


def strong_wolfe(
    at: Callable[[Any], tuple[float, Any]], t: Any, d: Any, loss: float, g: Any, slope: Any, most: int
) -> tuple[float, Any, Any, int]:
    """(loss, gradient, t, how often the loss was computed) for a good t along ``d``; ``at(t)`` gives loss, gradient."""
    start = Point(0, loss, g, slope)

    def tried(t: Any) -> Point:
        value, gradient = at(t)
        return Point(t, value, gradient, gradient @ d)

    bracket, calls, steps, done = _bracket(tried, start, t, most)
    least = np.abs(d).max() * 1.0
    slow = False
    while not done and steps < most:
        ends = [p.t for p in bracket]
        if abs(ends[1] - ends[0]) * least < 1e-9:
            break
        t, slow = _inside(bracket, slow)
        new = tried(t)
        calls += 1
        steps += 1
        low, high = (0, 1) if bracket[0].loss <= bracket[1].loss else (1, 0)
        if new.loss > loss + ENOUGH * t * slope or new.loss >= bracket[low].loss:
            bracket[high] = new
            continue
        if abs(new.slope) <= -FLATTER * slope:
            done = True
        elif new.slope * (bracket[high].t - bracket[low].t) >= 0:
            bracket[high] = bracket[low]
        bracket[low] = new
    best = min(bracket, key=lambda p: p.loss)
    return best.loss, best.g, best.t, calls


def _bracket(tried: Callable[[Any], Point], start: Point, t: Any, most: int) -> tuple[list[Point], int, int, bool]:
    """Two points with a good one between them, or one that is good; then calls, steps, and whether it is good."""
    before, new = start, tried(t)
    calls, steps = 1, 0
    while steps < most:
        if new.loss > start.loss + ENOUGH * new.t * start.slope or (steps > 1 and new.loss >= before.loss):
            return [before, new], calls, steps, False
        if abs(new.slope) <= -FLATTER * start.slope:
            return [new], calls, steps, True
        if new.slope >= 0:
            return [before, new], calls, steps, False
        t = cubic(before, new, (new.t + 0.01 * (new.t - before.t), new.t * 10))
        before, new = new, tried(t)
        calls += 1
        steps += 1
    return [start, new], calls, steps, False


def _inside(bracket: list[Point], slow: bool) -> tuple[Any, bool]:
    """The next length to try, kept off the ends of the bracket; and whether it came close to one."""
    low, high = sorted(p.t for p in bracket)
    t = cubic(bracket[0], bracket[1])
    margin = 0.1 * (high - low)
    if min(high - t, t - low) >= margin:
        return t, False
    if slow or t >= high or t <= low:
        return (high - margin if abs(t - high) < abs(t - low) else low + margin), False
    return t, True
