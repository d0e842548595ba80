"""An operation's local derivative in algebra: for ``a * b`` "∂(a·b)/∂a = b".

A rule is written for operands a and b and the result y; what it says of a view is where the gradient goes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from .notation import SAME

SHORT = re.compile(r"[^\W\d]\w{0,7}")  # names that a formula can be written with
OPERAND = re.compile(r"(?<![^\W_])[ab](?![^\W_])")  # a and b as letters of their own: not those of "tanh"

# By the operation's own word: one rule for each input that may want a gradient
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
    "relu": ("∂relu(a)/∂a = 1 where a > 0, else 0",),
    "leaky_relu": ("∂y/∂a = 1 where a > 0, else the slope",),
    "elu": ("∂y/∂a = 1 where a > 0, else y + α",),
    "gelu": ("∂gelu(a)/∂a = Φ(a) + a·φ(a)",),
    "silu": ("∂(a·σ(a))/∂a = σ(a)·(1 + a·(1 − σ(a)))",),
    "softplus": ("∂ln(1 + exp(a))/∂a = σ(a)",),
    "erf": ("∂erf(a)/∂a = 2/√π·exp(−a²)",),
    "clamp": ("∂y/∂a = 1 inside the bounds, 0 outside",),
    "maximum": ("∂max(a, b)/∂a = 1 where a > b, ½ where they are equal", "∂max(a, b)/∂b = 1 where b > a"),
    "minimum": ("∂min(a, b)/∂a = 1 where a < b, ½ where they are equal", "∂min(a, b)/∂b = 1 where b < a"),
    "where": ("the gradient goes to a where the condition holds", "and to b where it does not"),
    "sum": ("∂(Σ aᵢ)/∂aᵢ = 1: every entry gets the sum's gradient",),
    "mean": ("∂(Σ aᵢ/n)/∂aᵢ = 1/n: every entry gets an n-th of it",),
    "prod": ("∂(Π aᵢ)/∂aᵢ = the product of the others",),
    "var": ("∂var(a)/∂aᵢ = 2·(aᵢ − mean)/(n − 1)",),
    "std": ("∂std(a)/∂aᵢ = (aᵢ − mean)/((n − 1)·y)",),
    "norm": ("∂‖a‖/∂a = a/‖a‖",),
    "max": ("the gradient goes to the largest entry",),
    "min": ("the gradient goes to the smallest entry",),
    "amax": ("the gradient is shared by the largest entries",),
    "amin": ("the gradient is shared by the smallest entries",),
    "cumsum": ("each entry gets the sum of the gradients from its own place on",),
    "logsumexp": ("∂y/∂a = softmax(a)",),
    "softmax": ("g ↦ y·(g − Σ g·y)",),
    "log_softmax": ("g ↦ g − softmax(a)·Σ g",),
    "nll_loss": ("−1/n at the entry of each sample's own class, 0 elsewhere",),
    "mse_loss": ("∂y/∂a = 2·(a − b)/n", "∂y/∂b = −2·(a − b)/n"),
    "l1_loss": ("∂y/∂a = sign(a − b)/n", "∂y/∂b = −sign(a − b)/n"),
    "cross_entropy": ("∂y/∂a = (softmax(a) − one-hot of the target)/n",),
    "matmul": ("∂(a @ b)/∂a: g ↦ g @ bᵀ", "∂(a @ b)/∂b: g ↦ aᵀ @ g"),
    "addmm": ("the bias gets g, summed to its shape", "a: g ↦ g @ bᵀ", "b: g ↦ aᵀ @ g"),
    "linear": ("x: g ↦ g @ W", "W: g ↦ gᵀ @ x", "the bias gets g, summed over the samples"),
    "transpose": ("the gradient is transposed back",),
    "permute": ("the gradient's dimensions go back to their places",),
    "view": ("the same numbers in the input's shape",),
    "reshape": ("the same numbers in the input's shape",),
    "flatten": ("the same numbers in the input's shape",),
    "squeeze": ("the same numbers in the input's shape",),
    "unsqueeze": ("the same numbers in the input's shape",),
    "expand": ("copies of one entry: their gradients are summed",),
    "getitem": ("the gradient goes to the entries that were taken, 0 to the others",),
    "setitem": ("what was written over gets 0, the rest passes", "what was written gets the gradient of its place"),
    "clone": ("∂y/∂a = 1",),
    "to": ("the same numbers in the input's dtype",),
    "cat": ("each part gets its own slice of the gradient",),
    "stack": ("each part gets its own slice of the gradient",),
    "dropout": ("kept entries get g/(1 − p), dropped ones 0",),
    "layer_norm": ("g ↦ (g − mean g − â·mean(g·â))/std, weighted",),
    "batch_norm": ("g ↦ (g − mean g − â·mean(g·â))/std, over the batch",),
    "conv2d": (
        "x: the gradient convolved with the flipped kernel",
        "W: x correlated with the gradient",
        "bias: its sum",
    ),
    "max_pool2d": ("the gradient goes to the largest entry of each window",),
    "avg_pool2d": ("every entry of a window gets an equal share",),
    "embedding": ("each row gets the gradients of the places that took it",),
}


def rules_of(name: str) -> tuple[str, ...]:
    """The rules of an operation by its name in a call or of its node's word; none where it is not in the table."""
    plain = name.strip("_")
    return RULES.get(plain) or RULES.get(SAME.get(plain, "")) or RULES.get(re.sub(r"_?\d+$", "", plain), ())


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
