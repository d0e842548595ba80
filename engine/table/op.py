"""The table of operations, and what ``@elementwise``, ``@view`` and ``@op`` make of a row.

A row names an operation's inputs and, for each, the derivative as a function of the incoming gradient ``g`` and of
whatever it needs; the names of its parameters say what the forward pass keeps:

    x, y, out ..... the data of an input, or of the result
    x_shape ....... only its shape; so x_size, x_dtype, x_strides
    dim, keepdim .. a plain argument of the call

A row with several differentiable ``outputs`` says ``several=True``; then ``g`` is a dict of gradients by output number,
of those outputs that one arrived at.

From a row, once, source text is generated (``codegen.py``) for the *front*, the public function, and for the *steps*,
one per set of inputs that want a gradient, which is what a backward pass calls. ``print(mul.row.sources)`` shows them.
Closures in place of generated text cost 600 ns per operation: the interpreter cannot specialise shared code objects.
"""

from __future__ import annotations

import importlib
import inspect
import linecache
from collections.abc import Callable, Sequence
from types import FunctionType
from typing import Any

from .. import errors
from ..graph.node import Node
from . import codegen
from .kernel import PUBLIC, RAW, public, raw

TABLE: dict[str, Row] = {}


def row_of(name: str) -> Row:
    """A row by its name; where its file has not been read, what stands for it (`families.py`) knows which it is."""
    if name not in TABLE:
        importlib.import_module(PUBLIC[name].args[1])
    return TABLE[name]


# How a row is run forward-mode: its derivative is diagonal, it is linear in all inputs or in each, or a function says
DIAGONAL, LINEAR, MULTILINEAR = "diagonal", "linear", "multilinear"


def parameters(function: Callable[..., Any]) -> list[str]:
    """The names of a function's parameters; ``inspect.signature`` would cost 15 us for each of a row's functions."""
    code = function.__code__
    return list(code.co_varnames[: code.co_argcount + code.co_kwonlyargcount])


def defaults(function: Any) -> dict[str, Any]:
    """A function's defaults, by parameter."""
    names, values = parameters(function)[: function.__code__.co_argcount], function.__defaults__ or ()
    return {**dict(zip(names[len(names) - len(values) :], values, strict=True)), **(function.__kwdefaults__ or {})}


class Row:
    """What a row says, and the functions made from it."""

    def __init__(
        self,
        stub: Callable[..., Any],
        kernel: Callable[..., Any] | None,
        formulas: dict[str, Callable[..., Any] | None],
        *,
        kind: str,
        node_name: str | Callable[..., str] | None,
        floating: bool,
        predicate: bool,
        apart: Sequence[str],
        outputs: Sequence[str],
        jvp: Any,
        diagnose: Callable[..., BaseException | None] | None,
        refuse: Callable[..., BaseException | None] | None,
        real: str,
        called: str | None,
        holomorphic: bool,
        to_complex: bool,
        several: bool,
    ) -> None:
        self.called = called or stub.__name__
        self.name, self.kind, self.jvp = stub.__name__, kind, jvp
        self.elementwise, self.view = kind == "elementwise", kind == "view"
        self.floating, self.predicate, self.apart, self.outputs = floating, predicate, tuple(apart), tuple(outputs)
        self.node_name = node_name or self.name.title().replace("_", "") + "Backward0"
        self.diagnose, self.refuse, self.real, self.several = diagnose, refuse, real, several
        self.holomorphic, self.to_complex = holomorphic, to_complex
        self.stub, self.params = stub, parameters(stub)
        self.inputs = [p for p in self.params if p in formulas]
        given = defaults(stub) if stub.__defaults__ or stub.__kwdefaults__ else {}
        self.optional = [p for p in self.inputs if given.get(p, ...) is None]
        self.formulas = {p: f for p in self.inputs if (f := formulas[p]) is not None}
        self.needs = {p: parameters(f)[1:] for p, f in self.formulas.items()}
        self._check(formulas)
        self.steps: dict[Any, Any] = {}
        self.sources: list[str] = []
        self.kernel = raw(kernel or stub)
        RAW[self.name] = RAW[self.name + "_kernel"] = self.kernel
        RAW[self.name + "_row"] = self
        for p, f in self.formulas.items():
            RAW[f"{self.name}_d_{p}"], RAW[f"{self.name}_D_{p}"] = raw(f), public(f)
        self.front = self._front(stub)
        PUBLIC[self.name] = self.front
        TABLE[self.name] = self

    def _check(self, formulas: dict[str, Any]) -> None:
        if unknown := [p for p in formulas if p not in self.params]:
            raise TypeError(f"{self.name}: formulas for {unknown}, which are no parameters")
        for p, names in self.needs.items():
            if unknown := [n for n in names if n not in self.params and n not in self.outputs]:
                about = {f"{p}_{what}" for p in self.inputs for what in codegen.ABOUT}
                if not about.issuperset(unknown):
                    known = sorted({*self.params, *self.outputs, *about})
                    raise TypeError(f"{self.name}: the derivative by {p} asks for {unknown}; it may name {known}")
        if not self.elementwise and self.formulas and self.jvp is None:
            raise TypeError(f"{self.name}: say how it runs forward-mode: jvp=LINEAR, MULTILINEAR or a function")

    def _front(self, stub: Callable[..., Any]) -> Any:
        front = self.lazy(lambda: codegen.front(self))
        front.__name__ = front.__qualname__ = self.called
        front.__module__ = "engine"
        front.__doc__, front.row = stub.__doc__, self
        front.__wrapped__ = codegen.publicly_named(stub)  # what ``help`` and ``?`` take the signature and source from
        return front

    @property
    def signature(self) -> inspect.Signature:
        """That of the stub; not kept, for to make it costs 15 us a row."""
        return inspect.signature(self.stub)

    def kept(self, wanted: Sequence[str]) -> list[str]:
        """The names to save when the inputs ``wanted`` want gradients."""
        return sorted({n for p in wanted for n in self.needs[p]}, key=lambda n: (n == "out", n))

    def step(self, wanted: tuple[str, ...], fit: bool = False) -> Any:
        """What a backward pass calls on a node of this row; ``fit``: sum and cast to the inputs' shapes and dtypes."""
        key = wanted, fit
        if key not in self.steps:
            self.steps[key] = Step(self, wanted, fit)
        return self.steps[key]

    def install(self) -> None:
        """Let nodes hold the steps of this row as complex numbers ask for them."""
        for step in tuple(self.steps.values()):
            step.install()

    def compile(self, name: str, source: str) -> Any:
        """The function ``name`` that ``source`` defines; registered so that tracebacks can show its lines."""
        file = f"<engine {self.name} {len(self.sources)}>"
        self.sources.append(source)
        linecache.cache[file] = (len(source), None, source.splitlines(True), file)
        made: dict[str, Any] = {}
        exec(compile(source, file, "exec"), RAW, made)
        return made[name]

    def lazy(self, source: Callable[[], str]) -> Any:
        """A function whose text is generated and compiled at its first call; it stays the same object.

        It begins as a stub that then takes over the compiled function's code: to compile every row at import would
        cost 120 ms.
        """
        code = _first_call.__code__.replace(co_name=self.name)  # tracebacks of the first call show the operation
        front: Any = FunctionType(code, RAW, self.name)

        def complete() -> Any:
            made = self.compile(self.name, source())
            front.__defaults__, front.__kwdefaults__ = made.__defaults__, made.__kwdefaults__
            front.__code__ = made.__code__
            return front

        front.__kwdefaults__ = {"lazily_completed": complete}
        return front

    def differentiable(self, node: Node) -> Sequence[str]:
        """The inputs that ``next_functions`` lists."""
        return tuple(self.formulas)

    def node_name_of(self, node: Node) -> str:
        """PyTorch's name for this node: ``MulBackward0``."""
        name = self.node_name if isinstance(self.node_name, str) else self.node_name(node)
        return "torch::autograd::NotImplemented" if name == "NotImplemented" else name

    def __repr__(self) -> str:
        return f"<row {self.name}({', '.join(self.params)})>"


def _first_call(*args: Any, lazily_completed: Callable[[], Any], **kwargs: Any) -> Any:
    __tracebackhide__ = True
    return lazily_completed()(*args, **kwargs)


class Step:
    """Turns the gradient of a node's output into those of the inputs ``wanted``.

    ``run`` is the function that nodes hold: at first one that compiles the generated source (200 rows at import would
    cost 100 ms), from then on the compiled one. Either has this object as its ``spec``. ``plain`` is the same, and
    conjugates nothing.
    """

    __slots__ = ("_twin", "data", "fit", "holomorphic", "kept", "plain", "row", "run", "wanted")
    plain: Any
    run: Any

    def __init__(self, row: Row, wanted: tuple[str, ...], fit: bool) -> None:
        self.row, self.wanted, self.fit, self.kept = row, wanted, fit, row.kept(wanted)
        self.data = [n for n in self.kept if n in row.inputs or n in row.outputs]
        self.holomorphic = row.holomorphic
        self._twin: Any = None

        def first(node: Node, g: Any, free: bool) -> Any:
            if self.plain is first:
                self.plain = row.compile("step", codegen.step(self, on_tensors=False))
                self.install()
            return self.plain(node, g, free)

        self.plain = first
        self.install()

    def install(self) -> None:
        """Give ``plain`` to nodes made from now on, with what complex numbers ask for around it."""
        self.plain.spec = self
        self.run = RAW["conjugating"](self.plain, self) if RAW["COMPLEX"] else self.plain
        self.run.spec = self
        RAW[codegen.step_name(self.row, self.wanted, self.fit)] = self.run

    def twin(self) -> Callable[[Node, Any, bool], Any]:
        """The same on Tensors, recorded: for ``create_graph``."""
        if self._twin is None:
            self._twin = self.row.compile("step", codegen.step(self, on_tensors=True))
        return self._twin

    def saved(self, node: Node, name: str) -> Any:
        """What ``node._saved_<name>`` shows: a Tensor with its history for data, else the plain value."""
        if node.saved is None:
            raise errors.freed()
        value = node.saved[self.kept.index(name)]
        if name not in self.data:
            return value
        edges = dict(zip(self.wanted, node.edges, strict=True))
        edge = edges.get(name)
        if edge is not None and edge.key > 0 and edge.variable._d is value:
            return edge.variable  # a leaf is saved as itself
        made = RAW["relay"](node, self.outputs.index(name)) if self.row.several and name in self.outputs else node
        return RAW["tensor_of"](value, made if name in self.outputs else edge)

    @property
    def outputs(self) -> Sequence[str]:
        return self.row.outputs


def _saved(name: str) -> property:
    def read(node: Node) -> Any:
        spec = node.step.spec
        inside = {"self": "x", "other": "y", "result": "out"}.get(name, name)
        if inside not in spec.kept:
            if any(inside in needs for needs in getattr(spec.row, "needs", {}).values()):
                return None  # only an input that wants no gradient would have asked for it
            raise AttributeError(f"'{node.name()}' object has no attribute '_saved_{name}'")
        return spec.saved(node, inside)

    return property(read, doc="What the operation saved for its derivative.")


def _raw_saved(name: str) -> property:
    def read(node: Node) -> Any:
        from ..graph.saved import raw_saved

        return raw_saved(node, {"self": "x", "other": "y", "result": "out"}.get(name, name), name)

    return property(read, doc="The same before any unpacking; it takes hooks.")


_SHOWN: set[str] = set()  # what Node has a ``_saved_`` property for


def _declare(kind: str) -> Any:
    def decorator(
        kernel: Callable[..., Any] | None = None,
        *,
        node: Any = None,
        floating: bool = False,
        predicate: bool = False,
        apart: Sequence[str] = (),
        outputs: Sequence[str] = ("out",),
        jvp: Any = None,
        diagnose: Any = None,
        refuse: Any = None,
        real: str = "",  # PyTorch's kernel, or its sentence, where it has none for complex numbers and NumPy has
        called: str | None = None,
        holomorphic: bool = True,
        to_complex: bool = False,
        several: bool = False,
        **formulas: Callable[..., Any] | None,
    ) -> Callable[[Callable[..., Any]], Any]:
        def make(stub: Callable[..., Any]) -> Any:
            row = Row(
                stub, kernel, formulas, kind=kind, node_name=node, floating=floating, predicate=predicate, apart=apart,
                outputs=outputs, jvp=jvp or {"elementwise": DIAGONAL, "view": LINEAR}.get(kind), diagnose=diagnose,
                refuse=refuse, real=real, called=called, holomorphic=holomorphic, to_complex=to_complex,
                several=several,
            )  # fmt: skip
            for name in {n for needs in row.needs.values() for n in needs} - _SHOWN:
                _SHOWN.add(name)
                for shown in {"x": ("self", "x"), "y": ("other", "y"), "out": ("result", "out")}.get(name, (name,)):
                    setattr(Node, "_saved_" + shown, _saved(shown))
                    setattr(Node, "_raw_saved_" + shown, _raw_saved(shown))
            return row.front

        return make

    return decorator


elementwise = _declare("elementwise")  # inputs broadcast, promote, and may be Python numbers
view = _declare("view")  # the result shares its input's memory
op = _declare("op")  # an operation with rules of its own
