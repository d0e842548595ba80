"""Packages whose files are read when a name of theirs is first asked for: ``import engine`` is quick."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from typing import Any

from . import absent


def names(package: str, title: str, files: dict[str, str]) -> tuple[Callable[[str], Any], list[str]]:
    """``(__getattr__, __all__)`` of ``package``, PyTorch's ``title``: ``files`` says which names each file defines.

    A file that lists none of its own, or itself, is there as a module.
    """
    where = {name: file for file, text in files.items() for name in (text.split() or [file])}
    every = sorted(where)
    missing = absent.lookup(title, lambda: every)

    def get(name: str) -> Any:
        file = where.get(name)
        if file is None:
            return missing(name)
        module = importlib.import_module(f"{package}.{file}")
        value = module if name == file else getattr(module, name)
        setattr(sys.modules[package], name, value)
        return value

    return get, every
