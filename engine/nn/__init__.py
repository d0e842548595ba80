"""``torch.nn``: modules, their parameters, losses."""

from __future__ import annotations

from typing import Any

from .. import absent
from . import activation, container, functional, init, linear, loss
from .module import Module
from .parameter import Buffer, Parameter

_public: dict[str, Any] = {
    name: getattr(file, name) for file in (activation, container, linear, loss) for name in file.NAMES
}
globals().update(_public)

__all__ = ["Buffer", "Module", "Parameter", "functional", "init", *_public]

__getattr__ = absent.lookup("torch.nn", lambda: __all__)


def __dir__() -> list[str]:
    return sorted(__all__)
