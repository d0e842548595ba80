"""Python's operators say the same of what they cannot take, whether a function mode looks on or not."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest
import torch as pytorch

import engine
from tests.test_interchange import ATTRIBUTES, NUMPY, lines, outcome

PROGRAMS = [program for program in lines(ATTRIBUTES) + lines(NUMPY) if not any(c in program for c in ("\n", "view"))]


def under_a_mode(library: ModuleType, program: str) -> str:
    """What a program comes to while a mode that changes nothing sees each call."""

    class Looks(library.overrides.TorchFunctionMode):  # type: ignore[misc,name-defined] - of either library
        def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            return func(*args, **(kwargs or {}))

    with Looks():
        return outcome(library, program)


@pytest.mark.parametrize("program", PROGRAMS)
def test_under_a_function_mode(program: str) -> None:
    """Attributes, functions of Python's and arrays of NumPy's, on either side of an operator."""
    assert under_a_mode(engine, program) == under_a_mode(pytorch, program)


@pytest.mark.parametrize("program", PROGRAMS)
def test_beside_an_inference_tensor(program: str) -> None:
    """As long as one is alive each call is looked at, and comes to the same."""
    expected = outcome(pytorch, program)
    with engine.inference_mode():
        beside = engine.ones(2)
    assert outcome(engine, program) == expected
    del beside
