"""Matrices of derivatives for ``gradcheck``: by differences, by a backward pass, by forward mode.

All are as PyTorch's: a row for each entry of the input, a column for each entry of the output.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from ..tensor import Tensor, box, wrap
from . import forward_ad, grad


def as_tuple(value: Any) -> tuple[Any, ...]:
    """``value`` as a tuple."""
    return value if isinstance(value, tuple) else tuple(value) if isinstance(value, list) else (value,)


def differentiable(inputs: Sequence[Any]) -> list[Tensor]:
    """The tensors among ``inputs`` that want a gradient."""
    return [t for t in inputs if isinstance(t, Tensor) and t.requires_grad]


def array(t: Tensor) -> Any:
    """A copy of the values of ``t``, flat."""
    return np.array(t.detach()._d).reshape(-1)


def differences(func: Callable[..., Any], inputs: Sequence[Any], eps: float) -> list[list[Any]]:
    """For each input that wants a gradient and each output, ``(f(x + eps) - f(x - eps)) / 2 eps`` entry by entry.

    Of a complex input: the derivative by its real part plus i times that by its imaginary part.
    Errors: AssertionError if the outputs change shape or dtype with the inputs.
    """
    found = []
    for t in differentiable(inputs):
        memory = box(t)
        columns: list[list[Any]] = []
        for place in np.ndindex(memory.shape):
            column = _one(func, inputs, memory, place, eps)
            if memory.dtype.kind == "c":
                column = [a + 1j * b for a, b in zip(column, _one(func, inputs, memory, place, 1j * eps), strict=True)]
            columns.append(column)
        outputs = len(columns[0]) if columns else len(as_tuple(func(*inputs)))
        sizes = [o.numel() for o in as_tuple(func(*inputs))] if not columns else []
        found.append(
            [np.array([c[j] for c in columns]) if columns else np.zeros((0, sizes[j])) for j in range(outputs)]
        )
    return found


def _one(func: Callable[..., Any], inputs: Sequence[Any], memory: Any, place: Any, step: Any) -> list[Any]:
    before = memory[place]
    size = abs(step)
    results = []
    for at in (before - step, before + step):
        memory[place] = at
        try:
            results.append([(array(o), o.shape, o.dtype) for o in as_tuple(func(*inputs))])
        finally:
            memory[place] = before
    for (_, shape, dtype), (_, shape_after, dtype_after) in zip(*results, strict=True):
        changed = f"when inputs are perturbed on index {place} by {size}, but got:"
        if shape != shape_after:
            raise AssertionError(
                f"Expected `func` to return outputs with the same shape {changed} shapes {shape} and {shape_after}."
            )
        if dtype != dtype_after:
            raise AssertionError(
                f"Expected `func` to return outputs with the same dtype {changed} dtypes {dtype} and {dtype_after}."
            )
    return [(b - a) / (2 * size) for (a, _, _), (b, _, _) in zip(*results, strict=True)]


def directional(func: Callable[..., Any], inputs: Sequence[Any], t: Tensor, along: Any, eps: float) -> list[Any]:
    """The derivative of each output along a direction in the input ``t``, by differences."""
    memory = box(t)
    before = memory.copy()
    results = []
    for sign in (-1, 1):
        memory[...] = before + sign * eps * along.reshape(memory.shape)
        try:
            results.append([array(o) for o in as_tuple(func(*inputs))])
        finally:
            memory[...] = before
    return [(b - a) / (2 * eps) for a, b in zip(*results, strict=True)]


def _units(output: Tensor) -> Iterator[Tensor]:
    for i in range(output.numel()):
        unit = np.zeros(output.numel(), output._d.dtype)
        unit[i] = 1
        yield wrap(unit.reshape(output._d.shape))


def backward_rows(output: Tensor, inputs: Sequence[Tensor], vectors: Sequence[Tensor] | None = None) -> list[list[Any]]:
    """For each input, the gradients of each entry of ``output`` (or of each vector's product), None where undefined."""
    rows: list[list[Any]] = [[] for _ in inputs]
    for unit in _units(output) if vectors is None else vectors:
        for row, g in zip(rows, grad(output, inputs, unit, retain_graph=True, allow_unused=True), strict=True):
            row.append(None if g is None else wrap(np.array(g._d)))
    return rows


def stacked(rows: Sequence[Any], t: Tensor) -> tuple[Any, bool, bool]:
    """The matrix of such gradients, and whether all have the input's shape, and its dtype."""
    matrix = np.zeros((t.numel(), len(rows)), t._d.dtype)
    shapes = dtypes = True
    for j, g in enumerate(rows):
        if g is None:
            continue
        if g._d.shape != t._d.shape:
            shapes = False
        elif g._d.dtype is not t._d.dtype:
            dtypes = False
        if g.numel() != len(matrix):
            raise AssertionError(
                f"Expected out_jacobian column to have {g.numel()} elements, but got {len(matrix)}"
            )  # fmt: skip
        matrix[:, j] = array(g)
    return matrix, shapes, dtypes


def forward_columns(func: Callable[..., Any], inputs: Sequence[Any], along: Sequence[Any] | None = None) -> list[Any]:
    """For each input and output the derivative by forward mode: along each entry, or along one direction per input."""
    found = []
    for number, t in enumerate(differentiable(inputs)):
        directions = np.eye(t.numel(), dtype=t._d.dtype) if along is None else [along[number]]
        rows: list[list[Any]] = []
        for direction in directions:
            with forward_ad.dual_level():
                duals = [_dual(each, direction if each is t else None) for each in inputs]
                outputs = [o for o in as_tuple(func(*duals)) if o.is_floating_point() or o.is_complex()]
                rows.append([_tangent(o) for o in outputs])
        found.append([np.array([row[j] for row in rows]) for j in range(len(rows[0]) if rows else 0)])
    return found


def _dual(t: Any, direction: Any) -> Any:
    if not isinstance(t, Tensor) or not t.requires_grad:
        return t
    values = np.zeros(t._d.shape, t._d.dtype) if direction is None else direction.reshape(t._d.shape)
    return forward_ad.make_dual(t.detach(), wrap(np.array(values, t._d.dtype)))


def _tangent(o: Any) -> Any:
    primal, tangent = forward_ad.unpack_dual(o)
    return np.zeros(primal.numel(), primal._d.dtype) if tangent is None else array(tangent)
