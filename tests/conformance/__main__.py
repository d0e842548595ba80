"""``python -m tests.conformance [entry ...] [--family F] [--tier N] [--column C]``: the table, or what fails where."""

from __future__ import annotations

import argparse
import dataclasses
import json
import multiprocessing
import os
from pathlib import Path

from .columns import COLUMNS
from .table import Result, run, table
from .tiers import TIERS


def _one(task: tuple[str, tuple[str, ...]]) -> tuple[str, dict[str, Result]]:
    import torch

    torch.set_num_threads(1)
    return task[0], run(*task)


def main() -> None:
    """Run what was asked for and print it."""
    parser = argparse.ArgumentParser(prog="python -m tests.conformance")
    parser.add_argument("entries", nargs="*", help="entries of op_db, as name|variant; all when there is none")
    parser.add_argument("--tier", type=int, choices=TIERS, action="append", help="only this tier")
    parser.add_argument("--family", action="append", help="only this family, as 'linalg'")
    parser.add_argument("--column", action="append", choices=COLUMNS, help="only this column")
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    parser.add_argument("--json", type=Path, help="write the results into this file too")
    parser.add_argument("--failures", action="store_true", help="list what fails, for a whole table too")
    chosen = parser.parse_args()
    names = chosen.entries or [
        name
        for tier, families in TIERS.items()
        for family, group in families.items()
        for name in group
        if (not chosen.tier or tier in chosen.tier) and (not chosen.family or family in chosen.family)
    ]
    tasks = [(name, tuple(chosen.column or COLUMNS)) for name in names]
    with multiprocessing.get_context("fork").Pool(chosen.processes) as pool:
        results = dict(pool.imap_unordered(_one, tasks))
    if chosen.entries or chosen.failures:
        for name in names:
            for column, result in results[name].items():
                if not result.fine:
                    print(f"{name} {column}: {result.failed} of {result.failed + result.passed} fail; {result.first}")
    print(table(results))
    if chosen.json:
        plain = {name: {c: dataclasses.asdict(r) for c, r in columns.items()} for name, columns in results.items()}
        chosen.json.write_text(json.dumps(plain))


if __name__ == "__main__":
    main()
