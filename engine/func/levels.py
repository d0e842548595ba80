"""Levels of transforms, and the tensors that carry them: ``Dual`` a tangent, ``Batched`` a dimension nobody sees.

Each ``jvp`` or ``vmap`` that is running is a ``Level``. What it is applied to is wrapped: a tensor of that level holds
tensors of lower ones, so a deeper transform never mixes its tangents, or its batch, with those of an outer one. Reverse
mode needs no level: a graph knows by itself what was computed from what.

While a level is open an ``Interpreter`` is the thread's topmost function mode; without one nothing here costs anything.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from .. import errors
from ..forward import zeros_of
from ..mode import here, pop, push
from ..node import AccumulateGrad
from ..tensor import Tensor, wrap

FORWARD, VMAP, REVERSE = "jvp", "vmap", "grad"


class Level:
    """One running transform. ``depth``: how many others it runs inside of, from 1; 0 once it has ended."""

    __slots__ = ("depth", "kind", "nested", "randomness", "size")

    def __init__(self, kind: str, size: int = 0, randomness: str = "error", nested: bool = True) -> None:
        self.kind, self.size, self.randomness = kind, size, randomness
        self.nested = nested  # whether others may run inside: not that of autograd.forward_ad
        self.depth = 0

    def __repr__(self) -> str:
        return f"<{self.kind} level {self.depth}>"


class _Stack(threading.local):
    levels: tuple[Level, ...] = ()


_stack = _Stack()
INTERPRETERS: list[Any] = []  # interpreter.py puts the one there is


def open_level(level: Level) -> Level:
    """Make ``level`` the deepest of this thread."""
    _stack.levels += (level,)
    level.depth = len(_stack.levels)
    if level.kind != REVERSE and INTERPRETERS[0] not in here.modes:
        push(INTERPRETERS[0])
    return level


def close_level(level: Level) -> None:
    """End ``level`` and whatever was opened inside of it."""
    for inner in _stack.levels[level.depth - 1 :]:
        inner.depth = 0
    _stack.levels = tuple([each for each in _stack.levels if each.depth])
    if all(each.kind == REVERSE for each in _stack.levels) and INTERPRETERS[0] in here.modes:
        others = [mode for mode in here.modes if mode is not INTERPRETERS[0]]
        while here.modes:
            pop()
        for mode in others:
            push(mode)


@contextmanager
def opened(level: Level) -> Iterator[Level]:
    """``level`` for the time of a ``with``."""
    open_level(level)
    try:
        yield level
    finally:
        close_level(level)


def below(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Run ``function`` as if no level were open."""
    __tracebackhide__ = True
    modes = here.modes
    here.modes = tuple([mode for mode in modes if mode is not INTERPRETERS[0]])
    try:
        return function(*args, **kwargs)
    finally:
        here.modes = modes


class plain:
    """``with plain(tensors):`` the interpreter is off, if no level wants to see what is done to ``tensors``."""

    __slots__ = ("modes",)

    def __init__(self, tensors: Iterable[Any]) -> None:
        self.modes = here.modes
        if not any(isinstance(t, Lifted) and t._level.depth for t in tensors):
            here.modes = tuple([mode for mode in self.modes if mode is not INTERPRETERS[0]])

    def __enter__(self) -> None:
        pass

    def __exit__(self, *_: object) -> None:
        here.modes = self.modes


def levels() -> tuple[Level, ...]:
    """The transforms that are running in this thread, outermost first."""
    return _stack.levels


# ------------------------------------------------------------------------------------------------------ their tensors
class Lifted(Tensor):
    """A tensor of a level."""

    __slots__ = ()
    _level: Level

    def requires_grad_(self, requires_grad: bool = True) -> Tensor:
        """As for any tensor, on what is inside; not where a transform hides that from the user.

        Errors: RuntimeError under ``torch.func``'s transforms, as PyTorch's.
        """
        if self._level.kind == VMAP and self._level.depth:
            raise errors.hinted(RuntimeError(_REQUIRES_GRAD), "use torch.func.grad, vjp or jacrev inside")
        self.inside.requires_grad_(requires_grad)
        return self

    @property
    def inside(self) -> Any:
        """The tensor of a lower level."""
        raise NotImplementedError


_REQUIRES_GRAD = (
    "You are attempting to call Tensor.requires_grad_() (or perhaps using torch.autograd.functional.* APIs) inside of "
    "a function being transformed by a functorch transform. This is unsupported, please attempt to use the functorch "
    "transforms (e.g. grad, vjp, jacrev, jacfwd, hessian) or call requires_grad_() outside of a function being "
    "transformed instead."
)


class Dual(Lifted):
    """``primal + ε · tangent``, ε² = 0: what a function is given to find its derivative along ``tangent``."""

    __slots__ = ()
    primal: Any
    tangent: Any
    _d = property(lambda self: self.primal._d, lambda self, data: setattr(self.primal, "_d", data))
    _n = property(lambda self: self.primal._n, lambda self, node: setattr(self.primal, "_n", node))

    @property
    def inside(self) -> Any:
        return self.primal

    def __repr__(self) -> str:
        text = repr(self.primal)
        if not self._level.depth or not text.endswith(")"):
            return text
        from ..printing import with_suffixes

        shown = f"tangent={self.tangent}" if self.tangent._d.ndim else f"tangent={self.tangent:}"
        return with_suffixes(text[:-1], [shown], len("tensor("))


def dual(primal: Any, tangent: Any, level: Level) -> Any:
    """``primal`` with a tangent; ``primal`` itself where there is none."""
    if tangent is None:
        return primal
    return become_dual(object.__new__(Dual), primal, tangent, level)


def become_dual(out: Any, primal: Any, tangent: Any, level: Level) -> Any:
    """Make the ``Dual`` ``out`` one of ``primal`` and ``tangent``."""
    out.primal, out.tangent, out._level = primal, tangent, level
    return out


class Shadow:
    """What stands for the data of a ``Batched``: it has a shape and a dtype, and no values that one may look at."""

    __slots__ = ("dtype", "itemsize", "level", "nbytes", "ndim", "physical", "shape", "size", "strides")

    def __init__(self, physical: Any, level: Level) -> None:
        d = physical._d
        self.physical, self.level = physical, level
        self.shape, self.dtype, self.ndim, self.itemsize = d.shape[1:], d.dtype, d.ndim - 1, d.dtype.itemsize
        self.strides = d.strides[1:]
        size = 1
        for n in self.shape:
            size *= n
        self.size, self.nbytes = size, size * self.itemsize

    def item(self) -> Any:
        """There is not one number here, but as many as the batch has entries."""
        raise Unseen(
            self.level,
            "vmap: It looks like you're calling .item() on a Tensor. We don't support vmap over calling .item() on a "
            "Tensor, please try to rewrite what you're doing with other operations. If error is occurring somewhere "
            "inside PyTorch internals, please file a bug report.",
        )

    def __bool__(self) -> bool:
        raise Unseen(
            self.level,
            "vmap: It looks like you're attempting to use a Tensor in some data-dependent control flow. We don't "
            "support that yet, please file an issue at https://github.com/pytorch/pytorch/issues .",
        )

    def _unseen(self, *args: Any, **kwargs: Any) -> Any:
        raise Unseen(self.level, "Cannot access data pointer of Tensor that doesn't have storage")

    def __len__(self) -> int:
        return self.shape[0]

    __array__ = __iter__ = __getitem__ = __setitem__ = __index__ = __float__ = __int__ = _unseen
    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __rtruediv__ = __neg__ = _unseen
    __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = __and__ = __or__ = __invert__ = __abs__ = _unseen
    __mod__ = __rmod__ = __pow__ = __rpow__ = __floordiv__ = __array_ufunc__ = __array_function__ = _unseen
    __hash__ = object.__hash__

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self._unseen()


class Unseen(RuntimeError):
    """Something asked for the values of a tensor that stands for a whole batch. ``level``: the ``vmap``'s."""

    def __init__(self, level: Level, text: str) -> None:
        super().__init__(text)
        self.level = level


class Batched(Lifted):
    """One entry of a batch, as a function under ``vmap`` sees it: ``physical`` without its first dimension."""

    __slots__ = ()
    physical: Any
    _n = property(lambda self: self.physical._n, lambda self, node: setattr(self.physical, "_n", node))

    @property
    def inside(self) -> Any:
        return self.physical

    def refreshed(self) -> Any:
        """This tensor, after what is inside got another shape."""
        self._d = Shadow(self.physical, self._level)
        return self

    @property  # type: ignore[misc]  # a batch's memory cannot be exchanged
    def data(self) -> Any:
        return batched(self.physical.data, self._level)

    def _number(self) -> Any:
        return self._d.item()

    def __index__(self) -> int:
        return self._d.item()

    def __repr__(self) -> str:
        if not self._level.depth:
            return f"BatchedTensor(lvl=ended, value={self.physical!r})"
        inner = "\n".join("    " + line for line in repr(self.physical).splitlines())
        return f"BatchedTensor(lvl={self._level.depth}, bdim=0, value=\n{inner}\n)"


def batched(physical: Any, level: Level) -> Batched:
    """``physical``, whose first dimension is the batch, as what ``level``'s function sees of it."""
    out = object.__new__(Batched)
    out.physical, out._level, out._d = physical, level, Shadow(physical, level)
    return out


def depth_of(t: Any) -> int:
    """The depth of a tensor's own level; 0 for a plain one, and for one whose level has ended."""
    return t._level.depth if isinstance(t, Lifted) else 0


def bare(t: Any) -> Any:
    """A tensor without the wraps of levels that have ended."""
    while isinstance(t, Lifted) and not t._level.depth and type(t) is Dual:
        t = t.primal
    return t


_CONTAINERS = (tuple, list, dict)


def deepest(values: Iterable[Any], found: Level | None = None) -> Level | None:
    """The level of greatest depth among the tensors in ``values``, however deep in lists; None without any."""
    for v in values:
        kind = v.__class__
        if kind is Batched or kind is Dual:
            level = v._level
            if level.depth and (found is None or level.depth > found.depth):
                found = level
        elif kind is Shadow:
            if v.level.depth and (found is None or v.level.depth > found.depth):
                found = v.level
        elif kind in _CONTAINERS:
            found = deepest(v.values() if kind is dict else v, found)
        elif kind is slice:
            found = deepest((v.start, v.stop, v.step), found)
    return found


def tracked(t: Any) -> Any:
    """``t`` as a new input of a graph: gradients arrive here, and go on to what ``t`` was computed from, if anything.

    For each ``vmap`` that is running the result has a batch of its own, though all entries are equal: the gradient
    of each is that of one entry, not of all together.
    """
    for level in _stack.levels:
        if level.kind == VMAP:
            t = spread(t, level)
    return _tracked(t)


def _tracked(t: Any) -> Any:
    if depth_of(t):
        if type(t) is Dual:
            return dual(_tracked(t.primal), t.tangent, t._level)
        return batched(_tracked(t.physical), t._level)
    t = bare(t)
    if t._n is not None:
        return t.view_as(t)
    out = wrap(t.detach()._d)
    if out._d.dtype.kind not in "fc":
        raise errors.only_floating("floating point dtype")
    out._n = AccumulateGrad(out, out._d)
    return out


def spread(t: Any, level: Level) -> Any:
    """``t`` as a tensor with a batch of ``level``, whose entries are views of the same memory."""
    depth = depth_of(t)
    if depth == level.depth:
        return t
    if depth < level.depth:
        return batched(bare(t).expand((level.size, *t._d.shape)), level)
    if type(t) is Dual:
        return dual(spread(t.primal, level), t.tangent, t._level)
    return batched(spread(t.physical, level), t._level)


# ----------------------------------------------------------------------------------- levels inside of deeper ones
# A vector that a deeper transform made can meet outputs of a lower one: then the lower is taken out from inside.
def split(t: Any, level: Level) -> tuple[Any, Any]:
    """Primal and tangent, or None, of ``t`` at the forward ``level``, each with all deeper wraps."""
    if depth_of(t) > level.depth:
        p, v = split(t.inside, level)
        if type(t) is Batched:
            return batched(p, t._level), None if v is None else batched(v, t._level)
        p2, v2 = split(t.tangent, level)
        if v is None and v2 is None:
            return t, None
        zero = zeros_of(p)
        return dual(p, p2, t._level), dual(zero if v is None else v, zeros_of(p2) if v2 is None else v2, t._level)
    if type(t) is Dual and t._level is level:
        return t.primal, t.tangent
    return t, None


def joined(p: Any, v: Any, level: Level) -> Any:
    """The inverse of ``split``."""
    if v is None:
        return p
    deep = p if depth_of(p) >= depth_of(v) else v
    if depth_of(deep) <= level.depth:
        return dual(p, v, level)
    outer = deep._level
    if type(deep) is Batched:
        return batched(joined(spread(p, outer).physical, spread(v, outer).physical, level), outer)
    (p1, t1), (p2, t2) = split(p, outer), split(v, outer)
    return dual(joined(p1, p2, level), joined(zeros_of(p1) if t1 is None else t1, t2, level), outer)


def unpacked(t: Any, level: Level) -> Any:
    """``t`` with the batch of ``level`` as its first dimension, under all deeper wraps."""
    if depth_of(t) > level.depth:
        if type(t) is Batched:
            return batched(unpacked(t.physical, level).transpose(0, 1), t._level)
        return dual(unpacked(t.primal, level), unpacked(t.tangent, level), t._level)
    return spread(t, level).physical


def packed(t: Any, level: Level) -> Any:
    """The inverse of ``unpacked``."""
    if depth_of(t) > level.depth:
        if type(t) is Batched:
            return batched(packed(t.physical.transpose(0, 1), level), t._level)
        return dual(packed(t.primal, level), packed(t.tangent, level), t._level)
    return batched(t, level)
