"""``torch.<name>`` of functions that ``nn.functional`` has too: dropout without defaults, reductions as numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...mode import overridable
from ...tensor import Tensor
from ..reduction import reduced
from . import activation, criteria, drawn, dropouts, margins, sequences

REDUCTIONS = ("none", "mean", "sum")


# ------------------------------------------------------------------------------------------------------------ dropout
def _dropout(name: str, function: Callable[..., Tensor], inplace: bool = False) -> Any:
    def drop(input: Tensor, p: float, train: bool) -> Tensor:
        return function(input, p, train, inplace)

    drop.__name__ = drop.__qualname__ = name
    drop.__doc__ = function.__doc__
    return overridable(drop)


def _channels(input: Tensor, p: float, training: bool, inplace: bool) -> Tensor:
    """While ``training``: each channel of (N, C, ...) 0 with probability ``p``, else ``x / (1 - p)``."""
    dropouts.check(p)
    return dropouts.dropped(input, p, training, inplace, feature=True)


dropout, dropout_ = _dropout("dropout", dropouts.dropout), _dropout("dropout_", dropouts.dropout, True)
alpha_dropout = _dropout("alpha_dropout", dropouts.alpha_dropout)
alpha_dropout_ = _dropout("alpha_dropout_", dropouts.alpha_dropout, True)
feature_dropout, feature_dropout_ = (
    _dropout("feature_dropout", _channels),
    _dropout("feature_dropout_", _channels, True),
)
feature_alpha_dropout = _dropout("feature_alpha_dropout", dropouts.feature_alpha_dropout)
feature_alpha_dropout_ = _dropout("feature_alpha_dropout_", dropouts.feature_alpha_dropout, True)


# ------------------------------------------------------------------------------------------------------------- losses
def _by_number(function: Callable[..., Tensor], names: str) -> Any:
    """``function`` with the positional arguments ``names``, one of them ``reduction``: 0 none, 1 mean, 2 sum."""
    positional = names.split()

    def loss(*args: Any, **kwargs: Any) -> Tensor:
        given = dict(zip(positional, args, strict=False)) | kwargs
        return function(**{**given, "reduction": REDUCTIONS[given.get("reduction", 1)]})

    loss.__name__ = loss.__qualname__ = function.__name__
    loss.__doc__ = function.__doc__
    return overridable(loss)


def _kl_div(input: Tensor, target: Tensor, reduction: str, log_target: bool = False) -> Tensor:
    """``target · (log(target) - input)``, for an input of log-probabilities."""
    return reduced(criteria.divergences(input, target, log_target), reduction)


_kl_div.__name__ = "kl_div"
kl_div = _by_number(_kl_div, "input target reduction")
binary_cross_entropy_with_logits = _by_number(
    criteria.binary_cross_entropy_with_logits, "input target weight pos_weight reduction"
)
margin_ranking_loss = _by_number(margins.margin_ranking_loss, "input1 input2 target margin reduction")
cosine_embedding_loss = _by_number(margins.cosine_embedding_loss, "input1 input2 target margin reduction")
hinge_embedding_loss = _by_number(margins.hinge_embedding_loss, "input target margin reduction")
poisson_nll_loss = _by_number(margins.poisson_nll_loss, "input target log_input full eps reduction")
triplet_margin_loss = _by_number(margins.triplet_margin_loss, "anchor positive negative margin p eps swap reduction")
ctc_loss = _by_number(
    sequences.ctc_loss, "log_probs targets input_lengths target_lengths blank reduction zero_infinity"
)

# -------------------------------------------------------------------------------------------------------- activations
prelu, rrelu = activation.prelu, drawn.rrelu
celu_, rrelu_, selu_, threshold_ = drawn.celu_, drawn.rrelu_, drawn.selu_, drawn.threshold_
