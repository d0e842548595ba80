"""What stands under the picture, opened and moved as a person does, in JupyterLab and in a saved page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.browser.page import NotebookView, number
from tests.browser.test_live import PROGRAM, SETUP, WRITTEN

pytestmark = pytest.mark.browser

READY = '.backward-panel[data-state="ready"]'
CELL = "%%backward -o e {}\n" + PROGRAM.format(v=WRITTEN)


def said(view: Any) -> list[list[str]]:
    """The open step: each row's label and numbers."""
    return [
        [cell.text_content() or "" for cell in row.locator("th, .backward-entry, .backward-rule").all()]
        for row in view.page.locator(".backward-step tr").all()
    ]


def title(view: Any) -> str:
    """The card that the open step is about."""
    return view.page.locator(".backward-step-title b").text_content() or ""


def walk(view: Any) -> list[str]:
    """Every step's card, by keyboard."""
    forward = view.page.get_by_role("button", name="step forward")
    count = int((view.page.locator(".backward-player .backward-where").text_content() or "").split("/")[1])
    titles = [title(view)]
    for _ in range(count - 1):
        forward.press("Enter")
        titles.append(title(view))
    return titles


def test_steps(open_lab: Any) -> None:
    """`--step` opens them: from v to the leaves, each number that of the moment, under the sliders too."""
    view: NotebookView = open_lab([SETUP, CELL.format("--step")])
    view.run_all()
    view.wait_for(READY)
    assert title(view) == "y"
    assert said(view)[0] == ["starts with v", "1", "0.5", "−0.25"]
    titles = walk(view)
    assert titles[0] == "y"
    assert set(titles[-2:]) <= {"x", "w"}
    x = title(view) if title(view) == "x" else None
    if x is None:
        view.page.locator('[data-node]:has(.name:text-is("x"))').first.click()
    assert title(view) == "x"
    rows = said(view)
    assert rows[-1][0] in (".grad", "held + new = .grad")
    assert rows[-1][1:] == [view.text(f"x.grad[{place}]") for place in range(3)]
    parts = [[number(each) for each in row[1:]] for row in rows if row[0].startswith(("arrives", "+ from"))]
    assert [sum(each) for each in zip(*parts, strict=True)] == pytest.approx(list(map(number, rows[-1][1:])), rel=2e-3)
    view.slider("v[0]").press("ArrowRight", times=7)
    view.wait_text("v[0]", view.text("v[0]"))
    assert said(view)[-1][1:] == [view.text(f"x.grad[{place}]") for place in range(3)]
    view.page.locator('[data-drawer="steps"]').click()
    assert not view.page.locator(".backward-step").count()
    assert not view.page.locator("svg.walking").count()
    assert view.complaints == []


def test_steps_in_a_saved_page(open_lab: Any, view: Any, tmp_path: Path) -> None:
    """The same without a kernel."""
    notebook: NotebookView = open_lab([SETUP, CELL.format("--quiet --step")])
    notebook.run_all()
    page = tmp_path / "steps.html"
    notebook.execute(f"e.save({str(page)!r})")
    view.page.goto(page.as_uri())
    view.wait_for(".backward-step")
    assert walk(view)[0] == "y"
    play = view.page.get_by_role("button", name="play")
    play.click()
    view.page.wait_for_function(
        "() => document.querySelector('.backward-player .backward-where').textContent[0] !== '1'"
    )
    assert view.complaints == []
