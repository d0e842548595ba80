"""Running sums and products as PyTorch calls them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..ops import cumulative as rows
from ..tensor import Tensor
from .out import in_its_dtype
from .reduce import as_ints, cast_to, dims


def _running(name: str, row: Callable[..., Tensor]) -> Callable[..., Tensor]:
    def running(input: Tensor, dim: Any = None, *, dtype: Any = None, axis: int | None = None) -> Tensor:
        dim = axis if dim is None else dim
        if dim is None:
            raise TypeError(f'{name}() missing 1 required positional arguments: "dim"')
        if not isinstance(dim, int):
            raise TypeError(f"{name}(): argument 'dim' (position 1) must be int, not {type(dim).__name__}")
        dims(name, dim, input)
        return as_ints(row(input if dtype is None else cast_to(input, dtype), dim), dtype)

    running.__name__ = running.__qualname__ = name
    running.__doc__ = row.__doc__
    return running


cumsum, cumprod = _running("cumsum", rows.cumsum), _running("cumprod", rows.cumprod)

METHODS: dict[str, Any] = {"cumsum": cumsum, "cumprod": cumprod}
FUNCTIONS = {name: in_its_dtype(f) for name, f in METHODS.items()}
IN_PLACE = {"cumsum_": cumsum, "cumprod_": cumprod}
