"""Einstein's summation: ``einsum("ij,jk->ik", x, y)``, contracted pair by pair with the rows of the table."""

from __future__ import annotations

import functools
import math
from typing import Any

from ..mode import overridable
from ..ops import arithmetic, reduce, shape
from ..ops import linalg as rows
from ..tensor import Tensor

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


@overridable
def einsum(equation: str, *operands: Any) -> Tensor:
    """Products of the operands, summed over every subscript that the output does not name.

    Shapes: one letter for each dimension; a letter that occurs twice is one dimension; ``...`` stands for the rest.
    """
    if isinstance(equation, Tensor):
        equation, *operands = _from_lists([equation, *operands])
    if not isinstance(equation, str):
        raise TypeError(f"einsum(): the equation must be a string, not {type(equation).__name__}")
    tensors = list(operands[0]) if len(operands) == 1 and isinstance(operands[0], tuple | list) else list(operands)
    labels, order, kept = _parsed(equation, tuple([x._d.ndim for x in tensors]))
    _check_sizes(tensors, labels)
    return _contracted([_aligned(x, names, order) for x, names in zip(tensors, labels, strict=True)], kept)


def _from_lists(args: list[Any]) -> list[Any]:
    """``(x, [0, 1], y, [1, 2], [0, 2])`` as an equation and its operands."""

    def letters(subscripts: Any) -> str:
        out = ""
        for n in subscripts:
            if n is not ... and not 0 <= n < 52:
                raise ValueError("einsum(): subscript in subscript list is not within the valid range [0, 52)")
            out += "..." if n is ... else LETTERS[n]
        return out

    equation = ",".join(map(letters, args[1::2]))
    if len(args) % 2:
        return [f"{equation}->{letters(args[-1])}", *args[:-1:2]]
    return [equation, *args[::2]]


@functools.lru_cache(256)
def _parsed(equation: str, ndims: tuple[int, ...]) -> tuple[list[list[str]], list[str], int]:
    """A label for each dimension of each operand; all labels, those of the output first; how many these are."""
    left, arrow, right = equation.replace(" ", "").partition("->")
    for at, letter in enumerate(right.replace("...", "")):
        if letter not in LETTERS:
            raise _invalid(len(left) + 2 + at)
    inputs = left.split(",")
    _check_count(inputs, len(ndims))
    rest = max([n - len(s.replace("...", "")) for s, n in zip(inputs, ndims, strict=True) if "..." in s] or [0])
    dots = [f"...{i}" for i in range(rest)]  # labels of what the ellipsis covers
    labels = [_labels(s, n, i, dots) for i, (s, n) in enumerate(zip(inputs, ndims, strict=True))]
    output = _output(right, dots, labels) if arrow else _implied(dots, labels)
    return labels, output + sorted({n for names in labels for n in names} - set(output)), len(output)


def _check_count(inputs: list[str], count: int) -> None:
    if not count:
        raise ValueError("einsum(): must provide at least one operand")
    if len(inputs) != count:
        few = "fewer" if len(inputs) > count else "more"
        raise RuntimeError(f"einsum(): {few} operands were provided than specified in the equation")
    for i, names in enumerate(inputs):
        for letter in names.replace("...", "", 1):
            if letter == ".":
                raise RuntimeError(f"einsum(): found '.' for operand {i} that is not part of any ellipsis")
            if letter not in LETTERS:
                raise _invalid(sum(map(len, inputs[:i])) + i + names.index(letter))


def _invalid(at: int) -> RuntimeError:
    return RuntimeError(
        f"einsum(): invalid subscript given at index {at} in the equation string, subscripts must be in [a-zA-Z]"
    )


def _labels(names: str, ndim: int, i: int, dots: list[str]) -> list[str]:
    """A label for each dimension of operand i."""
    before, ellipsis, after = names.partition("...")
    count = ndim - len(before) - len(after)
    if count < 0 or (count and not ellipsis):
        more = "is more than" if ellipsis else "does not match"
        tail = "" if ellipsis else " and no ellipsis was given"
        raise RuntimeError(
            f"einsum(): the number of subscripts in the equation ({len(before) + len(after)}) {more} the number of "
            f"dimensions ({ndim}) for operand {i}{tail}"
        )
    return [*before, *dots[len(dots) - count :], *after] if ellipsis else list(before)


def _output(right: str, dots: list[str], labels: list[list[str]]) -> list[str]:
    before, ellipsis, after = right.partition("...")
    output = [*before, *(dots if ellipsis else ()), *after]
    known = {n for names in labels for n in names}
    for n in output:
        if output.count(n) > 1:
            raise RuntimeError(f"einsum(): output subscript {n} appears more than once in the output")
        if n not in known and n not in dots:
            raise RuntimeError(f"einsum(): output subscript {n} does not appear in the equation for any input operand")
    return output


def _implied(dots: list[str], labels: list[list[str]]) -> list[str]:
    """Without an arrow: what the ellipsis covers, then the letters that occur once, in order of the alphabet."""
    flat = [n for names in labels for n in names]
    return dots + sorted(n for n in set(flat) if flat.count(n) == 1 and n not in dots)


def _check_sizes(tensors: list[Tensor], labels: list[list[str]]) -> None:
    seen: dict[str, int] = {}
    for i, (x, names) in enumerate(zip(tensors, labels, strict=True)):
        for n, size in zip(names, x._d.shape, strict=True):
            before = seen.get(n, 1)
            if size != before and 1 not in (size, before):
                raise RuntimeError(
                    f"einsum(): subscript {n} has size {size} for operand {i} which does not broadcast with previously "
                    f"seen size {before}"
                )
            seen[n] = max(size, before)


def _aligned(x: Tensor, names: list[str], order: list[str]) -> Tensor:
    """``x`` with a dimension for each label of ``order``, of size 1 where it has none; repeated ones: the diagonal."""
    names = list(names)
    while len(set(names)) < len(names):
        twice = next(n for n in names if names.count(n) > 1)
        first = names.index(twice)
        second = names.index(twice, first + 1)
        x = shape.diagonal(x, 0, first, second)
        names.pop(second)
        last = len(names) - 1
        x = shape.permute(x, (*range(first), last, *range(first, last)))  # back to where the first of them was
    for n in order:
        if n not in names:
            x, names = shape.unsqueeze(x, len(names)), [*names, n]
    return _permuted(x, tuple([names.index(n) for n in order]))


def _permuted(x: Tensor, dims: tuple[int, ...]) -> Tensor:
    return shape.permute(x, dims)  # also where that changes nothing, so that graphs are PyTorch's


def _shaped(x: Tensor, sizes: tuple[int, ...]) -> Tensor:
    return x if x._d.shape == sizes else shape.reshaped(x, sizes)


def _contracted(operands: list[Tensor], kept: int) -> Tensor:
    """The operands, aligned, multiplied from left to right and summed over all dimensions from ``kept`` on."""
    n = operands[0]._d.ndim
    if len(operands) == 1:
        return reduce.sum(operands[0], tuple(range(kept, n)), False) if kept < n else operands[0]
    out = operands[0]
    waiting = set(range(kept, n))
    for i, x in enumerate(operands[1:], 1):
        later = operands[i + 1 :]
        over = [d for d in sorted(waiting) if all(y._d.shape[d] == 1 for y in later)]
        waiting -= set(over)
        out = _pair(out, x, over)
    return _shaped(out, out._d.shape[:kept])


def _pair(x: Tensor, y: Tensor, over: list[int]) -> Tensor:
    """Σ x·y over the dimensions ``over``, which stay as ones: as one product of batches of matrices."""
    single_x = [d for d in over if x._d.shape[d] != 1 and y._d.shape[d] == 1]
    single_y = [d for d in over if y._d.shape[d] != 1 and x._d.shape[d] == 1]
    x = reduce.sum(x, tuple(single_x), True) if single_x else x
    y = reduce.sum(y, tuple(single_y), True) if single_y else y
    a, b = x._d.shape, y._d.shape
    over = [d for d in over if a[d] != 1 and b[d] != 1]
    if not over:
        return arithmetic.mul(x, y)
    rest = [d for d in range(len(a)) if d not in over]
    both = [d for d in rest if a[d] != 1 and b[d] != 1]
    mine = [d for d in rest if d not in both and a[d] != 1]
    theirs = [d for d in rest if d not in both and a[d] == 1]
    batch, rows_, inner, columns = (
        math.prod(a[d] for d in both), math.prod(a[d] for d in mine), math.prod(a[d] for d in over),
        math.prod(b[d] for d in theirs),
    )  # fmt: skip
    left = _shaped(_permuted(x, (*both, *mine, *over, *theirs)), (batch, rows_, inner))
    right = _shaped(_permuted(y, (*both, *over, *theirs, *mine)), (batch, inner, columns))
    sizes = [*(a[d] for d in both), *(a[d] for d in mine), *(b[d] for d in theirs), *(1 for _ in over)]
    out = _shaped(rows.bmm(left, right), tuple(sizes))
    order = [*both, *mine, *theirs, *over]
    return _permuted(out, tuple([order.index(d) for d in range(len(order))]))
