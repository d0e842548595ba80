"""Module: one program after the other says the same in the engine and in PyTorch."""

from __future__ import annotations

from types import ModuleType

import pytest

from .both import programs, run_both

PROGRAMS = """
# parameters and buffers
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.w = nn.Parameter(torch.ones(2))
        self.register_buffer("b", torch.zeros(1))
        self.register_buffer("t", torch.zeros(1), persistent=False)
        self.none = None
        self.register_parameter("q", None)
        self.sub = nn.Linear(2, 1)
        self.shared = self.sub
net = Net()
show([n for n, _ in net.named_parameters()], [n for n, _ in net.named_parameters(remove_duplicate=False)])
show([n for n, _ in net.named_parameters(prefix="p", recurse=False)], [n for n, _ in net.named_buffers()])
show([n for n, _ in net.named_modules()], [n for n, _ in net.named_modules(prefix="m", remove_duplicate=False)])
show(len(list(net.modules())), len(list(net.modules(remove_duplicate=False))), [n for n, _ in net.named_children()])
show(list(net.state_dict()), dict(net.state_dict()._metadata), net.state_dict(prefix="a."))
show(net.state_dict(keep_vars=True)["w"] is net.w, net.state_dict()["w"].requires_grad)
show(sorted(set(dir(net)) & {"w", "b", "t", "sub", "shared", "q"}), net)
del net.t, net.w
show(list(net.state_dict()), net._non_persistent_buffers_set)
net.sub = None
show(net, list(net.parameters()))
fails(lambda: delattr(net, "zzz"))
# assignments
m, p = nn.Module(), nn.Parameter(torch.ones(1))
m.x = 3
m.x = p
show("x" in m.__dict__, list(m._parameters))
fails(lambda: setattr(m, "x", torch.ones(1)))
fails(lambda: setattr(m, "x", nn.ReLU()))
m.x = None
show(m.x, list(m._parameters))
m.y = nn.ReLU()
fails(lambda: setattr(m, "y", 3))
m.y = p
show(list(m._parameters), list(m._modules))
m.register_buffer("z", torch.ones(2))
m.z = torch.zeros(3)
fails(lambda: setattr(m, "z", "text"))
m.z = nn.Parameter(torch.ones(1))
show(list(m._buffers), list(m._parameters))
m.u = nn.Buffer(torch.ones(2), persistent=False)
show(list(m._buffers), m._non_persistent_buffers_set, list(m.state_dict()))
m.u = nn.Buffer(torch.ones(2))
show(list(m._buffers), m._non_persistent_buffers_set, isinstance(m.u, nn.Buffer), isinstance(m.u, torch.Tensor))
fails(lambda: m.register_parameter("v", p * 2))
fails(lambda: m.register_parameter("v", 3))
fails(lambda: m.register_buffer("training", None))
fails(lambda: m.register_buffer("a.b", None))
fails(lambda: m.register_module("k", 3))
fails(lambda: m.add_module("training", nn.ReLU()))
m.register_module("k", nn.Tanh())
show(m)
# before __init__
class Bad(nn.Module):
    def __init__(self, what):
        what(self)
    def forward(self, x):
        return x
for what in (lambda s: setattr(s, "a", nn.ReLU()), lambda s: setattr(s, "a", nn.Parameter(torch.ones(1))),
             lambda s: s.register_buffer("a", None), lambda s: s.register_parameter("a", None)):
    fails(lambda: Bad(what))
fails(lambda: Bad(lambda s: None)(1))
fails(lambda: Bad(lambda s: None).foo)
fails(lambda: nn.Module(3))
fails(lambda: nn.Module(a=3))
class Ups(nn.Module):
    call_super_init = True
    def __init__(self, **k):
        super().__init__(**k)
fails(lambda: Ups(a=1))
show(Ups())
# get and set submodules
net = nn.Sequential(nn.Sequential(nn.Linear(2, 2), nn.ReLU()), nn.Linear(2, 1))
show(net.get_submodule("0.1"), net.get_submodule(""), net.get_parameter("1.weight").shape)
for call in (lambda: net.get_submodule("0.7"), lambda: net.get_submodule("0.0.weight"),
             lambda: net.get_parameter("0.x"), lambda: net.get_parameter("0.0"), lambda: net.get_buffer("1.weight"),
             lambda: net.set_submodule("", net),
             lambda: net.set_submodule("1", 3), lambda: net.set_submodule("5", nn.ReLU(), strict=True),
             lambda: net.set_submodule("0.0.weight", nn.ReLU())):
    fails(call)
net.set_submodule("0.1", nn.Tanh())
net.set_submodule("extra", nn.ReLU())
show(net)
# loading
a, b = (nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3) if False else nn.PReLU(3)) for _ in range(2))
show(b.load_state_dict(a.state_dict()), torch.equal(a[0].weight, b[0].weight), a[0].weight is b[0].weight)
state = a.state_dict()
state["extra"] = torch.ones(1)
del state["0.bias"]
fails(lambda: b.load_state_dict(state))
show(b.load_state_dict(state, strict=False))
state["0.weight"] = torch.ones(1)
state["1.weight"] = "text"
fails(lambda: b.load_state_dict(state, strict=False))
fails(lambda: b.load_state_dict([]))
c = nn.Linear(2, 1)
given = {"weight": torch.ones(1, 2), "bias": torch.zeros(1)}
before = c.weight
c.load_state_dict(given)
show(c.weight is before, c.weight)
c.load_state_dict(given, assign=True)
show(c.weight is before, c.weight.data_ptr() == given["weight"].data_ptr(), type(c.weight).__name__, c.weight)
d = nn.Linear(2, 1).double()
d.load_state_dict(given)
show(d.weight)
e = nn.Module()
e.register_parameter("s", nn.Parameter(torch.tensor(1.0)))
e.load_state_dict({"s": torch.tensor([4.0])})
show(e.s)
# extra state
class Extra(nn.Module):
    def __init__(self):
        super().__init__()
        self.k = 1
    def get_extra_state(self):
        return {"k": self.k}
    def set_extra_state(self, state):
        self.k = state["k"]
x = nn.Sequential(Extra(), nn.ReLU())
x[0].k = 5
y = nn.Sequential(Extra(), nn.ReLU())
show(dict(x.state_dict()), y.load_state_dict(x.state_dict()), y[0].k)
fails(lambda: y.load_state_dict({}))
fails(lambda: nn.Sequential(nn.ReLU()).load_state_dict(x.state_dict()))
fails(lambda: nn.ReLU().get_extra_state())
# hooks on the state
log = []
net = nn.Sequential(nn.Linear(1, 1))
net.register_state_dict_pre_hook(lambda m, prefix, keep: log.append(("pre", prefix, keep)))
def post(m, state, prefix, meta):
    state["more"] = torch.ones(1)
    log.append(("post", sorted(state), prefix, meta))
net.register_state_dict_post_hook(post)
net[0]._register_state_dict_hook(lambda m, s, p, meta: log.append(p))
state = net.state_dict()
net.register_load_state_dict_pre_hook(lambda m, s, p, *a: log.append((type(m).__name__, sorted(s), p, len(a))))
def after(m, keys):
    log.append((keys.missing_keys[:], keys.unexpected_keys[:]))
    keys.unexpected_keys.clear()
h = net.register_load_state_dict_post_hook(after)
show(net.load_state_dict(state), log)
h.remove()
fails(lambda: net.load_state_dict(state))
net.register_load_state_dict_post_hook(lambda m, keys: 3)
fails(lambda: net.load_state_dict(state))
fails(lambda: net._register_state_dict_hook(post))
bad = nn.ReLU()
def returns(m, s, p, meta):
    return s
bad.register_state_dict_post_hook(returns)
fails(bad.state_dict)
show(nn.Linear(1, 1).state_dict({}, "k.", True))
# train, eval, apply
net = nn.Sequential(nn.Linear(2, 2), nn.Sequential(nn.Dropout(0.5)))
seen = []
show(net.apply(lambda m: seen.append(type(m).__name__)) is net, seen)
show(net.eval() is net, net[1][0].training, net.train()[1].training)
fails(lambda: net.train(1))
show([p.requires_grad for p in net.requires_grad_(False).parameters()])
# dtypes
net = nn.Linear(2, 1)
net.register_buffer("n", torch.tensor([1, 2]))
net.register_buffer("f", torch.tensor([1.0]))
net(torch.ones(1, 2)).sum().backward()
w, g = net.weight, net.weight.grad
show(net.double() is net, net.weight is w, net.weight.grad is g, w.dtype, g.dtype, net.n.dtype, net.f.dtype)
show(net.to(torch.float32).weight.dtype, net.to(torch.ones(1, dtype=torch.float64)).f.dtype, net.to("cpu") is net)
show(net.float().f.dtype, net.half().f.dtype, net.type(torch.float64).n.dtype)
fails(lambda: net.to(torch.int64))
fails(lambda: net.to(torch.uint8))
show(net.cpu() is net)
# zero_grad
net = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 1))
net(torch.ones(1, 2)).sum().backward()
g = net[0].weight.grad
net.zero_grad(set_to_none=False)
show(net[0].weight.grad is g, g)
net.zero_grad()
show(net[0].weight.grad)
# copies
import copy, pickle
net = nn.Sequential(nn.Linear(2, 2), nn.ReLU())
net.register_forward_hook(print)
net[0].shared = net[0].weight
net(torch.ones(1, 2)) if False else None
net[0].weight.sum().backward()
other = copy.deepcopy(net)
show(other[0].weight.grad, other[0].shared is other[0].weight, other[0].weight is net[0].weight)
show(len(other._forward_hooks))
shallow = copy.copy(net)
show(shallow[0] is net[0], shallow._modules is net._modules)
third = pickle.loads(pickle.dumps(nn.Sequential(nn.Linear(2, 2), nn.Sequential(nn.Tanh()))))
show(third, [n for n, _ in third.named_parameters()], third[0].weight.requires_grad, type(third[0].weight).__name__)
p = nn.Parameter(torch.ones(2))
p.sum().backward()
show(copy.deepcopy(p), copy.deepcopy(p).grad, copy.copy(p) is p, pickle.loads(pickle.dumps(p)))
t = torch.ones(2, requires_grad=True)
t.sum().backward()
show(copy.deepcopy(t).grad)
# parameters
p = nn.Parameter(torch.ones(2))
show(p, p.data, p.detach(), p + 1, type(p + 1).__name__, type(p.data).__name__, p.requires_grad, p.is_leaf)
show(nn.Parameter(), nn.Parameter(torch.ones(1), requires_grad=False), nn.Parameter(torch.tensor([1]), False))
fails(lambda: nn.Parameter(torch.tensor([1])))
fails(lambda: nn.Parameter([1.0]))
x = torch.ones(2, requires_grad=True)
q = nn.Parameter(x * 2)
show(q, q.is_leaf, q.grad_fn)
y = torch.ones(2)
r = nn.Parameter(y)
y[0] = 5
show(r)
with torch.no_grad():
    r += 1
show(r, y, isinstance(y, nn.Parameter))
show(nn.Buffer(torch.ones(2)) + 1, nn.Buffer().shape, nn.Buffer(torch.ones(1), persistent=False).persistent)
# forward hooks
log = []
net = nn.Linear(2, 1)
net.weight.data.fill_(1.0)
net.bias.data.fill_(0.5)
h1 = net.register_forward_pre_hook(lambda m, args: log.append(("pre", args)))
h2 = net.register_forward_pre_hook(lambda m, args: args[0] * 2, prepend=True)
h3 = net.register_forward_hook(lambda m, args, out: log.append(("out", args, out.detach())))
h4 = net.register_forward_hook(lambda m, args, out: out * 10, prepend=True)
show(net(torch.ones(1, 2)), log)
h2.remove()
h4.remove()
show(net(torch.ones(1, 2)), len(net._forward_hooks), len(net._forward_pre_hooks))
with net.register_forward_hook(lambda m, args, out: out + 100):
    show(net(torch.ones(1, 2)))
show(net(torch.ones(1, 2)))
# hooks with keywords
class Two(nn.Module):
    def forward(self, x, *, k=0):
        return x + k
two = Two()
h = two.register_forward_pre_hook(lambda m, args, kwargs: (args, {"k": kwargs["k"] * 2}), with_kwargs=True)
two.register_forward_hook(lambda m, args, kwargs, out: (out, kwargs), with_kwargs=True)
show(two(1, k=3))
h.remove()
two.register_forward_pre_hook(lambda m, args, kwargs: 3, with_kwargs=True)
fails(lambda: two(1, k=3))
# hooks that are always called
class Boom(nn.Module):
    def forward(self, x):
        raise ValueError("boom")
log = []
boom = Boom()
boom.register_forward_hook(lambda m, args, out: log.append("no"))
boom.register_forward_hook(lambda m, args, out: log.append(("always", out)), always_call=True)
boom.register_forward_hook(lambda m, args, out: 1 / 0, always_call=True)
fails(lambda: boom(1))
show(log)
# hooks on every module
from torch.nn.modules.module import register_module_forward_hook, register_module_forward_pre_hook
from torch.nn.modules.module import register_module_parameter_registration_hook
from torch.nn.modules.module import register_module_module_registration_hook
from torch.nn.modules.module import register_module_buffer_registration_hook
log = []
handles = [register_module_forward_pre_hook(lambda m, args: log.append(("pre", type(m).__name__))),
           register_module_forward_hook(lambda m, args, out: log.append(("post", type(m).__name__))),
           register_module_forward_hook(lambda m, args, kw, out: log.append(kw), with_kwargs=True),
           register_module_parameter_registration_hook(lambda m, n, p: log.append(n)),
           register_module_module_registration_hook(lambda m, n, p: log.append(n)),
           register_module_buffer_registration_hook(lambda m, n, p: log.append(n))]
net = nn.Sequential(nn.Linear(1, 1), nn.ReLU())
net(torch.ones(1, 1))
net.register_buffer("buffer", None)
net.one = nn.Tanh()
for h in handles:
    h.remove()
net(torch.ones(1, 1))
nn.Linear(1, 1)
show(log)
# repr
class Odd(nn.Module):
    def extra_repr(self):
        return "first\\nsecond"
class Line(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = Odd()
        self.b = nn.ModuleList([nn.Linear(1, 1), nn.Linear(1, 1), Odd(), Odd()])
        self.c = nn.ModuleDict({"k": nn.Sequential()})
        self.d = nn.ParameterList([torch.ones(2), 3, nn.Parameter(torch.ones(1, 2))])
        self.e = nn.ParameterDict({"b": torch.ones(2), "a": "text"})
show(Line(), Odd(), nn.Module())
# a slope of another dtype than the input
fails(lambda: nn.PReLU()(torch.ones(2, 3).double()))
fails(lambda: F.prelu(torch.ones(2, 3), torch.ones(3).double()))
"""

CONTAINERS = """
# Sequential
import collections
a, b, c, d = nn.Linear(1, 2), nn.ReLU(), nn.Linear(2, 1), nn.Tanh()
s = nn.Sequential(a, b)
show(len(s), s[0] is a, s[-1] is b, s[0:1], list(s) == [a, b])
show(s.append(c) is s, s.extend([d]), s.insert(1, nn.Sigmoid()), s.insert(-1, nn.ELU()))
show(s.pop(1), s.pop(slice(3, 5)), s)
del s[0]
show(s, s + nn.Sequential(d), nn.Sequential(d) * 2, 2 * nn.Sequential(d))
s += nn.Sequential(nn.SELU())
s *= 2
show(s, len(list(s.parameters())), sorted(n for n in dir(s) if n.isdigit()))
s[0] = nn.GELU()
show(s[0], nn.Sequential(collections.OrderedDict(x=nn.ReLU(), y=nn.Linear(1, 1))).y)
t = nn.Sequential(collections.OrderedDict(x=a, y=b))
del t[0]
show(t)
for call in (lambda: s[9], lambda: s + 3, lambda: s * 0, lambda: s * 1.5, lambda: s.insert(99, a),
             lambda: s.insert(0, 3), lambda: s.append(3), lambda: s.__iadd__([a]), lambda: nn.Sequential(a, 3),
             lambda: s.__imul__("x"),
             lambda: s["x"], lambda: s.foo):
    fails(call)
show(nn.Sequential()(3), nn.Sequential(nn.Identity(), nn.Flatten())(torch.ones(2, 3, 4)).shape)
# ModuleList
m = nn.ModuleList([nn.Linear(1, 1)])
m.append(nn.ReLU()).extend([nn.Tanh(), nn.ReLU()])
m.insert(1, nn.Sigmoid())
m += [nn.GELU()]
show(m, len(m), m[-1], m[1:3], m.pop(0), m.pop(-1), m + [nn.ELU()])
m[0] = nn.SELU()
del m[1]
del m[0:1]
show(m, list(m.named_modules())[1:], 3 in m, m[0] in m, nn.ModuleList(), nn.ModuleList([nn.ReLU()] * 2))
for call in (lambda: m[7], lambda: m.extend(3), lambda: m.append(3), lambda: m(1), lambda: m["a"]):
    fails(call)
# ModuleDict
m = nn.ModuleDict({"b": nn.ReLU(), "a": nn.Linear(1, 1)})
m["c"] = nn.Tanh()
m.update([["d", nn.ELU()]])
m.update({"a": nn.SELU()})
show(m, list(m), list(m.keys()), [k for k, _ in m.items()], len(list(m.values())), "a" in m, len(m), m.pop("a"), m)
del m["b"]
m.clear()
show(m, nn.ModuleDict([("x", nn.ReLU())]))
for call in (lambda: m["z"], lambda: m.update(3), lambda: m.update([1]), lambda: m.update([[1, 2, 3]]),
             lambda: m.update({"a": 3}), lambda: m.pop("z"), lambda: nn.ModuleDict({"a.b": nn.ReLU()})):
    fails(call)
# ParameterList
p = nn.ParameterList([torch.ones(2), nn.Parameter(torch.zeros(1))])
p.append(torch.ones(1, 1)).extend([torch.ones(3)])
p += [torch.ones(4)]
p[0] = torch.zeros(2)
show(p, len(p), p[-1], p[1:3], [type(x).__name__ for x in p], list(p.state_dict()), p[0].requires_grad)
for call in (lambda: p[9], lambda: p.extend(3), lambda: p.extend(torch.ones(2)), lambda: p(1)):
    fails(call)
# ParameterDict
p = nn.ParameterDict({"b": torch.ones(2), "a": nn.Parameter(torch.zeros(1))})
p["c"] = torch.ones(1)
show(p, list(p), [k for k, _ in p.items()], list(p.state_dict()), p.get("x"), p.get("x", 3), "a" in p)
show(list(reversed(p)))
show(p.setdefault("d", torch.ones(1)), p.setdefault("a"), p.pop("a"), p.popitem(), p.copy(), p.fromkeys(["u", "v"], 1))
p.update([("z", torch.ones(1))])
show(p | nn.ParameterDict({"q": torch.ones(1)}), list(p.keys()), len(list(p.values())))
p |= nn.ParameterDict({"r": torch.ones(1)})
del p["r"]
p.clear()
show(p, len(p))
for call in (lambda: p["z"], lambda: p.update(3), lambda: p.update([1]), lambda: p.update([[1, 2, 3]]),
             lambda: p.__setitem__(3, 1), lambda: p(1)):
    fails(call)
"""


@pytest.mark.parametrize("source", programs(PROGRAMS) + programs(CONTAINERS))
def test_modules_as_in_torch(torch: ModuleType, source: str) -> None:
    """A program shows the same values, texts, errors and warnings with both libraries."""
    run_both(torch, source)
