"""What tensors and this thread's settings are asked about: kinds, sizes, devices, determinism."""

from __future__ import annotations

from typing import Any

from .. import dtypes, errors
from ..mode import overridable
from ..size import device as Device
from ..tensor import Tensor


def typename(obj: Any, /) -> str:
    """The name of a tensor's kind, ``torch.FloatTensor``, or of the type of another object."""
    if isinstance(obj, Tensor):
        return obj.type()
    name = getattr(obj, "__qualname__", "") or getattr(obj, "__name__", "")
    module = getattr(obj, "__module__", "") or ""
    if not name:
        module, name = type(obj).__module__, type(obj).__qualname__
    return name if module in ("", "builtins") else f"{module}.{name}"


def _tensor(name: str, word: str, position: int, value: Any) -> Tensor:
    if not isinstance(value, Tensor):
        raise errors.argument(name, word, position, value)
    return value


@overridable
def is_same_size(input: Tensor, other: Tensor) -> bool:
    """Whether two tensors have the same shape."""
    a, b = _tensor("is_same_size", "input", 1, input), _tensor("is_same_size", "other", 2, other)
    return a._d.shape == b._d.shape


@overridable
def is_signed(input: Tensor) -> bool:
    """Whether the dtype of ``input`` has negative numbers."""
    return _tensor("is_signed", "input", 1, input).dtype.is_signed


@overridable
def get_device(input: Tensor) -> int:
    """The number of the device that ``input`` lies on: -1, the CPU."""
    _tensor("get_device", "input", 1, input)
    return -1


def is_storage(obj: Any, /) -> bool:
    """Whether ``obj`` is one of PyTorch's storages, which this engine does not have."""
    return False


def detach(input: Tensor) -> Tensor:
    """The same memory without its history."""
    return _tensor("detach", "input", 1, input).detach()


# ------------------------------------------------------------------------------------------------------------ settings
_deterministic = {"on": False, "warn": False}


def use_deterministic_algorithms(mode: bool, *, warn_only: bool = False) -> None:
    """Ask for algorithms that give the same numbers in each run; all of this engine's do."""
    _deterministic.update(on=bool(mode), warn=bool(warn_only))


def are_deterministic_algorithms_enabled() -> bool:
    """Whether ``use_deterministic_algorithms`` was asked for."""
    return _deterministic["on"]


def is_deterministic_algorithms_warn_only_enabled() -> bool:
    """Whether deterministic algorithms were asked for with ``warn_only``."""
    return _deterministic["warn"]


def get_float32_matmul_precision() -> str:
    """What ``set_float32_matmul_precision`` was told; "highest" until then."""
    return _precision["float32"]


def set_float32_matmul_precision(precision: str) -> None:
    """How exact products of float32 matrices have to be; here they always are of the highest precision."""
    if precision in ("highest", "high", "medium"):
        _precision["float32"] = precision


_precision = {"float32": "highest"}


def get_default_device() -> Device:
    """Where new tensors lie: on the CPU."""
    return Device("cpu")


def set_default_device(device: Any) -> None:
    """Where new tensors shall lie; only the CPU can be asked for."""
    if device is not None:
        Device(device)


def set_default_tensor_type(t: Any, /) -> None:
    """The dtype of tensors made from Python floats, by the name of a kind of tensor; deprecated by PyTorch."""
    from ..naming.legacy import TYPES

    kind = TYPES.get(t.removeprefix("torch.")) if isinstance(t, str) else t
    found = getattr(kind, "dtype", None)
    if found is None:
        raise TypeError(f"invalid type object: {t!r}")
    dtypes.set_default_dtype(found)


def _no(self: Tensor) -> bool:
    """Never true here."""
    return False


def _yes(self: Tensor) -> bool:
    """Always true here."""
    return True


FUNCTIONS = {
    "typename": typename, "is_same_size": is_same_size, "is_signed": is_signed, "get_device": get_device,
    "is_storage": is_storage, "detach": detach, "use_deterministic_algorithms": use_deterministic_algorithms,
    "are_deterministic_algorithms_enabled": are_deterministic_algorithms_enabled,
    "is_deterministic_algorithms_warn_only_enabled": is_deterministic_algorithms_warn_only_enabled,
    "get_default_device": get_default_device, "set_default_device": set_default_device,
    "set_default_tensor_type": set_default_tensor_type,
    "get_float32_matmul_precision": get_float32_matmul_precision,
    "set_float32_matmul_precision": set_float32_matmul_precision,
}  # fmt: skip
METHODS: dict[str, Any] = {
    "is_same_size": is_same_size, "is_signed": is_signed, "get_device": get_device,
    "is_pinned": _no, "is_shared": _no, "is_coalesced": _no, "is_distributed": _no,
    "is_cpu": property(_yes), **{f"is_{name}": property(_no) for name in (
        "cuda", "sparse", "sparse_csr", "quantized", "meta", "mkldnn", "mps", "nested", "xla", "xpu",
    )},
}  # fmt: skip
IN_PLACE: dict[str, Any] = {}
