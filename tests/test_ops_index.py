"""Indexing, gathering, masks and sorting against PyTorch."""

from __future__ import annotations

import random
import warnings
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import engine

from .against import agree, cases
from .inplace_programs import index

CALLS = """
x[0] ; x[-1] ; s[...] ; s[None] ; s[()] ; s[True] ; s[False] ; s[T.tensor(True)] ; v[True] ; v[1:3] ; v[1:3:2]
v[3:1]
v[:] ; v[...] ; v[None] ; x[0, 1:3] ; x[0, :, 1] ; x[:, 0] ; x[:, :, 1:2] ; x[..., 0] ; x[0, ..., 0] ; x[..., ...]
x[None, 0] ; x[:, None] ; x[0, 0, 0] ; x[T.tensor(1)] ; x[T.tensor([0, 1])] ; x[[0, 1]] ; x[[0, 1], [1, 2]]
x[[0, 1], :, [1, 2]] ; x[0, :, [1, 2]] ; x[:, [0, 1]] ; x[:, 0, [0, 1]] ; x[:, [0, 1], 0] ; x[[0.5]]
x[T.tensor([True, False])] ; x[[True, False]] ; x[:, T.tensor([True, False, True])] ; x[x > 0]
x[T.tensor([[True, False, True], [True, False, True]])] ; x[T.ones(2, 3, dtype=T.bool), 0]
x[..., T.ones(3, 4, dtype=T.bool)]
x[T.tensor([0, 1], dtype=T.int32)] ; x[(0, slice(0, 1))] ; x[0, T.tensor(1), 1:3] ; x[T.tensor(1):2] ; x[[]]
x[:, []]
x[range(2)] ; x[True] ; x[False] ; x[0, True] ; x[None, ..., None] ; x[1:, None, [0, 1], None] ; v[T.tensor(True)]
x[0][1] ; x[-2:, 0] ; x[0:9, 0] ; x[0:0] ; x[1:5] ; x[-5:1] ; x[T.tensor([[0, 1], [1, 0]])] ; x[[0], ..., [0]]
x[T.tensor([0, 1]), T.tensor(1)] ; x[True, [0, 1]] ; x[[0, 1], None, [0, 1]] ; x[[[0, 1], [1, 0]]] ; x[[0, None]]
x[0, 0] * x[1, 1] ; x[[0, 0, 1]] ; v[v > 0] ; v[[2, 2, 0]] ; m[T.arange(3), T.tensor([2, 0, 1])] ; m[m.argmax(0)]
x.take(T.tensor([1, 5, -1])) ; x.index_select(0, T.tensor([0, 0])) ; x.index_select(2, T.tensor(1))
s.index_select(0, T.tensor([0]))
T.gather(m, 1, T.tensor([[0], [1], [2]])) ; m.gather(0, T.tensor([[2, 2, 0]])) ; T.gather(s, 0, T.tensor(0))
m.gather(-1, T.tensor([[0, 0]]))
m.scatter(1, T.tensor([[0, 1, 2], [1, 0, 2], [2, 1, 0]]), m * 2) ; m.scatter(1, T.tensor([[0], [1], [2]]), 1.5)
m.scatter(0, T.tensor([[0]]), value=2.) ; m.scatter_add(1, T.tensor([[0, 0, 0], [1, 1, 1], [2, 2, 0]]), m * 2)
m.index_add(0, T.tensor([0, 0]), m[:2]) ; m.index_add(1, T.tensor([2]), m[:, :1], alpha=3)
m.index_copy(0, T.tensor([0, 1]), m[:2])
m.index_fill(0, T.tensor([0]), 2.) ; T.take_along_dim(m, T.tensor([[0], [1], [2]]), 1)
T.take_along_dim(m, T.tensor([[0], [-1]]))
m.masked_fill(m > 0, 1.) ; m.masked_fill(m > 0, s) ; m.masked_fill(mask=m > 0, value=0.) ; v.masked_fill(x > 0, 1.)
m.masked_select(m > 0) ; v.masked_select(x > 0) ; m.nonzero() ; T.nonzero(m, as_tuple=True) ; m.argwhere()
s.nonzero()
m.index_put((T.tensor([0]),), s) ; m.index_put((T.tensor([0, 0]),), m[:2], accumulate=True)
m.index_put((T.tensor([0]), T.tensor(1)), s)
v.topk(2) ; x.topk(2, 1) ; v.topk(2, largest=False) ; T.topk(x, 2, dim=0) ; v.topk(0) ; s.topk(1) ; v.sort()
v.sort(descending=True)
x.sort(1, True) ; x.sort(dim=0) ; s.sort() ; T.sort(v, stable=True) ; v.argsort() ; x.argsort(1, True) ; v.msort()
x.msort()
v.kthvalue(2) ; x.kthvalue(2, 1) ; x.kthvalue(1, 0, True) ; T.tensor([2, 1, 2]).sort(stable=True)
T.tensor([1., nan, 0.]).sort()
"""

ERRORS = """
x[5] ; x[-5] ; v[5] ; s[0] ; s[:] ; v[::-1] ; v[::0] ; v[:, 0] ; x[0, 0, 0, 0] ; x[0, 0, 9] ; x[0, 9] ; x[None, 9]
x[[0, 5]] ; x[:, [0, -5]] ; x[[0, 1], [0, 1, 2]] ; x[0.5] ; x["a"] ; x[T.tensor([0.5])]
x[T.tensor([True, False, True])]
x[:, T.tensor([True, False])] ; x[T.tensor([[True, False, True]])] ; x[T.tensor([0, 1], dtype=T.int8)] ; x[{}]
x[1.0:2]
x["a":] ; x[2 ** 40] ; x.index_select(0, T.tensor([0, 7])) ; x.index_select(0, T.tensor([[0]]))
x.index_select(0, T.tensor([0.]))
m.index_select(5, T.tensor([0])) ; T.gather(m, 1, T.tensor([0])) ; T.gather(m, 1, T.tensor([[7]]))
T.gather(m, 1, T.tensor([[0.]]))
T.gather(m, 1, T.zeros(4, 1, dtype=T.long)) ; T.gather(m, 3, T.zeros(3, 3, dtype=T.long))
m.scatter(1, T.tensor([[0], [1], [7]]), 1.5)
x.scatter(0, T.zeros(1, 1, 4, dtype=T.long), T.ones(1, 1, 1, dtype=T.float64)) ; m.masked_fill(m > 0, v)
m.float().masked_fill(m.float(), 1.)
m.masked_fill(T.zeros(2, dtype=T.bool), 1.) ; m.masked_select(m)
m.index_put([T.tensor([0])], T.tensor([1., 2.], dtype=T.float64))
v.topk(9) ; T.topk(x, 2, dim=5) ; x.sort(9)
"""


@pytest.fixture
def arrays() -> dict[str, Any]:
    """A tensor of each number of dimensions, without ties."""
    rng = np.random.default_rng(4)
    shapes = {"x": (2, 3, 4), "m": (3, 3), "v": (4,), "s": ()}
    return {name: rng.standard_normal(shape) for name, shape in shapes.items()}


@pytest.mark.parametrize("call", cases(CALLS))
def test_calls(torch: ModuleType, arrays: dict[str, Any], call: str) -> None:
    """Values, first and second gradients, and every node's name."""
    names = compile(call, "call", "eval").co_names
    agree(torch, call, {k: a for k, a in arrays.items() if k in names}, 1e-12)


@pytest.mark.parametrize("call", cases(ERRORS))
def test_errors(torch: ModuleType, arrays: dict[str, Any], call: str) -> None:
    """PyTorch's type and text."""
    agree(torch, call, arrays, 1e-12)


def test_random_indices(torch: ModuleType) -> None:
    """600 random indices: shape, values, gradient, and whether the result is a view."""
    for seed in range(600):
        rng = random.Random(seed)
        shape = tuple(rng.randint(1, 4) for _ in range(rng.randint(1, 4)))
        found = []
        for lib in (torch, engine):
            x = lib.tensor(np.arange(float(np.prod(shape))).reshape(shape).tolist(), requires_grad=True)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                try:
                    y = x[index(random.Random(seed), shape, lib)]
                    (y * y).sum().backward()
                    found.append((tuple(y.shape), y.tolist(), x.grad.tolist(), y._is_view(), y.grad_fn.name()))
                except (IndexError, RuntimeError) as error:
                    found.append(str(error))
        assert found[0] == found[1], seed


def test_results_have_names() -> None:
    """``sort`` and ``topk`` give named pairs that print as PyTorch's."""
    result = engine.tensor([3.0, 1.0]).sort()
    assert result.values.tolist() == [1.0, 3.0]
    assert result.indices.tolist() == [1, 0]
    assert repr(result).startswith("torch.return_types.sort(\nvalues=tensor(")


def test_index_tensors_may_not_change(torch: ModuleType) -> None:
    """The graph keeps the index tensors themselves, and notices when they are written."""
    texts = []
    for lib in (engine, torch):
        x, i = lib.ones(3, requires_grad=True), lib.tensor([0, 1])
        y = x[i]
        i.fill_(2)
        with pytest.raises(RuntimeError) as caught:
            y.sum().backward()
        texts.append(str(caught.value).split("Hint")[0])
    assert texts[0] == texts[1]
