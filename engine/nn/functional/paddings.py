"""``pad``: with a number, or with the elements that are there.

Source of the errors: ``aten/src/ATen/native/PadNd.cpp``, ``ReflectionPad.cpp``, ``Padding.h``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ... import errors
from ...mode import overridable
from ...ops import padding as _padding  # noqa: F401  fills the table
from ...ops.resample import Taps
from ...table.kernel import PUBLIC
from ...tensor import Tensor


@overridable
def constant_pad_nd(input: Tensor, pad: Sequence[int], value: float = 0) -> Tensor:
    """``input`` with ``value`` around it; ``pad`` is (before, after) of the last dimension, of the one before, ..."""
    pad = tuple(pad)
    if len(pad) % 2:
        raise RuntimeError(f"Length of pad must be even but instead it equals {len(pad)}")
    dims = input.dim()
    if len(pad) > 2 * dims:
        raise RuntimeError(
            "Length of pad should be no more than twice the number of dimensions of the input. Pad length is "
            f"{len(pad)} while the input has {dims} dimensions."
        )
    for i in range(len(pad) // 2):
        n, low, high = input._d.shape[dims - 1 - i], pad[2 * i], pad[2 * i + 1]
        if n + min(low, 0) + min(high, 0) < 0:
            raise RuntimeError("narrow(): length must be non-negative.")
        if n + low + high < 0:
            raise RuntimeError(
                f"The input size {n}, plus negative padding {low} and {high} resulted in a negative output size, which "
                f"is invalid. Check dimension {dims - 1 - i} of your input."
            )
    return PUBLIC["constant_pad_nd"](input, pad, value)


def _reflected(n: int, low: int, high: int) -> np.ndarray[Any, Any]:
    at = np.abs(np.arange(-low, n + high))
    return np.where(at >= n, 2 * (n - 1) - at, at)


def _replicated(n: int, low: int, high: int) -> np.ndarray[Any, Any]:
    return np.clip(np.arange(-low, n + high), 0, n - 1)


def _checked(name: str, input: Tensor, pad: tuple[int, ...]) -> None:
    """PyTorch's errors for padding with elements that are not there."""
    dims, shape = len(pad) // 2, list(input.shape)
    sizes = shape[-dims:]
    batched = input.dim() == dims + 2
    if 0 in shape[1 if batched else 0 :]:
        raise RuntimeError(
            f"Expected {dims + 1}D or {dims + 2}D (batch mode) tensor with possibly 0 batch size and other non-zero "
            f"dimensions for input, but got: {shape}"
        )
    for i, n in enumerate(reversed(sizes)):
        low, high = pad[2 * i], pad[2 * i + 1]
        if name == "reflection" and (low >= n or high >= n):
            raise RuntimeError(
                f"Argument #{4 + 2 * i}: Padding size should be less than the corresponding input dimension, but got: "
                f"padding ({low}, {high}) at dimension {len(shape) - 1 - i} of input {shape}"
            )
    out = [n + pad[2 * (dims - 1 - i)] + pad[2 * (dims - 1 - i) + 1] for i, n in enumerate(sizes)]
    if min(out) < 0:
        raise RuntimeError(f"Trying to create tensor with negative dimension {min(out)}: {[*shape[:-dims], *out]}")
    if max(out) < 1:
        letters = "DHW"[3 - dims :]
        had, got = (" ".join(f"{c}: {n}" for c, n in zip(letters, ns, strict=True)) for ns in (sizes, out))
        raise RuntimeError(f"input ({had}) is too small. Calculated output {got}")
    if input._d.dtype.kind == "b":
        raise errors.not_implemented(f"{name}_pad{dims}d", input._d.dtype)


def _by_elements(name: str, input: Tensor, pad: tuple[int, ...]) -> Tensor:
    _checked(name, input, pad)
    place = _reflected if name == "reflection" else _replicated
    sizes = input._d.shape
    taps = []
    for i in reversed(range(len(pad) // 2)):
        n = sizes[-1 - i]
        taps.append(Taps(n, place(n, pad[2 * i], pad[2 * i + 1])[:, None], None))
    return PUBLIC[f"resample_{name}pad{len(taps)}d"](input, tuple(taps))


def _circular(input: Tensor, pad: tuple[int, ...]) -> Tensor:
    """Around and in again; recorded as PyTorch does it, by copies into a new tensor."""
    dims = len(pad) // 2
    shape = list(input.shape)
    for i in range(dims):
        n, low, high = shape[-1 - i], pad[2 * i], pad[2 * i + 1]
        # where one side is cut off, PyTorch reads memory that nobody has written once the other needs more than is left
        if low > n + min(high, 0) or high > n + min(low, 0):
            raise RuntimeError("Padding value causes wrapping around more than once.")
        if n + low + high < 0:
            raise RuntimeError("Negative padding value is resulting in an empty dimension")
        shape[-1 - i] = n + low + high
    out = input.new_empty(shape)

    def part(start: int, stop: int, axis: int) -> tuple[Any, ...]:
        return (..., slice(start, stop), *[slice(None)] * (-1 - axis))

    inner, outer = [], []
    for i in reversed(range(dims)):
        low, high = pad[2 * i], pad[2 * i + 1]
        inner.append(slice(max(-low, 0), input.size(-1 - i) - max(-high, 0)))
        outer.append(slice(max(low, 0), shape[-1 - i] - max(high, 0)))
    out[(..., *outer)] = input[(..., *inner)]
    for i in reversed(range(dims)):
        axis, n = -1 - i, shape[-1 - i]
        low, high = pad[2 * i], pad[2 * i + 1]
        if low > 0:
            out[part(0, low, axis)] = out[part(n - low - max(high, 0), n - max(high, 0), axis)]
        if high > 0:
            out[part(n - high, n, axis)] = out[part(max(low, 0), max(low, 0) + high, axis)]
    return out


@overridable
def pad(input: Tensor, pad: Sequence[int], mode: str = "constant", value: float | None = None) -> Tensor:
    """``input`` with more around it; ``pad`` has (before, after) of the last dimension, of the one before it, ...

    mode: "constant" (``value``), "reflect", "replicate" or "circular"; negative numbers cut off.
    """
    if mode not in ("constant", "reflect", "replicate", "circular"):
        raise NotImplementedError(f"Unrecognised padding mode {mode}")
    pad = tuple(pad)
    if len(pad) % 2:
        raise RuntimeError("Padding length must be divisible by 2")
    if len(pad) > 2 * input.dim():
        raise RuntimeError(
            "Padding length should be less than or equal to two times the input dimension but got padding length "
            f"{len(pad)} and input of dimension {input.dim()}"
        )
    if mode == "constant":
        return constant_pad_nd(input, pad, value or 0)
    if value:
        raise RuntimeError(f'Padding mode "{mode}" doesn\'t take in value argument')
    if len(pad) not in (2, 4, 6) or input.dim() - len(pad) // 2 not in (1, 2):
        raise NotImplementedError(f"Padding size {len(pad)} is not supported for {input.dim()}D input tensor.")
    if mode == "circular":
        return _circular(input, pad)
    return _by_elements("reflection" if mode == "reflect" else "replication", input, pad)
