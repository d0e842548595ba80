"""Arguments for every row of the table: what the gradient checks run on.

``Example(args...)``: a NumPy array stands for a Tensor, a list of arrays for a list of Tensors, anything else for itself.
Values keep clear of kinks and ties, where a finite difference means nothing; those are held against torch elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


class Example:
    """Arguments of one call. ``fixed``: which arrays, by position, want no gradient. ``scale``: of the result."""

    def __init__(self, *args: Any, fixed: Iterable[int] = (), scale: float = 1.0) -> None:
        self.args, self.fixed, self.scale = args, set(fixed), scale

    def tensors(self) -> list[Array]:
        """All arrays among the arguments, in order."""
        found: list[Array] = []
        for a in self.args:
            found += [a] if isinstance(a, np.ndarray) else list(a) if _is_list(a) else []
        return found

    def arguments(self, tensors: Sequence[Any]) -> list[Any]:
        """The arguments with ``tensors`` in place of the arrays."""
        given = iter(tensors)
        return [
            next(given) if isinstance(a, np.ndarray) else [next(given) for _ in a] if _is_list(a) else a
            for a in self.args
        ]


def _is_list(a: Any) -> bool:
    return isinstance(a, list) and bool(a) and all(isinstance(x, np.ndarray) for x in a)


def _random(*shape: int, low: float = -2.0, high: float = 2.0, seed: int = 0) -> Array:
    return np.random.default_rng([seed, *shape]).uniform(low, high, shape)


X, Y, ROW = _random(2, 3), _random(2, 3, seed=1), _random(3, seed=2)
POSITIVE = _random(2, 3, low=0.3, high=2.5, seed=3)

EXAMPLES: dict[str, list[Example]] = {
    "add": [Example(X, Y), Example(X, ROW), Example(ROW, 2.0)],
    "sub": [Example(X, Y), Example(X, ROW)],
    "rsub": [Example(X, Y), Example(X, 2.0)],
    "mul": [Example(X, Y), Example(ROW, X)],
    "div": [Example(X, POSITIVE), Example(ROW, POSITIVE)],
    "neg": [Example(X)],
}
