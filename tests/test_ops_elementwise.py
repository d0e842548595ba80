"""Elementwise operations against PyTorch: values, dtypes, gradients of both orders, node names, errors."""

from __future__ import annotations

import contextlib
import math
import operator
import warnings
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import engine
from engine.calls.activations import FUNCTIONAL
from engine.table.kernel import RAW

from .elementwise_calls import ACTIVATIONS, BINARY, BYTES, SEEN, UNARY, WHOLE, WRONG, calls

pytestmark = pytest.mark.filterwarnings("ignore:An output with one or more elements was resized")  # by torch

SPECIAL = [0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 0.4, 2.0, 3.0, -3.0, 6.0, 21.0, -200.0, math.inf, -math.inf, math.nan]


@pytest.fixture(scope="module")
def functional(torch: ModuleType) -> dict[ModuleType, Any]:
    """torch.nn.functional of both libraries."""
    return {torch: torch.nn.functional, engine: type("F", (), {n: staticmethod(f) for n, f in FUNCTIONAL.items()})}


def run(T: ModuleType, F: Any, call: str, **tensors: Any) -> Any:
    """The value of an expression of the tables above."""
    return eval(call, {"T": T, "F": F}, tensors)


def array(t: Any) -> Any:
    """The values of a tensor, or what else a call gave."""
    return t.detach().numpy(force=True) if hasattr(t, "detach") else t


def same(ours: Any, theirs: Any, rtol: float, what: str) -> None:
    """Equal in kind, dtype, shape and values."""
    a, b = array(ours), array(theirs)
    if not isinstance(b, np.ndarray):
        assert type(a) is type(b), what
        assert a == b, what
        return
    assert (a.dtype, a.shape) == (b.dtype, b.shape), what
    np.testing.assert_allclose(a, b, rtol=rtol, atol=rtol if a.dtype.kind == "f" else 0, equal_nan=True, err_msg=what)


def names(t: Any) -> Any:
    """The node's name and those of its inputs."""
    fn = t.grad_fn
    if fn is None:
        return t.requires_grad
    below = tuple(f and f.name() for f, _ in fn.next_functions)
    return fn.name(), below


def compare(
    libraries: dict[ModuleType, Any], call: str, data: dict[str, Any], rtol: float, second: bool = True
) -> None:
    """Value, node names, gradients and second gradients of a call, in both libraries."""
    seen = []
    for T, F in libraries.items():
        tensors = {k: T.tensor(v, requires_grad=v.dtype.kind == "f") for k, v in data.items()}
        try:
            out = run(T, F, call, **tensors)
            found: list[tuple[str, Any]] = [("value", out)]
            if getattr(out, "requires_grad", False):
                found += [("node", names(out)), *gradients(T, out, list(tensors.values()), second)]
        except (RuntimeError, TypeError, NotImplementedError) as error:
            found = [("error", f"{type(error).__name__}: {str(error).splitlines()[0]}")]
        seen.append(found)
    (theirs, ours) = seen
    assert [what for what, _ in ours] == [what for what, _ in theirs], (call, ours, theirs)
    for (what, a), (_, b) in zip(ours, theirs, strict=True):
        same(a, b, rtol, f"{call}: {what}") if what not in ("node", "error") else _equal(a, b, f"{call}: {what}")


def _equal(a: Any, b: Any, what: str) -> None:
    assert a == b, what


def gradients(T: ModuleType, out: Any, inputs: list[Any], second: bool) -> list[tuple[str, Any]]:
    """Gradients of a weighted sum, and those of a weighted sum of them, where there are any."""
    like = array(out)
    weights = T.tensor(np.linspace(0.5, 1.5, max(like.size, 1)).reshape(like.shape).astype(like.dtype))
    found: list[tuple[str, Any]] = []
    first = T.autograd.grad(out, inputs, weights, create_graph=second, allow_unused=True)
    found += [("gradient" if g is not None else "no gradient", g) for g in first]
    sums = [(g * g).sum() for g in first if g is not None and g.requires_grad]
    found += [("recorded gradients", len(sums))]
    if second and sums:
        total = sums[0]
        for s in sums[1:]:
            total = total + s
        again = T.autograd.grad(total, inputs, allow_unused=True)
        found += [("second gradient" if g is not None else "no second gradient", g) for g in again]
    return found


@pytest.mark.parametrize("call", calls(UNARY) + calls(ACTIVATIONS) + ["F.hardsigmoid(x)"])
@pytest.mark.parametrize("shape", [(2, 3), ()], ids=str)
def test_one_variable(call: str, shape: tuple[int, ...], functional: Any) -> None:
    """Values, node names, gradients and second gradients in float64 are PyTorch's, where smooth."""
    values = np.array([0.31, 0.72, 0.13, -0.64, -0.25, 0.86])
    data = {"x": values.reshape(shape) if shape else np.array(0.37)}
    rtol = 1e-7 if "hardsigmoid" in call else 1e-9  # PyTorch's slope there is 1/6 in float32
    compare(functional, call, data, rtol, second="hardsigmoid" not in call)


@pytest.mark.parametrize("call", calls(UNARY) + calls(ACTIVATIONS) + ["F.hardsigmoid(x)"])
@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_special_values(call: str, dtype: str, functional: Any) -> None:
    """At zeros, kinks, bounds, inf and NaN: value and gradient are PyTorch's, as vectors and one by one."""
    compare(functional, call, {"x": special(call, dtype)}, 2e-6, second=False)


def special(call: str, dtype: str) -> Any:
    """The special values for which PyTorch's answer is one of its own, the same in vectors and alone."""
    values = np.array(SPECIAL, dtype)
    if any(name in call for name in ("relu6", "hardtanh", "shrink", "elu", "hardswish")):
        values = values[~np.isnan(values)]  # its vectorised gradients there are 0, its others 1
    if "gelu" in call:
        values = values[~np.isinf(values)]
    if "logit" in call:
        values = values[~np.signbit(values) | (values != 0)]
    return values[(values > 0) & np.isfinite(values)] if "gamma" in call else values


@pytest.mark.parametrize("call", calls(ACTIVATIONS) + calls(UNARY)[:60])
def test_special_values_alone(call: str, functional: Any) -> None:
    """A 0-d tensor has a path of its own, with the same meaning."""
    for value in special(call, "f4"):
        compare(functional, call, {"x": np.array(value, "f4")}, 2e-6, second=False)


@pytest.mark.parametrize("call", calls(BINARY))
@pytest.mark.parametrize("shapes", [((3,), (3,)), ((2, 1), (3,)), ((), (3,)), ((2,), ()), ((), ())], ids=str)
def test_two_variables(call: str, shapes: tuple[Any, Any], functional: Any) -> None:
    """Broadcasting, gradients summed back to each input's shape, second gradients."""
    x = np.array([0.31, 0.72, 1.13])[: math.prod(shapes[0])].reshape(shapes[0])
    y = np.array([0.64, 0.25, 0.86])[: math.prod(shapes[1])].reshape(shapes[1])
    compare(functional, call, {"x": x, "y": y}, 1e-9)


@pytest.mark.parametrize("call", calls(BINARY))
def test_special_pairs(call: str, functional: Any) -> None:
    """Ties, zeros, inf and NaN in every combination."""
    values = [0.0, -0.0, 1.0, -1.0, 2.5, -2.5, math.inf, -math.inf, math.nan]
    x, y = (v.reshape(-1) for v in np.meshgrid(np.array(values, "f4"), np.array(values, "f4")))
    compare(functional, call, {"x": x, "y": y}, 1e-5, second=False)


@pytest.mark.parametrize("call", calls(BINARY))
@pytest.mark.parametrize("dtypes", [("f4", "f8"), ("f4", "i8"), ("i8", "f8"), ("i4", "f4")], ids="-".join)
def test_mixed_dtypes(call: str, dtypes: tuple[str, str], functional: Any) -> None:
    """Promotion, with tensors of any dimension, and gradients in each input's own dtype."""
    for x, y in (([1.0, 2.0], [3.0, 2.0]), (2.0, [1.0, 2.0]), ([1.0, 2.0], 2.0), (2.0, 3.0)):
        compare(functional, call, {"x": np.array(x, dtypes[0]), "y": np.array(y, dtypes[1])}, 2e-6, second=False)


@pytest.mark.parametrize("call", calls(WHOLE))
@pytest.mark.parametrize("dtype", ["i8", "i4", "?"])
def test_whole_numbers(call: str, dtype: str, functional: Any) -> None:
    """Whole numbers and bools: promotion, whole division, errors word for word."""
    if call == "x.abs()" and dtype == "?":
        return
    x, y = np.array([3, 1, 2]).astype(dtype), np.array([2, 1, 3]).astype(dtype)
    compare(functional, call, {"x": x, "y": y}, 2e-6)


@pytest.mark.parametrize("call", BYTES)
def test_bytes_wrap_around(call: str, functional: Any) -> None:
    """uint8 counts modulo 256."""
    compare(functional, call, {"x": np.array([0, 1, 5, 255], np.uint8)}, 0)


@pytest.mark.parametrize("call", calls(WRONG))
def test_errors(call: str, functional: Any) -> None:
    """What PyTorch refuses is refused with its words."""
    seen = []
    for T, F in functional.items():
        with pytest.raises(Exception) as caught:
            run(T, F, call, x=T.tensor([1.0, 2.0]))
        seen.append((caught.type, str(caught.value).splitlines()[0]))
    if call in ("x.to('nowhere')", "T.add('a', x)"):
        seen = [(kind, "") for kind, _ in seen]
    assert seen[0] == seen[1]


def test_in_place_forms(torch: ModuleType) -> None:
    """``exp_`` and its like write what ``exp`` gives, with its node and its gradient."""
    for name, arguments in {
        "exp_": (), "tanh_": (), "sigmoid_": (), "relu_": (), "sin_": (), "sqrt_": (), "abs_": (), "neg_": (),
        "add_": (2.0,), "sub_": (2.0,), "mul_": (3.0,), "div_": (2.0,), "pow_": (3,), "clamp_": (0.0, 1.0),
        "clamp_min_": (0.5,), "square_": (), "round_": (), "remainder_": (2,), "reciprocal_": (), "log_": (),
    }.items():  # fmt: skip
        seen = []
        for T in (torch, engine):
            x = T.tensor([0.4, 0.9, 1.7], requires_grad=True)
            y = x * 1
            out = getattr(y, name)(*arguments)
            assert out is y
            y.sum().backward()
            seen.append((names(y), y._version, y.detach().numpy(), x.grad.numpy()))
        assert seen[0][:2] == seen[1][:2], name
        np.testing.assert_allclose(seen[1][2], seen[0][2], rtol=1e-6, err_msg=name)
        np.testing.assert_allclose(seen[1][3], seen[0][3], rtol=1e-6, err_msg=name)


def test_operators_in_place(torch: ModuleType) -> None:
    """``+=`` and its like keep the tensor; comparisons and bits have them too."""
    for symbol in ("iadd", "isub", "imul", "itruediv", "ifloordiv", "imod", "ipow"):
        for T in (torch, engine):
            x = kept = T.tensor([5.0, 7.0])
            x = getattr(operator, symbol)(x, 2)
            assert x is kept
            assert x.tolist() == getattr(operator, symbol)(np.array([5.0, 7.0]), 2).tolist()
    mask = engine.tensor([True, False])
    mask &= engine.tensor([True, True])
    mask |= engine.tensor([False, True])
    mask ^= True
    assert mask.tolist() == [False, False]


def test_saved_by_the_same_rules(torch: ModuleType) -> None:
    """A graph that saves no data runs backward twice; one that does says so."""
    table = """x + 1 | x * 3 | x * x | -x | x / 2 | 1 - x | x.floor() | x ** 2 | x.relu() | x % 2 | x.exp()
    x.clamp(0, 1) | x.double() | x.lerp(x, 0.5) | x.sign() | T.where(x > 0, x, 0.)
    x.nan_to_num() | x.div(2, rounding_mode='floor')"""
    for call in calls(table.replace("\n", " | ")):
        twice = []
        for T in (torch, engine):
            out = run(T, None, call, x=T.tensor([0.5, 2.0], requires_grad=True)).sum()
            out.backward()
            with contextlib.suppress(RuntimeError):  # the second time
                out.backward()
                twice.append(call)
            twice.append(T)
        assert twice in ([torch, engine], [call, torch, call, engine]), call


def test_casting(torch: ModuleType) -> None:
    """A cast to the dtype that is there gives the tensor itself; one to whole numbers has no history."""
    for T in (torch, engine):
        x = T.tensor([1.5, -1.5], requires_grad=True)
        assert x.float() is x
        assert x.to(T.float32) is x
        assert x.to("cpu") is x
        assert x.to(x) is x
        assert x.to(T.float32, copy=True) is not x
        assert x.to(dtype=T.float64).dtype is T.float64
        assert x.to(float).dtype is T.float64
        assert x.to(int).dtype is T.int64
        assert not x.long().requires_grad
        assert x.long().tolist() == [1, -1]
        assert x.type() == "torch.FloatTensor"
        assert x.type("torch.DoubleTensor").dtype is T.float64
        x.double().sum().backward()
        assert x.grad.dtype is T.float32


def test_dead_relu_stops_infinity(torch: ModuleType) -> None:
    """Where relu or where lets nothing through, an infinite gradient from above becomes 0, in small and in large."""
    for n in (1, 3, 1000):
        for T in (torch, engine):
            x = T.tensor(np.linspace(-1, 1, n).astype("f4"), requires_grad=True)
            (x.relu().sqrt() + T.where(x > 0, x, 0.0).sqrt()).sum().backward()
            assert not np.isnan(x.grad.numpy()).any()
            assert x.grad.numpy()[0] == 0
            assert not np.signbit(x.grad.numpy()).any()


def test_no_warning_leaks() -> None:
    """NumPy's warnings about overflow and division stay inside."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for call in calls(UNARY) + calls(ACTIVATIONS):
            for data in (SPECIAL, 0.0, math.inf):
                x = engine.tensor(data, requires_grad=True)
                out = run(engine, type("F", (), {n: staticmethod(f) for n, f in FUNCTIONAL.items()}), call, x=x)
                if getattr(out, "requires_grad", False) and "//" not in call and call != "-3 % x":
                    out.sum().backward()
        _ = engine.tensor([1.0]) * 1e300, engine.tensor(1.0) * 1e300, engine.tensor([1.0, 2.0]) > 1e300


def test_kernels_know_scalars() -> None:
    """A 0-d result stays a NumPy scalar, or an array of no dimensions, in the dtype it had."""
    for row in {id(r): r for r in tuple(RAW.values()) if hasattr(r, "elementwise") and r.elementwise}.values():
        if len(row.inputs) == 1 and len(row.params) == 1 and not row.predicate and row.name != "bitwise_not":
            with np.errstate(all="ignore"):
                out = row.kernel(np.float32(0.3))
            assert out.dtype == np.float32, row.name
            assert out.shape == (), row.name


@pytest.mark.parametrize("call", calls(SEEN))
def test_function_modes_see_one_call(call: str, torch: ModuleType) -> None:
    """A function mode sees what PyTorch shows it: one call under PyTorch's name, whatever it is made of."""
    seen = []
    for T in (torch, engine):
        found: list[str] = []

        class Log(T.overrides.TorchFunctionMode):  # type: ignore[misc, name-defined]  # of either library
            def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
                found.append(func.__name__)  # noqa: B023  used up within this turn of the loop
                return func(*args, **(kwargs or {}))

        x = T.tensor([1.0, 2.0])
        with Log():
            run(T, None, call, x=x)
        seen.append(found)
    assert seen[0] == seen[1]
