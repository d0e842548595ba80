"""Programs for `%%backward --compare`, with what each of their rows must say: `torch` is either library."""

from __future__ import annotations

TWICE = """class Twice(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x * 2
    @staticmethod
    def backward(ctx, g):
        return g * 2
"""
X = "x = torch.tensor([1., 2., 3.], requires_grad=True)\n"

# name: (program, {expression: a part of its row's verdict})
PROGRAMS: dict[str, tuple[str, dict[str, str]]] = {
    "views": (
        "x = torch.ones(2, 3, requires_grad=True)\ny = x * 2\nv = y[0]\nv.mul_(3)\ny[1, 2] = 7\n"
        "a, b, c = y.unbind(1)\n(a * b + c).sum().backward()",
        {"v.mul_(3)": "same", "y[1, 2] = 7": "same", "y.unbind(1)": "same", "a * b + c": "same", "x.grad": "same"},
    ),
    "several outputs": (
        "x = torch.tensor([[1., 5.], [7., 2.]], requires_grad=True)\nm, i = x.max(dim=1)\n"
        "(m + torch.max(x, 1).values).sum().backward()",
        {"x.max(dim=1)": "same", "torch.max(x, 1)": "same", "x.grad": "same"},
    ),
    "indexing": (
        "x = torch.arange(6.).reshape(2, 3).requires_grad_()\ni = torch.tensor([0, 1])\n"
        "y = x[i, 1:] + x[..., None, 0] + x[x > 2].sum()\ny.sum().backward()",
        {"x[i, 1:]": "same", "x[..., None, 0]": "same", "x[x > 2]": "same", "x > 2": "same", "x.grad": "same"},
    ),
    "where": (
        X + "y = torch.where(x > 2, x, 0.1 * x)\nz = x.where(x > 2, y)\nz.sum().backward()",
        {"torch.where(x > 2, x, 0.1 * x)": "same", "x.where(x > 2, y)": "same", "x.grad": "same"},
    ),
    "random": (
        "torch.manual_seed(1)\nn = torch.randn(10)\nx = torch.randn(10, requires_grad=True)\n"
        "y = torch.nn.functional.dropout(x * n, 0.5)\ny.sum().backward()",
        {
            "torch.randn(10)": "random: taken from the cell's own run, not drawn again",
            "torch.randn(10, requires_grad=True)": "random: taken",
            "torch.nn.functional.dropout(x * n, 0.5)": "same to the bit; drawn again, with the cell's own random state",
            "x.grad": "same",
        },
    ),
    "a generator": (
        X + "g = torch.Generator().manual_seed(0)\nn = torch.randn(3, generator=g)\n(x * n).sum().backward()",
        {"torch.randn(3, generator=g)": "random: taken", "x * n": "same", "x.grad": "same"},
    ),
    "a function of one's own": (
        TWICE + X + "w = torch.ones(3, requires_grad=True)\ny = Twice.apply(x) * w\ny.sum().backward()",
        {
            "Twice.apply(...)": "cannot be compared: a function of your own",
            "Twice.apply(x) * w": "same",
            "x.grad": "Twice is a function of your own",
            "w.grad": "same",
        },
    ),
    "a function of one's own at the end": (
        TWICE + X + "Twice.apply(x * 3).backward(torch.ones(3))",
        {"x * 3": "same", "x.grad": "cannot be compared: the gradient goes through"},
    ),
    "a hook": (
        X + "y = x * 2\ny.register_hook(lambda g: g * 10)\ny.sum().backward()",
        {"x * 2": "same", "x.grad": "cannot be compared: a hook of the cell's"},
    ),
    "a training loop": (
        "w = torch.tensor([1., 2.], requires_grad=True)\nfor _ in range(3):\n    loss = ((w * 3 - 1) ** 2).mean()\n"
        "    loss.backward()\n    with torch.no_grad():\n        w -= 0.1 * w.grad\n    w.grad.zero_()",
        {"w -= 0.1 * w.grad": "same", "w.grad.zero_()": "same", "((w * 3 - 1) ** 2).mean()": "same", "w.grad": "same"},
    ),
    "an optimizer": (
        "w = torch.tensor([1., 2.], requires_grad=True)\nopt = torch.optim.SGD([w], lr=0.5)\nfor _ in range(3):\n"
        "    opt.zero_grad()\n    (w * w).sum().backward()\n    opt.step()",
        {"w * w": "same", "w.grad": "same"},
    ),
    "writes to .data": (
        "w = torch.tensor([1., 2.], requires_grad=True)\nfor _ in range(3):\n    (w * w).sum().backward()\n"
        "    w.data -= 0.5 * w.grad\n    w.grad = None",
        {"w.data -= 0.5 * w.grad": "same", "w * w": "same", "w.grad": "same"},
    ),
    "writes that a call saw first which failed": (
        X + "x.data.add_(1)\ntry:\n    x @ torch.ones(2)\nexcept RuntimeError:\n    pass\n(x * x).sum().backward()",
        {"x * x": "same", "x.grad": "same"},
    ),
    "nothing arrives at one of several": (
        X + "a, b = x.split(2)\nc = torch.addcmul(a, a, a, value=0.5)\n"
        "y = torch.nn.functional.elu(c).std()\ny.backward()",
        {"x.split(2)": "same", "torch.addcmul(a, a, a, value=0.5)": "same", "torch.nn.functional.elu(c).std()": "same"},
    ),
    "writes by NumPy": (
        "import numpy\na = numpy.ones(3, dtype=numpy.float32)\nc = torch.from_numpy(a)\n"
        + X
        + "y = x * c\na[0] = 5\nz = x * c * y\nz.sum().backward()",
        {"x * c * y": "same", "z.sum()": "same"},
    ),
    "second derivatives": (
        X + "(g,) = torch.autograd.grad((x ** 3).sum(), x, create_graph=True)\n"
        "u = torch.ones(3, requires_grad=True)\nh = torch.autograd.grad(g.sum(), [x, u], allow_unused=True)",
        {"g.sum()": "same", "gradient of x": "same", "gradient of u": "same"},
    ),
    "accumulation": (X + "x.sum().backward()\nx.sum().backward()", {"x.grad": "same"}),
    "several roots": (
        X + "torch.autograd.backward([x * 2, x * 3], [torch.ones(3), torch.tensor([1., 2., 3.])])",
        {"x * 2": "same", "x * 3": "same", "x.grad": "same"},
    ),
    "dtypes": (
        X + "y = x.to(torch.float16) * 3 + x.double().sum().int()\ny.sum().backward()",
        {"x.to(torch.float16) * 3": "same", "x.double()": "same", "x.grad": "same"},
    ),
    "a default dtype": (
        "torch.set_default_dtype(torch.float64)\n" + X + "(x * torch.ones(3)).sum().backward()\n"
        "torch.set_default_dtype(torch.float32)",
        {"torch.ones(3)": "same", "x * torch.ones(3)": "same", "x.grad": "same"},
    ),
    "complex values": (
        X + "c = torch.complex(x, x * 2)\ny = (c * c.conj()).real.sum()\ny.backward()",
        {"torch.complex(x, x * 2)": "same", "(c * c.conj()).real": "same", "x.grad": "same"},
    ),
    "modes": (
        X
        + "with torch.no_grad():\n    a = x * 2\nwith torch.inference_mode():\n    b = x * 3\n(x * a).sum().backward()",
        {"x * 2": "same", "x * 3": "same", "x * a": "same", "x.grad": "same"},
    ),
    "an out": (
        X + "o = torch.zeros(3)\ntorch.add(torch.ones(3), 1, out=o)\n(x * o).sum().backward()",
        {"torch.add(torch.ones(3), 1, out=o)": "same", "x * o": "same", "x.grad": "same"},
    ),
    "batch norm": (
        "torch.manual_seed(0)\nbn = torch.nn.BatchNorm1d(3)\nx = torch.arange(12.).reshape(4, 3).requires_grad_()\n"
        "(bn(x) ** 2 * torch.arange(3.)).sum().backward()\nbn.eval()\nz = bn(x)",
        {"torch.nn.BatchNorm1d(3)": "same"},
    ),
    "an error": (X + "y = x * 2\nz = y + torch.ones(7)", {"x * 2": "same"}),
}
