"""Every state that a panel can be in, each reached as a person reaches it, to be measured and photographed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from playwright.sync_api import Locator, expect

from benchmarks.programs import straight
from tests.browser.page import NotebookView
from tests.test_unfolding import NET

SETUP = f"%load_ext magics_pkg\nimport engine as torch\nnn = torch.nn\n{NET}"
X = "x = torch.tensor([0.5, -1.25, 2.0], requires_grad=True)\n"
V = "y.backward(torch.tensor([1.0, 0.5, -0.25]))"
READY = '[data-state="ready"]'


@dataclass(frozen=True)
class State:
    """A cell of its own, what is done in its panel, and the state that the panel says it is in."""

    cell: str
    act: Callable[[NotebookView, Locator], None] = lambda view, panel: None
    state: str = "ready"


def opens(drawer: str) -> Callable[[NotebookView, Locator], None]:
    """Open a drawer."""

    def act(view: NotebookView, panel: Locator) -> None:
        tab = panel.locator(f'[data-drawer="{drawer}"]')
        if tab.get_attribute("aria-selected") != "true":
            tab.click()

    return act


def pinned(view: NotebookView, panel: Locator) -> None:
    """Look into the second operation's card."""
    panel.locator("[data-node].op .name").nth(1).click()
    panel.locator(".backward-inside > table").wait_for()
    panel.locator(".backward-inside th", has_text="value").first.wait_for()


def walked(view: NotebookView, panel: Locator) -> None:
    """Two steps into the pass."""
    opens("steps")(view, panel)
    for _ in range(2):
        panel.get_by_role("button", name="step forward").click()


def pathed(view: NotebookView, panel: Locator) -> None:
    """The paths behind one entry of the Jacobian."""
    opens("jacobian")(view, panel)
    panel.locator(".backward-heat td").first.click()
    panel.locator(".backward-paths tbody tr").first.wait_for()


def answered(view: NotebookView, panel: Locator) -> None:
    """One wrong guess, and the truth of it."""
    box = panel.locator(".backward-guess input[type=text]")
    box.fill("0.25")
    box.press("Enter")
    panel.locator(".backward-verdict p", has_text="Off by").wait_for()
    panel.get_by_role("button", name="tell me").click()
    expect(panel.locator(".backward-verdict")).to_contain_text("x.grad[0] = ")
    box.fill("7")
    box.press("Enter")
    panel.locator(".backward-verdict p", has_text="Off by").wait_for()


def busy(view: NotebookView, panel: Locator) -> None:
    """A slider moves where only the kernel knows, and the kernel is at work."""
    view.start("import time; time.sleep(600)")  # until the notebook is closed: this is the last state
    slider = panel.get_by_role("slider", name="v[0]", exact=True)
    for _ in range(5):
        slider.press("ArrowLeft")


def stale(view: NotebookView, panel: Locator) -> None:
    """Another cell changes the gradient."""
    view.execute("x.grad.zero_()")


def broken(view: NotebookView, panel: Locator) -> None:
    """A hook that raises at the new v."""
    panel.get_by_role("slider", name="v[0]", exact=True).press("ArrowLeft")


def unfolded(view: NotebookView, panel: Locator) -> None:
    """One module opened in place."""
    panel.locator("[data-open]").first.click()
    panel.locator("[data-fold]").first.wait_for()


def hovered(view: NotebookView, panel: Locator) -> None:
    """A piece of code is pointed at."""
    opens("inspect")(view, panel)
    panel.locator(".backward-piece").nth(2).hover()


def searched(view: NotebookView, panel: Locator) -> None:
    """The list under the search box, the second of it chosen by keys."""
    box = panel.get_by_role("combobox")
    box.fill("tanh")
    panel.locator(".backward-search:not([aria-busy]) [role=option]").nth(1).wait_for()
    box.press("ArrowDown")


def branched(view: NotebookView, panel: Locator) -> None:
    """A line of the tree opened by keys, and looked into."""
    line = panel.get_by_role("treeitem").nth(3)
    line.press("ArrowLeft")
    line.press("Enter")
    panel.locator(".backward-inside > table").wait_for()


# No picture of so many operations is drawn in a thousandth of a second
TREE = (
    "from magics_pkg import explore\nfrom magics_pkg.panel.settings import Settings\n"
    + straight(160).rpartition("\n")[0]
    + "\nexplore(h79, torch.tensor([1.0, 0.5, -0.25]), settings=Settings(max_nodes=3000, seconds=0.001))"
)
TANH = "%%backward\n" + X + "y = torch.tanh(x) * x\n" + V
STATES: dict[str, State] = {
    "plain": State(TANH),
    "inspector": State(TANH, pinned),
    "code": State(TANH, hovered),
    "inspector-large": State(
        "%%backward\nx = torch.linspace(-2, 2, 400).requires_grad_()\ny = (torch.sin(x) * x).sum() * 2\ny.backward()",
        pinned,
    ),
    "inspector-matrix": State(
        "%%backward\ntorch.manual_seed(0)\na = torch.randn(2, 3, requires_grad=True)\nb = torch.randn(3, 2)\n"
        "y = a @ b * 2\ny.backward(torch.ones(2, 2))",
        lambda view, panel: panel.locator("[data-node].op .name").first.click(),
    ),
    "steps": State(TANH, walked),
    "jacobian": State(TANH, pathed),
    "passes": State(
        "%%backward\n"
        + X
        + "y = x * x\ny.backward(torch.tensor([1., 2., 3.]), retain_graph=True)\nx.grad.zero_()\n"
        + V,
        opens("passes"),
    ),
    "second-derivative": State(
        "%%backward\nx = torch.tensor([1., 2.], requires_grad=True)\n"
        "g, = torch.autograd.grad((x ** 3).sum(), x, create_graph=True)\ny = g * g\ny.backward(torch.ones(2))",
        opens("passes"),
    ),
    "quiz": State("%%backward --quiz\n" + X + "y = torch.tanh(x) * x\n" + V),
    "quiz-answered": State("%%backward --quiz\n" + X + "y = torch.tanh(x) * x\n" + V, answered),
    "quiz-asked": State(
        "%%backward --quiz\n" + X + "h = x * x\nh.register_hook(lambda g: g.clamp(-0.2, 0.2))\ny = h + x\n" + V,
        answered,
    ),
    "quiz-inputs": State("%%backward --quiz --inputs\n" + X + "y = torch.tanh(x) * x\n" + V, answered),
    "block-inputs": State(
        "from magics_pkg import explore\nwith explore(inputs=True) as block:\n    "
        + X
        + "    y = torch.tanh(x) * x\n    "
        + V
        + "\nblock"
    ),
    "folded": State("%%backward --depth 0\ny = net(x)\ny.backward(torch.tensor([1., -2.]))"),
    "unfolded": State("%%backward --depth 0\ny = net(x)\ny.backward(torch.tensor([1., -2.]))", unfolded),
    "loop": State("%%backward\n" + X + "y = x\nfor _ in range(60):\n    y = y * 0.9 + x\n" + V),
    "rounds": State("%%backward\n" + X + "y = x\nfor _ in range(60):\n    y = y * 0.9 + x\n" + V, unfolded),
    "freed": State("%%backward\n" + X + "y = x ** 2 * 3\ny.sum().backward()\n" + V, state="ready"),
    "error": State("%%backward\n" + X + "y = x * 2\ny.backward()"),
    "in-place-error": State("%%backward\n" + X + "y = torch.exp(x)\ny += 1\n" + V),
    "cut": State("%%backward\n" + X + "h = x * x\ny = h.detach() * x + h\n" + V),
    "none": State("%%backward\n" + X + "w = torch.ones(3, requires_grad=True)\ny = x * 2 + (w * 0).detach()\n" + V),
    "nan": State("%%backward\nx = torch.tensor([0., 1., -1.], requires_grad=True)\ny = torch.sqrt(x) * x\n" + V),
    "hook": State("%%backward\n" + X + "h = x * x\nh.register_hook(lambda g: g * 10)\ny = h + x\n" + V),
    "search": State("%%backward\n" + straight(120), searched),
    "tree": State(TREE, branched),
    "compare": State("%%backward --compare\n" + X + "y = x.exp() * x\n" + V),
    "no-graph": State("%%backward --no-graph\n" + X + "y = x.exp() * x\n" + V),
    "broken": State(
        f"%%backward\n{X}def hook(g):\n    if g[0] != 1:\n        raise ValueError('takes 1 alone')\n    return g\n"
        f"y = x + 0\ny.register_hook(hook)\n{V}",
        broken,
        "error",
    ),
    "stale": State("%%backward\n" + X + "y = x * x\n" + V, stale, "stale"),
    # after it the kernel is lost; its leaf has another name, for "stale" means the x of the last cell that has one
    "busy": State(
        "%%backward\nu = torch.tensor([0.5, -1.25, 2.0], requires_grad=True)\ny = u * u\n"
        "u.register_hook(lambda g: g * 2)\n" + V,
        busy,
        "busy",
    ),
}
