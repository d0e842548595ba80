"""What a tape holds of a cell's calls: tensors, their numbers at each moment, and each call with what it was given."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..cells.walk import Path

Array = np.ndarray[Any, Any]


@dataclass(frozen=True, eq=False)
class Value:
    """A tensor's numbers at one moment, or why they are not there."""

    array: Array | None
    shape: tuple[int, ...]
    dtype: str
    problem: str = ""


@dataclass(eq=False)
class Slot:
    """One tensor of the cell's; it is held, so that its id stays its own. ``value``: its latest known one."""

    tensor: Any
    memory: Any
    value: Value | None = None
    version: int = 0  # when it had that value


@dataclass(frozen=True, eq=False)
class Ref:
    """Stands for a tensor among a call's arguments."""

    slot: Slot


@dataclass(frozen=True, eq=False)
class Use:
    """A tensor with its value at one moment. ``forced``: no call that was seen gave it this value."""

    slot: Slot
    value: Value
    requires_grad: bool
    version: int
    forced: bool = False
    node: Any = None
    output_nr: int = 0
    alias: Alias | None = None


@dataclass(frozen=True, eq=False)
class Alias:
    """A tensor that no call made, as ``x.data``: how it lies in the memory of one that is known."""

    owner: Slot
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    offset: int  # from the owner's first entry


@dataclass(frozen=True, eq=False)
class Settings:
    """What else a call's result depends on."""

    grad: bool = True
    inference: bool = False
    dtype: str = "float32"
    autocast: bool = False


@dataclass(eq=False)
class Noted:
    """One call. ``random``: the state of the random numbers before it, where it drew some."""

    func: Any
    path: Path
    args: Any
    kwargs: Any
    settings: Settings
    inputs: list[Use]
    name: str = ""
    kind: str = ""  # of a backward pass, else ""
    results: list[Use] = field(default_factory=list)
    written: list[Use] = field(default_factory=list)
    random: bytes | None = None
    generator: bool = False
    roots: list[Slot] = field(default_factory=list)
    before: list[tuple[Use, Use | None]] = field(default_factory=list)  # each leaf, and what its .grad held
    wanted: list[Slot] = field(default_factory=list)  # what autograd.grad was asked for
    after: list[tuple[Slot, Use | None]] = field(default_factory=list)  # each of these, and its gradient afterwards
    weights: list[Array] = field(default_factory=list)  # v of each root
    hooks: bool = False  # whether code of the cell's took part in the pass
    observed: dict[Any, Any] = field(default_factory=dict)  # by node: the gradients that arrived there


@dataclass(frozen=True, eq=False)
class Read:
    """A number of a tensor that Python was given, as a branch does. ``at``: how many calls had been noted before."""

    func: Any
    path: Path
    args: Any
    kwargs: Any
    inputs: list[Use]
    name: str
    value: Any
    at: int
