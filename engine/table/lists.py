"""Rows whose inputs or outputs are a list of tensors: ``@joining`` (cat, stack) and ``@parting`` (split, unbind).

Like other rows they get a front of generated text (``cat`` of two vectors, forward: 2.6 µs, and 7.1 with closures), and
one step for each number of tensors and each choice of those that want a gradient.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .. import dtypes
from ..graph.node import Node, Output, part_of, rest_of
from ..mode import here
from ..tensor import Tensor, wrap
from .kernel import PUBLIC, RAW, public, raw, tick
from .op import LINEAR, TABLE, Row, defaults, parameters


class ListRow:
    """What a row over lists says: a kernel, one derivative, PyTorch's node name. It is linear in its tensors.

    check: gives the arguments as the kernel takes them, or raises PyTorch's error; called where the kernel failed.
    """

    jvp = LINEAR
    elementwise = view = False
    outputs = ("out",)

    def __init__(self, stub: Callable[..., Any], formula: Callable[..., Any], node: str, check: Any) -> None:
        self.stub, self.name, self.node_name, self.check = stub, stub.__name__, node, check
        self.sources: list[str] = []
        self.params = parameters(stub)
        self.kernel = RAW[self.name] = RAW[self.name + "_kernel"] = raw(stub)
        self.formula, self.recorded = raw(formula), public(formula)
        self.formulas = {self.params[0]: formula}
        self.steps: dict[Any, ListStep] = {}
        self._whole: dict[int, Any] = {}
        RAW[self.name + "_row"], RAW[self.name + "_whole"] = self, self._whole
        TABLE[self.name] = self  # type: ignore[assignment]  # a row of the table like any other

    def differentiable(self, node: Node) -> Sequence[str]:
        return node.step.spec.inputs

    def node_name_of(self, node: Node) -> str:
        return self.node_name

    def joining(self, count: int, wanted: tuple[int, ...]) -> Any:
        """The step of a node that joined ``count`` tensors, of which those at ``wanted`` want a gradient."""
        key = count, wanted
        if key not in self.steps:
            names = tuple(map(str, range(count)))
            self.steps[key] = ListStep(self, names, tuple([names[i] for i in wanted]), ("out",))
            self.steps[key].join(wanted)
        return self.steps[key].run

    def whole(self, count: int) -> Any:
        """The step of a node that joined ``count`` tensors, all of which want a gradient."""
        self._whole[count] = self.joining(count, tuple(range(count)))
        return self._whole[count]

    def parting(self, count: int) -> Any:
        """The step of a node that parted a tensor into ``count``."""
        if count not in self.steps:
            self.steps[count] = ListStep(self, ("x",), ("x",), tuple(map(str, range(count))))
            self.steps[count].part(count)
        return self.steps[count].run

    def install(self) -> None:
        """Let nodes hold the steps of this row as complex numbers ask for them."""
        Row.install(self)  # type: ignore[arg-type]  # it needs steps alone
        self._whole.clear()

    compile: Any = Row.compile  # it needs a name and a list of sources alone
    lazy: Any = Row.lazy

    @property
    def signature(self) -> inspect.Signature:
        return inspect.signature(self.stub)

    def publish(self, text: str) -> Any:
        """The front that ``text`` defines, compiled at its first call, known by the name of the row."""
        given = defaults(self.stub)
        words = [n if n not in given else f"{n}={given[n]!r}" for n in self.params[1:]]
        text = text.replace("NAME", self.name).replace("PARAMETERS", ", ".join(words))
        front = self.lazy(lambda: text.replace("ARGUMENTS", ", ".join(self.params[1:])))
        front.__name__ = front.__qualname__ = self.name
        front.__doc__, front.__module__, front.row, front.__wrapped__ = self.stub.__doc__, "engine", self, self.stub
        PUBLIC[self.name] = self.front = front
        return front


class ListStep:
    """What other code asks of a step over lists. ``run`` is the function that nodes hold."""

    __slots__ = ("inputs", "outputs", "plain", "row", "run", "twin_", "wanted")
    kept: tuple[str, ...] = ()
    data: tuple[str, ...] = ()
    holomorphic = True

    def __init__(
        self, row: ListRow, inputs: tuple[str, ...], wanted: tuple[str, ...], outputs: tuple[str, ...]
    ) -> None:
        self.row, self.inputs, self.wanted, self.outputs = row, inputs, wanted, outputs
        self.plain: Any = None
        self.run: Any = None
        self.twin_: Any = None

    def install(self) -> None:
        """Give ``plain`` to nodes made from now on, with what complex numbers ask for around it."""
        self.run = RAW["conjugating"](self.plain, self) if RAW["COMPLEX"] else self.plain
        self.run.spec = self

    def twin(self) -> Callable[..., Any]:
        """The same on Tensors, recorded."""
        return self.twin_

    def join(self, wanted: tuple[int, ...]) -> None:
        """Make both functions for a joining row."""

        def made(formula: Callable[..., Any]) -> Any:
            if len(wanted) == len(self.inputs) > 1:
                return lambda node, g, free: formula(g, *node.saved)
            if len(wanted) == 1:
                only = wanted[0]
                return lambda node, g, free: formula(g, *node.saved)[only]
            return lambda node, g, free: tuple(map(formula(g, *node.saved).__getitem__, wanted))

        self.plain, self.twin_ = made(self.row.formula), made(self.row.recorded)
        self.install()

    def cast(self, step: Any, to: list[Any]) -> None:
        """Make both functions from those of ``step``, for tensors that were of the dtypes ``to`` before."""

        def made(run: Any, cast: Callable[..., Any]) -> Any:
            if len(to) == 1:
                return lambda node, g, free: cast(run(node, g, free), to[0])
            return lambda node, g, free: tuple(map(cast, run(node, g, free), to))

        self.plain, self.twin_ = made(step.spec.plain, _cast), made(step.spec.twin(), _cast_recorded)
        self.install()

    def part(self, count: int) -> None:
        """Make both functions for a parting row."""

        def made(formula: Callable[..., Any]) -> Any:
            return lambda node, g, free: formula(
                [g[i] for i in range(count)] if len(g) == count else _filled(g, node.saved[0]), *node.saved[1:]
            )

        self.plain, self.twin_ = made(self.row.formula), made(self.row.recorded)
        self.install()


def _cast(g: Any, d: Any) -> Any:
    return (g.real if g.dtype.kind == "c" and d.kind == "f" else g).astype(d, copy=False)


def _cast_recorded(g: Any, d: Any) -> Any:
    return g if g._d.dtype is d else PUBLIC["cast"](g, d)


def _filled(parts: dict[int, Any], shapes: Sequence[tuple[int, ...]]) -> list[Any]:
    """The gradients of all outputs: zeros for those that none arrived at."""
    some = next(iter(parts.values()))
    recorded = isinstance(some, Tensor)
    dtype = some._d.dtype if recorded else some.dtype
    zeros = [None if i in parts else np.zeros(shape, dtype) for i, shape in enumerate(shapes)]
    return [parts[i] if z is None else wrap(z) if recorded else z for i, z in enumerate(zeros)]


# ------------------------------------------------------------------------------------------------ joining
_JOINING = """\
def NAME(tensors, PARAMETERS):
    if BUSY and here.modes: return overridden(NAME_row.front, (tensors, ARGUMENTS), {})
    if type(tensors) is not list and type(tensors) is not tuple: return joined(NAME_row, tensors, ARGUMENTS)
    try:
        data = [t._d for t in tensors]
        nodes = [t._n for t in tensors]
        d = data[0].dtype; shape = data[0].shape
        for each in data:
            if each.dtype is not d CONDITION: return joined(NAME_row, tensors, ARGUMENTS)
        out = NAME_kernel(data, ARGUMENTS)
    except (AttributeError, IndexError, ValueError, TypeError): return joined(NAME_row, tensors, ARGUMENTS)
    t = new(Tensor); t._d = out
    if None in nodes or BUSY and not here.grad:
        join(t, NAME_row, data, nodes, ARGUMENTS)
    else:
        t._n = n = new(Node); n.key = tick(); n.edge = nodes[0]; n.others = rest_of(nodes)
        n.saved = ([e.shape for e in data], ARGUMENTS)
        n.step = NAME_whole.get(len(data)) or NAME_row.whole(len(data))
    return t
"""


def joining(
    formula: Callable[..., Any], node: str, check: Callable[..., Any], alike: bool = False
) -> Callable[[Callable[..., Any]], Any]:
    """Decorator of a kernel ``(list of arrays, *args) -> array``; ``alike``: they must have one shape.

    ``formula(g, shapes, *args)`` is a tuple, the gradients of all.
    """

    def make(stub: Callable[..., Any]) -> Any:
        condition = "or each.shape != shape" if alike else ""
        return ListRow(stub, formula, node, check).publish(_JOINING.replace("CONDITION", condition))

    return make


def _joined(row: ListRow, tensors: Any, *args: Any) -> Tensor:
    """The general path: PyTorch's errors, several dtypes."""
    __tracebackhide__ = True
    xs, args = row.check(tensors, *args)
    d = dtypes.result_type([x._d.dtype for x in xs if x._d.ndim], [x._d.dtype for x in xs if not x._d.ndim], [])
    data = [x._d if x._d.dtype is d else x._d.astype(d) for x in xs]
    out = wrap(row.kernel(data, *args))
    _join(out, row, data, [x._n for x in xs], *args)
    if out._n is not None and any(x._d.dtype is not d for x in xs):
        spec = ListStep(row, *[getattr(out._n.step.spec, name) for name in ("inputs", "wanted", "outputs")])
        if d.kind == "c":
            RAW["complex_graph"]()
        spec.cast(out._n.step, [xs[int(i)]._d.dtype for i in spec.wanted])
        out._n.step = spec.run
    return out


def _join(out: Tensor, row: ListRow, data: list[Any], nodes: list[Any], *args: Any) -> None:
    """Hang a node on ``out`` if some of what was joined wants a gradient."""
    wanted = [i for i, n in enumerate(nodes) if n is not None]
    out._n = None
    if wanted and here.grad:
        out._n = n = Node()
        n.key = tick()
        edges = [nodes[i] for i in wanted]
        n.edge, n.others = edges[0], rest_of(edges)
        n.step = row.joining(len(data), tuple(wanted))
        n.saved = ([d.shape for d in data], *args)


# ------------------------------------------------------------------------------------------------ parting
_PARTING = """\
def NAME(input, PARAMETERS):
    if BUSY and here.modes: return overridden(NAME_row.front, (input, ARGUMENTS), {})
    data = input._d; edge = input._n; outs = []
    if type(data) is not ndarray: data = box(input)
    parts = NAME_kernel(data, ARGUMENTS)
    if edge is None or BUSY and not here.grad:
        for d in parts:
            t = new(Tensor); t._d = d; t._n = None; outs.append(t)
    else:
        n = new(Node); n.key = tick(); n.edge = edge; n.others = None; n.step = NAME_row.parting(len(parts))
        n.saved = ([d.shape for d in parts], ARGUMENTS)
        for i, d in enumerate(parts):
            t = new(Tensor); t._d = d
            t._n = e = new(Output); e.key = tick(); e.step = relayed; e.edge = n; e.nr = i
            outs.append(t)
    track_all(input, outs)
    return tuple(outs)
"""


def parting(formula: Callable[..., Any], node: str, views: bool = True) -> Callable[[Callable[..., Any]], Any]:
    """Decorator of a kernel ``(array, *args) -> list of views``, or of copies.

    ``formula(gradients, *args)`` is the input's.
    """
    text = _PARTING if views else _PARTING.replace("    track_all(input, outs)\n", "")
    return lambda stub: ListRow(stub, formula, node, None).publish(text)


RAW.update(joined=_joined, join=_join, Output=Output, relayed=part_of)
