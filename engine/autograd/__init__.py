"""``torch.autograd``: gradients of what was computed. Each file is read when one of its names is asked for."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np

from .. import autograd_errors, errors
from ..graph.node import Severed
from ..graph.sweep import begin, captured, run_backward
from ..mode import enable_grad, no_grad, overridable, set_grad_enabled
from ..naming import late
from ..table.kernel import PUBLIC, tick
from ..tensor import Tensor, wrap

FILES = {
    "anomaly_mode": "anomaly_mode detect_anomaly set_detect_anomaly",
    "forward_ad": "",
    "function": "function Function NestedIOFunction",
    "functional": "",
    "grad_mode": "grad_mode inference_mode set_multithreading_enabled",
    "gradcheck": "gradcheck",
    "gradgradcheck": "",
    "graph": "",
    "variable": "",
}
_late, _late_names = late.names(__name__, "torch.autograd", FILES)


def __getattr__(name: str) -> Any:
    if name == "gradgradcheck":
        from .gradcheck import gradgradcheck

        return gradgradcheck
    return _late(name)


__all__ = ["Variable", "backward", "enable_grad", "grad", "no_grad", "set_grad_enabled", *_late_names]


def __dir__() -> list[str]:
    return sorted(__all__)


def _is_edge(value: Any) -> bool:
    return type(value).__name__ == "GradientEdge" and hasattr(value, "ownership_token")


def _listed(value: Any) -> list[Any]:
    return [value] if isinstance(value, Tensor) or _is_edge(value) else list(value)


def _inputs(value: Any, function: str) -> list[Any]:
    """The tensors and edges to differentiate by; of a dictionary its values."""
    __tracebackhide__ = True
    if isinstance(value, Mapping):
        if type(value) is not dict:
            raise TypeError(
                f"`inputs` argument to `{function}()` must be a dict, not {type(value).__name__}. Other Mapping types "
                "are not supported."
            )
        value = value.values()
    found = _listed(value)
    if not found:
        raise RuntimeError(f"`inputs` argument to `{function}()` cannot be empty.")
    return found


def _outputs(value: Any) -> list[Any]:
    """What a pass begins at: tensors, or what stands for one at an edge."""
    __tracebackhide__ = True
    found = _listed(value)
    if any(_is_edge(each) for each in found):
        from .graph import root

        return [root(each) if _is_edge(each) else each for each in found]
    for each in found:
        if not isinstance(each, Tensor):
            raise AssertionError("Expected output to be a torch.Tensor")
    return found


def _edge(of: Any, outputs: list[Any]) -> Any:
    """Where the gradient of an input arrives."""
    __tracebackhide__ = True
    if _is_edge(of):
        from .graph import found

        return found(of, [t._n for t in outputs])
    if of._n is None:
        raise errors.input_needs_no_grad()
    return type(of._n)(of, of._d) if isinstance(of._n, Severed) else of._n  # where nothing arrives


def _gradients(value: Any, count: int) -> list[Any]:
    """One gradient, or None, for each output."""
    __tracebackhide__ = True
    found = [value] if isinstance(value, Tensor) else [None] * count if value is None else list(value)
    if len(found) < count:
        if found == [None]:
            return [None] * count
        for g in found:
            if g is not None and not isinstance(g, Tensor):
                raise errors.gradient_type(g)
        raise RuntimeError(f"got {count} tensors and {len(found)} gradients")
    return found[:count]


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
    if grad_variables is not None:
        warnings.warn("`grad_variables` is deprecated. Use `grad_tensors` instead.", FutureWarning, stacklevel=3)
        if grad_tensors is not None:
            raise RuntimeError(
                "`grad_tensors` and `grad_variables` (deprecated) arguments both passed to `backward()`. Please only "
                "use `grad_tensors`."
            )
        grad_tensors = grad_variables
    chosen = None if inputs is None else _inputs(inputs, "backward")
    outputs = _outputs(tensors)
    gradients = _gradients(grad_tensors, len(outputs))
    if chosen is None:
        run_backward(outputs, gradients, retain_graph, create_graph)
        return
    for t in chosen:
        if isinstance(t, Tensor):
            t.retain_grad()
    run_backward(outputs, gradients, retain_graph, create_graph, [_edge(t, outputs) for t in chosen])


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
) -> Any:
    """Jᵀv for each of ``inputs``, returned; no ``.grad`` is touched. A dictionary of inputs gives one of gradients.

    Shapes: each result has the shape of its input, each of ``grad_outputs`` that of its output; with
    ``is_grads_batched`` either has one dimension more in front.
    Errors: RuntimeError for an input that was not used, unless ``allow_unused``.
    Source: torch.autograd.grad.
    """
    __tracebackhide__ = True
    if materialize_grads and allow_unused is False:
        raise ValueError(
            "Expected allow_unused to be True or not passed when materialize_grads=True, but got: "
            f"allow_unused={allow_unused}."
        )
    if not only_inputs:
        warnings.warn(
            "only_inputs argument is deprecated and is ignored now (defaults to True). To accumulate gradient for "
            "other parts of the graph, please use torch.autograd.backward.",
            FutureWarning,
            stacklevel=3,
        )
    ys, xs = _outputs(outputs), _inputs(inputs, "grad")
    vs = _gradients(grad_outputs, len(ys))
    free = not (create_graph if retain_graph is None else retain_graph)
    unused = bool(allow_unused or materialize_grads)
    if is_grads_batched:
        results = _batched(ys, xs, vs, free, create_graph, unused)
    else:
        results = _one(ys, xs, vs, free, create_graph, unused)
    if materialize_grads:
        results = [_zeros(x, create_graph) if g is None else g for x, g in zip(xs, results, strict=True)]
    return dict(zip(inputs, results, strict=True)) if isinstance(inputs, dict) else tuple(results)


def _one(ys: list[Any], xs: list[Any], vs: list[Any], free: bool, recorded: bool, unused: bool) -> list[Any]:
    """Jᵀv for one v."""
    __tracebackhide__ = True
    found = captured(begin(ys, vs, recorded), [_edge(x, ys) for x in xs], free, recorded)
    if None in [None if g is None else 0 for g in found] and not unused:
        raise errors.unused([g is None for g in found].index(True))
    return [g if recorded or g is None else wrap(g) for g in found]


def _batched(ys: list[Any], xs: list[Any], vs: list[Any], free: bool, recorded: bool, unused: bool) -> list[Any]:
    """Jᵀv for each v of a batch, stacked."""
    __tracebackhide__ = True
    for i, (y, v) in enumerate(zip(ys, vs, strict=True)):
        if v is not None and (not v._d.ndim or v._d.shape[1:] != y._d.shape):
            raise autograd_errors.batch_mismatch(i, v._d.shape[2:], y._d.shape)
    if all(v is None for v in vs):
        begin(ys, vs, recorded)
    size = next(len(v) for v in vs if v is not None)
    rows = []
    for i in range(size):
        row = [None if v is None else v[i] for v in vs]
        rows.append(_one(ys, xs, row, free and i == size - 1, recorded, unused))
    return [None if column[0] is None else PUBLIC["stack"](list(column)) for column in zip(*rows, strict=True)]


def _zeros(x: Any, recorded: bool) -> Tensor:
    if not isinstance(x, Tensor):
        raise RuntimeError("materialize_grads cannot be used when the given input is a GradientEdge")
    return (x.detach() * 0).requires_grad_(recorded)


class VariableMeta(type):
    """Every tensor is a Variable."""

    def __instancecheck__(cls, other: Any) -> bool:
        return isinstance(other, Tensor)


class Variable(metaclass=VariableMeta):
    """``Variable(data, requires_grad)``: ``data`` as a leaf, as programs wrote it before PyTorch 0.4."""

    def __new__(cls, data: Any = None, requires_grad: Any = False, volatile: Any = False) -> Any:
        if data is None:
            return wrap(np.zeros(0, np.float32))
        if not isinstance(data, Tensor):
            raise TypeError(f"Variable data has to be a tensor, but got {type(data).__name__}")
        if volatile:
            message = "volatile was removed and now has no effect. Use `with torch.no_grad():` instead."
            warnings.warn(message, UserWarning, stacklevel=2)
        if requires_grad and data._d.dtype.kind not in "fc":
            raise errors.only_floating_made()
        return data.detach().requires_grad_(bool(requires_grad))


def _get_sequence_nr() -> int:
    """The number that the next recorded operation will get."""
    return -tick()
