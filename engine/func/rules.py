"""How rows of the table take a batch: which arguments count dimensions or list sizes, and what else has to change.

A rule is called as ``rule(level, row, inner, has, ndims)``: the row's arguments with each batched tensor as its
physical one, whose first dimension is the batch; which of them have a batch; and how many dimensions each has without.
It returns what the row gives for the whole batch, or raises ``NoRule``: then the row runs once for each entry.

- dimensions are counted one further on: reductions, cumulative sums, softmax, sorting, selections, transpositions
- sizes get the batch in front: views, expansions, what derivatives send back to a selection
- rows on the last two dimensions take batches as they are: inverses, determinants, triangles
- products of matrices and vectors become one batched product, or a single one of more rows
- losses are taken entry by entry and reduced afterwards
- index arrays: ``places.py``
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..table.kernel import PUBLIC


class NoRule(Exception):
    """This call has to run once for each entry of the batch."""


def lifted(t: Any, most: int) -> Any:
    """A physical tensor with single dimensions after the batch, until without it there are ``most``."""
    d = t._d
    missing = most + 1 - d.ndim
    if missing <= 0:
        return t
    return PUBLIC["view_as"](t, (d.shape[0], *(1,) * missing, *d.shape[1:])) if _dense(d) else _unsqueezed(t, missing)


def _dense(d: Any) -> bool:
    return type(d) is np.ndarray and d.flags.c_contiguous


def _unsqueezed(t: Any, count: int) -> Any:
    for _ in range(count):
        t = PUBLIC["unsqueeze"](t, 1)
    return t


def further(dim: Any, n: int) -> Any:
    """A dimension of ``n``, or several, or None for all, counted with the batch in front."""
    if dim is None:
        return tuple(range(1, n + 1))
    if isinstance(dim, tuple | list):
        return tuple([further(d, n) for d in dim])
    return dim + 1 if dim >= 0 else dim + n + 1


def only_first(has: list[bool]) -> None:
    """Raise NoRule if anything but the first argument has a batch."""
    if any(has[1:]):
        raise NoRule


def counting(*params: str) -> Callable[..., Any]:
    """A rule for rows whose arguments ``params`` count dimensions of the first."""

    def rule(level: Any, row: Any, inner: list[Any], has: list[bool], ndims: list[int]) -> Any:
        only_first(has)
        x, *rest = inner
        n = ndims[0]
        if not n:
            x, n = PUBLIC["unsqueeze"](x, 1), 1
        rest = [further(a, n) if p in params else a for p, a in zip(row.params[1:], rest, strict=True)]
        out = row.front(x, *rest)
        if not ndims[0]:  # of one number comes one number
            flat = [
                PUBLIC["squeeze"](t, 1) if t._d.ndim > 1 else t for t in (out if isinstance(out, tuple) else (out,))
            ]
            return tuple(flat) if isinstance(out, tuple) else flat[0]
        return out

    return rule


def sized(*params: str, dims: tuple[str, ...] = ()) -> Callable[..., Any]:
    """A rule for rows whose arguments ``params`` are shapes, and ``dims`` count the dimensions of that shape."""

    def rule(level: Any, row: Any, inner: list[Any], has: list[bool], ndims: list[int]) -> Any:
        only_first(has)
        shape = next(a for p, a in zip(row.params, inner, strict=True) if p in params)
        rest = []
        for p, a in zip(row.params[1:], inner[1:], strict=True):
            rest.append((level.size, *a) if p in params else further(a, len(shape)) if p in dims else a)
        if dims and not len(shape):
            raise NoRule
        return row.front(inner[0], *rest)

    return rule


def as_it_is(level: Any, row: Any, inner: list[Any], has: list[bool], ndims: list[int]) -> Any:
    """A rule for rows that look at no dimension, or at the last ones."""
    only_first(has)
    return row.front(*inner)


def whole(name: str) -> Callable[..., Any]:
    """A rule for reductions of all elements: ``name`` over all dimensions but the batch."""

    def rule(level: Any, row: Any, inner: list[Any], has: list[bool], ndims: list[int]) -> Any:
        x = inner[0]
        n = ndims[0]
        if not n:
            x, n = PUBLIC["unsqueeze"](x, 1), 1
        if name == "prod_dim":
            return PUBLIC[name](PUBLIC["reshape"](x, (level.size, -1 if x._d.size else 0)), 1, False)
        return PUBLIC[name](x, tuple(range(1, n + 1)), False)

    return rule


def _reshaped(level: Any, row: Any, inner: list[Any], has: list[bool], ndims: list[int]) -> Any:
    x, shape = inner
    wanted = (level.size, *shape)
    if -1 in shape:
        rest = math.prod(n for n in shape if n != -1) * level.size
        wanted = tuple([x._d.size // rest if n == -1 else n for n in wanted])
    return PUBLIC["reshape"](x, wanted)


def _expanded(level: Any, row: Any, inner: list[Any], has: list[bool], ndims: list[int]) -> Any:
    x, shape = inner
    return PUBLIC["expand_to"](lifted(x, len(shape)), (level.size, *shape))


def _summed_to(level: Any, row: Any, inner: list[Any], has: list[bool], ndims: list[int]) -> Any:
    x, shape = inner
    ahead = ndims[0] - len(shape)
    out = PUBLIC["sum_to"](x, (level.size, *(1,) * ahead, *shape))
    return PUBLIC["reshape"](out, (level.size, *shape)) if ahead > 0 else out


def _squeezed(level: Any, row: Any, inner: list[Any], has: list[bool], ndims: list[int]) -> Any:
    x, dim = inner
    if dim is None:
        return PUBLIC["squeeze"](x, tuple([i for i, n in enumerate(x._d.shape) if n == 1 and i]))
    return x if not ndims[0] else row.front(x, further(dim, ndims[0]))


def _unsqueeze(level: Any, row: Any, inner: list[Any], has: list[bool], ndims: list[int]) -> Any:
    return row.front(inner[0], further(inner[1], ndims[0] + 1))


def _permuted(level: Any, row: Any, inner: list[Any], has: list[bool], ndims: list[int]) -> Any:
    return row.front(inner[0], (0, *further(inner[1], ndims[0])))


def _turned(level: Any, row: Any, inner: list[Any], has: list[bool], ndims: list[int]) -> Any:
    return PUBLIC["transpose"](inner[0], 1, 2) if ndims[0] == 2 else PUBLIC["alias"](inner[0])


def _rolled(level: Any, row: Any, inner: list[Any], has: list[bool], ndims: list[int]) -> Any:
    x, shifts, dims = inner
    if dims:
        return row.front(x, shifts, further(dims, ndims[0]))
    flat = PUBLIC["reshape"](x, (level.size, x._d.size // max(level.size, 1)))
    return PUBLIC["reshape"](row.front(flat, shifts, (1,)), x._d.shape)


def _repeated(level: Any, row: Any, inner: list[Any], has: list[bool], ndims: list[int]) -> Any:
    x, repeats = inner
    return row.front(lifted(x, len(repeats)), (1, *repeats))


def _flat_search(level: Any, row: Any, inner: list[Any], has: list[bool], ndims: list[int]) -> Any:
    x, dim, keepdim = inner
    if dim is not None:
        return counting("dim")(level, row, inner, has, ndims)
    if keepdim:
        raise NoRule
    return row.front(PUBLIC["reshape"](x, (level.size, x._d.size // max(level.size, 1))), 1, False)


def _ties(level: Any, row: Any, inner: list[Any], has: list[bool], ndims: list[int]) -> Any:
    x, y, dim, unknown = inner
    n = max(ndims[:2])
    if not all(has[:2]) or ndims[0] < n:
        raise NoRule
    if not n:
        x, y, n = PUBLIC["unsqueeze"](x, 1), PUBLIC["unsqueeze"](y, 1), 1
    out = row.front(x, lifted(y, n), further(dim, n), unknown)
    return out if max(ndims[:2]) else PUBLIC["squeeze"](out, 1)


# ---------------------------------------------------------------------------------------------------------- matrices
def _product(level: Any, row: Any, inner: list[Any], has: list[bool], ndims: list[int]) -> Any:
    from ..calls.linalg import matmul

    x, y = inner[:2]
    n, m = ndims[:2]
    if n == 1:  # dot
        return PUBLIC["sum"](x * y, -1, False)
    if m == 1:  # mv
        return PUBLIC["squeeze"](matmul(x, PUBLIC["unsqueeze"](y, y._d.ndim)), -1 % (2 + any(has[:2])))
    if n == 3 and has[0] != has[1]:  # bmm: its own batch stands second where there is another
        x, y = (x if has[0] else x.unsqueeze(0)), (y if has[1] else y.unsqueeze(0))
    return matmul(x, y)


def _addmm(level: Any, row: Any, inner: list[Any], has: list[bool], ndims: list[int]) -> Any:
    from ..calls.linalg import matmul

    x, a, b, beta, alpha = inner
    if not has[0] and has[1] and not has[2] and ndims[0] <= 1:
        n, k = a._d.shape[1:]
        out = row.front(x, PUBLIC["reshape"](a, (level.size * n, k)), b, beta, alpha)
        return PUBLIC["reshape"](out, (level.size, n, b._d.shape[1]))
    out = matmul(a, b)
    out = out if alpha == 1 else out * alpha
    x = lifted(x, 2) if has[0] else x
    return out + (x if beta == 1 else x * beta)


def _solved(level: Any, row: Any, inner: list[Any], has: list[bool], ndims: list[int]) -> Any:
    x, y, vector = inner
    x = x if has[0] else x.expand((level.size, *x._d.shape))
    y = y if has[1] else y.expand((level.size, *y._d.shape))
    if ndims[1] + vector != ndims[0]:
        raise NoRule
    return row.front(x, y, vector)


def _traced(level: Any, row: Any, inner: list[Any], has: list[bool], ndims: list[int]) -> Any:
    return PUBLIC["sum"](PUBLIC["diagonal"](inner[0], 0, 1, 2), 1, False)


# ------------------------------------------------------------------------------------------------- along a dimension
def _gathered(level: Any, row: Any, inner: list[Any], has: list[bool], ndims: list[int]) -> Any:
    """gather, scatter and their kin: every tensor gets the batch, the dimension moves."""
    if not ndims[0]:
        raise NoRule
    out = []
    for p, a, batch, n in zip(row.params, inner, has, ndims, strict=True):
        if p == "dim":
            a = further(a, ndims[0])
        elif p == "shape":
            a = (level.size, *a)
        elif hasattr(a, "_d") and not batch:
            a = a.expand((level.size, *a._d.shape))
        elif batch and not n:
            raise NoRule
        out.append(a)
    return row.front(*out)


def _along(level: Any, row: Any, inner: list[Any], has: list[bool], ndims: list[int]) -> Any:
    """index_select and its kin: one list of indices for all entries; where each has its own, there is no rule."""
    if has[row.params.index("index")] or not ndims[0]:
        raise NoRule
    out = []
    for p, a, batch in zip(row.params, inner, has, strict=True):
        if p == "dim":
            a = further(a, len(inner[row.params.index("shape")]) if "shape" in row.params else ndims[0])
        elif p == "shape":
            a = (level.size, *a)
        elif p != "index" and hasattr(a, "_d") and not batch:
            a = a.expand((level.size, *a._d.shape))
        out.append(a)
    return row.front(*out)


def _taken(level: Any, row: Any, inner: list[Any], has: list[bool], ndims: list[int]) -> Any:
    x, index = inner
    if has[1]:
        raise NoRule
    shape = index._d.shape
    flat = PUBLIC["reshape"](x, (level.size, x._d.size // max(level.size, 1)))
    out = PUBLIC["index_select"](flat, 1, PUBLIC["reshape"](index, (index._d.size,)))
    return PUBLIC["reshape"](out, (level.size, *shape))


def _masked(level: Any, row: Any, inner: list[Any], has: list[bool], ndims: list[int]) -> Any:
    most = max(ndims[:2])
    x, mask, *rest = [
        lifted(t, most) if batch and i < 2 else t for i, (t, batch) in enumerate(zip(inner, has, strict=True))
    ]
    if row.name == "masked_fill_tensor" and has[2]:
        y = rest[0] if rest[0]._d.dtype is x._d.dtype else PUBLIC["cast"](rest[0], x._d.dtype)
        return PUBLIC["where"](mask, lifted(y, most), x)
    return row.front(x, mask, *rest)


def _looked_up(level: Any, row: Any, inner: list[Any], has: list[bool], ndims: list[int]) -> Any:
    if has[0]:
        raise NoRule
    return row.front(*inner)


def _placed(level: Any, row: Any, inner: list[Any], has: list[bool], ndims: list[int]) -> Any:
    """What is picked along a dimension by its index, and put back there."""
    x, indices = [t if batch else t.expand((level.size, *t._d.shape)) for t, batch in zip(inner[:2], has, strict=False)]
    rest = []
    for p, a in zip(row.params[2:], inner[2:], strict=True):
        rest.append((level.size, *a) if p == "shape" else further(a, ndims[0]) if p == "dim" else a)
    if row.name == "pick" and not ndims[0]:
        raise NoRule
    return row.front(x, indices, *rest)


def _copied(level: Any, row: Any, inner: list[Any], has: list[bool], ndims: list[int]) -> Any:
    x, y = inner
    x = x if has[0] else x.expand((level.size, *x._d.shape))
    return row.front(x, lifted(y, ndims[0]) if has[1] else y)


def _embedded(level: Any, row: Any, inner: list[Any], has: list[bool], ndims: list[int]) -> Any:
    x, offset, *dims = inner
    return row.front(x, offset, *[further(d, ndims[0] + 1) for d in dims])


def _restrided(level: Any, row: Any, inner: list[Any], has: list[bool], ndims: list[int]) -> Any:
    """Each entry in memory of its own: steps count from its beginning, not from that of the batch."""
    outs = []
    for i in range(level.size):
        x, *rest = [a.select(0, i) if batch else a for a, batch in zip(inner, has, strict=True)]
        outs.append(row.front(PUBLIC["clone"](x, "C"), *rest))
    return PUBLIC["stack"](outs, 0)


RULES: dict[str, Callable[..., Any]] = {}
_BY_RULE = {
    counting("dim"): "sum mean nansum prod_dim var std vector_norm cumsum sum_after cumprod amax amin max_dim min_dim "
    "any_of all_of count_nonzero softmax log_softmax logsumexp sort sort_stable topk kthvalue select slice_of unfold "
    "glu drop_dim cummax cummin logcumsumexp median_dim nanmedian_dim mode fft_c2c fft_r2c fft_c2r twice_inside "
    "var_mean std_mean aminmax",
    counting("dims"): "flip rot90",
    counting("dim0", "dim1"): "transpose",
    counting("dim1", "dim2"): "diagonal diagonal_copy",
    sized("shape", dims=("dim",)): "select_back slice_back unfold_back",
    sized("shape", dims=("dim1", "dim2")): "diagonal_back",
    sized("shape"): "corner into_corner",
    as_it_is: "cast cast_whole clone alias zeros_as tril triu inv det minors view_as_real view_as_complex "
    "conj conj_physical frexp constant_pad_nd max_pool2d max_pool3d adaptive_max_pool2d adaptive_max_pool3d resample "
    "resample_avgpool2d resample_avgpool3d resample_adaptiveavgpool2d resample_adaptiveavgpool3d "
    "resample_reflectionpad1d resample_reflectionpad2d resample_reflectionpad3d resample_replicationpad1d "
    "resample_replicationpad2d resample_replicationpad3d",
    _reshaped: "view_as reshape_alias unsafe_view",
    whole("sum"): "sum_all",
    whole("mean"): "mean_all",
    whole("prod_dim"): "prod_all",
    whole("amax"): "max_all",
    whole("amin"): "min_all",
    _flat_search: "argmax argmin",
    _ties: "ties",
    _expanded: "expand_to",
    _summed_to: "sum_to",
    _squeezed: "squeeze",
    _unsqueeze: "unsqueeze",
    _permuted: "permute",
    _turned: "t",
    _rolled: "roll",
    _repeated: "repeat",
    _product: "mm mv dot bmm",
    _addmm: "addmm",
    _solved: "solve",
    _traced: "trace",
    _gathered: "gather gather_back scatter scatter_number scatter_add",
    _along: "index_select select_rows_back index_add index_fill index_copy",
    _taken: "take",
    _masked: "masked_fill masked_fill_tensor masked_only",
    _looked_up: "embedding",
    _placed: "place pick",
    _copied: "copy",
    _restrided: "as_strided",
    _embedded: "diag_embed",
}
for _rule, _names in _BY_RULE.items():
    RULES.update(dict.fromkeys(_names.split(), _rule))
