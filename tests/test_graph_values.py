"""Cards of values that no call shows: a custom function's output, complex numbers, tensors of inference mode."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from types import ModuleType

import numpy as np
import pytest
from IPython.core.interactiveshell import InteractiveShell

from engine.mode import INFERENCE
from tests import cells
from tests.graphs import bare_shell, drawn

pytestmark = pytest.mark.usefixtures("young")

CUBE = """
class Cube(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x ** 3

    @staticmethod
    def backward(ctx, g):
        x, = ctx.saved_tensors
        return g * 3 * x ** 2

x = torch.tensor([1., 2., 3.], requires_grad=True)
y = Cube.apply(x) * 2
y.backward(torch.tensor([0.1, 1., 0.0001]))
"""


@pytest.fixture
def shell(library: ModuleType) -> Iterator[InteractiveShell]:
    """An IPython in which torch is each library."""
    with bare_shell(library) as made:
        yield made


def test_custom_function(shell: InteractiveShell) -> None:
    """It is one card under its own name, with the value that the next operation was given."""
    graph = drawn(shell, CUBE)
    (card,) = [node for node in graph.nodes if node.symbol == "Cube"]
    assert [value for _, value in card.value.entries] == [1.0, 8.0, 27.0]
    assert card.op == "CubeBackward"
    assert card.note == "a function of your own: what it computes inside is not recorded"
    assert card.grad is not None


def test_custom_function_follows_the_sliders(magics: InteractiveShell) -> None:
    """Its backward is the program's own, so every move runs it again, and the panel says so."""
    cells.run(magics, "%%backward -o e --quiet\n" + CUBE.lstrip())
    e, x = magics.user_ns["e"], magics.user_ns["x"]
    assert "Code of yours takes part in this backward pass (Cube.backward)" in e.notes[0]
    np.testing.assert_allclose(x.grad.numpy(), [0.6, 24.0, 0.0054], rtol=1e-6)
    e.weights = [1.0, 0.5, -2.0]
    np.testing.assert_array_equal(x.grad.numpy(), np.float32([6.0, 12.0, -108.0]))


COMPLEX = (
    "x = torch.tensor([1., 2., 3., 4.], requires_grad=True)\ny = torch.fft.rfft(x).abs()\n"
    "y.backward(torch.tensor([1., 0.5, 0.1]))\n"
)


def test_complex_values_on_the_way(shell: InteractiveShell) -> None:
    """They are shown with both parts; their gradients are not drawn, and a note says so."""
    graph = drawn(shell, COMPLEX)
    (card,) = [node for node in graph.nodes if node.source == "torch.fft.rfft(x)"]
    assert [value for _, value in card.value.entries] == [10 + 0j, -2 + 2j, -2 + 0j]
    assert card.symbol == "rfft"
    assert card.grad is None
    assert any(note.startswith("Gradients of complex values") for note in graph.notes)


def test_sliders_work_through_complex_values(magics: InteractiveShell) -> None:
    """The gradient of a real leaf follows, and the picture has the complex numbers."""
    cells.run(magics, "%%backward -o e --quiet\n" + COMPLEX)
    e, x = magics.user_ns["e"], magics.user_ns["x"]
    e.weights = [0.0, 0.0, 1.0]
    np.testing.assert_allclose(x.grad.numpy(), [-1.0, 1.0, -1.0, 1.0], atol=1e-6)
    assert "\u22122+2j" in e.to_svg()


def test_inference_mode(shell: InteractiveShell) -> None:
    """A cell may compute in inference mode beside its graph: nothing of it is noticed."""
    gc.collect()
    earlier = set(INFERENCE)  # a test may have left some
    graph = drawn(
        shell,
        "x = torch.tensor([1., 2.], requires_grad=True)\nwith torch.inference_mode():\n    z = x * 2\n    z += 1\n"
        "y = x * 3\ny.backward(torch.tensor([1., 2.]))",
    )
    assert [node.symbol for node in graph.nodes if node.kind == "op"] == ["× 3"]
    shell.user_ns.clear()
    gc.collect()  # as long as there is an inference tensor, every operation looks out for it
    assert INFERENCE.keys() <= earlier
