"""Every number that a panel shows, found in the page by itself, each held against a run of the program from scratch.

A text with a digit in it that no rule here knows is reported too: a number that is new in the panel must be checked.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from magics_pkg.style.format import MINUS, number
from tests.browser.page import View
from tests.browser.page import number as read
from tests.fresh import Array, Fresh, alike, array, top

# Each text of the panel with a digit, nan or inf in it, and where it stands.
TEXTS = r"""within => {
  const panel = document.querySelector('.backward-panel'), found = [];
  const walker = document.createTreeWalker(document.querySelector(within), NodeFilter.SHOW_TEXT);
  const say = (element) => element?.querySelector(':scope > th')?.textContent ?? '';
  const inside = (element, cell) => { // of a drawer
    const outer = element.closest('.backward-inside > table > tr'), label = say(outer), grid = element.closest('table');
    // a row without a label belongs to the last with one
    const rows = outer ? [...outer.parentElement.children] : [], place = rows.indexOf(outer);
    const first = rows.slice(0, place + 1).findLast((each) => say(each));
    const alike = rows.filter((each) => say(each) === label), passes = element.closest('.backward-passes');
    const side = element.closest('.backward-side table')?.querySelectorAll('th') ?? [];
    return {
      outer: say(first), turn: alike.indexOf(outer), count: grid?.querySelectorAll('td').length ?? 0,
      nth_cell: grid && cell ? [...grid.querySelectorAll('td')].indexOf(cell) : -1,
      head: passes && cell ? passes.querySelectorAll('thead th')[cell.cellIndex]?.textContent ?? '' : '',
      chosen: cell?.closest('tr').getAttribute('aria-selected') === 'true',
      side: [...side].map((each) => each.textContent),
      entry: [...(cell?.querySelectorAll('.backward-entry') ?? [])].indexOf(element),
    };
  };
  const place = (value) => (value === undefined ? null : Number(value));
  for (let node; (node = walker.nextNode()); ) {
    const element = node.parentElement, around = [];
    if (!/\d|nan|inf\b/.test(node.data) || element.closest('script, style')) continue;
    for (let each = element; each && each !== panel; each = each.parentElement)
      around.push(each.tagName.toLowerCase(), ...each.classList);
    const row = element.closest('tr'), cell = element.closest('td, th'), card = element.closest('[data-node]');
    const same = card ? [...card.querySelectorAll('.number.value')] : [];
    found.push({
      text: node.data, around, name: element.closest('[data-value]')?.dataset.value ?? null,
      at: place(element.closest('[data-at]')?.dataset.at),
      weight: place(element.closest('[data-weight]')?.dataset.weight),
      card: card?.dataset.node ?? null, nth: same.indexOf(element), y: same.map(each => each.getAttribute('y')),
      row: row?.dataset.row ?? null, label: row?.querySelector('th')?.textContent ?? '',
      column: cell ? cell.cellIndex : -1, line: row ? [...row.parentElement.children].indexOf(row) : -1,
      part: element.closest('section[aria-label]')?.getAttribute('aria-label') ?? '',
      cell: cell?.getAttribute('aria-label') ?? null, ...inside(element, cell),
    });
  }
  return found; }"""
# Names, code, types and places: their digits are those of the program's own text.
NAMES = {
    "backward-label", "backward-symbols", "backward-formula", "desc", "title", "name", "symbol", "code", "group-name",
    "backward-source", "button", "option", "backward-rule", "backward-way", "backward-spelled", "widget-label",
}  # fmt: skip
LISTS = re.compile(r"(?<![\w)\]])\[([^\[\]]*)\]")  # not an index


def written(code: str, v: Any) -> str:
    """The program with this v: `{v}` is a tensor of it, `{V}` one of float64."""
    return code.replace("{v}", f"torch.tensor({v})").replace("{V}", f"torch.tensor({v}, dtype=torch.float64)")


class Truth:
    """What the numbers of one panel must be: its program run from scratch, at each v that is asked for."""

    def __init__(self, library: Any, code: str, shape: Sequence[int], explored: Any) -> None:
        self.library, self.code, self.shape = library, code, tuple(shape)
        self.graph, self.session = explored.graph, explored._live
        self.sliders = self.session.linear.weights
        self.linear = self.session.linear.linear
        self.kept = self.run(self.session.weighting.v, keep=True)
        self.pairs = self.beside(self.kept)
        size = int(np.prod(self.shape))
        self.rows: dict[int, list[Array]] = {}
        rest = self.added(self.run(np.zeros(size))) if self.linear else []  # what the call's other outputs bring
        for flat in self.sliders if self.linear else ():
            hot = np.zeros(size)
            hot[flat] = 1
            self.rows[flat] = [own - other for own, other in zip(self.added(self.run(hot)), rest, strict=True)]
        kinds = [self.session.weighting.v, *self.kept.latest.values.values()]
        self.precision = max(float(np.finfo(each.dtype).eps) for each in kinds)
        self.move(self.session.weighting.v)

    def run(self, v: Any, keep: bool = False) -> Fresh:
        """The program with this v, from scratch."""
        numbers = np.asarray(v, dtype=np.float64).reshape(self.shape).tolist()
        made = Fresh(self.library, written(self.code, numbers), keep=keep)
        assert made.error is None, made.error
        return made

    def beside(self, fresh: Fresh) -> dict[Any, Any]:
        """By each node of the panel's graph, the one of a run: the two programs are one."""
        return alike([top(each) for each in self.session.snapshot._outputs], fresh.latest.tops)

    def move(self, v: Any) -> None:
        """The panel's sliders stand here now."""
        self.v = np.asarray(v, dtype=np.float64).reshape(-1)
        self.fresh = self.run(self.v)
        kinds = [each.key[0] == "leaf" for each in self.graph.quantities]
        self.parts = self.added(self.fresh)
        self.whole = [
            self.left(self.fresh, q.key) if leaf else own
            for q, leaf, own in zip(self.graph.quantities, kinds, self.parts, strict=True)
        ]
        # rounding is relative to what was added up, which may cancel
        self.slack = [
            16 * self.precision * (np.abs(whole).max(initial=0) + sum(
                abs(self.v[flat]) * np.abs(rows[place]).max(initial=0) for flat, rows in self.rows.items()
            ))
            for place, whole in enumerate(self.whole)
        ]  # fmt: skip
        self.places = [(place, flat) for place, q in enumerate(self.graph.quantities) for flat in q.indices]

    # ---------------------------------------------------------------- of one run
    def added(self, fresh: Fresh) -> list[Array]:
        """What one run's call brought to each quantity of the graph."""
        pairs = self.beside(fresh)
        return [
            np.broadcast_to(self.brought(fresh, pairs, q.key), int(np.prod(q.shape))) for q in self.graph.quantities
        ]

    def brought(self, fresh: Fresh, pairs: dict[Any, Any], key: tuple[Any, ...]) -> Array:
        """What the hooks saw at one place, flat; zeros where nothing came by."""
        kind, *rest = key
        if kind == "sum":
            return np.asarray(sum(self.brought(fresh, pairs, each) for each in rest))
        if kind == "all":
            parts = [np.broadcast_to(self.brought(fresh, pairs, each), size) for each, size in rest]
            return np.concatenate(parts) if parts else np.zeros(0)
        done, node = fresh.latest, pairs[rest[0]]
        if kind == "leaf" and done.kind == "grad":
            return np.full(1, np.nan)
        seen = (done.sent if kind == "edge" else done.arrived).get(node, ())
        place = rest[1] if kind != "leaf" else 0
        found = seen[place] if place < len(seen) else None
        return np.zeros(1) if found is None else found.reshape(-1).astype(np.float64)

    def left(self, fresh: Fresh, key: tuple[Any, ...]) -> Array:
        """What the call left in a leaf's `.grad`."""
        pairs = self.beside(fresh)
        found = fresh.latest.after[pairs[key[1]]]
        return np.zeros(1) if found is None else found.reshape(-1).astype(np.float64)

    def value(self, card: Any) -> Array | None:
        """What a card's tensor held when it was made."""
        key = self.graph.quantities[card.grad].key if card.grad is not None else ("",)
        if key[0] == "all":  # the parameters of a folded module
            return np.concatenate([self.kept.latest.values[self.pairs[each[1]]].reshape(-1) for each, _ in key[1:]])
        node = self.kept_node(card)
        if node is None:
            return self.data(card)
        if hasattr(node[0], "variable"):
            return self.kept.latest.values[node[0]]
        made = self.kept.made.get(node)
        return None if made is None else made[0]

    def data(self, card: Any) -> Array | None:
        """Of what no pass comes to: the tensor of this name, else that of the program's own which is nearest."""
        named = self.kept.names.get(card.name)
        if hasattr(named, "detach"):
            return array(named)
        shown = np.array([float(each) for _, each in card.value.entries])
        made = [each for each, _ in self.kept.made.values()]  # a first graph's, under a second one
        known = [each for each in (*self.kept.data, *made) if each.shape == tuple(card.shape)]
        return min(known, key=lambda each: float(np.abs(each.reshape(-1)[: shown.size] - shown).sum()), default=None)

    def kept_node(self, card: Any) -> tuple[Any, int] | None:
        """The node of the kept run, and which output, that a card is about."""
        key = self.graph.quantities[card.grad].key if card.grad is not None else ("",)
        return (self.pairs[key[1]], key[2] if len(key) > 2 else 0) if key[0] in ("node", "leaf") else None


class Shown:
    """Checks every number in a page against a Truth; what is wrong is collected in ``wrong``."""

    def __init__(self, view: View, truth: Truth) -> None:
        self.view, self.truth = view, truth
        self.wrong: list[str] = []
        self.checked = 0
        self.cards = {each.id: each for each in truth.graph.nodes}

    def check(self, drawer: Callable[[dict[str, Any]], bool] | None = None) -> None:
        """Each number that is in the page now, or in the open drawer, of which ``drawer`` says whether it knows one."""
        for item in self.view.page.evaluate(TEXTS, ".backward-drawer" if drawer else ".backward-panel"):
            around = item["around"]
            try:
                known = self.moving(item) or self.card(item) or self.table(item) or self.said(item)
                known = known or (drawer is not None and drawer(item))
            except Exception as error:
                known = False
                self.wrong.append(f"{type(error).__name__}: {error}")
            if not known and not NAMES & set(around):
                self.wrong.append(f"nobody knows {item['text']!r} in {' < '.join(around[:6])} ({item['label']})")
        self.sentence()

    def same(self, text: str, right: float, slack: float, what: str) -> bool:
        """Whether a text is this number at four digits; ``slack``: what rounding may have made of it."""
        self.checked += 1
        right, slack = float(right), float(slack)
        shown = read(text.strip())
        if math.isfinite(right):
            good = read(number(right - slack)) <= shown <= read(number(right + slack))
        else:
            good = shown == right or (math.isnan(shown) and math.isnan(right))
        if not good:
            self.wrong.append(f"{what} is {text!r}, not {number(right)!r} (v = {self.truth.v.tolist()})")
        return True

    # ---------------------------------------------------------------- everywhere
    def moving(self, item: dict[str, Any]) -> bool:
        """A number that follows the sliders, wherever it is; its name says which entry it is."""
        truth = self.truth
        if item["at"] is not None:
            place, flat = truth.places[item["at"]]
            quantity = truth.graph.quantities[place]
            index = "" if not quantity.shape else str([int(i) for i in np.unravel_index(flat, quantity.shape)])
            assert item["name"] == " ".join(quantity.name.split()) + index, (item["name"], quantity.name, index)
            return self.same(item["text"], truth.whole[place][flat], truth.slack[place], item["name"])
        if item["weight"] is not None:
            return self.same(item["text"], truth.v[item["weight"]], 0, item["name"])
        if "widget-readout" in item["around"]:
            names = truth.session.linear.names
            return self.same(item["text"], truth.v[truth.sliders[names.index(item["name"])]], 0, item["name"])
        return False

    def card(self, item: dict[str, Any]) -> bool:
        """What stands on a card beside what moves: its value, its node and shape, what is remarked."""
        card, around = self.cards.get(item["card"]), item["around"]
        if card is None or "svg" not in around:
            return False
        if "value" in around:
            value = self.truth.value(card)
            if value is None:
                self.wrong.append(f"the value of {card.name or card.source} is not known from a plain run")
                return True
            flat = item["nth"]
            if value.ndim == 2:  # a line for each row
                lines = list(dict.fromkeys(item["y"]))
                flat = lines.index(item["y"][flat]) * value.shape[1] + item["nth"] - item["y"].index(item["y"][flat])
            text = item["text"]
            return self.same(
                text,
                float(value.reshape(-1)[flat]),
                16 * self.truth.precision * float(np.abs(value).max()),
                f"value of {card.name or card.source}",
            )
        if "meta" in around:
            return self.meta(card, item["text"])
        return "remark" in around and self.listed(item["text"])

    def meta(self, card: Any, text: str) -> bool:
        """The name of a card's node is the library's, its shape the tensor's."""
        node = self.truth.kept_node(card)
        if node is not None and card.kind == "op" and not card.folded:
            names = {each.name() for each in self.truth.pairs.values()}
            assert text.split(" · ")[0] == card.op, text
            assert card.op in names, (text, names)
        shape = re.search(r"\([\d, ]*\)$", text)
        value = self.truth.value(card) if shape else None
        if shape and value is not None:
            assert shape.group() == str(tuple(value.shape)), (card.name, text)
        return True

    def listed(self, text: str) -> bool:
        """Lists of numbers in a sentence are gradients or values that some pass really had."""
        runs = [self.truth.fresh, self.truth.kept]
        known = [each for fresh in runs for each in fresh.made.values()]
        tensors: list[Any] = [each for each, _ in known]
        for fresh in runs:
            for done in fresh.passes:
                for group in (done.arrived.values(), done.sent.values()):
                    tensors += [g for several in group for g in several if g is not None]
                for grads in (done.before, done.after, done.values):
                    tensors += [g for g in grads.values() if g is not None]
        for found in LISTS.findall(text):
            entries = [each.strip() for each in found.split(",") if each.strip() not in ("", "…")]
            try:
                shown = [read(each) for each in entries]
            except ValueError:
                continue  # code
            self.checked += 1
            heads = [each.reshape(-1)[: len(shown)] for each in tensors if each.size >= len(shown)]
            if not any(np.allclose(head.astype(float), shown, rtol=6e-4, atol=1e-12, equal_nan=True) for head in heads):
                self.wrong.append(f"no pass had {found} of {text!r}")
        return True

    def said(self, item: dict[str, Any]) -> bool:
        """Notes, and what the panel says of itself."""
        around = item["around"]
        if "backward-notes" in around:
            return self.listed(item["text"])
        if found := re.search(r"(\S+\.grad)\[(\d+)\] = (\S+)$", item["text"]):  # a quiz's answer
            place = self.quantity(found.group(1))
            right = float(self.truth.whole[place][int(found.group(2))])
            return self.same(found.group(3), right, self.truth.slack[place], found.group(1))
        return bool({"backward-presets", "backward-quiz"} & set(around))

    # ---------------------------------------------------------------- tables and sentence
    def quantity(self, name: str) -> int:
        """The place of the quantity of this name."""
        return next(i for i, each in enumerate(self.truth.graph.quantities) if " ".join(each.name.split()) == name)

    def row(self, flat: int, quantity: int, entry: int) -> float:
        """What one weight brings to one entry."""
        return float(self.truth.rows[flat][quantity][entry])

    def base(self, quantity: int, entry: int) -> float:
        """What is there beside the sliders: what `.grad` held, and what the entries without a slider bring."""
        moved = sum(self.truth.v[flat] * rows[quantity][entry] for flat, rows in self.truth.rows.items())
        return float(self.truth.whole[quantity][entry] - moved)

    def table(self, item: dict[str, Any]) -> bool:
        """The rows of J under the gradients."""
        if "backward-gradients" not in item["around"]:
            return False
        if {"thead", "h4", "backward-where"} & set(item["around"]) or item["text"] == item["part"]:
            return True  # names and shapes
        place = self.quantity(item["part"])
        flat = self.truth.graph.quantities[place].indices[item["column"] - 1]
        if item["row"] is None:
            return self.same(item["text"], self.base(place, flat), self.truth.slack[place], f"{item['part']} before")
        weight = self.truth.sliders[self.truth.session.linear.names.index(item["row"])]
        return self.same(item["text"], self.row(weight, place, flat), self.truth.slack[place], f"J of {item['part']}")

    def sentence(self) -> None:
        """Each factor of the products that spell an entry out."""
        parts = self.view.page.evaluate(
            """() => [...document.querySelector('.backward-spelled')?.childNodes ?? []].map(each =>
            [each.textContent, each.dataset?.weight ?? null, each.dataset?.at ?? null])"""
        )
        ends = [int(at) for _, _, at in parts if at is not None]
        if not ends:
            return
        place, entry = self.truth.places[ends[-1]]
        slack = self.truth.slack[place]
        for (text, own, at), (_, weight, _) in pairwise(parts):
            if own is not None:
                continue
            if weight is not None:
                factor = text.split("=")[-1].replace("×", " ").strip("+() ").split("(")[-1].strip(") ")
                self.same(factor, self.row(int(weight), place, entry), slack, f"the factor of v[{weight}]")
            elif at is None and re.fullmatch(rf"[{MINUS}\d.e]+|nan|{MINUS}?inf", text):
                self.same(text, self.base(place, entry), slack, "what was there before")
