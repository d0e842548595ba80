"""The panel's widgets: exact weights, callbacks that cannot vanish, whole messages, nothing left after close."""

from __future__ import annotations

import gc
import json
import threading

import ipywidgets
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ipywidgets.widgets import widget as widgets

from magics_pkg.panel import spec, view
from tests import pictures
from tests.test_svg import draw

pytestmark = pytest.mark.usefixtures("young")


def panel(make: pictures.Made = pictures.first) -> view.Panel:
    """A panel with its picture."""
    graph, linear = make()
    return view.Panel(graph, linear, draw(graph, linear))


@pytest.fixture(autouse=True)
def everything_is_closed() -> object:
    """Each test closes what it opens."""
    before = set(widgets._instances)
    yield
    assert set(widgets._instances) <= before


def test_sliders_start_as_written() -> None:
    """One FloatSlider for each weight, at the cell's own v: 0.1 on the slider, float32's 0.1 to the last bit for us."""
    shown = panel()
    assert [slider.value for slider in shown.sliders] == [0.1, 1.0, 10.0]
    assert shown.weights == tuple(float(each) for each in np.float32([0.1, 1, 10]))
    assert [slider.description for slider in shown.sliders] == ["v[0]", "v[1]", "v[2]"]
    assert [(slider.min, slider.max) for slider in shown.sliders] == [(-0.2, 0.2), (-2.0, 2.0), (-20.0, 20.0)]
    assert [slider.step for slider in shown.sliders] == [0.001, 0.01, 0.1]
    assert [slider.readout_format for slider in shown.sliders] == [".3f", ".2f", ".1f"]
    shown.close()


@pytest.mark.parametrize(
    "v, ranges",
    [
        ([1.0, 0.5, -0.25], [2, 2, 2]),
        ([10.0, 1.0, 0.0001], [20, 2, 0.0002]),
        ([0.0, 0.0, 0.0], [2, 2, 2]),
        ([0.0, 0.001, 0.0], [2, 0.002, 2]),
        ([0.0, 300.0, 100.0], [1000, 1000, 1000]),
    ],
)
def test_ranges_follow_the_weights(v: list[float], ranges: list[float]) -> None:
    """Weights of like size share a range; one that is far smaller has its own."""
    picture = pictures.Picture()
    pictures.scaled(picture, picture.leaf("x", [1.0, 1.0, 1.0]), 2, "x * 2", "y")
    _, linear = picture.build(v)
    found = spec.slides(linear)
    assert [slide.high for slide in found] == ranges
    assert [slide.low for slide in found] == [-each for each in ranges]


def test_a_start_between_two_steps_is_not_moved() -> None:
    """A weight that no round step hits gets a step that does not move it."""
    picture = pictures.Picture()
    pictures.scaled(picture, picture.leaf("x", [1.0]), 2, "x * 2", "y")
    _, linear = picture.build([0.123456789])
    (slide,) = spec.slides(linear)
    assert slide.step < 1e-11
    assert slide.readout == ".4g"


@pytest.mark.parametrize(
    ("value", "readout"), [(1.0, ".2f"), (1e-4, ".6f"), (1.234e-4, ".3e"), (0.1234, ".4g"), (1e-9, ".3e"), (4e8, ".4g")]
)
def test_a_readout_has_room_for_its_number(value: float, readout: str) -> None:
    """Very small and very large weights are written with an exponent, not cut off."""
    high = spec.reach(value)
    slide = spec.Slide("v", 0, -high, high, value, value, ((value, value),))
    assert slide.readout == readout


def test_a_range_asked_for_is_kept() -> None:
    """`--range` holds for every slider, and grows only where a start lies outside."""
    _, linear = pictures.first()
    assert [(each.low, each.high) for each in spec.slides(linear, (-1, 2))] == [(-1, 2), (-1, 2), (-1, 10)]


@given(st.floats(-1, 1), st.sampled_from([0.2, 1.0, 2.0, 5.0, 500.0, 1e6]))
def test_what_a_slider_does_to_a_value_is_undone(share: float, reach: float) -> None:
    """noUiSlider turns a value into a percentage and back; what a person typed comes through."""
    value = float(f"{share:.6f}") * reach
    low, high = -reach, reach
    percent = (value - low) * 100 / (high - low)
    returned = percent * (high - low) / 100 + low
    assert spec.exact(returned, low, high, []) == pytest.approx(value, rel=1e-15)
    assert spec.exact(returned, low, high, [(value, 7.0)]) == 7.0


def test_a_move_is_told_once() -> None:
    """A change is called back with the weights that were meant; a slider's own rounding is no change."""
    shown, heard = panel(), []
    shown.on_weights(heard.append)
    shown.sliders[1].value = 1.0000000000000002
    assert heard == []
    shown.sliders[1].value = 0.30000000000000004
    tenth, _, ten = shown.weights
    assert heard == [(tenth, 0.3, ten)]
    assert tenth == float(np.float32(0.1))
    shown.close()


def test_range_and_value_may_come_in_one_message() -> None:
    """The page extends a range and sets a value beyond the old one in one message."""
    shown, heard = panel(), []
    shown.on_weights(heard.append)
    shown.sliders[0].set_state({"min": -500.0, "max": 500.0, "step": 1.0, "readout_format": ".0f", "value": 123.0})
    assert shown.sliders[0].value == 123.0
    assert [weights[0] for weights in heard] == [123.0]
    shown.close()


def test_what_a_callback_raises_is_shown() -> None:
    """A comm's callback has nobody to raise to: the panel says what went wrong, until the next state."""
    shown = panel()
    shown.on_weights(lambda _: 1 / 0)  # type: ignore[arg-type, return-value]
    shown.sliders[0].value = 0.15
    assert (shown.picture.state, shown.picture.message) == ("error", "ZeroDivisionError: division by zero")
    shown.set_state("ready")
    assert (shown.picture.state, shown.picture.message) == ("ready", "")
    shown.close()


def test_messages_of_the_page() -> None:
    """Buttons and picks are called back; anything else that arrives is not believed."""
    shown, picked, pressed = panel(), [], []
    shown.on_pick(picked.append)
    shown.on_preset(lambda name, index: pressed.append((name, index)))
    for content in (
        {"kind": "pick", "index": 2},
        {"kind": "pick", "index": 3},
        {"kind": "pick", "index": "0"},
        {"kind": "pick"},
        {"kind": "preset", "name": "ones", "index": None},
        {"kind": "preset", "name": "hot", "index": 1},
        {"kind": "preset", "name": "rm -rf", "index": 1},
        {"kind": "other"},
        "text",
        None,
    ):
        shown.picture._handle_custom_msg(content, [])
    assert picked == [2]
    assert pressed == [("ones", None), ("hot", 1)]
    shown.close()


def test_truth_carries_the_weights_it_is_for() -> None:
    """The kernel's numbers go out as bytes, with the v that they belong to."""
    shown = panel()
    shown.set_truth(shown.weights, shown.linear.shown(shown.weights))
    truth = shown.picture.truth
    assert tuple(truth["v"]) == shown.weights
    np.testing.assert_array_equal(np.frombuffer(truth["values"], "<f8"), shown.linear.shown(shown.weights))
    shown.close()


def test_rows_and_forms_are_what_the_page_computes_with() -> None:
    """base + Σ v·row and the quadratic forms, from the bytes alone, give the numbers and norms."""
    graph, linear = pictures.drawing()
    shown = view.Panel(graph, linear, "")
    count, height = linear.base.size, len(linear.start) + 1
    rows = np.frombuffer(shown.picture.rows, "<f8").reshape(height, count)
    np.testing.assert_allclose(np.array([1, *linear.start]) @ rows, linear.shown(linear.start))
    form = np.frombuffer(shown.picture.shape, "<f8")
    assert form.size == len(graph.quantities) * (height * height + height)
    np.testing.assert_array_equal(form[: linear.gram.size].reshape(linear.gram.shape), linear.gram)
    shown.close()


@pytest.mark.parametrize(
    "make",
    [pictures.drawing, pictures.large, pictures.special, pictures.hostile, pictures.accumulated, pictures.squares],
)
def test_the_spec_is_plain_json(make: pictures.Made) -> None:
    """NaN and inf never reach JSON, which a browser could not read."""
    shown = panel(make)
    text = json.dumps(shown.picture.spec, allow_nan=False)
    assert json.loads(text)["weights"][0]["name"].startswith("v")
    shown.close()


def test_show_draws_anew_in_one_message(monkeypatch: pytest.MonkeyPatch) -> None:
    """Other sliders and other rows go out together, and the old sliders are closed."""
    shown = panel(pictures.large)
    old: tuple[ipywidgets.FloatSlider, ...] = shown.sliders
    sent: list[set[str]] = []
    monkeypatch.setattr(shown.picture, "send_state", lambda keys: sent.append(set(keys)))
    picture = pictures.Picture()
    pictures.scaled(picture, picture.leaf("x", np.linspace(-1, 1, 1000)), 2, "x * 2", "y")
    _, linear = picture.build(np.cos(np.arange(1000) / 5), weights=(3, 500, 7))
    shown.show(linear)
    assert [slider.description for slider in shown.sliders] == ["v[3]", "v[500]", "v[7]"]
    assert shown._column.children[1:] == shown.sliders
    assert [slider.model_id for slider in old if slider.comm is not None] == []
    assert sent == [{"rows", "shape", "sliders", "spec"}]
    shown.close()


def test_close_leaves_nothing() -> None:
    """A thousand panels leave no widget, no thread and no cycle that only the collector can free."""
    panel().close()
    before, threads = len(widgets._instances), threading.active_count()
    graph, linear = pictures.first()
    svg = draw(graph, linear)

    def alive() -> int:
        gc.collect()
        return sum(type(each) is view.Panel for each in gc.get_objects())

    panels = alive()
    for _ in range(1000):
        shown = view.Panel(graph, linear, svg)
        shown.on_weights(print)
        shown.close()
        shown.close()
    assert len(widgets._instances) <= before  # fewer, where an earlier test has just let go of its own
    assert threading.active_count() <= threads
    assert alive() <= panels + 1  # the loop's own name for the last one


def test_a_closed_panel_is_silent() -> None:
    """Late answers to a closed panel are dropped."""
    shown, heard = panel(), []
    shown.on_weights(heard.append)
    shown.close()
    shown.set_truth([1, 2, 3], np.zeros(3))
    shown.set_state("busy")
    shown.sliders[0].value = 0.15
    assert heard == []
    assert shown.picture.state == "ready"


def test_the_bundle_has_a_form_for_everyone() -> None:
    """The widget, a still picture with a table where there are no widgets, and text."""
    shown = panel()
    bundle = shown.mimebundle()
    assert bundle["application/vnd.jupyter.widget-view+json"]["model_id"] == shown.widget.model_id
    assert bundle["text/html"].startswith('<div><img alt="Graph of y')
    assert bundle["text/plain"]
    shown.close()


def test_without_a_picture_there_is_text() -> None:
    """Where the graph could not be drawn the text form stands in its place."""
    graph, linear = pictures.first()
    shown = view.Panel(graph, linear, "", text="y <- x")
    assert shown.picture.spec["text"] == "y <- x"
    assert "<pre>y &lt;- x</pre>" in shown.mimebundle()["text/html"]
    shown.close()


def test_root() -> None:
    """The root is found by its class; the picture listens to the sliders' own models."""
    shown = panel()
    assert isinstance(shown.widget, ipywidgets.Box)
    assert "backward-panel" in shown.widget._dom_classes
    state = shown.picture.get_state(["sliders"])
    assert state["sliders"] == [f"anywidget:{slider.model_id}" for slider in shown.sliders]
    shown.close()
