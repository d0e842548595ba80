"""The largest, the smallest, where they stand, and what holds for any or all, as PyTorch calls them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .. import errors, return_types
from ..ops import extremes as rows
from ..tensor import Tensor
from . import binary
from .out import accepts_out, as_input, expected_out, written
from .reduce import dims


def _extreme(name: str, whole: Any, along: Any, pairwise: Any, result: Any) -> Callable[..., Any]:
    def extreme(
        input: Tensor,
        dim: Any = None,
        keepdim: bool = False,
        *,
        other: Any = None,
        axis: int | None = None,
        out: Any = None,
    ) -> Any:
        if out is not None:
            given = (input, dim, other)
            return written(name, out, lambda: extreme(input, dim, keepdim, other=other, axis=axis), given)
        dim = axis if dim is None else dim
        if dim is None and other is None:
            return whole(input)
        known = isinstance(input, Tensor)
        if known and (isinstance(dim, Tensor) or other is not None):
            return pairwise(input, dim if other is None else other)
        if not known or not isinstance(dim, int) or isinstance(dim, bool):
            raise errors.combination(
                name,
                (input, dim),
                (
                    "(Tensor input, *, Tensor out = None)",
                    "(Tensor input, Tensor other, *, Tensor out = None)",
                    "(Tensor input, int dim, bool keepdim = False, *, tuple of Tensors out = None)",
                ),
            )
        if not input._d.ndim:
            dims(name, dim, input)
        return result(*along(input, dim, keepdim))

    extreme.__name__ = extreme.__qualname__ = name
    extreme.__doc__ = f"The {name}imum of all; with ``dim`` a pair (values, indices); with a tensor elementwise."
    return extreme


max = _extreme("max", rows.max_all, rows.max_dim, binary.FUNCTIONS["maximum"], return_types.max)
min = _extreme("min", rows.min_all, rows.min_dim, binary.FUNCTIONS["minimum"], return_types.min)


def _over_dims(name: str, row: Callable[..., Tensor]) -> Callable[..., Tensor]:
    def over(input: Tensor, dim: Any = None, keepdim: bool = False) -> Tensor:
        if isinstance(dim, tuple | list) and not dim and name in ("any", "all"):  # which then reduce over none
            return row(input, (), keepdim)
        return row(input, dims(name, dim, input), keepdim)

    over.__name__ = over.__qualname__ = name
    over.__doc__ = row.__doc__
    return over


amax, amin = _over_dims("amax", rows.amax), _over_dims("amin", rows.amin)


def _place_of(name: str, row: Callable[..., Tensor]) -> Callable[..., Tensor]:
    def place(input: Tensor, dim: Any = None, keepdim: bool = False) -> Tensor:
        d = dims(name, dim, input)
        if input._d.dtype.kind in "bc":
            kind = "bool" if input._d.dtype.kind == "b" else "complex"
            raise RuntimeError(f"{name}(): does not support {kind} input")
        return row(input, d, keepdim)

    place.__name__ = place.__qualname__ = name
    place.__doc__ = row.__doc__
    return place


argmax, argmin = _place_of("argmax", rows.argmax), _place_of("argmin", rows.argmin)
any, all = _over_dims("any", rows.any_of), _over_dims("all", rows.all_of)


def count_nonzero(input: Tensor, dim: Any = None) -> Tensor:
    """How many elements over ``dim`` are not 0."""
    return rows.count_nonzero(input, dims("count_nonzero", dim, input))


METHODS: dict[str, Any] = {f.__name__: f for f in (max, min, amax, amin, argmax, argmin, any, all, count_nonzero)}
FUNCTIONS = {
    **METHODS,
    **{f.__name__: accepts_out(f) for f in (any, all)},
    **{f.__name__: accepts_out(f, mismatch=as_input) for f in (amax, amin)},
    **{f.__name__: accepts_out(f, mismatch=expected_out) for f in (argmax, argmin)},
}
IN_PLACE: dict[str, Any] = {}
