"""Cells for real PyTorch, each with the v that its backward call is told, in the place of ``{v}``.

A cell's name stands before it; ``{n}`` stands for the bare numbers.
"""

from __future__ import annotations

import re

TEXT = """
# vector: 0.1, 1, 0.0001
x = torch.tensor([1.5, -0.3, 2.0], requires_grad=True)
y = x * 2
while y.data.norm() < 1000:
    y = y * 2
y.backward({v})
# scalar: 2.5
a = torch.tensor([2., 3.], requires_grad=True)
y = (3 * a ** 3 - a ** 2).sum()
y.backward({v})
# pages: 1, 1
a = torch.tensor([2., 3.], requires_grad=True)
b = torch.tensor([6., 4.], requires_grad=True)
y = 3 * a ** 3 - b ** 2
y.backward(gradient={v})
# perceptron: 1
class MLP(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(4, 8)
        self.fc2 = nn.Linear(8, 2)
    def forward(self, x):
        return self.fc2(F.relu(self.fc1(x)))
model = MLP()
x = torch.randn(5, 4)
y = F.cross_entropy(model(x), torch.tensor([0, 1, 1, 0, 1]))
y.backward({v})
# optimizer step: 1
model = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
y = F.mse_loss(model(torch.randn(10, 3)), torch.randn(10, 1))
y.backward({v})
optimizer.step()
# training loop: 1
model = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1))
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
inputs, targets = torch.randn(10, 3), torch.randn(10, 1)
for epoch in range(4):
    optimizer.zero_grad()
    y = F.mse_loss(model(inputs), targets)
    y.backward({v} if epoch == 3 else None)
    optimizer.step()
# convolution: 1, 0.5
model = nn.Sequential(nn.Conv2d(1, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
                      nn.Dropout(0.5), nn.Linear(64, 3))
y = F.nll_loss(F.log_softmax(model(torch.randn(2, 1, 8, 8)), dim=1), torch.tensor([1, 2]), reduction="none")
y.backward({v})
# transformer: 1
model = nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2, 16, batch_first=True), 2, enable_nested_tensor=False)
x = torch.randn(2, 5, 8, requires_grad=True)
y = model(x).square().mean()
y.backward({v})
# recurrent: 1
model = nn.LSTM(3, 5, batch_first=True)
head = nn.Linear(5, 1)
states, (h, c) = model(torch.randn(2, 7, 3))
y = head(states[:, -1]).mean()
y.backward({v})
# custom function: 1, 2, 3
class Square(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * x
    @staticmethod
    def backward(ctx, g):
        x, = ctx.saved_tensors
        return 2 * x * g
x = torch.tensor([1., -2., 0.5], requires_grad=True)
y = Square.apply(x + 1) * 3
y.backward({v})
# in place: 1, 2, 3, 4
x = torch.tensor([1., 2., 3., 4.], requires_grad=True)
h = x * 2
h[0] = 5.
h += 1
h.mul_(3)
h[1:3] *= 2
y = h.relu_()
y.backward({v})
# views: 0.5
x = torch.randn(2, 6, requires_grad=True)
h = x * 1
rows = h.view(3, 4)
first = rows[0]
h.mul_(2)
y = (first * 3).sum() + rows.sum()
y.backward({v})
# create graph: 1, 2
x = torch.tensor([1., 2.], requires_grad=True)
y = x ** 3
y.backward({v}, create_graph=True)
# into its own graph: 1
x = torch.tensor([1., 2.], requires_grad=True)
(x ** 3).sum().backward(create_graph=True)
y = (x.grad ** 2).sum()
y.backward({v})
# second derivative: 1
x = torch.tensor([1., 2.], requires_grad=True)
g, = torch.autograd.grad((x ** 3).sum(), x, create_graph=True)
y = (g ** 2).sum()
y.backward({v})
# checkpoint: 1, 1
from torch.utils.checkpoint import checkpoint
layer = nn.Linear(4, 2)
x = torch.randn(4, requires_grad=True)
y = checkpoint(lambda a: torch.tanh(layer(a)), x, use_reentrant=False)
y.backward({v})
# hooks: 1, -2, 3
x = torch.tensor([1., 2., 3.], requires_grad=True)
h = x * x
h.register_hook(lambda g: g.clamp(-1, 1))
x.register_hook(lambda g: g * 10)
y = h + x
y.backward({v})
# node hook: 1, 2
x = torch.tensor([1., 2.], requires_grad=True)
y = x * x
z = y.sum()
y.grad_fn.register_hook(lambda gave, got: (gave[0] * 2, gave[1]))
y.backward({v})
# hook after accumulation: 1, 2
x = torch.tensor([1., 2.], requires_grad=True)
def double(leaf):
    leaf.grad *= 2
x.register_post_accumulate_grad_hook(double)
y = x * x
y.backward({v})
# retain_grad: 1, 2
x = torch.tensor([1., 2.], requires_grad=True)
h = x * 3
h.retain_grad()
y = h * h
y.backward({v})
# accumulate: 1, 2
x = torch.tensor([1., 2.], requires_grad=True)
(x * 5).sum().backward()
y = x * x
y.backward({v})
# twice: 1, 2
x = torch.tensor([1., 2.], requires_grad=True)
y = x * x
y.backward(torch.tensor([3., 4.]), retain_graph=True)
y.backward({v})
# retained: 1, 2
x = torch.tensor([1., 2.], requires_grad=True)
y = x * x
y.backward({v}, retain_graph=True)
# inputs: 1, 2
x = torch.tensor([1., 2.], requires_grad=True)
w = torch.tensor([3., 4.], requires_grad=True)
h = x * w
y = h * x.exp()
y.backward({v}, inputs=[x])
# positional: 1, 2
x = torch.tensor([1., 2.], requires_grad=True)
y = x * x
torch.autograd.backward(y, {v}, None, False)
# two outputs: 1, 2
x = torch.tensor([1., 2.], requires_grad=True)
y, z = x * x, x.sin()
torch.autograd.backward([y, z], [{v}, torch.tensor([0.5, 0.25])])
# no_grad block: 1, 2
x = torch.tensor([1., 2.], requires_grad=True)
with torch.no_grad():
    scale = x.max()
y = x * scale
y.backward({v})
# entry written under no_grad: 1, 2
x = torch.tensor([1., 2.], requires_grad=True)
y = x ** 3
y.backward({v})
with torch.no_grad():
    x.view(-1)[1] = 5.
# saved tensors hooks: 1, 2
x = torch.tensor([1., 2.], requires_grad=True)
with torch.autograd.graph.saved_tensors_hooks(lambda t: t.numpy().copy() if not t.requires_grad else t.detach().numpy(),
                                              torch.from_numpy):
    y = x * x.exp()
y.backward({v})
# save on cpu: 1, 2
x = torch.tensor([1., 2.], requires_grad=True)
with torch.autograd.graph.save_on_cpu():
    y = x * x.exp()
y.backward({v})
# vmap: 1, 2, 3, 4
x = torch.randn(4, 3, requires_grad=True)
y = torch.vmap(lambda row: (row * row).sum())(x)
y.backward({v})
# transforms: 1, 2
def f(a):
    return (a.sin() * a).sum()
x = torch.tensor([1., 2.], requires_grad=True)
y = torch.func.grad(f)(x)
y.backward({v})
# complex: 1, 2, 3
x = torch.randn(4, requires_grad=True)
y = torch.fft.rfft(x).abs() ** 2
y.backward({v})
# bfloat16: 1, 2, 3
x = torch.tensor([0.1, 0.7, 3.], dtype=torch.bfloat16, requires_grad=True)
y = x.exp() * x
y.backward({v}.to(torch.bfloat16))
# double: 0.1, 0.2
x = torch.tensor([0.1, 0.7], dtype=torch.float64, requires_grad=True)
y = x.exp() * x
y.backward(torch.tensor({n}, dtype=torch.float64))
# several results: 1
x = torch.arange(6.).requires_grad_()
a, b = x.chunk(2)
(c, d), s = (a * 2, b * 3), a + b
m, places = x.reshape(2, 3).max(dim=1)
first, *rest = x.unbind()
y = c.sum() + d.sum() + s.sum() + m.sum() + first
y.backward({v})
# recursion: 1, 2
def power(a, n):
    if n == 0:
        return torch.ones_like(a)
    if n % 2:
        return a * power(a, n - 1)
    half = power(a, n // 2)
    return half * half
x = torch.tensor([2., 3.], requires_grad=True)
y = power(x, 10)
y.backward({v})
# threads: 1, 2, 3
import threading
x = torch.ones(3, requires_grad=True)
box = []
thread = threading.Thread(target=lambda: box.append((x * 3).exp()))
thread.start()
thread.join()
y = box[0] + x
y.backward({v})
# scripted: 1, 2, 3
def square(a):
    return a * a + 1
x = torch.ones(3, requires_grad=True)
y = torch.jit.trace(square, torch.ones(3))(x)
y.backward({v})
# embedding: 1
table = nn.Embedding(10, 3)
y = table(torch.tensor([1, 5, 5])).square().sum()
y.backward({v})
# leaf as output: 1, 2
x = torch.tensor([1., 2.], requires_grad=True)
y = x
y.backward({v})
# v is the output: 1, 2
x = torch.tensor([1., 2.], requires_grad=True)
y = x * x
y.backward({v} + 0 * y.detach())
# zeroed after: 1, 2
x = torch.tensor([1., 2.], requires_grad=True)
w = torch.tensor([3., 4.], requires_grad=True)
y = x * w
y.backward({v})
x.grad.zero_()
# detached leaf: 1, 2
x = torch.tensor([1., 2.], requires_grad=True)
y = x * x
y.backward({v})
x.requires_grad_(False)
# written after: 1, 2
x = torch.tensor([1., 2.], requires_grad=True)
y = x * x
y.backward({v})
with torch.no_grad():
    x += 1
"""


def read(text: str) -> dict[str, tuple[str, list[float]]]:
    """Cells and their v, by name."""
    found = re.findall(r"^# (.+?): (.+)\n((?:(?!# ).*\n)+)", text, flags=re.MULTILINE)
    return {name: (source, [float(each) for each in v.split(",")]) for name, v, source in found}


CELLS = read(TEXT)


def written(source: str, v: list[float], scalar: bool) -> str:
    """A cell with this v in it."""
    numbers = str(v[0] if scalar else v)
    return source.replace("{v}", f"torch.tensor({numbers})").replace("{n}", numbers)
