"""PyTorch: its graphs are kept by running the user's own backward with ``retain_graph=True``, and sealed after it."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from types import ModuleType
from typing import Any

import numpy as np

from . import Backend, Snapshot
from .kept import Kept, Seals

# Where in the positional arguments of each call ``retain_graph`` and ``create_graph`` stand
RETAIN = {"backward": 2, "autograd.backward": 2, "autograd.grad": 3}


class Torch(Backend):
    """Everything that the protocol needs is PyTorch's own; names that begin with an underscore may be missing."""

    name = "torch"
    noted = frozenset({"retain_grad", "register_hook"})

    def __init__(self, module: ModuleType) -> None:
        super().__init__(module)
        self.seals = Seals()
        self._noted: dict[int, Any] = {}  # weak references to tensors with hooks, by id: no graph tells of these

    def array(self, tensor: Any) -> Any:
        """NumPy knows neither devices nor bfloat16 nor lazy conjugates; what it knows shares the tensor's memory."""
        plain = tensor.detach()
        if plain.layout is not self.module.strided:
            plain = plain.to_dense()
        if plain.device.type != "cpu":
            plain = plain.cpu()
        plain = plain.resolve_conj().resolve_neg()
        try:
            return plain.numpy()
        except TypeError:  # bfloat16 and the 8 bit floats: all their numbers are float32's
            return plain.float().numpy()

    def copy(self, tensor: Any) -> Any:
        """Where the tensor is, with what its dtype holds."""
        return tensor.detach().clone()

    def given(self, numbers: Any, like: Any) -> Any:
        """On the device of ``like``, in its dtype."""
        return self.module.from_numpy(np.array(numbers)).to(device=like.device, dtype=like.dtype)

    def note(self, tensor: Any) -> None:
        """``retain_grad`` and hooks on a tensor inside the graph are known to the tensor alone."""
        key, noted = id(tensor), self._noted

        def forget(_: Any) -> None:
            noted.pop(key, None)

        noted[key] = weakref.ref(tensor, forget)

    def look_at(self, names: Mapping[str, Any]) -> None:
        """Those inside a graph; of leaves their nodes tell."""
        for each in tuple(names.values()):
            if isinstance(each, self.tensor) and each.grad_fn is not None and (each.retains_grad or _hooked(each)):
                self.note(each)

    def noted_tensors(self) -> list[Any]:
        """Those that are still there."""
        return [each for reference in list(self._noted.values()) if (each := reference()) is not None]

    def snapshot(self, outputs: list[Any]) -> Snapshot:
        """See `Kept`."""
        return Kept(self, outputs)

    def run(self, kept: Any, kind: str, func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Run the user's call so that it frees nothing, and then seal what it would have freed."""
        if kept is None:
            return func(*args, **kwargs)
        place = RETAIN[kind]
        retain = args[place] if len(args) > place else kwargs.get("retain_graph")
        create = args[place + 1] if len(args) > place + 1 else kwargs.get("create_graph")
        frees = not (create if retain is None else retain)
        if frees and len(args) > place:
            args = (*args[:place], True, *args[place + 1 :])
        elif frees:
            kwargs = {**kwargs, "retain_graph": True}
        with kept.observe(), kept.sealing() if frees else nullcontext():
            return func(*args, **kwargs)


def _hooked(tensor: Any) -> bool:
    return bool(getattr(tensor, "_backward_hooks", None))


def backend(module: ModuleType) -> Torch:
    """The backend of an imported ``torch``."""
    return Torch(module)
