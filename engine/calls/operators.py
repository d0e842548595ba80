"""Python's operators over the rows: they answer NotImplemented, not an error, to what they cannot take.

So Python asks the other operand, and says ``unsupported operand type(s) for +: 'Tensor' and 'str'`` if that fails too.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from .. import errors
from ..mode import overridable, overridden
from ..table import codegen
from ..table.general import general
from ..table.kernel import RAW
from ..table.op import Row
from ..tensor import Tensor, wrap
from .out import accepts_out, written

OPERANDS = (Tensor, float, int, complex, np.generic)  # arrays are NumPy's: it asks __array__ and __array_wrap__


def operated(row: Row, args: tuple[Any, ...]) -> Any:
    """``general``, or NotImplemented where an operand is neither a tensor nor a number."""
    __tracebackhide__ = True
    args = _given(row, args)
    return general(row, args) if _takes(row, args) else NotImplemented


def watched(front: Any, args: tuple[Any, ...]) -> Any:
    """The same where function modes see the call, as ``front``."""
    __tracebackhide__ = True
    args = _given(front.row, args)
    try:
        return overridden(front, args, {})
    except TypeError:
        if _takes(front.row, args):
            raise
        return NotImplemented


def _given(row: Row, args: tuple[Any, ...]) -> tuple[Any, ...]:
    """NumPy leaves ``==`` with an array to us."""
    if row.name in ("eq", "ne") and isinstance(args[1], np.ndarray):
        return (args[0], wrap(args[1]), *args[2:])
    return args


def _takes(row: Row, args: tuple[Any, ...]) -> bool:
    operands = [args[row.params.index(p)] for p in row.inputs]
    return all(isinstance(v, OPERANDS) or hasattr(type(v), "__torch_function__") for v in operands)


RAW["operated"], RAW["watched"], RAW["written_out"] = operated, watched, written


def operator(front: Any, name: str = "") -> Any:
    """The twin of a row's public function for Python's operator; compiled from the same text, as fast.

    ``name`` is what function modes see, where PyTorch has another than the row's.
    """
    row = front.row

    def source() -> str:
        text = codegen.front(row).replace("return general(", "return operated(")
        seen, _, rest = text.partition(", {})")
        return seen.replace(f"overridden({row.name}_row.front", f"watched({row.name}_operator") + ")" + rest

    twin = row.lazy(source)
    RAW[f"{row.name}_operator"] = twin if name else front
    twin.__name__ = twin.__qualname__ = name or front.__name__
    twin.__doc__, twin.row = front.__doc__, row
    twin.__module__, twin.__wrapped__ = "engine", front.__wrapped__
    return twin


@functools.cache
def with_out(function: Any) -> Any:
    """``function`` with a keyword ``out``: a row's from generated text, where it costs 15 ns, others wrapped."""
    row = getattr(function, "row", None)
    if not isinstance(row, Row):
        return accepts_out(function)

    def source() -> str:
        head, _, body = codegen.front(row).partition("\n")
        given = ", ".join(codegen.PUBLIC_NAMES.get(p, p) for p in row.params)
        run = f"written_out({row.called!r}, out, lambda: {row.name}_row.front({given}), ({given},))"
        head = head.replace("):", f"{'' if '*' in head else ', *'}, out=None):")
        body = body.replace(f"overridden({row.name}_row.front", f"overridden({row.name}_function")
        return f"{head}\n    if out is not None: return {run}\n{body}"

    twin = row.lazy(source)
    RAW[f"{row.name}_function"] = twin
    twin.__name__ = twin.__qualname__ = function.__name__
    twin.__doc__, twin.row = function.__doc__, row
    twin.__module__, twin.__wrapped__ = "engine", function.__wrapped__
    return twin


def careful(function: Any, *more: type) -> Any:
    """A method of two operands as an operator; ``more`` are classes that it takes as well."""
    operands = (*OPERANDS, *more)

    @functools.wraps(function)
    def method(self: Tensor, other: Any) -> Any:
        return function(self, other) if isinstance(other, operands) else NotImplemented

    return method


def swapped(function: Any, name: str) -> Any:
    """The reflected operator ``name``: ``other`` stands on the left."""

    def method(self: Tensor, other: Any) -> Any:
        return function(other, self) if isinstance(other, OPERANDS) else NotImplemented

    method.__name__ = method.__qualname__ = name
    method.__doc__ = function.__doc__
    return overridable(method)


def of_tensors(front: Any, real: bool = False) -> Any:
    """A function of two tensors, which refuses numbers; with ``real`` complex ones too."""
    name = front.__name__

    def function(input: Tensor, other: Tensor) -> Tensor:
        if not isinstance(other, Tensor) or not isinstance(input, Tensor):
            position = 1 if not isinstance(input, Tensor) else 2
            raise errors.argument(name, ("input", "other")[position - 1], position, (input, other)[position - 1])
        if real and (input._d.dtype.kind == "c" or other._d.dtype.kind == "c"):
            raise RuntimeError(f"{name} not implemented for complex tensors.")
        return front(input, other)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = front.__doc__
    return function
