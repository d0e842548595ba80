"""The numbers of each drawer, one after the other as a person goes through it, held against the truth."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from magics_pkg import words
from tests.browser.shown import Shown, Truth
from tests.fresh import Array, array

Item = dict[str, Any]
ASKING = words.labels()["asking"]
LEAF = re.compile(r"^(\S+?)\.grad |^returned for (\S+)$")
ROUNDED = 5e-5  # of a number in a saved page, which has five digits of it


def choose(shown: Shown, name: str) -> bool:
    """Open a drawer, if the panel has it."""
    tab = shown.view.page.locator(f'[data-drawer="{name}"]')
    if not tab.count() or not tab.is_visible():
        return False
    if tab.get_attribute("aria-selected") != "true":
        tab.click()
    return True


# ---------------------------------------------------------------- steps
def steps(shown: Shown) -> None:
    """Every step: each gradient in and out, their sums, what was held; and the order is that of the plain run."""
    if not choose(shown, "steps"):
        return
    page, truth = shown.view.page, shown.truth
    order = page.evaluate(ORDER)
    ran = [truth.pairs[key[1]] for key in map(key_of(truth), order) if key[0] == "node"]
    places = {node: place for place, node in enumerate(truth.kept.latest.arrived)}
    turns = [places[node] for node in ran if node in places]
    if turns != sorted(turns):
        shown.wrong.append(f"steps in the order {turns} of the plain run's")
    for turn in range(len(order)):
        shown.check(step(shown, order[turn]))
        if turn + 1 < len(order):
            page.get_by_role("button", name="step forward").click()


ORDER = """() => { const bar = document.querySelector('.backward-player input'), ids = [];
  for (let place = 0; place <= Number(bar.max); place++) {
    bar.value = place; bar.dispatchEvent(new Event('input'));
    ids.push(document.querySelector('[data-node].now')?.dataset.node ?? ''); }
  bar.value = 0; bar.dispatchEvent(new Event('input'));
  return ids; }"""


def key_of(truth: Truth) -> Any:
    """The key behind a card's gradient."""

    def key(card: str) -> tuple[Any, ...]:
        found = next((each for each in truth.graph.nodes if each.id == card), None)
        return ("",) if found is None or found.grad is None else truth.graph.quantities[found.grad].key

    return key


def step(shown: Shown, card: str) -> Any:
    """What one step says beside the numbers that move."""
    held = None
    key = key_of(shown.truth)(card)
    if key[0] == "leaf":
        held = shown.truth.fresh.latest.before[shown.truth.beside(shown.truth.fresh)[key[1]]]

    def known(item: Item) -> bool:
        around = item["around"]
        if "backward-player" in around:
            return True  # 3 / 7
        if "backward-step-title" in around or "th" in around:
            return True  # names
        if item["label"] in ("held", "held before") and held is not None:
            numbers = item["text"].removesuffix(" …").split()
            for text, right in zip(numbers, held.reshape(-1), strict=False):
                shown.same(text, float(right), 0, "held")
            return True
        return False

    return known


# ---------------------------------------------------------------- inspector
def inspector(shown: Shown) -> None:
    """Every card looked into."""
    if not choose(shown, "inspect"):
        return
    page = shown.view.page
    for card in shown.truth.graph.nodes:
        if card.repeat_of is not None:
            continue
        page.locator(f'[data-node="{card.id}"] .card').dispatch_event("click")
        if page.locator(".backward-inside > table").count() == 0:
            shown.wrong.append(f"{card.name or card.source} is not looked into")
            continue
        page.wait_for_function(f"() => !document.querySelector('.backward-inside').textContent.includes('{ASKING}')")
        looked = Looked(shown, card)
        shown.check(looked.known)
        looked.strips()
        page.keyboard.press("Escape")


class Looked:
    """One card in the inspector."""

    def __init__(self, shown: Shown, card: Any) -> None:
        self.shown, self.truth, self.card = shown, shown.truth, card
        self.inputs = [each for each in self.truth.graph.edges if each.head == card.id and each.grad is not None]
        node = self.truth.kept_node(card)
        if node is not None and card.count > 1:  # of a loop's rounds the last
            keys = [(each, self.quantity(each).key) for each in self.inputs]
            self.inputs = [each for each, key in keys if self.truth.pairs.get(key[1]) is node[0]]

    def known(self, item: Item) -> bool:
        """Whether a text of the inspector is right, by the label of its row."""
        around, text = item["around"], item["text"]
        if "backward-source" in around or "backward-step-title" in around:
            return True
        outer = item["outer"]
        if "th" in around:
            return True
        if outer == "tensor":
            return self.tensor(text)
        if outer == "value":
            return self.entry(item, self.truth.value(self.card), "value")
        if outer.startswith("by "):
            return self.entry(
                item, self.local(outer.removeprefix("by "), item["turn"], item["count"]), f"derivative {outer}"
            )
        if outer == "version":
            return self.version(text)
        if outer == "saved":
            return self.saved(text, "code" in around)
        if outer == "note":
            return self.shown.listed(text)
        if outer == "gradient":
            return bool(re.fullmatch(r"the first \d+ of \d+ entries.*", text)) or "backward-legend" in around
        return outer in ("hooks", "local derivative", "")

    def tensor(self, text: str) -> bool:
        """Shape and dtype."""
        value = self.truth.value(self.card)
        if value is not None:
            sizes = "(" + ", ".join(map(str, value.shape)) + ("," if value.ndim == 1 else "") + ")"
            assert text.strip() in (sizes, str(value.dtype)), (text, sizes, value.dtype)
            self.shown.checked += 1
        return True

    def entry(self, item: Item, right: Array | None, what: str) -> bool:
        """One number of a grid."""
        if "backward-legend" in item["around"] or "backward-where" in item["around"]:
            return True  # checked with its strip
        if right is None:
            self.shown.wrong.append(f"{what} of {self.card.name or self.card.source} is not known from a plain run")
            return True
        flat = right.reshape(-1).astype(np.float64)
        wanted = float(flat[item["nth_cell"]])
        slack = 64 * self.truth.precision * float(np.abs(flat).max(initial=0)) + ROUNDED * abs(wanted)
        return self.shown.same(item["text"], wanted, slack, f"{what} of {self.card.name or self.card.source}")

    def local(self, name: str, turn: int, count: int) -> Array | None:
        """The local derivative by one input; as its diagonal where it has nothing else, and no more is shown."""
        node = self.truth.kept_node(self.card)
        names = {
            each.id: " ".join((each.name or each.source or each.symbol).split()) for each in self.truth.graph.nodes
        }
        edges = [each for each in self.inputs if names[each.tail] == name]
        if node is None or turn >= len(edges):
            return None
        grad = edges[turn].grad  # x * x has a row for each
        assert grad is not None
        key = self.truth.graph.quantities[grad].key
        ways = [(self.truth.pairs[each[1]], each[2]) for each in (key[1:] if key[0] == "sum" else (key,))]
        whole = self.truth.kept.derivative(*node, ways)
        diagonal = whole.shape[0] == whole.shape[1] and not np.any(
            np.nan_to_num(whole[~np.eye(len(whole), dtype=bool)])
        )  # 0 × inf
        return np.diagonal(whole) if diagonal and count <= whole.shape[0] else whole

    def quantity(self, edge: Any) -> Any:
        """The gradient on an edge."""
        return self.truth.graph.quantities[edge.grad]

    def version(self, text: str) -> bool:
        """How often the tensor was written over."""
        node = self.truth.kept_node(self.card)
        assert node is not None
        tensor = node[0].variable if hasattr(node[0], "variable") else self.truth.kept.tensors[node]
        assert int(text.split(" ")[0].rstrip(",")) == tensor._version, (self.card.name, text, tensor._version)
        self.shown.checked += 1
        return True

    def saved(self, text: str, name: bool) -> bool:
        """What the library's node says that it saved: names as its attributes, shapes and dtypes as their tensors."""
        found = []
        for node in self.truth.pairs.values():
            own = [getattr(node, each, None) for each in dir(node) if each.startswith("_saved_")]
            for kept in (*own, *getattr(node, "saved_tensors", ())):
                if hasattr(kept, "detach"):
                    shape = "(" + ", ".join(map(str, kept.shape)) + ("," if kept.dim() == 1 else "") + ")"
                    found.append(f"{shape} {str(kept.dtype).rpartition('.')[2]}")
        names = {node.name() for node in self.truth.pairs.values()}
        assert name or text.strip() in names or text.strip() in found, (self.card.name, text, found)
        self.shown.checked += 1
        return True

    def strips(self) -> None:
        """The title of each heat strip: how many entries, from where to where; and the number pointed at."""
        for strip in self.shown.view.page.locator(".backward-drawer .backward-heat-strip .backward-strip").all():
            said = strip.get_attribute("aria-label") or ""
            found = re.match(r"(.*): (\d+) entries from (\S+) to (\S+);", said)
            assert found, said
            name, count = found.group(1), int(found.group(2))
            right = self.whole(name)
            if right is None:
                self.shown.wrong.append(f"nobody knows the strip of {name}")
                continue
            strip.focus()
            for key in ("End", "Home"):
                strip.press(key)
                text = strip.locator("xpath=..").locator(".backward-legend > .backward-where").text_content() or ""
                index = re.search(r"\[([\d, ]+)\] = (\S+)$", text)
                assert index, text
                at = tuple(map(int, index.group(1).split(",")))
                self.shown.same(
                    index.group(2), float(right[at]), ROUNDED * abs(float(right[at])), f"{name}{at} in a strip"
                )
            if count == right.size:
                for text, best in zip(found.groups()[2:], (right.min(), right.max()), strict=True):
                    self.shown.same(text, float(best), ROUNDED * abs(float(best)), f"the range of {name}")

    def whole(self, name: str) -> Array | None:
        """The tensor that a strip is about, by the name that it has there."""
        if name.startswith("∂/∂"):
            found = self.local(name.removeprefix("∂/∂"), 0, 0)
            if found is not None and found.ndim == 2 and found.shape[0] == 1:
                return found.reshape(
                    next(q.shape for q in map(self.quantity, self.inputs) if np.prod(q.shape) == found.size)
                )
            return None if found is None else found.reshape(self.card.shape)
        if name.endswith(".grad"):
            place = self.shown.quantity(name)
            return self.truth.whole[place].reshape(self.truth.graph.quantities[place].shape)
        return self.truth.value(self.card)


# ---------------------------------------------------------------- Jacobian
def jacobian(shown: Shown) -> None:
    """Every entry of every leaf's matrix, and what is said of the one that is pointed at."""
    if not choose(shown, "jacobian"):
        return
    page, truth = shown.view.page, shown.truth
    leaves = page.locator(".backward-jacobian .backward-bar .backward-buttons button")
    for turn in range(max(leaves.count(), 1)):
        if leaves.count():
            leaves.nth(turn).click()

        def known(item: Item) -> bool:
            around = item["around"]
            if "thead" in around or "th" in around or "backward-bar" in around or "backward-where" in around:
                return True
            if item["cell"]:
                return shown.same(item["text"], *entry_of(shown, item["cell"]), item["cell"])
            return bool({"backward-told", "backward-paths"} & set(around))

        shown.check(known)
        for cell in page.locator(".backward-heat td").all()[:6]:
            cell.dispatch_event("pointerenter")
            text = page.locator(".backward-told").text_content() or ""
            found = re.match(r"(.*) = (\S+), times v: (\S+)$", text)
            assert found, text
            right, slack = entry_of(shown, found.group(1))
            shown.same(found.group(2), right, slack, found.group(1))
            row = weight_of(shown, found.group(1))
            shown.same(
                found.group(3), right * truth.v[row], slack * (1 + abs(truth.v[row])), f"{found.group(1)} times v"
            )


def weight_of(shown: Shown, title: str) -> int:
    """The flat index of the row of ∂y[1]/∂x[0]."""
    index = re.search(r"\[([\d, ]+)\]/∂", title)
    shape = shown.truth.shape
    return int(np.ravel_multi_index(tuple(map(int, index.group(1).split(","))), shape)) if index and shape else 0


def entry_of(shown: Shown, title: str) -> tuple[float, float]:
    """What ∂y[1]/∂x[0] must be, and how exactly."""
    quantity, flat = quantity_of(shown, title)
    return shown.row(weight_of(shown, title), quantity, flat), shown.truth.slack[quantity]


def quantity_of(shown: Shown, title: str) -> tuple[int, int]:
    """The quantity, and the flat index, of the column of ∂y[1]/∂x[0]."""
    name = title.split("/∂", 1)[1]
    index = re.search(r"\[([\d, ]+)\]$", name)
    quantity = shown.quantity((name[: index.start()] if index else name) + ".grad")
    shape = shown.truth.graph.quantities[quantity].shape
    places = tuple(map(int, index.group(1).split(","))) if index and shape else ()
    return quantity, int(np.ravel_multi_index(places, shape)) if places else 0


# ---------------------------------------------------------------- passes
def passes(shown: Shown) -> None:
    """What each call added, and what was there before and after it: as the cell was written."""
    if not choose(shown, "passes"):
        return
    calls = [each for each in shown.truth.kept.passes if not each.failed]
    rows = shown.view.page.locator(".backward-pass")
    assert rows.count() == len(calls), (rows.count(), len(calls))
    for row, call in zip(rows.all(), calls, strict=True):
        row.click()
        shown.check(told(shown, call))


def told(shown: Shown, call: Any) -> Any:
    """The numbers of one call: those of the others are checked when they are chosen."""

    def gradients(name: str) -> dict[str, Array | None]:
        wanted = shown.truth.kept.names[name]
        if call.kind == "grad":
            return {
                "added": next(array(got) for each, got in zip(call.wanted, call.given, strict=True) if each is wanted)
            }
        node = next(each for each in call.after if each.variable is wanted)
        before, after = call.before[node], call.after[node]
        assert after is not None
        return {"held": before, "added": after if before is None else after - before, "left": after}

    def known(item: Item) -> bool:
        around, label = item["around"], item["label"]
        if "th" in around or "code" in around or "backward-between" in around or "backward-where" in around:
            return True
        if "backward-passes" in around:
            right = gradients(item["head"].removeprefix("to ").removesuffix(".grad"))["added"]
            texts = [""] * item["entry"] + [item["text"]] if item["chosen"] else []
        else:
            name = next(each.group(1) or each.group(2) for each in map(LEAF.search, item["side"]) if each)
            kind = "held" if label.endswith("held") else "left" if label.startswith("= ") else "added"
            right, texts = gradients(name)[kind], [""] * item["entry"] + [item["text"]]
        assert right is not None, label
        for text, wanted in zip(texts, right.reshape(-1), strict=False):
            if text:
                shown.same(text, float(wanted), 1e-6 * float(np.abs(right).max()), f"{label} in passes")
        return True

    return known
