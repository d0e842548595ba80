"""Hooks on what is saved: a node whose values a program packs has another step, which unpacks them first.

Nodes without such hooks never know; ``_raw_saved_<name>`` shows a value as a ``SavedTensor`` that takes hooks later.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .. import autograd_errors as errors
from ..errors import freed
from ..mode import here, record
from ..table.general import NUMBERS32, NUMBERS64
from ..table.op import Step
from ..tensor import Tensor, box, tensor_of
from .hooks import Hooked
from .node import Node
from .rebase import CopySlices
from .versions import version


class Packed:
    """What a pack hook made of a saved value, and the hook that makes a tensor of it again."""

    __slots__ = ("dtype", "unpack", "value")

    def __init__(self, value: Any, unpack: Callable[[Any], Any], dtype: Any = None) -> None:
        self.value, self.unpack, self.dtype = value, unpack, dtype

    def data(self) -> Any:
        """The same as memory, in the dtype in which the operation computed."""
        d = box(self.tensor())
        return d if self.dtype is None else d.astype(self.dtype, copy=False)

    def tensor(self) -> Tensor:
        """What the unpack hook returns."""
        t = self.unpack(self.value)
        if not isinstance(t, Tensor):
            raise errors.unpacked_type(t)
        return t


class Unpacking:
    """Stands in the place of a node's step: unpack, then the step."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner

    def __getattr__(self, name: str) -> Any:  # row, wanted, kept, data: what other code asks of a step's spec
        return getattr(self.inner.spec, name)

    @property
    def spec(self) -> Unpacking:
        return self

    def __call__(self, node: Any, g: Any, free: bool) -> Any:
        before = record(False)
        try:
            return self._run(self.inner, node, g, free)
        finally:
            record(before)

    def twin(self) -> Callable[..., Any]:
        """The same on Tensors, recorded."""
        return lambda node, g, free: self._run(self.inner.spec.twin(), node, g, free)

    def _run(self, step: Any, node: Any, g: Any, free: bool) -> Any:
        unpacked = self._unpacked(node)
        sent = step(unpacked, g, free)
        unpacked.step, unpacked.saved = self, node.saved  # what was recorded may have kept it
        if free:
            node.saved = unpacked.saved = None
        return sent

    def _unpacked(self, node: Any) -> Node:
        twin = Node()
        twin.key, twin.step, twin.edge, twin.others = node.key, self.inner, node.edge, node.others
        if node.saved is None:
            raise freed()
        values = list(node.saved)
        for name in _in_order(self):
            i = self.kept.index(name)
            if type(values[i]) is Packed:
                values[i] = values[i].data()
        twin.saved = tuple(values)
        return twin

    def saved(self, node: Any, name: str) -> Any:
        """What ``node._saved_<name>`` shows."""
        if node.saved is None:
            raise freed()
        value = node.saved[self.kept.index(name)]
        if type(value) is not Packed:
            return self.inner.spec.saved(node, name)
        return tensor_of(box(value.tensor()), _edge(node, self, name))


def _edge(node: Any, spec: Any, name: str) -> Any:
    """Whose output a saved value is."""
    if name in spec.row.outputs:
        return node
    return dict(zip(spec.wanted, node.edges, strict=True)).get(name)


def _holder(node: Any) -> Any:
    """What holds the step that reads ``node.saved``: the node, or what hooks or CopySlices put in its place."""
    holder = node
    if type(node.step) is Hooked:
        holder = node.step
    step = holder.inner if type(holder) is Hooked else holder.step
    return step if type(step) is CopySlices else holder


def _step_of(holder: Any) -> Any:
    return holder.step if isinstance(holder, Node) else holder.inner


def pack(
    node: Any, given: Sequence[Tensor], made: Sequence[Tensor], packing: Callable[[Any], Any],
    unpacking: Callable[[Any], Any],
) -> None:  # fmt: skip
    """Replace each tensor that ``node`` saved by what ``packing`` makes of it.

    ``given`` and ``made`` are the operation's tensors; one that is both was written, and is no longer what it was.
    """
    tensors = [*given, *made]
    holder = _holder(node)
    spec = _step_of(holder).spec
    if type(spec) is Unpacking or not node.saved or not spec.data:
        return
    saved = list(node.saved)
    for name in _in_order(spec):
        i = spec.kept.index(name)
        value = saved[i]
        t = next((t for t in tensors if t._d is value), None)
        if t is None:
            if not isinstance(value, np.ndarray | np.generic) or _is_number(value):
                continue  # PyTorch packs no numbers of the call
            t = _before_promotion(node, spec, name, value, given, made)
        elif name in spec.row.outputs:  # PyTorch hands over another handle, for the result must not hold itself
            t = _again(value, node, spec, name)
        saved[i] = Packed(packed(t, packing), unpacking, None if t._d.dtype is value.dtype else value.dtype)
    if any(type(v) is Packed for v in saved):
        node.saved = tuple(saved)
        _put(holder, Unpacking(_step_of(holder)))


def _before_promotion(
    node: Any, spec: Any, name: str, value: Any, given: Sequence[Tensor], made: Sequence[Tensor]
) -> Tensor:
    """The operand that an operation cast before it saved it; the value itself where that cannot be told."""
    inputs = getattr(spec.row, "inputs", ())
    if name in inputs and len(given) == len(inputs):
        t = given[inputs.index(name)]
        if t._d.shape == value.shape and t._d.dtype is not value.dtype and not any(t is m for m in made):
            return t
    return tensor_of(value, _edge(node, spec, name) if type(spec) is not CopySlices else None)


def _again(value: Any, node: Any, spec: Any, name: str) -> Tensor:
    """A saved result as a new tensor; with its history where it has one."""
    first = name == spec.row.outputs[0] and value.dtype.kind in "fc"
    return tensor_of(value, node if first else None)


_ORDER: dict[Any, list[str]] = {}


def _in_order(spec: Any) -> list[str]:
    """The names of saved data in PyTorch's order: by its names of them, results last."""
    step = getattr(spec, "inner", spec)
    step = getattr(step, "spec", step)
    if step in _ORDER:
        return _ORDER[step]
    names = {"x": "self", "y": "other"}
    found = sorted(spec.data, key=lambda n: (n in spec.row.outputs, names.get(n, n)))
    if type(step) is Step:  # of which there are as many as kinds of nodes; others are of one node
        _ORDER[step] = found
    return found


def _is_number(value: Any) -> bool:
    if value.ndim:
        return False
    key = value.item()
    return not key or NUMBERS32.get(key) is value or NUMBERS64.get(key) is value


def _put(holder: Any, step: Any) -> None:
    if isinstance(holder, Node):
        holder.step = step
    else:
        holder.inner = step


def packed(t: Tensor, packing: Callable[[Any], Any]) -> Any:
    """What a pack hook makes of ``t``. Errors: RuntimeError if it writes to ``t``."""
    before = version(t._d)
    saving, here.saving = here.saving, ()
    grad = record(False)
    try:
        value = packing(t)
    finally:
        here.saving = saving
        record(grad)
    if version(t._d) != before:
        raise errors.packing_writes()
    return value


class SavedTensor:
    """A value that a node saved, before any unpacking: ``grad_fn._raw_saved_self``."""

    def __init__(self, node: Any, name: str) -> None:
        self._node, self._name = node, name

    def register_hooks(self, pack_hook: Callable[[Any], Any], unpack_hook: Callable[[Any], Any]) -> None:
        """Pack this value now, and unpack it when it is needed."""
        node = self._node
        if node.saved is None:
            raise errors.saved_hooks_freed()
        holder = _holder(node)
        spec = _step_of(holder).spec
        i = spec.kept.index(self._name)
        value = node.saved[i]
        if type(value) is Packed:
            raise errors.saved_hooks_twice()
        t = tensor_of(value, _edge(node, spec, self._name))
        made = Packed(packed(t.detach(), pack_hook), unpack_hook)
        node.saved = (*node.saved[:i], made, *node.saved[i + 1 :])
        if type(_step_of(holder)) is not Unpacking:
            _put(holder, Unpacking(_step_of(holder)))


def raw_saved(node: Any, name: str, called: str) -> SavedTensor:
    """``node._raw_saved_<called>``. Errors: AttributeError where the node saved no such tensor."""
    if name not in node.step.spec.data:
        raise AttributeError(f"'{node.name()}' object has no attribute '_raw_saved_{called}'")
    return SavedTensor(node, name)
