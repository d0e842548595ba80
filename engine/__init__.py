"""An autograd engine on NumPy with PyTorch's API and semantics: ``import engine as torch``."""

from __future__ import annotations

import importlib
from typing import Any

from . import absent, autograd, dtypes, families, methods, overrides
from .dtypes import dtype, get_default_dtype, set_default_dtype
from .legacy import TYPES
from .mode import enable_grad, is_grad_enabled, no_grad, set_grad_enabled
from .printing import get_printoptions, set_printoptions
from .size import Size, device
from .tensor import Tensor
from .typeinfo import (
    can_cast,
    finfo,
    iinfo,
    is_complex,
    is_floating_point,
    is_nonzero,
    is_tensor,
    numel,
    promote_types,
    result_type,
)

e, inf, nan, newaxis, pi = 2.718281828459045, float("inf"), float("nan"), None, 3.141592653589793

methods.install()
_public = {name: value for name, value in vars(dtypes).items() if isinstance(value, dtype) and name[0] != "_"} | TYPES
_public |= families.install()
globals().update(_public)

# Read when they are first asked for
_SUBMODULES = frozenset(("cuda", "linalg", "nn", "optim", "random", "return_types", "utils"))

__all__ = [
    "Size", "Tensor", "autograd", "can_cast", "device", "dtype", "e", "enable_grad", "finfo", "get_default_dtype",
    "get_printoptions", "iinfo", "inf", "is_complex", "is_floating_point", "is_grad_enabled", "is_nonzero", "is_tensor",
    "nan", "newaxis", "no_grad", "numel", "overrides", "pi", "promote_types", "result_type", "set_default_dtype",
    "set_grad_enabled", "set_printoptions", *_public, *families.LATE_FUNCTIONS, *_SUBMODULES,
]  # fmt: skip

_missing = absent.lookup("torch", lambda: __all__)


def __getattr__(name: str) -> Any:
    if name in _SUBMODULES:
        return importlib.import_module(f"{__name__}.{name}")
    if name in families.LATE_FUNCTIONS:
        return globals().setdefault(name, families.late_function(name))
    return _missing(name)


def __dir__() -> list[str]:
    return sorted(__all__)
