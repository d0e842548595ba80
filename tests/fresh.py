"""A program run from scratch, plainly, with a hook on every node of every backward pass: what the numbers really are.

No part of the magic runs here; the library alone says what arrives at a node, what it sends on and what was computed.
"""

from __future__ import annotations

import contextlib
import io
import random
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


def array(tensor: Any) -> Array:
    """A copy of a tensor's numbers."""
    return np.array(tensor.detach().numpy())


@dataclass
class Pass:
    """One backward call: by node what arrived there (by output) and what it sent on (by input), in order."""

    kind: str
    tops: tuple[Any, ...]  # the nodes that it began at
    arrived: dict[Any, tuple[Any, ...]] = field(default_factory=dict)
    sent: dict[Any, tuple[Any, ...]] = field(default_factory=dict)
    before: dict[Any, Array | None] = field(default_factory=dict)  # by leaf's node, what `.grad` held
    after: dict[Any, Array | None] = field(default_factory=dict)
    values: dict[Any, Array] = field(default_factory=dict)  # of the leaves, when the call was made
    failed: bool = False
    wanted: tuple[Any, ...] = ()  # of autograd.grad: its inputs, and what it returned
    given: tuple[Any, ...] = ()


def top(tensor: Any) -> Any:
    """The node where the gradient of a tensor, or of a `GradientEdge`, arrives; of a leaf its AccumulateGrad."""
    if hasattr(tensor, "node"):
        return tensor.node
    return tensor.grad_fn if tensor.grad_fn is not None else tensor.view_as(tensor).grad_fn.next_functions[0][0]


def nodes_under(tops: Sequence[Any]) -> dict[Any, None]:
    """Every node of the graph under these, each once."""
    found: dict[Any, None] = {}
    pending = list(tops)
    while pending:
        node = pending.pop()
        if node is not None and node not in found:
            found[node] = None
            pending += [each for each, _ in node.next_functions]
    return found


def alike(tops: Sequence[Any], others: Sequence[Any]) -> dict[Any, Any]:
    """By each node under these, the one in the same place under the others: two runs of one program."""
    found: dict[Any, Any] = {}
    pending = list(zip(tops, others, strict=True))
    while pending:
        a, b = pending.pop()
        assert (a is None) == (b is None)
        if a is None or a in found:
            continue
        assert a.name() == b.name(), (a, b)
        found[a] = b
        pending += [(p, q) for (p, _), (q, _) in zip(a.next_functions, b.next_functions, strict=True)]
    return found


class Fresh:
    """The names after a program, its backward calls, and each tensor that it computed, by node and output.

    ``keep``: no call frees its graph, so that more can be asked of it afterwards."""

    def __init__(self, library: ModuleType, code: str, *, keep: bool = False) -> None:
        self.library, self.keep = library, keep
        self.passes: list[Pass] = []
        self.error: BaseException | None = None
        self.tensors: dict[tuple[Any, int], Any] = {}
        self.edges: dict[tuple[Any, int], Any] = {}
        self.made: dict[tuple[Any, int], tuple[Array, int]] = {}  # as it was then, and its version
        self.data: list[Array] = []  # what has no gradient
        self.names: dict[str, Any] = {"torch": library, "nn": library.nn, "F": library.nn.functional}
        self.names |= {"Variable": library.autograd.Variable, "__name__": "__main__"}
        self._sent: dict[tuple[Any, int], list[dict[Any, tuple[Any, ...]]]] = {}
        self._inside = False
        library.manual_seed(0)
        random.seed(0)
        with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings(), self._watching():
            warnings.simplefilter("ignore")
            try:
                exec(code, self.names)  # the test's own text
            except Exception as error:
                self.error = error

    @property
    def latest(self) -> Pass:
        """The call that a panel is about: the last that went through, of those that fill `.grad` if there is one."""
        done = [each for each in self.passes if not each.failed]
        filling = [each for each in done if each.kind != "grad"]
        return (filling or done)[-1]

    # ---------------------------------------------------------------- running
    @contextlib.contextmanager
    def _watching(self) -> Iterator[None]:
        library, notes = self.library, self._note
        tensor, autograd = library.Tensor, library.autograd
        was = tensor.backward, autograd.backward, autograd.grad

        def handler(mode: Any, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            result = func(*args, **(kwargs or {}))
            notes([args, kwargs or {}, result])
            return result

        kind = type("Noting", (library.overrides.TorchFunctionMode,), {"__torch_function__": handler})
        tensor.backward = self._backward("backward", was[0])
        autograd.backward = self._backward("backward", was[1])
        autograd.grad = self._backward("grad", was[2])
        try:
            with kind():
                yield
        finally:
            tensor.backward, autograd.backward, autograd.grad = was

    def _note(self, found: Any) -> None:
        if isinstance(found, self.library.Tensor):
            if found.grad_fn is None and found.numel() < 10_000 and not found.dtype.is_complex:
                self.data.append(array(found))
            elif found.grad_fn is not None and (found.grad_fn, found.output_nr) not in self.made:
                self.tensors[found.grad_fn, found.output_nr] = found
                self.edges[found.grad_fn, found.output_nr] = self.library.autograd.graph.get_gradient_edge(found)
                self.made[found.grad_fn, found.output_nr] = array(found), found._version
        elif isinstance(found, dict):
            self._note(list(found.values()))
        elif isinstance(found, list | tuple):
            for each in found:
                self._note(each)

    def _backward(self, kind: str, original: Callable[..., Any]) -> Callable[..., Any]:
        def run(roots: Any, *args: Any, **kwargs: Any) -> Any:
            if self._inside:
                return original(roots, *args, **kwargs)
            tensors = (roots,) if isinstance(roots, self.library.Tensor) else tuple(roots)
            if self.keep and not kwargs.get("create_graph"):
                kwargs["retain_graph"] = True
            self._inside = True
            done = Pass(kind, tuple(top(each) for each in tensors if each.requires_grad))
            wanted = kwargs.get("inputs", args[0] if args and kind == "grad" else ())
            done.wanted = tuple(wanted) if isinstance(wanted, list | tuple) else (wanted,)
            self._note(tensors)
            try:
                with self._hooked(done):
                    result = original(roots, *args, **kwargs)
            except BaseException:
                done.failed = True
                raise
            finally:
                self._inside = False
                self.passes.append(done)
            done.given = result if isinstance(result, tuple) else ()
            return result

        return run

    @contextlib.contextmanager
    def _hooked(self, done: Pass) -> Iterator[None]:
        def copies(gradients: Any) -> tuple[Any, ...]:
            each = gradients if isinstance(gradients, tuple) else (gradients,)
            return tuple(None if g is None else array(g) for g in each)

        def watch(node: Any) -> Iterator[Any]:
            yield node.register_prehook(lambda got: done.arrived.update({node: copies(got)}))
            yield node.register_hook(lambda sent, got: done.sent.update({node: copies(sent)}))

        nodes = nodes_under(done.tops)
        leaves = [node for node in nodes if hasattr(node, "variable")]

        def grads() -> dict[Any, Array | None]:
            return {leaf: None if leaf.variable.grad is None else array(leaf.variable.grad) for leaf in leaves}

        done.before, done.values = grads(), {leaf: array(leaf.variable) for leaf in leaves}
        handles = [handle for node in nodes for handle in watch(node)]
        try:
            yield
        finally:
            for each in handles:
                each.remove()
            done.after = grads()

    # ---------------------------------------------------------------- asking
    def derivative(self, node: Any, nr: int, ways: Sequence[tuple[Any, int]]) -> Array:
        """∂(this output of a node)/∂(what goes in by these ways), rows the output's entries."""
        rows = []
        for sent in self._hot(node, nr):
            parts = [sent[at][slot] for at, slot in ways if at in sent and sent[at][slot] is not None]
            rows.append(sum(parts[1:], parts[0]).reshape(-1) if parts else None)
        size = next((each.size for each in rows if each is not None), 0)
        return np.array([np.zeros(size) if each is None else each for each in rows])

    def _hot(self, node: Any, nr: int) -> list[dict[Any, tuple[Any, ...]]]:
        """What every node sends on where one entry of this output alone has a gradient, entry by entry."""
        if (node, nr) not in self._sent:
            output = self.made[node, nr][0]
            inputs = [leaf.variable for leaf in nodes_under([node]) if hasattr(leaf, "variable")]
            self._sent[node, nr] = []
            for index in np.ndindex(output.shape):
                hot = np.zeros(output.shape, output.dtype)
                hot[index] = 1
                done = Pass("grad", (node,))
                with self._hooked(done):  # from the edge: the tensor may have been written over since
                    given = self.library.from_numpy(hot)
                    self.library.autograd.grad(
                        self.edges[node, nr], inputs, given, retain_graph=True, allow_unused=True
                    )
                if not np.array_equal(done.arrived[node][nr], hot):  # a hook of the program's is in the way
                    found = node(*(given if place == nr else None for place in range(len(done.arrived[node]))))
                    done.sent = {
                        node: tuple(
                            None if g is None else array(g) for g in (found if isinstance(found, tuple) else (found,))
                        )
                    }
                self._sent[node, nr].append(done.sent)
        return self._sent[node, nr]
