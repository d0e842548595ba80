"""The magic's tests run once per library: what traces a cell has the fixture for it, or stands here with a reason."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.test_structure import ROOT, parse

TRACING = {"cells", "bare_shell", "magic_shell", "trace_cell", "trace_cell_async", "trace_of", "explore", "Recorder"}
FIXTURES = {"library", "each_library", "magics"}
# A file, or one test of it: why it is of one library
ONE = {
    "test_as_torch.py": "`--as torch` gives the engine",
    "test_cell.py": "cells as such, with no tensor in them",
    "test_odd_cells.py": "lazy modules, autocast, parametrizations and others, in programs of PyTorch's",
    "test_private.py": "names of PyTorch's own",
    "test_real_torch.py": "what PyTorch alone has: seals, compiled functions, sparse gradients, other dtypes",
    "test_traced_truth.py": "programs of PyTorch's tutorials, each edge against PyTorch's own",
    "test_words.py::test_help": "the magic's help; no cell is run",
}


def names(node: ast.AST) -> set[str]:
    """Names that a piece of a file speaks of: variables, arguments, fixtures by their text."""
    found = {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}
    found |= {each.arg for each in ast.walk(node) if isinstance(each, ast.arg)}
    for each in ast.walk(node):
        if isinstance(each, ast.Call) and getattr(each.func, "attr", "") in ("usefixtures", "getfixturevalue"):
            found |= {given.value for given in each.args if isinstance(given, ast.Constant)}
    return found


def of_one_library(path: Path) -> set[str]:
    """The tests of a file that trace a cell, by themselves or by what they use, and never ask for each library."""
    known: dict[str, set[str]] = {}
    always: set[str] = set()  # what every test of the file has
    for each in parse(path).body:
        if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            known[each.name] = names(each)
            always |= {each.name for made in each.decorator_list if "autouse" in ast.unparse(made)}
        elif isinstance(each, ast.Assign):
            known |= {target.id: names(each.value) for target in each.targets if isinstance(target, ast.Name)}
    always |= known.get("pytestmark", set())
    found = set()
    for test in (each for each in known if each.startswith("test_")):
        reached = {test, *always}
        while following := set().union(*(known.get(each, ()) for each in reached)) - reached:
            reached |= following
        if reached & TRACING and not reached & FIXTURES:
            found.add(test)
    return found


def test_traced_cells_run_on_each_library() -> None:
    """Nothing else is of one library, and no reason is left over."""
    files = {path.name: of_one_library(path) for path in (ROOT / "tests").glob("test_*.py")}
    found = {f"{name}::{test}" for name, tests in files.items() for test in tests}
    excused = {each for each in found if each in ONE or each.partition("::")[0] in ONE}
    assert found == excused
    assert {each for each in ONE if not any(test.startswith(each) for test in found)} == set()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("def test_a():\n    with cells.shell(): pass", {"test_a"}),
        ("def test_a(library):\n    with cells.shell(library): pass", set()),
        ("def helped():\n    explore(1)\ndef test_a():\n    helped()\ndef test_b():\n    pass", {"test_a"}),
        ("@pytest.fixture\ndef made(library):\n    return cells\ndef test_a(made):\n    pass", set()),
        ("pytestmark = pytest.mark.usefixtures('each_library')\ndef test_a():\n    explore(1)", set()),
        ("@pytest.mark.usefixtures('each_library')\ndef test_a():\n    trace_of(1)", set()),
    ],
)
def test_the_finder_finds(text: str, found: set[str], tmp_path: Path) -> None:
    """Tests that trace by themselves or by a helper, and those that get a library, by any of the ways there are."""
    path = tmp_path / "test_it.py"
    path.write_text(text, encoding="utf-8")
    assert of_one_library(path) == found
