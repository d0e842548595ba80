"""The families of operations are read when they are needed: ``import engine`` reads none.

Two files of tables say who gives which name, and something small stands in the place of each until its file is read:
for ``torch.<name>`` the package's ``__getattr__``, on Tensor a descriptor (``late_names.py``), in the two worlds of
formulas a callable (``late_rules.py``). ``python -m tests.late_names`` writes them; a test holds them to the families.

Threads: whoever meets a file that another thread is reading waits for it, by Python's own locks on imports. What is
there of a half-read file can be used at once, since all that it does not give yet is still stood for.
"""

from __future__ import annotations

import functools
import importlib
import threading
from typing import Any

from ..calls import FAMILIES
from ..table import general as _general  # noqa: F401  what is made from rows names its functions
from ..table.inplace import in_place
from ..table.kernel import PUBLIC, RAW
from ..tensor import Tensor
from .absent import AbsentMethod
from .absent_methods import METHODS as TORCH_METHODS
from .late_names import FUNCTIONS, METHODS
from .late_rules import IN_BOTH, ON_ARRAYS, ON_TENSORS

ENGINE = __package__.rpartition(".")[0]
_bound: set[str] = set()  # the families whose methods Tensor has
_binding = threading.RLock()


def read(family: str) -> Any:
    """The module of a family, its methods bound to Tensor."""
    module = importlib.import_module(f"{ENGINE}.calls.{family}")
    if family not in _bound:
        with _binding:  # no file is read in here, so nobody can wait for each other
            if family not in _bound:
                for name, method in _methods(module).items():
                    if type(Tensor.__dict__[name]) is _Method:  # else a program has put its own there
                        setattr(Tensor, name, method)
                _bound.add(family)
    return module


def _methods(module: Any) -> dict[str, Any]:
    found = {**module.METHODS, **{name: in_place(name, front) for name, front in module.IN_PLACE.items()}}
    return found | {name: found[target] for name, target in getattr(module, "OPERATORS", {}).items()}


def read_all() -> None:
    """Read every family, for who wants to see the whole table."""
    for family in FAMILIES:
        read(family)
    for modules in (IN_BOTH, ON_ARRAYS, ON_TENSORS):
        for module in modules:
            importlib.import_module(f"{ENGINE}.{module}")


class _Method:
    """Stands in the place of a method or property of Tensor until it is first looked up."""

    __slots__ = ("family", "name")

    def __init__(self, name: str, family: str) -> None:
        self.name, self.family = name, family

    def _read(self) -> Any:
        read(self.family)
        return Tensor.__dict__[self.name]

    def __get__(self, instance: Any, kind: type) -> Any:
        __tracebackhide__ = True
        found = self._read()  # not getattr(instance, ...): a subclass may have asked through super()
        return found.__get__(instance, kind) if hasattr(found, "__get__") else found

    def __set__(self, instance: Any, value: Any) -> None:
        self._read()
        setattr(instance, self.name, value)


def _late(name: str, module: str, world: dict[str, Any]) -> Any:
    importlib.import_module(module)
    found = world[name]
    if type(found) is _Rule:
        raise NameError(f"name {name!r} is not defined")  # by a file that is being read; late_names.py may be old
    return found


def _call_late(name: str, module: str, world: dict[str, Any], /, *args: Any, **kwargs: Any) -> Any:
    __tracebackhide__ = True
    return _late(name, module, world)(*args, **kwargs)


class _Rule(functools.partial):  # made in C: there are a thousand
    """Stands in a world in the place of a kernel, row or rule until it is called or an attribute is asked for."""

    def __getattr__(self, attribute: str) -> Any:
        return getattr(_late(*self.args), attribute)


def install() -> None:
    """Bind what stands for late and absent names."""
    for family, text in METHODS.items():
        for name in text.split():
            setattr(Tensor, name, _Method(name, family))
    own = Tensor.__dict__
    for name in TORCH_METHODS.split():
        if name not in own:
            setattr(Tensor, name, AbsentMethod(name))
    for modules, worlds in ((IN_BOTH, (RAW, PUBLIC)), (ON_ARRAYS, (RAW,)), (ON_TENSORS, (PUBLIC,))):
        for file, text in modules.items():
            module = f"{ENGINE}.{file}"
            for name in text.split():
                for world in worlds:
                    world[name] = _Rule(_call_late, name, module, world)


LATE_FUNCTIONS = {name: family for family, text in FUNCTIONS.items() for name in text.split()}


def late_function(name: str) -> Any:
    """``torch.<name>`` of a family; a ``KeyError`` if none gives it."""
    return read(LATE_FUNCTIONS[name]).FUNCTIONS[name]
