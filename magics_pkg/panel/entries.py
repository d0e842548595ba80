"""The inputs as a panel has them: which entries have sliders and where those stand, and what the cards hold."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..graphs.linear import SLIDERS
from ..pictures import card
from ..style.format import entry, unravel
from ..words import listed, say
from .spec import Slide, slides_of, told

if TYPE_CHECKING:
    from ..style.elements import Graph
    from .whatif import WhatIf

Array = np.ndarray[Any, Any]
ENTRY = re.compile(r"\s*(.*?)\s*(?:\[([-\d\s,]*)\])?\s*")


def first_of(inputs: Mapping[str, Array]) -> list[tuple[str, int]]:
    """The first entries of every leaf, as many of each as there is room for; none where a slider cannot stand."""
    finite = {name: np.flatnonzero(np.isfinite(each.reshape(-1))).tolist() for name, each in inputs.items()}
    room, shares = SLIDERS, {}
    for left, (name, places) in enumerate(sorted(finite.items(), key=lambda each: len(each[1]))):
        shares[name] = min(len(places), room // (len(finite) - left))
        room -= shares[name]
    return [(name, flat) for name, places in finite.items() for flat in places[: shares[name]]]


class Entries:
    """Of one panel. ``chosen``: leaf and flat index of each slider, the first ones of every leaf unless others are
    asked for; ``refused``: what is wrong with the inputs that were asked for last."""

    def __init__(self, what_if: WhatIf, limits: tuple[float, float] | None = None) -> None:
        self.what_if, self.limits = what_if, limits
        self.total, self.refused = sum(each.size for each in what_if.inputs.values()), ""
        self.chosen = first_of(what_if.inputs)

    def slides(self) -> tuple[Slide, ...]:
        """A slider for each chosen entry, standing at its present value."""
        now, home = self.what_if.inputs, self.what_if.home
        names = [entry(name, unravel(flat, now[name].shape)) for name, flat in self.chosen]
        start = [float(now[name].reshape(-1)[flat]) for name, flat in self.chosen]
        written = [float(home[name].reshape(-1)[flat]) for name, flat in self.chosen]
        return slides_of(names, range(len(names)), start, written, self.limits)

    def at(self, values: Sequence[float]) -> dict[str, Any]:
        """All inputs with these values at the sliders."""
        inputs = self.what_if.inputs
        for (name, flat), value in zip(self.chosen, values, strict=True):
            inputs[name].reshape(-1)[flat] = value
        return inputs

    def pick(self, text: str) -> bool:
        """Give an entry a slider in place of the oldest one: `w[0, 1]`. Returns whether there is such an entry."""
        found = ENTRY.fullmatch(text)
        name = found[1] if found is not None else ""
        if found is None or name not in self.what_if.names:
            return False
        size = self.what_if.inputs[name].shape
        index = tuple(int(each) for each in (found[2] or "").split(",") if each.strip().lstrip("-").isdigit())
        try:
            flat = int(np.arange(int(np.prod(size))).reshape(size)[index]) if len(index) == len(size) else None
        except IndexError:
            return False
        if flat is None:
            return False
        kept = [each for each in self.chosen if each != (name, flat)]
        self.chosen = [*kept[1:], (name, flat)] if len(kept) >= SLIDERS else [*kept, (name, flat)]
        return True

    # ---------------------------------------------------------------- for the page
    def data(self, graph: Graph) -> dict[str, Any]:
        """What does not change as the sliders move, and what does."""
        problem = self.what_if.problem
        return {
            "entries": told(self.slides()),
            "total": self.total,
            "example": next((each.name for each in self.slides()), "x[0]"),
            "problem": say("inputs_stuck", why=problem) if problem else "",
            **self.present(graph),
        }

    def present(self, graph: Graph) -> dict[str, Any]:
        """What the cards hold now, and what there is to say of it."""
        moved = self.what_if.moved
        said = [self.refused] if self.refused else []
        said += self.what_if.branches
        if moved:
            said.append(say("inputs_copies", names=listed(list(self.what_if.names))))
        return {
            "cards": card.written(graph),
            "said": said,
            "moved": moved,
        }
