"""Tables of vectors: ``embedding`` and ``embedding_bag``.

Source of the errors: ``torch/nn/functional.py``, ``aten/src/ATen/native/Embedding.cpp``, ``EmbeddingBag.cpp``.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ... import dtypes
from ...mode import is_grad_enabled, overridable
from ...ops import embedding as _embedding  # noqa: F401  fills the table
from ...table.kernel import PUBLIC, RAW
from ...tensor import Tensor, wrap

MODES = {"sum": 0, "mean": 1, "max": 2}


def _renormalise(weight: Tensor, places: Any, max_norm: float, norm_type: float) -> None:
    """Shorten, in place and unrecorded, the rows that are looked up and longer than ``max_norm``."""
    for row in np.unique(places):
        norm = (np.abs(weight._d[row]) ** norm_type).sum() ** (1 / norm_type)
        if norm > max_norm:
            weight._d[row] *= max_norm / (norm + 1e-7)


def _check_indices(indices: Tensor, name: str, function: str) -> None:
    if indices.dtype not in (dtypes.int64, dtypes.int32):
        raise RuntimeError(
            f"Expected tensor for argument #1 '{name}' to have one of the following scalar types: Long, Int; but got "
            f"torch.{indices.dtype.title}Tensor instead (while checking arguments for {function})"
        )


def _no_sparse(weight: Tensor, sparse: bool) -> None:
    if sparse and weight.requires_grad and is_grad_enabled():
        raise NotImplementedError("this engine has no sparse gradients: leave sparse=True out")


def rows_of(weight: Tensor, indices: Tensor, padding: int, by_frequency: bool, sparse: bool) -> Tensor:
    """The rows of ``weight`` that ``indices`` name."""
    _no_sparse(weight, sparse)
    if weight.dim() != 2:
        raise RuntimeError("'weight' must be 2-D")
    _check_indices(indices, "indices", "embedding")
    d = indices._d
    if d.size and not (d.min() >= 0 and d.max() < weight.size(0)):
        raise IndexError("index out of range in self")
    return PUBLIC["embedding"](weight, indices, padding, by_frequency)


@overridable
def embedding(
    input: Tensor,
    weight: Tensor,
    padding_idx: int | None = None,
    max_norm: float | None = None,
    norm_type: float = 2.0,
    scale_grad_by_freq: bool = False,
    sparse: bool = False,
) -> Tensor:
    """The rows of ``weight`` that ``input`` names; the row ``padding_idx`` receives no gradient.

    max_norm: rows that are longer are shortened to it, in place. scale_grad_by_freq: a row's gradient is divided by
    how often it is looked up.
    """
    if padding_idx is None:
        padding_idx = -1
    elif not -weight.size(0) <= padding_idx < weight.size(0):
        raise AssertionError("Padding_idx must be within num_embeddings")
    elif padding_idx < 0:
        padding_idx += weight.size(0)
    if max_norm is not None:
        _renormalise(weight, input._d, max_norm, norm_type)
    return rows_of(weight, input, padding_idx, scale_grad_by_freq, sparse)


def bags_of(
    weight: Tensor,
    indices: Tensor,
    offsets: Tensor,
    by_frequency: bool,
    mode: int,
    sparse: bool,
    per_sample_weights: Tensor | None,
    include_last_offset: bool,
    padding_idx: int | None,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """The bags, and which lookup is in which, their sizes, and where the largest entries were."""
    _no_sparse(weight, sparse)
    _check_indices(indices, "indices", "embedding_bag")
    places, begin = indices._d, offsets._d
    if places.size and not (places.min() >= 0 and places.max() < weight.size(0)):
        raise RuntimeError("embedding_bag: Expected idx >= 0 && idx < num_embeddings")
    if begin.size and begin[0] != 0:
        raise RuntimeError(
            "offsets[0] has to be 0, i.e., the first sequence in the mini-batch has to start from position 0. However, "
            f"got {begin[0]}"
        )
    if begin.size and begin[-1] > places.size:
        raise RuntimeError(
            f"offsets[-1] can not be greater than input's length({places.size}) but got offsets[-1] of {begin[-1]}"
        )
    if include_last_offset:
        begin = begin[:-1]
    bags = np.searchsorted(begin, np.arange(places.size), "right") - 1
    if padding_idx is not None:
        padding = padding_idx + (weight.size(0) if padding_idx < 0 else 0)
        keep = places != padding
        places, bags = places[keep], bags[keep]
        if per_sample_weights is not None:
            per_sample_weights = per_sample_weights[wrap(np.flatnonzero(keep))]
    sizes = np.bincount(bags, minlength=len(begin))
    d = weight._d.dtype
    most = np.zeros((len(begin), weight.size(1)), np.int64)
    out: Tensor
    if mode == 2:
        found = (sizes > 0)[:, None].astype(d)
        for bag in np.flatnonzero(sizes):
            rows = places[bags == bag]
            most[bag] = rows[weight._d[rows].argmax(0)]
        out = PUBLIC["embedding_bag_max"](weight, (most, found))
    else:
        shares = (1 / sizes[bags]).astype(d) if mode == 1 else None
        frequencies = RAW["lookup_shares"](places).astype(d) if by_frequency else None
        out = PUBLIC["embedding_bag"](weight, per_sample_weights, (places, bags, shares, frequencies), len(begin))
    return out, wrap(bags), wrap(sizes), wrap(most)


@overridable
def embedding_bag(
    input: Tensor,
    weight: Tensor,
    offsets: Tensor | None = None,
    max_norm: float | None = None,
    norm_type: float = 2,
    scale_grad_by_freq: bool = False,
    mode: str = "mean",
    sparse: bool = False,
    per_sample_weights: Tensor | None = None,
    include_last_offset: bool = False,
    padding_idx: int | None = None,
) -> Tensor:
    """The sum, mean or largest entries of the rows of ``weight`` that each bag of ``input`` names.

    Shapes: input (bags, lookups), or (lookups) with ``offsets``, where each bag begins; result (bags, E).
    """
    if per_sample_weights is not None and input.shape != per_sample_weights.shape:
        raise ValueError(
            f"embedding_bag: If per_sample_weights ({per_sample_weights.shape!r}) is not None, then it must have the "
            f"same shape as the input ({input.shape!r})"
        )
    if weight.dim() != 2:
        raise ValueError(f"weight has to be a 2D Tensor, but got Tensor of dimension {weight.dim()}")
    if input.dim() == 2:
        if offsets is not None:
            raise ValueError(
                "if input is 2D, then offsets has to be None, as input is treated is a mini-batch of fixed length "
                f"sequences. However, found offsets of type {type(offsets)}"
            )
        offsets = wrap(np.arange(input.size(0)) * input.size(1))
        include_last_offset = False
        input = input.reshape(-1)
        per_sample_weights = None if per_sample_weights is None else per_sample_weights.reshape(-1)
    elif input.dim() != 1:
        raise ValueError(f"input has to be 1D or 2D Tensor, but got Tensor of dimension {input.dim()}")
    elif offsets is None:
        raise ValueError("offsets has to be a 1D Tensor but got None")
    elif offsets.dim() != 1:
        raise ValueError("offsets has to be a 1D Tensor")
    if mode not in MODES:
        raise ValueError("mode has to be one of sum, mean or max")
    if mode == "max" and scale_grad_by_freq:
        raise ValueError("max mode does not support scaling the gradient by the frequency")
    if mode == "max" and sparse:
        raise ValueError("max mode does not support sparse weights")
    if max_norm is not None:
        _renormalise(weight, input._d, max_norm, norm_type)
    if per_sample_weights is not None and mode != "sum":
        raise NotImplementedError(
            "embedding_bag: per_sample_weights was not None. per_sample_weights is only supported for mode='sum' (got "
            f"mode='{mode}'). Please open a feature request on GitHub."
        )
    return bags_of(
        weight, input, offsets, scale_grad_by_freq, MODES[mode], sparse, per_sample_weights, include_last_offset,
        padding_idx,
    )[0]  # fmt: skip
