"""Long straight code: a cell's statements as groups of lines inside each other, opened like functions and modules.

A statement at the top of a cell runs once, and before the next, so a run of them can be one card with no cycle.
"""

from __future__ import annotations

import bisect
from collections.abc import Iterable
from dataclasses import dataclass, field

from ..cells.source import Position
from ..tracing.trace import Site, Trace
from ..words import say
from .groups import Chain, Group

PARTS = 20  # groups that a group of lines is opened to, at most
OPENED = 30  # statements that it is opened to at once


@dataclass
class Lines:
    """The groups of lines around each site of a trace; none where its statements are few enough."""

    trace: Trace
    starts: list[int] = field(default_factory=list)  # first lines of the cell's statements, as they were compiled
    _chains: dict[int, Chain] = field(default_factory=dict)  # by statement

    def chain(self, site: Site) -> Chain:
        """The groups of lines around a site, the widest first."""
        return self._chains.get(self._statement(site), ()) if self._chains else ()

    def _statement(self, site: Site) -> int:
        """Which statement of the cell a site is in; -1 for what is in none."""
        frame = site.first
        if frame is None or frame.kind != "cell":
            return -1
        span = self.trace.sources.span(frame.code, frame.lasti)
        return -1 if span is None else bisect.bisect_right(self.starts, span[0]) - 1

    def divide(self, sites: Iterable[Site], most: float) -> None:
        """Make groups where the sites are in more statements than ``most``."""
        cell = self.trace.cell
        if cell is None:
            return
        self.starts = [each.lineno for each in cell.tree.body]
        used = sorted({self._statement(site) for site in sites} - {-1})
        if len(used) > most:
            self._divide(used, ())

    def _divide(self, statements: list[int], around: Chain) -> None:
        size = -(-len(statements) // PARTS)
        if len(statements) <= OPENED:
            self._chains.update(dict.fromkeys(statements, around))
            return
        for begin in range(0, len(statements), size):
            part = statements[begin : begin + size]
            self._divide(part, (*around, self._group(part[0], part[-1], around)))

    def _group(self, first: int, last: int, around: Chain) -> Group:
        cell = self.trace.cell
        assert cell is not None  # it was divided
        begin, end = self.starts[first], cell.tree.body[last].end_lineno or self.starts[last]
        above = cell.lines_above
        span = Position(begin - above, 0, end - above, len(cell.lines[end - above - 1]), cell.filename, "")
        # as notebooks and tracebacks count: the magic's own line is the first
        name = say("lines", first=begin, last=end)
        return Group(name, "lines", 0, around[-1] if around else None, span=span)
