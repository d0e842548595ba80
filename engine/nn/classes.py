"""Losses that end in a layer of their own: for many classes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from ..tensor import Tensor
from . import functional as F
from .container import ModuleList, Sequential
from .linear import Linear
from .loss import _Weighted
from .module import Module


class _ASMoutput(NamedTuple):
    output: Tensor
    loss: Tensor


class AdaptiveLogSoftmaxWithLoss(Module):
    """A softmax over classes that are sorted by frequency: the rare ones are in clusters, each with a smaller layer.

    ``head`` gives a score for each frequent class and for each cluster, ``tail`` those within the clusters.

    Source: Grave et al., Efficient softmax approximation for GPUs, 2017.
    """

    def __init__(
        self,
        in_features: int,
        n_classes: int,
        cutoffs: Sequence[int],
        div_value: float = 4.0,
        head_bias: bool = False,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        ends = list(cutoffs)
        if not ends:
            raise ValueError("cutoffs should be a sequence of length larger than 0")
        rising = ends == sorted(set(ends)) and all(int(end) == end for end in ends)
        if not rising or ends[0] <= 0 or ends[-1] > n_classes - 1:
            raise ValueError(
                "cutoffs should be a sequence of unique, positive integers sorted in an increasing order, where each "
                "value is between 1 and n_classes-1"
            )
        self.in_features, self.n_classes, self.cutoffs = in_features, n_classes, [*ends, n_classes]
        self.div_value, self.head_bias = div_value, head_bias
        self.shortlist_size, self.n_clusters = ends[0], len(ends)
        self.head_size = self.shortlist_size + self.n_clusters
        self.head = Linear(in_features, self.head_size, head_bias, device, dtype)
        self.tail = ModuleList()
        for i, (first, end) in enumerate(pairwise(self.cutoffs), 1):
            width = int(in_features // div_value**i)
            into = Linear(in_features, width, False, device, dtype)
            self.tail.append(Sequential(into, Linear(width, end - first, False, device, dtype)))

    def reset_parameters(self) -> None:
        """Draw all weights anew."""
        self.head.reset_parameters()
        for cluster in self.tail:
            for layer in cluster:
                layer.reset_parameters()

    def forward(self, input: Tensor, target: Tensor) -> _ASMoutput:
        """The log-probability of each target, and the loss: minus their mean.

        Shapes: input (N, in_features) and target (N), or (in_features) and ().
        """
        self._check(input, target)
        batched = target.dim() > 0
        rows: Any = input if batched else input.unsqueeze(0)
        targets: Any = target if batched else target.unsqueeze(0)
        output, chosen = rows.new_zeros(len(targets)), targets.new_empty(len(targets))
        seen = 0
        for i, (first, end) in enumerate(pairwise([0, *self.cutoffs])):
            inside = (targets >= first) & (targets < end)
            at = inside.nonzero().squeeze(1)
            if not len(at):
                continue
            seen += len(at)
            if i == 0:
                chosen.index_copy_(0, at, targets[inside])
                continue
            chosen.index_fill_(0, at, self.shortlist_size + i - 1)
            logs = F.log_softmax(self.tail[i - 1](rows.index_select(0, at)), dim=1)
            output.index_copy_(0, at, logs.gather(1, (targets[inside] - first).unsqueeze(1)).squeeze(1))
        if seen != len(targets):
            raise RuntimeError(
                f"Target values should be in [0, {self.n_classes - 1}], but values in range "
                f"[{targets.min().item()}, {targets.max().item()}] were found. "
            )
        output += F.log_softmax(self.head(rows), dim=1).gather(1, chosen.unsqueeze(1)).squeeze()
        return _ASMoutput(output if batched else output.squeeze(0), (-output).mean())

    @staticmethod
    def _check(input: Tensor, target: Tensor) -> None:
        if target.dim() > 1:
            raise RuntimeError("0D or 1D target tensor expected, multi-target not supported")
        if target.dim() == 1 and input.size(0) != target.size(0):
            raise RuntimeError("Input and target should have the same size in the batch dimension.")
        if input.dim() != target.dim() + 1:
            raise RuntimeError(
                f"{target.dim()}D target tensor expects {target.dim() + 1}D input tensors, but found inputs with size "
                f"{input.size()}"
            )

    def log_prob(self, input: Tensor) -> Tensor:
        """The log-probability of every class. Shapes: input (N, in_features); the result (N, n_classes)."""
        return self._logs(input, self.head(input))

    def _logs(self, input: Tensor, scores: Tensor) -> Tensor:
        out = input.new_empty((scores.size(0), self.n_classes))
        head, frequent = F.log_softmax(scores, dim=1), self.shortlist_size
        out[:, :frequent] = head[:, :frequent]
        for i, (first, end) in enumerate(pairwise(self.cutoffs)):
            out[:, first:end] = F.log_softmax(self.tail[i](input), dim=1) + head[:, frequent + i].unsqueeze(1)
        return out

    def predict(self, input: Tensor) -> Tensor:
        """The most probable class of each row; the clusters are asked only where the head says that it is in one."""
        scores = self.head(input)
        output = scores.argmax(dim=1)
        rare = output >= self.shortlist_size
        if rare.any():
            output[rare] = self._logs(input[rare], scores[rare]).argmax(dim=1)
        return output


class LinearCrossEntropyLoss(_Weighted):
    """``functional.linear_cross_entropy`` as a module: a linear layer and the cross entropy of what it gives."""

    def __init__(
        self,
        in_features: int,
        num_classes: int,
        *,
        out_features: tuple[int, ...] = (),
        bias: bool = False,
        device: Any = None,
        dtype: Any = None,
        reduction: str = "mean",
        weight: Tensor | None = None,
        ignore_index: int | None = None,
        label_smoothing: float = 0.0,
        options: Any = None,
    ) -> None:
        if weight is not None and weight.shape != (num_classes,):
            raise RuntimeError(f"expected weight shape to be {(num_classes,)}, got {tuple(weight.shape)}")
        if not 0 <= label_smoothing <= 1:
            raise RuntimeError(f"expected label_smoothing to be in range [0, 1], got {label_smoothing}")
        super().__init__(weight, reduction=reduction)
        self.num_classes, self.out_features = num_classes, out_features
        self.ignore_index, self.label_smoothing, self.options = ignore_index, label_smoothing, options
        self.linear = Linear(in_features, math.prod(out_features, start=num_classes), bias, device, dtype)

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """The loss."""
        shape, bias = (self.num_classes, *self.out_features), self.linear.bias
        return F.linear_cross_entropy(
            input,
            self.linear.weight.reshape((*shape, self.linear.in_features)),
            target,
            linear_bias=None if bias is None else bias.reshape(shape),
            weight=self.weight,
            reduction=self.reduction,
            ignore_index=self.ignore_index,
            label_smoothing=self.label_smoothing,
            options=self.options,
        )

    def extra_repr(self) -> str:
        """The options."""
        values = {
            "in_features": self.linear.in_features, "num_classes": self.num_classes, "out_features": self.out_features,
            "bias": self.linear.bias is not None, "reduction": self.reduction, "ignore_index": self.ignore_index,
            "label_smoothing": self.label_smoothing, "options": self.options,
        }  # fmt: skip
        return ", ".join(f"{name}={value}" for name, value in values.items())
