"""Constructors from before ``torch.tensor``: ``torch.Tensor(...)``, ``torch.FloatTensor(...)`` and the like.

A number means a size here, ``Tensor(3)`` has three elements; a sequence means data. Source: PyTorch's
``legacy_tensor_generic_ctor_new`` (the behaviour, not the text, is followed).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import dtypes, errors
from ..factory import array_of, default_float, leaf, shape_of
from ..size import Size
from ..table.kernel import PUBLIC, RAW
from ..tensor import Tensor

_SIGNATURES = """
 * (*, torch.device device = None)
 * (torch.Storage storage)
 * (Tensor other)
 * (tuple of ints size, *, torch.device device = None)
 * (object data, *, torch.device device = None)
"""

_C_NAMES = {"float64": "double", "float32": "float", "int64": "long int", "int32": "int", "int16": "short int"}
_C_NAMES |= {"int8": "signed char", "uint8": "unsigned char", "float16": "c10::Half"}


def _combination(args: tuple[Any, ...], kwargs: dict[str, Any]) -> TypeError:
    given = [type(a).__name__ for a in args] + [f"{name}={_kind(value)}" for name, value in kwargs.items()]
    error = TypeError(
        f"new() received an invalid combination of arguments - got ({', '.join(given)}), but expected one of:"
        f"{_SIGNATURES}"
    )
    return errors.hinted(
        error, "torch.tensor(data, dtype=..., requires_grad=...) takes options; this old form does not."
    )


def _kind(value: Any) -> str:
    return "torch.dtype" if isinstance(value, dtypes.dtype) else type(value).__name__


def construct(kind: type[Tensor], dtype: np.dtype[Any] | None, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Tensor:
    """What ``kind(*args)`` made before there was ``torch.tensor``; ``dtype`` None stands for the default one.

    Errors: TypeError for options other than ``device``, for a single number that is not whole, for another dtype.
    """
    device = kwargs.pop("device", None)
    if "data" in kwargs and not args:
        args = (kwargs.pop("data"),)
    if kwargs:
        raise _combination(args, kwargs)
    wanted = dtype or default_float()
    if not args:
        data: Any = np.empty(0, wanted)
    elif all(hasattr(a, "__index__") and not isinstance(a, Tensor | np.ndarray | bool) for a in args):
        data = np.empty(shape_of("new", args), wanted)
    elif len(args) > 1:
        raise _combination(args, kwargs)
    elif isinstance(args[0], Size):
        data = np.empty(tuple(args[0]), wanted)
    elif isinstance(args[0], Tensor):
        return _alias(kind, dtype, args[0])
    else:
        data = _of_sequence(args[0], wanted)
    out = leaf(data, device=device)
    return out if kind is Tensor else _as(kind, out)


def _of_sequence(data: Any, dtype: np.dtype[Any]) -> Any:
    if not isinstance(data, str | bytes) and not hasattr(data, "__len__"):
        raise errors.hinted(
            TypeError(f"new(): data must be a sequence (got {type(data).__name__})"),
            "torch.tensor(2.) makes a tensor of one number; torch.Tensor(2) one of two elements, not yet filled.",
        )
    return array_of(data, dtype)


def _alias(kind: type[Tensor], dtype: np.dtype[Any] | None, other: Tensor) -> Tensor:
    if dtype is not None and other._d.dtype is not dtype:
        options = "TensorOptions(dtype={}, device=cpu, layout=Strided, requires_grad=false (default), "
        options += "pinned_memory=false (default), memory_format=(nullopt))"
        wanted, got = (options.format(_C_NAMES.get(d.name, d.name)) for d in (dtype, other._d.dtype))
        raise TypeError(f"expected {wanted} (got {got})")
    out = PUBLIC["alias"](other)
    return out if kind is Tensor else _as(kind, out)


def _as(kind: type[Tensor], tensor: Tensor) -> Tensor:
    out = object.__new__(kind)
    out._d, out._n = tensor._d, tensor._n
    return out


RAW["legacy_constructor"] = lambda kind, *args, **kwargs: construct(kind, None, args, kwargs)


class _Typed(type):
    """The type of ``FloatTensor`` and the like: calling one makes a Tensor of its dtype, no class of its own."""

    scalar: dtypes.dtype

    def __call__(cls, *args: Any, **kwargs: Any) -> Tensor:
        return construct(Tensor, cls.scalar.numpy, args, kwargs)

    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(instance, Tensor) and instance.dtype is cls.scalar

    def __repr__(cls) -> str:
        return f"<class 'torch.{cls.__name__}'>"


def _typed(dtype: dtypes.dtype) -> _Typed:
    name = dtype.title + "Tensor"
    return _Typed(name, (), {"scalar": dtype, "__doc__": f"Tensors of {dtype.name}; today: tensor(data, dtype=...)."})


TYPES = {d.title + "Tensor": _typed(d) for d in dtypes.ALL if not d.is_complex}
