"""What is said of hooks and of gradients in the middle, where there are several of them."""

from __future__ import annotations

from IPython.core.interactiveshell import InteractiveShell

from tests.test_lessons_mistakes import X, explored, shell

__all__ = ["shell"]


def test_hooks_on_what_has_no_name_of_its_own(shell: InteractiveShell) -> None:
    """Each parameter of a model is told by its module's name, also where a loop has left a name for the last."""
    body = "net = nn.Sequential(nn.Linear(2, 1), nn.Linear(1, 1))\nfor p in net.parameters():\n"
    e = explored(shell, f"{body}    p.register_hook(lambda g: g * 2)\nnet(torch.ones(1, 2)).sum().backward()")
    told = [note.partition(":")[0] for note in e.notes if note.startswith("The hook")]
    names = ["net.0.weight", "net.0.bias", "net.1.weight", "net.1.bias"]
    assert sorted(told) == sorted(f"The hook <lambda> changed the gradient of {name}" for name in names)


def test_two_hooks_on_one_tensor(shell: InteractiveShell) -> None:
    """They are spoken of in the plural, and with what both together made."""
    hooks = "h.register_hook(lambda g: g + 1)\nh.register_hook(lambda g: g * 2)\n"
    e = explored(shell, f"{X}h = x * 3\n{hooks}(h ** 2).sum().backward()")
    assert "The hooks <lambda> and <lambda> changed the gradient of h: [6, 12] came in, [14, 26] went on" in e.notes[0]


def test_an_object_as_a_hook(shell: InteractiveShell) -> None:
    """It is one hook, by the name of its class."""
    body = "class Scale:\n    def __call__(self, g):\n        return g * 0\nh = x * 3\nh.register_hook(Scale())\n"
    e = explored(shell, f"{X}{body}(h ** 2).sum().backward()")
    (note,) = (note for note in e.notes if note.startswith("Code of yours"))
    assert "(Scale on MulBackward0)" in note


def test_gradients_that_are_kept(shell: InteractiveShell) -> None:
    """Those of a list and of a loop are one sentence."""
    body = "hs = []\nh = x\nfor _ in range(3):\n    h = torch.tanh(h)\n    h.retain_grad()\n    hs.append(h)\n"
    e = explored(shell, f"{X}{body}h.sum().backward()")
    assert "hs[0], hs[1] and h are no leaves; retain_grad() keeps the gradient of each in its .grad." in e.notes


def test_gradients_of_a_model_are_named_in_short(shell: InteractiveShell) -> None:
    """Of many leaves that v leads to four are named, and how many more."""
    body = "net = nn.Sequential(*(nn.Linear(2, 2) for _ in range(4)))\nout = net(torch.ones(2))\n"
    e = explored(shell, f"{body}out.backward(torch.ones(2))")
    (note,) = (note for note in e.notes if note.startswith("v says"))
    assert "net.1.bias.grad and 4 more." in note


def test_a_hook_that_comes_after_the_backward(shell: InteractiveShell) -> None:
    """It had no part in what the cell left in x.grad, so it has none when a slider moves; one that was removed has."""
    body = (
        "h = x * 3\ny = h ** 2\nold = h.register_hook(lambda g: g * 10)\ny.backward(torch.ones(2), retain_graph=True)\n"
    )
    e = explored(shell, f"{X}{body}")
    shell.user_ns["h"].register_hook(lambda g: g * 2)
    e.weights = [2.0, 1.0]
    assert shell.user_ns["x"].grad.tolist() == [360.0, 360.0]
    shell.user_ns["old"].remove()
    e.weights = [1.0, 1.0]
    assert shell.user_ns["x"].grad.tolist() == [180.0, 360.0]
    shell.user_ns["y"].sum().backward()
    assert shell.user_ns["x"].grad.tolist() == [216.0, 432.0]  # the program's own graph has the hook that it has now


def test_a_hook_that_comes_later_in_the_cell(shell: InteractiveShell) -> None:
    """Nothing is said of it: the backward above it did not run it."""
    e = explored(shell, f"{X}h = x * 3\n(h ** 2).sum().backward()\nh.register_hook(lambda g: g * 2)")
    assert not [note for note in e.notes if "hook" in note or "Code of yours" in note]
    assert e._live.linear.linear


def test_a_hook_on_a_leaf_without_a_name_in_russian(shell: InteractiveShell) -> None:
    """Our own word for it stands in its case."""
    shell.run_line_magic("config", "BackwardMagics.language = 'ru'")
    body = "net = nn.Linear(2, 1)\nfor p in net.parameters():\n    p.register_hook(lambda g: g * 2)\n"
    e = explored(shell, f"{body}net(torch.ones(1, 2)).sum().backward()")
    shell.run_line_magic("config", "BackwardMagics.language = ''")
    assert any("(<lambda> на листовом тензоре)" in note for note in e.notes)
