"""Softmax and its logarithm, and the logarithm of a sum of exponentials: none of them overflows."""

import contextlib
import functools
import math

import numpy as np

from ..table.kernel import PUBLIC, RAW, on_arrays, raw, rule
from ..table.op import op
from .reduce import misdirected

ROW = 512  # numbers; shorter rows are better put together
BLOCK = 1 << 18  # elements at a time: what is computed in between stays in the cache. 1024x1000: 0.65 of the time


def in_blocks(dim, *arrays):
    """Blocks of rows of each of ``arrays``, and of a new one, which comes first; None if that is not worth while."""
    first = arrays[0]
    if first.size <= BLOCK or dim not in (-1, first.ndim - 1):
        return None
    if not all(a.shape == first.shape and a.flags.c_contiguous for a in arrays):
        return None
    out = np.empty_like(first)
    rows = [a.reshape(-1, first.shape[-1]) for a in (out, *arrays)]
    step = max(1, BLOCK // first.shape[-1])
    return out, [[r[i : i + step] for r in rows] for i in range(0, len(rows[0]), step)]


@contextlib.contextmanager
def row_by_row():
    """Inside NumPy goes through the rows of an array one by one, where each is combined with a number.

    Rows of less than its buffer, 8192 numbers, it puts together there, with as many copies of what they are combined
    with: 0.22 ms for 1024x1000, and 0.13 so. ``errstate`` puts back the size of the buffer as well.
    """
    with np.errstate():
        np.setbufsize(ROW)
        yield


def row_sums(x):
    """The sum of each row, in a column: as a product, which takes half of the time of a reduction."""
    return x.dot(np.ones((x.shape[1], 1), x.dtype))


LOG2_E = np.float32(math.log2(math.e))


@functools.cache
def has_vector_exp2():
    """Whether NumPy has an AVX512 form of ``2ˣ`` for float32 here: 0.24 ms for a million, ``eˣ`` takes 0.48."""
    introspect = getattr(np.lib, "introspect", None)
    found = introspect.opt_func_info(func_name="^exp2$", signature="float32") if introspect else {}
    return any(loop["current"] in ("AVX512_SKX", "X86_V4") for loops in found.values() for loop in loops.values())


def exponentials(x, out):
    """``exp(x)`` into ``out``, as ``2 ** (x · log₂ e)`` where that is faster.

    Its relative error, 6e-8 · |x|, is that with which a logarithm of this size was rounded. Measured over logits of 1
    to 5 standard deviations, log_softmax is as far from the truth as PyTorch's, 1e-6 to 4e-6.
    """
    if x.dtype == LOG2_E.dtype and has_vector_exp2():
        return np.exp2(np.multiply(x, LOG2_E, out=out), out=out)
    return np.exp(x, out=out)


def row_exponentials(x, out):
    """``exp(x - top)`` into ``out``, its sums over rows, and ``top``: each row's maximum, or 0 where none is needed.

    None is where the sums are neither large nor small, which spares two passes.
    """
    sums = row_sums(exponentials(x, out))
    if sums.min() > 1e-7 and sums.max() < 1e7:
        return sums, 0
    top = np.maximum.reduce(x, 1, None, None, True)
    return row_sums(exponentials(np.subtract(x, top, out=out), out)), top


RAW["row_by_row"] = row_by_row
RAW["LOG2_E"], RAW["has_vector_exp2"], RAW["exponentials"] = LOG2_E, has_vector_exp2, raw(exponentials)
RAW["in_blocks"], RAW["row_sums"], RAW["row_exponentials"] = in_blocks, raw(row_sums), raw(row_exponentials)


@op(
    x=lambda g, out, dim: softmax_slope(g, out, dim),
    jvp=lambda t, out, dim: softmax_slope(t, out, dim),
    diagnose=misdirected,
    real="softmax_lastdim_kernel_impl",
)
def softmax(x, dim):
    """``exp(x) / Σ exp(x)`` over ``dim``."""
    if not x.size:
        return np.array(x)
    if (blocks := in_blocks(dim, x)) is not None:
        with row_by_row():
            for out, part in blocks[1]:
                out *= 1 / row_exponentials(part, out)[0]
        return blocks[0]
    e = np.exp(x - np.maximum.reduce(x, dim, None, None, True))
    return laid(e / np.add.reduce(e, dim, None, None, True))


@rule
def softmax_slope(g, out, dim):
    """``out · (g - Σ g·out)``: the Jacobian of softmax is symmetric."""
    sent = g * out
    return sent - out * sum(sent, dim, True)


@on_arrays("softmax_slope", PUBLIC["softmax_slope"])
def _softmax_slope(g, out, dim):
    if (blocks := in_blocks(dim, g, out)) is not None:
        with row_by_row():
            for sent, part, chances in blocks[1]:
                np.multiply(part, chances, out=sent)
                sent -= chances * row_sums(sent)
        return blocks[0]
    sent = g * out
    return sent - out * np.add.reduce(sent, dim, None, None, True)


@rule
def log_softmax_slope(g, out, dim):
    """``g - softmax · Σ g``."""
    return g - exp(out) * sum(g, dim, True)


@on_arrays("log_softmax_slope", PUBLIC["log_softmax_slope"])
def _log_softmax_slope(g, out, dim):
    if (blocks := in_blocks(dim, g, out)) is not None:
        sums = row_sums(g.reshape(-1, g.shape[-1]))
        even = sums.min() == sums.max()  # as of a mean over samples
        with row_by_row():
            for sent, part, logs in blocks[1]:
                exponentials(logs, sent)
                sent *= sums[0] if even else row_sums(part)
                np.subtract(part, sent, out=sent)
        return blocks[0]
    return g - np.exp(out) * np.add.reduce(g, dim, None, None, True)


@op(
    x=lambda g, out, dim: log_softmax_slope(g, out, dim),
    jvp=lambda t, out, dim: t - sum(t * exp(out), dim, True),
    diagnose=misdirected,
    real="log_softmax_lastdim_kernel_impl",
)
def log_softmax(x, dim):
    """``x - log Σ exp(x)`` over ``dim``."""
    if not x.size:
        return np.array(x)
    if (blocks := in_blocks(dim, x)) is not None:
        with row_by_row():
            for out, part in blocks[1]:
                sums, top = row_exponentials(part, out)
                np.subtract(part, np.log(sums) + top, out=out)
        return blocks[0]
    apart = x - np.maximum.reduce(x, dim, None, None, True)
    return laid(apart - np.log(np.add.reduce(np.exp(apart), dim, None, None, True)))


@op(
    x=lambda g, x, out, dim, keepdim: kept(g, x.shape, dim, keepdim) * exp(x - kept(out, x.shape, dim, keepdim)),
    jvp=lambda t, x, out, dim, keepdim: sum(t * exp(x - kept(out, x.shape, dim, keepdim)), dim, keepdim),
    diagnose=misdirected,
)
def logsumexp(x, dim, keepdim=False):
    """``log Σ exp(x)`` over ``dim``."""
    if not x.size:
        return np.log(np.add.reduce(np.exp(x), dim, None, None, keepdim))
    top = np.maximum.reduce(x if x.dtype.kind != "c" else x.real, dim, None, None, True)
    top = np.where(np.isfinite(top), top, top.dtype.type(0))
    sums = laid(np.log(np.add.reduce(np.exp(x - top), dim, None, None, keepdim)))
    return sums + (top.reshape(sums.shape) if type(sums) is ndarray else top.ravel()[0])
