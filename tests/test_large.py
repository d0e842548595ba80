"""What a graph of thousands of operations may cost, and what is said of it."""

from __future__ import annotations

import ast
import gc
from collections.abc import Iterator
from types import ModuleType

import numpy as np
import pytest
from IPython.core.interactiveshell import InteractiveShell

from magics_pkg import linear
from magics_pkg.source import Source, span_of
from magics_pkg.uncollected import uncollected
from magics_pkg.words import MANY, listed
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
