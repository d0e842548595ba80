"""Statistics as PyTorch calls them: spread and mean together, covariances, quantiles, running extremes."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from .. import dtypes, errors, return_types
from ..graph.versions import wrote_unread
from ..mode import followed, overridable
from ..ops import reduce as reductions
from ..ops import statistics as rows
from ..tensor import Tensor, wrap
from .out import accepts_out, expected_out
from .reduce import cast_to, dims
from .shape import dim_of


def _with_mean(name: str, row: Callable[..., Any]) -> Callable[..., Any]:
    @overridable
    def pair(
        input: Tensor,
        dim: Any = None,
        unbiased: bool | None = None,
        keepdim: bool = False,
        *,
        correction: float | None = None,
    ) -> tuple[Tensor, Tensor]:
        if isinstance(dim, bool):
            dim, unbiased = None, dim
        if correction is None:
            correction = 0 if unbiased is False else 1
        d = dims(name, dim, input)
        if input._d.dtype.kind not in "fc":
            raise RuntimeError(f"{name} only support floating point and complex dtypes")
        if reductions.count_of(input._d.shape, d) <= correction:
            warnings.warn(
                f"{name}(): degrees of freedom is <= 0. Correction should be strictly less than the reduction factor "
                "(input numel divided by output numel).",
                UserWarning,
                stacklevel=3,
            )
        return row(input, d, correction, keepdim)

    pair.__name__ = pair.__qualname__ = name
    pair.__doc__ = row.__doc__
    return pair


@overridable
def aminmax(input: Tensor, *, dim: int | None = None, keepdim: bool = False) -> Any:
    """The smallest and the largest of all, or along ``dim``, as a named pair."""
    if input._d.dtype.kind == "c":
        raise NotImplementedError(f"\"aminmax_cpu\" not implemented for '{input.dtype.title}'")
    if dim is None and not input._d.size:
        raise RuntimeError(
            "aminmax(): cannot compute aminmax over an empty dimension as the operation has no identity."
        )
    if dim is not None and input._d.ndim and not input._d.shape[d := dim_of(dim, input._d.ndim)]:
        raise IndexError(f"aminmax: Expected reduction dim {d} to have non-zero size.")
    return return_types.aminmax(*rows.aminmax(input, dims("aminmax", dim, input), keepdim))


# ------------------------------------------------------------------------------------------------ running
def _running(name: str, row: Callable[..., Any]) -> Callable[..., Any]:
    @overridable
    def running(input: Tensor, dim: int) -> Any:
        if input._d.dtype.kind == "c":
            raise NotImplementedError(f"\"{name}_cpu\" not implemented for '{input.dtype.title}'")
        if not input._d.ndim and dim not in (0, -1):
            raise IndexError(f"{name}(): Expected reduction dim -1 or 0 for scalar but got {dim}")
        return getattr(return_types, name)(*row(input, dim_of(dim, input._d.ndim)))

    running.__name__ = running.__qualname__ = name
    running.__doc__ = row.__doc__
    return running


@overridable
def logcumsumexp(input: Tensor, dim: int) -> Tensor:
    """``log`` of the running sum of ``exp`` along ``dim``."""
    d = dim_of(dim, input._d.ndim)
    if input._d.dtype.kind not in "fc":
        raise NotImplementedError(f"\"logcumsumexp_out_cpu\" not implemented for '{input.dtype.title}'")
    return rows.logcumsumexp(input, d)


# ------------------------------------------------------------------------------------------------ distances and norms
@overridable
def dist(input: Tensor, other: Tensor, p: float = 2) -> Tensor:
    """The p-norm of ``input - other``; the two broadcast."""
    if not isinstance(other, Tensor):
        raise errors.argument("dist", "other", 2, other)
    d = dtypes.result_type([input._d.dtype, other._d.dtype], [], [])
    if d.kind not in "fc":
        title = dtypes.OF[d].title
        raise RuntimeError(f"norm(): input dtype should be either floating point or complex. Got {title} instead.")
    x, y = (t if t._d.dtype is d else cast_to(t, dtypes.OF[d]) for t in (input, other))
    if d.kind not in "fc":
        x - y
        kind = dtypes.OF[d].title
        raise RuntimeError(f"norm(): input dtype should be either floating point or complex. Got {kind} instead.")
    return rows.dist(x, y, float(p))


@overridable
def renorm(input: Tensor, p: float, dim: int, maxnorm: float) -> Tensor:
    """Each entry along ``dim`` scaled down to the p-norm ``maxnorm`` where its norm is larger."""
    if not p > 0:
        raise RuntimeError("renorm: non-positive-norm not supported")
    if maxnorm < 0:
        raise RuntimeError(f"renorm: expected maxnorm to be >= 0 but got {maxnorm}")
    n = input._d.ndim
    if n < 2:
        raise RuntimeError(f"renorm: input needs at least 2 dimensions, got {n} dimensions")
    if input._d.dtype.kind not in "fc":
        raise RuntimeError(
            f"linalg.vector_norm: Expected a floating point or complex tensor as input. Got {input.dtype.title}"
        )
    return rows.renorm(input, float(p), dim_of(dim, n), float(maxnorm))


# ------------------------------------------------------------------------------------------------ covariances
@overridable
def cov(
    input: Tensor, *, correction: int = 1, fweights: Tensor | None = None, aweights: Tensor | None = None
) -> Tensor:
    """Covariances of variables, one a row, from observations, one a column; weighted if so asked.

    Shapes: a vector is one variable. Errors: RuntimeError for weights of the wrong shape or type, or negative ones.
    """
    if input._d.ndim > 2:
        raise RuntimeError(
            f"cov(): expected input to have two or fewer dimensions but got an input with {input._d.ndim} dimensions"
        )
    if input._d.dtype.kind == "b":
        raise RuntimeError("cov(): bool dtype is not supported for input")
    if input._d.dtype.kind not in "fc":
        input = cast_to(input, dtypes.get_default_dtype())
    x = input if input._d.ndim == 2 else input.view(1, -1)
    count = x._d.shape[1]
    weights = _weights(fweights, aweights, count)
    total = wrap(np.asarray(count, np.int64)) if weights is None else weights.sum()
    if weights is not None and total.item() == 0:
        raise RuntimeError("cov(): weights sum to zero, can't be normalized")
    middle = (x if weights is None else x * weights).sum(1) / total
    norm = _normaliser(total, weights, aweights, correction)
    if norm.item() <= 0:
        warnings.warn(
            "cov(): degrees of freedom is <= 0. Correction should be strictly less than the number of observations.",
            UserWarning,
            stacklevel=3,
        )
        norm = wrap(np.zeros_like(norm._d))
    apart = x - middle.unsqueeze(1)
    other = (apart if weights is None else apart * weights).t()
    product = apart @ (other.conj() if other._d.dtype.kind == "c" else other)
    return (product / norm).squeeze()


def _weights(fweights: Any, aweights: Any, count: int) -> Any:
    for name, w, kinds, kind in (
        ("fweights", fweights, "iu", "integral"),
        ("aweights", aweights, "f", "floating point"),
    ):
        if w is None:
            continue
        if w._d.ndim > 1:
            raise RuntimeError(
                f"cov(): expected {name} to have one or fewer dimensions but got {name} with {w._d.ndim} dimensions"
            )
        if w._d.dtype.kind not in kinds:
            raise RuntimeError(f"cov(): expected {name} to have {kind} dtype but got {name} with {w.dtype.title} dtype")
        if w._d.size != count:
            raise RuntimeError(
                f"cov(): expected {name} to have the same numel as there are observations in the input but got "
                f"{w._d.size} != {count}"
            )
        if (w._d < 0).any():
            raise RuntimeError(f"cov(): {name} cannot be negative")
    if fweights is None or aweights is None:
        return fweights if aweights is None else aweights
    return fweights * aweights


def _normaliser(total: Tensor, weights: Any, aweights: Any, correction: int) -> Tensor:
    if aweights is None or not correction:
        return total - correction
    return total - (weights * aweights).sum() / total * correction


@overridable
def corrcoef(input: Tensor) -> Tensor:
    """Pearson's correlation coefficients of variables, one a row."""
    if input._d.ndim > 2:
        raise RuntimeError(
            f"corrcoef(): expected input to have two or fewer dimensions but got an input with {input._d.ndim} "
            "dimensions"
        )
    c = cov(input)
    if not c._d.ndim:
        return c / c
    spread = c.diagonal() if c._d.dtype.kind != "c" else c.diagonal().real
    spread = spread.sqrt()
    c = c / spread.view(-1, 1) / spread.view(1, -1)
    if c._d.dtype.kind == "c":
        c.real.clip_(-1, 1)
        c.imag.clip_(-1, 1)
        return c
    return c.clip(-1, 1)


# ------------------------------------------------------------------------------------------------ quantiles
def _quantile(name: str, ignore: bool) -> Callable[..., Tensor]:
    @overridable
    def quantile(
        input: Tensor, q: Any, dim: int | None = None, keepdim: bool = False, *, interpolation: str = "linear"
    ) -> Tensor:
        at = q if isinstance(q, Tensor) else wrap(np.asarray(q, input._d.dtype))
        _check(name, input, at, interpolation, isinstance(q, Tensor))
        n = input._d.ndim
        left = [1] * n if keepdim else []  # the shape beside the quantiles
        if dim is None:
            x = input.flatten()
        else:
            d = dim_of(dim, n)
            x = input if d == n - 1 else input.unsqueeze(-1).transpose(d, -1)
            left = list(input._d.shape)
            left[d : d + 1] = [1] * (keepdim and n > 0)
        return _quantiles(x, at, left, interpolation, ignore)

    quantile.__name__ = quantile.__qualname__ = name
    quantile.__doc__ = "The ``q``-th quantiles, of all or along ``dim``" + ("; NaN is left out." if ignore else ".")
    return quantile


def _check(name: str, input: Tensor, q: Tensor, interpolation: str, given: bool) -> None:
    if not input._d.size:
        raise RuntimeError(f"{name}() input tensor must be non-empty")
    if q._d.ndim > 1:
        raise RuntimeError(f"{name}() q must be a scalar or 1D tensor")
    if input._d.dtype.char not in "fd":
        raise RuntimeError(f"{name}() input tensor must be either float or double dtype")
    if input._d.dtype is not q._d.dtype:
        raise RuntimeError(f"{name}() q tensor must be same dtype as the input tensor")
    if interpolation not in ("linear", "lower", "higher", "midpoint", "nearest"):
        raise RuntimeError(
            f"{name}() interpolation must be one of linear, lower, higher, midpoint or nearest, but got {interpolation}"
        )
    if not ((q._d >= 0) & (q._d <= 1)).all():
        raise RuntimeError(
            f"{name}() q values must be in the range [0, 1]"
            if given
            else f"{name}() q must be in the range [0, 1] but got {q.item():g}"
        )


def _quantiles(x: Tensor, q: Tensor, left: list[int], interpolation: str, ignore: bool) -> Tensor:
    """Quantiles along the last dimension, as entries of a first one; shaped ``left`` beside it."""
    x = x.sort()[0]
    x = x.view(*left, x._d.shape[-1])
    d = x._d
    nan, last = np.isnan(d), d.shape[-1] - 1
    ends = np.maximum(last - nan.sum(-1, keepdims=True), 0).astype(d.dtype) if ignore else d.dtype.type(last)
    spots = np.broadcast_to(np.atleast_1d(q._d) * ends, (*d.shape[:-1], q._d.size))
    if not ignore:
        spots = np.where(nan.any(-1, keepdims=True), d.dtype.type(last), spots)
    if interpolation in ("lower", "higher", "nearest"):
        spots = {"lower": np.floor, "higher": np.ceil, "nearest": np.rint}[interpolation](spots)
    spots = np.ascontiguousarray(spots)
    low = np.floor(spots).astype(np.int64)
    out = x.gather(-1, wrap(low))
    if interpolation in ("linear", "midpoint"):
        weight = wrap(np.full_like(spots, 0.5) if interpolation == "midpoint" else spots - np.floor(spots))
        if followed(q) and interpolation == "linear":
            ranks = (
                q * wrap(np.asarray(ends)) if ignore else (q * last).masked_fill(wrap(nan.any(-1, keepdims=True)), last)
            )
            weight = ranks - wrap(np.floor(spots))
        out = out.lerp(x.gather(-1, wrap(np.ceil(spots).astype(np.int64))), weight)
        if isinstance(out._d, np.ndarray):
            wrote_unread(out._d)  # PyTorch's is in place
    return out.unsqueeze_(0).transpose_(0, -1).squeeze_(-1) if q._d.ndim else out.squeeze_(-1)


var_mean, std_mean = _with_mean("var_mean", rows.var_mean), _with_mean("std_mean", rows.std_mean)
cummax, cummin = _running("cummax", rows.cummax), _running("cummin", rows.cummin)
quantile, nanquantile = _quantile("quantile", False), _quantile("nanquantile", True)

METHODS: dict[str, Any] = {
    f.__name__: f for f in (aminmax, cummax, cummin, logcumsumexp, dist, renorm, cov, corrcoef, quantile, nanquantile)
}
FUNCTIONS: dict[str, Any] = {
    **METHODS, "var_mean": var_mean, "std_mean": std_mean,
    **{f.__name__: accepts_out(f, False, expected_out) for f in (aminmax, cummax, cummin, logcumsumexp, renorm)},
    **{f.__name__: accepts_out(f) for f in (quantile, nanquantile)},
}  # fmt: skip
IN_PLACE = {"renorm_": renorm}
