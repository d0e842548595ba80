"""Values that replace what was there: nothing flows back to the tensor that was filled."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..table.kernel import RAW, on_arrays
from ..table.op import op


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


@on_arrays("zeros_shaped", lambda shape, dtype: RAW["wrap"](np.zeros(shape, dtype)))
def zeros_shaped(shape, dtype):
    """Zeros of a shape and dtype."""
    return np.zeros(shape, dtype)


@op(
    x=lambda g, x_shape, x_dtype: zeros_shaped(x_shape, x_dtype),
    y=lambda g, y_shape, y_dtype: zeros_shaped(y_shape, y_dtype),
    values=None, apart=("y",), node="NormalBackward3", jvp=lambda tangent_x, tangent_y, values: zeros_as(values),
)  # fmt: skip
def normal_of_two(x, y, values):
    """``values``, normal numbers of means ``x`` and deviations ``y``."""
    return values


@op(
    x=lambda g: underivable(g, "binomial"), y=lambda g: underivable(g, "binomial"), values=None, apart=("y",),
    node="torch::autograd::NotImplemented", jvp="linear",
)  # fmt: skip
def binomial_of_two(x, y, values):
    """``values``, numbers of successes in ``x`` trials of chance ``y``."""
    return values


binomial_of_two.row.differentiable = lambda node: node.step.spec.wanted
