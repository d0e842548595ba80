"""Losses of margins that PyTorch records as one node. ``reduction`` is "mean", "sum" or "none"."""

import numpy as np

from ..table.kernel import RAW, on_arrays, raw, rule
from ..table.op import op
from ..tensor import wrap


@op(
    x=lambda g, x, target, reduction: each(g, x, reduction) * soft_margin_slope(x, target),
    target=None,
    node="SoftMarginLossBackward0",
    jvp=lambda t, x, target, reduction: reduced(t * soft_margin_slope(x, target), reduction),
)
def soft_margin_loss(x, target, reduction="mean"):
    """``log(1 + exp(-target · x))``."""
    return reduced(np.log(np.exp(-target * x) + x.dtype.type(1)), reduction)


@rule
def soft_margin_slope(x, target):
    """``-target · σ(-target · x)``."""
    return -target * sigmoid(-target * x)


# ------------------------------------------------ one target for each sample
@rule
def in_rows(x):
    """``x`` as (samples, classes); one sample may come without its dimension."""
    return x if len(x.shape) == 2 else reshape(x, (1, math.prod(x.shape)))


@rule
def margin_terms(x, target, weight, margin):
    """(samples, classes): by how much each class comes too near the target; where it is the target; the weights."""
    rows, at = in_rows(x), reshape(target, (math.prod(target.shape), 1))
    near = rows - gather(rows, 1, at) + margin
    factor = 1.0 if weight is None else index_select(weight, 0, at[:, 0])[:, None]
    return near, eq(at, known(np.arange(rows.shape[1]))), factor


@rule
def margin_slopes(x, target, weight, p, margin):
    """(samples, classes): the derivative of each sample's loss."""
    near, is_target, factor = margin_terms(x, target, weight, margin)
    slopes = where(near > 0, near * 2 if p == 2 else where(near > 0, 1.0, near * 0), near * 0)
    slopes = where(is_target, 0.0, slopes) * factor / near.shape[1]
    return slopes - where(is_target, sum(slopes, 1, True), 0.0)


@rule
def spread_losses(g, x, reduction):
    """The gradient that each sample's loss receives, (samples, 1)."""
    samples = math.prod(x.shape[:-1])
    return g / samples if reduction == "mean" else g if reduction == "sum" else reshape(g, (samples, 1))


@rule
def collect_losses(losses, x, reduction):
    """The loss asked for, of one for each sample."""
    return reduced(losses if len(x.shape) == 2 or reduction != "none" else reshape(losses, ()), reduction)


@op(
    x=lambda g, x, target, weight, p, margin, reduction: reshape(
        spread_losses(g, x, reduction) * margin_slopes(x, target, weight, p, margin), tuple(x.shape)
    ),
    target=None,
    weight=None,
    node="MultiMarginLossBackward0",
    jvp=lambda t, x, target, weight, p, margin, reduction: collect_losses(
        sum(in_rows(t) * margin_slopes(x, target, weight, p, margin), 1), x, reduction
    ),
)
def multi_margin_loss(x, target, weight=None, p=1, margin=1.0, reduction="mean"):
    """``Σ_i max(0, margin - x[target] + x[i])^p / classes`` over all classes but the target."""
    target = np.asarray(target)
    near, is_target, factor = margin_terms(x, target, weight, x.dtype.type(margin))
    terms = np.where(is_target | (near < 0), x.dtype.type(0), near * near if p == 2 else near) * factor
    return collect_losses(np.add.reduce(terms, 1) / x.dtype.type(near.shape[1]), x, reduction)


# ------------------------------------------------ several targets for each sample
def label_terms(x, target):
    """For each sample, target j and class k ``1 - x[target[j]] + x[k]``, 0 where it does not count; the targets."""
    rows, at = in_rows(x), np.asarray(target).reshape(-1, max(target.shape[-1:], default=1))
    valid = np.logical_and.accumulate(at >= 0, 1)
    at = np.where(valid, at, 0)
    is_target = np.zeros(rows.shape, bool)
    np.logical_or.at(is_target, (np.arange(len(at))[:, None], at), valid)
    near = 1 - np.take_along_axis(rows, at, 1)[:, :, None] + rows[:, None, :]
    return np.where(valid[:, :, None] & ~is_target[:, None, :] & (near > 0), near, rows.dtype.type(0)), at


RAW["label_terms"] = raw(label_terms)


@on_arrays("label_signs", lambda x, target: wrap(RAW["label_signs"](x._d, target._d)))
def label_signs(x, target):
    """(samples, classes): the derivative of each sample's loss, constant but for jumps."""
    near, at = label_terms(x, target)
    on = (near > 0).astype(x.dtype)
    out = np.add.reduce(on, 1)
    np.subtract.at(out, (np.arange(len(at))[:, None], at), np.add.reduce(on, 2))
    return out / x.dtype.type(out.shape[1])


@op(
    x=lambda g, x, target, reduction: reshape(spread_losses(g, x, reduction) * label_signs(x, target), tuple(x.shape)),
    target=None,
    node="MultilabelMarginLossBackward0",
    jvp=lambda t, x, target, reduction: collect_losses(sum(in_rows(t) * label_signs(x, target), 1), x, reduction),
)
def multilabel_margin_loss(x, target, reduction="mean"):
    """``Σ_jk max(0, 1 - x[target[j]] + x[k]) / classes`` over targets j and all other classes k."""
    near, _ = label_terms(x, target)
    return collect_losses(np.add.reduce(near, (1, 2)) / x.dtype.type(near.shape[2]), x, reduction)
