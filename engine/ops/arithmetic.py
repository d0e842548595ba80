"""Arithmetic: the operators of Python on tensors."""

import operator

import numpy as np

from .. import errors
from ..table.kernel import PUBLIC, RAW, raw, rule
from ..table.op import elementwise


def no_bool_negation(x):
    """PyTorch's error for ``-`` on bools."""
    return errors.bool_negation() if x.dtype.kind == "b" else None


def no_bool_subtraction(x, y, *rest):
    """PyTorch's error where one of two operands is a bool."""
    bools = [getattr(getattr(v, "_d", v), "dtype", np.dtype(type(v))).kind == "b" for v in (x, y)]
    return errors.bool_subtraction(both=all(bools)) if any(bools) else None


def factor(alpha, dtype):
    """A Python number as a scalar of ``dtype``; it wraps around where it does not fit."""
    return np.array(alpha).astype(dtype)[()]


RAW["factor"] = raw(factor)


@elementwise(operator.add, x=lambda g: g, y=lambda g: g)
def add(x, y):
    """Sum, elementwise with broadcasting: ``out = x + y``."""


@elementwise(x=lambda g: g, y=lambda g, alpha: g * alpha, node="AddBackward0", called="add")
def add_scaled(x, y, alpha):
    """A sum with a factor: ``out = x + alpha · y``."""
    return x + y * factor(alpha, x.dtype)


@elementwise(operator.sub, x=lambda g: g, y=lambda g: -g, refuse=no_bool_subtraction, diagnose=no_bool_subtraction)
def sub(x, y):
    """Difference, elementwise with broadcasting: ``out = x - y``."""


@elementwise(
    x=lambda g: g, y=lambda g, alpha: g * -alpha, node="SubBackward0", called="sub",
    refuse=no_bool_subtraction, diagnose=no_bool_subtraction,
)  # fmt: skip
def sub_scaled(x, y, alpha):
    """A difference with a factor: ``out = x - alpha · y``."""
    return x - y * factor(alpha, x.dtype)


@elementwise(
    lambda x, y: y - x, x=lambda g: -g, y=lambda g: g,
    node=lambda node: "RsubBackward0" if "y" in node.step.spec.wanted else "RsubBackward1",
    refuse=no_bool_subtraction, diagnose=no_bool_subtraction,
)  # fmt: skip
def rsub(x, y):
    """Difference the other way round, from a number: ``out = y - x``."""


rsub.row.differentiable = lambda node: ("x", "y") if "y" in node.step.spec.wanted else ("x",)


@elementwise(
    x=lambda g, alpha: g * -alpha, y=None, node="RsubBackward1", called="rsub",
    refuse=no_bool_subtraction, diagnose=no_bool_subtraction,
)  # fmt: skip
def rsub_number_scaled(x, y, alpha):
    """Difference the other way round, from a number, with a factor: ``out = y - alpha · x``."""
    return y - x * factor(alpha, x.dtype)


@elementwise(
    x=lambda g, alpha: g * -alpha, y=lambda g: g, node="RsubBackward0", called="rsub",
    refuse=no_bool_subtraction, diagnose=no_bool_subtraction,
)  # fmt: skip
def rsub_scaled(x, y, alpha=1):
    """Difference the other way round: ``out = y - alpha · x``."""
    return y - x * factor(alpha, x.dtype)


@elementwise(operator.mul, x=lambda g, y: g * y, y=lambda g, x: g * x)
def mul(x, y):
    """Product, elementwise with broadcasting: ``out = x * y``."""


@elementwise(np.true_divide, floating=True, x=lambda g, y: g / y, y=lambda g, x, y: -g * ((x / y) / y))
def div(x, y):
    """Quotient, elementwise with broadcasting: ``out = x / y``; whole numbers give floats."""


def no_whole_division(x, y, *rest):
    """PyTorch's errors of division on whole numbers and bools."""
    if x.dtype.kind in "bc":
        return errors.not_implemented(f"div_{rest[0] if rest else 'floor'}_cpu", x.dtype)
    return errors.zero_division() if x.dtype.kind in "iu" and not np.all(y) else None


def underivable(g, name):
    """Raises PyTorch's error: the operation has no derivative."""
    raise errors.underivable(name)


RAW["underivable"] = PUBLIC["underivable"] = underivable


def divided(x, y, rounding):
    """``x / y`` rounded by ``np.floor`` or ``np.trunc``; PyTorch's error for a whole number over zero."""
    if x.dtype.kind in "biu":
        if x.dtype.kind == "b" or not np.all(y):
            raise ValueError
        q = np.floor_divide(x, y)
        return q if rounding == "floor" else q + ((q < 0) & (q * y != x))
    return np.floor_divide(x, y) if rounding == "floor" else np.trunc(np.true_divide(x, y))


RAW["divided"] = raw(divided)


@elementwise(
    x=lambda g: underivable(g, "floor_divide"),
    y=lambda g: underivable(g, "floor_divide"),
    node="torch::autograd::NotImplemented",
    diagnose=no_whole_division,
)
def floor_divide(x, y):
    """Quotient rounded down: ``out = ⌊x / y⌋``."""
    return divided(x, y, "floor")


@elementwise(
    x=lambda g, y: zeros_as(g),
    y=lambda g, x, y: zeros_as(g),
    node="DivBackward2",
    called="div",
    diagnose=no_whole_division,
)
def div_rounded(x, y, rounding):
    """Quotient rounded: down by ``"floor"``, towards zero by ``"trunc"``."""
    return divided(x, y, rounding)


def no_remainder(name):
    """The ``diagnose`` of a row: PyTorch's errors of remainders on whole numbers and bools."""

    def diagnose(x, y):
        if x.dtype.kind in "bc":
            return errors.not_implemented(name, x.dtype)
        return errors.zero_division() if x.dtype.kind in "iu" and not (np.all(x) and np.all(y)) else None

    return diagnose


def modulo(x, y, function):
    """``function(x, y)``, ``np.remainder`` or ``np.fmod``; PyTorch's error for a whole number by zero."""
    if x.dtype.kind in "biu" and (x.dtype.kind == "b" or not np.all(y)):
        raise ValueError
    return function(x, y)


RAW["modulo"] = raw(modulo)


@elementwise(
    x=lambda g: g, y=lambda g, x, y: -g * div_rounded(x, y, "floor"), node="RemainderBackward1",
    diagnose=no_remainder("remainder_cpu"),
)  # fmt: skip
def remainder(x, y):
    """What division leaves, with the sign of the divisor: ``out = x - y · ⌊x / y⌋``."""
    return modulo(x, y, np.remainder)


@elementwise(
    x=lambda g: g, y=None, node="RemainderBackward0", called="remainder", diagnose=no_remainder("remainder_cpu")
)
def remainder_number(x, y):
    """``remainder`` by a Python number."""
    return modulo(x, y, np.remainder)


@elementwise(
    x=lambda g: underivable(g, "remainder"), y=None, node="torch::autograd::NotImplemented", called="remainder",
    diagnose=no_remainder("remainder_cpu"),
)  # fmt: skip
def rremainder(x, y):
    """``remainder`` the other way round, of a Python number: ``out = y % x``."""
    return modulo(x.dtype.type(y), x, np.remainder)


@elementwise(
    x=lambda g: g, y=lambda g, x, y: -g * div_rounded(x, y, "trunc"), node="FmodBackward1",
    diagnose=no_remainder("fmod_cpu"),
)  # fmt: skip
def fmod(x, y):
    """What division leaves, with the sign of the dividend: ``out = x - y · trunc(x / y)``."""
    return modulo(x, y, np.fmod)


@elementwise(x=lambda g: g, y=None, node="FmodBackward0", called="fmod", diagnose=no_remainder("fmod_cpu"))
def fmod_number(x, y):
    """``fmod`` by a Python number."""
    return modulo(x, y, np.fmod)


@elementwise(operator.neg, x=lambda g: -g, diagnose=no_bool_negation)
def neg(x):
    """``out = -x``."""


@elementwise(floating=True, x=lambda g, out: -g * (out * out))
def reciprocal(x):
    """``out = 1 / x``."""
    return np.reciprocal(x) if x.dtype.kind == "f" else np.true_divide(1, x)


@elementwise(lambda x: x * x, x=lambda g, x: g * (x + x), node="PowBackward0")
def square(x):
    """``out = x²``."""


def power(x, y):
    """``x ** y`` for a Python number; by the operations that PyTorch takes where it takes others than ``pow``."""
    if x.dtype.kind == "f":
        if y == 1:
            return +x
        if y == -1:
            return np.reciprocal(x)
        if y == 0.5:
            return np.sqrt(x)
        if y == -0.5:
            return np.reciprocal(np.sqrt(x))
        if y == 4:
            x = x * x
            return x * x
    return np.power(x, x.dtype.type(y))


RAW["power"] = raw(power)


@rule
def log_of(number):
    """The natural logarithm of a Python number; NaN for a negative one."""
    if type(number) is builtins.complex:
        return np.log(number)
    return math.log(number) if number > 0 else math.nan


def no_negative_powers(x, *rest):
    """PyTorch's error for ``2 ** -1`` on whole numbers."""
    return errors.negative_power() if x.dtype.kind in "iu" else None


@rule
def pow_slope(g, x, y):
    """``g · y · x^(y-1)``; 0 where y is 0, also at x = 0."""
    if y == 2:
        return g * (x + x)
    return g * (pow_number(x, y - 1) * (number(y, x) or y)) if y else zeros_as(x)


PUBLIC["number"] = lambda value, like: value


@rule
def at_least_0(x):
    """Where ``x`` is a real number that is not negative."""
    return (imag(x) == 0) & (real(x) >= 0) if has_complex(x) else x >= 0


@elementwise(x=pow_slope, node="PowBackward0", called="pow", diagnose=no_negative_powers)
def pow_number(x, y):
    """A power with a Python number as exponent: ``out = x ** y``."""
    if x.dtype.kind == "b":  # so y is a bool too
        return x.copy() if y else np.ones_like(x)
    return x * x if y == 2 else x * x * x if y == 3 else power(x, y)


def whole_power(x, y):
    """``x ** y`` for whole numbers: 0 for a negative ``y``, unless ``x`` is 1 or -1."""
    if x.dtype.kind == "b":
        raise TypeError
    out = np.power(x, np.abs(y))
    return np.where((y < 0) & (np.abs(x) != 1), x.dtype.type(0), out)


RAW["whole_power"] = raw(whole_power)


@elementwise(
    x=lambda g, x, y, out: g * (out * log_of(y) if y else only_where(out * -math.inf, ~at_least_0(x))),
    node="PowBackward2",
    called="pow",
)
def pow_base(x, y):
    """A power of a Python number: ``out = y ** x``."""
    return np.power(x.dtype.type(y), x) if x.dtype.kind not in "iu" else whole_power(x.dtype.type(y), x)


@elementwise(
    lambda x, y: x**y if x.dtype.kind not in "biu" else whole_power(x, y),
    x=lambda g, x, y: where(y == 0, 0.0, g * (y * pow_tensor(x, y - 1))),
    y=lambda g, x, y, out: g * where((x == 0) & at_least_0(y), 0.0, out * log(x)),
    node="PowBackward1",
    called="pow",
    diagnose=lambda x, y: errors.not_implemented("pow", x.dtype) if x.dtype.kind == "b" else None,
)
def pow_tensor(x, y):
    """A power, elementwise with broadcasting: ``out = x ** y``."""


# PyTorch's node of what has no derivative lists only the inputs that want one
for _front in (floor_divide, rremainder):
    _front.row.differentiable = lambda node: node.step.spec.wanted
