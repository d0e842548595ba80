"""Normalisation to mean 0 and variance 1, over a batch, a layer, or groups of channels.

A row gives, beside its result, the mean (``center``) and 1/√(variance + eps) (``scale``) that it used. On arrays its
derivative takes these; where the derivative is recorded (``create_graph``) it computes them anew from the input, since
they depend on it.
"""

import math

import numpy as np

from ..table.kernel import PUBLIC, RAW, on_arrays, raw, rule
from ..table.op import op


# ------------------------------------------------ what they share
def moments(x, axes):
    """The mean and the variance over ``axes``, which stay as ones, and ``x`` less its mean."""
    n = x.dtype.type(math.prod([x.shape[a] for a in axes]))
    center = np.add.reduce(x, axes, None, None, True) / n
    apart = x - center
    return center, dots(apart, apart, axes) / n, apart


RAW["moments"] = raw(moments)


@rule
def standard(x, center, scale, axes, eps):
    """``x`` normalised over ``axes``, and the factor that did it."""
    apart = x - mean(x, axes, True)
    scale = rsqrt(mean(apart * apart, axes, True) + eps)
    return apart * scale, scale


@on_arrays("standard", PUBLIC["standard"])
def _standard(x, center, scale, axes, eps):
    """The same of the moments that the forward pass kept."""
    return (x - center) * scale, scale


@rule
def standard_slope(g, x, center, scale, axes, eps):
    """What ``x`` receives when it, normalised over ``axes``, receives ``g``; this is symmetric."""
    normal, scale = standard(x, center, scale, axes, eps)
    return scale * (g - mean(g, axes, True) - normal * mean(g * normal, axes, True))


def dots(a, b, axes):
    """``Σ a·b`` over ``axes``, which stay as ones; where they are the last, or all but channels, without a product."""
    first = axes[0] if axes else 0
    shape = tuple([1 if i in axes else n for i, n in enumerate(a.shape)])
    if axes == tuple(range(first, a.ndim)) and axes:
        lead = a.shape[:first]
        return (
            np.vecdot(a.reshape(*lead, -1), b.reshape(*lead, -1)).reshape(shape) if a.size else np.zeros(shape, a.dtype)
        )
    if axes == (0, *range(2, a.ndim)) and a.ndim > 2 and a.size:
        rows = np.vecdot(a.reshape(*a.shape[:2], -1), b.reshape(*a.shape[:2], -1))
        return np.add.reduce(rows, 0).reshape(shape)
    return np.add.reduce(a * b, axes, None, None, True)


RAW["dots"] = raw(dots)


@on_arrays("standard_slope", PUBLIC["standard_slope"])
def _standard_slope(g, x, center, scale, axes, eps):
    """The same in less memory."""
    n = x.dtype.type(math.prod([x.shape[a] for a in axes]))
    out = x - center
    out *= scale
    out *= dots(g, out, axes) * (-scale / n)
    out += g * scale
    out -= np.add.reduce(g, axes, None, None, True) * (scale / n)
    return out


@rule
def per_channel(v, dims):
    """One number for each channel, ready to broadcast with ``dims`` dimensions, the second of which are channels."""
    return v if v is None else reshape(v, (1, v.shape[0], *[1] * (dims - 2)))


@rule
def times(x, weight):
    """``x · weight``; ``x`` itself where there is none."""
    return x if weight is None else x * weight


def affine(x, weight, bias):
    """``x · weight + bias``, in the memory of ``x``; either may be None."""
    if weight is not None:
        x *= weight
    if bias is not None:
        x += bias
    return x


RAW["affine"] = raw(affine)


@rule
def plus(x, *terms):
    """``x`` and those of the ``terms`` that there are."""
    for term in terms:
        x = x if term is None else x + term
    return x


def mixed_dtypes(x, *rest):
    """PyTorch's error for parameters of another dtype."""
    kinds = {t.dtype for t in rest[:4] if hasattr(t, "dtype")}
    return RuntimeError("mixed dtype (CPU): all inputs must share same datatype.") if kinds - {x.dtype} else None


def mixed_layer(x, *rest):
    """PyTorch's error for parameters of another dtype."""
    if any(hasattr(t, "dtype") and t.dtype is not x.dtype for t in rest):
        return RuntimeError(f"mixed dtype (CPU): expect parameter to have scalar type of {x.dtype.title}")
    return None


# ------------------------------------------------ over a batch
@rule
def batch_axes(x):
    """All dimensions but that of the channels."""
    return (0, *range(2, len(x.shape)))


@rule
def batch_moments(x, center, scale, running_mean, running_var, training, eps):
    """The moments that were used, ready to broadcast with ``x``."""
    if training:
        return per_channel(center, len(x.shape)), per_channel(scale, len(x.shape))
    return per_channel(running_mean, len(x.shape)), per_channel(rsqrt(running_var + eps), len(x.shape))


@rule
def batch_normal(x, center, scale, running_mean, running_var, training, eps):
    """``x`` normalised: over the batch while training, else by the running moments."""
    center, scale = batch_moments(x, center, scale, running_mean, running_var, training, eps)
    return standard(x, center, scale, batch_axes(x), eps)[0] if training else (x - center) * scale


@rule
def batch_slope(g, x, center, scale, running_mean, running_var, training, eps):
    """What ``x`` receives when it, normalised, receives ``g``."""
    center, scale = batch_moments(x, center, scale, running_mean, running_var, training, eps)
    return standard_slope(g, x, center, scale, batch_axes(x), eps) if training else g * scale


@op(
    x=lambda g, x, weight, center, scale, running_mean, running_var, training, eps: batch_slope(
        times(g, per_channel(weight, len(x.shape))), x, center, scale, running_mean, running_var, training, eps
    ),
    weight=lambda g, x, center, scale, running_mean, running_var, training, eps: sum(
        g * batch_normal(x, center, scale, running_mean, running_var, training, eps), batch_axes(x)
    ),
    bias=lambda g: sum(g, batch_axes(g)),
    running_mean=None,
    running_var=None,
    outputs=("out", "center", "scale", "variance"),
    node="NativeBatchNormBackward0",
    jvp=lambda dx, dw, db, x, weight, center, scale, running_mean, running_var, training, eps: plus(
        times(
            batch_slope(dx, x, center, scale, running_mean, running_var, training, eps),
            per_channel(weight, len(x.shape)),
        ),
        None
        if dw is None
        else per_channel(dw, len(x.shape)) * batch_normal(x, center, scale, running_mean, running_var, training, eps),
        per_channel(db, len(x.shape)),
    ),
    refuse=mixed_dtypes,
    called="batch_norm",
)
def native_batch_norm(x, weight=None, bias=None, running_mean=None, running_var=None, training=True, eps=1e-5):
    """``x`` with mean 0 and variance 1 in each channel, times ``weight``, plus ``bias``; then the moments."""
    dims = x.ndim
    if training:
        center, variance, out = moments(x, batch_axes(x))
    else:
        center, variance = per_channel(running_mean, dims), per_channel(running_var, dims)
        out = x - center
    scale = 1 / np.sqrt(variance + x.dtype.type(eps))
    out = affine(np.multiply(out, scale, out=out), per_channel(weight, dims), per_channel(bias, dims))
    kept = (center.ravel(), scale.ravel()) if training else (np.zeros(0, x.dtype), np.zeros(0, x.dtype))
    return out if out.flags.c_contiguous else laid_or_channels_last(out), *kept, variance.ravel()


# ------------------------------------------------ over a layer
@rule
def layer_axes(x, dims):
    """The last ``dims`` dimensions."""
    return tuple(range(len(x.shape) - dims, len(x.shape)))


@rule
def first_axes(x, dims):
    """All dimensions but the last ``dims``."""
    return tuple(range(len(x.shape) - dims))


@rule
def sum_first(x, dims):
    """``x`` summed over all but its last ``dims`` dimensions."""
    return sum(x, first_axes(x, dims)) if len(x.shape) > dims else x


@op(
    x=lambda g, x, weight, center, scale, dims, eps: standard_slope(
        times(g, weight), x, center, scale, layer_axes(x, dims), eps
    ),
    weight=lambda g, x, center, scale, dims, eps: sum_first(
        g * standard(x, center, scale, layer_axes(x, dims), eps)[0], dims
    ),
    bias=lambda g, dims: sum_first(g, dims),
    outputs=("out", "center", "scale"),
    node="NativeLayerNormBackward0",
    jvp=lambda dx, dw, db, x, weight, center, scale, dims, eps: plus(
        times(standard_slope(dx, x, center, scale, layer_axes(x, dims), eps), weight),
        None if dw is None else dw * standard(x, center, scale, layer_axes(x, dims), eps)[0],
        db,
    ),
    refuse=mixed_layer,
    called="layer_norm",
)
def native_layer_norm(x, weight=None, bias=None, dims=1, eps=1e-5):
    """``x`` with mean 0 and variance 1 over its last ``dims`` dimensions, times ``weight``, plus ``bias``."""
    center, variance, out = moments(np.ascontiguousarray(x), layer_axes(x, dims))
    scale = 1 / np.sqrt(variance + x.dtype.type(eps))
    return affine(np.multiply(out, scale, out=out), weight, bias), center, scale


# ------------------------------------------------ over groups of channels
@rule
def grouped(x, groups):
    """``x`` as (samples, groups, the rest)."""
    return reshape(x, (x.shape[0], groups, math.prod(x.shape[1:]) // groups))


@rule
def group_normal(x, center, scale, groups, eps):
    """``x`` normalised in each group of channels."""
    normal = standard(grouped(x, groups), center[..., None], scale[..., None], (2,), eps)[0]
    return reshape(normal, tuple(x.shape))


@rule
def group_slope(g, x, center, scale, groups, eps):
    """What ``x`` receives when it, normalised, receives ``g``."""
    sent = standard_slope(grouped(g, groups), grouped(x, groups), center[..., None], scale[..., None], (2,), eps)
    return reshape(sent, tuple(x.shape))


@op(
    x=lambda g, x, weight, center, scale, groups, eps: group_slope(
        times(g, per_channel(weight, len(x.shape))), x, center, scale, groups, eps
    ),
    weight=lambda g, x, center, scale, groups, eps: sum(g * group_normal(x, center, scale, groups, eps), batch_axes(x)),
    bias=lambda g: sum(g, batch_axes(g)),
    outputs=("out", "center", "scale"),
    node="NativeGroupNormBackward0",
    jvp=lambda dx, dw, db, x, weight, center, scale, groups, eps: plus(
        times(group_slope(dx, x, center, scale, groups, eps), per_channel(weight, len(x.shape))),
        None if dw is None else per_channel(dw, len(x.shape)) * group_normal(x, center, scale, groups, eps),
        per_channel(db, len(x.shape)),
    ),
    refuse=mixed_dtypes,
    called="group_norm",
)
def native_group_norm(x, weight=None, bias=None, groups=1, eps=1e-5):
    """``x`` with mean 0 and variance 1 in each group of channels, times ``weight``, plus ``bias``."""
    parts = grouped(x, groups)
    center, variance, out = moments(parts, (2,))
    scale = 1 / np.sqrt(variance + x.dtype.type(eps))
    out = np.multiply(out, scale, out=out).reshape(x.shape)
    out = affine(out, per_channel(weight, x.ndim), per_channel(bias, x.ndim))
    return laid(out), center[..., 0], scale[..., 0]
