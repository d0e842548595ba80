"""One program, run on PyTorch and on the engine; what it says must be the same, to the letter.

A program is text. ``T`` is the library, ``say(...)`` notes values down, ``fails(f)`` an error that ``f()`` must raise.
What is noted: numbers, texts, tensors with values, dtype, ``requires_grad`` and node, nodes by name; and warnings.
"""

from __future__ import annotations

import re
import textwrap
import warnings
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np

import engine


def plain(value: Any) -> Any:
    """A value as it can be compared between libraries."""
    if value is None or isinstance(value, bool | int | str | float):
        return value
    if isinstance(value, BaseException):
        return type(value).__name__, text(str(value))
    if hasattr(value, "requires_grad") and hasattr(value, "tolist"):
        array = np.array((value.detach() + 0).tolist())  # PyTorch's zeros without memory have no list
        rounded = np.round(array, 4).tolist() if array.dtype.kind == "f" else array.tolist()
        return "tensor", repr(rounded), str(value.dtype), value.requires_grad, plain(value.grad_fn)
    if hasattr(value, "next_functions"):
        return "node", value.name()
    if isinstance(value, dict):
        return {key: plain(each) for key, each in value.items()}
    if isinstance(value, tuple | list):
        return type(value).__name__, [plain(each) for each in value]
    return str(value)


def text(said: str) -> str:
    """A message without what depends on the library's files and addresses."""
    said = re.sub(r" \(Triggered internally.*?\)", "", said)
    said = re.sub(r'  File ".*?", line \d+, in .*\n(?:    .*\n)?', "<line>\n", said)
    said = re.sub(r"(<line>\n)+", "<line>\n", said)
    return re.sub(r"0x[0-9a-f]+", "0x", said).rstrip()


def run(T: ModuleType, program: str) -> list[Any]:
    """What ``program`` says on one library, then its warnings."""
    said: list[Any] = []

    def say(*values: Any) -> None:
        said.append([plain(value) for value in values])

    def fails(function: Callable[[], Any]) -> None:
        try:
            result = function()
        except Exception as error:
            said.append(plain(error))
        else:
            said.append(("no error", plain(result)))

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        exec(compile(textwrap.dedent(program), "<program>", "exec"), {"T": T, "say": say, "fails": fails})
    # PyTorch's, once in a process; about itself
    own = ("Using backward() with create_graph=True", "`torch.jit.script` is deprecated")
    kept = [w for w in caught if not str(w.message).startswith(own) and w.category is not ResourceWarning]
    return [*said, *((w.category.__name__, text(str(w.message))) for w in kept)]


def same(torch: ModuleType, program: str) -> list[Any]:
    """Assert that ``program`` says the same on both; returns what it said."""
    theirs = run(torch, program)
    ours = run(engine, program)
    assert ours == theirs
    assert theirs, "a program that says nothing proves nothing"
    return theirs
