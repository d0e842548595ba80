"""Methods that go over the elements of a tensor one by one, or write its diagonal; and some old ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .. import errors
from ..graph.versions import wrote
from ..mode import overridable
from ..naming.legacy import construct
from ..tensor import Tensor, box


@overridable
def fill_diagonal_(self: Tensor, fill_value: Any, wrap: bool = False) -> Tensor:
    """``fill_value`` on the main diagonal, in place; ``wrap``: of a tall matrix again and again below it."""
    shape = self._d.shape
    if len(shape) < 2:
        raise RuntimeError("dimensions must larger than 1")
    if len(shape) > 2 and len(set(shape)) > 1:
        raise RuntimeError("all dimensions of input must be of equal length")
    step = sum(self.stride())
    count = min(shape[:2])
    self.as_strided((count,), (step,)).fill_(fill_value)
    height, width = shape[:2]
    if wrap and len(shape) == 2 and height > width + 1:
        more = -(-self._d.size // (width + 1)) - count
        offset = self.storage_offset() + self.stride(0) * (width + 1)
        self.as_strided((more,), (step,), offset).fill_(fill_value)
    return self


def _written_by_function(self: Tensor, values: Any) -> Tensor:
    data = box(self)
    data[...] = np.reshape(np.array(values, data.dtype), data.shape)
    wrote(data)
    return self


def _no_graph(self: Tensor, name: str, *others: Tensor) -> None:
    if any(t._n is not None for t in (self, *others)):
        raise RuntimeError(f"Can't call {name}() on Variable that requires grad. Use var.detach().{name}() instead.")


@overridable
def apply_(self: Tensor, callable: Callable[[Any], Any]) -> Tensor:
    """``callable(element)`` in place of each element; slow, and not recorded."""
    _no_graph(self, "apply_")
    return _written_by_function(self, [callable(v) for v in self._d.ravel().tolist()])


@overridable
def map_(self: Tensor, tensor: Tensor, callable: Callable[[Any, Any], Any]) -> Tensor:
    """``callable(element, other element)`` in place of each element; slow, and not recorded."""
    if not isinstance(tensor, Tensor):
        raise errors.argument("map_", "tensor", 1, tensor)
    _no_graph(self, "map_", tensor)
    if tensor._d.dtype is not self._d.dtype:
        raise TypeError(f"expected {tensor.type()} (got {self.type()})")
    others = np.broadcast_to(tensor._d, self._d.shape).ravel().tolist()
    pairs = zip(self._d.ravel().tolist(), others, strict=True)
    return _written_by_function(self, [callable(a, b) for a, b in pairs])


def new(self: Tensor, *args: Any, **kwargs: Any) -> Tensor:
    """A tensor of this one's dtype, by PyTorch's old constructor: of sizes or of data."""
    return construct(Tensor, self._d.dtype, args, kwargs)


@overridable
def is_nonzero(self: Tensor) -> bool:
    """Whether the only element is not 0."""
    return bool(self)


def reversed_(self: Tensor) -> Tensor:
    """``reversed(x)``: the first dimension turned around."""
    return self.flip(0) if self._d.ndim else self


reversed_.__name__ = "__reversed__"
FUNCTIONS: dict[str, Any] = {}
METHODS: dict[str, Any] = {
    "fill_diagonal_": fill_diagonal_, "apply_": apply_, "map_": map_, "new": new, "is_nonzero": is_nonzero,
    "__reversed__": reversed_,
}  # fmt: skip
IN_PLACE: dict[str, Any] = {}
