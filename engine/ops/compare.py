"""Comparisons and choices, logic and bits: what makes, and uses, tensors of bools."""

import operator

import numpy as np

from .. import errors
from ..table.kernel import raw
from ..table.op import elementwise
from .functions import tensor_first


@elementwise(operator.eq, predicate=True, x=None, y=None, refuse=tensor_first("eq"))
def eq(x, y):
    """``x == y``, elementwise."""


@elementwise(operator.ne, predicate=True, x=None, y=None, refuse=tensor_first("ne"))
def ne(x, y):
    """``x != y``, elementwise."""


@elementwise(operator.lt, predicate=True, x=None, y=None, refuse=tensor_first("lt"), real="lt_cpu")
def lt(x, y):
    """``x < y``, elementwise."""


@elementwise(operator.le, predicate=True, x=None, y=None, refuse=tensor_first("le"), real="le_cpu")
def le(x, y):
    """``x <= y``, elementwise."""


@elementwise(operator.gt, predicate=True, x=None, y=None, refuse=tensor_first("gt"), real="gt_cpu")
def gt(x, y):
    """``x > y``, elementwise."""


@elementwise(operator.ge, predicate=True, x=None, y=None, refuse=tensor_first("ge"), real="ge_cpu")
def ge(x, y):
    """``x >= y``, elementwise."""


@elementwise(
    apart=("condition",),
    condition=None,
    x=lambda g, condition: only_where(g, condition),
    y=lambda g, condition: only_where(g, logical_not(condition)),
)
def where(condition, x, y):
    """``x`` where ``condition``, else ``y``; all three broadcast."""
    if type(condition) is not ndarray and type(x) is type(y) and isinstance(x, np.generic):
        return (x if condition else y).copy()
    return np.where(condition, x, y)


# ---------------------------------------------------------------- kinds of numbers
def _of_real(function, error):
    """The kernel ``function``, and PyTorch's ``error`` for complex numbers."""
    raw_function = raw(function)

    def kernel(x):
        if x.dtype.kind == "c":
            raise TypeError
        return raw_function(x)

    def told(x):
        return type(error)(*error.args) if x.dtype.kind == "c" else None

    return {"kernel": kernel, "predicate": True, "x": None, "diagnose": told}


@elementwise(np.isnan, predicate=True, x=None)
def isnan(x):
    """Where ``x`` is NaN."""


@elementwise(np.isinf, predicate=True, x=None)
def isinf(x):
    """Where ``x`` is inf or -inf."""


@elementwise(np.isfinite, predicate=True, x=None)
def isfinite(x):
    """Where ``x`` is neither inf nor NaN."""


@elementwise(**_of_real(lambda x: np.equal(x, np.inf), RuntimeError("isposinf does not support complex inputs.")))
def isposinf(x):
    """Where ``x`` is inf."""


@elementwise(**_of_real(lambda x: np.equal(x, -np.inf), RuntimeError("isneginf does not support complex inputs.")))
def isneginf(x):
    """Where ``x`` is -inf."""


@elementwise(
    **_of_real(
        lambda x: np.signbit(x) if x.dtype.kind == "f" else np.less(x, 0),
        NotImplementedError("signbit is not implemented for complex tensors."),
    )
)
def signbit(x):
    """Where the sign of ``x`` is minus, that of -0.0 included."""


@elementwise(lambda x: np.equal(x.imag, 0), predicate=True, x=None)
def isreal(x):
    """Where the imaginary part of ``x`` is 0."""


# ---------------------------------------------------------------- logic
@elementwise(np.logical_not, predicate=True, x=None)
def logical_not(x):
    """``not x``, elementwise; every number but 0 is true."""


@elementwise(np.logical_and, predicate=True, x=None, y=None)
def logical_and(x, y):
    """``x and y``, elementwise."""


@elementwise(np.logical_or, predicate=True, x=None, y=None)
def logical_or(x, y):
    """``x or y``, elementwise."""


@elementwise(np.logical_xor, predicate=True, x=None, y=None)
def logical_xor(x, y):
    """Either ``x`` or ``y``, elementwise, not both."""


# ---------------------------------------------------------------- bits
def _no_floats(name):
    """The ``diagnose`` of a row: PyTorch has no kernel called ``name`` for floating-point numbers."""
    return lambda x, *rest: errors.not_implemented(name, x.dtype) if x.dtype.kind in "fc" else None


def _shift(function, name):
    """The kernel ``function`` for whole numbers, and PyTorch's error for other dtypes."""

    def kernel(x, y):
        if x.dtype.kind not in "iu":
            raise TypeError
        return function(x, y)

    return {"kernel": kernel, "diagnose": lambda x, y: errors.not_implemented(name, x.dtype)}


@elementwise(np.invert, x=None, diagnose=_no_floats("bitwise_not_cpu"))
def bitwise_not(x):
    """``~x``: every bit turned; ``not`` for bools."""


@elementwise(np.bitwise_and, x=None, y=None, diagnose=_no_floats("bitwise_and_cpu"))
def bitwise_and(x, y):
    """``x & y``, bit by bit; ``and`` for bools."""


@elementwise(np.bitwise_or, x=None, y=None, diagnose=_no_floats("bitwise_or_cpu"))
def bitwise_or(x, y):
    """``x | y``, bit by bit; ``or`` for bools."""


@elementwise(np.bitwise_xor, x=None, y=None, diagnose=_no_floats("bitwise_xor_cpu"))
def bitwise_xor(x, y):
    """``x ^ y``, bit by bit."""


@elementwise(**_shift(np.left_shift, "lshift_cpu"), x=None, y=None)
def bitwise_left_shift(x, y):
    """``x << y``: ``x · 2^y`` in whole numbers."""


@elementwise(**_shift(np.right_shift, "rshift_cpu"), x=None, y=None)
def bitwise_right_shift(x, y):
    """``x >> y``: ``⌊x / 2^y⌋`` in whole numbers."""


# ---------------------------------------------------------------- nearness
@elementwise(predicate=True, x=None, y=None)
def isclose(x, y, rtol=1e-05, atol=1e-08, equal_nan=False):
    """Where ``|x - y| ≤ atol + rtol · |y|``, or both are the same infinity."""
    near = np.equal(x, y)
    if x.dtype.kind == "f":
        gap = np.abs(x - y)
        near = near | (np.isfinite(gap) & (gap <= atol + np.abs(rtol * y)))
        return near | (np.isnan(x) & np.isnan(y)) if equal_nan else near
    return near | (np.abs(x - y) <= atol + np.abs(rtol * y)) if x.dtype.kind != "b" else near
