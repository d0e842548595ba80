"""Reading and writing along one dimension by index tensors: ``gather``, ``scatter``, ``index_select`` and their kin."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..mode import overridable
from ..ops import index as rows
from ..ops.shape import clone, expand_to, reshaped
from ..table.kernel import PUBLIC
from ..tensor import Tensor, wrap
from .indices import out_of_bounds
from .out import accepts_out, as_self, expected_out, same_scalar
from .shape import dim_of


def _whole(function: str, index: Tensor, text: str = "(): Expected dtype int32/int64 for index") -> None:
    if index._d.dtype.name not in ("int64", "int32"):
        raise RuntimeError(function + text)


def _inside(index: Any, low: int, n: int) -> bool:
    """Whether all of ``index`` lie in ``[low, n)``; a short one is looked through in Python, 4 times faster."""
    if index.size < 64:
        listed = index.ravel().tolist()
        return not listed or (min(listed) >= low and max(listed) < n)
    return low <= index.min() and index.max() < n


def _in_range(index: Any, dim: int, n: int, low: int = 0) -> None:
    """Raise PyTorch's error for an index outside of ``[low, n)``."""
    if not _inside(index, low, n):
        wrong = np.atleast_1d(index)[np.atleast_1d((index < low) | (index >= n))]
        raise RuntimeError(str(out_of_bounds(int(wrong[0]), dim, n)))


def check_index(function: str, x: Tensor, dim: int, index: Tensor, src: Tensor | None = None) -> int:
    """The dimension from the front, after PyTorch's checks of an index along it."""
    d = dim_of(dim, x._d.ndim)
    if not index._d.size:
        return d
    _whole(function, index)
    for name, t in (("input" if function == "gather" else "self", x), ("src", src)):
        if t is not None and (index._d.ndim or 1) != (t._d.ndim or 1):
            raise RuntimeError(f"Index tensor must have the same number of dimensions as {name} tensor")
    return d


@overridable
def gather(input: Tensor, dim: int, index: Tensor, *, sparse_grad: bool = False) -> Tensor:
    """``out[i][j] = input[i][index[i][j]]`` for dim 1, and so for any dimension.

    Shapes: ``index`` and the result alike, no larger than ``input`` but along ``dim``.
    """
    d = check_index("gather", input, dim, index)
    if index._d.ndim != input._d.ndim or (not index._d.size and index._d.dtype.name != "int64"):
        at = wrap(np.asarray(index._d, np.int64).reshape(-1))
        return reshaped(rows.gather(reshaped(input, (input._d.size,)), 0, at), index._d.shape)
    for i, (n, m) in enumerate(zip(index._d.shape, input._d.shape, strict=False)):
        if i != d and n > m:
            raise RuntimeError(
                f"Size does not match at dimension {i} expected index {list(index._d.shape)} to be no larger than self "
                f"{list(input._d.shape)} apart from dimension {d}"
            )
    _in_range(np.asarray(index._d), d, input._d.shape[d] if input._d.ndim else 1)
    return rows.gather(input, d, index)


@overridable
def take_along_dim(input: Tensor, indices: Tensor, dim: int | None = None) -> Tensor:
    """``gather`` that broadcasts; of all elements where ``dim`` is None."""
    _whole("torch.take_along_dim", indices, "(): dtype of indices should be Long but got " + indices.dtype.title)
    if dim is None:
        flat, at = reshaped(input, (input._d.size,)), reshaped(indices, (indices._d.size,))
        return gather(flat, 0, at)
    if input._d.ndim != indices._d.ndim:
        raise RuntimeError(
            "torch.take_along_dim(): input and indices should have the same number of dimensions, but got "
            f"{input._d.ndim} dimensions for input, and {indices._d.ndim} dimensions for indices"
        )
    d = dim_of(dim, input._d.ndim)
    shape = list(np.broadcast_shapes(
        *[(*s[:d], 1, *s[d + 1 :]) for s in (input._d.shape, indices._d.shape)]
    ))  # fmt: skip
    n = input._d.shape[d]
    at = np.broadcast_to(indices._d, (*shape[:d], indices._d.shape[d], *shape[d + 1 :]))
    return gather(expand_to(input, (*shape[:d], n, *shape[d + 1 :])), d, _positive(wrap(at), n))


def _positive(index: Tensor, n: int) -> Tensor:
    return wrap(np.where(index._d < 0, index._d + n, index._d))


@overridable
def scatter(
    input: Tensor, dim: int, index: Tensor, src: Any = None, *, value: Any = None, reduce: str | None = None
) -> Tensor:
    """``src``, a tensor or a number, written at the places that ``gather`` would read.

    Shapes: ``index`` no larger than ``src``, nor than ``input`` but along ``dim``.
    """
    src = value if src is None else src
    tensor = src if isinstance(src, Tensor) else None
    if reduce not in (None, "add", "multiply"):
        raise RuntimeError("reduce argument must be either add or multiply.")
    d = check_index("scatter", input, dim, index, tensor)
    if tensor is not None:
        check_source("scatter", input, src)
    check_room(input, d, index, tensor)
    if not index._d.size:
        return clone(input)
    if reduce is not None:
        if tensor is None:
            src = wrap(np.full(index._d.shape, src, input._d.dtype))
        return PUBLIC["scatter_combined"](input, d, index, src, "sum" if reduce == "add" else "prod")
    return rows.scatter_number(input, d, index, src) if tensor is None else rows.scatter(input, d, index, src)


@overridable
def scatter_add(input: Tensor, dim: int, index: Tensor, src: Tensor) -> Tensor:
    """``src`` added at the places that ``gather`` would read; what meets there adds up."""
    d = check_index("scatter", input, dim, index, src)
    check_source("scatter", input, src)
    check_room(input, d, index, src)
    if not index._d.size:
        return clone(input)
    return rows.scatter_add(input, d, index, src)


def check_source(function: str, x: Tensor, src: Tensor) -> None:
    if x._d.dtype is not src._d.dtype:
        raise RuntimeError(f"{function}(): Expected self.dtype to be equal to src.dtype")


def check_room(x: Tensor, dim: int, index: Tensor, src: Tensor | None) -> None:
    shape = index._d.shape
    small = any(i != dim and n > m for i, (n, m) in enumerate(zip(shape, x._d.shape, strict=False)))
    short = src is not None and any(n > m for n, m in zip(shape, src._d.shape, strict=False))
    if small or short:
        rest = f" and to be no larger size than src {list(src._d.shape)}" if src is not None else ""
        raise RuntimeError(
            f"Expected index {list(shape)} to be no larger than self {list(x._d.shape)} apart from dimension {dim}"
            + rest
        )
    _in_range(np.asarray(index._d), dim, x._d.shape[dim] if x._d.ndim else 1)


# ------------------------------------------------------------------------------------------------ whole entries
def rows_of(function: str, x: Tensor, dim: int, index: Tensor) -> tuple[int, Tensor]:
    d = dim_of(dim, x._d.ndim)
    if index._d.ndim > 1:
        raise IndexError(f"{function}(): Index is supposed to be a vector")
    _whole(function, index, "(): Expected dtype int32 or int64 for index")
    n = x._d.shape[d] if x._d.ndim else 1
    if not _inside(index._d, 0, n):
        raise IndexError("index out of range in self")
    return d, index if index._d.ndim else wrap(np.asarray(index._d).reshape(1))


@overridable
def index_select(input: Tensor, dim: int, index: Tensor) -> Tensor:
    """The entries along ``dim`` that the vector ``index`` lists."""
    d, at = rows_of("index_select", input, dim, index)
    return rows.index_select(input, d, at)


@overridable
def index_add(input: Tensor, dim: int, index: Tensor, source: Tensor, *, alpha: Any = 1) -> Tensor:
    """The entries of ``source``, times ``alpha``, added at ``index`` along ``dim``."""
    d, at = rows_of("index_add", input, dim, index)
    own, theirs = input._d.shape, source._d.shape
    if (*own[:d], *own[d + 1 :]) != (*theirs[:d], *theirs[d + 1 :]) and len(own):
        raise RuntimeError(
            "source tensor shape must match self tensor shape, excluding the specified dimension. Got self.shape = "
            f"{list(own)} source.shape = {list(theirs)}"
        )
    return rows.index_add(input, d, at, source, alpha)


@overridable
def index_fill(input: Tensor, dim: int, index: Tensor, value: Any) -> Tensor:
    """The entries at ``index`` along ``dim`` set to a number, or to a 0-d tensor."""
    d, at = rows_of("index_fill", input, dim, index)
    if not isinstance(value, Tensor):
        return rows.index_fill(input, d, at, value)
    if value._d.ndim:
        raise RuntimeError(
            f"index_fill_ only supports a 0-dimensional value tensor, but got tensor with {value._d.ndim} dimension(s)."
        )
    if value._d.dtype is not input._d.dtype:
        value = PUBLIC["cast" if input._d.dtype.kind in "fc" else "cast_whole"](value, input._d.dtype)
    n = input._d.shape[d] if input._d.ndim else 1
    return PUBLIC["index_fill_tensor"](input, d, wrap(np.unique(at._d % n)), value)


@overridable
def index_copy(input: Tensor, dim: int, index: Tensor, source: Tensor) -> Tensor:
    """The entries at ``index`` along ``dim`` taken from ``source``."""
    d, at = rows_of("index_copy", input, dim, index)
    return rows.index_copy(input, d, at, source)


@overridable
def take(input: Tensor, index: Tensor) -> Tensor:
    """The elements, in C order, that ``index`` lists."""
    if index._d.dtype.name != "int64":
        raise RuntimeError(f"take(): Expected a long tensor for index, but got {index.dtype.title}")
    n = input._d.size
    if not n and index._d.size:
        raise IndexError("take(): tried to take from an empty tensor")
    if not _inside(index._d, -n, n):
        raise IndexError("out of range: tried to access index outside of the tensor")
    return rows.take(input, index)


_names = (gather, take_along_dim, scatter, scatter_add, index_select, index_add, index_fill, index_copy, take)
METHODS: dict[str, Any] = {f.__name__: f for f in _names}
FUNCTIONS: dict[str, Any] = {
    **{name: accepts_out(f, True) for name, f in METHODS.items()},
    "gather": accepts_out(gather, True, expected_out),
    "index_select": accepts_out(index_select, True, same_scalar("index_select")),
    "take": accepts_out(take, True, as_self("take")),
}
IN_PLACE = {f.__name__ + "_": f for f in (scatter, scatter_add, index_add, index_fill, index_copy)}
