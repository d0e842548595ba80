"""``inference_mode``: nothing is recorded, and what is made inside can take part in nothing that is recorded.

Inference tensors are kept in a register, not marked: as long as one is alive operations are observed, so that each
refusal of PyTorch's comes where it must; afterwards nothing is left that costs time.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from . import autograd_errors as errors
from .graph.versions import owner
from .mode import INFERENCE as alive
from .mode import INFERENCE_VIEWS, _everywhere, _public, here, observe, settle
from .tensor import Tensor

_WHY = "inference tensors"


@_public
class inference_mode:
    """Nothing inside is recorded, and tensors made inside stay out of anything recorded later.

    As a context manager or a decorator; ``inference_mode(False)`` is normal mode again. Thread-local.
    """

    def __new__(cls, mode: Any = True) -> Any:
        if isinstance(mode, bool):
            return super().__new__(cls)
        return cls()(mode)

    def __init__(self, mode: bool = True) -> None:
        self.mode = mode
        self._before: list[tuple[bool, bool]] = []

    def __enter__(self) -> None:
        self._before.append((here.inference, here.grad))
        self._now(self.mode, not self.mode)

    def __exit__(self, *_: object) -> None:
        self._now(*self._before.pop())

    @staticmethod
    def _now(on: bool, grad: bool) -> None:
        here.inference, here.grad = on, grad
        if alive and not on:  # from now on they may meet what is recorded
            observe(_WHY, True)
        else:
            settle()

    def clone(self) -> inference_mode:
        """Another of the same, for one more use."""
        return inference_mode(self.mode)

    def __call__(self, function: Any) -> Any:
        """``function``, run in this mode."""
        from .decoration import decorated

        return decorated(self.clone, function)


def is_inference(t: Tensor) -> bool:
    """Whether ``t`` was made in inference mode."""
    return t.is_inference()


class _Mark(weakref.ref[Tensor]):
    """A reference that knows its place in the register."""

    __slots__ = ("key",)
    key: int


def _gone(mark: Any) -> None:
    alive.pop(mark.key, None)
    if not alive and _WHY in _everywhere:
        observe(_WHY, False)


def _view_gone(mark: Any) -> None:
    INFERENCE_VIEWS.pop(mark.key, None)


def register(t: Tensor) -> None:
    """Note that ``t`` was made in inference mode."""
    mark = _Mark(t, _gone)
    mark.key = id(t)
    alive[mark.key] = mark


def mark(t: Tensor, given: Iterable[Tensor]) -> None:
    """Register a result as an inference tensor: made in the mode, or a view of one."""
    if id(t) in alive or any(t is g for g in given):
        return
    memory = owner(t._d)
    bases = [g for g in given if owner(g._d) is memory]
    if here.inference if not bases else any(id(b) in alive for b in bases):
        register(t)
    elif bases and here.inference:
        mark = _Mark(t, _view_gone)
        mark.key = id(t)
        INFERENCE_VIEWS[mark.key] = mark


def check_write(function: Callable[..., Any], args: tuple[Any, ...]) -> None:
    """Raise PyTorch's error for an in-place operation on an inference tensor in normal mode."""
    if here.inference or not args or id(args[0]) not in alive:
        return
    name = getattr(function, "__name__", "")
    if name == "__setitem__" or (name.endswith("_") and not name.endswith("__")):
        raise errors.inference_write()


def unrecorded(function: Callable[..., Any], args: tuple[Any, ...], given: Sequence[Tensor]) -> bool:
    """Whether a call in normal mode is of inference tensors alone: such a one is not recorded.

    A number beside them counts as a normal tensor.
    """
    if here.inference or not given or not all(id(t) in alive for t in given):
        return False
    row = getattr(function, "row", None)
    return not (row is not None and row.elementwise and any(isinstance(a, int | float | complex) for a in args[:2]))


def check_saved(node: Any, given: Iterable[Tensor]) -> None:
    """Raise PyTorch's error if ``node`` saved an inference tensor."""
    kept = node.saved or ()
    if any(v is g._d for g in given if id(g) in alive for v in kept):
        raise errors.inference_saved()
