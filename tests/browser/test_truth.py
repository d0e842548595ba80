"""Every number in a saved page, at random positions of its sliders, against the same program run from scratch."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from IPython.core.interactiveshell import InteractiveShell

from tests import cells, shown_programs
from tests.browser import opened
from tests.browser.page import View, number
from tests.browser.shown import Shown, Truth, written

pytestmark = pytest.mark.browser

FOLDED = {"folded module": ("network", "--max-nodes 6"), "folded loop": ("loop", "--max-nodes 4")}
PROGRAMS = {
    **shown_programs.programs(),
    **shown_programs.of_the_pages(),
    **{f"random {seed}": shown_programs.random_graph(seed) for seed in range(6)},
}
MOVED = 4  # sliders that are moved at once


@pytest.fixture(scope="module")
def shell(library: ModuleType) -> Iterator[InteractiveShell]:
    """One IPython for all programs, on each library."""
    with cells.shell(library.__name__) as made:
        made.user_ns["F"] = library.nn.functional
        yield made


def opening(
    view: View, shell: InteractiveShell, folder: Path, code: str, shape: tuple[int, ...], seed: int, options: str = ""
) -> Shown:
    """The saved page of a program, written with a random v, and its truth; there is no network."""
    library = shell.user_ns["torch"]
    chance = random.Random(seed)
    v = [round(chance.uniform(-3, 3), 2) for _ in range(int(np.prod(shape)))]
    library.manual_seed(0)
    random.seed(0)
    path = folder / "page.html"
    ran = cells.run(
        shell, f"%%backward -o e --quiet {options} --save {path}\n" + written(code, np.reshape(v, shape).tolist())
    )
    assert ran.error is None, ran.error
    view.context.set_offline(True)
    view.context.route(lambda url: not url.startswith("file:"), lambda route: route.abort())
    view.page.goto(path.as_uri())
    view.wait_for(".backward-grid .backward-drawers")
    return Shown(view, Truth(library, code, shape, shell.user_ns["e"]))


def move(shown: Shown, seed: int) -> None:
    """Type a random number for some of the sliders."""
    chance = random.Random(seed)
    v = shown.truth.v.copy()
    for flat in chance.sample(shown.truth.sliders, min(MOVED, len(shown.truth.sliders))):
        v[flat] = round(
            chance.choice([chance.uniform(-3, 3), chance.uniform(-100, 100), chance.uniform(-1, 1) / 1000]), 6
        )
        name = shown.truth.session.linear.names[shown.truth.sliders.index(flat)]
        readout = shown.view.page.get_by_role("textbox", name=f"{name}, type any number", exact=True)
        readout.fill(repr(float(v[flat])))
        readout.press("Enter")
    shown.view.page.evaluate("() => new Promise(done => (document.activeElement.blur(), setTimeout(done, 20)))")
    shown.truth.move(v)


@pytest.mark.parametrize("name", PROGRAMS)
def test_every_number(view: View, shell: InteractiveShell, tmp_path: Path, name: str) -> None:
    """In each part of the page, at the v of the cell and at others."""
    code, shape = PROGRAMS[name]
    shown = opening(view, shell, tmp_path, code, shape, seed=len(code))
    for turn in range(3 if shown.truth.linear else 1):
        if turn:
            move(shown, turn)
        everything(shown, turn)
    done(shown)


@pytest.mark.parametrize("name", FOLDED)
def test_folded_cards(view: View, shell: InteractiveShell, tmp_path: Path, name: str) -> None:
    """A card that stands for many operations shows what goes in and out of all of them together."""
    program, options = FOLDED[name]
    shown = opening(view, shell, tmp_path, *PROGRAMS[program], seed=5, options=options)
    assert any(card.folded or card.count > 1 for card in shown.truth.graph.nodes)
    for turn in range(2):
        if turn:
            move(shown, turn)
        everything(shown, turn)
    done(shown)


def done(shown: Shown) -> None:
    """Many numbers were checked, all are right, and nobody was asked over the network."""
    wrong = list(dict.fromkeys(shown.wrong))
    assert not wrong, "\n".join(wrong[:40])
    assert shown.checked > 20
    assert shown.view.complaints == []
    assert [each for each in shown.view.requests if not each.startswith(("file:", "data:"))] == []


@pytest.mark.parametrize("name", ["product", "matmul", "two losses", "scalar"])
def test_every_way_to_move(view: View, shell: InteractiveShell, tmp_path: Path, name: str) -> None:
    """Buttons, keys and the mouse: after each the numbers are those of the v that the page then shows."""
    shown = opening(view, shell, tmp_path, *PROGRAMS[name], seed=7)
    shut(shown)
    written, names = shown.truth.v.copy(), shown.truth.session.linear.names
    presets = {"ones": np.ones(written.size), "zeros": np.zeros(written.size), "as written": written}
    presets |= {"one": presets["ones"], "zero": presets["zeros"]}
    for button in view.page.locator("[data-preset]").all():
        preset = button.get_attribute("data-preset") or ""
        button.click()
        found = np.array([number(view.text(each)) for each in names])
        if preset in presets:
            shown.truth.move(presets[preset])
        elif preset.startswith("e"):
            assert sorted(found) == sorted(np.eye(written.size)[0])
            shown.truth.move(found)
        else:
            assert preset == "random"
            shown.truth.move(found)
        shown.check()
    slider = view.slider(names[0])
    moves = (partial(slider.press, "ArrowRight", times=3), partial(slider.press, "PageDown"), partial(slider.drag, 0.8))
    for act in moves:
        act()
        shown.truth.move([number(view.text(each)) for each in names])
        shown.check()
    done(shown)


def test_quiz(view: View, shell: InteractiveShell, tmp_path: Path) -> None:
    """No gradient is in the page before its guess; how far off a guess is, is the truth; in the end all are shown."""
    code, shape = PROGRAMS["product"]
    shown = opening(view, shell, tmp_path, code, shape, seed=3, options="--quiz")
    page, truth = view.page, shown.truth
    moving = page.locator(".backward-panel [data-at]")
    assert set(moving.all_text_contents()) == {"?"}
    names = [f"{leaf}.grad[{place}]" for leaf in "xw" for place in range(3)]
    for turn, name in enumerate(names):
        right = float(truth.fresh.names[name[0]].grad[turn % 3])
        assert (page.locator(".backward-quiz b").first.text_content() or "") == name
        guess = page.locator(".backward-guess input[type=text]")
        for wrong in (right + 1.5, -right * 3):
            guess.fill(repr(wrong))
            guess.press("Enter")
            said = page.locator(".backward-verdict").inner_text()
            off, share = re.findall(r"Off by (\S+), (\S+) %", said)[0]
            shown.same(off, abs(wrong - right), 1e-5 * abs(right), f"off at {name}")
            shown.same(share, 100 * abs(wrong - right) / abs(right), 0.01, f"the share at {name}")
        guess.fill(repr(right))
        guess.press("Enter")
        assert f"{name} = " in page.locator(".backward-verdict").inner_text()
        open_now = {each.get_attribute("data-value") for each in moving.all() if each.text_content() != "?"}
        assert turn == len(names) - 1 or open_now == set(names[: turn + 1])
    shown.check()
    done(shown)


def everything(shown: Shown, turn: int) -> None:
    """The panel with all drawers shut, each drawer gone through, and the sentence of what is pointed at."""
    shut(shown)
    shown.check()
    for each in (opened.steps, opened.jacobian, opened.passes):
        each(shown)
    if turn != 1:  # nothing moves in it but gradients
        opened.inspector(shown)
    point(shown)


def shut(shown: Shown) -> None:
    """Close the drawer that is open."""
    for tab in shown.view.page.locator('.backward-tabs [aria-selected="true"]').all():
        tab.click()


def point(shown: Shown) -> None:
    """The sentence of what is pointed at."""
    for each in shown.view.page.locator(".backward-gradients [data-at]").all()[:5]:
        each.dispatch_event("pointerover")
        shown.sentence()
