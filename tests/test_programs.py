"""The programs of the five pages, in a `%%backward` cell and in plain code, with the figures that the pages give."""

from __future__ import annotations

import contextlib
import io
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from IPython.core.interactiveshell import InteractiveShell

import engine
from tests import cells

CHANGING = re.compile(r"0x[0-9a-f]+|Out\[\d+\]")  # from run to run: addresses and numbers of cells
X22 = "x = Variable(torch.ones(2, 2), requires_grad=True)\n"
QUARTER = [[0.25, 0.25], [0.25, 0.25]]
MEAN = X22 + "y = (x + 2).mean()\n"
LIST = "gradients can be either Tensors or None, but got float"
SHAPES = (
    "Mismatch in shape: grad_output[0] has a shape of torch.Size([{}]) and output[0] has a shape of torch.Size([])."
)
TWICE = "Trying to backward through the graph a second time"
C2 = X22 + "y = x + 2\nz = y*y*3\nout = z.mean()\nout.backward()\n"
C3 = """y = x * 2
while y.data.norm() < 1000:
    y = y * 2
y.backward(torch.FloatTensor([0.1, 1.0, 0.0001]))
x.grad
"""
TWOS = "x = Variable(torch.Tensor([2,2,2]), requires_grad=True)\ny = x*2\n"
V = "torch.FloatTensor([0.1, 1, 10])"
LINEAR = """class Linear(nn.Module):
    def __init__(self, inc, mult):
        super(Linear, self).__init__()
        self.intc = inc
        self.mult = mult
    def forward(self, input0):
        return torch.sum(torch.abs(input0*self.mult + self.intc))
A = torch.ones([3,3], requires_grad=True)
f = Linear(1, -2)
b = f(A)
b.backward()
print(A.requires_grad, b, A.grad)
"""


@dataclass(frozen=True)
class Program:
    """One program: its text, what its expressions come to, and how it ends where it ends in an error."""

    name: str
    code: str
    figures: dict[str, Any] = field(default_factory=dict)
    error: tuple[type[BaseException], str] | None = None
    hint: str = ""
    printed: tuple[str, ...] = ()
    result: Any = None
    panel: bool = True


PROGRAMS = (
    Program("A1", "x = torch.ones(3, requires_grad=True)\ny = 2 * x\ny.backward([0.1, 1.0, 0.0001])",
            {"x.grad": None}, (TypeError, LIST), "torch.tensor([...])"),
    Program("A2", MEAN + "y.backward(torch.Tensor([1.0]))\nprint(x.grad)",
            {"x.grad": None}, (RuntimeError, SHAPES.format(1)), "torch.tensor(1.0)"),
    Program("A2 today", MEAN + "y.backward(torch.tensor(1.0))\nprint(x.grad)", {"x.grad": QUARTER},
            printed=("0.2500",)),
    Program("A2 alone", MEAN + "y.backward()\nprint(x.grad)", {"x.grad": QUARTER}),
    Program("A3", MEAN + "y.backward(torch.Tensor([0.1]))", {"x.grad": None}, (RuntimeError, SHAPES.format(1)),
            "torch.tensor(1.0)"),
    Program("A3 today", MEAN + "y.backward(torch.tensor(0.1))", {"x.grad": [[0.025, 0.025], [0.025, 0.025]]}),
    Program("A4", MEAN + "y.backward(torch.Tensor([0.1, 0.01]))", {"x.grad": None},
            (RuntimeError, SHAPES.format(2)), "torch.tensor(1.0)"),
    Program("A4 today", X22 + "y = (x + 2).mean(0)\ny.backward(torch.tensor([0.1, 0.01]))",
            {"x.grad": [[0.05, 0.005], [0.05, 0.005]]}),
    Program("A5", "x = torch.tensor([1., 2., 3.], requires_grad=True)\ny = x * x\n"
            "y.backward(torch.tensor([0.1, 1.0, 0.0001], dtype=torch.float))", {"x.grad": [0.2, 4, 0.0006]}),
    Program("A6", "x = torch.tensor([1., 2., 3.], requires_grad=True)\ny = 2 * x\n"
            "y.backward(torch.tensor([0.1, 1, 0.001]))", {"x.grad": [0.2, 2, 0.002]}),
    Program("B1", "x = torch.tensor(1.0, requires_grad=True)\ny = torch.tensor(2.0, requires_grad=True)\n"
            "z = x**2 + y\np = z*2 + x\np.backward()\nprint(z, x.grad, y.grad)",
            {"z": 3, "x.grad": 5, "y.grad": 2}, printed=("tensor(3., grad_fn=<AddBackward0>) tensor(5.) tensor(2.)",)),
    Program("B2", LINEAR, {"b": 9, "A.grad": [[2, 2, 2]] * 3}, printed=("True tensor(9., grad_fn=<SumBackward0>)",)),
    Program("B3", "x = torch.tensor([1., 2.], requires_grad=True)\nprint(x.grad)", {"x.grad": None},
            printed=("None",), panel=False),
    Program("B4", "a = torch.tensor([2., 3.], requires_grad=True)\nb = torch.tensor([6., 4.], requires_grad=True)\n"
            "Q = 3*a**3 - b**2\nexternal_grad = torch.tensor([1., 1.])\nQ.backward(gradient=external_grad)",
            {"a.grad": [36, 81], "b.grad": [-12, -8]}),
    Program("C1", X22 + "y = x + 2\nprint(x.creator)\nprint(y.creator)", {"x.grad": None},
            (AttributeError, "'Tensor' object has no attribute 'creator'"), "grad_fn"),
    Program("C1 today", X22 + "y = x + 2\nprint(x.grad_fn)\nprint(y.grad_fn)", {"x.grad": None},
            printed=("None\n<AddBackward0 object at",), panel=False),
    Program("C2", C2 + "print(x, y, z)\nprint(x.grad)\nprint(y.grad)",
            {"y": [[3, 3], [3, 3]], "z": [[27, 27], [27, 27]], "x.grad": [[4.5, 4.5], [4.5, 4.5]], "y.grad": None},
            printed=("4.5000", "None")),
    Program("C3", "x = Variable(torch.tensor([-0.8143, -1.5852, -0.8598]), requires_grad=True)\n" + C3,
            {"x.grad": [51.2, 512, 0.0512]}, result=[51.2, 512, 0.0512]),
    Program("C3 random", "torch.manual_seed(0)\nx = Variable(torch.randn(3), requires_grad=True)\n" + C3,
            {"(y.detach() / x.detach() * torch.tensor([0.1, 1.0, 0.0001])) - x.grad": [0, 0, 0]}),
    Program("C4", "x = Variable(torch.randn(3), requires_grad=True)\ny = x*2\n"
            "y.backward(torch.FloatTensor([0.5, 0.5, 1]))", {"x.grad": [1, 1, 2]}),
    Program("C4 ones", "x = Variable(torch.randn(3), requires_grad=True)\ny = x*2\n"
            "y.backward(torch.FloatTensor([1, 1, 1]))", {"x.grad": [2, 2, 2]}),
    Program("D1", C2 + "print(y.grad_fn)\nprint(z.grad_fn)\nprint(out.grad_fn)", {"x.grad": [[4.5, 4.5], [4.5, 4.5]]},
            printed=("<AddBackward0 object", "<MulBackward0 object", "<MeanBackward0 object")),
    Program("D2", TWOS + "y.backward()", {"x.grad": None},
            (RuntimeError, "grad can be implicitly created only for scalar outputs"), "torch.ones_like(y)"),
    Program("D3", TWOS + f"y.backward({V})\nx.grad", {"x.grad": [0.2, 2, 20]}, result=[0.2, 2, 20]),
    Program("D4", TWOS + f"y.backward({V}, retain_graph=True)\ny.backward({V})\nx.grad", {"x.grad": [0.4, 4, 40]}),
    Program("D4 freed", TWOS + f"y.backward({V})\ny.backward({V})\nx.grad", {"x.grad": [0.2, 2, 20]},
            (RuntimeError, TWICE), "retain_graph=True"),
    Program("D5", TWOS + f"y.backward({V}, retain_graph=True)\nx.grad.data.zero_()\nzeros = x.grad.clone()\n"
            f"y.backward({V})", {"zeros": [0, 0, 0], "x.grad": [0.2, 2, 20]}),
    Program("E1", "z = torch.linspace(-1, 1, steps=5, requires_grad=True)\ny = z\ny.backward(z)\nprint(y, z.grad)",
            {"z.grad": [-1, -0.5, 0, 0.5, 1]}),
    Program("E2", "z = torch.linspace(1, 5, steps=5, requires_grad=True)\ny = torch.pow(z, 2)\ny.backward(z)\n"
            "z.grad / z", {"z.grad / z": [2, 4, 6, 8, 10]}, result=[2, 4, 6, 8, 10]),
    Program("E3", "z = torch.linspace(-1, 1, steps=5, requires_grad=True)\ny = torch.sum(z)\ny.backward()\nz.grad",
            {"z.grad": [1, 1, 1, 1, 1]}),
    Program("E4", "z = torch.linspace(-1, 1, steps=5, requires_grad=True)\ny = torch.sum(torch.pow(z, 2))\n"
            "y.backward()", {"z.grad": [-2, -1, 0, 1, 2]}),
    Program("E5", "z = torch.linspace(-1, 1, steps=5, requires_grad=True)\ny = torch.sum(torch.pow(z, 2))\n"
            "y.backward(torch.tensor(1.))", {"z.grad": [-2, -1, 0, 1, 2]}),
)  # fmt: skip


@pytest.fixture
def shell(library: ModuleType) -> Iterator[InteractiveShell]:
    """An IPython with the magics loaded and torch bound to each library."""
    with cells.shell(library.__name__) as made:
        yield made


def check(figures: dict[str, Any], namespace: dict[str, Any]) -> None:
    """Each expression comes to its figure."""
    for expression, figure in figures.items():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = eval(expression, dict(namespace))  # the test's own text
        if figure is None:
            assert found is None, expression
        else:
            np.testing.assert_allclose(found.detach().numpy(), figure, rtol=1e-6, atol=1e-6, err_msg=expression)


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.name)
def test_in_a_cell(shell: InteractiveShell, program: Program) -> None:
    """Under `%%backward` a program gives its figures, prints and ends as it would without."""
    ran = cells.run(shell, "%%backward\n" + program.code)
    if program.error is None:
        assert ran.error is None, ran.error
    else:
        kind, text = program.error
        assert type(ran.error) is kind
        assert str(ran.error).startswith(text)
        assert program.hint in " ".join(ran.error.__notes__)
    check(program.figures, shell.user_ns)
    for words in program.printed:
        assert words in ran.printed
    if program.result is not None:
        np.testing.assert_allclose(ran.result.detach().numpy(), program.result, rtol=1e-6)
    assert "could not be" not in ran.printed
    if program.panel and program.error is None:
        assert "Jᵀ v" in ran.printed


@pytest.mark.parametrize("program", [each for each in PROGRAMS if each.error is None], ids=lambda program: program.name)
def test_prints_the_same(shell: InteractiveShell, program: Program) -> None:
    """What a cell prints, and its result, are what they are without the magic."""
    code = "torch.manual_seed(0)\n" + program.code
    magic, plain = cells.run(shell, "%%backward --quiet\n" + code), cells.run(shell, code)
    assert CHANGING.sub("", magic.printed) == CHANGING.sub("", plain.printed)


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.name)
def test_in_plain_code(program: Program) -> None:
    """The engine alone gives the same figures."""
    run_plain(engine, program)


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.name)
def test_in_torch(torch: ModuleType, program: Program) -> None:
    """So does PyTorch: the figures are right."""
    run_plain(torch, program)


def run_plain(library: ModuleType, program: Program) -> None:
    """Run a program with a library as torch, and check what it comes to."""
    names: dict[str, Any] = {}
    for line in cells.SETUP.format(library.__name__).splitlines():
        with contextlib.suppress(ImportError):
            exec(line, names)  # the test's own text
    with contextlib.redirect_stdout(io.StringIO()) as text, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if program.error is None:
            exec(program.code, names)
        else:
            with pytest.raises(program.error[0]) as caught:
                exec(program.code, names)
            assert str(caught.value).startswith(program.error[1])
    check(program.figures, names)
    for words in program.printed:
        assert words in text.getvalue()
