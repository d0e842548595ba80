"""``torch.autograd.Function`` under transforms: its ``jvp``, its ``vmap``, or one made of ``forward`` and ``backward``.

Source: PyTorch's notes on extending torch.func with autograd.Function (rules and texts, not code).
"""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Any, NamedTuple

from ..autograd.function import TRANSFORMS, Function
from ..graph.forward import zeros_of
from ..table.kernel import PUBLIC
from ..tensor import Tensor
from .dual import parts, tangent
from .levels import FORWARD, VMAP, Level, levels, opened
from .lifted import Batched, batched, deepest, dual, plain
from .looping import is_in
from .nesting import spread, unpacked
from .pytree import broadcast_to, put_together, taken_apart

_MORE = "For more details, please see https://pytorch.org/docs/main/notes/extending.func.html"


class VmapInfo(NamedTuple):
    """What a function's ``vmap`` is told: how many entries there are, and what random functions do."""

    batch_size: int
    randomness: str


def transformed(cls: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """``cls.apply`` where the deepest level among the arguments says how; NotImplemented where there is none."""
    __tracebackhide__ = True
    if cls.setup_context is Function.setup_context and any(each.nested for each in levels()):
        raise RuntimeError(
            "In order to use an autograd.Function with functorch transforms (vmap, grad, jvp, jacrev, ...), it must "
            f"override the setup_context staticmethod. {_MORE}"
        )
    level = deepest((args, kwargs))
    if level is None:
        return NotImplemented
    return (_pushed if level.kind == FORWARD else _mapped)(level, cls, args, kwargs)


# ------------------------------------------------------------------------------------------------------- forward mode
class _Context:
    """What ``setup_context``, ``jvp`` and ``backward`` of a function see where a transform runs it."""

    saved_for_forward: Sequence[Any] | None = None

    def __init__(self) -> None:
        self.kept: Sequence[Any] = ()
        self.needs_input_grad: tuple[bool, ...] = ()

    def save_for_backward(self, *tensors: Any) -> None:
        """Keep tensors for ``backward``."""
        self.kept = tensors

    def save_for_forward(self, *tensors: Any) -> None:
        """Keep tensors for ``jvp``."""
        self.saved_for_forward = tensors

    def set_materialize_grads(self, value: bool) -> None:
        """Zeros stand for gradients that did not arrive, whatever ``value`` is."""

    def mark_non_differentiable(self, *tensors: Any) -> None:
        """The function itself has seen to it."""

    mark_dirty = mark_non_differentiable

    @property
    def saved_tensors(self) -> Sequence[Any]:
        """What was kept."""
        return self.kept


def _pushed(level: Level, cls: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """The function on the primals; its ``jvp`` on the tangents, zeros for tensors that have none."""
    __tracebackhide__ = True
    (primals, named), met = parts((args, kwargs), level)
    with plain(met):
        ctx, output = _run(cls, primals, named)
        tangents = []
        for a, p in zip((*args, *kwargs.values()), (*primals, *named.values()), strict=True):
            t = tangent(a, level)
            tangents.append(t if t is not None or not isinstance(p, Tensor) else zeros_of(p))
        moved = cls.jvp(ctx, *tangents)
    several = isinstance(output, tuple)
    outputs, moved = (output, moved) if several else ((output,), (moved,))
    if not isinstance(moved, tuple) or len(moved) != len(outputs):
        count = len(moved) if isinstance(moved, tuple) else 1
        raise RuntimeError(
            f"Function's jvp returned an incorrect number of forward gradients (expected {len(outputs)} got {count})"
        )
    found = [
        dual(o, t, level) if isinstance(o, Tensor) and o._d.dtype.kind in "fc" else o
        for o, t in zip(outputs, moved, strict=True)
    ]
    return tuple(found) if several else found[0]


def _run(cls: Any, primals: tuple[Any, ...], named: dict[str, Any]) -> tuple[Any, Any]:
    """A context for ``jvp``, and what the function gives for ``primals``, which may be of lower levels."""
    __tracebackhide__ = True
    ctx = _Context()
    if cls.setup_context is Function.setup_context:
        own, output = cls.applied(primals, named)
        vars(ctx).update(vars(own))
        ctx.needs_input_grad = own.needs_input_grad
        ctx.kept = own.saved_tensors if own.saved_for_forward is None else own.saved_for_forward
        return ctx, output
    output = cls.apply(*primals, **named)
    bound = inspect.signature(cls.forward).bind(*primals, **named)
    bound.apply_defaults()
    cls.setup_context(ctx, bound.args, output)
    ctx.kept = ctx.kept if ctx.saved_for_forward is None else ctx.saved_for_forward
    return ctx, output


# ------------------------------------------------------------------------------------------------------------- batches
def _mapped(level: Level, cls: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    __tracebackhide__ = True
    own = cls.vmap is not Function.vmap
    if own and cls.generate_vmap_rule:
        raise RuntimeError(
            f"You tried to vmap over {cls.__name__}, but it has both generate_vmap_rule=True and an overridden vmap "
            f"staticmethod. Please set generate_vmap_rule=False or delete the overridden vmap staticmethod to avoid "
            f"ambiguity. {_MORE}"
        )
    if not own and not cls.generate_vmap_rule:
        raise RuntimeError(
            f"You tried to vmap over {cls.__name__}, but it does not have vmap support. Please override and implement "
            f"the vmap staticmethod or set generate_vmap_rule=True. {_MORE}"
        )
    given = (*args, *kwargs.values())
    inner = [a.physical if isinstance(a, Batched) and a._level is level else a for a in given]
    dims = tuple([0 if i is not a else None for a, i in zip(given, inner, strict=True)])
    with plain(inner):
        if not own:
            output = _generated(level, cls, dims).apply(*inner)
            out_dims: Any = 0
        else:
            found = cls.vmap(VmapInfo(level.size, level.randomness), dims, *inner)
            if not isinstance(found, tuple) or len(found) != 2:
                raise RuntimeError(
                    f"Expected the vmap staticmethod to have two returns, an output and out_dims with pytree structure "
                    f"compatible with the output. Got a {type(found)} instead"
                )
            output, out_dims = found
        leaves, spec = taken_apart(output)
        where = broadcast_to(out_dims, spec)
        if where is None:
            raise RuntimeError(f"{cls.__name__}: out_dims {out_dims} do not fit what its vmap staticmethod returned")
        moved = [t if not d else t.movedim(d, 0) for t, d in zip(leaves, where, strict=True)]
    wrapped = [t if d is None else batched(t, level) for t, d in zip(moved, where, strict=True)]
    return put_together(wrapped, spec)


def _generated(level: Level, cls: Any, dims: tuple[Any, ...]) -> Any:
    """The function of whole batches: ``forward``, ``backward`` and ``jvp`` of ``cls`` under ``vmap``, with one node."""
    size, randomness = level.size, level.randomness
    inside = _Context()  # what ``cls`` keeps
    which: list[bool] = []  # and whether each of that has a batch

    def entries(values: Sequence[Any], own: Level, wanted: Sequence[Any]) -> tuple[Any, ...]:
        return tuple([batched(v, own) if w and v is not None else v for v, w in zip(values, wanted, strict=True)])

    class Mapped(Function):
        """``cls`` of a batch."""

        generate_vmap_rule = True

        @staticmethod
        def forward(*args: Any) -> Any:
            with opened(Level(VMAP, size, randomness)) as own:
                leaves, spec = taken_apart(cls.forward(*entries(args, own, [d is not None for d in dims])))
                return put_together([spread(t, own).physical if isinstance(t, Tensor) else t for t in leaves], spec)

        @staticmethod
        def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
            with opened(Level(VMAP, size, randomness)) as own:
                leaves, spec = taken_apart(output)
                outs = [batched(t, own) if isinstance(t, Tensor) else t for t in leaves]
                given = entries(inputs, own, [d is not None for d in dims])
                inside.needs_input_grad = ctx.needs_input_grad
                cls.setup_context(inside, given, put_together(outs, spec))
                known = {id(t): o for t, o in zip((*outs, *given), (*leaves, *inputs), strict=True)}
                kept = tuple(inside.kept) if inside.saved_for_forward is None else tuple(inside.saved_for_forward)
                which[:] = [is_in(own, t) for t in (*inside.kept, *kept)]
                plainly = [
                    known.get(id(t), t.physical if b else t) for t, b in zip((*inside.kept, *kept), which, strict=True)
                ]
                ctx.save_for_backward(*plainly[: len(inside.kept)])
                ctx.save_for_forward(*plainly[len(inside.kept) :])
                inside.kept = ()

        @staticmethod
        def backward(ctx: Any, *grads: Any) -> Any:
            with opened(Level(VMAP, size, randomness)) as own:
                saved = ctx.saved_tensors
                inside.kept = entries(saved, own, which[: len(saved)])
                found = cls.backward(inside, *entries(grads, own, [True] * len(grads)))
                inside.kept = ()
                several = found if isinstance(found, tuple) else (found,)
                return tuple([_sent(g, d, own) for g, d in zip(several, dims, strict=True)])

        @staticmethod
        def jvp(ctx: Any, *tangents: Any) -> Any:
            with opened(Level(VMAP, size, randomness)) as own:
                saved = ctx.saved_tensors
                inside.kept = entries(saved, own, which[len(which) - len(saved) :])
                moved = cls.jvp(inside, *entries(tangents, own, [d is not None for d in dims]))
                inside.kept = ()
                leaves, spec = taken_apart(moved)
                return put_together([t if t is None else spread(t, own).physical for t in leaves], spec)

    Mapped.__name__ = Mapped.__qualname__ = f"Vmapped{cls.__name__}"
    return Mapped


def _sent(g: Any, dim: Any, own: Level) -> Any:
    """What an input of a batch receives; one that all entries share, the sum over them."""
    if g is None:
        return None
    if dim is not None:
        return unpacked(g, own)
    return PUBLIC["sum"](g.physical, (0,), False) if isinstance(g, Batched) and g._level is own else g * own.size


TRANSFORMS.append(transformed)
