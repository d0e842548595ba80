"""Reductions: sums, means, products, variances, norms. ``extremes.py`` has the largest and smallest.

``dim`` is None (every element), an int, or a tuple of ints.
"""

import builtins

import numpy as np

from .. import errors
from ..graph.hooks import Undefined
from ..table.kernel import PUBLIC, RAW, on_arrays, raw, rule
from ..table.op import op


def laid(out):
    """A result as PyTorch lays it out: one row behind the other, whatever the order of the input's dimensions was."""
    return out if out.flags.c_contiguous else np.array(out, order="C")


RAW["laid"] = raw(laid)


def total(x):
    """The sum of all elements; a short one in Python, 3 times faster than NumPy's reduction."""
    if x.size < 33 and x.dtype is float32:
        return F32(builtins.sum(x.ravel().tolist()))
    return np.add.reduce(x, None, np.int64 if x.dtype.kind in "biu" else None)


RAW["total"] = raw(total)


def misdirected(x, dim=None, keepdim=False, *rest):
    """PyTorch's error for a ``dim`` that a tensor does not have, or that is named twice."""
    dims = dim if type(dim) is tuple else () if dim is None else (dim,)
    low = max(x.ndim, 1)
    for d in dims:
        if not -low <= d < low:
            return errors.dim_range(d, x.ndim)
    positive = [d % low for d in dims]
    for d in positive:
        if positive.count(d) > 1:
            return RuntimeError(f"dim {d} appears multiple times in the list of dims")
    return None


def fractional(x):
    """The dtype of ``x``; a TypeError, for ``refuse`` to put into PyTorch's words, if it is one of whole numbers."""
    if x.dtype.kind not in "fc":
        raise TypeError(f"whole numbers: {x.dtype}")
    return x.dtype


def whole_mean(x, *rest):
    """PyTorch's error for the mean of whole numbers."""
    if x.dtype.is_floating_point or x.dtype.is_complex:
        return None
    return errors.hinted(
        RuntimeError(
            "mean(): could not infer output dtype. Input dtype must be either a floating point or complex dtype. Got: "
            + x.dtype.title
        ),
        "the mean of whole numbers need not be one: write x.float().mean(), or make the tensor with 1. for 1.",
    )


def whole_norm(x, *rest):
    """PyTorch's error for the norm of whole numbers."""
    if x.dtype.is_floating_point or x.dtype.is_complex:
        return None
    wanted = "linalg.vector_norm: Expected a floating point or complex tensor as input. Got "
    return errors.hinted(RuntimeError(wanted + x.dtype.title), "write x.float().norm()")


def whole_var(x, *rest):
    """PyTorch's error for the variance of whole numbers."""
    if x.dtype.is_floating_point or x.dtype.is_complex:
        return None
    return RuntimeError("std and var only support floating point and complex dtypes")


RAW["fractional"] = raw(fractional)


@rule
def count_of(shape, dim):
    """How many elements a reduction of ``shape`` over ``dim`` puts together."""
    if dim is None:
        return math.prod(shape)
    try:
        return math.prod([shape[d] for d in (dim if type(dim) is tuple else (dim,))]) if len(shape) else 1
    except IndexError as error:
        raise ValueError("no such dim") from error  # which leads to the diagnosis


@rule
def kept(g, shape, dim, keepdim):
    """``g`` with the dimensions that a reduction of ``shape`` dropped put back as ones, ready to broadcast."""
    if keepdim or dim is None or not len(shape):
        return g
    dims = {d % len(shape) for d in (dim if type(dim) is tuple else (dim,))}
    return reshape(g, tuple([1 if i in dims else n for i, n in enumerate(shape)]))


# ------------------------------------------------ sums and means
@op(x=lambda g, x_shape: expand_to(g, x_shape), node="SumBackward0", jvp="linear", called="sum")
def sum_all(x):
    """The sum of every element; whole numbers add up in int64."""
    return total(x)


@op(
    x=lambda g, x_shape, dim, keepdim: unreduce(g, x_shape, dim, keepdim),
    node="SumBackward1",
    jvp="linear",
    diagnose=misdirected,
)
def sum(x, dim=None, keepdim=False):
    """Sum over ``dim``; whole numbers add up in int64."""
    return laid(np.add.reduce(x, dim, np.int64 if x.dtype.kind in "biu" else None, None, keepdim))


@op(
    x=lambda g, x_shape, x_size: expand_to(g / x_size, x_shape),
    node="MeanBackward0",
    jvp="linear",
    called="mean",
    refuse=whole_mean,
)
def mean_all(x):
    """The mean of every element."""
    if x.dtype is float32:
        return total(x) / F32(x.size)
    return total(x) / fractional(x).type(x.size)


@op(
    x=lambda g, x_shape, dim, keepdim: unreduce(g / count_of(x_shape, dim), x_shape, dim, keepdim),
    node="MeanBackward1",
    jvp="linear",
    refuse=whole_mean,
    diagnose=misdirected,
)
def mean(x, dim=None, keepdim=False):
    """Mean over ``dim``."""
    return laid(np.add.reduce(x, dim, None, None, keepdim) / fractional(x).type(count_of(x.shape, dim)))


@op(
    x=lambda g, x, dim, keepdim: unreduce(g, x.shape, dim, keepdim) * (x == x),
    jvp=lambda t, x, dim, keepdim: sum(where(x == x, t, 0.0), dim, keepdim),
    diagnose=misdirected,
    real="nansum on CPU does not support complex inputs",
)
def nansum(x, dim=None, keepdim=False):
    """Sum over ``dim`` of what is not NaN."""
    return laid(np.nansum(x, dim, np.int64 if x.dtype.kind in "biu" else None, keepdims=keepdim))


# ------------------------------------------------ products
@op(
    x=lambda g, x, out: g * rest_of_product(x, out, None),
    node="ProdBackward0",
    jvp=lambda t, x, out: sum_all(t * rest_of_product(x, out, None)),
    called="prod",
)
def prod_all(x):
    """The product of every element; whole numbers multiply in int64."""
    return np.multiply.reduce(x, None, np.int64 if x.dtype.kind in "biu" else None)


@op(
    x=lambda g, x, out, dim, keepdim: (
        kept(g, x.shape, dim, keepdim) * rest_of_product(x, kept(out, x.shape, dim, keepdim), dim)
    ),
    node="ProdBackward1",
    jvp=lambda t, x, out, dim, keepdim: sum(
        t * rest_of_product(x, kept(out, x.shape, dim, keepdim), dim), dim, keepdim
    ),
    called="prod",
    diagnose=misdirected,
)
def prod_dim(x, dim, keepdim=False):
    """The product over one dimension; whole numbers multiply in int64."""
    return laid(np.multiply.reduce(x, dim, np.int64 if x.dtype.kind in "biu" else None, None, keepdim))


@rule
def leave_one_out(x):
    """``(..., n)`` to ``(..., n, n)``: row k holds all of ``x`` but its k-th, which is 1."""
    n = x.shape[-1]
    return where(np.eye(n, dtype=bool), 1.0, reshape(x, (*x.shape[:-1], 1, n)))


def somewhere(mask):
    """Whether a mask, a Tensor, holds anywhere; True for one whose values cannot be looked at, as in a batch."""
    d = mask._d
    return not isinstance(d, np.ndarray | np.generic) or bool(np.any(d))


PUBLIC["somewhere"] = RAW["somewhere"] = somewhere


@rule
def rest_of_product(x, out, dim):
    """For each element the product of all others over ``dim``; ``out / x`` unless there is a zero."""
    if not len(x.shape):
        return 1.0
    if not somewhere(x == 0):
        return out / x
    if dim is None:
        return reshape(prod_dim(leave_one_out(reshape(x, (math.prod(x.shape),))), -1), tuple(x.shape))
    return transpose(prod_dim(leave_one_out(transpose(x, dim, -1)), -1), dim, -1)


@on_arrays("rest_of_product", PUBLIC["rest_of_product"])
def _rest_of_product(x, out, dim):
    """In linear memory: the product of what stands before, times that of what stands after."""
    if not x.ndim:
        return 1.0
    if not (x == 0).any():
        return out / x
    y = np.moveaxis(np.ravel(x) if dim is None else x, -1 if dim is None else dim, -1)
    ones = np.ones((*y.shape[:-1], 1), y.dtype)
    before = np.multiply.accumulate(np.concatenate([ones, y[..., :-1]], -1), -1)
    after = np.multiply.accumulate(np.concatenate([ones, y[..., :0:-1]], -1), -1)[..., ::-1]
    return (before * after).reshape(x.shape) if dim is None else np.moveaxis(before * after, -1, dim)


# ------------------------------------------------ variances
@op(
    x=lambda g, x, dim, correction, keepdim: var_slope(g, x, dim, correction, keepdim),
    jvp=lambda t, x, dim, correction, keepdim: sum(
        real(t * conj(var_slope(1.0, x, dim, correction, True))), dim, keepdim
    ),
    refuse=whole_var,
    diagnose=misdirected,
)
def var(x, dim=None, correction=1, keepdim=False):
    """``Σ|x - mean|² / (n - correction)`` over ``dim``."""
    n = count_of(x.shape, dim)
    apart = x - np.add.reduce(x, dim, None, None, True) / fractional(x).type(n)
    square = squared(apart)
    out = np.add.reduce(square, dim, None, None, keepdim) / square.dtype.type(builtins.max(n - correction, 0))
    return laid(out)


@op(
    x=lambda g, x, out, dim, correction, keepdim: var_slope(unless_zero(g, out + out), x, dim, correction, keepdim),
    jvp=lambda t, x, out, dim, correction, keepdim: unless_zero(
        sum(real(t * conj(var_slope(1.0, x, dim, correction, True))), dim, keepdim), out + out
    ),
    refuse=whole_var,
    diagnose=misdirected,
)
def std(x, dim=None, correction=1, keepdim=False):
    """``√(Σ(x - mean)² / (n - correction))`` over ``dim``; where all are equal the gradient is 0."""
    return np.sqrt(var(x, dim, correction, keepdim))


@rule
def var_slope(g, x, dim, correction, keepdim):
    """``g · 2(x - mean) / (n - correction)``."""
    free = count_of(x.shape, dim) - correction
    middle = mean(x, dim, True)
    apart = x - middle
    if free <= 0 and (dim is None or not len(x.shape)):  # as PyTorch has it
        return kept(g, x.shape, dim, keepdim) * where(x == middle, math.nan, zeros_as(x) + math.inf)
    return (kept(g, x.shape, dim, keepdim) * (2 / free if free else math.inf)) * apart


# ------------------------------------------------ norms
@op(
    x=lambda g, x, p, dim, keepdim, out: (
        norm_slope(kept(g, x.shape, dim, keepdim), x, p, dim, kept(out, x.shape, dim, keepdim)) if p else undefined()
    ),
    node="LinalgVectorNormBackward0",
    called="norm",
    jvp=lambda t, x, p, dim, keepdim, out: sum(
        real(t * conj(norm_slope(1.0, x, p, dim, kept(out, x.shape, dim, keepdim)))), dim, keepdim
    ),
    refuse=whole_norm,
    diagnose=lambda x, p, dim, keepdim: _no_norm(x, p, dim),
)
def vector_norm(x, p=2.0, dim=None, keepdim=False):
    """``(Σ|x|^p)^(1/p)`` over ``dim``; the largest ``|x|`` for inf, the smallest for -inf, how many are not 0 for 0."""
    if x.dtype is not float32:
        fractional(x)
    if p == 2 and dim is None and not keepdim:
        v = x.ravel()
        if v.dtype.kind == "c":
            v = v.view(real_of[v.dtype])
        return np.sqrt(v.dot(v)) if x.size > 1 else np.abs(x.ravel()[0]) if x.size else v.dtype.type(0)
    size = np.abs(x)
    if p == math.inf or p == -math.inf:
        return laid((np.maximum if p > 0 else np.minimum).reduce(size, dim, None, None, keepdim))
    if p == 0:
        return laid(np.add.reduce(size != 0, dim, size.dtype, None, keepdim))
    if p == 1 or count_of(x.shape, dim) == 1:
        return laid(np.add.reduce(size, dim, None, None, keepdim))
    if p == 2:
        return np.sqrt(laid(np.add.reduce(size * size, dim, None, None, keepdim)))
    return laid(np.add.reduce(size**p, dim, None, None, keepdim)) ** (1 / p)


def undefined():
    """Say that a gradient is undefined, as PyTorch's is where a result does not depend smoothly on its one input."""
    raise Undefined((None,))


RAW["undefined"] = PUBLIC["undefined"] = undefined


def squared(x):
    """``|x|²``."""
    return x * x if x.dtype.kind != "c" else x.real * x.real + x.imag * x.imag


RAW["squared"] = raw(squared)


def _no_norm(x, p, dim):
    name = {np.inf: "inf norm", -np.inf: "-inf norm"}.get(p)
    if not x.size and name:
        return RuntimeError(
            f"linalg.vector_norm cannot compute the {name} on an empty tensor because the operation does not have an "
            "identity"
        )
    return misdirected(x, dim)


@rule
def norm_slope(g, x, p, dim, out):
    """``g · x/‖x‖`` and its like for other ``p``; 0 where the norm is 0. ``g`` and ``out`` broadcast with ``x``."""
    if p == 2:
        return along_unit(g, x, out)
    if p == 0:
        return zeros_as(x)
    if p == 1:
        return g * sgn(x)
    if p == math.inf or p == -math.inf:
        return g * (sgn(x) * ties(abs(x), out, dim, True))
    if p < 1:
        return sgn(x) * where(x == 0, 0.0, pow_number(abs(x), p - 1)) * (g * pow_number(out, 1 - p))
    size = x * pow_number(abs(x), p - 2) if p > 2 else sgn(x) * pow_number(abs(x), p - 1)
    return size * unless_zero(g, pow_number(out, p - 1))


@rule
def along_unit(g, x, out):
    """``g · x/‖x‖``, 0 where the norm is 0; there PyTorch's second derivative by x is NaN, that by g is 0."""
    return g * where(out == 0, 0.0, x / out)


@on_arrays("along_unit", PUBLIC["along_unit"])
def _along_unit(g, x, out):
    return x * unless_zero(g, out)


@rule
def unless_zero(g, out):
    """``g / out``, 0 where ``out`` is."""
    return where(out == 0, 0.0, g / out)


@on_arrays("unless_zero", PUBLIC["unless_zero"])
def _unless_zero(g, out):
    if type(out) is not ndarray:
        return g / out if out else np.zeros_like(g)[()]
    return np.where(out == 0, out.dtype.type(0), g / out)
