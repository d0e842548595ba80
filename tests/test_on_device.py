"""Numbers stay where they are: what comes to the host is what is shown, in every dtype that a library has."""

from __future__ import annotations

import itertools
import tracemalloc
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from IPython.core.interactiveshell import InteractiveShell

from magics_pkg.backends import arrays
from magics_pkg.backends import torch as on_torch
from magics_pkg.graphs import linear
from magics_pkg.panel import inspection, jacobian
from magics_pkg.style.elements import LEAF_LIMIT
from tests import cells

# Everything that a panel can be about: products, writes, a gradient from before, transposed and repeated gradients
LARGE = """x = torch.randn(1000, 1000, requires_grad=True)
w = torch.randn(1000, 1000, requires_grad=True)
b = torch.randn(1000, requires_grad=True)
h = x * w * 0.01 + b
h *= 2
c = torch.tanh(h) * x
x.grad = torch.ones(1000, 1000)
y = torch.stack([c.sum(), (h + x).mean(), w.t().sum()])
y.backward(torch.tensor([1., 2., 3.]))
"""
WAYS = ("cpu", "numpy", "tolist", "item", "__array__")  # from a device to the host


@pytest.fixture
def shell(library: ModuleType) -> Iterator[InteractiveShell]:
    """An IPython for each library."""
    with cells.shell(library.__name__) as made:
        yield made


@pytest.fixture
def apart(monkeypatch: pytest.MonkeyPatch) -> None:
    """PyTorch's memory is none that NumPy could share, as on every device but the CPU."""
    monkeypatch.setattr(on_torch, "SHARED", ())


@pytest.fixture
def copied(torch: ModuleType, apart: None, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many entries each way to the host was asked for, with memory that cannot be shared."""
    sizes: list[int] = []

    def counting(way: Any) -> Any:
        def count(tensor: Any, *args: Any, **kwargs: Any) -> Any:
            sizes.append(tensor.numel())
            return way(tensor, *args, **kwargs)

        return count

    for name in WAYS:
        monkeypatch.setattr(torch.Tensor, name, counting(getattr(torch.Tensor, name)))
    return sizes


def test_only_what_is_shown_is_copied(
    torch: ModuleType, copied: list[int], monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    """A cell with tensors of a million entries, moves, each card looked into, a saved page: some hundreds at once."""
    monkeypatch.setattr(linear.take, "__defaults__", (None, 60))  # seconds: also where the machine is busy
    with cells.shell("torch") as shell:
        ran = cells.run(shell, "%%backward -o e\n" + LARGE)
        assert ran.error is None, ran.printed
        made = shell.user_ns["e"]
        squares = (len(made._live.linear.weights) + 1) ** 2
        for v in ([3, 2, 1], [0, -1, 5]):
            made.weights = v
        assert made.bundle()["text/html"]
        assert copied
        assert max(copied) <= max(LEAF_LIMIT, squares)
        leaves = [made.graph.node(each).grad for each in made.graph.leaves]
        for card in made.graph.nodes:
            made._live.inspection.answer(made.graph, {"node": card.id})
        answers = jacobian.Answers(made._live)
        for leaf in leaves:
            assert answers.rows({"quantity": leaf, "start": 0})
            assert answers.paths({"quantity": leaf, "row": 0, "column": 7})["paths"]
        assert max(copied) <= max(inspection.STRIP, jacobian.COLUMNS)
        copied.clear()
        unpacked_page = made.save(tmp_path / "page.html").read_text(encoding="utf-8")
        assert len(unpacked_page) < 200_000
        cells.run(shell, "with torch.no_grad():\n    x += 1")
        made.weights = [1, 1, 1]
        assert made.message  # from the rows
        cells.run(shell, "x.grad.zero_()")
        made.check(shell.user_ns)
        assert max(copied) <= max(LEAF_LIMIT, inspection.SAVED)


LARGE_V = """torch.manual_seed(0)
x = torch.randn(300, 200, requires_grad=True)
y = x * x * 0.3
v = torch.randn(300, 200)
{}
y.backward(v)
"""


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_v_stays_where_it_is(torch: ModuleType, copied: list[int], dtype: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a large v what has a slider or is shown: at first, at moves, with sliders elsewhere, after a write over v."""
    monkeypatch.setattr(linear.take, "__defaults__", (None, 60))  # seconds: also where the machine is busy
    program = LARGE_V.replace("300, 200)", f"300, 200, dtype=torch.{dtype})").replace(
        "300, 200, requires_grad", f"300, 200, dtype=torch.{dtype}, requires_grad"
    )

    def fresh(*moves: tuple[int, float]) -> Any:
        names: dict[str, Any] = {"torch": torch}
        exec(program.format("\n".join(f"v.view(-1)[{i}] = {number}" for i, number in moves)), names)  # this file's text
        return names["x"].grad

    with cells.shell("torch") as shell:
        assert cells.run(shell, "%%backward -o e\n" + program.format("")).error is None
        made, names = shell.user_ns["e"], shell.user_ns
        cells.run(shell, "v.zero_();")
        session = made._live
        for numbers in ([0.1] * 16, [float(i) * 1e3 for i in range(16)]):
            session.submit(numbers)
            session.settle()
            assert torch.equal(names["x"].grad, fresh(*enumerate(numbers)))
        made._wishes.preset("written", None)
        assert torch.equal(names["x"].grad, fresh())
        session.submit(numbers)
        session.settle()
        made._wishes.pick(40_000)
        where = session.linear.weights
        assert where[-1] == 40_000
        session.submit([0.7] * len(where))
        session.settle()
        assert torch.equal(names["x"].grad, fresh((0, 0.0), *dict.fromkeys((i, 0.7) for i in where)))
        assert made.bundle()["text/html"]
        assert made.to_svg()
        assert repr(made)
        assert session.row(session.leaves[0], 50_000, 10).shape == (10,)
        cells.run(shell, "with torch.no_grad():\n    x += 1")
        session.submit([0.5] * len(where))
        session.settle()
        assert not session.exact
        assert max(copied) <= max(LEAF_LIMIT, 17**2)
        copied.clear()
        assert made.weights.shape == (300, 200)
        assert max(copied) == 60_000  # somebody has asked for all of it


def test_nothing_is_copied_in_shared_memory(shell: InteractiveShell, library: ModuleType) -> None:
    """What is worked out from tensors of sixteen megabytes takes a fraction of one."""
    source = LARGE.replace("1000, 1000", "2000, 2000").replace("randn(1000", "randn(2000")
    assert cells.run(shell, "%%backward -o e\n" + source).error is None
    session = shell.user_ns["e"]._live
    tracemalloc.start()
    try:
        session.sweeps.products.clear()
        session.regraph(session.graph)
        linear.values(session.graph, session.sweeps.rows[0], session._before())
        for card in session.graph.nodes:
            made = session.inspection.tensor(session.graph.quantities[card.grad].key) if card.grad is not None else None
            if made is not None:
                inspection.strip(made[0])
        assert tracemalloc.get_traced_memory()[1] < 8 * 2**20
    finally:
        tracemalloc.stop()


@pytest.fixture(params=["shared", "apart"])
def memory(request: pytest.FixtureRequest) -> None:
    """Both ways in which a library's memory can be."""
    if request.param == "apart":
        request.getfixturevalue("apart")


@pytest.mark.usefixtures("memory")
@pytest.mark.parametrize("size", [5, 300])
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_dtypes(shell: InteractiveShell, library: ModuleType, dtype: str, size: int) -> None:
    """The panel's numbers are those in `.grad`, which are a fresh run's, also after a move; edges have a width."""
    check(shell, library, dtype, size)


@pytest.mark.parametrize("size", [5, 300])
def test_bfloat16(torch: ModuleType, size: int) -> None:
    """The same with the dtype that neither NumPy nor the engine has."""
    with cells.shell("torch") as shell:
        check(shell, torch, "bfloat16", size)


def check(shell: InteractiveShell, library: ModuleType, dtype: str, size: int) -> None:
    """A program of one dtype, beside constants of another: `.grad` and the panel against a fresh run."""
    lines = (
        f"x = torch.linspace(-1, 2, {size}).to(torch.{dtype}).requires_grad_()\nplaces = torch.tensor([0, 2, 2])\n"
        "h = x * torch.tensor(3) + x[places].sum()\nk = x * x\nx.grad = torch.ones_like(x)\n"
        "y = torch.stack([(h * x).sum(), k.sum() + (k * h).mean()])\n"
    )
    v = "y.backward(torch.tensor({}).to(y.dtype))"
    ran = cells.run(shell, "%%backward -o e\n" + lines + v.format("[1., 0.5]"))
    assert ran.error is None
    made = shell.user_ns["e"]
    assert {each.dtype for each in made.graph.nodes if each.grad is not None} == {dtype}
    exact = library.tensor([], dtype=getattr(library, dtype)).element_size()
    for moved in ([1.0, 0.5], [-2.0, 0.25]):
        made.weights = moved
        plain: dict[str, Any] = {"torch": library}
        exec(lines + v.format(moved), plain)  # the test's own text
        right, found = plain["x"].grad, shell.user_ns["x"].grad
        assert found.dtype == right.dtype
        assert found.double().tolist() == right.double().tolist()
        quantity = next(q for q in made.graph.quantities if q.name == "x.grad")
        at = made._live.linear.offsets[made.graph.quantities.index(quantity)]
        shown = made._live.shown()[at : at + len(quantity.indices)]
        tolerance = {2: 0.02, 4: 1e-5, 8: 1e-12}[exact]
        there = np.asarray(right.double().tolist())[: len(shown)]
        np.testing.assert_allclose(shown, there, rtol=tolerance, atol=tolerance)
        whole = np.asarray(arrays.wide(made._live.whole(quantity)))
        np.testing.assert_allclose(whole, right.double().tolist(), rtol=tolerance, atol=tolerance)
    gram = made._live.linear.gram
    assert np.isfinite(gram).all()
    assert (np.trace(gram, axis1=1, axis2=2) > 0).all()
    assert made.bundle()["text/html"]


@pytest.mark.usefixtures("memory")
@pytest.mark.parametrize("size", [7, 100, 101, 70_000])
def test_products(library: ModuleType, size: int) -> None:
    """Inner products on the library's own tensors are NumPy's of the same numbers, of any layout."""
    rng = np.random.default_rng(0)
    numbers = [rng.standard_normal((size, 2)).astype(np.float32) for _ in range(3)]
    tensors = [arrays.raw(library.from_numpy(np.ascontiguousarray(each.T)).t()) for each in numbers]
    gram, sums = arrays.products([((tensors[0],), (tensors[1],)), (), ((tensors[2], tensors[1]),)])
    flat = [each.reshape(-1).astype(np.float64) for each in numbers]
    lines = np.stack([flat[0] + flat[1], np.zeros(2 * size), (numbers[2] + numbers[1]).reshape(-1).astype(np.float64)])
    np.testing.assert_allclose(gram, lines @ lines.T, rtol=1e-10, atol=1e-8)
    np.testing.assert_allclose(sums, lines.sum(1), rtol=1e-9, atol=1e-8)


@pytest.mark.usefixtures("memory")
def test_strips(library: ModuleType) -> None:
    """Of a large tensor the largest entry of each stretch, wherever it lies; what is no number counts as large."""
    numbers = np.sin(np.arange(5000.0)) * np.arange(5000)
    numbers[[17, 1200]] = np.nan, -np.inf
    told = inspection.strip(library.from_numpy(numbers.reshape(50, 100).copy()))
    assert told["size"] == 5000
    assert {17, 1200} <= set(told["places"])
    assert told["numbers"][told["places"].index(17)] == "NaN"
    edges = np.linspace(0, 5000, inspection.STRIP + 1).astype(int)
    size = np.nan_to_num(np.abs(numbers), nan=np.inf, posinf=np.inf)
    assert told["places"] == [a + int(size[a:b].argmax()) for a, b in itertools.pairwise(edges)]
    finite = numbers[np.isfinite(numbers)]
    assert (told["low"], told["high"]) == (finite.min(), finite.max())
