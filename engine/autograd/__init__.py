"""``torch.autograd``: gradients of what was computed."""

from __future__ import annotations

from typing import Any

from .. import errors, late
from ..kernel import tick
from ..mode import enable_grad, no_grad, overridable, set_grad_enabled
from ..sweep import begin, captured, run_backward
from ..tensor import Tensor, wrap
from . import graph

__getattr__, _late = late.names(__name__, "torch.autograd", {"forward_ad": "", "functional": ""})
__all__ = ["Variable", "backward", "enable_grad", "grad", "graph", "no_grad", "set_grad_enabled", *_late]


def _listed(value: Any) -> list[Any]:
    return [value] if isinstance(value, Tensor) else list(value)


def _gradients(value: Any, count: int) -> list[Any]:
    """One gradient, or None, for each output."""
    __tracebackhide__ = True
    found = [value] if value is None or isinstance(value, Tensor) else list(value)
    if len(found) == 1 and found[0] is None:
        found = [None] * count
    if len(found) != count:
        for g in found:
            if g is not None and not isinstance(g, Tensor):
                raise errors.gradient_type(g)
        raise RuntimeError(f"got {count} tensors and {len(found)} gradients")
    return found


@overridable
def backward(
    tensors: Any,
    grad_tensors: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    grad_variables: Any = None,
    inputs: Any = None,
) -> None:
    """Add Jᵀv to the ``.grad`` of every leaf: J the Jacobian of ``tensors``, v their ``grad_tensors``.

    Shapes: each of ``grad_tensors`` has the shape of its tensor; None stands for 1 where the tensor has one element.
    Errors: PyTorch's, for a v of another shape or type, a missing graph, and a graph that was freed.
    Source: torch.autograd.backward.
    """
    __tracebackhide__ = True
    if grad_tensors is None:
        grad_tensors = grad_variables
    outputs = _listed(tensors)
    chosen = None if inputs is None else _listed(inputs)
    if chosen is not None and not chosen:
        raise RuntimeError("`inputs` argument to `backward()` cannot be empty.")
    run_backward(outputs, _gradients(grad_tensors, len(outputs)), retain_graph, create_graph, chosen)


@overridable
def grad(
    outputs: Any,
    inputs: Any,
    grad_outputs: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    only_inputs: bool = True,
    allow_unused: bool | None = None,
    is_grads_batched: bool = False,
    materialize_grads: bool = False,
) -> tuple[Any, ...]:
    """Jᵀv for each of ``inputs``, returned; no ``.grad`` is touched.

    Shapes: each result has the shape of its input, each of ``grad_outputs`` that of its output.
    Errors: RuntimeError for an input that was not used, unless ``allow_unused``.
    Source: torch.autograd.grad.
    """
    __tracebackhide__ = True
    ys, xs = _listed(outputs), _listed(inputs)
    if is_grads_batched:
        rows = [grad(ys, xs, [row], True, create_graph, True, allow_unused) for row in _gradients(grad_outputs, 1)[0]]
        from ..kernel import PUBLIC

        return tuple(None if column[0] is None else PUBLIC["stack"](list(column)) for column in zip(*rows, strict=True))
    free = not (create_graph if retain_graph is None else retain_graph)
    found = captured(begin(ys, _gradients(grad_outputs, len(ys)), create_graph), xs, free, create_graph)
    missing = [i for i, g in enumerate(found) if g is None]
    if missing and not (materialize_grads or allow_unused):
        raise errors.unused(missing[0])
    results = []
    for x, g in zip(xs, found, strict=True):
        if g is None:
            results.append(x.detach() * 0 if materialize_grads else None)
        else:
            results.append(g if create_graph else wrap(g))
    return tuple(results)


def Variable(data: Tensor, requires_grad: bool = False, volatile: bool = False) -> Tensor:
    """``data`` as a leaf; what PyTorch before 0.4 wrapped tensors in. Tensors are Variables now."""
    out = data.detach()
    return out.requires_grad_(requires_grad)


def _get_sequence_nr() -> int:
    """The number that the next recorded operation will get."""
    return -tick()
