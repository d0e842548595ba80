"""Every number shown is base + Σ v[i]·row[i], and agrees with running the graph at that v."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

import engine as torch
from magics_pkg import backends
from magics_pkg.graphs import linear

pytestmark = pytest.mark.usefixtures("each_library")


def quantity(name: str, size: int, key: tuple[Any, ...], shape: tuple[int, ...] | None = None) -> Any:
    """What linear.py asks of a graph's quantity: all its entries are shown."""
    shape = (size,) if shape is None else shape
    return SimpleNamespace(name=name, shape=shape, indices=tuple(range(size)), key=key)


def node_of(leaf: Any) -> Any:
    """The leaf's AccumulateGrad node."""
    return (leaf * 1).grad_fn.next_functions[0][0]


def graph_of(*quantities: Any) -> Any:
    """What linear.py asks of a graph."""
    return SimpleNamespace(quantities=quantities)


@pytest.fixture
def program() -> SimpleNamespace:
    """y = tanh(x * w) + x ** 2 / 3 with v = [1, 0.5, -0.25]; x.grad held something before."""
    x = torch.tensor([0.5, -1.25, 2.0], requires_grad=True)
    w = torch.tensor([1.5, 0.25, -0.75], requires_grad=True)
    product = x * w
    y = torch.tanh(product) + x**2 / 3
    leaves = [node_of(each) for each in (x, w)]
    graph = graph_of(
        quantity("x.grad", 3, ("leaf", leaves[0])),
        quantity("w.grad", 3, ("leaf", leaves[1])),
        quantity("(x * w).grad", 3, ("node", product.grad_fn, 0)),
        quantity("x→x * w", 3, ("edge", product.grad_fn, 0)),
    )
    snapshot = backends.of(y).snapshot([y])
    v = np.array([1.0, 0.5, -0.25], np.float32)
    return SimpleNamespace(
        x=x, w=w, product=product, y=y, leaves=leaves, graph=graph, snapshot=snapshot,
        weighting=linear.Weighting((v,)), before={leaves[0]: np.array([10, 20, 30], np.float32), leaves[1]: None},
    )  # fmt: skip


FIRST = """import sys
import numpy as np
import {} as torch
from magics_pkg import backends
from magics_pkg.graphs import linear
x = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
snapshot = backends.of(x).snapshot([x * x])
known = set(sys.modules)
linear.take(snapshot, linear.Weighting((np.ones(3, np.float32),)))
print(*sorted(set(sys.modules) - known))
"""


def test_the_first_pass_of_a_process_loads_nothing(library: ModuleType) -> None:
    """PyTorch imports for a second at its first gradient, after which there was time for a single slider."""
    root = Path(__file__).resolve().parents[1]
    program = [sys.executable, "-c", FIRST.format(library.__name__)]
    done = subprocess.run(program, cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_rows_against_the_graph(program: SimpleNamespace) -> None:
    """At any v the rows give what one sweep at that v gives, to rounding."""
    sweeps = linear.take(program.snapshot, program.weighting, budget=60)  # also on a busy machine
    made = linear.build(program.graph, sweeps, program.before)
    assert made.names == ("v[0]", "v[1]", "v[2]")
    assert made.start == (1.0, 0.5, -0.25)
    assert made.offsets == (0, 3, 6, 9)
    assert made.rows.shape == (3, 12)
    for v in ([1, 0.5, -0.25], [0, 0, 0], [-3, 2, 0.001]):
        sweep = program.snapshot.run(program.weighting.at(np.array(v)))
        np.testing.assert_allclose(
            made.shown(v), linear.values(program.graph, sweep, program.before), rtol=1e-5, atol=1e-6
        )


def test_before_is_in_the_base_of_leaves_only(program: SimpleNamespace) -> None:
    """A leaf shows what accumulation leaves; edges and nodes show this pass alone."""
    made = linear.build(program.graph, linear.take(program.snapshot, program.weighting), program.before)
    np.testing.assert_array_equal(made.base, [10, 20, 30, 0, 0, 0, 0, 0, 0, 0, 0, 0])


def test_gram_and_sums(program: SimpleNamespace) -> None:
    """The quadratic form of the Gram matrix is the squared norm, the weighted sums the total, over all entries."""
    made = linear.build(program.graph, linear.take(program.snapshot, program.weighting), program.before)
    v = np.array([0.3, -2, 1])
    shown = made.shown(v).reshape(4, 3)
    weights = np.array([1, *v])
    np.testing.assert_allclose(weights @ made.gram @ weights, (shown**2).sum(axis=1), rtol=1e-12)
    np.testing.assert_allclose(made.sums @ weights, shown.sum(axis=1), rtol=1e-12)


def test_picked_entries_hold_the_rest(program: SimpleNamespace) -> None:
    """Entries of v without a slider stay as written, in the base."""
    made = linear.build(program.graph, linear.take(program.snapshot, program.weighting, picked=[1]), program.before)
    assert made.names == ("v[1]",)
    assert made.weights == (1,)
    sweep = program.snapshot.run(program.weighting.at(np.array([1, -7, -0.25])))
    np.testing.assert_allclose(made.shown([-7]), linear.values(program.graph, sweep, program.before), rtol=1e-5)


def test_picks_are_few() -> None:
    """A million entries get no million sliders; what is asked for counts once and within range."""
    assert len(linear.pick(1_000_000)) == linear.SLIDERS
    assert linear.pick(5, [4, 4, -1, 9, 0]) == (4, 0)
    assert linear.pick(3) == (0, 1, 2)


def test_time_budget(program: SimpleNamespace) -> None:
    """Without time there is still one slider, and what has none is held in the base."""
    sweeps = linear.take(program.snapshot, program.weighting, budget=0.0)
    made = linear.build(program.graph, sweeps, program.before)
    assert made.names == ("v[0]",)
    sweep = program.snapshot.run(program.weighting.at(np.array([2, 0.5, -0.25])))
    np.testing.assert_allclose(made.shown([2]), linear.values(program.graph, sweep, program.before), rtol=1e-5)


def test_scalar_output() -> None:
    """A 0-d output has one weight, called v."""
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    y = (x * x).sum()
    node = node_of(x)
    sweeps = linear.take(backends.of(y).snapshot([y]), linear.Weighting((np.array(1, np.float32),)))
    made = linear.build(graph_of(quantity("x.grad", 2, ("leaf", node))), sweeps)
    assert made.names == ("v",)
    np.testing.assert_array_equal(made.shown([3]), [6, 12])


def test_several_outputs() -> None:
    """Of several outputs one is weighted, the others get what the call gave them."""
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    a, b = x * 2, x * 5
    node = node_of(x)
    gradients = (np.array([1, 1], np.float32), np.array([10, 100], np.float32))
    sweeps = linear.take(backends.of(a).snapshot([a, b]), linear.Weighting(gradients, root=1))
    made = linear.build(graph_of(quantity("x.grad", 2, ("leaf", node))), sweeps)
    np.testing.assert_array_equal(made.base, [2, 2])
    np.testing.assert_array_equal(made.shown([1, 0]), [7, 2])


def test_nothing_arrives(program: SimpleNamespace) -> None:
    """A quantity that no sweep knows is zero."""
    other = torch.tensor([1.0], requires_grad=True)
    graph = graph_of(quantity("other.grad", 1, ("leaf", node_of(other))))
    made = linear.build(graph, linear.take(program.snapshot, program.weighting))
    np.testing.assert_array_equal(made.shown([1, 1, 1]), [0])


def test_hooks_take_no_rows(program: SimpleNamespace) -> None:
    """Where a hook takes part nothing is run beforehand: it would be noticed."""
    runs: list[Any] = []
    program.product.register_hook(runs.append)
    backends.of(program.y).look_at(vars(program))
    sweeps = linear.take(backends.of(program.y).snapshot([program.y]), program.weighting)
    after = {program.leaves[0]: np.array([1, 2, 3], np.float32)}
    made = linear.build(program.graph, sweeps, program.before, after)
    assert not made.linear
    np.testing.assert_array_equal(made.shown([1, 1, 1])[:3], [1, 2, 3])
    assert np.isnan(made.shown([1, 1, 1])[3:]).all()
    assert not runs
    assert made.names == ("v[0]", "v[1]", "v[2]")
    assert made.rows.shape == (0, 12)


def test_nan_and_inf() -> None:
    """NaN and inf are numbers like any other: no warning, no exception."""
    x = torch.tensor([0.0, 1.0], requires_grad=True)
    y = torch.log(x)
    node = node_of(x)
    sweeps = linear.take(backends.of(y).snapshot([y]), linear.Weighting((np.array([1, 1], np.float32),)))
    shown = graph_of(quantity("x.grad", 2, ("leaf", node)))
    made = linear.build(shown, sweeps)
    assert not made.linear
    assert np.isnan(made.base).all()
    last = backends.of(y).snapshot([y]).run([torch.tensor([1.0, 1.0])])
    assert linear.build(shown, sweeps, last=last).base.tolist() == [np.inf, 1.0]
