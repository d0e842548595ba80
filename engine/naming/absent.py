"""Names that PyTorch has and this engine lacks: the error says so, and names what is nearest.

What PyTorch has stands in ``absent_names.py`` (modules; read when a name is missing) and ``absent_methods.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

_INSTEAD = {
    "compile": "programs run as they are written here; leave it out",
    "autocast": "the dtypes that you choose yourself",
    "set_num_threads": "the environment variable OMP_NUM_THREADS",
    "jit": "programs run as they are written here; leave it out",
    "to_sparse": "tensors are dense here",
}


def lookup(module: str, existing: Callable[[], Iterable[str]]) -> Callable[[str], Any]:
    """A ``__getattr__`` for ``module`` (by PyTorch's name for it), which has the names ``existing()``."""

    def missing(name: str) -> Any:
        from .absent_names import NAMES

        error = AttributeError(f"module '{module}' has no attribute '{name}'")
        if not name.startswith("_"):
            _advise(error, module, name, name in NAMES.get(module, "").split(), existing())
        raise error

    return missing


def _advise(error: Exception, owner: str, name: str, there: bool, existing: Iterable[str]) -> None:
    """Add a note: whether PyTorch has ``owner.name``, and the nearest of the names ``existing``."""
    import difflib

    near = difflib.get_close_matches(name, [n for n in existing if not n.startswith("_")], 1, 0.7)
    said = f"PyTorch has {owner}.{name}; this engine does not." if there else ""
    advice = f"The nearest that exists is {owner}.{near[0]}" if near else ""
    if name in _INSTEAD:
        advice = f"Instead: {_INSTEAD[name]}"
    if said or advice:
        error.add_note(f"Hint: {' '.join(filter(None, (said, advice)))}")


def explain_module(error: ImportError, owner: str, name: str, modules: Iterable[str]) -> None:
    """Add a note to the error for a module that is not here: ``name`` in ``owner``, the nearest that is."""
    from .absent_names import NAMES

    below = [each.removeprefix(f"{owner}.") for each in modules if each.startswith(f"{owner}.")]
    _advise(error, owner, name, name in NAMES.get(owner, "").split(), below)
    if not hasattr(error, "__notes__"):
        above = f" The nearest that exists is {owner}" if "." in owner else ""
        error.add_note(f"Hint: This engine has no such module.{above}")


class AbsentMethod:
    """Stands on Tensor for a method of PyTorch's that is not here: an AttributeError that says so.

    So ``hasattr`` is False; ``Tensor.__getattr__`` in its place would cost every operation 117 ns.
    """

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name

    def __get__(self, instance: Any, kind: type) -> Any:
        what = f"type object '{kind.__name__}'" if instance is None else f"'{kind.__name__}' object"
        error = AttributeError(f"{what} has no attribute '{self.name}'", name=self.name, obj=instance)
        there = [n for n, value in vars(kind.__mro__[-2]).items() if type(value) is not AbsentMethod]
        _advise(error, "torch.Tensor", self.name, True, there)
        raise error
