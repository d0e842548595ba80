"""When a family of operations is read: the everyday ones by ``import engine``, the others at the first use of a name.

``late_names.py`` says which names the late families give; until a family is read something small stands in the place of
each. That file is written by ``python -m tests.late_names``, and a test holds it to the families.
"""

from __future__ import annotations

import importlib
from types import FunctionType
from typing import Any

from .absent import AbsentMethod
from .absent_methods import METHODS as TORCH_METHODS
from .calls import EVERYDAY, LATE
from .inplace import in_place
from .kernel import PUBLIC, RAW
from .late_names import FUNCTIONS, METHODS, ROWS
from .tensor import Tensor


def read(family: str) -> Any:
    """The module of a family, its methods bound to Tensor."""
    module = importlib.import_module(f"{__package__}.calls.{family}")
    for name, function in module.METHODS.items():
        setattr(Tensor, name, function)
    for name, function in module.IN_PLACE.items():
        setattr(Tensor, name, in_place(name, function))
    for name, target in getattr(module, "OPERATORS", {}).items():
        setattr(Tensor, name, getattr(Tensor, target))
    return module


def read_all() -> None:
    """Read every family, for who wants to see the whole table."""
    for family in (*EVERYDAY, *LATE):
        read(family)
    for module in ROWS:
        importlib.import_module(f"{__package__}.{module}")


class _Method:
    """Stands in the place of a method of a late family until it is first looked up."""

    def __init__(self, name: str, family: str) -> None:
        self.name, self.family = name, family

    def __get__(self, instance: Any, kind: type) -> Any:
        read(self.family)
        return getattr(kind if instance is None else instance, self.name)


def _late_row(*args: Any, late_name: str, late_world: dict[str, Any], late_module: str, **kwargs: Any) -> Any:
    """Stands in the place of a row or rule that formulas of other families name."""
    importlib.import_module(late_module)
    return late_world[late_name](*args, **kwargs)


def install() -> dict[str, Any]:
    """Bind the everyday families, and what stands for late and absent names; return the functions of ``torch``."""
    functions: dict[str, Any] = {}
    for family in EVERYDAY:
        functions |= read(family).FUNCTIONS
    for family, text in METHODS.items():
        for name in text.split():
            setattr(Tensor, name, _Method(name, family))
    for name in TORCH_METHODS.split():
        if name not in Tensor.__dict__:
            setattr(Tensor, name, AbsentMethod(name))
    for module, text in ROWS.items():
        for name in text.split():
            for world in (RAW, PUBLIC):
                if name not in world:
                    stub = FunctionType(_late_row.__code__, globals(), name)
                    stub.__kwdefaults__ = {
                        "late_name": name, "late_world": world, "late_module": f"{__package__}.{module}",
                    }  # fmt: skip
                    world[name] = stub
    return functions


LATE_FUNCTIONS = {name: family for family, text in FUNCTIONS.items() for name in text.split()}


def late_function(name: str) -> Any:
    """``torch.<name>`` of a late family; a ``KeyError`` if none gives it."""
    return read(LATE_FUNCTIONS[name]).FUNCTIONS[name]
