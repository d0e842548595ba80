"""Shapes as PyTorch calls them: sizes one by one or in a tuple, ``-1`` for what follows, dimensions from the end."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .. import errors
from ..dtypes import dtype
from ..mode import here, overridable, overridden
from ..ops import shape as rows
from ..table.kernel import RAW
from ..tensor import Tensor, box


# ------------------------------------------------------------------------------------------------ what arguments mean
def dim_of(dim: Any, ndim: int) -> int:
    """A dimension counted from the front.

    Errors: IndexError outside of ``[-ndim, ndim - 1]``.
    """
    low = ndim or 1
    if not -low <= dim < low:
        raise errors.dim_range(dim, ndim)
    return operator.index(dim) % low


def dims_of(dims: Any, ndim: int, twice: str = "dim {} appears multiple times in the list of dims") -> tuple[int, ...]:
    """Dimensions counted from the front, each at most once."""
    found = tuple([dim_of(d, ndim) for d in (dims if isinstance(dims, tuple | list) else (dims,))])
    for d in found:
        if found.count(d) > 1:
            raise RuntimeError(twice.format(d))
    return found


def sizes(function: str, name: str, args: tuple[Any, ...], keyword: Any = None) -> tuple[int, ...]:
    """Sizes given one by one, or as one tuple or list."""
    given = args if keyword is None else (keyword,)
    if not given:
        raise TypeError(f'{function}() missing 1 required positional arguments: "{name}"')
    several = given[0] if len(given) == 1 and isinstance(given[0], tuple | list) else given
    try:
        return tuple([operator.index(n) for n in several])
    except TypeError:
        wrong = next(n for n in several if not hasattr(n, "__index__"))
        kind = type(wrong).__name__
        found = kind if several is given else f"{type(given[0]).__name__} of ({kind},)"
        raise TypeError(f"{function}(): argument '{name}' (position 1) must be tuple of ints, not {found}") from None


def inferred(shape: tuple[int, ...], count: int) -> tuple[int, ...]:
    """``shape`` with a -1 replaced by what makes ``count`` elements."""
    known = math.prod(shape)
    if known == count and (not shape or min(shape) >= 0):
        return shape
    if known < 0 and not count % known and min(shape) == -1 and shape.count(-1) == 1:
        i = shape.index(-1)
        return (*shape[:i], count // -known, *shape[i + 1 :])
    unknown = [i for i, n in enumerate(shape) if n < 0]
    for i in unknown:
        if shape[i] != -1:
            raise RuntimeError(f"invalid shape dimension {shape[i]} at index {i} of shape {list(shape)}")
    if len(unknown) > 1:
        raise RuntimeError("only one dimension can be inferred")
    if not unknown or (known and count % known):
        raise errors.hinted(
            RuntimeError(f"shape '{list(shape)}' is invalid for input of size {count}"),
            "the sizes have to multiply up to the number of elements; one of them may be -1, which means the rest.",
        )
    if not known:
        if count:
            raise RuntimeError(f"shape '{list(shape)}' is invalid for input of size {count}")
        raise RuntimeError(
            f"cannot reshape tensor of 0 elements into shape {list(shape)} because the unspecified dimension size -1 "
            "can be any value and is ambiguous"
        )
    i = unknown[0]
    return (*shape[:i], count // -known, *shape[i + 1 :])


# ------------------------------------------------------------------------------------------------ another shape
def reshape(input: Tensor, *shape: Any, **named: Any) -> Tensor:
    """The same elements in another shape: a view where memory allows it, else a copy.

    Shapes: one size may be -1, which stands for the rest.
    """
    if RAW["BUSY"] and here.modes:
        return overridden(reshape, (input, *shape), named)
    if not named and (found := _quickly(input, shape)) is not None:
        return found
    return rows.reshaped(input, inferred(sizes("reshape", "shape", shape, named.get("shape")), input._d.size))


def _quickly(x: Tensor, given: tuple[Any, ...]) -> Any:
    """``x`` in another shape, where its elements lie in C order and the sizes are given plainly; else None."""
    d = x._d
    if type(d) is np.ndarray and given and d.flags.c_contiguous:
        shape = given if type(given[0]) is int else given[0]
        if isinstance(shape, tuple):
            try:
                return rows.view_as(x, inferred(shape, d.size))
            except TypeError:  # something else than whole numbers
                pass
    return None


@overridable
def _reshape(input: Tensor, shape: Any) -> Tensor:
    if not isinstance(shape, tuple | list):
        kind = type(shape).__name__
        raise TypeError(f"reshape(): argument 'shape' (position 2) must be tuple of ints, not {kind}")
    return rows.reshaped(input, inferred(sizes("reshape", "shape", (shape,)), input._d.size))


_reshape.__name__ = _reshape.__qualname__ = "reshape"


def view(self: Tensor, *size: Any, **named: Any) -> Tensor:
    """The same memory in another shape.

    Errors: RuntimeError where that would need a copy.
    """
    if RAW["BUSY"] and here.modes:
        return overridden(view, (self, *size), named)
    if not named and (found := _quickly(self, size)) is not None:
        return found
    if "dtype" in named or (len(size) == 1 and isinstance(size[0], dtype)):
        return RAW["reinterpreted"](self, named.get("dtype") or size[0])
    shape = inferred(sizes("view", "size", size, named.get("size")), self._d.size)
    if not rows.shares(box(self), shape):
        raise errors.hinted(
            RuntimeError(
                "view size is not compatible with input tensor's size and stride (at least one dimension spans across "
                "two contiguous subspaces). Use .reshape(...) instead."
            ),
            "the elements do not lie in memory in this order; reshape copies them where it has to.",
        )
    return rows.view_as(self, shape)


@overridable
def view_as(self: Tensor, other: Tensor) -> Tensor:
    """``view(other.shape)``."""
    return view(self, other._d.shape)


@overridable
def reshape_as(self: Tensor, other: Tensor) -> Tensor:
    """``reshape(other.shape)``."""
    return reshape(self, other._d.shape)


@overridable
def flatten(input: Tensor, start_dim: int = 0, end_dim: int = -1) -> Tensor:
    """Dimensions ``start_dim`` to ``end_dim`` as one."""
    d = input._d
    if start_dim == 0 and end_dim == -1 and d.ndim > 1:
        return rows.reshaped(input, (d.size,))
    start, end = dim_of(start_dim, d.ndim), dim_of(end_dim, d.ndim)
    if start > end:
        raise RuntimeError("flatten() has invalid args: start_dim cannot come after end_dim")
    if not d.ndim:
        return rows.view_as(input, (1,))
    if start == end:
        return input
    return rows.reshaped(input, (*d.shape[:start], math.prod(d.shape[start : end + 1]), *d.shape[end + 1 :]))


@overridable
def ravel(input: Tensor) -> Tensor:
    """All elements as a vector."""
    return rows.view_as(contiguous(input), (input._d.size,))


@overridable
def unflatten(input: Tensor, dim: int, sizes: Sequence[int]) -> Tensor:
    """Dimension ``dim`` as several, of ``sizes``; one of them may be -1."""
    d, wanted = dim_of(dim, input._d.ndim), tuple(sizes)
    if not wanted:
        raise RuntimeError("unflatten: sizes must be non-empty")
    n = input._d.shape[d]
    known = math.prod(s for s in wanted if s != -1)
    if wanted.count(-1) > 1:
        raise RuntimeError("only one dimension can be inferred")
    if (known != n) if -1 not in wanted else (not known or n % known):
        raise RuntimeError(
            f"unflatten: Provided sizes {list(wanted)} don't multiply up to the size of dim {d} ({n}) in the input "
            "tensor"
        )
    return view(input, (*input._d.shape[:d], *inferred(wanted, n), *input._d.shape[d + 1 :]))


@overridable
def contiguous(self: Tensor, memory_format: Any = None) -> Tensor:
    """This tensor if its elements lie in C order without gaps, else a copy that does."""
    if self.is_contiguous(memory_format):
        return self
    return rows.clone(self, "C") if memory_format is None else rows.clone(self, memory_format.name)


@overridable
def clone(input: Tensor, *, memory_format: Any = None) -> Tensor:
    """A copy that is part of the graph."""
    return rows.clone(input) if memory_format is None else rows.clone(input, memory_format.name)


# ------------------------------------------------------------------------------------------------ single dimensions
@overridable
def squeeze(input: Tensor, dim: Any = None) -> Tensor:
    """Without the dimensions of size 1, or without those of them that ``dim`` names."""
    if dim is None:
        return rows.squeeze(input, None)
    n = input._d.ndim
    return rows.squeeze(input, dims_of(dim, n) if isinstance(dim, tuple | list) else dim_of(dim, n))


def unsqueeze(input: Tensor, dim: int) -> Tensor:
    """With a new dimension of size 1 at ``dim``."""
    if RAW["BUSY"] and here.modes:
        return overridden(unsqueeze, (input, dim), {})
    n = input._d.ndim
    return rows.unsqueeze(input, dim if 0 <= dim <= n else dim_of(dim, n + 1))


def _at_least(count: int) -> Callable[..., Any]:
    @overridable
    def atleast(*tensors: Any) -> Any:
        """With dimensions of size 1 until there are enough."""
        if len(tensors) == 1 and isinstance(tensors[0], Tensor):
            return _raised(tensors[0], count)
        several = tensors[0] if len(tensors) == 1 else tensors
        return tuple([_raised(x, count) for x in several])

    atleast.__name__ = f"atleast_{count}d"
    return atleast


def _raised(x: Tensor, count: int) -> Tensor:
    n = x._d.ndim
    if n >= count:
        return x
    if not n:
        return rows.view_as(x, (1,) * count)
    x = rows.unsqueeze(x, 0) if n == 1 else x
    return x if count == 2 else rows.unsqueeze(x, 2)


# ------------------------------------------------------------------------------------------------ broadcasting
@overridable
def expand(self: Tensor, *size: Any, **named: Any) -> Tensor:
    """Repeated along single or new dimensions, without copying; -1 keeps a size."""
    return expanded(self, sizes("expand", "size", size, named.get("size")))


def expanded(x: Tensor, size: tuple[int, ...]) -> Tensor:
    """``x.expand(size)``, with PyTorch's errors."""
    shape = x._d.shape
    ahead = len(size) - len(shape)
    if ahead >= 0:
        wanted_end = size[ahead:] if ahead else size
        if wanted_end == shape and min(size, default=0) >= 0:
            return rows.expand_to(x, size)
    if ahead < 0:
        title = x.dtype.title
        kind = f"CPU{title}Type" if x._d.dtype.kind in "bc" else f"torch.{title}Tensor"
        raise RuntimeError(
            f"expand({kind}{{{list(shape)}}}, size={list(size)}): the number of sizes provided "
            f"({len(size)}) must be greater or equal to the number of dimensions in the tensor ({len(shape)})"
        )
    wanted = list(size)
    for i in reversed(range(len(size))):
        if i < ahead:
            if size[i] == -1:
                raise RuntimeError(
                    f"The expanded size of the tensor (-1) isn't allowed in a leading, non-existing dimension {i}"
                )
        elif size[i] == -1:
            wanted[i] = shape[i - ahead]
        elif shape[i - ahead] != size[i] and shape[i - ahead] != 1:
            raise errors.hinted(
                RuntimeError(
                    f"The expanded size of the tensor ({size[i]}) must match the existing size ({shape[i - ahead]}) at "
                    f"non-singleton dimension {i}.  Target sizes: {list(size)}.  Tensor sizes: {list(shape)}"
                ),
                "only dimensions of size 1 can be repeated.",
            )
    return rows.expand_to(x, tuple(wanted))


@overridable
def expand_as(self: Tensor, other: Tensor) -> Tensor:
    """``expand(other.shape)``."""
    return expanded(self, other._d.shape)


@overridable
def broadcast_to(input: Tensor, size: Any) -> Tensor:
    """``expand(size)``."""
    return expanded(input, tuple(size))


@overridable
def broadcast_tensors(*tensors: Any) -> tuple[Tensor, ...]:
    """All of them expanded to their common shape."""
    several = tensors[0] if len(tensors) == 1 and isinstance(tensors[0], tuple | list) else tensors
    shape = broadcast_shapes(*[x._d.shape for x in several])
    return tuple([rows.expand_to(x, shape) for x in several])


def broadcast_shapes(*shapes: Any) -> Any:
    """The shape to which ``shapes`` broadcast.

    Errors: RuntimeError if they do not.
    """
    given = [(s,) if isinstance(s, int) else tuple(s) for s in shapes]
    try:
        return np.broadcast_shapes(*given)
    except ValueError:
        raise RuntimeError("Shape mismatch: objects cannot be broadcast to a single shape") from None


FUNCTIONS = {
    "reshape": _reshape, "flatten": flatten, "ravel": ravel, "unflatten": unflatten, "clone": clone,
    "squeeze": squeeze, "unsqueeze": unsqueeze,
    "broadcast_to": broadcast_to, "broadcast_tensors": broadcast_tensors, "broadcast_shapes": broadcast_shapes,
    **{f"atleast_{n}d": _at_least(n) for n in (1, 2, 3)},
}  # fmt: skip
METHODS = {
    **{name: f for name, f in FUNCTIONS.items() if not name.startswith(("broadcast_t", "broadcast_s", "atleast"))},
    "reshape": reshape, "view": view, "view_as": view_as, "reshape_as": reshape_as, "contiguous": contiguous,
    "expand": expand, "expand_as": expand_as, "broadcast_to": broadcast_to,
}  # fmt: skip
IN_PLACE: dict[str, Any] = {}
