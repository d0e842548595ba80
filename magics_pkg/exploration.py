"""The object that a user holds: one output, its weights v, the gradients, the graph, and the panel that shows them."""

from __future__ import annotations

import functools
import threading
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from IPython.display import display

from .errors import unknown
from .graphs.graph import Graph
from .graphs.linear import Linear
from .lessons import explain
from .panel.drawing import Picture, drawn, tried
from .panel.live import Closed, Leaf, Session
from .panel.parts import parts_of
from .panel.plain import in_json
from .panel.quiz import can_be
from .panel.settings import Settings, weights_for
from .panel.twin import twins
from .panel.wishes import Wishes
from .pictures import dot, png, svg, text
from .style.elements import leaf_nodes
from .words import say

if TYPE_CHECKING:
    from .panel.canvas import Canvas
    from .panel.view import Panel
    from .panel.whatif import WhatIf
    from .reruns.compare import Comparison

Array = np.ndarray[Any, Any]


class Exploration:
    """One output explored: `.weights` can be set, and `x.grad` follows.

    Errors: Closed from everything that needs the panel, once it was closed."""

    def __init__(
        self,
        graph: Graph | None = None,
        linear: Linear | None = None,
        session: Session | None = None,
        notes: Sequence[str] = (),
        settings: Settings | None = None,
        canvas: Canvas | None = None,
        what_if: WhatIf | None = None,
    ) -> None:
        self._what_if, self._wishes = what_if, Wishes(self)
        self.notes: tuple[str, ...] = ()
        self.closed = False
        self.comparison: Comparison | None = None  # what --compare found; it stays when the panel is closed
        self._graph: Graph | None = None
        self._linear: Linear | None = None
        self._session: Session | None = None
        self._panel: Panel | None = None
        self.settings = settings or Settings()
        self._drawing = threading.RLock()  # a click and a move may come on two threads
        self._fill(graph, linear, session, notes, canvas)

    def _fill(
        self,
        graph: Graph | None,
        linear: Linear | None,
        session: Session | None,
        notes: Sequence[str],
        canvas: Canvas | None,
    ) -> None:
        self._graph, self._linear, self._session, self.notes = graph, linear, session, tuple(notes)
        self._canvas = canvas
        if session is not None:
            session.report = self._wishes.report

    # ------------------------------------------------------------------ numbers
    @property
    def weights(self) -> Array:
        """v at present; set it to a number, a list or an array of the output's shape, and `x.grad` follows."""
        return self._live.v

    @weights.setter
    def weights(self, v: Any) -> None:
        self._wishes.follow(weights_for(tuple(self._live.weighting.v.shape), v))

    @property
    def grads(self) -> dict[str, Any]:
        """Each leaf's `.grad` as it is now, by the leaf's name."""
        return {leaf.name: leaf.tensor.grad for leaf in self._live.leaves if self._is_shown(leaf)}

    @property
    def jacobian(self) -> dict[str, Array]:
        """∂output/∂leaf for each leaf, by name. Shapes: the output's dimensions, then the leaf's."""
        session = self._live
        return {leaf.name: session.jacobian(leaf) for leaf in session.leaves if self._is_shown(leaf)}

    @property
    def inputs(self) -> dict[str, Array]:
        """What the leaves hold, by name; set some of them, and values, `grads` and `jacobian` are those of copies.

        The cell's own tensors and their `.grad` stay. Errors: Stuck where its calls cannot be run again with these."""
        self._check()
        return {} if self._what_if is None else self._what_if.inputs

    @inputs.setter
    def inputs(self, given: Mapping[str, Any]) -> None:
        self._check()
        if self._what_if is None:
            raise Closed(say("inputs_stuck", why=say("again_no_cell")))
        with self._drawing:
            self._what_if.move(given)
            self._graph = self._what_if.graph or self._what_if.own.graph
            self._wishes.moved()
        self._wishes.redraw()

    @property
    def branches(self) -> tuple[str, ...]:
        """Where Python was given another number than it would be with these inputs: sentences, the first one first."""
        return () if self._what_if is None else self._what_if.branches

    @property
    def graph(self) -> Graph:
        """The graph as plain values."""
        self._check()
        if self._graph is None:
            raise Closed(say("no_graph_here"))
        return self._graph

    def _is_shown(self, leaf: Leaf) -> bool:
        shown = {self.graph.node(each).grad for each in self.graph.leaves}
        return any(leaf.node in leaf_nodes(self.graph.quantities[each].key) for each in shown if each is not None)

    @property
    def message(self) -> str:
        """What there is to say of the present numbers: where they come from, when they are not the exact ones."""
        session = self._live
        return "" if session.exact else say("stale")

    # ------------------------------------------------------------------ pictures
    @property
    def widget(self) -> Any:
        """The panel, to be displayed anywhere; the same one each time."""
        return self.panel.widget

    @property
    def panel(self) -> Panel:
        """The panel behind the widget."""
        self._check()
        if self._panel is None:
            self._panel = self._wishes.panel()
        return self._panel

    def open(self, name: str) -> None:
        """Open a function or module that the picture shows folded, by its name: `e.open("model.layer1")`.

        Errors: UsageError where there is none of this name."""
        self._unfold(name, True)

    def fold(self, name: str) -> None:
        """Fold a function or module to one card. Errors: as `open`."""
        self._unfold(name, False)

    def _unfold(self, name: str, opened: bool) -> None:
        """The numbers come from the passes that were run: v, `.grad` and the sliders stay as they are."""
        self._check()
        canvas, session, panel = self._canvas, self._session, self._panel
        if canvas is None:
            raise unknown(say("function_or_module"), name, ())
        with self._drawing:
            (canvas.open if opened else canvas.fold)(name)
            before = (self.graph, None) if session is None else (session.graph, session.linear)
            graph, numbers = canvas.draw()
            self._graph, self._linear = graph, numbers if session is None else session.regraph(graph)
            after = graph, None if session is None else session.linear
            self.notes = explain.redrawn(self.notes, before, after, *canvas.told)
            if self._what_if is not None:
                self._graph = graph = self._what_if.regraph(graph)
                session = self._front
            self.__dict__.pop("_picture", None)
            if panel is not None and session is not None:
                picture = self._picture
                panel.show(
                    session.linear,
                    graph,
                    picture.svg,
                    self._text(picture),
                    notes=self._said(),
                    parts=parts_of(graph, session, opens=self.settings.opens),
                    known=session.shown(),
                )

    def to_svg(self) -> str:
        """The picture at the present v as a file of its own. Errors: LayoutError when Graphviz fails."""
        return svg.standalone(drawn(self.graph, self._now(), self.settings))

    def to_dot(self) -> str:
        """The graph in Graphviz's language, with labels."""
        return dot.labelled(self.graph)

    def to_png(self, scale: float = png.SCALE) -> bytes:
        """The picture at the present v as an image, `scale` times as large as it is drawn.

        Errors: LayoutError as `to_svg`, RuntimeError where neither resvg nor the program `dot` is installed."""
        return png.png(self.to_svg(), scale) or png.by_program(self.to_dot())

    def to_json(self) -> str:
        """Graph, values, v and gradients at present; their form stands in `magics_pkg/panel/plain.py`."""
        linear, session = self._now(), self._front
        if session is None:
            return in_json(self.graph, linear, linear.shown(linear.start), linear.v, {}, self._all_said())
        return in_json(self.graph, linear, session.shown(), session.v, self.grads, self._all_said())

    def save(self, path: str | Path) -> Path:
        """Write the panel, at the present v, to a page that works without a kernel; returns where."""
        from .panel.page import content, page

        graph, linear = self.graph, self._now()
        where = Path(path)
        veiled = self.settings.opens == "quiz" and can_be(graph, self._front)
        picture = tried(graph, linear, self.settings, veiled)
        panel = content(
            graph,
            linear,
            picture.svg,
            text=self._text(picture),
            notes=[*self.notes, *([picture.problem] if picture.problem else []), *self._wishes.saved()],
            limits=self.settings.range,
            parts=parts_of(graph, self._front, saved=True, opens=self.settings.opens),
            opens=self.settings.opens,
        )
        where.write_text(page(panel), encoding="utf-8")
        return where

    def bundle(self) -> dict[str, Any]:
        """What a notebook displays: the panel, a still picture for where it cannot run, the text for the rest."""
        if self.closed or self._graph is None:
            return {"text/plain": repr(self)}
        try:
            data = self.panel.mimebundle()
            data |= self._still() if self._session is None else {}
        except Exception as error:  # drawing must never hide the cell's result
            told = say("no_panel", error=f"{type(error).__name__}: {error}")
            return {"text/plain": f"{self!r}\n{say('note', text=told)}"}
        return {**data, "text/plain": repr(self)}

    def _still(self) -> dict[str, Any]:
        """Where there is no page to draw a panel in and nothing moves: the picture, and the notes."""
        from .panel.static import fallback

        picture = self._picture
        body = fallback(self.graph, self._numbers(), picture.svg, self._text(picture))
        said = "".join(f"<p>{escape(each)}</p>" for each in self._all_said())
        return {"text/html": body + said}

    def show(self) -> None:
        """Show the panel under the cell that runs; in a terminal, print it."""
        if not in_notebook():
            print(self)
            return
        bundle = self.bundle()
        for data, metadata in twins(bundle, self._panel.picture.still if self._panel is not None else ""):
            display(data, metadata=metadata, raw=True)

    _ipython_display_ = show

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        return self.bundle() if in_notebook() else {"text/plain": repr(self)}

    def __repr__(self) -> str:
        if self.closed:
            return say("closed")
        if self._session is None:
            return text.render(self._graph, self._linear, None, self._all_said())
        session = self._live
        shown, v = session.shown(), session.seeded.shown
        return text.render(self._graph, session.linear, shown, self._all_said(), v, veiled=self._veiled)

    # ------------------------------------------------------------------ life
    def check(self, names: dict[str, Any]) -> None:
        """Say in the panel what other cells have done to the tensors since."""
        if self._session is None or self._panel is None:
            return
        told = self._session.check(names)
        if told != self._wishes.told:
            self._wishes.told = told
            self._panel.set_state("stale" if told else "ready", told)

    def close(self) -> None:
        """Take the panel away and let go of the graph; `x.grad` stays as it is."""
        if self.closed:
            return
        self.closed = True
        self._wishes.close()
        if self._panel is not None:
            self._panel.close()
        if self._session is not None:
            self._session.close()
        self.__dict__.pop("_picture", None)
        for each in (self._canvas, self._what_if):
            if each is not None:
                each.close()
        self._graph = self._linear = self._session = self._panel = self._canvas = None

    def __enter__(self) -> Exploration:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _check(self) -> None:
        if self.closed:
            raise Closed(say("panel_closed"))

    @property
    def _front(self) -> Session | None:
        """Whose numbers are shown: that of the copies while an input is moved."""
        return (self._what_if.session if self._what_if is not None else None) or self._session

    @property
    def _live(self) -> Session:
        self._check()
        if (session := self._front) is None:
            raise Closed(say("nothing_moves"))
        return session

    @property
    def _sessions(self) -> list[Session]:
        """All that follow v: the user's own first."""
        copies = self._what_if.session if self._what_if is not None else None
        return [each for each in (self._session, copies) if each is not None]

    def _numbers(self) -> Linear:
        if (session := self._front) is not None:
            return session.linear
        assert self._linear is not None  # a graph comes with its numbers
        return self._linear

    def _now(self) -> Linear:
        _ = self.graph  # the error where there is none
        return self._numbers() if (session := self._front) is None else session.present()

    def _all_said(self) -> tuple[str, ...]:
        """What the drawing had to leave out, and every note."""
        return (*(self._graph.notes if self._graph is not None else ()), *self._said())

    def _said(self) -> tuple[str, ...]:
        problem = self.__dict__.get("_picture", Picture()).problem
        return (*self.notes, problem) if problem else self.notes

    def _text(self, picture: Picture) -> str:
        """The text form, where it must stand for the picture."""
        return text.render(self._graph, self._numbers(), veiled=self._veiled) if picture.problem else ""

    @property
    def _veiled(self) -> bool:
        """Whether the gradients are a quiz's: what is shown unasked may not tell them."""
        if self.settings.opens != "quiz" or (self._panel is not None and self._panel.veil.lifted):
            return False
        return self._graph is not None and can_be(self._graph, self._front)

    @functools.cached_property
    def _picture(self) -> Picture:
        """Drawn at first need."""
        return tried(self.graph, self._numbers(), self.settings, self._veiled)


def in_notebook() -> bool:
    """Whether there is a front end that could show a widget."""
    from IPython import get_ipython

    return getattr(get_ipython(), "kernel", None) is not None
