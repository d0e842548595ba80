"""Optimizer: parameters in groups, the state kept for each, and ``zero_grad``."""

from __future__ import annotations

import copy
import itertools
import warnings
from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any

from .. import errors
from ..mode import enable_grad, no_grad
from ..tensor import Tensor


class Optimizer:
    """Base class: define ``update(group)``. ``params``: tensors, (name, tensor) pairs, or dicts with their own options.

    Source: torch.optim.Optimizer.
    """

    def __init__(self, params: Iterable[Any], defaults: dict[str, Any]) -> None:
        if isinstance(params, Tensor):
            raise errors.hinted(
                TypeError(
                    "params argument given to the optimizer should be an iterable of Tensors or dicts, but got "
                    f"torch.{params.dtype.title}Tensor"
                ),
                "put it in a list: [w]",
            )
        self.defaults = defaults
        self.state: defaultdict[Any, dict[str, Any]] = defaultdict(dict)
        self.param_groups: list[dict[str, Any]] = []
        groups = list(params)
        if not groups:
            raise ValueError("optimizer got an empty parameter list")
        if not isinstance(groups[0], dict):
            groups = [{"params": groups}]
        for group in groups:
            self.add_param_group(group)

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Add parameters with options of their own.

        Errors: TypeError for what is no tensor, ValueError for non-leaves and for parameters in two groups.
        """
        if not isinstance(param_group, dict):
            raise TypeError(f"param_group must be a dict, but got {type(param_group)}")
        group = dict(param_group)
        given = group["params"]
        if isinstance(given, set):
            raise TypeError(
                "optimizer parameters need to be organized in ordered collections, but the ordering of tensors in sets "
                "will change between runs. Please use a list instead."
            )
        members = [given] if isinstance(given, Tensor) else list(given)
        if members and all(isinstance(m, tuple) for m in members):
            group["param_names"] = [name for name, _ in members]
            members = [p for _, p in members]
        self._check(members)
        group["params"] = members
        for name, value in self.defaults.items():
            group.setdefault(name, value)
        if len(set(map(id, members))) != len(members):
            warnings.warn(
                "optimizer contains a parameter group with duplicate parameters; in future, this will cause an error; "
                "see github.com/pytorch/pytorch/issues/40967 for more information",
                UserWarning,
                stacklevel=4,
            )
        known = {id(p) for g in self.param_groups for p in g["params"]}
        if not known.isdisjoint(map(id, members)):
            raise ValueError("some parameters appear in more than one parameter group")
        self.param_groups.append(group)

    @staticmethod
    def _check(members: list[Any]) -> None:
        for p in members:
            if not isinstance(p, Tensor):
                raise TypeError(f"optimizer can only optimize Tensors, but one of the params is {type(p).__name__}")
            if not p.is_leaf:
                raise errors.hinted(
                    ValueError("can't optimize a non-leaf Tensor"),
                    "a step has to change what is not computed from something else: pass the leaf.",
                )

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget every parameter's gradient, or fill it with zeros: gradients add up until someone does."""
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is not None:
                    if set_to_none:
                        p.grad = None
                        continue
                    if p.grad.requires_grad:
                        p.grad = p.grad.detach()
                    p.grad.zero_()

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Change every parameter that has a gradient; ``closure`` computes the loss anew, and is returned."""
        loss = None
        with no_grad():
            if closure is not None:
                with enable_grad():
                    loss = closure()
            for group in self.param_groups:
                self.update(group)
        return loss

    def update(self, group: dict[str, Any]) -> None:
        """One step for the parameters of ``group``; nothing is recorded."""
        raise NotImplementedError

    # ----------------------------------------------------------------------------------------------------------- state
    def _numbers(self) -> dict[int, int]:
        """id of a parameter -> its number over all groups."""
        numbers: dict[int, int] = {}
        for p in itertools.chain.from_iterable(g["params"] for g in self.param_groups):
            numbers.setdefault(id(p), len(numbers))
        return numbers

    def state_dict(self) -> dict[str, Any]:
        """The state by number of the parameter, and every group's options."""
        numbers = self._numbers()
        groups = [
            {**{k: v for k, v in g.items() if k != "params"}, "params": [numbers[id(p)] for p in g["params"]]}
            for g in self.param_groups
        ]
        state = {numbers[id(p)] if isinstance(p, Tensor) else p: s for p, s in self.state.items()}
        return {"state": state, "param_groups": groups}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over what ``state_dict`` gave.

        Errors: ValueError if groups or their sizes differ.
        """
        given = copy.deepcopy(state_dict)
        groups = given["param_groups"]
        if len(groups) != len(self.param_groups):
            raise ValueError("loaded state dict has a different number of parameter groups")
        if any(len(a["params"]) != len(b["params"]) for a, b in zip(groups, self.param_groups, strict=True)):
            raise ValueError(
                "loaded state dict contains a parameter group that doesn't match the size of optimizer's group"
            )
        found = {
            number: p
            for a, b in zip(groups, self.param_groups, strict=True)
            for number, p in zip(a["params"], b["params"], strict=True)
        }
        self.state = defaultdict(dict, {found.get(k, k): s for k, s in given["state"].items()})
        for a, b in zip(groups, self.param_groups, strict=True):
            b.update({name: value for name, value in a.items() if name != "params"})

    def __repr__(self) -> str:
        lines = [f"{type(self).__name__} ("]
        for i, group in enumerate(self.param_groups):
            lines += [*([""] if i else []), f"Parameter Group {i}"]
            lines += [f"    {name}: {group[name]}" for name in sorted(group) if name != "params"]
        return "\n".join([*lines, ")"])
