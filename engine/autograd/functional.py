"""``torch.autograd.functional``: products with Jacobians and Hessians, and these themselves, of a function at a point.

Inputs are a tensor or a tuple of tensors, outputs as well. Every function makes new tensors of its inputs, so that what
the program holds is not touched; results have a history only with ``create_graph=True``.
Source: PyTorch's torch.autograd.functional (its rules and texts, not its code).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..func.jacobians import basis_of
from ..func.vmap import vmap
from ..graph.forward import zeros_of
from ..mode import enable_grad, here, set_grad_enabled
from ..naming import absent
from ..table.kernel import PUBLIC
from . import forward_ad
from .strict import Tensors, as_given, check_strict, filled, finished, gradients, prepared, tupled, vector

__all__ = ["hessian", "hvp", "jacobian", "jvp", "vhp", "vjp"]


# ----------------------------------------------------------------------------------------------- products
def vjp(
    func: Callable[..., Any], inputs: Any, v: Any = None, create_graph: bool = False, strict: bool = False
) -> tuple[Any, Any]:
    """``func(*inputs)`` and vᵀJ, J its Jacobian there.

    Shapes: v is given as the outputs are, None for a single element; the product is as the inputs are.
    Errors: TypeError for what is no tensor, RuntimeError for a v that does not fit, and in strict mode for outputs that
    do not depend on an input.
    Source: torch.autograd.functional.vjp.
    """
    __tracebackhide__ = True
    with enable_grad():
        several, xs = tupled(inputs, "inputs", "vjp")
        xs = prepared(xs, create_graph, True)
        several_out, ys = tupled(func(*xs), "outputs of the user-provided function", "vjp")
        check_strict(ys, "outputs", strict)
        vs = vector(v, "vjp", ys, several_out, create_graph)
    with set_grad_enabled(create_graph or here.grad):
        found = filled(gradients(ys, xs, vs, create_graph), xs, strict, create_graph, "back")
    return (
        as_given(finished(ys, create_graph), several_out),
        as_given(finished(found, create_graph), several),
    )


def jvp(
    func: Callable[..., Any], inputs: Any, v: Any = None, create_graph: bool = False, strict: bool = False
) -> tuple[Any, Any]:
    """``func(*inputs)`` and Jv, by differentiating u ↦ uᵀJ once more; ``torch.func.jvp`` does it in one pass.

    Shapes: v is given as the inputs are, None for a single element; the product is as the outputs are.
    Errors: as ``vjp``'s.
    Source: torch.autograd.functional.jvp.
    """
    __tracebackhide__ = True
    with enable_grad():
        several, xs = tupled(inputs, "inputs", "jvp")
        xs = prepared(xs, create_graph, True)
        vs = vector(v, "jvp", xs, several, create_graph)
        several_out, ys = tupled(func(*xs), "outputs of the user-provided function", "jvp")
        check_strict(ys, "outputs", strict)
        us = tuple([zeros_of(y).requires_grad_() for y in ys])
        back = gradients(ys, xs, us, True)
        check_strict(back, "grad_inputs", strict)
    with set_grad_enabled(create_graph or here.grad):
        found = filled(gradients(back, us, vs, create_graph), ys, strict, create_graph, "back_trick")
    return (
        as_given(finished(ys, create_graph), several_out),
        as_given(finished(found, create_graph), several_out),
    )


def _scalar(out: Any, api: str, strict: bool) -> tuple[bool, Tensors]:
    """The output of a function of which a Hessian is wanted: one tensor of one element."""
    __tracebackhide__ = True
    several, ys = tupled(out, "outputs of the user-provided function", api)
    check_strict(ys, "outputs", strict)
    if several:
        raise RuntimeError(f"The function given to {api} should return a single Tensor")
    if ys[0].nelement() != 1:
        raise RuntimeError(f"The Tensor returned by the function given to {api} should contain a single element")
    return several, ys


def vhp(
    func: Callable[..., Any], inputs: Any, v: Any = None, create_graph: bool = False, strict: bool = False
) -> tuple[Any, Any]:
    """``func(*inputs)`` and vᵀH, H the matrix of second derivatives there. Quicker than ``hvp``, and equal to it.

    Shapes: v and the product are as the inputs are; the function returns one element.
    Errors: as ``vjp``'s.
    Source: torch.autograd.functional.vhp.
    """
    __tracebackhide__ = True
    with enable_grad():
        several, xs = tupled(inputs, "inputs", "vhp")
        xs = prepared(xs, create_graph, True)
        vs = vector(v, "vhp", xs, several, create_graph)
        several_out, ys = _scalar(func(*xs), "vhp", strict)
        first = gradients(ys, xs, None, True)
        check_strict(first, "jacobian", strict)
    with set_grad_enabled(create_graph or here.grad):
        found = filled(gradients(first, xs, vs, create_graph), xs, strict, create_graph, "double_back")
    return (
        as_given(finished(ys, create_graph), several_out),
        as_given(finished(found, create_graph), several),
    )


def hvp(
    func: Callable[..., Any], inputs: Any, v: Any = None, create_graph: bool = False, strict: bool = False
) -> tuple[Any, Any]:
    """``func(*inputs)`` and Hv, H the matrix of second derivatives there.

    Shapes: v and the product are as the inputs are; the function returns one element.
    Errors: as ``vjp``'s.
    Source: torch.autograd.functional.hvp.
    """
    __tracebackhide__ = True
    with enable_grad():
        several, xs = tupled(inputs, "inputs", "hvp")
        xs = prepared(xs, create_graph, True)
        vs = vector(v, "hvp", xs, several, create_graph)
        several_out, ys = _scalar(func(*xs), "hvp", strict)
        first = gradients(ys, xs, None, True)
        check_strict(first, "jacobian", strict)
        us = tuple([zeros_of(x).requires_grad_() for x in xs])
        second = gradients(first, xs, us, True)
        check_strict(first, "hessian", strict)
    with set_grad_enabled(create_graph or here.grad):
        found = filled(gradients(second, us, vs, create_graph), xs, strict, create_graph, "double_back_trick")
    return (
        as_given(finished(ys, create_graph), several_out),
        as_given(finished(found, create_graph), several),
    )


# ----------------------------------------------------------------------------------------------- whole matrices
def jacobian(
    func: Callable[..., Any],
    inputs: Any,
    create_graph: bool = False,
    strict: bool = False,
    vectorize: bool = False,
    strategy: str = "reverse-mode",
) -> Any:
    """The Jacobian of ``func`` at ``inputs``: row by row, or all rows at once with ``vectorize``.

    Shapes: output's shape + input's shape; a tuple for several inputs, of tuples for several outputs.
    strategy: "forward-mode" (only with ``vectorize``) runs ``func`` on dual numbers, column by column.
    Errors: as ``vjp``'s; NotImplementedError and RuntimeError for options that exclude each other.
    Source: torch.autograd.functional.jacobian.
    """
    __tracebackhide__ = True
    if strategy not in ("forward-mode", "reverse-mode"):
        raise AssertionError(
            'Expected strategy to be either "forward-mode" or "reverse-mode". Hint: If your function has more outputs '
            'than inputs, "forward-mode" tends to be more performant. Otherwise, prefer to use "reverse-mode".'
        )
    if strategy == "forward-mode":
        return _forward_jacobian(func, inputs, create_graph, strict, vectorize)
    with enable_grad():
        several, xs = tupled(inputs, "inputs", "jacobian")
        xs = prepared(xs, create_graph, True)
        several_out, ys = tupled(func(*xs), "outputs of the user-provided function", "jacobian")
        check_strict(ys, "outputs", strict)
        if vectorize and strict:
            raise RuntimeError(
                "torch.autograd.functional.jacobian: `strict=True` and `vectorized=True` are not supported together. "
                "Please either set `strict=False` or `vectorize=False`."
            )
        if vectorize:
            found = _all_rows(ys, xs, create_graph)
        else:
            found = [_rows_of(i, y, xs, create_graph, strict) for i, y in enumerate(ys)]
    return _nested(finished(found, create_graph), several_out, several)


def _nested(found: Sequence[Sequence[Any]], several_out: bool, several: bool) -> Any:
    return as_given([as_given(row, several) for row in found], several_out)


def _rows_of(i: int, y: Any, xs: Tensors, create_graph: bool, strict: bool) -> Tensors:
    """The Jacobian of output ``i`` by each input, an element of the output at a time."""
    __tracebackhide__ = True
    rows: list[list[Any]] = [[] for _ in xs]
    for j in range(y.nelement()):
        found = gradients((y.reshape(-1)[j],), xs, None, create_graph, retain_graph=True)
        for k, (g, x) in enumerate(zip(found, xs, strict=True)):
            if g is None and strict:
                raise RuntimeError(
                    f"Output {i} of the user-provided function is independent of input {k}. This is not allowed in "
                    "strict mode."
                )
            if g is not None and strict and create_graph and not g.requires_grad:
                raise RuntimeError(
                    f"The jacobian of the user-provided function is independent of input {i}. This is not allowed in "
                    "strict mode when create_graph=True."
                )
            rows[k].append(zeros_of(x) if g is None else g)
    return tuple([PUBLIC["stack"](r, 0).view((*y.size(), *x.size())) for r, x in zip(rows, xs, strict=True)])


def _all_rows(ys: Tensors, xs: Tensors, create_graph: bool) -> list[Tensors]:
    """The Jacobian of each output by each input, all rows in one batch."""

    def row(*vs: Any) -> Tensors:
        found = gradients(ys, xs, vs, create_graph, retain_graph=True)
        return tuple([zeros_of(x) if g is None else g for g, x in zip(found, xs, strict=True)])

    stacked = vmap(row)(*basis_of(ys))
    sizes = tuple([y.numel() for y in ys])
    by_input = [PUBLIC["split_with_sizes"](rows, sizes, 0) for rows in stacked]
    return [tuple([by_input[k][i].reshape((*y.size(), *x.size())) for k, x in enumerate(xs)]) for i, y in enumerate(ys)]


def _forward_jacobian(func: Callable[..., Any], inputs: Any, create_graph: bool, strict: bool, vectorize: bool) -> Any:
    __tracebackhide__ = True
    option = "create_graph" if create_graph else "strict" if strict else None
    if option is not None:
        kind = NotImplementedError if create_graph else RuntimeError
        raise kind(
            f'torch.autograd.functional.jacobian: `{option}=True` and `strategy="forward-mode"` are not supported '
            f'together (yet). Please either set `{option}=False` or `strategy="reverse-mode"`.'
        )
    several, xs = tupled(inputs, "inputs", "jacobian")
    if not vectorize:
        raise NotImplementedError(
            "Computing Jacobian using forward-AD or forward-over-reverse Hessian isonly implemented for "
            "`vectorize=True`."
        )
    seen: list[Any] = []

    def column(*tangents: Any) -> Tensors:
        with forward_ad.dual_level():
            duals = [forward_ad.make_dual(x, t) for x, t in zip(xs, tangents, strict=True)]
            several_out, ys = tupled(func(*duals), "outputs", "jacobian")
            unpacked = [forward_ad.unpack_dual(y) for y in ys]
        seen[:] = [several_out, [tuple(y.size()) for y in ys]]
        return tuple([zeros_of(y) if t is None else t for y, t in unpacked])

    columns = vmap(column)(*basis_of(xs))
    several_out, shapes = seen
    sizes = tuple([x.numel() for x in xs])
    found = []
    for whole, shape in zip(columns, shapes, strict=True):
        parts = PUBLIC["split_with_sizes"](whole, sizes, 0)
        moved = [part.permute((*range(1, part.dim()), 0)) for part in parts]
        found.append([m.reshape((*shape, *x.size())) for m, x in zip(moved, xs, strict=True)])
    inner = found if several else tuple([row[0] for row in found])  # lists here, as PyTorch has it
    return inner if several_out else inner[0]


def hessian(
    func: Callable[..., Any],
    inputs: Any,
    create_graph: bool = False,
    strict: bool = False,
    vectorize: bool = False,
    outer_jacobian_strategy: str = "reverse-mode",
) -> Any:
    """The matrix of second derivatives of ``func``, which returns one element, at ``inputs``.

    Shapes: input's shape + input's shape; a tuple of tuples for several inputs.
    outer_jacobian_strategy: "forward-mode" (only with ``vectorize``) differentiates the gradient on dual numbers.
    Errors: as ``jacobian``'s.
    Source: torch.autograd.functional.hessian.
    """
    __tracebackhide__ = True
    several, xs = tupled(inputs, "inputs", "hessian")
    if outer_jacobian_strategy not in ("forward-mode", "reverse-mode"):
        raise AssertionError('Expected strategy to be either "forward-mode" or "reverse-mode".')

    def single(*values: Any) -> Any:
        return _scalar(func(*values), "hessian", strict)[1][0].squeeze()

    def gradient(*values: Any) -> Any:
        if outer_jacobian_strategy == "forward-mode":
            values = tuple([t.requires_grad_() for t in values])
        found = jacobian(single, values, create_graph=True)
        check_strict(found, "jacobian", strict)
        return found

    found = jacobian(gradient, xs, create_graph, strict, vectorize, outer_jacobian_strategy)
    return found if several else found[0][0]


__getattr__ = absent.lookup("torch.autograd.functional", lambda: __all__)
