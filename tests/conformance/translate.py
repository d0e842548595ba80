"""From ``op_db`` to the engine: its callables, its samples; and how two results are compared."""

from __future__ import annotations

import functools
import types
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from torch.testing._internal.opinfo.core import OpInfo

import engine

TOLERANCE = {"float32": (2e-5, 2e-5), "complex64": (2e-5, 2e-5), "float64": (1e-7, 1e-9), "complex128": (1e-7, 1e-9)}


class Differs(AssertionError):
    """The engine's answer is not PyTorch's."""


# ------------------------------------------------ callables
def callable_of(function: Any, name: str = "") -> Callable[..., Any]:
    """The engine's counterpart of ``function``: a name found again, or a lambda of ``op_db`` run over the engine."""
    if isinstance(function, types.FunctionType) and function.__module__.startswith("torch.testing"):
        return _rebound(function)
    if isinstance(function, functools.partial):
        return functools.partial(callable_of(function.func), *function.args, **function.keywords)
    if isinstance(function, types.MethodDescriptorType | types.WrapperDescriptorType) or (
        isinstance(function, types.FunctionType) and function.__module__ == "torch._tensor"
    ):
        return _method(function.__name__)
    if getattr(function, "__module__", "") in ("_operator", "operator"):
        return function
    own = getattr(function, "__name__", "")
    for path in (name, own, f"nn.functional.{own}"):
        if path and (found := _at(torch, path)) is not None and found is function:
            return _required(path)
    return _required(name or function.__name__)


def _method(name: str) -> Callable[..., Any]:
    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        if not isinstance(self, engine.Tensor):
            raise TypeError(
                f"descriptor '{name}' for 'Tensor' objects doesn't apply to a '{type(self).__name__}' object"
            )
        return getattr(self, name)(*args, **kwargs)

    return call


def _at(root: Any, path: str) -> Any:
    for part in path.split("."):
        root = getattr(root, part, None)
    return root


def _required(path: str) -> Callable[..., Any]:
    found: Any = engine
    for part in path.removeprefix("torch.").split("."):  # op_db writes some aliases with it
        found = getattr(found, part)
    return found


def _rebound(function: types.FunctionType) -> Callable[..., Any]:
    """The same code, for which ``torch`` and ``F`` are the engine's."""
    world = {**function.__globals__, "torch": engine, "F": engine.nn.functional, "np": np}
    world |= {"wrapper_set_seed": _seeded}
    cells = tuple([types.CellType(_inside(c.cell_contents)) for c in function.__closure__ or ()])
    made = types.FunctionType(function.__code__, world, function.__name__, function.__defaults__, cells or None)
    made.__kwdefaults__ = function.__kwdefaults__
    return made


def _seeded(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """``op_db``'s ``wrapper_set_seed``, with the engine's generator."""
    engine.manual_seed(42)
    return function(*args, **kwargs)


def _inside(value: Any) -> Any:
    if isinstance(value, OpInfo):
        return value
    if isinstance(value, torch.nn.Module):
        return sample_of(value)
    if isinstance(value, types.FunctionType) and value.__module__.startswith("torch.testing"):
        return _rebound(value)
    if callable(value) and getattr(value, "__module__", "").startswith("torch"):
        return callable_of(value)
    return value


# ------------------------------------------------ samples
SHARED = -1  # the key, in a memo of tensors by id, of the memory that they share


def sample_of(value: Any, memo: dict[int, Any] | None = None) -> Any:
    """A sample's argument for the engine: tensors on memory of their own, one for each of PyTorch's."""
    memo = {} if memo is None else memo
    if isinstance(value, torch.Tensor):
        if id(value) not in memo:
            memo[id(value)] = tensor_of(value, memo.get(SHARED))
        return memo[id(value)]
    if isinstance(value, torch.dtype):
        return getattr(engine, str(value).removeprefix("torch."))
    if isinstance(value, torch.Size):
        return engine.Size(value)
    if isinstance(value, torch.device):
        return engine.device(str(value))
    if isinstance(value, torch.memory_format | torch.layout):
        return getattr(engine, str(value).removeprefix("torch."))
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*[sample_of(v, memo) for v in value])
    if isinstance(value, list | tuple):
        return type(value)(sample_of(v, memo) for v in value)
    if isinstance(value, dict):
        return {k: sample_of(v, memo) for k, v in value.items()}
    if isinstance(value, slice):
        return slice(*(sample_of(v, memo) for v in (value.start, value.stop, value.step)))
    if isinstance(value, torch.nn.Module) and not list(value.parameters()):
        return getattr(engine.nn, type(value).__name__)()
    if isinstance(value, types.FunctionType) and value.__module__.startswith("torch.testing"):
        return _rebound(value)
    if callable(value) and getattr(value, "__module__", "").startswith("torch"):
        return callable_of(value)
    return value


def tensor_of(value: torch.Tensor, memory: dict[int, Any] | None = None) -> Any:
    """An engine tensor with the values, dtype, strides and ``requires_grad`` of PyTorch's.

    Where ``memory`` is given, by address, those that share it for PyTorch share it for the engine.
    """
    if value.layout != torch.strided:
        raise NotImplementedError("sparse")
    if memory is not None and value.numel() and not value.is_conj() and not value.is_neg():
        made = engine.from_numpy(_shared(value, memory))
        return made.requires_grad_() if value.requires_grad else made
    array = value.detach().resolve_conj().resolve_neg().numpy()
    made = engine.from_numpy(_copied(array))
    return made.requires_grad_() if value.requires_grad else made


def _shared(value: torch.Tensor, memory: dict[int, Any]) -> np.ndarray[Any, Any]:
    storage = value.untyped_storage()
    whole = memory.get(storage.data_ptr())
    if whole is None or whole.dtype != value.detach().numpy().dtype:
        whole = torch.empty(0, dtype=value.dtype).set_(storage).numpy().copy()
        memory[storage.data_ptr()] = whole
    n = value.element_size()
    return np.ndarray(value.shape, whole.dtype, whole, value.storage_offset() * n, [s * n for s in value.stride()])


def _copied(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    if not array.size:
        return np.array(array)
    if 0 in array.strides:  # one memory for several elements stays one
        some = array[tuple([slice(0, 1) if step == 0 else slice(None) for step in array.strides])]
        steps = [0 if step == 0 else new for step, new in zip(array.strides, some.copy().strides, strict=True)]
        return np.lib.stride_tricks.as_strided(some.copy(), array.shape, steps)
    return np.copy(array, order="K")


def fresh(value: Any, memo: dict[int, Any] | None = None) -> Any:
    """A sample's argument for PyTorch: copies that a call may write."""
    memo = {} if memo is None else memo
    if isinstance(value, torch.Tensor):
        if id(value) not in memo:
            memo[id(value)] = value.detach().clone().requires_grad_(value.requires_grad)
        return memo[id(value)]
    if isinstance(value, list | tuple) and not hasattr(value, "_fields") and not isinstance(value, torch.Size):
        return type(value)(fresh(v, memo) for v in value)
    return value


def tensors_in(value: Any, kind: type) -> Iterator[Any]:
    """Every tensor of ``kind`` in a tree of tuples, lists and dicts, in order."""
    if isinstance(value, kind):
        yield value
    elif isinstance(value, list | tuple):
        for v in value:
            yield from tensors_in(v, kind)
    elif isinstance(value, dict):
        for v in value.values():
            yield from tensors_in(v, kind)


# ------------------------------------------------ comparison
def compare(ours: Any, theirs: Any, *, values: bool = True, loose: float = 1.0) -> None:
    """Raise ``Differs`` unless types, shapes, dtypes and (``values``) numbers agree; ``loose`` scales the tolerance."""
    if isinstance(theirs, torch.Tensor):
        if not isinstance(ours, engine.Tensor):
            raise Differs(f"a {type(ours).__name__}, not a Tensor")
        if str(ours.dtype) != str(theirs.dtype):
            raise Differs(f"dtype {ours.dtype}, not {theirs.dtype}")
        if tuple(ours.shape) != tuple(theirs.shape):
            raise Differs(f"shape {tuple(ours.shape)}, not {tuple(theirs.shape)}")
        if values:
            _close(ours.detach().numpy(), theirs.numpy(force=True), loose)
    elif isinstance(theirs, list | tuple):
        if not isinstance(ours, list | tuple) or len(ours) != len(theirs):
            raise Differs(f"{type(ours).__name__} for {type(theirs).__name__} of {len(theirs)}")
        for a, b in zip(ours, theirs, strict=True):
            compare(a, b, values=values, loose=loose)
    elif isinstance(theirs, float | complex):
        if type(ours) is not type(theirs):
            raise Differs(f"{type(ours).__name__}, not {type(theirs).__name__}")
        _close(np.array(ours), np.array(theirs), loose)
    elif isinstance(theirs, torch.dtype):
        if str(ours) != str(theirs):
            raise Differs(f"{ours}, not {theirs}")
    elif ours != theirs:
        raise Differs(f"{ours!r}, not {theirs!r}")


def _close(ours: np.ndarray[Any, Any], theirs: np.ndarray[Any, Any], loose: float) -> None:
    rtol, atol = TOLERANCE.get(theirs.dtype.name, (0, 0))
    with np.errstate(all="ignore"):
        if rtol:  # sums of large terms of both signs: what is left is as exact as the terms
            size = np.abs(theirs)
            atol = max(atol, float(size[np.isfinite(size)].max(initial=0)) * rtol / 10)
        if np.allclose(ours, theirs, rtol * loose, atol * loose, equal_nan=True):
            return
        apart = np.abs(np.subtract(ours, theirs, dtype=theirs.dtype if theirs.dtype.kind in "fc" else "f8"))
    most = np.max(np.nan_to_num(apart), initial=0)
    raise Differs(f"values differ by up to {most:.3g}; {np.ravel(ours)[:4]}, not {np.ravel(theirs)[:4]}")
