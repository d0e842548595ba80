"""`--quiz` where only the kernel knows who is right: what the page is sent before a guess, and what judges that."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from IPython.core.interactiveshell import InteractiveShell

from magics_pkg.exploration import Exploration
from magics_pkg.panel import page
from magics_pkg.style.format import number
from tests import cells

X = "x = torch.tensor([0.53, -1.27, 2.09], requires_grad=True)\n"
V = "[1.03, 0.57, -0.29]"
END = f"y.backward(torch.tensor({V}))"
CUBE = """class Cube(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x ** 3

    @staticmethod
    def backward(ctx, g):
        return g * ctx.saved_tensors[0] ** 2 * 3.0

"""
CLIP = "def clip(g):\n    return g.clamp(-0.5, 0.5)\n\n"
# cells, and what of the program is named as the reason why no path can be; "": nothing is
CELLS = {
    "hook": (f"{CLIP}{X}h = x * x\nh.register_hook(clip)\ny = torch.tanh(h) + h\n{END}", "clip on PowBackward0"),
    "hook on a leaf": (f"{CLIP}{X}x.register_hook(clip)\ny = torch.tanh(x) * x\n{END}", "clip on x"),
    "custom": (f"{CUBE}{X}y = Cube.apply(x) + x\n{END}", "Cube.backward"),
    "not finite": (f"x = torch.tensor([0.0, 2.09, 4.3], requires_grad=True)\ny = torch.sqrt(x) + x\n{END}", ""),
}
CELLS["hook"] = (CELLS["hook"][0].replace("x * x", "x ** 2"), CELLS["hook"][1])
Asked = Mapping[str, Any]


def opened(shell: InteractiveShell, code: str, options: str = "--quiz") -> Exploration:
    """The cell's panel."""
    ran = cells.run(shell, f"%%backward {options} -o e\n{code}")
    assert ran.error is None, ran.printed
    made: Exploration = shell.user_ns["e"]
    return made


def ask(e: Exploration, **asked: Any) -> dict[str, Any]:
    """Ask as the page does; the answer, {} where there is none."""
    sent: list[dict[str, Any]] = []
    e.panel.picture.send = lambda content, buffers=None: sent.append(content)
    e.panel._message(None, {"kind": "ask", "what": "quiz", **asked}, None)
    return sent[-1] if sent else {}


def state(e: Exploration) -> tuple[str, np.ndarray]:
    """Everything that the page has been sent: as text, and the numbers in its buffers."""
    picture = e.panel.picture
    sent = picture.get_state()
    packed = [sent[each] for each in ("rows", "shape")]
    packed += [each["values"] for each in (sent["truth"], sent["given"].get("truth", {})) if each]
    text = json.dumps({name: sent[name] for name in ("svg", "spec", "message", "state")})
    return text, np.concatenate([np.frombuffer(each) for each in packed])


def fresh(shell: InteractiveShell, code: str, v: str) -> np.ndarray:
    """x.grad of the cell had it been written with this v."""
    space = {"torch": shell.user_ns["torch"]}
    exec(code.replace(V, v), space)
    return np.asarray(space["x"].grad.detach().numpy(), np.float64)


@pytest.mark.parametrize("name", CELLS)
def test_the_kernel_judges(magics: InteractiveShell, name: str) -> None:
    """By the number that a fresh run gives at this v, to the last bit, wherever the sliders have gone; and says why no
    path is told."""
    code, why = CELLS[name]
    e = opened(magics, code)
    assert not e._live.linear.linear
    generator = random.Random(name)
    for _ in range(3):
        v = [float(np.float32(generator.uniform(-2, 2))) for _ in range(3)]
        wanted = fresh(magics, code, str(v))
        for place in range(3):
            answer = ask(e, name=f"x.grad[{place}]", v=v)
            assert np.array_equal(float(answer["truth"]), wanted[place], equal_nan=True)
            assert why in answer["why"]
            assert bool(why) == ("code of yours" in answer["why"])
            if why:
                assert answer["paths"] is None
            elif np.isfinite(wanted[place]):
                assert sum(each["by"][0] for each in answer["paths"]) == pytest.approx(wanted[place])
            else:
                assert "not finite" in answer["why"]
        np.testing.assert_array_equal(cells.grad(magics), wanted)  # the sliders stand there, so it follows


@pytest.mark.parametrize("name", CELLS)
def test_nothing_is_sent_before(magics: InteractiveShell, name: str) -> None:
    """No gradient, mark, note or drawer that tells one is in the page's state; what was guessed is, at last all."""
    code, _ = CELLS[name]
    e = opened(magics, code)
    known = e._live.shown()
    secret = {told for each in known.tolist() if len(told := number(each)) > 3 and told.lstrip("−") not in code}
    secret -= {number(each[1]) for node in e.graph.nodes for each in node.value.entries}
    assert len(secret) >= 3
    text, numbers = state(e)
    assert not np.isfinite(numbers).any()
    assert not [each for each in secret if f'"{each}"' in text or f">{each}<" in text or f" {each}" in text]
    assert list(e.panel.picture.spec["parts"]) == ["quiz"]
    assert e.panel.picture.spec["notes"] == []
    place = int(np.flatnonzero(np.isfinite(known[:3]))[-1])
    ask(e, name=f"x.grad[{place}]", told=True)
    assert state(e)[1][np.isfinite(state(e)[1])].tolist() == [known[place]]
    ask(e, name="x.grad[0]", v=[0.5, 0.25, -1.0])  # elsewhere it is known there as well, and nothing else
    moved = state(e)[1]
    assert moved[np.isfinite(moved)].tolist() == [e._live.shown()[place]]
    assert ask(e, all=True) == {}
    np.testing.assert_array_equal(np.frombuffer(e.panel.picture.truth["values"]), e._live.shown())
    assert {"inspect", "steps", "quiz"} <= set(e.panel.picture.spec["parts"])
    assert list(e.notes) == e.panel.picture.spec["notes"]
    assert "?" not in repr(e)


def test_a_picture_of_a_quiz_tells_nothing(magics: InteractiveShell) -> None:
    """Also where the page computes itself: no number, width, colour, mark or name of a card."""
    e = opened(magics, f"{X}u = torch.tensor([3.0, 1.0, 2.0], requires_grad=True)\ny = x * 3.17 + u * 0\n{END}")
    svg = e.panel.picture.svg
    assert "zero" not in svg
    assert "3.265" not in svg
    assert ask(e, all=True) == {}
    assert "zero" in e.panel.picture.svg


def test_odd_questions(magics: InteractiveShell) -> None:
    """Messages that no page of ours sends change nothing and have no answer."""
    e = opened(magics, CELLS["hook"][0])
    before = cells.grad(magics).copy()
    for odd in ({}, {"name": "x.grad[0]"}, {"name": "x.grad[0]", "v": [1.0]}, {"name": "x.grad[0]", "v": "1, 2, 3"},
                {"name": "x.grad[0]", "v": [1.0, None, 2.0]}, {"all": 1}, {"told": "yes"}):  # fmt: skip
        assert ask(e, **odd) == {}
    v = e._live.v.tolist()
    assert ask(e, name="w.grad[7]", v=v) == {}
    np.testing.assert_array_equal(cells.grad(magics), before)
    assert e.panel.picture.state == "ready"


def test_a_pass_that_raises(magics: InteractiveShell) -> None:
    """Where the hook raises nobody knows; at the next weights it goes on."""
    code = (
        "def strict(g):\n    if (g > 5).any():\n        raise ValueError('too much')\n    return g * g\n"
        f"{X}h = x * 2\nh.register_hook(strict)\ny = h * x\n{END}"
    )
    e = opened(magics, code)
    assert "raises an error" in ask(e, name="x.grad[0]", v=[100.0, 0.0, 0.0])["error"]
    assert e.panel.picture.state == "error"
    answer = ask(e, name="x.grad[0]", v=[1.0, 0.0, 0.0])
    assert answer["truth"] == fresh(magics, code, "[1.0, 0.0, 0.0]")[0]
    assert e.panel.picture.state == "ready"


def test_another_move_comes_in_between(magics: InteractiveShell, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the sliders stand elsewhere by the time that the kernel has followed, the page is to ask again."""
    e = opened(magics, CELLS["hook"][0])
    moved = e._session.submit
    monkeypatch.setattr(e._session, "submit", lambda v: (moved(v), moved([each + 1 for each in v])))
    assert ask(e, name="x.grad[0]", v=[0.5, 0.5, 0.5]) == {
        "kind": "answer", "what": "quiz", "name": "x.grad[0]", "moved": True}  # fmt: skip
    assert "truth" in ask(e, name="x.grad[0]", v=[1.5, 1.5, 1.5])


def test_a_saved_page_has_what_it_judges_by(magics: InteractiveShell, tmp_path: Any) -> None:
    """What the kernel would say where the sliders stand stands in it, packed."""
    e = opened(magics, CELLS["not finite"][0])
    e.weights = [0.25, -1.5, 2.0]
    text = e.save(tmp_path / "page.html").read_text(encoding="utf-8")
    content = page.unpacked(json.loads(text.split('<script type="application/json">')[1].split("</script>")[0]))
    assert content is not None
    assert [each["held"] for each in content["spec"]["parts"]["quiz"]] == [0.0] * 3
    assert sum(path["by"][0] for path in content["spec"]["parts"]["quiz"][1]["paths"]) == pytest.approx(
        fresh(magics, CELLS["not finite"][0], "[0.25, -1.5, 2.0]")[1]
    )
    assert "nan" not in text.split("<script")[0]


def test_nothing_to_guess(magics: InteractiveShell) -> None:
    """A gradient without entries is neither asked for nor said to be hidden."""
    e = opened(magics, f"{CLIP}x = torch.zeros(0, requires_grad=True)\nh = x * x\nh.register_hook(clip)\n"
                       "h.sum().backward()")  # fmt: skip
    assert "quiz" not in e.panel.picture.spec["parts"]
    assert not [each for each in e.notes if "quiz" in each]
    assert "?" not in repr(e)


def test_hooks_on_what_has_accumulated(magics: InteractiveShell) -> None:
    """What they made of `.grad` is what is right."""
    code = f"{X}x.register_post_accumulate_grad_hook(lambda t: (t.grad.mul_(2), None)[1])\ny = x * x\n{END}"
    e = opened(magics, code)
    assert np.array_equal(
        [float(ask(e, name=f"x.grad[{place}]", v=[0.5, 1.0, -2.0])["truth"]) for place in range(3)],
        fresh(magics, code, "[0.5, 1.0, -2.0]"),
    )
    assert not np.isfinite(state(e)[1]).any()


def test_what_is_not_held_is_no_quiz(magics: InteractiveShell, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a hooked pass on PyTorch no more is held than there is room for: the first note says why there is no quiz."""
    monkeypatch.setattr("magics_pkg.backends.swept.HELD", 40)  # bytes
    e = opened(magics, "x = torch.ones(12, requires_grad=True)\nh = x * 2\nh.register_hook(lambda g: g * 3)\n"
                       "h.sum().backward()")  # fmt: skip
    if magics.user_ns["torch"].__name__ == "engine":  # which holds them
        assert ask(e, name="x.grad[0]", v=[1.0])["truth"] == 6
        return
    assert e.notes[0].startswith("There is no quiz here")
    assert "quiz" not in e.panel.picture.spec["parts"]
    e.weights = 2.0
    assert "quiz" not in e.panel.picture.spec["parts"]
    assert "?" not in repr(e)
