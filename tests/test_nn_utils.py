"""nn.init, nn.utils and backward hooks of modules: programs that show the same in the engine and in PyTorch."""

from __future__ import annotations

from types import ModuleType

import pytest

from .both import programs, run_both

INIT = """
# every initialiser
init = nn.init
for name in ("uniform_", "normal_", "xavier_uniform_", "xavier_normal_", "kaiming_uniform_", "kaiming_normal_",
             "orthogonal_", "trunc_normal_", "zeros_", "ones_"):
    torch.manual_seed(5)
    w = torch.empty(6, 4)
    out = getattr(init, name)(w)
    show(name, out is w, w, torch.rand(1))
for name in ("xavier_uniform_", "kaiming_normal_", "orthogonal_", "trunc_normal_", "dirac_"):
    torch.manual_seed(5)
    show(name, getattr(init, name)(torch.empty(4, 2, 3)), torch.rand(1))
# options
init = nn.init
torch.manual_seed(1)
show(init.uniform_(torch.empty(3), -1, 2), init.normal_(torch.empty(20), 1.0, 0.1), init.constant_(torch.empty(2), 0.3))
show(init.eye_(torch.empty(2, 3)), init.kaiming_uniform_(torch.empty(3, 4), 0.2, "fan_out", "relu"))
show(init.orthogonal_(torch.empty(3, 5), gain=2.0), init.orthogonal_(torch.empty(2, 3, 2)))
show(init.sparse_(torch.empty(5, 3), 0.4), init.dirac_(torch.empty(4, 2, 3, 3), 2))
show(init.dirac_(torch.empty(2, 3, 1, 2, 3)))
show(init.trunc_normal_(torch.empty(50), 0.0, 1.0, -0.5, 0.5), init.trunc_normal_(torch.empty(50), 0.0, 1.0, 1.5, 2.0))
show(init.trunc_normal_(torch.empty(30), 0.0, 0.2, -0.04, 0.04), init.trunc_normal_(torch.empty(5), 9.0), torch.rand(2))
g = torch.Generator()
g.manual_seed(3)
show(init.normal_(torch.empty(3), generator=g), init.xavier_uniform_(torch.empty(2, 2), generator=g))
show(init.trunc_normal_(torch.empty(4), generator=g), init.orthogonal_(torch.empty(2, 2), generator=g))
p = nn.Parameter(torch.empty(2, 2))
show(init.ones_(p), p.requires_grad, p.is_leaf, init.eye_(p), init.orthogonal_(p).grad_fn)
show([init.calculate_gain(n) for n in ("linear", "conv2d", "sigmoid", "tanh", "relu", "selu", "conv_transpose1d")])
show(init.calculate_gain("leaky_relu", 0.3), init._calculate_fan_in_and_fan_out(torch.empty(3, 4, 5)))
show(init.xavier_normal(torch.empty(2, 2)), init.constant(torch.empty(1), 2.0))
for call in (lambda: init.dirac_(torch.empty(2, 2)), lambda: init.dirac_(torch.empty(3, 2, 1), 2),
             lambda: init.orthogonal_(torch.empty(2)), lambda: init.sparse_(torch.empty(2), 0.1),
             lambda: init.xavier_uniform_(torch.empty(2)), lambda: init.calculate_gain("leaky_relu", "x"),
             lambda: init.kaiming_normal_(torch.empty(0, 2)), lambda: init.foo):
    fails(call)
"""

CLIP = """
# clip the norm
def fresh():
    torch.manual_seed(0)
    ps = [nn.Parameter(torch.randn(3)), nn.Parameter(torch.randn(2, 2)), nn.Parameter(torch.randn(1))]
    for p in ps[:2]:
        p.grad = torch.randn(p.shape)
    return ps
for order in (2.0, 1, float("inf"), 0.5, 3):
    ps = fresh()
    show(nn.utils.clip_grad_norm_(ps, 0.5, order), [p.grad for p in ps])
ps = fresh()
kept = ps[0].grad
show(nn.utils.clip_grad_norm_(iter(ps), 100.0), ps[0].grad, ps[0].grad is kept, nn.utils.clip_grad_norm_(ps[0], 0.1))
show(nn.utils.get_total_norm([p.grad for p in ps[:2]]), nn.utils.get_total_norm([]))
nn.utils.clip_grads_with_norm_(ps, 0.01, torch.tensor(1.0))
show([p.grad for p in ps])
ps[0].grad.fill_(float("nan"))
fails(lambda: nn.utils.clip_grad_norm_(ps, 1.0, error_if_nonfinite=True))
show(nn.utils.clip_grad_norm_((p for p in []), 1.0), nn.utils.clip_grad_norm_(ps, 1.0))
ps = fresh()
nn.utils.clip_grad_value_(ps, 0.3)
show([p.grad for p in ps])
# parameters as a vector
net = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 1))
v = nn.utils.parameters_to_vector(net.parameters())
show(v, v.requires_grad)
w = torch.arange(13.0)
nn.utils.vector_to_parameters(w, net.parameters())
show([p for p in net.parameters()], net[0].weight.data_ptr() == w.data_ptr())
fails(lambda: nn.utils.vector_to_parameters([1.0], net.parameters()))
"""

SEQUENCES = """
# padded
from torch.nn.utils.rnn import pad_sequence, unpad_sequence, invert_permutation
a, b, c = (torch.arange(float(n)).view(-1, 1).expand(n, 2).clone().requires_grad_() for n in (2, 4, 1))
p = pad_sequence([a, b, c])
show(p, pad_sequence([a, b, c], batch_first=True, padding_value=-1.0), pad_sequence([a, b], padding_side="left"))
p.sum().backward()
show(a.grad, unpad_sequence(p.detach().clone(), torch.tensor([2, 4, 1])), invert_permutation(torch.tensor([2, 0, 1])))
fails(lambda: pad_sequence(3))
fails(lambda: pad_sequence([]))
fails(lambda: pad_sequence([a], padding_side="x"))
# packed
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence, pack_sequence, unpack_sequence, PackedSequence
x = torch.arange(24.0).view(4, 3, 2).requires_grad_()
p = pack_padded_sequence(x, [4, 2, 1])
show(p.data, p.batch_sizes, p.sorted_indices, p.unsorted_indices)
p.data.sum().backward()
show(x.grad, pad_packed_sequence(p), pad_packed_sequence(p, batch_first=True, padding_value=9.0, total_length=5))
q = pack_padded_sequence(x.transpose(0, 1), torch.tensor([1, 4, 2]), batch_first=True, enforce_sorted=False)
show(list(q), pad_packed_sequence(q), q.double().data.dtype, isinstance(q, tuple), type(q).__name__)
s = pack_sequence([torch.arange(n) for n in (1, 3, 2)], enforce_sorted=False)
show(s.data, unpack_sequence(s), s.is_cuda, s.to(torch.float64).data)
for call in (lambda: pack_padded_sequence(x, [1, 2, 3]), lambda: pack_padded_sequence(x, [4, 2]),
             lambda: pack_padded_sequence(x, [4, 2, 0]), lambda: pad_packed_sequence(p, total_length=2)):
    fails(call)
"""

DRAWN = """
# rrelu and its like, in place
torch.manual_seed(3)
x = torch.randn(20, requires_grad=True)
y = F.rrelu(x, 0.1, 0.3, training=True)
y.sum().backward()
show(y, x.grad, y.grad_fn, torch.rand(1), nn.RReLU()(x.detach()), F.rrelu(x))
z = x.detach().double()
show(F.rrelu_(z, training=True) is z, z, F.relu_(x.detach().clone()), F.elu_(x.detach().clone(), 0.5))
w = x * 1
show(F.leaky_relu_(w, 0.2) is w, w, F.hardtanh_(x * 1), F.threshold_(x * 1, 0.1, 2.0), F.selu_(x * 1))
show(F.celu_(x * 1, alpha=0.3), F.rrelu(x * 1, inplace=True))
# gumbel softmax
torch.manual_seed(3)
x = torch.randn(4, 5, requires_grad=True)
soft = F.gumbel_softmax(x, tau=0.5)
hard = F.gumbel_softmax(x, hard=True, dim=0)
show(soft.sum(1), hard, hard.sum(0), soft.shape)
(soft * torch.arange(5.0)).sum().backward()
show(x.grad.sum(1).abs() < 1e-5)
"""

HOOKS = """
# full backward hooks
log = []
net = nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 1))
h = net[1].register_full_backward_hook(lambda m, gi, go: log.append(("full", type(m).__name__, gi, go)))
net[1].register_full_backward_hook(lambda m, gi, go: log.append("first"), prepend=True)
net[2].register_full_backward_pre_hook(lambda m, go: log.append(("pre", go)))
x = torch.ones(2, 2, requires_grad=True)
y = net(x)
show(y.grad_fn.name())
y.sum().backward()
show(log, x.grad)
h.remove()
log.clear()
net(x).sum().backward()
show(log)
# hooks that change gradients
net = nn.Linear(2, 1, bias=False)
net.weight.data.fill_(1.0)
net.register_full_backward_pre_hook(lambda m, go: (go[0] * 10,))
net.register_full_backward_hook(lambda m, gi, go: (gi[0] + 100,))
x = torch.ones(1, 2, requires_grad=True)
net(x).sum().backward()
show(x.grad, net.weight.grad)
# several inputs and outputs
log = []
class Two(nn.Module):
    def forward(self, a, k, b):
        return a * b, "text", a + k, b
two = Two()
two.register_full_backward_hook(lambda m, gi, go: log.append((gi, go)))
two.register_full_backward_pre_hook(lambda m, go: log.append(go))
a, b = torch.ones(2, requires_grad=True), torch.ones(2)
out = two(a, 3, b)
show([type(o).__name__ for o in out], out[3].requires_grad)
(out[0].sum() + 2 * out[2].sum()).backward()
show(log, a.grad)
# no input wants a gradient
log = []
net = nn.Linear(2, 1)
net.register_full_backward_hook(lambda m, gi, go: log.append((gi, go)))
net(torch.ones(1, 2)).sum().backward()
show(log)
with torch.no_grad():
    net(torch.ones(1, 2))
show(len(log))
# wrong hooks
net = nn.Linear(2, 1)
net.register_full_backward_hook(lambda m, gi, go: (gi[0], gi[0]))
x = torch.ones(1, 2, requires_grad=True)
fails(lambda: net(x).sum().backward())
net = nn.Linear(2, 1)
net.register_full_backward_pre_hook(lambda m, go: (go[0], go[0]))
fails(lambda: net(x).sum().backward())
fails(lambda: (net.register_full_backward_hook(print), net.register_backward_hook(print)))
net = nn.ReLU()
net.register_backward_hook(print)
fails(lambda: net.register_full_backward_hook(print))
class Listed(nn.Module):
    def forward(self, x):
        return {"y": x * 2}
net = Listed()
net.register_full_backward_hook(lambda m, gi, go: (gi[0] + 1,))
fails(lambda: net(x)["y"].sum().backward())
# writing into what has hooks
class Writes(nn.Module):
    def forward(self, x):
        return x.mul_(2)
net = Writes()
net.register_full_backward_hook(lambda m, gi, go: None)
x = torch.ones(2, requires_grad=True)
fails(lambda: net(x * 1))
# the old hooks
log = []
net = nn.Sequential(nn.ReLU(), nn.Sigmoid())
net[0].register_backward_hook(lambda m, gi, go: log.append(("relu", gi, go)))
net[1].register_backward_hook(lambda m, gi, go: (gi[0] * 5,))
x = torch.ones(2, requires_grad=True)
net(x).sum().backward()
show(log, x.grad)
# hooks on every module
from torch.nn.modules.module import register_module_full_backward_hook, register_module_full_backward_pre_hook
log = []
one = register_module_full_backward_hook(lambda m, gi, go: log.append((type(m).__name__, len(gi), len(go))))
two = register_module_full_backward_pre_hook(lambda m, go: log.append(("pre", type(m).__name__)))
net = nn.Sequential(nn.Linear(2, 2), nn.Tanh())
net(torch.ones(1, 2, requires_grad=True)).sum().backward()
one.remove()
two.remove()
net(torch.ones(1, 2, requires_grad=True)).sum().backward()
show(log)
# double backward
log = []
net = nn.Sequential(nn.Linear(1, 1, bias=False), nn.Tanh())
net[0].weight.data.fill_(0.5)
net.register_full_backward_hook(lambda m, gi, go: log.append(gi[0].requires_grad))
x = torch.ones(1, 1, requires_grad=True)
(g,) = torch.autograd.grad(net(x).sum(), x, create_graph=True)
(g2,) = torch.autograd.grad(g.sum(), x)
show(g, g2, log)
"""


@pytest.mark.parametrize(
    "source", programs(INIT) + programs(CLIP) + programs(SEQUENCES) + programs(HOOKS) + programs(DRAWN)
)
def test_as_in_torch(torch: ModuleType, source: str) -> None:
    """A program shows the same values, texts, errors and warnings with both libraries."""
    run_both(torch, source, 1e-5)
