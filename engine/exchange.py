"""Memory from elsewhere: ``frombuffer`` and DLPack."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from .factory import checked, leaf, numpy_dtype
from .tensor import Tensor, wrap


def frombuffer(buffer: Any, *, dtype: Any, count: int = -1, offset: int = 0, requires_grad: bool = False) -> Tensor:
    """A vector on the memory of an object with the buffer protocol.

    Units: ``count`` in elements, -1 for all; ``offset`` in bytes.
    Errors: ValueError for memory of no, or of too few, elements.
    """
    d = numpy_dtype("frombuffer", dtype)
    if d is None:
        raise TypeError("frombuffer(): argument 'dtype' must be torch.dtype, not NoneType")
    try:
        memory = memoryview(buffer)
    except TypeError:
        raise ValueError("object does not implement Python buffer protocol.") from None
    n = memory.nbytes
    if not n or not count:
        raise ValueError(f"both buffer length ({n}) and count ({count}) must not be 0")
    if not 0 <= offset < n:
        raise ValueError(
            f"offset ({offset} bytes) must be non-negative and no greater than buffer length ({n} bytes) minus 1"
        )
    if count < 0 and (n - offset) % d.itemsize:
        raise ValueError(
            f"buffer length ({n - offset} bytes) after offset ({offset} bytes) must be a multiple of element size "
            f"({d.itemsize})"
        )
    if count > 0 and offset + count * d.itemsize > n:
        raise ValueError(
            f"requested buffer length ({count} * {d.itemsize} bytes) after offset ({offset} bytes) must not be greater "
            f"than actual buffer length ({n} bytes)"
        )
    array = np.frombuffer(buffer, d, count, offset)
    if not array.flags.writeable:
        warnings.warn(NOT_WRITABLE.format("buffer", "buffer", "bytes"), UserWarning, stacklevel=2)
        array = writable(array)
    return leaf(checked(array), requires_grad)


NOT_WRITABLE = (
    "The given {0} is not writable, and PyTorch does not support non-writable tensors. This means you can write to the "
    "underlying (supposedly non-writable) {1} using the tensor. You may want to copy the buffer to protect its data or "
    "make it writable before converting it to a tensor. This type of warning will be suppressed for the rest of this "
    "program."
)


def writable(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """A copy that may be written: this engine does not write to memory that is not to be written."""
    return np.array(array)


class _Capsule:
    """A DLPack capsule as an object that NumPy can take it from."""

    def __init__(self, capsule: Any) -> None:
        self.capsule = capsule

    def __dlpack__(self, **options: Any) -> Any:
        return self.capsule

    def __dlpack_device__(self) -> tuple[int, int]:
        return 1, 0


def from_dlpack(ext_tensor: Any, *, device: Any = None, copy: bool | None = None) -> Tensor:
    """A tensor on the memory of an object with ``__dlpack__``, or of a capsule."""
    if type(ext_tensor).__name__ == "PyCapsule":
        ext_tensor = _Capsule(ext_tensor)
    if not hasattr(ext_tensor, "__dlpack__"):
        raise AttributeError(f"'{type(ext_tensor).__name__}' object has no attribute '__dlpack_device__'")
    array = np.from_dlpack(ext_tensor)
    if copy:
        array = np.array(array)
    elif not array.flags.writeable:  # NumPy is careful with capsules of the old kind
        array = _same_memory(array)
    return wrap(checked(array))


def _same_memory(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    import ctypes

    if not array.size:
        return np.array(array)
    reach = sum((n - 1) * s for n, s in zip(array.shape, array.strides, strict=True)) + array.itemsize
    memory = (ctypes.c_byte * reach).from_address(array.__array_interface__["data"][0])
    memory.keeper = array  # the memory lives as long as what it came from
    return np.ndarray(array.shape, array.dtype, np.frombuffer(memory, np.int8), 0, array.strides)


def to_dlpack(tensor: Tensor) -> Any:
    """A DLPack capsule of a tensor's memory."""
    return tensor.__dlpack__()
