"""An operation's local derivative in algebra: for ``a * b`` "∂(a·b)/∂a = b".

A rule is written for operands a and b and the result y; what it says of a view is where the gradient goes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from ..style.notation import SAME
from ..words import say

SHORT = re.compile(r"[^\W\d]\w{0,7}")  # names that a formula can be written with
OPERAND = re.compile(r"(?<![^\W_])[ab](?![^\W_])")  # a and b as letters of their own: not those of "tanh"

# By the operation's own word: one rule for each input that may want a gradient; those with words in them by their key
RULES: dict[str, tuple[str, ...]] = {
    "add": ("∂(a + b)/∂a = 1", "∂(a + b)/∂b = 1"),
    "sub": ("∂(a − b)/∂a = 1", "∂(a − b)/∂b = −1"),
    "mul": ("∂(a·b)/∂a = b", "∂(a·b)/∂b = a"),
    "div": ("∂(a/b)/∂a = 1/b", "∂(a/b)/∂b = −a/b²"),
    "pow": ("∂(aⁿ)/∂a = n·aⁿ⁻¹", "∂(aⁿ)/∂n = aⁿ·ln a"),
    "neg": ("∂(−a)/∂a = −1",),
    "abs": ("∂|a|/∂a = sign(a)",),
    "exp": ("∂exp(a)/∂a = exp(a) = y",),
    "expm1": ("∂(exp(a) − 1)/∂a = exp(a)",),
    "exp2": ("∂(2^a)/∂a = 2^a·ln 2",),
    "log": ("∂ln(a)/∂a = 1/a",),
    "log2": ("∂log₂(a)/∂a = 1/(a·ln 2)",),
    "log10": ("∂log₁₀(a)/∂a = 1/(a·ln 10)",),
    "log1p": ("∂ln(1 + a)/∂a = 1/(1 + a)",),
    "sqrt": ("∂√a/∂a = 1/(2√a)",),
    "rsqrt": ("∂(1/√a)/∂a = −½·y³",),
    "reciprocal": ("∂(1/a)/∂a = −1/a²",),
    "sin": ("∂sin(a)/∂a = cos(a)",),
    "cos": ("∂cos(a)/∂a = −sin(a)",),
    "tan": ("∂tan(a)/∂a = 1 + tan²(a)",),
    "asin": ("∂asin(a)/∂a = 1/√(1 − a²)",),
    "acos": ("∂acos(a)/∂a = −1/√(1 − a²)",),
    "atan": ("∂atan(a)/∂a = 1/(1 + a²)",),
    "sinh": ("∂sinh(a)/∂a = cosh(a)",),
    "cosh": ("∂cosh(a)/∂a = sinh(a)",),
    "tanh": ("∂tanh(a)/∂a = 1 − tanh²(a) = 1 − y²",),
    "sigmoid": ("∂σ(a)/∂a = σ(a)·(1 − σ(a)) = y·(1 − y)",),
    "relu": ("rule_relu",),
    "leaky_relu": ("rule_leaky_relu",),
    "elu": ("rule_elu",),
    "gelu": ("∂gelu(a)/∂a = Φ(a) + a·φ(a)",),
    "silu": ("∂(a·σ(a))/∂a = σ(a)·(1 + a·(1 − σ(a)))",),
    "softplus": ("∂ln(1 + exp(a))/∂a = σ(a)",),
    "erf": ("∂erf(a)/∂a = 2/√π·exp(−a²)",),
    "clamp": ("rule_clamp",),
    "maximum": ("rule_maximum_a", "rule_maximum_b"),
    "minimum": ("rule_minimum_a", "rule_minimum_b"),
    "where": ("rule_where_a", "rule_where_b"),
    "sum": ("rule_sum",),
    "mean": ("rule_mean",),
    "prod": ("rule_prod",),
    "var": ("∂var(a)/∂aᵢ = 2·(aᵢ − mean)/(n − 1)",),
    "std": ("∂std(a)/∂aᵢ = (aᵢ − mean)/((n − 1)·y)",),
    "norm": ("∂‖a‖/∂a = a/‖a‖",),
    "max": ("rule_max",),
    "min": ("rule_min",),
    "amax": ("rule_amax",),
    "amin": ("rule_amin",),
    "cumsum": ("rule_cumsum",),
    "logsumexp": ("∂y/∂a = softmax(a)",),
    "softmax": ("g ↦ y·(g − Σ g·y)",),
    "log_softmax": ("g ↦ g − softmax(a)·Σ g",),
    "nll_loss": ("rule_nll_loss",),
    "mse_loss": ("∂y/∂a = 2·(a − b)/n", "∂y/∂b = −2·(a − b)/n"),
    "l1_loss": ("∂y/∂a = sign(a − b)/n", "∂y/∂b = −sign(a − b)/n"),
    "cross_entropy": ("rule_cross_entropy",),
    "matmul": ("∂(a @ b)/∂a: g ↦ g @ bᵀ", "∂(a @ b)/∂b: g ↦ aᵀ @ g"),
    "addmm": ("rule_bias", "a: g ↦ g @ bᵀ", "b: g ↦ aᵀ @ g"),
    "linear": ("x: g ↦ g @ W", "W: g ↦ gᵀ @ x", "rule_bias_samples"),
    "transpose": ("rule_transpose",),
    "permute": ("rule_permute",),
    "view": ("rule_shape",),
    "reshape": ("rule_shape",),
    "flatten": ("rule_shape",),
    "squeeze": ("rule_shape",),
    "unsqueeze": ("rule_shape",),
    "expand": ("rule_expand",),
    "getitem": ("rule_getitem",),
    "setitem": ("rule_setitem_a", "rule_setitem_b"),
    "clone": ("∂y/∂a = 1",),
    "to": ("rule_to",),
    "cat": ("rule_cat",),
    "stack": ("rule_cat",),
    "dropout": ("rule_dropout",),
    "layer_norm": ("rule_layer_norm",),
    "batch_norm": ("rule_batch_norm",),
    "conv2d": (
        "rule_conv_x",
        "rule_conv_w",
        "rule_conv_bias",
    ),
    "max_pool2d": ("rule_max_pool",),
    "avg_pool2d": ("rule_avg_pool",),
    "embedding": ("rule_embedding",),
}


def rules_of(name: str) -> tuple[str, ...]:
    """The rules of an operation by its name in a call or of its node's word; none where it is not in the table."""
    plain = name.strip("_")
    found = RULES.get(plain) or RULES.get(SAME.get(plain, "")) or RULES.get(re.sub(r"_?\d+$", "", plain), ())
    return tuple(say(rule) if rule.startswith("rule_") else rule for rule in found)


def written(name: str, inputs: Mapping[int, str]) -> tuple[str, ...]:
    """An operation's rules for those of its inputs that get a gradient, by place, in the inputs' own short names."""
    rules = rules_of(name)
    wanted = [place for place in sorted(inputs) if place < len(rules)]
    chosen = tuple(rules[place] for place in wanted) if len(rules) > 1 and wanted else rules
    names = {"ab"[place]: text for place, text in inputs.items() if place < 2 and SHORT.fullmatch(text)}
    taken = {text for letter, text in names.items() if text in "aby" and text != letter}
    if taken:  # an operand that is itself called b
        return chosen
    return tuple(OPERAND.sub(lambda found: names.get(found.group(), found.group()), rule) for rule in chosen)
