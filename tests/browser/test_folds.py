"""Folded modules in a real front end: a click or Enter opens one in place, a click on a group's name folds it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.browser.page import NotebookView, View, number
from tests.test_rounds import CHAIN, LOOP
from tests.test_unfolding import NET, SECOND

pytestmark = pytest.mark.browser

SETUP = "%load_ext magics_pkg\nimport {} as torch\nnn = torch.nn\n" + NET
CELL = "%%backward -o e\ny = net(x)\ny.backward(torch.tensor([1., -2.]))"
READY = '.backward-panel[data-state="ready"]'
STATE = """
import json
def _state():
    session = e._session
    shown, offsets = session.shown(), session.linear.offsets
    numbers = {q.name: float(shown[o]) for q, o in zip(e.graph.quantities, offsets) if q.shape}
    return json.dumps({'v': e.weights.tolist(), 'x': x.grad.tolist(), 'numbers': numbers, 'grad': id(x.grad)})
"""


def kernel(view: NotebookView) -> dict[str, Any]:
    """v, x.grad and the first entry of each number that the kernel has for the page."""
    view.settled()
    return dict(json.loads(view.execute("print(_state())")))


def folded(view: View) -> list[str]:
    """The names of the cards that open."""
    return list(view.page.evaluate("() => [...document.querySelectorAll('[data-open]')].map(e => e.dataset.open)"))


def agree(view: NotebookView, expected: dict[str, Any], names: list[str]) -> None:
    """The page shows the kernel's numbers under these names."""
    for name in names:
        shown = number(view.text(f"{name}[0]"))
        assert shown == pytest.approx(expected["numbers"][name], rel=6e-4, abs=1e-12), name


@pytest.mark.parametrize("library", ["engine", "torch"])
def test_opened_and_folded_by_a_click(open_notebook: Any, library: str) -> None:
    """The picture changes in place; v, the sliders and x.grad stay, and every number is still live."""
    pytest.importorskip(library)
    view = open_notebook([SETUP.format(library), CELL])
    view.run_all()
    view.wait_for(READY)
    view.complaints.clear()
    view.execute(STATE)
    assert folded(view) == ["net.blocks", "net.head"]
    view.slider("v[0]").press("ArrowRight", times=3)
    before = kernel(view)
    handle = view.slider("v[0]").locator.element_handle()
    view.page.locator('[data-open="net.blocks"]').click()
    view.wait_for('[data-open="net.blocks.3"]')
    after = kernel(view)
    assert (after["v"], after["x"], after["grad"]) == (before["v"], before["x"], before["grad"])
    assert handle.evaluate("e => e.isConnected"), "the slider is the one that it was"
    agree(view, after, ["x.grad", "net.blocks.3.grad", "net.blocks.14.parameters().grad"])
    view.page.locator('[data-open="net.blocks.14"]').click()
    view.wait_for('[data-fold="net.blocks.14"]')
    view.slider("v[1]").press("ArrowLeft", times=4)
    moved = kernel(view)
    assert moved["v"] != after["v"]
    agree(view, moved, ["x.grad", "net.blocks.3.grad", "net.blocks.14.fc.grad"])
    view.page.locator('[data-fold="net.blocks"]').click()
    view.wait_for('[data-open="net.blocks"]')
    assert folded(view) == ["net.blocks", "net.head"]
    assert kernel(view)["grad"] == moved["grad"]
    assert view.complaints == []


def test_opened_and_folded_by_keys(open_lab: Any) -> None:
    """Enter on the focused card opens it, and then the focus is on the group's name, where Enter folds it."""
    view = open_lab([SETUP.format("engine"), CELL])
    view.run_all()
    view.wait_for(READY)
    card = view.page.locator('[data-open="net.head"]')
    assert card.get_attribute("role") == "button"
    assert card.get_attribute("aria-expanded") == "false"
    cells = view.execute("print(len(In))")
    card.press("Enter")
    view.wait_for('[data-fold="net.head"]:focus')
    assert view.page.locator('[data-fold="net.head"]').get_attribute("aria-expanded") == "true"
    view.page.locator('[data-fold="net.head"]').press("Enter")
    view.wait_for('[data-open="net.head"]:focus')
    assert view.execute("print(len(In))") == cells, "the notebook's own keys are not meant"


@pytest.mark.parametrize("library", ["engine", "torch"])
def test_a_loop_is_opened_into_rounds(open_lab: Any, library: str) -> None:
    """The name of a loop's frame opens it, by a click or by Enter; a round between is found by search, and opened with
    what it stands in; the numbers in it are live."""
    pytest.importorskip(library)
    view = open_lab([SETUP.format(library), f"%%backward -o e\n{CHAIN}"])
    view.run_all()
    view.wait_for(READY)
    view.complaints.clear()
    frame = view.page.locator(f'.fold[data-open="{LOOP}"]')
    assert (frame.get_attribute("role"), frame.get_attribute("aria-expanded")) == ("button", "false")
    assert frame.get_attribute("aria-label") == LOOP
    frame.press("Enter")
    view.wait_for(f'[data-fold="{LOOP}"]:focus')
    assert [each.partition(" · ")[0] for each in folded(view)] == [
        *("round 1", "round 2", "rounds 3…98", "round 99", "round 100")
    ]
    titles = view.page.locator("[data-open] .name").all_text_contents()
    assert titles == [each.partition(" · ")[0] for each in folded(view)], "the frame around says of what"
    box = view.page.locator(".backward-search input")
    box.fill("round 57")
    view.wait_for('.backward-search:not([aria-busy]) [role="option"]:has-text("round 57")')
    box.press("Enter")
    view.wait_for(f'[data-fold="round 57 · {LOOP}"]')
    view.wait_for("[data-node].pinned")
    assert "tanh" in (view.page.locator("[data-node].pinned").text_content() or "")
    assert view.page.locator('[data-fold^="round "]').count() == 1, "that round alone"
    view.page.locator(f'[data-fold="{LOOP}"]').click()
    view.wait_for(f'.fold[data-open="{LOOP}"]')
    assert view.page.locator("[data-node].op").count() == 4
    view.execute(STATE)
    view.slider("v").press("ArrowRight", times=3)
    agree(view, kernel(view), ["x.grad", "h.grad"])
    assert view.complaints == []


@pytest.mark.parametrize("library", ["engine", "torch"])
def test_a_note_names_what_is_opened(open_lab: Any, library: str) -> None:
    """What a second derivative is of, in the panel's own words, after a click as before it."""
    pytest.importorskip(library)
    view = open_lab([SETUP.format(library), f"%%backward --depth 0 -o e\n{SECOND}"])
    view.run_all()
    view.wait_for(READY)
    note = view.page.locator(".backward-notes li", has_text="is a second derivative")
    first = note.inner_text()
    assert "net.parameters().grad" in first
    view.page.locator('[data-open="net"]').click()
    view.wait_for('[data-open="net.head"]')
    told = note.inner_text()
    assert "net.parameters()" not in told
    assert "net.blocks.parameters().grad" in told
    assert "net.head.parameters().grad" in told
    view.page.locator('[data-fold="net"]').first.click()
    view.wait_for('[data-open="net"]')
    assert note.inner_text() == first
    assert view.complaints == []


def test_nothing_to_open_without_a_kernel(view: View, open_lab: Any, tmp_path: Path) -> None:
    """A saved page shows what was folded as a card like any other: no sign, no hand, no button."""
    path = tmp_path / "saved.html"
    open_lab([SETUP.format("engine"), CELL.replace("-o e", f"--save {path}")]).run_all()
    view.page.goto(path.as_uri())
    view.wait_for(READY)
    card = view.page.locator('[data-open="net.blocks"]')
    assert card.get_attribute("role") == "img"
    assert card.locator(".sign").evaluate("e => getComputedStyle(e).display") == "none"
    hand = "e => getComputedStyle(e).cursor"  # every card can be clicked: the inspector tells of it
    assert card.evaluate(hand) == view.page.locator("[data-node]:not([data-open])").first.evaluate(hand)
    card.click()
    assert folded(view) == ["net.blocks", "net.head"]
    view.slider("v[0]").press("ArrowRight")
    assert view.complaints == []
