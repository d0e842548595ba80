"""`--inputs --quiz`: with other inputs a guess is judged by the gradients of these, and still nothing tells them."""

from __future__ import annotations

import json
from types import ModuleType
from typing import Any

import pytest
from playwright.sync_api import expect

from magics_pkg.style.format import number
from tests.browser.page import NotebookView
from tests.browser.test_drawers import READY
from tests.browser.test_live import SETUP
from tests.browser.test_quiz_asked import BOX, SAID, hidden

pytestmark = pytest.mark.browser

PROGRAM = """x = torch.tensor({x}, requires_grad=True)
y = torch.sqrt(x) * 3.17 + x ** 2
y.backward(torch.tensor([1.03, 0.57, -0.29]))"""
CELL = "%%backward --inputs --quiz -o e\n" + PROGRAM.format(x="[0.53, 1.27, 2.09]")
FRESH = f"""
import json
def _fresh(x):
    space = {{"torch": torch}}
    exec({PROGRAM!r}.replace("{{x}}", str(x)), space)
    print(json.dumps([each if each < 1e30 else "inf" for each in space["x"].grad.tolist()]))
"""


@pytest.fixture
def view(open_lab: Any, library: ModuleType) -> NotebookView:
    """The notebook, run: its panel is ready."""
    opened: NotebookView = open_lab([SETUP.format(library.__name__), CELL])
    opened.run_all()
    opened.wait_for(READY)
    opened.slider("x[0]")
    opened.execute(FRESH)
    return opened


def now(view: NotebookView) -> list[float]:
    """The gradients of a fresh run with the present inputs, once the kernel has followed."""
    view.settled()
    return [float(each) for each in json.loads(view.execute("_fresh(e.inputs['x'].tolist())"))]


def type_in(view: NotebookView, name: str, value: str) -> None:
    """Give an input a number."""
    box = view.page.locator(f'.backward-inputs .widget-readout[data-value="{name}"]')
    box.click()
    box.fill(value)
    box.press("Enter")


def guess(view: NotebookView, value: float) -> None:
    """Type a guess."""
    view.page.locator(BOX).fill(repr(value))
    view.page.locator(BOX).press("Enter")


def test_moved(view: NotebookView) -> None:
    """What was right before is off by the difference; what is right is shown, follows, and the rest stays hidden."""
    first = now(view)
    hidden(view, first)
    guess(view, first[0] + 1)
    said = view.page.locator(SAID)
    expect(said).to_contain_text("Off by 1,")
    view.page.locator(BOX).fill("0.125")
    view.slider("x[0]").drag(0.8)
    second = now(view)
    assert abs(second[0] - first[0]) > 0.05
    expect(said).to_have_text("")  # that was about other numbers
    assert view.page.locator(BOX).input_value() == "0.125"  # and this is still being written
    hidden(view, [*first, *second])
    guess(view, first[0])
    expect(said).to_contain_text(f"Off by {number(abs(second[0] - first[0]))},")
    guess(view, second[0])
    expect(said).to_have_text(f"Right: x.grad[0] = {number(second[0])}")
    view.page.locator("[data-drawer=quiz]").click()  # closed, it hides them as well
    view.slider("x[1]").press("ArrowRight", 9)
    third = now(view)
    hidden(view, [*first[1:], *second[1:], *third[1:]])
    view.page.locator("[data-node]").first.click()
    assert view.page.locator(".backward-drawer > *").count() == 0
    view.page.locator("[data-drawer=quiz]").click()
    guess(view, third[1])
    expect(said).to_have_text(f"Right: x.grad[1] = {number(third[1])}")
    view.page.locator('[data-inputs="written"]').click()
    assert now(view) == pytest.approx(first)
    view.wait_text("x.grad[0]", number(first[0]))
    guess(view, first[2])
    expect(said).to_have_text(f"Right: x.grad[2] = {number(first[2])}")
    expect(view.page.locator(".backward-quiz > .backward-where")).to_have_text("3 of 3 right")
    assert view.complaints == []


def test_a_path_of_these_inputs(view: NotebookView) -> None:
    """The path that a guess leaves out is told by what it brings with these inputs."""
    type_in(view, "x[0]", "4")
    truth = now(view)
    assert truth[0] == pytest.approx(1.03 * (3.17 / 4 + 8), rel=1e-5)
    guess(view, 1.03 * 8)
    said = view.page.locator(SAID)
    expect(said).to_contain_text(f"Off by {number(1.03 * 3.17 / 4)},")
    assert "√ → x" in view.page.locator(".backward-way").inner_text()
    assert view.complaints == []


def test_before_the_kernel_has_followed(view: NotebookView) -> None:
    """A guess while the kernel is busy waits, and is judged by the inputs as they stand in the page."""
    first = now(view)
    view.start("import time\nwith e._wishes.shown._drawing:\n    time.sleep(4)")
    view.page.wait_for_timeout(300)
    view.slider("x[0]").press("ArrowRight", 40)
    guess(view, 77.0)
    said = view.page.locator(SAID)
    expect(said).to_have_text("asking the kernel …")
    expect(said).to_contain_text("Off by", timeout=30_000)
    second = now(view)
    assert second[0] != first[0]
    expect(said).to_contain_text(f"Off by {number(77 - second[0])},")
    assert view.complaints == []


def test_where_only_the_kernel_knows(view: NotebookView) -> None:
    """At 0 the derivative of the root is infinite: the page asks, and knows what it was told; then all is as before."""
    first = now(view)
    guess(view, first[0])
    expect(view.page.locator(SAID)).to_contain_text("Right")
    type_in(view, "x[1]", "0")
    view.page.wait_for_function("() => document.querySelector('.backward-given [aria-pressed=\"false\"]')")
    second = now(view)
    assert second[1] == float("inf")
    hidden(view, [*first[1:], *second[1:]])
    assert view.text("x.grad[0]") == number(second[0])
    said = view.page.locator(SAID)
    guess(view, first[1])
    expect(said).to_have_text("Off: it is no finite number.")
    view.page.locator(BOX).fill("inf")
    view.page.locator(BOX).press("Enter")
    expect(said).to_have_text("Right: x.grad[1] = inf")
    type_in(view, "x[1]", "1")
    third = now(view)
    view.wait_text("x.grad[1]", number(third[1]))
    hidden(view, third[2:])
    guess(view, third[2])
    expect(said).to_have_text(f"Right: x.grad[2] = {number(third[2])}")
    assert view.complaints == []
