"""How a function of ``torch.linalg`` is made known: to function modes as ``linalg_<name>``, its results by name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from .. import return_types
from ..mode import overridable


def seen(function: Callable[..., Any]) -> Callable[..., Any]:
    """Decorator: a function mode sees one call named as PyTorch's, ``linalg_norm``."""
    front = overridable(function)
    front.__name__ = f"linalg_{function.__name__}"
    return front


def named(name: str, results: Sequence[Any]) -> Any:
    """``results`` as ``torch.return_types.<name>``."""
    return getattr(return_types, name)(*results)
