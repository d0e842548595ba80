"""Odd cells for real PyTorch: modules that change themselves, losses with states of their own, mixed dtypes.

As in `torch_cells`: a name before each, ``{v}`` for what its backward is told.
"""

from __future__ import annotations

from tests.torch_cells import read

CELLS = read("""
# shared parameters: 1, 0.5
l = nn.Linear(2, 2)
x = torch.randn(2, requires_grad=True)
y = l(torch.tanh(l(x)))
y.backward({v})
# tied weights: 1, 0.5
class M(nn.Module):
    def __init__(s):
        super().__init__()
        s.e = nn.Embedding(5, 2)
        s.o = nn.Linear(2, 5, bias=False)
        s.o.weight = s.e.weight
    def forward(s, i):
        return s.o(s.e(i)).sum(0)[:2]
m = M()
y = m(torch.tensor([1, 2, 1]))
y.backward({v})
# checkpoint dropout: 1, 0.5
from torch.utils.checkpoint import checkpoint
x = torch.randn(2, requires_grad=True)
y = checkpoint(lambda a: F.dropout(a, 0.5) * a, x, use_reentrant=False)
y.backward({v})
r = torch.rand(1)
# checkpoint_sequential: 1, 0.5
from torch.utils.checkpoint import checkpoint_sequential
net = nn.Sequential(nn.Linear(2, 2), nn.Tanh(), nn.Linear(2, 2), nn.Tanh())
x = torch.randn(2, requires_grad=True)
y = checkpoint_sequential(net, 2, x, use_reentrant=False)
y.backward({v})
# dropout: 1, 0.5
x = torch.randn(2, requires_grad=True)
y = F.dropout(x * x, 0.5) + x
y.backward({v})
r = torch.rand(1)
# batch norm: 1, 0.5
bn = nn.BatchNorm1d(2)
x = torch.randn(4, 2, requires_grad=True)
y = (bn(x) ** 2).sum(0)
y.backward({v})
# bn twice: 1, 0.5
bn = nn.BatchNorm1d(2)
x = torch.randn(4, 2, requires_grad=True)
y = (bn(bn(x)) ** 3).sum(0)
y.backward({v})
# module hooks: 1, 0.5
l = nn.Linear(2, 2)
l.register_full_backward_hook(lambda m, gi, go: (gi[0] * 3,))
x = torch.randn(2, requires_grad=True)
y = l(x)
y.backward({v})
# forward hooks: 1, 0.5
l = nn.Linear(2, 2)
l.register_forward_hook(lambda m, i, o: o * 2)
l.register_forward_pre_hook(lambda m, i: (i[0] + 1,))
x = torch.randn(2, requires_grad=True)
y = l(x)
y.backward({v})
# node hooks: 1, 0.5
x = torch.randn(2, requires_grad=True)
y = x * x
y.grad_fn.register_hook(lambda gi, go: (gi[0] * 2,) + gi[1:])
y.grad_fn.register_prehook(lambda go: (go[0] + 1,))
y.backward({v})
# half: 1, 0.5
x = torch.randn(2, dtype=torch.half, requires_grad=True)
y = x * x + torch.sin(x)
y.backward({v}.half())
# float64 mix: 1, 0.5
x = torch.randn(2, requires_grad=True)
w = torch.randn(2, dtype=torch.float64, requires_grad=True)
y = x * w
y.backward({v}.double())
# autocast: 1, 0.5
l = nn.Linear(2, 2)
x = torch.randn(2, requires_grad=True)
with torch.autocast("cpu", dtype=torch.bfloat16):
    y = l(x[None])[0]
y.backward({v}.to(y.dtype))
# empty: 1, 0.5
nothing = torch.empty(0, requires_grad=True)
x = torch.randn(2, requires_grad=True)
y = x * x + nothing.sum()
y.backward({v})
# functional_call: 1, 0.5
from torch.func import functional_call
l = nn.Linear(2, 2)
p = {k: v.detach().clone().requires_grad_() for k, v in l.named_parameters()}
w = p["weight"]
x = torch.randn(2, requires_grad=True)
y = functional_call(l, p, (x,))
y.backward({v})
# parametrization: 1, 0.5
import torch.nn.utils.parametrize as P
class S(nn.Module):
    def forward(s, w):
        return w.triu() + w.triu(1).T
l = nn.Linear(2, 2)
P.register_parametrization(l, "weight", S())
x = torch.randn(2, requires_grad=True)
y = l(x)
y.backward({v})
# param cached: 1, 0.5
import torch.nn.utils.parametrize as P
class S(nn.Module):
    def forward(s, w):
        return w.triu() + w.triu(1).T
l = nn.Linear(2, 2)
P.register_parametrization(l, "weight", S())
x = torch.randn(2, requires_grad=True)
with P.cached():
    y = l(l(x))
y.backward({v})
# weight norm: 1, 0.5
l = torch.nn.utils.parametrizations.weight_norm(nn.Linear(2, 2))
x = torch.randn(2, requires_grad=True)
y = l(x)
y.backward({v})
# old weight norm: 1, 0.5
l = torch.nn.utils.weight_norm(nn.Linear(2, 2))
x = torch.randn(2, requires_grad=True)
y = l(x)
y.backward({v})
# gradient penalty: 1, 0.5
l = nn.Linear(2, 1)
x = torch.randn(3, 2, requires_grad=True)
o = torch.tanh(l(x))
g, = torch.autograd.grad(o.sum(), x, create_graph=True)
y = (g ** 2).sum(0)
y.backward({v})
# LSTM: 1, 0.5
r = nn.LSTM(2, 3)
x = torch.randn(4, 1, 2, requires_grad=True)
o, (h, c) = r(x)
y = o[-1, 0, :2]
y.backward({v})
# LSTM bi drop: 1, 0.5
r = nn.LSTM(2, 3, 2, dropout=0.5, bidirectional=True)
x = torch.randn(4, 1, 2, requires_grad=True)
o, (h, c) = r(x)
y = h[0, 0, :2] + c[1, 0, :2]
y.backward({v})
# packed: 1, 0.5
r = nn.GRU(2, 2)
x = torch.randn(4, 2, 2, requires_grad=True)
p = nn.utils.rnn.pack_padded_sequence(x, [4, 2])
o, h = r(p)
o, _ = nn.utils.rnn.pad_packed_sequence(o)
y = o.sum((0, 1))
y.backward({v})
# jacrev inside: 1, 0.5
x = torch.randn(2, requires_grad=True)
J = torch.func.jacrev(lambda a: a ** 3)(x)
y = J.diagonal() * x
y.backward({v})
# hessian: 1, 0.5
x = torch.randn(2, requires_grad=True)
H = torch.autograd.functional.hessian(lambda a: (a ** 3).sum(), x, create_graph=True)
y = H.diagonal() * 1
y.backward({v})
# once_differentiable: 1, 0.5
from torch.autograd.function import once_differentiable
class Sq(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        ctx.n = 3
        return (x * x, x + 1)
    @staticmethod
    @once_differentiable
    def backward(ctx, g, h):
        x, = ctx.saved_tensors
        return 2 * x * g + h
x = torch.randn(2, requires_grad=True)
a, b = Sq.apply(x)
y = a + b
y.backward({v})
# dirty custom: 1, 0.5
class Add(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        x.add_(1)
        ctx.mark_dirty(x)
        return x
    @staticmethod
    def backward(ctx, g):
        return g * 2
x = torch.randn(2, requires_grad=True)
h = x * 1
y = Add.apply(h) * h
y.backward({v})
# non-diff custom: 1, 0.5
class A(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        s, i = x.sort()
        ctx.mark_non_differentiable(i)
        ctx.save_for_backward(i)
        return (s, i)
    @staticmethod
    def backward(ctx, g, _):
        i, = ctx.saved_tensors
        return torch.zeros_like(g).scatter(0, i, g)
x = torch.randn(2, requires_grad=True)
y, i = A.apply(x)
y.backward({v})
# inference mode: 1, 0.5
x = torch.randn(2, requires_grad=True)
with torch.inference_mode():
    a = torch.ones(2) * 3
y = x * x * a.clone()
y.backward({v})
# topk: 1, 0.5
x = torch.randn(5, requires_grad=True)
y, i = x.topk(2)
y.backward({v})
# max dim: 1, 0.5
x = torch.randn(2, 3, requires_grad=True)
y = x.max(1).values
y.backward({v})
# svd: 1, 0.5
x = torch.randn(2, 2, requires_grad=True)
y = torch.linalg.svdvals(x)
y.backward({v})
# where nan: 1, 0.5
x = torch.tensor([-1.0, 2.0], requires_grad=True)
y = torch.where(x > 0, x.sqrt(), x)
y.backward({v})
# attention: 1, 0.5
m = nn.MultiheadAttention(4, 2, dropout=0.1, batch_first=True)
x = torch.randn(1, 3, 4, requires_grad=True)
o, w = m(x, x, x)
y = o[0, 0, :2]
y.backward({v})
# sdpa: 1, 0.5
x = torch.randn(1, 1, 3, 4, requires_grad=True)
o = F.scaled_dot_product_attention(x, x, x, is_causal=True)
y = o[0, 0, 1, :2]
y.backward({v})
# subclass: 1, 0.5
class T(torch.Tensor):
    pass
x = torch.randn(2).as_subclass(T).requires_grad_()
y = x * x
y.backward({v})
# non-contiguous: 1, 0.5
x = torch.randn(2, 3, requires_grad=True)
y = (x.t() * torch.arange(6.0).view(3, 2)).sum(0)
y.backward({v})
# channels last: 1, 0.5
c = nn.Conv2d(2, 2, 1).to(memory_format=torch.channels_last)
x = torch.randn(1, 2, 3, 3).to(memory_format=torch.channels_last).requires_grad_()
y = c(x).sum((0, 2, 3))
y.backward({v})
# index_put: 1, 0.5
x = torch.randn(2, requires_grad=True)
h = torch.zeros(2)
h[torch.tensor([1, 0])] = x * 2
y = h * h
y.backward({v})
# scatter_add: 1, 0.5
x = torch.randn(4, requires_grad=True)
y = torch.zeros(2).scatter_add(0, torch.tensor([0, 1, 0, 1]), x * x)
y.backward({v})
# rrelu: 1, 0.5
x = torch.randn(2, requires_grad=True)
y = F.rrelu(x, training=True) * x
y.backward({v})
# gumbel: 1, 0.5
x = torch.randn(2, requires_grad=True)
y = F.gumbel_softmax(x, hard=True)
y.backward({v})
# rsample: 1, 0.5
m = torch.randn(2, requires_grad=True)
x = m
d = torch.distributions.Normal(m, m.exp())
y = d.rsample()
y.backward({v})
# ctc: 1, 0.5
x = torch.randn(5, 1, 3, requires_grad=True)
l = F.ctc_loss(x.log_softmax(2), torch.tensor([[1, 2]]), torch.tensor([5]), torch.tensor([2]))
y = torch.stack([l, l * l])
y.backward({v})
# foreach: 1, 0.5
x = torch.randn(2, requires_grad=True)
a, b = torch._foreach_mul([x, x * x], [2.0, 3.0])
y = a * b
y.backward({v})
# swa: 1, 0.5
l = nn.Linear(2, 2)
a = torch.optim.swa_utils.AveragedModel(l)
x = torch.randn(2, requires_grad=True)
y = l(x)
y.backward({v})
a.update_parameters(l)
# rms+layernorm: 1, 0.5
n = nn.LayerNorm(4)
x = torch.randn(2, 4, requires_grad=True)
y = F.rms_norm(n(x), (4,)).square().cumsum(1)[:, 2]
y.backward({v})
# quant stub: 1, 0.5
x = torch.randn(2, requires_grad=True)
y = torch.fake_quantize_per_tensor_affine(x * 3, 0.1, 0, -128, 127)
y.backward({v})
# adaptive softmax: 1, 0.5
m = nn.AdaptiveLogSoftmaxWithLoss(4, 6, [2, 4])
x = torch.randn(2, 4, requires_grad=True)
y = m(x, torch.tensor([0, 5])).output
y.backward({v})
# grid sample: 1, 0.5
x = torch.randn(1, 1, 3, 3, requires_grad=True)
g = torch.rand(1, 1, 2, 2) * 2 - 1
y = F.grid_sample(x, g, align_corners=True).reshape(-1)
y.backward({v})
# lazy module: 1, 0.5
l = nn.LazyLinear(2)
x = torch.randn(3, requires_grad=True)
y = l(x)
y.backward({v})
# bag of largest: 1, 0.5
bag = nn.EmbeddingBag(5, 2, mode="max")
y = bag(torch.tensor([1, 2, 4, 1]), torch.tensor([0, 2])).sum(0)
y.backward({v})
""")
