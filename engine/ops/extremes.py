"""The largest and the smallest, and where they are; what holds for all, for any, for how many."""

import numpy as np

from ..table.kernel import PUBLIC, RAW, on_arrays, raw, rule
from ..table.op import op
from .reduce import misdirected


def empty(name):
    """A diagnosis: PyTorch's errors for reductions that have no answer on no elements."""

    def diagnose(x, dim=None, *rest):
        told = misdirected(x, dim)
        if told is not None or x.size:
            return told
        if dim is None and name.startswith("arg"):
            return IndexError(f"{name}(): Expected reduction dim to be specified for input.numel() == 0.")
        if dim is None:
            return RuntimeError(
                f"{name}(): Expected reduction dim to be specified for input.numel() == 0. Specify the reduction dim "
                "with the 'dim' argument."
            )
        low = max(x.ndim, 1)
        at = next(d % low for d in (dim if type(dim) is tuple else (dim,)) if not x.shape[d])
        return IndexError(f"{name}(): Expected reduction dim {at} to have non-zero size.")

    return diagnose


@op(x=None, y=None)
def ties(x, y, dim=None, unknown=False):
    """1/k at each of the k entries of ``x`` over ``dim`` that equal ``y``; ``unknown``: NaN equals NaN."""
    same = (x == y) | ((x != x) & (y != y)) if unknown else x == y
    return np.divide(same, np.add.reduce(same, dim, None, None, True), dtype=x.dtype)


# ------------------------------------------------ ties share the gradient
@rule
def given_to(g, shares):
    """``g · shares``, of a single ``g``; 0 where there is no share, also if ``g`` is not finite."""
    return where(shares > 0, g * shares, 0.0)


@on_arrays("given_to", PUBLIC["given_to"])
def _given_to(g, shares):
    return g * shares if np.isfinite(g) else np.where(shares > 0, g * shares, shares.dtype.type(0))


@op(
    x=lambda g, x, out: given_to(g, ties(x, out, None, True)),
    node="MaxBackward1",
    jvp=lambda t, x, out: sum_all(t * ties(x, out)),
    called="max",
    diagnose=empty("max"),
    real="max_all",
)
def max_all(x):
    """The largest element; equal ones share the gradient."""
    return np.maximum.reduce(x, None)


@op(
    x=lambda g, x, out: given_to(g, ties(x, out, None, True)),
    node="MinBackward1",
    jvp=lambda t, x, out: sum_all(t * ties(x, out)),
    called="min",
    diagnose=empty("min"),
    real="min_all",
)
def min_all(x):
    """The smallest element; equal ones share the gradient."""
    return np.minimum.reduce(x, None)


@rule
def shared(g, x, out, dim, keepdim):
    """``g`` at the entries of ``x`` that equal ``out``, in equal shares."""
    return kept(g, x.shape, dim, keepdim) * ties(x, kept(out, x.shape, dim, keepdim), dim)


@op(
    x=lambda g, x, out, dim, keepdim: shared(g, x, out, dim, keepdim),
    jvp=lambda t, x, out, dim, keepdim: sum(t * ties(x, kept(out, x.shape, dim, keepdim), dim), dim, keepdim),
    diagnose=empty("amax"),
    real="max_values_cpu",
)
def amax(x, dim=None, keepdim=False):
    """The largest elements over ``dim``; equal ones share the gradient."""
    return laid(np.maximum.reduce(x, dim, None, None, keepdim))


@op(
    x=lambda g, x, out, dim, keepdim: shared(g, x, out, dim, keepdim),
    jvp=lambda t, x, out, dim, keepdim: sum(t * ties(x, kept(out, x.shape, dim, keepdim), dim), dim, keepdim),
    diagnose=empty("amin"),
    real="min_values_cpu",
)
def amin(x, dim=None, keepdim=False):
    """The smallest elements over ``dim``; equal ones share the gradient."""
    return laid(np.minimum.reduce(x, dim, None, None, keepdim))


# ------------------------------------------------ the index takes all of the gradient
@op(
    x=lambda g, x_shape, indices, dim, keepdim: place(g, indices, x_shape, dim, keepdim),
    outputs=("out", "indices"),
    node="MaxBackward0",
    jvp=lambda t, indices, dim, keepdim: pick(t, indices, dim, keepdim),
    called="max",
    diagnose=empty("max"),
    real="max(): does not support complex input",
)
def max_dim(x, dim, keepdim=False):
    """The largest elements over one dimension, and where they are; of equal ones the first."""
    return laid(np.maximum.reduce(x, dim, None, None, keepdim)), np.asarray(x).argmax(dim, keepdims=keepdim)


@op(
    x=lambda g, x_shape, indices, dim, keepdim: place(g, indices, x_shape, dim, keepdim),
    outputs=("out", "indices"),
    node="MinBackward0",
    jvp=lambda t, indices, dim, keepdim: pick(t, indices, dim, keepdim),
    called="min",
    diagnose=empty("min"),
    real="min(): does not support complex input",
)
def min_dim(x, dim, keepdim=False):
    """The smallest elements over one dimension, and where they are; of equal ones the first."""
    return laid(np.minimum.reduce(x, dim, None, None, keepdim)), np.asarray(x).argmin(dim, keepdims=keepdim)


def spots(indices, ndim, dim, keepdim):
    """``indices`` over ``dim`` as an index of the whole tensor; ``take_along_axis`` does the same in 7 µs."""
    dim %= ndim
    if ndim == 1:
        return (indices,)
    grid = np.ogrid[tuple([slice(n) for n in indices.shape])] if ndim > 2 or keepdim else (np.arange(indices.shape[0]),)
    grid = list(grid)
    if keepdim:
        grid[dim] = indices
    else:
        grid.insert(dim, indices)
    return tuple(grid)


RAW["spots"] = raw(spots)


@op(
    x=lambda g, indices, dim, keepdim: pick(g, indices, dim, keepdim),
    indices=None,
    node="ValueSelectingReductionBackward0",
    jvp="linear",
)
def place(x, indices, shape, dim, keepdim):
    """Zeros of ``shape`` with ``x`` at the ``indices`` over ``dim``."""
    if not len(shape):
        return x
    out = np.zeros(shape, x.dtype)
    out[spots(indices, len(shape), dim, keepdim)] = x
    return out


@op(
    x=lambda g, x_shape, indices, dim, keepdim: place(g, indices, x_shape, dim, keepdim),
    indices=None,
    node="GatherBackward0",
    jvp="linear",
)
def pick(x, indices, dim, keepdim):
    """The elements of ``x`` at the ``indices`` over ``dim``: one for each of the others."""
    if not x.ndim:
        return x
    return x[spots(indices, x.ndim, dim, keepdim)]


# ------------------------------------------------ without a derivative
@op(x=None, diagnose=empty("argmax"))
def argmax(x, dim=None, keepdim=False):
    """The index of the largest element over ``dim``; into the flattened tensor when ``dim`` is None."""
    return np.argmax(x, dim, keepdims=keepdim)


@op(x=None, diagnose=empty("argmin"))
def argmin(x, dim=None, keepdim=False):
    """The index of the smallest element over ``dim``; into the flattened tensor when ``dim`` is None."""
    return np.argmin(x, dim, keepdims=keepdim)


@op(x=None, called="any", diagnose=misdirected)
def any_of(x, dim=None, keepdim=False):
    """Whether any element over ``dim`` is not 0."""
    return np.logical_or.reduce(x, dim, None, None, keepdim).astype(x.dtype if x.dtype.char == "B" else bool, "C")


@op(x=None, called="all", diagnose=misdirected)
def all_of(x, dim=None, keepdim=False):
    """Whether no element over ``dim`` is 0."""
    return np.logical_and.reduce(x, dim, None, None, keepdim).astype(x.dtype if x.dtype.char == "B" else bool, "C")


@op(x=None, diagnose=misdirected)
def count_nonzero(x, dim=None):
    """How many elements over ``dim`` are not 0."""
    return laid(np.add.reduce(x != 0, dim, np.int64))
