"""The same thing in the other library: a function by its public name, an argument by its value."""

from __future__ import annotations

import inspect
import types
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ..backends import Backend, dtype_name
from ..tracing.noted import Ref, Value
from ..tracing.trace import name_of
from ..words import say

# Where functions on tensors are public, the first place first
PLACES = ("Tensor", "", "nn.functional", "linalg", "fft", "special", "nn.init", "autograd", "masked", "signal.windows")
PREFIXES = ("linalg_", "fft_", "special_")  # PyTorch calls torch.linalg.norm so where nobody sees it
FUNCTIONS = frozenset({"where"})  # whose method takes its arguments in another order
PLAIN = (int, float, complex, bool, str, bytes, type(None), type(Ellipsis), range, np.generic)


class Unlike(Exception):
    """There is no counterpart; the text says of what."""


class Functions:
    """From one library's functions to the other's."""

    def __init__(self, one: Backend, other: Backend) -> None:
        self.one, self.other = one, other
        self._paths: dict[int, list[str]] = {}
        for place in PLACES:
            for name, function in _members(_at(one.module, place)):
                self._paths.setdefault(id(function), []).append(f"{place}.{name}" if place else name)

    def of(self, func: Any, on_tensor: bool = True) -> Callable[..., Any]:
        """The counterpart of a function that a mode was given; ``on_tensor``: it is called as a method may be.

        Errors: Unlike where the other library has none."""
        name = name_of(func)
        if name == "alias":  # the engine's own, which has no public name
            return lambda tensor: tensor.view_as(tensor)
        if getattr(func, "__name__", "") == "__get__":
            return _getter(self.other, name)
        if getattr(func, "__name__", "") == "__set__":
            return _setter(self.other, name.removesuffix(" ="))
        paths = self._paths.get(id(func)) or [*_guesses(name)]
        on_tensor = on_tensor and (id(func) in self._paths or name not in FUNCTIONS)
        paths = sorted(paths, key=lambda path: path.startswith("Tensor.") is not on_tensor)
        for path in paths:
            found = _at(self.other.module, path)
            if callable(found):
                return found
            if isinstance(found, property | types.GetSetDescriptorType):
                return _getter(self.other, name)
        raise Unlike(say("why_has_no", library=self.other.name, name=paths[0] if paths else name))


def _members(place: Any) -> Iterator[tuple[str, Any]]:
    """Names and functions of a module or of Tensor and the classes above it, public ones first."""
    if place is None:
        return
    names = sorted(set(dir(place)), key=lambda name: (name.startswith("_"), name))
    for name in names:
        if name.startswith("_") and not (name.startswith("__") and name.endswith("__")):
            continue
        function = _look(place, name)
        if callable(function) and not isinstance(function, type):
            yield name, function


def _look(place: Any, name: str) -> Any:
    if isinstance(place, type):
        found = next((vars(each)[name] for each in place.__mro__ if name in vars(each)), None)
        return found if not isinstance(found, staticmethod | classmethod) else None
    return getattr(place, name, None)


def _at(root: Any, path: str) -> Any:
    """What stands there; a module that is read when it is first asked for is read now."""
    found = root
    for part in filter(None, path.split(".")):
        try:
            found = getattr(found, part)
        except AttributeError:
            return None
    return found


def _guesses(name: str) -> Iterator[str]:
    """Where a function of this name may be public, if it is not found by itself."""
    for prefix in PREFIXES:
        if name.startswith(prefix):
            yield f"{prefix[:-1]}.{name.removeprefix(prefix)}"
    for place in PLACES:
        yield f"{place}.{name}" if place else name


def _getter(other: Backend, name: str) -> Callable[..., Any]:
    if not hasattr(other.tensor, name):
        raise Unlike(say("why_has_no", library=other.name, name=f"Tensor.{name}"))
    return lambda tensor, *_: getattr(tensor, name)


def _setter(other: Backend, name: str) -> Callable[..., Any]:
    if not hasattr(other.tensor, name):
        raise Unlike(say("why_has_no", library=other.name, name=f"Tensor.{name}"))
    return lambda tensor, value: setattr(tensor, name, value)


class Arguments:
    """From one library's arguments to the other's; tensors by ``tensor``, from what the tape has in their place."""

    def __init__(self, functions: Functions, tensor: Callable[[Ref], Any]) -> None:
        self.functions, self.tensor = functions, tensor

    def of(self, value: Any) -> Any:
        """The same value. Errors: Unlike for what has no counterpart."""
        if isinstance(value, Ref):
            return self.tensor(value)
        if isinstance(value, np.ndarray):
            return value.copy()
        one, other = self.functions.one, self.functions.other
        if type(value).__module__.partition(".")[0] == one.name:
            return self._of_library(one, other, value)
        if isinstance(value, tuple) and hasattr(value, "_fields"):
            return type(value)(*map(self.of, value))
        if isinstance(value, list | tuple):
            return (list if isinstance(value, list) else tuple)(map(self.of, value))
        if isinstance(value, dict):
            return {key: self.of(each) for key, each in value.items()}
        if isinstance(value, slice):
            return slice(*map(self.of, (value.start, value.stop, value.step)))
        if isinstance(value, PLAIN):
            return value
        if callable(value) and str(getattr(value, "__module__", "")).partition(".")[0] == one.name:
            return self.functions.of(value)
        if value in (int, float, complex, bool):
            return value
        raise Unlike(say("why_argument", kind=type(value).__name__))

    def _of_library(self, one: Backend, other: Backend, value: Any) -> Any:
        """A dtype, a size, a device, a memory format: by name."""
        kind = type(value).__name__
        if kind == "Size":
            return other.module.Size(tuple(value))
        if kind == "device":
            return other.module.device(str(value))
        if kind in ("dtype", "memory_format", "layout"):
            name = str(value).rpartition(".")[2]
            found = getattr(other.module, name, None)
            if found is None:
                raise Unlike(say("why_has_no", library=other.name, name=name))
            return found
        if callable(value):
            return self.functions.of(value)
        raise Unlike(say("why_not_carried", kind=f"{one.name}.{kind}"))


def spelled_out(func: Any, args: Any, kwargs: Any, kind: type) -> tuple[list[Any], dict[str, Any]] | None:
    """A call's arguments with the names that ``func`` has for them, tensors aside, without those left at their default.

    None for a function that does not tell. One that is written in Python may be given its arguments in an order of its
    own, after somebody has sorted them out."""
    try:
        bound = inspect.signature(func).bind(*args, **kwargs)
    except (TypeError, ValueError):
        return None
    positional: list[Any] = []
    named: dict[str, Any] = {}
    for name, value in bound.arguments.items():
        parameter = bound.signature.parameters[name]
        if parameter.kind is parameter.VAR_POSITIONAL:
            positional += value
        elif parameter.kind is parameter.VAR_KEYWORD:
            named |= value
        elif isinstance(value, kind) and not named:
            positional.append(value)
        elif isinstance(value, kind) or (value is not parameter.default and value != parameter.default):
            named[name] = value
    return positional, named


def tensor_of(other: Backend, value: Value, requires_grad: bool = False) -> Any:
    """A leaf of the other library's with these numbers, on memory of its own.

    Errors: Unlike where it cannot hold them."""
    if value.array is None:
        raise Unlike(value.problem)
    try:
        made = other.module.from_numpy(np.array(value.array, order="K"))
    except (TypeError, RuntimeError) as error:
        raise Unlike(say("why_has_no_dtype", library=other.name, name=value.dtype, error=error)) from None
    if dtype_name(made.dtype) != value.dtype:
        dtype = getattr(other.module, value.dtype, None)
        if dtype is None:
            raise Unlike(say("why_has_no", library=other.name, name=value.dtype))
        made = made.to(dtype)
    return made.requires_grad_() if requires_grad else made
