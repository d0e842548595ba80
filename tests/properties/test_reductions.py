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
FLOATS = ["float64", "float64", "float32"]
# of what is not real, or is whole, PyTorch reduces by these
ANY = {"sum", "prod", "any", "all", "count_nonzero", "cumsum", "cumprod"}
WHOLE = ANY | {"amax", "amin", "max", "min", "argmax", "argmin", "nansum", "sort", "argsort", "mean", "aminmax"}
WHOLE |= {"cummax", "cummin", "kthvalue", "topk"}
EMPTY = ANY | {"mean", "nansum"}  # what is defined of nothing at all
# those that take several dims, and those that take one
SEVERAL = ["sum", "mean", "nansum", "nanmean", "amax", "amin", "any", "all", "std", "var", "logsumexp", "count_nonzero"]
ONE = ["prod", "max", "min", "argmax", "argmin", "cumsum", "cumprod", "median", "nanmedian", "softmax", "log_softmax",
       "argsort", "sort", "logcumsumexp", "cummax", "cummin", "aminmax", "kthvalue", "topk", "quantile",
       "nanquantile"]  # fmt: skip
FIRST = {"kthvalue": "1", "topk": "1", "quantile": "0.25", "nanquantile": "0.25"}  # an argument before the dim
RUNNING = ("cumsum", "cumprod", "softmax", "log_softmax", "argsort", "sort", "cummax", "cummin", "logcumsumexp")


def _filled(shape: tuple[int, ...]) -> tuple[int, ...]:
    return tuple([n or 1 for n in shape])


@st.composite
def values(draw: st.DrawFn, name: str = "sum") -> np.ndarray:
    """An array with ties, zeros, and sometimes what is not finite."""
    kinds = DTYPES if name in ANY else DTYPES[:-2] if name in WHOLE else FLOATS
    shape, dtype = draw(SHAPES if name in EMPTY else SHAPES.map(_filled)), draw(st.sampled_from(kinds))
    count = int(np.prod(shape, dtype=int))
    # second derivatives of products with what is not finite: each library multiplies others of the numbers by 0
    odd = [v for v in ODD if name not in ("prod", "cumprod", "logcumsumexp") or v == 0]
    pool = NUMBERS + (odd if dtype[0] == "f" and draw(st.integers(0, 3)) == 0 else [])
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
    given = [FIRST[name]] if name in FIRST else []
    way = draw(st.integers(0, 3))
    if name == "aminmax":
        given.append(f"dim={draw(dim(ndim))}")
        return ", ".join(given) + (", keepdim=True" if way == 0 else "")
    if name in SEVERAL and way == 0:
        least = 0 if name in EMPTY else 1
        dims = draw(st.lists(dim(ndim), min_size=least, max_size=2 if ndim else 1))
        given.append(draw(st.sampled_from(["{}", "dim={}"])).format(draw(st.sampled_from([tuple, list]))(dims)))
    elif way < 3 or name not in [*SEVERAL, *FIRST, "prod", "max", "min", "argmax", "argmin", "median", "nanmedian"]:
        ways = ["dim={}"] if "sort" in name else ["{}", "dim={}"]
        given.append(draw(st.sampled_from(ways)).format(draw(dim(ndim))))
    if given[name in FIRST :] and name not in (*RUNNING, "count_nonzero", "topk") and draw(st.booleans()):
        given.append(f"keepdim={draw(st.booleans())}")
    if name in ("sum", "mean", "nansum", "prod", "cumsum", "cumprod") and draw(st.integers(0, 3)) == 0:
        given.append(f"dtype=T.{draw(st.sampled_from(['float32', 'float64']))}")
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
    name = data.draw(st.sampled_from(SEVERAL + ONE))
    x = data.draw(values(name))
    after = data.draw(arguments(name, x.ndim))
    if "dtype" in after and x.dtype.kind == "c":
        x = x.real.copy()
    source = data.draw(st.sampled_from(["x", "x", "x.transpose(0, -1)", "x[..., :2]" if x.ndim else "x"]))
    call = data.draw(
        st.sampled_from([f"{source}.{name}({after})", f"T.{name}({source}{', ' if after else ''}{after})"])
    )
    near = tolerance(x) if "float32" not in after else 2e-5
    agree(torch, f"r = {call}", {"x": x}, near, graphs="dtype" not in after)


@given(st.data())
@examples
def test_norms(torch: ModuleType, data: st.DataObject) -> None:
    """norm with several p, and what is not finite."""
    x = data.draw(values("norm"))
    p = data.draw(st.sampled_from(["2", "1", "3", "float('inf')", "'fro'", "None", "0", "0.5", "1.5", "-1", "-inf"]))
    p = p.replace("-inf", "float('-inf')")
    after = data.draw(st.sampled_from(["", f", dim={data.draw(dim(x.ndim))}", ", dim=0, keepdim=True"]))
    call = data.draw(st.sampled_from([f"x.norm({p}{after})", f"T.norm(x, {p}{after})"]))
    agree(torch, f"r = {call}", {"x": x}, tolerance(x) if x.dtype != np.float32 else 1e-4, graphs=False)
