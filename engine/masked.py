"""``torch.masked``: reductions and normalisations of what a mask leaves; each keyword ``mask`` is True where it counts.

What is masked out is replaced by what does not change the result, as 0 does not change a sum.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from . import dtypes
from .calls import compare, cumulative, extremes, reduce, shape
from .calls import softmax as softmaxes
from .calls.cast import converted
from .mode import overridable
from .naming import absent
from .ops import arithmetic, binary
from .ops import reduce as reductions
from .tensor import Tensor, wrap

_WIDENED = "buihlBIH"  # dtypes whose sums and products come as int64


# ------------------------------------------------------------------------------------------------ what arguments mean
def _dims(dim: Any, ndim: int) -> tuple[int, ...]:
    """``dim`` as a sorted tuple; every dimension for None and ()."""
    if dim is None or dim == ():
        return tuple(range(ndim))
    low, found = max(ndim, 1), list[int]()
    for d in (dim,) if isinstance(dim, int) else dim:
        if d in found:
            raise RuntimeError(f"dim={d} appears multiple times in the list of dims")
        if not -low <= d < low:
            raise IndexError(f"Dimension out of range (expected to be in range of [{-low}, {low - 1}], but got {d})")
        found.append(d % low)
    return tuple(sorted(found))


def _neutral(name: str, d: np.dtype[Any], ord: Any = 2) -> Any:
    """What does not change the result of ``name``, in dtype ``d``."""
    if name in ("sum", "prod"):
        return int(name == "prod")
    if name == "norm":
        return math.inf if ord == -math.inf else 0
    if name == "median":
        return math.nan
    low = name in ("amax", "argmax", "logaddexp", "logsumexp")
    if d.kind == "f" or (d.kind == "c" and name == "logsumexp"):
        return -math.inf if low else math.inf
    if d.kind not in "iu":
        raise NotImplementedError(f"identity of {name} on {dtypes.OF[d]} input")
    return int(np.iinfo(d).min if low else np.iinfo(d).max)


def _fitting(input: Tensor, mask: Tensor) -> Tensor:
    """``mask`` in the shape of ``input``, of bools."""
    if mask._d.shape != input._d.shape:
        if mask._d.ndim > input._d.ndim:
            raise IndexError(
                "_input_mask expected broadcastable mask (got mask dimensionality higher than of the input)"
            )
        mask = shape.expanded(mask, input._d.shape)
    return converted(mask, dtypes.bool.numpy)


def _left(name: str, input: Tensor, mask: Tensor | None, ord: Any = 2) -> Tensor:
    """``input`` with what ``mask`` takes out made neutral for ``name``."""
    if mask is None:
        return input
    value = wrap(np.array(_neutral(name, input._d.dtype, ord), input._d.dtype)[()])
    return compare.where(_fitting(input, mask), input, value)


def _in(out: Tensor, dtype: Any) -> Tensor:
    return converted(out, dtypes.numpy_of(dtype))


def _widened(input: Tensor, dtype: Any) -> Any:
    return dtype if dtype is not None else dtypes.int64 if input._d.dtype.char in _WIDENED + "?" else input.dtype


# ------------------------------------------------------------------------------------------------ sums and products
@overridable
def sum(
    input: Tensor, dim: Any = None, *, keepdim: bool = False, dtype: Any = None, mask: Tensor | None = None
) -> Tensor:
    """The sum of what ``mask`` leaves; 0 where it leaves nothing."""
    dims = _dims(dim, input._d.ndim)
    return reduce.sum(_left("sum", input, mask), dims, bool(keepdim), dtype=_widened(input, dtype))


@overridable
def prod(
    input: Tensor, dim: Any = None, *, keepdim: bool = False, dtype: Any = None, mask: Tensor | None = None
) -> Tensor:
    """The product of what ``mask`` leaves; 1 where it leaves nothing."""
    out = _in(_left("prod", input, mask), _widened(input, dtype))
    for d in reversed(_dims(dim, input._d.ndim)):
        out = reduce.prod(out, d, bool(keepdim))
    return out


def _running(name: str, run: Callable[..., Tensor]) -> Callable[..., Tensor]:
    @overridable
    def running(input: Tensor, dim: int, *, dtype: Any = None, mask: Tensor | None = None) -> Tensor:
        dtype = input.dtype if dtype is None else dtype
        left = _left(name.removeprefix("cum"), input, mask)
        return _in(run(left, _dims(dim, input._d.ndim)[0], dtype=dtype), dtype)

    running.__name__ = running.__qualname__ = name
    running.__doc__ = f"``torch.{name}`` of what ``mask`` leaves."
    return running


cumsum, cumprod = _running("cumsum", cumulative.cumsum), _running("cumprod", cumulative.cumprod)


# ------------------------------------------------------------------------------------------------ extremes
def _extreme(name: str, run: Callable[..., Tensor], place: bool) -> Callable[..., Tensor]:
    @overridable
    def extreme(
        input: Tensor, dim: Any = None, *, keepdim: bool = False, dtype: Any = None, mask: Tensor | None = None
    ) -> Tensor:
        left = _left(name, input, mask)
        out = run(left, dim if place else _dims(dim, input._d.ndim), bool(keepdim))
        return _in(out, input.dtype if dtype is None else dtype)

    extreme.__name__ = extreme.__qualname__ = name
    extreme.__doc__ = f"``torch.{name}`` of what ``mask`` leaves."
    return extreme


amax, amin = _extreme("amax", extremes.amax, False), _extreme("amin", extremes.amin, False)
argmax, argmin = _extreme("argmax", extremes.argmax, True), _extreme("argmin", extremes.argmin, True)


@overridable
def median(
    input: Tensor, dim: int = -1, *, keepdim: bool = False, dtype: Any = None, mask: Tensor | None = None
) -> Tensor:
    """The lower median along ``dim`` of what ``mask`` leaves; NaN where it leaves nothing."""
    dtype = input.dtype if dtype is None else dtype
    whole = not input.dtype.is_floating_point
    left = _left("median", _in(input, dtypes.float32) if whole else input, mask)
    out = left.nanmedian(_dims(dim, input._d.ndim)[0], keepdim)[0]
    if not whole:
        return out
    if np.isnan(out._d).any():
        raise ValueError("masked median expects no fully masked out rows if dtype is not floating point")
    return _in(out, dtype)


# ------------------------------------------------------------------------------------------------ means and spread
def _counts(input: Tensor, dim: Any, keepdim: bool, mask: Tensor | None) -> Tensor:
    """How many elements are left."""
    ones = wrap(np.ones(input._d.shape, bool)) if mask is None else _fitting(input, mask)
    return reduce.sum(ones, _dims(dim, input._d.ndim), keepdim)


@overridable
def mean(
    input: Tensor, dim: Any = None, *, keepdim: bool = False, dtype: Any = None, mask: Tensor | None = None
) -> Tensor:
    """The mean of what ``mask`` leaves; NaN where it leaves nothing."""
    source, dtype = ("Input", input.dtype) if dtype is None else ("Optional", dtype)
    if not (dtype.is_floating_point or dtype.is_complex):
        raise ValueError(
            f"mean(): Could not infer output dtype. {source} dtype must be either a floating point or complex dtype. "
            f"Got: {dtype}"
        )
    total = sum(input, dim, keepdim=keepdim, dtype=dtype, mask=mask)
    return arithmetic.div(total, _counts(input, dim, bool(keepdim), mask))


def _spread(name: str) -> Callable[..., Tensor]:
    @overridable
    def spread(
        input: Tensor,
        dim: Any = None,
        unbiased: bool | None = None,
        *,
        correction: float | None = None,
        keepdim: bool = False,
        dtype: Any = None,
        mask: Tensor | None = None,
    ) -> Tensor:
        if unbiased is not None and correction is not None:
            raise AssertionError("Only one of unbiased and correction may be given")
        less = 0.0 if unbiased is False else 1.0 if correction is None else float(correction)
        if dtype is None:
            dtype = input.dtype if input._d.dtype.kind in "fc" else dtypes.float32
        inside = dtype if dtype.is_floating_point or dtype.is_complex else dtypes.float32
        count = _counts(input, dim, True, mask)
        total = sum(input, dim, keepdim=True, dtype=dtype, mask=mask)
        apart = arithmetic.sub(input, arithmetic.div(total, count))
        other = apart.conj() if apart._d.dtype.kind == "c" else apart
        squares = sum(apart * other, dim, keepdim=keepdim, dtype=inside, mask=mask)
        if not keepdim:
            count = count.reshape(squares._d.shape)
        if less:
            count = _in(count, inside.to_real()) - less
            count = binary.maximum(count, wrap(np.zeros((), count._d.dtype)))
        out = _in(arithmetic.div(squares, count), dtype)
        return out.sqrt() if name == "std" else out

    spread.__name__ = spread.__qualname__ = name
    spread.__doc__ = f"``torch.{name}`` of what ``mask`` leaves."
    return spread


var, std = _spread("var"), _spread("std")


@overridable
def norm(
    input: Tensor,
    ord: Any = 2.0,
    dim: Any = None,
    *,
    keepdim: bool = False,
    dtype: Any = None,
    mask: Tensor | None = None,
) -> Tensor:
    """``(Σ|x|^ord)^(1/ord)`` of what ``mask`` leaves."""
    left = _in(_left("norm", input, mask, ord), input.dtype if dtype is None else dtype)
    return reductions.vector_norm(left, float(ord), reduce.dims("norm", _dims(dim, left._d.ndim), left), bool(keepdim))


# ------------------------------------------------------------------------------------------------ exponentials
@overridable
def logsumexp(
    input: Tensor, dim: Any = None, *, keepdim: bool = False, dtype: Any = None, mask: Tensor | None = None
) -> Tensor:
    """``log Σ exp`` of what ``mask`` leaves."""
    out = softmaxes.logsumexp(_left("logsumexp", input, mask), _dims(dim, input._d.ndim), bool(keepdim))
    return _in(out, input.dtype if dtype is None else dtype)


@overridable
def logaddexp(
    input: Tensor,
    other: Tensor,
    *,
    dtype: Any = None,
    input_mask: Tensor | None = None,
    other_mask: Tensor | None = None,
) -> Tensor:
    """``log(exp(input) + exp(other))``, where each is left; -inf where neither is."""
    left = _left("logaddexp", input, input_mask), _left("logaddexp", other, other_mask)
    return _in(left[0].logaddexp(left[1]), input.dtype if dtype is None else dtype)


def _softened(name: str, run: Callable[..., Tensor], low: bool) -> Callable[..., Tensor]:
    @overridable
    def softened(input: Tensor, dim: int, *, dtype: Any = None, mask: Tensor | None = None) -> Tensor:
        left = _left("amax" if low else "amin", input, mask)
        return run(left, _dims(dim, input._d.ndim)[0], dtype)

    softened.__name__ = softened.__qualname__ = name
    softened.__doc__ = f"``{name}`` of what ``mask`` leaves."
    return softened


softmax = _softened("softmax", softmaxes.softmax, True)
log_softmax = _softened("log_softmax", softmaxes.log_softmax, True)
softmin = _softened("softmin", lambda x, dim, dtype: softmaxes.softmax(-x, dim, dtype), False)


@overridable
def normalize(
    input: Tensor, ord: float, dim: int, *, eps: float = 1e-12, dtype: Any = None, mask: Tensor | None = None
) -> Tensor:
    """``input / max(‖input‖, eps)``, the norm that of what ``mask`` leaves."""
    size = norm(input, ord, dim, keepdim=True, dtype=dtype, mask=mask)
    least = binary.maximum(size, wrap(np.full(size._d.shape, eps, size._d.dtype)))
    return arithmetic.div(_left("sum", input, mask), least)


__all__ = [
    "amax", "amin", "argmax", "argmin", "cumprod", "cumsum", "log_softmax", "logaddexp", "logsumexp", "mean", "median",
    "norm", "normalize", "prod", "softmax", "softmin", "std", "sum", "var",
]  # fmt: skip
__getattr__ = absent.lookup("torch.masked", lambda: __all__)
