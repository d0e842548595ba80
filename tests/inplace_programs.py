"""Random programs of views, writes and reads, on any library with PyTorch's API, and what they leave behind."""

from __future__ import annotations

import random
from typing import Any

import numpy as np

Program = list[tuple[Any, ...]]


def make(seed: int, length: int = 8) -> Program:
    """A program: each line names an operation, the tensor it works on (by a number to be reduced), and arguments."""
    rng = random.Random(seed)
    lines: Program = []
    for _ in range(length):
        kind = rng.choices(("view", "write", "set", "out", "pair", "quiet"), (6, 5, 6, 4, 2, 1))[0]
        lines.append((kind, rng.randrange(1000), rng.randrange(10**9)))
    return lines


class Run:
    """One run of a program: its tensors, and a log of what could be seen after each line."""

    def __init__(self, lib: Any, program: Program, shape: tuple[int, ...] = (3, 4)) -> None:
        self.lib, self.log = lib, []
        values = np.random.default_rng(1).uniform(0.4, 1.6, (4, *shape))
        self.leaves = [
            lib.tensor(values[0].tolist(), dtype=lib.float64, requires_grad=True),
            lib.tensor(values[1][0].tolist(), dtype=lib.float64, requires_grad=True),
            lib.tensor(1.25, dtype=lib.float64, requires_grad=True),
        ]
        self.tensors = [self.leaves[0] * 1, self.leaves[1] * 1, lib.tensor(values[2].tolist(), dtype=lib.float64)]
        for kind, which, seed in program:
            self._line(kind, which, random.Random(seed))
        self._finish()

    def _line(self, kind: str, which: int, rng: random.Random) -> None:
        t = self.tensors[which % len(self.tensors)]
        if kind in ("write", "set") and t.numel() and 0 in t.stride():
            return  # expanded: what PyTorch allows there is an accident
        try:
            result = getattr(self, kind)(t, rng)
        except Exception as error:
            self.log.append((kind, type(error).__name__, str(error).split("\n")[0]))
            return
        if result is not None:
            self.tensors.append(result)
        self.log.append((kind, self._seen()))

    def _seen(self) -> list[Any]:
        return [(tuple(t.shape), rounded(t), t._version, t.requires_grad, name(t)) for t in self.tensors]

    def view(self, t: Any, rng: random.Random) -> Any:
        """A view of ``t``."""
        ways = [
            lambda: t[index(rng, t.shape)],
            lambda: t.transpose(0, -1),
            lambda: t.reshape(-1),
            lambda: t.unsqueeze(rng.randint(0, t.dim())),
            lambda: t.view(-1),
            lambda: t.squeeze(),
            lambda: t.expand(2, *t.shape),
            lambda: t.diagonal() if t.dim() == 2 else t[None],
            lambda: t.flatten(),
            lambda: t.narrow(0, 1, 1),
        ]
        return rng.choice(ways)()

    def write(self, t: Any, rng: random.Random) -> None:
        """An in-place operation."""
        v = self._operand(t, rng)
        rng.choice([
            lambda: t.mul_(2.0),
            lambda: t.mul_(v),
            lambda: t.add_(v),
            lambda: t.sub_(0.25),
            lambda: t.div_(v),
            lambda: t.tanh_(),
            lambda: t.exp_(),
            lambda: t.copy_(v),
            lambda: t.fill_(0.5),
            lambda: t.fill_(self.leaves[2]),
            lambda: t.zero_(),
            lambda: t.neg_(),
            lambda: t.masked_fill_(t > 0.9, 0.75),
        ])()  # fmt: skip

    def set(self, t: Any, rng: random.Random) -> None:
        """``t[...] = value``, or an operator written into a part."""
        i = index(rng, t.shape, self.lib)
        way = rng.randrange(4)
        if way == 0:
            t[i] = rng.choice([0.5, 2])
        elif way == 1:
            t[i] = self.leaves[2]
        elif way == 2:
            t[i] = self._operand(t[i], rng)
        else:
            t[i] *= rng.choice([2.0, self.leaves[2] if t.requires_grad else 3.0])

    def out(self, t: Any, rng: random.Random) -> Any:
        """Something new, computed from ``t``."""
        return rng.choice([
            lambda: t * 2, lambda: t * t, lambda: t.sin(), lambda: t.clone(), lambda: t.exp(), lambda: t.sum(),
            lambda: t[index(rng, t.shape, self.lib)] * 1.5,
        ])()  # fmt: skip

    def pair(self, t: Any, rng: random.Random) -> Any:
        """Two of the tensors together."""
        return t * rng.choice(self.tensors)

    def quiet(self, t: Any, rng: random.Random) -> None:
        """A write that is not recorded."""
        with self.lib.no_grad():
            t[index(rng, t.shape, self.lib)] = 1.125

    def _operand(self, t: Any, rng: random.Random) -> Any:
        return rng.choice([self.leaves[1], self.leaves[2], rng.choice(self.tensors), t])

    def _finish(self) -> None:
        wanting = [t for t in self.tensors if t.requires_grad]
        lib = self.lib
        try:
            loss = sum(((t * t).sum() for t in wanting), lib.tensor(0.0, dtype=lib.float64))
            first = lib.autograd.grad(loss, self.leaves, allow_unused=True, create_graph=True)
            self.log.append([None if g is None else rounded(g) for g in first])
            scalars = [(g * g).sum() for g in first if g is not None and g.requires_grad]
            if scalars:
                second = lib.autograd.grad(sum(scalars[1:], scalars[0]), self.leaves, allow_unused=True)
                self.log.append([None if g is None else rounded(g) for g in second])
        except RuntimeError as error:
            self.log.append(_plain(str(error)))


def index(rng: random.Random, shape: Any, lib: Any = None) -> Any:
    """A random index for ``shape``; with index arrays and masks where ``lib`` is given."""
    items: list[Any] = []
    for n in shape:
        kind = rng.randrange(10 if lib is not None else 7)
        if kind < 3:
            items.append(rng.randrange(-n, n) if n else slice(None))
        elif kind < 6:
            start = rng.randint(-n, n)
            items.append(slice(start, rng.choice([None, rng.randint(-n, n)]), rng.choice([None, 1, 2])))
        elif kind == 6:
            items += [None] if rng.random() < 0.3 else [slice(None)]
        elif kind == 7 and n:
            items.append([rng.randrange(-n, n) for _ in range(2)])
        elif kind == 8 and n:
            items.append(lib.tensor([rng.random() < 0.6 for _ in range(n)]))
        elif n:
            items.append(lib.tensor([[rng.randrange(shape[-1])], [0]]) if n == shape[-1] else [0])
    items = items[: rng.randint(0, len(items))]
    if rng.random() < 0.15:
        items.insert(rng.randint(0, len(items)), Ellipsis)
    return items[0] if len(items) == 1 and rng.random() < 0.5 else tuple(items)


def rounded(t: Any) -> str:
    """The values of ``t`` to 6 digits."""
    return " ".join(f"{v:.6g}" if abs(v) > 1e-12 else "0" for v in t.detach().numpy().ravel().tolist())


def _plain(message: str) -> str:
    """A message without what PyTorch finds out about the tensor that was modified."""
    return "modified by an inplace operation" if "modified by an inplace operation" in message else message


def name(t: Any) -> str:
    """The name of the node of ``t``, or the error in its place."""
    try:
        return t.grad_fn.name() if t.grad_fn is not None else ""
    except RuntimeError:
        return "ForbiddenView"
