"""The lessons of `facts.py` on the drawing: cards that say what befell them, and edges cut where a path ends."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from ..backends import dtype_name
from ..backends.arrays import has_any
from ..style import notation
from ..style.elements import LIMIT, Edge, Graph, Node, values_in
from ..tracing.trace import Trace
from ..words import say
from . import absent, facts, faults
from .names import Namespace

ONE_CARD = 4  # leaves that one card stands for, and of which it says what they held
MOST = 8  # cards that are added for what no path reaches


@dataclass(frozen=True)
class Cards:
    """Where on a graph that is being put together things stand: ids, or None for what is not drawn."""

    nodes: list[Node]
    edges: list[Edge]
    of_tensor: Callable[[Any], str | None]
    of_node: Callable[[Any], str | None]
    made: dict[str, Any]  # id: the graph's own node whose result the card shows
    output: str


class Marks:
    """The lessons of one run, put on its cards."""

    def __init__(self, trace: Trace, names: Namespace, cards: Cards) -> None:
        self.trace, self.names, self.cards = trace, names, cards
        self.at = {node.id: place for place, node in enumerate(cards.nodes)}
        self.added: dict[str, Any] = {}  # id: the tensor of a card that was added

    def put(self) -> None:
        """All of them."""
        self._cuts()
        self._clones()
        self._unused()
        self._above()
        self._saved()
        self._held()
        self._missing()
        self._of_backward()

    # ---------------------------------------------------------------- what is drawn
    def mark(self, card: str | None, kind: str, note: str = "") -> None:
        """A card's mark, and its remark beside what it says already."""
        if card is None:
            return
        node = self.cards.nodes[self.at[card]]
        told = " · ".join(dict.fromkeys(each for each in (node.note, note) if each))
        self.cards.nodes[self.at[card]] = replace(node, mark=node.mark or kind, note=told)

    def add(self, tensor: Any, kind: str, note: str = "", mark: str = "") -> str:
        """A card for a tensor that has none."""
        assert self.trace.backend is not None
        call = facts.maker_of(self.trace, tensor)
        place = self.trace.position(call.site) if call is not None else None
        source = self.trace.expression(call.site) if call is not None else ""
        identity = f"n{len(self.cards.nodes)}"
        value = values_in(tensor, self.trace.backend.array, LIMIT)
        node = getattr(tensor, "grad_fn", None)
        op = node.name() if node is not None and kind == "op" else ""
        name = facts.name_of(self.trace, tensor) or source
        if not name and (leaf := facts.holder_of(self.trace, tensor)) is not None:
            name = f"{facts.name_of(self.trace, leaf)}.grad"
        inside = self.trace.cell is not None and place is not None and place.filename == self.trace.cell.filename
        span = (place.line, place.column, place.end_line, place.end_column) if inside and place is not None else None
        line = self.trace.line(place) if inside and place is not None else None
        shape, dtype = tuple(int(each) for each in tensor.shape), dtype_name(tensor.dtype)
        self.at[identity] = len(self.cards.nodes)
        self.added[identity] = tensor
        self.cards.nodes.append(
            Node(
                identity,
                kind,
                False,
                name,
                notation.symbol(notation.word_of(op)) if op else "",
                source or name or op,
                line,
                op,
                shape,
                dtype,
                value,
                note=note,
                mark=mark,
                span=span,
                shows=("held", id(tensor)),
            )
        )
        return identity

    def sever(self, tail: str, head: str, what: str) -> None:
        """An edge with a cut in it."""
        if any(edge.tail == tail and edge.head == head and edge.severed for edge in self.cards.edges):
            return
        first = self.cards.nodes[self.at[tail]]  # what was added has no inputs, so it closes no circle
        back = self.at[tail] > self.at[head] and first.kind == "op" and first.mark != "unreached"
        self.cards.edges.append(Edge(f"e{len(self.cards.edges)}", tail, head, carried=back, severed=what))

    # ---------------------------------------------------------------- one by one
    def _cuts(self) -> None:
        drawn: dict[int, int] = {}
        for cut in facts.cuts(self.trace):
            head = self.cards.of_tensor(cut.made)
            if head is None:
                continue
            tail = self.cards.of_tensor(cut.source)
            if tail is None:
                drawn[cut.call.index] = drawn.get(cut.call.index, 0) + 1
                if drawn[cut.call.index] > MOST:  # a model's parameters: the sentence says how many more
                    continue
                kind = "leaf" if cut.source.is_leaf else "op"
                tail = self.add(cut.source, kind, mark="unreached")
            if tail == head:
                continue
            self.sever(tail, head, self.trace.expression(cut.call.site) or cut.kind)
            if cut.kind == "no_grad" and not self.cards.nodes[self.at[head]].note:
                self.mark(head, "cut", say("card_no_grad"))
            else:
                self.mark(head, "cut")

    def _clones(self) -> None:
        for call in facts.clones(self.trace):
            self.mark(self.cards.of_node(call.record.node), "copy", say("card_copy"))

    def _unused(self) -> None:
        backward = self.trace.backward
        if backward is None or backward.error is not None:
            return
        output = self.cards.nodes[self.at[self.cards.output]]
        name = output.name or output.source
        for leaf in absent.unused(self.trace, backward)[:MOST]:
            if not self.names.name(leaf):
                continue
            drawn = self.cards.of_tensor(leaf) or self._drawn_as(leaf)
            if drawn is None:
                self.add(leaf, "leaf", say("card_none", output=name), "none")
            else:
                self.mark(drawn, "none", say("card_none", output=name))

    def _above(self) -> None:
        """Edges to what lies before a cut, from the nearest cards that it was computed from."""
        added = {id(tensor): card for card, tensor in self.added.items()}
        nodes = {tensor.grad_fn: card for card, tensor in self.added.items() if tensor.grad_fn is not None}
        for card, tensor in self.added.items():
            pending, seen = [tensor.grad_fn] if tensor.grad_fn is not None else [], {None}
            below = self._below(card)
            while pending:
                for node, _ in pending.pop().next_functions:
                    if node in seen:
                        continue
                    seen.add(node)
                    leaf = getattr(node, "variable", None)
                    near = self.cards.of_node(node) or nodes.get(node)
                    if leaf is not None:
                        near = self.cards.of_tensor(leaf) or added.get(id(leaf))
                    if near is not None and near != card:
                        self.cards.edges.append(Edge(f"e{len(self.cards.edges)}", near, card, carried=near in below))
                    elif leaf is None and near is None:
                        pending.append(node)

    def _below(self, card: str) -> set[str]:
        """Everything that comes of a card: one that is a group may hold both what is before a cut and what is after."""
        found, pending = {card}, [card]
        while pending:
            each = pending.pop()
            heads = {edge.head for edge in self.cards.edges if edge.tail == each and not edge.carried} - found
            found |= heads
            pending += heads
        return found

    def _drawn_as(self, tensor: Any) -> str | None:
        """The card that a cut has brought in."""
        name = self.names.name(tensor)
        return next((node.id for node in self.cards.nodes if node.mark == "unreached" and node.name == name), None)

    def _saved(self) -> None:
        """What a backward has freed, or found written over."""
        if faults.failing(self.trace) is None:
            return
        (first, lost), over = faults.lost(self.trace), faults.written(self.trace)
        victim = facts.written_over(self.trace, over) if over is not None else None
        name = facts.name_of(self.trace, victim)
        for card, node in self.cards.made.items() if lost or over is not None else ():
            if node in lost:
                self.mark(card, "freed", facts.freed(self.trace, first))
            elif over is not None and faults.trouble(self.trace, node) == "written":
                version = faults.saved_version(self.trace, node)
                expected = over.expected if version is None else version
                key = "card_saved" if name else "card_saved_value"
                self.mark(card, "saved", say(key, expected=expected, **({"name": name} if name else {})))
        if over is not None and over.call is not None and over.call.record.node is not None:
            writer = self.cards.of_node(over.call.record.node) or (self.cards.of_tensor(victim) if name else None)
            self.mark(writer, "error", say("card_wrote", found=over.expected + 1, expected=over.expected))

    def _held(self) -> None:
        backward = self.trace.backward
        if backward is None or backward.error is not None or backward.kind == "autograd.grad":
            return
        assert self.trace.backend is not None
        told: dict[str | None, int] = {}
        for leaf, old in backward.before.items():
            card = self.cards.of_tensor(leaf) if old is not None else None
            told[card] = told.get(card, 0) + 1
            if card is not None and told[card] <= ONE_CARD:  # thousands of parameters may be one card
                self.mark(card, "held" if has_any(old) else "", say("card_held", held=facts.short(old)))

    def _missing(self) -> None:
        for each in absent.missing(self.trace):
            if each.kind == "not_asked":
                self.mark(self.cards.of_tensor(each.tensor), "missing", say("card_no_requires"))
            elif each.kind != "read_early":
                self.mark(self.cards.of_tensor(each.tensor), "missing", say("card_not_leaf"))

    def _of_backward(self) -> None:
        backward = self.trace.backward
        if backward is None or backward.error is not None:
            return
        leaf = facts.weighting_leaf(backward)
        if leaf is not None:
            self.mark(self.cards.of_tensor(leaf), "v", say("card_v", leaf=facts.name_of(self.trace, leaf)))
        for call in facts.gradients_of(self.trace):
            card = self.cards.of_node(call.record.node)
            derived = card is not None and self.cards.nodes[self.at[card]].second
            self.mark(card, "gradient", "" if derived else say("card_gradient"))
        if facts.walks(self.trace):
            for each in backward.before:
                self.mark(self.cards.of_tensor(each), "accumulate", say("card_accumulate"))
        for card, node in self.cards.made.items():
            tensor = self._tensor_of(node)
            if tensor is None:
                continue
            for hook in facts.hooks_on(self.trace, tensor):
                self.mark(card, "hook", say("card_hook", hook=hook))
            if not tensor.is_leaf and tensor.retains_grad:
                self.mark(card, "retained", say("card_retained"))
        for each in backward.before:
            for hook in facts.hooks_on(self.trace, each):
                self.mark(self.cards.of_tensor(each), "hook", say("card_hook", hook=hook))

    def _tensor_of(self, node: Any) -> Any:
        made = self.names.made.get(node, ())
        return made[0][1] if made else None


def without_graph(trace: Trace, root: Any) -> Graph:
    """The drawing of a backward that has no graph to go through: what it started from, and what that came from."""
    assert trace.backend is not None
    names = Namespace(trace.namespace, trace.backend)
    cards: list[Node] = []
    edges: list[Edge] = []
    ids: dict[int, str] = {}
    drawing = Marks(trace, names, Cards(cards, edges, lambda each: ids.get(id(each)), lambda _: None, {}, "n0"))
    ids[id(root)] = drawing.add(root, "constant")
    cards[0] = replace(cards[0], output=True)
    past = facts.Past(trace)
    for cut in past.cuts_above(root)[:MOST]:
        if id(cut.source) not in ids:
            ids[id(cut.source)] = drawing.add(cut.source, "leaf" if cut.source.is_leaf else "op", mark="unreached")
        drawing.sever(ids[id(cut.source)], "n0", trace.expression(cut.call.site) or cut.kind)
    for source in past.sources_of(root)[: 2 * MOST]:
        if id(source) not in ids and names.name(source):
            ids[id(source)] = drawing.add(source, "constant", say("card_no_requires"), "missing")
            edges.append(Edge(f"e{len(edges)}", ids[id(source)], "n0"))
    code = trace.cell.source if trace.cell else ""
    return Graph(tuple(cards), tuple(edges), (), "n0", (), code, (), ("n0",))
