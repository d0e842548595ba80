"""Where in the user's source a call stands: exact positions, the expression there, and the syntax around it."""

from __future__ import annotations

import ast
import bisect
import linecache
import os
import sysconfig
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from types import CodeType

Span = tuple[int, int, int, int]  # first line, last line, first column, last column; CPython's columns are in bytes
OWN_FOLDER = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
LIBRARY_FOLDERS = tuple(
    {sysconfig.get_path(each) + os.sep for each in ("stdlib", "platstdlib", "purelib", "platlib")} | {OWN_FOLDER}
)


@dataclass(frozen=True, slots=True)
class Position:
    """A piece of source: lines from 1, columns from 0 in characters; in a cell, line 1 is the one below the magic's."""

    line: int
    column: int
    end_line: int
    end_column: int
    filename: str
    expression: str


class Source:
    """One file's or cell's text, its syntax tree, and who is whose parent in it.

    ``parents``: those below the statements that nodes were asked for in: a picture names a hundred of ten thousand.
    """

    def __init__(self, filename: str, text: str) -> None:
        self.filename = filename
        self.lines = text.split("\n")
        self.parents: dict[ast.AST, ast.AST] = {}
        self._known: dict[int, dict[Span, ast.AST]] = {}  # by the first line of a statement at the top
        try:
            self._tree = ast.parse(text)
        except (SyntaxError, ValueError, RecursionError):
            self._tree = ast.Module([], [])  # positions still give the text, names fall back to it
        self._starts = [_first_line(each) for each in self._tree.body]

    def _around(self, line: int) -> Iterator[dict[Span, ast.AST]]:
        """The nodes by span of each statement at the top that begins in the same line as the one around ``line``."""
        place = bisect.bisect_right(self._starts, line) - 1
        start = self._starts[place] if place >= 0 else None
        while place >= 0 and self._starts[place] == start:
            if place not in self._known:
                self._known[place] = self._read(self._tree.body[place])
            yield self._known[place]
            place -= 1

    def _read(self, statement: ast.stmt) -> dict[Span, ast.AST]:
        self.parents[statement] = self._tree
        by_span: dict[Span, ast.AST] = {}
        for node in ast.walk(statement):
            for child in ast.iter_child_nodes(node):
                self.parents[child] = node
            if isinstance(node, ast.expr | ast.stmt) and not isinstance(node, ast.Expr):
                by_span.setdefault(span_of(node), node)
        return by_span

    def node(self, span: Span) -> ast.AST | None:
        """The syntax node that an instruction's span stands for."""
        statements = list(self._around(span[0]))
        for by_span in statements:
            if span in by_span:
                return by_span[span]
        # CPython moves the start of a method call that runs over several lines to the line of its name
        line, end_line, column, end_column = span
        ends = [
            (key, node)
            for by_span in statements
            for key, node in by_span.items()
            if (key[1], key[3]) == (end_line, end_column)
            and (key[0], key[2]) <= (line, column)
            and isinstance(node, ast.Call | ast.Attribute | ast.Subscript)
        ]
        return max(ends, key=lambda each: (each[0][0], each[0][2]))[1] if ends else None

    def text(self, span: Span) -> str:
        """The characters of a span, as typed."""
        line, end_line, column, end_column = span
        lines = [each.encode() for each in self.lines[line - 1 : end_line]]
        if not lines:
            return ""
        lines[-1] = lines[-1][:end_column]
        lines[0] = lines[0][column:]
        return b"\n".join(lines).decode(errors="replace")

    def expression(self, span: Span) -> str:
        """The span as one line: as typed, or written anew where it runs over several lines."""
        node = self.node(span)
        text = self.text(span_of(node)) if isinstance(node, ast.expr | ast.stmt) else self.text(span)
        if "\n" not in text and text:
            return text
        return ast.unparse(node) if node is not None else " ".join(text.split())

    def whole(self, span: Span) -> Span:
        """The span to show for an instruction: of ``y[0]`` in ``y[0] = 5.`` the whole statement."""
        node = self.node(span)
        if isinstance(node, ast.Subscript | ast.Attribute) and isinstance(node.ctx, ast.Store):
            parent = self.parents.get(node)
            node = parent if isinstance(parent, ast.Assign | ast.AugAssign | ast.AnnAssign) else node
        return span_of(node) if isinstance(node, ast.expr | ast.stmt) else span

    def characters(self, line: int, column: int) -> int:
        """A byte column of a line as a count of characters."""
        text = self.lines[line - 1] if 0 < line <= len(self.lines) else ""
        return column if text.isascii() else len(text.encode()[:column].decode(errors="replace"))


def _first_line(statement: ast.stmt) -> int:
    """Where a statement begins; a decorated function's own line is the one below its decorators."""
    decorators = getattr(statement, "decorator_list", ())
    return min([statement.lineno, *(each.lineno for each in decorators)])


def span_of(node: ast.expr | ast.stmt) -> Span:
    """The span of a syntax node, in the order of ``code.co_positions()``."""
    return node.lineno, node.end_lineno or node.lineno, node.col_offset, node.end_col_offset or 0


class Sources:
    """Sources by file name, read once; knows which files are the user's and which a library's.

    ``given``: the text of cells that are not in a file. ``libraries``: more folders whose code is not the user's.
    """

    def __init__(self, given: dict[str, Source], cells: Iterable[str] = (), libraries: Iterable[str] = ()) -> None:
        self._sources = dict(given)
        self._cells = {*cells, *given}
        self._libraries = (*LIBRARY_FOLDERS, *libraries)
        self._spans: dict[int, tuple[CodeType, list[Span | None]]] = {}
        self._users: dict[str, bool] = {}

    def is_user(self, filename: str) -> bool:
        """Whether this is code that the user wrote: a cell, or a file outside every library."""
        known = self._users.get(filename)
        if known is None:
            known = filename in self._cells or not filename.startswith(("<", *self._libraries))
            self._users[filename] = known
        return known

    def of(self, filename: str) -> Source:
        """The source under this file name; an empty one if nobody has it."""
        source = self._sources.get(filename)
        if source is None:
            source = self._sources[filename] = _read(filename)
        return source

    def span(self, code: CodeType, lasti: int) -> Span | None:
        """What the instruction at ``lasti`` stands for in its source."""
        _, spans = self._spans.get(id(code)) or self._spans.setdefault(id(code), (code, _spans(code)))
        return spans[lasti // 2] if 0 <= lasti // 2 < len(spans) else None


def _spans(code: CodeType) -> list[Span | None]:
    return [each if None not in each else None for each in code.co_positions()]  # type: ignore[misc]  # None is ruled out


_READ: dict[str, tuple[list[str], Source]] = {}  # parsing a long file again for each cell would show


def _read(filename: str) -> Source:
    lines = linecache.getlines(filename)
    known = _READ.get(filename)
    if known is not None and known[0] is lines:
        return known[1]
    source = Source(filename, "".join(lines))
    if len(_READ) > 64:
        _READ.clear()
    _READ[filename] = lines, source
    return source
