"""The Jacobian's drawer: rows as they are asked for, and the paths that make up an entry, on both libraries."""

from __future__ import annotations

import json
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from IPython.core.interactiveshell import InteractiveShell

from magics_pkg.panel import jacobian
from magics_pkg.panel.jacobian import Answers
from tests import cells

LEAVES = (
    "x = torch.tensor([0.5, -1.25, 2.], requires_grad=True)\nw = torch.tensor([1.5, 0.25, -0.75], requires_grad=True)\n"
)
PROGRAMS = {
    "elementwise": "y = torch.tanh(x * w) + x ** 2 / 3",
    "sums": "y = x * (x * w).sum() + w",
    "shared": "h = x * w\ny = h * h.exp() + h - h / 2",
    "matrix": "y = (x.reshape(3, 1) @ w.reshape(1, 3)).sum(1)",
    "views": "h = torch.cat([x, w])[1:4]\ny = h * h.flip(0)",
    "branches": "a, b = (x * w).unbind()[:2]\ny = torch.stack([a * b, b, a + b])",
    "in place": "h = x * 1\nh[0] = w[1]\nh.mul_(2)\ny = h * w",
}


@pytest.fixture
def shell(library: ModuleType) -> Iterator[InteractiveShell]:
    """An IPython with the magics loaded and torch bound to each library."""
    with cells.shell(library.__name__) as made:
        yield made


def explored(shell: InteractiveShell, source: str, v: str = "torch.tensor([1., 0.5, -0.25])") -> Any:
    """The Exploration of a cell."""
    ran = cells.run(shell, f"%%backward -o e --quiet\n{LEAVES}{source}\ny.backward({v})")
    assert ran.error is None, ran.printed
    return shell.user_ns["e"]


@pytest.mark.parametrize("name", PROGRAMS)
def test_paths_add_up(shell: InteractiveShell, name: str) -> None:
    """The products along all paths sum to the entry of J; factors multiply to the product where all are known."""
    made = explored(shell, PROGRAMS[name])
    whole = made.jacobian
    for leaf in made._session.leaves:
        for row in range(3):
            for column in range(3):
                found, complete = jacobian.paths(made.graph, made._session, leaf, row, column)
                total = sum(each["value"] for each in found)
                assert complete
                assert total == pytest.approx(whole[leaf.name][row, column], rel=1e-5, abs=1e-6)
                for each in found:
                    assert each["names"][-1] == leaf.name
                    if None not in each["factors"]:
                        assert np.prod(each["factors"]) == pytest.approx(each["value"], rel=1e-4)


def test_what_is_not_on_a_path_is_left_out(shell: InteractiveShell) -> None:
    """An entry that is 0 has no path; one that is two paths has two."""
    made = explored(shell, PROGRAMS["elementwise"])
    x = next(each for each in made._session.leaves if each.name == "x")
    assert jacobian.paths(made.graph, made._session, x, 0, 1) == ([], True)
    found, _ = jacobian.paths(made.graph, made._session, x, 0, 0)
    assert [each["names"] for each in found] == [["y", "tanh", "×", "x"], ["y", "÷ 3", "x²", "x"]]


def test_many_paths_are_cut_off(shell: InteractiveShell) -> None:
    """Of a thousand paths the page gets some, and is told so."""
    made = explored(shell, "y = x\nfor _ in range(12):\n    y = y * 0.5 + y * 0.25")
    found, complete = jacobian.paths(made.graph, made._session, made._session.leaves[0], 0, 0)
    assert len(found) == jacobian.PATHS
    assert not complete


def test_rows_as_they_are_asked_for(shell: InteractiveShell) -> None:
    """A large output's rows come some at a time, as JSON, each as the whole has it; odd questions get nothing."""
    made = explored(shell, "y = torch.tanh(torch.cat([x * k for k in range(20)]) * w.repeat(20))", "torch.ones(60)")
    answers, (data, whole) = Answers(made._session), (made._session, made.jacobian)
    part = jacobian.jacobian(made.graph, data)
    assert (part["rows"], part["of"]) == (60, 60)
    for leaf in part["leaves"]:
        start = 0
        while start < 60:
            answer = json.loads(json.dumps(answers.rows({"quantity": leaf["quantity"], "start": start})))
            assert answer["start"] == start
            np.testing.assert_allclose(
                answer["rows"], whole[leaf["name"]][start : start + len(answer["rows"])], rtol=1e-6
            )
            start += len(answer["rows"])
    for odd in ({"quantity": 999, "start": 0}, {"quantity": leaf["quantity"], "start": 60}, {"start": "0"}, {}):
        assert answers.rows(odd) is None
        assert answers.paths(odd) is None


def test_none_where_v_acts_otherwise(shell: InteractiveShell) -> None:
    """With a hook in the way there is no Jacobian to show."""
    made = explored(shell, "h = x * w\nh.register_hook(lambda g: g.clamp(-1, 1))\ny = h * 2")
    assert jacobian.jacobian(made.graph, made._session) is None


def test_values_changed_since(shell: InteractiveShell) -> None:
    """Where the graph can no longer be run, the paths' place says so."""
    made = explored(shell, "y = x * w")
    cells.run(shell, "with torch.no_grad():\n    x += 1")
    part = jacobian.jacobian(made.graph, made._session)
    answer = Answers(made._session).paths({"quantity": part["leaves"][0]["quantity"], "row": 0, "column": 0})
    assert "modified by an inplace operation" in answer["error"]
