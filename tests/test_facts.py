"""Where NumPy re-implementations of PyTorch go wrong, point by point: each program says the same on PyTorch and here.

Two points more are elsewhere: that graphs die without the collector (test_memory.py), and what threads share and what
they do not (test_threads.py).
"""

from __future__ import annotations

import textwrap
import warnings
from types import ModuleType

import pytest

import engine
from tests.facts_programs import FACTS
from tests.said import same


@pytest.mark.parametrize("program", FACTS.values(), ids=FACTS)
def test_facts(torch: ModuleType, program: str) -> None:
    """Values, dtypes, gradients, texts and errors are PyTorch's."""
    same(torch, textwrap.dedent(program))


def test_no_warning_of_numpys_leaks() -> None:
    """Overflow, division by zero and NaN pass without a word, in values and in gradients, as in PyTorch."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        x = engine.tensor([0.0, -1.0, 1e38], requires_grad=True)
        for y in (x.log(), x.sqrt(), 1 / x, x * 1e38, x.exp(), x**-1, x / 0, x - float("inf") * x):
            y.sum().backward()
            engine.autograd.grad((x * x).sqrt().sum(), x, create_graph=True)
            str(y)
    assert engine.isnan(x.grad).any()
