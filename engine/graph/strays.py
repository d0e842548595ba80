"""Views that do not follow their base: those taken under ``no_grad``, and those that PyTorch refuses to rebuild.

A view under ``no_grad`` of something that wants a gradient says ``requires_grad`` like its base, but no gradient goes
through it. Once its base is written under grad mode, each use of it is an error; so is a use of one of several views
that an operation made, when their base was written. Such a tensor is given a class of its own, whose ``_n`` raises, so
that operations, which all read that slot, need not look.
"""

from __future__ import annotations

from typing import Any

from .. import autograd_errors
from ..mode import here
from ..table.kernel import RAW
from ..tensor import Tensor
from .node import AccumulateGrad, Node, Severed, Unfollowed

# In the place of ``_views`` of a view of what wants no gradient: one taken under ``no_grad``, and one of several
UNRECORDED: Any = ()
PART: Any = frozenset()
_SLOT: Any = Tensor.__dict__["_n"]
_kinds: dict[type[Tensor], type[Tensor]] = {}


def sever(view: Tensor) -> None:
    """Mark a view, taken under ``no_grad`` from what wants a gradient."""
    view._n = Severed(view, view._d)


def not_followed(view: Tensor, n: Any, base: Any, written: bool) -> RuntimeError | None:
    """The error of a write to ``view``, or to its base, of the history ``base``, if it has no history to follow.

    ``n`` is its own.
    """
    mark, below, made = getattr(view, "_views", None), n, ""
    if type(n) is Node:
        while type(below) is Node and below.step.spec.row.view:
            below = below.edge
        made = n.name().split("Backward")[0]
    if type(below) is Severed or (n is None and base is not None) or mark in (UNRECORDED, PART):
        return autograd_errors.no_grad_view(written, mark is PART, made)
    return None


def views_told(base: Tensor) -> Tensor:
    """``base``, which begins or ceases to want a gradient.

    Views that it has say that they do as well, and lead nowhere until a write.
    """
    wanted = base._n is not None
    for reference in getattr(base, "_views", None) or ():
        v = reference()
        n = None if v is None else history(v)
        if wanted and v is not None and n is None:
            v._n = (Severed if getattr(v, "_views", None) is UNRECORDED else Unfollowed)(v, v._d)
        elif isinstance(n, Severed) and not wanted:
            v._n = None
            if type(n) is Severed:
                v._views = UNRECORDED
    return base


def requires_on_its_own(view: Tensor) -> Tensor:
    """Let a view that led nowhere collect a gradient of its own."""
    unrecorded = type(view._n) is Severed
    view._n = AccumulateGrad(view, view._d)
    if unrecorded:
        view._views = UNRECORDED
    return view


class Forbidden:
    """In the place of a view's node: what any use of the view raises."""

    __slots__ = ("error", "key", "part")
    step: Any = None

    def __init__(self, error: RuntimeError, part: tuple[int, str] | None) -> None:
        self.error, self.part, self.key = error, part, 0


def history(view: Tensor) -> Any:
    """The node of ``view``, or its Forbidden, without raising."""
    return _SLOT.__get__(view)


def _raising(self: Tensor) -> None:
    if here.grad:
        raise RuntimeError(str(_SLOT.__get__(self).error))


def _mended(self: Tensor, node: Any) -> None:
    self.__class__ = type(self).__mro__[1]
    _SLOT.__set__(self, node)


def forbid(view: Tensor, error: RuntimeError, part: tuple[int, str] | None = None) -> None:
    """Let ``error`` be raised by any use of ``view``, which was ``part`` of several, that would be recorded."""
    kind = type(view)
    if isinstance(history(view), Forbidden):
        return
    if kind not in _kinds:
        inside = {
            "__slots__": (), "__module__": getattr(kind, "__module__", ""), "__doc__": kind.__doc__,
            "_n": property(_raising, _mended), "requires_grad": property(lambda self: True),
            "grad": property(lambda self: None),
        }  # fmt: skip
        _kinds[kind] = type(kind.__name__, (kind,), inside)
    _SLOT.__set__(view, Forbidden(error, part))
    view.__class__ = _kinds[kind]


RAW.update(sever=sever, views_told=views_told, requires_on_its_own=requires_on_its_own)
