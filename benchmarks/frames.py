"""How smooth a panel is while a slider is dragged, in a real JupyterLab in headless Chromium.

    python -m benchmarks.frames [--nodes 100 10000] [--seconds 2] [--library torch]

For each size of graph and each drawer, the quiz's too: a drag with 60 moves per second, the times between the browser's
frames, how many were late, and what the page's main thread did in each frame: script, style, layout (the browser's own
counters) and changes of the document. An empty page in the same browser says what the machine can do. Limit: 16.7 ms of
the main thread's own time for a frame, in the slowest drawer; late frames beyond the empty page's are the machine's.
"""

from __future__ import annotations

import argparse
import itertools
import statistics
import sys
import time
from typing import Any

from benchmarks.measure import percentile, table, verdict
from benchmarks.programs import SETUP, cell_of, straight
from tests.browser.page import NotebookView, chromium, find_chromium
from tests.browser.server import Server, make_notebook

FRAME_MS = 1000 / 60
COUNTERS = {"script": "ScriptDuration", "style": "RecalcStyleDuration", "layout": "LayoutDuration"}
WATCH = """() => {
  const found = (window.__frames = { times: [], writes: 0, on: true });
  const step = (time) => { found.times.push(time); if (found.on) requestAnimationFrame(step); };
  requestAnimationFrame(step);
  found.observer = new MutationObserver((records) => { found.writes += records.length; });
  const root = document.querySelector(".backward-panel") ?? document.body;
  found.observer.observe(root, { subtree: true, childList: true, characterData: true, attributes: true });
}"""
STOP = "() => { __frames.on = false; __frames.observer.disconnect(); return [__frames.times, __frames.writes]; }"


def counters(client: Any) -> dict[str, float]:
    """What the browser has counted for this page so far; seconds, and layouts by number."""
    found = {each["name"]: each["value"] for each in client.send("Performance.getMetrics")["metrics"]}
    return {name: found[key] for name, key in {**COUNTERS, "layouts": "LayoutCount"}.items()}


def watched(page: Any, client: Any, act: Any) -> dict[str, float]:
    """Frames while ``act`` runs: times between them, and for each frame what the main thread did."""
    page.evaluate(WATCH)
    before = counters(client)
    act()
    after = counters(client)
    times, writes = page.evaluate(STOP)
    gaps = [b - a for a, b in itertools.pairwise(times)]
    frames = max(len(gaps), 1)
    spent = {name: (after[name] - before[name]) / frames * 1e3 for name in COUNTERS}
    return {
        "frames": len(gaps),
        "median": statistics.median(gaps),
        "p95": percentile(gaps, 0.95),
        "late": sum(gap > 17.5 for gap in gaps),
        "missed": sum(gap > 34 for gap in gaps),
        **spent,
        "own": sum(spent.values()),
        "layouts": (after["layouts"] - before["layouts"]) / frames,
        "writes": writes / frames,
    }


def idle(page: Any, seconds: float) -> None:
    """Move the mouse over nothing, as often as a drag does."""
    begin = time.perf_counter()
    for step in range(round(seconds * 60)):
        time.sleep(max(0.0, begin + step / 60 - time.perf_counter()))
        page.mouse.move(100 + step, 100)


def row(name: str, found: dict[str, float]) -> list[str]:
    """One line of the table."""
    whole = [f"{found[each]:.0f}" for each in ("frames", "late", "missed")]
    return [
        name,
        whole[0],
        f"{found['median']:.1f}",
        f"{found['p95']:.1f}",
        *whole[1:],
        *(f"{found[each]:.1f}" for each in ("script", "style", "layout", "own", "layouts", "writes")),
    ]


def twice(cell: str) -> str:
    """The cell with a backward call before its last one: its panel has passes to show."""
    lines = cell.split("\n")
    output = lines[-1].partition(".backward")[0]
    return "\n".join([*lines[:-1], f"{output}.backward(torch.ones(3), retain_graph=True)", lines[-1]])


def measure(
    server: Server, browser: Any, nodes: int, library: str, seconds: float
) -> list[tuple[str, dict[str, float]]]:
    """The panel of one size, with nothing and with each drawer open; at last as a quiz, which has its own alone."""
    cell = twice(cell_of(nodes) if nodes <= 1000 else straight(nodes))
    notebook = make_notebook(server.root / f"frames-{nodes}.ipynb", [""])
    view = NotebookView(browser).open(server, notebook)
    client = view.page.context.new_cdp_session(view.page)
    client.send("Performance.enable")
    found = []

    def drag() -> None:
        slider = view.slider("v[0]")
        slider.drag(0.95, seconds=seconds / 2)
        slider.drag(0.05, seconds=seconds / 2)

    for option in ("", "--quiz"):
        view.rewrite([SETUP.format(library), f"%%backward {option}\n{cell}"]).run_all()
        view.settled(seconds=90)
        drag()  # warm
        drawers = view.page.eval_on_selector_all("[data-drawer]", "all => all.map((each) => each.dataset.drawer)")
        for drawer in ["quiz"] if option else ["", *drawers]:
            if drawer and not option:
                view.page.locator(f'[data-drawer="{drawer}"]').click()
                view.page.wait_for_timeout(500)
            found.append((f"{nodes}, {drawer or 'no drawer'}", watched(view.page, client, drag)))
    view.close()
    server.stop_kernels()
    return found


def main() -> int:
    """Measure and print; exit status 1 when the limit is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--nodes", type=int, nargs="+", default=[100, 10_000], help="sizes of graphs")
    parser.add_argument("--seconds", type=float, default=2, help="of each drag")
    parser.add_argument("--library", default="engine", choices=("engine", "torch"), help="whose tensors the cells hold")
    options = parser.parse_args()
    path = find_chromium()
    if path is None:
        sys.exit("no Chromium found: install one, or name it in BACKWARD_CHROMIUM")
    with Server("lab") as server, chromium(path) as browser:
        page = browser.new_page()
        client = page.context.new_cdp_session(page)
        client.send("Performance.enable")
        found = [("an empty page", watched(page, client, lambda: idle(page, options.seconds)))]
        page.close()
        for nodes in options.nodes:
            found += measure(server, browser, nodes, options.library, options.seconds)
    head = ["", "frames", "median ms", "p95 ms", "> 17.5", "> 34"]
    print(table([*head, "script ms", "style", "layout", "own", "layouts", "writes"], [row(*each) for each in found]))
    print()
    return not verdict("main thread per frame, slowest drawer", max(each["own"] for _, each in found), FRAME_MS, " ms")


if __name__ == "__main__":
    sys.exit(main())
