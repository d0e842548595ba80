"""Python's operators over the rows: they answer NotImplemented, not an error, to what they cannot take.

So Python asks the other operand, and says ``unsupported operand type(s) for +: 'Tensor' and 'str'`` if that fails too.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from .. import codegen
from ..general import general
from ..kernel import RAW
from ..op import Row
from ..tensor import Tensor

OPERANDS = (Tensor, float, int, complex, np.generic, np.ndarray)


def operated(row: Row, args: tuple[Any, ...]) -> Any:
    """``general``, or NotImplemented where an operand is neither a tensor nor a number."""
    if all(isinstance(args[row.params.index(p)], OPERANDS) for p in row.inputs):
        return general(row, args)
    return NotImplemented


RAW["operated"] = operated


def operator(front: Any) -> Any:
    """The twin of a row's public function for Python's operator; compiled from the same text, as fast."""
    row = front.row
    twin = row.compile(row.name, codegen.front(row).replace("return general(", "return operated("))
    twin.__name__, twin.__qualname__, twin.__doc__, twin.row = front.__name__, front.__qualname__, front.__doc__, row
    twin.__module__, twin.__signature__ = "engine", front.__signature__
    return twin


def careful(function: Any) -> Any:
    """A method of two operands as an operator."""

    @functools.wraps(function)
    def method(self: Tensor, other: Any) -> Any:
        return function(self, other) if isinstance(other, OPERANDS) else NotImplemented

    return method


def swapped(function: Any) -> Any:
    """The reflected operator: ``other`` stands on the left."""

    @functools.wraps(function)
    def method(self: Tensor, other: Any) -> Any:
        return function(other, self) if isinstance(other, OPERANDS) else NotImplemented

    return method
