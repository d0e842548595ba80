"""Runs entries and counts: ``Result`` by entry and column, the table that is printed."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterable, Mapping
from typing import Any

from .columns import COLUMNS
from .tiers import TIERS


@dataclasses.dataclass(frozen=True)
class Result:
    """How one column of one entry went."""

    passed: int
    failed: int
    first: str = ""

    @property
    def fine(self) -> bool:
        return not self.failed


@functools.cache
def entries() -> dict[str, Any]:
    """``op_db`` by ``name|variant``."""
    from torch.testing._internal.common_methods_invocations import op_db

    return {op.name + (f"|{op.variant_test_name}" if op.variant_test_name else ""): op for op in op_db}


def run(name: str, columns: Iterable[str] = COLUMNS) -> dict[str, Result]:
    """Every column of one entry that has something to ask."""
    found = {}
    for column in columns:
        passed, failures = 0, []
        try:
            for outcome in COLUMNS[column](entries()[name]):
                if outcome is None:
                    passed += 1
                else:
                    failures.append(outcome)
        except Exception as error:
            failures.append(f"{type(error).__name__}: {error}")
        if passed or failures:
            found[column] = Result(passed, len(failures), failures[0] if failures else "")
    return found


def table(results: Mapping[str, Mapping[str, Result]]) -> str:
    """Passing entries of those that a column asks something of, by tier, family and column."""
    lines = []
    for tier, families in TIERS.items():
        if not any(n in results for group in families.values() for n in group):
            continue
        lines += ["", f"tier {tier:<19}" + "".join(f"{c:>14}" for c in COLUMNS)]
        for family, names in [*families.items(), ("all", [n for group in families.values() for n in group])]:
            if not any(n in results for n in names):
                continue
            cells = []
            for column in COLUMNS:
                asked = [results[n][column] for n in names if n in results and column in results[n]]
                cells.append(f"{sum(r.fine for r in asked)}/{len(asked)}" if asked else "-")
            lines.append(f"{family:<24}" + "".join(f"{c:>14}" for c in cells))
    return "\n".join(lines)
