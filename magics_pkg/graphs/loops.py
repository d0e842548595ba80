"""The loops of a function's code, read off its jumps: which of them hold an instruction, and what their head says."""

from __future__ import annotations

import bisect
import dis
from dataclasses import dataclass
from types import CodeType

from ..cells.source import Position
from ..tracing.trace import Trace


@dataclass(frozen=True)
class Loop:
    """From where a jump goes back to, to the last jump that does."""

    first: int
    end: int

    def holds(self, *offsets: int) -> bool:
        """Whether all these instructions are in it."""
        return all(self.first <= each <= self.end for each in offsets)


LEAVES = ("JUMP_FORWARD", "JUMP_BACKWARD", "JUMP_BACKWARD_NO_INTERRUPT", "RAISE_VARARGS", "RERAISE")  # and returns
# By the code's identity: its hash and its equality go through the whole code, at each operation of a long cell. What is
# known holds the code, so that no other takes its number.
_KNOWN: dict[int, tuple[CodeType, tuple[Loop, ...]]] = {}
_FLOWS: dict[tuple[int, Loop], _Flow] = {}
MOST = 256  # of each


def loops_of(code: CodeType) -> tuple[Loop, ...]:
    """Every loop of a function's own code, those around others first."""
    known = _KNOWN.get(id(code))
    if known is None:
        if len(_KNOWN) > MOST:
            _KNOWN.clear()
        ends: dict[int, int] = {}
        for each in dis.get_instructions(code):
            if "JUMP_BACKWARD" in each.opname:  # `continue` is one too
                ends[each.argval] = max(ends.get(each.argval, 0), each.offset)
        loops = tuple(Loop(*each) for each in sorted(ends.items(), key=lambda each: (each[0], -each[1])))
        known = _KNOWN[id(code)] = code, loops
    return known[1]


def goes_on(code: CodeType, loop: Loop, one: int, other: int) -> bool:
    """Whether one instruction can come after another, or again, in the same round of a loop."""
    flow = _FLOWS.get((id(code), loop))
    if flow is None:
        if len(_FLOWS) > MOST:
            _FLOWS.clear()
        flow = _FLOWS[id(code), loop] = _Flow(code, loop)
    return flow.goes_on(one, other)


class _Flow:
    """Where each instruction of a code may go on to, but for the beginning of a round of one loop."""

    def __init__(self, code: CodeType, loop: Loop) -> None:
        self.code = code
        self.ways: dict[int, tuple[int, ...]] = {}
        self._answers: dict[tuple[int, int], bool] = {}
        instructions = list(dis.get_instructions(code))
        for each, following in zip(instructions, [*instructions[1:], None], strict=True):
            found = [each.argval] if each.opcode in dis.hasjrel or each.opcode in dis.hasjabs else []
            if following is not None and each.opname not in LEAVES and not each.opname.startswith("RETURN_"):
                found.append(following.offset)
            self.ways[each.offset] = tuple(way for way in found if way != loop.first)
        self._offsets = list(self.ways)

    def goes_on(self, one: int, other: int) -> bool:
        """See `goes_on`."""
        known = self._answers.get((one, other))
        if known is None:
            known = self._answers[one, other] = self._follow(one, other)
        return known

    def _follow(self, one: int, other: int) -> bool:
        # a call in progress may stand at what an instruction keeps behind it
        one, other = (self._offsets[bisect.bisect_right(self._offsets, each) - 1] for each in (one, other))
        pending, seen = [one], set[int]()
        while pending:
            for each in self.ways[pending.pop()]:
                if each == other:
                    return True
                if each not in seen:
                    seen.add(each)
                    pending.append(each)
        return False


def head_of(trace: Trace, code: CodeType, loop: Loop) -> tuple[str, Position | None]:
    """A loop's first line as it is written, and the place of all of it, where that is in the cell."""
    instructions = [each for each in dis.get_instructions(code) if each.offset <= loop.end]
    inside = [each for each in instructions if each.offset >= loop.first]
    before = [each for each in instructions if each.offset < loop.first]
    head = inside[0] if inside[0].opname == "FOR_ITER" or not before else before[-1]  # else the test of a `while`
    spans = [trace.sources.span(code, each.offset) for each in (head, *inside)]
    lines = [span[0] for span in spans if span is not None]
    if not lines:
        return "", None
    first = spans[0][0] if spans[0] is not None else min(lines)
    end = max(span[1] for span in spans if span is not None)
    source = trace.sources.of(code.co_filename)
    text = source.lines[first - 1].strip().removesuffix(":") if first <= len(source.lines) else ""
    cell = trace.cell
    if cell is None or source.filename != cell.filename or end - cell.lines_above > len(cell.lines):
        return text, None
    above = cell.lines_above
    return text, Position(first - above, 0, end - above, len(cell.lines[end - above - 1]), cell.filename, text)
