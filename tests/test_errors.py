"""Every text in ``engine/errors.py`` against PyTorch's own: one program, run on both libraries."""

from __future__ import annotations

import copy
import inspect
import textwrap
import warnings
from types import ModuleType
from typing import Any

import pytest

import engine
from engine import errors
from engine.table.kernel import RAW

# For each function of errors.py, programs that end in its error. T is the library.
PROGRAMS: dict[str, list[str]] = {
    "freed": [
        "x = T.tensor(2., requires_grad=True); y = x * x; y.backward(); y.backward()",
        "x = T.ones(2, requires_grad=True); y = x.exp(); y.sum().backward(); y.grad_fn._saved_result",
        "x = T.ones(2, requires_grad=True); y = x.exp().sum(); T.autograd.grad(y, x); T.autograd.grad(y, x)",
    ],
    "leaf_in_place": [
        "x = T.ones(3, requires_grad=True); x += 1",
        "x = T.ones(3, requires_grad=True); x.zero_()",
    ],
    "detach_view": ["T.ones(2, 2)[0].detach_()"],
    "leaf_view_in_place": [
        "x = T.ones(3, requires_grad=True); x[0] = 1",
        "x = T.ones(3, requires_grad=True); x.view(3, 1).mul_(2)",
    ],
    "overlapping": ["x = T.ones(1).expand(3); x += 1", "x = T.ones(2, 1).expand(2, 3); x.exp_()"],
    "partly_overlapping": ["x = T.arange(4.); x[1:] += x[:3]", "x = T.arange(4.); x[:2].copy_(x[1:3])"],
    "no_graph": [
        "T.ones(()).backward()",
        "x = T.ones(3, requires_grad=True); y = x.detach() * 2; y.sum().backward()",
        "x = T.tensor(1., requires_grad=True); T.autograd.backward([x * 2, T.tensor(3.)])",
    ],
    "not_scalar": [
        "x = T.ones(3, requires_grad=True); (x * 2).backward()",
        "x = T.ones(3, requires_grad=True); T.autograd.grad(x * 2, x)",
    ],
    "not_real": ["T.ones(1, dtype=T.complex64, requires_grad=True).backward()"],
    "mismatch": [
        "x = T.ones(3, requires_grad=True); (x * 2).backward(T.ones(2))",
        "x = T.ones((), requires_grad=True); (x * 2).backward(T.tensor([1.]))",
        "x = T.ones(2, 3, requires_grad=True); T.autograd.grad(x * 2, x, T.ones(3, 2))",
    ],
    "gradient_type": [
        "x = T.ones(1, requires_grad=True); (x * 2).backward([1.])",
        "x = T.ones(1, requires_grad=True); T.autograd.grad(x * 2, x, [1])",
    ],
    "gradient_dtype": ["x = T.ones(2, requires_grad=True); (x * 2).backward(T.ones(2, dtype=T.complex64))"],
    "unused": ["x = T.ones(2, requires_grad=True); z = T.ones(2, requires_grad=True); T.autograd.grad(x.sum(), z)"],
    "input_needs_no_grad": ["x = T.ones(2, requires_grad=True); T.autograd.grad(x.sum(), T.ones(2))"],
    "cannot_hook": ["T.ones(2).register_hook(print)"],
    "grad_size": ["x = T.ones(3, requires_grad=True); x.grad = T.ones(2)"],
    "grad_dtype": [
        f"x = T.ones(3, requires_grad=True); x.grad = T.ones(3, dtype=T.{d})"
        for d in ("float64", "float16", "int64", "int32", "int16", "int8", "uint8", "bool", "complex64")
    ],
    "only_floating": [
        "T.ones(3, dtype=T.int64).requires_grad = True",
        "T.ones(3, dtype=T.bool).requires_grad_()",
    ],
    "only_floating_made": ["T.tensor([1, 2], requires_grad=True)", "T.zeros(3, dtype=T.bool, requires_grad=True)"],
    "only_leaf_flag": [
        "x = T.ones(3, requires_grad=True); (x * 2).requires_grad_(False)",
        "x = T.ones(3, requires_grad=True); (x * 2).requires_grad = False",
    ],
    "retain_needs_grad": ["T.ones(3).retain_grad()"],
    "numpy_needs_detach": ["T.ones(3, requires_grad=True).numpy()", "(T.ones(3, requires_grad=True) * 2).numpy()"],
    "deepcopy_needs_leaf": ["x = T.ones(3, requires_grad=True); copy.deepcopy(x * 2)"],
    "ambiguous_truth": ["bool(T.ones(2))", "if T.ones(2) > 0: pass"],
    "empty_truth": ["bool(T.ones(0))"],
    "not_one_element": ["T.ones(2).item()", "T.ones(0).item()"],
    "not_one_number": ["float(T.ones(3, 2))", "int(T.ones(0))", "complex(T.ones(2))"],
    "no_broadcast": ["T.ones(3) + T.ones(2)", "T.ones(2, 3, 4) * T.ones(2, 4)", "T.ones(2, 1, 3) < T.ones(4, 2)"],
    "in_place_shape": ["x = T.ones(3); x += T.ones(2, 3)", "x = T.ones(()); x.mul_(T.ones(2))"],
    "cannot_cast": ["x = T.ones(2, dtype=T.int64); x += 0.5", "x = T.ones(2, dtype=T.bool); x += T.ones(2)"],
    "dim_range": [
        "T.ones(2, 3).sum(2)",
        "T.ones(()).sum(1)",
        "T.ones(2).unsqueeze(-3)",
        "T.ones(2, 3).transpose(0, 4)",
    ],
    "argument": ["T.exp(2.)", "T.mul([1], T.ones(1))", "T.softmax(None, 0)", "T.matmul(T.ones(2), 3)"],
    "not_implemented": [
        "T.ones(2, dtype=T.bool) // T.ones(2, dtype=T.bool)",
        "T.softmax(T.ones(2, dtype=T.int64), 0)",
        "T.ones(2) & T.ones(2)",
    ],
    "not_derived": [
        "x = T.ones(2, requires_grad=True); T.igamma(x, x).sum().backward()",
        "x = T.ones(2, requires_grad=True); T.special.zeta(x + 1, 2.0).sum().backward()",
    ],
    "underivable": [
        "x = T.ones(3, requires_grad=True); (x // 2).sum().backward()",
        "x = T.ones(3, requires_grad=True); T.heaviside(x, x).sum().backward()",
        "x = T.ones(3, requires_grad=True); (2 % x).sum().backward()",
    ],
    "bool_negation": ["-T.tensor([True])"],
    "bool_subtraction": ["T.tensor([True]) - T.tensor([True])", "T.tensor([True]) - T.ones(1)", "1 - T.tensor([True])"],
    "zero_division": ["T.tensor([1]) // T.tensor([0])", "T.tensor([1]) % T.tensor([0])", "T.tensor([1]) // 0"],
    "negative_power": ["T.tensor([2]) ** -1"],
    "invert": ["~T.ones(2)"],
    "whole_addcdiv": ["T.addcdiv(T.tensor([1]), T.tensor([2]), T.tensor([3]))"],
    "combination": ["T.where(T.tensor([True]), T.ones(1))"],
    "where_condition": ["T.where(T.ones(2), T.ones(2), T.zeros(2))", "T.where(T.tensor([1, 0]), 1., 2.)"],
    "iterating_zero_dim": ["list(T.tensor(1.))", "a, b = T.ones(())"],
    "length_zero_dim": ["len(T.tensor(1.))"],
    "no_creator": ["T.ones(2).creator"],
}
CASES = [(name, program) for name, programs in PROGRAMS.items() for program in programs]
HELPERS = {"hinted", "kind_of", "size"}


def failure(T: ModuleType, program: str) -> Exception:
    """The error in which ``program`` ends."""
    source = textwrap.dedent(program).strip()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of deprecations, and of .grad read where there is none
        try:
            exec(source, {"T": T, "copy": copy})
        except Exception as error:
            return error
    raise AssertionError(f"{T.__name__} raised nothing: {source}")


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the functions of errors.py that ran."""
    names: list[str] = []

    def spied(name: str, function: Any) -> Any:
        def spy(*args: Any, **kwargs: Any) -> Any:
            names.append(name)
            return function(*args, **kwargs)

        return spy

    for name in PROGRAMS:
        function = getattr(errors, name)
        monkeypatch.setattr(errors, name, spied(name, function))
        for key in [key for key, value in RAW.items() if value is function]:
            monkeypatch.setitem(RAW, key, getattr(errors, name))
    return names


def test_every_text_has_a_program() -> None:
    """A function of errors.py without a program here is an error, and so is a program without a function."""
    functions = {name for name, f in inspect.getmembers(errors, inspect.isfunction) if f.__module__ == errors.__name__}
    assert set(PROGRAMS) == functions - HELPERS


@pytest.mark.parametrize(("name", "program"), CASES)
def test_text_is_that_of_pytorch(name: str, program: str, torch: ModuleType, made: list[str]) -> None:
    """Type and text of the error are PyTorch's, to the letter, and the text comes from errors.py."""
    own, theirs = failure(engine, program), failure(torch, program)
    assert (type(own).__name__, str(own)) == (type(theirs).__name__, str(theirs))
    assert name in made


@pytest.mark.parametrize(("name", "program"), CASES)
def test_hint_is_a_note(name: str, program: str) -> None:
    """A hint is a note below the text and not in it; where errors.py gives one, one arrives."""
    error = failure(engine, program)
    notes = getattr(error, "__notes__", [])
    assert notes or "hinted(" not in inspect.getsource(getattr(errors, name))
    for note in notes:
        assert note.startswith("Hint: ")
        assert note.removeprefix("Hint: ") not in str(error)
