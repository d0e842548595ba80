"""A cell's text with other numbers in its leaves, to be pasted and run: nothing here runs it."""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Mapping
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
Span = tuple[
    int, int, int, int
]  # first line, first column, last line, last column; lines from 1, columns in characters


def rewritten(code: str, inputs: Mapping[str, tuple[Array, Span | None]], library: str = "torch") -> str:
    """The cell with these values, by the leaf's name; the span: of the expression that makes it, where the cell does.

    ``x = torch.tensor([1., 2.])`` gets other numbers; any other leaf is written over after it was made, or at the top.
    """
    lines = code.split("\n")
    changes: list[tuple[int, int, int, int, str]] = []
    above: list[str] = []
    after: list[tuple[int, str]] = []
    for name, (array, span) in inputs.items():
        values = literal(array)
        found = _numbers(lines, span) if span is not None else None
        if found is not None:
            changes.append((*found, values))
            continue
        line = f"with {library}.no_grad(): {_python(name)}.copy_({library}.tensor({values}))"
        end = _statement(code, span) if span is not None else None
        after += [(end, line)] if end is not None else []
        above += [line] if end is None else []
    for first, column, last, end_column, text in sorted(changes, reverse=True):
        head, tail = lines[first - 1][:column], lines[last - 1][end_column:]
        lines[first - 1 : last] = [f"{head}{text}{tail}", *[""] * (last - first)]  # no line below it is renumbered
    for end, line in sorted(after, reverse=True):
        lines.insert(end, line)
    return "\n".join([*above, *lines])


def literal(array: Array) -> str:
    """Numbers as Python writes them, each as short as its dtype allows."""
    if array.ndim:
        return f"[{', '.join(map(literal, array))}]"
    value = float(array)
    if not math.isfinite(value):
        return f'float("{value}")'
    return str(float(str(array[()])))


def _numbers(lines: list[str], span: Span) -> Span | None:
    """The span of the literal numbers in `tensor([1., 2.])`; None where the expression is anything else."""
    first, column, last, end_column = span
    piece = [*lines[first - 1 : last]]
    piece[-1] = piece[-1][:end_column]
    piece[0] = " " * column + piece[0][column:]
    text = "(" + "\n".join(piece)[1:] if column else None
    if text is None:
        return None
    try:
        call = ast.parse(text + ")", mode="eval").body
        while isinstance(call, ast.Call) and not _is_tensor(call):
            call = call.func.value if isinstance(call.func, ast.Attribute) else call.args[0]  # x.requires_grad_()
        if not isinstance(call, ast.Call):
            return None
        given = call.args[0]
        ast.literal_eval(given)
    except (SyntaxError, ValueError, IndexError, TypeError):
        return None
    if not text.isascii():
        return None
    end, end_place = given.end_lineno or given.lineno, given.end_col_offset or 0
    return first + given.lineno - 1, given.col_offset, first + end - 1, end_place


def _is_tensor(call: ast.Call) -> bool:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    return name == "tensor" and bool(call.args)


def _statement(code: str, span: Span) -> int | None:
    """The last line of the cell's own statement around a span; None where that is a loop's or a function's."""
    try:
        tree = ast.parse(code)
    except SyntaxError:
        return None
    for each in tree.body:
        if each.lineno <= span[0] and span[2] <= (each.end_lineno or each.lineno):
            simple = isinstance(each, ast.Assign | ast.AnnAssign | ast.Expr)
            return each.end_lineno if simple else None
    return None


def _python(name: str) -> str:
    """`m.0.weight`, as modules call it, as Python has it."""
    return re.sub(r"\.(\d+)(?=\.|$)", r"[\1]", name)
