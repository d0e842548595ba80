"""What recurrent layers compute, step by step: plain, LSTM and GRU cells, and layers of them over sequences.

Sequences are packed everywhere: the rows of step 0, then those of step 1, ...; of ``sizes[t]`` sequences that are at
least t + 1 long, the longest first. A batch of sequences of one length is the special case that all sizes are equal.

Source: ``aten/src/ATen/native/RNN.cpp`` (the order of gates and weights); Hochreiter and Schmidhuber, 1997; Cho et
al., 2014.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..calls import join
from ..ops import join as rows
from ..tensor import Tensor
from . import functional as F

State = tuple[Tensor, ...]  # (h,), or (h, c) of an LSTM


def plain(activation: Callable[[Tensor], Tensor]) -> Callable[..., State]:
    """A cell ``h' = activation(W x + b + U h + c)``."""

    def step(gates: Tensor, state: State, weights: Sequence[Any]) -> State:
        return (activation(gates + F.linear(state[0], weights[1], weights[3])),)

    return step


def lstm(gates: Tensor, state: State, weights: Sequence[Any]) -> State:
    """``c' = f c + i g``, ``h' = o tanh(c')``, with gates i, f, g, o; h' projected if there is a weight for it."""
    h, c = state
    i, f, g, o = (gates + F.linear(h, weights[1], weights[3])).chunk(4, 1)
    c = f.sigmoid() * c + i.sigmoid() * g.tanh()
    h = o.sigmoid() * c.tanh()
    return h if weights[4] is None else F.linear(h, weights[4]), c


def gru(gates: Tensor, state: State, weights: Sequence[Any]) -> State:
    """``h' = n + z (h - n)`` with ``n = tanh(W x + b + r (U h + c))``, and gates r, z."""
    h = state[0]
    r, z, n = gates.chunk(3, 1)
    hr, hz, hn = F.linear(h, weights[1], weights[3]).chunk(3, 1)
    n = (n + (r + hr).sigmoid() * hn).tanh()
    return (n + (z + hz).sigmoid() * (h - n),)


CELLS: dict[str, Callable[..., State]] = {
    "RNN_TANH": plain(lambda x: x.tanh()), "RNN_RELU": plain(lambda x: x.relu()), "LSTM": lstm, "GRU": gru
}  # fmt: skip


def one_way(
    cell: Callable[..., State], data: Tensor, sizes: Sequence[int], state: State, weights: Sequence[Any], back: bool
) -> tuple[Tensor, State]:
    """One layer in one direction: (outputs of all steps, last state of each sequence)."""
    gates = F.linear(data, weights[0], weights[2]).split(list(sizes), 0)
    outputs: list[Any] = [None] * len(sizes)
    over: list[State] = []  # last states of sequences that have ended, the shortest first
    now = tuple([s[: sizes[-1 if back else 0]] for s in state])
    for t in reversed(range(len(sizes))) if back else range(len(sizes)):
        n, before = sizes[t], len(now[0])
        if n > before:  # going back, longer sequences join in
            now = tuple([join.cat([s, first[before:n]]) for s, first in zip(now, state, strict=True)])
        elif n < before:
            over.append(tuple([s[n:] for s in now]))
            now = tuple([s[:n] for s in now])
        now = cell(gates[t], now, weights)
        outputs[t] = now[0]
    last = tuple([join.cat([s, *(e[i] for e in reversed(over))]) if over else s for i, s in enumerate(now)])
    return join.cat(outputs), last


def layers(
    mode: str,
    data: Tensor,
    sizes: Sequence[int],
    state: State,
    weights: Sequence[Any],
    ways: int,
    drop: float,
) -> tuple[Tensor, State]:
    """All layers: (outputs of the last one, last states stacked layer by layer); ``drop`` between layers.

    weights: of each layer and direction (input, hidden, two biases, projection), None for what there is not.
    """
    cell, count = CELLS[mode], len(weights) // ways
    ends: list[State] = []
    for layer in range(count):
        found = []
        for way in range(ways):
            i = layer * ways + way
            begin = tuple([s[i] for s in state])
            out, end = one_way(cell, data, sizes, begin, weights[i], way == 1)
            found.append(out)
            ends.append(end)
        data = found[0] if ways == 1 else join.cat(found, 1)
        if drop and layer < count - 1:
            data = F.dropout(data, drop, True)
    return data, tuple([rows.stack([e[k] for e in ends]) for k in range(len(state))])
