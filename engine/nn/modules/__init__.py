"""``torch.nn.modules``: where PyTorch keeps the classes that ``torch.nn`` shows."""

from __future__ import annotations

from typing import Any


def __getattr__(name: str) -> Any:
    from ... import nn

    return getattr(nn, name)
