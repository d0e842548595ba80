"""Where PyTorch lays a result out in the order of its dimensions, so that ``view`` works, the engine does too."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest

import engine

INPUTS = """
    torch.arange(24.0).reshape(2, 3, 4).transpose(1, 2)
    torch.arange(24.0).reshape(2, 3, 4).transpose(0, 1)
    torch.arange(24.0).reshape(2, 3, 4).permute(2, 0, 1)
    torch.arange(48.0).reshape(2, 6, 4)[:, ::2]
    torch.arange(120.0).reshape(2, 3, 4, 5).transpose(1, 2)
    torch.arange(120.0).reshape(2, 3, 4, 5).permute(0, 3, 1, 2)
"""

EXPRESSIONS = """
    F.layer_norm(x, x.shape[-1:])
    F.group_norm(x, 1)
    F.batch_norm(x, torch.zeros(x.shape[1]), torch.ones(x.shape[1]))
    F.batch_norm(x, torch.zeros(x.shape[1]), torch.ones(x.shape[1]), training=True)
    F.softmax(x, -1)
    F.softmax(x, 1)
    F.log_softmax(x, -1)
    F.linear(x, torch.ones(5, x.shape[-1]), torch.ones(5))
    F.pad(x, (1, 1))
    F.scaled_dot_product_attention(x, x, x)
    x.cumsum(1)
    x.sum(0)
    x.sum((0, 1), keepdim=True)
    x.mean(1)
    x.amax(0)
    x.max(1)[0]
    x.min(0).values
    x.var(0)
    torch.cat([x, x])
    torch.cat([x, x], 1)
    torch.stack([x, x])
    torch.stack([x, x], 2)
    x.masked_fill(x > 3, 1.0)
    x.gather(1, torch.zeros(x.shape, dtype=torch.int64))
    x.tril()
    x.triu()
    x.roll(1, 1)
    x[:, torch.tensor([0, 1])]
    x.index_select(1, torch.tensor([0, 1]))
    x.repeat(1, 2, *[1] * (x.dim() - 2))
    x @ torch.ones(x.shape[-1], 3)
    x @ x.transpose(-1, -2)
    x.contiguous() + x
    x.prod(0)
    x.nansum(1)
    x.norm(3, 0)
    x.any(0)
    x.logsumexp(0)
    x.cumprod(1)
    x.cummax(0)[0]
    x.logcumsumexp(1)
    x.kthvalue(2, 1)[0]
    x.topk(2, 1)[1]
    x.aminmax(dim=0)[0]
    x.nanmedian(0)[0]
    x.quantile(0.5, 0)
    x.sort(1)[0]
    x.argsort(0)
    x.reshape(-1, x.shape[-1])
    x.flatten(1)
"""


def lines(text: str) -> list[str]:
    return [line.strip() for line in text.strip().splitlines()]


@pytest.mark.parametrize("expression", lines(EXPRESSIONS))
def test_as_in_torch(torch: ModuleType, expression: str) -> None:
    """The same values, contiguous where those of PyTorch are."""
    for text in lines(INPUTS):
        found: list[Any] = []
        for library in (torch, engine):
            names = {"torch": library, "F": library.nn.functional}
            found.append(eval(expression, {**names, "x": eval(text, names)}))
        theirs, ours = found
        assert ours.shape == tuple(theirs.shape), text
        assert ours.is_contiguous() or not theirs.is_contiguous(), text
        assert "sort" not in expression or ours.stride() == theirs.stride(), text
        assert torch.allclose(torch.from_numpy(ours.numpy().copy()), theirs, 1e-4, 1e-5), text
        if theirs.is_contiguous():
            assert ours.view(-1).shape == (theirs.numel(),)


LEAVES = """
    torch.ones(3, 4)
    torch.ones(300, 400)
    torch.ones(4, 3).t()
    torch.ones(400, 300).t()
    torch.ones(3, 8)[:, ::2]
    torch.ones(2, 3, 4).permute(1, 2, 0)
"""
PASSES = """
    x.mT * torch.ones(x.mT.shape)
    x * torch.ones(x.mT.shape).mT
    x.mT
    x + x.mT.contiguous().mT
    x.mT.matmul(torch.ones(x.shape[-2], 5))
    x @ torch.ones(5, x.shape[-1]).t()
    torch.ones(5, x.shape[-1]) @ x.mT
"""


@pytest.mark.filterwarnings("ignore:Using backward")  # with create_graph=True
@pytest.mark.parametrize("leaf", lines(LEAVES))
def test_a_gradient_is_laid_out_as_its_leaf(torch: ModuleType, leaf: str) -> None:
    """In whatever order of dimensions it arrives, ``.grad`` has the strides of its leaf, if that has no gaps."""

    def strides(lib: Any, expression: str, create_graph: bool) -> Any:
        x = eval(leaf, {"torch": lib}).requires_grad_()
        out = eval(expression, {"torch": lib, "x": x})
        v = lib.ones(out.mT.shape).mT
        x.grad = None
        (out * v).sum().backward(create_graph=create_graph)
        grad, x.grad = x.grad, None
        return grad.stride(), grad.tolist()

    for expression in lines(PASSES):
        for recorded in (False, True):
            assert strides(engine, expression, recorded) == strides(torch, expression, recorded), expression


@pytest.mark.parametrize("expression", ["a @ b", "torch.addmm(v, a, b)", "torch.addmm(v, a, b, alpha=2)"])
def test_the_gradients_of_a_product_are_laid_out_as_its_matrices(torch: ModuleType, expression: str) -> None:
    """What a matrix that is stored column after column receives is stored so too."""

    def strides(lib: Any, columns: tuple[bool, bool]) -> Any:
        a = (lib.ones(5, 4).t() if columns[0] else lib.ones(4, 5)).requires_grad_()
        b = (lib.ones(3, 5).t() if columns[1] else lib.ones(5, 3)).requires_grad_()
        v = lib.ones(4, 3)
        out = eval(expression, {"torch": lib, "a": a, "b": b, "v": v})
        return [g.stride() for g in lib.autograd.grad(out, (a, b), v)]

    for columns in ((False, False), (False, True), (True, False), (True, True)):
        assert strides(engine, columns) == strides(torch, columns)
