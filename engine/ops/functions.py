"""Functions of one variable, elementwise."""

import numpy as np

from .. import errors
from ..table.kernel import PUBLIC, RAW, on_arrays, rule
from ..table.op import elementwise, op

# One as an operand: a 0-d array costs half of what the literal costs beside an array; float64 swallows it exactly
RAW["ONE"] = np.array(1, np.float32)


def no_kernel(name):
    """The ``diagnose`` of a row: PyTorch has no kernel called ``name`` for whole numbers, bools, or where it failed."""
    return lambda x, *rest: errors.not_implemented(name, x.dtype) if x.dtype.kind in "biuc" else None


def no_bools(name):
    """The ``diagnose`` of a row: PyTorch has no kernel called ``name`` for bools."""
    return lambda x, *rest: errors.not_implemented(name, x.dtype) if x.dtype.kind == "b" else None


def no_complex(name):
    """The ``diagnose`` of a row: PyTorch has no kernel called ``name`` for complex numbers."""
    return lambda x, *rest: errors.not_implemented(name, x.dtype) if x.dtype.kind == "c" else None


def not_float(name):
    """The ``diagnose`` of a row: PyTorch has a kernel called ``name`` for real floating-point numbers alone."""
    return lambda x, *rest: errors.not_implemented(name, x.dtype) if x.dtype.kind != "f" else None


def real_only(error, text):
    """The ``diagnose`` of a row: PyTorch's own words for complex numbers."""
    return lambda x, *rest: error(text) if x.dtype.kind == "c" else None


def tensor_first(name):
    """The ``refuse`` of a row whose first input may not be a number."""
    forms = [f"(Tensor input, {kind} other, *, Tensor out = None)" for kind in ("Tensor", "Number")]
    return lambda x, y, *rest: None if hasattr(x, "_d") else errors.combination(name, (x, y), forms)


# ---------------------------------------------------------------- zeros, dtypes, masks
@op(x=None, node="ZerosLikeBackward0")
def zeros_as(x):
    """Zeros in the shape and dtype of ``x``, without its history."""
    return np.zeros_like(x) if type(x) is ndarray else x.dtype.type(0)


@op(x=lambda g, x_dtype: cast(g, x_dtype), node="ToCopyBackward0", jvp="linear", called="to", to_complex=True)
def cast(x, dtype):
    """``x`` in another floating-point dtype; of complex numbers the real part, unless that is complex as well."""
    return recast(x, dtype)


_CHANNELS_LAST = {"channels_last": 4, "channels_last_3d": 5}


def in_format(x, order):
    """A copy of ``x``, its elements in memory in the order that PyTorch's memory format of this name asks for."""
    if order in _CHANNELS_LAST:
        if x.ndim != _CHANNELS_LAST[order]:
            raise RuntimeError(f"required rank {_CHANNELS_LAST[order]} tensor to use {order} format")
        return np.moveaxis(np.array(np.moveaxis(x, 1, -1), order="C"), -1, 1)
    return np.array(x, order="C" if order == "contiguous_format" else "K") if type(x) is np.ndarray else x


RAW["in_format"] = in_format


@op(x=lambda g, x_dtype: cast(g, x_dtype), node="ToCopyBackward0", jvp="linear", called="to", to_complex=True)
def cast_in_format(x, dtype, order):
    """``x`` in another floating-point dtype, its memory laid out in the format ``order``."""
    return in_format(recast(x, dtype), order)


@op(x=None, called="to")
def cast_whole(x, dtype):
    """``x`` as whole numbers or bools: nothing to differentiate."""
    return x.astype(dtype) if dtype.kind == "b" else recast(x, dtype)


@on_arrays("only_where", lambda g, keep: PUBLIC["where"](keep, g, 0.0))
def only_where(g, keep):
    """``g`` where ``keep``, else 0, also where ``g`` is inf or NaN, which a product with ``keep`` would let through."""
    if type(g) is not ndarray or type(keep) is not ndarray or g.shape != keep.shape:
        if not g.ndim and not keep.ndim:
            return g if keep else g.dtype.type(0)
        return np.where(keep, g, g.dtype.type(0))
    if g.size < 512:
        out = g.copy()
        out[~keep] = 0
        return out
    # np.where on a random mask mispredicts its branch 15 times slower than this: bits and all ones, or all zeros
    bits = np.int32 if g.dtype is float32 else np.int64
    if g.itemsize != bits().itemsize:
        return np.where(keep, g, g.dtype.type(0))
    return (g.view(bits) & np.negative(keep.view(np.int8))).view(g.dtype)


# ---------------------------------------------------------------- powers and logarithms
@elementwise(np.exp, floating=True, x=lambda g, out: g * out)
def exp(x):
    """``out = e^x``."""


@elementwise(np.exp2, floating=True, x=lambda g, out: g * (out * math.log(2)))
def exp2(x):
    """``out = 2^x``."""


@elementwise(np.expm1, floating=True, x=lambda g, out: g * (out + 1))
def expm1(x):
    """``out = e^x - 1``, exact near 0."""


@elementwise(np.log, floating=True, x=lambda g, x: g / x)
def log(x):
    """The natural logarithm."""


@elementwise(np.log1p, floating=True, x=lambda g, x: g / (x + 1), node="Log1PBackward0")
def log1p(x):
    """``out = log(1 + x)``, exact near 0."""


@elementwise(np.log2, floating=True, x=lambda g, x: g / (x * math.log(2)))
def log2(x):
    """The logarithm to base 2."""


@elementwise(np.log10, floating=True, x=lambda g, x: g / (x * math.log(10)))
def log10(x):
    """The logarithm to base 10."""


@elementwise(np.sqrt, floating=True, x=lambda g, out: g / (out + out))
def sqrt(x):
    """``out = √x``; its derivative is inf at 0."""


@elementwise(floating=True, x=lambda g, out: -0.5 * g * (out * out * out))
def rsqrt(x):
    """``out = 1 / √x``."""
    return np.reciprocal(np.sqrt(x))


# ---------------------------------------------------------------- rounding and signs
@elementwise(
    x=lambda g, x: g * sgn(x), jvp=lambda t, x: real(conj(t) * sgn(x)), predicate=True, diagnose=no_bools("abs_cpu")
)
def abs(x):
    """The absolute value; its derivative at 0 is 0."""
    if x.dtype.kind == "b":
        raise TypeError
    return np.absolute(x)


@elementwise(
    x=lambda g: zeros_as(g),
    diagnose=real_only(
        NotImplementedError,
        "Unlike NumPy, torch.sign is not intended to support complex numbers. Please use torch.sgn instead.",
    ),
)
def sign(x):
    """-1, 0 or 1; 0 for NaN."""
    if x.dtype.kind == "c":
        raise TypeError
    if not x.ndim:
        return x.dtype.type(int(x > 0) - int(x < 0)) if x.dtype.kind != "b" else x
    if x.dtype.kind != "f":
        return np.sign(x) if x.dtype.kind != "b" else x.copy()
    out = np.sign(x)
    out[np.not_equal(out, out)] = 0
    return out


@elementwise(x=lambda g, x, out: sgn_slope(g, x, out), jvp=lambda t, x, out: sgn_slope(t, x, out), holomorphic=False)
def sgn(x):
    """The sign of a real number; ``x / |x|`` of a complex one, 0 at 0."""
    return np.sign(x) if x.dtype.kind == "c" else sign(x)


@rule
def sgn_slope(g, x, out):
    """What of ``g`` goes across ``x``, over ``|x|``: along it the sign stays what it is."""
    if not has_complex(x):
        return zeros_as(g)
    return where(x == 0, 0.0, (g - real(g * conj(out)) * out) / abs(x))


def _rounding(name, function):
    def kernel(x):
        if x.dtype.kind == "f":
            return function(x)  # a C function: it warns in the name of this kernel, which has none
        if x.dtype.kind in "bc":
            raise TypeError
        return x.copy()

    def told(x):
        if x.dtype.kind == "c" and name != "round":
            return NotImplementedError(f"{name} is not supported for complex inputs")
        return errors.not_implemented(f"{name}_vml_cpu", x.dtype) if x.dtype.kind in "bc" else None

    return {"kernel": kernel, "x": lambda g: zeros_as(g), "diagnose": told}


@elementwise(**_rounding("ceil", np.ceil))
def ceil(x):
    """The smallest whole number that is not below ``x``."""


@elementwise(**_rounding("floor", np.floor))
def floor(x):
    """The largest whole number that is not above ``x``."""


@elementwise(**_rounding("trunc", np.trunc))
def trunc(x):
    """``x`` without what follows the decimal point."""


@elementwise(**_rounding("round", np.rint))
def round(x):
    """The nearest whole number; halves go to the even one."""


@elementwise(
    x=lambda g: zeros_as(g),
    node="RoundBackward1",
    called="round",
    diagnose=not_float("round_cpu"),
)
def round_decimals(x, decimals):
    """``x`` rounded to ``decimals`` places; halves go to the even digit."""
    if x.dtype.kind != "f":
        raise TypeError
    ten = x.dtype.type(10.0 ** builtins.abs(decimals))
    return np.rint(x * ten) / ten if decimals >= 0 else np.rint(x / ten) * ten


@elementwise(x=lambda g: g, diagnose=not_float("frac_cpu"))
def frac(x):
    """What follows the decimal point, with the sign of ``x``."""
    if x.dtype.kind != "f":
        raise TypeError
    return x - np.trunc(x)


@op(
    x=lambda g, x_dtype, exponent: g / exp2(cast(exponent, x_dtype)), outputs=("out", "exponent"),
    jvp=lambda tangent_x, x_dtype, exponent: tangent_x / exp2(cast(exponent, x_dtype)),
)  # fmt: skip
def frexp(x):
    """The mantissa in ±[0.5, 1) and the exponent with ``x = mantissa · 2^exponent``."""
    return np.frexp(x)


@elementwise(x=lambda g, x: only_where(g, isfinite(x)))
def nan_to_num(x, nan=None, posinf=None, neginf=None):
    """``x`` with numbers in place of NaN, inf and -inf: 0, the largest and the smallest unless given."""
    if x.dtype.kind not in "fc":
        return x.copy()
    return np.nan_to_num(x, nan=0.0 if nan is None else nan, posinf=posinf, neginf=neginf)


# ---------------------------------------------------------------- angles and hyperbolas
@elementwise(np.sin, floating=True, x=lambda g, x: g * cos(x))
def sin(x):
    """The sine; ``x`` in radians."""


@elementwise(np.cos, floating=True, x=lambda g, x: g * -sin(x))
def cos(x):
    """The cosine; ``x`` in radians."""


@elementwise(np.tan, floating=True, x=lambda g, out: g * (1 + out * out))
def tan(x):
    """The tangent; ``x`` in radians."""


@elementwise(np.arcsin, floating=True, x=lambda g, x: g * rsqrt(1 - x * x))
def asin(x):
    """The angle in [-π/2, π/2] whose sine is ``x``."""


@elementwise(np.arccos, floating=True, x=lambda g, x: g * -rsqrt(1 - x * x))
def acos(x):
    """The angle in [0, π] whose cosine is ``x``."""


@elementwise(np.arctan, floating=True, x=lambda g, x: g / (x * x + 1))
def atan(x):
    """The angle in (-π/2, π/2) whose tangent is ``x``."""


@elementwise(np.sinh, floating=True, x=lambda g, x: g * cosh(x))
def sinh(x):
    """The hyperbolic sine."""


@elementwise(np.cosh, floating=True, x=lambda g, x: g * sinh(x))
def cosh(x):
    """The hyperbolic cosine."""


@elementwise(np.arcsinh, floating=True, x=lambda g, x: g * rsqrt(x * x + 1))
def asinh(x):
    """The inverse of the hyperbolic sine."""


@rule
def acosh_slope(g, x):
    """``g / √(x² - 1)``; of complex numbers on the branch that acosh is on."""
    return g * (rsqrt(x + 1) * rsqrt(x - 1)) if has_complex(x) else g * rsqrt(x * x - 1)


@elementwise(np.arccosh, floating=True, x=lambda g, x: acosh_slope(g, x))
def acosh(x):
    """The inverse of the hyperbolic cosine."""


@elementwise(np.arctanh, floating=True, x=lambda g, x: g / (1 - x * x))
def atanh(x):
    """The inverse of the hyperbolic tangent."""


@elementwise(x=lambda g, y: tanh_backward(g, y), y=lambda g, x, y: g * (-2 * y * x), node="TanhBackwardBackward0")
def tanh_backward(x, y):
    """The derivative of tanh at the result ``y``, times ``x``: ``out = x · (1 - y²)``."""
    return x * ((ONE if type(y) is ndarray else 1.0) - y * y)


@elementwise(np.tanh, floating=True, x=lambda g, out: tanh_backward(g, out))
def tanh(x):
    """The hyperbolic tangent."""


RAW["tanh_d_x"] = RAW["tanh_backward"]  # the formula without the call around it: 50 ns


@elementwise(
    x=lambda g, y: sigmoid_backward(g, y), y=lambda g, x, y: g * (1 - 2 * y) * x, node="SigmoidBackwardBackward0"
)
def sigmoid_backward(x, y):
    """The derivative of sigmoid at the result ``y``, times ``x``: ``out = x · (1 - y) · y``."""
    return x * ((ONE if type(y) is ndarray else 1.0) - y) * y


@elementwise(floating=True, x=lambda g, out: sigmoid_backward(g, out))
def sigmoid(x):
    """``out = 1 / (1 + e^-x)``."""
    out = np.exp(-x)
    if type(out) is not ndarray:  # NumPy's functions make scalars of 0-d arrays
        return 1.0 / (1.0 + out)
    out += ONE
    return np.reciprocal(out, out)


RAW["sigmoid_d_x"] = RAW["sigmoid_backward"]


@elementwise(
    np.deg2rad, x=lambda g: g * (math.pi / 180), floating=True, node="Deg2RadBackward0",
    diagnose=real_only(RuntimeError, "deg2rad is not supported for complex tensors."),
)  # fmt: skip
def deg2rad(x):
    """Degrees to radians."""


@elementwise(
    np.rad2deg, x=lambda g: g * (180 / math.pi), floating=True, node="Rad2DegBackward0",
    diagnose=real_only(RuntimeError, "rad2deg is not supported for complex tensors."),
)  # fmt: skip
def rad2deg(x):
    """Radians to degrees."""


@elementwise(
    floating=True,
    x=lambda g, x: where(x == 0, 0.0, g * ((math.pi * x * cos(math.pi * x) - sin(math.pi * x)) / (math.pi * x * x))),
)
def sinc(x):
    """``out = sin(πx) / (πx)``, 1 at 0."""
    x = x * x.dtype.type(math.pi)
    return np.where(np.equal(x, 0), x.dtype.type(1), np.sin(x) / x)
