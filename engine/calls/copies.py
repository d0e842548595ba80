"""Copies of what views show, what is written in their place, and other memory: ``as_strided``, ``resize_``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..graph.versions import wrote
from ..mode import overridable
from ..ops import copies as rows
from ..ops import linalg as matrices
from ..ops.reduce import sum as sum_over
from ..ops.reduce import sum_all
from ..ops.shape import reshaped
from ..table.inplace import check_writable
from ..table.kernel import RAW
from ..tensor import Tensor, box
from .join import chunked, split_of
from .out import resize as resized
from .reshaping import reshaping
from .shape import dim_of, dims_of, inferred, sizes

C = rows.COPIES


# ------------------------------------------------------------------------------------------------ views, copied
@overridable
def expand_copy(input: Tensor, size: Any, *, implicit: bool = False) -> Tensor:
    """``expand``, in memory of its own."""
    return C["expand_to"](input, tuple(input.detach().expand(tuple(size))._d.shape))


@overridable
def alias_copy(input: Tensor) -> Tensor:
    """A copy."""
    return C["alias"](input)


@overridable
def diagonal_copy(input: Tensor, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Tensor:
    """``diagonal``, in memory of its own."""
    return matrices.diagonal_copy(input, offset, *_two(input, dim1, dim2))


def _two(input: Tensor, dim1: int, dim2: int) -> tuple[int, int]:
    a, b = dim_of(dim1, input._d.ndim), dim_of(dim2, input._d.ndim)
    if a == b:
        raise RuntimeError(f"diagonal dimensions cannot be identical {dim1}, {dim2}")
    return a, b


@overridable
def permute_copy(input: Tensor, dims: Any) -> Tensor:
    """``permute``, in memory of its own."""
    return C["permute"](input, dims_of(dims, input._d.ndim))


@overridable
def transpose_copy(input: Tensor, dim0: int, dim1: int) -> Tensor:
    """``transpose``, in memory of its own."""
    return C["transpose"](input, dim_of(dim0, input._d.ndim), dim_of(dim1, input._d.ndim))


@overridable
def t_copy(input: Tensor) -> Tensor:
    """``t``, in memory of its own."""
    if input._d.ndim > 2:
        raise RuntimeError(f"t() expects a tensor with <= 2 dimensions, but self is {input._d.ndim}D")
    return C["t"](input)


@overridable
def view_copy(input: Tensor, size: Any) -> Tensor:
    """``view``, in memory of its own."""
    return C["view_as"](input, inferred(sizes("view_copy", "size", (size,)), input._d.size))


@overridable
def squeeze_copy(input: Tensor, dim: Any = None) -> Tensor:
    """``squeeze``, in memory of its own."""
    n = input._d.ndim
    if dim is not None:
        dim = dims_of(dim, n) if isinstance(dim, tuple | list) else dim_of(dim, n)
    return C["squeeze"](input, dim)


@overridable
def unsqueeze_copy(input: Tensor, dim: int) -> Tensor:
    """``unsqueeze``, in memory of its own."""
    return C["unsqueeze"](input, dim_of(dim, input._d.ndim + 1))


@overridable
def select_copy(input: Tensor, dim: int, index: int) -> Tensor:
    """``select``, in memory of its own."""
    return C["select"](input, dim_of(dim, input._d.ndim), index)


@overridable
def slice_copy(input: Tensor, dim: int = 0, start: Any = None, end: Any = None, step: int = 1) -> Tensor:
    """``x[start:end:step]`` along ``dim``, in memory of its own."""
    return C["slice_of"](input, *_bounds(input, dim, start, end, step))


@overridable
def unfold_copy(input: Tensor, dimension: int, size: int, step: int) -> Tensor:
    """``unfold``, in memory of its own."""
    input.detach().unfold(dimension, size, step)  # which checks
    if not input._d.ndim:
        return C["view_as"](input, (1,)) if size else C["view_as"](input, (1,))[:0]
    return C["unfold"](input, dim_of(dimension, input._d.ndim), size, step)


@overridable
def narrow_copy(input: Tensor, dim: int, start: Any, length: int) -> Tensor:
    """``narrow``, in memory of its own."""
    n, first = input._d.ndim, int(start)
    if not n:
        raise RuntimeError("narrow() cannot be applied to a 0-dim tensor.")
    if dim >= n:
        raise RuntimeError(
            "Expected dim < static_cast<int64_t>(self_sizes.size()) to be true, but got false.  (Could this error "
            "message be improved?  If so, please report an enhancement request to PyTorch.)"
        )
    d = dim_of(dim, n)
    size = input._d.shape[d]
    if not -size <= first <= size:
        raise IndexError(f"start out of range (expected to be in range of [{-size}, {size}], but got {first})")
    first = first + size if first < 0 else first
    if length < 0 or first + length > size:
        raise RuntimeError(f"start ({first}) + length ({length}) exceeds dimension size ({size}).")
    return rows.narrow_copy(input, d, first, first + length)


# ------------------------------------------------------------------------------------------------ several
@overridable
def unbind_copy(input: Tensor, dim: int = 0) -> tuple[Tensor, ...]:
    """``unbind``, each in memory of its own."""
    if not input._d.ndim:
        raise IndexError(f"Dimension specified as {dim} but tensor has no dimensions")
    return rows.unbind_copy(input, dim_of(dim, input._d.ndim))


@overridable
def split_with_sizes_copy(input: Tensor, split_sizes: Sequence[int], dim: int = 0) -> tuple[Tensor, ...]:
    """``split_with_sizes``, each in memory of its own."""
    d = dim_of(dim, input._d.ndim)
    input.detach().split_with_sizes(split_sizes, dim)  # which checks
    return rows.split_with_sizes_copy(input, tuple(split_sizes), d)


@overridable
def unsafe_split(input: Tensor, split_size: int, dim: int = 0) -> tuple[Tensor, ...]:
    """``split`` whose parts may be written to."""
    return split_of(input, split_size, dim, rows.unsafe_split)


@overridable
def unsafe_split_with_sizes(input: Tensor, split_sizes: Sequence[int], dim: int = 0) -> tuple[Tensor, ...]:
    """``split_with_sizes`` whose parts may be written to."""
    input.detach().split_with_sizes(split_sizes, dim)  # which checks
    return rows.unsafe_split_with_sizes(input, tuple(split_sizes), dim_of(dim, input._d.ndim))


@overridable
def unsafe_chunk(input: Tensor, chunks: int, dim: int = 0) -> tuple[Tensor, ...]:
    """``chunk`` whose parts may be written to."""
    return chunked(input, chunks, dim, rows.unsafe_split, rows.unsafe_split_with_sizes)


# ------------------------------------------------------------------------------------------------ written in place
def _fits(part: Any, src: Tensor) -> None:
    if part.shape != src._d.shape:
        raise RuntimeError(
            f"expected src to have a size equal to the slice of self. src size = {list(src._d.shape)}, slice size = "
            f"{list(part.shape)}"
        )


@overridable
def diagonal_scatter(input: Tensor, src: Tensor, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Tensor:
    """``input`` with ``src`` on a diagonal."""
    a, b = _two(input, dim1, dim2)
    _fits(input._d.diagonal(offset, a, b), src)
    return rows.diagonal_scatter(input, src, offset, a, b)


@overridable
def select_scatter(input: Tensor, src: Tensor, dim: int, index: int) -> Tensor:
    """``input`` with ``src`` as entry ``index`` along ``dim``."""
    _fits(input.detach().select(dim, index)._d, src)
    return rows.select_scatter(input, src, dim_of(dim, input._d.ndim), index)


def _bounds(x: Tensor, dim: int, start: Any, end: Any, step: int) -> tuple[int, int, int, int]:
    if step <= 0:
        raise RuntimeError("slice step must be positive")
    d = dim_of(dim, x._d.ndim)
    first, last, _ = slice(start, end).indices(x._d.shape[d])
    return d, first, max(first, last), step


@overridable
def slice_scatter(
    input: Tensor, src: Tensor, dim: int = 0, start: Any = None, end: Any = None, step: int = 1
) -> Tensor:
    """``input`` with ``src`` at ``start:end:step`` along ``dim``."""
    d, first, last, step = _bounds(input, dim, start, end, step)
    _fits(input._d[(slice(None),) * d + (slice(first, last, step),)], src)
    return rows.slice_scatter(input, src, d, first, last, step)


# ------------------------------------------------------------------------------------------------ steps through memory
def _geometry(x: Tensor, size: Any, stride: Any, storage_offset: Any) -> tuple[Any, ...]:
    """Shape, strides, offset and places, after PyTorch's checks."""
    shape, strides, data = tuple(size), tuple(stride), box(x)
    if len(shape) != len(strides):
        raise RuntimeError("mismatch in length of strides and shape")
    if any(s < 0 for s in strides):
        raise RuntimeError(
            f"as_strided: Negative strides are not supported at the moment, got strides: {list(strides)}"
        )
    flat, start = RAW["memory_of"](data)
    offset = start if storage_offset is None else storage_offset
    last = offset + sum((n - 1) * s for n, s in zip(shape, strides, strict=True))
    if 0 not in shape and last >= flat.size:
        n = data.itemsize
        raise RuntimeError(
            f"setStorage: sizes {list(shape)}, strides {list(strides)}, storage offset {offset}, and itemsize {n} "
            f"requiring a storage size of {(last + 1) * n} are out of bounds for storage of size {flat.nbytes}"
        )
    return shape, strides, offset, rows.places_in(data, shape, strides, offset)


@overridable
def as_strided(input: Tensor, size: Any, stride: Any, storage_offset: int | None = None) -> Tensor:
    """The memory of ``input`` in steps of its own; a view."""
    return rows.as_strided(input, *_geometry(input, size, stride, storage_offset))


@overridable
def as_strided_copy(input: Tensor, size: Any, stride: Any, storage_offset: int | None = None) -> Tensor:
    """``as_strided``, in memory of its own."""
    return rows.at_places(input, _geometry(input, size, stride, storage_offset)[3])


@overridable
def as_strided_scatter(input: Tensor, src: Tensor, size: Any, stride: Any, storage_offset: int | None = None) -> Tensor:
    """``input`` with ``src`` where ``as_strided`` would show it."""
    places = _geometry(input, size, stride, storage_offset)[3]
    _fits(places, src)
    return rows.as_strided_scatter(input, src, places)


def as_strided_(self: Tensor, size: Any, stride: Any, storage_offset: int | None = None) -> Tensor:
    """The memory of this tensor in steps of its own."""
    return as_strided(self, size, stride, storage_offset)


def storage_offset(self: Tensor) -> int:
    """Where in its memory this tensor begins, in elements."""
    return RAW["memory_of"](box(self))[1]


@overridable
def sum_to_size(self: Tensor, *size: Any) -> Tensor:
    """Summed to ``size``, which broadcasts to the shape that there is."""
    wanted, shape = sizes("sum_to_size", "size", size), self._d.shape
    ahead = len(shape) - len(wanted)
    if ahead < 0 or any(n not in (1, m) for n, m in zip(wanted, shape[ahead:], strict=True)):
        raise RuntimeError(f"size {{{list(wanted)}}} is not expandable to size {{{list(shape)}}}.")
    if not wanted:
        return sum_all(self)
    lost = [i for i in range(len(shape)) if i < ahead or (wanted[i - ahead] == 1 and shape[i] != 1)]
    out = sum_over(self, tuple(lost), True) if lost else self
    return reshaped(out, wanted) if ahead else out


# ------------------------------------------------------------------------------------------------ other memory
@overridable
def resize_(self: Tensor, *size: Any, memory_format: Any = None) -> Tensor:
    """Another shape, in C order: the elements in memory stay, new ones are not set (here they are 0).

    Errors: RuntimeError for a tensor that wants a gradient.
    """
    shape = sizes("resize_", "size", size)
    if self._n is not None:
        raise RuntimeError("cannot resize variables that require grad")
    if any(n < 0 for n in shape):
        raise RuntimeError("numel: integer multiplication overflow")
    check_writable(self)
    if shape != self._d.shape:
        resized(self, shape)
        wrote(box(self))
    return self


@overridable
def resize_as_(self: Tensor, the_template: Tensor, *, memory_format: Any = None) -> Tensor:
    """``resize_(the_template.shape)``."""
    return resize_(self, tuple(the_template._d.shape))


FUNCTIONS: dict[str, Any] = {
    f.__name__: f
    for f in (
        expand_copy, alias_copy, diagonal_copy, permute_copy, transpose_copy, t_copy, view_copy, squeeze_copy,
        unsqueeze_copy, select_copy, slice_copy, unfold_copy, narrow_copy, unbind_copy, split_with_sizes_copy,
        unsafe_split, unsafe_split_with_sizes, unsafe_chunk, diagonal_scatter, select_scatter, slice_scatter,
        as_strided, as_strided_copy, as_strided_scatter,
    )
}  # fmt: skip
FUNCTIONS |= {"resize_as_": resize_as_}
_METHODS = (
    "unsafe_split", "unsafe_split_with_sizes", "unsafe_chunk", "diagonal_scatter", "select_scatter", "slice_scatter",
    "as_strided", "as_strided_scatter", "narrow_copy",
)  # fmt: skip
METHODS: dict[str, Any] = {
    **{name: FUNCTIONS[name] for name in _METHODS},
    "sum_to_size": sum_to_size, "resize_": resize_, "resize_as_": resize_as_, "as_strided_": reshaping(as_strided_),
    "storage_offset": storage_offset,
}  # fmt: skip
IN_PLACE: dict[str, Any] = {}
