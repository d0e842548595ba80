"""Differences and sums of samples as PyTorch calls them: ``diff``, ``gradient``, the trapezoidal rule."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import dtypes
from ..mode import overridable
from ..ops.join import cat
from ..ops.shape import clone, select, slice_of
from ..tensor import Tensor, wrap
from .cumulative import cumsum
from .reduce import cast_to
from .shape import dim_of, dims_of


def _between(x: Tensor, dim: int, start: int, stop: int) -> Tensor:
    """Entries ``start`` to ``stop`` along ``dim``, both counted from the front, or from the end if negative."""
    start, stop, _ = slice(start, stop or None).indices(x._d.shape[dim])
    return slice_of(x, dim, start, stop, 1)


# ------------------------------------------------------------------------------------------------ differences
@overridable
def diff(
    input: Tensor, n: int = 1, dim: int = -1, prepend: Tensor | None = None, append: Tensor | None = None
) -> Tensor:
    """Differences of neighbours along ``dim``, taken ``n`` times."""
    if not input._d.ndim:
        raise RuntimeError("diff expects input to be at least one-dimensional")
    if n < 0:
        raise RuntimeError(f"order must be non-negative but got {n}")
    d = dim_of(dim, input._d.ndim)
    for t in (prepend, append):
        if t is not None:
            _check_joined(input, t, d)
    if not n:
        return clone(input)
    parts = [t for t in (prepend, input, append) if t is not None]
    x = cat(parts, d) if len(parts) > 1 else input
    for _ in range(min(n, x._d.shape[d])):
        later, earlier = _between(x, d, 1, 0), _between(x, d, 0, -1)
        x = later.logical_xor(earlier) if x._d.dtype.kind == "b" else later - earlier
    return x


def _check_joined(input: Tensor, t: Tensor, dim: int) -> None:
    if t._d.ndim != input._d.ndim:
        raise RuntimeError("diff expects prepend or append to be the same dimension as input")
    for i, (n, m) in enumerate(zip(input._d.shape, t._d.shape, strict=True)):
        if i != dim and n != m:
            raise RuntimeError(
                "diff expects the shape of tensor to prepend or append to match that of input except along the "
                f"differencing dimension; input.size({i}) = {n}, but got tensor.size({i}) = {m}"
            )


@overridable
def gradient(input: Tensor, *, spacing: Any = 1, dim: Any = None, edge_order: int = 1) -> tuple[Tensor, ...]:
    """The derivative of samples along each of ``dim``: central differences inside, one-sided ones at the ends.

    ``spacing``: the distance of samples, one for all or one for each dimension, or tensors of coordinates.
    """
    if input._d.dtype.char == "B":
        raise RuntimeError("torch.gradient does not support uint8 input.")
    n, spacing = input._d.ndim, 1 if spacing is None else spacing
    along = list(range(n)) if dim is None else list(dims_of(dim, n))
    listed = isinstance(spacing, tuple | list)
    if listed and len(spacing) != (n if dim is None else len(along)):
        _raise_lengths(input, dim, spacing, along)
    if edge_order not in (1, 2):
        raise RuntimeError("torch.gradient only supports edge_order=1 and edge_order=2.")
    steps = list(spacing) if listed else [spacing] * len(along)
    for d in along:
        if input._d.shape[d] < edge_order + 1:
            raise RuntimeError("torch.gradient expected each dimension size to be at least edge_order+1")
    if any(isinstance(step, Tensor) and step._d.ndim != 1 for step in steps):
        wrong = next(step._d.ndim for step in steps if isinstance(step, Tensor) and step._d.ndim != 1)
        raise RuntimeError(
            f"torch.gradient expected each element of spacing to have one dimension, but got an element with {wrong} "
            "dimensions!"
        )
    if input._d.dtype.kind not in "fc":
        input = cast_to(input, dtypes.get_default_dtype())
    return tuple([_along(input, step, d, edge_order) for step, d in zip(steps, along, strict=True)])


def _raise_lengths(input: Tensor, dim: Any, spacing: Any, along: list[int]) -> None:
    if dim is None:
        raise RuntimeError(
            "torch.gradient expected spacing to be unspecified, a scalar, or a list of length equal to 'self.dim() = "
            f"{input._d.ndim}', since dim argument was not given, but got a list of length {len(spacing)}"
        )
    raise RuntimeError(
        "torch.gradient expected spacing to be unspecified, a scalar or it's spacing and dim arguments to have the "
        f"same length, but got a spacing argument of length {len(spacing)} and a dim argument of length {len(along)}."
    )


def _along(x: Tensor, step: Any, d: int, order: int) -> Tensor:
    return (_by_coordinates if isinstance(step, Tensor) else _by_step)(x, step, d, order)


def _by_step(x: Tensor, step: Any, d: int, order: int) -> Tensor:
    def at(i: int) -> Tensor:
        return _between(x, d, i, i + 1)

    if order == 1:
        first, last = (at(1) - at(0)) / step, (at(-1) - at(-2)) / step
    else:
        first = (at(0) * -1.5 + at(1) * 2 - at(2) * 0.5) / step
        last = (at(-3) * 0.5 - at(-2) * 2 + at(-1) * 1.5) / step
    return cat([first, (_between(x, d, 2, 0) - _between(x, d, 0, -2)) / step / 2, last], d)


def _by_coordinates(x: Tensor, places: Tensor, d: int, order: int) -> Tensor:
    shape = [1] * x._d.ndim
    shape[d] = -1

    def at(i: int) -> Tensor:
        return _between(x, d, i, i + 1)

    def three(weights: Any, parts: Any) -> Tensor:
        (a, b, c), (first, second, third) = weights, parts
        return a * first + b * second + c * third

    h = diff(places)
    one, two = h[:-1], h[1:]
    weights = [-two / (one * (one + two)), (two - one) / (one * two), one / (two * (one + two))]
    inside = (_between(x, d, 0, -2), _between(x, d, 1, -1), _between(x, d, 2, 0))
    middle = three([w.reshape(shape) for w in weights], inside)
    if order == 1:
        first, last = (at(1) - at(0)) / h[0], (at(-1) - at(-2)) / h[-1]
    else:
        p, q = h[0], h[1]
        weights = [-(2 * p + q) / (p * (p + q)), (p + q) / (p * q), -p / (q * (p + q))]
        first = three(weights, (at(0), at(1), at(2)))
        p, q = h[-2], h[-1]
        weights = [q / (p * (p + q)), -(q + p) / (p * q), (2 * q + p) / (q * (p + q))]
        last = three(weights, (at(-3), at(-2), at(-1)))
    return cat([first, middle, last], d)


# ------------------------------------------------------------------------------------------------ the trapezoidal rule
def _step(name: str, y: Tensor, x: Tensor, d: int) -> Tensor:
    """Distances of the places ``x`` of samples ``y`` along ``d``."""
    if x._d.ndim == 1:
        if x._d.shape[0] != y._d.shape[d]:
            raise RuntimeError(f"{name}: There must be one `x` value for each sample point")
        x = x.view([-1 if i == d else 1 for i in range(y._d.ndim)])
    elif x._d.ndim < y._d.ndim:
        x = x.view((1,) * (y._d.ndim - x._d.ndim) + x._d.shape)
    return x.narrow(d, 1, x._d.shape[d] - 1) - x.narrow(d, 0, x._d.shape[d] - 1)


def _no_bool(name: str, y: Tensor, x: Any) -> None:
    for label, t in (("y", y), ("x", x)):
        if isinstance(t, Tensor) and t._d.dtype.kind == "b":
            raise RuntimeError(f"{name}: received a bool input for `{label}`, but bool is not supported")


def _both(y: Tensor, d: int) -> Tensor:
    return _between(y, d, 0, -1) + _between(y, d, 1, 0)


@overridable
def trapezoid(y: Tensor, x: Tensor | None = None, *, dx: Any = 1, dim: int = -1) -> Tensor:
    """The integral along ``dim`` of samples ``y``, a distance ``dx`` apart or at the places ``x``."""
    if not y._d.ndim:
        raise IndexError(f"Dimension specified as {dim} but tensor has no dimensions")
    d = dim_of(dim, y._d.ndim)
    if not y._d.shape[d]:
        return wrap(np.zeros((*y._d.shape[:d], *y._d.shape[d + 1 :]), y._d.dtype))
    _no_bool("trapezoid", y, x)
    if x is not None:
        return (_both(y, d) * _step("trapezoid", y, x, d)).sum(d) / 2.0
    return (y.sum(d) - (select(y, d, 0) + select(y, d, y._d.shape[d] - 1)) * 0.5) * dx


@overridable
def cumulative_trapezoid(y: Tensor, x: Tensor | None = None, *, dx: Any = 1, dim: int = -1) -> Tensor:
    """The running integral along ``dim`` of samples ``y``, a distance ``dx`` apart or at the places ``x``."""
    _no_bool("cumulative_trapezoid", y, x)
    if not y._d.ndim:
        raise IndexError("slice() cannot be applied to a 0-dim tensor.")
    d = dim_of(dim, y._d.ndim)
    if x is not None:
        return cumsum(_both(y, d) * _step("cumulative_trapezoid", y, x, d), d) / 2.0
    return cumsum(dx / 2.0 * _both(y, d), d)


METHODS: dict[str, Any] = {"diff": diff}
FUNCTIONS: dict[str, Any] = {
    "diff": diff, "gradient": gradient, "trapezoid": trapezoid, "trapz": trapezoid,
    "cumulative_trapezoid": cumulative_trapezoid,
}  # fmt: skip
IN_PLACE: dict[str, Any] = {}
