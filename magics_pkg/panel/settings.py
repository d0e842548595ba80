"""How a panel is drawn, and where its weights stand: what a user may ask of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..backends import plain
from ..style.format import shape
from ..words import say

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Settings:
    """How a panel is drawn: the traits of `%config BackwardMagics`, and the options of one call."""

    renderer: str = "wasm"  # or "dot", the native program
    range: tuple[float, float] | None = None
    max_nodes: int = 100
    graph: bool = True
    seconds: float = 5.0  # that Graphviz may take
    depth: float | None = None  # levels of modules and functions that are open; None: as many as are legible
    opens: str = ""  # the drawer that is open at first
    inputs: tuple[Any, ...] | None = None  # leaves that get sliders, or their names; () for all, None for none


def preset(name: str, written: Array, index: int | None = None) -> Array:
    """All of v as a button asks for it: "written", "ones", "zeros", "random", or "hot", 1 at one flat index."""
    if name == "written":
        return written
    if name == "random":
        return np.random.default_rng().uniform(-1, 1, written.size)
    v = np.full(written.size, 1.0 if name == "ones" else 0.0)
    if name == "hot" and index is not None:
        v[index] = 1.0
    return v


def weights_for(size: tuple[int, ...], v: Any) -> Array:
    """v as an array of the output's shape: a number for every entry alike, or as many numbers as there are entries.

    Errors: TypeError for what is not numbers, ValueError for another shape."""
    try:
        array = np.asarray(plain(v), dtype=np.float64)
    except (TypeError, ValueError):
        raise TypeError(say("v_is_no_numbers", shape=shape(size), kind=type(v).__name__)) from None
    if array.ndim == 0:
        return np.full(size, array)
    if array.shape != size:
        raise ValueError(say("v_has_shape", wanted=shape(size), found=shape(array.shape)))
    return array
