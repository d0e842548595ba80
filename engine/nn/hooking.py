"""Hooks of modules: before and after ``forward``, and when the gradients of its inputs are known.

Source: torch.nn.Module, torch.utils.hooks, torch.nn.modules.module (hooks on every module).
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

from ..graph.hooks import Handle, Hooks, registered
from ..tensor import Tensor


class Everywhere:
    """Hooks on every module. used: whether there is one; a call looks no further if not."""

    def __init__(self) -> None:
        self.forward_pre, self.forward, self.backward_pre, self.backward = Hooks(), Hooks(), Hooks(), Hooks()
        self.with_kwargs: dict[int, bool] = {}
        self.always: dict[int, bool] = {}
        self.full: bool | None = None
        self.used = False

    def add(self, hooks: Hooks, hook: Callable[..., Any]) -> Handle:
        """Register ``hook`` among ``hooks``, which are those of one kind."""
        self.used = True
        handle = _Handle(hooks)
        hooks[handle.id] = hook
        return handle

    def look(self) -> None:
        """Note whether there is still a hook."""
        self.used = bool(self.forward_pre or self.forward or self.backward_pre or self.backward)


class _Handle(Handle):
    """The handle of a hook on every module."""

    def remove(self) -> None:
        """Take the hook off; a second time does nothing."""
        super().remove()
        everywhere.look()


everywhere = Everywhere()
REGISTRATION = {"parameter": Hooks(), "buffer": Hooks(), "module": Hooks()}


class Hookable:
    """The half of Module that keeps hooks and runs them."""

    _hooked: bool  # whether a hook was ever registered here: a call looks no further if not
    _forward_hooks: Hooks
    _forward_pre_hooks: Hooks
    _backward_hooks: Hooks
    _backward_pre_hooks: Hooks
    _forward_hooks_with_kwargs: dict[int, bool]
    _forward_hooks_always_called: dict[int, bool]
    _forward_pre_hooks_with_kwargs: dict[int, bool]
    _is_full_backward_hook: bool | None
    forward: Any

    def register_forward_pre_hook(
        self, hook: Callable[..., Any], *, prepend: bool = False, with_kwargs: bool = False
    ) -> Handle:
        """``hook(module, args)`` runs before ``forward``; what it returns replaces the arguments."""
        handle = self._hook(self._forward_pre_hooks, hook, prepend)
        if with_kwargs:
            self._forward_pre_hooks_with_kwargs[handle.id] = True
        return handle

    def register_forward_hook(
        self, hook: Callable[..., Any], *, prepend: bool = False, with_kwargs: bool = False, always_call: bool = False
    ) -> Handle:
        """``hook(module, args, output)`` runs after ``forward``; what it returns replaces the output.

        ``always_call``: also when ``forward``, or another hook, raises.
        """
        handle = self._hook(self._forward_hooks, hook, prepend)
        if with_kwargs:
            self._forward_hooks_with_kwargs[handle.id] = True
        if always_call:
            self._forward_hooks_always_called[handle.id] = True
        return handle

    def register_full_backward_pre_hook(self, hook: Callable[..., Any], prepend: bool = False) -> Handle:
        """``hook(module, grad_output)`` runs when the gradients of the outputs are known; it may replace them."""
        return self._hook(self._backward_pre_hooks, hook, prepend)

    def register_full_backward_hook(self, hook: Callable[..., Any], prepend: bool = False) -> Handle:
        """``hook(module, grad_input, grad_output)`` runs when the gradients of the inputs are; it may replace them."""
        if self._is_full_backward_hook is False:
            raise RuntimeError(_BOTH.format("single Module"))
        self._is_full_backward_hook = True
        return self._hook(self._backward_hooks, hook, prepend)

    def register_backward_hook(self, hook: Callable[..., Any]) -> Handle:
        """PyTorch's old hook on the node of the output alone; ``register_full_backward_hook`` is what to use."""
        if self._is_full_backward_hook is True:
            raise RuntimeError(_BOTH.format("single Module"))
        self._is_full_backward_hook = False
        return self._hook(self._backward_hooks, hook, False)

    def _hook(self, hooks: Hooks, hook: Callable[..., Any], prepend: bool) -> Handle:
        self._hooked = True
        return registered(hooks, hook, prepend)

    # ---------------------------------------------------------------------------------------------------- with hooks
    def _call_hooks(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Pre-hooks, ``forward``, hooks; those that are always called also where something raises."""
        called: set[int] = set()
        result = None
        try:
            for number, hook in (*everywhere.forward_pre.items(), *self._forward_pre_hooks.items()):
                args, kwargs = self._before(hook, number in self._forward_pre_hooks_with_kwargs, args, kwargs)
            full, old = self._backward(self._backward_hooks, self._is_full_backward_hook)
            before = [*everywhere.backward_pre.values(), *self._backward_pre_hooks.values()]
            watch = None
            if full or before:
                from .backward_hooks import Watch

                watch = Watch(self, full, before)
                args = watch.inputs(args)
            result = self.forward(*args, **kwargs)
            for number, hook in (*everywhere.forward.items(), *self._forward_hooks.items()):
                called.add(number)
                changed = self._after(number, hook, args, kwargs, result)
                result = result if changed is None else changed
            if watch is not None:
                result = watch.outputs(result)
            if old:
                from .backward_hooks import hook_node

                hook_node(self, old, args, result)
        except Exception:
            self._always(called, args, kwargs, result)
            raise
        return result

    @staticmethod
    def _backward(own: Hooks, is_full: bool | None) -> tuple[list[Any], list[Any]]:
        """Backward hooks of every module and of this one: full ones, old ones."""
        full = [*(everywhere.backward.values() if everywhere.full else ()), *(own.values() if is_full else ())]
        old = [
            h for hooks, f in ((everywhere.backward, everywhere.full), (own, is_full)) if not f for h in hooks.values()
        ]
        return full, old

    def _before(self, hook: Any, with_kwargs: bool, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        changed = hook(self, args, kwargs) if with_kwargs else hook(self, args)
        if changed is None:
            return args, kwargs
        if with_kwargs:
            if not (isinstance(changed, tuple) and len(changed) == 2):
                raise RuntimeError(
                    f"forward pre-hook must return None or a tuple of (new_args, new_kwargs), but got {changed}."
                )
            return changed
        return changed if isinstance(changed, tuple) else (changed,), kwargs

    def _after(self, number: int, hook: Any, args: tuple[Any, ...], kwargs: dict[str, Any], result: Any) -> Any:
        if number in self._forward_hooks_with_kwargs or number in everywhere.with_kwargs:
            return hook(self, args, kwargs, result)
        return hook(self, args, result)

    def _always(self, called: set[int], args: tuple[Any, ...], kwargs: dict[str, Any], result: Any) -> None:
        """The hooks that are always called and were not yet; what they raise is only warned about."""
        for number, hook in (*everywhere.forward.items(), *self._forward_hooks.items()):
            if number in called or not (number in everywhere.always or number in self._forward_hooks_always_called):
                continue
            try:
                changed = self._after(number, hook, args, kwargs, result)
                result = result if changed is None else changed
            except Exception as error:
                what = "global module" if number in everywhere.always else "module"
                warnings.warn(
                    f"{what} forward hook with ``always_call=True`` raised an exception that was silenced as another "
                    f"error was raised in forward: {error}",
                    UserWarning,
                    stacklevel=3,
                )


_BOTH = "Cannot use both regular backward hooks and full backward hooks on a {}. Please use only one of them."


# -------------------------------------------------------------------------------------------------------- every module
def register_module_forward_pre_hook(hook: Callable[..., Any]) -> Handle:
    """``hook(module, args)`` before the ``forward`` of every module."""
    return everywhere.add(everywhere.forward_pre, hook)


def register_module_forward_hook(
    hook: Callable[..., Any], *, with_kwargs: bool = False, always_call: bool = False
) -> Handle:
    """``hook(module, args, output)`` after the ``forward`` of every module."""
    handle = everywhere.add(everywhere.forward, hook)
    if with_kwargs:
        everywhere.with_kwargs[handle.id] = True
    if always_call:
        everywhere.always[handle.id] = True
    return handle


def register_module_full_backward_pre_hook(hook: Callable[..., Any]) -> Handle:
    """``hook(module, grad_output)`` for every module."""
    return everywhere.add(everywhere.backward_pre, hook)


def register_module_full_backward_hook(hook: Callable[..., Any]) -> Handle:
    """``hook(module, grad_input, grad_output)`` for every module."""
    if everywhere.full is False:
        raise RuntimeError(_EVERYWHERE)
    everywhere.full = True
    return everywhere.add(everywhere.backward, hook)


def register_module_backward_hook(hook: Callable[..., Any]) -> Handle:
    """PyTorch's old hook on the node of every module's output."""
    if everywhere.full is True:
        raise RuntimeError(_EVERYWHERE)
    everywhere.full = False
    return everywhere.add(everywhere.backward, hook)


_EVERYWHERE = (
    "Cannot use both regular backward hooks and full backward hooks as a global Module hook. Please use only one of "
    "them."
)


def register_module_parameter_registration_hook(hook: Callable[..., Any]) -> Handle:
    """``hook(module, name, parameter)`` whenever a module gets one; what it returns replaces it."""
    return registered(REGISTRATION["parameter"], hook)


def register_module_buffer_registration_hook(hook: Callable[..., Any]) -> Handle:
    """``hook(module, name, buffer)`` whenever a module gets one; what it returns replaces it."""
    return registered(REGISTRATION["buffer"], hook)


def register_module_module_registration_hook(hook: Callable[..., Any]) -> Handle:
    """``hook(module, name, submodule)`` whenever a module gets one; what it returns replaces it."""
    return registered(REGISTRATION["module"], hook)


def tensors_in(values: tuple[Any, ...]) -> list[int]:
    """The places of the tensors among ``values``."""
    return [i for i, v in enumerate(values) if isinstance(v, Tensor)]
