"""How the rows of layers and losses take a batch; ``rules.py`` says what a rule is.

- losses are taken entry by entry and reduced afterwards
- a convolution with one weight for all entries is one of more samples, with a weight for each one of more groups
- normalizations are scaled and shifted afterwards where each entry has its own scale and shift
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..table.kernel import PUBLIC
from ..tensor import wrap
from .rules import NoRule, lifted


def spread_out(t: Any, size: int, batch: bool) -> Any:
    """A physical tensor as it is; any other repeated ``size`` times along a new first dimension."""
    return t if batch else t.expand((size, *t._d.shape))


# ------------------------------------------------------------------------------------------------------------- losses
def _loss(level: Any, row: Any, inner: list[Any], has: list[bool], ndims: list[int]) -> Any:
    """Each element's loss, then the reduction of each entry."""
    tensors = [i for i, p in enumerate(row.params) if hasattr(inner[i], "_d")]
    most = max(ndims[i] for i in tensors)
    at = row.params.index("reduction")
    reduction = inner[at]
    a = [lifted(t, most) if batch else t for t, batch in zip(inner, has, strict=True)]
    shape = (level.size, *max((inner[i]._d.shape[has[i] :] for i in tensors[:2]), key=len))
    for i in tensors[:2]:
        if a[i]._d.shape != shape:
            a[i] = a[i].expand(shape)
    a[at] = "none"
    out = row.front(*a)
    if reduction == "none":
        return out
    if not most:
        return out
    return PUBLIC[reduction](out, tuple(range(1, most + 1)), False)


def _nll(level: Any, row: Any, inner: list[Any], has: list[bool], ndims: list[int]) -> Any:
    """Rows of scores of all entries, one below the other; then the reduction of each entry."""
    x, target, weight, reduction, ignore = inner
    if has[2]:
        raise NoRule
    n = ndims[0]
    x = x if has[0] else x.expand((level.size, *x._d.shape))
    target = target if has[1] else target.expand((level.size, *target._d.shape))
    of_entry = target._d.shape[1:]
    if n == 1:
        scores, classes = x, PUBLIC["reshape"](target, (level.size,))
    else:
        scores = PUBLIC["reshape"](x, (-1, *x._d.shape[2:])) if x._d.size else None
        classes = PUBLIC["reshape"](target, (-1, *of_entry[1:])) if x._d.size else None
        if scores is None:
            raise NoRule
    losses, _ = row.front(scores, classes, weight, "none", ignore)
    losses = PUBLIC["reshape"](losses, (level.size, *of_entry))
    counts = (target != ignore).to(x.dtype)
    if weight is not None:
        counts = counts * weight[target.clamp(0, weight._d.shape[0] - 1)]
    dims = tuple(range(1, len(of_entry) + 1))
    totals = PUBLIC["sum"](counts, dims, False) if dims else counts
    if reduction == "none":
        return losses, totals
    out = PUBLIC["sum"](losses, dims, False) if dims else losses
    return (out / totals if reduction == "mean" else out), totals


def _nll_place(level: Any, row: Any, inner: list[Any], has: list[bool], ndims: list[int]) -> Any:
    """What sends a gradient of the loss to log-probabilities: of all entries at once."""
    x, target, shape, total, weight, reduction, ignore = inner
    if weight is not None and has[row.params.index("weight")]:
        raise NoRule
    target = spread_out(target, level.size, has[1])
    of_entry = target._d.shape[1:]
    batch = has[0]
    if reduction == "mean":
        x, batch = x / total, has[0] or has[3]
    x = spread_out(x, level.size, batch)
    if x._d.shape != target._d.shape:
        x = PUBLIC["reshape"](x, (level.size, *(1,) * len(of_entry))).expand(target._d.shape)
    one = wrap(x._d.dtype.type(1))  # the sum of the weights, which the reduction "none" does not look at
    if len(shape) > 1:
        n = level.size * shape[0]
        x, target = PUBLIC["reshape"](x, (n, *of_entry[1:])), PUBLIC["reshape"](target, (n, *of_entry[1:]))
        sent = row.front(x, target, (n, *shape[1:]), one, weight, "none", ignore)
    else:
        sent = row.front(x, target, (level.size, *shape), one, weight, "none", ignore)
    return PUBLIC["reshape"](sent, (level.size, *shape))


# -------------------------------------------------------------------------------------------------------- convolutions
def _into_channels(t: Any) -> Any:
    """(B, N, C, ...) as (N, B·C, ...)."""
    b, n, c, *space = t._d.shape
    turned = PUBLIC["permute"](t, (1, 0, 2, *range(3, t._d.ndim)))
    return PUBLIC["reshape"](turned, (n, b * c, *space))


def _out_of_channels(t: Any, b: int) -> Any:
    """(N, B·C, ...) as (B, N, C, ...)."""
    n, c, *space = t._d.shape
    split = PUBLIC["reshape"](t, (n, b, c // b, *space))
    return PUBLIC["permute"](split, (1, 0, 2, *range(3, split._d.ndim)))


def _merged(t: Any) -> Any:
    """(B, N, ...) as (B·N, ...)."""
    b, n, *rest = t._d.shape
    return PUBLIC["reshape"](t, (b * n, *rest))


def _parted(t: Any, b: int) -> Any:
    """(B·N, ...) as (B, N, ...)."""
    n, *rest = t._d.shape
    return PUBLIC["reshape"](t, (b, n // b, *rest))


def _convolution(level: Any, row: Any, inner: list[Any], has: list[bool], ndims: list[int]) -> Any:
    x, weight, bias, *rest, groups = inner
    b = level.size
    if has[1]:
        x = spread_out(x, b, has[0])
        out = _out_of_channels(row.front(_into_channels(x), _merged(weight), None, *rest, groups * b), b)
    elif has[0]:
        out = _parted(row.front(_merged(x), weight, None if has[2] else bias, *rest, groups), b)
    else:
        out = spread_out(row.front(x, weight, None, *rest, groups), b, False)
    if bias is None or not (has[1] or has[2]):
        return out
    return out + PUBLIC["view_as"](
        spread_out(bias, b, has[2]).contiguous(), (b, 1, bias._d.shape[-1], *(1,) * len(rest[0]))
    )


def _convolution_input(level: Any, row: Any, inner: list[Any], has: list[bool], ndims: list[int]) -> Any:
    g, weight, shape, *rest, groups = inner
    b, (n, c, *space) = level.size, shape
    if not has[1]:
        return _parted(row.front(_merged(g), weight, (b * n, c, *space), *rest, groups), b)
    sent = row.front(_into_channels(spread_out(g, b, has[0])), _merged(weight), (n, b * c, *space), *rest, groups * b)
    return _out_of_channels(sent, b)


def _convolution_weight(level: Any, row: Any, inner: list[Any], has: list[bool], ndims: list[int]) -> Any:
    x, g, shape, *rest, groups = inner
    b = level.size
    x, g = (_into_channels(spread_out(t, b, batch)) for t, batch in zip((x, g), has, strict=False))
    return _parted(row.front(x, g, (b * shape[0], *shape[1:]), *rest, groups * b), b)


# ------------------------------------------------------------------------------------------------------ normalizations
def _layer_norm(level: Any, row: Any, inner: list[Any], has: list[bool], ndims: list[int]) -> Any:
    x, weight, bias, dims, eps = inner
    if not has[0]:
        raise NoRule
    if not has[1] and not has[2]:
        return row.front(*inner)
    out, *rest = row.front(x, None, None, dims, eps)
    n = ndims[0]
    out = out if weight is None else out * (lifted(weight, n) if has[1] else weight)
    out = out if bias is None else out + (lifted(bias, n) if has[2] else bias)
    return (out, *rest)


def _group_norm(level: Any, row: Any, inner: list[Any], has: list[bool], ndims: list[int]) -> Any:
    x, weight, bias, groups, eps = inner
    if not has[0]:
        raise NoRule
    own = has[1] or has[2]
    outs = row.front(_merged(x), None if own else weight, None if own else bias, groups, eps)
    out, *rest = [_parted(t, level.size) for t in outs]
    if own:
        channels = (x._d.shape[2], *(1,) * (ndims[0] - 2))
        for t, batch, combine in ((weight, has[1], "mul"), (bias, has[2], "add")):
            if t is not None:
                own_t = PUBLIC["reshape"](t, ((level.size, 1) if batch else ()) + channels)
                out = PUBLIC[combine](out, own_t)
    return (out, *rest)


LAYERS: dict[str, Callable[..., Any]] = {
    "nll_loss_1d": _nll, "nll_loss_2d": _nll, "nll_place": _nll_place, "convolution": _convolution,
    "convolution_input": _convolution_input, "convolution_weight": _convolution_weight,
    "native_layer_norm": _layer_norm, "native_group_norm": _group_norm,
}  # fmt: skip
LAYERS |= dict.fromkeys(("mse_loss", "huber_loss", "smooth_l1_loss", "soft_margin_loss"), _loss)
LAYERS |= dict.fromkeys(("binary_cross_entropy", "binary_cross_entropy_with_logits"), _loss)
