"""The observer: below every function mode it sees each single operation, while something has to be done about it.

What asks for it: ``saved_tensors_hooks`` (pack what is saved), anomaly mode (note where a node was made) and
``inference_mode`` (mark results; refuse what PyTorch refuses). At other times it is not there, and costs nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from .. import inference
from ..mode import here, record
from ..table.kernel import tick
from ..tensor import Tensor
from . import anomaly, saved
from .node import Node, Output


class Observer:
    """The lowest function mode of a thread, put there by ``mode.settle``."""

    def direct(self, func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Run ``func`` and do what is asked for: what ``mode.overridden`` calls in place of ``__torch_function__``."""
        __tracebackhide__ = True
        if here.inference and not here.grad:
            return self._inferred(func, args, kwargs)
        watched = bool(inference.alive)
        given = list(tensors_in((*args, *kwargs.values()))) if watched or here.saving else []
        if watched:
            inference.check_write(func, args)
        made_of = getattr(func, "made_of", None)
        if made_of is not None:  # several operations: each is looked at by itself
            out = made_of(*args, **kwargs)
        else:
            mark = tick()
            plain = watched and inference.unrecorded(func, args, given)
            before = record(False) if plain else here.grad
            try:
                out = self._unseen(func, args, kwargs)
            finally:
                record(before)
            for node in made_since(mark, out):
                note(node, given, out)
        if watched:
            for t in tensors_in((out,)):
                inference.mark(t, given)
        return out

    def _unseen(self, func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        __tracebackhide__ = True
        own, here.modes = vars(here).get("modes"), ()
        try:
            return func(*args, **kwargs)
        finally:
            if own is None:
                vars(here).pop("modes", None)
            else:
                here.modes = own

    def _inferred(self, func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """In inference mode there is nothing to record: only results are to be known again."""
        __tracebackhide__ = True
        made_of = getattr(func, "made_of", None)
        out = self._unseen(func, args, kwargs) if made_of is None else made_of(*args, **kwargs)
        if type(out) is Tensor and type(out._d) is not np.ndarray and not any(out is a for a in args):
            inference.register(out)  # a number of NumPy's: no view of anything
        elif type(out) is Tensor and out._d.base is None and not any(out._d is getattr(a, "_d", a) for a in args):
            inference.register(out)
        else:
            given = list(tensors_in((*args, *kwargs.values())))
            for t in tensors_in((out,)):
                inference.mark(t, given)
        return out


def note(node: Node, given: Iterable[Tensor], out: Any) -> None:
    """Do with a new node what this thread's modes ask for; ``given`` and ``out`` are the operation's tensors."""
    if anomaly.state.on:
        anomaly.store_stack(node)
    if inference.alive:
        inference.check_saved(node, given)
    if here.saving:
        saved.pack(node, list(given), list(tensors_in((out,))), *here.saving[-1])


def tensors_in(values: Iterable[Any]) -> Iterator[Tensor]:
    """The tensors among ``values`` and in lists and tuples among them."""
    for value in values:
        if isinstance(value, Tensor):
            yield value
        elif isinstance(value, list | tuple):
            yield from tensors_in(value)


def made_since(mark: int, out: Any) -> list[Node]:
    """The nodes behind ``out`` that are newer than the key ``mark``, oldest first."""
    found: dict[int, Node] = {}
    stack = [t._n for t in tensors_in((out,)) if t._n is not None]
    while stack:
        node = stack.pop()
        if node.key < mark and id(node) not in found:
            found[id(node)] = node
            stack += node.edges
    return sorted((n for n in found.values() if type(n) is not Output), key=lambda n: -n.key)
