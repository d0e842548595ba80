"""The tensors of levels: ``Dual`` carries a tangent, ``Batched`` a dimension that nobody sees.

A tensor of a level holds tensors of lower ones, so a deeper transform never mixes its tangents, or its batch, with
those of an outer one.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .. import errors
from ..mode import here
from ..tensor import Tensor
from .levels import INTERPRETERS, VMAP, Level


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
    _d = property(lambda self: self.primal._d, lambda self, data: self.put(data))
    _n = property(lambda self: self.primal._n, lambda self, node: setattr(self.primal, "_n", node))

    @property
    def inside(self) -> Any:
        return self.primal

    def put(self, data: Any) -> None:
        """Other memory for the primal. Errors: NotImplementedError for another shape, which the tangent has not."""
        if data.shape != self.primal._d.shape:
            raise NotImplementedError("forward mode of an operation that changes the shape of a tensor in place")
        self.primal._d = data

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
        raise RuntimeError("accessing `data` under vmap transform is not allowed")

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
