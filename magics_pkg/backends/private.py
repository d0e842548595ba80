"""The names of PyTorch's that begin with an underscore, all of them, and what the panel does without each.

They have been there for years, but nobody has promised them. So each is asked for here, with an answer for where it is
gone; `tests/test_structure.py` finds any other, and `tests/test_private.py` takes them away one by one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import Any

# Name: what the panel does without it. ``{...}`` in front of a name: it is one of several of that form.
NAMES: Mapping[str, str] = {
    "_get_sequence_nr": "which call made a node is told by what its result was computed from: `web.owners`",
    "_sequence_nr": "nodes are ordered by what they were computed from: `ages`",
    "_version": "a note; whether a kept value was written over since is told by a sentinel: `Sentinel`",
    "_raw_saved": "a note; nodes refuse a second backward as wholes: `kept.Kept._seal`",
    "_saved_": "the same, since a value that cannot be looked at cannot be told from one written over",
    "_input_metadata": "shapes are those of the gradients in a pass",
    "_forward_cls": "a custom function goes by its node's own name: `custom_function`",
    "_backward_hooks": "a note; hooks are seen when they run: `called.HooksCalled`",
    "_post_accumulate_grad_hooks": "a note; such hooks run in the cell, and not when a slider moves",
    "_is_view": "the inspector does not say whether a tensor is a view",
    "_C": "as without `_functorch`",
    "_functorch": "a tensor of a transform is one without memory of its own: `Torch.transformed`",
    "_wrapped_call_impl": "calls of a module are known by the frame inside it",
    "_call_impl": "or by `__call__` itself",
    "_tensor": "a hook that is no Python function, like print, is named after what it calls",
    "_dynamo": "only a cell that says `compile` runs compiled functions eagerly, and none is remarked on",
    "_set_grad_enabled": "such a call makes no tensor, so none is noted",
    "_record_function_enter_new": "the same",
    "_RecordFunction": "the same",
    "_record_function_exit": "the same",
}


def unpromised(of: Any, name: str, otherwise: Any = None) -> Any:
    """An attribute of the library's that nobody has promised, or ``otherwise``."""
    return getattr(of, name, otherwise)


def saved_names(node: Any) -> tuple[str, ...]:
    """What a node saved for its derivative, by the names that hand it out."""
    kind: Any = type(node)
    return _names_of(kind)[0]


def raw_names(node: Any) -> tuple[str, ...]:
    """The same, by the names that hand out what holds it: only where it can be looked at as well."""
    kind: Any = type(node)
    return _names_of(kind)[1]


@cache
def _names_of(kind: Any) -> tuple[tuple[str, ...], tuple[str, ...]]:
    names = dir(kind)
    raw = (each for each in names if each.startswith("_raw_saved_"))
    return tuple(each for each in names if each.startswith("_saved_")), tuple(r for r in raw if readable(r) in names)


def readable(raw: str) -> str:
    """The name that hands out what this one holds; a custom function's values have no names of their own."""
    return "saved_tensors" if raw == "_raw_saved_tensors" else raw.replace("_raw", "", 1)


def sequence_number(module: Any) -> Callable[[], int] | None:
    """The function that gives the number of the next node; None where there is none."""
    found: Callable[[], int] | None = unpromised(module.autograd, "_get_sequence_nr")
    return found


def version_of(tensor: Any) -> int:
    """How often a tensor was written over; inference tensors do not count it."""
    try:
        version: int = getattr(tensor, "_version", 0)  # asked for at every call in a cell: nothing between
    except RuntimeError:
        return 0
    return version


def is_view(tensor: Any) -> bool | None:
    """Whether a tensor shares the memory of another; None where nobody tells."""
    asked = unpromised(tensor, "_is_view")
    return None if asked is None else bool(asked())


def hooks_of(tensor: Any) -> list[Callable[..., Any]]:
    """The hooks on a tensor's gradient."""
    return list(hooks_by_key(tensor).values())


def hooks_by_key(tensor: Any) -> dict[Any, Callable[..., Any]]:
    """The same with PyTorch's own key for each."""
    return dict(unpromised(tensor, "_backward_hooks") or {})


@contextmanager
def with_hooks(tensors: Iterable[Any], then: Mapping[int, Mapping[Any, Any]]) -> Iterator[None]:
    """In it each tensor has the hooks that it had ``then``, by its id; none where it had none."""
    kept = [(each, unpromised(each, "_backward_hooks")) for each in tensors]
    changed = [(hooks, dict(hooks), then.get(id(each), {})) for each, hooks in kept if hooks is not None]
    changed = [(hooks, own, old) for hooks, own, old in changed if own.keys() != old.keys()]
    for hooks, _, old in changed:
        hooks.clear()
        hooks.update(old)
    try:
        yield
    finally:
        for hooks, own, _ in changed:
            hooks.clear()
            hooks.update(own)


def is_hooked(leaf: Any) -> bool:
    """Whether there are hooks of either kind on a leaf."""
    return bool(unpromised(leaf, "_backward_hooks") or unpromised(leaf, "_post_accumulate_grad_hooks"))


def accumulated_hooks(leaf: Any) -> tuple[Callable[[Any], Any], ...]:
    """What runs after each accumulation into this leaf's ``.grad``."""
    return tuple((unpromised(leaf, "_post_accumulate_grad_hooks") or {}).values())


def metadata_of(node: Any) -> tuple[Any, ...]:
    """Shape, dtype and device of each output of a node; nothing where nobody tells."""
    try:
        return tuple(unpromised(node, "_input_metadata", ()))
    except RuntimeError:
        return ()


def custom_class(node: Any) -> Any:
    """The program's own ``autograd.Function`` behind a node, or None; see `custom_function`."""
    return unpromised(type(node), "_forward_cls")


def age_of(node: Any) -> int | None:
    """A number that is larger for younger nodes."""
    asked = unpromised(node, "_sequence_nr")
    return None if asked is None else int(asked())


def ages(nodes: Iterable[Any]) -> tuple[dict[Any, int], bool]:
    """A number for each node, larger than those of the nodes that its inputs came from; whether it is PyTorch's own."""
    numbers = {node: age_of(node) for node in nodes}
    if all(number is not None for number in numbers.values()):
        return numbers, True  # type: ignore[return-value]  # none is None
    ordered: dict[Any, int] = {}
    for start in numbers:
        pending = [start]
        while pending:
            node = pending[-1]
            before = [each for each, _ in node.next_functions if each in numbers and each not in ordered]
            if before:
                pending += before
                continue
            pending.pop()
            ordered.setdefault(node, len(ordered))
    return ordered, False


def newest(nodes: Iterable[Any]) -> Any:
    """The node that was made last: none of the others was computed from it."""
    numbers = {node: age_of(node) for node in nodes}
    if None in numbers.values():
        pending, known = list(numbers), set(numbers)
        for node in pending:
            following = [each for each, _ in node.next_functions if each is not None and each not in known]
            known.update(following)
            pending += following
        numbers = {node: age for node, age in ages(known)[0].items() if node in numbers}
    return max(numbers, key=numbers.__getitem__)  # type: ignore[arg-type]  # none is None


class Sentinel:
    """Says whether a tensor was written over since, where no version tells, by PyTorch's own check of saved values.

    A node that saved one entry of it, for a gradient of something else, refuses once that was written over: a view
    counts the writes of the whole."""

    def __init__(self, module: Any, tensor: Any) -> None:
        self._module = module
        corner = tensor.detach()[(slice(0, 1),) * tensor.ndim]
        with module.inference_mode(False), module.enable_grad():
            self._one = module.ones((), dtype=corner.dtype, device=corner.device, requires_grad=True)
            made = corner * self._one
        self._edge = module.autograd.graph.get_gradient_edge(made)
        self._gradient = module.zeros_like(corner)

    def is_written(self) -> bool:
        """Whether it was."""
        try:
            self._module.autograd.grad([self._edge], [self._one], [self._gradient], retain_graph=True)
        except RuntimeError:
            return True
        return False


def address_of(tensor: Any) -> tuple[int, int]:
    """Where a tensor's memory is, and how many bytes it takes; one in several pieces, as a sparse one, is itself."""
    try:
        return int(tensor.data_ptr()), int(tensor.nbytes)
    except RuntimeError:
        return id(tensor), 0


def overlap(one: Any, other: Any) -> bool:
    """Whether two tensors share memory, as far as where they begin and end tells."""
    (first, size), (second, length) = address_of(one), address_of(other)
    return first < second + length and second < first + size


def counts_writes(kind: type) -> bool:
    """Whether tensors of this type tell how often they were written over."""
    return unpromised(kind, "_version") is not None


def is_counted(tensor: Any) -> bool:
    """Whether a library tells how often this was written over."""
    try:
        return unpromised(tensor, "_version") is not None
    except RuntimeError:  # an inference tensor, which nobody can save
        return True
