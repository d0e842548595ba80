"""Statistics, differences, copies, scatters, counts and masked reductions against PyTorch: values, graphs, errors."""

from __future__ import annotations

import warnings
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import engine

from .against import agree, cases

CALLS = """
T.var_mean(x) ; T.var_mean(x, 1, keepdim=True) ; T.std_mean(x, 0)[1] ; T.std_mean(x, dim=1, correction=0)
T.aminmax(x) ; T.aminmax(x, dim=0)[1] ; x.aminmax(dim=1, keepdim=True) ; x.cummax(0) ; T.cummin(x, -1)
x.logcumsumexp(1) ; T.logcumsumexp(x, dim=0) ; T.dist(x, x + 1) ; x.dist(x[0], 1) ; T.dist(x, x * 2, p=inf)
T.renorm(x, 2, 0, 1.) ; x.renorm(p=1, dim=1, maxnorm=0.5) ; T.cov(x) ; x.cov(correction=0) ; T.corrcoef(x)
x[0].cov() ; x[0].corrcoef() ; x.median() ; x.median(1) ; T.nanmedian(x, 0, True) ; x.mode(0) ; x.nanmedian()
x.quantile(0.3) ; x.quantile(0.3, 1, True) ; T.nanquantile(x, 0.6, dim=0) ; x.quantile(0.5, interpolation='nearest')
x.quantile(T.tensor([0.1, 0.8], dtype=T.float64), 1) ; x.quantile(0.7, 0, interpolation='midpoint')
x.diff() ; x.diff(2, 0) ; T.diff(x, prepend=x[:, :1]) ; x.sum_to_size(3) ; x.sum_to_size(2, 1) ; x.sum_to_size(())
x.as_strided((2, 2), (1, 2), 1) ; x.as_strided_scatter(x[0, :2], (2,), (1,), 1)
T.as_strided(x.t(), (2,), (2,)) ; x[:, 1:].as_strided((2,), (1,))
x.diagonal_scatter(x[0, :2]) ; T.select_scatter(x, x[0] * 2, 0, 1) ; x.slice_scatter(x[:, :1], 1, 2, 3)
T.view_copy(x, (3, 2)) ; T.t_copy(x) ; T.expand_copy(x, (2, 2, 3)) ; T.unbind_copy(x) ; T.squeeze_copy(x[:1])
T.unsafe_split(x, 1) ; T.unsafe_chunk(x, 2, 1) ; T.narrow_copy(x, 1, 1, 2) ; T.diagonal_copy(x) ; T.alias_copy(x)
T.split_with_sizes_copy(x, (1, 2), 1) ; T.unfold_copy(x, 1, 2, 1) ; T.permute_copy(x, (1, 0))
x.put(T.tensor([1, 4]), x[0, :2]) ; x.put(T.tensor([1, 1]), x[0, :2], True) ; x.masked_scatter(x > 0, x * 2)
x.scatter_reduce(0, T.tensor([[0, 1, 0]]), x[:1] * 3, 'sum') ; x.index_fill(1, T.tensor([2, 2]), x.sum())
x.scatter_reduce(1, T.tensor([[0, 0, 2], [1, 1, 1]]), x * 2, 'prod', include_self=False)
x.scatter_reduce(1, T.tensor([[0, 0, 2], [1, 1, 1]]), x * 2, 'mean') ; x.index_reduce(0, T.tensor([1]), x[:1], 'amax')
x.scatter_reduce(1, T.tensor([[0, 0, 2], [1, 1, 1]]), x * 2, 'amin')
T.masked.sum(x, 0, mask=x > 0) ; T.masked.mean(x, 1, mask=x > 0) ; T.masked.median(x, 0, mask=x > 0)
T.masked.softmax(x, 0, mask=x > 0) ; T.masked.norm(x, 2., 1, mask=x > 0) ; T.masked.std(x, 1, mask=x < 9)
T.masked.logsumexp(x, 0, mask=x < 2) ; T.masked.normalize(x, 2., 1, mask=x > 0) ; T.masked.amax(x, 1, mask=x > 0)
T.unique(x > 0) ; T.unique(T.tensor([3, 1, 1, 2]), return_inverse=True, return_counts=True)
T.unique(T.tensor([[1, 2], [1, 2], [0, 5]]), dim=0, return_inverse=True, return_counts=True)
T.unique_consecutive(T.tensor([1, 1, 2, 1]), return_counts=True) ; T.isin(T.tensor([1, 2, 3]), T.tensor([2, 3]))
T.bincount(T.tensor([1, 1, 3]), minlength=6) ; T.bincount(T.tensor([1, 1, 3]), T.tensor([.5, 1., 2.]))
T.bucketize(x.detach(), T.tensor([-1., 0., 1.])) ; T.searchsorted(T.tensor([1, 3, 5]), T.tensor([3, 9]), side='right')
T.histc(x.detach(), 4, -2, 2) ; T.histogram(x.detach(), 3, density=True) ; T.histogramdd(x.detach().t(), [2, 2])[0]
T.unravel_index(T.tensor([5, 6]), (3, 4)) ; T.nonzero_static(x > 0, size=4) ; T.argwhere(x > 0)
T.trapezoid(x.detach()) ; T.cumulative_trapezoid(x.detach(), x.detach()) ; T.gradient(x.detach(), spacing=2.)
T.sort(T.arange(40) % 3) ; T.topk(T.arange(40) % 3, 5) ; T.arange(9).remainder(2).kthvalue(3) ; x.as_strided((1,), (1,))
x.storage_offset() ; x[1].storage_offset() ; T.empty(0).resize_(2, 3).shape ; T.zeros(4).resize_as_(T.zeros(2)).shape
x.renorm(0., 0, 1.) ; T.aminmax(x[:0]) ; x.cov(fweights=x) ; x.quantile(2.) ; T.quantile(x, 0.5, interpolation='no')
x.as_strided((9, 9), (9, 1)) ; x.as_strided((2,), (1, 1)) ; x.put(T.tensor([77]), x[0, :1]) ; x.resize_(2)
x.index_reduce(0, T.tensor([0]), x[:1], 'sum') ; x.scatter_reduce(0, T.tensor([[0]]), x, 'no') ; x.diff(-1)
T.bincount(T.tensor([-1])) ; T.unique(T.zeros(0, 3), dim=1) ; T.searchsorted(T.tensor([[1, 2]]), 3) ; x.sum_to_size(7)
x.select_scatter(x, 0, 0) ; x.masked_scatter(x > 0, x[:0]) ; T.masked.mean(T.tensor([1, 2]))
T.gradient(x, edge_order=3)
"""
CASES = cases(CALLS)


@pytest.fixture
def x() -> dict[str, Any]:
    """A matrix with no ties, no zeros and no NaN."""
    return {"x": np.random.default_rng(3).permutation(np.linspace(-1.7, 2.1, 6)).reshape(2, 3)}


@pytest.mark.parametrize("call", CASES)
def test_against_torch(torch: ModuleType, call: str, x: dict[str, Any]) -> None:
    """Values, dtypes, shapes, graphs, gradients and second gradients in float64; errors word for word."""
    agree(torch, call, x, 1e-9)


OUT = """
T.add(x, x, out=o) ; T.cat([x, x], out=o) ; T.stack([x, x], 1, out=o) ; T.sum(x, 0, out=o) ; T.mean(x, 1, out=o)
T.gather(x, 0, T.tensor([[0, 1, 1]]), out=o) ; T.index_select(x, 0, T.tensor([1]), out=o) ; T.cumsum(x, 0, out=o)
T.amax(x, 0, out=o) ; T.prod(x, 0, out=o) ; T.take(x, T.tensor([1]), out=o) ; T.hstack([x, x], out=o)
T.masked_select(x, x > 0, out=o) ; T.matmul(x, x.T, out=o) ; T.mul(x, x, out=o)
T.sort(x, out=(o, T.empty(0, dtype=T.int64)))[0]
"""


@pytest.mark.parametrize("call", cases(OUT))
@pytest.mark.parametrize(
    "make", ["T.empty(0)", "T.empty(2)", "T.empty(0, dtype=T.float64)", "T.empty(0, dtype=T.int64)"]
)
def test_out(torch: ModuleType, call: str, make: str) -> None:
    """What ``out=`` holds afterwards, what is warned about, and which dtypes it refuses."""
    results = []
    for T in (torch, engine):
        names = {"T": T, "x": T.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.5]])}
        names["o"] = eval(make, names)
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            try:
                same = eval(call, names) is names["o"]
                results.append((same, str(names["o"]), [str(w.message).partition(" (Trig")[0] for w in told]))
            except Exception as error:
                results.append(f"{type(error).__name__}: {error}")
    assert results[0] == results[1]


def test_scatter_that_reduces_is_not_derived(torch: ModuleType) -> None:
    """``scatter(..., reduce="add")`` has a graph, and PyTorch's error at its end."""
    for T in (torch, engine):
        x = T.ones(2, 2, requires_grad=True)
        y = x.scatter(0, T.tensor([[1]]), 2.0, reduce="add")
        assert y.tolist() == [[1.0, 1.0], [3.0, 1.0]]
        with pytest.raises(RuntimeError, match=r"^derivative for aten::scatter is not implemented$"):
            y.sum().backward()


@pytest.mark.parametrize(
    "call", ["T.unique(x)", "T.unique(x, dim=0)", "T.unique_consecutive(x)", "T.histogram(x, 3)[0]",
             "T.bincount(T.tensor([0, 1, 1]), x)", "T.histogramdd(x[:, None], [2])[0]"],
)  # fmt: skip
def test_counts_are_not_derived(torch: ModuleType, call: str) -> None:
    """Distinct values and counts have PyTorch's node, and its error when a gradient reaches it."""
    found = []
    for T in (torch, engine):
        x = T.tensor([1.0, 2.0, 2.0], requires_grad=True)
        y = eval(call, {"T": T, "x": x})
        with pytest.raises((NotImplementedError, RuntimeError)) as told:
            y.sum().backward()
        found.append((y.grad_fn.name(), type(told.value), str(told.value)))
    assert found[0] == found[1]


def test_out_wants_no_gradient(torch: ModuleType) -> None:
    """``out=`` is refused where an argument wants a gradient, in PyTorch's words, and allowed under ``no_grad``."""
    for T in (torch, engine):
        x = T.ones(2, requires_grad=True)
        with pytest.raises(
            RuntimeError, match=r"^cat\(\): functions with out=... arguments don't support automatic diff"
        ):
            T.cat([x, x], out=T.empty(0))
        with T.no_grad():
            assert T.cat([x, x], out=T.empty(0)).tolist() == [1.0] * 4


@pytest.mark.parametrize(
    "call", ["T.aminmax(x, dim=0)", "x.median(0)", "x.mode(0)", "x.cummax(0)", "T.histogram(x, 2)"]
)
def test_named_results(torch: ModuleType, call: str) -> None:
    """Named results print as PyTorch prints them."""
    shown = [repr(eval(call, {"T": T, "x": T.tensor([[1.0, 2.0], [3.0, 1.0]])})) for T in (torch, engine)]
    assert shown[0] == shown[1]


def test_equal_elements_stay_where_torch_leaves_them(torch: ModuleType) -> None:
    """Indices of sorts and selections among many equal elements are PyTorch's, whatever its algorithm."""
    draw = np.random.default_rng(4)
    for n in (3, 16, 17, 100, 700):
        values = draw.integers(0, 5, (2, n))
        for call in (
            "x.sort()[1]", "x.sort(descending=True)[1]", "x.argsort(stable=True)", f"x.topk({n // 2 or 1})[1]",
            "x.topk(1, largest=False)[1]", f"x.kthvalue({n // 3 or 1})[1]", "x.mode()[1]", "x.median(1)[1]",
        ):  # fmt: skip
            theirs, ours = (eval(call, {"x": T.tensor(values)}).tolist() for T in (torch, engine))
            assert ours == theirs, (n, call)
