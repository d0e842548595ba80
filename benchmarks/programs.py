"""Cells with a graph of a chosen size, for the commands that measure the magic."""

from __future__ import annotations

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
