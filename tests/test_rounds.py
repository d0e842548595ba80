"""Loops whose rounds are drawn as one can be opened, into rounds; each is a group, and of many the middle is folded."""

from __future__ import annotations

import time
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from IPython.core.interactiveshell import InteractiveShell

from magics_pkg import words
from magics_pkg.graphs.rounds import FEW, TOGETHER, ranges
from tests.cells import run
from tests.cells import shell as magic_shell
from tests.graphs import X, check

MAGIC = "%%backward -o e --quiet\n"
CHAIN = X + "y = x\nfor t in range(100):\n    h = torch.tanh(y)\n    y = h * 0.9 + x\ny.sum().backward()"
LOOP = "for t in range(100)"
NESTED = (
    X + "def f(h):\n    for k in range(60):\n        h = torch.tanh(h) * 0.9\n    return h\n"
    "y = x\nfor t in range(40):\n    y = f(y)\n    y = y + x\ny.sum().backward()"
)


@pytest.fixture
def shell(library: ModuleType) -> Iterator[InteractiveShell]:
    """An IPython with the magics, in which torch is each library."""
    with magic_shell(library.__name__) as made:
        yield made


def explored(shell: InteractiveShell, source: str) -> Any:
    """The Exploration of a cell."""
    assert run(shell, MAGIC + source).error is None
    return shell.user_ns["e"]


def folded(e: Any) -> list[str]:
    """The names of the folded cards."""
    return [node.folded for node in e.graph.nodes if node.folded]


def test_a_loop_opens_into_rounds(shell: InteractiveShell) -> None:
    """Its frame opens; then there are the first and the last rounds, and one card for those between."""
    e = explored(shell, CHAIN)
    grad = shell.user_ns["x"].grad
    assert e.graph.loops == {LOOP: "100 rounds"}
    assert [node.count for node in e.graph.nodes if node.group == (LOOP,)] == [100, 100, 100]
    assert f'data-open="{LOOP}"' in e.to_svg()
    e._session.snapshot.run = None  # no pass is run
    e.open(LOOP)
    check(e.graph)
    assert folded(e) == [f"{each} · {LOOP}" for each in ("round 1", "round 2", "rounds 3…98", "round 99", "round 100")]
    assert [node.operations for node in e.graph.nodes if node.folded] == [3, 3, 288, 3, 3]
    assert e.graph.loops == {}
    svg = e.to_svg()
    assert f'data-fold="{LOOP}"' in svg
    assert ">rounds 3…98<" in svg
    assert shell.user_ns["x"].grad is grad
    e.fold(LOOP)
    assert folded(e) == []
    assert e.graph.loops == {LOOP: "100 rounds"}


def test_one_round_of_many(shell: InteractiveShell) -> None:
    """A round deep inside is opened by its name alone, with the groups around it; what it holds is what it computed."""
    source = CHAIN.replace("y = x\n", "y = x\nkept = []\n").replace("    y = h", "    kept.append(h)\n    y = h")
    e = explored(shell, source)
    e._canvas.search({"text": "round"})
    e.open(f"round 57 · {LOOP}")
    check(e.graph)
    inside = [node for node in e.graph.nodes if node.group and node.group[-1] == f"round 57 · {LOOP}"]
    assert inside[0].group[:3] == (LOOP, f"rounds 3…98 · {LOOP}", f"rounds 53…62 · {LOOP}")
    assert [node.symbol for node in inside] == ["tanh", "× 0.9", "+"]
    assert [node.count for node in inside] == [1, 1, 1]
    values = [number for _, number in inside[0].value.entries]
    np.testing.assert_array_equal(np.array(values, "float32"), shell.user_ns["kept"][56].detach().numpy())
    assert len(e.graph.nodes) < 45
    e.fold(f"round 57 · {LOOP}")
    assert f"round 57 · {LOOP}" in folded(e)


def test_gradients_in_a_round(shell: InteractiveShell) -> None:
    """The gradient on a card in a round is the one that the library finds there."""
    source = CHAIN.replace("y = x\n", "y = x\nkept = []\n").replace(
        "    y = h", "    h.retain_grad()\n    kept.append(h)\n    y = h"
    )
    e = explored(shell, source.replace("range(100)", "range(40)"))
    loop = "for t in range(40)"
    e.open(loop)
    e.open(f"rounds 3…38 · {loop}")
    e.open(f"rounds 13…22 · {loop}")
    e.open(f"round 17 · {loop}")
    (node,) = [
        each for each in e.graph.nodes if each.group and each.group[-1].startswith("round 17") and each.symbol == "tanh"
    ]
    session = e._session
    assert node.grad is not None
    first = session.linear.offsets[node.grad]
    np.testing.assert_allclose(session.shown()[first : first + 3], shell.user_ns["kept"][16].grad.numpy(), rtol=1e-6)


def test_loops_in_rounds(shell: InteractiveShell) -> None:
    """A function called in a round is its own there, and so is a loop in it, with rounds of its own."""
    e = explored(shell, NESTED)
    loop, inner = "for t in range(40)", "for k in range(60)"
    assert e.graph.loops == {loop: "40 rounds", inner: "2400 rounds in all"}
    e.open(loop)
    e.open(f"rounds 3…38 · {loop}")
    e.open(f"rounds 3…12 · {loop}")
    e.open(f"round 5 · {loop}")
    check(e.graph)
    found = [node for node in e.graph.nodes if f"round 5 · {loop}" in node.group]
    assert {node.group[-1] for node in found if node.symbol == "tanh"} == {f"{inner} · round 5"}
    assert e.graph.loops == {f"{inner} · round 5": "60 rounds"}
    assert [node.count for node in found] == [60, 60, 1]
    e.open(f"{inner} · round 5")
    check(e.graph)
    rounds = [f"round {k} · {inner} · round 5" for k in (1, 2, 59, 60)]
    assert [name for name in folded(e) if name in rounds] == rounds
    assert f"rounds 3…58 · {inner} · round 5" in folded(e)
    assert [node.operations for node in e.graph.nodes if node.folded in rounds] == [2, 2, 2, 2]
    assert ">round 2<" in e.to_svg()


def test_what_stands_in_a_loop_is_opened_without_it(shell: InteractiveShell) -> None:
    """Opening a function or module that a loop calls leaves the loop as it is."""
    e = explored(shell, NESTED)
    e.fold("f()")
    assert folded(e) == ["f()"]
    e.open("f()")
    assert not [name for name in folded(e) if "round" in name]


@pytest.mark.parametrize(
    ("loop", "count"),
    [
        ("for a in range(30):\n    if a % 3 == 0:\n        y = y * 0.9\n        continue\n    y = y + x", 30),
        ("for a in range(30):\n    if a % 3 == 0:\n        y = y * 0.9\n    else:\n        y = y + x", 30),
        ("for a in range(30):\n    for b in range(1 + a % 2):\n        y = y + x\n    y = y * (0.9 - a % 2)", 30),
        ("k = 0\nwhile k < 30:\n    k += 1\n    y = y * 0.9\n    y = y + x", 30),
        ("while True:\n    y = y * 2\n    y = y + x\n    if y.sum() > 1e20: break", 63),
        ("for a in range(30):\n    y = y * 0.9\n    for b in range(2):\n        y = y + x", 30),
        ("for a in range(30):\n    y = torch.stack([y * t for t in (1., 2., 3.)]).sum(0)", 30),
        ("net = nn.Tanh()\nfor a in range(110):\n    y = net(y)", 110),
    ],
)  # fmt: skip
def test_rounds_are_counted(shell: InteractiveShell, loop: str, count: int) -> None:
    """`continue`, `while`, loops in loops, comprehensions and single calls: each round is one round."""
    e = explored(shell, f"{X}y = x\n{loop}\nfor _ in range(100):\n    y = y * 1.01\ny.sum().backward()")
    lines = loop.splitlines()
    head = next(line for line in lines if line.startswith(("for", "while"))).partition(":")[0]
    assert e.graph.loops[head] == f"{count} rounds"
    e.open(head)
    check(e.graph)
    rounds = [name for name in folded(e) if name.endswith(f" · {head}")]
    assert rounds[-1] == f"round {count} · {head}"


def test_a_loop_that_is_drawn_whole_has_no_rounds(shell: InteractiveShell) -> None:
    """Where every round is drawn anyway there is nothing to open."""
    e = explored(shell, CHAIN.replace("range(100)", "range(5)"))
    assert e.graph.loops == {}
    assert not any(node.group for node in e.graph.nodes)


def test_search_finds_rounds(shell: InteractiveShell) -> None:
    """A round is found by its number, a value in it by its name; what has to be opened is that round."""
    source = CHAIN.replace("    h = torch", "    h = kept[t] = torch").replace("y = x\n", "y = x\nkept = [0] * 100\n")
    e = explored(shell, source)
    first = e._canvas.search({"text": "round 57"})["found"][0]
    assert (first["name"], first["source"], first["open"]) == ("round 57", LOOP, f"round 57 · {LOOP}")
    named = e._canvas.search({"text": "kept[30]"})["found"][0]
    assert (named["name"], named["open"]) == ("kept[30]", f"round 31 · {LOOP}")
    e.open(named["open"])
    check(e.graph)
    assert "kept[30]" in [node.name for node in e.graph.nodes if node.group[-1:] == (named["open"],)]
    assert len(folded(e)) < 30
    assert e._canvas.search({"text": "kept[30]"})["found"][0]["open"] == ""


@pytest.mark.parametrize("count", [1, FEW, FEW + 1, 24, 25, 100, 1234, 99_999])
def test_groups_of_rounds(count: int) -> None:
    """Each round stands in groups inside each other, each opened to few; the ends stand in none."""
    below: dict[tuple[int, int], set[Any]] = {}
    for number in range(1, count + 1):
        around = ranges(number, count)
        assert all(first <= number <= last for first, last in around)
        assert bool(around) == (count > FEW and 2 < number <= count - 2)
        for outer, inner in zip(around, [*around, number][1:], strict=True):
            below.setdefault(outer, set()).add(inner)
    assert all(len(each) <= TOGETHER for each in below.values())


def test_a_round_of_ten_thousand_operations(shell: InteractiveShell) -> None:
    """One round of 3,333 is looked into in less than a second of the processor, and few cards are drawn."""
    e = explored(shell, CHAIN.replace("range(100)", "range(3333)"))
    name = "round 1234 · for t in range(3333)"
    e._canvas.search({"text": "round 1234"})
    began = time.process_time()
    e.open(name)
    assert time.process_time() - began < 1.5
    check(e.graph)
    assert len([node for node in e.graph.nodes if node.group and node.group[-1] == name]) == 3
    assert len(e.graph.nodes) < 100


def test_a_frame_says_how_many_rounds_there_are(shell: InteractiveShell) -> None:
    """At the other end of its line, in its tooltip and in the picture's description; in the reader's language."""
    head = "for the_number_of_this_round_of_the_loop in range(100)"
    source = CHAIN.replace(LOOP, head)
    e = explored(shell, source)
    svg = e.to_svg()
    assert ">100 rounds</text>" in svg
    assert f"<title>{head} · 100 rounds</title>" in svg
    assert f"{head}: 100 rounds." in svg
    e.open(head)
    assert "100 rounds" not in e.to_svg()
    for language, told in (("zh", "100 轮"), ("ru", "100 итераций")):
        words.use(language)
        assert explored(shell, source).graph.loops == {head: told}
    words.use(None)
