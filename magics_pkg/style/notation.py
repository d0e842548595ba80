"""An operation's name as a sign: ``mul`` by 3 is "× 3", ``pow`` by 2 is "x²", what has no sign keeps PyTorch's word."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from . import format

SIGNS = {
    "add": "+",
    "sub": "−",
    "mul": "×",
    "div": "÷",
    "floordiv": "//",
    "remainder": "mod",
    "pow": "^",
    "matmul": "@",
    "neg": "−",
    "abs": "|x|",
    "sum": "Σ",
    "prod": "Π",
    "sqrt": "√",
    "norm": "‖x‖",
    "transpose": "T",
    "reciprocal": "1 ÷",
    "grad": "∂",
    "backward": "∂",
    "getitem": "[…]",
    "setitem": "[…] =",
    "clone": "clone",
    "eq": "=",
    "ne": "≠",
    "gt": ">",
    "ge": "≥",
    "lt": "<",
    "le": "≤",
}
# Other names of the same operation: as Python's operators, PyTorch's aliases, and the nodes of the graph call it
SAME = {
    "radd": "add",
    "iadd": "add",
    "rmul": "mul",
    "imul": "mul",
    "multiply": "mul",
    "subtract": "sub",
    "isub": "sub",
    "rsub": "sub",
    "truediv": "div",
    "true_divide": "div",
    "divide": "div",
    "rdiv": "div",
    "rtruediv": "div",
    "idiv": "div",
    "itruediv": "div",
    "floor_divide": "floordiv",
    "mod": "remainder",
    "rpow": "pow",
    "ipow": "pow",
    "pow_number": "pow",
    "pow_tensor": "pow",
    "square": "pow",
    "rmatmul": "matmul",
    "imatmul": "matmul",
    "mm": "matmul",
    "bmm": "matmul",
    "mv": "matmul",
    "dot": "matmul",
    "negative": "neg",
    "absolute": "abs",
    "t": "transpose",
    "T": "transpose",
    "mT": "transpose",
    "linalg_vector_norm": "norm",
    "slice": "getitem",
    "select": "getitem",
    "index": "getitem",
    "mean_all": "mean",
    "sum_all": "sum",
    "max_all": "max",
    "min_all": "min",
    "max_dim": "max",
    "min_dim": "min",
    "to_copy": "to",
    "cast": "to",
}
REVERSED = frozenset({"rsub", "rdiv", "rtruediv", "rpow"})
BINARY = frozenset({"add", "sub", "mul", "div", "floordiv", "remainder", "pow", "matmul"})
REDUCTIONS = frozenset(
    {"sum", "mean", "prod", "var", "std", "max", "min", "amax", "amin", "norm"}
    | {"logsumexp", "softmax", "log_softmax", "cumsum", "argmax"}
)
SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def symbol(name: str, arguments: Sequence[Any] = (), operand: str = "", dim: Any = None) -> str:
    """The sign on an operation's card.

    arguments: those of the call, None for each tensor; operand: what a lone tensor is called, for "y²"; dim: of a
    reduction.
    """
    plain = name.strip("_")
    in_place = re.fullmatch(r"\w*[^_]_|__i(?!nvert)\w+__", name) is not None
    word = SAME.get(plain) or re.sub(r"^(fft|linalg|special)_(?=.)", "", plain)
    sign = SIGNS.get(word, word)
    number = next((each for each in arguments if _is_number(each)), None)
    if word == "pow":
        return _power(plain, number, operand, in_place)
    if word in BINARY:
        if in_place:
            sign += "="
        if number is None:
            return sign
        return f"{format.number(number)} {sign}" if plain in REVERSED else f"{sign} {format.number(number)}"
    if word in ("getitem", "setitem") and len(arguments) > 1:
        index = subscript(arguments[1])
        return f"{index} =" if word == "setitem" else index
    if word in REDUCTIONS:
        dim = dim if dim is not None else arguments[1] if len(arguments) > 1 and _is_dim(arguments[1]) else None
        return sign if dim is None else f"{sign} dim {_dims(dim)}"
    return sign


def _power(plain: str, number: Any, operand: str, in_place: bool) -> str:
    base = operand if operand.isidentifier() and len(operand) <= 8 else "x" if not operand else "(…)"
    if plain == "square":
        number = 2
    if number is None:
        return "^=" if in_place else "^"
    if plain == "rpow":
        return f"{format.number(number)}^{base}"
    if in_place:
        return f"^= {format.number(number)}"
    if float(number).is_integer() and abs(number) < 1000:
        return base + str(int(number)).translate(SUPERSCRIPTS)
    return f"{base}^{format.number(number)}"


def subscript(index: Any) -> str:
    """An index as Python writes it: "[0, 1:3]"; a tensor in it is a dot."""
    parts = index if isinstance(index, tuple) else (index,)
    return "[" + ", ".join(_index(each) for each in parts) + "]"


def _index(part: Any) -> str:
    if isinstance(part, slice):
        ends = ("" if each is None else str(each) for each in (part.start, part.stop))
        return ":".join(ends) + (f":{part.step}" if part.step is not None else "")
    if part is Ellipsis:
        return "..."
    return repr(part) if isinstance(part, int | bool) else "·"


def word_of(node_name: str) -> str:
    """The operation behind a node's name: "MulBackward0" is "mul", "torch::autograd::CopySlices" is "copy_slices"."""
    name = re.sub(r"Backward\d*$", "", node_name.rpartition("::")[2])
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower() or node_name


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_dim(value: Any) -> bool:
    return _is_number(value) or (isinstance(value, tuple | list) and bool(value) and all(map(_is_number, value)))


def _dims(dim: Any) -> str:
    return ", ".join(map(str, dim)) if isinstance(dim, tuple | list) else str(dim)
