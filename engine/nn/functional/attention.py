"""Attention as functions.

Source: ``aten/src/ATen/native/transformers/attention.cpp``; Vaswani et al., 2017.
"""

from __future__ import annotations

import math

import numpy as np

from ... import dtypes
from ...mode import followed, overridable
from ...ops import attention as _attention  # noqa: F401  fills the table
from ...table.kernel import PUBLIC
from ...tensor import Tensor, wrap
from ..multihead import multi_head_attention_forward
from .dropouts import dropout

__all__ = ["multi_head_attention_forward", "scaled_dot_product_attention"]
NAMES = {"float32": "float", "float64": "double", "int64": "long int", "int32": "int"}


def _check(query: Tensor, key: Tensor, value: Tensor, attn_mask: Tensor | None) -> None:
    three = (query, key, value)
    if len({t.dtype for t in three}) > 1:
        q, k, v = (NAMES.get(t.dtype.name, t.dtype.name) for t in three)
        raise RuntimeError(
            "Expected query, key, and value to have the same dtype, but got query.dtype: "
            f"{q} key.dtype: {k} and value.dtype: {v} instead."
        )
    if min(t.dim() for t in three) < 2:
        raise RuntimeError(
            "Expected query, key, and value to all be  at least 2 dimensional, but got query.dim: "
            f"{query.dim()} key.dim: {key.dim()} and value.dim: {value.dim()} instead."
        )
    if attn_mask is not None and attn_mask.dtype not in (dtypes.bool, dtypes.float32, query.dtype):
        mask, wanted = (NAMES.get(t.dtype.name, t.dtype.name) for t in (attn_mask, query))
        raise RuntimeError(
            "Expected attn_mask dtype to be bool or float or to match query dtype, but got attn_mask.dtype: "
            f"{mask} and  query.dtype: {wanted} instead."
        )


def _added(attn_mask: Tensor | None, query: Tensor) -> Tensor | None:
    """The mask as what is added to the scores."""
    if attn_mask is None or attn_mask.dtype is not dtypes.bool:
        return attn_mask
    d = query._d.dtype
    return wrap(np.where(attn_mask._d, d.type(0), d.type(-np.inf)))


@overridable
def scaled_dot_product_attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attn_mask: Tensor | None = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
    enable_gqa: bool = False,
) -> Tensor:
    """``softmax(q kᵀ · scale + mask) v``; scale is ``1/√E`` if None.

    A mask of bools says who takes part, one of floats is added to the scores; ``is_causal`` masks what comes later.
    Shapes: query (N, ..., L, E), key (N, ..., S, E), value (N, ..., S, Ev), mask broadcasts to (N, ..., L, S).
    """
    _check(query, key, value, attn_mask)
    length, width, keys = query._d.shape[-2], query._d.shape[-1], key._d.shape[-2]
    if is_causal and attn_mask is not None and dropout_p:
        raise RuntimeError("_scaled_dot_product_attention: Explicit attn_mask should not be set when is_causal=True")
    if is_causal:
        causal = wrap(np.tri(length, keys, dtype=bool))
        before = _added(attn_mask, query)
        attn_mask = _added(causal, query)
        if before is not None and attn_mask is not None:
            attn_mask = attn_mask + before
    mask = _added(attn_mask, query)
    if enable_gqa:
        key = key.repeat_interleave(query.size(-3) // key.size(-3), -3)
        value = value.repeat_interleave(query.size(-3) // value.size(-3), -3)
    factor = 1 / math.sqrt(width) if scale is None else scale
    shapes = {t._d.shape[:-2] for t in (query, key, value)}
    flash = len(shapes) == 1 and query.dim() == 4 and not dropout_p and value._d.shape[-1] == width
    fixed = mask is not None and not followed(mask) and mask.dim() in (2, 4)
    if flash and length and keys and (mask is None or fixed):
        whole = None
        if mask is not None:
            n, h = query._d.shape[:2]
            array = np.broadcast_to(mask._d, (n, h, length, keys)).reshape(n * h, length, keys)
            whole = wrap(array.astype(query._d.dtype, copy=False))
        return PUBLIC["flash_attention"](query, key, value, whole, factor)
    root = math.sqrt(abs(factor))
    scores = (query * (root if factor > 0 else -root)).matmul((key * root).transpose(-2, -1))
    if mask is not None:
        scores = scores + mask.to(query.dtype)
    weights = scores.softmax(-1)
    masked = np.isneginf(scores._d).all(-1, keepdims=True)
    if masked.any():
        weights = weights.masked_fill(wrap(masked), 0)
    if dropout_p:
        weights = dropout(weights, dropout_p)
    return weights.matmul(value)
