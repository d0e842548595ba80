"""How a call is run on dual numbers: once on the primals, and its derivative on the tangents."""

from __future__ import annotations

import functools
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np

from .. import autograd_errors, errors
from ..autograd import grad
from ..calls import creation
from ..calls.index import getitem, setitem
from ..calls.linalg import matmul
from ..calls.shape import view
from ..graph.forward import tangents_of, zeros_of
from ..graph.rebase import region
from ..naming import methods
from ..table.inplace import check_fits
from ..table.kernel import PUBLIC
from ..table.lists import ListRow
from ..tensor import Tensor, box, wrap
from .levels import Level
from .lifted import Batched, Dual, Lifted, become_dual, dual, plain
from .nesting import joined, split, spread
from .pytree import mapped


def primal(t: Any, level: Level) -> Any:
    """What ``t`` is below ``level``."""
    return t.primal if t.__class__ is Dual and t._level is level else t


def tangent(t: Any, level: Level) -> Any:
    """The tangent that ``t`` has at ``level``, or None."""
    return t.tangent if t.__class__ is Dual and t._level is level else None


def parts(values: Any, level: Level) -> tuple[Any, Any]:
    """Arguments, with every dual number in them replaced by its primal; and the list of all tensors met."""
    met: list[Any] = []

    def one(t: Any) -> Any:
        if t.__class__ is Dual and t._level is level:
            met.append(t.tangent)
            t = t.primal
        if isinstance(t, Tensor):
            met.append(t)
        return t

    return mapped(one, values), met


def check_kinds(primal: Any, tangent: Any) -> None:
    """Raise PyTorch's error unless both are of floating-point or complex numbers."""
    __tracebackhide__ = True
    for name, t in (("primal", primal), ("tangent", tangent)):
        if not (t.is_floating_point() or t.is_complex()):
            raise ValueError(f"Expected {name} to be floating point or complex, but got: {t.dtype}")


def check_sizes(primal: Any, tangent: Any) -> None:
    """Raise PyTorch's error unless both have one shape."""
    __tracebackhide__ = True
    if primal._d.shape != tangent._d.shape:
        raise RuntimeError(
            "Trying to set a forward gradient that has a different size than that of the original Tensor, this is not "
            f"supported. Tensor is of size {list(primal._d.shape)} while the given forward gradient is of size "
            f"{list(tangent._d.shape)}."
        )


def check_tangent(primal: Any, tangent: Any) -> None:
    """Raise PyTorch's error for a tangent that cannot be one of ``primal``."""
    __tracebackhide__ = True
    check_kinds(primal, tangent)
    check_sizes(primal, tangent)


def run_row(level: Level, row: Any, function: Callable[..., Any], args: tuple[Any, ...], kwargs: Any) -> Any:
    """A row of the table on arguments some of which are dual."""
    __tracebackhide__ = True
    if isinstance(row, ListRow):
        return _run_list(level, row, function, args, kwargs)
    (primals, met) = parts(args, level)
    with plain(met):
        out = function(*primals)
        if out is NotImplemented:
            return out
        outs = out if isinstance(out, tuple) else (out,)
        values = dict(zip(row.params, primals, strict=True))
        found = {p: t for p, a in zip(row.params, args, strict=True) if (t := tangent(a, level)) is not None}
        tangents = tangents_of(row, row.front, values, found, outs)
    for o, t in zip(outs, tangents, strict=True):
        if t is not None and t._d.shape != o._d.shape:
            raise RuntimeError(f"{row.name}: the tangent has the shape {t._d.shape}, its value {o._d.shape}")
    results = tuple([dual(o, t, level) for o, t in zip(outs, tangents, strict=True)])
    return results if isinstance(out, tuple) else results[0]


def parts_one(row: ListRow) -> bool:
    """Whether a row over lists parts one tensor, as ``split`` does, and does not join several."""
    return row.check is None


def _run_list(level: Level, row: ListRow, function: Callable[..., Any], args: tuple[Any, ...], kwargs: Any) -> Any:
    (primals, met) = parts(args, level)
    with plain(met):
        if parts_one(row):
            outs = function(*primals, **kwargs)
            sent = function(args[0].tangent, *args[1:], **kwargs)
            return tuple([dual(o, t, level) for o, t in zip(outs, sent, strict=True)])
        out = function(*primals, **kwargs)
        if out._d.dtype.kind not in "fc":
            return out
        tangents = [
            zeros_of(p) if (t := tangent(a, level)) is None else t for a, p in zip(args[0], primals[0], strict=True)
        ]
        return dual(out, function(tangents, *args[1:], **kwargs), level)


# ------------------------------------------------------------------------------------------------------------ in place
def in_place(level: Level, method: Callable[..., Any], front: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """``method``, which writes ``front(self, ...)`` into ``self``: into its memory, and its tangent's."""
    self, *rest = args
    value = self.clone() if self._n is not None else self
    with_tangent = front(value, *rest, **kwargs)
    t = tangent(with_tangent, level)
    check_fits(self, with_tangent)
    ready = t is None or t._d.dtype is self._d.dtype
    if t is not None and not ready:
        t = t.to(self.dtype)
    carrying = tangent(self, level) is not None
    if t is not None and not carrying:
        _give_tangent(self, level)
    if t is not None:
        _with_batches_of(t, self)
    (inner, rest_primals, named), met = parts((self, tuple(rest), kwargs), level)
    with plain(met):
        method(inner, *rest_primals, **named)
        if carrying or t is not None:
            _write_tangent(self, zeros_of(inner) if t is None else t)
    return self


def _write_tangent(self: Any, t: Any) -> None:
    old = self.tangent
    if old._n is not None and old._n.key > 0:
        if self._base is not None or getattr(self.primal, "_views", None):
            raise NotImplementedError("an in-place operation on a dual tensor that has views, with a leaf as tangent")
        self.tangent = t
        return
    old.copy_(t)


def _give_tangent(self: Any, level: Level) -> None:
    """Make ``self``, a tensor with no tangent, one that has zeros; so its base and all views of that, on one memory."""
    root = self if self._base is None else self._base
    if root._n is not None and root._n.key > 0:
        raise errors.leaf_in_place() if root is self else errors.leaf_view_in_place()
    views = [v for reference in getattr(root, "_views", ()) if (v := reference()) is not None]
    views = [v for v in views if tangent(v, level) is None]
    if self is not root and not any(v is self for v in views):
        views.append(self)
    inner = _inside_of(root)
    whole = wrap(np.zeros(root._d.shape, root._d.dtype))
    inner_views = [(v, _inside_of(v), region(root, box(v))) for v in views]
    if any(type(places) is np.ndarray for _, _, places in inner_views):
        raise NotImplementedError("an in-place operation that gives a tangent to a view of a tensor not in C order")
    for v, part, places in inner_views:
        part._b = inner
        v.__class__ = Dual
        become_dual(v, part, PUBLIC["as_strided_view"](whole, places), level)
    if inner_views:
        inner._views = [weakref.ref(part) for _, part, _ in inner_views]
    root.__class__ = Dual
    become_dual(root, inner, whole, level)


def _with_batches_of(t: Any, self: Any) -> None:
    """Give the tangent of ``self`` each batch that ``t``, about to be written there, has."""
    while isinstance(t, Lifted):
        if type(t) is Batched and not has_level(self.tangent, t._level):
            if self._base is not None or getattr(self.primal, "_views", None):
                raise NotImplementedError("vmap over a tangent that is written into a tensor with views")
            self.tangent = spread(self.tangent, t._level).clone()
        t = t.inside


def has_level(t: Any, level: Level) -> bool:
    """Whether ``t`` is of ``level``, or wraps something that is."""
    while isinstance(t, Lifted):
        if t._level is level:
            return True
        t = t.inside
    return False


def _inside_of(t: Any) -> Any:
    """A tensor that is what ``t`` is now, for ``t`` to wrap."""
    inner = object.__new__(type(t))
    inner.__dict__.update(t.__dict__)
    if isinstance(t, Lifted):
        return inner if type(t) is Dual else inner.refreshed()
    for slot in ("_d", "_n", "_g", "_b", "_views"):
        if hasattr(t, slot):
            setattr(inner, slot, getattr(t, slot))
    return inner


def _set_item(level: Level, function: Callable[..., Any], self: Any, index: Any, value: Any) -> None:
    """``self[index] = value``."""
    t = tangent(value, level)
    if tangent(self, level) is None:
        if t is None:
            raise NotImplementedError("a dual tensor as an index")
        _give_tangent(self, level)
    if t is not None:
        _with_batches_of(t, self)
    (inner, at, put), met = parts((self, index, value), level)
    with plain([*met, self.tangent]):
        setitem(inner, at, put)
        setitem(self.tangent, at, 0.0 if t is None else t)


def _get_item(level: Level, function: Callable[..., Any], self: Any, index: Any) -> Any:
    """``self[index]``."""
    (inner, at), met = parts((self, index), level)
    with plain(met):
        out = getitem(inner, at)
        t = tangent(self, level)
        return out if t is None else dual(out, getitem(t, at), level)


# ------------------------------------------------------------------------------------------------ forms above the rows
def _like(level: Level, function: Callable[..., Any], self: Any, *args: Any, **kwargs: Any) -> Any:
    """New values in the shape or dtype of a tensor: they have no tangent."""
    (inner, named), met = parts((args, kwargs), level)
    with plain([*met, self.primal]):
        return function(self.primal, *inner, **named)


def _reshaped_in_place(level: Level, function: Callable[..., Any], self: Any, *args: Any) -> Any:
    """``squeeze_`` and its kin."""
    with plain([self.primal, self.tangent]):
        function(self.primal, *args)
        self.tangent = getattr(self.tangent, function.__name__[:-1])(*args)
    return self


def _view(level: Level, function: Callable[..., Any], self: Any, *size: Any, **named: Any) -> Any:
    """A view in another shape; the tangent is copied where its memory does not allow one."""
    with plain([self.primal, self.tangent]):
        out = function(self.primal, *size, **named)
        return dual(out, self.tangent.reshape(out._d.shape), level)


def _matmul(level: Level, function: Callable[..., Any], x: Any, y: Any) -> Any:
    """Matrix products of any dimensions: linear in each factor."""
    (a, b), met = parts((x, y), level)
    s, t = tangent(x, level), tangent(y, level)
    with plain(met):
        terms = [function(s, b)] if s is not None else []
        terms += [function(a, t)] if t is not None else []
        return dual(function(a, b), functools.reduce(PUBLIC["add"], terms), level)


# ------------------------------------------------------------------------------------------------------------ gradients
def _detach(level: Level, function: Callable[..., Any], self: Any) -> Any:
    """The primal alone: PyTorch's ``detach`` leaves the tangent behind."""
    return self.primal.detach()


def _grad(
    level: Level, function: Callable[..., Any], outputs: Any, inputs: Any, grad_outputs: Any = None,
    retain_graph: Any = None, create_graph: bool = False, only_inputs: bool = True, allow_unused: Any = None,
    is_grads_batched: bool = False, materialize_grads: bool = False,
) -> tuple[Any, ...]:  # fmt: skip
    """``autograd.grad`` of dual numbers: g = Jᵀv, with its tangent ∂g = ∂(Jᵀv)/∂x · ∂x + Jᵀ∂v.

    The first part is the gradient of the outputs' tangents, since a mixed derivative has no order.
    """
    ys = [outputs] if isinstance(outputs, Tensor) else list(outputs)
    xs = [inputs] if isinstance(inputs, Tensor) else list(inputs)
    vs = (
        [None] * len(ys)
        if grad_outputs is None
        else [grad_outputs]
        if isinstance(grad_outputs, Tensor)
        else list(grad_outputs)
    )
    if is_grads_batched:
        raise NotImplementedError("is_grads_batched with dual tensors; use torch.func.vmap")
    (primals, x_primals), _ = parts((ys, xs), level)
    turned = [(None, None) if v is None else split(v, level) for v in vs]
    v_primals = [p for p, _ in turned]
    options = {"create_graph": create_graph, "allow_unused": True, "retain_graph": True}
    more = []
    with plain([*primals, *x_primals, *v_primals, *[tangent(y, level) for y in ys], *[t for _, t in turned]]):
        moving = [
            (t, v)
            for y, v in zip(ys, v_primals, strict=True)
            if (t := tangent(y, level)) is not None and t.requires_grad
        ]
        if moving:
            ones = [zeros_of(t) + 1 if v is None else v for t, v in moving]
            more.append(grad([t for t, _ in moving], x_primals, ones, **options))
        turning = [(y, t) for y, (_, t) in zip(primals, turned, strict=True) if t is not None]
        if turning:
            more.append(grad([y for y, _ in turning], x_primals, [t for _, t in turning], **options))
        found = grad(
            primals, x_primals, v_primals, retain_graph=retain_graph or create_graph, create_graph=create_graph,
            allow_unused=allow_unused, materialize_grads=materialize_grads,
        )  # fmt: skip
        results = []
        for i, g in enumerate(found):
            terms = [column[i] for column in more if column[i] is not None]
            t = functools.reduce(lambda a, b: a + b, terms) if terms else None
            results.append(g if g is None else joined(g, t, level))
    return tuple(results)


def _backward(level: Level, function: Callable[..., Any], *args: Any, **kwargs: Any) -> None:
    """PyTorch's transforms have no ``backward``; under ``forward_ad`` gradients are accumulated without tangents."""
    if level.nested:
        raise autograd_errors.backward_in_transform()
    (inner, named), met = parts((args, kwargs), level)
    with plain(met):
        methods.backward(*inner, **named)


SPECIAL: dict[Any, Callable[..., Any]] = {
    getitem: _get_item, setitem: _set_item, methods.detach: _detach, grad: _grad, methods.backward: _backward,
    matmul: _matmul, view: _view,
}  # fmt: skip
RESHAPING = [getattr(Tensor, name) for name in ("squeeze_", "unsqueeze_", "t_", "transpose_")]
SPECIAL |= dict.fromkeys(RESHAPING, _reshaped_in_place)
LIKE = ["zeros_like", "ones_like", "full_like", "empty_like", "new_zeros", "new_ones", "new_full", "new_empty"]
SPECIAL |= {getattr(Tensor, name, None) or getattr(creation, name): _like for name in LIKE}

__all__ = ["SPECIAL", "in_place", "run_row"]
