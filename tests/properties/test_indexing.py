"""Any index, read and written: numbers, slices, None, ``...``, masks, arrays and every mixture of them."""

from __future__ import annotations

from types import ModuleType

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from .facts import agree, examples

SHAPES = st.lists(st.sampled_from([0, 1, 2, 3, 4]), min_size=0, max_size=4).map(tuple)
ODD = ["T.tensor(1.5)", "'a'", "1.5", "T.tensor([0.5])", "np.array([0.5])", "[0.5]", "object", "2**70", "np.int64(0)",
       "np.array(1)", "np.bool_(True)", "slice(None, None, -1)", "slice(0, 2, 0)", "range(2)", "(0, 1)", "[[0, 1]]",
       "[]", "T.tensor([], dtype=T.long)", "[True, False]", "slice(1.5)", "T.tensor([0, 1], dtype=T.int32)",
       "T.tensor([1, 0], dtype=T.uint8)", "T.tensor([0], dtype=T.int16)", "slice(T.tensor(0), T.tensor(1))",
       "T.tensor(0, dtype=T.uint8)", "T.tensor([])", "[None]", "[slice(None)]", "[T.tensor(0)]",
       "[0, [0]]"]  # fmt: skip


@st.composite
def item(draw: st.DrawFn, n: int, rest: tuple[int, ...]) -> tuple[str, int]:
    """One item of an index for a dimension of ``n`` entries: its text, and how many dimensions it stands for."""
    kind = draw(st.sampled_from("iiissssnnlatmmztcr"))
    inside = st.integers(-n, n - 1) if n else st.just(0)
    loose = st.integers(-n - 1, n)
    if kind == "i":
        return str(draw(st.one_of(inside, inside, inside, loose))), 1
    if kind == "s":
        ends = st.one_of(st.none(), st.integers(-n - 2, n + 2))
        start, stop, step = draw(ends), draw(ends), draw(st.sampled_from([None, None, 1, 2, 3]))
        return f"{'' if start is None else start}:{'' if stop is None else stop}" + (f":{step}" if step else ""), 1
    if kind == "n":
        return draw(st.sampled_from(["None", "None", "True", "False"])), 0
    if kind == "l":
        return repr(draw(st.lists(inside, min_size=1, max_size=3))), 1
    if kind == "a":
        shape = draw(st.sampled_from([(2,), (1,), (2, 1), (1, 3), (0,), (3,), (2, 2)]))
        values = np.array(draw(st.lists(inside, min_size=int(np.prod(shape)), max_size=int(np.prod(shape)))), int)
        made = draw(st.sampled_from(["T.tensor({}, dtype=T.long)", "T.tensor({}, dtype=T.int32)", "np.array({}, int)"]))
        return made.format(values.reshape(shape).tolist()), 1
    if kind == "m":
        made = draw(st.sampled_from(["T.tensor({}, dtype=T.bool)", "np.array({}, bool)"]))
        dims = (n, *rest)[: draw(st.integers(1, 2)) if made[0] == "T" else 1]  # PyTorch miscounts the others
        count = int(np.prod(dims))
        values = np.array(draw(st.lists(st.booleans(), min_size=count, max_size=count)), bool).reshape(dims)
        return f"{made.format(values.tolist())}.reshape({dims})", len(dims)
    if kind == "t":
        return f"T.tensor({draw(st.one_of(inside, loose))})", 1
    if kind == "z":
        return draw(st.sampled_from(["T.tensor(True)", "T.tensor(False)"])), 0
    if kind == "c":
        return draw(st.sampled_from(["[0, 0]", "[[0], [0]]", "[9]", "T.tensor([-7])"])), 1
    return draw(st.sampled_from(ODD)), 1


@st.composite
def index(draw: st.DrawFn, shape: tuple[int, ...]) -> str:
    """The text of an index."""
    items, at = [], 0
    for _ in range(draw(st.integers(0, len(shape) + 1))):
        text, taken = draw(item(shape[at] if at < len(shape) else 2, shape[at + 1 :]))
        at += taken
        items.append(text)
    if draw(st.integers(0, 3)) == 0:
        items.insert(draw(st.integers(0, len(items))), "...")
    if not items:
        return draw(st.sampled_from(["()", "..."]))
    return items[0] if len(items) == 1 and draw(st.booleans()) else ", ".join(items) + ("," if len(items) == 1 else "")


VALUES = ["0.5", "2", "s", "v", "T.tensor(0.5, dtype=T.float64)", "T.ones(1, dtype=T.float64)", "True", "w", "1j",
          "T.ones(2, dtype=T.float64)", "T.ones(3, 1, dtype=T.float64)", "y * 2", "np.float64(1.5)", "T.ones(())",
          "T.ones(1, 1, 1, 1, 1, 1, dtype=T.float64)", "T.ones(7, dtype=T.float64)", "T.tensor(3)"]  # fmt: skip
PLAIN = [
    v for v in VALUES if v not in ("s", "v", "w", "y * 2")
]  # what wants a gradient breaks tensors of whole numbers in PyTorch
SOURCES = ["y = x * 1", "y = x * 1", "y = x * 1", "y = x.detach().clone()", "y = x", "y = (x * 1).transpose(0, -1)",
           "y = x.detach() > 0", "y = x.detach().long()", "z = x * 1; y = z[...]",
           "z = x * 1; y = z[None]"]  # fmt: skip


def arrays(shape: tuple[int, ...]) -> dict[str, np.ndarray]:
    """Leaves: x of the shape, s a number, v and w for values."""
    rng = np.random.default_rng(3)
    return {
        "x": np.asarray(rng.standard_normal(shape)), "s": np.asarray(1.25),
        "v": rng.standard_normal(shape[-1:]), "w": np.asarray(rng.standard_normal(shape[1:])),
    }  # fmt: skip


@given(st.data())
@examples
def test_getitem(torch: ModuleType, data: st.DataObject) -> None:
    """``y[index]``: values, strides, graph, gradients, errors."""
    shape = data.draw(SHAPES)
    source = data.draw(st.sampled_from(SOURCES[:8]))
    at = data.draw(index(shape))
    # what stride a dimension of size 1 has decides about the layout of a copy, and is NumPy's own affair
    after = ".contiguous()" if "transpose" in source and any(one in at for one in ("None", "True", "False")) else ""
    agree(torch, f"{source}\nr = y[{at}]{after}", arrays(shape))


@given(st.data())
@examples
def test_setitem(torch: ModuleType, data: st.DataObject) -> None:
    """``y[index] = value`` and operators written into a part."""
    shape = data.draw(SHAPES)
    source = data.draw(st.sampled_from(SOURCES))
    value = data.draw(st.sampled_from(VALUES if ".long" not in source and ">" not in source else PLAIN))
    at = data.draw(index(shape))
    change = data.draw(st.sampled_from([f"= {value}"] * 5 + ["= y[{at}] * 2", "*= 2.", f"+= {value}"])).format(at=at)
    seen = data.draw(st.sampled_from(["y", "y", "y * y", "y[0]"]))
    agree(torch, f"{source}\ny[{at}] {change}\nr = {seen}", arrays(shape))


@given(st.data())
@examples
def test_index_functions(torch: ModuleType, data: st.DataObject) -> None:
    """index_put, masked_fill, masked_select, nonzero, and their in-place forms."""
    shape = data.draw(SHAPES)
    n = shape[0] if shape else 1
    many = data.draw(st.lists(st.integers(-1 if data.draw(st.booleans()) else 0, max(n - 1, 0)), max_size=3))
    where, source = f"T.tensor({many}, dtype=T.long)", data.draw(st.sampled_from(SOURCES))
    value = data.draw(st.sampled_from(VALUES if ".long" not in source and ">" not in source else PLAIN))
    call = data.draw(st.sampled_from([
        f"r = y.index_put(({where},), {value})", f"r = y.index_put(({where},), {value}, accumulate=True)",
        f"r = y.index_put_(({where},), {value}, True)", f"r = T.index_put(y, ({where}, {where}), {value})",
        "r = y.index_put((y > 0,), T.tensor(0.5).double())", "r = y.index_put_((y > 0,), T.tensor(0.5).double())",
        f"r = y.masked_fill(y > 0, {value})", f"r = y.masked_fill_(y > 0, {value})", "r = y.masked_select(y > 0)",
        "r = T.masked_select(y[:1], y > 0)", "r = y.nonzero()", "r = y.nonzero(as_tuple=True)", "r = y.argwhere()",
        f"r = y.copy_({value})", f"r = y.fill_({value})", f"r = y[:1].masked_fill(y > 0, {value})",
    ]))  # fmt: skip
    agree(torch, f"{source}\n{call}", arrays(shape))
