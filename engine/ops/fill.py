"""Values that replace what was there: nothing flows back to the tensor that was filled."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..op import op


def _named(node: Any) -> str:
    return node.saved[0]


@op(x=lambda g, name: zeros_as(g), values=None, node=_named, jvp=lambda tangent_x: zeros_as(tangent_x))
def overwritten(x, values, name):
    """``values`` in place of ``x``; ``name`` is what PyTorch calls the node, as ``NormalBackward0``."""
    return values


@op(
    x=lambda g, name: zeros_as(g),
    value=lambda g, name: sum(g),
    node=_named,
    jvp=lambda tangent_x, tangent_value: zeros_as(tangent_x) + tangent_value,
)
def filled_with(x, value, name):
    """The 0-d ``value`` in place of every element of ``x``."""
    return np.full_like(x, value)
