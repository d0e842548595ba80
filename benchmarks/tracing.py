"""What recording a cell costs over running it plainly, in microseconds for each call that is recorded.

    python -m benchmarks.tracing [--library torch] [--rounds 30]

The cell's forward part alone, one thread, taking turns. The limits are for PyTorch: 6 us for a small operation of the
user's own, 16 us for a call inside modules, each over what the plain cell takes for it.
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Callable
from typing import Any

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")  # before the libraries start their threads

from benchmarks.measure import interleaved, table, verdict  # noqa: E402 - after the threads are limited

SMALL, INSIDE = 6.0, 16.0
SETUP = "nn, F = torch.nn, torch.nn.functional\ntorch.manual_seed(0)\n"
NETWORKS = """
class Block(nn.Module):
    def __init__(self, i, o, s=1):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(i, o, 3, s, 1, bias=False), nn.BatchNorm2d(o)
        self.conv2, self.bn2 = nn.Conv2d(o, o, 3, 1, 1, bias=False), nn.BatchNorm2d(o)
        self.down = nn.Sequential(nn.Conv2d(i, o, 1, s, bias=False), nn.BatchNorm2d(o)) if s != 1 or i != o else None
    def forward(self, x):
        out = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        return F.relu(out + (x if self.down is None else self.down(x)))
resnet = nn.Sequential(
    nn.Conv2d(3, 8, 3, 1, 1), *(Block(8, 8) for _ in range(8)), nn.AdaptiveAvgPool2d(1), nn.Flatten()
)
images = torch.randn(1, 3, 8, 8)
mlp = nn.Sequential(*(layer for _ in range(20) for layer in (nn.Linear(8, 8), nn.ReLU())))
rows = torch.randn(4, 8)
x = torch.tensor([0.5, -1.25, 2.0], requires_grad=True)
"""
TRANSFORMER = """
encoder = nn.TransformerEncoder(nn.TransformerEncoderLayer(16, 4, 32, batch_first=True), 4, enable_nested_tensor=False)
words = torch.randn(2, 7, 16)
"""
# name: the cell, its limit, whether only PyTorch has what it needs
CELLS: dict[str, tuple[str, float, bool]] = {
    "300 small operations": ("h = x\nfor k in range(100):\n    h = torch.sin(h * 0.9) + x", SMALL, False),
    "20 linear layers": ("y = mlp(rows)", INSIDE, False),
    "residual network": ("y = resnet(images)", INSIDE, False),
    "transformer": ("y = encoder(words)", INSIDE, True),
}


def programs(library: Any, source: str, names: dict[str, Any]) -> tuple[dict[str, Callable[[], object]], int]:
    """The cell plain and recorded, and how many calls are recorded."""
    from magics_pkg.tracing.recorder import Recorder

    code = compile(source, "<cell>", "exec")

    def plain() -> None:
        exec(code, names)  # the benchmark's own text

    def recorded() -> Recorder:
        recorder = Recorder(code)
        with recorder:
            exec(code, names)  # the same
        return recorder

    calls = sum(len(watch.records) for watch in recorded().watches)
    return {"plain": plain, "recorded": recorded}, calls


def main() -> int:
    """Measure and print; exit status 1 when a limit is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--library", default="torch", choices=("torch", "engine"))
    parser.add_argument("--rounds", type=int, default=30, help="how often each of the two takes its turn")
    options = parser.parse_args()
    library = importlib.import_module(options.library)
    if options.library == "torch":
        library.set_num_threads(1)
    names: dict[str, Any] = {"torch": library, "__name__": "__main__"}
    exec(SETUP + NETWORKS + (TRANSFORMER if options.library == "torch" else ""), names)  # the benchmark's own text
    rows, found = [], []
    for name, (source, limit, only_torch) in CELLS.items():
        if only_torch and options.library != "torch":
            continue
        both, calls = programs(library, source, names)
        time = interleaved(both, options.rounds, 0.02)
        cost = (time["recorded"] - time["plain"]) / calls * 1e6
        found.append((name, cost, limit))
        ratio = time["recorded"] / time["plain"]
        rows.append([name, str(calls), f"{time['plain'] * 1e3:.2f}", f"{cost:.1f}", f"{ratio:.2f}", f"{limit:g}"])
    print(f"recording a cell of {options.library} {library.__version__}, {options.rounds} interleaved rounds\n")
    print(table(["cell", "calls", "plain ms", "us per call", "ratio", "limit us"], rows), end="\n\n")
    good = [verdict(name, cost, limit, " us") for name, cost, limit in found]
    return not all(good)


if __name__ == "__main__":
    sys.exit(main())
