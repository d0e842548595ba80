"""The engine of this repository: it can copy a graph itself."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Sequence
from types import CodeType, ModuleType
from typing import Any

import numpy as np

from . import Backend, Reached, Snapshot


class Engine(Backend):
    """``engine.autograd.graph.Snapshot`` keeps a private copy of the nodes with what they saved."""

    name = "engine"

    def snapshot(self, outputs: list[Any], reached: Reached | None = None) -> Snapshot:
        kept: Snapshot = self.module.autograd.graph.Snapshot(outputs)
        return kept

    def joined(self, tensors: Sequence[Any]) -> Any:
        """The arrays of all in one."""
        kind = self.tensor
        arrays = [each.numpy(force=True) if isinstance(each, kind) else each for each in tensors]
        return np.concatenate([each.reshape(-1) for each in arrays])

    def only_first(self, code: CodeType) -> bool:
        """The stub that compiles an operation, and then takes over the compiled code."""
        return "lazily_completed" in code.co_varnames

    def hooks_on(self, tensor: Any) -> list[Any]:
        """A node with hooks has them in the place of its step."""
        hooks = getattr(getattr(tensor._n, "step", None), "tensor", None)
        return list(hooks.values()) if isinstance(hooks, dict) else []

    def unhook(self, nodes: Iterable[Any]) -> None:
        """A node gets its own step back when it has no hook any more."""
        for node in nodes:
            step = node.step
            if type(step).__name__ == "Hooked" and not step.hooks and step.retain is None and not step.outputs:
                node.step = step.inner

    def complaint(self, node: Any) -> str:
        """Showing what a node saved does not look at versions here."""
        try:
            importlib.import_module(f"{self.module.__name__}.graph.versions").check(node)
        except RuntimeError as error:
            return str(error)
        except AttributeError:  # a node that saves nothing
            return ""
        return super().complaint(node)


def backend(module: ModuleType) -> Engine:
    """The backend of an imported ``engine``."""
    return Engine(module)
