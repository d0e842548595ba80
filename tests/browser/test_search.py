"""The search box of a large graph: found by typing, opened where it is folded, and looked into."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from benchmarks.programs import SETUP, straight
from tests.browser.page import NotebookView, View, number

pytestmark = pytest.mark.browser

READY = '.backward-panel[data-state="ready"]'
BOX = ".backward-search input"
LISTED = '.backward-search [role="option"]'
LINES = straight(2000)


def names(view: View) -> list[str]:
    """What is listed under the box."""
    return list(view.page.eval_on_selector_all(LISTED, "all => all.map((each) => each.textContent)"))


def look_for(view: View, text: str, count: int | None = None) -> list[str]:
    """Type into the box, and wait for what it lists."""
    view.page.fill(BOX, text)
    view.wait_for(".backward-search:not([aria-busy]) [role=option]")
    found = names(view)
    assert count is None or len(found) == count
    return found


@pytest.mark.parametrize("library", ["engine", "torch"])
def test_found_in_what_is_folded(open_notebook: Any, library: str) -> None:
    """ "/" goes to the box; a name in folded lines is listed; Enter opens the run and pins its card, still live."""
    pytest.importorskip(library)
    view: NotebookView = open_notebook([SETUP.format(library), f"%%backward -o e\n{LINES}"])
    view.run_all()
    view.wait_for(READY)
    assert not view.page.locator('[data-value="h512.grad[0]"]').count()
    view.slider("v[0]").press("/")
    assert view.page.evaluate("document.activeElement.matches('.backward-search input')")
    found = look_for(view, "h512")
    assert found[0].startswith("h512")
    assert "line 516" in found[0]
    view.page.locator(BOX).press("Enter")
    view.wait_for('.backward-inspect .backward-step-title b:text-is("h512")')
    card = view.page.locator("[data-node].pinned")
    assert card.count() == 1
    assert "h512" in (card.text_content() or "")
    box, figure = card.bounding_box(), view.page.locator(".backward-drawing").bounding_box()
    assert box is not None
    assert figure is not None
    assert figure["y"] <= box["y"]
    assert box["y"] + box["height"] <= figure["y"] + figure["height"] + 1
    before = view.text("h512.grad[0]")
    view.slider("v[0]").drag(0.9)
    view.settled()
    assert view.text("h512.grad[0]") != before
    card_of = "next(n for n in e.graph.nodes if n.name == 'h512')"
    expected = float(view.execute(f"print(e._session.shown()[e._session.linear.offsets[{card_of}.grad]])"))
    assert number(view.text("h512.grad[0]")) == pytest.approx(expected, rel=6e-4, abs=1e-12)


def test_found_by_line_node_and_source(open_notebook: Any) -> None:
    """A line number, a node's name and a piece of source find what they say; nothing found is said; Escape closes."""
    view: NotebookView = open_notebook([SETUP.format("engine"), f"%%backward\n{LINES}"])
    view.run_all()
    view.wait_for(READY)
    assert all("line 700" in each for each in look_for(view, "700")[:2])
    assert all("Tanh" in each for each in look_for(view, "TanhBackward", 20))
    assert "tanh(h602)" in look_for(view, "torch.tanh(h602)", 2)[0]
    view.page.fill(BOX, "<img src=x onerror=alert(1)>")
    view.page.locator(".backward-search:not([aria-busy]) ul", has_text="nothing has").wait_for()
    assert not view.page.locator(LISTED).count()
    assert not view.page.locator(".backward-search img").count()
    view.page.locator(BOX).press("Escape")
    assert view.page.locator(".backward-search ul").is_hidden()


def test_saved_page_searches_what_it_has(open_notebook: Any, view: View, tmp_path: Path) -> None:
    """Without a kernel the cards that are drawn are found, and a choice looks into one."""
    notebook: NotebookView = open_notebook([SETUP.format("engine"), f"%%backward --save {tmp_path}/page.html\n{LINES}"])
    notebook.run_all()
    notebook.wait_for(READY)
    page = view
    page.page.goto((tmp_path / "page.html").as_uri())
    page.wait_for(BOX)
    found = look_for(page, "lines 4")
    assert found
    page.page.locator(BOX).press("Enter")
    page.wait_for("[data-node].pinned")
    look_for(page, "x")
    page.page.locator(LISTED).first.click()
    page.wait_for('.backward-inspect .backward-step-title b:text-is("x")')


def test_a_small_graph_has_no_box(open_notebook: Any) -> None:
    """What is seen at a glance needs no search, and "/" is left alone."""
    view: NotebookView = open_notebook(
        [SETUP.format("engine"), "%%backward\nx = torch.ones(2, requires_grad=True)\n(x * 2).sum().backward()"]
    )
    view.run_all()
    view.wait_for(READY)
    assert not view.page.locator(BOX).count()


def test_a_tree_where_there_is_no_picture(open_notebook: Any) -> None:
    """What could not be drawn is a tree of text: opened by keys, live; the search opens the way to what it finds."""
    setup = f"{SETUP.format('engine')}\n%config BackwardMagics.seconds = 0.1"
    view: NotebookView = open_notebook([setup, f"%%backward --max-nodes 3000\n{LINES}"])
    view.run_all()
    view.wait_for('.backward-panel [role="tree"]')
    assert "and it may take 0.1 s" in view.page.locator(".backward-notes").inner_text()
    root = view.page.locator('.backward-panel [role="tree"] > [role="treeitem"]')
    assert "h999" in (root.locator("> .backward-branch").text_content() or "")
    view.wait_for(READY)
    root.press("ArrowLeft")
    view.wait_for('.backward-tree > [role="treeitem"][aria-expanded="false"]')
    assert view.page.locator('.backward-panel [role="treeitem"]').count() == 1
    root.press("ArrowRight")
    root.press("ArrowDown")
    assert view.page.evaluate("document.activeElement.dataset.branch") != root.get_attribute("data-branch")
    look_for(view, "h900")
    view.page.locator(BOX).press("Enter")
    focused = view.page.locator('.backward-panel [role="treeitem"]:focus > .backward-branch')
    assert "h900" in (focused.text_content() or "")
    name = focused.locator("[data-value]").first.get_attribute("data-value") or ""
    before = focused.locator("[data-value]").first.inner_text()
    view.slider("v[0]").drag(0.95)
    view.settled()
    assert view.text(name) != before
