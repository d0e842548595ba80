"""``squeeze_`` and its kin: the tensor itself changes shape, its memory stays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..graph.rebase import follow, follow_quietly, move
from ..graph.strays import Forbidden, history
from ..graph.versions import wrote
from ..mode import here, overridable
from ..ops import shape as rows
from ..table.inplace import check_writable, wants_gradient
from ..tensor import Tensor, box, wrap
from .shape import dim_of, dims_of


def reshaping(function: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """The method that gives a tensor the shape, and the node, of the view that ``function`` takes of it."""

    def method(self: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        if here.grad and (type(history(self)) is Forbidden or self._n is not None or wants_gradient(self, ())):
            check_writable(self)
        base = self if self._base is None else self._base
        before = history(base)
        source = wrap(box(self))
        source._n = self._n
        out = function(source, *args, **kwargs)
        self._d = out._d
        if here.grad and out._n is not None:
            move(self, out._n)
        wrote(self._d)
        if not here.grad:
            follow_quietly(self)
        elif before is not None:
            follow(base, before, (self, None))
        return self

    method.__name__ = method.__qualname__ = function.__name__
    method.__doc__ = function.__doc__
    return overridable(method)


def unsqueeze_(self: Tensor, dim: int) -> Tensor:
    """A new dimension of size 1 at ``dim``."""
    return rows.unsqueeze_(self, dim_of(dim, self._d.ndim + 1))


def squeeze_(self: Tensor, dim: Any = None) -> Tensor:
    """Without the dimensions of size 1, or without those of them that ``dim`` names."""
    if dim is None:
        return rows.squeeze_(self, None)
    n = self._d.ndim
    return rows.squeeze_(self, dims_of(dim, n) if isinstance(dim, tuple | list) else dim_of(dim, n))


def transpose_(self: Tensor, dim0: int, dim1: int) -> Tensor:
    """Two dimensions exchanged."""
    return rows.transpose_(self, dim_of(dim0, self._d.ndim), dim_of(dim1, self._d.ndim))


def t_(self: Tensor) -> Tensor:
    """The transpose of a matrix; vectors stay as they are."""
    if self._d.ndim > 2:
        raise RuntimeError(f"t_() expects a tensor with <= 2 dimensions, but self is {self._d.ndim}D")
    return rows.t_(self)


FUNCTIONS: dict[str, Any] = {}
METHODS = {f.__name__: reshaping(f) for f in (unsqueeze_, squeeze_, transpose_, t_)}
METHODS |= {"swapaxes_": METHODS["transpose_"], "swapdims_": METHODS["transpose_"]}
IN_PLACE: dict[str, Any] = {}
