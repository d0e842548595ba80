"""Several backward calls in one cell: what each added, held, and what happened in between; on both libraries."""

from __future__ import annotations

import json
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest
from IPython.core.interactiveshell import InteractiveShell

from magics_pkg.lessons.several import CALLS
from magics_pkg.panel.parts import parts_of
from tests import cells

LEAVES = "x = torch.tensor([1., 2.], requires_grad=True)\nw = torch.tensor([3., 4.], requires_grad=True)\n"


@pytest.fixture
def shell(library: ModuleType) -> Iterator[InteractiveShell]:
    """An IPython with the magics loaded and torch bound to each library."""
    with cells.shell(library.__name__) as made:
        yield made


def calls(shell: InteractiveShell, source: str) -> list[dict[str, Any]]:
    """What the drawer shows of a cell."""
    ran = cells.run(shell, f"%%backward -o e --quiet\n{LEAVES}{source}")
    assert ran.error is None, ran.printed
    made = shell.user_ns["e"]
    return list(json.loads(json.dumps(parts_of(made.graph, made._session))).get("passes", []))


def added(call: dict[str, Any]) -> dict[str, list[str]]:
    """Leaf by leaf what a call added."""
    return {leaf["name"]: leaf["added"] for leaf in call["leaves"]}


def test_one_call_has_no_drawer(shell: InteractiveShell) -> None:
    """There is nothing to choose from."""
    assert calls(shell, "(x * w).sum().backward()") == []


def test_two_losses(shell: InteractiveShell) -> None:
    """Each row is what that loss alone gives; the second finds what the first has left."""
    one, two = calls(shell, "(x * w).sum().backward()\n(x ** 2).sum().backward()")
    assert added(one) == {"x": ["3", "4"], "w": ["1", "2"]}
    assert added(two) == {"x": ["2", "4"]}
    (leaf,) = two["leaves"]
    assert (leaf["before"], leaf["after"], leaf["since"]) == (["3", "4"], ["5", "8"], "")
    assert [each["before"] for each in one["leaves"]] == [None, None]
    assert (one["live"], two["live"]) == (False, True)
    assert (one["line"], one["source"]) == (4, "(x * w).sum().backward()")


@pytest.mark.parametrize(
    "between, told",
    [("x.grad.zero_()", "set to zero"), ("x.grad = None", "set to None"), ("x.grad *= 3", "changed"), ("pass", "")],
)
def test_what_the_cell_did_in_between(shell: InteractiveShell, between: str, told: str) -> None:
    """It stands between the rows; what is added does not depend on it."""
    y = "y = x * w\ny.backward(torch.ones(2), retain_graph=True)\n"
    _, two = calls(shell, f"{y}{between}\ny.backward(torch.tensor([0.5, 10.]))")
    x = next(each for each in two["leaves"] if each["name"] == "x")
    assert (x["since"], x["added"]) == (told, ["1.5", "40"])


def test_grad_returns(shell: InteractiveShell) -> None:
    """autograd.grad touches no .grad: its row is what it gave; with create_graph it says so."""
    one, two = calls(shell, "g, = torch.autograd.grad((x ** 3).sum(), x, create_graph=True)\n(g * w).sum().backward()")
    assert (one["returns"], one["created"], added(one)) == (True, True, {"x": ["3", "12"]})
    assert (two["returns"], added(two)) == (False, {"x": ["18", "48"], "w": ["3", "12"]})


def test_a_long_loop_keeps_its_ends(shell: InteractiveShell) -> None:
    """Of three hundred calls the first and the latest are rows, numbered as they ran."""
    found = calls(shell, "for k in range(300):\n    (x * k).sum().backward()")
    assert len(found) == CALLS
    assert (found[0]["place"], found[-1]["place"]) == (1, 300)
    assert added(found[-1]) == {"x": ["299", "299"]}


def test_a_call_that_failed_is_no_row(shell: InteractiveShell) -> None:
    """Nor does it hide the others."""
    source = "y = x * w\ny.sum().backward()\ntry:\n    y.backward()\nexcept RuntimeError:\n    pass\nx.sum().backward()"
    assert [each["place"] for each in calls(shell, source)] == [1, 2]
