"""What hands a graph's saved tensors to the panel, and refuses everyone else."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ..cells.cell import shown_without_ours
from . import FREED, Gone
from .private import Sentinel, is_counted, version_of


class Seals:
    """Who may read saved tensors at the moment: no thread but the one inside `opened`."""

    def __init__(self) -> None:
        self._reader: int | None = None
        self._lock = threading.RLock()

    @contextmanager
    def opened(self) -> Iterator[None]:
        """For the panel's own passes, one at a time."""
        with self._lock:
            before, self._reader = self._reader, threading.get_ident()
            try:
                yield
            finally:
                self._reader = before

    def admits(self, device: str) -> bool:
        """Whether this thread is the panel's; other devices run their nodes on threads of PyTorch's."""
        reader = self._reader
        return reader is not None and (device != "cpu" or reader == threading.get_ident())


class Holder:
    """What stands in a node for a saved tensor: the tensor, until the panel is closed."""

    __slots__ = ("seals", "sentinel", "tensor", "version")

    def __init__(self, tensor: Any, seals: Seals, intact: bool) -> None:
        self.tensor, self.seals, self.version = tensor, seals, version_of(tensor) if intact else None
        self.sentinel: Sentinel | None = None

    def watch(self, module: Any) -> None:
        """Notice from now on when the tensor is written over, also where PyTorch does not count that."""
        if self.version is not None and not is_counted(self.tensor):
            self.sentinel = Sentinel(module, self.tensor)

    def give(self) -> Any:
        """The tensor, to the panel; Errors: as after a pass that frees."""
        tensor = self.tensor
        if tensor is None or not self.seals.admits(tensor.device.type):
            raise refusal()
        if version_of(tensor) != self.version or (self.sentinel is not None and self.sentinel.is_written()):
            raise Gone("one of the variables needed for gradient computation has been modified by an inplace operation")
        return tensor


def refusal() -> RuntimeError:
    """PyTorch's error, shown without a frame of ours."""
    error = RuntimeError(FREED)
    shown_without_ours(error)
    return error


class Guard:
    """A node's pre-hook that lets only the panel pass, for nodes whose saved values cannot be had one by one."""

    def __init__(self, seals: Seals) -> None:
        self.seals = seals

    def __call__(self, gradients: tuple[Any, ...]) -> None:
        device = next((each.device.type for each in gradients if each is not None), "cpu")
        if not self.seals.admits(device):
            raise refusal()
