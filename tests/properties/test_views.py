"""Writes and views in any order: CopySlices, versions, views of views, of several, under ``no_grad``, ``.data``."""

from __future__ import annotations

from types import ModuleType

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from .facts import agree, examples

VIEWS = ["{a}[0]", "{a}[-1:]", "{a}[:, 1]", "{a}[..., ::2]", "{a}.t()", "{a}.view(-1)", "{a}.reshape(-1)", "{a}[None]",
         "{a}.unsqueeze(1)", "{a}.squeeze()", "{a}.transpose(0, -1)", "{a}.expand(2, *{a}.shape)", "{a}.diagonal()",
         "{a}.flatten()", "{a}.narrow(0, 0, 1)", "{a}.unbind()[0]", "{a}.chunk(2)[0]", "{a}.split(1)[-1]", "{a}[...]",
         "{a}.detach()", "{a}.data", "{a}.select(0, 0)", "{a}.permute(*reversed(range({a}.dim())))", "{a}.view_as({a})",
         "{a}.as_strided((2,), (1,))", "{a}.movedim(0, -1)", "{a}.unfold(0, 1, 1)", "{a}.swapaxes(0, -1)", "{a}.mT",
         "{a}.tensor_split(2)[1]", "{a}.squeeze(0)", "{a}.view(1, -1)", "{a}.ravel()", "{a}.real"]  # fmt: skip
WRITES = ["{a}.mul_(2.)", "{a}.mul_({b})", "{a}.add_({b})", "{a}.sub_(0.25)", "{a}.div_(2.)", "{a}.tanh_()",
          "{a}.exp_()", "{a}.copy_({b})", "{a}.fill_(0.5)", "{a}.fill_(s)", "{a}.zero_()", "{a}.neg_()", "{a} += {b}",
          "{a} *= {a}", "{a}.masked_fill_({a} > 0.9, 0.75)", "{a}.clamp_(0.5, 1.25)", "{a}.clamp_(min=0.75)",
          "{a}.sigmoid_()", "{a}.index_put_((T.tensor([0]),), s)", "{a}.relu_()", "{a}.pow_(2)", "{a}.sqrt_()",
          "{a}.reciprocal_()", "{a}.add_({b}, alpha=0.5)", "{a}.index_fill_(0, T.tensor([0]), 0.25)", "{a}.sin_()",
          "{a}.abs_()", "{a}.addcmul_({a}, {b})", "{a}.lerp_({b}, 0.25)", "{a}[0] = 0.5", "{a}[0] = s",
          "{a}[...] = {b}", "{a}[:1] = {b}", "{a}[..., 0] *= 2", "{a}[{a} > 1] = 0.5", "{a}[[0]] = s", "{a}.round_()",
          "{a}.sign_()", "{a}.masked_fill_({b} > 0, s)", "{a}.cumsum_(0)", "{a}.tril_()", "{a}.unsqueeze_(0)",
          "{a}.t_()", "{a}.squeeze_()", "{a}.requires_grad_()", "{a}.square_()", "{a}.floor_()"]  # fmt: skip
READS = ["{a} * 2", "{a} * {b}", "{a}.sin()", "{a}.clone()", "{a}.exp()", "{a}.sum()", "{a} * {a}", "{a}[0] * 1.5",
         "T.cat([{a}, {a}])", "{a}.relu()", "{a}.sigmoid()", "{a}.contiguous()", "{a}.mean(0)",
         "{a} / ({b} * {b} + 1)"]  # fmt: skip


# These PyTorch writes into a tensor whose elements share memory, some with a warning; here all such writes are errors
SPREADING = [w for w in WRITES if any(s in w for s in ("index", "masked", "[[", " > 1]", "zero_", "fill_", "tril_"))]


@st.composite
def program(draw: st.DrawFn) -> str:
    """Lines that make views, write and read, and show what can be seen of every tensor."""
    names, lines = ["y", "z", "x", "w"], ["y = x * 1", "z = (v * 2).detach()", "w = v * 1", "log = []"]
    spread: set[str] = set()  # expanded tensors, and views of them
    written = False
    for k in range(draw(st.integers(1, 7))):
        kind = draw(st.sampled_from("vvvwwwwwrrq"))
        a, b = draw(st.sampled_from(names)), draw(st.sampled_from([*names, "s", "v"]))
        table = VIEWS if kind == "v" else READS if kind == "r" else WRITES
        form = draw(st.sampled_from(table))
        if a in spread and form in SPREADING:
            form = "{a}.neg_()"
        if written and "requires_grad_" in form:
            # PyTorch lets a view that was there at an earlier write follow its base: it counts writes for each view
            form = "{a}.sin()"
        written = written or kind in "wq"
        text = form.format(a=a, b=b)
        if kind in "vr":
            names.append(f"t{k}")
            text = f"{names[-1]} = {text}"
            if "expand" in form or (kind == "v" and a in spread):
                spread.add(names[-1])
        reshapes = any(
            one in text for one in (".t_(", "squeeze_(")
        )  # a graph of the shape from before: PyTorch stumbles
        if not reshapes and (kind == "q" or draw(st.integers(0, 9)) == 0):
            # a view of a leaf that was written keeps its node here; PyTorch calls it AsStridedBackward0
            text = f"with T.no_grad(): {text}" if kind not in "wq" or a != "x" else f"s = s * 1; {text}"
        lines += ["try:", f"    {text}", "except Exception as e:", f"    note({k}, e)"]
        if kind in "vr":
            lines[-1] += f"; {names[-1]} = y"
        lines += [f"see({', '.join(names)})"]
    return "\n".join([*lines, f"r = loss({', '.join(names)})"])


SETUP = """
def note(k, e):
    log.append((k, type(e).__name__, str(e).split("\\n")[0]))
def name(t):
    try: return t.grad_fn.name() if t.grad_fn is not None else "-"
    except RuntimeError as e: return str(e)
def see(*ts):
    for t in ts:
        values = [float("%.9g" % v) for v in t.detach().flatten().tolist()]
        log.append((tuple(t.shape), values, t._version, t.requires_grad, name(t), t._is_view()))
def loss(*ts):
    parts = [T.tensor(0., dtype=T.float64)]
    for t in ts:
        try: parts.append((t * t).sum())
        except RuntimeError: pass
    return sum(parts)
"""


def arrays() -> dict[str, np.ndarray]:
    """Leaves: a matrix, a row and a number."""
    values = np.random.default_rng(1).uniform(0.4, 1.6, (3, 4))
    return {"x": values, "v": values[0] * 0.75, "s": np.asarray(1.25)}


@given(program())
@examples
def test_writes_and_views(torch: ModuleType, text: str) -> None:
    """What is seen after each line; gradients of both orders at the end; the same errors at the same places."""
    agree(torch, f"{SETUP}\n{text}", arrays())
    agree(torch, f"{SETUP}\n{text}\nr = str(log)", arrays())
