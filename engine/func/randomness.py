"""Random functions under ``vmap``: an error, other numbers for each entry, or the same for all."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..table.kernel import PUBLIC
from ..tensor import Tensor
from .levels import VMAP, Level, below, levels
from .lifted import Batched, batched, plain
from .looping import attempt, body, loop
from .nesting import spread

_ERROR = (
    "vmap: called random operation while in randomness error mode. Please either use the 'same' or 'different' "
    "randomness flags on vmap or perform the randomness operation out of vmap"
)
_IN_PLACE = (
    "vmap: Cannot ask for different inplace randomness on an unbatched tensor. This will appear like same randomness. "
    "If this is necessary for your usage, please file an issue with functorch."
)
SIZED = {"rand", "randn", "randint", "normal"}
LIKE = {"rand_like", "randn_like", "randint_like", "bernoulli"}
OVER = {"normal_", "uniform_", "random_", "bernoulli_", "exponential_", "log_normal_", "cauchy_", "geometric_"}
OTHER = {
    "randperm", "multinomial", "poisson", "binomial", "dropout", "alpha_dropout", "feature_dropout", "dropout1d",
    "dropout2d", "dropout3d", "feature_alpha_dropout", "rrelu", "gumbel_softmax", "dropout_", "rrelu_",
}  # fmt: skip
_NAMES = SIZED | LIKE | OVER | OTHER


def is_random(function: Any) -> bool:
    """Whether a function draws random numbers."""
    return getattr(function, "__name__", "") in _NAMES and not hasattr(function, "row")


def run(function: Callable[..., Any], args: Any, kwargs: Any, level: Level | None) -> Any:
    """``function`` as the innermost running ``vmap`` wants it."""
    __tracebackhide__ = True
    name = function.__name__
    if name.endswith("dropout") or name.startswith("dropout"):
        training = kwargs.get("training", args[2] if len(args) > 2 else True)
        p = kwargs.get("p", args[1] if len(args) > 1 else 0.5)
        if not training or not p:
            return _once(function, args, kwargs, level)
    mapping = [each for each in levels() if each.kind == VMAP][-1]
    if mapping.randomness == "error":
        raise RuntimeError(_ERROR)
    if mapping.randomness == "same":
        return _same(function, name, args, kwargs, level, mapping)
    return _different(function, name, args, kwargs, level, mapping)


def _once(function: Any, args: Any, kwargs: Any, level: Level | None) -> Any:
    """``function`` as if it were not random."""
    if level is None:
        return below(function, args, kwargs)
    return attempt(body(function), args, kwargs)


def _own(t: Any, level: Level) -> bool:
    return isinstance(t, Batched) and t._level is level


def _same(function: Any, name: str, args: Any, kwargs: Any, level: Level | None, mapping: Level) -> Any:
    """One draw, of the shape that the function sees, for all entries."""
    first = args[0] if args else None
    if not isinstance(first, Tensor) or not _own(first, mapping):
        return below(function, args, kwargs) if level is None else _once(function, args, kwargs, level)
    if name in OVER:
        drawn = function(PUBLIC["clone"](first.physical.select(0, 0)).detach(), *args[1:], **kwargs)
        first.copy_(drawn)
        return first
    if name in LIKE and name != "bernoulli":
        return function(first.physical.select(0, 0), *args[1:], **kwargs)
    if name == "dropout":
        ones = first.physical.select(0, 0).detach()
        mask = function(PUBLIC["clone"](ones) * 0 + 1, *args[1:], **kwargs)
        return first * mask
    raise RuntimeError(
        f"vmap: {name} with randomness='same' is not supported on a batched tensor. Please use randomness='different'"
    )


def _different(function: Any, name: str, args: Any, kwargs: Any, level: Level | None, mapping: Level) -> Any:
    """A draw for each entry: one call with the batch in front of the shape."""
    first: Any = args[0] if args else None
    if name in OVER:
        if not _own(first, mapping):
            raise RuntimeError(_IN_PLACE)
        with plain([first.physical]):
            function(first.physical, *args[1:], **kwargs)
        return first.refreshed()
    if isinstance(first, Tensor) and name in LIKE | {"dropout"} and not any(_own(a, mapping) for a in args[1:]):
        physical = spread(first, mapping).physical
        with plain([physical]):
            return batched(function(physical, *args[1:], **kwargs), mapping)
    if name in SIZED and not any(isinstance(a, Tensor) for a in (*args, *kwargs.values())):
        return batched(_sized(function, name, mapping.size, args, dict(kwargs)), mapping)
    return loop(mapping, lambda *a, **k: below(function, a, k), args, kwargs)


def _sized(function: Any, name: str, n: int, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """A function that is told the shape: told one dimension more."""
    if "size" in kwargs:
        kwargs["size"] = (n, *kwargs["size"])
    elif name in ("randint", "normal"):
        args = (*args[:-1], (n, *args[-1]))
    elif len(args) == 1 and isinstance(args[0], tuple | list):
        args = ((n, *args[0]),)
    else:
        args = (n, *args)
    return below(function, args, kwargs)
