"""What ``gradcheck`` asks for besides right numbers: of its inputs, and of gradients that are zero or undefined."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..mode import outside
from ..tensor import Tensor, wrap
from . import grad
from .function import Function
from .jacobians import as_tuple, differentiable


class GradcheckError(RuntimeError):
    """What ``gradcheck`` and ``gradgradcheck`` raise."""


def check_inputs(inputs: Sequence[Any]) -> None:
    """Raise, or warn of, what makes differences meaningless."""
    for i, t in enumerate(inputs):
        if not isinstance(t, Tensor) or not t.requires_grad:
            continue
        if t.dtype.name not in ("float64", "complex128"):
            warnings.warn(
                f"Input #{i} requires gradient and is not a double precision floating point or complex. This check "
                "will likely fail if all the inputs are not of double precision floating point or complex. ",
                stacklevel=outside(),
            )
        if not all(step > 0 or n <= 1 for step, n in zip(t.stride(), t.shape, strict=True)):
            raise RuntimeError(
                f"The {i}th input has a dimension with stride 0. gradcheck only supports inputs that are "
                "non-overlapping to be able to compute the numerical gradients correctly. You should call "
                ".contiguous on the input before passing it to gradcheck."
            )
    if not differentiable(inputs):
        raise ValueError(
            "gradcheck expects at least one input tensor to require gradient, but none of them have requires_grad=True."
        )


class _UndefinedGrad(Function):
    """The identity, whose gradient is undefined."""

    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        return x.clone()

    @staticmethod
    def backward(ctx: Any, *g: Any) -> Any:
        return None


_UNDEFINED = 'Please look at "Notes about undefined output gradients" in "tools/autograd/derivatives.yaml"'


def _warn_of_undefined() -> None:
    warnings.warn(
        "Backwards compatibility: New undefined gradient support checking feature is enabled by default, but it may "
        "break existing callers of this function. If this is true for you, you can call this function with "
        '"check_undefined_grad=False" to disable the feature',
        stacklevel=outside(),
    )


def check_undefined(func: Callable[..., Any], inputs: Sequence[Any], count: int) -> None:
    """Gradients of outputs that are undefined count as zeros, of all outputs or of each."""

    def outputs() -> list[Any]:
        return [o for o in as_tuple(func(*inputs)) if o.requires_grad]

    every = [[_UndefinedGrad.apply(o) for o in outputs()]]
    if count > 1:
        every += [[_UndefinedGrad.apply(o) if i == k else o for i, o in enumerate(outputs())] for k in range(count)]
    for each in every:
        try:
            found = grad(each, differentiable(inputs), [o.detach() * 0 for o in each], allow_unused=True)
        except RuntimeError as error:
            _warn_of_undefined()
            raise GradcheckError(
                f"Expected backward function to handle undefined output grads. {_UNDEFINED}"
            ) from error
        if any(g is not None and not bool((g == 0).all()) for g in found):
            _warn_of_undefined()
            raise GradcheckError(
                "Expected all input grads to be undefined or zero when all output grads are undefined or zero. "
                + _UNDEFINED
            )


def check_multiplied(outputs: Sequence[Tensor], inputs: Sequence[Tensor]) -> None:
    """A gradient is multiplied by what comes in: of zeros it is zero."""
    zeros = [wrap(np.zeros(o._d.shape, o._d.dtype)) for o in outputs]
    for g, t in zip(grad(outputs, inputs, zeros, allow_unused=True), inputs, strict=True):
        if g is None:
            continue
        if not bool((g == 0).all()):
            raise GradcheckError("backward not multiplied by grad_output")
        if g.dtype != t.dtype:
            raise GradcheckError("grad is incorrect type")
        if g.shape != t.shape:
            raise GradcheckError("grad is incorrect size")
