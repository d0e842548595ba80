"""A tape's calls made once more, in order, on the other library's tensors; what came out, beside what the cell had.

The cell's code is not run, nor are its tensors touched: leaves and constants are copies of what they held when they
were used. What this changes of the other library's own state (random numbers, default dtype) is put back.
"""

from __future__ import annotations

import contextlib
import math
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ..backends import Backend, custom_function, node_of
from ..tracing.noted import Noted, Settings, Slot, Use, Value
from ..tracing.passes import reachable_leaves
from ..tracing.tape import Tape, host, tensors_of
from ..words import say
from .counterpart import Arguments, Functions, Unlike, spelled_out, tensor_of
from .difference import Difference, difference, scale_of, worst
from .outcomes import UNINITIALISED, Leaf, Outcome, first_line, is_close, told


class Replay:
    """Runs the entries of one library on the other."""

    def __init__(self, tape: Tape, one: Backend, other: Backend) -> None:
        self.tape, self.one, self.other = tape, one, other
        self.names = one.name, other.name
        self.functions = Functions(one, other)
        self.arguments = Arguments(self.functions, lambda ref: self._tensor(ref.slot))
        self.tensors: dict[Slot, Any] = {}
        self.why: dict[Slot, str] = {}  # tensors that the other library has not got, and why
        self.standing: dict[int, tuple[Any, Slot, str]] = {}  # leaves in place of what could not be computed
        self.arrived: dict[tuple[Outcome, int], Any] = {}  # by result: the gradient of the pass at hand
        self.handles: list[Any] = []
        self.outcomes: list[Outcome] = []

    def run(self) -> list[Outcome]:
        """Every call of the tape's, in order."""
        with _restored(self.other), warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            for entry in self.tape.entries:
                outcome = Outcome(entry)
                with self._settings(entry):
                    (self._backward if entry.kind else self._call)(outcome)
                self.outcomes.append(outcome)
        for handle in self.handles:  # a cycle through the other library's graph, which nobody else would break
            handle.remove()
        self.tensors.clear()
        self.standing.clear()
        self.arrived.clear()
        return self.outcomes

    # ---------------------------------------------------------------- one call
    def _call(self, outcome: Outcome) -> None:
        entry = outcome.entry
        wants = any(use.node is not None for use in (*entry.results, *entry.written))
        outcome.scale = max((scale_of(use.value.array) for use in entry.inputs), default=0.0)
        drawn = entry.random is not None and not wants
        if drawn or entry.generator or entry.name in UNINITIALISED:
            outcome.taken = True
            outcome.problem = say("why_uninitialised" if entry.name in UNINITIALISED else "why_random")
            self._take_over(outcome, outcome.problem)
            return
        if entry.settings.autocast:
            self._give_up(outcome, say("why_autocast"))
            return
        differ = False
        try:
            for use in entry.inputs:
                differ = self._bring(use) or differ
            made = self._made(outcome)
        except Unlike as error:
            self._give_up(outcome, str(error))
            return
        except NotImplementedError as error:
            self._give_up(outcome, say("why_not_got", library=self.other.name, error=first_line(error)))
            return
        except Exception as error:
            outcome.refused = True
            self._give_up(outcome, say("why_raises", library=self.other.name, error=told(error)))
            return
        if differ and outcome.difference is not None and not outcome.difference.same:
            outcome.own = self._alone(outcome)
        self._follow(outcome, made)

    def _made(self, outcome: Outcome) -> list[Any]:
        """The other library's results, compared with the cell's, in the order of ``outcome.uses``."""
        entry = outcome.entry
        if entry.random is not None:
            _set_random_state(self.other, entry.random)
        result = self._run(entry, self.arguments)
        made = self._matched(entry, result, self.tensors)
        uses = [*entry.results, *entry.written]
        outcome.difference = self._compared(uses, made)
        if entry.random is not None:
            if outcome.difference is None or not is_close(outcome.difference):
                raise Unlike(say("why_other_random", library=self.other.name))
            outcome.remark = say("drawn_again")
        return made

    def _run(self, entry: Noted, arguments: Arguments) -> Any:
        args, kwargs = arguments.of(entry.args), arguments.of(entry.kwargs)
        on_tensor = bool(args) and isinstance(args[0], self.other.tensor) and "out" not in kwargs
        called = self.functions.of(entry.func, on_tensor)
        try:
            return called(*args, **kwargs)
        except TypeError:
            spelled = spelled_out(entry.func, args, kwargs, self.other.tensor)
            if spelled is None:
                raise
        try:
            return self.functions.of(entry.func, False)(*spelled[0], **spelled[1])
        except TypeError:
            raise Unlike(say("why_form", one=self.one.name, other=self.other.name)) from None

    def _matched(self, entry: Noted, result: Any, tensors: dict[Slot, Any]) -> list[Any]:
        """The counterparts of what the cell's call made and wrote over.

        Errors: Unlike where there are fewer or more."""
        made = list(tensors_of(result, self.other.tensor))
        if entry.results and len(made) != len(entry.results):
            counts = {"found": len(made), "wanted": len(entry.results)}
            raise Unlike(say("why_count", one=self.one.name, other=self.other.name, **counts))
        return [*(made if entry.results else ()), *(tensors[use.slot] for use in entry.written)]

    def _compared(self, uses: list[Use], made: list[Any]) -> Difference | None:
        found = []
        for use, tensor in zip(uses, made, strict=True):
            if use.value.array is None:
                raise Unlike(use.value.problem)
            found.append(self._difference(use.value, tensor))
        return worst(found)

    def _difference(self, value: Value, tensor: Any) -> Difference:
        assert value.array is not None  # whoever asks has looked
        return difference(value.array, host(tensor), self.names)

    def _alone(self, outcome: Outcome) -> Difference | None:
        """The same call on copies of the cell's own inputs: what it adds to the difference itself."""
        entry = outcome.entry
        try:
            fresh = {use.slot: tensor_of(self.other, use.value) for use in entry.inputs}
            arguments = Arguments(self.functions, lambda ref: fresh[ref.slot])
            if entry.random is not None:
                _set_random_state(self.other, entry.random)
            with self.other.module.no_grad():
                result = self._run(entry, arguments)
            return self._compared([*entry.results, *entry.written], self._matched(entry, result, fresh))
        except Exception:  # it cannot be told, and then the difference stands as it is
            return None

    def _follow(self, outcome: Outcome, made: list[Any]) -> None:
        """The results stand for the cell's from here on; what arrives there in a backward pass is noted."""
        uses = [*outcome.entry.results, *outcome.entry.written]
        for place, (use, tensor) in enumerate(zip(uses, made, strict=True)):
            self.tensors[use.slot] = tensor
            self.why.pop(use.slot, None)
            if tensor.requires_grad and use.node is not None:
                self.handles.append(tensor.register_hook(self._noting((outcome, place))))

    def _noting(self, key: tuple[Outcome, int]) -> Callable[[Any], None]:
        arrived = self.arrived

        def note(gradient: Any) -> None:
            if gradient is not None:  # nothing arrives at one of several outputs
                arrived[key] = host(gradient).copy()

        return note

    def _give_up(self, outcome: Outcome, why: str) -> None:
        outcome.problem, outcome.difference = why, None
        self._take_over(outcome, say("why_not_run", name=outcome.entry.name, library=self.other.name))

    def _take_over(self, outcome: Outcome, why: str) -> None:
        """The cell's own results stand for the other library's, which there are none of."""
        for use in (*outcome.entry.results, *outcome.entry.written):
            try:
                self._stand_in(use, why)
            except Unlike as error:
                self.tensors.pop(use.slot, None)
                self.why[use.slot] = str(error)

    def _stand_in(self, use: Use, why: str) -> None:
        """A new tensor with the cell's values; where it is no leaf for the cell, it is one whose gradient ends here."""
        known = self.tensors.get(use.slot)
        if known is not None and not use.requires_grad and tuple(known.shape) == use.value.shape:
            self._write(known, use.value)
            return
        made = self.tensors[use.slot] = tensor_of(self.other, use.value, use.requires_grad)
        if use.requires_grad and not use.slot.tensor.is_leaf:
            self.standing[id(made)] = made, use.slot, why

    # ---------------------------------------------------------------- inputs
    def _tensor(self, slot: Slot) -> Any:
        found = self.tensors.get(slot)
        if found is None:
            raise Unlike(self.why.get(slot, say("why_unknown")))
        return found

    def _bring(self, use: Use) -> bool:
        """See that the other library has this tensor as the cell had it; returns whether its values differ.

        Errors: Unlike where it cannot have it."""
        known = self.tensors.get(use.slot)
        if known is None:
            if use.slot in self.why:
                raise Unlike(say("why_missing", why=self.why[use.slot]))
            if not self._share(use):
                self._foreign(use)
                return False
            known = self.tensors[use.slot]
        if use.forced and use.value.array is not None:  # an optimizer, NumPy or .data wrote to it
            self._write(known, use.value)
        if use.requires_grad and not known.requires_grad:
            if use.slot.tensor.is_leaf:
                known.requires_grad_()
            else:
                self._foreign(use)
                known = self.tensors[use.slot]
        elif known.requires_grad and not use.requires_grad and known.is_leaf:
            known.requires_grad_(False)
        return use.value.array is not None and not self._difference(use.value, known).same

    def _write(self, tensor: Any, value: Value) -> None:
        source = tensor_of(self.other, value)
        if tuple(tensor.shape) == value.shape and tensor.dtype == source.dtype:
            tensor.data.copy_(source)
        else:
            tensor.data = source

    def _share(self, use: Use) -> bool:
        """Have a tensor that no call has made on the memory that it shares with a known one, if it does."""
        owner = self.tensors.get(use.alias.owner) if use.alias is not None else None
        if owner is None or use.alias is None or (use.requires_grad and not use.slot.tensor.is_leaf):
            return False
        start = owner.storage_offset() + use.alias.offset
        try:
            self.tensors[use.slot] = owner.data.as_strided(use.alias.shape, use.alias.strides, start)
        except RuntimeError:  # the owner's counterpart is a smaller piece of memory
            return False
        return True

    def _foreign(self, use: Use) -> None:
        """A tensor that no call has made: a leaf, a constant, or the result of something that is out of our sight."""
        name = custom_function(node_of(use.slot.tensor))
        why = say("why_own", name=name) if name else say("why_unrecorded")
        self._stand_in(use, why)
        if name:
            entry = Noted(None, (), (), {}, Settings(), [], name, results=[use])
            self.outcomes.append(Outcome(entry, problem=say("why_own_cannot", library=self.other.name)))

    # ---------------------------------------------------------------- backward passes
    def _backward(self, outcome: Outcome) -> None:
        entry = outcome.entry
        self.arrived.clear()
        try:
            for use in entry.inputs:
                self._bring(use)
            for leaf, held in entry.before:
                self._bring(leaf)
                self._hold(leaf.slot, held)
            ends = self._ends(entry)
            result = self._run(entry, self.arguments)
        except Exception as error:
            outcome.refused = not isinstance(error, Unlike)
            raised = {"library": self.other.name, "error": told(error)}
            outcome.problem = say("why_raises", **raised) if outcome.refused else str(error)
            outcome.leaves = [
                Leaf(leaf, _value(after), None, outcome.problem, outcome.refused) for leaf, after in entry.after
            ]
            return
        self._compare_gradients(outcome, result, ends)
        self._compare_nodes(entry)

    def _hold(self, leaf: Slot, held: Use | None) -> None:
        """Give a leaf's counterpart the ``.grad`` that the leaf had before the pass."""
        if held is None:
            self.tensors[leaf].grad = None
            return
        self._bring(held)
        if self.tensors[leaf].grad is not self.tensors[held.slot]:
            self.tensors[leaf].grad = self.tensors[held.slot]

    def _ends(self, entry: Noted) -> dict[int, str]:
        """The leaves, by id, whose gradient would have to come through what the other library has not got, and why."""
        roots = [self._tensor(slot) for slot in entry.roots]
        reached = {id(each) for each in reachable_leaves(self.other, roots)}
        ends: dict[int, str] = {}
        for key, (_, slot, why) in self.standing.items():
            if key in reached:
                for leaf in reachable_leaves(self.one, [slot.tensor]):
                    ends[id(leaf)] = say("why_through", why=why)
        return ends

    def _compare_gradients(self, outcome: Outcome, result: Any, ends: dict[int, str]) -> None:
        entry = outcome.entry
        gradients = [*entry.weights, *(use.value.array for _, use in entry.after if use is not None)]
        outcome.scale = max(map(scale_of, gradients), default=0.0)
        made = [self.tensors[leaf.slot].grad for leaf, _ in entry.before]
        made += result or () if entry.wanted else ()
        for (leaf, after), mine in zip(entry.after, made, strict=True):
            outcome.leaves.append(self._leaf(entry, leaf, after, mine, ends.get(id(leaf.tensor), "")))
            if after is not None and mine is not None:
                self.tensors[after.slot] = mine

    def _leaf(self, entry: Noted, leaf: Slot, after: Use | None, mine: Any, end: str) -> Leaf:
        value = _value(after)
        if end:
            return Leaf(leaf, value, None, end)
        if value is None or mine is None:
            if value is None and mine is None:
                return Leaf(leaf, None, Difference())
            who, whose = self.names if value is None else reversed(self.names)
            return Leaf(leaf, value, Difference(math.nan, kind=say("diff_none", first=who, second=whose)))
        if value.array is None:
            return Leaf(leaf, value, None, value.problem)
        found = self._difference(value, mine)
        if entry.hooks and not is_close(found):
            return Leaf(leaf, value, None, say("why_hook"))
        return Leaf(leaf, value, found)

    def _compare_nodes(self, entry: Noted) -> None:
        """What arrived at each operation's result, where the cell's library tells."""
        if entry.hooks or not entry.observed:
            return
        for (outcome, place), mine in self.arrived.items():
            use = [*outcome.entry.results, *outcome.entry.written][place]
            arrived = entry.observed.get(use.node)
            if arrived is None or use.output_nr >= len(arrived) or arrived[use.output_nr] is None:
                continue
            theirs = _plain(arrived[use.output_nr])
            outcome.gradients.append(difference(theirs, mine, self.names))

    # ---------------------------------------------------------------- surroundings
    @contextlib.contextmanager
    def _settings(self, entry: Noted) -> Iterator[None]:
        """The modes and the default dtype that the cell's call was made under."""
        module, settings = self.other.module, entry.settings
        module.set_default_dtype(getattr(module, settings.dtype))
        with module.inference_mode(settings.inference), module.set_grad_enabled(settings.grad):
            yield


@contextlib.contextmanager
def _restored(backend: Backend) -> Iterator[None]:
    """Put back what a replay changes of a library's own state."""
    module = backend.module
    state, dtype = module.get_rng_state(), module.get_default_dtype()
    try:
        yield
    finally:
        module.set_rng_state(state)
        module.set_default_dtype(dtype)


def _set_random_state(backend: Backend, state: bytes) -> None:
    backend.module.set_rng_state(backend.module.from_numpy(np.frombuffer(state, np.uint8).copy()))


def _plain(value: Any) -> Any:
    return np.asarray(host(value) if hasattr(value, "detach") else value)


def _value(use: Use | None) -> Value | None:
    return None if use is None else use.value
