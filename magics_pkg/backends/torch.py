"""PyTorch: its graphs are kept by running the user's own backward with ``retain_graph=True``, and sealed after it."""

from __future__ import annotations

import sys
import weakref
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, nullcontext
from functools import cached_property
from types import CodeType, ModuleType
from typing import Any

import numpy as np

from ..words import say
from . import Backend, Reached, Snapshot, node_of
from .kept import Kept
from .private import hooks_of, raw_names, unpromised
from .seals import Seals

# Where in the positional arguments of each call ``retain_graph`` and ``create_graph`` stand
RETAIN = {"backward": 2, "autograd.backward": 2, "autograd.grad": 3}


DYNAMO = "torch/_dynamo/"
SHARED = ("cpu",)  # devices whose memory NumPy can share


class Torch(Backend):
    """Everything that the protocol needs is PyTorch's own; names that begin with an underscore may be missing."""

    name = "torch"
    noted = frozenset({"retain_grad", "register_hook"})

    def __init__(self, module: ModuleType) -> None:
        super().__init__(module)
        self.seals = Seals()
        self._loaded = False
        self._noted: dict[int, Any] = {}  # weak references to tensors with hooks, by id: no graph tells of these

    def mode(self, handler: Callable[..., Any], stop: CodeType | None = None) -> AbstractContextManager[Any]:
        """Compiled functions run eagerly in it: Dynamo would try to compile the handler, and never try again."""
        return _Eagerly(self.module, super().mode(handler, stop), stop)

    def remarks(self, codes: Iterable[CodeType]) -> list[str]:
        """Says so where a compiled function took part, and what cannot be known where PyTorch does not tell."""
        told = {
            "compiled": any(map(_compiles, codes)),
            "without_versions": unpromised(self.tensor, "_version") is None,
            "without_saved": not self.names_saved,
            "without_hooks": None
            in (unpromised(self.tensor, "_backward_hooks"), unpromised(self.tensor, "_post_accumulate_grad_hooks")),
        }
        return [say(key) for key, is_so in told.items() if is_so]

    @cached_property
    def names_saved(self) -> bool:
        """Whether nodes hand out what they saved, one by one."""
        module = self.module
        with module.inference_mode(False), module.enable_grad():
            one = module.ones((), device="cpu", requires_grad=True)
            return bool(raw_names((one * one).grad_fn))

    def raw(self, tensor: Any) -> Any:
        """On its device, in its dtype; as NumPy's where that can share the memory, which is faster."""
        plain = self._dense(tensor)
        if plain.device.type not in SHARED:
            return plain
        try:
            return plain.resolve_conj().resolve_neg().numpy()
        except TypeError:  # bfloat16 and the 8 bit floats
            return plain

    def joined(self, tensors: Sequence[Any]) -> Any:
        """By one call of PyTorch's for all, where it has one."""
        strided, kind = self.module.strided, self.tensor
        for each in tensors:
            if not isinstance(each, kind) or each.layout is not strided:
                return None
        try:
            with self.module.no_grad():
                return self.raw(self.module.cat([each.reshape(-1) for each in tensors]))
        except RuntimeError:  # they are on several devices
            return None

    def _dense(self, tensor: Any) -> Any:
        plain = tensor.detach()
        return plain if plain.layout is self.module.strided else plain.to_dense()

    def array(self, tensor: Any) -> Any:
        """NumPy knows neither devices nor bfloat16 nor lazy conjugates; what it knows shares the tensor's memory."""
        plain = self._dense(tensor)
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

    def transformed(self, tensor: Any) -> bool:
        """PyTorch's own answer, where it still has that function; else such a tensor has no memory of its own."""
        if not isinstance(tensor, self.tensor):
            return False
        functions = unpromised(unpromised(self.module, "_C"), "_functorch")
        wrapped = getattr(functions, "is_functorch_wrapped_tensor", None)
        if wrapped is not None:
            return bool(wrapped(tensor))
        try:
            known = tensor.layout is not self.module.strided or tensor.device.type == "meta" or not tensor.numel()
            return not known and tensor.data_ptr() == 0
        except RuntimeError:
            return True

    def unshown(self, tensor: Any) -> str:
        """Those on "meta" have none; nested ones are no arrays."""
        if tensor.is_nested:
            return "nested"
        return "on_meta" if tensor.is_meta else ""

    def note(self, tensor: Any) -> None:
        """``retain_grad`` and hooks on a tensor inside the graph are known to the tensor alone."""
        key, noted = id(tensor), self._noted

        def forget(_: Any) -> None:
            noted.pop(key, None)

        noted[key] = weakref.ref(tensor, forget)

    def look_at(self, names: Mapping[str, Any]) -> None:
        """Those inside a graph; of leaves their nodes tell."""
        for each in tuple(names.values()):
            if isinstance(each, self.tensor) and node_of(each) is not None and (each.retains_grad or hooks_of(each)):
                self.note(each)

    def noted_tensors(self) -> list[Any]:
        """Those that are still there."""
        return [each for reference in list(self._noted.values()) if (each := reference()) is not None]

    def snapshot(self, outputs: list[Any], reached: Reached | None = None) -> Snapshot:
        """See `Kept`."""
        self._load()
        return Kept(self, outputs, reached)

    def _load(self) -> None:
        """A process's first pass with a gradient imports for a second, which no budget for passes should pay."""
        if not self._loaded:
            self._loaded = True
            module = self.module
            with module.inference_mode(False), module.enable_grad():
                one = module.ones((), device="cpu", requires_grad=True)
                module.autograd.grad(one, one, one.detach())  # no operation: nothing for a program's hooks to see

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
            result = func(*args, **kwargs)
        if create:
            kept.whole_pass = None  # what was noted has a graph of its own
        return result


class _Eagerly:
    """A mode, with `torch.compiler.set_stance("force_eager")` around it, which loads Dynamo: only where it is used.

    That is, where it has been loaded, or the cell's own text names ``compile``."""

    def __init__(self, torch: ModuleType, mode: AbstractContextManager[Any], stop: CodeType | None) -> None:
        self.torch, self.mode, self._compiles = torch, mode, stop is not None and "compile" in _names(stop)
        self._stack: list[ExitStack] = []

    def __enter__(self) -> Any:
        self._stack.append(ExitStack())
        set_stance = getattr(getattr(self.torch, "compiler", None), "set_stance", None)
        if set_stance is not None and (self._compiles or "torch._dynamo" in sys.modules):
            self._stack[-1].enter_context(set_stance("force_eager"))
        return self._stack[-1].enter_context(self.mode)

    def __exit__(self, *error: Any) -> None:
        self._stack.pop().__exit__(None, None, None)


def _compiles(code: CodeType) -> bool:
    """Whether this calls a compiled function; what may never be compiled, as checkpoints, is called from there too."""
    return DYNAMO in code.co_filename.replace("\\", "/") and not code.co_qualname.startswith("DisableContext.")


def _names(code: CodeType) -> set[str]:
    """Every name that a code object, or one inside it, looks up."""
    inner = (each for each in code.co_consts if isinstance(each, CodeType))
    return {*code.co_names, *(name for each in inner for name in _names(each))}


def backend(module: ModuleType) -> Torch:
    """The backend of an imported ``torch``."""
    return Torch(module)
