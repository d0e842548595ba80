"""Views that do not follow their base: those taken under ``no_grad``, and those that PyTorch refuses to rebuild.

A view under ``no_grad`` of something that wants a gradient says ``requires_grad`` like its base, but no gradient goes
through it. Once its base is written under grad mode, each use of it is an error; so is a use of one of several views
that an operation made, when their base was written. Such a tensor is given a class of its own, whose ``_n`` raises, so
that operations, which all read that slot, need not look.
"""

from __future__ import annotations

from typing import Any

from .kernel import RAW
from .mode import here
from .node import Severed
from .tensor import Tensor

UNRECORDED: list[Any] = []  # in the place of ``_views`` of a view taken under ``no_grad`` from what wants no gradient
_SLOT: Any = Tensor.__dict__["_n"]
_kinds: dict[type[Tensor], type[Tensor]] = {}


def sever(view: Tensor) -> None:
    """Mark a view, taken under ``no_grad`` from what wants a gradient."""
    view._n = Severed(view, view._d)


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


RAW["sever"] = sever
