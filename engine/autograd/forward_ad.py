"""``torch.autograd.forward_ad``: derivatives forward, by numbers that carry a tangent.

``y = f(make_dual(x, v))`` computes f(x) and Jv at once. Each operation runs its rule of the table
(``engine/graph/forward.py``) on Tensors, so tangents are recorded as values are: the gradient of a tangent is a second
derivative.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from ..func import interpreter  # noqa: F401  what runs calls on dual numbers registers itself
from ..func.dual import check_kinds, check_sizes
from ..func.levels import FORWARD, Level, close_level, levels, open_level
from ..func.lifted import Dual, dual
from ..naming import absent

__all__ = ["UnpackedDualTensor", "dual_level", "enter_dual_level", "exit_dual_level", "make_dual", "unpack_dual"]


class UnpackedDualTensor(NamedTuple):
    """A tensor and its tangent, None where it has none."""

    primal: Any
    tangent: Any


def enter_dual_level() -> int:
    """Begin forward mode; return the level, 0.

    Errors: RuntimeError within another level: PyTorch has one at a time.
    """
    if _current() is not None:
        raise RuntimeError("Nested forward mode AD is not supported at the moment")
    open_level(Level(FORWARD, nested=False))
    return 0


def _current() -> Level | None:
    """This thread's level, or None."""
    return next((each for each in levels() if not each.nested), None)


def exit_dual_level(*, level: int | None = None) -> None:
    """End forward mode: every tangent of the level is gone.

    Errors: RuntimeError outside of one, or for a ``level`` that is not the last entered.
    """
    current = _current()
    if current is None and level is None:
        raise RuntimeError("Dual level must be a positive number.")
    if current is None or level not in (None, 0):
        raise RuntimeError(
            "Trying to exit a forward AD level that was not the last one that was created. This is not supported."
        )
    close_level(current)


class dual_level:
    """Forward mode for the time of a ``with``; the value is the level, 0."""

    def __enter__(self) -> int:
        return enter_dual_level()

    def __exit__(self, *_: object) -> None:
        exit_dual_level(level=0)


def make_dual(tensor: Any, tangent: Any, *, level: int | None = None) -> Any:
    """``tensor`` with ``tangent``, as a new tensor on the same memory.

    Shapes: ``tangent`` has the shape and dtype of ``tensor``.
    Errors: RuntimeError outside of a level, for another shape, and for a tensor that has a tangent already.
    """
    current = _current()
    if current is None:
        raise RuntimeError(_NO_LEVEL)
    check_kinds(tensor, tangent)
    if level not in (None, 0):
        raise RuntimeError("Invalid level given to _make_dual")
    check_sizes(tensor, tangent)
    if isinstance(tensor, Dual) and tensor._level is current:
        raise RuntimeError(
            "Making a dual Tensor based on a Tensor that already has a forward gradient at the same level 0 is not "
            "supported."
        )
    return dual(tensor.view_as(tensor), tangent, current)


_NO_LEVEL = "Trying to create a dual Tensor for forward AD but no level exists, make sure to enter_dual_level() first."


def unpack_dual(tensor: Any, *, level: int | None = None) -> UnpackedDualTensor:
    """A tensor's primal, without a tangent, and its tangent, None where it has none."""
    current = _current()
    if current is None:
        return UnpackedDualTensor(tensor, None)
    if isinstance(tensor, Dual) and tensor._level is current:
        if level not in (None, 0):
            raise RuntimeError("Invalid level given to _fw_primal")
        return UnpackedDualTensor(tensor.primal.view_as(tensor.primal), tensor.tangent)
    return UnpackedDualTensor(tensor.view_as(tensor), None)


__getattr__ = absent.lookup("torch.autograd.forward_ad", lambda: __all__)
