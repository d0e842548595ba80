"""Programs of operations with leaves, reuse, detach, ``no_grad``, several passes and ``create_graph``."""

from __future__ import annotations

from types import ModuleType

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from .facts import agree, examples

UNARY = [
    "{a}.sin()", "{a}.exp()", "{a}.tanh()", "{a}.sigmoid()", "{a}.abs()", "{a} ** 2", "{a} ** 3", "-{a}",
    "{a}.relu()", "({a} * {a} + 1).log()", "({a} * {a} + 1).sqrt()", "1 / ({a} * {a} + 1)", "{a}.clamp(-0.5, 0.75)",
    "2 ** {a}", "{a}.cos()", "{a}.softmax(-1)", "{a}.log_softmax(-1)", "{a}.cumsum(-1)", "{a}.sum(0)", "{a}.mean(-1)",
    "{a}.sum()", "{a}.mean()", "{a}.max()", "{a}.amax(-1)", "{a}.std(-1)", "{a}.norm()", "{a}.logsumexp(-1)",
    "{a}.prod(-1)", "{a}.view(-1)", "{a}.flip(0)", "{a}[0]", "{a}[..., :2]", "{a}.unsqueeze(0)", "{a}.detach()",
    "{a}.clone()", "{a}.sort(-1)[0]", "{a}.max(-1)[0]", "{a}.mT if {a}.dim() > 1 else {a}",
    "{a}.expand(2, *{a}.shape)", "{a} * 2 - 1", "T.nn.functional.gelu({a})", "T.nn.functional.softplus({a})",
    "T.nn.functional.elu({a})", "{a}.round()", "{a}.sign()", "{a}.diff() if {a}.dim() else {a}", "{a}.roll(1)",
    "{a}.square()", "{a}.var(-1)", "{a}.repeat(2, 1)", "{a}.reshape(-1)[:3]", "{a}.float().double()",
    "{a}.chunk(2, -1)[0]", "{a}.atan()", "T.nn.functional.silu({a})", "{a}.tril() if {a}.dim() > 1 else {a}",
    "{a}.nan_to_num()", "{a}.expm1()",
]  # fmt: skip
BINARY = [
    "{a} + {b}", "{a} - {b}", "{a} * {b}", "{a} / ({b} * {b} + 1)", "T.maximum({a}, {b})", "T.minimum({a}, {b})",
    "{a} @ {b}", "T.where({a} > 0, {a}, {b})", "T.atan2({a}, {b} + 3)", "({a} * {a} + 1) ** {b}",
    "T.lerp({a}, {b}, 0.3)", "T.stack([{a}, {b}])", "T.cat([{a}, {b}])", "T.hypot({a}, {b} + 2)",
    "T.logaddexp({a}, {b})", "T.outer({a}, {b})", "T.addcmul({a}, {b}, {a}, value=0.5)",
    "T.einsum('i,i->', {a}, {b})", "T.nn.functional.mse_loss({a}, {b})", "T.dot({a}, {b})", "{a}.mul({b})",
]  # fmt: skip
PASSES = [
    "{a}.sum().backward()", "{a}.sum().backward(retain_graph=True)", "{a}.mean().backward(create_graph=True)",
    "{a}.backward(T.ones_like({a}))", "{a}.backward()", "T.autograd.grad({a}.sum(), x, allow_unused=True)",
    "g, = T.autograd.grad({a}.sum(), x, create_graph=True); g.sum().backward()", "x.grad = None",
    "{a}.sum().backward(inputs=[x])", "x.grad.zero_()", "{a}.retain_grad()", "{a}.requires_grad_(False)",
    "T.autograd.backward([{a}.sum(), {b}.sum()])",
]  # fmt: skip


@st.composite
def program(draw: st.DrawFn) -> str:
    """Lines of a program that leaves ``r``."""
    names, lines = ["x", "v", "m", "s"], ["log = []"]
    for k in range(draw(st.integers(1, 9))):
        kind = draw(st.sampled_from("uuuubbbbp"))
        a, b = draw(st.sampled_from(names)), draw(st.sampled_from(names))
        if kind == "p":
            text = draw(st.sampled_from(PASSES)).format(a=a, b=b)
            lines += [f"try: {text}", "except RuntimeError as e: log.append(str(e).split(chr(10))[0][:60])"]
            continue
        text = draw(st.sampled_from(UNARY if kind == "u" else BINARY)).format(a=a, b=b)
        names.append(f"t{k}")
        if draw(st.integers(0, 12)) == 0:
            lines.append(f"with T.no_grad(): t{k} = {text}")
        else:
            lines.append(f"t{k} = {text}")
    chosen = draw(st.lists(st.sampled_from(names[-4:]), min_size=1, max_size=3))
    return "\n".join([*lines, f"r = ({', '.join(chosen)},)"])


def arrays() -> dict[str, np.ndarray]:
    """Leaves: two vectors, a matrix and a number, with a tie and a zero among their entries."""
    return {
        "x": np.array([0.5, -1.25, 0.0]), "v": np.array([1.5, 0.25, -0.75]),
        "m": np.array([[0.5, 1.0, -0.5], [2.0, -1.5, 0.25], [0.75, 0.75, -1.0]]), "s": np.asarray(0.625),
    }  # fmt: skip


@given(program())
@examples
def test_programs(torch: ModuleType, text: str) -> None:
    """Values, graphs, ``.grad`` after the passes, gradients of both orders, errors."""
    agree(torch, text, arrays(), 1e-8)
    agree(torch, f"{text}\nr = str(log)", arrays(), 1e-8)
