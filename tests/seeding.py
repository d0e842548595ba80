"""``torch.manual_seed`` at the price of the CPU's generator."""

from __future__ import annotations

from typing import Any


def no_absent_devices(torch: Any) -> None:
    """Seeds no device that this machine has not: PyTorch would note it for later, three times with the whole stack.

    That takes a millisecond or two, and op_db seeds before each of its samples.
    """
    for device in (torch.cuda, torch.xpu, torch.mtia):
        if not device.is_available():
            device.manual_seed_all = lambda seed: None
