"""Modes of a thread: whether operations are recorded, and who watches them.

One process flag, ``RAW["BUSY"]``, is true while any thread is off the default, and only then does an operation look at
its own thread's modes: the flag costs 29 ns of an operation, a thread-local read on each would cost 120.
"""

from __future__ import annotations

import functools
import inspect
import threading
from collections.abc import Callable
from typing import Any

from .kernel import RAW


class Here(threading.local):
    """What holds for the current thread."""

    grad: bool = True
    modes: tuple[Any, ...] = ()
    watch: Any = None  # notes down this thread's next backward pass (sweep.Watch)


here = Here()
RAW["here"] = here
_lock = threading.Lock()
_away: set[int] = set()


def _changed() -> None:
    """Tell every operation whether some thread is off the beaten track."""
    with _lock:
        (_away.discard if here.grad and not here.modes else _away.add)(threading.get_ident())
        RAW["BUSY"] = bool(_away)


def is_grad_enabled() -> bool:
    """Whether operations of this thread are recorded."""
    return here.grad


class _GradMode:
    """Context manager and decorator that sets grad mode, and puts back what was there."""

    _mode = True

    def __init__(self) -> None:
        self._before: list[bool] = []

    def __enter__(self) -> None:
        self._before.append(here.grad)
        here.grad = self._mode
        _changed()

    def __exit__(self, *_: object) -> None:
        here.grad = self._before.pop()
        _changed()

    def _again(self) -> _GradMode:
        return type(self)()

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        if inspect.isgeneratorfunction(function):
            return self._generator(function)

        @functools.wraps(function)
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            with self._again():
                return function(*args, **kwargs)

        return wrapped

    def _generator(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Only the body of a generator runs in the mode, not what its consumer does between two values."""

        @functools.wraps(function)
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            generator = function(*args, **kwargs)
            sent: Any = None
            while True:
                with self._again():
                    try:
                        value = generator.send(sent)
                    except StopIteration as stop:
                        return stop.value
                sent = yield value

        return wrapped


class no_grad(_GradMode):
    """Nothing inside is recorded. ``with no_grad():`` or ``@no_grad()``; thread-local."""

    _mode = False

    def __new__(cls, function: Callable[..., Any] | None = None) -> Any:
        mode = super().__new__(cls)
        if function is None:
            return mode
        mode._before = []
        return mode(function)

    def __init__(self, function: Callable[..., Any] | None = None) -> None:
        super().__init__()


class enable_grad(no_grad):
    """What is inside is recorded, also within ``no_grad``."""

    _mode = True


class set_grad_enabled(_GradMode):
    """Set grad mode at once; as a context manager it is put back at the end."""

    def __init__(self, mode: bool) -> None:
        super().__init__()
        self._mode = bool(mode)
        self._outer = here.grad
        here.grad = self._mode
        _changed()

    def __enter__(self) -> None:
        self._before.append(self._outer)
        here.grad = self._mode
        _changed()

    def _again(self) -> _GradMode:
        return set_grad_enabled(self._mode)

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        here.grad = self._outer  # a decorator does not change the mode where it stands
        _changed()
        return super().__call__(function)


def push(mode: Any) -> None:
    """Put a function mode on top of this thread's."""
    here.modes += (mode,)
    _changed()


def pop() -> Any:
    """Take this thread's topmost function mode off."""
    mode = here.modes[-1]
    here.modes = here.modes[:-1]
    _changed()
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
        here.modes = modes
        _changed()


RAW["overridden"] = overridden


def overridable(function: Callable[..., Any]) -> Callable[..., Any]:
    """Decorator: a function mode sees a call of this function as one call, whatever it is made of."""

    @functools.wraps(function)
    def front(*args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True  # a user's traceback shows where the user was
        if RAW["BUSY"] and here.modes:
            return overridden(front, args, kwargs)
        return function(*args, **kwargs)

    return front
