"""Shapes, joining, parting and rearranging against PyTorch."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np
import pytest

import engine

from .against import agree, cases

CALLS = """
x.reshape(6, 4) ; x.transpose(0, 1).reshape(6, 4) ; x.reshape(2, 3, 4) ; x.reshape(2, -1) ; x.reshape([2, -1])
x.reshape(shape=(2, 12)) ; T.reshape(x, (2, 12)) ; x.view(-1) ; x.view(size=(2, 12)) ; x.view(4, -1) ; v.view([2, 2])
x[:, 0].reshape(-1) ; m[:, 0].reshape(3, 1) ; v.reshape(4) ; s.view(1, 1) ; s.view(()) ; s.reshape(()) ; s.reshape(-1)
x.view_as(x) ; x.reshape_as(x) ; x.flatten() ; x.flatten(1) ; x.transpose(0, 2).flatten() ; s.flatten() ; v.flatten()
T.flatten(x, start_dim=1) ; x.flatten(0, 1) ; x.ravel() ; m.t().ravel() ; x.unflatten(1, (3, 1))
x.unflatten(2, (-1, 2))
m.t() ; v.t() ; m.T ; x.mT ; m.mT ; m.H ; x.permute(2, 0, 1) ; T.permute(x, (0, 2, 1)) ; v.permute([0])
x.movedim(0, 2) ; x.movedim((0, 1), (1, 0)) ; T.moveaxis(x, 0, -1) ; x.swapaxes(0, 1) ; x.transpose(-1, 0)
x.squeeze() ; x[None].squeeze() ; x[None].squeeze(0) ; x[None].squeeze(1) ; x[None].squeeze((0, 1)) ; s.squeeze(0)
x.unsqueeze(-1) ; x.unsqueeze(0) ; s.unsqueeze(0) ; T.squeeze(x, dim=0) ; T.unsqueeze(x, 1) ; T.transpose(x, 0, 1)
v.expand(3, 4) ; v.expand(3, -1) ; v.expand((3, 4)) ; v.expand(0, 4) ; v.expand_as(x) ; T.broadcast_to(v, (3, 4))
s.expand(2, 2) ; m[:1].expand(3, 3) ; T.broadcast_tensors(v, x)[0] ; v.repeat(2, 3) ; v.tile(2) ; v.tile((2, 2))
T.tile(x, (2,)) ; x.flip(0) ; x.flip((0, 1)) ; x.flip(0, 2) ; x.fliplr() ; x.flipud() ; x.roll(1) ; x.roll(1, 0)
x.roll((1, 2), (0, 1)) ; x.rot90() ; x.rot90(2, (0, 2)) ; x.rot90(-1) ; v.repeat_interleave(2)
x.repeat_interleave(2, 1) ; x.repeat_interleave(T.tensor([1, 0, 2]), 1)
T.cat([x, x]) ; T.cat([x, x], 1) ; T.cat((x, x), dim=-1) ; T.cat([x, x[:, :2]], 1) ; T.cat([x, x], axis=1)
T.cat([v, m[0]]) ; T.cat([T.tensor([1, 2]), v]) ; T.cat([T.zeros(0), x]) ; T.concat([x, x]) ; T.cat([v.float(), v])
T.stack([x, x], -1) ; T.stack([v, v]) ; T.stack([s, s]) ; T.stack((v, v), dim=1) ; T.stack([v, v.float()])
T.hstack([v, v]) ; T.hstack([x, x]) ; T.hstack([s, s]) ; T.vstack([v, v]) ; T.vstack([s, s]) ; T.dstack([v, v])
T.column_stack([v, v]) ; v.chunk(2) ; v.chunk(3) ; x.chunk(5, 2) ; v.split(3) ; v.split([1, 3]) ; x.split(2, dim=2)
T.split(v, 2) ; x.split_with_sizes([1, 2], 1) ; v.tensor_split(3) ; v.tensor_split((1, 3)) ; v.hsplit(2) ; x.vsplit(2)
x.unbind() ; x.unbind(1) ; T.unbind(x, dim=-1) ; tuple(v) ; tuple(x) ; T.atleast_1d(s) ; T.atleast_2d(s)
T.atleast_2d(v) ; T.atleast_3d(v) ; m.diagonal() ; x.diagonal(1, 1, 2) ; x.diagonal(-1, 2, 0) ; x.unfold(2, 2, 1)
T.tril(m) ; T.triu(m, 1) ; m.tril(-1) ; x.triu() ; x.narrow(1, 0, 2) ; x.narrow(-1, -2, 1)
x.select(1, 0) ; T.select(x, 0, -1)
T.narrow(x, 0, 0, 1) ; x.contiguous() ; x.transpose(0, 1).contiguous() ; x.clone() ; T.clone(x) ; x.clone().view(-1)
x.transpose(0, 1).clone().transpose(0, 1) ; v.expand(3, 4).clone() ; x.detach() ; x.permute(2, 1, 0).reshape(4, 6)
(x.permute(2, 1, 0) * 2).sum(0) ; T.cat([x.sum(0), x.mean(0)]).reshape(2, 12).t()
"""

ERRORS = """
x.transpose(0, 1).view(6, 4) ; x.view(-1, 5) ; x.view(-1, -1) ; x.view(7) ; x.reshape(7) ; x.reshape(-1, -1)
x.reshape(-1, 5) ; T.zeros(0, 3).reshape(-1, 0) ; x.reshape(-2, 3) ; x.flatten(2, 1) ; x.unflatten(2, (3, -1))
x.unflatten(1, (5, 1)) ; x.unflatten(1, []) ; x.t() ; v.mT ; x.permute(0, 1) ; x.permute(0, 0, 1) ; x.permute(0, 1, 5)
x.transpose(0, 5) ; x.squeeze(7) ; x.unsqueeze(5) ; v.expand(-1, 4) ; v.expand(3, 5) ; v.expand(1) ; v.expand(3, -2)
x.float().expand(4) ; x.repeat(2) ; v.repeat() ; v.repeat(-1) ; x.flip(5) ; x.flip((0, 0)) ; T.roll(x, 1, (0, 1))
T.roll(x, (1, 2)) ; T.roll(x, (1, 2), 5) ; x.rot90(1, (0, 5)) ; T.cat((x, v)) ; T.cat([x, x[:, :2]], 0) ; T.cat([])
T.cat([x], 5) ; T.cat([s, s]) ; T.cat(x) ; T.cat([1.0]) ; T.cat(5) ; T.stack([x, v]) ; T.stack([])
T.stack([v, v], 3)
T.stack(x) ; T.stack([1.]) ; T.hstack([]) ; T.vstack([v, x]) ; v.chunk(0) ; v.split([1, 2]) ; v.split(0) ; s.unbind()
x.unbind(5) ; x.chunk(2, 5) ; x.narrow(1, 0, 7) ; x.narrow(1, 5, 1) ; x.select(1, 7) ; x.select(5, 0) ; T.tril(v)
x.unfold(2, 5, 1) ; x.diagonal(0, 1, 1) ; v.reshape() ; v.reshape("a") ; T.reshape(x, 12)
"""


@pytest.fixture
def arrays() -> dict[str, Any]:
    """A tensor of each number of dimensions."""
    rng = np.random.default_rng(2)
    shapes = {"x": (2, 3, 4), "m": (3, 3), "v": (4,), "s": ()}
    return {name: rng.standard_normal(shape) for name, shape in shapes.items()}


@pytest.mark.parametrize("call", cases(CALLS))
def test_calls(torch: ModuleType, arrays: dict[str, Any], call: str) -> None:
    """Values, first and second gradients, and every node's name."""
    agree(torch, call, {k: arrays[k] for k in "xmvs" if _names(call, k)}, 1e-12)


@pytest.mark.parametrize("call", cases(ERRORS))
def test_errors(torch: ModuleType, arrays: dict[str, Any], call: str) -> None:
    """PyTorch's type and text."""
    agree(torch, call, arrays, 1e-12)


def _names(call: str, name: str) -> bool:
    return name in compile(call, "call", "eval").co_names


def test_views_share_memory() -> None:
    """What is a view in PyTorch is one here: a write shows through."""
    x = engine.zeros(2, 3)
    ways = [x[0], x[:, 1:], x.t(), x.view(6), x.reshape(-1), x.unsqueeze(0), x.expand(2, 2, 3), x.flatten()]
    for view in [*ways, x.diagonal(), x[:, None], x.narrow(1, 0, 1), x.unbind()[0]]:
        assert view._base is x
        view.detach()[(0,) * view.dim()] = view.sum().item() + 1
    assert x[0, 0].item() > 0
    for copy in (x.clone(), x.t().reshape(-1), x[[0]], x.flip(0), x.repeat(1, 1)):
        assert copy._base is None


def test_gradients_keep_their_dtype() -> None:
    """Joining promotes; each tensor gets its gradient in its own dtype."""
    a, b = engine.ones(2, requires_grad=True), engine.ones(2, dtype=engine.float64, requires_grad=True)
    engine.cat([a, b]).sum().backward()
    assert (a.grad.dtype, b.grad.dtype) == (engine.float32, engine.float64)
