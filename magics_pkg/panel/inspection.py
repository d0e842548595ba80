"""One card looked into: the whole value and gradient, the local derivative in numbers, and what the library says.

Whatever is large or must be worked out is made when the page asks for it; a saved page carries short answers.
"""

from __future__ import annotations

import math
import weakref
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..backends import clears_on_access, is_counted, is_freed, is_view, version_of
from ..backends.arrays import entries, largest, raw
from ..style import notation
from ..style.elements import LIMIT
from ..style.format import one_line
from ..words import say
from . import rules
from .local import Derivative, derivatives, nodes_of
from .spec import in_words

if TYPE_CHECKING:
    from ..graphs.subject import Subject
    from ..style.elements import Graph, Key, Node
    from ..tracing.trace import Backward
    from .live import Session

HELD = 32 * 2**20  # bytes of tensors that are held for this alone; beyond that only those that somebody else holds
STRIP = 480  # entries that are sent of one tensor
SAVED = 960  # and in a saved page, of all cards' together, but at least
FEW = 8  # of each, so rounded
DIGITS = 5

Array = np.ndarray[Any, Any]


class Inspection:
    """The tensors behind a session's cards, for as long as its panel is open."""

    def __init__(self, session: Session, subject: Subject, backward: Backward) -> None:
        self._session = weakref.ref(session)
        self._subject = weakref.ref(subject)  # knows more, where the panel keeps it to open folded cards
        self._leaves = backward.values
        self._made: dict[Any, tuple[Any, int, Any]] = {}
        left = HELD
        for quantity in session.graph.quantities:
            if quantity.key[0] == "node":
                found = self._find(subject, quantity.key[1:])
                if found is None:
                    continue
                tensor, version, copy = found
                left -= tensor.numel() * tensor.element_size()
                self._made[quantity.key[1:]] = (tensor if left >= 0 else weakref.ref(tensor), version, copy)

    @staticmethod
    def _find(subject: Subject, arrival: Any) -> tuple[Any, int, Any] | None:
        made = subject.computed.tensor(arrival)
        if made is None:
            return None
        tensor, version = made
        return tensor, version, subject.trace.old_values.get((id(tensor), version))

    def tensor(self, key: Key) -> tuple[Any, int, Any] | None:
        """A card's tensor, its version when it was made (a leaf's when backward ran), a copy of it as it was then."""
        if key[0] == "leaf":
            variable = key[1].variable
            version, copy = self._leaves.get(variable) or (version_of(variable), None)
            return variable, version, copy
        subject = self._subject()
        found = self._made.get(key[1:])
        if found is None:
            return self._find(subject, key[1:]) if subject is not None and key[0] == "node" else None
        tensor, version, copy = found
        tensor = tensor() if isinstance(tensor, weakref.ref) else tensor
        return None if tensor is None else (tensor, version, copy)

    # ---------------------------------------------------------------- what the page asks
    def answer(self, graph: Graph, asked: Mapping[str, Any]) -> dict[str, Any] | None:
        """All that there is to say of one card, or ``only`` its gradient; None for one that is not in the graph."""
        session = self._session()
        card = next((each for each in graph.nodes if each.id == asked.get("node")), None)
        if card is None or session is None:
            return None
        told: dict[str, Any] = {"node": card.id} if asked.get("only") == "gradient" else self.told(graph, card, STRIP)
        if card.grad is not None:
            told["gradient"] = strip(session.whole(graph.quantities[card.grad]), STRIP)
        return told

    def told(self, graph: Graph, card: Node, most: int) -> dict[str, Any]:
        """What there is to say of a card beside its gradient, with so many entries of each tensor."""
        session = self._session()
        assert session is not None  # whoever asks has one
        key: Key = graph.quantities[card.grad].key if card.grad is not None else ("",)
        made = self.tensor(key)
        told: dict[str, Any] = {"node": card.id, "value": _value(card, made, most), "facts": _facts(session, key, made)}
        if card.kind == "op" and key[0] == "node":
            told["local"] = _local(session, graph, card, told["facts"].get("device", ""), most)
            if not card.folded:
                told["saved"] = _saved(session, nodes_of(graph, card))
        return told


def inspect(graph: Graph, session: Session | None) -> dict[str, Any]:
    """The drawer's data: what is known of every card without asking, and all of it where nobody can be asked."""
    known = (
        {}
        if session is not None
        else {card.id: {"value": _value(card, None, LIMIT), "facts": {}} for card in graph.nodes}
    )
    return {"cards": {card.id: _card(graph, card) for card in graph.nodes}, "answers": known}


def answers(graph: Graph, session: Session) -> dict[str, Any]:
    """What a saved page has in place of a kernel: a short answer for each card."""
    cards = [card for card in graph.nodes if card.repeat_of is None]
    most = max(FEW, min(SAVED // len(cards), LIMIT))
    return {card.id: _short(session.inspection.told(graph, card, most)) for card in cards}


def _short(value: Any) -> Any:
    """The same with its numbers rounded: a page shows four digits."""
    if isinstance(value, dict):
        return {key: _short(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_short(each) for each in value]
    return float(f"{value:.{DIGITS}g}") if isinstance(value, float) else value


def _card(graph: Graph, card: Node) -> dict[str, Any]:
    """What the graph itself says. ``of``: the card that this is drawn again for."""
    told: dict[str, Any] = {
        "kind": card.kind,
        "name": graph.called[card.id],
        "source": one_line(card.source),
        "op": card.op,
        "line": card.line,
        "shape": list(card.shape),
        "dtype": card.dtype,
        "grad": card.grad,
        "note": one_line(card.note),
    }
    if card.kind == "op" and not card.folded:
        told["rules"] = list(rules_on(graph, card))
    if card.folded:
        told["folded"] = one_line(card.folded)
    if card.group:
        told["groups"] = list(card.group)
    if card.folded or card.count > 1:
        told |= {"operations": card.operations, "count": card.count}
    return told if card.repeat_of is None else {**told, "of": card.repeat_of}


def rules_on(graph: Graph, card: Node) -> tuple[str, ...]:
    """The local derivative in algebra: that of the node, or of the call where it made several."""
    own = graph.quantities[card.grad].key[1] if card.grad is not None else None
    keys = [(graph.quantities[e.grad].key, e.tail) for e in graph.edges if e.head == card.id and e.grad is not None]
    if all(key[0] == "edge" and key[1] is own for key, _ in keys):
        return rules.written(notation.word_of(card.op), {key[2]: graph.called[tail] for key, tail in keys})
    return rules.rules_of(card.symbol)


# ---------------------------------------------------------------- numbers
def strip(value: Any, most: int = STRIP) -> dict[str, Any]:
    """The entries of a tensor, flat; of a large one the largest of each of as many stretches as are shown.

    ``places``: their flat indices, where these are not all. ``low``, ``high``: over all finite entries.
    """
    value = raw(value)
    size = math.prod(value.shape)
    told: dict[str, Any] = {"size": size}
    places: Sequence[int] = range(size)
    if size > most:
        whole = abs(value) if "complex" in str(value.dtype) else value
        told["places"], told["low"], told["high"] = places, _, _ = largest(whole, most)
    flat = entries((value,), places)
    flat = flat.astype(np.float64) if flat.dtype.kind in "fiub" else np.abs(flat).astype(np.float64)
    return {**told, "numbers": numbers(flat)}


def numbers(flat: Array) -> list[float | str]:
    """As JSON has them, and in words what it has not."""
    return [in_words(each) for each in flat.tolist()]


def _value(card: Node, made: tuple[Any, int, Any] | None, most: int) -> dict[str, Any]:
    """What the tensor held when it was made, as far as that is known."""
    if made is not None:
        tensor, version, copy = made
        if version_of(tensor) == version:
            return strip(tensor, most)
        if copy is not None:
            return {**strip(copy, most), "note": say("value_changed")}
    size = math.prod(card.shape)
    known = [float(number) for _, number in card.value.entries]
    note = say("value_first_gone" if made is None else "value_first_over")
    if card.value.complete:
        note = "" if made is None else say("value_changed")
    return {"size": size, "numbers": numbers(np.array(known)), "note": note}


# ---------------------------------------------------------------- what the library says
def _facts(session: Session, key: Key, made: tuple[Any, int, Any] | None) -> dict[str, Any]:
    """Attributes of the tensor, each as the library has it now."""
    node, nr = (key[1], key[2] if len(key) > 2 else 0) if key[0] in ("node", "leaf") else (None, 0)
    told: dict[str, Any] = {}
    tensor = None
    if made is not None:
        tensor, version, _ = made
        device = str(tensor.device)
        told = {
            "requires_grad": bool(tensor.requires_grad),
            "is_leaf": bool(tensor.is_leaf),
            "retains_grad": bool(tensor.retains_grad),
            "device": "" if device == "cpu" else device,
        }
        if (view := is_view(tensor)) is not None:
            told["is_view"] = view
        if is_counted(tensor):
            told |= {"version": version_of(tensor), "made": version}
    if node is not None:
        told["hooks"] = list(session.snapshot.hooks_on(node, nr, tensor))
    return told


def _saved(session: Session, nodes: Sequence[Any]) -> dict[str, Any]:
    """The tensors that an operation saved for its derivative, and whether its own graph still has them.

    ``by``: which of several nodes saved it."""
    tensors: list[dict[str, Any]] = []
    freed = False
    for node in nodes:
        if clears_on_access(node):
            continue  # to look would take them away
        try:
            found = sorted(session.snapshot.saved(node).items())
        except RuntimeError:  # freed by a call that kept nothing, or written over since
            freed = True
            continue
        freed = freed or any(is_freed(node, name) for name, _ in found)
        by = {"by": node.name()} if len(nodes) > 1 else {}
        for name, each in found:
            if hasattr(each, "detach"):
                dtype = str(each.dtype).rpartition(".")[2]
                tensors.append({"name": name, "shape": [int(size) for size in each.shape], "dtype": dtype, **by})
    return {"tensors": tensors, "freed": freed}


def _local(session: Session, graph: Graph, card: Node, device: str, most: int) -> list[dict[str, Any]]:
    """The derivative of an operation by each of its inputs, in numbers."""
    found: Sequence[tuple[str, Derivative]] = derivatives(session, graph, card, device)
    return [{"to": graph.called[tail], **_derivative(each, most)} for tail, each in found]


def _derivative(each: Derivative, most: int) -> Mapping[str, Any]:
    if each.array is None:
        return {"kind": each.kind, "why": each.why}
    if each.kind == "matrix":
        height, width = each.array.shape
        return {"kind": "matrix", "height": height, "width": width, "numbers": numbers(each.array.reshape(-1))}
    return {"kind": each.kind, "shape": list(each.array.shape), **strip(each.array, most)}
