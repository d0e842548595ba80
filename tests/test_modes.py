"""Grad modes, inference mode and anomaly mode: each program says the same on PyTorch and here."""

from __future__ import annotations

import subprocess
import sys
import textwrap
import threading
import warnings
from pathlib import Path
from types import ModuleType

import pytest

import engine
from tests.mode_programs import ANOMALY, GRAD_MODES, INFERENCE, SETUP
from tests.said import same


@pytest.mark.parametrize("program", GRAD_MODES.values(), ids=GRAD_MODES)
def test_grad_modes(torch: ModuleType, program: str) -> None:
    """``no_grad``, ``enable_grad`` and ``set_grad_enabled`` in every form."""
    same(torch, SETUP + textwrap.dedent(program))


@pytest.mark.parametrize("program", INFERENCE.values(), ids=INFERENCE)
def test_inference_mode(torch: ModuleType, program: str) -> None:
    """What inference tensors are, and what they may take part in."""
    same(torch, SETUP + textwrap.dedent(program))


@pytest.mark.parametrize("program", ANOMALY.values(), ids=ANOMALY)
def test_anomaly_mode(torch: ModuleType, program: str) -> None:
    """What fails says where in the forward pass it comes from."""
    same(torch, SETUP + textwrap.dedent(program))


def test_anomaly_names_the_line(torch: ModuleType) -> None:
    """The warning ends with the line of the program that made the operation, and no frame of the library."""
    for lib in (torch, engine):
        x = lib.zeros(2, requires_grad=True)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            with lib.autograd.detect_anomaly():
                y = x.sqrt()
                z = y * 0  # the line that is not meant
                with pytest.raises(RuntimeError, match=r"Function 'SqrtBackward0' returned nan values in its 0th"):
                    z.sum().backward()
        lines = str(caught[-1].message).partition(" (Triggered")[0].rstrip().splitlines()
        assert lines[0] == "Error detected in SqrtBackward0. Traceback of forward call that caused the error:"
        assert lines[-1].strip() == "y = x.sqrt()"
        assert __file__ in lines[-2]


LEFT = """
import warnings
import engine
from engine.table.kernel import RAW
assert not RAW["BUSY"]
with engine.inference_mode():
    a = engine.ones(2)
    b = a * 2
    assert RAW["BUSY"]
assert RAW["BUSY"]  # a and b are alive
del a, b
assert not RAW["BUSY"]
warnings.simplefilter("ignore")
with engine.autograd.detect_anomaly():
    assert RAW["BUSY"]
assert not RAW["BUSY"]
x = engine.tensor([1.0, 2.0], requires_grad=True)
with engine.autograd.graph.saved_tensors_hooks(lambda t: t.detach(), lambda t: t):
    assert RAW["BUSY"]
    y = x * x
assert not RAW["BUSY"]
"""


def test_modes_leave_nothing_behind() -> None:
    """After a mode, hooks on what is saved, and the last inference tensor, no operation looks for any.

    In a process of its own: in this one the traceback of an earlier test may hold such a tensor.
    """
    subprocess.run([sys.executable, "-c", LEFT], check=True, cwd=Path(__file__).parents[1])


@pytest.mark.parametrize("mode", ["no_grad", "enable_grad", "inference_mode"])
def test_modes_are_thread_local(torch: ModuleType, mode: str) -> None:
    """A mode of one thread is none of another's, whichever began first."""
    for lib in (torch, engine):
        seen: dict[str, tuple[bool, bool]] = {}
        entered, looked = threading.Event(), threading.Event()

        def state(lib: ModuleType = lib) -> tuple[bool, bool]:
            return lib.is_grad_enabled(), lib.is_inference_mode_enabled()

        def inside(lib: ModuleType = lib, seen: dict = seen, entered: threading.Event = entered,
                   looked: threading.Event = looked) -> None:  # fmt: skip
            with getattr(lib, mode)():
                entered.set()
                looked.wait(10)
                seen["inside"] = state(lib)

        thread = threading.Thread(target=inside)
        thread.start()
        entered.wait(10)
        seen["outside"] = state()
        looked.set()
        thread.join()
        assert seen == {"inside": (mode == "enable_grad", mode == "inference_mode"), "outside": (True, False)}


def test_anomaly_mode_reaches_every_thread(torch: ModuleType) -> None:
    """Anomaly mode is one for the process: a thread that runs already notes where it makes nodes."""
    for lib in (torch, engine):
        ready, go = threading.Event(), threading.Event()
        found: list[bool] = []

        def work(lib: ModuleType = lib, ready: threading.Event = ready, go: threading.Event = go,
                 found: list[bool] = found) -> None:  # fmt: skip
            with lib.no_grad():
                lib.ones(1)
            ready.set()
            go.wait(10)
            found.append("traceback_" in (lib.ones(1, requires_grad=True) * 2).grad_fn.metadata)

        thread = threading.Thread(target=work)
        thread.start()
        ready.wait(10)
        lib.autograd.set_detect_anomaly(True)
        try:
            go.set()
            thread.join()
        finally:
            lib.autograd.set_detect_anomaly(False)
        assert found == [True]


READS = {
    "item": "x.sum().item()", "tolist": "x.tolist()", "numpy": "x.detach().numpy()", "bool": "bool(x.sum())",
    "a branch": "1 if x.sum() > 0 else 0", "float": "float(x.sum())", "int": "int(x.sum())",
    "index": "[1, 2, 3, 4, 5][x.detach().sum().long()]", "complex": "complex(x.sum())", "in": "2. in x",
    "format": "f'{x.sum():.2f}'", "max": "bool(max(x[0], x[1]) > 1)",
}  # fmt: skip


@pytest.mark.parametrize("read", READS.values(), ids=READS)
def test_modes_see_what_is_read(torch: ModuleType, read: str) -> None:
    """A function mode sees that Python is given numbers, by the name that PyTorch has for it, and its values."""
    seen: dict[str, list[str]] = {}
    found = []
    for library in (engine, torch):
        names = seen.setdefault(library.__name__, [])

        class Log(library.overrides.TorchFunctionMode):  # type: ignore[name-defined]  # a class per library
            def __torch_function__(self, func, types, args=(), kwargs=None, names=names):  # type: ignore[no-untyped-def]
                names.append(func.__name__)
                return func(*args, **(kwargs or {}))

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            x = library.tensor([1.0, 2.0], requires_grad=True)
            with Log():
                found.append(str(eval(read, {"x": x})))
    assert seen["engine"][-1] == seen["torch"][-1]
    assert found[0] == found[1]
