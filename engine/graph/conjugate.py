"""Gradients of complex functions, in one place, so that formulas are written as for real numbers.

PyTorch's gradient of a holomorphic f is ``g · conj(f'(x))``, of a matrix of derivatives ``Jᴴ g``. A formula says
``g · f'(x)``, ``Jᵀ g``: so a backward pass conjugates what it hands to a formula and what it gets back,
``Jᴴ g = conj(Jᵀ conj(g))``. Of a real input the real part is taken. A row that is not holomorphic (``conj``, ``sgn``,
``angle``, ``svd``) says so, and then its formula is the whole truth; where the result is real, as that of ``abs``, the
gradient that comes in is real and nothing is conjugated.

Only once a process has recorded complex numbers does anything look: ``RAW["COMPLEX"]``. From then on new nodes hold
their steps with this around them; older nodes are of real numbers and stay as they are.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..table.kernel import PUBLIC, RAW
from .node import Parts


def complex_graph() -> None:
    """Note that a complex tensor is part of a graph: nodes made from now on conjugate."""
    if RAW["COMPLEX"]:
        return
    from ..table.op import TABLE

    RAW["COMPLEX"] = True
    for row in tuple(TABLE.values()):
        row.install()


def conjugated(g: Any) -> Any:
    """The conjugate of a gradient: an array, a Tensor, the parts of one; itself where it is real, or None."""
    if isinstance(g, dict):
        return type(g)({i: conjugated(part) for i, part in g.items()})
    if isinstance(g, np.ndarray | np.generic):
        return np.conjugate(g) if g.dtype.kind == "c" else g
    return PUBLIC["conj"](g) if g is not None and g._d.dtype.kind == "c" else g


def conjugating(run: Callable[..., Any], spec: Any) -> Callable[..., Any]:
    """``run``, a step or its recorded twin, as complex numbers ask for it."""
    if not (RAW["COMPLEX"] and getattr(spec, "holomorphic", False)):
        return run

    def step(node: Any, g: Any, free: bool) -> Any:
        if type(g) is Parts:
            if not any(map(_is_complex, g.values())):
                return run(node, g, free)
        elif not _is_complex(g):
            return run(node, g, free)
        sent = run(node, conjugated(g), free)
        return tuple([conjugated(part) for part in sent]) if type(sent) is tuple else conjugated(sent)

    return step


def _is_complex(g: Any) -> bool:
    return (g.dtype if isinstance(g, np.ndarray | np.generic) else g._d.dtype).kind == "c"


RAW.update(complex_graph=complex_graph, conjugating=conjugating)
