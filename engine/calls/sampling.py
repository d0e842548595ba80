"""Random tensors: ``random.py``'s numbers as PyTorch calls for them, with a generator that speaks of tensors."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .. import random
from ..errors import no_broadcast
from ..factory import creating, default_float, shape_of
from ..kernel import PUBLIC
from ..mode import overridable
from ..ops import fill as rows
from ..size import device as Device
from ..tensor import Tensor, wrap
from .creation import model


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


random.default_generator = Generator()
random.default_generator.seed()


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
    names = "NormalBackward3" if len(given) == 2 else "NormalBackward1" if given[0] is mean else "NormalBackward2"
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


FUNCTIONS: dict[str, Any] = {
    "rand": rand, "randn": randn, "randint": randint, "randperm": randperm, "rand_like": rand_like,
    "randn_like": randn_like, "randint_like": randint_like, "bernoulli": bernoulli, "normal": normal,
    "manual_seed": random.manual_seed, "seed": random.seed, "initial_seed": random.initial_seed,
    "get_rng_state": random.get_rng_state, "set_rng_state": random.set_rng_state, "Generator": Generator,
    "default_generator": random.default_generator,
}  # fmt: skip
METHODS = {"bernoulli": bernoulli}
IN_PLACE = {"normal_": _normal_, "uniform_": _uniform_, "random_": _random_, "bernoulli_": _bernoulli_}
