"""``torch.Size``, a shape that prints as PyTorch's; ``torch.device``, always the CPU; how memory can be laid out."""

from __future__ import annotations

import math
from typing import Any


class Size(tuple[int, ...]):
    """The shape of a tensor: a tuple of ints."""

    __slots__ = ()

    def numel(self) -> int:
        """The number of elements of this shape."""
        return math.prod(self)

    def __repr__(self) -> str:
        return f"torch.Size({list(self)})"

    def __getitem__(self, index: Any) -> Any:
        item = super().__getitem__(index)
        return Size(item) if isinstance(index, slice) else item

    def __add__(self, other: tuple[Any, ...]) -> Any:
        return Size(super().__add__(tuple(other)))


class device:
    """Where a tensor lives: this engine knows the CPU."""

    type: str

    def __init__(self, type: Any = "cpu", index: int | None = None) -> None:
        name: str = type.type if isinstance(type, device) else str(type).partition(":")[0]
        if name != "cpu":
            raise RuntimeError(f"this engine computes on the CPU only; there is no device {str(type)!r}")
        self.type, self.index = name, index

    def __eq__(self, other: object) -> bool:
        return isinstance(other, device) and self.type == other.type

    def __hash__(self) -> int:
        return hash(self.type)

    def __repr__(self) -> str:
        return f"device(type={self.type!r})"

    def __str__(self) -> str:
        return self.type


class _Named:
    """A constant of PyTorch's that is only its name."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return f"torch.{self.name}"

    def __reduce__(self) -> str:
        return self.name


class layout(_Named):
    """How elements are stored: ``torch.strided`` is the one that this engine has."""

    __slots__ = ()


class memory_format(_Named):
    """The order of elements in memory: ``torch.contiguous_format``, ``torch.preserve_format``, channels last."""

    __slots__ = ()


strided = layout("strided")
contiguous_format, preserve_format = memory_format("contiguous_format"), memory_format("preserve_format")
channels_last, channels_last_3d = memory_format("channels_last"), memory_format("channels_last_3d")
