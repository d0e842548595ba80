"""What the functions of ``autograd.functional`` share: their arguments, what strict mode refuses, and its words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..func.levels import VMAP, levels
from ..func.nesting import spread
from ..graph.forward import zeros_of
from ..tensor import Tensor
from . import grad

Tensors = tuple[Any, ...]


# ------------------------------------------------------------------------------------------- arguments and results
def tupled(given: Any, name: str, api: str) -> tuple[bool, Tensors]:
    """Whether ``given`` was a tuple, and it as one.

    Errors: TypeError for anything that is no tensor.
    """
    __tracebackhide__ = True
    several = isinstance(given, tuple)
    found = given if several else (given,)
    for i, t in enumerate(found):
        if not isinstance(t, Tensor):
            which = f"value at index {i}" if several else f"given {name}"
            raise TypeError(
                f"The {name} given to {api} must be either a Tensor or a tuple of Tensors but the {which} has type "
                f"{type(t)}."
            )
    return several, found


def prepared(tensors: Sequence[Any], create_graph: bool, need_graph: bool) -> Tensors:
    """New tensors on the same memory; they want gradients if ``need_graph``, and keep histories if ``create_graph``."""
    out = []
    for t in tensors:
        if create_graph and t.requires_grad:
            for level in levels():
                if level.kind == VMAP:
                    t = spread(t, level)
            out.append(t.view_as(t))
        else:
            t = t.detach()
            out.append(t.requires_grad_() if need_graph else t)
    return tuple(out)


def finished(value: Any, create_graph: bool) -> Any:
    """Nested tuples of tensors, cut from their history unless that was wanted."""
    if isinstance(value, Tensor):
        return value if create_graph else value.detach()
    return tuple([finished(v, create_graph) for v in value])


def as_given(value: Sequence[Any], several: bool) -> Any:
    return tuple(value) if several else value[0]


def check_v(v: Tensors, other: Tensors, several: bool) -> None:
    __tracebackhide__ = True
    if len(other) != len(v):
        if several:
            raise RuntimeError(f"v is a tuple of invalid length: should be {len(other)} but got {len(v)}.")
        raise RuntimeError("The given v should contain a single Tensor.")
    for i, (mine, wanted) in enumerate(zip(v, other, strict=True)):
        if mine.size() != wanted.size():
            where = f"Entry {i} in " if several else ""
            raise RuntimeError(f"{where}v has invalid size: should be {wanted.size()} but got {mine.size()}.")


_NOT_NONE = {
    "outputs": "The vector v can only be None if the user-provided function returns a single Tensor with a single "
    "element.",
    "jvp": "The vector v can only be None if the input to the user-provided function is a single Tensor with a single "
    "element.",
}
_NOT_NONE |= {"vhp": _NOT_NONE["jvp"], "hvp": _NOT_NONE["jvp"]}


def vector(v: Any, api: str, other: Tensors, several: bool, create_graph: bool) -> Tensors | None:
    """The vector that the function was given, checked against ``other``; None where that has a single element."""
    __tracebackhide__ = True
    if v is None:
        if len(other) != 1 or other[0].nelement() != 1:
            raise RuntimeError(_NOT_NONE["outputs" if api == "vjp" else api])
        return None
    found = prepared(tupled(v, "v", api)[1], create_graph, False)
    check_v(found, other, several)
    return found


# ------------------------------------------------------------------------------------------------------- strict mode
_INDEPENDENT = {
    "hessian": "The hessian of the user-provided function with respect to input {} is independent of the input. This "
    "is not allowed in strict mode. You should ensure that your function is thrice differentiable and that the hessian "
    "depends on the inputs.",
    "jacobian": "While computing the hessian, found that the jacobian of the user-provided function with respect to "
    "input {} is independent of the input. This is not allowed in strict mode. You should ensure that your function is "
    "twice differentiable and that the jacobian depends on the inputs (this would be violated by a linear function for "
    "example).",
    "grad_inputs": "The gradient with respect to input {} is independent of the inputs of the user-provided function. "
    "This is not allowed in strict mode.",
    "outputs": "Output {} of the user-provided function does not require gradients. The outputs must be computed in a "
    "differentiable manner from the input when running in strict mode.",
}
_MISSING = {
    "back": "The output of the user-provided function is independent of input {}. This is not allowed in strict mode.",
    "back_trick": "The gradient with respect to the input is independent of entry {} in the grad_outputs when using "
    "the double backward trick to compute forward mode gradients. This is not allowed in strict mode.",
    "double_back": "The jacobian of the user-provided function is independent of input {}. This is not allowed in "
    "strict mode.",
    "double_back_trick": "The hessian of the user-provided function is independent of entry {} in the grad_jacobian. "
    "This is not allowed in strict mode as it prevents from using the double backward trick to replace forward mode "
    "AD.",
}


def check_strict(tensors: Sequence[Any], kind: str, strict: bool) -> None:
    __tracebackhide__ = True
    if not strict:
        return
    for i, t in enumerate(tensors):
        if t is None:
            raise RuntimeError(_MISSING["back"].format(i))
        if not t.requires_grad:
            raise RuntimeError(_INDEPENDENT[kind].format(i))


def filled(grads: Sequence[Any], like: Sequence[Any], strict: bool, create_graph: bool, stage: str) -> Tensors:
    """Zeros for gradients that are None; in strict mode that, or one without a history, is an error."""
    __tracebackhide__ = True
    out = []
    for i, (g, t) in enumerate(zip(grads, like, strict=True)):
        if g is None:
            if strict:
                raise RuntimeError(_MISSING[stage].format(i))
            g = zeros_of(t)
        elif strict and create_graph and not g.requires_grad:
            what = "hessian" if "double" in stage else "jacobian"
            raise RuntimeError(
                f"The {what} of the user-provided function is independent of input {i}. This is not allowed in strict "
                "mode when create_graph=True."
            )
        out.append(g)
    return tuple(out)


def gradients(
    outputs: Sequence[Any], inputs: Tensors, v: Sequence[Any] | None = None, create_graph: bool = False, **more: Any
) -> Tensors:
    """``autograd.grad``, in which outputs may be None or want no gradient."""
    __tracebackhide__ = True
    vectors = [None] * len(outputs) if v is None else v
    alive = [(y, g) for y, g in zip(outputs, vectors, strict=True) if y is not None and y.requires_grad]
    if not alive:
        return (None,) * len(inputs)
    ys, gs = zip(*alive, strict=True)
    return grad(ys, inputs, gs, allow_unused=True, create_graph=create_graph, **more)
