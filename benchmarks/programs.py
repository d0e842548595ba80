"""Cells with a graph of a chosen size, for the commands that measure the magic."""

from __future__ import annotations

import random

LEAVES = """x = torch.tensor([0.5, -1.25, 2.0], requires_grad=True)
w = torch.tensor([1.5, 0.25, -0.75], requires_grad=True)"""
STEPS = ("h{0} = torch.sin(h{1})", "h{0} = h{1} + h{2}", "h{0} = h{1} * 0.5", "h{0} = h{1} - 0.1")
SETUP = "%load_ext magics_pkg\nimport {0} as torch"


def cell_of(nodes: int) -> str:
    """A cell of straight lines whose graph has ``nodes`` nodes: two leaves, sums, sines, products and differences."""
    lines = [LEAVES, "h0 = x * w", "h1 = torch.exp(h0)"]
    lines += [STEPS[k % len(STEPS)].format(k, k - 1, k - 2) for k in range(2, nodes - 3)]
    lines += [f"y = h{nodes - 4} * 0.9", "y.backward(torch.tensor([1.0, 0.5, -0.25]))"]
    return "\n".join(lines)


def straight(operations: int) -> str:
    """A cell without a loop that records about so many operations: each line takes an earlier value and the last."""
    draws = random.Random(0)
    lines = [LEAVES, "h0 = x * w", "h1 = torch.exp(-h0)"]
    for k in range(2, operations // 2):
        earlier = draws.randrange(max(0, k - 20), k)
        lines.append(
            (f"h{k} = torch.sin(h{k - 1}) + h{earlier} * 0.1", f"h{k} = h{earlier} - torch.tanh(h{k - 1})")[k % 2]
        )
    return "\n".join([*lines, f"h{operations // 2 - 1}.backward(torch.tensor([1.0, 0.5, -0.25]))"])
