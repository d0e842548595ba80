"""A Comparison for its reader, in a terminal and in a notebook: one sentence, and a table of its rows."""

from __future__ import annotations

import re
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from ..style import theme
from ..style.format import MINUS, shape
from ..words import listed, say
from .difference import number_of

if TYPE_CHECKING:
    from .compare import Comparison, Row

SEVERAL = 3  # operations named in one line
HEADS = ("compare_line", "compare_expression", "compare_operation", "compare_result", "compare_both")
LINES = 60  # of a table, at most
STATUSES = ("same", "rounds", "differs", "inherited", "refused", "skipped")
MARKS = {"refused": "! ", "differs": "! ", "rounds": "~ "}
WIDEST = 44  # characters of an expression in a terminal

STYLE = Path(__file__).parents[1] / "static" / "compare.css"


def summary(made: Comparison) -> str:
    """`12 operations and 2 gradients on engine and torch: all equal to the bit.`"""
    counts = {kind: sum(row.count for row in made.rows if row.kind == kind) for kind in ("operation", "gradient")}
    counted = [say(f"{kind}s", n=count) for kind, count in counts.items() if count]
    if not counted:
        return say("compare_nothing")
    found = say("comma").join(_found(made))
    return say("compare_summary", counted=listed(counted), libraries=listed(made.libraries), found=found)


def _found(made: Comparison) -> list[str]:
    """The parts of the sentence after its colon."""
    counts = {each: sum(row.count for row in made.rows if row.status == each) for each in STATUSES}
    compared = sum(row.count for row in made.rows) - counts["skipped"]
    parts = {each: say(f"found_{each}", n=count) for each, count in counts.items() if count}
    if compared and counts["same"] in (0, compared):
        parts["same"] = say("found_all_same") if counts["same"] else say("found_same", n=0)
    rows = [row for row in (made.largest, made.largest_gradient) if row is not None]
    if largest := [say("found_where", size=_largest(row), expression=row.expression) for row in rows]:
        parts["largest"] = say("found_largest", largest=listed(largest))
    return [parts[each] for each in ("same", "rounds", "differs", "largest", *STATUSES[3:]) if each in parts]


def _largest(row: Row) -> str:
    assert row.values is not None  # else it would not be the largest
    return row.values.kind or number_of(row.values.absolute)


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
        lines.append(f"  ... {say('compare_more', n=len(made.rows) - LINES)}")
    lines += [say("note", text=each) for each in made.notes]
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
    rest = f'<p class="backward-quiet">… {say("compare_more", n=more)}</p>' if more > 0 else ""
    notes = "".join(f"<p>{escape(each)}</p>" for each in made.notes)
    head = "".join(f"<th>{say(each)}</th>" for each in HEADS)
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
