"""How a row is run on a whole batch at once: the row's own operation, with one dimension more.

``rules.py`` and ``layers.py`` say how for the rows that they name; every elementwise row broadcasts; all the rest run
once for each entry of the batch, and what comes out is stacked.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .. import dtypes
from ..table.inplace import check_fits
from ..table.kernel import PUBLIC
from ..table.lists import ListRow
from ..tensor import Tensor
from . import places
from .dual import parts_one
from .layers import LAYERS
from .levels import Level
from .lifted import Batched, Shadow, batched, plain
from .looping import attempt, is_in, loop, physical
from .nesting import spread
from .rules import RULES as ROW_RULES
from .rules import NoRule, lifted

RULES = {**ROW_RULES, **LAYERS, **places.INDEXED}


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
    if row.name not in ("cat", "stack", "split", "split_with_sizes", "unbind"):
        return loop(level, function, args, kwargs)
    dim = rest[-1]
    if parts_one(row):
        t = first.physical
        with plain([t]):
            return tuple([batched(part, level) for part in function(t, *rest[:-1], _shifted(dim, t._d.ndim - 1))])
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
        raise unbatched_self(method.__name__)
    if not any(is_in(level, r) for r in (*rest, *kwargs.values())) and _alike(method, front, rest):
        with plain([self.physical]):
            method(self.physical, *rest, **kwargs)
        return self
    value = self.clone() if self._n is not None or any(is_in(level, r) for r in rest) else self
    result = attempt(front, (value, *rest), kwargs)
    check_fits(self, result)
    _write(self, result, level)
    return self


def _alike(method: Any, front: Any, rest: list[Any]) -> bool:
    """Whether the method does the same to a whole batch: elementwise, by numbers or nothing."""
    row = getattr(front, "row", None)
    elementwise = (row is not None and row.elementwise) or method.__name__ in ("zero_", "fill_")
    return elementwise and not any(isinstance(r, Tensor) for r in rest)


def _write(self: Any, result: Any, level: Level) -> None:
    new = physical(result, level)
    with plain([self.physical, new]):
        self.physical.copy_(new)


def unbatched_self(name: str) -> RuntimeError:
    return RuntimeError(
        f"vmap: aten::{name}(self, *extra_args) is not possible because there exists a Tensor `other` in extra_args "
        "that has more elements than `self`. This happened due to `other` being vmapped over but `self` not being "
        f"vmapped over in a vmap. Please try to use out-of-place operators instead of {name}. If said operator is "
        "being called inside the PyTorch framework, please file a bug report instead."
    )
