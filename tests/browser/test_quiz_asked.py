"""`--quiz` where v does not act linearly: the kernel says who is right, and a page without one says what it cannot."""

from __future__ import annotations

import json
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import expect

from magics_pkg.style.format import number
from tests import cells
from tests.browser.page import NotebookView, View
from tests.browser.test_drawers import READY
from tests.browser.test_live import SETUP
from tests.browser.test_quiz import EDGES, TOLD, guess, open_page

pytestmark = pytest.mark.browser

CLIPPED = """def clip(g):
    return g.clamp(-0.53, 0.53)

x = torch.tensor([0.87, -1.27, 2.09], requires_grad=True)
h = x ** 2
h.register_hook(clip)
y = torch.tanh(h) + h
y.backward(torch.tensor([1.03, 0.21, -0.29]))"""
ROOT = """x = torch.tensor([0.0, 2.09, 4.3], requires_grad=True)
y = torch.sqrt(x) + x * 3
y.backward(torch.tensor([0.0, 1.0, 0.5]))"""
BOX = ".backward-guess input[type=text]"
SAID = ".backward-verdict"


def right(view: NotebookView, name: str = "x") -> list[float]:
    """The user's own gradient at present."""
    return list(json.loads(view.execute(f"import json; print(json.dumps([float(a) for a in {name}.grad.tolist()]))")))


def hidden(view: View, secret: list[float]) -> None:
    """None of these numbers is seen or heard, and all edges look alike."""
    words = {word.strip("[](),;") for text in view.page.evaluate(TOLD) for word in text.split()}
    assert not {number(each) for each in secret} & words
    assert len(set(view.page.evaluate(EDGES))) == 1


def test_the_kernel_is_asked(open_lab: Any, library: ModuleType) -> None:
    """A guess hears how far off it is where the weights stand, and which hook hides the paths; then all is shown."""
    view: NotebookView = open_lab([SETUP.format(library.__name__), "%%backward --quiz -o e\n" + CLIPPED])
    view.run_all()
    view.wait_for(READY)
    secret = right(view)
    hidden(view, secret)
    assert view.page.locator(".backward-tabs button").all_text_contents() == ["Quiz"]
    view.page.locator(BOX).fill(str(secret[0] + 1.5))
    view.page.locator(BOX).press("Enter")
    said = view.page.locator(SAID)
    expect(said).to_contain_text(f"Off by 1.5, {number(150 / abs(secret[0]))} %.")
    expect(said).to_contain_text("code of yours takes part in this backward pass (clip on PowBackward0)")
    hidden(view, secret[1:])
    view.slider("v[1]").drag(0.9)
    view.settled()
    moved = right(view)
    assert moved[1] != secret[1]
    hidden(view, moved)
    view.page.locator(BOX).fill(str(moved[0]))
    view.page.get_by_role("button", name="check", exact=True).click()
    expect(said).to_have_text(f"Right: x.grad[0] = {number(moved[0])}")
    assert view.text("x.grad[0]") == number(moved[0])
    view.page.get_by_role("button", name="tell me").click()
    expect(said).to_have_text(f"x.grad[1] = {number(moved[1])}")
    view.slider("v[0]").drag(0.3)  # what was told goes on moving
    view.settled()
    moved = right(view)
    view.wait_text("x.grad[0]", number(moved[0]))
    view.wait_text("x.grad[1]", number(moved[1]))
    hidden(view, moved[2:])
    view.page.get_by_role("button", name="show everything").click()
    expect(view.page.locator(".backward-tabs button")).to_have_count(3)
    view.wait_text("x.grad[2]", number(moved[2]))
    assert "The hook clip changed the gradient of h" in view.page.locator(".backward-notes li").first.inner_text()
    assert view.page.locator(".backward-quiz > .backward-told").inner_text() == "Every gradient is shown."
    assert len(set(view.page.evaluate(EDGES))) > 1
    assert view.complaints == []


def test_a_busy_kernel(open_lab: Any, library: ModuleType) -> None:
    """It is asked meanwhile, and the panel says so; the answer is about where the sliders stand when it comes."""
    view: NotebookView = open_lab([SETUP.format(library.__name__), "%%backward --quiz -o e\n" + CLIPPED])
    view.run_all()
    view.wait_for(READY)
    said = view.page.locator(SAID)
    hold = "import threading\nwith e._session._lock:\n    import time\n    time.sleep(4)"
    view.start(hold)
    view.page.wait_for_timeout(300)
    view.page.locator(BOX).fill("77")
    view.page.locator(BOX).press("Enter")
    expect(said).to_have_text("asking the kernel …")
    view.slider("v[0]").press("ArrowLeft", times=60)
    expect(said).to_contain_text("Off by", timeout=30_000)
    view.settled()
    off = abs(77 - right(view)[0])
    expect(said).to_contain_text(f"Off by {number(off)},")
    assert view.complaints == []


def test_odd_guesses(open_lab: Any, library: ModuleType) -> None:
    """Nothing, words, several numbers are no guess; nan and infinity are, here where a gradient is one."""
    view: NotebookView = open_lab([SETUP.format(library.__name__), "%%backward --quiz -o e\n" + ROOT])
    view.run_all()
    view.wait_for(READY)
    box, said = view.page.locator(BOX), view.page.locator(SAID)
    for odd in ("", "three", "1, 2, 3", "[0.5]", "0.5 0.25", "1e999", "--1"):
        box.fill(odd)
        box.press("Enter")
        assert box.get_attribute("aria-invalid") == "true"
        assert said.inner_text() == ("A guess is one number, or nan, or inf." if odd else "")
    told = "Off: it is no finite number"
    for wrong, answer in (("0.5", f"{told}."), ("-inf", f"{told}, but not −inf.")):
        box.fill(wrong)
        box.press("Enter")
        expect(said).to_have_text(answer)
        assert box.get_attribute("aria-invalid") is None
    box.fill("NaN")  # 0 × inf
    box.press("Enter")
    expect(said).to_have_text("Right: x.grad[0] = nan")
    assert view.text("x.grad[0]") == "nan"
    box.fill("∞")
    box.press("Enter")
    expect(said).to_have_text("Off: it is a finite number.")
    box.fill("3")  # only one of the two paths
    box.press("Enter")
    expect(said).to_contain_text("It leaves out the path y → √ → x.")
    view.run_all()  # the cell again: a new quiz, and nothing left of the old one
    view.wait_for(READY)
    expect(view.page.locator(".backward-panel")).to_have_count(1)
    assert view.text("x.grad[0]") == "?"
    assert view.page.locator(".backward-quiz > .backward-where").text_content() == "0 of 3 right, 3 to go"
    assert view.complaints == []


def test_a_page_without_a_kernel(view: View, tmp_path: Path, library: ModuleType) -> None:
    """It judges where the sliders stood when it was saved, and says of other weights that it cannot."""
    path = tmp_path / "page.html"
    with cells.shell(library.__name__) as shell:
        ran = cells.run(shell, f"%%backward --quiz -o e --save {path}\n{CLIPPED}")
        assert ran.error is None, ran.printed
        known = np.asarray(cells.grad(shell), np.float64).tolist()
    open_page(view, path)
    hidden(view, known)
    said = guess(view, known[0] + 2)
    assert said.startswith(f"Off by 2, {number(200 / abs(known[0]))} %.")
    assert "(clip on PowBackward0)" in said
    view.slider("v[0]").press("ArrowLeft", times=3)
    said = guess(view, known[0])
    assert said.startswith("A page without a kernel can judge a guess only where the sliders stood when it was saved: ")
    assert "v[0] = 1.03, v[1] = 0.21, v[2] = −0.29" in said
    view.page.get_by_role("button", name="tell me").click()
    assert view.page.locator(SAID).inner_text() == said
    view.page.locator('[data-preset="as written"]').click()
    assert guess(view, known[0]) == f"Right: x.grad[0] = {number(known[0])}"
    assert view.text("x.grad[0]") == number(known[0])
    assert view.text("x.grad[1]") == "?"
    assert view.complaints == []
