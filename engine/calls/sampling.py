"""Random tensors: ``random.py``'s numbers as PyTorch calls for them, with a generator that speaks of tensors."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .. import draws, dtypes, random
from ..errors import no_broadcast, not_implemented
from ..factory import creating, default_float, shape_of
from ..mode import overridable
from ..ops import fill as rows
from ..size import device as Device
from ..table.kernel import PUBLIC
from ..tensor import Tensor, wrap
from .binary import C_NAMES as _C_NAMES
from .creation import model
from .out import accepts_out


class Generator(random.Generator):
    """``torch.Generator``: a stream of random numbers with a seed; its state is a tensor of bytes."""

    __slots__ = ()

    def __init__(self, device: Any = "cpu") -> None:
        super().__init__(Device(device))

    def get_state(self) -> Any:
        """The stream's place, as a tensor of 5056 bytes in PyTorch's own layout."""
        return wrap(super().get_state())

    def set_state(self, new_state: Any) -> Any:
        """Go to the place that ``get_state`` noted."""
        super().set_state(new_state.numpy() if isinstance(new_state, Tensor) else new_state)
        return self


# the very object: it may have been seeded before this file was read
random.default_generator.__class__ = Generator
random.default_generator.device = Device("cpu")


# --------------------------------------------------------------------------------------------------------- new tensors
@creating
def rand(*args: Any, size: Any = None, generator: Any = None, dtype: Any = None) -> Any:
    """Uniform numbers in [0, 1): ``rand(2, 3)``."""
    shape = shape_of("rand", args if size is None else (tuple(size),))
    return random.rand(shape, dtype or default_float(), generator)


@creating
def randn(*args: Any, size: Any = None, generator: Any = None, dtype: Any = None) -> Any:
    """Standard normal numbers: ``randn(2, 3)``."""
    shape = shape_of("randn", args if size is None else (tuple(size),))
    return random.randn(shape, dtype or default_float(), generator)


def _int(function: str, name: str, position: int, value: Any) -> int:
    if not hasattr(value, "__index__"):
        raise TypeError(
            f"{function}(): argument '{name}' (position {position}) must be int, not {type(value).__name__}"
        )
    return value.__index__()


def _bounds(function: str, args: Sequence[Any], low: Any, high: Any) -> tuple[int, int]:
    """(low, high) of ``f(high)``, ``f(low, high)`` and their keywords."""
    names = ("high",) if len(args) == 1 and high is None else ("low", "high")
    given = dict(zip(names, args, strict=False))
    given |= {name: v for name, v in (("low", low), ("high", high)) if v is not None}
    if "high" not in given:
        raise TypeError(f"{function}() received an invalid combination of arguments: it needs a bound")
    found = {name: _int(function, name, i + 1, v) for i, (name, v) in enumerate(given.items())}
    return found.get("low", 0), found["high"]


@creating
def randint(
    *args: Any, low: Any = None, high: Any = None, size: Any = None, generator: Any = None, dtype: Any = None
) -> Any:
    """Whole numbers in [low, high): ``randint(high, size)``, ``randint(low, high, size)``."""
    if size is None and args:
        *args, size = args  # type: ignore[assignment]  # a list from here on
    if not isinstance(size, tuple | list):
        position = len(args) + 1
        raise TypeError(
            f"randint(): argument 'size' (position {position}) must be tuple of ints, not {type(size).__name__}"
        )
    least, most = _bounds("randint", args, low, high)
    return random.randint(least, most, shape_of("randint", (size,)), dtype or "int64", generator)


@creating
def randperm(n: int, *, generator: Any = None, dtype: Any = None) -> Any:
    """0 to ``n - 1`` in random order."""
    return random.randperm(_int("randperm", "n", 1, n), dtype or "int64", generator)


@creating
def rand_like(input: Tensor, *, generator: Any = None, dtype: Any = None) -> Any:
    """``rand`` in the shape and dtype of ``input``."""
    d = dtype or model("rand_like", input)._d.dtype
    return _drawn(input, lambda shape: random.rand(shape, d, generator))


@creating
def randn_like(input: Tensor, *, generator: Any = None, dtype: Any = None) -> Any:
    """``randn`` in the shape and dtype of ``input``."""
    d = dtype or model("randn_like", input)._d.dtype
    return _drawn(input, lambda shape: random.normal(shape, 0.0, 1.0, d, generator, input.is_contiguous()))


@creating
def randint_like(
    input: Tensor, *args: Any, low: Any = None, high: Any = None, generator: Any = None, dtype: Any = None
) -> Any:
    """``randint`` in the shape and dtype of ``input``."""
    d = dtype or model("randint_like", input)._d.dtype
    least, most = _bounds("randint_like", args, low, high)
    return _drawn(input, lambda shape: random.randint(least, most, shape, d, generator))


# --------------------------------------------------------------------------------------------- drawn by distributions
@overridable
def bernoulli(input: Tensor, p: float | None = None, *, generator: Any = None) -> Tensor:
    """1 with the probability that ``input`` (or the number ``p``) says, else 0."""
    data = model("bernoulli", input)._d
    if p is not None:
        drawn = random.bernoulli(p, data.shape, data.dtype, generator)
        return rows.overwritten(input, wrap(drawn), "BernoulliBackward2")
    drawn = random.bernoulli(data, generator=generator)
    return rows.overwritten(input, wrap(drawn), "BernoulliBackward0")


@overridable
def normal(
    mean: Any = 0.0,
    std: Any = 1.0,
    size: Any = None,
    *,
    generator: Any = None,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    layout: Any = None,
    pin_memory: bool = False,
) -> Tensor:
    """Normal numbers ``mean + std · n``, for tensors of means and deviations or for numbers and a ``size``."""
    if size is not None:
        return _normal(mean, std, size, generator, dtype=dtype, device=device, requires_grad=requires_grad)
    given = [v for v in (mean, std) if isinstance(v, Tensor)]
    if not given:
        raise TypeError("normal() received an invalid combination of arguments: numbers need a size")
    if isinstance(std, Tensor) and (std._d < 0).any():
        raise RuntimeError("normal expects all elements of std >= 0.0")
    if not isinstance(std, Tensor) and not std >= 0:
        raise RuntimeError(f"normal expects std >= 0.0, but found std {std:g}")
    try:
        shape = np.broadcast_shapes(*(v._d.shape for v in given))
    except ValueError:
        raise no_broadcast(*(v.shape for v in given)) from None
    drawn = random.randn(shape, given[0]._d.dtype, generator)
    loc, scale = (v._d if isinstance(v, Tensor) else v for v in (mean, std))
    values = np.asarray(drawn * scale + loc)
    if len(given) == 1 and not given[0].requires_grad:
        return wrap(values)
    if len(given) == 2:
        return rows.normal_of_two(mean, std, wrap(values))
    names = "NormalBackward1" if given[0] is mean else "NormalBackward2"
    first = given[0] if given[0].shape == shape else PUBLIC["expand_to"](given[0], shape)
    return rows.overwritten(first, wrap(values), names)


@creating
def _normal(mean: Any, std: Any, size: Any, generator: Any, *, dtype: Any = None) -> Any:
    return random.normal(shape_of("normal", (size,)), mean, std, dtype or default_float(), generator)


# ------------------------------------------------------------------------------------------------------------ in place
def _drawn(input: Tensor, draw: Callable[..., Any]) -> Any:
    """What ``draw(shape)`` gives, laid out as PyTorch does: in the order in which the elements lie in memory."""
    d = input._d
    if input.is_contiguous():
        return draw(d.shape)
    order = sorted(range(d.ndim), key=lambda i: -d.strides[i])
    return np.transpose(draw([d.shape[i] for i in order]), np.argsort(order))


def _normal_(input: Tensor, mean: float = 0.0, std: float = 1.0, *, generator: Any = None) -> Tensor:
    """Normal numbers in place of what was there."""
    d, dense = input._d.dtype, input.is_contiguous()
    values = _drawn(input, lambda shape: random.normal(shape, mean, std, d, generator, dense))
    return rows.overwritten(input, wrap(values), "NormalBackward0")


def _uniform_(input: Tensor, from_: float = 0.0, to: float = 1.0, *, generator: Any = None) -> Tensor:
    """Uniform numbers in [from, to) in place of what was there."""
    values = _drawn(input, lambda shape: random.uniform(shape, from_, to, input._d.dtype, generator))
    return rows.overwritten(input, wrap(values), "UniformBackward0")


def _random_(input: Tensor, from_: Any = None, to: Any = None, *, generator: Any = None) -> Tensor:
    """Whole numbers in [from, to) in place of what was there; without bounds, all that the dtype holds exactly."""
    d = input._d.dtype
    if from_ is None:
        values = _drawn(input, lambda shape: _any_number(shape, d, generator or random.default_generator))
        return rows.overwritten(input, wrap(values), "RandomBackward2")
    low, high, name = (0, from_, "RandomBackward1") if to is None else (from_, to, "RandomBackward0")
    values = _drawn(input, lambda shape: random.randint(low, high, shape, d, generator))
    return rows.overwritten(input, wrap(values), name)


def _any_number(shape: Any, d: np.dtype[Any], source: random.Generator) -> Any:
    digits = {"f2": 11, "f4": 24, "f8": 53, "b1": 1}.get(d.str[1:], d.itemsize * 8 - (d.kind == "i"))
    bound = (1 << digits) + (d.kind == "f")
    with source:
        words = (source.double_words if d.itemsize == 8 else source.words)(math.prod(shape))
    return (words % np.uint64(bound)).astype(d).reshape(shape)


def _bernoulli_(input: Tensor, p: Any = 0.5, *, generator: Any = None) -> Tensor:
    """1 with probability ``p``, a number or a tensor, else 0."""
    d = input._d.dtype
    if isinstance(p, Tensor):
        chances = np.broadcast_to(p._d, input.shape)
        return rows.overwritten(
            input, wrap(random.bernoulli(chances, dtype=d, generator=generator)), "BernoulliBackward1"
        )
    values = _drawn(input, lambda shape: random.bernoulli(p, shape, d, generator))
    return rows.overwritten(input, wrap(values), "BernoulliBackward2")


def _continuous(title: str, input: Tensor, name: str) -> np.dtype[Any]:
    d = input._d.dtype
    if d.kind != "f":
        raise RuntimeError(
            f"{title} distribution is a continuous probability distribution. dtype must be a floating point but you "
            f"specified {name}"
        )
    return d


def _exponential_(input: Tensor, lambd: float = 1.0, *, generator: Any = None) -> Tensor:
    """Exponential numbers of rate ``lambd`` in place of what was there."""
    d = _continuous("Exponential", input, input.dtype.title)
    if not lambd > 0:
        raise RuntimeError(f"exponential_ expects lambda > 0.0, but found lambda={lambd:g}")
    source = generator or random.default_generator
    values = _drawn(input, lambda shape: draws.exponential(shape, lambd, d, source))
    return rows.overwritten(input, wrap(values), "ExponentialBackward0")


def _cauchy_(input: Tensor, median: float = 0.0, sigma: float = 1.0, *, generator: Any = None) -> Tensor:
    """Numbers of Cauchy's distribution in place of what was there."""
    d = _continuous("Cauchy", input, _C_NAMES.get(input._d.dtype.char, input.dtype.name))
    if not sigma > 0:
        raise RuntimeError(f"cauchy_ expects sigma > 0.0, but found sigma={sigma:g}")
    source = generator or random.default_generator
    values = _drawn(input, lambda shape: draws.cauchy(shape, median, sigma, d, source))
    return rows.overwritten(input, wrap(values), "CauchyBackward0")


def _geometric_(input: Tensor, p: float, *, generator: Any = None) -> Tensor:
    """Numbers of trials up to the first success, of chance ``p``, in place of what was there."""
    d = input._d.dtype
    if d.kind in "bc":
        raise not_implemented("geometric_cpu", d)
    if not 0 < p < 1:
        raise RuntimeError(f"geometric_ expects p to be in (0, 1), but got p={p:g}")
    source = generator or random.default_generator
    values = _drawn(input, lambda shape: draws.geometric(shape, p, d, source))
    return rows.overwritten(input, wrap(values), "GeometricBackward0")


def _log_normal_(input: Tensor, mean: float = 1.0, std: float = 2.0, *, generator: Any = None) -> Tensor:
    """``e^n`` for normal numbers n in place of what was there."""
    d = input._d.dtype
    if d.kind != "f":
        raise not_implemented("log_normal_cpu", d)
    if not std > 0:
        raise RuntimeError(f"log_normal_ expects std > 0.0, but found std={std:g}")
    source = generator or random.default_generator
    values = _drawn(input, lambda shape: draws.log_normal(shape, mean, std, d, source))
    return rows.overwritten(input, wrap(values), "LogNormalBackward0")


# -------------------------------------------------------------------------------------------------------- of chances
@overridable
def multinomial(input: Tensor, num_samples: int, replacement: bool = False, *, generator: Any = None) -> Tensor:
    """``num_samples`` indices of entries of ``input``, or of each of its rows, in proportion to them.

    Shapes: [n] to [num_samples], [m, n] to [m, num_samples]; int64.
    """
    chances = model("multinomial", input)._d
    if chances.ndim not in (1, 2):
        raise RuntimeError("prob_dist must be 1 or 2 dim")
    if chances.dtype.kind != "f":
        raise RuntimeError(f"multinomial only supports floating-point dtypes for input, got: {input.dtype.title}")
    if num_samples <= 0:
        raise RuntimeError("cannot sample n_sample <= 0 samples")
    if not replacement and num_samples > chances.shape[-1]:
        raise RuntimeError("cannot sample n_sample > prob_dist.size(-1) samples without replacement")
    if chances.shape[-1] > 1 << 24:
        raise RuntimeError("number of categories cannot exceed 2^24")
    draw = draws.categories if replacement and num_samples > 1 else draws.distinct_categories
    drawn = draw(np.atleast_2d(chances), num_samples, generator or random.default_generator)
    return wrap(drawn[0] if chances.ndim == 1 else drawn)


def _long_out(result: Any, out: Any) -> RuntimeError:
    return RuntimeError(f"multinomial expects Long tensor out, got: {dtypes.OF[out].title}")


def poisson(input: Tensor, generator: Any = None) -> Tensor:
    """A number of events for each rate in ``input``, in its dtype."""
    rates = model("poisson", input)._d
    if rates.dtype.kind != "f":
        raise not_implemented("poisson_cpu", rates.dtype)
    values = draws.poisson(np.asarray(rates), generator or random.default_generator)
    return rows.overwritten(input, wrap(values), "PoissonBackward0")


def binomial(count: Tensor, prob: Tensor, generator: Any = None) -> Tensor:
    """A number of successes for each pair of a count of trials and the chance of one."""
    for name, t in (("count", count), ("prob", prob)):
        if t._d.dtype.kind != "f":
            raise ValueError(f"binomial only supports floating-point dtypes for {name}, got: {t.dtype.title}")
    counts, chances = np.broadcast_arrays(count._d, prob._d)
    values = draws.binomial(counts, chances, generator or random.default_generator)
    return rows.binomial_of_two(count, prob, wrap(values))


FUNCTIONS: dict[str, Any] = {
    "multinomial": accepts_out(multinomial, mismatch=_long_out), "poisson": overridable(poisson),
    "binomial": overridable(binomial),
    "rand": rand, "randn": randn, "randint": randint, "randperm": randperm, "rand_like": rand_like,
    "randn_like": randn_like, "randint_like": randint_like, "bernoulli": accepts_out(bernoulli),
    "normal": accepts_out(normal),
    "manual_seed": random.manual_seed, "seed": random.seed, "initial_seed": random.initial_seed,
    "get_rng_state": random.get_rng_state, "set_rng_state": random.set_rng_state, "Generator": Generator,
    "default_generator": random.default_generator,
}  # fmt: skip
METHODS = {"bernoulli": bernoulli, "multinomial": multinomial}
IN_PLACE = {
    "normal_": _normal_, "uniform_": _uniform_, "random_": _random_, "bernoulli_": _bernoulli_,
    "exponential_": _exponential_, "cauchy_": _cauchy_, "geometric_": _geometric_, "log_normal_": _log_normal_,
}  # fmt: skip
