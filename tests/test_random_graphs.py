"""Random programs: whatever a cell does, its graph can be drawn at any size, and a sweep gives each number in it."""

from __future__ import annotations

import random
from collections.abc import Iterator
from types import ModuleType

import numpy as np
import pytest
from IPython.core.interactiveshell import InteractiveShell

from magics_pkg.graphs.graph import graph_of
from magics_pkg.graphs.linear import found, members
from magics_pkg.tracing.recorder import trace_cell, trace_of
from tests.graphs import bare_shell, check

SETUP = (
    "def f(a, b):\n    c = a * b\n    for i in range(3):\n        c = c + a\n    return c\n"
    "g = lambda u: u * u - u\nm = nn.Sequential(nn.Linear(3, 3), nn.Tanh(), nn.Linear(3, 3))\n"
    "x, w = torch.randn(2, 3).unbind()\nx.requires_grad_()\nw.requires_grad_()\nc = torch.ones(3)\n"
)
EXPRESSIONS = [
    "{a} + {b}",
    "{a} * {b}",
    "torch.tanh({a})",
    "{a} - 2",
    "3 / ({a} * {a} + 1)",
    "{a}.sum() + {b}",
    "f({a}, {b})",
    "g({a})",
    "m({a})",
    "({a} * {b}).exp().clamp(-3, 3)",
    "{a}[[0, 1, 2]]",
    "{a} @ {b} + {a}",
    "torch.where({a} > 0, {a}, {b})",
    "torch.stack([{a}, {b}]).mean(0)",
    "{a}.detach() * {b}",
    "torch.cat([{a}, {b}])[:3]",
    "{a}.view(3, 1)[:, 0]",
]
CHANGES = ["{t} += 1", "{t} *= c", "{t}[0] = 2.", "{t}.mul_(2)", "for _ in range(4): {t} = {t} * 0.5"]


@pytest.fixture(scope="module")
def shell(library: ModuleType) -> Iterator[InteractiveShell]:
    """One IPython for all programs of each library."""
    with bare_shell(library) as made:
        yield made


def program(seed: int) -> str:
    """A cell of up to 25 lines that ends in a backward."""
    chance = random.Random(seed)
    names, lines = ["x", "w"], []
    for k in range(chance.randint(1, 25)):
        target = chance.choice(["y", "z", "u", f"q{k}"])
        if target in names and chance.random() < 0.3:
            lines.append(chance.choice(CHANGES).format(t=target))
            continue
        a, b = chance.choice([*names, "c"]), chance.choice(names)
        lines.append(f"{target} = " + chance.choice(EXPRESSIONS).format(a=a, b=b))
        names += [] if target in names else [target]
    ends = " + ".join(chance.sample(names, min(len(names), 3)))
    return SETUP + "\n".join(lines) + f"\nout = ({ends}).sum()\nout.backward()"


@pytest.mark.parametrize("seed", range(40))
def test_random_program(shell: InteractiveShell, seed: int) -> None:
    """Every card has a sign and a source, every number a place in the sweep; folded or not, recorded or not."""
    outcome, trace = trace_cell(shell, program(seed))
    for most in (3, 8, 20, 200):
        graph = graph_of(trace, max_nodes=most)
        check(graph)
        assert len(graph.nodes) <= most + 12
        if outcome.error is not None:  # an in-place change that backward cannot bear
            assert "inplace" in str(outcome.error) or "view" in str(outcome.error)
            continue
        sweep = trace.backward.snapshot.run([None])
        for quantity in graph.quantities:
            assert sum(found(sweep, key)[0].size for key, *_ in members(quantity)) == np.prod(quantity.shape)
    assert all(node.symbol and node.source for node in graph.nodes if node.kind == "op")
    trace.close()
    if outcome.error is None:
        check(graph_of(trace_of(shell.user_ns["out"], shell.user_ns)))
