"""A folded card is opened and a group is folded in a live panel: another picture of the same numbers, nothing else."""

from __future__ import annotations

import gc
import time
import weakref
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from IPython.core.error import UsageError
from IPython.core.interactiveshell import InteractiveShell
from traitlets import TraitError

from magics_pkg.panel.live import Closed
from tests.cells import run
from tests.cells import shell as magic_shell
from tests.networks import RESNET, RESNET_STEP

pytestmark = pytest.mark.usefixtures("young")

NET = """
class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(3, 3)
    def forward(self, x):
        return torch.tanh(self.fc(x)) * x
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.blocks = nn.Sequential(*[Block() for _ in range(15)])
        self.head = nn.Linear(3, 2)
    def forward(self, x):
        return self.head(self.blocks(x))
torch.manual_seed(0)
net = Net()
x = torch.ones(3, requires_grad=True)
"""
CELL = "%%backward -o e --quiet\ny = net(x)\ny.backward(torch.tensor([1., -2.]))"


@pytest.fixture
def shell(library: ModuleType) -> Iterator[InteractiveShell]:
    """An IPython with the magics, a network, and a panel over it."""
    with magic_shell(library.__name__) as made:
        assert run(made, NET).error is None
        assert run(made, CELL).error is None
        yield made


def folded(e: Any) -> list[str]:
    """The names of the folded cards."""
    return [node.folded for node in e.graph.nodes if node.folded]


def numbers(e: Any) -> dict[str, Any]:
    """Each number that is shown, by name."""
    session = e._session
    shown, offsets = session.shown(), session.linear.offsets
    return {
        quantity.name: shown[first : first + len(quantity.indices)]
        for quantity, first in zip(e.graph.quantities, offsets, strict=True)
    }


def test_opened_in_python(shell: InteractiveShell) -> None:
    """`open` and `fold` change the picture; v, the gradients and the sliders stay, and no pass is run."""
    e, x = shell.user_ns["e"], shell.user_ns["x"]
    assert folded(e) == ["net.blocks", "net.head"]
    e.weights = [0.5, 3.0]
    panel, sliders = e.panel, e.panel.sliders
    grad, before = x.grad, numbers(e)
    e._session.snapshot.run = None  # nothing may call it
    e.open("net.blocks")
    assert folded(e) == [f"net.blocks.{place}" for place in range(15)] + ["net.head"]
    e.open("net.blocks.4")
    assert "net.blocks.4.fc" in folded(e)
    assert {node.group for node in e.graph.nodes if node.folded == "net.blocks.4.fc"} == {
        ("net", "net.blocks", "net.blocks.4")
    }
    after = numbers(e)
    shared = set(before) & set(after)
    assert {"x.grad", "y.grad"} <= shared
    for name in shared:
        np.testing.assert_array_equal(after[name], before[name])
    assert x.grad is grad
    assert list(e.weights) == [0.5, 3.0]
    assert e.panel is panel
    assert panel.sliders == sliders
    e.fold("net.blocks")
    assert folded(e) == ["net.blocks", "net.head"]
    assert numbers(e).keys() == before.keys()


def test_numbers_after_a_move(shell: InteractiveShell) -> None:
    """What a card shows when it is opened after a move is what it would have shown had it been open all the time."""
    e = shell.user_ns["e"]
    e.weights = [-1.0, 0.25]
    e.open("net.blocks.8")
    found = numbers(e)
    run(shell, "x.grad = None\nfor each in net.parameters(): each.grad = None")
    again = "%%backward -o f --quiet --weights -1,0.25 --depth 3\ny = net(x)\ny.backward(torch.tensor([1., -2.]))"
    assert run(shell, again).error is None
    f = shell.user_ns["f"]
    f.open("net.blocks.8")
    expected = numbers(f)
    names = [name for name in found if name in expected and "blocks.8" in name]
    assert len(names) >= 3
    for name in names:
        np.testing.assert_allclose(found[name], expected[name], rtol=1e-6)


def test_gradients_are_listed_whatever_is_folded(shell: InteractiveShell) -> None:
    """`.grads` has every leaf by its own name, also those that share a card."""
    e = shell.user_ns["e"]
    names = set(e.grads)
    assert {"x", "net.head.bias", "net.blocks.3.fc.weight"} <= names
    assert len(names) == 1 + 15 * 2 + 2
    e.open("net.blocks.3")
    assert set(e.grads) == names


def test_parameters_of_a_folded_module(shell: InteractiveShell) -> None:
    """Their shared card shows their gradients one after the other, as they are in `.grad`."""
    e, net = shell.user_ns["e"], shell.user_ns["net"]
    grads = [each.grad.detach().numpy().reshape(-1) for each in net.blocks.parameters()]
    shown = numbers(e)["net.blocks.parameters().grad"]
    np.testing.assert_allclose(shown, np.concatenate(grads)[: len(shown)], rtol=1e-3, atol=1e-12)
    (place,) = [i for i, each in enumerate(e.graph.quantities) if each.name == "net.blocks.parameters().grad"]
    norm = np.sqrt(np.array([1, *e.weights]) @ e._session.linear.gram[place] @ np.array([1, *e.weights]))
    np.testing.assert_allclose(norm, np.linalg.norm(np.concatenate(grads)), rtol=1e-5)


def test_notes_name_the_cards_that_there_are(shell: InteractiveShell) -> None:
    """A sentence that names leaves names those of the present picture, in the panel as well; the others stay."""
    e = shell.user_ns["e"]
    (said,) = e.notes
    assert "net.blocks.parameters().grad" in said
    assert "and net.head.parameters().grad." in said
    e.notes = ("before", said, "after")
    panel = e.panel
    e.open("net.head")
    assert len(e.notes) == 3
    assert "net.blocks.parameters().grad" in e.notes[1]
    assert e.notes[1].endswith("net.head.weight.grad and net.head.bias.grad.")
    assert said not in panel.picture.spec["notes"]
    assert set(e.notes) <= set(panel.picture.spec["notes"])
    e.fold("net.head")
    assert e.notes == ("before", said, "after")


def test_notes_of_an_opened_group(shell: InteractiveShell) -> None:
    """A gradient of zeros that a folded module holds is told once its leaf has a card of its own, and no longer
    once it has none."""
    run(
        shell,
        "net.blocks[14].fc.weight.data.zero_()\nnet.blocks[14].fc.bias.data.zero_()\nnet.zero_grad()\nx.grad = None",
    )
    assert run(shell, CELL).error is None
    e = shell.user_ns["e"]
    before = e.notes
    assert [each for each in before if " 0 and not None" in each and each.startswith("x.grad is")]
    e.open("net.blocks.13")
    (said,) = [each for each in e.notes if " 0 and not None" in each]
    assert {"x.grad", "net.blocks.0.parameters().grad", "net.blocks.1.parameters().grad"} <= set(said.split(", "))
    assert " and 11 more are 0 and not None: paths lead from these leaves to y" in said
    assert not shell.user_ns["net"].blocks[13].fc.weight.grad.any()
    e.fold("net.blocks")
    assert e.notes == before


SECOND = "y = net(x).sum()\n(g,) = torch.autograd.grad(y, x, create_graph=True)\n(g * g).sum().backward()"


def test_a_second_derivative_is_of_the_leaves_that_are_shown(shell: InteractiveShell) -> None:
    """The sentence names the cards' gradients, folded or not; in every panel it is said once, in the same place."""
    run(shell, NET)
    run(shell, f"%%backward --depth 0 --no-graph -o e\n{SECOND}")
    e = shell.user_ns["e"]

    def told() -> list[tuple[int, str]]:
        return [(place, each) for place, each in enumerate(e.notes) if "second derivative" in each]

    def agree() -> None:
        ((at, sentence),) = told()
        grads = [e.graph.node(each).grad for each in e.graph.leaves]
        names = [e.graph.quantities[each].name for each in grads if each is not None]
        assert at == first[0][0]
        assert "g is itself a gradient, made in line 3" in sentence
        named = sentence.partition("arrives at ")[2].partition(" is a second")[0].replace(" and ", ", ").split(", ")
        assert named == (names if len(names) <= 4 else [*names[:4], f"{len(names) - 4} more"])

    first = told()
    agree()
    for name in ("net", "net.head", folded(e)[-1], "net.blocks"):
        e.open(name)
        agree()
    assert "net.parameters()" not in told()[0][1]
    e.fold("net")
    assert told() == first


def test_a_message_of_the_page(shell: InteractiveShell) -> None:
    """A click is a message; the answer is another picture with the numbers at the present v, for the same sliders."""
    e = shell.user_ns["e"]
    panel = e.panel
    sliders = panel.sliders
    panel.sliders[0].value = 0.25
    e._session.settle()
    panel._message(None, {"kind": "open", "name": "net.blocks", "open": True}, [])
    assert 'data-fold="net.blocks"' in panel.picture.svg
    assert 'data-open="net.blocks.3"' in panel.picture.svg
    assert panel.sliders == sliders
    assert panel.picture.truth["v"] == [0.25, -2.0]
    last = panel.picture.spec["quantities"][-1]
    assert len(panel.picture.truth["values"]) == 8 * (last["offset"] + len(last["indices"]))
    panel._message(None, {"kind": "open", "name": "net.blocks", "open": False}, [])
    assert 'data-open="net.blocks"' in panel.picture.svg
    panel._message(None, {"kind": "open", "name": "<nothing>", "open": True}, [])
    assert panel.picture.state == "error"
    for odd in ({"kind": "open"}, {"kind": "open", "name": 3}, {"kind": "open", "name": ["net"], "open": "yes"}):
        panel._message(None, odd, [])
    assert 'data-open="net.blocks"' in panel.picture.svg


def test_unknown_names(shell: InteractiveShell) -> None:
    """A name that is no function or module in the picture is answered with the nearest one."""
    e = shell.user_ns["e"]
    with pytest.raises(UsageError, match=r"did you mean net\.blocks"):
        e.open("net.block")
    run(shell, "%%backward -o plain --quiet\nz = x * 2\nz.backward(torch.ones(3))")
    with pytest.raises(UsageError, match="there is none here"):
        shell.user_ns["plain"].open("net")


def test_after_the_names_have_changed(shell: InteractiveShell) -> None:
    """What other cells do to the names and the parameters since is no matter of the picture."""
    e = shell.user_ns["e"]
    run(shell, "x = 3\nnet = None\nopt = None")
    e.open("net.blocks.0")
    names = [node.name for node in e.graph.nodes]
    assert "x" in names
    assert "net.blocks.0.fc.parameters()" in names


def test_a_cell_that_failed(shell: InteractiveShell) -> None:
    """A still picture is folded and opened as well."""
    ran = run(shell, "%%backward -o broken --quiet\nout = net(x)\nout.backward()")
    assert isinstance(ran.error, RuntimeError)
    broken = shell.user_ns["broken"]
    assert folded(broken) == ["net.blocks", "net.head"]
    broken.open("net.blocks")
    assert len(folded(broken)) == 16
    html = broken.bundle()["text/html"]
    assert "net.blocks.3" in html or "data:image/svg+xml" in html


def test_closing_lets_everything_go(shell: InteractiveShell) -> None:
    """The trace lives as long as the panel: with it go the tensors inside the network, and unrelated ones at once."""
    run(shell, "from weakref import ref\nunrelated = torch.ones(1000)")
    run(shell, CELL.replace("-o e", "-o again") + "\nprobe = ref(unrelated)\ndel unrelated")
    again = shell.user_ns["again"]
    again.open("net.blocks.2")
    again.panel  # noqa: B018  # it is made when it is asked for
    inner = [weakref.ref(each) for call in again._canvas._subject.trace.calls for each in call.outputs]
    gc.collect()
    assert shell.user_ns["probe"]() is None
    assert sum(each() is not None for each in inner) > 30
    again.close()
    del again, shell.user_ns["again"], shell.user_ns["y"]
    gc.collect()
    assert not [each() for each in inner if each() is not None and each() is not shell.user_ns.get("_")]


def test_rounds_of_a_training_loop(shell: InteractiveShell) -> None:
    """Of a loop only the round that is drawn is kept: what the plain cell frees, an open panel does not hold."""
    source = (
        "%%backward -o loop --quiet\nprobes = []\nfor _ in range(5):\n    out = net(x)\n    probes.append(ref(out))\n"
        "    y = (out * out).sum()\n    y.backward()"
    )
    run(shell, "from weakref import ref")
    assert run(shell, source).error is None
    gc.collect()
    assert [probe() is not None for probe in shell.user_ns["probes"]] == [False] * 4 + [True]
    shell.user_ns["loop"].open("net.blocks")
    assert "net.blocks.7" in folded(shell.user_ns["loop"])


def test_functions_fold_as_well(shell: InteractiveShell) -> None:
    """A function of the user's is drawn open, and folds by its name."""
    source = "def f(a):\n    b = a * 2\n    return b + 1\nz = f(x) * f(x * 3)\nz.backward(torch.ones(3))"
    assert run(shell, f"%%backward -o e --quiet\n{source}").error is None
    e = shell.user_ns["e"]
    assert folded(e) == []
    assert {node.group for node in e.graph.nodes if node.group} == {("f()",), ("f() #2",)}
    e.fold("f() #2")
    (card,) = [node for node in e.graph.nodes if node.folded]
    assert (card.folded, card.symbol, card.source, card.operations) == ("f() #2", "function", "f(x * 3)", 2)
    e.open("f() #2")
    assert folded(e) == []


def test_depth_of_the_configuration(shell: InteractiveShell) -> None:
    """`%config BackwardMagics.depth` sets what `--depth` is by default; what it cannot be is refused."""
    shell.run_line_magic("config", "BackwardMagics.depth = '0'")
    assert run(shell, CELL).error is None
    assert folded(shell.user_ns["e"]) == ["net"]
    assert run(shell, CELL.replace("--quiet", "--quiet --depth 2")).error is None
    assert len(folded(shell.user_ns["e"])) == 16
    with pytest.raises(TraitError, match="depth takes"):
        shell.magics_manager.registry["BackwardMagics"].depth = "deep"
    shell.run_line_magic("config", "BackwardMagics.depth = ''")


def test_a_network_of_real_size_unfolds_at_once(library: ModuleType) -> None:
    """ResNet-18: what opening a block costs beside the layout, in time of the processor."""
    with magic_shell(library.__name__) as made:
        assert run(made, RESNET).error is None
        assert run(made, "%%backward -o e --quiet\n" + RESNET_STEP).error is None
        e, seconds = made.user_ns["e"], []
        for name in ("model.layer1.0", "model.layer3.1", "model.layer4.0"):
            for change in (e.open, e.fold):
                began = time.process_time()
                change(name)
                seconds.append(time.process_time() - began)
        assert max(seconds) < 1


def test_closed(shell: InteractiveShell) -> None:
    """A closed panel opens nothing."""
    e = shell.user_ns["e"]
    e.close()
    with pytest.raises(Closed):
        e.open("net.blocks")
