"""While a slider is dragged: at most one change of the document for each frame, and none that changes nothing."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest

from tests.browser.page import NotebookView, number

pytestmark = pytest.mark.browser

CELL = """%%backward {} -o e
x = torch.tensor([0.5, -1.25, 2.0], requires_grad=True)
w = torch.tensor([1.5, 0.25, -0.75], requires_grad=True)
y = torch.tanh(x * w) + x ** 2 / 3
y.sum().backward(retain_graph=True)
y.backward(torch.tensor([1.0, 0.5, -0.25]))"""
# What the page's numbers, edges and colours become, by frame; who writes a text that stands there already is noted.
WATCH = """() => {
  const found = (window.__smooth = {frames: [], idle: [], now: 0, on: true});
  const step = () => { found.now += 1; if (found.on) requestAnimationFrame(step); };
  requestAnimationFrame(step);
  found.observer = new MutationObserver(records => {
    const last = new Map();  // a record has what was there before it; after the last one stands what is there now
    for (const record of [...records].reverse()) {
      const {target, type, attributeName, oldValue, removedNodes, addedNodes} = record;
      if (type === 'childList') {
        const [before, after] = [removedNodes, addedNodes].map(all => [...all].map(each => each.textContent).join(''));
        if (before === after) found.idle.push(`children of ${target.outerHTML.slice(0, 120)}`);
        continue;
      }
      const key = attributeName ?? 'text';
      if (!last.has(target)) last.set(target, {});
      const after = last.get(target);
      const now = key in after ? after[key] : attributeName ? target.getAttribute(attributeName) : target.data;
      const around = (target.parentElement ?? target).closest?.('[data-value], [data-edge], [data-at], [class]');
      if (now === oldValue) found.idle.push(`${key} ${now} of ${around?.outerHTML.slice(0, 120)}`);
      after[key] = oldValue;
    }
    found.frames.push(found.now);
  });
  const options = {subtree: true, characterData: true, characterDataOldValue: true, childList: true,
    attributes: true, attributeOldValue: true};
  found.observer.observe(document.querySelector('.backward-view'), options);
}"""
STOP = "() => { __smooth.on = false; __smooth.observer.disconnect(); return [__smooth.frames, __smooth.idle]; }"


@pytest.mark.parametrize("drawer", ["", "inspect", "steps", "passes", "jacobian", "quiz"])
def test_one_change_for_each_frame(open_lab: Any, library: ModuleType, drawer: str) -> None:
    """With nothing and with each drawer open, the quiz's too; the texts keep up with the pointer."""
    setup = f"%load_ext magics_pkg\nimport {library.__name__} as torch"
    view: NotebookView = open_lab([setup, CELL.format("--quiz" if drawer == "quiz" else "")])
    view.run_all()
    view.settled()
    if drawer and drawer != "quiz":  # which is open from the start
        view.page.locator(f'[data-drawer="{drawer}"]').click()
    if drawer == "inspect":
        view.page.locator("[data-node].leaf .name").first.click()
        view.page.locator(".backward-inside [data-at]").first.wait_for()
    slider = view.slider("v[0]")
    slider.drag(0.9)
    view.settled()
    view.page.evaluate(WATCH)
    slider.drag(0.1, seconds=0.7)
    view.settled()
    frames, idle = view.page.evaluate(STOP)
    assert len(frames) > 5
    assert len(frames) - len(set(frames)) <= 2  # where the kernel corrects a last digit in the same frame
    assert idle == []
    if drawer != "quiz":
        right = float(view.execute("print(float(x.grad[0]))"))
        assert number(view.text("x.grad[0]")) == pytest.approx(right, rel=6e-4)
