"""Questions about dtypes: ``finfo``, ``iinfo``, ``result_type``, ``can_cast``, ``is_floating_point``."""

from __future__ import annotations

from typing import Any

import numpy as np

from . import dtypes, errors
from .mode import overridable
from .tensor import Tensor


class finfo:
    """Limits of a floating-point dtype: ``eps``, ``min``, ``max``, ``tiny``, ``smallest_normal``, ``resolution``."""

    def __init__(self, type: dtypes.dtype | None = None) -> None:
        d = dtypes.get_default_dtype() if type is None else type
        if not isinstance(d, dtypes.dtype) or not (d.is_floating_point or d.is_complex):
            raise TypeError(
                "torch.finfo() requires a floating point input type. Use torch.iinfo to handle 'torch.finfo'"
            )
        info = np.finfo(d.numpy)
        self.dtype, self.bits = d.to_real().name, info.bits
        self.eps, self.min, self.max = float(info.eps), float(info.min), float(info.max)
        self.tiny = self.smallest_normal = float(info.tiny)
        self.resolution = float(f"1e-{info.precision}")

    def __repr__(self) -> str:
        names = ("resolution", "min", "max", "eps", "smallest_normal", "tiny")
        return f"finfo({', '.join(f'{n}={getattr(self, n):g}' for n in names)}, dtype={self.dtype})"


class iinfo:
    """Limits of an integer dtype: ``min``, ``max``, ``bits``."""

    def __init__(self, type: dtypes.dtype) -> None:
        if not isinstance(type, dtypes.dtype) or type.numpy.kind not in "iu":
            raise TypeError("torch.iinfo() requires an integer input type. Use torch.finfo to handle 'torch.iinfo'")
        info = np.iinfo(type.numpy)
        self.dtype, self.bits, self.min, self.max = type.name, info.bits, int(info.min), int(info.max)

    def __repr__(self) -> str:
        return f"iinfo(min={self.min:g}, max={self.max:g}, dtype={self.dtype})"


def result_type(tensor1: Any, tensor2: Any) -> dtypes.dtype:
    """The dtype of arithmetic between two tensors, or a tensor and a number."""
    tensors = [v._d for v in (tensor1, tensor2) if isinstance(v, Tensor)]
    numbers = [dtypes.number_dtype(v) for v in (tensor1, tensor2) if not isinstance(v, Tensor)]
    found = dtypes.result_type([d.dtype for d in tensors if d.ndim], [d.dtype for d in tensors if not d.ndim], numbers)
    return dtypes.OF[found]


def promote_types(type1: dtypes.dtype, type2: dtypes.dtype) -> dtypes.dtype:
    """The smallest dtype that holds both."""
    return dtypes.OF[dtypes.promote(type1.numpy, type2.numpy)]


def can_cast(from_: dtypes.dtype, to: dtypes.dtype) -> bool:
    """Whether promotion may cast so: never from complex to real, floating to whole, or anything else to bool."""
    return dtypes.category(from_.numpy) <= dtypes.category(to.numpy)


def is_tensor(obj: Any) -> bool:
    """Whether ``obj`` is a Tensor."""
    return isinstance(obj, Tensor)


def _asked(name: str, answer: Any) -> Any:
    def ask(input: Tensor) -> Any:
        if not isinstance(input, Tensor):
            raise errors.argument(name, "input", 1, input)
        return answer(input)

    ask.__name__ = ask.__qualname__ = name
    ask.__doc__ = f"``input.{name}()``."
    return overridable(ask)


numel = _asked("numel", Tensor.numel)
is_floating_point = _asked("is_floating_point", Tensor.is_floating_point)
is_complex = _asked("is_complex", Tensor.is_complex)
is_nonzero = _asked("is_nonzero", bool)
