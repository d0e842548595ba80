"""Activations that draw: leaky ReLU with random slopes, softmax of Gumbel noise. And activations' in-place names.

Source: ``aten/src/ATen/native/Activation.cpp``; Jang et al., 2017 (Gumbel softmax).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ... import errors, random
from ...mode import overridable
from ...table.inplace import apply
from ...table.kernel import PUBLIC
from ...tensor import Tensor, wrap
from . import activation


@overridable
def rrelu(
    input: Tensor, lower: float = 1.0 / 8, upper: float = 1.0 / 3, training: bool = False, inplace: bool = False
) -> Tensor:
    """``x`` where it is positive, else ``a x``: a uniform in [lower, upper) while training, else their mean."""
    if input._d.dtype.kind != "f":
        raise errors.not_implemented("rrelu_with_noise_out_cpu" if training else "leaky_relu_cpu", input._d.dtype)
    if lower > upper:
        raise RuntimeError("Lower bound should be less than or equal to the upper bound")
    slopes = np.ones(input.shape, input._d.dtype)
    below = input._d <= 0
    if training:
        slopes[below] = random.uniform(int(np.sum(below)), lower, upper, "float64")
    else:
        slopes[below] = (lower + upper) / 2
    if inplace:
        return apply(input, lambda x: PUBLIC["rrelu"](x, wrap(slopes)), (), {})
    return PUBLIC["rrelu"](input, wrap(slopes))


@overridable
def gumbel_softmax(logits: Tensor, tau: float = 1, hard: bool = False, eps: float = 1e-10, dim: int = -1) -> Tensor:
    """``softmax((logits + noise) / tau)``: about a draw of one class; ``hard``: one-hot, with its gradient."""
    noise = -logits.new_empty(logits.shape).exponential_().log()
    soft = ((logits + noise) / tau).softmax(dim)
    if not hard:
        return soft
    chosen = soft.max(dim, keepdim=True)[1]
    one_hot = logits.detach().new_zeros(logits.shape).scatter_(dim, chosen, 1.0)
    return one_hot - soft.detach() + soft


def _in_place(name: str) -> Callable[..., Tensor]:
    function: Any = rrelu if name == "rrelu" else getattr(activation, name)

    def written(input: Tensor, *options: Any, **named: Any) -> Tensor:
        return function(input, *options, inplace=True, **named)

    written.__name__ = written.__qualname__ = name + "_"
    written.__doc__ = f"``{name}``, written into ``input``."
    return written


celu_, elu_, hardtanh_, leaky_relu_ = map(_in_place, ("celu", "elu", "hardtanh", "leaky_relu"))
relu_, rrelu_, selu_, threshold_ = map(_in_place, ("relu", "rrelu", "selu", "threshold"))
