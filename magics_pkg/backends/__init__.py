"""What differs between tensor libraries: the one place that knows which of them the session has loaded.

A backend is asked for what PyTorch documents, or has had for years under a name with an underscore; no library is ever
imported here: `active` looks at what the user already has.
"""

from __future__ import annotations

import importlib
import importlib.util
import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from types import CodeType, MethodType, ModuleType
from typing import Any, Protocol

import numpy as np

from .private import (
    accumulated_hooks,
    address_of,
    age_of,
    ages,
    custom_class,
    hooks_of,
    is_counted,
    is_view,
    metadata_of,
    newest,
    overlap,
    saved_names,
    sequence_number,
    unpromised,
    version_of,
)
from .reached import Reached

__all__ = [
    "Reached",
    "accumulated_hooks",
    "address_of",
    "age_of",
    "ages",
    "is_counted",
    "is_view",
    "newest",
    "overlap",
    "version_of",
]

NAMES = ("engine", "torch")  # each has a file here, which is imported when the library of that name is there
_loaded: dict[str, Backend] = {}
FREED = (
    "Trying to backward through the graph a second time (or directly access saved tensors after they have already been"
    " freed). Saved intermediate values of the graph are freed when you call .backward() or autograd.grad(). Specify"
    " retain_graph=True if you need to backward through the graph a second time or if you need to access saved tensors"
    " after calling backward."
)
CHANGED = "modified by an inplace operation"
# Operations whose backward needs nothing saved, so that it frees nothing
KEEPS_NOTHING = frozenset(
    {"Add", "Sub", "Rsub", "Neg", "Sum", "Mean", "View", "UnsafeView", "Reshape", "Clone", "Permute", "T", "Transpose"}
    | {"Expand", "Squeeze", "Unsqueeze", "Select", "Slice", "Cat", "Stack", "ToCopy", "Split", "Unbind", "Detach"}
    | {"AccumulateGrad", "torch::autograd::AccumulateGrad"}
)
OPERATION = re.compile(r"Backward\d*$")  # what follows an operation's name in that of its node


class Gone(RuntimeError):
    """A kept graph cannot be run again exactly: what it needs was written over, or freed."""


def is_gone(error: RuntimeError) -> bool:
    """Whether this error of a kept graph means that its values have changed since."""
    return isinstance(error, Gone) or CHANGED in str(error)


class Snapshot(Protocol):
    """A graph that stays runnable, whatever the user's own backward frees."""

    observed: Any  # the gradients of the pass that ran under ``observe()``, as ``run`` gives them
    whole_pass: Any  # that pass from one output with one entry, where ``run`` would note the same; else None

    @property
    def linear(self) -> bool: ...

    @property
    def hooks(self) -> tuple[str, ...]:
        """What takes part in a pass beside the operations, in words."""

    @property
    def nbytes(self) -> int: ...

    def observe(self) -> AbstractContextManager[None]: ...

    def run(self, gradients: list[Any], create_graph: bool = False) -> Any: ...

    def gradient(self, root: int, numbers: Any) -> Any: ...

    def vjp(self, node: Any, nr: int, gradient: Any) -> tuple[Any, ...]: ...

    def saved(self, node: Any) -> dict[str, Any]:
        """What a node saved for its derivative, by PyTorch's name for it; also where the user's pass freed it."""

    def hooks_on(self, node: Any, nr: int, tensor: Any) -> tuple[str, ...]:
        """The hooks where the gradient of this output of a node arrives, by name; ``tensor``: that output, or None."""

    def close(self) -> None: ...


class Backend:
    """A library with PyTorch's public autograd protocol."""

    name = ""
    noted: frozenset[str] = frozenset()  # calls whose tensor must be told to `note`

    def __init__(self, module: ModuleType) -> None:
        self.module = module
        self._recording: Callable[[Callable[..., Any]], Any] | None = None
        self.tensor: Any = module.Tensor
        self.routes: dict[Any, str] = {}  # how a recorder treats calls of each function
        self.folder = (getattr(module, "__path__", None) or [""])[0].rstrip("/\\") + "/"
        counter = sequence_number(module)
        self.sequence_number: Callable[[], int] = counter or (lambda: 0)
        self.counts = counter is not None  # nodes, so that those of a call are told by their numbers
        self.module_type: type | None = getattr(getattr(module, "nn", None), "Module", None)

    def mode(self, handler: Callable[..., Any], stop: CodeType | None = None) -> AbstractContextManager[Any]:
        """A context manager in which each call on tensors goes to ``handler(mode, func, types, args, kwargs)``.

        ``stop``: the code that is going to run in it."""
        if self._recording is None:
            self._recording = _recording(self.module.overrides.TorchFunctionMode)
        mode: AbstractContextManager[Any] = self._recording(handler)
        return mode

    def remarks(self, codes: Iterable[CodeType]) -> list[str]:
        """What there is to say of a cell in whose calls these took part."""
        return []

    def module_call(self) -> CodeType | None:
        """The code whose frames are calls of a module, with the module as ``self``."""
        # the outer of PyTorch's two: it has fewer local variables, and looking at a frame's copies them all
        names = ("_wrapped_call_impl", "_call_impl", "__call__")
        codes = [getattr(unpromised(self.module_type, each), "__code__", None) for each in names]
        return next((code for code in codes if code is not None), None)

    def only_first(self, code: CodeType) -> bool:
        """Whether this code is on the way to an operation only when it is called for the first time."""
        return False

    def kind_of(self, func: Any) -> str:
        """Of a call that runs a backward pass "backward", "autograd.backward" or "autograd.grad"; else ""."""
        autograd = self.module.autograd
        if func is autograd.grad:
            return "autograd.grad"
        if func is autograd.backward:
            return "autograd.backward"
        return "backward" if func is getattr(self.tensor, "backward", None) else ""

    def raw(self, tensor: Any) -> Any:
        """The tensor's numbers where they are, for `arrays`: a NumPy array, or a tensor of the library's."""
        return self.array(tensor)

    def dtype(self, tensor: Any) -> Any:
        """NumPy's dtype for the tensor's numbers."""
        return self.array(tensor.detach().reshape(-1)[:0]).dtype

    def array(self, tensor: Any) -> Any:
        """The tensor's data as a NumPy array that may share its memory."""
        return tensor.detach().numpy()

    def copy(self, tensor: Any) -> Any:
        """What the tensor holds now, for `accumulate` and `plain`."""
        return self.array(tensor).copy()

    def accumulate(self, parts: Iterable[Any], like: Any) -> Any:
        """What `.grad` of the leaf ``like`` holds after these arrived in this order; None where there is none."""
        total = None
        for each in parts:
            if each is not None:
                part = each if hasattr(each, "detach") else self.given(each, like)
                total = part.clone() if total is None else total + part
        return total

    def given(self, numbers: Any, like: Any) -> Any:
        """Numbers as a tensor like this one."""
        return self.module.from_numpy(np.array(numbers))

    def note(self, tensor: Any) -> None:
        """A call of ``noted`` was made on this tensor."""

    def look_at(self, names: Mapping[str, Any]) -> None:
        """What the user has before a cell runs: tensors that such calls were made on unseen."""

    def unshown(self, tensor: Any) -> str:
        """Which sentence says why a tensor has no numbers that could be shown; "" where it has."""
        return ""

    def transformed(self, tensor: Any) -> bool:
        """Whether this is one of many inside ``vmap`` or ``func.grad``, with no numbers of its own to look at."""
        return False

    def leaf_node(self, leaf: Any) -> Any:
        """The AccumulateGrad node of a leaf that requires grad."""
        with self.module.enable_grad():
            return leaf.view_as(leaf).grad_fn.next_functions[0][0]

    def root(self, tensor: Any) -> tuple[Any, int]:
        """The node, and which of its outputs, where the gradient of this tensor arrives."""
        node = tensor.grad_fn
        return (self.leaf_node(tensor), 0) if node is None else (node, tensor.output_nr)

    def joined(self, tensors: Sequence[Any]) -> Any:
        """The numbers of several tensors one after the other, flat; None where they have to be looked at one by one."""
        return None

    def trouble(self, node: Any) -> str:
        """ "freed" where what a node saved is gone, "written" where it was written over since, else ""."""
        told = self.complaint(node)
        return "freed" if FREED[:40] in told else "written" if "inplace" in told else ""

    def complaint(self, node: Any) -> str:
        """What the library's error says when somebody looks at what a node saved; "" where it gives it."""
        for name in saved_names(node):
            try:
                getattr(node, name)
            except RuntimeError as error:
                return str(error)
            except AttributeError:  # another operation's
                continue
        return ""

    def hooks_on(self, tensor: Any) -> list[Callable[..., Any]]:
        """The hooks that a program has put on a tensor's gradient."""
        return hooks_of(tensor)

    def metadata(self, node: Any) -> tuple[tuple[tuple[int, ...], str], ...]:
        """Shape and dtype of each output of a node, where the library tells."""
        return tuple((tuple(each.shape), dtype_name(each.dtype)) for each in metadata_of(node))

    def unhook(self, nodes: Iterable[Any]) -> None:
        """Hooks of ours have been removed from these nodes."""

    def snapshot(self, outputs: list[Any], reached: Reached | None = None) -> Snapshot:
        """Keep the graph under ``outputs`` runnable; to be taken before the user's own backward frees it.

        ``reached``: what is known of it."""
        raise NotImplementedError(f"the graphs of {self.name} are not kept")

    def run(self, kept: Any, kind: str, func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Run the user's own backward call, of which ``kept`` (or None) keeps the graph."""
        with kept.observe() if kept is not None else nullcontext():
            return func(*args, **kwargs)


def _recording(base: Any) -> Callable[[Callable[..., Any]], Any]:
    """A class of modes that hand each call on. One for all cells: a class that knew a cell's handler would be a cycle
    of references with all that the handler has noted in it. While a mode is entered the handler is its own method: a
    function between would be called a hundred times for fifty operations of a transformer."""

    class Recording(base):
        def __init__(self, handler: Callable[..., Any]) -> None:
            super().__init__()
            self.handler = handler

        def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            return self.handler(self, func, types, args, kwargs)  # for who asks the class

        def __enter__(self) -> Any:
            self.__dict__["__torch_function__"] = MethodType(self.handler, self)
            return super().__enter__()

        def __exit__(self, *error: Any) -> Any:
            del self.__dict__["__torch_function__"]  # which refers to this
            return super().__exit__(*error)

    return Recording


def plain(value: Any) -> Any:
    """The numbers of a tensor, or of a NumPy value, as an array."""
    if not hasattr(value, "detach"):
        return np.asarray(value)
    backend = of(value)
    return backend.array(value) if backend is not None else np.asarray(value.detach().numpy())


def dtype_name(dtype: Any) -> str:
    """``torch.float32`` as "float32"."""
    return str(dtype).rpartition(".")[2]


def node_of(tensor: Any) -> Any:
    """A tensor's ``grad_fn``; None for one that was overwritten under a view which may not be, and refuses to tell."""
    try:
        return tensor.grad_fn
    except RuntimeError:
        return None


def custom_function(node: Any) -> str:
    """The name of the program's own ``autograd.Function`` behind a node, or ""."""
    if (made := custom_class(node)) is not None:
        return str(made.__name__)
    is_custom = any(each.__name__ == "BackwardCFunction" for each in type(node).__mro__)
    return type(node).__name__.removesuffix("Backward") if is_custom else ""


def clears_on_access(node: Any) -> bool:
    """Whether looking at what a custom function saved would take it away, or may."""
    made = custom_class(node)
    return bool(custom_function(node)) if made is None else bool(getattr(made, "clear_saved_tensors_on_access", False))


def saves(name: str) -> bool:
    """Whether the backward of a node of this name needs values that its forward saved, as far as that tells."""
    return OPERATION.sub("", name) not in KEEPS_NOTHING


def is_freed(node: Any, name: str) -> bool:
    """Whether the program's own reading of a saved value raises; "tensors[0]" is a custom function's."""
    try:
        getattr(node, "saved_tensors" if name.startswith("tensors[") else f"_saved_{name.partition('[')[0]}")
    except RuntimeError:
        return True
    except AttributeError:
        pass
    return False


def active() -> tuple[Backend, ...]:
    """The backends of the libraries that this session has imported."""
    return tuple(backend for name in NAMES if (backend := _backend(name)) is not None)


def of(tensor: Any) -> Backend | None:
    """The backend that this object is a tensor of, or None."""
    return next((backend for backend in active() if isinstance(tensor, backend.tensor)), None)


def is_installed(name: str) -> bool:
    """Whether a library is loaded, or could be."""
    try:
        return name in sys.modules or importlib.util.find_spec(name) is not None
    except (ImportError, ValueError):
        return False


def load(name: str) -> Backend:
    """The backend of a library that somebody has asked for by name: the one place that may import one.

    Errors: ImportError where that does not work."""
    importlib.import_module(name)
    found = _backend(name)
    if found is None:
        raise ImportError(f"the module {name} is no tensor library")
    return found


def _backend(name: str) -> Backend | None:
    module = sys.modules.get(name)
    known = _loaded.get(name)
    if known is not None and known.module is module:
        return known
    if not _is_whole(module):
        return None
    assert module is not None
    made: Backend = importlib.import_module(f"{__name__}.{name}").backend(module)
    _loaded[name] = made
    return made


def _is_whole(module: ModuleType | None) -> bool:
    """Whether a module of one of our names is a tensor library, and has been imported to its end."""
    spec = getattr(module, "__spec__", None)
    if module is None or getattr(spec, "_initializing", False):
        return False
    return all(hasattr(module, each) for each in ("Tensor", "autograd", "overrides"))
