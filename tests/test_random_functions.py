"""Random programs with everything that autograd has: gradients, hooks in their order and errors are PyTorch's.

Custom functions that save, return None, write in place or have several outputs; hooks on tensors, nodes and outputs;
``retain_grad``; writes into tensors and views; hooks on what is saved; checkpoints; every kind of pass.
"""

from __future__ import annotations

import importlib
import random
import re
import warnings
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

import engine

PROGRAMS = 25  # for each of the seeds below


def functions(T: ModuleType) -> dict[str, Any]:
    """Custom functions of a library."""

    def make(forward: Callable[..., Any], backward: Callable[..., Any], **more: Any) -> Any:
        both = {"forward": staticmethod(forward), "backward": staticmethod(backward)}
        return type("F", (T.autograd.Function,), both | more).apply

    def scale(ctx: Any, x: Any, n: Any) -> Any:
        ctx.save_for_backward(x)
        ctx.n = n
        return x * n

    def pair(ctx: Any, x: Any, y: Any) -> Any:
        product = x * y
        ctx.save_for_backward(x, y, product)
        return product, x + y

    def pair_back(ctx: Any, g: Any, h: Any) -> Any:
        x, y, _ = ctx.saved_tensors
        return g * y + h, g * x + h

    def write(ctx: Any, x: Any) -> Any:
        x.mul_(2)
        ctx.mark_dirty(x)
        return x

    def bare(ctx: Any, inputs: Any, output: Any) -> None:
        ctx.set_materialize_grads(False)

    return {
        "scale": make(scale, lambda ctx, g: (g * ctx.n + 0 * ctx.saved_tensors[0], None)),
        "pair": make(pair, pair_back),
        "bare": make(
            lambda x, y: (x * 2, y * 3),
            lambda ctx, g, h: (None if g is None else 2 * g, None if h is None else 3 * h),
            setup_context=staticmethod(bare),
        ),
        "nothing": make(lambda ctx, x: x * 5, lambda ctx, g: None),
        "write": make(write, lambda ctx, g: g * 2),
    }


class Program:
    """One random program, run on a library; ``log`` has what its hooks were told."""

    def __init__(self, T: ModuleType, seed: int) -> None:
        self.T, self.random, self.log = T, random.Random(seed), []
        self.of = functions(T)
        self.leaves = [
            T.tensor([self.random.uniform(-1, 1) for _ in range(3)], dtype=T.float64, requires_grad=True)
            for _ in range(3)
        ]
        self.tensors = list(self.leaves)

    log: list[Any]

    def hook(self, number: int) -> Callable[[Any], Any]:
        """A hook on a tensor that notes its gradient, and changes it where the number is even."""

        def hook(g: Any) -> Any:
            self.log.append((number, plain(g)))
            return None if g is None or number % 2 else g * 1.5

        return hook

    def node_hook(self, number: int) -> Callable[..., None]:
        """A hook on a node that notes what it is given."""
        return lambda *given: self.log.append((number, [[plain(g) for g in each] for each in given]))

    def step(self, number: int) -> list[Any]:
        """One random operation; the tensors that it makes."""
        T, R, of = self.T, self.random, self.of
        kind = R.randint(0, 19)
        a, b = R.choice(self.tensors), R.choice(self.tensors)
        chance = R.random()
        if kind < 8:
            return [
                lambda: [a * b], lambda: [a + b], lambda: [a.tanh()], lambda: [of["scale"](a, 2)],
                lambda: list(of["pair"](a, b)), lambda: list(of["bare"](a, b)),
                lambda: [of["nothing"](a) + (b if chance < 0.7 else 0)], lambda: [of["write"](a * 1)],
            ][kind]()  # fmt: skip
        if kind < 12:
            return self.parts(kind, a, b, chance)
        if kind < 17:
            self.hooks(kind, number, a)
            return []
        if kind == 17:
            checkpoint = importlib.import_module(T.__name__ + ".utils.checkpoint").checkpoint
            return [checkpoint(lambda u, v: (u * v).sin() * u, a, b, use_reentrant=False)]
        if kind == 18:
            with T.autograd.graph.saved_tensors_hooks(lambda t: t.detach().clone(), lambda t: t):
                return [(a * b).sin() * a]
        return [a.detach() * b if chance < 0.5 else a * b.sum()]

    def parts(self, kind: int, a: Any, b: Any, chance: float) -> list[Any]:
        """Writes, views and operations with several outputs."""
        if kind == 8:
            if a.grad_fn is not None:
                a.add_(b) if chance < 0.5 else a.mul_(b.detach())
            return []
        if kind == 9:
            first, second = (a * b).split([1, 2])
            return [self.T.cat([second, first])]
        if kind == 10:
            p = (a * 2).unbind()
            return [self.T.stack([p[0], p[2], p[0]])]
        z = a * 1
        z[0:2].mul_(b[1:3])
        return [z]

    def hooks(self, kind: int, number: int, a: Any) -> None:
        """Hooks on a tensor or its node."""
        if kind == 12:
            a.register_hook(self.hook(number))
        elif kind == 13 and a.grad_fn is None:
            a.register_post_accumulate_grad_hook(lambda t: self.log.append((number, plain(t.grad))))
        elif a.grad_fn is not None:
            if kind == 16:
                a.retain_grad()
            elif kind == 15:
                a.grad_fn.register_prehook(self.node_hook(number))
            else:
                a.grad_fn.register_hook(self.node_hook(number))

    def differentiate(self) -> list[Any]:
        """One random kind of pass; the gradients that it gives."""
        T, R = self.T, self.random
        outputs = [t for t in self.tensors if t.grad_fn is not None][-3:]
        if not outputs:
            return []
        y = sum((o * o).sum() for o in outputs)
        kind = R.randint(0, 5)
        found: list[Any] = []
        if kind < 2:
            y.backward(retain_graph=kind == 1)
            if kind:
                y.backward()
        elif kind == 2:
            chosen = [t for t in (R.choice(self.tensors), R.choice(self.tensors)) if t.requires_grad]
            if chosen:
                y.backward(inputs=chosen)
            found += [t.grad for t in chosen]
        elif kind == 3:
            found += T.autograd.grad(y, [t for t in self.tensors if t.requires_grad], allow_unused=True)
        else:
            if kind == 4:
                first = T.autograd.grad(y, self.leaves, create_graph=True, allow_unused=True)
            else:
                y.backward(create_graph=True)
                first = [t.grad for t in self.leaves]
            found += first
            again = [g for g in first if g is not None and g.requires_grad]
            if again:
                total = sum((g * g).sum() for g in again)
                found += T.autograd.grad(total, self.leaves, allow_unused=True)
        return [*found, *(t.grad for t in self.leaves)]

    def run(self) -> tuple[Any, ...]:
        """Everything that can be seen of it."""
        error, found = "", []
        try:
            for number in range(self.random.randint(3, 12)):
                self.tensors += self.step(number)
            found = self.differentiate()
        except RuntimeError as e:  # what made a written tensor is told apart in test_errors.py
            error = re.sub(r", which is output .*?,", "", str(e))[:120]
        state = [
            (t.grad_fn.name() if t.grad_fn else None, t._version, t.requires_grad, t.output_nr) for t in self.tensors
        ]
        return [plain(g) for g in found], error, self.log, state


def plain(g: Any) -> Any:
    """A gradient as numbers that agree between libraries."""
    return None if g is None else ([float(f"{v:.6g}") for v in g.detach().reshape(-1).tolist()], g.requires_grad)


@pytest.mark.parametrize("seed", range(0, 8 * PROGRAMS, PROGRAMS))
def test_random_programs(torch: ModuleType, seed: int) -> None:
    """Gradients, retained ones too, what each hook saw and when, names of nodes, versions, errors."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for number in range(seed, seed + PROGRAMS):
            theirs, ours = Program(torch, number).run(), Program(engine, number).run()
            assert ours == theirs, number
