"""``save`` and ``load``: objects with tensors in a file, by ``pickle``.

The files are this engine's own. PyTorch's are zip archives of another kind, and are refused with a clear message.
"""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

from .protocol import sharing

MAGIC = b"backward-magics tensors 1\n"
_SAFE_MODULES = {"engine", "numpy", "collections"}
_SAFE_BUILTINS = {"set", "frozenset", "complex", "bytearray", "slice", "range", "object", "int", "float", "bool", "str"}


def save(
    obj: Any,
    f: Any,
    pickle_module: Any = pickle,
    pickle_protocol: int = 2,
    _use_new_zipfile_serialization: bool = True,
) -> None:
    """Write ``obj``, tensors in it included, to a path or a file open for bytes.

    Tensors that share memory share it again after ``load``.
    """
    if isinstance(f, str | Path):
        with open(f, "wb") as file:
            save(obj, file, pickle_module, pickle_protocol)
        return
    if not hasattr(f, "write"):
        raise AttributeError(f"expected 'f' to be string, path, or a file-like object with a 'write' attribute: {f!r}")
    f.write(MAGIC)
    sharing.append(True)
    try:
        pickle_module.dump(obj, f, protocol=max(pickle_protocol, 4))
    finally:
        sharing.pop()


def load(
    f: Any, map_location: Any = None, pickle_module: Any = None, *, weights_only: bool = True, mmap: Any = None,
    **pickle_load_args: Any,
) -> Any:  # fmt: skip
    """What ``save`` wrote; only tensors, numbers and containers unless ``weights_only=False``, which may run code.

    Errors: RuntimeError for a file of PyTorch's own, UnpicklingError for contents that are not plain.
    """
    if isinstance(f, str | Path):
        with open(f, "rb") as file:
            return load(file, map_location, pickle_module, weights_only=weights_only)
    head = f.read(len(MAGIC))
    if not head:
        raise EOFError("Ran out of input")
    if head[:2] == b"PK":
        raise RuntimeError(
            "this file was written by PyTorch (a zip archive); this engine reads what its own save() wrote. In "
            "PyTorch: {name: t.numpy() for name, t in torch.load(...).items()} can be pickled, or saved by numpy.savez."
        )
    if head != MAGIC:
        raise pickle.UnpicklingError("this is no file that this engine's save() wrote")
    if not weights_only:
        return (pickle_module or pickle).load(f, **pickle_load_args)
    return _Plain(f).load()


class _Plain(pickle.Unpickler):
    """Reads tensors, arrays and containers, and runs nothing else."""

    def find_class(self, module: str, name: str) -> Any:
        if module.partition(".")[0] in _SAFE_MODULES or (module == "builtins" and name in _SAFE_BUILTINS):
            return super().find_class(module, name)
        raise pickle.UnpicklingError(
            "Weights only load failed. This file can still be loaded, to do so you have two options, do those steps "
            "only if you trust the source of the checkpoint. \n\t(1) In PyTorch 2.6, we changed the default value of "
            "the `weights_only` argument in `torch.load` from `False` to `True`. Re-running `torch.load` with "
            "`weights_only` set to `False` will likely succeed, but it can result in arbitrary code execution. Do it "
            f"only if you got the file from a trusted source.\n\tUnsupported global: GLOBAL {module}.{name}"
        )
