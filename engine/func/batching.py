"""How a call is run on a whole batch at once: the row's own operation, with one dimension more.

``rules.py`` says how for the rows that it names; every elementwise row broadcasts; for all the rest, and wherever a
function wants to look at values, ``loop`` runs the call once for each entry of the batch, and stacks what comes out.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from .. import dtypes, methods
from ..autograd import grad
from ..calls.index import getitem, setitem
from ..calls.linalg import matmul
from ..calls.shape import view
from ..inplace import check_fits
from ..kernel import PUBLIC
from ..lists import ListRow
from ..mode import no_grad
from ..tensor import Tensor, wrap
from . import places
from .dual import BACKWARD, parts_one
from .levels import Level
from .lifted import Batched, Dual, Shadow, Unseen, batched, deepest, dual, plain
from .nesting import packed, spread, unpacked
from .pytree import mapped, put_together, taken_apart
from .rules import RULES as ROW_RULES
from .rules import NoRule, lifted

RULES = {**ROW_RULES, **places.INDEXED}


def physical(t: Any, level: Level) -> Any:
    """What a tensor of ``level`` is with its batch; anything else is itself."""
    return t.physical if t.__class__ is Batched and t._level is level else t


def is_in(level: Level, values: Any) -> bool:
    """Whether a tensor among ``values``, or what it wraps, is one of ``level``'s batch."""
    if isinstance(values, tuple | list):
        return any(is_in(level, v) for v in values)
    if isinstance(values, dict):
        return any(is_in(level, v) for v in values.values())
    if isinstance(values, slice):
        return is_in(level, (values.start, values.stop, values.step))
    if isinstance(values, Shadow):
        return values.level is level or is_in(level, values.physical)
    if isinstance(values, Batched):
        return values._level is level or is_in(level, values.physical)
    return isinstance(values, Dual) and is_in(level, (values.primal, values.tangent))


# ------------------------------------------------------------------------------------------------- once for each entry
def entry(value: Any, level: Level, i: int) -> Any:
    """Entry ``i`` of the batch of ``level`` in ``value``; what has no batch is itself."""
    if isinstance(value, Batched):
        if value._level is level:
            return value.physical.select(0, i)
        return batched(entry(value.physical, level, i), value._level) if is_in(level, value) else value
    if isinstance(value, Dual) and is_in(level, value):
        return dual(entry(value.primal, level, i), entry(value.tangent, level, i), value._level)
    if isinstance(value, Shadow) and is_in(level, value):
        one = entry(value.physical, level, i) if value.level is not level else value.physical.select(0, i)
        return one._d
    return value


def loop(level: Level, run: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], told: Any = None) -> Any:
    """``run`` for each entry of the batch, its results stacked.

    Errors: ``told``, or PyTorch's, where the results are no tensors, or not all of one shape.
    """
    __tracebackhide__ = True
    results = []
    for i in range(level.size):
        own = mapped(functools.partial(entry, level=level, i=i), (args, kwargs))
        results.append(run(*own[0], **own[1]))
    taken = [taken_apart(r) for r in results]
    if not taken:
        raise RuntimeError("vmap: a batch of no entries, in an operation that runs once for each") from told
    spec = taken[0][1]
    columns = list(zip(*[leaves for leaves, _ in taken], strict=True))
    stacked: list[Any] = []
    for column in columns:
        if column[0] is None:
            stacked.append(None)
            continue
        if not all(isinstance(t, Tensor) for t in column):
            raise told or RuntimeError(_NOT_TENSORS)
        if any(t._d.shape != column[0]._d.shape for t in column):
            raise RuntimeError(_DYNAMIC) from told
        stacked.append(packed(PUBLIC["stack"](list(column), 0), level))
    return put_together(stacked, spec)


_NOT_TENSORS = "vmap: the results of this function are no tensors, and may differ from one entry to the next"
_DYNAMIC = (
    "vmap: We do not support batching operators that can output dynamic shape. Please file an issue at "
    "https://github.com/pytorch/pytorch/issues if you need this feature."
)


def attempt(run: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """``run``, or a loop over the batch of the level whose values it wants to see."""
    __tracebackhide__ = True
    try:
        return run(*args, **kwargs)
    except Unseen as unseen:
        if not unseen.level.depth or not is_in(unseen.level, (args, kwargs)):
            raise
        told, level = unseen.with_traceback(None), unseen.level
    try:
        return loop(level, functools.partial(_again, run), args, kwargs, told)
    finally:
        del told  # an error that this frame holds would hold this frame


def _again(run: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    return attempt(run, args, kwargs)


# ------------------------------------------------------------------------------------------------------------ rows
def run_row(level: Level, row: Any, function: Callable[..., Any], args: tuple[Any, ...], kwargs: Any) -> Any:
    """A row of the table on arguments some of which are of a batch."""
    __tracebackhide__ = True
    if isinstance(row, ListRow):
        return _run_list(level, row, function, args, kwargs)
    rule = RULES.get(row.name)
    inner = [a.physical if a.__class__ is Batched and a._level is level else a for a in args]
    has = [a.__class__ is Batched and a._level is level for a in args]
    try:
        if any(a.__class__ in (Shadow, tuple, list) and is_in(level, a) for a in args):
            found = places.run(level, row, args)
        elif rule is not None:
            with plain(inner):
                found = rule(level, row, inner, has, [getattr(getattr(a, "_d", None), "ndim", 0) for a in args])
        elif row.elementwise:
            with plain(inner):
                found = _elementwise(row, function, args, inner, has)
        else:
            raise NoRule
    except NoRule:
        return loop(level, function, args, kwargs)
    if isinstance(found, tuple):
        return tuple([batched(t, level) for t in found])
    return found if found is NotImplemented else batched(found, level)


def _elementwise(row: Any, function: Any, args: Any, inner: list[Any], has: list[bool]) -> Any:
    """Broadcast: every batched operand gets as many dimensions as the one that has most."""
    most = 0
    d: Any = None
    mixed = False
    for p, a in zip(row.params, args, strict=True):
        if p in row.inputs and isinstance(a, Tensor):
            n = a._d.ndim
            most = n if n > most else most
            if p not in row.apart:
                mixed = mixed or (d is not None and a._d.dtype is not d)
                d = a._d.dtype
    if mixed:  # 0-d operands weigh less in promotion, and with a batch they are not 0-d any more
        operands = [a for p, a in zip(row.params, args, strict=True) if p in row.inputs and p not in row.apart]
        d = dtypes.result_type(
            [a._d.dtype for a in operands if isinstance(a, Tensor) and a._d.ndim],
            [a._d.dtype for a in operands if isinstance(a, Tensor) and not a._d.ndim],
            [dtypes.number_dtype(a) for a in operands if a is not None and not isinstance(a, Tensor)],
        )
    elif d is not None and len(row.inputs) > 1 and not most:
        numbers = [a for p, a in zip(row.params, args, strict=True) if p in row.inputs and not isinstance(a, Tensor)]
        if any(type(a) in (int, bool, float, complex) for a in numbers):
            mixed = True
            d = dtypes.result_type([], [d], [dtypes.number_dtype(a) for a in numbers if a is not None])
    out = []
    for p, t, batch in zip(row.params, inner, has, strict=True):
        if batch:
            if mixed and p not in row.apart and t._d.dtype is not d:
                t = PUBLIC["cast"](t, d)
            t = lifted(t, most)
        out.append(t)
    return function(*out)


def _run_list(level: Level, row: ListRow, function: Callable[..., Any], args: tuple[Any, ...], kwargs: Any) -> Any:
    """cat and stack join along one dimension further on; split and unbind part there."""
    bound = row.signature.bind(*args, **kwargs)
    bound.apply_defaults()
    first, *rest = bound.arguments.values()
    dim = rest[-1]
    if parts_one(row):
        t = first.physical
        with plain([t]):
            return tuple([batched(part, level) for part in function(t, *rest[:-1], _shifted(dim, t._d.ndim - 1))])
    if row.name not in ("cat", "stack"):
        return loop(level, function, args, kwargs)
    tensors = list(first)
    n = tensors[0]._d.ndim
    if row.name == "cat" and any(t._d.ndim != n for t in tensors):  # an empty vector among others
        tensors = [t for t in tensors if t._d.shape != (0,)] or tensors
        n = tensors[0]._d.ndim
    inner = [spread(t, level).physical for t in tensors]
    with plain(inner):
        return batched(function(inner, _shifted(dim, n + (row.name == "stack"))), level)


def _shifted(dim: int, n: int) -> int:
    return dim + 1 if dim >= 0 else dim + n + 1


# ------------------------------------------------------------------------------------------------------------ in place
def in_place(level: Level, method: Callable[..., Any], front: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """``method``, which writes ``front(self, ...)`` into ``self``: into every entry of the batch."""
    self, *rest = args
    if not (isinstance(self, Batched) and self._level is level):
        raise _unbatched_self(method.__name__)
    value = self.clone() if self._n is not None or any(is_in(level, r) for r in rest) else self
    result = attempt(front, (value, *rest), kwargs)
    check_fits(self, result)
    _write(self, result, level)
    return self


def _write(self: Any, result: Any, level: Level) -> None:
    new = physical(result, level)
    with plain([self.physical, new]):
        self.physical.copy_(new)


def _unbatched_self(name: str) -> RuntimeError:
    return RuntimeError(
        f"vmap: aten::{name}(self, *extra_args) is not possible because there exists a Tensor `other` in extra_args "
        "that has more elements than `self`. This happened due to `other` being vmapped over but `self` not being "
        f"vmapped over in a vmap. Please try to use out-of-place operators instead of {name}. If said operator is "
        "being called inside the PyTorch framework, please file a bug report instead."
    )


# ------------------------------------------------------------------------------------------------ forms above the rows
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
    from ..calls.shape import inferred, sizes

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
        raise _unbatched_self("index_put_" if is_in(level, index) else "copy_")
    try:
        places.put(level, self, index, value)
    except NoRule:
        for i in range(level.size):
            setitem(*mapped(functools.partial(entry, level=level, i=i), (self, index, value)))


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
        with no_grad():
            return body(ys, xs, vs, keep, True, **options)

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
    raise RuntimeError(BACKWARD)


SPECIAL: dict[Any, Callable[..., Any]] = {
    getitem: _get_item, setitem: _set_item, methods.detach: _detach, grad: _grad, methods.backward: _backward,
    matmul: _matmul, view: _view,
}  # fmt: skip
