"""Parameter: a leaf that a Module finds by itself."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np

from ..errors import only_floating_made
from ..node import AccumulateGrad
from ..tensor import Tensor, box, wrap


class Parameter(Tensor):
    """A tensor that is a module's own: set as an attribute, it appears in ``parameters()``."""

    __slots__ = ()

    def __new__(cls, data: Any = None, requires_grad: bool = True) -> Parameter:
        out = object.__new__(cls)
        out._d = np.empty(0, np.float32) if data is None else box(data.detach())
        out._n = None
        if requires_grad:
            if out._d.dtype.kind not in "fc":
                raise only_floating_made()
            out._n = AccumulateGrad(out, out._d)
        return out

    def __repr__(self) -> str:
        return "Parameter containing:\n" + super().__repr__()

    def __deepcopy__(self, memo: dict[int, Any]) -> Parameter:
        if id(self) not in memo:
            memo[id(self)] = type(self)(wrap(np.array(self._d)), self.requires_grad)
            memo[id(self)].grad = copy.deepcopy(self.grad, memo)
        return memo[id(self)]

    def __reduce_ex__(self, protocol: Any) -> Any:
        return type(self), (wrap(np.array(self._d)), self.requires_grad)


class Buffer(Tensor):
    """A tensor that belongs to a module's state without being learned; set as an attribute, it is in ``buffers()``."""

    __slots__ = ("persistent",)

    persistent: bool

    def __new__(cls, data: Any = None, *, persistent: bool = True) -> Buffer:
        out = object.__new__(cls)
        out._d = np.empty(0, np.float32) if data is None else box(data.detach())
        out._n, out.persistent = None, persistent
        return out

    __deepcopy__ = Tensor.__deepcopy__
