"""``torch.cuda``, so that programs can ask: this engine computes on the CPU."""

from __future__ import annotations

from .naming import absent


def is_available() -> bool:
    """False."""
    return False


def device_count() -> int:
    """0."""
    return 0


def manual_seed_all(seed: int) -> None:
    """Nothing: there is no device to seed."""


__all__ = ["device_count", "is_available", "manual_seed_all"]

__getattr__ = absent.lookup("torch.cuda", lambda: __all__)
