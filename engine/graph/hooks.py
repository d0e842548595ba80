"""Hooks: a node with hooks has another step, so that nodes without them never know.

PyTorch's order: hooks on the tensor, then ``retain_grad``, then node pre-hooks, then the node itself, then node hooks.
"""

from __future__ import annotations

import itertools
import weakref
from collections.abc import Callable
from typing import Any

from .. import autograd_errors as errors
from ..mode import CAREFUL, _lock, record
from ..table.kernel import RAW

_number = itertools.count().__next__


class Undefined(Exception):
    """Some of the gradients that a step sends back are None: ``parts``, one for each edge."""

    def __init__(self, parts: tuple[Any, ...]) -> None:
        self.parts = parts


class Hooks(dict[int, Callable[..., Any]]):
    """Hooks in the order in which they were registered, by number."""

    __slots__ = ("__weakref__",)


class Handle:
    """What registering a hook returns; ``remove()`` takes the hook off, as does leaving a ``with``."""

    def __init__(self, hooks: Hooks) -> None:
        self._hooks, self.id = weakref.ref(hooks), _number()

    def remove(self) -> None:
        """Take the hook off; a second time does nothing."""
        hooks = self._hooks()
        if hooks is not None:
            hooks.pop(self.id, None)

    def __enter__(self) -> Handle:
        return self

    def __exit__(self, *_: object) -> None:
        self.remove()


def registered(hooks: Hooks, hook: Callable[..., Any], prepend: bool = False) -> Handle:
    """The handle of ``hook``, now the last of ``hooks``, or the first."""
    handle = Handle(hooks)
    others = dict(hooks) if prepend else {}
    if prepend:
        hooks.clear()
    hooks[handle.id] = hook
    hooks.update(others)
    return handle


class Hooked:
    """Stands in the place of a node's step: hooks, then the step, then hooks. ``inner`` is None for a leaf."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner
        self.tensor, self.before, self.after, self.accumulated = Hooks(), Hooks(), Hooks(), Hooks()
        self.retain: Any = None
        self.outputs: dict[int, Hooked] = {}  # of a node with several: hooks on each

    @property
    def spec(self) -> Any:
        return self.inner.spec

    @property
    def hooks(self) -> tuple[Callable[..., Any], ...]:
        """What of the user's runs here, ``retain_grad`` aside."""
        return tuple([h for each in (self.tensor, self.before, self.after, self.accumulated) for h in each.values()])

    def without_retain(self) -> Hooked:
        """The same hooks, with no ``retain_grad``."""
        twin = Hooked(self.inner)
        twin.tensor, twin.before, twin.after, twin.accumulated = self.tensor, self.before, self.after, self.accumulated
        return twin

    def frozen(self) -> Hooked:
        """The same hooks, whatever becomes of these."""
        twin = Hooked(self.inner)
        for name in ("tensor", "before", "after", "accumulated"):
            getattr(twin, name).update(getattr(self, name))
        twin.retain, twin.outputs = self.retain, {nr: each.frozen() for nr, each in self.outputs.items()}
        return twin

    @staticmethod
    def add(hook: Callable[..., Any], hooks: Hooks) -> Handle:
        """Register ``hook`` among ``hooks``."""
        handle = Handle(hooks)
        hooks[handle.id] = hook
        return handle

    def arriving(self, g: Any, recorded: bool, captured: bool = False) -> Any:
        """The gradient after tensor hooks, ``retain_grad`` and node pre-hooks; these last not where it is ``captured``.

        None is a gradient that is undefined: hooks see it, and cannot replace it.
        """
        if isinstance(g, dict):
            return self._parts(g, recorded)
        t = _tensor(g, recorded)
        before = record(recorded)
        try:
            for hook in tuple(self.tensor.values()):
                result = hook(t)
                if result is not None:
                    _check(t, result, hook)
                    t = result
            if self.retain is not None and t is not None:
                self.retain(t)
            if not captured:
                for hook in tuple(self.before.values()):
                    (t,) = _replaced((t,), hook((t,)), hook)
        finally:
            record(before)
        return t if recorded or t is None else t._d

    def _parts(self, parts: Any, recorded: bool) -> Any:
        """The same for a node with several outputs: pre-hooks see None for an output that no gradient arrived at."""
        for nr, hooks in self.outputs.items():
            if nr not in parts and nr not in parts.undefined:  # they are told that none arrived
                hooks.arriving(None, recorded)
        if not self.before:
            return parts
        outputs = self._outputs(parts, recorded)
        before = record(recorded)
        try:
            for hook in tuple(self.before.values()):
                outputs = _replaced(outputs, hook(outputs), hook)
        finally:
            record(before)
        return type(parts)({i: t if recorded else t._d for i, t in enumerate(outputs) if t is not None})

    def _outputs(self, g: Any, recorded: bool) -> tuple[Any, ...]:
        """``grad_outputs`` as hooks see them."""
        if not isinstance(g, dict):
            return (_tensor(g, recorded),)
        return tuple(_tensor(g.get(i), recorded) for i in range(len(self.spec.outputs)))

    def leaving(self, node: Any, sent: Any, g: Any, recorded: bool) -> Any:
        """What a node sends back, after node hooks; ``sent`` is one gradient, or a tuple of several, () of a leaf."""
        if not self.after:
            return sent
        several = type(sent) is tuple
        slots = node.slots
        inputs: tuple[Any, ...] = (None,) * len(node.next_functions)  # None for each that wants no gradient
        for slot, part in zip(slots, sent if several else (sent,), strict=True):
            inputs = (*inputs[:slot], _tensor(part, recorded), *inputs[slot + 1 :])
        outputs = self._outputs(g, recorded)
        before = record(recorded)
        try:
            for hook in tuple(self.after.values()):
                inputs = _replaced(inputs, hook(inputs, outputs), hook)
        finally:
            record(before)
        back = tuple([inputs[s] if recorded or inputs[s] is None else inputs[s]._d for s in slots])
        return back if several else back[0]

    def __call__(self, node: Any, g: Any, free: bool) -> Any:
        g = self.arriving(g, False)
        try:
            sent = self.inner(node, g, free)
        except Undefined as told:
            parts = told.parts[0] if node.others is None else told.parts
            sent = self.leaving(node, parts, g, False)
            raise Undefined((sent,) if node.others is None else sent) from None
        return self.leaving(node, sent, g, False)


def _tensor(g: Any, recorded: bool) -> Any:
    return g if recorded or g is None else RAW["wrap"](g)


def _replaced(gradients: tuple[Any, ...], results: Any, hook: Any) -> tuple[Any, ...]:
    """What a node's hook makes of ``gradients``: nothing new for None; PyTorch's errors for what does not fit."""
    if results is None:
        return gradients
    if not isinstance(results, tuple):
        raise errors.hook_returned("tuple", results)
    if len(results) != len(gradients):
        raise errors.hook_count(hook, len(results), len(gradients))
    for g, result in zip(gradients, results, strict=True):
        if result is not None:
            _check(g, result, hook)
    # None for a gradient stands for zeros
    return tuple([r if r is not None or g is None else g.detach() * 0 for g, r in zip(gradients, results, strict=True)])


def _check(g: Any, result: Any, hook: Any) -> None:
    """Raise PyTorch's error unless ``result`` can take the place of ``g``."""
    if g is None:
        raise errors.hook_replaced_none()
    if not isinstance(result, RAW["Tensor"]):
        raise errors.hook_returned("Variable", result)
    if result._d.dtype is not g._d.dtype:
        raise errors.hook_changed_type(hook, g.dtype, result.dtype)
    if result._d.shape != g._d.shape:
        raise errors.hook_changed_size(hook)


def hooked(node: Any) -> Hooked:
    """The Hooked step of a node, output or leaf; put there at the first hook."""
    if type(node.step) is not Hooked:
        step = node.step = Hooked(node.step)
        if node.key > 0:
            _note_leaf(step)
        elif (nr := getattr(node, "nr", None)) is not None:
            hooked(node.edge).outputs[nr] = step
    return node.step


HOOKED_LEAVES = "hooks on leaves"
_leaves: dict[int, Any] = {}


def _note_leaf(step: Hooked) -> None:
    """As long as some leaf has hooks, passes finish each leaf when its gradient is complete, not all at the end."""
    key = id(step)

    def gone(_: Any) -> None:
        with _lock:
            _leaves.pop(key, None)
            if not _leaves:
                CAREFUL.discard(HOOKED_LEAVES)

    with _lock:
        _leaves[key] = weakref.ref(step, gone)
        CAREFUL.add(HOOKED_LEAVES)
