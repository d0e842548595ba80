"""What Python and NumPy ask of a tensor beyond numbers: copies, pickles, NumPy's functions, DLPack, ``in``, subclasses.

Memory that several tensors share is shared by their copies too, as in PyTorch: a copy takes the whole of the memory
behind a tensor, once.
"""

from __future__ import annotations

import copy
from typing import Any

import numpy as np

from . import dtypes, errors
from .factory import checked
from .graph.versions import owner
from .mode import readable
from .table.kernel import RAW
from .tensor import Tensor, box, wrap


# ------------------------------------------------------------------------------------------------ copies
def _located(d: np.ndarray[Any, Any]) -> tuple[Any, int] | None:
    """The memory behind ``d`` as an array in C order, and the bytes before ``d`` in it; None if it has gaps."""
    memory = owner(d)
    ordered = memory.transpose(sorted(range(memory.ndim), key=lambda i: -memory.strides[i]))
    if not ordered.flags.c_contiguous or memory.dtype is not d.dtype:
        return None
    ahead = d.__array_interface__["data"][0] - memory.__array_interface__["data"][0] if d is not memory else 0
    return ordered, ahead


def _copied(d: np.ndarray[Any, Any], memo: dict[int, Any]) -> np.ndarray[Any, Any]:
    """A copy of ``d`` in a copy of its whole memory, of which there is one in ``memo``."""
    found = _located(d)
    if found is None:
        return np.array(d)
    memory, ahead = found
    key = id(owner(d))
    if key not in memo:
        memo[key] = np.array(memory, order="C")
        memo.setdefault(id(memo), []).append(owner(d))  # it must live as long as its id counts
    return np.ndarray(d.shape, d.dtype, memo[key], ahead, d.strides)


def deepcopy(self: Tensor, memo: dict[int, Any]) -> Tensor:
    """A leaf like this one, with a copy of its memory, its gradient and its attributes."""
    if id(self) in memo:
        return memo[id(self)]
    if not self.is_leaf:
        raise errors.deepcopy_needs_leaf()
    out = wrap(_copied(box(self), memo), type(self))
    memo[id(self)] = out
    out.requires_grad_(self.requires_grad)
    if self.grad is not None:
        out.grad = copy.deepcopy(self.grad, memo)
    vars(out).update(copy.deepcopy(vars(self), memo))
    return out


def shallow(self: Tensor) -> Tensor:
    """Another tensor on the same memory, with the same attributes."""
    out = wrap(box(self), type(self))
    out._n = self._n
    vars(out).update(vars(self))
    return out


# ------------------------------------------------------------------------------------------------ pickles
sharing: list[bool] = []  # not empty while a file is saved: there, memory that tensors share stays shared


def reduce(self: Tensor, protocol: Any) -> Any:
    """For ``pickle``: the whole memory, which is pickled once, and where in it this tensor lies."""
    d = box(self)
    found = _located(d)
    memory, ahead = found if found is not None else (np.array(d, order="C"), 0)
    strides = d.strides if found is not None else memory.strides
    base = owner(d) if found is not None and sharing else np.array(memory)  # the very object: pickle knows it again
    return rebuild, (type(self), base, d.shape, strides, ahead, self.requires_grad, vars(self) or None)


def rebuild(
    kind: type[Tensor],
    memory: Any,
    shape: tuple[int, ...],
    strides: tuple[int, ...],
    ahead: int,
    requires_grad: bool,
    state: dict[str, Any] | None,
) -> Tensor:
    """The tensor that ``reduce`` took apart."""
    ordered = memory.transpose(sorted(range(memory.ndim), key=lambda i: -memory.strides[i]))
    d = np.ndarray(shape, np.dtype(memory.dtype.type), ordered, ahead, strides)  # NumPy's own dtype object
    out = wrap(d, kind).requires_grad_(requires_grad)
    vars(out).update(state or {})
    return out


# ------------------------------------------------------------------------------------------------ NumPy
@readable
def array(self: Tensor, dtype: Any = None, copy: Any = None) -> np.ndarray[Any, Any]:
    """The values for NumPy: the same memory, unless ``dtype`` or ``copy`` ask for another."""
    found = self.numpy()
    if dtype is not None and found.dtype != np.dtype(dtype):
        if copy is False:
            raise ValueError("Unable to avoid copy while creating an array as requested.")
        return found.astype(dtype)
    return found.copy() if copy else found


def array_wrap(self: Tensor, array: Any, context: Any = None, return_scalar: bool = False) -> Any:
    """What NumPy's functions make of tensors is a tensor again."""
    array = np.asarray(array)
    return wrap(checked(array.astype(np.uint8) if array.dtype.kind == "b" else array))  # as old as PyTorch without bool


def dlpack(
    self: Tensor, *, stream: Any = None, max_version: Any = None, dl_device: Any = None, copy: Any = None
) -> Any:
    """A DLPack capsule of this memory.

    Errors: BufferError for a tensor that wants a gradient.
    """
    if self.requires_grad:
        raise BufferError("Can't export tensors that require gradient, use tensor.detach()")
    return box(self).__dlpack__(stream=stream, max_version=max_version, dl_device=dl_device, copy=copy)


def dlpack_device(self: Tensor) -> tuple[int, int]:
    """DLPack's number of the CPU."""
    return box(self).__dlpack_device__()


def reinterpreted(x: Tensor, dtype: dtypes.dtype) -> Tensor:
    """The same memory read as another dtype; no gradient goes through.

    Errors: RuntimeError where sizes do not fit, or the last dimension has gaps.
    """
    d, to = box(x), dtype.numpy
    words = f"to view {dtypes.OF[d.dtype].title} as {dtype.title} (different element sizes)"
    if d.itemsize != to.itemsize:
        if not d.ndim:
            raise RuntimeError(f"self.dim() cannot be 0 {words}")
        if x.stride(-1) != 1:
            raise RuntimeError(f"self.stride(-1) must be 1 {words}, but got {x.stride(-1)}")
        if to.itemsize > d.itemsize and d.shape[-1] % (to.itemsize // d.itemsize):
            times = to.itemsize // d.itemsize
            raise RuntimeError(f"self.size(-1) must be divisible by {times} {words}, but got {d.shape[-1]}")
    out = wrap(d.view(to))
    if out._d.size and not x.requires_grad:
        RAW["track"](x, out)
    return out


RAW["reinterpreted"] = reinterpreted


# ------------------------------------------------------------------------------------------------ Python
@readable
def contains(self: Tensor, element: Any) -> bool:
    """Whether an entry equals ``element``, a number or a tensor."""
    if not isinstance(element, Tensor | int | float | complex | np.generic):
        raise RuntimeError(
            "Tensor.__contains__ only supports Tensor or scalar, but you passed in a " + str(type(element)) + "."
        )
    return bool((self.detach() == (element.detach() if isinstance(element, Tensor) else element)).any())


def reversed_(self: Tensor) -> Tensor:
    """The entries in the opposite order."""
    return self.flip(tuple(range(self._d.ndim))) if self._d.ndim else self


def apply_(self: Tensor, callable: Any) -> Tensor:
    """Each element replaced by what ``callable`` makes of it."""
    if self.requires_grad:
        raise TypeError("apply_ is only implemented for tensors that do not require grad")
    d = box(self)
    d[...] = np.array([callable(v) for v in d.ravel().tolist()], d.dtype).reshape(d.shape)
    return self


def map_(self: Tensor, tensor: Tensor, callable: Any) -> Tensor:
    """Each element replaced by what ``callable`` makes of it and of the element of ``tensor``."""
    if self.requires_grad:
        raise TypeError("map_ is only implemented for tensors that do not require grad")
    d, other = box(self), np.broadcast_to(tensor._d, self._d.shape)
    d[...] = np.array(list(map(callable, d.ravel().tolist(), other.ravel().tolist())), d.dtype).reshape(d.shape)
    return self


def set_(self: Tensor, source: Tensor | None = None) -> Tensor:
    """This tensor on the memory of ``source``."""
    self.data = source if source is not None else wrap(np.empty(0, self._d.dtype))
    return self


def is_set_to(self: Tensor, tensor: Tensor) -> bool:
    """Whether both are the same memory, shape and strides."""
    a, b = box(self), box(tensor)
    return a is b or (a.__array_interface__["data"] == b.__array_interface__["data"]
                      and (a.shape, a.strides, a.dtype) == (b.shape, b.strides, b.dtype))  # fmt: skip


def dim_order(self: Tensor, *, ambiguity_check: Any = False) -> tuple[int, ...]:
    """The dimensions from the outermost in."""
    return tuple(sorted(range(self._d.ndim), key=lambda i: -box(self).strides[i]))


def new(self: Tensor, *args: Any, **kwargs: Any) -> Tensor:
    """The old way to make a tensor of this dtype: of sizes, or of data."""
    from .naming.legacy import construct

    return construct(Tensor, self._d.dtype, args, kwargs)


def hash_of(self: Tensor) -> int:
    """A tensor is a key by what it is, not by its values."""
    return id(self)


array.__name__, contains.__name__ = "__array__", "__contains__"  # what function modes see
METHODS = {
    "__deepcopy__": deepcopy, "__copy__": shallow, "__reduce_ex__": reduce, "__array__": array,
    "__array_wrap__": array_wrap, "__dlpack__": dlpack, "__dlpack_device__": dlpack_device, "__contains__": contains,
    "__reversed__": reversed_, "__hash__": hash_of, "apply_": apply_, "map_": map_, "set_": set_,
    "is_set_to": is_set_to, "dim_order": dim_order, "new": new, "name": property(lambda self: None),
}  # fmt: skip
