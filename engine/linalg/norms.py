"""Norms, condition numbers, ranks, powers and products of matrices."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import dtypes
from ..calls.linalg import matmul, vdot
from ..calls.products import broadcast_shapes_or_error
from ..calls.reduce import cast_to, dims
from ..calls.shape import dim_of
from ..ops import extremes
from ..ops import reduce as reductions
from ..ops.complexes import has_complex
from ..ops.matrix_errors import not_floating, not_matrix, not_square, title
from ..ops.padding import constant_pad_nd
from ..ops.shape import clone, permute, unsqueeze, view_as
from ..table.kernel import PUBLIC
from ..tensor import Tensor, wrap
from .factors import eigvalsh, svdvals
from .seen import seen
from .systems import inv, inv_ex

_INFINITY = float("inf")


def _summed_in(name: str, x: Tensor, dtype: Any) -> Tensor:
    """``x`` in the dtype in which a norm is to be computed."""
    if dtype is None:
        return x
    d = dtypes.numpy_of(dtype)
    if d.kind not in "fc":
        raise RuntimeError(f"{name}: dtype should be floating point or complex. Got {dtypes.OF[d].title}")
    if d.kind != "c" and has_complex(x):
        raise RuntimeError(f"{name}: dtype should be complex for complex inputs. Got {dtypes.OF[d].title}")
    if dtypes.promote(x._d.dtype, d) is not d:
        raise RuntimeError(
            f"{name}: the dtype of the input ({title(x)}) should be convertible without narrowing to the specified "
            f"dtype ({dtypes.OF[d].title})"
        )
    return cast_to(x, dtype)


@seen
def vector_norm(x: Tensor, ord: Any = 2, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
    """``(Σ|x|^ord)^(1/ord)`` over ``dim``; over every element when there is none."""
    not_floating("linalg.vector_norm", x)
    x = _summed_in("linalg.vector_norm", x, dtype)
    return reductions.vector_norm(x, float(ord), dims("linalg_vector_norm", dim, x), keepdim)


@seen
def matrix_norm(
    A: Tensor, ord: Any = "fro", dim: Sequence[int] = (-2, -1), keepdim: bool = False, *, dtype: Any = None
) -> Tensor:
    """The norm of matrices: "fro", "nuc", 2 and -2 (singular values), 1 and -1 (columns), inf and -inf (rows)."""
    not_matrix("linalg.matrix_norm", A)
    not_floating("linalg.matrix_norm", A)
    if isinstance(dim, int) or len(dim) != 2:
        raise RuntimeError("linalg.matrix_norm: dim must be a 2-tuple. Got " + " ".join(map(str, np.atleast_1d(dim))))
    n = A._d.ndim
    row, column = (dim_of(d, n) for d in dim)
    if row == column:
        raise RuntimeError(f"linalg.matrix_norm: dims must be different. Got ({dim[0]}, {dim[1]})")
    A = _summed_in("linalg.matrix_norm", A, dtype)
    if ord == "fro":
        return reductions.vector_norm(A, 2.0, (row, column), keepdim)
    if ord == "nuc" or ord in (2, -2):
        return _of_singular_values(A, ord, row, column, keepdim)
    if isinstance(ord, str):
        raise RuntimeError(f"linalg.matrix_norm: Order {ord} not supported.")
    if ord not in (1, -1, _INFINITY, -_INFINITY):
        raise RuntimeError(f"linalg.matrix_norm: Order {ord} not supported.")
    over, then = (row, column) if abs(ord) == 1 else (column, row)
    if not A._d.size and (ord > 0 or ord == -1):
        A = _not_empty(A, row, column)
    sums = reductions.vector_norm(A, 1.0, over, keepdim)
    then -= not keepdim and over < then
    return (extremes.amax if ord > 0 else extremes.amin)(sums, then, keepdim)


def _not_empty(A: Tensor, row: int, column: int) -> Tensor:
    """An empty matrix with zeros around it: its norm is 0."""
    shape = A._d.shape
    missing = [int(d in (row, column) and not n) for d, n in enumerate(shape)]
    return constant_pad_nd(A, tuple([side for m in reversed(missing) for side in (0, m)]), 0)


def _of_singular_values(A: Tensor, ord: Any, row: int, column: int, keepdim: bool) -> Tensor:
    n = A._d.ndim
    rest = [d for d in range(n) if d not in (row, column)]
    if not A._d.size and ord == 2:
        A = _not_empty(A, row, column)
    values = svdvals(permute(A, (*rest, row, column)))
    last = n - 2
    if ord == "nuc":
        out = reductions.sum(values, last, keepdim)
    else:
        out = (extremes.amax if ord > 0 else extremes.amin)(values, last, keepdim)
    if not keepdim:
        return out
    order = [*rest, row, column]
    return permute(unsqueeze(out, n - 1), tuple([order.index(d) for d in range(n)]))


@seen
def norm(A: Tensor, ord: Any = None, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
    """The norm of vectors or of matrices, as ``dim`` says; without ``ord`` that of all elements as one vector."""
    n = A._d.ndim
    several = isinstance(dim, tuple | list)
    if isinstance(ord, str):
        if dim is None and n != 2:
            raise RuntimeError(
                "linalg.norm: If dim is not specified but ord is, the input must be 1D or 2D. Got " + f"{n}D."
            )
        return matrix_norm(A, ord, (-2, -1) if dim is None else dim, keepdim, dtype=dtype)
    if ord is None:
        return vector_norm(A, 2, dim, keepdim, dtype=dtype)
    if dim is not None:
        if several and len(dim) not in (1, 2):
            raise RuntimeError("linalg.norm: If dim is specified, it must be of length 1 or 2. Got " + str(list(dim)))
        if several and len(dim) == 2:
            return matrix_norm(A, ord, dim, keepdim, dtype=dtype)
        return vector_norm(A, ord, dim, keepdim, dtype=dtype)
    if n not in (1, 2):
        raise RuntimeError(
            "linalg.norm: If dim is not specified but ord is, the input must be 1D or 2D. Got " + f"{n}D."
        )
    return (
        matrix_norm(A, ord, (-2, -1), keepdim, dtype=dtype)
        if n == 2
        else vector_norm(A, ord, dim, keepdim, dtype=dtype)
    )


@seen
def cond(A: Tensor, p: Any = None) -> Tensor:
    """The condition number: the ratio of the largest and smallest singular value, or ``‖A‖ ‖A⁻¹‖`` by other norms."""
    not_matrix("linalg.cond", A)
    if p is None or p in (2, -2):
        values = svdvals(A)
        k, last = values._d.shape[-1], values._d.ndim - 1
        if not k:
            return wrap(np.zeros(A._d.shape[:-2], values._d.dtype))
        large = PUBLIC["slice_of"](values, last, 0, 1, 1)
        small = PUBLIC["slice_of"](values, last, k - 1, k, 1)
        out = large / small if p != -2 else small / large
        return PUBLIC["squeeze"](out, last)
    if isinstance(p, str) and p not in ("fro", "nuc"):
        raise RuntimeError(f"linalg.cond got an invalid norm type: {p}")
    if not isinstance(p, str) and p not in (1, -1, _INFINITY, -_INFINITY):
        raise RuntimeError(f"linalg.cond got an invalid norm type: {float(p)}")
    not_square(f"linalg.cond(ord={p})", A)
    if not A._d.shape[-1]:
        return wrap(np.zeros(A._d.shape[:-2], A._d.real.dtype))
    inverse, info = inv_ex(A)
    bad = info._d > 0
    if np.any(bad):
        inverse = PUBLIC["masked_fill"](inverse, wrap(np.asarray(bad)[..., None, None]), _INFINITY)
    out = matrix_norm(A, p) * matrix_norm(inverse, p)
    return PUBLIC["nan_to_num"](out, _INFINITY, _INFINITY, -_INFINITY) if p != "nuc" else out


@seen
def matrix_rank(A: Tensor, tol: Any = None, hermitian: bool = False, *, atol: Any = None, rtol: Any = None) -> Tensor:
    """How many singular values are above ``max(atol, rtol · the largest)``."""
    not_matrix("linalg.matrix_rank", A)
    not_floating("linalg.matrix_rank", A)
    A = A.detach()
    values = abs(eigvalsh(A)._d) if hermitian else svdvals(A)._d
    if tol is not None:
        limit = np.asarray(getattr(tol, "_d", tol))
    else:
        absolute, relative = tolerances("linalg.matrix_rank", A, atol, rtol)
        largest = np.max(values, axis=-1, initial=0)
        limit = np.maximum(absolute, relative * largest)
    return wrap(np.add.reduce(values > limit[..., None], -1, np.int64))


def tolerances(name: str, A: Tensor, atol: Any, rtol: Any) -> tuple[Any, Any]:
    """Absolute and relative tolerance as PyTorch has them: by default ``max(n, m) · eps``, relative."""
    for label, value in (("atol", atol), ("rtol", rtol)):
        if isinstance(value, Tensor) and value._d.dtype.kind == "c":
            raise RuntimeError(f"{name}: {label} tensor of complex type is not supported. Got {value.dtype.title}")
    eps = np.finfo(A._d.real.dtype).eps * max(A._d.shape[-2:])
    absolute = np.asarray(0.0 if atol is None else getattr(atol, "_d", atol), np.float64)
    if rtol is not None:
        return absolute, np.asarray(getattr(rtol, "_d", rtol), np.float64)
    return absolute, np.where(absolute > 0, 0.0, eps)


@seen
def matrix_power(A: Tensor, n: int) -> Tensor:
    """``A @ A @ ... @ A``, n times; of the inverse for a negative n."""
    if A._d.ndim < 2:
        raise RuntimeError("linalg.matrix_power: The input tensor A must have at least 2 dimensions.")
    not_square("linalg.matrix_power", A)
    if n == 0:
        out = clone(A)
        ones = np.broadcast_to(np.eye(A._d.shape[-1], dtype=A._d.dtype), A._d.shape)
        return out.copy_(wrap(ones.copy()))
    if n == 1:
        return clone(A)
    if n < 0:
        A, n = inv(A), -n
    if n == 1:
        return A
    if n == 3:
        return matmul(matmul(A, A), A)
    out, base = None, A
    while n:
        if n % 2:
            out = base if out is None else matmul(out, base)
        n //= 2
        if n:
            base = matmul(base, base)
    assert out is not None  # n is not 0, so some bit was set
    return out


@seen
def multi_dot(tensors: Sequence[Tensor]) -> Tensor:
    """The product of several matrices, in the order that takes fewest multiplications."""
    xs = list(tensors)
    n = len(xs)
    if n < 2:
        raise RuntimeError(f"multi_dot(): expected at least 2 tensors but got {n}")
    first, last = xs[0]._d.ndim, xs[-1]._d.ndim
    for d, which in ((first, "first"), (last, "last")):
        if d not in (1, 2):
            raise RuntimeError(f"multi_dot(): the {which} tensor must be 1D or 2D but got {d}D")
    shape: list[int] = []
    if first == 1:
        xs[0] = unsqueeze(xs[0], 0)
    else:
        shape.append(xs[0]._d.shape[0])
    if last == 1:
        xs[-1] = unsqueeze(xs[-1], 1)
    else:
        shape.append(xs[-1]._d.shape[1])
    for i, x in enumerate(xs):
        if x._d.ndim != 2:
            raise RuntimeError(f"multi_dot(): tensor {i} must be 2D but got {x._d.ndim}D")
        if i and x._d.dtype is not xs[0]._d.dtype:
            raise RuntimeError(
                f"multi_dot(): all tensors must have be the same dtype but tensor 0 is {xs[0].dtype.title} and tensor "
                f"{i} {x.dtype.title}"
            )
        if i and xs[i - 1]._d.shape[1] != x._d.shape[0]:
            raise RuntimeError(
                f"multi_dot(): tensors {i - 1} and {i} with shapes {list(xs[i - 1]._d.shape)} and "
                f"{list(x._d.shape)} cannot be multiplied"
            )
    return view_as(_in_best_order(xs), tuple(shape))


def _in_best_order(xs: list[Tensor]) -> Tensor:
    if len(xs) == 2:
        return matmul(xs[0], xs[1])
    if len(xs) == 3:
        (a, b), c, d = xs[0]._d.shape, xs[1]._d.shape[1], xs[2]._d.shape[1]
        if a * c * (b + d) < b * d * (a + c):
            return matmul(matmul(xs[0], xs[1]), xs[2])
        return matmul(xs[0], matmul(xs[1], xs[2]))
    sizes = [x._d.shape[0] for x in xs] + [xs[-1]._d.shape[1]]
    n = len(xs)
    cost = [[0] * n for _ in range(n)]
    split = [[0] * n for _ in range(n)]
    for length in range(1, n):
        for i in range(n - length):
            j = i + length
            cost[i][j], split[i][j] = min(
                (cost[i][k] + cost[k + 1][j] + sizes[i] * sizes[k + 1] * sizes[j + 1], k) for k in range(i, j)
            )

    def product(i: int, j: int) -> Tensor:
        return xs[i] if i == j else matmul(product(i, split[i][j]), product(split[i][j] + 1, j))

    return product(0, n - 1)


@seen
def vecdot(x: Tensor, y: Tensor, *, dim: int = -1) -> Tensor:
    """``Σ conj(x) y`` along ``dim``."""
    for v in (x, y):
        not_floating("linalg.vecdot", v)
    if x._d.ndim == 1 and y._d.ndim == 1:
        return vdot(x, y)
    broadcast_shapes_or_error(x._d.shape, y._d.shape)
    d = dim_of(dim, max(x._d.ndim, y._d.ndim))
    return reductions.sum((PUBLIC["conj"](x) if has_complex(x) else x) * y, d)


@seen
def vander(x: Tensor, N: int | None = None) -> Tensor:
    """Columns of powers: ``out[..., i, j] = x[..., i]^j``."""
    if x._d.dtype.kind == "b":
        raise RuntimeError("linalg.vander: bool tensor is not supported")
    if not x._d.ndim and N is None:
        raise RuntimeError("N must be greater than 1.")
    n = x._d.shape[-1] if N is None else N
    if n <= 1:
        raise RuntimeError("N must be greater than 1.")
    d = x._d.dtype if x._d.dtype.kind in "fc" else np.dtype(np.int64)
    x = x if x._d.ndim else unsqueeze(x, 0)
    wide = PUBLIC["expand_to"](unsqueeze(x, x._d.ndim), (*x._d.shape, n - 1))
    powers = PUBLIC["cumprod"](wide, x._d.ndim)
    return PUBLIC["cat"]([wrap(np.ones((*x._d.shape, 1), d)), powers], x._d.ndim)
