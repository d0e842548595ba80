"""PyTorch's modules by PyTorch's names: what ``import torch.nn`` means where the engine stands in for PyTorch.

``%%backward --as torch`` asks here. Nothing gets an entry in ``sys.modules`` under a name of PyTorch's: other libraries
look there to see whether PyTorch is installed.
"""

from __future__ import annotations

import importlib
from types import ModuleType
from typing import Any

from .naming import absent

# A list, not a look at the files: most of them are the engine's own, and nn/attention.py is not torch.nn.attention
_BELOW = (
    "accelerator autograd autograd.anomaly_mode autograd.forward_ad autograd.function autograd.functional "
    "autograd.grad_mode autograd.gradcheck autograd.graph autograd.variable backends cuda fft func linalg masked nn "
    "nn.functional nn.init nn.modules nn.modules.module nn.parameter nn.utils nn.utils.clip_grad "
    "nn.utils.convert_parameters nn.utils.parametrizations nn.utils.parametrize nn.utils.rnn optim optim.adagrad "
    "optim.adam optim.lbfgs optim.lr_scheduler optim.optimizer optim.sgd optim.swa_utils overrides random return_types "
    "serialization signal signal.windows special testing utils utils.checkpoint utils.data utils.data.dataloader "
    "utils.data.dataset utils.data.sampler utils.dlpack"
)
MODULES = frozenset(["torch", *(f"torch.{name}" for name in _BELOW.split())])
# Modules of PyTorch's for which the engine has one object each
_OBJECTS = frozenset(f"torch.backends.{name}" for name in ("cuda", "cudnn", "mkl", "mkldnn", "mps", "openmp"))


def module(name: str) -> Any:
    """What ``import torch.nn`` imports: the engine's module for ``name``, which is PyTorch's.

    Errors: ModuleNotFoundError with Python's text for ``name``, and a note that says what PyTorch has."""
    __tracebackhide__ = True
    owner, _, last = name.rpartition(".")
    if name in MODULES:
        if owner:
            getattr(module(owner), last, None)  # a function that has the name of its file now stands before it
        return importlib.import_module(_ours(name))
    if name in _OBJECTS:
        return getattr(module(owner), last)
    error = ModuleNotFoundError(f"No module named '{name}'", name=name)
    while owner not in MODULES:
        owner, _, last = owner.rpartition(".")
    try:
        _public(owner, last)
    except AttributeError:
        absent.explain_module(error, owner, last, MODULES)
    else:
        error.add_note(f"Hint: {owner}.{last} is no module: from {owner} import {last}")
    raise error


def member(owner: str, name: str) -> Any:
    """What ``from torch.nn import Linear`` binds, of the module ``owner``.

    Errors: ImportError with Python's text, and the note of the name that is absent."""
    __tracebackhide__ = True
    place = getattr(module(owner), "__file__", "unknown location")
    try:
        return _public(owner, name)
    except AttributeError as problem:
        if f"{owner}.{name}" in MODULES:
            return module(f"{owner}.{name}")
        notes = getattr(problem, "__notes__", ())
    error = ImportError(f"cannot import name '{name}' from '{owner}' ({place})", name=owner)
    for note in notes:
        error.add_note(note)
    raise error


def _public(owner: str, name: str) -> Any:
    """What the module ``owner`` has under a name; a module is not there, unless it is PyTorch's of this name.

    Errors: AttributeError."""
    value, whole = getattr(module(owner), name), f"{owner}.{name}"
    if isinstance(value, ModuleType) and (value.__name__ != _ours(whole) or whole not in MODULES):
        raise AttributeError(name)
    return value


def _ours(name: str) -> str:
    return f"{__package__}{name.removeprefix('torch')}"
