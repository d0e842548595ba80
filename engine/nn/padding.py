"""Padding layers: what stands beyond the edges.

Source: torch.nn.modules.padding, PyTorch 2.13.
"""

from __future__ import annotations

from typing import Any

from ..tensor import Tensor
from . import functional as F
from .module import Module
from .sizes import each


class _Pad(Module):
    """``padding``: one number for all sides, or before and after for each dimension, the last one first."""

    _dims = 0
    _mode = ""

    def __init__(self, padding: Any) -> None:
        super().__init__()
        self.padding = each(padding, 2 * self._dims)

    def forward(self, input: Tensor) -> Tensor:
        """``functional.pad(input, padding, mode)``."""
        return F.pad(input, self.padding, self._mode)

    def extra_repr(self) -> str:
        return f"{self.padding}"


class _CircularPad(_Pad):
    """The other end stands beyond an edge."""

    _mode = "circular"

    def forward(self, input: Tensor) -> Tensor:
        """``functional.pad(input, padding, "circular")``."""
        if input.dim() - self._dims not in (1, 2):
            raise ValueError(f"expected {self._dims + 1}D or {self._dims + 2}D input (got {input.dim()}D input)")
        return super().forward(input)


class _ConstantPad(_Pad):
    """``value`` stands beyond the edges."""

    def __init__(self, padding: Any, value: float) -> None:
        super().__init__(padding)
        self.value = value

    def forward(self, input: Tensor) -> Tensor:
        """``functional.pad(input, padding, "constant", value)``."""
        return F.pad(input, self.padding, "constant", self.value)

    def extra_repr(self) -> str:
        return f"padding={self.padding}, value={self.value}"


class _ZeroPad(_ConstantPad):
    """Zeros stand beyond the edges."""

    def __init__(self, padding: Any) -> None:
        super().__init__(padding, 0.0)

    def extra_repr(self) -> str:
        return f"{self.padding}"


class _ReflectionPad(_Pad):
    """The mirror image stands beyond an edge, the edge itself not repeated."""

    _mode = "reflect"


class _ReplicationPad(_Pad):
    """The edge stands beyond itself."""

    _mode = "replicate"


def _class(base: type, name: str, dims: int) -> Any:
    doc = f"{base.__doc__} The last {dims} dimensions are padded." if dims > 1 else f"{base.__doc__} In one dimension."
    return type(name, (base,), {"_dims": dims, "__doc__": doc, "__module__": __name__})


CircularPad1d, CircularPad2d, CircularPad3d = (_class(_CircularPad, f"CircularPad{n}d", n) for n in (1, 2, 3))
ConstantPad1d, ConstantPad2d, ConstantPad3d = (_class(_ConstantPad, f"ConstantPad{n}d", n) for n in (1, 2, 3))
ReflectionPad1d, ReflectionPad2d, ReflectionPad3d = (_class(_ReflectionPad, f"ReflectionPad{n}d", n) for n in (1, 2, 3))
ReplicationPad1d, ReplicationPad2d, ReplicationPad3d = (
    _class(_ReplicationPad, f"ReplicationPad{n}d", n) for n in (1, 2, 3)
)
ZeroPad1d, ZeroPad2d, ZeroPad3d = (_class(_ZeroPad, f"ZeroPad{n}d", n) for n in (1, 2, 3))
