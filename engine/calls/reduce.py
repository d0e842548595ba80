"""Reductions as PyTorch calls them: ``dim`` as an int, a tuple or a list, ``keepdim``, ``dtype``, NumPy's ``axis``."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

from .. import dtypes, errors
from ..mode import overridable
from ..ops import arithmetic, functions
from ..ops import reduce as rows
from ..tensor import Tensor
from .out import accepts_out, expected_out, in_its_dtype, written

sum_all, mean_all, norm_of = rows.sum_all, rows.mean_all, rows.vector_norm


# ------------------------------------------------ what arguments mean
def dims(name: str, dim: Any, input: Tensor) -> Any:
    """``dim`` as the rows take it: None for all, which () means too, an int, or a tuple."""
    try:
        ndim = input._d.ndim
    except AttributeError:
        raise errors.argument(name, "input", 1, input) from None
    if type(dim) is int and ndim:
        return dim
    if dim is None:
        return None
    if isinstance(dim, tuple | list):
        for i, d in enumerate(dim):
            if not isinstance(d, int):
                text = f"must be tuple of ints, but found element of type {type(d).__name__} at pos {i}"
                raise TypeError(f"{name}(): argument 'dim' {text}")
        given: Any = tuple(dim)
    elif isinstance(dim, int):
        given = int(dim)
    else:
        raise TypeError(f"{name}(): argument 'dim' (position 1) must be tuple of ints, not {type(dim).__name__}")
    if ndim:
        return None if given == () else given
    for d in (given,) if isinstance(given, int) else given:  # a 0-d tensor has the dimensions 0 and -1, and no others
        if d not in (0, -1):
            raise errors.dim_range(d, 0)
    return None


def cast_to(input: Tensor, dtype: Any) -> Tensor:
    """``input`` in ``dtype``, itself where it is that already."""
    d = dtypes.numpy_of(dtype)
    if d is input._d.dtype:
        return input
    return functions.cast(input, d) if d.kind in "fc" else functions.cast_whole(input, d)


def as_ints(out: Tensor, dtype: Any) -> Tensor:
    """Sums and products of whole numbers come as int64: the dtype that was asked for."""
    return out if dtype is None else cast_to(out, dtype)


# ------------------------------------------------ sums and means
def sum(
    input: Tensor,
    dim: Any = None,
    keepdim: bool = False,
    *,
    dtype: Any = None,
    axis: Any = None,
    keepdims: bool = False,
    out: Any = None,
) -> Tensor:
    """The sum over ``dim``; over every element when there is none. Whole numbers add up in int64."""
    if out is not None:
        d = out.dtype if dtype is None and isinstance(out, Tensor) else dtype
        return written("sum", out, lambda: sum(input, dim, keepdim, dtype=d, axis=axis), input)
    if dim is None and axis is None and dtype is None and not keepdim:
        return sum_all(input)
    source = input if dtype is None else cast_to(input, dtype)
    dim = axis if dim is None else dim
    if dim is None and not keepdim and not keepdims:
        return as_ints(sum_all(source), dtype)
    return as_ints(rows.sum(source, dims("sum", dim, source), keepdim or keepdims), dtype)


def mean(
    input: Tensor,
    dim: Any = None,
    keepdim: bool = False,
    *,
    dtype: Any = None,
    axis: Any = None,
    keepdims: bool = False,
    out: Any = None,
) -> Tensor:
    """The mean over ``dim``; over every element when there is none.

    Errors: RuntimeError for whole numbers.
    """
    if out is not None:
        d = out.dtype if dtype is None and isinstance(out, Tensor) and out._d.dtype.kind in "fc" else dtype
        return written("mean", out, lambda: mean(input, dim, keepdim, dtype=d, axis=axis), input)
    if dim is None and axis is None and dtype is None and not keepdim:
        return mean_all(input)
    if dtype is not None and dtypes.numpy_of(dtype).kind not in "fc":
        raise RuntimeError(
            "mean(): could not infer output dtype. Optional dtype must be either a floating point or complex dtype. "
            f"Got: {dtype.title}"
        )
    source = input if dtype is None else cast_to(input, dtype)
    dim = axis if dim is None else dim
    if dim is None and not keepdim and not keepdims:
        return mean_all(source)
    return rows.mean(source, dims("mean", dim, source), keepdim or keepdims)


def nansum(input: Tensor, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
    """The sum of what is not NaN."""
    source = input if dtype is None else cast_to(input, dtype)
    return as_ints(rows.nansum(source, dims("nansum", dim, source), keepdim), dtype)


@overridable
def nanmean(input: Tensor, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
    """The mean of what is not NaN."""
    if input._d.dtype.kind not in "fc":
        title = input.dtype.title
        raise RuntimeError(f"nanmean(): expected input to have floating point or complex dtype but got {title}")
    from ..ops import compare  # seldom used

    d = dims("nanmean", dim, input)
    there = compare.logical_not(compare.isnan(input))
    return arithmetic.div(nansum(input, dim, keepdim, dtype=dtype), rows.sum(there, d, keepdim))


def prod(input: Tensor, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
    """The product over one dimension, or of every element. Whole numbers multiply in int64."""
    source = input if dtype is None else cast_to(input, dtype)
    if dim is None:
        return as_ints(rows.prod_all(source), dtype)
    if not isinstance(dim, int):
        raise errors.combination(
            "prod",
            (dim,),
            ("(*, torch.dtype dtype = None)", "(int dim, bool keepdim = False, *, torch.dtype dtype = None)"),
        )
    dims("prod", dim, source)
    return as_ints(rows.prod_dim(source, dim, keepdim), dtype)


# ------------------------------------------------ variances
def _spread(name: str, row: Callable[..., Tensor]) -> Callable[..., Tensor]:
    def spread(
        input: Tensor,
        dim: Any = None,
        unbiased: bool | None = None,
        keepdim: bool = False,
        *,
        correction: float | None = None,
        axis: Any = None,
    ) -> Tensor:
        if isinstance(dim, bool):
            dim, unbiased = None, dim
        if correction is None:
            correction = 0 if unbiased is False else 1
        d = dims(name, dim if axis is None else axis, input)
        out = row(input, d, correction, keepdim)
        if rows.count_of(input._d.shape, d) <= correction:
            warnings.warn(
                f"{name}(): degrees of freedom is <= 0. Correction should be strictly less than the reduction factor "
                "(input numel divided by output numel).",
                UserWarning,
                stacklevel=2,
            )
        return out

    spread.__name__ = spread.__qualname__ = name
    spread.__doc__ = row.__doc__
    return spread


var, std = _spread("var", rows.var), _spread("std", rows.std)


# ------------------------------------------------ norms
def norm(
    input: Tensor, p: Any = "fro", dim: Any = None, keepdim: bool = False, out: Any = None, dtype: Any = None
) -> Tensor:
    """``(Σ|x|^p)^(1/p)`` over ``dim``; over every element when there is none."""
    if out is not None:
        return written("norm", out, lambda: norm(input, p, dim, keepdim, dtype=dtype), input)
    if dtype is not None:
        input = cast_to(input, dtype)
    if p == "nuc":
        return _nuclear(input, dim, keepdim)
    power = 2.0 if p == "fro" or p is None else float(p)
    if dim is None and not keepdim:
        return norm_of(input, power)
    return norm_of(input, power, dims("norm", dim, input), keepdim)


def _nuclear(input: Tensor, dim: Any, keepdim: bool) -> Tensor:
    """The sum of the singular values."""
    from .. import linalg

    return linalg.matrix_norm(input, "nuc", tuple(range(input._d.ndim)) if dim is None else dim, keepdim)


METHODS: dict[str, Any] = {f.__name__: f for f in (sum, mean, nansum, nanmean, prod, var, std, norm)}
FUNCTIONS = {
    **METHODS,
    **{f.__name__: accepts_out(f) for f in (var, std, nanmean)},
    "prod": in_its_dtype(prod),
    "nansum": accepts_out(nansum, mismatch=expected_out),
}
IN_PLACE: dict[str, Any] = {}
