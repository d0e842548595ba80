"""Which dtype comes out: all pairs of dtypes, Python's numbers, NumPy's, 0-d tensors, in place and not."""

from __future__ import annotations

from types import ModuleType

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from .facts import agree, examples

DTYPES = ["bool", "uint8", "int8", "int16", "int32", "int64", "float16", "float32", "float64"]
NUMBERS = [
    "True", "2", "-3", "0", "1.5", "-0.5", "np.float64(1.5)", "np.float32(0.5)", "np.int64(3)", "np.int32(2)", "10",
]  # fmt: skip
OPERATORS = ["+", "-", "*", "/", "**", "<", "==", "!=", ">="]
FUNCTIONS = [
    "add", "sub", "mul", "div", "maximum", "minimum", "fmod", "remainder", "atan2", "pow", "logical_and", "eq", "lt",
    "result_type", "hypot", "copysign", "floor_divide", "true_divide", "bitwise_and", "fmax",
]  # fmt: skip
METHODS = ["add_", "sub_", "mul_", "div_", "copy_", "eq_", "lt_"]
UNARY = [
    "abs", "neg", "exp", "sqrt", "sin", "sigmoid", "floor", "round", "sign", "reciprocal", "square", "logical_not",
    "bitwise_not", "isnan", "relu", "tanh", "log", "rsqrt", "sgn", "isfinite", "angle", "real", "positive",
    "cumsum(0)", "sum()", "mean()", "prod()", "max()", "std()", "any()", "argmax()", "norm()", "clamp(0, 2)",
    "clamp(0.5)", "clamp(min=1)", "nan_to_num()", "deg2rad", "trunc", "frac", "expm1",
]  # fmt: skip


def made(kind: str, dims: str) -> str:
    """The text of a tensor of a dtype."""
    return f"T.tensor({'[1, 2, 0]' if dims == '1' else '[[1], [3]]' if dims == '2' else '2'}).to(T.{kind})"


@st.composite
def operand(draw: st.DrawFn) -> str:
    """A tensor of any dtype, with dimensions or without, or a number."""
    if draw(st.integers(0, 3)) == 0:
        return draw(st.sampled_from(NUMBERS))
    return made(draw(st.sampled_from(DTYPES)), draw(st.sampled_from(["1", "1", "2", "0"])))


@given(st.data())
@examples
def test_operators(torch: ModuleType, data: st.DataObject) -> None:
    """Python's operators and the functions behind them, on every mixture of operands."""
    tensor = made(data.draw(st.sampled_from(DTYPES)), data.draw(st.sampled_from(["1", "2", "0"])))
    other = data.draw(operand())
    left, right = data.draw(st.sampled_from([(tensor, other), (tensor, other), (other, tensor)]))
    if left.startswith("np."):
        left, right = right, left  # NumPy's own operators come first there
    if data.draw(st.booleans()):
        call = f"{left} {data.draw(st.sampled_from(OPERATORS))} {right}"
    else:
        call = f"T.{data.draw(st.sampled_from(FUNCTIONS))}({left}, {right})"
    agree(torch, f"r = {call}", {}, 2e-3 if "16" in call else 1e-5)


@given(st.data())
@examples
def test_in_place(torch: ModuleType, data: st.DataObject) -> None:
    """What an operation may write into a tensor of its own dtype, and what may not be cast to it."""
    target = made(data.draw(st.sampled_from(DTYPES)), data.draw(st.sampled_from(["1", "2", "0"])))
    other = data.draw(operand())
    change = data.draw(st.one_of(
        st.sampled_from(METHODS).map(lambda name: f"r.{name}({other})"),
        st.sampled_from(["+", "-", "*", "/"]).map(lambda sign: f"r {sign}= {other}"),
        st.just(f"r[0:1] = {other}"), st.just(f"r.fill_({other})"),
    ))  # fmt: skip
    agree(torch, f"r = {target}\n{change}", {}, 2e-3 if "16" in target else 1e-5)


@given(st.data())
@examples
def test_unary(torch: ModuleType, data: st.DataObject) -> None:
    """Functions of one variable and reductions on every dtype; casts between all of them."""
    x = made(data.draw(st.sampled_from(DTYPES)), data.draw(st.sampled_from(["1", "2", "0"])))
    name = data.draw(st.sampled_from(UNARY))
    casts = [f".to(T.{d})" for d in DTYPES] + [".float()", ".long()", ".bool()", ".half()", ".double()", ".int()"]
    cast = data.draw(st.sampled_from(casts))
    call = data.draw(st.sampled_from([f"{x}.{name}{'' if name[-1] == ')' else '()'}", f"({x} - 1){cast}"]))
    agree(torch, f"r = {call}", {}, 2e-3 if "16" in x else 1e-5)


@given(st.data())
@examples
def test_several(torch: ModuleType, data: st.DataObject) -> None:
    """cat, stack, where, result_type, promote_types, can_cast, tensor() of mixtures."""
    a, b = data.draw(operand()), data.draw(operand())
    s, t = data.draw(st.sampled_from(DTYPES)), data.draw(st.sampled_from(DTYPES))
    call = data.draw(st.sampled_from([
        f"T.cat([{made(s, '1')}, {made(t, '1')}])", f"T.stack([{made(s, '2')}, {made(t, '2')}])",
        f"T.where({made('bool', '1')}, {a}, {b})", f"T.result_type({a}, {b})", f"T.promote_types(T.{s}, T.{t})",
        f"T.can_cast(T.{s}, T.{t})", f"T.full((2,), {a})", f"T.full((2,), {a}, dtype=T.{s})",
        f"T.full_like({made(s, '1')}, {b})", f"T.tensor({a}, dtype=T.{s})",
        f"T.addcmul({made(s, '1')}, {made(t, '1')}, {made(s, '1')})",
        f"{made(s, '1')}.masked_fill({made('bool', '1')}, {a})",
        f"T.add({made(s, '1')}, {made(t, '1')}, alpha=2)",
    ]))  # fmt: skip
    agree(torch, f"r = {call}", {}, 2e-3 if "16" in call else 1e-5)


def test_made_tensors() -> None:
    """What the programs start from is what it says."""
    assert np.dtype("float16").itemsize == 2
    assert made("int8", "0") == "T.tensor(2).to(T.int8)"
