"""Memory of a recorded graph: bytes per operation in a long chain, engine against torch eager.

    python -m benchmarks.memory [--length 40000]

Each chain is built in a process of its own; what it grew by is divided by the number of operations, for torch's
nodes live where no Python tool sees them. Limit: 0.3 of torch's.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

from benchmarks.measure import table, verdict

LIMIT = 0.3
ROOT = Path(__file__).resolve().parents[1]
OPERATIONS = {  # what one link of the chain is
    "y * w": "y * w",
    "y * y": "y * y",
    "y + b": "y + b",
    "sin(y)": "torch.sin(y)",
    "y * 0.999": "y * 0.999",
    "sin(y * w + b) * 0.9": "torch.sin(y * w + b) * 0.9",
}
SHAPES = {"scalar": (), "3": (3,), "5x5": (5, 5)}
CODE = """
import gc, psutil
import {library} as torch
x = torch.ones({shape}, requires_grad=True)
w, b = torch.full({shape}, 0.5), torch.full({shape}, 0.25)
def chain(length):
    y = x
    for _ in range(length):
        y = {operation}
    return y
warm = chain(1000)
process = psutil.Process()
gc.collect(); before = process.memory_info().rss
y = chain({length})
gc.collect(); print(process.memory_info().rss - before)
"""


def grown(library: str, operation: str, shape: tuple[int, ...], length: int) -> int:
    """Bytes by which a new process grows while it builds the chain."""
    code = CODE.format(library=library, operation=operation, shape=shape, length=length)
    return int(
        subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    )


def main() -> int:
    """Measure and print; exit status 1 when the limit is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--length", type=int, default=40_000, help="links in the chain")
    options = parser.parse_args()
    rows, ratios = [], []
    for name, operation in OPERATIONS.items():
        count = options.length * (4 if "sin(y * w" in operation else 1)
        for shape_name, shape in SHAPES.items():
            torch, ours = (grown(library, operation, shape, options.length) / count for library in ("torch", "engine"))
            ratios.append(ours / torch)
            rows.append([f"{name}, {shape_name}", f"{torch:.0f}", f"{ours:.0f}", f"{ratios[-1]:.2f}"])
    print(table(["chain of", "torch bytes/op", "engine bytes/op", "ratio"], rows), end="\n\n")
    return not verdict("highest ratio", max(ratios), LIMIT, "")


if __name__ == "__main__":
    sys.exit(main())
