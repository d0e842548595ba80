"""Large tensors, forward and backward: engine against torch eager, one thread, one process, taking turns.

    python -m benchmarks.large [--rounds 20]

Prints the median time of each program with both, their ratio, and the ratio that is its limit. It is the processor's
time, page faults included: a clock on the wall also counts what other processes took. Where the environment sets
``OPENBLAS_CORETYPE``, NumPy's products of matrices may run on the wrong kernel: unset it first.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable
from typing import Any

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")  # before NumPy and torch start their threads

from benchmarks.measure import interleaved, table, verdict  # noqa: E402 - after the threads are limited

Program = Callable[[Any], Callable[[], object]]


def convolution(torch: Any) -> Callable[[], object]:
    """32 kernels of 3x3 over 8 images of 16 channels, 32 by 32."""
    torch.manual_seed(0)
    x = torch.randn(8, 16, 32, 32, requires_grad=True)
    w = torch.randn(32, 16, 3, 3, requires_grad=True)
    b = torch.randn(32, requires_grad=True)
    v = torch.randn(8, 32, 32, 32)

    def run() -> None:
        x.grad = w.grad = b.grad = None
        torch.nn.functional.conv2d(x, w, b, padding=1).backward(v)

    return run


def cross_entropy(torch: Any) -> Callable[[], object]:
    """The cross entropy of 1024 samples over 1000 classes."""
    torch.manual_seed(0)
    x = torch.randn(1024, 1000, requires_grad=True)
    target = torch.randint(0, 1000, (1024,))

    def run() -> None:
        x.grad = None
        torch.nn.functional.cross_entropy(x, target).backward()

    return run


def training_step(torch: Any) -> Callable[[], object]:
    """A step of SGD of an MLP, 784-256-10, on a batch of 128."""
    torch.manual_seed(0)
    nn = torch.nn
    model = nn.Sequential(nn.Linear(784, 256), nn.ReLU(), nn.Linear(256, 10))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    loss = nn.CrossEntropyLoss()
    inputs, targets = torch.randn(128, 784), torch.randint(0, 10, (128,))

    def run() -> None:
        optimizer.zero_grad()
        loss(model(inputs), targets).backward()
        optimizer.step()

    return run


def product(torch: Any) -> Callable[[], object]:
    """A product of two matrices of 512 by 512."""
    torch.manual_seed(0)
    a, b = (torch.randn(512, 512, requires_grad=True) for _ in range(2))
    v = torch.randn(512, 512)

    def run() -> None:
        a.grad = b.grad = None
        (a @ b).backward(v)

    return run


def elementwise(torch: Any) -> Callable[[], object]:
    """Ten elementwise operations on a million numbers."""
    torch.manual_seed(0)
    x = torch.randn(1000000, requires_grad=True)
    w = torch.randn(1000000)
    v = torch.randn(1000000)

    def run() -> None:
        x.grad = None
        y = torch.tanh(x * w + 0.5)
        y = torch.exp(y * 0.5) - y
        y = torch.relu(y) * w + torch.sigmoid(y)
        y.backward(v)

    return run


def normalised(torch: Any) -> Callable[[], object]:
    """Batch normalisation, relu and a maximum pool of 16 images of 32 channels, 28 by 28."""
    torch.manual_seed(0)
    x = torch.randn(16, 32, 28, 28, requires_grad=True)
    w, b = torch.ones(32, requires_grad=True), torch.zeros(32, requires_grad=True)
    functional = torch.nn.functional

    def run() -> None:
        x.grad = w.grad = b.grad = None
        y = functional.batch_norm(x, None, None, w, b, training=True)
        functional.max_pool2d(functional.relu(y), 2).sum().backward()

    return run


PROGRAMS: dict[str, tuple[Program, float]] = {
    "conv2d, 8x16x32x32, 3x3": (convolution, 2.0),
    "cross entropy, 1024x1000": (cross_entropy, 1.1),
    "MLP 784-256-10, batch 128": (training_step, 1.1),
    "matmul, 512x512": (product, 1.1),
    "ten elementwise, 1e6": (elementwise, 1.1),
    "batch norm, relu, max pool": (normalised, 1.2),
}


def main() -> int:
    """Measure and print; exit status 1 when a limit is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=20, help="how often each of the two takes its turn")
    parser.add_argument("--only", default="", help="only programs with this in their name")
    options = parser.parse_args()
    import torch

    import engine

    torch.set_num_threads(1)
    rows, within = [], []
    for name, (program, limit) in PROGRAMS.items():
        if options.only not in name:
            continue
        both = {"torch": program(torch), "engine": program(engine)}
        took = interleaved(both, options.rounds, 0.03, time.process_time)
        ratio = took["engine"] / took["torch"]
        within.append((name, ratio, limit))
        rows.append([name, f"{took['torch'] * 1e3:.2f}", f"{took['engine'] * 1e3:.2f}", f"{ratio:.2f}", f"{limit:g}"])
    print(
        f"forward + backward, one thread, medians of {options.rounds} interleaved rounds, torch {torch.__version__}\n"
    )
    print(table(["program", "torch ms", "engine ms", "ratio", "limit"], rows), end="\n\n")
    good = [verdict(name, ratio, limit, "") for name, ratio, limit in within]  # every line is printed
    return not all(good)


if __name__ == "__main__":
    sys.exit(main())
