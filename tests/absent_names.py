"""Writes ``engine/naming/absent_*.py``, what PyTorch has: ``python -m tests.absent_names``.

Run it when the PyTorch that is followed has changed; the lists do not depend on what the engine has.
"""

from __future__ import annotations

import importlib
import textwrap
import types
from pathlib import Path

import torch

ROOT = Path(__file__).resolve().parents[1] / "engine" / "naming"
MODULES = (
    "torch", "torch.autograd", "torch.autograd.forward_ad", "torch.autograd.function", "torch.autograd.functional",
    "torch.autograd.graph", "torch.cuda", "torch.fft", "torch.func", "torch.linalg", "torch.masked", "torch.nn",
    "torch.nn.functional", "torch.nn.init", "torch.nn.utils", "torch.nn.utils.parametrizations",
    "torch.nn.utils.parametrize", "torch.nn.utils.rnn", "torch.optim", "torch.optim.lr_scheduler", "torch.overrides",
    "torch.random", "torch.signal", "torch.signal.windows", "torch.special", "torch.utils", "torch.utils.checkpoint",
    "torch.utils.data", "torch.utils.dlpack",
)  # fmt: skip


def names(module: str) -> list[str]:
    """The public names of one of PyTorch's modules: its own, and its submodules."""
    found = importlib.import_module(module)
    listed = {*getattr(found, "__all__", ()), *dir(found)} - {"TYPE_CHECKING", "annotations"}
    return sorted(n for n in listed if n[0] != "_" and _own(found, module, n))


def _own(found: types.ModuleType, module: str, name: str) -> bool:
    value = getattr(found, name, None)
    if isinstance(value, types.ModuleType):
        return value.__name__.startswith(module + ".")
    home = getattr(value, "__module__", None)
    if isinstance(value, type | types.FunctionType):
        return (home or "").startswith("torch")
    return not str(home).startswith(("typing", "collections", "functools", "warnings"))


def methods() -> list[str]:
    """The public attributes of ``torch.Tensor``."""
    return sorted(n for n in dir(torch.Tensor) if not n.startswith("_"))


def _filled(text: list[str], indent: int) -> str:
    return textwrap.fill(" ".join(text), 119, initial_indent=" " * indent, subsequent_indent=" " * indent)


def modules_text() -> str:
    """What ``engine/naming/absent_names.py`` should say."""
    body = "".join(f'    "{m}": """\n{_filled(names(m), 8)}\n    """,\n' for m in MODULES)
    return (
        f'"""The names of PyTorch {_version()}\'s modules; written by ``python -m tests.absent_names``."""\n\n'
        f"NAMES: dict[str, str] = {{\n{body}}}\n"
    )


def methods_text() -> str:
    """What ``engine/naming/absent_methods.py`` should say."""
    return (
        f'"""The names of PyTorch {_version()}\'s Tensor; written by ``python -m tests.absent_names``."""\n\n'
        f'METHODS = """\n{_filled(methods(), 4)}\n"""\n'
    )


def _version() -> str:
    return torch.__version__.partition("+")[0]


if __name__ == "__main__":
    (ROOT / "absent_names.py").write_text(modules_text())
    (ROOT / "absent_methods.py").write_text(methods_text())
