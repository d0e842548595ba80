"""Programs whose panels are checked number by number: each with the shape of its v, which stands in it as ``{v}``, or
``{V}`` in float64."""

from __future__ import annotations

import random
import re

from tests.test_programs import PROGRAMS

TEXT = """
# product (3,)
x = torch.tensor([0.5, -1.25, 2.0], requires_grad=True)
w = torch.tensor([1.5, 0.25, -0.75], requires_grad=True)
y = torch.tanh(x * w) + x ** 2 / 3
y.backward({v})
# scalar ()
x = torch.tensor([[1.5, -0.5], [2.0, 0.25]], dtype=torch.float64, requires_grad=True)
y = (x * x * 3).mean()
y.backward({v})
# broadcasting (2, 3)
x = torch.tensor([[0.5], [-1.5]], dtype=torch.float64, requires_grad=True)
w = torch.tensor([1.5, 0.25, -0.75], dtype=torch.float64, requires_grad=True)
b = torch.tensor(0.5, dtype=torch.float64, requires_grad=True)
y = x * w + b
y.backward({V})
# views (4,)
x = torch.tensor([[1., 2., 3.], [4., 5., 6.]], dtype=torch.float64, requires_grad=True)
h = x.t().reshape(-1)
y = h[1:5] * x.view(6)[::2].sum()
y.backward({V})
# in place (4,)
x = torch.tensor([1., 2., 3., 4.], requires_grad=True)
h = x * 2
h[0] = 5.
h += 1
h.mul_(3)
y = h.tanh() * x
y.backward({v})
# matmul (2, 2)
torch.manual_seed(1)
a = torch.randn(2, 3, dtype=torch.float64, requires_grad=True)
b = torch.randn(3, 2, dtype=torch.float64, requires_grad=True)
y = a @ b + (b.t() @ a.t()).t()
y.backward({V})
# sum of paths (3,)
x = torch.tensor([0.3, -0.7, 1.1], dtype=torch.float64, requires_grad=True)
h = x * x
y = h * x + h.exp() - x / h
y.backward({V})
# reductions (2,)
x = torch.tensor([[0.5, 1.5, -2.], [3., 0.25, 1.]], dtype=torch.float64, requires_grad=True)
y = x.softmax(1).max(1).values + x.mean(1) + x.logsumexp(1)
y.backward({V})
# joined (5,)
x = torch.tensor([0.5, 1.5], dtype=torch.float64, requires_grad=True)
w = torch.tensor([2., -1., 0.5], dtype=torch.float64, requires_grad=True)
y = torch.cat([x * x, w.sin()])
y.backward({V})
# where (3,)
x = torch.tensor([0.5, -1.25, 2.0], dtype=torch.float64, requires_grad=True)
y = torch.where(x > 0, x * 2, x.exp()).clamp(-1, 3)
y.backward({V})
# module (2, 2)
torch.manual_seed(0)
layer = nn.Linear(3, 2)
x = torch.randn(2, 3)
y = torch.relu(layer(x))
y.backward({v})
# network ()
torch.manual_seed(0)
net = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2))
y = F.mse_loss(net(torch.randn(5, 3)), torch.ones(5, 2))
y.backward({v})
# classes (3,)
torch.manual_seed(0)
logits = torch.randn(3, 4, requires_grad=True)
y = F.cross_entropy(logits, torch.tensor([1, 0, 3]), reduction="none")
y.backward({v})
# accumulated (3,)
x = torch.tensor([0.5, -1.25, 2.0], requires_grad=True)
(x * 3).sum().backward()
y = x * x
y.backward({v})
# twice (2,)
x = torch.tensor([1., 2.], requires_grad=True)
y = x * x
y.backward(torch.tensor([3., 4.]), retain_graph=True)
x.grad.zero_()
y.backward(torch.tensor([0.5, 4.]), retain_graph=True)
y.backward({v})
# two losses (2,)
x = torch.tensor([1., 2.], requires_grad=True)
w = torch.tensor([0.5, -2.], requires_grad=True)
h = x * w
h.sum().backward(retain_graph=True)
y = h * h
y.backward({v})
# a gradient first (2,)
x = torch.tensor([1., 2.], requires_grad=True)
y = x ** 3
g, = torch.autograd.grad(y.sum(), x, retain_graph=True)
y.backward({v})
# second derivative (2,)
x = torch.tensor([1., 2.], dtype=torch.float64, requires_grad=True)
g, = torch.autograd.grad((x ** 3).sum(), x, create_graph=True)
y = g * g
y.backward({V})
# two outputs (2,)
x = torch.tensor([1., 2.], dtype=torch.float64, requires_grad=True)
y, z = x * x, x.sin()
torch.autograd.backward([y, z], [{V}, torch.tensor([0.5, 0.25], dtype=torch.float64)])
# loop (2,)
x = torch.tensor([0.5, -0.25], dtype=torch.float64, requires_grad=True)
y = x
for _ in range(5):
    y = y * x + 1
y.backward({V})
# function (3,)
def scaled(a, b):
    return a * b.exp() + a
x = torch.tensor([0.5, -0.25, 1.], dtype=torch.float64, requires_grad=True)
y = scaled(scaled(x, x * 2), x)
y.backward({V})
# twenty (20,)
x = torch.linspace(-1, 1, 20, dtype=torch.float64, requires_grad=True)
y = x.cos() * x
y.backward({V})
# wide (2,)
torch.manual_seed(0)
x = torch.randn(40, dtype=torch.float64, requires_grad=True)
y = torch.stack([x.sin().sum(), (x * x).sum()])
y.backward({V})
# cut (3,)
x = torch.tensor([0.5, -1.25, 2.0], dtype=torch.float64, requires_grad=True)
h = x * x
y = h.detach() * x + h
y.backward({V})
# shared leaf (3,)
x = torch.tensor([0.5, -1.25, 2.0], dtype=torch.float64, requires_grad=True)
y = x * x
y.backward({V}, retain_graph=True)
# kept in the middle (3,)
x = torch.tensor([0.5, -1.25, 2.0], dtype=torch.float64, requires_grad=True)
h = x.exp()
h.retain_grad()
y = h * x
y.backward({V})
# hook (3,)
x = torch.tensor([0.5, -1.25, 2.0], requires_grad=True)
h = x * x
h.register_hook(lambda g: g * 10)
y = h + x
y.backward({v})
# custom function (3,)
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
# nothing finite (3,)
x = torch.tensor([0., 1., 4.], requires_grad=True)
y = torch.sqrt(x)
y.backward({v})
"""


def programs() -> dict[str, tuple[str, tuple[int, ...]]]:
    """Each program's text and the shape of its v, by name."""
    found = {}
    for part in re.split(r"^# ", TEXT, flags=re.M)[1:]:
        head, code = part.split("\n", 1)
        name, shape = head.split(" (", 1)
        found[name] = code, tuple(int(each) for each in shape.rstrip(")").split(",") if each.strip())
    return found


def of_the_pages() -> dict[str, tuple[str, tuple[int, ...]]]:
    """The programs of the five pages that end in a backward pass, with their own last v in the braces' place."""
    found = {}
    shapes = {"A2 today": (), "A2 alone": (), "A3 today": (), "A4 today": (2,), "B1": (), "B2": (), "B4": (2,)}
    shapes |= {"D4": (3,), "C3": (3,), "E2": (5,), "E3": (), "E4": (), "E5": (), "A5": (3,), "A6": (3,)}
    for each in PROGRAMS:
        if each.name in shapes and each.error is None:
            head, call, rest = each.code.rpartition(".backward(")
            _, bracket, rest = closed(rest)
            found[each.name] = head + call + "{v}" + bracket + rest, shapes[each.name]
    return found


def closed(text: str) -> tuple[str, str, str]:
    """What stands before the bracket that closes, the bracket, and the rest."""
    depth = 1
    for place, letter in enumerate(text):
        depth += {"(": 1, ")": -1}.get(letter, 0)
        if depth == 0:
            return text[:place], letter, text[place + 1 :]
    raise AssertionError(text)


UNARY = (
    "{a}.tanh()",
    "{a}.sin() * 2",
    "{a} * {a}",
    "1 / ({a} * {a} + 1)",
    "{a}.exp().clamp(max=5)",
    "{a}.flip(0)",
    "{a}.abs()",
)
BINARY = (
    "{a} * {b}",
    "{a} - {b}",
    "{a} + {b} / 2",
    "torch.maximum({a}, {b})",
    "({a} * {b}).sum() + {a}",
    "{a} * {b}.mean()",
)


def random_graph(seed: int) -> tuple[str, tuple[int, ...]]:
    """Up to nine operations, each on any two of the results before it."""
    chance = random.Random(seed)
    leaf = "{} = torch.tensor({}, dtype=torch.float64, requires_grad=True)"
    lines = [leaf.format(name, [round(chance.uniform(-2, 2), 2) for _ in range(3)]) for name in "xw"]
    known = ["x", "w"]
    for step in range(chance.randint(3, 9)):
        form = chance.choice(UNARY + BINARY)
        a, b = known[-1] if chance.random() < 0.5 else chance.choice(known), chance.choice(known)
        lines.append(f"t{step} = " + form.format(a=a, b=b))
        known.append(f"t{step}")
    lines += [f"y = {known[-1]} * 1.5 + {chance.choice(known)}", "y.backward({V})"]
    return "\n".join(lines) + "\n", (3,)
