"""Many wishes, the latest of which counts: what a slider sends while it is dragged."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

PAUSE = 0.05  # seconds between two sweeps of a drag, where a sweep is not cheap
CHEAP = 0.008  # seconds that a sweep may take to be run for every message


class Latest:
    """Coalesces calls: immediate when the work is cheap, else every 50 ms; the last one is always processed."""

    def __init__(self, work: Callable[[Any], None], pause: float = PAUSE, cheap: float = CHEAP) -> None:
        self._work: Callable[[Any], None] | None = work
        self._pause, self._cheap = pause, cheap
        self._condition = threading.Condition()
        self._waiting: list[Any] = []  # the latest item, or nothing
        self._timer: threading.Timer | None = None
        self._running = False
        self._ended, self._cost = -1e9, 0.0

    def put(self, item: Any) -> None:
        """Take this item in place of any that still waits."""
        with self._condition:
            if self._work is None:
                return
            self._waiting = [item]
            if self._running or self._timer is not None:
                return  # whoever is at it will see this item
            delay = 0.0 if self._cost <= self._cheap else self._ended + self._pause - time.monotonic()
            if delay > 0:
                self._later(delay)
                return
            self._running = True
        self._run()

    def settle(self, timeout: float = 30.0) -> None:
        """Wait until nothing waits and nothing runs."""
        with self._condition:
            self._condition.wait_for(lambda: not (self._waiting or self._running or self._timer), timeout)

    def close(self) -> None:
        """Drop what waits, and the timer."""
        with self._condition:
            self._work, self._waiting = None, []
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None
            self._condition.notify_all()

    def _later(self, delay: float) -> None:
        self._timer = threading.Timer(delay, self._wake)
        self._timer.daemon = True
        self._timer.start()

    def _wake(self) -> None:
        with self._condition:
            self._timer = None
            if self._work is None or self._running:
                return
            self._running = True
        self._run()

    def _run(self) -> None:
        while True:
            with self._condition:
                work = self._work
                if work is None or not self._waiting:
                    self._running = False
                    self._condition.notify_all()
                    return
                item = self._waiting.pop()
            began = time.monotonic()
            try:
                work(item)
            except BaseException:
                with self._condition:
                    self._running = False
                raise
            with self._condition:
                self._ended = time.monotonic()
                self._cost = self._ended - began
                if self._waiting and self._work is not None and self._cost > self._cheap:
                    self._running = False
                    self._later(self._pause)
                    return
