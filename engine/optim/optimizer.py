"""Optimizer: parameters in groups, the state kept for each, hooks around a step, and the state as a dict."""

from __future__ import annotations

import copy
import functools
import itertools
import warnings
from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any

from .. import errors
from ..graph.hooks import Handle, Hooks, registered
from ..tensor import Tensor

_WHEN = ("step_pre", "step_post", "state_dict_pre", "state_dict_post", "load_state_dict_pre", "load_state_dict_post")


class Optimizer:
    """Base class: define ``step``. ``params``: tensors, (name, tensor) pairs, or dicts with options of their own.

    Source: torch.optim.Optimizer.
    """

    def __init__(self, params: Iterable[Any], defaults: dict[str, Any]) -> None:
        self.__setstate__({"defaults": defaults})
        if isinstance(params, Tensor):
            raise errors.hinted(
                TypeError(
                    "params argument given to the optimizer should be an iterable of Tensors or dicts, but got "
                    f"{_typename(params)}"
                ),
                "put it in a list: [w]",
            )
        self.state: defaultdict[Any, dict[str, Any]] = defaultdict(dict)
        self.param_groups: list[dict[str, Any]] = []
        groups = list(params)
        if not groups:
            raise ValueError("optimizer got an empty parameter list")
        if not isinstance(groups[0], dict):
            groups = [{"params": groups}]
        for group in groups:
            self.add_param_group(group)

    def __getstate__(self) -> dict[str, Any]:
        return {"defaults": self.defaults, "state": self.state, "param_groups": self.param_groups}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self.defaults: dict[str, Any]
        for when in _WHEN:
            self.__dict__.setdefault(f"_optimizer_{when}_hooks", Hooks())
        if not hasattr(type(self).step, "hooked"):
            type(self).step = _with_hooks(type(self).step)  # type: ignore[method-assign]  # as PyTorch does it

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Add parameters with options of their own.

        Errors: TypeError for what is no tensor, ValueError for non-leaves and for parameters in two groups.
        """
        if not isinstance(param_group, dict):
            raise TypeError(f"param_group must be a dict, but got {type(param_group)}")
        given = param_group["params"]
        if isinstance(given, set):
            raise TypeError(
                "optimizer parameters need to be organized in ordered collections, but the ordering of tensors in sets "
                "will change between runs. Please use a list instead."
            )
        members = [given] if isinstance(given, Tensor) else list(given)
        named = [m[0] for m in members if isinstance(m, tuple)]
        members = param_group["params"] = [m[1] if isinstance(m, tuple) else m for m in members]
        if named:
            if len(named) != len(members):
                raise ValueError("all optimizer params should be with/without names. Some param names are missing")
            param_group["param_names"] = named
        self._check(members)
        for name, value in self.defaults.items():
            param_group.setdefault(name, value)
        if len(set(map(id, members))) != len(members):
            warnings.warn(
                "optimizer contains a parameter group with duplicate parameters; in future, this will cause an error; "
                "see github.com/pytorch/pytorch/issues/40967 for more information",
                UserWarning,
                stacklevel=3,
            )
        if any(("param_names" in g) != bool(named) for g in self.param_groups):
            raise ValueError(
                "all optimizer param groups should be with/without names. cannot add param group "
                f"{'with' if named else 'without'} names to the optimizer"
            )
        known = {id(p) for g in self.param_groups for p in g["params"]}
        if not known.isdisjoint(map(id, members)):
            raise ValueError("some parameters appear in more than one parameter group")
        self.param_groups.append(param_group)

    @staticmethod
    def _check(members: list[Any]) -> None:
        for p in members:
            if not isinstance(p, Tensor):
                raise TypeError(f"optimizer can only optimize Tensors, but one of the params is {_typename(p)}")
            if not (p.is_leaf or p.retains_grad):
                raise errors.hinted(
                    ValueError("can't optimize a non-leaf Tensor"),
                    "a step has to change what is not computed from something else: pass the leaf.",
                )

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget every parameter's gradient, or fill it with zeros: gradients add up until someone does."""
        for group in self.param_groups:
            for p in group["params"]:
                cell = p._n
                if set_to_none and cell is not None and cell.key > 0:  # the property `grad` does no more
                    cell.grad = None
                elif p.grad is not None:
                    if set_to_none:
                        p.grad = None
                        continue
                    if p.grad.requires_grad:
                        p.grad = p.grad.detach()
                    p.grad.zero_()

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Change every parameter that has a gradient; ``closure`` computes the loss anew, and is returned."""
        raise NotImplementedError

    # ----------------------------------------------------------------------------------------------------------- hooks
    def register_step_pre_hook(self, hook: Callable[..., Any]) -> Handle:
        """``hook(optimizer, args, kwargs)`` runs before each step; it may return other (args, kwargs)."""
        return registered(self._hooks("step_pre"), hook)

    def register_step_post_hook(self, hook: Callable[..., Any]) -> Handle:
        """``hook(optimizer, args, kwargs)`` runs after each step."""
        return registered(self._hooks("step_post"), hook)

    def register_state_dict_pre_hook(self, hook: Callable[..., Any], prepend: bool = False) -> Handle:
        """``hook(optimizer)`` runs before ``state_dict``."""
        return registered(self._hooks("state_dict_pre"), hook, prepend)

    def register_state_dict_post_hook(self, hook: Callable[..., Any], prepend: bool = False) -> Handle:
        """``hook(optimizer, state_dict)`` runs after ``state_dict``; what it returns replaces the dict."""
        return registered(self._hooks("state_dict_post"), hook, prepend)

    def register_load_state_dict_pre_hook(self, hook: Callable[..., Any], prepend: bool = False) -> Handle:
        """``hook(optimizer, state_dict)`` runs before loading; what it returns replaces the dict."""
        return registered(self._hooks("load_state_dict_pre"), hook, prepend)

    def register_load_state_dict_post_hook(self, hook: Callable[..., Any], prepend: bool = False) -> Handle:
        """``hook(optimizer)`` runs after loading."""
        return registered(self._hooks("load_state_dict_post"), hook, prepend)

    def _hooks(self, when: str) -> Hooks:
        return self.__dict__[f"_optimizer_{when}_hooks"]

    # ----------------------------------------------------------------------------------------------------------- state
    def state_dict(self) -> dict[str, Any]:
        """The state by number of the parameter, and every group's options."""
        for hook in tuple(self._hooks("state_dict_pre").values()):
            hook(self)
        numbers: dict[int, int] = {}  # id of a parameter -> its number over all groups
        groups, start = [], 0
        for g in self.param_groups:
            for i, p in enumerate(g["params"], start):
                numbers.setdefault(id(p), i)
            start += len(g["params"])
            options = {name: value for name, value in g.items() if name != "params"}
            groups.append({**options, "params": [numbers[id(p)] for p in g["params"]]})
        state = {numbers[id(p)] if isinstance(p, Tensor) else p: s for p, s in self.state.items()}
        found = {"state": state, "param_groups": groups}
        for hook in tuple(self._hooks("state_dict_post").values()):
            changed = hook(self, found)
            found = found if changed is None else changed
        return found

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over what ``state_dict`` gave.

        Errors: ValueError if groups or their sizes differ.
        """
        given = state_dict.copy()
        for hook in tuple(self._hooks("load_state_dict_pre").values()):
            changed = hook(self, given)
            given = given if changed is None else changed
        saved = copy.deepcopy(given["param_groups"])
        if len(saved) != len(self.param_groups):
            raise ValueError("loaded state dict has a different number of parameter groups")
        if any(len(a["params"]) != len(b["params"]) for a, b in zip(saved, self.param_groups, strict=True)):
            raise ValueError(
                "loaded state dict contains a parameter group that doesn't match the size of optimizer's group"
            )
        numbers = itertools.chain.from_iterable(g["params"] for g in saved)
        found = dict(zip(numbers, itertools.chain.from_iterable(g["params"] for g in self.param_groups), strict=True))
        state: defaultdict[Any, Any] = defaultdict(dict)
        for number, value in given["state"].items():
            if number in found:
                state[found[number]] = _fitting(found[number], value)
            else:
                state[number] = value
        for new, old in zip(saved, self.param_groups, strict=True):
            new["params"] = old["params"]
            if "param_names" in old:
                new.setdefault("param_names", old["param_names"])
        self.__setstate__({"state": state, "param_groups": saved})
        for hook in tuple(self._hooks("load_state_dict_post").values()):
            hook(self)

    def __repr__(self) -> str:
        lines = [f"{type(self).__name__} ("]
        for i, group in enumerate(self.param_groups):
            lines += [*([""] if i else []), f"Parameter Group {i}"]
            lines += [f"    {name}: {group[name]}" for name in sorted(group) if name != "params"]
        return "\n".join([*lines, ")"])


def _typename(value: Any) -> str:
    if isinstance(value, Tensor):
        return f"torch.{value.dtype.title}Tensor"
    return type(value).__name__


def _fitting(p: Tensor, value: Any, key: Any = None) -> Any:
    """A loaded state with its tensors in the dtype of the parameter; not the counter of steps, which stays float32."""
    if isinstance(value, Tensor):
        return value if key == "step" or not p.is_floating_point() else value.to(dtype=p.dtype)
    if isinstance(value, dict):
        return {k: _fitting(p, v, k) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_fitting(p, v) for v in value)
    return value


def _with_hooks(step: Callable[..., Any]) -> Callable[..., Any]:
    """``step`` with the hooks of the optimizer around it."""

    @functools.wraps(step)
    def hooked(self: Optimizer, *args: Any, **kwargs: Any) -> Any:
        for hook in tuple(self._hooks("step_pre").values()):
            changed = hook(self, (self, *args), kwargs)
            if changed is not None:
                if not (isinstance(changed, tuple) and len(changed) == 2):
                    raise RuntimeError(
                        f"{step} must return None or a tuple of (new_args, new_kwargs), but got {changed}."
                    )
                (_, *args), kwargs = changed
        result = step(self, *args, **kwargs)
        for hook in tuple(self._hooks("step_post").values()):
            hook(self, (self, *args), kwargs)
        return result

    hooked.hooked = True  # type: ignore[attr-defined]  # functions take attributes
    return hooked
