"""The programs of PyTorch's tutorials on ``torch.func`` and forward mode, compact; each ends in ``results``."""

from __future__ import annotations

JACOBIANS = """
import torch
import torch.nn.functional as F
from functools import partial
from torch.func import hessian, jacfwd, jacrev, jvp, vjp, vmap

_ = torch.manual_seed(0)
D = 16
weight = torch.randn(D, D)
bias = torch.randn(D)
x = torch.randn(D)

def predict(weight, bias, x):
    return F.linear(x, weight, bias).tanh()

def compute_jac(xp):
    jacobian_rows = [torch.autograd.grad(predict(weight, bias, xp), xp, vec)[0] for vec in unit_vectors]
    return torch.stack(jacobian_rows)

xp = x.clone().requires_grad_()
unit_vectors = torch.eye(D)
jacobian = compute_jac(xp)

_, vjp_fn = vjp(partial(predict, weight, bias), x)
ft_jacobian, = vmap(vjp_fn)(unit_vectors)
assert torch.allclose(ft_jacobian, jacobian)

ft_jac_weight, ft_jac_bias = jacrev(predict, argnums=(0, 1))(weight, bias, x)
fwd = jacfwd(predict, argnums=2)(weight, bias, x)
rev = jacrev(predict, argnums=2)(weight, bias, x)
assert torch.allclose(fwd, rev, 1e-3, 1e-5)

hess_api = hessian(predict, argnums=2)(weight, bias, x)
hess_fwdfwd = jacfwd(jacfwd(predict, argnums=2), argnums=2)(weight, bias, x)
hess_revrev = jacrev(jacrev(predict, argnums=2), argnums=2)(weight, bias, x)

batch_size = 8
x = torch.randn(batch_size, D)
compute_batch_jacobian = vmap(jacrev(predict, argnums=2), in_dims=(None, None, 0))
batch_jacobian0 = compute_batch_jacobian(weight, bias, x)

def predict_with_output_summed(weight, bias, x):
    return predict(weight, bias, x).sum(0)

batch_jacobian1 = jacrev(predict_with_output_summed, argnums=2)(weight, bias, x).movedim(1, 0)
assert torch.allclose(batch_jacobian0, batch_jacobian1, atol=1e-6)

compute_batch_hessian = vmap(hessian(predict, argnums=2), in_dims=(None, None, 0))
batch_hess = compute_batch_hessian(weight, bias, x[:2])

def hvp(f, primals, tangents):
    return jvp(jacrev(f), primals, tangents)[1]

def f(x):
    return x.sin().sum()

result = hvp(f, (torch.ones(5),), (torch.arange(5.0),))
results = [jacobian, ft_jac_weight, ft_jac_bias, fwd, hess_api, hess_fwdfwd, hess_revrev, batch_jacobian0]
results += [batch_hess, result]
"""

PER_SAMPLE = """
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.func import functional_call, grad, vmap

torch.manual_seed(0)

class SimpleCNN(nn.Module):
    def __init__(self):
        super(SimpleCNN, self).__init__()
        self.conv1 = nn.Conv2d(1, 4, 3, 1)
        self.conv2 = nn.Conv2d(4, 6, 3, 1)
        self.fc1 = nn.Linear(54, 16)
        self.fc2 = nn.Linear(16, 10)

    def forward(self, x):
        x = self.conv1(x)
        x = F.relu(x)
        x = self.conv2(x)
        x = F.relu(x)
        x = F.max_pool2d(x, 2)
        x = torch.flatten(x, 1)
        x = self.fc1(x)
        x = F.relu(x)
        x = self.fc2(x)
        return F.log_softmax(x, dim=1)

def loss_fn(predictions, targets):
    return F.nll_loss(predictions, targets)

batch_size = 6
data = torch.randn(batch_size, 1, 10, 10)
targets = torch.randint(10, (6,))
model = SimpleCNN()

def compute_grad(sample, target):
    sample = sample.unsqueeze(0)
    target = target.unsqueeze(0)
    prediction = model(sample)
    loss = loss_fn(prediction, target)
    return torch.autograd.grad(loss, list(model.parameters()))

def compute_sample_grads(data, targets):
    sample_grads = [compute_grad(data[i], targets[i]) for i in range(batch_size)]
    sample_grads = zip(*sample_grads)
    sample_grads = [torch.stack(shards) for shards in sample_grads]
    return sample_grads

per_sample_grads = compute_sample_grads(data, targets)

params = {k: v.detach() for k, v in model.named_parameters()}
buffers = {k: v.detach() for k, v in model.named_buffers()}

def compute_loss(params, buffers, sample, target):
    batch = sample.unsqueeze(0)
    targets = target.unsqueeze(0)
    predictions = functional_call(model, (params, buffers), (batch,))
    loss = loss_fn(predictions, targets)
    return loss

ft_compute_grad = grad(compute_loss)
ft_compute_sample_grad = vmap(ft_compute_grad, in_dims=(None, None, 0, 0))
ft_per_sample_grads = ft_compute_sample_grad(params, buffers, data, targets)
for per_sample_grad, ft_per_sample_grad in zip(per_sample_grads, ft_per_sample_grads.values()):
    assert torch.allclose(per_sample_grad, ft_per_sample_grad, atol=3e-3, rtol=1e-5)
results = [per_sample_grads, dict(ft_per_sample_grads)]
"""

FORWARD_AD = """
import torch
import torch.autograd.forward_ad as fwAD
import torch.nn as nn

torch.manual_seed(0)
primal = torch.randn(10, 10)
tangent = torch.randn(10, 10)

def fn(x, y):
    return x ** 2 + y ** 2

with fwAD.dual_level():
    dual_input = fwAD.make_dual(primal, tangent)
    assert fwAD.unpack_dual(dual_input).tangent is tangent
    dual_input_alt = fwAD.make_dual(primal, tangent.T)
    assert fwAD.unpack_dual(dual_input_alt).tangent is not tangent
    plain_tensor = torch.randn(10, 10)
    dual_output = fn(dual_input, plain_tensor)
    jvp = fwAD.unpack_dual(dual_output).tangent

assert fwAD.unpack_dual(dual_output).tangent is None

model = nn.Linear(5, 5)
input = torch.randn(16, 5)
params = {name: p for name, p in model.named_parameters()}
tangents = {name: torch.rand_like(p) for name, p in params.items()}

with fwAD.dual_level():
    for name, p in params.items():
        delattr(model, name)
        setattr(model, name, fwAD.make_dual(p, tangents[name]))
    out = model(input)
    jvp_of_module = fwAD.unpack_dual(out).tangent

from torch.func import functional_call
model = nn.Linear(5, 5)
dual_params = {}
with fwAD.dual_level():
    for name, p in params.items():
        dual_params[name] = fwAD.make_dual(p, tangents[name])
    out = functional_call(model, dual_params, input)
    jvp2 = fwAD.unpack_dual(out).tangent
assert torch.allclose(jvp_of_module, jvp2)

class Fn(torch.autograd.Function):
    @staticmethod
    def forward(ctx, foo):
        result = torch.exp(foo)
        ctx.result = result
        return result

    @staticmethod
    def jvp(ctx, gI):
        gO = gI * ctx.result
        del ctx.result
        return gO

fn = Fn.apply
primal = torch.randn(10, 10, dtype=torch.double, requires_grad=True)
tangent = torch.randn(10, 10)
with fwAD.dual_level():
    dual_input = fwAD.make_dual(primal, tangent)
    dual_output = fn(dual_input)
    jvp3 = fwAD.unpack_dual(dual_output).tangent

import torch.func as ft
primal0 = torch.randn(10, 10)
tangent0 = torch.randn(10, 10)
primal1 = torch.randn(10, 10)
tangent1 = torch.randn(10, 10)

def fn(x, y):
    return x ** 2 + y ** 2

primal_out, tangent_out = ft.jvp(fn, (primal0, primal1), (tangent0, tangent1))

import functools
new_fn = functools.partial(fn, y=primal1)
primal_out2, tangent_out2 = ft.jvp(new_fn, (primal0,), (tangent0,))

model = nn.Linear(5, 5)
input = torch.randn(16, 5)
tangents = tuple([torch.rand_like(p) for p in model.parameters()])
params = {name: p for name, p in model.named_parameters()}

def func(params, input):
    return torch.func.functional_call(model, params, (input,))

names, values = zip(*params.items())

def of_values(values, input):
    return func(dict(zip(names, values)), input)

_, jvp_out = ft.jvp(lambda values: of_values(values, input), (values,), (tangents,))
results = [jvp.detach(), jvp_of_module.detach(), jvp3.detach(), primal_out, tangent_out, tangent_out2]
results += [jvp_out.detach()]
"""

WHIRLWIND = """
import torch
from torch.func import functional_call, grad, hessian, jacfwd, jacrev, jvp, stack_module_state, vjp, vmap

torch.manual_seed(0)
x = torch.randn([])
cos_x = grad(lambda x: torch.sin(x))(x)
assert torch.allclose(cos_x, x.cos())
neg_sin_x = grad(grad(lambda x: torch.sin(x)))(x)
assert torch.allclose(neg_sin_x, -x.sin())

batch_size, feature_size = 3, 5

def model(weights, feature_vec):
    assert feature_vec.dim() == 1
    return feature_vec.dot(weights).relu()

def compute_loss(weights, example, target):
    y = model(weights, example)
    return ((y - target) ** 2).mean()

weights = torch.randn(feature_size, requires_grad=True)
examples = torch.randn(batch_size, feature_size)
targets = torch.randn(batch_size)
inputs = (weights, examples, targets)
grad_weight_per_example = vmap(grad(compute_loss), in_dims=(None, 0, 0))(*inputs)

inputs = torch.randn(3)
func = torch.sin
cotangents = (torch.randn(3),)
outputs, vjp_fn = vjp(func, inputs)
vjps = vjp_fn(*cotangents)

x = torch.randn(5)
y = torch.randn(5)
f = lambda x, y: (x * y)
_, output_jvp = jvp(f, (x, y), (torch.ones(5), torch.ones(5)))
assert torch.allclose(output_jvp, x + y)

x = torch.randn(5)
jacobian = jacrev(torch.sin)(x)
expected = torch.diag(torch.cos(x))
assert torch.allclose(jacobian, expected)
x = torch.randn(64, 5)
batched = vmap(jacrev(torch.sin))(x)
assert batched.shape == (64, 5, 5)
forward = jacfwd(torch.sin)(x[0])

def f(x):
    return x.sin().sum()

x = torch.randn(5)
hessian0 = jacrev(jacrev(f))(x)
hessian1 = jacfwd(jacrev(f))(x)
hess = hessian(f)(x)

class SimpleMLP(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = torch.nn.Linear(6, 8)
        self.fc2 = torch.nn.Linear(8, 4)

    def forward(self, x):
        return self.fc2(self.fc1(x.flatten(1)).relu())

data = torch.randn(7, 2, 3)
models = [SimpleMLP() for _ in range(4)]
predictions_for_loop = torch.stack([m(data) for m in models])
params, buffers = stack_module_state(models)

def fmodel(params, buffers, x):
    return functional_call(models[0], (params, buffers), (x,))

minibatches = data.unsqueeze(0).expand(4, 7, 2, 3)
predictions1 = vmap(fmodel)(params, buffers, minibatches)
predictions2 = vmap(fmodel, in_dims=(0, 0, None))(params, buffers, data)
assert torch.allclose(predictions1, predictions_for_loop, atol=1e-3, rtol=1e-5)
assert torch.allclose(predictions2, predictions_for_loop, atol=1e-3, rtol=1e-5)

def maml_loss(weight, x, y, lr=0.1):
    inner = lambda w: ((x @ w - y) ** 2).mean()
    adapted = weight - lr * grad(inner)(weight)
    return inner(adapted)

weight = torch.randn(3)
tasks_x, tasks_y = torch.randn(5, 10, 3), torch.randn(5, 10)
meta = grad(lambda w: vmap(maml_loss, in_dims=(None, 0, 0))(w, tasks_x, tasks_y).mean())(weight)
results = [
    cos_x, neg_sin_x, grad_weight_per_example.detach(), vjps, output_jvp, jacobian, batched, forward, hessian0,
    hessian1, hess, predictions1.detach(), predictions2.detach(), meta,
]
"""

NEURAL_TANGENT_KERNELS = """
import torch
import torch.nn as nn
from torch.func import functional_call, jacrev, jvp, vjp, vmap

torch.manual_seed(0)

class CNN(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 4, (3, 3))
        self.conv2 = nn.Conv2d(4, 3, (3, 3))
        self.fc = nn.Linear(3 * 4 * 4, 4)

    def forward(self, x):
        x = self.conv1(x)
        x = x.relu()
        x = self.conv2(x)
        x = x.flatten(1)
        x = self.fc(x)
        return x

x_train = torch.randn(3, 3, 8, 8)
x_test = torch.randn(2, 3, 8, 8)
net = CNN()
params = {k: v.detach() for k, v in net.named_parameters()}

def fnet_single(params, x):
    return functional_call(net, params, (x.unsqueeze(0),)).squeeze(0)

def empirical_ntk_jacobian_contraction(fnet_single, params, x1, x2):
    jac1 = vmap(jacrev(fnet_single), (None, 0))(params, x1)
    jac1 = jac1.values()
    jac1 = [j.flatten(2) for j in jac1]
    jac2 = vmap(jacrev(fnet_single), (None, 0))(params, x2)
    jac2 = jac2.values()
    jac2 = [j.flatten(2) for j in jac2]
    result = torch.stack([torch.einsum('Naf,Mbf->NMab', j1, j2) for j1, j2 in zip(jac1, jac2)])
    return result.sum(0)

def empirical_ntk_ntk_vps(func, params, x1, x2):
    def get_ntk(x1, x2):
        def func_x1(params):
            return func(params, x1)

        def func_x2(params):
            return func(params, x2)

        output, vjp_fn = vjp(func_x1, params)

        def get_ntk_slice(vec):
            vjps = vjp_fn(vec)
            _, jvps = jvp(func_x2, (params,), vjps)
            return jvps

        n = output.numel()
        basis = torch.eye(n, dtype=output.dtype, device=output.device).view(n, -1)
        return vmap(get_ntk_slice)(basis)

    return vmap(vmap(get_ntk, (None, 0)), (0, None))(x1, x2)

contracted = empirical_ntk_jacobian_contraction(fnet_single, params, x_train, x_test)
products = empirical_ntk_ntk_vps(fnet_single, params, x_test, x_train)
assert torch.allclose(contracted.movedim(0, 1), products.transpose(-1, -2), atol=1e-4)
results = [contracted, products]
"""

PROGRAMS = {
    "jacobians and hessians": JACOBIANS,
    "per-sample gradients": PER_SAMPLE,
    "forward mode": FORWARD_AD,
    "whirlwind tour, ensembles, MAML": WHIRLWIND,
    "neural tangent kernels": NEURAL_TANGENT_KERNELS,
}
