"""The step of a custom function's node: calls the program's ``backward``, and checks what it returns.

The general part is in ``autograd/function.py``; here is what the sweep, hooks and in-place operations deal with.
"""

from __future__ import annotations

import re
import warnings
import weakref
from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import autograd_errors as errors
from ..dtypes import OF
from ..mode import here, record
from ..table.general import fit, fit_tensor
from ..table.kernel import RAW, tick
from ..tensor import Tensor, box, wrap
from . import saved
from .hooks import Undefined
from .node import Node, Output
from .rebase import rebase
from .versions import version, wrote


class Kept:
    """A tensor that ``save_for_backward`` saved: its memory, version and place in the graph, not the Tensor.

    ``nr``: which output of the node it is, None for any other tensor. Nothing here points at newer parts of the graph.
    """

    __slots__ = ("data", "edge", "node", "nr", "packed", "relay", "slot", "tensor_ref", "version")

    def __init__(self, t: Tensor | None, node: Any, nr: int | None) -> None:
        self.nr = nr
        self.packed: Any = None
        if t is None:
            self.data = None
            return
        self.data, self.version = box(t), version(t._d)
        self.node = weakref.ref(node)
        self.relay = t._n.key if nr is not None and t._n is not None else None
        self.edge = t._n if nr is None else None
        self.slot = next((i for i, e in enumerate(node.edges) if e is self.edge), None)
        self.tensor_ref = weakref.ref(t)
        if here.saving:
            pack, unpack = here.saving[-1]
            self._pack(self.tensor(node), pack, unpack)

    def register_hooks(self, pack_hook: Any, unpack_hook: Any) -> None:
        """Pack this tensor now, and unpack it when it is needed."""
        self._pack(wrap(self.data), pack_hook, unpack_hook)

    def _pack(self, t: Tensor, pack: Any, unpack: Any) -> None:
        self.packed = saved.Packed(saved.packed(t, pack), unpack)
        self.data = None

    def tensor(self, at: Node) -> Any:
        """The tensor: the program's own if it still is what was saved. Errors: RuntimeError if it was written since.

        ``at``: the node that runs, which in a Snapshot is a copy, with edges of its own.
        """
        if self.packed is not None:
            unpacked = wrap(box(self.packed.tensor()))
            unpacked._n = self._history(at)
            return unpacked
        if self.data is None:
            return None
        now = version(self.data)
        if now != self.version:
            raise errors.modified(OF[self.data.dtype].title, self.data.shape, self._producer(), now, self.version)
        history = self._history(at)
        t: Any = self.tensor_ref() if self.nr is None else None
        if t is None or t._n is not history:
            t = wrap(self.data)
            t._n = history
        return t

    def _history(self, at: Node) -> Any:
        if self.nr is None:
            return self.edge if self.slot is None else at.edges[self.slot]
        return None if self.relay is None else at if at.key == self.relay else Output(at, self.nr, self.relay)

    def _producer(self) -> str:
        t = self.tensor_ref()
        made: Any = self.node() if self.nr is not None else getattr(t, "_n", None) or self.edge
        nr = self.nr or 0
        if type(made) is Output:
            made, nr = made.edge, made.nr
        if made is None or made.key > 0:
            return ""
        return f", which is output {nr} of {re.sub('Backward[0-9]*$', '', made.name())},"


def inputs_of(args: Sequence[Any]) -> list[int]:
    """Positions of the tensors among the arguments of a call."""
    return [i for i, a in enumerate(args) if isinstance(a, Tensor)]


class CustomStep:
    """The step of one node; knows the arguments' and outputs' shapes and dtypes, and not the node."""

    # what other code asks of a row and of a step's spec
    kept: tuple[str, ...] = ()
    data: tuple[str, ...] = ()
    view = elementwise = False
    takes_none = True
    jvp = None

    def __init__(self, cls: Any, args: Sequence[Any], outputs: Sequence[Any]) -> None:
        self.cls, self.name = cls, cls.__name__
        self.count = len(args)
        tensors = inputs_of(args)
        self.inputs = tuple(map(str, tensors))
        self.positions = [i for i in tensors if args[i]._n is not None]
        self.wanted = tuple(map(str, self.positions))
        self.like = [(args[i]._d.shape, args[i]._d.dtype) for i in self.positions]
        self.tensors = set(tensors)
        self.arguments = args  # until outputs_of
        # of each output, what zeros in its place look like
        shapes = [(o._d.shape, o._d.dtype) if isinstance(o, Tensor) else None for o in outputs]
        self.shapes = shapes
        self.outputs = tuple(map(str, range(len(shapes))))
        self.views: set[int] = set()  # the outputs that are views of an input

    @property
    def spec(self) -> CustomStep:
        return self

    @property
    def row(self) -> CustomStep:
        return self

    def differentiable(self, node: Any) -> Sequence[str]:
        """The inputs that ``next_functions`` lists."""
        return self.inputs

    def node_name_of(self, node: Any) -> str:
        """The function's name with ``Backward`` after it."""
        return self.name + "Backward"

    def saved(self, node: Any, name: str) -> Any:
        """There are no ``_saved_`` attributes here: see ``saved_tensors``."""
        raise AttributeError(f"'{self.name}Backward' object has no attribute '_saved_{name}'")

    # ------------------------------------------------------------------------------------------------------- forward
    def outputs_of(self, node: Any, ctx: Any, outputs: Sequence[Any]) -> tuple[Any, ...]:
        """The outputs of ``forward`` as the program gets them, with ``node`` as their history."""
        args, self.arguments = self.arguments, ()
        dirty = list(ctx.dirty_tensors or ())
        constant = list(ctx.non_differentiable or ())
        _check_marks(dirty, constant, args, outputs)
        done: dict[int, Any] = {}
        for nr, t in enumerate(outputs):
            if not isinstance(t, Tensor):
                continue
            history = None
            if node is not None and t._d.dtype.kind in "fc" and not _among(t, constant):
                history = node if len(outputs) == 1 else Output(node, nr, tick())
                if t._d.dtype.kind == "c":
                    RAW["complex_graph"]()
            if not _among(t, args):
                t._n = history
                done[id(t)] = t
            elif _among(t, dirty):
                self._rewritten(t, history)
                done[id(t)] = t
            else:
                if id(t) not in done:
                    done[id(t)] = _alias(t)
                done[id(t)]._n = history
            if done[id(t)]._base is not None and not _among(t, dirty):
                self.views.add(nr)
        return tuple([done[id(t)] if isinstance(t, Tensor) else t for t in outputs])

    def _rewritten(self, t: Tensor, history: Any) -> None:
        """An input that ``forward`` wrote to."""
        wrote(box(t), history.name() if type(history) is not Output and history is not None else "")
        if history is None:
            return
        old = t._n
        if old is not None and old.key > 0:
            raise errors.dirty_leaf()
        if t._base is not None and type(history) is Output:
            raise NotImplementedError(
                f"{self.name} writes to a view in place and has several outputs, which this engine cannot record; "
                "clone() the view first"
            )
        rebase(t, old, history)

    # ------------------------------------------------------------------------------------------------------ backward
    def __call__(self, node: Any, g: Any, free: bool) -> Any:
        return self._run(node, g, free, recorded=False)

    def twin(self) -> Any:
        """The same on Tensors, recorded."""
        return lambda node, g, free: self._run(node, g, free, recorded=True)

    def _run(self, node: Any, g: Any, free: bool, recorded: bool) -> Any:
        __tracebackhide__ = True
        state, kept = node.saved
        ctx = object.__new__(self.cls._context_cls)
        ctx.__dict__ = state
        ctx._kept, ctx._at = kept, node
        state.pop("_accessed", None)
        given = [g.get(i) for i in range(len(self.shapes))] if isinstance(g, dict) else [g] * len(self.shapes)
        if not recorded:
            given = [None if part is None else wrap(part) for part in given]
        if state.get("_materialize", True):
            given = [_zeros(info) if t is None else t for t, info in zip(given, self.shapes, strict=True)]
        before = record(recorded)
        try:
            result = ctx.apply(*given)
            parts = self._checked(result if isinstance(result, tuple) else (result,))
            sent = [None if t is None else self._fitted(i, t, recorded) for i, t in enumerate(parts)]
        finally:
            record(before)
        if free:
            node.saved = (state, None)
        if None in [None if s is None else 0 for s in sent]:
            raise Undefined(tuple(sent))
        return sent[0] if node.others is None else tuple(sent)

    def _checked(self, result: tuple[Any, ...]) -> list[Any]:
        """The gradients of the inputs that want one. Errors: RuntimeError, as PyTorch's, for what does not fit."""
        name = self.name + "Backward"
        if len(result) > self.count and all(g is None for g in result[self.count :]):
            result = result[: self.count]
        if len(result) != self.count:
            raise errors.gradient_count(name, self.count, len(result))
        for i, g in enumerate(result):
            if i not in self.tensors:
                if g is not None:
                    raise errors.gradient_of_no_tensor(name, i + 1)
            elif not (g is None or isinstance(g, Tensor)):
                raise errors.gradient_is_no_tensor(g)
        return [result[i] for i in self.positions]

    def _fitted(self, i: int, g: Tensor, recorded: bool) -> Any:
        shape, dtype = self.like[i]
        if g._d.shape != shape and not _sums_to(g._d.shape, shape):
            index = self.inputs.index(self.wanted[i])
            raise errors.invalid_gradient(self.name + "Backward", index, g._d.shape, shape)
        if g._d.dtype.kind == "c" and dtype.kind != "c":
            raise errors.complex_gradient()
        return fit_tensor(g, (shape, dtype)) if recorded else fit(g._d, (shape, dtype))


def _among(t: Tensor, tensors: Sequence[Any]) -> bool:
    return any(t is each for each in tensors)


def _check_marks(dirty: Sequence[Any], constant: Sequence[Any], args: Sequence[Any], outputs: Sequence[Any]) -> None:
    for t in dirty:
        if not isinstance(t, Tensor):
            raise RuntimeError("mark_dirty can only accept variables, but argument ")
        if not _among(t, outputs):
            raise errors.dirty_not_returned()
        if not _among(t, args):
            warnings.warn(errors.DIRTY_NOT_INPUT, UserWarning, stacklevel=5)
    for t in constant:
        if not isinstance(t, Tensor):
            raise RuntimeError("mark_non_differentiable only accepts variable arguments, but got ")


def _alias(t: Tensor) -> Tensor:
    """The same memory as another tensor, a view of ``t``."""
    out = wrap(box(t)[...])
    RAW["track"](t, out)
    return out


def _zeros(info: Any) -> Any:
    return None if info is None else wrap(np.zeros(*info))


def _sums_to(shape: tuple[int, ...], smaller: tuple[int, ...]) -> bool:
    """Whether a gradient of one shape is summed to the other, as broadcasting is undone."""
    if len(smaller) > len(shape):
        return False
    return all(b in (1, a) for a, b in zip(reversed(shape), reversed(smaller), strict=False))


def refusing(t: Tensor, error: RuntimeError) -> Tensor:
    """``t`` with a history whose derivative does not exist: a pass through it raises ``error``."""
    out, before = wrap(t._d), wrap(t._d).requires_grad_()
    n = Node()
    n.key, n.step, n.saved = tick(), _Refusing(error), ()
    n.edge, n.others = before._n, None
    out._n = n
    return out


class _Refusing:
    """The step of ``once_differentiable``'s results."""

    name = "error"
    view = False
    wanted = inputs = ("x",)
    kept: tuple[str, ...] = ()
    data: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()

    def __init__(self, error: RuntimeError) -> None:
        self.error = error

    @property
    def spec(self) -> _Refusing:
        return self

    @property
    def row(self) -> _Refusing:
        return self

    def differentiable(self, node: Node) -> Sequence[str]:
        """The inputs that ``next_functions`` lists."""
        return self.inputs

    def node_name_of(self, node: Node) -> str:
        """PyTorch's name."""
        return "torch::autograd::Error"

    def twin(self) -> Any:
        """The step for ``create_graph``."""
        return self

    def __call__(self, node: Node, g: Any, free: bool) -> Any:
        raise self.error
