"""PyTorch's tutorials on ``torch.func`` and forward mode: the same text on both libraries, the same numbers."""

from __future__ import annotations

import re
from types import ModuleType
from typing import Any

import pytest

import engine
from tests.same import agree, described

from .func_tutorials import PROGRAMS


def results_of(library: ModuleType, text: str) -> Any:
    """What a program leaves in ``results``, with its imports of ``torch`` those of ``library``."""
    name = library.__name__
    text = re.sub(r"^import torch$", f"import {name} as torch", text, flags=re.M)
    text = re.sub(r"^(import|from) torch\.", rf"\1 {name}.", text, flags=re.M)
    namespace: dict[str, Any] = {}
    exec(compile(text, "<tutorial>", "exec"), namespace)
    return namespace["results"]


@pytest.mark.parametrize("name", PROGRAMS)
def test_tutorial(torch: ModuleType, name: str) -> None:
    """Every number that the tutorial computes is PyTorch's, to the rounding of float32."""
    theirs, ours = (described(T, results_of(T, PROGRAMS[name])) for T in (torch, engine))
    agree(ours, theirs, 2e-4, name)
