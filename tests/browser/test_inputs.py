"""`%%backward --inputs` in a notebook: an input is dragged or typed, and all that is seen is what a fresh run gives."""

from __future__ import annotations

import json
from types import ModuleType
from typing import Any

import pytest

from tests.browser.page import NotebookView, number
from tests.browser.server import Server
from tests.browser.test_live import LIBRARIES, SETUP

pytestmark = pytest.mark.browser

PROGRAM = """x = torch.tensor({x}, requires_grad=True)
w = torch.tensor([1.5, 0.25, -0.75], requires_grad=True)
y = torch.tanh(x * w) + x ** 2 / 3
if y.sum() > 0:
    y = y * 2
y.backward(torch.tensor([1.0, 0.5, -0.25]))"""
CELL = "%%backward --inputs -o e\n" + PROGRAM.format(x="[0.5, -1.25, 2.0]")
FRESH = f"""
import json
def _fresh(x, path=True):
    space = {{"torch": torch}}
    code = {PROGRAM!r}.replace("{{x}}", str(x)).replace("y.sum() > 0", str(path))
    exec(code, space)
    print(json.dumps({{name: space[name].tolist() for name in "xy"}}
          | {{f"{{name}}.grad": space[name].grad.tolist() for name in "xw"}}))
"""


def fresh(view: NotebookView, x: list[float]) -> dict[str, list[float]]:
    """What the cell's text gives with these inputs, on the recorded path, in names of its own."""
    view.execute(FRESH)
    return dict(json.loads(view.execute(f"_fresh({x})")))


def inputs(view: NotebookView) -> list[float]:
    """x as the panel's Exploration has it, once the kernel is idle."""
    view.settled()
    return list(json.loads(view.execute("import json; print(json.dumps([float(a) for a in e.inputs['x']]))")))


def agree(view: NotebookView) -> list[float]:
    """Values and gradients in the page are a fresh run's; the user's own are the cell's. Returns the inputs."""
    x = inputs(view)
    wanted = fresh(view, x)
    panel = view.page.locator(".backward-panel")
    for name, numbers in wanted.items():
        for place, value in enumerate(numbers):
            told = panel.locator(f'[data-value="{name}[{place}]"]').last.text_content()
            assert number(told) == pytest.approx(value, rel=6e-4, abs=1e-6), (name, place)
    assert panel.get_attribute("data-state") == "ready"
    return x


@pytest.fixture
def view(server: Server, open_notebook: Any) -> NotebookView:
    """The notebook, run: its panel is ready."""
    opened: NotebookView = open_notebook([SETUP.format(LIBRARIES[server.kind]), CELL])
    opened.run_all()
    opened.wait_for('.backward-panel[data-state="ready"]')
    opened.slider("x[0]")
    return opened


def test_inputs(view: NotebookView) -> None:
    """Dragged, by keys, typed: cards, edges, tables follow; x and x.grad in the notebook stay; as written goes back."""
    own = view.execute("print(x.tolist(), x.grad.tolist())")
    view.slider("x[0]").drag(0.7)
    first = agree(view)
    assert first[0] != 0.5
    view.slider("x[2]").press("ArrowLeft", 3)
    second = agree(view)
    assert second[2] < first[2]
    box = view.page.locator('.backward-inputs .widget-readout[data-value="x[1]"]')
    box.click()
    box.fill("3.25")
    box.press("Enter")
    assert agree(view)[1] == 3.25
    assert view.execute("print(x.tolist(), x.grad.tolist())") == own
    said = view.page.locator(".backward-given-said")
    assert (
        said.inner_text()
        == "Computed on copies: in the notebook x and w keep their values, and .grad is theirs at this v."
    )

    view.slider("v[0]").press("ArrowRight", 5)  # moves both
    view.settled()
    moved = float(view.execute("print(float(e.weights[0]))"))
    assert moved != 1.0
    first = json.loads(own.partition("] ")[2])[0]
    assert float(view.execute("print(x.grad[0].item())")) == pytest.approx(first * moved, rel=1e-5)
    scaled = float(view.execute("print(float(e.grads['x'][0]))"))
    assert number(view.text("x.grad[0]", nth=-1)) == pytest.approx(scaled, rel=6e-4)

    view.page.locator('[data-inputs="written"]').click()
    assert agree_written(view)
    assert said.inner_text() == ""


def agree_written(view: NotebookView) -> bool:
    """The panel is about the user's own tensors again."""
    return inputs(view) == [0.5, -1.25, 2.0] and view.execute("print(e.grads['x'] is x.grad)") == "True"


def test_a_block(open_lab: Any, library: ModuleType) -> None:
    """The panel of `with explore(inputs=True)`: its sliders move copies, and it offers no cell to run again."""
    program = "\n    ".join(PROGRAM.format(x="[0.5, -1.25, 2.0]").splitlines())
    block = f"from magics_pkg import explore\nwith explore(inputs=True) as e:\n    {program}\ne"
    opened: NotebookView = open_lab([SETUP.format(library.__name__), block])
    opened.run_all()
    opened.wait_for('.backward-panel[data-state="ready"]')
    opened.slider("x[0]")
    own = opened.execute("print(x.tolist(), x.grad.tolist())")
    opened.slider("x[0]").drag(0.7)
    assert agree(opened)[0] != 0.5
    assert opened.execute("print(x.tolist(), x.grad.tolist())") == own
    assert "keep their values" in opened.page.locator(".backward-given-said").inner_text()
    assert opened.page.locator('[data-inputs="rerun"]').is_hidden()
    opened.page.locator('[data-inputs="written"]').click()
    assert agree_written(opened)
    assert opened.complaints == []


def test_a_branch(view: NotebookView) -> None:
    """Where the cell would have gone another way its line is named, and the cell with these inputs is offered."""
    for name, value in (("x[0]", -0.9), ("x[1]", -0.3), ("x[2]", 0.5)):
        box = view.page.locator(f'.backward-inputs .widget-readout[data-value="{name}"]')
        box.click()
        box.fill(str(value))
        box.press("Enter")
    agree(view)
    said = view.page.locator(".backward-given-said p").first
    assert said.inner_text() == (
        "line 5, y.sum() > 0, was True when the cell ran and is False with these inputs: what is drawn is the path that"
        " was recorded."
    )
    view.page.evaluate("() => { navigator.clipboard.writeText = async () => { throw new Error('closed'); }; }")
    view.page.locator('[data-inputs="rerun"]').click()
    cell = view.wait_for(".backward-cell:not([hidden])")
    text = cell.input_value()
    assert text.startswith("%%backward --inputs -o e\nx = torch.tensor([-0.9, -0.3, 0.5]")
    view.execute(f"get_ipython().run_cell({text.replace(' -o e', ' -o again')!r})")
    assert view.execute("print(again.inputs['x'].tolist() == e.inputs['x'].tolist())") == "True"
    assert view.execute("print(len(again.graph.nodes) == len(e.graph.nodes) - 1)") == "True"


def test_keyboard_and_names(view: NotebookView) -> None:
    """Each slider and its readout have the entry's name; the buttons and the readouts are reached by keys."""
    for name in ("x[0]", "w[2]"):
        assert view.page.get_by_role("slider", name=name, exact=True).count() == 1
        assert view.page.locator(f'.backward-inputs [role="textbox"][data-value="{name}"]').count() == 1
    view.slider("x[1]").press("ArrowRight", 2)
    assert agree(view)[1] > -1.25
    view.page.locator('[data-inputs="written"]').press("Enter")
    assert agree_written(view)
