"""``torch.vmap``: a function of one entry, run once for a whole batch."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from typing import Any

from .. import errors
from ..table.kernel import PUBLIC
from ..tensor import Tensor
from . import interpreter  # noqa: F401  what runs calls on batches registers itself
from .levels import VMAP, Level, opened
from .lifted import Batched, Unseen, bare, batched, depth_of
from .pytree import Spec, broadcast_to, put_together, taken_apart


def vmap(
    func: Callable[..., Any],
    in_dims: Any = 0,
    out_dims: Any = 0,
    randomness: str = "error",
    *,
    chunk_size: int | None = None,
) -> Callable[..., Any]:
    """``func`` mapped over a dimension of its arguments, without a loop in Python where there is a rule for the batch.

    in_dims: which dimension of each input is the batch, None for what is the same in every call; an int for all, or
    nested like the inputs. out_dims: where the batch stands in each output. randomness: what random functions do in
    ``func``: "error", "different" numbers for each entry, or the "same". chunk_size: how many entries at a time.

    Every elementwise row of the table broadcasts over the batch; views, reductions, sorting, softmax, indexing, matrix
    products, losses, inverses and determinants have rules (``engine/func/rules.py``, ``places.py``). Any other
    function is run once for each entry and its results are stacked: right, and as slow as a loop.
    Errors: ValueError for in_dims and out_dims that do not fit, RuntimeError for what depends on the data.
    Source: torch.vmap.
    """
    if randomness not in ("error", "different", "same"):
        raise RuntimeError(f"Only allowed values for randomness are 'error', 'different', or 'same'. Got {randomness}")
    if not (chunk_size is None or chunk_size > 0):
        raise ValueError(f"vmap: chunk_size should be None or greater than 0. (got {chunk_size})")

    @functools.wraps(func)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        return vmapped(func, in_dims, out_dims, randomness, chunk_size, args, kwargs)

    return wrapped


def vmapped(
    func: Callable[..., Any],
    in_dims: Any,
    out_dims: Any,
    randomness: str,
    chunk_size: int | None,
    args: Any,
    kwargs: Any,
) -> Any:
    """``vmap(func, in_dims, out_dims, randomness, chunk_size=chunk_size)(*args, **kwargs)``."""
    __tracebackhide__ = True
    size, dims, leaves, spec = inputs_of(func, in_dims, args)
    if chunk_size is None or chunk_size >= size:
        outs, out_spec = _run(func, size, dims, leaves, spec, randomness, kwargs)
        return _finished(func, outs, out_spec, out_dims, size)
    parts: list[list[Any]] = []
    for start in range(0, size, chunk_size):
        stop = min(start + chunk_size, size)
        own = [
            t if d is None else t.narrow(d, start, stop - start) if hasattr(t, "narrow") else _slice(t, d, start, stop)
            for t, d in zip(leaves, dims, strict=True)
        ]
        outs, out_spec = _run(func, stop - start, dims, own, spec, randomness, kwargs)
        placed = _placed(func, outs, out_spec, out_dims, stop - start)
        parts.append([t for t, _ in placed])
        where = [d for _, d in placed]
    joined = [
        column[0] if d is None else PUBLIC["cat"](list(column), d)
        for column, d in zip(zip(*parts, strict=True), where, strict=True)
    ]
    return put_together(joined, out_spec)


def _slice(t: Any, dim: int, start: int, stop: int) -> Any:
    return PUBLIC["slice_of"](t, dim, start, stop, 1)


def name_of(func: Any) -> str:
    """What PyTorch calls a function in its errors."""
    return getattr(func, "__name__", None) or repr(func)


# ------------------------------------------------------------------------------------------------------------- inputs
def inputs_of(func: Any, in_dims: Any, args: Any) -> tuple[int, list[int | None], list[Any], Spec]:
    """The size of the batch; for each leaf of ``args`` its batch dimension; the leaves; their structure."""
    __tracebackhide__ = True
    name = name_of(func)
    if not isinstance(in_dims, int) and not isinstance(in_dims, tuple):
        raise ValueError(
            f"vmap({name}, in_dims={in_dims}, ...)(<inputs>): expected `in_dims` to be int or a (potentially nested) "
            f"tuple matching the structure of inputs, got: {type(in_dims)}."
        )
    if not args:
        raise ValueError(
            f"vmap({name})(<inputs>): got no inputs. Maybe you forgot to add inputs, or you are trying to vmap over a "
            "function with no inputs. The latter is unsupported."
        )
    leaves, spec = taken_apart(args)
    dims = broadcast_to(in_dims, spec)
    if dims is None:
        raise ValueError(
            f"vmap({name}, in_dims={in_dims}, ...)(<inputs>): in_dims is not compatible with the structure of "
            f"`inputs`. in_dims has structure {taken_apart(in_dims)[1]!r} but inputs has structure {spec!r}."
        )
    found: list[int | None] = []
    head = f"vmap({name}, in_dims={in_dims}, ...)(<inputs>): Got in_dim="
    for leaf, dim in zip(leaves, dims, strict=True):
        if not isinstance(dim, int) and dim is not None:
            raise ValueError(f"{head}{dim} for an input but in_dim must be either an integer dimension or None.")
        if isinstance(dim, int) and not isinstance(leaf, Tensor):
            raise ValueError(
                f"{head}{dim} for an input but the input is of type {type(leaf)}. We cannot vmap over non-Tensor "
                "arguments, please use None as the respective in_dim"
            )
        if dim is not None and (dim < -leaf.dim() or dim >= leaf.dim()):
            raise ValueError(
                f"{head}{dim} for some input, but that input is a Tensor of dimensionality {leaf.dim()} so expected "
                f"in_dim to satisfy -{leaf.dim()} <= in_dim < {leaf.dim()}."
            )
        found.append(None if dim is None else dim % leaf.dim())
    sizes = [leaf._d.shape[dim] for leaf, dim in zip(leaves, found, strict=True) if dim is not None]
    if not sizes:
        raise ValueError("vmap: Expected at least one Tensor to vmap over")
    if any(n != sizes[0] for n in sizes):
        raise ValueError(
            "vmap: Expected all tensors to have the same size in the mapped dimension, got sizes "
            f"{sizes} for the mapped dimension"
        )
    return sizes[0], found, leaves, spec


# -------------------------------------------------------------------------------------------------------------- running
def _run(
    func: Any, size: int, dims: list[int | None], leaves: list[Any], spec: Spec, randomness: str, kwargs: Any
) -> tuple[list[Any], Spec]:
    """The function's outputs, each as (tensor, whether its first dimension is the batch), and their structure."""
    __tracebackhide__ = True
    with opened(Level(VMAP, size, randomness)) as level:
        inner = [
            t if d is None else batched(PUBLIC["alias"](t) if not d else _moved(t, d, 0), level)
            for t, d in zip(leaves, dims, strict=True)
        ]
        try:
            out = func(*put_together(inner, spec), **kwargs)
        except Unseen as unseen:
            if unseen.level is not level:
                raise
            raise RuntimeError(str(unseen)).with_traceback(unseen.__traceback__) from None  # PyTorch's type of error
        outs, out_spec = taken_apart(out)
        found = []
        for t in outs:
            own = isinstance(t, Batched) and t._level is level
            if not own and depth_of(t) > level.depth:
                raise errors.hinted(RuntimeError("vmap: a tensor of an inner transform was returned"), "")
            found.append((t.physical if own else bare(t), own))
    return found, out_spec


def _moved(t: Any, source: int, destination: int) -> Any:
    n = t._d.ndim
    order = [d for d in range(n) if d != source]
    order.insert(destination, source)
    return PUBLIC["permute"](t, tuple(order))


# -------------------------------------------------------------------------------------------------------------- outputs
def _placed(func: Any, outs: list[Any], spec: Spec, out_dims: Any, size: int) -> Iterator[tuple[Any, int | None]]:
    """Each output with its batch where ``out_dims`` wants it, and where that is."""
    __tracebackhide__ = True
    name = name_of(func)
    for d in taken_apart(out_dims)[0]:
        if not (d is None or isinstance(d, int)):
            raise ValueError(
                f"vmap({name}, ..., out_dims={out_dims}): `out_dims` must be an int, None or a python collection of "
                "ints representing where in the outputs the vmapped dimension should appear."
            )
    dims = broadcast_to(out_dims, spec)
    if dims is None and isinstance(out_dims, tuple) and len(out_dims) == 1 and spec.count == 1 and spec.kind is None:
        dims = list(out_dims)
    if dims is None:
        raise ValueError(
            f"vmap({name}, ..., out_dims={out_dims})(<inputs>): out_dims is not compatible with the structure of "
            f"`outputs`. out_dims has structure {taken_apart(out_dims)[1]!r} but outputs has structure {spec!r}."
        )
    return [_one(name, t, own, d, size) for (t, own), d in zip(outs, dims, strict=True)]  # type: ignore[return-value]


def _one(name: str, t: Any, own: bool, dim: int | None, size: int) -> tuple[Any, int | None]:
    if not isinstance(t, Tensor):
        if dim is None:
            return t, None
        raise ValueError(
            f"vmap({name}, ...): `{name}` must only return Tensors, got type {type(t)}. Did you mean to set out_dims= "
            "to None for output?"
        )
    if dim is None:
        if own:
            raise ValueError(f"vmap({name}, ...): `{name}` can not return a BatchedTensor when out_dim is None")
        return t, None
    n = t._d.ndim + (not own)
    if not -n <= dim < n:
        raise errors.dim_range(dim, n)
    at = dim % n
    if not own:
        t = PUBLIC["expand_to"](t, (size, *t._d.shape))
    return (_moved(t, 0, at) if at else t), at


def _finished(func: Any, outs: list[Any], spec: Spec, out_dims: Any, size: int) -> Any:
    return put_together([t for t, _ in _placed(func, outs, spec, out_dims, size)], spec)
