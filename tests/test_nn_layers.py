"""Every layer: weights from one seed, outputs, gradients, state and text as PyTorch's."""

from __future__ import annotations

from types import ModuleType

import pytest

import engine

from . import nn_layers
from .both import run_both, same, shown

TABLES = ("SIMPLE", "ACTIVATIONS", "CONVOLUTIONS", "POOLING", "NORMS", "PADDING", "LOSSES", "RECURRENT", "ATTENTION")
INPUTS = """
torch.manual_seed(7)
given = []
def kept(t):
    given.append(t.requires_grad_())
    return t
def r(*size):
    return kept(torch.randn(*size))
def u(*size):
    return kept(torch.rand(*size) * 0.8 + 0.1)
def i(high, count):
    return torch.randint(0, high, (count,))
def s(*size):
    return torch.randint(0, 2, size) * 2.0 - 1
"""
PROGRAM = """
torch.manual_seed(3)
layer = {layer}
show(layer, list(layer.state_dict()))
for value in layer.state_dict().values():
    show(value)
out = layer({args})
def flat(value):
    if isinstance(value, torch.Tensor):
        return [value]
    return [t for v in value if v is not None for t in flat(v)]
outs = flat(out)
show(outs, layer)
total = sum((t * torch.linspace(0.5, 1.5, t.numel()).view(t.shape).to(t.dtype)).sum() for t in outs if t.requires_grad)
if outs[0].requires_grad:
    total.backward()
show([t.grad for t in given], [p.grad for p in layer.parameters()])
for value in layer.state_dict().values():
    show(value)
"""
LINES = [
    pytest.param(*line.split(" | "), id=line)
    for table in TABLES
    for line in getattr(nn_layers, table).strip().splitlines()
]


@pytest.mark.parametrize("layer, args", LINES)
def test_layer(torch: ModuleType, layer: str, args: str) -> None:
    """A layer starts, computes, passes gradients back, keeps state and prints as in PyTorch."""
    run_both(torch, INPUTS + PROGRAM.format(layer=layer, args=args), 2e-5)


LAZY = """
torch.manual_seed(3)
layer = {layer}
show(layer, list(layer.state_dict()), [str(p) for p in layer.parameters()])
x = {args}
torch.manual_seed(4)
out = layer(x)
show(out.shape, layer, type(layer).__name__, len(layer._forward_pre_hooks))
for value in layer.state_dict().values():
    show(value)
"""


@pytest.mark.parametrize(
    "layer, args", [pytest.param(*line.split(" | "), id=line) for line in nn_layers.LAZY.strip().splitlines()]
)
def test_lazy_layer(torch: ModuleType, layer: str, args: str) -> None:
    """A lazy layer becomes an ordinary one at its first call, with PyTorch's weights."""
    run_both(torch, INPUTS + LAZY.format(layer=layer, args=args), 1e-5)


@pytest.mark.parametrize("expression", nn_layers.ERRORS.strip().splitlines())
def test_words(torch: ModuleType, expression: str) -> None:
    """What a layer says of itself, and its errors, are PyTorch's."""
    run_both(torch, INPUTS + f"fails(lambda: {expression})", 1e-5)


INFERENCE = """
enc = nn.TransformerEncoder(nn.TransformerEncoderLayer(4, 2, 8, 0.0, batch_first=True), 2, nn.LayerNorm(4)).eval()
enc.norm.bias.data.fill_(0.5)
attention = nn.MultiheadAttention(4, 2, batch_first=True).eval()
x = torch.randn(2, 4, 4)
late = torch.tensor([[False, False, True, True], [False, False, False, False]])
early = torch.tensor([[True, False, True, True], [False, False, False, False]])
causal = nn.Transformer.generate_square_subsequent_mask(4)
with torch.no_grad():
    show(enc(x, src_key_padding_mask=late), enc(x), enc(x, mask=causal), enc.layers[0](x, src_key_padding_mask=late))
    show(enc(x, src_key_padding_mask=early), enc(x, mask=causal != 0, src_key_padding_mask=late))
    show(attention(x, x, x), attention(x, x, x, key_padding_mask=late), attention(x, x, x, need_weights=False))
show(enc(x, src_key_padding_mask=late), enc.train()(x, src_key_padding_mask=late))
"""


def test_inference(torch: ModuleType) -> None:
    """Where PyTorch takes its fused kernels, and leaves padding out, results are the same."""
    ours, theirs = (shown(library, "torch.manual_seed(5)\n" + INFERENCE)[:-1] for library in (engine, torch))
    same(ours, theirs, 2e-5, "shown")  # but for PyTorch's warning that its nested tensors are a prototype
