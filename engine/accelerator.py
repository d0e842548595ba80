"""``torch.accelerator``, so that programs can ask: there is none."""

from __future__ import annotations

from typing import Any

from .naming import absent


def is_available() -> bool:
    """False."""
    return False


def device_count() -> int:
    """0."""
    return 0


def current_accelerator(check_available: bool = False) -> Any:
    """None: this engine computes on the CPU."""
    return None


__all__ = ["current_accelerator", "device_count", "is_available"]

__getattr__ = absent.lookup("torch.accelerator", lambda: __all__)
