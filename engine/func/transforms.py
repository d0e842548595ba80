"""``grad``, ``vjp``, ``jvp`` and what is made of them: derivatives as functions of functions.

Source: PyTorch's torch.func (its rules and texts, not its code). A graph is made of the function once; what it would
lead back to is cut off from the results, except to what had a graph before.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

from .. import autograd
from ..graph.forward import zeros_of
from ..mode import enable_grad, here
from ..table.kernel import PUBLIC
from ..tensor import Tensor
from . import interpreter  # noqa: F401  what runs calls on dual numbers and batches registers itself
from .dual import check_tangent
from .levels import FORWARD, REVERSE, Level, opened
from .lifted import Batched, Dual, bare, dual
from .nesting import Entrance, detached, tracked
from .pytree import mapped, put_together, taken_apart

Argnums = int | tuple[int, ...]


# ------------------------------------------------------------------------------------------------- inputs and results
def chosen(args: tuple[Any, ...], argnums: Any) -> Any:
    """The arguments that ``argnums`` names: one, or a tuple.

    Errors: RuntimeError for a number that no argument has, for one named twice, and for what is no number.
    """
    if isinstance(argnums, int):
        return args[_checked(argnums, len(args))]
    if isinstance(argnums, tuple):
        numbers = [_checked(n, len(args)) for n in argnums]
        if len(set(numbers)) != len(numbers):
            raise RuntimeError(f"argnums elements must be unique, got {argnums}")
        return tuple([args[n] for n in numbers])
    raise RuntimeError(f"argnums must be int or Tuple[int, ...], got: {type(argnums)}")


def _checked(argnum: Any, count: int) -> int:
    if not isinstance(argnum, int):
        raise RuntimeError(f"argnum must be int, got: {type(argnum)}")
    if 0 <= argnum < count:
        return argnum
    if -count <= argnum < 0:
        return argnum + count
    raise RuntimeError(f"Got argnum={argnum}, but only {count} positional inputs")


def replaced(args: tuple[Any, ...], argnums: Any, values: Any) -> tuple[Any, ...]:
    """``args`` with ``values`` in place of those that ``argnums`` names."""
    out = list(args)
    for n, v in [(argnums, values)] if isinstance(argnums, int) else zip(argnums, values, strict=True):
        out[n] = v
    return tuple(out)


def keys_below(tensors: Sequence[Any]) -> set[int]:
    """Keys of the leaves from which ``tensors`` were computed; those of transforms that have ended lead nowhere."""
    stack = [n for t in tensors for n in nodes_of(t)]
    seen: set[int] = set()
    leaves: set[int] = set()
    while stack:
        node = stack.pop()
        if node.key in seen:
            continue
        seen.add(node.key)
        if node.key > 0:
            if type(node) is not Entrance or node.open:
                leaves.add(node.key)
        else:
            stack += node.edges
    return leaves


def nodes_of(t: Any) -> list[Any]:
    """The nodes that made a tensor, and its tangents."""
    if not isinstance(t, Tensor):
        return []
    if isinstance(t, Dual) and t._level.depth:
        return nodes_of(t.primal) + nodes_of(t.tangent)
    if isinstance(t, Batched) and t._level.depth:
        return nodes_of(t.physical)
    return [] if t._n is None else [t._n]


def released(value: Any, own: set[int], recording: bool) -> Any:
    """Every tensor in ``value`` without a history, unless that leads to more than the inputs ``own``."""

    def one(t: Any) -> Any:
        if not isinstance(t, Tensor) or not nodes_of(t):
            return t
        return t if recording and keys_below([t]) - own else detached(t)

    return mapped(one, value)


def _float_tensor(t: Any) -> Any:
    if not isinstance(t, Tensor):
        raise ValueError(f"Thing passed to transform API must be Tensor, got {type(t)}")
    if t._d.dtype.kind not in "fc":
        raise RuntimeError("only Tensors of floating point dtype can require gradients")
    return tracked(t)


# ----------------------------------------------------------------------------------------------------------- gradients
def grad(func: Callable[..., Any], argnums: Argnums = 0, has_aux: bool = False) -> Callable[..., Any]:
    """The gradient of ``func``, which returns one number, by its argument ``argnums``, as a function.

    argnums: an int, or a tuple for a tuple of gradients. has_aux: ``func`` returns (value, more), the gradient's
    function (gradient, more). The result can itself be transformed: ``grad(grad(f))``, ``vmap(grad(f))``.
    Errors: RuntimeError for a result that is no 0-d tensor, and for argnums that do not fit.
    Source: torch.func.grad.
    """

    @functools.wraps(func)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        gradients, value = _grad_and_value(func, argnums, has_aux, args, kwargs)
        return (gradients, value[1]) if has_aux else gradients

    return wrapper


def grad_and_value(func: Callable[..., Any], argnums: Argnums = 0, has_aux: bool = False) -> Callable[..., Any]:
    """Like ``grad``, but the function returns (gradient, value), or (gradient, (value, more)).

    Source: torch.func.grad_and_value.
    """

    @functools.wraps(func)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        return _grad_and_value(func, argnums, has_aux, args, kwargs)

    return wrapper


def _grad_and_value(func: Any, argnums: Any, has_aux: bool, args: Any, kwargs: Any) -> tuple[Any, Any]:
    __tracebackhide__ = True
    recording = here.grad
    leaves, spec = taken_apart(chosen(args, argnums))
    with opened(Level(REVERSE)), enable_grad():
        xs = [_float_tensor(t) for t in leaves]
        out = func(*replaced(args, argnums, put_together(xs, spec)), **kwargs)
        aux = None
        if has_aux:
            if not (isinstance(out, tuple) and len(out) == 2):
                raise RuntimeError(
                    "grad_and_value(f)(*args): output of function f should be a tuple: (output, aux) if has_aux is True"
                )
            out, aux = out[0], _auxiliary(out[1])
        if not isinstance(out, Tensor):
            raise RuntimeError(f"grad_and_value(f)(*args): Expected f(*args) to return a Tensor, got {type(out)}")
        if out.dim() != 0:
            raise RuntimeError(
                "grad_and_value(f)(*args): Expected f(*args) to return a scalar Tensor, got tensor with "
                f"{out.dim()} dims. Maybe you wanted to use the vjp or jacrev APIs instead?"
            )
        own = own_keys(xs)
        found = gradients([out], xs, None, own, recording, keep=aux is not None)
    result = put_together(released(found, own, recording), spec)
    value = released(out, own, recording)
    return result, ((value, released(aux, own, recording)) if has_aux else value)


def own_keys(xs: Sequence[Any]) -> set[int]:
    """Keys of the leaves that were made as inputs ``xs``."""
    return {n.key for t in xs for n in nodes_of(t) if n.key > 0}


def gradients(
    ys: Sequence[Any], xs: Sequence[Any], vs: Sequence[Any] | None, own: set[int], recording: bool, keep: bool = True
) -> list[Any]:
    """Jᵀv for each of ``xs``, zeros where nothing arrives; recorded if ``ys`` or ``vs`` depend on more than ``own``."""
    alive = [i for i, y in enumerate(ys) if nodes_of(y)]
    if not alive:
        return [zeros_of(x) for x in xs]
    outs = [ys[i] for i in alive]
    given = None if vs is None else [vs[i] for i in alive]
    further = recording and bool(keys_below([*outs, *(given or ())]) - own)
    found = autograd.grad(outs, xs, given, retain_graph=keep or further, create_graph=further, allow_unused=True)
    return [zeros_of(x) if g is None else g for g, x in zip(found, xs, strict=True)]


def vjp(func: Callable[..., Any], *primals: Any, has_aux: bool = False) -> tuple[Any, ...]:
    """``func(*primals)``, and the function v ↦ Jᵀv, J the Jacobian of ``func`` there.

    Shapes: v is given as ``func``'s outputs are; the result is a tuple, structured as ``primals`` are.
    Source: torch.func.vjp.
    """
    __tracebackhide__ = True
    return vjp_of(func, primals, None, has_aux)


def vjp_of(func: Callable[..., Any], args: tuple[Any, ...], argnums: Any, has_aux: bool) -> tuple[Any, ...]:
    """``vjp`` by the arguments ``argnums``; by all, for None."""
    __tracebackhide__ = True
    recording = here.grad
    leaves, spec = taken_apart(args if argnums is None else chosen(args, argnums))
    with opened(Level(REVERSE)), enable_grad():
        xs = [_float_tensor(t) for t in leaves]
        inside = put_together(xs, spec)
        out = func(*(inside if argnums is None else replaced(args, argnums, inside)))
        aux = None
        if has_aux:
            if not (isinstance(out, tuple) and len(out) == 2):
                raise RuntimeError(
                    "vjp(f, *primals): output of function f should be a tuple: (output, aux) if has_aux is True"
                )
            out, aux = out[0], _auxiliary(out[1])
    ys, out_spec = taken_apart(out)
    _check_outputs(ys, "vjp(f, *primals)")
    for y in ys:
        if y._d.dtype.kind not in "fc":
            raise RuntimeError(
                "vjp(f, ...): All outputs of f must be floating-point or complex Tensors, got Tensor with dtype "
                f"{y.dtype}"
            )
    own = own_keys(xs)

    def vjp_fn(cotangents: Any, retain_graph: bool = True, create_graph: bool | None = None) -> Any:
        """Jᵀv for ``cotangents`` v."""
        __tracebackhide__ = True
        vs, v_spec = taken_apart(cotangents)
        if v_spec != out_spec:
            raise RuntimeError(
                "Expected pytree structure of cotangents to be the same as pytree structure of outputs to the "
                f"function. cotangents: {v_spec.shown()}, primal output: {out_spec.shown()}"
            )
        recorded = here.grad if create_graph is None else create_graph
        found = gradients(ys, xs, vs, own, recorded, keep=retain_graph)
        return put_together(released(found, own, recorded), spec)

    results = (released(out, own, recording), vjp_fn)
    return (*results, released(aux, own, recording)) if has_aux else results


def _check_outputs(ys: Sequence[Any], api: str) -> None:
    __tracebackhide__ = True
    if not ys or (len(ys) == 1 and ys[0] is None):
        raise RuntimeError(f"{api}: Expected f to be a function that has non-empty output (got output = {ys})")
    for y in ys:
        if not isinstance(y, Tensor):
            raise RuntimeError(f"{api}: expected f(*primals) to return only tensors, got unsupported type {type(y)}")


def _auxiliary(value: Any) -> Any:
    """What a function returned beside its value: nested tensors. Errors: RuntimeError for anything else."""
    for t in taken_apart(value)[0]:
        if not isinstance(t, Tensor):
            raise RuntimeError(f"Expected tensors, got unsupported type {type(t)}")
    return value


# ------------------------------------------------------------------------------------------------------- forward mode
def jvp(
    func: Callable[..., Any], primals: Any, tangents: Any, *, strict: bool = False, has_aux: bool = False
) -> tuple[Any, ...]:
    """``func(*primals)`` and Jv, J the Jacobian of ``func`` there and v the ``tangents``.

    strict: an output that does not depend on the inputs is an error, not zeros.
    Errors: RuntimeError for tangents that do not fit the primals, NotImplementedError for an operation without a rule.
    Source: torch.func.jvp.
    """
    __tracebackhide__ = True
    return jvp_of(func, primals, tangents, None, strict, has_aux)


def jvp_of(
    func: Callable[..., Any], primals: Any, tangents: Any, argnums: Any, strict: bool, has_aux: bool
) -> tuple[Any, ...]:
    """``jvp`` along the arguments ``argnums``; along all, for None."""
    __tracebackhide__ = True
    if not isinstance(primals, tuple):
        raise RuntimeError(f"{_JVP}: Expected primals to be a tuple. E.g. it should be valid to call f(*primals).")
    xs, spec = taken_apart(primals if argnums is None else chosen(primals, argnums))
    ts, t_spec = taken_apart(tangents)
    if spec != t_spec:
        raise RuntimeError(
            f"{_JVP}: Expected primals and tangents to have the same python structure. For example, if primals is a "
            f"tuple of 3 tensors, tangents also must be. Got primals with structure {spec!r} and tangents with "
            f"structure {t_spec!r}"
        )
    _check_tensors(xs, "primals")
    _check_tensors(ts, "tangents")
    for x, t in zip(xs, ts, strict=True):
        check_tangent(x, t)
    with opened(Level(FORWARD)) as level:
        inside = put_together([dual(x, t, level) for x, t in zip(xs, ts, strict=True)], spec)
        out = func(*(inside if argnums is None else replaced(primals, argnums, inside)))
        aux = None
        if has_aux:
            if not (isinstance(out, tuple) and len(out) == 2):
                raise RuntimeError(f"{_JVP}: output of function f should be a tuple: (output, aux) if has_aux is True")
            out, aux = out[0], _auxiliary(out[1])
        ys, out_spec = taken_apart(out)
        _check_outputs(ys, _JVP)
        pairs = [_unpacked(y, level, strict) for y in ys]
        aux = mapped(lambda t: t.primal if isinstance(t, Dual) and t._level is level else t, aux)
    found = put_together([y for y, _ in pairs], out_spec), put_together([t for _, t in pairs], out_spec)
    return (*found, aux) if has_aux else found


def _unpacked(y: Any, level: Level, strict: bool) -> tuple[Any, Any]:
    """An output and its tangent, zeros where it has none."""
    if isinstance(y, Dual) and y._level is level:
        return y.primal, y.tangent
    if strict:
        raise RuntimeError(
            "jvp(f, primals, tangents, strict=True): The output of f is independent of the inputs. This is not allowed "
            "with strict=True."
        )
    return bare(y), zeros_of(y)


_JVP = "jvp(f, primals, tangents)"


def _check_tensors(tensors: Sequence[Any], name: str) -> None:
    __tracebackhide__ = True
    if not tensors:
        raise RuntimeError(f"{_JVP}: Expected {name} to contain at least one Tensor.")
    for t in tensors:
        if not isinstance(t, Tensor):
            raise RuntimeError(f"{_JVP}: Expected {name} to only contain Tensors, got {type(t)}")


def linearize(func: Callable[..., Any], *primals: Any) -> tuple[Any, Callable[..., Any]]:
    """``func(*primals)``, and the function v ↦ Jv, which does not run ``func`` again.

    The graph of ``func`` gives u ↦ Jᵀu; that is linear, and its own transpose is J.
    Source: torch.func.linearize.
    """
    __tracebackhide__ = True
    xs, spec = taken_apart(primals)
    own: set[int] = set()
    with opened(Level(REVERSE)), enable_grad():
        leaves = [_float_tensor(t) for t in xs]
        out = func(*put_together(leaves, spec))
        ys, out_spec = taken_apart(out)
        _check_outputs(ys, "linearize(f, *primals)")
        us = [tracked(zeros_of(y)) if nodes_of(y) else None for y in ys]
        alive = [(y, u) for y, u in zip(ys, us, strict=True) if u is not None]
        back: Sequence[Any] = [None] * len(leaves)
        if alive:
            back = autograd.grad(
                [y for y, _ in alive], leaves, [u for _, u in alive], create_graph=True, allow_unused=True
            )
        own |= own_keys([*leaves, *[u for u in us if u is not None]])

    def jvp_fn(*tangents: Any) -> Any:
        __tracebackhide__ = True
        vs, v_spec = taken_apart(tangents)
        if v_spec != spec:
            raise RuntimeError(f"Expected the tangents {v_spec!r} to have the same argspec as the primals {spec!r}")
        for i, (x, v) in enumerate(zip(xs, vs, strict=True)):
            for what in ("shape", "dtype"):
                if getattr(x, what) != getattr(v, what):
                    raise RuntimeError(
                        f"tangent:{i} with {what} {getattr(v, what)} in flattened pytree doesn't match the {what} "
                        f"{getattr(x, what)} of the corresponding primal."
                    )
        live = [(b, v) for b, v in zip(back, vs, strict=True) if b is not None and nodes_of(b)]
        wanted = [u for u in us if u is not None]
        found = iter(gradients([b for b, _ in live], wanted, [v for _, v in live], own, here.grad) if wanted else ())
        sent = [zeros_of(y) if u is None else next(found) for y, u in zip(ys, us, strict=True)]
        return put_together(released(sent, own, here.grad), out_spec)

    return released(out, own, here.grad), jvp_fn


__all__ = ["PUBLIC", "grad", "grad_and_value", "jvp", "linearize", "vjp"]
