"""Attention with several heads, as a function: projections, masks, softmax, output.

Source: torch.nn.functional.multi_head_attention_forward, PyTorch 2.13; Vaswani et al., 2017.
"""

from __future__ import annotations

import math
import warnings
from typing import Any

from ..calls import join
from ..calls.creation import zeros, zeros_like
from ..calls.linalg import bmm
from ..dtypes import bool as bool_
from ..mode import overridable
from ..tensor import Tensor
from . import functional as F


def canonical_mask(
    mask: Any, name: str, other_type: Any, other_name: str, target: Any, check_other: bool = True
) -> Any:
    """A mask as numbers to add: -inf where a mask of bools is true."""
    if mask is None:
        return None
    if mask.dtype is not bool_ and not mask.is_floating_point():
        raise AssertionError(f"only bool and floating types of {name} are supported")
    if check_other and other_type is not None and mask.dtype is not other_type:
        warnings.warn(
            f"Support for mismatched {name} and {other_name} is deprecated. Use same type for both instead.",
            UserWarning,
            stacklevel=3,
        )
    if mask.is_floating_point():
        return mask
    return zeros_like(mask, dtype=target).masked_fill_(mask, -math.inf)


def _check_shapes(query: Any, key: Any, value: Any, padding: Any, mask: Any, heads: int) -> bool:
    """Whether there is a batch.

    Errors: AssertionError for shapes that do not go together.
    """
    if query.dim() not in (2, 3):
        raise AssertionError(
            f"query should be unbatched 2D or batched 3D tensor but received {query.dim()}-D query tensor"
        )
    dims = query.dim()
    start = f"For {'batched' if dims == 3 else 'unbatched'} ({dims}-D) `query`, expected"
    if key.dim() != dims or value.dim() != dims:
        raise AssertionError(
            f"{start} `key` and `value` to be {dims}-D but found {key.dim()}-D and {value.dim()}-D tensors respectively"
        )
    if padding is not None and padding.dim() != dims - 1:
        raise AssertionError(
            f"{start} `key_padding_mask` to be `None` or {dims - 1}-D but found {padding.dim()}-D tensor instead"
        )
    if mask is not None:
        if mask.dim() not in (2, 3):
            raise AssertionError(
                f"{start} `attn_mask` to be `None`, 2-D or 3-D but found {mask.dim()}-D tensor instead"
            )
        if dims == 2 and mask.dim() == 3:
            expected = (heads, query.shape[0], key.shape[0])
            if mask.shape != expected:
                raise AssertionError(f"Expected `attn_mask` shape to be {expected} but got {mask.shape}")
    return dims == 3


def _projected(query: Any, key: Any, value: Any, weight: Any, bias: Any, separate: Any) -> list[Any]:
    """Queries, keys and values through their projections."""
    width = query.size(-1)
    biases = [None] * 3 if bias is None else bias.chunk(3)
    if separate is not None:
        for name, w, x in zip(("query", "key", "value"), separate, (query, key, value), strict=True):
            if w.shape != (width, x.size(-1)):
                raise AssertionError(f"expecting {name} weights shape of {(width, x.size(-1))}, but got {w.shape}")
        weights = separate
    elif query is key is value:
        return list(F.linear(query, weight, bias).chunk(3, -1))
    else:
        weights = weight.chunk(3)
    return [F.linear(x, w, b) for x, w, b in zip((query, key, value), weights, biases, strict=True)]


def _checked_mask(mask: Any, batch: int, heads: int, targets: int, sources: int) -> Any:
    """An attention mask with a dimension for batch and heads."""
    if mask is None:
        return None
    if mask.dim() == 2:
        if mask.shape != (targets, sources):
            raise RuntimeError(f"The shape of the 2D attn_mask is {mask.shape}, but should be {(targets, sources)}.")
        return mask.unsqueeze(0)
    if mask.dim() == 3:
        expected = (batch * heads, targets, sources)
        if mask.shape != expected:
            raise RuntimeError(f"The shape of the 3D attn_mask is {mask.shape}, but should be {expected}.")
        return mask
    raise RuntimeError(f"attn_mask's dimension {mask.dim()} is not supported")


def _longer(masks: tuple[Any, Any]) -> tuple[Any, Any]:
    """Masks for one more source, which is not masked."""

    def longer(mask: Any) -> Any:
        return None if mask is None else join.cat([mask, zeros((*mask.shape[:-1], 1), dtype=mask.dtype)], -1)

    return longer(masks[0]), longer(masks[1])


@overridable
def multi_head_attention_forward(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    embed_dim_to_check: int,
    num_heads: int,
    in_proj_weight: Tensor | None,
    in_proj_bias: Tensor | None,
    bias_k: Tensor | None,
    bias_v: Tensor | None,
    add_zero_attn: bool,
    dropout_p: float,
    out_proj_weight: Tensor,
    out_proj_bias: Tensor | None,
    training: bool = True,
    key_padding_mask: Tensor | None = None,
    need_weights: bool = True,
    attn_mask: Tensor | None = None,
    use_separate_proj_weight: bool = False,
    q_proj_weight: Tensor | None = None,
    k_proj_weight: Tensor | None = None,
    v_proj_weight: Tensor | None = None,
    static_k: Tensor | None = None,
    static_v: Tensor | None = None,
    average_attn_weights: bool = True,
    is_causal: bool = False,
) -> tuple[Tensor, Tensor | None]:
    """``softmax(q kᵀ / √d + masks) v`` for each head, and the outputs of all through one projection.

    Shapes: (L, [N,] E), (S, [N,] E), (S, [N,] E) to (L, [N,] E) and weights ([N,] L, S).
    """
    batched = _check_shapes(query, key, value, key_padding_mask, attn_mask, num_heads)
    if not batched:
        query, key, value = _unsqueezed(query, key, value)
        key_padding_mask = None if key_padding_mask is None else key_padding_mask.unsqueeze(0)
    targets, batch, width = query.shape
    masks = _canonical(attn_mask, key_padding_mask, query.dtype, is_causal, need_weights)
    _check_widths(query, key, value, embed_dim_to_check, num_heads, use_separate_proj_weight)
    separate = (q_proj_weight, k_proj_weight, v_proj_weight) if use_separate_proj_weight else None
    q, k, v = _projected(query, key, value, in_proj_weight, in_proj_bias, separate)
    masks = _checked_mask(masks[0], batch, num_heads, targets, key.shape[0]), masks[1]
    if bias_k is not None and bias_v is not None:
        k, v = (join.cat([x, b.repeat(1, batch, 1)]) for x, b in ((k, bias_k), (v, bias_v)))
        masks = _longer(masks)
    parts = batch * num_heads
    q, k, v = (x.reshape(x.shape[0], parts, width // num_heads).transpose(0, 1) for x in (q, k, v))
    k, v = (x if given is None else given for x, given in ((k, static_k), (v, static_v)))
    if add_zero_attn:
        k, v = (join.cat([x, zeros((parts, 1, x.shape[2]), dtype=x.dtype)], 1) for x in (k, v))
        masks = _longer(masks)
    drop = dropout_p if training else 0.0
    mask = _merged(masks, batch, num_heads, k.shape[1])
    causal = is_causal and key_padding_mask is None
    out, weights = _attended(q, k, v, mask, drop, causal, batch, need_weights)
    out = F.linear(out.transpose(0, 1).reshape(targets * batch, width), out_proj_weight, out_proj_bias)
    out = out.view(targets, batch, out.shape[1])
    if weights is not None and average_attn_weights:
        weights = weights.mean(dim=1)
    return (out, weights) if batched else (out.squeeze(1), None if weights is None else weights.squeeze(0))


def _unsqueezed(query: Tensor, key: Tensor, value: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The three as batches of one; the same tensor stays the same."""
    single = query.unsqueeze(1)
    return (single, single, single) if query is key is value else (single, key.unsqueeze(1), value.unsqueeze(1))


def _canonical(attention: Any, padding: Any, kind: Any, causal: bool, need_weights: bool) -> tuple[Any, Any]:
    """Both masks as numbers to add; none for attention where ``causal`` says it all."""
    other = None if attention is None else attention.dtype
    padding = canonical_mask(padding, "key_padding_mask", other, "attn_mask", kind)
    if causal and attention is None:
        raise RuntimeError(
            "Need attn_mask if specifying the is_causal hint. You may use the Transformer module method "
            "`generate_square_subsequent_mask` to create this mask."
        )
    if causal and padding is None and not need_weights:
        return None, None
    return canonical_mask(attention, "attn_mask", None, "", kind, False), padding


def _check_widths(query: Tensor, key: Tensor, value: Tensor, expected: int, heads: int, separate: bool) -> None:
    width = query.shape[2]
    if width != expected:
        raise AssertionError(f"was expecting embedding dimension of {expected}, but got {width}")
    if width % heads:
        raise AssertionError(f"embed_dim {width} not divisible by num_heads {heads}")
    if separate and key.shape[:2] != value.shape[:2]:
        raise AssertionError(f"key's sequence and batch dims {key.shape[:2]} do not match value's {value.shape[:2]}")
    if not separate and key.shape != value.shape:
        raise AssertionError(f"key shape {key.shape} does not match value shape {value.shape}")


def _merged(masks: tuple[Any, Any], batch: int, heads: int, sources: int) -> Any:
    """Both masks as one, for each part of the batch."""
    attention, padding = masks
    if padding is None:
        return attention
    if padding.shape != (batch, sources):
        axis, found = (0, padding.shape[0]) if padding.shape[0] != batch else (1, padding.shape[1])
        raise AssertionError(f"Expected key_padded_mask.shape[{axis}] to be {(batch, sources)[axis]}, but got {found}")
    spread = padding.view(batch, 1, 1, sources).expand(-1, heads, -1, -1).reshape(batch * heads, 1, sources)
    return spread if attention is None else attention + spread


def _attended(
    q: Any, k: Any, v: Any, mask: Any, drop: float, causal: bool, batch: int, need_weights: bool
) -> tuple[Any, Any]:
    """(outputs of all parts, weights (batch, heads, targets, sources) or None)."""
    heads, sources = q.shape[0] // batch, k.shape[1]
    if need_weights:
        scores = bmm(q * math.sqrt(1.0 / q.shape[-1]), k.transpose(-2, -1))
        weights = F.softmax(scores if mask is None else scores + mask, dim=-1)
        if drop > 0.0:
            weights = F.dropout(weights, p=drop)
        return bmm(weights, v), weights.view(batch, heads, q.shape[1], sources)
    if mask is not None:
        mask = mask.unsqueeze(0) if mask.shape[0] == 1 else mask.view(batch, heads, -1, sources)
    split = [x.reshape(batch, heads, *x.shape[1:]) for x in (q, k, v)]
    out = F.scaled_dot_product_attention(*split, mask, drop, causal)
    return out.reshape(batch * heads, *out.shape[2:]), None
