"""Any reduction over any dims of any values: NaN, infinities, ties, nothing at all."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from .facts import agree, examples

SHAPES = st.lists(st.sampled_from([0, 1, 2, 3, 4]), min_size=0, max_size=3).map(tuple)
DTYPES = ["float64", "float64", "float32", "int64", "int32", "uint8", "bool", "complex128"]
NUMBERS = [0.0, 1.0, 1.0, 2.0, -1.5, 0.5, 3.0, -2.0, 4.0]
ODD = [float("nan"), float("inf"), float("-inf"), -0.0]
# those that take several dims, and those that take one
SEVERAL = ["sum", "mean", "nansum", "nanmean", "amax", "amin", "any", "all", "std", "var", "logsumexp", "count_nonzero"]
ONE = ["prod", "max", "min", "argmax", "argmin", "cumsum", "cumprod", "median", "nanmedian", "softmax", "log_softmax",
       "argsort", "sort", "mode", "cummax", "cummin", "logcumsumexp"]  # fmt: skip


@st.composite
def values(draw: st.DrawFn) -> np.ndarray:
    """An array with ties, zeros, and sometimes what is not finite."""
    shape, dtype = draw(SHAPES), draw(st.sampled_from(DTYPES))
    count = int(np.prod(shape, dtype=int))
    pool = NUMBERS + (ODD if dtype[0] == "f" and draw(st.integers(0, 3)) == 0 else [])
    flat = draw(st.lists(st.sampled_from(pool), min_size=count, max_size=count))
    array = np.array(flat, np.float64).reshape(shape)
    if dtype[0] == "c":
        return array + 1j * np.roll(array, 1)
    return np.abs(array).astype(dtype) if dtype == "uint8" else array.astype(dtype)


@st.composite
def dim(draw: st.DrawFn, ndim: int) -> int:
    """A dimension; seldom one that is not there."""
    if draw(st.integers(0, 11)) == 0:
        return draw(st.sampled_from([ndim, -ndim - 1, 5]))
    return draw(st.integers(-max(ndim, 1), max(ndim, 1) - 1))


@st.composite
def arguments(draw: st.DrawFn, name: str, ndim: int) -> str:
    """The text of what stands after the tensor."""
    given: list[str] = []
    way = draw(st.integers(0, 3))
    if name in SEVERAL and way == 0:
        dims = draw(st.lists(dim(ndim), min_size=0, max_size=3))
        given.append(draw(st.sampled_from(["{}", "dim={}"])).format(draw(st.sampled_from([tuple, list]))(dims)))
    elif way < 3 or name not in SEVERAL + ["prod", "max", "min", "argmax", "argmin", "median", "nanmedian"]:
        given.append(draw(st.sampled_from(["{}", "dim={}"])).format(draw(dim(ndim))))
    if given and name not in ("cumsum", "cumprod", "softmax", "log_softmax", "argsort", "sort", "cummax", "cummin",
                              "logcumsumexp", "count_nonzero") and draw(st.booleans()):  # fmt: skip
        given.append(f"keepdim={draw(st.booleans())}")
    if name in ("sum", "mean", "nansum", "prod", "cumsum", "cumprod") and draw(st.integers(0, 3)) == 0:
        given.append(f"dtype=T.{draw(st.sampled_from(['float32', 'float64', 'int64', 'int32', 'complex128']))}")
    if name in ("std", "var") and draw(st.booleans()):
        given.append(draw(st.sampled_from(["unbiased=False", "correction=0", "correction=2", "unbiased=True"])))
    if name in ("sort", "argsort") and draw(st.booleans()):
        given.append("descending=True")
    if name in ("argsort", "sort"):
        given.append("stable=True")
    return ", ".join(given)


def tolerance(array: Any) -> float:
    """How far results may be apart."""
    return 2e-5 if array.dtype == np.float32 else 1e-9


@given(st.data())
@examples
def test_reductions(torch: ModuleType, data: st.DataObject) -> None:
    """Values, dtypes, gradients, indices and errors."""
    x = data.draw(values())
    name = data.draw(st.sampled_from(SEVERAL + ONE))
    after = data.draw(arguments(name, x.ndim))
    source = data.draw(st.sampled_from(["x", "x", "x.transpose(0, -1)", "x[..., :2]" if x.ndim else "x"]))
    call = data.draw(st.sampled_from([f"{source}.{name}({after})", f"T.{name}({source}{', ' if after else ''}{after})"]))
    near = tolerance(x) if "float32" not in after else 2e-5
    agree(torch, f"r = {call}", {"x": x}, near, graphs="dtype" not in after)


@given(st.data())
@examples
def test_norms(torch: ModuleType, data: st.DataObject) -> None:
    """norm and vector_norm with any p, dist, and what is not finite."""
    x = data.draw(values())
    p = data.draw(st.sampled_from(["2", "1", "0", "3", "float('inf')", "-float('inf')", "0.5", "-1", "'fro'", "None"]))
    after = data.draw(st.sampled_from(["", f", dim={data.draw(dim(x.ndim))}", ", dim=0, keepdim=True"]))
    call = data.draw(st.sampled_from([f"x.norm({p}{after})", f"T.norm(x, {p}{after})",
                                      f"T.linalg.vector_norm(x, {p if p[0] not in 'N' + chr(39) else 2}{after})",
                                      f"T.dist(x, x * 2, {p if p[0] not in 'N' + chr(39) else 2})"]))  # fmt: skip
    agree(torch, f"r = {call}", {"x": x}, tolerance(x) if x.dtype != np.float32 else 1e-4, graphs=False)
