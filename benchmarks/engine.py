"""Small programs, forward and backward: engine against torch eager, one thread, one process, taking turns.

    python -m benchmarks.engine [--rounds 40]

Prints the median time of each program with both and their ratio (limit: 0.38), and the ratios' geometric mean (0.28).
"""

from __future__ import annotations

import argparse
import math
import os
import sys
from collections.abc import Callable
from typing import Any

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")  # before NumPy and torch start their threads

from benchmarks.measure import interleaved, table, verdict  # noqa: E402 - after the threads are limited

LIMIT, LIMIT_OF_EACH = 0.28, 0.38
Program = Callable[[Any], Callable[[], object]]


def loop_of_c3(torch: Any) -> Callable[[], object]:
    """C3: double y until its norm passes 1000, then backward with three weights."""
    x = torch.tensor([-0.8143, -1.5852, -0.8598], requires_grad=True)
    v = torch.tensor([0.1, 1.0, 0.0001])

    def run() -> None:
        x.grad = None
        y = x * 2
        while y.data.norm() < 1000:
            y = y * 2
        y.backward(v)

    return run


def mean_of_c2(torch: Any) -> Callable[[], object]:
    """C2: the mean of 3 (x + 2)²."""
    x = torch.ones(2, 2, requires_grad=True)

    def run() -> None:
        x.grad = None
        y = x + 2
        z = y * y * 3
        z.mean().backward()

    return run


def vector_of_b4(torch: Any) -> Callable[[], object]:
    """B4: 3a³ - b² with an external gradient."""
    a = torch.tensor([2.0, 3.0], requires_grad=True)
    b = torch.tensor([6.0, 4.0], requires_grad=True)
    external_grad = torch.tensor([1.0, 1.0])

    def run() -> None:
        a.grad = b.grad = None
        q = 3 * a**3 - b**2
        q.backward(gradient=external_grad)

    return run


def chain(length: int, *shape: int) -> Program:
    """A chain of ``length`` operations on one shape: products, sums, sines, and products with a number, in turn."""

    def program(torch: Any) -> Callable[[], object]:
        torch.manual_seed(0)
        w, b, v = (torch.randn(shape) for _ in range(3))
        x = torch.randn(shape, requires_grad=True)

        def run() -> None:
            x.grad = None
            y = x
            for _ in range(length // 4):
                y = torch.sin(y * w + b) * 0.9
            y.backward(v)

        return run

    return program


def small_mlp(torch: Any) -> Callable[[], object]:
    """An 8-16-3 classifier as learners write it: one training step on a batch of 16."""
    torch.manual_seed(0)
    nn = torch.nn
    model = nn.Sequential(nn.Linear(8, 16), nn.Tanh(), nn.Linear(16, 3))
    loss, optimizer = nn.CrossEntropyLoss(), torch.optim.SGD(model.parameters(), lr=1e-6)
    inputs, targets = torch.randn(16, 8), torch.randint(0, 3, (16,))

    def run() -> None:
        optimizer.zero_grad()
        loss(model(inputs), targets).backward()
        optimizer.step()

    return run


PROGRAMS: dict[str, Program] = {
    "the loop of C3": loop_of_c3,
    "C2": mean_of_c2,
    "B4": vector_of_b4,
    **{
        f"chain of {length}, {what}": chain(length, *shape)
        for length in (100, 1000)
        for what, shape in {"scalar": (), "3": (3,), "5x5": (5, 5), "100": (100,)}.items()
    },
    "8-16-3 MLP, a step": small_mlp,
}


def main() -> int:
    """Measure and print; exit status 1 when the limit is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=40, help="how often each of the two takes its turn")
    options = parser.parse_args()
    import torch

    import engine

    torch.set_num_threads(1)
    rows, ratios = [], []
    for name, program in PROGRAMS.items():
        time = interleaved({"torch": program(torch), "engine": program(engine)}, options.rounds, 0.01)
        ratios.append(time["engine"] / time["torch"])
        rows.append([name, f"{time['torch'] * 1e6:.1f}", f"{time['engine'] * 1e6:.1f}", f"{ratios[-1]:.2f}"])
    print(
        f"forward + backward, one thread, medians of {options.rounds} interleaved rounds, torch {torch.__version__}\n"
    )
    print(table(["program", "torch µs", "engine µs", "ratio"], rows), end="\n\n")
    mean = math.exp(sum(map(math.log, ratios)) / len(ratios))
    good = verdict("geometric mean of the ratios", mean, LIMIT, "")
    return not (verdict("highest ratio", max(ratios), LIMIT_OF_EACH, "") and good)


if __name__ == "__main__":
    sys.exit(main())
