"""A Comparison for its reader, in a terminal and in a notebook: one sentence, and a table of its rows."""

from __future__ import annotations

import re
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from . import theme
from .difference import number_of
from .format import MINUS, shape

if TYPE_CHECKING:
    from .compare import Comparison, Row

SEVERAL = 3  # operations named in one line
LINES = 60  # of a table, at most
MARKS = {"refused": "! ", "differs": "! ", "rounds": "~ "}
WIDEST = 44  # characters of an expression in a terminal

STYLE = Path(__file__).parent / "static" / "compare.css"


def summary(made: Comparison) -> str:
    """`12 operations and 2 gradients on engine and torch: all equal to the bit.`"""
    operations = sum(row.count for row in made.rows if row.kind == "operation")
    gradients = sum(row.count for row in made.rows if row.kind == "gradient")
    if not operations and not gradients:
        return "There is no operation in this cell to compare."
    counted = " and ".join(_many(*each) for each in ((operations, "operation"), (gradients, "gradient")) if each[0])
    where = " and ".join(made.libraries)
    return f"{counted} on {where}: {', '.join(_found(made))}."


def _found(made: Comparison) -> list[str]:
    """The parts of the sentence after its colon."""
    same, skipped, refused, inherited, rounds, differs = (
        sum(row.count for row in made.rows if row.status == each)
        for each in ("same", "skipped", "refused", "inherited", "rounds", "differs")
    )
    compared = sum(row.count for row in made.rows) - skipped
    parts = ["all equal to the bit"] if same == compared else [f"{same} equal to the bit"]
    parts = parts if compared else []
    rows = (made.largest, made.largest_gradient)
    largest = [f"{_largest(row)} in {row.expression}" for row in rows if row is not None]
    if rounds:
        parts.append(f"{rounds} to rounding")
    if differs:
        parts.append(f"{differs} {'differs' if differs == 1 else 'differ'} by more than rounding")
    if largest:
        parts.append(f"the largest difference is {' and '.join(largest)}")
    if inherited:
        parts.append(f"{inherited} {'differs' if inherited == 1 else 'differ'} only as the inputs do")
    if refused:
        parts.append(f"{refused} {'raises' if refused == 1 else 'raise'} an error on one of them")
    if skipped:
        parts.append(f"{skipped} could not be compared")
    return parts


def _largest(row: Row) -> str:
    assert row.values is not None  # else it would not be the largest
    return row.values.kind or number_of(row.values.absolute)


def _many(count: int, word: str) -> str:
    return f"{count} {word}{'' if count == 1 else 's'}"


def _times(row: Row) -> str:
    return f" × {row.count}" if row.count > 1 else ""


def text(made: Comparison) -> str:
    """For a terminal."""
    lines = [summary(made)]
    shown = made.rows[:LINES]
    cells = [(_cut(row.expression) + _times(row), _operation(row), f"{row.dtype} {shape(row.shape)}") for row in shown]
    widths = [max((len(each[place]) for each in cells), default=0) for place in range(3)]
    for row, cell in zip(shown, cells, strict=True):
        mark = MARKS.get(row.status, "  ")
        padded = "  ".join(f"{each:<{width}}" for each, width in zip(cell, widths, strict=True))
        lines.append(f"{mark}{padded}  {row.verdict}")
    if len(made.rows) > LINES:
        lines.append(f"  ... {len(made.rows) - LINES} more lines")
    lines += [f"Note: {each}" for each in made.notes]
    return "\n".join(lines)


def _operation(row: Row) -> str:
    """The operation's name where the expression does not tell it, and no more of several than have room."""
    if row.kind != "operation" or row.operation in row.expression:
        return ""
    several = row.operation.split(", ")
    return row.operation if len(several) <= SEVERAL else f"{', '.join(several[:SEVERAL])}, …"


def _cut(expression: str) -> str:
    return expression if len(expression) <= WIDEST else f"{expression[: WIDEST - 1]}…"


def html(made: Comparison) -> str:
    """For a notebook, in its own colours; plain HTML, so that it stays in a saved one."""
    body = "".join(map(_row, made.rows[:LINES]))
    more = len(made.rows) - LINES
    rest = f'<p class="backward-quiet">… {more} more lines</p>' if more > 0 else ""
    notes = "".join(f"<p>{escape(each)}</p>" for each in made.notes)
    head = "".join(f"<th>{each}</th>" for each in ("Line", "Expression", "Operation", "Result", "On both"))
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>" if body else ""
    style = theme.variables(".backward-compare") + STYLE.read_text(encoding="utf-8")
    told = f"<p>{_words(summary(made))}</p>{table}{rest}{notes}"
    return f'<style>{style}</style><div class="backward-compare">{told}</div>'


def _words(text: str) -> str:
    """Text for a page; no line ends inside a number such as 6e-8."""
    return escape(re.sub(r"(?<=\de)-(?=\d)", MINUS, text))


def _row(row: Row) -> str:
    line = "" if row.line is None else row.line
    cells = (
        f'<td class="backward-quiet">{line}</td>',
        f"<td><code>{escape(row.expression)}</code>{_times(row)}</td>",
        f'<td class="backward-quiet">{escape(_operation(row))}</td>',
        f'<td class="backward-quiet">{escape(f"{row.dtype} {shape(row.shape)}")}</td>',
        f"<td>{_words(row.verdict)}</td>",
    )
    return f'<tr data-status="{row.status}">{"".join(cells)}</tr>'
