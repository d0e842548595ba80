"""Rows that move the elements of images: windows as columns, channels shuffled, depth to space."""

import itertools

import numpy as np

from ..table.kernel import RAW, rule
from ..table.op import op
from .convolving import pad


def columns_of(x, size, kernel, dilation, padding, stride):
    """The windows of (N, C, H, W) as (N, C, kernel places, windows)."""
    padded = pad(x, [(p, p) for p in padding])
    out = np.empty((*x.shape[:2], kernel[0] * kernel[1], *size), x.dtype)
    for k, at in enumerate(places_of(kernel)):
        out[:, :, k] = padded[(..., *windows_at(at, size, dilation, stride))]
    return out


def windows_at(at, size, dilation, stride):
    """What place ``at`` of the kernel sees of a padded image."""
    return [slice(i * d, i * d + (n - 1) * s + 1, s) for i, n, d, s in zip(at, size, dilation, stride, strict=True)]


def blocks(size, kernel, dilation, padding, stride):
    """How many windows there are in each dimension."""
    each = zip(size, kernel, dilation, padding, stride, strict=True)
    return tuple([(n + 2 * p - d * (k - 1) - 1) // s + 1 for n, k, d, p, s in each])


def places_of(kernel):
    """Every place of a kernel."""
    return itertools.product(*map(range, kernel))


RAW["columns_of"], RAW["windows_at"], RAW["blocks"], RAW["places_of"] = columns_of, windows_at, blocks, places_of


@op(
    x=lambda g, x_shape, kernel, dilation, padding, stride: col2im(
        g, tuple(x_shape[-2:]), kernel, dilation, padding, stride
    ),
    jvp="linear",
    node="Im2ColBackward0",
)
def im2col(x, kernel, dilation, padding, stride):
    """Each window of the images as a column: (N, C, H, W) to (N, C · kernel places, windows); N may be missing."""
    images = x if x.ndim == 4 else x[None]
    size = blocks(x.shape[-2:], kernel, dilation, padding, stride)
    out = columns_of(images, size, kernel, dilation, padding, stride)
    out = out.reshape(len(out), x.shape[-3] * kernel[0] * kernel[1], size[0] * size[1])
    return out if x.ndim == 4 else out[0]


@op(
    x=lambda g, kernel, dilation, padding, stride: im2col(g, kernel, dilation, padding, stride),
    jvp="linear",
    node="Col2ImBackward0",
)
def col2im(x, size, kernel, dilation, padding, stride):
    """Columns added up where ``im2col`` found them, in images of ``size``."""
    columns = x if x.ndim == 3 else x[None]
    n, channels = len(columns), columns.shape[1] // (kernel[0] * kernel[1])
    counts = blocks(size, kernel, dilation, padding, stride)
    columns = columns.reshape(n, channels, kernel[0] * kernel[1], *counts)
    whole = [m + 2 * p for m, p in zip(size, padding, strict=True)]
    out = np.zeros((n, channels, *whole), x.dtype)
    for k, at in enumerate(places_of(kernel)):
        out[(..., *windows_at(at, counts, dilation, stride))] += columns[:, :, k]
    out = out[:, :, padding[0] : padding[0] + size[0], padding[1] : padding[1] + size[1]]
    return np.ascontiguousarray(out if x.ndim == 3 else out[0])


# ------------------------------------------------ channels
@op(x=lambda g, factor: pixel_unshuffle(g, factor), jvp="linear")
def pixel_shuffle(x, factor):
    """(..., C · r², H, W) to (..., C, H · r, W · r): each r² channels become squares of r by r."""
    *lead, c, h, w = x.shape
    n = len(lead)
    parts = x.reshape(*lead, c // factor**2, factor, factor, h, w)
    order = (*range(n + 1), n + 3, n + 1, n + 4, n + 2)
    return np.ascontiguousarray(parts.transpose(order)).reshape(*lead, c // factor**2, h * factor, w * factor)


@op(x=lambda g, factor: pixel_shuffle(g, factor), jvp="linear")
def pixel_unshuffle(x, factor):
    """(..., C, H · r, W · r) to (..., C · r², H, W): squares of r by r become channels."""
    *lead, c, h, w = x.shape
    n = len(lead)
    parts = x.reshape(*lead, c, h // factor, factor, w // factor, factor)
    order = (*range(n + 1), n + 2, n + 4, n + 1, n + 3)
    return np.ascontiguousarray(parts.transpose(order)).reshape(*lead, c * factor**2, h // factor, w // factor)


@rule
def other_groups(shape, groups):
    """The number of groups that undoes a shuffle."""
    return shape[1] // groups


@op(x=lambda g, x_shape, groups: channel_shuffle(g, other_groups(x_shape, groups)), jvp="linear")
def channel_shuffle(x, groups):
    """The channels, dealt out one from each of ``groups`` in turn."""
    parts = x.reshape(x.shape[0], groups, x.shape[1] // groups, *x.shape[2:])
    return np.ascontiguousarray(parts.swapaxes(1, 2)).reshape(x.shape)
