"""Maxima of windows, and what puts them back where they were found. Means of windows are a case of ``resample.py``."""

import itertools
import math

import numpy as np

from ..table.kernel import RAW, raw
from ..table.op import op


def lowest(dtype):
    """What is less than everything of ``dtype``."""
    return dtype.type(-np.inf) if dtype.kind == "f" else np.iinfo(dtype).min


def window_maxima(x, kernel, stride, padding, dilation, size):
    """The maxima of ``size`` windows, and where in each (flat) image they were found; the first of equals."""
    dims, space = len(kernel), x.shape[-len(kernel) :]
    reach = [(m - 1) * s + d * (k - 1) + 1 for m, s, d, k in zip(size, stride, dilation, kernel, strict=True)]
    least = lowest(x.dtype)
    lead = x.shape[:-dims]
    padded = x
    if any(padding) or any(r > n for r, n in zip(reach, space, strict=True)):
        whole = [max(r, n + 2 * p) for r, n, p in zip(reach, space, padding, strict=True)]
        padded = np.full(lead + tuple(whole), least, x.dtype)
        padded[(..., *[slice(p, p + n) for p, n in zip(padding, space, strict=True)])] = x
    steps = [int(np.prod(space[i + 1 :], dtype=int)) for i in range(dims)]
    first = begin = np.zeros((), np.int64)
    for m, s, p, d, step in zip(size, stride, padding, dilation, steps, strict=True):
        at = np.arange(m) * s - p
        begin = begin[..., None] + at * step
        first = first[..., None] + (at + -(np.minimum(at, 0) // d) * d) * step  # the first that is no padding
    odd = x.dtype.kind == "f" and np.isnan(x).any()
    out, number, shifts = None, None, []
    for k, offsets in enumerate(itertools.product(*map(range, kernel))):
        begins = [o * d for o, d in zip(offsets, dilation, strict=True)]
        ends = [b + (m - 1) * s + 1 for b, m, s in zip(begins, size, stride, strict=True)]
        part = padded[(..., *map(slice, begins, ends, stride))]
        shifts.append(sum(b * step for b, step in zip(begins, steps, strict=True)))
        if out is None:
            out, number = (
                np.array(part, order="C"),
                np.zeros(part.shape, np.int8 if math.prod(kernel) < 128 else np.int64),
            )
            continue
        better = np.greater(part, out)
        if odd:
            better |= np.isnan(part)
        # the number of the window's element, which only grows: no branches, so 5 times as fast as writing where better
        np.maximum(number, better.view(np.int8) * number.dtype.type(k), out=number)
        np.maximum(out, part, out=out)
    where = np.array(shifts, np.int64)[number] + begin
    if any(padding):
        none = out == least
        if none.any():  # nothing but what padding is
            np.copyto(where, first, where=none)
    return out, where


def chosen_maxima(x, windows):
    """The maxima of windows that are lists of places in each dimension, and where they were found.

    ``windows``: for each of the last dimensions of ``x`` an array (..., results, entries) that broadcasts with those
    before it; an entry beyond the end is none.
    """
    dims, space = len(windows), x.shape[-len(windows) :]
    lead = x.shape[:-dims]
    flat, missing = np.zeros((1,) * (2 * dims), np.int64), False
    for i, (window, n) in enumerate(zip(windows, space, strict=True)):
        shape = [1] * (2 * dims)
        shape[i], shape[dims + i] = window.shape[-2:]
        window = window.reshape(*window.shape[:-2], *shape)
        missing = missing | (window >= n)
        flat = flat * n + np.minimum(window, n - 1)
    flat = np.broadcast_to(flat, lead + flat.shape[-2 * dims :])
    size = flat.shape[len(lead) : len(lead) + dims]
    places = flat.reshape(*lead, math.prod(flat.shape[len(lead) :]))
    values = np.take_along_axis(x.reshape(*lead, math.prod(space)), places, -1)
    values[np.broadcast_to(missing, flat.shape).reshape(values.shape)] = lowest(x.dtype)
    values, places = (a.reshape(*lead, *size, math.prod(flat.shape[-dims:])) for a in (values, places))
    best = values.argmax(-1)[..., None]
    return np.take_along_axis(values, best, -1)[..., 0], np.take_along_axis(places, best, -1)[..., 0]


RAW["window_maxima"], RAW["chosen_maxima"] = window_maxima, chosen_maxima


def flat_places(places, shape, dims):
    """Where in an array of ``shape`` each of ``places`` is, which count within an image of ``dims`` dimensions."""
    images, size = math.prod(shape[:-dims]), math.prod(shape[-dims:])
    return (
        places.reshape(images, math.prod(places.shape) // max(images, 1)) + np.arange(images)[:, None] * size
    ).ravel()


RAW["flat_places"] = raw(flat_places)


@op(x=lambda g, places, x_shape, dims: pool_place(g, places, x_shape, dims), places=None, jvp="linear")
def pool_pick(x, places, dims):
    """The elements of ``x`` at ``places`` of its images of ``dims`` dimensions."""
    return x.reshape(-1).take(flat_places(places, x.shape, dims)).reshape(places.shape)


@op(x=lambda g, places, dims: pool_pick(g, places, dims), places=None, jvp="linear")
def pool_place(x, places, shape, dims):
    """Zeros of ``shape`` with the elements of ``x`` added at ``places`` of its images."""
    out = np.zeros(math.prod(shape), x.dtype)
    np.add.at(out, flat_places(places, shape, dims), x.ravel())
    return out.reshape(shape)


def _unpooling(node):
    return op(x=lambda g, places, dims: pool_pick(g, places, dims), places=None, jvp="linear", node=node)


@_unpooling("MaxUnpool2DBackward0")
def max_unpool2d(x, places, shape, dims):
    """Zeros of ``shape`` with the elements of ``x`` at ``places`` of its images: the last one where several come."""
    out = np.zeros(math.prod(shape), x.dtype)
    out[flat_places(places, shape, dims)] = x.ravel()
    return out.reshape(shape)


@_unpooling("MaxUnpool3DBackward0")
def max_unpool3d(x, places, shape, dims):
    """The same with three dimensions of space."""
    return max_unpool2d(x, places, shape, dims)


def _sliding(node):
    return op(
        x=lambda g, x, indices, kernel: pool_place(g, indices, x.shape, len(kernel)),
        outputs=("out", "indices"),
        jvp=lambda t, indices, kernel: pool_pick(t, indices, len(kernel)),
        node=node,
    )


@_sliding("MaxPool2DWithIndicesBackward0")
def max_pool2d(x, kernel, stride, padding, dilation, size):
    """The largest element of each window of ``kernel`` in the last dimensions, and its place in the image."""
    return window_maxima(x, kernel, stride, padding, dilation, size)


@_sliding("MaxPool3DWithIndicesBackward0")
def max_pool3d(x, kernel, stride, padding, dilation, size):
    """The same with three dimensions of space."""
    return window_maxima(x, kernel, stride, padding, dilation, size)


def _listed(node):
    return op(
        x=lambda g, x, indices, windows: pool_place(g, indices, x.shape, len(windows)),
        outputs=("out", "indices"),
        jvp=lambda t, indices, windows: pool_pick(t, indices, len(windows)),
        node=node,
    )


@_listed("AdaptiveMaxPool2DBackward0")
def adaptive_max_pool2d(x, windows):
    """The largest element of each of ``windows``, and its place in the image."""
    return chosen_maxima(x, windows)


@_listed("AdaptiveMaxPool3DBackward0")
def adaptive_max_pool3d(x, windows):
    """The same with three dimensions of space."""
    return chosen_maxima(x, windows)


@_listed("FractionalMaxPool2DBackward0")
def fractional_max_pool2d(x, windows):
    """The largest element of each of ``windows``, other ones in each image, and its place."""
    return chosen_maxima(x, windows)


@_listed("FractionalMaxPool3DBackward0")
def fractional_max_pool3d(x, windows):
    """The same with three dimensions of space."""
    return chosen_maxima(x, windows)
