"""Layers, pooling, norms and losses as functions: values, gradients, graphs, errors and draws are PyTorch's.

``python -m tests.conformance --family nn.functional`` runs PyTorch's own samples; here is what these do not look at:
the names in the graph, what a graph saves, running moments, and which random bits are drawn.
"""

from __future__ import annotations

import re
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import engine
from engine.ops import softmax as _softmax  # noqa: F401  the table must have it before it is changed
from engine.table.kernel import RAW

from .against import agree, cases

DRAW = np.random.default_rng(0)
ARRAYS = {
    "x": DRAW.standard_normal((2, 4, 6, 6)),
    "line": DRAW.standard_normal((2, 4, 7)),
    "w": DRAW.standard_normal((6, 2, 3, 3)),
    "wt": DRAW.standard_normal((4, 3, 3, 2)),
    "b": DRAW.standard_normal(6),
    "c": DRAW.standard_normal(4),
    "v": np.abs(DRAW.standard_normal(4)) + 0.5,
    "q": DRAW.standard_normal((2, 2, 3, 4)),
    "rows": DRAW.standard_normal((4, 3)),
    "other": DRAW.standard_normal((4, 3)),
}

LAYERS = """
F.conv2d(x, w, b, padding=1, groups=2) ; F.conv2d(x, w[:, :, :2], None, (2, 1), (0, 1), groups=2)
F.conv2d(x[0], w, groups=2)
F.conv1d(line, w[:, :, 0].repeat(1, 2, 1), dilation=2) ; F.conv2d(x, w, padding="same", groups=2)
F.conv_transpose2d(x, wt, stride=2, padding=1, output_padding=1) ; F.conv_transpose2d(x, wt, groups=2)
F.conv2d(x, w) ; F.conv2d(x, w, b[:2], groups=2) ; F.conv2d(x, w, stride=0) ; F.conv2d(x[:, :, :1], w, groups=2)
F.conv2d(x, w, groups=5) ; F.conv2d(x, w, padding=-1, groups=2) ; F.conv2d(line[0, 0], w)
F.conv2d(x, w, padding="sane")
F.max_pool2d(x, 2) ; F.max_pool2d(x, 3, 2, 1) ; F.max_pool2d(x, 3, 1, 1, 2) ; F.max_pool2d(x, 4, 3, ceil_mode=True)
F.max_pool1d(line, 3, 2) ; F.max_pool3d(x, 2) ; F.avg_pool2d(x, 2)
F.avg_pool1d(line, 3, 2, 1, count_include_pad=False)
F.avg_pool3d(x, (1, 2, 2), divisor_override=3) ; F.avg_pool2d(x, 7) ; F.max_pool2d(x, 2, padding=2)
F.adaptive_avg_pool2d(x, (4, None)) ; F.adaptive_avg_pool2d(x, 1) ; F.adaptive_max_pool2d(x, 4)
F.adaptive_max_pool1d(line, 3)
F.adaptive_avg_pool1d(line, 3) ; F.adaptive_avg_pool2d(x, -1)
F.max_unpool2d(*F.max_pool2d(x, 2, return_indices=True), 2)
F.pad(x, (1, -1, 2, 0), value=0.5) ; F.pad(x, (1, 2), mode="reflect") ; F.pad(line, (1, 2), mode="reflect")
F.pad(x, (1, 2, 0, 3), mode="replicate") ; F.pad(line, (9, 0), mode="reflect") ; F.pad(x, (1, 2, 3))
F.pad(x, (1, 1), "sane")
F.interpolate(x, 9) ; F.interpolate(x, scale_factor=1.5, mode="bilinear") ; F.interpolate(line, 5, mode="linear")
F.interpolate(x, (4, 11), mode="bicubic", align_corners=True) ; F.interpolate(x, 3, mode="bilinear", antialias=True)
F.interpolate(x, scale_factor=1.1)
F.pad(x, (1, 0, -7, 1), mode="replicate") ; F.pad(x, (-2, 1, 3, 0), mode="circular") ; F.avg_pool3d(x, 5, padding=1)
F.interpolate(x, 4, mode="area") ; F.interpolate(x, 0) ; F.interpolate(x, 4, mode="linear") ; F.interpolate(x)
F.unfold(x, (2, 3), padding=1) ; F.fold(line.transpose(1, 2).repeat(1, 4, 1)[:, :16], 3, 2) ; F.unfold(x, 9)
F.pixel_shuffle(x, 2) ; F.pixel_unshuffle(x, 3) ; F.channel_shuffle(x, 2) ; F.pixel_shuffle(x, 3)
F.channel_shuffle(x, 3)
"""
NORMS = """
F.batch_norm(x, None, None, c, c, True) ; F.batch_norm(x, c.detach(), v.detach(), c) ; F.batch_norm(x, None, None)
F.batch_norm(x[:1, :, :1, :1], None, None, training=True) ; F.layer_norm(x, (6,))
F.layer_norm(x, (6, 6), x[0, 0], x[0, 1])
F.layer_norm(x, (4,)) ; F.layer_norm(x, (6,), c) ; F.group_norm(x, 2, c, c) ; F.group_norm(x, 3)
F.group_norm(x, 4, b)
F.instance_norm(x) ; F.instance_norm(line[:, :, :1]) ; F.rms_norm(x, (6,), b) ; F.rms_norm(x, ())
T.layer_norm(x, (6,), b, b)
T.batch_norm(x, c, c, None, None, True, 0.1, 1e-5, False) ; T.native_layer_norm(x, (6,), None, None, 1e-5)
"""
LOSSES = """
F.soft_margin_loss(rows, other.sign().detach()) ; F.multi_margin_loss(rows, T.tensor([0, 2, 1, 1]))
F.multilabel_margin_loss(rows, T.tensor([[0, -1, 2]] * 4))
F.hinge_embedding_loss(rows, other.sign().detach(), reduction="sum")
F.margin_ranking_loss(rows, other, T.ones(4, 3)) ; F.triplet_margin_loss(rows, other, rows.flip(0)) ; F.pdist(rows)
F.pairwise_distance(rows, other, 3) ; F.gaussian_nll_loss(rows, other, rows.exp())
F.poisson_nll_loss(rows, other.exp(), full=True)
F.cosine_embedding_loss(rows, other, T.tensor([1, -1, 1, -1])) ; F.multi_margin_loss(rows, T.tensor([0, 3, 1, 1]))
F.cosine_similarity(rows, other) ; F.cosine_embedding_loss(rows, other, rows)
F.bilinear(rows, other, T.ones(2, 3, 3).double())
F.linear_cross_entropy(rows, other, T.tensor([0, 3, 1, 1])) ; F.triplet_margin_loss(rows, other, rows, margin=0)
T.margin_ranking_loss(rows, other, T.ones(4, 3), 0.1, 2) ; T.kl_div(rows, other.exp(), 0)
F.embedding(T.tensor([0, 3]), rows[0])
F.embedding(T.tensor([0, 3, 3]), rows, scale_grad_by_freq=True) ; F.embedding_bag(T.tensor([[0, 3], [1, 1]]), rows)
"""
LAYER_CALLS, NORM_CALLS, LOSS_CALLS = map(cases, (LAYERS, NORMS, LOSSES))
# Where PyTorch has one node whose parts we compose, or writes the same in another order
COMPOSED = ("pairwise", "triplet", "gaussian", "poisson", "cosine", "hinge", "margin_ranking", "bilinear", "rms_norm")
ONCE = ("multi_margin", "multilabel_margin", "pdist", "embedding_bag")  # PyTorch has no second derivative


@pytest.mark.parametrize("call", LAYER_CALLS + NORM_CALLS)
def test_layers(torch: ModuleType, call: str) -> None:
    """Values, first and second derivatives, the names of all nodes, or the error."""
    names = ("x", "line", "w", "wt", "b", "c", "v")
    arrays = {k: ARRAYS[k] for k in names if re.search(rf"\b{k}\b", call)}
    # linear: where PyTorch's gradient of the gradient is zeros, ours is none
    second = not any(name in call for name in ("pool", "pad(", "interpolate", "fold", "shuffle"))
    agree(torch, call, arrays, 1e-9, second, graphs="rms_norm" not in call and "circular" not in call)


@pytest.mark.parametrize("call", LOSS_CALLS)
def test_losses(torch: ModuleType, call: str) -> None:
    """Values, first and second derivatives, the names of all nodes, or the error."""
    arrays = {k: ARRAYS[k] for k in ("rows", "other") if k in call}
    second = not any(name in call for name in ONCE)
    agree(torch, call, arrays, 1e-8, second, graphs=not any(name in call for name in COMPOSED))


@pytest.mark.parametrize(
    "call", ["avg_pool2d(x, 2)", "adaptive_avg_pool2d(x, 2)", "pad(x, (1, 1, 1, 1), 'reflect')", "interpolate(x, 4)"]
)
def test_what_a_graph_saves(torch: ModuleType, call: str) -> None:
    """A graph runs backward a second time exactly where PyTorch's does."""
    said = []
    for library in (torch, engine):
        x = library.ones(1, 1, 4, 4, requires_grad=True)
        y = eval(f"F.{call}.sum()", {"F": library.nn.functional, "x": x})
        y.backward()
        try:
            y.backward()
            said.append(float(x.grad.sum()))
        except RuntimeError as error:
            said.append(str(error)[:40])
    assert said[0] == said[1]


def test_running_moments(torch: ModuleType) -> None:
    """Training moves the running moments towards the batch's; they are used afterwards."""
    found = []
    for library in (torch, engine):
        mean, variance = library.zeros(4), library.ones(4)
        x = library.tensor(ARRAYS["x"].astype("f"))
        for momentum in (0.1, 0.5):
            library.nn.functional.batch_norm(x, mean, variance, training=True, momentum=momentum)
        used = library.nn.functional.batch_norm(x, mean, variance)
        found.append([t.numpy() for t in (mean, variance, used)])
    for ours, theirs in zip(*found, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    "call",
    [
        "dropout(x, 0.3)", "dropout(x.transpose(1, 2), 0.3)", "dropout2d(x)", "alpha_dropout(x, 0.2, True)",
        "dropout3d(x)", "feature_alpha_dropout(x, 0.5, True)", "rrelu(x, training=True)",
        "fractional_max_pool2d(x, 2, 3)",
        "scaled_dot_product_attention(x, x, x, dropout_p=0.5)", "dropout1d(x[0])", "dropout(x, 1.0)", "dropout(x, 0.0)",
    ],
)  # fmt: skip
def test_draws(torch: ModuleType, call: str) -> None:
    """The same seed drops, or picks, the same elements."""
    found: list[Any] = []
    for library in (torch, engine):
        x = library.tensor(ARRAYS["x"].astype("f"))
        library.manual_seed(3)
        found.append(eval(f"F.{call}", {"F": library.nn.functional, "x": x}).numpy())
        found.append(library.rand(2).numpy())
    np.testing.assert_allclose(found[2], found[0], rtol=1e-5, atol=1e-6)
    assert np.array_equal(found[3], found[1])


def test_infinities_stay_where_they_are(torch: ModuleType) -> None:
    """An inf or NaN in an image reaches only the results that it is part of."""
    for call in (
        "adaptive_avg_pool2d(x, 2)",
        "pad(x, (1, 1, 1, 1), 'reflect')",
        "max_pool2d(x, 2)",
        "avg_pool2d(x, 2)",
    ):
        found = []
        for library in (torch, engine):
            x = library.ones(1, 1, 4, 4)
            x[0, 0, 0, 0], x[0, 0, 3, 3] = float("inf"), float("nan")
            found.append(eval(f"F.{call}", {"F": library.nn.functional, "x": x}).numpy())
        np.testing.assert_array_equal(found[1], found[0], err_msg=call)


@pytest.mark.parametrize("vector_exp2", [False, True])
@pytest.mark.parametrize("size", [(3, 5), (400, 700), (30, 20000)])
def test_softmax_in_blocks(
    torch: ModuleType, monkeypatch: pytest.MonkeyPatch, size: tuple[int, int], vector_exp2: bool
) -> None:
    """Large matrices, which are computed in blocks, and small ones, moderate scores and extreme ones."""
    monkeypatch.setitem(RAW, "has_vector_exp2", lambda: vector_exp2)
    for scale in (1.0, 300.0):
        found = []
        for library in (torch, engine):
            library.manual_seed(0)
            x = (library.randn(*size) * scale).requires_grad_()
            v = library.randn(*size)
            for function in (library.softmax, library.log_softmax):
                y = function(x, 1)
                (g,) = library.autograd.grad(y, x, v)
                found.append([y.detach().numpy(), g.numpy()])
        for ours, theirs in zip(found[2:], found[:2], strict=True):
            for a, b in zip(ours, theirs, strict=True):
                np.testing.assert_allclose(a, b, rtol=1e-4, atol=2e-5 * scale)
    assert np.getbufsize() == 8192  # NumPy's own, put back


@pytest.mark.parametrize("vector_exp2", [False, True])
@pytest.mark.parametrize("scale", [1.0, 3.0])
@pytest.mark.parametrize("peak", [0.0, 8.0])
def test_softmax_is_as_exact_as_in_torch(
    torch: ModuleType, monkeypatch: pytest.MonkeyPatch, scale: float, peak: float, vector_exp2: bool
) -> None:
    """Of large matrices of float32, log_softmax is as near the truth as PyTorch's, a loss's gradient to 2e-6."""
    monkeypatch.setitem(RAW, "has_vector_exp2", lambda: vector_exp2)
    draw = np.random.default_rng(0)
    scores, target = draw.standard_normal((400, 1000)) * scale, draw.integers(0, 1000, 400)
    scores[np.arange(400), target] += peak
    scores = scores.astype(np.float32)

    def run(lib: Any, dtype: Any) -> list[Any]:
        x = lib.tensor(scores, dtype=dtype).requires_grad_()
        lib.nn.functional.cross_entropy(x, lib.tensor(target), reduction="sum").backward()
        return [lib.log_softmax(x, 1).detach().numpy(), x.grad.numpy()]

    truth, ours, theirs = run(torch, torch.float64), run(engine, engine.float32), run(torch, torch.float32)
    off = [np.abs(found - truth[0]) for found in (ours[0], theirs[0])]
    assert off[0].max() < 2 * off[1].max()
    assert np.sqrt((off[0] ** 2).mean()) < 1.5 * np.sqrt((off[1] ** 2).mean())
    assert np.abs(ours[1] - truth[1]).max() < 2e-6


@pytest.mark.parametrize(
    "call",
    [
        "F.ctc_loss(p, T.tensor([[1, 2], [3, 1]]), T.tensor([5, 4]), T.tensor([2, 1]))",
        "F.ctc_loss(p, T.tensor([1, 1, 2]), (5, 4), (2, 1), reduction='none')",
        "F.ctc_loss(p, T.tensor([[1, 2], [0, 1]]), (5, 5), (2, 0), blank=3, reduction='sum')",
        "F.ctc_loss(p, T.tensor([[1, 2], [3, 1]]), (1, 5), (2, 2), zero_infinity=True)",
        "F.ctc_loss(p[:, 0], T.tensor([1, 2]), T.tensor(5), T.tensor(2))",
        "F.ctc_loss(p, T.tensor([[1, 2], [3, 1]]), (1, 5), (2, 2), reduction='none').isinf()",
        "F.ctc_loss(p, T.tensor([[1, 2], [3, 1]]), (9, 5), (2, 2))",
        "F.ctc_loss(p, T.tensor([[1, 2], [3, 1]]), (5, 5), (2, 2), blank=4)",
    ],
)
def test_ctc(torch: ModuleType, call: str) -> None:
    """The likelihood of labels: batches or one, labels in rows or in one row, empty and impossible ones."""
    scores = np.random.default_rng(1).standard_normal((5, 2, 4))
    arrays = {"p": scores - np.log(np.exp(scores).sum(2, keepdims=True))}
    agree(torch, call, arrays, 1e-9, second=False, graphs=False)


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("groups", [1, 2])
def test_a_convolution_in_parts(torch: ModuleType, monkeypatch: pytest.MonkeyPatch, stride: int, groups: int) -> None:
    """Made of a few rows of a sample at a time, multiplied in tiles, a convolution and its gradients are PyTorch's."""
    for name, value in {"BLOCK": 3000, "TILE": 1440, "NARROW": 8}.items():
        monkeypatch.setattr(f"engine.ops.convolving.{name}", value)
    draw = np.random.default_rng(0)
    x, w, b = (draw.standard_normal(shape) for shape in ((3, 4, 14, 80), (6, 4 // groups, 3, 2), (6,)))

    def run(lib: Any) -> list[Any]:
        leaves = [lib.tensor(d, requires_grad=True) for d in (x, w, b)]
        out = lib.nn.functional.conv2d(*leaves, stride=stride, padding=(1, 0), groups=groups)
        (out * out).sum().backward()
        return [out.detach().numpy(), *(leaf.grad.numpy() for leaf in leaves)]

    for ours, theirs in zip(run(engine), run(torch), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-9)
