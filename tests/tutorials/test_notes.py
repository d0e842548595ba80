"""The tutorials and notes that take autograd apart: leaves, mechanics, hooks, saved tensors.

Source: docs.pytorch.org, notes/autograd; tutorials understanding_leaf_vs_nonleaf_tutorial,
visualizing_gradients_tutorial, autograd_saved_tensors_hooks_tutorial, optimizer_step_in_backward_tutorial.
"""

from __future__ import annotations

from types import ModuleType

import pytest

from tests.both import programs

from .running import check

LEAVES = """
# leaves
import torch
import torch.nn.functional as F
x = torch.ones(1, 3)
W = torch.ones(3, 2, requires_grad=True)
b = torch.ones(1, 2, requires_grad=True)
y = torch.ones(1, 2)
z = (x @ W) + b
y_pred = F.relu(z)
loss = F.mse_loss(y_pred, y)
print(f"{x.is_leaf=}")
print(f"{W.is_leaf=}")
print(f"{b.is_leaf=}")
print(f"{y.is_leaf=}")
print(f"{z.is_leaf=}")
print(f"{y_pred.is_leaf=}")
print(f"{loss.is_leaf=}")
print(f"{W.grad=}")
loss.backward()
print(f"{W.grad=}")
print(f"{b.grad=}")
print(f"{x.grad=}")
z = (x @ W) + b
y_pred = F.relu(z)
loss = F.mse_loss(y_pred, y)
z.retain_grad()
y_pred.retain_grad()
loss.retain_grad()
loss.backward()
print(f"{W.grad=}")
print(f"{z.grad=}")
print(f"{y_pred.grad=}")
print(f"{loss.grad=}")
print(f"{z.retains_grad=}")
print(f"{W.retains_grad=}")
"""

MECHANICS = """
# saved tensors
import torch
x = torch.randn(5, requires_grad=True)
y = x.pow(2)
print(x.equal(y.grad_fn._saved_self))
print(x is y.grad_fn._saved_self)
y = x.exp()
print(y.equal(y.grad_fn._saved_result))
print(y is y.grad_fn._saved_result)
# hooks for one saved tensor
import torch
log = []
x = torch.tensor([1., 2., 3.], requires_grad=True)
y = x * x
y.grad_fn._raw_saved_self.register_hooks(
    lambda t: log.append("pack") or t * 2, lambda t: log.append("unpack") or t / 2)
y.sum().backward()
grad = x.grad
# hooks for all saved tensors
import torch
kept = []
def pack_hook(x):
    print("Packing", x)
    return x
def unpack_hook(x):
    print("Unpacking", x)
    return x
a = torch.ones(5, requires_grad=True)
b = torch.ones(5, requires_grad=True) * 2
with torch.autograd.graph.saved_tensors_hooks(pack_hook, unpack_hook):
    y = a * b
y.sum().backward()
grad = a.grad
# gradients at kinks
import torch
x = torch.tensor([0.0, -1.0, 1.0, 2.0], requires_grad=True)
outs = []
for f in (torch.abs, torch.relu, lambda t: t.clamp(-1, 1), lambda t: t.max(), lambda t: t.norm(),
          lambda t: torch.sign(t)):
    y = f(x)
    outs.append(torch.autograd.grad(y.sum(), x, allow_unused=True)[0])
n = torch.zeros(2, requires_grad=True)
(zero,) = torch.autograd.grad(n.norm(), n)
# division by zero, masked
import torch
x = torch.tensor([1., 1.], requires_grad=True)
div = torch.tensor([0., 1.])
y = x / div
mask = div != 0
y[mask].backward()
print(x.grad)
x = torch.tensor([1., 1.], requires_grad=True)
y = torch.where(mask, x / div, torch.zeros(2))
y.sum().backward()
print(x.grad)
# requires_grad, no_grad, inference
import torch
x = torch.ones(2, requires_grad=True)
frozen = torch.nn.Linear(2, 2).requires_grad_(False)
out = frozen(x)
with torch.no_grad():
    a = x * 2
with torch.inference_mode():
    b = x * 2
@torch.no_grad()
def doubler(x):
    return x * 2
c = doubler(x)
flags = [out.requires_grad, a.requires_grad, b.requires_grad, c.requires_grad, b.is_inference(), a.is_inference()]
with torch.set_grad_enabled(False):
    flags.append((x * 2).requires_grad)
    with torch.enable_grad():
        flags.append((x * 2).requires_grad)
# writes in place
import torch
x = torch.randn(3, requires_grad=True)
versions = []
y = x.exp()
versions.append(y._version)
y.add_(1)
versions.append(y._version)
try:
    y.sum().backward()
except RuntimeError as error:
    message = str(error)
z = (x * 1)
z[0] = 5.0
z.sum().backward()
grad = x.grad
try:
    x.add_(1)
except RuntimeError as error:
    leaf = str(error)
with torch.no_grad():
    x += 1
# many threads
import threading
import torch
x = torch.ones(5, 5, requires_grad=True)
def train_fn():
    y = (x + 3) * (x + 4) * 0.5
    y.sum().backward()
threads = []
for _ in range(10):
    p = threading.Thread(target=train_fn, args=())
    p.start()
    threads.append(p)
for p in threads:
    p.join()
grad = x.grad
# complex gradients
import torch
z = torch.tensor([1 + 2j, 3 - 1j], requires_grad=True)
loss = (z * z.conj()).real.sum()
loss.backward()
conjugate = z.grad
w = torch.tensor([0.5 + 1j], requires_grad=True)
(w ** 2).abs().sum().backward()
grad = w.grad
# when a hook on a tensor fires
import torch
fired = []
a = torch.ones(2, requires_grad=True)
b = a * 2
b.register_hook(lambda g: fired.append("b"))
c = b * 3
c.register_hook(lambda g: fired.append("c"))
a.register_hook(lambda g: fired.append("a"))
a.register_post_accumulate_grad_hook(lambda t: fired.append("a after"))
c.grad_fn.register_prehook(lambda g: fired.append("before c's node"))
c.grad_fn.register_hook(lambda i, o: fired.append("after c's node"))
torch.autograd.grad(c.sum(), b, retain_graph=True)
first = fired[:]
c.sum().backward(inputs=[a])
# hooks see the tensor that is there when they are registered
import torch
seen = []
t = torch.ones(2, requires_grad=True).sin()
t.register_hook(lambda g: seen.append("first"))
t.add_(1.0)
t.register_hook(lambda g: seen.append("second"))
t.sum().backward()
"""

HOOKS = """
# hooks on modules
import torch
import torch.nn as nn
import torch.nn.functional as F
torch.manual_seed(1)
class MyModel(nn.Module):
    def __init__(self, depth, width):
        super().__init__()
        self.layers = nn.ModuleList([nn.Sequential(nn.Linear(width, width), nn.Sigmoid()) for _ in range(depth)])
        self.out = nn.Linear(width, 1)
    def forward(self, x):
        for layer in self.layers:
            x = layer(x)
        return self.out(x)
def hook_forward(module_name, grads, hook_backward):
    def hook(module, args, output):
        output.register_hook(hook_backward(module_name, grads))
    return hook
def hook_backward(module_name, grads):
    def hook(grad):
        grads.append((module_name, grad))
    return hook
def get_all_layers(model, hook_forward, hook_backward):
    layers = dict()
    grads = []
    for name, layer in model.named_modules():
        if any(layer.children()) is False:
            layer.register_forward_hook(hook_forward(name, grads, hook_backward))
            layers[name] = str(layer)
    return layers, grads
model = MyModel(3, 4)
layers, grads = get_all_layers(model, hook_forward, hook_backward)
x = torch.randn(8, 4)
loss = F.mse_loss(model(x), torch.randn(8, 1))
loss.backward()
means = [(name, grad.abs().mean().item()) for name, grad in grads]
# an optimizer step inside the backward pass
import torch
from torch import nn
torch.manual_seed(2)
model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2))
x = torch.randn(5, 4)
optimizer_dict = {p: torch.optim.Adam([p], foreach=False) for p in model.parameters()}
def optimizer_hook(parameter) -> None:
    optimizer_dict[parameter].step()
    optimizer_dict[parameter].zero_grad()
for p in model.parameters():
    p.register_post_accumulate_grad_hook(optimizer_hook)
del p
curve = []
for i in range(3):
    loss = model(x).sum()
    curve.append(loss.item())
    loss.backward()
state = dict(model.state_dict())
grads = [q.grad for q in model.parameters()]
# saved tensors: what is packed
import torch
x = torch.randn(5, requires_grad=True)
y = x.pow(2)
before = [x.equal(y.grad_fn._saved_self), x is y.grad_fn._saved_self]
def f(x):
    return x * x
x = torch.randn(5, requires_grad=True)
with torch.autograd.graph.saved_tensors_hooks(lambda x: x * 1, lambda x: x):
    y = f(x)
y.sum().backward()
first = x.grad
storage = []
def pack(x):
    storage.append(x)
    return len(storage) - 1
def unpack(x):
    return storage[x]
x = torch.randn(5, requires_grad=True)
with torch.autograd.graph.saved_tensors_hooks(pack, unpack):
    y = x * x
count = len(storage)
y.sum().backward()
second = x.grad
x = torch.randn((), requires_grad=True, dtype=torch.float64)
with torch.autograd.graph.saved_tensors_hooks(lambda x: repr(x.item()),
                                                   lambda x: torch.tensor(float(x), dtype=torch.float64)):
    y = x.sin()
y.backward()
third = x.grad - x.detach().cos()
# saved tensors: to disk
import os
import tempfile
import uuid
import numpy
import torch
_tmp_dir_obj = tempfile.TemporaryDirectory()
_tmp_dir = _tmp_dir_obj.name
alive = []
class SelfDeletingTempFile():
    def __init__(self):
        self.name = os.path.join(_tmp_dir, str(uuid.uuid4()) + ".npy")
    def __del__(self):
        os.remove(self.name)
def pack_hook(tensor):
    temp_file = SelfDeletingTempFile()
    numpy.save(temp_file.name, tensor.detach().numpy())
    return temp_file
def unpack_hook(temp_file):
    return torch.from_numpy(numpy.load(temp_file.name))
class SaveToDisk(torch.autograd.graph.saved_tensors_hooks):
    def __init__(self):
        super().__init__(pack_hook, unpack_hook)
def wrapped(x):
    with SaveToDisk():
        return torch.tanh(torch.nn.functional.linear(x, w)).sum()
w = torch.randn(3, 4, requires_grad=True)
x = torch.randn(2, 4, requires_grad=True)
loss = wrapped(x)
alive.append(len(os.listdir(_tmp_dir)) > 0)
loss.backward()
gx, gw = x.grad, w.grad
del loss
alive.append(len(os.listdir(_tmp_dir)))
# saved tensors: elsewhere, and not at all
import torch
x = torch.randn(5, requires_grad=True)
with torch.autograd.graph.save_on_cpu(pin_memory=False):
    y = x.pow(2) * torch.exp(x)
y.sum().backward()
grad = x.grad
with torch.autograd.graph.disable_saved_tensors_hooks("no hooks here"):
    try:
        with torch.autograd.graph.saved_tensors_hooks(lambda t: t, lambda t: t):
            pass
    except RuntimeError as error:
        message = str(error)
"""


@pytest.mark.parametrize("source", programs(LEAVES) + programs(MECHANICS) + programs(HOOKS))
def test_tutorial(torch: ModuleType, source: str) -> None:
    """A program gives the same results, and prints the same text."""
    check(torch, source)
