"""Parameter: a leaf that a Module finds by itself. Buffer: a tensor of its state. Both, with a shape to come."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..dtypes import get_default_dtype
from ..errors import only_floating_made
from ..graph.node import AccumulateGrad
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

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        out: Any = super().__deepcopy__(memo)  # type: ignore[misc]  # bound by methods of Tensor
        out.persistent = self.persistent
        return out

    def __reduce_ex__(self, protocol: Any) -> Any:
        return _buffer, (wrap(np.array(self._d)), self.persistent)


def _buffer(data: Tensor, persistent: bool) -> Buffer:
    return Buffer(data, persistent=persistent)


class Uninitialized:
    """The half of a parameter or buffer with no shape yet: it has a dtype, and everything else raises."""

    __slots__ = ()

    _becomes: Any
    _n: Any

    def materialize(self, shape: Any, device: Any = None, dtype: Any = None) -> None:
        """Become an ordinary parameter (or tensor) of this shape, whose values are yet to be set."""
        kind = self.dtype if dtype is None else dtype
        wants = self._n is not None
        self.__class__ = self._becomes
        me: Any = self
        me._d, me._n = np.empty(tuple(shape), kind.numpy), None
        if wants:
            me._n = AccumulateGrad(me, me._d)

    @property
    def dtype(self) -> Any:
        return self.__dict__["kind"]

    def is_floating_point(self) -> bool:
        """Whether the dtype is a floating-point one."""
        return self.dtype.is_floating_point

    def is_complex(self) -> bool:
        """Whether the dtype is a complex one."""
        return self.dtype.is_complex

    def to(self, dtype: Any) -> Any:
        """The same, to become of another dtype."""
        return type(self)(self._n is not None, dtype=dtype)  # type: ignore[call-arg]  # the other half's

    def float(self) -> Any:
        """``to(float32)``."""
        from ..dtypes import float32

        return self.to(float32)

    def double(self) -> Any:
        """``to(float64)``."""
        from ..dtypes import float64

        return self.to(float64)

    @property
    def data(self) -> Any:
        return self

    @data.setter
    def data(self, other: Any) -> None:
        self.__dict__["kind"] = other.dtype

    @property
    def shape(self) -> Any:
        raise RuntimeError(
            "Can't access the shape of an uninitialized parameter or buffer. This error usually happens in "
            "`load_state_dict` when trying to load an uninitialized parameter into an initialized one. Call `forward` "
            "to initialize the parameters before accessing their attributes."
        )

    @property
    def _d(self) -> Any:
        raise ValueError(
            "Attempted to use an uninitialized parameter in a torch function. This error happens when you are using a "
            f"`LazyModule` or explicitly manipulating `torch.nn.parameter.{type(self).__name__}` objects. When using "
            "LazyModules Call `forward` with a dummy batch to initialize the parameters before calling torch functions"
        )

    @_d.setter
    def _d(self, value: Any) -> None:
        Tensor._d.__set__(self, value)

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        if id(self) not in memo:
            memo[id(self)] = self.to(self.dtype)
        return memo[id(self)]

    def __reduce_ex__(self, protocol: Any) -> Any:
        return type(self), (self._n is not None, None, self.dtype)

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"


class UninitializedParameter(Uninitialized, Parameter):
    """A Parameter that gets its shape from the first batch."""

    __slots__ = ()

    _becomes = Parameter

    def __new__(cls, requires_grad: bool = True, device: Any = None, dtype: Any = None) -> UninitializedParameter:
        return _unborn(cls, requires_grad, dtype)


class UninitializedBuffer(Uninitialized, Tensor):
    """A buffer that gets its shape from the first batch."""

    __slots__ = ()

    _becomes = Tensor

    def __new__(
        cls, requires_grad: bool = False, device: Any = None, dtype: Any = None, persistent: bool = True
    ) -> UninitializedBuffer:
        out = _unborn(cls, requires_grad, dtype)
        out.__dict__["persistent"] = persistent
        return out


def _unborn(cls: Any, requires_grad: bool, dtype: Any) -> Any:
    out = object.__new__(cls)
    out.__dict__["kind"] = get_default_dtype() if dtype is None else dtype
    out._n = AccumulateGrad(out, None) if requires_grad else None
    return out


def is_lazy(param: Any) -> bool:
    """Whether a parameter or buffer has no shape yet."""
    return isinstance(param, Uninitialized)
