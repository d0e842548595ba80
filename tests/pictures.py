"""Graphs and their numbers made by hand, so that the picture and the view are tested without a tracer or an engine."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from magics_pkg.graphs.graph import Edge, Graph, Node, Quantity, Values
from magics_pkg.graphs.linear import Linear

Array = np.ndarray
Made = Callable[[], tuple[Graph, Linear]]


@dataclass
class Step:
    """One node: what it computes from its inputs, and the gradient that it sends to each of them."""

    name: str
    symbol: str
    source: str
    op: str
    inputs: tuple[int, ...]
    forward: Callable[..., Array]
    pull: Callable[..., Sequence[Array | None]] = lambda g, *inputs: ()
    kind: str = "op"
    options: dict[str, object] = field(default_factory=dict)


class Picture:
    """Builds a Graph and its Linear from steps written down by hand."""

    def __init__(self, code: str = "", limit: int = 64) -> None:
        self.steps: list[Step] = []
        self.values: list[Array] = []
        self.code, self.limit = code, limit

    def leaf(self, name: str, value: object, **options: object) -> int:
        """A tensor with requires_grad."""
        return self._add(
            Step(
                name,
                "",
                f"torch.tensor({value})",
                "",
                (),
                lambda: np.asarray(value, float),
                kind="leaf",
                options=options,
            )
        )

    def data(self, name: str, value: object) -> int:
        """A tensor without a gradient."""
        return self._add(Step(name, "", "", "", (), lambda: np.asarray(value, float), kind="constant"))

    def op(
        self,
        symbol: str,
        source: str,
        op: str,
        inputs: Sequence[int],
        forward: Callable[..., Array],
        pull: Callable[..., Sequence[Array | None]],
        name: str = "",
        **options: object,
    ) -> int:
        """An operation, with its derivative as a function of the gradient and the inputs."""
        return self._add(Step(name, symbol, source, op, tuple(inputs), forward, pull, options=options))

    def _add(self, step: Step) -> int:
        self.steps.append(step)
        self.values.append(np.asarray(step.forward(*(self.values[each] for each in step.inputs))))
        return len(self.steps) - 1

    def sweep(self, root: int, v: Array) -> tuple[list[Array], dict[tuple[int, int], Array]]:
        """Gradients of every step and every edge for this v."""
        arrived = [np.zeros_like(value, dtype=float) for value in self.values]
        arrived[root] = arrived[root] + v
        sent = {}
        for index in reversed(range(root + 1)):
            step = self.steps[index]
            gradients = (
                step.pull(arrived[index], *(self.values[each] for each in step.inputs)) if step.kind == "op" else ()
            )
            for slot, gradient in enumerate(gradients):
                if gradient is not None and self.steps[step.inputs[slot]].kind != "constant":
                    sent[index, slot] = gradient
                    arrived[step.inputs[slot]] = arrived[step.inputs[slot]] + gradient
        return arrived, sent

    def build(
        self,
        v: object,
        before: dict[str, object] | None = None,
        weights: Sequence[int] | None = None,
        notes: Sequence[str] = (),
        linear: bool = True,
    ) -> tuple[Graph, Linear]:
        """The graph of everything so far, its last step being the output, and the numbers for this v."""
        root = len(self.steps) - 1
        v = np.broadcast_to(np.asarray(v, float), self.values[root].shape)
        quantities, nodes, edges, keys = [], [], [], []
        for index, (step, value) in enumerate(zip(self.steps, self.values, strict=True)):
            grad = None
            if step.kind != "constant":
                grad, label = len(quantities), f"{step.name}.grad" if step.name else f"({step.source}).grad"
                quantities.append(
                    self._quantity(label, value.shape, ("leaf" if step.kind == "leaf" else "node", index))
                )
                keys.append(("node", index))
            nodes.append(
                Node(
                    id=f"n{index}",
                    kind=step.kind,
                    output=index == root,
                    name=step.name,
                    symbol=step.symbol,
                    source=step.source,
                    line=None,
                    op=step.op,
                    shape=value.shape,
                    dtype="float32",
                    value=self._shown(value),
                    grad=grad,
                    repeat_of=None,
                    group=step.options.get("group", ()),
                    note=str(step.options.get("note", "")),
                )
            )
        _, sent = self.sweep(root, v)
        for index, step in enumerate(self.steps):
            for slot, source in enumerate(step.inputs):
                grad = None
                if (index, slot) in sent:
                    grad, tail = len(quantities), self.steps[source]
                    label = f"{tail.name or tail.source}→{step.name or step.source}"
                    quantities.append(self._quantity(label, self.values[source].shape, ("edge", index, slot)))
                    keys.append(("edge", index, slot))
                edges.append(Edge(id=f"e{len(edges)}", tail=f"n{source}", head=f"n{index}", grad=grad))
        graph = Graph(
            nodes=tuple(nodes),
            edges=tuple(edges),
            quantities=tuple(quantities),
            output=f"n{root}",
            leaves=tuple(node.id for node in nodes if node.kind == "leaf"),
            code=self.code,
            notes=tuple(notes),
        )
        return graph, self._linear(root, v, graph, keys, before or {}, weights, linear)

    def _shown(self, value: Array) -> Values:
        indices = list(np.ndindex(value.shape))[: self.limit]
        return Values(
            shape=value.shape,
            dtype="float32",
            entries=tuple((index, float(value[index])) for index in indices),
            complete=len(indices) == value.size,
        )

    def _quantity(self, name: str, shape: tuple[int, ...], key: tuple[object, ...]) -> Quantity:
        return Quantity(name=name, shape=shape, indices=tuple(range(min(int(np.prod(shape)), self.limit))), key=key)

    def _linear(
        self,
        root: int,
        v: Array,
        graph: Graph,
        keys: list[tuple],
        before: dict[str, object],
        weights: Sequence[int] | None,
        linear: bool,
    ) -> Linear:
        flat = v.reshape(-1)
        picked = tuple(range(min(flat.size, 16))) if weights is None else tuple(weights)
        rest = flat.copy()
        rest[list(picked)] = 0
        ones = [np.eye(flat.size)[index] for index in picked] if linear else []
        full = []
        for one in [rest, *ones]:
            arrived, sent = self.sweep(root, one.reshape(v.shape))
            full.append(
                [
                    np.ravel(arrived[key[1]] if key[0] == "node" else sent.get(key[1:], np.zeros(quantity.shape)))
                    for key, quantity in zip(keys, graph.quantities, strict=True)
                ]
            )
        for place, quantity in enumerate(graph.quantities):
            if quantity.name.removesuffix(".grad") in before and quantity.key[0] == "leaf":
                full[0][place] = full[0][place] + np.ravel(
                    np.asarray(before[quantity.name.removesuffix(".grad")], float)
                )
        table = np.array(
            [
                np.concatenate([part[list(q.indices)] for part, q in zip(row, graph.quantities, strict=True)])
                for row in full
            ]
        )
        offsets = np.cumsum([0, *(len(quantity.indices) for quantity in graph.quantities)])[:-1]
        stacks = [np.stack(parts) for parts in zip(*full, strict=True)]
        shape = v.shape
        names = tuple(f"v[{', '.join(map(str, np.unravel_index(i, shape)))}]" if shape else "v" for i in picked)
        return Linear(
            weights=picked,
            names=names,
            v=flat,
            start=tuple(float(flat[i]) for i in picked),
            offsets=tuple(map(int, offsets)),
            base=table[0],
            rows=table[1:],
            gram=np.stack([each @ each.T for each in stacks]),
            sums=np.stack([each.sum(1) for each in stacks]),
            linear=linear,
        )


def times(picture: Picture, a: int, b: int, source: str, name: str = "") -> int:
    """a * b"""
    return picture.op(
        "×", source, "MulBackward0", (a, b), np.multiply, lambda g, x, y: (_fit(g * y, x), _fit(g * x, y)), name
    )


def scaled(picture: Picture, a: int, factor: float, source: str, name: str = "", **options: object) -> int:
    """a * factor"""
    return picture.op(
        f"× {factor:g}", source, "MulBackward0", (a,), lambda x: x * factor, lambda g, x: (g * factor,), name, **options
    )


def plus(picture: Picture, a: int, b: int, source: str, name: str = "") -> int:
    """a + b"""
    return picture.op("+", source, "AddBackward0", (a, b), np.add, lambda g, x, y: (_fit(g, x), _fit(g, y)), name)


def _fit(gradient: Array, like: Array) -> Array:
    while gradient.ndim > like.ndim:
        gradient = gradient.sum(0)
    return gradient


def first() -> tuple[Graph, Linear]:
    """y = x * 2, v = [0.1, 1, 10]."""
    picture = Picture(
        "x = torch.tensor([2., 2., 2.], requires_grad=True)\ny = x * 2\ny.backward(torch.tensor([0.1, 1., 10.]))"
    )
    x = picture.leaf("x", [2.0, 2.0, 2.0])
    scaled(picture, x, 2, "x * 2", "y")
    return picture.build(np.float32([0.1, 1, 10]))


def drawing() -> tuple[Graph, Linear]:
    """y = tanh(x * w) + x ** 2 / 3, the picture that the project began with."""
    picture = Picture(
        "x = torch.tensor([0.5, -1.25, 2.0], requires_grad=True)\n"
        "w = torch.tensor([1.5, 0.25, -0.75], requires_grad=True)\n"
        "y = torch.tanh(x * w) + x ** 2 / 3\ny.backward(torch.tensor([1.0, 0.5, -0.25]))"
    )
    x = picture.leaf("x", [0.5, -1.25, 2.0])
    w = picture.leaf("w", [1.5, 0.25, -0.75])
    product = times(picture, x, w, "x * w")
    tanh = picture.op(
        "tanh", "torch.tanh(x * w)", "TanhBackward0", (product,), np.tanh, lambda g, a: (g * (1 - np.tanh(a) ** 2),)
    )
    square = picture.op("x²", "x ** 2", "PowBackward0", (x,), np.square, lambda g, a: (2 * a * g,))
    third = picture.op("÷ 3", "x ** 2 / 3", "DivBackward0", (square,), lambda a: a / 3, lambda g, a: (g / 3,))
    plus(picture, tanh, third, "torch.tanh(x * w) + x ** 2 / 3", "y")
    return picture.build([1.0, 0.5, -0.25])


def squares() -> tuple[Graph, Linear]:
    """out = (y * y * 3).mean() with y = x + 2: two edges between the same cards."""
    picture = Picture("y = x + 2\nz = y * y * 3\nout = z.mean()\nout.backward()")
    x = picture.leaf("x", np.ones((2, 2)))
    y = picture.op("+ 2", "x + 2", "AddBackward0", (x,), lambda a: a + 2, lambda g, a: (g,), "y")
    product = times(picture, y, y, "y*y")
    z = scaled(picture, product, 3, "y*y*3", "z")
    picture.op("mean", "z.mean()", "MeanBackward0", (z,), np.mean, lambda g, a: (np.full_like(a, g / a.size),), "out")
    return picture.build(1.0)


def chain(length: int, size: int = 3, branch: bool = False) -> tuple[Graph, Linear]:
    """y = x, then y = y * 1.01 again and again, with a shared `w` now and then."""
    picture = Picture()
    x = picture.leaf("x", np.linspace(-1, 1, size))
    last, other = x, None
    for index in range(length):
        if branch and index % 3 == 1:
            other = picture.leaf(f"w{index}", np.linspace(0.5, 1.5, size))
            last = times(picture, last, other, f"y * w{index}", "y")
        else:
            last = scaled(picture, last, 1.01, "y * 1.01", "y")
    return picture.build(np.linspace(1, -1, size))


def large() -> tuple[Graph, Linear]:
    """y = x * 2 with 1000 entries, of which two have sliders."""
    picture = Picture("y = x * 2\ny.backward(v)")
    x = picture.leaf("x", np.linspace(-1, 1, 1000))
    scaled(picture, x, 2, "x * 2", "y")
    return picture.build(np.cos(np.arange(1000) / 5), weights=(3, 500))


def accumulated() -> tuple[Graph, Linear]:
    """D4: a second backward adds to what the first one left."""
    picture = Picture(
        "y = x * 2\ny.backward(torch.tensor([0.1, 1., 10.]), retain_graph=True)\n"
        "y.backward(torch.tensor([0.1, 1., 10.]))"
    )
    x = picture.leaf("x", [2.0, 2.0, 2.0])
    scaled(picture, x, 2, "x * 2", "y")
    return picture.build(
        np.float32([0.1, 1, 10]),
        before={"x": [0.2, 2, 20]},
        notes=["x.grad held [0.2, 2, 20] before this call: it was added to."],
    )


def looped() -> tuple[Graph, Linear]:
    """h = h * 2 drawn as a loop: the second card feeds the first one again."""
    graph, linear = chain(3)
    back = Edge(id="back", tail="n3", head="n1", grad=None, carried=True)
    return replace(graph, edges=(*graph.edges, back)), linear


HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "a\nb\\l\\N",
    "переменная",
    "変数名",
    "שלום",
    "\u202egnp",
    "&amp;{|}<b>",
)


def hostile() -> tuple[Graph, Linear]:
    """Names and sources that try to be something else than text."""
    picture = Picture("\n".join(HOSTILE) + "\n</script><script>alert(2)</script>")
    last = picture.leaf(HOSTILE[0], [1.0])
    for name in HOSTILE[1:]:
        last = scaled(picture, last, 2, f"{name} * 2 ]]> --> <!-- ", name, note=name, group=(name,))
    return picture.build([1.0], notes=HOSTILE)


def special() -> tuple[Graph, Linear]:
    """NaN and inf in values and gradients."""
    picture = Picture()
    x = picture.leaf("x", [0.0, 1.0, -1.0])
    with np.errstate(all="ignore"):
        picture.op("log", "torch.log(x)", "LogBackward0", (x,), np.log, lambda g, a: (g / a,), "y")
        return picture.build([1.0, 1.0, 1.0])
