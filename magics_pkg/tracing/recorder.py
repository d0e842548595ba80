"""Watch a cell's calls on tensors while it runs: note them at a few microseconds each, and keep what backward frees."""

from __future__ import annotations

import dataclasses
import itertools
import sys
import weakref
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from types import CodeType
from typing import Any

from .. import backends
from ..backends import Backend, node_of, version_of
from ..cells.cell import Cell, Outcome, read_cell, run_cell, run_cell_async
from ..cells.walk import walker
from .passes import BackwardPasses
from .tape import Tape
from .trace import Sites, Trace, calls_of, name_of, sources_of, writes

PASS, RECORD, WRITE, BACKWARD, NOTE = "pass", "record", "write", "backward", "note"
# Calls that make no tensor: answered at once, nothing noted
PASSED = frozenset(
    {"shape", "dtype", "device", "requires_grad", "is_leaf", "ndim", "layout", "grad", "grad_fn", "output_nr", "names"}
    | {"_version", "itemsize", "nbytes", "retains_grad", "size", "dim", "numel", "stride", "nelement", "element_size"}
    | {"storage_offset", "data_ptr", "untyped_storage", "ndimension", "get_device", "item", "tolist", "numpy", "equal"}
    | {"allclose", "register_hook", "register_post_accumulate_grad_hook", "retain_grad", "is_floating_point"}
    | {"is_complex", "is_contiguous", "is_signed", "is_tensor", "is_sparse", "is_cuda", "is_meta", "is_quantized"}
    | {"is_mkldnn", "is_nested", "is_inference", "is_same_size", "set_grad_enabled", "_set_grad_enabled"}
    | {"manual_seed", "is_grad_enabled", "result_type", "set_printoptions", "__len__", "__hash__", "__repr__"}
    | {"__str__", "__format__", "__bool__", "__float__", "__int__", "__index__", "__contains__", "__array__"}
    | {"__deepcopy__", "__reduce_ex__", "_record_function_enter_new", "_record_function_exit._RecordFunction"}
)
WINDOW = 4096  # latest calls whose tensors are kept alive
ROUTES = 4096  # functions of which it is kept from cell to cell how they are treated
SMALL = 10_000  # entries of a tensor that is copied before it is written over
COPIED = 1_000_000  # entries of all such copies together


def route_of(func: Any, backend: Backend) -> str:
    """How calls of this function are treated."""
    if backend.kind_of(func):
        return BACKWARD
    name = name_of(func)
    if name in backend.noted:
        return NOTE
    if name in PASSED or name == "grad =":
        return PASS
    return WRITE if writes(name) else RECORD


class Recorder:
    """Context manager: notes each call on tensors of the libraries that are loaded, from code that ``stop`` runs.

    ``stop``: the cell's code object, where walks up the frames end; a call not under it is left alone.
    ``passes``: makes what runs the backward calls of one library. ``taped``: keep copies of what goes into each call
    and comes out of it.
    """

    def __init__(
        self, stop: CodeType | None, passes: Callable[[], BackwardPasses] = BackwardPasses, taped: bool = False
    ) -> None:
        self.stop, self._passes, self._taped = stop, passes, taped
        self.watches: list[Watch] = []
        self._modes: list[AbstractContextManager[Any]] = []  # of each of the watches
        self._entered: list[AbstractContextManager[Any]] = []

    def __enter__(self) -> Recorder:
        for mode in self._modes:
            self._enter(mode)
        self.attach()
        return self

    def __exit__(self, *error: Any) -> None:
        while self._entered:
            self._entered.pop().__exit__(None, None, None)

    @property
    def tapes(self) -> list[Tape]:
        """What was kept of each library's calls."""
        return [watch.tape for watch in self.watches if watch.tape is not None]

    def close(self) -> None:
        """Let go of the tapes."""
        for tape in self.tapes:
            tape.close()

    def attach(self) -> None:
        """Watch a library that has been imported since."""
        for backend in backends.active():
            if all(backend is not each.backend for each in self.watches):
                tape = Tape(backend) if self._taped else None
                self.watches.append(Watch(backend, self.stop, self._passes(), tape))
                self._modes.append(self.watches[-1].mode())
                self._enter(self._modes[-1])

    def _enter(self, mode: AbstractContextManager[Any]) -> None:
        mode.__enter__()
        self._entered.append(mode)

    def main(self, about: Any = None, error: BaseException | None = None) -> Watch | None:
        """The library that the cell is about: that of a tensor, of the failed call, of the latest backward or call."""
        of = backends.of(about[0] if isinstance(about, tuple | list) and about else about)

        def claims(watch: Watch) -> tuple[bool, bool, int, int]:
            failed = watch.failed is not None and watch.failed[0] is error
            return watch.backend is of, failed, watch.latest, len(watch.records)

        return max(self.watches, key=claims, default=None)

    def traces(
        self, cell: Cell | None, shell: Any, outcome: Outcome, namespace: dict[str, Any], about: Any = None
    ) -> list[tuple[Trace, BackwardPasses]]:
        """What was recorded, the cell having run: first of the `main` library, then of others that ran a backward."""
        first = self.main(outcome.result if about is None else about, outcome.error)
        if first is None:
            return [(Trace(cell, None, (), (), namespace, outcome.result, outcome.error), self._passes())]
        others = [each for each in self.watches if each is not first and each.passes.passes]
        return [(each.finish(cell, shell, outcome, namespace), each.passes) for each in (first, *others)]


class Watch:
    """One library being watched. ``latest``: the place of its latest backward call among those of all libraries."""

    _backwards = itertools.count(1)

    def __init__(
        self, backend: Backend, stop: CodeType | None, passes: BackwardPasses, tape: Tape | None = None
    ) -> None:
        self.backend, self.stop, self.passes, self.tape = backend, stop, passes, tape
        passes.tape = tape
        self.latest = 0
        self.records: list[tuple[Any, ...]] = []
        self.failed: tuple[BaseException, tuple[Any, ...]] | None = None
        self.old_values: dict[tuple[int, int], Any] = {}
        self._kept: list[Any] = []  # tensors in old_values: their ids must not be given to others
        self._room = COPIED
        self.limit, self._weakened = WINDOW, 0

    def mode(self) -> AbstractContextManager[Any]:
        """In it this sees each call. Not kept here, for it refers to this: what was noted goes with its last user."""
        return self.backend.mode(self._watched(self.backend), self.stop)

    def _watched(self, backend: Backend) -> Callable[..., Any]:
        handler = self._handler(backend)
        if self.tape is None:
            return handler
        path_of = walker(self.stop, backend.module_call())
        return self.tape.watching(handler, lambda: path_of(sys._getframe(2)), PASSED)

    def _handler(self, backend: Backend) -> Callable[..., Any]:
        """The function that sees every call; everything that it touches is a local name, because it runs so often."""
        records = self.records
        sequence_number, tensor_type, frame_of = backend.sequence_number, backend.tensor, sys._getframe
        path_of = walker(self.stop, backend.module_call())
        special, note_failure, weaken, reference = self._special, self._fail, self._weaken, weakref.ref
        recording, told_version = backend.module.is_grad_enabled, version_of
        if len(backend.routes) > ROUTES:
            backend.routes.clear()
        routes = backend.routes
        routes_get = routes.get
        caller = 1 if self.tape is None else 2  # how many frames up the call comes from

        def handler(mode: Any, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            route = routes_get(func) or routes.setdefault(func, route_of(func, backend))
            if route is PASS:
                return func(*args, **kwargs) if kwargs else func(*args)
            if route is not RECORD:
                return special(backend, route, func, args, kwargs, path_of(frame_of(caller)))
            before = sequence_number()
            try:
                result = func(*args, **kwargs) if kwargs else func(*args)
            except BaseException as error:
                note_failure(error, func, path_of(frame_of(caller)), before, args, kwargs)
                raise
            if isinstance(result, tensor_type):
                node = result.grad_fn
                version = told_version(result)
                after = sequence_number()
                path = path_of(frame_of(caller))
                if path is None:
                    return result
                if node is None:
                    made, given = reference(result), sources_of_call(args, tensor_type)
                    cut = "" if not wants_gradient(args, tensor_type) else "on" if recording() else "off"
                    records.append((func, path, before, after, None, None, made, version, None, cut, given))
                else:
                    records.append((func, path, before, after, args, kwargs, result, version, node))
                if len(records) >= self.limit:
                    weaken()
            elif isinstance(result, tuple | list) and any(isinstance(each, tensor_type) for each in result):
                path = path_of(frame_of(caller))
                node = next((n for each in result if (n := getattr(each, "grad_fn", None)) is not None), None)
                if path is not None and node is not None:
                    after = sequence_number()
                    records.append((func, path, before, after, args, kwargs, tuple(result), 0, node))
            return result

        return handler

    def _special(self, backend: Backend, route: str, func: Any, args: Any, kwargs: Any, path: Any) -> Any:
        """A call that writes over a tensor, or that runs a backward pass."""
        if route is NOTE:
            backend.note(args[0])
            return func(*args, **(kwargs or {}))
        first = args[0] if args else None
        if path is None or backend.transformed(first[0] if isinstance(first, tuple | list) and first else first):
            return func(*args, **(kwargs or {}))
        if route is BACKWARD:
            return self._backward(backend, func, args, kwargs or {}, path)
        target = args[0] if args else None
        if not isinstance(target, backend.tensor) or not (target.is_floating_point() or target.is_complex()):
            return func(*args, **(kwargs or {}))  # a count, like batch norm's: no gradient ever passes it
        self._keep_value(backend, target)
        before = backend.sequence_number()
        try:
            result = func(*args, **(kwargs or {}))
        except BaseException as error:
            self._fail(error, func, path, before, args, kwargs)
            raise
        node, after = node_of(target), backend.sequence_number()
        kept = (args, kwargs, target) if node is not None else (None, None, weakref.ref(target))
        self.records.append((func, path, before, after, *kept, version_of(target), node))
        return result

    def _backward(self, backend: Backend, func: Any, args: Any, kwargs: dict[str, Any], path: Any) -> Any:
        """A call that runs a backward pass; with ``create_graph`` what it gives has a graph: that of one call."""
        before = backend.sequence_number()
        self.latest = next(self._backwards)
        result = self.passes.run(backend, func, args, kwargs, path)
        made = result if isinstance(result, tuple) else tuple(leaf.grad for leaf in self.passes.passes[-1].before)
        made = tuple(each for each in made if isinstance(each, backend.tensor))
        node = next((each.grad_fn for each in made if each.grad_fn is not None), None)
        after = backend.sequence_number()
        if node is not None:
            self.records.append((func, path, before, after, args, kwargs, made, 0, node))
        elif isinstance(result, tuple):
            given = sources_of_call(args, backend.tensor)
            for each in made:
                reference = weakref.ref(each)
                self.records.append((func, path, before, after, None, None, reference, 0, None, "on", given))
        return result

    def _keep_value(self, backend: Backend, target: Any) -> None:
        """What a tensor holds now, so that the card of the call that made it can show it."""
        key = id(target), version_of(target)
        try:
            size = target.numel()
        except ValueError:  # a lazy module's parameter, before its first call
            return
        if key in self.old_values or size > min(SMALL, self._room):
            return
        self._room -= size
        self.old_values[key] = backend.copy(target)
        self._kept.append(target)

    def _fail(self, error: BaseException, func: Any, path: Any, before: int, args: Any, kwargs: Any) -> None:
        if path is not None:
            self.failed = error, (func, path, before, before, args, kwargs, None, 0, None)

    def _weaken(self) -> None:
        """Let go of the tensors of all but the latest calls: a long loop must not hold what the plain cell would free.

        What made no node and is gone leaves no trace at all.
        """
        end = len(self.records) - WINDOW // 2
        kept = []
        for func, path, before, after, _, _, result, version, node, *rest in self.records[self._weakened : end]:
            if node is not None:
                result = None if isinstance(result, tuple) else weakref.ref(result)
            elif result() is None:
                continue
            kept.append((func, path, before, after, None, None, result, version, None, *rest))
        self.records[self._weakened : end] = kept
        self._weakened += len(kept)
        self.limit = len(self.records) + WINDOW // 2

    def finish(self, cell: Cell | None, shell: Any, outcome: Outcome, namespace: dict[str, Any]) -> Trace:
        """The Trace of what was recorded; the cell has run."""
        backend = self.backend
        cells = tuple(getattr(getattr(shell, "compile", None), "_filename_map", ()))
        sources = sources_of(cell, cells, backend)
        sites = Sites(self.stop, sources, backend.only_first)
        failed = None
        if self.failed is not None and self.failed[0] is outcome.error:  # else the cell caught it
            failed = calls_of([self.failed[1]], sites)[0]
        trace = Trace(
            cell,
            backend,
            calls_of(self.records, sites),
            (),
            namespace,
            outcome.result,
            outcome.error,
            failed,
            old_values=self.old_values,
            notes=(*self.passes.notes, *backend.remarks(sites.codes)),
            sources=sources,
        )
        placed = (dataclasses.replace(b, position=trace.position(sites.of(b.path))) for b in self.passes.finish())
        trace = dataclasses.replace(trace, backwards=tuple(placed))
        if self.tape is not None:
            self.tape.trace, self.tape.sites = trace, sites
        return trace


def wants_gradient(args: Any, tensor_type: Any) -> bool:
    """Whether an argument of a call is a tensor that requires grad."""
    return any(isinstance(each, tensor_type) and each.requires_grad for each in _each(args))


def sources_of_call(args: Any, tensor_type: Any) -> tuple[Any, ...]:
    """Weak references to the tensors among a call's arguments."""
    return tuple([weakref.ref(each) for each in _each(args) if isinstance(each, tensor_type)])


def _each(args: Any) -> Iterator[Any]:
    """Arguments, and the entries of those that are lists."""
    for each in args:
        if isinstance(each, tuple | list):
            yield from each
        else:
            yield each


def trace_cell(
    shell: Any, cell: Cell | str, passes: Callable[[], BackwardPasses] = BackwardPasses
) -> tuple[Outcome, Trace]:
    """Run a cell once under a recorder: what it came to, and its Trace."""
    if isinstance(cell, str):
        cell = read_cell(shell, cell, libraries=backends.NAMES)
    recorder = Recorder(cell.code, passes)
    outcome = run_cell(shell, cell, recorder, recorder.attach)
    return outcome, recorder.traces(cell, shell, outcome, shell.user_ns)[0][0]


async def trace_cell_async(
    shell: Any, cell: Cell | str, passes: Callable[[], BackwardPasses] = BackwardPasses
) -> tuple[Outcome, Trace]:
    """`trace_cell` for a cell with a top-level ``await``."""
    if isinstance(cell, str):
        cell = read_cell(shell, cell, libraries=backends.NAMES)
    recorder = Recorder(cell.code, passes)
    outcome = await run_cell_async(shell, cell, recorder, recorder.attach)
    return outcome, recorder.traces(cell, shell, outcome, shell.user_ns)[0][0]


def trace_of(tensors: Any, namespace: dict[str, Any] | None = None) -> Trace:
    """A Trace of tensors that exist already: nothing was recorded, their ``grad_fn`` tells what there is."""
    roots = tuple(tensors) if isinstance(tensors, tuple | list) else (tensors,)
    backend = next((found for each in roots if (found := backends.of(each)) is not None), None)
    return Trace(None, backend, namespace=namespace or {}, roots=roots)
