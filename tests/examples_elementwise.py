"""Arguments for the rows of arithmetic, functions of one variable and of two, activations and choices."""

from __future__ import annotations

import numpy as np

from .example import POSITIVE, ROW, Example, X, Y, random

INSIDE = X / 2.5  # in (-0.8, 0.8)
SHARE = (INSIDE + 1) / 2  # in (0.1, 0.9)
ABOVE = POSITIVE + 1
Z = Y[::-1] * 0.7 + 0.05
CHOSEN = np.array([[True, False, True], [False, False, True]])

_ONE = (
    "neg", "square", "exp", "exp2", "expm1", "abs", "sign", "sgn", "ceil", "floor", "trunc", "round", "frac",
    "nan_to_num", "sin", "cos", "tan", "atan", "sinh", "cosh", "tanh", "asinh", "sigmoid", "deg2rad", "rad2deg", "sinc",
    "relu", "leaky_relu", "hardtanh", "hardshrink", "softshrink", "softplus", "elu", "celu", "silu", "mish", "gelu",
    "logsigmoid", "hardsigmoid", "hardswish", "reciprocal",
)  # fmt: skip
_OF = {
    "asin": INSIDE, "acos": INSIDE, "atanh": INSIDE, "acosh": ABOVE,
    **dict.fromkeys(("log", "log1p", "log2", "log10", "sqrt", "rsqrt"), POSITIVE),
}  # fmt: skip
_TWO = ("maximum", "minimum", "fmax", "fmin", "clamp_min_tensor", "clamp_max_tensor", "clamp_low", "clamp_high")
_PLANE = ("atan2", "hypot", "logaddexp", "logaddexp2", "ldexp", "tanh_backward", "sigmoid_backward")

ELEMENTWISE: dict[str, list[Example]] = {
    **{name: [Example(X)] for name in _ONE},
    **{name: [Example(x)] for name, x in _OF.items()},
    **{name: [Example(X, Y), Example(X, ROW), Example(ROW, X)] for name in (*_TWO, *_PLANE)},
    "add": [Example(X, Y), Example(X, ROW), Example(ROW, 2.0)],
    "add_scaled": [Example(X, Y, 3), Example(ROW, X, -0.5)],
    "sub": [Example(X, Y), Example(X, ROW)],
    "sub_scaled": [Example(X, Y, 3), Example(X, ROW, 0.5)],
    "rsub": [Example(X, Y), Example(X, 2.0)],
    "rsub_scaled": [Example(X, Y, 3), Example(ROW, X, 1)],
    "rsub_number_scaled": [Example(X, 2.0, 3)],
    "mul": [Example(X, Y), Example(ROW, X), Example(X, 3)],
    "div": [Example(X, POSITIVE), Example(ROW, POSITIVE), Example(X, 3)],
    "div_rounded": [Example(X, POSITIVE, "floor"), Example(X, POSITIVE, "trunc")],
    "remainder": [Example(X, POSITIVE), Example(X, -POSITIVE), Example(ROW, POSITIVE)],
    "remainder_number": [Example(X, 0.7), Example(X, -0.7)],
    "fmod": [Example(X, POSITIVE), Example(ROW, POSITIVE)],
    "fmod_number": [Example(X, 0.7)],
    "pow_number": [Example(X, n) for n in (0, 1, 2, 3, 4, 5, -1, -2)]
    + [Example(POSITIVE, 0.5), Example(POSITIVE, 2.5)],
    "pow_base": [Example(X, 2), Example(X, 0.5), Example(X, 1)],
    "pow_tensor": [Example(POSITIVE, Y), Example(POSITIVE, ROW)],
    "clamp_number": [Example(X, -1, 1), Example(X, None, 0.5), Example(X, -0.5, None)],
    "clamp_min_number": [Example(X, 0)],
    "clamp_max_number": [Example(X, 0)],
    "clamp_tensor": [Example(X, Y, Y + 1), Example(X, Y + 1, Y)],
    "copysign": [Example(X, Y)],
    "copysign_number": [Example(X, -1)],
    "xlogy": [Example(X, POSITIVE), Example(ROW, POSITIVE)],
    "lerp_number": [Example(X, Y, 0.3), Example(X, ROW, 0.8)],
    "lerp_tensor": [Example(X, Y, SHARE), Example(X, Y, ROW)],
    "addcmul": [Example(X, Y, Z, 2), Example(ROW, X, Y, 1)],
    "addcdiv": [Example(X, Y, POSITIVE, 2), Example(ROW, X, POSITIVE, 1)],
    "where": [Example(CHOSEN, X, Y, fixed=[0]), Example(CHOSEN[0], X, ROW, fixed=[0])],
    "cast": [Example(X, np.dtype("f8"))],
    "cast_in_format": [Example(random(2, 3, 2, 2), np.dtype("f8"), "channels_last")],
    "round_decimals": [Example(X, 1)],
    "threshold": [Example(X, 0.4, -1.0)],
    "threshold_backward": [Example(X, Y, 0), Example(X, Y, 0.4)],
    "leaky_relu_backward": [Example(X, Y, 0.2)],
    "hardtanh_backward": [Example(X, Y, -1, 1)],
    "shrink_backward": [Example(X, Y, 0.5)],
    "prelu": [Example(X, Y), Example(X, ROW)],
    "rrelu": [Example(X, Y, fixed={1})],
    "glu": [Example(random(3, 4)), Example(random(4, 3), 0)],
    "overwritten": [Example(X, Y, "NormalBackward0", fixed=[1])],
    "filled_with": [Example(X, np.array(0.7), "FillBackward1")],
}
