"""The live invariant: at every v, x.grad holds the bits that the cell would have left, had it been written with that v.

Random programs in a `%%backward` cell, moved to a random v; the same text with that v run from scratch in plain Python.
"""

from __future__ import annotations

from collections.abc import Iterator
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from IPython.core.interactiveshell import InteractiveShell

from tests import cells

UNARY = (
    "torch.tanh({a})", "torch.sin({a})", "torch.exp({a})", "{a} * {c}", "{a} + {c}", "{c} - {a}", "{a} / {c}",
    "{a} ** 2", "-{a}", "{a}.abs()", "{a}.cos()", "1 / ({a} * {a} + 1)", "{a}.clone()",
)  # fmt: skip
BINARY = ("{a} * {b}", "{a} + {b}", "{a} - {b}", "{a} / ({b} * {b} + 1)")
CONSTANTS = ("2", "0.1", "-1.7", "3.0", "0.333")
FINISHES = ("{a}", "{a}", "{a}.sum()", "({a} * {b}).mean()", "{a}.sum(0)")
BEFORE = ("", "", "(x * 0.3).sum().backward()\n", "x.grad = torch.ones_like(x) / 3\n")
CALLS = (
    "y.backward({v})\n",
    "y.backward({v})\n",
    "y.backward(gradient={v}, retain_graph=True)\n",
    "y.backward({u}, retain_graph=True)\ny.backward({v})\n",
    "for step in range(3):\n    y.backward({v}, retain_graph=True)\n    if step < 2:\n        x.grad = w.grad = None\n",
    "torch.autograd.backward([y], [{v}])\n",
    "torch.autograd.backward([y, x * w], [{v}, torch.full({shape}, 0.7)])\n",
    "y.backward({v}, create_graph=True)\n",
    "v = {v}\ny.backward(v)\nv.mul_(0)\n",
)
AFTER = (
    "", "", "", "x.grad = None\n", "del y\n", "g = x.grad\n", "w.grad = torch.ones_like(w)\n",
    "if x.grad is not None:\n    x.grad.zero_()\n", "if x.grad is not None:\n    z = x.grad * 2\n",
)  # fmt: skip
HOOKS = ("", "", "t0.register_hook(lambda g: g * 0.7)\n", "x.register_hook(lambda g: g.clamp(-1, 1))\n")

numbers = st.floats(-3, 3, width=32).map(lambda x: round(x, 3))
weights = st.one_of(numbers, st.sampled_from([0.0, 1.0, -1.0, 0.1, 1e-4, 1e30, -1e-30]))


@st.composite
def programs(draw: st.DrawFn) -> tuple[str, list[float], list[float]]:
    """A cell's text with places for v, the v that it is written with, and the v to move to."""
    shape = draw(st.sampled_from([(3,), (3,), (1,), (), (2, 2)]))
    size = int(np.prod(shape))

    def tensor(strategy: st.SearchStrategy[float], more: str = "") -> str:
        values = np.array(draw(st.lists(strategy, min_size=size, max_size=size))).reshape(shape).tolist()
        return f"torch.tensor({values}{more})"

    lines = [f"{name} = {tensor(numbers, ', requires_grad=True')}\n" for name in "xw"]
    known = ["x", "w"]
    for step in range(draw(st.integers(1, 6))):
        form = draw(st.sampled_from(UNARY + BINARY + BINARY))
        a, b = draw(st.sampled_from(known)), draw(st.sampled_from(known))
        lines.append(f"t{step} = " + form.format(a=a, b=b, c=draw(st.sampled_from(CONSTANTS))) + "\n")
        known.append(f"t{step}")
    if draw(st.booleans()):
        lines.append(f"{known[-1]} = {known[-1]}.clone()\n{known[-1]} *= {draw(st.sampled_from(CONSTANTS))}\n")
    finish = draw(st.sampled_from(FINISHES))
    if shape == () and "(0)" in finish:
        finish = "{a}"
    lines.append("y = " + finish.format(a=known[-1], b=draw(st.sampled_from(known))) + "\n")
    lines.append(draw(st.sampled_from(HOOKS)))
    lines.append(draw(st.sampled_from(BEFORE)))
    call = draw(st.sampled_from(CALLS))
    width = {"({a} * {b}).mean()": (), "{a}.sum()": (), "{a}.sum(0)": shape[1:]}.get(finish, shape)
    count = int(np.prod(width))
    first, other, moved = (draw(st.lists(weights, min_size=count, max_size=count)) for _ in range(3))
    text = "".join(lines) + call.replace("{u}", written(other, width)).replace("{shape}", str(shape))
    text += draw(st.sampled_from(AFTER))
    return text.replace("{v}", "{v" + "}"), [*np.ravel(first)], [*np.ravel(moved)], width  # type: ignore[return-value]


def written(values: list[float], shape: tuple[int, ...]) -> str:
    """A v as a user writes it."""
    return f"torch.tensor({np.array(values, dtype=np.float64).reshape(shape).tolist()})"


def from_scratch(code: str, torch: ModuleType) -> dict[str, Any]:
    """The names after this program, run in plain Python."""
    names: dict[str, Any] = {"torch": torch}
    exec(code, names)  # the test's own text
    return names


def same(found: Any, expected: Any) -> bool:
    """Whether two gradients are alike to the last bit, any NaN being like any other."""
    if found is None or expected is None:
        return found is expected
    a, b = found.detach().numpy(), expected.detach().numpy()
    if a.dtype != b.dtype or a.shape != b.shape:
        return False
    bits = np.dtype(f"u{a.dtype.itemsize}")
    where = ~(np.isnan(a) & np.isnan(b))
    return bool(
        np.array_equal(a.reshape(-1).view(bits)[where.reshape(-1)], b.reshape(-1).view(bits)[where.reshape(-1)])
    )


def check(shell: InteractiveShell, text: str, v: list[float], shape: tuple[int, ...]) -> None:
    """Every leaf's gradient has the bits that the program leaves with this v."""
    expected = from_scratch(text.replace("{v}", written(v, shape)), shell.user_ns["torch"])
    for leaf in "xw":
        assert same(shell.user_ns[leaf].grad, expected[leaf].grad), (leaf, v, text)


@pytest.fixture(scope="module")
def shell(library: ModuleType) -> Iterator[InteractiveShell]:
    """One IPython for all examples, on each library."""
    with cells.shell(library.__name__) as made:
        yield made


slow = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


@slow
@given(programs(), st.booleans())
def test_a_move_leaves_the_bits_of_the_cell(shell: InteractiveShell, program: Any, by_slider: bool) -> None:
    """Random programs, random v: the same bits in every .grad, and once more after moving back."""
    text, first, moved, shape = program
    ran = cells.run(shell, "%%backward -o e --quiet\n" + text.replace("{v}", written(first, shape)))
    assume(ran.error is None)
    explored = shell.user_ns["e"]
    check(shell, text, first, shape)
    for v in (moved, first):
        if by_slider:
            explored._live.submit(v)
            explored._live.settle()
        else:
            explored.weights = np.reshape(v, shape)
        check(shell, text, v, shape)
    assert explored._live.shown().shape == explored._live.linear.base.shape


@slow
@given(programs(), st.lists(numbers, min_size=4, max_size=4))
def test_after_a_step_it_is_equal_to_rounding(shell: InteractiveShell, program: Any, scale: list[float]) -> None:
    """Where the cell changes its leaves after backward, rows answer, equal to rounding."""
    text, first, moved, shape = program
    text += "with torch.no_grad():\n    for leaf in (x, w):\n        leaf -= 0.1 * leaf\n"
    moved = [min(max(each, -10.0), 10.0) for each in moved]
    first = [min(max(each, -10.0), 10.0) for each in first]
    ran = cells.run(shell, "%%backward -o e --quiet\n" + text.replace("{v}", written(first, shape)))
    assume(ran.error is None)
    explored = shell.user_ns["e"]
    assume(explored._live.linear.linear)  # a hook has no rows
    explored.weights = np.reshape(moved, shape)
    expected = from_scratch(text.replace("{v}", written(moved, shape)), shell.user_ns["torch"])
    for leaf in "xw":
        found, right = shell.user_ns[leaf].grad, expected[leaf].grad
        assert (found is None) == (right is None), (leaf, text)
        if right is not None and np.isfinite(right.detach().numpy()).all():
            # rounding is relative to what was added up, which may cancel
            sizes = [np.abs(each).max(initial=0) for each in (explored._live.linear.base, explored._live.linear.rows)]
            np.testing.assert_allclose(
                found.detach().numpy(),
                right.detach().numpy(),
                rtol=1e-4,
                atol=1e-5 * (1 + 40 * max(sizes)),
                err_msg=text,
            )
