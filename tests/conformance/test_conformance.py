"""The engine against PyTorch's operator database: what passes, what does not and why, and that neither is a secret."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from .exceptions import REASONS
from .printed import TABLE
from .table import Result
from .tiers import TIERS

ROOT = Path(__file__).resolve().parents[2]
Results = dict[str, dict[str, Result]]


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config) -> Results:
    """Every entry in every column, in processes of their own: minutes. The table is printed after the tests."""
    pytest.importorskip("torch")
    file = tmp_path_factory.mktemp("conformance") / "results.json"
    ran = subprocess.run(
        [sys.executable, "-m", "tests.conformance", "--json", file], cwd=ROOT, capture_output=True, text=True
    )
    assert ran.returncode == 0, ran.stderr
    pytestconfig.stash[TABLE] = ran.stdout
    loaded = json.loads(file.read_text())
    return {entry: {c: Result(**r) for c, r in columns.items()} for entry, columns in loaded.items()}


@pytest.mark.parametrize(
    "tier, family", [(tier, family) for tier, families in TIERS.items() for family in families], ids=str
)
def test_family(results: Results, tier: int, family: str) -> None:
    """Everything passes but what the list of exceptions names."""
    wrong = [
        f"{entry} {column}: {result.failed} of {result.failed + result.passed}: {result.first}"
        for entry in TIERS[tier][family]
        for column, result in results[entry].items()
        if not result.fine and (entry, column) not in REASONS
    ]
    assert not wrong, "\n" + "\n".join(wrong)


def test_no_reason_is_stale(results: Results) -> None:
    """An exception that passes now has to leave the list."""
    stale = [
        f"{entry} {column}: {reason}"
        for (entry, column), reason in REASONS.items()
        if column not in results.get(entry, {}) or results[entry][column].fine
    ]
    assert not stale


def test_tier_2_is_nearly_complete(results: Results) -> None:
    """At least 95 of 100 entries of tier 2 pass in value, gradient and second derivative."""
    entries = [entry for family in TIERS[2].values() for entry in family]
    for column in ("value", "grad", "second"):
        asked = [results[e][column].fine for e in entries if column in results[e]]
        assert sum(asked) >= 0.95 * len(asked), column


def test_every_column_asks() -> None:
    """A check that is fed a wrong answer says so: the comparison is not empty."""
    import engine

    from .columns import COLUMNS
    from .table import entries

    right, entry = engine.sin, entries()["sin"]
    try:
        engine.sin = lambda x: right(x) * 1.001  # type: ignore[assignment]
        for column in ("value", "grad", "second", "ints"):
            assert any(outcome is not None for outcome in COLUMNS[column](entry)), column
    finally:
        engine.sin = right  # type: ignore[assignment]
