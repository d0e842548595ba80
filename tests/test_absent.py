"""A name of PyTorch's is there, or its absence is explained."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import engine
from engine.naming import families
from engine.naming.absent_methods import METHODS
from engine.naming.absent_names import NAMES

ROOT = Path(__file__).resolve().parents[1]


def test_lists_are_written_anew(torch: ModuleType) -> None:
    """The two lists are what ``python -m tests.absent_names`` writes for this PyTorch, in a process of its own."""
    code = """
from tests import absent_names as written
assert (written.ROOT / "absent_names.py").read_text() == written.modules_text()
assert (written.ROOT / "absent_methods.py").read_text() == written.methods_text()
"""
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)


@pytest.mark.parametrize("module", NAMES)
def test_every_name_of_a_module(module: str) -> None:
    """Each name of PyTorch's module is there, or the error says that PyTorch has it."""
    ours: Any = engine
    title = "torch"
    for part in module.split(".")[1:]:
        if not hasattr(ours, part):
            assert _explained(ours, title, part)
            return
        ours, title = getattr(ours, part), f"{title}.{part}"
    wrong = [name for name in NAMES[module].split() if not hasattr(ours, name) and not _explained(ours, module, name)]
    assert not wrong


def _explained(owner: Any, title: str, name: str) -> bool:
    """Whether the error for a name that is absent is PyTorch's, and says that PyTorch has it."""
    with pytest.raises(AttributeError) as caught:
        getattr(owner, name)
    note = f"Hint: PyTorch has {title}.{name}; this engine does not."
    notes = getattr(caught.value, "__notes__", [""])
    return str(caught.value) == f"module '{title}' has no attribute '{name}'" and notes[0].startswith(note)


def test_every_name_of_tensor() -> None:
    """Each attribute of PyTorch's Tensor is there, or the error says that PyTorch has it."""
    families.read_all()
    x = engine.tensor([1.0 + 1.0j])
    for name in METHODS.split():
        if not hasattr(engine.Tensor, name):
            with pytest.raises(AttributeError) as caught:
                getattr(x, name)
            assert str(caught.value) == f"'Tensor' object has no attribute '{name}'"
            assert caught.value.__notes__[0].startswith(f"Hint: PyTorch has torch.Tensor.{name}; this engine does not.")
            assert name not in dir(x)


def test_own_attributes_may_have_an_absent_name() -> None:
    """What a program hangs on a tensor of its own is there, whatever it is called."""
    x = engine.tensor([1.0])
    x.to_mkldnn = 3
    assert x.to_mkldnn == 3


def test_nearest_name() -> None:
    """The hint names what is nearest, and nothing where nothing is near."""
    with pytest.raises(AttributeError) as caught:
        engine.sparse_coo_tensor  # noqa: B018  the error is wanted
    assert "PyTorch has torch.sparse_coo_tensor" in caught.value.__notes__[0]
    with pytest.raises(AttributeError) as caught:
        engine.squeze  # noqa: B018  the error is wanted
    assert caught.value.__notes__ == ["Hint: The nearest that exists is torch.squeeze"]
