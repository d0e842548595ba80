"""A notebook in a real kernel: what a cell puts out and in which order, how it ends, and that nothing is left over."""

from __future__ import annotations

from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest

from magics_pkg.panel.twin import VIEW, is_live
from tests.cells import FIRST, VECTOR

client = pytest.importorskip("jupyter_client", reason="jupyter_client is not installed")
pytest.importorskip("ipykernel", reason="ipykernel is not installed")


class Kernel:
    """A kernel that runs one cell after the other."""

    def __init__(self) -> None:
        from jupyter_client.manager import start_new_kernel

        self.manager, self.client = start_new_kernel(kernel_name="python3")

    def run(self, code: str) -> tuple[str, list[Any]]:
        """Run a cell: "ok" or "error", and its outputs as messages."""
        outputs: list[Any] = []
        kinds = ("stream", "error", "execute_result", "display_data")
        reply = self.client.execute_interactive(
            code, timeout=60, output_hook=lambda m: outputs.append(m) if m["msg_type"] in kinds else None
        )
        return reply["content"]["status"], outputs

    def printed(self, code: str) -> str:
        """What a cell prints."""
        return "".join(each["content"].get("text", "") for each in self.run(code)[1])


@pytest.fixture(scope="module")
def kernel(library: ModuleType) -> Iterator[Kernel]:
    """One kernel for each library, with the magics loaded."""
    made = Kernel()
    made.run(f"%load_ext magics_pkg\nimport {library.__name__} as torch")
    yield made
    made.client.stop_channels()
    made.manager.shutdown_kernel(now=True)


@pytest.fixture
def on_engine() -> Iterator[Kernel]:
    """A kernel of its own, in which torch is the engine."""
    made = Kernel()
    made.run("%load_ext magics_pkg\nimport engine as torch")
    yield made
    made.client.stop_channels()
    made.manager.shutdown_kernel(now=True)


def test_result_then_panel(kernel: Kernel) -> None:
    """The cell's own prints and result come first, then the still picture and text, and the widget."""
    status, outputs = kernel.run("%%backward\nprint('hello')\n" + FIRST + "x.grad")
    assert status == "ok"
    assert [each["msg_type"] for each in outputs] == ["stream", "execute_result", "display_data", "display_data"]
    assert outputs[3]["content"]["data"][VIEW]["model_id"]
    assert is_live(outputs[3]["content"])
    data = outputs[2]["content"]["data"]
    assert "<table>" in data["text/html"]
    assert "data:image/svg+xml" in data["text/html"]
    assert "x.grad  [0.2, 2, 20]" in data["text/plain"]


def test_a_slider_moves_the_gradient(kernel: Kernel) -> None:
    """What a slider's model says arrives in x.grad."""
    kernel.run("%%backward -o e\n" + FIRST)
    assert "tensor([-0.2000" in kernel.printed("e.panel.sliders[0].value = -0.1\nprint(x.grad)")


def test_an_error_stops_run_all(kernel: Kernel) -> None:
    """The cell's own error: one of them, status "error", the panel above it, the next cell unhurt."""
    status, outputs = kernel.run("%%backward\n" + VECTOR + "y.backward()")
    assert status == "error"
    assert [each["msg_type"] for each in outputs] == ["display_data", "display_data", "error"]
    assert VIEW in outputs[1]["content"]["data"]
    assert "this backward in line 4 failed" in outputs[0]["content"]["data"]["text/plain"]
    error = outputs[2]["content"]
    assert error["evalue"].startswith("grad can be implicitly created only for scalar outputs")
    assert "torch.ones_like(y)" in "\n".join(error["traceback"])
    assert "magics_pkg" not in "\n".join(error["traceback"])
    assert kernel.run("1 + 1")[0] == "ok"


def test_other_cells_changes_are_told(kernel: Kernel) -> None:
    """A later cell that changes x.grad makes the panel say so; a move sets it again."""
    kernel.run("%%backward -o e\n" + FIRST)
    kernel.run("x.grad = None")
    assert "stale x.grad was changed" in kernel.printed("print(e.panel.picture.state, e.panel.picture.message)")
    kernel.run("e.weights = 1")
    assert kernel.printed("print(e.panel.picture.state)").strip() == "ready"


def test_a_panel_is_replaced(kernel: Kernel) -> None:
    """Running a cell again leaves as many widgets and threads as one run."""
    probe = "import gc, threading, ipywidgets; gc.collect(); "
    probe += "print(len(ipywidgets.widgets.widget._instances), threading.active_count())"
    cell = "%%backward -o again\n" + FIRST + "# again\n"
    for _ in range(3):
        kernel.run(cell)
    before = kernel.printed(probe)
    for _ in range(20):
        kernel.run(cell)
    assert kernel.printed(probe) == before


def test_opened_panels_leave_nothing(kernel: Kernel) -> None:
    """Nor does a panel over modules, that was opened and folded, when its cell is run again."""
    kernel.run("from tests.test_unfolding import CELL, NET\nnn = torch.nn")
    kernel.run("from magics_pkg.graphs.subject import Subject")
    kernel.run("exec(NET)")
    probe = "import gc, threading, ipywidgets; gc.collect(); print(len(ipywidgets.widgets.widget._instances),"
    probe += " threading.active_count(), sum(type(each) is Subject for each in gc.get_objects()))"
    cell = "%%backward -o again\ny = net(x)\ny.backward(torch.tensor([1., -2.]))"
    opened = "again.open('net.blocks'); again.open('net.blocks.3'); again.fold('net.blocks.3')"
    counts = []
    for _ in range(3):
        for _ in range(5):
            assert kernel.run(cell)[0] == "ok"
            assert kernel.run(opened)[0] == "ok"
        counts.append(kernel.printed(probe))
    assert counts[0] == counts[1] == counts[2]


COUNT = """
import gc, threading, psutil, ipywidgets
from engine.graph.snapshot import Snapshot
gc.collect()
print(len(ipywidgets.widgets.widget._instances), threading.active_count(),
      sum(type(each) is Snapshot for each in gc.get_objects()), psutil.Process().memory_info().rss // 2**20)
"""


def test_a_thousand_runs(on_engine: Kernel) -> None:
    """A cell that is run a thousand times leaves no widgets, threads, graphs or memory over."""
    pytest.importorskip("psutil", reason="psutil is not installed")
    cell = "%%backward\n" + FIRST + "# a thousand times\n"
    for _ in range(100):  # caches of IPython, of Python's allocator and of ours fill up first
        on_engine.run(cell)
    widgets, threads, graphs, memory = map(int, on_engine.printed(COUNT).split())
    for _ in range(900):
        on_engine.run(cell)
    after = list(map(int, on_engine.printed(COUNT).split()))
    assert all(now <= then for now, then in zip(after[:3], (widgets, threads, graphs), strict=True))
    assert after[3] - memory <= 8  # MiB; a graph, a picture or a widget kept at each run would be 30 and more


SOAK = """%%backward -o e
x = torch.randn(64, 64, requires_grad=True)
y = (torch.tanh(x @ x.T) * {}).sum()
y.backward()
"""
LEFT = """
import gc, threading, psutil, ipywidgets
from magics_pkg.backends.kept import Holder, Kept
gc.collect()
print(len(ipywidgets.widgets.widget._instances), threading.active_count(),
      sum(type(each) in (Kept, Holder) for each in gc.get_objects()),
      sum(issubclass(type(each), torch.Tensor) for each in gc.get_objects()),
      psutil.Process().memory_info().rss // 2**20)
"""


def test_five_hundred_cells_of_torch() -> None:
    """PyTorch's cells in one kernel, run again and moved: no widget, thread, graph or tensor is left, nor memory."""
    pytest.importorskip("psutil", reason="psutil is not installed")
    pytest.importorskip("torch", reason="PyTorch is not installed")
    made = Kernel()
    try:
        made.run("%load_ext magics_pkg\nimport torch\ntorch.set_num_threads(1)")

        def soak(runs: int) -> list[int]:
            for run in range(runs):
                assert made.run(SOAK.format(run % 2))[0] == "ok"
                made.run("e.weights = 3")
            made.run(SOAK.format(0))
            return list(map(int, made.printed(LEFT).split()))

        before, after = soak(100), soak(400)
    finally:
        made.client.stop_channels()
        made.manager.shutdown_kernel(now=True)
    assert all(now <= then for now, then in zip(after[:4], before[:4], strict=True)), (before, after)
    assert after[4] - before[4] <= 12, (before, after)  # MiB; a saved tensor kept at each run would be 6 more, a row 6
