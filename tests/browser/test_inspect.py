"""The inspector: cards and code light each other up, mouse and keyboard open a card, its numbers follow v."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from playwright.sync_api import expect

from magics_pkg.style.format import number as figure
from tests.browser.page import NotebookView, number
from tests.browser.test_live import SETUP

pytestmark = pytest.mark.browser

READY = '.backward-panel[data-state="ready"]'
SMALL = """%%backward -o e {}
x = torch.tensor([0.5, -1.25, 2.0], requires_grad=True)
w = torch.tensor([1.5, 0.25, -0.75], requires_grad=True)
t = torch.tanh(x * w)
h = t
for i in range(3):
    h = h * x
y = h + x ** 2 / 3
y.backward(torch.tensor([1.0, 0.5, -0.25]))"""
LARGE = """%%backward -o e {}
x = torch.linspace(-1, 1, 600, requires_grad=True)
y = (x * x).sum()
y.backward()"""
LIT = "() => [...document.querySelectorAll('.backward-piece.{0}')].map(e => e.textContent).join('')"


def text(view: Any, which: str = "lit") -> str:
    """The code that is lit up, or underlined."""
    return str(view.page.evaluate(LIT.format(which)))


def cards(view: Any, which: str = "lit") -> set[str]:
    """The names of the cards that are lit up, stand around these, or are opened."""
    return {each.text_content() or "" for each in view.page.locator(f"[data-node].{which} .name").all()}


def card(view: Any, name: str) -> Any:
    """A card of the picture, by its title."""
    return view.page.locator(f'[data-node]:has(.name:text-is("{name}"))').first


def piece(view: Any, label: str) -> Any:
    """The first piece of code whose innermost expression is this."""
    return view.page.locator(f'.backward-piece[aria-label^="{label}: "]').first


def rows(view: Any) -> dict[str, list[str]]:
    """What the inspector says: each row's numbers or words, by its label."""
    view.page.wait_for_function("() => !document.querySelector('.backward-inside')?.textContent.includes('asking')")
    found: dict[str, list[str]] = {}
    for row in view.page.locator(".backward-inside > table > tr").all():
        cells = row.locator(".backward-entries-grid td, .backward-rule, .backward-flag").all()
        told = [each.text_content() or "" for each in cells] or [row.locator("td").first.text_content() or ""]
        found.setdefault(row.locator("th").first.text_content() or "", []).extend(told)
    return found


def run(open_lab: Any, cell: str, library: str = "engine") -> NotebookView:
    """A notebook whose panel, if it has one, is ready."""
    view: NotebookView = open_lab([SETUP.format(library), cell])
    view.page.set_default_timeout(10_000)
    view.run_all()
    if "--quiet" not in cell:
        view.wait_for(READY)
    return view


def test_cards_and_code_light_each_other_up(open_lab: Any) -> None:
    """Pointing at a card marks its expression; pointing at code lights its cards, the innermost first."""
    view = run(open_lab, SMALL.format(""))
    view.page.locator('[data-drawer="inspect"]').click()
    card(view, "x²").hover()
    assert text(view) == "x ** 2"
    piece(view, "x * w").hover()
    assert text(view) == "x * w"
    assert cards(view) == {"×"}
    assert cards(view, "around") == {"t"}
    piece(view, "h * x").hover()
    assert len(view.page.locator("[data-node].lit").all()) == 3
    view.page.mouse.move(0, 0)
    assert text(view) == ""
    assert cards(view) == set()
    piece(view, "torch.tensor([0.5, -1.25, 2.0], requires_grad=True)").focus()
    assert cards(view) == {"x"}
    for _ in range(3):
        view.page.locator(".backward-piece:focus").press("ArrowRight")
    assert text(view) == "x * w"
    view.page.locator(".backward-piece:focus").press("Enter")
    assert rows(view)["by x"] == ["1.5", "0.25", "−0.75"]
    assert text(view, "pinned") == "x * w"
    assert view.complaints == []


def test_a_card_is_looked_into(open_lab: Any, library: ModuleType) -> None:
    """A click or Enter opens it, a second click or Escape closes it; what it says is what the kernel knows."""
    view = run(open_lab, SMALL.format(""), library.__name__)
    card(view, "t").click()
    assert cards(view, "pinned") == {"t"}
    found = rows(view)
    assert found["tensor"] == ["(3,) float32"]
    assert found["value"] == ["0.6351", "−0.3027", "−0.9051"]
    assert found["local derivative"] == ["∂tanh(a)/∂a = 1 − tanh²(a) = 1 − y²"]
    assert found["by x * w"] == ["0.5966", "0.9084", "0.1807"]
    assert found["saved"] == ["result (3,) float32"]
    assert "freed by the pass" in (view.page.locator(".backward-inside").text_content() or "")
    assert found["version"] == ["0, as when it was made"]
    assert found[""] == ["requires_grad True", "is_leaf False", "retains_grad False", "is_view False"]
    assert found["hooks"] == ["none"]
    card(view, "t").click()
    assert not view.page.locator(".backward-inside table").count()
    card(view, "x").press("Enter")
    assert rows(view)["gradient"] == [view.text(f"x.grad[{place}]") for place in range(3)]
    view.slider("v[0]").press("ArrowRight", times=7)
    view.wait_for(READY)
    moved = rows(view)["gradient"]
    assert moved == [view.text(f"x.grad[{place}]") for place in range(3)]
    kernel = [float(each) for each in view.execute("print(*x.grad.tolist())").split()]
    assert [number(each) for each in moved] == pytest.approx(kernel, rel=1e-3)
    card(view, "w").press("Escape")
    assert not view.page.locator(".backward-inside table").count()
    assert cards(view, "pinned") == set()
    assert view.complaints == []


def test_large_tensors(open_lab: Any, library: ModuleType) -> None:
    """A strip of colours with its scale; the kernel sends what is shown of the gradient, anew after a move."""
    view = run(open_lab, LARGE.format(""), library.__name__)
    card(view, "x").click()
    rows(view)
    strips = view.page.locator(".backward-heat-strip")
    assert strips.count() == 2
    assert strips.first.locator(".backward-swatch").count() == 5
    gradient = strips.nth(1)
    assert [gradient.locator("[data-sign=positive]").count() > 100, gradient.locator("span").count() > 480] == [
        True
    ] * 2
    view.page.mouse.move(0, 0)  # what scrolls under the pointer would be pointed at
    gradient.locator(".backward-strip").press("End")
    before = gradient.locator(".backward-where").text_content()
    assert before == "x.grad[599] = 2"
    view.slider("v").press("ArrowRight", times=50)
    view.settled()
    last = figure(float(view.execute("print(float(x.grad[599]))")))
    expect(gradient.locator(".backward-where")).to_have_text(f"x.grad[599] = {last}", timeout=10_000)
    assert f"x.grad[599] = {last}" != before
    assert view.complaints == []


def test_in_a_saved_page(open_lab: Any, view: Any, tmp_path: Path) -> None:
    """Open from the start, with what was known when it was saved; what it has not it says."""
    notebook = run(open_lab, SMALL.format("--quiet"))
    small, large = tmp_path / "small.html", tmp_path / "large.html"
    notebook.execute(f"e.save({str(small)!r})")
    view.page.goto(small.as_uri())
    view.wait_for(".backward-source")
    piece(view, "torch.tanh(x * w)").click()
    found = rows(view)
    assert found["by x * w"] == ["0.5966", "0.9084", "0.1807"]
    assert found["saved"] == ["result (3,) float32"]
    card(view, "w").click()
    view.slider("v[0]").press("ArrowRight", times=7)
    assert rows(view)["gradient"] == [view.text(f"w.grad[{place}]") for place in range(3)]
    notebook.execute("e.close()")
    other = run(open_lab, LARGE.format("--quiet"))
    other.execute(f"e.save({str(large)!r})")
    view.page.goto(large.as_uri())
    view.wait_for(".backward-source")
    card(view, "x").click()
    assert "a page without a kernel has no more" in (view.page.locator(".backward-inside").text_content() or "")
    assert view.complaints == []


@pytest.mark.parametrize("width", [600, 1024])
def test_nothing_is_cut_off(open_lab: Any, width: int) -> None:
    """What it says stays inside the panel at any width."""
    view = run(open_lab, SMALL.format(""))
    view.page.set_viewport_size({"width": width, "height": 900})
    card(view, "t").click()
    rows(view)
    wide = view.page.evaluate(
        """() => { const box = document.querySelector('.backward-drawer').getBoundingClientRect();
        return [...document.querySelectorAll('.backward-inside *')].filter(e => e.getBoundingClientRect().right
          > box.right + 1).map(e => e.textContent); }"""
    )
    assert wide == []
