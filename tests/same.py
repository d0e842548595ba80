"""One program, run in the engine and in PyTorch: everything that it returns, or raises, agrees.

A program is a function of ``T``, the library. What it returns may be nested: tensors are compared by shape, dtype,
values and whether they want gradients, everything else by type and value.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np

import engine


def outcome(T: ModuleType, program: Callable[..., Any]) -> Any:
    """What ``program`` returns, described; or its error."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return described(T, program(T))
        except Exception as error:
            kind = type(error)
            known = next(k for k in kind.__mro__ if k.__module__ == "builtins")  # ours may be kinds of those
            text = str(error).replace("<class 'engine.", "<class 'torch.")
            return f"{known.__name__}: {text}"


def described(T: ModuleType, value: Any) -> Any:
    """Nested containers of (array, wants a gradient) and of plain values."""
    if isinstance(value, T.Tensor):
        return np.asarray(value.detach().numpy(force=True)), value.requires_grad
    if isinstance(value, dict):
        return {k: described(T, v) for k, v in value.items()}
    if isinstance(value, tuple | list):
        return type(value).__name__, [described(T, v) for v in value]
    if isinstance(value, T.dtype):
        return str(value)
    return value


def same(torch: ModuleType, program: Callable[..., Any], tolerance: float = 1e-5) -> None:
    """Hold ``program`` in the engine against PyTorch."""
    theirs, ours = outcome(torch, program), outcome(engine, program)
    agree(ours, theirs, tolerance, "result")


def agree(ours: Any, theirs: Any, tolerance: float, where: str) -> None:
    """Assert that two descriptions are equal, numbers up to ``tolerance``."""
    if isinstance(theirs, tuple) and len(theirs) == 2 and isinstance(theirs[0], np.ndarray):
        assert isinstance(ours, tuple), (where, ours, theirs)
        assert isinstance(ours[0], np.ndarray), (where, ours, theirs)
        assert (ours[0].shape, ours[0].dtype) == (theirs[0].shape, theirs[0].dtype), where
        np.testing.assert_allclose(ours[0], theirs[0], rtol=tolerance, atol=tolerance, err_msg=where)
        assert ours[1] == theirs[1], (where, "requires_grad")
    elif isinstance(theirs, dict):
        assert isinstance(ours, dict), (where, ours, theirs)
        assert list(ours) == list(theirs), where
        for key, value in theirs.items():
            agree(ours[key], value, tolerance, f"{where}[{key!r}]")
    elif isinstance(theirs, tuple):
        assert isinstance(ours, tuple), (where, ours, theirs)
        assert (ours[0], len(ours[1])) == (theirs[0], len(theirs[1])), (where, ours, theirs)
        for i, (a, b) in enumerate(zip(ours[1], theirs[1], strict=True)):
            agree(a, b, tolerance, f"{where}[{i}]")
    else:
        assert (type(ours), ours) == (type(theirs), theirs), where
