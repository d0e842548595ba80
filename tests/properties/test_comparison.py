"""`%%backward --compare` over random programs, with writes into views and leaves: no difference that is not one."""

from __future__ import annotations

import random

import pytest

from tests import cells

from .facts import EXAMPLES
from .test_programs import BINARY, PASSES, UNARY

WRITES = [
    "{a}.mul_(2)", "{a}[0] = {b}.sum()", "{a}.data.add_(1)", "{a}.view(-1)[:1].zero_()", "{a} += {b}",
    "{a}.detach().mul_(0.5)", "{a}.requires_grad_()",
]  # fmt: skip
LEAVES = """x = T.tensor([0.5, -1.25, 0.0], dtype=T.float64, requires_grad=True)
v = T.tensor([1.5, 0.25, -0.75], dtype=T.float64, requires_grad=True)
m = T.tensor([[0.5, 1.0, -0.5], [2.0, -1.5, 0.25], [0.75, 0.75, -1.0]], dtype=T.float64, requires_grad=True)
s = T.tensor(0.625, dtype=T.float64, requires_grad=True)
"""
BLOCK = 25  # programs in one IPython


def program(seed: int) -> str:
    """Lines in which each may fail."""
    draw = random.Random(seed)
    names, lines = ["x", "v", "m", "s"], []
    for k in range(draw.randint(1, 9)):
        kind, a, b = draw.choice("uuuubbbbpww"), draw.choice(names), draw.choice(names)
        if kind in "pw":
            lines.append(draw.choice(PASSES if kind == "p" else WRITES).format(a=a, b=b))
            continue
        lines.append(f"t{k} = {draw.choice(UNARY if kind == 'u' else BINARY).format(a=a, b=b)}")
        names.append(f"t{k}")
    lines.append(f"({names[-1]} * 1.0).sum().backward()")
    return LEAVES + "".join(f"try: {line}\nexcept Exception: pass\n" for line in lines)


@pytest.mark.parametrize("library", ["engine", "torch"])
@pytest.mark.parametrize("block", range(max(EXAMPLES // BLOCK // 2, 1)))
def test_programs(library: str, block: int) -> None:
    """Everything is equal to rounding, and nothing is left out."""
    pytest.importorskip("torch", reason="the comparison needs both libraries")
    with cells.shell(library) as shell:
        cells.run(shell, "T = torch")
        for seed in range(block * BLOCK, (block + 1) * BLOCK):
            text = program(seed)
            for name in [each for each in shell.user_ns if each[:1] == "t" and each[1:].isdigit()]:
                del shell.user_ns[name]  # of the program before
            cells.run(shell, "panel = None")
            ran = cells.run(shell, "%%backward --compare --quiet -o panel --no-graph\n" + text)
            panel = shell.user_ns["panel"]
            if panel is None:  # nothing in it has a graph
                assert "UsageError" in ran.printed, text + ran.printed
                continue
            found = panel.comparison
            assert found is not None, text + ran.printed
            assert found.agrees, f"{text}\n{found}"
            assert not found.notes, f"{text}\n{found.notes}"
            left = [row for row in found.rows if row.status == "skipped"]
            left = [row for row in left if "logsumexp" not in row.expression + row.verdict]
            assert not left, f"{text}\n{found}"  # the engine's logsumexp of a number has no form that PyTorch has
