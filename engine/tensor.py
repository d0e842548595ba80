"""Tensor: an array, the node or leaf cell behind it, and its gradient. Operations are bound to it by ``methods.py``.

``_d`` is an ndarray, or a NumPy scalar for 0-d results that nobody shares (boxing one costs 260 ns of an operation);
``_n`` the node that made it, the cell of a leaf, or None when it wants no gradient. No ``__getattr__`` here: it would
switch off the interpreter's attribute specialisation, 117 ns per operation.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from . import dtypes, errors
from .graph.hooks import Handle, hooked
from .graph.node import AccumulateGrad, Node, Output, Severed, shown
from .graph.versions import boxed, owner, version
from .mode import INFERENCE, overridable
from .size import Size, device, layout, strided
from .table.kernel import PUBLIC, RAW

_CPU = device("cpu")
_as_size = tuple.__new__  # past the checks of Size


class Tensor:
    """A multi-dimensional array that may record what is computed from it; make one with ``tensor(...)``."""

    __slots__ = ("__dict__", "__weakref__", "_b", "_d", "_g", "_n", "_views")
    __array_priority__ = 1000  # NumPy's operators leave the work to ours

    if TYPE_CHECKING:  # what methods.py binds, for type checkers

        def __getattr__(self, name: str) -> Any: ...

        _d: Any
        _n: Any
        _g: Any
        _b: Any
        _views: Any
        __add__: Any
        __sub__: Any
        __mul__: Any
        __truediv__: Any
        __pow__: Any
        __neg__: Any
        __gt__: Any
        __getitem__: Any

    def __new__(cls, *args: Any, **kwargs: Any) -> Tensor:
        return RAW["legacy_constructor"](cls, *args, **kwargs)

    # ---------------------------------------------------------------- what it is
    @property
    def shape(self) -> Size:
        return _as_size(Size, self._d.shape)

    @property
    def ndim(self) -> int:
        return self._d.ndim

    @property
    def dtype(self) -> dtypes.dtype:
        return dtypes.OF[self._d.dtype]

    @property
    def device(self) -> device:
        return _CPU

    @property
    def layout(self) -> layout:
        return strided

    @property
    def itemsize(self) -> int:
        return self._d.itemsize

    @property
    def nbytes(self) -> int:
        return self._d.nbytes

    def size(self, dim: int | None = None) -> Any:
        """The shape, or its entry at ``dim``."""
        return self.shape if dim is None else self._d.shape[self._checked(dim)]

    def dim(self) -> int:
        """The number of dimensions."""
        return self._d.ndim

    def numel(self) -> int:
        """The number of elements."""
        return self._d.size

    nelement, ndimension = numel, dim

    def stride(self, dim: int | None = None) -> Any:
        """Elements to step over per dimension."""
        d = self._d
        # where there are no elements NumPy's strides say nothing
        steps = tuple([s // d.itemsize for s in d.strides]) if d.size else _in_order(d.shape)
        return steps if dim is None else steps[self._checked(dim)]

    def _checked(self, dim: int) -> int:
        if not -self._d.ndim <= dim < self._d.ndim:
            raise errors.dim_range(dim, self._d.ndim)
        return dim

    def element_size(self) -> int:
        """Bytes per element."""
        return self._d.itemsize

    def is_floating_point(self) -> bool:
        """Whether the dtype is a floating-point one."""
        return self._d.dtype.kind == "f"

    def is_complex(self) -> bool:
        """Whether the dtype is a complex one."""
        return self._d.dtype.kind == "c"

    def is_contiguous(self, memory_format: Any = None) -> bool:
        """Whether elements lie in memory in C order without gaps; with channels last, in that order."""
        d = self._d
        if memory_format is not None and memory_format.name.startswith("channels_last"):
            return d.ndim == 4 + (memory_format.name != "channels_last") and np.moveaxis(d, 1, -1).flags.c_contiguous
        return type(d) is not np.ndarray or d.flags.c_contiguous

    def data_ptr(self) -> int:
        """The address of the first element."""
        return box(self).__array_interface__["data"][0]

    # ---------------------------------------------------------------- its part in a graph
    @property
    def requires_grad(self) -> bool:
        return self._n is not None

    @requires_grad.setter
    def requires_grad(self, on: bool) -> None:
        if on and self._d.dtype.kind not in "fc":
            raise errors.only_floating()
        self.requires_grad_(on)

    def requires_grad_(self, requires_grad: bool = True) -> Tensor:
        """Make a leaf want a gradient, or not.

        Errors: RuntimeError for a tensor of whole numbers, and for switching off what an operation computed.
        """
        if isinstance(n := self._n, Severed):
            return RAW["requires_on_its_own"](self) if requires_grad else self
        if requires_grad == (n is not None):
            return self
        if not requires_grad:
            if not self.is_leaf:
                raise errors.only_leaf_flag()
            self._g, self._n = self._n.grad, None
            return RAW["views_told"](self)
        if self._d.dtype.kind not in "fc":
            raise errors.only_floating("floating point dtype")
        if self._d.dtype.kind == "c":
            RAW["complex_graph"]()
        if INFERENCE and id(self) in INFERENCE and not RAW["here"].inference:
            raise RuntimeError("Setting requires_grad=True on inference tensor outside InferenceMode is not allowed.")
        cell = AccumulateGrad(self, self._d)
        cell.grad = self.grad
        self._n = cell
        return RAW["views_told"](self)

    @property
    def is_leaf(self) -> bool:
        return self._n is None or self._n.key > 0

    @property
    def grad_fn(self) -> Any:
        n = self._n
        if n is None or n.key > 0:
            return None
        return n if type(n) is Node else shown(n)[0]

    @property
    def output_nr(self) -> int:
        return self._n.nr if type(self._n) is Output else 0

    @property
    def grad(self) -> Any:
        n = self._n
        if n is not None:
            if n.key > 0:
                return n.grad
            if not self.retains_grad:
                RAW["warn_non_leaf_grad"]()
        try:
            return self._g
        except AttributeError:
            return None

    @grad.setter
    def grad(self, g: Any) -> None:
        if g is not None:
            RAW["check_grad"](self, g)
        if self._n is not None and self._n.key > 0:
            self._n.grad = g
        else:
            self._g = g

    @grad.deleter
    def grad(self) -> None:
        self.grad = None

    def retain_grad(self) -> None:
        """Keep the gradient that arrives here in ``.grad``, though this is no leaf."""
        if self._n is None:
            raise errors.retain_needs_grad()
        if self.is_leaf or self.retains_grad:
            return
        me = weakref.ref(self)

        def keep(g: Tensor) -> None:
            tensor = me()
            if tensor is not None:  # it adds up, as a leaf's does, but always to a new tensor
                old = getattr(tensor, "_g", None)
                tensor._g = old + g if old is not None else wrap(np.array(g._d)) if g._n is None else g

        keep.tensor = me  # type: ignore[attr-defined]  # functions take attributes
        hooked(self._n).retain = keep

    @property
    def retains_grad(self) -> bool:
        n = self._n
        return n is not None and n.key < 0 and getattr(n.step, "retain", None) is not None

    def register_hook(self, hook: Any) -> Handle:
        """``hook(grad)`` runs when the gradient of this tensor is known; what it returns replaces it."""
        if self._n is None:
            raise errors.cannot_hook()
        stepped = hooked(self._n)
        return stepped.add(hook, stepped.tensor)

    def register_post_accumulate_grad_hook(self, hook: Any) -> Handle:
        """``hook(self)`` runs after a gradient was added to a leaf's ``.grad``."""
        if self._n is None or not self.is_leaf:
            raise errors.cannot_hook("" if self._n is None else "post accumulate")
        stepped = hooked(self._n)
        return stepped.add(hook, stepped.accumulated)

    @property
    def _post_accumulate_grad_hooks(self) -> dict[int, Any] | None:
        """The hooks of ``register_post_accumulate_grad_hook``; None where there is none."""
        stepped = getattr(self._n, "step", None) if self._n is not None and self.is_leaf else None
        return getattr(stepped, "accumulated", None)

    @property
    def _version(self) -> int:
        if INFERENCE and id(self) in INFERENCE:
            raise RuntimeError("Inference tensors do not track version counter.")
        return version(self._d)

    @property
    def _base(self) -> Any:
        """The tensor that this is a view of, or None."""
        return getattr(self, "_b", None)

    def _is_view(self) -> bool:
        return self._base is not None

    @property
    @overridable
    def data(self) -> Tensor:
        """The same memory with no history, and with a count of writes of its own: PyTorch does not notice those."""
        return wrap(_apart(box(self)))

    @data.setter
    def data(self, other: Tensor) -> None:
        self._d = _apart(box(other))
        if self._n is not None and self._n.key > 0:
            self._n.data = self._d

    # ---------------------------------------------------------------- out to Python and NumPy
    def numpy(self, *, force: bool = False) -> np.ndarray[Any, Any]:
        """The same memory as a NumPy array; ``force`` detaches first."""
        if self._n is not None and not force:
            raise errors.numpy_needs_detach()
        return box(self)

    def item(self) -> Any:
        """The only element as a Python number."""
        if self._d.size != 1:
            raise errors.not_one_element(self._d.size)
        return self._d.item()

    def tolist(self) -> Any:
        """The values as nested Python lists; a number for a 0-d tensor."""
        return self._d.tolist()

    def __bool__(self) -> bool:
        if self._d.size != 1:
            raise errors.ambiguous_truth() if self._d.size else errors.empty_truth()
        return bool(self._d)

    def _number(self) -> Any:
        if self._d.size != 1:
            raise errors.not_one_number()
        return self._d.item()

    def _real(self, name: str) -> Any:
        value = self._number()
        if type(value) is complex:
            if value.imag:
                raise RuntimeError(f"value cannot be converted to type {name} without overflow")
            return value.real
        return value

    def __float__(self) -> float:
        return float(self._real("double"))

    def __int__(self) -> int:
        return int(self._real("int64_t"))

    def __index__(self) -> int:
        if self._d.dtype.kind not in "iub" or self._d.size != 1:
            raise TypeError("only integer tensors of a single element can be converted to an index")
        return int(self._d.item())

    def __complex__(self) -> complex:
        return complex(self._number())

    def __len__(self) -> int:
        if not self._d.ndim:
            raise errors.length_zero_dim()
        return len(self._d)

    def __iter__(self) -> Iterator[Tensor]:
        if not self._d.ndim:
            raise errors.iterating_zero_dim()
        return iter(RAW["unbind_all"](self))

    def __format__(self, spec: str) -> str:
        return format(self.item(), spec) if not self._d.ndim else object.__format__(self, spec)

    def __repr__(self) -> str:
        from .printing import repr_tensor

        return repr_tensor(self)


def _in_order(shape: tuple[int, ...]) -> tuple[int, ...]:
    """The strides of a tensor of ``shape`` in C order, in elements."""
    steps: tuple[int, ...] = ()
    step = 1
    for n in reversed(shape):
        steps, step = (step, *steps), step * max(n, 1)
    return steps


def wrap(data: Any, kind: type[Tensor] = Tensor) -> Tensor:
    """A Tensor on ``data``, an array or NumPy scalar, with no history."""
    t = object.__new__(kind)
    t._d, t._n = data, None
    return t


def _apart(d: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """The memory of ``d`` as an array that seems to own it: a memoryview in between hides who does."""
    if d.flags.forc:
        return np.asarray(d.data)
    memory = owner(d)
    memory = memory.transpose(sorted(range(memory.ndim), key=lambda i: -memory.strides[i]))
    if not memory.flags.c_contiguous:  # an array from outside
        return np.asarray(d.data)
    ahead = d.__array_interface__["data"][0] - memory.__array_interface__["data"][0]
    return np.ndarray(d.shape, d.dtype, np.asarray(memory.data), ahead, d.strides)


def box(t: Tensor) -> np.ndarray[Any, Any]:
    """The data of ``t`` as memory that can be shared and written."""
    d = t._d
    if type(d) is not np.ndarray:
        array = np.asarray(d)
        boxed(d, array)
        t._d = array
        if t._n is not None and t._n.key > 0:
            t._n.data = array
        return array
    return d


def tensor_of(data: Any, edge: Any, dtype: Any = None) -> Any:
    """A saved value with its history again; ``dtype`` is what it had before the operation promoted it."""
    if data is None or type(data) is int or type(data) is float:  # not isinstance: np.float64 is a float
        return data
    if not isinstance(data, np.ndarray | np.generic):
        return data
    if dtype is not None and data.dtype is not dtype:
        return PUBLIC["cast"](tensor_of(RAW["recast"](data, dtype), edge), data.dtype)
    t = wrap(data)
    t._n = edge
    return t


RAW["box"] = box
