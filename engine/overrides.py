"""``TorchFunctionMode``: see, and replace, every call on tensors within a ``with``, as ``torch.overrides`` does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from . import mode
from .naming import absent


class TorchFunctionMode:
    """Subclass, and define ``__torch_function__(self, func, types, args=(), kwargs=None)``.

    Inside ``with``, each call of an operation on tensors goes to that method in place of being run; the mode is off
    while the method runs, so that it can call ``func`` itself. Modes nest, the innermost first; thread-local.
    """

    def __enter__(self) -> Any:
        mode.push(self)
        return self

    def __exit__(self, *_: object) -> None:
        mode.pop()

    def __torch_function__(
        self, func: Callable[..., Any], types: tuple[type, ...], args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        raise NotImplementedError


__getattr__ = absent.lookup("torch.overrides", lambda: ["TorchFunctionMode"])
