"""The printed form of tensors is PyTorch's, to the character."""

from __future__ import annotations

import math
import timeit
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from engine import printing

torch = pytest.importorskip("torch")

SHAPES = [(), (0,), (0, 3), (3, 0), (2, 0, 3), (1,), (3,), (7,), (30,), (2, 2), (3, 4, 2), (1, 1, 1, 1), (40, 3)]
LONG = [(1000,), (1001,), (40, 40), (11, 12, 13), (2, 600), (600, 2), (7, 7, 7, 7), (5, 3000), (3, 2, 400)]
FLOATS = ["float16", "float32", "float64", "complex64", "complex128"]
WHOLE = ["int64", "int32", "int16", "int8", "uint8", "bool"]
SPECIAL = [np.nan, np.inf, -np.inf, 0.0, -0.0]


def random_array(rng: np.random.Generator, shape: tuple[int, ...], dtype: str) -> np.ndarray:
    """An array of one magnitude, of mixed ones, of whole numbers, or with nan, inf and signed zeros among them."""
    values = np.asarray(rng.standard_normal(shape) * 10.0 ** rng.integers(-10, 11))
    kind = rng.integers(5)
    if kind == 1:
        values = values * 10.0 ** rng.integers(-4, 4, shape)
    if kind >= 2:
        values = np.where(rng.random(shape) < 0.3, rng.choice(SPECIAL, shape), values)
    if kind >= 3:
        values = np.round(values)
    if dtype in WHOLE:
        values = np.nan_to_num(values).clip(-100, 100) * (10**12 if dtype == "int64" and kind == 1 else 1)
    with np.errstate(all="ignore"):
        if dtype.startswith("complex"):
            values = values + 1j * np.asarray(rng.standard_normal(shape) * 10.0 ** rng.integers(-6, 6))
        return np.asarray(values).astype(dtype)


def assert_same(array: np.ndarray) -> None:
    """Our text and torch's for an array, plain, as a leaf and as a result."""
    tensor = torch.from_numpy(array.copy())
    assert printing.format_tensor(array) == repr(tensor)
    if array.dtype.kind in "fc":
        leaf = tensor.requires_grad_()
        assert printing.format_tensor(array, requires_grad=True) == repr(leaf)
        assert printing.format_tensor(array, requires_grad=True, grad_fn="CloneBackward0") == repr(leaf.clone())


@pytest.fixture
def options() -> Any:
    """Both libraries' print options are put back."""
    yield
    printing.set_printoptions(profile="default")
    torch.set_printoptions(profile="default")


@pytest.mark.parametrize("dtype", FLOATS + WHOLE)
def test_random_arrays(dtype: str) -> None:
    """Hundreds of arrays of each dtype, short and long, print as torch's."""
    rng = np.random.default_rng(len(dtype) + ord(dtype[0]))
    for _ in range(12):
        for shape in SHAPES:
            assert_same(random_array(rng, shape, dtype))
    for shape in LONG:
        assert_same(random_array(rng, shape, dtype))


@settings(deadline=None, max_examples=400)
@given(st.data())
def test_any_array(data: st.DataObject) -> None:
    """Whatever floats, integers or complex numbers hypothesis thinks of print as torch's."""
    dtype = data.draw(st.sampled_from(["float32", "float64", "float16", "int64", "uint8", "bool", "complex64"]))
    shape = hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=5)
    assert_same(data.draw(hnp.arrays(dtype, shape)))


@pytest.mark.parametrize(
    "chosen",
    [
        {"precision": 2},
        {"precision": 10, "linewidth": 40},
        {"threshold": 5},
        {"threshold": 5, "edgeitems": 1},
        {"edgeitems": 0, "threshold": 3},
        {"threshold": 0},
        {"sci_mode": True},
        {"sci_mode": False},
        {"linewidth": 5},
        {"profile": "short"},
        {"profile": "full", "precision": 1},
    ],
)
def test_print_options(chosen: dict[str, Any], options: None) -> None:
    """Each option does what it does in torch."""
    printing.set_printoptions(**chosen)
    torch.set_printoptions(**chosen)
    rng = np.random.default_rng(1)
    for dtype in ("float32", "int64", "complex64", "float64"):
        for shape in [*SHAPES, (1001,), (40, 40)]:
            assert_same(random_array(rng, shape, dtype))


def test_options_are_restored(options: None) -> None:
    """``printoptions`` holds for its block only, and ``get_printoptions`` says what holds."""
    with printing.printoptions(precision=1):
        assert printing.format_tensor(np.array([0.25], np.float32)) == "tensor([0.2])"
        assert printing.get_printoptions()["precision"] == 1
    assert printing.get_printoptions() == torch._tensor_str.get_printoptions()


@pytest.mark.parametrize("shape", [(), (3,), (2, 0), (0,), (60,), (3, 3)])
def test_default_dtype(shape: tuple[int, ...]) -> None:
    """The suffix ``dtype=`` is for what is not the default dtype or its complex."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        for dtype in ("float32", "float64", "complex64", "complex128", "int64", "int32"):
            array = np.ones(shape, dtype)
            assert printing.format_tensor(array, default_dtype="float64") == repr(torch.from_numpy(array))
    finally:
        torch.set_default_dtype(before)


def test_parameter() -> None:
    """A parameter's text has a heading, which does not move the columns."""
    for shape in [(3,), (40,), (10, 3), (0, 2)]:
        array = np.random.default_rng(0).standard_normal(shape).astype(np.float32)
        for wanted in (True, False):
            parameter = torch.nn.Parameter(torch.from_numpy(array), requires_grad=wanted)
            assert printing.format_parameter(array, requires_grad=wanted) == repr(parameter)


def test_subclass_prefix() -> None:
    """A subclass's name stands before the bracket and sets the indent."""
    tensor = torch.arange(40.0).as_subclass(type("Measurement", (torch.Tensor,), {}))
    assert printing.format_tensor(np.arange(40, dtype=np.float32), prefix="Measurement(") == repr(tensor)


def test_numpy_scalar_and_view() -> None:
    """NumPy scalars, strided and read-only arrays print like their values; the array is left alone."""
    assert printing.format_tensor(np.float32(2)) == "tensor(2.)"
    view = np.broadcast_to(np.arange(6.0, dtype=np.float32)[::2], (2, 3))
    assert printing.format_tensor(view) == "tensor([[0., 2., 4.],\n        [0., 2., 4.]])"


def test_whole_floats() -> None:
    """1e8 is ``100000000.``, and one more order is scientific."""
    assert printing.format_tensor(np.array([1e8], np.float32)) == "tensor([100000000.])"
    assert printing.format_tensor(np.array([1e9, math.nan], np.float32)) == "tensor([1.0000e+09,        nan])"


def test_speed() -> None:
    """A tensor of three floats is written in well under 50 microseconds."""
    array = np.array([0.1, 0.2, 0.3], np.float32)
    best = min(timeit.repeat(lambda: printing.format_tensor(array), number=200, repeat=5)) / 200
    assert best < 50e-6
