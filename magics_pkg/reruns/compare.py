"""`--compare`: every operation of a cell, and every gradient, on both libraries, as plain values."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from .. import backends
from ..backends import Backend, dtype_name
from ..cells.walk import Path
from ..errors import UsageError
from ..graphs.names import Namespace
from ..style.format import one_line
from ..tracing.tape import Tape
from ..tracing.trace import Trace
from ..words import say
from . import compared
from .difference import Difference, scale_of, worst
from .outcomes import UNINITIALISED, Leaf, Outcome
from .replay import Replay

# Calls that only carry numbers over: a row of their own tells nothing, unless they differ
QUIET = frozenset({"tensor", "as_tensor", "asarray", "from_numpy", "detach", "data", "requires_grad_"})
ORDER = ("refused", "differs", "rounds", "inherited", "skipped", "same")
# Roundings, of the largest number around, up to which two ways of computing the same may come apart
ROUNDINGS, GRADIENT_ROUNDINGS = 64, 512


@dataclass(frozen=True)
class Row:
    """One operation, or one leaf's gradient, as often as it came out alike.

    kind: "operation" or "gradient". expression: as the cell has it. operation: the library's name for what was called.
    values: its results on the two libraries, None where they could not be compared, with the ``reason``; own: the same
    on equal inputs, where those had come to differ. gradients: of what arrived at its result in a backward pass, where
    the cell's library tells. refused: the other library raised. taken: the cell's own result stands for the other's.
    scale, gradient_scale: the largest numbers around, that roundings are measured by. line: as tracebacks count, None
    outside of the cell.
    """

    kind: str
    expression: str
    operation: str
    shape: tuple[int, ...]
    dtype: str
    values: Difference | None
    own: Difference | None = None
    gradients: Difference | None = None
    reason: str = ""
    refused: bool = False
    taken: bool = False
    remark: str = ""
    scale: float = 0.0
    gradient_scale: float = 0.0
    line: int | None = None
    count: int = 1

    @property
    def status(self) -> str:
        """In a word.

        "refused", "differs" (by more than rounding), "rounds", "inherited" (only as its inputs do), "skipped" (could
        not be compared) or "same"."""
        if self.refused:
            return "refused"
        if self.values is None:
            return "skipped"
        arises = self.values if self.own is None else self.own
        if not arises.within(ROUNDINGS if self.kind == "operation" else GRADIENT_ROUNDINGS, self.scale):
            return "differs"
        if self.gradients is not None and not self.gradients.within(GRADIENT_ROUNDINGS, self.gradient_scale):
            return "differs"
        if not arises.same or (self.values.same and self.gradients is not None and not self.gradients.same):
            return "rounds"
        return "same" if self.values.same else "inherited"

    @property
    def verdict(self) -> str:
        """In words."""
        if self.values is None:
            return self.reason if self.refused or self.taken else say("compare_not", why=self.reason)
        parts = [str(self.values)]
        if self.own is not None and not self.values.same:
            number = not self.own.kind and self.own.ulps is not None
            told = {"found": parts[0], "own": self.own.most if number else str(self.own)}
            equal = say("from_equal" if number else "from_equal_kind", **told)
            parts[0] = say("as_inputs", found=parts[0]) if self.own.same else equal
        if self.gradients is not None and not self.gradients.same:
            parts.append(say("gradient_here", found=self.gradients))
        if self.remark:
            parts.append(self.remark)
        return say("semicolon").join(parts)


@dataclass(frozen=True)
class Comparison:
    """What `--compare` found: rows, those that differ first. libraries: the cell's own first, with versions."""

    rows: tuple[Row, ...]
    libraries: tuple[str, ...]
    notes: tuple[str, ...] = ()

    @property
    def same(self) -> bool:
        """Whether everything that could be compared is equal to the bit."""
        return all(row.status in ("same", "skipped") for row in self.rows)

    @property
    def agrees(self) -> bool:
        """Whether everything that could be compared is equal to rounding."""
        return not any(row.status in ("refused", "differs") for row in self.rows)

    @property
    def largest(self) -> Row | None:
        """The operation with the largest difference that arises in it, None where there is none."""
        return self._largest("operation")

    @property
    def largest_gradient(self) -> Row | None:
        """The leaf whose gradient differs most."""
        return self._largest("gradient")

    def _largest(self, kind: str) -> Row | None:
        found = [row for row in self.rows if row.kind == kind and row.status in ("differs", "rounds")]
        found = [row for row in found if row.values is not None and not row.values.same]
        return max(found, key=_size, default=None)

    @property
    def summary(self) -> str:
        """One sentence."""
        return compared.summary(self)

    def __repr__(self) -> str:
        return compared.text(self)

    def _repr_html_(self) -> str:
        return compared.html(self)


def _size(row: Row) -> float:
    found = row.own or row.values
    return found.rank if found is not None else 0.0


def check() -> None:
    """See that both libraries can be had. Errors: UsageError naming the one that cannot."""
    for name in backends.NAMES:
        if not backends.is_installed(name):
            raise UsageError(say("compare_needs", name=name, advice=say(f"get_{name}")))


def compare(tapes: Iterable[Tape]) -> Comparison:
    """Replay a cell's calls, each library's on the other. Errors: ImportError where that cannot be imported."""
    rows: list[Row] = []
    notes: list[str] = []
    libraries: dict[str, None] = {}
    for tape in tapes:
        if not tape.entries or tape.trace is None:
            continue
        one = tape.backend
        other = backends.load(next(name for name in backends.NAMES if name != one.name))
        libraries |= dict.fromkeys((_version(one), _version(other)))
        rows += _Rows(tape, tape.trace, one).of(Replay(tape, one, other).run())
        notes += tape.notes
    rows.sort(key=lambda row: (ORDER.index(row.status), row.values is not None and row.values.same))
    return Comparison(tuple(rows), tuple(libraries), tuple(notes))


def attempt(tapes: Sequence[Tape], panels: Iterable[Any] = ()) -> Comparison | None:
    """`compare`, for panels that will have it as their ``comparison``; lets the cell's tensors go.

    The cell has run, so whatever goes wrong here is only told."""
    try:
        found = compare(tapes)
    except Exception as error:
        print(say("note", text=say("compare_failed", error=f"{type(error).__name__}: {error}")))
        return None
    finally:
        for tape in tapes:
            tape.close()
    for each in panels:
        each.comparison = found
    return found


def _version(backend: Backend) -> str:
    return f"{backend.name} {getattr(backend.module, '__version__', '')}".rstrip()


class _Rows:
    """Outcomes as rows, in the cell's order; what came out alike at one place is one row."""

    def __init__(self, tape: Tape, trace: Trace, one: Backend) -> None:
        self.tape, self.trace = tape, trace
        self.names = Namespace(trace.namespace, one)
        self.found: dict[tuple[object, ...], Row] = {}
        self.gradient_scale = 0.0  # the largest gradient of the cell's

    def of(self, outcomes: Iterable[Outcome]) -> list[Row]:
        """The rows."""
        outcomes = list(outcomes)
        self.gradient_scale = max((outcome.scale for outcome in outcomes if outcome.entry.kind), default=0.0)
        for outcome in outcomes:
            if outcome.entry.kind:
                for leaf in outcome.leaves:
                    self._add(self._gradient(outcome, leaf), leaf.slot)
            elif outcome.uses and outcome.entry.name not in UNINITIALISED:
                row, whole = self._operation(outcome)
                self._add(row, None if whole else (row.operation, row.shape, row.dtype))
        return list(self.found.values())

    def _add(self, row: Row, place: object) -> None:
        if row.operation.partition(" ")[0] in QUIET and row.status == "same":
            return
        key = (place, row.kind, row.expression, row.line, row.status, row.reason)
        known = self.found.get(key)
        if known is None:
            self.found[key] = row
            return
        larger = row if _size(row) > _size(known) else known
        operations = known.operation.split(", ")
        operations += [row.operation] if row.operation not in operations else []
        self.found[key] = replace(larger, count=known.count + 1, operation=", ".join(operations))

    def _operation(self, outcome: Outcome) -> tuple[Row, bool]:
        """A row, and whether all under its expression is one to the user: nothing there is a module's."""
        entry = outcome.entry
        value = outcome.uses[0].value
        expression, line, module = self._place(entry.path)
        row = Row(
            "operation",
            expression or (f"{entry.name}.apply(...)" if entry.func is None else entry.name),
            say("called_in", operation=entry.name, module=module) if module else entry.name,
            value.shape,
            value.dtype,
            outcome.difference,
            outcome.own,
            worst(outcome.gradients),
            outcome.problem,
            outcome.refused,
            outcome.taken,
            outcome.remark,
            max([outcome.scale, *(scale_of(use.value.array) for use in outcome.uses)]),
            self.gradient_scale,
            line,
        )
        return row, not module

    def _gradient(self, outcome: Outcome, leaf: Leaf) -> Row:
        tensor = leaf.slot.tensor
        name = self.names.name(tensor)
        _, line, _ = self._place(outcome.entry.path)
        asked = outcome.entry.kind == "autograd.grad"
        return Row(
            "gradient",
            f"{name}.grad" if name and not asked else say("gradient_of", leaf=name or say("a_leaf")),
            outcome.entry.kind,
            tuple(tensor.shape),
            leaf.value.dtype if leaf.value is not None else dtype_name(tensor.dtype),
            leaf.difference,
            reason=leaf.problem,
            refused=leaf.refused,
            scale=outcome.scale,
            line=line,
        )

    def _place(self, path: Path) -> tuple[str, int | None, str]:
        """The expression that a call stands in, its line in the cell, and the innermost module called there."""
        if not path:
            return "", None, ""
        site = self.tape.sites.of(path)
        position = self.trace.position(site)
        inside = position is not None and self.trace.cell is not None and position.filename == self.trace.cell.filename
        line = self.trace.line(position) if inside and position is not None else None
        below = site.frames[site.user[-1] + 1 if site.user else 0 :]
        module = next((frame.module for frame in reversed(below) if frame.kind == "module"), None)
        name = "" if module is None else self.names.modules.get(id(module)) or type(module).__name__
        return one_line(self.trace.expression(site)), line, name
