"""A program run once more in the cell's own library, on copies, with other numbers in its leaves.

The first run has the cell's own numbers, and proves that it comes to the cell's own results, bit for bit. The user's
tensors, random numbers and modes are not touched; nor is the cell's code run.
"""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np

from ..backends import Backend, dtype_name, version_of
from ..graphs.linear import RowPasses, Sweeps, Weighting, take, weighting_of
from ..style.format import shape
from ..tracing.noted import Array, Ref, Settings, Slot
from ..tracing.tape import host, tensors_of
from ..tracing.trace import Backward
from ..words import say
from .program import Made, Program, Reading, Seed, Step, Stuck

PATIENCE = 1.0  # seconds that the rows of one run may take
SMALL = 10_000  # entries of a tensor that is copied before it is written over, as the recorder does


class Missing(Exception):
    """A tensor that could not be computed again; the text says why."""


class Passes(RowPasses):
    """A program's backward passes; rows are taken of the one that counts, for the entries that have sliders."""

    def __init__(self, output: Callable[[], Any], picked: Sequence[int]) -> None:
        super().__init__(output)
        self.picked, self.wanted = tuple(picked), False

    def _take(self, backend: Backend, backward: Backward, named: Any) -> None:
        if not self.wanted:
            return
        root = next((i for i, each in enumerate(backward.roots) if each is named), 0)
        if backward.snapshot is not None and id(backward.snapshot) not in self.sweeps:
            weighting = weighting_of(backend, backward.roots, backward.gradients, root)
            self.sweeps[id(backward.snapshot)] = self._rows(backward.snapshot, weighting)
        for kept in backward.snapshots.values():
            self.sweeps[id(kept)] = self._rows(kept, weighting_of(backend, (named,), None))

    def _rows(self, snapshot: Any, weighting: Weighting) -> Sweeps:
        """A row for each slider, or none: a slider without one would be out of the page's sight."""
        found = take(snapshot, weighting, self.picked, PATIENCE)
        if len(found.rows) < len(self.picked) and found.linear:
            return replace(found, picked=self.picked, rest=None, rows=(), linear=False)
        return found


class Rerun:
    """One run. ``tensors``: by slot; ``made``: tensor and version by where its gradient arrives."""

    def __init__(self, program: Program, given: Mapping[Slot, Array], passes: Passes) -> None:
        self.program, self.given, self.passes = program, given, passes
        self.backend: Backend = program.backend
        self.tensors: dict[Slot, Any] = {}
        self.why: dict[Slot, str] = {}
        self.made: dict[tuple[Any, int], tuple[Any, int]] = {}
        self.old_values: dict[tuple[int, int], Any] = {}
        self.read: list[tuple[Reading, Any]] = []  # what would have been read otherwise

    def run(self) -> None:
        """Every step. Errors: Stuck where one cannot be made with these numbers."""
        module = self.backend.module
        dtype = module.get_default_dtype()
        state = module.get_rng_state() if self.program.random else None
        try:
            with warnings.catch_warnings(), np.errstate(all="ignore"):
                warnings.simplefilter("ignore")
                for step in self.program.steps:
                    self._reads(step.reads)
                    with self._settings(step.settings):
                        self._step(step)
                self._reads(self.program.reads)
        finally:
            if state is not None:
                module.set_rng_state(state)
            if module.get_default_dtype() != dtype:
                module.set_default_dtype(dtype)
        if not self.program.proven:
            self._let_go()

    def tensor(self, slot: Slot | None) -> Any:
        """Its counterpart. Errors: Missing."""
        found = None if slot is None else self.tensors.get(slot)
        if found is None:
            raise Missing(self.why.get(slot, "") if slot is not None else "")
        return found

    @cached_property
    def late(self) -> dict[tuple[Any, int], tuple[Any, int]]:
        """As ``made``, of what every tensor is now: one has another node once it was written over through a view."""
        wanting = [each for each in self.tensors.values() if each.requires_grad and not each.is_leaf]
        return {(each.grad_fn, each.output_nr): (each, version_of(each)) for each in wanting}

    # ---------------------------------------------------------------- one call
    def _step(self, step: Step) -> None:
        for seed in step.seeds:
            self._seed(seed)
        self._write(step)
        self._give(step.gives)
        for slot, wanted in step.wants:
            tensor = self.tensors.get(slot)
            if tensor is not None and tensor.is_leaf:
                tensor.requires_grad_(wanted)
        try:
            if step.why:
                raise Missing(step.why)
            (self._pass if step.kind else self._take if step.taken else self._call)(step)
        except Missing as missing:
            if step.kind:
                raise Stuck(str(missing)) from None
            for each in (*step.made, *step.written):
                self.tensors.pop(each.slot, None)
                self.why[each.slot] = str(missing)
        self._give(step.gave)

    def _call(self, step: Step) -> None:
        args, kwargs = self._of(step.args), self._of(step.kwargs)
        if step.random is not None:
            state = np.frombuffer(step.random, np.uint8).copy()
            self.backend.module.set_rng_state(self.backend.module.from_numpy(state))
        for each in step.written:
            self._keep(self.tensor(each.slot))
        given = {id(each) for each in tensors_of((args, kwargs), self.backend.tensor)}
        result = self._made(step, lambda: step.func(*args, **kwargs))
        found = [each for each in tensors_of(result, self.backend.tensor) if id(each) not in given]
        if len(found) != len(step.made):
            raise Stuck(say("again_number", where=_where(step), n=len(found), was=len(step.made)))
        for each, tensor in zip(step.made, found, strict=True):
            self.tensors[each.slot] = tensor
        for each in (*step.made, *step.written):
            tensor = self.tensors[each.slot]
            self._compare(step, each, tensor)
            self._note(tensor)

    def _made(self, step: Step, call: Callable[[], Any]) -> Any:
        try:
            return call()
        except (Missing, Stuck):
            raise
        except Exception as error:
            text = (str(error).splitlines() or [""])[0]
            told = f"{type(error).__name__}: {text}" if text else type(error).__name__
            raise Stuck(say("again_error", where=_where(step), error=told)) from error

    def _take(self, step: Step) -> None:
        """The cell's own results, which no leaf takes part in."""
        for each in step.made:
            if each.like is None:
                raise Missing(say("again_unknown", call=_where(step)))
            self.tensors[each.slot] = each.like.clone()
        for each in step.written:
            self.tensor(each.slot).data.copy_(each.like)

    def _note(self, tensor: Any) -> None:
        """Where the gradient of what was made arrives."""
        node = tensor.grad_fn if tensor.requires_grad else None
        if node is not None:
            self.made[node, tensor.output_nr] = tensor, version_of(tensor)

    def _keep(self, tensor: Any) -> None:
        """What a tensor holds before it is written over."""
        if tensor.numel() <= SMALL:
            self.old_values[id(tensor), version_of(tensor)] = np.array(self.backend.array(tensor))

    def _compare(self, step: Step, made: Made, tensor: Any) -> None:
        """The same kind of tensor as the cell had; at first also the same numbers."""
        size, dtype = tuple(tensor.shape), dtype_name(tensor.dtype)
        if (size, dtype) != (made.shape, made.dtype):
            raise Stuck(say("again_shape", where=_where(step), now=shape(size), was=shape(made.shape)))
        if not self.program.proven and made.value is not None and not _same(made.value, host(tensor)):
            raise Stuck(say("again_differs", where=_where(step)))

    # ---------------------------------------------------------------- a backward pass
    def _pass(self, step: Step) -> None:
        for leaf, held in step.before:
            tensor, grad = self.tensor(leaf), None if held is None else self.tensor(held)
            if tensor.grad is not grad:
                tensor.grad = grad
        args, kwargs = self._of(step.args), self._of(step.kwargs)
        func, passes = step.func, self.passes
        passes.wanted = step.target
        result = self._made(step, lambda: passes.run(self.backend, func, args, kwargs, ()))
        given = iter(result if isinstance(result, tuple | list) else ())
        for place, (slot, made) in enumerate(step.after):
            grad = self.tensor(slot).grad if place < len(step.before) else next(given, None)
            if (grad is None) is not (made is None):
                raise Stuck(say("again_differs", where=_where(step)))
            if made is not None:
                self.tensors[made.slot] = grad
                self._compare(step, made, grad)
                self._note(grad)

    # ---------------------------------------------------------------- what goes in
    def _seed(self, seed: Seed) -> None:
        if seed.why:
            self.why[seed.slot] = seed.why
            return
        owner = self.tensors.get(seed.alias.owner) if seed.alias is not None else None
        if owner is not None and seed.alias is not None:
            start = owner.storage_offset() + seed.alias.offset
            tensor = owner.data.as_strided(seed.alias.shape, seed.alias.strides, start)
        else:
            tensor = seed.like.clone()
        self.tensors[seed.slot] = tensor.requires_grad_() if seed.requires_grad else tensor

    def _write(self, step: Step) -> None:
        """What was written from outside of the calls, unless those that were made again have written it already."""
        for write in list(step.writes):
            tensor = self.tensors.get(write.slot)
            if tensor is None:
                continue
            if not self.program.proven:
                if _same(write.value, host(tensor)):
                    step.writes.remove(write)
                    continue
                if write.follows and np.any(write.value):
                    step.why = say("again_unseen", where=_where(step))
            tensor.data.copy_(write.like)

    def _give(self, slots: list[Slot]) -> None:
        for slot in slots:
            tensor = self.tensors.get(slot)
            if tensor is not None:
                tensor.data.copy_(self.backend.given(self.given[slot], tensor))

    def _reads(self, readings: list[Reading]) -> None:
        """What Python would be given now; only what differs counts."""
        for reading in readings:
            for seed in reading.seeds:
                self._seed(seed)
            try:
                args, kwargs = self._of(reading.args), self._of(reading.kwargs)
                now = reading.func(*args, **kwargs)
            except Exception:  # on numbers that cannot be read so it stands where it stood
                continue
            finally:
                for seed in reading.seeds:  # the next call sees it for the first time
                    self.tensors.pop(seed.slot, None)
            if not _alike(reading.value, now):
                self.read.append((reading, now))

    def _of(self, value: Any) -> Any:
        """Arguments with this run's tensors in them."""
        if isinstance(value, Ref):
            return self.tensor(value.slot)
        if isinstance(value, np.ndarray):
            return value.copy()
        if type(value) in (list, tuple):
            return type(value)(self._of(each) for each in value)
        if type(value) is dict:
            return {key: self._of(each) for key, each in value.items()}
        if type(value) is slice:
            return slice(*(self._of(each) for each in (value.start, value.stop, value.step)))
        return value

    @contextlib.contextmanager
    def _settings(self, settings: Settings) -> Iterator[None]:
        """The modes of the cell's call; the default dtype, which all threads share, is set only if it must be."""
        module = self.backend.module
        if dtype_name(module.get_default_dtype()) != settings.dtype:
            module.set_default_dtype(getattr(module, settings.dtype))
        with contextlib.ExitStack() as stack:
            if settings.inference:
                stack.enter_context(module.inference_mode())
            stack.enter_context(module.set_grad_enabled(settings.grad))
            yield

    def _let_go(self) -> None:
        """Each result has been the cell's own: from here on the program itself is what gives them."""
        for step in self.program.steps:
            for made in (*step.made, *step.written, *(each for _, each in step.after if each is not None)):
                made.value = None
        self.program.proven = True


def _where(step: Step) -> str:
    """A call with its line, for a sentence."""
    told = step.place.expression or step.name
    return told if step.place.line is None else say("again_at", line=step.place.line, source=told)


def _same(one: Array, other: Array) -> bool:
    """Bit for bit, but for which NaN it is."""
    return one.dtype == other.dtype and np.array_equal(one, other, equal_nan=one.dtype.kind in "fc")


def _alike(one: Any, other: Any) -> bool:
    if isinstance(one, np.ndarray) or isinstance(other, np.ndarray):
        one, other = np.asarray(one), np.asarray(other)
        return bool(one.shape == other.shape and np.array_equal(one, other, equal_nan=one.dtype.kind in "fc"))
    return bool(one == other or (one != one and other != other))
