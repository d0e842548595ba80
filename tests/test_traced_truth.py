"""Cells of real PyTorch, traced: every edge is one of ``next_functions``, every gradient what PyTorch's hooks see.

Which line made a node is told by PyTorch's anomaly mode; which nodes follow which by ``next_functions``; and what
passes along an edge by hooks on the nodes of a second, plain run of the same cell.
"""

from __future__ import annotations

import contextlib
import io
import math
import random
import re
import warnings
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from IPython.core.interactiveshell import InteractiveShell

from magics_pkg import backends
from magics_pkg.graphs import graph, linear
from magics_pkg.graphs.depth import Folding
from magics_pkg.graphs.outputs import outputs_of
from magics_pkg.graphs.subject import Subject
from magics_pkg.tracing.recorder import trace_cell
from magics_pkg.tracing.trace import Trace
from tests.both import programs
from tests.graphs import bare_shell
from tests.torch_cells import CELLS
from tests.tutorials import (
    func_tutorials,
    test_beginner,
    test_custom_functions,
    test_networks,
    test_nn_tutorial,
    test_notes,
)

TUTORIALS = {
    f"{module.__name__.rpartition('.')[2]}: {each.id}": each.values[0]
    for module, texts in (
        (test_beginner, test_beginner.PROGRAMS),
        (test_custom_functions, test_custom_functions.PROGRAMS),
        (test_networks, test_networks.PROGRAMS),
        (test_notes, test_notes.MECHANICS),
        (test_notes, test_notes.HOOKS),
        (test_notes, test_notes.LEAVES),
    )
    for each in programs(texts)
} | {f"func: {name}": source for name, source in func_tutorials.PROGRAMS.items()}
TUTORIALS |= {f"nn: {each.id}": test_nn_tutorial.DATA + each.values[0] for each in programs(test_nn_tutorial.PROGRAMS)}
WITHOUT_V = {  # the cells' own {v}, whatever the shape of their output
    "{v}.to(": "torch.ones_like(y).to(",
    "{v} + ": "torch.ones_like(y) + ",
    "{v}": "None if not y.shape else torch.ones_like(y)",
    "torch.tensor({n}, dtype=torch.float64)": "torch.ones_like(y)",
}
SOURCES = {}
for _name, (_source, _) in CELLS.items():
    for _old, _new in WITHOUT_V.items():
        _source = _source.replace(_old, _new)
    SOURCES[_name] = _source
CELL_LINE = re.compile(r'File "<ipython-input[^"]*", line (\d+)')


@pytest.fixture(scope="module")
def shell(torch: ModuleType) -> Iterator[InteractiveShell]:
    """An IPython in which torch is PyTorch, as a cell of a notebook finds it."""
    with bare_shell(torch) as made:
        made.user_ns.update(F=torch.nn.functional, __name__="__main__")
        yield made


def order_of(roots: list[Any]) -> dict[Any, int]:
    """Every node under these, numbered by a walk that two runs of one program take alike."""
    numbers: dict[Any, int] = {}
    pending = list(reversed(roots))
    while pending:
        node = pending.pop()
        if node not in numbers:
            numbers[node] = len(numbers)
            pending += [each for each, _ in reversed(node.next_functions) if each is not None]
    return numbers


class Hooked:
    """Runs a program plainly, with a hook on every node of each backward call; keeps what each call's hooks saw."""

    def __init__(self, torch: ModuleType) -> None:
        self.torch = torch
        self.calls: list[dict[tuple[int, int], Any]] = []
        self._inside = False

    def backward(self, original: Any) -> Any:
        """In the place of a function that runs a backward pass from its first argument."""

        def run(roots: Any, *args: Any, **kwargs: Any) -> Any:
            tensors = [roots] if isinstance(roots, self.torch.Tensor) else list(roots)
            wrapped = self.torch._C._functorch.is_functorch_wrapped_tensor
            if self._inside or any(map(wrapped, tensors)):  # Tensor.backward is made of autograd.backward
                return original(roots, *args, **kwargs)
            numbers = order_of([each.grad_fn for each in tensors if each.grad_fn is not None])
            seen: dict[tuple[int, int], Any] = {}

            def watch(number: int) -> Any:
                def hook(gave: Any, got: Any) -> None:
                    seen.update({(number, slot): g.detach().clone() for slot, g in enumerate(gave) if g is not None})

                return hook

            handles = [node.register_hook(watch(number)) for node, number in numbers.items()]
            self._inside = True
            try:
                return original(roots, *args, **kwargs)
            finally:
                self._inside = False
                for each in handles:
                    each.remove()
                self.calls.append(seen)

        return run


def seed(torch: ModuleType) -> None:
    """The same numbers for each run, of PyTorch's and Python's own."""
    torch.manual_seed(0)
    random.seed(0)


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Without what a program prints, and its warnings."""
    with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def traced(shell: InteractiveShell, torch: ModuleType, source: str, anomaly: bool) -> Trace:
    """A cell's Trace; with ``anomaly`` every node knows the lines that made it."""
    seed(torch)
    with quiet(), torch.autograd.set_detect_anomaly(anomaly, check_nan=False):
        outcome, trace = trace_cell(shell, source)
    assert outcome.error is None, outcome.error
    return trace


def assembled(trace: Trace) -> Any:
    """The drawing of a trace, with what stands behind each card; nothing is folded."""
    made = graph._Assembly(Subject(trace, outputs_of(trace)), 5000, Folding(depth=math.inf), None)
    return made, made.graph()


def is_real(node: Any) -> bool:
    """Whether the gradient that arrives at a node has one part: others take part, and are not drawn."""
    return not any(each.dtype.is_complex for each in node._input_metadata)


@pytest.mark.parametrize("name", [*SOURCES, *TUTORIALS])
def test_edges_and_lines(shell: InteractiveShell, torch: ModuleType, name: str) -> None:
    """Each edge joins the cards of two nodes that follow one another, none is missing, and lines are PyTorch's own."""
    source = (SOURCES | TUTORIALS)[name]
    trace = traced(shell, torch, source, anomaly=True)
    if trace.backward is None or not any(each.requires_grad for each in trace.backward.roots):
        trace.close()
        return  # what it computes has no graph to draw: transforms, for the most part
    made, drawn = assembled(trace)
    leaf_ids: dict[Any, set[str]] = {}
    for each in made.inputs.leaves:
        leaf_ids.setdefault(each.node, set()).update(each.ids.values())
    pairs = set()
    for edge in drawn.edges:
        if edge.grad is None:
            continue
        key = drawn.quantities[edge.grad].key
        second = any(drawn.node(each).second for each in (edge.tail, edge.head))  # there several ways are one edge
        assert key[0] == "edge" or (key[0] == "sum" and second)
        for kind, node, slot in [key] if key[0] == "edge" else key[1:]:
            assert kind == "edge"
            target = node.next_functions[slot][0]
            assert edge.head == made.ids[made.part_of[node]]
            assert edge.tail in ({made.ids[made.part_of[target]]} if target in made.part_of else leaf_ids[target])
        pairs.add((edge.head, edge.tail))
    for node in order_of([each.grad_fn for each in trace.backward.roots if each.grad_fn is not None]):
        for target, _ in node.next_functions if node in made.part_of else ():
            if target in made.part_of and made.part_of[target] is not made.part_of[node] and is_real(target):
                assert (made.ids[made.part_of[node]], made.ids[made.part_of[target]]) in pairs
    for node, call in made.subject.owned.items():
        told = CELL_LINE.findall("".join(node.metadata.get("traceback_", ())))
        levels = [frame for frame in call.site.frames if frame.code.co_filename == trace.cell.filename]
        if told and levels:
            spans = [trace.sources.span(frame.code, frame.lasti) for frame in levels]
            lines = zip(spans, map(int, told), strict=False)
            assert all(span is None or span[0] <= line <= span[1] for span, line in lines), (node.name(), told, spans)
    trace.close()


@pytest.mark.parametrize("name", [*SOURCES, *TUTORIALS])
def test_gradients(shell: InteractiveShell, torch: ModuleType, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What each drawn edge carries is what hooks saw there in a plain run of the same cell."""
    source = (SOURCES | TUTORIALS)[name]
    trace = traced(shell, torch, source, anomaly=False)
    backward = trace.backward
    if backward is None or backward.snapshot is None or not backward.snapshot.linear:
        trace.close()
        return  # a hook or a function of the program's own takes part: test_real_torch compares those
    numbers = order_of([each.grad_fn for each in backward.roots if each.grad_fn is not None])
    _, drawn = assembled(trace)
    weighting = linear.weighting_of(trace.backend, backward.roots, backward.gradients)
    try:
        sweep = backward.snapshot.run(list(weighting.gradients))
    except backends.Gone:  # the optimizer's step has changed the leaves since
        trace.close()
        return
    hooked = Hooked(torch)
    monkeypatch.setattr(torch.Tensor, "backward", hooked.backward(torch.Tensor.backward))
    monkeypatch.setattr(torch.autograd, "backward", hooked.backward(torch.autograd.backward))
    monkeypatch.setattr(torch.autograd, "grad", hooked.backward(torch.autograd.grad))
    seed(torch)
    with quiet():
        exec(source, {"torch": torch, "nn": torch.nn, "F": torch.nn.functional, "__name__": "__main__"})  # as above
    seen = hooked.calls[trace.backwards.index(backward)]
    compared = 0
    for edge in drawn.edges:
        key = drawn.quantities[edge.grad].key if edge.grad is not None else ("",)
        if key[0] != "edge" or (numbers.get(key[1]), key[2]) not in seen:
            continue
        (found,) = linear.found(sweep, key)
        right = seen[numbers[key[1]], key[2]]
        np.testing.assert_array_equal(backends.plain(found).reshape(-1), trace.backend.array(right).reshape(-1))
        compared += 1
    assert compared or not drawn.edges
    trace.close()
