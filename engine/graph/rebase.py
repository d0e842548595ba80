"""The graph after a write: the tensor that was written, its base and the base's other views get new histories.

A write into a view makes its base the result of CopySlices: what the base was, with one region replaced by what the
operation made of it. CopySlices keeps the operation's node inside and runs it on the gradient of that region alone. The
views are from then on regions of the new base: AsStridedBackward0.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import autograd_errors as errors
from ..table.kernel import PUBLIC, RAW, tick
from ..table.op import row_of
from ..tensor import Tensor, box
from .conjugate import conjugating
from .hooks import Hooked, hooked
from .node import Node, Output, Severed, rest_of
from .strays import Forbidden, forbid, history, not_followed
from .versions import owner

Places = Any  # (shape, strides, offset) in elements of the base, or flat indices where the base is not in C order;
# with a fourth entry: in real numbers, of a base that holds complex ones


def hang(row_name: str, edges: dict[str, Any], values: dict[str, Any]) -> Any:
    """A node of a row whose result is in memory already; None if no edge wants a gradient."""
    row = row_of(row_name)
    wanted = tuple([p for p in row.formulas if edges.get(p) is not None])
    if not wanted:
        return None
    step = row.step(wanted)
    n = Node()
    n.key, n.step = tick(), step.run
    chosen = [edges[p] for p in wanted]
    n.edge, n.others = chosen[0], rest_of(chosen)
    n.saved = tuple([values[name] for name in step.kept])
    return n


class CopySlices:
    """The step of the node that stands for an in-place operation on a region of a base."""

    data: tuple[str, ...] = ()

    def __init__(self, inner: Node, places: Places, old: Any, base: Any) -> None:
        self.inner, self.places, self.old = inner.step, places, old
        spec = inner.step.spec
        inputs = list(spec.row.differentiable(inner))
        self.of_self = old is not None and inner.edges[0] is old  # the region's own gradient is the first of inner's
        first = spec.wanted[:1] == tuple(inputs[:1])
        self.others = spec.wanted[1:] if self.of_self else spec.wanted
        self.inputs = ("base", *(inputs[1:] if self.of_self or not first else inputs))
        self.of_base = base is not None
        self.wanted = ("base", *self.others) if self.of_base else tuple(self.others)
        self.kept = spec.kept
        self.inside = inner.name()

    # what other code asks of a row
    name = "copy_slices"
    view = False

    @property
    def row(self) -> CopySlices:
        return self

    @property
    def spec(self) -> CopySlices:
        return self

    def differentiable(self, node: Node) -> Sequence[str]:
        """The inputs that ``next_functions`` lists."""
        return self.inputs

    def node_name_of(self, node: Node) -> str:
        """PyTorch's name."""
        return "torch::autograd::CopySlices"

    def saved(self, node: Node, name: str) -> Any:
        """PyTorch shows nothing of what is inside."""
        raise AttributeError(f"'CopySlices' object has no attribute '_saved_{name}'")

    def _run(self, step: Any, node: Node, g: Any, free: bool) -> tuple[Any, ...]:
        """What the operation inside sends back for the gradient ``g`` of the region."""
        inner = Node()  # with a key of its own: where the pass is recorded, this is the history of what it saved
        inner.key, inner.step, inner.saved = tick(), self.inner, node.saved
        edges = node.edges[1:] if self.of_base else node.edges
        inside = (self.old, *edges) if self.of_self else edges
        inner.edge, inner.others = inside[0], rest_of(inside)
        sent = step(inner, g, free)
        node.saved = inner.saved
        return (sent,) if inner.others is None else sent

    def __call__(self, node: Node, g: Any, free: bool) -> Any:
        sent = self._run(self.inner, node, np.array(RAW["part_of"](np.asarray(g), self.places)), free)
        own, rest = (sent[0], sent[1:]) if self.of_self else (g.dtype.type(0), sent)
        if self.of_base:
            rest = (RAW["copy_slices"](g, own, self.places), *rest)
        return rest if len(rest) > 1 else rest[0]

    def on_tensors(self, node: Node, g: Tensor, free: bool) -> Any:
        """The step on Tensors, recorded."""
        twin = conjugating(self.inner.spec.twin(), self.inner.spec)
        sent = self._run(twin, node, PUBLIC["as_strided_view"](g, self.places), free)
        rest = sent[1:] if self.of_self else sent
        if self.of_base:
            own = PUBLIC["copy_slices"](g, sent[0], self.places) if self.of_self else PUBLIC["erase"](g, self.places)
            rest = (own, *rest)
        return rest if len(rest) > 1 else rest[0]

    def twin(self) -> Any:
        """The step for ``create_graph``."""
        return self.on_tensors


def rebase(self: Tensor, old: Any, node: Any) -> None:
    """Give ``self``, just written, the history ``node``; ``old`` is what it had. Base and other views follow."""
    base = self._base
    if base is None:
        move(self, node)
        follow(self, old)
        return
    before = base._n
    places = region(base, self._d)
    spec = CopySlices(node, places, old, before)
    made = Node()
    made.key, made.step, made.saved = node.key, spec, node.saved  # it stands in the place of the node inside
    edges = node.edges[1:] if spec.of_self else node.edges
    chosen = (before, *edges) if before is not None else edges
    made.edge, made.others = chosen[0], rest_of(chosen)
    move(base, made)
    follow(base, before, (self, places))


def move(self: Tensor, node: Any) -> None:
    """A new history; ``retain_grad`` moves with the tensor."""
    step = getattr(self._n, "step", None)
    if type(step) is Hooked and step.retain is not None and self._n.key < 0:
        hooked(node).retain, step.retain = step.retain, None
    self._n = node


def follow(base: Tensor, before: Any, known: tuple[Any, Places | None] = (None, None)) -> None:
    """Views of ``base``, which was just written and had the history ``before``, become regions of what it is now.

    ``known``: a view and its region, None if its history stands already.
    """
    references = getattr(base, "_views", None)
    if not references:
        return
    live = []
    whole = base._d.shape
    for reference in references:
        v = reference()
        if v is None:
            continue
        live.append(reference)
        n = history(v)
        if type(n) is Forbidden or (v is known[0] and known[1] is None):
            continue
        part = part_of_several(n)
        if part is not None:
            forbid(v, errors.output_view_base(*part), part)
        elif (told := not_followed(v, n, before, False)) is not None:
            forbid(v, told)
        else:
            places = known[1] if v is known[0] else region(base, v._d)
            move(v, hang("as_strided_view", {"x": base._n}, {"places": places, "x_shape": whole}))
    references[:] = live


def follow_quietly(self: Tensor) -> None:
    """What ``follow`` does, after a write that was not recorded: views count from the base as it is."""
    base = self if self._base is None else self._base
    if base._n is not None:
        follow(base, base._n)


def part_of_several(node: Any) -> tuple[int, str] | None:
    """For one of several views that an operation made, or a view of one: output number and what made it, ``Unbind``."""
    below = node
    while type(below) is Node:
        if not below.step.spec.row.view:
            return None
        below = below.edge
    made = below.edge if type(below) is Output else below
    if isinstance(made, Node) and type(made) is not Node:  # a custom function's
        spec, nr = made.step.spec, below.nr if type(below) is Output else 0
        return (nr, errors.FunctionName(spec.name)) if nr in spec.views else None
    if type(below) is not Output:
        return None
    nr, made = (node.nr, node.edge) if node is below else (0, node)
    return nr, made.name().removesuffix("Backward0")


def check_part(view: Tensor, steps: Sequence[Any]) -> None:
    """Raise PyTorch's error for a write into what ``steps`` show of ``view``, which names the last step."""
    if not steps:
        return
    n, made = history(view), steps[-1][0].title()
    if part_of_several(n) is not None:
        raise errors.output_view_in_place(0, made)
    if type(n) is Severed:
        raise errors.no_grad_view(True, False, made)


def region(base: Tensor, part: Any) -> Places:
    """Where the elements of a view, the array ``part``, lie in its base."""
    whole = box(base)
    start = part.__array_interface__["data"][0] - whole.__array_interface__["data"][0]
    if part.dtype is not whole.dtype:
        if whole.dtype.kind != "c" or part.dtype.kind != "f" or not whole.flags.c_contiguous:
            raise RuntimeError(
                f"this engine does not record a write into a {part.dtype} view of a {whole.dtype} tensor, nor what "
                "becomes of such a view when that tensor is written; clone() the view first"
            )
        n = part.itemsize
        return part.shape, tuple([s // n for s in part.strides]), start // n, "halves"
    if whole.flags.c_contiguous:
        n = whole.itemsize
        return part.shape, tuple([s // n for s in part.strides]), start // n
    memory = owner(whole)
    if not memory.flags.c_contiguous:
        memory = memory.transpose(sorted(range(memory.ndim), key=lambda i: -memory.strides[i]))
    places = np.full(memory.shape, -1)
    scale = places.itemsize / memory.itemsize
    first = memory.__array_interface__["data"][0]

    def there(a: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        offset = int((a.__array_interface__["data"][0] - first) * scale)
        return np.ndarray(a.shape, np.int64, places, offset, tuple([int(s * scale) for s in a.strides]))

    there(whole)[...] = np.arange(whole.size).reshape(whole.shape)
    return there(part).copy()
