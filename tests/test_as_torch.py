"""`%%backward --as torch`: a cell's imports of torch give the engine, and nothing else notices."""

from __future__ import annotations

import builtins
import importlib
import json
import pkgutil
import re
import subprocess
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from IPython.core.interactiveshell import InteractiveShell

import engine
from engine import imports
from tests import cells
from tests.cells import usage
from tests.test_programs import PROGRAMS

pytestmark = pytest.mark.usefixtures("young")

ROOT = Path(__file__).resolve().parents[1]
PROGRAM = """import torch
from torch.autograd import Variable
x = Variable(torch.Tensor([2,2,2]), requires_grad=True)
y = x*2
y.backward(torch.FloatTensor([0.1, 1, 10]))
"""
OURS_ALONE = {"torch.nn.attention", "torch.ops"}  # files of the engine's that are not what PyTorch calls so


@pytest.fixture
def shell() -> Iterator[InteractiveShell]:
    """An IPython with the magics loaded, in which nothing is called torch."""
    with cells.shell() as made:
        made.reset(new_session=False)
        yield made


@pytest.fixture
def without_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    """As where torch is not installed."""
    from tests.as_torch_programs import Without

    monkeypatch.setattr(sys, "meta_path", [Without(each) for each in sys.meta_path])
    for name in [each for each in sys.modules if each.partition(".")[0] == "torch"]:
        monkeypatch.delitem(sys.modules, name)


def programs(library: str) -> Any:
    """What the pages' programs come to in a process of their own."""
    command = [sys.executable, "-m", "tests.as_torch_programs", library]
    return json.loads(subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout)


@pytest.mark.usefixtures("torch")
def test_every_program_as_it_is() -> None:
    """With their own imports and no torch, the pages' programs print, raise and leave what they do on PyTorch."""
    ours, theirs = programs("engine"), programs("torch")
    assert ours["modules"] == []
    for program in PROGRAMS:
        found, expected = ours["programs"][program.name], theirs["programs"][program.name]
        for what in ("printed", "error", "figures"):
            assert found[what] == expected[what], program.name
        assert program.hint in " ".join(found["notes"])
        assert ("Jᵀ v" in found["panel"]) == (program.panel and program.error is None), program.name


@pytest.mark.usefixtures("without_torch")
def test_readme(shell: InteractiveShell) -> None:
    """The README's example is one."""
    (cell,) = re.findall(r"```python\n(%%backward --as torch\n.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    ran = cells.run(shell, cell)
    assert ran.error is None
    assert "x.grad  [[4.5, 4.5], [4.5, 4.5]]" in ran.printed


# ---------------------------------------------------------------- what a statement binds
@pytest.mark.parametrize(
    ("statement", "bound"),
    [
        ("import torch", {"torch": "engine"}),
        ("import torch as t", {"t": "engine"}),
        ("import torch, torch.nn, math", {"torch": "engine", "math": "math"}),
        ("import torch.nn", {"torch": "engine"}),
        ("import torch.nn as nn, torch.nn.functional as F", {"nn": "engine.nn", "F": "engine.nn.functional"}),
        ("import torch.utils.data", {"torch": "engine"}),
        ("from torch import nn, optim as o", {"nn": "engine.nn", "o": "engine.optim"}),
        ("from torch.nn import (functional as F,\n    init)", {"F": "engine.nn.functional", "init": "engine.nn.init"}),
        ("from torch.utils import data", {"data": "engine.utils.data"}),
        ("from torch.optim import lr_scheduler", {"lr_scheduler": "engine.optim.lr_scheduler"}),
        ("import torch.autograd as autograd; import torch.optim", {"autograd": "engine.autograd", "torch": "engine"}),
        ("if True:\n    import torch.fft as fft", {"fft": "engine.fft"}),
        ("try:\n    import torch\nexcept ImportError:\n    torch = None", {"torch": "engine"}),
        ("def f():\n    global la\n    import torch.linalg as la\nf()", {"la": "engine.linalg"}),
        ("class K:\n    import torch.nn as inner\nk = K.inner", {"k": "engine.nn"}),
        ("from __future__ import annotations\nt = torch", {"torch": "engine", "t": "engine"}),
    ],
)
def test_statements(shell: InteractiveShell, statement: str, bound: dict[str, str]) -> None:
    """Each form of import binds the names that it would bind, and no other."""
    before = set(shell.user_ns)
    ran = cells.run(shell, f"%%backward --as torch\n{statement}")
    assert ran.error is None
    new = {name for name in set(shell.user_ns) - before if name[0] != "_"} - {"f", "K", "annotations"}
    assert {name: shell.user_ns[name].__name__ for name in new} == bound


def test_names_of_modules(shell: InteractiveShell) -> None:
    """`from ... import` binds classes, functions and None; `*` binds what the engine shows."""
    text = (
        "from torch import newaxis, layout, strided\nfrom torch.optim import SGD\nfrom torch.optim.adam import Adam\n"
    )
    cells.run(shell, f"%%backward --as torch\n{text}from torch.autograd import gradcheck as check\nfrom torch import *")
    names = shell.user_ns
    assert names["newaxis"] is None
    assert isinstance(names["strided"], names["layout"])
    assert names["SGD"] is engine.optim.SGD
    assert names["Adam"] is engine.optim.Adam
    assert names["check"] is engine.autograd.gradcheck
    assert names["tensor"] is engine.tensor
    cells.run(
        shell, "%%backward --as torch\nimport torch.backends.cudnn as cudnn\nfrom torch.backends.mps import is_built"
    )
    assert names["cudnn"] is engine.backends.cudnn
    assert names["is_built"]() is False


def test_the_name_alone(shell: InteractiveShell, torch: Any) -> None:
    """A cell that says torch and imports nothing means the engine, also where torch was PyTorch; and so it stays."""
    shell.user_ns["torch"] = torch
    ran = cells.run(shell, "%%backward --as torch\nx = torch.ones(2, requires_grad=True)\n(x * 2).sum()")
    assert "x.grad = Jᵀ v" in ran.printed
    assert isinstance(shell.user_ns["x"], engine.Tensor)
    assert shell.user_ns["torch"] is engine
    assert cells.run(shell, "import torch").error is None
    assert shell.user_ns["torch"] is torch


def test_first_call_is_watched() -> None:
    """The engine is read before the cell runs: a function's import comes too late to be noticed."""
    code = (
        "from tests import cells\nimport sys\n"
        "with cells.shell('math') as shell:\n"
        "    assert 'engine' not in sys.modules\n"
        "    text = 'def f():\\n  import torch\\n  return torch.ones(2, requires_grad=True)\\nx = f()\\nx.sum()'\n"
        "    print(cells.run(shell, '%%backward --as torch\\n' + text).printed)\n"
    )
    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert "x.grad = Jᵀ v" in ran.stdout


# ---------------------------------------------------------------- nothing else notices
@pytest.mark.usefixtures("without_torch")
def test_nothing_is_left_over(shell: InteractiveShell) -> None:
    """No module is called torch, during the cell or after it; imports are Python's own; the next cell has no torch."""
    own = builtins.__import__
    look = "import sys, importlib.util\nseen = 'torch' in sys.modules or importlib.util.find_spec('torch')\n"
    ran = cells.run(shell, f"%%backward --as torch\n{PROGRAM}{look}")
    assert ran.error is None
    assert not shell.user_ns["seen"]
    assert builtins.__import__ is own
    assert not [name for name in sys.modules if name.partition(".")[0] == "torch"]
    assert not [name for name in shell.user_ns if "backward" in name.lower()]
    assert type(cells.run(shell, "import torch").error) is ModuleNotFoundError
    assert shell.user_ns["torch"] is engine


def test_real_torch_stays(shell: InteractiveShell, torch: Any) -> None:
    """Where PyTorch is installed, the cell has the engine and libraries that it calls have PyTorch."""
    text = "import importlib\nreal = importlib.import_module('torch')\n"
    ran = cells.run(shell, f"%%backward --as torch\n{PROGRAM}{text}")
    assert ran.error is None
    assert shell.user_ns["torch"] is engine
    assert shell.user_ns["real"] is torch
    assert sys.modules["torch"] is torch


@pytest.mark.usefixtures("without_torch")
def test_functions_live_on(shell: InteractiveShell) -> None:
    """A function of the cell imports the engine whenever it is called, and so do functions that it makes."""
    inner = "  def g():\n    from torch import relu\n    return relu(x)\n"
    outer = f"def f(x):\n  import torch.nn.functional as F\n{inner}  return F.relu(x), g"
    cells.run(shell, f"%%backward --as torch\n{PROGRAM}{outer}")
    ran = cells.run(shell, "%%backward\na, g = f(x)\n(a + g()).sum()")
    assert ran.error is None
    assert "x.grad = Jᵀ v" in ran.printed


@pytest.mark.usefixtures("without_torch")
def test_await(shell: InteractiveShell) -> None:
    """A cell that waits has the engine too."""
    ran = cells.run(shell, f"%%backward --as torch\nimport asyncio\nawait asyncio.sleep(0)\n{PROGRAM}x.grad")
    assert ran.error is None
    np.testing.assert_allclose(ran.result.numpy(), [0.2, 2, 20], rtol=1e-6)
    assert "x.grad = Jᵀ v" in ran.printed


# ---------------------------------------------------------------- what goes wrong
@pytest.mark.usefixtures("without_torch")
@pytest.mark.parametrize("text", ["import torch", "import torch.nn as nn", "from torch.autograd import Variable"])
def test_hint(shell: InteractiveShell, text: str) -> None:
    """Without the option, a cell that has no torch is told of it; where a library has none, it is not."""
    ran = cells.run(shell, f"%%backward\n{text}")
    assert str(ran.error) == "No module named 'torch'"
    (note,) = ran.error.__notes__  # type: ignore[union-attr]  # it is an error
    assert note in ran.printed
    assert "%%backward --as torch" in note
    assert "import engine as torch" in note
    library = types.ModuleType("library")
    exec("def load():\n    import torch", vars(library))
    shell.user_ns["library"] = library
    ran = cells.run(shell, "%%backward\nlibrary.load()")
    assert not getattr(ran.error, "__notes__", None)
    ran = cells.run(shell, "%%backward --as torch\nlibrary.load()")
    assert "--as torch is for the import statements in the cell's own text" in ran.error.__notes__[0]  # type: ignore[union-attr]


def test_no_hint_where_torch_is(shell: InteractiveShell, torch: Any) -> None:
    """PyTorch's own missing modules, and other libraries', are Python's errors."""
    for name in ("torch.nothing_of_this_name", "no_library_of_this_name"):
        ran = cells.run(shell, f"%%backward\nimport torch\nimport {name}")
        assert str(ran.error) == f"No module named '{name}'"
        assert not getattr(ran.error, "__notes__", None)


def test_name_without_import(shell: InteractiveShell) -> None:
    """A cell that says torch and has none is told what to write."""
    ran = cells.run(shell, "%%backward\nx = torch.ones(2)")
    assert "%%backward --as torch" in ran.error.__notes__[0]  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("statement", "text", "note"),
    [
        (
            "from torch import compile",
            "cannot import name 'compile' from 'torch'",
            "PyTorch has torch.compile; this en",
        ),
        ("from torch import (nn,\n    compile)", "cannot import name 'compile' from 'torch'", "PyTorch has torch.comp"),
        (
            "from torch import squeze",
            "cannot import name 'squeze' from 'torch'",
            "nearest that exists is torch.squeeze",
        ),
        ("import torch.distributions as D", "No module named 'torch.distributions'", "PyTorch has torch.distributions"),
        ("import torch.jit", "No module named 'torch.jit'", "Instead: programs run as they are written here"),
        (
            "import torch.optim.adamw",
            "No module named 'torch.optim.adamw'",
            "The nearest that exists is torch.optim.ad",
        ),
        ("from torch.nn.modules.linear import Linear", "No module named 'torch.nn.modules.linear'", "torch.nn.modules"),
        ("from torch.nothing import *", "No module named 'torch.nothing'", "Hint: This engine has no such module."),
        ("import torch.nn.Linear", "No module named 'torch.nn.Linear'", "is no module: from torch.nn import Linear"),
        ("import torch.nn.modules.conv", "No module named 'torch.nn.modules.conv'", "torch.nn.modules"),
        ("from torch.nn.modules import utils", "cannot import name 'utils' from 'torch.nn.modules'", ""),
        ("from torch import importlib", "cannot import name 'importlib' from 'torch'", ""),
        ("from torch.backends.cudnn import no", "cannot import name 'no' from 'torch.backends.cudnn'", ""),
        ("import torch.a.b.c", "No module named 'torch.a.b.c'", "This engine has no such module."),
        ("import torch.nn.attention", "No module named 'torch.nn.attention'", "PyTorch has torch.nn.attention"),
        ("from torch import absent", "cannot import name 'absent' from 'torch'", ""),
        ("import torch.kernel", "No module named 'torch.kernel'", ""),
    ],
)
def test_what_is_not_there(shell: InteractiveShell, statement: str, text: str, note: str) -> None:
    """Errors name torch, as PyTorch's would; they say what the engine lacks, on the user's own line, and no other."""
    ran = cells.run(shell, f"%%backward --as torch\n\n{statement}")
    assert isinstance(ran.error, ImportError)
    assert str(ran.error).startswith(text)
    assert note in " ".join(getattr(ran.error, "__notes__", []))
    assert f"----> 3 {statement.splitlines()[0]}" in ran.printed
    assert "imports.py" not in ran.printed
    assert "engine.imports" not in ran.printed


def test_usage(shell: InteractiveShell) -> None:
    """The option takes torch, above a cell."""
    assert "did you mean torch?" in usage(cells.run(shell, "%%backward --as pytorch\n1"))
    assert "this is not: keras" in usage(cells.run(shell, "%%backward --as keras\n1"))
    assert "goes above a cell" in usage(cells.run(shell, "%backward --as torch"))
    assert "goes above a cell" in usage(cells.run(shell, "%backward y --as torch"))
    assert "run the cell on engine" in cells.run(shell, "%%backward --help").printed


# ---------------------------------------------------------------- the engine's modules
def test_the_list_of_modules(torch: Any) -> None:
    """Every file of the engine's that has the name of a module of PyTorch's is importable under it, and no other."""

    def theirs(name: str) -> bool:
        try:
            importlib.import_module(name)
        except ImportError:
            return False
        return True

    files = {each.name.replace("engine", "torch", 1) for each in pkgutil.walk_packages(engine.__path__, "engine.")}
    assert imports.MODULES - {"torch"} == {name for name in files if theirs(name)} - OURS_ALONE
    assert torch.__name__ in imports.MODULES


@pytest.mark.usefixtures("torch")
def test_no_file_hides_a_name() -> None:
    """Whatever was imported before: a module stands where PyTorch has one, and nowhere else."""
    code = (
        "import importlib, types\nfrom engine import imports\nfrom engine.naming.absent_names import NAMES\n"
        "for name in sorted(imports.MODULES): imports.module(name)\n"
        "for owner in NAMES:\n"
        "    for name in NAMES[owner].split():\n"
        "        try: ours = imports.member(owner, name)\n"
        "        except ImportError: continue\n"
        "        theirs = getattr(importlib.import_module(owner), name, ours)\n"
        "        kinds = {isinstance(each, types.ModuleType) for each in (ours, theirs)}\n"
        "        if len(kinds) == 2: print(f'{owner}.{name}')\n"
    )
    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    # the first is a module that can be called, the second in PyTorch a function that only raises
    assert ran.stdout.split() == ["torch.autograd.gradcheck", "torch.autograd.variable"]
