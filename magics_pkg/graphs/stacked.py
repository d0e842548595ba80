"""Second graphs as cards: what a card of one says, which card's derivative it is, and on how many graphs one stands."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ..style.elements import Second
from ..tracing.trace import Call
from ..words import say
from .depth import Folding
from .fold import Part
from .layers import Layer, Layers
from .web import Arrival
from .wording import Wording


class Stacked:
    """The second graphs of one drawing."""

    def __init__(
        self,
        layers: Layers,
        parts: Mapping[Any, Part],
        wording: Wording,
        folding: Folding,
        owned: dict[Any, Call],
        modules: Mapping[Part, str],
    ) -> None:
        self.layers, self.parts, self.wording, self.folding, self.owned = layers, parts, wording, folding, owned
        self.modules = modules  # what the cards of a library's modules are called
        self.folded = layers.folded(parts)
        held: dict[Part, list[Any]] = {}
        for node, part in parts.items() if layers.all else ():
            held.setdefault(part, []).append(node)
        merged = {each for part in parts.values() if part.count > 1 for each in part.inside if each.kind == "loop"}
        self.loops = frozenset(each.name for each in merged if each.name not in folding.opened)
        self._levels = {part: layers.level(nodes) for part, nodes in held.items()}

    @property
    def names(self) -> frozenset[str]:
        """Of their groups."""
        return frozenset(each.name for each in self.layers.all)

    def level(self, parts: Iterable[Part]) -> int:
        """On how many graphs a card stands that is one of these, or is used by them."""
        return min((self._levels.get(part, 0) for part in parts), default=0)

    def of(self, part: Part) -> Part | None:
        """The card that this one is the derivative of."""
        return self.parts.get(part.derived.node) if part.derived is not None else None

    def name(self, part: Part, own: str) -> tuple[str, bool]:
        """A card's name, and whether it stands for that alone: a sum does, of what goes into it has the same."""
        assert part.derived is not None
        to, alone = part.derived.to, part.derived.layer.alone
        written = f"∂{alone}" if to is None else f"∂{alone}/∂{self._called(to)}"
        return own or written, bool(own) or part.derived.node is None

    def _called(self, arrival: Arrival) -> str:
        """The name of what a gradient arrives at, else what its card has in the place of one."""
        part = self.parts.get(arrival[0])
        name = self.layers.named(arrival, self.owned) or (self.modules.get(part, "") if part is not None else "")
        return name or f"({self.sign(part, arrival[0].name()) if part is not None else arrival[0].name()})"

    def source(self, part: Part, told: Mapping[Part, tuple[str, str]]) -> str:
        """What stands in the place of a source: whose derivative a card is."""
        of = self.of(part)
        if part.derived is None:
            return self.wording.source(part)
        if of is None:
            return say("into_grad" if part.derived.layer.created.accumulates else "sum_of_gradients")
        name, source = told.get(of, ("", ""))
        return say(
            "derivative_of", what=self.modules.get(of) or source or name or self.sign(of, part.derived.node.name())
        )

    def sign(self, part: Part, op: str) -> str:
        """A card's sign; that of a derivative is ∂ before the sign of what it is the derivative of."""
        of = self.of(part)
        if part.derived is None:
            return self.wording.sign(part, op)
        return "+" if of is None else f"∂ {self.sign(of, part.derived.node.name())}"

    def groups(self, part: Part) -> tuple[str, ...]:
        """The frames that a card stands in."""
        last = () if part.derived is None else (part.derived.layer.name,)
        shown = self.folding.opened | self.loops
        around = (each for each in part.inside if each.kind not in ("run", "loop") or each.name in shown)
        return (*(each.name for each in around), *last)

    def fold(self, part: Part) -> tuple[str, int]:
        """What a card can be opened as, "" where it cannot, and how many operations it holds."""
        layer = self.folded.get(part)
        if layer is not None:
            return layer.name, len(layer.of)
        return (part.group.name if part.group is not None else ""), part.operations

    def notes(self) -> list[str]:
        """What the cards of a second graph are; or that it is too large to be open unasked."""
        folded = set(self.folded.values())
        drawn = {part.derived.layer for part in self.parts.values() if part.derived is not None}
        return [
            say("layer_folded", title=each.title, n=each.cards, name=each.name) if each in folded else each.title
            for each in self.layers.all
            if each in drawn or (each in folded and each.name not in self.folding.folded)
        ]

    def seconds(self, card: Callable[[Arrival], str]) -> tuple[Second, ...]:
        """What the page needs to know of them; ``card``: the card where a gradient arrives."""
        return tuple(self._second(each, card) for each in self.layers.all)

    def _second(self, layer: Layer, card: Callable[[Arrival], str]) -> Second:
        return Second(layer.name, layer.title, layer.alone, card(layer.created.roots[0]))
