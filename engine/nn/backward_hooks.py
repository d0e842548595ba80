"""Backward hooks of a module: a node around its inputs and one around its outputs see the gradients pass.

Source: torch.utils.hooks.BackwardHook (the behaviour, not the text, is followed).
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..autograd.function import Function
from ..mode import is_grad_enabled
from ..tensor import Tensor, wrap
from .hooking import tensors_in


class BackwardHookFunction(Function):
    """Its tensors as views, through one node."""

    @staticmethod
    def forward(ctx: Any, *tensors: Tensor) -> tuple[Tensor, ...]:
        """The tensors."""
        ctx.mark_non_differentiable(*[t for t in tensors if not t.requires_grad])
        return tensors

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> Any:
        """The gradients."""
        return gradients


class Watch:
    """One call of a module with backward hooks."""

    def __init__(self, module: Any, hooks: Sequence[Any], before: Sequence[Any]) -> None:
        self.module, self.hooks, self.before = module, hooks, before
        self.gradients: Any = None  # of the outputs, once they are known
        self.places: list[int] | None = None  # of the tensors among the inputs; None if none wants a gradient
        self.count = 0
        self.shapes: list[Any] = []  # of those tensors, with their dtypes

    def inputs(self, args: tuple[Any, ...]) -> tuple[Any, ...]:
        """The arguments of the call, through a node whose hook runs the module's hooks."""
        changed, self.places = _through(args, lambda node: node.register_hook(self._known))
        self.count = len(args)
        self.shapes = [(args[i]._d.shape, args[i]._d.dtype) for i in self.places or ()]
        return changed

    def _known(self, gradients: tuple[Any, ...], _: Any) -> Any:
        """The gradients of the inputs are known."""
        if self.gradients is None:  # they did not come through the outputs: a second derivative
            return None
        assert self.places is not None
        pairs = zip(gradients, self.shapes, strict=True)  # where none arrived there are zeros
        full = [wrap(np.zeros(*kind)) if g is None else g for g, kind in pairs]
        found = _spread(self.places, full, self.count)
        for hook in self.hooks:
            changed = hook(self.module, found, self.gradients)
            if changed is None:
                continue
            if len(changed) != len(found):
                raise RuntimeError(
                    f"Backward hook returned an invalid number of grad_input, got {len(changed)}, but expected "
                    f"{len(found)}"
                )
            found = changed
        self.gradients = None
        return tuple([None if g is None else found[i] for i, g in zip(self.places, gradients, strict=True)])

    def outputs(self, result: Any) -> Any:
        """The result of the call, through a node whose hook notes the gradients of the outputs."""
        if not isinstance(result, Tensor | tuple):
            warnings.warn(
                "For backward hooks to be called, module output should be a Tensor or a tuple of Tensors but received "
                f"{type(result)}",
                UserWarning,
                stacklevel=4,
            )
        values = result if isinstance(result, tuple) else (result,)
        places: list[int] = []

        def arrived(_: Any, gradients: tuple[Any, ...]) -> Any:
            return self._arrived(places, gradients, len(values))

        changed, found = _through(values, lambda node: node.register_hook(arrived))
        places += found or ()
        return changed if isinstance(result, tuple) else changed[0]

    def _arrived(self, places: list[int], gradients: tuple[Any, ...], count: int) -> Any:
        """The gradients of the outputs are known."""
        self.gradients = _spread(places, gradients, count)
        for hook in self.before:
            changed = hook(self.module, self.gradients)
            if changed is None:
                continue
            if len(changed) != len(self.gradients):
                raise RuntimeError(
                    f"Backward pre hook returned an invalid number of grad_output, got {len(changed)}, but expected "
                    f"{len(self.gradients)}"
                )
            self.gradients = changed
        sent = tuple([self.gradients[i] for i in places])
        if self.places is None:
            self._without_inputs()
        return sent

    def _without_inputs(self) -> None:
        """No input wants a gradient: the hooks run here."""
        warnings.warn(
            "Full backward hook is firing when gradients are computed with respect to module outputs since no inputs "
            "require gradients. See https://docs.pytorch.org/docs/main/generated/torch.nn.Module.html#torch.nn.Module."
            "register_full_backward_hook for more details.",
            UserWarning,
            stacklevel=5,
        )
        for hook in self.hooks:
            changed = hook(self.module, (None,) * self.count, self.gradients)
            if changed is not None and not (isinstance(changed, tuple) and all(g is None for g in changed)):
                raise RuntimeError(
                    "Backward hook for Modules where no input requires gradient should always return None or None for "
                    "all gradients."
                )
        self.gradients = None


def _spread(places: Sequence[int], values: Sequence[Any], count: int) -> tuple[Any, ...]:
    """``values`` at their places among ``count``, None elsewhere."""
    found = dict(zip(places, values, strict=True))
    return tuple([found.get(i) for i in range(count)])


def _through(values: tuple[Any, ...], use: Callable[[Any], Any]) -> tuple[tuple[Any, ...], list[int] | None]:
    """``values`` with their tensors through one node, which ``use`` gets, and the places of those."""
    places = tensors_in(values)
    if not (is_grad_enabled() and any(values[i].requires_grad for i in places)):
        return values, None
    new = BackwardHookFunction.apply(*[values[i] for i in places])
    changed = list(values)
    for i, tensor in zip(places, new, strict=True):
        changed[i] = tensor
    use(next(t.grad_fn for t in new if t.grad_fn is not None))
    return tuple(changed) if type(values) is tuple else type(values)(*changed), places


def hook_node(module: Any, hooks: Sequence[Any], args: tuple[Any, ...], result: Any) -> None:
    """The old backward hooks: on the node of the output, whatever its inputs are."""
    first = result
    while not isinstance(first, Tensor):
        first = next(v for v in first.values() if isinstance(v, Tensor)) if isinstance(first, dict) else first[0]
    node = first.grad_fn
    if node is None:
        return
    for hook in hooks:
        node.register_hook(lambda inputs, outputs, hook=hook: hook(module, inputs, outputs))
    if said := _missing(args, result, node):
        warnings.warn(said, FutureWarning, stacklevel=4)


def _missing(args: Any, result: Any, node: Any) -> str:
    """What PyTorch warns that an old hook will not see; "" if it sees everything."""
    start, end = "Using non-full backward hooks on a Module that does not ", " Please use register_full_backward_hook"
    for values, does, what in ((result, "return a", "output"), (args, "take as input a", "input")):
        several = values if isinstance(values, tuple) else (values,)
        if not all(isinstance(v, Tensor) for v in several):
            return (
                f"{start}{does} single Tensor or a tuple of Tensors is deprecated and will be removed in future "
                f"versions. This hook will be missing some of the grad_{what}.{end} to get the documented behavior."
            )
    nodes = {t.grad_fn for t in (result if isinstance(result, tuple) else (result,)) if t.grad_fn is not None}
    start = "Using a non-full backward hook when "
    middle = " is deprecated and will be removed in future versions. This hook will be missing some grad_"
    if len(nodes) == 0 or (len(nodes) == 1 and node not in nodes):
        return f"{start}outputs are nested in python data structure{middle}output."
    if len(nodes) > 1:
        return (
            f"{start}outputs are generated by different autograd Nodes{middle}output.{end} to get the documented "
            "behavior."
        )
    if {t.grad_fn for t in args if t.grad_fn is not None} != {n for n, _ in node.next_functions}:
        return f"{start}the forward contains multiple autograd Nodes{middle}input.{end} to get the documented behavior."
    return ""
