"""What `--compare` keeps of a cell while it runs: every call with the values that went in and came out, as copies.

Nothing is run here but the cell's own calls; `replay` runs the other library's afterwards.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ..backends import Backend, dtype_name, node_of, version_of
from ..cells.walk import Path
from ..words import say
from .noted import Alias, Noted, Read, Ref, Settings, Slot, Use, Value
from .passes import PARAMETERS, SAME, reachable_leaves
from .trace import name_of

Array = np.ndarray[Any, Any]
CALLS = 10_000  # that are kept of one cell
ENTRIES = 50_000_000  # of all values together that are copied
HOOKS = frozenset({"register_hook", "register_post_accumulate_grad_hook"})
# Calls that give Python numbers: what it does with them nobody sees
READS = frozenset(
    {"item", "tolist", "numpy", "equal", "allclose", "is_nonzero", "__bool__", "__float__", "__int__", "__index__"}
    | {"__complex__", "__contains__", "__array__"}
)


class Tape:
    """Notes a cell's calls for `--compare`; ``trace`` is set when the cell has run."""

    def __init__(self, backend: Backend) -> None:
        self.backend = backend
        self.entries: list[Noted] = []
        self.reads: list[Read] = []
        self.notes: list[str] = []
        self.hooks = False  # whether the cell has put a hook on a tensor
        self.trace: Any = None
        self.sites: Any = None
        self._slots: dict[int, Slot] = {}
        self._owners: dict[Any, Slot] = {}  # by memory: the tensor that was seen there first
        self._versions: dict[Any, int] = {}  # by memory: as the calls that were seen left it
        self._room = ENTRIES
        # Looked up once: a library may take its time to say that it has not got something
        self._stores = hasattr(backend.tensor, "untyped_storage")
        self._autocasts = getattr(backend.module, "is_autocast_enabled", None)

    def close(self) -> None:
        """Let go of the cell's tensors."""
        for slot in self._slots.values():
            slot.tensor = slot.value = None
        self.entries.clear()
        self.reads.clear()
        self._slots.clear()
        self._owners.clear()
        self.trace = self.sites = None

    # ---------------------------------------------------------------- around a call
    def watching(
        self, handler: Callable[..., Any], path: Callable[[], Any], ignored: frozenset[str]
    ) -> Callable[..., Any]:
        """``handler`` with this tape around it; ``path`` gives the place of the call, None where it is not the cell's.

        ignored: names of calls that make no tensor."""
        backend = self.backend

        def watched(mode: Any, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            name = name_of(func)
            self.hooks = self.hooks or name in HOOKS
            if name in READS:
                result = handler(mode, func, types, args, kwargs)
                if (where := path()) is not None and len(self.reads) < CALLS:
                    self._noted(self._read, func, args, kwargs or {}, where, result)
                return result
            if name in ignored or name == "grad =" or backend.kind_of(func) or len(self.entries) >= CALLS:
                return handler(mode, func, types, args, kwargs)
            where = path()
            entry = None if where is None else self._noted(self._begin, func, args, kwargs or {}, where)
            try:
                result = handler(mode, func, types, args, kwargs)
            except BaseException:
                self.drop(entry)
                raise
            if entry is not None and not self._noted(self._end, entry, result):
                self.drop(entry)
            return result

        return watched

    def drop(self, entry: Noted | None) -> None:
        """Forget a call that failed, or made no tensor: what it has seen for the first time the next one has to see."""
        for use in entry.inputs if entry is not None else ():
            if use.forced:
                use.slot.value = None

    def _noted(self, step: Callable[..., Any], *arguments: Any) -> Any:
        """Our own work around a call of the cell's, which must be made whatever becomes of it."""
        try:
            return step(*arguments)
        except Exception as error:
            note = say("tape_lost", error=f"{type(error).__name__}: {error}")
            if note not in self.notes:
                self.notes.append(note)
            return None

    def _begin(self, func: Any, args: Any, kwargs: Any, path: Any) -> Noted:
        backend = self.backend
        inputs = {id(each): each for each in tensors_of((args, kwargs), backend.tensor)}  # each once
        entry = Noted(
            func,
            path,
            self._kept(args),
            self._kept(kwargs),
            self._settings(),
            [self._use(each) for each in inputs.values()],
            name_of(func),
        )
        entry.generator = kwargs.get("generator") is not None
        entry.random = _random_state(backend)
        return entry

    def _end(self, entry: Noted, result: Any) -> bool:
        """Note what came out; returns whether there is a tensor in it, or one that was changed."""
        backend = self.backend
        if entry.random == _random_state(backend):
            entry.random = None
        given = {id(use.slot.tensor) for use in entry.inputs}
        for use in entry.inputs:
            if version_of(use.slot.tensor) != use.version:
                entry.written.append(self._use(use.slot.tensor, seen=True))
        made = list(tensors_of(result, backend.tensor))
        entry.results = [self._use(each, seen=True) for each in made if id(each) not in given]
        if not made and not entry.written and not entry.name.endswith("="):
            return False
        self.entries.append(entry)
        if len(self.entries) == CALLS:
            self.notes.append(say("tape_full", n=CALLS))
        return True

    def _read(self, func: Any, args: Any, kwargs: Any, path: Path, result: Any) -> None:
        """Note what Python was given; a tensor that is seen for the first time the next call has to see."""
        inputs = [self._use(each) for each in tensors_of((args, kwargs), self.backend.tensor)]
        kept = result.copy() if isinstance(result, np.ndarray) else result
        given = self._kept(args), self._kept(kwargs)
        self.reads.append(Read(func, path, *given, inputs, name_of(func), kept, len(self.entries)))
        for use in inputs:
            if use.forced:
                use.slot.value = None

    # ---------------------------------------------------------------- around a backward pass
    def before_pass(self, func: Any, args: Any, kwargs: dict[str, Any], path: Any) -> Noted | None:
        """Note a backward call that is about to be made."""
        if len(self.entries) >= CALLS:
            return None
        entry: Noted | None = self._noted(self._begin_pass, func, args, kwargs, path)
        return entry

    def _begin_pass(self, func: Any, args: Any, kwargs: dict[str, Any], path: Any) -> Noted:
        backend, entry = self.backend, self._begin(func, args, kwargs, path)
        entry.random, entry.kind = None, backend.kind_of(func)
        given = dict(zip(PARAMETERS[entry.kind], args, strict=False))
        given.update((SAME.get(name, name), value) for name, value in kwargs.items())
        roots = list(tensors_of(given.get("roots"), backend.tensor))
        entry.weights = _weights(backend, roots, given.get("gradients"))
        entry.roots = [self._slot(each) for each in roots]
        if entry.kind == "autograd.grad":
            entry.wanted = [self._slot(each) for each in tensors_of(given.get("inputs"), backend.tensor)]
        else:
            for leaf in reachable_leaves(backend, roots):
                held = None if leaf.grad is None else self._use(leaf.grad)
                entry.before.append((self._use(leaf), held))
        return entry

    def after_pass(self, entry: Noted | None, result: Any, snapshot: Any) -> None:
        """Note what a backward call left behind; it has gone through."""
        if entry is not None:
            self._noted(self._end_pass, entry, result, snapshot)

    def _end_pass(self, entry: Noted, result: Any, snapshot: Any) -> None:
        gradients = [(use.slot, use.slot.tensor.grad) for use, _ in entry.before]
        gradients += zip(entry.wanted, result or (), strict=False)
        entry.after = [(slot, None if each is None else self._use(each, seen=True)) for slot, each in gradients]
        # Anything but "Twice.backward", a custom function: where those are the other library's graph has ends
        named = getattr(snapshot, "hooks", ())
        entry.hooks = self.hooks or not all(each.endswith(".backward") for each in named)
        self.entries.append(entry)
        if snapshot is not None and not entry.hooks:
            seen = snapshot.observed
            if seen is None and snapshot.linear:  # not every library tells of the cell's own pass
                with contextlib.suppress(RuntimeError):  # where the cell's pass did not need all that this one does
                    seen = snapshot.run(entry.weights)
            entry.observed = dict(getattr(seen, "nodes", {}))

    # ---------------------------------------------------------------- values
    @property
    def slots(self) -> list[Slot]:
        """Every tensor that took part."""
        return list(self._slots.values())

    def slot_of(self, tensor: Any) -> Slot | None:
        """The one of a tensor that took part."""
        return self._slots.get(id(tensor))

    def _slot(self, tensor: Any) -> Slot:
        slot = self._slots.get(id(tensor))
        if slot is None:
            slot = self._slots[id(tensor)] = Slot(tensor, self._memory(tensor))
        return slot

    def _use(self, tensor: Any, seen: bool = False) -> Use:
        """The tensor as it is now. ``seen``: the call that is being noted has just made or changed it."""
        slot = self._slot(tensor)
        if seen:
            slot.memory = self._memory(tensor)
        version, known = version_of(tensor), slot.value
        value = self._value(tensor, known)
        forced, alias = False, None
        if not seen and value is not known:
            alias = self._alias(slot) if known is None else None
            # Either a call that was seen wrote to the same memory and counted it, or somebody did in other ways
            told = version != slot.version and version == self._versions.get(slot.memory)
            forced = known is None or not told
        slot.value, slot.version = value, version
        self._versions[slot.memory] = version
        self._owners.setdefault(slot.memory, slot)
        requires_grad = bool(tensor.requires_grad)
        if not seen or not requires_grad:  # to ask a view for its node may make a new one
            return Use(slot, value, requires_grad, version, forced, alias=alias)
        node = node_of(tensor)
        return Use(slot, value, requires_grad, version, forced, node, 0 if node is None else tensor.output_nr)

    def _alias(self, slot: Slot) -> Alias | None:
        """How a new tensor lies in the memory of a known one."""
        owner, tensor = self._owners.get(slot.memory), slot.tensor
        if owner is None or owner is slot or not slot.memory or owner.tensor.dtype != tensor.dtype:
            return None
        offset = tensor.storage_offset() - owner.tensor.storage_offset()
        return Alias(owner, tuple(tensor.shape), tuple(tensor.stride()), offset) if offset >= 0 else None

    def _memory(self, tensor: Any) -> Any:
        """The same for all tensors that share their numbers."""
        try:
            if self._stores:
                return tensor.untyped_storage().data_ptr()
            array = self.backend.array(tensor)
            while isinstance(array.base, np.ndarray):
                array = array.base
            return array.__array_interface__["data"][0]
        except Exception:  # wrappers have no memory of their own
            return id(tensor)

    def _settings(self) -> Settings:
        module = self.backend.module
        return Settings(
            bool(module.is_grad_enabled()),
            bool(module.is_inference_mode_enabled()),
            dtype_name(module.get_default_dtype()),
            self._autocasts is not None and any(map(self._autocasts, ("cpu", "cuda"))),
        )

    def _value(self, tensor: Any, known: Value | None) -> Value:
        """What it holds, as a copy; ``known`` itself where that has not changed."""
        shape, dtype = tuple(tensor.shape), dtype_name(tensor.dtype)
        if self.backend.transformed(tensor):
            return Value(None, shape, dtype, say("why_lifted"))
        try:
            array = host(tensor)
        except Exception as error:  # a kind of tensor that NumPy does not know
            return Value(None, shape, dtype, say("why_unreadable", error=_first_line(error)))
        if known is not None and known.array is not None and _equal(known.array, array):
            return known
        if array.size > self._room:
            return Value(None, shape, dtype, say("why_large"))
        self._room -= array.size
        return Value(np.array(array, order="K"), shape, dtype)

    def _kept(self, value: Any) -> Any:
        """Arguments as they are now: a Ref for each tensor, copies of what the cell may change later."""
        if isinstance(value, self.backend.tensor):
            return Ref(self._slot(value))
        if isinstance(value, np.ndarray):
            return value.copy()
        if type(value) in (list, tuple):
            return type(value)(self._kept(each) for each in value)
        if type(value) is dict:
            return {key: self._kept(each) for key, each in value.items()}
        if type(value) is slice:
            return slice(*(self._kept(each) for each in (value.start, value.stop, value.step)))
        return value


def tensors_of(value: Any, kind: type) -> Iterator[Any]:
    """Every tensor in a tree of tuples, lists, dicts and slices, in order."""
    if isinstance(value, kind):
        yield value
    elif isinstance(value, list | tuple):
        for each in value:
            yield from tensors_of(each, kind)
    elif isinstance(value, dict):
        for each in value.values():
            yield from tensors_of(each, kind)
    elif isinstance(value, slice):
        yield from tensors_of((value.start, value.stop, value.step), kind)


def host(tensor: Any) -> Array:
    """A tensor's numbers in this computer's memory, which they may share."""
    plain = tensor.detach()
    if str(plain.device) != "cpu":
        plain = plain.cpu()
    if plain.is_complex():
        plain = plain.resolve_conj()
    plain = plain.resolve_neg()
    try:
        array: Array = plain.numpy()
    except TypeError:  # bfloat16 and the 8 bit floats: all their numbers are float32's
        array = plain.float().numpy()
    return array


def _equal(one: Array, other: Array) -> bool:
    if one.dtype != other.dtype or one.shape != other.shape:
        return False
    return bool(np.array_equal(one, other, equal_nan=one.dtype.kind in "fc"))


def _weights(backend: Backend, roots: list[Any], gradients: Any) -> list[Array]:
    """v of each root as it was given, ones where it was left out."""
    given = gradients if isinstance(gradients, list | tuple) else [gradients] * len(roots)
    pairs = zip(roots, given, strict=True)
    return [np.ones_like(backend.array(root)) if v is None else backend.array(v).copy() for root, v in pairs]


def _random_state(backend: Backend) -> bytes:
    try:
        state: bytes = backend.module.get_rng_state().numpy().tobytes()
    except RuntimeError:  # inside a transform of torch.func the state is one of its tensors
        return b""
    return state


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
