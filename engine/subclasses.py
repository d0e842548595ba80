"""Subclasses of Tensor, and other classes with ``__torch_function__``: results keep the class, and the class is asked.

As long as a program defines no subclass nothing looks for one. From the first on a function mode at the bottom of every
thread's stack looks at the arguments of each call; it costs 2 us a call.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from typing import Any

from . import mode
from .mode import here
from .table.kernel import PUBLIC, RAW
from .tensor import Tensor

_OWN = {"engine", __name__.partition(".")[0]}


class Dispatch:
    """The mode that hands a call to the ``__torch_function__`` of its arguments' classes."""

    def __torch_function__(
        self, func: Any, types: tuple[type, ...], args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        __tracebackhide__ = True
        return dispatch(func, args, kwargs or {}) if _overloaded(args, kwargs or {}) else func(*args, **(kwargs or {}))


DISPATCH = Dispatch()


def _overloaded(args: Any, kwargs: dict[str, Any]) -> list[Any]:
    """The arguments whose class has a say, one per class, those of subclasses first."""
    found: list[Any] = []
    for value in _flat((*args, *kwargs.values())):
        kind = type(value)
        if kind is Tensor or not hasattr(kind, "__torch_function__") or isinstance(value, type):
            continue
        if isinstance(value, Tensor) and _is_own(kind):
            continue
        if all(kind is not type(v) for v in found):
            place = next((i for i, v in enumerate(found) if issubclass(kind, type(v))), len(found))
            found.insert(place, value)
    return found


def _flat(values: Any) -> Iterator[Any]:
    for value in values:
        if type(value) is list or type(value) is tuple:
            yield from value
        else:
            yield value


def dispatch(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """What the first of the arguments' classes to answer makes of the call.

    Errors: TypeError if none answers.
    """
    __tracebackhide__ = True
    overloaded = _overloaded(args, kwargs)
    types = tuple([type(v) for v in overloaded])
    before = here.modes
    mode.set_modes((*before, DISPATCH))
    try:
        for value in overloaded:
            result = value.__torch_function__(func, types, args, kwargs)
            if result is not NotImplemented:
                return result
    finally:
        mode.set_modes(before)
    name = getattr(func, "__name__", str(func))
    raise TypeError(
        f"Multiple dispatch failed for 'torch.{name}'; all __torch_function__ handlers returned NotImplemented:\n\n"
        + "".join(f"  - tensor subclass {kind}\n" for kind in types)
        + "\nFor more information, try re-running with TORCH_LOGS=not_implemented"
    )


class DisableTorchFunctionSubclass:
    """Inside, subclasses are treated as plain tensors."""

    def __enter__(self) -> None:
        self._before = here.modes
        mode.set_modes(tuple([m for m in here.modes if m is not DISPATCH]))

    def __exit__(self, *_: object) -> None:
        mode.set_modes(self._before)


@classmethod  # type: ignore[misc]  # bound to Tensor by ``install``
def torch_function(
    cls: type[Tensor], func: Any, types: tuple[type, ...], args: tuple[Any, ...] = (), kwargs: Any = None
) -> Any:
    """Run ``func`` on plain tensors, and give its results this class."""
    __tracebackhide__ = True
    if not all(issubclass(cls, t) for t in types):
        return NotImplemented
    with DisableTorchFunctionSubclass():
        return _converted(func(*args, **(kwargs or {})), cls)


def _converted(result: Any, cls: type[Tensor]) -> Any:
    if cls is Tensor:
        return result
    if isinstance(result, Tensor):
        return result if isinstance(result, cls) else as_subclass(result, cls)
    if isinstance(result, tuple | list):
        parts = [_converted(part, cls) for part in result]
        return type(result)(*parts) if hasattr(result, "_fields") else type(result)(parts)
    return result


def as_subclass(self: Tensor, cls: type[Tensor]) -> Tensor:
    """This tensor as one of the class ``cls``: the same memory, and its history."""
    if not (isinstance(cls, type) and issubclass(cls, Tensor)):
        raise TypeError(f"cls must be a type (got {type(cls).__name__})" if not isinstance(cls, type) else
                        f"cls must be a subclass of Tensor (got {cls.__name__})")  # fmt: skip
    with DisableTorchFunctionSubclass():
        plain = PUBLIC["alias"](self)
    out = object.__new__(cls)
    out._d, out._n = plain._d, plain._n
    RAW["track"](self, out)
    return out


def make_subclass(cls: type[Tensor], data: Tensor, require_grad: bool = False) -> Tensor:
    """A leaf of the class ``cls`` on the memory of ``data``."""
    out = object.__new__(cls)
    out._d, out._n = data.detach()._d, None
    return out.requires_grad_() if require_grad else out


def _is_own(kind: type) -> bool:
    return str(getattr(kind, "__module__", "")).partition(".")[0] in _OWN


_alive: set[Any] = set()  # the subclasses that there are


def _defined(cls: type[Tensor], **kwargs: Any) -> None:
    """A subclass was defined: as long as there is one, calls are looked at."""
    super(Tensor, cls).__init_subclass__(**kwargs)
    if not _is_own(cls):
        _alive.add(weakref.ref(cls, _gone))
        mode.look_for(DISPATCH, True)


def _gone(reference: Any) -> None:
    _alive.discard(reference)
    if not _alive:
        mode.look_for(DISPATCH, False)


RAW["dispatch"] = dispatch
METHODS = {
    "__torch_function__": torch_function, "as_subclass": as_subclass, "_make_subclass": staticmethod(make_subclass),
    "__init_subclass__": classmethod(_defined),
}  # fmt: skip
