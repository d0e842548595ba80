"""Inputs for transforms inside of transforms, and what a level has in a tensor that deeper ones have wrapped."""

from __future__ import annotations

from typing import Any

from .. import errors
from ..graph.forward import zeros_of
from ..graph.node import AccumulateGrad
from ..tensor import wrap
from .levels import VMAP, Level, levels
from .lifted import Batched, Dual, bare, batched, depth_of, dual


class Entrance(AccumulateGrad):
    """The cell of a leaf that a reverse transform made. ``level``: the transform's, whose end nothing else sees."""

    __slots__ = ("level",)

    def __init__(self, tensor: Any, data: Any) -> None:
        super().__init__(tensor, data)
        self.level = levels()[-1] if levels() else None

    @property
    def open(self) -> bool:
        """Whether the transform is running."""
        return self.level is not None and bool(self.level.depth)


def tracked(t: Any) -> Any:
    """``t`` as a new input of a graph: gradients arrive here, and go on to what ``t`` was computed from, if anything.

    For each ``vmap`` that is running the result has a batch of its own, though all entries are equal: the gradient
    of each is that of one entry, not of all together.
    """
    for level in levels():
        if level.kind == VMAP:
            t = spread(t, level)
    return _tracked(t)


def _tracked(t: Any) -> Any:
    if depth_of(t):
        if type(t) is Dual:
            return dual(_tracked(t.primal), t.tangent, t._level)
        return batched(_tracked(t.physical), t._level)
    t = bare(t)
    if t._n is not None:
        return t.view_as(t)
    out = wrap(t.detach()._d)
    if out._d.dtype.kind not in "fc":
        raise errors.only_floating("floating point dtype")
    out._n = Entrance(out, out._d)
    return out


def spread(t: Any, level: Level) -> Any:
    """``t`` as a tensor with a batch of ``level``, whose entries are views of the same memory."""
    depth = depth_of(t)
    if depth == level.depth:
        return t
    if depth < level.depth:
        return batched(bare(t).expand((level.size, *t._d.shape)), level)
    if type(t) is Dual:
        return dual(spread(t.primal, level), t.tangent, t._level)
    return batched(spread(t.physical, level), t._level)


# ----------------------------------------------------------------------------------- levels inside of deeper ones
# A vector that a deeper transform made can meet outputs of a lower one: then the lower is taken out from inside.
def split(t: Any, level: Level) -> tuple[Any, Any]:
    """Primal and tangent, or None, of ``t`` at the forward ``level``, each with all deeper wraps."""
    if depth_of(t) > level.depth:
        p, v = split(t.inside, level)
        if type(t) is Batched:
            return batched(p, t._level), None if v is None else batched(v, t._level)
        p2, v2 = split(t.tangent, level)
        if v is None and v2 is None:
            return t, None
        zero = zeros_of(p)
        return dual(p, p2, t._level), dual(zero if v is None else v, zeros_of(p2) if v2 is None else v2, t._level)
    if type(t) is Dual and t._level is level:
        return t.primal, t.tangent
    return t, None


def joined(p: Any, v: Any, level: Level) -> Any:
    """The inverse of ``split``."""
    if v is None:
        return p
    deep = p if depth_of(p) >= depth_of(v) else v
    if depth_of(deep) <= level.depth:
        return dual(p, v, level)
    outer = deep._level
    if type(deep) is Batched:
        return batched(joined(spread(p, outer).physical, spread(v, outer).physical, level), outer)
    (p1, t1), (p2, t2) = split(p, outer), split(v, outer)
    return dual(joined(p1, p2, level), joined(zeros_of(p1) if t1 is None else t1, t2, level), outer)


def unpacked(t: Any, level: Level) -> Any:
    """``t`` with the batch of ``level`` as its first dimension, under all deeper wraps."""
    if depth_of(t) > level.depth:
        if type(t) is Batched:
            return batched(unpacked(t.physical, level).transpose(0, 1), t._level)
        return dual(unpacked(t.primal, level), unpacked(t.tangent, level), t._level)
    return spread(t, level).physical


def packed(t: Any, level: Level) -> Any:
    """The inverse of ``unpacked``."""
    if depth_of(t) > level.depth:
        if type(t) is Batched:
            return batched(packed(t.physical.transpose(0, 1), level), t._level)
        return dual(packed(t.primal, level), packed(t.tangent, level), t._level)
    return batched(t, level)


def detached(t: Any) -> Any:
    """``t`` without histories, with its tangents and its batch."""
    if depth_of(t):
        if isinstance(t, Dual):
            return dual(detached(t.primal), detached(t.tangent), t._level)
        return batched(detached(t.physical), t._level)
    return bare(t).detach()
