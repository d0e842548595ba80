"""Run a tutorial's program with a library under the name torch, and hold every named result together."""

from __future__ import annotations

import contextlib
import io
import random
import re
import warnings
from types import ModuleType
from typing import Any

import numpy as np

import engine
from tests.both import bound, plain, same, words

# What two libraries may print differently: addresses, and the class of what is behind a node
ADDRESS = re.compile(r" at 0x[0-9a-f]+")


def results(source: str, library: ModuleType) -> tuple[dict[str, Any], str]:
    """Every name that a program leaves behind, as what can be compared, and what it printed."""
    names: dict[str, Any] = {"__name__": "__main__"}
    random.seed(5)
    np.random.seed(5)
    with contextlib.redirect_stdout(io.StringIO()) as printed, warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        exec(compile(bound(source, library), "<tutorial>", "exec"), names)  # the tutorial's own text
    found = {name: value for name, value in names.items() if name[0] != "_" and comparable(value)}
    return {name: plain(value) for name, value in found.items()}, ADDRESS.sub("", words(printed.getvalue()))


def comparable(value: Any) -> bool:
    """Whether a value is one that can be compared: numbers, texts, tensors, arrays, and lists and dicts of those."""
    if isinstance(value, dict):
        return all(isinstance(k, str | int) and comparable(v) for k, v in value.items())
    if isinstance(value, tuple | list):
        return all(map(comparable, value))
    numbers = isinstance(value, float | int | str | np.ndarray | np.generic | type(None))
    return numbers or (hasattr(value, "detach") and hasattr(value, "numpy"))


def check(torch: ModuleType, source: str, tolerance: float = 1e-5, printed: bool = True) -> None:
    """A program gives the same results with both libraries; ``printed``: and prints the same text."""
    torch.manual_seed(0)
    theirs, their_text = results("import torch\ntorch.manual_seed(0)\n" + source, torch)
    ours, our_text = results("import torch\ntorch.manual_seed(0)\n" + source, engine)
    assert len(theirs) > 0
    same(ours, theirs, tolerance, "results")
    if printed:
        assert our_text == their_text
