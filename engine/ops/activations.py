"""Activation functions: what stands between the layers of a network."""

import numpy as np

from .. import errors
from ..table.kernel import RAW, on_arrays, raw, rule
from ..table.op import elementwise
from .functions import no_kernel

RAW["ZERO32"] = np.array(0, np.float32)


@elementwise(
    x=lambda g, y, threshold: threshold_backward(g, y, threshold),
    y=lambda g: zeros_as(g),
    node="ThresholdBackwardBackward0",
)
def threshold_backward(x, y, threshold=0):
    """``x``, but 0 where ``y ≤ threshold``."""
    if type(x) is not ndarray and type(y) is not ndarray:
        return x if not y <= threshold else x.dtype.type(0)
    return only_where(x, ~np.less_equal(y, threshold if threshold else ZERO32))


def no_bool_relu(x):
    """PyTorch's errors for bools and complex numbers."""
    if x.dtype.kind == "c":
        return NotImplementedError("clamp is not supported for complex types")
    return RuntimeError("Boolean inputs not supported for relu") if x.dtype.kind == "b" else None


@elementwise(x=lambda g, out: threshold_backward(g, out, 0), diagnose=no_bool_relu)
def relu(x):
    """``out = max(x, 0)``; its derivative at 0 is 0."""
    if type(x) is ndarray:
        if x.dtype is float32:
            return np.maximum(ZERO32, x)
        if x.dtype.kind in "bc":
            raise TypeError
        return np.maximum(x.dtype.type(0), x)
    if x.dtype.kind == "c":
        raise TypeError
    return x.dtype.type(0) if x < 0 else +x


@on_arrays("relu_d_x", None)
def relu_slope(g, out):
    """What the formula says, for few elements in three calls."""
    if type(g) is ndarray and type(out) is ndarray and g.size < 512:
        g = g.copy()
        g[out <= ZERO32] = ZERO32
        return g
    return threshold_backward(g, out)


@elementwise(x=lambda g, x, threshold: threshold_backward(g, x, threshold), real="threshold_cpu")
def threshold(x, threshold, value):
    """``x`` where it is above ``threshold``, else ``value``."""
    return np.where(x <= threshold, x.dtype.type(value), x)


@elementwise(
    x=lambda g, y, negative_slope: leaky_relu_backward(g, y, negative_slope),
    y=lambda g: zeros_as(g),
    node="LeakyReluBackwardBackward0",
)
def leaky_relu_backward(x, y, negative_slope):
    """``x`` where ``y`` is positive, else ``negative_slope · x``."""
    return np.where(np.greater(y, 0), x, x * negative_slope)


def _real(name, function, kinds="f"):
    """The kernel ``function`` for floating-point numbers alone, or these ``kinds``, and the error for the rest."""
    function = raw(function)

    def kernel(x, *args):
        if x.dtype.kind not in kinds:
            raise TypeError
        return function(x, *args)

    def diagnose(x, *rest):
        return errors.not_implemented(name, x.dtype) if x.dtype.kind not in kinds else None

    return {"kernel": kernel, "diagnose": diagnose}


@elementwise(
    **_real("leaky_relu_cpu", lambda x, slope: np.where(np.greater(x, 0), x, x * x.dtype.type(slope))),
    x=lambda g, x, negative_slope: leaky_relu_backward(g, x, negative_slope),
)
def leaky_relu(x, negative_slope=0.01):
    """``x`` where it is positive, else ``negative_slope · x``."""


@elementwise(
    x=lambda g, y, low, high: hardtanh_backward(g, y, low, high),
    y=lambda g: zeros_as(g),
    node="HardtanhBackwardBackward0",
)
def hardtanh_backward(x, y, low, high):
    """``x``, but 0 where ``y`` is not strictly between ``low`` and ``high``."""
    return only_where(x, np.logical_not(np.less_equal(y, low) | np.greater_equal(y, high)))


@elementwise(
    x=lambda g, x, min_val, max_val: hardtanh_backward(g, x, min_val, max_val),
    diagnose=lambda x, *rest: RuntimeError("Bool inputs not supported for hardtanh") if x.dtype.kind == "b" else None,
    real="clamp is not supported for complex types",
)
def hardtanh(x, min_val=-1.0, max_val=1.0):
    """``x`` kept between two bounds; its derivative at the bounds is 0, other than that of ``clamp``."""
    if x.dtype.kind == "b":
        raise TypeError
    return np.minimum(np.maximum(x.dtype.type(min_val), x), x.dtype.type(max_val))


@elementwise(
    x=lambda g, y, lambd: shrink_backward(g, y, lambd),
    y=lambda g: zeros_as(g),
    node="SoftshrinkBackwardBackward0",
)
def shrink_backward(x, y, lambd):
    """``x``, but 0 where ``|y| ≤ lambd``."""
    return only_where(x, np.logical_not(np.greater_equal(y, -lambd) & np.less_equal(y, lambd)))


@elementwise(
    **_real(
        "hardshrink_cpu",
        lambda x, lambd: only_where(x, np.logical_not(np.greater_equal(x, -lambd) & np.less_equal(x, lambd))),
    ),
    x=lambda g, x, lambd: shrink_backward(g, x, lambd),
)
def hardshrink(x, lambd=0.5):
    """``x``, but 0 where ``|x| ≤ lambd``."""


def _softly_shrunk(x, lambd):
    lambd = x.dtype.type(lambd)
    return np.where(x > lambd, x - lambd, np.where(x < -lambd, x + lambd, x * 0))


@elementwise(**_real("softshrink_check", _softly_shrunk), x=lambda g, x, lambd: shrink_backward(g, x, lambd))
def softshrink(x, lambd=0.5):
    """``x`` moved by ``lambd`` towards 0, and 0 where ``|x| ≤ lambd``."""


@elementwise(
    **_real(
        "softplus_cpu",
        lambda x, beta, threshold: np.where(
            np.greater(x * beta, threshold), x, np.log1p(np.exp(x * beta)) / x.dtype.type(beta)
        ),
    ),
    x=lambda g, x, beta, threshold: where(x * beta > threshold, g, g * sigmoid(x * beta)),
)
def softplus(x, beta=1.0, threshold=20.0):
    """``out = log(1 + e^(beta·x)) / beta``; ``x`` itself where ``beta · x > threshold``."""


@elementwise(
    **_real(
        "elu_cpu",
        lambda x, alpha, scale, input_scale: np.where(
            np.less_equal(x, 0), np.expm1(x * input_scale) * x.dtype.type(alpha * scale), x * x.dtype.type(scale)
        ),
    ),
    # at 0 the first derivative is that of the left side, the second that of the right, 0, as in PyTorch
    x=lambda g, x, alpha, scale, input_scale: where(
        x <= 0, g * (input_scale * alpha * scale) * exp(where(x < 0, x * input_scale, 0.0)), g * scale
    ),
)
def elu(x, alpha=1.0, scale=1.0, input_scale=1.0):
    """``x`` where it is positive, else ``alpha · (e^x - 1)``."""


@elementwise(
    **_real("elu_cpu", lambda x, alpha: np.where(np.less_equal(x, 0), np.expm1(x / alpha) * x.dtype.type(alpha), +x)),
    x=lambda g, x, alpha: where(x <= 0, g * exp(where(x < 0, x * (1 / alpha), 0.0)), g),
)
def celu(x, alpha=1.0):
    """``x`` where it is positive, else ``alpha · (e^(x/alpha) - 1)``."""


@elementwise(
    **_real("silu_cpu", lambda x: x / (1 + np.exp(-x)), "fc"),
    x=lambda g, x: g * sigmoid(x) * (1 + x * (1 - sigmoid(x))),
)
def silu(x):
    """``out = x · sigmoid(x)``."""


@rule
def mish_slope(x):
    """The derivative of ``mish``."""
    t = tanh(softplus(x, 1.0, 20.0))
    return t + x * sigmoid(x) * (1 - t * t)


@elementwise(
    x=lambda g, x: g * mish_slope(x),
    diagnose=no_kernel("mish_cpu"),
)
def mish(x):
    """``out = x · tanh(log(1 + e^x))``."""
    return x * np.tanh(softplus(x, 1.0, 20.0))


@rule
def gelu_gate(x, approximate):
    """What ``x`` is multiplied with: the standard normal distribution function, or its approximation by tanh."""
    if approximate == "none":
        return (1 + erf(x * math.sqrt(0.5))) * 0.5
    return (1 + tanh((x + x * x * x * 0.044715) * math.sqrt(2 / math.pi))) * 0.5


@rule
def gelu_gate_slope(x, approximate):
    """The derivative of ``gelu_gate``."""
    if approximate == "none":
        return exp(x * x * -0.5) * (1 / math.sqrt(2 * math.pi))
    t = tanh((x + x * x * x * 0.044715) * math.sqrt(2 / math.pi))
    return (1 - t * t) * (1 + x * x * (3 * 0.044715)) * (0.5 * math.sqrt(2 / math.pi))


@elementwise(
    x=lambda g, x, approximate: g * (gelu_gate(x, approximate) + x * gelu_gate_slope(x, approximate)),
    diagnose=no_kernel("GeluKernelImpl"),
)
def gelu(x, approximate="none"):
    """``x`` times the standard normal distribution function, or its approximation by ``"tanh"``."""
    if x.dtype.kind != "f":
        raise TypeError
    return x * gelu_gate(x, approximate)


@elementwise(
    **_real("log_sigmoid_cpu", lambda x: np.minimum(x, 0) - np.log1p(np.exp(-np.abs(x)))),
    x=lambda g, x: g * sigmoid(-x),
    node="LogSigmoidBackward0",
)
def logsigmoid(x):
    """``out = log(sigmoid(x))``, exact for very negative ``x``."""


@elementwise(
    **_real("hardsigmoid_cpu", lambda x: np.minimum(np.maximum(x + x.dtype.type(3), 0), 6) / x.dtype.type(6)),
    x=lambda g, x: only_where(g * (1 / 6), (x > -3) & (x < 3)),
)
def hardsigmoid(x):
    """``out = min(max(x + 3, 0), 6) / 6``."""


@elementwise(
    **_real("hardswish_cpu", lambda x: x * np.minimum(np.maximum(x + x.dtype.type(3), 0), 6) / x.dtype.type(6)),
    x=lambda g, x: where(x <= -3, 0.0, where(x < 3, g * (x / 3 + 0.5), g)),
)
def hardswish(x):
    """``out = x · hardsigmoid(x)``."""
