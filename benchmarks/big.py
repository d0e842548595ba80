"""What the first picture of a cell of 10,000 operations costs over the plain cell, in a warm kernel; how large it is.

    python -m benchmarks.big [--library torch] [--rounds 3] [--cells loop lines layers modules network]

Plain cell and %%backward take turns in one kernel. Time is the kernel's own processor time, which other programs on
the machine do not lengthen: trace, graph, folding, layout, SVG, rows of J and the panel's messages are all in it.
Limit: 1 s.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from typing import Any

from benchmarks.cell import kernel
from benchmarks.measure import table, verdict
from benchmarks.programs import LEAVES, SETUP, straight

LIMIT = 1.0
MODULES = """
nn = torch.nn
class Block(nn.Module):
    def __init__(self, d):
        super().__init__()
        self.a, self.b, self.norm = nn.Linear(d, d), nn.Linear(d, d), nn.LayerNorm(d)
    def forward(self, x):
        return x + self.b(torch.relu(self.a(self.norm(x))))
model = nn.Sequential(*(nn.Sequential(*(Block(4) for _ in range(50))) for _ in range(40)))
deep = model[:4]
rows = torch.randn(2, 4)
"""
NETWORK = """wx, wh = torch.randn(4, 8, requires_grad=True), (torch.randn(8, 8) * 0.3).requires_grad_()
wo, b, xs = torch.randn(8, 1, requires_grad=True), torch.zeros(8, requires_grad=True), torch.randn(500, 4)
h, loss = torch.zeros(8), torch.tensor(0.0)
for t in range(500):
    for layer in range(4):
        if (t + layer) % 3 == 0:
            h = torch.tanh(xs[t] @ wx + h @ wh + b)
        elif layer == 2:
            h = torch.relu(h @ wh) * 0.5 + b
        else:
            h = torch.sigmoid(h * 0.9 + b)
    loss = loss + ((h @ wo).sum() - 0.1) ** 2
loss.backward()"""
CELLS = {
    "loop": f"{LEAVES}\nh = x\nfor k in range(3333):\n    h = torch.sin(h * 0.9) + x\nh.backward(torch.ones(3))",
    "lines": straight(8000),
    "layers": "deep.zero_grad()\nh = rows\nfor _ in range(10):\n    h = deep(h)\nloss = h.sum()\nloss.backward()",
    "modules": "model.zero_grad()\nloss = model(rows).sum()\nloss.backward()",
    "network": NETWORK,
}
CLOCK = "import time as _time; _began = _time.process_time()"
READ = "print(_time.process_time() - _began)"


def run(client: Any, code: str) -> tuple[str, int]:
    """What a cell prints, and the bytes of what it displays; fails where the cell fails."""
    said: list[str] = []
    size = 0

    def hear(message: dict[str, Any]) -> None:
        nonlocal size
        size += len(json.dumps(message["content"], default=str)) + sum(map(len, message.get("buffers", ())))
        if message["msg_type"] == "stream":
            said.append(message["content"]["text"])

    reply = client.execute_interactive(code, output_hook=hear, timeout=300)
    if reply["content"]["status"] != "ok":
        raise RuntimeError("\n".join(reply["content"]["traceback"]))
    return "".join(said), size


def seconds(client: Any, code: str) -> tuple[float, int]:
    """The kernel's processor time for a cell, and the bytes that it displays."""
    run(client, CLOCK)
    _, size = run(client, code)
    return float(run(client, READ)[0]), size


def main() -> int:
    """Measure and print; exit status 1 when the limit is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--library", default="engine", choices=("engine", "torch"), help="whose tensors the cells hold")
    parser.add_argument("--rounds", type=int, default=3, help="how often each of the two takes its turn")
    parser.add_argument("--cells", nargs="+", default=list(CELLS), choices=tuple(CELLS))
    options = parser.parse_args()
    rows, costs = [], {}
    with kernel() as client:
        threads = "\ntorch.set_num_threads(1)" if options.library == "torch" else ""
        run(client, f"{SETUP.format(options.library)}{threads}\ntorch.manual_seed(0){MODULES}")
        for name in options.cells:
            plain, shown, size = [], [], 0
            for _ in range(options.rounds + 1):  # the first is not counted
                plain.append(seconds(client, CELLS[name])[0])
                time, size = seconds(client, f"%%backward -o e\n{CELLS[name]}")
                shown.append(time)
            cards = run(client, "print(len(e.graph.nodes))\ne.close()")[0].strip()
            costs[name] = statistics.median(shown[1:]) - statistics.median(plain[1:])
            numbers = (statistics.median(plain[1:]), statistics.median(shown[1:]), costs[name])
            rows.append([name, *(f"{each * 1e3:.0f}" for each in numbers), cards, f"{size / 1e3:.0f}"])
    print(f"{options.library}, {options.rounds} rounds, processor time of the kernel\n")
    print(table(["", "plain ms", "%%backward ms", "cost ms", "cards", "kB"], rows), end="\n\n")
    within = [verdict(f"the panel of {name}", cost, LIMIT, " s") for name, cost in costs.items()]
    return not all(within)


if __name__ == "__main__":
    sys.exit(main())
