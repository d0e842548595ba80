"""What became of each call that was made once more on the other library."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..tracing.noted import Noted, Slot, Use, Value
from .difference import Difference

UNINITIALISED = frozenset({"empty", "empty_like", "empty_strided", "empty_permuted", "new_empty", "new_empty_strided"})
CLOSE = 1e-3  # relative; two draws of the same random numbers are that close, two draws of others are not


@dataclass(eq=False)
class Outcome:
    """What became of one call.

    difference: of its results, None where they could not be compared; own: the same where it was given the cell's own
    inputs, which its counterpart's had come to differ from. problem: why there is no difference; refused: the other
    library raised; taken: the cell's own results stand for the other's. gradients: of what arrived at its results, by
    pass. leaves: of a backward pass.
    """

    entry: Noted
    difference: Difference | None = None
    own: Difference | None = None
    problem: str = ""
    refused: bool = False
    taken: bool = False
    remark: str = ""
    scale: float = 0.0  # the largest number that went in or came out
    gradients: list[Difference] = field(default_factory=list)
    leaves: list[Leaf] = field(default_factory=list)

    @property
    def uses(self) -> list[Use]:
        """The tensors that it made, or wrote over."""
        return self.entry.results or self.entry.written


@dataclass(eq=False)
class Leaf:
    """A leaf's gradient after one backward call."""

    slot: Slot
    value: Value | None
    difference: Difference | None = None
    problem: str = ""
    refused: bool = False


def is_close(found: Difference) -> bool:
    return not found.kind and found.relative < CLOSE


def told(error: BaseException) -> str:
    """An error in one line."""
    text = first_line(error)
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [""])[0]
