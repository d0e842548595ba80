"""PyTorch's call forms that are run on a whole batch as they are, before any row; and gradients of batches."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from .. import autograd_errors
from ..autograd import grad
from ..calls import copies, creation, gather
from ..calls.index import getitem, setitem
from ..calls.linalg import matmul
from ..calls.shape import inferred, sizes, view
from ..mode import followed
from ..naming import methods
from ..nn.functional import batch_norm, embedding, instance_norm
from ..tensor import Tensor, wrap
from . import places
from .batching import unbatched_self
from .dual import LIKE, RESHAPING
from .levels import Level
from .lifted import Batched, Unseen, batched, deepest, plain
from .looping import attempt, body, entry, is_in, loop, physical
from .nesting import detached, packed, spread, unpacked
from .pytree import mapped
from .rules import NoRule, further, lifted


def _matmul(level: Level, function: Any, x: Any, y: Any) -> Any:
    """Matrix products of any dimensions, as one of one dimension more."""
    if not (isinstance(x, Tensor) and isinstance(y, Tensor)):
        return function(physical(x, level), physical(y, level))
    n, m = x._d.ndim, y._d.ndim
    if not n or not m:
        raise RuntimeError(f"both arguments to matmul need to be at least 1D, but they are {n}D and {m}D")
    a, b = physical(x, level), physical(y, level)
    has_a, has_b = a is not x, b is not y
    with plain([a, b]):
        a = a.unsqueeze(-2) if n == 1 else a
        b = b.unsqueeze(-1) if m == 1 else b
        most = max(n, m, 2)
        if has_a and (has_b or m > 2 or n < most):
            a = lifted(a, most)
        if has_b and (has_a or n > 2 or m < most):
            b = lifted(b, most)
        out = function(a, b)
        out = out.squeeze(-2) if n == 1 else out
        return batched(out.squeeze(-1) if m == 1 else out, level)


def _view(level: Level, function: Any, self: Any, *size: Any, **named: Any) -> Any:
    """A view in another shape, of every entry."""
    shape = inferred(sizes("view", "size", size, named.get("size")), self._d.size)
    with plain([self.physical]):
        return batched(view(self.physical, (level.size, *shape)), level)


def _get_item(level: Level, function: Any, self: Any, index: Any) -> Any:
    """``self[index]``."""
    try:
        return places.get(level, self, index)
    except NoRule:
        return loop(level, getitem, (self, index), {})


def _set_item(level: Level, function: Any, self: Any, index: Any, value: Any) -> None:
    """``self[index] = value``."""
    if not isinstance(self, Batched) or self._level is not level:
        raise unbatched_self("index_put_" if is_in(level, index) else "copy_")
    try:
        places.put(level, self, index, value)
    except NoRule:
        for i in range(level.size):
            setitem(*mapped(functools.partial(entry, level=level, i=i), (self, index, value)))


def _like(level: Level, function: Any, self: Any, *args: Any, **kwargs: Any) -> Any:
    """New values in the shape, or the dtype, of an entry: a place for each entry to write to."""
    if function.__name__.startswith("new_"):
        own = physical(self, level)
        with plain([own]):
            made = function(own, *args, **kwargs)
            return batched(made.expand((level.size, *made._d.shape)).clone(), level)
    with plain([self.physical]):
        return batched(function(self.physical, *args, **kwargs), level)


def _reshaped_in_place(level: Level, function: Any, self: Any, *args: Any) -> Any:
    """``squeeze_`` and its kin: the entries' shape changes, their memory stays."""
    self.physical = getattr(self, function.__name__[:-1])(*args).physical
    return self.refreshed()


def _restrided(
    level: Level, function: Any, input: Any, size: Any, stride: Any, storage_offset: int | None = None
) -> Any:
    """as_strided: the same steps from where each entry begins, one dimension more on the memory of all."""
    x = input.physical
    with plain([x]):
        _check_inside(x, list(size), list(stride), storage_offset)
        return batched(function(x, (level.size, *size), (x.stride(0), *stride), storage_offset), level)


def _check_inside(x: Any, size: list[int], stride: list[int], offset: int | None) -> None:
    """Raise PyTorch's error where steps may lead out of the entry that they begin in."""
    base = x.storage_offset()
    offset = base if offset is None else offset
    if 0 in size:
        return
    called = f"result = tensor.as_strided({size}, {stride}, {offset}) can access memory outside of `tensor`. "
    instead = (
        "This is not supported inside of vmap, please try to rewrite the `as_strided` call as a sequence of PyTorch "
        "view operations"
    )
    if 0 in x.shape[1:]:
        why = "`tensor` has no storage but the passed-in (size, stride, storage_offset) imply a result with some "
        raise RuntimeError(f"{called}{why}storage. {instead}")
    last = offset + 1 + sum((n - 1) * s for n, s in zip(size, stride, strict=True))
    known = base + 1 + sum((n - 1) * s for n, s in zip(x.shape[1:], x.stride()[1:], strict=True))
    if last > known or base > offset:
        raise RuntimeError(
            f"{called}`result` can access some memory in range [{offset}, {last}], but `tensor` can only access some "
            f"memory in range [{base}, {known}]. {instead}"
        )
    if (
        followed(x)
        and not np.isin(_locations(size, stride, offset - base), _locations(x.shape[1:], x.stride()[1:])).all()
    ):
        raise RuntimeError(
            "as_strided: this engine has no gradient for a tensor inside vmap whose memory lies between that of the "
            "batch's other tensors, where the result shows some of theirs; call contiguous() on the batch first"
        )


def _locations(size: Any, stride: Any, first: int = 0) -> Any:
    """Where in memory, counted in elements, the elements of a shape lie."""
    found = np.array([first])
    for n, step in zip(size, stride, strict=True):
        found = np.unique(np.add.outer(found, np.arange(n) * step))
    return found


def _no_batches(level: Level, function: Any, *args: Any, **kwargs: Any) -> Any:
    """What PyTorch cannot run on batches either."""
    raise RuntimeError(
        f"Error: aten::{function.__name__} requires special handling, and does not yet have a batching rule. Feel free "
        "to file a github issue!"
    )


def _along(level: Level, function: Any, x: Any, dim: int, *args: Any, **kwargs: Any) -> Any:
    """gather, scatter and their kin, with the dimension counted one further on."""
    if not x._d.ndim:
        return attempt(body(function), (x, dim, *args), kwargs)
    own = [unpacked(a, level) if isinstance(a, Tensor) else a for a in (x, *args)]
    named = {k: unpacked(v, level) if isinstance(v, Tensor) else v for k, v in kwargs.items()}
    with plain([*own, *named.values()]):
        return batched(function(own[0], further(dim, x._d.ndim), *own[1:], **named), level)


def _look_up(level: Level, function: Any, input: Any, weight: Any, *args: Any, **kwargs: Any) -> Any:
    """``embedding``: one table for all entries; where each has its own, once for each."""
    if is_in(level, weight):
        return attempt(body(function), (input, weight, *args), kwargs)
    own = physical(input, level)
    with plain([own, weight]):
        return batched(function(own, weight, *args, **kwargs), level)


def _batch_norm(level: Level, function: Any, *args: Any, **kwargs: Any) -> Any:
    """Statistics that all entries share cannot be those of each."""
    bound = inspect.signature(function).bind(*args, **kwargs)
    bound.apply_defaults()
    input, running_mean, running_var = (bound.arguments[name] for name in ("input", "running_mean", "running_var"))
    training = bound.arguments.get("training", bound.arguments.get("use_input_stats"))
    shared = [t for t in (running_mean, running_var) if t is not None and not is_in(level, t)]
    if training and shared and is_in(level, input):
        raise RuntimeError(
            "Batch norm got a batched tensor as input while the running_mean or running_var, which will be updated in "
            "place, were not batched.\nIf you are using a module and do not need eval mode, please set "
            "`track_running_stats` to be False.If you are using a prebuilt module and do not need eval mode, please "
            "see the functorch website for resources on how to patch your module to work with vmap"
        )
    return attempt(body(function), args, kwargs)


def _detach(level: Level, function: Any, self: Any) -> Any:
    return batched(self.physical.detach(), level)


# ------------------------------------------------------------------------------------------------------------ gradients
def _grad(
    level: Level, function: Any, outputs: Any, inputs: Any, grad_outputs: Any = None, retain_graph: Any = None,
    create_graph: bool = False, only_inputs: bool = True, allow_unused: Any = None, is_grads_batched: bool = False,
    materialize_grads: bool = False,
) -> tuple[Any, ...]:  # fmt: skip
    """``autograd.grad`` of a batch: of outputs that have one, in one pass through the batch's graph.

    Where only the vectors have a batch, as in ``jacrev``, the formulas themselves run on it.
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
    options = {"allow_unused": allow_unused, "materialize_grads": materialize_grads}
    if is_grads_batched:
        raise NotImplementedError("is_grads_batched inside of vmap; use torch.func.vmap")
    if deepest((ys, xs)) is None:
        return _grad_along_batch(level, ys, xs, vs, retain_graph, create_graph, options)
    inner_xs = [physical(x, level) for x in xs]
    if any(x is inner for x, inner in zip(xs, inner_xs, strict=True)):
        raise RuntimeError("element 0 of tensors does not require grad and does not have a grad_fn")
    inner_ys = [spread(y, level).physical for y in ys]
    inner_vs = []
    for y, v in zip(ys, vs, strict=True):
        if v is None:
            if y._d.size != 1:
                raise RuntimeError("grad can be implicitly created only for scalar outputs")
            v = wrap(np.ones(y._d.shape, y._d.dtype))
        inner_vs.append(unpacked(v, level))
    with plain([*inner_ys, *inner_xs, *inner_vs]):
        found = grad(inner_ys, inner_xs, inner_vs, retain_graph=retain_graph, create_graph=create_graph, **options)
    return tuple([None if g is None else packed(g, level) for g in found])


def _grad_along_batch(
    level: Level, ys: list[Any], xs: list[Any], vs: list[Any], retain_graph: Any, create_graph: bool, options: Any
) -> tuple[Any, ...]:
    """Jᵀv for a batch of v: a pass on Tensors, which carry the batch through the formulas."""
    keep = True if retain_graph is None else retain_graph
    body: Any = grad.__wrapped__  # type: ignore[attr-defined]  # overridable() keeps the function there

    def recorded() -> tuple[Any, ...]:
        if create_graph:
            return body(ys, xs, vs, True, True, **options)
        found = body(ys, xs, vs, keep, True, **options)
        return tuple([None if g is None else detached(g) for g in found])

    def each(*rows: Any) -> tuple[Any, ...]:
        return grad(ys, xs, list(rows), True, create_graph, **options)

    try:
        return recorded()
    except Unseen as unseen:
        if unseen.level is not level:
            raise
    return loop(level, each, tuple(vs), {})


def _backward(level: Level, function: Any, *args: Any, **kwargs: Any) -> None:
    """PyTorch's transforms have no ``backward``."""
    raise autograd_errors.backward_in_transform()


SPECIAL: dict[Any, Callable[..., Any]] = {
    getitem: _get_item, setitem: _set_item, methods.detach: _detach, grad: _grad, methods.backward: _backward,
    matmul: _matmul, view: _view, embedding: _look_up,
}  # fmt: skip
SPECIAL |= dict.fromkeys((batch_norm, instance_norm), _batch_norm)
SPECIAL |= dict.fromkeys(RESHAPING, _reshaped_in_place)
SPECIAL |= dict.fromkeys((copies.as_strided, copies.as_strided_copy), _restrided)
SPECIAL[copies.as_strided_scatter] = _no_batches
SPECIAL |= {getattr(Tensor, name, None) or getattr(creation, name): _like for name in LIKE}
SPECIAL |= dict.fromkeys((gather.gather, gather.scatter, gather.scatter_add), _along)
