"""Activations in which one tensor opens or closes the way for another."""

import numpy as np

from ..table.kernel import rule
from ..table.op import elementwise, op


@elementwise(
    x=lambda g, x, y: where(x > 0, g, g * y),
    y=lambda g, x: where(x > 0, 0.0, g * x),
    node="PreluKernelBackward0",
    called="prelu",
    real="prelu_cpu",
)
def prelu(x, y):
    """``x`` where it is positive, else ``x · y``."""
    return np.where(np.greater(x, 0), x, x * y)


@rule
def halves(x, dim):
    """The two halves of ``x`` along ``dim``."""
    dim %= len(x.shape)
    size = x.shape[dim] // 2
    return slice_of(x, dim, 0, size, 1), slice_of(x, dim, size, 2 * size, 1)


@rule
def glu_slope(g, x, dim):
    """What the two halves receive: ``g · σ(b)`` and ``g · a · σ(b) · (1 - σ(b))``."""
    a, b = halves(x, dim)
    gate = sigmoid(b)
    sent = g * gate
    return cat([sent, sent * a * (1 - gate)], dim % len(x.shape))


@rule
def glu_tangent(t, x, dim):
    """``t_a · σ(b) + t_b · a · σ(b) · (1 - σ(b))``."""
    (a, b), (along_a, along_b) = halves(x, dim), halves(t, dim)
    gate = sigmoid(b)
    return gate * along_a + a * gate * (1 - gate) * along_b


@op(x=lambda g, x, dim: glu_slope(g, x, dim), jvp=lambda t, x, dim: glu_tangent(t, x, dim))
def glu(x, dim=-1):
    """``a · sigmoid(b)`` of the two halves of ``x`` along ``dim``."""
    a, b = halves(x, dim)
    return a * sigmoid(b)


@elementwise(x=lambda g, y: g * y, y=None, node="RreluWithNoiseBackward0", called="rrelu")
def rrelu(x, y):
    """``x · y``: y is 1 where x is positive, else the slope that was drawn there."""
    return x * y
