"""`%%backward --compare` as a reader meets it: a table under the panel, the wrong operation first, in colour."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest

pytestmark = pytest.mark.browser

SETUP = "%load_ext magics_pkg\nimport engine as torch"
# An exp that is 1 % too large, in the library that the cell does not use
WRONG = "import torch as other\nright = other.Tensor.exp\nother.Tensor.exp = lambda x: right(x) * 1.01"
CELL = """%%backward --compare
x = torch.tensor([0.5, -1.25, 2.0], requires_grad=True)
y = x.exp() * len("<i>123</i>") + x ** 2
y.backward(torch.tensor([1.0, 0.5, -0.25]))"""
COLOUR = "cell => getComputedStyle(cell).color"


def test_table(open_alone: Any) -> None:
    """The sentence, then a row for each operation and gradient: what differs first and in another colour."""
    view = open_alone([SETUP, WRONG, CELL])
    view.run_all()
    view.wait_for('.backward-panel[data-state="ready"]')
    table = view.wait_for(".backward-compare")
    sentence = table.locator("p").first.inner_text()
    assert sentence.startswith("4 operations and 1 gradient on engine 2.13.0+numpy and torch 2.13.0")
    assert "2 differ by more than rounding, the largest difference is" in sentence

    rows = table.locator("tbody tr")
    told = [row.split("\t") for row in rows.all_inner_texts()]
    assert told[0][:2] == ["3", "x.exp()"]
    assert told[0][-1].startswith("differs by at most 0.07")
    assert told[1][:2] == ["4", "x.grad"]
    assert 'x.exp() * len("<i>123</i>")' in [each[1] for each in told]  # text, not markup
    assert table.locator("i").count() == 0
    assert told[-1][1:] == ["x ** 2", "pow", "float32 (3,)", "same to the bit"]

    first, last = rows.first.locator("td").last, rows.last.locator("td").last
    assert first.evaluate(COLOUR) != last.evaluate(COLOUR)
    panel, below = view.page.locator(".backward-panel").bounding_box(), table.bounding_box()
    assert below["y"] >= panel["y"] + panel["height"]
    assert below["width"] >= 0.9 * panel["width"]


def test_without_a_difference(open_lab: Any, library: ModuleType) -> None:
    """Where all is equal the sentence says so, and no row stands out; sliders work as ever."""
    cell = "%%backward --compare\nx = torch.ones(3, requires_grad=True)\ny = x * 2\ny.backward(torch.ones(3))"
    view = open_lab([f"%load_ext magics_pkg\nimport {library.__name__} as torch", cell])
    view.run_all()
    table = view.wait_for(".backward-compare")
    assert "all equal to the bit" in table.locator("p").first.inner_text()
    statuses = table.locator("tbody tr").evaluate_all("rows => rows.map(row => row.dataset.status)")
    assert set(statuses) == {"same"}
    view.slider("v[0]").drag(0.9)
    view.settled()
    assert view.execute("print(float(x.grad[0]) != 2)") == "True"
