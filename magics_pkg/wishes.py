"""What the page asks an Exploration for: another v, other inputs, a slider for an entry, answers for its drawers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .parts import answering, parts_of
from .settings import preset
from .words import say

if TYPE_CHECKING:
    from .exploration import Exploration
    from .graph import Graph
    from .view import Panel

Array = np.ndarray[Any, Any]


class Wishes:
    """Between a panel and the Exploration that it shows, whose insides it may touch."""

    def __init__(self, shown: Exploration) -> None:
        self.shown = shown
        self.told = ""  # what other cells have done, as the panel says it

    def panel(self) -> Panel:
        """The panel, and what it calls back."""
        from .view import Panel

        shown = self.shown
        picture = shown._picture
        panel = Panel(
            shown.graph,
            shown._numbers(),
            picture.svg,
            text=shown._text(picture),
            notes=shown._said(),
            limits=shown.settings.range,
            parts=parts_of(shown.graph, shown._front, opens=shown.settings.opens),
            opens=shown.settings.opens,
        )
        session = shown._session
        if session is not None:
            panel.on_weights(session.submit)
            panel.on_pick(self.pick)
            panel.on_preset(self.preset)
            self._answer(panel)
            panel.on_open(shown._unfold)
        return panel

    def report(self, v: Array, values: Array, state: str, message: str, graph: Graph) -> None:
        """The kernel's answer to a move of v, on whatever thread it was worked out."""
        shown = self.shown
        panel, session = shown._panel, shown._session
        if panel is None or session is None:
            return
        with shown._drawing:
            self.told = ""
            copies = shown._sessions[1:]
            if state != "error" and copies:
                try:
                    copies[0].set(session.v)
                    session, graph, message = copies[0], copies[0].graph, ""
                    values = session.shown()
                except Exception as error:  # nobody else would see it
                    state, message = "error", f"{type(error).__name__}: {error}"
            if state != "error":
                known = values if graph is session.graph else session.shown()  # folded in another way meanwhile
                panel.set_truth([float(each) for each in v], known)
            panel.set_state(state, message)

    def pick(self, index: int) -> None:
        """Give entry `index` of v a slider: the newest pick takes the place of the oldest."""
        v, weights = self.shown._live.v.reshape(-1), self.shown._live.linear.weights
        kept = [each for each in weights if each != index]
        for session in self.shown._sessions:
            if not np.isfinite(v[index]):  # where no slider can stand
                session.set(np.where(np.arange(v.size) == index, 0.0, v))
            session.pick([*kept[-(max(len(weights), 1) - 1) :], index] if len(kept) > 1 else [*kept, index])
        self.redraw()

    def preset(self, name: str, index: int | None) -> None:
        """All of v at once, by a button: where not every entry has a slider the page cannot do it alone."""
        self.follow(preset(name, self.shown._live.linear.as_written, index))

    def follow(self, v: Array) -> None:
        """Have everything at this v."""
        for session in self.shown._sessions:
            session.set(v)
        self.redraw()

    def _answer(self, panel: Panel) -> None:
        """The page's questions are about what is shown."""
        for what, answer in answering(lambda: self.shown.graph, self.shown._live).items():
            panel.on_ask(what, answer)
        if self.shown._canvas is not None:
            panel.on_ask("search", self.shown._canvas.search)

    def redraw(self) -> None:
        """Other numbers in the panel, the same picture of the graph."""
        shown = self.shown
        session, panel = shown._front, shown._panel
        shown.__dict__.pop("_picture", None)
        if session is not None and panel is not None:
            with shown._drawing:
                panel.show(session.renewed(), svg=shown._picture.svg)
                panel.set_state("ready", session.renamed() if session.exact else say("stale"))
