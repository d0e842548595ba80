"""Products added to something, cross products, Kronecker products, distances as PyTorch calls them."""

from __future__ import annotations

from typing import Any

from .. import errors
from ..mode import overridable
from ..ops import arithmetic
from ..ops import products as rows
from ..ops import shape as shapes
from ..ops.matrix_errors import different_addbmm, different_addmv, different_addr, different_baddbmm, title
from ..tensor import Tensor
from .cast import converted
from .shape import broadcast_shapes, dim_of


def _checked(name: str, row: Any, check: Any, convert: bool = False) -> Any:
    def front(input: Tensor, x: Tensor, y: Tensor, *, beta: Any = 1, alpha: Any = 1) -> Tensor:
        for i, (label, t) in enumerate(zip(row.row.params[:3], (input, x, y), strict=True), 1):
            if not isinstance(t, Tensor):
                raise errors.argument(name, "input" if i == 1 else label, i, t)
        if (told := check(input, x, y, beta, alpha)) is not None:
            raise told
        if convert:
            from .. import dtypes

            d = dtypes.result_type([t._d.dtype for t in (input, x, y)], [], [])
            input, x, y = (converted(t, d) for t in (input, x, y))
            if d.kind in "biu" and (isinstance(beta, float) or isinstance(alpha, float)):
                which = "alpha" if isinstance(alpha, float) else "beta"
                raise RuntimeError(f"For integral input tensors, argument {which} must not be a floating point number.")
        return row(input, x, y, beta, alpha)

    front.__name__ = front.__qualname__ = name
    front.__doc__ = row.__doc__
    return overridable(front)


addmv = _checked("addmv", rows.addmv, different_addmv)
addr = _checked("addr", rows.addr, different_addr, convert=True)
baddbmm = _checked("baddbmm", rows.baddbmm, different_baddbmm)
addbmm = _checked("addbmm", rows.addbmm, different_addbmm)


def linalg_cross(input: Tensor, other: Tensor, *, dim: int = -1) -> Tensor:
    """The cross product of vectors of three along ``dim``."""
    a, b = input._d.shape, other._d.shape
    if len(a) != len(b):
        raise RuntimeError("linalg.cross: inputs must have the same number of dimensions.")
    d = dim_of(dim, len(a))
    if a[d] != 3 or b[d] != 3:
        raise RuntimeError(f"linalg.cross: inputs dimension {dim} must have length 3. Got {a[d]} and {b[d]}")
    broadcast_shapes_or_error(a, b)
    if input._d.dtype is not other._d.dtype:
        from .. import dtypes

        to = dtypes.result_type([input._d.dtype, other._d.dtype], [], [])
        input, other = converted(input, to), converted(other, to)
    return rows.linalg_cross(input, other, d)


def broadcast_shapes_or_error(a: tuple[int, ...], b: tuple[int, ...]) -> tuple[int, ...]:
    """The shape that two broadcast to; PyTorch's error of elementwise operations where they do not."""
    try:
        return tuple(broadcast_shapes(a, b))
    except RuntimeError:
        raise errors.no_broadcast(a, b) from None


@overridable
def cross(input: Tensor, other: Tensor, dim: int | None = None) -> Tensor:
    """The cross product along ``dim``, by default the first dimension of three."""
    if dim is None:
        threes = [i for i, n in enumerate(input._d.shape) if n == 3]
        if not threes:
            raise RuntimeError("no dimension of size 3 in input")
        dim = threes[0]
    return linalg_cross(input, other, dim=dim)


@overridable
def kron(input: Tensor, other: Tensor) -> Tensor:
    """The Kronecker product: ``other`` times each entry of ``input``, side by side."""
    n = max(input._d.ndim, other._d.ndim)
    a, b = ((1,) * (n - t._d.ndim) + t._d.shape for t in (input, other))
    x = shapes.unsafe_view(input, tuple([m for size in a for m in (size, 1)]))
    y = shapes.unsafe_view(other, tuple([m for size in b for m in (1, size)]))
    return shapes.unsafe_view(arithmetic.mul(x, y), tuple([i * j for i, j in zip(a, b, strict=True)]))


@overridable
def cdist(x1: Tensor, x2: Tensor, p: float = 2.0, compute_mode: str = "use_mm_for_euclid_dist_if_necessary") -> Tensor:
    """The p-norm of every difference of a row of ``x1`` and a row of ``x2``.

    Shapes: (..., n, k) and (..., m, k) -> (..., n, m).
    """
    modes = (
        "use_mm_for_euclid_dist_if_necessary", "use_mm_for_euclid_dist", "donot_use_mm_for_euclid_dist",
    )  # fmt: skip
    if compute_mode not in modes:
        raise ValueError(f"{compute_mode} is not a valid value for compute_mode")
    for name, x in (("X1", x1), ("X2", x2)):
        if x._d.ndim < 2:
            raise RuntimeError(f"cdist only supports at least 2D tensors, {name} got: {x._d.ndim}D")
    for name, x in (("X1", x1), ("X2", x2)):
        if x._d.dtype.kind != "f":
            raise RuntimeError(f"cdist only supports floating-point dtypes, {name} got: {title(x)}")
    if x1._d.shape[-1] != x2._d.shape[-1]:
        raise RuntimeError(
            f"X1 and X2 must have the same number of columns. X1: {x1._d.shape[-1]} X2: {x2._d.shape[-1]}"
        )
    if p < 0:
        raise RuntimeError("cdist only supports non-negative p values")
    if x1._d.dtype is not x2._d.dtype:
        raise RuntimeError(f"expected scalar type {title(x1)} but found {title(x2)}")
    broadcast_shapes_or_error(x1._d.shape[:-2], x2._d.shape[:-2])
    n, m = x1._d.shape[-2], x2._d.shape[-2]
    by_products = compute_mode == modes[1] or (compute_mode == modes[0] and (n > 25 or m > 25))
    if p == 2 and by_products and n and m and x1._d.shape[-1]:
        batch = broadcast_shapes_or_error(x1._d.shape[:-2], x2._d.shape[:-2])
        x1, x2 = (x if x._d.shape[:-2] == batch else shapes.expand_to(x, (*batch, *x._d.shape[-2:])) for x in (x1, x2))
        out = rows.euclidean_dist(x1, x2)
        return shapes.view_as(out, out._d.shape)
    return rows.cdist(x1, x2, float(p))


FUNCTIONS: dict[str, Any] = {
    "addmv": addmv, "addr": addr, "baddbmm": baddbmm, "addbmm": addbmm, "cross": cross, "kron": kron, "cdist": cdist,
}  # fmt: skip
METHODS = {name: FUNCTIONS[name] for name in ("addmv", "addr", "baddbmm", "addbmm", "cross", "kron")}
IN_PLACE = {name + "_": FUNCTIONS[name] for name in ("addmv", "addr", "baddbmm", "addbmm")}
