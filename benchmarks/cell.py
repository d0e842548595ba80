"""What ``%%backward`` itself costs: the same cell with and without the magic, in a real kernel, taking turns.

    python -m benchmarks.cell [--nodes 30] [--rounds 30] [--library torch]

The time runs from the request to the kernel's idle message, so it holds everything: trace, Jacobian, layout, SVG,
widgets and their messages. The first cells are not counted (warm); the difference of the medians is held against 60 ms
(80 ms for PyTorch).
"""

from __future__ import annotations

import argparse
import contextlib
import os
import statistics
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import start_new_kernel

from benchmarks.measure import percentile, table, verdict
from benchmarks.programs import SETUP, cell_of

LIMIT_MS = {"engine": 60, "torch": 80}
WARM = 5
ROOT = Path(__file__).resolve().parents[1]


@contextlib.contextmanager
def kernel() -> Iterator[BlockingKernelClient]:
    """A new IPython kernel that can import the packages of this repository."""
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    manager, client = start_new_kernel(kernel_name="python3", env=os.environ | {"PYTHONPATH": path})
    try:
        yield client
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def run(client: BlockingKernelClient, code: str) -> float:
    """Seconds from the request to the kernel's idle message; fails where the cell fails."""
    begin = time.perf_counter()
    reply = client.execute_interactive(code, output_hook=lambda message: None, timeout=60)
    if reply["content"]["status"] != "ok":
        raise RuntimeError("\n".join(reply["content"]["traceback"]))
    return time.perf_counter() - begin


def main() -> int:
    """Measure and print; exit status 1 when the limit is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--nodes", type=int, default=30, help="size of the graph")
    parser.add_argument("--rounds", type=int, default=30, help="how often each of the two takes its turn")
    parser.add_argument("--library", default="engine", choices=tuple(LIMIT_MS), help="whose tensors the cell holds")
    options = parser.parse_args()
    plain = cell_of(options.nodes)
    cells = {"plain cell": plain, "%%backward cell": f"%%backward\n{plain}"}
    times: dict[str, list[float]] = {name: [] for name in cells}
    with kernel() as client:
        run(client, SETUP.format(options.library))
        first = run(client, cells["%%backward cell"])
        for _ in range(WARM + options.rounds):
            for name, code in cells.items():
                times[name].append(run(client, code) * 1e3)
    warm = {name: values[WARM:] for name, values in times.items()}
    rows = [
        [name, f"{statistics.median(values):.1f}", f"{percentile(values, 0.95):.1f}"] for name, values in warm.items()
    ]
    print(f"{options.nodes} nodes of {options.library}, {options.rounds} rounds, wall time seen by the front end\n")
    print(table(["", "median ms", "p95 ms"], rows))
    print(f"the first %%backward cell of the kernel took {first * 1e3:.0f} ms\n")
    cost = statistics.median(warm["%%backward cell"]) - statistics.median(warm["plain cell"])
    return not verdict("cost of %%backward over the plain cell", cost, LIMIT_MS[options.library], " ms")


if __name__ == "__main__":
    sys.exit(main())
