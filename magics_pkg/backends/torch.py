"""PyTorch: recording and drawing; its freed graphs are not kept, so a panel over it cannot move yet."""

from __future__ import annotations

from types import ModuleType

from . import Backend


class Torch(Backend):
    """Everything that the protocol needs is PyTorch's own."""

    name = "torch"


def backend(module: ModuleType) -> Torch:
    """The backend of an imported ``torch``."""
    return Torch(module)
