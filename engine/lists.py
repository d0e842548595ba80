"""Rows whose inputs or outputs are a list of tensors: ``@joining`` (cat, stack) and ``@parting`` (split, unbind).

They are run seldom and on few nodes, so they are closures, not generated text.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from . import dtypes
from .kernel import PUBLIC, RAW, public, raw, tick
from .mode import here, overridden
from .node import Node, Output
from .op import LINEAR, TABLE
from .tensor import Tensor, box, wrap


class ListRow:
    """What a row over lists says: a kernel, one derivative, PyTorch's node name. It is linear in its tensors."""

    jvp = LINEAR
    elementwise = view = False
    outputs = ("out",)

    def __init__(self, stub: Callable[..., Any], formula: Callable[..., Any], node: str, parting: bool) -> None:
        self.stub, self.name, self.node_name, self.parting = stub, stub.__name__, node, parting
        self.signature = inspect.signature(stub)
        self.params = list(self.signature.parameters)
        self.kernel = RAW[self.name] = raw(stub)
        self.formula, self.recorded = raw(formula), public(formula)
        self.formulas = {self.params[0]: formula}
        TABLE[self.name] = self  # type: ignore[assignment]  # a row of the table like any other

    def differentiable(self, node: Node) -> Sequence[str]:
        return node.step.spec.inputs

    def node_name_of(self, node: Node) -> str:
        return self.node_name


class ListStep:
    """The step of one node over lists: which tensors want a gradient, and the plain arguments of the call."""

    __slots__ = ("context", "dtypes", "inputs", "row", "wanted")
    kept: tuple[str, ...] = ()
    data: tuple[str, ...] = ()

    def __init__(self, row: ListRow, inputs: tuple[str, ...], wanted: tuple[str, ...], context: Any) -> None:
        self.row, self.inputs, self.wanted, self.context = row, inputs, wanted, context
        self.dtypes: Any = None  # of the tensors wanted, where joining promoted some

    @property
    def spec(self) -> ListStep:
        return self

    def __call__(self, node: Node, g: Any, free: bool) -> Any:
        return self._sent(self.row.formula, lambda part, d: part.astype(d, copy=False), g)

    def twin(self) -> Callable[..., Any]:
        """The same on Tensors, recorded."""

        def cast(part: Any, d: Any) -> Any:
            return part if part._d.dtype is d else PUBLIC["cast"](part, d)

        return lambda node, g, free: self._sent(self.row.recorded, cast, g)

    def _sent(self, formula: Callable[..., Any], cast: Callable[..., Any], g: Any) -> Any:
        context = self.context
        if self.row.parting:
            return formula(_filled(g, context[0]), *context[1:])
        sent = tuple([formula(g, int(p), *context) for p in self.wanted])
        if self.dtypes is not None:
            sent = tuple([cast(part, d) for part, d in zip(sent, self.dtypes, strict=True)])
        return sent if len(sent) > 1 else sent[0]


def _filled(parts: dict[int, Any], shapes: Sequence[tuple[int, ...]]) -> list[Any]:
    """The gradients of all outputs: zeros for those that none arrived at."""
    some = next(iter(parts.values()))
    recorded = isinstance(some, Tensor)
    dtype = some._d.dtype if recorded else some.dtype
    zeros = [None if i in parts else np.zeros(shape, dtype) for i, shape in enumerate(shapes)]
    return [parts[i] if z is None else wrap(z) if recorded else z for i, z in enumerate(zeros)]


def joining(formula: Callable[..., Any], node: str) -> Callable[[Callable[..., Any]], Any]:
    """Decorator of a kernel ``(list of arrays, *args) -> array``.

    ``formula(g, i, shapes, *args)`` is the gradient of the i-th.
    """

    def make(stub: Callable[..., Any]) -> Any:
        row = ListRow(stub, formula, node, parting=False)

        def front(tensors: Sequence[Tensor], *args: Any, **kwargs: Any) -> Tensor:
            if RAW["BUSY"] and here.modes:
                return overridden(front, (tensors, *args), kwargs)
            rest = _arguments(row, args, kwargs)
            arrays = _promoted(tensors)
            out = wrap(row.kernel(arrays, *rest))
            wanted = tuple(str(i) for i, t in enumerate(tensors) if t._n is not None and here.grad)
            if wanted and out._d.dtype.kind in "fc":
                names = tuple(map(str, range(len(tensors))))
                shapes = tuple([t._d.shape for t in tensors])
                step = ListStep(row, names, wanted, (shapes, *rest))
                if any(a is not t._d for a, t in zip(arrays, tensors, strict=True)):
                    step.dtypes = [tensors[int(p)]._d.dtype for p in wanted]
                out._n = _node(step, [tensors[int(p)]._n for p in wanted])
            return out

        return _published(row, front, stub)

    return make


def _arguments(row: ListRow, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Sequence[Any]:
    """The plain arguments of a call, in order."""
    if len(args) == len(row.params) - 1:
        return args
    bound = row.signature.bind(None, *args, **kwargs)
    bound.apply_defaults()
    return list(bound.arguments.values())[1:]


def _promoted(tensors: Sequence[Tensor]) -> list[Any]:
    d = tensors[0]._d.dtype
    if all(t._d.dtype is d for t in tensors):
        return [t._d for t in tensors]
    d = dtypes.result_type([t._d.dtype for t in tensors], [], [])
    return [t._d if t._d.dtype is d else t._d.astype(d) for t in tensors]


def parting(formula: Callable[..., Any], node: str) -> Callable[[Callable[..., Any]], Any]:
    """Decorator of a kernel ``(array, *args) -> list of views``; ``formula(gradients, *args)`` is the input's."""

    def make(stub: Callable[..., Any]) -> Any:
        row = ListRow(stub, formula, node, parting=True)

        def front(input: Tensor, *args: Any, **kwargs: Any) -> tuple[Tensor, ...]:
            if RAW["BUSY"] and here.modes:
                return overridden(front, (input, *args), kwargs)
            rest = _arguments(row, args, kwargs)
            outs = tuple([wrap(d) for d in row.kernel(box(input), *rest)])
            if input._n is not None and here.grad and outs:
                shapes = tuple([t._d.shape for t in outs])
                step = ListStep(row, ("x",), ("x",), (shapes, *rest))
                made = _node(step, [input._n])
                for i, t in enumerate(outs):
                    t._n = Output(made, i, tick())
            for t in outs:
                RAW["track"](input, t)
            return outs

        return _published(row, front, stub)

    return make


def _node(step: ListStep, edges: Sequence[Any]) -> Node:
    n = Node()
    n.key, n.step, n.saved = tick(), step, ()
    n.edge, n.others = edges[0], tuple(edges[1:])
    return n


def _published(row: ListRow, front: Any, stub: Callable[..., Any]) -> Any:
    front.__name__ = front.__qualname__ = row.name
    front.__doc__, front.__module__, front.row = stub.__doc__, "engine", row
    PUBLIC[row.name] = row.front = front  # type: ignore[attr-defined]
    return front
