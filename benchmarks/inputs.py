"""What a move of an input costs the kernel: its calls run again, rows, values, and the message to the page.

    python -m benchmarks.inputs [--nodes 8 30 100] [--moves 100] [--library torch]

For each size of graph the slider of the first input is moved, once the last move has been followed: processor time of
the thread that follows it, which holds everything but the page's own drawing (limit: median 10 ms at 8 nodes).
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time

import numpy as np

from benchmarks.measure import percentile, table, verdict
from benchmarks.programs import cell_of
from tests import cells

LIMIT_MS, NODES = 10, 8
WARM = 10


def moves(nodes: int, library: str, count: int) -> list[float]:
    """Milliseconds of each move, in a shell of its own."""
    with cells.shell(library) as shell:
        ran = cells.run(shell, f"%%backward --inputs -o e\n{cell_of(nodes)}")
        assert ran.error is None, ran.printed
        e = shell.user_ns["e"]
        slider = e.panel._inputs.sliders[0]
        found = []
        for turn in range(WARM + count):
            began = time.thread_time()
            slider.value = value = round(0.25 + 0.01 * (turn % 50), 2)
            found.append(1e3 * (time.thread_time() - began))
            assert e.inputs["x"].reshape(-1)[0] == np.float32(value)  # it has been followed in this call
            e._wishes._moves._cost = 0.0  # else the next one waits, as those of a drag do
        return found[WARM:]


def main() -> int:
    """Measure and print; exit status 1 when the limit is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--nodes", type=int, nargs="+", default=[8, 30, 100], help="sizes of graphs")
    parser.add_argument("--moves", type=int, default=100, help="moves for each size")
    parser.add_argument("--library", default="engine", choices=("engine", "torch"), help="whose tensors the cells hold")
    options = parser.parse_args()
    found = {nodes: moves(nodes, options.library, options.moves) for nodes in options.nodes}
    rows = [
        [f"{nodes} nodes", f"{statistics.median(each):.2f}", f"{percentile(each, 0.95):.2f}"]
        for nodes, each in found.items()
    ]
    print(table(["", "move of an input: median ms", "p95 ms"], rows), end="\n\n")
    limited = [statistics.median(each) for nodes, each in found.items() if nodes <= NODES]
    return not all(verdict(f"move of an input, {NODES} nodes", each, LIMIT_MS, " ms") for each in limited)


if __name__ == "__main__":
    sys.exit(main())
