"""How a tensor is written: PyTorch's ``repr``, to the character, for a NumPy array.

Source: PyTorch 2.13, ``torch/_tensor_str.py`` (the behaviour, not the text, is followed).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from . import dtypes

__all__ = [
    "format_parameter",
    "format_tensor",
    "get_printoptions",
    "printoptions",
    "repr_tensor",
    "set_printoptions",
]


@dataclass
class PrintOptions:
    """What ``set_printoptions`` can change."""

    precision: int = 4
    threshold: float = 1000
    edgeitems: int = 3
    linewidth: int = 80
    sci_mode: bool | None = None


PROFILES: dict[str, dict[str, Any]] = {
    "default": {"precision": 4, "threshold": 1000, "edgeitems": 3, "linewidth": 80},
    "short": {"precision": 2, "threshold": 1000, "edgeitems": 2, "linewidth": 80},
    "full": {"precision": 4, "threshold": math.inf, "edgeitems": 3, "linewidth": 80},
}

OPTIONS = PrintOptions()


def set_printoptions(
    precision: int | None = None,
    threshold: float | None = None,
    edgeitems: int | None = None,
    linewidth: int | None = None,
    profile: str | None = None,
    sci_mode: bool | None = None,
) -> None:
    """Change how tensors are printed; what is None stays, but ``sci_mode`` None means automatic, as in PyTorch.

    ``profile`` is ``default``, ``short`` or ``full``; the other arguments override it.
    """
    given = {"precision": precision, "threshold": threshold, "edgeitems": edgeitems, "linewidth": linewidth}
    chosen = PROFILES.get(profile or "", {}) | {name: value for name, value in given.items() if value is not None}
    for name, value in chosen.items():
        setattr(OPTIONS, name, value)
    OPTIONS.sci_mode = sci_mode


def get_printoptions() -> dict[str, Any]:
    """The current options, as keyword arguments for ``set_printoptions``."""
    return asdict(OPTIONS)


@contextmanager
def printoptions(**options: Any) -> Iterator[None]:
    """Options of ``set_printoptions`` for the length of a ``with`` block."""
    before = get_printoptions()
    set_printoptions(**options)
    try:
        yield
    finally:
        set_printoptions(**before)


def format_tensor(
    array: np.ndarray | np.generic,
    *,
    requires_grad: bool = False,
    grad_fn: str | None = None,
    default_dtype: str | np.dtype = "float32",
    indent: int = 0,
    prefix: str = "tensor(",
) -> str:
    """``repr`` of the tensor that holds ``array``, as PyTorch 2.13 writes it.

    ``grad_fn`` is the node's name, such as ``MulBackward0``; ``prefix`` ends in an open bracket, and the lines
    after the first are indented by its last line's length plus ``indent``.
    """
    array = np.asarray(array)
    column = indent + len(prefix) - prefix.rfind("\n") - 1
    suffixes = _data_suffixes(array, str(default_dtype))
    if grad_fn is not None:
        suffixes.append(f"grad_fn=<{grad_fn.rpartition('::')[2]}>")
    elif requires_grad:
        suffixes.append("requires_grad=True")
    return with_suffixes(prefix + _contents(array, column), suffixes, column)


def format_parameter(
    array: np.ndarray, *, requires_grad: bool = True, default_dtype: str | np.dtype = "float32"
) -> str:
    """``repr`` of an ``nn.Parameter``: ``Parameter containing:`` and the tensor on the next line."""
    prefix = "Parameter containing:\ntensor("
    return format_tensor(array, requires_grad=requires_grad, default_dtype=default_dtype, prefix=prefix)


def repr_tensor(tensor: Any) -> str:
    """``repr`` of a Tensor: its numbers, and what made it."""
    kind = type(tensor)
    try:
        node = tensor.grad_fn
        name = None if node is None else node.name()
    except RuntimeError:  # a view that may not be used any more
        name = "Invalid"
    prefix = "tensor(" if kind.__name__ in ("Tensor", "Parameter", "Buffer") else kind.__name__ + "("
    return format_tensor(
        tensor._d,
        requires_grad=tensor.requires_grad,
        grad_fn=name,
        default_dtype=dtypes.get_default_dtype().name,
        prefix=prefix,
    )


def _data_suffixes(array: np.ndarray, default_dtype: str) -> list[str]:
    """``size=`` and ``dtype=``, where the contents do not say them."""
    name = array.dtype.name
    suffixes = []
    if array.size == 0:
        if array.ndim != 1:
            suffixes.append(f"size={array.shape}")
        if name != default_dtype:
            suffixes.append(f"dtype=torch.{name}")
        return suffixes
    if not OPTIONS.edgeitems:
        suffixes.append(f"size={array.shape}")
    default_complex = "complex128" if default_dtype == "float64" else "complex64"
    if name not in (default_dtype, default_complex, "int64", "bool"):
        suffixes.append(f"dtype=torch.{name}")
    return suffixes


def with_suffixes(text: str, suffixes: list[str], column: int) -> str:
    """``text, suffix, ...)``, with a new line before a suffix that would pass the line width."""
    length = len(text) - text.rfind("\n") + 1
    for suffix in suffixes:
        if length + len(suffix) + 2 > OPTIONS.linewidth:
            text += ",\n" + " " * column + suffix
            length = column + len(suffix)
        else:
            text += ", " + suffix
            length += len(suffix) + 2
    return text + ")"


def _contents(array: np.ndarray, column: int) -> str:
    """The bracketed numbers."""
    if array.size == 0:
        return "[]"
    summarize = array.size > OPTIONS.threshold
    if summarize and not OPTIONS.edgeitems and array.ndim:
        return "[...]"
    shown = _edges(array) if summarize else array
    elided = tuple(before != after for before, after in zip(array.shape, shown.shape, strict=True))
    one, width = _formatter(shown)
    return _nested(shown.tolist(), column, elided, one, width)


def _edges(array: np.ndarray) -> np.ndarray:
    """The first and last ``edgeitems`` along each dimension: what a summary shows, and what chooses its format."""
    edge = OPTIONS.edgeitems
    for axis, size in enumerate(array.shape):
        if size > 2 * edge:
            kept = [*range(edge), *range(size - edge, size)]
            array = array.take(kept, axis=axis)
    return array


def _nested(data: Any, column: int, elided: tuple[bool, ...], one: Callable[[Any], str], width: int) -> str:
    """Nested lists as rows of text; ``elided`` says for each dimension whether its middle was left out."""
    if not elided:
        return one(data)
    if len(elided) == 1:
        return _vector([one(value) for value in data], column, elided[0], width)
    rows = [_nested(row, column + 1, elided[1:], one, width) for row in data]
    if elided[0]:
        rows.insert(OPTIONS.edgeitems, "...")
    between = "," + "\n" * (len(elided) - 1) + " " * (column + 1)
    return "[" + between.join(rows) + "]"


def _vector(items: list[str], column: int, elided: bool, width: int) -> str:
    """One row, in lines of as many columns as the line width has room for."""
    if elided:
        items.insert(OPTIONS.edgeitems, " ...")
    per_line = max(1, (OPTIONS.linewidth - column) // (width + 2))
    if len(items) <= per_line:
        return "[" + ", ".join(items) + "]"
    lines = [", ".join(items[start : start + per_line]) for start in range(0, len(items), per_line)]
    return "[" + (",\n" + " " * (column + 1)).join(lines) + "]"


def _formatter(shown: np.ndarray) -> tuple[Callable[[Any], str], int]:
    """How each element is written, and its width in characters."""
    kind = shown.dtype.kind
    if kind == "c":
        return _complex_formatter(shown)
    values = shown.ravel().tolist()
    if kind == "f":
        return _float_formatter(values)
    width = max(map(len, map(str, values)))
    return (lambda value: str(value).rjust(width)), width


def _float_formatter(values: list[float]) -> tuple[Callable[[float], str], int]:
    """Whole numbers as ``2.``, else fixed digits; scientific when the finite values span too much.

    Only values that are finite and not zero choose form and width; nan, inf and 0 are fitted in.
    """
    numbers = [value for value in values if value and value - value == 0.0]
    if not numbers:
        return _whole(1), 1
    sizes = [abs(value) for value in numbers]
    least, most = min(sizes), max(sizes)
    scientific = OPTIONS.sci_mode
    if scientific is None:
        scientific = most / least > 1000.0 or most > 1.0e8 or least < 1.0e-4
    if scientific:
        template = f"%.{OPTIONS.precision}e"
    elif all(map(float.is_integer, numbers)):
        # The longest is found on the texts, as the sign counts too; the full stop adds one.
        width = max([len(f"{value:.0f}") for value in numbers]) + 1
        return _whole(width), width
    else:
        template = f"%.{OPTIONS.precision}f"
    width = max([len(template % value) for value in numbers])
    padded = template.replace("%", f"%{width}")
    return padded.__mod__, width


def _whole(width: int) -> Callable[[float], str]:
    """Floats that are whole: ``-2.``; nan and inf carry no full stop."""

    def one(value: float) -> str:
        text = f"{value:.0f}"
        return (text + "." if value - value == 0.0 else text).rjust(width)

    return one


def _complex_formatter(shown: np.ndarray) -> tuple[Callable[[complex], str], int]:
    """``real+imagj``, each part with a format of its own."""
    real, real_width = _float_formatter(shown.real.ravel().tolist())
    imag, imag_width = _float_formatter(shown.imag.ravel().tolist())

    def one(value: complex) -> str:
        imaginary = imag(value.imag).lstrip() + "j"
        return real(value.real) + (imaginary if imaginary[0] in "+-" else "+" + imaginary)

    return one, real_width + imag_width + 1
