"""``torch.autograd.grad_mode``: what is recorded, and where."""

from __future__ import annotations

from typing import Any

from ..inference import inference_mode
from ..mode import enable_grad, no_grad, set_grad_enabled


class set_multithreading_enabled:
    """Accepted, as in PyTorch, and without effect: a pass runs in the thread that asks for it."""

    def __init__(self, mode: bool) -> None:
        self.mode = mode

    def __enter__(self) -> None:
        pass

    def __exit__(self, *_: object) -> None:
        pass

    def clone(self) -> set_multithreading_enabled:
        """Another of the same, for one more use."""
        return set_multithreading_enabled(self.mode)

    def __call__(self, function: Any) -> Any:
        """``function`` itself."""
        return function


__all__ = ["enable_grad", "inference_mode", "no_grad", "set_grad_enabled", "set_multithreading_enabled"]
