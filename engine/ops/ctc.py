"""The loss of a sequence whose alignment is not known: Graves et al., Connectionist temporal classification, 2006.

A path visits the symbols of a target in order, with blanks before, between and after them; it stays in a state or goes
to the next, and may leave out a blank between two symbols that differ. Everything here is a logarithm of a probability.

Source: ``aten/src/ATen/native/LossCTC.cpp`` (the behaviour, not the text, is followed).
"""

import numpy as np

from ..table.kernel import RAW, raw
from ..table.op import op


@op(
    x=lambda g, x, targets, out, alpha, input_lengths, target_lengths, blank, zero_infinity: ctc_loss_backward(
        g, x, targets, out, alpha, input_lengths, target_lengths, blank, zero_infinity
    ),
    targets=None,
    outputs=("out", "alpha"),
    node="CtcLossBackward0",
    jvp=lambda t, x, targets, out, alpha, input_lengths, target_lengths, blank, zero_infinity: sum(
        t
        * ctc_loss_backward(
            zeros_as(out) + 1, x, targets, out, alpha, input_lengths, target_lengths, blank, zero_infinity
        ),
        (0, 2),
    ),
)
def ctc_loss(x, targets, input_lengths, target_lengths, blank=0, zero_infinity=False):
    """Minus the log of the probability of each target; and ``alpha``, of what came before, for each time and state.

    Shapes: x, of log-probabilities, (T, N, C); targets (N, symbols); the loss (N); alpha (N, T, states).
    """
    _, jumps, seen = ctc_states(x, targets, blank)
    steps, samples, states = seen.shape
    alpha = np.full((samples, steps, states), -np.inf, x.dtype)
    alpha[:, :1, :2] = seen[:1, :, :2].swapaxes(0, 1)
    for t in range(1, steps):
        alpha[:, t] = ctc_arrive(alpha[:, t - 1], jumps) + seen[t]
    ends = np.full((samples, 2), -np.inf, x.dtype)
    for n, (steps, size) in enumerate(zip(input_lengths, target_lengths, strict=True)):
        if steps:
            ends[n, : 2 if size else 1] = alpha[n, steps - 1, [2 * size, 2 * size - 1][: 2 if size else 1]]
        elif not size:
            ends[n, 0] = 0
    return -np.logaddexp(ends[:, 0], ends[:, 1]), alpha


@op(
    x=lambda g: underivable(g, "_ctc_loss_backward"),
    logs=lambda g: underivable(g, "_ctc_loss_backward"),
    targets=None,
    losses=lambda g: underivable(g, "_ctc_loss_backward"),
    alpha=None,
    apart=("logs", "losses"),
    node="torch::autograd::NotImplemented",
    jvp="linear",
)
def ctc_loss_backward(x, logs, targets, losses, alpha, input_lengths, target_lengths, blank=0, zero_infinity=False):
    """What the log-probabilities ``logs`` receive when each loss receives ``x``."""
    path, jumps, seen = ctc_states(logs, targets, blank)
    steps, samples, states = seen.shape
    beta = np.full((samples, steps, states), -np.inf, logs.dtype)
    lasts, sizes = np.array(input_lengths) - 1, np.array(target_lengths)
    rows = np.arange(samples)
    for t in range(steps - 1, -1, -1):
        if t < steps - 1:
            later = ctc_arrive(beta[:, t + 1, ::-1], ctc_backwards(jumps))[:, ::-1]
            beta[:, t] = later + seen[t]
        last = rows[lasts == t]
        beta[last, t, 2 * sizes[last]] = seen[t, last, 2 * sizes[last]]
        last = last[sizes[last] > 0]
        beta[last, t, 2 * sizes[last] - 1] = seen[t, last, 2 * sizes[last] - 1]
    both = alpha + beta
    top = np.maximum.reduce(both, 2, None, None, True, initial=-np.inf)
    top = np.where(np.isfinite(top), top, logs.dtype.type(0))
    classes = np.equal(path[:, :, None], np.arange(logs.shape[2])).astype(logs.dtype)
    of_class = (np.log(np.exp(both - top) @ classes) + top).swapaxes(0, 1)
    sent = (np.exp(logs) - np.exp(of_class + losses[:, None] - logs)) * x[:, None]
    if zero_infinity:
        sent = np.where(np.isinf(losses)[:, None], logs.dtype.type(0), sent)
    return np.where((np.arange(steps)[:, None] <= lasts)[:, :, None], sent, logs.dtype.type(0))


def ctc_states(x, targets, blank):
    """The class of each state, (N, states); whether a path may jump to it; its log-probability, (T, N, states)."""
    samples, symbols = targets.shape
    path = np.full((samples, 2 * symbols + 1), blank)
    path[:, 1::2] = targets
    jumps = np.zeros(path.shape, np.bool_)
    jumps[:, 2:] = path[:, 2:] != path[:, :-2]
    return path, jumps, x[:, np.arange(samples)[:, None], path]


def ctc_arrive(before, jumps):
    """From ``before``, (N, states): the next time's, before its symbol was seen."""
    out = before.copy()
    np.logaddexp(out[:, 1:], before[:, :-1], out=out[:, 1:])
    np.logaddexp(out[:, 2:], before[:, :-2], out=out[:, 2:], where=jumps[:, 2:])
    return out


def ctc_backwards(jumps):
    """The same for paths that are walked from their end."""
    out = np.zeros_like(jumps)
    out[:, 2:] = jumps[:, 2:][:, ::-1]
    return out


RAW.update(ctc_states=raw(ctc_states), ctc_arrive=raw(ctc_arrive), ctc_backwards=raw(ctc_backwards))
