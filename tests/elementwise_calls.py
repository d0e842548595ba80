"""The calls of elementwise operations that are compared with PyTorch, as a user writes them."""

from __future__ import annotations

# What is called, as written: T is the library, F its torch.nn.functional, x and y its tensors
UNARY = """
-x | +x | abs(x) | x.abs() | T.exp(x) | x.exp2() | x.expm1() | T.log(x) | x.log1p() | x.log2() | x.log10() | x.sqrt()
x.rsqrt() | x.reciprocal() | x.square() | T.square(x) | x.sin() | x.cos() | x.tan() | x.asin() | x.acos() | x.atan()
x.sinh() | x.cosh() | x.tanh() | x.asinh() | x.acosh() | x.atanh() | x.sigmoid() | x.logit() | x.logit(0.1) | x.erf()
x.erfc() | x.erfinv() | x.lgamma() | x.digamma() | x.polygamma(1) | x.deg2rad() | x.rad2deg() | x.sinc() | x.relu()
x.floor() | x.ceil() | x.trunc() | x.round() | x.round(decimals=1) | x.round(decimals=-1) | x.frac() | x.sign()
x.sgn() | x.nan_to_num() | x.nan_to_num(1., 2., 3.) | x.clamp(-1, 1) | x.clamp(min=0) | x.clamp(max=0.5) | x.clip(-1, 1)
x.clamp(1, -1) | x.clamp_min(0) | x.clamp_max(0) | T.clamp(x, 0, None)
x + 1 | 1 + x | x - 1 | 1 - x | x * 2 | 2 * x | x / 2 | 1 / x | 3 / x | x % 2 | x.fmod(2) | x.remainder(-2) | -3 % x
x // 2 | 2 // x | x ** 2 | x ** 3 | x ** 4 | x ** 0 | x ** 1 | x ** -1 | x ** -2 | x ** 0.5 | x ** 2.5 | x.pow(2.)
x ** True | 2 ** x | 2. ** x | 0 ** x | 1 ** x | T.pow(2, x) | T.pow(x, 2) | x.add(3) | x.add(3, alpha=2)
x.sub(3, alpha=2) | T.rsub(x, 2) | T.rsub(x, 2, alpha=3) | x.div(2, rounding_mode='floor')
x.div(2, rounding_mode='trunc') | x.float_power(2) | x.double() | x.float() | x.to(T.float64) | x.to(T.float32)
x.to('cpu') | x.to('cpu', T.float64) | x.to(x.double()) | x.type(T.float64) | x.type_as(x.double()) | x.cpu()
x.copysign(-1) | T.where(x > 0, x, 0.) | T.where(x > 0, 0, x) | T.where(x > 0, x, x * 2) | x.where(x > 0, 1.)
x == 1 | x != 1 | x < 1 | 1 < x | x <= 1 | x > 1 | x >= 1 | x.eq(0) | T.lt(x, 2) | x.isnan() | x.isinf()
x.isfinite() | x.isposinf() | x.isneginf() | x.signbit() | x.logical_not() | x.logical_and(x) | x * x | x + x | x - x
x / x | x ** x | T.maximum(x, x) | x > 0.5 | x == None | x.long() | x.int() | x.bool() | x.lerp(x, 0.3) | x.square() + x
""".replace("\n", " | ")
ACTIVATIONS = """
F.relu(x) | F.relu6(x) | F.hardtanh(x) | F.hardtanh(x, -2., 0.5) | F.softplus(x) | F.softplus(x, 2, 3) | F.leaky_relu(x)
F.leaky_relu(x, 0.2) | F.elu(x) | F.elu(x, 0.5) | F.celu(x) | F.celu(x, 0.5) | F.selu(x) | F.gelu(x)
F.gelu(x, approximate='tanh') | F.silu(x) | F.mish(x) | F.logsigmoid(x) | F.softsign(x) | F.tanhshrink(x)
F.hardswish(x) | F.threshold(x, 0.4, -1.) | F.softshrink(x) | F.hardshrink(x) | F.hardshrink(x, 1.)
""".replace("\n", " | ")
BINARY = """
x + y | x - y | x * y | x / y | x // y | x % y | x ** y | T.add(x, y, alpha=2) | x.sub(y, alpha=3)
T.rsub(x, y) | T.rsub(x, y, alpha=2) | x.fmod(y) | T.remainder(x, y) | x.div(y, rounding_mode='floor')
x.div(y, rounding_mode='trunc') | T.atan2(x, y) | T.maximum(x, y) | T.minimum(x, y) | T.fmax(x, y) | T.fmin(x, y)
T.hypot(x, y) | T.copysign(x, y) | T.xlogy(x, y) | T.logaddexp(x, y) | T.logaddexp2(x, y) | T.ldexp(x, y)
x.clamp(y) | x.clamp(max=y) | x.clamp(y, y + 1) | x.clamp(y, y - 1) | x.clamp_min(y) | x.clamp_max(y)
T.where(x > y, x, y) | x.where(y > 0, y) | x.lerp(y, 0.3) | x.lerp(y, 0.7) | x.lerp(y, y) | x.addcmul(x, y)
x.addcmul(y, y, value=2) | x.addcdiv(x, y, value=3) | T.float_power(x, y) | x == y | x != y | x < y | x <= y | x > y
x >= y | x.logical_and(y) | x.logical_or(y) | x.logical_xor(y) | T.isclose(x, y) | T.allclose(x, y) | T.equal(x, y)
x * x + y | (x * y).sin() * x | T.heaviside(x, y)
""".replace("\n", " | ")
WHOLE = """
x & y | x | y | x ^ y | ~x | x & 1 | 1 & x | x ^ True | x << 1 | x >> 1 | x << y | 1 << x | 2 ** x | x ** 2 | x ** 2.
x ** -1 | x ** 0.5 | 2. ** x | x.clamp(0.5, 1.5) | x.clamp(1) | x / y | x // y | x % y | x.fmod(y) | x // 0 | x % 0
x + 1.5 | x * 2 | x - 1 | 1 - x | x - y | x - x.bool() | -x | +x | x.sqrt() | x.exp() | x.sigmoid() | x.relu()
F.relu6(x) | F.hardtanh(x) | F.softplus(x) | F.gelu(x) | F.silu(x) | F.elu(x) | F.leaky_relu(x) | F.logsigmoid(x)
x.floor() | x.round() | x.round(decimals=1) | x.frac() | x.trunc() | x.ceil() | x.sign() | x.sgn() | x.square()
x.reciprocal() | x.isnan() | x.nan_to_num() | x.logical_not() | x.logical_and(y) | x == y | x < 1.5 | x == True
T.maximum(x, y) | T.where(x > 1, x, 2.) | T.where(x > 1, 1, 2) | T.where(x > 1, 1., 2) | T.where(x, x, x) | x.float()
x.double() | x.long() | x.bool() | x.lerp(y, 1) | x.addcmul(y, y) | x.addcdiv(y, y) | T.add(x, y, alpha=2)
T.add(x, y, alpha=0.5) | x.div(2, rounding_mode='trunc') | x.div(2, rounding_mode='floor') | T.atan2(x, y) | x.sub(True)
x + True | x * 2.5 | x - 300 | x + (-1) | x.add_(1) | x.add_(1.5) | x.div_(2) | x.mul_(2) | x.exp_() | x.gcd(y)
x.type() | x.erf() | x.lgamma() | T.copysign(x, y) | x.to(T.int16) | x + T.tensor(1.5) | x * T.tensor(2, dtype=T.int32)
""".replace("\n", " | ")
WRONG = """
x + 'a' | x + None | x - [1] | None * x | 'a' * x | x * 'a' | x / 'a' | x // 'a' | x % 'a' | x ** 'a' | x ** None
'a' - x | x & 1 | x | 1 | x ^ x | ~x | x << 1 | x < 'a' | x >= None | T.add(x, 'a')
T.add('a', x) | T.exp('a') | T.exp(1.) | T.maximum(x, 1) | x.clamp() | x.clamp(None, None)
x.div(2, rounding_mode='up') | T.where(x, x, x) | T.equal(x, 1) | T.isclose(x, 1)
T.isclose(x, x.double()) | T.allclose(x, x.long()) | x.lerp(x.double(), 0.5) | x.add(T.tensor([1.] * 3))
x * T.tensor([1.] * 3) | T.maximum(x, T.tensor([1.] * 3)) | x.to('nowhere') | x.type(int) | -(x > 0) | (x > 0) - (x > 0)
x - (x > 0) | 1 - (x > 0) | (x > 0) - 1 | T.add(x, x > 0, alpha=True) | (x > 0) // (x > 0) | (x > 0).relu() | +(x > 0)
T.square('a') | T.heaviside(x, x.long()) | divmod(x, 2)
""".replace("\n", " | ")
SEEN = """
x + 1 | 1 + x | x - 1 | 1 - x | x * 2 | x / 2 | 1 / x | x ** 2 | 2 ** x | x ** x | x // 2 | 2 // x | x % 2 | 2 % x | -x
+x | abs(x) | x.clamp(0, 1) | x.clamp(x) | T.where(x > 0, x, 0.) | T.where(x > 0, x, x) | x.add(x, alpha=2) | x.double()
x.to(T.float64) | x.type(T.float64) | x.type_as(x) | x.round(decimals=1) | x.square() | T.relu(x) | x == 1 | x != 1
x.eq(1) | x < 1 | 1 < x | ~(x > 1) | (x > 1) & (x > 0) | x.long() << 1 | 1 << x.long() | x.lerp(x, 0.5)
T.maximum(x, x) | T.allclose(x, x) | T.equal(x, x) | x.div(2, rounding_mode='floor') | x.exp_() | x.add_(1)
T.pow(2, x) | x.float_power(2)
""".replace("\n", " | ")
BYTES = ["x - 2", "x + (-1)", "x * 300", "x / 2", "-x", "x.abs()", "x.clamp(0, 3)", "x.sign()", "x.add(x, alpha=-3)"]


def calls(table: str) -> list[str]:
    """The expressions of a table; ``|`` between blanks parts them, where both sides are whole expressions."""
    found: list[str] = []
    for part in (part.strip() for part in table.split(" | ")):
        if part and found and not _whole(found[-1]):
            found[-1] += " | " + part
        elif part:
            found.append(part)
    return found


def _whole(text: str) -> bool:
    return text not in ("x",)
