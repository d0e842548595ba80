"""Families of operations are read late: their names are all listed, and work before anything else was used."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import engine
from engine.naming import families, late_names, late_rules

ROOT = Path(__file__).resolve().parents[1]


def _ran(code: str) -> str:
    """What a new process prints."""
    return subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout


def test_late_names_are_written_anew() -> None:
    """``engine/naming/late_names.py`` and ``late_rules.py`` are what ``python -m tests.late_names`` writes."""
    written = [(ROOT / "engine" / "naming" / name).read_text() for name in ("late_names.py", "late_rules.py")]
    assert _ran("from tests import late_names; print(*late_names.texts().values(), sep='', end='')") == "".join(written)


def test_import_reads_no_family() -> None:
    """``import engine`` reads the engine alone."""
    folders = ("engine.ops", "engine.calls.", "engine.nn")
    assert _ran(f"import sys, engine; print([n for n in sys.modules if n.startswith({folders})])").strip() == "[]"


@pytest.mark.parametrize("module", sorted({*late_rules.IN_BOTH, *late_rules.ON_ARRAYS, *late_rules.ON_TENSORS}))
def test_each_file_can_be_the_first(module: str) -> None:
    """A file of operations can be read before all others, and every name it is said to give is then itself."""
    code = f"""
import importlib, engine
from engine.naming import families, late_rules
from engine.table.kernel import PUBLIC, RAW
importlib.import_module("engine.{module}")
for table, worlds in ((late_rules.IN_BOTH, (RAW, PUBLIC)), (late_rules.ON_ARRAYS, (RAW,))):
    print([n for n in table.get("{module}", "").split() for w in worlds if isinstance(w[n], families._Rule)])
"""
    assert _ran(code).split() == ["[]", "[]"]


def test_method_of_a_subclass_runs_once() -> None:
    """What a subclass calls through ``super()`` is Tensor's own, also when that reads the family."""
    code = """
import engine
class Loud(engine.Tensor):
    def relu(self):
        print("relu")
        return super().relu()
x = engine.ones(2).as_subclass(Loud)
x.relu()
x.relu()
"""
    assert _ran(code).split() == ["relu", "relu"]


def test_property_that_is_written_first() -> None:
    """The first use of a late property may be a write; the first use of a method, to hide it in one tensor."""
    code = """
import engine
x = engine.full((2,), 1 + 1j)
x.real = engine.zeros(2)
x.relu = "mine"
print(x.tolist(), x.relu, callable(engine.zeros(2).relu))
"""
    assert _ran(code).strip() == "[1j, 1j] mine True"


def test_methods_of_a_program_stay() -> None:
    """What a program has put on Tensor before the family was read is still there afterwards; and so in ``torch``."""
    code = """
import engine
engine.Tensor.relu = engine.relu = lambda self: "mine"
engine.ones(2).hardshrink()
print(engine.ones(2).relu(), engine.relu(1), engine.selu.__name__)
"""
    assert _ran(code).split() == ["mine", "mine", "selu"]


def test_first_warning_stands_where_the_user_was() -> None:
    """``x.T`` of three dimensions warns at the user's line, the first time as the second."""
    code = """
import warnings, engine
with warnings.catch_warnings(record=True) as seen:
    warnings.simplefilter("always")
    for _ in range(2):
        engine.ones(2, 2, 2).T
print(*[w.filename for w in seen])
"""
    assert _ran(code).split() == ["<string>", "<string>"]


def test_a_name_that_nobody_gives() -> None:
    """A table that is out of date ends in a NameError, not in a loop."""
    world: dict[str, Any] = {}
    world["nothing"] = families._Rule(families._call_late, "nothing", "engine.ops.fill", world)
    with pytest.raises(NameError, match="'nothing' is not defined"):
        world["nothing"](1)


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


def test_no_file_hides_a_name() -> None:
    """``torch.mode`` is the function, though there is a file of that name: at first, and when all files are read."""
    code = """
import pathlib, engine
from engine.naming import families
files = {path.stem for path in pathlib.Path(engine.__file__).parent.iterdir()}
names = [name for name in engine.__all__ if name in files and engine._where.get(name) != name]
for _ in range(2):
    print(sorted(name for name in names if type(getattr(engine, name)).__name__ == "module"))
    families.read_all()
"""
    assert _ran(code).splitlines() == ["['autograd', 'overrides']"] * 2


def test_every_name_is_there() -> None:
    """Each name that ``dir(engine)`` lists can be had."""
    families.read_all()
    for name in dir(engine):
        assert getattr(engine, name) is not None or name == "newaxis"


ALONE = """
import os, sys, warnings
import engine
from tests.torch_cells import CELLS, written
warnings.simplefilter("ignore")
names = ["views", "in place", "several results", "complex", "recurrent", "convolution", "retain_grad", "recursion",
         "custom function", "second derivative", "create graph", "optimizer step", "perceptron", "embedding", "pages"]
failed = []
for name in names:  # each in a process of its own that has read no family: a fork of this one
    source, v = CELLS[name]
    child = os.fork()
    if not child:
        space = {"torch": engine, "nn": engine.nn, "F": engine.nn.functional, "__name__": "__main__"}
        try:
            exec(written(source, v, len(v) == 1), space)
        except BaseException as error:
            print(name, repr(error), flush=True)
            os._exit(1)
        os._exit(0)
    failed += [name] if os.waitpid(child, 0)[1] else []
print(failed)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")
def test_a_program_alone() -> None:
    """Whole programs work where nothing was read before, writes into bases of views among them."""
    assert _ran(ALONE).splitlines()[-1] == "[]"
