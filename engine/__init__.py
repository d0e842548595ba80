"""An autograd engine on NumPy with PyTorch's API and semantics: ``import engine as torch``."""

from __future__ import annotations

from . import absent, autograd, cuda, dtypes, general, inplace, ops, overrides, random  # noqa: F401  some only register
from .calls import FAMILIES
from .dtypes import dtype, get_default_dtype, set_default_dtype
from .legacy import TYPES
from .methods import install
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

install()

from . import linalg, nn, optim, return_types, utils  # noqa: E402  they use the methods that were just bound

e, inf, nan, newaxis, pi = 2.718281828459045, float("inf"), float("nan"), None, 3.141592653589793

_public = {name: value for name, value in vars(dtypes).items() if isinstance(value, dtype) and name[0] != "_"} | TYPES
for _family in FAMILIES:
    _public |= _family.FUNCTIONS
globals().update(_public)

__all__ = [
    "Size", "Tensor", "autograd", "can_cast", "cuda", "device", "dtype", "e", "enable_grad", "finfo",
    "get_default_dtype", "get_printoptions", "iinfo", "inf", "is_complex", "is_floating_point", "is_grad_enabled",
    "is_nonzero", "is_tensor", "linalg", "nan", "newaxis", "nn", "no_grad", "numel", "optim", "overrides", "pi",
    "promote_types", "random", "result_type", "return_types", "set_default_dtype", "set_grad_enabled",
    "set_printoptions", "utils", *_public,
]  # fmt: skip

__getattr__ = absent.lookup("torch", lambda: __all__)


def __dir__() -> list[str]:
    return sorted(__all__)
