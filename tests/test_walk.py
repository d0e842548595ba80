"""Call paths that are noted in parts are those that a walk over every frame finds."""

from __future__ import annotations

import gc
import sys
import threading
import traceback
import weakref
from types import CodeType, FrameType, ModuleType
from typing import Any

import pytest

from magics_pkg.backends import of
from magics_pkg.cells.walk import DEPTH, Entry, Path, module_call, walker
from magics_pkg.tracing.recorder import Recorder

PROGRAM = """
class Leaf(nn.Module):
    def forward(self, x):
        return look(x * 2)

class Inner(nn.Module):
    def __init__(self):
        super().__init__()
        self.leaf = Leaf()
    def forward(self, x):
        look(x)
        y = self.leaf(x); look(y); y = self.leaf(y)
        return look([self.leaf(each) for each in (y, y)][1])

class Outer(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner = Inner()
    def forward(self, x, deep=3):
        look(x)
        def along():
            for _ in range(2):
                yield self.inner(x)
        for each in along():
            look(each)
        x = self.inner(x)
        return self(x, deep - 1) if deep else look(x)

outer = Outer()
outer(start)
look(start)
for _ in range(2):
    outer(start, 1)
"""


def frames(frame: FrameType, stop: CodeType, module_call: CodeType) -> list[tuple[CodeType, Any]]:
    """Every frame up to the cell, by the standard library's own walk."""
    found: list[tuple[CodeType, Any]] = []
    for each, _ in traceback.walk_stack(frame):
        code = each.f_code
        found.append((code, each.f_locals["self"] if code is module_call else each.f_lasti))
        if code is stop:
            break
    return found


def flat(path: Path) -> Path:
    """The whole of a path, of which several may share a part."""
    return path if len(path) % 2 == 0 else [*path[:-1], *flat(path[-1])]


def noted(path: Path | None) -> list[tuple[CodeType, Any]]:
    """A noted path in the same form."""
    assert path is not None
    whole = flat(path)
    for place, each in enumerate(whole[::-2]):  # from the outermost
        assert not isinstance(each, Entry) or module_call(path, place) is each
    modules = [each.module if isinstance(each, Entry) else each for each in whole[1::2]]
    return list(zip(whole[::2], modules, strict=True))


def ran(library: ModuleType, look: Any, program: str, **names: Any) -> CodeType:
    """The program's code, having run with this ``look``."""
    code = compile(program, "<walk>", "exec")
    start = library.ones(2)
    exec(code, {"nn": library.nn, "start": start, "look": look(code, of(start)), **names})  # this file's own text
    return code


def test_as_a_walk_over_all_frames(library: ModuleType) -> None:
    """Modules in modules, one that calls itself, one from two places, a generator, two walkers with another end."""
    seen = []

    def look(code: CodeType, backend: Any) -> Any:
        call = backend.module_call()
        path_of, other = walker(code, call), walker(None, call)

        def looked(x: Any) -> Any:
            frame = sys._getframe(1)
            path, whole = noted(path_of(frame)), noted(other(frame))
            expected = frames(frame, code, call)
            seen.append(expected)
            assert path == expected
            assert whole[: len(expected)] == expected
            return x

        return looked

    ran(library, look, PROGRAM)
    assert len({tuple(map(id, sum(each, ()))) for each in seen}) > 20


def test_outside_of_the_cell(library: ModuleType) -> None:
    """What another thread calls is not the cell's, through modules or not; the cell's own calls stay the cell's."""
    seen = []

    def look(code: CodeType, backend: Any) -> Any:
        path_of = walker(code, backend.module_call())

        def looked(x: Any) -> Any:
            inside = threading.current_thread() is threading.main_thread()
            seen.append((inside, path_of(sys._getframe(1)) is not None))
            return x

        return looked

    elsewhere = "thread = Thread(target=lambda: outer(start, 1)); thread.start(); thread.join()"
    ran(library, look, PROGRAM.replace("outer(start, 1)", elsewhere), Thread=threading.Thread)
    assert set(seen) == {(True, True), (False, False)}


@pytest.mark.parametrize("modules", [False, True])
def test_a_deep_recursion(library: ModuleType, modules: bool) -> None:
    """The innermost frames are kept, and no walk is longer than a few times that."""
    lengths = []

    def look(code: CodeType, backend: Any) -> Any:
        path_of = walker(code, backend.module_call())

        def looked(x: Any) -> Any:
            frame = sys._getframe(1)
            path = noted(path_of(frame))
            assert path[:DEPTH] == frames(frame, code, backend.module_call())[:DEPTH]
            lengths.append(len(path))
            return x

        return looked

    call = "self(x, n - 1)" if modules else "self.forward(x, n - 1)"
    ran(
        library,
        look,
        f"""
class Deep(nn.Module):
    def forward(self, x, n):
        return {call} if n else look(look(x))
Deep()(start, 200)
""",
    )
    assert len(lengths) == 2
    assert DEPTH <= max(lengths) < 10 * DEPTH


def test_each_call_of_a_module_has_its_entry(library: ModuleType) -> None:
    """Operations of one call share it, those of another have another, from the same place too."""
    entries: list[tuple[Any, Entry]] = []

    def look(code: CodeType, backend: Any) -> Any:
        path_of = walker(code, backend.module_call())

        def looked(x: Any) -> Any:
            inner = next(each for each in flat(path_of(sys._getframe(1)) or ()) if isinstance(each, Entry))
            entries.append((inner.module, inner))
            return x

        return looked

    ran(
        library,
        look,
        """
class Twice(nn.Module):
    def forward(self, x):
        look(x)
        return look(x)
twice = Twice()
for _ in range(3):
    twice(start)
""",
    )
    assert [entries[0][1] is each for _, each in entries] == [True, True, False, False, False, False]
    assert len({id(each) for _, each in entries}) == 3


def test_what_was_noted_goes_with_its_last_user(library: ModuleType) -> None:
    """No reference cycle holds a cell's tensors once the recorder is gone: nobody waits for the collector."""
    code = compile("y = outer(start)\nz = y.sin()\ndel y", "<cell>", "exec")
    names: dict[str, Any] = {"nn": library.nn, "start": library.ones(2, requires_grad=True), "look": lambda x: x}
    exec(PROGRAM, names)  # this file's own text
    recorder = Recorder(code)
    gc.collect()
    gc.disable()
    try:
        with recorder:
            exec(code, names)  # the same
        tensors = [weakref.ref(each[6]) for watch in recorder.watches for each in watch.records if each[8] is not None]
        assert len(tensors) > 20
        del recorder, names["z"]
        assert [each() for each in tensors if each() is not None] == []
    finally:
        gc.enable()
