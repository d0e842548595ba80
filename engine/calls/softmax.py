"""Softmax and its kin as PyTorch calls them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .. import dtypes, errors
from ..ops import softmax as rows
from ..tensor import Tensor
from .reduce import cast_to, dims


def _over_one(name: str, row: Callable[..., Tensor]) -> Callable[..., Tensor]:
    def over(input: Tensor, dim: Any = None, dtype: Any = None) -> Tensor:
        if dim is None:
            raise TypeError(f'{name}() missing 1 required positional arguments: "dim"')
        if dtype is not None:
            input = cast_to(input, dtype)
        elif not isinstance(input, Tensor):
            raise errors.argument(name, "input", 1, input)
        d = input._d
        if d.dtype.kind not in "fc":
            last = "_lastdim" if dim in (-1, d.ndim - 1) else ""
            raise errors.hinted(errors.not_implemented(f"{name}{last}_kernel_impl", d.dtype), "write x.float() first.")
        if not d.ndim:
            dims(name, dim, input)
        return row(input, dim)

    over.__name__ = over.__qualname__ = name
    over.__doc__ = row.__doc__
    return over


softmax, log_softmax = _over_one("softmax", rows.softmax), _over_one("log_softmax", rows.log_softmax)


def logsumexp(input: Tensor, dim: Any = None, keepdim: bool = False) -> Tensor:
    """``log Σ exp(x)`` over ``dim``, one or several; whole numbers become floats."""
    if dim is None:
        raise TypeError('logsumexp() missing 1 required positional arguments: "dim"')
    if input._d.dtype.kind not in "fc":
        input = cast_to(input, dtypes.get_default_dtype())
    return rows.logsumexp(input, dims("logsumexp", dim, input), keepdim)


FUNCTIONS = {"softmax": softmax, "log_softmax": log_softmax, "logsumexp": logsumexp}
METHODS = dict(FUNCTIONS)
IN_PLACE: dict[str, Any] = {}
