"""Gradients of complex functions, in one place, so that formulas are written as for real numbers.

PyTorch's gradient of a holomorphic f is ``g · conj(f'(x))``, of a matrix of derivatives ``Jᴴ g``. A formula says
``g · f'(x)``, ``Jᵀ g``: so a backward pass conjugates what it hands to a formula and what it gets back,
``Jᴴ g = conj(Jᵀ conj(g))``. Of a real input the real part is taken. A row that is not holomorphic (``conj``, ``sgn``,
``angle``, ``svd``) says so, and then its formula is the whole truth; where the result is real, as that of ``abs``, the
gradient that comes in is real and nothing is conjugated.

Only a pass in a process that has recorded complex numbers looks at all: ``RAW["COMPLEX"]``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .kernel import PUBLIC, RAW
from .node import Parts

RAW["COMPLEX"] = False  # True once a complex tensor was part of a graph


def complex_graph() -> None:
    """Note that a complex tensor is part of a graph: backward passes conjugate from now on."""
    RAW["COMPLEX"] = True


RAW["complex_graph"] = complex_graph


def conjugated(g: Any) -> Any:
    """The conjugate of a gradient: an array, a Tensor, the parts of one; itself where it is real, or None."""
    if isinstance(g, dict):
        return type(g)({i: conjugated(part) for i, part in g.items()})
    if isinstance(g, np.ndarray | np.generic):
        return np.conjugate(g) if g.dtype.kind == "c" else g
    return PUBLIC["conj"](g) if g is not None and g._d.dtype.kind == "c" else g


def conjugating(run: Callable[..., Any], spec: Any) -> Callable[..., Any]:
    """``run``, a step or its recorded twin, as a pass over complex numbers calls it."""
    if not (RAW["COMPLEX"] and getattr(spec, "holomorphic", False)):
        return run

    def step(node: Any, g: Any, free: bool) -> Any:
        if not _is_complex(g):
            return run(node, g, free)
        sent = run(node, conjugated(g), free)
        return tuple([conjugated(part) for part in sent]) if type(sent) is tuple else conjugated(sent)

    return step


def _is_complex(g: Any) -> bool:
    if type(g) is Parts:
        return any(map(_is_complex, g.values()))
    return getattr(g, "_d", g).dtype.kind == "c"
