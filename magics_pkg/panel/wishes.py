"""What the page asks an Exploration for: another v, other inputs, a slider for an entry, answers for its drawers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..reruns.program import Stuck
from ..reruns.rewritten import literal
from ..style.format import one_line
from ..words import listed, say
from .entries import Entries
from .latest import Latest
from .parts import answering, parts_of
from .quiz import judged, quiz
from .settings import preset

if TYPE_CHECKING:
    from ..exploration import Exploration
    from ..graphs.graph import Graph
    from .live import Session
    from .view import Panel

Array = np.ndarray[Any, Any]
LONGEST = 200  # letters of one input in a saved page


class Wishes:
    """Between a panel and the Exploration that it shows, whose insides it may touch."""

    def __init__(self, shown: Exploration) -> None:
        self.shown = shown
        self.entries: Entries | None = None
        self._moves = Latest(self._move)
        self.told = ""  # what other cells have done, as the panel says it
        self.failed: list[float] | None = None  # where the sliders stood when the last pass raised

    def panel(self) -> Panel:
        """The panel, and what it calls back."""
        from .view import Panel

        shown = self.shown
        picture = shown._picture
        if shown._what_if is not None:
            self.entries = Entries(shown._what_if, shown.settings.range)
        panel = Panel(
            shown.graph,
            shown._numbers(),
            picture.svg,
            text=shown._text(picture),
            notes=shown._said(),
            limits=shown.settings.range,
            parts=parts_of(shown.graph, shown._front, opens=shown.settings.opens),
            opens=shown.settings.opens,
            entries=self.entries,
        )
        session = shown._session
        if session is not None:
            panel.on_weights(session.submit)
            panel.on_pick(self.pick)
            panel.on_preset(self.preset)
            self._answer(panel)
            panel.on_open(shown._unfold)
        if self.entries is not None:
            panel.on_inputs(lambda values: self._moves.put(values))
            panel.on_ask("inputs", self._asked)
        return panel

    # ------------------------------------------------------------------ inputs
    def _move(self, values: tuple[float, ...]) -> None:
        """The sliders of the inputs stand here now; an error is shown, and all stays as it was."""
        shown, entries = self.shown, self.entries
        what_if, panel = shown._what_if, shown._panel
        if what_if is None or panel is None or entries is None or shown.closed:
            return
        with shown._drawing:
            try:
                what_if.move(entries.at(values))
                entries.refused = ""
            except Exception as error:  # whatever it is, nobody else would see it
                told = str(error) if isinstance(error, Stuck) else f"{type(error).__name__}: {error}"
                entries.refused = say("inputs_refused", why=told)
            shown._graph = graph = what_if.graph or what_if.own.graph
            session = shown._live
            shown.__dict__.pop("_picture", None)
            said = {**entries.present(graph), "at": list(values)}
            self._answer(panel)
            panel.show_inputs(session.linear, graph, self._changing(graph, session), session.shown(), said)
            panel.set_state("ready", session.renamed() if session.exact else say("stale"))

    def _changing(self, graph: Graph, session: Session) -> dict[str, Any]:
        """The parts that other inputs change: what each call did, what `.grad` held, and what is right in a quiz."""
        opens = self.shown.settings.opens
        if session.told is None and all(leaf.before is None for leaf in session.leaves):
            found = quiz(graph, session) if opens == "quiz" else None
            return {} if found is None else {"quiz": found}
        return parts_of(graph, session, opens=opens)

    def moved(self) -> None:
        """A program has set the inputs."""
        if self.entries is not None:
            self.entries.refused = ""

    def _asked(self, asked: dict[str, Any]) -> dict[str, Any] | None:
        """A button of the inputs was pressed: as written, or a slider for another entry."""
        what_if, entries = self.shown._what_if, self.entries
        if what_if is None or entries is None:
            return None
        if "cell" in asked:
            return {"cell": what_if.cell()}
        if "entry" in asked:
            found = entries.pick(str(asked["entry"]))
            if found:
                self.redraw()
            return {"found": found}
        with self.shown._drawing:
            what_if.reset()
            entries.refused = ""
            self.shown._graph = what_if.own.graph
        self.redraw()
        return None

    # ------------------------------------------------------------------ v

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
                    copies[0].set(session.seeded)
                    session, graph, message = copies[0], copies[0].graph, ""
                    values = session.shown()
                except Exception as error:  # nobody else would see it
                    state, message = "error", f"{type(error).__name__}: {error}"
            self.failed = [float(each) for each in v] if state == "error" else None
            if state != "error":
                known = values if graph is session.graph else session.shown()  # folded in another way meanwhile
                panel.set_truth([float(each) for each in v], known)
            panel.set_state(state, message)

    def pick(self, index: int) -> None:
        """Give entry `index` of v a slider: the newest pick takes the place of the oldest."""
        v, weights = self.shown._live.seeded, self.shown._live.linear.weights
        kept = [each for each in weights if each != index]
        for session in self.shown._sessions:
            if not np.isfinite(v[index]):  # where no slider can stand
                session.set(v.moved_to([index], 0.0))
            session.pick([*kept[-(max(len(weights), 1) - 1) :], index] if len(kept) > 1 else [*kept, index])
        self.redraw()

    def preset(self, name: str, index: int | None) -> None:
        """All of v at once, by a button: where not every entry has a slider the page cannot do it alone."""
        self.follow(preset(name, self.shown._live.linear.as_written, index))

    def follow(self, v: Any) -> None:
        """Have everything at this v."""
        for session in self.shown._sessions:
            session.set(v)
        self.redraw()

    def saved(self) -> list[str]:
        """What a saved page says of the inputs: no kernel follows them there."""
        what_if = self.shown._what_if
        if what_if is None or what_if.problem:
            return []
        told = [say("inputs_saved", names=listed(list(what_if.names)))]
        if what_if.moved:
            home = what_if.home
            moved = {name: each for name, each in what_if.inputs.items() if not np.array_equal(each, home[name])}
            written = (f"{name} = {one_line(literal(each))}" for name, each in moved.items())
            told.append(say("inputs_saved_moved", inputs="; ".join(each[:LONGEST] for each in written)))
        return told

    # ------------------------------------------------------------------ a quiz
    def _judge(self, asked: dict[str, Any]) -> dict[str, Any] | None:
        """What a guess is judged by; or a number was guessed, or all are to be shown, and the page may know them.

        The sliders stand where the page says, also where word of that has yet to come."""
        shown = self.shown
        session, panel, name = shown._session, shown._panel, str(asked.get("name"))
        if session is None or panel is None:
            return None
        places = session.linear.weights
        if asked.get("all") is True:
            self._lift(panel)
            return None
        if asked.get("told") is True:
            panel.veil.told.add(name)
            if not panel.linear.linear:
                panel.set_truth(session.seeded.at(places).tolist(), shown._live.shown())
            return None
        v = asked.get("v")
        if not isinstance(v, list) or len(v) != len(places) or not all(isinstance(each, int | float) for each in v):
            return None
        if not np.array_equal(session.seeded.at(places), v):
            session.submit(v)
            session.settle()
        if self.failed == v:
            return {"name": name, "error": say("quiz_no_answer")}
        if not np.array_equal(session.seeded.at(places), v):  # another move came in between
            return {"name": name, "moved": True}
        found = judged(shown.graph, shown._live, name)
        return {"name": name, **found} if found else None

    def _lift(self, panel: Panel) -> None:
        """Everything may be seen: the picture has its marks, the panel its notes and drawers."""
        shown = self.shown
        with shown._drawing:
            if panel.veil.lifted:
                return
            panel.veil.lifted = True
            shown.__dict__.pop("_picture", None)
            session, picture = shown._live, shown._picture
            panel.show(
                session.linear,
                shown.graph,
                picture.svg,
                shown._text(picture),
                notes=shown._said(),
                known=session.shown(),
            )

    def settle(self) -> None:
        """Wait until the last inputs have been followed."""
        self._moves.settle()

    def close(self) -> None:
        """Drop what waits."""
        self._moves.close()

    def _answer(self, panel: Panel) -> None:
        """The page's questions are about what is shown."""
        for what, answer in answering(lambda: self.shown.graph, self.shown._live).items():
            panel.on_ask(what, answer)
        panel.on_ask("quiz", self._judge)
        canvas = self.shown._canvas
        panel.on_ask("search", _nothing_folded if canvas is None else canvas.search)

    def redraw(self) -> None:
        """Other numbers in the panel, the same picture of the graph."""
        shown = self.shown
        session, panel = shown._front, shown._panel
        shown.__dict__.pop("_picture", None)
        if session is not None and panel is not None:
            with shown._drawing:
                self._answer(panel)
                parts = parts_of(shown.graph, session, opens=shown.settings.opens)
                panel.show(session.renewed(), shown.graph, shown._picture.svg, parts=parts)
                panel.set_state("ready", session.renamed() if session.exact else say("stale"))


def _nothing_folded(asked: dict[str, Any]) -> dict[str, Any]:
    """The answer to a search where the page has every card: it knows itself."""
    return {"text": asked.get("text"), "found": None, "more": 0}
