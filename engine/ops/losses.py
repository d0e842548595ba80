"""Losses that PyTorch records as one node. ``reduction`` is "mean", "sum" or "none"."""

import numpy as np

from ..table.kernel import RAW, raw, rule
from ..table.op import op


@rule
def reduced(x, reduction):
    """The elementwise losses ``x`` as the loss that was asked for."""
    return mean_all(x) if reduction == "mean" else sum_all(x) if reduction == "sum" else x


@rule
def each(g, x, reduction):
    """The gradient that each elementwise loss receives; it broadcasts."""
    return g / math.prod(x.shape) if reduction == "mean" else g


@op(
    x=lambda g, x, target, reduction: each(g, x, reduction) * ((x - target) * 2),
    target=lambda g, x, target, reduction: each(g, x, reduction) * ((target - x) * 2),
    node="MseLossBackward0",
    jvp=lambda d, e, x, target, reduction: reduced((x - target) * 2 * (d - e), reduction),
    real="mse_cpu",
)
def mse_loss(x, target, reduction="mean"):
    """``(x - target)²``."""
    apart = x - target
    return reduced(apart * apart, reduction)


@rule
def huber_slope(x, target, delta):
    """The derivative of the Huber loss: ``x - target``, at most ``delta`` in size."""
    apart = x - target
    return where(abs(apart) >= delta, sign(apart) * delta, apart)  # of NaN it is NaN


@op(
    x=lambda g, x, target, reduction, delta: each(g, x, reduction) * huber_slope(x, target, delta),
    target=lambda g, x, target, reduction, delta: each(g, x, reduction) * huber_slope(target, x, delta),
    node="HuberLossBackward0",
    jvp=lambda d, e, x, target, reduction, delta: reduced(huber_slope(x, target, delta) * (d - e), reduction),
    real="huber_cpu",
)
def huber_loss(x, target, reduction="mean", delta=1.0):
    """``½(x - target)²``, from a distance of ``delta`` on a line."""
    far = np.abs(x - target)
    return reduced(np.where(far <= delta, far * far * 0.5, (far - 0.5 * delta) * delta), reduction)


@rule
def smooth_slope(x, target, beta):
    """The derivative of the smooth L1 loss: ``(x - target) / beta``, at most 1 in size."""
    apart = x - target
    return where(abs(apart) >= beta, sign(apart), apart / (beta or 1.0))


@op(
    x=lambda g, x, target, reduction, beta: each(g, x, reduction) * smooth_slope(x, target, beta),
    target=lambda g, x, target, reduction, beta: each(g, x, reduction) * smooth_slope(target, x, beta),
    node="SmoothL1LossBackward0",
    jvp=lambda d, e, x, target, reduction, beta: reduced(smooth_slope(x, target, beta) * (d - e), reduction),
    real="smooth_l1_cpu",
)
def smooth_l1_loss(x, target, reduction="mean", beta=1.0):
    """``½(x - target)²/beta``, from a distance of ``beta`` on ``|x - target| - beta/2``."""
    far = np.abs(x - target)
    return reduced(np.where(far < beta, far * far * (0.5 / (beta or 1.0)), far - 0.5 * beta), reduction)


# ------------------------------------------------ cross entropies
@rule
def weighted(x, weight):
    """``x · weight``; ``x`` itself where there is none."""
    return x if weight is None else x * weight


@op(
    x=lambda g, x, target, weight, reduction: (
        weighted(each(g, x, reduction), weight) * ((x - target) / maximum(x * (1 - x), 1e-12))
    ),
    target=lambda g, x, weight, reduction: (
        weighted(each(g, x, reduction), weight) * (maximum(log(1 - x), -100.0) - maximum(log(x), -100.0))
    ),
    weight=None,
    node="BinaryCrossEntropyBackward0",
    jvp=lambda d, e, x, target, weight, reduction: reduced(
        weighted(
            (x - target) / maximum(x * (1 - x), 1e-12) * d
            + (maximum(log(1 - x), -100.0) - maximum(log(x), -100.0)) * e,
            weight,
        ),
        reduction,
    ),
    diagnose=lambda x, target, weight, reduction: RuntimeError("all elements of input should be between 0 and 1"),
)
def binary_cross_entropy(x, target, weight=None, reduction="mean"):
    """``-(target · log x + (1 - target) · log(1 - x))``, the logarithms at least -100."""
    if not ((x >= 0) & (x <= 1)).all():
        raise ValueError("all elements of input should be between 0 and 1")
    yes, no = np.maximum(np.log(x), x.dtype.type(-100)), np.maximum(np.log1p(-x), x.dtype.type(-100))
    return reduced(weighted((target - 1) * no - target * yes, weight), reduction)


@rule
def logits_slope(x, target, pos_weight):
    """The derivative by the logits: ``σ(x) - target``, positives weighted."""
    if pos_weight is None:
        return sigmoid(x) - target
    positive = target * pos_weight
    return sigmoid(x) * (positive + (1 - target)) - positive


@rule
def logits_target_slope(x, pos_weight):
    """The derivative by the targets: ``log(1 - σ) - pos_weight · log σ``, which is ``-x`` without weights."""
    if pos_weight is None:
        return -x
    return softplus_of(x) * -1.0 + softplus_of(-x) * pos_weight


@rule
def softplus_of(x):
    """``log(1 + e^x)``, by way of rows that are twice differentiable."""
    return maximum(x, 0.0) + log(exp(-abs(x)) + 1.0)


@op(
    x=lambda g, x, target, weight, pos_weight, reduction: (
        weighted(each(g, x, reduction), weight) * logits_slope(x, target, pos_weight)
    ),
    target=lambda g, x, weight, pos_weight, reduction: (
        weighted(each(g, x, reduction), weight) * logits_target_slope(x, pos_weight)
    ),
    weight=None,
    pos_weight=None,
    node="BinaryCrossEntropyWithLogitsBackward0",
    jvp=lambda d, e, x, target, weight, pos_weight, reduction: reduced(
        weighted(logits_slope(x, target, pos_weight) * d + logits_target_slope(x, pos_weight) * e, weight), reduction
    ),
)
def binary_cross_entropy_with_logits(x, target, weight=None, pos_weight=None, reduction="mean"):
    """``-(target · log σ(x) + (1 - target) · log(1 - σ(x)))``, without overflow."""
    yes = np.log1p(np.exp(-np.abs(x))) + np.maximum(-x, x.dtype.type(0))  # -log σ(x)
    if pos_weight is not None:
        yes = yes * ((pos_weight - 1) * target + 1)
    return reduced(weighted((1 - target) * x + yes, weight), reduction)


# ------------------------------------------------ negative log likelihood
def _nll(node):
    return op(
        x=lambda g, x_shape, target, weight, total, reduction, ignore_index: nll_place(
            g, target, x_shape, total, weight, reduction, ignore_index
        ),
        target=None,
        weight=None,
        outputs=("out", "total"),
        node=node,
        jvp="linear",
        called="nll_loss",
        diagnose=misfit,
    )


def misfit(x, target, weight=None, reduction="mean", ignore_index=-100):
    """PyTorch's error for a target that names no class."""
    classes = x.shape[1 if x.ndim > 1 else 0]
    if weight is not None and weight.shape != (classes,):
        return RuntimeError(
            f"weight tensor should be defined either for all {classes} classes or no classes but got weight tensor of "
            f"shape: {list(weight.shape)}"
        )
    wrong = target[(target != ignore_index) & ((target < 0) | (target >= classes))]
    return IndexError(f"Target {wrong[0]} is out of bounds.") if wrong.size else None


@_nll("NllLossBackward0")
def nll_loss_1d(x, target, weight=None, reduction="mean", ignore_index=-100):
    """``-x[n, target[n]]`` of log-probabilities, classes weighted, and the sum of the weights."""
    if plain(x, target, weight, ignore_index):
        losses = -x[np.arange(len(target)), target]
        n = x.dtype.type(target.size)
        return (losses if reduction == "none" else total(losses) / n if reduction == "mean" else total(losses)), n
    chosen, factor = chosen_classes(x, target, weight, ignore_index)
    axis = 1 if x.ndim > 1 else 0
    losses = -np.take_along_axis(x, chosen, axis).squeeze(axis) * factor
    sums = np.add.reduce(factor, None)
    if reduction == "none":
        return losses, sums
    out = np.add.reduce(np.where(factor == 0, x.dtype.type(0), losses), None)
    return (out / sums if reduction == "mean" else out), sums


@_nll("NllLoss2DBackward0")
def nll_loss_2d(x, target, weight=None, reduction="mean", ignore_index=-100):
    """The same for a class at each place of an image: ``x`` is (N, C, ...), ``target`` (N, ...)."""
    return nll_loss_1d(x, target, weight, reduction, ignore_index)


def chosen_classes(x, target, weight, ignore_index):
    """The targets as indices along the classes, those to be ignored as 0, and the weight of each."""
    counts = np.not_equal(target, ignore_index)
    at = np.where(counts, target, 0)
    if at.size and (at.min() < 0 or at.max() >= x.shape[1 if x.ndim > 1 else 0]):
        raise ValueError("a target names no class")
    if weight is not None and weight.shape != (x.shape[1 if x.ndim > 1 else 0],):
        raise ValueError("not one weight for each class")
    factor = np.ones(target.shape, x.dtype) if weight is None else weight[at]
    axis = 1 if x.ndim > 1 else 0
    return np.expand_dims(np.asarray(at), axis), np.where(counts, factor, x.dtype.type(0))


def plain(x, target, weight, ignore_index):
    """Whether this is the common case: rows of scores, no weights, each target a class."""
    if x.ndim != 2 or weight is not None or ignore_index >= 0 or not target.size:
        return False
    if target.size < 33:  # in Python 2.5 times faster than NumPy's reductions
        classes = target.tolist()
        return min(classes) >= 0 and max(classes) < x.shape[1]
    return np.minimum.reduce(target) >= 0 and np.maximum.reduce(target) < x.shape[1]


RAW["plain"] = raw(plain)
RAW["chosen_classes"] = raw(chosen_classes)


@op(
    x=lambda g, target, weight, total, reduction, ignore_index: nll_pick(
        g, target, weight, total, reduction, ignore_index
    ),
    target=None,
    weight=None,
    total=None,
    node="NllLossBackward0",
    jvp="linear",
)
def nll_place(x, target, shape, total, weight=None, reduction="mean", ignore_index=-100):
    """What the log-probabilities of ``shape`` receive when the loss receives ``x``."""
    out = np.zeros(shape, x.dtype)
    if plain(out, target, weight, ignore_index):
        out[np.arange(len(target)), target] = -x / total if reduction == "mean" else -x
        return out
    chosen, factor = chosen_classes(out, target, weight, ignore_index)
    sent = np.where(factor == 0, x.dtype.type(0), -(x / total if reduction == "mean" else x) * factor)
    axis = 1 if out.ndim > 1 else 0
    np.put_along_axis(out, chosen, np.expand_dims(sent, axis), axis)
    return out


@rule
def nll_pick(g, target, weight, total, reduction, ignore_index):
    """The loss again, of ``g``: what sends log-probabilities to losses is linear."""
    return nll_loss_1d(g, target, weight, reduction, ignore_index)[0]
