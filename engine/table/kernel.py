"""The two worlds in which a formula lives: ``RAW`` for arrays and ``PUBLIC`` for Tensors.

Every row of the table puts its kernel into ``RAW`` and its public function into ``PUBLIC``, under one name. A formula
is one code object bound to both: with ``RAW`` as its globals ``sin(x)`` is NumPy's sine on an array, with ``PUBLIC``
it is the recorded operation on a Tensor. So a derivative is written once, and serves the first-order sweep and
``create_graph`` alike.

``RAW["__name__"]`` is None on purpose. NumPy warns (overflow, divide by zero) in the name of the calling module, and
CPython drops a warning whose module is None whatever filters are set; an ``errstate`` per operation would cost 180 ns.
PyTorch does not warn there either.
"""

from __future__ import annotations

import builtins
import itertools
import math
from collections.abc import Callable
from types import FunctionType
from typing import Any

import numpy as np

RAW: dict[str, Any] = {
    "__name__": None,
    "__builtins__": builtins,
    "np": np,
    "math": math,
    "builtins": builtins,
    "ndarray": np.ndarray,
    "float32": np.dtype("f4"),
    "float64": np.dtype("f8"),
    "F32": np.float32,
    "real_of": {np.dtype("c8"): np.dtype("f4"), np.dtype("c16"): np.dtype("f8")},
    "complex_of": {np.dtype("f4"): np.dtype("c8"), np.dtype("f8"): np.dtype("c16")},
    "COMPLEX": False,  # True once a complex tensor was part of a graph (conjugate.py)
    "BUSY": False,  # True while some thread has a mode on: grad mode off, or a function mode (mode.py)
    "tick": itertools.count(-1, -1).__next__,  # keys of nodes: the newer the node, the smaller its key
}
PUBLIC: dict[str, Any] = {"__name__": "engine", "__builtins__": builtins, "np": np, "math": math, "builtins": builtins}

tick: Callable[[], int] = RAW["tick"]


def raw(function: Any) -> Any:
    """The twin of a Python function in which each operation's name is its kernel; C functions are raw already."""
    return _bound(function, RAW)


def public(function: Any) -> Any:
    """The twin of a Python function in which each operation's name is the recorded, public one."""
    return _bound(function, PUBLIC)


def _bound(function: Any, world: dict[str, Any]) -> Any:
    if not isinstance(function, FunctionType):
        return function
    twin = FunctionType(function.__code__, world, function.__name__, function.__defaults__, function.__closure__)
    twin.__kwdefaults__ = function.__kwdefaults__
    return twin


def rule(function: Any) -> Any:
    """Decorator: a function that formulas may call; it is bound to both worlds like a formula itself."""
    RAW[function.__name__] = raw(function)
    PUBLIC[function.__name__] = public(function)
    return PUBLIC[function.__name__]


def on_arrays(name: str, on_tensors: Any) -> Any:
    """Decorator: the array half of a rule whose two halves cannot share one text."""

    def register(function: Any) -> Any:
        RAW[name] = raw(function)
        PUBLIC[name] = on_tensors
        return function

    return register
