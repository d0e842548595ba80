"""Options that are one number for all dimensions, or one for each."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


def each(value: Any, count: int) -> tuple[Any, ...]:
    """``value`` for each of ``count`` dimensions, or the values given."""
    return tuple(value) if isinstance(value, Iterable) else (value,) * count
