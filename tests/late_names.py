"""Writes ``late_names.py`` and ``late_rules.py`` of engine/naming/: ``python -m tests.late_names``, for a new name."""

from __future__ import annotations

import importlib
import sys
import textwrap
import types
from collections.abc import Iterator
from importlib.machinery import SourceFileLoader
from pathlib import Path
from typing import Any

import engine
from engine import calls
from engine.naming import families
from engine.table.kernel import PUBLIC, RAW
from engine.table.op import TABLE

ROOT = Path(engine.__file__).parent
HEADS = {
    "late_names": "What users find in the families",
    "late_rules": "What formulas and kernels find in the families",
}
FOLDERS = ("ops", "calls")
MADE_OF_ROWS = ("row", "kernel", "whole", "operator", "function")  # what follows the name of a row

Homes = dict[str, str]  # name -> the module that puts it into a world


def texts() -> dict[str, str]:
    """What each file should say; reads every family."""
    arrays, tensors = _read_everything()
    modules = {family: families.read(family) for family in calls.FAMILIES}
    both = {name: home for name, home in arrays.items() if tensors.get(name) == home}
    tables = {
        "late_names": {
            "FUNCTIONS": {f: sorted(m.FUNCTIONS) for f, m in modules.items()},
            "METHODS": {f: sorted({*m.METHODS, *m.IN_PLACE, *getattr(m, "OPERATORS", ())}) for f, m in modules.items()},
        },
        "late_rules": {
            "IN_BOTH": _by_home(both),
            "ON_ARRAYS": _by_home({n: home for n, home in arrays.items() if n not in both}),
            "ON_TENSORS": _by_home({n: home for n, home in tensors.items() if n not in both}),
        },
    }
    return {
        file: f'"""{HEADS[file]}; written by ``python -m tests.late_names``."""\n'
        + "".join(f"\n{title}: dict[str, str] = {{{_listed(names)}}}\n" for title, names in found.items())
        for file, found in tables.items()
    }


def _read_everything() -> tuple[Homes, Homes]:
    """Read every file of the families; for each world, which of them puts which name into it."""
    homes: tuple[Homes, Homes] = {}, {}
    execute = SourceFileLoader.exec_module

    def watched(loader: SourceFileLoader, module: types.ModuleType) -> None:
        before = dict(RAW), dict(PUBLIC)
        execute(loader, module)
        _, folder, file = f"{module.__name__}..".split(".")[:3]
        if folder in FOLDERS:
            for world, old, found in zip((RAW, PUBLIC), before, homes, strict=True):
                for name in [name for name, value in world.items() if value is not old.get(name)]:
                    found.setdefault(name, f"{folder}.{file}")  # what it imports was here first
                    if name in old and type(old[name]) is not families._Rule:
                        sys.exit(f"{file}.py gives {name}, which was there: what formulas find depends on the order")

    SourceFileLoader.exec_module = watched  # type: ignore[method-assign]
    try:
        for folder in FOLDERS:
            for path in sorted((ROOT / folder).glob("[!_]*.py")):
                importlib.import_module(f"engine.{folder}.{path.stem}")
    finally:
        SourceFileLoader.exec_module = execute  # type: ignore[method-assign]
    _check_constants(homes[0])
    raw, public = ({n: home for n, home in found.items() if not _private(n)} for found in homes)
    return raw, public


def _private(name: str) -> bool:
    """Whether only what is made from one row knows the name, or it is no function."""
    if not _standable(RAW.get(name, PUBLIC.get(name))):
        return True
    heads = [name[:i] for i, letter in enumerate(name) if letter == "_" and name[:i] in TABLE]
    rests = [name[len(head) + 1 :] for head in heads]
    return any(rest in MADE_OF_ROWS or rest.startswith(("_", "d_", "D_")) for rest in rests)


def _standable(value: Any) -> bool:
    return callable(value) or isinstance(value, types.ModuleType)


def _by_home(homes: Homes) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, home in sorted(homes.items()):
        found.setdefault(home, []).append(name)
    return found


def _check_constants(homes: Homes) -> None:
    """Only a function can be stood for: a constant that several files name has to be there from the start."""
    for world in (RAW, PUBLIC):
        for function in [value for value in world.values() if type(value) is not families._Rule]:
            code = getattr(getattr(function, "__wrapped__", function), "__code__", None)
            user = Path(getattr(code, "co_filename", "")).stem
            for name in _names(code):
                home = homes.get(name, "")
                if home and not _standable(RAW[name]) and home.rpartition(".")[2] != user:
                    sys.exit(f"{user}.py uses {name} of {home}.py, no function: it belongs into engine/table/kernel.py")


def _names(code: Any) -> Iterator[str]:
    """Every global name in a function, and in the functions in it."""
    if isinstance(code, types.CodeType):
        yield from code.co_names
        for constant in code.co_consts:
            yield from _names(constant)


def _listed(names: dict[str, list[str]]) -> str:
    lines = []
    for where, group in sorted(names.items()):
        line = f'    "{where}": "{" ".join(group)}",\n'
        if len(line) > 120:
            indent = " " * 8
            body = textwrap.fill(" ".join(group), 110, initial_indent=indent, subsequent_indent=indent)
            line = f'    "{where}": """\n{body}\n    """,\n'
        lines += [line] if group else []
    return "\n" + "".join(lines) if lines else ""


if __name__ == "__main__":
    for file, text in texts().items():
        (ROOT / "naming" / f"{file}.py").write_text(text)
