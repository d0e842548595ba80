"""One program, run with the engine and with PyTorch under the name torch: what it reports is the same.

A program is text. It calls ``show(...)`` with whatever is to be compared, and ``fails(lambda: ...)`` for what should
raise; imports of torch become imports of the library at hand.
"""

from __future__ import annotations

import re
import warnings
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import engine

ADDRESS = re.compile(r"0x[0-9a-f]+")
IMPORT = re.compile(r"^(\s*)(from|import) torch\b(?! as )(?=[.\s]|$)", re.MULTILINE)


def bound(source: str, library: ModuleType) -> str:
    """``source`` with its imports of torch turned into those of ``library``."""
    name = library.__name__
    if name == "torch":
        return source

    def other(match: re.Match[str]) -> str:
        indent, word = match.groups()
        rest = source[match.end() :].split("\n", 1)[0]
        plain = word == "import" and not rest.strip().startswith(".")
        return f"{indent}import {name} as torch" if plain else f"{indent}{word} {name}"

    return IMPORT.sub(other, source)


def plain(value: Any) -> Any:
    """A value as what two libraries can agree on: arrays with their dtype, text without addresses."""
    if hasattr(value, "detach") and hasattr(value, "numpy"):
        d = value.detach().numpy()
        return (type(value).__name__, bool(value.requires_grad), np.asarray(d))
    if isinstance(value, dict):
        return {key: plain(v) for key, v in value.items()}
    if (
        isinstance(value, tuple | list)
        or hasattr(value, "__next__")
        or type(value).__name__ in ("dict_keys", "odict_keys")
    ):
        return [plain(v) for v in value]
    if isinstance(value, float | int | bool | np.ndarray | np.generic | type(None)):
        return value
    return words(str(value))


def words(text: str) -> str:
    """A text without addresses, and with PyTorch's names of modules."""
    return ADDRESS.sub("0x", text).replace("engine.", "torch.").replace("torch.nn.modules.", "torch.nn.")


def shown(library: ModuleType, source: str) -> list[Any]:
    """What a program reports: what it shows, the errors of what fails, the warnings."""
    log: list[Any] = []

    def show(*values: Any) -> None:
        log.extend(plain(v) for v in values)

    def fails(call: Any) -> None:
        try:
            log.append(("no error", plain(call())))
        except Exception as error:
            log.append(words(f"{type(error).__name__}: {error}"))

    library.manual_seed(0)
    names = {
        "torch": library, "nn": library.nn, "F": library.nn.functional, "show": show, "fails": fails,
        "__name__": "__main__",
    }  # fmt: skip
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        exec(compile(bound(source, library), "<program>", "exec"), names)  # the test's own text
    said = [re.sub(r" \(Triggered internally.*", "", str(w.message), flags=re.DOTALL) for w in caught]
    said = [text for text in said if "oneDNN" not in text]  # about PyTorch's own kernels
    return [*log, [words(text) for text in said]]


def same(ours: Any, theirs: Any, tolerance: float, where: str) -> None:
    """Two reports agree; numbers to ``tolerance``."""
    if isinstance(theirs, np.ndarray):
        assert isinstance(ours, np.ndarray), where
        assert (ours.dtype, ours.shape) == (theirs.dtype, theirs.shape), where
        np.testing.assert_allclose(ours, theirs, rtol=tolerance, atol=tolerance, err_msg=where)
    elif isinstance(theirs, dict):
        assert list(ours) == list(theirs), where
        for key in theirs:
            same(ours[key], theirs[key], tolerance, f"{where}[{key!r}]")
    elif isinstance(theirs, list | tuple):
        assert len(ours) == len(theirs), (where, ours, theirs)
        for i, (a, b) in enumerate(zip(ours, theirs, strict=True)):
            same(a, b, tolerance, f"{where}[{i}]")
    elif isinstance(theirs, float):
        assert ours == pytest.approx(theirs, rel=tolerance, abs=tolerance, nan_ok=True), where
    else:
        assert ours == theirs, where


def run_both(torch: ModuleType, source: str, tolerance: float = 1e-6) -> None:
    """Run ``source`` with both libraries, and hold what it reports together."""
    same(shown(engine, source), shown(torch, source), tolerance, "shown")


def programs(text: str) -> list[Any]:
    """The programs of a text, each below a line ``# its name``, as pytest's parameters."""
    parts = re.split(r"^# (.+)\n", text.strip() + "\n", flags=re.MULTILINE)[1:]
    return [pytest.param(source, id=name) for name, source in zip(parts[::2], parts[1::2], strict=True)]
