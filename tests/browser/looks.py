"""What a panel looks like, measured: texts that are cut off or run over each other, what scrolls, what axe-core finds.

With BACKWARD_SHOTS=folder every state that is looked at leaves a screenshot there.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Locator

from tests import cells
from tests.browser.page import View

X = "x = torch.tensor([0.5, -1.25, 2.0], requires_grad=True)\n"
# Every kind of panel: the magic's options, and the cell.
CELLS: dict[str, tuple[str, str]] = {
    "vector": ("", X + "y = x * 2\ny.backward(torch.tensor([0.1, 1., 10.]))"),
    "tanh": (
        "",
        X + "w = torch.tensor([1.5, 0.25, -0.75], requires_grad=True)\ny = torch.tanh(x * w) + x ** 2 / 3\n"
        "y.backward(torch.tensor([1.0, 0.5, -0.25]))",
    ),
    "steps": ("--step", X + "y = torch.tanh(x) * x\ny.backward(torch.tensor([1.0, 0.5, -0.25]))"),
    "scalar": ("", "x = torch.ones(2, 2, requires_grad=True)\ny = x + 2\nout = (y * y * 3).mean()\nout.backward()"),
    "five": (
        "",
        "a_name = torch.linspace(-1, 1, 5, requires_grad=True)\nsquares = a_name ** 2\n"
        "squares.backward(torch.tensor([0.0001, -1., 10., 12345.678, -0.00012345]))",
    ),
    "matrix": (
        "",
        "torch.manual_seed(0)\nw = torch.randn(12, 20, requires_grad=True)\nb = torch.zeros(12, requires_grad=True)\n"
        "y = torch.relu(torch.randn(20) @ w.T + b)\ny.backward(torch.linspace(-1, 1, 12))",
    ),
    "large": ("", "x = torch.linspace(-2, 2, 500, requires_grad=True)\ny = torch.sin(x)\ny.backward(torch.ones(500))"),
    "network": (
        "",
        "torch.manual_seed(0)\nimport engine.nn as nn\n"
        "net = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 8), nn.Tanh(), nn.Linear(8, 2))\n"
        "loss = nn.functional.mse_loss(net(torch.randn(3, 4)), torch.zeros(3, 2))\nloss.backward()",
    ),
    "inputs": (
        "--inputs",
        X + "w = torch.linspace(-1, 1, 20, requires_grad=True)\ny = torch.tanh(x * w[:3]) + x.detach()\n"
        "y.backward(torch.tensor([1.0, 0.5, -0.25]))",
    ),
    "accumulated": ("", X + "(x * 3).sum().backward()\ny = x * 2\ny.backward(torch.tensor([0.1, 1., 10.]))"),
    "hook": (
        "",
        X + "y = x * x\ny.register_hook(lambda g: g.clamp(-1, 1))\ny.backward(torch.tensor([0.5, 5., -5.]))",
    ),
    "numbers-alone": ("--no-graph", X + "y = x.exp()\ny.backward(torch.ones(3))"),
    "nan": ("", "x = torch.tensor([0., 1., -1.], requires_grad=True)\ny = torch.sqrt(x)\ny.backward(torch.ones(3))"),
    "second": (
        "",
        X + "y = (torch.sin(x) * x).sum()\n(g,) = torch.autograd.grad(y, x, create_graph=True)\n"
        "g.backward(torch.tensor([1.0, 0.5, -0.25]))",
    ),
    "third": (
        "",
        "x = torch.tensor(2., requires_grad=True)\ny = x ** 4\n"
        "(first,) = torch.autograd.grad(y, x, create_graph=True)\n"
        "(second,) = torch.autograd.grad(first, x, create_graph=True)\nsecond.backward()",
    ),
    "quiz": ("--quiz", X + "y = torch.tanh(x) * x\ny.backward(torch.tensor([1.0, 0.5, -0.25]))"),
    "quiz-hook": (
        "--quiz",
        X
        + "h = x * x\nh.register_hook(lambda g: g.clamp(-0.5, 0.5))\ny = torch.tanh(h) + h\ny.backward(torch.ones(3))",
    ),
    "long-names": (
        "",
        "the_learning_rate_of_the_first_layer = torch.tensor([0.5, -1.25, 2.0], requires_grad=True)\n"
        "градиент_функции_потерь = the_learning_rate_of_the_first_layer * 123456.789\n"
        "градиент_функции_потерь.backward(torch.tensor([1e-6, -1., 1e9]))",
    ),
}

# Texts of the picture that stick out of their card or label, by more than a pixel.
STICKING_OUT = """() => [...document.querySelectorAll('[data-node], .label')].flatMap(group => {
  const box = group.querySelector('rect').getBoundingClientRect();
  return [...group.querySelectorAll('text')].filter(text => {
    const own = text.getBoundingClientRect();
    return own.width && (own.left < box.left - 1 || own.right > box.right + 1 || own.top < box.top - 2 ||
      own.bottom > box.bottom + 2);
  }).map(text => text.textContent); })"""
# Pairs of texts in one card or label that run over each other.
COLLIDING = """() => [...document.querySelectorAll('[data-node], .label')].flatMap(group => {
  const boxes = [...group.querySelectorAll('text')].map(text => [text.textContent, text.getBoundingClientRect()]);
  const meet = (p, q) => p.width && q.width &&
    p.left < q.right - 1 && q.left < p.right - 1 && p.top < q.bottom - 5 && q.top < p.bottom - 5;
  return boxes.flatMap(([a, p], i) => boxes.slice(i + 1).filter(([b, q]) => meet(p, q)).map(([b]) => [a, b])); })"""
# Outside of the picture: texts that a box cuts off, that leave the panel, or that run over each other.
TEXTS = """root => {
  const texts = [], walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  for (let node; (node = walker.nextNode()); ) {
    const element = node.parentElement, style = getComputedStyle(element);
    if (!node.data.trim() || element.closest('svg, select') || parseFloat(style.fontSize) < 1) continue;
    if (!element.checkVisibility({checkVisibilityCSS: true})) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    const scrolled = [];
    for (let around = element; around && around !== root; around = around.parentElement)
      if (/auto|scroll|hidden/.test(getComputedStyle(around).overflowY)) scrolled.push(around.getBoundingClientRect());
    for (const box of range.getClientRects())
      if (box.width > 1 && scrolled.every(own => box.top < own.bottom - 4 && box.bottom > own.top + 4)) {
        const left = Math.max(box.left, ...scrolled.map(own => own.left));
        const right = Math.min(box.right, ...scrolled.map(own => own.right));
        texts.push({text: node.data.trim(), box, element, seen: {left, right, top: box.top, bottom: box.bottom}});
      }
  }
  return texts; }"""
CUT_OFF = f"""root => {{
  const panel = root.getBoundingClientRect(), found = [];
  for (const {{text, box, element}} of ({TEXTS})(root)) {{
    if (element.closest('pre')) continue;
    if (box.left < panel.left - 1 || box.right > panel.right + 1) found.push(`${{text}} leaves the panel`);
    for (let around = element; around && around !== root; around = around.parentElement) {{
      const style = getComputedStyle(around), own = around.getBoundingClientRect();
      if (style.overflowX === 'visible' || style.display === 'inline') continue;
      if (box.right > own.right + 1 || box.left < own.left - 1)
        found.push(`${{text}} is cut off by ${{around.className || around.tagName}}`);
    }}
  }}
  return found; }}"""
COVERED = f"""root => {{
  const texts = ({TEXTS})(root);
  const meet = (p, q) => p.left < q.right - 1 && q.left < p.right - 1 && p.top < q.bottom - 4 && q.top < p.bottom - 4;
  const other = a => b => a.element !== b.element && meet(a.seen, b.seen);
  return texts.flatMap((a, i) => texts.slice(i + 1).filter(other(a)).map(b => [a.text, b.text])); }}"""
SCROLLS = "root => [root, root.querySelector('.backward-grid')].some(each => each.scrollWidth > each.clientWidth + 1)"
AXE = {
    "resultTypes": ["violations"],
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]},
}
# However little axe-core is asked about, it measures all of the page, beside thirty panels for two seconds: so the
# other cells leave it meanwhile. JupyterLab's body has no height, and what is outside of it axe-core takes for hidden.
RUN_AXE = """async ([which, options, alone]) => {
  const cell = alone && document.querySelector(which).closest('.jp-Cell'), away = [];
  for (const other of cell ? [...cell.parentElement.children] : [])
    if (other !== cell) {
      const place = document.createComment('');
      other.replaceWith(place);
      away.push([place, other]);
    }
  document.body.style.minHeight = '100vh';
  try { return (await axe.run(which, options)).violations; }
  finally {
    document.body.style.minHeight = '';
    for (const [place, other] of away) place.replaceWith(other);
  } }"""


def save_pages(folder: Path) -> dict[str, Path]:
    """A saved page for each kind of panel."""
    with cells.shell() as shell:
        for name, (options, cell) in CELLS.items():
            ran = cells.run(shell, f"%%backward {options} --quiet --save {folder}/{name}.html\n{cell}")
            assert ran.error is None, (name, ran)
            assert (folder / f"{name}.html").exists(), (name, ran)
    return {name: folder / f"{name}.html" for name in CELLS}


def ugly(view: View, which: str = ".backward-panel") -> dict[str, list[Any]]:
    """What is wrong with the texts of one panel, the page's first."""
    panel = view.page.locator(which).first
    found = {
        "cut off": panel.evaluate(CUT_OFF),
        "covered": panel.evaluate(COVERED),
        "out of a card": view.page.evaluate(STICKING_OUT),
        "over each other in a card": view.page.evaluate(COLLIDING),
        "scrolls": ["the panel"] if panel.evaluate(SCROLLS) else [],
    }
    return {what: which for what, which in found.items() if which}


def unreadable(view: View, which: str = ".backward-panel", *, alone: bool = True) -> list[str]:
    """What axe-core finds serious or critical inside the page's panels, or one of them, ``alone`` in the page."""
    if not view.page.evaluate("() => 'axe' in window"):
        view.page.evaluate(AXE_SCRIPT)
    # of all panels at once it is asked what they do to each other: the room around a slider is each one's own, and is
    # asked of each by itself
    asked = AXE if alone else {**AXE, "rules": {"target-size": {"enabled": False}}}
    return [
        f"{each['id']} ({each['impact']}): {node['html'][:160]} {node['failureSummary'][:300]}"
        for each in view.page.evaluate(RUN_AXE, [which, asked, alone])
        if each["impact"] in ("serious", "critical")
        for node in each["nodes"][:4]
    ]


def shoot(what: View | Locator, name: str) -> None:
    """Leave a screenshot in the folder that BACKWARD_SHOTS names."""
    folder = os.environ.get("BACKWARD_SHOTS")
    if not folder:
        return
    path = Path(folder) / f"{name}.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(what, View):
        what.page.screenshot(path=path, full_page=True)
    else:
        what.screenshot(path=path)
