"""``torch.exp_`` and its like: the in-place methods that PyTorch gives as functions too."""

from __future__ import annotations

from typing import Any

from ..tensor import Tensor


def __getattr__(name: str) -> Any:
    return getattr(Tensor, name)
