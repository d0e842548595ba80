"""Functions of two or three variables, elementwise."""

import numpy as np

from .. import errors
from ..table.kernel import RAW, raw, rule
from ..table.op import elementwise
from .functions import no_bools, no_complex, no_kernel


def _without(function, kinds, name):
    """The kernel ``function`` for other dtypes than ``kinds``, and PyTorch's error for these."""

    def kernel(x, y):
        if x.dtype.kind in kinds:
            raise TypeError
        return function(x, y)

    return {
        "kernel": kernel,
        "diagnose": lambda x, *rest: errors.not_implemented(name, x.dtype) if x.dtype.kind in kinds else None,
    }


# ---------------------------------------------------------------- the larger and the smaller
@elementwise(
    np.maximum,
    x=lambda g, x, y: where(x == y, g / 2, only_where(g, ~(x < y))),
    y=lambda g, x, y: where(x == y, g / 2, only_where(g, ~(x > y))),
)
def maximum(x, y):
    """The larger of two, elementwise; equal ones get half the gradient each, NaN wins."""


@elementwise(
    np.minimum,
    x=lambda g, x, y: where(x == y, g / 2, only_where(g, ~(x > y))),
    y=lambda g, x, y: where(x == y, g / 2, only_where(g, ~(x < y))),
)
def minimum(x, y):
    """The smaller of two, elementwise; equal ones get half the gradient each, NaN wins."""


@elementwise(
    np.fmax,
    x=lambda g, x, y: only_where(g, (x >= y) | isnan(y)),
    y=lambda g, x, y: only_where(g, ~((x >= y) | isnan(y))),
)
def fmax(x, y):
    """The larger of two, elementwise; a number wins against NaN."""


@elementwise(
    np.fmin,
    x=lambda g, x, y: only_where(g, (x <= y) | isnan(y)),
    y=lambda g, x, y: only_where(g, ~((x <= y) | isnan(y))),
)
def fmin(x, y):
    """The smaller of two, elementwise; a number wins against NaN."""


# ---------------------------------------------------------------- between bounds
def operand(value, like):
    """A Python number as an operand beside the array ``like``, of its dtype."""
    array = number(value, like)
    return like.dtype.type(value) if array is None else array


RAW["operand"] = raw(operand)


@rule
def within(x, low, high):
    """Where ``x`` lies between two numbers, bounds included; either may be None."""
    if low is None or high is None:
        return x <= high if low is None else x >= low
    return (x >= low) & (x <= high)


@elementwise(x=lambda g, x, low, high: only_where(g, within(x, low, high)), node="ClampBackward1", called="clamp")
def clamp_number(x, low, high):
    """``x`` kept between two numbers, either of which may be None; at a bound the gradient passes."""
    if type(x) is not ndarray:
        if low is not None and x < low:
            x = x.dtype.type(low)
        return x.dtype.type(high) if high is not None and x > high else +x
    if low is not None:
        x = np.maximum(operand(low, x), x)
    return x if high is None else np.minimum(operand(high, x), x)


@elementwise(
    x=lambda g, x, low: only_where(g, x >= low), node="ClampMinBackward0", called="clamp_min",
    diagnose=no_bools("clamp_min_scalar_cpu"),
)  # fmt: skip
def clamp_min_number(x, low):
    """``x``, but at least ``low``, a number."""
    if x.dtype.kind == "b":
        raise TypeError
    return np.maximum(x.dtype.type(low), x)


@elementwise(
    x=lambda g, x, high: only_where(g, x <= high), node="ClampMaxBackward0", called="clamp_max",
    diagnose=no_bools("clamp_max_scalar_cpu"),
)  # fmt: skip
def clamp_max_number(x, high):
    """``x``, but at most ``high``, a number."""
    if x.dtype.kind == "b":
        raise TypeError
    return np.minimum(x.dtype.type(high), x)


_FROM_BELOW = {"x": lambda g, x, y: only_where(g, x >= y), "y": lambda g, x, y: only_where(g, x < y)}
_FROM_ABOVE = {"x": lambda g, x, y: only_where(g, x <= y), "y": lambda g, x, y: only_where(g, x > y)}


@elementwise(np.maximum, **_FROM_BELOW, node="ClampMinBackward1", called="clamp_min", real="maximum_cpu")
def clamp_min_tensor(x, y):
    """``x``, but at least ``y``; at the bound the gradient is that of ``x``."""


@elementwise(np.minimum, **_FROM_ABOVE, node="ClampMaxBackward1", called="clamp_max", real="minimum_cpu")
def clamp_max_tensor(x, y):
    """``x``, but at most ``y``; at the bound the gradient is that of ``x``."""


@elementwise(np.maximum, **_FROM_BELOW, node="ClampBackward0", called="clamp", real="maximum_cpu")
def clamp_low(x, y):
    """``clamp`` with a tensor as lower bound alone."""


@elementwise(np.minimum, **_FROM_ABOVE, node="ClampBackward0", called="clamp", real="minimum_cpu")
def clamp_high(x, y):
    """``clamp`` with a tensor as upper bound alone."""


# PyTorch's node has places for both bounds
clamp_low.row.differentiable = lambda node: ("x", "y", "upper")
clamp_high.row.differentiable = lambda node: ("x", "lower", "y")


@elementwise(
    x=lambda g, x, low, high: only_where(g, (x >= low) & (x <= high)),
    low=lambda g, x, low, high: only_where(g, (low < high) & (x < low)),
    high=lambda g, x, low, high: only_where(g, (x > high) | (high < low)),
    node="ClampBackward0",
    called="clamp",
)
def clamp_tensor(x, low, high):
    """``x`` kept between two tensors; where they cross, the upper one wins."""
    return np.minimum(np.maximum(low, x), high)


# ---------------------------------------------------------------- planes and angles
@rule
def inverse_square(x, y):
    """``1 / (x² + y²)``; 0 at the origin."""
    square = x * x + y * y
    return where(square == 0, 0.0, 1 / square)


@elementwise(
    np.arctan2, floating=True,
    x=lambda g, x, y: g * y * inverse_square(x, y),
    y=lambda g, x, y: g * -x * inverse_square(x, y),
    node="Atan2Backward0", diagnose=no_complex("atan2_cpu"),
)  # fmt: skip
def atan2(x, y):
    """The angle in [-π, π] of the point with ordinate ``x`` and abscissa ``y``."""


@elementwise(
    **_without(np.hypot, "biuc", "hypot_cpu"), x=lambda g, x, out: g * (x / out), y=lambda g, y, out: g * (y / out)
)
def hypot(x, y):
    """``out = √(x² + y²)``."""


@elementwise(
    np.copysign, floating=True,
    x=lambda g, x, out: g * where(x == 0, 0.0, out / x), y=lambda g: zeros_as(g), node="CopysignBackward0",
    diagnose=no_complex("copysign_cpu"),
)  # fmt: skip
def copysign(x, y):
    """The magnitude of ``x`` with the sign of ``y``."""


@elementwise(
    np.copysign, floating=True, x=lambda g, x, out: g * where(x == 0, 0.0, out / x), y=None,
    node="CopysignBackward1", called="copysign", diagnose=no_complex("copysign_cpu"),
)  # fmt: skip
def copysign_number(x, y):
    """The magnitude of ``x`` with the sign of a number."""


# ---------------------------------------------------------------- logarithms of sums, products
def added(x, y, ufunc):
    """``ufunc(x, y)`` for real numbers; ``log(e^x + e^y)`` for complex ones, from the larger real part on."""
    if x.dtype.kind == "f":
        return ufunc(x, y)
    if x.dtype.kind != "c" or ufunc is np.logaddexp2:
        raise TypeError
    below = x.real < y.real
    least, most = np.where(below, x, y), np.where(below, y, x)
    both = np.isinf(least.real) & (least.real == most.real)
    apart = np.where(least.real < 0, least, np.log(np.exp(least) + np.exp(most)))
    return np.where(both, apart, np.log1p(np.exp(least - most)) + most)


RAW["added"] = raw(added)


@elementwise(
    x=lambda g, x, y: g / (1 + exp(y - x)), y=lambda g, x, y: g / (1 + exp(x - y)), diagnose=no_kernel("logaddexp_cpu")
)
def logaddexp(x, y):
    """``out = log(e^x + e^y)``."""
    return added(x, y, np.logaddexp)


@elementwise(
    x=lambda g, x, y: g / (1 + exp2(y - x)), y=lambda g, x, y: g / (1 + exp2(x - y)), node="Logaddexp2Backward0",
    diagnose=lambda x, y: errors.not_implemented("logaddexp2_cpu", x.dtype) if x.dtype.kind != "f" else None,
)  # fmt: skip
def logaddexp2(x, y):
    """``out = log₂(2^x + 2^y)``."""
    return added(x, y, np.logaddexp2)


@elementwise(
    floating=True,
    x=lambda g, x, y: where((x == 0) & (y <= 0), 0.0, g * log(y)),
    y=lambda g, x, y: g * x / y,
    diagnose=no_complex("xlogy_cpu"),
)
def xlogy(x, y):
    """``out = x · log(y)``, 0 where ``x`` is 0 unless ``y`` is NaN."""
    if x.dtype.kind == "c":
        raise TypeError
    return np.where(np.equal(x, 0) & ~np.isnan(y), x.dtype.type(0), x * np.log(y))


@elementwise(
    x=lambda g, x, y: g * y / x, y=None, floating=True, node="XlogyBackward1", called="xlogy",
    diagnose=no_complex("xlogy_cpu"),
)  # fmt: skip
def xlogy_of_number(x, y):
    """``xlogy(y, x)`` for a Python number ``y``."""
    return xlogy(np.asarray(y, x.dtype), x)


@elementwise(
    x=lambda g, x, y: where((x == 0) & (y <= 0), 0.0, g * log(y)), y=None, floating=True, node="XlogyBackward2",
    called="xlogy", diagnose=no_complex("xlogy_cpu"),
)  # fmt: skip
def xlogy_by_number(x, y):
    """``xlogy`` with a Python number ``y``."""
    return xlogy(x, y)


def _no_bool_exponent(x, y):
    d = [getattr(getattr(t, "_d", None), "dtype", None) for t in (x, y)]
    bools = d[0] is not None and d[0].kind == "f" and d[1] is not None and d[1].kind == "b"
    return errors.not_implemented("ldexp_cpu_exp", d[1]) if bools else None


@elementwise(
    x=lambda g, y: ldexp(g, y), y=lambda g, out: g * out * math.log(2), floating=True, refuse=_no_bool_exponent
)
def ldexp(x, y):
    """``out = x · 2^y``."""
    return x * np.exp2(y)


@elementwise(
    x=lambda g: underivable(g, "heaviside"),
    y=lambda g: underivable(g, "heaviside"),
    node="torch::autograd::NotImplemented",
)
def heaviside(x, y):
    """0 where ``x`` is negative, 1 where it is positive, ``y`` where it is 0."""
    return np.where(np.isnan(x), x, np.heaviside(x, y)) if x.dtype.kind == "f" else np.where(x == 0, y, x > 0)


heaviside.row.differentiable = lambda node: node.step.spec.wanted


@elementwise(
    **_without(np.nextafter, "biuc", "nextafter_cpu"), x=lambda g, x, y: only_where(g, x != y), y=lambda g: zeros_as(g)
)
def nextafter(x, y):
    """The number that comes after ``x`` on the way to ``y``."""


@elementwise(**_without(np.gcd, "bfc", "gcd_cpu"), x=None, y=None)
def gcd(x, y):
    """The greatest common divisor."""


@elementwise(**_without(np.lcm, "bfc", "lcm_cpu"), x=None, y=None)
def lcm(x, y):
    """The least common multiple."""


# ---------------------------------------------------------------- products added, points between
@elementwise(
    x=lambda g, weight: g * (1 - weight), y=lambda g, weight: g * weight, node="LerpBackward0", called="lerp",
    diagnose=no_kernel("lerp_kernel_scalar"),
)  # fmt: skip
def lerp_number(x, y, weight):
    """The point between ``x`` and ``y`` at ``weight``, a number: ``out = x + weight · (y - x)``."""
    if x.dtype.kind not in "fc":
        raise TypeError
    w = x.dtype.type(weight)
    return x + w * (y - x) if builtins.abs(weight) < 0.5 else y - (y - x) * (1 - w)


@elementwise(
    x=lambda g, weight: g * (1 - weight),
    y=lambda g, weight: g * weight,
    weight=lambda g, x, y: g * (y - x),
    node="LerpBackward1",
    called="lerp",
)
def lerp_tensor(x, y, weight):
    """The point between ``x`` and ``y`` at ``weight``: ``out = x + weight · (y - x)``."""
    return np.where(np.abs(weight) < 0.5, x + weight * (y - x), y - (y - x) * (1 - weight))


@elementwise(
    x=lambda g: g,
    tensor1=lambda g, tensor2, value: g * (tensor2 * value),
    tensor2=lambda g, tensor1, value: g * (tensor1 * value),
    diagnose=no_bools("addcmul_cpu_out"),
)
def addcmul(x, tensor1, tensor2, value=1):
    """``out = x + value · tensor1 · tensor2``."""
    if x.dtype.kind == "b":
        raise TypeError
    return x + x.dtype.type(value) * tensor1 * tensor2


@elementwise(
    x=lambda g: g,
    tensor1=lambda g, tensor2, value: g * (value / tensor2),
    tensor2=lambda g, tensor1, tensor2, value: -g * (value * tensor1 / (tensor2 * tensor2)),
    refuse=lambda x, a, b, value: None if _any_float(a, b) else errors.whole_addcdiv(),
    diagnose=lambda x, *rest: None if x.dtype.kind in "fc" else errors.whole_addcdiv(),
)
def addcdiv(x, tensor1, tensor2, value=1):
    """``out = x + value · tensor1 / tensor2``."""
    if x.dtype.kind not in "fc":
        raise TypeError
    return x + x.dtype.type(value) * (tensor1 / tensor2)


def _any_float(*operands):
    return any(operand._d.dtype.kind in "fc" for operand in operands if hasattr(operand, "_d"))
