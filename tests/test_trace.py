"""The recorder: which calls there were, where they stand, what the backward calls found and left."""

from __future__ import annotations

import asyncio
import gc
import subprocess
import sys
import weakref
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from IPython.core.interactiveshell import InteractiveShell

import engine
from magics_pkg import backends
from magics_pkg.cells.cell import Outcome, read_cell, run_cell
from magics_pkg.graphs.web import owners, reach
from magics_pkg.tracing import recorder
from magics_pkg.tracing.passes import BackwardPasses
from magics_pkg.tracing.recorder import Recorder, trace_cell, trace_cell_async, trace_of
from magics_pkg.tracing.trace import Trace, writes
from tests.graphs import X, bare_shell


@pytest.fixture
def shell(library: ModuleType) -> Iterator[InteractiveShell]:
    """An IPython in which torch is each library."""
    with bare_shell(library) as made:
        yield made


def traced(shell: InteractiveShell, source: str) -> tuple[Outcome, Trace]:
    """Run a cell that must go well."""
    outcome, trace = trace_cell(shell, source)
    assert outcome.error is None
    return outcome, trace


def expressions(trace: Trace) -> list[str]:
    """The source of each call that made a graph node."""
    return [trace.expression(call.site) for call in trace.calls if call.record.node is not None]


def test_calls_with_their_exact_source(shell: InteractiveShell) -> None:
    """Each operation knows its own expression, ``y*y`` apart from ``y*y*3``, and its line below the magic's."""
    _, trace = traced(shell, X + "y = x + 2\nz = y*y*3\nout = z.mean()")
    assert expressions(trace) == ["x + 2", "y*y", "y*y*3", "z.mean()"]
    assert [trace.position(call.site).line for call in trace.calls] == [1, 2, 3, 3, 4]
    place = trace.position(trace.calls[3].site)
    assert (place.column, place.end_column, place.expression) == (4, 9, "y*y*3")


@pytest.mark.parametrize(
    "source, expected",
    [
        ("y = (x\n     .exp()\n     .sum(dim=0))", ["x.exp()", "x.exp().sum(dim=0)"]),
        ("ж = x * 2; ы = ж + 1  # ünïcode", ["x * 2", "ж + 1"]),
        ("y = [x * k for k in range(2)]", ["x * k", "x * k"]),
        ("y = (lambda u: u * u)(x)", ["u * u"]),
        ("y = x * 2\ny[0] = 5.", ["x * 2", "y[0] = 5."]),
        ("y = x * 2\ny += 1", ["x * 2", "y += 1"]),
        ("y = -x", ["-x"]),
        ("y = x[1:]", ["x[1:]"]),
    ],
)
def test_expressions(shell: InteractiveShell, source: str, expected: list[str]) -> None:
    """Chains over lines, comments, non-Latin names, comprehensions, lambdas, statements."""
    assert expressions(traced(shell, X + source)[1]) == expected


def test_first_call_of_an_operation() -> None:
    """What the engine does at the first call of all makes no other place of it: a loop's first round is a round."""
    program = """
import engine as torch
from magics_pkg.tracing.recorder import trace_cell
from tests.graphs import bare_shell
for _ in range(2):
    with bare_shell(torch) as shell:
        shell.run_cell("h = torch.tensor([1., 2.], requires_grad=True)")
        _, trace = trace_cell(shell, "for k in range(3):\\n    h = torch.log1p(torch.cat([h, h])).cosh()")
        print([(call.name, call.visit, call.unit) for call in trace.calls])
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    first, second = done.stdout.splitlines()
    assert first == second
    assert first.count("2, ") == 3


def test_columns_count_characters(shell: InteractiveShell) -> None:
    """A position can be used on the text as Python holds it, whatever letters stand before."""
    source = X + "жжж = x * 2; y = жжж + 1"
    _, trace = traced(shell, source)
    place = trace.position(trace.calls[-1].site)
    assert source.split("\n")[place.line - 1][place.column : place.end_column] == "жжж + 1"


def test_line_is_that_of_the_cell(shell: InteractiveShell) -> None:
    """What a function of an earlier cell did stands at its call; its source is its own."""
    run_cell(shell, "def square(u):\n    v = u * u\n    return v")
    _, trace = traced(shell, X + "\ny = square(x)")
    call = trace.calls[-1]
    assert trace.expression(call.site) == "u * u"
    assert (trace.position(call.site).line, trace.position(call.site).expression) == (3, "square(x)")


def test_each_node_belongs_to_the_call_that_made_it(shell: InteractiveShell) -> None:
    """Ownership by sequence number and reachability covers the graph; leaves are nobody's."""
    _, trace = traced(shell, X + "y = 1 / x\nz = torch.tanh(y) + x.exp().sum()\nz.sum().backward()")
    root = trace.backward.roots[0]
    web = reach(trace.backend, [trace.backend.root(root)])
    owned = owners(trace, web)
    assert set(owned) == set(web.nodes)
    assert len(web.leaves) == 1
    assert web.leaves[0].variable is shell.user_ns["x"]


def test_backward_call(shell: InteractiveShell) -> None:
    """What was passed, what .grad was before, and where the call stands."""
    _, trace = traced(
        shell,
        X + "y = x * 2\nv = torch.ones(3)\ny.backward(v, retain_graph=True)\ny.backward(gradient=v, create_graph=True)",
    )
    first, second = trace.backwards
    assert (first.kind, first.retain_graph, first.create_graph) == ("backward", True, False)
    assert (second.retain_graph, second.create_graph) == (None, True)
    assert second.roots[0] is shell.user_ns["y"]
    assert second.gradients[0] is shell.user_ns["v"]
    assert second.before[shell.user_ns["x"]].tolist() == [2, 2, 2]
    assert second.position.expression == "y.backward(gradient=v, create_graph=True)"
    assert trace.backward is second
    assert (first.snapshot, first.roots) == (None, ()), "only the latest call keeps its graph"
    assert second.snapshot is not None


def test_autograd_functions(shell: InteractiveShell) -> None:
    """autograd.backward with several outputs and autograd.grad are seen too; a backward is preferred."""
    _, trace = traced(
        shell,
        X + "a = x * 2\nb = x + 1\nones = torch.ones(3)\n"
        "torch.autograd.backward([a, b], [ones, ones])\ng, = torch.autograd.grad((x * x).sum(), x)",
    )
    both, grad = trace.backwards
    assert (both.kind, len(both.roots), len(both.gradients)) == ("autograd.backward", 2, 2)
    assert (grad.kind, grad.gradients, grad.inputs[0]) == ("autograd.grad", None, shell.user_ns["x"])
    assert trace.backward is both
    assert (both.snapshot is not None, grad.snapshot) == (True, None), "the graph kept is that of the backward"


def test_snapshot_outlives_the_users_graph(shell: InteractiveShell) -> None:
    """The user's graph is freed as ever; the kept one still runs, and gives the same."""
    _, trace = traced(shell, X + "y = x * x\ny.backward(torch.ones(3))")
    y = shell.user_ns["y"]
    with pytest.raises(RuntimeError, match="second time"):
        y.backward(shell.user_ns["torch"].ones(3))
    sweep = trace.backward.snapshot.run([np.array([1, 10, 100], np.float32)])
    (arrived,) = sweep.leaves.values()
    assert np.asarray(arrived).tolist() == [2, 40, 600]
    trace.close()


def test_failed_backward(shell: InteractiveShell) -> None:
    """A call that raises the cell's error is what the panel is about; one that the cell catches is not."""
    outcome, trace = trace_cell(shell, X + "y = x * x\ny.backward(torch.ones(3))\ny.backward(torch.ones(3))")
    assert "second time" in str(outcome.error)
    assert [each.error is None for each in trace.backwards] == [True, False]
    assert trace.backward is trace.backwards[1]
    caught = "try:\n    y.backward(torch.ones(3))\nexcept RuntimeError:\n    pass"
    _, trace = trace_cell(shell, f"{X}y = x * x\ny.backward(torch.ones(3))\n{caught}")
    assert [each.error is None for each in trace.backwards] == [True, False]
    assert trace.backward is trace.backwards[0]
    assert trace.backward.snapshot is not None


@pytest.mark.parametrize(
    "change, told",
    [
        ("pass", None),
        ("x.grad", None),
        ("x.grad.zero_()", "set to zero"),
        ("x.grad.data.zero_()", "set to zero"),
        ("x.grad = None", "set to None"),
        ("x.grad *= 2", "changed"),
        ("x.grad = torch.ones(3)", "changed"),
        ("x.grad.numpy()[0] = 7", "changed"),
    ],
)
def test_gradient_changed_after_backward(shell: InteractiveShell, change: str, told: str | None) -> None:
    """Whatever the cell does to .grad after its backward is noticed."""
    _, trace = traced(shell, X + f"(x * 2).sum().backward()\n{change}")
    assert trace.backward.changed == ({} if told is None else {shell.user_ns["x"]: told})


def test_leaf_changed_after_backward(shell: InteractiveShell) -> None:
    """The leaf's value at the time of the pass is kept."""
    _, trace = traced(shell, X + "(x * 2).sum().backward()\nwith torch.no_grad():\n    x -= x.grad")
    version, value = trace.backward.values[shell.user_ns["x"]]
    assert value.tolist() == [1, 2, 3]
    assert version != shell.user_ns["x"]._version


def test_named_output_is_kept_too(shell: InteractiveShell) -> None:
    """The graph under an output that the user named survives a backward that starts elsewhere."""
    cell = read_cell(shell, X + "y = x * x\nloss = y.sum()\nloss.backward()")
    watching = Recorder(cell.code, lambda: BackwardPasses(lambda: shell.user_ns.get("y")))
    outcome = run_cell(shell, cell, watching)
    ((trace, _),) = watching.traces(cell, shell, outcome, shell.user_ns)
    y, loss = shell.user_ns["y"], shell.user_ns["loss"]
    assert trace.backward.snapshot_of(loss) is trace.backward.snapshot
    sweep = trace.backward.snapshot_of(y).run([np.array([1, 0, 0], np.float32)])
    assert np.asarray(next(iter(sweep.leaves.values()))).tolist() == [2, 0, 0]


def test_import_within_the_cell(shell: InteractiveShell, monkeypatch: pytest.MonkeyPatch) -> None:
    """A library that the cell itself imports is watched from there on."""
    known: list[Any] = []
    backend = backends.of(engine.ones(1))
    monkeypatch.setattr(backends, "active", lambda: tuple(known))
    shell.user_ns["arrive"] = lambda: known.append(backend)
    _, trace = traced(shell, "arrive()\nimport engine as torch\n" + X + "y = x * 2")
    assert expressions(trace) == ["x * 2"]


def test_error_names_the_call(shell: InteractiveShell) -> None:
    """The call that raised is known; one that the cell caught is not taken for it."""
    source = X + "try:\n    x @ torch.ones(5)\nexcept Exception:\n    pass\ny = x * 2\n"
    outcome, trace = trace_cell(shell, source + "z = y + torch.ones(2)")
    assert outcome.error is not None
    assert trace.expression(trace.failed.site) == "y + torch.ones(2)"
    _, trace = trace_cell(shell, source + "1 / 0")
    assert trace.failed is None


def test_frames_of_the_recorder_are_cut(shell: InteractiveShell) -> None:
    """An operation's error shows neither our frames nor the library's way to us."""
    source = X + "def f(a):\n    return a + torch.ones(2)\nf(x)"
    plain = run_cell(shell, source).error
    watched, _ = trace_cell(shell, source)

    def frames(error: Any) -> list[str]:
        names, tb = [], error.__traceback__
        while tb is not None:
            names.append(f"{tb.tb_frame.f_code.co_name}:{tb.tb_lineno}")
            tb = tb.tb_next
        return names

    expected, seen = frames(plain), frames(watched.error)
    assert (seen[:2], seen[-1]) == (expected[:2], expected[-1])
    assert len(seen) <= len(expected)
    ours = [each for each in seen if each.startswith(("handler", "overridden", "run_cell"))]
    assert set(ours) <= set(expected)  # a subclass of Tensor that a test left is seen by the library itself


def test_awaiting_cell(shell: InteractiveShell) -> None:
    """A cell that waits is recorded, and what runs meanwhile is not."""
    source = (
        "import asyncio\nw = torch.ones(3, requires_grad=True)\n"
        "async def other():\n    return w * 3\n" + X + "task = asyncio.ensure_future(other())\n"
        "y = x * 2\nawait asyncio.sleep(0.001)\nz = y + 1\nawait task"
    )
    outcome, trace = asyncio.run(trace_cell_async(shell, source))
    assert outcome.error is None
    assert expressions(trace) == ["x * 2", "y + 1"]


def test_long_loop_holds_no_more_than_a_window(shell: InteractiveShell, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tensors of old calls are let go, with their graphs; the latest stay."""
    monkeypatch.setattr(recorder, "WINDOW", 64)
    refs: list[weakref.ref[Any]] = []
    shell.user_ns["note"] = lambda tensor: refs.append(weakref.ref(tensor))
    _, trace = traced(
        shell, X + "for i in range(1000):\n    y = x * i\n    note(y)\n    with torch.no_grad():\n        x * 1"
    )
    gc.collect()
    assert sum(ref() is not None for ref in refs) <= 64
    assert len(trace.calls) < 1100, "calls without a graph whose result is gone leave no trace"


def test_nothing_is_kept_after_closing(shell: InteractiveShell) -> None:
    """When the trace goes, so does everything that it held."""
    _, trace = traced(
        shell, "h = torch.ones(5, requires_grad=True)\nm = h * 2\nn = (m * m).sum()\nn.backward()\ndel m, n"
    )
    kept = [weakref.ref(each) for call in trace.calls for each in call.outputs if each is not shell.user_ns["h"]]
    assert any(ref() is not None for ref in kept)
    trace.close()
    del trace
    gc.collect()
    assert not [ref for ref in kept if ref() is not None]


def test_cell_is_unchanged_by_watching(shell: InteractiveShell) -> None:
    """Watched and unwatched runs leave the same bits."""
    source = (
        "torch.manual_seed(3)\nx = torch.randn(4, 4, requires_grad=True)\ny = x\n"
        "for i in range(5):\n    y = torch.tanh(y @ x) * 1.5\ny[0] *= 2\n(y * y).sum().backward()\ng = x.grad"
    )
    run_cell(shell, source)
    plain = shell.user_ns["g"].numpy().copy()
    traced(shell, source)
    assert np.array_equal(shell.user_ns["g"].numpy(), plain)


def test_without_a_recording(library: ModuleType) -> None:
    """Tensors that exist already have a trace without calls."""
    x = library.tensor([1.0], requires_grad=True)
    trace = trace_of(x * 2, {"x": x})
    assert (trace.calls, trace.cell, trace.backend.name) == ((), None, library.__name__)


@pytest.mark.parametrize(
    "name, expected",
    [
        ("add_", True),
        ("__setitem__", True),
        ("__iadd__", True),
        ("data =", True),
        ("add", False),
        ("__add__", False),
        ("__init__", False),
        ("requires_grad_", False),
    ],
)
def test_writes(name: str, expected: bool) -> None:
    """In-place operations are known by their names."""
    assert writes(name) is expected
