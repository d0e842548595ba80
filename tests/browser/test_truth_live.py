"""Every number of a live panel in JupyterLab, at random v, against the same program run from scratch, and x.grad.

The truth is worked out in the test's own process, where the cell gives the same cards in the same order.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from IPython.core.interactiveshell import InteractiveShell

from tests import cells
from tests.browser import opened
from tests.browser.page import NotebookView, number
from tests.browser.shown import Shown, Truth, written
from tests.browser.test_truth import PROGRAMS, everything, move
from tests.fresh import Array, Fresh, array

pytestmark = pytest.mark.browser

READY = '.backward-panel[data-state="ready"]'
SETUP = "%load_ext magics_pkg\nimport {0} as torch\nimport {0}.nn as nn\nF = nn.functional"
LIVE = ("product", "sum of paths", "in place", "twice", "hook", "wide", "random 1")


@pytest.fixture(scope="module")
def shell(library: ModuleType) -> Iterator[InteractiveShell]:
    """One IPython for all programs, on each library."""
    with cells.shell(library.__name__) as made:
        made.user_ns["F"] = library.nn.functional
        yield made


@pytest.mark.parametrize("name", LIVE)
def test_every_number(open_lab: Any, shell: InteractiveShell, name: str) -> None:
    """In each part of the panel, at the v of the cell and at two others; the kernel's x.grad is the plain run's."""
    code, shape = PROGRAMS[name]
    library = shell.user_ns["torch"]
    chance = random.Random(name)
    v = np.reshape([round(chance.uniform(-3, 3), 2) for _ in range(int(np.prod(shape)))], shape).tolist()
    cell = "%%backward -o e\ntorch.manual_seed(0)\n" + written(code, v)
    view: NotebookView = open_lab([SETUP.format(library.__name__), cell])
    view.page.set_viewport_size({"width": 1280, "height": 2400})
    view.run_all()
    view.wait_for(READY)
    assert cells.run(shell, cell.replace("-o e", "-o e --quiet")).error is None
    truth = Truth(library, "torch.manual_seed(0)\n" + code, shape, shell.user_ns["e"])
    shown = Shown(view, truth)
    for turn in range(3):
        if turn:
            move(shown, turn)
            settled(view)
        everything(shown, turn)
        if truth.linear:
            paths(shown)
        leaves(shown)
    wrong = list(dict.fromkeys(shown.wrong))
    assert not wrong, "\n".join(wrong[:40])
    assert shown.checked > 20
    assert view.complaints == []


def settled(view: NotebookView) -> None:
    """The kernel has followed, and the page shows its answer."""
    view.settled()


def leaves(shown: Shown) -> None:
    """The user's own tensors in the kernel hold what the plain run leaves in them."""
    names = [each.name for each in shown.truth.session.leaves if each.name.isidentifier()]
    found = json.loads(
        shown.view.execute(f"import json; print(json.dumps([e.grads[each].tolist() for each in {names}]))")
    )  # type: ignore[attr-defined]  # a notebook's
    for name, grad in zip(names, found, strict=True):
        right = shown.truth.fresh.names[name].grad
        np.testing.assert_allclose(grad, array(right), rtol=4 * shown.truth.precision, atol=0, err_msg=name)
        shown.checked += 1


def paths(shown: Shown) -> None:
    """For some entries of the Jacobian: every path there is, with its product; and their sum, which is the entry."""
    opened.choose(shown, "jacobian")
    page = shown.view.page
    many = page.locator(".backward-heat td")
    for place in range(0, min(many.count(), 9), 4):
        cell = many.nth(place)
        title = cell.get_attribute("aria-label") or ""
        cell.click()
        page.locator(".backward-paths .backward-where", has_text="path").wait_for()
        told = [(number(row[0]), [number(each) for each in row[1]]) for row in page.evaluate(ROWS)]
        right, slack = opened.entry_of(shown, title)
        wanted = products_of(shown, title)
        assert len(told) == len(wanted), (title, told, wanted)
        for product, factors in told:
            best = next((each for each in wanted if alike([product, *factors], [each[0], *each[1]], slack)), None)
            assert best is not None, (title, product, factors, wanted)
            wanted.remove(best)
        if told:
            foot = page.locator(".backward-paths tfoot .backward-product").text_content() or ""
            shown.same(foot, right, 64 * slack, f"the sum of the paths of {title}")
        shown.checked += sum(1 + len(factors) for _, factors in told)


ROWS = """() => [...document.querySelectorAll('.backward-paths tbody tr')].map(row => [
  row.querySelector('.backward-product').textContent,
  [...row.querySelectorAll('small')].map(each => each.textContent.replace('×', ''))])"""


def alike(shown: list[float], right: list[float], slack: float) -> bool:
    """Whether numbers of four digits are these."""
    return len(shown) == len(right) and bool(np.allclose(shown, right, rtol=6e-4, atol=slack))


def summed(gradient: Array, shape: tuple[int, ...]) -> Array:
    """What was broadcast, summed: a node that is called by itself leaves that to the engine."""
    while gradient.ndim > len(shape):
        gradient = gradient.sum(0)
    axes = tuple(axis for axis, size in enumerate(shape) if size == 1)
    return np.asarray(gradient.sum(axes, keepdims=True))


def products_of(shown: Shown, title: str) -> list[tuple[float, list[float]]]:
    """The product along each path from one entry of the output to one of a leaf, by running its nodes one by one; and
    what each step multiplies by, where the gradient on the way has one entry other than 0."""
    kept: Fresh = shown.truth.kept
    row, place = opened.weight_of(shown, title), opened.quantity_of(shown, title)
    leaf = shown.truth.pairs[shown.truth.graph.quantities[place[0]].key[1]]
    root = kept.latest.tops[shown.truth.session.weighting.root]
    hot = np.zeros(shown.truth.shape)
    hot.reshape(-1)[row] = 1
    found: list[tuple[float, list[float]]] = []
    pending: list[tuple[Any, Array, float, list[float]]] = [(root, hot, 1.0, [])]
    while pending:
        node, gradient, size, factors = pending.pop()
        if node is leaf and gradient.reshape(-1)[place[1]]:
            entry = float(gradient.reshape(-1)[place[1]])
            found.append((entry, [*factors, entry / size] if size else factors))
        if hasattr(node, "variable"):
            continue
        like = kept.made[node, 0][0]
        gradient = summed(gradient, like.shape)
        only = gradient[gradient != 0]
        if node is not root and size and only.size == 1:
            factors = [*factors, float(only[0]) / size]
        size = float(only[0]) if only.size == 1 else 0.0
        sent = node(shown.truth.library.from_numpy(np.array(gradient, like.dtype).reshape(like.shape)))
        for (following, _), each in zip(
            node.next_functions, sent if isinstance(sent, tuple) else (sent,), strict=False
        ):
            if following is not None and each is not None and np.any(array(each)):
                pending.append((following, array(each), size, factors))
    return found
