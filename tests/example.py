"""``Example``: the arguments of one call of a row, for the gradient checks; and arrays that many examples share.

``Example(args...)``: a NumPy array stands for a Tensor, a list of arrays for a list of Tensors, all else for itself.
Values keep clear of kinks and ties, where a finite difference means nothing; those are held against torch elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


class Example:
    """Arguments of one call.

    fixed: which arrays, by position, want no gradient. scale: of the result. hermitian: which arrays are moved along
    Hermitian directions alone, as one triangle of them is read. sparse: which keep their zeros. first: of several
    results the first alone, where others are unique but for phases.
    """

    def __init__(
        self, *args: Any, fixed: Iterable[int] = (), scale: float = 1.0, hermitian: Iterable[int] = (),
        sparse: Iterable[int] = (), first: bool = False,
    ) -> None:  # fmt: skip
        self.args, self.fixed, self.scale, self.first = args, set(fixed), scale, first
        self.hermitian, self.sparse = set(hermitian), set(sparse)

    def along(self, position: int, direction: Array) -> Array:
        """The part of ``direction`` along which the array at ``position`` may be moved."""
        if position in self.hermitian:
            return (direction + direction.swapaxes(-1, -2).conj()) / 2
        return np.where(self.tensors()[position] == 0, 0, direction) if position in self.sparse else direction

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


def random(*shape: int, low: float = -2.0, high: float = 2.0, seed: int = 0) -> Array:
    """Numbers between ``low`` and ``high``, the same in each run."""
    return np.random.default_rng([seed, *shape]).uniform(low, high, shape)


# Both signs, and both sides of every threshold and bound in the examples.
X = np.array([[-1.3, 0.27, 0.8], [1.62, -0.63, -0.17]])
Y, ROW = random(2, 3, seed=1), random(3, seed=2)
POSITIVE = random(2, 3, low=0.3, high=2.5, seed=3)
