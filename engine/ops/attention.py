"""Scaled dot product attention as one node: what PyTorch's flash kernel for the CPU is."""

import numpy as np

from ..table.kernel import rule
from ..table.op import op


@rule
def heads(x):
    """(N, heads, L, E) as (N · heads, L, E)."""
    n, h, length, width = x.shape
    return reshape(x, (n * h, length, width))


@rule
def attention_weights(query, key, mask, scale):
    """``softmax(q kᵀ · scale + mask)`` of (N · heads, L, E) and (N · heads, S, E); 0 where a whole row is masked."""
    scores = bmm(query, transpose(key, 1, 2)) * scale
    if mask is None:
        return softmax(scores, -1)
    scores = scores + mask
    return where(all_of(mask == -math.inf, -1, True), 0.0, softmax(scores, -1))


@rule
def score_slope(g, query, key, value, mask, scale):
    """What the scores receive."""
    weights = attention_weights(heads(query), heads(key), mask, scale)
    sent = bmm(heads(g), transpose(heads(value), 1, 2)) * weights
    return (sent - weights * sum(sent, -1, True)) * scale


@op(
    query=lambda g, query, key, value, mask, scale: reshape(
        bmm(score_slope(g, query, key, value, mask, scale), heads(key)), tuple(query.shape)
    ),
    key=lambda g, query, key, value, mask, scale: reshape(
        bmm(transpose(score_slope(g, query, key, value, mask, scale), 1, 2), heads(query)), tuple(key.shape)
    ),
    value=lambda g, query, key, value_shape, mask, scale: reshape(
        bmm(transpose(attention_weights(heads(query), heads(key), mask, scale), 1, 2), heads(g)), tuple(value_shape)
    ),
    mask=None,
    node="ScaledDotProductFlashAttentionForCpuBackward0",
    jvp=lambda dq, dk, dv, query, key, value, mask, scale: attention_tangent(
        dq, dk, dv, query, key, value, mask, scale
    ),
)
def flash_attention(query, key, value, mask=None, scale=1.0):
    """``softmax(q kᵀ · scale + mask) v`` of (N, heads, L, E) and twice (N, heads, S, E)."""
    out = np.matmul(attention_weights(heads(query), heads(key), mask, scale), heads(value))
    return out.reshape(*query.shape[:3], value.shape[3])


@rule
def attention_tangent(dq, dk, dv, query, key, value, mask, scale):
    """How the result changes with the three inputs."""
    q, k, v = heads(query), heads(key), heads(value)
    weights = attention_weights(q, k, mask, scale)
    moved = weights * ((bmm(heads(dq), transpose(k, 1, 2)) + bmm(q, transpose(heads(dk), 1, 2))) * scale)
    out = bmm(moved - weights * sum(moved, -1, True), v) + bmm(weights, heads(dv))
    return reshape(out, (*query.shape[:3], value.shape[3]))
