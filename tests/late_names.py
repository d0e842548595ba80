"""Writes ``engine/late_names.py``: ``python -m tests.late_names`` after a name was added to a late family."""

from __future__ import annotations

import sys
import textwrap
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import engine
from engine import calls, families
from engine.kernel import PUBLIC, RAW
from engine.op import TABLE

ROOT = Path(engine.__file__).parent
HEAD = '"""What the late families give; written by ``python -m tests.late_names``."""\n'


def text() -> str:
    """What the file should say; reads every family."""
    everyday = {name for name in sys.modules if name.startswith("engine.ops.")}
    for path in sorted((ROOT / "ops").glob("[!_]*.py")):
        __import__(f"engine.ops.{path.stem}")
    modules = {family: families.read(family) for family in calls.LATE}
    functions = {f: sorted(m.FUNCTIONS) for f, m in modules.items()}
    methods = {f: sorted({*m.METHODS, *m.IN_PLACE, *getattr(m, "OPERATORS", ())}) for f, m in modules.items()}
    rows: dict[str, list[str]] = {}
    uses = _uses()
    for name in sorted({*uses, *TABLE}):  # every row, and the rules that other files name
        home = _home(TABLE[name].stub if name in TABLE else RAW.get(name))
        if home and home not in everyday and (name in TABLE or uses[name] - {home}):
            rows.setdefault(home.removeprefix("engine."), []).append(name)
    return HEAD + "".join(
        f"\n{title}: dict[str, str] = {{{_listed(names)}}}\n"
        for title, names in (("FUNCTIONS", functions), ("METHODS", methods), ("ROWS", rows))
    )


def _uses() -> dict[str, set[str]]:
    """Every global name in a formula, kernel or rule, and the modules in which it is used."""
    found: dict[str, set[str]] = {}
    for world in (RAW, PUBLIC):
        for function in list(world.values()):
            for name in _names(_code(function)):
                found.setdefault(name, set()).add(_home(function))
    return found


def _code(function: Any) -> Any:
    return getattr(getattr(function, "__wrapped__", function), "__code__", None)


def _names(code: Any) -> Iterator[str]:
    """Every global name in a function, and in the functions in it."""
    if isinstance(code, types.CodeType):
        yield from code.co_names
        for constant in code.co_consts:
            yield from _names(constant)


def _home(function: Any) -> str:
    """The module of ``engine.ops`` in which a row or rule stands."""
    file = getattr(_code(function), "co_filename", "")
    return f"engine.ops.{Path(file).stem}" if Path(file).parent == ROOT / "ops" else ""


def _listed(names: dict[str, list[str]]) -> str:
    lines = []
    for where, group in sorted(names.items()):
        if group:
            indent = " " * 8
            body = textwrap.fill(" ".join(group), 110, initial_indent=indent, subsequent_indent=indent)
            lines.append(f'    "{where}": """\n{body}\n    """,\n')
    return "\n" + "".join(lines) if lines else ""


if __name__ == "__main__":
    (ROOT / "late_names.py").write_text(text())
