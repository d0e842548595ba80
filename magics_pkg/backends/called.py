"""Which Python functions PyTorch's engine calls while a pass runs: nodes list their hooks nowhere."""

from __future__ import annotations

import sys
from typing import Any

ENGINE = "run_backward"  # the method of PyTorch's that runs a pass and calls the hooks


class HooksCalled:
    """Names of the Python functions that PyTorch's engine calls on this thread: hooks, and a Function's backward.

    PyTorch lists no node's hooks. Where a profiler is at work already it is left alone."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self._ours = False
        self._passes: list[Any] = []  # frames that are in a call of the engine

    def __enter__(self) -> None:
        if sys.getprofile() is None:
            self._ours = True
            sys.setprofile(self._see)

    def __exit__(self, *error: Any) -> None:
        self.stop()

    def stop(self) -> None:
        """The pass is over."""
        if self._ours:
            self._ours = False
            sys.setprofile(None)

    def _see(self, frame: Any, event: str, argument: Any) -> None:
        if event != "call":
            if getattr(argument, "__name__", "") == ENGINE:
                if event == "c_call":
                    self._passes.append(frame)
                elif self._passes:
                    self._passes.pop()
            return
        if not self._passes or frame.f_back is not self._passes[-1]:
            return
        code, module = frame.f_code, frame.f_globals.get("__name__", "")
        if module.startswith((__package__, "logging", "IPython", "ipykernel", "torch._tensor")):
            return  # ours, and what a hook that is no Python function, like print, calls
        if code.co_qualname != "BackwardCFunction.apply":  # a custom function's, which the node tells of
            self.names.append("checkpoint" if module == "torch.utils.checkpoint" else code.co_qualname)
