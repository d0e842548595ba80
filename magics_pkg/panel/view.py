"""The panel in a notebook: ipywidgets sliders for v beside one anywidget that computes and draws.

    panel = Panel(graph, linear, svg)            svg="" and text="..." where there is no picture
    panel.widget                                 the root, to be displayed; panel.mimebundle() adds the still picture
    panel.weights                                what the sliders say: one float for each entry of linear.weights
    panel.on_weights(callback)                   callback(weights) after each change; on the kernel's comm thread
    panel.on_pick(callback)                      callback(flat index): somebody wants a slider for this entry of v
    panel.on_open(callback)                      callback(name, open): somebody opens a folded card, or folds a group
    panel.on_preset(callback)                    callback(name, flat index or None): written, ones, zeros, random, hot;
                                                 asked for only where not every entry of v has a slider
    panel.on_inputs(callback)                    callback(values): one for each slider of `entries`, after each change
    panel.show_inputs(linear, graph, known)      other numbers for them in the same picture: sliders, drawers stay
    panel.on_ask(what, callback)                 callback(message) -> what a drawer of the page has asked for, or None;
    panel.answer(what, data, buffers=())         and then this, later
    panel.set_truth(weights, values)             the N numbers as the kernel has them for these weights (as `on_weights`
                                                 gave them); an answer to other weights than the sliders' is ignored
    panel.set_state(state, message="")           ready | busy | stale | error, with a sentence for the reader
    panel.show(linear, graph=None, svg=None)     other rows, other sliders, another picture: drawn anew; with `known`,
                                                 the numbers at the present v, the sliders stay
    panel.close()                                closes every widget that it made, and forgets the callbacks

While a change waits for `set_truth` the page says busy by itself. What a callback raises is shown in the panel.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from html import escape
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import anywidget
import ipywidgets
import numpy as np
import traitlets

from ..pictures.text import render
from ..style.format import width
from ..words import labels
from . import page, quiz
from . import spec as made
from .sliders import Column, slider_of
from .static import fallback

if TYPE_CHECKING:
    from ..graphs.graph import Graph
    from ..graphs.linear import Linear
    from .entries import Entries

LABEL_SIZE = 13  # pixels, of a slider's name in panel.css
STATES = ("ready", "busy", "stale", "error")

OnWeights = Callable[[tuple[float, ...]], object]
OnPick = Callable[[int], object]
OnInputs = Callable[[tuple[float, ...]], object]
OnPreset = Callable[[str, int | None], object]
OnAsk = Callable[[dict[str, Any]], "dict[str, Any] | None"]
OnOpen = Callable[[str, bool], object]


def _references(models: list[ipywidgets.Widget], _: object) -> list[str]:
    """What anywidget's `host.getModel` looks a model up by."""
    return [f"anywidget:{model.model_id}" for model in models]


def _truth(weights: Sequence[float], values: np.ndarray) -> dict[str, Any]:
    return {"v": [float(each) for each in weights], "values": np.asarray(values, "<f8").tobytes()}


class Picture(anywidget.AnyWidget):
    """The sentence, the graph, the gradients: everything but the sliders, which it listens to in the browser."""

    _esm = made.script()
    _css = made.style()
    still = traitlets.Unicode().tag(sync=True)  # the class of the still picture, which is hidden while this is drawn
    svg = traitlets.Unicode().tag(sync=True)
    spec = traitlets.Dict().tag(sync=True)
    rows = traitlets.Bytes().tag(sync=True)
    shape = traitlets.Bytes().tag(sync=True)
    sliders = traitlets.List(anywidget.WidgetTrait()).tag(sync=True, to_json=_references)
    inputs = traitlets.List(anywidget.WidgetTrait()).tag(sync=True, to_json=_references)
    given: traitlets.Dict[str, Any] = traitlets.Dict().tag(sync=True)  # what has changed with the inputs since `spec`
    truth: traitlets.Dict[str, Any] = traitlets.Dict().tag(sync=True)
    state = traitlets.Enum(STATES, "ready").tag(sync=True)
    message = traitlets.Unicode().tag(sync=True)


class Panel:
    """One panel: see the module's docstring."""

    def __init__(
        self,
        graph: Graph,
        linear: Linear,
        svg: str,
        *,
        text: str = "",
        notes: Sequence[str] = (),
        limits: tuple[float, float] | None = None,
        parts: Mapping[str, Any] | None = None,
        opens: str = "",
        entries: Entries | None = None,
    ) -> None:
        self.graph, self.linear, self.svg, self.text = graph, linear, svg, text
        self.parts, self.opens, self.entries = parts, opens, entries
        self._inputs_callbacks: list[OnInputs] = []
        self._asks: dict[str, OnAsk] = {}
        self.notes, self.limits = tuple(notes), limits
        self.closed, self.veil = False, quiz.Veil()
        self._weights_callbacks: list[OnWeights] = []
        self._pick_callbacks: list[OnPick] = []
        self._preset_callbacks: list[OnPreset] = []
        self._open_callbacks: list[OnOpen] = []
        # One layout and one style serve every slider: a closed panel has that many models less to forget.
        self._layout = ipywidgets.Layout(width="auto")
        self._style = ipywidgets.SliderStyle(description_width="initial")
        self.sliders: tuple[ipywidgets.FloatSlider, ...] = ()
        self._title = ipywidgets.Label(labels()["weights"], layout=self._layout)
        self._title.add_class("backward-title")
        self._column = ipywidgets.Box([], layout=self._layout)
        self._column.add_class("backward-weights")
        self.picture = Picture(layout=self._layout, still=f"backward-still-{uuid4().hex[:12]}")
        self.picture.add_class("backward-view")
        self.picture.on_msg(self._message)
        shown = [self._column] if graph.output else []  # without an output there is no v
        self._inputs: Column | None = None
        if entries is not None and entries.chosen:
            self._inputs = Column(labels()["inputs"], "backward-inputs", self._given)
            shown.append(self._inputs.box)
        shown.append(self.picture)
        self._grid = ipywidgets.Box(shown, layout=self._layout)
        self._grid.add_class("backward-grid")
        self.widget = ipywidgets.Box([self._grid], layout=self._layout)
        self.widget.add_class("backward-panel")
        self._send()

    def show(
        self,
        linear: Linear,
        graph: Graph | None = None,
        svg: str | None = None,
        text: str | None = None,
        *,
        notes: Sequence[str] | None = None,
        parts: Mapping[str, Any] | None = None,
        known: np.ndarray | None = None,
    ) -> None:
        """Draw anew, with other rows or other sliders; or only another graph, with the numbers at the present v."""
        self.linear = linear
        self.graph = graph or self.graph
        self.svg = self.svg if svg is None else svg
        self.text = self.text if text is None else text
        self.notes = self.notes if notes is None else tuple(notes)
        self.parts = self.parts if parts is None else parts
        if known is None:
            self._send()
        else:
            self._send_picture(known)

    def _send(self) -> None:
        self._slides = made.slides(self.linear, self.limits)
        longest = max((width(each.name, LABEL_SIZE) for each in self._slides), default=0)
        self._style.description_width = f"{longest:.0f}px"
        old = self.sliders
        spec = self._spec()
        if self._inputs is not None and self.entries is not None:
            self._inputs.fill(self.entries.slides())
        self.sliders = tuple(self._slider(slide, spec["output"]) for slide in self._slides)
        self._last = self.weights
        self._column.children = (self._title, *self.sliders)
        with self.picture.hold_sync():
            self.picture.sliders = list(self.sliders)
            self.picture.inputs = list(self._inputs.sliders) if self._inputs is not None else []
            self._draw(spec, {})
        for slider in old:
            slider.unobserve_all()
            slider.close()

    def _send_picture(self, known: np.ndarray) -> None:
        """The sliders stay where they are, and so does what a person is doing with them."""
        with self.picture.hold_sync():
            self._draw(self._spec(), self._truth(known))

    @property
    def _guessed(self) -> list[dict[str, Any]]:
        """What a quiz asks for whose page must ask who is right: it knows nothing else until all is shown."""
        unseen = made.veiled(self.opens, self.parts) and not self.linear.linear and not self.veil.lifted
        return list((self.parts or {})["quiz"]) if unseen else []

    def _seen(self) -> Linear:
        """The rows as the page may know them."""
        asked = self._guessed
        if not asked:
            return self.linear
        return replace(
            quiz.unknown(self.linear), base=self.veil.numbers(self.graph, self.linear, asked, self.linear.base)
        )

    def _truth(self, known: np.ndarray) -> dict[str, Any]:
        asked = self._guessed
        return _truth(self._last, self.veil.numbers(self.graph, self.linear, asked, known) if asked else known)

    def _spec(self) -> dict[str, Any]:
        asked = [{"quantity": each["quantity"], "place": each["place"]} for each in self._guessed]
        return made.spec(
            self.graph,
            self.linear,
            self._slides,
            live=True,
            notes=() if asked else self.notes,
            text=self.text,
            parts={"quiz": asked} if asked else self.parts,
            opens=self.opens,
            inputs=None if self.entries is None else self.entries.data(self.graph),
        )

    def show_inputs(
        self, linear: Linear, graph: Graph, parts: Mapping[str, Any], known: np.ndarray, said: Mapping[str, Any]
    ) -> None:
        """Other numbers for other inputs, in the same picture; drawn anew only where other rows can be added up."""
        same = (linear.linear, linear.rows.shape) == (self.linear.linear, self.linear.rows.shape)
        self.linear, self.graph, self.parts = linear, graph, {**(self.parts or {}), **parts}
        if not same:
            self._send_picture(known)
        elif not self.closed:
            with self.picture.hold_sync():
                self.picture.rows, self.picture.shape = made.rows(self._seen()), made.form(self._seen())
                told = {} if self._guessed else dict(parts)
                self.picture.given = {**said, "parts": told, "truth": self._truth(known)}

    def _given(self, values: tuple[float, ...]) -> None:
        if not self.closed:
            self._call(self._inputs_callbacks, values)

    def on_inputs(self, callback: OnInputs) -> None:
        """Call back after each change of an input's slider."""
        self._inputs_callbacks.append(callback)

    def _draw(self, spec: dict[str, Any], truth: dict[str, Any]) -> None:
        """The page starts over when `spec` changes, so everything that it reads goes out in the same message."""
        self.picture.rows, self.picture.shape = made.rows(self._seen()), made.form(self._seen())
        self.picture.svg, self.picture.truth, self.picture.given = self.svg, truth, {}
        self.picture.spec = spec

    def _slider(self, slide: made.Slide, output: str) -> ipywidgets.FloatSlider:
        tooltip = labels()["weight_of"].format(slide.name.replace("v", output, 1))
        return slider_of(slide, tooltip, self._layout, self._style, self._changed)

    @property
    def weights(self) -> tuple[float, ...]:
        """The sliders' values as they were meant, one for each entry of `linear.weights`."""
        return tuple(
            made.exact(slider.value, slider.min, slider.max, slide.anchors)
            for slider, slide in zip(self.sliders, self._slides, strict=True)
        )

    def on_weights(self, callback: OnWeights) -> None:
        """Call back after each change of a slider."""
        self._weights_callbacks.append(callback)

    def on_pick(self, callback: OnPick) -> None:
        """Call back when somebody asks for a slider for another entry of v."""
        self._pick_callbacks.append(callback)

    def on_preset(self, callback: OnPreset) -> None:
        """Call back when a button is pressed that only the kernel can answer."""
        self._preset_callbacks.append(callback)

    def on_ask(self, what: str, callback: OnAsk) -> None:
        """Who answers the page's questions of this kind; None where the answer comes later, by `answer`."""
        self._asks[what] = callback

    def _answer_to(self, asked: dict[str, Any]) -> None:
        found = self._asks[asked["what"]](asked)
        if found is not None:
            self.answer(asked["what"], found)

    def answer(self, what: str, data: dict[str, Any], buffers: Sequence[bytes] = ()) -> None:
        """Send the page what one of its drawers has asked for."""
        if not self.closed:
            self.picture.send({"kind": "answer", "what": what, **data}, list(buffers))

    def on_open(self, callback: OnOpen) -> None:
        """Call back when somebody opens a folded card, or folds an open group."""
        self._open_callbacks.append(callback)

    def _changed(self, _: object) -> None:
        weights = self.weights
        if weights == self._last or self.closed:  # a slider's own rounding is no change
            return
        self._last = weights
        self._call(self._weights_callbacks, weights)

    def _message(self, _: object, content: Any, __: object) -> None:
        kind = content.get("kind") if isinstance(content, dict) else None
        index = content.get("index") if kind else None
        if index is not None and not (isinstance(index, int) and 0 <= index < self.linear.v.size):
            return
        if kind == "pick" and index is not None:
            self._call(self._pick_callbacks, index)
        elif kind == "ask" and content.get("what") in self._asks:
            self._call([self._answer_to], content)
        elif kind == "preset" and content.get("name") in ("written", "ones", "zeros", "random", "hot"):
            self._call(self._preset_callbacks, content["name"], index)
        elif kind == "open" and isinstance(content.get("name"), str):
            self._call(self._open_callbacks, content["name"], content.get("open") is True)

    def _call(self, callbacks: Sequence[Callable[..., object]], *arguments: object) -> None:
        """A comm's callback has nobody to raise to: whatever goes wrong is shown in the panel."""
        try:
            for callback in callbacks:
                callback(*arguments)
        except Exception as error:
            self.set_state("error", f"{type(error).__name__}: {error}")

    def set_truth(self, weights: Sequence[float], values: np.ndarray) -> None:
        """The numbers as the kernel has them for these weights."""
        if not self.closed:
            asked = self._guessed
            seen = self.veil.numbers(self.graph, self.linear, asked, values) if asked else values
            self.picture.truth = _truth(weights, seen)

    def set_state(self, state: str, message: str = "") -> None:
        """What the panel says of itself; errors stay until the next state."""
        if not self.closed:
            with self.picture.hold_sync():
                self.picture.state, self.picture.message = state, message

    def mimebundle(self) -> dict[str, Any]:
        """The widget; a still picture with a table for where widgets cannot render; the panel for pages made of it."""
        bundle = self.widget._repr_mimebundle_()
        data = dict(bundle[0] if isinstance(bundle, tuple) else bundle or {})
        if made.veiled(self.opens, self.parts):
            data["text/html"] = f"<pre>{escape(render(self.graph, self.linear, veiled=True))}</pre>"
        else:
            data["text/html"] = fallback(self.graph, self.linear, self.svg, self.text)
        data[page.MIME] = page.packed(
            page.content(
                self.graph,
                self.linear,
                self.svg,
                text=self.text,
                notes=self.notes,
                limits=self.limits,
                parts=self.parts,
                opens=self.opens,
            )
        )
        data["text/plain"] = self.text or data.get("text/plain", "")
        return data

    def close(self) -> None:
        """Close every widget, in the page and in the kernel; the numbers stay readable in saved output."""
        if self.closed:
            return
        self.closed = True
        for callbacks in (self._weights_callbacks, self._pick_callbacks, self._preset_callbacks, self._open_callbacks):
            callbacks.clear()
        self._asks.clear()
        self._inputs_callbacks.clear()
        if self._inputs is not None:
            self._inputs.close()
        for slider in self.sliders:
            slider.unobserve_all()
        self.picture.on_msg(self._message, remove=True)
        boxes = (self._title, self._column, self.picture, self._grid, self.widget)
        for each in (*self.sliders, *boxes, self._title.style, self._style, self._layout):
            each.close()
