"""Tensors from data and from nothing: the same values, dtypes, texts of errors and warnings as PyTorch's."""

from __future__ import annotations

import re
import warnings
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import engine
from engine.naming.absent_names import NAMES

from . import creation_expressions, pattern_expressions

CASES = [
    pytest.param(line, id=f"{topic}: {line}")
    for topic, table in (creation_expressions.TABLES | pattern_expressions.TABLES).items()
    for line in table.strip().splitlines()
]


def told(library: ModuleType, expression: str) -> tuple[str, list[str]]:
    """What an expression says of itself in ``library``: its repr or its error, and its warnings."""
    library.manual_seed(7)
    names: dict[str, Any] = {"torch": library, "np": np}
    names["x"] = library.tensor([1.0, 2.0], requires_grad=True)
    names["c"] = library.tensor([1 - 2j, 0.5j])
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            text = repr(eval(expression, names))
        except Exception as error:
            text = f"{type(error).__name__}: {error}".rstrip()
    return text, [re.sub(r" \(Triggered internally.*", "", str(w.message), flags=re.DOTALL) for w in caught]


@pytest.mark.parametrize("expression", CASES)
def test_as_torch(torch: ModuleType, expression: str) -> None:
    """An expression gives the same repr, or the same error, and the same warnings, as in PyTorch."""
    (ours, our_warnings), (theirs, their_warnings) = told(engine, expression), told(torch, expression)
    assert ours == theirs
    assert set(our_warnings) >= set(their_warnings)  # PyTorch gives some of them once in a process


@pytest.mark.parametrize("dtype", ["float32", "float64", "int64"])
@pytest.mark.parametrize("bounds", [(0.1, 7.3, 11), (-3, 3, 100), (1, 2, 2), (5, -5, 1000), (0, 1, 3)])
def test_linspace(torch: ModuleType, bounds: tuple[float, float, int], dtype: str) -> None:
    """linspace is PyTorch's to rounding (whose order there depends on the processor), and meets both bounds."""
    ours = engine.linspace(*bounds, dtype=getattr(engine, dtype)).numpy()
    theirs = torch.linspace(*bounds, dtype=getattr(torch, dtype)).numpy()
    near = {"float32": 1e-6, "float64": 1e-15, "int64": 0}[dtype]
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=near * 5)
    assert (ours[0], ours[-1]) == (theirs[0], theirs[-1])


@pytest.mark.parametrize("dtype", ["float32", "float64", "int64"])
@pytest.mark.parametrize("bounds", [(0.1, 7.3, 1.1), (-3, 3, 1), (1, 2, 2), (5, -5, -1), (0, 100, 3)])
def test_arange(torch: ModuleType, bounds: tuple[float, float, float], dtype: str) -> None:
    """arange is PyTorch's, to the last place."""
    ours = engine.arange(*bounds, dtype=getattr(engine, dtype)).numpy()
    theirs = torch.arange(*bounds, dtype=getattr(torch, dtype)).numpy()
    np.testing.assert_allclose(ours, theirs, rtol=1e-6 if dtype == "float32" else 1e-15)


def test_tensor_copies_and_from_numpy_shares() -> None:
    """tensor() copies; from_numpy() and as_tensor() share the array's memory."""
    array = np.ones(2)
    copied, shared, also = engine.tensor(array), engine.from_numpy(array), engine.as_tensor(array)
    array[0] = 5
    assert copied.tolist() == [1, 1]
    assert shared.tolist() == also.tolist() == [5, 1]
    shared[1] = 7
    assert array[1] == 7


def test_default_dtype(torch: ModuleType) -> None:
    """set_default_dtype changes what Python floats become, and what repr leaves out."""
    for library in (engine, torch):
        library.set_default_dtype(library.float64)
        try:
            assert library.tensor([1.0]).dtype is library.float64
            assert library.zeros(2).dtype is library.rand(2).dtype is library.float64
            assert repr(library.tensor([1.0])) == "tensor([1.])"
            assert repr(library.tensor([1.0], dtype=library.float32)) == "tensor([1.], dtype=torch.float32)"
        finally:
            library.set_default_dtype(library.float32)


def test_a_large_list_is_quick() -> None:
    """A list of 300,000 numbers is read in one go."""
    assert engine.tensor([[float(i), 1.0, 2.0] for i in range(100_000)]).shape == (100_000, 3)


def test_generators_are_one() -> None:
    """engine.manual_seed, engine.random.manual_seed and default_generator speak of the same stream."""
    engine.random.manual_seed(3)
    first = engine.rand(4).tolist()
    state = engine.manual_seed(3).get_state()
    assert isinstance(state, engine.Tensor)
    assert engine.rand(4).tolist() == first
    engine.set_rng_state(state)
    with engine.random.fork_rng():
        assert engine.rand(4).tolist() == first
    assert engine.rand(4, generator=engine.default_generator).tolist() == first


def test_states_cross_over(torch: ModuleType) -> None:
    """A generator's state is PyTorch's own bytes: the stream goes on in the other library."""
    engine.manual_seed(5)
    engine.randn(100)
    torch.set_rng_state(torch.from_numpy(engine.get_rng_state().numpy().copy()))
    assert engine.rand(3).tolist() == torch.rand(3).tolist()


def test_random_in_place_counts_as_a_write() -> None:
    """A refilled tensor that a derivative needs raises the in-place error."""
    x = engine.ones(3, requires_grad=True)
    y = engine.zeros(3)
    z = x * y
    y.normal_()
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        z.sum().backward()


def test_filling_cuts_the_past() -> None:
    """Nothing flows back through zero_ and normal_; fill_ hands the sum on to its value."""
    x, value = engine.ones(3, requires_grad=True), engine.tensor(2.0, requires_grad=True)
    y = x * 2
    y.zero_()
    y.sum().backward()
    assert x.grad.tolist() == [0, 0, 0]
    y = x * 2
    y.fill_(value)
    (y * engine.tensor([1.0, 2.0, 3.0])).sum().backward()
    assert value.grad.item() == 6


def test_absent_names_say_so() -> None:
    """A name of PyTorch's that the engine lacks raises an AttributeError that says it, and names something near."""
    for module, name, near in (
        (engine, "jit", None),
        (engine, "zeros_lik", "torch.zeros_like"),
        (engine.nn, "SyncBatchNorm", None),
        (engine.nn, "Lineer", "torch.nn.Linear"),
        (engine.nn.functional, "scaled_mm", None),
        (engine.optim, "SparseAdam", None),
    ):
        with pytest.raises(AttributeError, match=f"has no attribute '{name}'") as caught:
            getattr(module, name)
        notes = " ".join(getattr(caught.value, "__notes__", []))
        assert (near or "PyTorch has") in notes


def test_absent_names_are_pytorch_s(torch: ModuleType) -> None:
    """Every name in the list exists in PyTorch."""
    for name, names in NAMES.items():
        module = eval(name, {"torch": torch})
        assert [n for n in names.split() if not hasattr(module, n)] == []


def test_public_names_are_pytorch_s(torch: ModuleType) -> None:
    """The engine's public names are PyTorch's."""
    pairs = (
        (engine, torch),
        (engine.nn, torch.nn),
        (engine.nn.functional, torch.nn.functional),
        (engine.optim, torch.optim),
    )
    for ours, theirs in pairs:
        assert [n for n in ours.__all__ if not hasattr(theirs, n)] in ([], ["get_printoptions"])


def test_creation_is_seen_by_a_function_mode() -> None:
    """Each creation function is one call to a TorchFunctionMode."""
    seen = []

    class Log(engine.overrides.TorchFunctionMode):
        def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            seen.append(func.__name__)
            return func(*args, **(kwargs or {}))

    with Log():
        engine.zeros(2)
        engine.randn(3)
        engine.tensor([1.0]).normal_()
        engine.arange(3).new_zeros(2)
    assert seen == ["zeros", "randn", "tensor", "normal_", "arange", "new_zeros"]


def test_settings_are_remembered() -> None:
    """What changes nothing here is kept for who asks: determinism, precision; torch's own calls import its compiler."""
    engine.use_deterministic_algorithms(True, warn_only=True)
    assert engine.are_deterministic_algorithms_enabled()
    assert engine.is_deterministic_algorithms_warn_only_enabled()
    engine.use_deterministic_algorithms(False)
    assert not engine.are_deterministic_algorithms_enabled()
    engine.set_float32_matmul_precision("high")
    assert engine.get_float32_matmul_precision() == "high"
    engine.set_float32_matmul_precision("highest")
    engine.backends.cudnn.deterministic = True
    assert engine.backends.cudnn.deterministic
