"""How a function is run once for each entry of a batch, where there is no rule for the whole of it."""

from __future__ import annotations

import functools
from collections.abc import Callable
from types import FunctionType
from typing import Any

from ..table.kernel import PUBLIC
from ..tensor import Tensor
from .levels import Level
from .lifted import Batched, Dual, Shadow, Unseen, batched, dual
from .nesting import packed
from .pytree import mapped, put_together, taken_apart


def physical(t: Any, level: Level) -> Any:
    """What a tensor of ``level`` is with its batch; anything else is itself."""
    return t.physical if t.__class__ is Batched and t._level is level else t


def is_in(level: Level, values: Any) -> bool:
    """Whether a tensor among ``values``, or what it wraps, is one of ``level``'s batch."""
    if isinstance(values, tuple | list):
        return any(is_in(level, v) for v in values)
    if isinstance(values, dict):
        return any(is_in(level, v) for v in values.values())
    if isinstance(values, slice):
        return is_in(level, (values.start, values.stop, values.step))
    if isinstance(values, Shadow):
        return values.level is level or is_in(level, values.physical)
    if isinstance(values, Batched):
        return values._level is level or is_in(level, values.physical)
    return isinstance(values, Dual) and is_in(level, (values.primal, values.tangent))


def entry(value: Any, level: Level, i: int) -> Any:
    """Entry ``i`` of the batch of ``level`` in ``value``; what has no batch is itself."""
    if isinstance(value, Batched):
        if value._level is level:
            return value.physical.select(0, i)
        return batched(entry(value.physical, level, i), value._level) if is_in(level, value) else value
    if isinstance(value, Dual) and is_in(level, value):
        return dual(entry(value.primal, level, i), entry(value.tangent, level, i), value._level)
    if isinstance(value, Shadow) and is_in(level, value):
        one = entry(value.physical, level, i) if value.level is not level else value.physical.select(0, i)
        return one._d
    return value


def loop(level: Level, run: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], told: Any = None) -> Any:
    """``run`` for each entry of the batch, its results stacked.

    Errors: ``told``, or PyTorch's, where the results are no tensors, or not all of one shape.
    """
    __tracebackhide__ = True
    results = []
    for i in range(level.size):
        own = mapped(functools.partial(entry, level=level, i=i), (args, kwargs))
        results.append(run(*own[0], **own[1]))
    taken = [taken_apart(r) for r in results]
    if not taken:
        raise RuntimeError("vmap: a batch of no entries, in an operation that runs once for each") from told
    spec = taken[0][1]
    columns = list(zip(*[leaves for leaves, _ in taken], strict=True))
    stacked: list[Any] = []
    for column in columns:
        if column[0] is None:
            stacked.append(None)
            continue
        if not all(isinstance(t, Tensor) for t in column):
            raise told or RuntimeError(_NOT_TENSORS)
        if any(t._d.shape != column[0]._d.shape for t in column):
            raise RuntimeError(_DYNAMIC) from told
        stacked.append(packed(PUBLIC["stack"](list(column), 0), level))
    return put_together(stacked, spec)


_NOT_TENSORS = "vmap: the results of this function are no tensors, and may differ from one entry to the next"
_DYNAMIC = (
    "vmap: We do not support batching operators that can output dynamic shape. Please file an issue at "
    "https://github.com/pytorch/pytorch/issues if you need this feature."
)


def attempt(run: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """``run``, or a loop over the batch of the level whose values it wants to see."""
    __tracebackhide__ = True
    try:
        return run(*args, **kwargs)
    except Unseen as unseen:
        if not unseen.level.depth or not is_in(unseen.level, (args, kwargs)):
            raise
        told, level = unseen.with_traceback(None), unseen.level
    try:
        return loop(level, functools.partial(_again, run), args, kwargs, told)
    finally:
        del told  # an error that this frame holds would hold this frame


def _again(run: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    return attempt(run, args, kwargs)


_bodies: dict[Any, Callable[..., Any]] = {}


def body(function: Any) -> Callable[..., Any]:
    """What ``function`` does once it has been seen: its twin that does not ask for modes again, though its calls do."""
    found = _bodies.get(function)
    if found is None:
        found = getattr(function, "__wrapped__", None)
        if found is None:
            world = function.__globals__
            if "BUSY" in world:  # a row's front that is no row of ours, as an operator's twin
                raise NotImplementedError(f"{function.__name__} under torch.func")
            world = {**world, "RAW": {**world["RAW"], "BUSY": False}} if "RAW" in world else world
            found = FunctionType(
                function.__code__, world, function.__name__, function.__defaults__, function.__closure__
            )
            found.__kwdefaults__ = function.__kwdefaults__
        if len(_bodies) < 4096:
            _bodies[function] = found
    return found
