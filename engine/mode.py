"""Modes of a thread: whether operations are recorded, and who watches them.

One process flag, ``RAW["BUSY"]``, is true while any thread is off the default, and only then does an operation look at
its own thread's modes: the flag costs 29 ns of an operation, a thread-local read on each would cost 120.
"""

from __future__ import annotations

import functools
import sys
import threading
from collections.abc import Callable
from typing import Any

from .table.kernel import RAW


class Here(threading.local):
    """What holds for the current thread."""

    grad: bool = True
    inference: bool = False
    modes: tuple[Any, ...] = ()
    watch: Any = None  # notes down this thread's next backward pass (sweep.Watch)
    passing: Any = None  # the backward pass that is running, where somebody asks (sweep.Pass)
    saving: tuple[Any, ...] = ()  # pairs of hooks on what is saved, the innermost last
    no_saving: str | None = None  # why such hooks are not allowed here
    levels: tuple[Any, ...] = ()  # torch.func's transforms that are running, outermost first


_ENGINE = __name__.partition(".")[0]
here = Here()
RAW["here"] = here
_lock = threading.RLock()  # a tensor may die, and tell, while its thread holds it
_away: set[Any] = set()
_everywhere: set[str] = set()  # why calls are observed in every thread
INFERENCE: dict[int, Any] = {}  # id of each tensor made in inference mode -> a reference to it
INFERENCE_VIEWS: dict[int, Any] = {}  # the same of views of normal tensors that were taken there
_lookouts: list[Any] = []  # what looks at the arguments of every call, once a program defines a subclass of Tensor
CAREFUL: set[str] = set()  # why every backward pass has to be a careful one
_observers: list[Any] = []  # the one that observes calls, from its first use on


def _changed() -> None:
    """Tell every operation whether some thread is off the beaten track."""
    with _lock:
        own = vars(here).get("modes")  # what holds for all threads is in _everywhere
        (_away.add if own or here.levels or not here.grad else _away.discard)(threading.get_ident())
        RAW["BUSY"] = bool(_away or _everywhere or _lookouts)


def is_grad_enabled() -> bool:
    """Whether operations of this thread are recorded."""
    return here.grad


def is_inference_mode_enabled() -> bool:
    """Whether this thread is in ``inference_mode``."""
    return here.inference


def record(on: bool) -> bool:
    """Turn recording on or off in this thread; returns what it was."""
    before, here.grad = here.grad, on
    if before is not on:
        _changed()
    return before


def followed(t: Any) -> bool:
    """Whether somebody follows what is computed from a tensor: a graph, or a transform of torch.func."""
    return t._n is not None or hasattr(t, "_level")


def outside() -> int:
    """How far up the stack the program is, as ``warnings.warn`` counts in the function that asks."""
    frame: Any = sys._getframe(1)
    level = 1
    while frame.f_back is not None and str(frame.f_globals.get("__name__") or _ENGINE).partition(".")[0] == _ENGINE:
        frame = frame.f_back
        level += 1
    return level


def observe(why: str, on: bool) -> None:
    """Have the observer see every call of every thread, or no longer, for this reason."""
    with _lock:
        (_everywhere.add if on else _everywhere.discard)(why)
        Here.modes = (*([observer()] if _everywhere else []), *_lookouts)
        settle()


def observer() -> Any:
    """What sees single operations below every function mode (observe.py)."""
    if not _observers:
        from .graph.observe import Observer

        _observers.append(Observer())
    return _observers[0]


def settle() -> None:
    """Put the observer below this thread's function modes, or take it away, as what holds here asks for."""
    modes = (*_lookouts, *[m for m in here.modes if m not in _observers and m not in _lookouts])
    set_modes((observer(), *modes) if here.inference or here.saving or _everywhere else modes)


def look_for(lookout: Any, on: bool) -> None:
    """Have every call of every thread seen by ``lookout``, below function modes, or no longer."""
    if on is (lookout in _lookouts):
        return
    with _lock:
        before = tuple(_lookouts)
        _lookouts[:] = [lookout] if on else []
        Here.modes = (*([observer()] if _everywhere else []), *_lookouts)
        set_modes(tuple([m for m in here.modes if m not in before]))
        settle()


def set_modes(modes: tuple[Any, ...]) -> None:
    if modes == Here.modes and not (here.inference or here.saving):
        vars(here).pop("modes", None)  # so that this thread follows what becomes of all
    else:
        here.modes = modes
    _changed()


def push(mode: Any) -> None:
    """Put a function mode on top of this thread's."""
    set_modes((*here.modes, mode))


def pop() -> Any:
    """Take this thread's topmost function mode off."""
    mode = here.modes[-1]
    set_modes(here.modes[:-1])
    return mode


def overridden(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Hand a call to the topmost function mode, which is off while its handler runs."""
    __tracebackhide__ = True
    modes = here.modes
    if (direct := getattr(modes[-1], "direct", None)) is not None:  # torch.func's, which sees to the rest itself
        return direct(function, args, kwargs)
    here.modes = modes[:-1]
    _changed()
    try:
        return modes[-1].__torch_function__(function, (), args, kwargs)
    finally:
        set_modes(modes)


RAW["overridden"] = overridden


def overridable(function: Callable[..., Any]) -> Callable[..., Any]:
    """Decorator: a function mode sees a call of this function as one call, whatever it is made of."""

    @functools.wraps(function)
    def front(*args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True  # a user's traceback shows where the user was
        if RAW["BUSY"] and here.modes:
            return overridden(front, args, kwargs)
        return function(*args, **kwargs)

    front.made_of = function  # type: ignore[attr-defined]  # the observer looks at what it is made of
    return front


def readable(function: Callable[..., Any]) -> Callable[..., Any]:
    """Decorator: a program's function mode sees that Python is given numbers; what we put there ourselves does not."""

    @functools.wraps(function)
    def front(*args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True  # a user's traceback shows where the user was
        if RAW["BUSY"] and (modes := here.modes) and getattr(modes[-1], "direct", None) is None:
            return overridden(front, args, kwargs)
        return function(*args, **kwargs)

    return front


class _GradMode:
    """Context manager and decorator that sets grad mode, and puts back what was there."""

    _mode = True

    def __init__(self) -> None:
        self.prev = False

    def __enter__(self) -> None:
        self.prev = record(self._mode)

    def __exit__(self, *_: object) -> None:
        record(self.prev)

    def clone(self) -> Any:
        """Another of the same, for one more use."""
        return type(self)()

    def __call__(self, function: Any) -> Any:
        """``function``, run in this mode."""
        from .decoration import decorated

        return decorated(self.clone, function)


def _public(cls: Any) -> Any:
    cls.__module__ = "torch.autograd.grad_mode"  # where PyTorch has it, for repr
    return cls


@_public
class no_grad(_GradMode):
    """Nothing inside is recorded. ``with no_grad():``, ``@no_grad()`` or ``@no_grad``; thread-local."""

    _mode = False

    def __new__(cls, orig_func: Callable[..., Any] | None = None) -> Any:
        if orig_func is None:
            return super().__new__(cls)
        return cls()(orig_func)

    def __init__(self, orig_func: Callable[..., Any] | None = None) -> None:
        super().__init__()


@_public
class enable_grad(no_grad):
    """What is inside is recorded, also within ``no_grad``."""

    _mode = True


@_public
class set_grad_enabled(_GradMode):
    """Set grad mode at once; as a context manager it is put back at the end."""

    def __init__(self, mode: bool) -> None:
        if not isinstance(mode, bool):
            raise TypeError(
                f"set_grad_enabled(): argument 'enabled' (position 1) must be bool, not {type(mode).__name__}"
            )
        self.mode = mode
        self.prev = record(mode)

    def __enter__(self) -> None:
        record(self.mode)

    def clone(self) -> set_grad_enabled:
        """Another of the same, for one more use."""
        return set_grad_enabled(self.mode)

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        record(self.prev)  # a decorator does not change the mode where it stands
        return super().__call__(function)

    def __str__(self) -> str:
        return f"torch.autograd.grad_mode.set_grad_enabled(mode={self.mode})"

    __repr__ = __str__
