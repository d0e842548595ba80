"""Reductions, extremes, running sums, softmax against PyTorch."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np
import pytest

import engine

from .against import agree, cases

CALLS = """
x.sum() ; x.sum(0) ; x.sum(-1) ; x.sum(0, True) ; x.sum((0, 1)) ; x.sum([0, 1], keepdim=True) ; x.sum(dim=())
T.sum(x) ; x.sum(None, True) ; x.sum(axis=0, keepdims=True) ; x.sum(dtype=T.float32) ; T.sum(x, dim=1) ; T.sum(x, [1])
x.mean() ; x.mean(0) ; x.mean((0, 1), True) ; T.mean(x, dim=[1]) ; x.mean(axis=1) ; x.mean(dim=-1, keepdim=True)
x.nansum() ; x.nansum(1) ; x.nanmean() ; x.nanmean(0, True) ; x.prod() ; x.prod(0) ; x.prod(1, True) ; x.prod(dim=-1)
T.prod(x) ; T.prod(x, 1) ; x.var() ; x.var(1) ; x.var(unbiased=False) ; x.var(1, False) ; x.var(False)
x.var(1, unbiased=False, keepdim=True) ; x.var(dim=1, correction=0) ; x.var((0, 1)) ; x.std() ; x.std(0)
x.std(1, keepdim=True) ; T.std(x, False) ; x.std(correction=2) ; x.std([0, 1], correction=0) ; T.var(x, dim=0)
x.std(dim=-1, unbiased=True) ; x.max() ; x.max(1) ; x.max(1, True) ; x.max(dim=0, keepdim=True) ; x.max(x * 2)
T.max(x, 0) ; T.max(x) ; x.min() ; x.min(1) ; x.min(-1, True) ; T.min(x, dim=0) ; T.min(x, x * 2)
T.max(x, other=x * 2) ; x.amax() ; x.amax(0) ; x.amax((0, 1)) ; x.amax(1, True) ; x.amin() ; x.amin(dim=-1)
x.amin([0, 1], True) ; x.amax(()) ; x.argmax() ; x.argmax(1) ; x.argmax(dim=0, keepdim=True) ; x.argmin()
x.argmin(-1) ; x.argmax(keepdim=True) ; x.any() ; x.all() ; x.any(1) ; x.all(0, True) ; T.any(x > 0, dim=(0, 1))
(x > 0).all(1) ; x.count_nonzero() ; x.count_nonzero(1) ; x.count_nonzero((0, 1)) ; x.norm() ; x.norm(1)
x.norm(2, 0) ; x.norm(p=2, dim=(0, 1)) ; x.norm(dim=1) ; x.norm(inf) ; x.norm(-inf, 0) ; x.norm(0)
x.norm(3, 1, True) ; T.norm(x) ; T.norm(x, p=1, dim=1) ; x.norm(0.5) ; x.norm(1.5, 0) ; x.norm('fro') ; x.norm(-1)
T.norm(x, dim=[0, 1], keepdim=True) ; x.norm(2, -1, keepdim=True) ; L.norm(x) ; L.norm(x, dim=1) ; L.norm(x, 'fro')
L.norm(x, 1) ; L.norm(x, inf) ; L.norm(x, -inf, (1, 0)) ; L.vector_norm(x) ; L.vector_norm(x, 1, dim=0)
L.vector_norm(x, 3, keepdim=True) ; L.matrix_norm(x) ; L.matrix_norm(x, 1) ; L.matrix_norm(x, -1, keepdim=True)
L.norm(x[0], 3) ; L.norm(x[0]) ; x.logsumexp(0) ; T.logsumexp(x, (0, 1)) ; x.logsumexp(dim=-1, keepdim=True)
x.softmax(0) ; x.softmax(dim=-1) ; T.softmax(x, 1) ; x.softmax(1, T.float32) ; x.log_softmax(0)
T.log_softmax(x, dim=-1) ; x.log_softmax(1, dtype=T.float32) ; x.cumsum(0) ; x.cumsum(dim=-1) ; T.cumsum(x, 1)
x.cumprod(0) ; x.cumprod(1) ; T.cumprod(x, dim=-1) ; x.sum().sum(0) ; x[0, 0].sum(-1, True) ; x[0, 0].mean(0)
x[0, 0].max(0) ; x[0, 0].softmax(0) ; x[0, 0].cumsum(0) ; x[0, 0].logsumexp(0) ; x[0, 0].prod(0) ; x[0, 0].norm()
x[0, 0].amax(0) ; x[0, 0].cumprod(-1) ; x[0, 0].log_softmax(-1) ; x[0, 0].norm(2, 0) ; x[0, 0].argmax(0)
x[0, 0].prod() ; x[0, 0].max() ; x[0, 0].var(correction=0) ; x[0, 0].norm(3.) ; x.exp().sum(1).mean()
(x * x).sum().sqrt() ; (x - x.mean(0)) / x.std(0) ; x.T.sum(0) ; x.t().max(0)[0] ; x.T.cumsum(1)
"""
CASES = cases(CALLS)


@pytest.fixture
def x() -> dict[str, Any]:
    """A matrix with no ties, no zeros and no NaN."""
    return {"x": np.random.default_rng(3).permutation(np.linspace(-1.7, 2.1, 6)).reshape(2, 3)}


@pytest.mark.parametrize("call", CASES)
def test_against_torch(torch: ModuleType, call: str, x: dict[str, Any]) -> None:
    """Values, dtypes, shapes, graphs, gradients and second gradients in float64."""
    agree(torch, call, x, 1e-5 if "float32" in call else 1e-9)


@pytest.mark.parametrize("call", CASES)
def test_in_float32(torch: ModuleType, call: str, x: dict[str, Any]) -> None:
    """float32 in, float32 out, gradients too."""
    agree(torch, call, {"x": x["x"].astype(np.float32)}, 2e-5, second=False)


SPECIAL = """
x.sum() ; x.mean() ; x.prod() ; x.prod(0) ; x.max() ; x.min() ; x.amax() ; x.amin(0) ; x.max(0) ; x.min(0)
x.argmax(0) ; x.norm() ; x.norm(1) ; x.norm(3) ; x.norm(0.5) ; x.norm(1.5) ; x.norm(inf) ; x.norm(-inf) ; x.norm(0)
x.norm(2, 0) ; x.logsumexp(0) ; x.softmax(0) ; x.log_softmax(0) ; x.cumsum(0) ; x.cumprod(0) ; x.nansum()
x.nanmean() ; x.var() ; x.std() ; x.std(0, correction=0) ; x.any() ; x.all() ; x.count_nonzero() ; x.std(correction=9)
x.var(0, correction=9) ; x.nanmean(0) ; x.median() ; x.nanmedian() ; x.quantile(0.25)
"""
inf, nan = np.inf, np.nan
VALUES = [
    [0.0, 2.0, 3.0], [0.0, 0.0, 3.0], [0.0, 0.0, 0.0], [1.0, 3.0, 3.0], [-2.0, 2.0, 2.0], [1.0, nan, nan], [5.0],
    [-inf, 1.0], [inf, 1.0], [-inf, -inf], [1e20, 1e20], [1e-30, 1e-30], [1.0, 0.0, -2.0, 0.0, 3.0], [1000.0, 0.0],
    [nan, nan], [nan], [inf],
]  # fmt: skip


@pytest.mark.parametrize("call", cases(SPECIAL))
@pytest.mark.parametrize("values", VALUES, ids=str)
def test_special_values(torch: ModuleType, call: str, values: list[float]) -> None:
    """Zeros, ties, constants, infinities, NaN and huge numbers: value and gradient are PyTorch's."""
    agree(torch, call, {"x": np.array(values, np.float32)}, 2e-6, second=False)


@pytest.mark.parametrize("call", ["x.prod()", "x.prod(0)", "x.cumprod(0)", "(x * x).prod(1)", "x.cumprod(1)"])
def test_second_gradients_through_zeros(torch: ModuleType, call: str) -> None:
    """Products with zeros are smooth: their second derivatives are PyTorch's."""
    agree(torch, call, {"x": np.array([[2.0, 0.0, 3.0], [0.0, 0.5, 0.0]])}, 1e-12)


WHOLE = """
x.sum() ; x.sum(0) ; x.sum(dtype=T.int32) ; x.sum(dtype=T.float32) ; x.mean() ; x.mean(0) ; x.mean(dtype=T.float64)
x.prod() ; x.prod(0) ; x.prod(dtype=T.int32) ; x.max() ; x.max(0) ; x.min(1) ; x.amax(0) ; x.argmax() ; x.any()
x.all(1) ; x.cumsum(0) ; x.cumprod(1) ; x.norm() ; x.norm(1) ; x.var() ; x.std() ; x.softmax(0) ; x.softmax(1)
x.log_softmax(-1) ; x.logsumexp(0) ; x.count_nonzero() ; x.nansum() ; L.norm(x) ; x.softmax(0, dtype=T.float32)
x.cumsum(0, dtype=T.int32)
"""


@pytest.mark.parametrize("call", cases(WHOLE))
@pytest.mark.parametrize("dtype", ["int64", "int32", "uint8", "bool"])
def test_whole_numbers(torch: ModuleType, call: str, dtype: str) -> None:
    """Whole numbers and bools: int64 sums, errors word for word."""
    agree(torch, call, {"x": np.array([[3, 0, 2], [1, 0, 2]]).astype(dtype)}, 1e-6)


WRONG = """
x.sum(2) ; x.sum((0, 0)) ; x.sum((0, 5)) ; x.mean(-3) ; x.prod(4) ; x.prod((0, 1)) ; x.max(3) ; x.amax(2)
x.argmax(4) ; x.softmax(5) ; x.softmax() ; x.log_softmax(-3) ; x.logsumexp(7) ; x.logsumexp() ; x.cumsum()
x.cumsum(3) ; x.cumprod(2) ; x.norm(2, 5) ; x.var(3) ; x.std((0, 0)) ; x.any(2) ; x.count_nonzero(2) ; T.max(x, 1.)
T.sum([1]) ; T.mean(2.) ; x.sum(5).sum() ; T.softmax([1.], 0) ; x[0, 0].sum(1) ; x[0, 0].softmax(1)
x[0, 0].max(2) ; T.tensor([]).max() ; T.tensor([]).min() ; T.tensor([]).amax() ; T.tensor([]).argmax()
T.zeros(0, 3).max(0) ; T.zeros(0, 3).amax(0) ; T.zeros(0, 3).argmin(0) ; T.zeros(0, 3).sum(0) ; T.tensor([]).sum()
T.tensor([]).mean() ; T.tensor([]).prod() ; T.tensor([]).norm() ; T.zeros(2, 0).logsumexp(1)
T.zeros(2, 0).softmax(1) ; T.tensor([]).std() ; T.tensor([]).any() ; T.tensor([]).all() ; T.tensor([]).norm(inf)
T.zeros(0, 3).max(1) ; T.zeros(2, 0).cumsum(1)
"""


@pytest.mark.parametrize("call", cases(WRONG))
def test_errors_and_emptiness(torch: ModuleType, call: str, x: dict[str, Any]) -> None:
    """What PyTorch refuses is refused with its words; what it makes of nothing, we make."""
    agree(torch, call, x, 0)


def test_named_results(torch: ModuleType) -> None:
    """``max(dim)`` gives a tuple with names that prints as PyTorch's."""
    for T in (torch, engine):
        found = T.tensor([[1.0, 5.0], [7.0, 3.0]]).max(1)
        assert found.values.tolist() == [5, 7]
        assert found.indices.tolist() == [1, 0]
        values, _ = found
        assert values is found[0]
        assert repr(found) == "torch.return_types.max(\nvalues=tensor([5., 7.]),\nindices=tensor([1, 0]))"
        assert repr(T.tensor([[1.0]]).min(0)).startswith("torch.return_types.min(\nvalues=")


def test_too_few_degrees_of_freedom(torch: ModuleType) -> None:
    """The spread of one number is NaN, with PyTorch's warning."""
    for T in (torch, engine):
        with pytest.warns(UserWarning, match=r"std\(\): degrees of freedom is <= 0"):
            assert T.tensor([1.0]).std().isnan()


def runs(function: Any) -> bool:
    """Whether a function runs without a RuntimeError."""
    try:
        function()
    except RuntimeError:
        return False
    return True


def test_saved_by_the_same_rules(torch: ModuleType) -> None:
    """Sums and means save no data and run backward twice; the others say that the graph is gone."""
    for call in ("x.sum()", "x.sum(0).sum()", "x.mean()", "x.cumsum(0).sum()", "x.max()", "x.max(0)[0]", "x.norm()",
                 "x.var()", "x.prod()", "x.softmax(0).sum()", "x.logsumexp(0)", "x.amax(0)"):  # fmt: skip
        twice = []
        for T in (torch, engine):
            y = eval(call, {"x": T.tensor([0.5, 2.0], requires_grad=True)})
            y.backward()
            twice.append(runs(y.backward))
        assert twice[0] == twice[1], call


def test_long_sums_keep_their_precision() -> None:
    """A float32 sum of a million terms is good to six digits."""
    x = np.random.default_rng(0).random(1_000_000, np.float32)
    assert engine.tensor(x).sum().item() == pytest.approx(x.sum(dtype=np.float64), rel=1e-6)
    assert engine.tensor(x).mean().item() == pytest.approx(x.mean(dtype=np.float64), rel=1e-6)
    assert engine.tensor(x).norm().item() == pytest.approx(np.linalg.norm(x.astype(np.float64)), rel=1e-6)
