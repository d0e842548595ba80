"""Families of operations that are read late: their names are all listed, and work before anything else was used."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import engine
from engine import families, late_names

ROOT = Path(__file__).resolve().parents[1]


def _ran(code: str) -> str:
    """What a new process prints."""
    return subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout


def test_late_names_are_written_anew() -> None:
    """``engine/late_names.py`` is what ``python -m tests.late_names`` writes."""
    written = (ROOT / "engine" / "late_names.py").read_text()
    assert _ran("from tests import late_names; print(late_names.text(), end='')") == written


@pytest.mark.parametrize("family", late_names.FUNCTIONS)
def test_late_family_is_read_at_first_use(family: str) -> None:
    """A name of a late family is a working function, and importing the engine alone does not read it."""
    name = late_names.FUNCTIONS[family].split()[0]
    code = f"import sys, engine; print('engine.calls.{family}' in sys.modules, callable(engine.{name}))"
    assert _ran(code).split() == ["False", "True"]


@pytest.mark.parametrize("family", [family for family, names in late_names.METHODS.items() if names.split()])
def test_late_method_is_read_at_first_use(family: str) -> None:
    """A method of a late family is itself, a function or a property, from its first look on."""
    name = late_names.METHODS[family].split()[0]
    code = f"import engine; engine.Tensor.{name}; print(type(engine.Tensor.__dict__[{name!r}]).__name__)"
    assert _ran(code).strip() in ("function", "property")


def test_no_file_hides_a_function() -> None:
    """``torch.mode`` is the function, though there is a file of that name."""
    clashes = {name for names in late_names.FUNCTIONS.values() for name in names.split()} & {
        path.stem for path in (ROOT / "engine").iterdir()
    }
    code = f"import engine; print([n for n in {sorted(clashes)} if type(getattr(engine, n)).__name__ == 'module'])"
    assert clashes
    assert _ran(code).strip() == "[]"


def test_every_name_is_there() -> None:
    """Each name that ``dir(engine)`` lists can be had."""
    families.read_all()
    for name in dir(engine):
        assert getattr(engine, name) is not None or name == "newaxis"
