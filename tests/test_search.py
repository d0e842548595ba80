"""Finding an operation: by name, node, line and source, and which group hides it."""

from __future__ import annotations

from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest
from IPython.core.interactiveshell import InteractiveShell

from benchmarks.programs import straight
from tests.graphs import X, bare_shell


@pytest.fixture
def shell(library: ModuleType) -> Iterator[InteractiveShell]:
    """An IPython in which torch is each library, and the magic is loaded."""
    with bare_shell(library) as made:
        made.run_line_magic("load_ext", "magics_pkg")
        yield made


def searched(shell: InteractiveShell, source: str, *texts: str) -> list[list[dict[str, Any]]]:
    """What each text finds in a cell's graph."""
    shell.run_cell(f"%%backward -o e --quiet\n{source}").raise_error()
    canvas = shell.user_ns["e"]._canvas
    found = [canvas.search({"text": text})["found"] for text in texts]
    shell.user_ns["e"].close()
    return found


def test_by_each_of_its_facts(shell: InteractiveShell) -> None:
    """The name itself comes first, then the line; a piece of source finds every place that has it."""
    name, line, node, source, none, empty = searched(
        shell, straight(1000), "H300", "304", "tanhback", "TANH(H300)", "nothing like it", "  "
    )
    assert (name[0]["name"], name[0]["line"]) == ("h300", 304)
    assert {each["line"] for each in line[:2]} == {304}
    assert {each["op"] for each in node} == {"TanhBackward0"}
    assert len(node) == 20
    assert [each["line"] for each in source] == [305, 305]
    assert all("torch.tanh(h300)" in each["source"] for each in source)
    assert none == empty == []


def test_what_hides_it(shell: InteractiveShell) -> None:
    """The innermost group of lines is what has to be opened; once it is, nothing has to be."""
    shell.run_cell(f"%%backward -o e --quiet\n{straight(1000)}").raise_error()
    made = shell.user_ns["e"]
    first = made._canvas.search({"text": "h300"})["found"][0]
    assert first["open"] == first["inside"]
    assert first["open"].startswith("lines ")
    assert not [node for node in made.graph.nodes if node.name == "h300" and not node.folded]
    made.open(first["open"])
    assert [node.line for node in made.graph.nodes if node.name == "h300" and not node.folded] == [304]
    assert made._canvas.search({"text": "h300"})["found"][0]["open"] == ""
    made.close()


def test_rounds_are_one_place(shell: InteractiveShell) -> None:
    """A loop's place is listed once, with how often it was visited."""
    rounds = "def f(u):\n    return torch.sin(u) * 0.5\nh = x\nfor k in range(60):\n    h = f(h)\n"
    source = f"{X}{rounds}y = h.sum()\ny.backward()"
    ((place,),) = searched(shell, source, "SinBackward")
    assert place["count"] == 60
    assert place["source"] == "torch.sin(u)"
