"""A column of ipywidgets' sliders with a title, for what a panel lets a person move."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import ipywidgets

from ..style.format import width
from .spec import Slide, exact

LABEL_SIZE = 13  # pixels, of a slider's name in panel.css


def slider_of(
    slide: Slide,
    tooltip: str,
    layout: ipywidgets.Layout,
    style: ipywidgets.SliderStyle,
    changed: Callable[[dict[str, Any]], object],
) -> ipywidgets.FloatSlider:
    """The widget of a slider; ``changed`` is its observer."""
    slider = ipywidgets.FloatSlider(
        value=slide.start,
        min=slide.low,
        max=slide.high,
        step=slide.step,
        readout_format=slide.readout,
        description=slide.name,
        tooltip=tooltip,
        layout=layout,
        style=style,
    )
    slider.observe(changed, names="value")
    return slider


class Column:
    """``changed``: called with the sliders' values as they were meant, after each change."""

    def __init__(self, title: str, kind: str, changed: Callable[[tuple[float, ...]], object]) -> None:
        self._layout = ipywidgets.Layout(width="auto")
        self._style = ipywidgets.SliderStyle(description_width="initial")
        self._title = ipywidgets.Label(title, layout=self._layout)
        self._title.add_class("backward-title")
        self.box = ipywidgets.Box([], layout=self._layout)
        self.box.add_class("backward-weights")
        self.box.add_class(kind)
        self.sliders: tuple[ipywidgets.FloatSlider, ...] = ()
        self._slides: Sequence[Slide] = ()
        self._call = changed
        self._last: tuple[float, ...] = ()

    def fill(self, slides: Sequence[Slide]) -> None:
        """Other sliders in place of these."""
        old = self.sliders
        self._slides = slides
        longest = max((width(each.name, LABEL_SIZE) for each in slides), default=0)
        self._style.description_width = f"{longest:.0f}px"
        self.sliders = tuple(map(self._slider, slides))
        self._last = self.values
        self.box.children = (self._title, *self.sliders)
        for slider in old:
            slider.unobserve_all()
            slider.close()

    def _slider(self, slide: Slide) -> ipywidgets.FloatSlider:
        return slider_of(slide, slide.name, self._layout, self._style, self._changed)

    @property
    def values(self) -> tuple[float, ...]:
        """One for each slider, to the last bit where it stands at a value of the cell's."""
        return tuple(
            exact(slider.value, slider.min, slider.max, slide.anchors)
            for slider, slide in zip(self.sliders, self._slides, strict=True)
        )

    def _changed(self, _: object) -> None:
        values = self.values
        if values != self._last:  # a slider's own rounding is no change
            self._last = values
            self._call(values)

    def close(self) -> None:
        """Close every widget."""
        for slider in self.sliders:
            slider.unobserve_all()
        for each in (*self.sliders, self._title, self.box, self._title.style, self._style, self._layout):
            each.close()
