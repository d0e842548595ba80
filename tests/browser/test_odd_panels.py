"""Panels of odd shape: no graph, a wide graph, weights of any size, a v that is NaN, tensors without entries."""

from __future__ import annotations

from typing import Any

import pytest

pytestmark = pytest.mark.browser

CELLS = [
    "%load_ext magics_pkg\nimport engine as torch",
    "%%backward --no-graph\na = torch.ones(4, requires_grad=True)\n"
    "(a * 2).backward(torch.tensor([1e-4, 0.00001234, -0.0001234, -4e8]))",
    "%%backward\nb = torch.ones(2, 2, requires_grad=True)\n"
    "y = torch.tanh(b * b * 0.1 + torch.sin(b) * torch.cos(b) - torch.exp(-b) / (1 + b * b))\n"
    "y.backward(torch.ones(2, 2))",
    "%%backward --weights nan\nc = torch.ones(2, requires_grad=True)\ny = (c ** 3).sum()\ny.backward()",
    "%%backward\nd = torch.ones(3, 0, requires_grad=True)\ny = d * 2\ny.backward(torch.ones(3, 0))",
]
CUT = """panel => [...panel.querySelectorAll('.widget-readout, tbody th')]
  .filter(each => each.scrollWidth > each.clientWidth).map(each => each.textContent)"""


def test_odd_panels(open_lab: Any) -> None:
    """Numbers have room, a graph that is not asked for leaves no hole, a wide one the whole width, and NaN is NaN."""
    view = open_lab(CELLS)
    view.page.set_viewport_size({"width": 1280, "height": 2400})
    view.run_all()
    panels = view.page.locator('.backward-panel[data-state="ready"]')
    for place in range(len(CELLS) - 1):
        panels.nth(place).wait_for()
    bare, wide, not_finite, empty = (panels.nth(place) for place in range(4))
    assert bare.evaluate(CUT) == []
    assert bare.locator(".backward-graph").count() == 0
    assert empty.locator("[data-node]").count() == 2

    graph, weights = (wide.locator(each).bounding_box() for each in (".backward-graph", ".backward-weights"))
    assert graph is not None
    assert weights is not None
    assert graph["x"] <= weights["x"] + 1
    assert graph["y"] >= weights["y"] + weights["height"]

    entry = not_finite.locator('.backward-gradients [data-value="c.grad[0]"]')
    assert entry.inner_text() == "nan"
    assert not_finite.get_by_role("slider").count() == 0
    not_finite.get_by_role("button", name="one", exact=True).click()
    not_finite.get_by_role("slider").wait_for()
    assert not_finite.locator('tfoot [data-value="c.grad[0]"]').inner_text() == "3"
    assert view.execute("print(c.grad.tolist())") == "[3.0, 3.0]"
