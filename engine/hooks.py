"""Hooks: a node with hooks has another step, so that nodes without them never know.

PyTorch's order: hooks on the tensor, then ``retain_grad``, then node pre-hooks, then the node itself, then node hooks.
"""

from __future__ import annotations

import itertools
import weakref
from collections.abc import Callable
from typing import Any

from . import errors
from .kernel import RAW
from .mode import here, set_grad_enabled

_number = itertools.count().__next__


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


class Hooked:
    """Stands in the place of a node's step: hooks, then the step, then hooks. ``inner`` is None for a leaf."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner
        self.tensor, self.before, self.after, self.accumulated = Hooks(), Hooks(), Hooks(), Hooks()
        self.retain: Any = None

    @property
    def spec(self) -> Any:
        return self.inner.spec

    @property
    def active(self) -> bool:
        """Whether something of the user's would run."""
        return bool(self.tensor or self.before or self.after or self.accumulated)

    @staticmethod
    def add(hook: Callable[..., Any], hooks: Hooks) -> Handle:
        """Register ``hook`` among ``hooks``."""
        handle = Handle(hooks)
        hooks[handle.id] = hook
        return handle

    def arriving(self, g: Any, recorded: bool) -> Any:
        """The gradient after tensor hooks, ``retain_grad`` and node pre-hooks."""
        wrap = RAW["wrap"]
        t = g if recorded else wrap(g)
        with set_grad_enabled(recorded and here.grad):
            for hook in tuple(self.tensor.values()):
                t = _replaced(t, hook(t))
            if self.retain is not None:
                self.retain(t)
            for hook in tuple(self.before.values()):
                result = hook((t,))
                if result is not None:
                    t = _replaced(t, result[0] if isinstance(result, tuple) else result)
        return t if recorded else t._d

    def leaving(self, sent: Any, g: Any, recorded: bool) -> Any:
        """What a node sends back, after node hooks; ``sent`` is one gradient, or a tuple of several."""
        if not self.after:
            return sent
        wrap = RAW["wrap"]
        several = type(sent) is tuple
        inputs = tuple(s if recorded or s is None else wrap(s) for s in (sent if several else (sent,)))
        outputs = (g if recorded else wrap(g),)
        with set_grad_enabled(recorded and here.grad):
            for hook in tuple(self.after.values()):
                result = hook(inputs, outputs)
                if result is not None:
                    inputs = tuple(result) if isinstance(result, tuple | list) else (result,)
        back = tuple(t if recorded or t is None else t._d for t in inputs)
        return back if several else back[0]

    def __call__(self, node: Any, g: Any, free: bool) -> Any:
        g = self.arriving(g, False)
        return self.leaving(self.inner(node, g, free), g, False)

    def twin(self) -> Callable[..., Any]:
        """The same for ``create_graph``: hooks see recorded Tensors."""
        step = self.inner.spec.twin()

        def recorded(node: Any, g: Any, free: bool) -> Any:
            g = self.arriving(g, True)
            return self.leaving(step(node, g, free), g, True)

        return recorded


def _replaced(g: Any, result: Any) -> Any:
    if result is None:
        return g
    if not isinstance(result, RAW["Tensor"]):
        raise TypeError(f"hook returned {type(result).__name__!r}, expected Tensor")
    if result.shape != g.shape:
        raise errors.hook_changed_size(g.shape, result.shape)
    return result


def hooked(node: Any) -> Hooked:
    """The Hooked step of a node, output or leaf; put there at the first hook."""
    if type(node.step) is not Hooked:
        node.step = Hooked(node.step)
    return node.step
