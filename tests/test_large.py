"""What a graph of thousands of operations may cost, and what is said of it."""

from __future__ import annotations

import ast
import gc
import random
import re
from collections.abc import Iterator
from types import ModuleType

import numpy as np
import pytest
from IPython.core.interactiveshell import InteractiveShell

from magics_pkg.cells.source import Source, span_of
from magics_pkg.cells.uncollected import MANY as AGED
from magics_pkg.cells.uncollected import uncollected
from magics_pkg.graphs import linear
from magics_pkg.pictures import layout
from magics_pkg.words import MANY, listed
from tests import cells
from tests.graphs import bare_shell


@pytest.fixture
def shell(library: ModuleType) -> Iterator[InteractiveShell]:
    """An IPython in which torch is each library."""
    with bare_shell(library) as made:
        yield made


def test_collector_comes_back() -> None:
    """The collector is off inside and as it was afterwards, also after an error and where it was off before."""
    assert gc.isenabled()
    with uncollected():
        assert not gc.isenabled()
    with pytest.raises(KeyError), uncollected():
        raise KeyError
    assert gc.isenabled()
    gc.disable()
    try:
        with uncollected():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()


def tangled(count: int) -> str:
    """A cell of so many products of two of the last ten numbers each."""
    pick = random.Random(0)
    lines = ["a0 = x * 2", *(f"a{i} = a{pick.randrange(max(i - 10, 0), i)} * a{i - 1}" for i in range(1, count))]
    return "\n".join(["x = torch.tensor([0.5, -1.25], requires_grad=True)", *lines, f"a{count - 1}.sum().backward()"])


def test_a_layout_that_cannot_be_done_is_not_tried(library: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a graph whose size tells that it would take too long the text comes at once, with a sentence about it."""
    tried = []
    monkeypatch.setattr(layout, "layout", lambda *_: tried.append(1))
    with cells.shell(library.__name__) as made:
        magic = "%%backward -o e --quiet --max-nodes 9999"
        assert cells.run(made, f"{magic}\n{tangled(1700)}").error is None
        panel = made.user_ns["e"].panel
        assert not tried
        assert panel.svg == ""
        assert "a1699" in panel.text
        (said,) = [each for each in panel.picture.spec["notes"] if "Graphviz" in each]
        found = re.search(r"(\d+) boxes with (\d+) lines between them would take Graphviz (\d+) s or more, and", said)
        assert found is not None
        assert int(found[3]) > 5
        made.run_line_magic("config", "BackwardMagics.seconds = 60.0")
        assert cells.run(made, f"{magic}\n{tangled(1700)}").error is None
        assert made.user_ns["e"].panel.svg == ""  # what stands in for Graphviz has drawn nothing
        assert tried


def test_what_can_be_laid_out_is_tried() -> None:
    """The estimate is below what graphs take: none that was ready in time is given up unseen."""
    for boxes, lines in ((2238, 3091), (2068, 2801), (1668, 2000), (3999, 3998), (2295, 3184)):
        layout.check(boxes, lines)
    for boxes, lines in ((3289, 5544), (4102, 5201)):
        with pytest.raises(layout.LayoutError, match=r"show fewer nodes"):
            layout.check(boxes, lines)


def test_many_objects_count_as_old() -> None:
    """The collection that follows does not go through what was made inside; what the program has frozen stays so."""
    gc.collect()
    with uncollected():
        made = [[] for _ in range(2 * AGED)]
    assert sum(each is made for each in gc.get_objects(2)) == 1
    assert gc.get_count()[0] < AGED
    gc.freeze()
    try:
        frozen = gc.get_freeze_count()
        with uncollected():
            made.extend([] for _ in range(2 * AGED))
        assert gc.get_freeze_count() >= frozen - 100  # some of it may have died meanwhile
    finally:
        gc.unfreeze()
    assert gc.isenabled()


def test_long_lists_are_cut() -> None:
    """Of thousands of names a sentence says the first, and how many more there are."""
    names = [f"w{k}" for k in range(5000)]
    assert listed(names[:MANY]).endswith(f"w{MANY - 1}")
    said = listed(names)
    assert said.startswith("w0, w1, ")
    assert said.endswith(f" and {5000 - MANY + 1} more")
    assert listed(names[:MANY], 5000) == said


def test_source_is_read_by_statement() -> None:
    """Each expression of each statement is found, those of two statements in one line and of decorators too."""
    text = "a = f(1); b = g(a)\n@wrapped(\n    deep)\ndef h(u):\n    return u.sin(\n    ).cos()\nc = (a +\n     b)\n"
    source = Source("<cell>", text)
    nodes = [each for each in ast.walk(ast.parse(text)) if isinstance(each, ast.expr)]
    assert len(nodes) > 15
    for each in nodes:
        found = source.node(span_of(each))
        assert found is not None
        assert isinstance(found, ast.expr)
        assert ast.dump(found) == ast.dump(each)
        assert found in source.parents
    assert source.node((40, 40, 0, 3)) is None


def test_inner_products_together(shell: InteractiveShell, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of many small parameters in one card the products are taken at once, and are those of one after the other."""
    shell.run_cell("net = torch.nn.Sequential(*(torch.nn.Linear(3, 3) for _ in range(30)))\nx = torch.randn(2, 3)")
    cell = "%%backward -o e --depth 0 --quiet\ny = net(x)\ny.backward(torch.ones(2, 3))"
    found = []
    shell.run_line_magic("load_ext", "magics_pkg")
    for size in (linear.SMALL, 0):
        monkeypatch.setattr(linear, "SMALL", size)
        shell.run_cell("net.zero_grad()").raise_error()
        shell.run_cell(cell).raise_error()
        found.append(shell.user_ns["e"]._session.linear)
    together, alone = found
    assert any(each.parts for each in shell.user_ns["e"].graph.quantities)
    np.testing.assert_allclose(together.gram, alone.gram, rtol=1e-12)
    np.testing.assert_allclose(together.sums, alone.sums, rtol=1e-12)
    shell.user_ns["e"].close()
