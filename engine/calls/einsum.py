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
    aligned, pairs, last = _planned(equation, tuple([x._d.shape for x in tensors]))
    out, *others = [_run(steps, x) for steps, x in zip(aligned, tensors, strict=True)]
    for x, (left, right, product, after) in zip(others, pairs, strict=True):
        out = _run(after, product(_run(left, out), _run(right, x)))
    return _run(last, out)


Steps = list[tuple[Any, tuple[Any, ...]]]  # rows, each with its arguments after the tensor
Shape = tuple[int, ...]


def _run(steps: Steps, x: Tensor) -> Tensor:
    for row, args in steps:
        x = row(x, *args)
    return x


@functools.lru_cache(256)
def _planned(equation: str, shapes: tuple[Shape, ...]) -> tuple[list[Steps], list[Any], Steps]:
    """What to do with operands of these shapes: with each alone, with each further one and what is there, at last."""
    labels, order, kept = _parsed(equation, tuple(map(len, shapes)))
    _check_sizes(shapes, labels)
    aligned, sizes = zip(*[_aligned(s, names, order) for s, names in zip(shapes, labels, strict=True)], strict=True)
    pairs, last = _contracted(list(sizes), kept)
    return list(aligned), pairs, last


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


def _check_sizes(shapes: tuple[Shape, ...], labels: list[list[str]]) -> None:
    seen: dict[str, int] = {}
    for i, (sizes, names) in enumerate(zip(shapes, labels, strict=True)):
        own: dict[str, int] = {}
        for n, size in zip(names, sizes, strict=True):
            if own.setdefault(n, size) != size:
                raise RuntimeError(
                    f"einsum(): subscript {n} is repeated for operand {i} but the sizes don't match, {size} != {own[n]}"
                )
            before = seen.get(n, 1)
            if size != before and 1 not in (size, before):
                raise RuntimeError(
                    f"einsum(): subscript {n} has size {size} for operand {i} which does not broadcast with previously "
                    f"seen size {before}"
                )
            seen[n] = max(size, before)


def _aligned(sizes: Shape, names: list[str], order: list[str]) -> tuple[Steps, Shape]:
    """An operand with a dimension for each label of ``order``, 1 where it has none; repeated ones: the diagonal.

    Permutations are recorded also where they change nothing, so that graphs are PyTorch's.
    """
    names, steps, size_of = list(names), Steps(), dict(zip(names, sizes, strict=True))
    while len(set(names)) < len(names):
        twice = next(n for n in names if names.count(n) > 1)
        first = names.index(twice)
        second = names.index(twice, first + 1)
        names.pop(second)
        last = len(names) - 1  # the diagonal goes back to where the first of them was
        steps.append((shape.diagonal, (0, first, second)))
        steps.append((shape.permute, ((*range(first), last, *range(first, last)),)))
    for n in order:
        if n not in names:
            steps.append((shape.unsqueeze, (len(names),)))
            names.append(n)
    steps.append((shape.permute, (tuple([names.index(n) for n in order]),)))
    return steps, tuple([size_of.get(n, 1) for n in order])


def _contracted(operands: list[Shape], kept: int) -> tuple[list[Any], Steps]:
    """Products of aligned operands from left to right, summed over all dimensions from ``kept`` on."""
    out, n = operands[0], len(operands[0])
    if len(operands) == 1:
        return [], [(reduce.sum, (tuple(range(kept, n)), False))] if kept < n else []
    waiting, pairs = set(range(kept, n)), []
    for i, x in enumerate(operands[1:], 1):
        over = [d for d in sorted(waiting) if all(y[d] == 1 for y in operands[i + 1 :])]
        waiting -= set(over)
        *plan, out = _pair(out, x, over)
        pairs.append(plan)
    return pairs, [(shape.reshaped, (out[:kept],))] if kept < n else []


def _pair(a: Shape, b: Shape, over: list[int]) -> tuple[Steps, Steps, Any, Steps, Shape]:
    """Σ x·y over the dimensions ``over``, which stay as ones: as one product of batches of matrices."""
    left, right = Steps(), Steps()
    for steps, own, other in ((left, a, b), (right, b, a)):
        single = tuple([d for d in over if own[d] != 1 and other[d] == 1])
        if single:
            steps.append((reduce.sum, (single, True)))
    summed = set(over)
    a, b = (tuple([1 if d in summed and 1 in (a[d], b[d]) else s[d] for d in range(len(s))]) for s in (a, b))
    over = [d for d in over if a[d] != 1]
    if not over:
        return left, right, arithmetic.mul, [], _broadcast(a, b)
    rest = [d for d in range(len(a)) if d not in over]
    both = [d for d in rest if a[d] != 1 and b[d] != 1]
    mine = [d for d in rest if d not in both and a[d] != 1]
    theirs = [d for d in rest if d not in both and a[d] == 1]
    batch, rows_, inner, columns = (
        math.prod(a[d] for d in both), math.prod(a[d] for d in mine), math.prod(a[d] for d in over),
        math.prod(b[d] for d in theirs),
    )  # fmt: skip
    left += [(shape.permute, ((*both, *mine, *over, *theirs),)), (shape.reshaped, ((batch, rows_, inner),))]
    right += [(shape.permute, ((*both, *over, *theirs, *mine),)), (shape.reshaped, ((batch, inner, columns),))]
    sizes = (*(a[d] for d in both), *(a[d] for d in mine), *(b[d] for d in theirs), *(1 for _ in over))
    order = [*both, *mine, *theirs, *over]
    back = tuple([order.index(d) for d in range(len(order))])
    after: Steps = [(shape.reshaped, (sizes,)), (shape.permute, (back,))]
    return left, right, rows.bmm, after, tuple([sizes[i] for i in back])


def _broadcast(a: Shape, b: Shape) -> Shape:
    return tuple([n if m == 1 else m for m, n in zip(a, b, strict=True)])


FUNCTIONS = {"einsum": einsum}
METHODS: dict[str, Any] = {}
IN_PLACE: dict[str, Any] = {}
