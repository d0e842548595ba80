"""Programs for ``vmap``: functions of one entry, of every kind of operation and of argument."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np


def A(T: ModuleType, *shape: int, seed: int = 0) -> Any:
    """Numbers that both libraries agree on."""
    return T.tensor(np.random.default_rng([seed, *shape]).uniform(-2, 2, shape).round(3))


def written(x: Any) -> Any:
    """A view of a tensor is written in place."""
    x[0].mul_(2)
    x.t()[1].zero_()
    return x


def set_items(x: Any, y: Any) -> Any:
    """Entries, slices and indexed places are set."""
    x[0] = y
    x[1:3] = y * 2
    x[-1] = 7.0
    return x


def through_vmap(T: ModuleType) -> Any:
    """The gradient of a captured tensor is the sum over the batch."""
    w = A(T, 2).requires_grad_()
    T.vmap(lambda x: (x * w).sin().sum())(A(T, 3, 2)).sum().backward()
    return w.grad


def along_a_batch(T: ModuleType) -> Any:
    """A batch of vectors through one graph: the rows of a Jacobian, with and without a graph of their own."""
    x = A(T, 3).requires_grad_()
    y = x.sin() * x.prod()
    rows = T.vmap(lambda v: T.autograd.grad(y, x, v, retain_graph=True)[0])(T.eye(3, dtype=x.dtype))
    recorded = T.vmap(lambda v: T.autograd.grad(y, x, v, create_graph=True)[0])(T.eye(3, dtype=x.dtype))
    return rows, recorded, T.autograd.grad(recorded.sin().sum(), x)


def gradients_of_a_batch(T: ModuleType) -> Any:
    """Gradients flow through vmap to its inputs."""
    x = A(T, 2, 3).requires_grad_()
    T.vmap(lambda v: (v.softmax(0) * v).sum())(x).sum().backward()
    return x.grad


PROGRAMS = {
    "scalars": lambda T: T.vmap(lambda x: x.sin() * 2)(A(T, 3)),
    "sum": lambda T: T.vmap(lambda x: x.sum())(A(T, 3, 4)),
    "dot": lambda T: T.vmap(T.dot)(A(T, 5, 3), A(T, 5, 3, seed=1)),
    "in_dims": lambda T: T.vmap(T.dot, in_dims=(1, 0))(A(T, 3, 5), A(T, 5, 3)),
    "negative in_dims": lambda T: T.vmap(lambda x: x[0], in_dims=-1)(A(T, 3, 5)),
    "one input only": lambda T: T.vmap(lambda x, y: x @ y, in_dims=(0, None))(A(T, 5, 2, 3), A(T, 3, 4)),
    "the other": lambda T: T.vmap(lambda x, y: x @ y, in_dims=(None, 0))(A(T, 2, 3), A(T, 5, 3, 4)),
    "out_dims": lambda T: T.vmap(lambda x: x * 2, out_dims=1)(A(T, 3, 4)),
    "negative out_dims": lambda T: T.vmap(lambda x: x * 2, out_dims=-1)(A(T, 3, 4, 2)),
    "two out_dims": lambda T: T.vmap(lambda x: (x * 2, x.sum()), out_dims=(1, 0))(A(T, 3, 4)),
    "unbatched output": lambda T: T.vmap(lambda x: T.ones(2))(A(T, 3)),
    "unbatched output, no dim": lambda T: T.vmap(lambda x: (x, T.ones(2)), out_dims=(0, None))(A(T, 3)),
    "nested": lambda T: T.vmap(T.vmap(lambda x, y: x * y, in_dims=(None, 0)), in_dims=(0, None))(A(T, 3), A(T, 4)),
    "nested over both": lambda T: T.vmap(T.vmap(lambda x: x.cumsum(0), in_dims=1), in_dims=1)(A(T, 2, 3, 4)),
    "three deep": lambda T: T.vmap(T.vmap(T.vmap(lambda x: x.softmax(0))))(A(T, 2, 3, 4, 5)),
    "dict": lambda T: T.vmap(lambda d: {"s": d["a"] + d["b"], "p": d["a"] * 2})({"a": A(T, 3), "b": A(T, 3, seed=1)}),
    "in_dims of a dict": lambda T: T.vmap(lambda d: d["a"] + d["b"], in_dims=({"a": 0, "b": None},))(
        {"a": A(T, 3), "b": A(T, 2)}
    ),
    "lists": lambda T: T.vmap(lambda xs, y: [xs[0] * y, (xs[1], y)], in_dims=([0, 1], None))(
        [A(T, 3), A(T, 2, 3)], A(T, 2)
    ),
    "plain arguments": lambda T: T.vmap(lambda x, n: x**n, in_dims=(0, None))(A(T, 3), 2),
    "keywords": lambda T: T.vmap(lambda x, scale=1.0: x * scale)(A(T, 3), scale=A(T, 3)),
    "captured": lambda T: (lambda w: T.vmap(lambda x: x * w)(A(T, 3)))(A(T, 2)),
    "chunks": lambda T: T.vmap(lambda x, y: (x * 2, y.sum()), chunk_size=2)(A(T, 5, 3), A(T, 5)),
    "chunks, out_dims": lambda T: T.vmap(lambda x: x * 2, in_dims=1, out_dims=1, chunk_size=2)(A(T, 3, 5)),
    "chunks of one": lambda T: T.vmap(lambda x: x.exp(), chunk_size=1)(A(T, 3)),
    "promotion": lambda T: T.vmap(lambda x, y: x.float() * y)(A(T, 3, 2), A(T, 3)),
    "promotion of integers": lambda T: T.vmap(lambda x: (T.tensor([1, 2]) * x.long(), T.tensor([1, 2]) / 2 + x))(
        A(T, 3)
    ),
    "promotion by numbers": lambda T: T.vmap(lambda x: (x.float() * 2.0, x.long() * 1.5, x.long() + 1))(A(T, 3)),
    "comparisons": lambda T: T.vmap(lambda x, y: (x > y, x == x, (x > 0) & (y > 0)))(A(T, 3, 2), A(T, 3)),
    "where": lambda T: T.vmap(lambda c, x: T.where(c > 0, x, 0.0))(A(T, 3), A(T, 3, 2)),
    "views": lambda T: T.vmap(lambda x: (x.t(), x.reshape(-1), x.view(6), x.unsqueeze(0), x.T, x.flatten()))(
        A(T, 4, 2, 3)
    ),
    "movedim": lambda T: T.vmap(lambda x: (x.movedim(0, -1), x.permute(2, 0, 1), x.transpose(0, 2)))(A(T, 2, 3, 4, 5)),
    "view of a moved batch": lambda T: T.vmap(lambda x: x.reshape(6), in_dims=2)(A(T, 2, 3, 4)),
    "expand": lambda T: T.vmap(lambda x: (x.expand(4, 3), x.expand_as(T.ones(2, 3)), x.repeat(2, 1)))(A(T, 2, 3)),
    "index": lambda T: T.vmap(lambda x: (x[0], x[:, 1], x[..., -1], x[1:, None], x[[0, 1]], x[:, [0, 2]]))(
        A(T, 4, 2, 3)
    ),
    "index with a batch": lambda T: T.vmap(lambda x, i: (x[i], x[i, 0], x[i.unsqueeze(0)]))(
        A(T, 4, 2, 3), T.tensor([0, 1, 1, 0])
    ),
    "index by a batch alone": lambda T: T.vmap(lambda x, i: x[i], in_dims=(None, 0))(
        A(T, 5, 2), T.tensor([[0, 4], [1, 1]])
    ),
    "index behind a slice": lambda T: T.vmap(lambda x, i: x[:, i])(A(T, 2, 2, 3), T.tensor([[0, 2], [1, 1]])),
    "mask": lambda T: T.vmap(lambda x: x[T.tensor([True, False, True])])(A(T, 2, 3)),
    "take": lambda T: T.vmap(lambda x, i: (x.gather(0, i), x.index_select(0, i), T.take(x, i)))(
        A(T, 2, 3), T.tensor([[0, 2], [1, 1]])
    ),
    "joined": lambda T: T.vmap(lambda x, y: (T.cat([x, y]), T.stack([x, x], 1), T.cat([x, T.ones(1)])))(
        A(T, 3, 2), A(T, 3, 4)
    ),
    "parted": lambda T: T.vmap(lambda x: (*x.split(2), *x.chunk(2), *x.unbind()))(A(T, 2, 4)),
    "iteration": lambda T: T.vmap(lambda x: sum(row * i for i, row in enumerate(x)) / len(x))(A(T, 2, 3, 4)),
    "reductions": lambda T: T.vmap(
        lambda x: (
            x.mean(),
            x.sum(0),
            x.prod(),
            x.std(),
            x.var(1),
            x.norm(),
            x.logsumexp(0),
            x.amax(1),
            x.all(),
            x.any(0),
        )
    )(A(T, 2, 3, 4)),
    "extremes": lambda T: T.vmap(lambda x: (x.max(), x.min(0), x.argmax(), x.argmin(1), x.sort(0), x.topk(2)))(
        A(T, 2, 3, 4)
    ),
    "of single numbers": lambda T: T.vmap(
        lambda x: (x.sum(), x.max(), x.softmax(0), x.cumsum(0), x.sum(-1, keepdim=True))
    )(A(T, 3)),
    "matmul": lambda T: T.vmap(lambda a, b, c: (a @ b, a @ c, c @ b, c @ c))(A(T, 2, 3, 4), A(T, 2, 4, 5), A(T, 2, 4)),
    "batched matmul": lambda T: T.vmap(lambda a, b: (a @ b, a.bmm(a.mT)), in_dims=(0, None))(
        A(T, 2, 3, 4, 5), A(T, 5, 2)
    ),
    "einsum": lambda T: T.vmap(lambda a, b: T.einsum("ij,jk->ki", a, b))(A(T, 2, 3, 4), A(T, 2, 4, 5)),
    "outer": lambda T: T.vmap(T.outer)(A(T, 2, 3), A(T, 2, 4)),
    "linear": lambda T: T.vmap(T.nn.functional.linear, in_dims=(0, None, None))(A(T, 5, 3), A(T, 2, 3), A(T, 2)),
    "linear of each": lambda T: T.vmap(T.nn.functional.linear)(A(T, 5, 4, 3), A(T, 5, 2, 3), A(T, 5, 2)),
    "inverse": lambda T: T.vmap(lambda x: (T.linalg.inv(x), T.det(x), x.tril(), x.diagonal(), x.trace()))(
        A(T, 2, 3, 3)
    ),
    "losses": lambda T: T.vmap(
        lambda x, y, c: (
            T.nn.functional.mse_loss(x, y),
            T.nn.functional.cross_entropy(x, c),
            T.nn.functional.l1_loss(x, y),
            T.nn.functional.binary_cross_entropy_with_logits(x, x.sigmoid()),
            T.nn.functional.huber_loss(x, y),
        )
    )(A(T, 2, 3, 4), A(T, 2, 3, 4, seed=1), T.tensor([[0, 1, 3], [2, 2, 0]])),
    "cross entropy of one": lambda T: T.vmap(T.nn.functional.cross_entropy)(A(T, 3, 4), T.tensor([0, 3, 1])),
    "activations": lambda T: T.vmap(
        lambda x: (T.relu(x), x.clamp(-1, 1), T.nn.functional.gelu(x), x.sigmoid(), T.nn.functional.log_softmax(x, 0))
    )(A(T, 2, 5)),
    "embedding": lambda T: T.vmap(T.nn.functional.embedding, in_dims=(0, None))(T.tensor([[0, 2], [1, 1]]), A(T, 3, 4)),
    "embedding of each": lambda T: T.vmap(T.nn.functional.embedding)(T.tensor([[0, 2], [1, 1]]), A(T, 2, 3, 4)),
    "convolution": lambda T: T.vmap(T.nn.functional.conv2d, in_dims=(0, None))(A(T, 3, 2, 2, 5, 5), A(T, 4, 2, 3, 3)),
    "convolution of each": lambda T: T.vmap(T.nn.functional.conv1d)(A(T, 3, 2, 2, 5), A(T, 3, 4, 2, 3)),
    "dtypes": lambda T: T.vmap(
        lambda x: (x.float(), x.to(T.int64), x.type_as(T.ones(1)), T.zeros_like(x), x.new_ones(2))
    )(A(T, 3)),
    "in place": lambda T: T.vmap(lambda x, y: x.clone().mul_(y).add_(1).clamp_(max=2.0))(A(T, 3, 2), A(T, 3)),
    "in place of an input": lambda T: (lambda x: (T.vmap(lambda x: x.mul_(2))(x), x))(A(T, 3, 2)),
    "in place of a view": lambda T: T.vmap(lambda x: written(x.clone()))(A(T, 3, 2, 2)),
    "written": lambda T: T.vmap(lambda x, y: set_items(x.clone(), y))(A(T, 3, 4), A(T, 3)),
    "detach": lambda T: T.vmap(lambda x: x.detach() + 1)(A(T, 3)),
    "shape": lambda T: T.vmap(lambda x: x * x.shape[0] * x.numel() + x.dim() + len(x))(A(T, 3, 2)),
    "gradients along a batch": along_a_batch,
    "gradients of captured": lambda T: through_vmap(T),
    "gradients of the batch": lambda T: gradients_of_a_batch(T),
    "a batch of one": lambda T: T.vmap(lambda x: x.sum())(A(T, 1, 3)),
    "returns its input": lambda T: T.vmap(lambda x: x)(A(T, 3)),
    "as_strided": lambda T: [
        T.vmap(lambda x: (x.as_strided((2,), (2,)), x[1:].as_strided((2,), (1,)), x.t().as_strided((2,), (1,))), d)(x)
        for d in (0, 1)
        for x in (A(T, 2, 3, 4), A(T, 4, 3, 2).permute(2, 1, 0), A(T, 2, 4, 4)[:, 1:], A(T, 2, 3, 8)[..., ::2])
    ],
    "gradients of as_strided": lambda T: T.vmap(T.func.grad(lambda x: x.as_strided((2, 2), (1, 2)).exp().sum()))(
        A(T, 2, 3, 4)
    ),
    "constant": lambda T: T.vmap(lambda x: T.zeros(2).add(x))(A(T, 3)),
}
