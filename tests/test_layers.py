"""A graph made by a pass with ``create_graph``, drawn on the graph that the pass went through; on both libraries.

Truth from outside: which node made which is told by PyTorch's anomaly mode; what flowed where by hooks on the nodes of
a second, plain run of the same program.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from IPython.core.interactiveshell import InteractiveShell

from magics_pkg.graphs import graph, linear
from magics_pkg.graphs.depth import Folding
from magics_pkg.graphs.layers import OPEN
from magics_pkg.graphs.outputs import outputs_of
from magics_pkg.graphs.subject import Subject
from magics_pkg.pictures.svg import describe
from magics_pkg.tracing.passes import CREATED
from magics_pkg.tracing.recorder import trace_cell
from tests import cells
from tests.graphs import bare_shell, check
from tests.test_traced_truth import order_of

CUBE = """x = torch.tensor([1., 2., 3.], requires_grad=True)
y = (x ** 3).sum()
(g,) = torch.autograd.grad(y, x, create_graph=True)
"""
PROGRAMS = {
    "cube": CUBE + "z = (g ** 2).sum()\nz.backward()",
    "hessian-vector product": """x = torch.tensor([1., -0.5], requires_grad=True)
u = torch.tensor([1., 0.5])
y = (torch.sin(x) * x).sum()
(g,) = torch.autograd.grad(y, x, create_graph=True)
(g @ u).backward()""",
    "gradient penalty": """w = torch.tensor([[1., 2.], [0.5, -1.]], requires_grad=True)
x = torch.tensor([0.5, -1.], requires_grad=True)
s = torch.tanh(w @ x).sum()
(g,) = torch.autograd.grad(s, x, create_graph=True)
penalty = ((g ** 2).sum() - 1) ** 2
(s + penalty).backward()""",
    "inner step": """w = torch.tensor([1., 2.], requires_grad=True)
x = torch.tensor([0.5, -1.])
loss = ((w * x).sum() - 1) ** 2
(g,) = torch.autograd.grad(loss, w, create_graph=True)
fast = w - 0.1 * g
outer = ((fast * x).sum() - 2) ** 2
outer.backward()""",
    "third": """x = torch.tensor(2., requires_grad=True)
y = x ** 4 * torch.sin(x)
(d1,) = torch.autograd.grad(y, x, create_graph=True)
(d2,) = torch.autograd.grad(d1, x, create_graph=True)
d2.backward()""",
    "paths meet": """a = torch.tensor([1., 2.], requires_grad=True)
b = torch.tensor([0.5, -1.], requires_grad=True)
h = torch.tanh(a * b)
y = (h * a + h ** 3 - h * b).sum()
ga, gb = torch.autograd.grad(y, (a, b), create_graph=True)
(ga * gb).sum().backward()""",
    "backward": """x = torch.tensor([1., 2.], requires_grad=True)
y = (x ** 3).sum()
y.backward(create_graph=True)
z = (x.grad ** 2).sum()
x.grad = None
z.backward()""",
    "views": """x = torch.tensor([1., 2.], requires_grad=True)
y = x[0] ** 2 * x[1] + torch.sin(x[1])
(g,) = torch.autograd.grad(y, x, create_graph=True)
g.backward(torch.tensor([0.5, -1.]))""",
}


@pytest.fixture
def bare(library: ModuleType) -> Iterator[InteractiveShell]:
    """An IPython without magics of ours, torch bound to each library."""
    with bare_shell(library) as made:
        yield made


@pytest.fixture
def shell(library: ModuleType) -> Iterator[InteractiveShell]:
    """An IPython with the magics loaded and torch bound to each library."""
    with cells.shell(library.__name__) as made:
        yield made


def assembled(trace: Any, folding: Folding | None = None) -> Any:
    """The drawing of a trace, with what stands behind each card."""
    made = graph._Assembly(Subject(trace, outputs_of(trace)), 200, folding or Folding(), None)
    drawn = made.graph()
    check(drawn)
    return made, drawn


def plainly(torch: ModuleType, source: str) -> tuple[list[dict[Any, Any]], list[dict[Any, Any]]]:
    """A plain run, with hooks on the nodes of each pass: what each sent along its edges, and what it got, by number."""
    sent: list[dict[Any, Any]] = []
    got: list[dict[Any, Any]] = []
    inside = [False]

    def hooked(original: Any) -> Any:
        def run(roots: Any, *args: Any, **kwargs: Any) -> Any:
            if inside[0]:
                return original(roots, *args, **kwargs)
            numbers = order_of([roots.grad_fn])
            sent.append({})
            got.append({})

            def watch(number: int, sends: dict[Any, Any], gets: dict[Any, Any]) -> Any:
                def hook(gave: Any, came: Any) -> None:
                    sends.update({(number, slot): each.detach() for slot, each in enumerate(gave) if each is not None})
                    gets.update({(number, nr): each.detach() for nr, each in enumerate(came) if each is not None})

                return hook

            handles = [node.register_hook(watch(number, sent[-1], got[-1])) for node, number in numbers.items()]
            inside[0] = True
            try:
                return original(roots, *args, **kwargs)
            finally:
                inside[0] = False
                for each in handles:
                    each.remove()

        return run

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch.Tensor, "backward", hooked(torch.Tensor.backward))
        patch.setattr(torch.autograd, "grad", hooked(torch.autograd.grad))
        exec(source, {"torch": torch})  # a program of ours, above
    return sent, got


def numbers_of(tensor: Any) -> list[float]:
    """Flat Python numbers."""
    return [float(each) for each in np.asarray(tensor).reshape(-1)]


@pytest.mark.parametrize("name", PROGRAMS)
def test_cards_show_what_flowed(bare: InteractiveShell, library: ModuleType, name: str) -> None:
    """A card's value is what its node of the first graph sent in a plain run, or the sum of what arrived there."""
    _, trace = trace_cell(bare, PROGRAMS[name])
    made, drawn = assembled(trace)
    sent, got = plainly(library, PROGRAMS[name])
    compared = 0
    for layer in made.stacked.layers.all:
        which = next(place for place, each in enumerate(trace.backwards) if each.created is layer.created)
        numbers = order_of([node for node, _ in layer.created.roots])
        for part in made.parts:
            derived = part.derived
            if derived is None or derived.layer is not layer:
                continue
            card = drawn.node(made.ids[part])
            value = [entry for _, entry in card.value.entries]
            assert card.second == layer.name
            assert card.name.startswith("∂") or card.name in bare.user_ns
            if derived.node is not None:
                forward = drawn.node(card.derives)
                assert made.part_of[derived.node] is next(each for each in made.parts if made.ids[each] == forward.id)
                if len(derived.slots) == 1:
                    right = sent[which][numbers[derived.node], next(iter(derived.slots))]
                    assert value == numbers_of(right)
                    compared += 1
            elif (numbers[derived.to[0]], derived.to[1]) in got[which]:
                assert value == numbers_of(got[which][numbers[derived.to[0]], derived.to[1]])
                compared += 1
            else:  # a leaf that the call was asked for: no node of it runs
                every = [
                    each
                    for (number, slot), each in sent[which].items()
                    if list(numbers)[number].next_functions[slot] == derived.to
                ]
                assert len(every) > 1 or name == "backward"
                assert value == pytest.approx(numbers_of(sum(every[1:], every[0])))
                compared += 1
    assert compared
    trace.close()


@pytest.mark.parametrize("name", PROGRAMS)
def test_edges_are_true(bare: InteractiveShell, library: ModuleType, name: str) -> None:
    """Each edge joins cards whose nodes follow one another, none is missing, and it carries what hooks saw there."""
    _, trace = trace_cell(bare, PROGRAMS[name])
    made, drawn = assembled(trace)
    owner: dict[Any, set[str]] = {node: {made.ids[part]} for node, part in made.part_of.items()}
    for each in made.inputs.leaves:
        owner.setdefault(each.node, set()).update(each.ids.values())
    pairs = {(edge.tail, edge.head) for edge in drawn.edges}
    real = set()
    for node in made.web.nodes:
        for following, _ in node.next_functions:
            if following is not None and not owner[following] & owner[node]:
                (head,) = owner[node]
                ways = {(tail, head) for tail in owner[following]} & pairs
                assert ways, (node.name(), following.name())
                real |= ways
    constants = {each.id for each in drawn.nodes if each.kind == "constant"}
    assert pairs - real == {pair for pair in pairs if pair[0] in constants}
    backward = trace.backward
    assert backward is not None
    assert backward.snapshot is not None
    numbers = order_of([each.grad_fn for each in backward.roots])
    weighting = linear.weighting_of(trace.backend, backward.roots, backward.gradients)
    sweep = backward.snapshot.run(list(weighting.gradients))
    sent, _ = plainly(library, PROGRAMS[name])
    compared = 0
    for edge in drawn.edges:
        if edge.grad is None:
            continue
        key = drawn.quantities[edge.grad].key
        keys = [key] if key[0] == "edge" else key[1:]
        right = [sent[-1].get((numbers[node], slot)) for _, node, slot in keys]
        total = sum((np.asarray(each) for each in right if each is not None), np.zeros(()))
        found = linear.found(sweep, key)
        assert len(found) == sum(each is not None for each in right)
        if found:
            shape = drawn.quantities[edge.grad].shape
            np.testing.assert_allclose(
                np.ravel(sum(map(np.asarray, found))), np.broadcast_to(total, shape).reshape(-1), 1e-6
            )
            compared += 1
    assert compared >= 3
    reached = {made.ids[part] for part in made.parts if part.arrival[0] in numbers}
    assert all((node.grad is not None) == (node.id in reached) for node in drawn.nodes if node.kind == "op")
    trace.close()


@pytest.mark.parametrize("name", PROGRAMS)
def test_who_made_what(torch: ModuleType, name: str) -> None:
    """PyTorch's anomaly mode notes at each node the one that was running when it was made: the same that we say."""
    with bare_shell(torch) as shell, torch.autograd.set_detect_anomaly(True):
        _, trace = trace_cell(shell, PROGRAMS[name])
    seen = 0
    for backward in trace.backwards:
        if backward.created is None:
            continue
        first = set(order_of([node for node, _ in backward.created.roots]))
        for node, (maker, _) in backward.created.made.items():
            assert node.metadata["parent_"] is maker
            seen += 1
        for node in backward.created.sums:
            assert node not in backward.created.made
        under = [node for node, _ in backward.created.gradient_of]
        for node in order_of(under):
            if node not in first and node not in backward.created.sums and "AccumulateGrad" not in node.name():
                assert node in backward.created.made
    assert seen
    trace.close()


@pytest.mark.parametrize("name", PROGRAMS)
def test_libraries_agree(torch: ModuleType, name: str) -> None:
    """Both libraries draw the same cards, with the same values, edges and derivatives."""
    import engine

    told = []
    for library in (engine, torch):
        with bare_shell(library) as shell:
            _, trace = trace_cell(shell, PROGRAMS[name])
            _, drawn = assembled(trace)
        cards = {node.id: (node.name.partition(" #")[0], node.symbol, node.source, node.level) for node in drawn.nodes}
        values = sorted((*cards[node.id], *(f"{entry:.4g}" for _, entry in node.value.entries)) for node in drawn.nodes)
        edges = sorted((cards[edge.tail], cards[edge.head]) for edge in drawn.edges)
        links = sorted((cards[node.derives], cards[node.id]) for node in drawn.nodes if node.derives)
        told.append((values, edges, links))
        assert links
        trace.close()
    assert told[0] == told[1]


def test_sliders(shell: InteractiveShell) -> None:
    """`x.grad` follows v through the second graph; the numbers on its cards are the rows' own."""
    source = CUBE + "g.backward(torch.tensor([1., 0.5, -0.25]))"
    ran = cells.run(shell, f"%%backward -o e --quiet\n{source}")
    assert ran.error is None
    made, x = shell.user_ns["e"], shell.user_ns["x"]
    made.weights = [2.0, -1.0, 0.5]
    assert x.grad.tolist() == [12.0, -12.0, 9.0]  # 6 x v
    card = next(node for node in made.graph.nodes if node.second)
    assert card.output
    assert [entry for _, entry in card.value.entries] == [3.0, 12.0, 27.0]


def test_picture_and_text(shell: InteractiveShell, tmp_path: Any) -> None:
    """Frame, links and words: in the picture, its text alternative, the text form, DOT and JSON."""
    ran = cells.run(shell, f"%%backward -o e --quiet --save {tmp_path}/e.html\n{PROGRAMS['gradient penalty']}")
    assert ran.error is None
    made = shell.user_ns["e"]
    drawn, picture = made.graph, made.to_svg()
    links = [node for node in drawn.nodes if node.derives]
    assert len(links) == 2
    assert picture.count('<g class="derivative"') == 2
    assert f'data-second="{drawn.seconds[0].name}"' in picture
    assert "torch.autograd.grad(s, x, create_graph=True) in line 5 made a graph of its own" in picture
    assert picture.count(" derived") == len([node for node in drawn.nodes if node.second])
    assert "the derivative of torch.tanh(w @ x)" in describe(drawn)
    assert "derivative of torch.tanh(w @ x)" in repr(made)
    assert made.to_dot().count("dotted") == 2
    assert drawn.seconds[0].alone == "s"
    assert (tmp_path / "e.html").stat().st_size < 200_000


def test_the_graph_below(shell: InteractiveShell) -> None:
    """What the backward does not reach is drawn and written all the same, with no gradient; cards have levels."""
    cells.run(shell, f"%%backward -o e --quiet\n{PROGRAMS['third']}")
    made = shell.user_ns["e"]
    drawn = made.graph
    levels = {node.name: node.level for node in drawn.nodes if node.name in ("x", "y", "d1", "d2")}
    assert levels == {"x": 0, "y": 0, "d1": 1, "d2": 2}
    (y,) = (node for node in drawn.nodes if node.name == "y")
    assert y.grad is None
    assert "the graph below, of y: y  ×  x ** 4 * torch.sin(x)" in repr(made)
    assert [each.alone for each in drawn.seconds] == ["y", "d1"]


def test_large_ones_are_folded(shell: InteractiveShell) -> None:
    """More cards than are legible are one, which says so, and opens and folds by name."""
    source = "x = torch.tensor([0.5, 1.], requires_grad=True)\nh = x\n" + "".join(
        f"h = torch.sin(h) * {place + 2}.\n" for place in range(OPEN)
    )
    source += "(g,) = torch.autograd.grad(h.sum(), x, create_graph=True)\n(g * g).sum().backward()"
    ran = cells.run(shell, f"%%backward -o e --quiet\n{source}")
    assert ran.error is None
    made = shell.user_ns["e"]
    (second,) = made.graph.seconds
    (card,) = (node for node in made.graph.nodes if node.folded == second.name)
    (note,) = (each for each in made.graph.notes if "are one here" in each)
    count = int(note.partition("Its ")[2].partition(" ")[0])
    assert OPEN < count <= card.operations
    assert not any(node.second for node in made.graph.nodes)
    before = made._session.shown()[made._session.linear.offsets[0]]
    made.open(second.name)
    assert sum(node.second == second.name for node in made.graph.nodes) == count
    check(made.graph)
    assert made._session.shown()[made._session.linear.offsets[0]] == before
    made.fold(second.name)
    assert not any(node.second for node in made.graph.nodes)
    assert not any("are one here" in each for each in made.graph.notes)


def test_hooks_leave_nothing_behind(bare: InteractiveShell, library: ModuleType) -> None:
    """After the cell a node runs as before: the hooks that told what was made are gone, the user's own stay."""
    source = CUBE.replace("(g,)", "seen = []\ny.register_hook(lambda g: seen.append(1))\n(g,)")
    _, trace = trace_cell(bare, source + "(g ** 2).sum().backward()")
    namespace = bare.user_ns
    assert namespace["seen"] == [1]
    namespace["y"].backward()
    assert namespace["seen"] == [1, 1]
    assert [each.created is not None for each in trace.backwards] == [True, False]
    trace.close()


def test_a_loop_does_not_hold_its_graphs(bare: InteractiveShell) -> None:
    """Of many rounds only the last graph is known node by node; of many in a row only so many."""
    source = "x = torch.tensor([1., 2.], requires_grad=True)\nfor _ in range(20):\n    y = (x ** 3).sum()\n"
    source += "    (g,) = torch.autograd.grad(y, x, create_graph=True)\n    (g ** 2).sum().backward()"
    _, trace = trace_cell(bare, source)
    assert sum(each.created is not None for each in trace.backwards) == 1
    trace.close()
    source = "w = torch.tensor([1., 2.], requires_grad=True)\nfast = w\nfor _ in range(20):\n"
    source += "    y = (fast ** 3).sum()\n    (g,) = torch.autograd.grad(y, fast, create_graph=True)\n"
    source += "    fast = fast - 0.001 * g\nfast.sum().backward()"
    _, trace = trace_cell(bare, source)
    assert sum(each.created is not None for each in trace.backwards) == CREATED
    _, drawn = assembled(trace, Folding(depth=math.inf))
    assert len(drawn.nodes) < 200
    trace.close()


@pytest.mark.parametrize("name", ["third", "paths meet"])
def test_other_inputs(shell: InteractiveShell, name: str) -> None:
    """With `--inputs` the cards of all graphs have the numbers of the cell freshly run with these inputs."""
    source = PROGRAMS[name]
    old, new = ("torch.tensor(2., r", "torch.tensor(-0.75, r") if name == "third" else ("[1., 2.]", "[-0.5, 0.25]")
    assert cells.run(shell, f"%%backward --inputs -o e --quiet\n{source}").error is None
    made = shell.user_ns["e"]
    made.inputs = {"x": -0.75} if name == "third" else {"a": [-0.5, 0.25]}
    assert cells.run(shell, f"%%backward -o f --quiet\n{source.replace(old, new, 1)}").error is None
    found, right = ([card(each) for each in json.loads(one.to_json())["nodes"]] for one in (made, shell.user_ns["f"]))
    assert sum(value is not None for _, _, value, _ in right) > 4
    assert found == right


def card(node: dict[str, Any]) -> tuple[Any, ...]:
    """What a node of the JSON says."""
    told = [each and [f"{number:.5g}" for number in each["entries"]] for each in (node["value"], node["grad"])]
    return node["name"], node["symbol"], *told
