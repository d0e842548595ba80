"""Products of matrices and vectors as PyTorch calls them: ``matmul`` of anything with anything, ``linear``."""

from __future__ import annotations

import math
from typing import Any

from .. import errors
from ..mode import here, overridable, overridden
from ..ops import arithmetic
from ..ops import linalg as rows
from ..ops import shape as shapes
from ..ops.linalg_errors import different_bmm, different_dot, different_mm, different_mv
from ..table.kernel import PUBLIC, RAW
from ..tensor import Tensor, box
from .out import accepts_out, expected_out, of_two
from .shape import broadcast_shapes, dim_of

mm_of = rows.mm


# ------------------------------------------------ products
def mm(input: Tensor, mat2: Tensor) -> Tensor:
    """The product of two matrices."""
    _tensors("mm", input, mat2, "mat2")
    if input._d.ndim != 2 or mat2._d.ndim != 2:
        raise different_mm(input, mat2) or AssertionError
    return mm_of(input, mat2)


def mv(input: Tensor, vec: Tensor) -> Tensor:
    """The product of a matrix and a vector."""
    _tensors("mv", input, vec, "vec")
    if input._d.ndim != 2 or vec._d.ndim != 1:
        raise different_mv(input, vec) or AssertionError
    return rows.mv(input, vec)


def dot(input: Tensor, tensor: Tensor) -> Tensor:
    """The inner product of two vectors."""
    _tensors("dot", input, tensor, "tensor")
    if input._d.ndim != 1 or tensor._d.ndim != 1:
        raise different_dot(input, tensor) or AssertionError
    return rows.dot(input, tensor)


def vdot(input: Tensor, other: Tensor) -> Tensor:
    """The inner product of two vectors, the first of them conjugated."""
    _tensors("vdot", input, other, "other")
    told = different_dot(input, other, "vdot")
    if told is not None:
        raise told
    return rows.vdot(input, other)


def bmm(input: Tensor, mat2: Tensor) -> Tensor:
    """The products of the matrices in two batches, pair by pair."""
    _tensors("bmm", input, mat2, "mat2")
    told = different_bmm(input, mat2)  # NumPy would broadcast
    if told is not None:
        raise told
    return rows.bmm(input, mat2)


def addmm(input: Tensor, mat1: Tensor, mat2: Tensor, *, beta: float = 1, alpha: float = 1) -> Tensor:
    """``beta · input + alpha · mat1 @ mat2``; ``input`` broadcasts."""
    return rows.addmm(input, mat1, mat2, beta, alpha)


@overridable
def outer(input: Tensor, vec2: Tensor) -> Tensor:
    """``out[i, j] = input[i] · vec2[j]``."""
    for i, x in enumerate((input, vec2), 1):
        if x._d.ndim != 1:
            name = "input" if i == 1 else "vec2"
            raise RuntimeError(f"outer: Expected 1-D argument {'self' if i == 1 else name}, but got {x._d.ndim}-D")
    return arithmetic.mul(shapes.view_as(input, (input._d.size, 1)), vec2)


def matmul(input: Tensor, other: Tensor) -> Tensor:
    """The matrix product ``input @ other``.

    Shapes: (n, k) @ (k, m) -> (n, m). A vector counts as a row on the left and as a column on the right, and leaves no
    dimension behind; dimensions before the last two are batches, which broadcast.
    """
    if RAW["BUSY"] and here.modes:
        return overridden(matmul, (input, other), {})
    try:
        n, m = input._d.ndim, other._d.ndim
    except AttributeError:
        _tensors("matmul", input, other, "other")
        raise
    if n == 2 and m == 2:
        return mm_of(input, other)
    if not n or not m:
        raise RuntimeError(f"both arguments to matmul need to be at least 1D, but they are {n}D and {m}D")
    if n == 1 and m == 1:
        return rows.dot(input, other)
    if n == 2 and m == 1:
        return rows.mv(input, other)
    if n == 1 and m == 2:
        return rows.drop_dim(mm_of(shapes.unsqueeze(input, 0), other), 0)
    a, b = _without_batch_of_one(input, other) if n == m == 3 else (input, other)
    return _folded(a, b) if _folds(a, b) else _batched(input, other)


def _without_batch_of_one(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """Two batches of matrices; where only one of them holds a single matrix, that one as a matrix."""
    one, other = x._d.shape[0] == 1, y._d.shape[0] == 1
    if one == other:
        return x, y
    return (shapes.squeeze(x, 0), y) if one else (x, shapes.squeeze(y, 0))


PUBLIC["matmul"] = matmul  # formulas of decompositions call it


def _tensors(name: str, input: Any, other: Any, called: str) -> None:
    if not isinstance(input, Tensor):
        raise errors.argument(name, "input", 1, input)
    if not isinstance(other, Tensor):
        raise errors.argument(name, called, 2, other)


def _folds(x: Tensor, y: Tensor) -> bool:
    """Whether one product of two matrices will do: one side has batches, the other none."""
    n, m = x._d.ndim, y._d.ndim
    large, small = (x, y) if n >= m else (y, x)
    if large._d.ndim < 3 or small._d.ndim > 2:
        return False
    if small._n is not None or not large._d.size:
        return True
    if n == 2:
        return False
    d = box(large) if n >= m else box(large).swapaxes(-1, -2)
    return all(d.strides[i] == d.strides[i + 1] * d.shape[i + 1] for i in range(d.ndim - 2))


def _folded(x: Tensor, y: Tensor) -> Tensor:
    """The batches of one side as rows of a single matrix."""
    turned = x._d.ndim < y._d.ndim
    if turned:
        x, y = shapes.transpose(y, y._d.ndim - 2, y._d.ndim - 1), shapes.t(x) if x._d.ndim == 2 else x
    shape = x._d.shape
    flat = shapes.reshaped(x, (math.prod(shape[:-1]), shape[-1]))
    if y._d.ndim == 1:
        return shapes.unsafe_view(rows.mv(flat, y), shape[:-1])
    out = shapes.unsafe_view(mm_of(flat, y), (*shape[:-1], y._d.shape[1]))
    if not turned:
        return out
    out = shapes.transpose(out, out._d.ndim - 2, out._d.ndim - 1)
    return out if out.is_contiguous() else shapes.clone(out, "C")


def _batched(x: Tensor, y: Tensor) -> Tensor:
    """A product for each pair of matrices, after broadcasting the batches."""
    left = x._d.shape[:-2]
    right = y._d.shape[:-2]
    n, k = (1, x._d.shape[0]) if x._d.ndim == 1 else x._d.shape[-2:]
    k2, m = (y._d.shape[0], 1) if y._d.ndim == 1 else y._d.shape[-2:]
    try:
        batch = tuple(broadcast_shapes(left, right))
    except RuntimeError:
        raise errors.no_broadcast(left, right) from None
    count = math.prod(batch)
    xs = shapes.reshaped(shapes.expand_to(x, (*batch, n, k)), (count, n, k))
    ys = shapes.unsqueeze(y, 1) if y._d.ndim == 1 else y
    ys = shapes.reshaped(shapes.expand_to(ys, (*batch, k2, m)), (count, k2, m))
    shape = batch + ((n,) if x._d.ndim > 1 else ()) + ((m,) if y._d.ndim > 1 else ())
    return shapes.unsafe_view(bmm(xs, ys), shape)


def _operator(self: Tensor, other: Any) -> Any:
    return matmul(self, other) if isinstance(other, Tensor) else NotImplemented


def _reflected(self: Tensor, other: Any) -> Any:
    return matmul(other, self) if isinstance(other, Tensor) else NotImplemented


def linear(input: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """``input @ weight.T + bias``.

    Shapes: input (..., k), weight (m, k), bias (m,) -> (..., m).
    """
    if RAW["BUSY"] and here.modes:
        return overridden(linear, (input, weight, bias), {})
    turned = shapes.t(weight)
    if bias is None:
        return matmul(input, turned)
    d = input._d
    if d.ndim == 2 and weight._d.ndim == 2:
        return rows.addmm(bias, input, turned, 1, 1)
    if weight._d.ndim == 2 and bias._d.ndim == 1 and d.ndim and input.is_contiguous():
        flat = shapes.view_as(input, (math.prod(d.shape[:-1]), d.shape[-1]))
        return shapes.view_as(rows.addmm(bias, flat, turned, 1, 1), (*d.shape[:-1], weight._d.shape[0]))
    return arithmetic.add(matmul(input, turned), bias)


# ------------------------------------------------ diagonals, contractions
@overridable
def diag(input: Tensor, diagonal: int = 0) -> Tensor:
    """A vector as the diagonal of a matrix; of a matrix the diagonal, copied."""
    if input._d.ndim == 1:
        return rows.diag_embed(input, diagonal)
    if input._d.ndim != 2:
        raise RuntimeError(f"diag(): Supports 1D or 2D tensors. Got {input._d.ndim}D")
    return rows.diagonal_copy(input, diagonal)


def diag_embed(input: Tensor, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Tensor:
    """Matrices in ``dim1`` and ``dim2`` with the last dimension of ``input`` on their diagonal, zeros elsewhere."""
    if not isinstance(input, Tensor):
        raise errors.argument("diag_embed", "input", 1, input)
    n = input._d.ndim + 1
    if dim_of(dim1, n) == dim_of(dim2, n):
        raise RuntimeError(f"diagonal dimensions cannot be identical {dim1}, {dim2}")
    return rows.diag_embed(input, offset, dim_of(dim1, n), dim_of(dim2, n))


def trace(input: Tensor) -> Tensor:
    """The sum of the main diagonal of a matrix."""
    if isinstance(input, Tensor) and input._d.ndim != 2:
        raise RuntimeError(f"trace: expected a matrix, but got tensor with dim {input._d.ndim}")
    return rows.trace(input)


@overridable
def tensordot(a: Tensor, b: Tensor, dims: Any = 2) -> Tensor:
    """The sum of products over ``dims``: that many last of ``a`` and first of ``b``, or a list for each."""
    n, m = a._d.ndim, b._d.ndim
    if isinstance(dims, Tensor):
        dims = dims.tolist()
    if isinstance(dims, int):
        if dims < 0:
            raise RuntimeError(f"tensordot expects dims >= 0, but got dims={dims}")
        if dims > min(n, m):
            raise RuntimeError(f"tensordot expects dims < ndim_a or ndim_b, but got dims={dims}")
        pairs = [(i - dims, i) for i in range(dims)]
    else:
        mine, theirs = ([d] if isinstance(d, int) else list(d) for d in dims)
        if len(mine) != len(theirs):
            raise RuntimeError("both dimension lists should have same length")
        pairs = list(zip(mine, theirs, strict=True))
    for i, j in pairs:
        p, q = a._d.shape[i], b._d.shape[j]
        if p == 1 and q != 1:
            b = _summed(b, j % m)
        elif q == 1 and p != 1:
            a = _summed(a, i % n)
        elif p != q:
            raise RuntimeError(
                f"contracted dimensions need to match, but first has size {p} in dim {i} and second has size {q} in "
                f"dim {j}"
            )
    return _contracted(a, b, [i % n for i, _ in pairs], [j % m for _, j in pairs])


def _summed(x: Tensor, dim: int) -> Tensor:
    """The sum over ``dim``, which stays, in the same dtype."""
    out = PUBLIC["sum"](x, dim, True)
    return out if out._d.dtype is x._d.dtype else PUBLIC["cast_whole"](out, x._d.dtype)


def _contracted(a: Tensor, b: Tensor, mine: list[int], theirs: list[int]) -> Tensor:
    """The sum of products over pairs of dimensions, as one product of two matrices."""
    left = [d for d in range(a._d.ndim) if d not in mine]
    right = [d for d in range(b._d.ndim) if d not in theirs]
    k = math.prod(a._d.shape[d] for d in mine)
    shape = [a._d.shape[d] for d in left] + [b._d.shape[d] for d in right]
    x, y = shapes.permute(a, (*left, *mine)), shapes.permute(b, (*theirs, *right))
    if not shape and len(mine) == 1:
        return shapes.reshaped(rows.dot(x, y), ())
    x = shapes.reshaped(x, (math.prod(a._d.shape[d] for d in left), k))
    y = shapes.reshaped(y, (k, math.prod(b._d.shape[d] for d in right)))
    return shapes.reshaped(mm_of(x, y), tuple(shape))


@overridable
def inner(input: Tensor, other: Tensor) -> Tensor:
    """The sum of products over the last dimension of both."""
    if not input._d.ndim or not other._d.ndim:
        return arithmetic.mul(input, other)
    if input._d.shape[-1] != other._d.shape[-1]:
        raise RuntimeError(
            "inner() the last dimension must match on both input tensors but got shapes "
            f"{list(input._d.shape)} and {list(other._d.shape)}"
        )
    return _contracted(input, other, [input._d.ndim - 1], [other._d.ndim - 1])


FUNCTIONS: dict[str, Any] = {
    "mm": mm, "mv": mv, "dot": dot, "vdot": vdot, "bmm": bmm, "addmm": addmm, "outer": outer, "ger": outer,
    "matmul": matmul, "diag": diag, "diag_embed": diag_embed, "trace": trace,
    "tensordot": tensordot, "inner": inner,
}  # fmt: skip
METHODS = {name: f for name, f in FUNCTIONS.items() if name != "tensordot"} | {
    "__matmul__": _operator,
    "__rmatmul__": _reflected,
}
IN_PLACE = {"addmm_": addmm}
FUNCTIONS |= {"matmul": of_two(matmul, expected_out)}
FUNCTIONS |= {name: accepts_out(FUNCTIONS[name], True, expected_out) for name in ("mm", "mv", "bmm", "dot", "addmm")}
