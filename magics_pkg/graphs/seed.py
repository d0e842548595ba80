"""v of one backward call: numbers on the host, or a large tensor that stays where it is but for what sliders move.

Of a large one on a device only those entries ever come over that are shown or have a slider.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..backends import of
from ..backends.arrays import HOST, alike, entries, has_any, is_same, wide
from ..style.elements import LEAF_LIMIT

if TYPE_CHECKING:
    from ..backends import Backend

Array = np.ndarray[Any, Any]


class Seed:
    """All entries of v, flat; never changed.

    base: float64 on the host, or the library's own tensor, in which ``moved`` is not yet."""

    __slots__ = ("base", "moved")

    def __init__(self, base: Any, moved: Mapping[int, float] | None = None) -> None:
        self.base, self.moved = base, moved or {}

    @classmethod
    def of(cls, v: Any) -> Seed:
        """Of numbers on the host, or of a tensor, which nobody writes to any more."""
        if isinstance(v, Seed):
            return v
        is_tensor = hasattr(v, "detach")
        return cls(v.reshape(-1) if is_tensor else np.array(v).reshape(-1).astype(np.float64))

    @property
    def is_host(self) -> bool:
        """Whether all of it is here."""
        return isinstance(self.base, HOST)

    @property
    def size(self) -> int:
        """How many entries there are."""
        return math.prod(self.base.shape)

    @property
    def shown(self) -> Any:
        """What numbers can be taken out of: the array itself, where there is one."""
        return self.base.copy() if self.is_host else self

    def at(self, indices: Sequence[int]) -> Array:
        """These entries, in float64."""
        if self.is_host:
            here: Array = self.base[list(indices)]
            return here
        places, back = np.unique(np.asarray(indices, dtype=np.intp), return_inverse=True)
        found = entries((self.base,), places).astype(np.float64)
        if self.moved:
            found = np.array([self.moved.get(int(p), n) for p, n in zip(places, found, strict=True)])
        return found[back]

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return self.at(range(*index.indices(self.size)))
        return float(self.at([index])[0])

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        """The whole, which somebody has asked for."""
        return self.at(range(self.size)).astype(dtype or np.float64)

    def moved_to(self, indices: Sequence[int], numbers: Any) -> Seed:
        """The same with other numbers at these entries."""
        if self.is_host:
            flat = self.base.copy()
            flat[list(indices)] = numbers
            return Seed(flat)
        given = np.broadcast_to(np.asarray(numbers, dtype=np.float64), (len(indices),)).tolist()
        return Seed(self.base, {**self.moved, **dict(zip(map(int, indices), given, strict=True))})

    def whole(self) -> Any:
        """All of it where it is, flat."""
        if self.is_host or not self.moved:
            return self.base
        made, backend = self.base.clone(), of(self.base)
        assert backend is not None  # it is a tensor
        places = backend.module.from_numpy(np.array([*self.moved], np.int64)).to(self.base.device)
        made[places] = backend.given(np.array([*self.moved.values()]), made)
        return made

    @property
    def any(self) -> bool:
        """Whether it is anything but zeros."""
        return has_any(self.whole())

    @property
    def finite(self) -> bool:
        """Whether every entry is a number."""
        whole = wide(self.whole())
        with np.errstate(invalid="ignore"):  # infinity minus itself
            return bool((whole - whole == 0).all())

    @property
    def hot(self) -> int | None:
        """Where the 1 is in a v of zeros else."""
        whole = abs(wide(self.whole()))
        if int((whole != 0).sum()) != 1:
            return None
        index = int(whole.argmax())
        return index if self[index] == 1 else None

    def is_same(self, other: Seed, but: Sequence[int] = ()) -> bool:
        """Whether it has the other's numbers, these entries aside."""
        if self.base is other.base and not self.is_host:
            places = [each for each in {*self.moved, *other.moved} if each not in set(but)]
            return np.array_equal(self.at(places), other.at(places), equal_nan=True)
        one, two = (each.moved_to(list(but), 0.0).whole() for each in (self, other))
        return is_same(*alike([one, two]))


@dataclass(frozen=True)
class Weighting:
    """v of one backward call: which of its outputs the sliders weight, and what the other outputs get.

    `gradients` is what the call was given, an array or a large tensor for each output, ones where a scalar got None."""

    gradients: tuple[Any, ...]
    root: int = 0

    @property
    def v(self) -> Any:
        """The weights as written, in their own dtype and shape."""
        return self.gradients[self.root]

    def at(self, flat: Array | Seed) -> list[Any]:
        """The call's gradients with this v instead, cast as `torch.tensor(numbers, dtype=...)` would."""
        whole = Seed.of(flat).whole()
        if isinstance(self.v, HOST):
            with np.errstate(all="ignore"):
                v = np.asarray(whole).astype(self.v.dtype)
        else:
            v = alike([whole, self.v])[0]
        given = [v.reshape(self.v.shape) if index == self.root else each for index, each in enumerate(self.gradients)]
        return [each if isinstance(each, HOST) else each.clone() for each in given]  # a hook may write to it

    def one_hot(self, index: int) -> list[Any]:
        """v with 1 at this flat index and zeros elsewhere, the other outputs' too."""
        gradients = [np.zeros_like(each) if isinstance(each, HOST) else each * 0 for each in self.gradients]
        gradients[self.root].reshape(-1)[index] = 1
        return gradients


def weighting_of(backend: Backend, roots: Sequence[Any], gradients: Sequence[Any] | None, root: int = 0) -> Weighting:
    """The weights of a call as written: copies, and ones where it gave none."""
    given = list(gradients) if gradients is not None else [None] * len(roots)
    kept = [
        np.ones(tuple(output.shape), backend.dtype(output)) if gradient is None else _kept(backend, gradient, output)
        for output, gradient in zip(roots, given, strict=True)
    ]
    return Weighting(tuple(kept), root)


def _kept(backend: Backend, gradient: Any, output: Any) -> Any:
    like = (gradient.dtype, gradient.layout) == (output.dtype, output.layout) and gradient.device == output.device
    if like and gradient.numel() > LEAF_LIMIT and gradient.is_floating_point():
        where = backend.raw(gradient)
        if not isinstance(where, HOST):
            return backend.copy(gradient).contiguous()
    return np.asarray(np.array(backend.array(gradient)))
