"""``repr`` to the character: any shape, dtype, magnitude, print option and history."""

from __future__ import annotations

from collections.abc import Iterator
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import engine

from .facts import examples

DTYPES = ["float32", "float32", "float64", "float16", "complex64", "complex128", "int64", "int32", "uint8", "bool"]
SHAPES = st.one_of(
    st.lists(st.integers(0, 5), min_size=0, max_size=4).map(tuple),
    st.sampled_from([(1001,), (40, 30), (30,), (7, 7, 30), (2, 600), (600, 2), (3, 0, 2000), (1000,), (9, 9, 9, 9)]),
)
SPECIAL = [float("nan"), float("inf"), float("-inf"), 0.0, -0.0, 1e8, 1e-4, 999.5, 1000.0, 1e16]
OPTIONS = [
    {}, {}, {}, {"precision": 2}, {"precision": 0}, {"precision": 8}, {"linewidth": 40}, {"linewidth": 120},
    {"threshold": 5}, {"threshold": 5, "edgeitems": 1}, {"edgeitems": 2}, {"sci_mode": True}, {"sci_mode": False},
    {"profile": "short"}, {"profile": "full"}, {"edgeitems": 0, "threshold": 3},
]  # fmt: skip
HISTORIES = [
    "x", "x", "x.requires_grad_()", "x.requires_grad_() * 1", "x.requires_grad_()[None]",
    "x.t() if x.dim() == 2 else x", "x.requires_grad_().clone().detach()", "T.nn.Parameter(x)", "x[..., :1]",
    "x.requires_grad_().unbind() if x.dim() else x", "x.expand(2, *x.shape)", "x.requires_grad_().flatten()",
    "x.as_subclass(type('Mine', (T.Tensor,), {}))", "x.requires_grad_().view(-1)[:1]", "[x, x]", "x.shape, x.dtype",
]  # fmt: skip


@pytest.fixture(autouse=True)
def options(torch: ModuleType) -> Iterator[None]:
    """Both libraries' print options are put back."""
    yield
    for lib in (engine, torch):
        lib.set_printoptions(profile="default")


@st.composite
def values(draw: st.DrawFn) -> np.ndarray:
    """An array of one magnitude or several, whole numbers or not, with special values among them."""
    shape, dtype = draw(SHAPES), draw(st.sampled_from(DTYPES))
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    array = rng.standard_normal(shape) * 10.0 ** draw(st.integers(-12, 12))
    kind = draw(st.integers(0, 5))
    if kind == 1:
        array = array * 10.0 ** rng.integers(-5, 5, shape)
    if kind in (2, 3):
        array = np.where(rng.random(shape) < 0.3, rng.choice(SPECIAL, shape), array)
    if kind >= 3:
        array = np.round(array)
    if kind == 5:
        array = np.full(shape, draw(st.sampled_from(SPECIAL)))
    with np.errstate(all="ignore"):
        if dtype[0] == "c":
            return (array + 1j * np.roll(np.asarray(array), 1)).astype(dtype)
        if dtype[0] in "iu":
            array = np.nan_to_num(array).clip(-(10.0 ** draw(st.integers(0, 9))), 10**9)
            array = np.abs(array) % 256 if dtype == "uint8" else array
        return np.asarray(array).astype(dtype)


def written(lib: ModuleType, array: np.ndarray, history: str, chosen: dict[str, Any]) -> str:
    """The text of a tensor in a library, or its error."""
    lib.set_printoptions(profile="default")
    lib.set_printoptions(**chosen)
    try:
        return repr(eval(history, {"T": lib, "x": lib.from_numpy(array.copy())}))
    except Exception as error:
        return f"{type(error).__name__}: {error}".split("\n")[0]


def agree(torch: ModuleType, history: str, array: np.ndarray, chosen: dict[str, Any]) -> None:
    """Hold the text of a tensor against PyTorch's."""
    ours, theirs = written(engine, array, history, chosen), written(torch, array, history, chosen)
    assert ours == theirs, f"{history}, {chosen}, {array.dtype}{array.shape}: {ours!r}, in torch {theirs!r}"


@given(values(), st.sampled_from(HISTORIES), st.sampled_from(OPTIONS))
@examples
def test_repr(torch: ModuleType, array: np.ndarray, history: str, chosen: dict[str, Any]) -> None:
    """Numbers, columns, line breaks, summaries, dtype, size, requires_grad, grad_fn."""
    agree(torch, history, array, chosen)


@given(st.lists(st.floats(width=32), min_size=1, max_size=6), st.sampled_from(OPTIONS))
@examples
def test_any_floats(torch: ModuleType, numbers: list[float], chosen: dict[str, Any]) -> None:
    """Whatever floats Hypothesis thinks of."""
    agree(torch, "x", np.array(numbers, np.float32), chosen)
